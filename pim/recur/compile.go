package recur

import (
	"fmt"
	"math/bits"
	"time"
)

// compiled is a rule with what it leaves to DTSTART filled in, as masks. A mask of 0 lets
// everything pass.
type compiled struct {
	freq     Frequency
	interval int64
	count    int
	wkst     int
	start    int64 // DTSTART on the wall clock

	months         uint16 // bit m
	days, daysBack uint32 // bit d from the month's start, from its end
	weekdays       uint8  // bit w; those without a number
	nth, nthBack   [7]uint64
	byDay          bool // one of the three above
	numbered       bool // nth or nthBack
	byDate         bool // anything but weekdays without a number
	nthInYear      bool // the numbers count in the year, not in the month
	yearDays       [6]uint64
	yearDaysBack   [6]uint64
	byYearDay      bool
	weeks          uint64
	weeksBack      uint64

	hours, minutes, seconds []int // of a period of a day and more: times of day; else limits
	hourMask                uint32
	minuteMask, secondMask  uint64
	setPos                  []int
}

// compile fills a rule in. A rule finer than daily says nothing about whole days: ErrRule.
func compile(r *Rule, start int64, date bool) (*compiled, error) {
	c := &compiled{freq: r.Freq, interval: int64(max(r.Interval, 1)), count: r.Count, wkst: int(r.WeekStart), start: start, setPos: r.BySetPos}
	if date && r.Freq < Daily {
		return nil, fmt.Errorf("FREQ=%s with a start that is a date: %w", r.Freq, ErrRule)
	}
	for _, m := range r.ByMonth {
		c.months |= 1 << m
	}
	for _, d := range r.ByMonthDay {
		if d > 0 {
			c.days |= 1 << d
		} else {
			c.daysBack |= 1 << -d
		}
	}
	for _, d := range r.ByYearDay {
		if c.byYearDay = true; d > 0 {
			c.yearDays[d/64] |= 1 << (d % 64)
		} else {
			c.yearDaysBack[-d/64] |= 1 << (-d % 64)
		}
	}
	for _, w := range r.ByWeekNo {
		if w > 0 {
			c.weeks |= 1 << w
		} else {
			c.weeksBack |= 1 << -w
		}
	}
	numbered := r.Freq == Monthly || r.Freq == Yearly && len(r.ByWeekNo) == 0
	c.nthInYear = r.Freq == Yearly && len(r.ByMonth) == 0
	for _, w := range r.ByDay {
		switch c.byDay = true; {
		case w.N == 0 || !numbered:
			c.weekdays |= 1 << w.Day
		case w.N > 0:
			c.nth[w.Day] |= 1 << w.N
		default:
			c.nthBack[w.Day] |= 1 << -w.N
		}
	}
	c.implied(r)
	c.numbered = c.nth != [7]uint64{} || c.nthBack != [7]uint64{}
	c.byDate = c.numbered || c.byYearDay || c.months != 0 || c.days|c.daysBack != 0 || c.weeks|c.weeksBack != 0
	if date {
		c.hours, c.minutes, c.seconds = []int{0}, []int{0}, []int{0}
	} else {
		c.clock(r)
	}
	return c, nil
}

// implied takes the day from DTSTART where the rule names none.
func (c *compiled) implied(r *Rule) {
	if c.byDay || c.byYearDay || c.days != 0 || c.daysBack != 0 {
		return
	}
	day := floorDiv(c.start, daySeconds)
	_, m, d := civilDate(day)
	switch {
	case c.weeks|c.weeksBack != 0 && r.Freq >= Weekly || r.Freq == Weekly:
		c.byDay = true
		c.weekdays = 1 << weekday(day)
	case r.Freq == Yearly:
		if c.months == 0 {
			c.months = 1 << m
		}
		c.days = 1 << d
	case r.Freq == Monthly:
		c.days = 1 << d
	}
}

// clock takes the time of day from DTSTART where the rule names none: what is finer than the
// frequency.
func (c *compiled) clock(r *Rule) {
	t := int(c.start - floorDiv(c.start, daySeconds)*daySeconds)
	c.hours, c.minutes, c.seconds = r.ByHour, r.ByMinute, r.BySecond
	if len(c.hours) == 0 && r.Freq > Hourly {
		c.hours = []int{t / 3600}
	}
	if len(c.minutes) == 0 && r.Freq > Minutely {
		c.minutes = []int{t / 60 % 60}
	}
	if len(c.seconds) == 0 && r.Freq > Secondly {
		c.seconds = []int{t % 60}
	}
	for _, h := range r.ByHour {
		c.hourMask |= 1 << h
	}
	for _, m := range r.ByMinute {
		c.minuteMask |= 1 << m
	}
	for _, s := range r.BySecond {
		c.secondMask |= 1 << s
	}
}

