package simple_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/simple"
	"cradle/valuebag"
)

func TestBothWays(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(2)
		p.edit("x", Item("x", "x", "note", "a"))
		p.sync(2, 1)
		p.names("i0", "i1", "x/note #a")
		p.sync(0, 0)

		p.mem.put("k001", Item("i0", "i0 edited", ""))
		p.edit("x", Item("x", "x", "", "a", "b"))
		p.mem.drop("k002")
		p.sync(2, 1)
		p.names("i0 edited", "x #a #b")
		// Different units of one item, and a list on both sides.
		p.mem.put("k003", Item("x", "x by place", "", "a", "b", "c"))
		p.edit("x", Item("x", "x", "by peer", "b"))
		if x := p.sync(1, 1); x.ToB[scope].Conflicts != 0 {
			t.Errorf("%d conflicts, want none", x.ToB[scope].Conflicts)
		}
		p.names("i0 edited", "x by place/by peer #b #c")
		p.edit("x", nil)
		p.sync(0, 1)
		p.names("i0 edited")
		p.mem.put("", Item("x", "x again", "")) // a deleted UID comes back
		p.sync(1, 0)
		p.names("i0 edited", "x again")
		p.sync(0, 0)
	})
}

func TestQuietWritesNothing(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(20)
		p.sync(20, 0)
		p.sync(0, 0) // takes the marks in
		before, reads := p.export(), p.mem.reads
		p.sync(0, 0)
		if p.export() != before {
			t.Error("a session without news changed the metadata")
		}
		if n := p.mem.reads - reads; n != 0 {
			t.Errorf("a session without news read %d objects", n)
		}
	})
}

// What a version field may do wrong.
func TestVersionFields(t *testing.T) {
	t.Run("changed without the content", func(t *testing.T) {
		both(t, func(t *testing.T, p *pair) {
			p.fill(3)
			p.sync(3, 0)
			for _, k := range []string{"k001", "k002", "k003"} {
				p.mem.put(k, p.mem.objects[k].Value)
			}
			p.sync(0, 0)
			reads := p.mem.reads
			p.sync(0, 0)
			if p.mem.reads != reads {
				t.Error("the new version field was not remembered")
			}
		})
	})
	t.Run("missing", func(t *testing.T) {
		both(t, func(t *testing.T, p *pair) {
			p.mem.noVersions = true
			p.fill(3)
			p.edit("x", Item("x", "x", ""))
			p.sync(3, 1)
			p.sync(0, 0)
			p.mem.put("k002", Item("i1", "edited", ""))
			p.edit("x", Item("x", "x2", ""))
			p.sync(1, 1)
			p.names("edited", "i0", "i2", "x2")
		})
	})
	t.Run("missing after an upload", func(t *testing.T) {
		both(t, func(t *testing.T, p *pair) {
			p.mem.noUpload, p.opt.Blind = true, true
			p.restart()
			p.edit("x", Item("x", "x", ""))
			p.sync(0, 1)
			p.sync(0, 0)
			p.mem.put("k001", Item("x", "edited", ""))
			p.sync(1, 0)
			p.names("edited")
		})
	})
	t.Run("content changed without it", func(t *testing.T) {
		both(t, func(t *testing.T, p *pair) {
			p.fill(2)
			p.sync(2, 0)
			lie := func(key string, v *valuebag.Values) {
				o := p.mem.objects[key]
				o.Value = v
				p.mem.objects[key] = o
			}
			lie("k001", Item("i0", "lied", ""))
			p.sync(0, 0) // nobody can know
			// It is found before it is overwritten, and merged.
			p.edit("i0", Item("i0", "i0", "by peer"))
			if x := p.sync(0, 1); x.ToA[scope].Left != 1 {
				t.Errorf("%d items left, want 1", x.ToA[scope].Left)
			}
			p.sync(1, 1)
			p.names("i1", "lied/by peer")
			// A deep look finds it, too.
			lie("k002", Item("i1", "lied too", ""))
			p.opt.Deep = true
			p.restart()
			p.sync(1, 0)
			p.names("lied too", "lied/by peer")
		})
	})
	t.Run("content changed before it is sent to a third", func(t *testing.T) {
		both(t, func(t *testing.T, p *pair) {
			p.fill(2)
			p.sync(2, 0)
			o := p.mem.objects["k001"]
			o.Value = Item("i0", "lied", "")
			p.mem.objects["k001"] = o
			p.peer = newPeer(0xc0)
			if x := p.sync(2, 0); len(x.ToB[scope].Failed) != 1 {
				t.Errorf("failed: %v, want the one that isn't as its metadata says", x.ToB[scope].Failed)
			}
			p.sync(1, 0)
			p.names("i1", "lied")
		})
	})
}

