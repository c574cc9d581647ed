package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"cradle/valuebag"
)

// This file is the filter of a phone in a session: what isn't sent, what leaves,
// and what the phone's knowledge says of either.
//
// An item that never passed is unknown to the phone: its knowledge has an exception
// there. One that left is a ghost: the phone's knowledge still contains its versions,
// the state lists it, and every computer reads the state as if nothing were known of
// it. So a computer with less, or with a wider filter, may put it there again.

// sieve is a scope's filter in a session.
type sieve struct {
	filter  Filter               // from now on
	was     Filter               // under which the state was written
	stored  Knowledge            // as the state has it, ghosts included
	ghosts  map[ItemID][]Version // of the state
	gone    map[ItemID][]Version // what left in this session, or in one that wasn't finished
	outside map[ItemID]bool      // live items of the store that the rules keep out
	foreign map[ItemID]bool      // objects of the phone that the rules keep out, or kept out when they were last read
	touched map[ItemID]bool      // what the phone's user made or edited since the state
	blocked map[ItemID]bool      // that aren't sent
	leaving []*decision          // in item order
}

// enter reads the state as a session needs it: without what isn't there any more, and
// knowing nothing of ghosts.
func (w *scopeWork) enter(st *PartialState, absent []ItemID) {
	v := &w.sieve
	v.stored, v.was = st.Knowledge, st.Filter
	v.ghosts, v.gone = map[ItemID][]Version{}, map[ItemID][]Version{}
	v.blocked, v.foreign, v.touched = map[ItemID]bool{}, map[ItemID]bool{}, map[ItemID]bool{}
	for _, g := range st.Ghosts {
		v.ghosts[g.ID] = g.Versions
	}
	for i := range st.Items {
		it := &st.Items[i]
		if it.Leaving && slices.Contains(absent, it.Meta.ID) {
			v.gone[it.Meta.ID] = it.Meta.Greatest()
		}
	}
	own := *st
	if len(v.gone) > 0 {
		own.Items = slices.DeleteFunc(slices.Clone(st.Items), func(it PartialItem) bool { return v.isGone(it.Meta.ID) })
	}
	if len(v.gone)+len(v.ghosts) > 0 {
		out := unlearned{}
		for id := range v.ghosts {
			out.item(id)
		}
		for id := range v.gone {
			out.item(id)
		}
		own.Knowledge = st.Knowledge.exceptAll(out, Knowledge{})
	}
	w.state = &own
}

// sift asks which items the filter keeps out.
func (s *Session) sift(ctx context.Context, w *scopeWork) error {
	v := &w.sieve
	v.filter = v.was
	if f, ok := s.opt.Filters[w.schema.Name()]; ok {
		v.filter = f.Canonical()
	}
	if err := v.filter.Check(w.schema); err != nil {
		if v.filter.Equal(v.was) {
			return fmt.Errorf("the phone's filter, which another computer set: %w: %w", err, ErrNewer)
		}
		return err
	}
	now := s.opt.Now()
	var err error
	if v.outside, err = outsideOf(ctx, s.store, w.schema, v.filter, now); err != nil {
		return fmt.Errorf("filtering the store's items: %w", err)
	}
	if len(v.filter.Rules) > 0 {
		for id, o := range w.objects {
			if o.Value != nil && !v.filter.passes(w.schema, o.Value, now) {
				v.foreign[id] = true
			}
		}
	}
	return s.unseenOutside(ctx, w)
}

