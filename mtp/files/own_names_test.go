package files_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/mtp/files"
)

// TestPutOwnNames: a file replaces the one of its own name, and none that is only shown by it;
// nor does a folder's content go into such a one.
func TestPutOwnNames(t *testing.T) {
	for _, replace := range []bool{false, true} {
		tree, phone := virtual(t, hwtest.Android, hwtest.Options{})
		write(t, phone, "a\tb")
		if err := os.Mkdir(filepath.Join(phone, "d\tx"), 0o700); err != nil {
			t.Fatal(err)
		}
		put := func(name, text string, o files.Options) {
			t.Helper()
			if _, err := tree.Put(t.Context(), root(t, tree), name, bytes.NewReader([]byte(text)), int64(len(text)), time.Time{}, o); err != nil {
				t.Errorf("replace %v, %q: %v", replace, name, err)
			}
		}
		want := map[string]string{"a\tb": "a\tb"}
		for _, name := range []string{"a_b", "a\nb", "a_b (2)", "a\rb", "a_b (3)"} {
			put(name, "new "+name, files.Options{Replace: replace})
			want[name] = "new " + name
		}
		if replace {
			put("a\tb", "newer", files.Options{Replace: true})
			put("a_b (2)", "newest", files.Options{Replace: true})
			want["a\tb"], want["a_b (2)"] = "newer", "newest"
		}
		folder, err := tree.MakeFolder(t.Context(), root(t, tree), "d_x")
		if err != nil || folder.Entry.Name != "d_x" {
			t.Errorf("folder %+v, %v", folder, err)
		}
		for name, text := range want {
			if b, err := os.ReadFile(filepath.Join(phone, name)); err != nil || string(b) != text {
				t.Errorf("replace %v: %q has %q, %v; want %q", replace, name, b, err, text)
			}
		}
		if all, _ := os.ReadDir(phone); len(all) != len(want)+2 {
			t.Errorf("replace %v: on the phone %v", replace, all)
		}
		// Each is found by what it is shown as.
		all, err := tree.List(t.Context(), root(t, tree))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range all {
			if m := must(tree.Find(t.Context(), n.Path)); m.Entry.Name != n.Entry.Name {
				t.Errorf("%s is %q, listed as %q", n.Path, m.Entry.Name, n.Entry.Name)
			}
		}
	}
}
