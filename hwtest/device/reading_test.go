package device

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"cradle/devprovider"
	"cradle/mtp"
	"cradle/pim"
)

// Bounds of the reading part: a phone may hold a hundred thousand objects.
const (
	readDepth   = 5
	readFolders = 60
	readObjects = 12
	readLargest = 8 << 20
)

// reading is the reading part.
func reading(t *testing.T, d *desk) {
	t.Run("info", func(t *testing.T) { info(t, d.session(t, true), d) })
	t.Run("folders", func(t *testing.T) { folders(t, d.session(t, true)) })
	t.Run("objects", func(t *testing.T) { objects(t, d.session(t, true)) })
	t.Run("again", func(t *testing.T) { again(t, d) })
	t.Run("called off", func(t *testing.T) { calledOff(t, d) })
	t.Run("survey", func(t *testing.T) { survey(t, d.session(t, true), d) })
}

// info: what the phone says of itself can be read.
func info(t *testing.T, s *mtp.Session, d *desk) {
	i := s.Info()
	t.Logf("%s %s, version %s, extensions %q, quirks %b", i.Manufacturer, i.Model, i.DeviceVersion, i.VendorExtensions, s.Quirks())
	t.Logf("operations %v", i.Operations)
	t.Logf("events %v", i.Events)
	if d.serial != "" && i.SerialNumber != "" && !strings.Contains(i.SerialNumber, d.serial) {
		t.Logf("the serial number on USB is another one than DeviceInfo's")
	}
	for _, id := range storages(t, s) {
		st, err := s.GetStorageInfo(t.Context(), id)
		if err != nil {
			t.Errorf("storage %#x: %v", id, err)
			continue
		}
		t.Logf("storage %#x: %q, access %v, %d of %d MB free, volume identifier %t", id, st.Description, st.Access,
			st.FreeBytes>>20, st.Capacity>>20, st.VolumeIdentifier != "")
	}
	for _, p := range i.DeviceProps {
		if _, err := s.GetDevicePropDesc(t.Context(), p); err != nil && !refused(err) {
			t.Errorf("device property %v: %v", p, err)
		}
	}
}

// refused reports whether the device said no, after which the session goes on.
func refused(err error) bool {
	var op *mtp.OpError
	return errors.As(err, &op)
}

// walk gives each folder's entries, breadth first, to f, until it is enough.
func walk(t *testing.T, s *mtp.Session, f func(folder mtp.ObjectHandle, entries []mtp.ObjectEntry) (more bool)) {
	t.Helper()
	type place struct {
		storage mtp.StorageID
		folder  mtp.ObjectHandle
		depth   int
	}
	var queue []place
	for _, id := range storages(t, s) {
		queue = append(queue, place{id, mtp.Root, 0})
	}
	for n := 0; n < len(queue) && n < readFolders; n++ {
		p := queue[n]
		entries, err := s.ListFolder(t.Context(), p.storage, p.folder)
		var partial *mtp.PartialListError
		if errors.As(err, &partial) {
			t.Logf("folder %#x: %v", p.folder, err)
		} else if err != nil {
			t.Fatalf("list folder %#x: %v", p.folder, err)
		}
		if !f(p.folder, entries) {
			return
		}
		for _, e := range entries {
			if e.IsFolder && p.depth < readDepth {
				queue = append(queue, place{p.storage, e.Handle, p.depth + 1})
			}
		}
	}
}

// folders: a folder's listing is the same twice, each object in it once, and says the same as
// ObjectInfo does.
func folders(t *testing.T, s *mtp.Session) {
	start, count, asked := time.Now(), 0, 0
	before := s.Stats()
	var first []mtp.ObjectEntry
	var where mtp.ObjectHandle
	walk(t, s, func(folder mtp.ObjectHandle, entries []mtp.ObjectEntry) bool {
		seen := map[mtp.ObjectHandle]bool{}
		for _, e := range entries {
			if e.Name == "" || seen[e.Handle] {
				t.Errorf("folder %#x: object %#x has no name, or is there twice", folder, e.Handle)
			}
			seen[e.Handle] = true
		}
		if len(entries) > len(first) {
			first, where = entries, folder
		}
		count += len(entries)
		return true
	})
	took := time.Since(start)
	t.Logf("%d objects in %v, %d transactions", count, took.Round(time.Millisecond), s.Stats().Transactions-before.Transactions)
	if len(first) == 0 {
		return
	}
	same, err := s.ListFolder(t.Context(), first[0].Storage, where)
	if err != nil {
		t.Fatalf("list folder %#x again: %v", where, err)
	}
	if got, want := names(same), names(first); got != want {
		t.Errorf("folder %#x lists otherwise the second time:\n%s\nthen\n%s", where, want, got)
	}
	for _, e := range first[:min(len(first), readObjects)] {
		o, err := s.GetObjectInfo(t.Context(), e.Handle)
		if err != nil {
			t.Errorf("info of object %#x: %v", e.Handle, err)
			continue
		}
		asked++
		if o.FileName != e.Name || o.IsFolder() != e.IsFolder || !e.IsFolder && e.Size < 1<<32-1 && uint64(o.Size) != e.Size {
			t.Errorf("object %#x is listed as %q of %d bytes and is %q of %d by its info", e.Handle, e.Name, e.Size, o.FileName, o.Size)
		}
	}
	t.Logf("%d compared with their infos", asked)
}

