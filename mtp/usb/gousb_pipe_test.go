//go:build linux && cgo && !nousb

package usb

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"cradle/mtp"

	"github.com/google/gousb"
	"pgregory.net/rapid"
)

var _ mtp.Pipeliner = (*gousbTransport)(nil)

// fakeIn is the host's side of an IN endpoint: what the device sends goes into the requests in
// the order in which they were made. A request ends with a short packet, or when it is full.
type fakeIn struct {
	mu      sync.Mutex
	packet  int
	pending [][]byte // the device's transfers, what is left of each
	asked   []*fakeRequest
	most    int // requests at once
	bytes   int // that requests had room for
	noMore  int // requests that are granted, then there is no memory; 0: all
	granted int
}

type fakeRequest struct {
	buf  []byte
	n    int
	err  error
	done chan struct{}
}

func (d *fakeIn) send(transfer []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pending = append(d.pending, transfer)
	d.move()
}

func (d *fakeIn) submit(size int) (*fakeRequest, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.granted++; d.noMore > 0 && d.granted > d.noMore {
		return nil, gousb.ErrorNoMem
	}
	r := &fakeRequest{buf: make([]byte, size), done: make(chan struct{})}
	d.asked = append(d.asked, r)
	d.most = max(d.most, len(d.asked))
	d.bytes += size
	d.move()
	return r, nil
}

func (d *fakeIn) move() {
	for len(d.asked) > 0 && len(d.pending) > 0 {
		r, sent := d.asked[0], d.pending[0]
		n := copy(r.buf[r.n:], sent)
		r.n += n
		short := false // the transfer's last packet
		if sent = sent[n:]; len(sent) > 0 {
			d.pending[0] = sent
		} else {
			d.pending = d.pending[1:]
			short = n == 0 || r.n%d.packet != 0
		}
		if !short && r.n < len(r.buf) {
			continue
		}
		d.asked = d.asked[1:]
		close(r.done)
	}
}

func (d *fakeIn) wait(ctx context.Context, r *fakeRequest) (int, error) {
	select {
	case <-r.done:
		return r.n, r.err
	case <-ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, q := range d.asked {
		if q == r {
			d.asked = append(d.asked[:i], d.asked[i+1:]...)
			return r.n, gousb.TransferCancelled
		}
	}
	return r.n, r.err
}

func (d *fakeIn) plain(ctx context.Context, p []byte) (int, error) {
	if ctx.Err() != nil {
		return 0, gousb.TransferCancelled
	}
	r, err := d.submit(len(p))
	if err != nil {
		return 0, err
	}
	n, err := d.wait(ctx, r)
	return copy(p, r.buf[:n]), err
}

// fakeStream does as gousb.ReadStream of v1.1.3.
type fakeStream struct {
	d     *fakeIn
	size  int
	queue []*fakeRequest
	err   error
	over  bool
}

func (d *fakeIn) open(size, count int) (readStream, error) {
	s := &fakeStream{d: d, size: size}
	for range count {
		s.submit()
	}
	return s, nil
}

func (s *fakeStream) submit() {
	r, err := s.d.submit(s.size)
	if err != nil {
		s.err = err
		return
	}
	s.queue = append(s.queue, r)
}

func (s *fakeStream) ReadContext(ctx context.Context, p []byte) (int, error) {
	if s.over {
		return 0, io.ErrClosedPipe
	}
	if len(s.queue) == 0 {
		s.over = true
		return 0, s.err
	}
	r := s.queue[0]
	s.queue = s.queue[1:]
	n, err := s.d.wait(ctx, r)
	if err != nil {
		for _, r := range s.queue { // and what they held is lost
			ended, cancel := context.WithCancel(ctx)
			cancel()
			_, _ = s.d.wait(ended, r)
		}
		s.over = true
		return n, err
	}
	copy(p, r.buf[:n])
	if s.err == nil {
		s.submit()
	}
	return n, nil
}

func (s *fakeStream) Close() error {
	if s.err == nil {
		s.err = io.EOF
	}
	return nil
}

func newFakeIn() (*fakeIn, *gousbIn) {
	d := &fakeIn{packet: 64}
	return d, &gousbIn{size: 256, depth: 4, open: d.open, plain: d.plain}
}

func numbered(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i * 7 >> 3)
	}
	return p
}

