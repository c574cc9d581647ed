package enginetest_test

import (
	"flag"
	"fmt"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

var presetSeeds = flag.Uint64("presets", 200, "histories under each pair of presets")

// TestPresetPairs: two computers, each with its own preset, and two phones that both
// sync with both come to rest, and to the same (sync-model §1.4, the resolved rule).
func TestPresetPairs(t *testing.T) {
	presets := []engine.Preset{engine.Newest, engine.Phone, engine.Desktop, engine.Both}
	for _, first := range presets {
		for _, second := range presets {
			t.Run(fmt.Sprintf("%s and %s", first, second), func(t *testing.T) {
				if *oneSeed != 0 {
					runPresets(t, *oneSeed, first, second)
					return
				}
				conflicts, copies := 0, 0
				for seed := range *presetSeeds {
					t.Run(fmt.Sprint("seed ", seed+1), func(t *testing.T) {
						w := runPresets(t, seed+1, first, second)
						conflicts += len(w.stores[0].Conflicts())
						for _, v := range w.stores[0].Live(scope) {
							if isCopy(v) {
								copies++
							}
						}
					})
				}
				if both := first == engine.Both || second == engine.Both; conflicts == 0 || both != (copies > 0) {
					t.Errorf("the histories had %d conflicts and made %d second items", conflicts, copies)
				}
			})
		}
	}
}

func runPresets(t *testing.T, seed uint64, presets ...engine.Preset) *world {
	w := newWorld(t, seed)
	w.logf("seed %d, presets %v", seed, presets)
	w.presets = presets
	w.phones = append(w.phones, NewMemPhone("P2", Toy{scope}, &w.clock))
	for range 6 + w.r.IntN(30) {
		i, j := w.r.IntN(len(w.stores)), w.r.IntN(len(w.phones))
		switch x := w.r.IntN(16); {
		case x < 4:
			w.stepStore(i)
		case x < 9:
			w.stepPhone(j)
		case x < 14:
			w.sync(i, j, -1, false)
		default:
			w.sync(i, j, 1+w.r.IntN(12), w.r.IntN(2) == 0)
		}
	}
	w.logf("-- settle")
	w.settle()
	w.check()
	return w
}
