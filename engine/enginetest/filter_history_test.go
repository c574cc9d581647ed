package enginetest_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/valuebag"
)

// sieves are the filters of a history.
type sieves struct {
	filters []engine.Filter
	next    *engine.Filter  // of the next session; nil: the phone's own
	without string          // the unit that some filters leave out
	atPC    bool            // it is a computer's user who types now
	clones  bool            // there are two phones: what is typed on one may not be sent to the other
	deleted map[string]bool // UIDs, or first values, of items that the user of a phone deleted
}

func newSieves(w *world) *sieves {
	s := &sieves{filters: []engine.Filter{{}}, deleted: map[string]bool{}}
	leave := engine.Rule{Name: RuleLeaveOut, Params: []string{"work"}}
	window := engine.Rule{Name: RuleWindow}
	s.filters = append(s.filters,
		engine.Filter{Rules: []engine.Rule{leave}}, engine.Filter{Rules: []engine.Rule{window}},
		engine.Filter{Rules: []engine.Rule{leave, window}})
	switch w.r.IntN(4) {
	case 0:
		s.without = "note"
	case 1:
		s.without = "tags"
	}
	if s.without != "" {
		s.filters = append(s.filters, engine.Filter{Without: []string{s.without}},
			engine.Filter{Without: []string{s.without}, Rules: []engine.Rule{window}})
	}
	return s
}

func (s *sieves) choose(w *world) map[string]engine.Filter {
	if s == nil || s.next == nil {
		return nil
	}
	f := *s.next
	s.next = nil
	w.logf("the filter is now %q", f)
	return map[string]engine.Filter{scope: f}
}

func (s *sieves) typing(atPC bool) {
	if s != nil {
		s.atPC = atPC
	}
}

// fate is what has to become of a value that is typed now. What the phone isn't
// given goes with an item that is deleted there, as it was already on another phone.
func (s *sieves) fate(v, uid, first string) fate {
	if s != nil && (s.atPC || s.clones || s.deleted[uid] || s.deleted[first]) && s.without != "" && strings.HasPrefix(v, strings.TrimSuffix(s.without, "s")) {
		return free
	}
	return keep
}

// hidden notes that a computer's user changed what the phone may not be given: that
// edit too may meet a deletion there, and beat it.
func (w *world) hidden(before, after *valuebag.Values) {
	if w.sieves == nil || w.sieves.without == "" || after == nil {
		return
	}
	if t, vals := (Toy{}), values(before); t.Digest(before, w.sieves.without) != t.Digest(after, w.sieves.without) {
		first := w.item[append(vals, "")[0]]
		w.held["hidden edit of "+first], w.item["hidden edit of "+first] = free, first
	}
}

// dropped notes that what the phone wasn't given of an item goes with it when the
// phone's user deletes it.
func (w *world) dropped(before, after *valuebag.Values) {
	if w.sieves == nil || w.sieves.without == "" || after != nil {
		return
	}
	first := w.item[append(values(before), "")[0]]
	for _, name := range []string{Str(before, KeyUID), first} {
		if name != "" {
			w.sieves.deleted[name] = true
		}
	}
	for v, f := range w.held {
		if f == keep && w.item[v] == first && strings.HasPrefix(v, strings.TrimSuffix(w.sieves.without, "s")) {
			w.held[v] = free
		}
	}
}

// stepSieve changes a filter, lets time pass or moves an item.
func (w *world) stepSieve() {
	switch w.r.IntN(4) {
	case 0, 1:
		f := w.sieves.filters[w.r.IntN(len(w.sieves.filters))]
		w.sieves.next = &f
		w.sync(w.r.IntN(len(w.stores)), w.r.IntN(len(w.phones)), -1, false)
	case 2:
		w.logf("an hour passes")
		w.now += time.Hour.Milliseconds()
	default:
		i := w.r.IntN(len(w.stores))
		live := w.stores[i].Live(scope)
		ids := slices.SortedFunc(maps.Keys(live), engine.ItemID.Compare)
		if len(ids) == 0 {
			return
		}
		id := ids[w.r.IntN(len(ids))]
		to := "work"
		if Str(live[id], KeyCollection) == to {
			to = "personal"
		}
		v := With(With(live[id], KeyCollection, to), KeyName, w.text("name"))
		w.logf("PC%d moves %v to %s as %v", i+1, values(live[id]), to, values(v))
		w.typed(live[id], v)
		w.stores[i].Edit(scope, id, v, w.tick())
	}
}

// checkFiltered: each phone holds what passes its filter of each store, but for items
// of which another store has a newer form that doesn't, and beside that only what its
// user made; and all that it holds is the same in every store, with all that isn't
// left out. What no phone holds needn't be the same everywhere.
func (w *world) checkFiltered() {
	for _, p := range w.phones {
		st := p.State(scope)
		objects := p.Objects()
		there := map[engine.ItemID]*valuebag.Values{}
		outside := map[engine.ItemID]bool{}
		ghosts := map[engine.ItemID][]engine.Version{}
		for _, g := range st.Ghosts {
			ghosts[g.ID] = g.Versions
		}
		for _, it := range st.Items {
			if it.Leaving {
				w.fail("phone %s: an item is still about to leave", p.Serial)
			}
			if !it.Meta.Deleted {
				there[it.Meta.ID] = objects[it.Place.Path]
				outside[it.Meta.ID] = it.Outside
				delete(objects, it.Place.Path)
			}
		}
		for path, v := range objects {
			w.fail("phone %s: %s is in no line of the state: %v", p.Serial, path, values(v))
		}
		for i, s := range w.stores {
			live := s.Live(scope)
			rep, err := s.Replica(context.Background(), scope)
			if err != nil {
				w.fail("%v", err)
			}
			for id, has := range there {
				v := live[id]
				if v == nil {
					w.fail("phone %s holds %v, PC%d doesn't", p.Serial, values(has), i+1)
				}
				for _, unit := range (Toy{}).Units() {
					if !slices.Contains(st.Filter.Without, unit) && (Toy{}).Digest(has, unit) != (Toy{}).Digest(v, unit) {
						w.fail("phone %s: %s of %v isn't that of PC%d: %v", p.Serial, unit, values(has), i+1, values(v))
					}
				}
			}
			for id, v := range live {
				in := true
				for _, r := range st.Filter.Rules {
					in = in && Toy{}.Passes(v, r.Name, r.Params, time.UnixMilli(w.now))
				}
				versions, ghost := ghosts[id]
				newer := slices.ContainsFunc(versions, func(v engine.Version) bool { return !rep.Knowledge.Contains(id, engine.Life, v) })
				switch {
				case there[id] == nil && in && !newer:
					w.fail("phone %s lacks %v of PC%d, which passes %q (ghost %t)", p.Serial, values(v), i+1, st.Filter, ghost)
				case there[id] != nil && ghost:
					w.fail("phone %s: %v is a ghost and there", p.Serial, values(v))
				case there[id] != nil && !in && !outside[id]:
					w.fail("phone %s holds %v, which %q keeps out", p.Serial, values(v), st.Filter)
				}
			}
		}
	}
}

// lift takes every phone's filter away.
func (w *world) lift() {
	w.logf("-- lift the filters")
	for j := range w.phones {
		w.sieves.next = &engine.Filter{}
		if err := w.sync(0, j, -1, false); err != nil {
			w.fail("sync: %v", err)
		}
	}
	w.settle()
}
