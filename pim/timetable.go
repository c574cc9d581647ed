package pim

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cradle/pim/recur"
	"cradle/valuebag"
)

// Timetable is when a calendar item happens, read from its text.
type Timetable struct {
	recur.Series
	// DueDate says that a task's end is a date (DUE), which the series holds as the midnight after
	// it.
	DueDate bool
	// Due says that the item is a task with a DUE; without a DTSTART it is the start as well.
	Due bool
	// Zones are the TZIDs that the file defines itself, as nothing else knows them.
	Zones []string
	// Problems are the parts that can't be used, each with what stands instead. The rest counts.
	Problems []string
	// Components holds, for each override, its path as in [Property], to find its lines by.
	Components []string
}

// Dated reports whether the item has a time at all. A note or task may have none.
func (t *Timetable) Dated() bool { return !t.Start.IsZero() || len(t.Override) > 0 }

// Timetable reads when an item of the text happens. What can't be used (a rule that is none, a
// zone that nobody defines) is listed in Problems. Errors: ErrNoObject, ErrSeveral, ErrLimit.
func (k *Kind) Timetable(text []byte) (*Timetable, error) {
	src, _ := sourceText(text)
	if k.card() {
		return nil, fmt.Errorf("%s have no times: %w", k.name, ErrNoObject)
	}
	p, err := k.parseItem(src)
	if err != nil {
		return nil, err
	}
	r := timeReader{parsed: p, t: &Timetable{}, zones: map[string]*recur.Zone{}}
	r.read()
	return r.t, nil
}

// Overlaps reports whether an item happens in the window from ≤ t < to, as a filter of a calendar
// asks (RFC 4791 §9.9): an item without a time is in every window, and so is one whose text or
// rule can't be used, so that a filter never leaves out what it doesn't understand. floating is
// the zone of dates and of times that name none. The error is the context's.
func (k *Kind) Overlaps(ctx context.Context, item *valuebag.Values, from, to time.Time, floating *time.Location) (bool, error) {
	if k.card() {
		return true, nil
	}
	t, err := k.Timetable(k.Text(item))
	if err != nil || !t.Dated() {
		return true, ctx.Err()
	}
	in, err := t.Series.Overlaps(ctx, from, to, recur.InLocation(floating))
	if err != nil {
		return true, ctx.Err()
	}
	return in, nil
}

// timeReader makes the timetable of an item.
type timeReader struct {
	*parsed
	t     *Timetable
	zones map[string]*recur.Zone // nil: not known
}

func (r *timeReader) problem(format string, args ...any) {
	if len(r.t.Problems) < 100 {
		r.t.Problems = append(r.t.Problems, fmt.Sprintf(format, args...))
	}
}

func (r *timeReader) read() {
	t := r.t
	if r.main != 0 {
		m := r.component(r.main)
		t.Start, t.Cancelled = m.start, m.cancelled
		if m.length != nil {
			t.Length = *m.length
		} else if m.start.Date {
			t.Length = recur.Length{Days: 1}
		}
		r.repeats(r.main)
	}
	rows := rowsOf(r.parsed.t)
	for _, c := range r.overrides {
		l := r.line(c, "RECURRENCE-ID")
		if l == nil {
			continue // a second master of the same UID
		}
		id, ok := r.stamp(l)
		if !ok {
			continue
		}
		m := r.component(c)
		o := recur.Override{ID: id, Start: m.start, Length: m.length, Cancelled: m.cancelled,
			ThisAndFuture: strings.EqualFold(l.Param("RANGE"), "THISANDFUTURE")}
		if o.Length == nil && m.start.Date && !t.Start.Date {
			o.Length = &recur.Length{Days: 1}
		}
		t.Override = append(t.Override, o)
		t.Components = append(t.Components, rows.paths[c])
	}
	slices.Sort(t.Zones)
}

// times are the start and length of one component.
type times struct {
	start     recur.Stamp
	length    *recur.Length
	cancelled bool
}

