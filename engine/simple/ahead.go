package simple

import (
	"context"

	"cradle/engine"
	"cradle/engine/metastore"
)

// Process takes a batch in. All that it is likely to write is announced in one
// transaction rather than item by item.
func (p *Provider) Process(ctx context.Context, scope string, b *engine.Batch, opt engine.Processing) (*engine.Outcome, error) {
	p.k.process.Lock()
	defer p.k.process.Unlock()
	if !opt.Preview && p.k.writer != nil && scope == p.k.schema.Name() {
		if err := p.k.announceAll(ctx, b); err != nil {
			return nil, err
		}
		defer p.k.forgetAhead()
	}
	return p.Full.Process(ctx, scope, b, opt)
}

func (k *keeper) forgetAhead() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ahead = nil
}

// announceAll announces the changes of a batch as if each were taken over as it is.
// What is decided otherwise is announced again by itself; what comes to nothing is
// withdrawn with the commit.
func (k *keeper) announceAll(ctx context.Context, b *engine.Batch) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(b.Changes) < 2 {
		return nil
	}
	var rep metastore.Replica
	var plans []*record
	err := k.store.View(ctx, func(r metastore.Reader) (err error) {
		if rep, err = r.Replica(); err != nil {
			return err
		}
		if b.MadeWith.CheckClaims(rep.ID, rep.Tick) != nil {
			return nil //nolint:nilerr // it will be refused
		}
		for _, c := range b.Changes {
			m := c.Meta
			if m == nil || m.ID.IsZero() || isPending(m) || m.KnownTo(rep.Knowledge) || m.Live() && c.Value == nil {
				continue // nothing that is written, or refused
			}
			rec, err := k.record(r, m.ID)
			if err != nil {
				return err
			}
			switch {
			case rec != nil && rec.plan != nil, m.Deleted && !rec.live():
				continue
			case m.Deleted && !rec.meta.KnownTo(b.MadeWith):
				continue // it met an edit: should its user delete that meanwhile, it's another deletion
			case rec == nil:
				rec = &record{meta: engine.ItemMeta{ID: m.ID}, fresh: true}
			}
			rec.plan = &plan{tick: rep.Tick, meta: *m, what: engine.Announcement{Lesson: b.Lesson(m)}}
			plans = append(plans, rec)
		}
		return nil
	})
	if err != nil || len(plans) < 2 {
		return err
	}
	err = k.store.Update(ctx, func(tx metastore.Tx) error {
		now, err := tx.Replica()
		if err != nil {
			return err
		}
		if !now.Equal(rep) {
			return metastore.ErrOvertaken
		}
		for _, rec := range plans {
			it, err := rec.item()
			if err != nil {
				return err
			}
			if err := tx.Put(it); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	k.ahead = make(map[engine.ItemID]*engine.ItemMeta, len(plans))
	for _, rec := range plans {
		k.ahead[rec.meta.ID] = &rec.plan.meta
	}
	return nil
}

func isPending(m *engine.ItemMeta) bool {
	pending := false
	eachVersion(m, func(v *engine.Version) { pending = pending || v.IsPending() })
	return pending
}

// stripped is a record without an announcement that announceAll made: nil if there
// is nothing else.
func (k *keeper) stripped(r *record) *record {
	if r == nil || k.ahead[r.meta.ID] == nil {
		return r
	}
	if r.fresh {
		return nil
	}
	r.plan = nil
	return r
}

// withdrawAhead takes back what was announced and came to nothing.
func (t *applyTx) withdrawAhead(tx metastore.Tx) error {
	for id := range t.k.ahead {
		if t.dirty[id] || t.undecided[id] {
			continue
		}
		if err := t.k.withdraw(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// withdraw takes back the announcement of an item.
func (k *keeper) withdraw(tx metastore.Tx, id engine.ItemID) error {
	r, err := k.record(tx, id)
	if err != nil || r == nil || r.plan == nil {
		return err
	}
	if r.fresh {
		return tx.Remove(id)
	}
	r.plan = nil
	it, err := r.item()
	if err != nil {
		return err
	}
	return tx.Put(it)
}
