package pim

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

// show writes the lines of a text with their components, for tables.
func show(t *Text) string {
	var b strings.Builder
	for i := range t.Lines {
		l := &t.Lines[i]
		if b.Len() > 0 {
			b.WriteString(" | ")
		}
		if l.Junk {
			fmt.Fprintf(&b, "?%s", l.RawValue)
			continue
		}
		if l.Group != "" {
			b.WriteString(l.Group + ".")
		}
		b.WriteString(l.Name)
		for _, p := range l.Params {
			b.WriteString(";" + p.Name + "=" + strings.Join(p.Values, "+"))
			if p.Bare {
				b.WriteString("(bare)")
			}
		}
		b.WriteString(":" + l.RawValue)
	}
	return b.String()
}

func card(body string) string { return "BEGIN:VCARD\r\n" + body + "END:VCARD\r\n" }

func TestParseLines(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "FN:Ada\r\n", "FN:Ada"},
		{"line feeds", "FN:Ada\nN:L;A\n", "FN:Ada | N:L;A"},
		{"carriage returns", "FN:Ada\rN:L;A\r", "FN:Ada | N:L;A"},
		{"apple's double carriage return", "FN:Ada\r\r\nN:L;A\r\r\n", "FN:Ada | N:L;A"},
		{"mixed ends", "FN:Ada\rN:L;A\nNOTE:x\r\n", "FN:Ada | N:L;A | NOTE:x"},
		{"fold with blank", "NOTE:one\r\n  two\r\n", "NOTE:one two"},
		{"fold with tab", "NOTE:one\r\n\ttwo\r\n", "NOTE:onetwo"},
		{"fold inside the name", "VERSION\r\n :3.0\r\n", "VERSION:3.0"},
		{"fold inside a parameter", "TEL;TY\r\n PE=HOME:1\r\n", "TEL;TYPE=HOME:1"},
		{"fold inside UTF-8", "NOTE:\xc3\r\n \xa4\r\n", "NOTE:ä"},
		{"blank lines", "FN:Ada\r\n\r\n\r\nNOTE:x\r\n", "FN:Ada | NOTE:x"},
		{"group", "item1.TEL:1\r\n", "item1.TEL:1"},
		{"lower-case name", "fn:Ada\r\n", "FN:Ada"},
		{"colon in quotes", `ADR;LABEL="a:b;c,d":;;x` + "\r\n", "ADR;LABEL=a:b;c,d:;;x"},
		{"unclosed quote", `ADR;LABEL="a:;;x` + "\r\n", "ADR;LABEL=a:;;x"},
		{"bare url type", "URL;WORK:http://a.b/c\r\n", "URL;TYPE=WORK(bare):http://a.b/c"},
		{"bare types", "TEL;HOME;VOICE:+123\r\n", "TEL;TYPE=HOME(bare);TYPE=VOICE(bare):+123"},
		{"bare encoding", "NOTE;QUOTED-PRINTABLE:=41\r\n", "NOTE;ENCODING=QUOTED-PRINTABLE(bare):=41"},
		{"bare value", "PHOTO;URL:http://x\r\n", "PHOTO;VALUE=URL(bare):http://x"},
		{"samsung label", "TEL;X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=41):1\r\n", "TEL;TYPE=X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=41)(bare):1"},
		{"value lists", "TEL;TYPE=HOME,VOICE:1\r\n", "TEL;TYPE=HOME+VOICE:1"},
		{"RFC 6868", "X-A;P=a^nb^'c^^d^e:1\r\n", "X-A;P=a\nb\"c^d^e:1"},
		{"blanks around a name", "SUMMARY ;LANGUAGE = de:x\r\n", "SUMMARY;LANGUAGE=de:x"},
		{"empty parameters", "TEL;;HOME;:1\r\n", "TEL;TYPE=HOME(bare):1"},
		{"no colon", "second line\r\nFN:Ada\r\n", "?second line | FN:Ada"},
		{"comment", "# a remark: ignored\r\nFN:Ada\r\n", "?# a remark: ignored | FN:Ada"},
		{"soft break", "NOTE;ENCODING=QUOTED-PRINTABLE:a=\r\nb=\r\nc\r\nFN:x\r\n", "NOTE;ENCODING=QUOTED-PRINTABLE:abc | FN:x"},
		{"soft break before a blank", "NOTE;QUOTED-PRINTABLE:to come=\r\n to the aid\r\nFN:x\r\n", "NOTE;ENCODING=QUOTED-PRINTABLE(bare):to come to the aid | FN:x"},
		{"soft break and blank lines", "NOTE;QUOTED-PRINTABLE:a=\n\n=C3=A4=\n\nFN:x\n", "NOTE;ENCODING=QUOTED-PRINTABLE(bare):a=C3=A4 | FN:x"},
		{"soft break before END", "NOTE;QUOTED-PRINTABLE:a=\r\n", "NOTE;ENCODING=QUOTED-PRINTABLE(bare):a"},
		{"soft break in the head", "NOTE;ENCODING=\r\n QUOTED-PRINTABLE:a=\r\nb\r\n", "NOTE;ENCODING=QUOTED-PRINTABLE:ab"},
		{"equals at the end of plain text", "NOTE:a=\r\nFN:x\r\n", "NOTE:a= | FN:x"},
		{"folded base64", "PHOTO;ENCODING=b:AAAA\r\n BBBB\r\n CC==\r\nFN:x\r\n", "PHOTO;ENCODING=b:AAAABBBBCC== | FN:x"},
		{"base64 without blanks", "PHOTO;BASE64:\r\nAAAA\r\nBBBB\r\n\r\nFN:x\r\n", "PHOTO;ENCODING=BASE64(bare):AAAABBBB | FN:x"},
		{"base64 without its blank line", "PHOTO;BASE64:AAAA\r\nBBBB\r\nFN:x\r\n", "PHOTO;ENCODING=BASE64(bare):AAAABBBB | FN:x"},
		{"base64 over a blank line", "PHOTO;BASE64:AAAA\r\n\r\nBBBB\r\n\r\nFN:x\r\n", "PHOTO;ENCODING=BASE64(bare):AAAABBBB | FN:x"},
		{"base64 over a lone CR", "PHOTO;BASE64:AAAA\rBBBB\r\nFN:x\r\n", "PHOTO;ENCODING=BASE64(bare):AAAABBBB | FN:x"},
		{"base64 before a folded name", "PHOTO;ENCODING=b:AAAA\n BBBB\nRRULE\n :X\n", "PHOTO;ENCODING=b:AAAABBBB | RRULE:X"},
		{"a mark in the middle", "\ufeffFN:Ada\r\n", "FN:Ada"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := Parse([]byte(card(tt.in)))
			if got := show(text); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			if c := text.Components[1]; !c.Closed {
				t.Errorf("the card's END is gone")
			}
			var all []byte
			for i := range text.Lines {
				all = append(all, text.Raw(&text.Lines[i])...)
			}
			if strings.ReplaceAll(strings.ReplaceAll(string(all), "\r", ""), "\n", "") != strings.ReplaceAll(strings.ReplaceAll(tt.in, "\r", ""), "\n", "") {
				t.Errorf("raw bytes %q of %q", all, tt.in)
			}
		})
	}
}

