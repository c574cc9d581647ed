package recur

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones by name, whatever the computer has
)

// Zone is a time zone: one of the tz database, or the rules of a VTIMEZONE. It never changes and
// may be used from several goroutines.
type Zone struct {
	name    string
	loc     *time.Location
	changes []change // of a VTIMEZONE, by time
	before  change   // what holds before the first
}

// change is what a zone has from an instant on.
type change struct {
	at     int64 // seconds since 1970 in UTC
	offset int64 // seconds east of UTC
	abbrev string
}

// UTC is the zone of values that end in Z.
var UTC = &Zone{name: "UTC", loc: time.UTC}

// InLocation is the zone of a time.Location, such as time.Local.
func InLocation(loc *time.Location) *Zone {
	if loc == time.UTC {
		return UTC
	}
	return &Zone{name: loc.String(), loc: loc}
}

// Name is the zone's name in the tz database, or the TZID of its VTIMEZONE.
func (z *Zone) Name() string { return z.name }

// Location is the zone as a time.Location; nil where a VTIMEZONE defines it.
func (z *Zone) Location() *time.Location { return z.loc }

// Resolve is the instant at which the zone's clock shows wall (its fields; its own zone doesn't
// count). A time that the clock leaves out takes the offset from before the change, one that it
// shows twice is the first (RFC 5545 §3.3.5).
func (z *Zone) Resolve(wall time.Time) time.Time {
	at, _ := z.instant(wallOf(wall))
	return z.show(at)
}

// Wall is what the zone's clock shows at an instant, with its fields in UTC.
func (z *Zone) Wall(t time.Time) time.Time { return wallTime(z.wall(t.Unix())) }

// show gives an instant the zone's offset and abbreviation.
func (z *Zone) show(at int64) time.Time {
	t := time.Unix(at, 0)
	if z.loc != nil {
		return t.In(z.loc)
	}
	c, _ := z.span(at)
	return t.In(time.FixedZone(c.abbrev, int(c.offset)))
}

// span is what holds at an instant, with the time from which it does, and the time until which.
func (z *Zone) span(at int64) (from change, until int64) {
	if z.loc == nil {
		i := sort.Search(len(z.changes), func(i int) bool { return z.changes[i].at > at })
		from, until = z.before, math.MaxInt64
		if i > 0 {
			from = z.changes[i-1]
		}
		if i < len(z.changes) {
			until = z.changes[i].at
		}
		return from, until
	}
	t := time.Unix(at, 0).In(z.loc)
	name, offset := t.Zone()
	start, end := t.ZoneBounds()
	from, until = change{math.MinInt64, int64(offset), name}, math.MaxInt64
	if !start.IsZero() {
		from.at = start.Unix()
	}
	if !end.IsZero() {
		// Where a rule of the tz database goes on for ever, time.Time says that the last day of a
		// leap year is over before it begins.
		until = max(end.Unix(), at+3600)
	}
	return from, until
}

func (z *Zone) wall(at int64) int64 {
	c, _ := z.span(at)
	return at + c.offset
}

// instant is the instant of a wall time; gap says that the clock leaves that time out.
func (z *Zone) instant(wall int64) (at int64, gap bool) {
	if z == UTC {
		return wall, false
	}
	c, until := z.span(wall - 2*daySeconds) // no offset is a day
	for {
		if at = wall - c.offset; at < until {
			return at, false
		}
		next, end := z.span(until)
		if wall-next.offset < until {
			return at, true
		}
		c, until = next, end
	}
}

// clock turns wall times that follow each other into instants quickly.
type clock struct {
	z           *Zone
	from, until int64 // instants between which the offset holds, a day inside
	offset      int64
}

func (k *clock) instant(wall int64) (at int64, gap bool) {
	if k.z == UTC {
		return wall, false
	}
	if at = wall - k.offset; k.from < at && at < k.until {
		return at, false
	}
	at, gap = k.z.instant(wall)
	c, until := k.z.span(at)
	k.offset, k.from, k.until = c.offset, c.at, until
	if k.from != math.MinInt64 {
		k.from += daySeconds
	}
	if k.until != math.MaxInt64 {
		k.until -= daySeconds
	}
	return at, gap
}

// Observance is a STANDARD or DAYLIGHT component of a VTIMEZONE (RFC 5545 §3.6.5).
type Observance struct {
	Start    Stamp // DTSTART, on the clock that shows From
	From, To int   // TZOFFSETFROM and TZOFFSETTO, seconds east of UTC
	Name     string
	Rules    []Rule
	Dates    []Stamp // RDATE
}

const (
	// zoneYears is the last year whose changes a VTIMEZONE's rules are asked for.
	zoneYears = 2200
	// maxChanges bounds the changes of one zone.
	maxChanges = 4096
	maxOffset  = 24*60*60 - 1
)

