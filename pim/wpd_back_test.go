package pim

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cradle/valuebag"
)

var editedAt = time.Date(2026, 6, 2, 9, 30, 0, 0, time.UTC)

func TestFromWPDContact(t *testing.T) {
	str := func(k valuebag.PropertyKey, v string) func(*valuebag.Values) {
		return func(vs *valuebag.Values) {
			if v == "" {
				vs.Remove(k)
			} else {
				vs.SetString(k, v)
			}
		}
	}
	list := func(k valuebag.PropertyKey, v ...string) func(*valuebag.Values) {
		return func(vs *valuebag.Values) { vs.Set(k, valuebag.Strings(v)) }
	}
	const numbers = "FN:Ada|TEL;TYPE=HOME;X-P=1:1|item1.TEL;TYPE=HOME:2|item1.X-ABLabel:Castle|TEL;TYPE=HOME:3|TEL;TYPE=HOME:4"
	for _, c := range []struct {
		name, in, want string
		edit           func(*valuebag.Values)
	}{
		{"a slot", numbers, strings.Replace(numbers, ":2|", ":22|", 1), str(valuebag.WPDContactPersonalPhone2, "22")},
		{"an emptied slot deletes its line alone, and its label", numbers, "FN:Ada|TEL;TYPE=HOME;X-P=1:1|TEL;TYPE=HOME:3|TEL;TYPE=HOME:4", str(valuebag.WPDContactPersonalPhone2, "")},
		{"the copy changes the line", numbers, strings.Replace(numbers, "X-P=1:1", "X-P=1:11", 1), str(valuebag.WPDContactPrimaryPhone, "11")},
		{"the copy of another slot moves the preference", numbers, strings.Replace(numbers, "item1.TEL;TYPE=HOME:2", "item1.TEL;TYPE=HOME,PREF:2", 1), str(valuebag.WPDContactPrimaryPhone, "2")},
		{"one of the others", numbers, strings.Replace(numbers, ":4", ":44", 1), list(valuebag.WPDContactOtherPhones, "3", "44")},
		{"one of the others gone", numbers, strings.Replace(numbers, "|TEL;TYPE=HOME:3", "", 1), list(valuebag.WPDContactOtherPhones, "4")},
		{"one more", numbers, numbers + "|TEL:5", list(valuebag.WPDContactOtherPhones, "3", "4", "5")},
		{"a new slot", "FN:Ada", "FN:Ada|EMAIL;TYPE=WORK:a@example.org", str(valuebag.WPDContactBusinessEmail, "a@example.org")},
		{"a part of a name", "FN:Ada|N:Byron;Ada;A,B;;", "FN:Ada|N:King;Ada;A,B;;", str(valuebag.WPDContactLastName, "King")},
		{"a part that is a list", "FN:Ada|N:L;A;Byron,King;;", "FN:Ada|N:L;A;Byron,King,Noel;;", str(valuebag.WPDContactMiddleNames, "Byron,King,Noel")},
		{"a part of an address", "FN:Ada|ADR;TYPE=HOME;X-P=1:;;1 Rd\\, top;Town;;;UK", "FN:Ada|ADR;TYPE=HOME;X-P=1:;;1 Rd\\, top;City\\; new;;;UK", func(vs *valuebag.Values) {
			vs.SetString(valuebag.WPDContactPersonalPostalAddressCity, "City; new")
			vs.SetString(valuebag.WPDContactPersonalFullPostalAddress, "1 Rd, top, City; new, UK")
		}},
		{"a new address", "FN:Ada", "FN:Ada|ADR;TYPE=WORK:;;1 Rd;Town;;;", func(vs *valuebag.Values) {
			vs.SetString(valuebag.WPDContactBusinessPostalAddressLine1, "1 Rd")
			vs.SetString(valuebag.WPDContactBusinessPostalAddressCity, "Town")
		}},
		{"the whole of an address", "FN:Ada|ADR;TYPE=HOME:;;1 Rd;Town;;;", "FN:Ada|ADR;TYPE=HOME:;;2 Av\\, City;;;;", str(valuebag.WPDContactPersonalFullPostalAddress, "2 Av, City")},
		{"a company keeps its departments", "FN:Ada|ORG:Acme;Sales", "FN:Ada|ORG:Acme Ltd;Sales", str(valuebag.WPDContactCompanyName, "Acme Ltd")},
		{"a title, else a role", "FN:Ada|ROLE:Author", "FN:Ada|ROLE:Poet", str(valuebag.WPDContactRole, "Poet")},
		{"a birthday", "FN:Ada|BDAY:1815-12-10", "FN:Ada|BDAY:1815-12-11", func(vs *valuebag.Values) {
			vs.SetDate(valuebag.WPDContactBirthdate, time.Date(1815, 12, 11, 0, 0, 0, 0, time.UTC))
		}},
		{"a birthday without a year stays", "FN:Ada|BDAY:--1210|TITLE:a", "FN:Ada|BDAY:--1210|TITLE:b", str(valuebag.WPDContactRole, "b")},
		{"a child", "FN:Ada", "FN:Ada|item1.X-ABRELATEDNAMES:Byron|item1.X-ABLABEL:_$!<Child>!$_", list(valuebag.WPDContactChildren, "Byron")},
		{"a note", "FN:Ada|NOTE:a\\nb", "FN:Ada|NOTE:a\\nc", str(valuebag.WPDCommonInformationNotes, "a\nc")},
		{"nothing it knows", "FN:Ada|X-A:1|GENDER:F", "FN:Ada|X-A:1|GENDER:F", str(valuebag.WPDContactRole, "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			item := mustItem(t, Contacts, cardText(c.in))
			now := Contacts.WPD(item, nil).Clone()
			c.edit(now)
			got, err := Contacts.FromWPD(item, nil, now, editedAt, nil)
			if err != nil {
				t.Fatal(err)
			}
			if g, w := string(Contacts.Text(got)), cardText(c.want); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
		})
	}
	// Of what the device cut off, the rest stays; what it never held is no deletion.
	item := mustItem(t, Contacts, cardText("FN:Ada|NOTE:a very long note|TEL:1"))
	was, now := valuebag.New(1), valuebag.New(1)
	was.SetString(valuebag.WPDCommonInformationNotes, "a very")
	now.SetString(valuebag.WPDCommonInformationNotes, "a most very")
	got, err := Contacts.FromWPD(item, was, now, editedAt, nil)
	if want := cardText("FN:Ada|NOTE:a most very long note|TEL:1"); err != nil || string(Contacts.Text(got)) != want {
		t.Errorf("cut: got\n%s\nwant\n%s (%v)", Contacts.Text(got), want, err)
	}
	// vCard 2.1 has escapes of its own.
	old := mustNew(t, Contacts, v21("FN:Ada\r\nORG:A, B;C\r\n"))
	now = Contacts.WPD(old, nil).Clone()
	now.SetString(valuebag.WPDContactCompanyName, "A, B; D")
	if got, err = Contacts.FromWPD(old, nil, now, editedAt, nil); err != nil || !strings.Contains(string(Contacts.Text(got)), "ORG:A, B\\; D;C\r\n") {
		t.Errorf("2.1: %q (%v)", Contacts.Text(got), err)
	}
}

