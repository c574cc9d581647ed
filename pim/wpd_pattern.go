package pim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cradle/pim/recur"
	"cradle/valuebag"
)

// ErrPattern: the properties of a pattern say no rule.
var ErrPattern = errors.New("not a recurrence pattern")

// maxPattern is how many occurrences are looked through for the last one.
const maxPattern = 20_000

// pattern is what a rule is as a pattern of a device service.
type pattern struct {
	kind, period uint32
	days         uint16
	day, month   uint8
	instance     uint8
}

// wpdPattern fills the keys of a series, where a pattern says just what the rule does: a
// rule that a device would take for another isn't given at all, and the series then goes
// out as single occurrences.
func (p *parsed) wpdPattern(vs *valuebag.Values, t *Timetable) {
	if len(t.Rules) != 1 || len(t.ExRules) > 0 || len(t.Dates) > 0 || t.Start.IsZero() || len(t.Problems) > 0 ||
		slices.ContainsFunc(t.Override, func(o recur.Override) bool { return o.ThisAndFuture }) {
		return
	}
	rule := t.Rules[0]
	m, ok := patternOf(&rule, t.Start.Wall)
	if !ok || !m.on(t.Start.Wall) { // a start beside the rule happens, too, and no pattern says that
		return
	}
	last := ""
	if rule.Count > 0 || !rule.Until.IsZero() {
		if last, ok = lastDate(t, rule); !ok {
			return
		}
	}
	vs.SetUint32(MessageObjPatternType, m.kind)
	vs.SetUint32(MessageObjPatternPeriod, m.period)
	if m.days != 0 {
		vs.SetUint16(MessageObjPatternDayOfWeek, m.days)
	}
	if m.day != 0 {
		vs.SetUint8(MessageObjPatternDayOfMonth, m.day)
	}
	if m.month != 0 {
		vs.SetUint8(MessageObjPatternMonthOfYear, m.month)
	}
	if m.instance != 0 {
		vs.SetUint8(MessageObjPatternInstance, m.instance)
	}
	if t.Start.Zone == recur.UTC { // else its times of day are taken for the phone's
		vs.SetString(CalendarObjTimeZone, recur.UTC.Name())
	}
	vs.SetString(MessageObjPatternValidStartDate, t.Start.Wall.Format("20060102"))
	if last != "" {
		vs.SetString(MessageObjPatternValidEndDate, last)
	}
	if !t.Start.Date {
		vs.SetString(CalendarObjPatternStartTime, t.Start.Wall.Format("150405")+".0")
	}
	if n := time.Duration(t.Length.Days)*24*time.Hour + t.Length.Exact; n > 0 {
		vs.SetUint32(CalendarObjPatternDuration, uint32(n/time.Minute))
	}
	var gone []string
	away := slices.Clone(t.ExDates)
	for _, o := range t.Override {
		if o.Cancelled {
			away = append(away, o.ID)
		}
	}
	moved := map[string]bool{}
	for _, o := range t.Override {
		moved[clockDate(o.ID, t.Start.Zone)] = !o.Cancelled
	}
	for _, x := range away {
		if d := clockDate(x, t.Start.Zone); !slices.Contains(gone, d) && !moved[d] {
			gone = append(gone, d)
		}
	}
	slices.Sort(gone)
	if len(gone) > 0 {
		vs.SetString(MessageObjPatternDeleteDates, strings.Join(gone, ";"))
	}
}

// clockDate is the date of a time on the clock of the series.
func clockDate(s recur.Stamp, z *recur.Zone) string {
	if s.Date || z == nil || s.Zone == nil {
		return s.Wall.Format("20060102")
	}
	return z.Wall(s.In(nil)).Format("20060102")
}

// lastDate is the date of the last occurrence of the rule; false if there are too many
// to find it.
func lastDate(t *Timetable, rule recur.Rule) (string, bool) {
	alone := recur.Series{Start: t.Start, Length: t.Length, Rules: []recur.Rule{rule}}
	n, last := 0, ""
	for o, err := range alone.Occurrences(context.Background(), time.Time{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), recur.UTC) {
		if n++; err != nil || n > maxPattern {
			return "", false
		}
		last = o.Start.Format("20060102")
		if z := t.Start.Zone; z != nil {
			last = z.Wall(o.Start).Format("20060102")
		}
	}
	return last, last != ""
}

