package mtp_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
)

// hostile is a phone that does to the bytes what the tape says, and is honest
// past its end.
type hostile struct {
	mtp.Transport
	tape  []byte
	extra [][]byte // transfers that nobody sent
	dead  bool
}

func (h *hostile) next() byte {
	if len(h.tape) == 0 {
		return 0
	}
	b := h.tape[0]
	h.tape = h.tape[1:]
	return b
}

// What becomes of a transfer, by the tape's next byte; anything else: nothing.
const (
	asIs        = iota
	flip        // a byte of it is another one
	truncate    // it ends early
	grow        // more comes after it
	twice       // it comes again
	lose        // it never comes, and the one after it does
	stallPipe   // the pipe stalls
	silence     // nothing comes until the caller gives up
	another     // a container of the tape's making comes first
	raw         // bytes of the tape's making come first
	zlp         // a zero-length packet comes first
	count       // a word of it is very large
	split       // it comes in two
	wrongID     // another transaction
	wrongLength // another length
	goneNow     // the cable is pulled
	tricks
)

func (h *hostile) Write(ctx context.Context, p []byte) error {
	switch h.next() % (4 * tricks) {
	case lose:
		return nil
	case stallPipe:
		return mtp.ErrStalled
	case silence:
		<-ctx.Done()
		return context.Cause(ctx)
	case truncate:
		return io.ErrShortWrite
	}
	return h.Transport.Write(ctx, p)
}

func (h *hostile) Read(ctx context.Context, p []byte) (int, error) {
	if len(h.extra) == 0 {
		h.script()
	}
	if len(h.extra) > 0 {
		n := copy(p, h.extra[0])
		if h.extra[0] = h.extra[0][n:]; len(h.extra[0]) == 0 {
			h.extra = h.extra[1:]
		}
		return n, nil
	}
	trick := h.next() % (2 * tricks)
	switch trick {
	case stallPipe:
		return 0, mtp.ErrStalled
	case silence:
		<-ctx.Done()
		return 0, context.Cause(ctx)
	case goneNow:
		h.dead = true
		return 0, fmt.Errorf("hostile: %w", mtp.ErrDeviceGone)
	}
	n, err := h.Transport.Read(ctx, p)
	if err != nil {
		return n, err
	}
	switch trick {
	case flip:
		if n > 0 {
			p[int(h.next())%n] ^= 1 << (h.next() % 8)
		}
	case truncate:
		n = n * int(h.next()) / 256
	case grow:
		more := int(h.next())
		n += copy(p[n:], h.tape[:min(len(h.tape), more)])
	case twice:
		h.extra = append(h.extra, bytes.Clone(p[:n]))
	case lose:
		return h.Transport.Read(ctx, p)
	case count:
		if at := 4 * int(h.next()); at+4 <= n {
			binary.LittleEndian.PutUint32(p[at:], 0xFFFFFFFF>>(h.next()%32))
		}
	case split:
		at := n * int(h.next()) / 256
		if at < n {
			h.extra = append(h.extra, bytes.Clone(p[at:n]))
			n = at
		}
	case wrongID:
		if n >= mtp.HeaderSize {
			p[8] += h.next()
		}
	case wrongLength:
		if n >= mtp.HeaderSize {
			binary.LittleEndian.PutUint32(p, uint32(int(int8(h.next()))*int(h.next())))
		}
	}
	return n, nil
}

// script puts transfers before the honest one.
func (h *hostile) script() {
	if len(h.tape) == 0 {
		return
	}
	switch h.tape[0] % (2 * tricks) {
	case another:
		h.next()
		m := mtp.Message{Type: mtp.ContainerType(h.next() % 6), Code: 0x2000 | uint16(h.next()), TransactionID: mtp.TransactionID(h.next()), N: int(h.next() % 6)}
		b, _ := m.AppendBinary(nil)
		h.extra = append(h.extra, b)
	case raw:
		h.next()
		n := int(h.next())
		n = min(n, len(h.tape))
		if n > 0 {
			h.extra = append(h.extra, bytes.Clone(h.tape[:n]))
			h.tape = h.tape[n:]
		}
	case zlp:
		h.next()
		h.extra = append(h.extra, nil)
	}
}

func (h *hostile) Control(ctx context.Context, q mtp.ControlRequest) (int, error) {
	switch h.next() % (4 * tricks) {
	case stallPipe:
		return 0, mtp.ErrStalled
	case silence:
		timed, cancel := context.WithTimeoutCause(ctx, time.Second, mtp.ErrTimeout)
		defer cancel()
		<-timed.Done()
		return 0, context.Cause(timed)
	case flip:
		n, err := h.Transport.Control(ctx, q)
		if n > 0 && q.In() {
			q.Data[int(h.next())%n] = h.next()
		}
		return n, err
	}
	return h.Transport.Control(ctx, q)
}

