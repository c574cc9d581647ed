package enginetest_test

import (
	"context"
	"testing"
	"time"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// forgotten sets up what G10 and G11 begin with: i1 and i2 at both computers and on
// the phone, of which a clone stays behind; PC1 deleted i1, the phone heard of it, and
// both have forgotten that.
func forgotten(t *testing.T) *world {
	w := newWorld(t, 1)
	w.put(0, "i1", "one", "")
	w.put(0, "i2", "two", "")
	w.session(0, 0)
	w.session(1, 0)
	w.phones = append(w.phones, w.phones[0].Copy("P2"))
	w.stores[0].Edit(scope, toyID("i1"), nil, w.tick())
	w.wantMoves("deleted", w.session(0, 0), "store +0~0-0<0 phone +0~0-1<0 conflicts 0 []")
	gone := w.meta(0, "i1").LifeVersion
	n, err := engine.ForgetDeletions(context.Background(), w.stores[0], scope, time.UnixMilli(w.tick()))
	if err != nil || n != 1 {
		t.Fatalf("forgot %d deletions: %v", n, err)
	}
	rep, err := w.stores[0].Replica(context.Background(), scope)
	if err != nil || !rep.Forgotten.Equal(engine.NewKnowledge(gone)) {
		t.Fatalf("forgotten knowledge %v %v, want %v", rep.Forgotten, err, gone)
	}
	w.wantMoves("nothing to do", w.session(0, 0), "store +0~0-0<0 phone +0~0-0<0 conflicts 0 []")
	if w.line(0, "i1") == nil {
		t.Fatal("a run that moved nothing wrote the phone's state")
	}
	w.put(0, "i3", "three", "")
	w.session(0, 0)
	if w.line(0, "i1") != nil || !w.phones[0].State(scope).Forgotten.Covers(rep.Forgotten) {
		t.Fatal("the phone's state keeps the tombstone, or doesn't say that it forgot it")
	}
	return w
}

// wantNothingOf checks that nobody holds anything of an item, nor a tombstone.
func (w *world) wantNothingOf(uid string) {
	w.t.Helper()
	for i := range w.stores {
		if m := w.meta(i, uid); m != nil {
			w.fail("PC%d still has %s: %+v", i+1, uid, m)
		}
	}
	for j, p := range w.phones {
		if it := w.line(j, uid); it != nil {
			w.fail("%s still has %s: %+v", p.Serial, uid, it)
		}
	}
}

// G10, a computer that is out of date: what was deleted and forgotten goes without a
// tombstone, all else stays, and its own new item goes on.
func TestGoldenG10OutOfDateComputer(t *testing.T) {
	w := forgotten(t)
	w.put(1, "i9", "nine", "")
	w.wantMoves("recovery", w.session(1, 0), "store +1~0-1<0 phone +1~0-0<0 conflicts 0 []")
	rep, err := w.stores[1].Replica(context.Background(), scope)
	if err != nil || !rep.Forgotten.Equal(w.phones[0].State(scope).Forgotten) {
		t.Errorf("PC2 has forgotten %v %v, the phone %v", rep.Forgotten, err, w.phones[0].State(scope).Forgotten)
	}
	w.wantMoves("again", w.session(1, 0), "store +0~0-0<0 phone +0~0-0<0 conflicts 0 []")
	w.wantMoves("the first computer", w.session(0, 0), "store +1~0-0<0 phone +0~0-0<0 conflicts 0 []")
	w.wantMoves("the clone", w.session(1, 1), "store +0~0-0<0 phone +2~0-1<0 conflicts 0 []")
	w.wantNothingOf("i1")
	for j := range w.phones {
		w.wantNames(j, "nine/", "three/", "two/")
	}
}

// The phone's form of it: a phone that is out of date.
func TestGoldenG10OutOfDatePhone(t *testing.T) {
	w := forgotten(t)
	w.phones[1].Edit("personal/i9", Item("i9", "nine", ""), w.tick())
	w.wantMoves("recovery", w.session(0, 1), "store +1~0-0<0 phone +1~0-1<0 conflicts 0 []")
	w.wantNames(1, "nine/", "three/", "two/")
	w.wantMoves("again", w.session(0, 1), "store +0~0-0<0 phone +0~0-0<0 conflicts 0 []")
	w.wantMoves("the other computer", w.session(1, 1), "store +2~0-1<0 phone +0~0-0<0 conflicts 0 []")
	w.session(1, 0)
	w.wantNothingOf("i1")
}

// G11: an edit of what was deleted and forgotten is an edit that met a deletion: it is
// logged, and lives as the item that it was, everywhere.
func TestGoldenG11StaleEdit(t *testing.T) {
	for _, where := range []string{"computer", "phone"} {
		t.Run(where, func(t *testing.T) {
			w := forgotten(t)
			born := w.meta(1, "i1").Creation
			var logged []engine.Conflict
			if where == "computer" {
				w.put(1, "i1", "changed", "")
				w.wantMoves("recovery", w.session(1, 0), "store +1~0-0<0 phone +1~0-0<0 conflicts 1 [deleted]")
				logged = w.stores[1].Conflicts()
			} else {
				w.phones[1].Edit("personal/i1", Item("i1", "changed", ""), w.tick())
				w.wantMoves("recovery", w.session(0, 1), "store +1~0-0<0 phone +1~0-0<0 conflicts 1 [deleted]")
				logged = w.stores[0].Conflicts()
			}
			if len(logged) != 1 || logged[0].Unit != engine.UnitDeleted || logged[0].State != engine.Settled {
				t.Errorf("logged %+v", logged)
			}
			w.settle()
			for i := range w.stores {
				if m := w.meta(i, "i1"); !m.Live() || m.Creation != born {
					t.Errorf("PC%d has %+v, want it alive, created as %v", i+1, m, born)
				}
			}
			for j := range w.phones {
				w.wantNames(j, "changed/", "three/", "two/")
			}
		})
	}
}

// A first sync never deletes: a phone that lost its state brings back what was deleted
// and forgotten, and that reaches everybody.
func TestForgottenThenWiped(t *testing.T) {
	w := forgotten(t)
	w.phones[1].Wipe()
	w.settle()
	for j := range w.phones {
		w.wantNames(j, "one/", "three/", "two/")
	}
}

// A run forgets by itself what is old enough, when it writes anyway.
func TestRunForgets(t *testing.T) {
	w := newWorld(t, 1)
	w.put(0, "i1", "one", "")
	w.put(0, "i2", "two", "")
	w.session(0, 0)
	w.stores[0].Edit(scope, toyID("i1"), nil, w.tick())
	w.session(0, 0)
	run := func(days int) {
		at := time.UnixMilli(w.now).AddDate(0, 0, days)
		if _, err := engine.NewSession(w.stores[0], w.phones[0], []engine.Schema{Toy{scope}}, engine.Options{
			Now: func() time.Time { return at }, Rand: zero{w}, ForgetAfter: 180 * 24 * time.Hour,
		}).Run(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	run(200)
	if w.meta(0, "i1") == nil {
		t.Error("a run that moved nothing forgot a deletion")
	}
	w.put(0, "i3", "three", "")
	run(170)
	if w.meta(0, "i1") == nil {
		t.Error("forgotten after 170 days, want 180")
	}
	w.put(0, "i4", "four", "")
	run(181)
	if w.meta(0, "i1") != nil {
		t.Error("not forgotten after 181 days")
	}
}
