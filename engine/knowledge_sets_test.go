package engine

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// change is one version of one unit of one item of the universe.
type change struct {
	item ItemID
	unit string
	v    Version
}

// changes is a knowledge written out as the set that it stands for.
type changes map[change]bool

func changesOf(k Knowledge) changes {
	s := changes{}
	for p := range modelPoints {
		for tick := uint64(1); tick <= modelTicks+1; tick++ {
			if v := (Version{p.replica, tick}); k.Contains(p.item, p.unit, v) {
				s[change{p.item, p.unit, v}] = true
			}
		}
	}
	return s
}

func (s changes) filter(keep func(change) bool) changes {
	n := changes{}
	for c := range s {
		if keep(c) {
			n[c] = true
		}
	}
	return n
}

func (s changes) and(o changes) changes     { return s.filter(func(c change) bool { return o[c] }) }
func (s changes) without(o changes) changes { return s.filter(func(c change) bool { return !o[c] }) }

func (s changes) or(o changes) changes {
	n := s.filter(func(change) bool { return true })
	for c := range o {
		n[c] = true
	}
	return n
}

// closed adds the older versions of each change: the least knowledge with s.
func (s changes) closed() changes {
	n := changes{}
	for c := range s {
		for tick := c.v.Tick; tick > 0; tick-- {
			c.v.Tick = tick
			n[c] = true
		}
	}
	return n
}

func (s changes) covers(o changes) bool { return len(o.without(s)) == 0 }

func (s changes) equal(o changes) bool { return s.covers(o) && o.covers(s) }

// TestKnowledgeSets: each operation on knowledge is that operation on the sets of
// changes it stands for.
func TestKnowledgeSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		known := drawKnown(t, 10)
		draw := func(name string) (Knowledge, changes) {
			k := rapid.SampledFrom(known).Draw(t, name).k
			return k, changesOf(k)
		}
		a, sa := draw("a")
		b, sb := draw("b")
		p, sp := draw("prerequisite")
		item := rapid.SampledFrom(modelItems).Draw(t, "item")
		unit := rapid.SampledFrom(modelUnits).Draw(t, "unit")
		low := rapid.SampledFrom(modelBounds).Draw(t, "low")
		high := rapid.SampledFrom(modelBounds).Draw(t, "high")
		columns := drawColumns(t)
		ofItem := func(c change) bool { return c.item == item }
		ofUnit := func(c change) bool { return c.item == item && c.unit == unit }
		inRange := func(c change) bool { return low.Compare(c.item) <= 0 && c.item.Compare(high) <= 0 }
		inColumns := func(c change) bool { return columns.Has(c.unit) }
		not := func(f func(change) bool) func(change) bool { return func(c change) bool { return !f(c) } }
		// Where b contains something and all of the prerequisite.
		onto := func(c change) bool {
			here := func(d change) bool { return d.item == c.item && d.unit == c.unit }
			return len(sb.filter(here)) > 0 && sb.filter(here).covers(sp.filter(here))
		}
		for _, row := range []struct {
			name string
			got  Knowledge
			want changes
		}{
			{"union", a.Union(b), sa.or(sb)},
			{"intersect", a.Intersect(b), sa.and(sb)},
			{"complement", a.Complement(b), sa.without(sb).closed()},
			{"project onto a range", a.Project(low, high), sa.filter(inRange)},
			{"project onto an item", a.ProjectItem(item), sa.filter(ofItem)},
			{"project onto a unit", a.ProjectUnit(item, unit), sa.filter(ofUnit)},
			{"project onto units", a.ProjectUnits(columns), sa.filter(inColumns)},
			{"project onto knowledge", a.ProjectOnto(b, p), sa.filter(onto)},
			{"replace units", a.ReplaceUnits(columns, b), sa.filter(not(inColumns)).or(sb.filter(inColumns))},
			{"learn", a.Learn(b, low, high), sa.or(sb.filter(inRange))},
			{"exclude an item", a.ExcludeItem(item), sa.filter(not(ofItem))},
			{"exclude a unit", a.ExcludeUnit(item, unit), sa.filter(not(ofUnit))},
			{"except an item", a.Except(item, nil, b), sa.filter(not(ofItem)).or(sb.filter(ofItem))},
			{"except a unit", a.Except(item, &unit, b), sa.filter(not(ofUnit)).or(sb.filter(ofUnit))},
		} {
			if got := changesOf(row.got); !got.equal(row.want) {
				t.Fatalf("%s: got %v, which has %v too much and lacks %v\na %v\nb %v\nprerequisite %v\nlow %s, high %s, item %s, unit %q, columns %s",
					row.name, row.got, got.without(row.want), row.want.without(got), a, b, p, low, high, item, unit, columns)
			}
			checkForm(t, row.name, row.got)
		}
		for _, row := range []struct {
			name      string
			got, want bool
		}{
			{"covers", a.Covers(b), sa.covers(sb)},
			{"equal", a.Equal(b), sa.equal(sb)},
			{"same cookie", a.Cookie() == b.Cookie(), sa.equal(sb)},
			{"matches the cookie", a.Matches(b.Cookie()), sa.equal(sb)},
			{"is zero", a.IsZero(), len(sa) == 0},
			{"intersects", a.Intersects(b), len(sa.and(sb)) > 0},
			{"covers the item", a.CoversItem(item, b), sa.filter(ofItem).covers(sb.filter(ofItem))},
			{"covers the unit", a.CoversUnit(item, unit, b), sa.filter(ofUnit).covers(sb.filter(ofUnit))},
		} {
			if row.got != row.want {
				t.Fatalf("%s: got %v, want %v\na %v\nb %v\nitem %s, unit %q", row.name, row.got, row.want, a, b, item, unit)
			}
		}
		checkItem(t, a, sa, item, unit)
		checkLowest(t, a, b, sa, sb)
	})
}

