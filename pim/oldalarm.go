package pim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"cradle/pim/recur"
)

// An alarm of vCalendar 1.0 is a line (AALARM, DALARM, MALARM, PALARM), one of
// iCalendar a component (VALARM), and neither can say all that the other does. So
// a converted alarm has beside it what it was made from, in a line of Cradle's own
// with a digest of what was made. As long as that digest holds, the alarm counts
// as what it was made from; once a phone has changed it, as what it says now.
const (
	nameWasAlarm  = "X-CRADLE-ALARM"  // in a VALARM: the line that it was
	nameWasVALARM = "X-CRADLE-VALARM" // behind an alarm line: the VALARM that it was
)

// maxCarried is the longest alarm that is converted, in bytes; longer ones, which
// hold a sound, stay as they stand.
const maxCarried = 8 << 10

// alarmActions are the ACTIONs of iCalendar beside the lines of vCalendar 1.0.
var alarmActions = []struct{ action, line string }{
	{"AUDIO", "AALARM"}, {"DISPLAY", "DALARM"}, {"EMAIL", "MALARM"}, {"PROCEDURE", "PALARM"},
}

func isOldAlarm(name string) bool {
	return len(name) == 6 && strings.HasSuffix(name, "ALARM") && strings.IndexByte("ADMP", name[0]) >= 0
}

// carry is the value of a line that says what an alarm was made from.
func carry(madeNorm, from string) string {
	sum := sha256.Sum256([]byte(madeNorm))
	return hex.EncodeToString(sum[:8]) + "." + base64.RawURLEncoding.EncodeToString([]byte(from))
}

// carried gives what an alarm was made from, if it is still what was made.
func carried(value, madeNorm string) (from string, ok bool) {
	digest, data, ok := strings.Cut(strings.TrimSpace(value), ".")
	sum := sha256.Sum256([]byte(madeNorm))
	if !ok || digest != hex.EncodeToString(sum[:8]) || len(data) > 2*maxCarried {
		return "", false
	}
	b, err := base64.RawURLEncoding.DecodeString(data)
	return string(b), err == nil
}

// alarmLine is a text of one alarm line of vCalendar 1.0, taken apart.
func alarmLine(s string) (*Text, bool) {
	t := parse(s)
	if len(t.Lines) != 1 || len(t.Components) != 1 || t.Lines[0].Junk || t.Lines[0].Group != "" || !isOldAlarm(t.Lines[0].Name) || t.Lines[0].dangling {
		return nil, false
	}
	return t, true
}

// alarmComponent is a text of one VALARM, taken apart.
func (k *Kind) alarmComponent(s string) (*parsed, bool) {
	t := parse(s)
	if len(t.Components) != 2 || t.Components[1].Name != "VALARM" || !t.Components[1].Closed || t.Components[1].End != len(s) || t.Components[1].Start != 0 || t.Components[1].tooLong || t.strayIn(1) {
		return nil, false
	}
	return &parsed{t: t, kind: k, d: ICalendar2, roles: make([]role, 2)}, true
}

// normLine is the normal form of a line in dialect d of the calendar kinds.
func normLine(l *Line, d Dialect) string {
	m := modernise(l, d)
	return string(appendNorm(nil, &m, false))
}

// wasLine is the alarm line that a VALARM of the main component was made from.
func (p *parsed) wasLine(comp int) (*Text, bool) {
	l := p.line(comp, nameWasAlarm)
	if l == nil || p.kind.card() {
		return nil, false
	}
	from, ok := carried(l.RawValue, p.normWithout(comp, nameWasAlarm))
	if !ok {
		return nil, false
	}
	return alarmLine(from)
}

// normAlarm is the normal form of a VALARM of the main component: that of the line
// that it was made from, if it was.
func (p *parsed) normAlarm(comp int) string {
	if t, ok := p.wasLine(comp); ok {
		return normLine(&t.Lines[0], VCalendar1)
	}
	return p.normWithout(comp, nameWasAlarm)
}

// pairAlarms puts the lines that say what alarm lines were made from to those, and
// gives these the normal form of what they were.
func (p *parsed) pairAlarms(lines []int) {
	for _, i := range lines {
		for c := range p.clusters {
			cl := &p.clusters[c]
			if cl.unit != calAlarms || cl.comp != 0 || len(cl.lines) != 1 || p.t.Lines[cl.lines[0]].Component != p.t.Lines[i].Component {
				continue
			}
			from, ok := carried(p.t.Lines[i].RawValue, cl.norm)
			if !ok {
				continue
			}
			if q, ok := p.kind.alarmComponent(from); ok {
				cl.norm = q.normWithout(1, "")
				cl.lines = []int{cl.lines[0], i}
				cl.was = from
				break
			}
		}
	}
}

