package pim

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"cradle/valuebag"
)

func mustNew(t testing.TB, k *Kind, text string) *valuebag.Values {
	t.Helper()
	item, err := k.New([]byte(text), "")
	if err != nil {
		t.Fatalf("New(%q): %v", text, err)
	}
	return item
}

func v21(body string) string { return card("VERSION:2.1\r\n" + body) }
func v30(body string) string { return card("VERSION:3.0\r\n" + body) }
func v40(body string) string { return card("VERSION:4.0\r\n" + body) }

// Forms of one card in several dialects have the same digests.
func TestSameInAllDialects(t *testing.T) {
	tests := []struct {
		name  string
		forms []string
	}{
		{"types", []string{v21("TEL;HOME;VOICE:1\r\n"), v30("TEL;TYPE=VOICE,HOME:1\r\n"), v30("TEL;type=home;type=voice:1\r\n"), v40("TEL;TYPE=\"home,voice\":1\r\n")}},
		{"preference", []string{v21("TEL;CELL;PREF:1\r\n"), v30("TEL;TYPE=PREF,CELL:1\r\n"), v40("TEL;PREF=1;TYPE=cell:1\r\n")}},
		{"text", []string{v21("NOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=84, b;=0D=0Ac\r\n"), v30("NOTE:Ä\\, b\\;\\nc\r\n"), v30("NOTE:Ä, b;\\Nc\r\n"), v40("note:Ä\\, b\\;\\n\r\n c\r\n"), v30("NOTE:\xc4, b;\\nc\r\n")}},
		{"name", []string{v21("N;ENCODING=QUOTED-PRINTABLE:Love\\;lace;A=2C b\r\n"), v30("N:Love\\;lace;A\\, b\r\n")}},
		{"photo", []string{v21("PHOTO;ENCODING=BASE64;JPEG:\r\n /9j/4AAQ\r\n SkZJRgAB\r\n\r\n"), v30("PHOTO;TYPE=JPEG;ENCODING=b:/9j/4AAQSkZJRgAB\r\n"), v40("PHOTO:data:image/jpeg;base64,/9j/4AAQSkZJRgAB\r\n"), v30("PHOTO;ENCODING=B;TYPE=image/jpeg:/9j/4AAQSkZJRgAB\r\n")}},
		{"categories", []string{v21("CATEGORIES:b,a\r\n"), v30("CATEGORIES:a,b\r\n"), v40("CATEGORIES:b\r\nCATEGORIES:a\r\n")}},
		{"group names", []string{v30("item1.TEL:1\r\nitem1.X-ABLabel:x\r\nitem2.TEL:2\r\nitem2.X-ABLabel:y\r\n"), v30("a.TEL:2\r\nb.TEL:1\r\na.X-ABLabel:y\r\nb.X-ABLabel:x\r\n")}},
		{"what counts nowhere", []string{v30("FN:a\r\nREV:1\r\nPRODID:x\r\nUID:1\r\n"), v30("UID:2\r\nFN:a\r\n")}},
		{"parameter order and quotes", []string{v30("ADR;X-A=\"1\";LANGUAGE=de:;;s\r\n"), v30("ADR;LANGUAGE=de;X-A=1:;;s\r\n")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first := mustNew(t, Contacts, tt.forms[0])
			for _, f := range tt.forms[1:] {
				item := mustNew(t, Contacts, f)
				if !Contacts.Equal(first, item) {
					t.Errorf("%q and %q differ\n%s", tt.forms[0], f, differing(Contacts, first, item))
				}
				if Contacts.ContentDigest(first) != Contacts.ContentDigest(item) {
					t.Errorf("content digests differ")
				}
			}
		})
	}
}