// checkItem compares what k says of one item with the changes s.
func checkItem(t *rapid.T, k Knowledge, s changes, item ItemID, unit string) {
	vector := k.ClockVector(item, unit)
	for i, v := range vector {
		if i > 0 && vector[i-1].Replica.Compare(v.Replica) >= 0 {
			t.Fatalf("clock vector of %s/%s in %v: %v isn't in order", item, unit, k, vector)
		}
		v.Tick++
		if s[change{item, unit, v}] {
			t.Fatalf("clock vector of %s/%s in %v: %v lacks %v", item, unit, k, vector, v)
		}
	}
	for c := range s {
		if c.item == item && c.unit == unit && !slices.ContainsFunc(vector, func(v Version) bool { return v.Replica == c.v.Replica && v.Tick >= c.v.Tick }) {
			t.Fatalf("clock vector of %s/%s in %v: %v lacks %v", item, unit, k, vector, c.v)
		}
	}
	for _, r := range modelReplicas {
		for tick := uint64(1); tick <= modelTicks+1; tick++ {
			all := true
			for _, u := range modelUnits {
				all = all && s[change{item, u, Version{r, tick}}]
			}
			if got := k.MinTick(item, r) >= tick; got != all {
				t.Fatalf("least tick of %s for %s in %v: got %d; tick %d in all units: %v", r, item, k, k.MinTick(item, r), tick, all)
			}
		}
	}
}

// checkLowest: below the lowest uncontained ID nothing is missing, at it
// something is, and there is one only if anything is.
func checkLowest(t *rapid.T, a, b Knowledge, sa, sb changes) {
	at, found := a.LowestUncontained(b)
	missing := sb.without(sa)
	if found != (len(missing) > 0) {
		t.Fatalf("lowest of %v that isn't in %v: found %v, missing %v", b, a, found, missing)
	}
	if !found {
		return
	}
	for c := range missing {
		if c.item.Compare(at) < 0 {
			t.Fatalf("lowest of %v that isn't in %v: got %s, but %v is missing", b, a, at, c)
		}
	}
	if a.CoversItem(at, b) {
		t.Fatalf("lowest of %v that isn't in %v: got %s, of which nothing is missing", b, a, at)
	}
	// A batch learned from there on, as a resumed session does, is all there was.
	if got := a.Learn(b, at, MaxItemID); !got.Equal(a.Union(b)) {
		t.Fatalf("learned from %s on: got %v, want %v", at, got, a.Union(b))
	}
}

