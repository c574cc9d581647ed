package pim

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"cradle/pim/recur"
)

// edit changes one slot of the full item by the difference between what the peer held
// and holds.
func (p *patcher) edit(fullAt, nowAt int, full, was, now *slot) {
	f, n := &p.dst.clusters[fullAt], &p.src.clusters[nowAt]
	if f.comp != 0 || n.comp != 0 {
		p.editComponent(fullAt, f, n, full, was)
		return
	}
	if full.norm == was.norm {
		// The peer held the line as it was sent: it is taken as it is.
		p.note(now, now.value)
		p.gone[fullAt] = true
		at := p.dst.t.Lines[f.lines[0]].Start
		p.takeOut(f)
		p.groups = nil
		p.put(n, at)
		p.zoneOf(n)
		return
	}
	main := &p.dst.t.Lines[f.lines[0]]
	group := main.Group
	if group == "" && len(now.more) > len(was.more) {
		group = p.groupName("item1")
	}
	p.editLine(main, &p.src.t.Lines[n.lines[0]], group, was, now)
	p.editMore(f, n, group, was, now)
}

// editLine writes a line of the full item anew: its value and parameters changed by
// the difference between was and now.
func (p *patcher) editLine(l, src *Line, group string, was, now *slot) {
	m := modernise(l, p.dst.d)
	other := modernise(src, p.src.d)
	m.group = group
	switch value, kept := p.value(l, src, &m, &other, was, now); {
	case kept:
		m.value = value
		m.params = lasting(m.params, was.value != now.value)
		m.params = changedParams(m.params, was.params, now.params)
	default: // nothing of the old line says anything of the new value
		m.value, m.params, m.binary = other.value, other.params, other.binary
		p.zoneOf(&cluster{lines: []int{lineIndex(p.src.t, src)}})
	}
	m.was = nil
	p.note(now, m.value)
	p.changes = append(p.changes, change{start: l.Start, end: l.End, text: string(appendLine(nil, &m, p.dst.d, p.eol))})
}

func lineIndex(t *Text, l *Line) int { return t.linesFrom(l.Start) }

// editMore does the same for the other lines of a group.
func (p *patcher) editMore(f, n *cluster, group string, was, now *slot) {
	if slices.Equal(was.more, now.more) {
		return
	}
	d := slotDiff{card: p.k.card(), was: readSlots(was.more), now: make([]slot, 0, len(n.lines)), full: make([]slot, 0, len(f.lines))}
	for _, l := range f.lines[1:] {
		d.full = append(d.full, p.dst.lineSlot(l))
	}
	for _, l := range n.lines[1:] {
		d.now = append(d.now, p.src.lineSlot(l))
	}
	ops := d.ops()
	for _, i := range ops.gone {
		l := &p.dst.t.Lines[f.lines[1+i]]
		p.changes = append(p.changes, change{start: l.Start, end: l.End})
	}
	for _, e := range ops.edits {
		p.editLine(&p.dst.t.Lines[f.lines[1+e.full]], &p.src.t.Lines[n.lines[1+e.now]], group, &e.was, &d.now[e.now])
	}
	at := p.dst.t.Lines[f.lines[len(f.lines)-1]].End
	for _, i := range ops.added {
		l := &p.src.t.Lines[n.lines[1+i]]
		p.changes = append(p.changes, change{start: at, end: at, text: string(p.line(nil, l, group))})
	}
}

// lineSlot is one line alone as a slot.
func (p *parsed) lineSlot(line int) slot {
	l := &p.t.Lines[line]
	if l.Junk {
		v, _ := decodeCharset(l.RawValue, "")
		return readSlot("?" + v)
	}
	m := modernise(l, p.d)
	return readSlot(string(appendNorm(nil, &m, p.kind.card())))
}

// editComponent changes an alarm or a changed occurrence.
func (p *patcher) editComponent(fullAt int, f, n *cluster, full, was *slot) {
	if f.comp == 0 || n.comp == 0 {
		return
	}
	if full.norm == was.norm {
		p.gone[fullAt] = true
		p.takeOut(f)
		at := p.dst.t.Components[f.comp].Start
		p.put(n, at)
		return
	}
	p.editWithin(f.comp, n.comp, was.norm)
}