// oldAlarm gives a VALARM as a line of vCalendar 1.0, with the line that says what
// it was. ok is false for one that has to stay as it stands.
func (p *parsed) oldAlarm(comp int, eol string) (lines []byte, ok bool) {
	t := p.t
	c := &t.Components[comp]
	if was, ok := p.wasLine(comp); ok {
		return []byte(strings.TrimRight(was.Source, "\r\n") + eol), true
	}
	raw := strings.TrimRight(t.Source[c.Start:c.End], "\r\n") + "\r\n"
	if l := p.line(comp, nameWasAlarm); l != nil { // of what it was before
		raw = t.Source[c.Start:l.Start] + t.Source[l.End:c.Start+len(raw)-2] + "\r\n"
	}
	if !c.Closed || p.d != ICalendar2 || len(raw) > maxCarried {
		return nil, false
	}
	q, ok := p.kind.alarmComponent(raw)
	if !ok || p.line(comp, "PROXIMITY") != nil {
		return nil, false
	}
	m := modern{}
	action := strings.ToUpper(strings.TrimSpace(p.lineValue(comp, "ACTION")))
	for _, a := range alarmActions {
		if action == a.action || action == "" && a.action == "DISPLAY" {
			m.name = a.line
		}
	}
	at, there := p.alarmTime(comp, c.Parent)
	if m.name == "" || !there {
		return nil, false
	}
	parts := []string{at, strings.TrimSpace(p.lineValue(comp, "DURATION")), strings.TrimSpace(p.lineValue(comp, "REPEAT"))}
	switch m.name {
	case "DALARM":
		parts = append(parts, p.lineValue(comp, "DESCRIPTION"))
	case "MALARM":
		to := p.lineValue(comp, "ATTENDEE")
		if hasFold(to, "mailto:") {
			to = to[len("mailto:"):]
		}
		parts = append(parts, to, p.lineValue(comp, "DESCRIPTION"))
	default:
		attach := ""
		if l := p.line(comp, "ATTACH"); l != nil && lineEncoding(l.Params) == encNone {
			attach = p.lineValue(comp, "ATTACH")
		}
		parts = append(parts, attach)
	}
	for i := range parts {
		parts[i] = escapeText(parts[i])
	}
	m.value = strings.Join(parts, ";")
	lines = appendLine(nil, &m, VCalendar1, eol)
	made, ok := alarmLine(string(lines))
	if !ok {
		return nil, false
	}
	lines = append(lines, nameWasVALARM+":"+carry(normLine(&made.Lines[0], VCalendar1), q.t.Source)...)
	return append(lines, eol...), true
}

// alarmTime is when a VALARM of an entry goes off the first time, on the clock of the
// start.
func (p *parsed) alarmTime(comp, entry int) (string, bool) {
	l := p.line(comp, "TRIGGER")
	if l == nil {
		return "", false
	}
	r := p.times()
	d, relative := parseDuration(l.RawValue)
	if !relative {
		s, err := recur.ParseStamp(l.RawValue, r.zone(l))
		if err != nil || s.Date || s.Zone != nil && s.Zone != recur.UTC {
			return "", false
		}
		return s.String(), true
	}
	start, end := p.spanOf(r, entry)
	base := start
	if strings.EqualFold(l.Param("RELATED"), "END") || start.IsZero() && p.kind == Tasks {
		base = end
	}
	if base.IsZero() {
		return "", false
	}
	base.Date = false
	if z := base.Zone; z != nil && z != recur.UTC {
		base.Wall = z.Wall(z.Resolve(base.Wall).Add(d))
	} else {
		base.Wall = base.Wall.Add(d)
	}
	if z := base.Zone; z != nil && z != recur.UTC && (entry != p.main || !p.onClock(r, entry, z)) { // TZ and DAYLIGHT are the master's
		base = recur.Stamp{Wall: base.In(nil).UTC(), Zone: recur.UTC}
	}
	if y := base.Wall.Year(); y < 1 || y > 9999 {
		return "", false
	}
	return base.String(), true
}

// onClock reports whether a zone is the one that TZ and DAYLIGHT say.
func (p *parsed) onClock(r *timeReader, entry int, z *recur.Zone) bool {
	first := p.clockLine(entry)
	if first == nil {
		return false
	}
	own := r.zone(first)
	return own != nil && own.Name() == z.Name()
}

// times reads times of the item.
func (p *parsed) times() *timeReader {
	return &timeReader{parsed: p, t: &Timetable{}, zones: map[string]*recur.Zone{}}
}

// span is the start and the end of the main component, zero where it has none.
func (p *parsed) span(r *timeReader) (start, end recur.Stamp) { return p.spanOf(r, p.main) }

// spanOf is that of an entry; an override begins at its RECURRENCE-ID if it doesn't
// say otherwise.
func (p *parsed) spanOf(r *timeReader, entry int) (start, end recur.Stamp) {
	if entry == 0 {
		return start, end
	}
	for _, name := range []string{"DTSTART", "RECURRENCE-ID"} {
		if l := p.line(entry, name); l != nil && start.IsZero() {
			start, _ = r.stamp(l)
		}
	}
	for _, name := range []string{"DTEND", "DUE"} {
		if l := p.line(entry, name); l != nil && end.IsZero() {
			end, _ = r.stamp(l)
		}
	}
	if l := p.line(entry, "DURATION"); l != nil && end.IsZero() && !start.IsZero() {
		if n, ok := r.duration(l.RawValue); ok {
			end = later(start, n)
		}
	}
	return start, end
}

