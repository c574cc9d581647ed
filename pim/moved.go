package pim

import (
	"strings"
	"time"

	"cradle/pim/recur"
	"cradle/valuebag"
)

// move is how far a peer's user moved the start of a series, on the start's own clock.
type move struct {
	from recur.Stamp
	by   time.Duration
	to   *recur.Zone // whose clock that is now; nil: still the start's
}

// startMoved notes a move of the start of a series: what the peer doesn't hold of the
// series, exclusions and changed occurrences, is told by the times of its occurrences,
// and goes with them.
func (p *patcher) startMoved(d *slotDiff, ops *slotOps, fullAt, nowAt []int) {
	if len(named(d.full, "RRULE", "RDATE")) == 0 {
		return
	}
	for _, e := range ops.edits {
		full := &d.full[e.full]
		if full.comp || full.name != "DTSTART" || e.now < 0 || d.now[e.now].comp {
			continue
		}
		l, src := &p.dst.t.Lines[p.dst.clusters[fullAt[e.full]].lines[0]], &p.src.t.Lines[p.src.clusters[nowAt[e.now]].lines[0]]
		if src.Name != "DTSTART" {
			continue
		}
		r := p.dst.times()
		from, ok := r.stamp(l)
		to, ok2 := p.src.times().stamp(src)
		if full.norm != e.was.norm {
			m, other := modernise(l, p.dst.d), modernise(src, p.src.d)
			if v, kept := p.value(l, src, &m, &other, &e.was, &d.now[e.now]); kept {
				to, ok2 = r.value(l, v)
			}
		}
		if !ok || !ok2 || from.Date != to.Date || (from.Zone == nil) != (to.Zone == nil) {
			return
		}
		wall := to.Wall
		if from.Zone != nil && !from.Date {
			wall = from.Zone.Wall(to.In(nil))
		}
		p.moved = move{from: from, by: wall.Sub(from.Wall)}
		return
	}
}

// shifted is a time of the series as the move leaves it; false where it stays.
func (m *move) shifted(s recur.Stamp) (recur.Stamp, bool) {
	z := m.from.Zone
	switch {
	case s.Date:
		day := func(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }
		s.Wall = s.Wall.Add(day(m.from.Wall.Add(m.by)).Sub(day(m.from.Wall)))
	case m.from.Date || (s.Zone == nil) != (z == nil):
		return s, false
	case z == nil:
		s.Wall = s.Wall.Add(m.by)
	default:
		to := z
		if m.to != nil {
			to = m.to
		}
		s.Wall = s.Zone.Wall(to.Resolve(z.Wall(s.In(nil)).Add(m.by)))
	}
	y := s.Wall.Year()
	return s, y >= 1 && y <= 9999
}

// followMove moves what the peer doesn't hold of a series whose start its user moved.
func (p *patcher) followMove(was, now *valuebag.Values) {
	if p.moved.by == 0 || p.k.card() {
		return
	}
	r := p.dst.times()
	for _, i := range p.unheld(calWhen, was, now) {
		c := &p.dst.clusters[i]
		if c.comp != 0 || p.dst.inWrapper(c) {
			continue
		}
		switch l := &p.dst.t.Lines[c.lines[0]]; l.Name {
		case "EXDATE", "RDATE":
			p.shiftLine(r, l)
		case "RRULE", "EXRULE":
			p.shiftUntil(l)
		}
	}
	for _, i := range p.unheld(calOverrides, was, now) {
		o := p.dst.clusters[i].comp
		if o == 0 {
			continue
		}
		id := p.dst.line(o, "RECURRENCE-ID")
		if id == nil {
			continue
		}
		at, ok := r.stamp(id)
		if !ok {
			continue
		}
		p.shiftLine(r, id)
		start := p.dst.line(o, "DTSTART")
		if start == nil {
			continue
		}
		if begins, ok := r.stamp(start); !ok || begins.Date != at.Date || !begins.In(nil).Equal(at.In(nil)) {
			continue // it has a time of its own
		}
		for _, name := range []string{"DTSTART", "DTEND", "DUE"} {
			if l := p.dst.line(o, name); l != nil {
				p.shiftLine(r, l)
			}
		}
	}
}

// values moves times, and reports whether one is another then. What is a period, or nothing
// that anybody reads, stays.
func (m *move) values(values []string, zone *recur.Zone) (moved bool) {
	for i, v := range values {
		s, err := recur.ParseStamp(v, zone)
		if err != nil {
			continue
		}
		if s, ok := m.shifted(s); ok && s.String() != v {
			values[i], moved = s.String(), true
		}
	}
	return moved
}

// rule is a rule that ends at a time, with that time moved: else the last occurrences of a
// series that begins later would be gone.
func (m *move) rule(rule string) string {
	parts := strings.Split(rule, ";")
	for i, part := range parts {
		name, v, _ := strings.Cut(part, "=")
		if !strings.EqualFold(name, "UNTIL") {
			continue
		}
		s, err := recur.ParseStamp(v, nil)
		if err != nil {
			return rule
		}
		if s, ok := m.until(s); ok {
			parts[i] = name + "=" + s.String()
		}
	}
	return strings.Join(parts, ";")
}

// shiftLine writes a line of times anew, each moved.
func (p *patcher) shiftLine(r *timeReader, l *Line) {
	m := modernise(l, p.dst.d)
	values := strings.Split(m.value, ",")
	if p.moved.values(values, r.zone(l)) {
		p.rewriteLine(l, &m, strings.Join(values, ","))
	}
}

// shiftUntil writes a rule anew, with its end moved.
func (p *patcher) shiftUntil(l *Line) {
	m := modernise(l, p.dst.d)
	if v := p.moved.rule(m.value); v != m.value {
		p.rewriteLine(l, &m, v)
	}
}

func (p *patcher) rewriteLine(l *Line, m *modern, value string) {
	m.value, m.was = value, nil
	p.changes = append(p.changes, change{start: l.Start, end: l.End, text: string(appendLine(nil, m, p.dst.d, p.eol))})
}

// until is the end of a rule as the move leaves it. One without a zone is on the start's
// clock.
func (m *move) until(s recur.Stamp) (recur.Stamp, bool) {
	if s.Date || s.Zone != nil && m.from.Zone != nil {
		return m.shifted(s)
	}
	s.Wall = s.Wall.Add(m.by)
	y := s.Wall.Year()
	return s, y >= 1 && y <= 9999
}

// unheld are the clusters of a unit, by index, that stand for nothing that the peer
// held.
func (p *patcher) unheld(u uint8, was, now *valuebag.Values) []int {
	at := p.dst.clustersOf(u)
	if was == nil {
		was = now
	}
	taken := make([]bool, len(at))
	for _, f := range behind(p.k.card(), readSlots(p.k.unitStrings(was, p.k.units[u])), p.dst.slotsOf(at)) {
		if f >= 0 {
			taken[f] = true
		}
	}
	out := make([]int, 0, len(at))
	for i, c := range at {
		if !taken[i] && !p.gone[c] {
			out = append(out, c)
		}
	}
	return out
}
