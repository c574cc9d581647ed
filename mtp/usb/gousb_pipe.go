//go:build linux && cgo && !nousb

package usb

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/google/gousb"
)

// Of gousb's streams: bytes of a transfer and how many are in flight. libusb cuts a
// transfer into URBs of 16 KiB where the controller wants its memory in one piece, so
// larger ones bring nothing.
const (
	streamSize  = 64 << 10
	streamDepth = bytesInFlight / streamSize
)

// readStream is [gousb.ReadStream]. It begins with its transfers in flight and submits
// each anew when it was read, until Close; what is in flight then can still be read, then
// comes io.EOF. It loses what transfers hold when a read is called back, so a read never is.
type readStream interface {
	ReadContext(ctx context.Context, p []byte) (int, error)
	Close() error
}

// gousbIn reads the bulk IN endpoint: a transfer at a time, or as a stream while a large
// data phase lasts. A stream is for whole transfers of what was announced, the rest is read
// after it.
type gousbIn struct {
	size, depth int
	open        func(size, count int) (readStream, error)
	plain       func(ctx context.Context, p []byte) (int, error)

	stream *prefetch // nil: none
	rest   []byte    // of the stream's last transfer, not yet read
	short  bool      // that transfer was a short one
}

// prefetch is a stream and the goroutine that reads it.
type prefetch struct {
	arrivals chan arrival
	enough   atomic.Bool        // nothing new is to be submitted
	cancel   context.CancelFunc // calls back what is in flight, and loses it
	done     chan struct{}      // closed when the goroutine has ended
}

// arrival is a transfer that came, or why none does.
type arrival struct {
	p   []byte
	err error // io.EOF: the stream has brought all that it was for
}

// readAhead is of [mtp.Pipeliner]. A stream that brought less than was announced goes on
// with the transfers that it has in flight: calling them back would lose what they hold.
func (p *gousbIn) readAhead(n int64) {
	switch whole := n / int64(p.size); {
	case p.stream != nil:
		if n <= 0 {
			p.stream.enough.Store(true)
		}
	case whole >= 2:
		count := int(min(whole, int64(p.depth)))
		s, err := p.open(p.size, count)
		if err != nil {
			return // then one at a time
		}
		ctx, cancel := context.WithCancel(context.Background())
		p.stream = &prefetch{arrivals: make(chan arrival), cancel: cancel, done: make(chan struct{})}
		go p.stream.run(ctx, s, p.size, whole-int64(count))
	}
}

// run reads the stream to its end. more is how many transfers are to be submitted beyond
// those in flight.
func (f *prefetch) run(ctx context.Context, s readStream, size int, more int64) {
	defer close(f.done)
	defer f.cancel()
	// Who takes an arrival has read the one before it, so two buffers will do.
	bufs := [2][]byte{make([]byte, size), make([]byte, size)}
	for ; ; bufs[0], bufs[1] = bufs[1], bufs[0] {
		if more <= 0 || f.enough.Load() {
			_ = s.Close() // more than once does no harm
		}
		n, err := s.ReadContext(ctx, bufs[0])
		more--
		select {
		case f.arrivals <- arrival{bufs[0][:n], err}:
		case <-ctx.Done():
			if err == nil { // a read that is called back waits for the others too
				_ = s.Close()
				drop(ctx, s, bufs[0])
			}
			return
		}
		if err != nil {
			return
		}
	}
}

// drop reads what is left of a closed stream until it says that there is no more.
func drop(ctx context.Context, s readStream, buf []byte) {
	for {
		if _, err := s.ReadContext(ctx, buf); err != nil {
			return
		}
	}
}

