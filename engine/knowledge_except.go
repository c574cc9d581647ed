package engine

import "slices"

// unlearned collects what stays unlearned of items, for ExceptAll.
type unlearned map[ItemID][]string

// item leaves a whole item out.
func (u unlearned) item(id ItemID) { u[id] = nil }

// unit leaves one unit of an item out, unless all of it is.
func (u unlearned) unit(id ItemID, unit string) {
	if units, ok := u[id]; !ok || units != nil {
		u[id] = append(units, unit)
	}
}

// exceptAll is Except for many items at once, in one pass.
func (k Knowledge) exceptAll(items unlearned, old Knowledge) Knowledge {
	if len(items) == 0 {
		return k
	}
	ids := make([]ItemID, 0, len(items))
	for id := range items {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, ItemID.Compare)
	b := builder{cuts: make([]cut, 0, len(k.cuts)+2*len(ids))}
	lows := []ItemID{MinItemID}
	for _, c := range k.cuts {
		lows = append(lows, c.low)
	}
	for i, low := range lows {
		r := k.start()
		if i > 0 {
			r = k.cuts[i-1].row
		}
		at := low // where r still has to be put down
		open := true
		for len(ids) > 0 && (i+1 == len(lows) || ids[0].Compare(lows[i+1]) < 0) {
			id := ids[0]
			ids = ids[1:]
			if open && at.Compare(id) < 0 {
				b.add(at, r)
			}
			e := old.rowAt(id)
			if units := items[id]; units != nil {
				e2 := r
				for _, u := range units {
					e2 = e2.with(u, e.clock(u))
				}
				e = e2
			}
			b.add(id, e)
			at, open = id.next()
		}
		if open && (i+1 == len(lows) || at.Compare(lows[i+1]) < 0) {
			b.add(at, r)
		}
	}
	return b.knowledge()
}
