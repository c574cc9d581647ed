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
	s.result.Withheld += len(w.withheld)
}
