package simple_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// G21: with an anchor that is too old the outcome is as with a good one.
func TestG21AnchorTooOld(t *testing.T) {
	run := func(t *testing.T, spoil func(*pair)) (*pair, *engine.Exchanged) {
		p := newPair(t, places["anchor"])
		p.fill(12)
		p.mem.put("", Item("", "without UID", ""))
		p.sync(13, 0)
		p.mem.put("k003", Item("i2", "edited", ""))
		p.mem.drop("k004")
		p.mem.put("", Item("new", "new", ""))
		p.edit("i5", Item("i5", "by peer", ""))
		spoil(p)
		return p, p.sync(3, 1)
	}
	want := []string{"by peer", "edited", "i0", "i1", "i10", "i11", "i4", "i6", "i7", "i8", "i9", "new", "without UID"}
	good, _ := run(t, func(*pair) {})
	good.names(want...)
	for name, spoil := range map[string]func(*pair){
		"old":     func(p *pair) { p.mem.oldest = len(p.mem.journal) - 1 },
		"invalid": func(p *pair) { p.mem.journal = nil },
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := run(t, spoil)
			p.names(want...)
			p.sync(0, 0)
			p.mem.put("k001", Item("i0", "later", ""))
			reads := p.mem.reads
			p.sync(1, 0)
			if n := p.mem.reads - reads; n != 2 { // seen, sent
				t.Errorf("with the new anchor %d objects were read, want 2", n)
			}
		})
	}
}

// The anchor goes on only with what was taken in.
func TestAnchorCommitsWithChanges(t *testing.T) {
	p := newPair(t, places["anchor"])
	p.fill(3)
	p.sync(3, 0)
	p.mem.paged = 1
	p.mem.put("k001", Item("i0", "edited", ""))
	p.mem.put("k002", Item("i1", "edited too", ""))
	p.mem.put("k003", Item("i2", "broken", ""))
	p.mem.readFails["k003"] = errors.New("400 bad card")
	p.sync(2, 0)
	if f := p.prov.Failed(); len(f) != 1 || f[0].Path != "k003" || f[0].Item != engine.ItemIDFromUID(scope, "i2", 1) {
		t.Errorf("failed: %v", f)
	}
	p.restart()
	p.sync(0, 0) // it stays among the failed ones, although no change tells of it again
	if f := p.prov.Failed(); len(f) != 1 {
		t.Errorf("failed: %v", f)
	}
	delete(p.mem.readFails, "k003")
	p.sync(1, 0)
	if f := p.prov.Failed(); len(f) != 0 {
		t.Errorf("failed: %v", f)
	}
	p.mem.readFails["k001"] = engine.ErrGone
	p.mem.put("k001", Item("i0", "last", ""))
	p.mem.put("k002", Item("i1", "last", ""))
	before := p.export()
	if _, err := p.try(); !errors.Is(err, engine.ErrGone) || p.export() != before {
		t.Errorf("a place that went away: %v, and the metadata has to stay", err)
	}
	delete(p.mem.readFails, "k001")
	p.sync(2, 0)
	p.names("broken", "last", "last")
}

func TestFailingItems(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(3)
		p.mem.readFails["k002"] = errors.New("malformed")
		p.edit("bad", Item("bad", "bad", ""))
		p.edit("fine", Item("fine", "fine", ""))
		p.mem.refuse = func(v *valuebag.Values) error {
			if Str(v, KeyUID) == "bad" {
				return errors.New("507 insufficient storage")
			}
			return nil
		}
		for round := range 3 {
			toPeer, toPlace := 2, 2
			if round > 0 {
				toPeer, toPlace = 0, 1
			}
			x := p.sync(toPeer, toPlace)
			if f := x.ToA[scope].Failed; len(f) != 1 || f[0].Item != engine.ItemIDFromUID(scope, "bad", 1) || !strings.Contains(f[0].Error(), "507") {
				t.Errorf("round %d: failed there: %v", round, f)
			}
			if f := p.prov.Failed(); len(f) != 1 || f[0].Path != "k002" {
				t.Errorf("round %d: failed here: %v", round, f)
			}
			p.restart()
		}
		delete(p.mem.readFails, "k002")
		p.mem.refuse = nil
		p.sync(1, 1)
		p.names("bad", "fine", "i0", "i1", "i2")
		p.sync(0, 0)
	})
}

