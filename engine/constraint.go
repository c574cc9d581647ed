package engine

import (
	"errors"
	"fmt"
	"time"

	"cradle/valuebag"
)

// save puts an item and settles what stands in its way by the session's policy
// (sync-model §1.5). Each try removes one obstacle, so it ends.
func (a *applier) save(m *ItemMeta, value *valuebag.Values) error {
	var err error
	var gone []Change // local items that gave way: they come back if this one isn't taken after all
	for range constraintAttempts {
		err = a.tx.Put(m, value)
		var ce *ConstraintError
		if !errors.As(err, &ce) || ce.Reason != Collision || ce.With.IsZero() || value == nil {
			if err != nil {
				for _, c := range gone {
					err = errors.Join(err, a.tx.Put(c.Meta, c.Value))
				}
			}
			return err
		}
		done := false
		switch a.opt.Constraint {
		case SourceWins:
			var was Change
			was, err = a.giveWay(ce.With, m)
			gone = append(gone, was)
		case DestinationWins:
			return a.yield(m, value, ItemID{})
		case MergeConstraint:
			done, err = a.unite(m, value, ce.With)
		case RenameSource:
			m, value, err = a.rename(m, value)
		case RenameDestination:
			err = a.renameLocal(ce.With)
		default:
			return err
		}
		if err != nil || done {
			return err
		}
	}
	return fmt.Errorf("still in the way after %d tries: %w", constraintAttempts, err)
}

// mintOne gives m's pending versions one tick of the local replica.
func (a *applier) mintOne(m *ItemMeta) (*ItemMeta, error) {
	mint := minter{tx: kept{a.tx}, home: a.home}
	return mint.meta(m)
}

// giveWay deletes a local item for an incoming one and returns what it was.
func (a *applier) giveWay(id ItemID, by *ItemMeta) (was Change, err error) {
	if was.Meta, err = a.tx.Meta(id); err != nil {
		return was, err
	}
	if was.Value, err = a.tx.Value(id); err != nil {
		return was, err
	}
	t, err := a.mintOne(was.Meta.Tombstone(Pending(a.home), 0))
	if err != nil {
		return was, err
	}
	e := a.constraintEntry(id, by.ID, ToPhone, was.Value, was.Meta.LifeVersion, by.LifeVersion)
	return was, a.bury(t, e)
}

// yield buries an incoming item for a local one; with into, as merged into that.
func (a *applier) yield(m *ItemMeta, value *valuebag.Values, into ItemID) error {
	t := m.Tombstone(Pending(a.home), 0)
	t.MergedInto, t.LifeResolved = into, true
	t, err := a.mintOne(t)
	if err != nil {
		return err
	}
	if into.IsZero() {
		return a.bury(t, a.constraintEntry(m.ID, m.ID, ToStore, value, Version{}, m.LifeVersion))
	}
	return a.tx.Put(t, nil)
}

// bury saves the tombstone of an item that gives way and logs what is lost by it.
func (a *applier) bury(t *ItemMeta, lost Conflict) error {
	entries := []Conflict{lost}
	a.announce(t.ID, Announcement{Settles: entries})
	if err := a.tx.Put(t, nil); err != nil {
		return err
	}
	a.out.Conflicts++
	return a.log(entries)
}

// unite makes one item of an incoming and a local one: the smaller ID stays, the
// other gets a merge tombstone.
func (a *applier) unite(m *ItemMeta, value *valuebag.Values, with ItemID) (bool, error) {
	local, err := a.tx.Meta(with)
	if err != nil {
		return false, err
	}
	if with.Compare(m.ID) < 0 {
		if err := a.into(with, m, value); err != nil {
			return false, err
		}
		return true, a.yield(m, value, with)
	}
	data, err := a.tx.Value(with)
	if err != nil {
		return false, err
	}
	t := local.Tombstone(Pending(a.home), 0)
	t.MergedInto, t.LifeResolved = m.ID, true
	if t, err = a.mintOne(t); err != nil {
		return false, err
	}
	if err := a.tx.Put(t, nil); err != nil {
		return false, err
	}
	if err := a.tx.Put(m, value); err != nil { // the local item stays
		return false, errors.Join(err, a.tx.Put(local, data))
	}
	return true, a.into(m.ID, local, data)
}

// into merges an item's data into a local item of another ID: list units unite,
// of others the preset's choice stays and the rest is logged.
func (a *applier) into(id ItemID, other *ItemMeta, data *valuebag.Values) error {
	h, err := a.tx.Meta(id)
	if err != nil || !h.Live() || data == nil {
		return err
	}
	before, err := a.tx.Value(id)
	if err != nil {
		return err
	}
	d := &decider{schema: a.schema, preset: a.opt.Preset, home: a.home, store: a.before, state: func(ItemID) *PartialItem { return nil }}
	p := relabel(other, id, a.home)
	p.Creation, p.LifeVersion = h.Creation, h.LifeVersion
	r := d.item(h, p)
	if r == nil || r.toStore == opNone {
		return nil
	}
	var v *valuebag.Values
	if r.toStore == opUpdate {
		if v, err = edit(a.schema, before, data, r.storeEdits); err != nil {
			return &ItemError{Item: id, Reason: err}
		}
	}
	var entries []Conflict
	for _, c := range r.clashes {
		c.phone = other.Unit(c.unit).version()
		entries = append(entries, a.entry(r, c, before, data))
	}
	a.announce(id, Announcement{Settles: entries})
	if err := a.put(r.store, v, false); err != nil {
		return err
	}
	a.out.Conflicts += len(entries)
	return a.log(entries)
}

// rename gives an incoming item another name, as a change of this replica.
func (a *applier) rename(m *ItemMeta, value *valuebag.Values) (*ItemMeta, *valuebag.Values, error) {
	ren, ok := a.schema.(Renamer)
	if !ok {
		return nil, nil, &ConstraintError{Reason: Collision, Item: m.ID, Detail: "items of this kind can't be renamed"}
	}
	v, err := ren.Rename(value, renamedNameSuffix)
	if err != nil {
		return nil, nil, &ItemError{Item: m.ID, Reason: err}
	}
	n := m.Clone()
	for _, u := range Describe(a.schema, v) {
		if was := n.Unit(u.Unit); was == nil || was.Digest != u.Digest {
			u.Version, u.Resolved, u.Edited = Pending(a.home), true, a.opt.Now()
			for i := range u.Elements {
				u.Elements[i].Added = u.Version
			}
			n.SetUnit(u)
		}
	}
	n, err = a.mintOne(n)
	return n, v, err
}

func (a *applier) renameLocal(id ItemID) error {
	m, err := a.tx.Meta(id)
	if err != nil {
		return err
	}
	value, err := a.tx.Value(id)
	if err != nil {
		return err
	}
	if m, value, err = a.rename(m, value); err != nil {
		return err
	}
	return a.tx.Put(m, value)
}

func (a *applier) constraintEntry(id, by ItemID, kept Side, lost *valuebag.Values, store, source Version) Conflict {
	return Conflict{
		Scope: a.scope, Peer: PeerID(a.batch.Source), Item: id, UID: a.schema.UID(lost), Unit: string(Collision), State: Settled,
		KeptSide: kept, Store: store, Phone: source, Lost: lost, LostText: []string{a.schema.Summary(lost)},
		KeptText: []string{by.String()}, At: time.UnixMilli(a.opt.Now()),
	}
}
