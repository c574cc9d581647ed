package responder

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"cradle/mtp"
)

// Conn is the initiator's end of a cable to a [Responder] in the same process.
// It needs no goroutine: a Write runs the device until it has taken all bytes,
// and a Read takes what the device has ready.
type Conn struct {
	r    *Responder
	once sync.Once
	// gone is closed when the cable is pulled, closed by Close.
	gone, closed chan struct{}
	// ready and event hold a token when there may be something to read, room one
	// when the device may take something again.
	ready, event, room chan struct{}

	// Guarded by r.mu.
	pulled bool
	shut   bool
	events [][]byte
}

var _ mtp.Transport = (*Conn)(nil)

// maxEvents is how many events wait for an initiator that doesn't read them;
// after that the oldest are dropped.
const maxEvents = 1024

// Connect puts a cable to the device. After a pulled cable, or when another
// cable is still there (which is pulled), the device starts without a session;
// after a mere Close it goes on where it was, as a device does when a program
// ends and another one opens it: with its session and with what it still had to
// send.
func (r *Responder) Connect() *Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn != nil && !r.conn.shut {
		r.pull()
	}
	r.conn = &Conn{
		r: r, gone: make(chan struct{}), closed: make(chan struct{}),
		ready: make(chan struct{}, 1), event: make(chan struct{}, 1), room: make(chan struct{}, 1),
	}
	if c := r.conn; r.off || time.Now().Before(r.away) { // it has dropped off the bus for a while
		c.pulled = true
		close(c.gone)
		r.conn = nil
		return c
	}
	return r.conn
}

// Away reports whether the device has dropped off the bus by a [Fault] and isn't
// back yet, or is off; a cable put to it meanwhile is pulled.
func (r *Responder) Away() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.off || time.Now().Before(r.away)
}

// Off switches the device off, for good: the cable is pulled, and so is any that
// is put to it later.
func (r *Responder) Off() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.off = true
	if r.conn != nil {
		r.pull()
	}
}

// Pull pulls the cable now. Without one it does nothing.
func (r *Responder) Pull() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn != nil {
		r.pull()
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// state says why the connection can't be used. r.mu is held.
func (c *Conn) state() error {
	switch {
	case c.pulled:
		return fmt.Errorf("cable pulled: %w", mtp.ErrDeviceGone)
	case c.shut:
		return mtp.ErrTransportClosed
	}
	return nil
}

// pause waits until a token is in c, the cable is pulled, the connection closed,
// ctx over, or, unless it is 0, that much time has passed.
func (c *Conn) pause(ctx context.Context, token <-chan struct{}, d time.Duration) {
	var after <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		after = t.C
	}
	select {
	case <-token:
	case <-after:
	case <-c.gone:
	case <-c.closed:
	case <-ctx.Done():
	}
}

// Write is one bulk OUT transfer.
func (c *Conn) Write(ctx context.Context, p []byte) error {
	r := c.r
	for {
		if ctx.Err() != nil {
			return fmt.Errorf("write: %w", context.Cause(ctx))
		}
		r.mu.Lock()
		if err := c.state(); err != nil {
			r.mu.Unlock()
			return err
		}
		if wait, held := r.held(); held {
			r.mu.Unlock()
			c.pause(ctx, c.room, wait)
			continue
		}
		rest, err := r.receive(p)
		r.paced(len(p)-len(rest), r.paceOut)
		if len(r.out.segments) > 0 || r.stalled {
			signal(c.ready)
		}
		r.settle()
		pulled := c.pulled
		r.mu.Unlock()
		switch {
		case err != nil:
			return err
		case len(rest) == 0, pulled:
			// If the device took all of p before the cable was pulled, the
			// initiator learns of it with its next call.
			return nil
		}
		p = rest
	}
}

