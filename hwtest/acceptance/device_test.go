package acceptance

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/hwtest"
)

// device is a phone or a folder: what lies in a folder of the host.
type device struct {
	kind   hwtest.Kind // "dir": a plain folder
	dir    string
	serial string
	shape  hwtest.Options
}

const folderKind hwtest.Kind = "dir"

// trees are the folders of items on a phone.
var trees = map[string]string{"contacts": "contacts", "calendars": "events", "tasks": "tasks", "notes": "notes"}

// items lists the whole items that lie on the device, by path.
func (d *device) items(t testing.TB) []held {
	t.Helper()
	var out []held
	for _, f := range d.files(t) {
		parts := strings.Split(f, "/")
		kind := ""
		if len(parts) > 3 && parts[0] == "Cradle" {
			kind = trees[parts[1]]
		}
		if kind == "" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(d.dir, f))
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		if !whole(text) {
			continue
		}
		each := bundle(text)
		for _, one := range each {
			out = append(out, held{kind: kind, collection: strings.Join(parts[2:len(parts)-1], "/"), text: one, path: f, bundled: len(each) > 1})
		}
	}
	// A file of its own goes before a copy in a bundle.
	single := map[string]bool{}
	for _, h := range out {
		if uid := find(h.text, "UID"); uid != "" && !h.bundled {
			single[uid] = true
		}
	}
	return slices.DeleteFunc(out, func(h held) bool { return h.bundled && single[find(h.text, "UID")] })
}

// files lists all files below the device's folder, sorted.
func (d *device) files(t testing.TB) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(d.dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(d.dir, p)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// image is every byte and time of the device.
func (d *device) image(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range d.files(t) {
		p := filepath.Join(d.dir, f)
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		fi, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		out[f] = fmt.Sprintf("%x %v", sha256.Sum256(b), fi.ModTime().UnixNano())
	}
	return out
}

// write makes or changes a file on the device, as its user.
func (d *device) write(t testing.TB, path, text string, at time.Time) {
	t.Helper()
	p := filepath.Join(d.dir, path)
	if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if !at.IsZero() {
		if err := os.Chtimes(p, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

func (d *device) remove(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(filepath.Join(d.dir, path)); err != nil {
		t.Fatal(err)
	}
}

// copyTree copies a folder with the times of its files.
func copyTree(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(from, p)
		dst := filepath.Join(to, rel)
		if e.IsDir() {
			return os.MkdirAll(dst, 0o777)
		}
		fi, err := e.Info()
		if err != nil {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if err := os.WriteFile(dst, b, 0o666); err != nil {
			return err
		}
		return os.Chtimes(dst, fi.ModTime(), fi.ModTime())
	})
	if err != nil {
		t.Fatal(err)
	}
}

// restore makes the device hold what a backup held.
func (d *device) restore(t testing.TB, from string) {
	t.Helper()
	if err := os.RemoveAll(d.dir); err != nil {
		t.Fatal(err)
	}
	copyTree(t, from, d.dir)
}
