package pim

import (
	"fmt"
	"strings"
	"testing"
)

func TestDoubts(t *testing.T) {
	tests := []struct {
		name, file string
		want       []string // line: what, the beginning
	}{
		{"nothing", v2(berlin, "DTSTART;TZID=Europe/Berlin:20260101T100000\r\nRRULE:FREQ=DAILY\r\n"), nil},
		{"a rule", v2("", "DTSTART:20260101\r\nRRULE:FREQ=NEVER\r\n"), []string{"7: RRULE is left out of account"}},
		{"an old rule", v1("", "DTSTART:20260101\r\nRRULE:W2 MO WE #10\r\n"), nil},
		{"old dates", v1("", "DTSTART:20260101T100000\r\nEXDATE:20260102T100000;20260103T100000\r\n"), nil},
		{"a time", v2("", "DTSTART:tomorrow\r\nEXDATE:20260101,x\r\n"), []string{"6: DTSTART is left out", "7: EXDATE is left out"}},
		{"an end before the start", v2("", "DTEND:20260101T090000Z\r\nDTSTART:20260101T100000Z\r\n"), []string{"6: DTEND is before DTSTART"}},
		{"an end in another zone", v2(berlin, "DTSTART;TZID=Europe/Berlin:20260101T100000\r\nDTEND:20260101T093000Z\r\n"), nil},
		{"the day itself", v2("", "DTSTART;VALUE=DATE:20260101\r\nDTEND;VALUE=DATE:20260101\r\n"), nil},
		{"a zone, once", v2("", "DTSTART;TZID=Moon:20260101T100000\r\nDTEND;TZID=Moon:20260101T110000\r\n"), []string{`6: DTSTART: nobody knows the time zone "Moon"`}},
		{"a zone of Windows", v2("", "DTSTART;TZID=W. Europe Standard Time:20260101T100000\r\n"), nil},
		{"its own zone", v2(strings.ReplaceAll(berlin, "Europe/Berlin", "Mine"), "DTSTART;TZID=Mine:20260101T100000\r\n"), nil},
		{"a CHARSET", "\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=KLINGON;ENCODING=QUOTED-PRINTABLE:=E4\r\nEND:VCARD\r\n", []string{`4: FN: nobody knows the CHARSET "KLINGON"`}},
		{"one that it isn't in", v21("FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=91=80\r\n"), []string{`3: FN: isn't all in its CHARSET "UTF-8"`}},
		{"a known one", v21("FN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:=E4\r\n"), nil},
		{"a picture", v30("PHOTO;ENCODING=b:!!!\r\n"), []string{"3: PHOTO: not base64"}},
		{"a good one", v30("PHOTO;ENCODING=b:AAAA\r\n BBBB\r\n"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			objects := Read([]byte(tt.file)).Objects
			if len(objects) != 1 {
				t.Fatalf("%d objects", len(objects))
			}
			var got []string
			for _, p := range objects[0].Doubts() {
				got = append(got, fmt.Sprintf("%d: %s", p.Line, p.What))
			}
			if len(got) != len(tt.want) {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], tt.want[i]) {
					t.Errorf("got %q, want %q", got[i], tt.want[i])
				}
			}
		})
	}
}

// What stands around cards is told; what stands around a calendar's one entry is
// part of its text.
func TestOutside(t *testing.T) {
	one := v2("", "SUMMARY:x\r\n")
	for _, tt := range []struct {
		name, file string
		want       string
	}{
		{"before, between and behind", "a\r\nTEL:1\r\n\r\n" + v30("FN:x\r\n") + "b\r\n" + v30("FN:y\r\n") + "c\r\n", "1: 2 lines 8: a line 13: a line"},
		{"apart", "a\r\n" + v30("FN:x\r\n") + "b\r\n\r\nc\r\n", "1: a line 6: 2 lines"},
		{"one entry", "a\r\n" + one + "b\r\n", ""},
		{"two entries", "a\r\n" + one + strings.Replace(one, "UID:a", "UID:b", 1), "1: a line"},
		{"nothing else", "a\r\nb\r\n", "1: no vCard"},
	} {
		var got []string
		f := Read([]byte(tt.file))
		for _, p := range f.Problems {
			got = append(got, fmt.Sprintf("%d: %s", p.Line, strings.Join(strings.Fields(p.What)[:2], " ")))
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, s, tt.want)
		}
		if tt.name == "one entry" && string(f.Objects[0].Text) != tt.file {
			t.Errorf("%s: the text is %q", tt.name, f.Objects[0].Text)
		}
	}
}
