package engine

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The universe of the literal model: items at the ends of the ID space, next to
// each other and apart, each of which stands for the gap around it as well.
var (
	modelItems = []ItemID{
		MinItemID, idOf(1), idOf(2), idOf(5), idOf(6), idOf(7), idOf(9), idOf(1 << 20),
		MaxItemID.prev().prev(), MaxItemID.prev(), MaxItemID,
	}
	modelBounds   = []ItemID{MinItemID, idOf(1), idOf(5), idOf(6), idOf(9), MaxItemID.prev(), MaxItemID}
	modelUnits    = []string{Life, "name", "tel", "never an exception"}
	modelReplicas = []ReplicaID{{'A'}, {'B'}, {'C'}}
)

const modelTicks = 5

func idOf(n uint32) ItemID {
	return ItemID{12: byte(n >> 24), 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
}

// point is one dimension of the function that a Knowledge is.
type point struct {
	item    ItemID
	unit    string
	replica ReplicaID
}

// model is knowledge written out: the tick of each replica for each unit of each
// item. Slow and obviously right.
type model map[point]uint64

func newModel() model {
	m := make(model)
	for p := range modelPoints {
		m[p] = 0
	}
	return m
}

func modelPoints(yield func(point) bool) {
	for _, i := range modelItems {
		for _, u := range modelUnits {
			for _, r := range modelReplicas {
				if !yield(point{i, u, r}) {
					return
				}
			}
		}
	}
}

// from is m with f of each point's tick.
func (m model) from(f func(p point, t uint64) uint64) model {
	n := make(model, len(m))
	for p, t := range m {
		n[p] = f(p, t)
	}
	return n
}

func (m model) union(o model) model {
	return m.from(func(p point, t uint64) uint64 { return max(t, o[p]) })
}

func (m model) project(low, high ItemID) model {
	return m.from(func(p point, t uint64) uint64 {
		if p.item.Compare(low) < 0 || p.item.Compare(high) > 0 {
			return 0
		}
		return t
	})
}

func (m model) covers(o model) bool {
	for p, t := range o {
		if m[p] < t {
			return false
		}
	}
	return true
}

// both is a Knowledge with the model of what it must be.
type both struct {
	k Knowledge
	m model
}

// check compares a Knowledge with its model and looks at its form.
func (b both) check(t *rapid.T, what string) {
	for p, tick := range b.m {
		for v := uint64(0); v <= modelTicks+1; v++ {
			if got, want := b.k.Contains(p.item, p.unit, Version{p.replica, v}), v <= tick; got != want {
				t.Fatalf("%s: %v contains tick %d of %s in %s/%s: got %v, want %v", what, b.k, v, p.replica, p.item, p.unit, got, want)
			}
		}
		if b.k.Contains(p.item, p.unit, Pending(p.replica)) {
			t.Fatalf("%s: %v contains a pending version", what, b.k)
		}
	}
	checkForm(t, what, b.k)
}

// checkForm checks the rules of the normal form (sync-model §1.2).
func checkForm(t *rapid.T, what string, k Knowledge) {
	last, lastRow := MinItemID, k.start()
	for i, c := range k.cuts {
		if c.low.Compare(last) <= 0 {
			t.Fatalf("%s: range %d of %v begins at %s, not above %s", what, i+1, k, c.low, last)
		}
		if c.row.equal(lastRow) {
			t.Fatalf("%s: range %d of %v is as the one before", what, i+1, k)
		}
		last, lastRow = c.low, c.row
	}
	for _, r := range k.ranges() {
		names := make([]string, len(r.units))
		for i, u := range r.units {
			names[i] = u.unit
			if u.clock.equal(r.all) {
				t.Fatalf("%s: unit %q of %v is as its range", what, u.unit, k)
			}
		}
		if !slices.IsSorted(names) || len(slices.Compact(names)) != len(r.units) {
			t.Fatalf("%s: units of %v out of order: %q", what, k, names)
		}
	}
	for _, c := range k.tiles() {
		for i, v := range c {
			if v.Tick == 0 || v.IsPending() || i > 0 && c[i-1].Replica.Compare(v.Replica) >= 0 {
				t.Fatalf("%s: clock vector %v of %v out of form", what, c, k)
			}
		}
	}
}

func drawVersion(t *rapid.T) Version {
	return Version{
		rapid.SampledFrom(modelReplicas).Draw(t, "replica"),
		rapid.Uint64Range(0, modelTicks).Draw(t, "tick"),
	}
}

func drawColumns(t *rapid.T) Columns {
	// The last unit of the model stands for all that no knowledge names.
	c := ColumnsOf(rapid.SliceOfN(rapid.SampledFrom(modelUnits[:3]), 0, 3).Draw(t, "columns")...)
	if rapid.Bool().Draw(t, "others") {
		c = c.Others()
	}
	return c
}

// step makes a new knowledge out of known ones by one operation.
func step(t *rapid.T, known []both) (both, string) {
	a := rapid.SampledFrom(known).Draw(t, "a")
	b := rapid.SampledFrom(known).Draw(t, "b")
	low := rapid.SampledFrom(modelBounds).Draw(t, "low")
	high := rapid.SampledFrom(modelBounds).Draw(t, "high")
	v := drawVersion(t)
	switch op := rapid.IntRange(0, 11).Draw(t, "op"); op {
	case 0:
		w := drawVersion(t)
		return both{NewKnowledge(v, w), newModel().from(func(p point, n uint64) uint64 {
			for _, v := range []Version{v, w} {
				if p.replica == v.Replica {
					n = max(n, v.Tick)
				}
			}
			return n
		})}, "new"
	case 1:
		return both{a.k.Union(b.k), a.m.union(b.m)}, "union"
	case 2:
		return both{a.k.WithTick(v), a.m.from(func(p point, n uint64) uint64 {
			if p.replica == v.Replica {
				n = max(n, v.Tick)
			}
			return n
		})}, "with tick"
	case 3:
		return both{a.k.Project(low, high), a.m.project(low, high)}, "project"
	case 4:
		return both{a.k.Learn(b.k, low, high), a.m.union(b.m.project(low, high))}, "learn"
	case 5:
		return both{a.k.Except(low, nil, b.k), a.m.from(func(p point, n uint64) uint64 {
			if p.item == low {
				n = b.m[p]
			}
			return n
		})}, "except item"
	case 6:
		unit := rapid.SampledFrom(modelUnits[:3]).Draw(t, "unit")
		return both{a.k.Except(low, &unit, b.k), a.m.from(func(p point, n uint64) uint64 {
			if p.item == low && p.unit == unit {
				n = b.m[p]
			}
			return n
		})}, "except unit"
	case 7:
		c := drawColumns(t)
		return both{a.k.ReplaceUnits(c, b.k), a.m.from(func(p point, n uint64) uint64 {
			if c.Has(p.unit) {
				n = b.m[p]
			}
			return n
		})}, "replace units " + c.String()
	case 8:
		c := drawColumns(t)
		return both{a.k.ProjectUnits(c), a.m.from(func(p point, n uint64) uint64 {
			if !c.Has(p.unit) {
				n = 0
			}
			return n
		})}, "project units " + c.String()
	case 9:
		return both{a.k.Intersect(b.k), a.m.from(func(p point, n uint64) uint64 { return min(n, b.m[p]) })}, "intersect"
	case 10:
		return both{a.k.Complement(b.k), a.m.from(func(p point, n uint64) uint64 {
			if n <= b.m[p] {
				n = 0
			}
			return n
		})}, "complement"
	default:
		return both{a.k.CapTick(v.Replica, v.Tick), a.m.from(func(p point, n uint64) uint64 {
			if p.replica == v.Replica {
				n = min(n, v.Tick)
			}
			return n
		})}, "cap tick"
	}
}

// drawKnown makes a few knowledges by random operations, each checked.
func drawKnown(t *rapid.T, steps int) []both {
	known := []both{{Knowledge{}, newModel()}}
	for range steps {
		b, what := step(t, known)
		b.check(t, what)
		known = append(known, b)
	}
	return known
}

// TestKnowledgeModel compares every operation with the literal model.
func TestKnowledgeModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		known := drawKnown(t, rapid.IntRange(1, 14).Draw(t, "steps"))
		a := known[len(known)-1]
		for _, b := range known {
			b.check(t, "after later operations") // values never change
			if got, want := a.k.Covers(b.k), a.m.covers(b.m); got != want {
				t.Fatalf("%v covers %v: got %v, want %v", a.k, b.k, got, want)
			}
			if got, want := a.k.Equal(b.k), maps.Equal(a.m, b.m); got != want {
				t.Fatalf("%v equals %v: got %v, want %v", a.k, b.k, got, want)
			}
		}
		var replicas []ReplicaID
		for _, r := range modelReplicas {
			low, high := ^uint64(0), uint64(0)
			for p, tick := range a.m {
				if p.replica == r {
					low, high = min(low, tick), max(high, tick)
				}
			}
			if got := a.k.Tick(r); got != high {
				t.Fatalf("tick of %s in %v: got %d, want %d", r, a.k, got, high)
			}
			if got := a.k.Floor(r); got != low {
				t.Fatalf("floor of %s in %v: got %d, want %d", r, a.k, got, low)
			}
			if high > 0 {
				replicas = append(replicas, r)
			}
			if w := a.k.Without(r); w.Tick(r) != 0 || !a.k.Covers(w) || !w.WithTick(Version{r, high}).Covers(a.k) {
				t.Fatalf("%v without %s: got %v", a.k, r, w)
			}
		}
		if got := a.k.Replicas(); !slices.Equal(got, replicas) {
			t.Fatalf("replicas of %v: got %v, want %v", a.k, got, replicas)
		}
		if got, want := a.k.IsZero(), len(replicas) == 0; got != want {
			t.Fatalf("%v is zero: got %v, want %v", a.k, got, want)
		}
	})
}

