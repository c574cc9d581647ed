package recur

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

const (
	minAt = math.MinInt64 / 4
	maxAt = math.MaxInt64 / 4
)

// moment is an occurrence of the series itself: its id, and what the clock shows then.
type moment struct {
	at, wall int64
	length   *Length // of a PERIOD
}

// source gives moments in order of at.
type source interface {
	next() (moment, bool)
	err() error
}

// list is a source of moments that are known.
type list []moment

func (l *list) next() (moment, bool) {
	if len(*l) == 0 {
		return moment{}, false
	}
	m := (*l)[0]
	*l = (*l)[1:]
	return m, true
}

func (l *list) err() error { return nil }

// ruled is the source of a rule: its walk, as instants, as far as UNTIL.
type ruled struct {
	w         *walk
	clock     clock
	untilAt   int64    // UNTIL as an instant
	untilWall int64    // or on the clock
	held      []moment // of times that the clock leaves out: later ones may come first
	ahead     moment
	has, over bool
}

func (r *ruled) err() error { return r.w.err }

func (r *ruled) next() (moment, bool) {
	for {
		if !r.has && !r.over {
			wall, ok := r.w.next()
			if !ok || wall > r.untilWall {
				r.over = true
				continue
			}
			at, gap := r.clock.instant(wall)
			if at > r.untilAt {
				// A clock change is all that could make a later wall an earlier instant.
				r.over = at > r.untilAt+2*daySeconds
				continue
			}
			m := moment{at: at, wall: wall}
			if gap {
				m.wall = r.clock.z.wall(at)
				r.held = append(r.held, m)
				continue
			}
			r.ahead, r.has = m, true
		}
		switch {
		case len(r.held) > 0 && (!r.has || r.held[0].at <= r.ahead.at):
			m := r.held[0]
			r.held = r.held[1:]
			return m, true
		case r.has:
			r.has = false
			return r.ahead, true
		default:
			return moment{}, false
		}
	}
}

// rule opens a rule's source at the first match at from or later, on the wall clock.
func (e *expansion) rule(r *Rule, c *compiled, from int64, first bool) *ruled {
	left := -1
	if c.count > 0 {
		left = c.count
		if first && !c.matchesStart(e) {
			left-- // DTSTART counts though the rule doesn't match it
		}
	}
	x := &ruled{w: c.newWalk(e.ctx, from, left), clock: clock{z: e.zone}, untilAt: maxAt, untilWall: maxAt}
	if u := r.Until; !u.IsZero() {
		wall := wallOf(u.Wall)
		switch {
		case u.Date || e.s.Start.Date:
			x.untilWall = floorDiv(wall, daySeconds)*daySeconds + daySeconds - 1
		case u.Zone == UTC && e.s.Start.Zone != nil:
			x.untilAt = wall
		default:
			x.untilWall = wall
		}
	}
	return x
}

// matchesStart reports whether DTSTART is a match of the rule.
func (c *compiled) matchesStart(e *expansion) bool {
	first, ok := c.newWalk(e.ctx, c.start, 1).next()
	return ok && first == c.start
}

// merged is the union of sources in order, each instant once.
type merged struct {
	from    []source
	heads   []moment
	last    int64
	started bool
}

func merge(from []source) *merged {
	m := &merged{}
	for _, s := range from {
		if h, ok := s.next(); ok {
			m.from, m.heads = append(m.from, s), append(m.heads, h)
		} else if s.err() != nil {
			m.from, m.heads = append(m.from, s), append(m.heads, moment{at: maxAt})
		}
	}
	return m
}

func (m *merged) next() (moment, bool) {
	for {
		best := -1
		for i := range m.heads {
			if m.heads[i].at < maxAt && (best < 0 || before(&m.heads[i], &m.heads[best])) {
				best = i
			}
		}
		if best < 0 {
			return moment{}, false
		}
		h := m.heads[best]
		if next, ok := m.from[best].next(); ok {
			m.heads[best] = next
		} else {
			m.heads[best].at = maxAt
		}
		if m.started && h.at == m.last {
			continue
		}
		m.started, m.last = true, h.at
		return h, true
	}
}

