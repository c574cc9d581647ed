package devprovider

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"testing"
	"time"

	"cradle/engine"
	"cradle/hwtest"
)

// objectStores are all the stores that the suite runs against, each empty.
func objectStores(t *testing.T) map[string]func(t *testing.T) ObjectStore {
	stores := map[string]func(t *testing.T) ObjectStore{
		"memory": func(*testing.T) ObjectStore { return newMemStore(time.Now) },
		"folder": func(t *testing.T) ObjectStore {
			d, err := OpenDir(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			return d
		},
	}
	for _, kind := range hwtest.Kinds() {
		stores["mtp "+string(kind)] = func(t *testing.T) ObjectStore {
			_, s := plug(t, kind, t.TempDir(), hwtest.Options{})
			return NewMTPStore(s)
		}
	}
	return stores
}

// TestObjectStores is the suite that every ObjectStore passes.
func TestObjectStores(t *testing.T) {
	ctx := context.Background()
	for name, open := range objectStores(t) {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			is := func(what string, err, want error) {
				t.Helper()
				if !errors.Is(err, want) {
					t.Errorf("%s: got %v, want %v", what, err, want)
				}
			}
			list, err := s.Storages(ctx)
			must(err)
			if len(list) != 1 || list[0].Name == "" || !list[0].Writable {
				t.Fatalf("storages: got %+v", list)
			}
			st := list[0].Name
			_, err = s.List(ctx, st, "none")
			is("list of a folder that isn't there", err, fs.ErrNotExist)
			_, err = s.List(ctx, "none", "")
			is("list of a storage that isn't there", err, fs.ErrNotExist)
			must(s.Mkdir(ctx, st, "a"))
			is("the same folder again", s.Mkdir(ctx, st, "a"), fs.ErrExist)
			must(s.Mkdir(ctx, st, "a/b"))
			for _, size := range []int{0, 1, 500, 512, 1 << 20} {
				path := "a/b/" + string(rune('a'+size%7)) + "é.vcf"
				body := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
				e, err := s.Create(ctx, st, path, body)
				must(err)
				if e.Name != base(path) || e.Size != int64(size) || e.Modified == 0 || e.Folder {
					t.Errorf("created %s of %d bytes: got %+v", path, size, e)
				}
				got, err := s.Read(ctx, st, path, int64(size))
				must(err)
				if !bytes.Equal(got, body) {
					t.Errorf("%s: got %d bytes, want the %d written", path, len(got), size)
				}
				at, err := s.Stat(ctx, st, path)
				must(err)
				if at != e {
					t.Errorf("looked at again: got %+v, want %+v", at, e)
				}
				if size > 1 {
					_, err = s.Read(ctx, st, path, int64(size-1))
					is("reading beyond the limit", err, ErrTooLarge)
				}
				_, err = s.Create(ctx, st, path, []byte("x"))
				is("creating over an object", err, fs.ErrExist)
				l, err := s.List(ctx, st, "a/b")
				must(err)
				if !l.Whole || len(l.Entries) != 1 || l.Entries[0] != e {
					t.Errorf("listed: got %+v, want %+v", l, e)
				}
				must(s.Delete(ctx, st, path))
				is("deleting it again", s.Delete(ctx, st, path), fs.ErrNotExist)
				_, err = s.Stat(ctx, st, path)
				is("looking at it", err, fs.ErrNotExist)
				_, err = s.Read(ctx, st, path, 10)
				is("reading it", err, fs.ErrNotExist)
			}
			l, err := s.List(ctx, st, "a")
			must(err)
			if len(l.Entries) != 1 || !l.Entries[0].Folder || l.Entries[0].Name != "b" {
				t.Errorf("a folder in a folder: got %+v", l.Entries)
			}

			e, err := s.Create(ctx, st, "a/one.vcf", []byte("one"))
			must(err)
			renamed, err := s.Rename(ctx, st, "a/one.vcf", "two.vcf")
			path := "a/one.vcf"
			if !errors.Is(err, errors.ErrUnsupported) {
				must(err)
				path = "a/two.vcf"
				if e.Name = "two.vcf"; renamed != e {
					t.Errorf("renamed: got %+v, want %+v", renamed, e)
				}
				_, err := s.Create(ctx, st, "a/three.vcf", []byte("3"))
				must(err)
				_, err = s.Rename(ctx, st, "a/three.vcf", "two.vcf")
				is("renaming over an object", err, fs.ErrExist)
			}
			moved, err := s.Move(ctx, st, path, "a/b")
			if !errors.Is(err, errors.ErrUnsupported) {
				must(err)
				path = "a/b/" + base(path)
				if moved != e {
					t.Errorf("moved: got %+v, want %+v", moved, e)
				}
			}
			if r, ok := s.(Replacer); ok {
				_, err := s.Create(ctx, st, "a/b/new.vcf", []byte("new"))
				must(err)
				_, err = r.Replace(ctx, st, "a/b/new.vcf", path)
				must(err)
				got, err := s.Read(ctx, st, path, 10)
				must(err)
				if string(got) != "new" {
					t.Errorf("replaced: got %q", got)
				}
			}
			must(s.Delete(ctx, st, path))

			canceled, cancel := context.WithCancel(ctx)
			cancel()
			_, err = s.List(canceled, st, "")
			is("a cancelled list", err, context.Canceled)
		})
	}
}

