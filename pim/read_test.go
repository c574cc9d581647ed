package pim

import (
	"bytes"
	"strings"
	"testing"
)

func calendar(body string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + body + "END:VCALENDAR\r\n"
}

func TestReadKinds(t *testing.T) {
	tests := []struct {
		name, in string
		want     string // kind:uid of each object
		lost     int
	}{
		{"card", card("UID:u\r\n"), "contacts:u", 0},
		{"two cards", card("UID:a\r\n") + card("FN:x\r\n"), "contacts:a contacts:", 0},
		{"junk around cards", "hello\r\n" + card("UID:a\r\n") + "bye\r\n", "contacts:a", 0},
		{"series with override", calendar("BEGIN:VEVENT\r\nUID:s\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:s\r\nRECURRENCE-ID:20260101\r\nEND:VEVENT\r\n"), "events:s", 0},
		{"override first", calendar("BEGIN:VEVENT\r\nUID:s\r\nRECURRENCE-ID:20260101\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:s\r\nEND:VEVENT\r\n"), "events:s", 0},
		{"two masters of one UID", calendar("BEGIN:VEVENT\r\nUID:s\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:s\r\nEND:VEVENT\r\n"), "events:s events:s", 0},
		{"no UIDs", calendar("BEGIN:VEVENT\r\nSUMMARY:x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\nEND:VEVENT\r\n"), "events: events:", 0},
		{"one UID, two kinds", calendar("BEGIN:VEVENT\r\nUID:s\r\nEND:VEVENT\r\nBEGIN:VTODO\r\nUID:s\r\nEND:VTODO\r\n"), "events:s tasks:s", 0},
		{"journal", calendar("BEGIN:VJOURNAL\r\nUID:j\r\nEND:VJOURNAL\r\n"), "notes:j", 0},
		{"note", "BEGIN:VNOTE\r\nVERSION:1.1\r\nBODY:x\r\nEND:VNOTE\r\n", "notes:", 0},
		{"bare", "BEGIN:VTODO\r\nUID:t\r\nEND:VTODO\r\n", "tasks:t", 0},
		{"free-busy", calendar("BEGIN:VFREEBUSY\r\nUID:f\r\nEND:VFREEBUSY\r\n"), "", 1},
		{"zone alone", calendar(berlin), "", 1},
		{"empty calendar", calendar(""), "", 1},
		{"two calendars", calendar("BEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\n") + calendar("BEGIN:VEVENT\r\nUID:b\r\nEND:VEVENT\r\n"), "events:a events:b", 0},
		{"text", "just a note to self\r\n", "", 1},
		{"broken entry", calendar("BEGIN:VEVENT\r\nUID:a\r\nnot a line\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:b\r\nEND:VEVENT\r\n"), "events:a events:b", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := Read([]byte(tt.in))
			var got []string
			for _, o := range f.Objects {
				got = append(got, o.Kind.Name()+":"+o.UID)
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
			lost := 0
			for _, p := range f.Problems {
				if p.Lost {
					lost++
				}
			}
			if lost != tt.lost {
				t.Errorf("%d set aside, want %d: %v", lost, tt.lost, f.Problems)
			}
			if f.Bundle != (len(f.Objects) > 1) || f.Torn {
				t.Errorf("bundle %v, torn %v with %d objects", f.Bundle, f.Torn, len(f.Objects))
			}
			if len(f.Objects) == 0 && len(f.Problems) == 0 {
				t.Error("nothing found and no reason given")
			}
		})
	}
}

func TestReadTexts(t *testing.T) {
	one := bom + "\r\n" + calendar("X-WR-CALNAME:Home\r\n"+berlin+"BEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\nBEGIN:VFREEBUSY\r\nEND:VFREEBUSY\r\n") + "\r\n"
	if f := Read([]byte(one)); len(f.Objects) != 1 || string(f.Objects[0].Text) != one {
		t.Errorf("a file of one item isn't its own text: %q", f.Objects[0].Text)
	}
	c := card("FN:a\r\n")
	if f := Read([]byte("x\r\n" + c + "\r\n")); string(f.Objects[0].Text) != c {
		t.Errorf("a card's text is %q", f.Objects[0].Text)
	}
	unused := strings.ReplaceAll(berlin, "Europe/Berlin", "Europe/Paris")
	eventA := "BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Europe/Berlin:20260101T100000\nSUMMARY:long line that is fol\n ded\nEND:VEVENT\n"
	overrideA := "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20260102T100000\nEND:VEVENT\n"
	eventB := "BEGIN:VEVENT\nUID:b\nEND:VEVENT\n"
	bundle := "BEGIN:VCALENDAR\nVERSION:2.0\nX-WR-CALNAME:Home\n" + berlin + unused + eventA + eventB + overrideA + "END:VCALENDAR"
	f := Read([]byte(bundle))
	if len(f.Objects) != 2 || !f.Bundle {
		t.Fatalf("%d objects", len(f.Objects))
	}
	want := "BEGIN:VCALENDAR\nVERSION:2.0\nX-WR-CALNAME:Home\n" + berlin + eventA + overrideA + "END:VCALENDAR\n"
	if got := string(f.Objects[0].Text); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	want = "BEGIN:VCALENDAR\nVERSION:2.0\nX-WR-CALNAME:Home\n" + eventB + "END:VCALENDAR\n"
	if got := string(f.Objects[1].Text); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if f.Objects[1].Line != 28 && f.Objects[1].Line == 0 {
		t.Errorf("line %d", f.Objects[1].Line)
	}
}

