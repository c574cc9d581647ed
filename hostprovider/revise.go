package hostprovider

import (
	"slices"

	"cradle/engine"
	"cradle/pim"
	"cradle/valuebag"
)

// revision is one person's edit of an item: the versions that its changed units
// get.
type revision struct {
	kind *pim.Kind
	// life is the version of a creation, deletion or re-creation, and of units
	// that of() knows nothing of.
	life stamp
	// of gives the stamp of a changed unit; nil means life.
	of func(unit string) stamp
	// forgot: the scope forgot tombstones. A new item may be one that was deleted, of
	// which others still hold units: it takes the place of all of it.
	forgot bool
}

// stamp is the version of an edit and its time, Unix milliseconds.
type stamp struct {
	version engine.Version
	at      int64
}

func (r revision) stamp(unit string) stamp {
	if r.of != nil {
		if s := r.of(unit); !s.version.IsZero() {
			return s
		}
	}
	return r.life
}

// units versions an item's units: what didn't change keeps its version, what
// did gets a new one. An emptied unit stays listed, with the version that
// emptied it; an element keeps the version that added it. changed lists the units
// that got a version.
func (r revision) units(old *engine.ItemMeta, value *valuebag.Values) (units []engine.UnitMeta, changed []string) {
	m := engine.ItemMeta{Units: engine.Describe(r.kind, value)}
	for i := range m.Units {
		u := &m.Units[i]
		had := old.Unit(u.Unit)
		if had != nil && had.Digest == u.Digest {
			*u = *had
			continue
		}
		changed = append(changed, u.Unit)
		st := r.stamp(u.Unit)
		u.Version, u.Edited = st.version, st.at
		for j := range u.Elements {
			u.Elements[j].Added = u.Version
			if had == nil {
				continue
			}
			for _, e := range had.Elements {
				if e.Digest == u.Elements[j].Digest {
					u.Elements[j].Added = e.Added
				}
			}
		}
	}
	if old != nil {
		for _, had := range slices.Clone(old.Units) {
			if m.Unit(had.Unit) != nil {
				continue
			}
			if !had.Digest.IsZero() {
				changed = append(changed, had.Unit)
				st := r.stamp(had.Unit)
				had = engine.UnitMeta{Unit: had.Unit, Version: st.version, Edited: st.at}
			}
			m.SetUnit(had)
		}
	}
	return m.Units, changed
}

// live is the metadata of an item after it was created, edited or re-created
// with this value. same reports that nothing changed.
func (r revision) live(id engine.ItemID, old *engine.ItemMeta, value *valuebag.Values) (meta *engine.ItemMeta, same bool) {
	was := old
	if old != nil && old.Deleted {
		was = nil
	}
	units, changed := r.units(was, value)
	if old == nil {
		meta = &engine.ItemMeta{ID: id, Creation: r.life.version, LifeVersion: r.life.version, LifeEdited: r.life.at, Units: units}
		if r.forgot {
			meta.Rewrite(r.kind.Units(), r.life.version, false)
		}
		return meta, false
	}
	meta = old.Clone()
	meta.Units = units
	if old.Deleted {
		// Re-creation is an edit of the tombstone: same ID, same creation; all
		// that the item was before is replaced.
		meta.Deleted, meta.MergedInto = false, engine.ItemID{}
		meta.LifeVersion, meta.LifeEdited, meta.LifeResolved = r.life.version, r.life.at, false
		meta.Rewrite(r.kind.Units(), r.life.version, false)
		return meta, false
	}
	return meta, len(changed) == 0
}

// dead is the metadata of an item after its deletion.
func (r revision) dead(old *engine.ItemMeta) *engine.ItemMeta {
	return old.Tombstone(r.life.version, r.life.at)
}
