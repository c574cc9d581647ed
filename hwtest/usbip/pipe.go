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
	in    bool
	setup setup  // of a control request
	data  []byte // of a transfer to the device
}

// pipe is an endpoint: URBs are served in the order in which they came. A device
// that keeps still on one endpoint is heard on the others, and the host can take
// back what it waits for.
type pipe struct {
	// serve carries out a URB: how many bytes were moved, what the device sends,
	// and the status. An error other than those of a device that is gone says
	// that the URB was taken back.
	serve func(context.Context, *urb) (n int, data []byte, status int32, err error)

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

func newPipe(serve func(context.Context, *urb) (int, []byte, int32, error)) *pipe {
	return &pipe{serve: serve, ready: make(chan struct{}, 1)}
}

// reading is an IN endpoint.
func reading(read func(context.Context, []byte) (int, error)) *pipe {
	return newPipe(func(ctx context.Context, u *urb) (int, []byte, int32, error) {
		room := (u.size + packetSize - 1) / packetSize * packetSize
		buf := make([]byte, max(room, packetSize))
		n, err := read(ctx, buf)
		switch {
		case errors.Is(err, mtp.ErrStalled):
			return n, buf[:n], statusStall, nil
		case err != nil:
			return 0, nil, 0, err
		case n > u.size:
			return u.size, buf[:u.size], statusOverflow, nil
		case n < u.size && u.flags&flagShortNotOK != 0:
			return n, buf[:n], statusShort, nil
		}
		return n, buf[:n], statusOK, nil
	})
}

// submit queues a URB; false if too many wait already.
func (p *pipe) submit(u *urb) bool {
	p.mu.Lock()
	bytes := len(u.data)
	for _, q := range p.queue {
		bytes += len(q.data)
	}
	full := len(p.queue)+len(p.held) >= maxPending || len(p.queue) > 0 && bytes > maxWaiting
	if !full {
		p.queue = append(p.queue, u)
	}
	p.mu.Unlock()
	p.wake()
	return !full
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
		serving, u := p.next(ctx)
		if u == nil {
			select {
			case <-p.ready:
				continue
			case <-ctx.Done():
				return
			}
		}
		n, data, status, err := p.serve(serving, u)
		if errors.Is(err, mtp.ErrDeviceGone) || errors.Is(err, mtp.ErrTransportClosed) {
			_ = d.c.Close()
			return
		}
		if d.answer(p, u, n, data, status, err == nil) != nil {
			return
		}
	}
}

// answer replies to a URB that wasn't taken back, if done says that it came to an end.
func (d *device) answer(p *pipe, u *urb, n int, data []byte, status int32, done bool) error {
	d.replying.Lock()
	defer d.replying.Unlock()
	if !p.settle(u, u.in && n < u.size) || !done {
		return nil
	}
	return d.reply(retSubmit, u.seq, status, n, data)
}

// unlink takes a URB back and says so, or that it was answered: after the answer. The kernel's vhci_hcd would
// give the transfer up, empty, at the first of the two, and the whole device at the second.
func (d *device) unlink(seq, victim uint32) error {
	d.replying.Lock()
	defer d.replying.Unlock()
	status := int32(statusOK)
	if slices.ContainsFunc(d.pipes(), func(p *pipe) bool { return p.unlink(victim) }) {
		status = statusUnlinked
	}
	return d.reply(retUnlink, seq, status, 0, nil)
}
