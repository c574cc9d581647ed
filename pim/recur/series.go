package recur

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"
)

// Length is how long an occurrence takes: Days on the wall clock, then Exact. A DTEND gives Exact
// alone, a DURATION both (RFC 5545 §3.8.5.3).
type Length struct {
	Days  int
	Exact time.Duration
}

// Extra is a value of RDATE.
type Extra struct {
	Start  Stamp
	Length *Length // of a PERIOD; nil is the entry's own
}

// Override is a component with a RECURRENCE-ID.
type Override struct {
	ID            Stamp // RECURRENCE-ID
	ThisAndFuture bool  // RANGE=THISANDFUTURE
	Start         Stamp // zero: when it would have been
	Length        *Length
	Cancelled     bool // STATUS:CANCELLED: it doesn't happen
}

// Series is when an entry happens: its start, what repeats it, and what was changed. The zero
// Series never happens.
type Series struct {
	// Start is DTSTART. Without one (a series of which only overrides are there) the overrides
	// are all that happens.
	Start    Stamp
	Length   Length
	Rules    []Rule // RRULE
	ExRules  []Rule // EXRULE
	Dates    []Extra
	ExDates  []Stamp
	Override []Override
	// Cancelled says that the entry doesn't happen, overrides aside.
	Cancelled bool
}

// Occurrence is one time at which an entry happens.
type Occurrence struct {
	// ID is when it would have begun without an override: the instant of its RECURRENCE-ID.
	ID time.Time
	// Start and End are instants, shown with the offset of the occurrence's zone. Those of a date
	// are midnights of the floating zone, End the one after the last day.
	Start, End time.Time
	Date       bool
	// Zone is the zone in which it was written; nil is floating, and that of a date.
	Zone *Zone
	// Override is an index into Series.Override, or -1.
	Override int
}

// ErrTooMany: a series that the bounds of this package don't hold.
var ErrTooMany = errors.New("too many parts")

const (
	maxRules = 100
	maxParts = 100_000

	maxSegments = 1000
)

// Repeats reports whether the entry can happen more than once.
func (s *Series) Repeats() bool { return len(s.Rules)+len(s.Dates)+len(s.Override) > 0 }

// Occurrences walks over what happens in the window from ≤ t < to, in order of start: an
// occurrence that began before the window and goes on in it counts, one without length counts at
// its start. A zero to is no end. floating is the zone of times that name none, and of dates; nil
// is UTC. An error (of the context, ErrRule, ErrSparse, ErrTooMany) comes last, with the zero
// Occurrence; what came before stands.
func (s *Series) Occurrences(ctx context.Context, from, to time.Time, floating *Zone) iter.Seq2[Occurrence, error] {
	return func(yield func(Occurrence, error) bool) {
		if floating == nil {
			floating = UTC
		}
		e := &expansion{ctx: ctx, s: s, floating: floating, from: from.Unix(), to: lastWall + 2*daySeconds}
		if from.Nanosecond() > 0 {
			e.from++ // whole seconds are all there is
		}
		if !to.IsZero() {
			if e.to = to.Unix(); to.Nanosecond() > 0 {
				e.to++
			}
		}
		if err := e.run(func(o Occurrence) bool { return yield(o, nil) }); err != nil {
			yield(Occurrence{}, err)
		}
	}
}

// Next lists the first n occurrences that aren't over at from, fewer if there are no more.
func (s *Series) Next(ctx context.Context, from time.Time, n int, floating *Zone) ([]Occurrence, error) {
	var out []Occurrence
	if n <= 0 {
		return nil, nil
	}
	for o, err := range s.Occurrences(ctx, from, time.Time{}, floating) {
		if err != nil {
			return out, err
		}
		if out = append(out, o); len(out) == n {
			break
		}
	}
	return out, nil
}

// Overlaps reports whether anything happens in the window, as Occurrences means it.
func (s *Series) Overlaps(ctx context.Context, from, to time.Time, floating *Zone) (bool, error) {
	for _, err := range s.Occurrences(ctx, from, to, floating) {
		return err == nil, err
	}
	return false, nil
}

// Between is the Length from one value to another: days between dates, else the exact time. An
// end before the start is no time at all.
func Between(start, end Stamp) Length {
	if start.Date && end.Date {
		return Length{Days: int(max(wallOf(end.Wall)-wallOf(start.Wall), 0) / daySeconds)}
	}
	z := start.Zone
	if z == nil {
		z = UTC
	}
	return Length{Exact: max(end.In(z).Sub(start.In(z)), 0)}
}

// expansion is one walk over a series.
type expansion struct {
	ctx      context.Context
	s        *Series
	floating *Zone
	from, to int64

	zone      *Zone // of the start, as it is resolved
	rules     []*compiled
	exRules   []*compiled
	exact     map[int64]int // ids that are taken away (-1) or overridden (index)
	days      map[int64]int // the same by day, for DATE values
	overrides []int         // of one occurrence, that happen
	segments  []segment
	known     list // DTSTART and RDATE
}

// segment is what follows a RANGE=THISANDFUTURE, or the whole series.
type segment struct {
	from, until int64 // ids
	override    int   // -1 is the entry itself
	shift       int64 // on the wall clock
	zone        *Zone
	date        bool
	length      Length
	cancelled   bool
}

// zoneOf is the zone in which a value is resolved.
func (e *expansion) zoneOf(s Stamp) *Zone {
	if s.Zone == nil || s.Date {
		return e.floating
	}
	return s.Zone
}

func (e *expansion) instantOf(s Stamp) int64 {
	at, _ := e.zoneOf(s).instant(wallOf(s.Wall))
	return at
}

