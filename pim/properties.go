package pim

import (
	"strconv"
	"strings"
	"sync"
)

// Property is one content line as a row. BEGIN and END are none.
type Property struct {
	Pos int // its number in the text, from 1
	// Component is "" for the card, the note or the master of a series;
	// "calendar" for the lines around it, else "alarm:N",
	// "override:RECURRENCE-ID", "override:RECURRENCE-ID/alarm:N",
	// "timezone:TZID", "timezone:TZID/standard:N" and, for components without a
	// name of their own here, their name in lower case and number.
	Component string
	Group     string // "item1"
	Name      string // upper case
	Params    string // TYPE=home;LANGUAGE=de, without CHARSET and quoted-printable
	// Value is decoded: unfolded, UTF-8, quoted-printable undone, and the
	// escapes of a single text undone too. Values of several parts (N, ADR, ORG,
	// CATEGORIES) keep theirs, base64 stays base64.
	Value string
}

// Properties shows an object's text as rows, in the order of the text.
func Properties(text []byte) []Property {
	src, _ := sourceText(text)
	p := parsers.Get().(*parser)
	defer parsers.Put(p)
	return rowsOf(p.parse(src)).properties()
}

// parsers are for texts that nobody keeps. A store asks for the rows of thousands
// of items.
var parsers = sync.Pool{New: func() any { return new(parser) }}

// rows is a text with the names of its components.
type rows struct {
	*Text
	kind  *Kind
	d     Dialect
	main  int
	paths []string // by component; a stray one has none
	known []bool
	lines []int // indexes of Text.Lines that are rows
}

func parseRows(src string) *rows { return rowsOf(parse(src)) }

func rowsOf(t *Text) *rows {
	r := &rows{Text: t}
	r.paths = make([]string, len(t.Components))
	r.known = make([]bool, len(t.Components))
	r.findMain()
	ids := map[string]int{}
	if len(t.Components) > 1 && r.d != VNote11 && !r.kind.card() && !r.wrapped() {
		r.paths[0], r.known[0] = "calendar", true // lines around bare entries
	}
	for i := 1; i < len(t.Components); i++ {
		r.name(i, ids)
	}
	for i := range t.Lines {
		if l := &t.Lines[i]; !l.Junk && r.known[l.Component] {
			r.lines = append(r.lines, i)
		}
	}
	return r
}

// wrapped reports whether there is a VCALENDAR.
func (r *rows) wrapped() bool {
	for i := range r.Components {
		if c := &r.Components[i]; c.Name == "VCALENDAR" && c.Parent == 0 {
			return true
		}
	}
	return false
}

// findMain finds the card, the note, or the master of the first series.
func (r *rows) findMain() {
	t := r.Text
	var wrappers []int
	first := 0
	for i := 1; i < len(t.Components) && r.main == 0; i++ {
		c := &t.Components[i]
		in := t.Components[c.Parent].Name
		switch {
		case c.Parent == 0 && (c.Name == "VCARD" || c.Name == "VNOTE"):
			r.main, r.kind = i, kindOfComponent(c.Name)
			if c.Name == "VCARD" {
				r.d = cardDialect(t, i)
			} else {
				r.d = VNote11
			}
			return
		case c.Parent == 0 && c.Name == "VCALENDAR":
			wrappers = append(wrappers, i)
		case (c.Parent == 0 || in == "VCALENDAR") && isEntry(c.Name):
			if first == 0 {
				first = i
				r.kind = kindOfComponent(c.Name)
			}
			p := parsed{t: t, kind: r.kind, d: ICalendar2}
			if kindOfComponent(c.Name) == r.kind && p.line(i, "RECURRENCE-ID") == nil {
				r.main = i
			}
		}
	}
	r.d = calendarDialect(t, wrappers)
	if r.kind == nil {
		r.kind = Events
	}
}

// name gives component i its path.
func (r *rows) name(i int, ids map[string]int) {
	t := r.Text
	c := &t.Components[i]
	p := parsed{t: t, kind: r.kind, d: r.d}
	top := c.Parent == 0 || t.Components[c.Parent].Name == "VCALENDAR" && t.Components[c.Parent].Parent == 0
	path, numbered := "", true
	switch {
	case i == r.main:
	case c.Name == "VCALENDAR" && c.Parent == 0:
		r.paths[i], r.known[i] = "calendar", true
		return
	case !r.kind.card() && top && r.kind.holds(c.Name):
		numbered = false
		path = "override:" + strings.TrimSpace(p.lineValue(i, "RECURRENCE-ID"))
	case !r.kind.card() && top && c.Name == "VTIMEZONE":
		numbered = false
		path = "timezone:" + p.zoneID(i)
	case top && c.Parent != 0 && r.known[c.Parent]:
		path = "calendar/" + strings.ToLower(c.Name)
	case top && c.Parent == 0 && !r.kind.card():
		path = "calendar/" + strings.ToLower(c.Name)
	case r.known[c.Parent]:
		parent := r.paths[c.Parent]
		if parent != "" {
			parent += "/"
		}
		path = parent + strings.TrimPrefix(strings.ToLower(c.Name), "v")
		if c.Name != "VALARM" {
			path = parent + strings.ToLower(c.Name)
		}
	default:
		return
	}
	r.known[i] = true
	if path == "" {
		return
	}
	ids[path]++
	n := ids[path]
	switch {
	case numbered:
		path += ":" + strconv.Itoa(n)
	case n > 1:
		path += "#" + strconv.Itoa(n)
	}
	r.paths[i] = path
}

func (r *rows) properties() []Property {
	out := make([]Property, len(r.lines))
	for n, i := range r.lines {
		out[n] = r.property(&r.Lines[i], n+1)
	}
	return out
}

// property is a line as a row.
func (r *rows) property(l *Line, pos int) Property {
	p := Property{Pos: pos, Component: r.paths[l.Component], Group: l.Group, Name: l.Name}
	charset, enc := l.Param("CHARSET"), lineEncoding(l.Params)
	if len(l.Params) > 0 {
		var b []byte
		for _, q := range l.Params {
			if q.Name == "CHARSET" || q.Name == "ENCODING" && enc != encBase64 && knownEncoding(q) {
				continue
			}
			if len(b) > 0 {
				b = append(b, ';')
			}
			b = append(b, q.Name...)
			b = append(b, '=')
			vs := q.Values
			for _, v := range vs {
				if !isUTF8(v) {
					vs = decodeParams([]Param{q}, charset)[0].Values
					break
				}
			}
			b = append(b, joinParamValues(vs)...)
		}
		p.Params = string(b)
	}
	v := l.RawValue
	switch enc {
	case encBase64:
		p.Value = squeeze(v)
		return p
	case encQP:
		v = unquotePrintable(v)
		if strings.IndexByte(v, '\r') >= 0 {
			v = strings.ReplaceAll(v, "\r\n", "\n")
			v = strings.ReplaceAll(v, "\r", "\n")
		}
	}
	if charset != "" || !isASCII(v) {
		v, _ = decodeCharset(v, charset)
	}
	if !r.d.old() && kindOf(r.kind.card(), commonName(l.Name, r.d), l.Params) == kindText {
		v = unescapeText(v)
	}
	p.Value = v
	return p
}
