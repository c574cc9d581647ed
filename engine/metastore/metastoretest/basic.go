package metastoretest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"cradle/engine"
	"cradle/engine/metastore"
)

func testFresh(t *testing.T, s Subject) {
	want := engine.ReplicaID{1, 2, 3}
	st, err := s.Open(context.Background(), t.TempDir(), metastore.Options{ID: want})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close() //nolint:errcheck // nothing was written
	view(t, st, func(r metastore.Reader) error {
		rep, err := r.Replica()
		if err != nil {
			return err
		}
		if rep.ID != want || rep.Tick != 0 || !rep.Knowledge.IsZero() || !rep.Forgotten.IsZero() || rep.ProviderVersion != 0 || len(rep.Custom) != 0 {
			t.Errorf("a new store's replica is %+v", rep)
		}
		if it, err := r.Item(itemID(1)); it != nil || err != nil {
			t.Errorf("an unknown item: %+v, %v", it, err)
		}
		if page, err := r.Items(engine.MinItemID, 10); len(page) != 0 || err != nil {
			t.Errorf("a page of nothing: %v, %v", page, err)
		}
		if found, err := r.Find("handle", "A"); len(found) != 0 || err != nil {
			t.Errorf("found in nothing: %v, %v", found, err)
		}
		if live, dead, err := r.Count(); live != 0 || dead != 0 || err != nil {
			t.Errorf("count: %d, %d, %v", live, dead, err)
		}
		return nil
	})
	drawn := s.open(t, t.TempDir())
	other := s.open(t, t.TempDir())
	if a, b := replica(t, drawn).ID, replica(t, other).ID; a == b || a.IsZero() {
		t.Errorf("drawn replica IDs are %v and %v", a, b)
	}
}

func replica(t testing.TB, st metastore.Store) metastore.Replica {
	t.Helper()
	var rep metastore.Replica
	view(t, st, func(r metastore.Reader) (err error) { rep, err = r.Replica(); return err })
	return rep
}

func testItems(t *testing.T, s Subject) {
	st := s.open(t, t.TempDir())
	check := func(r metastore.Reader, want *metastore.Item) {
		t.Helper()
		got, err := r.Item(want.Meta.ID)
		if err != nil || !got.Equal(want) {
			t.Errorf("item:\n got %+v, %v\nwant %+v", got, err, want)
		}
	}
	update(t, st, func(tx metastore.Tx) error {
		it := sample(1)
		if err := tx.Put(it); err != nil {
			return err
		}
		check(tx, sample(1))
		// What was given or taken is the caller's own.
		it.Meta.Units[0].Digest = engine.Digest{9}
		it.Meta.Units[1].Elements[0].Digest = engine.ElementDigest{9}
		it.Fields["handle"] = "changed"
		it.Custom[0] = 9
		got, err := tx.Item(itemID(1))
		if err != nil {
			return err
		}
		got.Meta.Units[1].Elements[0].Digest = engine.ElementDigest{8}
		got.Fields["handle"] = "changed"
		got.Custom[0] = 8
		check(tx, sample(1))
		return nil
	})
	unordered := sample(2)
	slices.Reverse(unordered.Meta.Units)
	slices.Reverse(unordered.Meta.Units[0].Elements)
	winner := tombstone(3)
	winner.Meta.MergedInto = itemID(1)
	bare := &metastore.Item{Meta: engine.ItemMeta{ID: engine.MaxItemID}}
	update(t, st, func(tx metastore.Tx) error {
		return errors.Join(tx.Put(unordered), tx.Put(winner), tx.Put(bare), tx.Put(sample(4)), tx.Put(tombstone(4)), tx.Remove(itemID(99)))
	})
	view(t, st, func(r metastore.Reader) error {
		check(r, sample(1))
		check(r, sample(2)) // units and elements are put in order
		check(r, winner)
		check(r, bare)
		check(r, tombstone(4))
		if live, dead, err := r.Count(); live != 3 || dead != 2 || err != nil {
			t.Errorf("count: %d live, %d dead, %v; want 3 and 2", live, dead, err)
		}
		return nil
	})
	update(t, st, func(tx metastore.Tx) error { return errors.Join(tx.Remove(itemID(1)), tx.Remove(itemID(3))) })
	view(t, st, func(r metastore.Reader) error {
		if it, err := r.Item(itemID(1)); it != nil || err != nil {
			t.Errorf("a removed item: %+v, %v", it, err)
		}
		if live, dead, err := r.Count(); live != 2 || dead != 1 || err != nil {
			t.Errorf("count after removing: %d live, %d dead, %v; want 2 and 1", live, dead, err)
		}
		return nil
	})
	update(t, st, func(tx metastore.Tx) error { return tx.Clear() })
	if got := ids(t, st, 10); len(got) != 0 {
		t.Errorf("after Clear: %v", got)
	}
}

