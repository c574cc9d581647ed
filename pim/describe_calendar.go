package pim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cradle/pim/recur"
)

const (
	// upcoming is how many occurrences are shown.
	upcoming = 5
	// patience bounds the search for them, for rules that give next to nothing.
	patience = 2 * time.Second
	// shownDates is how many dates of a list are shown.
	shownDates = 6
)

// calendar shows an event, task or note.
func (d *describer) calendar(text []byte, now time.Time, local *time.Location) {
	for i, r := range d.take("", "SUMMARY") {
		if i > 0 { // the first is the heading
			d.add("subject", r.Value)
		}
	}
	tab, err := d.kind.Timetable(text)
	if err == nil {
		for _, n := range []string{"DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE"} {
			d.take("", n)
		}
		d.times(tab, now, local)
	}
	d.each("LOCATION", "where", plainly)
	d.each("STATUS", "status", func(r *Property) string { return strings.ToLower(strings.ReplaceAll(r.Value, "-", " ")) })
	d.each("PERCENT-COMPLETE", "done", func(r *Property) string { return r.Value + " %" })
	d.each("COMPLETED", "completed", func(r *Property) string { return stampWords(r.Value, local) })
	d.each("PRIORITY", "priority", priority)
	d.each("CLASS", "class", func(r *Property) string { return strings.ToLower(r.Value) })
	d.each("TRANSP", "shown as", func(r *Property) string {
		switch strings.ToUpper(r.Value) {
		case "OPAQUE", "0":
			return "busy"
		case "TRANSPARENT", "1":
			return "free"
		}
		return r.Value
	})
	d.each("ORGANIZER", "organizer", person)
	d.each("ATTENDEE", "attendee", person)
	d.each("CATEGORIES", "categories", listed)
	d.each("URL", "web", plainly)
	d.alarms()
	d.each("DESCRIPTION", "text", plainly)
	d.each("BODY", "text", plainly)
	if tab != nil {
		for _, p := range tab.Problems {
			d.add("careful", p)
		}
	}
}

// times shows when it happens.
func (d *describer) times(tab *Timetable, now time.Time, local *time.Location) {
	if !tab.Dated() {
		return
	}
	here := recur.InLocation(local)
	if tab.Start.IsZero() {
		d.add("series", "only changed occurrences of it are here")
	} else {
		d.first(tab, local)
	}
	for i := range tab.Rules {
		d.add("repeats", tab.Rules[i].Words(tab.Start))
	}
	for i := range tab.ExRules {
		d.add("except", tab.ExRules[i].Words(tab.Start))
	}
	var also []recur.Stamp
	for _, x := range tab.Dates {
		also = append(also, x.Start)
	}
	d.add("also on", dates(also))
	d.add("except on", dates(tab.ExDates))
	if tab.Repeats() {
		d.next(tab, now, here)
	}
	d.changed(tab, local)
}

// changed lists the overrides: of what they are one, and what they make of it. Lines that only
// repeat the master's are passed over; further ones come with the rest.
func (d *describer) changed(tab *Timetable, local *time.Location) {
	here := recur.InLocation(local)
	var lines []string
	for i := range tab.Override {
		o := &tab.Override[i]
		component := tab.Components[i]
		for _, n := range []string{"RECURRENCE-ID", "DTSTART", "DTEND", "DUE", "DURATION"} {
			d.take(component, n)
		}
		d.repeated(component)
		line := moment(o.ID.In(here).In(local), o.ID.Date)
		if o.ThisAndFuture {
			line += " and what follows"
		}
		var what []string
		alone := recur.Series{Start: o.Start, Length: tab.Length}
		if o.Length != nil {
			alone.Length = *o.Length
		}
		if list, err := alone.Next(context.Background(), time.Time{}, 1, here); err == nil && len(list) == 1 && !o.Start.IsZero() {
			at := list[0]
			if !at.Date {
				at.Start, at.End = at.Start.In(local), at.End.In(local)
			}
			what = append(what, fromTo(at))
		}
		if o.Cancelled {
			what = []string{"cancelled"}
			d.take(component, "STATUS")
		}
		for _, r := range d.take(component, "SUMMARY") {
			if v := oneLine(r.Value); v != "" && v != d.value("", "SUMMARY") {
				what = append(what, v)
			}
		}
		lines = append(lines, line+" → "+strings.Join(what, "; "))
	}
	d.add("changed", strings.Join(lines, "\n"))
}

// value is the first value of a name in a component.
func (d *describer) value(component, name string) string {
	for _, i := range d.in[component] {
		if r := &d.rows[i]; r.Name == name {
			return oneLine(r.Value)
		}
	}
	return ""
}

