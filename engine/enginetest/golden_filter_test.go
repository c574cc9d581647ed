package enginetest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// session runs one session whole and says what moved: "to store +1~0-0, to phone
// +0~1-0<0, 0 conflicts".
func (w *world) session(i, j int, filter ...engine.Filter) string {
	w.t.Helper()
	opt := engine.Options{
		Pair: func(engine.Meet) bool { return true }, Now: func() time.Time { return time.UnixMilli(w.now) }, Rand: zero{w},
	}
	if len(filter) > 0 {
		opt.Filters = map[string]engine.Filter{scope: filter[0]}
	}
	res, err := engine.NewSession(w.stores[i], w.phones[j], []engine.Schema{Toy{scope}}, opt).Run(context.Background())
	if err != nil {
		w.fail("session of PC%d and %s: %v", i+1, w.phones[j].Serial, err)
	}
	var units []string
	for _, a := range res.Plan.Actions {
		units = append(units, a.Units...)
	}
	st := res.Stats[scope]
	m := func(m engine.Moves) string {
		return fmt.Sprintf("+%d~%d-%d<%d", m.Created, m.Updated, m.Deleted, m.Left)
	}
	return fmt.Sprintf("store %s phone %s conflicts %d %v", m(st.ToStore), m(st.ToPhone), st.Conflicts, units)
}

func (w *world) wantMoves(what, got, want string) {
	w.t.Helper()
	if got != want {
		w.fail("%s: got %s, want %s", what, got, want)
	}
}

func toyID(uid string) engine.ItemID { return engine.ItemIDFromUID(scope, uid, 1) }

func (w *world) meta(i int, uid string) *engine.ItemMeta {
	found, err := w.stores[i].Metas(context.Background(), scope, []engine.ItemID{toyID(uid)})
	if err != nil {
		w.fail("%v", err)
	}
	return found[toyID(uid)]
}

func (w *world) line(j int, uid string) *engine.PartialItem {
	items := w.phones[j].State(scope).Items
	for i := range items {
		if items[i].Meta.ID == toyID(uid) {
			return &items[i]
		}
	}
	return nil
}

func (w *world) ghost(j int, uid string) bool {
	return slices.ContainsFunc(w.phones[j].State(scope).Ghosts, func(g engine.Ghost) bool { return g.ID == toyID(uid) })
}

func (w *world) put(i int, uid, name, note string) {
	w.stores[i].Edit(scope, toyID(uid), Item(uid, name, note), w.tick())
}

func (w *world) names(j int) []string {
	var out []string
	for _, v := range w.phones[j].Objects() {
		out = append(out, Str(v, KeyName)+"/"+Str(v, KeyNote))
	}
	slices.Sort(out)
	return out
}

func (w *world) wantNames(j int, want ...string) {
	w.t.Helper()
	if got := w.names(j); !slices.Equal(got, want) {
		w.fail("%s holds %q, want %q", w.phones[j].Serial, got, want)
	}
}

// G22: without a unit, the other units of an edit go over, the phone's knowledge of
// that unit stays behind, and lifting the filter sends exactly that unit.
func TestGoldenG22UnitFilter(t *testing.T) {
	w := newWorld(t, 1)
	w.put(0, "a", "a1", "n1")
	w.put(0, "b", "b1", "")
	without := engine.Filter{Without: []string{"note"}}
	w.wantMoves("first sync", w.session(0, 0, without), "store +0~0-0<0 phone +2~0-0<0 conflicts 0 []")
	w.wantNames(0, "a1/", "b1/")
	w.put(0, "a", "a2", "n2")
	w.put(0, "b", "b1", "n3")
	w.wantMoves("both units edited", w.session(0, 0), "store +0~0-0<0 phone +0~1-0<0 conflicts 0 [name]")
	w.wantNames(0, "a2/", "b1/")
	k, note := w.phones[0].State(scope).Knowledge, w.meta(0, "a").Unit("note").Version
	if k.Contains(toyID("a"), "note", note) {
		w.fail("the phone claims the note: %v", k)
	}
	if name := w.meta(0, "a").Unit("name").Version; !k.Contains(toyID("a"), "name", name) {
		w.fail("the phone doesn't know the name: %v", k)
	}
	w.wantMoves("again", w.session(0, 0), "store +0~0-0<0 phone +0~0-0<0 conflicts 0 []")
	w.wantMoves("another computer", w.session(1, 0), "store +2~0-0<0 phone +0~0-0<0 conflicts 0 []")
	w.wantMoves("lifted", w.session(0, 0, engine.Filter{}), "store +0~0-0<0 phone +0~2-0<0 conflicts 0 [note note]")
	w.wantNames(0, "a2/n2", "b1/n3")
	w.wantMoves("the other one gets them", w.session(1, 0), "store +0~2-0<0 phone +0~0-0<0 conflicts 0 [note note]")
	if n := w.phones[0].State(scope).Knowledge.Exceptions(); n > 0 {
		w.fail("the phone's knowledge keeps %d exceptions", n)
	}
}

