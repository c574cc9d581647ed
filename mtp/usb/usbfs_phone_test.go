//go:build linux

package usb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cradle/hwtest"
	"cradle/mtp"

	"golang.org/x/sys/unix"
)

// cable joins a virtual phone to a fake kernel, packet by packet: one goes in when a transfer waits
// for it, transfers that go out do so one after the other, and a halted pipe stands still until
// its halt is cleared.
type cable struct {
	k     *fakeKernel
	phone mtp.Transport
	once  sync.Once
}

func plugIn(ctx context.Context, k *fakeKernel, phone mtp.Transport) *cable {
	k.holdOut = true
	c := &cable{k: k, phone: phone}
	context.AfterFunc(ctx, func() { k.mu.Lock(); defer k.mu.Unlock(); k.changed.Broadcast() })
	go c.in(ctx)
	go c.out(ctx)
	go c.control(ctx)
	go c.events(ctx)
	return c
}

func (c *cable) unplug() { c.once.Do(func() { close(c.k.gone) }) }

// until waits for a state of the kernel; false: ctx has ended.
func (c *cable) until(ctx context.Context, is func() bool) bool {
	c.k.mu.Lock()
	defer c.k.mu.Unlock()
	for !is() && ctx.Err() == nil {
		c.k.changed.Wait()
	}
	return ctx.Err() == nil
}

func (c *cable) in(ctx context.Context) {
	k, packet := c.k, make([]byte, c.k.packet)
	for c.until(ctx, func() bool { return len(k.queued[0x81]) > 0 && len(k.packets) == 0 && !k.stalled }) {
		n, err := c.phone.Read(ctx, packet)
		switch {
		case errors.Is(err, mtp.ErrDeviceGone):
			c.unplug()
			return
		case errors.Is(err, mtp.ErrStalled):
			k.do(func() { k.stalled = true })
		case err == nil:
			k.do(func() { k.packets = append(k.packets, bytes.Clone(packet[:n])) })
		}
	}
}

// out takes endpoint 2's transfers.
func (c *cable) out(ctx context.Context) {
	k := c.k
	halted, cleared := false, 0 // how often the halt was cleared so far
	clears := func() (n int) {
		for _, ep := range k.cleared {
			if ep == 0x02 {
				n++
			}
		}
		return n
	}
	for c.until(ctx, func() bool {
		if halted && clears() > cleared {
			halted = false
		}
		return len(k.queued[0x02]) > 0 && !halted
	}) {
		var u *usbfsURB
		var p []byte
		k.do(func() { u = k.queued[0x02][0]; p = k.going[u] })
		gone := false
		one, cancel := context.WithCancel(ctx)
		go func() { // it is called back
			if c.until(one, func() bool { return !slices.Contains(k.queued[0x02], u) }) {
				cancel()
			}
		}()
		err := c.phone.Write(one, p)
		k.do(func() {
			cancel()
			k.changed.Broadcast()
			if gone = errors.Is(err, mtp.ErrDeviceGone); gone {
				c.unplug()
				return
			}
			i := slices.Index(k.queued[0x02], u)
			if i < 0 {
				return
			}
			var errno error
			if u.actual = u.length; err != nil { // a part of it was taken
				u.actual, errno = 0, unix.EPIPE
				halted, cleared = true, clears()
			}
			k.queued[0x02] = slices.Delete(slices.Clone(k.queued[0x02]), i, i+1)
			k.complete(u, errno)
		})
		if gone {
			return
		}
	}
}

func (c *cable) control(ctx context.Context) {
	k := c.k
	for c.until(ctx, func() bool { return len(k.queued[0]) > 0 }) {
		var u *usbfsURB
		k.do(func() { u = k.queued[0][0] })
		buf := data(u)
		r := mtp.ControlRequest{Request: mtp.ClassRequest(buf[1]), Data: bytes.Clone(buf[8:])}
		n, err := c.phone.Control(ctx, r)
		if errors.Is(err, mtp.ErrDeviceGone) {
			c.unplug()
			return
		}
		if errors.Is(err, mtp.ErrTimeout) { // it doesn't answer
			c.until(ctx, func() bool { return !slices.Contains(k.queued[0], u) })
		}
		k.do(func() {
			if i := slices.Index(k.queued[0], u); i >= 0 {
				k.queued[0] = slices.Delete(slices.Clone(k.queued[0]), i, i+1)
				u.actual = int32(n)
				if r.In() {
					copy(buf[8:], r.Data[:n])
				}
				if err != nil {
					err = unix.EPIPE
				}
				k.complete(u, err)
			}
		})
	}
}