// TestKnowledgeAlgebra checks the laws that hold of any knowledge, whatever it
// says (sync-model I9).
func TestKnowledgeAlgebra(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		known := drawKnown(t, 10)
		draw := func(name string) Knowledge { return rapid.SampledFrom(known).Draw(t, name).k }
		a, b, c := draw("a"), draw("b"), draw("c")
		columns, more := drawColumns(t), drawColumns(t)
		item := rapid.SampledFrom(modelItems).Draw(t, "item")
		unit := rapid.SampledFrom(modelUnits).Draw(t, "unit")
		all := NewKnowledge(Version{modelReplicas[0], modelTicks}, Version{modelReplicas[1], modelTicks}, Version{modelReplicas[2], modelTicks})
		var zero Knowledge
		for _, law := range []struct {
			name      string
			got, want Knowledge
		}{
			{"a ∩ a = a", a.Intersect(a), a},
			{"a ∩ b = b ∩ a", a.Intersect(b), b.Intersect(a)},
			{"(a ∩ b) ∩ c = a ∩ (b ∩ c)", a.Intersect(b).Intersect(c), a.Intersect(b.Intersect(c))},
			{"a ∩ 0 = 0", a.Intersect(zero), zero},
			{"a ∩ all = a", a.Intersect(all), a},
			{"a ∪ (a ∩ b) = a", a.Union(a.Intersect(b)), a},
			{"a ∩ (a ∪ b) = a", a.Intersect(a.Union(b)), a},
			{"a ∩ (b ∪ c) = (a ∩ b) ∪ (a ∩ c)", a.Intersect(b.Union(c)), a.Intersect(b).Union(a.Intersect(c))},
			{"a ∪ (b ∩ c) = (a ∪ b) ∩ (a ∪ c)", a.Union(b.Intersect(c)), a.Union(b).Intersect(a.Union(c))},
			{"a − a = 0", a.Complement(a), zero},
			{"a − 0 = a", a.Complement(zero), a},
			{"0 − a = 0", zero.Complement(a), zero},
			{"b ∪ (a − b) = b ∪ a", b.Union(a.Complement(b)), b.Union(a)},
			{"(a ∪ b) − c = (a − c) ∪ (b − c)", a.Union(b).Complement(c), a.Complement(c).Union(b.Complement(c))},
			{"a − (b ∪ c) = (a − b) − c", a.Complement(b.Union(c)), a.Complement(b).Complement(c)},
			{"a − (b ∩ c) = (a − b) ∪ (a − c)", a.Complement(b.Intersect(c)), a.Complement(b).Union(a.Complement(c))},
			{"columns and the others make the whole", a.ProjectUnits(columns).Union(a.ProjectUnits(columns.Others())), a},
			{"all columns", a.ProjectUnits(ColumnsBut()), a},
			{"no columns", a.ProjectUnits(ColumnsOf()), zero},
			{"columns twice", a.ProjectUnits(columns).ProjectUnits(columns), a.ProjectUnits(columns)},
			{"columns in either order", a.ProjectUnits(columns).ProjectUnits(more), a.ProjectUnits(more).ProjectUnits(columns)},
			{"columns of a union", a.Union(b).ProjectUnits(columns), a.ProjectUnits(columns).Union(b.ProjectUnits(columns))},
			{"columns put back", a.ReplaceUnits(columns, b).ReplaceUnits(columns, a), a},
			{"others replaced", a.ReplaceUnits(columns, b), b.ReplaceUnits(columns.Others(), a)},
			{"unit = item ∩ column", a.ProjectUnit(item, unit), a.ProjectItem(item).ProjectUnits(ColumnsOf(unit))},
			{"an item left out and put back", a.ExcludeItem(item).Union(a.ProjectItem(item)), a},
			{"a unit left out and put back", a.ExcludeUnit(item, unit).Union(a.ProjectUnit(item, unit)), a},
			{"onto itself", a.ProjectOnto(a, zero), a},
			{"fragments make the whole", ofFragments(t, a), a},
		} {
			if !law.got.Equal(law.want) || string(law.got.AppendBinary(nil)) != string(law.want.AppendBinary(nil)) {
				t.Fatalf("%s: got %v, want %v\na %v\nb %v\nc %v\ncolumns %s, %s, item %s, unit %q", law.name, law.got, law.want, a, b, c, columns, more, item, unit)
			}
		}
		// a − b is the least of all that do: a − b ≤ c exactly if a ≤ b ∪ c.
		if got, want := c.Covers(a.Complement(b)), b.Union(c).Covers(a); got != want {
			t.Fatalf("%v covers %v − %v: %v, but it and the latter cover the former: %v", c, a, b, got, want)
		}
		if got, want := a.Complement(b).IsZero(), b.Covers(a); got != want {
			t.Fatalf("%v − %v is zero: %v, but covered: %v", a, b, got, want)
		}
		if got, want := a.Intersects(b), !a.Intersect(b).IsZero(); got != want {
			t.Fatalf("%v intersects %v: got %v, want %v", a, b, got, want)
		}
		// A local edit splinters nothing, wherever the knowledge came from.
		if v := (Version{ReplicaID{'L'}, 1}); a.WithTick(v).Exceptions() != a.Exceptions() || a.WithTick(v).Floor(v.Replica) != 1 {
			t.Fatalf("%v with %v: got %v", a, v, a.WithTick(v))
		}
	})
}

