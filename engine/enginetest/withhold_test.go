package enginetest_test

import (
	"maps"
	"slices"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/valuebag"
)

// withhold says which sessions of a history write nothing to the phone.
type withhold struct {
	always bool // from now on
	never  bool
	now    bool // the session that runs
	round  int  // of always
}

func (w *world) withholding() bool {
	if w.withhold == nil {
		return false
	}
	w.withhold.now = w.withhold.always || !w.withhold.never && w.r.IntN(2) == 0
	return w.withhold.now
}

// untouched checks that a session that withholds left the phone's objects alone.
func (w *world) untouched(p *MemPhone, had map[string]*valuebag.Values, res *engine.Result) {
	if w.withhold == nil || !w.withhold.now {
		return
	}
	w.logf("... which withholds %d", res.Withheld)
	has := p.Objects()
	for path, v := range had {
		if !slices.Equal(values(has[path]), values(v)) {
			w.fail("%s on the phone was touched: %v, was %v", path, values(has[path]), values(v))
		}
	}
	if len(has) != len(had) {
		w.fail("the phone's objects are %v, were %v", slices.Sorted(maps.Keys(has)), slices.Sorted(maps.Keys(had)))
	}
	if to := res.Stats[scope].ToStore; w.withhold.round == 4 && to != (engine.Moves{}) {
		w.fail("items still move: %+v", to)
	}
	if to := res.Stats[scope].ToPhone; to != (engine.Moves{}) {
		w.fail("it says that it wrote to the phone: %+v", to)
	}
}

// withheldHistory is a history in which every other session writes nothing to the phone.
// When all do, no item moves any more after a few rounds (two computers that both only
// read may go on rewriting each other's state); once none does, it is a history as any
// other: nothing is lost, all are equal.
func withheldHistory(faults bool) history {
	return history{
		name: "withholding", least: 3, more: 28, step: stepping(faults),
		begin: func(w *world, _ uint64) { w.withhold = &withhold{} },
		end: func(w *world) {
			w.withhold.always = true
			const rounds = 4
			for w.withhold.round = 1; w.withhold.round <= rounds; w.withhold.round++ {
				for i := range w.stores {
					for j := range w.phones {
						if err := w.sync(i, j, -1, false); err != nil {
							w.fail("sync of PC%d and phone %d: %v", i+1, j+1, err)
						}
					}
				}
			}
			w.logf("-- settle, withholding no more")
			*w.withhold = withhold{never: true}
			w.settle()
			w.check()
		},
	}
}
