package enginetest_test

import (
	"context"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// Each story stands for one rule: without the rule it fails.

// story is two computers and a phone that agree on one item with a UID.
func story(t *testing.T) (w *world, id engine.ItemID, path string) {
	w = newWorld(t, 1)
	id, path = engine.ItemIDFromUID(scope, "u", 1), "personal/u"
	w.phones[0].Edit(path, Item("u", "old", "", "t0"), w.tick())
	w.sync(0, 0, -1, false)
	w.sync(1, 0, -1, false)
	return w, id, path
}

func (w *world) want(id engine.ItemID, name, note string, tags ...string) {
	w.t.Helper()
	want := image([]*bag{Item("u", name, note, tags...)})
	for i, s := range w.stores {
		if got := image([]*bag{orEmpty(s.Live(scope)[id])}); got[0] != want[0] {
			w.fail("PC%d has %q, want %q", i+1, got[0], want[0])
		}
	}
	for _, v := range w.phones[0].Objects() {
		if got := image([]*bag{v}); got[0] != want[0] {
			w.fail("the phone has %q, want %q", got[0], want[0])
		}
	}
}

func orEmpty(v *bag) *bag {
	if v == nil {
		return &bag{}
	}
	return v
}

func TestFirstSyncNeverDeletes(t *testing.T) {
	w, id, _ := story(t)
	w.stores[0].Edit(scope, id, nil, w.tick())
	w.phones[0].Wipe()
	w.settle()
	if len(w.phones[0].Objects()) != 1 {
		t.Error("the phone's item is gone")
	}
	w.want(id, "old", "", "t0")
}

// The deletion took away a note that PC2 never saw; PC1 has it still. What lives on
// is PC2's item, at both.
func TestRevivedItemDominatesWhatWasDeleted(t *testing.T) {
	w, id, path := story(t)
	w.stores[1].Edit(scope, id, Item("u", "old", "", "t0", "t1"), w.tick())
	w.phones[0].Edit(path, Item("u", "old", "unseen", "t0"), w.tick())
	w.sync(0, 0, -1, false)
	w.phones[0].Edit(path, nil, w.tick())
	w.sync(1, 0, -1, false)
	w.settle()
	w.want(id, "old", "", "t0", "t1")
}

// What the user typed again is a new edit, although a store still has that very
// value under a version that the phone knew.
func TestOldValueTypedAgainIsNew(t *testing.T) {
	w, id, path := story(t)
	w.phones[0].Edit(path, Item("u", "new", "", "t0"), w.tick())
	w.sync(1, 0, -1, false)
	w.phones[0].Edit(path, Item("u", "old", "", "t0"), w.tick())
	w.sync(0, 0, -1, false)
	w.sync(1, 0, -1, false)
	w.want(id, "old", "", "t0")
	for i, s := range w.stores {
		if n := len(s.Conflicts()); n > 0 {
			t.Errorf("PC%d logged %d conflicts", i+1, n)
		}
	}
}

// An object without a UID is the one at its path, when its state is gone too.
func TestViewKnowsNamelessObject(t *testing.T) {
	w := newWorld(t, 1)
	w.phones[0].Edit("personal/x", Item("", "old", "", "t0"), w.tick())
	w.sync(0, 0, -1, false)
	w.phones[0].Wipe()
	w.phones[0].Edit("personal/x", Item("", "new", "", "t1"), w.tick())
	w.sync(0, 0, -1, false)
	if n := len(w.stores[0].Live(scope)); n != 1 {
		t.Errorf("the store has %d items, want 1", n)
	}
}

// A conflict that is left to a person is learned by neither side.
func TestDeferredIsLearnedByNeither(t *testing.T) {
	w, id, path := story(t)
	s, p := w.stores[0], w.phones[0]
	s.Edit(scope, id, Item("u", "desk", "", "t0"), w.tick())
	p.Edit(path, Item("u", "phone", "", "t0"), w.tick())
	sess := engine.NewSession(s, p, []engine.Schema{Toy{scope}}, engine.Options{Preset: engine.Ask, Exempt: true, Rand: zero{w}})
	if _, err := sess.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	log := s.Conflicts()
	if len(log) != 1 || log[0].State != engine.Waiting {
		t.Fatalf("log: %+v", log)
	}
	if p.State(scope).Knowledge.Contains(id, "name", log[0].Store) {
		t.Error("the phone's state claims the store's value")
	}
	w.sync(0, 0, -1, false) // another preset doesn't settle it behind a person's back
	if got := Str(s.Live(scope)[id], KeyName) + " " + Str(p.Objects()[path], KeyName); got != "desk phone" {
		t.Errorf("got %q, want each side's own", got)
	}
}
