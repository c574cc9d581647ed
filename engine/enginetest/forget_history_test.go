package enginetest_test

import (
	"context"
	"time"

	"cradle/engine"
)

// stepForget lets a computer forget every deletion.
func (w *world) stepForget() {
	i := w.r.IntN(len(w.stores))
	n, err := engine.ForgetDeletions(context.Background(), w.stores[i], scope, time.UnixMilli(w.now).AddDate(1, 0, 0))
	if err != nil {
		w.fail("%v", err)
	}
	if n > 0 {
		w.unheard(i)
	}
	w.logf("PC%d forgets %d deletions", i+1, n)
}

// unheard lets go of items that a computer, which forgot deletions, has never heard of
// under the versions that another one gave them in a session that didn't end. It can't tell
// them from new ones.
func (w *world) unheard(i int) {
	rep, err := w.stores[i].Replica(context.Background(), scope)
	if err != nil {
		w.fail("%v", err)
	}
	for _, s := range w.stores {
		live := s.Live(scope)
		metas, _ := s.Changes(context.Background(), scope, rep.Knowledge)
		for _, m := range metas {
			if v := live[m.ID]; v != nil && !rep.Knowledge.Contains(m.ID, engine.Life, m.LifeVersion) {
				for _, x := range values(v) {
					if w.held[x] == over {
						w.held[x] = free
					}
				}
			}
		}
	}
}

// forgetfulHistory is a history in which computers forget deletions at any time; every
// third has filters too.
func forgetfulHistory(faults bool) history {
	return history{
		name: "forgetful", least: 3, more: 36, step: stepping(faults),
		begin: func(w *world, seed uint64) {
			if seed%3 == 0 {
				w.sieves = newSieves(w)
			}
			w.forgetful = true
		},
		end: func(w *world) {
			w.settle()
			if w.sieves != nil {
				w.checkFiltered()
				w.lift()
			}
			w.check()
		},
	}
}