// modernAlarm gives an alarm line of vCalendar 1.0 as a VALARM, with the line that
// says what it was. ok is false for one that has to stay as it stands.
func (p *parsed) modernAlarm(c *cluster, eol string) (text []byte, ok bool) {
	if c.was != "" {
		return []byte(c.was), true
	}
	l := &p.t.Lines[c.lines[0]]
	raw := strings.TrimRight(p.t.Raw(l), "\r\n")
	if p.d != VCalendar1 || l.Junk || !isOldAlarm(l.Name) || len(raw) > maxCarried || len(c.lines) != 1 {
		return nil, false
	}
	if _, ok := alarmLine(raw); !ok {
		return nil, false
	}
	m := modernise(l, p.d)
	parts := splitEscaped(m.value, ';')
	for i := range parts {
		parts[i] = strings.TrimSpace(unescapeText(parts[i]))
	}
	parts = append(parts, "", "", "", "", "")
	trigger, ok := p.alarmTrigger(l, parts[0])
	if !ok {
		return nil, false
	}
	var b []byte
	add := func(name, value string, ps ...Param) {
		b = appendLine(b, &modern{name: name, value: value, params: ps}, ICalendar2, eol)
	}
	b = append(append(b, "BEGIN:VALARM"...), eol...)
	for _, a := range alarmActions {
		if a.line == l.Name {
			add("ACTION", a.action)
		}
	}
	b = append(append(b, trigger...), eol...)
	if n, err := strconv.Atoi(parts[2]); err == nil && n > 0 && n < 1000 {
		if d, ok := parseDuration(parts[1]); ok && d > 0 {
			add("DURATION", durationText(d))
			add("REPEAT", strconv.Itoa(n))
		}
	}
	summary := p.lineValue(l.Component, "SUMMARY")
	said := func(s string) string {
		for _, v := range []string{s, summary} {
			if v != "" {
				return escapeText(v)
			}
		}
		return "Alarm"
	}
	switch l.Name {
	case "DALARM":
		add("DESCRIPTION", said(parts[3]))
	case "MALARM":
		if parts[3] == "" || strings.ContainsAny(parts[3], " \r\n") {
			return nil, false
		}
		add("ATTENDEE", "mailto:"+parts[3])
		add("SUMMARY", said(""))
		add("DESCRIPTION", said(parts[4]))
	default:
		if i := strings.IndexByte(parts[3], ':'); i > 1 && !strings.ContainsAny(parts[3], " \r\n") {
			add("ATTACH", parts[3])
		} else if l.Name == "PALARM" {
			return nil, false // a program to run, and no place for its name
		}
	}
	made := string(b) + "END:VALARM" + eol
	q, ok := p.kind.alarmComponent(made)
	if !ok {
		return nil, false
	}
	b = appendFolded(b, nameWasAlarm+":"+carry(q.normWithout(1, ""), raw), eol)
	return append(append(b, "END:VALARM"...), eol...), true
}

// alarmTrigger is the TRIGGER of an alarm at that time: as far from the start as
// it is, so that it holds for each time of a series; else at that instant.
func (p *parsed) alarmTrigger(l *Line, at string) (string, bool) {
	r := p.times()
	a, err := recur.ParseStamp(at, r.zone(l))
	if err != nil || a.Date {
		return "", false
	}
	base, end := p.spanOf(r, l.Component)
	head := "TRIGGER:"
	if base.IsZero() && p.kind == Tasks {
		base, head = end, "TRIGGER;RELATED=END:"
	}
	const most = 10 * 366 * 24 * time.Hour
	var d time.Duration
	switch {
	case base.IsZero():
	case base.Date && a.Zone != recur.UTC, base.Zone == nil && a.Zone == nil:
		d = a.Wall.Sub(base.Wall)
	case base.Zone != nil && a.Zone != nil:
		d = a.In(nil).Sub(base.In(nil))
	default:
		base = recur.Stamp{} // on different clocks
	}
	switch {
	case !base.IsZero() && d > -most && d < most:
		return head + durationText(d), true
	case a.Zone != nil:
		return "TRIGGER;VALUE=DATE-TIME:" + a.In(nil).UTC().Format("20060102T150405Z"), true
	}
	return "", false
}

// durationText writes an RFC 5545 duration.
func durationText(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	d = d.Truncate(time.Second)
	s := sign + "P"
	if days := d / (24 * time.Hour); days > 0 {
		s += strconv.FormatInt(int64(days), 10) + "D"
		if d %= 24 * time.Hour; d == 0 {
			return s
		}
	}
	s += "T"
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Hour, "H"}, {time.Minute, "M"}, {time.Second, "S"}} {
		if n := d / u.unit; n > 0 {
			s += strconv.FormatInt(int64(n), 10) + u.name
		}
		d %= u.unit
	}
	if strings.HasSuffix(s, "T") {
		s += "0S"
	}
	return s
}
