package hostprovider

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"cradle/engine"
	"cradle/pim"
)

var phone1 = engine.PeerFacts{ID: engine.PeerID{0xa}, Serial: "S1", Name: "Phone"}

// session commits a session with a phone: what a session does to the store, and
// the facts that the phone's state then tells.
func session(t testing.TB, s *Store, p engine.PeerFacts, mark byte, fn func(tx engine.Tx)) engine.PeerFacts {
	t.Helper()
	ctx := context.Background()
	m, err := s.Admit(ctx, p)
	if err != nil {
		t.Fatalf("admit: %v", err)
	}
	err = s.Update(ctx, "contacts", func(tx engine.Tx) error {
		if fn != nil {
			fn(tx)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rep := replica(t, s, "contacts")
	err = s.Update(ctx, "contacts", func(tx engine.Tx) error { return tx.Commit(p, [16]byte{mark}, rep.Tick) })
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(ctx, "contacts", func(tx engine.Tx) error { return tx.SettleView(p.ID, [16]byte{mark}, nil) })
	if err != nil {
		t.Fatal(err)
	}
	p.HasState = true
	p.Marks = map[engine.ReplicaID][16]byte{m.StoreID: {mark}}
	p.Knowledge = map[string]engine.Knowledge{"contacts": rep.Knowledge}
	return p
}

func copyFile(t testing.TB, from, to string, inPlace bool) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	flags := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	if !inPlace {
		flags |= os.O_EXCL
	}
	out, err := os.OpenFile(to, flags, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAdmit(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	m, err := s.Admit(ctx, phone1)
	if err != nil || m.Known || m.Renewed || m.StoreID.IsZero() {
		t.Fatalf("first meeting: %+v %v", m, err)
	}
	p := session(t, s, phone1, 1, nil)
	if m, err = s.Admit(ctx, p); err != nil || !m.Known || m.Renewed || m.Older {
		t.Errorf("second meeting: %+v %v", m, err)
	}
	clone := p
	clone.ID, clone.Serial = engine.PeerID{0xb}, "S2"
	if m, err = s.Admit(ctx, clone); err != nil || m.Known {
		t.Errorf("a clone under another serial: %+v %v, want it unknown", m, err)
	}
	newID := p
	newID.ID = engine.PeerID{0xc}
	if m, err = s.Admit(ctx, newID); err != nil || !m.Known {
		t.Errorf("the same serial, another ID: %+v %v, want it known", m, err)
	}
	before := p
	before.HasState, before.Marks = true, nil
	if m, err = s.Admit(ctx, before); err != nil || m.Older || !m.Unmarked {
		t.Errorf("the phone restored to before the first session: %+v %v, want Unmarked", m, err)
	}
	forged := p
	rep, err := s.Replica(ctx, "contacts")
	if err != nil {
		t.Fatal(err)
	}
	forged.Claims = map[string][]engine.Version{"contacts": {{Replica: engine.ProxyID(rep.ID, p.ID), Tick: 99}}}
	err = s.read(ctx, func(c *conn) error {
		why, _, err := s.isCopy(c, m.StoreID, forged)
		if why == "" {
			t.Error("a state with items of ticks that were never made is taken as it is, want a reason for a new identity")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	later := session(t, s, p, 2, nil)
	if m, err = s.Admit(ctx, p); err != nil || !m.Older || m.Renewed {
		t.Errorf("the phone restored from a backup: %+v %v, want Older", m, err)
	}
	if m, err = s.Admit(ctx, later); err != nil || m.Older {
		t.Errorf("the phone as it was: %+v %v", m, err)
	}
	if err := s.Forget(ctx, p.ID); err != nil {
		t.Fatal(err)
	}
	if m, _ = s.Admit(ctx, p); m.Known {
		t.Errorf("after Forget: %+v", m)
	}
}

// backup makes a store with two items, one shared with the phone and one not,
// and a backup of its file as it is then.
func backup(t *testing.T) (s *Store, p engine.PeerFacts, bak string, shared, own engine.ItemID) {
	ctx := context.Background()
	s = newTestStore(t)
	var err error
	if shared, err = s.Create(ctx, "contacts", "", []byte(card("a", "A"))); err != nil {
		t.Fatal(err)
	}
	p = session(t, s, phone1, 1, nil)
	if own, err = s.Create(ctx, "contacts", "", []byte(card("b", "B", "TEL:1"))); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	bak = filepath.Join(t.TempDir(), "backup.db")
	copyFile(t, s.Path(), bak, false)
	s = openAt(t, s.Path(), testOptions(t))
	return s, p, bak, shared, own
}

func renewed(t *testing.T, s *Store, p engine.PeerFacts, oldReplica engine.ReplicaID, shared, own engine.ItemID) {
	t.Helper()
	m, err := s.Admit(context.Background(), p)
	if err != nil || !m.Renewed {
		t.Fatalf("admit: %+v %v, want the store renewed", m, err)
	}
	r := replica(t, s, "contacts")
	if r.ID == oldReplica {
		t.Error("the replica ID is the old one")
	}
	if got := r.Knowledge.Tick(oldReplica); got != 1 {
		t.Errorf("it knows its old ID up to %d, want 1: what went into a session", got)
	}
	if got := metaOf(t, s, "contacts", shared); got.LifeVersion != (engine.Version{Replica: oldReplica, Tick: 1}) {
		t.Errorf("the shared item's version %v, want the old one", got.LifeVersion)
	}
	mo := metaOf(t, s, "contacts", own)
	for unit, v := range mo.EachVersion {
		if v.Replica != r.ID {
			t.Errorf("unit %q of the unshared item has version %v, want one of the new ID", unit, v)
		}
	}
	if e := mo.Unit("tel").Elements[0]; e.Added != mo.Unit("tel").Version {
		t.Errorf("element added by %v, want %v", e.Added, mo.Unit("tel").Version)
	}
	again, err := s.Admit(context.Background(), p)
	if err != nil || again.Renewed {
		t.Errorf("admitted again: %+v %v, want no further renewal", again, err)
	}
	checked(t, s)
}

func TestCopiedStore(t *testing.T) {
	s, p, bak, shared, own := backup(t)
	old := replica(t, s, "contacts").ID
	c := openAt(t, bak, testOptions(t))
	renewed(t, c, p, old, shared, own)
	if m, err := s.Admit(context.Background(), p); err != nil || m.Renewed {
		t.Errorf("the original: %+v %v, want it as it was", m, err)
	}
	moved := openAt(t, s.Path(), Options{Machine: "another machine"})
	if m, err := moved.Admit(context.Background(), p); err != nil || !m.Renewed {
		t.Errorf("on another machine: %+v %v, want it renewed", m, err)
	}
}

func TestRestoredStore(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name  string
		edits int // made after the restore
	}{{"not edited", 0}, {"fewer edits than were lost", 1}, {"more edits than were lost", 9}} {
		t.Run(c.name, func(t *testing.T) {
			s, p, bak, shared, own := backup(t)
			old := replica(t, s, "contacts").ID
			for _, name := range []string{"x", "y", "z"} { // lost by the restore
				if _, err := s.Create(ctx, "contacts", "", []byte(card(name, name))); err != nil {
					t.Fatal(err)
				}
			}
			p = session(t, s, p, 2, nil)
			s.Close()
			os.Remove(s.Path() + "-wal")
			os.Remove(s.Path() + "-shm")
			copyFile(t, bak, s.Path(), true) // the same inode
			s = openAt(t, s.Path(), testOptions(t))
			for i := range c.edits {
				if _, err := s.Create(ctx, "contacts", "", []byte(card(string(rune('k'+i)), "new"))); err != nil {
					t.Fatal(err)
				}
			}
			renewed(t, s, p, old, shared, own)
		})
	}
}

// A phone knows more of the store's proxy than the store: as after a restore with
// a phone whose marks were lost.
func TestRestoredStoreByProxyTick(t *testing.T) {
	s := newTestStore(t)
	ctx := context.Background()
	r := replica(t, s, "contacts")
	proxy := engine.ProxyID(r.ID, phone1.ID)
	id := putCard(t, s, proxy, "a", card("a", "A"))
	p := session(t, s, phone1, 1, nil)
	p.Marks = nil
	p.Knowledge["contacts"] = p.Knowledge["contacts"].WithTick(engine.Version{Replica: proxy, Tick: 5})
	m, err := s.Admit(ctx, p)
	if err != nil || !m.Renewed {
		t.Fatalf("admit: %+v %v, want it renewed", m, err)
	}
	if got := metaOf(t, s, "contacts", id).LifeVersion; got != (engine.Version{Replica: proxy, Tick: 1}) {
		t.Errorf("version %v, want the proxy's, which the phone's state holds", got)
	}
	if k := replica(t, s, "contacts").Knowledge; k.Tick(proxy) != 1 {
		t.Errorf("knows the old proxy up to %d, want 1", k.Tick(proxy))
	}
}

func TestViews(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	ids := []engine.ItemID{{1}, {2}}
	row := func(id engine.ItemID, path string, announced bool, tick uint64) engine.ViewRow {
		return engine.ViewRow{Path: path, Announced: announced, Body: engine.Digest{byte(tick)},
			Meta: engine.ItemMeta{ID: id, LifeVersion: engine.Version{Replica: engine.ReplicaID{1}, Tick: tick}}}
	}
	put := func(rows ...engine.ViewRow) {
		t.Helper()
		err := s.Update(ctx, "contacts", func(tx engine.Tx) error {
			for _, r := range rows {
				if err := tx.PutView(phone1.ID, r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	put(row(ids[0], "a", false, 1), row(ids[1], "b", false, 2))
	put(row(ids[0], "a", true, 3))
	got, err := s.ViewItems(ctx, "contacts", phone1.ID, append(ids, engine.ItemID{3}))
	if err != nil || len(got) != 2 || len(got[ids[0]]) != 2 || !got[ids[0]][0].Announced || got[ids[0]][1].Announced {
		t.Fatalf("view: %+v %v, want two rows, the newest first", got, err)
	}
	paths, err := s.ViewPaths(ctx, phone1.ID, []string{"a", "b", "c"})
	if err != nil || len(paths["a"]) != 2 || len(paths["b"]) != 1 || paths["b"][0].Scope != "contacts" || paths["b"][0].Body != (engine.Digest{2}) {
		t.Errorf("by path: %+v %v", paths, err)
	}
	if none, err := s.ViewItems(ctx, "contacts", engine.PeerID{0xff}, ids); err != nil || len(none) != 0 {
		t.Errorf("of a stranger: %v %v", none, err)
	}
	err = s.Update(ctx, "contacts", func(tx engine.Tx) error { return tx.SettleView(phone1.ID, [16]byte{1}, ids) })
	if err != nil {
		t.Fatal(err)
	}
	got, _ = s.ViewItems(ctx, "contacts", phone1.ID, ids)
	if len(got[ids[0]]) != 1 || got[ids[0]][0].Announced || got[ids[0]][0].Meta.LifeVersion.Tick != 3 || len(got[ids[1]]) != 1 {
		t.Errorf("settled: %+v, want the newest alone", got)
	}
	many := make([]engine.ItemID, scanFrom+5)
	copy(many, ids)
	for i := 2; i < len(many); i++ {
		many[i] = engine.ItemID{9, byte(i), byte(i >> 8)}
	}
	if all, err := s.ViewItems(ctx, "contacts", phone1.ID, many); err != nil || len(all) != 2 {
		t.Errorf("many at once: %d %v, want 2", len(all), err)
	}
}

// While an edit isn't settled, an item is left alone and knowledge says nothing
// of the tick.
func TestUnsettledItemIsLeftAlone(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	id := putCard(t, s, engine.ReplicaID{1}, "u1", card("u1", "Ann", "TEL:1"))
	mustSQL(t, s.Path(), "UPDATE properties SET value = '2' WHERE name = 'TEL'")
	other := putCard(t, s, engine.ReplicaID{1}, "u2", card("u2", "Bob"))
	mustSQL(t, s.Path(), "UPDATE items SET collection = 'work' WHERE uid = 'u2'; UPDATE items SET collection = 'club' WHERE uid = 'u2'; DELETE FROM items WHERE uid = 'u2'")
	// What a session loads goes with the metadata that it reads.
	vs, err := s.Load(ctx, "contacts", []engine.ItemID{id, other})
	if err != nil || string(pim.Contacts.Text(vs[id])) != card("u1", "Ann", "TEL:1") || pim.Contacts.Collection(vs[other]) != "personal" {
		t.Errorf("unsettled items are loaded as %v %v, want them as settled", vs, err)
	}
	err = s.Update(ctx, "contacts", func(tx engine.Tx) error {
		m, err := tx.Meta(id)
		if err != nil {
			return err
		}
		v, _ := pim.Contacts.New([]byte(card("u1", "Other")), "personal")
		if err := tx.Put(m, v); err == nil {
			t.Error("an item with unsettled edits was overwritten")
		}
		mine, err := tx.Mint()
		if err != nil || mine.Tick != 5 {
			t.Errorf("minted %v %v, want tick 5 after the four that were stamped", mine, err)
		}
		k, err := tx.Knowledge()
		if err != nil || k.Tick(mine.Replica) != 0 {
			t.Errorf("knows %d of itself, want 0: tick 1 isn't settled", k.Tick(mine.Replica))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	settle(t, s)
	if r := replica(t, s, "contacts"); r.Knowledge.Tick(r.ID) != 5 {
		t.Errorf("settled: knows %d, want 5", r.Knowledge.Tick(r.ID))
	}
	checked(t, s)
}

// TestSynced: a phone is known by the mark of a common session alone.
func TestSynced(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	nameless := engine.PeerFacts{ID: engine.PeerID{0xb}, Name: "Phone"}
	p := session(t, s, nameless, 7, nil)
	with := func(change func(*engine.PeerFacts)) engine.PeerFacts {
		q := p
		q.Marks = map[engine.ReplicaID][16]byte{}
		for id, m := range p.Marks {
			q.Marks[id] = m
		}
		change(&q)
		return q
	}
	for _, tt := range []struct {
		name string
		peer engine.PeerFacts
		want bool
	}{
		{"the phone itself", p, true},
		{"without a state", nameless, false},
		{"another ID", with(func(q *engine.PeerFacts) { q.ID[1] = 1 }), false},
		{"a mark that was never given", with(func(q *engine.PeerFacts) {
			for id := range q.Marks {
				q.Marks[id] = [16]byte{8}
			}
		}), false},
		{"the mark of another store", with(func(q *engine.PeerFacts) { q.Marks = map[engine.ReplicaID][16]byte{{9}: {7}} }), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := s.Synced(ctx, tt.peer); err != nil || got != tt.want {
				t.Errorf("got %v, %v; want %v", got, err, tt.want)
			}
		})
	}
	if err := s.Forget(ctx, p.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Synced(ctx, p); err != nil || got {
		t.Errorf("forgotten: got %v, %v", got, err)
	}
}