// patternOf gives a rule as a pattern; false for one that no pattern says.
func patternOf(r *recur.Rule, start time.Time) (m pattern, ok bool) {
	if len(r.BySecond)+len(r.ByMinute)+len(r.ByHour)+len(r.ByYearDay)+len(r.ByWeekNo) > 0 {
		return m, false
	}
	m.period = uint32(r.Interval)
	switch r.Freq {
	case recur.Daily:
		m.kind, ok = 1, len(r.ByDay)+len(r.ByMonthDay)+len(r.ByMonth)+len(r.BySetPos) == 0
	case recur.Weekly:
		m.kind = 2
		m.days, ok = dayBits(r.ByDay)
		if len(r.ByDay) == 0 {
			m.days, ok = 1<<start.Weekday(), true
		}
		several := m.days&(m.days-1) != 0
		ok = ok && len(r.ByMonthDay)+len(r.ByMonth)+len(r.BySetPos) == 0 && !(several && r.Interval > 1 && r.WeekStart != time.Monday)
	case recur.Monthly:
		m.kind = 3
		ok = len(r.ByMonth) == 0 && m.inMonth(r, start)
	case recur.Yearly:
		m.kind = 4
		switch {
		case len(r.ByMonth) == 1:
			m.month = uint8(r.ByMonth[0])
		case len(r.ByMonth)+len(r.ByDay)+len(r.ByMonthDay)+len(r.BySetPos) == 0:
			m.month = uint8(start.Month())
		default:
			return m, false
		}
		ok = m.inMonth(r, start)
	}
	return m, ok
}

// on reports whether a pattern says a day.
func (m *pattern) on(day time.Time) bool {
	week := m.days == 0 || m.days&(1<<day.Weekday()) != 0
	last := day.AddDate(0, 0, 1).Month() != day.Month()
	dated := m.day == 0 || int(m.day) == day.Day() || last && int(m.day) > day.Day()
	in := m.instance == 0
	for n, d := 0, day; !in && week; d = d.AddDate(0, 0, -1) { // which of the days it is in its month
		if d.Month() != day.Month() {
			in = n == int(m.instance)
			break
		}
		if m.days&(1<<d.Weekday()) != 0 {
			n++
		}
	}
	if m.instance == 5 && week {
		in = true
		for d := day.AddDate(0, 0, 1); d.Month() == day.Month(); d = d.AddDate(0, 0, 1) {
			in = in && m.days&(1<<d.Weekday()) == 0
		}
	}
	return week && dated && in && (m.month == 0 || int(m.month) == int(day.Month()))
}

// inMonth finds the day of the month that a rule means.
func (m *pattern) inMonth(r *recur.Rule, start time.Time) bool {
	days := r.ByMonthDay
	if len(days) == 0 && len(r.ByDay) == 0 && len(r.BySetPos) == 0 {
		days = []int{start.Day()}
	}
	switch {
	case len(r.ByDay) == 0 && len(days) == 1 && len(r.BySetPos) == 0:
		// A rule leaves out the months without that day, a pattern takes their last.
		if days[0] == -1 {
			m.day = 31
		} else if days[0] >= 1 && days[0] <= 28 {
			m.day = uint8(days[0])
		}
		return m.day != 0
	case len(r.ByDay) == 0 && len(days) > 1 && days[0] == 28 && days[len(days)-1] == 27+len(days) && slices.Equal(r.BySetPos, []int{-1}):
		m.day = uint8(days[len(days)-1])
		return true
	case len(r.ByDay) == 0 || len(r.ByMonthDay) > 0:
		return false
	}
	var n int
	if len(r.ByDay) == 1 && len(r.BySetPos) == 0 {
		n = r.ByDay[0].N
		m.days = 1 << r.ByDay[0].Day
	} else {
		var ok bool
		if m.days, ok = dayBits(r.ByDay); !ok || len(r.BySetPos) != 1 {
			return false
		}
		n = r.BySetPos[0]
	}
	switch {
	case n >= 1 && n <= 4:
		m.instance = uint8(n)
	case n == -1:
		m.instance = 5
	}
	return m.instance != 0
}

// dayBits are the days of the week, each without a number.
func dayBits(days []recur.WeekdayNum) (bits uint16, ok bool) {
	for _, d := range days {
		if d.N != 0 {
			return 0, false
		}
		bits |= 1 << d.Day
	}
	return bits, bits != 0
}