// TestStreamBrings: whatever is announced and whatever comes, what is read is what was sent, in its
// transfers, and nothing was asked for beyond what was announced and what Read had room for.
func TestStreamBrings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, in := newFakeIn()
		defer in.close()
		ctx := context.Background()
		for range rapid.IntRange(1, 3).Draw(t, "containers") {
			body := numbered(rapid.IntRange(0, 5000).Draw(t, "bytes"))
			announced := int64(len(body))
			switch rapid.IntRange(0, 3).Draw(t, "announced") {
			case 0:
				announced = rapid.Int64Range(0, 9000).Draw(t, "wrongly")
			case 1:
				announced = 1 << 40
			}
			response := []byte("response")
			go func() {
				d.send(body)
				if len(body) > 0 && len(body)%d.packet == 0 {
					d.send(nil) // the ZLP
				}
				d.send(response)
			}()
			in.readAhead(announced)
			room := 64 * rapid.IntRange(1, 12).Draw(t, "room")
			var got []byte
			for {
				p := make([]byte, room)
				n, err := in.read(ctx, p)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, p[:n]...)
				if n < room {
					break
				}
			}
			if !bytes.Equal(got, body) {
				t.Fatalf("%d bytes came of %d, announced %d", len(got), len(body), announced)
			}
			in.readAhead(0)
			p := make([]byte, 512)
			n, err := in.read(ctx, p)
			if err != nil || !bytes.Equal(p[:n], response) {
				t.Fatalf("the response came as %q, %v", p[:n], err)
			}
		}
	})
}

// A body of full packets, shorter than what was announced, whose ZLP ends a
// transfer just where the room ends: the ZLP isn't lost.
func TestStreamKeepsZLP(t *testing.T) {
	d, in := newFakeIn()
	defer in.close()
	go func() {
		d.send(numbered(64))
		d.send(nil)
		d.send([]byte("response"))
	}()
	in.readAhead(1 << 40)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for i, want := range []int{64, 0, 8} {
		if i == 2 {
			in.readAhead(0)
		}
		if n, err := in.read(ctx, make([]byte, 64)); n != want || err != nil {
			t.Errorf("read %d: %d bytes, %v, want %d", i, n, err, want)
		}
	}
}

func TestStreamInFlight(t *testing.T) {
	d, in := newFakeIn()
	defer in.close()
	const announced = 10*256 + 100
	in.readAhead(announced)
	go d.send(numbered(announced))
	p := make([]byte, 64*100)
	n, err := in.read(t.Context(), p)
	if err != nil || n != announced {
		t.Fatalf("read %d bytes, %v; want %d", n, err, announced)
	}
	if d.most != 4 {
		t.Errorf("%d transfers in flight, want 4", d.most)
	}
	if whole := 10 * 256; d.bytes > whole+len(p)-whole {
		t.Errorf("asked for %d bytes, %d were announced and %d had room", d.bytes, announced, len(p))
	}
	if in.stream != nil {
		t.Error("the stream lasts beyond what it was for")
	}
}

// A read that the caller ends leaves what comes later to the next one.
func TestStreamCalledBack(t *testing.T) {
	d, in := newFakeIn()
	defer in.close()
	in.readAhead(2000)
	body := numbered(2000)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if n, err := in.read(ctx, make([]byte, 256)); n != 0 || !errors.Is(err, gousb.TransferCancelled) {
		t.Fatalf("got %d, %v; want TransferCancelled", n, err)
	}
	in.readAhead(0)
	d.send(body)
	p := make([]byte, 4096)
	n, err := in.read(t.Context(), p)
	if err != nil || !bytes.Equal(p[:n], body) {
		t.Errorf("then %d bytes came, %v; want all 2000", n, err)
	}
}

// Without memory for more transfers it goes on with one at a time.
func TestStreamWithoutMemory(t *testing.T) {
	d, in := newFakeIn()
	defer in.close()
	d.noMore = 2
	in.readAhead(2000)
	d.mu.Lock()
	d.noMore = 0
	d.mu.Unlock()
	body := numbered(2000)
	go d.send(body)
	p := make([]byte, 4096)
	n, err := in.read(t.Context(), p)
	if err != nil || !bytes.Equal(p[:n], body) {
		t.Errorf("%d bytes came, %v; want all 2000", n, err)
	}
}

