package devprovider

import (
	"cradle/engine"
)

const (
	quarterHour = 15 * 60 * 1000 // milliseconds
	// maxShift is the widest common offset: between the outermost time zones.
	maxShift = 26 * 60 * 60 * 1000
	// racyMargin is the coarsest granularity of an object's time (FAT's 2 s): a
	// change within it need not show.
	racyMargin = 2000
)

// deviceClock relates the device's clock to this computer's.
type deviceClock struct {
	now    Clock
	offset int64 // device minus computer, milliseconds
	known  bool  // offset was measured, by this computer or another one
	fresh  bool  // in this session
	guess  int64 // what to take when it was never measured
	// shift is the common offset of all objects' times against the state's, whole
	// quarter-hours: MTP dates have no zone, so travelling moves them all.
	shift int64
}

// measure takes in the time that the device gave an object written just now.
func (c *deviceClock) measure(modified int64) {
	if modified != 0 {
		c.offset, c.known, c.fresh = modified-c.now().UnixMilli(), true, true
	}
}

// current is the device's clock minus this computer's as of now.
func (c *deviceClock) current() int64 {
	switch {
	case c.fresh:
		return c.offset
	case c.known:
		return c.offset + c.shift
	}
	return c.guess
}

// device is the device's time now.
func (c *deviceClock) device() int64 { return c.now().UnixMilli() + c.current() }

// local is a device's time on this computer's clock; 0 stays 0.
func (c *deviceClock) local(modified int64) int64 {
	if modified == 0 {
		return 0
	}
	return modified - c.current()
}

// settled reports whether a reading that began at the device's time at has seen
// every change up to an object's time: a later one shows in that time.
func settled(modified, at int64) bool { return modified != 0 && at > modified+racyMargin }

// asListed reports whether an object looks as place says it did, times compared
// after shift.
func asListed(e *Entry, p *engine.Place, shift int64) bool {
	return sameSize(e.Size, p.Size) && p.Modified != 0 && e.Modified == p.Modified+shift
}

// sameSize compares sizes; a negative one isn't known.
func sameSize(a, b int64) bool { return a == b || a < 0 || b < 0 }

// commonShift finds the whole quarter-hours by which all times have moved: at
// least half of the witnesses moved by the same ones and none stayed. An object
// that the user edited meanwhile is no witness against it.
func commonShift(moved []int64) int64 {
	if len(moved) < 2 {
		return 0
	}
	counts := map[int64]int{}
	for _, d := range moved {
		if d == 0 {
			return 0
		}
		if d%quarterHour == 0 && d >= -maxShift && d <= maxShift {
			counts[d]++
		}
	}
	for d, n := range counts {
		if n >= 2 && 2*n >= len(moved) {
			// Two halves of one size cannot both be right; then none is.
			for o, m := range counts {
				if o != d && m == n {
					return 0
				}
			}
			return d
		}
	}
	return 0
}