// Read is one bulk IN transfer.
func (c *Conn) Read(ctx context.Context, p []byte) (n int, err error) {
	r := c.r
	if len(p) == 0 || len(p)%r.packet != 0 {
		return 0, fmt.Errorf("read of %d bytes: not a multiple of the packet size %d", len(p), r.packet)
	}
	for {
		if ctx.Err() != nil {
			return n, fmt.Errorf("read: %w", context.Cause(ctx))
		}
		r.mu.Lock()
		r.settle()
		if err := c.state(); err != nil {
			r.mu.Unlock()
			return n, err
		}
		wait, held := r.held()
		if held {
			r.mu.Unlock()
			c.pause(ctx, c.ready, wait)
			continue
		}
		if r.stalled {
			r.stalled = false
			r.mu.Unlock()
			return n, mtp.ErrStalled
		}
		m, ended := r.out.read(p[n:], r.packet)
		n += m
		r.paced(m, r.paceIn)
		r.settle()
		more := len(r.out.segments) > 0 || r.stalled || c.pulled
		r.mu.Unlock()
		switch {
		case ended:
			return n, nil
		case !more:
			c.pause(ctx, c.ready, 0)
		}
	}
}

// ReadEvent waits for an event.
func (c *Conn) ReadEvent(ctx context.Context) ([]byte, error) {
	for {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("read event: %w", context.Cause(ctx))
		}
		c.r.mu.Lock()
		if err := c.state(); err != nil {
			c.r.mu.Unlock()
			return nil, err
		}
		if len(c.events) > 0 {
			e := c.events[0]
			c.events = c.events[1:]
			c.r.mu.Unlock()
			return e, nil
		}
		c.r.mu.Unlock()
		select {
		case <-c.event:
		case <-c.gone:
		case <-c.closed:
		case <-ctx.Done():
		}
	}
}

// errControl is a request that the device doesn't take; the control pipe stalls.
var errControl = errors.New("class request refused")

// Control takes the class requests of the still image class.
func (c *Conn) Control(ctx context.Context, q mtp.ControlRequest) (int, error) {
	if ctx.Err() != nil {
		return 0, fmt.Errorf("control: %w", context.Cause(ctx))
	}
	r := c.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := c.state(); err != nil {
		return 0, err
	}
	if r.hold.kind == holdDead {
		return 0, c.unanswered(ctx, q.Timeout)
	}
	switch q.Request {
	case mtp.RequestCancel:
		ignored, err := r.atCancel()
		switch {
		case err != nil:
			return 0, err
		case r.hold.kind == holdDead:
			return 0, c.unanswered(ctx, q.Timeout)
		case ignored:
			return len(q.Data), nil
		}
		if len(q.Data) != 6 || binary.LittleEndian.Uint16(q.Data) != uint16(mtp.EventCancelTransaction) {
			return 0, fmt.Errorf("cancel with %x: %w: %w", q.Data, errControl, mtp.ErrStalled)
		}
		r.cancel()
		return len(q.Data), nil
	case mtp.RequestReset:
		r.reset()
		return 0, nil
	case mtp.RequestStatus:
		code := mtp.OK
		if time.Now().Before(r.busyUntil) {
			code = mtp.DeviceBusy
		} else if r.busy {
			// The first question after a cancel comes too early, so that
			// initiators have to ask again.
			code, r.busy = mtp.DeviceBusy, false
		}
		var status [4]byte
		binary.LittleEndian.PutUint16(status[0:], 4)
		binary.LittleEndian.PutUint16(status[2:], uint16(code))
		return copy(q.Data, status[:]), nil
	}
	return 0, fmt.Errorf("class request %#02x: %w: %w", uint8(q.Request), errControl, mtp.ErrStalled)
}

// unanswered is a class request to a device that is dead. r.mu is held, and let
// go meanwhile.
func (c *Conn) unanswered(ctx context.Context, timeout time.Duration) error {
	if timeout <= 0 {
		timeout = time.Second
	}
	c.r.mu.Unlock()
	timed, cancel := context.WithTimeoutCause(ctx, timeout, mtp.ErrTimeout)
	c.pause(timed, nil, 0)
	err := context.Cause(timed)
	cancel()
	c.r.mu.Lock()
	if gone := c.state(); gone != nil {
		return gone
	}
	return fmt.Errorf("class request: %w", err)
}

// Gone is closed when the cable is pulled.
func (c *Conn) Gone() <-chan struct{} { return c.gone }

// MaxPacketSize of the bulk pipes.
func (c *Conn) MaxPacketSize() int { return c.r.packet }

// Close ends pending calls. The device keeps its state.
func (c *Conn) Close() error {
	c.once.Do(func() {
		c.r.mu.Lock()
		c.shut = true
		c.r.mu.Unlock()
		close(c.closed)
	})
	return nil
}