func (c *cable) events(ctx context.Context) {
	for {
		p, err := c.phone.ReadEvent(ctx)
		if err != nil {
			return
		}
		for c.until(ctx, func() bool { return len(c.k.queued[0x83]) > 0 }) && !c.k.feedEvent(p) {
		}
	}
}

// TestSessionThroughTheKernel: whatever a phone does, and when, an operation through usbfs comes to
// its end, leaves no transfer in flight that could eat what comes later, and the next one works, or
// says at once why not.
func TestSessionThroughTheKernel(t *testing.T) {
	ops := map[string]func(ctx context.Context, s *mtp.Session, at mtp.StorageID, h mtp.ObjectHandle) error{
		"GetObjectInfo": func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, h mtp.ObjectHandle) error {
			_, err := s.GetObjectInfo(ctx, h)
			return err
		},
		"GetObjectPropList": func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, h mtp.ObjectHandle) error {
			_, err := s.GetObjectPropList(ctx, h, 0, mtp.AllProps, 0, mtp.DepthObject)
			return err
		},
		"GetObject": func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, h mtp.ObjectHandle) error {
			n, err := s.GetObject(ctx, h, io.Discard)
			if err == nil && n != bodySize {
				err = fmt.Errorf("%d bytes", n)
			}
			return err
		},
		"SetObjectPropValue": func(ctx context.Context, s *mtp.Session, _ mtp.StorageID, h mtp.ObjectHandle) error {
			return s.Rename(ctx, h, "other.bin")
		},
		"SendObject": func(ctx context.Context, s *mtp.Session, at mtp.StorageID, _ mtp.ObjectHandle) error {
			_, err := s.CreateObject(ctx, at, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "new.bin"}, make([]byte, bodySize))
			return err
		},
	}
	faults := []string{
		"", "at command: stall", "at command: stall GeneralError", "at command: drop", "at command: silent", "at command: dead", "at command: pull 1s",
		"at command: answer GeneralError", "at command: answer DeviceBusy", "at command: forget", "at command: wait 3s", "at command: wait 30s",
		"at response: stall", "at response: drop", "at response: silent", "at response: dead", "at response: pull 1s", "at response: garble",
		"at response: answer GeneralError", "at response: wait 30s",
		"at data 0: stall", "at data 0: silent", "at data 0: end", "at data 0: garble", "at data 0: pull 1s", "at data 0: wait 3s",
		"at data: length unknown", "at data: length 5",
		"at data 20000: stall", "at data 20000: silent", "at data 20000: dead", "at data 20000: end", "at data 20000: garble", "at data 20000: pull 1s", "at data 20000: wait 30s",
	}
	for op, do := range ops {
		for _, fault := range faults {
			if toPhone := op == "SendObject" || op == "SetObjectPropValue"; toPhone && strings.Contains(fault, "data") && !strings.Contains(fault, "stall") {
				continue // what the initiator sends is its own
			}
			for _, over := range []bool{false, true} { // its caller gives up, now and then
				if over && op != "GetObject" && op != "SendObject" {
					continue
				}
				name := op + " " + fault
				if over {
					name += ", given up"
				}
				t.Run(name, func(t *testing.T) { throughTheKernel(t, op, fault, over, do) })
			}
		}
	}
}

const bodySize = 300_000

