package enginetest_test

import (
	"maps"
	"slices"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/valuebag"
)

// withhold says which sessions of a history write nothing to the phone, or nothing to
// the store's items.
type withhold struct {
	store  bool // nothing to the store's items
	always bool // from now on
	never  bool
	now    bool // the session that runs
	round  int  // of always
}

func (w *world) withholding() (fromPhone, toPhone bool) {
	if w.withhold == nil {
		return false, false
	}
	w.withhold.now = w.withhold.always || !w.withhold.never && w.r.IntN(2) == 0
	return w.withhold.now && !w.withhold.store, w.withhold.now && w.withhold.store
}

// untouched checks that a session that withholds left the phone's objects alone.
func (w *world) untouched(p *MemPhone, had map[string]*valuebag.Values, res *engine.Result) {
	if w.withhold == nil || !w.withhold.now || w.withhold.store {
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

// storeUntouched checks that a session that withholds from the store left its items alone.
func (w *world) storeUntouched(had map[engine.ItemID]*valuebag.Values, s *MemStore, res *engine.Result) {
	if w.withhold == nil || !w.withhold.now || !w.withhold.store {
		return
	}
	w.logf("... which withholds %d from the store", res.WithheldStore)
	has := s.Live(scope)
	for id, v := range had {
		if !slices.Equal(values(has[id]), values(v)) {
			w.fail("%s in the store was touched: %v, was %v", id, values(has[id]), values(v))
		}
	}
	if len(has) != len(had) {
		w.fail("the store has %d items, had %d", len(has), len(had))
	}
	st := res.Stats[scope]
	if st.ToStore != (engine.Moves{}) || st.Conflicts > 0 {
		w.fail("it says that it wrote to the store: %+v", *st)
	}
	if w.withhold.round == 4 && st.ToPhone != (engine.Moves{}) {
		w.fail("items still move: %+v", st.ToPhone)
	}
}

// withheldHistory is a history in which every other session writes nothing to the phone.
// When all do, no item moves any more after a few rounds (two computers that both only
// read may go on rewriting each other's state); once none does, it is a history as any
// other: nothing is lost, all are equal.
func withheldHistory(faults bool) history { return withheldSide("withholding", faults, withhold{}) }

// storeWithheldHistory is one in which every other session leaves the store's items alone,
// then all do, then none.
func storeWithheldHistory(faults bool) history {
	return withheldSide("withholding from the store", faults, withhold{store: true})
}

func withheldSide(name string, faults bool, side withhold) history {
	return history{
		name: name, least: 3, more: 28, step: stepping(faults),
		begin: func(w *world, _ uint64) { own := side; w.withhold = &own },
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
			*w.withhold = withhold{store: side.store, never: true}
			w.settle()
			w.check()
		},
	}
}
