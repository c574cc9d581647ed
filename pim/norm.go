package pim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// appendNorm appends the normal form of one line: what is equal in it counts as
// the same line whatever dialect, order of parameters, case or folding it came
// with. Binary values stand as their SHA-256 and length, groups as "item".
func appendNorm(b []byte, m *modern, card bool) []byte {
	b = appendNormHead(b, m)
	if m.binary {
		return appendBinaryNorm(b, m.value)
	}
	return appendCanonical(b, m.value, kindOf(card, m.name, m.params))
}

func appendNormHead(b []byte, m *modern) []byte {
	if m.group != "" {
		b = append(b, "item."...)
	}
	b = append(b, m.name...)
	if len(m.params) > 0 {
		b = appendNormParams(b, m)
	}
	return append(b, ':')
}

func appendBinaryNorm(b []byte, value string) []byte {
	sum, n, ok := sumBase64(value)
	if !ok {
		sum, n = sha256.Sum256([]byte(value)), len(value)
		b = append(b, "undecoded-"...)
	}
	b = append(b, "sha256-"...)
	b = hex.AppendEncode(b, sum[:])
	b = append(b, '/')
	return strconv.AppendInt(b, int64(n), 10)
}

// sumBase64 is the SHA-256 and the length of what base64 stands for, padded or
// not, made without holding it in memory.
func sumBase64(s string) (sum [sha256.Size]byte, n int, ok bool) {
	s = strings.TrimRight(s, "=")
	if strings.ContainsAny(s, "\r\n") {
		return sum, 0, false
	}
	h := sha256.New()
	var in [4096]byte
	var out [3072]byte
	for len(s) > 0 {
		part := s[:min(len(s), len(in))]
		s = s[len(part):]
		m, err := base64.RawStdEncoding.Decode(out[:], in[:copy(in[:], part)])
		if err != nil {
			return sum, 0, false
		}
		h.Write(out[:m])
		n += m
	}
	h.Sum(sum[:0])
	return sum, n, true
}

type normParam struct{ name, value string }

// appendNormParams sorts the parameters; TYPE is one set in lower case, and its
// "pref" is the PREF=1 of vCard 4.0.
func appendNormParams(b []byte, m *modern) []byte {
	var typeBuf [8]string
	types := typeBuf[:0]
	var buf [8]normParam
	ps := buf[:0]
	pref := false
	for i := range m.params {
		p := &m.params[i]
		switch {
		case p.Name == "TYPE" || m.binary && mediaName(m.name) && p.Name == "MEDIATYPE":
			for _, v := range p.Values {
				if severalTypes(v) {
					for _, w := range strings.Split(v, ",") {
						types = append(types, strings.ToLower(strings.Trim(w, " ")))
					}
					continue
				}
				types = append(types, lower(v))
			}
			continue
		case p.Name == "VALUE" && len(p.Values) > 0:
			v := lower(p.Values[0])
			if v == "url" {
				v = "uri"
			}
			if v == "binary" && m.binary {
				continue
			}
			ps = append(ps, normParam{"VALUE", v})
			continue
		}
		ps = append(ps, normParam{p.Name, joinParamValues(p.Values)})
	}
	if len(types) > 0 {
		kept := types[:0]
		main := ""
		if m.binary && mediaName(m.name) {
			main = mainType(m.name)
		}
		for _, v := range types {
			if main != "" {
				v = strings.TrimPrefix(v, main)
			}
			switch v {
			case "":
			case "pref":
				pref = true
			default:
				kept = append(kept, v)
			}
		}
		slices.Sort(kept)
		kept = slices.Compact(kept)
		if len(kept) > 0 {
			ps = append(ps, normParam{"TYPE", joinParamValues(kept)})
		}
	}
	if pref {
		ps = append(ps, normParam{"PREF", "1"})
	}
	if len(ps) > 1 {
		slices.SortFunc(ps, func(x, y normParam) int {
			if c := strings.Compare(x.name, y.name); c != 0 {
				return c
			}
			return strings.Compare(x.value, y.value)
		})
		ps = slices.Compact(ps)
	}
	for _, p := range ps {
		b = append(b, ';')
		b = append(b, p.name...)
		b = append(b, '=')
		b = append(b, p.value...)
	}
	return b
}

func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 'A' && s[i] <= 'Z' || s[i] >= 0x80 {
			return strings.ToLower(s)
		}
	}
	return s
}

// joinParamValues writes parameter values as they stand after the "=".
func joinParamValues(vs []string) string { return joinParamValuesIn(vs, ICalendar2) }

// joinParamValuesIn writes parameter values in dialect d. RFC 6868 is of iCalendar
// and vCard 4.0; readers of the others show its escapes, so there a caret stands as
// it is unless it would begin one. A line end or a quote has no other form.
func joinParamValuesIn(vs []string, d Dialect) string {
	carets := d == ICalendar2 || d == VCard40
	if len(vs) == 1 && plainParam(vs[0], carets) {
		return vs[0]
	}
	var b []byte
	for i, v := range vs {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendParamValue(b, v, carets)
	}
	return string(b)
}

// plainParam reports whether a parameter value needs neither quotes nor escapes;
// carets: each caret is escaped.
func plainParam(v string, carets bool) bool {
	return !strings.ContainsAny(v, ";:,\"\r\n") && (v == "" || v[0] != ' ' && v[len(v)-1] != ' ' && v[0] != '\t' && v[len(v)-1] != '\t') &&
		(strings.IndexByte(v, '^') < 0 || !carets && unescapeParam(v) == v)
}

func appendParamValue(b []byte, v string, carets bool) []byte {
	if plainParam(v, carets) {
		return append(b, v...)
	}
	b = append(b, '"')
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '^':
			b = append(b, '^')
			if carets || i+1 < len(v) && strings.IndexByte("n'^\"\r\n", v[i+1]) >= 0 {
				b = append(b, '^')
			}
		case '"':
			b = append(b, '^', '\'')
		case '\r':
			if i+1 < len(v) && v[i+1] == '\n' {
				i++
			}
			b = append(b, '^', 'n')
		case '\n':
			b = append(b, '^', 'n')
		default:
			b = append(b, v[i])
		}
	}
	return append(b, '"')
}
