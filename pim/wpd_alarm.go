package pim

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"cradle/pim/recur"
	"cradle/valuebag"
)

// wpdAlarm is the one alarm of an entry that a device knows.
type wpdAlarm struct {
	comp int       // its VALARM, 0 for a line of vCalendar 1.0
	line int       // its TRIGGER, or that line
	at   time.Time // when it rings; zero for a VALARM of an appointment
	lead time.Duration
	// relative: told from the start or the end, and so moves with it.
	relative bool
}

// wpdAlarm finds the first alarm that a device can have. Of an appointment: shown or heard,
// at or before the start, and told from it. Of a task: one with a time.
func (p *parsed) wpdAlarm(comp int) (a wpdAlarm, ok bool) {
	start, end := p.spanOf(p.times(), comp)
	c := p.phoneClock()
	for _, child := range p.t.Children(comp) {
		if p.t.Components[child].Name != "VALARM" {
			continue
		}
		a = wpdAlarm{comp: child, line: p.lineAt(child, "TRIGGER")}
		if a.line < 0 {
			continue
		}
		l := &p.t.Lines[a.line]
		d, relative := parseDuration(l.RawValue)
		a.relative = relative
		switch p.kind {
		case Events:
			switch strings.ToUpper(strings.TrimSpace(p.lineValue(child, "ACTION"))) {
			case "", "DISPLAY", "AUDIO":
				if a.lead = -d; relative && d <= 0 && !strings.EqualFold(l.Param("RELATED"), "END") {
					return a, true
				}
			}
		default:
			base := start
			if start.IsZero() || strings.EqualFold(l.Param("RELATED"), "END") {
				base = end
			}
			if relative && !base.IsZero() {
				a.at = base.In(c).Add(d)
				return a, true
			}
			if s, ok := p.times().stamp(l); ok && !relative {
				a.at = s.In(c)
				return a, true
			}
		}
	}
	if p.d != VCalendar1 {
		return a, false
	}
	for i := range p.t.Lines {
		l := &p.t.Lines[i]
		if l.Component != comp || l.Junk || l.Name != "AALARM" && l.Name != "DALARM" {
			continue
		}
		rings, _, _ := strings.Cut(l.RawValue, ";")
		s, ok := p.times().value(l, rings)
		if !ok {
			continue
		}
		a = wpdAlarm{line: i, at: s.In(c)}
		a.lead = start.In(c).Sub(a.at)
		if p.kind == Tasks || !start.IsZero() && a.lead >= 0 {
			return a, true
		}
	}
	return a, false
}

// reminder changes the one alarm that the device knows of an appointment.
func (w *wpdBack) reminder() {
	was, err1 := w.was.GetUint32(CalendarObjReminderOffset)
	now, err2 := w.now.GetUint32(CalendarObjReminderOffset)
	a, there := w.wpdAlarm(w.main)
	same := (err1 == nil) == (err2 == nil) && was == now
	lead := time.Duration(now) * time.Minute
	switch {
	case there && a.comp == 0 && same && err2 == nil && w.follow:
		// The alarms of vCalendar 1.0 don't move with the start by themselves.
		w.ringAt(a.line, w.start.In(w.phoneClock()).Add(-a.lead))
	case same || now > 10*366*24*60:
	case err2 != nil && there:
		w.silence(a)
	case err2 != nil:
	case there && a.comp == 0:
		w.ringAt(a.line, w.start.In(w.phoneClock()).Add(-lead))
	case there:
		w.row(a.line).Value = durationText(-lead)
	case w.d == VCalendar1:
		if !w.start.IsZero() {
			w.newAlarm(Property{Value: serviceTime(w.start.In(w.phoneClock()).Add(-lead))})
		}
	default:
		w.newAlarm(Property{Name: "TRIGGER", Value: durationText(-lead)})
	}
}

// taskReminder changes the one alarm that the device knows of a task, once its times are as
// they are by now: a trigger told from one of them that still gives the device's time stays.
func (w *wpdBack) taskReminder() {
	was, now, had, has := w.instant(TaskObjReminderDateTime, valuebag.WPDTaskReminderDate)
	a, there := w.wpdAlarm(w.main)
	switch {
	case had == has && was.Equal(now):
	case !has && there:
		w.silence(a)
	case !has:
	case there && a.at.Equal(now):
	case there && a.comp == 0:
		w.ringAt(a.line, now)
	case there:
		row := w.row(a.line)
		row.Value = serviceTime(now)
		setRowParam(row, "RELATED", "")
		setRowParam(row, "TZID", "")
		setRowParam(row, "VALUE", "DATE-TIME")
	case w.d == VCalendar1:
		w.newAlarm(Property{Value: serviceTime(now)})
	default:
		w.newAlarm(Property{Name: "TRIGGER", Params: "VALUE=DATE-TIME", Value: serviceTime(now)})
	}
}

// silence takes an alarm out.
func (w *wpdBack) silence(a wpdAlarm) {
	if a.comp == 0 {
		w.gone[a.line] = true
		return
	}
	for i := range w.t.Lines {
		if w.t.Lines[i].Component == a.comp {
			w.gone[i] = true
		}
	}
}

// ringAt gives an alarm line of vCalendar 1.0 another time; how often and with what it rings
// stays.
func (w *wpdBack) ringAt(line int, at time.Time) {
	row := w.row(line)
	rings, rest, more := strings.Cut(row.Value, ";")
	s, ok := w.parsed.times().value(&w.t.Lines[line], rings)
	switch {
	case !ok || s.Date:
		rings = serviceTime(at)
	case s.Zone == nil:
		rings = recur.Stamp{Wall: w.phoneClock().Wall(at)}.String()
	default:
		rings = recur.Stamp{Wall: s.Zone.Wall(at), Zone: s.Zone}.String()
	}
	if row.Value = rings; more {
		row.Value += ";" + rest
	}
}

// newAlarm adds an alarm that is shown, with what the entry is called.
func (w *wpdBack) newAlarm(trigger Property) {
	said := ""
	if l := w.wpdLines("SUMMARY"); len(l) > 0 {
		said = unescapeText(l[0].value)
	}
	if s, err := w.now.GetString(valuebag.WPDCommonInformationSubject); err == nil {
		said = s
	}
	if w.d == VCalendar1 {
		w.added = append(w.added, Property{Name: "DALARM", Value: trigger.Value + ";;;" + strings.ReplaceAll(said, ";", `\;`)})
		return
	}
	alarm := "alarm:1"
	for n := 1; slices.Contains(w.r.paths, prefixed(w.path)+alarm); n++ {
		alarm = "alarm:" + strconv.Itoa(n+1)
	}
	for _, p := range []Property{{Name: "ACTION", Value: "DISPLAY"}, trigger, {Name: "DESCRIPTION", Value: said}} {
		p.Component = alarm
		w.added = append(w.added, p)
	}
}