// TestKnowledgeLattice checks the laws of union and project (sync-model I9).
func TestKnowledgeLattice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		known := drawKnown(t, 10)
		draw := func(name string) Knowledge { return rapid.SampledFrom(known).Draw(t, name).k }
		a, b, c := draw("a"), draw("b"), draw("c")
		equal := func(law string, got, want Knowledge) {
			t.Helper()
			if !got.Equal(want) || !got.Covers(want) || !want.Covers(got) || string(got.AppendBinary(nil)) != string(want.AppendBinary(nil)) {
				t.Fatalf("%s: got %v, want %v (a %v, b %v, c %v)", law, got, want, a, b, c)
			}
		}
		equal("a ∪ a = a", a.Union(a), a)
		equal("a ∪ b = b ∪ a", a.Union(b), b.Union(a))
		equal("(a ∪ b) ∪ c = a ∪ (b ∪ c)", a.Union(b).Union(c), a.Union(b.Union(c)))
		equal("a ∪ 0 = a", a.Union(Knowledge{}), a)
		equal("0 ∪ a = a", Knowledge{}.Union(a), a)
		low, high := rapid.SampledFrom(modelBounds).Draw(t, "low"), rapid.SampledFrom(modelBounds).Draw(t, "high")
		equal("project twice", a.Project(low, high).Project(low, high), a.Project(low, high))
		equal("project of a union", a.Union(b).Project(low, high), a.Project(low, high).Union(b.Project(low, high)))
		after, ok := low.next()
		rest := Knowledge{}
		if ok {
			rest = a.Project(after, MaxItemID)
		}
		equal("parts make the whole", a.Project(MinItemID, low).Union(rest), a)
		equal("an exception taken back", a.Except(low, nil, b).Except(low, nil, a), a)
		name := "name"
		equal("a unit's exception taken back", a.Except(low, &name, b).Except(low, &name, a), a)
		if u := a.Union(b); !u.Covers(a) || !u.Covers(b) || !c.Union(u).Covers(u) {
			t.Fatalf("%v ∪ %v = %v covers less than its parts", a, b, u)
		}
		if a.Covers(b) != a.Union(b).Equal(a) {
			t.Fatalf("%v covers %v: got %v, but their union is %v", a, b, a.Covers(b), a.Union(b))
		}
		if !a.Union(b).Covers(a.Learn(b, low, high)) || !a.Learn(b, low, high).Covers(a) {
			t.Fatalf("learn %v from %v: %v is out of its bounds", a, b, a.Learn(b, low, high))
		}
	})
}