// deeds are what a session is asked for, by the tape's bytes.
var deeds = []func(ctx context.Context, s *mtp.Session, at mtp.StorageID, h mtp.ObjectHandle, n byte) error{
	func(ctx context.Context, s *mtp.Session, at mtp.StorageID, _ mtp.ObjectHandle, _ byte) error {
		_, err := s.ListFolder(ctx, at, mtp.Root)
		return err
	},
	func(ctx context.Context, s *mtp.Session, at mtp.StorageID, h mtp.ObjectHandle, _ byte) error {
		_, err := s.ListFolder(ctx, at, h)
		return err
	},
	func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, h mtp.ObjectHandle, _ byte) error {
		_, err := s.GetObject(ctx, h, io.Discard)
		return err
	},
	func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, h mtp.ObjectHandle, n byte) error {
		_, err := s.GetObjectBytes(ctx, h, int(n)*100)
		return err
	},
	func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, h mtp.ObjectHandle, n byte) error {
		_, err := s.GetPartialObject(ctx, h, uint64(n), uint32(n)*9)
		return err
	},
	func(ctx context.Context, s *mtp.Session, at mtp.StorageID, _ mtp.ObjectHandle, n byte) error {
		_, err := s.CreateObject(ctx, at, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: fmt.Sprint("new", n)}, make([]byte, int(n)*50))
		return err
	},
	func(ctx context.Context, s *mtp.Session, at mtp.StorageID, _ mtp.ObjectHandle, n byte) error {
		_, err := s.CreateFolder(ctx, at, mtp.Root, fmt.Sprint("folder", n))
		return err
	},
	func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, h mtp.ObjectHandle, _ byte) error {
		return s.DeleteObject(ctx, h)
	},
	func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, h mtp.ObjectHandle, n byte) error {
		return s.Rename(ctx, h, fmt.Sprint("name", n))
	},
	func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, h mtp.ObjectHandle, _ byte) error {
		_, err := s.GetObjectInfo(ctx, h)
		return err
	},
	func(ctx context.Context, s *mtp.Session, at mtp.StorageID, _ mtp.ObjectHandle, _ byte) error {
		_, err := s.GetStorageInfo(ctx, at)
		return err
	},
	func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, _ mtp.ObjectHandle, _ byte) error {
		_, err := s.GetDevicePropDesc(ctx, mtp.DevicePropDeviceFriendlyName)
		return err
	},
	func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, _ mtp.ObjectHandle, n byte) error {
		_, err := s.GetObjectPropDesc(ctx, mtp.KnownProps()[int(n)%len(mtp.KnownProps())], mtp.FormatUndefined)
		return err
	},
	func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, _ mtp.ObjectHandle, _ byte) error {
		_, err := s.GetObjectPropsSupported(ctx, mtp.FormatUndefined)
		return err
	},
	func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, h mtp.ObjectHandle, _ byte) error {
		_, err := s.GetObjectPropList(ctx, h, 0, mtp.AllProps, 0, mtp.DepthObject)
		return err
	},
	func(ctx context.Context, s *mtp.Session, at mtp.StorageID, h mtp.ObjectHandle, _ byte) error {
		_, err := s.CopyObject(ctx, h, at, mtp.Root)
		return err
	},
	func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, h mtp.ObjectHandle, _ byte) error {
		if err := s.BeginEditObject(ctx, h); err != nil {
			return err
		}
		return errors.Join(s.SendPartialObject(ctx, h, 1, []byte("edit")), s.EndEditObject(ctx, h))
	},
	func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, h mtp.ObjectHandle, n byte) error {
		return s.SetObjectPropList(ctx, []mtp.ObjectProp{{Handle: h, Code: mtp.PropObjectFileName, Value: mtp.StringValue(fmt.Sprint("set", n))}})
	},
	func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, h mtp.ObjectHandle, n byte) error {
		_, err := s.GetObjectReferences(ctx, h)
		return errors.Join(err, s.SetObjectReferences(ctx, h, []mtp.ObjectHandle{mtp.ObjectHandle(n)}))
	},
	func(ctx context.Context, s *mtp.Session, at mtp.StorageID, _ mtp.ObjectHandle, n byte) error {
		name := mtp.ObjectProp{Code: mtp.PropObjectFileName, Value: mtp.StringValue(fmt.Sprint("listed", n))}
		if _, err := s.SendObjectPropList(ctx, at, mtp.Root, mtp.FormatUndefined, uint64(n), []mtp.ObjectProp{name}); err != nil {
			return err
		}
		return s.SendObjectBytes(ctx, make([]byte, n))
	},
	func(ctx context.Context, s *mtp.Session, at mtp.StorageID, h mtp.ObjectHandle, n byte) error {
		_, err := s.GetThumb(ctx, h, int(n))
		_, nerr := s.GetNumObjects(ctx, mtp.AllStorages, 0, mtp.Root)
		_, ierr := s.GetInterdependentPropDesc(ctx, mtp.FormatUndefined)
		return errors.Join(err, nerr, ierr, s.MoveObject(ctx, h, at, mtp.Root))
	},
	func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, _ mtp.ObjectHandle, n byte) error {
		ids, err := s.GetServiceIDs(ctx)
		id := append(ids, mtp.ServiceID(n))[0]
		_, ierr := s.GetServiceInfo(ctx, id)
		_, cerr := s.GetServiceCapabilities(ctx, id, 0)
		_, derr := s.GetServicePropDesc(ctx, id, 0)
		_, lerr := s.GetServicePropList(ctx, id, 0)
		return errors.Join(err, ierr, cerr, derr, lerr)
	},
}

