package engine

// Intersect contains what both k and o contain: the meet of the lattice, whose
// join is Union.
func (k Knowledge) Intersect(o Knowledge) Knowledge { return k.zip(o, clock.meet) }

// Intersects reports whether k and o have anything in common: a version of some
// item's unit that both contain (ISyncKnowledge2::IntersectsWithKnowledge).
func (k Knowledge) Intersects(o Knowledge) bool {
	for s := newSweep(k, o); s.next(); {
		for _, p := range s.a.pairs(s.b) {
			if len(p[0].meet(p[1])) > 0 {
				return true
			}
		}
	}
	return false
}

// Complement is k less o: the least knowledge which together with o contains
// all that k contains (ISyncKnowledge2::Complement, "a subtraction").
//
// The bare set difference is no knowledge: of the ticks 1 to 9 less 1 to 4 there
// remain 5 to 9, while a clock vector always reaches down to the first tick. So
// for each item, unit and replica the complement has k's tick where it is above
// o's, else none; it may contain older versions that o has as well. Of this it is
// sure: o.Union(c).Covers(k) holds for c = k.Complement(o), and for no c with
// less; it is zero exactly if o covers k.
func (k Knowledge) Complement(o Knowledge) Knowledge { return k.zip(o, clock.minus) }

// ProjectOnto is what k says of those units of those items of which template
// contains something and contains all that prerequisite does, and nothing of the
// others (ISyncKnowledge2::ProjectOntoKnowledgeWithPrerequisite). With a zero
// prerequisite it is what k says of all that template knows of.
func (k Knowledge) ProjectOnto(template, prerequisite Knowledge) Knowledge {
	area := template.zip(prerequisite, func(t, p clock) clock {
		if t.covers(p) {
			return t
		}
		return nil
	})
	return k.zip(area, func(c, a clock) clock {
		if len(a) > 0 {
			return c
		}
		return nil
	})
}

// zip puts f of the vectors of k and o into every tile. f must give equal results
// for equal arguments.
func (k Knowledge) zip(o Knowledge, f func(a, b clock) clock) Knowledge {
	b := builder{cuts: make([]cut, 0, len(k.cuts)+len(o.cuts))}
	memo := make(map[[2]*row]*row, 1)
	for s := newSweep(k, o); s.next(); {
		at := [2]*row{s.a, s.b}
		r, ok := memo[at]
		if !ok {
			r = zipRows(s.a, s.b, f)
			memo[at] = r
		}
		b.add(s.low, r)
	}
	return b.knowledge()
}

func zipRows(a, b *row, f func(a, b clock) clock) *row {
	n := &row{all: f(a.all, b.all)}
	first := true
	for unit, p := range a.pairs(b) {
		if first { // the pair of all other units
			first = false
			continue
		}
		if c := f(p[0], p[1]); !c.equal(n.all) {
			n.units = append(n.units, unitClock{unit, c})
		}
	}
	return n
}

// meet is the pointwise minimum.
func (c clock) meet(o clock) clock {
	var m clock
	for len(c) > 0 && len(o) > 0 {
		switch order := c[0].Replica.Compare(o[0].Replica); {
		case order < 0:
			c = c[1:]
		case order > 0:
			o = o[1:]
		default:
			m = append(m, Version{c[0].Replica, min(c[0].Tick, o[0].Tick)})
			c, o = c[1:], o[1:]
		}
	}
	return m
}

// minus has c's ticks where they are above o's.
func (c clock) minus(o clock) clock {
	var m clock
	for _, v := range c {
		for len(o) > 0 && o[0].Replica.Compare(v.Replica) < 0 {
			o = o[1:]
		}
		if len(o) == 0 || o[0].Replica != v.Replica || o[0].Tick < v.Tick {
			m = append(m, v)
		}
	}
	return m
}
