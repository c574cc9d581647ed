package mtp

import (
	"fmt"
	"time"
)

// DateTime is a time as MTP writes it, "YYYYMMDDThhmmss" with optional tenths
// of a second and an optional zone (PTP §5.3.5). The zero DateTime is "none".
type DateTime struct {
	// Time is the instant. Without a zone its fields are the phone's clock
	// face, kept in UTC.
	Time time.Time
	// Zoned says whether the text named a zone (Z or ±hhmm). Most phones don't:
	// the same file then changes its time when the phone travels.
	Zoned bool
}

// IsZero reports whether there is no time.
func (d DateTime) IsZero() bool { return d.Time.IsZero() }

// Instant is the time on this machine's clock. Without a zone it is taken for a time
// of this machine's zone: a phone is mostly where its owner is.
func (d DateTime) Instant() time.Time {
	if t := d.Time; !d.Zoned {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.Local)
	}
	return d.Time
}

// String gives the wire form, "" for none. Tenths are written only if they
// aren't 0, a zone only if Zoned.
func (d DateTime) String() string {
	if d.IsZero() {
		return ""
	}
	t := d.Time
	s := t.Format("20060102T150405")
	if tenth := t.Nanosecond() / 1e8; tenth != 0 {
		s += fmt.Sprintf(".%d", tenth)
	}
	if d.Zoned {
		if _, off := t.Zone(); off == 0 {
			s += "Z"
		} else {
			s += t.Format("-0700")
		}
	}
	return s
}

// ParseDateTime parses the wire form. "" gives the zero DateTime without an
// error. Devices have been seen to send fewer or more than one digit of
// fraction and spaces around; impossible dates such as 20480000T000000, which
// a camera sends for "none", are errors that wrap [ErrMalformed].
func ParseDateTime(s string) (DateTime, error) {
	bad := func(why string) (DateTime, error) {
		return DateTime{}, fmt.Errorf("date %q: %s: %w", s, why, ErrMalformed)
	}
	t := trimSpace(s)
	if t == "" {
		return DateTime{}, nil
	}
	if len(t) < 15 || t[8] != 'T' {
		return bad("want YYYYMMDDThhmmss")
	}
	year, ok1 := digits(t[0:4])
	month, ok2 := digits(t[4:6])
	day, ok3 := digits(t[6:8])
	hour, ok4 := digits(t[9:11])
	minute, ok5 := digits(t[11:13])
	sec, ok6 := digits(t[13:15])
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6) {
		return bad("not a digit")
	}
	if month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || sec > 60 {
		return bad("no such date or time")
	}
	nano, scale := 0, int(1e8)
	rest := t[15:]
	if rest != "" && rest[0] == '.' {
		rest = rest[1:]
		for rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			nano += int(rest[0]-'0') * scale
			scale /= 10
			rest = rest[1:]
		}
	}
	loc, zoned := time.UTC, true
	switch {
	case rest == "":
		zoned = false
	case rest == "Z" || rest == "z":
	case len(rest) >= 5 && (rest[0] == '+' || rest[0] == '-'):
		h, ok1 := digits(rest[1:3])
		m, ok2 := digits(rest[3:5])
		if !ok1 || !ok2 || len(rest) > 5 || h > 23 || m > 59 {
			return bad("zone")
		}
		off := h*3600 + m*60
		if rest[0] == '-' {
			off = -off
		}
		if off != 0 {
			loc = time.FixedZone("", off)
		}
	default:
		return bad("text after the seconds")
	}
	at := time.Date(year, time.Month(month), day, hour, minute, sec, nano, loc)
	if at.Day() != day && sec < 60 {
		return bad("no such day in that month")
	}
	if at.IsZero() {
		return bad("the year 1")
	}
	return DateTime{Time: at, Zoned: zoned}, nil
}

func digits(s string) (n int, ok bool) {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

func trimSpace(s string) string {
	for s != "" && s[0] == ' ' {
		s = s[1:]
	}
	for s != "" && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return s
}
