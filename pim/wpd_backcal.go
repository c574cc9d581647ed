package pim

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"cradle/pim/recur"
	"cradle/valuebag"
)

// calendar brings what changed of an appointment, a task or a note back.
func (w *wpdBack) calendar() error {
	body := "DESCRIPTION"
	if w.d == VNote11 {
		body = "BODY"
	}
	w.text(valuebag.WPDCommonInformationSubject, "SUMMARY")
	w.text(valuebag.WPDCommonInformationBodyText, body)
	w.categories()
	if w.kind != Notes {
		w.priority()
		w.times()
		if err := w.pattern(); err != nil {
			return err
		}
	}
	switch w.kind {
	case Events:
		w.text(valuebag.WPDAppointmentLocation, "LOCATION")
		w.busy()
		w.reminder()
	case Tasks:
		w.task()
	}
	return nil
}

// first is the index of the first line of that name in the entry, -1 without.
func (w *wpdBack) first(name string) int {
	for i := range w.t.Lines {
		if l := &w.t.Lines[i]; l.Component == w.main && !l.Junk && l.Name == name {
			return i
		}
	}
	return -1
}

// put gives the entry one line of that name with a value, or takes it out.
func (w *wpdBack) put(name, params, value string) {
	i := w.first(name)
	switch {
	case i < 0 && value == "":
	case i < 0:
		w.added = append(w.added, Property{Name: name, Params: params, Value: value})
	case value == "":
		w.gone[i] = true
	default:
		row := w.row(i)
		row.Value, row.Params = value, params
	}
}

func (w *wpdBack) text(k valuebag.PropertyKey, name string) {
	was, now, ok := w.changed(k)
	if !ok {
		return
	}
	if i := w.first(name); i >= 0 && now != "" {
		w.row(i).Value = spliced(w.row(i).Value, was, now)
		return
	}
	w.put(name, "", now)
}

func (w *wpdBack) categories() {
	was, now, ok := w.changed(MessageObjCategory)
	if !ok {
		return
	}
	split := func(s string) (out []string) {
		for _, c := range strings.Split(s, ";") {
			if c = strings.TrimSpace(c); c != "" {
				out = append(out, c)
			}
		}
		return out
	}
	before, after := split(was), split(now)
	seen := map[string]bool{}
	for _, l := range w.wpdLines("CATEGORIES") {
		var kept []string
		for _, c := range splitEscaped(l.value, ',') {
			name := oneLine(unescapeText(c))
			seen[name] = true
			if slices.Contains(after, name) || !slices.Contains(before, name) {
				kept = append(kept, c)
			}
		}
		if len(kept) == 0 {
			w.gone[l.at] = true
		} else if s := strings.Join(kept, ","); s != l.value {
			w.row(l.at).Value = s
		}
	}
	var more []string
	for _, c := range after {
		if !seen[c] {
			more = append(more, escapeText(c))
		}
	}
	if len(more) > 0 {
		w.added = append(w.added, Property{Name: "CATEGORIES", Value: strings.Join(more, ",")})
	}
}

// priority changes only for another of the three classes that the device knows.
func (w *wpdBack) priority() {
	was, err1 := w.was.GetUint32(valuebag.WPDCommonInformationPriority)
	now, err2 := w.now.GetUint32(valuebag.WPDCommonInformationPriority)
	switch {
	case err1 == nil && err2 != nil:
		w.put("PRIORITY", "", "")
	case err2 == nil && (err1 != nil || was != now) && now <= 2:
		w.put("PRIORITY", "", []string{"9", "5", "1"}[now])
	}
}

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

