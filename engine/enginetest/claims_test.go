package enginetest_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// TestForgedState: a phone's state that names ticks of this store, or of its proxy for
// the phone, that were never made. The store goes on under a new identity, of which
// nobody claims anything; nothing is lost, doubled or withheld by the claim.
func TestForgedState(t *testing.T) {
	const far = 1000
	own := func(s *MemStore) engine.ReplicaID {
		r, err := s.Replica(context.Background(), scope)
		if err != nil {
			panic(err)
		}
		return r.ID
	}
	forgeries := []struct {
		name  string
		forge func(st *engine.PartialState, store, proxy engine.ReplicaID)
	}{
		{"knowledge of the store's edits", func(st *engine.PartialState, store, _ engine.ReplicaID) {
			st.Knowledge = st.Knowledge.WithTick(engine.Version{Replica: store, Tick: far})
		}},
		{"knowledge of edits made on the phone", func(st *engine.PartialState, _, proxy engine.ReplicaID) {
			st.Knowledge = st.Knowledge.WithTick(engine.Version{Replica: proxy, Tick: far})
		}},
		{"an item's existence", func(st *engine.PartialState, store, _ engine.ReplicaID) {
			st.Items[0].Meta.LifeVersion = engine.Version{Replica: store, Tick: far}
		}},
		{"an item's creation", func(st *engine.PartialState, _, proxy engine.ReplicaID) {
			st.Items[0].Meta.Creation = engine.Version{Replica: proxy, Tick: far}
		}},
		{"a unit", func(st *engine.PartialState, store, _ engine.ReplicaID) {
			st.Items[0].Meta.Unit("name").Version = engine.Version{Replica: store, Tick: far}
		}},
		{"an element of a list", func(st *engine.PartialState, _, proxy engine.ReplicaID) {
			st.Items[0].Meta.Unit("tags").Elements[0].Added = engine.Version{Replica: proxy, Tick: far}
		}},
		{"an item that a filter keeps out", func(st *engine.PartialState, store, _ engine.ReplicaID) {
			st.Ghosts = append(st.Ghosts, engine.Ghost{ID: engine.ItemID{0x77}, Versions: []engine.Version{{Replica: store, Tick: far}}})
		}},
	}
	for _, f := range forgeries {
		t.Run(f.name, func(t *testing.T) {
			w := newWorld(t, 1)
			store, phone := w.stores[0], w.phones[0]
			ids := []engine.ItemID{engine.ItemIDFromUID(scope, "u1", 1), engine.ItemIDFromUID(scope, "u2", 1)}
			store.Edit(scope, ids[0], Item("u1", "one", "", "tag"), w.tick())
			phone.Edit("personal/u2", Item("u2", "two", "", "tag"), w.tick())
			w.sync(0, 0, -1, false)
			w.sync(1, 0, -1, false)
			was := own(store)
			f.forge(phone.State(scope), was, engine.ProxyID(was, phone.Facts().ID))

			// Nobody was told of these: a claim that is believed keeps them from the phone.
			for i, id := range ids {
				store.Edit(scope, id, With(store.Live(scope)[id], KeyNote, []string{"first", "second"}[i]), w.tick())
			}
			phone.Edit("personal/u1", With(phone.Objects()["personal/u1"], KeyName, "one at the phone"), w.tick())
			w.sync(0, 0, -1, false)
			if own(store) == was {
				t.Errorf("the store still is %s", was)
			}
			w.settle()
			want := []string{"one at the phone|first|[tag]", "two|second|[tag]"}
			var held []*bag
			for _, v := range phone.Objects() {
				held = append(held, v)
			}
			if got := image(held); !slices.Equal(got, want) {
				t.Errorf("the phone holds %q, want %q", got, want)
			}
			for i, s := range w.stores {
				held = nil
				for _, v := range s.Live(scope) {
					held = append(held, v)
				}
				if got := image(held); !slices.Equal(got, want) {
					t.Errorf("PC%d holds %q, want %q", i+1, got, want)
				}
			}
			for _, m := range must(store.Changes(context.Background(), scope, engine.Knowledge{})) {
				r := must(store.Replica(context.Background(), scope))
				if err := m.CheckClaims(r.ID, r.Tick); err != nil {
					t.Errorf("the store holds what it never made: %v", err)
				}
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestForgedRequest: who asks for changes and claims to know what was never made is
// refused: it would be kept from it for ever.
func TestForgedRequest(t *testing.T) {
	w := newWorld(t, 1)
	s := w.stores[0]
	s.Edit(scope, engine.ItemIDFromUID(scope, "u1", 1), Item("u1", "one", ""), w.tick())
	r := must(s.Replica(context.Background(), scope))
	forged := engine.NewKnowledge(engine.Version{Replica: r.ID, Tick: r.Tick + 1})
	if b, err := s.Full().Batch(context.Background(), scope, engine.Request{Known: forged}); !errors.Is(err, engine.ErrClaim) {
		t.Errorf("got %+v, %v, want ErrClaim", b, err)
	}
}
