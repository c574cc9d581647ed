package pim

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// readingRule is one clause of what a reader of real files has to do, with the
// smallest file that shows it.
type readingRule struct {
	name, file string
	want       string // as readBack has it
}

// readBack shows what a file is read as: the objects' dialects and rows without
// VERSION and what is around entries, and the problems by the beginnings of what
// they say.
func readBack(f File) string {
	var out []string
	for _, o := range f.Objects {
		rows := []string{}
		for _, p := range Properties(o.Text) {
			if p.Name == "VERSION" || p.Component == "calendar" {
				continue
			}
			s := p.Name
			if p.Group != "" {
				s = p.Group + "." + s
			}
			if p.Component != "" {
				s = p.Component + "/" + s
			}
			if p.Params != "" {
				s += ";" + p.Params
			}
			rows = append(rows, s+":"+p.Value)
		}
		s := strings.Join(rows, " | ")
		if o.Torn {
			s += " (torn)"
		}
		out = append(out, s)
	}
	for _, p := range f.Problems {
		what := p.String()
		if words := strings.Fields(what); len(words) > 6 {
			what = strings.Join(words[:6], " ")
		}
		out = append(out, "! "+what)
	}
	return strings.Join(out, "\n")
}

func checkReading(t *testing.T, rules []readingRule) {
	for _, tt := range rules {
		t.Run(tt.name, func(t *testing.T) {
			f := Read([]byte(tt.file))
			if got := readBack(f); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			// The bytes are kept as they came, and a scanner finds the same.
			src, _ := sourceText([]byte(tt.file))
			for _, o := range f.Objects {
				if (o.Kind == Contacts || !f.Bundle) && !strings.Contains(src, strings.TrimPrefix(string(o.Text), bom)) {
					t.Errorf("the object's text %q isn't the file's", o.Text)
				}
				item, err := o.Item("")
				if err != nil || !bytes.Equal(o.Kind.Text(item), o.Text) {
					t.Errorf("the item's text isn't the object's: %v", err)
				}
			}
			got, _, err := scanned(bytes.NewReader([]byte(tt.file)))
			if err != nil {
				t.Fatal(err)
			}
			sameFile(t, []byte(tt.file), got)
		})
	}
}

func bare(lines string) string { return "BEGIN:VCARD\r\n" + lines + "END:VCARD\r\n" }

func TestReadingCharset(t *testing.T) {
	le := func(s string) string { return string(utf16Bytes(s, false)) }
	be := func(s string) string { return string(utf16Bytes(s, true)) }
	checkReading(t, []readingRule{
		{"a mark: UTF-8", bom + v30("FN:ä\r\n"), "FN:ä"},
		{"a mark: UTF-16, little end first", le(bom + v30("FN:ä😀\r\n")), "FN:ä😀"},
		{"a mark: UTF-16, big end first", be(bom + v30("FN:ä😀\r\n")), "FN:ä😀"},
		{"zeroes at odd positions", le(v30("FN:ä\r\n")), "FN:ä"},
		{"zeroes at even positions", be(v30("FN:ä\r\n")), "FN:ä"},
		{"valid UTF-8 whatever CHARSET says", v21("FN;CHARSET=ISO-8859-1:ä\r\n"), "FN:ä"},
		{"else the line's CHARSET", v21("FN;CHARSET=ISO-8859-2:\xb1\r\nNOTE;CHARSET=KOI8-R:\xe4\xc1\r\n"), "FN:ą | NOTE:Да"},
		{"CHARSET of quoted-printable", v21("FN;CHARSET=ISO-8859-2;ENCODING=QUOTED-PRINTABLE:=B1\r\n"), "FN:ą"},
		{"else Windows-1252, and told", v30("FN:\x80\r\n"), "FN:€\n! line 3: neither UTF-8 nor a"},
		{"the guess in quoted-printable, told", v21("FN;ENCODING=QUOTED-PRINTABLE:=80\r\n"), "FN:€\n! line 3: neither UTF-8 nor a"},
		{"the guess in a parameter, told", v40("ADR;LABEL=\"\x80\":;;x\r\n"), "ADR;LABEL=€:;;x\n! line 3: neither UTF-8 nor a"},
		{"the guess in an event, told", v1("", "SUMMARY;ENCODING=QUOTED-PRINTABLE:=80\r\n"), "UID:a | SUMMARY:€\n! line 6: neither UTF-8 nor a"},
		{"a mark again, where files were put together", bom + v30("FN:a\r\n") + bom + v30("FN:b\r\n"), "FN:a\nFN:b"},
		{"a mark again in UTF-16", le(bom + v30("FN:a\r\n") + bom + v30("FN:b\r\n")), "FN:a\nFN:b"},
		{"a mark again, in the line of an END", strings.TrimRight(v30("FN:a\r\n"), "\r\n") + bom + v30("FN:b\r\n"), "FN:a\nFN:b"},
	})
}