// repeated passes over the lines of an override that the master has as well.
func (d *describer) repeated(component string) {
	for _, i := range d.in[component] {
		r := &d.rows[i]
		if r.Name == "SUMMARY" || r.Name == "STATUS" {
			continue
		}
		d.used[i] = slices.ContainsFunc(d.in[""], func(j int) bool {
			m := &d.rows[j]
			return m.Name == r.Name && m.Params == r.Params && m.Value == r.Value
		}) || d.used[i]
	}
}

// first shows the first occurrence, in its own zone, and here if that differs.
func (d *describer) first(tab *Timetable, local *time.Location) {
	zone := tab.Start.Zone
	if zone == nil {
		zone = recur.InLocation(local)
	}
	alone := tab.Series
	alone.Rules, alone.Dates, alone.ExDates, alone.Override, alone.ExRules, alone.Cancelled = nil, nil, nil, nil, nil, false
	list, err := alone.Next(context.Background(), time.Time{}, 1, zone)
	if err != nil || len(list) == 0 {
		return
	}
	o := list[0]
	name := ""
	switch {
	case o.Date:
	case tab.Start.Zone == nil:
		name = " wherever you are"
	default:
		name = " " + zone.Name()
		if strings.HasPrefix(zone.Name(), madeZone) { // of TZ and DAYLIGHT, which name none
			name = " UTC" + o.Start.Format("-07:00")
		}
	}
	label := "when"
	if d.kind == Tasks {
		if tab.Due {
			end := o.End
			if tab.DueDate {
				end = end.AddDate(0, 0, -1)
			}
			due := Field{"due", moment(end, o.Date || tab.DueDate) + name}
			if !o.Start.Equal(o.End) && (!tab.DueDate || o.Start.Before(end)) {
				d.add("start", moment(o.Start, o.Date)+name)
			}
			d.out = append(d.out, due)
			return
		}
		label = "start"
		o.End = o.Start
	}
	d.add(label, fromTo(o)+name)
	if !o.Date && tab.Start.Zone != nil {
		at := o
		at.Start, at.End = o.Start.In(local), o.End.In(local)
		if at.Start.Format(time.DateTime) != o.Start.Format(time.DateTime) {
			d.add("here", fromTo(at)+" "+at.Start.Format("MST"))
		}
	}
}

// next lists what comes.
func (d *describer) next(tab *Timetable, now time.Time, here *recur.Zone) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	list, err := tab.Next(ctx, now, upcoming, here)
	var lines []string
	for _, o := range list {
		at := o
		at.Start, at.End = o.Start.In(here.Location()), o.End.In(here.Location())
		if o.Date {
			at = o
		}
		if d.kind == Tasks && tab.Due {
			if at.Start = at.End; tab.DueDate {
				at.Start = at.End.AddDate(0, 0, -1)
				at.End = at.Start
				at.Date = true
			}
		}
		line := fromTo(at)
		if !at.Date {
			line += " " + at.Start.Format("MST")
		}
		if o.Override >= 0 && tab.Override[o.Override].ID.In(here).Equal(o.ID) {
			line += d.changes(tab, o, here.Location())
		}
		lines = append(lines, line)
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, recur.ErrSparse):
		lines = append(lines, "(the search was given up)")
	case err != nil:
		lines = append(lines, "("+err.Error()+")")
	case len(lines) == 0:
		lines = []string{"nothing more: it is over"}
	}
	label := "next"
	if d.kind == Tasks && tab.Due {
		label = "next due" // the rule gives the starts
	}
	d.add(label, strings.Join(lines, "\n"))
}

// changes says what an override changes of its occurrence.
func (d *describer) changes(tab *Timetable, o recur.Occurrence, local *time.Location) string {
	var what []string
	if !o.ID.Equal(o.Start) {
		what = append(what, "moved from "+moment(o.ID.In(local), o.Date))
	}
	for _, n := range []string{"SUMMARY", "LOCATION"} {
		if v := d.value(tab.Components[o.Override], n); v != "" && v != d.value("", n) {
			what = append(what, v)
		}
	}
	if len(what) == 0 {
		return " (changed)"
	}
	return " (" + strings.Join(what, "; ") + ")"
}

// moment says a point in time.
func moment(t time.Time, date bool) string {
	if date {
		return t.Format("Mon 2 January 2006")
	}
	return t.Format("Mon 2 January 2006, 15:04")
}

// fromTo says from when to when.
func fromTo(o recur.Occurrence) string {
	if o.Date {
		last := o.End.AddDate(0, 0, -1)
		switch {
		case !last.After(o.Start):
			return moment(o.Start, true)
		case last.Year() == o.Start.Year() && last.Month() == o.Start.Month():
			return o.Start.Format("Mon 2") + " – " + moment(last, true)
		}
		return moment(o.Start, true) + " – " + moment(last, true)
	}
	switch {
	case o.End.Equal(o.Start):
		return moment(o.Start, false)
	case o.End.Format(time.DateOnly) == o.Start.Format(time.DateOnly):
		return moment(o.Start, false) + "–" + o.End.Format("15:04")
	}
	return moment(o.Start, false) + " – " + moment(o.End, false)
}

