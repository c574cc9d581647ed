package enginetest_test

import (
	"maps"
	"slices"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// TestNamedAfter: an object without a UID that nobody's state or view knows is the
// store's item that its name was made for, whatever became of its text.
func TestNamedAfter(t *testing.T) {
	id := engine.ItemID{0xad, 0xa0, 1, 2, 3}
	path := "personal/" + id.String()[:8]
	ada := With(Item("", "Ada", ""), KeyCollection, "personal")
	stories := []struct {
		name  string
		tell  func(w *world)
		items int
	}{
		{"killed before the state, the text edited, a computer that knows it from another phone", func(w *world) {
			w.sync(0, 1, -1, false)
			w.sync(1, 1, -1, false)
			w.phones[0].Edit(path, With(ada, KeyNote, "n1"), w.tick()) // as PC1 had written it, and its user edited it
			w.stores[1].Edit(scope, id, WithTags(ada, "t1"), w.tick())
			w.sync(1, 0, -1, false)
		}, 1},
		{"another computer listed it under an ID of its own", func(w *world) {
			w.phones[0].Edit(path, With(ada, KeyNote, "n1"), w.tick())
			w.sync(1, 0, -1, false)
			w.stores[0].Edit(scope, id, WithTags(ada, "t1"), w.tick())
		}, 1},
		{"the state has the item elsewhere", func(w *world) {
			w.sync(0, 0, -1, false)
			w.phones[0].Edit("team/"+id.String()[:8], With(ada, KeyNote, "n1"), w.tick())
		}, 2},
		{"another name", func(w *world) {
			w.sync(0, 1, -1, false)
			w.phones[0].Edit("personal/ada", With(ada, KeyNote, "n1"), w.tick())
		}, 2},
		{"a name of a UID's item", func(w *world) {
			uid := engine.ItemIDFromUID(scope, "u", 1)
			w.stores[0].Edit(scope, uid, With(Item("u", "Uma", ""), KeyCollection, "personal"), w.tick())
			w.phones[0].Edit("personal/"+uid.String()[:8], With(ada, KeyNote, "n1"), w.tick())
		}, 3},
	}
	for _, c := range stories {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.phones = append(w.phones, NewMemPhone("P2", Toy{scope}, &w.clock))
			for i := range w.stores { // they met both before
				for j := range w.phones {
					w.sync(i, j, -1, false)
				}
			}
			w.stores[0].Edit(scope, id, ada, w.tick())
			c.tell(w)
			for range 3 {
				for i := range w.stores {
					for j := range w.phones {
						w.sync(i, j, -1, false)
					}
				}
			}
			want := slices.SortedFunc(maps.Keys(w.stores[0].Live(scope)), engine.ItemID.Compare)
			if len(want) != c.items {
				w.fail("items: got %d, want %d", len(want), c.items)
			}
			for i, s := range w.stores {
				if got := slices.SortedFunc(maps.Keys(s.Live(scope)), engine.ItemID.Compare); !slices.Equal(got, want) {
					w.fail("PC%d: got %v, PC1 has %v", i+1, got, want)
				}
			}
			for _, p := range w.phones {
				if n := len(p.Objects()); n != c.items {
					w.fail("phone %s: got %d objects, want %d", p.Serial, n, c.items)
				}
			}
			if c.items == 1 && !w.everywhere()["n1"] {
				w.fail("the phone's edit is lost")
			}
		})
	}
}
