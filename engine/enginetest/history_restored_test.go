package enginetest_test

import (
	"context"
	"slices"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// A store that is restored in place uses ticks again that it used before. It finds out
// from a phone that it met since the backup, and from nothing else: one that meets
// another phone first, or that phone without its state, can't know, and two different
// changes then have one version. So in the histories a phone tells it first, and is
// neither wiped nor restored before.

// restorable reports whether a computer can go back to a backup, and notes if it has to
// be told.
func (w *world) restorable(i int, b *MemStore) bool {
	rep, err := b.Replica(context.Background(), scope)
	if err != nil {
		w.fail("%v", err)
	}
	ids := []engine.ReplicaID{rep.ID}
	for _, p := range w.phones {
		ids = append(ids, engine.ProxyID(rep.ID, p.Facts().ID))
	}
	ahead := func(k engine.Knowledge) bool {
		return slices.ContainsFunc(ids, func(id engine.ReplicaID) bool { return k.Tick(id) > rep.Knowledge.Tick(id) })
	}
	known := false
	for n, s := range w.stores {
		r, _ := s.Replica(context.Background(), scope)
		known = known || n != i && ahead(r.Knowledge)
	}
	for _, p := range w.phones {
		known = known || ahead(p.State(scope).Knowledge)
	}
	if !known {
		delete(w.unaware, i)
		return true
	}
	if !slices.ContainsFunc(w.phones, func(p *MemPhone) bool { return canTell(b, p) }) {
		return false
	}
	w.unaware[i] = &rep.ID
	return true
}

// canTell reports whether a phone tells a store that it was restored.
func canTell(s *MemStore, p *MemPhone) bool {
	m, err := s.Copy().Admit(context.Background(), p.Facts())
	return err == nil && m.Renewed
}

// aware forgets that a store was unaware once it has new replica IDs.
func (w *world) aware(i int) {
	if w.unaware[i] == nil {
		return
	}
	if rep, err := w.stores[i].Replica(context.Background(), scope); err != nil || rep.ID != *w.unaware[i] {
		delete(w.unaware, i)
	}
}
