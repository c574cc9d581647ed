package pim

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestReadPlain(t *testing.T) {
	tests := []struct {
		name, title, in string
		summary, text   string // of the note; "" none
		lost            int
	}{
		{"text", "Shopping", "milk, eggs; bread\nand \\ butter\n", "Shopping", "milk, eggs; bread\nand \\ butter", 0},
		{"line ends", "x", "a\r\nb\rc\r\n\r\n", "x", "a\nb\nc", 0},
		{"no title", "", "# Plans\nall of them", "# Plans", "# Plans\nall of them", 0},
		{"mark", "x", bom + "ä", "x", "ä", 0},
		{"old encoding", "x", "\xe4", "x", "ä", 0},
		{"form feed", "x", "a\fb", "x", "ab", 0},
		{"a calendar with another name", "x", "\n" + calendar("BEGIN:VJOURNAL\r\nSUMMARY:y\r\nDESCRIPTION:z\r\nEND:VJOURNAL\r\n"), "y", "z", 0},
		{"text that begins alike", "x", "BEGIN: the tale", "x", "BEGIN: the tale", 0},
		{"NUL", "x", "a\x00b", "", "", 1},
		{"empty", "x", "\r\n", "", "", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := ReadPlain(tt.title, []byte(tt.in))
			lost := 0
			for _, p := range f.Problems {
				if p.Lost {
					lost++
				}
			}
			if lost != tt.lost {
				t.Fatalf("%d set aside, want %d: %v", lost, tt.lost, f.Problems)
			}
			if tt.lost > 0 {
				if len(f.Objects) > 0 {
					t.Errorf("objects %+v", f.Objects)
				}
				return
			}
			item := mustNew(t, Notes, string(f.Objects[0].Text))
			if got := Notes.Summary(item); got != tt.summary {
				t.Errorf("summary %q, want %q", got, tt.summary)
			}
			text := ""
			for _, p := range Properties(f.Objects[0].Text) {
				if p.Name == "DESCRIPTION" {
					text = p.Value
				}
			}
			if text != tt.text {
				t.Errorf("text %q, want %q", text, tt.text)
			}
		})
	}
}

func TestPlainText(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"title and text", "SUMMARY:T\r\nDESCRIPTION:a\\nb\r\n", "T\n\na\nb\n"},
		{"title is the first line", "SUMMARY:T\r\nDESCRIPTION:T\\nb\r\n", "T\nb\n"},
		{"title is the heading", "SUMMARY:T\r\nDESCRIPTION:# T\\nb\r\n", "# T\nb\n"},
		{"title alone", "SUMMARY:T\r\n", "T\n"},
		{"several texts", "DESCRIPTION:a\r\nDESCRIPTION:b\r\n", "a\n\nb\n"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(PlainText([]byte(calendar("BEGIN:VJOURNAL\r\n" + tt.in + "END:VJOURNAL\r\n")))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	note := "BEGIN:VNOTE\r\nVERSION:1.1\r\nBODY;ENCODING=QUOTED-PRINTABLE:One=0D=0ATwo\r\nEND:VNOTE\r\n"
	if got := string(PlainText([]byte(note))); got != "One\nTwo\n" {
		t.Errorf("a VNOTE gives %q", got)
	}
}

// A text comes out of its note as it went in.
func TestLawPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.TrimRight(visible(strings.ReplaceAll(rapid.String().Draw(t, "text"), "\r", "")), "\n")
		if _, blank := blankFile([]byte(text)); blank || strings.HasPrefix(text, bom) {
			return
		}
		f := ReadPlain("", []byte(text))
		if len(f.Objects) != 1 || !bytes.Equal(PlainText(f.Objects[0].Text), []byte(text+"\n")) {
			t.Fatalf("%q became %+v", text, f.Objects)
		}
	})
}

func FuzzReadPlain(f *testing.F) {
	seeds(f)
	f.Add([]byte("# Plans\n\n* one\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := ReadPlain("title", data)
		if len(file.Objects) == 0 && len(file.Problems) == 0 {
			t.Fatal("nothing taken, and nothing told")
		}
		if src, _ := sourceText(data); len(file.Problems) == 0 && isUTF8(src) && !hasFold(strings.TrimLeft(src, bom+" \t\r\n"), "BEGIN:V") {
			want := strings.TrimRight(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(src, bom)), "\n")
			if got := strings.TrimRight(string(PlainText(file.Objects[0].Text)), "\n"); got != "title\n\n"+want && got != want {
				t.Fatalf("%q became %q", src, got)
			}
		}
		for _, o := range file.Objects {
			if _, err := o.Kind.New(o.Text, ""); err != nil {
				t.Fatalf("New of %q: %v", o.Text, err)
			}
			PlainText(o.Text)
		}
	})
}
