package files_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/files"
	"cradle/mtp/responder"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hostile is a storage whose names and sizes are whatever a test wants.
type hostile struct {
	responder.Backend
	objects []responder.Object // handles are indexes plus one; parents as they are
}

func (h *hostile) OpenSession()              {}
func (h *hostile) Storages() []mtp.StorageID { return []mtp.StorageID{0x10001} }
func (h *hostile) Open(o mtp.ObjectHandle) (responder.Content, error) {
	return zeros(h.objects[o-1].Size), nil
}
func (h *hostile) StorageInfo(mtp.StorageID) (mtp.StorageInfo, error) {
	return mtp.StorageInfo{Description: "evil"}, nil
}

func (h *hostile) Object(o mtp.ObjectHandle) (responder.Object, error) {
	if o == 0 || int(o) > len(h.objects) {
		return responder.Object{}, mtp.InvalidObjectHandle
	}
	return h.objects[o-1], nil
}

func (h *hostile) Walk(_ mtp.StorageID, folder mtp.ObjectHandle, deep bool, visit func(*responder.Object)) error {
	for i := range h.objects {
		if o := &h.objects[i]; o.Parent == folder {
			visit(o)
			if o.Folder && deep {
				if err := h.Walk(0, o.Handle, true, visit); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (h *hostile) add(parent mtp.ObjectHandle, folder bool, size uint64, names ...string) {
	for _, name := range names {
		format := mtp.FormatUndefined
		if folder {
			format = mtp.FormatAssociation
		}
		h.objects = append(h.objects, responder.Object{
			Handle: mtp.ObjectHandle(len(h.objects) + 1), Parent: parent, Storage: 0x10001,
			Format: format, Folder: folder, Name: name, Size: size,
			Modified: time.Date(2024, 2, 29, 12, 34, 56, 0, time.Local),
		})
	}
}

// zeros is a body of so many NULs.
type zeros int64

func (z zeros) Size() int64  { return int64(z) }
func (z zeros) Close() error { return nil }
func (z zeros) ReadAt(p []byte, at int64) (int, error) {
	n := min(int64(len(p)), int64(z)-at)
	clear(p[:max(n, 0)])
	if n < int64(len(p)) {
		return int(max(n, 0)), io.EOF
	}
	return len(p), nil
}

func openTree(t *testing.T, tr mtp.Transport) *files.Tree {
	t.Helper()
	s, err := mtp.Open(t.Context(), tr, mtp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()); tr.Close() })
	tree, err := files.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func (h *hostile) tree(t *testing.T) *files.Tree {
	t.Helper()
	prop := func(code mtp.PropCode, t mtp.DataType, v mtp.Value) mtp.ObjectPropDesc {
		return mtp.ObjectPropDesc{Code: code, Type: t, Default: v, Group: 1}
	}
	props := []mtp.ObjectPropDesc{
		prop(mtp.PropObjectFileName, mtp.TypeString, mtp.StringValue("")),
		prop(mtp.PropObjectFormat, mtp.TypeUint16, mtp.UintValue(mtp.TypeUint16, 0)),
		prop(mtp.PropObjectSize, mtp.TypeUint64, mtp.UintValue(mtp.TypeUint64, 0)),
		prop(mtp.PropDateModified, mtp.TypeString, mtp.StringValue("")),
	}
	d := responder.Device{
		Info: mtp.DeviceInfo{VendorExtensions: "android.com: 1.0;", Operations: []mtp.OpCode{
			mtp.OpGetDeviceInfo, mtp.OpOpenSession, mtp.OpCloseSession, mtp.OpGetStorageIDs, mtp.OpGetStorageInfo,
			mtp.OpGetObjectHandles, mtp.OpGetObjectInfo, mtp.OpGetObject, mtp.OpGetPartialObject, mtp.OpGetPartialObject64,
			mtp.OpGetObjectPropValue, mtp.OpGetObjectPropList,
		}},
		FileProps: props, FolderProps: props,
	}
	return openTree(t, responder.New(d, h).Connect())
}

func virtual(t *testing.T, kind hwtest.Kind, o hwtest.Options) (*files.Tree, string) {
	t.Helper()
	dir := t.TempDir()
	p, err := hwtest.Open(kind, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return openTree(t, p.Transport()), dir
}

func target(t *testing.T) *os.Root {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "target")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func paths(ns []files.Node) []string {
	var out []string
	for _, n := range ns {
		out = append(out, n.Path)
	}
	return out
}

func TestSafeName(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"Ada Lovelace.vcf", "Ada Lovelace.vcf"},
		{"größe \U0001F4D2.txt", "größe \U0001F4D2.txt"},
		{"a/b", "a_b"},
		{"/etc/passwd", "_etc_passwd"},
		{"..", "_.."},
		{".", "_."},
		{"../../x", ".._.._x"},
		{"", "_"},
		{"a\x00b\nc", "a_b_c"},
		{"bad\xffutf8", "bad_utf8"},
		{strings.Repeat("x", 300) + ".jpeg", strings.Repeat("x", 237) + ".jpeg"},
	} {
		if got := files.SafeName(tt.name); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestHostileNames: whatever a device calls its objects, each has a path of its
// own, and a fetch of all of them stays in the target folder.
func TestHostileNames(t *testing.T) {
	h := &hostile{}
	h.add(0, true, 0, "..", "a/b", "dir")
	h.add(0, false, 5, "../../escape", "/etc/cradle-test", "a_b", "same", "same", "same", "x\ny")
	h.add(1, false, 3, "../up", "..")
	h.add(3, false, 1, strings.Repeat("long", 63))
	tree := h.tree(t)
	root, err := tree.Find(t.Context(), "/")
	if err != nil {
		t.Fatal(err)
	}
	dir := target(t)
	var got []string
	err = tree.Walk(t.Context(), root, func(n files.Node, err error) error {
		name := strings.TrimPrefix(n.Path, "/")
		switch {
		case err != nil:
			return err
		case n.IsRoot():
			return nil
		case n.IsFolder():
			return dir.Mkdir(name, 0o755)
		}
		got = append(got, n.Path)
		_, err = tree.Get(t.Context(), n, dir, name, files.Options{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"/.._.._escape", "/_../.._up", "/_../_..", "/_etc_cradle-test", "/a_b", "/dir/" + files.SafeName(strings.Repeat("long", 63)),
		"/same", "/same (2)", "/same (3)", "/x_y",
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	above, err := os.ReadDir(filepath.Dir(dir.Name()))
	if err != nil || len(above) != 1 {
		t.Errorf("beside the target: %v, %v", above, err)
	}
	// Each is found again by its path.
	for _, p := range append(want, "/a_b (2)") {
		n, err := tree.Find(t.Context(), p)
		if err != nil || n.Path != p {
			t.Errorf("%s: found %q, %v", p, n.Path, err)
		}
	}
	if _, err := tree.Find(t.Context(), "/dir/../same"); !errors.Is(err, files.ErrNotFound) {
		t.Errorf("a path with ..: %v, want ErrNotFound", err)
	}
}

// TestFolderInItself: a device may have one.
func TestFolderInItself(t *testing.T) {
	h := &hostile{}
	h.add(0, true, 0, "ring")
	h.add(1, true, 0, "inner")
	h.objects[0].Parent = 2 // ring lies in inner, which lies in ring
	h.add(0, true, 0, "way in")
	h.objects[1].Parent = 1
	tree := h.tree(t)
	ring := files.Node{Path: "/ring", Entry: mtp.ObjectEntry{Handle: 1, Storage: 0x10001, IsFolder: true}}
	n := 0
	err := tree.Walk(t.Context(), ring, func(_ files.Node, err error) error { n++; return err })
	if !errors.Is(err, mtp.ErrMalformed) || n > 200 {
		t.Errorf("%d nodes, %v; want ErrMalformed soon", n, err)
	}
}

func TestPaths(t *testing.T) {
	dir := t.TempDir()
	for _, f := range []string{"Internal/DCIM/a.jpg", "Internal/x:y/b.txt", "Card/c.txt"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(f)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, f), []byte(f), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := hwtest.Open(hwtest.Android, dir, hwtest.Options{Storages: []string{"Internal", "Card"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	tree := openTree(t, p.Transport())
	first, second := tree.Storages()[0], tree.Storages()[1]
	for _, tt := range []struct {
		path, want string
		err        error
	}{
		{"", first.Name + ":/", nil},
		{"/", first.Name + ":/", nil},
		{"DCIM", first.Name + ":/DCIM", nil},
		{"//DCIM/./a.jpg", first.Name + ":/DCIM/a.jpg", nil},
		{"x:y/b.txt", first.Name + ":/x:y/b.txt", nil},
		{second.Name + ":", second.Name + ":/", nil},
		{second.Name + ":/c.txt", second.Name + ":/c.txt", nil},
		{"0x00010001:/DCIM", first.Name + ":/DCIM", nil},
		{"No such card:/c.txt", "", files.ErrNotFound},
		{"/c.txt", "", files.ErrNotFound},
		{"/DCIM/a.jpg/b", "", files.ErrNotFolder},
		{"/DCIM/..", "", files.ErrNotFound},
	} {
		n, err := tree.Find(t.Context(), tt.path)
		if n.Path != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%q: got %q, %v; want %q, %v", tt.path, n.Path, err, tt.want, tt.err)
		}
	}
	all, err := tree.List(t.Context(), must(tree.Find(t.Context(), "/")))
	if want := []string{first.Name + ":/DCIM", first.Name + ":/x:y"}; err != nil || !slices.Equal(paths(all), want) {
		t.Errorf("list: %q, %v; want %q", paths(all), err, want)
	}
}

func must(n files.Node, err error) files.Node {
	if err != nil {
		panic(err)
	}
	return n
}

func body(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return p
}

// TestGet: an interrupted fetch is gone on with, if the object is still the same
// and the device can.
func TestGet(t *testing.T) {
	const size = 3<<20 + 77
	stamp := time.Date(2024, 2, 29, 12, 34, 56, 0, time.Local)
	for _, tt := range []struct {
		name   string
		kind   hwtest.Kind
		before func(t *testing.T, phoneFile string, dir *os.Root) // between the tries
		o      files.Options
		phone  hwtest.Options
		resume bool
	}{
		{name: "android, 64 bit", kind: hwtest.Android, resume: true},
		{name: "basic, 32 bit", kind: hwtest.Basic, resume: true},
		{name: "from the start", kind: hwtest.Android, o: files.Options{Restart: true}},
		{name: "other object", kind: hwtest.Android, before: func(t *testing.T, f string, _ *os.Root) {
			if err := os.WriteFile(f, body(size)[1:], 0o644); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "another beginning at the same time", kind: hwtest.Android, before: rewritten},
		{name: "a phone without times", kind: hwtest.Android, phone: hwtest.Options{Times: hwtest.TimesNone}, before: func(t *testing.T, f string, _ *os.Root) {
			p := body(size)
			p[100<<10] ^= 1 // what no look at its ends would show
			if err := os.WriteFile(f, p, 0o644); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "the part is damaged", kind: hwtest.Android, before: func(t *testing.T, _ string, dir *os.Root) {
			f, err := dir.OpenFile(partOf(t, dir), os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			st, _ := f.Stat()
			if _, err := f.WriteAt([]byte("damage"), st.Size()-100); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree, phone := virtual(t, tt.kind, tt.phone)
			file := filepath.Join(phone, "f.bin")
			if err := os.WriteFile(file, body(size), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(file, stamp, stamp); err != nil {
				t.Fatal(err)
			}
			dir := target(t)
			ctx, cancel := context.WithCancel(t.Context())
			_, err := tree.Get(ctx, must(tree.Find(t.Context(), "/f.bin")), dir, "f.bin", files.Options{
				Progress: func(_ files.Node, done, _ int64) {
					if done > 1<<20 {
						cancel()
					}
				},
			})
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("first try: %v, want context.Canceled", err)
			}
			if _, err := dir.Stat("f.bin"); !os.IsNotExist(err) {
				t.Errorf("what isn't whole has the file's name: %v", err)
			}
			partOf(t, dir)
			if tt.before != nil {
				tt.before(t, file, dir)
			}
			n := must(tree.Find(t.Context(), "/f.bin"))
			got, err := tree.Get(t.Context(), n, dir, "f.bin", tt.o)
			if err != nil {
				t.Fatal(err)
			}
			if (got.Resumed > 0) != tt.resume {
				t.Errorf("%+v; want resumed: %v", got, tt.resume)
			}
			want, _ := os.ReadFile(file)
			if there, _ := dir.ReadFile("f.bin"); !bytes.Equal(there, want) || got.Bytes != int64(len(want)) {
				t.Errorf("%d other bytes than the phone's %d", len(there), len(want))
			}
			if tt.before == nil {
				if st, _ := dir.Stat("f.bin"); !st.ModTime().Equal(stamp) {
					t.Errorf("time %v, want %v", st.ModTime(), stamp)
				}
				if all, _ := os.ReadDir(dir.Name()); len(all) != 1 {
					t.Errorf("left behind: %v", all)
				}
			}
			if tt.phone.Times == hwtest.TimesNone {
				return // nothing says whether a file here is the phone's
			}
			if again, err := tree.Get(t.Context(), n, dir, "f.bin", files.Options{}); err != nil || again.Resumed != got.Bytes {
				t.Errorf("once more: %+v, %v; want nothing fetched", again, err)
			}
			if err := dir.Chtimes("f.bin", stamp, stamp.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			if _, err := tree.Get(t.Context(), n, dir, "f.bin", files.Options{}); !errors.Is(err, files.ErrExists) {
				t.Errorf("over another file: %v, want ErrExists", err)
			}
			if _, err := tree.Get(t.Context(), n, dir, "f.bin", files.Options{Replace: true}); err != nil {
				t.Errorf("replace: %v", err)
			}
			if err := syscall.Mkfifo(filepath.Join(dir.Name(), "pipe"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := tree.Get(t.Context(), n, dir, "pipe", files.Options{Replace: true}); !errors.Is(err, files.ErrNotFile) {
				t.Errorf("in place of a pipe: %v, want ErrNotFile", err)
			}
		})
	}
}

// rewritten gives a file other first bytes and leaves it its time.
func rewritten(t *testing.T, name string, _ *os.Root) {
	st, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("CHANGED"), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, st.ModTime(), st.ModTime()); err != nil {
		t.Fatal(err)
	}
}

// partOf finds the file of a fetch under way.
func partOf(t *testing.T, dir *os.Root) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir.Name(), ".cradle-*.part"))
	if err != nil || len(all) != 1 {
		t.Fatalf("parts %v, %v; want one", all, err)
	}
	return filepath.Base(all[0])
}

// TestGetBeyond4GiB goes on with a fetch of a huge object close to its end.
func TestGetBeyond4GiB(t *testing.T) {
	const size = 5<<30 + 3
	h := &hostile{}
	h.add(0, false, size, "huge.bin")
	tree := h.tree(t)
	n := must(tree.Find(t.Context(), "/huge.bin"))
	if n.Entry.Size != size {
		t.Fatalf("size %d, want %d", n.Entry.Size, uint64(size))
	}
	dir := target(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := tree.Get(ctx, n, dir, "huge.bin", files.Options{Progress: func(files.Node, int64, int64) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	f, err := dir.OpenFile(partOf(t, dir), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(size - 10<<20); err != nil { // a hole: NULs, as on the phone
		t.Fatal(err)
	}
	f.Close()
	got, err := tree.Get(t.Context(), n, dir, "huge.bin", files.Options{})
	if err != nil || got.Bytes != size || got.Resumed != size-10<<20 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestGetShort: a device that sends less than it lists.
func TestGetShort(t *testing.T) {
	tree, phone := virtual(t, hwtest.Android, hwtest.Options{})
	if err := os.WriteFile(filepath.Join(phone, "f"), body(1000), 0o644); err != nil {
		t.Fatal(err)
	}
	n := must(tree.Find(t.Context(), "/f"))
	n.Entry.Size = 2000
	dir := target(t)
	if _, err := tree.Get(t.Context(), n, dir, "f", files.Options{}); !errors.Is(err, files.ErrSize) {
		t.Errorf("got %v, want ErrSize", err)
	}
	if all, _ := os.ReadDir(dir.Name()); len(all) != 0 {
		t.Errorf("left behind: %v", all)
	}
}

// TestGetOut: a link in the target folder leads nowhere else.
func TestGetOut(t *testing.T) {
	tree, phone := virtual(t, hwtest.Android, hwtest.Options{})
	if err := os.WriteFile(filepath.Join(phone, "f"), body(10), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := target(t)
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir.Name(), "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := tree.Get(t.Context(), must(tree.Find(t.Context(), "/f")), dir, "link/f", files.Options{}); err == nil {
		t.Error("fetched through a link")
	}
	if all, _ := os.ReadDir(outside); len(all) != 0 {
		t.Errorf("outside: %v", all)
	}
}

func TestPutAndRemove(t *testing.T) {
	stamp := time.Date(2024, 2, 29, 12, 34, 56, 0, time.Local)
	for _, kind := range []hwtest.Kind{hwtest.Android, hwtest.Basic} {
		t.Run(string(kind), func(t *testing.T) {
			tree, phone := virtual(t, kind, hwtest.Options{})
			folder, err := tree.MakeFolder(t.Context(), must(tree.Find(t.Context(), "/")), "new")
			if err != nil {
				t.Fatal(err)
			}
			put := func(p []byte, o files.Options) error {
				_, err := tree.Put(t.Context(), folder, "größe.vcf", bytes.NewReader(p), int64(len(p)), stamp, o)
				return err
			}
			onPhone := func() []byte {
				p, _ := os.ReadFile(filepath.Join(phone, "new", "größe.vcf"))
				return p
			}
			if err := put(body(100_000), files.Options{}); err != nil || !bytes.Equal(onPhone(), body(100_000)) {
				t.Fatalf("put: %v, %d bytes on the phone", err, len(onPhone()))
			}
			if err := put(body(5), files.Options{}); !errors.Is(err, files.ErrExists) {
				t.Errorf("put again: %v, want ErrExists", err)
			}
			err = put(body(5), files.Options{Replace: true})
			if kind == hwtest.Android && (err != nil || len(onPhone()) != 5) {
				t.Errorf("replace: %v, %d bytes on the phone", err, len(onPhone()))
			}
			if kind == hwtest.Basic && (!errors.Is(err, files.ErrCannotReplace) || len(onPhone()) != 100_000) {
				t.Errorf("replace without rename: %v, %d bytes on the phone", err, len(onPhone()))
			}
			if all, _ := os.ReadDir(filepath.Join(phone, "new")); len(all) != 1 {
				t.Errorf("left behind: %v", all)
			}
			// A source that ends early leaves nothing, and the old file.
			before := onPhone()
			_, err = tree.Put(t.Context(), folder, "torn.bin", bytes.NewReader(body(1000)), 2<<20, stamp, files.Options{})
			if !errors.Is(err, files.ErrShrunk) || !strings.HasSuffix(err.Error(), ": 1000 of 2097152 bytes are left") {
				t.Errorf("short source: %v", err)
			}
			if all, _ := os.ReadDir(filepath.Join(phone, "new")); len(all) != 1 || !bytes.Equal(before, onPhone()) {
				t.Errorf("after a short source: %v", all)
			}
			if again, err := tree.MakeFolder(t.Context(), must(tree.Find(t.Context(), "/")), "new"); err != nil || again.Entry.Handle != folder.Entry.Handle {
				t.Errorf("make the folder again: %+v, %v", again, err)
			}
			var gone []string
			if err := tree.Remove(t.Context(), folder, func(n files.Node) { gone = append(gone, n.Path) }); err != nil {
				t.Fatal(err)
			}
			if want := []string{"/new/größe.vcf", "/new"}; !slices.Equal(gone, want) {
				t.Errorf("removed %q, want %q", gone, want)
			}
			if all, _ := os.ReadDir(phone); len(all) != 0 {
				t.Errorf("still there: %v", all)
			}
			if err := tree.Remove(t.Context(), must(tree.Find(t.Context(), "/")), nil); err == nil {
				t.Error("a storage's root was deleted")
			}
		})
	}
}

// TestRemovePartial: what couldn't be listed isn't deleted, nor its folder.
func TestRemovePartial(t *testing.T) {
	tree, phone := virtual(t, hwtest.Basic, hwtest.Options{Lies: responder.LieBadObject})
	for _, f := range []string{"d/a", "d/b"} {
		if err := os.MkdirAll(filepath.Join(phone, "d"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(phone, f), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(phone, "zz"), 0o755); err != nil { // the one that can't be described
		t.Fatal(err)
	}
	if err := tree.Remove(t.Context(), must(tree.Find(t.Context(), "/d")), nil); !errors.Is(err, mtp.ErrPartialList) {
		t.Errorf("got %v, want ErrPartialList", err)
	}
	if all, _ := os.ReadDir(filepath.Join(phone, "d")); len(all) != 2 {
		t.Errorf("deleted some of a folder that couldn't be listed whole: %v", all)
	}
}