// editWithin changes the lines of a component, and the components in it.
func (p *patcher) editWithin(full, now int, was string) {
	lines := func(q *parsed, comp int) (at []int, slots []slot) {
		t := q.t
		for i := t.linesFrom(t.Components[comp].BodyStart); i < len(t.Lines) && t.Lines[i].Start < t.Components[comp].End; i++ {
			l := &t.Lines[i]
			if l.Component != comp || l.stray || l.Junk || lookup(p.k.card(), l.Name).unit == unitNone {
				continue
			}
			at, slots = append(at, i), append(slots, q.lineSlot(i))
		}
		return at, slots
	}
	d := slotDiff{card: p.k.card(), was: readSlots(inner(was))}
	var fullLines, nowLines []int
	fullLines, d.full = lines(p.dst, full)
	nowLines, d.now = lines(p.src, now)
	ops := d.ops()
	for _, i := range ops.gone {
		l := &p.dst.t.Lines[fullLines[i]]
		p.changes = append(p.changes, change{start: l.Start, end: l.End})
	}
	for _, e := range ops.edits {
		l := &p.dst.t.Lines[fullLines[e.full]]
		p.editLine(l, &p.src.t.Lines[nowLines[e.now]], l.Group, &e.was, &d.now[e.now])
	}
	at := p.dst.t.Components[full].BodyEnd
	if ch := p.dst.t.Children(full); len(ch) > 0 {
		at = p.dst.t.Components[ch[0]].Start
	}
	for _, i := range ops.added {
		l := &p.src.t.Lines[nowLines[i]]
		p.changes = append(p.changes, change{start: at, end: at, text: string(p.line(nil, l, l.Group))})
	}
	p.editInner(full, now, was)
}

// editInner does the same for the components in one, the alarms of a changed occurrence.
// In vCalendar 1.0 these are lines.
func (p *patcher) editInner(full, now int, was string) {
	if p.dst.d == VCalendar1 || p.src.d == VCalendar1 {
		return
	}
	within := func(q *parsed, comp int) (at []int, slots []slot) {
		for _, c := range q.t.Children(comp) {
			if _, made := q.wasLine(c); !made {
				at, slots = append(at, c), append(slots, readSlot(q.normWithout(c, nameWasAlarm)))
			}
		}
		return at, slots
	}
	d := slotDiff{card: p.k.card(), was: readSlots(innerComponents(was))}
	var fulls, nows []int
	fulls, d.full = within(p.dst, full)
	nows, d.now = within(p.src, now)
	if len(d.was)+len(d.now) == 0 {
		return
	}
	d.list = len(d.was) != len(d.now) // as many: one whose time is another is the same one
	ops := d.ops()
	for _, i := range ops.gone {
		c := &p.dst.t.Components[fulls[i]]
		p.changes = append(p.changes, change{start: c.Start, end: c.End})
	}
	for _, e := range ops.edits {
		c := &p.dst.t.Components[fulls[e.full]]
		if d.full[e.full].norm == e.was.norm {
			p.changes = append(p.changes, change{start: c.Start, end: c.End, text: string(p.component(nil, nows[e.now], false))})
			continue
		}
		p.editWithin(fulls[e.full], nows[e.now], e.was.norm)
	}
	at := p.dst.t.Components[full].BodyEnd
	for _, i := range ops.added {
		p.changes = append(p.changes, change{start: at, end: at, text: string(p.component(nil, nows[i], false))})
	}
}

// value is what a line's value becomes. Not kept: the new one has nothing of the old
// line, and takes its own parameters along.
func (p *patcher) value(l, src *Line, m, other *modern, was, now *slot) (value string, kept bool) {
	card := p.k.card()
	if was.value == now.value {
		return m.value, true
	}
	if m.binary || other.binary {
		return "", false
	}
	switch kindOf(card, m.name, m.params) {
	case kindText:
		return escapeText(spliced(unescapeText(m.value), unescapeText(was.value), unescapeText(other.value))), true
	case kindStructured:
		return structured(m.value, was.value, other.value), true
	case kindList:
		return listed3(m.value, was.value, other.value), true
	}
	if !card && isInstant(m.name) {
		return p.stamp(l, src, m.value, was)
	}
	return other.value, true
}

