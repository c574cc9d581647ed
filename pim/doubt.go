package pim

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"cradle/pim/recur"
)

// What problems say of what was kept.
const (
	beyondLimits = " left out for " // longLine or deepNest
	longLine     = "a line of more than 16 MiB: let its program save it with a smaller picture, or with folded lines"
	deepNest     = "components nested more than 64 deep"
	cutOff       = " without END at the end of the file, perhaps cut off: what is there was kept"
)

// outside lists the lines of a text that stand in no card, calendar or entry,
// those that follow each other as one.
func outside(t *Text) []Problem {
	var out []Problem
	n, end := 0, 0
	for i := range t.Lines {
		l := &t.Lines[i]
		if l.Component != 0 || l.stray {
			continue
		}
		if n > 0 && strings.TrimSpace(t.Source[end:l.Start]) == "" {
			n++
		} else {
			n = 1
			out = append(out, Problem{Offset: l.Start, Line: l.Number})
		}
		end = l.End
		out[len(out)-1].What = "a line outside of any card or entry left out"
		if n > 1 {
			out[len(out)-1].What = fmt.Sprintf("%d lines outside of any card or entry left out", n)
		}
	}
	return out
}

const utf32 = "UTF-32: save it as UTF-8 first"

// looksLike says what else a file may be.
func looksLike(data []byte) string {
	data = bytes.TrimLeft(data, " \t\r\n\ufeff")
	for _, k := range []struct{ begin, is string }{
		{"<", "a web page or XML"}, {"{", "JSON"}, {"[", "JSON"}, {"%PDF", "a PDF"}, {"PK\x03\x04", "a ZIP archive: unpack it first"},
		{"\x1f\x8b", "a gzip archive: unpack it first"}, {"\xff\xd8\xff", "a picture"}, {"\x89PNG", "a picture"}, {"SQLite format 3", "a database"},
		{"\xff\xfe\x00\x00", utf32}, {"\x00\x00\xfe\xff", utf32},
	} {
		if bytes.HasPrefix(data, []byte(k.begin)) {
			return "; it looks like " + k.is
		}
	}
	return ""
}

// Doubts lists what the object says that nothing can be made of, or that was
// guessed: times and rules that are none, zones that nobody knows, a CHARSET
// without a meaning. All of it is kept as it stands. Lines are those of the file,
// as far as the object stands in one piece there.
func (o *Object) Doubts() []Problem {
	ps := parsers.Get().(*parser)
	defer parsers.Put(ps)
	p := parsed{t: ps.parse(string(o.Text)), kind: o.Kind}
	if p.locate() != nil {
		return nil
	}
	d := doubter{parsed: &p, zones: map[string]bool{}}
	first := p.main
	if len(p.overrides) > 0 && (first == 0 || p.overrides[0] < first) {
		first = p.overrides[0]
	}
	begin := &p.t.Components[first]
	for i := range p.t.Lines {
		l := &p.t.Lines[i]
		if l.Junk || o.Kind != Contacts && l.Component != p.main && !slices.Contains(p.overrides, l.Component) {
			continue
		}
		d.at = o.Line
		if l.Start > begin.Start && l.Start < begin.End {
			d.at = o.Line + l.Number - begin.Number
		}
		d.look(l)
		if (l.Name == "DTEND" || l.Name == "DUE") && o.Kind != Contacts {
			d.order(l)
		}
	}
	return d.out
}

type doubter struct {
	*parsed
	zones map[string]bool // that were looked for
	at    int             // of the line that is looked at
	out   []Problem
}

// maxDoubts is how many of one object are told.
const maxDoubts = 10

func (d *doubter) add(format string, args ...any) {
	if len(d.out) < maxDoubts {
		d.out = append(d.out, Problem{Line: d.at, What: fmt.Sprintf(format, args...)})
	}
}

// order looks whether an end is before its start, where both are said in the same way.
func (d *doubter) order(end *Line) {
	start := d.line(end.Component, "DTSTART")
	if start == nil || start.Param("TZID") != end.Param("TZID") {
		return
	}
	a, err := recur.ParseStamp(start.RawValue, nil)
	b, err2 := recur.ParseStamp(end.RawValue, nil)
	if err == nil && err2 == nil && a.Date == b.Date && a.Zone == b.Zone && b.Wall.Before(a.Wall) {
		d.add("%s is before DTSTART: kept as it stands", end.Name)
	}
}

func (d *doubter) look(l *Line) {
	if c := l.Param("CHARSET"); c != "" {
		v := l.RawValue
		if l.qp {
			v = unquotePrintable(v)
		}
		if _, guessed := decodeCharset(v, c); guessed {
			if charsetNamed(c) != nil {
				d.add("%s: isn't all in its CHARSET %q: what isn't is read as Windows-1252, kept as it stands", l.Name, clip(c))
			} else {
				d.add("%s: nobody knows the CHARSET %q: read as Windows-1252, kept as it stands", l.Name, clip(c))
			}
		}
	}
	if d.kind.card() {
		if l.Name == "PHOTO" && lineEncoding(l.Params) == encBase64 && l.RawValue != "" {
			if _, _, ok := sumBase64(squeeze(l.RawValue)); !ok && !hasFold(l.RawValue, "data:") {
				d.add("PHOTO: not base64, so no picture is shown; kept as it stands")
			}
		}
		return
	}
	if id := l.Param("TZID"); id != "" && !d.zones[id] {
		d.zones[id] = true
		if _, ok := recur.LoadZone(id); !ok && d.zone(id) == 0 {
			d.add("%s: nobody knows the time zone %q: its times are taken as the clock of the place where you are", l.Name, clip(id))
		}
	}
	switch l.Name {
	case "RRULE", "EXRULE":
		if _, err := recur.ParseRules(modernise(l, d.d).value); err != nil {
			d.add("%s is left out of account, and kept as it stands: %v", l.Name, err)
		}
	case "DTSTART", "DTEND", "DUE", "RECURRENCE-ID", "EXDATE":
		for _, v := range dateList(modernise(l, d.d).value) {
			if _, err := recur.ParseStamp(v, nil); err != nil {
				d.add("%s is left out of account, and kept as it stands: %v", l.Name, err)
			}
		}
	}
}
