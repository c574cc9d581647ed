package recur

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// ErrSparse: a rule went through so many periods without an occurrence that it was given up.
var ErrSparse = errors.New("no occurrence within the bound of the search")

// maxIdle is after how many steps without an occurrence a rule is given up. Only rules finer than
// daily come to it: coarser ones are known to be over before.
const maxIdle = 4 << 20

// cycleDays is after how many days the calendar is the same again, weekdays included.
const cycleDays = 146097

// cycle is after how many periods at the rule's interval it has met every kind of period there
// is: 400 years are as all others.
func (c *compiled) cycle() int {
	n := int64(cycleDays)
	switch c.freq {
	case Yearly:
		n = 400
	case Monthly:
		n = 4800
	case Weekly:
		n = cycleDays / 7
	}
	return int(n / gcd(n, c.interval))
}

// walk is a walk over the matches of one rule on the wall clock, in order, DTSTART not added.
type walk struct {
	c     *compiled
	ctx   context.Context
	err   error // why it ended early
	left  int   // what COUNT leaves; -1 is no bound
	idle  int   // steps without an occurrence
	steps int

	// A period of a day and more.
	p      int64 // the next
	step   int64
	days   []int64
	at, n  int // the next element of the period, and how many it has
	picked []int

	// Finer than a day: the next unit (hour, minute, second), counted from 1970.
	unit int64
	sub  []int64 // the elements of one unit, as seconds from its start
	subs int     // where in sub; sub is used up at its length
	base int64   // wall of the current unit
	done bool
}

// newWalk starts at the first match that is from or later. left is COUNT, -1 without one.
func (c *compiled) newWalk(ctx context.Context, from int64, left int) *walk {
	w := &walk{c: c, ctx: ctx, left: left, step: c.interval}
	if c.freq < Daily {
		w.seekUnit(from)
	} else {
		w.seekPeriod(from)
	}
	return w
}

// tired counts a step that gave nothing, and looks whether to go on.
func (w *walk) tired() bool {
	w.idle++
	if w.steps++; w.steps%1024 == 0 {
		if w.err = w.ctx.Err(); w.err != nil {
			w.done = true
		}
	}
	if w.idle > maxIdle {
		w.err = fmt.Errorf("%s every %d: %w", w.c.freq, w.c.interval, ErrSparse)
		w.done = true
	}
	return w.done
}

// next gives the next match.
func (w *walk) next() (int64, bool) {
	for !w.done && w.left != 0 {
		var v int64
		var ok bool
		if w.c.freq < Daily {
			v, ok = w.nextUnit()
		} else {
			v, ok = w.nextPeriod()
		}
		if !ok || v > lastWall {
			break
		}
		if v < w.c.start {
			w.tired()
			continue
		}
		if w.left > 0 {
			w.left--
		}
		w.idle = 0
		return v, true
	}
	w.done = true
	return 0, false
}

// clocks is how many times of day a day has.
func (c *compiled) clocks() int { return len(c.hours) * len(c.minutes) * len(c.seconds) }

// clockAt is the jth time of day.
func (c *compiled) clockAt(j int) int64 {
	s, m := len(c.seconds), len(c.minutes)
	return int64(c.hours[j/(s*m)]*3600 + c.minutes[j/s%m]*60 + c.seconds[j%s])
}

// load makes period w.p the current one.
func (w *walk) load() {
	w.days = w.c.period(w.days[:0], w.p)
	w.at, w.n = 0, len(w.days)*w.c.clocks()
	if len(w.c.setPos) > 0 {
		w.picked = positions(w.picked[:0], w.c.setPos, w.n)
		w.n = len(w.picked)
	}
}

// element is the ith element of the current period.
func (w *walk) element(i int) int64 {
	if len(w.c.setPos) > 0 {
		i = w.picked[i]
	}
	t := w.c.clocks()
	return w.days[i/t]*daySeconds + w.c.clockAt(i%t)
}

// positions are the places of BYSETPOS in a set of n, in order.
func positions(dst, setPos []int, n int) []int {
	for _, p := range setPos {
		switch {
		case p > 0 && p <= n:
			dst = append(dst, p-1)
		case p < 0 && -p <= n:
			dst = append(dst, n+p)
		}
	}
	slices.Sort(dst)
	return slices.Compact(dst)
}

// seekPeriod puts the walk before the first element that is from or later.
func (w *walk) seekPeriod(from int64) {
	c := w.c
	first := c.periodOf(floorDiv(c.start, daySeconds))
	w.p = first
	if from <= c.start {
		w.load()
		return
	}
	target := c.periodOf(floorDiv(from, daySeconds))
	if w.left < 0 {
		w.p = first + max((target-first)/w.step, 0)*w.step
		w.load()
	} else {
		w.load()
		for w.p+w.step <= target && w.left > 0 {
			w.left -= w.from(c.start)
			w.p += w.step
			if w.tired() {
				return
			}
			w.load()
		}
		if w.left <= 0 {
			w.left = 0
			return
		}
	}
	skipped := w.n - w.from(from)
	if w.left > 0 {
		w.left -= w.from(c.start) - w.from(from)
		w.left = max(w.left, 0)
	}
	w.at = skipped
}

// from counts the elements of the current period that are at or later.
func (w *walk) from(at int64) int {
	if w.n == 0 || w.element(0) >= at {
		return w.n
	}
	lo, hi := 0, w.n // element(lo-1) < at <= element(hi)
	for lo < hi {
		if mid := (lo + hi) / 2; w.element(mid) < at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return w.n - lo
}

func (w *walk) nextPeriod() (int64, bool) {
	for empty := 0; w.at >= w.n; empty++ {
		w.p += w.step
		// The first period is left out of the cycle: what precedes DTSTART in it doesn't count.
		if empty > w.c.cycle() || w.beyond() || w.tired() {
			return 0, false
		}
		w.load()
	}
	v := w.element(w.at)
	w.at++
	return v, true
}

// beyond says that the next period is after the year 9999.
func (w *walk) beyond() bool {
	switch w.c.freq {
	case Yearly:
		return w.p > maxYear
	case Monthly:
		return w.p > maxYear*12+11
	case Weekly:
		return w.p > lastWall/daySeconds/7+1
	}
	return w.p > lastWall/daySeconds
}
