package pim

import (
	"strings"
	"time"

	"cradle/pim/recur"
	"cradle/valuebag"
)

// phoneClock is the clock that a view shows dates and times without a zone on.
func (p *parsed) phoneClock() *recur.Zone {
	if p.phone == nil {
		return recur.UTC
	}
	return p.phone
}

// serviceTime is a time as the services write it.
func serviceTime(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// serviceDate reads a time or a date of a service.
func serviceDate(s string) (time.Time, bool) {
	s = strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(s)), "Z")
	s, _, _ = strings.Cut(s, ".")
	for _, f := range []string{"20060102T150405", "20060102"} {
		if t, err := time.Parse(f, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// serviceClock reads a time of day of a service: 100000.0.
func serviceClock(s string) (time.Duration, bool) {
	s, _, _ = strings.Cut(strings.TrimSpace(s), ".")
	t, err := time.Parse("150405", s)
	return t.Sub(t.Truncate(24 * time.Hour)), err == nil
}

func midnight(t time.Time) bool { return t.Equal(t.Truncate(24 * time.Hour)) }

// instant gives what a view says of a time, by the service's key where that changed.
func (w *wpdBack) instant(service, wpd valuebag.PropertyKey) (was, now time.Time, had, has bool) {
	if a, b, ok := w.changed(service); ok {
		was, had = serviceDate(a)
		now, has = serviceDate(b)
		return was, now, had, has
	}
	a, err1 := w.was.GetDate(wpd)
	b, err2 := w.now.GetDate(wpd)
	return a, b, err1 == nil, err2 == nil
}

// namedZone is the zone that the device names for an appointment, nil for none that anybody
// knows.
func (w *wpdBack) namedZone() *recur.Zone {
	id, _ := w.now.GetString(CalendarObjTimeZone)
	z, _ := recur.LoadZone(id)
	return z
}

// zoneOfNew is the zone that times are written in which the device is the first to give:
// the one that it names, else the phone's own where that has a name, else UTC.
func (w *wpdBack) zoneOfNew() *recur.Zone {
	if z := w.namedZone(); z != nil {
		return z
	}
	if z, ok := recur.LoadZone(w.phoneClock().Name()); ok {
		return z
	}
	return recur.UTC
}

// dayClock is the clock on which all of the times are midnights, nil if there is none: the
// phone's, or the one of the zone that it names.
func (w *wpdBack) dayClock(times ...time.Time) *recur.Zone {
next:
	for _, z := range []*recur.Zone{w.phoneClock(), w.namedZone()} {
		if z == nil {
			continue
		}
		for _, t := range times {
			if !midnight(z.Wall(t)) {
				continue next
			}
		}
		return z
	}
	return nil
}

// wpdSpan is a start and an end in a view, before and after.
type wpdSpan struct {
	startWas, startNow, endWas, endNow time.Time
	hadStart, hasStart, hadEnd, hasEnd bool
}

func (s *wpdSpan) movedStart() bool {
	return s.hadStart && s.hasStart && !s.startWas.Equal(s.startNow)
}

func (s *wpdSpan) movedEnd() bool { return s.hadEnd && s.hasEnd && !s.endWas.Equal(s.endNow) }

// follow lets the end move with a start that alone was moved, to where the end was or behind
// it: an entry that ends before it begins is what nobody means.
func (s *wpdSpan) follow() {
	if s.movedStart() && s.hadEnd && s.hasEnd && !s.movedEnd() && s.endWas.After(s.startWas) && !s.endNow.After(s.startNow) {
		s.endNow = s.endNow.Add(s.startNow.Sub(s.startWas))
	}
}

// longer reports another length.
func (s *wpdSpan) longer() bool {
	return s.hasStart && s.hasEnd && s.endNow.Sub(s.startNow) != s.endWas.Sub(s.startWas)
}

// times moves the start and the end by as much as the device's user did, on their own
// clocks, or on that of the zone that the device names now. A day stays a day as long as the
// device says midnights.
func (w *wpdBack) times() {
	endName := map[*Kind]string{Events: "DTEND", Tasks: "DUE"}[w.kind]
	var s wpdSpan
	s.startWas, s.startNow, s.hadStart, s.hasStart = w.instant(CalendarObjBeginDateTime, valuebag.WPDCommonInformationStartDatetime)
	s.endWas, s.endNow, s.hadEnd, s.hasEnd = w.instant(CalendarObjEndDateTime, valuebag.WPDCommonInformationEndDatetime)
	s.follow()
	if w.kind == Tasks {
		if s.hadStart == s.hasStart && !s.movedStart() {
			w.taskDay("DTSTART", TaskObjBeginDate)
		}
		if s.hadEnd == s.hasEnd && !s.movedEnd() {
			w.taskDay("DUE", TaskObjEndDate)
		}
	}
	r := w.parsed.times()
	line := w.first("DTSTART")
	if line < 0 {
		w.newTimes(&s, endName)
		return
	}
	from, ok := r.stamp(&w.t.Lines[line])
	if !ok {
		if s.movedStart() { // what stands there is no time
			w.setStamp(line, recur.Stamp{}, w.newStamp(s.startNow, false))
		}
		return
	}
	w.start, w.from = from, from
	w.rezone(from)
	switch {
	case s.movedStart():
		w.start = w.moveTo(from, s.startWas, s.startNow, w.dayClockOf(&s))
	case w.zone != nil:
		w.start = w.moveTo(from, s.startNow, s.startNow, nil)
	default:
		w.start = w.patternStart(from)
	}
	if w.start != from {
		w.setStamp(line, from, w.start)
		w.follow = from.Date == w.start.Date && (from.Zone == nil) == (w.start.Zone == nil)
		w.moved = move{from: from, by: w.start.Wall.Sub(from.Wall), to: w.start.Zone}
	}
	w.end(&s, from, endName)
}

// dayClockOf is the clock on which an entry's times are whole days.
func (w *wpdBack) dayClockOf(s *wpdSpan) *recur.Zone {
	if s.hasEnd {
		return w.dayClock(s.startNow, s.endNow)
	}
	return w.dayClock(s.startNow)
}

// rezone notes a zone that the device's user chose for an appointment with times. A name
// that nobody knows says nothing, and vCalendar 1.0 names no zones.
func (w *wpdBack) rezone(start recur.Stamp) {
	if _, _, ok := w.changed(CalendarObjTimeZone); !ok || start.Date || w.d == VCalendar1 {
		return
	}
	if z := w.namedZone(); z != nil && (start.Zone == nil || z.Name() != start.Zone.Name()) {
		w.zone = z
	}
}

// end brings a changed end back, or a changed length.
func (w *wpdBack) end(s *wpdSpan, from recur.Stamp, name string) {
	r := w.parsed.times()
	end, length := w.first(name), w.first("DURATION")
	by, also := w.start.Wall.Sub(from.Wall), w.start != from && !s.movedStart() // the start moved by the pattern or to another zone
	switch {
	case end >= 0:
		was, ok := r.stamp(&w.t.Lines[end])
		switch {
		case s.hadEnd && !s.hasEnd:
			w.gone[end] = true
		case !ok && s.movedEnd():
			w.setStamp(end, recur.Stamp{}, w.newStamp(s.endNow, false))
		case !ok:
		case s.movedEnd() || w.zone != nil:
			to := w.zone
			if sameZone(was.Zone, from.Zone) {
				w.zone = to
			} else {
				w.zone = nil // an end somewhere else
			}
			w.setStamp(end, was, w.moveTo(was, s.endWas, s.endNow, w.dayClockOf(s)))
			w.zone = to
		case was.Date && from.Date && !w.start.Date: // both are days, or neither
			w.setStamp(end, was, w.moveTo(was, s.endNow, s.endNow, nil))
		case also:
			now := was
			now.Wall = was.Wall.Add(by)
			w.setStamp(end, was, now)
		}
		if ok && !s.movedEnd() {
			w.patternLength(end, was)
		}
	case length >= 0:
		if d := s.endNow.Sub(s.startNow); s.longer() && d > 0 {
			w.row(length).Value = durationText(d)
			return
		}
		w.patternLength(length, recur.Stamp{})
	case s.hasEnd && (s.movedEnd() || !s.hadEnd):
		c := w.phoneClock()
		if w.start.Date && s.hadStart && s.hadEnd && c.Wall(s.endNow).Sub(c.Wall(s.startNow)) == c.Wall(s.endWas).Sub(c.Wall(s.startWas)) {
			return // a day, which no line says the end of
		}
		to := w.newStamp(s.endNow, w.start.Date)
		if !w.start.Date && !to.Date { // on the clock of the start
			if z := w.start.Zone; z == nil {
				to.Zone, to.Wall = nil, c.Wall(s.endNow)
			} else {
				to.Zone, to.Wall = z, z.Wall(s.endNow)
			}
		}
		w.added = append(w.added, w.stampRow(name, to))
	}
}

func sameZone(a, b *recur.Zone) bool { return a == b || a != nil && b != nil && a.Name() == b.Name() }

// moveTo is a time of the item as the device's user moved it. day is the clock on which the
// device says whole days, nil if it says times.
func (w *wpdBack) moveTo(s recur.Stamp, was, now time.Time, day *recur.Zone) recur.Stamp {
	c := w.phoneClock()
	switch {
	case s.Date && day != nil:
		date := func(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }
		s.Wall = s.Wall.Add(date(day.Wall(now)).Sub(date(c.Wall(was))))
		return s
	case s.Date:
		return w.newStamp(now, false)
	}
	at, z := s.In(c).Add(now.Sub(was)), s.Zone
	if w.zone != nil {
		z = w.zone
	}
	if z == nil {
		s.Wall = c.Wall(at)
		return s
	}
	s.Wall, s.Zone = z.Wall(at), z
	return s
}

// newStamp is a time that the device is the first to give, as a date on the clock of its
// whole days if it is one.
func (w *wpdBack) newStamp(t time.Time, date bool) recur.Stamp {
	if z := w.dayClock(t); date && z != nil {
		return recur.Stamp{Wall: z.Wall(t), Date: true}
	}
	z := w.zoneOfNew()
	if w.d == VCalendar1 {
		z = recur.UTC
	}
	return recur.Stamp{Wall: z.Wall(t), Zone: z}
}

// stampRow is a new line with a time.
func (w *wpdBack) stampRow(name string, s recur.Stamp) Property {
	p := Property{Name: name, Value: s.String()}
	switch {
	case s.Date && w.d != VCalendar1:
		p.Params = "VALUE=DATE"
	case !s.Date && s.Zone != nil && s.Zone != recur.UTC:
		p.Params = joinParams([]Param{{Name: "TZID", Values: []string{s.Zone.Name()}}})
	}
	return p
}

// setStamp writes a time of a line anew, with the parameters that say what it is.
func (w *wpdBack) setStamp(line int, was, now recur.Stamp) {
	if y := now.Wall.Year(); now.IsZero() || y < 1 || y > 9999 {
		return // no time that can be written
	}
	row := w.row(line)
	row.Value = now.String()
	if was.Date != now.Date || was.IsZero() {
		value := ""
		if now.Date && w.d != VCalendar1 {
			value = "DATE"
		}
		setRowParam(row, "VALUE", value)
	}
	switch {
	case now.Date || now.Zone == recur.UTC:
		setRowParam(row, "TZID", "")
	case !sameZone(was.Zone, now.Zone) && now.Zone != nil:
		setRowParam(row, "TZID", now.Zone.Name())
	}
}

// newTimes are those of an entry that had no start: of whole days where both are midnights,
// else in the zone that the device names.
func (w *wpdBack) newTimes(s *wpdSpan, endName string) {
	end := w.first(endName)
	days := w.kind == Tasks
	if w.kind == Events && s.hasStart && s.hasEnd && s.endNow.After(s.startNow) {
		days = w.dayClock(s.startNow, s.endNow) != nil
	}
	if s.hasStart && (!s.hadStart || s.movedStart()) {
		w.start = w.newStamp(s.startNow, days)
		w.from = w.start
		w.added = append(w.added, w.stampRow("DTSTART", w.start))
	}
	switch {
	case end < 0 && s.hasEnd && !s.hadEnd:
		to := w.newStamp(s.endNow, days)
		w.added = append(w.added, w.stampRow(endName, to))
	case end >= 0 && s.hadEnd && !s.hasEnd:
		w.gone[end] = true
	case end >= 0 && s.movedEnd():
		if was, ok := w.parsed.times().stamp(&w.t.Lines[end]); ok {
			w.setStamp(end, was, w.moveTo(was, s.endWas, s.endNow, w.dayClock(s.endNow)))
		}
	}
}

// taskDay brings a date back; the time of day stays.
func (w *wpdBack) taskDay(name string, k valuebag.PropertyKey) {
	was, now, ok := w.changed(k)
	if !ok {
		return
	}
	to, there := serviceDate(now)
	from, had := serviceDate(was)
	i := w.first(name)
	switch {
	case !there && now == "":
		w.put(name, "", "")
	case !there:
	case i < 0:
		w.added = append(w.added, w.stampRow(name, recur.Stamp{Wall: to, Date: true}))
	case had:
		if s, ok := w.parsed.times().stamp(&w.t.Lines[i]); ok {
			if c := w.phoneClock(); s.Zone == recur.UTC { // the date is that of the phone's clock
				s.Wall = c.Resolve(c.Wall(s.In(c)).Add(to.Sub(from))).UTC()
			} else {
				s.Wall = s.Wall.Add(to.Sub(from))
			}
			w.row(i).Value = s.String()
		}
	}
}