// read is Transport.Read.
func (p *gousbIn) read(ctx context.Context, to []byte) (n int, err error) {
	for n < len(to) {
		if len(p.rest) == 0 && !p.short {
			if p.stream == nil {
				m, err := p.plain(ctx, to[n:])
				return n + m, err
			}
			more, err := p.next(ctx)
			if err != nil {
				return n, err
			}
			if !more {
				continue
			}
		}
		m := copy(to[n:], p.rest)
		n += m
		p.rest = p.rest[m:]
		if len(p.rest) == 0 && p.short && n < len(to) {
			p.short = false
			return n, nil
		}
	}
	// A short transfer that ends where the room does ended with a ZLP, which is
	// the next read's, as it is without a stream.
	return n, nil
}

// next waits for a transfer of the stream. more is false if the stream is at its end.
func (p *gousbIn) next(ctx context.Context) (more bool, err error) {
	if ctx.Err() != nil {
		return false, gousb.TransferCancelled
	}
	f := p.stream
	select {
	case a := <-f.arrivals:
		switch {
		case a.err == nil:
			p.rest, p.short = a.p, len(a.p) < p.size
			return true, nil
		case errors.Is(a.err, io.EOF), errors.Is(a.err, gousb.ErrorNoMem):
			// usbfs has 16 MB for all programs together: without room for more it goes on
			// with a transfer at a time.
			p.stream = nil
			return false, nil
		}
		p.stream = nil
		return false, a.err
	case <-ctx.Done(): // what comes later is for the next read
		return false, gousb.TransferCancelled
	}
}

// close calls back what is in flight and waits for it.
func (p *gousbIn) close() {
	if p.stream != nil {
		p.stream.cancel()
		<-p.stream.done
		p.stream = nil
	}
}

// writeStream is [gousb.WriteStream]. Nothing is certain before CloseContext. Against what its
// comment says it sends its whole buffer even when a write fills a part of it, so it only gets
// writes of whole buffers.
type writeStream interface {
	WriteContext(ctx context.Context, p []byte) (int, error)
	CloseContext(ctx context.Context) error
	Written() int
}

// gousbOut writes the bulk OUT endpoint, with several transfers in flight between the first
// writeAhead and flush.
type gousbOut struct {
	size, depth int
	open        func(size, count int) (writeStream, error)
	plain       func(ctx context.Context, p []byte) error

	stream writeStream // nil: none
	taken  int         // bytes that it took
}

// writeAhead is of [mtp.Pipeliner].
func (p *gousbOut) writeAhead(ctx context.Context, from []byte) error {
	whole := len(from) - len(from)%p.size
	if whole > 0 {
		if err := p.ahead(ctx, from[:whole]); err != nil {
			return err
		}
	}
	if whole > 0 && whole == len(from) {
		return nil
	}
	return p.write(ctx, from[whole:]) // a part of a buffer, or a packet of nothing
}

// ahead puts whole buffers into the stream.
func (p *gousbOut) ahead(ctx context.Context, from []byte) error {
	if p.stream == nil {
		s, err := p.open(p.size, p.depth)
		if err != nil {
			return p.plain(ctx, from)
		}
		p.stream, p.taken = s, 0
	}
	n, err := p.stream.WriteContext(ctx, from)
	p.taken += n
	if err == nil {
		return nil
	}
	// After a submission that was refused the others are in flight still.
	if errors.Is(err, gousb.ErrorNoMem) {
		if err := p.flush(ctx); err != nil && !errors.Is(err, gousb.ErrorNoMem) {
			return err
		}
		return p.plain(ctx, from[n:])
	}
	p.close()
	return err
}

// write sends from as a transfer of its own, after all that was written ahead.
func (p *gousbOut) write(ctx context.Context, from []byte) error {
	if err := p.flush(ctx); err != nil {
		return err
	}
	return p.plain(ctx, from)
}

// flush waits for all, or calls it back when ctx ends.
func (p *gousbOut) flush(ctx context.Context) error {
	s := p.stream
	if s == nil {
		return nil
	}
	p.stream = nil
	err := s.CloseContext(ctx)
	if err == nil && s.Written() < p.taken {
		err = io.ErrShortWrite
	}
	return err
}

// close calls back what is in flight and waits for it.
func (p *gousbOut) close() {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = p.flush(ended)
}
