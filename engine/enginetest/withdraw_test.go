package enginetest_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// changed lists the names of the items that runs have changed on the phone, as their
// records say.
func (w *world) changed() []string {
	names := []string{}
	for _, img := range w.stores[0].Images() {
		if img.Side == engine.ToPhone {
			names = append(names, Str(w.stores[0].Live(scope)[img.Item], KeyName))
		}
	}
	slices.Sort(names)
	return names
}

// TestRefusedIsNoChange: of what the phone refused no run says that it was changed, and
// a run in which nothing else happened is none.
func TestRefusedIsNoChange(t *testing.T) {
	w := newWorld(t, 1)
	w.put(0, "a", "taken", "")
	w.put(0, "b", "refused", "")
	res := w.meet(&refusing{w.phones[0], map[string]bool{"refused": true}})
	if got := w.changed(); !slices.Equal(got, []string{"taken"}) || res.Run == 0 {
		t.Errorf("run %d changed %q, want the one that was taken", res.Run, got)
	}
	res = w.meet(&refusing{w.phones[0], map[string]bool{"refused": true}})
	if got := w.changed(); !slices.Equal(got, []string{"taken"}) || res.Run != 0 || len(res.Failed) != 1 {
		t.Errorf("run %d changed %q, %v failed; want no run, one failed", res.Run, got, res.Failed)
	}
	res = w.meet(w.phones[0])
	if got := w.changed(); !slices.Equal(got, []string{"refused", "taken"}) || res.Run == 0 {
		t.Errorf("run %d changed %q, want both in the end", res.Run, got)
	}
}

// TestUntriedIsNoChange: where the cable is pulled before an item's turn, no run says that
// it was changed on the phone; where it is pulled while it is written, it may have been.
func TestUntriedIsNoChange(t *testing.T) {
	const items = 4
	for cut := 1; ; cut++ {
		w := newWorld(t, 1)
		for _, uid := range []string{"a", "b", "c", "d"} {
			w.put(0, uid, uid, "")
		}
		n := 0
		w.phones[0].Cut = func() bool { n++; return n == cut }
		_, err := engine.NewSession(w.stores[0], w.phones[0], []engine.Schema{Toy{scope}}, engine.Options{Exempt: true, Rand: zero{w}}).Run(context.Background())
		if err != nil && !errors.Is(err, engine.ErrGone) {
			t.Fatal(err)
		}
		there, told := len(w.phones[0].Objects()), len(w.changed())
		if told < there || told > there+1 {
			t.Errorf("cut %d: %d items are told as changed, %d are there", cut, told, there)
		}
		if err == nil {
			if told != items {
				t.Errorf("%d items are told as changed, want %d", told, items)
			}
			return
		}
	}
}
