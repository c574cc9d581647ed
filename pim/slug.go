package pim

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxSlug is the length of a slug in bytes, which are all ASCII.
const maxSlug = 40

// Slug makes the readable part of a file name from a summary: lower-case ASCII
// letters, digits and single hyphens, 40 at most, safe on every file system
// (none of the device names of Windows). Greek and Cyrillic are transcribed,
// other scripts fall away; the result may be "".
func Slug(summary string) string {
	if len(summary) > 4*maxSlug {
		summary = summary[:4*maxSlug]
	}
	var b []byte
	gap := false
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(summary, " ")) {
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		s := slugRune(unicode.ToLower(r))
		if s == "" {
			gap = r != '\'' && r != '’' || gap
			continue
		}
		if s == "-" { // a sign without a sound
			continue
		}
		if gap && len(b) > 0 {
			s = "-" + s
		}
		if len(b)+len(s) > maxSlug {
			break
		}
		gap = false
		b = append(b, s...)
	}
	switch s := string(b); s {
	case "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
		"lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9":
		return s + "-"
	default:
		return s
	}
}

// slugRune transcribes one lower-case letter; "" for what has no place in a
// slug.
func slugRune(r rune) string {
	switch {
	case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		return string(r)
	case r < 0x80:
		return ""
	case r >= 'а' && r <= 'я':
		return cyrillic[r-'а']
	case r >= 'α' && r <= 'ω':
		return greek[r-'α']
	}
	switch r {
	case 'ß':
		return "ss"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'ø':
		return "o"
	case 'ł':
		return "l"
	case 'đ', 'ð':
		return "d"
	case 'þ':
		return "th"
	case 'ı':
		return "i"
	case 'є':
		return "ye"
	case 'і':
		return "i"
	case 'ґ':
		return "g"
	}
	return ""
}

var cyrillic = [...]string{"a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p",
	"r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "shch", "-", "y", "-", "e", "yu", "ya"}

var greek = [...]string{"a", "v", "g", "d", "e", "z", "i", "th", "i", "k", "l", "m", "n", "x", "o", "p",
	"r", "s", "s", "t", "y", "f", "ch", "ps", "o"}