// idOf is the instant that a RECURRENCE-ID or EXDATE means. One that floats is read on the clock
// of the series; for a series of dates only the date counts.
func (e *expansion) idOf(s Stamp) int64 {
	wall := wallOf(s.Wall)
	switch {
	case e.s.Start.Date:
		wall = floorDiv(wall, daySeconds) * daySeconds
		at, _ := e.floating.instant(wall)
		return at
	case s.Zone == nil || e.s.Start.Zone == nil && !e.s.Start.IsZero():
		at, _ := e.zone.instant(wall)
		return at
	}
	return e.instantOf(s)
}

func (e *expansion) prepare() error {
	s := e.s
	if len(s.Rules)+len(s.ExRules) > maxRules || len(s.Dates)+len(s.ExDates)+len(s.Override) > maxParts {
		return fmt.Errorf("%d rules, %d dates, %d changed occurrences: %w", len(s.Rules)+len(s.ExRules), len(s.Dates)+len(s.ExDates), len(s.Override), ErrTooMany)
	}
	e.zone = e.zoneOf(s.Start)
	for _, list := range []struct {
		rules []Rule
		out   *[]*compiled
	}{{s.Rules, &e.rules}, {s.ExRules, &e.exRules}} {
		for i := range list.rules {
			if s.Start.IsZero() {
				break
			}
			c, err := compile(&list.rules[i], wallOf(s.Start.Wall), s.Start.Date)
			if err != nil {
				return err
			}
			*list.out = append(*list.out, c)
		}
	}
	e.exact, e.days = map[int64]int{}, map[int64]int{}
	e.away()
	if s.Start.IsZero() {
		return nil
	}
	e.known = e.knownMoments()
	if e.segment(); len(e.segments) > maxSegments {
		return fmt.Errorf("%d times RANGE=THISANDFUTURE: %w", len(e.segments)-1, ErrTooMany)
	}
	return nil
}

// away notes which ids of the series are taken away or overridden.
func (e *expansion) away() {
	s := e.s
	note := func(id Stamp, index int) {
		if id.Date && !s.Start.Date {
			e.days[wallOf(id.Wall)/daySeconds] = index
			return
		}
		e.exact[e.idOf(id)] = index
	}
	for _, x := range s.ExDates {
		if !x.IsZero() {
			note(x, -1)
		}
	}
	for i := range s.Override {
		if !s.Override[i].ID.IsZero() {
			note(s.Override[i].ID, i)
		}
	}
	// Of two overrides of one occurrence the last counts.
	for i := range s.Override {
		o := &s.Override[i]
		if o.ID.IsZero() {
			continue
		}
		taken, ok := e.exact[e.idOf(o.ID)]
		if o.ID.Date && !s.Start.Date {
			taken, ok = e.days[wallOf(o.ID.Wall)/daySeconds]
		}
		if ok && taken == i && !o.Cancelled {
			e.overrides = append(e.overrides, i)
		}
	}
}

// segment divides the series at its RANGE=THISANDFUTURE.
func (e *expansion) segment() {
	s := e.s
	e.segments = []segment{{from: minAt, until: maxAt, override: -1, zone: s.Start.Zone, date: s.Start.Date, length: s.Length, cancelled: s.Cancelled}}
	var futures []int
	for i := range s.Override {
		if s.Override[i].ThisAndFuture && !s.Override[i].ID.IsZero() {
			futures = append(futures, i)
		}
	}
	id := func(i int) int64 { return e.idOf(s.Override[i].ID) }
	slices.SortStableFunc(futures, func(a, b int) int { return compare(id(a), id(b)) })
	for _, i := range futures {
		o := &s.Override[i]
		g := segment{from: id(i), until: maxAt, override: i, zone: s.Start.Zone, date: s.Start.Date, length: s.Length, cancelled: o.Cancelled}
		if !o.Start.IsZero() {
			g.shift = wallOf(o.Start.Wall) - e.wallOfID(o.ID)
			g.zone, g.date = o.Start.Zone, o.Start.Date
		}
		if o.Length != nil {
			g.length = *o.Length
		}
		e.segments[len(e.segments)-1].until = g.from
		e.segments = append(e.segments, g)
	}
}

// wallOfID is what the clock of the series shows at a RECURRENCE-ID.
func (e *expansion) wallOfID(id Stamp) int64 {
	if id.Date && !e.s.Start.Date {
		day := wallOf(id.Wall)
		return day + (wallOf(e.s.Start.Wall)%daySeconds+daySeconds)%daySeconds
	}
	return e.zone.wall(e.idOf(id))
}

// occurrence makes an occurrence that starts at a wall time of a zone, and says whether it is in
// the window.
func (e *expansion) occurrence(id, wall int64, zone *Zone, date bool, n Length, override int) (Occurrence, bool) {
	z := zone
	if z == nil || date {
		z = e.floating
	}
	if date {
		wall = floorDiv(wall, daySeconds) * daySeconds
		zone = nil
	}
	start, _ := z.instant(wall)
	return e.occurrenceAt(id, start, wall, z, zone, date, n, override)
}

func (e *expansion) occurrenceAt(id, start, wall int64, z, zone *Zone, date bool, n Length, override int) (Occurrence, bool) {
	end := start
	if n.Days != 0 {
		end, _ = z.instant(wall + int64(n.Days)*daySeconds)
	}
	end = max(end+int64(n.Exact/time.Second), start)
	in := start < e.to && (end > e.from || start >= e.from)
	o := Occurrence{Date: date, Zone: zone, Override: override}
	if in {
		o.ID, o.Start, o.End = e.zone.show(id), z.show(start), z.show(end)
	} else {
		o.Start = time.Unix(start, 0)
	}
	return o, in
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
