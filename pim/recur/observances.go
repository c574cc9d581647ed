package recur

import (
	"slices"
	"time"
)

// Years that a written zone is right for: from the year before its first entry on.
const (
	writtenYears = 12 // of a zone whose changes no yearly rule says: each of them
	checkedYears = 30 // of one whose do
)

// Observances gives a zone of the tz database as the components of a VTIMEZONE, for entries
// from a time on: a yearly rule for each of its two changes where there is one that says them,
// else each change of the years up to eleven after it.
func (z *Zone) Observances(from time.Time) []Observance {
	begin := time.Date(z.Wall(from).Year()-1, 1, 1, 0, 0, 0, 0, time.UTC)
	until := begin.AddDate(checkedYears, 0, 0)
	changes := z.Changes(begin, until)
	if out, ok := z.yearly(begin, until, changes); ok {
		return out
	}
	first := z.show(begin.Unix())
	name, offset := first.Zone()
	out := []Observance{{Start: Stamp{Wall: z.Wall(begin)}, From: offset, To: offset, Name: name}}
	for _, at := range changes {
		if at.Before(begin.AddDate(writtenYears, 0, 0)) {
			out = append(out, z.observance(at))
		}
	}
	return out
}

// observance is what begins at a change.
func (z *Zone) observance(at time.Time) Observance {
	before, _ := z.span(at.Unix() - 1)
	name, to := at.Zone()
	return Observance{Start: Stamp{Wall: wallTime(at.Unix() + before.offset)}, From: int(before.offset), To: to, Name: name}
}

// yearly says the changes by one rule for each half of the year; false if no two rules do.
func (z *Zone) yearly(begin, until time.Time, changes []time.Time) ([]Observance, bool) {
	if len(changes) < 2 {
		return nil, false
	}
	days := [2][]time.Time{}
	for i, at := range changes {
		days[i%2] = append(days[i%2], z.observance(at).Start.Wall)
	}
	var out []Observance
	for i := range days {
		o := z.observance(changes[i])
		day, ok := sameWeekday(days[i])
		if !ok {
			return nil, false
		}
		o.Rules = []Rule{{Freq: Yearly, Interval: 1, ByMonth: []int{int(days[i][0].Month())}, ByDay: []WeekdayNum{day}, WeekStart: time.Monday}}
		out = append(out, o)
	}
	made, err := NewZone(z.name, out)
	if err != nil {
		return nil, false
	}
	same := slices.EqualFunc(made.Changes(begin, until), changes, func(a, b time.Time) bool {
		_, x := a.Zone()
		_, y := b.Zone()
		return a.Equal(b) && x == y
	})
	return out, same
}

// sameWeekday is the day of the month that all of the days are: the nth of a weekday, or the
// last.
func sameWeekday(days []time.Time) (WeekdayNum, bool) {
	n, last := (days[0].Day()-1)/7+1, true
	for _, d := range days {
		if d.Month() != days[0].Month() || d.Weekday() != days[0].Weekday() {
			return WeekdayNum{}, false
		}
		if (d.Day()-1)/7+1 != n {
			n = 0
		}
		last = last && d.AddDate(0, 0, 7).Month() != d.Month()
	}
	switch {
	case last:
		n = -1
	case n == 0:
		return WeekdayNum{}, false
	}
	return WeekdayNum{N: n, Day: days[0].Weekday()}, true
}