// TestKnowledgeConcise: the size of the normal form is bounded by what went
// wrong, and completing what was left collapses it (sync-model I8).
func TestKnowledgeConcise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clean := NewKnowledge(Version{modelReplicas[0], 3}, Version{modelReplicas[1], 4})
		next := clean.WithTick(Version{modelReplicas[1], 5})
		k := next
		items := rapid.SliceOfN(rapid.Uint32Range(0, 50), 0, 20).Draw(t, "failed")
		units := rapid.SliceOfN(rapid.SampledFrom(modelUnits), len(items), len(items)).Draw(t, "units")
		whole := rapid.SliceOfN(rapid.Bool(), len(items), len(items)).Draw(t, "whole")
		for i, n := range items {
			if whole[i] {
				k = k.Except(idOf(n), nil, clean)
			} else {
				k = k.Except(idOf(n), &units[i], clean)
			}
		}
		if got := k.Exceptions(); got > len(items) {
			t.Fatalf("exceptions of %v: got %d for %d failures", k, got, len(items))
		}
		if got, most := len(k.AppendBinary(nil)), 64+28*2+40*len(items); got > most {
			t.Fatalf("%v takes %d bytes, want at most %d for %d failures", k, got, most, len(items))
		}
		if got := k.Union(next); got.Exceptions() != 0 || !got.Equal(next) {
			t.Fatalf("after completion: got %v, want %v", got, next)
		}
		edited := k.WithTick(Version{modelReplicas[0], 4})
		if got, want := edited.Exceptions(), k.Exceptions(); got != want {
			t.Fatalf("a local edit makes %d exceptions of %d: %v", got, want, edited)
		}
	})
}

