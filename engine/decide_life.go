package engine

import "slices"

// This file decides whether an item exists: creations, deletions, and edits that
// meet them.

func (d *decider) onlyPhone(r *decision, p *ItemMeta) {
	r.store = p
	if p.Deleted {
		if !d.store.Contains(p.ID, Life, p.LifeVersion) {
			r.toStore = opMeta
		} else {
			r.store = nil
		}
		return
	}
	r.toStore = opCreate
	if p.Creation.IsPending() || !d.store.Contains(p.ID, Life, p.Creation) || !d.store.Contains(p.ID, Life, p.LifeVersion) {
		return // it is new, or lives again since
	}
	// The store had it and forgot its tombstone.
	switch known := p.KnownTo(d.store); {
	case !known: // an edit that met a deletion
		switch action, _ := d.ask(r, UnitDeleted); action {
		case AcceptDestination:
			d.stayDead(r, p.Tombstone(Pending(d.home), 0), ToStore)
		case Defer, TransferAndDefer:
			d.deferLife(r, action)
		default:
			d.revive(r, p, nil, ToPhone)
		}
	case d.phone.CoversItem(p.ID, d.storeForgot): // the phone knew of the deletion and has the item again
	case d.fresh: // a first sync never deletes
		d.revive(r, p, nil, ToPhone)
		r.clashes, r.toPhone = nil, opMeta
	default:
		r.store, r.phone, r.toStore, r.toPhone = nil, nil, opNone, opDelete
	}
}

func (d *decider) onlyStore(r *decision, h *ItemMeta) {
	known := h.without(d.unseen).KnownTo(d.phone)
	if h.Live() && d.phone.Contains(h.ID, Life, h.LifeVersion) && !d.store.CoversItem(h.ID, d.phoneForgot) {
		// The phone had it and its tombstone was forgotten.
		if known && !d.fresh {
			r.store, r.phone, r.toStore = nil, nil, opDelete
			return
		}
		d.revive(r, h, nil, ToStore)
		r.toStore, r.toPhone = opMeta, opCreate
		if d.fresh {
			r.clashes = nil
		}
		return
	}
	if known {
		r.phone = nil
		return
	}
	r.phone = h
	if h.Deleted {
		r.toPhone = opMeta
		return
	}
	r.toPhone = opCreate
}

func (d *decider) bothDeleted(r *decision, h, p *ItemMeta) {
	if h.LifeVersion == p.LifeVersion {
		return
	}
	w := h
	pKnown, hKnown := d.store.Contains(h.ID, Life, p.LifeVersion), d.phone.Contains(h.ID, Life, h.LifeVersion)
	switch {
	case pKnown && hKnown: // as in decider.item
		return
	case pKnown:
	case hKnown:
		w = p
	case !sameVersions(h, p):
		w = d.deletedTwice(h, p)
	case p.LifeVersion.Compare(h.LifeVersion) > 0 && !p.LifeVersion.IsPending():
		w = p
	}
	r.store, r.phone = w, w
	if w != p {
		r.toPhone = opMeta
	}
	if w != h {
		r.toStore = opMeta
	}
}

// deletedTwice is the tombstone of two who each had not heard of the other's deletion and
// had seen another item. It dominates both: either may already have met an edit that
// only the other had seen.
func (d *decider) deletedTwice(h, p *ItemMeta) *ItemMeta {
	t := p.Clone()
	t.LifeVersion, t.LifeEdited, t.LifeResolved = Pending(d.home), max(h.LifeEdited, p.LifeEdited), true
	for _, u := range h.Units {
		v := p.Unit(u.Unit)
		if v == nil {
			t.SetUnit(u)
			continue
		}
		// Of two that both or neither know, the greater: wherever these two meet it is the same.
		uKnown, vKnown := d.phone.Contains(h.ID, u.Unit, u.Version), d.store.Contains(h.ID, u.Unit, v.Version)
		if vKnown && !uKnown || vKnown == uKnown && u.Version.Compare(v.Version) > 0 {
			t.SetUnit(u)
		}
	}
	return t
}

func sameVersions(a, b *ItemMeta) bool {
	return slices.EqualFunc(a.Units, b.Units, func(x, y UnitMeta) bool { return x.Unit == y.Unit && x.Version == y.Version })
}

