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
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/mtp"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// onFake opens a phone on a fake kernel.
func onFake(t testing.TB, k *fakeKernel, drivers ...string) (*usbfsTransport, DeviceDesc) {
	t.Helper()
	d := fakePhone(t, drivers...)
	return openFake(t, k, d), d
}

func openFake(t testing.TB, k *fakeKernel, d DeviceDesc) *usbfsTransport {
	t.Helper()
	tr, err := openUsbfs(d, k)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func fakePhone(t testing.TB, drivers ...string) DeviceDesc {
	t.Helper()
	s := fake(t, fakeDevice{port: "1-1", bus: 1, address: 5, vendor: "18d1", product: "4ee1",
		interfaces: []fakeInterface{{3, "06/01/01", "MTP", three, strings.Join(drivers, "")}}})
	all, err := s.List()
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return all[0]
}

var _ mtp.Pipeliner = (*usbfsTransport)(nil)

func TestUsbfsNumbers(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the numbers are amd64's")
	}
	// As strace decodes them.
	for _, tt := range []struct {
		name      string
		got, want uintptr
	}{
		{"USBDEVFS_CONTROL", usbfsControlTransfer, 0xC0185500},
		{"USBDEVFS_SUBMITURB", usbfsSubmitURB, 0x8038550A},
		{"USBDEVFS_DISCARDURB", usbfsDiscardURB, 0x550B},
		{"USBDEVFS_REAPURBNDELAY", usbfsReapURBNoDelay, 0x4008550D},
		{"USBDEVFS_CLAIMINTERFACE", usbfsClaimInterface, 0x8004550F},
		{"USBDEVFS_RELEASEINTERFACE", usbfsReleaseInterface, 0x80045510},
		{"USBDEVFS_IOCTL", usbfsDriverIoctl, 0xC0105512},
		{"USBDEVFS_CLEAR_HALT", usbfsClearHalt, 0x80045515},
		{"USBDEVFS_GET_CAPABILITIES", usbfsGetCapabilities, 0x8004551A},
		{"USBDEVFS_DISCONNECT_CLAIM", usbfsClaimFromDriver, 0x8108551B},
	} {
		if tt.got != tt.want {
			t.Errorf("%s is %#x, want %#x", tt.name, tt.got, tt.want)
		}
	}
}

// TestUsbfsReads: whatever is announced, however the reads are cut and called
// back, all bytes come, in order, and a read ends at a short packet or full.
func TestUsbfsReads(t *testing.T) {
	d := fakePhone(t)
	rapid.Check(t, func(rt *rapid.T) {
		k := newFakeKernel()
		k.caps = rapid.SampledFrom([]uint32{capScatterGather, capScatterGather | capMmap, capNoPacketSizeLimit, 0}).Draw(rt, "caps")
		tr := openFake(t, k, d)
		defer tr.Close()
		var sent []byte
		ends := map[int]bool{} // offsets where a transfer ended
		for i := range rapid.IntRange(1, 5).Draw(rt, "transfers") {
			n := rapid.SampledFrom([]int{0, 1, 511, 512, 513, 4096, 16384, 70000, 262144, 600000}).Draw(rt, "size")
			p := bytes.Repeat([]byte{byte(i + 1)}, n)
			for j := range p {
				p[j] += byte(j >> 9)
			}
			sent = append(sent, p...)
			ends[len(sent)] = true
			if rapid.Bool().Draw(rt, "announced") {
				tr.ReadAhead(int64(rapid.IntRange(0, 2*n).Draw(rt, "ahead")))
			}
			if rapid.Bool().Draw(rt, "expected") {
				tr.Expect(rapid.IntRange(1, 2).Draw(rt, "answers"), 512*rapid.SampledFrom([]int{1, 2, 32}).Draw(rt, "size of an answer"))
				if err := tr.Write(t.Context(), []byte("command")); err != nil {
					rt.Fatal(err)
				}
			}
			k.feed(p)
		}
		var got []byte
		zlps := 0
		for len(got) < len(sent) {
			buf := make([]byte, 512*rapid.SampledFrom([]int{1, 2, 32, 512, 700}).Draw(rt, "room"))
			ctx, cancel := context.WithCancel(t.Context())
			if rapid.IntRange(0, 4).Draw(rt, "cut") == 0 {
				cancel()
			}
			n, err := tr.Read(ctx, buf)
			got = append(got, buf[:n]...)
			cancel()
			switch {
			case err != nil && !errors.Is(err, context.Canceled):
				rt.Fatalf("after %d bytes: %v", len(got), err)
			case err == nil && n < len(buf) && !ends[len(got)]:
				rt.Fatalf("read came back at %d with %d of %d bytes, and no transfer ends there", len(got), n, len(buf))
			case err == nil && n == 0:
				if zlps++; zlps > 10 {
					rt.Fatal("only ZLPs come")
				}
			}
		}
		if !bytes.Equal(got, sent) {
			rt.Fatalf("%d bytes came as %d others", len(sent), len(got))
		}
	})
}

