package mtp_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/mtptest"
	"cradle/mtp/responder"

	"github.com/google/go-cmp/cmp"
)

// Tests of the session over virtual phones: whole responders behind real
// containers.

var update = flag.Bool("update", false, "write the golden transcripts anew")

var stamp = time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)

// tree makes files; a name that ends in a slash is a folder.
func tree(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[name]), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, stamp, stamp); err != nil {
			t.Fatal(err)
		}
	}
}

func phone(t testing.TB, kind hwtest.Kind, dir string, o hwtest.Options) *hwtest.Phone {
	t.Helper()
	o.Zone = time.UTC
	p, err := hwtest.Open(kind, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func session(t testing.TB, tr mtp.Transport) *mtp.Session {
	t.Helper()
	s, err := mtp.Open(context.Background(), tr, mtp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()); tr.Close() })
	return s
}

func firstStorage(t testing.TB, s *mtp.Session) mtp.StorageID {
	t.Helper()
	ids, err := s.GetStorageIDs(t.Context())
	if err != nil || len(ids) == 0 {
		t.Fatalf("storages %x, %v", ids, err)
	}
	return ids[0]
}

// list gives "name size" of each entry, sorted, folders with a slash.
func list(es []mtp.ObjectEntry) []string {
	var out []string
	for _, e := range es {
		if e.IsFolder {
			out = append(out, e.Name+"/")
		} else {
			out = append(out, fmt.Sprintf("%s %d", e.Name, e.Size))
		}
	}
	slices.Sort(out)
	return out
}

// manyFiles is a folder of n files with sizes of their own, and a folder.
func manyFiles(n int) (files map[string]string, want []string) {
	files = map[string]string{"dir/sub/inner.txt": "deeper", "dir/zz.vcf": "last"}
	for i := range n {
		name := fmt.Sprintf("%04d ü.vcf", i)
		files["dir/"+name] = strings.Repeat("x", i%50)
		want = append(want, fmt.Sprintf("%s %d", name, i%50))
	}
	want = append(want, "sub/", "zz.vcf 4")
	slices.Sort(want)
	return files, want
}

func findFolder(t testing.TB, s *mtp.Session, storage mtp.StorageID, name string) mtp.ObjectHandle {
	t.Helper()
	root, err := s.ListFolder(t.Context(), storage, mtp.Root)
	if err != nil && !errors.Is(err, mtp.ErrPartialList) {
		t.Fatal(err)
	}
	for _, e := range root {
		if e.Name == name && e.IsFolder {
			return e.Handle
		}
	}
	t.Fatalf("no folder %q in %v", name, list(root))
	return 0
}

