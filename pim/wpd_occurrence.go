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

// The window in which a series that no pattern says goes out as single occurrences, around
// the day of the exchange.
const (
	ExpandBefore = 30 * 24 * time.Hour
	ExpandAfter  = 365 * 24 * time.Hour
)

// maxExpanded is how many occurrences a window may hold: more than one an hour.
const maxExpanded = 10_000

// ErrNoOccurrence: a view that names no occurrence of the series.
var ErrNoOccurrence = errors.New("no occurrence of the series")

// WPDExpanded gives what happens of a series from ≤ t < to as objects of their own, in the
// order of their times, each named by MessageObjPatternOriginalDateTime. It is for a series
// that no pattern says ([Kind.WPD] has no MessageObjPatternType of it): its rule stays the
// desktop's, and what the device's user does to an occurrence comes back by
// [Kind.FromWPDOccurrence]. nil for an item that has a pattern or doesn't repeat. zone is the
// phone's. Errors: the context's, ErrLimit for more than 10,000, those of [recur.Series].
func (k *Kind) WPDExpanded(ctx context.Context, item *valuebag.Values, from, to time.Time, zone *time.Location) ([]*valuebag.Values, error) {
	p, err := k.parseFor(item, zone)
	if err != nil || k.card() || p.main == 0 {
		return nil, err
	}
	r := timeReader{parsed: p, t: &Timetable{}, zones: map[string]*recur.Zone{}}
	r.read()
	if len(r.t.Rules)+len(r.t.Dates) == 0 || p.wpd().Has(MessageObjPatternType) {
		return nil, nil
	}
	var out []*valuebag.Values
	for o, err := range r.t.Occurrences(ctx, from, to, p.phoneClock()) {
		if err != nil {
			return nil, err
		}
		if len(out) == maxExpanded {
			return nil, fmt.Errorf("more than %d occurrences from %s to %s: %w", maxExpanded, from.Format(time.DateOnly), to.Format(time.DateOnly), ErrLimit)
		}
		out = append(out, p.wpdOccurrence(r.t, &o))
	}
	return out, nil
}

// wpdOccurrence is the view of one occurrence.
func (p *parsed) wpdOccurrence(t *Timetable, o *recur.Occurrence) *valuebag.Values {
	vs := valuebag.New(12)
	comp := p.componentOf(t, o)
	p.wpdEntry(vs, comp)
	had, _ := vs.GetDate(valuebag.WPDCommonInformationStartDatetime)
	begins, ends := o.Start.UTC(), o.End.UTC()
	vs.SetDate(valuebag.WPDCommonInformationStartDatetime, begins)
	vs.SetDate(valuebag.WPDCommonInformationEndDatetime, ends)
	if p.kind == Events {
		vs.SetString(CalendarObjBeginDateTime, serviceTime(begins))
		vs.SetString(CalendarObjEndDateTime, serviceTime(ends))
	}
	if p.kind == Tasks {
		c := o.Zone
		if c == nil || c == recur.UTC {
			c = p.phoneClock()
		}
		for _, d := range []struct {
			k  valuebag.PropertyKey
			at time.Time
		}{{TaskObjBeginDate, begins}, {TaskObjEndDate, ends}} {
			if vs.Has(d.k) {
				vs.SetString(d.k, c.Wall(d.at).Format("20060102"))
			}
		}
		if a, ok := p.wpdAlarm(comp); ok && a.relative {
			vs.SetDate(valuebag.WPDTaskReminderDate, a.at.Add(begins.Sub(had)).UTC())
			vs.SetString(TaskObjReminderDateTime, serviceTime(a.at.Add(begins.Sub(had))))
		}
	}
	vs.SetString(MessageObjPatternOriginalDateTime, serviceTime(o.ID))
	return vs
}

// componentOf is the component that an occurrence is told by.
func (p *parsed) componentOf(t *Timetable, o *recur.Occurrence) int {
	if o.Override < 0 {
		return p.main
	}
	path := t.Components[o.Override]
	r := rowsOf(p.t)
	return slices.Index(r.paths, path)
}

