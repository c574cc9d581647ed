package engine

import "slices"

// standing gives an object of a partial participant its versions: what the
// user did there since its state was written.
type standing struct {
	schema Schema
	proxy  ReplicaID
	phone  Knowledge // what the participant's state knows
	store  Knowledge // what the store knows
}

// candidates are places where a content may have been versioned before: the
// store's view of the participant, newest first, then the store itself.
func candidates(views []ViewRow, store *ItemMeta) []*ItemMeta {
	var c []*ItemMeta
	for i := range views {
		c = append(c, &views[i].Meta)
	}
	if store != nil {
		c = append(c, store)
	}
	return c
}

// present versions an object that is there. state is its line in the
// participant's state (nil: none; a tombstone: it is there again). Content that
// a candidate has keeps that version if the participant doesn't know it yet; if
// it does, the participant has moved on and come back: that is a new edit. now is
// taken over.
func (s standing) present(id ItemID, now []UnitMeta, edited int64, state *ItemMeta, cands []*ItemMeta) *ItemMeta {
	m := &ItemMeta{ID: id, Units: now}
	known := slices.DeleteFunc(slices.Clone(cands), func(c *ItemMeta) bool { return c.Deleted })
	s.life(m, edited, state, known, cands)
	for i := range now {
		u := &now[i]
		if b := liveUnit(state, u.Unit); b != nil && b.Digest == u.Digest {
			*u = *b
			continue
		}
		*u = s.unit(id, u, edited, liveUnit(state, u.Unit), known)
	}
	if state != nil && state.Deleted && m.LifeVersion.IsPending() {
		m.Rewrite(s.schema.Units(), Pending(s.proxy), false)
	}
	if state.Live() { // units that are empty now
		for i := range state.Units {
			b := &state.Units[i]
			if m.Unit(b.Unit) != nil {
				continue
			}
			if b.Digest.IsZero() {
				m.SetUnit(*b)
				continue
			}
			m.SetUnit(s.unit(id, &UnitMeta{Unit: b.Unit}, edited, b, known))
		}
	}
	return m
}

func liveUnit(m *ItemMeta, unit string) *UnitMeta {
	if !m.Live() {
		return nil
	}
	return m.Unit(unit)
}

// life versions the item's existence and creation.
func (s standing) life(m *ItemMeta, edited int64, state *ItemMeta, known, all []*ItemMeta) {
	m.Creation, m.LifeVersion, m.LifeEdited = Pending(s.proxy), Pending(s.proxy), edited
	if state != nil {
		m.Creation = state.Creation
	} else if len(all) > 0 {
		m.Creation = all[0].Creation
	}
	if state.Live() {
		takeLife(m, state)
		return
	}
	if state != nil && !s.store.Contains(m.ID, Life, state.LifeVersion) {
		return // nothing that the store ever gave it came after that deletion
	}
	for _, c := range known {
		if !s.phone.Contains(m.ID, Life, c.LifeVersion) {
			takeLife(m, c)
			return
		}
	}
}

// unit versions one unit whose content isn't as the state says.
func (s standing) unit(id ItemID, now *UnitMeta, edited int64, base *UnitMeta, known []*ItemMeta) UnitMeta {
	for _, c := range known {
		v := c.Unit(now.Unit)
		if v == nil || v.Digest != now.Digest || s.phone.Contains(id, now.Unit, v.Version) {
			continue
		}
		return *v
	}
	u := UnitMeta{Unit: now.Unit, Version: Pending(s.proxy), Edited: edited, Digest: now.Digest, Elements: now.Elements}
	for i := range u.Elements {
		e := &u.Elements[i]
		e.Added = s.added(id, now.Unit, e.Digest, base, known)
	}
	return u
}

// added is the version that added an element of a list unit.
func (s standing) added(id ItemID, unit string, e ElementDigest, base *UnitMeta, known []*ItemMeta) Version {
	if base != nil {
		if i := base.element(e); i >= 0 {
			return base.Elements[i].Added
		}
	}
	for _, c := range known {
		if v := c.Unit(unit); v != nil {
			if i := v.element(e); i >= 0 && !s.phone.Contains(id, unit, v.Elements[i].Added) {
				return v.Elements[i].Added
			}
		}
	}
	return Pending(s.proxy)
}

// absent versions the disappearance of an item that the state lists as live. It is a
// deletion that a candidate knows, unless the state has what the store never saw: then
// the participant's user deleted more.
func (s standing) absent(state *ItemMeta, cands []*ItemMeta) *ItemMeta {
	m := state.Tombstone(Pending(s.proxy), 0)
	if !state.KnownTo(s.store) {
		cands = nil
	}
	for _, c := range cands {
		if c.Deleted && !s.phone.Contains(m.ID, Life, c.LifeVersion) {
			takeLife(m, c)
			m.MergedInto = c.MergedInto
			for i := range c.Units { // also what the participant wasn't given
				if m.Unit(c.Units[i].Unit) == nil {
					m.SetUnit(c.Units[i])
				}
			}
			break
		}
	}
	return m
}

// relabel gives an item's metadata another ID. Every version is minted again:
// others know the old ones of the old ID only.
func relabel(m *ItemMeta, id ItemID, minter ReplicaID) *ItemMeta {
	r := m.Clone()
	r.ID = id
	r.Creation, r.LifeVersion = Pending(minter), Pending(minter)
	for i := range r.Units {
		u := &r.Units[i]
		u.Version = Pending(minter)
		for j := range u.Elements {
			u.Elements[j].Added = Pending(minter)
		}
	}
	return r
}
