package recur

import (
	"context"
	"errors"
	"testing"
	"time"
)

// FuzzRules: no rule panics or runs for long, what is read writes a rule that means the same, and
// occurrences come in order, inside their window.
func FuzzRules(f *testing.F) {
	for _, s := range []string{"FREQ=DAILY", "FREQ=MONTHLY;BYDAY=53MO,-1FR;BYSETPOS=-366", "FREQ=YEARLY;BYWEEKNO=-53,53;WKST=SU", "FREQ=SECONDLY;INTERVAL=2147483648;COUNT=2147483648",
		"FREQ=HOURLY;INTERVAL=24;BYHOUR=5", "FREQ=YEARLY;BYYEARDAY=366,-366;UNTIL=20990101", "W2 MO WE #10", "MP1 1+ SU 2- TU #0", "YM1 6 7 #0 MP1 1+ SU", "D1 0600 #0 M15 #4", "MD1 LD 3- 20261231T000000"} {
		f.Add(s, int64(1_700_000_000), int64(0))
		f.Add(s, int64(-60_000_000_000), int64(200_000_000_000))
	}
	zone, _ := LoadZone("Australia/Lord_Howe")
	f.Fuzz(func(t *testing.T, value string, start, from int64) {
		rules, err := ParseRules(value)
		if err != nil {
			if !errors.Is(err, ErrRule) {
				t.Fatalf("%q: %v is no ErrRule", value, err)
			}
			return
		}
		wall := wallTime(start)
		if wall.Year() < 1 || wall.Year() > maxYear {
			return
		}
		s := &Series{Start: Stamp{Wall: wall, Zone: zone}, Rules: rules, Length: Length{Exact: time.Hour}}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		begin := time.Unix(from%300_000_000_000, 0)
		last, n := time.Time{}, 0
		for o, err := range s.Occurrences(ctx, begin, begin.AddDate(50, 0, 0), nil) {
			if err != nil {
				if !errors.Is(err, ErrSparse) {
					t.Fatalf("%q: %v", value, err)
				}
				break
			}
			if o.Start.Before(last) || !o.End.After(begin) || !o.Start.Before(begin.AddDate(50, 0, 0)) {
				t.Fatalf("%q: %v to %v after %v, in 50 years from %v", value, o.Start, o.End, last, begin)
			}
			last = o.Start
			if n++; n == 100 {
				break
			}
		}
		for _, r := range rules {
			r.Words(s.Start)
			again, err := ParseRule(r.String())
			if err != nil || again.String() != r.String() {
				t.Fatalf("%q became %q, which is read as %q, %v", value, r.String(), again.String(), err)
			}
		}
	})
}

// FuzzZone: no VTIMEZONE's rules make a clock that panics or goes on for ever, and what the clock
// shows at an instant comes back to it, or to the first of two.
func FuzzZone(f *testing.F) {
	f.Add("FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", int64(846385200), 7200, 3600, int64(1_700_000_000))
	f.Add("FREQ=SECONDLY", int64(0), -86399, 86399, int64(1000))
	f.Fuzz(func(t *testing.T, rule string, start int64, from, to int, at int64) {
		r, err := ParseRule(rule)
		wall := wallTime(start)
		if err != nil || wall.Year() < 1 || wall.Year() > maxYear {
			return
		}
		z, err := NewZone("f", []Observance{{Start: Stamp{Wall: wall}, From: from, To: to, Rules: []Rule{r}}})
		if err != nil {
			return
		}
		at %= 200_000_000_000
		back, _ := z.instant(z.wall(at))
		if back > at || z.wall(back) != z.wall(at) && back != at {
			t.Fatalf("%d shows %d, which is %d", at, z.wall(at), back)
		}
	})
}
