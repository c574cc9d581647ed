package metastore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cradle/engine"
	meta "cradle/engine/metastore"
)

// itemV1 is a row as it was before keys were kept beside the rows.
func itemV1(it *meta.Item) []byte {
	b := []byte{1}
	m := engine.MarshalMeta(&it.Meta)
	b = append(binary.AppendUvarint(b, uint64(len(m))), m...)
	b = binary.AppendUvarint(b, uint64(len(it.Fields)))
	for _, name := range slices.Sorted(maps.Keys(it.Fields)) {
		for _, s := range []string{name, it.Fields[name]} {
			b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
		}
	}
	b = append(binary.AppendUvarint(b, uint64(len(it.Custom))), it.Custom...)
	sum := sha256.Sum256(b)
	return append(b, sum[:8]...)
}

// The step to keys: the content is the same, in less room; a damaged row stays as it
// was and is told of.
func TestMigrateToKeys(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "meta.db")
	db := openDB(t, path)
	s := openStore(t, db, "a")
	for i := range byte(3) {
		put(t, s, i+1)
	}
	want := export(t, s)
	content, err := meta.Decode([]byte(want))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	// As the former program would have left it.
	was := map[string]int{}
	for _, it := range content.Items {
		execSQL(t, path, "UPDATE metastore_item SET body = ? WHERE id = ?", itemV1(it), it.Meta.ID[:])
		was[it.Meta.ID.String()] = len(itemV1(it))
	}
	execSQL(t, path, "ALTER TABLE metastore_replica DROP COLUMN keys; UPDATE metastore_schema SET version = 1; PRAGMA user_version = 1")
	up := openDB(t, path)
	s = openStore(t, up, "a")
	if got := export(t, s); got != want {
		t.Error("the upgrade changed the metadata")
	}
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
	err = eachBody(ctx, up, func(id, body []byte) {
		if n := was[engine.ItemID(id).String()]; len(body) >= n || body[0] != 2 {
			t.Errorf("item %x takes %d bytes of version %d, took %d", id, len(body), body[0], n)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, 9)
	if err := up.Close(); err != nil {
		t.Fatal(err)
	}
	damaged := itemV1(content.Items[1])
	damaged[20] ^= 1
	execSQL(t, path, "UPDATE metastore_item SET body = ? WHERE id = ?", damaged, content.Items[1].Meta.ID[:])
	execSQL(t, path, "ALTER TABLE metastore_replica DROP COLUMN keys; UPDATE metastore_schema SET version = 1; PRAGMA user_version = 1")
	for _, i := range []int{0, 2} {
		execSQL(t, path, "UPDATE metastore_item SET body = ? WHERE id = ?", itemV1(content.Items[i]), content.Items[i].Meta.ID[:])
	}
	up = openDB(t, path)
	if err := openStore(t, up, "a").Check(ctx); !errors.Is(err, meta.ErrDamaged) || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("with a damaged row: %v, want ErrDamaged", err)
	}
	// Damaged keys are no less noticed: each row would be another's.
	execSQL(t, path, "UPDATE metastore_replica SET keys = CAST(substr(keys, 1, 9) || x'7a' || substr(keys, 11) AS BLOB)")
	if _, err := up.Store(ctx, "a", meta.Options{}); !errors.Is(err, meta.ErrDamaged) || !strings.Contains(err.Error(), "keys") {
		t.Errorf("with damaged keys: %v, want ErrDamaged", err)
	}
}

func eachBody(ctx context.Context, db *DB, fn func(id, body []byte)) error {
	t, err := db.r.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer t.Rollback() //nolint:errcheck // it only read
	return each(ctx, t, func(r *sql.Rows) error {
		var id, body []byte
		err := r.Scan(&id, &body)
		fn(id, body)
		return err
	}, "SELECT id, body FROM metastore_item")
}

// What the engine keeps of an item takes at most 64 bytes on average besides digests.
func TestMetaSize(t *testing.T) {
	ctx := context.Background()
	const n = 1000
	rnd := rand.New(rand.NewPCG(1, 2))
	random := func(b []byte) {
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
	}
	s := openStore(t, openDB(t, filepath.Join(t.TempDir(), "meta.db")), "a")
	var others [2]engine.ReplicaID
	random(others[0][:])
	random(others[1][:])
	digests := 0
	err := s.Update(ctx, func(tx meta.Tx) error {
		for i := range n {
			own, err := tx.NextTick()
			if err != nil {
				return err
			}
			at := int64(1_700_000_000_000 + i)
			it := &meta.Item{Meta: engine.ItemMeta{Creation: own, LifeVersion: own, LifeEdited: at}}
			random(it.Meta.ID[:])
			for _, unit := range []string{"adr", "categories", "collection", "dates", "email", "name", "note", "org", "rest", "tel"} {
				u := engine.UnitMeta{Unit: unit, Version: own, Edited: at}
				random(u.Digest[:])
				digests += 16
				if unit == "tel" || unit == "email" {
					e := engine.Element{Added: own}
					random(e.Digest[:])
					u.Elements = []engine.Element{e}
					digests += 8
				}
				if r := rnd.IntN(40); r < 2 {
					u.Version, u.Edited = engine.Version{Replica: others[r], Tick: uint64(i + 1)}, at+1000
				}
				it.Meta.Units = append(it.Meta.Units, u)
			}
			if err := tx.Put(it); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var rows, keys int
	if err := s.db.r.QueryRowContext(ctx, "SELECT sum(length(body)) FROM metastore_item").Scan(&rows); err != nil {
		t.Fatal(err)
	}
	if err := s.db.r.QueryRowContext(ctx, "SELECT length(keys) FROM metastore_replica").Scan(&keys); err != nil {
		t.Fatal(err)
	}
	// A row has, besides, its checksum and what its provider keeps: here nothing.
	got := float64(rows+keys-digests)/n - 8
	t.Logf("%.1f bytes an item", got)
	if got > 64 {
		t.Errorf("%.1f bytes an item besides digests, want at most 64", got)
	}
}
