package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Full is the runtime over a Keeper: a Provider that detects conflicts, resolves
// them and learns (sync-model §1.3). It is safe for use by several goroutines as
// far as its Keeper is.
type Full struct {
	keeper  Keeper
	schemas map[string]Schema

	mu    sync.Mutex
	lists map[string]*enumeration // by scope: the last one asked for
}

// enumeration is what one asker has to be sent, as long as nothing changes here.
type enumeration struct {
	known, made Knowledge
	full        bool
	filter      Filter
	outside     []ItemID // that the asker's filter keeps out
	ids         []ItemID // with changes
	all         []ItemID // of a full one: everything
}

// NewFull makes a provider of a keeper and the schemas of its scopes.
func NewFull(k Keeper, schemas []Schema) *Full {
	f := &Full{keeper: k, schemas: map[string]Schema{}, lists: map[string]*enumeration{}}
	for _, s := range schemas {
		f.schemas[s.Name()] = s
	}
	return f
}

// Maintain settles the keeper.
func (f *Full) Maintain(ctx context.Context) error { return f.keeper.Settle(ctx) }

// Greet lets the keeper see whether it is a copy.
func (f *Full) Greet(ctx context.Context, peer map[string]Replica) error {
	return f.keeper.Renew(ctx, peer)
}

// Replica is the scope's own metadata.
func (f *Full) Replica(ctx context.Context, scope string) (Replica, error) {
	return f.keeper.Replica(ctx, scope)
}

// Batch reads the next changes with their data.
func (f *Full) Batch(ctx context.Context, scope string, req Request) (*Batch, error) {
	rep, err := f.keeper.Replica(ctx, scope)
	if err != nil {
		return nil, err
	}
	if err := req.Known.CheckClaims(rep.ID, rep.Tick); err != nil {
		return nil, fmt.Errorf("what the asker claims to know: %w", err)
	}
	b := &Batch{
		Source: rep.ID, MadeWith: rep.Knowledge, Forgotten: rep.Forgotten, Low: req.Low, High: MaxItemID, Full: req.Full, Last: true,
		Filter: req.Filter.Canonical(),
	}
	if err := b.checkFilter(f.schemas[scope]); err != nil {
		return nil, err
	}
	if !req.Full && len(req.Filter.Rules) == 0 && req.seen(rep.Knowledge).Covers(rep.Knowledge) {
		return b, nil
	}
	list, err := f.enumerate(ctx, scope, req, rep.Knowledge)
	if err != nil {
		return nil, err
	}
	size := req.Size
	if size <= 0 {
		size = defaultBatch
	}
	ids := from(list.ids, req.Low)
	if b.Left = len(ids) - size; b.Left > 0 {
		ids = ids[:size]
		b.High, b.Last = ids[size-1], false
	}
	b.Left = max(b.Left, 0)
	if b.Changes, err = f.keeper.Read(ctx, scope, ids); err != nil {
		return nil, fmt.Errorf("reading changed items: %w", err)
	}
	mark, err := f.keeper.Mark(ctx, scope)
	if err != nil {
		return nil, fmt.Errorf("marking what is sent: %w", err)
	}
	b.Marks = map[ReplicaID]Mark{rep.ID: mark}
	for r, m := range rep.Marks {
		if r != rep.ID {
			b.Marks[r] = m
		}
	}
	for i := range b.Changes {
		if b.Changes[i], err = f.strip(scope, b.Changes[i], &req); err != nil {
			return nil, err
		}
	}
	b.Changes = slices.DeleteFunc(b.Changes, func(c Change) bool {
		if req.KeepDeletes && c.Meta.Deleted && c.Meta.LifeVersion.Replica == rep.ID {
			b.Kept = append(b.Kept, c.Meta.ID)
			return true
		}
		return c.Meta.KnownTo(req.Known)
	})
	outside := from(list.outside, req.Low)
	if b.Outside, err = f.ghosts(ctx, scope, outside[:len(outside)-len(after(outside, b.High))], &req); err != nil {
		return nil, fmt.Errorf("reading items outside the filter: %w", err)
	}
	if req.Full {
		all := from(list.all, req.Low)
		if !b.Last {
			all = all[:len(all)-len(after(all, b.High))]
		}
		b.Listed = all
	}
	return b, nil
}

// enumerate lists what is to be sent; batches of one session share the list
// while the keeper doesn't change.
func (f *Full) enumerate(ctx context.Context, scope string, req Request, made Knowledge) (*enumeration, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l := f.lists[scope]; l != nil && req.Low != MinItemID && l.full == req.Full && l.filter.Equal(req.Filter) && l.made.Equal(made) && l.known.Equal(req.Known) {
		return l, nil
	}
	l := &enumeration{known: req.Known, made: made, full: req.Full, filter: req.Filter}
	var err error
	if l.ids, err = f.keeper.Changed(ctx, scope, req.seen(made)); err != nil {
		return nil, fmt.Errorf("listing changed items: %w", err)
	}
	if l.outside, err = f.outside(ctx, scope, &req); err != nil {
		return nil, fmt.Errorf("filtering items: %w", err)
	}
	l.ids = slices.DeleteFunc(l.ids, func(id ItemID) bool {
		_, out := slices.BinarySearchFunc(l.outside, id, ItemID.Compare)
		return out
	})
	if req.Full {
		if l.all, err = f.keeper.Changed(ctx, scope, Knowledge{}); err != nil {
			return nil, fmt.Errorf("listing all items: %w", err)
		}
	}
	f.lists[scope] = l
	return l, nil
}

// from is the part of a sorted list that begins at low.
func from(ids []ItemID, low ItemID) []ItemID {
	i, _ := slices.BinarySearchFunc(ids, low, ItemID.Compare)
	return ids[i:]
}

// after is the part of a sorted list that comes after high.
func after(ids []ItemID, high ItemID) []ItemID {
	i, ok := slices.BinarySearchFunc(ids, high, ItemID.Compare)
	if ok {
		i++
	}
	return ids[i:]
}
