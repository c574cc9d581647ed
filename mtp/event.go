package mtp

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// eventBacklog is how many events wait for somebody to take them.
const eventBacklog = 256

// Event is what a device reports by itself.
type Event struct {
	Code          EventCode
	TransactionID TransactionID // 0xFFFFFFFF or 0 if it belongs to none
	Params        [3]uint32     // handle, storage or property, see the codes
}

func (e Event) String() string {
	return fmt.Sprintf("%v %x", e.Code, e.Params)
}

// Events gives the events of the session. It is closed when the session ends or
// the phone is gone, which a waiting caller so learns at once.
// The session reads them whether or not they are taken; when the channel is
// full the oldest goes. So they are hints to look again, not a log.
func (s *Session) Events() <-chan Event { return s.events }

func (s *Session) stopEvents() {
	s.stopEvent()
	s.eventWait.Wait()
}

// pollEvents is how long one read of the interrupt pipe lasts under
// [QuirkEventPoll].
const pollEvents = time.Second

// The pauses after reads of the interrupt pipe that failed, each twice the one before.
const (
	eventPause    = 100 * time.Millisecond
	eventPauseMax = 10 * time.Second
)

// readEvents owns the interrupt pipe.
func (s *Session) readEvents(ctx context.Context, poll bool) {
	defer close(s.events)
	for failed := eventPause; ; {
		one, cancel := ctx, context.CancelFunc(func() {})
		if poll {
			one, cancel = context.WithTimeout(ctx, pollEvents)
		}
		p, err := s.t.ReadEvent(one)
		over := one.Err() != nil
		cancel()
		switch {
		case ctx.Err() != nil, gone(err):
			return
		case err != nil && over:
			continue
		case err != nil:
			// A stalled or noisy interrupt pipe is no reason to end a session.
			select {
			case <-time.After(failed):
			case <-ctx.Done():
				return
			}
			failed = min(2*failed, eventPauseMax)
			continue
		}
		failed = eventPause
		if e, err := DecodeEvent(p); err == nil {
			s.stats.events.Add(1)
			s.deliver(e)
		}
	}
}

func (s *Session) deliver(e Event) {
	for {
		select {
		case s.events <- e:
			return
		default:
		}
		select {
		case <-s.events:
			s.stats.dropped.Add(1)
		default:
		}
	}
}

var errNoEvent = errors.New("not an event container")

// DecodeEvent decodes an event container.
func DecodeEvent(p []byte) (Event, error) {
	m, err := DecodeMessage(p)
	if err != nil {
		return Event{}, err
	}
	if m.Type != ContainerEvent {
		return Event{}, fmt.Errorf("%v: %w: %w", m.Type, errNoEvent, ErrMalformed)
	}
	return Event{Code: EventCode(m.Code), TransactionID: m.TransactionID, Params: [3]uint32(m.Params[:3])}, nil
}

// AppendBinary appends the event container with all three parameters. It never
// fails.
func (e Event) AppendBinary(b []byte) ([]byte, error) {
	return NewMessage(ContainerEvent, e.Code, e.TransactionID, e.Params[:]...).AppendBinary(b)
}
