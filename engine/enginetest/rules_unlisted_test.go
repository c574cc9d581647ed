package enginetest_test

import (
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// Rules of objects that a session wrote or took, and that the phone's state doesn't
// list: the session ended before. Whoever comes next finds them.

// holds checks that every computer and phone has just these items.
func (w *world) holds(want ...*bag) {
	w.t.Helper()
	for i, s := range w.stores {
		var got []*bag
		for _, v := range s.Live(scope) {
			got = append(got, v)
		}
		if g, w1 := image(got), image(want); len(g) != len(w1) || len(g) > 0 && g[0] != w1[0] {
			w.fail("PC%d has %q, want %q", i+1, g, w1)
		}
	}
	for _, p := range w.phones {
		var got []*bag
		for _, v := range p.Objects() {
			got = append(got, v)
		}
		if g, w1 := image(got), image(want); len(g) != len(w1) || len(g) > 0 && g[0] != w1[0] {
			w.fail("phone %s has %q, want %q", p.Serial, g, w1)
		}
	}
}

// pcsInTurn tells a story of one computer and another, and then with their parts changed.
func pcsInTurn(t *testing.T, story func(w *world, a, b int)) {
	for a, name := range []string{"PC1 first", "PC2 first"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.phones = append(w.phones, NewMemPhone("P2", Toy{scope}, &w.clock))
			story(w, a, 1-a)
		})
	}
}

// create makes an item in a store and writes it to the first phone, whose state doesn't
// come to say so.
func (w *world) createUnlisted(i int, v *bag) (engine.ItemID, string) {
	w.t.Helper()
	id := engine.ItemIDFromUID(scope, Str(v, KeyUID), 1)
	if Str(v, KeyUID) == "" {
		id = engine.ItemID{0xad, 0xa0, 1, 2, 3}
	}
	w.stores[i].Edit(scope, id, v, w.tick())
	w.sync(i, 0, 3, false) // the survey, the object, and then the state
	for path := range w.phones[0].Objects() {
		if !w.phones[0].Listed(path) {
			return id, path
		}
	}
	w.fail("nothing unlisted is on the phone")
	return id, ""
}

// The version under which another computer found the object stays: somebody may have
// deleted the item who knew it by that one.
func TestFoundObjectKeepsItsVersion(t *testing.T) {
	for seed := range uint64(8) { // whose replica IDs and proxies are in any order
		w := newWorld(t, seed)
		id, _ := w.createUnlisted(0, Item("u", "old", "", "t0"))
		w.sync(1, 0, -1, false)
		w.stores[1].Edit(scope, id, Item("u", "new", "", "t0"), w.tick())
		w.stores[1].Edit(scope, id, nil, w.tick())
		w.sync(0, 0, -1, false)
		w.settle()
		w.holds()
	}
}

// The object was found, changed and deleted: who wrote it was no stranger to it.
func TestUnlistedObjectIsDeleted(t *testing.T) {
	for _, uid := range []string{"u", ""} {
		pcsInTurn(t, func(w *world, a, b int) {
			other := engine.ItemIDFromUID(scope, "other", 1) // by its changes the computer is known
			w.stores[b].Edit(scope, other, Item("other", "x", ""), w.tick())
			w.stores[b].Edit(scope, other, nil, w.tick())
			_, path := w.createUnlisted(a, Item(uid, "old", "", "t0"))
			w.phones[0].Edit(path, Item(uid, "new", "", "t0"), w.tick())
			w.sync(b, 0, -1, false)
			w.phones[0].Edit(path, nil, w.tick())
			w.sync(a, 0, -1, false)
			w.settle()
			w.holds()
		})
	}
}

// But one that its maker changed since lives: nobody saw that who deleted it.
func TestUnlistedObjectWasChangedSince(t *testing.T) {
	pcsInTurn(t, func(w *world, a, b int) {
		id, path := w.createUnlisted(a, Item("u", "old", "", "t0"))
		w.sync(b, 0, -1, false)
		w.stores[a].Edit(scope, id, Item("u", "old", "a note", "t0"), w.tick())
		w.phones[0].Edit(path, nil, w.tick())
		w.sync(a, 0, -1, false)
		w.settle()
		w.holds(Item("u", "old", "a note", "t0"))
	})
}

