package enginetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// Rules between a store and a phone, beside those of rules_test.go.

// refusing is a phone that doesn't take some items.
type refusing struct {
	*MemPhone
	names map[string]bool
}

func (p *refusing) Write(ctx context.Context, scope string, w engine.Write) (engine.Place, error) {
	if p.names[Str(w.Value, KeyName)] {
		return engine.Place{}, &engine.ItemError{Item: w.ID, Reason: errors.New("refused")}
	}
	return p.MemPhone.Write(ctx, scope, w)
}

// meet runs a session of the first store with any phone.
func (w *world) meet(p engine.Partial) *engine.Result {
	w.t.Helper()
	res, err := engine.NewSession(w.stores[0], p, []engine.Schema{Toy{scope}}, engine.Options{Exempt: true, Rand: zero{w}}).Run(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return res
}

// A write that the phone refused isn't in the view of it: who deletes the item there
// never saw what was to be written, and an edit beats a delete.
func TestRefusedWriteIsNotInTheView(t *testing.T) {
	for _, tt := range []struct {
		name string
		both bool // the phone's user had changed another part of it
	}{{"untouched there", false}, {"changed there", true}} {
		t.Run(tt.name, func(t *testing.T) {
			w, id, path := story(t)
			w.stores[0].Edit(scope, id, Item("u", "new", "", "t0"), w.tick())
			if tt.both {
				w.phones[0].Edit(path, Item("u", "old", "of the phone", "t0"), w.tick())
			}
			other := Item("v", "other", "")
			w.stores[0].Edit(scope, engine.ItemIDFromUID(scope, "v", 1), other, w.tick())
			if res := w.meet(&refusing{w.phones[0], map[string]bool{"new": true}}); len(res.Failed) != 1 {
				t.Fatalf("failed: %v, want one item", res.Failed)
			}
			w.phones[0].Edit(path, nil, w.tick())
			w.meet(w.phones[0])
			if got := Str(orEmpty(w.stores[0].Live(scope)[id]), KeyName); got != "new" {
				t.Errorf("the store has %q, want the edit that the phone never got", got)
			}
			if got := Str(orEmpty(w.phones[0].Objects()[path]), KeyName); got != "new" {
				t.Errorf("the phone has %q, want the edit", got)
			}
		})
	}
}

// What the phone refused is not known to it: it comes again.
func TestRefusedWriteComesAgain(t *testing.T) {
	w, id, path := story(t)
	w.stores[0].Edit(scope, id, Item("u", "new", "", "t0"), w.tick())
	w.stores[0].Edit(scope, engine.ItemIDFromUID(scope, "v", 1), Item("v", "other", ""), w.tick())
	w.meet(&refusing{w.phones[0], map[string]bool{"new": true}})
	m, _ := w.stores[0].Metas(context.Background(), scope, []engine.ItemID{id})
	if w.phones[0].State(scope).Knowledge.Contains(id, "name", m[id].Unit("name").Version) {
		t.Error("the phone's state claims what was refused")
	}
	w.meet(w.phones[0])
	if got := Str(w.phones[0].Objects()[path], KeyName); got != "new" {
		t.Errorf("the phone has %q, want the edit", got)
	}
}

// Between a write and the phone's state the program is killed, and the store moves
// on: what lies on the phone is the store's own old value, no edit of its user.
func TestOwnWriteIsKnownAgain(t *testing.T) {
	w, id, path := story(t)
	w.stores[0].Edit(scope, id, Item("u", "new", "", "t0"), w.tick())
	w.cutBeforeState(path, "new")
	w.stores[0].Edit(scope, id, Item("u", "newer", "", "t0"), w.tick())
	w.settle()
	w.want(id, "newer", "", "t0")
	w.noConflicts()
}

// The same for an edit that was taken from the phone.
func TestTakenEditIsKnownAgain(t *testing.T) {
	w, id, path := story(t)
	w.phones[0].Edit(path, Item("u", "typed", "", "t0"), w.tick())
	w.sync(0, 0, 2, false) // survey, then the state
	if got := Str(w.stores[0].Live(scope)[id], KeyName); got != "typed" {
		t.Fatalf("the store has %q", got)
	}
	w.stores[0].Edit(scope, id, Item("u", "newer", "", "t0"), w.tick())
	w.settle()
	w.want(id, "newer", "", "t0")
	w.noConflicts()
}

// cutBeforeState syncs the first PC until the phone holds a name at path and no state
// of that.
func (w *world) cutBeforeState(path, name string) {
	w.t.Helper()
	for cut := 1; cut < 20; cut++ {
		phone := w.phones[0].Copy(w.phones[0].Serial)
		store := w.stores[0].Copy()
		w.sync(0, 0, cut, false)
		if Str(orEmpty(w.phones[0].Objects()[path]), KeyName) == name && w.phones[0].Unsynced() {
			return
		}
		w.phones[0], w.stores[0] = phone, store
	}
	w.fail("no cut leaves %q at %s without a state", name, path)
}

func (w *world) noConflicts() {
	w.t.Helper()
	for i, s := range w.stores {
		if log := s.Conflicts(); len(log) > 0 {
			w.fail("PC%d logged %+v, want no conflict", i+1, log)
		}
	}
}

// Wherever a run is killed, the store is the same replica at the next: a mark in the
// phone's state that it doesn't know would make it a restored one.
func TestMarkIsInTheStoreBeforeTheState(t *testing.T) {
	for kill := 1; ; kill++ {
		w, id, _ := story(t)
		before, _ := w.stores[0].Replica(context.Background(), scope)
		w.stores[0].Edit(scope, id, Item("u", "new", "", "t0"), w.tick())
		err := w.sync(0, 0, kill, true)
		w.sync(0, 0, -1, false)
		if after, _ := w.stores[0].Replica(context.Background(), scope); after.ID != before.ID {
			t.Errorf("killed at write %d it became another replica", kill)
		}
		if err == nil {
			if kill < 3 {
				t.Fatalf("there were only %d writes", kill-1)
			}
			return
		}
	}
}

// Two computers version edits of one phone's user that neither saw committed: never
// under one version.
func TestTwoComputersNeverMintAlike(t *testing.T) {
	w, id, path := story(t)
	w.phones[0].Edit(path, Item("u", "taken by PC2", "", "t0"), w.tick())
	w.sync(1, 0, -1, false)
	w.sync(0, 0, -1, false)
	w.want(id, "taken by PC2", "", "t0")
	w.phones[0].Edit(path, Item("u", "first", "", "t0"), w.tick())
	w.sync(0, 0, 2, false) // PC1 takes it, and is cut before the state
	w.phones[0].Edit(path, Item("u", "second", "", "t0"), w.tick())
	w.sync(1, 0, 2, false)
	versions := map[engine.Version]string{}
	for i, s := range w.stores {
		m, _ := s.Metas(context.Background(), scope, []engine.ItemID{id})
		u := m[id].Unit("name")
		if other, ok := versions[u.Version]; ok {
			t.Errorf("%s is PC%d's version of %q and another's of %q", u.Version, i+1, Str(s.Live(scope)[id], KeyName), other)
		}
		versions[u.Version] = Str(s.Live(scope)[id], KeyName)
	}
	w.settle()
	w.want(id, "second", "", "t0")
}

// An item that is made again after its deletion takes the place of all that it was,
// of what is empty now too.
func TestItemMadeAgainIsRewritten(t *testing.T) {
	w, id, path := story(t)
	w.phones[0].Edit(path, Item("u", "old", "a note", "t0"), w.tick())
	w.sync(0, 0, -1, false)
	w.sync(1, 0, -1, false)
	w.phones[0].Edit(path, nil, w.tick())
	w.sync(0, 0, -1, false)
	w.phones[0].Edit(path, Item("u", "old", "", "t0"), w.tick())
	w.sync(0, 0, -1, false)
	w.sync(1, 0, -1, false)
	w.settle()
	w.want(id, "old", "", "t0")
	w.noConflicts()
}

// What a filter keeps off the phone isn't known to it: the filter lifted, it comes.
func TestFilterTeachesNothing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		filter engine.Filter
		want   string
	}{
		{"a collection", engine.Filter{Rules: []engine.Rule{{Name: RuleLeaveOut, Params: []string{"work"}}}}, ""},
		{"a part", engine.Filter{Without: []string{"note"}}, "colleague|"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, _, _ := story(t)
			w.sieves = newSieves(w)
			v := With(Item("c", "colleague", "a note"), KeyCollection, "work")
			w.stores[0].Edit(scope, engine.ItemIDFromUID(scope, "c", 1), v, w.tick())
			w.sieves.next = &tt.filter
			w.sync(0, 0, -1, false)
			w.stores[0].Edit(scope, engine.ItemIDFromUID(scope, "d", 1), Item("d", "a friend", ""), w.tick())
			w.sync(0, 0, -1, false)
			got := ""
			if o := w.phones[0].Objects()["work/c"]; o != nil {
				got = Str(o, KeyName) + "|" + Str(o, KeyNote)
			}
			if got != tt.want {
				t.Errorf("under the filter the phone has %q, want %q", got, tt.want)
			}
			w.sieves.next = &engine.Filter{}
			w.sync(0, 0, -1, false)
			o := orEmpty(w.phones[0].Objects()["work/c"])
			if got := Str(o, KeyName) + "|" + Str(o, KeyNote); got != "colleague|a note" {
				t.Errorf("without it the phone has %q, want the whole item", got)
			}
		})
	}
}