// The device stalls in mid-stream: one error, and the pipe starts afresh.
func TestStreamStalls(t *testing.T) {
	d, in := newFakeIn()
	defer in.close()
	in.readAhead(2000)
	d.mu.Lock()
	for _, r := range d.asked {
		r.err = gousb.TransferStall
		close(r.done)
	}
	d.asked = nil
	d.mu.Unlock()
	if n, err := in.read(t.Context(), make([]byte, 256)); n != 0 || !errors.Is(err, gousb.TransferStall) {
		t.Fatalf("got %d, %v; want TransferStall", n, err)
	}
	d.send([]byte("afresh"))
	p := make([]byte, 64)
	if n, err := in.read(t.Context(), p); err != nil || string(p[:n]) != "afresh" {
		t.Errorf("then %q, %v", p[:n], err)
	}
}

// Closing leaves no request and (TestMain) no goroutine, wherever the stream was.
func TestStreamCloses(t *testing.T) {
	for _, sent := range []int{0, 256, 300, 2000} {
		d, in := newFakeIn()
		in.readAhead(1 << 30)
		d.send(numbered(sent))
		time.Sleep(time.Millisecond)
		in.close()
		if len(d.asked) != 0 {
			t.Errorf("after %d bytes: %d requests are left in flight", sent, len(d.asked))
		}
	}
}

// fakeOut is a WriteStream that fails when told to. As gousb's of v1.1.3 it sends whole buffers.
type fakeOut struct {
	size    int
	took    []byte
	ahead   int // bytes in the stream
	failAt  int // bytes after which submissions fail; 0: none
	fail    error
	short   bool
	closed  int
	plained [][]byte
}

func (o *fakeOut) WriteContext(ctx context.Context, p []byte) (int, error) {
	if ctx.Err() != nil {
		return 0, gousb.TransferCancelled
	}
	if o.failAt > 0 && o.ahead+len(p) > o.failAt {
		n := o.failAt - o.ahead
		o.took, o.ahead = append(o.took, p[:n]...), o.failAt
		return n, o.fail
	}
	o.took, o.ahead = append(o.took, p...), o.ahead+len(p)
	if part := len(p) % o.size; part > 0 {
		o.took = append(o.took, make([]byte, o.size-part)...)
	}
	return len(p), nil
}

func (o *fakeOut) CloseContext(ctx context.Context) error {
	o.closed++
	if ctx.Err() != nil {
		return gousb.TransferCancelled
	}
	if o.failAt > 0 && o.ahead == o.failAt {
		return o.fail
	}
	return nil
}

func (o *fakeOut) Written() int {
	if o.short {
		return o.ahead - 1
	}
	return o.ahead
}

func TestWriteStream(t *testing.T) {
	body := numbered(3072)
	for _, tt := range []struct {
		name  string
		o     *fakeOut
		piece int
		want  error // of the whole
		whole bool
	}{
		{"well", &fakeOut{}, 1024, nil, true},
		{"pieces that fill no buffers", &fakeOut{}, 768 - 64, nil, true},
		{"pieces smaller than a buffer", &fakeOut{}, 128, nil, true},
		{"no memory", &fakeOut{failAt: 1536, fail: gousb.ErrorNoMem}, 1024, nil, true},
		{"stalls", &fakeOut{failAt: 1536, fail: gousb.TransferStall}, 1024, gousb.TransferStall, false},
		{"device takes a part", &fakeOut{short: true}, 1024, io.ErrShortWrite, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opened := 0
			tt.o.size = 256
			out := &gousbOut{size: 256, depth: 4,
				open: func(int, int) (writeStream, error) { opened++; tt.o.ahead = 0; return tt.o, nil },
				plain: func(_ context.Context, p []byte) error {
					tt.o.plained = append(tt.o.plained, bytes.Clone(p))
					tt.o.took = append(tt.o.took, p...)
					tt.o.failAt = 0 // there is room again
					return nil
				}}
			var err error
			for at := 0; at < len(body) && err == nil; at += tt.piece {
				err = out.writeAhead(t.Context(), body[at:min(len(body), at+tt.piece)])
			}
			if err == nil {
				err = out.flush(t.Context())
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if whole := bytes.Equal(tt.o.took, body); whole != tt.whole {
				t.Errorf("the device has %d bytes, all of them in order: %v", len(tt.o.took), whole)
			}
			if out.stream != nil || tt.o.closed != opened {
				t.Errorf("%d streams opened, %d closed", opened, tt.o.closed)
			}
			// A packet of nothing goes by itself, after all else.
			if err := out.writeAhead(t.Context(), nil); err != nil || len(tt.o.plained) == 0 || len(tt.o.plained[len(tt.o.plained)-1]) != 0 {
				t.Errorf("the ZLP: %v, %d written plainly", err, len(tt.o.plained))
			}
		})
	}
}
