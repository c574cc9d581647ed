package pim

import (
	"slices"
	"strings"

	"cradle/valuebag"
)

// Match says that an item of one side and one of the other are the same thing.
type Match struct {
	A, B   int    // indexes in the two sides
	Reason string // for a person: "same name and number"
	// Sure matches may be made without asking; the others are proposals.
	Sure bool
}

// Matches pairs the items of two sides that have no UID in common to go by: those
// with equal content, then those that share a key (PairKeys), then, as proposals,
// contacts that share a number or address and have compatible names, and notes of
// one title. Each item is in one match at most, and where an item of one side
// could be two of the other, no choice is made: both stay new. Only equal content
// pairs in order, since it makes no difference there. Sorted by A; the same for
// the two sides exchanged.
func (k *Kind) Matches(a, b []*valuebag.Values) []Match {
	m := matcher{k: k, a: a, b: b, tookA: make([]bool, len(a)), tookB: make([]bool, len(b))}
	m.equal()
	if k == Notes {
		m.unique(k.PairKeys, func(string) string { return "same title" }, false)
	} else {
		m.unique(k.PairKeys, k.keyReason, true)
	}
	if k.card() {
		m.unique(k.reachKeys, k.reachReason, false)
	}
	slices.SortFunc(m.out, func(x, y Match) int { return x.A - y.A })
	return m.out
}

type matcher struct {
	k            *Kind
	a, b         []*valuebag.Values
	tookA, tookB []bool
	out          []Match
}

func (m *matcher) add(a, b int, reason string, sure bool) {
	m.tookA[a], m.tookB[b] = true, true
	m.out = append(m.out, Match{a, b, reason, sure})
}

// equal pairs items of equal content, whatever their collections.
func (m *matcher) equal() {
	by := map[string][]int{}
	content := func(v *valuebag.Values) string {
		var b []byte
		for _, u := range m.k.units[:len(m.k.units)-1] {
			d := m.k.Digest(v, u)
			b = append(b, d[:]...)
		}
		return string(b)
	}
	for j, v := range m.b {
		by[content(v)] = append(by[content(v)], j)
	}
	for i, v := range m.a {
		c := content(v)
		if js := by[c]; len(js) > 0 {
			m.add(i, js[0], "same content", true)
			by[c] = js[1:]
		}
	}
}

// unique pairs the items left that share a key, where it is the only candidate of
// either.
func (m *matcher) unique(keys func(*valuebag.Values) []string, reason func(key string) string, sure bool) {
	type edge struct {
		to  int
		key string
	}
	by := map[string][]int{}
	for j, v := range m.b {
		if !m.tookB[j] {
			for _, key := range keys(v) {
				by[key] = append(by[key], j)
			}
		}
	}
	fromA, fromB := map[int][]edge{}, map[int][]edge{}
	link := func(edges map[int][]edge, from, to int, key string) {
		if !slices.ContainsFunc(edges[from], func(e edge) bool { return e.to == to }) {
			edges[from] = append(edges[from], edge{to, key})
		}
	}
	for i, v := range m.a {
		if m.tookA[i] {
			continue
		}
		for _, key := range keys(v) {
			for _, j := range by[key] {
				if m.k.compatible(v, m.b[j]) {
					link(fromA, i, j, key)
					link(fromB, j, i, key)
				}
			}
		}
	}
	for i := range m.a {
		if es := fromA[i]; len(es) == 1 && len(fromB[es[0].to]) == 1 {
			m.add(i, es[0].to, reason(es[0].key), sure)
		}
	}
}

// keyReason says what a key of PairKeys stands for.
func (k *Kind) keyReason(key string) string {
	rest := key[strings.LastIndexByte(key, '|')+1:]
	switch {
	case k == Events:
		return "same subject and start"
	case k == Tasks && rest == "":
		return "same subject, neither with a date"
	case k == Tasks:
		return "same subject and date"
	case strings.HasPrefix(rest, "mail:"):
		return "same name and e-mail address"
	}
	return "same name and number"
}

// reachKeys are the numbers and e-mail addresses of a contact in matching form.
func (k *Kind) reachKeys(item *valuebag.Values) []string {
	var keys []string
	for _, l := range k.unitLines(item, "tel") {
		if d := matchPhone(unescapeText(l.RawValue)); l.Name == "TEL" && len(d) >= 7 {
			keys = append(keys, "tel:"+d)
		}
	}
	for _, l := range k.unitLines(item, "email") {
		if e := matchEmail(unescapeText(l.RawValue)); l.Name == "EMAIL" && e != "" {
			keys = append(keys, "mail:"+e)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (k *Kind) reachReason(key string) string {
	if strings.HasPrefix(key, "mail:") {
		return "same e-mail address, names that fit"
	}
	return "same number, names that fit"
}

// compatible reports whether two contacts may be one person by their names: each
// word of the shorter name is one of the longer, or the first letter of one. The
// order doesn't count, and no name fits every name.
func (k *Kind) compatible(a, b *valuebag.Values) bool {
	if !k.card() {
		return true
	}
	x, y := k.nameWords(a), k.nameWords(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	left := slices.Clone(y)
	for _, w := range x {
		i := slices.IndexFunc(left, func(v string) bool { return v == w })
		if i < 0 {
			i = slices.IndexFunc(left, func(v string) bool { return initial(v, w) || initial(w, v) })
		}
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

// nameWords are the words of a contact's name; none where its summary is a number
// or an address, for want of a name.
func (k *Kind) nameWords(item *valuebag.Values) []string {
	if len(k.unitStrings(item, "name"))+len(k.unitStrings(item, "org")) == 0 {
		return nil
	}
	return strings.FieldsFunc(Fold(k.Summary(item)), func(r rune) bool { return strings.ContainsRune(" .,;-'’", r) })
}

// initial reports whether w is the first letter of v.
func initial(v, w string) bool { return len([]rune(w)) == 1 && strings.HasPrefix(v, w) }