// FromWPDOccurrence brings back what a device's user did to one occurrence of a series, which
// the views name by MessageObjPatternOriginalDateTime: of [Kind.WPDOccurrences] or
// [Kind.WPDExpanded]. An edit makes it a changed occurrence, or changes that one; with a nil now,
// which is a deletion, it doesn't happen any more. The rule never changes. was, at and zone are
// as of [Kind.FromWPD]. Errors: ErrNoOccurrence, and those of FromWPD.
func (k *Kind) FromWPDOccurrence(item, was, now *valuebag.Values, at time.Time, zone *time.Location) (*valuebag.Values, error) {
	p, err := k.parseFor(item, zone)
	if err != nil {
		return nil, fmt.Errorf("reading the item: %w", err)
	}
	named := was
	if named == nil {
		named = now
	}
	o, t, err := p.occurrenceOf(named)
	if err != nil {
		return nil, err
	}
	if was == nil {
		was = p.wpdOccurrence(t, o)
	}
	own := p.componentOf(t, o)
	if l := p.line(own, "RECURRENCE-ID"); own != p.main && strings.EqualFold(l.Param("RANGE"), "THISANDFUTURE") {
		if s, ok := p.times().stamp(l); !ok || !s.In(p.phoneClock()).Equal(o.ID) {
			own = p.main // one of those that follow
		}
	}
	if now == nil {
		return k.withoutOccurrence(item, p, o, own)
	}
	if was.Equal(now) {
		return item, nil
	}
	path := rowsOf(p.t).paths[own]
	start := item
	if own == p.main {
		if path, start, err = k.withOverride(item, p, t, o); err != nil {
			return nil, err
		}
	}
	w, err := k.newBack(start, was, now, at, zone)
	if err != nil {
		return nil, err
	}
	w.path, w.main = path, slices.Index(w.r.paths, path)
	if w.main < 0 {
		return nil, fmt.Errorf("%s: %w", path, ErrNoPlace)
	}
	w.entry()
	out, err := w.write(start)
	if err != nil {
		return nil, err
	}
	if k == Tasks {
		if w, err = k.newBack(out, was, now, at, zone); err != nil {
			return nil, err
		}
		w.path, w.main = path, slices.Index(w.r.paths, path)
		w.taskReminder()
		if out, err = w.write(out); err != nil {
			return nil, err
		}
	}
	if string(k.Text(out)) == string(k.Text(start)) {
		return item, nil // nothing that its lines say
	}
	return out, nil
}

// occurrenceOf finds the occurrence that a view names.
func (p *parsed) occurrenceOf(vs *valuebag.Values) (*recur.Occurrence, *Timetable, error) {
	var text string
	if vs != nil {
		text, _ = vs.GetString(MessageObjPatternOriginalDateTime)
	}
	id, ok := serviceDate(text)
	if !ok || p.main == 0 || p.kind.card() {
		return nil, nil, fmt.Errorf("the original time %q: %w", text, ErrNoOccurrence)
	}
	r := timeReader{parsed: p, t: &Timetable{}, zones: map[string]*recur.Zone{}}
	r.read()
	c := p.phoneClock()
	near := []time.Time{id}
	for _, o := range r.t.Override { // where it lies by now
		if !o.Start.IsZero() && (o.ThisAndFuture || o.ID.In(c).Equal(id)) {
			near = append(near, id.Add(o.Start.In(c).Sub(o.ID.In(c))))
		}
	}
	for _, at := range near {
		for o, err := range r.t.Occurrences(context.Background(), at, at.Add(time.Second), c) {
			if err != nil {
				return nil, nil, err
			}
			if o.ID.Equal(id) {
				return &o, r.t, nil
			}
		}
	}
	return nil, nil, fmt.Errorf("nothing happens at %s: %w", text, ErrNoOccurrence)
}

