package pim

import (
	"slices"
	"strings"
)

// slot is one element of a unit, read from its normal form: a line with the other
// lines of its group, or a component.
type slot struct {
	norm   string
	name   string   // upper case; the component's for a component, "?" for junk
	params []string // NAME=value, sorted; one entry for each TYPE
	value  string   // in its canonical form
	more   []string // the other lines of its group, sorted
	comp   bool
	key    string // of a component: what tells it from others of its name
}

func readSlots(norms []string) []slot {
	out := make([]slot, len(norms))
	for i, n := range norms {
		out[i] = readSlot(n)
	}
	return out
}

func readSlot(norm string) slot {
	s := slot{norm: norm}
	line, wrapper := strings.CutPrefix(norm, "calendar ")
	if strings.HasPrefix(line, "?") {
		s.name, s.value = "?", line[1:]
		return s
	}
	if at := strings.Index(line, "BEGIN:"); at >= 0 && strings.Contains(line, "\nEND:") && (at == 0 || line[at-1] == ':') {
		s.comp = true
		s.name, _, _ = strings.Cut(line[at:], "\n")
		s.key = componentKey(line[at:])
	} else {
		line, more, grouped := strings.Cut(line, "\n")
		if grouped {
			s.more = strings.Split(more, "\n")
		}
		s.name, s.params, s.value = splitNorm(line)
	}
	if wrapper {
		s.name = "calendar " + s.name
	}
	return s
}

// splitNorm takes the normal form of one line apart.
func splitNorm(line string) (name string, params []string, value string) {
	line = strings.TrimPrefix(line, "item.")
	quoted, end := false, len(line)
scan:
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '"':
			quoted = !quoted
		case ':':
			if !quoted {
				end = i
				break scan
			}
		}
	}
	head := splitQuoted(line[:end], ';')
	if end < len(line) {
		value = line[end+1:]
	}
	for _, p := range head[1:] {
		if types, ok := strings.CutPrefix(p, "TYPE="); ok {
			for _, t := range splitQuoted(types, ',') {
				params = append(params, "TYPE="+t)
			}
			continue
		}
		params = append(params, p)
	}
	slices.Sort(params)
	return head[0], params, value
}

// componentKey is what tells a component from others of its name: which occurrence
// it changes, which zone it defines, when it rings.
func componentKey(norm string) string {
	depth := 0
	key := ""
	for line := range strings.SplitSeq(norm, "\n") {
		switch {
		case strings.HasPrefix(line, "BEGIN:"):
			depth++
			continue
		case strings.HasPrefix(line, "END:"):
			depth--
			continue
		case depth != 1:
			continue
		}
		switch name, params, value := splitNorm(line); name {
		case "RECURRENCE-ID":
			return instantOf(params, value)
		case "TZID":
			return value
		case "TRIGGER":
			key = value
		}
	}
	return key
}

// inner gives the lines directly in a component's normal form.
func inner(norm string) []string {
	var out []string
	depth := 0
	for line := range strings.SplitSeq(norm, "\n") {
		switch {
		case strings.HasPrefix(line, "BEGIN:") || strings.Contains(line, ":BEGIN:"):
			depth++
		case strings.HasPrefix(line, "END:"):
			depth--
		case depth == 1:
			out = append(out, line)
		}
	}
	return out
}

// innerComponents gives the components directly in a component's normal form.
func innerComponents(norm string) []string {
	var out []string
	var b strings.Builder
	depth := 0
	for line := range strings.SplitSeq(norm, "\n") {
		if strings.HasPrefix(line, "BEGIN:") || strings.Contains(line, ":BEGIN:") {
			depth++
		}
		if depth > 1 {
			b.WriteString(line)
			b.WriteByte('\n')
		}
		if strings.HasPrefix(line, "END:") {
			if depth--; depth == 1 {
				out = append(out, strings.TrimSuffix(b.String(), "\n"))
				b.Reset()
			}
		}
	}
	return out
}

// within reports whether all of a are in b; both are sorted.
func within(a, b []string) bool {
	for _, s := range a {
		if !slices.Contains(b, s) {
			return false
		}
	}
	return true
}

// round says whether two slots go together.
type round func(a, b *slot) bool

