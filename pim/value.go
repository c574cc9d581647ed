package pim

import "strings"

// escapeNewlines writes real line ends, which only transfer encodings can hold,
// as \n.
func escapeNewlines(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	b := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); i++ {
		b, i = appendNewline(b, s, i)
	}
	return string(b)
}

// appendNewline appends s[i], a line end (CRLF, CR, LF) as \n; it gives the
// index of the last byte used.
func appendNewline(b []byte, s string, i int) ([]byte, int) {
	switch s[i] {
	case '\r':
		if i+1 < len(s) && s[i+1] == '\n' {
			i++
		}
		return append(b, '\\', 'n'), i
	case '\n':
		return append(b, '\\', 'n'), i
	}
	return append(b, s[i]), i
}

// escapeText writes plain text as a text value of vCard 3.0 and iCalendar.
func escapeText(s string) string {
	if !strings.ContainsAny(s, "\\,;\r\n") {
		return s
	}
	return string(appendEscaped(make([]byte, 0, len(s)+8), s))
}

func appendEscaped(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\', ',', ';':
			b = append(b, '\\', s[i])
		default:
			b, i = appendNewline(b, s, i)
		}
	}
	return b
}

// unescapeText undoes the escapes of a text value; other backslashes stay.
func unescapeText(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			switch s[i+1] {
			case '\\', ',', ';', ':':
				i++
			case 'n', 'N':
				b = append(b, '\n')
				i++
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// splitEscaped splits an escaped value at sep where no backslash stands before
// it. The parts keep their escapes.
func splitEscaped(s string, sep byte) []string {
	if strings.IndexByte(s, sep) < 0 {
		return []string{s}
	}
	var out []string
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	return append(out, s[from:])
}

// splitOld splits a value of vCard 2.1 at the separators: there a backslash
// counts only in a run that ends before a separator, two for one. The parts are
// plain text.
func splitOld(s, seps string) []string {
	var out []string
	var part []byte
	for i := 0; i < len(s); {
		if s[i] == '\\' {
			run := i
			for run < len(s) && s[run] == '\\' {
				run++
			}
			n := run - i
			if run < len(s) && strings.IndexByte(seps, s[run]) >= 0 {
				for k := 0; k < n/2; k++ {
					part = append(part, '\\')
				}
				if n%2 == 1 {
					part = append(part, s[run])
					run++
				}
			} else {
				part = append(part, s[i:run]...)
			}
			i = run
			continue
		}
		if strings.IndexByte(seps, s[i]) >= 0 {
			out = append(out, string(part))
			part = part[:0]
			i++
			continue
		}
		part = append(part, s[i])
		i++
	}
	return append(out, string(part))
}

// joinOld is the inverse of splitOld with sep between the parts.
func joinOld(parts []string, sep byte, seps string) string {
	var b []byte
	for i, p := range parts {
		if i > 0 {
			b = append(b, sep)
		}
		run := 0
		for j := 0; j < len(p); j++ {
			c := p[j]
			if strings.IndexByte(seps, c) >= 0 {
				for ; run > 0; run-- {
					b = append(b, '\\')
				}
				b = append(b, '\\')
			}
			b = append(b, c)
			if c == '\\' {
				run++
			} else {
				run = 0
			}
		}
		if i < len(parts)-1 {
			for ; run > 0; run-- {
				b = append(b, '\\')
			}
		}
	}
	return string(b)
}

// listSeparators are those of list properties: vCalendar 1.0 has semicolons,
// and writers of commas.
func listSeparators(d Dialect) (sep byte, seps string) {
	if d == VCalendar1 {
		return ';', ";,"
	}
	return ',', ","
}

// modernValue gives a decoded value of an old dialect the escapes of the
// modern ones.
func modernValue(s string, k valueKind, d Dialect) string {
	switch k {
	case kindRaw:
		return escapeNewlines(s)
	case kindText:
		return escapeText(s)
	}
	if !strings.ContainsAny(s, "\\,;\r\n") {
		return s
	}
	sep, seps := byte(';'), ";"
	if k == kindList {
		sep, seps = listSeparators(d)
	}
	parts := splitOld(s, seps)
	b := make([]byte, 0, len(s)+8)
	for i, p := range parts {
		if i > 0 {
			if k == kindList {
				sep = ','
			}
			b = append(b, sep)
		}
		b = appendEscaped(b, p)
	}
	return string(b)
}

// oldValue is the inverse of modernValue.
func oldValue(s string, k valueKind, d Dialect) string {
	switch k {
	case kindRaw:
		return s
	case kindText:
		return unescapeText(s)
	}
	from, to, seps := byte(';'), byte(';'), ";"
	if k == kindList {
		from = ','
		to, seps = listSeparators(d)
	}
	parts := splitEscaped(s, from)
	for i := range parts {
		parts[i] = unescapeText(parts[i])
	}
	return joinOld(parts, to, seps)
}

// appendCanonical appends the value in its one normal form: every comma and
// semicolon of a text escaped, and no needless escape.
func appendCanonical(b []byte, s string, k valueKind) []byte {
	if k == kindRaw || !strings.ContainsAny(s, "\\,;") {
		return append(b, s...)
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\':
			if i+1 >= len(s) {
				b = append(b, '\\', '\\')
				continue
			}
			switch n := s[i+1]; n {
			case '\\', ',', ';':
				b = append(b, '\\', n)
				i++
			case ':':
				b = append(b, ':')
				i++
			case 'n', 'N':
				b = append(b, '\\', 'n')
				i++
			default:
				b = append(b, '\\', '\\')
			}
		case c == ',' && k != kindList, c == ';' && k != kindStructured:
			b = append(b, '\\', c)
		default:
			b = append(b, c)
		}
	}
	return b
}
