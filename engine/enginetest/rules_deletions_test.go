package enginetest_test

import (
	"context"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// Rules of deletions that meet.

// A note was changed and changed back by who then deleted the item. An edit that never
// saw that lives, with the note as it always was there: whoever has the note in between
// finds no conflict.
func TestRevivedItemDominatesWhatWasChangedBack(t *testing.T) {
	c := actors(t, "ABC")
	c.edit("A", 1, "x")
	c.note("A", 1, "n")
	c.sync("A", "B", plain, 1, 0, 0)
	c.note("A", 1, "other")
	c.sync("A", "C", plain, 1, 0, 0)
	c.note("A", 1, "n")
	c.edit("A", 1, "")
	c.now += 10_000
	c.stores["B"].Edit(scope, item(1), With(c.stores["B"].Live(scope)[item(1)], KeyName, "y"), c.now)
	c.sync("A", "B", plain, 1, 1, 1) // the edit met the deletion
	c.names("1=y/n", "A", "B")
	c.sync("A", "C", plain, 1, 0, 0)
	c.names("1=y/n", "C")
}

// Two delete an item that one of them had seen changed. The change then meets both
// deletions on the other phone: the one that had seen it stands.
func TestDeletionThatSawMoreStands(t *testing.T) {
	t.Run("both on phones", func(t *testing.T) {
		w, id, path := story(t)
		w.phones = append(w.phones, w.phones[0].Copy("P2"))
		w.sync(1, 1, -1, false)
		w.phones[1].Edit(path, nil, w.tick())
		w.sync(0, 1, -1, false) // PC1 hears of it
		w.stores[1].Edit(scope, id, Item("u", "new", "", "t0"), w.tick())
		w.sync(1, 0, -1, false)
		w.phones[0].Edit(path, nil, w.tick()) // seen as new
		w.sync(1, 1, -1, false)               // PC2 lets the edit live
		w.settle()
		w.holds()
	})
	t.Run("in a store and on a phone", func(t *testing.T) {
		w, id, path := story(t)
		w.phones = append(w.phones, w.phones[0].Copy("P2"))
		w.phones[0].Edit(path, nil, w.tick())
		w.phones[1].Edit(path, Item("u", "new", "", "t0"), w.tick())
		w.sync(1, 1, -1, false)
		w.stores[1].Edit(scope, id, nil, w.tick()) // seen as new
		w.sync(0, 0, -1, false)
		w.sync(0, 1, -1, false) // PC1 lets the edit live
		w.settle()
		w.holds()
	})
}

// The same by a clone of the phone, of which the view has nothing: a list of what was seen.
func TestDeletionMeetsListOnClone(t *testing.T) {
	w, id, path := story(t)
	w.phones[0].Edit(path, Item("u", "old", "", "t0", "t1"), w.tick())
	w.sync(1, 0, -1, false)
	w.phones = append(w.phones, w.phones[0].Copy("P2"))
	w.stores[0].Edit(scope, id, Item("u", "old", "", "t0", "t2"), w.tick())
	w.stores[0].Edit(scope, id, nil, w.tick())
	w.stores[1].Edit(scope, id, Item("u", "old", "", "t0", "t1", "t3"), w.tick())
	w.stores[1].Edit(scope, id, nil, w.tick())
	w.sync(0, 1, -1, false)
	w.sync(1, 1, -1, false)
	w.settle()
	w.holds()
}

// An edit lives that a deletion never saw. Whoever had seen the edit and deleted the item
// too doesn't take for an edit what the first deletion made of the rest of it: parts that
// are empty now, lists of what was seen, values that were on the phone before.
func TestDeletionMeetsWhatAnotherLeft(t *testing.T) {
	for _, tt := range []struct {
		name        string
		phone       *bag // as its user leaves it, and PC2 sees it
		first, last *bag // what PC1, who never saw that, and PC2 deleted
	}{
		{"a part that is empty", Item("u", "typed", "", "t0"), Item("u", "old", "a note", "t0"), Item("u", "typed", "", "t0")},
		{"a list", Item("u", "old", "", "t0", "t1"), Item("u", "old", "", "t0", "t2"), Item("u", "old", "", "t0", "t1", "t3")},
		{"a value", Item("u", "old", "", "t0", "t1"), Item("u", "desk", "", "t0"), Item("u", "later", "", "t0", "t1")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, id, path := story(t)
			w.phones[0].Edit(path, tt.phone, w.tick())
			w.sync(1, 0, -1, false)
			w.stores[0].Edit(scope, id, tt.first, w.tick())
			w.stores[0].Edit(scope, id, nil, w.tick())
			w.stores[1].Edit(scope, id, tt.last, w.tick())
			w.stores[1].Edit(scope, id, nil, w.tick())
			w.sync(0, 0, -1, false)
			if len(w.stores[0].Live(scope)) != 1 {
				t.Fatal("the edit didn't beat the first deletion")
			}
			w.settle()
			w.holds()
		})
	}
}

// An item is made again on a phone that heard of its deletion, and meets a computer that
// has one of its own and never heard of it: what is there now came after both.
func TestMadeAgainWhereAnotherHasIt(t *testing.T) {
	w := newWorld(t, 1)
	id := engine.ItemIDFromUID(scope, "u", 1)
	w.stores[0].Edit(scope, id, Item("u", "first", "", "t0"), w.tick())
	w.stores[0].Edit(scope, id, nil, w.tick())
	w.stores[1].Edit(scope, id, Item("u", "second", "", "t1"), w.tick())
	meta := func() *engine.ItemMeta {
		m, err := w.stores[1].Metas(context.Background(), scope, []engine.ItemID{id})
		if err != nil {
			t.Fatal(err)
		}
		return m[id]
	}
	w.sync(0, 0, -1, false)
	w.phones[0].Edit("personal/u", Item("u", "again", "", "t2"), w.tick())
	had := meta()
	w.sync(1, 0, -1, false)
	if now := meta(); now.LifeVersion == had.LifeVersion {
		t.Errorf("PC2 knows the deletion and says that the item exists since %s, which didn't", now.LifeVersion)
	}
	w.settle()
	w.holds(Item("u", "again", "", "t1", "t2"))
}

// A computer writes an edit to the phone and is killed before its view says so. Its user
// takes the edit back, while the phone's deletes the item as edited. The item is again as
// the view has it, and still not what the phone's user saw: the edit lives.
func TestDeletionMeetsAnEditBack(t *testing.T) {
	w, id, path := story(t)
	w.stores[0].Edit(scope, id, Item("u", "old", "a note", "t0"), w.tick())
	w.sync(0, 0, 4, true)
	if w.phones[0].State(scope).Items[0].Meta.Unit("note") == nil {
		t.Fatal("the phone's state doesn't have the edit")
	}
	w.stores[0].Edit(scope, id, Item("u", "old", "", "t0"), w.tick())
	w.phones[0].Edit(path, nil, w.tick())
	w.sync(0, 0, -1, false)
	w.settle()
	w.holds(Item("u", "old", "", "t0"))
}
