package recur

import (
	"context"
	"testing"
	"time"

	"github.com/teambition/rrule-go"
)

// BenchmarkYears walks through ten years of a rule, beside the library on the same rule and zone.
func BenchmarkYears(b *testing.B) {
	for _, rule := range []string{"FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"} {
		s := series(b, "20200103T090000", "Europe/Berlin", rule)
		from, to := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		b.Run("recur/"+rule, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for _, err := range s.Occurrences(context.Background(), from, to, nil) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n < 10 {
					b.Fatal(n)
				}
			}
		})
		b.Run("rrule-go/"+rule, func(b *testing.B) {
			b.ReportAllocs()
			o, err := rrule.StrToROption(rule)
			if err != nil {
				b.Fatal(err)
			}
			o.Dtstart, o.Until = s.Start.In(nil), to
			for b.Loop() {
				r, err := rrule.NewRRule(*o)
				if err != nil {
					b.Fatal(err)
				}
				if n := len(r.All()); n < 10 {
					b.Fatal(n)
				}
			}
		})
	}
}

// BenchmarkFarWindow asks for a week a century after the start.
func BenchmarkFarWindow(b *testing.B) {
	s := series(b, "19260103T090000", "Europe/Berlin", "FREQ=DAILY")
	from := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	b.Run("recur", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if in, err := s.Overlaps(context.Background(), from, from.AddDate(0, 0, 7), nil); !in || err != nil {
				b.Fatal(in, err)
			}
		}
	})
	b.Run("rrule-go", func(b *testing.B) {
		b.ReportAllocs()
		r, err := rrule.NewRRule(rrule.ROption{Freq: rrule.DAILY, Dtstart: s.Start.In(nil)})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if len(r.Between(from, from.AddDate(0, 0, 7), true)) == 0 {
				b.Fatal("none")
			}
		}
	})
}
