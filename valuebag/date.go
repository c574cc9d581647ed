package valuebag

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// VT_DATE counts days from here; its fraction is the time of day.
var dateEpoch = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)

const dayMillis = 24 * 60 * 60 * 1000

// daysOf is t's wall clock as a VT_DATE. The whole days and the time of day are
// separate numbers: before the epoch the days are negative and the time of day
// is still counted forward (-1.25 is six in the morning of 1899-12-29).
func daysOf(t time.Time) float64 {
	y, m, d := t.Date()
	days := floorDiv(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()-dateEpoch.Unix(), 24*60*60)
	hh, mm, ss := t.Clock()
	millis := int64(hh*3600+mm*60+ss)*1000 + int64(t.Nanosecond())/1e6
	frac := float64(millis) / dayMillis
	if days < 0 {
		return float64(days) - frac
	}
	return float64(days) + frac
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// timeOf is the inverse of daysOf. A double has under a microsecond of
// resolution here; rounding to the millisecond gives back what was put in.
func timeOf(days float64) (time.Time, error) {
	const first, last = -657434, 2958465 // 0100-01-01 and 9999-12-31
	whole := math.Trunc(days)
	millis := math.Round(math.Abs(days-whole) * dayMillis)
	if !(whole >= first && whole <= last) || whole == last && millis >= dayMillis {
		return time.Time{}, fmt.Errorf("date %v: years 100 to 9999: %w", days, ErrOutOfRange)
	}
	return dateEpoch.AddDate(0, 0, int(whole)).Add(time.Duration(millis) * time.Millisecond), nil
}

// Dates in the readable forms and in conversions: a wall clock without a zone.
const dateLayout = "2006-01-02T15:04:05.999"

// dateText is a date as a wall clock where that says all, else as the number of
// days, so that it always reads back to the same bits.
func (v Value) dateText() string {
	days := math.Float64frombits(v.num)
	if t, err := timeOf(days); err == nil && float64Bits(daysOf(t)) == v.num {
		return t.Format(dateLayout)
	}
	return strconv.FormatFloat(days, 'g', -1, 64)
}

// parseDate reads what dateText writes. The wall clock may also be in the basic
// form of ISO 8601, which MTP's DateTime strings use.
func parseDate(s string) (Value, error) {
	for _, layout := range [...]string{dateLayout, "20060102T150405.999", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			if _, err := timeOf(daysOf(t)); err != nil {
				return Value{}, err
			}
			return Date(t), nil
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return Value{}, fmt.Errorf("date %q: want YYYY-MM-DDThh:mm:ss or a number of days", s)
	}
	return DateFromDays(f), nil
}