// within reports whether a day of a month matches all but the month: d from 1, n the month's
// length, w its weekday, yd from 1 in a year of yn days.
func (c *compiled) within(d, n, w, yd, yn int) bool {
	if c.days|c.daysBack != 0 && c.days&(1<<d) == 0 && c.daysBack&(1<<(n-d+1)) == 0 {
		return false
	}
	if c.byDay && c.weekdays&(1<<w) == 0 {
		i, back := (d-1)/7+1, (n-d)/7+1
		if c.nthInYear {
			i, back = (yd-1)/7+1, (yn-yd)/7+1
		}
		if c.nth[w]&(1<<i) == 0 && c.nthBack[w]&(1<<back) == 0 {
			return false
		}
	}
	if c.byYearDay {
		back := yn - yd + 1
		if c.yearDays[yd/64]&(1<<(yd%64)) == 0 && c.yearDaysBack[back/64]&(1<<(back%64)) == 0 {
			return false
		}
	}
	return true
}

// inWeeks reports whether BYWEEKNO lets a day pass.
func (c *compiled) inWeeks(day int64) bool {
	if c.weeks|c.weeksBack == 0 {
		return true
	}
	y := weekYear(day, c.wkst)
	first, next := weekYearStart(y, c.wkst), weekYearStart(y+1, c.wkst)
	return c.weeks&(1<<((day-first)/7+1)) != 0 || c.weeksBack&(1<<((next-1-day)/7+1)) != 0
}

// onDay reports whether a day matches.
func (c *compiled) onDay(day int64) bool {
	if c.weekdays != 0 && !c.numbered && c.weekdays&(1<<weekday(day)) == 0 {
		return false
	}
	if !c.byDate {
		return true
	}
	y, m, d := civilDate(day)
	if c.months != 0 && c.months&(1<<m) == 0 {
		return false
	}
	return c.within(d, monthLength(y, m), weekday(day), int(day-civilDay(y, 1, 1))+1, yearLength(y)) && c.inWeeks(day)
}

// month appends the matching days of a month.
func (c *compiled) month(dst []int64, y, m int) []int64 {
	if c.months != 0 && c.months&(1<<m) == 0 {
		return dst
	}
	first, n := civilDay(y, m, 1), monthLength(y, m)
	if c.daysBack == 0 && bits.OnesCount32(c.days) == 1 && !c.byDay && !c.byYearDay && c.weeks|c.weeksBack == 0 {
		if d := bits.TrailingZeros32(c.days); d <= n {
			dst = append(dst, first+int64(d)-1)
		}
		return dst
	}
	w, yd, yn := weekday(first), int(first-civilDay(y, 1, 1))+1, yearLength(y)
	for d := 1; d <= n; d++ {
		if c.within(d, n, w, yd, yn) && c.inWeeks(first+int64(d)-1) {
			dst = append(dst, first+int64(d)-1)
		}
		yd++
		if w++; w == 7 {
			w = 0
		}
	}
	return dst
}

// byWeekYear says that the rule's years are week years.
func (c *compiled) byWeekYear() bool { return c.freq == Yearly && c.weeks|c.weeksBack != 0 }

// periodOf numbers the period that holds a day, in units of the frequency.
func (c *compiled) periodOf(day int64) int64 {
	switch c.freq {
	case Yearly:
		if c.byWeekYear() {
			return int64(weekYear(day, c.wkst))
		}
		y, _, _ := civilDate(day)
		return int64(y)
	case Monthly:
		y, m, _ := civilDate(day)
		return int64(y)*12 + int64(m) - 1
	case Weekly:
		return (weekStart(day, c.wkst) - weekStart(0, c.wkst)) / 7
	}
	return day
}

// period appends the matching days of a period, in order.
func (c *compiled) period(dst []int64, p int64) []int64 {
	switch c.freq {
	case Yearly:
		if c.byWeekYear() {
			for day := weekYearStart(int(p), c.wkst); day < weekYearStart(int(p)+1, c.wkst); day++ {
				if c.onDay(day) {
					dst = append(dst, day)
				}
			}
			return dst
		}
		for m := int(time.January); m <= 12; m++ {
			dst = c.month(dst, int(p), m)
		}
	case Monthly:
		y := floorDiv(p, 12)
		dst = c.month(dst, int(y), int(p-y*12)+1)
	case Weekly:
		first := weekStart(0, c.wkst) + 7*p
		for day := first; day < first+7; day++ {
			if c.onDay(day) {
				dst = append(dst, day)
			}
		}
	default:
		if c.onDay(p) {
			dst = append(dst, p)
		}
	}
	return dst
}
