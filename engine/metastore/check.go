package metastore

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"cradle/engine"
)

// lastTick is the greatest tick that is ever minted: one that a signed 64-bit
// column can hold and that is no mark of a pending version.
const lastTick = 1<<63 - 1

// Mint raises the replica's tick and gives the new version, which its knowledge
// then contains. For implementations of Store.
func (r *Replica) Mint() (engine.Version, error) {
	if r.Tick >= lastTick {
		return engine.Version{}, fmt.Errorf("replica %s has given its last tick; it needs a new ID", r.ID)
	}
	r.Tick++
	v := engine.Version{Replica: r.ID, Tick: r.Tick}
	r.Knowledge = r.Knowledge.WithTick(v)
	return v, nil
}

// Check gives a copy of next that may take the place of r, or ErrRefused. For
// implementations of Tx.SetReplica; a zero r checks next alone.
func (r Replica) Check(next Replica) (Replica, error) {
	no := func(format string, args ...any) (Replica, error) {
		return Replica{}, fmt.Errorf("replica %s: %s: %w", next.ID, fmt.Sprintf(format, args...), ErrRefused)
	}
	if next.ID.IsZero() {
		return no("it has no ID")
	}
	if next.Tick > lastTick {
		return no("tick %d is above the last one", next.Tick)
	}
	if next.ID == r.ID && next.Tick < r.Tick {
		return no("its tick would go back from %d to %d", r.Tick, next.Tick)
	}
	if t := next.Knowledge.Tick(next.ID); t > next.Tick {
		return no("its knowledge contains tick %d of its own, it has given %d", t, next.Tick)
	}
	if t := next.Forgotten.Tick(next.ID); t > next.Tick {
		return no("its forgotten knowledge contains tick %d of its own, it has given %d", t, next.Tick)
	}
	for i, g := range next.Given {
		if g.Tick > next.Tick || i > 0 && g.Tick <= next.Given[i-1].Tick {
			return no("mark %d is for tick %d, which is out of order or was never given", i, g.Tick)
		}
	}
	for peer, t := range next.Shared {
		if t > next.Tick {
			return no("%s was sent tick %d, it has given %d", peer, t, next.Tick)
		}
	}
	next = next.Clone()
	if len(next.Custom) == 0 {
		next.Custom = nil
	}
	return next, nil
}

// CheckItem gives a copy of it, units and elements in order, that may be stored,
// or ErrRefused. For implementations of Tx.Put.
func (r Replica) CheckItem(it *Item) (*Item, error) {
	no := func(format string, args ...any) (*Item, error) {
		return nil, fmt.Errorf("item %s: %s: %w", it.Meta.ID, fmt.Sprintf(format, args...), ErrRefused)
	}
	if it.Meta.ID.IsZero() {
		return no("it has no ID")
	}
	if it.Meta.MergedInto == it.Meta.ID {
		return no("it is merged into itself")
	}
	c := it.Clone()
	if len(c.Custom) == 0 {
		c.Custom = nil
	}
	for name := range c.Fields {
		if name == "" {
			return no("a field without a name")
		}
	}
	m := &c.Meta
	slices.SortFunc(m.Units, func(a, b engine.UnitMeta) int { return strings.Compare(a.Unit, b.Unit) })
	versions := []engine.Version{m.Creation, m.LifeVersion}
	for i := range m.Units {
		u := &m.Units[i]
		if i > 0 && u.Unit == m.Units[i-1].Unit {
			return no("unit %q is there twice", u.Unit)
		}
		if u.Unit == engine.Life {
			return no("a unit without a name")
		}
		slices.SortFunc(u.Elements, func(a, b engine.Element) int { return bytes.Compare(a.Digest[:], b.Digest[:]) })
		versions = append(versions, u.Version)
		for j := range u.Elements {
			if j > 0 && u.Elements[j].Digest == u.Elements[j-1].Digest {
				return no("an element of unit %q is there twice", u.Unit)
			}
			versions = append(versions, u.Elements[j].Added)
		}
		if len(u.Elements) == 0 {
			u.Elements = nil
		}
	}
	if len(m.Units) == 0 {
		m.Units = nil
	}
	for _, v := range versions {
		switch {
		case v.IsPending():
			return no("version %s is not minted yet", v)
		case v.Replica == r.ID && v.Tick > r.Tick:
			return no("version %s of this replica's own was never minted, its tick is %d", v, r.Tick)
		}
	}
	return c, nil
}
