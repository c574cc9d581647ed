package recur

import "math/bits"

// Rules finer than daily: the units (hours, minutes, seconds) at the rule's interval that its
// limits let pass, each with the elements that its finer parts make of it.

// unitSeconds is the length of the frequency's unit.
func (c *compiled) unitSeconds() int64 {
	switch c.freq {
	case Hourly:
		return 3600
	case Minutely:
		return 60
	}
	return 1
}

// elements lists what one unit holds, as seconds from its start.
func (c *compiled) elements() []int64 {
	all := []int64{0}
	switch c.freq {
	case Hourly:
		all = all[:0]
		for _, m := range c.minutes {
			for _, s := range c.seconds {
				all = append(all, int64(m*60+s))
			}
		}
	case Minutely:
		all = all[:0]
		for _, s := range c.seconds {
			all = append(all, int64(s))
		}
	}
	if len(c.setPos) == 0 {
		return all
	}
	picked := make([]int64, 0, len(all))
	for _, i := range positions(nil, c.setPos, len(all)) {
		picked = append(picked, all[i])
	}
	return picked
}

// reachable reports whether the rule's interval ever comes to a time of day that its limits let
// pass: the units of a day that it meets, on one day or another, are those that are the same as
// the first's modulo what the interval and the day's units have in common.
func (c *compiled) reachable() bool {
	if c.hourMask == 0 && c.minuteMask == 0 && c.secondMask == 0 {
		return true
	}
	size := c.unitSeconds()
	perDay := daySeconds / size
	common := gcd(c.interval, perDay)
	first := floorDiv(c.start, size) % common
	for u := (first + common) % common; u < perDay; u += common {
		t := u * size
		if (c.hourMask == 0 || c.hourMask&(1<<(t/3600)) != 0) &&
			(c.freq >= Hourly || c.minuteMask == 0 || c.minuteMask&(1<<(t/60%60)) != 0) &&
			(c.freq >= Minutely || c.secondMask == 0 || c.secondMask&(1<<(t%60)) != 0) {
			return true
		}
	}
	return false
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// align is the first unit of the rule's that is u or later.
func (c *compiled) align(u int64) int64 {
	first := floorDiv(c.start, c.unitSeconds())
	if u <= first {
		return first
	}
	return first + (u-first+c.interval-1)/c.interval*c.interval
}

// pass finds the first unit at or after u, one of the rule's, that the limits let pass.
func (w *walk) pass(u int64) (int64, bool) {
	c, size := w.c, w.c.unitSeconds()
	// Where each day has the same units, the days of 400 years are all there are.
	over := int64(maxAt)
	if daySeconds/size%c.interval == 0 {
		over = floorDiv(u*size, daySeconds) + cycleDays + 1
	}
	for {
		t := u * size
		day := floorDiv(t, daySeconds)
		if t > lastWall || day > over || w.tired() {
			return 0, false
		}
		tod := t - day*daySeconds
		next := int64(-1) // the wall from which it may pass
		switch {
		case !c.onDay(day):
			next = (day + 1) * daySeconds
		case c.hourMask != 0 && c.hourMask&(1<<(tod/3600)) == 0:
			h := bits.TrailingZeros32(c.hourMask &^ (1<<(tod/3600) - 1))
			next = day*daySeconds + min(int64(h), 24)*3600
		case c.freq < Hourly && c.minuteMask != 0 && c.minuteMask&(1<<(tod/60%60)) == 0:
			m := bits.TrailingZeros64(c.minuteMask &^ (1<<(tod/60%60) - 1))
			next = t - tod%3600 + min(int64(m), 60)*60
		case c.freq < Minutely && c.secondMask != 0 && c.secondMask&(1<<(tod%60)) == 0:
			s := bits.TrailingZeros64(c.secondMask &^ (1<<(tod%60) - 1))
			next = t - tod%60 + min(int64(s), 60)
		}
		if next < 0 {
			return u, true
		}
		u = c.align((next + size - 1) / size)
	}
}

// seekUnit puts the walk before the first element that is from or later.
func (w *walk) seekUnit(from int64) {
	c, size := w.c, w.c.unitSeconds()
	w.sub = c.elements()
	w.subs = len(w.sub)
	if len(w.sub) == 0 || !c.reachable() {
		w.done = true
		return
	}
	w.unit = c.align(floorDiv(max(from, c.start), size))
	if w.left > 0 && from > c.start {
		w.skipUnits(floorDiv(from, size))
	}
	for !w.done && w.left != 0 {
		v, ok := w.nextUnit()
		if !ok {
			w.done = true
			return
		}
		if v >= from || v < c.start && from <= c.start {
			w.subs--
			return
		}
		if w.left > 0 && v >= c.start {
			w.left--
		}
	}
}

// skipUnits counts what lies before a unit and takes it from what COUNT leaves. Whole days that
// look alike are counted once.
func (w *walk) skipUnits(to int64) {
	c, size := w.c, w.c.unitSeconds()
	w.unit = c.align(floorDiv(c.start, size))
	perDay := daySeconds / size
	alike, each := perDay%c.interval == 0, -1
	for w.left > 0 {
		u, ok := w.pass(w.unit)
		if !ok || u >= to {
			if w.unit = u; !ok {
				w.done = true
			}
			return
		}
		day := floorDiv(u*size, daySeconds)
		first, end := day*perDay, (day+1)*perDay
		whole := c.align(first) > c.start/size && c.align(first) <= u && end <= to
		if alike && whole && each >= 0 {
			if n := each * len(w.sub); n < w.left {
				w.left -= n
				w.unit = c.align(end)
				continue
			}
			each = -1 // COUNT ends in this day: unit by unit
			alike = false
		}
		n := 0
		for ok && u < end && u < to && w.left > 0 {
			n++
			for _, s := range w.sub {
				if u*size+s >= c.start && w.left > 0 {
					w.left--
				}
			}
			u, ok = w.pass(c.align(u + 1))
		}
		if whole && alike {
			each = n
		}
		if w.unit = u; !ok {
			w.done = true
			return
		}
	}
}

func (w *walk) nextUnit() (int64, bool) {
	if w.subs >= len(w.sub) {
		u, ok := w.pass(w.unit)
		if !ok {
			return 0, false
		}
		w.base, w.subs = u*w.c.unitSeconds(), 0
		w.unit = w.c.align(u + 1)
	}
	v := w.base + w.sub[w.subs]
	w.subs++
	return v, true
}