func TestParseComponents(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"one", card("FN:a\n"), "VCARD"},
		{"two", card("FN:a\n") + card("FN:b\n"), "VCARD VCARD"},
		{"lower case and blanks", "begin:vcard \nFN:a\nend:vCard\t\n", "VCARD"},
		{"mark before the second", card("FN:a\n") + bom + card("FN:b\n"), "VCARD VCARD"},
		{"END missing", "BEGIN:VCARD\nFN:a\n" + card("FN:b\n"), "VCARD! VCARD"},
		{"nested cards", card("N:p\n" + card("N:n1\n") + card("N:n2\n") + "TEL:1\n"), "VCARD VCARD/VCARD VCARD/VCARD"},
		{"agent", card("AGENT:\n" + card("FN:n\n")), "VCARD VCARD/VCARD"},
		{"agent on one line", card("AGENT:" + card("FN:n\n") + "TEL:1\n"), "VCARD VCARD/VCARD"},
		{"cut off", "BEGIN:VCARD\nFN:a", "VCARD!"},
		{"indented line behind END", card("FN:a\n") + " x\n" + card("FN:b\n"), "VCARD VCARD"},
		{"stray END", "END:VCARD\n" + card("FN:a\n"), "VCARD"},
		{"calendar", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nBEGIN:VALARM\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n", "VCALENDAR VCALENDAR/VEVENT VCALENDAR/VEVENT/VALARM"},
		{"event without END", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nBEGIN:VEVENT\nUID:2\nEND:VEVENT\nEND:VCALENDAR\n", "VCALENDAR VCALENDAR/VEVENT! VCALENDAR/VEVENT"},
		{"alarm without END", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nBEGIN:VALARM\nEND:VEVENT\nBEGIN:VTODO\nEND:VTODO\nEND:VCALENDAR\n", "VCALENDAR VCALENDAR/VEVENT VCALENDAR/VEVENT/VALARM! VCALENDAR/VTODO"},
		{"zone without END", "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR\n", "VCALENDAR VCALENDAR/VTIMEZONE! VCALENDAR/VEVENT"},
		{"calendar without END", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nBEGIN:VCALENDAR\nEND:VCALENDAR\n", "VCALENDAR! VCALENDAR/VEVENT VCALENDAR"},
		{"bare", "BEGIN:VEVENT\nEND:VEVENT\nBEGIN:VTODO\nEND:VTODO\n", "VEVENT VTODO"},
		{"unknown", "BEGIN:VCALENDAR\nBEGIN:X-FOO\nBEGIN:VLOCATION\nEND:VLOCATION\nEND:X-FOO\nEND:VCALENDAR\n", "VCALENDAR VCALENDAR/X-FOO VCALENDAR/X-FOO/VLOCATION"},
		{"garbage name", "BEGIN:A:B\n" + card("FN:a\n"), "VCARD"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := Parse([]byte(tt.in))
			var got []string
			for i := range text.Components[1:] {
				path := ""
				for c := i + 1; c != 0; c = text.Components[c].Parent {
					path = "/" + text.Components[c].Name + path
				}
				if !text.Components[i+1].Closed {
					path += "!"
				}
				got = append(got, path[1:])
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %s, want %s", s, tt.want)
			}
		})
	}
}

func TestParseNesting(t *testing.T) {
	deep := strings.Repeat("BEGIN:X-A\n", MaxDepth+5) + strings.Repeat("END:X-A\n", MaxDepth+5)
	text := Parse([]byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n" + deep + "END:VEVENT\nEND:VCALENDAR\n"))
	if len(text.Components) != MaxDepth+1 {
		t.Errorf("%d components, want %d", len(text.Components)-1, MaxDepth)
	}
	f := Read([]byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n" + deep + "END:VEVENT\nEND:VCALENDAR\n"))
	if len(f.Objects) != 0 || len(f.Problems) == 0 {
		t.Errorf("%d objects, problems %v; want the event set aside", len(f.Objects), f.Problems)
	}
}

func TestLongLine(t *testing.T) {
	in := card("FN:a\r\n") + card("FN:b\r\nNOTE:"+strings.Repeat("x", MaxLine+1)+"\r\n") + card("FN:c\r\n")
	f := Read([]byte(in))
	if len(f.Objects) != 2 {
		t.Fatalf("%d objects, want 2", len(f.Objects))
	}
	lost := 0
	for _, p := range f.Problems {
		if p.Lost {
			lost++
		}
	}
	if lost != 1 {
		t.Errorf("%d entries set aside, want 1: %v", lost, f.Problems)
	}
	if _, err := Contacts.New([]byte(card("NOTE:"+strings.Repeat("x", MaxLine+1)+"\r\n")), ""); err == nil {
		t.Error("New took a line beyond the limit")
	}
}

func utf16Bytes(s string, big bool) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return b
}

func TestUTF16(t *testing.T) {
	text := card("FN:Ada Löv😀\r\n")
	for _, mark := range []bool{true, false} {
		for _, big := range []bool{true, false} {
			in := text
			if mark {
				in = bom + text
			}
			b := utf16Bytes(in, big)
			f := Read(b)
			if len(f.Objects) != 1 || string(f.Objects[0].Text) != text {
				t.Errorf("mark %v, big endian %v: %d objects %+v", mark, big, len(f.Objects), f.Objects)
			}
		}
	}
}

func TestCharsets(t *testing.T) {
	tests := []struct{ name, line, want string }{
		{"utf-8", "NOTE:Äpfel", "Äpfel"},
		{"windows-1252 by guess", "NOTE:\xc4pfel \x80", "Äpfel €"},
		{"utf-8 cut inside a character", "NOTE;CHARSET=UTF-8:Äpf\xc3", "ÄpfÃ"},
		{"utf-8 with a stray byte", "NOTE:日本\x93語\x94", "日本“語”"},
		{"labelled iso-8859-2", "NOTE;CHARSET=ISO-8859-2:\xb1", "ą"},
		{"labelled koi8-r in quoted-printable", "NOTE;CHARSET=KOI8-R;ENCODING=QUOTED-PRINTABLE:=E4=C1", "Да"},
		{"label that lies", "NOTE;CHARSET=ISO-8859-1:Äpfel", "Äpfel"},
		{"shift_jis", "NOTE;CHARSET=SHIFT_JIS:\x88\xc0\x93\xa1", "安藤"},
		{"iso-2022-jp", "NOTE;CHARSET=ISO-2022-JP:\x1b$B0BF#\x1b(B", "安藤"},
		{"unknown label", "NOTE;CHARSET=X-NONE:\xc4", "Ä"},
		{"lower-case hex", "NOTE;ENCODING=QUOTED-PRINTABLE:=c3=a4", "ä"},
		{"broken hex stays", "NOTE;ENCODING=QUOTED-PRINTABLE:50=% =4", "50=% =4"},
		{"line ends", "NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab=0Ac", "a\nb\nc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rows := Properties([]byte(card("VERSION:2.1\r\n" + tt.line + "\r\n")))
			if got := rows[1].Value; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if strings.Contains(rows[1].Params, "CHARSET") || strings.Contains(rows[1].Params, "QUOTED") {
				t.Errorf("parameters %q tell of an encoding that is undone", rows[1].Params)
			}
		})
	}
}

func TestFold(t *testing.T) {
	long := "NOTE:" + strings.Repeat("ä", 100) + strings.Repeat("日", 50)
	b := appendFolded(nil, long, "\r\n")
	for _, l := range bytes.Split(bytes.TrimSuffix(b, []byte("\r\n")), []byte("\r\n")) {
		if len(l) > foldAt {
			t.Errorf("%d bytes in a line", len(l))
		}
		if !isUTF8(string(l)) {
			t.Errorf("a fold inside a character: %q", l)
		}
	}
	if got := strings.ReplaceAll(string(b), "\r\n ", ""); got != long+"\r\n" {
		t.Errorf("unfolded %q", got)
	}
}

func TestOldSplit(t *testing.T) {
	tests := []struct {
		in   string
		want []string
	}{
		{`a;b`, []string{"a", "b"}},
		{`a\;b`, []string{"a;b"}},
		{`a\\;b`, []string{`a\`, "b"}},
		{`a\\\;b`, []string{`a\;b`}},
		{`a\b;c\`, []string{`a\b`, `c\`}},
		{`Mountain Top\, CA;`, []string{`Mountain Top\, CA`, ""}},
		{``, []string{""}},
	}
	for _, tt := range tests {
		got := splitOld(tt.in, ";")
		if strings.Join(got, "|") != strings.Join(tt.want, "|") || len(got) != len(tt.want) {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
		if back := joinOld(got, ';', ";"); back != tt.in {
			t.Errorf("%q joined again is %q", tt.in, back)
		}
	}
}

func TestRules(t *testing.T) {
	tests := []struct{ old, modern string }{
		{"D1 #10", "FREQ=DAILY;COUNT=10"},
		{"D2 #0", "FREQ=DAILY;INTERVAL=2"},
		{"W2 MO WE 20261231T000000", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20261231T000000"},
		{"W1 TH 20060427T000000Z", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20060427T000000Z"},
		{"MP1 1+ MO #12", "FREQ=MONTHLY;BYDAY=1MO;COUNT=12"},
		{"MP1 1+ 2- FR #0", "FREQ=MONTHLY;BYDAY=1FR,-2FR"},
		{"MD1 15 #0", "FREQ=MONTHLY;BYMONTHDAY=15"},
		{"MD1 1 LD #3", "FREQ=MONTHLY;BYMONTHDAY=1,-1;COUNT=3"},
		{"YM1 6 #0", "FREQ=YEARLY;BYMONTH=6"},
		{"YD1 100 #5", "FREQ=YEARLY;BYYEARDAY=100;COUNT=5"},
		{"YD1", "FREQ=YEARLY;COUNT=2"},
		// Not understood whole: as it stands.
		{"MP1 MO #12", ""}, {"D1 nonsense", ""}, {"X1 #2", ""}, {"W1 MO #x", ""}, {"D0 #1", ""}, {"M1", ""}, {"", ""},
	}
	for _, tt := range tests {
		got := modernRule(tt.old)
		if tt.modern == "" {
			if got != tt.old {
				t.Errorf("%q became %q", tt.old, got)
			}
			continue
		}
		if got != tt.modern {
			t.Errorf("%q: got %q, want %q", tt.old, got, tt.modern)
		}
		if back := modernRule(oldRule(got)); back != got {
			t.Errorf("%q: back by %q to %q", tt.old, oldRule(got), back)
		}
	}
	for _, v := range []string{"FREQ=HOURLY", "FREQ=DAILY;BYHOUR=1", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "FREQ=WEEKLY;WKST=SU"} {
		if o := oldCalendar1("RRULE", v); o != v {
			t.Errorf("%s became %q, which can't say it", v, o)
		}
	}
}