func TestDifferent(t *testing.T) {
	tests := []struct{ name, a, b, unit string }{
		{"value", v30("TEL:1\r\n"), v30("TEL:2\r\n"), "tel"},
		{"type", v30("TEL;TYPE=HOME:1\r\n"), v30("TEL;TYPE=WORK:1\r\n"), "tel"},
		{"label", v30("item1.TEL:1\r\nitem1.X-ABLabel:x\r\n"), v30("item1.TEL:1\r\nitem1.X-ABLabel:y\r\n"), "tel"},
		{"group", v30("item1.EMAIL:1\r\n"), v30("EMAIL:1\r\n"), "email"},
		{"number of copies", v30("TEL:1\r\nTEL:1\r\n"), v30("TEL:1\r\n"), "tel"},
		{"photo", v30("PHOTO;ENCODING=b:AAAA\r\n"), v30("PHOTO;ENCODING=b:AAAB\r\n"), "photo"},
		{"junk", v30("NOTE:a\r\nsecond line\r\n"), v30("NOTE:a\r\nother line\r\n"), "rest"},
		{"part", v30("N:a;b\r\n"), v30("N:a\\;b\r\n"), "name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := mustNew(t, Contacts, tt.a), mustNew(t, Contacts, tt.b)
			for _, u := range Contacts.Units() {
				if same := Contacts.Digest(a, u) == Contacts.Digest(b, u); same != (u != tt.unit) {
					t.Errorf("unit %s: equal %v", u, same)
				}
			}
		})
	}
}

// The digest scheme is in the phones' states: these never change.
func TestDigestGolden(t *testing.T) {
	item := mustNew(t, Contacts, v30("FN:Ada Lovelace\r\nTEL;TYPE=CELL:+44 20 7946 0000\r\nTEL:1\r\nTEL:1\r\nCATEGORIES:Friends,Math\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgAB\r\n"))
	item = Contacts.SetCollection(item, "personal")
	want := map[string]string{
		"name": goldenName, "tel": goldenTel, "photo": goldenPhoto, "categories": goldenCategories, "collection": goldenCollection,
		"org": strings.Repeat("0", 32),
	}
	for u, w := range want {
		d := Contacts.Digest(item, u)
		if got := hex.EncodeToString(d[:]); got != w {
			t.Errorf("%s: got %s, want %s", u, got, w)
		}
	}
	var tel []string
	for _, e := range Contacts.Elements(item, "tel") {
		tel = append(tel, hex.EncodeToString(e[:]))
	}
	if got := strings.Join(tel, " "); got != goldenElements {
		t.Errorf("elements %s, want %s", got, goldenElements)
	}
}

func TestUnitsOfLines(t *testing.T) {
	tests := []struct{ component, name, card, event string }{
		{"", "FN", "name", "rest"}, {"", "X-PHONETIC-LAST-NAME", "name", "rest"}, {"", "SORT-STRING", "name", "rest"},
		{"", "TITLE", "org", "rest"}, {"", "tel", "tel", "rest"}, {"", "URL", "net", "links"}, {"", "IMPP", "net", "rest"},
		{"", "ANNIVERSARY", "dates", "rest"}, {"", "NOTE", "note", "rest"}, {"", "X-FOO", "rest", "rest"},
		{"", "CATEGORIES", "categories", "categories"}, {"", "RELATED", "related", "rest"},
		{"", "UID", "", ""}, {"", "REV", "", ""}, {"", "DTSTAMP", "", ""}, {"", "SEQUENCE", "", ""}, {"", "VERSION", "", ""}, {"", "PRODID", "", ""}, {"", "LAST-MODIFIED", "", ""},
		{"", "SUMMARY", "rest", "summary"}, {"", "EXDATE", "rest", "when"}, {"", "ORGANIZER", "rest", "people"}, {"", "TRANSP", "rest", "state"},
		{"", "COMPLETED", "rest", "state"}, {"", "CONFERENCE", "rest", "links"}, {"", "LOCATION", "rest", "location"},
		{"calendar", "METHOD", "", "rest"}, {"alarm:1", "TRIGGER", "", "alarms"}, {"override:20260101", "SUMMARY", "", "overrides"},
		{"override:20260101/alarm:1", "TRIGGER", "", "overrides"}, {"timezone:Europe/Berlin/standard:1", "DTSTART", "", "when"}, {"vlocation:1", "NAME", "", "rest"},
	}
	for _, tt := range tests {
		if got := Contacts.UnitOf(tt.component, "", tt.name); tt.component == "" && got != tt.card {
			t.Errorf("card %s: got %q, want %q", tt.name, got, tt.card)
		}
		if got := Events.UnitOf(tt.component, "", tt.name); got != tt.event {
			t.Errorf("event %s %s: got %q, want %q", tt.component, tt.name, got, tt.event)
		}
	}
	for _, k := range Kinds() {
		if u := k.Units(); u[len(u)-1] != "collection" || k.IsList("collection") || k.IsList("no such unit") {
			t.Errorf("%s: units %v", k.Name(), u)
		}
		if got, ok := KindByName(k.Name()); !ok || got != k {
			t.Errorf("kind %s isn't found by its name", k.Name())
		}
	}
	if _, ok := KindByName("mail"); ok {
		t.Error("a kind of mail")
	}
}

