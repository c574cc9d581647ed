package hostprovider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cradle/engine"
	"cradle/pim"
)

// testClock starts on a fixed day and goes on by a second each time it is read.
func testClock() func() time.Time {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return func() time.Time { at = at.Add(time.Second); return at }
}

var seeds int

type seeded struct{ r *rand.ChaCha8 }

func (s seeded) Read(p []byte) (int, error) { return s.r.Read(p) }

func testOptions(t testing.TB) Options {
	var seed [32]byte
	copy(seed[4:], t.Name())
	seeds++ // a store that is opened again draws other IDs
	seed[0], seed[1] = byte(seeds), byte(seeds>>8)
	return Options{Create: true, Now: testClock(), Rand: seeded{rand.NewChaCha8(seed)}, Machine: "test-machine"}
}

func openAt(t testing.TB, path string, o Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), path, o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newTestStore(t testing.TB) *Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "store", "cradle.db"), testOptions(t))
}

func card(uid, name string, lines ...string) string {
	var b strings.Builder
	b.WriteString("BEGIN:VCARD\r\nVERSION:3.0\r\n")
	if uid != "" {
		b.WriteString("UID:" + uid + "\r\n")
	}
	fmt.Fprintf(&b, "FN:%s\r\nN:%s;;;;\r\n", name, name)
	for _, l := range lines {
		b.WriteString(l + "\r\n")
	}
	b.WriteString("END:VCARD\r\n")
	return b.String()
}

// putCard saves a card as a session would: with a version of the given proxy.
func putCard(t testing.TB, s *Store, proxy engine.ReplicaID, uid, text string) engine.ItemID {
	t.Helper()
	var id engine.ItemID
	err := s.Update(context.Background(), "contacts", func(tx engine.Tx) error {
		v, err := pim.Contacts.New([]byte(text), "personal")
		if err != nil {
			return err
		}
		ver, err := tx.MintFor(proxy)
		if err != nil {
			return err
		}
		id = engine.ItemIDFromUID("contacts", uid, 1)
		old, err := tx.Meta(id)
		if err != nil {
			return err
		}
		st := stamp{ver, 1000}
		m, _ := revision{kind: pim.Contacts, life: st}.live(id, old, v)
		return tx.Put(m, v)
	})
	if err != nil {
		t.Fatalf("put %s: %v", uid, err)
	}
	return id
}

func TestOpen(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	path := filepath.Join(dir, "deep", "cradle.db")
	if _, err := Open(ctx, path, Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without Create: got %v, want fs.ErrNotExist", err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a reading command made the folder")
	}
	s := openAt(t, path, testOptions(t))
	r1, err := s.Replica(ctx, "contacts")
	if err != nil || r1.ID.IsZero() {
		t.Fatalf("replica: %v %v", r1, err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		fi, err := os.Stat(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, want 0600", filepath.Base(name), fi.Mode())
		}
	}
	s.Close()
	s = openAt(t, path, Options{Machine: "test-machine"})
	r2, err := s.Replica(ctx, "contacts")
	if err != nil || r2.ID != r1.ID {
		t.Errorf("opened again: replica %v %v, want %v", r2.ID, err, r1.ID)
	}
	if _, err := s.Replica(ctx, "toys"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown scope: %v, want ErrNotFound", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	os.WriteFile(garbage, bytes.Repeat([]byte("no database "), 1000), 0o600)
	if _, err := Open(ctx, garbage, Options{}); !errors.Is(err, ErrForeign) {
		t.Errorf("garbage: got %v, want ErrForeign", err)
	}
	foreign := filepath.Join(dir, "foreign.db")
	c, err := openConn(foreign, "rwc", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.script("CREATE TABLE t (x); PRAGMA user_version=7"); err != nil {
		t.Fatal(err)
	}
	c.close()
	before, _ := os.ReadFile(foreign)
	if _, err := Open(ctx, foreign, Options{}); !errors.Is(err, ErrForeign) {
		t.Errorf("foreign: got %v, want ErrForeign", err)
	}
	if after, _ := os.ReadFile(foreign); !bytes.Equal(before, after) {
		t.Error("a foreign file was changed")
	}
	newer := filepath.Join(dir, "newer.db")
	s := openAt(t, newer, testOptions(t))
	s.w.script("PRAGMA user_version=999")
	s.Close()
	if _, err := Open(ctx, newer, Options{}); !errors.Is(err, engine.ErrNewer) {
		t.Errorf("newer: got %v, want ErrNewer", err)
	}
}

func TestPutChangesLoad(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	proxy := engine.ReplicaID{1}
	var want []engine.ItemID
	for i := range 20 {
		uid := fmt.Sprintf("u%d", i)
		want = append(want, putCard(t, s, proxy, uid, card(uid, "Name "+uid, "TEL:+49"+uid)))
	}
	all, err := s.Changes(ctx, "contacts", engine.Knowledge{})
	if err != nil || len(all) != 20 {
		t.Fatalf("changes of all: %d %v, want 20", len(all), err)
	}
	for i := 1; i < len(all); i++ {
		if all[i-1].ID.Compare(all[i].ID) >= 0 {
			t.Fatal("changes are not in item-ID order")
		}
	}
	rep, err := s.Replica(ctx, "contacts")
	if err != nil {
		t.Fatal(err)
	}
	if none, err := s.Changes(ctx, "contacts", rep.Knowledge); err != nil || len(none) != 0 {
		t.Errorf("changes of what it knows: %d %v, want none", len(none), err)
	}
	unit := "tel"
	k := rep.Knowledge.Except(want[3], &unit, engine.Knowledge{})
	if one, err := s.Changes(ctx, "contacts", k); err != nil || len(one) != 1 || one[0].ID != want[3] {
		t.Errorf("changes with an exception: %v %v, want only %v", one, err, want[3])
	}
	vs, err := s.Load(ctx, "contacts", append(want, engine.ItemID{9}))
	if err != nil || len(vs) != 20 {
		t.Fatalf("load: %d %v, want 20", len(vs), err)
	}
	if got := string(pim.Contacts.Text(vs[want[0]])); got != card("u0", "Name u0", "TEL:+49u0") {
		t.Errorf("text: got %q", got)
	}
	metas, err := s.Metas(ctx, "contacts", want)
	if err != nil || len(metas) != 20 {
		t.Errorf("metas: %d %v, want 20", len(metas), err)
	}
	heads, err := s.Heads(ctx, "contacts", want[:1])
	if h := heads[want[0]]; err != nil || h.UID != "u0" || h.Summary != "Name u0" || h.Size != int64(len(card("u0", "Name u0", "TEL:+49u0"))) {
		t.Errorf("head: %+v %v", h, err)
	}
}

// Names that mean something in a URI, and relative ones.
func TestOpenNames(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"plain.db", "a b%20?mode=memory#é&x=y.db", "sub/dir:1/s.db"} {
		s := openAt(t, name, testOptions(t))
		if _, err := s.Create(context.Background(), "contacts", "", []byte(card("a", "A"))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s.Close()
		if _, err := os.Stat(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s = openAt(t, name, Options{})
		if n, err := s.Count(context.Background(), "contacts"); err != nil || n != 1 {
			t.Errorf("%s: %d items %v after opening again, want 1", name, n, err)
		}
	}
}