// spliced is a text of which the peer held was and now holds now: what it had cut off
// stays behind it, as long as the rest is recognisable.
func spliced(full, was, now string) string {
	if at, ok := cutWithin(full, was); ok {
		rest, edited := strings.CutSuffix(now, was[at:])
		if !edited {
			rest, edited = strings.CutPrefix(now, was)
			rest = was[:at] + rest
		}
		if edited {
			was, now = was[:at], rest
		}
	}
	if len(was) == 0 || len(was) >= len(full) || !strings.HasPrefix(full, was) || strings.HasPrefix(now, full) {
		return now
	}
	pre := 0
	for pre < len(was) && pre < len(now) && was[pre] == now[pre] {
		pre++
	}
	suf := 0
	for suf < len(was)-pre && suf < len(now)-pre && was[len(was)-1-suf] == now[len(now)-1-suf] {
		suf++
	}
	if 2*(pre+suf) < len(was) {
		return now
	}
	return now + full[len(was):]
}

// cutWithin finds where a peer that counts bytes cut a text within a character: what it
// has of that is read as characters of ISO 8859-1 or Windows-1252, one for each byte.
func cutWithin(full, was string) (at int, ok bool) {
	for at < len(full) && at < len(was) && full[at] == was[at] {
		at++
	}
	for at > 0 && (at < len(was) && !utf8.RuneStart(was[at]) || at < len(full) && !utf8.RuneStart(full[at])) {
		at--
	}
	_, size := utf8.DecodeRuneInString(full[at:])
	broken := utf8.RuneCountInString(was[at:])
	if broken == 0 || broken >= size {
		return 0, false
	}
	i := at
	for _, r := range was[at:] {
		b, known := charmap.Windows1252.EncodeRune(r)
		if r <= 0xff {
			b, known = byte(r), true
		}
		if !known || b != full[i] {
			return 0, false
		}
		i++
	}
	return at, true
}

// structured changes the parts that the peer's user changed.
func structured(full, was, now string) string {
	f, w, n := splitEscaped(full, ';'), splitEscaped(was, ';'), splitEscaped(now, ';')
	part := func(s []string, i int) string {
		if i < len(s) {
			return s[i]
		}
		return ""
	}
	for i := range max(len(w), len(n)) {
		a, b := unescapeText(part(w, i)), unescapeText(part(n, i))
		if strings.TrimSpace(a) == strings.TrimSpace(b) {
			continue
		}
		for len(f) <= i {
			f = append(f, "")
		}
		if sent := unescapeText(f[i]); !strings.HasPrefix(sent, strings.TrimSpace(a)) {
			for j := range f { // parts that the peer wrote into this one
				if j != i && part(w, j) == "" && part(n, j) == "" && within(words(f[j]), words(a)) {
					f[j] = ""
				}
			}
		}
		f[i] = escapeText(spliced(unescapeText(f[i]), a, b))
	}
	return strings.Join(f, ";")
}

func words(s string) []string {
	return strings.FieldsFunc(unescapeText(s), func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) })
}

// listed3 adds and takes away the entries that the peer's user did.
func listed3(full, was, now string) string {
	f, w, n := splitEscaped(full, ','), splitEscaped(was, ','), splitEscaped(now, ',')
	f = slices.DeleteFunc(f, func(s string) bool { return slices.Contains(w, s) && !slices.Contains(n, s) })
	for _, s := range n {
		if !slices.Contains(w, s) && !slices.Contains(f, s) {
			f = append(f, s)
		}
	}
	return strings.Join(f, ",")
}

// describing are the parameters that say something of the very value they stand with.
var describing = []string{"MEDIATYPE", "ALTREP", "LABEL", "GEO", "TZ", "SORT-AS", "FMTTYPE", "SIZE", "FILENAME", "X-APPLE-OMIT-YEAR", "X-APPLE-STRUCTURED-LOCATION", "X-ADDRESS", "X-TITLE"}