// The same of an object that was taken, and that then got another ID.
func TestTakenObjectIsDeletedUnderAnotherID(t *testing.T) {
	pcsInTurn(t, func(w *world, a, b int) {
		const path = "personal/ada"
		w.phones[0].Edit(path, Item("", "old", "", "t0"), w.tick())
		w.sync(a, 0, 2, false)
		w.phones[0].Edit(path, Item("", "new", "", "t0"), w.tick())
		w.sync(b, 0, -1, false)
		w.phones[0].Edit(path, nil, w.tick())
		w.sync(a, 0, -1, false)
		w.settle()
		w.holds()
	})
}

// Its maker deleted it, and another computer found it under another ID. Changed since,
// it lives.
func TestDeletionGoesWithTheObject(t *testing.T) {
	for _, changed := range []bool{false, true} {
		pcsInTurn(t, func(w *world, a, b int) {
			id, path := w.createUnlisted(a, Item("", "old", "", "t0"))
			if changed {
				w.phones[0].Edit(path, Item("", "new", "", "t0"), w.tick())
			}
			w.sync(b, 0, -1, false)
			w.stores[a].Edit(scope, id, nil, w.tick())
			w.sync(a, 0, -1, false)
			w.settle()
			if changed {
				w.holds(Item("", "new", "", "t0"))
			} else {
				w.holds()
			}
		})
	}
}

// A store that got the object from elsewhere under the other ID has it twice, and then
// no more; if it changed the one of its own, it keeps both.
func TestOneObjectIsNotTwoItems(t *testing.T) {
	for _, changed := range []bool{false, true} {
		pcsInTurn(t, func(w *world, a, b int) {
			id, path := w.createUnlisted(a, Item("", "old", "", "t0"))
			w.phones[0].Edit(path, Item("", "new", "", "t0"), w.tick())
			w.sync(b, 0, -1, false)
			w.sync(b, 1, -1, false)
			if changed {
				w.stores[a].Edit(scope, id, Item("", "old", "a note", "t0"), w.tick())
			}
			w.sync(a, 1, -1, false)
			w.sync(a, 0, -1, false)
			w.settle()
			if all := w.everywhere(); changed && !all["a note"] {
				w.fail("the note is lost")
			}
			if !changed {
				w.holds(Item("", "new", "", "t0"))
			}
		})
	}
}

// What a store took gives way to what the phone's user made of it since, whatever the
// preset, also where a tag was taken away.
func TestTakenValueGivesWay(t *testing.T) {
	for _, preset := range []engine.Preset{engine.Newest, engine.Desktop} {
		w := newWorld(t, 1)
		w.presets = []engine.Preset{preset, preset}
		const path = "personal/u"
		w.phones[0].Edit(path, Item("u", "old", "", "t0"), w.tick())
		w.sync(0, 0, 2, false)
		w.phones[0].Edit(path, Item("u", "new", ""), w.tick())
		w.settle()
		w.holds(Item("u", "new", ""))
		if log := w.stores[0].Conflicts(); len(log) == 0 {
			t.Error("what gave way is in no log: it would be lost if the phone had been restored")
		}
	}
}

// A phone whose state is gone knows what it is given, and what was found on it.
func TestWipedPhoneKnowsItsItems(t *testing.T) {
	w, id, path := story(t)
	w.phones[0].Wipe()
	w.stores[0].Edit(scope, id, Item("u", "desk", "", "t0"), w.tick())
	w.phones[0].Edit(path, Item("u", "phone", "", "t0"), w.tick())
	w.phones[0].Edit("personal/v", Item("v", "other", ""), w.tick())
	w.sync(0, 0, -1, false)
	st := w.phones[0].State(scope)
	if len(st.Items) != 2 {
		t.Fatalf("the state lists %d items, want 2", len(st.Items))
	}
	for i := range st.Items {
		if m := &st.Items[i].Meta; !m.KnownTo(st.Knowledge) {
			t.Errorf("the state knows %s of %s", st.Knowledge, metaText(m))
		}
	}
}
