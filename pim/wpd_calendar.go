package pim

import (
	"strconv"
	"strings"
	"time"

	"cradle/pim/recur"
	"cradle/valuebag"
)

// wpdCalendar fills the keys of appointments and tasks. Times are UTC; dates and times that
// name no zone, or one that nobody knows, are on the phone's clock.
func (p *parsed) wpdCalendar(vs *valuebag.Values) {
	comp := p.main
	if comp == 0 {
		if len(p.overrides) == 0 {
			return
		}
		comp = p.overrides[0]
	}
	p.wpdEntry(vs, comp)
	if p.main != 0 {
		r := timeReader{parsed: p, t: &Timetable{}, zones: map[string]*recur.Zone{}}
		r.read()
		p.wpdPattern(vs, r.t)
	}
}

// wpdEntry fills the keys of one entry, a series or a changed occurrence.
func (p *parsed) wpdEntry(vs *valuebag.Values, comp int) {
	main := p.main
	p.main = comp
	defer func() { p.main = main }()
	text := func(k valuebag.PropertyKey, name string) {
		if l := p.wpdLines(name); len(l) > 0 {
			vs.SetString(k, unescapeText(l[0].value))
		}
	}
	text(valuebag.WPDCommonInformationSubject, "SUMMARY")
	text(valuebag.WPDCommonInformationBodyText, "DESCRIPTION")
	if p.d == VNote11 {
		text(valuebag.WPDCommonInformationBodyText, "BODY")
	}
	if l := p.line(comp, "PRIORITY"); l != nil {
		if n, err := strconv.Atoi(strings.TrimSpace(l.RawValue)); err == nil {
			vs.SetUint32(valuebag.WPDCommonInformationPriority, wpdPriority(n))
		}
	}
	start, end := p.spanOf(p.times(), comp)
	if c := p.phoneClock(); !start.IsZero() {
		vs.SetDate(valuebag.WPDCommonInformationStartDatetime, start.In(c).UTC())
		if end.IsZero() && start.Date && p.kind == Events {
			end = start
			end.Wall = start.Wall.AddDate(0, 0, 1)
		}
	}
	if !end.IsZero() {
		vs.SetDate(valuebag.WPDCommonInformationEndDatetime, end.In(p.phoneClock()).UTC())
	}
	switch p.kind {
	case Events:
		text(valuebag.WPDAppointmentLocation, "LOCATION")
		p.wpdAttendees(vs)
		p.serviceEvent(vs, comp)
	case Tasks:
		p.wpdTask(vs, comp)
		p.serviceTask(vs, comp)
	}
	if cs := p.wpdCategories(); len(cs) > 0 {
		vs.SetString(MessageObjCategory, strings.Join(cs, ";"))
	}
}

// wpdCategories are the entry's categories, in order.
func (p *parsed) wpdCategories() (out []string) {
	for _, l := range p.wpdLines("CATEGORIES") {
		for _, c := range splitEscaped(l.value, ',') {
			if c = oneLine(unescapeText(c)); c != "" {
				out = append(out, c)
			}
		}
	}
	return out
}

// serviceEvent fills the keys of the calendar service that Windows has no name for.
func (p *parsed) serviceEvent(vs *valuebag.Values, comp int) {
	if t, err := vs.GetDate(valuebag.WPDCommonInformationStartDatetime); err == nil {
		vs.SetString(CalendarObjBeginDateTime, serviceTime(t))
	}
	if t, err := vs.GetDate(valuebag.WPDCommonInformationEndDatetime); err == nil {
		vs.SetString(CalendarObjEndDateTime, serviceTime(t))
	}
	if l := p.line(comp, "DTSTART"); l != nil {
		if z := p.times().zone(l); z != nil && z != recur.UTC && l.Param("TZID") != "" {
			if _, known := recur.LoadZone(z.Name()); known {
				vs.SetString(CalendarObjTimeZone, z.Name())
			}
		}
	}
	if l := p.wpdLines("ORGANIZER"); len(l) > 0 {
		vs.SetString(MessageObjSender, withoutMailto(l[0].text()))
	}
	vs.SetUint16(CalendarObjBusyStatus, p.busyStatus(comp))
	if a, ok := p.wpdAlarm(comp); ok {
		vs.SetUint32(CalendarObjReminderOffset, uint32(a.lead/time.Minute))
	}
}

func withoutMailto(s string) string {
	if hasFold(s, "mailto:") {
		return s[len("mailto:"):]
	}
	return s
}

