// Package reader is a second, independent reader of vCard, vCalendar and
// iCalendar files, for tests and measurements that judge package pim: it shares
// no code with it. It is forgiving and knows little: it finds cards and
// calendar entries, undoes folding, charsets and transfer encodings, and gives
// each object as a sorted list of decoded lines, so that two objects say the
// same just if their lists are equal.
package reader

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// Object is one card or calendar entry of a file.
type Object struct {
	File  string
	Name  string // VCARD, VEVENT, VTODO, VJOURNAL, VNOTE
	UID   string
	Inner int      // cards within: those of agents
	Lines []string // decoded, sorted; those of inner components begin with their path
}

// Key is the same for two objects that say the same.
func (o *Object) Key() string { return o.Name + "\n" + strings.Join(o.Lines, "\n") }

// Objects reads a file's cards and entries. A component within one (an alarm,
// the card of an agent) is part of it.
func Objects(file string, data []byte) []*Object {
	var out []*Object
	var cur *Object
	depth := 0
	var path []string
	done := func() {
		slices.Sort(cur.Lines)
		out = append(out, cur)
		cur = nil
	}
	d := decoder{}
	lines := logical(toUTF8(data))
	unclosed := unclosedCards(lines)
	for i, l := range lines {
		name, value := nameOf(l), strings.ToUpper(strings.TrimSpace(valueOf(l)))
		if name == "VERSION" {
			d.old = strings.HasPrefix(value, "2.1") || strings.HasPrefix(value, "1.")
		}
		if cur != nil && unclosed && name == "BEGIN" && value == "VCARD" && nameOf(lines[i-1]) != "AGENT" {
			done() // the card before has lost its END
		}
		if cur == nil {
			if name == "BEGIN" && slices.Contains([]string{"VCARD", "VEVENT", "VTODO", "VJOURNAL", "VNOTE"}, value) {
				cur = &Object{File: file, Name: value}
				depth, path = 1, nil
				if value == "VCARD" {
					d.old = old(lines[i:])
				}
			}
			continue
		}
		switch {
		case name == "BEGIN", name == "AGENT" && value == "BEGIN:VCARD":
			depth++
			if name == "AGENT" {
				value = "VCARD"
			}
			path = append(path, value)
			if value == "VCARD" {
				cur.Inner++
			}
			continue
		case name == "END":
			if depth--; depth == 0 {
				done()
			} else if len(path) > 0 {
				path = path[:len(path)-1]
			}
			continue
		case name == "UID" && depth == 1:
			cur.UID = strings.TrimSpace(valueOf(l))
		}
		cur.Lines = append(cur.Lines, strings.Join(append(slices.Clone(path), d.line(l)), "/"))
	}
	if cur != nil { // without its END
		done()
	}
	return out
}

// unclosedCards reports whether a file has fewer ENDs of cards than BEGINs.
func unclosedCards(lines []string) bool {
	n := 0
	for _, l := range lines {
		switch strings.ToUpper(strings.TrimSpace(l)) {
		case "BEGIN:VCARD", "AGENT:BEGIN:VCARD":
			n++
		case "END:VCARD":
			n--
		}
	}
	return n > 0
}

// old reports whether the card that begins here is one of vCard 2.1: by its
// VERSION, else by quoted-printable and bare parameters.
func old(lines []string) bool {
	bare := false
	for _, l := range lines[1:] {
		switch nameOf(l) {
		case "VERSION":
			return strings.HasPrefix(strings.TrimSpace(valueOf(l)), "2")
		case "END":
			return bare
		}
		for _, p := range splitOutside(headOf(l), ';')[1:] {
			bare = bare || !strings.Contains(p, "=") || strings.Contains(strings.ToUpper(p), "QUOTED-PRINTABLE")
		}
	}
	return bare
}

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
	var line strings.Builder
	soft, base, open := false, false, false
	flush := func() {
		if open {
			out = append(out, line.String())
		}
		line.Reset()
		open = false
	}
	quoted := false
	all := physical(text)
	for i, l := range all {
		switch {
		case soft && l == "" && i+1 < len(all) && !property.MatchString(all[i+1]):
			continue // some writers put a blank line behind each soft break
		case soft:
			s := strings.TrimSuffix(line.String(), "=")
			line.Reset()
			line.WriteString(s + l)
		case strings.TrimSpace(l) == "":
			base = false
			continue
		case open && (l[0] == ' ' || l[0] == '\t'):
			line.WriteString(l[1:])
		case open && base && !strings.Contains(l, ":"):
			line.WriteString(l)
		default:
			flush()
			line.WriteString(strings.TrimPrefix(l, "\ufeff"))
			open = true
			h := strings.ToUpper(headOf(l))
			base = strings.Contains(h, ";BASE64") || strings.Contains(h, "ENCODING=B")
			quoted = strings.Contains(h, "QUOTED-PRINTABLE")
		}
		if !quoted && strings.Contains(strings.ToUpper(l), "QUOTED-PRINTABLE") {
			quoted = strings.Contains(strings.ToUpper(headOf(line.String())), "QUOTED-PRINTABLE")
		}
		soft = quoted && strings.HasSuffix(l, "=")
	}
	flush()
	return out
}

// property is how a content line begins.
var property = regexp.MustCompile(`^[A-Za-z0-9.-]+[:;]`)

// nameOf is the name of a line, in upper case, without its group.
func nameOf(line string) string {
	n := strings.ToUpper(line[:strings.IndexAny(line+":", ":;")])
	return strings.TrimSpace(n[strings.LastIndexByte(n, '.')+1:])
}

// valueOf is what stands behind a line's parameters; quotes may hold colons.
func valueOf(line string) string {
	quoted := false
	for i := range len(line) {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case c == ':' && !quoted:
			return line[i+1:]
		}
	}
	_, v, _ := strings.Cut(line, ":") // a quote that isn't closed
	return v
}

// headOf is a line up to its value.
func headOf(l string) string {
	v := valueOf(l)
	return strings.TrimSuffix(l[:len(l)-len(v)], ":")
}
