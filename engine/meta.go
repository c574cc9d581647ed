package engine

import (
	"slices"
	"strings"
)

// Life is the name of the pseudo-unit that says whether an item exists. It is
// versioned like any unit; in a Knowledge it is addressed by this name.
const Life = ""

// Element is one element of a list unit with the version that added it: list
// units are observed-remove sets.
type Element struct {
	Digest ElementDigest
	Added  Version
}

// UnitMeta is the metadata of one change unit. A unit that an ItemMeta doesn't
// list was never set: it is empty and dominated by every version.
type UnitMeta struct {
	Unit     string
	Version  Version
	Edited   int64 // when a person made this value, Unix milliseconds; 0 unknown
	Resolved bool  // the version was minted by a resolution, not by a person's edit
	Digest   Digest
	Elements []Element // of a list unit, sorted by Digest; else nil
}

// ItemMeta is all that the engine knows of an item at one participant; its cost
// is O(units), independent of the number of replicas.
type ItemMeta struct {
	ID       ItemID
	Creation Version
	// Life: the version of the item's existence or absence.
	LifeVersion  Version
	LifeEdited   int64
	LifeResolved bool
	Deleted      bool
	MergedInto   ItemID // of a merge tombstone; else zero
	// Units are sorted by name. A tombstone keeps the version and digest of each
	// unit that it took away, and nothing else of it.
	Units []UnitMeta
}

// Unit returns the metadata of a unit, or nil if it was never set.
func (m *ItemMeta) Unit(name string) *UnitMeta {
	if m == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(m.Units, name, func(u UnitMeta, n string) int { return strings.Compare(u.Unit, n) })
	if !ok {
		return nil
	}
	return &m.Units[i]
}

// SetUnit puts u in its place, replacing an older one of its name.
func (m *ItemMeta) SetUnit(u UnitMeta) {
	i, ok := slices.BinarySearchFunc(m.Units, u.Unit, func(u UnitMeta, n string) int { return strings.Compare(u.Unit, n) })
	if ok {
		m.Units[i] = u
		return
	}
	m.Units = slices.Insert(m.Units, i, u)
}

// Tombstone is the item's metadata once it is deleted by the change v.
func (m *ItemMeta) Tombstone(v Version, edited int64) *ItemMeta {
	t := &ItemMeta{ID: m.ID, Creation: m.Creation, LifeVersion: v, LifeEdited: edited, Deleted: true}
	for i := range m.Units {
		t.Units = append(t.Units, UnitMeta{Unit: m.Units[i].Unit, Version: m.Units[i].Version, Digest: m.Units[i].Digest})
	}
	return t
}

// Rewrite gives every one of the units a version, empty ones included: the item
// as it is now takes the place of all that it was before. An item that comes back
// after a deletion is rewritten.
func (m *ItemMeta) Rewrite(units []string, v Version, resolved bool) {
	for _, name := range units {
		u := UnitMeta{Unit: name, Edited: m.LifeEdited}
		if old := m.Unit(name); old != nil {
			u = *old
		}
		u.Version, u.Resolved = v, resolved
		m.SetUnit(u)
	}
}

// Clone returns a deep copy.
func (m *ItemMeta) Clone() *ItemMeta {
	if m == nil {
		return nil
	}
	c := *m
	c.Units = slices.Clone(m.Units)
	for i := range c.Units {
		c.Units[i].Elements = slices.Clone(c.Units[i].Elements)
	}
	return &c
}

// without is the item's metadata but for some units.
func (m *ItemMeta) without(units []string) *ItemMeta {
	if m == nil || len(units) == 0 {
		return m
	}
	c := m.Clone()
	c.Units = slices.DeleteFunc(c.Units, func(u UnitMeta) bool { return slices.Contains(units, u.Unit) })
	return c
}

// lastEdit is the time of the latest edit that is in the item.
func (m *ItemMeta) lastEdit() (t int64) {
	for i := range m.Units {
		t = max(t, m.Units[i].Edited)
	}
	return t
}

// Live reports whether the item is known and not deleted.
func (m *ItemMeta) Live() bool { return m != nil && !m.Deleted }

// Equal reports whether both say the same, element by element.
func (m *ItemMeta) Equal(o *ItemMeta) bool {
	if m == nil || o == nil {
		return m == o
	}
	return m.ID == o.ID && m.Creation == o.Creation && m.LifeVersion == o.LifeVersion &&
		m.LifeEdited == o.LifeEdited && m.LifeResolved == o.LifeResolved && m.Deleted == o.Deleted &&
		m.MergedInto == o.MergedInto && slices.EqualFunc(m.Units, o.Units, func(a, b UnitMeta) bool { return a.equal(&b) })
}

func (u *UnitMeta) equal(o *UnitMeta) bool {
	return u.Unit == o.Unit && u.Version == o.Version && u.Edited == o.Edited && u.Resolved == o.Resolved &&
		u.Digest == o.Digest && slices.Equal(u.Elements, o.Elements)
}

// EachVersion calls yield for the item's existence (unit Life) and for each unit
// that is there.
func (m *ItemMeta) EachVersion(yield func(unit string, v Version) bool) {
	if !yield(Life, m.LifeVersion) || m.Deleted {
		return
	}
	for i := range m.Units {
		if !yield(m.Units[i].Unit, m.Units[i].Version) {
			return
		}
	}
}

// Greatest gives the greatest version of each replica among the item's, ascending by
// replica.
func (m *ItemMeta) Greatest() []Version {
	var out []Version
	for _, v := range m.EachVersion {
		if v.IsZero() {
			continue
		}
		i, ok := slices.BinarySearchFunc(out, v, func(a, b Version) int { return a.Replica.Compare(b.Replica) })
		if !ok {
			out = slices.Insert(out, i, v)
		}
		out[i].Tick = max(out[i].Tick, v.Tick)
	}
	return out
}

// KnownTo reports whether k contains every version of the item.
func (m *ItemMeta) KnownTo(k Knowledge) bool {
	for unit, v := range m.EachVersion {
		if !k.Contains(m.ID, unit, v) {
			return false
		}
	}
	return true
}
