package pim

import (
	"slices"
	"strings"

	"cradle/pim/recur"
)

// nameWasLine is the line behind a DTEND, DUE and the like of vCalendar 1.0 that was
// made of what that version's readers don't know, a DURATION, a period or a time in
// another zone than the start's: it says what that was, as the lines of alarms do. The digest is of
// DTSTART too: an end that stays when the start moves is no DURATION any more.
const nameWasLine = "X-CRADLE-LINE"

// oldLine gives a line of an entry as readers of vCalendar 1.0 understand it, with the
// line that says what it was; ok is false for one that stays as it stands.
func (p *parsed) oldLine(l *Line, eol string) (text []byte, ok bool) {
	if p.d != ICalendar2 || l.Junk || l.Group != "" || l.dangling {
		return nil, false
	}
	m, ok := p.oldTime(l)
	if !ok {
		return nil, false
	}
	raw := strings.TrimRight(p.t.Raw(l), "\r\n")
	if _, ok := oneLine1(raw); !ok || len(raw) > maxCarried {
		return nil, false
	}
	text = appendLine(nil, m, VCalendar1, eol)
	made, ok := oneLine1(string(text))
	if !ok {
		return nil, false
	}
	note := nameWasLine
	if id := l.Param("TZID"); id != "" {
		note += ";TZID=" + joinParamValues([]string{id}) // or its VTIMEZONE would be nobody's
	}
	start := p.startNorm(l.Component)
	if standsAlone(l.Name) {
		start = ""
	}
	return appendFolded(text, note+":"+carry(start+"\n"+normLine(&made.Lines[0], VCalendar1), raw), eol), true
}

// standsAlone reports the lines that mean the same wherever the start is.
func standsAlone(name string) bool { return name == "DTSTART" || name == "RECURRENCE-ID" }

// oldTime is what oldLine makes of a line.
func (p *parsed) oldTime(l *Line) (*modern, bool) {
	r := p.times()
	if l.Name == "DURATION" {
		return p.oldEnd(r, l)
	}
	kind := strings.ToUpper(l.Param("VALUE"))
	periods := l.Name == "RDATE" && kind == "PERIOD"
	if !isZoned(l.Name) || l.Name == "DTSTART" && l.Component == p.main || kind != "" && kind != "DATE-TIME" && !periods {
		return nil, false
	}
	z := r.zone(l)
	away := p.isAway(r, l, z)
	if !away && !periods {
		return nil, false
	}
	m := modernise(l, p.d)
	values := dateList(m.value)
	for i, v := range values {
		v, _, isPeriod := strings.Cut(v, "/")
		s, err := recur.ParseStamp(v, z)
		if err != nil || s.Date || isPeriod != periods {
			return nil, false
		}
		if values[i] = v; away {
			values[i] = s.In(nil).UTC().Format("20060102T150405Z")
		}
	}
	m.value = strings.Join(values, ",")
	m.params = slices.DeleteFunc(slices.Clone(m.params), func(q Param) bool { return away && q.Name == "TZID" || periods && q.Name == "VALUE" })
	return &m, len(values) > 0
}

// isAway reports whether a line's times are in another zone than the one that TZ and
// DAYLIGHT say.
func (p *parsed) isAway(r *timeReader, l *Line, z *recur.Zone) bool {
	first := p.clockLine(l.Component)
	if id := l.Param("TZID"); z == nil || z == recur.UTC || id == "" || strings.HasPrefix(id, madeZone) || first == l {
		return false
	}
	if first == nil {
		return true
	}
	own := r.zone(first)
	return own == nil || own.Name() != z.Name()
}

// clockLine is the line of an item whose zone TZ and DAYLIGHT say; entry is its, if it
// has no master.
func (p *parsed) clockLine(entry int) (first *Line) {
	if p.main != 0 {
		entry = p.main
	}
	for _, name := range []string{"DTSTART", "DTEND", "DUE"} {
		if first == nil {
			first = p.line(entry, name)
		}
	}
	return first
}

// later is a time so much later: by days on its clock, then by hours that pass.
func later(s recur.Stamp, n recur.Length) recur.Stamp {
	s.Wall = s.Wall.AddDate(0, 0, n.Days)
	if z := s.Zone; z != nil && n.Exact != 0 {
		s.Wall = z.Wall(z.Resolve(s.Wall).Add(n.Exact))
	} else {
		s.Wall = s.Wall.Add(n.Exact)
	}
	return s
}