// pairUp finds for each of as at most one of bs, by one round after the other, the
// surest first, and in a round by order. taken marks those of bs that are not to be
// had; it is filled in.
func pairUp(as, bs []slot, of []int, taken []bool, rounds ...round) {
	for _, fits := range rounds {
		for i := range as {
			if of[i] >= 0 {
				continue
			}
			for j := range bs {
				if !taken[j] && fits(&as[i], &bs[j]) {
					of[i], taken[j] = j, true
					break
				}
			}
		}
	}
}

func none(n int) []int {
	of := make([]int, n)
	for i := range of {
		of[i] = -1
	}
	return of
}

func sameNorm(a, b *slot) bool { return a.norm == b.norm }

func sameName(a, b *slot) bool { return a.name == b.name && a.comp == b.comp && a.name != "?" }

func sameKey(a, b *slot) bool { return a.comp && sameName(a, b) && a.key == b.key }

// partOf reports whether a component has nothing that another one of its name hasn't.
func partOf(a, b *slot) bool {
	return a.comp && sameName(a, b) && within(inner(a.norm), inner(b.norm))
}

func sameValue(a, b *slot) bool { return !a.comp && sameName(a, b) && a.value == b.value }

func sameParams(a, b *slot) bool { return slices.Equal(a.params, b.params) }

// behind finds the slot of the full object behind each that a peer holds: first those
// that are as they were sent, last those of the same name, in order.
func behind(card bool, was, full []slot) []int {
	of := none(len(was))
	rewritten := func(a, b *slot) bool { return sameName(a, b) && rewriting(card, a.name, b.value, a.value) != "" }
	pairUp(was, full, of, make([]bool, len(full)),
		sameNorm,
		func(a, b *slot) bool { return sameValue(a, b) && within(a.params, b.params) },
		sameValue,
		sameKey,
		partOf,
		func(a, b *slot) bool { return rewritten(a, b) && within(a.params, b.params) },
		rewritten,
		func(a, b *slot) bool { return sameName(a, b) && within(a.params, b.params) },
		sameName)
	return of
}

// slotOps is what a peer's user did, in terms of the full object.
type slotOps struct {
	gone  []int // of full
	edits []slotEdit
	added []int // of now
}

// slotEdit changes the full object's slot by the difference of what the peer held
// and holds.
type slotEdit struct {
	full, now int
	was       slot
}

// slotDiff compares a unit as a peer held it with what it holds now.
type slotDiff struct {
	card, list bool
	full       []slot
	was, now   []slot
	// picture reports whether the picture of now is that of full, smaller or
	// compressed anew.
	picture func(full, now int) bool
}

// ops finds what a user changed. What the peer rewrote by itself isn't in it.
func (d *slotDiff) ops() slotOps {
	of := behind(d.card, d.was, d.full)
	stays := none(len(d.now))
	kept := make([]bool, len(d.was))
	pairUp(d.now, d.was, stays, kept, sameNorm)
	// What the peer writes anew in its own way is no edit.
	for i := range d.now {
		a := &d.now[i]
		for j := range d.was {
			w := &d.was[j]
			if stays[i] < 0 && !kept[j] && sameName(a, w) && sameParams(a, w) && d.unchanged(i, j, of[j]) {
				stays[i], kept[j] = j, true
			}
		}
	}
	var ops slotOps
	edited := func(a, w *slot) bool { return sameParams(a, w) && sameName(a, w) && !a.comp }
	became := stays
	rounds := []round{sameKey, sameValue, edited}
	if !d.list {
		rounds = append(rounds, sameName)
	}
	before := slices.Clone(stays)
	pairUp(d.now, d.was, became, kept, rounds...)
	mapped := make([]bool, len(d.full))
	for _, f := range of {
		if f >= 0 {
			mapped[f] = true
		}
	}
	for i := range d.now {
		switch w := became[i]; {
		case before[i] >= 0:
		case peerOwn(d.now[i].name):
		case w < 0:
			d.add(&ops, i, mapped)
		case of[w] >= 0 && d.list && d.again(i, mapped):
			ops.gone = append(ops.gone, of[w]) // it is there, where the peer had no place for it
		case of[w] >= 0:
			ops.edits = append(ops.edits, slotEdit{of[w], i, d.was[w]})
		case strings.HasPrefix(d.now[i].name, "X-"): // the peer's own line
		default:
			d.add(&ops, i, mapped)
		}
	}
	for j := range d.was {
		if !kept[j] && of[j] >= 0 && !peerOwn(d.was[j].name) {
			ops.gone = append(ops.gone, of[j])
		}
	}
	d.followStart(&ops)
	d.followDone(&ops, mapped)
	return ops
}

