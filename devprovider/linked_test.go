package devprovider

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// A folder that became a link to a folder is not one that lost its files.
func TestLinkedFolderIsNotGone(t *testing.T) {
	root := t.TempDir()
	real := filepath.Join(t.TempDir(), "personal")
	tree := filepath.Join(root, rootFolder, "contacts")
	for _, dir := range []string{real, tree} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(real, filepath.Join(tree, "personal")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, filepath.Join(root, "Music")); err != nil {
		t.Fatal(err)
	}
	d, err := OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	st, err := d.Storages(context.Background())
	if err != nil || len(st) != 1 {
		t.Fatalf("storages: %v %v", st, err)
	}
	for _, c := range []struct {
		folder string
		whole  bool
	}{{"", true}, {rootFolder, true}, {rootFolder + "/contacts", false}} {
		l, err := d.List(context.Background(), st[0].Name, c.folder)
		if err != nil || l.Whole != c.whole {
			t.Errorf("%q: whole %v (%v) %v, want %v", c.folder, l.Whole, l.Reason, err, c.whole)
		}
	}
}