// revive lets an edit live that met a deletion: the item's existence gets a new
// version of the store's, which dominates the deletion. So does a unit of which
// the deletion took away a version that the living side never saw: it is known to
// have been, and must not stand beside the item that lives on. Nor must a version of
// the same content that was made in the knowledge of the living one: what came between
// the two, somebody may still hold and find in conflict with the older.
func (d *decider) revive(r *decision, live, dead *ItemMeta, kept Side) {
	m := live.Clone()
	m.LifeVersion, m.LifeResolved = Pending(d.home), true
	know, theirs := d.store, d.phone
	if kept == ToPhone {
		know, theirs = theirs, know
	}
	var again []string
	for _, unit := range d.schema.Units() {
		if dead == nil || len(dead.Units) == 0 {
			again = append(again, unit)
			continue
		}
		gone := dead.Unit(unit)
		if gone != nil && !know.Contains(r.id, unit, gone.Version) {
			u := live.Unit(unit)
			if u == nil || u.Version != gone.Version && (u.Digest != gone.Digest || theirs.Contains(r.id, unit, u.Version)) {
				again = append(again, unit)
			}
		}
	}
	m.Rewrite(again, Pending(d.home), true)
	r.store, r.phone = m, m
	r.clashes = append(r.clashes, d.lifeClash(r, kept))
}

// outlived reports whether a deletion by somebody who knew k leaves nothing of
// the item that a person made without their seeing it. That a resolution let the
// item live on elsewhere is not a person's edit.
// Nor is a unit whose content is the one that was deleted, or one of a resolution that
// the view has: it was seen before, and moved on from.
// Nor does a unit count that who deleted it wasn't given.
func (d *decider) outlived(m, dead *ItemMeta, k Knowledge, unseen []string) bool {
	same, seen := true, false
	for i := range m.Units {
		u := &m.Units[i]
		if slices.Contains(unseen, u.Unit) {
			continue
		}
		seen = true
		if gone := dead.Unit(u.Unit); gone == nil && u.Digest.IsZero() || gone != nil && gone.Digest == u.Digest {
			continue
		}
		same = false
		if u.Resolved && (seenElements(m.ID, u, k) || d.inView(m.ID, u)) {
			continue
		}
		if !k.Contains(m.ID, u.Unit, u.Version) {
			return false
		}
	}
	return same && seen || m.LifeResolved || k.Contains(m.ID, Life, m.LifeVersion)
}

// seenElements reports whether all that is in a list unit was added with the knowledge k.
func seenElements(id ItemID, u *UnitMeta, k Knowledge) bool {
	return len(u.Elements) > 0 && !slices.ContainsFunc(u.Elements, func(e Element) bool { return !k.Contains(id, u.Unit, e.Added) })
}

// inView reports whether the phone had a unit's value when this store last met it, and
// so its user saw it. One that was restored since may have had another.
func (d *decider) inView(id ItemID, u *UnitMeta) bool {
	return !d.older && !d.unmarked && slices.ContainsFunc(d.views[id], func(row ViewRow) bool {
		v := row.Meta.Unit(u.Unit)
		return !row.Announced && !row.Meta.Deleted && v != nil && v.Digest == u.Digest
	})
}

// unseenBy lists the units that whoever made the deletion v wasn't given: the phone's
// user didn't see what isn't sent there. Everybody else counts as having seen all that
// the phone knew.
func (d *decider) unseenBy(v Version) []string {
	if d.users[v.Replica] {
		return d.unseen
	}
	return nil
}

// bury gives both sides a deletion; one that met a resolution gets a version of
// its own, which dominates it.
func (d *decider) bury(r *decision, dead, live *ItemMeta, k Knowledge) {
	t := dead
	if !k.Contains(live.ID, Life, live.LifeVersion) || d.takesMore(dead, live, k) {
		t = d.overEdit(dead, live, k)
	}
	r.store, r.phone = t, t
	if dead == r.hadStore {
		r.toPhone = opDelete
		if t != dead {
			r.toStore = opMeta
		}
		return
	}
	r.toStore = opDelete
	if t != dead {
		r.toPhone = opMeta
	}
}