// A folder is listed whole from a device that tells the truth, with as few
// transactions as it allows, and from one that lies about anything else than
// the handles alone.
func TestListFolder(t *testing.T) {
	for _, tt := range []struct {
		name    string
		kind    hwtest.Kind
		lies    string
		without []mtp.OpCode
		n       int
		most    int64 // transactions for a folder, once known
		partial int   // objects left out
	}{
		{name: "android", kind: hwtest.Android, n: 300, most: 5},
		{name: "basic", kind: hwtest.Basic, n: 300, most: 303},
		{name: "no property lists", kind: hwtest.Android, without: []mtp.OpCode{mtp.OpGetObjectPropList}, n: 60, most: 64},
		{name: "depth ignored", kind: hwtest.Android, lies: "proplist-depth", n: 60, most: 64},
		{name: "lists leave objects out", kind: hwtest.Android, lies: "proplist-short", n: 60, most: 64},
		{name: "lists fail", kind: hwtest.Android, lies: "proplist-fail", n: 60, most: 64},
		{name: "lists empty", kind: hwtest.Android, lies: "proplist-empty", n: 60, most: 64},
		{name: "mixed formats", kind: hwtest.Android, lies: "proplist-mixed", n: 60, most: 5},
		{name: "first object twice", kind: hwtest.Android, lies: "duplicate-list", n: 60, most: 5},
		{name: "handles left out", kind: hwtest.Android, lies: "handles-short", n: 700, most: 6},
		{name: "a few handles left out", kind: hwtest.Android, lies: "handles-short", n: 20, most: 8},
		{name: "no handles below the top", kind: hwtest.Android, lies: "handles-fail", n: 60, most: 6},
		{name: "sizes of all ones", kind: hwtest.Basic, lies: "size", n: 20, most: 45},
		{name: "64-bit sizes", kind: hwtest.Basic, lies: "wide-info", n: 20, most: 24},
		{name: "impossible dates", kind: hwtest.Android, lies: "bad-dates", n: 20, most: 5},
		{name: "root as storage", kind: hwtest.Basic, lies: "root-parent", n: 20, most: 24},
		{name: "busy now and then", kind: hwtest.Android, lies: "busy", n: 60, most: 7},
		{name: "no ZLP", kind: hwtest.Android, lies: "no-zlp", n: 300, most: 5},
		{name: "dirt for a ZLP", kind: hwtest.Android, lies: "dummy-byte", n: 300, most: 5},
		{name: "header by itself", kind: hwtest.Android, lies: "split-header", n: 300, most: 5},
		{name: "garbage in headers", kind: hwtest.Android, lies: "header-ids", n: 60, most: 5},
		{name: "padded responses", kind: hwtest.Basic, lies: "pad-response", n: 20, most: 24},
		{name: "one object can't be described", kind: hwtest.Android, lies: "bad-object", n: 60, most: 20, partial: 1},
		{name: "one object can't be described, basic", kind: hwtest.Basic, lies: "bad-object", n: 60, most: 64, partial: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lies, err := responder.ParseLies(tt.lies)
			if err != nil {
				t.Fatal(err)
			}
			files, want := manyFiles(tt.n)
			dir := t.TempDir()
			tree(t, dir, files)
			tree(t, dir, map[string]string{"other/x.txt": "x", "top.txt": "top"})
			p := phone(t, tt.kind, dir, hwtest.Options{Lies: lies, Without: tt.without})
			s := session(t, p.Transport())
			storage := firstStorage(t, s)
			folder := findFolder(t, s, storage, "dir")
			for round := range 2 {
				before := s.Stats().Transactions
				es, err := s.ListFolder(t.Context(), storage, folder)
				took := s.Stats().Transactions - before
				var partial *mtp.PartialListError
				switch {
				case tt.partial == 0 && err != nil:
					t.Fatal(err)
				case tt.partial > 0 && (!errors.As(err, &partial) || !errors.Is(err, mtp.ErrPartialList) || len(partial.Skipped) != tt.partial):
					t.Fatalf("got %v, want %d skipped", err, tt.partial)
				}
				got := list(es)
				if tt.partial > 0 {
					if len(got) != len(want)-tt.partial {
						t.Errorf("%d entries, want %d", len(got), len(want)-tt.partial)
					}
				} else if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				for _, e := range es {
					if bad := strings.Contains(tt.lies, "bad-dates"); !e.IsFolder && e.HasModified == bad || e.HasModified && !e.IsFolder && !e.Modified.Equal(stamp) {
						t.Fatalf("%q: time %v (%v), want %v", e.Name, e.Modified, e.HasModified, stamp)
					}
					if e.Parent != folder || e.Storage != storage {
						t.Fatalf("%q lies in %#x of %#x", e.Name, e.Parent, e.Storage)
					}
				}
				if round == 1 && took > tt.most {
					t.Errorf("%d transactions, want %d at most", took, tt.most)
				}
			}
		})
	}
}

// Two storages: the top of each holds its own objects only.
func TestListRootOfStorages(t *testing.T) {
	for _, kind := range hwtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			dir := t.TempDir()
			files := map[string]string{}
			for i := range 12 {
				files[fmt.Sprintf("a/in%d", i)] = "1"
				files[fmt.Sprintf("b/card%d", i)] = "22"
			}
			tree(t, dir, files)
			s := session(t, phone(t, kind, dir, hwtest.Options{Storages: []string{"a", "b"}}).Transport())
			ids, err := s.GetStorageIDs(t.Context())
			if err != nil || len(ids) != 2 {
				t.Fatalf("storages %x, %v", ids, err)
			}
			for i, want := range []string{"in", "card"} {
				es, err := s.ListFolder(t.Context(), ids[i], mtp.Root)
				if err != nil || len(es) != 12 {
					t.Fatalf("storage %#x: %v, %v", ids[i], list(es), err)
				}
				for _, e := range es {
					if !strings.HasPrefix(e.Name, want) || e.Parent != mtp.Root {
						t.Errorf("storage %#x has %+v", ids[i], e)
					}
				}
			}
		})
	}
}

