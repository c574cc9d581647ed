package simple_test

import (
	"errors"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

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