// times moves the start and the end by as much as the device's user did, on their own
// clocks: a day stays a day as long as the device says midnights.
func (w *wpdBack) times() {
	endName := map[*Kind]string{Events: "DTEND", Tasks: "DUE"}[w.kind]
	if w.kind == Tasks {
		w.taskDay("DTSTART", TaskObjBeginDate)
		w.taskDay("DUE", TaskObjEndDate)
	}
	startWas, startNow, hadStart, hasStart := w.instant(CalendarObjBeginDateTime, valuebag.WPDCommonInformationStartDatetime)
	endWas, endNow, hadEnd, hasEnd := w.instant(CalendarObjEndDateTime, valuebag.WPDCommonInformationEndDatetime)
	start, end, length := w.first("DTSTART"), w.first(endName), w.first("DURATION")
	if start < 0 && !hadStart && hasStart {
		w.newTimes(startNow, endNow, hasEnd, endName)
		return
	}
	movedStart := hadStart && hasStart && !startWas.Equal(startNow)
	movedEnd := hadEnd && hasEnd && !endWas.Equal(endNow)
	wholeDays := startNow.Equal(startNow.Truncate(24*time.Hour)) && (!hasEnd || endNow.Equal(endNow.Truncate(24*time.Hour)))
	if movedStart && start >= 0 {
		w.move(start, startNow.Sub(startWas), startNow, wholeDays)
	}
	switch {
	case end >= 0 && movedEnd:
		w.move(end, endNow.Sub(endWas), endNow, wholeDays)
	case end >= 0 && hadEnd && !hasEnd:
		w.gone[end] = true
	case end < 0 && length >= 0 && hasStart && hasEnd && endNow.Sub(startNow) != endWas.Sub(startWas):
		if d := endNow.Sub(startNow); d > 0 {
			w.row(length).Value = durationText(d)
		}
	case end < 0 && length < 0 && hasEnd && (movedEnd || !hadEnd):
		if start >= 0 && wholeDays && hadStart && endNow.Sub(startNow) == endWas.Sub(startWas) {
			return // a day, which no line says the end of
		}
		w.added = append(w.added, Property{Name: endName, Value: serviceTime(endNow)})
	}
}

// move writes a time anew.
func (w *wpdBack) move(line int, by time.Duration, now time.Time, wholeDays bool) {
	row, r := w.row(line), w.parsed.times()
	s, ok := r.stamp(&w.t.Lines[line])
	switch {
	case !ok || s.Date && !wholeDays:
		row.Params, row.Value = "", serviceTime(now)
	case s.Date:
		row.Value = s.Wall.Add(by).Format("20060102")
	case s.Zone == nil:
		row.Value = s.Wall.Add(by).Format("20060102T150405")
	default:
		s.Wall = s.Zone.Wall(s.In(nil).Add(by))
		row.Value = s.String()
	}
}

// newTimes are those of an entry that had none: in the zone that the device names, and of
// whole days where both are midnights.
func (w *wpdBack) newTimes(start, end time.Time, hasEnd bool, endName string) {
	day := func(t time.Time) bool { return t.Equal(t.Truncate(24 * time.Hour)) }
	if w.kind == Events && hasEnd && day(start) && day(end) && end.After(start) {
		w.added = append(w.added, Property{Name: "DTSTART", Params: "VALUE=DATE", Value: start.Format("20060102")}, Property{Name: endName, Params: "VALUE=DATE", Value: end.Format("20060102")})
		return
	}
	id, _ := w.now.GetString(CalendarObjTimeZone)
	zone, known := recur.LoadZone(id)
	line := func(name string, t time.Time) {
		p := Property{Name: name, Value: serviceTime(t)}
		if known && id != "" && zone != recur.UTC {
			p.Params, p.Value = "TZID="+zone.Name(), zone.Wall(t).Format("20060102T150405")
		}
		w.added = append(w.added, p)
	}
	line("DTSTART", start)
	if hasEnd {
		line(endName, end)
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
		w.put(name, "VALUE=DATE", to.Format("20060102"))
	case had:
		if s, ok := w.parsed.times().stamp(&w.t.Lines[i]); ok {
			s.Wall = s.Wall.Add(to.Sub(from))
			w.row(i).Value = s.String()
		}
	}
}

func (w *wpdBack) busy() {
	was, err1 := w.was.GetUint16(CalendarObjBusyStatus)
	now, err2 := w.now.GetUint16(CalendarObjBusyStatus)
	if err2 != nil || now > 3 || err1 == nil && was == now || err1 != nil && now == 1 {
		return
	}
	transp := "OPAQUE"
	if now == 0 {
		transp = "TRANSPARENT"
	}
	w.put("TRANSP", "", transp)
	const exact = "X-MICROSOFT-CDO-BUSYSTATUS"
	if now >= 2 || w.first(exact) >= 0 {
		w.put(exact, "", []string{"FREE", "BUSY", "OOF", "TENTATIVE"}[now])
	}
}

