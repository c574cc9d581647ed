package enginetest_test

import (
	"context"
	"slices"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// TestDeletedWhileAGhost: a deletion by a computer that had seen an item as it left the
// phone is one everywhere, also where parts are not sent to the phone: what the phone knew
// of those when the item left says that the deletion saw them.
func TestDeletedWhileAGhost(t *testing.T) {
	w := newWorld(t, 1)
	w.hour(0)
	w.stores[0].Edit(scope, toyID("a"), With(Item("a", "a1", "", "red"), KeyCollection, "personal"), w.tick())
	w.session(0, 0, engine.Filter{Without: []string{"tags"}})
	w.phones[0].Edit("personal/a", WithTags(w.phones[0].Objects()["personal/a"], "green"), w.tick())
	w.wantMoves("edited on the phone", w.session(0, 0), "store +0~1-0<0 phone +0~0-0<0 conflicts 0 [tags]")
	w.wantMoves("another computer", w.session(1, 0), "store +1~0-0<0 phone +0~0-0<0 conflicts 0 []")
	w.stores[0].Edit(scope, toyID("a"), nil, w.tick())
	w.hour(1)
	out := engine.Filter{Without: []string{"tags"}, Rules: inWindow.Rules}
	w.wantMoves("it leaves", w.session(1, 0, out), "store +0~0-0<0 phone +0~0-0<1 conflicts 0 []")
	w.wantMoves("deleted", w.session(0, 0), "store +0~0-0<0 phone +0~0-0<0 conflicts 0 []")
	w.wantMoves("the other hears of it", w.session(1, 0), "store +0~0-1<0 phone +0~0-0<0 conflicts 0 []")
}

// TestBackWithoutAPart: an item that left the phone with a filter and came back under one
// that leaves a part out has that part no more there; that is no edit of the phone's user.
func TestBackWithoutAPart(t *testing.T) {
	w := newWorld(t, 1)
	w.hour(0)
	w.stores[0].Edit(scope, toyID("a"), With(Item("a", "a1", "", "red"), KeyCollection, "personal"), w.tick())
	w.session(0, 0)
	w.session(1, 0)
	w.stores[1].Edit(scope, toyID("a"), With(w.stores[1].Live(scope)[toyID("a")], KeyName, "a3"), w.tick())
	w.hour(0)
	w.wantMoves("it leaves", w.session(1, 0, inWindow), "store +0~0-0<0 phone +0~0-0<1 conflicts 0 []")
	w.now += 60_000
	w.wantMoves("it is back", w.session(1, 0, engine.Filter{Without: []string{"tags"}}), "store +0~0-0<0 phone +1~0-0<0 conflicts 0 []")
	w.wantMoves("who had it", w.session(0, 0), "store +0~1-0<0 phone +0~0-0<0 conflicts 0 [name]")
	if got := Tags(w.stores[0].Live(scope)[toyID("a")]); len(got) != 1 {
		t.Errorf("the store's tags are %q, want [red]", got)
	}
}

// An item that lived on against a deletion comes by a phone, without a part that the phone
// isn't given, to a computer that carried the deletion out and knew that part: it is given
// the part again when it meets one that has it.
func TestLivesOnWithoutAPart(t *testing.T) {
	for _, tt := range []struct {
		name  string
		there bool // the phone had it before it heard of that
	}{{"new on the phone", false}, {"there before", true}} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.sieves = &sieves{next: &engine.Filter{Without: []string{"tags"}}}
			third := NewMemStore(w.replicaID, Toy{scope})
			a, b, id := w.stores[0], w.stores[1], toyID("a")
			meet := func(x, y *MemStore) {
				t.Helper()
				if _, err := engine.Exchange(context.Background(), x.Full(), y.Full(), []string{scope}, engine.ExchangeOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			third.Edit(scope, id, Item("a", "a1", "", "red"), w.tick())
			meet(third, a)
			meet(a, b)
			if tt.there {
				w.sync(0, 0, -1, false)
			}
			a.Edit(scope, id, nil, w.tick())
			meet(a, b)
			third.Edit(scope, id, Item("a", "a2", "", "red"), w.tick())
			meet(third, a)
			w.sync(0, 0, -1, false)
			w.sync(1, 0, -1, false)
			if got := b.Live(scope)[id]; Str(orEmpty(got), KeyName) != "a2" {
				t.Fatalf("PC2 has %v by the phone, want the edit", got)
			}
			meet(a, b)
			w.holdsInStores(Item("a", "a2", "", "red"))
		})
	}
}

func (w *world) holdsInStores(want *bag) {
	w.t.Helper()
	for i, s := range w.stores {
		var got []*bag
		for _, v := range s.Live(scope) {
			got = append(got, v)
		}
		if g, all := image(got), image([]*bag{want}); !slices.Equal(g, all) {
			w.fail("PC%d has %q, want %q", i+1, g, all)
		}
	}
}

// TestDeletedBySilentComputer: a deletion on the phone is its user's whichever computer took
// it in, also one that has never changed anything itself: parts that the phone isn't given
// go with the item.
func TestDeletedBySilentComputer(t *testing.T) {
	w := newWorld(t, 1)
	w.put(0, "a", "a1", "n1")
	w.session(0, 0, engine.Filter{Without: []string{"note"}})
	w.wantMoves("the silent one", w.session(1, 0), "store +1~0-0<0 phone +0~0-0<0 conflicts 0 []")
	w.phones[0].Edit("personal/a", nil, w.tick())
	w.wantMoves("takes the deletion in", w.session(1, 0), "store +0~0-1<0 phone +0~0-0<0 conflicts 0 []")
	w.wantMoves("who made the item", w.session(0, 0), "store +0~0-1<0 phone +0~0-0<0 conflicts 0 []")
}
