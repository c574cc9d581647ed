package metastoretest

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"cradle/engine"
	"cradle/engine/metastore"
)

// testModel runs random transactions, some of which fail, and compares with a map.
func testModel(t *testing.T, s Subject) {
	_, forgets := s.Skip[Reopen]
	base := t.TempDir()
	checks := 0
	rapid.Check(t, func(t *rapid.T) {
		if checks++; s.Checks > 0 && checks > s.Checks {
			return
		}
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			t.Fatal(err)
		}
		open := func() metastore.Store {
			st, err := s.Open(context.Background(), dir, metastore.Options{})
			if err != nil {
				t.Fatalf("open: %v", err)
			}
			return st
		}
		st := open()
		defer func() { st.Close() }() //nolint:errcheck // the end of the test
		model, tick := map[engine.ItemID]*metastore.Item{}, uint64(0)
		for range rapid.IntRange(1, 6).Draw(t, "transactions") {
			next, nextTick := maps.Clone(model), tick
			fails := rapid.Bool().Draw(t, "fails")
			err := st.Update(context.Background(), func(tx metastore.Tx) error {
				for range rapid.IntRange(0, 8).Draw(t, "steps") {
					if err := modelStep(t, tx, next, &nextTick); err != nil {
						return err
					}
					same(t, tx, next, nextTick)
				}
				if fails {
					return errRollback
				}
				return nil
			})
			switch {
			case fails && !errors.Is(err, errRollback):
				t.Fatalf("the transaction gave %v", err)
			case !fails && err != nil:
				t.Fatal(err)
			case !fails:
				model, tick = next, nextTick
			}
			if !forgets && rapid.IntRange(0, 3).Draw(t, "reopen") == 0 {
				if err := st.Close(); err != nil {
					t.Fatal(err)
				}
				st = open()
			}
			if err := st.View(context.Background(), func(r metastore.Reader) error { same(t, r, model, tick); return nil }); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func modelStep(t *rapid.T, tx metastore.Tx, model map[engine.ItemID]*metastore.Item, tick *uint64) error {
	n := rapid.IntRange(0, 11).Draw(t, "item")
	switch rapid.SampledFrom([]string{"put", "put", "bury", "remove", "tick", "clear"}).Draw(t, "step") {
	case "put":
		it := sample(n)
		it.Fields["handle"] = rapid.SampledFrom([]string{"A", "B", ""}).Draw(t, "handle")
		model[it.Meta.ID] = it
		return tx.Put(it)
	case "bury":
		it := tombstone(n)
		model[it.Meta.ID] = it
		return tx.Put(it)
	case "remove":
		delete(model, itemID(n))
		return tx.Remove(itemID(n))
	case "tick":
		*tick++
		v, err := tx.NextTick()
		if v.Tick != *tick {
			t.Fatalf("tick %d, want %d", v.Tick, *tick)
		}
		return err
	}
	if n == 0 { // seldom
		clear(model)
		return tx.Clear()
	}
	return nil
}

// same compares all that a reader shows with the model.
func same(t *rapid.T, r metastore.Reader, model map[engine.ItemID]*metastore.Item, tick uint64) {
	want := slices.SortedFunc(maps.Keys(model), engine.ItemID.Compare)
	got, err := r.Items(engine.MinItemID, 100)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d items, %v; want %d", len(got), err, len(want))
	}
	live, found := 0, 0
	for i, id := range want {
		if !got[i].Equal(model[id]) {
			t.Fatalf("item %d is %+v, want %+v", i, got[i], model[id])
		}
		if !model[id].Meta.Deleted {
			live++
		}
		if model[id].Fields["handle"] == "A" {
			found++
		}
	}
	if l, d, err := r.Count(); l != live || d != len(want)-live || err != nil {
		t.Fatalf("count is %d and %d, %v; want %d and %d", l, d, err, live, len(want)-live)
	}
	if a, err := r.Find("handle", "A"); len(a) != found || err != nil {
		t.Fatalf("%d items are found, %v; want %d", len(a), err, found)
	}
	if rep, err := r.Replica(); rep.Tick != tick || err != nil {
		t.Fatalf("tick %d, %v; want %d", rep.Tick, err, tick)
	}
}
