package recur

import (
	"context"
	"iter"
	"slices"
	"time"
)

// EqualYears is how far Equal looks: the calendar repeats itself after 400 years.
const EqualYears = 400

// Equal reports whether two series happen at the same times, whatever they say to get there:
// FREQ=MONTHLY;BYDAY=2TU is FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2, and a COUNT the UNTIL that ends on
// the same day. Overrides count by what they change, zones by what their clocks show then. It
// compares the written form first, and then what happens in 400 years, up to limit occurrences
// (0 is 20,000: daily for 54 years). Errors are those of Occurrences.
func Equal(ctx context.Context, a, b *Series, floating *Zone, limit int) (bool, error) {
	if a.Start.Date != b.Start.Date || (a.Start.Zone == nil) != (b.Start.Zone == nil) || a.Start.IsZero() != b.Start.IsZero() {
		return false, nil
	}
	if same(a, b) {
		return true, nil
	}
	if limit <= 0 {
		limit = 20_000
	}
	first := a.Start.Wall
	if a.Start.IsZero() || b.Start.Wall.Before(first) {
		first = b.Start.Wall
	}
	from, to := time.Time{}, time.Time{}
	if !first.IsZero() {
		to = first.AddDate(EqualYears, 0, 0)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next, stop := pull(ctx, a, from, to, floating)
	defer stop()
	other, stopOther := pull(ctx, b, from, to, floating)
	defer stopOther()
	for range limit {
		x, xok, err := next()
		if err != nil {
			return false, err
		}
		y, yok, err := other()
		if err != nil {
			return false, err
		}
		if xok != yok || xok && (!x.Start.Equal(y.Start) || !x.End.Equal(y.End) || x.Date != y.Date) {
			return false, nil
		}
		if !xok {
			return true, nil
		}
	}
	return true, nil
}

// same compares the written forms.
func same(a, b *Series) bool {
	sameStamp := func(x, y Stamp) bool {
		return x.Wall.Equal(y.Wall) && x.Date == y.Date && (x.Zone == y.Zone || x.Zone != nil && y.Zone != nil && x.Zone.loc != nil && y.Zone.loc != nil && x.Zone.name == y.Zone.name)
	}
	return sameStamp(a.Start, b.Start) && a.Length == b.Length && a.Cancelled == b.Cancelled &&
		len(a.Override)+len(b.Override)+len(a.Dates)+len(b.Dates) == 0 &&
		slices.EqualFunc(a.Rules, b.Rules, sameRule) && slices.EqualFunc(a.ExRules, b.ExRules, sameRule) &&
		slices.EqualFunc(a.ExDates, b.ExDates, sameStamp)
}

func sameRule(a, b Rule) bool { return a.String() == b.String() }

// pull turns a walk inside out.
func pull(ctx context.Context, s *Series, from, to time.Time, floating *Zone) (func() (Occurrence, bool, error), func()) {
	next, stop := iter.Pull2(s.Occurrences(ctx, from, to, floating))
	return func() (Occurrence, bool, error) {
		o, err, ok := next()
		return o, ok && err == nil, err
	}, stop
}
