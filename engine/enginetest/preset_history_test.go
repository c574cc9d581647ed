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
				conflicts, copies := 0, 0
				presetHistory(first, second).each(t, *presetSeeds, func(w *world) {
					conflicts += len(w.stores[0].Conflicts())
					for _, v := range w.stores[0].Live(scope) {
						if isCopy(v) {
							copies++
						}
					}
				})
				if *oneSeed != 0 {
					return
				}
				if both := first == engine.Both || second == engine.Both; conflicts == 0 || both != (copies > 0) {
					t.Errorf("the histories had %d conflicts and made %d second items", conflicts, copies)
				}
			})
		}
	}
}

// presetHistory is a history with whole and broken sessions under two presets.
func presetHistory(presets ...engine.Preset) history {
	return history{
		name: fmt.Sprintf("presets %v", presets), least: 6, more: 30,
		begin: func(w *world, _ uint64) {
			w.presets = presets
			w.phones = append(w.phones, NewMemPhone("P2", Toy{scope}, &w.clock))
		},
		step: func(w *world) {
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
		},
		end: func(w *world) {
			w.settle()
			w.check()
		},
	}
}