// add takes a line that is new at the peer.
func (d *slotDiff) add(ops *slotOps, now int, mapped []bool) {
	if d.has(now, mapped) {
		return
	}
	if f := d.replaced(now, mapped); f >= 0 {
		mapped[f] = true
		ops.edits = append(ops.edits, slotEdit{f, now, d.full[f]})
		return
	}
	ops.added = append(ops.added, now)
}

// unchanged reports whether what the peer holds now (index of now) stands for what it
// held (index of was) and was sent (index of full, -1 unknown).
func (d *slotDiff) unchanged(now, was, full int) bool {
	a, w := &d.now[now], &d.was[was]
	if a.comp {
		return false
	}
	if stable(d.card, a.name, w.value, a.value) && slices.Equal(a.more, w.more) {
		return true
	}
	if full < 0 {
		return false
	}
	if d.card && mediaName(a.name) && d.picture != nil && d.picture(full, now) {
		return true
	}
	// Cut less than before, or not at all.
	f := d.full[full].value
	return len(a.value) > len(w.value) && strings.HasPrefix(f, w.value) && strings.HasPrefix(f, a.value) && rewriting(d.card, a.name, f, w.value) == Cut
}

// has reports whether the full object already holds what the peer's user put in, in
// a place that the peer could not store.
func (d *slotDiff) has(now int, mapped []bool) bool { return d.place(now, mapped) >= 0 }

// place is where that is, -1 nowhere.
func (d *slotDiff) place(now int, mapped []bool) int {
	a := &d.now[now]
	for j := range d.full {
		f := &d.full[j]
		if !mapped[j] && sameName(a, f) && !a.comp && alike(d.card, a.name, f.value, a.value) {
			return j
		}
	}
	return -1
}

// again reports whether a line that the peer's user changed says now what another one
// does that the peer could not store, label and all.
func (d *slotDiff) again(now int, mapped []bool) bool {
	j := d.place(now, mapped)
	return j >= 0 && within(d.now[now].params, d.full[j].params) && len(d.now[now].more) == 0
}

// cautious finds what a peer changed of which nobody knows what it held: what isn't
// there was never stored, and in a list what is new stands beside what was sent.
func (d *slotDiff) cautious() slotOps {
	behind := none(len(d.now))
	taken := make([]bool, len(d.full))
	pairUp(d.now, d.full, behind, taken, sameNorm, sameKey, partOf, sameValue,
		func(a, b *slot) bool {
			return sameName(a, b) && !a.comp && rewriting(d.card, a.name, b.value, a.value) != ""
		})
	var ops slotOps
	for i := range d.now {
		a := &d.now[i]
		if behind[i] >= 0 || peerOwn(a.name) || d.has(i, taken) {
			continue
		}
		edit := -1
		if !d.list && !a.comp {
			edit = slices.IndexFunc(d.full, func(f slot) bool { return sameName(a, &f) })
			if edit >= 0 && taken[edit] {
				edit = -1
			}
		}
		switch {
		case edit < 0 && !a.comp && strings.HasPrefix(a.name, "X-"):
		case edit < 0:
			ops.added = append(ops.added, i)
		case d.card && mediaName(a.name) && d.picture != nil && d.picture(edit, i):
			taken[edit] = true
		default:
			taken[edit] = true
			was := d.full[edit]
			was.params, was.more = a.params, a.more
			ops.edits = append(ops.edits, slotEdit{edit, i, was})
		}
	}
	d.followStart(&ops)
	return ops
}

// peerOwn lists lines that a peer writes for itself: they are never taken from it.
func peerOwn(name string) bool {
	return strings.HasPrefix(name, "X-") && (strings.HasSuffix(name, "-ETAG") || strings.HasSuffix(name, "-LUID") || name == "X-ABUID")
}
