package mtp

import (
	"context"
	"sync"
	"time"
)

// clock ends transfers: when the device has been silent for too long, and a while after
// the caller has gone. It goes on from one transaction to the next, until it has ended
// one or another caller comes, for to make contexts and timers anew takes as long as a small
// transaction does.
type clock struct {
	ctx    context.Context
	end    context.CancelCauseFunc
	caller <-chan struct{} // its end
	ignore func() bool     // has nobody look after the caller any more

	mu    sync.Mutex
	late  *time.Timer // since the caller has gone
	timer *time.Timer
	due   time.Time // when the silence is too long; zero: it isn't measured
	rings time.Time // when timer does; zero: never
}

// newClock makes one that ends grace after the caller.
func newClock(caller context.Context, grace time.Duration) *clock {
	c := &clock{caller: caller.Done()}
	c.ctx, c.end = context.WithCancelCause(context.WithoutCancel(caller))
	c.ignore = context.AfterFunc(caller, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.ctx.Err() == nil {
			c.late = time.AfterFunc(grace, func() { c.end(context.Cause(caller)) })
		}
	})
	return c
}

// serves reports whether it can go on for another transaction.
func (c *clock) serves(caller context.Context) bool {
	return c != nil && c.caller == caller.Done() && c.ctx.Err() == nil && caller.Err() == nil
}

// allow gives the device so long from now.
func (c *clock) allow(now time.Time, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.due = now.Add(wait)
	switch {
	case c.timer == nil:
		c.timer = time.AfterFunc(wait, c.ring)
	case c.rings.IsZero(), c.due.Before(c.rings):
		c.timer.Reset(wait)
	default:
		return // it looks again when it rings
	}
	c.rings = c.due
}

// pause allows any silence.
func (c *clock) pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.due = time.Time{}
}

func (c *clock) ring() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rings = time.Time{}
	if c.due.IsZero() {
		return
	}
	if left := time.Until(c.due); left > 0 {
		c.timer.Reset(left)
		c.rings = c.due
		return
	}
	c.end(ErrTimeout)
}

// stop ends it for good. It may be nil.
func (c *clock) stop() {
	if c == nil {
		return
	}
	c.ignore()
	c.end(nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.due = time.Time{}
	for _, t := range []*time.Timer{c.late, c.timer} {
		if t != nil {
			t.Stop()
		}
	}
}
