package hostprovider

import (
	"context"
	"fmt"
	"testing"

	"cradle/engine"
	"cradle/pim"
	"cradle/valuebag"
)

func benchCards(n int) (bags []*valuebag.Values, metas []*engine.ItemMeta) {
	return benchCardsFrom(0, n)
}

// benchCardsFrom makes n cards that are numbered from first on.
func benchCardsFrom(first, n int) (bags []*valuebag.Values, metas []*engine.ItemMeta) {
	for i := first; i < first+n; i++ {
		uid := fmt.Sprintf("bench-%06d", i)
		text := card(uid, fmt.Sprintf("Person Number %d", i), "TEL;TYPE=HOME:+4930123456"+uid, "TEL;TYPE=CELL:+49170123456"+uid,
			"EMAIL;TYPE=INTERNET:person"+uid+"@example.org", "ADR;TYPE=HOME:;;Some Street 12;Berlin;;10115;Germany", "ORG:Example;Dept",
			"BDAY:1980-02-03", "NOTE:some words that say nothing of note but fill a line of some length", "CATEGORIES:friends,work", "X-FOO:bar")
		v, err := pim.Contacts.New([]byte(text), "personal")
		if err != nil {
			panic(err)
		}
		st := stamp{engine.Version{Replica: engine.ReplicaID{7}, Tick: uint64(i + 1)}, 1000}
		m, _ := revision{kind: pim.Contacts, life: st}.live(engine.ItemIDFromUID("contacts", uid, 1), nil, v)
		bags, metas = append(bags, v), append(metas, m)
	}
	return bags, metas
}

// BenchmarkFirstSync is the store's share of a first sync of 10,000 contacts:
// items, view rows and pre-images, in batches of 500.
func BenchmarkFirstSync(b *testing.B) {
	const n = 10000
	bags, metas := benchCards(n)
	peer := engine.PeerID{1}
	for b.Loop() {
		b.StopTimer()
		s := newTestStore(b)
		b.StartTimer()
		var run int64
		for from := 0; from < n; from += 500 {
			err := s.Update(context.Background(), "contacts", func(tx engine.Tx) (err error) {
				if run == 0 {
					if run, err = tx.StartRun(engine.RunInfo{Peer: peer}); err != nil {
						return err
					}
				}
				for i := from; i < from+500; i++ {
					m := metas[i]
					if _, err := tx.Meta(m.ID); err != nil {
						return err
					}
					if err := tx.Put(m, bags[i]); err != nil {
						return err
					}
					if err := tx.Before(run, engine.PreImage{Side: engine.ToStore, Item: m.ID}); err != nil {
						return err
					}
					if err := tx.PutView(peer, engine.ViewRow{Path: "Cradle/contacts/personal/x.vcf", Meta: *m}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkNoop(b *testing.B) {
	bags, metas := benchCards(10000)
	s := newTestStore(b)
	k := engine.NewKnowledge(engine.Version{Replica: engine.ReplicaID{7}, Tick: 10000})
	err := s.Update(context.Background(), "contacts", func(tx engine.Tx) (err error) {
		for i, m := range metas {
			if err := tx.Put(m, bags[i]); err != nil {
				return err
			}
		}
		return tx.SetKnowledge(k)
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := s.Settle(context.Background()); err != nil {
			b.Fatal(err)
		}
		rep, err := s.Replica(context.Background(), "contacts")
		if err != nil {
			b.Fatal(err)
		}
		if c, err := s.Changes(context.Background(), "contacts", rep.Knowledge); err != nil || len(c) != 0 {
			b.Fatal(len(c), err)
		}
		if n, err := s.Count(context.Background(), "contacts"); err != nil || n != 10000 {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkAllChanges(b *testing.B) {
	bags, metas := benchCards(10000)
	s := newTestStore(b)
	err := s.Update(context.Background(), "contacts", func(tx engine.Tx) (err error) {
		for i, m := range metas {
			if err := tx.Put(m, bags[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if c, err := s.Changes(context.Background(), "contacts", engine.Knowledge{}); err != nil || len(c) != 10000 {
			b.Fatal(len(c), err)
		}
	}
}