// A deletion on the phone deletes what wasn't sent with it; an edit there of the unit
// that isn't sent comes in.
func TestGoldenG22PhonesOwn(t *testing.T) {
	w := newWorld(t, 1)
	w.put(0, "a", "a1", "n1")
	w.put(0, "b", "b1", "n2")
	w.session(0, 0, engine.Filter{Without: []string{"note"}})
	w.phones[0].Edit("personal/a", nil, w.tick())
	w.phones[0].Edit("personal/b", Item("b", "b1", "mine"), w.tick())
	w.wantMoves("the phone's", w.session(0, 0), "store +0~1-1<0 phone +0~0-0<0 conflicts 1 [note note]")
	if got := Str(w.stores[0].Live(scope)[toyID("b")], KeyNote); got != "mine" {
		w.fail("the store's note is %q, want the phone's, which is newer", got)
	}
}

// hour moves the window of RuleWindow to the given hour.
func (w *world) hour(h int) {
	w.now = time.Date(2026, 1, 1, h, 0, 0, 0, time.UTC).UnixMilli()
}

var inWindow = engine.Filter{Rules: []engine.Rule{{Name: RuleWindow}}}

// G23: an item that leaves the window is a ghost on the phone, no tombstone; moved
// back it returns with one send; a deletion of another by the phone's user is real.
func TestGoldenG23Window(t *testing.T) {
	w := newWorld(t, 1)
	w.hour(0) // '0' is 48: names that end in 0, 3, 6, 9 are out
	w.put(0, "a", "a1", "")
	w.put(0, "b", "b2", "")
	w.put(0, "c", "c3", "")
	w.wantMoves("first sync", w.session(0, 0, inWindow), "store +0~0-0<0 phone +2~0-0<0 conflicts 0 []")
	w.wantNames(0, "a1/", "b2/")
	if w.phones[0].State(scope).Knowledge.Contains(toyID("c"), engine.Life, w.meta(0, "c").LifeVersion) || w.line(0, "c") != nil {
		w.fail("the phone claims what never passed")
	}
	w.wantMoves("another computer", w.session(1, 0), "store +2~0-0<0 phone +0~0-0<0 conflicts 0 []")

	w.put(0, "a", "a6", "")
	w.hour(0)
	w.wantMoves("moved out", w.session(0, 0), "store +0~0-0<0 phone +0~0-0<1 conflicts 0 []")
	w.wantNames(0, "b2/")
	if !w.meta(0, "a").Live() || w.line(0, "a") != nil || !w.ghost(0, "a") {
		w.fail("store %v, line %v, ghost %t", w.meta(0, "a"), w.line(0, "a"), w.ghost(0, "a"))
	}
	if v := w.meta(0, "a").Unit("name").Version; !w.phones[0].State(scope).Knowledge.Contains(toyID("a"), "name", v) {
		w.fail("the ghost's version isn't kept")
	}
	w.wantMoves("again", w.session(0, 0), "store +0~0-0<0 phone +0~0-0<0 conflicts 0 []")
	w.wantMoves("a computer with an older form", w.session(1, 0), "store +0~0-0<0 phone +0~0-0<0 conflicts 0 []")
	if !w.meta(1, "a").Live() || w.stores[1].Live(scope)[toyID("a")] == nil {
		w.fail("the other computer lost the item that left")
	}

	w.put(0, "a", "a7", "")
	w.hour(0)
	w.wantMoves("moved back", w.session(0, 0), "store +0~0-0<0 phone +1~0-0<0 conflicts 0 []")
	if w.ghost(0, "a") || w.line(0, "a") == nil {
		w.fail("it is back and still a ghost")
	}
	w.wantMoves("the other hears of it", w.session(1, 0), "store +0~1-0<0 phone +0~0-0<0 conflicts 0 [name]")

	w.phones[0].Edit("personal/b", nil, w.tick())
	w.hour(0)
	w.wantMoves("deleted on the phone", w.session(0, 0), "store +0~0-1<0 phone +0~0-0<0 conflicts 0 []")
	if w.meta(0, "b").Live() || w.line(0, "b") == nil || !w.line(0, "b").Meta.Deleted {
		w.fail("no tombstone")
	}

	w.hour(1) // '1' and '7' are out
	w.wantMoves("time goes by", w.session(0, 0), "store +0~0-0<0 phone +1~0-0<1 conflicts 0 []")
	w.wantNames(0, "c3/")
	w.wantMoves("widened", w.session(0, 0, engine.Filter{}), "store +0~0-0<0 phone +1~0-0<0 conflicts 0 []")
	w.wantNames(0, "a7/", "c3/")
}