// oldEnd is a DURATION as the end that it makes.
func (p *parsed) oldEnd(r *timeReader, l *Line) (*modern, bool) {
	name := map[string]string{"VEVENT": "DTEND", "VTODO": "DUE"}[p.t.Components[l.Component].Name]
	start := p.line(l.Component, "DTSTART")
	if name == "" || start == nil || p.line(l.Component, name) != nil || p.line(l.Component, "DURATION") != l {
		return nil, false
	}
	s, there := r.stamp(start)
	n, ok := r.duration(l.RawValue)
	if !there || !ok || s.Date && n.Exact != 0 {
		return nil, false
	}
	s = later(s, n)
	if y := s.Wall.Year(); y < 1 || y > 9999 {
		return nil, false
	}
	m := modernise(start, p.d)
	m = modern{name: name, value: s.String(), params: m.params}
	if _, made := p.oldTime(start); made { // it is in UTC there
		m.value = s.In(nil).UTC().Format("20060102T150405Z")
		m.params = slices.DeleteFunc(slices.Clone(m.params), func(q Param) bool { return q.Name == "TZID" })
	}
	return &m, true
}

// startNorm is the normal form of an entry's DTSTART, as vCalendar 1.0 has it.
func (p *parsed) startNorm(entry int) string {
	l := p.line(entry, "DTSTART")
	if l == nil {
		return ""
	}
	if p.d == ICalendar2 {
		if m, ok := p.oldTime(l); ok {
			if made, ok := oneLine1(string(appendLine(nil, m, VCalendar1, "\r\n"))); ok {
				return normLine(&made.Lines[0], VCalendar1)
			}
		}
	}
	return normLine(l, p.d)
}

// oneLine1 is a text of one content line, taken apart.
func oneLine1(s string) (*Text, bool) {
	t := parse(s)
	if len(t.Lines) != 1 || len(t.Components) != 1 || t.Lines[0].Junk || t.Lines[0].Group != "" || t.Lines[0].dangling {
		return nil, false
	}
	return t, true
}

// wasLineOf gives what a line was made of by the note that says it, if it is still
// what was made.
func (p *parsed) wasLineOf(note, made *Line, norm string) (from string, t *Text, ok bool) {
	start := ""
	if !standsAlone(made.Name) {
		start = p.startNorm(made.Component)
	}
	if !isZoned(made.Name) {
		return "", nil, false
	}
	if from, ok = carried(note.RawValue, start+"\n"+norm); !ok {
		return "", nil, false
	}
	t, ok = oneLine1(from)
	return from, t, ok
}

// pairLines puts the lines that say what lines of the master were made from to those,
// and gives these the normal form of what they were.
func (p *parsed) pairLines(notes []int) {
	for _, i := range notes {
		for c := range p.clusters {
			cl := &p.clusters[c]
			if cl.comp != 0 || len(cl.lines) != 1 || cl.unit != calWhen || p.t.Lines[cl.lines[0]].Component != p.t.Lines[i].Component {
				continue
			}
			if from, t, ok := p.wasLineOf(&p.t.Lines[i], &p.t.Lines[cl.lines[0]], cl.norm); ok {
				cl.norm = normLine(&t.Lines[0], ICalendar2)
				cl.lines = []int{cl.lines[0], i}
				cl.was = from
				break
			}
		}
	}
}

// normed is a line of a component in normal form.
type normed struct {
	line int
	norm string
	was  string // what it was made from
}

// unmade undoes what was made for vCalendar 1.0 in the lines of an entry: a line that
// was another gets its norm, an alarm that was a VALARM goes to the components. notes
// are the lines that say so.
func (p *parsed) unmade(lines []normed, notes []int) (_ []normed, alarms []normed) {
	for _, i := range notes {
		note := &p.t.Lines[i]
		for n := range lines {
			made := &p.t.Lines[lines[n].line]
			if made.Junk || lines[n].was != "" {
				continue
			}
			if note.Name == nameWasLine {
				if from, t, ok := p.wasLineOf(note, made, lines[n].norm); ok {
					lines[n].norm, lines[n].was = normLine(&t.Lines[0], ICalendar2), from
					break
				}
				continue
			}
			if !isOldAlarm(made.Name) {
				continue
			}
			if from, ok := carried(note.RawValue, lines[n].norm); ok {
				if q, ok := p.kind.alarmComponent(from); ok {
					alarms = append(alarms, normed{lines[n].line, q.normWithout(1, ""), from})
					lines = slices.Delete(lines, n, n+1)
					break
				}
			}
		}
	}
	return lines, alarms
}

// isNote reports the lines that say what others were made from.
func isNote(name string) bool { return name == nameWasVALARM || name == nameWasLine }

// entryLines are the lines of an override in vCalendar 1.0 that were made of others,
// and the lines that say so.
func (p *parsed) entryLines(entry int) (lines, alarms []normed, notes []int) {
	t := p.t
	for j := t.linesFrom(t.Components[entry].BodyStart); j < len(t.Lines) && t.Lines[j].Start < t.Components[entry].End; j++ {
		l := &t.Lines[j]
		switch {
		case l.Component != entry || l.Junk || l.stray:
		case isNote(l.Name):
			notes = append(notes, j)
		default:
			lines = append(lines, normed{line: j, norm: normLine(l, p.d)})
		}
	}
	lines, alarms = p.unmade(lines, notes)
	return slices.DeleteFunc(lines, func(n normed) bool { return n.was == "" }), alarms, notes
}
