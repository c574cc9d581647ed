//go:build linux

package usb_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/mtp"
	"cradle/mtp/usb"
)

// These tests want a phone on the cable, and run only if CRADLE_HW=1. They work
// in a folder of their own and delete it. CRADLE_HW_SERIAL picks a phone if
// there are several; CRADLE_HW_TRACE=1 prints every transfer; CRADLE_HW_UNPLUG
// is a shell command that pulls the cable.
func openPhone(t *testing.T) (*mtp.Session, mtp.Transport) {
	t.Helper()
	d := phoneOnCable(t)
	tr, err := usb.Open(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	if os.Getenv("CRADLE_HW_TRACE") == "1" {
		tr = mtp.Trace(tr, newTraceLogger(os.Stderr))
	}
	s, err := mtp.Open(t.Context(), tr, d.SessionOptions())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s, tr
}

func phoneOnCable(t *testing.T) usb.DeviceDesc {
	t.Helper()
	if os.Getenv("CRADLE_HW") != "1" {
		t.Skip("CRADLE_HW=1 runs this on the phone on the cable")
	}
	devs, err := usb.List()
	if err != nil {
		t.Fatal(err)
	}
	want := os.Getenv("CRADLE_HW_SERIAL")
	i := slices.IndexFunc(devs, func(d usb.DeviceDesc) bool { return want == "" || d.Serial == want })
	if i < 0 {
		t.Fatalf("no phone %q among %v", want, devs)
	}
	d := devs[i]
	t.Logf("%v %s: %s %s", d, d.Serial, d.State, d.Reason)
	return d
}

// workFolder makes a folder and gives its storage.
func workFolder(t *testing.T, s *mtp.Session) (mtp.StorageID, mtp.ObjectHandle) {
	t.Helper()
	ids, err := s.GetStorageIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) == 0 {
		t.Fatal("no storage: is the phone locked?")
	}
	name := fmt.Sprintf("cradle-test-%d", time.Now().UnixNano())
	f, err := s.CreateFolder(t.Context(), ids[0], mtp.Root, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.Err() == nil {
			deleteTree(t, s, ids[0], f.Handle)
		}
	})
	return ids[0], f.Handle
}

// deleteTree deletes a folder with what is in it, from below: QEMU's device
// deletes a folder only when it is empty.
func deleteTree(t *testing.T, s *mtp.Session, storage mtp.StorageID, folder mtp.ObjectHandle) {
	entries, err := s.ListFolder(context.Background(), storage, folder)
	if err != nil {
		t.Error(err)
	}
	for _, e := range entries {
		if e.IsFolder {
			deleteTree(t, s, storage, e.Handle)
		} else if err := s.DeleteObject(context.Background(), e.Handle); err != nil {
			t.Error(err)
		}
	}
	if err := s.DeleteObject(context.Background(), folder); err != nil {
		t.Error(err)
	}
}

func TestHardwareReadOnly(t *testing.T) {
	s, _ := openPhone(t)
	info := s.Info()
	t.Logf("%s %s %s, serial %q, %q, quirks %b", info.Manufacturer, info.Model, info.DeviceVersion, info.SerialNumber, info.VendorExtensions, s.Quirks())
	t.Logf("operations %v", info.Operations)
	ids, err := s.GetStorageIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		st, err := s.GetStorageInfo(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("storage %#x: %+v", id, st)
		start := time.Now()
		before := s.Stats()
		entries, err := s.ListFolder(t.Context(), id, mtp.Root)
		if err != nil {
			t.Fatal(err)
		}
		var list func(parent mtp.ObjectHandle, depth int)
		n := len(entries)
		list = func(parent mtp.ObjectHandle, depth int) {
			es, err := s.ListFolder(t.Context(), id, parent)
			if err != nil {
				t.Fatal(err)
			}
			n += len(es)
			for _, e := range es {
				if e.IsFolder && depth < 4 {
					list(e.Handle, depth+1)
				}
			}
		}
		for _, e := range entries {
			if e.IsFolder {
				list(e.Handle, 0)
			}
		}
		t.Logf("%d objects in %v, %d transactions", n, time.Since(start), s.Stats().Transactions-before.Transactions)
	}
}

