package engine

// mend decides an item whose object on the phone was written only in part. That
// is never an edit nor a deletion: a store that holds all that the phone had
// writes it again; nil when this store doesn't.
func (s *Session) mend(w *scopeWork, d *decider, id ItemID, path string) *decision {
	h, p := w.metas[id], w.stateMeta(id)
	if s.opt.PutBackOnly || !p.Live() || !p.KnownTo(w.store.Knowledge) {
		return nil
	}
	r := d.item(h, p)
	if r == nil {
		r = &decision{id: id, hadStore: h, hadPhone: p, store: h, phone: p}
	}
	if len(r.deferred) > 0 || len(r.clashes) > 0 || r.toStore > opMeta {
		return nil
	}
	r.torn = path
	if r.phone.Live() {
		r.toPhone, r.phoneEdits = opCreate, nil
	}
	return r
}
