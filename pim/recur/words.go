package recur

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Words says a rule in English: "every 2nd week on Tuesday and Thursday until 31 December 2026".
// start is the DTSTART that the rule belongs to: its clock is what UNTIL is shown on.
func (r Rule) Words(start Stamp) string {
	var b strings.Builder
	b.WriteString(r.every(start))
	if len(r.BySetPos) > 0 {
		b.WriteString(", of these the " + ordinals(r.BySetPos))
	}
	switch {
	case !r.Until.IsZero():
		b.WriteString(" until " + r.until(start))
	}
	if r.Count > 0 {
		b.WriteString(when(r.Count == 1, ", once", fmt.Sprintf(", %d times", r.Count)))
	}
	return b.String()
}

var units = map[Frequency]string{Secondly: "second", Minutely: "minute", Hourly: "hour", Daily: "day", Weekly: "week", Monthly: "month", Yearly: "year"}

func (r *Rule) every(start Stamp) string {
	interval := ""
	if r.Interval > 1 {
		interval = ordinal(r.Interval) + " "
	}
	every := "every " + interval + units[r.Freq]
	var on []string
	plain, numbered := r.splitDays()
	days := func() {
		if len(plain) > 0 {
			on = append(on, dayList(plain))
		}
		for _, w := range numbered {
			on = append(on, "the "+ordinal(w.N)+" "+w.Day.String())
		}
	}
	workdays := slices.Equal(plain, []time.Weekday{1, 2, 3, 4, 5})
	switch r.Freq {
	case Weekly:
		switch all := append(plain, weekdaysOf(numbered)...); {
		case len(all) == 0 && !start.IsZero():
			all = []time.Weekday{start.Wall.Weekday()}
			fallthrough
		case len(all) == 1 && len(r.ByMonth)+len(r.ByMonthDay)+len(r.ByYearDay)+len(r.ByWeekNo) == 0:
			every = "every " + interval + all[0].String()
		case r.Interval <= 1 && workdays:
			every = "every weekday (Monday to Friday)"
		default:
			on = append(on, dayList(all))
		}
	case Daily:
		if r.Interval <= 1 && workdays {
			every = "every weekday (Monday to Friday)"
		} else {
			days()
		}
	default:
		if len(r.ByDay) == 1 && r.ByDay[0].N == 0 && len(r.BySetPos) == 1 && r.Freq == Monthly && len(r.ByMonthDay) == 0 {
			// The common way to say 2TU.
			s := *r
			s.ByDay = []WeekdayNum{{N: r.BySetPos[0], Day: r.ByDay[0].Day}}
			s.BySetPos = nil
			if s.ByDay[0].N >= -5 && s.ByDay[0].N <= 5 {
				r.BySetPos = nil
				return s.every(start)
			}
		}
		days()
	}
	if len(r.ByMonthDay) > 0 {
		on = append(on, "the "+ordinals(r.ByMonthDay)+when(r.Freq == Monthly, "", " of the month"))
	}
	if len(r.ByYearDay) > 0 {
		on = append(on, "the "+ordinals(r.ByYearDay)+" day of the year")
	}
	if !start.IsZero() && len(r.ByDay)+len(r.ByMonthDay)+len(r.ByYearDay)+len(r.ByWeekNo) == 0 {
		switch {
		case r.Freq == Monthly:
			on = append(on, "the "+ordinal(start.Wall.Day()))
		case r.Freq == Yearly && len(r.ByMonth) == 0:
			on = append(on, start.Wall.Format("2 January"))
		case r.Freq == Yearly:
			on = append(on, "the "+ordinal(start.Wall.Day()))
		}
	}
	out := every
	if len(on) > 0 {
		out += " on " + strings.Join(on, " and ")
	}
	if len(r.ByWeekNo) > 0 {
		out += " in week " + numberList(r.ByWeekNo)
	}
	if len(r.ByMonth) > 0 {
		var names []string
		for _, m := range r.ByMonth {
			names = append(names, time.Month(m).String())
		}
		out += " in " + and(names)
	}
	return out + r.clock(start)
}

// clock says the times of day that differ from DTSTART's.
func (r *Rule) clock(start Stamp) string {
	if start.Date || len(r.ByHour)+len(r.ByMinute)+len(r.BySecond) == 0 {
		return ""
	}
	if r.Freq < Daily || len(r.BySecond) > 0 || len(r.ByHour)*max(len(r.ByMinute), 1) > 6 || len(r.ByHour) == 0 {
		out := ""
		for _, l := range []struct {
			ns   []int
			name string
		}{{r.ByHour, "hour"}, {r.ByMinute, "minute"}, {r.BySecond, "second"}} {
			if len(l.ns) > 0 {
				out += ", " + l.name + " " + numberList(l.ns)
			}
		}
		return out
	}
	minutes := r.ByMinute
	if len(minutes) == 0 {
		minutes = []int{start.Wall.Minute()}
	}
	var times []string
	for _, h := range r.ByHour {
		for _, m := range minutes {
			times = append(times, fmt.Sprintf("%02d:%02d", h, m))
		}
	}
	return " at " + and(times)
}

func (r *Rule) until(start Stamp) string {
	u := r.Until
	if u.Date || start.Date {
		return u.Wall.Format("2 January 2006")
	}
	t := u.Wall
	if u.Zone == UTC && start.Zone != nil {
		t = start.Zone.Wall(u.Wall)
	}
	if !start.IsZero() && wallOf(t)%daySeconds >= wallOf(start.Wall)%daySeconds && len(r.ByHour) == 0 && r.Freq >= Daily {
		return t.Format("2 January 2006") // the time says nothing more
	}
	return t.Format("2 January 2006, 15:04")
}

func (r *Rule) splitDays() (plain []time.Weekday, numbered []WeekdayNum) {
	for _, w := range r.ByDay {
		if w.N == 0 {
			plain = append(plain, w.Day)
		} else {
			numbered = append(numbered, w)
		}
	}
	slices.SortFunc(plain, func(a, b time.Weekday) int { return (int(a)+6)%7 - (int(b)+6)%7 })
	return plain, numbered
}

func weekdaysOf(ws []WeekdayNum) (out []time.Weekday) {
	for _, w := range ws {
		out = append(out, w.Day)
	}
	return out
}

func dayList(days []time.Weekday) string {
	var names []string
	for _, d := range days {
		names = append(names, d.String())
	}
	return and(names)
}

func and(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}

func numberList(ns []int) string {
	var words []string
	for _, n := range ns {
		words = append(words, strconv.Itoa(n))
	}
	return and(words)
}

func ordinals(ns []int) string {
	var words []string
	for _, n := range ns {
		words = append(words, ordinal(n))
	}
	return and(words)
}

// ordinal says 1st, 2nd, last, 2nd last.
func ordinal(n int) string {
	switch {
	case n == -1:
		return "last"
	case n < 0:
		return ordinal(-n) + " last"
	}
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		suffix = []string{"th", "st", "nd", "rd", "th", "th", "th", "th", "th", "th"}[n%10]
	}
	return strconv.Itoa(n) + suffix
}