// lasting leaves out the parameters that describe a value which is no more.
func lasting(params []Param, changed bool) []Param {
	if !changed {
		return params
	}
	out := make([]Param, 0, len(params))
	for _, q := range params {
		if !slices.Contains(describing, q.Name) {
			out = append(out, q)
		}
	}
	return out
}

// changedParams changes parameters by the difference between was and now, each as
// NAME=value, TYPE one by one.
func changedParams(params []Param, was, now []string) []Param {
	if slices.Equal(was, now) {
		return params
	}
	out := make([]Param, 0, len(params)+1)
	for _, q := range params {
		if q.Name == "TYPE" {
			var kept []string
			for _, v := range q.Values {
				for _, t := range strings.Split(v, ",") {
					s := "TYPE=" + strings.ToLower(t)
					if s == "TYPE=pref" {
						s = "PREF=1"
					}
					if slices.Contains(was, s) && !slices.Contains(now, s) {
						continue
					}
					kept = append(kept, t)
				}
			}
			if len(kept) == 0 {
				continue
			}
			q.Values = kept
		} else if s := q.Name + "=" + joinParamValues(q.Values); slices.Contains(was, s) && !slices.Contains(now, s) {
			continue
		}
		out = append(out, q)
	}
	for _, s := range now {
		if slices.Contains(was, s) {
			continue
		}
		name, value, _ := strings.Cut(s, "=")
		value = unquoteNorm(value)
		if slices.ContainsFunc(out, func(q Param) bool {
			return q.Name == name && slices.ContainsFunc(q.Values, func(v string) bool { return strings.EqualFold(v, value) })
		}) {
			continue
		}
		out = append(out, Param{Name: name, Values: []string{value}})
	}
	return out
}

// unquoteNorm undoes the quotes and escapes of a parameter in normal form.
func unquoteNorm(v string) string {
	if len(v) < 2 || v[0] != '"' || v[len(v)-1] != '"' {
		return v
	}
	return strings.NewReplacer("^^", "^", "^'", `"`, "^n", "\n").Replace(v[1 : len(v)-1])
}

func isInstant(name string) bool {
	switch name {
	case "DTSTART", "DTEND", "DUE", "RECURRENCE-ID", "COMPLETED":
		return true
	}
	return false
}

// stamp moves a date and time by as much as the peer's user moved it: the peer may
// write it on another clock (UTC, none), and the item keeps its own.
func (p *patcher) stamp(l, src *Line, full string, was *slot) (value string, kept bool) {
	from := timeReader{parsed: p.dst, t: &Timetable{}, zones: map[string]*recur.Zone{}}
	to := timeReader{parsed: p.src, t: &Timetable{}, zones: map[string]*recur.Zone{}}
	f, ok := from.value(l, full)
	n, ok2 := to.stamp(src)
	var zone *recur.Zone
	if id := paramOf(was.params, "TZID"); id != "" {
		if zone = to.findZone(id); zone == nil {
			zone = from.findZone(id)
		}
	}
	w, err := recur.ParseStamp(was.value, zone)
	if !ok || !ok2 || err != nil || paramOf(was.params, "TZID") != src.Param("TZID") || w.Date != n.Date || f.Date != n.Date {
		return "", false
	}
	utc := func(v string) bool { return strings.HasSuffix(strings.TrimSpace(v), "Z") }
	if utc(was.value) != utc(src.RawValue) {
		return "", false
	}
	switch {
	case f.Date:
		return f.Wall.Add(n.Wall.Sub(w.Wall)).Format("20060102"), true
	case utc(was.value) && f.Zone != nil && !utc(full):
		at := f.In(nil).Add(n.In(nil).Sub(w.In(nil)))
		return f.Zone.Wall(at).Format("20060102T150405"), true
	case utc(full):
		return f.In(nil).Add(n.In(nil).Sub(w.In(nil))).UTC().Format("20060102T150405Z"), true
	}
	return f.Wall.Add(n.Wall.Sub(w.Wall)).Format("20060102T150405"), true
}

func paramOf(params []string, name string) string {
	for _, p := range params {
		if v, ok := strings.CutPrefix(p, name+"="); ok {
			return unquoteNorm(v)
		}
	}
	return ""
}