// TestKnowledgeCutBatches: however many batches were learned of however many
// sources, there are at most two ranges more for each, and the rest of the batches
// makes them vanish (sync-model I8, G8).
func TestKnowledgeCutBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := NewKnowledge(Version{modelReplicas[0], 3})
		k, all := start, start
		n := rapid.IntRange(0, 30).Draw(t, "batches")
		for i := range n {
			source := NewKnowledge(Version{rapid.SampledFrom(modelReplicas).Draw(t, "source"), uint64(i + 4)})
			low, high := rapid.Uint32Range(0, 99).Draw(t, "low"), rapid.Uint32Range(0, 99).Draw(t, "high")
			k = k.Learn(source, idOf(low), idOf(high))
			all = all.Union(source)
		}
		ranges := 0
		for f := range k.Fragments() {
			ranges += len(f.Ranges)
		}
		if ranges > 2*n+1 || k.Exceptions() > 2*n {
			t.Fatalf("%v has %d ranges and %d exceptions after %d batches", k, ranges, k.Exceptions(), n)
		}
		// Resumed from the lowest that is missing, until nothing is.
		for rounds := 0; ; rounds++ {
			low, missing := k.LowestUncontained(all)
			if !missing {
				break
			}
			if rounds == 2 {
				t.Fatalf("%v still lacks something of %v", k, all)
			}
			high := idOf(200) // the first batch goes beyond all that were cut
			if rounds > 0 {
				high = MaxItemID
			}
			k = k.Learn(all, low, high)
		}
		if !k.Equal(all) || k.Exceptions() != 0 {
			t.Fatalf("resumed: got %v, want %v", k, all)
		}
	})
}

func TestKnowledgeClean(t *testing.T) {
	a, b := ReplicaID{'A'}, ReplicaID{'B'}
	k := NewKnowledge(Version{b, 9}, Version{a, 1 << 40}, Version{a, 7}, Version{}, Pending(b))
	if got, want := k.String(), "{41000000:1099511627776,42000000:9}"; got != want {
		t.Errorf("string: got %s, want %s", got, want)
	}
	if got := k.Exceptions(); got != 0 {
		t.Errorf("exceptions: got %d, want 0", got)
	}
	if got, most := len(k.AppendBinary(nil)), 64+28*2; got > most {
		t.Errorf("size: got %d bytes, want at most %d", got, most)
	}
	for _, r := range modelReplicas {
		if (Knowledge{}).Contains(idOf(1), "name", Version{r, 1}) || !(Knowledge{}).Contains(idOf(1), "name", Version{}) {
			t.Error("the zero Knowledge must contain nothing but the zero version")
		}
	}
	if got, want := k.Floor(ReplicaID{'C'}), uint64(0); got != want {
		t.Errorf("floor of an unknown replica: got %d, want %d", got, want)
	}
	if !k.Project(idOf(2), idOf(1)).IsZero() {
		t.Error("projecting onto an empty range must know nothing")
	}
}