// Files put together of which some are UTF-16, and what is no character there.
func TestReadingWideParts(t *testing.T) {
	le := func(s string) string { return string(utf16Bytes(s, false)) }
	be := func(s string) string { return string(utf16Bytes(s, true)) }
	a, b := v30("FN:ä\r\n"), v30("FN:ö\r\n")
	e, f := v2("", "SUMMARY:ä\r\n"), strings.Replace(v2("", "SUMMARY:ö\r\n"), "UID:a", "UID:f", 1)
	cut := func(s string) string { return strings.TrimRight(s, "\r\n") }
	const ab, ef = "FN:ä\nFN:ö", "UID:a | SUMMARY:ä\nUID:f | SUMMARY:ö"
	open := strings.Replace(cut(v30("FN:a")), "END:VCARD", "", 1) // within a line
	checkReading(t, []readingRule{
		{"cards: wide, then not", le(bom+a) + b, ab},
		{"cards: wide, then not, with a mark", be(bom+a) + bom + b, ab},
		{"cards: not wide, then wide", a + le(bom+b), ab},
		{"cards: not wide, then wide without a mark", a + be(b), ab},
		{"cards: both orders", le(bom+a) + be(bom+b), ab},
		{"cards: both orders without marks", be(a) + le(b), ab},
		{"cards: wide, not, wide", le(a) + b + be(bom+a), ab + "\nFN:ä"},
		{"cards: no line end between them", cut(a) + le(bom+cut(b)) + a, ab + "\nFN:ä"},
		{"calendars: wide, then not", le(bom+e) + f, ef},
		{"calendars: not wide, then wide", e + be(bom+f), ef},
		{"calendars: both orders", be(bom+e) + le(bom+f), ef},
		{"calendars: no line end between them", le(bom+cut(e)) + cut(f), ef},
		{"a calendar, wide cards, a calendar", e + le(a+b) + f, "UID:a | SUMMARY:ä\nFN:ä\nFN:ö\nUID:f | SUMMARY:ö"},
		{"the first cut off within a line", open + le(bom+b), "FN:a (torn)\nFN:ö\n! line 1: VCARD without END: taken"},
		{"lower case", le(a) + strings.ToLower(b), ab},
		{"an odd byte before a mark", le(a) + "\n" + le(bom+b), ab + "\n! line 5: a byte (0A) at"},
		{"an odd byte before none", le(a) + "x" + b, ab + "\n! line 5: a byte (78) at"},
		{"half a character at the end", le(a)[:2*len([]rune(a))-1], "FN:ä\n! line 5: a byte (0A) at"},
		{"more than half a character", le(a) + "x", "FN:ä\n! line 5: a byte (78) at"},
		{"the first half of a pair alone", strings.Replace(le(a), "\xe4\x00", "\x3d\xd8", 1), "FN:\ufffd\n! line 3: half a character of"},
		{"the second half of a pair alone", strings.Replace(be(e), "\x00\xe4", "\xde\x00", 1), "UID:a | SUMMARY:\ufffd\n! line 6: half a character of"},
		{"NULs in UTF-16", strings.Replace(le(a), "\xe4\x00", "a\x00\x00\x00\x00\x00b\x00", 1), "FN:ab\n! line 3: a NUL in UTF-16"},
		{"UTF-32", "\xff\xfe\x00\x00B\x00\x00\x00", "! line 1: no vCard and no\n! line 1: neither UTF-8 nor a"},
		{"nothing but NULs", "\x00\x00\x00", "! line 1: nothing but NULs, so"},
		{"one byte of a mark", "\xff", "! line 1: no text, just bytes"},
		{"two bytes of three of a mark", "\xef\xbb", "! line 1: no text, just bytes"},
		{"erased memory", strings.Repeat("\xff", 512), "! line 1: no text, just bytes"},
		{"a mark alone", bom, "! line 1: empty file"},
		{"a wide mark alone", "\xfe\xff", "! line 1: empty file"},
		{"erased memory behind a card", a + "\xff\xff\xff", "FN:ä\n! line 5: a line outside of\n! line 5: neither UTF-8 nor a"},
		{"NULs behind a card", a + "\x00\x00", "FN:ä\n! line 5: a line outside of"},
	})
}

