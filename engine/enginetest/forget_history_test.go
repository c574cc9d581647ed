package enginetest_test

import (
	"context"
	"testing"
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

// runForgetful is a history in which computers forget deletions at any time.
func runForgetful(t *testing.T, seed uint64, faults bool) {
	w := newWorld(t, seed)
	w.logf("seed %d, forgetful", seed)
	if seed%3 == 0 {
		w.sieves = newSieves(w)
	}
	w.forgetful = true
	for range 3 + w.r.IntN(36) {
		w.step(faults)
	}
	w.logf("-- settle")
	w.settle()
	if w.sieves != nil {
		w.checkFiltered()
		w.lift()
	}
	w.check()
}

func TestForgetfulHistoriesWithoutFaults(t *testing.T) {
	histories(t, runForgetful, *seeds/3, false)
}

func TestForgetfulHistories(t *testing.T) {
	histories(t, runForgetful, *seeds/3, true)
}
