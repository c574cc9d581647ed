package engine

import "context"

// putBacks plans what an undo wants the phone to have again. An object that
// changed on the phone since stays as it is. Either way the units in which the
// sides differ are held: neither learns the other's.
func (s *Session) putBacks(ctx context.Context, w *scopeWork) error {
	list, err := s.store.PutBacks(ctx, w.schema.Name(), s.peer.ID)
	if err != nil || len(list) == 0 {
		return err
	}
	var ids []ItemID
	for _, b := range list {
		if w.metas[b.Item] == nil {
			ids = append(ids, b.Item)
		}
	}
	found, err := s.store.Metas(ctx, w.schema.Name(), ids)
	if err != nil {
		return err
	}
	w.backs = map[ItemID]*PutBack{}
	for i := range list {
		b := &list[i]
		if m := found[b.Item]; m != nil {
			w.metas[b.Item] = m
		}
		if !w.skip[b.Item] {
			w.backs[b.Item] = b
		}
	}
	return nil
}

// putBack is the decision that gives the phone one value back. An object that is
// no longer as this store last knew it there was changed since, by its user or
// by another computer: it stays, what was held of it is over, and the two sides
// are decided as any others; nil then in a session that does nothing else.
func (s *Session) putBack(w *scopeWork, d *decider, b *PutBack, h, p *ItemMeta) *decision {
	want := &ItemMeta{Deleted: b.Value == nil}
	if b.Value != nil {
		want.Units = Describe(w.schema, b.Value)
	}
	known := alike(p, want)
	for i := range d.views[b.Item] {
		known = known || alike(p, &d.views[b.Item][i].Meta)
	}
	if !known {
		return s.overtaken(w, d, b, h, p)
	}
	r := &decision{id: b.Item, hadStore: h, hadPhone: p, store: h, phone: p, back: b}
	for _, c := range w.deferred {
		if c.Item == b.Item {
			unit := c.Unit
			if unit == UnitDeleted {
				unit = Life
			}
			r.deferred = append(r.deferred, unit)
		}
	}
	if alike(p, want) {
		return r
	}
	now := s.opt.Now().UnixMilli()
	if b.Value == nil {
		r.phone, r.toPhone = p.Tombstone(Pending(w.proxy), now), opDelete
		return r
	}
	st := standing{schema: w.schema, proxy: w.proxy, phone: w.state.Knowledge}
	r.phone, r.toPhone = st.present(b.Item, want.Units, now, p, nil), opUpdate
	if !p.Live() {
		r.toPhone = opCreate
		if h != nil {
			r.phone.Creation = h.Creation
		}
	}
	return r
}

// overtaken decides an item whose put-back came too late.
func (s *Session) overtaken(w *scopeWork, d *decider, b *PutBack, h, p *ItemMeta) *decision {
	s.result.Overtaken = append(s.result.Overtaken, Overtaken{w.schema.Name(), b.Item, b.Path})
	if s.opt.PutBackOnly {
		return nil
	}
	free := *d
	free.deferred = nil
	r := free.item(h, p)
	if r == nil {
		r = &decision{id: b.Item, hadStore: h, hadPhone: p, store: h, phone: p}
	}
	r.back, r.late = b, true
	return r
}

// Overtaken is an item that an undo wanted back on the phone, and that was
// changed there since the run: it stays as it is.
type Overtaken struct {
	Scope string
	Item  ItemID
	Path  string
}

// alike reports whether two sides hold the same of an item, or both nothing.
func alike(a, b *ItemMeta) bool {
	if !a.Live() || !b.Live() {
		return a.Live() == b.Live()
	}
	return contentOf(a.Units, true) == contentOf(b.Units, true)
}