// ofFragments puts a knowledge together from its fragments, whose form it checks.
func ofFragments(t *rapid.T, k Knowledge) Knowledge {
	var whole Knowledge
	claimed := map[string]int{}
	for f := range k.Fragments() {
		for _, u := range append(modelUnits, "one that nobody names") {
			if f.Columns.Has(u) {
				claimed[u]++
			}
		}
		next, open := MinItemID, true
		for i, r := range f.Ranges {
			if !open || r.Low != next || i > 0 && slices.Equal(r.Clock, f.Ranges[i-1].Clock) {
				t.Fatalf("fragment %s of %v: range %d doesn't follow the one before: %v", f.Columns, k, i, f.Ranges)
			}
			next, open = r.High.next()
			whole = whole.Union(NewKnowledge(r.Clock...).Project(r.Low, r.High).ProjectUnits(f.Columns))
		}
		if open {
			t.Fatalf("fragment %s of %v ends before %s", f.Columns, k, next)
		}
	}
	for u, n := range claimed {
		if n != 1 {
			t.Fatalf("unit %q is in %d fragments of %v, want 1", u, n, k)
		}
	}
	return whole
}

func TestColumns(t *testing.T) {
	for _, row := range []struct {
		name    string
		c       Columns
		has     string // of "a" to "d"
		text    string
		others  string
		isEqual Columns
	}{
		{"none", Columns{}, "", "none", "*", ColumnsOf()},
		{"all", ColumnsBut(), "abcd", "*", "none", ColumnsOf().Others()},
		{"existence", ColumnsOf(Life, "b"), "b", "existence,b", "*-existence,b", ColumnsOf("b", "")},
		{"two, out of order and twice", ColumnsOf("c", "a", "c"), "ac", "a,c", "*-a,c", ColumnsOf("a", "c")},
		{"all but two", ColumnsBut("c", "a"), "bd", "*-a,c", "a,c", ColumnsOf("a", "c").Others()},
	} {
		t.Run(row.name, func(t *testing.T) {
			var has string
			for _, u := range []string{"a", "b", "c", "d"} {
				if row.c.Has(u) {
					has += u
				}
			}
			if has != row.has {
				t.Errorf("units: got %q, want %q", has, row.has)
			}
			if got := row.c.String(); got != row.text {
				t.Errorf("string: got %q, want %q", got, row.text)
			}
			if got := row.c.Others().String(); got != row.others {
				t.Errorf("others: got %q, want %q", got, row.others)
			}
			if !row.c.Equal(row.isEqual) || row.c.Equal(row.c.Others()) {
				t.Errorf("equality with %v and with the others is wrong", row.isEqual)
			}
		})
	}
	names := []string{"b", "a"}
	if ColumnsOf(names...); names[0] != "b" {
		t.Error("making a set sorted its argument")
	}
}
