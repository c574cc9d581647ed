package pim

import (
	"iter"
	"regexp"
	"strings"
)

// Search looks for what a person types among the values of an item. Every word has to be found, in
// any order and in whichever values, as a part of one. Case and accents make no difference, nor
// ß and ss or ø and o. A word of digits (three or more) is also found in a telephone number,
// however that is written, and so is a query that is nothing but one number.
type Search struct {
	words  []searchWord
	number string // the digits of a query that is one number
}

type searchWord struct {
	text   string // folded
	number string // its digits, "" for no number
}

// internalZero is a number with its country's code and a zero behind it that is dialled within
// the country alone: +49 (0)171, (+49) 0171, 0049-0171. (In Italy that zero is dialled always.)
var internalZero = regexp.MustCompile(`^(\W*(?:\+|00)\W*[1-9]\d{0,2}\W+)0`)

// numberForms are the digits of a number, and those without such a zero; equal where it has none.
func numberForms(s string) (digits, short string) {
	digits = onlyDigits(s)
	if m := internalZero.FindStringSubmatch(s); m != nil {
		return digits, onlyDigits(m[1] + s[len(m[0]):])
	}
	return digits, digits
}

// leastDigits is from how many digits on a word may be a part of a number.
const leastDigits = 3

// NewSearch prepares a query. An empty one finds everything.
func NewSearch(query string) *Search {
	s := &Search{number: asNumber(query)}
	for _, w := range strings.Fields(Fold(query)) {
		s.words = append(s.words, searchWord{w, asNumber(w)})
	}
	return s
}

// Empty reports that the search finds everything.
func (s *Search) Empty() bool { return len(s.words) == 0 }

// Match reports whether the values of an item, with the names of their properties, have all words.
// Pictures and other binary values aren't looked at.
func (s *Search) Match(values iter.Seq2[string, string]) bool {
	found, left := make([]bool, len(s.words)), len(s.words)
	if left == 0 {
		return true
	}
	for name, value := range values {
		name = strings.ToUpper(name)
		if binaryValue(name) {
			continue
		}
		number, short := "", ""
		if name == "TEL" || name == "IMPP" || strings.HasSuffix(name, "PHONE") {
			number, short = numberForms(value)
			if sameNumber(number, s.number) || sameNumber(short, s.number) {
				return true
			}
		}
		text := Fold(value)
		for i, w := range s.words {
			if !found[i] && (strings.Contains(text, w.text) || sameNumber(number, w.number) || sameNumber(short, w.number)) {
				found[i] = true
				if left--; left == 0 {
					return true
				}
			}
		}
	}
	return false
}

// May rules most items out quickly: text is all of an item's values, in whatever form, as long as
// letters stand for themselves.
func (s *Search) May(text string) bool {
	if s.number != "" {
		return true
	}
	folded := ""
	for _, w := range s.words {
		if w.number != "" || strings.ContainsAny(w.text, "\"\\<>&/") {
			continue // a number, or something that may stand there in another way
		}
		if folded == "" {
			folded = Fold(text)
		}
		if !strings.Contains(folded, w.text) {
			return false
		}
	}
	return true
}

// binaryValue reports a property whose value nobody types.
func binaryValue(name string) bool {
	switch name {
	case "PHOTO", "LOGO", "SOUND", "KEY", "ATTACH":
		return true
	}
	return false
}

// asNumber gives the digits of a text that is nothing but a telephone number, "" for another.
func asNumber(s string) string {
	if strings.Trim(s, "0123456789+()-./ \u00a0\t") != "" {
		return ""
	}
	if _, d := numberForms(s); len(d) >= leastDigits {
		return d
	}
	return ""
}

func onlyDigits(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] >= '0' && s[i] <= '9' {
			b = append(b, s[i])
		}
	}
	return string(b)
}

// sameNumber reports whether what was typed is a part of a number, with or without the zeros in
// front (030 123, +49 30 123, 0049 30 123), or the whole with a country's code before it.
func sameNumber(number, typed string) bool {
	if number == "" || typed == "" {
		return false
	}
	n, t := strings.TrimLeft(number, "0"), strings.TrimLeft(typed, "0")
	if len(t) < leastDigits {
		return strings.Contains(number, typed)
	}
	return strings.Contains(number, t) || len(n) >= 7 && strings.HasSuffix(t, n)
}

// letters that Unicode doesn't take apart, with what people type for them.
var letters = strings.NewReplacer("ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "æ", "ae", "œ", "oe", "ħ", "h", "ı", "i", "ŧ", "t")

// Fold brings a text into the form in which texts are compared for a person: lower case, without
// accents, blanks collapsed.
func Fold(s string) string {
	s = matchName(s)
	if isASCII(s) {
		return s
	}
	return letters.Replace(s)
}
