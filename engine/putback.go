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

// putBack is the decision that gives the phone one value back.
func (s *Session) putBack(w *scopeWork, b *PutBack, h, p *ItemMeta) *decision {
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
	if w.now[b.Item] != nil {
		return r
	}
	switch {
	case b.Value == nil && p.Live():
		r.phone, r.toPhone = p.Tombstone(Pending(w.proxy), s.opt.Now().UnixMilli()), opDelete
	case b.Value == nil:
	case p.Live():
		m := standing{schema: w.schema, proxy: w.proxy, phone: w.state.Knowledge}.present(b.Item, Describe(w.schema, b.Value), s.opt.Now().UnixMilli(), p, nil)
		if !m.Equal(p) {
			r.phone, r.toPhone = m, opUpdate
		}
	default:
		m := standing{schema: w.schema, proxy: w.proxy, phone: w.state.Knowledge}.present(b.Item, Describe(w.schema, b.Value), s.opt.Now().UnixMilli(), p, nil)
		if h != nil {
			m.Creation = h.Creation
		}
		r.phone, r.toPhone = m, opCreate
	}
	return r
}