// ids lists the items' IDs by pages.
func ids(t testing.TB, st metastore.Store, limit int) []engine.ItemID {
	t.Helper()
	var out []engine.ItemID
	view(t, st, func(r metastore.Reader) error {
		from := engine.MinItemID
		for {
			page, err := r.Items(from, limit)
			if err != nil {
				return err
			}
			if len(page) > limit {
				t.Errorf("a page of %d items has %d", limit, len(page))
			}
			for _, it := range page {
				out = append(out, it.Meta.ID)
			}
			if len(page) == 0 {
				return nil
			}
			next, ok := metastore.Next(out[len(out)-1])
			if !ok {
				return nil
			}
			from = next
		}
	})
	return out
}

func testPages(t *testing.T, s Subject) {
	st := s.open(t, t.TempDir())
	var want []engine.ItemID
	update(t, st, func(tx metastore.Tx) error {
		for n := range 600 { // more than one page of All
			it := sample(n)
			if n%5 == 0 {
				it = tombstone(n)
			}
			want = append(want, it.Meta.ID)
			if err := tx.Put(it); err != nil {
				return err
			}
			if n%100 == 50 { // a page in the middle of writing sees all so far
				page, err := tx.Items(engine.MinItemID, 1000)
				if err != nil || len(page) != n+1 {
					return fmt.Errorf("after %d items a page has %d: %w", n+1, len(page), err)
				}
			}
		}
		for _, id := range []engine.ItemID{{0, 1}, engine.MaxItemID} {
			want = append(want, id)
			if err := tx.Put(&metastore.Item{Meta: engine.ItemMeta{ID: id}}); err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortFunc(want, engine.ItemID.Compare)
	for _, limit := range []int{1, 7, 100, 602, 1000} {
		if got := ids(t, st, limit); !slices.Equal(got, want) {
			t.Errorf("pages of %d: %d items, want %d in order", limit, len(got), len(want))
		}
	}
	var all []engine.ItemID
	view(t, st, func(r metastore.Reader) error {
		if page, err := r.Items(want[300], 2); err != nil || len(page) != 2 || page[0].Meta.ID != want[300] || page[1].Meta.ID != want[301] {
			t.Errorf("from an item on: %v, %v", page, err)
		}
		return metastore.All(r, func(it *metastore.Item) error { all = append(all, it.Meta.ID); return nil })
	})
	if !slices.Equal(all, want) {
		t.Errorf("All gave %d items, want %d in order", len(all), len(want))
	}
}

func testFind(t *testing.T, s Subject) {
	st := s.open(t, t.TempDir())
	found := func(field, value string) (ns []int) {
		t.Helper()
		view(t, st, func(r metastore.Reader) error {
			items, err := r.Find(field, value)
			var last engine.ItemID
			for _, it := range items {
				if it.Meta.ID.Compare(last) <= 0 {
					t.Errorf("%s=%q: items aren't in order", field, value)
				}
				last = it.Meta.ID
				for n := range 40 {
					if it.Meta.ID == itemID(n) {
						ns = append(ns, n)
					}
				}
				if it.Fields[field] != value {
					t.Errorf("%s=%q found an item with %q", field, value, it.Fields[field])
				}
			}
			slices.Sort(ns)
			return err
		})
		return ns
	}
	update(t, st, func(tx metastore.Tx) error {
		for n := range 15 {
			if err := tx.Put(sample(n)); err != nil {
				return err
			}
		}
		empty := sample(20)
		empty.Fields = map[string]string{"handle": ""}
		return tx.Put(empty)
	})
	for _, row := range []struct {
		field, value string
		want         []int
	}{
		{"handle", "A", []int{0, 7, 14}},
		{"handle", "B", []int{1, 8}},
		{"handle", "a", nil},
		{"handle", "", []int{20}},
		{"path", "", nil},
		{"path", "p\x00\xff3", []int{3}},
		{"Handle", "A", nil},
		{"A", "handle", nil},
	} {
		if got := found(row.field, row.value); !slices.Equal(got, row.want) {
			t.Errorf("%s=%q: found %v, want %v", row.field, row.value, got, row.want)
		}
	}
	update(t, st, func(tx metastore.Tx) error {
		moved := sample(7)
		moved.Fields["handle"] = "B"
		return errors.Join(tx.Put(moved), tx.Remove(itemID(14)), tx.Put(tombstone(0)))
	})
	if a, b, g := found("handle", "A"), found("handle", "B"), found("handle", "gone"); len(a) != 0 || !slices.Equal(b, []int{1, 7, 8}) || !slices.Equal(g, []int{0}) {
		t.Errorf("after changes: A %v, B %v, gone %v; want none, [1 7 8], [0]", a, b, g)
	}
	err := st.Update(context.Background(), func(tx metastore.Tx) error {
		back := sample(7)
		return errors.Join(tx.Put(back), errRollback)
	})
	if !errors.Is(err, errRollback) || !slices.Equal(found("handle", "B"), []int{1, 7, 8}) {
		t.Errorf("after a rollback (%v): B %v, want [1 7 8]", err, found("handle", "B"))
	}
}

var errRollback = errors.New("take it back")

func testTicks(t *testing.T, s Subject) {
	st := s.open(t, t.TempDir())
	id := replica(t, st).ID
	update(t, st, func(tx metastore.Tx) error {
		rep, err := tx.Replica()
		if err != nil {
			return err
		}
		// Knowledge of two tiles: a stranger's version is known of one item only.
		rep.Knowledge = engine.NewKnowledge(engine.Version{Replica: stranger, Tick: 4}).Except(itemID(3), nil, engine.Knowledge{})
		return tx.SetReplica(rep)
	})
	var minted []engine.Version
	mint := func(tx metastore.Tx) error {
		v, err := tx.NextTick()
		minted = append(minted, v)
		return err
	}
	update(t, st, mint)
	update(t, st, func(tx metastore.Tx) error { return errors.Join(mint(tx), mint(tx)) })
	for i, v := range minted {
		if want := (engine.Version{Replica: id, Tick: uint64(i + 1)}); v != want {
			t.Errorf("tick %d is %v, want %v", i, v, want)
		}
	}
	rep := replica(t, st)
	if rep.Tick != 3 || rep.Knowledge.Floor(id) != 3 || rep.Knowledge.Exceptions() != 1 {
		t.Errorf("tick %d, knowledge %v; want tick 3 in every tile", rep.Tick, rep.Knowledge)
	}
	if rep.Knowledge.Contains(itemID(3), "", engine.Version{Replica: stranger, Tick: 1}) {
		t.Error("a tick made the store know what it doesn't")
	}
}

func testReplica(t *testing.T, s Subject) {
	st := s.open(t, t.TempDir())
	want := replica(t, st)
	want.Tick = 9
	want.Knowledge = engine.NewKnowledge(engine.Version{Replica: want.ID, Tick: 9}, engine.Version{Replica: stranger, Tick: 4})
	want.Forgotten = engine.NewKnowledge(engine.Version{Replica: stranger, Tick: 2})
	want.Marks = map[engine.ReplicaID]engine.Mark{stranger: {Tick: 1, ID: [16]byte{2}}}
	want.Given = []engine.Mark{{Tick: 3, ID: [16]byte{4}}, {Tick: 9, ID: [16]byte{5}}}
	want.Shared = map[engine.ReplicaID]uint64{stranger: 3}
	want.ProviderVersion = 1<<32 - 1
	want.Custom = []byte("anchor \x00")
	custom := bytes.Clone(want.Custom)
	update(t, st, func(tx metastore.Tx) error {
		if err := tx.SetReplica(want); err != nil {
			return err
		}
		want.Custom[0], want.Marks[stranger], want.Given[0].Tick, want.Shared[stranger] = 'X', engine.Mark{}, 8, 8
		got, err := tx.Replica()
		if err != nil {
			return err
		}
		got.Custom[1], got.Marks[stranger], got.Given[0].Tick, got.Shared[stranger] = 'Y', engine.Mark{}, 8, 8
		return nil
	})
	want.Custom, want.Marks[stranger], want.Given[0].Tick, want.Shared[stranger] = custom, engine.Mark{Tick: 1, ID: [16]byte{2}}, 3, 3
	if got := replica(t, st); !got.Equal(want) {
		t.Errorf("replica:\n got %+v\nwant %+v", got, want)
	}
	// A copied replica begins under another ID, with ticks of its own.
	renewed := want
	renewed.ID, renewed.Tick, renewed.Given, renewed.Shared = engine.ReplicaID{7}, 0, nil, nil
	update(t, st, func(tx metastore.Tx) error {
		if err := tx.SetReplica(renewed); err != nil {
			return err
		}
		v, err := tx.NextTick()
		if v != (engine.Version{Replica: renewed.ID, Tick: 1}) {
			t.Errorf("the first tick after the renewal is %v", v)
		}
		return err
	})
}

func testRefused(t *testing.T, s Subject) {
	st := s.open(t, t.TempDir())
	update(t, st, func(tx metastore.Tx) error {
		_, err := tx.NextTick()
		return errors.Join(err, tx.Put(sample(1)))
	})
	own := replica(t, st).ID
	before := export(t, st)
	rep := func(change func(*metastore.Replica)) func(metastore.Tx) error {
		return func(tx metastore.Tx) error {
			r, err := tx.Replica()
			if err != nil {
				return err
			}
			change(&r)
			return tx.SetReplica(r)
		}
	}
	put := func(change func(*metastore.Item)) func(metastore.Tx) error {
		return func(tx metastore.Tx) error {
			it := sample(2)
			change(it)
			return tx.Put(it)
		}
	}
	later := engine.Version{Replica: own, Tick: 2}
	for _, row := range []struct {
		name string
		do   func(metastore.Tx) error
	}{
		{"no replica ID", rep(func(r *metastore.Replica) { r.ID = engine.ReplicaID{} })},
		{"a tick that goes back", rep(func(r *metastore.Replica) { r.Tick = 0; r.Knowledge = engine.Knowledge{} })},
		{"a tick that no column holds", rep(func(r *metastore.Replica) { r.Tick = 1 << 63 })},
		{"knowledge of ticks never given", rep(func(r *metastore.Replica) { r.Knowledge = r.Knowledge.WithTick(later) })},
		{"forgotten ticks never given", rep(func(r *metastore.Replica) { r.Forgotten = r.Forgotten.WithTick(later) })},
		{"a mark for a tick never given", rep(func(r *metastore.Replica) { r.Given = []engine.Mark{{Tick: 2}} })},
		{"a peer that was sent a tick never given", rep(func(r *metastore.Replica) { r.Shared = map[engine.ReplicaID]uint64{stranger: 2} })},
		{"no item ID", put(func(it *metastore.Item) { it.Meta.ID = engine.ItemID{} })},
		{"merged into itself", put(func(it *metastore.Item) { it.Meta.MergedInto = it.Meta.ID })},
		{"a pending version", put(func(it *metastore.Item) { it.Meta.LifeVersion = engine.Pending(own) })},
		{"a pending element", put(func(it *metastore.Item) { it.Meta.Units[1].Elements[0].Added = engine.Pending(own) })},
		{"an own version never given", put(func(it *metastore.Item) { it.Meta.Units[0].Version = later })},
		{"a unit twice", put(func(it *metastore.Item) { it.Meta.Units[1].Unit = "name" })},
		{"a unit without a name", put(func(it *metastore.Item) { it.Meta.Units[0].Unit = "" })},
		{"an element twice", put(func(it *metastore.Item) { it.Meta.Units[1].Elements[1].Digest = it.Meta.Units[1].Elements[0].Digest })},
		{"a field without a name", put(func(it *metastore.Item) { it.Fields[""] = "x" })},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := st.Update(context.Background(), row.do); !errors.Is(err, metastore.ErrRefused) {
				t.Errorf("got %v, want ErrRefused", err)
			}
			// Who goes on after a refusal has lost nothing and stored nothing of it.
			update(t, st, func(tx metastore.Tx) error {
				if err := row.do(tx); !errors.Is(err, metastore.ErrRefused) {
					t.Errorf("got %v, want ErrRefused", err)
				}
				return nil
			})
			if export(t, st) != before {
				t.Error("something was stored")
			}
		})
	}
}

func testRollback(t *testing.T, s Subject) {
	st := s.open(t, t.TempDir())
	update(t, st, func(tx metastore.Tx) error { return errors.Join(tx.Put(sample(1)), tx.Put(tombstone(2))) })
	before := export(t, st)
	everything := func(tx metastore.Tx) error {
		if _, err := tx.NextTick(); err != nil {
			return err
		}
		changed := sample(1)
		changed.Fields["path"] = "other"
		r, err := tx.Replica()
		if err != nil {
			return err
		}
		r.Custom = []byte("x")
		return errors.Join(tx.Put(changed), tx.Put(changed), tx.Put(sample(3)), tx.Remove(itemID(2)), tx.Remove(itemID(3)), tx.SetReplica(r), tx.Clear(), tx.Put(sample(4)))
	}
	if err := st.Update(context.Background(), func(tx metastore.Tx) error { return errors.Join(everything(tx), errRollback) }); !errors.Is(err, errRollback) {
		t.Errorf("the transaction's own error: got %v", err)
	}
	if export(t, st) != before {
		t.Error("an error left something behind")
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a panic was swallowed")
			}
		}()
		_ = st.Update(context.Background(), func(tx metastore.Tx) error { _ = everything(tx); panic("bug") })
	}()
	if export(t, st) != before {
		t.Error("a panic left something behind")
	}
	update(t, st, everything)
	if export(t, st) == before {
		t.Error("the transaction did nothing when it was committed")
	}
}

