package responder

import (
	"time"

	"cradle/mtp"
)

const dateForm = "20060102T150405"

func (r *Responder) zone() *time.Location {
	if r.dev.Zone != nil {
		return r.dev.Zone
	}
	return time.Local
}

// dateText is a time in the device's zone, which it doesn't name.
func (r *Responder) dateText(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case r.dev.Lies.Has(LieBadDates):
		return "20480000T000000"
	}
	return t.In(r.zone()).Format(dateForm)
}

// parseDate reads a date of the initiator; one without a zone is taken as the
// device's.
func (r *Responder) parseDate(s string) (time.Time, error) {
	d, err := mtp.ParseDateTime(s)
	if err != nil || d.IsZero() || d.Zoned {
		return d.Time, err
	}
	t := d.Time
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), r.zone()), nil
}