func TestHardwareObjects(t *testing.T) {
	s, tr := openPhone(t)
	storage, folder := workFolder(t, s)
	ctx := t.Context()
	rnd := rand.NewChaCha8([32]byte{1})
	// Around packets, around transfers, and odd tails.
	mps := tr.MaxPacketSize()
	sizes := []int{
		0, 1, 11, mps - 13, mps - 12, mps - 11, mps, 2*mps - 12, 16384 - 12, 16384, 16384 + 500,
		262144 - 13, 262144 - 12, 262144 - 11, 262144 - 5, 262144, 262144 + 262144 - 12 + 4, 3*262144 - 12, 3_000_001,
	}
	bodies := map[mtp.ObjectHandle][]byte{}
	sizes = slices.DeleteFunc(sizes, func(n int) bool { return !s.CanSend(int64(n)) })
	for _, size := range sizes {
		body := make([]byte, size)
		rnd.Read(body)
		c, err := s.CreateObject(ctx, storage, folder, &mtp.ObjectInfo{
			Format: mtp.FormatUndefined, FileName: fmt.Sprintf("größe %d.bin", size), ModificationDate: "20240229T123456",
		}, body)
		if err != nil {
			t.Fatalf("create %d bytes: %v", size, err)
		}
		bodies[c.Handle] = body
	}
	entries, err := s.ListFolder(ctx, storage, folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(sizes) {
		t.Errorf("%d objects listed, want %d: %v", len(entries), len(sizes), entries)
	}
	for _, e := range entries {
		body, ok := bodies[e.Handle]
		if !ok {
			t.Errorf("%q has the unknown handle %#x", e.Name, e.Handle)
			continue
		}
		if want := fmt.Sprintf("größe %d.bin", len(body)); e.Name != want || e.Size != uint64(len(body)) || e.IsFolder {
			t.Errorf("listed %+v, want %q", e, want)
		}
		got, err := s.GetObjectBytes(ctx, e.Handle, 1<<24)
		if err != nil {
			t.Fatalf("get %d bytes: %v", len(body), err)
		}
		if !bytes.Equal(got, body) {
			t.Errorf("%d bytes came back as %d others", len(body), len(got))
		}
		if len(body) > 20000 && (s.Supports(mtp.OpGetPartialObject) || s.Supports(mtp.OpGetPartialObject64)) {
			for _, r := range [][2]int{{0, 100}, {len(body) - 500, 500}, {1000, 1024 - 12}, {len(body) - 7, 100}} {
				part, err := s.GetPartialObject(ctx, e.Handle, uint64(r[0]), uint32(r[1]))
				want := body[r[0]:min(len(body), r[0]+r[1])]
				if err != nil || !bytes.Equal(part, want) {
					t.Errorf("bytes %d..+%d of %d: %d came, %v", r[0], r[1], len(body), len(part), err)
				}
			}
		}
	}
	t.Logf("first of them: %+v", entries[0])

	h := entries[3].Handle
	if s.Supports(mtp.OpSetObjectPropValue) {
		if err := s.Rename(ctx, h, "umbenannt \U0001F4D2.bin"); err != nil {
			t.Errorf("rename: %v", err)
		}
		if o, err := s.GetObjectInfo(ctx, h); err != nil || !strings.HasPrefix(o.FileName, "umbenannt") {
			t.Errorf("after rename: %+v, %v", o, err)
		}
	}
	sub, err := s.CreateFolder(ctx, storage, folder, "sub")
	if err != nil {
		t.Fatal(err)
	}
	if s.Supports(mtp.OpMoveObject) {
		if err := s.MoveObject(ctx, h, storage, sub.Handle); err != nil {
			t.Errorf("move: %v", err)
		}
		if es, err := s.ListFolder(ctx, storage, sub.Handle); err != nil || len(es) != 1 || es[0].Handle != h {
			t.Errorf("after move: %v, %v", es, err)
		}
	}
	for _, e := range entries {
		if err := s.DeleteObject(ctx, e.Handle); err != nil {
			t.Errorf("delete %q: %v", e.Name, err)
		}
	}
	if err := s.DeleteObject(ctx, h); !errors.Is(err, mtp.InvalidObjectHandle) {
		t.Errorf("delete again: %v, want InvalidObjectHandle", err)
	}
	t.Logf("%+v", s.Stats())
}

func TestHardwareManyFiles(t *testing.T) {
	s, _ := openPhone(t)
	storage, folder := workFolder(t, s)
	ctx := t.Context()
	const n = 500
	unsendable := 0
	start := time.Now()
	for i := range n {
		body := []byte(strings.Repeat("x", i))
		if !s.CanSend(int64(i)) {
			unsendable++
			continue
		}
		if _, err := s.CreateObject(ctx, storage, folder, &mtp.ObjectInfo{Format: mtp.FormatVCard3, FileName: fmt.Sprintf("%03d.vcf", i)}, body); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d created in %v", n, time.Since(start))
	for range 2 {
		start, before := time.Now(), s.Stats()
		entries, err := s.ListFolder(ctx, storage, folder)
		if err != nil {
			t.Fatal(err)
		}
		after := s.Stats()
		t.Logf("listed in %v, %d transactions, %d bytes", time.Since(start), after.Transactions-before.Transactions, after.BytesIn-before.BytesIn)
		if len(entries) != n-unsendable {
			t.Errorf("%d listed, want %d", len(entries), n-unsendable)
		}
		for _, e := range entries {
			if want := fmt.Sprintf("%03d.vcf", e.Size); e.Name != want {
				t.Errorf("%+v, want name %s", e, want)
			}
		}
	}
	t.Logf("events: %d, stats %+v", len(s.Events()), s.Stats())
}

// TestHardwareCancel ends contexts within data phases; the session must stay
// usable, or say that it is lost and open again.
func TestHardwareCancel(t *testing.T) {
	s, tr := openPhone(t)
	storage, folder := workFolder(t, s)
	const size = 48 << 20
	start := time.Now()
	c, err := s.CreateObjectFrom(t.Context(), storage, folder, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "big.bin"}, zeros{}, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("sent at %.1f MB/s", size/1e6/time.Since(start).Seconds())
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	got, err := s.GetObject(ctx, c.Handle, writerFunc(func(p []byte) (int, error) {
		if n += len(p); n > 5<<20 {
			cancel()
		}
		return len(p), nil
	}))
	t.Logf("cancelled get: %d bytes, %v; session: %v", got, err, s.Err())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("get: %v, want context.Canceled", err)
	}
	if s.Err() != nil {
		s.Close(context.Background())
		if s, err = mtp.Open(t.Context(), tr, mtp.Options{}); err != nil {
			t.Fatalf("reopen: %v", err)
		}
		defer s.Close(context.Background())
		t.Log("reopened")
	}
	start = time.Now()
	if got, err := s.GetObject(t.Context(), c.Handle, io.Discard); got != size {
		t.Errorf("get after cancel: %d bytes, %v", got, err)
	}
	t.Logf("got at %.1f MB/s", size/1e6/time.Since(start).Seconds())
}

// TestHardwareBusy opens the phone while another process has it, which must be
// named.
func TestHardwareBusy(t *testing.T) {
	if os.Getenv("CRADLE_HW_HOLD") == "1" {
		openPhone(t)
		fmt.Println("holding")
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	if os.Getenv("CRADLE_HW") != "1" {
		t.Skip("CRADLE_HW=1 runs this on the phone on the cable")
	}
	holder := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestHardwareBusy$")
	holder.Env = append(os.Environ(), "CRADLE_HW_HOLD=1")
	in, _ := holder.StdinPipe()
	out, _ := holder.StdoutPipe()
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		in.Close()
		if err := holder.Wait(); err != nil {
			t.Error("the holder:", err)
		}
	}()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "holding\n" {
		t.Fatalf("the holder says %q, %v", line, err)
	}
	devs, err := usb.List()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(devs, func(d usb.DeviceDesc) bool { return d.State == usb.Busy })
	if i < 0 {
		t.Fatalf("nothing is busy among %v", devs)
	}
	tr, err := usb.Open(t.Context(), devs[i])
	if err == nil {
		tr.Close()
	}
	var open *usb.OpenError
	if !errors.Is(err, usb.ErrBusy) || !errors.As(err, &open) || open.Next == "" {
		t.Fatalf("got %v, want ErrBusy", err)
	}
	want := usb.Holder{PID: holder.Process.Pid, Name: filepath.Base(os.Args[0])}
	if len(open.Holders) != 1 || open.Holders[0] != want {
		t.Errorf("holders %v, want %v", open.Holders, want)
	}
	t.Logf("%v; next: %s", err, open.Next)
}

// TestHardwareReopen opens and closes in quick turns, also without a word to
// the device.
func TestHardwareReopen(t *testing.T) {
	for i := range 6 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			s, tr := openPhone(t)
			if _, err := s.GetStorageIDs(t.Context()); err != nil {
				t.Error(err)
			}
			if i%2 == 0 {
				tr.Close() // the session stays open on the device
			}
		})
	}
}

