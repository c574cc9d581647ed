package metastore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/engine"
	meta "cradle/engine/metastore"
	"cradle/hostprovider"
)

func openDB(t *testing.T, path string) *DB {
	t.Helper()
	db, err := Open(context.Background(), path, Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() }) //nolint:errcheck // the end of the test
	return db
}

func openStore(t *testing.T, db *DB, name string) *Store {
	t.Helper()
	s, err := db.Store(context.Background(), name, meta.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put stores an item with an own version.
func put(t *testing.T, s *Store, id byte) {
	t.Helper()
	err := s.Update(context.Background(), func(tx meta.Tx) error {
		v, err := tx.NextTick()
		if err != nil {
			return err
		}
		return tx.Put(&meta.Item{Meta: engine.ItemMeta{ID: engine.ItemID{id}, Creation: v, LifeVersion: v}, Fields: map[string]string{"path": fmt.Sprint(id)}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func export(t *testing.T, s meta.Store) string {
	t.Helper()
	b, err := meta.Export(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// execSQL is what another program does to the file.
func execSQL(t *testing.T, path string, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_busy_timeout=2000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the error of Exec is the one to tell
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatal(err)
	}
}

func TestNames(t *testing.T) {
	ctx := context.Background()
	db := openDB(t, filepath.Join(t.TempDir(), "new", "folder", "meta.db"))
	a, b := openStore(t, db, "a"), openStore(t, db, "b")
	put(t, a, 1)
	put(t, b, 1)
	put(t, b, 2)
	kept := export(t, a)
	if names, err := db.Names(ctx); err != nil || !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("names: %v, %v", names, err)
	}
	if err := errors.Join(db.Drop(ctx, "b"), db.Drop(ctx, "nobody")); err != nil {
		t.Fatal(err)
	}
	if export(t, a) != kept {
		t.Error("dropping b changed a")
	}
	if err := b.Update(ctx, func(meta.Tx) error { return nil }); err == nil {
		t.Error("a dropped store can be written to")
	}
	again := openStore(t, db, "b")
	if c, err := meta.Decode([]byte(export(t, again))); err != nil || len(c.Items) != 0 || c.Replica.Tick != 0 {
		t.Errorf("b anew: %v, %v", c, err)
	}
	if err := again.Check(ctx); err != nil {
		t.Error(err)
	}
}

func TestModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meta.db")
	put(t, openStore(t, openDB(t, path), "a"), 1)
	for _, ext := range []string{"", "-wal", "-shm"} {
		fi, err := os.Stat(path + ext)
		if err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("meta.db%s: %v, %v; want mode 0600", ext, fi, err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	for _, row := range []struct {
		name string
		make func(t *testing.T, path string)
		want string
		is   error
	}{
		{"not there", func(*testing.T, string) {}, "", fs.ErrNotExist},
		{"no database", func(t *testing.T, path string) { write(t, path, strings.Repeat("BEGIN:VCARD\r\n", 100)) }, "", meta.ErrDamaged},
		{"cut to a few bytes", func(t *testing.T, path string) { write(t, path, "SQLite format 3\x00") }, "cut to 16 bytes", meta.ErrDamaged},
		{"emptied", func(t *testing.T, path string) { write(t, path, "") }, "cut to 0 bytes", meta.ErrDamaged},
		{"another program's", func(t *testing.T, path string) { execSQL(t, path, "CREATE TABLE t (x); PRAGMA application_id=7") }, "another program's file (application_id 0x7)", meta.ErrDamaged},
		{"newer tables", func(t *testing.T, path string) {
			openDB(t, path).Close() //nolint:errcheck // it is opened again at once
			execSQL(t, path, "UPDATE metastore_schema SET version = 9")
		}, "version 9, this program knows 2", engine.ErrNewer},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "meta.db")
			row.make(t, path)
			before, _ := os.ReadFile(path)
			_, err := Open(context.Background(), path, Options{})
			if !errors.Is(err, row.is) || !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %v with %q and the path", err, row.is, row.want)
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// In the PIM store's file: neither disturbs the other.
func TestSharedFile(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "store.db")
	host, err := hostprovider.Open(ctx, path, hostprovider.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close() //nolint:errcheck // the end of the test
	card := func(name string) {
		t.Helper()
		if _, err := host.Create(ctx, "contacts", "", []byte("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:"+name+"\r\nEND:VCARD\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	card("Ada")
	db := openDB(t, path)
	s := openStore(t, db, "friend.vcf")
	put(t, s, 1)
	card("Grace")
	put(t, s, 2)
	want := export(t, s)
	if err := errors.Join(host.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	if host, err = hostprovider.Open(ctx, path, hostprovider.Options{}); err != nil {
		t.Fatal(err)
	}
	if n, err := host.Count(ctx, "contacts"); n != 2 || err != nil {
		t.Errorf("the store has %d contacts, %v; want 2", n, err)
	}
	if wrong, err := host.Check(ctx); err != nil || len(wrong) > 0 {
		t.Errorf("the store's check: %v, %v", wrong, err)
	}
	if got := export(t, openStore(t, openDB(t, path), "friend.vcf")); got != want {
		t.Error("the metadata is another after the next start")
	}
}

// An upgrade keeps a copy of the file as it was, and one that fails changes nothing.
func TestMigrate(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "meta.db")
	db := openDB(t, path)
	put(t, openStore(t, db, "a"), 1)
	want := export(t, openStore(t, db, "a"))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	defer func(old []migration) { migrations = old }(migrations)
	last := len(migrations)
	migrations = append(slices.Clone(migrations), migration{sql: "CREATE TABLE metastore_extra (x INTEGER) STRICT; SELECT nonsense"})
	if _, err := Open(ctx, path, Options{}); err == nil || !strings.Contains(err.Error(), fmt.Sprint("migration to version ", last+1)) {
		t.Fatalf("a migration that fails: got %v", err)
	}
	migrations[last].sql = "CREATE TABLE metastore_extra (x INTEGER) STRICT"
	up := openDB(t, path)
	if got := export(t, openStore(t, up, "a")); got != want {
		t.Error("the upgrade changed the metadata")
	}
	migrations = migrations[:last]
	if _, err := Open(ctx, path, Options{}); !errors.Is(err, engine.ErrNewer) {
		t.Errorf("the former program: got %v, want ErrNewer", err)
	}
	old := openDB(t, fmt.Sprintf("%s.meta%d.bak", path, last))
	if got := export(t, openStore(t, old, "a")); got != want {
		t.Error("the backup holds something else")
	}
}

func TestBusy(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "meta.db")
	s := openStore(t, openDB(t, path), "a")
	other, err := Open(ctx, path, Options{Wait: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close() //nolint:errcheck // the end of the test
	o := openStore(t, other, "a")
	err = s.Update(ctx, func(meta.Tx) error {
		if err := o.Update(ctx, func(meta.Tx) error { return nil }); !errors.Is(err, ErrBusy) {
			t.Errorf("a second writer: got %v, want ErrBusy", err)
		}
		return o.View(ctx, func(r meta.Reader) error { _, err := r.Replica(); return err })
	})
	if err != nil {
		t.Errorf("a reader beside a writer: %v", err)
	}
	put(t, o, 1)
}

// Rows that were changed behind our back are told by replica and item, and kept
// aside on demand; the other replica of the file isn't touched.
func TestDamagedRows(t *testing.T) {
	const first, second = "x'01000000000000000000000000000000'", "x'02000000000000000000000000000000'"
	for _, row := range []struct{ name, query, want string }{
		{"a bit", "UPDATE metastore_item SET body = CAST(substr(body, 1, 30) || x'77' || substr(body, 32) AS BLOB) WHERE replica = 1 AND id = " + second, "row 02000000000000000000000000000000: item: the checksum"},
		{"a cut body", "UPDATE metastore_item SET body = substr(body, 1, 20) WHERE replica = 1", "the checksum"},
		{"another item's body", "UPDATE metastore_item SET body = (SELECT body FROM metastore_item WHERE replica = 1 AND id = " + first + ") WHERE replica = 1 AND id = " + second, "the row is of item 01"},
		{"an item that is gone", "DELETE FROM metastore_item WHERE replica = 1 AND id = " + first, "2 of 3 items are there"},
		{"a field that leads elsewhere", "UPDATE metastore_field SET value = x'00' WHERE replica = 1 AND item = " + first, "isn't found by its field"},
		{"a field too many", "INSERT INTO metastore_field VALUES (1, " + first + ", 'more', x'00')", "4 fields are looked up, the 3 items have 3"},
		{"the replica", "UPDATE metastore_replica SET body = CAST(body || x'01' AS BLOB) WHERE number = 1", "replica: the checksum"},
	} {
		t.Run(row.name, func(t *testing.T) {
			ctx := context.Background()
			path := filepath.Join(t.TempDir(), "meta.db")
			db := openDB(t, path)
			a, b := openStore(t, db, "a"), openStore(t, db, "b")
			for id := byte(1); id <= 3; id++ {
				put(t, a, id)
				put(t, b, id)
			}
			c, err := meta.Decode([]byte(export(t, a)))
			if err != nil {
				t.Fatal(err)
			}
			intact := export(t, b)
			execSQL(t, path, row.query)
			if err := a.Check(ctx); !errors.Is(err, meta.ErrDamaged) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("check: got %v, want ErrDamaged with %q", err, row.want)
			}
			s, err := db.Store(ctx, "a", meta.Options{ID: c.Replica.ID, Recover: true})
			if err != nil {
				t.Fatal(err)
			}
			fresh, err := meta.Decode([]byte(export(t, s)))
			if err != nil || fresh.Replica.ID == c.Replica.ID || len(fresh.Items) != 0 || s.Aside() != "a (damaged 1)" {
				t.Errorf("recovered: %v, %+v, aside %q", err, fresh, s.Aside())
			}
			put(t, s, 1)
			if export(t, b) != intact || b.Check(ctx) != nil {
				t.Error("the other replica was touched")
			}
			if names, err := db.Names(ctx); err != nil || !slices.Equal(names, []string{"a", "a (damaged 1)", "b"}) {
				t.Errorf("names: %v, %v", names, err)
			}
		})
	}
}
