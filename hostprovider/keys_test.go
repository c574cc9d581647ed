package hostprovider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cradle/engine"
)

// storeV2 lays down a store as the program before the key tables left it.
func storeV2(t *testing.T, more string) string {
	t.Helper()
	dump, err := os.ReadFile("testdata/store-v2.sql")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cradle.db")
	if err := create(path); err != nil {
		t.Fatal(err)
	}
	c, err := openConn(path, "rw", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := c.script(string(dump) + fmt.Sprintf("PRAGMA user_version=2; PRAGMA application_id=%d;", applicationID) + more); err != nil {
		t.Fatal(err)
	}
	return path
}

// rowsOf gives the metadata of all items and views as it lies in the tables, and the
// index of versions.
func rowsOf(t *testing.T, path, versions string) (metas map[string][]byte, index []string) {
	t.Helper()
	c, err := openConn(path, "ro", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	metas = map[string][]byte{}
	err = c.query(func(r row) error {
		metas[r.str(0)] = bytes.Clone(r.bytes(1))
		return nil
	}, `SELECT 'item ' || id, meta FROM item UNION ALL SELECT 'view ' || seq, meta FROM view`)
	if err == nil {
		err = c.query(func(r row) error {
			index = append(index, fmt.Sprintf("%s %x %d %d", r.str(0), r.bytes(1), r.int(2), r.int(3)))
			return nil
		}, versions)
	}
	if err != nil {
		t.Fatal(err)
	}
	return metas, index
}

// The step to the key tables: metadata, views and index say what they said, in the
// new form; a row that was damaged is left as it was and found by the check.
func TestMigrateToKeys(t *testing.T) {
	ctx := context.Background()
	path := storeV2(t, "")
	old, oldIndex := rowsOf(t, path, `SELECT kind, replica, tick, n FROM version ORDER BY 1, 2, 3, 4`)
	if len(old) != 9 || len(oldIndex) != 6 {
		t.Fatalf("the old store has %d rows and %d versions, want 9 and 6", len(old), len(oldIndex))
	}
	s := openAt(t, path, Options{Machine: "test-machine"})
	checked(t, s)
	now, index := rowsOf(t, path, `SELECT r.kind, r.replica, v.tick, v.n FROM version v JOIN replica_key r ON r.n = v.replica ORDER BY 1, 2, 3, 4`)
	if !slices.Equal(index, oldIndex) {
		t.Errorf("the index of versions:\n%s\nwas\n%s", strings.Join(index, "\n"), strings.Join(oldIndex, "\n"))
	}
	if len(now) != len(old) {
		t.Errorf("%d rows, were %d", len(now), len(old))
	}
	err := s.read(ctx, func(c *conn) error {
		metas := metaReader{c: c}
		for name, was := range old {
			want, err := engine.UnmarshalMeta(was)
			if err != nil {
				t.Fatalf("%s as it was: %v", name, err)
			}
			var kind string
			if _, err := c.one(func(r row) { kind = r.str(0) }, `SELECT kind FROM item WHERE id = ?`, want.ID.String()); err != nil {
				return err
			}
			var got engine.ItemMeta
			if err := metas.unmarshal(kind, now[name], &got); err != nil || !got.Equal(want) {
				t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
			}
			if len(now[name]) >= len(was) || now[name][0] != 2 {
				t.Errorf("%s takes %d bytes of version %d, took %d", name, len(now[name]), now[name][0], len(was))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(ctx, "contacts", "", []byte(card("new", "New"))); err != nil {
		t.Fatal(err)
	}
	checked(t, s)

	path = storeV2(t, "UPDATE item SET meta = substr(meta, 1, 40) WHERE n = 3;")
	old, _ = rowsOf(t, path, `SELECT kind, replica, tick, n FROM version`)
	s = openAt(t, path, Options{Machine: "test-machine"})
	now, _ = rowsOf(t, path, `SELECT kind, replica, 0, n FROM replica_key`)
	const ada = "item fbbc9d4f-efac-5370-8be6-b41ece66f049"
	if !bytes.Equal(now[ada], old[ada]) {
		t.Errorf("the damaged row was changed: %x, was %x", now[ada], old[ada])
	}
	if wrong, err := s.Check(ctx); err != nil || len(wrong) == 0 || !strings.Contains(wrong[0], "fbbc9d4f") {
		t.Errorf("the check says %q, %v, want the damaged item", wrong, err)
	}
}

// What a transaction gives a key is forgotten with it, and the key is given again.
func TestKeysRollBack(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	stop := errors.New("stop")
	meta := func(r byte, unit string) *engine.ItemMeta {
		v := engine.Version{Replica: engine.ReplicaID{r}, Tick: 1}
		return &engine.ItemMeta{ID: engine.ItemID{r}, Creation: v, LifeVersion: v, Deleted: true, Units: []engine.UnitMeta{{Unit: unit, Version: v}}}
	}
	put := func(m *engine.ItemMeta, end error) {
		t.Helper()
		err := s.Update(ctx, "contacts", func(tx engine.Tx) error {
			if err := tx.Put(m, nil); err != nil {
				return err
			}
			return end
		})
		if !errors.Is(err, end) {
			t.Fatal(err)
		}
	}
	put(meta(1, "first"), nil)
	put(meta(2, "second"), stop)
	put(meta(3, "third"), nil)
	for r, want := range map[byte]bool{1: true, 2: false, 3: true} {
		m, err := s.Metas(ctx, "contacts", []engine.ItemID{{r}})
		if err != nil || (m[engine.ItemID{r}] != nil) != want {
			t.Errorf("item %d: %v, %v, want it there: %v", r, m, err, want)
		} else if want && !m[engine.ItemID{r}].Equal(meta(r, map[byte]string{1: "first", 3: "third"}[r])) {
			t.Errorf("item %d: %+v", r, m[engine.ItemID{r}])
		}
	}
	if n := mustCount(t, s, `SELECT count(*) FROM replica_key`); n != 2 {
		t.Errorf("%d replicas have a key, want 2", n)
	}
	if n := mustCount(t, s, `SELECT count(*) FROM unit_key`); n != 2 {
		t.Errorf("%d units have a key, want 2", n)
	}
	for _, sql := range []string{`UPDATE replica_key SET key = 7 WHERE key = 2`, `UPDATE replica_key SET key = 2, replica = x'01' WHERE key = 7`} {
		if err := s.w.script(sql); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Metas(ctx, "contacts", []engine.ItemID{{3}}); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("after %s: got %v, want that the key is damaged", sql, err)
		}
	}
}

// TestMetaSize: the engine's metadata of an item takes at most 64 bytes on average
// (without digests: those of contents are no metadata) in each table that has any,
// in a store of 1,000 contacts that three replicas edit.
func TestMetaSize(t *testing.T) {
	ctx := context.Background()
	const n = 1000
	stores := []*Store{storeAt(t, "a"), storeAt(t, "b"), storeAt(t, "c")}
	if _, err := stores[0].Import(ctx, benchFiles(0, n)); err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	meet := func() {
		t.Helper()
		for range 2 {
			exchange(t, stores[0], stores[1])
			exchange(t, stores[1], stores[2])
		}
	}
	meet()
	for range 2 {
		for _, s := range stores {
			var edits []ImportFile
			for _, i := range rnd.Perm(n)[:n/10] {
				uid := fmt.Sprintf("bench-%06d", i)
				edits = append(edits, ImportFile{Path: uid, Collection: "personal", Data: []byte(card(uid, fmt.Sprintf("Person Number %d", rnd.IntN(n)),
					fmt.Sprintf("TEL;TYPE=HOME:+4930%d", rnd.IntN(1e6)), "EMAIL;TYPE=INTERNET:person"+uid+"@example.org",
					"ADR;TYPE=HOME:;;Some Street 12;Berlin;;10115;Germany", "ORG:Example;Dept", "BDAY:1980-02-03", "CATEGORIES:friends,work"))})
			}
			if _, err := s.Import(ctx, edits); err != nil {
				t.Fatal(err)
			}
		}
		meet()
	}
	for i := range 5 {
		if _, err := stores[i%3].Delete(ctx, fmt.Sprintf("bench-%06d", i)); err != nil {
			t.Fatal(err)
		}
	}
	meet()
	// What the view of a phone keeps of each item is the same metadata once more.
	err := stores[0].Update(ctx, "contacts", func(tx engine.Tx) error {
		all, err := stores[0].Changes(ctx, "contacts", engine.Knowledge{})
		for _, m := range all {
			if err == nil {
				err = tx.PutView(engine.PeerID{1}, engine.ViewRow{Scope: "contacts", Path: "x", Meta: *m})
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range stores {
		sizes(t, fmt.Sprintf("store %d", i), s)
	}
}

func sizes(t *testing.T, name string, s *Store) {
	t.Helper()
	all, err := s.Changes(context.Background(), "contacts", engine.Knowledge{})
	if err != nil || len(all) < 900 {
		t.Fatalf("%s: %d items, %v", name, len(all), err)
	}
	digests, replicas := 0, map[engine.ReplicaID]bool{}
	for _, m := range all {
		for _, u := range m.Units {
			if !u.Digest.IsZero() {
				digests += len(u.Digest)
			}
			digests += len(u.Elements) * len(engine.ElementDigest{})
			replicas[u.Version.Replica] = true
		}
	}
	if len(replicas) < 3 {
		t.Errorf("%s: versions of %d replicas, want 3", name, len(replicas))
	}
	// The index of versions counts with the items: three numbers as SQLite writes them,
	// and five bytes that say what they are.
	index := `SELECT coalesce(sum(5 + length(printf('%x', v.replica)) / 2 + (1 + length(printf('%x', v.tick))) / 2 + (1 + length(printf('%x', v.n))) / 2), 0) FROM version v`
	keys := mustCount(t, s, `SELECT coalesce((SELECT sum(length(replica) + 4) FROM replica_key), 0) + coalesce((SELECT sum(length(unit) + 2) FROM unit_key), 0)`)
	for _, table := range []string{"item", "view"} {
		blob := mustCount(t, s, `SELECT coalesce(sum(length(meta)), 0) FROM `+table)
		if blob == 0 {
			continue
		}
		bytes := blob + keys - int64(digests)
		if table == "item" {
			bytes += mustCount(t, s, index)
		}
		got := float64(bytes) / float64(len(all))
		t.Logf("%s: %s: %.1f bytes an item besides %.1f of digests", name, table, got, float64(digests)/float64(len(all)))
		if got > 64 {
			t.Errorf("%s: %s: got %.1f bytes an item besides digests, want at most 64", name, table, got)
		}
	}
}