// TestHardwareCancelSend ends the context of a long send. The phone may take
// that as a reason to leave the bus; then it must be said.
func TestHardwareCancelSend(t *testing.T) {
	s, _ := openPhone(t)
	if s.Quirks().Has(mtp.QuirkShortEnd) {
		t.Skip("QEMU ends in an assertion")
	}
	ids, err := s.GetStorageIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const size = 48 << 20
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	c, err := s.CreateObjectFrom(ctx, ids[0], mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "cancelled.bin"},
		readerFunc(func(p []byte) (int, error) {
			if n += len(p); n > 5<<20 {
				cancel()
			}
			return len(p), nil
		}), size)
	t.Logf("after %d bytes: %v; session: %v", n, err, s.Err())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if s.Err() == nil {
		if err := s.DeleteObject(t.Context(), c.Handle); err != nil && !errors.Is(err, mtp.InvalidObjectHandle) {
			t.Error(err)
		}
	} else if !errors.Is(s.Err(), mtp.ErrSessionLost) {
		t.Errorf("session: %v", s.Err())
	}
}

// TestHardwareAbandoned leaves data phases half done, as a program that was
// killed; the next session must get in.
func TestHardwareAbandoned(t *testing.T) {
	for _, tt := range []struct {
		name string
		op   mtp.OpCode
	}{{"get", mtp.OpGetObject}, {"send", mtp.OpSendObject}} {
		t.Run(tt.name, func(t *testing.T) {
			s, tr := openPhone(t)
			if tt.op == mtp.OpSendObject && s.Quirks().Has(mtp.QuirkShortEnd) {
				t.Skip("QEMU ends in an assertion")
			}
			ids, err := s.GetStorageIDs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			const size = 3 << 20
			name := fmt.Sprintf("abandoned-%d", time.Now().UnixNano())
			info := &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: name, Size: size}
			var handle mtp.ObjectHandle
			if tt.op == mtp.OpGetObject {
				c, err := s.CreateObjectFrom(t.Context(), ids[0], mtp.Root, info, zeros{}, size)
				if err != nil {
					t.Fatal(err)
				}
				handle = c.Handle
			} else if _, err := s.SendObjectInfo(t.Context(), ids[0], mtp.Root, info); err != nil {
				t.Fatal(err)
			}
			tx := mtp.TransactionID(s.Stats().Transactions) // OpenSession was 0
			cmd, _ := mtp.NewMessage(mtp.ContainerCommand, tt.op, tx, uint32(handle)).AppendBinary(nil)
			if err := tr.Write(t.Context(), cmd); err != nil {
				t.Fatal(err)
			}
			if tt.op == mtp.OpGetObject {
				if _, err := tr.Read(t.Context(), make([]byte, 16384)); err != nil {
					t.Fatal(err)
				}
			} else {
				part := make([]byte, 65536)
				mtp.DataHeader(tt.op, tx, size).AppendBinary(part[:0])
				if err := tr.Write(t.Context(), part); err != nil {
					t.Fatal(err)
				}
			}
			tr.Close()
			start := time.Now()
			s, _ = openPhone(t)
			t.Logf("reopened after %v", time.Since(start))
			entries, err := s.ListFolder(t.Context(), ids[0], mtp.Root)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if e.Name == name {
					t.Logf("%d of %d bytes are there", e.Size, size)
					if err := s.DeleteObject(t.Context(), e.Handle); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

// TestHardwareOpenNode opens the phone by its node's path, as an event names it,
// and by a descriptor of the node that somebody else has opened.
func TestHardwareOpenNode(t *testing.T) {
	if os.Getenv("CRADLE_HW") != "1" {
		t.Skip("CRADLE_HW=1 runs this on the phone on the cable")
	}
	devs, err := usb.List()
	if err != nil || len(devs) == 0 {
		t.Fatal(devs, err)
	}
	node := devs[0].Node
	use := func(t *testing.T, tr mtp.Transport, d usb.DeviceDesc, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		if d.Node != node {
			t.Errorf("opened %s, want %s", d.Node, node)
		}
		s, err := mtp.Open(t.Context(), tr, d.SessionOptions())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.GetStorageIDs(t.Context()); err != nil {
			t.Error(err)
		}
		s.Close(t.Context())
	}
	t.Run("path", func(t *testing.T) {
		tr, d, err := usb.OpenPath(t.Context(), node)
		use(t, tr, d, err)
	})
	t.Run("descriptor", func(t *testing.T) {
		f, err := os.OpenFile(node, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		tr, d, err := usb.OpenFile(t.Context(), f)
		use(t, tr, d, err)
		if _, err := f.Stat(); err != nil {
			t.Errorf("the file isn't the caller's any more: %v", err)
		}
	})
	t.Run("no phone", func(t *testing.T) {
		if _, _, err := usb.OpenPath(t.Context(), "/dev/bus/usb/999/001"); !errors.Is(err, mtp.ErrDeviceGone) {
			t.Errorf("got %v, want ErrDeviceGone", err)
		}
	})
}
