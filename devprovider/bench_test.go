package devprovider

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"cradle/engine"
	"cradle/hwtest"
	"cradle/pim"
	"cradle/valuebag"
)

const benchItems = 10_000

// benchCards makes the cards that the benchmarks write.
func benchCards(b *testing.B) ([]engine.ItemID, []*valuebag.Values) {
	ids, values := make([]engine.ItemID, benchItems), make([]*valuebag.Values, benchItems)
	for i := range ids {
		uid := fmt.Sprintf("uid-%d", i)
		v, err := pim.Contacts.New([]byte(card(uid, fmt.Sprintf("Person Number%d", i), "TEL;TYPE=CELL:+1 555 0100", "EMAIL:a@example.org", "NOTE:a note of some length to make a usual card")), "personal")
		if err != nil {
			b.Fatal(err)
		}
		ids[i], values[i] = engine.ItemIDFromUID("contacts", uid, 1), v
	}
	return ids, values
}

// fill writes all cards and commits.
func fill(b *testing.B, f *Folder, ids []engine.ItemID, values []*valuebag.Values) {
	ctx := context.Background()
	st := &engine.PartialState{Knowledge: engine.NewKnowledge(version(1, benchItems))}
	for i, id := range ids {
		w := engine.Write{ID: id, Value: values[i]}
		f.Target("contacts", w)
		p, err := f.Write(ctx, "contacts", w)
		if err != nil {
			b.Fatal(err)
		}
		v := version(1, uint64(i+1))
		m := engine.ItemMeta{ID: id, Creation: v, LifeVersion: v, Units: engine.Describe(pim.Contacts, values[i])}
		for j := range m.Units {
			m.Units[j].Version = v
		}
		st.Items = append(st.Items, engine.PartialItem{Meta: m, Place: p})
	}
	slices.SortFunc(st.Items, func(a, b engine.PartialItem) int { return a.Meta.ID.Compare(b.Meta.ID) })
	if err := f.Commit(ctx, nil, map[string]*engine.PartialState{"contacts": st}); err != nil {
		b.Fatal(err)
	}
}

func benchStores(b *testing.B, run func(b *testing.B, open func() ObjectStore)) {
	b.Run("folder", func(b *testing.B) {
		dir := b.TempDir()
		run(b, func() ObjectStore {
			d, err := OpenDir(dir)
			if err != nil {
				b.Fatal(err)
			}
			return d
		})
	})
	for _, kind := range hwtest.Kinds() {
		b.Run(string(kind), func(b *testing.B) {
			phone, err := hwtest.Open(kind, b.TempDir(), hwtest.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer phone.Close()
			run(b, func() ObjectStore { return NewMTPStore(session(b, phone)) })
		})
	}
}

func openBench(b *testing.B, s ObjectStore, cache Cache) *Folder {
	f, err := Open(context.Background(), s, Options{Serial: "S", Cache: cache})
	if err != nil {
		b.Fatal(err)
	}
	return f
}

// BenchmarkPhone is what this package adds to the runs of 10,000 contacts: the
// writes of a first sync, a survey that reads everything, one that reads nothing.
func BenchmarkPhone(b *testing.B) {
	ids, values := benchCards(b)
	benchStores(b, func(b *testing.B, open func() ObjectStore) {
		ctx := context.Background()
		begin := time.Now()
		fill(b, openBench(b, open(), nil), ids, values)
		b.Logf("writes and state: %v", time.Since(begin))
		cache := testCache{}
		time.Sleep(2100 * time.Millisecond)
		b.Run("all racy", func(b *testing.B) {
			for b.Loop() {
				if _, err := openBench(b, open(), nil).Survey(ctx, allScopes, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
		if _, err := openBench(b, open(), cache).Survey(ctx, allScopes, nil); err != nil {
			b.Fatal(err)
		}
		b.Run("nothing to read", func(b *testing.B) {
			for b.Loop() {
				sv, err := openBench(b, open(), cache).Survey(ctx, allScopes, nil)
				if err != nil || sv["contacts"].Present != benchItems {
					b.Fatal(err, sv["contacts"].Present)
				}
			}
		})
	})
}
