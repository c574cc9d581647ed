package pim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cradle/pim/recur"
)

const (
	// madeZone begins the TZID of a VTIMEZONE made of TZ and DAYLIGHT. It counts for
	// nothing: those lines stand beside it.
	madeZone = "X-CRADLE-TZ"
	// nameMadeTZ is the line of a vCalendar 1.0 whose TZ and DAYLIGHT were made of a
	// zone, and count for nothing.
	nameMadeTZ = "X-CRADLE-TZ"
)

// maxSummers is how many DAYLIGHT lines a zone is given.
const maxSummers = 6

// isZoned reports the properties whose times may be in a zone.
func isZoned(name string) bool {
	switch name {
	case "DTSTART", "DTEND", "DUE", "EXDATE", "RDATE", "RECURRENCE-ID":
		return true
	}
	return false
}

// withoutMadeZone takes a TZID off that stands for TZ and DAYLIGHT lines.
func withoutMadeZone(m *modern) bool {
	if !isZoned(m.name) {
		return false
	}
	for i := range m.params {
		if p := &m.params[i]; p.Name == "TZID" && len(p.Values) == 1 && strings.HasPrefix(p.Values[0], madeZone) {
			m.params = append(m.params[:i:i], m.params[i+1:]...)
			return true
		}
	}
	return false
}

// summer is a DAYLIGHT line: an offset that holds for a time.
type summer struct {
	offset     int
	start, end recur.Stamp
	std, name  string
}

// oldClock is the zone that TZ and DAYLIGHT lines say (vCalendar 1.0, sections
// 2.2.1 and 2.2.2).
type oldClock struct {
	offset  int // seconds east of UTC outside the summers
	summers []summer
}

// oldClock reads the lines of the calendar, else of the entry; ok is false
// without a TZ that can be used.
func (p *parsed) oldClock() (c oldClock, ok bool) {
	places := p.wrappers
	if p.main != 0 {
		places = append(places[:len(places):len(places)], p.main)
	}
	for _, in := range places {
		l := p.line(in, "TZ")
		if l == nil {
			continue
		}
		if c.offset, ok = oldOffset(l.RawValue); !ok {
			return c, false
		}
		t := p.t
		for i := t.linesFrom(t.Components[in].BodyStart); i < len(t.Lines) && t.Lines[i].Start < t.Components[in].End; i++ {
			if d := &t.Lines[i]; d.Component == in && d.Name == "DAYLIGHT" {
				if s, there := readSummer(d.RawValue); there {
					c.summers = append(c.summers, s)
				}
			}
		}
		slices.SortStableFunc(c.summers, func(a, b summer) int { return a.start.Wall.Compare(b.start.Wall) })
		return c, true
	}
	return c, false
}

// oldOffset reads an offset of vCalendar 1.0: +01, -05:30, +0100, +1.
func oldOffset(v string) (int, bool) {
	v = strings.TrimSpace(v)
	if n := strings.TrimLeft(v, "+-"); len(n) == 1 || len(n) == 2 {
		v = v[:len(v)-len(n)] + ("00" + n)[len(n):] + "00"
	}
	return utcOffset(v)
}

// readSummer reads DAYLIGHT:TRUE;+02;20260329T020000;20261025T030000;CET;CEST.
func readSummer(v string) (summer, bool) {
	f := strings.Split(v, ";")
	if len(f) < 4 || !strings.EqualFold(strings.TrimSpace(f[0]), "TRUE") {
		return summer{}, false
	}
	var s summer
	var ok bool
	if s.offset, ok = oldOffset(f[1]); !ok {
		return s, false
	}
	var err1, err2 error
	s.start, err1 = recur.ParseStamp(f[2], nil)
	s.end, err2 = recur.ParseStamp(f[3], nil)
	if err1 != nil || err2 != nil || !s.start.Wall.Before(s.end.Wall) || s.end.Wall.Sub(s.start.Wall) > 366*24*time.Hour {
		return s, false
	}
	f = append(f, "", "")
	s.std, s.name = strings.TrimSpace(f[4]), strings.TrimSpace(f[5])
	return s, true
}

