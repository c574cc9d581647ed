package pim

import (
	"strconv"
	"strings"
	"time"

	"cradle/valuebag"
)

// wpdCalendar fills the keys of appointments and tasks. Times are UTC where the
// zone is known, else the wall clock; a VT_DATE has no zone to say so.
func (p *parsed) wpdCalendar(vs *valuebag.Values) {
	comp := p.main
	if comp == 0 {
		if len(p.overrides) == 0 {
			return
		}
		comp = p.overrides[0]
	}
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
	start, allDay, ok := p.when(p.line(comp, "DTSTART"))
	if ok {
		vs.SetDate(valuebag.WPDCommonInformationStartDatetime, start)
	}
	end := p.line(comp, "DTEND")
	if end == nil {
		end = p.line(comp, "DUE")
	}
	if t, _, there := p.when(end); there {
		vs.SetDate(valuebag.WPDCommonInformationEndDatetime, t)
	} else if ok {
		if l := p.line(comp, "DURATION"); l != nil {
			if d, good := parseDuration(l.RawValue); good {
				vs.SetDate(valuebag.WPDCommonInformationEndDatetime, start.Add(d))
			}
		} else if allDay && p.kind == Events {
			vs.SetDate(valuebag.WPDCommonInformationEndDatetime, start.AddDate(0, 0, 1))
		}
	}
	switch p.kind {
	case Events:
		text(valuebag.WPDAppointmentLocation, "LOCATION")
		p.wpdAttendees(vs)
	case Tasks:
		p.wpdTask(vs, comp, start, ok)
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

func (p *parsed) wpdAttendees(vs *valuebag.Values) {
	lists := map[valuebag.PropertyKey][]string{}
	for _, l := range p.wpdLines("ATTENDEE") {
		who := l.value
		if hasFold(who, "mailto:") {
			who = who[len("mailto:"):]
		}
		param := func(name string) string {
			for _, q := range l.params {
				if q.Name == name && len(q.Values) > 0 {
					return strings.ToUpper(q.Values[0])
				}
			}
			return ""
		}
		add := func(k valuebag.PropertyKey) { lists[k] = append(lists[k], who) }
		switch param("PARTSTAT") {
		case "ACCEPTED":
			add(valuebag.WPDAppointmentAcceptedAttendees)
		case "TENTATIVE":
			add(valuebag.WPDAppointmentTentativeAttendees)
		case "DECLINED":
			add(valuebag.WPDAppointmentDeclinedAttendees)
		}
		switch cu, role := param("CUTYPE"), param("ROLE"); {
		case cu == "RESOURCE" || cu == "ROOM":
			add(valuebag.WPDAppointmentResources)
		case role == "OPT-PARTICIPANT":
			add(valuebag.WPDAppointmentOptionalAttendees)
		case role == "" || role == "REQ-PARTICIPANT" || role == "CHAIR":
			add(valuebag.WPDAppointmentRequiredAttendees)
		}
	}
	for k, who := range lists { // a bag orders its keys itself
		vs.SetString(k, strings.Join(who, ";"))
	}
}

func (p *parsed) wpdTask(vs *valuebag.Values, comp int, start time.Time, started bool) {
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
		who := l.RawValue
		if hasFold(who, "mailto:") {
			who = who[len("mailto:"):]
		}
		vs.SetString(valuebag.WPDTaskOwner, who)
	}
	for _, c := range p.t.Children(comp) {
		if p.t.Components[c].Name != "VALARM" {
			continue
		}
		l := p.line(c, "TRIGGER")
		if l == nil {
			continue
		}
		if t, _, ok := p.when(l); ok {
			vs.SetDate(valuebag.WPDTaskReminderDate, t)
			return
		}
		if d, ok := parseDuration(l.RawValue); ok {
			base, there := start, started
			if strings.EqualFold(l.Param("RELATED"), "END") || !started {
				base, _, there = p.when(p.line(comp, "DUE"))
			}
			if there {
				vs.SetDate(valuebag.WPDTaskReminderDate, base.Add(d))
				return
			}
		}
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
