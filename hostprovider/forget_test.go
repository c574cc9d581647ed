package hostprovider

import (
	"context"
	"testing"
	"time"

	"cradle/engine"
)

// Only tombstones go that are old enough, that somebody else has heard of, and that
// nothing needs any more; the forgotten knowledge says so in the same transaction.
func TestForgetDeletions(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	proxy := engine.ReplicaID{7}
	ids := map[string]engine.ItemID{}
	for _, uid := range []string{"live", "phone", "own", "conflict", "undo", "merged", "view"} {
		ids[uid] = putCard(t, s, proxy, uid, card(uid, uid))
	}
	peer := engine.PeerFacts{ID: engine.PeerID{3}}
	var gone engine.Version
	err := s.Update(ctx, "contacts", func(tx engine.Tx) error {
		for _, uid := range []string{"phone", "conflict", "undo", "merged", "view", "own"} {
			m, err := tx.Meta(ids[uid])
			if err != nil {
				return err
			}
			mint := func() (engine.Version, error) { return tx.MintFor(proxy) }
			if uid == "own" {
				mint = tx.Mint
			}
			v, err := mint()
			if err != nil {
				return err
			}
			if uid == "view" {
				gone = v
				if err := tx.PutView(peer.ID, engine.ViewRow{Scope: "contacts", Path: "x", Meta: *m}); err != nil {
					return err
				}
			}
			d := m.Tombstone(v, 0)
			if uid == "merged" {
				d.MergedInto = ids["live"]
			}
			if err := tx.Put(d, nil); err != nil {
				return err
			}
		}
		return tx.Log(0, engine.Conflict{Scope: "contacts", Peer: peer.ID, Item: ids["conflict"], Unit: "deleted", State: engine.Waiting})
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.write(ctx, "test", func(tx *tx) error {
		_, _, err := tx.c.exec(`INSERT INTO putback (peer, kind, item, run, path, absent, collection) VALUES (x'03', 'contacts', ?, 1, '', 1, '')`, ids["undo"].String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	forget := func(at time.Time) int {
		n, err := engine.ForgetDeletions(ctx, s, "contacts", at)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := forget(time.UnixMilli(0)); n != 0 {
		t.Errorf("forgot %d that are too young", n)
	}
	later := time.Now().Add(time.Hour * 24 * 365 * 100)
	if n := forget(later); n != 2 {
		t.Errorf("forgot %d, want 2", n)
	}
	metas, err := s.Metas(ctx, "contacts", []engine.ItemID{ids["live"], ids["phone"], ids["own"], ids["conflict"], ids["undo"], ids["merged"], ids["view"]})
	if err != nil {
		t.Fatal(err)
	}
	for uid, want := range map[string]bool{"live": true, "phone": false, "view": false, "own": true, "conflict": true, "undo": true, "merged": true} {
		if got := metas[ids[uid]] != nil; got != want {
			t.Errorf("%s is there: %t, want %t", uid, got, want)
		}
	}
	rep, err := s.Replica(ctx, "contacts")
	if err != nil {
		t.Fatal(err)
	}
	if !rep.Forgotten.Equal(engine.NewKnowledge(gone)) || !rep.Knowledge.Covers(rep.Forgotten) {
		t.Errorf("forgotten %v, want %v; known %v", rep.Forgotten, gone, rep.Knowledge)
	}
	if views, err := s.ViewItems(ctx, "contacts", peer.ID, []engine.ItemID{ids["view"]}); err != nil || len(views) != 0 {
		t.Errorf("the view keeps what was forgotten: %v %v", views, err)
	}
	// Once it went into a session, the store's own deletion may be forgotten too.
	if err := s.Update(ctx, "contacts", func(tx engine.Tx) error { return tx.Commit(peer, [16]byte{1}, rep.Tick) }); err != nil {
		t.Fatal(err)
	}
	if n := forget(later); n != 1 {
		t.Errorf("after a session: forgot %d, want 1", n)
	}
}
