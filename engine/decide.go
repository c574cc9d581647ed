package engine

import (
	"slices"

	"cradle/valuebag"
)

// unitEdit is what happens to one unit of an item's data: it is made equal to
// the other side's, a list unit to the set keep.
type unitEdit struct {
	unit string
	list bool
	keep [][8]byte
}

// dataOp is what happens to an item's data at one side.
type dataOp int

const (
	opNone   dataOp = iota
	opMeta          // only versions change
	opCreate        // the item comes whole from the other side
	opUpdate        // some units change
	opDelete
	opLeave // the filter takes it off the phone; nobody deleted it
)

// clash is a conflict as decided; its values are filled in when it is applied.
type clash struct {
	unit         string
	state        ConflictState
	kept         Side
	store, phone Version
}

// decision is what becomes of one item. It is made from metadata alone.
type decision struct {
	id ItemID
	// before, at the store and at the phone (nil: unknown there)
	hadStore, hadPhone *ItemMeta
	// after; pending versions are minted when the decision is applied
	store, phone     *ItemMeta
	toStore, toPhone dataOp
	storeEdits       []unitEdit
	phoneEdits       []unitEdit
	clashes          []clash
	deferred         []string                    // units that neither side learns; Life means the whole item
	copied           bool                        // preset Both: the phone's value goes on as a second item
	old              *decision                   // the store's item that becomes this one (a merge of IDs), in the same transaction
	joins            ItemID                      // of such an old item: the one it becomes
	back             *PutBack                    // what an undo wants the phone to have again
	late             bool                        // the phone was changed before it got it
	torn             string                      // the path of the phone's object, which is there only in part
	over             []string                    // units whose open conflict ends with this decision
	merged           map[string]*valuebag.Values // by unit: an item that holds the value a Resolve made
}

// decider decides items of one scope between a store and a partial participant.
type decider struct {
	schema   Schema
	preset   Preset
	home     ReplicaID
	proxy    ReplicaID // of the store for the phone
	store    Knowledge // what the store knows
	phone    Knowledge // what the phone's state knows
	deferred map[deferredKey]Conflict
	views    map[ItemID][]ViewRow
	state    func(ItemID) *PartialItem // the phone's state
	renamed  map[ItemID]*ItemMeta      // by its new ID: the store's item as it was under the old one
	fresh    bool                      // it has no state, or was forgotten: a first sync
	older    bool                      // that state is of an earlier session with this store than the last
	unmarked bool                      // it is of none with this store, though there was one
	without  []string                  // units that the phone isn't given
	unseen   []string                  // units that it isn't given, or wasn't when its state was written
	onPhone  bool                      // it is a phone's session: all computers meet in its state
	users    map[ReplicaID]bool        // the replicas under which its user's changes are versioned
	// what each side has forgotten deletions of
	storeForgot, phoneForgot Knowledge
	// resolve is asked about a conflict before the preset; nil: the preset decides.
	resolve func(r *decision, unit string) (ConflictAction, *valuebag.Values)
}

type deferredKey struct {
	item ItemID
	unit string
}

// item decides one item from its metadata at both sides; nil when there is
// nothing to do.
func (d *decider) item(h, p *ItemMeta) *decision {
	if h == nil && p == nil {
		return nil
	}
	r := &decision{hadStore: h, hadPhone: p, store: h, phone: p}
	if h != nil {
		r.id = h.ID
	} else {
		r.id = p.ID
	}
	switch {
	case h == nil:
		d.onlyPhone(r, p)
	case p == nil:
		d.onlyStore(r, h)
	case h.Deleted && p.Deleted:
		d.bothDeleted(r, h, p)
	case h.Deleted:
		d.storeDeleted(r, h, p)
	case p.Deleted:
		d.phoneDeleted(r, h, p)
	default:
		d.bothLive(r, h, p)
	}
	if r.toStore == opNone && r.toPhone == opNone && len(r.clashes) == 0 && len(r.deferred) == 0 {
		return nil
	}
	d.leaveOut(r)
	return r
}

// leaveOut takes the units that the phone isn't given out of an item that goes there
// whole. In an item that was deleted, and in one that lived on against a deletion which
// is news there, they get a new version: else nobody who deleted it and knew the old one
// would ever be given the unit again.
func (d *decider) leaveOut(r *decision) {
	created := r.toPhone == opCreate
	renewed := !created && r.hadPhone.Live() && r.phone.Live() && r.phone.LifeVersion != r.hadPhone.LifeVersion
	if len(d.without) == 0 || !created && !renewed {
		return
	}
	var again []string
	for _, unit := range d.without {
		u := r.store.Unit(unit)
		switch {
		case u == nil:
		case r.store.LifeResolved && u.Version != r.store.LifeVersion, created && (r.hadPhone != nil || d.phone.Contains(r.id, unit, u.Version)):
			again = append(again, unit)
		}
	}
	if len(again) > 0 {
		r.store = r.store.Clone()
		r.store.Rewrite(again, Pending(d.home), true)
		r.toStore = max(r.toStore, opMeta)
	}
	if created {
		r.phone = r.phone.without(d.without)
	}
}

