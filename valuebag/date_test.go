package valuebag

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	firstMilli = -59011459200000 // 0100-01-01T00:00:00
	lastMilli  = 253402300799999 // 9999-12-31T23:59:59.999
)

func unixMilli(n int64) time.Time { return time.UnixMilli(n).UTC() }

func TestDate(t *testing.T) {
	utc := func(s string) time.Time {
		v, err := time.Parse("2006-01-02T15:04:05.999", s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	tests := []struct {
		name string
		in   time.Time
		days float64
	}{
		{"epoch", utc("1899-12-30T00:00:00"), 0},
		{"day after", utc("1899-12-31T00:00:00"), 1},
		{"noon", utc("1900-01-01T12:00:00"), 2.5},
		{"before the epoch the time still counts forward", utc("1899-12-29T06:00:00"), -1.25},
		{"unix epoch", utc("1970-01-01T00:00:00"), 25569},
		{"first", utc("0100-01-01T00:00:00"), -657434},
		{"last", utc("9999-12-31T00:00:00"), 2958465},
		{"wall clock of a zone", time.Date(1970, 1, 1, 18, 0, 0, 0, time.FixedZone("", 7200)), 25569.75},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := Date(tt.in)
			if got, _ := v.AsDateDays(); got != tt.days {
				t.Errorf("days: got %v, want %v", got, tt.days)
			}
			want := time.Date(tt.in.Year(), tt.in.Month(), tt.in.Day(), tt.in.Hour(), tt.in.Minute(), tt.in.Second(), tt.in.Nanosecond(), time.UTC)
			if got, err := v.AsDate(); err != nil || !got.Equal(want) {
				t.Errorf("back: got %v, %v, want %v", got, err, want)
			}
		})
	}
	t.Run("every millisecond comes back", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			want := unixMilli(rapid.Int64Range(firstMilli, lastMilli).Draw(t, "milli"))
			if got, err := Date(want).AsDate(); err != nil || !got.Equal(want) {
				t.Fatalf("got %v, %v, want %v", got, err, want)
			}
		})
	})
	for _, days := range []float64{-657435, 2958466, 2958465.9999999999, math.NaN(), math.Inf(1), math.Inf(-1), 1e300} {
		if got, err := DateFromDays(days).AsDate(); !errors.Is(err, ErrOutOfRange) {
			t.Errorf("AsDate of %v days: got %v, %v, want ErrOutOfRange", days, got, err)
		}
	}
	if _, err := Date(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)).AsDate(); !errors.Is(err, ErrOutOfRange) {
		t.Errorf("year 10000: got %v, want ErrOutOfRange", err)
	}
}
