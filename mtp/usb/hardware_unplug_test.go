//go:build linux

package usb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cradle/mtp"
	"cradle/mtp/usb"
)

// TestHardwareEvents has somebody else change the storage. CRADLE_HW_TOUCH is a
// shell command for that. A phone that only looks at its storage when it is asked
// something may tell then.
func TestHardwareEvents(t *testing.T) {
	touch := os.Getenv("CRADLE_HW_TOUCH")
	if touch == "" {
		t.Skip("CRADLE_HW_TOUCH names no command that makes a file on the phone")
	}
	s, _ := openPhone(t)
	ids, err := s.GetStorageIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list := func() {
		if _, err := s.ListFolder(t.Context(), ids[0], mtp.Root); err != nil {
			t.Fatal(err)
		}
	}
	list()
	for { // of earlier tests
		select {
		case <-s.Events():
			continue
		case <-time.After(300 * time.Millisecond):
		}
		break
	}
	start := time.Now()
	run(t, touch)
	asked := time.After(3 * time.Second)
	for {
		select {
		case e := <-s.Events():
			t.Logf("%v after %v", e, time.Since(start))
			if e.Code == mtp.EventObjectAdded || e.Code == mtp.EventObjectInfoChanged {
				return
			}
		case <-asked:
			t.Log("no event by itself; the folder is listed")
			list()
		case <-time.After(20 * time.Second):
			t.Fatal("no event of a new file, though the folder was listed again")
		}
	}
}

// pullCable runs the command that pulls the cable.
func pullCable(t *testing.T) { run(t, os.Getenv("CRADLE_HW_UNPLUG")) }

// TestHardwareUnplugAnywhere makes a course of everything that a session does, again and
// again, and each time pulls the cable before another one of its transfers. Then everything
// under way ends at once and says that the phone is gone; the next course on the replugged
// phone begins as if nothing had been. CRADLE_HW_PLUG is the shell command that plugs the
// phone in; CRADLE_HW_CUTS says how many points there are, spread over the course, instead
// of all.
func TestHardwareUnplugAnywhere(t *testing.T) {
	plug := os.Getenv("CRADLE_HW_PLUG")
	if os.Getenv("CRADLE_HW_UNPLUG") == "" || plug == "" {
		t.Skip("CRADLE_HW_UNPLUG and CRADLE_HW_PLUG name no commands for the cable")
	}
	whole := cutting(t, 0)
	if whole.err != nil {
		t.Fatal(whole.err)
	}
	cuts := whole.calls
	if n, err := strconv.Atoi(os.Getenv("CRADLE_HW_CUTS")); err == nil {
		cuts = min(n, cuts)
	}
	for i := range cuts {
		at := 1 + i*whole.calls/cuts
		got := cutting(t, at)
		run(t, plug)
		switch {
		case got.calls < at: // a course is shorter where the phone kept what one before left
			if got.err != nil {
				t.Errorf("before transfer %d, which didn't come: %v", at, got.err)
			}
			continue
		case got.err == nil && !got.closing:
			t.Errorf("before transfer %d of %d: no error", at, whole.calls)
		case got.err != nil && !errors.Is(got.err, mtp.ErrDeviceGone):
			t.Errorf("before transfer %d of %d: %v, want ErrDeviceGone", at, whole.calls, got.err)
		}
		// The kernel may take its time to notice, and left looks for 300 ms.
		if got.after > 5*time.Second {
			t.Errorf("before transfer %d of %d: it was said after %v", at, whole.calls, got.after)
		}
		t.Logf("before transfer %d of %d: %v later: %v", at, whole.calls, got.after.Round(time.Millisecond), got.err)
	}
	if got := cutting(t, 0); got.err != nil {
		t.Errorf("the last course: %v", got.err)
	}
	s, _ := openPhone(t)
	ids, err := s.GetStorageIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	top, err := s.ListFolder(t.Context(), ids[0], mtp.Root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range top {
		if e.Name == cutFolder {
			deleteTree(t, s, ids[0], e.Handle)
		}
	}
}

// cutCourse is how a course with a pulled cable went.
type cutCourse struct {
	calls   int  // transfers that it came to
	closing bool // the cable was pulled when all but CloseSession was done
	err     error
	after   time.Duration // from the pull to the end of everything
}

// cutFolder is what the courses work in.
const cutFolder = "cradle-test-cable"

// cutting makes a course and pulls the cable before transfer at, or not for 0.
func cutting(t *testing.T, at int) (c cutCourse) {
	t.Helper()
	d := phoneOnCable(t)
	tr, err := usb.Open(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	x := &cutTransport{Transport: tr, at: int64(at), pull: func() { pullCable(t) }}
	var on mtp.Transport = x
	if p, ok := tr.(mtp.Pipeliner); ok {
		on = &cutPipeliner{x, p}
	}
	defer func() {
		_ = tr.Close()
		c.calls = int(x.calls.Load())
		if at := x.pulled.Load(); at != nil {
			c.after = time.Since(*at)
		}
	}()
	s, err := mtp.Open(t.Context(), on, d.SessionOptions())
	if err != nil {
		return cutCourse{err: err}
	}
	c.err = course(t.Context(), s)
	c.closing = c.err == nil
	if err := s.Close(t.Context()); c.err == nil && !errors.Is(err, mtp.ErrDeviceGone) {
		c.err = err
	}
	if x.pulled.Load() != nil && !c.closing {
		if _, err := s.GetStorageIDs(t.Context()); err == nil {
			c.err = errors.New("a session without a phone still answers")
		}
	}
	return c
}

// courses counts them: umtprd, which takes note of a deletion by its name, can lose what is made of
// that name right after it, and then answers nothing until it is plugged in again.
var courses int

// course lists, makes, gets and deletes.
func course(ctx context.Context, s *mtp.Session) error {
	courses++
	ids, err := s.GetStorageIDs(ctx)
	if err != nil {
		return err
	}
	if _, err := s.GetStorageInfo(ctx, ids[0]); err != nil {
		return err
	}
	top, err := s.ListFolder(ctx, ids[0], mtp.Root)
	if err != nil {
		return err
	}
	var folder mtp.ObjectHandle
	for _, e := range top {
		if e.Name == cutFolder {
			folder = e.Handle
		}
	}
	if folder == 0 {
		c, err := s.CreateFolder(ctx, ids[0], mtp.Root, cutFolder)
		if err != nil {
			return err
		}
		folder = c.Handle
	}
	left, err := s.ListFolder(ctx, ids[0], folder)
	if err != nil {
		return err
	}
	for _, e := range left {
		if err := s.DeleteObject(ctx, e.Handle); err != nil {
			return err
		}
	}
	const large = 700_003 // several transfers, in flight at once
	small := []byte("a note\n")
	one, err := s.CreateObject(ctx, ids[0], folder, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: fmt.Sprintf("small %d", courses)}, small)
	if err != nil {
		return err
	}
	two, err := s.CreateObjectFrom(ctx, ids[0], folder, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: fmt.Sprintf("large %d", courses)}, zeros{}, large)
	if err != nil {
		return err
	}
	all, err := s.ListFolder(ctx, ids[0], folder)
	switch {
	case err != nil:
		return err
	case len(all) != 2:
		return errors.New("the folder hasn't got the two objects")
	}
	if got, err := s.GetObjectBytes(ctx, one.Handle, 1<<20); err != nil {
		return err
	} else if !bytes.Equal(got, small) {
		return errors.New("the small object isn't as it was sent")
	}
	if n, err := s.GetObject(ctx, two.Handle, io.Discard); err != nil {
		return err
	} else if n != large {
		return errors.New("the large object isn't as long as it was sent")
	}
	for _, c := range []mtp.Created{one, two} {
		if err := s.DeleteObject(ctx, c.Handle); err != nil {
			return err
		}
	}
	return s.DeleteObject(ctx, folder)
}

