package engine

import "slices"

// withhold takes out of the decisions all that would be written to the phone
// (Options.Withhold). What is withheld is learned by nobody: the phone's state goes on
// saying what the phone holds, and a later session that doesn't withhold writes it.
func (s *Session) withhold(w *scopeWork) {
	if !s.opt.Withhold {
		return
	}
	w.decisions = slices.DeleteFunc(w.decisions, func(d *decision) bool {
		if d.toPhone <= opMeta {
			return false
		}
		w.withheld[d.id] = true
		d.toPhone, d.phoneEdits = opNone, nil
		switch {
		case d.torn != "": // left as it is and reported, as by a store that hasn't the rest
			w.skip[d.id] = true
			return true
		case d.back != nil && !d.late: // the undo's wish stays
			return true
		}
		return w.now[d.id] == nil && d.toStore == opNone && len(d.clashes) == 0 && len(d.deferred) == 0 && d.old == nil && d.joins.IsZero() && d.back == nil
	})
	s.result.Withheld += len(w.withheld) - len(w.apart)
}

// withholdStore takes out of the decisions all that would change an item of the store
// (Options.WithholdStore): new items of the phone, edits and deletions there, and
// conflicts. Such an item waits as it is on both sides, also with what the store would
// send: sent, it would take the place of an edit that nobody has versioned yet. Neither
// side learns of it what the other knows.
func (s *Session) withholdStore(w *scopeWork) {
	if !s.opt.WithholdStore {
		return
	}
	apart := map[ItemID]bool{}
	for _, d := range w.decisions {
		if d.toStore > opMeta || len(d.clashes) > 0 || d.old != nil || !d.joins.IsZero() || d.copied {
			apart[d.id] = true
			if d.old != nil {
				apart[d.old.id] = true
			}
		}
	}
	for id := range apart {
		if _, copy := w.copies[id]; copy {
			delete(apart, id) // it was only going to be: its original waits
			continue
		}
		w.apart[id], w.withheld[id], w.skip[id] = true, true, true
		delete(w.now, id)
	}
	w.decisions = slices.DeleteFunc(w.decisions, func(d *decision) bool { return w.apart[d.id] || w.copies[d.id] != nil })
	w.sieve.leaving = slices.DeleteFunc(w.sieve.leaving, func(d *decision) bool { return w.apart[d.id] })
	s.result.WithheldStore += len(apart)
}