// TestBrakes: what one side lost or changed at once, against what it had.
func TestBrakes(t *testing.T) {
	const had = 50
	change := func(n int, f func(s *MemStore, p *MemPhone, w *world, i int)) func(*world) {
		return func(w *world) {
			for i := range n {
				f(w.stores[0], w.phones[0], w, i)
			}
		}
	}
	uid := func(i int) string { return fmt.Sprintf("u%02d", i) }
	goneThere := func(s *MemStore, p *MemPhone, w *world, i int) { p.Edit("personal/"+uid(i), nil, w.tick()) }
	goneHere := func(s *MemStore, p *MemPhone, w *world, i int) {
		s.Edit(scope, engine.ItemIDFromUID(scope, uid(i), 1), nil, w.tick())
	}
	changedThere := func(s *MemStore, p *MemPhone, w *world, i int) {
		p.Edit("personal/"+uid(i), Item(uid(i), "changed", ""), w.tick())
	}
	movedHere := func(s *MemStore, p *MemPhone, w *world, i int) {
		s.Edit(scope, engine.ItemIDFromUID(scope, uid(i), 1), With(Item(uid(i), "x", ""), KeyCollection, "team"), w.tick())
	}
	for _, tt := range []struct {
		name   string
		had    int
		change func(*world)
		side   engine.Side // that is stopped at; empty: none
	}{
		{"10 of 50 gone on the phone", had, change(10, goneThere), ""},
		{"10 of 20 gone on the phone", 20, change(10, goneThere), ""},
		{"11 of 50 gone on the phone", had, change(11, goneThere), engine.ToPhone},
		{"11 of 55 gone on the phone", 55, change(11, goneThere), ""},
		{"10 of 50 gone in the store", had, change(10, goneHere), ""},
		{"11 of 50 gone in the store", had, change(11, goneHere), engine.ToStore},
		{"11 of 50 changed on the phone", had, change(11, changedThere), engine.ToPhone},
		{"11 of 55 changed on the phone", 55, change(11, changedThere), ""},
		{"11 of 50 moved in the store", had, change(11, movedHere), ""},
		{"all 5 gone on the phone", 5, change(5, goneThere), engine.ToPhone},
		{"all 4 gone on the phone", 4, change(4, goneThere), ""},
		{"all 5 gone in the store", 5, change(5, goneHere), engine.ToStore},
		{"all 4 gone in the store", 4, change(4, goneHere), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1)
			for i := range tt.had {
				w.phones[0].Edit("personal/"+uid(i), Item(uid(i), "x", ""), w.tick())
			}
			w.sync(0, 0, -1, false)
			tt.change(w)
			commits := w.stores[0].Commits
			sess := engine.NewSession(w.stores[0], w.phones[0], []engine.Schema{Toy{scope}}, engine.Options{Rand: zero{w}})
			res, err := sess.Run(context.Background())
			if tt.side == "" {
				if err != nil {
					t.Errorf("stopped: %v, %+v", err, res.Plan.Brake)
				}
				return
			}
			if !errors.Is(err, engine.ErrBraked) || res.Plan.Brake.Side != tt.side {
				t.Errorf("got %v, %+v; want a brake at the %s", err, res.Plan.Brake, tt.side)
			}
			if w.stores[0].Commits != commits {
				t.Error("it wrote all the same")
			}
		})
	}
}
