package mtptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"cradle/mtp"
)

// Player is the device of a transcript. What the initiator does must be what
// was written down; the first difference is kept and ends everything.
type Player struct {
	packet int

	mu     sync.Mutex
	steps  []Step
	at     int
	rest   []byte // of the IN transfer under way
	events [][]byte
	wake   chan struct{} // closed and renewed when events come
	err    error
	closed chan struct{}
	once   sync.Once
}

// ErrDiffers says that the initiator did something else than the transcript.
var ErrDiffers = errors.New("not what the transcript says")

// Play makes a device with packets of the given size.
func Play(steps []Step, packet int) *Player {
	p := &Player{packet: packet, steps: steps, wake: make(chan struct{}), closed: make(chan struct{})}
	p.mu.Lock()
	p.advance()
	p.mu.Unlock()
	return p
}

// Err is nil if everything went by the transcript and nothing is left of it.
func (p *Player) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil && p.at < len(p.steps) {
		return fmt.Errorf("%d of %d transfers are left, first %c %x: %w", len(p.steps)-p.at, len(p.steps), p.steps[p.at].Kind, p.steps[p.at].Data, ErrDiffers)
	}
	return p.err
}

// advance hands out events up to the next transfer.
func (p *Player) advance() {
	for p.at < len(p.steps) && p.steps[p.at].Kind == Event {
		p.events = append(p.events, p.steps[p.at].Data)
		p.at++
		close(p.wake)
		p.wake = make(chan struct{})
	}
}

// next takes the next step, which must be of that kind.
func (p *Player) next(kind Kind, what string) (Step, error) {
	select {
	case <-p.closed:
		return Step{}, mtp.ErrTransportClosed
	default:
	}
	switch {
	case p.err != nil:
	case p.at >= len(p.steps):
		p.err = fmt.Errorf("%s after the end: %w", what, ErrDiffers)
	case p.steps[p.at].Kind != kind:
		p.err = fmt.Errorf("transfer %d: %s, want %c %x: %w", p.at, what, p.steps[p.at].Kind, p.steps[p.at].Data, ErrDiffers)
	}
	if p.err != nil {
		return Step{}, p.err
	}
	s := p.steps[p.at]
	p.at++
	p.advance()
	return s, nil
}

// ended gives a step's error; silence lasts until ctx does.
func (p *Player) ended(ctx context.Context, s Step) error {
	if !errors.Is(s.Err, ErrSilence) {
		return s.Err
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrSilence, context.Cause(ctx))
	case <-p.closed:
		return mtp.ErrTransportClosed
	}
}

func (p *Player) Write(ctx context.Context, b []byte) error {
	p.mu.Lock()
	s, err := p.next(Out, fmt.Sprintf("> %x", b))
	if err == nil && s.Err == nil && !bytes.Equal(s.Data, b) {
		p.err = fmt.Errorf("transfer %d: > %x, want > %x: %w", p.at-1, b, s.Data, ErrDiffers)
		err = p.err
	}
	p.mu.Unlock()
	if err != nil {
		return err
	}
	return p.ended(ctx, s)
}

// Read gives a transfer, in parts if the room is smaller.
func (p *Player) Read(ctx context.Context, b []byte) (int, error) {
	if len(b) == 0 || len(b)%p.packet != 0 {
		return 0, fmt.Errorf("room for %d bytes, not a multiple of %d: %w", len(b), p.packet, ErrDiffers)
	}
	p.mu.Lock()
	var s Step
	if p.rest == nil {
		var err error
		if s, err = p.next(In, fmt.Sprintf("< %d bytes of room", len(b))); err != nil {
			p.mu.Unlock()
			return 0, err
		}
		p.rest = s.Data
	}
	n := copy(b, p.rest)
	if p.rest = p.rest[n:]; len(p.rest) == 0 {
		p.rest = nil
	}
	p.mu.Unlock()
	return n, p.ended(ctx, s)
}

func (p *Player) ReadEvent(ctx context.Context) ([]byte, error) {
	for {
		p.mu.Lock()
		wake := p.wake
		if len(p.events) > 0 {
			e := p.events[0]
			p.events = p.events[1:]
			p.mu.Unlock()
			return e, nil
		}
		p.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-p.closed:
			return nil, mtp.ErrTransportClosed
		}
	}
}

func (p *Player) Control(ctx context.Context, q mtp.ControlRequest) (int, error) {
	kind := ControlOut
	if q.In() {
		kind = ControlIn
	}
	p.mu.Lock()
	s, err := p.next(kind, fmt.Sprintf("class request %#x %x", uint8(q.Request), q.Data))
	if err == nil && (s.Request != q.Request || kind == ControlOut && !bytes.Equal(s.Data, q.Data)) {
		p.err = fmt.Errorf("transfer %d: class request %#x %x, want %#x %x: %w", p.at-1, uint8(q.Request), q.Data, uint8(s.Request), s.Data, ErrDiffers)
		err = p.err
	}
	p.mu.Unlock()
	if err != nil {
		return 0, err
	}
	n := len(q.Data)
	if kind == ControlIn {
		n = copy(q.Data, s.Data)
	}
	return n, p.ended(ctx, s)
}

// MaxPacketSize is what [Play] was told.
func (p *Player) MaxPacketSize() int { return p.packet }

// Close ends pending calls.
func (p *Player) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}
