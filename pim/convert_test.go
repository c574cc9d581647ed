package pim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cradle/valuebag"
)

func TestConvert(t *testing.T) {
	event := func(version, lines string) string {
		return "BEGIN:VCALENDAR\r\nVERSION:" + version + "\r\nPRODID:x\r\nBEGIN:VEVENT\r\n" + lines + "END:VEVENT\r\nEND:VCALENDAR\r\n"
	}
	note := "BEGIN:VNOTE\r\nVERSION:1.1\r\nBODY;ENCODING=QUOTED-PRINTABLE:One=0D=0ATwo\r\nDCREATED:20260101T000000\r\nEND:VNOTE\r\n"
	tests := []struct {
		name string
		kind *Kind
		to   Dialect
		in   string
		want string
	}{
		{"to 2.1", Contacts, VCard21, v30("UID:a\r\nN:L;Ä;;;\r\nTEL;TYPE=CELL,PREF:1\r\nNOTE:a\\, b\\nc\r\nCATEGORIES:x,y\r\n"),
			v21("UID:a\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:L;=C3=84;;;\r\nTEL;CELL;PREF:1\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a, b=0D=0Ac\r\nCATEGORIES:x,y\r\n")},
		{"to 3.0", Contacts, VCard30, v21("N:L;A\\;B;;;\r\nTEL;HOME;X-Mine:1\r\nNOTE;QUOTED-PRINTABLE:a=3Bb=0D=0Ac\r\n"),
			v30("N:L;A\\;B;;;\r\nTEL;TYPE=HOME,X-Mine:1\r\nNOTE:a\\;b\\nc\r\n")},
		{"preference and number", Contacts, VCard40, v21("TEL;CELL;PREF:1\r\n"), v40("TEL;TYPE=CELL;PREF=1:1\r\n")},
		{"URI of a number", Contacts, VCard30, v40("TEL;VALUE=uri;TYPE=home:tel:+49-30-1\r\n"), v30("TEL;TYPE=home:+49-30-1\r\n")},
		{"types in one pair of quotes, to 2.1", Contacts, VCard21, v40("TEL;VALUE=uri;PREF=1;TYPE=\"voice,home\":tel:+81-3-1234-5678\r\n"), v21("TEL;voice;home;PREF:+81-3-1234-5678\r\n")},
		{"types in one pair of quotes, to 3.0", Contacts, VCard30, v40("TEL;VALUE=uri;TYPE=\"voice, home\";PREF=1:tel:+81-3-1234-5678\r\n"), v30("TEL;TYPE=voice,home,PREF:+81-3-1234-5678\r\n")},
		{"preferred in quotes", Contacts, VCard21, v30("TEL;TYPE=\"home,pref\":1\r\n"), v21("TEL;home;PREF:1\r\n")},
		{"URI with an extension", Contacts, VCard30, v40("TEL;VALUE=uri:tel:+49-30-1;ext=2\r\n"), v30("TEL;VALUE=uri:tel:+49-30-1;ext=2\r\n")},
		{"dates to 3.0", Contacts, VCard30, v40("BDAY:18151210\r\nANNIVERSARY:--0708\r\n"), v30("BDAY:1815-12-10\r\nX-ANNIVERSARY;X-APPLE-OMIT-YEAR=1604:1604-07-08\r\n")},
		{"dates to 4.0", Contacts, VCard40, v30("BDAY;VALUE=date;X-APPLE-OMIT-YEAR=1604:1604-12-10\r\nX-ANNIVERSARY:1835-07-08\r\n"), v40("BDAY:--1210\r\nANNIVERSARY:18350708\r\n")},
		{"a time stays", Contacts, VCard40, v30("BDAY:1815-12-10T01:02:03Z\r\n"), v40("BDAY:1815-12-10T01:02:03Z\r\n")},
		{"a group", Contacts, VCard30, v40("KIND:group\r\nMEMBER:urn:uuid:1\r\nGENDER:F\r\n"), v30("X-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1\r\nX-GENDER:F\r\n")},
		{"gone from 4.0", Contacts, VCard40, v30("LABEL;TYPE=HOME:a\\nb\r\nSORT-STRING:x\r\n"), v40("X-LABEL;TYPE=HOME:a\\nb\r\nX-SORT-STRING:x\r\n")},
		{"a photo", Contacts, VCard40, v21("PHOTO;JPEG;BASE64:AAAA\r\n\r\n"), v40("PHOTO:data:image/jpeg;base64,AAAA\r\n")},
		{"agent", Contacts, VCard21, v30("AGENT:BEGIN:VCARD\r\nFN:ä\r\nEND:VCARD\r\nFN:b\r\n"), v21("FN:b\r\nAGENT:BEGIN:VCARD\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=A4\r\nEND:VCARD\r\n")},
		{"junk", Contacts, VCard21, v30("NOTE:ä\r\nno line\r\n"), v21("no line\r\nNOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=A4\r\n")},
		{"to vCalendar", Events, VCalendar1, event("2.0", "UID:a\r\nSUMMARY:a\\, b\r\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3\r\nEXDATE:20260101T000000,20260108T000000\r\nTRANSP:TRANSPARENT\r\nCREATED:20260101T000000Z\r\n"),
			event("1.0", "UID:a\r\nSUMMARY:a, b\r\nRRULE:W1 MO #3\r\nEXDATE:20260101T000000;20260108T000000\r\nTRANSP:1\r\nDCREATED:20260101T000000Z\r\n")},
		{"to iCalendar", Events, ICalendar2, event("1.0", "SUMMARY;ENCODING=QUOTED-PRINTABLE:a=3B\r\nCATEGORIES:x;y\r\nTRANSP:0\r\n"), event("2.0", "SUMMARY:a\\;\r\nCATEGORIES:x,y\r\nTRANSP:OPAQUE\r\n")},
		{"bare", Tasks, VCalendar1, "BEGIN:VTODO\nSTATUS:NEEDS-ACTION\nEND:VTODO\n", "BEGIN:VCALENDAR\r\nVERSION:1.0\r\nPRODID:" + ProductID + "\r\nBEGIN:VTODO\r\nSTATUS:NEEDS ACTION\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"},
		{"note", Notes, ICalendar2, note, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:" + ProductID + "\r\nBEGIN:VJOURNAL\r\nDESCRIPTION:One\\nTwo\r\nCREATED:20260101T000000\r\nEND:VJOURNAL\r\nEND:VCALENDAR\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.kind.Convert(mustNew(t, tt.kind, tt.in), tt.to)
			if err != nil {
				t.Fatal(err)
			}
			if s := string(tt.kind.Text(got)); s != tt.want {
				t.Errorf("got  %q\nwant %q", s, tt.want)
			}
		})
	}
	if _, err := Events.Convert(mustNew(t, Events, event("2.0", "UID:a\r\n")), VCard30); !errors.Is(err, ErrDialect) {
		t.Errorf("an event as a card: %v", err)
	}
	if _, err := Contacts.Convert(mustNew(t, Contacts, v30("FN:a\r\n")), ICalendar2); !errors.Is(err, ErrDialect) {
		t.Errorf("a card as an event: %v", err)
	}
}

