package pim

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"cradle/pim/recur"
	"cradle/valuebag"
)

// The rules by which items are kept off a phone.
const (
	// RuleLeaveOut keeps out the collections that its parameters name.
	RuleLeaveOut = "leave-out"
	// RuleWindow keeps out events that lie wholly before or after a window around
	// now, and tasks that were done before it. Its two parameters are days: how far it
	// reaches back and how far ahead, either empty for all the way. Contacts and
	// notes have no such rule.
	RuleWindow = "window"
)

// maxWindow is the most days that a window reaches to either side.
const maxWindow = 36525

// optional are the units that an item can do without: what is left is still one that
// any program takes.
var optional = map[bool][]string{
	true:  {"org", "tel", "email", "adr", "net", "dates", "photo", "note", "categories", "related"},
	false: {"location", "description", "alarms", "people", "categories", "links"},
}

// Optional lists the units that an item can do without. The slice is shared: don't
// change it.
func (k *Kind) Optional() []string { return optional[k.card()] }

// Strip returns the item with optional units empty and all else byte for byte as it
// was.
func (k *Kind) Strip(item *valuebag.Values, units []string) (*valuebag.Values, error) {
	for _, u := range units {
		if !slices.Contains(k.Optional(), u) {
			return nil, fmt.Errorf("%s: an item can't do without %q", k.name, u)
		}
	}
	bare := "BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n"
	if !k.card() {
		bare = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:" + k.component + "\r\nEND:" + k.component + "\r\nEND:VCALENDAR\r\n"
	}
	empty, err := k.New([]byte(bare), "")
	if err != nil {
		return nil, err
	}
	return k.Replace(item, empty, units)
}

// CheckRule refuses a rule that items of this kind don't have, and parameters that it
// can't have.
func (k *Kind) CheckRule(name string, params []string) error {
	switch {
	case name == RuleLeaveOut:
		if len(params) == 0 || slices.Contains(params, "") {
			return fmt.Errorf("rule %s names no collection", name)
		}
		return nil
	case name == RuleWindow && (k == Events || k == Tasks):
		_, _, err := window(params)
		return err
	}
	return fmt.Errorf("%s have no rule %q", k.name, name)
}

// window reads the parameters of RuleWindow.
func window(params []string) (back, ahead int, err error) {
	if len(params) != 2 {
		return 0, 0, fmt.Errorf("a window of %d numbers: want days back and days ahead", len(params))
	}
	days := [2]int{math.MaxInt, math.MaxInt}
	for i, p := range params {
		if p == "" {
			continue
		}
		n, err := strconv.Atoi(p)
		if err != nil || n < 0 || n > maxWindow || strconv.Itoa(n) != p {
			return 0, 0, fmt.Errorf("a window of %q days: want a number up to %d, or nothing", p, maxWindow)
		}
		days[i] = n
	}
	return days[0], days[1], nil
}

// Passes reports whether a rule lets an item pass at now. What can't be told, passes.
func (k *Kind) Passes(item *valuebag.Values, name string, params []string, now time.Time) bool {
	return k.PassesText(k.Text(item), k.Collection(item), name, params, now)
}

// PassesText is Passes for an item's text and collection.
func (k *Kind) PassesText(text []byte, collection, name string, params []string, now time.Time) bool {
	switch name {
	case RuleLeaveOut:
		return !slices.Contains(params, collection)
	case RuleWindow:
		back, ahead, err := window(params)
		if err != nil {
			return true
		}
		s, ok := k.span(text)
		from, to := edge(now, -1, back), edge(now, 1, ahead)
		return !ok || s.overlaps(from, to) && (!s.repeats || k.happens(text, from, to))
	}
	return true
}