func names(entries []mtp.ObjectEntry) string {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "%#x %q %d\n", e.Handle, e.Name, e.Size)
	}
	return b.String()
}

// some finds a few objects that are not too large.
func some(t *testing.T, s *mtp.Session, largest uint64) []mtp.ObjectEntry {
	var out []mtp.ObjectEntry
	walk(t, s, func(_ mtp.ObjectHandle, entries []mtp.ObjectEntry) bool {
		n := 0
		for _, e := range entries {
			if !e.IsFolder && e.Size <= largest && n < 3 && len(out) < readObjects {
				out, n = append(out, e), n+1
			}
		}
		return len(out) < readObjects
	})
	return out
}

// objects: what is read is as long as it was listed, the same twice, and the same in parts.
func objects(t *testing.T, s *mtp.Session) {
	found := some(t, s, readLargest)
	if len(found) == 0 {
		t.Skip("the phone has no object of a size that this reads")
	}
	for _, e := range found {
		start := time.Now()
		whole, err := s.GetObjectBytes(t.Context(), e.Handle, readLargest)
		if err != nil {
			t.Errorf("object %#x of %d bytes: %v", e.Handle, e.Size, err)
			continue
		}
		t.Logf("object %#x: %d bytes, %s", e.Handle, len(whole), rate(int64(len(whole)), start))
		if uint64(len(whole)) != e.Size {
			t.Errorf("object %#x was listed with %d bytes and has %d", e.Handle, e.Size, len(whole))
		}
		if again, err := s.GetObjectBytes(t.Context(), e.Handle, readLargest); err != nil || !bytes.Equal(again, whole) {
			t.Errorf("object %#x, the second time: %d bytes, %v", e.Handle, len(again), err)
		}
		if s.Supports(mtp.OpGetPartialObject) || s.Supports(mtp.OpGetPartialObject64) {
			parts(t, s, e.Handle, whole)
		}
	}
}

// parts reads the beginning, the middle and the end of an object.
func parts(t *testing.T, s *mtp.Session, h mtp.ObjectHandle, whole []byte) {
	for _, r := range [][2]int{{0, 100}, {len(whole) / 2, 1000}, {max(0, len(whole)-7), 100}} {
		if r[0] >= len(whole) {
			continue
		}
		got, err := s.GetPartialObject(t.Context(), h, uint64(r[0]), uint32(r[1]))
		if want := whole[r[0]:min(len(whole), r[0]+r[1])]; err != nil || !bytes.Equal(got, want) {
			t.Errorf("bytes %d to %d of object %#x's %d: %d came, %v", r[0], r[0]+r[1], h, len(whole), len(got), err)
		}
	}
}

// again: sessions can be opened and closed one after the other.
func again(t *testing.T, d *desk) {
	for n := range 5 {
		t.Run(fmt.Sprint(n+1), func(t *testing.T) { storages(t, d.session(t, true)) })
	}
}

// calledOff: a transfer that is called off ends soon, and the next session sees a whole phone.
func calledOff(t *testing.T, d *desk) {
	var name string
	var size uint64
	largest := func(s *mtp.Session) (h mtp.ObjectHandle) {
		size = 0
		for _, e := range some(t, s, 1<<32-2) {
			if e.Size > size {
				h, name, size = e.Handle, e.Name, e.Size
			}
		}
		return h
	}
	t.Run("get", func(t *testing.T) {
		s := d.session(t, true)
		h := largest(s)
		if size < 1<<20 {
			t.Skip("no object is large enough to be called off")
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		start := time.Now()
		_, err := s.GetObject(ctx, h, writerFunc(func(p []byte) (int, error) {
			cancel()
			return len(p), nil
		}))
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("get: %v, want context.Canceled", err)
		}
		t.Logf("after %v: %v; session: %v", time.Since(start).Round(time.Millisecond), err, s.Err())
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("it took %v to end", took)
		}
	})
	t.Run("afterwards", func(t *testing.T) {
		s := d.session(t, true)
		storages(t, s)
		was, said := name, size
		h := largest(s) // handles end with the session
		if name != was || size != said {
			t.Errorf("the largest object is %d bytes now and was %d", size, said)
		}
		if size >= 1<<20 && size <= readLargest {
			if n, err := s.GetObject(t.Context(), h, io.Discard); err != nil || uint64(n) != size {
				t.Errorf("get: %d of %d bytes, %v", n, size, err)
			}
		}
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// survey: what a sync would find here, without one.
func survey(t *testing.T, s *mtp.Session, d *desk) {
	f, err := devprovider.Open(t.Context(), devprovider.NewMTPStore(s), devprovider.Options{
		Serial: d.serial, Name: d.name, Kinds: pim.Kinds(), ReadOnly: true, Program: "cradle's suite",
	})
	if err != nil {
		t.Fatal(err)
	}
	found, err := f.Survey(t.Context(), kinds(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds() {
		v := found[kind]
		t.Logf("%s: %d, %d of them new to this phone's sync state or changed, %d that aren't read", kind, v.Present, len(v.Objects), len(v.Failed))
	}
	for _, n := range f.Notes() {
		t.Logf("note: %v", &n)
	}
}

// kinds names the kinds of items.
func kinds() []string {
	var out []string
	for _, k := range pim.Kinds() {
		out = append(out, k.Name())
	}
	return out
}
