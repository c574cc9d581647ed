package device

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/mtp"
)

// writing is the writing part. large is how many bytes the largest object has.
func writing(t *testing.T, d *desk, large int64) {
	name := fmt.Sprintf("cradle-suite-%d", time.Now().UnixNano())
	var storage mtp.StorageID
	made := t.Run("folder", func(t *testing.T) { // ends with its session, and so lets go of the phone
		s := d.session(t, false)
		storage = writable(t, s, uint64(large))
		if _, err := s.CreateFolder(t.Context(), storage, mtp.Root, name); err != nil {
			t.Fatalf("make the folder %s: %v", name, err)
		}
	})
	if !made || storage == 0 {
		return
	}
	in := func(f func(t *testing.T, s *mtp.Session, storage mtp.StorageID, folder mtp.ObjectHandle)) func(*testing.T) {
		return func(t *testing.T) {
			s := d.session(t, false)
			h, ok := find(t, s, storage, mtp.Root, name)
			if !ok {
				t.Fatalf("the folder %s isn't there", name)
			}
			f(t, s, storage, h)
		}
	}
	t.Run("objects", in(put))
	t.Run("names", in(naming))
	t.Run("large", in(func(t *testing.T, s *mtp.Session, storage mtp.StorageID, folder mtp.ObjectHandle) {
		largeObject(t, s, storage, folder, large)
	}))
	t.Run("called off", in(func(t *testing.T, s *mtp.Session, storage mtp.StorageID, folder mtp.ObjectHandle) {
		sendCalledOff(t, s, storage, folder, large)
	}))
	t.Run("afterwards", in(func(t *testing.T, s *mtp.Session, storage mtp.StorageID, folder mtp.ObjectHandle) {
		put(t, s, storage, folder)
	}))
	t.Run("sync", func(t *testing.T) { syncs(t, d, storage, name) })
	// By a session of its own: one of the tests may have lost its own.
	t.Run("clean up", in(remove))
}

