package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// This file is the filter of a full participant in an exchange. The filter says what
// the destination is to hold; the source evaluates it, since it has the newest values
// that it sends. A batch made under a filter names the items of its range that are
// outside, and the destination learns nothing of those, nor of units that aren't sent:
// whatever it doesn't hold it can still be given, by anybody.
//
// An item that the destination holds and that is outside leaves it: it becomes a
// ghost, its data is dropped and its metadata kept aside, and the destination's
// knowledge contains nothing of it any more, not even its own changes. It leaves only
// with all its changes known to the source. It comes back, by an edit, with time or
// under another filter, from a source that knows what left: who knows less has an older
// form, which would be taken for news.

// ErrNoGhosts: the participant can't hold a part of a scope that items move out of.
var ErrNoGhosts = errors.New("this participant can't be given a filter with rules: nothing can leave it")

// GhostTx is a KeeperTx of a keeper that can hold a part of a scope. Its Keeper's
// Replica and the transaction's Knowledge contain nothing of ghosts.
type GhostTx interface {
	// Ghost drops a live item, without a tombstone, and remembers in which form it left:
	// left contains its versions. Any Put of the item ends that. ErrChanged: it has edits
	// that aren't settled.
	Ghost(id ItemID, left Knowledge) error
	// GhostOf is what was remembered of an item; false when it is no ghost.
	GhostOf(id ItemID) (left Knowledge, ok bool, err error)
	// Ghosts lists the ghosts from low to high, in ID order.
	Ghosts(low, high ItemID) ([]ItemID, error)
	// Lay forgets that an item is a ghost: it is no more anywhere.
	Lay(id ItemID) error
}

// Lacking is k without anything of some items: what a participant knows that holds
// nothing of them, nor a deletion.
func (k Knowledge) Lacking(ids []ItemID) Knowledge {
	out := unlearned{}
	for _, id := range ids {
		out.item(id)
	}
	return k.exceptAll(out, Knowledge{})
}

// seen is what an asker knows or isn't to be given.
func (q *Request) seen(all Knowledge) Knowledge {
	if len(q.Filter.Without) == 0 {
		return q.Known
	}
	return q.Known.ReplaceUnits(ColumnsOf(q.Filter.Without...), all)
}

// outside lists in ID order the live items that the asker's filter keeps out.
func (f *Full) outside(ctx context.Context, scope string, q *Request) ([]ItemID, error) {
	if len(q.Filter.Rules) == 0 {
		return nil, nil
	}
	now := time.UnixMilli(q.At)
	var ids []ItemID
	if s, ok := f.keeper.(Sieve); ok {
		out, err := s.Outside(ctx, scope, q.Filter, now)
		for id := range out {
			ids = append(ids, id)
		}
		slices.SortFunc(ids, ItemID.Compare)
		return ids, err
	}
	all, err := f.keeper.Changed(ctx, scope, Knowledge{})
	if err != nil {
		return nil, err
	}
	for chunk := range slices.Chunk(all, defaultBatch) {
		items, err := f.keeper.Read(ctx, scope, chunk)
		if err != nil {
			return nil, err
		}
		for _, c := range items {
			if c.Meta.Live() && c.Value != nil && !q.Filter.passes(f.schemas[scope], c.Value, now) {
				ids = append(ids, c.Meta.ID)
			}
		}
	}
	return ids, nil
}

// ghosts gives items outside their versions, where the asker may hold them.
func (f *Full) ghosts(ctx context.Context, scope string, ids []ItemID, q *Request) ([]Ghost, error) {
	out := make([]Ghost, len(ids))
	var known []ItemID
	for i, id := range ids {
		out[i].ID = id
		if !q.Known.Project(id, id).IsZero() {
			known = append(known, id)
		}
	}
	versions := make(map[ItemID][]Version, len(known))
	if s, ok := f.keeper.(interface {
		Metas(ctx context.Context, scope string, ids []ItemID) (map[ItemID]*ItemMeta, error)
	}); ok { // no need for the data
		metas, err := s.Metas(ctx, scope, known)
		if err != nil {
			return nil, err
		}
		for id, m := range metas {
			versions[id] = m.Greatest()
		}
	} else {
		items, err := f.keeper.Read(ctx, scope, known)
		if err != nil {
			return nil, err
		}
		for _, c := range items {
			versions[c.Meta.ID] = c.Meta.Greatest()
		}
	}
	for i := range out {
		out[i].Versions = versions[out[i].ID]
	}
	return out, nil
}

// strip is a change as it is sent under a filter.
func (f *Full) strip(scope string, c Change, q *Request) (Change, error) {
	fs, ok := f.schemas[scope].(Filterable)
	if !ok || len(q.Filter.Without) == 0 || !c.Meta.Live() || c.Value == nil {
		return c, nil
	}
	v, err := fs.Strip(c.Value, q.Filter.Without)
	if err != nil {
		return c, fmt.Errorf("item %s: %w", c.Meta.ID, err)
	}
	return Change{Meta: c.Meta.without(q.Filter.Without), Value: v}, nil
}