// Files put together that have no line end at their own ends: END and BEGIN are
// one line then, and the first of one isn't more of the other.
func TestReadingGluedFiles(t *testing.T) {
	if n := glued(strings.Repeat("END:VCARD"+bom, 6)); n != 0 {
		t.Errorf("a long line of ENDs is parted at %d: that takes the square of its length", n)
	}
	cut := func(s string) string { return strings.TrimRight(s, "\r\n") }
	a, b, c := cut(v30("FN:a\r\n")), cut(v30("FN:b\r\n")), cut(v30("FN:c\r\n"))
	e, f := cut(v2("", "SUMMARY:e\r\n")), strings.Replace(cut(v2("", "SUMMARY:f\r\n")), "UID:a", "UID:f", 1)
	n := "BEGIN:VNOTE\r\nVERSION:1.1\r\nBODY:n\r\nEND:VNOTE"
	checkReading(t, []readingRule{
		{"cards", a + b + c, "FN:a\nFN:b\nFN:c"},
		{"cards with marks", bom + a + bom + b + bom + c + "\r\n", "FN:a\nFN:b\nFN:c"},
		{"lower case", strings.ToLower(a) + b, "FN:a\nFN:b"},
		{"calendars", e + f, "UID:a | SUMMARY:e\nUID:f | SUMMARY:f"},
		{"calendars with marks", bom + e + bom + f, "UID:a | SUMMARY:e\nUID:f | SUMMARY:f"},
		{"notes", n + n, "BODY:n\nBODY:n"},
		{"a card and a calendar", a + e, "FN:a\nUID:a | SUMMARY:e"},
		{"a calendar and a card", e + a, "UID:a | SUMMARY:e\nFN:a"},
		{"a card in a card", cut(v30("N:p\r\n"+a+b+"\r\n")) + c, "N:p | vcard:1/FN:a | vcard:2/FN:b\nFN:c\n! line 4: VCARD within another VCARD,\n! line 7: VCARD within another VCARD,"},
		{"a mark and nothing behind it", a + bom + "\r\n" + b, "FN:a\nFN:b"},
		{"after a soft line break", cut(v21("NOTE;ENCODING=QUOTED-PRINTABLE:x=\r\n")) + b, "NOTE:x\nFN:b"},
		{"the second cut off", a + cut(bare("FN:b"))[:17], "FN:a\nFN:b (torn)\n! line 4: VCARD without END at"},
		{"no such card is open", "END:VCARD" + b, "FN:b\n! line 1: END:VCARD without BEGIN: it"},
	})
}

func TestReadingLineEnds(t *testing.T) {
	four := "BEGIN:VCARD\nVERSION:3.0\nFN:a\nNOTE:b\n c\nEND:VCARD\n"
	with := func(eol string) string { return strings.ReplaceAll(four, "\n", eol) }
	checkReading(t, []readingRule{
		{"CRLF", with("\r\n"), "FN:a | NOTE:bc"},
		{"LF", with("\n"), "FN:a | NOTE:bc"},
		{"CR alone", with("\r"), "FN:a | NOTE:bc"},
		{"mixed in one file", "BEGIN:VCARD\rVERSION:3.0\nFN:a\r\nNOTE:b\r c\nEND:VCARD\r", "FN:a | NOTE:bc"},
		{"CRs alone in base64", v21("PHOTO;ENCODING=BASE64:\rAAAA\rBBBB\r\nFN:a\r\n"), "PHOTO;ENCODING=BASE64:AAAABBBB | FN:a"},
		{"blank lines in base64", v30("PHOTO;ENCODING=b:AAAA\r\n BBBB\r\n\r\n CCCC\r\nFN:a\r\n"), "PHOTO;ENCODING=b:AAAABBBBCCCC | FN:a"},
		{"blank lines behind base64 that is padded", v30("PHOTO;ENCODING=b:AAAA\r\n BB==\r\n\r\n CCCC\r\nFN:a\r\n"), "PHOTO;ENCODING=b:AAAABB== | FN:a\n! line 6: not a content line:"},
	})
}