func (r *timeReader) component(c int) times {
	var m times
	m.cancelled = strings.EqualFold(strings.TrimSpace(r.lineValue(c, "STATUS")), "CANCELLED")
	start, end := r.line(c, "DTSTART"), r.line(c, "DTEND")
	if r.kind == Tasks {
		if due := r.line(c, "DUE"); due != nil {
			end, r.t.Due = due, true
		}
	}
	var ok bool
	if start != nil {
		m.start, ok = r.stamp(start)
	}
	var until recur.Stamp
	if end != nil {
		until, _ = r.stamp(end)
	}
	if !ok && r.kind == Tasks {
		m.start = until
	}
	if until.Date && r.kind == Tasks {
		r.t.DueDate = true
		until.Wall = until.Wall.AddDate(0, 0, 1)
	}
	if ok && endsBefore(m.start, until) {
		r.problem("line %d: %s is before DTSTART, so the length is left open", end.Number, end.Name)
	}
	switch {
	case m.start.IsZero():
	case !until.IsZero():
		n := recur.Between(m.start, until)
		if m.start.Date && until.Date {
			n.Days = max(n.Days, 1) // some write the day itself as the end
		}
		m.length = &n
	default:
		if l := r.line(c, "DURATION"); l != nil {
			if n, ok := r.duration(l.RawValue); ok {
				m.length = &n
			} else {
				r.problem("line %d: DURATION %q is none, so the length is left open", l.Number, clip(l.RawValue))
			}
		}
	}
	return m
}

// endsBefore reports an end before the start; a time that floats is on the other's clock.
func endsBefore(start, end recur.Stamp) bool {
	if start.IsZero() || end.IsZero() {
		return false
	}
	z := start.Zone
	if z == nil {
		z = end.Zone
	}
	if z == nil {
		z = recur.UTC
	}
	return end.In(z).Before(start.In(z))
}

// duration reads a DURATION: weeks and days are nominal, hours and finer exact.
func (r *timeReader) duration(v string) (recur.Length, bool) {
	d, ok := parseDuration(v)
	if !ok || d < 0 {
		return recur.Length{}, false
	}
	// What stands before the T is days, whatever number of hours stands behind it.
	date, clock, timed := strings.Cut(strings.ToUpper(v), "T")
	if !timed {
		return recur.Length{Days: int(d / (24 * time.Hour))}, true
	}
	exact, ok := parseDuration("PT" + clock)
	if strings.Trim(date, "+- ") == "P" {
		exact, ok = d, true
	}
	return recur.Length{Days: int((d - exact) / (24 * time.Hour)), Exact: exact}, ok
}

// repeats reads what repeats the master.
func (r *timeReader) repeats(c int) {
	t, text := r.t, r.parsed.t
	end := text.Components[c].End
	for i := text.linesFrom(text.Components[c].BodyStart); i < len(text.Lines) && text.Lines[i].Start < end; i++ {
		l := &text.Lines[i]
		if l.Component != c || l.Junk {
			continue
		}
		switch l.Name {
		case "RRULE", "EXRULE":
			v := modernise(l, r.dialect()).value
			rules, err := recur.ParseRules(v)
			if err != nil {
				r.problem("line %d: %s is left out: %v", l.Number, l.Name, err)
				continue
			}
			if l.Name == "RRULE" {
				t.Rules = append(t.Rules, rules...)
			} else {
				t.ExRules = append(t.ExRules, rules...)
			}
		case "EXDATE":
			for _, v := range dateList(l.RawValue) {
				if s, ok := r.value(l, v); ok {
					t.ExDates = append(t.ExDates, s)
				}
			}
		case "RDATE":
			for _, v := range dateList(l.RawValue) {
				r.extra(l, v)
			}
		}
	}
}

// dialect is the text's, for reading values.
func (r *timeReader) dialect() Dialect {
	if r.d == 0 {
		return ICalendar2
	}
	return r.d
}

// dateList splits a list of dates; vCalendar 1.0 has semicolons.
func dateList(v string) []string {
	return strings.FieldsFunc(v, func(c rune) bool { return c == ',' || c == ';' || c == ' ' })
}

// extra reads a value of RDATE, which may be a period.
func (r *timeReader) extra(l *Line, v string) {
	from, to, period := strings.Cut(v, "/")
	start, ok := r.value(l, from)
	if !ok {
		return
	}
	x := recur.Extra{Start: start}
	if period {
		if strings.HasPrefix(strings.ToUpper(to), "P") {
			if n, ok := r.duration(to); ok {
				x.Length = &n
			}
		} else if end, ok := r.value(l, to); ok {
			n := recur.Between(start, end)
			x.Length = &n
		}
	}
	r.t.Dates = append(r.t.Dates, x)
}