// busyStatus is 0 free, 1 busy, 2 out of office, 3 tentative.
func (p *parsed) busyStatus(comp int) uint16 {
	switch strings.ToUpper(strings.TrimSpace(p.lineValue(comp, "X-MICROSOFT-CDO-BUSYSTATUS"))) {
	case "FREE":
		return 0
	case "BUSY":
		return 1
	case "OOF":
		return 2
	case "TENTATIVE":
		return 3
	}
	if strings.EqualFold(strings.TrimSpace(p.lineValue(comp, "TRANSP")), "TRANSPARENT") {
		return 0
	}
	return 1
}

// serviceTask fills the keys of the task service that Windows has no name for.
func (p *parsed) serviceTask(vs *valuebag.Values, comp int) {
	date := func(k valuebag.PropertyKey, name string) {
		if l := p.line(comp, name); l != nil {
			if s, ok := p.times().stamp(l); ok {
				if s.Zone == recur.UTC { // whose date is the phone's
					s.Wall = p.phoneClock().Wall(s.In(nil))
				}
				vs.SetString(k, s.Wall.Format("20060102"))
			}
		}
	}
	date(TaskObjBeginDate, "DTSTART")
	date(TaskObjEndDate, "DUE")
	done := uint8(0)
	if n, err := vs.GetUint32(valuebag.WPDTaskPercentComplete); err == nil && n == 100 {
		done = 0xff
	}
	vs.SetUint8(TaskObjComplete, done)
	if t, err := vs.GetDate(valuebag.WPDTaskReminderDate); err == nil {
		vs.SetString(TaskObjReminderDateTime, serviceTime(t))
	}
}

// wpdPriority maps 1–4, 5 and 0, 6–9 to high 2, normal 1, low 0.
func wpdPriority(n int) uint32 {
	switch {
	case n >= 1 && n <= 4:
		return 2
	case n >= 6 && n <= 9:
		return 0
	}
	return 1
}

func (p *parsed) wpdTask(vs *valuebag.Values, comp int) {
	if s := p.lineValue(comp, "STATUS"); s != "" {
		vs.SetString(valuebag.WPDTaskStatus, s)
	}
	percent, set := 0, false
	if l := p.line(comp, "PERCENT-COMPLETE"); l != nil {
		n, err := strconv.Atoi(strings.TrimSpace(l.RawValue))
		percent, set = min(max(n, 0), 100), err == nil
	}
	if strings.EqualFold(p.lineValue(comp, "STATUS"), "COMPLETED") || p.line(comp, "COMPLETED") != nil && !set {
		percent, set = 100, true
	}
	if set {
		vs.SetUint32(valuebag.WPDTaskPercentComplete, uint32(percent))
	}
	if l := p.line(comp, "ORGANIZER"); l != nil {
		vs.SetString(valuebag.WPDTaskOwner, withoutMailto(l.RawValue))
	}
	if a, ok := p.wpdAlarm(comp); ok {
		vs.SetDate(valuebag.WPDTaskReminderDate, a.at.UTC())
	}
}

// when reads a DATE or DATE-TIME: in UTC if the zone is known, else as it
// stands.
func (p *parsed) when(l *Line) (t time.Time, allDay, ok bool) {
	if l == nil {
		return t, false, false
	}
	v := strings.TrimSpace(l.RawValue)
	if t, err := time.Parse("20060102T150405Z", v); err == nil {
		return t, false, true
	}
	if t, err := time.Parse("20060102T150405", v); err == nil {
		if z := p.times().zone(l); z != nil {
			t = z.Resolve(t).UTC()
		}
		return t, false, true
	}
	if t, err := time.Parse("20060102", v); err == nil {
		return t, true, true
	}
	return t, false, false
}

// parseDuration reads an RFC 5545 duration: -P1DT2H, PT15M, P2W.
func parseDuration(s string) (time.Duration, bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(s, "+-")
	s, ok := strings.CutPrefix(s, "P")
	if !ok || s == "" {
		return 0, false
	}
	var d time.Duration
	n, digits := int64(0), false
	for _, c := range s {
		unit := time.Duration(0)
		switch {
		case c >= '0' && c <= '9':
			if n = n*10 + int64(c-'0'); n > 1_000_000 {
				return 0, false
			}
			digits = true
			continue
		case c == 'T' && !digits:
			continue
		case c == 'W':
			unit = 7 * 24 * time.Hour
		case c == 'D':
			unit = 24 * time.Hour
		case c == 'H':
			unit = time.Hour
		case c == 'M':
			unit = time.Minute
		case c == 'S':
			unit = time.Second
		}
		if unit == 0 || !digits {
			return 0, false
		}
		d += time.Duration(n) * unit
		n, digits = 0, false
	}
	if digits {
		return 0, false
	}
	if neg {
		d = -d
	}
	return d, true
}