func (d *decider) storeDeleted(r *decision, h, p *ItemMeta) {
	switch {
	case d.isHeld(r, h.LifeVersion, p.LifeVersion, p.KnownTo(d.store)):
	case d.phone.Contains(h.ID, Life, h.LifeVersion):
		// The phone knew of the deletion and has the item again.
		r.store, r.toStore = p, opCreate
	case d.fresh:
		// A first sync never deletes. What comes back is the item that was deleted,
		// unless somebody changed it.
		same := d.outlived(p, h, d.store, nil)
		d.revive(r, p, h, ToPhone)
		if same {
			r.clashes = nil
		}
		r.toStore, r.toPhone = opCreate, opMeta
	case d.outlived(p, h, d.store, nil):
		d.bury(r, h, p, d.store)
	case d.oldValue(p):
		t := d.overEdit(h, p, d.store)
		r.store, r.phone = t, t
		r.toStore, r.toPhone = opMeta, opDelete
	default:
		switch action, _ := d.ask(r, UnitDeleted); action {
		case AcceptDestination:
			t := d.overEdit(h, p, d.store)
			t.LifeResolved = true
			d.stayDead(r, t, ToStore)
		case Defer, TransferAndDefer:
			d.deferLife(r, action)
		default:
			d.revive(r, p, h, ToPhone)
			r.toStore, r.toPhone = opCreate, opMeta
		}
	}
}

func (d *decider) phoneDeleted(r *decision, h, p *ItemMeta) {
	switch {
	case d.isHeld(r, h.LifeVersion, p.LifeVersion, true):
	case d.store.Contains(h.ID, Life, p.LifeVersion):
		r.phone, r.toPhone = h, opCreate
	case d.outlived(h, p, d.phone, d.unseenBy(p.LifeVersion)):
		d.bury(r, p, h, d.phone)
	case d.wasThere(h, p):
		if !p.LifeVersion.IsPending() { // who versioned it didn't know how much it took away
			p = d.deletedTwice(h.Tombstone(h.LifeVersion, 0), p)
			r.toPhone = opMeta
		}
		r.store, r.phone, r.toStore = p, p, opDelete
	default:
		unit := UnitDeleted
		if !p.MergedInto.IsZero() {
			unit = UnitIdentity
		}
		switch action, _ := d.ask(r, unit); action {
		case AcceptSource:
			t := d.overEdit(p, h, d.phone)
			t.LifeResolved = true
			d.stayDead(r, t, ToPhone)
		case Defer, TransferAndDefer:
			d.deferLife(r, action)
		default:
			d.revive(r, h, p, ToStore)
			r.toStore, r.toPhone = opMeta, opCreate
		}
	}
}

// overEdit is a tombstone for one by somebody who knew k and didn't see all of the
// item: it dominates both, and says which units it takes away besides, so that an item
// that lives on after it doesn't leave those standing where they are.
func (d *decider) overEdit(dead, live *ItemMeta, k Knowledge) *ItemMeta {
	t := dead.Clone()
	t.LifeVersion = Pending(d.home)
	for i := range live.Units {
		u := &live.Units[i]
		if t.Unit(u.Unit) == nil || !k.Contains(live.ID, u.Unit, u.Version) {
			t.SetUnit(UnitMeta{Unit: u.Unit, Version: u.Version, Digest: u.Digest})
		}
	}
	return t
}

// takesMore reports whether a deletion takes away a unit that its maker saw only in
// another form.
func (d *decider) takesMore(dead, live *ItemMeta, k Knowledge) bool {
	return slices.ContainsFunc(live.Units, func(u UnitMeta) bool {
		gone := dead.Unit(u.Unit)
		return !k.Contains(live.ID, u.Unit, u.Version) && (gone == nil && !u.Digest.IsZero() || gone != nil && gone.Digest != u.Digest)
	})
}

// stayDead lets a deletion stand that met an edit, as a Resolve wants it: the
// tombstone has a version of the store's, which dominates the edit.
func (d *decider) stayDead(r *decision, dead *ItemMeta, kept Side) {
	r.store, r.phone = dead, dead
	r.toStore, r.toPhone = opMeta, opMeta
	if r.hadStore.Live() {
		r.toStore = opDelete
	}
	if r.hadPhone.Live() {
		r.toPhone = opDelete
	}
	r.clashes = append(r.clashes, d.lifeClash(r, kept))
}