// A folder of which nothing is known is an error, not an empty folder.
func TestListFolderFails(t *testing.T) {
	d := opened(mtp.DeviceInfo{})
	d.command(mtp.OpGetObjectHandles, 1, 0, 5)
	d.in(d.data(mtp.AppendHandles(nil, []mtp.ObjectHandle{3, 4})))
	d.respond(mtp.OK)
	d.command(mtp.OpGetObjectInfo, 3)
	d.respond(mtp.GeneralError)
	d.command(mtp.OpGetObjectInfo, 4)
	d.in(d.data([]byte("no dataset")))
	d.respond(mtp.OK)
	d.command(mtp.OpGetObjectHandles, 1, 0, 6)
	d.respond(mtp.InvalidParentObject)
	play(t, d, mtp.Options{}, func(s *mtp.Session) {
		es, err := s.ListFolder(t.Context(), 1, 5)
		if !errors.Is(err, mtp.GeneralError) || errors.Is(err, mtp.ErrPartialList) || es != nil {
			t.Errorf("every object fails: %v, %v, want GeneralError and nothing", es, err)
		}
		if es, err := s.ListFolder(t.Context(), 1, 6); !errors.Is(err, mtp.InvalidParentObject) {
			t.Errorf("no such folder: %v, %v, want InvalidParentObject", es, err)
		}
	})
	dir := t.TempDir()
	tree(t, dir, map[string]string{"a.txt": "a", "b.txt": "b", "c.txt": "c"})
	p := phone(t, hwtest.Basic, dir, hwtest.Options{Lies: responder.LiePartialList})
	s := session(t, p.Transport())
	if es, err := s.ListFolder(t.Context(), firstStorage(t, s), mtp.Root); !errors.Is(err, mtp.GeneralError) {
		t.Errorf("handles break off: %v, %v, want GeneralError", list(es), err)
	}
}

// Everything that changes a phone, on both kinds.
func TestObjectOperations(t *testing.T) {
	for _, kind := range hwtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			dir := t.TempDir()
			p := phone(t, kind, dir, hwtest.Options{})
			s := session(t, p.Transport())
			ctx := t.Context()
			storage := firstStorage(t, s)
			f, err := s.CreateFolder(ctx, storage, mtp.Root, "Bücher")
			if err != nil || f.Parent != mtp.Root || f.Storage != storage {
				t.Fatalf("folder %+v, %v", f, err)
			}
			for _, size := range []int{0, 1, packet - 12, packet, 16384 - 12, 16384, 1 << 20} {
				body := pattern(size)
				name := fmt.Sprintf("%d \U0001F4D2.bin", size)
				c, err := s.CreateObject(ctx, storage, f.Handle, &mtp.ObjectInfo{
					Format: mtp.FormatUndefined, FileName: name, ModificationDate: "20240229T123456",
				}, body)
				if err != nil {
					t.Fatalf("create %d bytes: %v", size, err)
				}
				on, err := os.ReadFile(filepath.Join(dir, "Bücher", name))
				if err != nil || !bytes.Equal(on, body) {
					t.Errorf("%d bytes on the phone, want %d: %v", len(on), size, err)
				}
				got, err := s.GetObjectBytes(ctx, c.Handle, 1<<21)
				if err != nil || !bytes.Equal(got, body) {
					t.Errorf("%d bytes back, want %d: %v", len(got), size, err)
				}
				if _, err := s.GetObjectBytes(ctx, c.Handle, size-1); size > 0 && !errors.Is(err, mtp.ErrMalformed) {
					t.Errorf("%d bytes into %d: %v, want ErrMalformed", size, size-1, err)
				}
				if size > packet {
					part, err := s.GetPartialObject(ctx, c.Handle, 5, 300)
					if err != nil || !bytes.Equal(part, body[5:305]) {
						t.Errorf("part: %d bytes, %v", len(part), err)
					}
				}
				if o, err := s.GetObjectInfo(ctx, c.Handle); err != nil || o.Size != uint64(size) || o.FileName != name {
					t.Errorf("info %+v, %v", o, err)
				}
			}
			es, err := s.ListFolder(ctx, storage, f.Handle)
			if err != nil || len(es) != 7 {
				t.Fatalf("%v, %v", list(es), err)
			}
			if n, err := s.GetNumObjects(ctx, storage, 0, f.Handle); n != 7 || err != nil {
				t.Errorf("GetNumObjects = %d, %v, want 7", n, err)
			}
			h := es[0].Handle
			err = s.Rename(ctx, h, "renamed.bin")
			if kind == hwtest.Basic {
				if !mtp.IsRefusal(err) || !errors.Is(err, mtp.OperationNotSupported) {
					t.Errorf("rename on a basic phone: %v", err)
				}
			} else {
				if err != nil {
					t.Errorf("rename: %v", err)
				}
				if err := s.MoveObject(ctx, h, storage, mtp.Root); err != nil {
					t.Errorf("move: %v", err)
				}
				if _, err := os.Stat(filepath.Join(dir, "renamed.bin")); err != nil {
					t.Error(err)
				}
				c, err := s.CopyObject(ctx, h, storage, f.Handle)
				if err != nil || c == h {
					t.Errorf("copy: %#x, %v", c, err)
				}
				made, err := s.SendObjectPropList(ctx, storage, f.Handle, mtp.FormatText, 0, []mtp.ObjectProp{
					{Code: mtp.PropObjectFileName, Value: mtp.StringValue("empty.txt")}})
				if err != nil {
					t.Errorf("SendObjectPropList: %v", err)
				}
				if err := s.SetObjectPropList(ctx, []mtp.ObjectProp{{Handle: made.Handle, Code: mtp.PropObjectFileName, Value: mtp.StringValue("x.txt")}}); err != nil {
					t.Errorf("SetObjectPropList: %v", err)
				}
				if _, err := os.Stat(filepath.Join(dir, "Bücher", "x.txt")); err != nil {
					t.Error(err)
				}
				if err := edit(ctx, s, made.Handle); err != nil {
					t.Errorf("edit: %v", err)
				}
				if b, _ := os.ReadFile(filepath.Join(dir, "Bücher", "x.txt")); string(b) != "hello" {
					t.Errorf("edited to %q", b)
				}
				props, err := s.GetObjectPropsSupported(ctx, mtp.FormatText)
				if err != nil || !slices.Contains(props, mtp.PropObjectFileName) {
					t.Errorf("properties %v, %v", props, err)
				}
				d, err := s.GetObjectPropDesc(ctx, mtp.PropObjectFileName, mtp.FormatText)
				if err != nil || d.Type != mtp.TypeString || !d.Writable {
					t.Errorf("description %+v, %v", d, err)
				}
				all, err := s.GetObjectPropList(ctx, made.Handle, 0, mtp.AllProps, 0, mtp.DepthObject)
				if err != nil || !slices.ContainsFunc(all, func(p mtp.ObjectProp) bool {
					return p.Code == mtp.PropObjectFileName && p.Value.Text() == "x.txt"
				}) {
					t.Errorf("properties %v, %v", all, err)
				}
			}
			if err := s.DeleteObject(ctx, f.Handle); err != nil {
				t.Errorf("delete: %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, "Bücher")); !os.IsNotExist(err) {
				t.Errorf("deleted folder: %v", err)
			}
			if _, err := s.GetObjectInfo(ctx, f.Handle); !errors.Is(err, mtp.InvalidObjectHandle) {
				t.Errorf("deleted folder's info: %v", err)
			}
		})
	}
}