// dates lists the days of a list, the first of them.
func dates(list []recur.Stamp) string {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b recur.Stamp) int { return a.Wall.Compare(b.Wall) })
	var words []string
	for i, s := range list {
		if i == shownDates {
			words = append(words, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		words = append(words, s.Wall.Format("2 January 2006"))
	}
	return strings.Join(words, ", ")
}

// stampWords says a date or time in words, in the reader's zone if it is in UTC.
func stampWords(v string, local *time.Location) string {
	s, err := recur.ParseStamp(v, nil)
	switch {
	case err != nil:
		return v
	case s.Zone == nil:
		return moment(s.Wall, s.Date)
	}
	t := s.In(nil).In(local)
	return moment(t, false) + " " + t.Format("MST")
}

func priority(r *Property) string {
	switch v := strings.TrimSpace(r.Value); v {
	case "1", "2", "3", "4":
		return "high (" + v + ")"
	case "5":
		return "normal (5)"
	case "6", "7", "8", "9":
		return "low (" + v + ")"
	case "0":
		return ""
	default:
		return v
	}
}

// person says who: "Ada Lovelace <ada@example.org> (accepted, optional)".
func person(r *Property) string {
	who := r.Value
	if hasFold(who, "mailto:") {
		who = who[len("mailto:"):]
	}
	if cn := r.param("CN"); cn != "" && cn != who {
		who = cn + " <" + who + ">"
	}
	var notes []string
	for _, v := range []string{r.param("PARTSTAT"), r.param("ROLE"), r.param("CUTYPE")} {
		switch v = strings.ToUpper(v); v {
		case "", "REQ-PARTICIPANT", "INDIVIDUAL":
		case "OPT-PARTICIPANT":
			notes = append(notes, "optional")
		case "NON-PARTICIPANT":
			notes = append(notes, "for information")
		case "NEEDS-ACTION":
			notes = append(notes, "no answer yet")
		default:
			notes = append(notes, strings.ToLower(v))
		}
	}
	if len(notes) > 0 {
		who += " (" + strings.Join(notes, ", ") + ")"
	}
	return who
}

// alarms shows when the alarms ring.
func (d *describer) alarms() {
	for i := range d.rows {
		r := &d.rows[i]
		if !strings.HasPrefix(r.Component, "alarm:") || r.Name != "TRIGGER" {
			continue
		}
		words := trigger(r)
		if words == "" {
			continue
		}
		d.used[i] = true
		how := ""
		for _, a := range d.take(r.Component, "ACTION") {
			if v := strings.ToLower(a.Value); v != "display" && v != "audio" {
				how = " (" + v + ")"
			}
		}
		d.add("alarm", words+how)
	}
	for i := range d.rows { // of vCalendar 1.0
		r := &d.rows[i]
		if r.Component != "" || !isOldAlarm(r.Name) {
			continue
		}
		at, what, _ := strings.Cut(r.Value, ";")
		s, err := recur.ParseStamp(at, nil)
		if err != nil {
			continue
		}
		d.used[i] = true
		words := moment(s.Wall, s.Date)
		if s.Zone == recur.UTC {
			words += " UTC"
		}
		if f := strings.SplitN(what, ";", 3); len(f) == 3 && r.Name == "DALARM" && strings.TrimSpace(f[2]) != "" {
			words += " (" + strings.TrimSpace(unescapeText(f[2])) + ")"
		}
		d.add("alarm", words)
	}
}

// trigger says when an alarm rings, "" for one that isn't understood.
func trigger(r *Property) string {
	if s, err := recur.ParseStamp(r.Value, nil); err == nil {
		if s.Zone == recur.UTC {
			return moment(s.Wall, false) + " UTC"
		}
		return moment(s.Wall, s.Date)
	}
	n, ok := parseDuration(r.Value)
	if !ok {
		return ""
	}
	of, side := "", "before"
	if strings.EqualFold(r.param("RELATED"), "END") {
		of = " the end"
	}
	if n > 0 {
		side = "after"
	}
	switch {
	case n == 0 && of != "":
		return "at the end"
	case n == 0:
		return "at the start"
	}
	return long(n.Abs()) + " " + side + of
}

// long says a duration in words.
func long(n time.Duration) string {
	var words []string
	for _, u := range []struct {
		size time.Duration
		name string
	}{{7 * 24 * time.Hour, "week"}, {24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if k := int64(n / u.size); k > 0 {
			n %= u.size
			s := "s"
			if k == 1 {
				s = ""
			}
			words = append(words, fmt.Sprintf("%d %s%s", k, u.name, s))
		}
	}
	return strings.Join(words, " ")
}
