package engine

import (
	"context"
	"fmt"
	"time"
)

// This file forgets deletions. A tombstone that a replica keeps for good would cost it
// for ever, and nobody can know when it has reached everybody. So it is dropped after
// a time, and the forgotten knowledge says up to which versions that may have
// happened (sync-model §1.6). Who doesn't know all of that is out of date: what it
// holds and the other doesn't, though that one has known it, was deleted there, and
// goes here without a tombstone. If it was changed in a way that nobody saw there, the
// edit met a deletion, and lives.

// ForgetDeletions drops a store's tombstones that were saved before a time and that
// nothing needs, and raises its forgotten knowledge in the same transaction. It
// returns how many. Merge tombstones stay: an item that goes by another ID since must
// never pass for deleted.
func ForgetDeletions(ctx context.Context, store Store, scope string, before time.Time) (int, error) {
	n := 0
	err := store.Update(ctx, scope, func(tx Tx) error {
		n = 0
		old, err := tx.Tombstones(before)
		if err != nil || len(old) == 0 {
			return err
		}
		f, err := tx.Forgotten()
		if err != nil {
			return err
		}
		for _, m := range old {
			if !m.MergedInto.IsZero() {
				continue
			}
			if err := tx.Drop(m.ID); err != nil {
				return err
			}
			f = f.WithTick(m.LifeVersion)
			n++
		}
		if n == 0 {
			return nil
		}
		return tx.SetForgotten(f)
	})
	if err != nil {
		return 0, fmt.Errorf("%s: forgetting old deletions: %w", scope, err)
	}
	return n, nil
}

// forget drops what the store needn't remember any more, in a run that wrote anyway.
func (s *Session) forget(ctx context.Context) error {
	if s.opt.ForgetAfter <= 0 || s.opt.DryRun || s.opt.PutBackOnly || !s.committed && s.run == 0 {
		return nil
	}
	for _, sc := range s.schemas {
		n, err := ForgetDeletions(ctx, s.store, sc.Name(), s.opt.Now().Add(-s.opt.ForgetAfter))
		if err != nil {
			return err
		}
		if n > 0 {
			s.opt.Log.Debug("old deletions forgotten", "scope", sc.Name(), "count", n)
		}
	}
	return nil
}

// outOfDate looks for items that either side holds and the other may have deleted and
// forgotten, and for tombstones of the phone that the store has forgotten.
func (s *Session) outOfDate(ctx context.Context, w *scopeWork) error {
	if s.opt.PutBackOnly {
		return nil
	}
	w.behind = !w.state.Knowledge.Covers(w.store.Forgotten)
	w.ahead = !w.store.Knowledge.Covers(w.state.Forgotten)
	var ids []ItemID
	for i := range w.state.Items {
		m := &w.state.Items[i].Meta
		if w.metas[m.ID] != nil {
			continue
		}
		switch {
		case m.Deleted && m.MergedInto.IsZero() && w.store.Forgotten.Contains(m.ID, Life, m.LifeVersion):
			ids = append(ids, m.ID)
		case !m.Deleted && w.behind && m.KnownTo(w.store.Knowledge) && !w.state.Knowledge.CoversItem(m.ID, w.store.Forgotten):
			ids = append(ids, m.ID)
		}
	}
	found, err := s.store.Metas(ctx, w.schema.Name(), ids)
	if err != nil {
		return err
	}
	w.forgotten = map[ItemID]bool{}
	for _, id := range ids {
		switch it := w.stateOf(id); {
		case found[id] != nil:
		case it.Meta.Deleted:
			w.forgotten[id] = true
		default:
			w.foreign = append(w.foreign, id)
		}
	}
	if !w.ahead {
		return nil
	}
	all, err := s.store.Changes(ctx, w.schema.Name(), Knowledge{})
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Live() && w.metas[m.ID] == nil && w.stateOf(m.ID) == nil && w.objects[m.ID] == nil && w.mayBeForgotten(m) {
			w.metas[m.ID] = m
		}
	}
	return nil
}

// mayBeForgotten reports whether the phone has known a live item of the store that it
// says nothing of, and has forgotten deletions that the store hasn't heard of.
func (w *scopeWork) mayBeForgotten(h *ItemMeta) bool {
	return w.ahead && w.state.Knowledge.Contains(h.ID, Life, h.LifeVersion) && !w.store.Knowledge.CoversItem(h.ID, w.state.Forgotten)
}
