package engine

import "fmt"

// Brake says why a session stopped before it wrote anything.
type Brake struct {
	Reason string // for a person
	Scope  string
	Side   Side // the side whose changes look wrong
	Accept string
}

// Limits of the brakes: a side that had at least brakeFloor items and lists
// none; a part that is too large to be an everyday change.
const (
	brakeFloor = 5
	brakeCount = 10
	brakeShare = 5 // one in five
)

// brake looks at one scope's decisions before anything is written. It returns
// nil when they look like everyday changes.
func (w *scopeWork) brake(first firstness) *Brake {
	had := w.countState()
	stop := func(side Side, format string, args ...any) *Brake {
		return &Brake{Scope: w.schema.Name(), Side: side, Reason: fmt.Sprintf(format, args...)}
	}
	if first.noState {
		return w.pairingBrake(stop)
	}
	var gone, changed [2]int // by source: phone, store
	for _, d := range w.decisions {
		if d.toStore == opDelete {
			gone[0]++
		}
		if d.toPhone == opDelete {
			gone[1]++
		}
		if d.toStore == opUpdate && !d.onlyMoved(d.storeEdits) {
			changed[0]++
		}
		if d.toPhone == opUpdate && !d.onlyMoved(d.phoneEdits) {
			changed[1]++
		}
	}
	kept := w.storeLive + gone[1] // what the store had before the deletions that it brings
	switch {
	case had >= brakeFloor && w.survey.Present == 0 && len(w.survey.Untouched) == 0:
		return stop(ToPhone, "the phone had %d %s and now lists none", had, w.schema.Name())
	case gone[1] >= brakeFloor && w.storeLive == 0:
		return stop(ToStore, "the store had %d %s and now holds none", gone[1], w.schema.Name())
	}
	for i, side := range []Side{ToPhone, ToStore} {
		of := had
		if side == ToStore {
			of = kept
		}
		if over(gone[i], of) {
			return stop(side, "%d of the %s's %d %s are gone there and would be deleted on the other side", gone[i], side, of, w.schema.Name())
		}
		if over(changed[i], of) {
			return stop(side, "%d of the %s's %d %s changed there and would be changed on the other side", changed[i], side, of, w.schema.Name())
		}
	}
	if first.meeting {
		return w.pairingBrake(stop)
	}
	return nil
}

func over(n, of int) bool { return n > brakeCount && n*brakeShare > of }

// pairingBrake stops a first sync at which too few items pair: most likely it
// is the wrong phone or the wrong store.
func (w *scopeWork) pairingBrake(stop func(Side, string, ...any) *Brake) *Brake {
	store, phone := w.storeLive, w.survey.Present
	smaller := min(store, phone)
	if smaller == 0 {
		return nil
	}
	if p := w.paired(); p*2 < smaller {
		return stop(ToPhone, "only %d of %d %s on the phone and %d in the store pair", p, phone, w.schema.Name(), store)
	}
	return nil
}

func (d *decision) onlyMoved(edits []unitEdit) bool {
	return len(edits) == 1 && edits[0].unit == CollectionUnit
}