func TestFromWPDCalendar(t *testing.T) {
	const berlin10 = "DTSTART;TZID=Europe/Berlin:20260601T100000|DTEND;TZID=Europe/Berlin:20260601T110000"
	date := func(vs *valuebag.Values, k valuebag.PropertyKey, v string) {
		d, ok := serviceDate(v)
		if !ok {
			panic(v)
		}
		vs.SetDate(k, d)
	}
	start, end := valuebag.WPDCommonInformationStartDatetime, valuebag.WPDCommonInformationEndDatetime
	for _, c := range []struct {
		name, in, want string
		task           bool
		edit           func(*valuebag.Values)
	}{
		{"moved, on its own clock", berlin10, "DTSTART;TZID=Europe/Berlin:20261201T100000|DTEND;TZID=Europe/Berlin:20261201T110000", false, func(vs *valuebag.Values) {
			vs.SetString(CalendarObjBeginDateTime, "20261201T090000.0Z")
			vs.SetString(CalendarObjEndDateTime, "20261201T100000.0Z")
		}},
		{"by Windows' keys", berlin10, "DTSTART;TZID=Europe/Berlin:20260601T120000|DTEND;TZID=Europe/Berlin:20260601T133000", false, func(vs *valuebag.Values) {
			date(vs, start, "20260601T100000")
			date(vs, end, "20260601T113000")
		}},
		{"a length stays one", "DTSTART:20260601T100000Z|DURATION:PT1H", "DTSTART:20260601T120000Z|DURATION:PT1H", false, func(vs *valuebag.Values) {
			date(vs, start, "20260601T120000")
			date(vs, end, "20260601T130000")
		}},
		{"a longer one", "DTSTART:20260601T100000Z|DURATION:PT1H", "DTSTART:20260601T100000Z|DURATION:PT2H", false, func(vs *valuebag.Values) { date(vs, end, "20260601T120000") }},
		{"a day stays one", "DTSTART;VALUE=DATE:20260601|DTEND;VALUE=DATE:20260602", "DTSTART;VALUE=DATE:20260603|DTEND;VALUE=DATE:20260605", false, func(vs *valuebag.Values) {
			date(vs, start, "20260603")
			date(vs, end, "20260605")
		}},
		{"a day that has a time now", "DTSTART;VALUE=DATE:20260601|DTEND;VALUE=DATE:20260602", "DTSTART:20260601T080000Z|DTEND:20260601T090000Z", false, func(vs *valuebag.Values) {
			date(vs, start, "20260601T080000")
			date(vs, end, "20260601T090000")
		}},
		{"texts", "SUMMARY:a\\, b|DESCRIPTION:c|STATUS:CONFIRMED", "SUMMARY:a\\; b|STATUS:CONFIRMED|LOCATION:Home", false, func(vs *valuebag.Values) {
			vs.SetString(valuebag.WPDCommonInformationSubject, "a; b")
			vs.Remove(valuebag.WPDCommonInformationBodyText)
			vs.SetString(valuebag.WPDAppointmentLocation, "Home")
		}},
		{"a priority of the same class stays", "PRIORITY:3|SUMMARY:a", "PRIORITY:3|SUMMARY:b", false, func(vs *valuebag.Values) { vs.SetString(valuebag.WPDCommonInformationSubject, "b") }},
		{"a priority", "PRIORITY:3", "PRIORITY:9", false, func(vs *valuebag.Values) { vs.SetUint32(valuebag.WPDCommonInformationPriority, 0) }},
		{"categories", "CATEGORIES;LANGUAGE=en:a,b,c\\, d", "CATEGORIES;LANGUAGE=en:a,c\\, d|CATEGORIES:e", false, func(vs *valuebag.Values) { vs.SetString(MessageObjCategory, "a;c, d;e") }},
		{"free", "SUMMARY:a", "SUMMARY:a|TRANSP:TRANSPARENT", false, func(vs *valuebag.Values) { vs.SetUint16(CalendarObjBusyStatus, 0) }},
		{"out of office", "TRANSP:TRANSPARENT", "TRANSP:OPAQUE|X-MICROSOFT-CDO-BUSYSTATUS:OOF", false, func(vs *valuebag.Values) { vs.SetUint16(CalendarObjBusyStatus, 2) }},
		{"a reminder", "DTSTART:20260601T100000Z|BEGIN:VALARM|ACTION:DISPLAY|TRIGGER:-PT5M|X-A:1|END:VALARM|BEGIN:VALARM|ACTION:EMAIL|TRIGGER:-P1D|END:VALARM",
			"DTSTART:20260601T100000Z|BEGIN:VALARM|ACTION:DISPLAY|TRIGGER:-PT1H|X-A:1|END:VALARM|BEGIN:VALARM|ACTION:EMAIL|TRIGGER:-P1D|END:VALARM", false,
			func(vs *valuebag.Values) { vs.SetUint32(CalendarObjReminderOffset, 60) }},
		{"no reminder", "DTSTART:20260601T100000Z|BEGIN:VALARM|ACTION:EMAIL|TRIGGER:-P1D|END:VALARM|BEGIN:VALARM|ACTION:DISPLAY|TRIGGER:-PT5M|END:VALARM",
			"DTSTART:20260601T100000Z|BEGIN:VALARM|ACTION:EMAIL|TRIGGER:-P1D|END:VALARM", false, func(vs *valuebag.Values) { vs.Remove(CalendarObjReminderOffset) }},
		{"a first reminder", "SUMMARY:s|DTSTART:20260601T100000Z", "SUMMARY:s|DTSTART:20260601T100000Z|BEGIN:VALARM|ACTION:DISPLAY|TRIGGER:-PT15M|DESCRIPTION:s|END:VALARM", false,
			func(vs *valuebag.Values) { vs.SetUint32(CalendarObjReminderOffset, 15) }},
		{"another rule", berlin10 + "|RRULE:FREQ=WEEKLY;COUNT=3", berlin10 + "|RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;UNTIL=20260615T215959Z", false,
			func(vs *valuebag.Values) { vs.SetUint32(MessageObjPatternPeriod, 2) }},
		{"a rule that no pattern says stays", berlin10 + "|RRULE:FREQ=MONTHLY;BYMONTHDAY=31", berlin10 + "|RRULE:FREQ=MONTHLY;BYMONTHDAY=31|SUMMARY:b", false,
			func(vs *valuebag.Values) { vs.SetString(valuebag.WPDCommonInformationSubject, "b") }},
		{"an occurrence that is deleted, and one put back", berlin10 + "|RRULE:FREQ=DAILY|EXDATE;TZID=Europe/Berlin:20260603T100000,20260604T100000", berlin10 + "|RRULE:FREQ=DAILY|EXDATE;TZID=Europe/Berlin:20260604T100000|EXDATE:20260610T080000Z", false,
			func(vs *valuebag.Values) { vs.SetString(MessageObjPatternDeleteDates, "20260604;20260610") }},
		{"no series any more", berlin10 + "|RRULE:FREQ=DAILY", berlin10, false, func(vs *valuebag.Values) {
			for _, k := range patternKeys {
				vs.Remove(k)
			}
		}},
		{"done", "SUMMARY:s|STATUS:IN-PROCESS|PERCENT-COMPLETE:40", "SUMMARY:s|STATUS:COMPLETED|PERCENT-COMPLETE:100|COMPLETED:20260602T093000Z", true, func(vs *valuebag.Values) { vs.SetUint8(TaskObjComplete, 0xff) }},
		{"open again", "SUMMARY:s|STATUS:COMPLETED|PERCENT-COMPLETE:100|COMPLETED:20260101T000000Z", "SUMMARY:s", true, func(vs *valuebag.Values) { vs.SetUint8(TaskObjComplete, 0) }},
		{"how far it is stays", "SUMMARY:s|STATUS:IN-PROCESS|PERCENT-COMPLETE:40", "SUMMARY:t|STATUS:IN-PROCESS|PERCENT-COMPLETE:40", true, func(vs *valuebag.Values) { vs.SetString(valuebag.WPDCommonInformationSubject, "t") }},
		{"due another day, at its time", "DUE;TZID=Europe/Berlin:20260601T170000", "DUE;TZID=Europe/Berlin:20260603T170000", true, func(vs *valuebag.Values) { vs.SetString(TaskObjEndDate, "20260603") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, text := Events, eventText
			if c.task {
				k, text = Tasks, func(s string) string { return strings.ReplaceAll(eventText(s), "VEVENT", "VTODO") }
			}
			item := mustItem(t, k, text(c.in))
			now := k.WPD(item, nil).Clone()
			c.edit(now)
			got, err := k.FromWPD(item, nil, now, editedAt, nil)
			if err != nil {
				t.Fatal(err)
			}
			if g, w := string(k.Text(got)), text(c.want); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
		})
	}
}

