package engine

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
)

// commit writes the phone's next state if it says anything new. The mark that
// the state gets is in the store before: a state with a mark that the store
// doesn't know tells a restored store.
func (s *Session) commit(ctx context.Context, work []*scopeWork) error {
	states := map[string]*PartialState{}
	news := s.result.First && !s.committed
	for _, w := range work {
		st, differs, err := s.nextState(ctx, w)
		if err != nil {
			return err
		}
		news = news || differs || w.survey.Unsaved
		states[w.schema.Name()] = st
	}
	if news {
		if err := s.phone.ReadOnly(); err != nil {
			s.opt.Log.Info("the phone's state isn't kept: it is read-only", "err", err)
			news = false
		}
	}
	if !news {
		return s.countRun(ctx, work)
	}
	s.opt.Progress(Progress{Stage: "commit"})
	var mark [16]byte
	if _, err := io.ReadFull(s.opt.Rand, mark[:]); err != nil {
		return fmt.Errorf("making a session mark: %w", err)
	}
	for _, w := range work {
		rep, err := s.store.Replica(ctx, w.schema.Name())
		if err != nil {
			return err
		}
		err = s.store.Update(ctx, w.schema.Name(), func(tx Tx) error {
			if err := s.countScope(tx, w); err != nil {
				return err
			}
			return tx.Commit(s.peer, mark, rep.Tick)
		})
		if err != nil {
			return fmt.Errorf("recording the session: %w", err)
		}
	}
	marks := maps.Clone(s.peer.Marks)
	if marks == nil {
		marks = map[ReplicaID][16]byte{}
	}
	marks[s.meeting.StoreID] = mark
	if err := s.phone.Commit(ctx, marks, states); err != nil {
		return fmt.Errorf("writing the state on the phone: %w", err)
	}
	s.committed = true
	s.peer.Marks = marks
	s.lastMark = s.opt.Now()
	for _, w := range work {
		w.survey.Unsaved = false
		// Of an item that the phone refused the newest row is of a write that never was.
		ids := slices.DeleteFunc(w.ex.touched, func(id ItemID) bool { return w.ex.unlearned[id] })
		w.ex.touched = nil
		err := s.store.Update(ctx, w.schema.Name(), func(tx Tx) error { return tx.SettleView(s.peer.ID, mark, ids) })
		if err != nil {
			return fmt.Errorf("settling the view of the phone: %w", err)
		}
	}
	return nil
}

// countRun puts the counts into the run's record when the phone has nothing to
// be told: what came to the store was in its state before.
func (s *Session) countRun(ctx context.Context, work []*scopeWork) error {
	if s.run == 0 {
		return nil
	}
	for _, w := range work {
		if err := s.store.Update(ctx, w.schema.Name(), func(tx Tx) error { return s.countScope(tx, w) }); err != nil {
			return fmt.Errorf("recording the session: %w", err)
		}
	}
	return nil
}

func (s *Session) countScope(tx Tx, w *scopeWork) error {
	if s.run == 0 {
		return nil
	}
	return tx.CountRun(s.run, w.schema.Name(), *s.result.Stats[w.schema.Name()])
}

// nextState is the phone's state after what was done so far in one scope, and
// whether it differs from the one that the phone has.
func (s *Session) nextState(ctx context.Context, w *scopeWork) (*PartialState, bool, error) {
	if w.ex.reached.IsZero() && !w.ex.done {
		return s.phone.State(w.schema.Name()), false, nil // not begun
	}
	k, had, err := s.phoneLearns(ctx, w)
	if err != nil {
		return nil, false, err
	}
	next := &PartialState{Forgotten: w.ex.forgotten}
	ids := slices.SortedFunc(maps.Keys(w.ex.put), ItemID.Compare)
	next.Items = make([]PartialItem, 0, len(w.state.Items)+len(ids))
	old := w.state.Items
	for _, id := range ids {
		for len(old) > 0 && old[0].Meta.ID.Compare(id) < 0 {
			next.Items = append(next.Items, old[0])
			old = old[1:]
		}
		if len(old) > 0 && old[0].Meta.ID == id {
			old = old[1:]
		}
		next.Items = append(next.Items, w.ex.put[id])
	}
	next.Items = append(next.Items, old...)
	next.Items = slices.DeleteFunc(next.Items, func(it PartialItem) bool {
		return w.ex.dropped[it.Meta.ID] || w.forgotten[it.Meta.ID] && it.Meta.Deleted
	})
	marked := w.mark(next)
	next.Knowledge = w.known(k, had, next)
	if len(w.ex.put) == 0 && len(w.ex.dropped) == 0 && !marked && (!w.behind || next.Forgotten.Equal(w.state.Forgotten)) && next.Knowledge.Equal(w.sieve.stored) {
		return s.phone.State(w.schema.Name()), false, nil
	}
	return next, true, nil
}

// phoneLearns is what the phone knows now: all that the store knows of the items
// that were gone through, but for what the phone did not take, what nobody
// decided, and what changed in the store since the plan. had is what it knew before,
// with what its user did since.
func (s *Session) phoneLearns(ctx context.Context, w *scopeWork) (k, had Knowledge, err error) {
	had, w.ex.forgotten = w.state.Knowledge, w.state.Forgotten
	if !w.ex.proxyTick.IsZero() {
		had = had.continued(w.ex.proxyTick, w.ex.proxyFrom)
	}
	if s.opt.PutBackOnly {
		return had, had, nil
	}
	rep, err := s.store.Replica(ctx, w.schema.Name())
	if err != nil {
		return Knowledge{}, Knowledge{}, err
	}
	if w.behind || len(w.forgotten) > 0 {
		w.ex.forgotten = w.ex.forgotten.Union(w.store.Forgotten)
	}
	high := MaxItemID
	if !w.ex.done {
		high = w.ex.reached
	}
	k = had.Learn(rep.Knowledge, MinItemID, high)
	planned := w.store.Knowledge.Union(had)
	if rep.Tick != w.store.Tick {
		changed, err := s.store.Changes(ctx, w.schema.Name(), planned)
		if err != nil {
			return Knowledge{}, Knowledge{}, err
		}
		moved := unlearned{}
		for _, m := range changed {
			if !m.Equal(w.ex.after[m.ID]) {
				moved.item(m.ID)
			}
		}
		k = k.exceptAll(moved, planned)
	}
	out := unlearned{}
	for _, list := range [][]*decision{w.decisions, w.quiet} {
		for _, d := range list {
			for _, u := range d.deferred {
				if u != Life {
					out.unit(d.id, u)
				}
			}
		}
	}
	for _, d := range w.quiet {
		if slices.Contains(d.deferred, Life) {
			out.item(d.id)
		}
	}
	for id := range w.ex.unlearned {
		out.item(id)
	}
	for id := range w.skip {
		if w.metas[id] != nil {
			out.item(id)
		}
	}
	for _, d := range w.sieve.leaving {
		// A change that made it leave isn't sent, as long as it is there.
		if !w.sieve.isGone(d.id) && d.hadStore != nil && !d.hadStore.KnownTo(w.state.Knowledge) {
			out.item(d.id)
		}
	}
	k = k.exceptAll(out, had)
	return k, had, nil
}
