package pim

import (
	"bytes"
)

// scanEntries finds the end of the entries at the beginning of a calendar's rest by its
// physical lines alone: whole entries one behind the other, and behind them nothing but the
// END of the calendar. It says yes only where the lines can't be read in any other way; a
// text with anything unusual is left to the parser.
func scanEntries(text []byte) (end int, ok bool) {
	var open [8][]byte // names
	depth, pos := 0, 0
	loose := true // no fold may follow
	for pos < len(text) {
		next := bytes.IndexByte(text[pos:], '\n')
		if next < 0 {
			return 0, false
		}
		line := text[pos : pos+next]
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		start := pos
		pos += next + 1
		if len(line) == 0 || bytes.IndexByte(line, '\r') >= 0 {
			return 0, false
		}
		switch line[0] {
		case ' ', '\t':
			if loose {
				return 0, false
			}
			continue
		case 'B', 'b', 'E', 'e', 'A', 'a', bom[0]:
		default:
			if loose = depth == 0; loose {
				return 0, false
			}
			continue
		}
		name, begin := bytes.CutPrefix(line, []byte("BEGIN:"))
		if !begin {
			name, ok = bytes.CutPrefix(line, []byte("END:"))
			if !ok {
				if loose = depth == 0; loose || unusual(line) {
					return 0, false
				}
				continue
			}
		}
		loose = true
		switch {
		case begin && depth == 0:
			if n := string(name); !isEntry(n) || n == "VNOTE" {
				return 0, false
			}
			open[0], depth = name, 1
		case begin:
			n := string(name)
			if depth == len(open) || !plainName(name) || isEntry(n) || n == "VCALENDAR" || n == "VCARD" || n == "VTIMEZONE" {
				return 0, false
			}
			open[depth] = name
			depth++
		case depth > 0:
			if depth--; !bytes.Equal(open[depth], name) {
				return 0, false
			}
			end = pos
		default:
			return end, end > 0 && end == start && string(name) == "VCALENDAR" && pos == len(text)
		}
	}
	return 0, false
}

// unusual reports whether a line may be a BEGIN or an END in another spelling, or begin
// a card within.
func unusual(line []byte) bool {
	for _, w := range []string{"BEGIN", "END", "AGENT", bom} {
		if len(line) >= len(w) && bytes.EqualFold(line[:len(w)], []byte(w)) {
			return true
		}
	}
	return false
}

func plainName(name []byte) bool {
	for _, c := range name {
		if (c < 'A' || c > 'Z') && c != '-' {
			return false
		}
	}
	return len(name) > 0
}
