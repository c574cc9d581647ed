package acceptance

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A second reader of real producers' files, for the corpus: decoded content lines
// by object. It is forgiving, knows little, and shares no code with package pim.

// object is one card or calendar entry of a file.
type object struct {
	file  string
	name  string // VCARD, VEVENT, VTODO, VJOURNAL, VNOTE
	uid   string
	inner int      // cards within: those of agents
	lines []string // decoded, sorted
}

func (o *object) key() string { return o.name + "\n" + strings.Join(o.lines, "\n") }

// toUTF8 gives a file's text: UTF-16 with or without a mark, else the bytes.
func toUTF8(b []byte) string {
	big := bytes.HasPrefix(b, []byte{0xfe, 0xff}) || len(b) > 1 && b[0] == 0 && b[1] != 0
	little := bytes.HasPrefix(b, []byte{0xff, 0xfe}) || len(b) > 1 && b[0] != 0 && b[1] == 0
	if big || little {
		var u []uint16
		for i := 0; i+1 < len(b); i += 2 {
			hi, lo := b[i], b[i+1]
			if little {
				hi, lo = lo, hi
			}
			u = append(u, uint16(hi)<<8|uint16(lo))
		}
		return strings.TrimPrefix(string(utf16.Decode(u)), "\ufeff")
	}
	return strings.TrimPrefix(string(b), "\ufeff")
}

// physical splits a text into its lines, however they end.
func physical(text string) []string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Split(strings.ReplaceAll(text, "\r", "\n"), "\n")
}

// logical joins what is folded, what quoted-printable breaks softly, and base64
// that goes on without a blank.
func logical(text string) []string {
	var out []string
	soft, base := false, false
	for _, l := range physical(text) {
		n := len(out)
		switch {
		case soft:
			out[n-1] = strings.TrimSuffix(out[n-1], "=") + l
		case strings.TrimSpace(l) == "":
			base = false
			continue
		case n > 0 && (l[0] == ' ' || l[0] == '\t'):
			out[n-1] += l[1:]
		case n > 0 && base && !strings.Contains(l, ":"):
			out[n-1] += l
		default:
			out = append(out, l)
			h := strings.ToUpper(headOf(l))
			base = strings.Contains(h, ";BASE64") || strings.Contains(h, "ENCODING=B")
		}
		last := out[len(out)-1]
		soft = strings.HasSuffix(last, "=") && strings.Contains(strings.ToUpper(headOf(last)), "QUOTED-PRINTABLE")
	}
	return out
}

// headOf is a line up to its value.
func headOf(l string) string {
	v := valueOf(l)
	return strings.TrimSuffix(l[:len(l)-len(v)], ":")
}

// decoded is a line in one form for all dialects' encodings: head in upper case,
// parameters sorted, value decoded.
func decoded(l string) string {
	head, value := headOf(l), valueOf(l)
	parts := strings.Split(head, ";")
	name := strings.ToUpper(strings.TrimSpace(parts[0]))
	var params []string
	var qp, b64 bool
	for _, p := range parts[1:] {
		u := strings.ToUpper(p)
		switch {
		case strings.Contains(u, "QUOTED-PRINTABLE"):
			qp = true
		case u == "BASE64" || u == "B" || strings.HasPrefix(u, "ENCODING=B"):
			b64 = true
		case strings.HasPrefix(u, "CHARSET="):
		default:
			params = append(params, u)
		}
	}
	slices.Sort(params)
	switch {
	case qp:
		value = unquote(value)
	case b64:
		if b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value), "")); err == nil {
			value = "base64:" + hex.EncodeToString(b)
		}
	}
	return strings.Join(append([]string{name}, params...), ";") + ":" + value
}

// unquote decodes quoted-printable and leaves alone what isn't.
func unquote(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '=' && i+2 < len(s) {
			if v, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b.Write(v)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// objectsOf reads a file's cards and entries. A component within one (an alarm, the
// card of an agent) is part of it.
func objectsOf(file string, data []byte) []*object {
	var out []*object
	var cur *object
	depth := 0
	var path []string
	for _, l := range logical(toUTF8(data)) {
		name, value := nameOf(l), strings.ToUpper(strings.TrimSpace(valueOf(l)))
		if cur == nil {
			if name == "BEGIN" {
				switch value {
				case "VCARD", "VEVENT", "VTODO", "VJOURNAL", "VNOTE":
					cur = &object{file: file, name: value}
					depth, path = 1, nil
				}
			}
			continue
		}
		switch {
		case name == "BEGIN":
			depth++
			path = append(path, value)
			if value == "VCARD" {
				cur.inner++
			}
			continue
		case name == "END":
			if depth--; depth == 0 {
				slices.Sort(cur.lines)
				out = append(out, cur)
				cur = nil
			} else if len(path) > 0 {
				path = path[:len(path)-1]
			}
			continue
		case name == "UID" && depth == 1:
			cur.uid = strings.TrimSpace(valueOf(l))
		}
		cur.lines = append(cur.lines, strings.Join(append(slices.Clone(path), decoded(l)), "/"))
	}
	if cur != nil { // without its END
		slices.Sort(cur.lines)
		out = append(out, cur)
	}
	return out
}

// printable cuts a line for a message.
func printable(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "?")
	}
	if len(s) > 160 {
		s = s[:160] + "…"
	}
	return s
}