// happens reports whether a series has an occurrence in a window, whose ends may be
// open. What can't be told, does.
func (k *Kind) happens(text []byte, from, to time.Time) bool {
	t, err := k.Timetable(text)
	if err != nil || !t.Dated() || len(t.Problems) > 0 {
		return true
	}
	if to.IsZero() {
		to = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if !from.IsZero() {
		from = from.Add(-slack)
	}
	in, err := t.Series.Overlaps(context.Background(), from, to.Add(slack), recur.InLocation(time.UTC))
	return err != nil || in
}

// edge is one end of a window; zero: there is none.
func edge(now time.Time, sign, days int) time.Time {
	if days == math.MaxInt {
		return time.Time{}
	}
	return now.AddDate(0, 0, sign*days)
}

// stretch is a stretch of time; a zero end is open.
type stretch struct {
	from, to time.Time
	repeats  bool // there may be nothing in a part of it
}

// slack is how far off a time without a zone may be.
const slack = 14 * time.Hour

func (s stretch) overlaps(from, to time.Time) bool {
	if !from.IsZero() && !s.to.IsZero() && s.to.Add(slack).Before(from) {
		return false
	}
	return to.IsZero() || s.from.IsZero() || !s.from.Add(-slack).After(to)
}

// span is the time from the first to the last occurrence of an event; of a task that
// was done, until it was. It is false where there is none to be told.
func (k *Kind) span(text []byte) (stretch, bool) {
	src, _ := sourceText(text)
	p, err := k.itemOf(parse(src))
	if err != nil {
		return stretch{}, false
	}
	if k == Tasks {
		return p.done()
	}
	var whole stretch
	found, open := false, false
	whole.repeats = len(p.overrides) > 0 || p.main != 0 && (p.line(p.main, "RRULE") != nil || p.line(p.main, "RDATE") != nil)
	for _, c := range append([]int{p.main}, p.overrides...) {
		if c == 0 {
			continue
		}
		s, ok := p.occurrence(c)
		if !ok {
			return stretch{}, false
		}
		length := s.to.Sub(s.from)
		last, endless, ok := p.lastStart(c, s.from)
		if !ok {
			return stretch{}, false
		}
		open = open || endless
		if last.After(s.from) {
			s.to = last.Add(length)
		}
		if !found || s.from.Before(whole.from) {
			whole.from = s.from
		}
		if !found || s.to.After(whole.to) {
			whole.to = s.to
		}
		found = true
	}
	if open {
		whole.to = time.Time{}
	}
	return whole, found
}

// occurrence is the time of the first occurrence that a component stands for.
func (p *parsed) occurrence(c int) (stretch, bool) {
	from, allDay, ok := p.when(p.line(c, "DTSTART"))
	if !ok {
		return stretch{}, false
	}
	s := stretch{from: from, to: from}
	if allDay {
		s.to = from.AddDate(0, 0, 1)
	}
	if to, _, ok := p.when(p.line(c, "DTEND")); ok {
		s.to = to
	} else if l := p.line(c, "DURATION"); l != nil {
		if d, ok := parseDuration(l.RawValue); ok {
			s.to = from.Add(d)
		}
	}
	if s.to.Before(s.from) {
		s.to = s.from
	}
	return s, true
}

// lastStart is the latest start that the rules and dates of a component allow, from
// the first one on; endless where they name no end by date. It is false for what
// can't be read.
func (p *parsed) lastStart(c int, first time.Time) (last time.Time, endless, ok bool) {
	last = first
	later := func(v string, l *Line) bool {
		v, _, _ = strings.Cut(v, "/") // a period's start
		one := *l
		one.RawValue = v
		t, _, ok := p.when(&one)
		if ok && t.After(last) {
			last = t
		}
		return ok
	}
	t := p.t
	for i := t.linesFrom(t.Components[c].BodyStart); i < len(t.Lines) && t.Lines[i].Start < t.Components[c].End; i++ {
		l := &t.Lines[i]
		if l.Component != c || l.Junk {
			continue
		}
		switch l.Name {
		case "RRULE":
			until := ""
			for _, part := range strings.Split(strings.ToUpper(l.RawValue), ";") {
				if v, ok := strings.CutPrefix(strings.TrimSpace(part), "UNTIL="); ok {
					until = v
				}
			}
			if until == "" || !later(until, l) {
				endless = true
			}
		case "RDATE":
			for _, v := range strings.Split(l.RawValue, ",") {
				if !later(v, l) {
					return last, false, false
				}
			}
		}
	}
	return last, endless, true
}

// done is the time until a task was done; false if it isn't, or comes again.
func (p *parsed) done() (stretch, bool) {
	if p.main == 0 || len(p.overrides) > 0 || p.line(p.main, "RRULE") != nil || p.line(p.main, "RDATE") != nil {
		return stretch{}, false
	}
	if p.line(p.main, "COMPLETED") == nil && !strings.EqualFold(strings.TrimSpace(p.lineValue(p.main, "STATUS")), "COMPLETED") {
		return stretch{}, false
	}
	for _, name := range []string{"COMPLETED", "DUE", "DTSTART", "LAST-MODIFIED"} {
		if t, _, ok := p.when(p.line(p.main, name)); ok {
			return stretch{to: t}, true
		}
	}
	return stretch{}, false
}
