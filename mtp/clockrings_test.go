package mtp

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// clockStep is what happens to a clock: the device is given so much time, or any; the caller leaves; time passes.
type clockStep struct {
	do   string
	long time.Duration
}

// TestClockRings: however the device is given time, more or less than before, or all of it, the clock ends at the very
// moment when the last wait allowed is over, and at no other; and when its caller leaves, once the grace is.
func TestClockRings(t *testing.T) {
	step := rapid.Custom(func(rt *rapid.T) clockStep {
		do := rapid.SampledFrom([]string{"allow", "allow", "allow", "sleep", "sleep", "sleep", "pause", "leave"}).Draw(rt, "do")
		return clockStep{do, time.Duration(rapid.IntRange(1, 9000).Draw(rt, "ms")) * time.Millisecond}
	})
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(step, 1, 40).Draw(rt, "steps")
		wrong := ""
		synctest.Test(t, func(t *testing.T) { wrong = playClock(t.Context(), steps) })
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

func playClock(ctx context.Context, steps []clockStep) (wrong string) {
	const grace = 4 * time.Second
	caller, leave := context.WithCancel(ctx)
	defer leave()
	c := newClock(caller, grace)
	defer c.stop()
	var ended, due, late time.Time
	stop := context.AfterFunc(c.ctx, func() { ended = time.Now() })
	defer stop()
	for i, s := range steps {
		now := time.Now()
		switch s.do {
		case "allow":
			c.allow(now, s.long)
			due = now.Add(s.long)
		case "pause":
			c.pause()
			due = time.Time{}
		case "leave":
			if leave(); late.IsZero() {
				late = now.Add(grace)
			}
		case "sleep":
			time.Sleep(s.long)
		}
		synctest.Wait()
		end, why := due, ErrTimeout
		if !late.IsZero() && (end.IsZero() || late.Before(end)) {
			end, why = late, context.Canceled
		}
		over := !end.IsZero() && !time.Now().Before(end)
		if over != (c.ctx.Err() != nil) || over && !ended.Equal(end) {
			return fmt.Sprintf("after step %d ended at %v, due at %v, the caller's time over at %v", i, ended, due, late)
		}
		if cause := context.Cause(c.ctx); over && !late.Equal(due) && !errors.Is(cause, why) {
			return fmt.Sprintf("ended by %v, want %v", cause, why)
		}
		if over {
			return ""
		}
	}
	return ""
}