// checkConverted holds an item against what becomes of it in each dialect of its
// kind and on the way back, and what a phone does to the converted one against
// what the item becomes by it.
func checkConverted(t rapid.TB, k *Kind, item *valuebag.Values) {
	t.Helper()
	from := k.Dialect(item)
	for _, to := range k.dialectsOf() {
		there, err := k.Convert(item, to)
		if errors.Is(err, ErrDialect) {
			continue
		}
		if err != nil {
			t.Fatalf("to %s: %v\n%q", to, err, k.Text(item))
		}
		if d := k.Dialect(there); d != to {
			t.Fatalf("%s to %s is %s: %q", from, to, d, k.Text(there))
		}
		if !equalButWrapper(k, item, there) || k.UID(there) != k.UID(item) {
			t.Fatalf("%s to %s:\n%q\n%q\n%s", from, to, k.Text(item), k.Text(there), differing(k, item, there))
		}
		back, err := k.Convert(there, from)
		if err != nil {
			t.Fatalf("back from %s: %v", to, err)
		}
		if !equalButWrapper(k, item, back) || k.UID(back) != k.UID(item) {
			t.Fatalf("%s to %s and back:\n%q\n%q\n%q\n%s", from, to, k.Text(item), k.Text(there), k.Text(back), differing(k, item, back))
		}
		// A phone that changes nothing gives back nothing that would be merged.
		same, err := k.Replace(item, there, changedUnits(k, item, there))
		if err != nil || string(k.Text(same)) != string(k.Text(item)) {
			t.Fatalf("merged back from %s, %q became %q (%v)", to, k.Text(item), k.Text(same), err)
		}
		// One that edits a unit changes that unit and no other.
		unit, line := "name", "FN:Changed"
		if k != Contacts {
			unit, line = "summary", "SUMMARY:Changed"
		}
		edited, err := k.WithUnit(there, unit, []string{line})
		if err != nil {
			t.Fatalf("editing %q: %v", k.Text(there), err)
		}
		merged, err := k.Replace(item, edited, changedUnits(k, there, edited))
		if err != nil {
			t.Fatal(err)
		}
		if k.Digest(merged, unit) != k.Digest(edited, unit) {
			t.Fatalf("the edit is lost: %q", k.Text(merged))
		}
		for _, u := range changedUnits(k, item, merged) {
			if u != unit {
				t.Fatalf("an edit of %s by way of %s changed %s:\n%q\n%q", unit, to, u, k.Text(item), k.Text(merged))
			}
		}
	}
}

