package pim

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// foldAt is the longest physical line written, in bytes without the line end.
const foldAt = 75

// appendFolded appends an unfolded line with its line end, folded at 75 octets
// and never inside a UTF-8 sequence.
func appendFolded(b []byte, line, eol string) []byte {
	limit := foldAt
	for len(line) > limit {
		n := limit
		for n > limit-utf8.UTFMax && !utf8.RuneStart(line[n]) {
			n--
		}
		if !utf8.RuneStart(line[n]) {
			n = limit // no UTF-8 anyway
		}
		b = append(b, line[:n]...)
		b = append(b, eol...)
		b = append(b, ' ')
		line, limit = line[n:], foldAt-1
	}
	b = append(b, line...)
	return append(b, eol...)
}

// appendLine writes a line in dialect d, folded, with its line end.
func appendLine(b []byte, m *modern, d Dialect, eol string) []byte {
	m = m.in(d)
	if d.old() {
		return appendOldLine(b, m, d, eol)
	}
	head := make([]byte, 0, 64)
	if m.group != "" {
		head = append(append(head, m.group...), '.')
	}
	head = append(head, m.name...)
	value := m.value
	media := m.binary && d.card() && mediaName(m.name)
	params := m.params
	if d.card() {
		params = cardParams(params, d)
	}
	if media {
		var kind string
		params, kind = splitMediaType(params, m.name)
		if d == VCard40 {
			value = "data:" + kind + ";base64," + value
		} else {
			head = append(head, ";ENCODING=b"...)
			if kind != "" {
				params = append(params, Param{Name: "TYPE", Values: []string{shortMediaType(kind, m.name)}})
			}
		}
	} else if m.binary {
		if d.card() {
			head = append(head, ";ENCODING=b"...)
		} else {
			head = append(head, ";ENCODING=BASE64"...)
		}
	}
	for _, p := range params {
		head = append(head, ';')
		head = append(head, p.Name...)
		head = append(head, '=')
		head = append(head, joinParamValuesIn(p.Values, d)...)
	}
	head = append(head, ':')
	return appendFolded(b, string(head)+value, eol)
}

// in is a line under the name and in the form that dialect d has for it: as it was
// where it comes from d.
func (m *modern) in(d Dialect) *modern {
	if m.from == d {
		if m.was != nil {
			as := *m.was
			as.group = m.group
			return &as
		}
		return m
	}
	name, date, transp := nameIn(m.name, d), d.card() && isCardDate(m.name), d == VCalendar1 && m.name == "TRANSP"
	if name == m.name && !date && !transp {
		return m
	}
	as := *m
	as.name = name
	switch {
	case date:
		as.value, as.params = dateIn(m, d)
	case transp && m.value == "OPAQUE": // numbers by vCalendar 1.0; its writers use either
		as.value = "0"
	case transp && m.value == "TRANSPARENT":
		as.value = "1"
	}
	return &as
}

// cardParams gives the preference and the types the form of the version: one
// TYPE with all types, PREF=1 in 4.0 and TYPE=PREF before.
func cardParams(ps []Param, d Dialect) []Param {
	out := make([]Param, 0, len(ps)+1)
	typeAt, pref := -1, false
	for _, p := range ps {
		switch {
		case p.Name == "TYPE":
			var vs []string
			for _, v := range typeWords(p.Values, d) {
				if v == "" {
					continue
				}
				if strings.EqualFold(v, "PREF") {
					pref = true
					continue
				}
				vs = append(vs, v)
			}
			if len(vs) == 0 {
				continue
			}
			if typeAt >= 0 {
				out[typeAt].Values = append(out[typeAt].Values, vs...) // its own slice, made above
				continue
			}
			typeAt = len(out)
			p.Values = vs
		case p.Name == "PREF" && len(p.Values) == 1 && p.Values[0] == "1":
			pref = true
			continue
		}
		p.Bare = false
		out = append(out, p)
	}
	if pref {
		switch {
		case d == VCard40:
			out = append(out, Param{Name: "PREF", Values: []string{"1"}})
		case typeAt >= 0:
			t := out[typeAt].Values
			out[typeAt].Values = append(t[:len(t):len(t)], "PREF")
		default:
			out = append(out, Param{Name: "TYPE", Values: []string{"PREF"}})
		}
	}
	return out
}

// typeWords are the types of a TYPE parameter. Before 4.0 the ones that stand in one pair
// of quotes (TYPE="voice,home") are parted: its readers know each by itself alone.
func typeWords(values []string, d Dialect) []string {
	if d == VCard40 || !slices.ContainsFunc(values, severalTypes) {
		return values
	}
	var out []string
	for _, v := range values {
		if !severalTypes(v) {
			out = append(out, v)
			continue
		}
		for w := range strings.SplitSeq(v, ",") {
			out = append(out, strings.Trim(w, " "))
		}
	}
	return out
}

// severalTypes reports a value of TYPE that is a list; a comma within parentheses
// belongs to a type.
func severalTypes(v string) bool {
	return strings.IndexByte(v, ',') >= 0 && strings.IndexByte(v, '(') < 0
}

