package pim

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"cradle/valuebag"
)

// PairKeys are the keys by which an item without a common UID pairs with one of
// the other side, sorted: for a contact its name, folded, with each
// phone (last nine digits) and each e-mail address, for a calendar item its
// subject and start. Two items with a key in common are the same thing. An item
// with no strong key has none.
func (k *Kind) PairKeys(item *valuebag.Values) []string {
	name := Fold(k.Summary(item))
	if name == "" {
		return nil
	}
	var keys []string
	if !k.card() {
		start := k.startKey(item)
		if start == "" && k == Events {
			return nil
		}
		return []string{name + "|" + start}
	}
	for _, l := range k.unitLines(item, "tel") {
		if d := matchPhone(unescapeText(l.RawValue)); l.Name == "TEL" && d != "" {
			keys = append(keys, name+"|tel:"+d)
		}
	}
	for _, l := range k.unitLines(item, "email") {
		if e := matchEmail(unescapeText(l.RawValue)); l.Name == "EMAIL" && e != "" {
			keys = append(keys, name+"|mail:"+e)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// startKey is when a calendar item begins, in matching form: the instant in UTC,
// or the reading of the clock where it names no zone; "" without a start.
func (k *Kind) startKey(item *valuebag.Values) string {
	t, err := k.Timetable(k.Text(item))
	if err != nil || t.Start.IsZero() {
		return ""
	}
	switch s := t.Start; {
	case s.Date:
		return s.Wall.Format("20060102")
	case s.Zone == nil:
		return s.Wall.Format("20060102T150405")
	default:
		return s.In(nil).UTC().Format("20060102T150405Z")
	}
}

// matchName is a name in matching form: composed, case folded, without marks, blanks
// collapsed.
func matchName(s string) string {
	s = oneLine(s)
	if isASCII(s) {
		return strings.ToLower(s)
	}
	d := norm.NFD.String(cases.Fold().String(norm.NFC.String(s)))
	var b strings.Builder
	for _, r := range d {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(r)
		}
	}
	return oneLine(b.String())
}

// matchPhone is the last nine digits of a number, all of a shorter one: what stands
// before them is written in many ways (+49 30, 0049 30, 030), and what follows a
// pause (",", "p", "w") or ";" is dialled later. Numbers of fewer than three digits,
// and texts without digits, match nothing.
func matchPhone(s string) string {
	s = strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(s), "tel:"), "(0)", "") // dialled at home only
	if i := strings.IndexAny(s, ";,"); i > 0 {
		s = s[:i]
	}
	if i := strings.IndexAny(s, "pw"); i > 0 && s[i-1] >= '0' && s[i-1] <= '9' {
		s = s[:i]
	}
	var b []byte
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= '0' && c <= '9' {
			b = append(b, c)
		}
	}
	if len(b) < 3 {
		return ""
	}
	if len(b) > 9 {
		b = b[len(b)-9:]
	}
	return string(b)
}

func matchEmail(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	s = strings.TrimPrefix(s, "mailto:")
	if !strings.Contains(s, "@") {
		return ""
	}
	return s
}