// original is the time of an occurrence as the series' start is written.
func original(start recur.Stamp, o *recur.Occurrence, c *recur.Zone) recur.Stamp {
	z := start.Zone
	if z == nil || start.Date {
		z = c
	}
	return recur.Stamp{Wall: z.Wall(o.ID), Date: start.Date, Zone: start.Zone}
}

// withoutOccurrence takes an occurrence out of a series.
func (k *Kind) withoutOccurrence(item *valuebag.Values, p *parsed, o *recur.Occurrence, own int) (*valuebag.Values, error) {
	src, _ := sourceText(k.Text(item))
	if own != p.main { // whole, with what nobody reads in it
		c := &p.t.Components[own]
		src = src[:c.Start] + src[c.End:]
	}
	start, _ := p.span(p.times())
	w := wpdBack{parsed: p}
	x := original(start, o, p.phoneClock())
	row := w.exclusion(start, x.Wall.Truncate(24*time.Hour))
	if !x.Date { // one of several a day, too
		if x.Zone != nil {
			x = recur.Stamp{Wall: o.ID.UTC(), Zone: recur.UTC}
		}
		row = w.stampRow("EXDATE", x)
	}
	text, errs := EditProperties([]byte(src), []PropertyEdit{{Op: EditInsert, New: row}})
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("what the device deleted: %w", err)
	}
	return k.New(text, k.Collection(item))
}

// repeating are the lines that a changed occurrence hasn't.
var repeating = []string{"RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID", "VERSION"}

// withOverride gives a series a component for an occurrence that happens as the others do.
func (k *Kind) withOverride(item *valuebag.Values, p *parsed, t *Timetable, o *recur.Occurrence) (path string, out *valuebag.Values, err error) {
	c, source := p.phoneClock(), p.componentOf(t, o)
	rt := p.times()
	start, _ := p.span(rt)
	id := original(start, o, c)
	begins, _ := p.spanOf(rt, source)
	shift := move{from: begins}
	if z := begins.Zone; z != nil && !begins.Date {
		shift.by = z.Wall(o.Start).Sub(begins.Wall)
	} else {
		shift.by = c.Wall(o.Start).Sub(begins.Wall)
	}
	r := rowsOf(p.t)
	path = "override:" + id.String()
	for n := 2; slices.Contains(r.paths, path); n++ { // one that says the same of another zone
		path = "override:" + id.String() + "#" + strconv.Itoa(n)
	}
	w := wpdBack{parsed: p}
	named := w.stampRow("RECURRENCE-ID", id)
	if l := p.line(p.main, "DTSTART"); l != nil && l.Param("TZID") != "" && !id.Date {
		named.Params = joinParams([]Param{{Name: "TZID", Values: []string{l.Param("TZID")}}})
	}
	named.Component = path
	edits := []PropertyEdit{{Op: EditInsert, New: named}}
	for n, i := range r.lines {
		l := &p.t.Lines[i]
		from := r.paths[l.Component]
		rest, nested := strings.CutPrefix(from, prefixed(r.paths[source]))
		if from != r.paths[source] && !(nested && strings.HasPrefix(rest, "alarm:") && !strings.Contains(rest, "/")) || from == r.paths[source] && slices.Contains(repeating, l.Name) {
			continue
		}
		row := r.property(l, n+1)
		if from == r.paths[source] && (l.Name == "DTSTART" || l.Name == "DTEND" || l.Name == "DUE") {
			if s, ok := rt.stamp(l); ok {
				if s, ok = shift.shifted(s); ok {
					row.Value = s.String()
				}
			}
		}
		row.Pos, row.Component = 0, path
		if from != r.paths[source] {
			row.Component = path + "/" + rest
		}
		edits = append(edits, PropertyEdit{Op: EditInsert, New: row})
	}
	text, errs := EditProperties(k.Text(item), edits)
	if err := errors.Join(errs...); err != nil {
		return "", nil, fmt.Errorf("a changed occurrence: %w", err)
	}
	out, err = k.New(text, k.Collection(item))
	return path, out, err
}

// prefixed is what the paths of the components within one begin with.
func prefixed(component string) string {
	if component == "" {
		return ""
	}
	return component + "/"
}
