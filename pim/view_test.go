package pim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/valuebag"
)

func TestSummary(t *testing.T) {
	tests := []struct {
		kind       *Kind
		text, want string
	}{
		{Contacts, v30("FN:Ada  Lovelace\r\nFN:A first\r\n"), "Ada Lovelace"},
		{Contacts, v30("FN:\r\nN:Lovelace;Ada;King;Countess;III\r\n"), "Countess Ada King Lovelace III"},
		{Contacts, v30("ORG:Engines\\, Ltd;Research\r\n"), "Engines, Ltd, Research"},
		{Contacts, v30("EMAIL:a@b\r\nTEL:1\r\n"), "a@b"},
		{Contacts, v30("TEL:1\r\n"), "1"},
		{Contacts, v30(""), ""},
		{Events, calendar("BEGIN:VEVENT\r\nSUMMARY:Tea\\, at\\n five\r\nEND:VEVENT\r\n"), "Tea, at five"},
		{Events, calendar("BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID:20260101\r\nSUMMARY:b\r\nEND:VEVENT\r\n"), "b"},
		{Notes, "BEGIN:VNOTE\r\nVERSION:1.1\r\nBODY;ENCODING=QUOTED-PRINTABLE:One=0D=0ATwo\r\nEND:VNOTE\r\n", "One"},
	}
	for _, tt := range tests {
		if got := tt.kind.Summary(mustNew(t, tt.kind, tt.text)); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestCopy(t *testing.T) {
	tests := []struct {
		kind     *Kind
		in, want string
	}{
		{Contacts, v30("UID:a\r\nN:L;A;;;\r\nFN:A L\r\n"), v30("UID:new\r\nN:L;A;;;\r\nFN:A L (phone)\r\n")},
		{Contacts, v21("N:L;Ä;;;\r\n"), "BEGIN:VCARD\r\nUID:new\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:L (phone);=C3=84;;;\r\nEND:VCARD\r\n"},
		{Contacts, v30("TEL:1\r\n"), "BEGIN:VCARD\r\nUID:new\r\nVERSION:3.0\r\nFN:1 (phone)\r\nTEL:1\r\nEND:VCARD\r\n"},
		{Events, calendar("BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID:20260101\r\nEND:VEVENT\r\n"),
			calendar("BEGIN:VEVENT\r\nUID:new\r\nSUMMARY:x (phone)\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:new\r\nRECURRENCE-ID:20260101\r\nEND:VEVENT\r\n")},
	}
	for _, tt := range tests {
		got, err := tt.kind.Copy(tt.kind.SetCollection(mustNew(t, tt.kind, tt.in), "c"), " (phone)", "new")
		if err != nil {
			t.Fatal(err)
		}
		if s := string(tt.kind.Text(got)); s != tt.want {
			t.Errorf("got  %q\nwant %q", s, tt.want)
		}
		if tt.kind.UID(got) != "new" || tt.kind.Collection(got) != "c" {
			t.Errorf("UID %q, collection %q", tt.kind.UID(got), tt.kind.Collection(got))
		}
	}
}

func TestPairKeys(t *testing.T) {
	tests := []struct {
		kind *Kind
		text string
		want []string
	}{
		{Contacts, v30("FN:Ádá  LOVELACE\r\nTEL:+44 (20) 7946-0000\r\nTEL:020 7946 0000\r\nEMAIL:Ada@Example.org\r\n"), []string{"ada lovelace|mail:ada@example.org", "ada lovelace|tel:079460000", "ada lovelace|tel:079460000"}},
		{Contacts, v30("FN:Ada\r\nTEL:12\r\nEMAIL:none\r\n"), nil},
		{Contacts, v30("TEL:\r\n"), nil},
		{Events, calendar("BEGIN:VEVENT\r\nSUMMARY:Tea\r\nDTSTART:20260101t100000z\r\nEND:VEVENT\r\n"), []string{"tea|20260101T100000Z"}},
		{Events, calendar("BEGIN:VEVENT\r\nSUMMARY:Tea\r\nEND:VEVENT\r\n"), nil},
		{Tasks, calendar("BEGIN:VTODO\r\nSUMMARY:Pay\r\nEND:VTODO\r\n"), []string{"pay|"}},
	}
	for _, tt := range tests {
		want := slices.Compact(tt.want)
		if got := tt.kind.PairKeys(mustNew(t, tt.kind, tt.text)); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", tt.text, got, want)
		}
	}
}

func TestSlug(t *testing.T) {
	tests := []struct{ in, want string }{
		{"Ada Lovelace", "ada-lovelace"}, {"  Müller-Lüdenscheidt, Dr. ", "muller-ludenscheidt-dr"}, {"Straße", "strasse"},
		{"O'Brien", "obrien"}, {"a/b\\c:d*e?f", "a-b-c-d-e-f"}, {"😀", ""}, {"😀 smile", "smile"}, {"日本", ""}, {"Чайковский", "chaikovskii"}, {"Σωκράτης", "sokratis"},
		{"CON", "con-"}, {"...", ""}, {"", ""}, {strings.Repeat("abcdefghi ", 10), "abcdefghi-abcdefghi-abcdefghi-abcdefghi"}, {"\xff\xfe x", "x"},
	}
	for _, tt := range tests {
		got := Slug(tt.in)
		if got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
		if len(got) > maxSlug || !isASCII(got) {
			t.Errorf("%q: %d bytes", tt.in, len(got))
		}
	}
}

func TestWPDContact(t *testing.T) {
	vs := Contacts.WPD(mustNew(t, Contacts, v30("FN:Ada\r\nN:Lovelace;Ada;King;Countess;III\r\n"+
		"TEL;TYPE=HOME:h1\r\nTEL;TYPE=CELL,PREF:c1\r\nTEL;TYPE=CELL:c2\r\nTEL;TYPE=CELL:c3\r\nTEL;TYPE=WORK,FAX:f\r\nTEL:x\r\n"+
		"EMAIL;TYPE=WORK:w@x\r\nEMAIL;TYPE=HOME:h@x\r\nEMAIL:o@x\r\nADR;TYPE=HOME:;;1 St;London;;SW1;UK\r\n"+
		"ORG:Engines;Dept\r\nTITLE:Analyst\r\nBDAY:1815-12-10\r\nANNIVERSARY:1604-01-01\r\nitem1.X-ABRELATEDNAMES:Bob\r\nitem1.X-ABLabel:_$!<Spouse>!$_\r\n")), nil)
	for k, want := range map[valuebag.PropertyKey]string{
		valuebag.WPDContactDisplayName: "Ada", valuebag.WPDContactLastName: "Lovelace", valuebag.WPDContactPrefix: "Countess",
		valuebag.WPDContactPrimaryPhone: "c1", valuebag.WPDContactMobilePhone: "c1", valuebag.WPDContactMobilePhone2: "c2", valuebag.WPDContactPersonalPhone: "h1", valuebag.WPDContactBusinessFax: "f",
		valuebag.WPDContactPrimaryEmailAddress: "w@x", valuebag.WPDContactPersonalEmail: "h@x", valuebag.WPDContactBusinessEmail: "w@x",
		valuebag.WPDContactPersonalFullPostalAddress: "1 St, London, SW1, UK", valuebag.WPDContactPersonalPostalAddressLine1: "1 St", valuebag.WPDContactPersonalPostalAddressCountry: "UK",
		valuebag.WPDContactCompanyName: "Engines", valuebag.WPDContactRole: "Analyst", valuebag.WPDContactSpouse: "Bob",
	} {
		if got, err := vs.GetString(k); err != nil || got != want {
			t.Errorf("%s: got %q, want %q (%v)", k.Name(), got, want, err)
		}
	}
	if got, _ := vs.GetStrings(valuebag.WPDContactOtherPhones); !slices.Equal(got, []string{"c3", "x"}) {
		t.Errorf("other phones %q", got)
	}
	if got, err := vs.GetDate(valuebag.WPDContactBirthdate); err != nil || !got.Equal(time.Date(1815, 12, 10, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("birthday %v (%v)", got, err)
	}
	if vs.Has(valuebag.WPDContactAnniversaryDate) {
		t.Error("a date of 1604 has no year")
	}
}

func TestWPDCalendar(t *testing.T) {
	ev := Events.WPD(mustNew(t, Events, calendar("BEGIN:VEVENT\r\nSUMMARY:Tea\r\nDESCRIPTION:a\\nb\r\nLOCATION:Home\r\nPRIORITY:1\r\nDTSTART;TZID=Europe/Berlin:20260701T100000\r\nDURATION:PT1H30M\r\n"+
		"ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x\r\nATTENDEE;PARTSTAT=ACCEPTED;ROLE=OPT-PARTICIPANT:mailto:b@x\r\nEND:VEVENT\r\n")), nil)
	for k, want := range map[valuebag.PropertyKey]string{
		valuebag.WPDCommonInformationSubject: "Tea", valuebag.WPDCommonInformationBodyText: "a\nb", valuebag.WPDAppointmentLocation: "Home",
		valuebag.WPDAppointmentAcceptedAttendees: "a@x;b@x", valuebag.WPDAppointmentRequiredAttendees: "a@x", valuebag.WPDAppointmentOptionalAttendees: "b@x",
	} {
		if got, err := ev.GetString(k); err != nil || got != want {
			t.Errorf("%s: got %q, want %q (%v)", k.Name(), got, want, err)
		}
	}
	if n, err := ev.GetUint32(valuebag.WPDCommonInformationPriority); err != nil || n != 2 {
		t.Errorf("priority %d (%v)", n, err)
	}
	if d, _ := ev.GetDate(valuebag.WPDCommonInformationStartDatetime); !d.Equal(time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("start %v", d)
	}
	if d, _ := ev.GetDate(valuebag.WPDCommonInformationEndDatetime); !d.Equal(time.Date(2026, 7, 1, 9, 30, 0, 0, time.UTC)) {
		t.Errorf("end %v", d)
	}
	task := Tasks.WPD(mustNew(t, Tasks, calendar("BEGIN:VTODO\r\nSUMMARY:Pay\r\nDUE:20260701T100000Z\r\nSTATUS:COMPLETED\r\nBEGIN:VALARM\r\nTRIGGER;RELATED=END:-PT15M\r\nEND:VALARM\r\nEND:VTODO\r\n")), nil)
	if n, err := task.GetUint32(valuebag.WPDTaskPercentComplete); err != nil || n != 100 {
		t.Errorf("percent %d (%v)", n, err)
	}
	if d, _ := task.GetDate(valuebag.WPDTaskReminderDate); !d.Equal(time.Date(2026, 7, 1, 9, 45, 0, 0, time.UTC)) {
		t.Errorf("reminder %v", d)
	}
}

func TestTypedViews(t *testing.T) {
	c, err := Contacts.VCard(mustNew(t, Contacts, v21("N:L;A\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=84da\r\nTEL;CELL;PREF:+1\r\n")))
	if err != nil || c.Value("FN") != "Äda" || c.Value("TEL") != "+1" || !slices.Contains(c.Get("TEL").Params.Types(), "cell") {
		t.Errorf("card %v (%v)", c, err)
	}
	cal, err := Events.ICal(mustNew(t, Events, "BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:x\r\nnot a line\r\nEND:VEVENT\r\n"))
	if err != nil || len(cal.Events()) != 1 {
		t.Errorf("calendar %v (%v)", cal, err)
	}
	note, err := Notes.ICal(mustNew(t, Notes, "BEGIN:VNOTE\r\nVERSION:1.1\r\nBODY:x\r\nEND:VNOTE\r\n"))
	if err != nil || len(note.Children) != 1 || note.Children[0].Props.Get("DESCRIPTION") == nil {
		t.Errorf("note %v (%v)", note, err)
	}
	if _, err := Events.VCard(mustNew(t, Events, calendar("BEGIN:VEVENT\r\nEND:VEVENT\r\n"))); err == nil {
		t.Error("an event is no card")
	}
}

func TestExport(t *testing.T) {
	if got := string(ExportVCF([][]byte{[]byte(v30("FN:a\r\n")), []byte("BEGIN:VCARD\nFN:b\n"), []byte(strings.TrimSuffix(v21("N:c\r\n"), "\r\n"))})); got != v30("FN:a\r\n")+"BEGIN:VCARD\nFN:b\nEND:VCARD\n"+v21("N:c\r\n") {
		t.Errorf("cards %q", got)
	}
	// The END of a card that breaks off in a soft line break is no more of its value.
	cut := "BEGIN:VCARD\nVERSION:2.1\nNOTE;QUOTED-PRINTABLE:a=\n"
	if got := string(ExportVCF([][]byte{[]byte(cut)})); got != cut+"\nEND:VCARD\n" {
		t.Errorf("cut off in a soft break: %q", got)
	}
	ev := func(uid string) string { return "BEGIN:VEVENT\r\nUID:" + uid + "\r\nEND:VEVENT\r\n" }
	at := func(uid, zone string) string {
		return "BEGIN:VEVENT\r\nUID:" + uid + "\r\nDTSTART;TZID=" + zone + ":20270101T100000\r\nEND:VEVENT\r\n"
	}
	head := func(id string) string { return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:" + id + "\r\n" }
	tests := []struct {
		name  string
		texts []string
		want  string
	}{
		{"one producer", []string{calendar("X-WR-CALNAME:H\r\n" + berlin + ev("a")), calendar("X-WR-CALNAME:H\r\n" + berlin + ev("b"))}, head("x") + "X-WR-CALNAME:H\r\n" + berlin + ev("a") + ev("b") + "END:VCALENDAR\r\n"},
		{"one producer, something behind", []string{calendar(ev("a")), calendar(ev("b") + "X-LATE:1\r\n"), calendar(ev("c") + berlin)}, head("x") + berlin + ev("a") + ev("c") + "END:VCALENDAR\r\n" + head("x") + "X-LATE:1\r\n" + ev("b") + "END:VCALENDAR\r\n"},
		{"two calendars", []string{calendar("X-WR-CALNAME:H\r\nX-A:1\r\n" + ev("a")), calendar("X-WR-CALNAME:W\r\n" + ev("b")), calendar("X-A:1\r\nX-WR-CALNAME:H\r\n" + ev("c"))},
			head("x") + "X-WR-CALNAME:H\r\nX-A:1\r\n" + ev("a") + ev("c") + "END:VCALENDAR\r\n" + head("x") + "X-WR-CALNAME:W\r\n" + ev("b") + "END:VCALENDAR\r\n"},
		{"a zone that one names and another defines", []string{calendar(berlin + ev("a")), calendar(at("b", "Europe/Berlin")), calendar(berlin + at("c", "Europe/Berlin")), calendar(berlin + at("d", "Mars"))},
			head("x") + berlin + ev("a") + at("c", "Europe/Berlin") + at("d", "Mars") + "END:VCALENDAR\r\n" + head("x") + at("b", "Europe/Berlin") + "END:VCALENDAR\r\n"},
		{"one producer, no END", []string{calendar(ev("a")), strings.TrimSuffix(calendar(ev("b")), "END:VCALENDAR\r\n"), strings.TrimSuffix(calendar(ev("c")), "END:VEVENT\r\nEND:VCALENDAR\r\n")}, head("x") + ev("a") + ev("b") + ev("c") + "END:VCALENDAR\r\n"},
		{"several producers", []string{calendar(ev("a")), head("y") + ev("b") + "END:VCALENDAR\r\n", ev("c")}, head(ProductID) + ev("a") + ev("b") + ev("c") + "END:VCALENDAR\r\n"},
		{"zones that differ", []string{calendar(berlin + ev("a")), calendar(berlin2 + ev("b"))}, head("x") + berlin + ev("a") + "END:VCALENDAR\r\n" + head("x") + berlin2 + ev("b") + "END:VCALENDAR\r\n"},
		{"methods", []string{calendar("METHOD:PUBLISH\r\n" + ev("a")), calendar(ev("b"))}, head("x") + "METHOD:PUBLISH\r\n" + ev("a") + "END:VCALENDAR\r\n" + head("x") + ev("b") + "END:VCALENDAR\r\n"},
		{"old and notes", []string{"BEGIN:VNOTE\r\nBODY:x\r\nEND:VNOTE\r\n", "BEGIN:VCALENDAR\r\nVERSION:1.0\r\n" + ev("a") + "END:VCALENDAR\r\n"},
			"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nPRODID:" + ProductID + "\r\n" + ev("a") + "END:VCALENDAR\r\nBEGIN:VNOTE\r\nBODY:x\r\nEND:VNOTE\r\n"},
	}
	for _, tt := range tests {
		var texts [][]byte
		for _, s := range tt.texts {
			texts = append(texts, []byte(s))
		}
		if got := string(ExportICS(texts)); got != tt.want {
			t.Errorf("%s:\ngot  %q\nwant %q", tt.name, got, tt.want)
		}
	}
}
