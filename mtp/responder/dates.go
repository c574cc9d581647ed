package responder

import (
	"time"

	"cradle/mtp"
)

// strangeDates are of LieStrangeDates.
var strangeDates = []string{"00000000T000000", "99991231T235959", "00010101T000000.0Z", "20261341T256199.9+9959", "T", "-0010101T000000"}

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
	case r.dev.Lies.Has(LieStrangeDates):
		return strangeDates[t.Unix()%int64(len(strangeDates))]
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