// before puts a moment with a length of its own before an equal one without.
func before(a, b *moment) bool {
	return a.at < b.at || a.at == b.at && a.length != nil && b.length == nil
}

func (m *merged) err() error {
	for _, s := range m.from {
		if err := s.err(); err != nil {
			return err
		}
	}
	return nil
}

// knownMoments lists DTSTART and RDATE, in order.
func (e *expansion) knownMoments() list {
	s := e.s
	start, _ := e.zone.instant(wallOf(s.Start.Wall))
	known := list{{at: start, wall: wallOf(s.Start.Wall)}}
	for i := range s.Dates {
		d := &s.Dates[i]
		if d.Start.IsZero() {
			continue
		}
		at := e.idOf(d.Start)
		if d.Start.Date && !s.Start.Date { // a day, at the time of the start
			at, _ = e.zone.instant(e.wallOfID(d.Start))
		}
		known = append(known, moment{at, e.zone.wall(at), d.Length})
	}
	slices.SortStableFunc(known, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	return known
}

// moments opens the series at the first id that is from or later.
func (e *expansion) moments(from int64) (in, out *merged) {
	s := e.s
	wall := int64(minAt)
	if from > minAt {
		wall = e.zone.wall(from) - 2*daySeconds
	}
	i, _ := slices.BinarySearchFunc(e.known, from, func(m moment, at int64) int { return cmp.Compare(m.at, at) })
	known := e.known[i:]
	sources, exSources := []source{&known}, []source(nil)
	for i, c := range e.rules {
		sources = append(sources, e.rule(&s.Rules[i], c, wall, true))
	}
	for i, c := range e.exRules {
		exSources = append(exSources, e.rule(&s.ExRules[i], c, wall, false))
	}
	return merge(sources), merge(exSources)
}

// stream gives the occurrences of one segment, in order of start.
type stream struct {
	e       *expansion
	g       *segment
	in, out *merged
	gone    moment // the head of out
	more    bool
	ready   []Occurrence // sorted; those of a shifted segment wait for a day
	newest  int64
	end     bool
	steps   int
	idle    int // moments without an occurrence
	fault   error
}

func (e *expansion) open(g *segment) *stream {
	t := &stream{e: e, g: g, newest: minAt}
	longest := int64(g.length.Days)*daySeconds + int64(g.length.Exact/time.Second)
	for i := range e.s.Dates {
		if n := e.s.Dates[i].Length; n != nil {
			longest = max(longest, int64(n.Days)*daySeconds+int64(n.Exact/time.Second))
		}
	}
	t.in, t.out = e.moments(max(g.from, e.from-longest-g.shift-2*daySeconds))
	t.gone, t.more = t.out.next()
	return t
}

// excluded reports whether an id was taken away, or is an override's.
func (t *stream) excluded(m moment) bool {
	if _, ok := t.e.exact[m.at]; ok {
		return true
	}
	if len(t.e.days) > 0 {
		if _, ok := t.e.days[floorDiv(m.wall, daySeconds)]; ok {
			return true
		}
	}
	for t.more && t.gone.at < m.at {
		t.gone, t.more = t.out.next()
	}
	return t.more && t.gone.at == m.at
}

// next gives the segment's next occurrence in the window.
func (t *stream) next() (Occurrence, bool) {
	for {
		if len(t.ready) > 0 && (t.end || t.g.shift == 0 || t.ready[0].Start.Unix() < t.newest-daySeconds) {
			o := t.ready[0]
			t.ready = t.ready[1:]
			return o, true
		}
		if t.end {
			return Occurrence{}, false
		}
		t.fill()
	}
}

// fill looks at one moment.
func (t *stream) fill() {
	e, g := t.e, t.g
	m, ok := t.in.next()
	if !ok || m.at >= g.until {
		t.end = true
		if !ok {
			t.fault = t.in.err()
		}
		return
	}
	if t.steps++; t.steps%1024 == 0 {
		t.fault = e.ctx.Err()
	}
	if t.idle++; t.idle > maxIdle {
		t.fault = fmt.Errorf("exceptions take %d occurrences in a row away: %w", maxIdle, ErrSparse)
	}
	if t.fault != nil {
		t.end = true
		return
	}
	if m.at < g.from || t.excluded(m) {
		return
	}
	n := g.length
	if m.length != nil {
		n = *m.length
	}
	var o Occurrence
	if g.override < 0 && !g.date {
		o, ok = e.occurrenceAt(m.at, m.at, m.wall, e.zone, g.zone, false, n, -1)
	} else {
		o, ok = e.occurrence(m.at, m.wall+g.shift, g.zone, g.date, n, g.override)
	}
	start := o.Start.Unix()
	if start >= e.to+daySeconds {
		t.end = true
		return
	}
	t.newest = max(t.newest, start)
	if !ok {
		return
	}
	t.idle = 0
	t.ready = append(t.ready, o)
	if g.shift != 0 { // a clock change may have turned two around
		for i := len(t.ready) - 1; i > 0 && t.ready[i].Start.Before(t.ready[i-1].Start); i-- {
			t.ready[i], t.ready[i-1] = t.ready[i-1], t.ready[i]
		}
	}
}

// run gives every occurrence of the window to yield, in order.
func (e *expansion) run(yield func(Occurrence) bool) error {
	if err := e.ctx.Err(); err != nil {
		return err
	}
	if err := e.prepare(); err != nil {
		return err
	}
	changed := e.changed()
	type head struct {
		o  Occurrence
		ok bool
	}
	var streams []*stream
	var heads []head
	for i := range e.segments {
		if g := &e.segments[i]; !g.cancelled {
			t := e.open(g)
			o, ok := t.next()
			streams, heads = append(streams, t), append(heads, head{o, ok})
		}
	}
	for {
		best := -1
		for i := range heads {
			if heads[i].ok && (best < 0 || earlier(&heads[i].o, &heads[best].o)) {
				best = i
			}
		}
		switch {
		case len(changed) > 0 && (best < 0 || earlier(&changed[0], &heads[best].o)):
			if !yield(changed[0]) {
				return nil
			}
			changed = changed[1:]
		case best >= 0:
			if !yield(heads[best].o) {
				return nil
			}
			heads[best].o, heads[best].ok = streams[best].next()
		default:
			for _, t := range streams {
				if t.fault == nil {
					t.fault = t.out.err()
				}
				if t.fault != nil {
					return t.fault
				}
			}
			return nil
		}
	}
}

func earlier(a, b *Occurrence) bool {
	if c := a.Start.Compare(b.Start); c != 0 {
		return c < 0
	}
	return a.ID.Before(b.ID)
}

// changed lists the overrides that happen in the window, in order.
func (e *expansion) changed() []Occurrence {
	var out []Occurrence
	for _, i := range e.overrides {
		v := &e.s.Override[i]
		wall := e.wallOfID(v.ID)
		id, _ := e.zone.instant(wall)
		zone, date, n := e.s.Start.Zone, e.s.Start.Date, e.s.Length
		if e.s.Start.IsZero() {
			zone, date = v.ID.Zone, v.ID.Date
			id = e.instantOf(v.ID)
		}
		if !v.Start.IsZero() {
			wall, zone, date = wallOf(v.Start.Wall), v.Start.Zone, v.Start.Date
		}
		if v.Length != nil {
			n = *v.Length
		}
		if o, in := e.occurrence(id, wall, zone, date, n, i); in {
			out = append(out, o)
		}
	}
	slices.SortStableFunc(out, func(a, b Occurrence) int {
		switch {
		case earlier(&a, &b):
			return -1
		case earlier(&b, &a):
			return 1
		}
		return 0
	})
	return out
}