// writable is the first storage that can be written and has room for twice size.
func writable(t *testing.T, s *mtp.Session, size uint64) mtp.StorageID {
	t.Helper()
	for _, id := range storages(t, s) {
		st, err := s.GetStorageInfo(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if st.Writable() && st.FreeBytes > 2*size {
			return id
		}
	}
	t.Fatalf("no storage can be written and has %d MB free", 2*size>>20)
	return 0
}

func find(t *testing.T, s *mtp.Session, storage mtp.StorageID, folder mtp.ObjectHandle, name string) (mtp.ObjectHandle, bool) {
	t.Helper()
	entries, err := s.ListFolder(t.Context(), storage, folder)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(entries, func(e mtp.ObjectEntry) bool { return e.Name == name })
	if i < 0 {
		return 0, false
	}
	return entries[i].Handle, true
}

// remove deletes a folder from below: not every device deletes one that isn't empty.
func remove(t *testing.T, s *mtp.Session, storage mtp.StorageID, folder mtp.ObjectHandle) {
	entries, err := s.ListFolder(t.Context(), storage, folder)
	if err != nil {
		t.Error(err)
	}
	for _, e := range entries {
		if e.IsFolder {
			remove(t, s, storage, e.Handle)
		} else if err := s.DeleteObject(t.Context(), e.Handle); err != nil && !errors.Is(err, mtp.InvalidObjectHandle) {
			t.Errorf("delete %q: %v", e.Name, err)
		}
	}
	if err := s.DeleteObject(t.Context(), folder); err != nil && !errors.Is(err, mtp.InvalidObjectHandle) {
		t.Errorf("delete the folder: %v", err)
	}
}

// put sends objects of the sizes at which devices go wrong (around packets and transfers), lists
// them, reads them back and deletes them.
func put(t *testing.T, s *mtp.Session, storage mtp.StorageID, folder mtp.ObjectHandle) {
	rnd := rand.NewChaCha8([32]byte{7})
	sent := map[mtp.ObjectHandle][]byte{}
	for _, size := range []int{0, 1, 11, 499, 500, 501, 512, 1012, 1024, 16384 - 12, 16384, 262144 - 12, 262144, 300_000, 524_288 - 12, 1_000_001} {
		if !s.CanSend(int64(size)) {
			t.Logf("%d bytes can't be sent to this device", size)
			continue
		}
		body := make([]byte, size)
		_, _ = rnd.Read(body)
		c, err := s.CreateObject(t.Context(), storage, folder, object(fmt.Sprintf("%d bytes.bin", size)), body)
		if err != nil {
			t.Fatalf("send %d bytes: %v", size, err)
		}
		sent[c.Handle] = body
	}
	entries, err := s.ListFolder(t.Context(), storage, folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		body, ours := sent[e.Handle]
		if !ours {
			continue
		}
		if want := fmt.Sprintf("%d bytes.bin", len(body)); e.Name != want || e.Size != uint64(len(body)) || e.IsFolder {
			t.Errorf("%s is listed as %q of %d bytes", want, e.Name, e.Size)
		}
		got, err := s.GetObjectBytes(t.Context(), e.Handle, readLargest)
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes came back as %d, %v", len(body), len(got), err)
		}
		if len(body) > 1000 && (s.Supports(mtp.OpGetPartialObject) || s.Supports(mtp.OpGetPartialObject64)) {
			parts(t, s, e.Handle, body)
		}
		if err := s.DeleteObject(t.Context(), e.Handle); err != nil {
			t.Errorf("delete %q: %v", e.Name, err)
		}
		delete(sent, e.Handle)
	}
	if len(sent) > 0 {
		t.Errorf("%d objects that were sent aren't listed", len(sent))
	}
	if left, err := s.ListFolder(t.Context(), storage, folder); err != nil || slices.ContainsFunc(left, func(e mtp.ObjectEntry) bool { return strings.HasSuffix(e.Name, " bytes.bin") }) {
		t.Errorf("after the deletions: %v, %v", left, err)
	}
}

func object(name string) *mtp.ObjectInfo {
	return &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: name, ModificationDate: "20240229T123456"}
}

// naming: names of all sorts come back as they were sent, and objects are renamed, moved and
// copied where the device says that it can.
func naming(t *testing.T, s *mtp.Session, storage mtp.StorageID, folder mtp.ObjectHandle) {
	all := []string{"plain.txt", "größer.vcf", "東京 — Ελλάδα.ics", "two  spaces.txt", ".hidden", "long " + strings.Repeat("x", 180) + ".txt"}
	handles := map[string]mtp.ObjectHandle{}
	for _, name := range all {
		c, err := s.CreateObject(t.Context(), storage, folder, object(name), []byte(name))
		if err != nil {
			t.Errorf("send %q: %v", name, err)
			continue
		}
		handles[name] = c.Handle
	}
	entries, err := s.ListFolder(t.Context(), storage, folder)
	if err != nil {
		t.Fatal(err)
	}
	for name, h := range handles {
		i := slices.IndexFunc(entries, func(e mtp.ObjectEntry) bool { return e.Handle == h })
		switch {
		case i < 0 && name == ".hidden":
			t.Log("a name with a dot in front isn't listed")
		case i < 0:
			t.Errorf("%q isn't listed", name)
		case entries[i].Name != name:
			t.Errorf("%q is listed as %q", name, entries[i].Name)
		}
	}
	h := handles["plain.txt"]
	if h != 0 && s.Supports(mtp.OpSetObjectPropValue) {
		if err := s.Rename(t.Context(), h, "umbenannt.txt"); err != nil {
			t.Errorf("rename: %v", err)
		} else if o, err := s.GetObjectInfo(t.Context(), h); err != nil || o.FileName != "umbenannt.txt" {
			t.Errorf("after the rename: %q, %v", o.FileName, err)
		}
	}
	sub, err := s.CreateFolder(t.Context(), storage, folder, "sub")
	if err != nil {
		t.Fatal(err)
	}
	if h != 0 && s.Supports(mtp.OpMoveObject) {
		if err := s.MoveObject(t.Context(), h, storage, sub.Handle); err != nil {
			t.Errorf("move: %v", err)
		} else if in, err := s.ListFolder(t.Context(), storage, sub.Handle); err != nil || len(in) != 1 {
			t.Errorf("after the move: %v, %v", in, err)
		}
	}
	remove(t, s, storage, sub.Handle)
	for name, h := range handles {
		if err := s.DeleteObject(t.Context(), h); err != nil && !errors.Is(err, mtp.InvalidObjectHandle) {
			t.Errorf("delete %q: %v", name, err)
		}
	}
}

