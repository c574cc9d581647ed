package hostprovider

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cradle/engine"
)

// TestDatabaseErrors: what SQLite says comes as an error that a caller acts on,
// without the statement.
func TestDatabaseErrors(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "s.db")
	s, err := Open(ctx, path, Options{Create: true, Wait: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	add := func(s *Store) error {
		_, err := s.Create(ctx, "contacts", "", []byte(card("a", "A")))
		return err
	}
	other, err := openConn(path, "rw", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	if err := other.script("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	check := func(name string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		} else if strings.Contains(err.Error(), "BEGIN") || strings.Contains(err.Error(), "UPDATE") {
			t.Errorf("%s: the statement shows: %v", name, err)
		}
	}
	check("locked by another", add(s), ErrBusy)
	if err := other.script("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := s.w.script("PRAGMA max_page_count=1"); err != nil {
		t.Fatal(err)
	}
	check("no room", func() error {
		_, err := s.Create(ctx, "contacts", "", []byte(card("b", strings.Repeat("B", 1<<20))))
		return err
	}(), ErrFull)
	if err := s.w.script("PRAGMA query_only=1"); err != nil {
		t.Fatal(err)
	}
	check("not writable", add(s), fs.ErrPermission)
	foreign := filepath.Join(t.TempDir(), "foreign.db")
	if err := os.WriteFile(foreign, []byte(strings.Repeat("no database ", 200)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(ctx, foreign, Options{})
	check("foreign", err, ErrForeign)
}

// TestOpenConflicts counts what waits and what is held, with one peer and with all.
func TestOpenConflicts(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	id, err := s.Create(ctx, "contacts", "", []byte(card("a", "A")))
	if err != nil {
		t.Fatal(err)
	}
	other := engine.PeerID{9}
	for i, c := range []engine.Conflict{
		{Peer: phone1.ID, Unit: "note", State: engine.Waiting}, {Peer: phone1.ID, Unit: "tel", State: engine.Held},
		{Peer: other, Unit: "email", State: engine.Held}, {Peer: other, Unit: "name", State: engine.Settled},
	} {
		c.Item, c.KeptSide, c.Phone = id, engine.ToStore, engine.Version{Replica: engine.ReplicaID{5}, Tick: uint64(i + 1)}
		logged(t, s, c)
	}
	for _, c := range []struct {
		name          string
		peer          engine.PeerID
		waiting, held int
	}{{"all", engine.PeerID{}, 1, 2}, {"one", phone1.ID, 1, 1}, {"another", other, 0, 1}, {"nobody", engine.PeerID{7}, 0, 0}} {
		waiting, held, err := s.Open(ctx, c.peer)
		if err != nil || waiting != c.waiting || held != c.held {
			t.Errorf("%s: got %d waiting, %d held, %v; want %d, %d", c.name, waiting, held, err, c.waiting, c.held)
		}
	}
}