// deferLife leaves to a later session whether an item exists.
func (d *decider) deferLife(r *decision, action ConflictAction) {
	r.store, r.phone, r.toStore, r.toPhone = r.hadStore, r.hadPhone, opNone, opNone
	r.deferred = append(r.deferred, Life)
	if action == TransferAndDefer {
		c := d.lifeClash(r, ToStore)
		c.state = Waiting
		r.clashes = append(r.clashes, c)
	}
}

func (d *decider) lifeClash(r *decision, kept Side) clash {
	c := clash{unit: UnitDeleted, state: Settled, kept: kept}
	if r.hadPhone != nil && !r.hadPhone.MergedInto.IsZero() {
		c.unit = UnitIdentity
	}
	if r.hadStore != nil {
		c.store = r.hadStore.LifeVersion
	}
	if r.hadPhone != nil {
		c.phone = r.hadPhone.LifeVersion
	}
	return c
}

func takeLife(dst, src *ItemMeta) {
	dst.LifeVersion, dst.LifeEdited, dst.LifeResolved = src.LifeVersion, src.LifeEdited, src.LifeResolved
}

// isHeld reports whether this very pair of an item's existence and absence was
// deferred before, and nothing else of the item has changed since.
func (d *decider) isHeld(r *decision, h, p Version, unchanged bool) bool {
	c, ok := d.deferred[deferredKey{r.id, Life}]
	if !ok || !unchanged || c.Store != h || c.Phone != p {
		return false
	}
	r.deferred = append(r.deferred, Life)
	return true
}

// wasThere reports whether the phone held the store's very item before it was
// deleted there, although its state doesn't say so (it was wiped since): its last
// line has the same content, or the store's view has the same versions. A state
// of an earlier session than the last one means that the phone was restored, and
// what was deleted there may be older than the view. So does one without a session
// of this store that still knows the item from its creation: one that was wiped and
// begun anew has it from another.
func (d *decider) wasThere(h, dead *ItemMeta) bool {
	s := d.state(h.ID)
	content := contentOf(h.Units, true)
	if s != nil && s.Meta.Live() && contentOf(s.Meta.Units, true) == content {
		return true
	}
	if d.older || d.unmarked && dead.Creation == h.Creation {
		return false
	}
	was := h
	if m := d.renamed[h.ID]; m != nil {
		was = m
	}
	for _, row := range d.views[was.ID] {
		if row.Meta.Deleted || row.Meta.LifeVersion != was.LifeVersion || contentOf(row.Meta.Units, true) != content {
			continue
		}
		if d.tookBack(&row.Meta) {
			continue
		}
		if s != nil && s.Meta.Live() && row.Meta.KnownTo(d.phone) {
			continue // the phone had moved on from it: what was deleted there is as the state says
		}
		if !row.Announced || !d.phone.Contains(was.ID, Life, was.LifeVersion) && d.wasFound(s, was.ID, row.Path) {
			return true
		}
	}
	return false
}

// tookBack reports whether the phone's state doesn't know any more what others had told
// by it of an item that the view has: it was restored since.
func (d *decider) tookBack(m *ItemMeta) bool {
	return slices.ContainsFunc(m.Units, func(u UnitMeta) bool {
		return !d.own(u.Version) && !d.phone.Contains(m.ID, u.Unit, u.Version)
	})
}

// own reports whether this store made a version, itself or for the phone's user.
func (d *decider) own(v Version) bool { return v.Replica == d.home || v.Replica == d.proxy }

// wasFound reports whether an item was found on the phone, by whoever wrote its state,
// where it was about to be made: so it had been. Under its own ID another computer may
// have made it there; under another one it was only found.
func (d *decider) wasFound(s *PartialItem, id ItemID, path string) bool {
	return s != nil && s.Meta.Live() && path != "" && s.Place.Path == path && (s.Meta.ID != id || d.users[s.Meta.LifeVersion.Replica])
}

// oldValue is oldUnit for a whole item: every version that the store doesn't
// know is an old value of its own.
func (d *decider) oldValue(p *ItemMeta) bool {
	rows := d.views[p.ID]
	if len(rows) == 0 || p.LifeVersion.IsPending() {
		return false
	}
	for i := range p.Units {
		u := &p.Units[i]
		if !d.store.Contains(p.ID, u.Unit, u.Version) && !d.oldUnit(p.ID, u) {
			return false
		}
	}
	return true
}
