//go:build linux

package usb

import (
	"context"
	"errors"
	"io"

	"golang.org/x/sys/unix"
)

// inPipe reads the bulk IN endpoint with several transfers in flight.
type inPipe struct {
	f        *inFlight
	endpoint uint8
	packet   int // bytes of a full packet
	size     int // of one transfer
	depth    int // transfers in flight, at most

	queue []*transfer // submitted and not yet read to their ends, in order
	idle  []*transfer
	ahead int64 // bytes to come that no transfer was submitted for yet

	expected, answer int // transfers after the next command, and bytes of each
}

// read is Transport.Read.
func (p *inPipe) read(ctx context.Context, to []byte) (n int, err error) {
	if ctx.Err() != nil && len(p.queue) == 0 {
		return 0, context.Cause(ctx)
	}
	var ended error // why what is in flight was called back
	for n < len(to) {
		if err := p.topUp(len(to) - n); err != nil {
			p.stop()
			return n, err
		}
		x := p.queue[0]
		if err := p.f.wait(ctx, x); err != nil {
			ended = err
			p.ahead = 0
			p.f.recall(p.queue...)
		}
		got := x.received()
		m := copy(to[n:], got[x.given:])
		n += m
		x.given += m
		if x.given < len(got) {
			return n, nil
		}
		// All of it was read. A transfer that was called back tells nothing of
		// where the device's ended.
		err, short := x.err(), x.short()
		p.queue = append(p.queue[:0], p.queue[1:]...)
		p.idle = append(p.idle, x)
		switch {
		case isCancelled(err) && ended != nil:
			return n, ended
		case isCancelled(err):
			continue
		case err != nil:
			p.stop()
			return n, err
		case short:
			return n, nil
		}
	}
	return n, nil
}

// topUp submits what is announced, and at least one transfer for room bytes.
func (p *inPipe) topUp(room int) error {
	for len(p.queue) == 0 || p.ahead > 0 && len(p.queue) < p.depth {
		n := min(room, p.size)
		if p.ahead > 0 {
			n = int(min((p.ahead+int64(p.packet)-1)/int64(p.packet)*int64(p.packet), int64(p.size)))
		}
		x, err := p.take()
		if err != nil {
			return err
		}
		err = p.f.submit(x, n)
		switch {
		case err == nil:
			p.queue = append(p.queue, x)
			p.ahead = max(0, p.ahead-int64(n))
			continue
		case !errors.Is(err, unix.ENOMEM):
			p.idle = append(p.idle, x)
			return err
		}
		// usbfs has 16 MB for all programs together, and some controllers need
		// one piece of memory.
		p.idle = append(p.idle, x)
		if len(p.queue) > 0 {
			return nil
		}
		if n <= sizeOld {
			return err
		}
		p.size /= 2
	}
	return nil
}

// take gives a transfer that isn't in flight.
func (p *inPipe) take() (*transfer, error) {
	if n := len(p.idle); n > 0 {
		x := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return x, nil
	}
	return p.f.newBulk(p.endpoint, p.size, p.size)
}

// readAhead announces n bytes; 0 calls back what is in flight.
func (p *inPipe) readAhead(n int64) {
	p.ahead, p.expected = n, 0
	if n <= 0 {
		p.stop()
		return
	}
	for _, x := range p.queue {
		p.ahead -= int64(x.length)
	}
	// An error shows again in the next read.
	_ = p.topUp(0)
}

// expect has the transfers in flight that are expected, no more than depth.
func (p *inPipe) expect() {
	for ; p.expected > 0 && len(p.queue) < p.depth; p.expected-- {
		x, err := p.take()
		if err != nil {
			return // read tries again, and says so
		}
		if err := p.f.submit(x, min(p.answer, p.size)); err != nil {
			p.idle = append(p.idle, x)
			return
		}
		p.queue = append(p.queue, x)
	}
}