func throughTheKernel(t *testing.T, op, fault string, over bool, do func(context.Context, *mtp.Session, mtp.StorageID, mtp.ObjectHandle) error) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "some.bin"), make([]byte, bodySize), 0o600); err != nil {
		t.Fatal(err)
	}
	var sc *hwtest.Scenario
	if fault != "" {
		var err error
		if sc, err = hwtest.ParseScenario("on " + op + " nth 2 " + fault); err != nil {
			t.Fatal(err)
		}
	}
	d := fakePhone(t)
	synctest.Test(t, func(t *testing.T) {
		p, err := hwtest.Open(hwtest.Android, dir, hwtest.Options{Scenario: sc})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		k := newFakeKernel()
		pumps, unplug := context.WithCancel(t.Context())
		defer unplug()
		conn := p.Transport()
		defer conn.Close()
		plugIn(pumps, k, conn)
		tr := openFake(t, k, d)
		defer tr.Close()
		idle := func(when string) {
			t.Helper()
			synctest.Wait()
			k.mu.Lock()
			defer k.mu.Unlock()
			select {
			case <-k.gone: // with all that was in flight
				return
			default:
			}
			if a, b, c := len(k.queued[0x81]), len(k.queued[0x02]), len(k.queued[0]); a+b+c > 0 {
				t.Errorf("%s: %d, %d, %d transfers in flight", when, a, b, c)
			}
			if k.inFlight > 0 {
				t.Errorf("%s: a halt was cleared with %d transfers in flight", when, k.inFlight)
			}
		}
		s, err := mtp.Open(t.Context(), tr, mtp.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ids, err := s.GetStorageIDs(t.Context())
		if err != nil || len(ids) != 1 {
			t.Fatal(ids, err)
		}
		hs, err := s.GetObjectHandles(t.Context(), ids[0], 0, mtp.Root)
		if err != nil || len(hs) != 1 {
			t.Fatal(hs, err)
		}
		for i := range 4 {
			ctx, cancel := t.Context(), context.CancelFunc(func() {})
			if over && i > 0 {
				ctx, cancel = context.WithTimeout(ctx, time.Duration(i)*time.Millisecond)
			}
			start := time.Now()
			err := do(ctx, s, ids[0], hs[0])
			cancel()
			took := time.Since(start)
			if limit := 80 * time.Second; took > limit {
				t.Errorf("%d: after %v: %v", i, took, err)
			}
			idle(fmt.Sprint(i, ": ", err))
			if lost := s.Err(); lost != nil {
				start := time.Now()
				if _, err := s.GetStorageIDs(t.Context()); !errors.Is(err, mtp.ErrSessionLost) || time.Since(start) > 0 {
					t.Errorf("%d: lost by %v, and then %v after %v", i, lost, err, time.Since(start))
				}
				break
			}
			if i != 1 && !over && err != nil && fault != "response: drop" && op != "SendObject" {
				t.Errorf("%d: %v", i, err)
			}
			if _, err := s.GetStorageIDs(t.Context()); err != nil && s.Err() == nil && !mtp.IsRefusal(err) {
				t.Errorf("%d: %v; and the next: %v", i, s.Err(), err)
			}
			idle(fmt.Sprint(i, ", the next"))
		}
		start := time.Now()
		_ = s.Close(t.Context())
		_ = tr.Close()
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("it took %v to close", took)
		}
		idle("closed")
	})
}

// TestEventsThroughTheKernel: each event comes, and soon, in the middle of transactions that follow each other closely
// and between those that don't.
func TestEventsThroughTheKernel(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "some.bin"), make([]byte, bodySize), 0o600); err != nil {
		t.Fatal(err)
	}
	sc, err := hwtest.ParseScenario("on GetObjectHandles every 3: event ObjectAdded 9\non GetObject every 2 at data 70000: event StoreRemoved 7")
	if err != nil {
		t.Fatal(err)
	}
	d := fakePhone(t)
	synctest.Test(t, func(t *testing.T) {
		p, err := hwtest.Open(hwtest.Android, dir, hwtest.Options{Scenario: sc})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		k := newFakeKernel()
		pumps, unplug := context.WithCancel(t.Context())
		defer unplug()
		conn := p.Transport()
		defer conn.Close()
		plugIn(pumps, k, conn)
		tr := openFake(t, k, d)
		defer tr.Close()
		s, err := mtp.Open(t.Context(), tr, mtp.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(t.Context())
		const each = 60
		for i := range each {
			hs, err := s.GetObjectHandles(t.Context(), mtp.AllStorages, 0, mtp.Root)
			if err != nil || len(hs) != 1 {
				t.Fatal(hs, err)
			}
			if i%3 == 0 {
				expect(t, s, mtp.EventObjectAdded)
			}
			if _, err := s.GetObject(t.Context(), hs[0], io.Discard); err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 {
				expect(t, s, mtp.EventStoreRemoved)
			}
			time.Sleep(time.Duration(i%25) * time.Millisecond)
		}
		if n := s.Stats().Events; n != each/3+each/2 {
			t.Errorf("%d events", n)
		}
	})
}

func expect(t *testing.T, s *mtp.Session, code mtp.EventCode) {
	t.Helper()
	start := time.Now()
	if e := <-s.Events(); e.Code != code {
		t.Fatalf("event %v, want %#x", e, uint16(code))
	}
	if took := time.Since(start); took > quiet+time.Millisecond {
		t.Errorf("event %#x came after %v", uint16(code), took)
	}
}