// splitMediaType takes the media type out of TYPE and MEDIATYPE of inline data.
func splitMediaType(ps []Param, name string) (rest []Param, kind string) {
	for _, p := range ps {
		switch {
		case p.Name == "VALUE" && len(p.Values) > 0 && strings.EqualFold(p.Values[0], "BINARY"):
			continue
		case p.Name == "TYPE" || p.Name == "MEDIATYPE":
			var keep []string
			for _, v := range p.Values {
				if kind == "" && v != "" && !strings.ContainsAny(v, ",;\" ") && !strings.EqualFold(v, "PREF") {
					kind = v
					continue
				}
				keep = append(keep, v)
			}
			if len(keep) == 0 {
				continue
			}
			p.Values = keep
			p.Name = "TYPE"
		}
		rest = append(rest, p)
	}
	if kind != "" && !strings.Contains(kind, "/") {
		kind = mainType(name) + strings.ToLower(kind)
	}
	return rest, kind
}

// shortMediaType is the form of 2.1 and 3.0: JPEG for image/jpeg.
func shortMediaType(kind, name string) string {
	if s, ok := strings.CutPrefix(strings.ToLower(kind), mainType(name)); ok && s != "" && !strings.Contains(s, "/") {
		return strings.ToUpper(s)
	}
	return kind
}

// appendOldLine writes vCard 2.1, vCalendar 1.0 and VNOTE: types bare, UTF-8 as
// quoted-printable, base64 ended by an empty line.
func appendOldLine(b []byte, m *modern, d Dialect, eol string) []byte {
	name := m.name
	head := make([]byte, 0, 64)
	if m.group != "" {
		head = append(append(head, m.group...), '.')
	}
	head = append(head, name...)
	params := m.params
	if d.card() {
		params = cardParams(params, d)
	}
	if m.binary {
		var kind string
		if d.card() && mediaName(m.name) {
			params, kind = splitMediaType(params, m.name)
		}
		head = append(head, ";ENCODING=BASE64"...)
		if kind != "" {
			params = append(params, Param{Name: "TYPE", Values: []string{shortMediaType(kind, m.name)}})
		}
	}
	for _, p := range params {
		if p.Name == "TYPE" && d.card() {
			for _, v := range p.Values {
				head = append(head, ';')
				if !bareWord(v) {
					head = append(head, "TYPE="...)
					head = append(head, joinParamValuesIn([]string{v}, d)...)
					continue
				}
				head = append(head, v...)
			}
			continue
		}
		head = append(head, ';')
		head = append(head, p.Name...)
		head = append(head, '=')
		head = append(head, joinParamValuesIn(p.Values, d)...)
	}
	if m.binary {
		head = append(head, ':')
		b = appendFolded(b, string(head)+m.value, eol)
		return append(b, eol...)
	}
	v := m.value
	if d == VCalendar1 {
		v = oldCalendar1(name, v)
	}
	v = oldValue(v, kindOf(d.card(), commonName(name, d), m.params), d)
	if !needsQP(v) {
		b = append(b, head...)
		b = append(b, ':')
		b = append(b, v...)
		return append(b, eol...)
	}
	if !isASCII(v) {
		head = append(head, ";CHARSET=UTF-8"...)
	}
	head = append(head, ";ENCODING=QUOTED-PRINTABLE:"...)
	return appendQP(b, string(head), v, eol)
}

// bareWord reports whether a type can stand without "TYPE=".
func bareWord(v string) bool {
	if v == "" || bareName(v) != "TYPE" {
		return false
	}
	paren := strings.IndexByte(v, '(')
	if paren > 0 {
		return !strings.ContainsAny(v, ";:\" \t\r\n^") && !strings.Contains(v[:paren], "=")
	}
	for i := 0; i < len(v); i++ {
		if c := v[i]; !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// needsQP reports whether a value can't stand as plain text in an old dialect.
func needsQP(v string) bool {
	if v == "" {
		return false
	}
	if isBlank(v[0]) || isBlank(v[len(v)-1]) {
		return true
	}
	for i := 0; i < len(v); i++ {
		if v[i] < 0x20 || v[i] >= 0x7f {
			return true
		}
	}
	return false
}

// appendQP writes head and the quoted-printable value with soft line breaks. A
// line never begins with a blank or what could be taken for a BEGIN or END.
func appendQP(b []byte, head, v, eol string) []byte {
	b = append(b, head...)
	col := len(head)
	var cell [6]byte
	for i := 0; i < len(v); i++ {
		c := v[i]
		code := cell[:0]
		switch {
		case c == '\n':
			code = append(code, "=0D=0A"...)
		case c == '=' || c < 0x20 || c >= 0x7f, isBlank(c) && i == len(v)-1:
			code = appendHexByte(code, c)
		default:
			code = append(code, c)
		}
		if col+len(code) > foldAt {
			b = append(b, '=')
			b = append(b, eol...)
			col = 0
			if len(code) == 1 && strings.IndexByte(" \tBbEe", c) >= 0 {
				code = appendHexByte(code[:0], c)
			}
		}
		b = append(b, code...)
		col += len(code)
	}
	return append(b, eol...)
}

func appendHexByte(b []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(b, '=', digits[c>>4], digits[c&15])
}

// lineEnd is the line end that a text uses first; CRLF if none.
func lineEnd(s string) string {
	i := strings.IndexAny(s, "\r\n")
	switch {
	case i < 0, strings.HasPrefix(s[i:], "\r\n"), strings.HasPrefix(s[i:], "\r\r\n"):
		return "\r\n"
	}
	return s[i : i+1]
}

// endsAll reports whether every line end in raw is eol, the last included.
func endsAll(raw, eol string) bool {
	if !strings.HasSuffix(raw, eol) {
		return false
	}
	n := strings.Count(raw, eol) * len(eol)
	return strings.Count(raw, "\r")+strings.Count(raw, "\n") == n
}