// TestKnowledgeManyReplicas: long vectors are searched another way.
func TestKnowledgeManyReplicas(t *testing.T) {
	const n = 40
	var k Knowledge
	for i := range n {
		k = k.WithTick(Version{ReplicaID{byte(i * 7 % n * 2)}, uint64(i + 1)})
	}
	for i := range n {
		r := ReplicaID{byte(i * 7 % n * 2)}
		for tick, want := range map[uint64]bool{uint64(i + 1): true, uint64(i + 2): false} {
			if got := k.Contains(idOf(1), "name", Version{r, tick}); got != want {
				t.Errorf("contains tick %d of %s: got %v, want %v", tick, r, got, want)
			}
		}
		r[0]++ // between two that are known
		if k.Contains(idOf(1), "name", Version{r, 1}) {
			t.Errorf("contains a change of %s, want nothing of it", r)
		}
	}
	if got, most := len(k.AppendBinary(nil)), 64+28*n; got > most {
		t.Errorf("size: got %d bytes, want at most %d", got, most)
	}
	if got, err := ParseKnowledge(k.AppendBinary(nil)); err != nil || !got.Equal(k) {
		t.Errorf("parsed: got %v, %v, want %v", got, err, k)
	}
}

// TestKnowledgeImmutable: what a union left room for is not written into by two
// different successors.
func TestKnowledgeImmutable(t *testing.T) {
	a, b, c := modelReplicas[0], modelReplicas[1], modelReplicas[2]
	u := NewKnowledge(Version{a, 2}, Version{c, 1}).Union(NewKnowledge(Version{a, 1}, Version{c, 2}))
	x, y := u.WithTick(Version{b, 1}), u.WithTick(Version{b, 2})
	for _, row := range []struct {
		name string
		k    Knowledge
		want string
	}{
		{"union", u, "{41000000:2,43000000:2}"},
		{"first successor", x, "{41000000:2,42000000:1,43000000:2}"},
		{"second successor", y, "{41000000:2,42000000:2,43000000:2}"},
	} {
		if got := row.k.String(); got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
	}
}

// TestKnowledgeScenario follows a cut sync by its text (sync-model §1.2, G8).
func TestKnowledgeScenario(t *testing.T) {
	a, b := ReplicaID{'A'}, ReplicaID{'B'}
	source := NewKnowledge(Version{a, 6})
	var name = "name"
	steps := []struct {
		name string
		do   func(Knowledge) Knowledge
		want string
		n    int
	}{
		{"four of six", func(k Knowledge) Knowledge { return k.Learn(source, MinItemID, idOf(4)) },
			"{}+[" + MinItemID.String() + "," + idOf(4).String() + "]:{41000000:6}", 1},
		{"a local edit", func(k Knowledge) Knowledge { return k.WithTick(Version{b, 1}) },
			"{42000000:1}+[" + MinItemID.String() + "," + idOf(4).String() + "]:{41000000:6,42000000:1}", 1},
		{"item 5 fails", func(k Knowledge) Knowledge {
			return k.Learn(source, idOf(5), MaxItemID).Except(idOf(5), nil, k)
		}, "{41000000:6,42000000:1}+" + idOf(5).String() + ":{42000000:1}", 1},
		{"a unit of item 2 fails", func(k Knowledge) Knowledge {
			return k.Except(idOf(2), &name, NewKnowledge(Version{b, 1}))
		}, "{41000000:6,42000000:1}+" + idOf(2).String() + "/name:{42000000:1}+" + idOf(5).String() + ":{42000000:1}", 2},
		{"a unit of all items isn't wanted", func(k Knowledge) Knowledge { return k.ReplaceUnits(ColumnsOf("photo"), NewKnowledge(Version{b, 1})) },
			"{41000000:6,42000000:1}+*/photo:{42000000:1}+" + idOf(2).String() + "/name:{42000000:1}+" + idOf(5).String() + ":{42000000:1}", 3},
		{"resumed", func(k Knowledge) Knowledge { return k.Learn(source, MinItemID, MaxItemID) },
			"{41000000:6,42000000:1}", 0},
	}
	var k Knowledge
	for _, s := range steps {
		k = s.do(k)
		if got := k.String(); got != s.want {
			t.Errorf("%s: got %s, want %s", s.name, got, s.want)
		}
		if got := k.Exceptions(); got != s.n {
			t.Errorf("%s: got %d exceptions, want %d", s.name, got, s.n)
		}
	}
}