// A place that doesn't keep what it gets is told, and what it lost doesn't go back.
func TestMangledUpload(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.mem.mangle = true
		p.edit("x", Item("x", "x", "kept by the peer"))
		for range 3 {
			x, err := p.try()
			if err != nil {
				t.Fatal(err)
			}
			if f := x.ToA[scope].Failed; len(f) != 1 || !strings.Contains(f[0].Error(), "did not keep") {
				t.Errorf("failed: %v", f)
			}
			for _, v := range p.peer.Live(scope) {
				if describe(v) != "x/kept by the peer" {
					t.Errorf("the peer has %q", describe(v))
				}
			}
			if len(p.mem.objects) != 1 {
				t.Errorf("%d objects, want 1", len(p.mem.objects))
			}
		}
		p.mem.mangle = false
		if _, err := p.try(); err != nil {
			t.Fatal(err)
		}
		p.names("x/kept by the peer")
	})
}

func TestReadOnly(t *testing.T) {
	p := newPair(t, places["enumeration"])
	p.place = readPlace{p.mem}
	p.restart()
	p.fill(2)
	p.edit("x", Item("x", "x", ""))
	x := p.sync(2, 1)
	if f := x.ToA[scope].Failed; len(f) != 1 || !errors.Is(f[0].Reason, simple.ErrReadOnly) {
		t.Errorf("failed: %v, want ErrReadOnly", f)
	}
	p.edit("i0", nil)
	x = p.sync(0, 2)
	if f := x.ToA[scope].Failed; len(f) != 2 || len(p.mem.objects) != 2 {
		t.Errorf("failed: %v, and %d objects are left", f, len(p.mem.objects))
	}
}

// Items without a UID are known by their key, a new key by content.
func TestWithoutUID(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		for range 2 {
			p.mem.put("", Item("", "twin", ""))
		}
		p.mem.put("", Item("", "single", ""))
		p.sync(3, 0)
		p.names("single", "twin", "twin")
		p.mem.put("k001", Item("", "was a twin", ""))
		v := p.mem.objects["k003"].Value
		p.mem.drop("k003")
		p.mem.put("moved", v)
		p.sync(1, 0)
		p.names("single", "twin", "was a twin")
		p.mem.drop("k002")
		p.sync(1, 0)
		p.names("single", "was a twin")
		// Edited since it was first seen, then moved.
		v = p.mem.objects["k001"].Value
		p.mem.drop("k001")
		p.mem.put("moved too", v)
		p.sync(0, 0)
	})
}

func TestMovedKey(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(2)
		p.sync(2, 0)
		p.mem.drop("k001")
		p.mem.put("elsewhere", Item("i0", "i0", "edited on the way"))
		p.sync(1, 0)
		p.names("i0/edited on the way", "i1")
		// A second object of a UID is an item of its own.
		p.mem.put("second", Item("i1", "i1 again", ""))
		p.sync(1, 0)
		p.names("i0/edited on the way", "i1", "i1 again")
		p.edit("i0", nil)
		p.sync(0, 1)
		p.names("i1", "i1 again")
	})
}