// isQuiet reports whether the decision leaves both sides as they are.
func (d *decision) isQuiet() bool {
	return d.toStore == opNone && d.toPhone == opNone && len(d.clashes) == 0 && d.back == nil && d.old == nil
}

func (d *decider) bothLive(r *decision, h, p *ItemMeta) {
	hs, ps := h.Clone(), p.Clone()
	r.store, r.phone = hs, ps
	if p.Creation.Compare(h.Creation) < 0 {
		hs.Creation = p.Creation
	} else {
		ps.Creation = h.Creation
	}
	if h.LifeVersion != p.LifeVersion {
		pKnown, hKnown := d.store.Contains(h.ID, Life, p.LifeVersion), d.phone.Contains(h.ID, Life, h.LifeVersion)
		switch {
		case pKnown && hKnown: // two computers that differ would change it to and fro for ever
		case pKnown:
			takeLife(ps, hs)
		case hKnown:
			takeLife(hs, ps)
		case d.madeAgain(p):
			// The store's never saw that deletion, and this one may not have seen what the
			// store's came after: whoever knows of either has to find one that came later.
			hs.LifeVersion, hs.LifeEdited, hs.LifeResolved = Pending(d.home), max(h.LifeEdited, p.LifeEdited), false
			takeLife(ps, hs)
		case d.named(h.LifeVersion, p.LifeVersion), p.LifeVersion.Compare(h.LifeVersion) > 0 && !p.LifeVersion.IsPending():
			takeLife(hs, ps)
		default:
			takeLife(ps, hs)
		}
	}
	for _, unit := range d.schema.Units() {
		d.unit(r, unit, h.Unit(unit), p.Unit(unit))
	}
	if r.toStore == opNone && !hs.Equal(h) {
		r.toStore = opMeta
	}
	if r.toPhone == opNone && !ps.Equal(p) {
		r.toPhone = opMeta
	}
}

// madeAgain reports whether the phone's user made an item anew that the phone's state
// has as deleted.
func (d *decider) madeAgain(p *ItemMeta) bool {
	s := d.state(p.ID)
	return p.LifeVersion.IsPending() && s != nil && s.Meta.Deleted
}

// unit decides one unit of an item that is live on both sides.
func (d *decider) unit(r *decision, unit string, h, p *UnitMeta) {
	// What was deferred was learned by neither side.
	c, noted := d.deferred[deferredKey{r.id, unit}]
	if noted && c.Store == h.version() && c.Phone == p.version() {
		r.deferred = append(r.deferred, unit)
		return
	}
	switch {
	case h == nil && p == nil:
		return
	case h == nil: // never set in the store: anything dominates it
		d.take(r, ToStore, *p, nil)
		return
	case p == nil && d.wasShown(h, r.hadPhone.lastEdit(), r.id): // emptied there
		d.giveWay(r, h, &UnitMeta{Unit: unit, Edited: r.hadPhone.lastEdit()})
		return
	case p == nil:
		d.take(r, ToPhone, *h, nil)
		return
	case h.Version == p.Version:
		return
	}
	// An undo leaves apart what both know. Of a conflict that waits for a person neither
	// knows the other's: who does has seen it, and settled it elsewhere.
	// But a store makes the versions of its phone, and so knows them all: that it was edited
	// since decides nothing about the value that waits on the phone.
	held := noted && c.State == Held
	pKnown := !(noted && c.Phone == p.Version && (held || c.Store != h.Version)) && d.store.Contains(r.id, unit, p.Version)
	hKnown := !(held && c.Store == h.Version) && d.phone.Contains(r.id, unit, h.Version)
	switch {
	case pKnown && !hKnown:
		d.take(r, ToPhone, *h, p)
	case hKnown && !pKnown:
		d.take(r, ToStore, *p, h)
	case h.Digest == p.Digest:
		d.adopt(r, h, p, !hKnown && d.named(h.Version, p.Version))
	case d.oldUnit(r.id, p):
		u := *h
		u.Version = Pending(d.home)
		d.both(r, u, h, p)
	case !pKnown && !hKnown && d.wasShown(h, p.Edited, r.id):
		d.giveWay(r, h, p)
	case d.schema.IsList(unit):
		d.both(r, d.mergeList(r.id, h, p), h, p)
	default:
		d.conflict(r, h, p)
	}
}