// wallAt is a time of a DAYLIGHT line on the clock that holds before it; some
// write it in UTC.
func wallAt(s recur.Stamp, offset int) time.Time {
	if s.Zone == recur.UTC {
		return s.Wall.Add(time.Duration(offset) * time.Second)
	}
	return s.Wall
}

// vtimezone writes the zone as a VTIMEZONE. A DAYLIGHT says one summer; the last
// one is taken to come again each year, from the same week of the month on.
func (c *oldClock) vtimezone(id, eol string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+eol, args...) }
	part := func(name, label string, from, to int, at time.Time, yearly bool) {
		line("BEGIN:%s", name)
		line("DTSTART:%s", at.Format("20060102T150405"))
		line("TZOFFSETFROM:%s", offsetText(from))
		line("TZOFFSETTO:%s", offsetText(to))
		if label != "" {
			b.Write(appendFolded(nil, "TZNAME:"+escapeText(label), eol))
		}
		if yearly {
			line("RRULE:FREQ=YEARLY;BYMONTH=%d;BYDAY=%s", int(at.Month()), weekOf(at))
		}
		line("END:%s", name)
	}
	line("BEGIN:VTIMEZONE")
	line("TZID:%s", id)
	if len(c.summers) == 0 {
		part("STANDARD", "", c.offset, c.offset, time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), false)
	}
	for i := range c.summers {
		s := &c.summers[i]
		last := i == len(c.summers)-1
		part("DAYLIGHT", s.name, c.offset, s.offset, wallAt(s.start, c.offset), last)
		part("STANDARD", s.std, s.offset, c.offset, wallAt(s.end, s.offset), last)
	}
	line("END:VTIMEZONE")
	return b.String()
}

// weekOf is the weekday of a date and its number in the month; -1 for the last.
func weekOf(t time.Time) string {
	day := strings.ToUpper(t.Weekday().String()[:2])
	if t.AddDate(0, 0, 7).Month() != t.Month() {
		return "-1" + day
	}
	return strconv.Itoa((t.Day()+6)/7) + day
}

func offsetText(seconds int) string {
	sign := byte('+')
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	s := fmt.Sprintf("%c%02d%02d", sign, seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		s += fmt.Sprintf("%02d", seconds%60)
	}
	return s
}

// madeZoneOf is the TZID and the VTIMEZONE of the item's TZ and DAYLIGHT lines, ""
// without.
func (p *parsed) madeZoneOf(eol string) (id, text string) {
	c, ok := p.oldClock()
	if !ok {
		return "", ""
	}
	sum := sha256.Sum256([]byte(c.vtimezone("", "\n")))
	id = madeZone + offsetText(c.offset) + "-" + hex.EncodeToString(sum[:4])
	return id, c.vtimezone(id, eol)
}

// clock is the zone of the item's TZ and DAYLIGHT lines, nil without.
func (r *timeReader) clock() *recur.Zone {
	if z, ok := r.zones[""]; ok {
		return z
	}
	var z *recur.Zone
	if id, text := r.madeZoneOf("\n"); id != "" {
		q := parsed{t: parse(text), kind: r.kind, d: ICalendar2}
		zr := timeReader{parsed: &q, t: &Timetable{}, zones: map[string]*recur.Zone{"": nil}}
		if made, err := recur.NewZone(id, zr.observances(1)); err == nil {
			z = made
		}
	}
	r.zones[""] = z
	return z
}

// localTimes reports whether a line of vCalendar 1.0 has nothing but times that
// are on the clock of TZ and DAYLIGHT.
func localTimes(m *modern) bool {
	if !isZoned(m.name) || m.value == "" {
		return false
	}
	for i := range m.params {
		if m.params[i].Name == "TZID" {
			return false
		}
	}
	for _, v := range strings.Split(m.value, ",") {
		s, err := recur.ParseStamp(v, nil)
		if err != nil || s.Date || s.Zone != nil {
			return false
		}
	}
	return true
}