func TestReadingFolds(t *testing.T) {
	checkReading(t, []readingRule{
		{"on bytes, before the charset", v30("FN:\xc3\r\n \xa4\r\n"), "FN:ä"},
		{"on bytes, in a labelled line", v21("FN;CHARSET=UTF-8:\xe2\x82\r\n \xac\r\n"), "FN:€"},
		{"a blank", v30("FN:a\r\n b\r\n"), "FN:ab"},
		{"a tab", v30("FN:a\r\n\tb\r\n"), "FN:ab"},
		{"one blank alone", v30("FN:a\r\n  b\r\n"), "FN:a b"},
		{"quoted-printable ends in =", v21("FN;ENCODING=QUOTED-PRINTABLE:a=\r\nb=3D\r\n"), "FN:ab="},
		{"and its next line begins with data", v21("FN;ENCODING=QUOTED-PRINTABLE:a=\r\n b\r\n"), "FN:a b"},
		{"and may look like a property", v21("NOTE;ENCODING=QUOTED-PRINTABLE:a=\r\nTEL:1\r\nFN:b\r\n"), "NOTE:aTEL:1 | FN:b"},
		{"= at the end of other lines", v30("NOTE:a=\r\nFN:b\r\n"), "NOTE:a= | FN:b"},
		{"base64 up to a blank line", v21("PHOTO;ENCODING=BASE64:AAAA\r\nBBBB\r\n\r\nFN:a\r\n"), "PHOTO;ENCODING=BASE64:AAAABBBB | FN:a"},
		{"base64 up to a property", v21("PHOTO;BASE64:AAAA\r\nBBBB\r\nTEL;HOME:1\r\n"), "PHOTO;ENCODING=BASE64:AAAABBBB | TEL;TYPE=HOME:1"},
		{"base64 up to END", v21("PHOTO;BASE64:AAAA\r\nBBBB\r\n"), "PHOTO;ENCODING=BASE64:AAAABBBB"},
	})
}

func TestReadingHeads(t *testing.T) {
	checkReading(t, []readingRule{
		{"the first colon outside quotes", v40("ADR;LABEL=\"a:b\":;;c:d\r\n"), "ADR;LABEL=\"a:b\":;;c:d"},
		{"none outside quotes: the first", v40("ADR;LABEL=\"a:;;b\r\n"), "ADR;LABEL=a:;;b"},
		{"quotes in the value", v30("NOTE:say \"a:b\"\r\n"), "NOTE:say \"a:b\""},
		{"parameters at semicolons outside quotes", v40("ADR;LABEL=\"a;b\";TYPE=home:;;c\r\n"), "ADR;LABEL=\"a;b\";TYPE=home:;;c"},
		{"values at commas outside quotes", v40("TEL;TYPE=home,\"a,b\":1\r\n"), "TEL;TYPE=home,\"a,b\":1"},
		{"bare QUOTED-PRINTABLE", v21("FN;QUOTED-PRINTABLE:=41\r\n"), "FN:A"},
		{"bare quoted-printable in lower case", v21("FN;quoted-printable:=41\r\n"), "FN:A"},
		{"bare BASE64", v21("KEY;BASE64:AAAA\r\n"), "KEY;ENCODING=BASE64:AAAA"},
		{"bare B", v21("KEY;B:AAAA\r\n"), "KEY;ENCODING=B:AAAA"},
		{"bare 8BIT and 7BIT", v21("FN;8BIT:a=41\r\nNOTE;7BIT:a=41\r\n"), "FN:a=41 | NOTE:a=41"},
		{"bare URL", v21("PHOTO;URL:http://a/b\\,c\r\n"), "PHOTO;VALUE=URL:http://a/b\\,c"},
		{"bare INLINE", v21("PHOTO;INLINE;BASE64:AAAA\r\n"), "PHOTO;VALUE=INLINE;ENCODING=BASE64:AAAA"},
		{"bare CID", v21("PHOTO;CID:<a@b>\r\n"), "PHOTO;VALUE=CID:<a@b>"},
		{"anything else bare is a type", v21("TEL;HOME;X-FOO:1\r\n"), "TEL;TYPE=HOME;TYPE=X-FOO:1"},
		{"Samsung's label is one bare type", v21("TEL;X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=C3=84);PREF:1\r\n"), "TEL;TYPE=\"X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=C3=84)\";TYPE=PREF:1"},
	})
	for _, tt := range []struct{ name, line, want string }{
		{"Samsung's label", "TEL;X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=C3=84pfel):1\r\n", "phone (äpfel)"},
		{"Samsung's plain label", "TEL;X-CUSTOM(Boat):1\r\n", "phone (boat)"},
		{"Android's label", "TEL;X-Boat:1\r\n", "phone (boat)"},
	} {
		fields := Contacts.Describe([]byte(v21("FN:a\r\n"+tt.line)), time.Time{}, time.UTC)
		if len(fields) != 1 || fields[0].Label != tt.want {
			t.Errorf("%s: got %+v, want %q", tt.name, fields, tt.want)
		}
	}
}