// reminder changes the one alarm that the device knows.
func (w *wpdBack) reminder() {
	was, err1 := w.was.GetUint32(CalendarObjReminderOffset)
	now, err2 := w.now.GetUint32(CalendarObjReminderOffset)
	if (err1 == nil) == (err2 == nil) && was == now || now > 10*366*24*60 {
		return
	}
	c := w.parsed.reminder(w.main)
	trigger := durationText(-time.Duration(now) * time.Minute)
	switch {
	case err2 != nil && c != 0:
		for i := range w.t.Lines {
			if w.t.Lines[i].Component == c {
				w.gone[i] = true
			}
		}
	case err2 != nil:
	case c != 0:
		for i := range w.t.Lines {
			if l := &w.t.Lines[i]; l.Component == c && l.Name == "TRIGGER" {
				w.row(i).Value = trigger
				return
			}
		}
	default:
		alarm := "alarm:1"
		for n := 1; slices.Contains(w.r.paths, alarm); n++ {
			alarm = "alarm:" + strconv.Itoa(n+1)
		}
		said := w.lineValue(w.main, "SUMMARY")
		if s, err := w.now.GetString(valuebag.WPDCommonInformationSubject); err == nil {
			said = s
		}
		for _, p := range []Property{{Name: "ACTION", Value: "DISPLAY"}, {Name: "TRIGGER", Value: trigger}, {Name: "DESCRIPTION", Value: said}} {
			p.Component = alarm
			w.added = append(w.added, p)
		}
	}
}

// task brings back how far a task is: done says so in three lines, and done no more takes
// them away.
func (w *wpdBack) task() {
	was, err1 := w.was.GetUint8(TaskObjComplete)
	now, err2 := w.now.GetUint8(TaskObjComplete)
	percentWas, err3 := w.was.GetUint32(valuebag.WPDTaskPercentComplete)
	percent, err4 := w.now.GetUint32(valuebag.WPDTaskPercentComplete)
	done, open := err2 == nil && now != 0 && (err1 != nil || was == 0), err1 == nil && err2 == nil && was != 0 && now == 0
	if err2 != nil || err1 == nil && was == now {
		done = err4 == nil && percent >= 100 && (err3 != nil || percentWas < 100)
		open = err3 == nil && percentWas >= 100 && (err4 != nil || percent < 100)
	}
	switch {
	case done:
		w.put("STATUS", "", "COMPLETED")
		w.put("PERCENT-COMPLETE", "", "100")
		w.put("COMPLETED", "", serviceTime(w.at.UTC()))
		return
	case open:
		w.put("STATUS", "", "")
		w.put("PERCENT-COMPLETE", "", "")
		w.put("COMPLETED", "", "")
	}
	if err4 == nil && percent < 100 && (err3 != nil && percent > 0 || err3 == nil && percent != percentWas) {
		w.put("PERCENT-COMPLETE", "", strconv.Itoa(int(percent)))
	}
	if !open {
		if _, status, ok := w.changed(valuebag.WPDTaskStatus); ok {
			w.put("STATUS", "", strings.ToUpper(strings.TrimSpace(status)))
		}
	}
}

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
	start := recur.Stamp{Zone: recur.UTC, Wall: w.at.UTC()}
	if i := w.first("DTSTART"); i >= 0 {
		if s, ok := w.parsed.times().stamp(&w.t.Lines[i]); ok {
			start = s
		}
	} else if t, err := w.now.GetDate(valuebag.WPDCommonInformationStartDatetime); err == nil {
		start.Wall = t
		for _, p := range w.added {
			if p.Name == "DTSTART" {
				zone, _ := recur.LoadZone(strings.TrimPrefix(p.Params, "TZID="))
				if s, err := recur.ParseStamp(p.Value, zone); err == nil {
					start = s
				}
			}
		}
	}
	if slices.ContainsFunc(patternKeys, differs) {
		rule, err := ruleOf(w.now, start)
		if err != nil {
			return err
		}
		w.put("RRULE", "", rule)
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
			d := clockDate(s, start.Zone)
			return ok && slices.Contains(before, d) && !slices.Contains(after, d)
		})
		switch {
		case len(kept) == 0:
			w.gone[i] = true
		case len(kept) < len(values):
			w.row(i).Value = strings.Join(kept, ",")
		}
	}
	for _, d := range after {
		day, ok := serviceDate(d)
		if !ok || slices.Contains(before, d) {
			continue
		}
		p := Property{Name: "EXDATE", Value: day.Format("20060102"), Params: "VALUE=DATE"}
		if !start.Date {
			at := day.Add(start.Wall.Sub(start.Wall.Truncate(24 * time.Hour)))
			p.Params = ""
			switch z := start.Zone; {
			case z == nil:
				p.Value = at.Format("20060102T150405")
			default:
				p.Value = serviceTime(z.Resolve(at).UTC())
			}
		}
		w.added = append(w.added, p)
	}
	return nil
}
