package reader

import (
	"slices"
	"strings"
	"testing"
)

func TestObjects(t *testing.T) {
	card := func(lines ...string) string {
		return "BEGIN:VCARD\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VCARD\r\n"
	}
	tests := []struct {
		name, in string
		want     []string // the lines of the first object
	}{
		{"folded", card("NOTE:a", " b"), []string{"NOTE:ab"}},
		{"types in any form", card("tel;cell;Type=\"home,Work\":1"), []string{"TEL;TYPE=CELL;TYPE=HOME;TYPE=WORK:1"}},
		{"quoted colon", card(`ADR;LABEL="a:b;c":x`), []string{"ADR;LABEL=A:B;C:x"}},
		{"quoted-printable", card("NOTE;QUOTED-PRINTABLE;CHARSET=UTF-8:=C3=A4=", "b=0D=0Ac"), []string{"NOTE:äb\nc"}},
		{"charset", card("NOTE;CHARSET=ISO-8859-2:\xb1"), []string{"NOTE:ą"}},
		{"no charset", card("NOTE:\xe4"), []string{"NOTE:ä"}},
		{"base64 without blanks", card("PHOTO;BASE64:AA", "AA", "", "FN:x"), []string{"FN:x", "PHOTO:base64:000000"}},
		{"agent", card("AGENT:BEGIN:VCARD", "FN:b", "END:VCARD", "FN:a"), []string{"FN:a", "VCARD/FN:b"}},
		{"cut off", "BEGIN:VCARD\nFN:a", []string{"FN:a"}},
		{"alarm", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nBEGIN:VALARM\nTRIGGER:x\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n", []string{"UID:u", "VALARM/TRIGGER:x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Objects("f", []byte(tt.in))
			if len(got) != 1 || !slices.Equal(got[0].Lines, tt.want) {
				t.Fatalf("got %+v, want lines %q", got, tt.want)
			}
		})
	}
}

// What differs in a value, a type, a group or a number of lines is another key.
func TestKeysDiffer(t *testing.T) {
	base := "BEGIN:VCARD\nitem1.TEL;HOME:1\nNOTE:a\\,b\nEND:VCARD\n"
	for _, other := range []string{
		strings.Replace(base, ":1", ":2", 1), strings.Replace(base, "HOME", "WORK", 1), strings.Replace(base, "item1.", "", 1),
		strings.Replace(base, `a\,b`, "a,b", 1), strings.Replace(base, "NOTE", "NOTE:a\\,b\nNOTE", 1), strings.Replace(base, ";HOME", "", 1),
	} {
		if Objects("", []byte(base))[0].Key() == Objects("", []byte(other))[0].Key() {
			t.Errorf("%q has the key of %q", other, base)
		}
	}
}

// The versions' ways to say one thing have one meaning; another thing has another.
func TestMeaning(t *testing.T) {
	card := func(s string) string { return Objects("", []byte("BEGIN:VCARD\n"+s+"\nEND:VCARD\n"))[0].Meaning() }
	same := [][]string{
		{"BDAY:1815-12-10", "BDAY:18151210", "BDAY;VALUE=date:1815-12-10"},
		{"BDAY:--1210", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-12-10"},
		{"ANNIVERSARY:18350708", "X-ANNIVERSARY:1835-07-08"},
		{"KIND:group", "X-ADDRESSBOOKSERVER-KIND:group"},
		{"TEL;VALUE=uri;TYPE=home:tel:+1", "VERSION:2.1\nTEL;HOME:+1"},
		{"PHOTO:data:image/jpeg;base64,AAAA", "PHOTO;ENCODING=b;TYPE=JPEG:AAAA", "VERSION:2.1\nPHOTO;JPEG;BASE64:AAAA\n"},
		{"VERSION:2.1\nNOTE:a,b", "VERSION:4.0\nNOTE:a\\,b"},
		{"EMAIL;PREF=1:x", "EMAIL;TYPE=PREF:x"},
	}
	seen := map[string]int{}
	for i, forms := range same {
		for _, f := range forms {
			m := card(f)
			if m != card(forms[0]) {
				t.Errorf("%q is %q, %q is %q", f, m, forms[0], card(forms[0]))
			}
			if j, ok := seen[m]; ok && j != i {
				t.Errorf("%q has the meaning of %q", f, same[j][0])
			}
			seen[m] = i
		}
	}
	for _, f := range []string{"BDAY:1815-12-11", "BDAY;VALUE=text:--12-10", "TEL;TYPE=work:+1", "TEL;TYPE=home:+2", "PHOTO;ENCODING=b;TYPE=PNG:AAAA", "item1.KIND:group"} {
		if i, ok := seen[card(f)]; ok {
			t.Errorf("%q has the meaning of %q", f, same[i][0])
		}
	}
}
