package files_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/files"
	"cradle/mtp/responder"
)

// TestFindInPart: in a folder that couldn't be listed whole nothing is said to be missing without
// that; and what two objects share a handle with isn't deleted in another's place.
func TestFindInPart(t *testing.T) {
	tree, dir := virtual(t, hwtest.Android, hwtest.Options{Lies: responder.LieSameHandles})
	for _, name := range []string{"a.txt", "b.txt", "c.txt", "d.txt"} { // c.txt has the handle of b.txt
		write(t, dir, name)
	}
	for _, name := range []string{"/b.txt", "/c.txt"} {
		if _, err := tree.Find(t.Context(), name); !errors.Is(err, files.ErrNotFound) || !errors.Is(err, mtp.ErrPartialList) {
			t.Errorf("%s: %v, want ErrNotFound and ErrPartialList", name, err)
		}
	}
	for _, name := range []string{"/a.txt", "/d.txt"} {
		if n, err := tree.Find(t.Context(), name); err != nil || n.Path != name {
			t.Errorf("%s: %v, %v", name, n.Path, err)
		}
	}
}

func write(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
		t.Fatal(err)
	}
}
