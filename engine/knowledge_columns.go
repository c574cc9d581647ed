package engine

import (
	"iter"
	"slices"
	"strings"
)

// Columns is a set of units: those named, or all but those named. It is the
// other axis of knowledge beside ranges of items (sync-model §1.2). An item's
// existence is the unit Life and belongs to a set as any other: a replica that
// leaves out some units still learns Life, so its columns are ColumnsBut(…). The
// zero Columns is the empty set. Immutable.
type Columns struct {
	names  []string // ascending, each once
	others bool     // all but names
}

// ColumnsOf is the set of the units named.
func ColumnsOf(names ...string) Columns { return Columns{names: sortedNames(names)} }

// ColumnsBut is the set of all units but those named, ones that no schema has yet
// included. Without names it is the set of all units.
func ColumnsBut(names ...string) Columns { return Columns{sortedNames(names), true} }

func sortedNames(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}

// Has reports whether the unit is in the set.
func (c Columns) Has(unit string) bool {
	_, named := slices.BinarySearch(c.names, unit)
	return named != c.others
}

// Others is the set of all units that aren't in c.
func (c Columns) Others() Columns { return Columns{c.names, !c.others} }

// Names lists, in ascending order, the units in the set, or those that aren't in
// it if but is true. The slice must only be read.
func (c Columns) Names() (names []string, but bool) { return c.names, c.others }

// Equal reports whether both are the same set.
func (c Columns) Equal(o Columns) bool {
	return c.others == o.others && slices.Equal(c.names, o.names)
}

// String is for people: the names with commas between them, where Life is
// "existence"; "*" for all units, "*-a,b" for all but a and b, "none" for none.
func (c Columns) String() string {
	var names []string
	for _, name := range c.names {
		if name == Life {
			name = "existence"
		}
		names = append(names, name)
	}
	list := strings.Join(names, ",")
	switch {
	case c.others && list == "":
		return "*"
	case c.others:
		return "*-" + list
	case list == "":
		return "none"
	}
	return list
}

// ProjectUnits is what k says of the units in c, of all items, and nothing of the
// others (ISyncKnowledge2::ProjectOntoColumnSet): what a replica that keeps only
// these units may learn.
func (k Knowledge) ProjectUnits(c Columns) Knowledge {
	return Knowledge{}.ReplaceUnits(c, k)
}

// ReplaceUnits is k, but of the units in c, of all items, it contains what o says
// of them, be it more or less.
func (k Knowledge) ReplaceUnits(c Columns, o Knowledge) Knowledge {
	inner, outer := o, k
	if c.others { // the named ones are the few on the other side
		inner, outer = k, o
	}
	b := builder{cuts: make([]cut, 0, len(k.cuts)+len(o.cuts))}
	memo := make(map[[2]*row]*row, 1)
	for s := newSweep(inner, outer); s.next(); {
		at := [2]*row{s.a, s.b}
		r, ok := memo[at]
		if !ok {
			r = replaceUnits(s.a, s.b, c.names)
			memo[at] = r
		}
		b.add(s.low, r)
	}
	return b.knowledge()
}

// replaceUnits is outer with the named units of inner.
func replaceUnits(inner, outer *row, names []string) *row {
	n := &row{all: outer.all}
	left := outer.units
	put := func(unit string, c clock) {
		if !c.equal(n.all) {
			n.units = append(n.units, unitClock{unit, c})
		}
	}
	for _, name := range names {
		for len(left) > 0 && left[0].unit < name {
			put(left[0].unit, left[0].clock)
			left = left[1:]
		}
		if len(left) > 0 && left[0].unit == name {
			left = left[1:]
		}
		put(name, inner.clock(name))
	}
	n.units = append(n.units, left...)
	return n
}

// Fragment is what a knowledge says of a set of units (a core fragment of the
// Windows knowledge inspector, ICoreFragment).
type Fragment struct {
	Columns Columns
	Ranges  []FragmentRange // in ID order, adjoining, from MinItemID to MaxItemID
}

// FragmentRange is a range of items, both ends included, with the clock vector
// known of them: ascending by replica, ticks above 0.
type FragmentRange struct {
	Low, High ItemID
	Clock     []Version
}

// Fragments takes k apart for inspection: sets of units of which k says the same
// for every item, first that of all units which k doesn't name, the others by
// their first name. The sets don't overlap and together hold all units;
// neighbouring ranges of one fragment differ. Clean knowledge is one fragment with
// one range.
func (k Knowledge) Fragments() iter.Seq[Fragment] {
	return func(yield func(Fragment) bool) {
		named := k.namedUnits()
		ways := []Knowledge{k.column(func(r *row) clock { return r.all })}
		columns := []Columns{ColumnsBut(named...)}
		for _, name := range named {
			way := k.column(func(r *row) clock { return r.clock(name) })
			if i := slices.IndexFunc(ways, way.Equal); i >= 0 {
				columns[i].names = append(columns[i].names, name)
				continue
			}
			ways, columns = append(ways, way), append(columns, ColumnsOf(name))
		}
		for i, way := range ways {
			f := Fragment{Columns: columns[i]}
			for low, r := range way.ranges() {
				if n := len(f.Ranges); n > 0 {
					f.Ranges[n-1].High = low.prev()
				}
				f.Ranges = append(f.Ranges, FragmentRange{low, MaxItemID, slices.Clone([]Version(r.all))})
			}
			if !yield(f) {
				return
			}
		}
	}
}

// namedUnits lists, in ascending order, the units that have a vector of their own
// in some range.
func (k Knowledge) namedUnits() []string {
	var names []string
	for _, r := range k.ranges() {
		for i := range r.units {
			if at, ok := slices.BinarySearch(names, r.units[i].unit); !ok {
				names = slices.Insert(names, at, r.units[i].unit)
			}
		}
	}
	return names
}

// column is the knowledge that says of all units what of gives of each row.
func (k Knowledge) column(of func(*row) clock) Knowledge {
	b := builder{cuts: make([]cut, 0, len(k.cuts))}
	for low, r := range k.ranges() {
		b.add(low, &row{all: of(r)})
	}
	return b.knowledge()
}