// hostileExtras are operations that no phone of ours offers by itself.
var hostileExtras = []mtp.OpCode{
	mtp.OpGetThumb, mtp.OpGetInterdependentPropDesc, mtp.OpGetServiceIDs, mtp.OpGetServiceInfo, mtp.OpGetServiceCapabilities,
	mtp.OpGetServicePropDesc, mtp.OpGetServicePropList,
}

// FuzzHostileResponder: whatever a device does to the bytes, and in whatever
// order, every call of a session ends in time, nothing panics or grows, and when
// the device has come to itself a session lists what there is.
func FuzzHostileResponder(f *testing.F) {
	all := make([]byte, len(deeds))
	for i := range all {
		all[i] = byte(i)
	}
	f.Add(all, []byte{}, true)
	f.Add(all, []byte{}, false)
	for trick := range byte(tricks) {
		for _, after := range []int{3, 6, 9, 14} { // reads and writes that go well before
			tape := append(bytes.Repeat([]byte{asIs}, after), trick, 30, 7, 3, 1, 2, 3)
			f.Add([]byte{0, 2, 5, 9, 14}, tape, trick%2 == 0)
			f.Add([]byte{17, 3, 18, 3, 19, 9, 20, 2, 21, 1}, tape, trick%2 != 0)
		}
	}
	f.Fuzz(func(t *testing.T, what, tape []byte, android bool) {
		if len(what) > 20 || len(tape) > 400 {
			return
		}
		dir := t.TempDir()
		for name, n := range map[string]int{"empty": 0, "one": 1, "full": 500, "large": 40_000, "sub/in": 3} {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, bytes.Repeat([]byte{'x'}, n), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Test(t, func(t *testing.T) { playHostile(t, dir, what, tape, android) })
	})
}

func playHostile(t *testing.T, dir string, what, tape []byte, android bool) {
	kind := hwtest.Basic
	if android {
		kind = hwtest.Android
	}
	p, err := hwtest.Open(kind, dir, hwtest.Options{With: hostileExtras})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	h := &hostile{Transport: p.Transport(), tape: tape}
	ctx := t.Context()
	within := func(name string, f func() error) error {
		start := time.Now()
		err := f()
		if took := time.Since(start); took > 15*time.Minute {
			t.Errorf("%s took %v: %v", name, took, err)
		}
		return err
	}
	var s *mtp.Session
	if err := within("open", func() (err error) { s, err = mtp.Open(ctx, h, mtp.Options{}); return err }); err == nil {
		storages, _ := s.GetStorageIDs(ctx)
		at := mtp.StorageID(0x10001)
		if len(storages) > 0 {
			at = storages[0]
		}
		for i := 0; i+1 < len(what); i += 2 {
			n := what[i+1]
			_ = within(fmt.Sprint("deed ", what[i]), func() error {
				return deeds[int(what[i])%len(deeds)](ctx, s, at, mtp.ObjectHandle(n%8), n)
			})
		}
		_ = within("close", func() error { return s.Close(ctx) })
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 512<<20 {
		t.Errorf("%d MiB for %d bytes", grown>>20, len(tape))
	}

	// The device comes to itself; a cable that was pulled is put back.
	h.tape, h.extra = nil, nil
	if h.dead {
		p.Pull()
		h.Transport = p.Transport()
	}
	s, err = mtp.Open(ctx, h, mtp.Options{})
	if err != nil {
		t.Fatalf("afterwards: %v", err)
	}
	defer s.Close(ctx)
	storages, err := s.GetStorageIDs(ctx)
	if err != nil || len(storages) != 1 {
		t.Fatalf("afterwards: storages %v, %v", storages, err)
	}
	entries, err := s.ListFolder(ctx, storages[0], mtp.Root)
	if err != nil {
		t.Fatalf("afterwards: %v", err)
	}
	var got, want []string
	for _, e := range entries {
		got = append(got, e.Name)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		want = append(want, f.Name())
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("afterwards: listed %q, there are %q", got, want)
	}
}