func testCancelled(t *testing.T, s Subject) {
	st := s.open(t, t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	called := false
	if err := st.Update(ctx, func(metastore.Tx) error { called = true; return nil }); !errors.Is(err, context.Canceled) || called {
		t.Errorf("update: %v, called %v", err, called)
	}
	if err := st.View(ctx, func(metastore.Reader) error { called = true; return nil }); !errors.Is(err, context.Canceled) || called {
		t.Errorf("view: %v, called %v", err, called)
	}
	if _, err := metastore.Export(context.Background(), st); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func testClosed(t *testing.T, s Subject) {
	st, err := s.Open(context.Background(), t.TempDir(), metastore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(st.Close(), st.Close()); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := st.View(context.Background(), func(metastore.Reader) error { return nil }); !errors.Is(err, metastore.ErrClosed) {
		t.Errorf("view: got %v, want ErrClosed", err)
	}
	if err := st.Update(context.Background(), func(metastore.Tx) error { return nil }); !errors.Is(err, metastore.ErrClosed) {
		t.Errorf("update: got %v, want ErrClosed", err)
	}
}

func testThreads(t *testing.T, s Subject) {
	st := s.open(t, t.TempDir())
	const writers, each = 4, 10
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[engine.Version]bool{}
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				var v engine.Version
				err := st.Update(context.Background(), func(tx metastore.Tx) (err error) {
					if v, err = tx.NextTick(); err != nil {
						return err
					}
					return tx.Put(sample(w*each + n))
				})
				if err != nil {
					t.Errorf("update: %v", err)
				}
				err = st.View(context.Background(), func(r metastore.Reader) error {
					rep, err := r.Replica()
					live, _, err2 := r.Count()
					if uint64(live) != rep.Tick {
						t.Errorf("a reader saw %d items at tick %d", live, rep.Tick)
					}
					return errors.Join(err, err2)
				})
				if err != nil {
					t.Errorf("view: %v", err)
				}
				mu.Lock()
				seen[v] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != writers*each {
		t.Errorf("%d versions of %d are different", len(seen), writers*each)
	}
}