func edit(ctx context.Context, s *mtp.Session, h mtp.ObjectHandle) error {
	if err := s.BeginEditObject(ctx, h); err != nil {
		return err
	}
	if err := s.SendPartialObject(ctx, h, 0, []byte("hello world")); err != nil {
		return err
	}
	if err := s.TruncateObject(ctx, h, 5); err != nil {
		return err
	}
	return s.EndEditObject(ctx, h)
}

func TestPulledCable(t *testing.T) {
	dir := t.TempDir()
	tree(t, dir, map[string]string{"big": strings.Repeat("x", 1<<20)})
	p := phone(t, hwtest.Android, dir, hwtest.Options{})
	s := session(t, p.Transport())
	es, err := s.ListFolder(t.Context(), firstStorage(t, s), mtp.Root)
	if err != nil || len(es) != 1 {
		t.Fatal(es, err)
	}
	_, err = s.GetObject(t.Context(), es[0].Handle, writer(func(b []byte) (int, error) { p.Pull(); return len(b), nil }))
	if !errors.Is(err, mtp.ErrDeviceGone) || !errors.Is(err, mtp.ErrSessionLost) {
		t.Errorf("got %v, want ErrDeviceGone", err)
	}
	again := session(t, p.Transport())
	if _, err := again.GetObject(t.Context(), es[0].Handle, writer(func(b []byte) (int, error) { return len(b), nil })); err != nil && !mtp.IsRefusal(err) {
		t.Errorf("replugged: %v", err)
	}
	if _, err := again.ListFolder(t.Context(), es[0].Storage, mtp.Root); err != nil {
		t.Errorf("replugged: %v", err)
	}
}

