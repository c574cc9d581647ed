package usbip

import (
	"context"
	"errors"
	"slices"
	"sync"

	"cradle/mtp"
)

// urb is a transfer that the host waits for.
type urb struct {
	seq   uint32
	size  int
	flags uint32
}

// pipe is an IN endpoint: URBs are served in the order in which they came.
type pipe struct {
	read func(context.Context, []byte) (int, error)

	mu    sync.Mutex
	queue []*urb
	ready chan struct{}
	// current is being read; cancel ends that.
	current *urb
	cancel  context.CancelFunc
	// skip says that a transfer of several URBs ended early: the rest of them,
	// up to the one that may be short, get nothing, since the host is about to
	// unlink them.
	skip bool
	held []*urb
}

func newPipe(read func(context.Context, []byte) (int, error)) *pipe {
	return &pipe{read: read, ready: make(chan struct{}, 1)}
}

func (p *pipe) submit(u *urb) {
	p.mu.Lock()
	p.queue = append(p.queue, u)
	p.mu.Unlock()
	p.wake()
}

func (p *pipe) wake() {
	select {
	case p.ready <- struct{}{}:
	default:
	}
}

// unlink takes a URB back; false if it was answered already.
func (p *pipe) unlink(seq uint32) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != nil && p.current.seq == seq {
		p.current = nil
		p.cancel()
		return true
	}
	for _, q := range []*[]*urb{&p.queue, &p.held} {
		if i := slices.IndexFunc(*q, func(u *urb) bool { return u.seq == seq }); i >= 0 {
			*q = slices.Delete(*q, i, i+1)
			return true
		}
	}
	return false
}

// next takes the first URB that is to be served, or nil.
func (p *pipe) next(ctx context.Context) (context.Context, *urb) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) > 0 {
		u := p.queue[0]
		p.queue = p.queue[1:]
		if p.skip {
			p.skip = u.flags&flagShortNotOK != 0
			p.held = append(p.held, u)
			continue
		}
		ctx, p.cancel = context.WithCancel(ctx)
		p.current = u
		return ctx, u
	}
	return nil, nil
}

// settle says that u is answered; false if it was unlinked meanwhile.
func (p *pipe) settle(u *urb, short bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel()
	if p.current != u {
		return false
	}
	p.current = nil
	p.skip = short && u.flags&flagShortNotOK != 0
	return true
}

// run serves the URBs of a pipe until ctx ends or the phone is gone.
func (d *device) run(ctx context.Context, p *pipe) {
	for {
		reading, u := p.next(ctx)
		if u == nil {
			select {
			case <-p.ready:
				continue
			case <-ctx.Done():
				return
			}
		}
		room := (u.size + packetSize - 1) / packetSize * packetSize
		buf := make([]byte, max(room, packetSize))
		n, err := p.read(reading, buf)
		status := int32(statusOK)
		switch {
		case errors.Is(err, mtp.ErrDeviceGone), errors.Is(err, mtp.ErrTransportClosed):
			_ = d.c.Close()
			return
		case errors.Is(err, mtp.ErrStalled):
			status = statusStall
		case err != nil: // unlinked
		case n > u.size:
			n, status = u.size, statusOverflow
		case n < u.size && u.flags&flagShortNotOK != 0:
			status = statusShort
		}
		if !p.settle(u, n < u.size) {
			continue
		}
		if d.reply(retSubmit, u.seq, status, n, buf[:n]) != nil {
			return
		}
	}
}