// teaches is what a batch's source knows of all that the batch is about, where had is
// what the destination knew.
func (b *Batch) teaches(had Knowledge) Knowledge {
	k := b.MadeWith
	if len(b.Filter.Without) > 0 {
		k = k.ReplaceUnits(ColumnsOf(b.Filter.Without...), had)
	}
	if len(b.Outside)+len(b.Kept) == 0 {
		return k
	}
	out := unlearned{}
	for _, id := range b.Kept {
		out.item(id)
	}
	for i := range b.Outside {
		out.item(b.Outside[i].ID)
	}
	return k.exceptAll(out, had)
}

// current reports whether the destination has missed no deletion that the source has
// forgotten. What is outside its filter it doesn't hold, so that what was forgotten of
// that doesn't count once everything was listed.
func current(dst Replica, forgotten Knowledge, f Filter) bool {
	return dst.Knowledge.Covers(forgotten) || len(f.Rules) > 0 && dst.Forgotten.Covers(forgotten)
}

// leaving lists the items outside that the destination holds and whose changes the
// source knows, all of them.
func (f *Full) leaving(ctx context.Context, scope string, b *Batch) ([]Ghost, error) {
	var ids []ItemID
	versions := map[ItemID][]Version{}
	for _, g := range b.Outside {
		if len(g.Versions) > 0 {
			ids = append(ids, g.ID)
			versions[g.ID] = g.Versions
		}
	}
	var leave []Ghost
	for chunk := range slices.Chunk(ids, defaultBatch) {
		items, err := f.keeper.Read(ctx, scope, chunk)
		if err != nil {
			return nil, err
		}
		for _, c := range items {
			if c.Meta.Live() && c.Meta.KnownTo(b.MadeWith) {
				leave = append(leave, Ghost{c.Meta.ID, versions[c.Meta.ID]})
			}
		}
	}
	return leave, nil
}

// leftWith is what somebody has to know who gives the item back: each unit's version as
// it was here, and that it existed as the source has it.
func leftWith(m *ItemMeta, source []Version) Knowledge {
	k := NewKnowledge(source...).ProjectUnits(ColumnsOf(Life))
	for unit, v := range m.EachVersion {
		k = k.Union(NewKnowledge(v).ProjectUnits(ColumnsOf(unit)))
	}
	return k
}

// leave makes ghosts of items.
func (a *applier) leave(ghosts []Ghost) error {
	if len(ghosts) == 0 {
		return nil
	}
	tx, ok := a.tx.KeeperTx.(GhostTx)
	if !ok {
		return ErrNoGhosts
	}
	for _, g := range ghosts {
		id := g.ID
		m, err := a.tx.Meta(id)
		if err != nil {
			return err
		}
		if !m.Live() || !m.KnownTo(a.batch.MadeWith) {
			continue // changed meanwhile: it goes to the source first
		}
		if a.opt.Preview {
			a.out.Moves.Left++
			a.out.Actions = append(a.out.Actions, Action{Scope: a.scope, Item: id.String(), To: ToStore, Verb: VerbLeave, Units: []string{}})
			continue
		}
		a.tx.wrote = true
		switch err := tx.Ghost(id, leftWith(m, g.Versions)); {
		case errors.Is(err, ErrChanged):
			a.out.Left++
			continue
		case err != nil:
			return err
		}
		a.out.Moves.Left++
		a.ghosts = append(a.ghosts, id)
	}
	return nil
}

// lay ends ghosts of items that a source which lists everything, and knows what left, has
// nothing of any more: they were deleted and that was forgotten.
func (a *applier) lay() error {
	tx, ok := a.tx.KeeperTx.(GhostTx)
	if !ok || a.opt.Preview {
		return nil
	}
	ids, err := tx.Ghosts(a.batch.Low, a.batch.High)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, listed := slices.BinarySearchFunc(a.batch.Listed, id, ItemID.Compare); listed {
			continue
		}
		older, err := a.older(id)
		if err != nil {
			return err
		}
		if older {
			a.left.item(id)
			continue
		}
		a.tx.wrote = true
		if err := tx.Lay(id); err != nil {
			return err
		}
	}
	return nil
}

// older reports whether an item left in a form that the source doesn't know.
func (a *applier) older(id ItemID) (bool, error) {
	tx, ok := a.tx.KeeperTx.(GhostTx)
	if !ok {
		return false, nil
	}
	left, ok, err := tx.GhostOf(id)
	return ok && !a.batch.MadeWith.CoversItem(id, left), err
}