// NewZone makes a zone of the components of a VTIMEZONE. Its rules count to the year 2200 and for
// 4096 changes at most; after that the last offset stays. Errors: ErrTime, ErrRule.
func NewZone(id string, parts []Observance) (*Zone, error) {
	z := &Zone{name: id}
	if len(parts) == 0 {
		return nil, fmt.Errorf("time zone %q has no STANDARD or DAYLIGHT: %w", clip(id), ErrTime)
	}
	end := civilDay(zoneYears+1, 1, 1) * daySeconds
	first := int64(math.MaxInt64)
	for i := range parts {
		o := &parts[i]
		if o.Start.IsZero() || o.From < -maxOffset || o.From > maxOffset || o.To < -maxOffset || o.To > maxOffset {
			return nil, fmt.Errorf("time zone %q: a STANDARD or DAYLIGHT without DTSTART, or an offset of a day: %w", clip(id), ErrTime)
		}
		walls := []int64{wallOf(o.Start.Wall)}
		for _, d := range o.Dates {
			walls = append(walls, wallOf(d.Wall))
		}
		for j := range o.Rules {
			more, err := o.onsets(&o.Rules[j], end)
			if err != nil {
				return nil, fmt.Errorf("time zone %q: %w", clip(id), err)
			}
			walls = append(walls, more...)
		}
		for _, w := range walls {
			if len(z.changes) >= 4*maxChanges {
				break
			}
			z.changes = append(z.changes, change{w - int64(o.From), int64(o.To), o.Name})
			if w < first {
				first = w
				z.before = change{math.MinInt64, int64(o.From), o.Name}
			}
		}
	}
	slices.SortStableFunc(z.changes, func(a, b change) int { return int(max(min(a.at-b.at, 1), -1)) })
	z.changes = slices.CompactFunc(z.changes, func(a, b change) bool { return a.at == b.at })
	z.changes = z.changes[:min(len(z.changes), maxChanges)]
	for _, c := range z.changes { // before the first change the other offset's name holds, if it has one
		if c.offset == z.before.offset {
			z.before.abbrev = c.abbrev
			break
		}
	}
	return z, nil
}

// onsets are the wall times at which a rule makes the observance begin.
func (o *Observance) onsets(r *Rule, end int64) ([]int64, error) {
	start := wallOf(o.Start.Wall)
	c, err := compile(r, start, false)
	if err != nil {
		return nil, err
	}
	until := int64(math.MaxInt64)
	if u := r.Until; !u.IsZero() {
		until = wallOf(u.Wall)
		if u.Date {
			until += daySeconds - 1
		} else if u.Zone == UTC {
			until += int64(o.From)
		}
	}
	left := -1
	if r.Count > 0 {
		left = r.Count
	}
	var walls []int64
	w := c.newWalk(context.Background(), start, left)
	for len(walls) < maxChanges {
		at, ok := w.next()
		if !ok || at >= end || at > until {
			break
		}
		walls = append(walls, at)
	}
	return walls, nil
}

//go:generate go run ./gen -out zonenames_gen.go

// LoadZone finds a zone by the name that a TZID gives it, in this order: a name of the tz
// database, in any case and with its old names; the end of a name with a prefix, such as
// /freeassociation.sourceforge.net/Tzfile/Europe/Berlin; a zone of Windows or its display name
// ("W. Europe Standard Time", "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna").
func LoadZone(id string) (*Zone, bool) {
	id = strings.TrimSpace(strings.Trim(strings.TrimSpace(id), `"`))
	for name := id; name != ""; {
		if z := loadZone(zoneName(name)); z != nil {
			return z, true
		}
		i := strings.IndexByte(name, '/')
		if i < 0 {
			break
		}
		name = name[i+1:]
	}
	return nil, false
}

// loaded keeps the zones of the tz database once they are read, by name.
var loaded sync.Map

// loadZone reads a zone of the tz database, nil if it has none of that name.
func loadZone(tz string) *Zone {
	switch tz {
	case "", "Local":
		return nil
	case "UTC", "Etc/UTC":
		return UTC
	}
	if z, ok := loaded.Load(tz); ok {
		return z.(*Zone)
	}
	loc, err := time.LoadLocation(tz)
	if err != nil {
		return nil
	}
	z, _ := loaded.LoadOrStore(tz, &Zone{name: tz, loc: loc})
	return z.(*Zone)
}

// zoneName is the name that the tz database may have for a name in use, "" without one.
func zoneName(name string) string {
	key := zoneKey(name)
	if tz, ok := tzNames[key]; ok {
		return tz
	}
	if tz, ok := windowsNames[key]; ok {
		return tz
	}
	// A display name without its offset, or with the offset of other versions of Windows.
	if i := strings.IndexByte(key, ')'); i >= 0 && strings.HasPrefix(key, "(") {
		if tz, ok := windowsPlaces[strings.TrimSpace(key[i+1:])]; ok {
			return tz
		}
		return ""
	}
	if tz, ok := windowsPlaces[key]; ok {
		return tz
	}
	return name // one that is younger than the table, or CET
}

// zoneKey folds a name: lower case, single blanks.
func zoneKey(name string) string {
	return strings.Join(strings.Fields(strings.ToLower(strings.ReplaceAll(name, "_", " "))), " ")
}

// Changes are the instants after from and up to to at which the zone's offset changes, each with the
// offset that holds from then on.
func (z *Zone) Changes(from, to time.Time) []time.Time {
	var out []time.Time
	at := from.Unix()
	for len(out) < maxChanges {
		was, until := z.span(at)
		if until == math.MaxInt64 || until > to.Unix() {
			break
		}
		if now, _ := z.span(until); now.offset != was.offset {
			out = append(out, z.show(until))
		}
		at = until
	}
	return out
}