// A view that nobody changed changes nothing, and one of an item makes an item with the
// same view.
func TestLawFromWPD(t *testing.T) {
	forKinds(t, func(t *rapid.T, k *Kind) {
		item := drawItem(t, k)
		view := k.WPD(item, nil)
		got, err := k.FromWPD(item, nil, view, editedAt, nil)
		if err != nil && !strings.Contains(err.Error(), ErrNoObject.Error()) {
			t.Fatal(err)
		}
		if err == nil && !bytes.Equal(k.Text(got), k.Text(item)) {
			t.Fatalf("%q became %q", k.Text(item), k.Text(got))
		}
		if _, err := k.FromWPD(nil, nil, view, editedAt, nil); err != nil {
			t.Fatalf("a new one: %v", err)
		}
	})
	item := mustNew(t, fullest[0].kind, fullest[0].text)
	made, err := Contacts.FromWPD(nil, nil, Contacts.WPD(item, nil), editedAt, nil)
	if err != nil {
		t.Fatal(err)
	}
	unsaid := []valuebag.PropertyKey{ // the post office box has no key, but in the whole
		valuebag.WPDContactPersonalFullPostalAddress, valuebag.WPDContactBusinessFullPostalAddress, valuebag.WPDContactOtherFullPostalAddress}
	want, got := Contacts.WPD(item, nil), Contacts.WPD(made, nil)
	for key, v := range want.All() {
		if g, err := got.Get(key); (err != nil || !g.Equal(v)) && !slices.Contains(unsaid, key) {
			t.Errorf("%s: %v, want %v, in\n%s", key.Name(), g, v, Contacts.Text(made))
		}
	}
	day := mustNew(t, Events, eventText("DTSTART;VALUE=DATE:20260601|DTEND;VALUE=DATE:20260603|SUMMARY:Holiday"))
	if made, err = Events.FromWPD(nil, nil, Events.WPD(day, nil), editedAt, nil); err != nil || !strings.Contains(string(Events.Text(made)), "DTSTART;VALUE=DATE:20260601\r\nDTEND;VALUE=DATE:20260603\r\n") {
		t.Errorf("whole days: %q (%v)", Events.Text(made), err)
	}
}

