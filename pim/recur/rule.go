package recur

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrRule: a recurrence rule that can't be used.
var ErrRule = errors.New("not a recurrence rule")

// Frequency is the period of a rule.
type Frequency uint8

// The frequencies of RFC 5545 §3.3.10, from fine to coarse.
const (
	Secondly Frequency = iota + 1
	Minutely
	Hourly
	Daily
	Weekly
	Monthly
	Yearly
)

var frequencyNames = [...]string{"", "SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"}

func (f Frequency) String() string {
	if int(f) < len(frequencyNames) {
		return frequencyNames[f]
	}
	return ""
}

// WeekdayNum is an element of BYDAY: a weekday, or with N the Nth in the month or year, from the
// end if N is negative.
type WeekdayNum struct {
	N   int // -53 to 53; 0 is each
	Day time.Weekday
}

var weekdayNames = [...]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

func (w WeekdayNum) String() string {
	if w.N == 0 {
		return weekdayNames[w.Day]
	}
	return strconv.Itoa(w.N) + weekdayNames[w.Day]
}

// Rule is a recurrence rule, RFC 5545 §3.3.10. The lists are sorted and without repetitions.
type Rule struct {
	Freq       Frequency
	Interval   int   // 1 or more
	Count      int   // 0 is no bound
	Until      Stamp // zero is no bound; Zone is UTC or nil: the clock of the entry
	BySecond   []int // 0 to 59 (60 is read as 59)
	ByMinute   []int // 0 to 59
	ByHour     []int // 0 to 23
	ByDay      []WeekdayNum
	ByMonthDay []int // 1 to 31, -31 to -1
	ByYearDay  []int // 1 to 366, -366 to -1
	ByWeekNo   []int // 1 to 53, -53 to -1
	ByMonth    []int // 1 to 12
	BySetPos   []int // 1 to 366, -366 to -1
	WeekStart  time.Weekday
}

// maxInterval keeps the arithmetic of periods inside an int64.
const maxInterval = 1 << 31

// ParseRule reads the value of an RRULE or EXRULE. Names count in any case, empty parts are
// passed over, and RSCALE=GREGORIAN and SKIP=OMIT (RFC 7529) say nothing new. A rule of
// vCalendar 1.0 is read by ParseRules. Errors: ErrRule, with the part and what it should be.
func ParseRule(value string) (Rule, error) {
	r := Rule{Interval: 1, WeekStart: time.Monday}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(strings.TrimSpace(value), ";") {
		name, v, ok := strings.Cut(part, "=")
		name, v = strings.ToUpper(strings.TrimSpace(name)), strings.ToUpper(strings.TrimSpace(v))
		if !ok && name != "" {
			return Rule{}, fmt.Errorf("part %q of %q has no value: %w", clip(part), clip(value), ErrRule)
		}
		if name == "" || v == "" {
			continue
		}
		if seen[name] {
			return Rule{}, fmt.Errorf("%s twice in %q: %w", clip(name), clip(value), ErrRule)
		}
		seen[name] = true
		if err := r.part(name, v); err != nil {
			return Rule{}, fmt.Errorf("%s=%s in %q: %w", clip(name), clip(v), clip(value), err)
		}
	}
	if r.Freq == 0 {
		return Rule{}, fmt.Errorf("%q has no FREQ: %w", clip(value), ErrRule)
	}
	return r, nil
}

func (r *Rule) part(name, v string) (err error) {
	switch name {
	case "FREQ":
		i := slices.Index(frequencyNames[1:], v)
		if i < 0 {
			return fmt.Errorf("want SECONDLY to YEARLY: %w", ErrRule)
		}
		r.Freq = Frequency(i + 1)
	case "INTERVAL":
		if r.Interval, err = number(v, 0, maxInterval); r.Interval == 0 {
			r.Interval = 1
		}
	case "COUNT":
		r.Count, err = number(v, 1, maxInterval)
	case "UNTIL":
		if r.Until, err = ParseStamp(v, nil); err != nil {
			return fmt.Errorf("%w: %w", err, ErrRule)
		}
	case "BYSECOND":
		r.BySecond, err = numbers(v, 0, 60, false)
		for i, s := range r.BySecond {
			r.BySecond[i] = min(s, 59)
		}
		r.BySecond = slices.Compact(r.BySecond)
	case "BYMINUTE":
		r.ByMinute, err = numbers(v, 0, 59, false)
	case "BYHOUR":
		r.ByHour, err = numbers(v, 0, 23, false)
	case "BYMONTHDAY":
		r.ByMonthDay, err = numbers(v, 1, 31, true)
	case "BYYEARDAY":
		r.ByYearDay, err = numbers(v, 1, 366, true)
	case "BYWEEKNO":
		r.ByWeekNo, err = numbers(v, 1, 53, true)
	case "BYMONTH":
		r.ByMonth, err = numbers(v, 1, 12, false)
	case "BYSETPOS":
		r.BySetPos, err = numbers(v, 1, 366, true)
	case "BYDAY":
		r.ByDay, err = weekdays(v)
	case "WKST":
		i := slices.Index(weekdayNames[:], v)
		if i < 0 {
			return fmt.Errorf("want MO to SU: %w", ErrRule)
		}
		r.WeekStart = time.Weekday(i)
	case "RSCALE":
		if v != "GREGORIAN" && v != "GREGORY" {
			return fmt.Errorf("only the Gregorian calendar is known: %w", ErrRule)
		}
	case "SKIP":
		if v != "OMIT" {
			return fmt.Errorf("only OMIT is known: %w", ErrRule)
		}
	default:
		if !strings.HasPrefix(name, "X-") {
			return fmt.Errorf("no such part: %w", ErrRule)
		}
	}
	return err
}

