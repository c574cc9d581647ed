package usbip_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/hwtest/usbip"
	"cradle/mtp"
)

var devlist = []byte{1, 0x11, 0x80, 5, 0, 0, 0, 0}

func listed(t *testing.T, addr string) int {
	t.Helper()
	c := dial(t, addr)
	_ = c.SetDeadline(time.Now().Add(3 * time.Second))
	if _, err := c.Write(devlist); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Errorf("the list: %v", err)
	}
	return len(b)
}

// TestMuteAndSecondClient: nobody keeps others from being answered, and a second
// client that wants the phone is told that it is busy.
func TestMuteAndSecondClient(t *testing.T) {
	ctx := context.Background()
	p := phone(t, t.TempDir(), hwtest.Options{})
	addr := serve(t, p)
	dial(t, addr) // says nothing
	if got := listed(t, addr); got != 12+312+4 {
		t.Errorf("beside a mute client the list has %d bytes", got)
	}
	k := attach(t, addr)
	s, err := mtp.Open(ctx, k, mtp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := listed(t, addr); got != 12+312+4 {
		t.Errorf("beside a client that has the phone the list has %d bytes", got)
	}
	if _, err := usbip.Attach(dial(t, addr)); !errors.Is(err, usbip.ErrBusy) {
		t.Errorf("the second client: %v, want busy", err)
	}
	if _, err := s.GetStorageIDs(ctx); err != nil {
		t.Errorf("the first client meanwhile: %v", err)
	}
	_ = k.Close()
	attach(t, addr)
}

// lines is a log.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestDropped: a client that breaks the protocol is dropped, and the log says
// why.
func TestDropped(t *testing.T) {
	imported := append([]byte{1, 0x11, 0x80, 3, 0, 0, 0, 0}, append([]byte("1-1"), make([]byte, 29)...)...)
	urb := func(device, size uint32) []byte {
		b := make([]byte, 48)
		be := binary.BigEndian
		be.PutUint32(b[0:], 1)
		be.PutUint32(b[4:], 1)
		be.PutUint32(b[8:], device)
		be.PutUint32(b[12:], 1)
		be.PutUint32(b[16:], 1)
		be.PutUint32(b[24:], size)
		return append(bytes.Clone(imported), b...)
	}
	const device = 1<<16 | 2
	many := urb(device, 512)
	for range 1100 {
		many = append(many, urb(device, 512)[len(imported):]...)
	}
	for name, c := range map[string]struct {
		send []byte
		want string
	}{
		"an old version":    {[]byte{1, 0, 0x80, 5, 0, 0, 0, 0}, "version 0x0100"},
		"a new version":     {append([]byte{2, 0}, imported[2:]...), "version 0x0200"},
		"no operation":      {[]byte{1, 0x11, 0x80, 9, 0, 0, 0, 0}, "operation 0x8009"},
		"another device":    {urb(1<<16|3, 512), "device 0x10003"},
		"a large transfer":  {urb(device, 32<<20), "33554432 bytes"},
		"a negative length": {urb(device, 0xFFFFFFFF), "4294967295 bytes"},
		"too many":          {many, "up to 1024 URBs"},
	} {
		t.Run(name, func(t *testing.T) {
			p := phone(t, t.TempDir(), hwtest.Options{})
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Skipf("no loopback: %v", err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			log := &lines{}
			done := make(chan error)
			go func() {
				done <- usbip.Serve(ctx, l, p, usbip.DefaultID(p.Kind()), slog.New(slog.NewTextHandler(log, nil)))
			}()
			conn := dial(t, l.Addr().String())
			_ = conn.SetDeadline(time.Now().Add(4 * time.Second)) // less than a mute client has
			_, _ = conn.Write(c.send)
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
				t.Errorf("the connection stays open: %v", err)
			}
			// The line may come just after the connection ends.
			for end := time.Now().Add(3 * time.Second); !strings.Contains(log.text(), c.want) && time.Now().Before(end); {
				time.Sleep(5 * time.Millisecond)
			}
			if !strings.Contains(log.text(), c.want) {
				t.Errorf("the log is %q, want %q", log.text(), c.want)
			}
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// TestWhatIsNotThere: configurations and settings that the descriptors don't
// name are refused.
func TestWhatIsNotThere(t *testing.T) {
	ctx := context.Background()
	k := attach(t, serve(t, phone(t, t.TempDir(), hwtest.Options{})))
	for _, c := range []struct {
		kind, request byte
		value, index  uint16
		want          error
	}{
		{0x00, 9, 1, 0, nil}, {0x00, 9, 7, 0, mtp.ErrStalled},
		{0x01, 11, 0, 0, nil}, {0x01, 11, 5, 0, mtp.ErrStalled}, {0x01, 11, 0, 1, mtp.ErrStalled},
	} {
		if _, err := k.Request(ctx, c.kind, c.request, c.value, c.index, false, nil); !errors.Is(err, c.want) {
			t.Errorf("request %d of %d, %d: %v, want %v", c.request, c.value, c.index, err, c.want)
		}
	}
}