// A program that ended without a word leaves its session open; the next one
// gets in.
func TestSessionLeftOpen(t *testing.T) {
	p := phone(t, hwtest.Android, t.TempDir(), hwtest.Options{})
	left := p.Transport()
	if _, err := mtp.Open(t.Context(), left, mtp.Options{}); err != nil {
		t.Fatal(err)
	}
	left.Close()
	s := session(t, p.Transport())
	if ids, err := s.GetStorageIDs(t.Context()); err != nil || len(ids) != 1 {
		t.Errorf("storages %x, %v", ids, err)
	}
}

func TestUnlockEvent(t *testing.T) {
	p := phone(t, hwtest.Android, t.TempDir(), hwtest.Options{Locked: true})
	s := session(t, p.Transport())
	if ids, err := s.GetStorageIDs(t.Context()); err != nil || len(ids) != 0 {
		t.Fatalf("locked: storages %x, %v", ids, err)
	}
	p.Unlock()
	select {
	case e := <-s.Events():
		if e.Code != mtp.EventStoreAdded {
			t.Errorf("got %v, want StoreAdded", e)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("no event")
	}
	if ids, err := s.GetStorageIDs(t.Context()); err != nil || len(ids) != 1 {
		t.Errorf("unlocked: storages %x, %v", ids, err)
	}
}

// What a session sends is pinned down: a change here is a change on every
// user's wire.
func TestGoldenTranscript(t *testing.T) {
	for _, kind := range hwtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			script := func(s *mtp.Session) {
				ctx := t.Context()
				storage := firstStorage(t, s)
				if _, err := s.GetStorageInfo(ctx, storage); err != nil {
					t.Error(err)
				}
				folder := findFolder(t, s, storage, "Cradle")
				es, err := s.ListFolder(ctx, storage, folder)
				if err != nil || len(es) != 2 {
					t.Fatalf("%v, %v", list(es), err)
				}
				if _, err := s.GetObjectBytes(ctx, es[0].Handle, 1<<20); err != nil {
					t.Error(err)
				}
				if err := s.DeleteObject(ctx, es[1].Handle); err != nil {
					t.Error(err)
				}
				if err := s.Close(ctx); err != nil {
					t.Error(err)
				}
			}
			file := filepath.Join("testdata", "transcripts", string(kind)+".txt")
			if *update {
				dir := t.TempDir()
				tree(t, dir, map[string]string{"Cradle/ada.vcf": "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada Example\r\nEND:VCARD\r\n", "Cradle/long.vcf": strings.Repeat("x", packet-12)})
				if err := os.Chtimes(filepath.Join(dir, "Cradle"), stamp, stamp); err != nil {
					t.Fatal(err)
				}
				free := int64(1 << 30)
				p := phone(t, kind, dir, hwtest.Options{Serial: "GOLDEN", Free: &free, Lies: responder.LieNoEvents})
				rec := mtptest.Record(p.Transport())
				s, err := mtp.Open(t.Context(), rec, mtp.Options{})
				if err != nil {
					t.Fatal(err)
				}
				script(s)
				var b bytes.Buffer
				if err := mtptest.Format(&b, rec.Steps()); err != nil {
					t.Fatal(err)
				}
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			steps, err := mtptest.Parse(f)
			if err != nil {
				t.Fatal(err)
			}
			player := mtptest.Play(steps, packet)
			s, err := mtp.Open(t.Context(), player, mtp.Options{})
			if err != nil {
				t.Fatal(err, player.Err())
			}
			script(s)
			if err := player.Err(); err != nil {
				t.Error(err)
			}
		})
	}
}

func BenchmarkListFolder(b *testing.B) {
	files, _ := manyFiles(10_000)
	dir := b.TempDir()
	tree(b, dir, files)
	s := session(b, phone(b, hwtest.Android, dir, hwtest.Options{}).Transport())
	storage := firstStorage(b, s)
	folder := findFolder(b, s, storage, "dir")
	for b.Loop() {
		if es, err := s.ListFolder(b.Context(), storage, folder); err != nil || len(es) != 10_002 {
			b.Fatal(len(es), err)
		}
	}
}

func BenchmarkCreate(b *testing.B) {
	s := session(b, phone(b, hwtest.Android, b.TempDir(), hwtest.Options{}).Transport())
	storage := firstStorage(b, s)
	body := pattern(1000)
	n := 0
	for b.Loop() {
		n++
		if _, err := s.CreateObject(b.Context(), storage, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatVCard3, FileName: fmt.Sprintf("%d.vcf", n)}, body); err != nil {
			b.Fatal(err)
		}
	}
}