// Splitting comes before unescaping, and what is escaped how depends on version
// and property: what is equal is one content.
func TestReadingEscapes(t *testing.T) {
	checkReading(t, []readingRule{
		{"3.0 text", v30(`NOTE:\\ \, \; \n \N \: \x` + "\r\n"), "NOTE:\\ , ; \n \n : \\x"},
		{"4.0 text", v40(`NOTE:\\ \, \; \n \N \: \x` + "\r\n"), "NOTE:\\ , ; \n \n : \\x"},
		{"iCalendar text", v2("", `DESCRIPTION:\\ \, \; \n \N \: \x`+"\r\n"), "UID:a | DESCRIPTION:\\ , ; \n \n : \\x"},
		{"an escaped backslash before n", v30(`NOTE:C:\\new` + "\r\n"), `NOTE:C:\new`},
		{"2.1 text has none", v21(`NOTE:\\ \, \; \n \N \:` + "\r\n"), `NOTE:\\ \, \; \n \N \:`},
		{"vCalendar text has none", v1("", `SUMMARY:C:\new\, x`+"\r\n"), `UID:a | SUMMARY:C:\new\, x`},
		{"a URI is no text", v30(`URL:http://a/\,b\;c\\n` + "\r\n"), `URL:http://a/\,b\;c\\n`},
		{"an ATTACH is no text", v2("", `ATTACH:file:///C:\\new`+"\r\n"), `UID:a | ATTACH:file:///C:\\new`},
		{"VALUE=uri is no text", v40(`NOTE;VALUE=uri:http://a/\,` + "\r\n"), `NOTE;VALUE=uri:http://a/\,`},
		{"VALUE=text is text", v40(`BDAY;VALUE=text:circa 1800\, or so` + "\r\n"), `BDAY;VALUE=text:circa 1800, or so`},
	})
	parts := func(d Dialect, name, value string) string {
		text := parse("BEGIN:VCARD\r\n" + name + ":" + value + "\r\nEND:VCARD\r\n")
		m := modernise(&text.Lines[0], d)
		sep := byte(';')
		if kindOf(d.card(), m.name, m.params) == kindList {
			sep = ','
		}
		var out []string
		for _, p := range splitEscaped(m.value, sep) {
			out = append(out, unescapeText(p))
		}
		return strings.Join(out, "|")
	}
	for _, tt := range []struct {
		name        string
		d           Dialect
		line, value string
		want        string
	}{
		{"2.1 name", VCard21, "N", `a\;b;c\d;e\\;f\,g`, `a;b|c\d|e\|f\,g`},
		{"2.1 address", VCard21, "ADR", `;;a\;b, c;d\n`, `||a;b, c|d\n`},
		{"2.1 organisation", VCard21, "ORG", `a\;b;c`, `a;b|c`},
		{"3.0 name", VCard30, "N", `a\;b;c\,d;e\\;f`, `a;b|c,d|e\|f`},
		{"3.0 address", VCard30, "ADR", `;;a\;b\nc;d`, "||a;b\nc|d"},
		{"3.0 organisation", VCard30, "ORG", `a\;b;c`, `a;b|c`},
		{"4.0 gender", VCard40, "GENDER", `O;a\;b`, `O|a;b`},
		{"4.0 client", VCard40, "CLIENTPIDMAP", `1;urn:uuid:a`, `1|urn:uuid:a`},
		{"categories", VCard30, "CATEGORIES", `a\,b,c\\,d`, `a,b|c\|d`},
		{"nicknames", VCard40, "NICKNAME", `a\,b,c;d`, `a,b|c;d`},
		{"resources", ICalendar2, "RESOURCES", `a\,b,c`, `a,b|c`},
		{"2.1 categories", VCard21, "CATEGORIES", `a,b\x`, `a|b\x`},
		{"vCalendar categories", VCalendar1, "CATEGORIES", `a;b\;c`, `a|b;c`},
	} {
		if got := parts(tt.d, tt.line, tt.value); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	for _, tt := range []struct{ name, value, want string }{
		{"exceptions at commas", "20260102T100000,20260103T100000", "20260102T100000 20260103T100000"},
		{"exceptions at semicolons", "20260102T100000;20260103T100000", "20260102T100000 20260103T100000"},
	} {
		text := parse("EXDATE:" + tt.value + "\r\nRDATE:" + tt.value + "\r\n")
		for i := range text.Lines {
			m := modernise(&text.Lines[i], ICalendar2)
			if got := strings.Join(dateList(m.value), " "); got != tt.want {
				t.Errorf("%s of %s: got %q, want %q", tt.name, m.name, got, tt.want)
			}
		}
	}
}

func TestReadingCardRepair(t *testing.T) {
	checkReading(t, []readingRule{
		{"no VERSION, quoted-printable: 2.1", bare("NOTE;ENCODING=QUOTED-PRINTABLE:a\\,b\r\n"), `NOTE:a\,b`},
		{"no VERSION, bare parameters: 2.1", bare("TEL;HOME:1\r\nNOTE:a\\,b\r\n"), `TEL;TYPE=HOME:1 | NOTE:a\,b`},
		{"no VERSION, neither: 3.0", bare("TEL;TYPE=HOME:1\r\nNOTE:a\\,b\r\n"), `TEL;TYPE=HOME:1 | NOTE:a,b`},
		{"VERSION not in front", bare("NOTE:a\\nb\r\nVERSION:2.1\r\n"), `NOTE:a\nb`},
		{"END missing: up to the next BEGIN", "BEGIN:VCARD\r\nFN:a\r\n" + bare("FN:b\r\n"), "FN:a (torn)\nFN:b\n! line 1: VCARD without END: taken"},
		{"END missing: up to the end", "BEGIN:VCARD\r\nFN:a\r\n", "FN:a (torn)\n! line 1: VCARD without END at"},
		{"END cut off", "BEGIN:VCARD\r\nFN:a\r\nEND:VCA", "FN:a (torn)\n! line 3: END:VCA without BEGIN: it\n! line 1: VCARD without END at"},
		{"blanks behind BEGIN and END", "BEGIN:VCARD \t\r\nFN:a\r\nEND:VCARD \r\n", "FN:a"},
		{"blanks before BEGIN and END", " BEGIN:VCARD\r\nFN:a\r\nEND: VCARD\r\n", "FN:a"},
		{"BEGIN in lower case", "begin:vcard\r\nfn:a\r\nend:vcard\r\n", "FN:a"},
		{"several FN and N are all kept", v30("FN:a\r\nFN:b\r\nN:c\r\nN:d\r\n"), "FN:a | FN:b | N:c | N:d"},
	})
	for _, tt := range []struct{ name, lines, want string }{
		{"the first FN counts", "FN:a\r\nFN:b\r\n", "a"},
		{"the first N counts", "N:c;d\r\nN:e\r\n", "d c"},
		{"an empty FN is none", "FN:\r\nN:c;d\r\n", "d c"},
		{"an empty first N is none", "N:;;;;\r\nN:c;d\r\n", "d c"},
		{"FN missing: of N", "N:Last;First;Middle;Dr.;MD\r\nORG:o\r\n", "Dr. First Middle Last MD"},
		{"N missing: of ORG", "ORG:o;unit\r\nEMAIL:e@x\r\nTEL:1\r\n", "o, unit"},
		{"an empty first ORG is none", "ORG:;\r\nORG:o\r\nEMAIL:e@x\r\n", "o"},
		{"ORG missing: of EMAIL", "TEL:1\r\nEMAIL:e@x\r\n", "e@x"},
		{"EMAIL missing: of TEL", "N:;;;;\r\nTEL:1\r\n", "1"},
	} {
		text := v30(tt.lines)
		item := mustNew(t, Contacts, text)
		if got := Contacts.Summary(item); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
		if Contacts.UID(item) != "" || string(Contacts.Text(item)) != text {
			t.Errorf("%s: a UID was made up, or the text changed: %q", tt.name, Contacts.Text(item))
		}
	}
}

func TestReadingCalendarRepair(t *testing.T) {
	event := func(uid, lines string) string {
		return "BEGIN:VEVENT\r\nUID:" + uid + "\r\n" + lines + "END:VEVENT\r\n"
	}
	x := event("a", "SUMMARY:x\r\n")
	checkReading(t, []readingRule{
		{"no wrapper, one entry", x, "UID:a | SUMMARY:x"},
		{"no wrapper, several", x + event("b", "SUMMARY:y\r\n"), "UID:a | SUMMARY:x\nUID:b | SUMMARY:y"},
		{"several VCALENDARs", calendar(x) + calendar(event("b", "SUMMARY:y\r\n")), "UID:a | SUMMARY:x\nUID:b | SUMMARY:y"},
		{"unknown components are kept", calendar("BEGIN:VEVENT\r\nUID:a\r\nBEGIN:X-FOO\r\nX-A:1\r\nEND:X-FOO\r\nEND:VEVENT\r\n"), "UID:a | x-foo:1/X-A:1"},
		{"a broken line is told, the rest used", calendar(event("a", "broken\r\nSUMMARY:x\r\n")), "UID:a | SUMMARY:x\n! line 6: not a content line:"},
		{"a broken entry is told, the rest used", calendar("BEGIN:VEVENT\r\nUID:b\r\n" + x), "UID:b (torn)\nUID:a | SUMMARY:x\n! line 4: VEVENT without END: taken"},
		{"no END of the wrapper", strings.TrimSuffix(calendar(x), "END:VCALENDAR\r\n"), "UID:a | SUMMARY:x\n! line 1: VCALENDAR without END at"},
		{"a card in a calendar", calendar(x + bare("FN:c\r\n")), "UID:a | SUMMARY:x\nFN:c"},
		{"cards in a calendar that says something", calendar("X-WR-CALNAME:n\r\n" + bare("FN:c\r\n")), "FN:c\n! line 1: calendar without an entry:"},
		{"an END that says more", "END:VCALENDAR to be\r\n" + bare("FN:c\r\n"), "FN:c\n! line 1: a line outside of"},
		{"a BEGIN that says more", "BEGIN:VCAL: to be\r\n" + bare("FN:c\r\n"), "FN:c\n! line 1: a line outside of"},
		{"a card without END in a calendar", calendar("BEGIN:VCARD\r\nFN:b\r\n" + bare("FN:c\r\n") + x), "FN:b (torn)\nFN:c\nUID:a | SUMMARY:x\n! line 4: VCARD without END: taken"},
		{"a BEGIN that is none", "\x00BEGIN:VCARD\r\nFN:b\r\nEND:VCARD\r\n" + bare("FN:c\r\n"), "FN:c\n! line 3: END:VCARD without BEGIN: the\n! line 1: 2 lines outside of"},
		{"a name cut off", "BEGIN:VC\r\n" + bare("FN:c\r\n"), "FN:c\n! line 1: a line outside of"},
		{"an entry's name cut off", calendar("BEGIN:VEV\r\n" + x), "UID:a | SUMMARY:x\n! line 4: BEGIN without a whole"},
		{"overrides in front of their master", calendar(event("s", "RECURRENCE-ID:20260102\r\nSUMMARY:o\r\n") + x + event("s", "SUMMARY:m\r\n")),
			"override:20260102/UID:s | override:20260102/RECURRENCE-ID:20260102 | override:20260102/SUMMARY:o | UID:s | SUMMARY:m\nUID:a | SUMMARY:x"},
		{"an override without a master", calendar(event("s", "RECURRENCE-ID:20260102\r\nSUMMARY:o\r\n")),
			"override:20260102/UID:s | override:20260102/RECURRENCE-ID:20260102 | override:20260102/SUMMARY:o"},
	})
}

// One row for each form of vCalendar 1.0 that iCalendar has otherwise: what it is
// converted to, and that the text stays in its dialect.
func TestReadingVCalendar1(t *testing.T) {
	const start = "DTSTART:20260601T100000\r\n"
	for _, tt := range []struct{ name, lines, want string }{
		{"quoted-printable and CHARSET", "SUMMARY;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:=E4=0D=0Ab\r\n", `SUMMARY:ä\nb`},
		{"DALARM", start + "DALARM:20260601T094500;;;Go\r\n", "ACTION:DISPLAY"},
		{"AALARM", start + "AALARM:20260601T094500;;;\r\n", "ACTION:AUDIO"},
		{"MALARM", start + "MALARM:20260601T094500;;;a@example.org;Go\r\n", "ACTION:EMAIL"},
		{"PALARM", start + "PALARM:20260601T094500;;;file:///bin/true\r\n", "ACTION:PROCEDURE"},
		{"EXDATE at semicolons", start + "EXDATE:20260602T100000;20260603T100000\r\n", "EXDATE:20260602T100000,20260603T100000"},
		{"D1 #10", start + "RRULE:D1 #10\r\n", "RRULE:FREQ=DAILY;COUNT=10"},
		{"W2 MO WE and an end", start + "RRULE:W2 MO WE 20261231T000000\r\n", "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20261231T000000"},
		{"MP1 1+ MO #12", start + "RRULE:MP1 1+ MO #12\r\n", "RRULE:FREQ=MONTHLY;BYDAY=1MO;COUNT=12"},
		{"MD1 15", start + "RRULE:MD1 15\r\n", "RRULE:FREQ=MONTHLY;BYMONTHDAY=15;COUNT=2"},
		{"YM1 6", start + "RRULE:YM1 6\r\n", "RRULE:FREQ=YEARLY;BYMONTH=6;COUNT=2"},
		{"YD1", start + "RRULE:YD1\r\n", "RRULE:FREQ=YEARLY;COUNT=2"},
		{"a rule in lower case", start + "RRULE:d1 #10\r\n", "RRULE:FREQ=DAILY;COUNT=10"},
		{"STATUS", "STATUS:NEEDS ACTION\r\n", "STATUS:NEEDS-ACTION"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := v1("", tt.lines)
			item := mustNew(t, Events, text)
			if d := Events.Dialect(item); d != VCalendar1 || string(Events.Text(item)) != text {
				t.Errorf("kept as %s: %q", d, Events.Text(item))
			}
			to, err := Events.Convert(item, ICalendar2)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.ReplaceAll(string(Events.Text(to)), "\r\n ", ""); !strings.Contains(got, "\r\n"+tt.want+"\r\n") {
				t.Errorf("got %q, want the line %q", got, tt.want)
			}
		})
	}
	item := mustNew(t, Events, v1("TZ:+01\r\nDAYLIGHT:TRUE;+02;20260329T020000;20261025T030000;;\r\n", start))
	to, err := Events.Convert(item, ICalendar2)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"BEGIN:VTIMEZONE\r\n", "TZOFFSETTO:+0200\r\n", "DTSTART;TZID=X-CRADLE-TZ"} {
		if !strings.Contains(string(Events.Text(to)), want) {
			t.Errorf("TZ and DAYLIGHT: no %q in %q", want, Events.Text(to))
		}
	}
}

// The limits themselves; what is beyond is set aside and told (TestLongLine,
// TestParseNesting, TestReadManyObjects), and the rest used.
func TestReadingLimits(t *testing.T) {
	if MaxLine != 16<<20 || MaxDepth != 64 || MaxObjects != 100_000 {
		t.Errorf("limits: %d bytes, %d levels, %d objects", MaxLine, MaxDepth, MaxObjects)
	}
	nested := func(levels int) string { // VCALENDAR and VEVENT are two
		return calendar("BEGIN:VEVENT\r\nUID:deep\r\n" + strings.Repeat("BEGIN:X-A\r\n", levels-2) + strings.Repeat("END:X-A\r\n", levels-2) + "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\n")
	}
	checkReading(t, []readingRule{
		{"64 levels", nested(64), "UID:deep\nUID:a"},
		{"65 levels", nested(65), "UID:a\n! line 68: VEVENT left out for"},
	})
}