// G20: a listing that fails or lacks too much deletes nothing.
func TestG20SimpleParticipantListsNothing(t *testing.T) {
	start := func(t *testing.T) *pair {
		p := newPair(t, places["enumeration"])
		p.fill(500)
		p.sync(500, 0)
		return p
	}
	untouched := func(p *pair, before string) {
		p.t.Helper()
		if p.export() != before {
			p.t.Error("the metadata was changed")
		}
		if n := len(p.peer.Live(scope)); n != 500 {
			p.t.Errorf("the peer has %d items, want 500", n)
		}
	}
	t.Run("error", func(t *testing.T) {
		p := start(t)
		before := p.export()
		p.mem.listFails = errors.New("no route to host")
		if _, err := p.try(); !errors.Is(err, p.mem.listFails) {
			t.Errorf("got %v, want the place's error", err)
		}
		untouched(p, before)
		p.mem.listFails = nil
		p.sync(0, 0)
	})
	for _, row := range []struct {
		name string
		hide int
		want string
	}{
		{"empty", 500, "contacts: would delete 500 of 500"},
		{"halved", 250, "contacts: would delete 250 of 500"},
		{"just too much", 101, "contacts: would delete 101 of 500"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := start(t)
			before := p.export()
			for i := range row.hide {
				p.mem.hide[fmt.Sprintf("k%03d", i+1)] = true
			}
			_, err := p.try()
			var b *simple.Brake
			if !errors.As(err, &b) || !errors.Is(err, engine.ErrBraked) || !strings.Contains(err.Error(), row.want) || b.Deleted != row.hide || b.Of != 500 {
				t.Errorf("got %v, want a brake with %q", err, row.want)
			}
			untouched(p, before)
			p.opt.Accept = func(b simple.Brake) bool { return b.Deleted == row.hide }
			p.restart()
			p.sync(row.hide, 0)
			if n := len(p.peer.Live(scope)); n != 500-row.hide {
				t.Errorf("once it was accepted, the peer has %d items, want %d", n, 500-row.hide)
			}
		})
	}
	t.Run("3 of 500", func(t *testing.T) {
		p := start(t)
		for _, k := range []string{"k007", "k008", "k500"} {
			p.mem.hide[k] = true
		}
		p.sync(3, 0)
		if n := len(p.peer.Live(scope)); n != 497 {
			t.Errorf("the peer has %d items, want 497", n)
		}
	})
	t.Run("5 of 5", func(t *testing.T) {
		p := newPair(t, places["enumeration"])
		p.fill(5)
		p.sync(5, 0)
		p.mem.objects = map[string]simple.Object{}
		if _, err := p.try(); !errors.Is(err, engine.ErrBraked) {
			t.Errorf("got %v, want a brake", err)
		}
	})
	t.Run("4 of 4", func(t *testing.T) {
		p := newPair(t, places["enumeration"])
		p.fill(4)
		p.sync(4, 0)
		p.mem.objects = map[string]simple.Object{}
		p.sync(4, 0)
		p.names()
	})
	t.Run("a key twice", func(t *testing.T) {
		p := start(t)
		before := p.export()
		p.place = doubling{p.mem}
		p.restart()
		if _, err := p.try(); err == nil || !strings.Contains(err.Error(), "lists the key \"k001\" twice") {
			t.Errorf("got %v", err)
		}
		untouched(p, before)
	})
}

// doubling lists everything twice.
type doubling struct{ *memPlace }

func (d doubling) List(ctx context.Context, yield func(simple.Object) error) error {
	return errors.Join(d.memPlace.List(ctx, yield), d.memPlace.List(ctx, yield))
}

// G17: metadata from a backup, the place as it is.
func TestRestoredMetadata(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(3)
		p.sync(3, 0)
		backup := p.export()
		p.mem.put("k001", Item("i0", "after the backup", ""))
		p.mem.put("", Item("new", "after the backup too", ""))
		p.sync(2, 0)
		p.restore(backup)
		p.mem.put("k002", Item("i1", "after the restoration", ""))
		if _, err := p.try(); err != nil {
			t.Fatal(err)
		}
		p.names("after the backup", "after the backup too", "after the restoration", "i2")
		p.sync(0, 0)
	})
}