// TestUsbfsExpects: the answers to a command have their transfers before it; those that don't
// come are called back, and lose nothing.
func TestUsbfsExpects(t *testing.T) {
	k := newFakeKernel()
	tr, _ := onFake(t, k)
	defer tr.Close()
	buf := make([]byte, 16<<10)
	read := func(want string) {
		t.Helper()
		if n, err := tr.Read(t.Context(), buf); err != nil || string(buf[:n]) != want {
			t.Fatalf("%q, %v; want %q", buf[:n], err, want)
		}
	}
	for range 3 {
		command := func(answers int) {
			t.Helper()
			tr.Expect(answers, len(buf))
			if n := len(k.queued[0x81]); n != 0 {
				t.Fatalf("%d transfers in flight before the command", n)
			}
			if err := tr.Write(t.Context(), []byte("command")); err != nil {
				t.Fatal(err)
			}
			if n := len(k.queued[0x81]); n != answers {
				t.Fatalf("%d transfers in flight, want %d", n, answers)
			}
		}
		command(2)
		k.feed([]byte("data"), []byte("response"))
		read("data")
		read("response")
		tr.ReadAhead(0)

		command(2)
		k.feed([]byte("refusal"))
		read("refusal")
		tr.ReadAhead(0)
		if n := len(k.queued[0x81]); n != 0 {
			t.Fatalf("%d transfers still in flight", n)
		}
		command(1)
		k.feed([]byte("early"))
		tr.ReadAhead(0)
		read("early")
	}
}

func TestUsbfsReadsAhead(t *testing.T) {
	k := newFakeKernel()
	tr, _ := onFake(t, k)
	defer tr.Close()
	const size = 3<<20 + 100
	tr.ReadAhead(size)
	if n := len(k.queued[0x81]); n != 2 {
		t.Errorf("%d transfers in flight, want 2", n)
	}
	k.feed(make([]byte, size), []byte("response"))
	buf, got := make([]byte, 256<<10), 0
	for got < size {
		n, err := tr.Read(t.Context(), buf)
		if err != nil {
			t.Fatal(err)
		}
		got += n
	}
	if got != size || len(k.queued[0x81]) != 0 {
		t.Errorf("%d bytes, %d transfers left in flight; want %d and none", got, len(k.queued[0x81]), size)
	}
	if n, err := tr.Read(t.Context(), buf); err != nil || string(buf[:n]) != "response" {
		t.Errorf("then %q, %v", buf[:n], err)
	}
	// More was announced than comes: what comes instead isn't lost.
	tr.ReadAhead(4 << 20)
	k.feed(make([]byte, 1000), []byte("early response"))
	if n, err := tr.Read(t.Context(), buf); err != nil || n != 1000 {
		t.Errorf("short body: %d, %v", n, err)
	}
	tr.ReadAhead(0)
	if n := len(k.queued[0x81]); n != 0 {
		t.Errorf("%d transfers in flight after ReadAhead(0)", n)
	}
	if n, err := tr.Read(t.Context(), buf); err != nil || string(buf[:n]) != "early response" {
		t.Errorf("then %q, %v", buf[:n], err)
	}
}