func TestNewErrors(t *testing.T) {
	tests := []struct {
		name string
		kind *Kind
		text string
		want error
	}{
		{"two cards", Contacts, card("") + card(""), ErrSeveral},
		{"no card", Contacts, "FN:a", ErrNoObject},
		{"event as task", Tasks, calendar("BEGIN:VEVENT\r\nEND:VEVENT\r\n"), ErrNoObject},
		{"two events", Events, calendar("BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:2\r\nEND:VEVENT\r\n"), ErrSeveral},
		{"two events without UID", Events, calendar("BEGIN:VEVENT\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\n"), ErrSeveral},
		{"empty", Contacts, "", ErrNoObject},
	}
	for _, tt := range tests {
		if _, err := tt.kind.New([]byte(tt.text), ""); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestReplaceTexts(t *testing.T) {
	tests := []struct {
		name, dst, src, want string
		units                []string
	}{
		{"value in place", v30("FN:a\r\nTEL;type=HOME:1\r\nTEL:2\r\nNOTE:fol\r\n ded\r\n"), v30("TEL:2\r\nTEL:3\r\n"), v30("FN:a\r\nTEL:3\r\nTEL:2\r\nNOTE:fol\r\n ded\r\n"), []string{"tel"}},
		{"removed", v30("FN:a\r\nTEL:1\r\nX:y\r\n"), v30("FN:b\r\n"), v30("FN:a\r\nX:y\r\n"), []string{"tel"}},
		{"into 2.1", v21("N:x\r\n"), v40("TEL;PREF=1;TYPE=cell:1\r\nNOTE:Ä\\nb\r\n"), v21("N:x\r\nTEL;cell;PREF:1\r\nNOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=84=0D=0Ab\r\n"), []string{"tel", "note"}},
		{"into 4.0", v40("FN:x\r\n"), v21("PHOTO;ENCODING=BASE64;PNG:AAAA\r\n\r\n"), v40("FN:x\r\nPHOTO:data:image/png;base64,AAAA\r\n"), []string{"photo"}},
		{"group taken", v30("item1.URL:u\r\nitem1.X-ABLabel:l\r\n"), v30("item1.TEL:1\r\nitem1.X-ABLabel:m\r\n"), v30("item1.URL:u\r\nitem1.X-ABLabel:l\r\nitem2.TEL:1\r\nitem2.X-ABLABEL:m\r\n"), []string{"tel"}},
		{"category joins its line", v30("CATEGORIES:a,b\\,c\r\nNOTE:x\r\n"), v30("CATEGORIES:b\\,c,d\r\n"), v30("CATEGORIES:b\\,c,d\r\nNOTE:x\r\n"), []string{"categories"}},
		{"line feeds", strings.ReplaceAll(v30("FN:a\r\n"), "\r\n", "\n"), v30("TEL:1\r\n"), strings.ReplaceAll(v30("FN:a\r\nTEL:1\r\n"), "\r\n", "\n"), []string{"tel"}},
		{"no VERSION", card("TEL;HOME:1\r\n"), v30("TEL:2\r\nNOTE:a\\nb\r\n"), v21("TEL:2\r\n"), []string{"tel"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dst, src := mustNew(t, Contacts, tt.dst), mustNew(t, Contacts, tt.src)
			got, err := Contacts.Replace(dst, src, tt.units)
			if err != nil {
				t.Fatal(err)
			}
			if s := string(Contacts.Text(got)); s != tt.want {
				t.Errorf("got  %q\nwant %q", s, tt.want)
			}
		})
	}
	if _, err := Contacts.Replace(mustNew(t, Contacts, v30("")), mustNew(t, Contacts, v30("")), []string{"nonsense"}); err == nil {
		t.Error("replaced a unit that isn't there")
	}
}

func TestMergeListErrors(t *testing.T) {
	a, b := mustNew(t, Contacts, v30("TEL:1\r\n")), mustNew(t, Contacts, v30("TEL:2\r\n"))
	if _, err := Contacts.MergeList(a, b, "tel", [][8]byte{{1}}); !errors.Is(err, ErrNoElement) {
		t.Errorf("an element of nobody: %v", err)
	}
	if _, err := Contacts.MergeList(a, b, "note", nil); err == nil {
		t.Error("merged a unit that is no list")
	}
	got, err := Contacts.MergeList(a, b, "tel", nil)
	if err != nil || string(Contacts.Text(got)) != v30("") {
		t.Errorf("keeping nothing: %q, %v", Contacts.Text(got), err)
	}
}

func TestWithUnitErrors(t *testing.T) {
	item := mustNew(t, Contacts, v30("TEL:1\r\n"))
	for _, tt := range []struct {
		unit  string
		lines []string
	}{
		{"tel", []string{"EMAIL:x@y"}}, {"tel", []string{"TEL:1\r\nX:y"}}, {"nonsense", nil}, {"collection", []string{"a", "b"}}, {"tel", []string{"END:VCARD", "BEGIN:VCARD", "TEL:1"}},
	} {
		if _, err := Contacts.WithUnit(item, tt.unit, tt.lines); err == nil {
			t.Errorf("%s from %q: no error", tt.unit, tt.lines)
		}
	}
	got, err := Contacts.WithUnit(item, "collection", []string{"work"})
	if err != nil || Contacts.Collection(got) != "work" || Contacts.Collection(item) != "" {
		t.Errorf("collection %q, %v", Contacts.Collection(got), err)
	}
}

// A value too long for one line of a file comes back from its readable form.
func TestWithUnitPhoto(t *testing.T) {
	big := mustNew(t, Contacts, string(bigPhoto(15<<20)))
	got, err := Contacts.WithUnit(mustNew(t, Contacts, v21("N:a\r\n")), "photo", Contacts.UnitText(big, "photo"))
	if err != nil {
		t.Fatal(err)
	}
	if Contacts.Digest(got, "photo") != Contacts.Digest(big, "photo") {
		t.Error("another photo")
	}
}

func TestSeries(t *testing.T) {
	master := "BEGIN:VEVENT\r\nUID:a\r\nDTSTART;TZID=Europe/Berlin:20260101T100000\r\nEND:VEVENT\r\n"
	override := "BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID:20260102T100000\r\nSUMMARY:moved\r\nEND:VEVENT\r\n"
	a := mustNew(t, Events, calendar(berlin+master))
	b := mustNew(t, Events, calendar(berlin+strings.ReplaceAll(master+override, "UID:a", "UID:b")))
	got, err := Events.Replace(a, b, []string{"overrides"})
	if err != nil {
		t.Fatal(err)
	}
	if s := string(Events.Text(got)); s != calendar(berlin+master+override) {
		t.Errorf("the override came as %q", s)
	}
	utc := mustNew(t, Events, calendar("BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260101T090000Z\r\nEND:VEVENT\r\n"))
	got, err = Events.Replace(a, utc, []string{"when"})
	if err != nil || string(Events.Text(got)) != string(Events.Text(utc)) {
		t.Errorf("the zone that nothing names stays: %q, %v", Events.Text(got), err)
	}
	got, err = Events.Replace(utc, a, []string{"when"})
	if err != nil || string(Events.Text(got)) != string(Events.Text(a)) {
		t.Errorf("the zone didn't come along: %q, %v", Events.Text(got), err)
	}
	bare := mustNew(t, Events, "BEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\n")
	got, err = Events.Replace(bare, a, []string{"when"})
	if err != nil || !strings.HasPrefix(string(Events.Text(got)), "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n") || Events.Digest(got, "when") != Events.Digest(a, "when") {
		t.Errorf("a bare event wasn't wrapped: %q, %v", Events.Text(got), err)
	}
}