func TestReadTorn(t *testing.T) {
	whole := card("FN:a\r\n")
	tests := []struct {
		name, in      string
		torn          bool
		objects, hurt int
	}{
		{"whole", whole, false, 1, 0},
		{"no line end behind END", strings.TrimRight(whole, "\r\n"), false, 1, 0},
		{"empty", "", true, 0, 0},
		{"mark alone", bom, true, 0, 0},
		{"blank", "\r\n \r\n", true, 0, 0},
		{"NULs", strings.Repeat("\x00", 512), true, 0, 0},
		{"cut in END", whole[:len(whole)-5], true, 1, 1},
		{"cut in a value", whole[:20], true, 1, 1},
		{"cut, then NULs", whole[:20] + strings.Repeat("\x00", 100), true, 1, 1},
		{"second cut", whole + whole[:20], true, 2, 1},
		{"first without END", "BEGIN:VCARD\r\nFN:b\r\n" + whole, false, 2, 1},
		{"calendar cut behind its entry", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\n", true, 1, 0},
		{"calendar cut inside", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n", true, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := Read([]byte(tt.in))
			hurt := 0
			for _, o := range f.Objects {
				if o.Torn {
					hurt++
				}
			}
			if f.Torn != tt.torn || len(f.Objects) != tt.objects || hurt != tt.hurt {
				t.Errorf("torn %v, %d objects, %d of them torn; want %v, %d, %d", f.Torn, len(f.Objects), hurt, tt.torn, tt.objects, tt.hurt)
			}
			if f.Torn && len(f.Problems) == 0 {
				t.Error("torn without a word")
			}
		})
	}
}

func TestReadManyObjects(t *testing.T) {
	one := []byte(card("FN:a\n"))
	f := Read(bytes.Repeat(one, MaxObjects+3))
	if len(f.Objects) != MaxObjects {
		t.Errorf("%d objects, want %d", len(f.Objects), MaxObjects)
	}
	if n := len(f.Problems); n != 1 || !f.Problems[0].Lost {
		t.Errorf("problems %v", f.Problems)
	}
}

// What is guessed is told, once a file; a label and a fold inside a character are
// no guess.
func TestReadGuessed(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"utf-8", card("FN:ä\r\n"), ""},
		{"fold inside a character", card("FN:\xc3\r\n \xa4\r\n"), ""},
		{"labelled", card("FN;CHARSET=ISO-8859-1:\xe4\r\n"), ""},
		{"guessed", card("N:a\r\nFN:\xe4\r\n"), "line 3: neither UTF-8 nor a CHARSET: read as Windows-1252"},
		{"several", card("FN:\xe4\r\n") + card("FN:\xe4\r\n"), "line 2: neither UTF-8 nor a CHARSET in 2 lines: read as Windows-1252"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := Read([]byte(tt.in))
			got := ""
			for _, p := range f.Problems {
				got += p.String()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Without a VERSION the lines tell the dialect; a card is then read, and edited, in it.
func TestReadWithoutVersion(t *testing.T) {
	tests := []struct {
		name, lines string
		want        Dialect
		note        string // the NOTE as it is decoded
	}{
		{"quoted-printable", "NOTE;ENCODING=QUOTED-PRINTABLE:a=3Db\\,c\r\n", VCard21, `a=b\,c`},
		{"bare parameter", "TEL;HOME:1\r\nNOTE:a\\,b\r\n", VCard21, `a\,b`},
		{"neither", "TEL;TYPE=HOME:1\r\nNOTE:a\\,b\r\n", VCard30, "a,b"},
		{"nothing", "NOTE:x\r\n", VCard30, "x"},
		{"an unknown one", "VERSION:9\r\nNOTE:a\\nb\r\n", VCard30, "a\nb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := Parse([]byte(card(tt.lines)))
			if got := cardDialect(text, 1); got != tt.want {
				t.Errorf("read as %s, want %s", got, tt.want)
			}
			for _, p := range Properties([]byte(card(tt.lines))) {
				if p.Name == "NOTE" && p.Value != tt.note {
					t.Errorf("note %q, want %q", p.Value, tt.note)
				}
			}
		})
	}
}

// What is left out for a line that is too long is told once, with that line and a way out.
func TestLineTooLongIsToldOnce(t *testing.T) {
	f := Read([]byte("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Big\r\nPHOTO;ENCODING=b:" + strings.Repeat("A", MaxLine+1) + "\r\nEND:VCARD\r\n" + v30("FN:Small\r\n")))
	if len(f.Objects) != 1 || len(f.Problems) != 1 {
		t.Fatalf("%d objects, problems %v", len(f.Objects), f.Problems)
	}
	if p := f.Problems[0]; !p.Lost || p.Line != 4 || !strings.Contains(p.What, "VCARD left out for a line of more than 16 MiB: let its program") {
		t.Errorf("got %+v", p)
	}
}
