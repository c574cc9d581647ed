package pim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cradle/valuebag"
)

// ErrDialect: Convert was asked for a dialect that the kind hasn't.
var ErrDialect = errors.New("no dialect of this kind")

// dialectsOf lists the dialects of a kind, the newest first.
func (k *Kind) dialectsOf() []Dialect {
	switch k {
	case Contacts:
		return []Dialect{VCard40, VCard30, VCard21}
	case Notes:
		return []Dialect{ICalendar2, VNote11}
	}
	return []Dialect{ICalendar2, VCalendar1}
}

// DialectByVersion finds the dialect of a kind by its VERSION: 2.1, 3.0 and 4.0
// for contacts, 1.0 and 2.0 for events and tasks, 1.1 and 2.0 for notes.
func (k *Kind) DialectByVersion(version string) (Dialect, bool) {
	for _, d := range k.dialectsOf() {
		if d.version() == version {
			return d, true
		}
	}
	return 0, false
}

// version is what a text of the dialect has as its VERSION.
func (d Dialect) version() string {
	switch d {
	case VCard21:
		return "2.1"
	case VCard30:
		return "3.0"
	case VCard40:
		return "4.0"
	case VCalendar1:
		return "1.0"
	case VNote11:
		return "1.1"
	}
	return "2.0"
}

// Dialect is the one that the item's text is written in; 0 if it can't be read.
func (k *Kind) Dialect(item *valuebag.Values) Dialect {
	p, err := k.parseItem(string(k.Text(item)))
	if err != nil {
		return 0
	}
	return p.d
}

// Convert gives the item in another dialect, for a phone or an export that wants
// it, made from the full text each time. The result is equal to the item in every
// unit: what the dialect can't say is carried in X- properties or left as it
// stands (docs/dialects.md has the table), so nothing is lost on the way there
// and back, and what a phone then changes merges by its unit into the item's own
// text. An item in that dialect already is returned as it is. Errors: ErrDialect,
// and those of New.
func (k *Kind) Convert(item *valuebag.Values, to Dialect) (*valuebag.Values, error) {
	if _, ok := k.DialectByVersion(to.version()); !ok || to.card() != k.card() {
		return nil, fmt.Errorf("%s as %s: %w", k.name, to, ErrDialect)
	}
	p, err := k.parseClosed(item)
	if err != nil {
		return nil, fmt.Errorf("converting to %s: %w", to, err)
	}
	if p.d == to {
		return item, nil
	}
	c := converter{parsed: p, to: to, eol: "\r\n"}
	switch {
	case k.card():
		c.component(p.main, "VCARD")
	case to == VNote11:
		if len(p.overrides) > 0 {
			return nil, fmt.Errorf("a series of notes as %s: %w", to, ErrDialect)
		}
		c.component(p.main, "VNOTE")
	case p.d == VNote11:
		c.wrapped(func() { c.component(p.main, "VJOURNAL") })
	case to == VCalendar1:
		c.before = c.oldZoneLines("\r\n")
		c.wrapped(func() { c.children(0) })
	default:
		if p.d == VCalendar1 {
			if !p.madeTZ() && p.hasLocalTimes() {
				c.zone, c.before = c.madeZoneOf("\r\n")
			}
		}
		c.prepare()
		c.wrapped(func() { c.children(0) })
	}
	q, err := k.parseItem(string(c.b))
	if err != nil {
		return nil, fmt.Errorf("converting to %s: %w", to, err)
	}
	return q.bag(c.b, k.Collection(item)), nil
}

// Untranslated lists what of a converted item stands there in the other dialect's words,
// by name, each once: rules that its own has no words for. Its readers pass over such
// a rule, or refuse the item. Nothing of an item that was never converted.
func (k *Kind) Untranslated(item *valuebag.Values) []string {
	p, err := k.parseItem(string(k.Text(item)))
	if err != nil || k.card() {
		return nil
	}
	var names []string
	for i := range p.t.Lines {
		l := &p.t.Lines[i]
		if l.Junk || l.Name != "RRULE" && l.Name != "EXRULE" || slices.Contains(names, l.Name) {
			continue
		}
		if modern := strings.Contains(strings.ToUpper(l.RawValue), "FREQ="); modern != (p.d == ICalendar2) {
			names = append(names, l.Name)
		}
	}
	return names
}

// converter writes an item's text anew in another dialect.
type converter struct {
	*parsed
	to      Dialect
	eol     string
	b       []byte
	before  string         // TZ and DAYLIGHT, or a VTIMEZONE made of them
	zone    string         // its TZID
	instead map[int][]byte // VALARMs instead of lines
	as      map[int][]byte // lines instead of lines
	gone    map[int]bool   // lines that those say
}

// prepare finds what of vCalendar 1.0 becomes something else than a line for a line:
// alarms, and what was made of lines that it hasn't.
func (c *converter) prepare() {
	if c.d != VCalendar1 || c.to != ICalendar2 {
		return
	}
	c.instead, c.as, c.gone = map[int][]byte{}, map[int][]byte{}, map[int]bool{}
	for i := range c.clusters {
		cl := &c.clusters[i]
		switch {
		case cl.comp != 0:
		case cl.unit == calAlarms:
			c.alarm(cl)
		case cl.unit == calWhen && cl.was != "":
			c.was(cl.lines[0], cl.was)
		}
	}
	for _, o := range c.overrides {
		lines, alarms, _ := c.entryLines(o)
		for _, l := range lines {
			c.was(l.line, l.was)
		}
		for _, a := range alarms {
			c.alarm(&cluster{unit: calAlarms, lines: []int{a.line}, was: a.was})
		}
	}
	for i := range c.t.Lines {
		switch l := &c.t.Lines[i]; {
		case l.Junk || l.Component == 0:
		case isNote(l.Name) && (l.Component == c.main || c.roles[l.Component] == roleOverride):
			c.gone[i] = true
		case isOldAlarm(l.Name) && c.roles[l.Component] == roleOverride && c.instead[i] == nil:
			c.alarm(&cluster{unit: calAlarms, lines: []int{i}})
		}
	}
}

