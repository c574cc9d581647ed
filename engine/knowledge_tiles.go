package engine

import (
	"iter"
	"slices"
	"strings"
)

// row is the knowledge of one range: the clock vector of all units, and those
// of the units that have another, ascending by name. Immutable.
type row struct {
	all   clock
	units []unitClock
}

type unitClock struct {
	unit  string
	clock clock
}

var emptyRow row

func (r *row) isEmpty() bool { return len(r.all) == 0 && len(r.units) == 0 }

// clock is the vector of one unit.
func (r *row) clock(unit string) clock {
	for i := range r.units {
		if r.units[i].unit == unit {
			return r.units[i].clock
		}
	}
	return r.all
}

func (r *row) equal(o *row) bool {
	return r == o || r.all.equal(o.all) && slices.EqualFunc(r.units, o.units, func(a, b unitClock) bool {
		return a.unit == b.unit && a.clock.equal(b.clock)
	})
}

func (r *row) covers(o *row) bool {
	if r == o {
		return true
	}
	if len(r.units) == 0 && len(o.units) == 0 {
		return r.all.covers(o.all)
	}
	for _, p := range r.pairs(o) {
		if !p[0].covers(p[1]) {
			return false
		}
	}
	return true
}

// with replaces the vector of one unit.
func (r *row) with(unit string, c clock) *row {
	if r.clock(unit).equal(c) {
		return r
	}
	n := &row{all: r.all}
	i, found := slices.BinarySearchFunc(r.units, unit, func(u unitClock, name string) int { return strings.Compare(u.unit, name) })
	n.units = append(n.units, r.units[:i]...)
	if !c.equal(r.all) {
		n.units = append(n.units, unitClock{unit, c})
	}
	if found {
		i++
	}
	n.units = append(n.units, r.units[i:]...)
	return n
}

// pairs yields the vectors of r and o: first, with an empty name, those of all
// units that neither replaces, then those of each that one of them does,
// ascending.
func (r *row) pairs(o *row) iter.Seq2[string, [2]clock] {
	return func(yield func(string, [2]clock) bool) {
		if !yield("", [2]clock{r.all, o.all}) {
			return
		}
		a, b := r.units, o.units
		for len(a) > 0 || len(b) > 0 {
			p := [2]clock{r.all, o.all}
			var name string
			useA := len(b) == 0 || len(a) > 0 && a[0].unit <= b[0].unit
			useB := len(a) == 0 || len(b) > 0 && b[0].unit <= a[0].unit
			if useA {
				name, p[0], a = a[0].unit, a[0].clock, a[1:]
			}
			if useB {
				name, p[1], b = b[0].unit, b[0].clock, b[1:]
			}
			if !yield(name, p) {
				return
			}
		}
	}
}

// joinRows is the pointwise maximum; it gives back one of its arguments where
// that is the answer.
func joinRows(a, b *row) *row {
	switch {
	case a == b || a.covers(b):
		return a
	case b.covers(a):
		return b
	}
	return zipRows(a, b, clock.join)
}

// memoJoin remembers the joins of one union: with many exceptions the same few
// pairs of rows come up again and again.
type memoJoin map[[2]*row]*row

func (m memoJoin) rows(a, b *row) *row {
	if a == b {
		return a
	}
	j, ok := m[[2]*row{a, b}]
	if !ok {
		j = joinRows(a, b)
		m[[2]*row{a, b}] = j
	}
	return j
}

// mapClocks applies f to every tile. f gives back its argument when it has
// nothing to change.
func (k Knowledge) mapClocks(f func(clock) clock) Knowledge {
	if r := k.start(); len(k.cuts) == 0 && len(r.units) == 0 { // clean: a tick is minted for each edit
		c := f(r.all)
		if c.same(r.all) {
			return k
		}
		return Knowledge{first: &row{all: c}}
	}
	memo := make(map[*row]*row, 1)
	b := builder{cuts: make([]cut, 0, len(k.cuts))}
	for low, r := range k.ranges() {
		n, ok := memo[r]
		if !ok {
			n = &row{all: f(r.all)}
			for _, u := range r.units {
				if c := f(u.clock); !c.equal(n.all) {
					n.units = append(n.units, unitClock{u.unit, c})
				}
			}
			memo[r] = n
		}
		b.add(low, n)
	}
	return b.knowledge()
}

