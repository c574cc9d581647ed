package pim

import (
	"strings"
	"testing"
)

// One row for each clause of how lines are written: an edit of one row, and the
// text afterwards.
func TestWritingEdits(t *testing.T) {
	long := strings.Repeat("a", 80)
	tests := []struct {
		name, text string
		old, now   Property
		want       string
	}{
		{"order and case of untouched lines stay", "begin:vcard\r\nversion:3.0\r\nX-b;type=Home:Q\r\nfn:x\r\nTel;Type=cell:1\r\nend:vcard\r\n",
			Property{Pos: 3, Name: "FN", Value: "x"}, Property{Pos: 3, Name: "FN", Value: "y"},
			"begin:vcard\r\nversion:3.0\r\nX-b;type=Home:Q\r\nFN:y\r\nTel;Type=cell:1\r\nend:vcard\r\n"},
		{"folds and escapes of untouched lines stay", v30("NOTE:fol\r\n ded\\, \\x\r\nFN:x\r\n"), Property{Pos: 3, Name: "FN", Value: "x"}, Property{Pos: 3, Name: "FN", Value: "y"}, v30("NOTE:fol\r\n ded\\, \\x\r\nFN:y\r\n")},
		{"encodings of untouched lines stay", v21("NOTE;CHARSET=ISO-8859-1:\xe4\r\nFN:x\r\n"), Property{Pos: 3, Name: "FN", Value: "x"}, Property{Pos: 3, Name: "FN", Value: "ö"},
			v21("NOTE;CHARSET=ISO-8859-1:\xe4\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=B6\r\n")},
		{"a text's own line ends stay", "BEGIN:VCARD\nVERSION:3.0\nFN:x\nEND:VCARD\n", Property{Pos: 2, Name: "FN", Value: "x"}, Property{Pos: 2, Name: "FN", Value: long},
			"BEGIN:VCARD\nVERSION:3.0\nFN:" + long[:72] + "\n " + long[72:] + "\nEND:VCARD\n"},
		{"a text's own mark stays", bom + v30("FN:x\r\n"), Property{Pos: 2, Name: "FN", Value: "x"}, Property{Pos: 2, Name: "FN", Value: "y"}, bom + v30("FN:y\r\n")},
		{"UTF-16 is UTF-8 without a mark then", string(utf16Bytes(bom+v30("FN:x\r\n"), false)), Property{Pos: 2, Name: "FN", Value: "x"}, Property{Pos: 2, Name: "FN", Value: "ä"}, v30("FN:ä\r\n")},
		{"what was Windows-1252 is UTF-8 then", v30("FN:\xe4\r\n"), Property{Pos: 2, Name: "FN", Value: "ä"}, Property{Pos: 2, Name: "FN", Value: "ö"}, v30("FN:ö\r\n")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, errs := EditProperties([]byte(tt.text), []PropertyEdit{{Op: EditUpdate, Old: tt.old, New: tt.now}})
			if errs[0] != nil || string(got) != tt.want {
				t.Errorf("got  %q (%v)\nwant %q", got, errs[0], tt.want)
			}
		})
	}
}