// stamp reads a line's DATE or DATE-TIME.
func (r *timeReader) stamp(l *Line) (recur.Stamp, bool) { return r.value(l, l.RawValue) }

func (r *timeReader) value(l *Line, v string) (recur.Stamp, bool) {
	s, err := recur.ParseStamp(v, r.zone(l))
	if err != nil {
		r.problem("line %d: %s is left out: %v", l.Number, l.Name, err)
		return s, false
	}
	return s, true
}

// zone is the zone that a line names, nil for none.
func (r *timeReader) zone(l *Line) *recur.Zone {
	id := l.Param("TZID")
	if id == "" {
		if isZoned(l.Name) || isOldAlarm(l.Name) {
			return r.clock()
		}
		return nil
	}
	if z, ok := r.zones[id]; ok {
		return z
	}
	z := r.findZone(id)
	r.zones[id] = z
	if z == nil {
		r.problem("line %d: nobody knows the time zone %q: its times are shown as the clock of the place where you are", l.Number, clip(id))
	}
	return z
}

// findZone looks for a zone by the name, by X-LIC-LOCATION, then in the file's own definition.
func (r *timeReader) findZone(id string) *recur.Zone {
	if z, ok := recur.LoadZone(id); ok {
		return z
	}
	c := r.parsed.zone(id)
	if c == 0 {
		return nil
	}
	if z, ok := recur.LoadZone(r.lineValue(c, "X-LIC-LOCATION")); ok {
		return z
	}
	z, err := recur.NewZone(id, r.observances(c))
	if err != nil {
		r.problem("VTIMEZONE: %v", err)
		return nil
	}
	r.t.Zones = append(r.t.Zones, id)
	return z
}

// observances reads the STANDARD and DAYLIGHT components of a VTIMEZONE.
func (r *timeReader) observances(zone int) []recur.Observance {
	var out []recur.Observance
	for _, c := range r.parsed.t.Children(zone) {
		if name := r.parsed.t.Components[c].Name; name != "STANDARD" && name != "DAYLIGHT" {
			continue
		}
		o := recur.Observance{Name: r.lineValue(c, "TZNAME")}
		var ok1, ok2 bool
		o.From, ok1 = utcOffset(r.lineValue(c, "TZOFFSETFROM"))
		o.To, ok2 = utcOffset(r.lineValue(c, "TZOFFSETTO"))
		l := r.line(c, "DTSTART")
		if l == nil || !ok1 && !ok2 {
			continue
		}
		if !ok1 {
			o.From = o.To
		} else if !ok2 {
			o.To = o.From
		}
		if o.Start, ok1 = r.stamp(l); !ok1 {
			continue
		}
		text := r.parsed.t
		for i := text.linesFrom(text.Components[c].BodyStart); i < len(text.Lines) && text.Lines[i].Start < text.Components[c].End; i++ {
			l := &text.Lines[i]
			if l.Component != c {
				continue
			}
			switch l.Name {
			case "RRULE":
				if rule, err := recur.ParseRule(l.RawValue); err != nil {
					r.problem("line %d: VTIMEZONE: %v", l.Number, err)
				} else {
					o.Rules = append(o.Rules, rule)
				}
			case "RDATE":
				for _, v := range dateList(l.RawValue) {
					if s, ok := r.value(l, v); ok {
						o.Dates = append(o.Dates, s)
					}
				}
			}
		}
		out = append(out, o)
	}
	return out
}

// utcOffset reads a UTC-OFFSET (RFC 5545 §3.3.14): +0100, -0330, +013020, and +01:00.
func utcOffset(v string) (seconds int, ok bool) {
	v = strings.ReplaceAll(strings.TrimSpace(v), ":", "")
	if v == "" {
		return 0, false
	}
	sign := 1
	if v[0] == '-' || v[0] == '+' {
		if v[0] == '-' {
			sign = -1
		}
		v = v[1:]
	}
	if len(v) != 4 && len(v) != 6 {
		return 0, false
	}
	n := 0
	for i, scale := 0, 3600; i < len(v); i, scale = i+2, scale/60 {
		if v[i] < '0' || v[i] > '9' || v[i+1] < '0' || v[i+1] > '9' {
			return 0, false
		}
		n += (int(v[i]-'0')*10 + int(v[i+1]-'0')) * scale
	}
	return sign * n, n < 24*3600
}