// equalButWrapper compares all but the lines around an entry, which a VNOTE has
// no place for.
func equalButWrapper(k *Kind, a, b *valuebag.Values) bool {
	if k != Notes {
		return k.Equal(a, b)
	}
	return !slices.ContainsFunc(changedUnits(k, a, b), func(u string) bool { return u != "rest" })
}

func changedUnits(k *Kind, a, b *valuebag.Values) []string {
	var out []string
	for _, u := range k.Units() {
		if k.Digest(a, u) != k.Digest(b, u) && !(k == Notes && u == "rest") {
			out = append(out, u)
		}
	}
	return out
}

func TestLawConvert(t *testing.T) {
	forKinds(t, func(t *rapid.T, k *Kind) { checkConverted(t, k, drawItem(t, k)) })
}

func TestCorpusConvert(t *testing.T) {
	n := 0
	for _, f := range corpusFiles(t) {
		for i, o := range Read(f.data).Objects {
			if i > 60 {
				break // the large files repeat themselves
			}
			item, err := o.Item("c")
			if err != nil {
				t.Fatal(err)
			}
			n++
			t.Run(fmt.Sprintf("%s#%d", f.name, i), func(t *testing.T) { checkConverted(t, o.Kind, o.Kind.Close(item)) })
		}
	}
	if n < 500 {
		t.Errorf("only %d objects", n)
	}
}

// Every crossing is one name in the old versions, another in 4.0, and counts the
// same.
func TestCrossings(t *testing.T) {
	for _, c := range crossings {
		old, late := mustNew(t, Contacts, v30(c.before+":x\r\n")), mustNew(t, Contacts, v40(c.since+":x\r\n"))
		if !Contacts.Equal(old, late) {
			t.Errorf("%s and %s differ: %s", c.before, c.since, differing(Contacts, old, late))
		}
		for _, pair := range []struct {
			item *valuebag.Values
			to   Dialect
			want string
		}{{old, VCard40, c.since}, {late, VCard30, c.before}, {late, VCard21, c.before}} {
			got, err := Contacts.Convert(pair.item, pair.to)
			if err != nil || !strings.Contains(string(Contacts.Text(got)), "\r\n"+pair.want+":x\r\n") {
				t.Errorf("%s as %s: %q (%v)", c.name, pair.to, Contacts.Text(got), err)
			}
		}
	}
}

// Whatever is converted: no panic, the result is of the dialect, and still is the
// item it was.
func FuzzConvert(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, o := range Read(data).Objects {
			item, err := o.Item("")
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range o.Kind.dialectsOf() {
				there, err := o.Kind.Convert(item, to)
				if err != nil {
					continue // a hostile line that no dialect can take
				}
				if o.Kind.UID(there) != o.UID {
					t.Fatalf("UID %q is %q in %s: %q", o.UID, o.Kind.UID(there), to, o.Text)
				}
			}
		}
	})
}