func TestCorpusFromWPD(t *testing.T) {
	for _, f := range corpusFiles(t) {
		for i, o := range Read(f.data).Objects {
			if i > 30 {
				break
			}
			item, err := o.Item("c")
			if err != nil {
				t.Fatal(err)
			}
			got, err := o.Kind.FromWPD(item, nil, o.Kind.WPD(item, nil), editedAt, nil)
			if err == nil && !bytes.Equal(o.Kind.Text(got), o.Kind.Text(item)) {
				t.Errorf("%s object %d changed", f.name, i)
			}
		}
	}
}

// An edit of one key changes lines of its own names alone, whatever else the item holds.
func TestLawFromWPDElsewhere(t *testing.T) {
	when := []string{"DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "AALARM", "DALARM"}
	day := func(k valuebag.PropertyKey) func(*valuebag.Values) {
		return func(vs *valuebag.Values) {
			if at, err := vs.GetDate(k); err == nil {
				vs.SetDate(k, at.AddDate(0, 0, 1))
			}
		}
	}
	edits := map[bool][]struct {
		edit  func(*valuebag.Values)
		names []string
	}{
		true: {
			{says(valuebag.WPDContactPersonalEmail, "new@x"), []string{"EMAIL"}},
			{says(valuebag.WPDContactPersonalPhone, ""), []string{"TEL", "X-ABLABEL", "X-ABADR"}},
			{says(valuebag.WPDContactPrimaryPhone, "12345"), []string{"TEL"}},
			{says(valuebag.WPDContactLastName, "new; name"), []string{"N", "FN"}},
			{says(valuebag.WPDContactPersonalPostalAddressCity, "new"), []string{"ADR"}},
			{says(valuebag.WPDContactOtherEmails, []string{"one@x", "two@x"}), []string{"EMAIL", "X-ABLABEL", "X-ABADR"}},
			{says(valuebag.WPDContactBirthdate, instant("19700102")), []string{"BDAY"}},
			{says(valuebag.WPDCommonInformationNotes, "new\nnote"), []string{"NOTE"}},
		},
		false: {
			{says(valuebag.WPDCommonInformationSubject, "new, one"), []string{"SUMMARY"}},
			{says(valuebag.WPDCommonInformationBodyText, ""), []string{"DESCRIPTION", "BODY"}},
			{says(MessageObjCategory, "a;new"), []string{"CATEGORIES"}},
			{says(valuebag.WPDAppointmentLocation, "new"), []string{"LOCATION"}},
			{says(valuebag.WPDAppointmentAcceptedAttendees, "new@x"), []string{"ATTENDEE"}},
			{says(CalendarObjTimeZone, "Asia/Tokyo"), when},
			{day(valuebag.WPDCommonInformationStartDatetime), when},
			{day(valuebag.WPDCommonInformationEndDatetime), when},
			{says(MessageObjPatternDeleteDates, "20260105"), []string{"EXDATE"}},
			{says(TaskObjComplete, uint8(0xff)), []string{"STATUS", "PERCENT-COMPLETE", "COMPLETED"}},
			{says(CalendarObjReminderOffset, 7), []string{"TRIGGER", "AALARM", "DALARM", "ACTION", "DESCRIPTION"}},
		},
	}
	forKinds(t, func(t *rapid.T, k *Kind) {
		item := drawItem(t, k)
		of := edits[k.card()]
		e := of[rapid.IntRange(0, len(of)-1).Draw(t, "edit")]
		now := k.WPD(item, nil).Clone()
		e.edit(now)
		got, err := k.FromWPD(item, nil, now, editedAt, nil)
		if err != nil {
			return
		}
		rest := func(item *valuebag.Values) (out []string) {
			for _, p := range Properties(k.Text(item)) {
				if !slices.Contains(e.names, p.Name) && !strings.HasPrefix(p.Component, "timezone:") {
					out = append(out, strings.Join([]string{p.Group, p.Name, p.Params, p.Value}, "\x00"))
				}
			}
			return out
		}
		if a, b := rest(item), rest(got); !slices.Equal(a, b) {
			t.Fatalf("%q\nbecame\n%q", k.Text(item), k.Text(got))
		}
	})
}
