package engine

import (
	"slices"
	"sort"
)

// MinItemID and MaxItemID bound the ID space of a scope.
var (
	MinItemID = ItemID{}
	MaxItemID = ItemID{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
)

// Knowledge says which versions of which items a replica has seen: a total
// function from (item, unit) to a clock vector, where a version (r, t) is
// contained if the vector's tick of r is at least t (sync-model §1.2). It says
// nothing of which versions are current.
//
// It is an immutable value: every operation returns a new one and shares what
// didn't change, so copying and concurrent reading are free. The zero Knowledge
// knows nothing. Don't compare with == or reflection, use Equal.
//
// The ID space is cut into ranges. Each range has a row: a clock vector for all
// units and a replacement for some of them by name. So a tile is (unit set × ID
// range) → clock vector, and the documented kinds of exception are the rows of a
// range, of a range of one item, and a unit's replacement in it. A range ends
// where the next begins, neighbours always differ, and a replacement always
// differs from the row it is in. This normal form is unique: equal functions
// have equal forms and equal bytes, and when all syncs complete it falls back to
// one clock vector.
//
// The operations of the Sync Framework, and where they are:
//
//   - asking: Contains, Covers, CoversItem, CoversUnit, Intersects, Equal, and by
//     Cookie where a digest is enough; LowestUncontained, MinTick, Floor,
//     ClockVector, Fragments.
//   - joining: Union, Learn, Intersect, Complement.
//   - restricting: Project to a range, ProjectItem, ProjectUnit, ProjectUnits to a
//     set of units, ProjectOnto another knowledge.
//   - exceptions: Except and ReplaceUnits go back to an older knowledge,
//     ExcludeItem and ExcludeUnit to none.
//   - own ticks: WithTick before it is handed out; CapTick and Without where a
//     replica's later ticks can't be trusted, CheckClaims to find that out.
//   - forms: AppendBinary and ParseKnowledge, Values and KnowledgeFromValues.
type Knowledge struct {
	first *row  // the row from MinItemID up to the first cut; nil is the empty row
	cuts  []cut // ascending by low, the first above MinItemID
}

// cut begins a range: row holds from low up to the next cut.
type cut struct {
	low ItemID
	row *row
}

// NewKnowledge knows, for all items and units, every change of each version's
// replica up to its tick. Zero and pending versions add nothing.
func NewKnowledge(pairs ...Version) Knowledge {
	var k Knowledge
	for _, v := range pairs {
		k = k.WithTick(v)
	}
	return k
}

// Contains reports whether the version v of the item's unit (Life for its
// existence) has been seen. A pending version is never contained; the zero
// Version, which stands for no change at all, always is.
func (k Knowledge) Contains(item ItemID, unit string, v Version) bool {
	if v.Tick == 0 {
		return true
	}
	r := k.first
	if len(k.cuts) > 0 {
		r = k.rowAt(item)
	}
	if r == nil {
		return false
	}
	// No clock vector has a pending tick, so none reaches one.
	if len(r.units) > 0 {
		return r.clock(unit).tick(v.Replica) >= v.Tick
	}
	return r.all.tick(v.Replica) >= v.Tick
}

// Tick is the greatest tick of r that is contained for any item and unit.
func (k Knowledge) Tick(r ReplicaID) uint64 {
	var t uint64
	for _, c := range k.tiles() {
		t = max(t, c.tick(r))
	}
	return t
}

// Floor is the tick of r up to which every item and unit is contained.
func (k Knowledge) Floor(r ReplicaID) uint64 {
	t := pendingTick
	for _, c := range k.tiles() {
		t = min(t, c.tick(r))
	}
	return t
}

// IsZero reports whether k knows nothing.
func (k Knowledge) IsZero() bool { return len(k.cuts) == 0 && k.start().isEmpty() }

// Covers reports whether k contains all that o contains.
func (k Knowledge) Covers(o Knowledge) bool {
	for s := newSweep(k, o); s.next(); {
		if !s.a.covers(s.b) {
			return false
		}
	}
	return true
}

// Equal reports whether k and o contain the same.
func (k Knowledge) Equal(o Knowledge) bool {
	return k.start().equal(o.start()) && slices.EqualFunc(k.cuts, o.cuts, func(a, b cut) bool {
		return a.low == b.low && a.row.equal(b.row)
	})
}

// Union contains what k or o contains: the join of the lattice.
func (k Knowledge) Union(o Knowledge) Knowledge {
	if o.IsZero() {
		return k
	}
	if len(o.cuts) == 0 && len(k.cuts) == 0 {
		return Knowledge{first: joinRows(k.start(), o.start())}
	}
	b := builder{cuts: make([]cut, 0, len(k.cuts)+len(o.cuts))}
	join := memoJoin{}
	for s := newSweep(k, o); s.next(); {
		b.add(s.low, join.rows(s.a, s.b))
	}
	return b.knowledge()
}

// WithTick contains every change of v.Replica up to v.Tick besides what k
// contains, in every tile: a replica's own edit must not splinter what it knows.
// Zero and pending versions add nothing.
func (k Knowledge) WithTick(v Version) Knowledge {
	if v.Tick == 0 || v.IsPending() {
		return k
	}
	return k.mapClocks(func(c clock) clock { return c.raise(v) })
}

// Learn is k and what o says of the items from low to high, both included: what
// a destination may add after a batch made with o (sync-model §1.3, step 8).
func (k Knowledge) Learn(o Knowledge, low, high ItemID) Knowledge {
	return k.Union(o.Project(low, high))
}

// Project is what k says of the items from low to high, both included, and
// nothing of the others.
func (k Knowledge) Project(low, high ItemID) Knowledge {
	if low == MinItemID && high == MaxItemID {
		return k
	}
	return splice(low, high, k, Knowledge{})
}

// Except is k, but of the item (or, if unit isn't nil, of that unit of it) it
// contains what old says there, be it more or less: how a change that was not
// applied stays unlearned.
func (k Knowledge) Except(item ItemID, unit *string, old Knowledge) Knowledge {
	r := old.rowAt(item)
	if unit != nil {
		r = k.rowAt(item).with(*unit, r.clock(*unit))
	}
	return splice(item, item, Knowledge{first: r}, k)
}

// CapTick contains of r's changes at most those up to limit; all else stays.
// It is for a copied or restored replica, whose later ticks may mean something
// else elsewhere.
func (k Knowledge) CapTick(r ReplicaID, limit uint64) Knowledge {
	return k.mapClocks(func(c clock) clock { return c.capped(r, limit) })
}

// Without contains no change of r.
func (k Knowledge) Without(r ReplicaID) Knowledge { return k.CapTick(r, 0) }

// Exceptions counts what departs from the scope's clock vector (see String):
// each range or single item that has a vector of its own, and each unit in it
// that has one. It is 0 once all syncs complete.
func (k Knowledge) Exceptions() int {
	n := 0
	for range k.exceptions() {
		n++
	}
	return n
}

// Replicas lists, in ascending order, the replicas of which k contains a change.
func (k Knowledge) Replicas() []ReplicaID {
	var ids []ReplicaID
	for _, c := range k.tiles() {
		for _, v := range c {
			if i, ok := slices.BinarySearchFunc(ids, v.Replica, ReplicaID.Compare); !ok {
				ids = slices.Insert(ids, i, v.Replica)
			}
		}
	}
	return ids
}

// start is the first range's row, never nil.
func (k Knowledge) start() *row {
	if k.first == nil {
		return &emptyRow
	}
	return k.first
}

// rowAt is the row of the range that item is in, never nil.
func (k Knowledge) rowAt(item ItemID) *row {
	i := sort.Search(len(k.cuts), func(i int) bool { return item.Compare(k.cuts[i].low) < 0 })
	if i == 0 {
		return k.start()
	}
	return k.cuts[i-1].row
}