// continued is WithTick of v where k knows every earlier change of v.Replica up to
// from. A tile that misses one of them, of something that the participant was never
// given, must not seem to know it.
func (k Knowledge) continued(v Version, from uint64) Knowledge {
	return k.mapClocks(func(c clock) clock {
		if c.tick(v.Replica) < from {
			return c
		}
		return c.raise(v)
	})
}

// ranges yields each range's lowest ID and row.
func (k Knowledge) ranges() iter.Seq2[ItemID, *row] {
	return func(yield func(ItemID, *row) bool) {
		if !yield(MinItemID, k.start()) {
			return
		}
		for _, c := range k.cuts {
			if !yield(c.low, c.row) {
				return
			}
		}
	}
}

// tiles yields every tile's clock vector with the lowest ID of its range.
func (k Knowledge) tiles() iter.Seq2[ItemID, clock] {
	return func(yield func(ItemID, clock) bool) {
		for low, r := range k.ranges() {
			if !yield(low, r.all) {
				return
			}
			for i := range r.units {
				if !yield(low, r.units[i].clock) {
					return
				}
			}
		}
	}
}

// builder puts a Knowledge together from ranges in ascending order, the first
// at MinItemID, merging neighbours that are equal.
type builder struct {
	first, last *row
	cuts        []cut
}

func (b *builder) add(low ItemID, r *row) {
	switch {
	case b.first == nil:
		b.first = r
	case b.last.equal(r):
		return // keep the former pointer: memos work by pointer
	default:
		b.cuts = append(b.cuts, cut{low, r})
	}
	b.last = r
}

func (b *builder) knowledge() Knowledge {
	k := Knowledge{first: b.first}
	if len(b.cuts) > 0 {
		k.cuts = b.cuts
	}
	return k
}

// splice says what inner says of the items from low to high, both included, and
// what outer says of the others.
func splice(low, high ItemID, inner, outer Knowledge) Knowledge {
	if low.Compare(high) > 0 {
		return outer
	}
	b := builder{cuts: make([]cut, 0, len(inner.cuts)+len(outer.cuts)+2)}
	for at, r := range outer.ranges() {
		if at.Compare(low) >= 0 {
			break
		}
		b.add(at, r)
	}
	b.add(low, inner.rowAt(low))
	for _, c := range inner.cuts {
		if c.low.Compare(low) > 0 && c.low.Compare(high) <= 0 {
			b.add(c.low, c.row)
		}
	}
	if after, ok := high.next(); ok {
		b.add(after, outer.rowAt(after))
		for _, c := range outer.cuts {
			if c.low.Compare(after) > 0 {
				b.add(c.low, c.row)
			}
		}
	}
	return b.knowledge()
}

// next is the ID after id; false for the last one.
func (id ItemID) next() (ItemID, bool) {
	for i := len(id) - 1; i >= 0; i-- {
		id[i]++
		if id[i] != 0 {
			return id, true
		}
	}
	return id, false
}

// prev is the ID before id, which must not be MinItemID.
func (id ItemID) prev() ItemID {
	for i := len(id) - 1; i >= 0; i-- {
		id[i]--
		if id[i] != 0xff {
			break
		}
	}
	return id
}

// sweep walks over two knowledges at once, range by range.
type sweep struct {
	low     ItemID // where the current range begins
	a, b    *row
	ca, cb  []cut
	started bool
}

func newSweep(a, b Knowledge) *sweep {
	return &sweep{a: a.start(), b: b.start(), ca: a.cuts, cb: b.cuts}
}

func (s *sweep) next() bool {
	if !s.started {
		s.started = true
		return true
	}
	if len(s.ca) == 0 && len(s.cb) == 0 {
		return false
	}
	if len(s.cb) == 0 || len(s.ca) > 0 && s.ca[0].low.Compare(s.cb[0].low) <= 0 {
		s.low = s.ca[0].low
	} else {
		s.low = s.cb[0].low
	}
	if len(s.ca) > 0 && s.ca[0].low == s.low {
		s.a, s.ca = s.ca[0].row, s.ca[1:]
	}
	if len(s.cb) > 0 && s.cb[0].low == s.low {
		s.b, s.cb = s.cb[0].row, s.cb[1:]
	}
	return true
}
