package enginetest_test

import (
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// TestSecondItemBesideAFilter: the second item that preset Both makes of a phone's
// value comes to the phone without what its filter leaves out. The state says so: no
// other computer takes that for emptied, and the phone gets it once the filter is gone.
func TestSecondItemBesideAFilter(t *testing.T) {
	w := newWorld(t, 1)
	w.presets = []engine.Preset{engine.Both, engine.Newest}
	id := engine.ItemIDFromUID(scope, "u1", 1)
	there, here := Item("u1", "at the phone", "", "red"), Item("u1", "at the desk", "", "blue")
	w.phones[0].Edit("personal/u1", there, w.tick())
	w.stores[0].Edit(scope, id, here, w.tick())
	w.typed(nil, there)
	w.typed(nil, here)
	w.sieves = &sieves{next: &engine.Filter{Without: []string{"tags"}}, filters: []engine.Filter{{}}}
	w.sync(0, 0, -1, false)
	w.settle()
	w.checkFiltered()
	for i, s := range w.stores {
		copies := 0
		for _, v := range s.Live(scope) {
			if isCopy(v) {
				copies++
				if i == 0 && len(Tags(v)) != 1 { // PC2 knows it from the phone alone
					t.Errorf("PC%d: the second item has the tags %v, want the phone's", i+1, Tags(v))
				}
			}
		}
		if copies != 1 {
			t.Errorf("PC%d has %d second items, want 1", i+1, copies)
		}
	}
	w.sieves.next = &engine.Filter{}
	w.sync(1, 0, -1, false)
	w.settle()
	w.check()
}
