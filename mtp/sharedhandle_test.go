package mtp_test

import (
	"errors"
	"fmt"
	"testing"

	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/responder"
)

// TestSharedHandles: of two objects that lists tell of under one handle neither is listed, for what
// is done to one of them is done to the other.
func TestSharedHandles(t *testing.T) {
	for _, n := range []int{7, 40} { // all properties at once, and one by one
		dir := t.TempDir()
		files := map[string]string{}
		for i := range n {
			files[fmt.Sprintf("%02d.txt", i)] = fmt.Sprint(i)
		}
		tree(t, dir, files)
		s := session(t, phone(t, hwtest.Android, dir, hwtest.Options{Lies: responder.LieSameHandles}).Transport())
		got, err := s.ListFolder(t.Context(), firstStorage(t, s), mtp.Root)
		if !errors.Is(err, mtp.ErrPartialList) || !errors.Is(err, mtp.ErrMalformed) {
			t.Errorf("%d files: %v, want ErrPartialList", n, err)
		}
		if want := n - 2*(n/3); len(got) != want {
			t.Errorf("%d of %d files are listed, want %d", len(got), n, want)
		}
		for _, e := range got {
			o, err := s.GetObjectInfo(t.Context(), e.Handle)
			if err != nil || o.FileName != e.Name {
				t.Errorf("%s is listed under the handle of %s, %v", e.Name, o.FileName, err)
			}
		}
	}
}
