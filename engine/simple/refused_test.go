package simple_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/simple"
	"cradle/valuebag"
)

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

func TestUnknownScope(t *testing.T) {
	p := newPair(t, places["enumeration"])
	if _, err := p.prov.Replica(context.Background(), "events"); err == nil || !strings.Contains(err.Error(), "events") {
		t.Errorf("got %v", err)
	}
}