// pattern is an endless Reader whose bytes tell where they are.
type pattern struct{ at int64 }

func (p *pattern) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte((p.at + int64(i)) * 2654435761 >> 13)
	}
	p.at += int64(len(b))
	return len(b), nil
}

// same is a Writer that compares what comes with a pattern.
type same struct {
	p   pattern
	buf []byte
}

func (s *same) Write(b []byte) (int, error) {
	s.buf = slices.Grow(s.buf[:0], len(b))[:len(b)]
	at := s.p.at
	_, _ = s.p.Read(s.buf)
	if !bytes.Equal(s.buf, b) {
		return 0, fmt.Errorf("other bytes came from %d on", at)
	}
	return len(b), nil
}

func largeObject(t *testing.T, s *mtp.Session, storage mtp.StorageID, folder mtp.ObjectHandle, size int64) {
	start := time.Now()
	c, err := s.CreateObjectFrom(t.Context(), storage, folder, object("large.bin"), &pattern{}, size)
	if err != nil {
		t.Fatalf("send %d bytes: %v", size, err)
	}
	t.Logf("sent at %s", rate(size, start))
	start = time.Now()
	if n, err := s.GetObject(t.Context(), c.Handle, &same{}); err != nil || n != size {
		t.Errorf("%d of %d bytes came back, %v", n, size, err)
	}
	t.Logf("read at %s", rate(size, start))
	if err := s.DeleteObject(t.Context(), c.Handle); err != nil {
		t.Error(err)
	}
}

// sendCalledOff: a send that is called off ends soon with the caller's reason. What is left of the
// object goes with the folder.
func sendCalledOff(t *testing.T, s *mtp.Session, storage mtp.StorageID, folder mtp.ObjectHandle, size int64) {
	if s.Quirks().Has(mtp.QuirkShortEnd) {
		t.Skip("this device, QEMU's, ends in an assertion")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := int64(0)
	start := time.Now()
	_, err := s.CreateObjectFrom(ctx, storage, folder, object("called off.bin"), readerFunc(func(p []byte) (int, error) {
		if n += int64(len(p)); n > size/4 {
			cancel()
		}
		return len(p), nil
	}), size)
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	t.Logf("after %d of %d bytes and %v: %v; session: %v", n, size, time.Since(start).Round(time.Millisecond), err, s.Err())
	if took := time.Since(start); took > 60*time.Second {
		t.Errorf("it took %v to end", took)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

var _ io.Reader = (*pattern)(nil)

// seed puts a few files where a virtual phone has its own.
func seed(t *testing.T, dir string) {
	t.Helper()
	for name, size := range map[string]int{"DCIM/Camera/IMG_1.jpg": 300_000, "Music/Ünïcode söng.mp3": 2_500_000, "readme.txt": 5} {
		body := make([]byte, size)
		_, _ = (&pattern{}).Read(body)
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// tree lists the files below dir with their sizes and times.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		i, err := e.Info()
		if err == nil {
			fmt.Fprintln(&b, path, i.Size(), i.ModTime().UnixNano())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
