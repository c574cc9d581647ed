package simple

import (
	"bytes"
	"errors"
	"testing"

	"cradle/engine"
	"cradle/engine/metastore"
	"cradle/valuebag"
)

// records are one of each sort. Own versions above tick 5 in a plan were never
// committed.
func records() map[string]*record {
	home, other := engine.ReplicaID{1}, engine.ReplicaID{2}
	v := engine.Version{Replica: home, Tick: 3}
	meta := engine.ItemMeta{ID: engine.ItemID{7}, Creation: v, LifeVersion: v, Units: []engine.UnitMeta{{Unit: "name", Version: v, Digest: engine.Digest{1}}}}
	next := *meta.Clone()
	next.Units[0].Version = engine.Version{Replica: home, Tick: 6}
	next.LifeVersion = engine.Version{Replica: other, Tick: 9}
	dead := *meta.Tombstone(engine.Version{Replica: other, Tick: 4}, 8)
	lost := new(valuebag.Values)
	lost.SetString(valuebag.PropertyKey{PID: 2}, "lost")
	clash := engine.Conflict{Scope: "contacts", Item: meta.ID, Unit: "name", State: engine.Waiting, KeptSide: engine.ToStore, Store: v, Phone: v, Lost: lost}
	return map[string]*record{
		"plain":       {meta: meta, key: "k"},
		"with a tag":  {meta: meta, key: "k", version: "\"e\xff\""},
		"tombstone":   {meta: dead, conflicts: []engine.Conflict{clash}},
		"update":      {meta: meta, key: "k", version: "1", plan: &plan{tick: 5, meta: next}},
		"creation":    {meta: engine.ItemMeta{ID: meta.ID}, fresh: true, plan: &plan{tick: 5, meta: next}},
		"re-creation": {meta: dead, plan: &plan{tick: 5, meta: next}, conflicts: []engine.Conflict{clash, clash}},
	}
}

func TestRecordRoundTrip(t *testing.T) {
	for name, r := range records() {
		t.Run(name, func(t *testing.T) {
			it, err := r.item()
			if err != nil {
				t.Fatal(err)
			}
			got, err := recordOf(it.Clone(), engine.ReplicaID{1})
			if err != nil {
				t.Fatal(err)
			}
			if !got.meta.Equal(&r.meta) || got.key != r.key || got.version != r.version || got.fresh != r.fresh || len(got.conflicts) != len(r.conflicts) || (got.plan == nil) != (r.plan == nil) {
				t.Errorf("got %+v, want %+v", got, r)
			}
			if p := got.planned(); p != nil && (!p.Units[0].Version.IsPending() || p.LifeVersion != r.plan.meta.LifeVersion || p.Creation != r.plan.meta.Creation) {
				t.Errorf("of the plan, versions that were never committed are pending, the others stay: %+v", p)
			}
			again, err := got.item()
			if err != nil || !again.Equal(it) {
				t.Errorf("written again: %+v, %v, want %+v", again, err, it)
			}
		})
	}
}

func TestRecordDamaged(t *testing.T) {
	it, err := records()["update"].item()
	if err != nil {
		t.Fatal(err)
	}
	for n := range it.Custom[1:] {
		cut := it.Clone()
		cut.Custom = cut.Custom[:n+1]
		if _, err := recordOf(cut, engine.ReplicaID{1}); !errors.Is(err, metastore.ErrDamaged) {
			t.Errorf("cut after %d bytes: got %v, want ErrDamaged", n+1, err)
		}
	}
	stranger := it.Clone()
	stranger.Meta.ID = engine.ItemID{9}
	if _, err := recordOf(stranger, engine.ReplicaID{1}); !errors.Is(err, metastore.ErrDamaged) {
		t.Errorf("another item's plan: got %v, want ErrDamaged", err)
	}
}

func FuzzRecord(f *testing.F) {
	for _, r := range records() {
		it, err := r.item()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(it.Custom)
	}
	state, err := standing{anchor: []byte("7"), retry: []string{"a", "b"}}.custom()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(state)
	f.Fuzz(func(t *testing.T, custom []byte) {
		meta := records()["plain"].meta
		r, err := recordOf(&metastore.Item{Meta: meta, Custom: custom}, engine.ReplicaID{})
		if err == nil {
			it, err := r.item()
			if err != nil {
				t.Fatalf("it can't be written again: %v", err)
			}
			again, err := recordOf(it, engine.ReplicaID{})
			if err != nil || again.version != r.version || again.fresh != r.fresh || len(again.conflicts) != len(r.conflicts) {
				t.Errorf("read again: %+v, %v, was %+v", again, err, r)
			}
		}
		if s, err := standingOf(custom); err == nil {
			b, err := s.custom()
			if err != nil {
				t.Fatalf("it can't be written again: %v", err)
			}
			again, err := standingOf(b)
			if err != nil || !bytes.Equal(again.anchor, s.anchor) || len(again.retry) != len(s.retry) {
				t.Errorf("read again: %+v, %v, was %+v", again, err, s)
			}
		}
	})
}

// Marks that are cut off are an error: an announcement is never trusted in part.
func TestMarksCutOff(t *testing.T) {
	vs := valuebag.New(1)
	vs.SetBytes(keyMarks, make([]byte, markSize-1))
	if err := new(plan).readWhat(vs); err == nil {
		t.Error("marks of 39 bytes were taken")
	}
	vs.SetBytes(keyMarks, make([]byte, markSize))
	if err := new(plan).readWhat(vs); err != nil {
		t.Error(err)
	}
}
