package acceptance

import (
	"regexp"
	"slices"
	"strings"
)

// A card or calendar entry as this suite sees it: unfolded lines, no more. It
// shares no code with package pim, which it is there to judge.

// unfold gives a text's lines without their folding.
func unfold(text string) []string {
	var out []string
	var line strings.Builder
	flush := func() {
		if line.Len() > 0 {
			out = append(out, line.String())
			line.Reset()
		}
	}
	for l := range strings.SplitSeq(text, "\n") {
		l = strings.TrimSuffix(l, "\r")
		if l != "" && (l[0] == ' ' || l[0] == '\t') {
			line.WriteString(l[1:])
			continue
		}
		flush()
		line.WriteString(l)
	}
	flush()
	return out
}

func fold(lines []string) string { return strings.Join(lines, "\r\n") + "\r\n" }

// nameOf is the name of a line, in upper case, without its group.
func nameOf(line string) string {
	n := strings.ToUpper(line[:strings.IndexAny(line+":", ":;")])
	return n[strings.LastIndexByte(n, '.')+1:]
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
	return ""
}

// ownLines are the names that each side keeps for itself (design: change units).
var ownLines = []string{"REV", "PRODID", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "VERSION"}

// sayings are the lines of a text that say something, sorted: the same for texts
// that are equal items.
func sayings(text string) []string {
	out := slices.DeleteFunc(unfold(text), func(l string) bool { return slices.Contains(ownLines, nameOf(l)) })
	slices.Sort(out)
	return out
}

// find is the first value of a name; "" without one.
func find(text, name string) string {
	for _, l := range unfold(text) {
		if nameOf(l) == name {
			return valueOf(l)
		}
	}
	return ""
}

// whole reports whether a text ends as it should.
func whole(text string) bool {
	l := unfold(text)
	return len(l) > 1 && strings.HasPrefix(strings.ToUpper(l[len(l)-1]), "END:")
}

// bundle gives the texts of the cards in a file, or the file as it is.
func bundle(text string) []string {
	if !isCard(text) || count(text, "BEGIN") < 2 {
		return []string{text}
	}
	var out []string
	var one []string
	for _, l := range unfold(text) {
		one = append(one, l)
		if strings.EqualFold(l, "END:VCARD") {
			out, one = append(out, fold(one)), nil
		}
	}
	return out
}

// isCard tells a contact from a calendar entry.
func isCard(text string) bool {
	l := unfold(text)
	return len(l) > 0 && strings.EqualFold(l[0], "BEGIN:VCARD")
}

// with gives a text a line in place of the first one of that name, or a new one;
// value "" takes it away.
func with(text, name, value string) string {
	l := unfold(text)
	i := slices.IndexFunc(l, func(s string) bool { return nameOf(s) == name })
	switch {
	case i < 0 && value == "":
		return text
	case i < 0:
		l = slices.Insert(l, lastOf(l), name+":"+value)
	case value == "":
		l = slices.Delete(l, i, i+1)
	default:
		l[i] = name + ":" + value
	}
	return fold(l)
}

// plus adds a line.
func plus(text, line string) string {
	l := unfold(text)
	return fold(slices.Insert(l, lastOf(l), line))
}

// minus takes away the nth line of a name, counting from 0.
func minus(text, name string, n int) string {
	l := unfold(text)
	for i := range l {
		if nameOf(l[i]) == name {
			if n--; n < 0 {
				return fold(slices.Delete(l, i, i+1))
			}
		}
	}
	return text
}

func count(text, name string) int {
	n := 0
	for _, l := range unfold(text) {
		if nameOf(l) == name {
			n++
		}
	}
	return n
}

// lastOf is where a new line goes: before the END of the card or entry.
func lastOf(lines []string) int {
	for i, l := range lines {
		switch strings.ToUpper(l) {
		case "END:VCARD", "END:VEVENT", "END:VTODO", "END:VJOURNAL":
			return i
		}
	}
	return len(lines)
}

// words are the values that this suite's people type: each of them once in all
// the world, so that it can be followed.
var words = regexp.MustCompile(`v[0-9]+x`)

// wordsOf lists the words of a text and its collection, each once.
func wordsOf(texts ...string) []string {
	var out []string
	for _, t := range texts {
		for _, l := range unfold(t) {
			if len(l) < 1000 { // nobody types a picture
				out = append(out, words.FindAllString(l, -1)...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