// TestUsbfsReadCancelled: what had come when the context ended is in p.
func TestUsbfsReadCancelled(t *testing.T) {
	k := newFakeKernel()
	tr, _ := onFake(t, k)
	defer tr.Close()
	k.feedFull(make([]byte, 1024))
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, mtp.ErrTimeout)
	defer cancel()
	n, err := tr.Read(ctx, make([]byte, 4096))
	if n != 1024 || !errors.Is(err, mtp.ErrTimeout) {
		t.Errorf("got %d, %v; want 1024 bytes and ErrTimeout", n, err)
	}
	if len(k.queued[0x81]) != 0 {
		t.Error("the transfer is still in flight")
	}
}

// bothMemories: with the program's memory for transfers, and with the controller's.
func bothMemories(t *testing.T, test func(*testing.T, *fakeKernel)) {
	for _, caps := range []uint32{capScatterGather, capScatterGather | capMmap} {
		t.Run(fmt.Sprintf("capabilities %#x", caps), func(t *testing.T) {
			k := newFakeKernel()
			k.caps = caps
			test(t, k)
			if shared := caps&capMmap != 0; (len(k.mapped) > 0) != shared {
				t.Errorf("%d pieces of the controller's memory were used", len(k.mapped))
			}
			if k.overwritten > 0 {
				t.Errorf("%d transfers were written over while they were in flight", k.overwritten)
			}
		})
	}
}

func TestUsbfsWrites(t *testing.T) { bothMemories(t, usbfsWrites) }