// The program dies before and after each write, with and without UIDs, and starts
// again: everything arrives once.
func TestCrashAtEachWrite(t *testing.T) {
	both(t, func(t *testing.T, first *pair) {
		kind := places[t.Name()[strings.LastIndex(t.Name(), "/")+1:]]
		scenario := func(kill int) *pair {
			p := newPair(t, kind)
			p.fill(3)
			p.mem.put("", Item("", "anonymous", ""))
			p.sync(4, 0)
			p.edit("i0", Item("i0", "i0", "by peer"))
			p.edit("i1", nil)
			p.edit("x", Item("x", "x", "", "a"))
			for i := range 2 {
				id := engine.ItemID{0x77, byte(i)} // no UID, and an ID of the peer's own making
				p.n += 1000
				p.peer.Edit(scope, id, Item("", "nameless", ""), p.n)
			}
			p.mem.put("k003", Item("i2", "by place", ""))
			p.mem.writes, p.mem.kill = 0, kill
			return p
		}
		want := []string{"anonymous", "by place", "i0/by peer", "nameless", "nameless", "x #a"}
		whole := scenario(0)
		whole.sync(1, 5)
		whole.names(want...)
		if whole.mem.writes != 5 {
			t.Fatalf("%d writes, want 5", whole.mem.writes)
		}
		for kill := -5; kill <= 5; kill++ {
			if kill == 0 {
				continue
			}
			p := scenario(kill)
			if _, err := p.try(); !errors.Is(err, errKilled) {
				t.Fatalf("kill %d: got %v", kill, err)
			}
			p.restart()
			if x, err := p.try(); err != nil || x.ToA[scope].Conflicts+x.ToB[scope].Conflicts != 0 {
				t.Errorf("kill %d: %v, conflicts %+v %+v", kill, err, x.ToA[scope], x.ToB[scope])
			}
			p.names(want...)
			p.sync(0, 0)
			// And with an edit before the next start.
			p = scenario(kill)
			if _, err := p.try(); !errors.Is(err, errKilled) {
				t.Fatalf("kill %d: got %v", kill, err)
			}
			for _, key := range slices.Sorted(keys(p.mem.objects)) {
				v := p.mem.objects[key].Value
				if Str(v, KeyName) == "x" || Str(v, KeyName) == "i0" {
					p.mem.put(key, WithTags(v, append(Tags(v), "later")...))
				}
			}
			p.restart()
			for range 2 {
				if x, err := p.try(); err != nil || x.ToA[scope].Conflicts+x.ToB[scope].Conflicts != 0 {
					t.Errorf("kill %d, then an edit: %v, conflicts %+v %+v", kill, err, x.ToA[scope], x.ToB[scope])
				}
			}
			if n := len(p.mem.objects); n != 6 {
				t.Errorf("kill %d, then an edit: %d objects, want 6", kill, n)
			}
			p.sync(0, 0)
		}
	})
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// Deletions that were done but not committed are no mass deletion.
func TestCrashAfterDeletions(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(30)
		p.sync(30, 0)
		for i := range 30 {
			p.edit(fmt.Sprintf("i%d", i), nil)
		}
		p.mem.writes, p.mem.kill = 0, -30
		if _, err := p.try(); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		p.restart()
		if _, err := p.try(); err != nil {
			t.Fatal(err)
		}
		p.names()
		p.sync(0, 0)
	})
}

func TestConflicts(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(1)
		p.sync(1, 0)
		p.mem.put("k001", Item("i0", "by place", ""))
		p.edit("i0", Item("i0", "by peer", ""))
		// First there, then here: it is the peer that settles it, the place that takes it in.
		if x := p.sync(1, 1); x.ToB[scope].Conflicts != 1 {
			t.Errorf("%d conflicts, want 1", x.ToB[scope].Conflicts)
		}
		p.sync(0, 0)
		// The other way round it is settled and logged here.
		p.mem.put("k001", Item("i0", "2 by place", ""))
		p.edit("i0", Item("i0", "2 by peer", ""))
		x, err := engine.Exchange(context.Background(), p.peer.Full(), p.prov, []string{scope}, engine.ExchangeOptions{Preset: engine.Desktop})
		if err != nil || x.ToB[scope].Conflicts != 1 {
			t.Fatalf("%v, %+v", err, x.ToB[scope])
		}
		p.names("2 by peer")
		p.restart()
		log, err := p.prov.Conflicts(context.Background())
		if err != nil || len(log) != 1 || log[0].Unit != "name" || log[0].State != engine.Settled || len(log[0].LostText) != 1 || log[0].LostText[0] != "2 by place" {
			t.Errorf("the log has %+v, %v", log, err)
		}
		// One that waits is found again, not logged twice, and ends with an edit.
		p.mem.put("k001", Item("i0", "3 by place", ""))
		p.edit("i0", Item("i0", "3 by peer", ""))
		for range 2 {
			if _, err := engine.Exchange(context.Background(), p.peer.Full(), p.prov, []string{scope}, engine.ExchangeOptions{Preset: engine.Ask}); err != nil {
				t.Fatal(err)
			}
		}
		waiting := func() (n int) {
			t.Helper()
			log, err := p.prov.Conflicts(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range log {
				if c.State == engine.Waiting {
					n++
				}
			}
			return n
		}
		if n := waiting(); n != 1 {
			t.Errorf("%d conflicts wait, want 1", n)
		}
		p.edit("i0", Item("i0", "3 settled", ""))
		if _, err := engine.Exchange(context.Background(), p.peer.Full(), p.prov, []string{scope}, engine.ExchangeOptions{Preset: engine.Desktop}); err != nil {
			t.Fatal(err)
		}
		p.names("3 settled")
		if n := waiting(); n != 0 {
			t.Errorf("%d conflicts wait, want none", n)
		}
	})
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

func TestUnknownScope(t *testing.T) {
	p := newPair(t, places["enumeration"])
	if _, err := p.prov.Replica(context.Background(), "events"); err == nil || !strings.Contains(err.Error(), "events") {
		t.Errorf("got %v", err)
	}
}
