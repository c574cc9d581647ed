package simple_test

import (
	"context"
	"errors"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// What a write overwrites to settle a conflict is in the log, whatever ends the
// session between the write and the commit.
func TestSettledBeforeTheEnd(t *testing.T) {
	ends := map[string]struct {
		end  func(p *pair)
		once bool     // nobody else touched the object: it is logged once
		lost []string // besides what the place had
	}{
		"killed before the write": {func(p *pair) { p.mem.kill = p.mem.writes + 1 }, true, nil},
		"killed after the write":  {func(p *pair) { p.mem.kill = -p.mem.writes - 1 }, true, nil},
		"edited after the write": {func(p *pair) {
			p.mem.updated = func(key string) { p.mem.put(key, Item("i0", "typed just then", "")) }
		}, false, []string{"typed just then"}},
		"deleted after the write": {func(p *pair) { p.mem.updated = func(key string) { p.mem.drop(key) } }, false, nil}, // an edit that the deletion didn't know
	}
	for name, c := range ends {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, p *pair) {
				p.fill(6)
				p.sync(6, 0)
				p.mem.put("k001", Item("i0", "by place", ""))
				p.edit("i0", Item("i0", "by peer", ""))
				c.end(p)
				meet := func() error {
					_, err := engine.Exchange(context.Background(), p.peer.Full(), p.prov, []string{scope}, engine.ExchangeOptions{Preset: engine.Desktop})
					return err
				}
				if err := meet(); err != nil && !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
				p.mem.kill, p.mem.updated = 0, nil
				p.restart()
				for range 3 {
					if err := meet(); err != nil {
						t.Fatal(err)
					}
				}
				p.names("by peer", "i1", "i2", "i3", "i4", "i5")
				log, err := p.prov.Conflicts(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				times := map[string]int{}
				for _, e := range append(log, p.peer.Conflicts()...) {
					if e.Lost != nil {
						times[describe(e.Lost)]++
					}
				}
				for _, lost := range append(c.lost, "by place") {
					if n := times[lost]; n == 0 || c.once && n > 1 {
						t.Errorf("%q is in the log %d times: %v", lost, n, times)
					}
				}
				p.sync(0, 0)
			})
		})
	}
}

// toPlace sends what is new at the peer to the place.
func (p *pair) toPlace() error {
	_, err := engine.Exchange(context.Background(), p.peer.Full(), p.prov, []string{scope}, engine.ExchangeOptions{Direction: engine.OnlyAB})
	return err
}

// The peer's edit is written, the program ends before it is learned, and the peer is
// restored from a backup made before the edit: it hears that it was there, and takes
// a new identity instead of making the same version anew.
func TestWrittenThenThePeerIsRestored(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(2)
		p.sync(2, 0)
		backup := p.peer.Copy()
		p.edit("i0", Item("i0", "before the restoration", ""))
		p.mem.kill = -p.mem.writes - 1
		if err := p.toPlace(); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		p.mem.kill = 0
		p.restart()
		p.peer = backup
		p.edit("i1", Item("i1", "after it", ""))
		for range 3 {
			x, err := p.try()
			if err != nil {
				t.Fatal(err)
			}
			if f := append(x.ToA[scope].Failed, x.ToB[scope].Failed...); len(f) > 0 {
				t.Errorf("failed: %v", f)
			}
		}
		p.names("after it", "before the restoration")
		p.sync(0, 0)
	})
}

// A deletion that the peer made and forgot is carried out without a tombstone. Cut
// short, it is a deletion of the replica's own, that others hear of.
func TestDropCutShort(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(6)
		p.sync(6, 0)
		third := newPeer(0xc0)
		meet := func() {
			t.Helper()
			if _, err := engine.Exchange(context.Background(), p.prov, third.Full(), []string{scope}, engine.ExchangeOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		meet()
		p.edit("i0", nil)
		p.peer.ForgetTombstones(scope)
		p.mem.kill = -p.mem.writes - 1
		if err := p.toPlace(); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		p.mem.kill = 0
		p.restart()
		meet()
		if third.Live(scope)[engine.ItemIDFromUID(scope, "i0", 1)] != nil {
			t.Error("the third still has what was deleted")
		}
		if _, err := p.try(); err != nil {
			t.Fatal(err)
		}
		p.names("i1", "i2", "i3", "i4", "i5")
	})
}

// An item that can't be dropped for now is one that failed, not the session's end; it
// goes the next time.
func TestDropRefused(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(6)
		p.sync(6, 0)
		p.edit("i0", nil)
		p.edit("i1", nil)
		p.peer.ForgetTombstones(scope)
		p.mem.keep = "k001"
		x, err := engine.Exchange(context.Background(), p.peer.Full(), p.prov, []string{scope}, engine.ExchangeOptions{Direction: engine.OnlyAB})
		if err != nil {
			t.Fatal(err)
		}
		if b := x.ToB[scope]; len(b.Failed) != 1 || b.Dropped != 1 {
			t.Errorf("%d failed and %d dropped, want 1 and 1", len(b.Failed), b.Dropped)
		}
		p.mem.keep = ""
		if err := p.toPlace(); err != nil {
			t.Fatal(err)
		}
		p.names("i2", "i3", "i4", "i5")
	})
}

// The peer's deletion of what it had by the same name meets an item here, and the program
// ends before that is decided. Who then deletes the item here deleted all of it: that a
// third let it live against the first deletion doesn't bring it back.
func TestDeletedBeforeTheConflictWasDecided(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		meet := func(a, b engine.Provider) {
			t.Helper()
			if _, err := engine.Exchange(context.Background(), a, b, []string{scope}, engine.ExchangeOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		p.fill(1)
		third := newPeer(0xc0)
		meet(p.prov, third.Full())
		p.edit("i0", Item("i0", "of the peer", ""))
		p.edit("i0", nil)
		p.edit("other", Item("other", "other", ""))
		p.mem.kill = p.mem.writes + 1
		if err := p.toPlace(); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		p.mem.kill = 0
		p.mem.drop("k001")
		p.restart()
		meet(p.peer.Full(), third.Full())
		if third.Live(scope)[engine.ItemIDFromUID(scope, "i0", 1)] == nil {
			t.Fatal("the third's item doesn't live on against a deletion that never saw it")
		}
		meet(p.prov, third.Full())
		meet(p.peer.Full(), third.Full())
		p.names("other")
	})
}
