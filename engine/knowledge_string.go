package engine

import (
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// exception is a tile that departs from the scope's row.
type exception struct {
	low, high ItemID
	whole     bool   // the vector of all units of the range
	unit      string // else of this one
	clock     clock
}

// scope is the row that most of the ID space has (of equal ones the first): the
// one beside which the others are exceptions.
func (k Knowledge) scope() *row {
	if len(k.cuts) == 0 {
		return k.start()
	}
	forms, numbers := k.rows(k.Replicas()) // equal rows may be at several addresses
	sizes := make([]float64, len(forms))
	low, last := MinItemID, k.start()
	for _, c := range k.cuts {
		sizes[numbers[last]] += c.low.above(low)
		low, last = c.low, c.row
	}
	sizes[numbers[last]] += MaxItemID.above(low) + 1
	most := slices.Max(sizes)
	for _, r := range k.ranges() {
		if sizes[numbers[r]] == most {
			return r
		}
	}
	return k.start()
}

// above is about how many IDs id is above low.
func (id ItemID) above(low ItemID) float64 {
	const word = 1 << 64
	high := binary.BigEndian.Uint64(id[:8]) - binary.BigEndian.Uint64(low[:8])
	rest := float64(binary.BigEndian.Uint64(id[8:])) - float64(binary.BigEndian.Uint64(low[8:]))
	return float64(high)*word + rest
}

// exceptions yields, in ID order, the tiles that aren't as the scope's vector.
func (k Knowledge) exceptions() iter.Seq[exception] {
	return func(yield func(exception) bool) {
		scope := k.scope()
		for _, u := range scope.units {
			if !yield(exception{low: MinItemID, high: MaxItemID, unit: u.unit, clock: u.clock}) {
				return
			}
		}
		low, r := MinItemID, k.start()
		for i := 0; ; i++ {
			e := exception{low: low, high: MaxItemID}
			if i < len(k.cuts) {
				e.high = k.cuts[i].low.prev()
			}
			if !r.equal(scope) && !r.exceptions(scope, e, yield) {
				return
			}
			if i == len(k.cuts) {
				return
			}
			low, r = k.cuts[i].low, k.cuts[i].row
		}
	}
}

// exceptions yields what r says otherwise than scope in the range of e.
func (r *row) exceptions(scope *row, e exception, yield func(exception) bool) bool {
	first := true
	for unit, p := range r.pairs(scope) {
		e.whole, e.unit, e.clock = first, unit, p[0]
		first = false
		// A range with its own vector replaces the scope's units as well.
		differs := !p[0].equal(p[1])
		if !e.whole && !r.all.equal(scope.all) {
			differs = !p[0].equal(r.all)
		}
		if differs && !yield(e) {
			return false
		}
	}
	return true
}

// String is for logs and tests: the scope's clock vector, then each exception as
// +item:{…} or +[low,high]:{…}, with /unit behind for one unit (then * stands for
// all items). Replica IDs
// are shortened.
func (k Knowledge) String() string {
	var b strings.Builder
	k.scope().all.writeTo(&b)
	for e := range k.exceptions() {
		b.WriteByte('+')
		switch {
		case e.low == e.high:
			b.WriteString(e.low.String())
		case e.low == MinItemID && e.high == MaxItemID:
			b.WriteByte('*')
		default:
			fmt.Fprintf(&b, "[%s,%s]", e.low, e.high)
		}
		if !e.whole {
			b.WriteString("/" + e.unit)
		}
		b.WriteByte(':')
		e.clock.writeTo(&b)
	}
	return b.String()
}

func (c clock) writeTo(b *strings.Builder) {
	b.WriteByte('{')
	for i, v := range c {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(v.String())
	}
	b.WriteByte('}')
}
