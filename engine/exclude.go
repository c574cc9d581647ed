package engine

import (
	"slices"

	"cradle/valuebag"
)

// exclude settles, in merged list units, elements that can't stand together: a
// conflict that only the data shows. home is the store's replica ID.
func exclude(schema Schema, preset Preset, home ReplicaID, d *decision, before, phone *valuebag.Values) {
	ex, ok := schema.(Exclusive)
	if !ok || before == nil || phone == nil || d.toStore != opUpdate {
		return
	}
	for i, e := range d.storeEdits {
		u := d.store.Unit(e.unit)
		if !e.list || u == nil || !u.Version.IsPending() || u.Version.Replica != home {
			continue
		}
		h, p := d.hadStore.Unit(e.unit), d.hadPhone.Unit(e.unit)
		side := ToStore
		if h != nil && p != nil {
			if picked, ok := preset.pick(h, p); ok {
				side = picked
			}
		}
		drop := ex.Exclusive(before, phone, e.unit, e.keep, side == ToPhone)
		if len(drop) == 0 {
			continue
		}
		gone := func(el Element) bool { return slices.Contains(drop, [8]byte(el.Digest)) }
		keep := slices.DeleteFunc(slices.Clone(e.keep), func(k [8]byte) bool { return slices.Contains(drop, k) })
		d.storeEdits[i].keep = keep
		for j := range d.phoneEdits {
			if d.phoneEdits[j].unit == e.unit {
				d.phoneEdits[j].keep = keep
			}
		}
		for _, m := range []*ItemMeta{d.store, d.phone} {
			if mu := m.Unit(e.unit); mu != nil {
				mu.Elements = slices.DeleteFunc(slices.Clone(mu.Elements), gone)
			}
		}
		d.clashes = append(d.clashes, clash{unit: e.unit, state: Settled, kept: side, store: h.version(), phone: p.version()})
	}
}
