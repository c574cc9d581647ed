package usbip_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/hwtest/usbip"
	"cradle/mtp"
)

func serve(t testing.TB, p *hwtest.Phone) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skipf("no loopback: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- usbip.Serve(ctx, l, p, usbip.DefaultID(p.Kind()), nil) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return l.Addr().String()
}

func dial(t testing.TB, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// attach imports the device.
func attach(t *testing.T, addr string) *usbip.Client {
	t.Helper()
	k, err := usbip.Attach(dial(t, addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

func phone(t *testing.T, dir string, o hwtest.Options) *hwtest.Phone {
	t.Helper()
	p, err := hwtest.Open(hwtest.Android, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestSessionOverUSBIP(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	body := bytes.Repeat([]byte("0123456789"), 60_000)
	if err := os.WriteFile(filepath.Join(dir, "big"), body, 0o644); err != nil {
		t.Fatal(err)
	}
	p := phone(t, dir, hwtest.Options{Locked: true})
	k := attach(t, serve(t, p))
	s, err := mtp.Open(ctx, k, mtp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(ctx)
	p.Unlock()
	select {
	case e := <-s.Events():
		if e.Code != mtp.EventStoreAdded {
			t.Errorf("event %v, want StoreAdded", e)
		}
	case <-time.After(5 * time.Second):
		t.Error("no event")
	}
	ids, err := s.GetStorageIDs(ctx)
	if err != nil || len(ids) != 1 {
		t.Fatalf("storages %v, %v", ids, err)
	}
	l, err := s.ListFolder(ctx, ids[0], mtp.Root)
	if err != nil || len(l) != 1 {
		t.Fatalf("listing %v, %v", l, err)
	}
	if got, err := s.GetObjectBytes(ctx, l[0].Handle, len(body)); err != nil || !bytes.Equal(got, body) {
		t.Errorf("read %d bytes, %v, want %d", len(got), err, len(body))
	}
	for _, size := range []int{0, 500, 1012, len(body)} {
		name := fmt.Sprint("new", size)
		if _, err := s.CreateObject(ctx, ids[0], mtp.Root, &mtp.ObjectInfo{FileName: name}, body[:size]); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, body[:size]) {
			t.Errorf("%s has %d bytes, %v", name, len(got), err)
		}
	}
}

// TestCableOverUSBIP: a pulled cable ends the connection, and a client that
// goes away has pulled the cable.
func TestCableOverUSBIP(t *testing.T) {
	ctx := context.Background()
	p := phone(t, t.TempDir(), hwtest.Options{})
	addr := serve(t, p)
	s, err := mtp.Open(ctx, attach(t, addr), mtp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p.Pull()
	if _, err := s.GetStorageIDs(ctx); !errors.Is(err, mtp.ErrDeviceGone) {
		t.Errorf("after the pull: %v, want ErrDeviceGone", err)
	}
	k := attach(t, addr)
	if _, err = mtp.Open(ctx, k, mtp.Options{}); err != nil {
		t.Fatal(err)
	}
	_ = k.Close()
	if _, err := mtp.Open(ctx, attach(t, addr), mtp.Options{}); err != nil {
		t.Errorf("the next client: %v", err)
	}
	if got := p.Log()[len(p.Log())-2]; got.Response != mtp.OK || got.Op() != mtp.OpOpenSession {
		t.Errorf("the next client's first transaction is %v, want OpenSession with OK: the session must be forgotten", got)
	}
}

// TestPulledWhileIdle: a client that waits for nothing sees the phone go, too.
func TestPulledWhileIdle(t *testing.T) {
	p := phone(t, t.TempDir(), hwtest.Options{})
	c := dial(t, serve(t, p))
	_ = c.SetDeadline(time.Now().Add(3 * time.Second))
	if _, err := c.Write(append([]byte{1, 0x11, 0x80, 3, 0, 0, 0, 0}, append([]byte("1-1"), make([]byte, 29)...)...)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 8+312)); err != nil {
		t.Fatal(err)
	}
	p.Pull()
	if n, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after the pull: %d bytes, %v", n, err)
	}
}

// TestBusReset: the host configures the device anew after a reset of the bus,
// and the session is gone then.
func TestBusReset(t *testing.T) {
	ctx := context.Background()
	p := phone(t, t.TempDir(), hwtest.Options{})
	k := attach(t, serve(t, p))
	if _, err := mtp.Open(ctx, k, mtp.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Request(ctx, 0x00, 9, 1, 0, false, nil); err != nil {
		t.Fatal(err)
	}
	before := p.Transactions()
	if _, err := mtp.Open(ctx, k, mtp.Options{}); err != nil {
		t.Fatal(err)
	}
	if first := p.Log()[before]; first.Op() != mtp.OpOpenSession || first.Response != mtp.OK {
		t.Errorf("first transaction after the reset: %v, want OpenSession with OK", first)
	}
}

// TestShortOfSeveral: when a transfer of several URBs ends early, those that
// belong to it get nothing, and the next transfer begins with the next URB.
func TestShortOfSeveral(t *testing.T) {
	ctx := context.Background()
	p := phone(t, t.TempDir(), hwtest.Options{})
	k := attach(t, serve(t, p))
	var reads []*usbip.URB
	for i := range 4 {
		flags := uint32(1) // short not OK
		if i >= 2 {
			flags = 0 // the last of a transfer, and one of the next
		}
		r, err := k.SubmitIn(1, 512, flags)
		if err != nil {
			t.Fatal(err)
		}
		reads = append(reads, r)
	}
	m, _ := mtp.NewMessage(mtp.ContainerCommand, mtp.OpGetDeviceInfo, 0).AppendBinary(nil)
	if err := k.Write(ctx, m); err != nil {
		t.Fatal(err)
	}
	if a := reads[0].Wait(); a.Status != -121 || len(a.Data) < 100 {
		t.Errorf("first URB: status %d, %d bytes, want the data and EREMOTEIO", a.Status, len(a.Data))
	}
	if a := reads[3].Wait(); a.Status != 0 || len(a.Data) != 12 {
		t.Errorf("fourth URB: status %d, %x, want the response", a.Status, a.Data)
	}
	for _, r := range reads[1:3] {
		if got := k.Unlink(r); got != -104 {
			t.Errorf("unlinked: status %d, want ECONNRESET", got)
		}
	}
	if got := k.Unlink(reads[0]); got != 0 {
		t.Errorf("unlink of a URB that is done: status %d, want 0", got)
	}
}

func TestDescriptors(t *testing.T) {
	ctx := context.Background()
	p := phone(t, t.TempDir(), hwtest.Options{Serial: "S-1", Name: "Télé"})
	addr := serve(t, p)
	k := attach(t, addr)
	get := func(kind byte, request byte, value, index uint16, n int) []byte {
		t.Helper()
		b, err := k.Request(ctx, kind, request, value, index, true, make([]byte, n))
		if err != nil {
			t.Fatalf("request %#x %#x %#x: %v", kind, request, value, err)
		}
		return b
	}
	dev := get(0x80, 6, 0x0100, 0, 64)
	if len(dev) != 18 || binary.LittleEndian.Uint16(dev[8:]) != 0x18D1 || dev[17] != 1 {
		t.Errorf("device descriptor %x", dev)
	}
	config := get(0x80, 6, 0x0200, 0, 512)
	if int(config[2]) != len(config) || config[4] != 1 || !bytes.Equal(config[9+5:9+8], []byte{6, 1, 1}) || config[9+4] != 3 {
		t.Errorf("configuration %x", config)
	}
	if head := get(0x80, 6, 0x0200, 0, 9); len(head) != 9 {
		t.Errorf("9 bytes of it: %d", len(head))
	}
	for index, want := range map[byte]string{2: "Télé", 3: "S-1", 4: "MTP"} {
		b := get(0x80, 6, 0x0300|uint16(index), 0x409, 255)
		var text strings.Builder
		for i := 2; i < len(b); i += 2 {
			text.WriteRune(rune(binary.LittleEndian.Uint16(b[i:])))
		}
		if text.String() != want || int(b[0]) != len(b) {
			t.Errorf("string %d is %q, want %q", index, text.String(), want)
		}
	}
	os := get(0x80, 6, 0x03EE, 0, 255)
	if len(os) != 18 || os[2] != 'M' || os[17] != 0 {
		t.Errorf("OS string %x", os)
	}
	compat := get(0xC0, os[16], 0, 4, 255)
	if len(compat) != 40 || string(compat[18:21]) != "MTP" || compat[16] != 0 {
		t.Errorf("compatible ID %x", compat)
	}
	if b := get(0x80, 6, 0x0600, 0, 10); len(b) != 10 || b[1] != 6 {
		t.Errorf("qualifier %x", b)
	}
	if b := get(0x82, 0, 0, 0x81, 2); !bytes.Equal(b, []byte{0, 0}) {
		t.Errorf("status of a pipe %x, want no halt", b)
	}
	if b := get(0x80, 8, 0, 0, 1); !bytes.Equal(b, []byte{1}) {
		t.Errorf("configuration %x, want 1", b)
	}
	for _, r := range []byte{1, 11} { // CLEAR_FEATURE, SET_INTERFACE
		if _, err := k.Request(ctx, 0x01, r, 0, 0, false, nil); err != nil {
			t.Errorf("request %d: %v", r, err)
		}
	}
	if _, err := k.Request(ctx, 0xC0, os[16], 0, 9, true, make([]byte, 8)); !errors.Is(err, mtp.ErrStalled) {
		t.Errorf("a vendor request that isn't there: %v, want a stall", err)
	}

	list := dial(t, addr)
	_ = k.Close() // one client at a time
	if _, err := list.Write([]byte{1, 0x11, 0x80, 5, 0, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(list)
	if err != nil || len(b) != 12+312+4 || !bytes.Equal(b[12+312:], []byte{6, 1, 1, 0}) {
		t.Errorf("device list of %d bytes, %v", len(b), err)
	}
}

// FuzzServer feeds whatever a client may send; the next one is served all the
// same.
func FuzzServer(f *testing.F) {
	imported := append([]byte{1, 0x11, 0x80, 3, 0, 0, 0, 0}, append([]byte("1-1"), make([]byte, 29)...)...)
	f.Add([]byte{1, 0x11, 0x80, 5, 0, 0, 0, 0})
	f.Add(imported)
	urb := make([]byte, 48)
	urb[3], urb[7], urb[15], urb[19], urb[27] = 1, 1, 1, 1, 64
	f.Add(append(imported[:len(imported):len(imported)], urb...))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		p := phone(t, dir, hwtest.Options{ReadOnly: true})
		addr := serve(t, p)
		c := dial(t, addr)
		_, _ = c.Write(b)
		_ = c.Close()
		list := dial(t, addr)
		_, _ = list.Write([]byte{1, 0x11, 0x80, 5, 0, 0, 0, 0})
		_ = list.SetDeadline(time.Now().Add(5 * time.Second))
		if b, err := io.ReadAll(list); err != nil || len(b) != 12+312+4 {
			t.Errorf("the next client gets %d bytes, %v", len(b), err)
		}
	})
}
