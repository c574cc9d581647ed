package enginetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// The golden scenarios of the sync model with a partial participant (sync-model
// §6.2): two computers A and B and a phone P.

// phoned is a cast of computers with a phone.
type phoned struct {
	*cast
	phone *MemPhone
	clock int64
}

func withPhone(t *testing.T, names string) *phoned {
	p := &phoned{cast: actors(t, names)}
	p.phone = NewMemPhone("P", Toy{scope}, &p.clock)
	return p
}

func (p *phoned) session(ctx context.Context, who string, opt engine.Options) (*engine.Result, error) {
	opt.Now = func() time.Time { return time.UnixMilli(p.now) }
	opt.Pair = func(engine.Meet) bool { return true }
	return engine.NewSession(p.stores[who], p.phone, []engine.Schema{Toy{scope}}, opt).Run(ctx)
}

// plug syncs the phone with a computer and wants the numbers of items that moved.
func (p *phoned) plug(who string, toStore, toPhone, conflicts int) {
	p.t.Helper()
	r, err := p.session(context.Background(), who, engine.Options{})
	if err != nil {
		p.t.Fatalf("%s and the phone: %v", who, err)
	}
	if s := r.Stats[scope]; s.ToStore.Total() != toStore || s.ToPhone.Total() != toPhone || s.Conflicts != conflicts {
		p.t.Errorf("%s and the phone: %+v, want %d to the store, %d to the phone, %d conflicts", who, *s, toStore, toPhone, conflicts)
	}
}

func (p *phoned) types(n byte, name string) {
	p.now += 10_000
	uid := item(n).String()
	p.phone.Edit("personal/"+uid, Item(uid, name, ""), p.now)
}

// saves is an edit at a computer of an item that has its ID from its UID, as from a phone.
func (p *phoned) saves(who, uid, name string) {
	p.now += 10_000
	p.stores[who].Edit(scope, engine.ItemIDFromUID(scope, uid, 1), Item(uid, name, ""), p.now)
}

func TestG18PartialParticipantTwoComputers(t *testing.T) {
	setUp := func(t *testing.T) *phoned {
		p := withPhone(t, "AB")
		for n := range byte(3) {
			p.types(n+1, "x")
		}
		p.plug("A", 3, 0, 0)
		p.plug("B", 3, 0, 0)
		p.types(1, "edited")
		return p
	}
	t.Run("the other computer sees the edit", func(t *testing.T) {
		p := setUp(t)
		p.plug("B", 1, 0, 0)
		p.sync("A", "B", plain, 0, 1, 0)
		p.plug("A", 0, 0, 0)
		commits := p.stores["A"].Commits
		p.plug("A", 0, 0, 0)
		if n := p.stores["A"].Commits; n != commits {
			t.Errorf("a sync with nothing to do committed %d times", n-commits)
		}
	})
	// B takes the edit and dies before the phone's state says so: nobody sees a second
	// edit in it.
	t.Run("killed before the state", func(t *testing.T) {
		p := setUp(t)
		p.saves("B", "new", "new at B")
		ops := 0
		p.phone.Cut = func() bool { ops++; return ops == 3 } // survey, write, and then the state
		if _, err := p.session(context.Background(), "B", engine.Options{}); !errors.Is(err, engine.ErrGone) {
			t.Fatalf("the session ended with %v", err)
		}
		p.phone.Cut = nil
		if n := len(p.phone.Objects()); n != 4 {
			t.Fatalf("%d objects on the phone, want 4", n)
		}
		p.plug("A", 2, 0, 0)
		p.plug("B", 0, 0, 0)
		p.plug("A", 0, 0, 0)
		if a, b := len(p.stores["A"].Live(scope)), len(p.stores["B"].Live(scope)); a != 4 || b != 4 {
			t.Errorf("%d items at A and %d at B, want 4", a, b)
		}
	})
}

// A cancelled session stops before the next item: what it did stands, and the next
// one goes on from there.
func TestCancelledPhoneSessionStopsAtTheNextItem(t *testing.T) {
	p := withPhone(t, "A")
	for n := range byte(9) {
		p.saves("A", fmt.Sprint("u", n), "x")
	}
	ctx, cancel := context.WithCancel(context.Background())
	writes, after := 0, 0
	p.phone.Cut = func() bool {
		if ctx.Err() != nil {
			after++
		}
		if writes++; writes == 4 { // the survey and three items
			cancel()
		}
		return false
	}
	_, err := p.session(ctx, "A", engine.Options{})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("the session ended with %v", err)
	}
	p.phone.Cut = nil
	if after > 0 {
		t.Errorf("%d operations after the cancellation", after)
	}
	done := len(p.phone.Objects())
	if done == 0 || done == 9 {
		t.Fatalf("%d objects on the phone when it was cancelled, want some", done)
	}
	r, err := p.session(context.Background(), "A", engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Stats[scope].ToPhone.Created; got != 9-done {
		t.Errorf("the next session wrote %d, want the %d that were left", got, 9-done)
	}
	if n := len(p.phone.Objects()); n != 9 {
		t.Errorf("%d objects, want 9", n)
	}
}
