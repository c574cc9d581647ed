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
	"sync"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/hwtest/usbip"
	"cradle/mtp"
)

// client is what the kernel's vhci-hcd is to the server, and an mtp.Transport
// to a session.
type client struct {
	c net.Conn

	mu      sync.Mutex
	seq     uint32
	waiting map[uint32]*request
	broken  bool
}

type answer struct {
	status int32
	data   []byte
}

func serve(t *testing.T, p *hwtest.Phone) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skipf("no loopback: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- usbip.Serve(ctx, l, p, usbip.DefaultID(p.Kind())) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return l.Addr().String()
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// attach imports the device.
func attach(t *testing.T, addr string) *client {
	t.Helper()
	c := dial(t, addr)
	req := append([]byte{1, 0x11, 0x80, 3, 0, 0, 0, 0}, make([]byte, 32)...)
	copy(req[8:], "1-1")
	if _, err := c.Write(req); err != nil {
		t.Fatal(err)
	}
	var rep [8 + 312]byte
	if _, err := io.ReadFull(c, rep[:]); err != nil || rep[3] != 3 || rep[7] != 0 {
		t.Fatalf("import: %x, %v", rep[:8], err)
	}
	k := &client{c: c, waiting: make(map[uint32]*request)}
	go k.receive()
	return k
}

// request is a URB or an unlink that waits for its reply.
type request struct {
	seq  uint32
	in   bool
	done chan answer // closed when the connection ends
}

func (k *client) receive() {
	be := binary.BigEndian
	for {
		var h [48]byte
		_, err := io.ReadFull(k.c, h[:])
		k.mu.Lock()
		if err != nil {
			k.broken = true
			for _, r := range k.waiting {
				close(r.done)
			}
			k.mu.Unlock()
			return
		}
		r := k.waiting[be.Uint32(h[4:])]
		delete(k.waiting, be.Uint32(h[4:]))
		k.mu.Unlock()
		a := answer{status: int32(be.Uint32(h[20:])), data: nil}
		if r.in && be.Uint32(h[0:]) == 3 {
			a.data = make([]byte, be.Uint32(h[24:]))
			_, _ = io.ReadFull(k.c, a.data) // a short read shows in the next header
		}
		r.done <- a
	}
}

// send sends a header and data; fields are the words from the direction on.
func (k *client) send(command uint32, in bool, fields []uint32, setup [8]byte, data []byte) (*request, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken {
		return nil, mtp.ErrDeviceGone
	}
	k.seq++
	r := &request{seq: k.seq, in: in, done: make(chan answer, 1)}
	k.waiting[k.seq] = r
	b := make([]byte, 48+len(data))
	be := binary.BigEndian
	be.PutUint32(b[0:], command)
	be.PutUint32(b[4:], k.seq)
	be.PutUint32(b[8:], 1<<16|2)
	for i, f := range fields {
		be.PutUint32(b[12+4*i:], f)
	}
	copy(b[40:], setup[:])
	copy(b[48:], data)
	if _, err := k.c.Write(b); err != nil {
		return nil, mtp.ErrDeviceGone
	}
	return r, nil
}

// submit sends a URB.
func (k *client) submit(endpoint uint32, in bool, size int, flags uint32, setup [8]byte, data []byte) (*request, error) {
	direction := uint32(0)
	if in {
		direction = 1
	}
	return k.send(1, in, []uint32{direction, endpoint, flags, uint32(size)}, setup, data)
}

// unlink takes a URB back and gives the status of the reply.
func (k *client) unlink(seq uint32) int32 {
	r, err := k.send(2, false, []uint32{0, 0, seq}, [8]byte{}, nil)
	if err != nil {
		return 0
	}
	a := <-r.done
	return a.status
}

func (k *client) do(ctx context.Context, endpoint uint32, in bool, size int, setup [8]byte, data []byte) ([]byte, error) {
	r, err := k.submit(endpoint, in, size, 0, setup, data)
	if err != nil {
		return nil, err
	}
	select {
	case a, ok := <-r.done:
		switch {
		case !ok:
			return nil, mtp.ErrDeviceGone
		case a.status == -32:
			return nil, mtp.ErrStalled
		case a.status != 0:
			return a.data, fmt.Errorf("status %d", a.status)
		}
		return a.data, nil
	case <-ctx.Done():
		k.unlink(r.seq)
		return nil, context.Cause(ctx)
	}
}

func (k *client) Write(ctx context.Context, p []byte) error {
	_, err := k.do(ctx, 2, false, len(p), [8]byte{}, p)
	return err
}

func (k *client) Read(ctx context.Context, p []byte) (int, error) {
	b, err := k.do(ctx, 1, true, len(p), [8]byte{}, nil)
	return copy(p, b), err
}

func (k *client) ReadEvent(ctx context.Context) ([]byte, error) {
	return k.do(ctx, 3, true, 28, [8]byte{}, nil)
}

func (k *client) Control(ctx context.Context, q mtp.ControlRequest) (int, error) {
	kind := byte(0x21)
	if q.In() {
		kind = 0xA1
	}
	b, err := k.request(ctx, kind, byte(q.Request), 0, 0, q.In(), q.Data)
	if q.In() {
		return copy(q.Data, b), err
	}
	return len(q.Data), err
}

// request makes a control request; data is sent, or says how much to read.
func (k *client) request(ctx context.Context, kind, request byte, value, index uint16, in bool, data []byte) ([]byte, error) {
	setup := [8]byte{kind, request}
	binary.LittleEndian.PutUint16(setup[2:], value)
	binary.LittleEndian.PutUint16(setup[4:], index)
	binary.LittleEndian.PutUint16(setup[6:], uint16(len(data)))
	size := len(data)
	if in {
		data = nil
	}
	return k.do(ctx, 0, in, size, setup, data)
}

func (k *client) MaxPacketSize() int { return 512 }
func (k *client) Close() error       { return k.c.Close() }

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

// TestBusReset: the host configures the device anew after a reset of the bus,
// and the session is gone then.
func TestBusReset(t *testing.T) {
	ctx := context.Background()
	p := phone(t, t.TempDir(), hwtest.Options{})
	k := attach(t, serve(t, p))
	if _, err := mtp.Open(ctx, k, mtp.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.request(ctx, 0x00, 9, 1, 0, false, nil); err != nil {
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
	var reads []*request
	for i := range 4 {
		flags := uint32(1) // short not OK
		if i >= 2 {
			flags = 0 // the last of a transfer, and one of the next
		}
		r, err := k.submit(1, true, 512, flags, [8]byte{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		reads = append(reads, r)
	}
	m, _ := mtp.NewMessage(mtp.ContainerCommand, mtp.OpGetDeviceInfo, 0).AppendBinary(nil)
	if err := k.Write(ctx, m); err != nil {
		t.Fatal(err)
	}
	if a := <-reads[0].done; a.status != -121 || len(a.data) < 100 {
		t.Errorf("first URB: status %d, %d bytes, want the data and EREMOTEIO", a.status, len(a.data))
	}
	if a := <-reads[3].done; a.status != 0 || len(a.data) != 12 {
		t.Errorf("fourth URB: status %d, %x, want the response", a.status, a.data)
	}
	for _, r := range reads[1:3] {
		if got := k.unlink(r.seq); got != -104 {
			t.Errorf("unlinked: status %d, want ECONNRESET", got)
		}
	}
	if got := k.unlink(reads[0].seq); got != 0 {
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
		b, err := k.request(ctx, kind, request, value, index, true, make([]byte, n))
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
		if _, err := k.request(ctx, 0x01, r, 0, 0, false, nil); err != nil {
			t.Errorf("request %d: %v", r, err)
		}
	}
	if _, err := k.request(ctx, 0xC0, os[16], 0, 9, true, make([]byte, 8)); !errors.Is(err, mtp.ErrStalled) {
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
