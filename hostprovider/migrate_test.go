package hostprovider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// An older store is backed up beside itself and brought up to date.
func TestUpgrade(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	if _, err := s.Create(ctx, "contacts", "", []byte(card("a", "A"))); err != nil {
		t.Fatal(err)
	}
	s.Close()
	olds, oldv := migrations, storeVersion
	defer func() { migrations, storeVersion = olds, oldv }()
	migrations = append(olds[:len(olds):len(olds)], migration{sql: "CREATE TABLE extra (x INTEGER) STRICT;"})
	storeVersion++

	if _, err := Open(ctx, s.Path(), Options{ReadOnly: true}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("read-only: %v, want ErrReadOnly", err)
	}
	n := openAt(t, s.Path(), Options{Machine: "test-machine"})
	if v, err := n.w.number("PRAGMA user_version"); err != nil || v != storeVersion {
		t.Errorf("version %d %v, want %d", v, err, storeVersion)
	}
	if got := summaries(t, n); got != "A" {
		t.Errorf("items after the upgrade: %q", got)
	}
	bak := fmt.Sprintf("%s.v%d.bak", s.Path(), oldv)
	fi, err := os.Stat(bak)
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Fatalf("backup: %v %v, want mode 0600", fi, err)
	}
	n.Close()
	migrations, storeVersion = olds, oldv
	b := openAt(t, bak, Options{Machine: "test-machine"})
	if got := summaries(t, b); got != "A" {
		t.Errorf("items of the backup: %q", got)
	}

	// One that fails changes nothing.
	migrations = append(olds[:len(olds):len(olds)], migration{sql: "CREATE TABLE extra (x INTEGER) STRICT; SELECT nonsense;"})
	storeVersion = oldv + 1
	if _, err := Open(ctx, bak, Options{}); err == nil {
		t.Error("a migration that fails went through")
	}
	migrations, storeVersion = olds, oldv
	b.Close()
	b = openAt(t, bak, Options{Machine: "test-machine"})
	if n := mustCount(t, b, "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'"); n != 0 {
		t.Error("a migration that failed left a table")
	}
}

func TestReadOnly(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	if _, err := s.Create(ctx, "contacts", "", []byte(card("a", "A"))); err != nil {
		t.Fatal(err)
	}
	r := openAt(t, s.Path(), Options{ReadOnly: true, Machine: "test-machine"})
	if got := summaries(t, r); got != "A" {
		t.Errorf("list: %q", got)
	}
	if err := r.Settle(ctx); err != nil {
		t.Errorf("settle: %v", err)
	}
	if _, err := r.Create(ctx, "contacts", "", []byte(card("b", "B"))); !errors.Is(err, ErrReadOnly) {
		t.Errorf("create: %v, want ErrReadOnly", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, filepath.Join(t.TempDir(), "no.db"), Options{ReadOnly: true, Create: true}); err == nil {
		t.Error("a missing store was opened for reading")
	}
}

// Doctor sees what somebody broke in the private tables, and Rebuild mends what
// is derived.
func TestCheckAndRebuild(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	for _, uid := range []string{"a", "b", "c"} {
		if _, err := s.Create(ctx, "contacts", "", []byte(card(uid, uid, "TEL:1"))); err != nil {
			t.Fatal(err)
		}
	}
	checked(t, s)
	for _, c := range []struct {
		name, sql string
		mends     bool
	}{
		{"rows", `UPDATE body SET lines = '{}' WHERE n = 1`, true},
		{"uid", `UPDATE item SET uid = 'x' WHERE n = 2`, true},
		{"version index", `DELETE FROM version WHERE n = 3`, true},
		{"text", `UPDATE body SET text = replace(text, 'TEL:1', 'TEL:2') WHERE n = 1`, false},
		{"counter", `UPDATE scope SET tick = 1`, false},
	} {
		if err := s.w.script(c.sql); err != nil {
			t.Fatal(err)
		}
		if wrong, err := s.Check(ctx); err != nil || len(wrong) == 0 {
			t.Errorf("%s: %v %v, want it found", c.name, wrong, err)
		}
		if !c.mends {
			continue
		}
		if err := s.Rebuild(ctx); err != nil {
			t.Errorf("%s: rebuild: %v", c.name, err)
		}
		checked(t, s)
	}
}
