package simple

import (
	"slices"

	"cradle/engine"
)

// same reports whether units describe what meta says; units that are empty don't
// count.
func same(meta, units []engine.UnitMeta) bool {
	n := 0
	for i := range meta {
		u := &meta[i]
		if u.Digest.IsZero() {
			continue
		}
		if now := unitOf(units, u.Unit); now == nil || now.Digest != u.Digest {
			return false
		}
		n++
	}
	return n == len(units)
}

func unitOf(units []engine.UnitMeta, name string) *engine.UnitMeta {
	for i := range units {
		if units[i].Unit == name {
			return &units[i]
		}
	}
	return nil
}

// revise is the metadata of an item whose object now has these units. What is as
// it was, or as it was about to become, has the version it had; for the rest there
// is a pending one of the replica's own. old is nil for a new item, planned when
// nothing was announced or that wasn't done.
func (s *survey) revise(id engine.ItemID, old, planned *engine.ItemMeta, units []engine.UnitMeta, edited int64) engine.ItemMeta {
	if planned.Live() && same(planned.Units, units) {
		return *planned.Clone()
	}
	fresh := engine.Pending(s.rep.ID)
	m := engine.ItemMeta{ID: id, Creation: fresh, LifeVersion: fresh, LifeEdited: edited}
	var before []*engine.ItemMeta
	for _, c := range []*engine.ItemMeta{planned, old} {
		if c.Live() {
			before = append(before, c)
		}
	}
	if len(before) > 0 {
		b := before[0]
		m.Creation, m.LifeVersion, m.LifeEdited, m.LifeResolved = b.Creation, b.LifeVersion, b.LifeEdited, b.LifeResolved
	} else if old != nil {
		m.Creation = old.Creation // a re-creation is an edit of the tombstone
	}
	for _, u := range units {
		m.SetUnit(reviseUnit(u, before, fresh, edited))
	}
	if old.Live() { // units that are empty now; one that never came there wasn't emptied
		for _, had := range old.Units {
			if m.Unit(had.Unit) == nil {
				m.SetUnit(reviseUnit(engine.UnitMeta{Unit: had.Unit}, before, fresh, edited))
			}
		}
	}
	if old != nil && len(before) == 0 {
		m.Rewrite(s.k.schema.Units(), fresh, false)
	}
	return m
}

// reviseUnit gives one unit its version.
func reviseUnit(u engine.UnitMeta, before []*engine.ItemMeta, fresh engine.Version, edited int64) engine.UnitMeta {
	for _, b := range before {
		if had := b.Unit(u.Unit); had != nil && had.Digest == u.Digest {
			c := *had
			c.Elements = slices.Clone(had.Elements)
			return c
		}
	}
	u.Version, u.Edited, u.Resolved = fresh, edited, false
	u.Elements = slices.Clone(u.Elements)
	for i := range u.Elements {
		u.Elements[i].Added = added(u.Unit, u.Elements[i].Digest, before, fresh)
	}
	return u
}

// added is the version that added an element.
func added(unit string, d engine.ElementDigest, before []*engine.ItemMeta, fresh engine.Version) engine.Version {
	for _, b := range before {
		had := b.Unit(unit)
		if had == nil {
			continue
		}
		for _, e := range had.Elements {
			if e.Digest == d {
				return e.Added
			}
		}
	}
	return fresh
}
