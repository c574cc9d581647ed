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
	w.logf("PC%d forgets %d deletions", i+1, n)
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
