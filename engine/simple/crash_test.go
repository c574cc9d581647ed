package simple_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/metastore"
	"cradle/engine/simple"
	"cradle/valuebag"
)

// A creation whose object can't be read after the crash is waited for.
func TestCrashThenUnreadable(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(1)
		p.sync(1, 0)
		p.n += 1000
		p.peer.Edit(scope, engine.ItemID{0x77}, Item("", "nameless", ""), p.n)
		p.mem.writes, p.mem.kill = 0, -1
		if _, err := p.try(); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		p.mem.readFails["k002"] = errors.New("busy")
		p.restart()
		for range 2 { // it is sent once more each time
			if x := p.sync(0, 1); x.ToA[scope].Left != 1 {
				t.Errorf("%d items left, want 1", x.ToA[scope].Left)
			}
		}
		delete(p.mem.readFails, "k002")
		if _, err := p.try(); err != nil {
			t.Fatal(err)
		}
		p.names("i0", "nameless")
		p.sync(0, 0)
	})
}

// Data and metadata go back to a backup, and the peer has what came after it.
func TestRestoredWhole(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(3)
		p.sync(3, 0)
		backup, objects := p.export(), maps.Clone(p.mem.objects)
		p.mem.put("k001", Item("i0", "after the backup", ""))
		p.sync(1, 0)
		p.restore(backup)
		p.mem.objects = objects
		p.mem.journal = p.mem.journal[:3]
		p.mem.put("k002", Item("i1", "after the restoration", ""))
		if _, err := p.try(); err != nil {
			t.Fatal(err)
		}
		p.names("after the backup", "after the restoration", "i2")
		p.sync(0, 0)
	})
}

// Two copies of one participant that meet each other: nobody knows what they had in
// common, and the later edit of an item wins.
func TestCopiesMeet(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(2)
		p.sync(2, 0)
		backup := p.export()
		other := newPair(t, places["enumeration"])
		other.mem.objects, other.mem.rev, other.mem.next = maps.Clone(p.mem.objects), p.mem.rev, p.mem.next
		other.rand.letter = 0xe0
		other.restore(backup)
		p.mem.put("k001", Item("i0", "at the first", ""))
		other.mem.put("k002", Item("i1", "at the second", ""))
		for range 2 {
			if _, err := engine.Exchange(context.Background(), p.prov, other.prov, []string{scope}, engine.ExchangeOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := p.try(); err != nil {
			t.Fatal(err)
		}
		p.names("at the first", "at the second")
		if n := describe(other.mem.objects["k001"].Value); n != "at the first" {
			t.Errorf("the second has %q", n)
		}
	})
}

// busyPlace is a memPlace in which something happens while it is listed.
type busyPlace struct {
	*memPlace
	listed func()
}

func (b busyPlace) List(ctx context.Context, yield func(simple.Object) error) error {
	err := b.memPlace.List(ctx, yield)
	if b.listed != nil {
		b.listed()
	}
	return err
}

// Two programs with one metadata store: the slower one has to begin again.
func TestOvertaken(t *testing.T) {
	p := newPair(t, places["enumeration"])
	p.fill(2)
	p.sync(2, 0)
	second := must(simple.New(context.Background(), Toy{Scope: scope}, p.mem, p.meta, simple.Options{}))
	maintain := func() {
		p.mem.put("", Item(fmt.Sprint("meanwhile", p.mem.rev), "meanwhile", ""))
		if err := second.Maintain(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	once := true
	p.place = busyPlace{memPlace: p.mem, listed: func() {
		if once {
			once = false
			maintain()
		}
	}}
	p.restart()
	p.mem.put("k001", Item("i0", "edited", ""))
	if _, err := p.try(); !errors.Is(err, metastore.ErrOvertaken) {
		t.Errorf("while it listed: got %v, want ErrOvertaken", err)
	}
	p.sync(2, 0)
	p.edit("x", Item("x", "x", ""))
	p.mem.refuse = func(v *valuebag.Values) error {
		if Str(v, KeyUID) == "x" && len(p.mem.objects) == 3 {
			maintain()
		}
		return nil
	}
	if _, err := p.try(); !errors.Is(err, metastore.ErrOvertaken) {
		t.Errorf("while it wrote: got %v, want ErrOvertaken", err)
	}
	if _, err := p.try(); err != nil {
		t.Fatal(err)
	}
	p.names("edited", "i1", "meanwhile", "meanwhile", "x")
	p.sync(0, 0)
}

// busyLog is a logPlace that changes while it is listed.
type busyLog struct {
	logPlace
	listed func()
}

func (b busyLog) List(ctx context.Context, yield func(simple.Object) error) error {
	err := b.logPlace.List(ctx, yield)
	b.listed()
	return err
}

// What changes during the first listing, behind it, is found by the anchor.
func TestChangedWhileListed(t *testing.T) {
	p := newPair(t, places["anchor"])
	p.fill(2)
	p.mem.values = true
	once := true
	p.place = busyLog{logPlace{p.mem}, func() {
		if once {
			once = false
			p.mem.put("k001", Item("i0", "just edited", ""))
			p.mem.put("", Item("new", "just made", ""))
		}
	}}
	p.restart()
	for range 2 {
		if _, err := p.try(); err != nil {
			t.Fatal(err)
		}
	}
	p.names("i1", "just edited", "just made")
}

// An item without a UID that its user edits between the creation and the look at what
// came of it is the one that was created.
func TestEditedAtOnce(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.peer.Edit(scope, engine.ItemID{0x77}, Item("", "nameless", ""), 1000)
		p.mem.created = func(key string) { p.mem.put(key, Item("", "nameless", "edited at once")) }
		if x, err := p.try(); err != nil || len(x.ToA[scope].Failed) != 1 {
			t.Fatalf("got %v, %v, want an item that failed", x.ToA[scope], err)
		}
		p.mem.created = nil
		p.restart()
		for range 2 {
			if _, err := p.try(); err != nil {
				t.Fatal(err)
			}
		}
		p.names("nameless/edited at once")
		p.sync(0, 0)
	})
}

// An item that changes between the look at the place and the question about its
// conflict is left for the next time; the session goes on with the others.
func TestChangedBeforeTheQuestion(t *testing.T) {
	p := newPair(t, places["enumeration"])
	p.fill(2)
	p.sync(2, 0)
	p.mem.values = true
	p.mem.put("k001", Item("i0", "at the place", ""))
	p.edit("i0", Item("i0", "at the peer", ""))
	p.edit("i1", Item("i1", "at the peer too", ""))
	p.place = busyPlace{memPlace: p.mem, listed: func() { p.mem.put("k001", Item("i0", "once more", "")) }}
	p.restart()
	opt := engine.ExchangeOptions{Direction: engine.OnlyBA, Resolve: func(engine.Clash) (engine.ConflictAction, *valuebag.Values) { return engine.ByPreset, nil }}
	x, err := engine.Exchange(context.Background(), p.prov, p.peer.Full(), []string{scope}, opt)
	if err != nil {
		t.Fatal(err)
	}
	if to := x.ToA[scope]; to.Left != 1 || to.Moves.Updated != 1 {
		t.Errorf("got %+v, want one item left and one updated", to)
	}
	if v := describe(p.mem.objects["k001"].Value); v != "once more" {
		t.Errorf("the place holds %q, want what its user just wrote", v)
	}
}
