package pim

import "strings"

// encoding is the transfer encoding of a line's value.
type encoding uint8

const (
	encNone encoding = iota
	encQP
	encBase64
)

func lineEncoding(params []Param) encoding {
	for i := range params {
		if params[i].Name != "ENCODING" || len(params[i].Values) == 0 {
			continue
		}
		switch v := params[i].Values[0]; {
		case strings.EqualFold(v, "QUOTED-PRINTABLE"), strings.EqualFold(v, "Q"):
			return encQP
		case strings.EqualFold(v, "BASE64"), strings.EqualFold(v, "B"):
			return encBase64
		}
	}
	return encNone
}

func isNameByte(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '/'
}

// head splits an unfolded line into group, name, parameters and value, at the
// first colon outside double quotes (else at the first colon).
func (p *parser) head(text string, l *Line) bool {
	colon := strings.IndexByte(text, ':')
	if colon < 0 {
		return false
	}
	if strings.IndexByte(text[:colon], '"') >= 0 {
		quoted := false
	scan:
		for i := 0; i < len(text); i++ {
			switch text[i] {
			case '"':
				quoted = !quoted
			case ':':
				if !quoted {
					colon = i
					break scan
				}
			}
		}
	}
	head := text[:colon]
	l.RawValue = text[colon+1:]
	name := head
	semi := strings.IndexByte(head, ';')
	if semi >= 0 {
		name = head[:semi]
	}
	name = strings.Trim(name, " \t")
	if name == "" {
		return false
	}
	lower, dot := false, -1
	for i := 0; i < len(name); i++ {
		c := name[i]
		if !isNameByte(c) {
			return false
		}
		if c >= 'a' && c <= 'z' {
			lower = true
		}
		if c == '.' && dot < 0 {
			dot = i
		}
	}
	if dot >= 0 {
		l.Group, name = name[:dot], name[dot+1:]
		if name == "" || l.Group == "" {
			return false
		}
	}
	l.NameAsWritten = name
	l.Name = name
	if lower {
		l.Name = strings.ToUpper(name)
	}
	if semi >= 0 {
		l.Params = p.parseParams(head[semi+1:])
	}
	return true
}

// parseParams reads the parameters between name and colon into the arena.
func (p *parser) parseParams(s string) []Param {
	from := len(p.params)
	quotes := strings.IndexByte(s, '"') >= 0
	for len(s) > 0 {
		one := s
		if i := indexOutside(s, ';', quotes); i >= 0 {
			one, s = s[:i], s[i+1:]
		} else {
			s = ""
		}
		p.param(strings.Trim(one, " \t"))
	}
	if len(p.params) == from {
		return nil
	}
	return p.params[from:len(p.params):len(p.params)]
}

func (p *parser) param(s string) {
	if s == "" {
		return
	}
	from := len(p.values)
	eq := strings.IndexByte(s, '=')
	if paren := strings.IndexByte(s, '('); eq < 0 || paren >= 0 && paren < eq {
		// Samsung's X-CUSTOM(CHARSET=…,ENCODING=…,label) has "=" inside.
		p.values = append(p.values, s)
		p.params = append(p.params, Param{Name: bareName(s), Values: p.values[from:len(p.values):len(p.values)], Bare: true})
		return
	}
	name := upper(strings.Trim(s[:eq], " \t"))
	if !validName(name) {
		p.values = append(p.values, s)
		p.params = append(p.params, Param{Name: "TYPE", Values: p.values[from:len(p.values):len(p.values)], Bare: true})
		return
	}
	q := Param{Name: name}
	s = s[eq+1:]
	quotes := strings.IndexByte(s, '"') >= 0
	for {
		one, rest, more := s, "", false
		if i := indexOutside(s, ',', quotes); i >= 0 {
			one, rest, more = s[:i], s[i+1:], true
		}
		one = strings.Trim(one, " \t")
		if strings.IndexByte(one, '"') >= 0 {
			q.Quoted = true
			one = strings.ReplaceAll(one, `"`, "")
		}
		if strings.IndexByte(one, '^') >= 0 {
			one = unescapeParam(one)
		}
		p.values = append(p.values, one)
		if !more {
			break
		}
		s = rest
	}
	q.Values = p.values[from:len(p.values):len(p.values)]
	p.params = append(p.params, q)
}

// bareName is the parameter that a bare word of vCard 2.1 stands for.
func bareName(s string) string {
	switch len(s) {
	case 1, 4, 6, 16:
		for _, w := range []string{"QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT"} {
			if strings.EqualFold(s, w) {
				return "ENCODING"
			}
		}
	}
	switch len(s) {
	case 3, 6:
		for _, w := range []string{"URL", "INLINE", "CID"} {
			if strings.EqualFold(s, w) {
				return "VALUE"
			}
		}
	}
	return "TYPE"
}

// indexOutside finds the first c outside double quotes; an unclosed quote
// counts as an ordinary character. quotes says whether s has any, so that it
// isn't searched for them again and again.
func indexOutside(s string, c byte, quotes bool) int {
	if !quotes {
		return strings.IndexByte(s, c)
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			if j := strings.IndexByte(s[i+1:], '"'); j >= 0 {
				i += j + 1
			}
		case c:
			return i
		}
	}
	return -1
}

// unescapeParam undoes RFC 6868: ^n, ^' and ^^; other carets stay.
func unescapeParam(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '^' && i+1 < len(s) {
			switch s[i+1] {
			case 'n':
				b.WriteByte('\n')
				i++
				continue
			case '\'':
				b.WriteByte('"')
				i++
				continue
			case '^':
				b.WriteByte('^')
				i++
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func upper(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 'a' && s[i] <= 'z' {
			return strings.ToUpper(s)
		}
	}
	return s
}