// What the phone's user makes or edits outside comes in and stays, also when another
// computer was there; deleted there it is deleted.
func TestGoldenG23MadeOnThePhone(t *testing.T) {
	w := newWorld(t, 1)
	w.hour(0)
	w.put(0, "a", "a1", "")
	w.session(0, 0, inWindow)
	w.phones[0].Edit("personal/m", Item("m", "m3", ""), w.now)
	w.phones[0].Edit("personal/a", Item("a", "a9", ""), w.now)
	w.wantMoves("made", w.session(0, 0), "store +1~1-0<0 phone +0~0-0<0 conflicts 0 [name]")
	w.wantMoves("again", w.session(0, 0), "store +0~0-0<0 phone +0~0-0<0 conflicts 0 []")
	w.wantMoves("another computer", w.session(1, 0), "store +2~0-0<0 phone +0~0-0<0 conflicts 0 []")
	w.wantMoves("again", w.session(0, 0), "store +0~0-0<0 phone +0~0-0<0 conflicts 0 []")
	w.wantNames(0, "a9/", "m3/")
	w.stores[1].Edit(scope, toyID("m"), Item("m", "m3", "more"), w.now+1)
	w.wantMoves("edited on the other computer", w.session(1, 0), "store +0~0-0<0 phone +0~1-0<0 conflicts 0 [note]")
	w.phones[0].Edit("personal/m", nil, w.now)
	w.wantMoves("deleted", w.session(0, 0), "store +0~0-1<0 phone +0~0-0<0 conflicts 0 []")
}

// Wherever the cable is pulled or the program killed while items leave, no computer
// ever takes that for a deletion.
func TestLeavingCutAnywhere(t *testing.T) {
	for _, kill := range []bool{false, true} {
		for cut := 1; ; cut++ {
			w := newWorld(t, 1)
			w.hour(0)
			for _, uid := range []string{"a", "b", "c", "d"} {
				w.put(0, uid, uid+"1", "")
			}
			w.hour(0)
			w.session(0, 0, inWindow)
			w.session(1, 0)
			w.hour(1)
			err := w.sync(0, 0, cut, kill)
			w.session(1, 0)
			w.session(0, 0)
			w.wantNames(0)
			for i, s := range w.stores {
				if n := len(s.Live(scope)); n != 4 {
					w.fail("kill %t, cut %d: PC%d has %d items, want 4", kill, cut, i+1, n)
				}
			}
			if n := len(w.phones[0].State(scope).Ghosts); n != 4 {
				w.fail("kill %t, cut %d: %d ghosts, want 4", kill, cut, n)
			}
			if err == nil {
				break
			}
		}
	}
}

// A brake is no matter of what leaves: 400 items of another filter aren't deleted.
func TestLeavingIsNoMassDeletion(t *testing.T) {
	w := newWorld(t, 1)
	w.hour(0)
	for i := range 400 {
		w.put(0, fmt.Sprint("u", i), fmt.Sprint("x", i, "1"), "")
	}
	w.put(0, "k", "k2", "")
	w.hour(0)
	w.session(0, 0, inWindow)
	w.hour(1)
	w.wantMoves("they leave", w.session(0, 0), "store +0~0-0<0 phone +0~0-0<400 conflicts 0 []")
	w.wantNames(0, "k2/")
}

// A filter that a newer program put on the phone stops a session before it writes
// anything; one that makes no sense is refused.
func TestUnknownFilter(t *testing.T) {
	w := newWorld(t, 1)
	w.put(0, "a", "a1", "")
	w.session(0, 0)
	w.phones[0].State(scope).Filter = engine.Filter{Rules: []engine.Rule{{Name: "colour", Params: []string{"red"}}}}
	w.put(0, "b", "b1", "")
	run := func(filters map[string]engine.Filter) error {
		_, err := engine.NewSession(w.stores[0], w.phones[0], []engine.Schema{Toy{scope}}, engine.Options{Rand: zero{w}, Filters: filters}).Run(context.Background())
		return err
	}
	if err := run(nil); !errors.Is(err, engine.ErrNewer) {
		t.Errorf("got %v, want %v", err, engine.ErrNewer)
	}
	w.wantNames(0, "a1/")
	if err := run(map[string]engine.Filter{scope: {Without: []string{"name"}}}); err == nil || errors.Is(err, engine.ErrNewer) {
		t.Errorf("without a part that nothing can do without: got %v", err)
	}
	w.wantNames(0, "a1/")
	if err := run(map[string]engine.Filter{scope: {}}); err != nil {
		t.Errorf("another filter takes its place: got %v", err)
	}
	w.wantNames(0, "a1/", "b1/")
}
