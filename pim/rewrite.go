package pim

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Rewriting is a way in which a peer stores a value otherwise than it was sent.
type Rewriting string

// The ways. Cut: the beginning. Parts: some of a structured value's parts, or some of a
// list. AsPhone: a number with other punctuation. Blanks: other blanks, or composed
// characters. AsEmail, AsURL: other case, another end. Letters: other case, no marks.
// Day: the date without the time. Otherwise: nobody knows how.
const (
	Cut       Rewriting = "cut"
	Parts     Rewriting = "parts"
	AsPhone   Rewriting = "phone"
	Blanks    Rewriting = "blanks"
	AsEmail   Rewriting = "email"
	AsURL     Rewriting = "url"
	Letters   Rewriting = "letters"
	Day       Rewriting = "day"
	Otherwise Rewriting = "otherwise"
)

// rewriting says by which known way got is made from sent; "" when by none. Both are
// canonical values of lines with that name.
func rewriting(card bool, name, sent, got string) Rewriting {
	kind := lookup(card, name).value
	switch {
	case sent == got || got == "":
		return ""
	case card && name == "TEL" && samePhone(sent, got):
		return AsPhone
	case card && name == "EMAIL" && matchEmail(sent) != "" && matchEmail(sent) == matchEmail(got):
		return AsEmail
	case name == "URL" && sameURL(sent, got):
		return AsURL
	case sameBlanks(sent, got):
		return Blanks
	case kind == kindRaw:
		if card && len(got) == 10 && len(sent) > 10 && strings.HasPrefix(sent, got) && isCardDate(name) {
			return Day
		}
		return ""
	}
	if plain, part := unescapeText(sent), strings.TrimRight(unescapeText(got), " \r\n"); part != "" && len(part) < len(plain) && strings.HasPrefix(plain, part) {
		if kind == kindStructured && strings.Contains(sent, ";") {
			return Parts
		}
		return Cut
	}
	if kind == kindStructured && someParts(splitEscaped(sent, ';'), splitEscaped(got, ';')) {
		return Parts
	}
	if kind == kindList && within(splitEscaped(got, ','), splitEscaped(sent, ',')) {
		return Parts
	}
	if m := matchName(unescapeText(sent)); m != "" && m == matchName(unescapeText(got)) {
		return Letters
	}
	return ""
}

// stable reports whether two values say the same to anybody: a peer that writes the one as
// the other isn't edited. Of an address the part before the @ counts as it is written.
func stable(card bool, name, a, b string) bool {
	switch {
	case a == b:
		return true
	case card && name == "TEL":
		return dialled(a) != "" && dialled(a) == dialled(b)
	case card && name == "EMAIL":
		return sameEnds(lowerDomain(a), lowerDomain(b))
	case name == "URL":
		return sameURL(a, b)
	}
	return sameEnds(a, b)
}

// alike reports whether two values stand for the same thing, for finding one that is there
// already.
func alike(card bool, name, a, b string) bool {
	return stable(card, name, a, b) || card && name == "EMAIL" && matchEmail(a) != "" && matchEmail(a) == matchEmail(b)
}

// lowerDomain is an e-mail address with its domain in lower case.
func lowerDomain(s string) string {
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		return s[:i] + strings.ToLower(s[i:])
	}
	return s
}

// someParts reports whether each part of got that isn't empty is the beginning of the
// one in its place.
func someParts(sent, got []string) bool {
	some := false
	for i, g := range got {
		if g = strings.TrimSpace(unescapeText(g)); g == "" {
			continue
		}
		if i >= len(sent) || !strings.HasPrefix(strings.TrimSpace(unescapeText(sent[i])), g) {
			return false
		}
		some = true
	}
	return some
}

// dialled is a number as it is dialled: digits and the signs that mean something.
func dialled(s string) string {
	s = strings.TrimPrefix(strings.ToLower(unescapeText(s)), "tel:")
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= '0' && c <= '9' || strings.IndexByte("+*#pw,;", c) >= 0 {
			b = append(b, c)
		}
	}
	if n := string(b); strings.HasPrefix(n, "00") {
		return "+" + n[2:]
	}
	return string(b)
}

// samePhone reports whether two texts are one number: the same digits, or, as Android's
// exporter has it, the same without * and #.
func samePhone(a, b string) bool {
	x, y := dialled(a), dialled(b)
	if x == "" || y == "" {
		return false
	}
	if x == y {
		return true
	}
	bare := strings.NewReplacer("*", "", "#", "").Replace
	return bare(x) == bare(y) && len(bare(x)) >= 3 && (bare(x) == x || bare(y) == y)
}

// sameURL compares addresses of the web in matching form: scheme and host in any case, without
// the scheme's own port, and without a slash at the end.
func sameURL(a, b string) bool { return matchURL(a) == matchURL(b) }

// ports are those that a scheme has if none is said.
var ports = map[string]string{"http": ":80", "https": ":443", "ftp": ":21"}

func matchURL(s string) string {
	s = strings.TrimSuffix(strings.TrimSpace(s), "/")
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return s
	}
	host, path, more := strings.Cut(rest, "/")
	scheme, host = strings.ToLower(scheme), strings.ToLower(host)
	s = scheme + "://" + strings.TrimSuffix(host, ports[scheme])
	if more {
		s += "/" + path
	}
	return s
}

// matchAddress is an address in matching form: the words of all of its parts, sorted, since
// phones move them between the lines of a street and from one part to another.
func matchAddress(s string) string {
	words := strings.Fields(matchName(strings.NewReplacer(";", " ", ",", " ").Replace(unescapeText(s))))
	slices.Sort(words)
	return strings.Join(words, " ")
}

// sameBlanks compares texts by their words.
func sameBlanks(a, b string) bool {
	words := func(s string) string { return norm.NFC.String(oneLine(unescapeText(s))) }
	w := words(a)
	return w != "" && w == words(b)
}

// sameEnds compares texts without blanks at their ends, in composed form.
func sameEnds(a, b string) bool {
	trim := func(s string) string { return norm.NFC.String(strings.TrimSpace(unescapeText(s))) }
	return trim(a) == trim(b)
}