// alarm makes a VALARM of an alarm line.
func (c *converter) alarm(cl *cluster) {
	if b, ok := c.modernAlarm(cl, c.eol); ok {
		c.instead[cl.lines[0]] = b
		for _, l := range cl.lines {
			c.gone[l] = true
		}
	}
}

// was puts the line that a line was made of in its place.
func (c *converter) was(line int, from string) {
	if t, ok := oneLine1(from); ok {
		c.as[line] = appendConverted(nil, t, &t.Lines[0], ICalendar2, c.to, "", c.eol)
	}
}

// swapped is what a line is written as, if that isn't the line in the other dialect.
func (c *converter) swapped(j int) (text []byte, ok bool) {
	l := &c.t.Lines[j]
	if c.gone[j] {
		return nil, true
	}
	if b, ok := c.as[j]; ok {
		return b, true
	}
	if c.to == VCalendar1 && l.Component != 0 && (l.Component == c.main || c.roles[l.Component] == roleOverride) {
		return c.oldLine(l, c.eol)
	}
	return nil, false
}

// alarmsOf appends the VALARMs that an entry's alarm lines become.
func (c *converter) alarmsOf(b []byte, entry int) []byte {
	for _, l := range slices.Sorted(maps.Keys(c.instead)) {
		if c.t.Lines[l].Component == entry {
			b = append(b, c.instead[l]...)
		}
	}
	return b
}

// lineOf is the line that a VALARM of an entry becomes, if it does.
func (c *converter) lineOf(comp int) ([]byte, bool) {
	k := &c.t.Components[comp]
	if c.to != VCalendar1 || k.Name != "VALARM" || k.Parent == 0 || k.Parent != c.main && c.roles[k.Parent] != roleOverride {
		return nil, false
	}
	return c.oldAlarm(comp, c.eol)
}

func (c *converter) text(s string) { c.b = append(append(c.b, s...), "\r\n"...) }

// wrapped writes a VCALENDAR with what stands around the entries.
func (c *converter) wrapped(body func()) {
	c.text("BEGIN:VCALENDAR")
	c.text("VERSION:" + c.to.version())
	product := false
	for _, w := range append([]int{0}, c.wrappers...) {
		c.lines(w, func(l *Line) bool {
			product = product || l.Name == "PRODID"
			return l.Name != "VERSION"
		})
	}
	if !product {
		c.b = appendFolded(c.b, "PRODID:"+ProductID, "\r\n")
	}
	if c.to == VCalendar1 {
		c.b = append(c.b, c.before...)
	}
	if c.to == ICalendar2 {
		c.b = append(c.b, c.before...)
	}
	for _, w := range c.wrappers {
		c.children(w)
	}
	body()
	c.text("END:VCALENDAR")
}

func (c *converter) component(i int, name string) {
	if a := c.t.Components[i].Agent; a >= 0 {
		m := modernise(&c.t.Lines[a], c.d)
		m.value = ""
		c.b = append(c.b, strings.TrimSuffix(string(appendLine(nil, &m, c.to, "\r\n")), "\r\n")...)
	}
	c.text("BEGIN:" + name)
	own := i == c.main && (c.kind.card() || c.d == VNote11 || c.to == VNote11) // has its VERSION itself
	if own && name != "VJOURNAL" {
		c.text("VERSION:" + c.to.version())
	}
	c.lines(i, func(l *Line) bool { return !(own && l.Name == "VERSION") })
	c.children(i)
	c.text("END:" + name)
}

// lines writes the lines of a component, what is no content line first: behind an
// encoded value it could be taken for more of it.
func (c *converter) lines(i int, keep func(*Line) bool) {
	t := c.t
	made := c.d == VCalendar1 && c.roles[i] == roleWrapper && c.madeTZ()
	for _, junk := range []bool{true, false} {
		for j := t.linesFrom(t.Components[i].BodyStart); j < len(t.Lines) && t.Lines[j].Start < t.Components[i].End; j++ {
			l := &t.Lines[j]
			if l.Component != i || l.stray || l.Junk != junk || !keep(l) || l.Name == "AGENT" && c.agentComponent(j) != 0 {
				continue
			}
			if made && isMadeTZ(l.Name) {
				continue
			}
			if b, ok := c.swapped(j); ok {
				c.b = append(c.b, b...)
				continue
			}
			if c.zone != "" && !junk {
				if m := modernise(l, c.d); localTimes(&m) {
					m.params = append(m.params[:len(m.params):len(m.params)], Param{Name: "TZID", Values: []string{c.zone}})
					c.b = appendLine(c.b, &m, c.to, "\r\n")
					continue
				}
			}
			c.b = appendConverted(c.b, t, l, c.d, c.to, l.Group, "\r\n")
		}
	}
}

func (c *converter) children(i int) {
	c.b = c.alarmsOf(c.b, i)
	for _, ch := range c.t.Children(i) {
		name := c.t.Components[ch].Name
		if c.to == VCalendar1 && name == "VTIMEZONE" && strings.HasPrefix(c.zoneID(ch), madeZone) {
			continue // TZ and DAYLIGHT say it
		}
		if b, ok := c.lineOf(ch); ok {
			c.b = append(c.b, b...)
			continue
		}
		if i == 0 && (name == "VCALENDAR" || name == "VNOTE") {
			continue
		}
		c.component(ch, name)
	}
}