func number(v string, least, most int) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(v))
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("want %d to %d: %w", least, most, ErrRule)
	}
	return n, nil
}

// numbers reads a list, each between least and most or, if signed, between -most and -least.
func numbers(v string, least, most int, signed bool) ([]int, error) {
	var out []int
	for s := range strings.SplitSeq(v, ",") {
		s = strings.TrimSpace(s)
		if s == "" {
			continue
		}
		n, err := strconv.Atoi(s)
		if err != nil || (n < least || n > most) && (!signed || n > -least || n < -most) {
			sign := ""
			if signed {
				sign = fmt.Sprintf(" or %d to %d", -most, -least)
			}
			return nil, fmt.Errorf("%q: want %d to %d%s: %w", clip(s), least, most, sign, ErrRule)
		}
		out = append(out, n)
		if len(out) > 2*most+2 { // only repetitions make it longer
			slices.Sort(out)
			out = slices.Compact(out)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func compareWeekday(a, b WeekdayNum) int {
	if a.N != b.N {
		return a.N - b.N
	}
	return (int(a.Day)+6)%7 - (int(b.Day)+6)%7 // from Monday
}

func weekdays(v string) ([]WeekdayNum, error) {
	var out []WeekdayNum
	for s := range strings.SplitSeq(v, ",") {
		s = strings.TrimSpace(s)
		if s == "" {
			continue
		}
		w, n := WeekdayNum{}, len(s)-2
		day := -1
		if n >= 0 {
			day = slices.Index(weekdayNames[:], s[n:])
		}
		if day < 0 {
			return nil, fmt.Errorf("%q: want MO, -1FR and the like: %w", clip(s), ErrRule)
		}
		w.Day = time.Weekday(day)
		if num := strings.TrimSpace(s[:n]); num != "" {
			i, err := strconv.Atoi(num)
			if err != nil || i == 0 || i > 53 || i < -53 {
				return nil, fmt.Errorf("%q: want 1 to 53 or -53 to -1 before the day: %w", clip(s), ErrRule)
			}
			w.N = i
		}
		out = append(out, w)
		if len(out) > 1000 {
			slices.SortFunc(out, compareWeekday)
			out = slices.Compact(out)
		}
	}
	slices.SortFunc(out, compareWeekday)
	return slices.Compact(out), nil
}

// String writes the rule in the order of the standard, without parts that say nothing.
func (r Rule) String() string {
	var b strings.Builder
	b.WriteString("FREQ=" + r.Freq.String())
	if !r.Until.IsZero() {
		b.WriteString(";UNTIL=" + r.Until.String())
	}
	if r.Count > 0 {
		b.WriteString(";COUNT=" + strconv.Itoa(r.Count))
	}
	if r.Interval > 1 {
		b.WriteString(";INTERVAL=" + strconv.Itoa(r.Interval))
	}
	list := func(name string, ns []int) {
		for i, n := range ns {
			b.WriteString(name[:when(i == 0, len(name), 0)] + when(i == 0, "=", ",") + strconv.Itoa(n))
		}
	}
	list(";BYSECOND", r.BySecond)
	list(";BYMINUTE", r.ByMinute)
	list(";BYHOUR", r.ByHour)
	for i, w := range r.ByDay {
		b.WriteString(when(i == 0, ";BYDAY=", ",") + w.String())
	}
	list(";BYMONTHDAY", r.ByMonthDay)
	list(";BYYEARDAY", r.ByYearDay)
	list(";BYWEEKNO", r.ByWeekNo)
	list(";BYMONTH", r.ByMonth)
	list(";BYSETPOS", r.BySetPos)
	if r.WeekStart != time.Monday {
		b.WriteString(";WKST=" + weekdayNames[r.WeekStart])
	}
	return b.String()
}

func when[T any](cond bool, yes, no T) T {
	if cond {
		return yes
	}
	return no
}