// version is a unit's version, zero if it was never set.
func (u *UnitMeta) version() Version {
	if u == nil {
		return Version{}
	}
	return u.Version
}

// take gives one side the other's unit, with its version.
func (d *decider) take(r *decision, to Side, u UnitMeta, old *UnitMeta) {
	same := d.sameContent(u, old)
	if to == ToStore {
		r.store.SetUnit(u)
		r.toStore = max(r.toStore, opMeta)
		if !same {
			r.toStore = opUpdate
			r.storeEdits = append(r.storeEdits, d.edit(u))
		}
		return
	}
	if !same && slices.Contains(d.without, u.Unit) {
		return // what the phone has of it stays
	}
	r.phone.SetUnit(u)
	r.toPhone = max(r.toPhone, opMeta)
	if !same {
		r.toPhone = opUpdate
		r.phoneEdits = append(r.phoneEdits, d.edit(u))
	}
}

func (d *decider) sameContent(u UnitMeta, old *UnitMeta) bool {
	if d.schema.IsList(u.Unit) {
		return sameElements(u.Elements, old.elements())
	}
	return old == nil && u.Digest.IsZero() || old != nil && old.Digest == u.Digest
}

func (u *UnitMeta) elements() []Element {
	if u == nil {
		return nil
	}
	return u.Elements
}

// both gives both sides a unit with a new version of the store's.
func (d *decider) both(r *decision, u UnitMeta, h, p *UnitMeta) {
	d.take(r, ToStore, u, h)
	d.take(r, ToPhone, u, p)
}

func (d *decider) edit(u UnitMeta) unitEdit {
	e := unitEdit{unit: u.Unit, list: d.schema.IsList(u.Unit)}
	if e.list {
		for _, el := range u.Elements {
			e.keep = append(e.keep, el.Digest)
		}
	}
	return e
}

// named reports whether the phone's version of equal contents that were versioned apart
// stays: other computers know it from the phone's state, and may have decided
// something about it. Two stores have no such place where all meet.
func (d *decider) named(h, p Version) bool {
	return d.onPhone && !p.IsPending() && !h.IsPending()
}

// adopt lets equal contents have one version: the phone's, or the greater that is minted.
func (d *decider) adopt(r *decision, h, p *UnitMeta, phones bool) {
	w, o := *h, p
	if phones || h.Version.IsPending() || !p.Version.IsPending() && p.Version.Compare(h.Version) > 0 {
		w, o = *p, h
	}
	w.Elements = slices.Clone(w.Elements)
	for i, e := range w.Elements {
		if j := o.element(e.Digest); j >= 0 {
			w.Elements[i].Added = laterAdded(e.Added, o.Elements[j].Added)
		}
	}
	d.both(r, w, h, p)
}

func (u *UnitMeta) element(e ElementDigest) int {
	i, ok := slices.BinarySearchFunc(u.Elements, e, func(a Element, b ElementDigest) int { return slices.Compare(a.Digest[:], b[:]) })
	if !ok {
		return -1
	}
	return i
}

// laterAdded is the version that stands for an element that both sides added:
// the greater, so that a removal that knew only the other doesn't take it away.
func laterAdded(a, b Version) Version {
	if a.IsPending() {
		return b
	}
	if b.IsPending() || a.Compare(b) > 0 {
		return a
	}
	return b
}

// mergeList merges two concurrent values of a list unit as observed-remove sets:
// an element on one side only was added there if the other side doesn't know
// the version that added it, else the other side removed it.
func (d *decider) mergeList(id ItemID, h, p *UnitMeta) UnitMeta {
	u := UnitMeta{Unit: h.Unit, Version: Pending(d.home), Resolved: true, Edited: max(h.Edited, p.Edited)}
	for _, e := range h.Elements {
		if j := p.element(e.Digest); j >= 0 {
			u.Elements = append(u.Elements, Element{e.Digest, laterAdded(e.Added, p.Elements[j].Added)})
		} else if !d.phone.Contains(id, h.Unit, e.Added) {
			if slices.Contains(d.unseen, h.Unit) {
				// What the phone has of a unit that it wasn't given says nothing of the
				// rest, whatever other computers may make of its version.
				e.Added = u.Version
			}
			u.Elements = append(u.Elements, e)
		}
	}
	for _, e := range p.Elements {
		if h.element(e.Digest) < 0 && !d.store.Contains(id, h.Unit, e.Added) {
			u.Elements = append(u.Elements, e)
		}
	}
	slices.SortFunc(u.Elements, func(a, b Element) int { return slices.Compare(a.Digest[:], b.Digest[:]) })
	// The digest of a merged set is taken from the data when it is applied, unless
	// it is a side's own.
	switch {
	case sameElements(u.Elements, h.Elements):
		u.Digest = h.Digest
	case sameElements(u.Elements, p.Elements):
		u.Digest = p.Digest
	}
	return u
}