// ruleOf is the RRULE that the properties of a pattern say; "" without any.
func ruleOf(vs *valuebag.Values, start recur.Stamp) (string, error) {
	kind, err := vs.GetUint32(MessageObjPatternType)
	if err != nil {
		return "", nil //nolint:nilerr // the item doesn't repeat
	}
	period, err := vs.GetUint32(MessageObjPatternPeriod)
	if err != nil || period == 0 {
		period = 1
	}
	bits, _ := vs.GetUint16(MessageObjPatternDayOfWeek)
	day, _ := vs.GetUint8(MessageObjPatternDayOfMonth)
	month, _ := vs.GetUint8(MessageObjPatternMonthOfYear)
	instance, _ := vs.GetUint8(MessageObjPatternInstance)
	if kind < 1 || kind > 4 || period > 1000 || bits > 0x7f || day > 31 || month > 12 || instance > 5 {
		return "", fmt.Errorf("type %d, period %d, days %#x, day %d, month %d, instance %d: %w", kind, period, bits, day, month, instance, ErrPattern)
	}
	out := "FREQ=" + []string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}[kind-1]
	if period > 1 {
		out += ";INTERVAL=" + strconv.Itoa(int(period))
	}
	if kind == 4 && (month != 0 || bits != 0) {
		if month == 0 {
			month = uint8(start.Wall.Month())
		}
		out += ";BYMONTH=" + strconv.Itoa(int(month))
	}
	var days []string
	for i, name := range []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"} {
		if bits&(1<<i) != 0 {
			days = append(days, name)
		}
	}
	position := strconv.Itoa(int(instance))
	if instance == 5 {
		position = "-1"
	}
	switch {
	case kind == 1:
	case kind == 2:
		if len(days) > 0 {
			out += ";BYDAY=" + strings.Join(days, ",")
		}
	case len(days) == 1 && instance > 0:
		out += ";BYDAY=" + position + days[0]
	case len(days) > 0 && instance > 0:
		out += ";BYDAY=" + strings.Join(days, ",") + ";BYSETPOS=" + position
	case day == 31:
		out += ";BYMONTHDAY=-1"
	case day == 29:
		out += ";BYMONTHDAY=28,29;BYSETPOS=-1"
	case day == 30:
		out += ";BYMONTHDAY=28,29,30;BYSETPOS=-1"
	case day > 0:
		out += ";BYMONTHDAY=" + strconv.Itoa(int(day))
	}
	if end, err := vs.GetString(MessageObjPatternValidEndDate); err == nil && end != "" {
		until, err := time.Parse("20060102", end[:min(len(end), 8)])
		if err != nil {
			return "", fmt.Errorf("the date %q of the last occurrence: %w", end, ErrPattern)
		}
		out += ";UNTIL=" + untilOf(start, until)
	}
	return out, nil
}

// untilOf is UNTIL at the end of a day on the start's clock: of the kind that the start
// has (RFC 5545, 3.3.10).
func untilOf(start recur.Stamp, day time.Time) string {
	end := day.Add(24*time.Hour - time.Second)
	switch {
	case start.Date:
		return day.Format("20060102")
	case start.Zone == nil:
		return end.Format("20060102T150405")
	}
	return start.Zone.Resolve(end).UTC().Format("20060102T150405Z")
}

// WPDOccurrences gives the changed occurrences of a series as a device service holds
// them: each an object of its own, named by MessageObjPatternOriginalDateTime. Those that
// are called off are among the dates that don't happen on the device, and not here. zone is
// the phone's, as of [Kind.WPD].
func (k *Kind) WPDOccurrences(item *valuebag.Values, zone *time.Location) []*valuebag.Values {
	p, err := k.parseFor(item, zone)
	if err != nil || k.card() {
		return nil
	}
	var out []*valuebag.Values
	overrides := p.overrides
	for _, o := range overrides {
		l := p.line(o, "RECURRENCE-ID")
		if l == nil || strings.EqualFold(strings.TrimSpace(p.lineValue(o, "STATUS")), "CANCELLED") {
			continue
		}
		at, _, ok := p.when(l)
		if !ok {
			continue
		}
		vs := valuebag.New(8)
		p.wpdEntry(vs, o)
		vs.SetString(MessageObjPatternOriginalDateTime, at.Format("20060102T150405Z"))
		out = append(out, vs)
	}
	return out
}