// stop calls everything back. Transfers that hold something stay for read.
func (p *inPipe) stop() {
	p.ahead = 0
	p.f.recall(p.queue...)
	kept := p.queue[:0]
	for _, x := range p.queue {
		if isCancelled(x.err()) && len(x.received()) == 0 {
			p.idle = append(p.idle, x)
		} else {
			kept = append(kept, x)
		}
	}
	p.queue = kept
}

func (p *inPipe) free() {
	for _, x := range append(p.queue, p.idle...) {
		x.free()
	}
	p.queue, p.idle = nil, nil
}

// outPipe writes the bulk OUT endpoint with several transfers in flight.
type outPipe struct {
	f        *inFlight
	endpoint uint8
	size     int
	depth    int

	queue []*transfer // submitted, in order
	idle  []*transfer
	lent  *transfer // whose memory is being filled
}

// room lends the memory of a transfer that isn't in flight, until it is written or flush is
// called. free leaves it alone: who fills it may know nothing of that. nil: there is none of the
// controller's.
func (p *outPipe) room() []byte {
	if p.lent == nil {
		x, err := p.take()
		if err != nil {
			return nil
		}
		if !x.shared {
			p.idle = append(p.idle, x)
			return nil
		}
		p.lent = x
	}
	return p.lent.buf
}

// write submits p, in pieces, as soon as there is room for them.
func (p *outPipe) write(ctx context.Context, from []byte) error {
	if ctx.Err() != nil {
		p.stop()
		return context.Cause(ctx)
	}
	there := p.lent != nil && len(from) > 0 && &from[0] == &p.lent.buf[0]
	for {
		for len(p.queue) >= p.depth {
			if err := p.settle(ctx); err != nil {
				return err
			}
		}
		if there { // take gives the last one
			p.idle, p.lent, there = append(p.idle, p.lent), nil, false
		}
		x, err := p.take()
		if err != nil {
			p.stop()
			return err
		}
		piece := from[:min(len(from), p.size)]
		err = p.f.submitFrom(x, piece)
		if err == nil {
			p.queue = append(p.queue, x)
			if from = from[len(piece):]; len(from) == 0 {
				return nil
			}
			continue
		}
		p.idle = append(p.idle, x)
		switch {
		case !errors.Is(err, unix.ENOMEM), len(p.queue) == 0 && len(piece) <= sizeOld:
			p.stop()
			return err
		case len(p.queue) > 0:
			if err := p.settle(ctx); err != nil {
				return err
			}
		default:
			p.size /= 2
		}
	}
}

// flush waits for all.
func (p *outPipe) flush(ctx context.Context) error {
	if p.lent != nil { // what was read there isn't sent
		p.idle, p.lent = append(p.idle, p.lent), nil
	}
	for len(p.queue) > 0 {
		if err := p.settle(ctx); err != nil {
			return err
		}
	}
	return nil
}

// settle waits for the oldest transfer. On an error the others are called back.
func (p *outPipe) settle(ctx context.Context) error {
	x := p.queue[0]
	if err := p.f.wait(ctx, x); err != nil {
		p.stop()
		return err
	}
	err := x.err()
	if err == nil && x.short() {
		err = io.ErrShortWrite
	}
	if err != nil {
		p.stop()
		return err
	}
	p.queue = append(p.queue[:0], p.queue[1:]...)
	p.idle = append(p.idle, x)
	return nil
}

func (p *outPipe) take() (*transfer, error) {
	if n := len(p.idle); n > 0 {
		x := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return x, nil
	}
	return p.f.newBulk(p.endpoint, p.size, 0)
}

// stop calls everything back.
func (p *outPipe) stop() {
	p.f.recall(p.queue...)
	p.idle = append(p.idle, p.queue...)
	p.queue = p.queue[:0]
}

func (p *outPipe) free() {
	p.stop()
	for _, x := range p.idle {
		x.free()
	}
	p.idle = nil
}