func sameElements(a, b []Element) bool {
	return slices.EqualFunc(a, b, func(x, y Element) bool { return x.Digest == y.Digest })
}

// conflict settles a conflict of a unit that isn't a list, or defers it.
func (d *decider) conflict(r *decision, h, p *UnitMeta) {
	action, value := d.ask(r, h.Unit)
	side, ok := ToStore, true
	switch action {
	case ByPreset:
		side, ok = d.preset.pick(h, p)
	case AcceptSource:
		side = ToPhone
	case TransferAndDefer:
		ok = false
	case Defer:
		r.deferred = append(r.deferred, h.Unit)
		return
	}
	c := clash{unit: h.Unit, kept: side, store: h.Version, phone: p.Version, state: Settled}
	if !ok {
		c.state, c.kept = Waiting, ToStore
		r.clashes = append(r.clashes, c)
		r.deferred = append(r.deferred, h.Unit)
		return
	}
	u := *h
	if side == ToPhone {
		u = *p
	}
	u.Version, u.Resolved = Pending(d.home), true
	if action == Merge {
		u.Digest, u.Edited = Digest(d.schema.Digest(value, h.Unit)), max(h.Edited, p.Edited)
		if r.merged == nil {
			r.merged = map[string]*valuebag.Values{}
		}
		r.merged[h.Unit] = value
	}
	d.both(r, u, h, p)
	r.clashes = append(r.clashes, c)
	if action == ByPreset && d.preset == Both && !(h.Resolved && p.Resolved) {
		r.copied = true
	}
}

// ask is the word of the session's Resolve, if there is one.
func (d *decider) ask(r *decision, unit string) (ConflictAction, *valuebag.Values) {
	if d.resolve == nil {
		return ByPreset, nil
	}
	action, value := d.resolve(r, unit)
	switch action {
	case ByPreset, Defer, AcceptSource, AcceptDestination, TransferAndDefer:
		return action, value
	case Merge:
		if value != nil || unit == UnitDeleted || unit == UnitIdentity {
			return action, value
		}
	}
	return Defer, nil // a word that isn't known, a merge of nothing: it decides nothing
}

// wasShown reports whether the store's unit is one that it took from this phone, as
// the phone had it before an edit at a later time: the cable was pulled before the
// phone's state said so. A part that isn't sent there may be gone with an item that left
// and came back.
func (d *decider) wasShown(h *UnitMeta, later int64, id ItemID) bool {
	if !d.onPhone || d.older || d.unmarked || later <= h.Edited || h.Digest.IsZero() || slices.Contains(d.unseen, h.Unit) {
		return false
	}
	version := h.Version
	if m := d.renamed[id]; m != nil {
		id, version = m.ID, m.Unit(h.Unit).Version
	}
	return slices.ContainsFunc(d.views[id], func(row ViewRow) bool {
		u := row.Meta.Unit(h.Unit)
		return d.own(version) && !row.Announced && !row.Meta.Deleted && u != nil && u.Version == version
	})
}

// giveWay lets the phone's unit take the place of the store's, as by a conflict that the
// phone wins: it is logged, since the phone may have been restored unseen.
func (d *decider) giveWay(r *decision, h, p *UnitMeta) {
	u := *p
	u.Version, u.Resolved = Pending(d.home), true
	r.clashes = append(r.clashes, clash{unit: u.Unit, kept: ToPhone, store: h.Version, phone: p.Version, state: Settled})
	d.both(r, u, h, p)
}

// oldUnit reports whether a version that another computer minted is in truth a
// value that this store wrote to the phone or took from it, and has moved on
// from: the cable was pulled before the phone's state said so.
func (d *decider) oldUnit(id ItemID, p *UnitMeta) bool {
	if p.Version.IsPending() || p.Resolved {
		return false
	}
	for _, row := range d.views[id] {
		u := row.Meta.Unit(p.Unit)
		if u != nil && u.Digest == p.Digest && u.Version != p.Version && d.store.Contains(id, p.Unit, u.Version) && !d.phone.Contains(id, p.Unit, u.Version) {
			return true
		}
	}
	return false
}