func TestWritingLines(t *testing.T) {
	a, b, e := strings.Repeat("a", 75), strings.Repeat("b", 74), strings.Repeat("é", 40)
	label := func(v string) []Param { return []Param{{Name: "X-P", Values: []string{v}}} }
	tests := []struct {
		name string
		d    Dialect
		line modern
		want string
	}{
		{"75 octets take no fold", VCard30, modern{name: "FN", value: a[3:]}, "FN:" + a[3:] + "\r\n"},
		{"76 do", VCard30, modern{name: "FN", value: a[2:]}, "FN:" + a[3:] + "\r\n a\r\n"},
		{"the fold's blank counts", VCard30, modern{name: "FN", value: a[3:] + b + b}, "FN:" + a[3:] + "\r\n " + b + "\r\n " + b + "\r\n"},
		{"no fold inside a character", ICalendar2, modern{name: "SUMMARY", value: e}, "SUMMARY:" + strings.Repeat("é", 33) + "\r\n " + strings.Repeat("é", 7) + "\r\n"},
		{"quotes for a semicolon", VCard40, modern{name: "X-A", params: label("a;b"), value: "v"}, "X-A;X-P=\"a;b\":v\r\n"},
		{"quotes for a colon", VCard30, modern{name: "X-A", params: label("a:b"), value: "v"}, "X-A;X-P=\"a:b\":v\r\n"},
		{"quotes for a comma", ICalendar2, modern{name: "X-A", params: label("a,b"), value: "v"}, "X-A;X-P=\"a,b\":v\r\n"},
		{"no quotes without need", VCard40, modern{name: "X-A", params: label("a b"), value: "v"}, "X-A;X-P=a b:v\r\n"},
		{"several values", VCard40, modern{name: "X-A", params: []Param{{Name: "X-P", Values: []string{"a", "b,c"}}}, value: "v"}, "X-A;X-P=a,\"b,c\":v\r\n"},
		{"RFC 6868: a line end", ICalendar2, modern{name: "X-A", params: label("a\nb\r\nc"), value: "v"}, "X-A;X-P=\"a^nb^nc\":v\r\n"},
		{"RFC 6868: a quote", ICalendar2, modern{name: "X-A", params: label(`a"b`), value: "v"}, "X-A;X-P=\"a^'b\":v\r\n"},
		{"RFC 6868: a caret", VCard40, modern{name: "X-A", params: label("a^b"), value: "v"}, "X-A;X-P=\"a^^b\":v\r\n"},
		{"vCard 3.0 has no RFC 6868: a caret", VCard30, modern{name: "X-A", params: label("a^b"), value: "v"}, "X-A;X-P=a^b:v\r\n"},
		{"a caret that would begin an escape", VCard30, modern{name: "X-A", params: label("a^nb^^c"), value: "v"}, "X-A;X-P=\"a^^nb^^^c\":v\r\n"},
		{"a caret before a quote", VCard30, modern{name: "X-A", params: label(`a^"`), value: "v"}, "X-A;X-P=\"a^^^'\":v\r\n"},
		{"a quote and a line end are lost nowhere", VCard21, modern{name: "X-A", params: label("a\"\nb"), value: "v"}, "X-A;X-P=\"a^'^nb\":v\r\n"},
		{"2.1: printable ASCII as it stands", VCard21, modern{name: "FN", value: `a\, b =~`}, "FN:a, b =~\r\n"},
		{"2.1: a long one takes no fold, whose blank 2.1 keeps", VCard21, modern{name: "FN", value: a + a}, "FN:" + a + a + "\r\n"},
		{"2.1: not ASCII", VCard21, modern{name: "FN", value: "ä="}, "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=A4=3D\r\n"},
		{"2.1: a line end, which needs no CHARSET", VCard21, modern{name: "NOTE", value: `a\nb`}, "NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab\r\n"},
		{"2.1: a tab", VCard21, modern{name: "FN", value: "a\tb"}, "FN;ENCODING=QUOTED-PRINTABLE:a=09b\r\n"},
		{"2.1: a blank at the end", VCard21, modern{name: "FN", value: "a "}, "FN;ENCODING=QUOTED-PRINTABLE:a=20\r\n"},
		{"2.1: a soft break within 76", VCard21, modern{name: "FN", value: "ä" + a}, "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=A4" + a[:26] + "=\r\n" + a[26:] + "\r\n"},
		{"2.1: types bare", VCard21, modern{name: "TEL", params: []Param{{Name: "TYPE", Values: []string{"HOME", "X-Mine"}}}, value: "1"}, "TEL;HOME;X-Mine:1\r\n"},
		{"2.1: a type that can't be bare", VCard21, modern{name: "TEL", params: []Param{{Name: "TYPE", Values: []string{"my own"}}}, value: "1"}, "TEL;TYPE=my own:1\r\n"},
		{"2.1: an empty line behind a photo", VCard21, modern{name: "PHOTO", params: []Param{{Name: "TYPE", Values: []string{"JPEG"}}}, value: "AAAA", binary: true}, "PHOTO;ENCODING=BASE64;JPEG:AAAA\r\n\r\n"},
		{"2.1: a photo in lines", VCard21, modern{name: "PHOTO", value: strings.Repeat("AAAA", 20), binary: true}, "PHOTO;ENCODING=BASE64:" + strings.Repeat("A", 53) + "\r\n " + strings.Repeat("A", 27) + "\r\n\r\n"},
		{"3.0: a photo", VCard30, modern{name: "PHOTO", params: []Param{{Name: "TYPE", Values: []string{"image/jpeg"}}}, value: "AAAA", binary: true}, "PHOTO;ENCODING=b;TYPE=JPEG:AAAA\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := string(appendLine(nil, &tt.line, tt.d, "\r\n"))
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			// And it reads as what was written.
			text := parse(got)
			if len(text.Lines) != 1 {
				t.Fatalf("%d lines", len(text.Lines))
			}
			was, back := tt.line, modernise(&text.Lines[0], tt.d)
			want := string(appendNorm(nil, &was, tt.d.card()))
			if norm := string(appendNorm(nil, &back, tt.d.card())); norm != want {
				t.Errorf("read back as %q, was %q", norm, want)
			}
		})
	}
}

// A card for a phone that reads 2.1 alone is one card, without a mark, in CRLF.
func TestWritingForOldPhones(t *testing.T) {
	in := bom + strings.ReplaceAll("x\n"+v40("UID:u\nFN:Ä\nTEL;TYPE=cell:1\nPHOTO:data:image/jpeg;base64,AAAA\n")+"y\n", "\r\n", "\n")
	objects := Read([]byte(in)).Objects
	if len(objects) != 1 {
		t.Fatalf("%d objects", len(objects))
	}
	for _, o := range objects {
		item, err := o.Item("")
		if err != nil {
			t.Fatal(err)
		}
		old, err := Contacts.Convert(item, VCard21)
		if err != nil {
			t.Fatal(err)
		}
		want := v21("UID:u\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=84\r\nTEL;cell:1\r\nPHOTO;ENCODING=BASE64;JPEG:AAAA\r\n\r\n")
		if got := string(Contacts.Text(old)); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	two := ExportVCF([][]byte{[]byte(bom + v30("FN:a\r\n")), []byte(bom + v30("FN:b\r\n"))})
	if want := v30("FN:a\r\n") + v30("FN:b\r\n"); string(two) != want {
		t.Errorf("exported %q, want %q", two, want)
	}
}
