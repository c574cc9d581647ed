package engine

import "slices"

// clock is a clock vector: ascending by replica, ticks above 0 and not pending.
// Immutable; nil is the empty vector.
type clock []Version

// tick is the vector's tick of r, 0 when absent.
func (c clock) tick(r ReplicaID) uint64 {
	// Vectors hold a handful of replicas, where looking at each one is fastest.
	if len(c) > 16 {
		if i, ok := c.find(r); ok {
			return c[i].Tick
		}
		return 0
	}
	for i := range c {
		if c[i].Replica == r {
			return c[i].Tick
		}
	}
	return 0
}

func (c clock) find(r ReplicaID) (int, bool) {
	return slices.BinarySearchFunc(c, r, func(v Version, r ReplicaID) int { return v.Replica.Compare(r) })
}

func (c clock) covers(o clock) bool {
	if len(o) > len(c) {
		return false
	}
	i := 0
	for _, v := range o {
		for i < len(c) && c[i].Replica != v.Replica {
			i++
		}
		if i == len(c) || c[i].Tick < v.Tick {
			return false
		}
	}
	return true
}

func (c clock) equal(o clock) bool { return slices.Equal(c, o) }

// same reports whether c and o share their memory, so that they are equal for
// sure; equal ones may not be the same.
func (c clock) same(o clock) bool {
	return len(c) == len(o) && (len(c) == 0 || &c[0] == &o[0])
}

// join is the pointwise maximum.
func (c clock) join(o clock) clock {
	switch {
	case c.covers(o):
		return c
	case o.covers(c):
		return o
	}
	j := make(clock, 0, len(c)+len(o))
	for len(c) > 0 && len(o) > 0 {
		switch cmp := c[0].Replica.Compare(o[0].Replica); {
		case cmp < 0:
			j, c = append(j, c[0]), c[1:]
		case cmp > 0:
			j, o = append(j, o[0]), o[1:]
		default:
			j = append(j, Version{c[0].Replica, max(c[0].Tick, o[0].Tick)})
			c, o = c[1:], o[1:]
		}
	}
	return append(append(j, c...), o...)
}

// raise lifts the tick of v.Replica to at least v.Tick.
func (c clock) raise(v Version) clock {
	i, ok := c.find(v.Replica)
	if !ok {
		return slices.Insert(slices.Clip(c), i, v)
	}
	if c[i].Tick >= v.Tick {
		return c
	}
	c = slices.Clone(c)
	c[i].Tick = v.Tick
	return c
}

// capped lowers the tick of r to at most limit.
func (c clock) capped(r ReplicaID, limit uint64) clock {
	i, ok := c.find(r)
	if !ok || c[i].Tick <= limit {
		return c
	}
	c = slices.Clone(c)
	if limit == 0 {
		return slices.Delete(c, i, i+1)
	}
	c[i].Tick = limit
	return c
}