func usbfsWrites(t *testing.T, k *fakeKernel) {
	tr, _ := onFake(t, k)
	defer tr.Close()
	p := make([]byte, 600_000)
	for i := range p {
		p[i] = byte(i >> 8)
	}
	if err := tr.Write(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if got := bytes.Join(k.out, nil); !bytes.Equal(got, p) {
		t.Errorf("%d bytes went out as %d others", len(p), len(got))
	}
	for i, x := range k.out[:len(k.out)-1] {
		if len(x)%512 != 0 {
			t.Errorf("piece %d of one transfer has %d bytes, which ends it", i, len(x))
		}
	}
	k.out = nil
	if err := tr.Write(t.Context(), nil); err != nil || len(k.out) != 1 || len(k.out[0]) != 0 {
		t.Errorf("ZLP: %v, %d transfers", err, len(k.out))
	}
}

func TestUsbfsWritesAhead(t *testing.T) { bothMemories(t, usbfsWritesAhead) }

func usbfsWritesAhead(t *testing.T, k *fakeKernel) {
	k.holdOut = true
	tr, _ := onFake(t, k)
	defer tr.Close()
	part := make([]byte, 256<<10)
	for i := range 2 {
		part[0] = byte(i)
		if err := tr.WriteAhead(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	if k.out[0][0] != 0 || k.out[1][0] != 1 {
		t.Error("a part changed after WriteAhead had come back")
	}
	full, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := tr.WriteAhead(full, part); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("third in flight: %v, want to wait until the context ends", err)
	}
	if n := len(k.queued[0x02]); n != 0 {
		t.Errorf("%d in flight after the context ended, want none", n)
	}
	k.do(func() { k.holdOut = false })
	for range 5 {
		if err := tr.WriteAhead(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	if err := tr.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if k.most[0x02] != 2 {
		t.Errorf("%d in flight at most, want 2", k.most[0x02])
	}
	over, stop := context.WithCancel(t.Context())
	stop()
	k.do(func() { k.holdOut = true })
	if err := tr.WriteAhead(t.Context(), part); err != nil {
		t.Fatal(err)
	}
	if err := tr.Flush(over); !errors.Is(err, context.Canceled) || len(k.queued[0x02]) != 0 {
		t.Errorf("flush with an ended context: %v, %d in flight", err, len(k.queued[0x02]))
	}
}

// TestUsbfsRoom: what is read into a transfer's memory goes out of it, while others are in flight, and nobody
// else has that memory meanwhile, nor is it given back to the kernel.
func TestUsbfsRoom(t *testing.T) {
	k := newFakeKernel()
	k.caps |= capMmap
	k.holdOut = true
	tr, _ := onFake(t, k)
	var r mtp.Roomer = tr
	var sent [][]byte
	fill := func(n int) []byte {
		room := r.Room()
		if len(room) < n {
			t.Fatalf("room for %d bytes, want %d", len(room), n)
		}
		for i := range n {
			room[i] = byte(i*7 + len(sent))
		}
		sent = append(sent, bytes.Clone(room[:n]))
		return room[:n]
	}
	first := fill(256 << 10)
	if again := r.Room(); &again[0] != &first[0] {
		t.Error("two rooms at once")
	}
	for n := range 2 {
		if n > 0 {
			first = fill(256 << 10)
		}
		if err := r.WriteAhead(t.Context(), first); err != nil {
			t.Fatal(err)
		}
	}
	third := fill(1000) // two are in flight
	k.do(func() { k.holdOut = false })
	other := []byte("by somebody who has memory of his own")
	sent = slices.Insert(sent, 2, other)
	if err := r.WriteAhead(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if err := r.Write(t.Context(), third); err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(k.out, sent, bytes.Equal) {
		t.Errorf("%d transfers went out, or others than the %d that were filled", len(k.out), len(sent))
	}
	// Without memory in the kernel for a moment.
	k.out, sent = nil, nil
	tries := 0
	k.refuse = func(*usbfsURB) error {
		if tries++; tries%2 == 1 {
			return unix.ENOMEM
		}
		return nil
	}
	for range 3 {
		if err := r.WriteAhead(t.Context(), fill(256<<10)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Concat(k.out...), slices.Concat(sent...); !bytes.Equal(got, want) {
		t.Errorf("%d bytes went out, or others than the %d that were filled", len(got), len(want))
	}
	room := r.Room()
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	room[0] = 1 // who fills it isn't told of the end
	if r.Room() != nil {
		t.Error("room on a closed transport")
	}
	if k.overwritten > 0 {
		t.Errorf("%d transfers were written over while they were in flight", k.overwritten)
	}
}

func TestUsbfsWriteErrors(t *testing.T) {
	for _, tt := range []struct {
		name   string
		result func(*usbfsURB)
		want   error
	}{
		{"short", func(u *usbfsURB) { u.actual = 100 }, io.ErrShortWrite},
		{"stall", func(u *usbfsURB) { u.status = -int32(unix.EPIPE) }, mtp.ErrStalled},
		{"unplugged", func(u *usbfsURB) { u.status = -int32(unix.ESHUTDOWN) }, mtp.ErrDeviceGone},
		{"noise", func(u *usbfsURB) { u.status = -int32(unix.EPROTO) }, unix.EPROTO},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newFakeKernel()
			k.outResult = func(n int, u *usbfsURB) {
				if n == 3 {
					tt.result(u)
				}
			}
			tr, _ := onFake(t, k)
			defer tr.Close()
			if err := tr.Write(t.Context(), make([]byte, 2<<20)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if got := len(k.cleared) > 0; got != (tt.name == "stall") {
				t.Errorf("halt cleared: %v", k.cleared)
			}
		})
	}
}

func TestUsbfsStall(t *testing.T) {
	k := newFakeKernel()
	tr, _ := onFake(t, k)
	defer tr.Close()
	tr.ReadAhead(4 << 20)
	k.do(func() { k.stalled = true })
	if n, err := tr.Read(t.Context(), make([]byte, 4096)); n != 0 || !errors.Is(err, mtp.ErrStalled) {
		t.Errorf("got %d, %v; want ErrStalled", n, err)
	}
	if len(k.cleared) != 1 || k.cleared[0] != 0x81 || k.inFlight != 0 {
		t.Errorf("cleared %x with %d in flight; want 81 with none", k.cleared, k.inFlight)
	}
	k.feed([]byte("after"))
	buf := make([]byte, 512)
	if n, err := tr.Read(t.Context(), buf); err != nil || string(buf[:n]) != "after" {
		t.Errorf("after the stall: %q, %v", buf[:n], err)
	}
}

// TestUsbfsMemory: the kernel's memory for transfers is short.
func TestUsbfsMemory(t *testing.T) { bothMemories(t, usbfsMemory) }

func usbfsMemory(t *testing.T, k *fakeKernel) {
	k.refuse = func(u *usbfsURB) error {
		if u.length > 40_000 {
			return unix.ENOMEM
		}
		return nil
	}
	tr, _ := onFake(t, k)
	defer tr.Close()
	p := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	if err := tr.Write(t.Context(), p); err != nil || !bytes.Equal(bytes.Join(k.out, nil), p) {
		t.Errorf("write: %v, %d of %d bytes", err, len(bytes.Join(k.out, nil)), len(p))
	}
	k.feed(p)
	got, buf := []byte(nil), make([]byte, 256<<10)
	for len(got) < len(p) {
		n, err := tr.Read(t.Context(), buf)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, buf[:n]...)
	}
	if !bytes.Equal(got, p) {
		t.Error("other bytes came")
	}
	k.refuse = func(*usbfsURB) error { return unix.ENOMEM }
	if err := tr.Write(t.Context(), p); !errors.Is(err, unix.ENOMEM) || !strings.Contains(err.Error(), "usbfs_memory_mb") {
		t.Errorf("no memory at all: %v", err)
	}
}

func TestUsbfsUnplugged(t *testing.T) {
	k := newFakeKernel()
	tr, _ := onFake(t, k)
	tr.ReadAhead(1 << 20)
	errs := make(chan error, 2)
	go func() {
		_, err := tr.Read(t.Context(), make([]byte, 512))
		errs <- err
	}()
	go func() {
		_, err := tr.ReadEvent(t.Context())
		errs <- err
	}()
	time.Sleep(10 * time.Millisecond)
	close(k.gone)
	for range 2 {
		if err := <-errs; !errors.Is(err, mtp.ErrDeviceGone) {
			t.Errorf("got %v, want ErrDeviceGone", err)
		}
	}
	if err := tr.Write(t.Context(), []byte("x")); !errors.Is(err, mtp.ErrDeviceGone) {
		t.Errorf("later: %v, want ErrDeviceGone", err)
	}
	tr.Close()
}

// TestUsbfsNoiseOfUnplugging: transfers fail before the kernel has noticed.
func TestUsbfsNoiseOfUnplugging(t *testing.T) {
	k := newFakeKernel()
	k.outResult = func(_ int, u *usbfsURB) { u.status = -int32(unix.EPROTO) }
	tr, d := onFake(t, k)
	defer tr.Close()
	go func() {
		time.Sleep(20 * time.Millisecond)
		os.RemoveAll(d.syspath)
	}()
	if err := tr.Write(t.Context(), []byte("x")); !errors.Is(err, mtp.ErrDeviceGone) {
		t.Errorf("got %v, want ErrDeviceGone", err)
	}
}

func TestUsbfsClose(t *testing.T) {
	k := newFakeKernel()
	tr, _ := onFake(t, k, "usb-storage")
	if k.claimed != 3 {
		t.Errorf("claimed interface %d, want 3", k.claimed)
	}
	errs := make(chan error, 2)
	go func() {
		_, err := tr.Read(t.Context(), make([]byte, 512))
		errs <- err
	}()
	go func() {
		_, err := tr.ReadEvent(t.Context())
		errs <- err
	}()
	time.Sleep(10 * time.Millisecond)
	tr.Close()
	tr.Close()
	for range 2 {
		if err := <-errs; !errors.Is(err, mtp.ErrTransportClosed) {
			t.Errorf("pending call: %v, want ErrTransportClosed", err)
		}
	}
	if err := tr.Write(t.Context(), []byte("x")); !errors.Is(err, mtp.ErrTransportClosed) {
		t.Errorf("later: %v, want ErrTransportClosed", err)
	}
	if k.claimed != -1 || !k.connected {
		t.Errorf("interface %d still claimed; driver looked for again: %v", k.claimed, k.connected)
	}
}

// TestUsbfsCloseInTransfer: a transport that is closed, or unplugged, while bytes move ends the
// calls under way before their memory goes, and then all of it goes. A byte that is touched after
// that ends the test program.
func TestUsbfsCloseInTransfer(t *testing.T) { bothMemories(t, usbfsCloseInTransfer) }

func usbfsCloseInTransfer(t *testing.T, k *fakeKernel) {
	all := k
	for i := range 24 {
		k := newFakeKernel()
		k.caps = all.caps
		tr, _ := onFake(t, k)
		ended := make(chan error, 3)
		go func() { // data in
			buf := make([]byte, 256<<10)
			for {
				tr.ReadAhead(4 << 20)
				k.feed(make([]byte, 1<<20+100))
				if _, err := tr.Read(context.Background(), buf); err != nil {
					ended <- err
					return
				}
			}
		}()
		go func() { // data out
			buf := make([]byte, 300<<10)
			for {
				err := tr.WriteAhead(context.Background(), buf)
				if err == nil && i%3 == 0 {
					err = tr.Flush(context.Background())
				}
				if err != nil {
					ended <- err
					return
				}
			}
		}()
		go func() {
			_, err := tr.ReadEvent(context.Background())
			ended <- err
		}()
		time.Sleep(time.Duration(i%6) * time.Millisecond / 2)
		if i%2 == 0 {
			close(k.gone)
		}
		tr.Close()
		for range 3 {
			if err := <-ended; !errors.Is(err, mtp.ErrTransportClosed) && !errors.Is(err, mtp.ErrDeviceGone) {
				t.Errorf("a call under way ended with %v", err)
			}
		}
		for _, p := range k.mapped {
			if err := unix.Munmap(p); !errors.Is(err, unix.EINVAL) {
				t.Errorf("%d bytes of the controller's memory were still mapped after Close, %v", len(p), err)
			}
		}
		all.mapped = append(all.mapped, k.mapped...)
	}
}

func TestUsbfsBusy(t *testing.T) {
	k := newFakeKernel()
	k.claimErr = unix.EBUSY
	d := fakePhone(t)
	root := d.sys.Root
	write(t, filepath.Join(root, "proc/4711/comm"), "gvfsd-mtp")
	if err := os.MkdirAll(filepath.Join(root, "proc/4711/fd"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(d.Node, filepath.Join(root, "proc/4711/fd/7")); err != nil {
		t.Fatal(err)
	}
	_, err := openUsbfs(d, k)
	var open *OpenError
	if !errors.Is(err, ErrBusy) || !errors.As(err, &open) || len(open.Holders) != 1 || open.Holders[0] != (Holder{4711, "gvfsd-mtp"}) {
		t.Fatalf("got %v, want ErrBusy by gvfsd-mtp, 4711", err)
	}
	if !strings.Contains(err.Error(), "gvfsd-mtp (pid 4711)") || !strings.Contains(open.Next, "gio mount") {
		t.Errorf("%v; next: %s", err, open.Next)
	}
	select {
	case <-k.closed:
	default:
		t.Error("the node stays open")
	}
}

func TestUsbfsControl(t *testing.T) {
	k := newFakeKernel()
	k.answer = func(setup, data []byte) (int, error) {
		if setup[0] == 0xA1 {
			return copy(data, "\x04\x00\x01\x20"), nil
		}
		return len(data), nil
	}
	tr, _ := onFake(t, k)
	defer tr.Close()
	var status [64]byte
	n, err := tr.Control(t.Context(), mtp.ControlRequest{Request: mtp.RequestStatus, Data: status[:]})
	if err != nil || n != 4 || string(status[:4]) != "\x04\x00\x01\x20" {
		t.Errorf("status: %d, %v, %x", n, err, status[:4])
	}
	if n, err := tr.Control(t.Context(), mtp.ControlRequest{Request: mtp.RequestCancel, Data: []byte("cancel")}); err != nil || n != 6 {
		t.Errorf("cancel: %d, %v", n, err)
	}
	for i, want := range []string{"\xA1\x67\x00\x00\x03\x00\x40\x00", "\x21\x64\x00\x00\x03\x00\x06\x00"} {
		if got := string(k.setups[i][:8]); got != want {
			t.Errorf("setup %d: % x, want % x", i, got, want)
		}
	}
	if got := string(k.setups[1][8:]); got != "cancel" {
		t.Errorf("sent %q", got)
	}
	k.answer = func(_, _ []byte) (int, error) { return 0, unix.EPIPE }
	if _, err := tr.Control(t.Context(), mtp.ControlRequest{Request: mtp.RequestStatus, Data: status[:]}); !errors.Is(err, mtp.ErrStalled) {
		t.Errorf("refused: %v, want ErrStalled", err)
	}
	k.answer = nil
	start := time.Now()
	_, err = tr.Control(t.Context(), mtp.ControlRequest{Request: mtp.RequestStatus, Data: status[:], Timeout: 20 * time.Millisecond})
	if !errors.Is(err, mtp.ErrTimeout) || time.Since(start) > time.Second {
		t.Errorf("no answer: %v after %v, want ErrTimeout", err, time.Since(start))
	}
	if _, err := tr.Control(t.Context(), mtp.ControlRequest{Data: make([]byte, 5000)}); err == nil {
		t.Error("5000 bytes were taken")
	}
}

func TestUsbfsEvents(t *testing.T) {
	k := newFakeKernel()
	tr, _ := onFake(t, k)
	defer tr.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := tr.ReadEvent(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("none came: %v", err)
	}
	go func() {
		for {
			k.mu.Lock()
			if q := k.queued[0x83]; len(q) > 0 {
				q[0].actual = int32(copy(data(q[0]), "an event"))
				k.queued[0x83] = nil
				k.complete(q[0], nil)
				k.mu.Unlock()
				return
			}
			k.mu.Unlock()
			time.Sleep(time.Millisecond)
		}
	}()
	if p, err := tr.ReadEvent(t.Context()); err != nil || string(p) != "an event" {
		t.Errorf("got %q, %v", p, err)
	}
}

func TestOSDescriptor(t *testing.T) {
	msft := "\x12\x03M\x00S\x00F\x00T\x001\x000\x000\x00\x42\x00"
	id := func(iface byte, compatible string) string {
		return strings.Repeat("\x00", 16) + string([]byte{iface, 1}) + compatible + strings.Repeat("\x00", 22-len(compatible))
	}
	for _, tt := range []struct {
		name, text, id string
		want           bool
	}{
		{"mtp", msft, id(3, "MTP"), true},
		{"second function", msft, id(0, "RNDIS") + id(3, "MTP")[16:], true},
		{"another interface", msft, id(1, "MTP"), false},
		{"something else", msft, id(3, "PTP"), false},
		{"cut", msft, id(3, "MTP")[:20], false},
		{"no such string", "\x04\x03x\x00", id(3, "MTP"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newFakeKernel()
			k.answer = func(setup, data []byte) (int, error) {
				switch {
				case string(setup[:6]) == "\x80\x06\xEE\x03\x00\x00":
					return copy(data, tt.text), nil
				case string(setup[:6]) == "\xC0\x42\x00\x00\x04\x00":
					return copy(data, tt.id), nil
				}
				return 0, unix.EPIPE
			}
			if got := hasOSDescriptor(k, 3); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestOpenFile(t *testing.T) {
	f, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, _, err := OpenFile(t.Context(), f); err == nil || !strings.Contains(err.Error(), "/dev/null is no usb device node") {
		t.Errorf("/dev/null: %v", err)
	}
}

func TestChosenBackend(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  Backend
	}{{"", Usbfs}, {"gousb", Gousb}, {"usbfs", Usbfs}} {
		t.Setenv(Environment, tt.value)
		if got, err := ChosenBackend(); got != tt.want || err != nil {
			t.Errorf("%q: got %q, %v; want %q", tt.value, got, err, tt.want)
		}
	}
	t.Setenv(Environment, "libusb")
	_, err := Open(t.Context(), DeviceDesc{State: Ready})
	var open *OpenError
	if !errors.As(err, &open) || !strings.Contains(open.Next, "gousb or usbfs") {
		t.Errorf("unknown: %v", err)
	}
	if Check() == nil {
		t.Error("Check takes an unknown backend")
	}
}
