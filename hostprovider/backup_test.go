package hostprovider

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestBackupAndRestore(t *testing.T) {
	dir := t.TempDir()
	path, copied, aside := filepath.Join(dir, "store.db"), filepath.Join(dir, "backups", "a.db"), filepath.Join(dir, "store.db.broken")
	s, err := Open(t.Context(), path, Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	card := "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:Ada\r\nEND:VCARD\r\n"
	if _, err := s.Create(t.Context(), "contacts", "", []byte(card)); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: got %v, %v; want mode 0600", info.Mode(), err)
	}
	if err := s.Backup(t.Context(), copied); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second backup of that name: got %v, want fs.ErrExist", err)
	}
	if _, err := s.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}

	// A backup that is itself no store, or damaged, replaces nothing.
	junk := filepath.Join(dir, "junk.db")
	if err := os.WriteFile(junk, []byte("no store"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{junk, filepath.Join(dir, "absent.db")} {
		if _, err := Restore(t.Context(), bad, path, aside, Options{}); err == nil {
			t.Errorf("%s was taken for a backup", bad)
		}
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "broken" {
		t.Errorf("the store was touched: %q, %v", b, err)
	}

	moved, err := Restore(t.Context(), copied, path, aside, Options{})
	if err != nil || moved != aside {
		t.Fatalf("restore: got %q, %v; want %q", moved, err, aside)
	}
	if b, err := os.ReadFile(aside); err != nil || string(b) != "broken" {
		t.Errorf("what was there is gone: %q, %v", b, err)
	}
	if s, err = Open(t.Context(), path, Options{}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	items, err := s.List(t.Context(), Query{})
	if err != nil || len(items) != 1 {
		t.Errorf("the restored store: got %v, %v; want the one item", items, err)
	}
	if wrong, err := s.Check(t.Context()); err != nil || len(wrong) > 0 {
		t.Errorf("the restored store: %v, %v", wrong, err)
	}
}
