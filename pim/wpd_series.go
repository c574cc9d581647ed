package pim

import (
	"slices"
	"strings"
	"time"

	"cradle/pim/recur"
	"cradle/valuebag"
)

// patternKeys are what a rule is made of, but for the start.
var patternKeys = []valuebag.PropertyKey{MessageObjPatternType, MessageObjPatternPeriod, MessageObjPatternDayOfWeek, MessageObjPatternDayOfMonth,
	MessageObjPatternMonthOfYear, MessageObjPatternInstance, MessageObjPatternValidEndDate}

// pattern brings a changed pattern back as a rule, and dates that the device's user took
// out of the series, or put back, as exclusions. A rule that the device's pattern still
// says stays as it is written, with its COUNT.
func (w *wpdBack) pattern() error {
	differs := func(k valuebag.PropertyKey) bool {
		a, err1 := w.was.Get(k)
		b, err2 := w.now.Get(k)
		return (err1 == nil) != (err2 == nil) || err1 == nil && !a.Equal(b)
	}
	start := w.start
	if start.IsZero() {
		start = recur.Stamp{Zone: recur.UTC, Wall: w.at.UTC()}
	}
	if slices.ContainsFunc(patternKeys, differs) {
		rule, err := ruleOf(w.now, start)
		if err != nil {
			return err
		}
		w.put("RRULE", "", rule)
		w.ruled = true
	}
	was, now, ok := w.changed(MessageObjPatternDeleteDates)
	if !ok {
		return nil
	}
	before, after := strings.Split(was, ";"), strings.Split(now, ";")
	for i := range w.t.Lines {
		l := &w.t.Lines[i]
		if l.Component != w.main || l.Name != "EXDATE" {
			continue
		}
		row, r := w.r.property(l, w.pos[i]), w.parsed.times()
		values := dateList(row.Value)
		kept := slices.DeleteFunc(slices.Clone(values), func(v string) bool {
			s, ok := r.value(l, v)
			d := clockDate(s, w.from.Zone)
			return ok && slices.Contains(before, d) && !slices.Contains(after, d)
		})
		switch {
		case len(kept) == 0:
			w.gone[i] = true
		case len(kept) < len(values):
			w.row(i).Value = w.dates(kept)
		}
	}
	for _, d := range after {
		day, ok := serviceDate(d)
		if !ok || slices.Contains(before, d) {
			continue
		}
		w.added = append(w.added, w.exclusion(start, day))
	}
	return nil
}

// exclusion is a line that takes the occurrence of a day out of a series.
func (w *wpdBack) exclusion(start recur.Stamp, day time.Time) Property {
	x := recur.Stamp{Wall: day, Date: start.Date}
	if !start.Date {
		x.Wall, x.Zone = day.Add(start.Wall.Sub(start.Wall.Truncate(24*time.Hour))), start.Zone
		if z := start.Zone; z != nil {
			x.Wall, x.Zone = z.Resolve(x.Wall).UTC(), recur.UTC
		}
	}
	return w.stampRow("EXDATE", x)
}

// dates writes a list of dates.
func (w *wpdBack) dates(values []string) string {
	if w.d == VCalendar1 {
		return strings.Join(values, ";")
	}
	return strings.Join(values, ",")
}

// patternStart is the start as the device's user moved it by the pattern alone, on its own
// clock.
func (w *wpdBack) patternStart(s recur.Stamp) recur.Stamp {
	if !w.was.Has(MessageObjPatternType) || !w.now.Has(MessageObjPatternType) {
		return s
	}
	day := s.Wall.Truncate(24 * time.Hour)
	clock := s.Wall.Sub(day)
	if _, now, ok := w.changed(MessageObjPatternValidStartDate); ok {
		if to, ok := serviceDate(now); ok {
			day = to.Truncate(24 * time.Hour)
		}
	}
	if _, now, ok := w.changed(CalendarObjPatternStartTime); ok && !s.Date {
		if to, ok := serviceClock(now); ok {
			clock = to
		}
	}
	s.Wall = day.Add(clock)
	return s
}

// patternLength brings back a length that the device's user changed by the pattern alone: in
// the line of the end, which was that, or in one of the length.
func (w *wpdBack) patternLength(line int, end recur.Stamp) {
	was, err1 := w.was.GetUint32(CalendarObjPatternDuration)
	now, err2 := w.now.GetUint32(CalendarObjPatternDuration)
	if err1 != nil || err2 != nil || was == now || now > 366*24*60 {
		return
	}
	length := time.Duration(now) * time.Minute
	switch {
	case end.IsZero():
		w.row(line).Value = durationText(length)
	case end.Date:
		if length > 0 && length%(24*time.Hour) == 0 {
			to := end
			to.Wall = w.start.Wall.Add(length)
			w.setStamp(line, end, to)
		}
	case end.Zone == nil:
		to := end
		to.Wall = w.start.Wall.Add(length)
		w.setStamp(line, end, to)
	default:
		c, to := w.phoneClock(), end
		if sameZone(end.Zone, w.from.Zone) {
			to.Zone = w.start.Zone
		}
		to.Wall = to.Zone.Wall(w.start.In(c).Add(length))
		w.setStamp(line, end, to)
	}
}

// followMove moves what the series says of its occurrences by their times, now that its
// start moved: exclusions, further dates, the end of a rule that the device left as it is,
// and changed occurrences.
func (w *wpdBack) followMove() {
	if !w.follow || w.moved.by == 0 && sameZone(w.moved.from.Zone, w.moved.to) {
		return
	}
	r := w.parsed.times()
	for i := range w.t.Lines {
		l := &w.t.Lines[i]
		if l.Component != w.main || l.Junk || w.gone[i] {
			continue
		}
		switch l.Name {
		case "EXDATE", "RDATE":
			w.follows(r, i)
		case "RRULE", "EXRULE":
			if l.Name == "RRULE" && w.ruled {
				continue
			}
			m := modernise(l, w.d)
			if v := w.moved.rule(m.value); v != m.value {
				if w.d == VCalendar1 {
					v = oldCalendar1(l.Name, v)
				}
				w.row(i).Value = v
			}
		}
	}
	for _, o := range w.overrides {
		id := w.lineAt(o, "RECURRENCE-ID")
		if id < 0 {
			continue
		}
		at, ok := r.stamp(&w.t.Lines[id])
		if !ok {
			continue
		}
		w.follows(r, id)
		start := w.lineAt(o, "DTSTART")
		if start < 0 {
			continue
		}
		if begins, ok := r.stamp(&w.t.Lines[start]); !ok || begins.Date != at.Date || !begins.In(nil).Equal(at.In(nil)) {
			continue // it has a time of its own
		}
		for _, name := range []string{"DTSTART", "DTEND", "DUE"} {
			if l := w.lineAt(o, name); l >= 0 {
				w.follows(r, l)
			}
		}
	}
}

// follows moves the times of a line.
func (w *wpdBack) follows(r *timeReader, line int) {
	values := dateList(w.peek(line).Value)
	if w.moved.values(values, r.zone(&w.t.Lines[line])) {
		w.row(line).Value = w.dates(values)
	}
}