// unseenOutside finds lines of items that were outside and of which this session can't
// tell whether they still are: the store hasn't got them yet, and they weren't read.
func (s *Session) unseenOutside(ctx context.Context, w *scopeWork) error {
	var ids []ItemID
	for i := range w.state.Items {
		it := &w.state.Items[i]
		if o := w.objects[it.Meta.ID]; it.Outside && (o == nil || o.Value == nil) {
			ids = append(ids, it.Meta.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	metas, err := s.store.Metas(ctx, w.schema.Name(), ids)
	for _, id := range ids {
		if !metas[id].Live() {
			w.sieve.foreign[id] = true
		}
	}
	return err
}

// tellFilter counts what the filter keeps off the phone, for the result.
func (s *Session) tellFilter(w *scopeWork) {
	f := Filtered{Filter: w.sieve.filter, KeptOut: len(w.sieve.leaving)}
	if f.Filter.IsZero() {
		return
	}
	for id := range w.sieve.outside {
		if !w.phoneMeta(id).Live() {
			f.KeptOut++
		}
	}
	s.result.Filters[w.schema.Name()] = f
}

// keepsOut reports whether the filter keeps an item out, at either side.
func (v *sieve) keepsOut(id ItemID) bool { return v.outside[id] || v.foreign[id] }

func (v *sieve) isGone(id ItemID) bool {
	_, ok := v.gone[id]
	return ok
}

// blocks reports whether an item isn't sent: the phone knows nothing of it, and the
// filter keeps it out, or it left in a newer form than the store, which knows k, has.
// One that the phone knows, as deleted for example, is settled as without a filter:
// the phone is where the computers meet.
func (v *sieve) blocks(h, p *ItemMeta, k Knowledge) bool {
	if p != nil || !h.Live() {
		return false
	}
	return v.outside[h.ID] || len(v.filter.Rules) > 0 && v.filter.Equal(v.was) && slices.ContainsFunc(v.ghosts[h.ID], func(g Version) bool {
		return !k.Contains(h.ID, Life, g)
	})
}

// leave plans which items leave the phone: those that the filter keeps out now, that
// lie there as the store knows them, and that the phone's user didn't put there.
func (s *Session) leave(ctx context.Context, w *scopeWork) error {
	v := &w.sieve
	if len(v.outside) == 0 || !s.mayTakeOff() {
		return nil
	}
	planned := map[ItemID]*decision{}
	for _, d := range w.decisions {
		planned[d.id] = d
	}
	held := map[ItemID]bool{}
	for _, c := range w.deferred {
		held[c.Item] = true
	}
	var ids []ItemID
	for i := range w.state.Items {
		it := &w.state.Items[i]
		id := it.Meta.ID
		d := planned[id]
		switch {
		case it.Meta.Deleted, it.Outside, !v.outside[id], w.now[id] != nil, w.skip[id], held[id], w.backs[id] != nil:
		case w.torn[id] != "", w.place(id) == nil, !it.Meta.KnownTo(w.store.Knowledge):
		case d != nil && (d.toStore != opNone || d.toPhone > opUpdate || len(d.clashes)+len(d.deferred) > 0 || d.old != nil || d.copied):
		default:
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	metas, err := s.store.Metas(ctx, w.schema.Name(), ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		h := metas[id]
		if !h.Live() {
			continue
		}
		d := planned[id]
		if d == nil {
			d = &decision{id: id, hadStore: h, hadPhone: w.stateMeta(id), store: h}
			w.decisions = append(w.decisions, d)
		}
		d.phone, d.toPhone, d.phoneEdits = nil, opLeave, nil
		v.leaving = append(v.leaving, d)
	}
	slices.SortStableFunc(w.decisions, func(a, b *decision) int { return a.id.Compare(b.id) })
	return nil
}

// takeOff takes what leaves off the phone. First the phone's state says which objects
// go, so that no computer ever takes them for deleted by the phone's user; the next
// state then has them as ghosts.
func (s *Session) takeOff(ctx context.Context, work []*scopeWork) error {
	n := 0
	for _, w := range work {
		w.sieve.leaving = slices.DeleteFunc(w.sieve.leaving, func(d *decision) bool { return w.ex.failed[d.id] })
		n += len(w.sieve.leaving)
	}
	if n == 0 {
		return nil
	}
	if err := s.commit(ctx, work); err != nil {
		return err
	}
	done := 0
	for _, w := range work {
		for chunk := range slices.Chunk(w.sieve.leaving, chunkSize) {
			if err := s.takeOffChunk(ctx, w, chunk, func() {
				done++
				s.opt.Progress(Progress{Stage: "phone", Done: done, Total: n})
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Session) takeOffChunk(ctx context.Context, w *scopeWork, chunk []*decision, tick func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// No run is opened: what leaves is no change of anything, and an undo gives it back
	// as little as the next session would let it stay.
	err := s.store.Update(ctx, w.schema.Name(), func(tx Tx) error {
		for _, d := range chunk {
			// What the view had of it says nothing any more: it isn't there.
			m := ItemMeta{ID: d.id, Creation: d.hadPhone.Creation, Deleted: true}
			if err := tx.PutView(s.peer.ID, ViewRow{Scope: w.schema.Name(), Announced: true, Meta: m}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("announcing in the store what leaves the phone: %w", err)
	}
	for _, d := range chunk {
		if err := ctx.Err(); err != nil {
			return err
		}
		place := *w.place(d.id)
		err := s.phone.Remove(ctx, w.schema.Name(), d.id, place)
		switch {
		case err == nil:
			w.sieve.gone[d.id] = d.store.Greatest()
			w.ex.touched = append(w.ex.touched, d.id)
			s.count(w, opLeave, ToPhone)
			s.repaired(w.schema.Name(), d.id, &place)
		case errors.Is(err, ErrGone), ctx.Err() != nil, !isItemError(err):
			return err
		default:
			s.refusePhone(w, d, err)
		}
		tick()
	}
	return nil
}

// strip is an item as it is sent to a phone that hasn't got it.
func (v *sieve) strip(schema Schema, item *valuebag.Values) (*valuebag.Values, error) {
	if fs, ok := schema.(Filterable); ok && len(v.filter.Without) > 0 {
		return fs.Strip(item, v.filter.Without)
	}
	return item, nil
}

// mark gives the lines of the next state their place beside the filter, and takes out
// those of items that left. It reports whether any of them changed.
func (w *scopeWork) mark(st *PartialState) (differs bool) {
	v := &w.sieve
	leaving := map[ItemID]bool{}
	for _, d := range v.leaving {
		leaving[d.id] = !w.ex.unlearned[d.id]
	}
	there := map[ItemID]bool{}
	keep := st.Items[:0]
	for i := range st.Items {
		it := st.Items[i]
		id := it.Meta.ID
		if v.isGone(id) {
			differs = true
			continue
		}
		there[id] = true
		old := it
		it.Leaving = !it.Meta.Deleted && leaving[id]
		it.Outside = !it.Meta.Deleted && v.keepsOut(id) && (it.Outside || v.touched[id])
		differs = differs || it.Leaving != old.Leaving || it.Outside != old.Outside
		keep = append(keep, it)
	}
	st.Items = keep
	st.Filter = v.filter
	ghosts := maps.Clone(v.ghosts)
	maps.Copy(ghosts, v.gone)
	maps.DeleteFunc(ghosts, func(id ItemID, _ []Version) bool { return there[id] })
	for _, id := range slices.SortedFunc(maps.Keys(ghosts), ItemID.Compare) {
		st.Ghosts = append(st.Ghosts, Ghost{id, ghosts[id]})
	}
	return differs || !v.filter.Equal(v.was) || len(v.gone) > 0 || len(ghosts) != len(v.ghosts)
}

// known is what the phone's state says that the phone knows, where k is that as the
// session sees it: of ghosts it keeps what it said, and of parts that aren't sent it
// knows no more than before.
func (w *scopeWork) known(k, had Knowledge, next *PartialState) Knowledge {
	v := &w.sieve
	if len(v.filter.Without) > 0 {
		k = k.ReplaceUnits(ColumnsOf(v.filter.Without...), w.buried(had, next))
		k = k.exceptAll(w.stripped(k), w.state.Knowledge)
		k = v.withOwn(k, next.Items)
	}
	blocked := unlearned{}
	for id := range v.blocked {
		if v.ghosts[id] == nil {
			blocked.item(id)
		}
	}
	k = k.exceptAll(blocked, w.state.Knowledge)
	if len(v.ghosts)+len(v.gone) == 0 {
		return k
	}
	back := unlearned{}
	for _, set := range []map[ItemID][]Version{v.ghosts, v.gone} {
		for id := range set {
			if _, ok := slices.BinarySearchFunc(next.Ghosts, id, func(g Ghost, id ItemID) int { return g.ID.Compare(id) }); !ok {
				back.item(id)
			}
		}
	}
	return k.Union(v.stored).exceptAll(back, k)
}

// buried is k with what the phone knew of items that left, and that a store which has
// seen them as they were has deleted since: whoever still holds such an item learns from
// the phone that the deletion saw all of it, parts that aren't sent included.
func (w *scopeWork) buried(k Knowledge, next *PartialState) Knowledge {
	v := &w.sieve
	dead := unlearned{}
	for i := range next.Items {
		m := &next.Items[i].Meta
		left := v.ghosts[m.ID]
		if v.isGone(m.ID) {
			left = v.gone[m.ID]
		}
		if m.Deleted && len(left) > 0 && w.knowsAll(m.ID, left) {
			dead.item(m.ID)
		}
	}
	return k.exceptAll(dead, k.Union(v.stored))
}

// knowsAll reports whether the store has seen versions of an item, whatever unit they are of.
func (w *scopeWork) knowsAll(id ItemID, versions []Version) bool {
	units := append(slices.Clone(w.schema.Units()), Life)
	return !slices.ContainsFunc(versions, func(v Version) bool {
		return slices.ContainsFunc(units, func(unit string) bool { return !w.store.Knowledge.Contains(id, unit, v) })
	})
}

// withOwn is k with what the phone has of the parts that it isn't given: its user made
// them, or they were there before the filter.
func (v *sieve) withOwn(k Knowledge, items []PartialItem) Knowledge {
	missing := map[Version]unlearned{}
	for i := range items {
		m := &items[i].Meta
		for _, unit := range v.filter.Without {
			u := m.Unit(unit)
			if u == nil || m.Deleted || k.Contains(m.ID, unit, u.Version) {
				continue
			}
			if missing[u.Version] == nil {
				missing[u.Version] = unlearned{}
			}
			missing[u.Version].unit(m.ID, unit)
		}
	}
	for _, version := range slices.SortedFunc(maps.Keys(missing), Version.Compare) {
		k = k.exceptAll(missing[version], k.WithTick(version))
	}
	return k
}

// stripped lists units that were not sent with items that are new on the phone, and
// that what its user did meanwhile must not make known.
func (w *scopeWork) stripped(k Knowledge) unlearned {
	out := unlearned{}
	for _, d := range w.decisions {
		if d.toPhone != opCreate || !d.store.Live() {
			continue
		}
		for _, unit := range w.sieve.filter.Without {
			if u := d.store.Unit(unit); u != nil && d.phone.Unit(unit) == nil && k.Contains(d.id, unit, u.Version) {
				out.unit(d.id, unit)
			}
		}
	}
	return out
}

// mayTakeOff reports whether items may leave the phone in this session: a first sync
// never takes anything away.
func (s *Session) mayTakeOff() bool {
	return !s.opt.PutBackOnly && !s.opt.Withhold && !s.first.noState && s.phone.ReadOnly() == nil
}
