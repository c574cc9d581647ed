package recur

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrTime: a value that is no DATE or DATE-TIME.
var ErrTime = errors.New("not a date or time")

// Stamp is a DATE or DATE-TIME as it is written: a reading of a wall clock, and whose clock.
type Stamp struct {
	// Wall is the reading, its fields in UTC whatever the zone. The zero time is no value.
	Wall time.Time
	// Date says that the value has no time of day.
	Date bool
	// Zone is whose clock; nil is floating: the clock of whoever looks.
	Zone *Zone
}

// IsZero reports that there is no value.
func (s Stamp) IsZero() bool { return s.Wall.IsZero() }

// ParseStamp reads a DATE or DATE-TIME (RFC 5545 §3.3.4, §3.3.5): 20261231, 20261231T235900 on the
// clock of zone, 20261231T235900Z, and the same with the hyphens and colons of ISO 8601. The
// second 60 is taken as 59, and a Z behind a date says nothing. Errors: ErrTime.
func ParseStamp(value string, zone *Zone) (Stamp, error) {
	v := strings.ToUpper(strings.TrimSpace(value))
	date, clock, timed := strings.Cut(v, "T")
	if !timed {
		date = strings.TrimSuffix(date, "Z") // birthdays of Google
	}
	if len(date) == 10 && date[4] == '-' && date[7] == '-' {
		date = date[:4] + date[5:7] + date[8:]
	}
	bad := func() (Stamp, error) {
		return Stamp{}, fmt.Errorf("%q: %w; write 20261231 or 20261231T235900", clip(value), ErrTime)
	}
	y, ok1 := digits(date, 0, 4)
	m, ok2 := digits(date, 4, 2)
	d, ok3 := digits(date, 6, 2)
	if len(date) != 8 || !ok1 || !ok2 || !ok3 || y < 1 || m < 1 || m > 12 || d < 1 || d > monthLength(y, m) {
		return bad()
	}
	if !timed {
		return Stamp{Wall: time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC), Date: true}, nil
	}
	clock, utc := strings.CutSuffix(clock, "Z")
	if len(clock) == 8 && clock[2] == ':' && clock[5] == ':' {
		clock = clock[:2] + clock[3:5] + clock[6:]
	}
	h, ok1 := digits(clock, 0, 2)
	min, ok2 := digits(clock, 2, 2)
	sec, ok3 := digits(clock, 4, 2)
	if len(clock) != 6 || !ok1 || !ok2 || !ok3 || h > 23 || min > 59 || sec > 60 {
		return bad()
	}
	if sec == 60 {
		sec = 59
	}
	s := Stamp{Wall: time.Date(y, time.Month(m), d, h, min, sec, 0, time.UTC), Zone: zone}
	if utc {
		s.Zone = UTC
	}
	return s, nil
}

// digits reads n decimal digits of s at i.
func digits(s string, i, n int) (int, bool) {
	if i+n > len(s) {
		return 0, false
	}
	v := 0
	for _, c := range []byte(s[i : i+n]) {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int(c-'0')
	}
	return v, true
}

// String writes the value in basic form, with Z in UTC and without the name of another zone.
func (s Stamp) String() string {
	switch {
	case s.IsZero():
		return ""
	case s.Date:
		return s.Wall.Format("20060102")
	case s.Zone == UTC:
		return s.Wall.Format("20060102T150405Z")
	}
	return s.Wall.Format("20060102T150405")
}

// In is the instant of the value; floating is the zone of one that names none, nil is UTC. A date
// is its midnight.
func (s Stamp) In(floating *Zone) time.Time {
	z := s.Zone
	if z == nil || s.Date {
		z = floating
	}
	if z == nil {
		z = UTC
	}
	return z.Resolve(s.Wall)
}

// clip shortens a value for an error.
func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
