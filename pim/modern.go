package pim

import (
	"strings"
)

// modern is one line in the common form between the dialects: charset and
// quoted-printable undone, parameters with names, escapes as in vCard 3.0 and
// iCalendar.
type modern struct {
	group  string
	name   string
	params []Param // without CHARSET and transfer encodings
	value  string  // UTF-8, escaped; base64 without blanks if binary
	binary bool
	from   Dialect // it was written in; 0 for one made here
	was    *modern // as it stands in from, where the common form says it otherwise
}

// modernise brings a line of a text in dialect d into the common form.
func modernise(l *Line, d Dialect) modern {
	m := decodeLine(l, d, commonName(l.Name, d))
	tel, date := d.card() && m.name == "TEL", d.card() && isCardDate(m.name)
	if !d.card() && len(m.params) > 0 {
		if common := m; withoutMadeZone(&common) {
			was := m
			was.name = l.Name
			common.was = &was
			return common
		}
	}
	if !tel && !date && m.name == l.Name {
		return m
	}
	common := m
	switch {
	case tel:
		commonTel(&common)
	case date:
		commonDate(&common)
	}
	if common.name == l.Name && common.value == m.value && len(common.params) == len(m.params) {
		return m
	}
	was := m // here, so that it is on the heap just where it is needed
	was.name = l.Name
	common.was = &was
	return common
}

// decodeLine undoes a line's encodings; name is the one it counts under.
func decodeLine(l *Line, d Dialect, name string) modern {
	m := modern{group: l.Group, name: name, params: l.Params, value: l.RawValue, from: d}
	charset, enc, clean := "", encNone, true
	for i := range l.Params {
		switch l.Params[i].Name {
		case "CHARSET":
			charset, clean = l.Param("CHARSET"), false
		case "ENCODING":
			clean = false
		}
	}
	if !clean {
		enc = lineEncoding(l.Params)
		kept := make([]Param, 0, len(l.Params))
		for _, p := range l.Params {
			if p.Name == "CHARSET" || p.Name == "ENCODING" && knownEncoding(p) {
				continue
			}
			kept = append(kept, p)
		}
		m.params = kept
	}
	switch {
	case enc == encBase64:
		m.binary = true
		if card, v := d.card(), strings.TrimLeft(m.value, " \t"); card && hasFold(v, "data:") {
			if kind, data, ok := dataURI(v); ok {
				m.params = addMediaType(m.params, kind)
				m.value = squeeze(data)
				return m
			}
		}
		m.value = squeeze(m.value)
		return m
	case d.card() && mediaName(m.name) && hasFold(m.value, "data:"):
		if kind, data, ok := dataURI(m.value); ok {
			m.params = addMediaType(m.params, kind)
			m.value, m.binary = squeeze(data), true
			return m
		}
	}
	if enc == encQP {
		m.value = unquotePrintable(m.value)
	}
	if charset != "" || !isASCII(m.value) {
		m.value, _ = decodeCharset(m.value, charset)
	}
	for i := range m.params {
		for _, v := range m.params[i].Values {
			if !isUTF8(v) {
				m.params = decodeParams(m.params, charset)
				break
			}
		}
	}
	if d.old() {
		m.value = modernValue(m.value, kindOf(d.card(), m.name, m.params), d)
	} else if enc == encQP {
		m.value = escapeNewlines(m.value)
	}
	if !d.card() {
		m.value = modernCalendar(m.name, m.value)
	}
	return m
}

// commonTel takes a tel: URI without parameters (vCard 4.0) for the number that
// it is.
func commonTel(m *modern) {
	const scheme = "tel:"
	if !hasFold(m.value, scheme) || strings.ContainsAny(m.value, ";%\\") {
		return
	}
	at := -1
	for i := range m.params {
		if p := &m.params[i]; p.Name == "VALUE" && len(p.Values) == 1 && strings.EqualFold(p.Values[0], "URI") {
			at = i
		}
	}
	if at < 0 {
		return
	}
	m.value = escapeText(m.value[len(scheme):])
	m.params = append(m.params[:at:at], m.params[at+1:]...)
}

func knownEncoding(p Param) bool {
	if lineEncoding([]Param{p}) != encNone {
		return true
	}
	return len(p.Values) > 0 && (strings.EqualFold(p.Values[0], "8BIT") || strings.EqualFold(p.Values[0], "7BIT"))
}

func decodeParams(ps []Param, charset string) []Param {
	out := make([]Param, len(ps))
	for i, p := range ps {
		vs := make([]string, len(p.Values))
		for j, v := range p.Values {
			vs[j], _ = decodeCharset(v, charset)
		}
		p.Values = vs
		out[i] = p
	}
	return out
}

// mediaName lists the vCard properties whose value is a picture, sound or key:
// inline data in 2.1 and 3.0, a data: URI in 4.0.
func mediaName(name string) bool {
	return name == "PHOTO" || name == "LOGO" || name == "SOUND" || name == "KEY"
}

// mainType is the media type's first half that 2.1 and 3.0 leave out.
func mainType(name string) string {
	switch name {
	case "PHOTO", "LOGO":
		return "image/"
	case "SOUND":
		return "audio/"
	}
	return "application/"
}

// dataURI splits data:TYPE;base64,DATA. Other data: URIs stay URIs.
func dataURI(s string) (mediaType, data string, ok bool) {
	comma := strings.IndexByte(s, ',')
	if comma < 0 {
		return "", "", false
	}
	head := strings.TrimSuffix(s[len("data:"):comma], `\`) // "\," from over-eager writers
	if !hasFoldSuffix(head, ";base64") {
		return "", "", false
	}
	head = head[:len(head)-len(";base64")]
	if strings.ContainsAny(head, `;\`) {
		return "", "", false
	}
	return head, s[comma+1:], true
}

func addMediaType(ps []Param, kind string) []Param {
	out := make([]Param, 0, len(ps)+1)
	for _, p := range ps {
		if p.Name == "VALUE" && len(p.Values) > 0 && strings.EqualFold(p.Values[0], "URI") {
			continue
		}
		out = append(out, p)
	}
	if kind != "" {
		out = append(out, Param{Name: "TYPE", Values: []string{kind}})
	}
	return out
}

func hasFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func hasFoldSuffix(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

// squeeze takes blanks and line ends out of base64.
func squeeze(s string) string {
	if !strings.ContainsAny(s, " \t\r\n") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if c := s[i]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			b = append(b, c)
		}
	}
	return string(b)
}

// unquotePrintable undoes quoted-printable, lower-case hex included; what is no
// valid escape stays.
func unquotePrintable(s string) string {
	if strings.IndexByte(s, '=') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '=' && i+2 < len(s) {
			if hi, lo := unhex(s[i+1]), unhex(s[i+2]); hi >= 0 && lo >= 0 {
				b = append(b, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// noteNames maps the names of VNOTE to those of VJOURNAL and back.
func noteNames(name string, toModern bool) string {
	switch {
	case toModern && name == "BODY":
		return "DESCRIPTION"
	case toModern && name == "DCREATED":
		return "CREATED"
	case !toModern && name == "DESCRIPTION":
		return "BODY"
	case !toModern && name == "CREATED":
		return "DCREATED"
	}
	return name
}