// hasLocalTimes reports whether the item has such a line.
func (p *parsed) hasLocalTimes() bool {
	for i := range p.t.Lines {
		if l := &p.t.Lines[i]; isZoned(l.Name) {
			if m := modernise(l, p.d); localTimes(&m) {
				return true
			}
		}
	}
	return false
}

// oldZoneLines writes the zone of the start as TZ and DAYLIGHT lines for the years
// of the item, for readers that know no TZID. "" where there is none to say, or
// where the item says one itself.
func (p *parsed) oldZoneLines(eol string) string {
	if p.main == 0 {
		return ""
	}
	for _, in := range append(p.wrappers[:len(p.wrappers):len(p.wrappers)], p.main) {
		for _, name := range []string{"TZ", "DAYLIGHT", nameMadeTZ} {
			if p.line(in, name) != nil {
				return ""
			}
		}
	}
	r := p.times()
	start, end := p.span(r)
	if start.IsZero() {
		start = end
	}
	z := start.Zone
	if z == nil || z == recur.UTC || start.Date {
		return ""
	}
	years := 1
	if !end.IsZero() {
		years += max(end.Wall.Year()-start.Wall.Year(), 0)
	}
	for _, name := range []string{"RRULE", "RDATE"} {
		if p.line(p.main, name) != nil {
			years = maxSummers
		}
	}
	years = min(years, maxSummers)
	first := start.In(nil)
	from := first.AddDate(-1, 0, 0)
	changes := z.Changes(from, time.Date(start.Wall.Year()+years, 1, 1, 0, 0, 0, 0, time.UTC))
	_, base := z.Resolve(start.Wall).Zone()
	for _, c := range changes { // a summer is what is ahead of the rest of the year
		_, o := c.Zone()
		base = min(base, o)
	}
	var b strings.Builder
	b.Write(appendFolded(nil, nameMadeTZ+":"+z.Name(), eol))
	b.WriteString("TZ:" + colonOffset(base) + eol)
	for i := 0; i < len(changes); i++ {
		c := changes[i]
		name, offset := c.Zone()
		if offset <= base {
			continue
		}
		if i+1 >= len(changes) {
			next := z.Changes(c, c.AddDate(1, 0, 0))
			if len(next) == 0 {
				break
			}
			changes = append(changes, next[0])
		}
		over := changes[i+1]
		if !over.After(first) {
			continue
		}
		stdName, _ := over.Zone()
		fmt.Fprintf(&b, "DAYLIGHT:TRUE;%s;%s;%s;%s;%s%s", colonOffset(offset), wallBefore(c, base), wallBefore(over, offset), stdName, name, eol)
	}
	return b.String()
}

// wallBefore is an instant on a clock with that offset.
func wallBefore(t time.Time, offset int) string {
	return t.In(time.FixedZone("", offset)).Format("20060102T150405")
}

func colonOffset(seconds int) string {
	s := offsetText(seconds)
	return s[:3] + ":" + s[3:5]
}

// madeTZ reports whether the calendar's TZ and DAYLIGHT were made of a zone.
func (p *parsed) madeTZ() bool {
	for _, w := range p.wrappers {
		if p.line(w, nameMadeTZ) != nil {
			return true
		}
	}
	return false
}

func isMadeTZ(name string) bool { return name == nameMadeTZ || name == "TZ" || name == "DAYLIGHT" }

// dropMadeTZ takes out of dst what was made of the zone that it had.
func (r *rebuild) dropMadeTZ() {
	d := r.dst
	if !d.madeTZ() {
		return
	}
	for i := range d.t.Lines {
		if l := &d.t.Lines[i]; isMadeTZ(l.Name) && d.roles[l.Component] == roleWrapper {
			r.changes = append(r.changes, change{start: l.Start, end: l.End})
		}
	}
}