// cutTransport pulls the cable before a transfer.
type cutTransport struct {
	mtp.Transport
	at     int64
	pull   func()
	calls  atomic.Int64
	pulled atomic.Pointer[time.Time]
}

func (x *cutTransport) next() {
	if x.calls.Add(1) != x.at {
		return
	}
	x.pull()
	now := time.Now()
	x.pulled.Store(&now)
}

func (x *cutTransport) Write(ctx context.Context, p []byte) error {
	x.next()
	return x.Transport.Write(ctx, p)
}

func (x *cutTransport) Read(ctx context.Context, p []byte) (int, error) {
	x.next()
	return x.Transport.Read(ctx, p)
}

// cutPipeliner is one with several transfers in flight.
type cutPipeliner struct {
	*cutTransport
	p mtp.Pipeliner
}

func (x *cutPipeliner) ReadAhead(n int64)          { x.p.ReadAhead(n) }
func (x *cutPipeliner) Expect(transfers, size int) { x.p.Expect(transfers, size) }

func (x *cutPipeliner) WriteAhead(ctx context.Context, p []byte) error {
	x.next()
	return x.p.WriteAhead(ctx, p)
}

func (x *cutPipeliner) Flush(ctx context.Context) error {
	x.next()
	return x.p.Flush(ctx)
}

// TestHardwareUnplug pulls the cable in the middle of a long transfer, whenever it
// happens to be noticed there.
func TestHardwareUnplug(t *testing.T) {
	if os.Getenv("CRADLE_HW_UNPLUG") == "" {
		t.Skip("CRADLE_HW_UNPLUG names no command that pulls the cable")
	}
	s, _ := openPhone(t)
	ids, err := s.GetStorageIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const size = 512 << 20
	if _, err := s.SendObjectInfo(t.Context(), ids[0], mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "cut.bin", Size: size}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	n := 0
	var pulling sync.WaitGroup
	defer pulling.Wait()
	err = s.SendObject(t.Context(), readerFunc(func(p []byte) (int, error) {
		if n < 4<<20 && n+len(p) >= 4<<20 {
			pulling.Go(func() { pullCable(t) })
		}
		n += len(p)
		return len(p), nil
	}), size)
	t.Logf("after %v and %d bytes: %v", time.Since(start), n, err)
	if !errors.Is(err, mtp.ErrDeviceGone) || !errors.Is(err, mtp.ErrSessionLost) {
		t.Errorf("got %v, want ErrDeviceGone and ErrSessionLost", err)
	}
	if _, err := s.GetStorageIDs(t.Context()); !errors.Is(err, mtp.ErrDeviceGone) {
		t.Errorf("later: %v, want ErrDeviceGone", err)
	}
}