func TestDirStoreGone(t *testing.T) {
	dir := t.TempDir() + "/stick"
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	d, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Create(context.Background(), dirStorage, "x", nil); !errors.Is(err, engine.ErrGone) {
		t.Errorf("create: got %v, want %v", err, engine.ErrGone)
	}
	if _, err := d.Storages(context.Background()); !errors.Is(err, engine.ErrGone) {
		t.Errorf("storages: got %v, want %v", err, engine.ErrGone)
	}
}

func TestDirStoreStaysInside(t *testing.T) {
	d, err := OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"../x", "/etc/passwd", "a/../../x", "a\x00b"} {
		if _, err := d.Read(context.Background(), dirStorage, path, 10); !errors.Is(err, ErrName) {
			t.Errorf("%q: got %v, want %v", path, err, ErrName)
		}
	}
}

func TestPulledCableIsGone(t *testing.T) {
	phone, s := plug(t, hwtest.Android, t.TempDir(), hwtest.Options{})
	m := NewMTPStore(s)
	if _, err := m.Storages(context.Background()); err != nil {
		t.Fatal(err)
	}
	phone.Pull()
	if _, err := m.List(context.Background(), "x", ""); err == nil {
		t.Error("list: no error")
	}
	if _, err := m.Storages(context.Background()); !errors.Is(err, engine.ErrGone) {
		t.Errorf("storages: got %v, want %v", err, engine.ErrGone)
	}
}

// TestRenamedAndRekeyed: an object that gets another handle in the moment of its renaming is renamed all the same.
func TestRenamedAndRekeyed(t *testing.T) {
	rules, err := hwtest.ParseScenario("on SetObjectPropValue nth 1 at end: rekey")
	if err != nil {
		t.Fatal(err)
	}
	ctx, dir := context.Background(), t.TempDir()
	_, s := plug(t, hwtest.Android, dir, hwtest.Options{Scenario: rules})
	m := NewMTPStore(s)
	all, err := m.Storages(ctx)
	if err != nil {
		t.Fatal(err)
	}
	on := all[0].Name
	if err := m.Mkdir(ctx, on, "d"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"d/one", "d/two"} {
		if _, err := m.Create(ctx, on, name, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if e, err := m.Rename(ctx, on, "d/two", "three"); err != nil || e.Name != "three" {
		t.Errorf("renamed: %+v, %v", e, err)
	}
	if b, err := m.Read(ctx, on, "d/three", 100); err != nil || string(b) != "d/two" {
		t.Errorf("under the new name: %q, %v", b, err)
	}
}

func TestDirStoreLinks(t *testing.T) {
	dir := t.TempDir()
	d, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/a.vcf", []byte("a"), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"loop": ".", "b.vcf": "a.vcf", "c.vcf": "nowhere"} {
		if err := os.Symlink(to, dir+"/"+name); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	l, err := d.List(context.Background(), dirStorage, "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range l.Entries {
		names = append(names, e.Name)
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"a.vcf", "b.vcf"}) || !l.Whole {
		t.Errorf("listed: got %v, whole %t, want the file and the link to it", names, l.Whole)
	}
}
