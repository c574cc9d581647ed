package pim

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// calendarIndex is where the items of a file with calendars lie: some 100 bytes
// for each of them. The entries of one UID and the zones that they name may stand
// anywhere in the file, so nothing can be given out before all of it was seen.
type calendarIndex struct {
	begin    int // of it in the file
	eol      string
	wrappers []wrapperAt // the first stands for the file itself
	open     int         // index of the VCALENDAR that the last piece ends in, 0 for none
	items    []itemAt
	entries  []entryAt
	byUID    map[[16]byte]int32
	texts    map[string]string // the wrappers' own lines and zones, each once
	zoneIDs  map[string]int32  // TZIDs by number, from 1
	zoneSets map[string]int32
	frames   map[string]*frame
	sets     [][]int32 // sets of TZIDs; the first is the empty one
	beyond   int       // items that were more than the limit
	firstOut Problem   // where the first of them is
	outside  []Problem // lines that stand in nothing, as long as one item may be all
	unlisted int       // more of them
	skipped  bool      // an entry was set aside that had no end
	hollow   hollow
	guesses  guesses
	torn     bool // the last component outside all others has no END
	tornAt   Problem
}

// wrapperAt is a VCALENDAR, as wrapperHead has it.
type wrapperAt struct {
	start, line int
	lines       string
	zones       []zoneText
	alone       []Problem // zones, as long as no entry was seen
	end         string    // its END line
	d           Dialect
	versioned   bool
	entries     bool
	children    bool
	singles     bool // cards or notes
	entered     bool // entries
	more        bool // lines that say something of their own
	closed      bool
}

// itemAt is one item: its entries, and the zones that they name.
type itemAt struct {
	line        int32
	wrapper     int32
	first, last int32 // in entries
	zones       int32 // in sets
	kind        uint8 // in Kinds
	single      bool
	master      bool
	torn        bool
	tooLong     bool
}

// entryAt is a component's place in the file.
type entryAt struct {
	start, end int
	next       int32 // the item's next entry, 0 for none
	closed     bool
	dangling   bool
}

func newCalendarIndex() *calendarIndex {
	return &calendarIndex{
		wrappers: []wrapperAt{{d: ICalendar2, closed: true}}, entries: make([]entryAt, 1), byUID: map[[16]byte]int32{},
		texts: map[string]string{}, zoneIDs: map[string]int32{}, zoneSets: map[string]int32{"": 0}, frames: map[string]*frame{}, sets: [][]int32{nil},
	}
}

// prefix is what stands for the open VCALENDAR before the next piece.
func (x *calendarIndex) prefix() string {
	if x.open == 0 {
		return ""
	}
	return "BEGIN:VCALENDAR\nVERSION:" + x.wrappers[x.open].d.version() + "\n"
}

// piece is one part of the file, taken apart.
type calendarPiece struct {
	*calendarIndex
	p         *parser
	t         *Text
	resumed   bool // the first component is the VCALENDAR that was open
	prefix    int  // bytes and lines before the piece's own
	lines     int
	at, line  int   // where the piece begins in the file: offset, and lines before it
	wrapperOf []int // component → wrapper
	problems  []Problem
}

// read takes a piece apart. ok is false if it doesn't end between two entries and
// more of the file has to be read first; nothing is kept then. room is how many
// items there may be.
func (x *calendarIndex) read(ps *parser, data []byte, at, line, room int, eof bool) (problems []Problem, ok bool) {
	pre := x.prefix()
	c := calendarPiece{calendarIndex: x, p: ps, t: ps.parse(pre + string(data)), resumed: pre != "", prefix: len(pre), at: at, line: line}
	if c.resumed {
		c.lines = 2
	}
	if !eof && (ps.skip > 0 || ps.cur != 0 && (c.t.Components[ps.cur].Name != "VCALENDAR" || c.t.Components[ps.cur].Parent != 0)) {
		return nil, false
	}
	c.collect(room)
	return c.problems, true
}

func (c *calendarPiece) collect(room int) {
	t := c.t
	for _, p := range t.Problems {
		c.problems = append(c.problems, c.moved(p))
	}
	var g guesses
	if g.count(t); g.n > 0 {
		g.first = c.moved(g.first)
		c.guesses.more(g)
	}
	for _, p := range outside(t) {
		if len(c.outside) < maxOutside {
			c.outside = append(c.outside, c.moved(p))
		} else {
			c.unlisted++
		}
	}
	c.wrapperOf = make([]int, len(t.Components))
	for i := 1; i < len(t.Components); i++ {
		k := &t.Components[i]
		in := 0
		switch {
		case k.Parent == 0 && k.Name == "VCALENDAR":
			c.calendar(i)
			continue
		case k.Parent == 0:
			c.wrappers[0].children = true
		case c.wrapperOf[k.Parent] != 0:
			in = c.wrapperOf[k.Parent]
			c.wrappers[in].children = true
		default:
			continue
		}
		c.component(i, in, room)
	}
	last := 0
	for i := 1; i < len(t.Components); i++ {
		if t.Components[i].Parent == 0 {
			last = i
		}
	}
	if last != 0 {
		k := &t.Components[last]
		c.torn = !k.Closed
		c.tornAt = c.problem(k, k.Name+cutOff, false)
		c.tornAt.Torn = true
	}
	c.open = c.wrapperOf[c.p.cur]
}

// moved gives a problem of the piece its place in the file.
func (c *calendarPiece) moved(p Problem) Problem {
	if p.Offset < c.prefix {
		w := &c.wrappers[c.open]
		p.Offset, p.Line = w.start, w.line
		return p
	}
	p.Offset += c.at - c.prefix
	p.Line += c.line - c.lines
	return p
}

func (c *calendarPiece) problem(k *Component, what string, lost bool) Problem {
	return c.moved(Problem{Offset: k.Start, Line: k.Number, What: what, Lost: lost})
}

// calendar takes in a VCALENDAR's own lines, or more of those of the open one.
func (c *calendarPiece) calendar(i int) {
	t := c.t
	k := &t.Components[i]
	w := c.open
	if !c.resumed || i != 1 {
		begin := c.problem(k, "", false)
		c.wrappers = append(c.wrappers, wrapperAt{start: begin.Offset, line: begin.Line, d: ICalendar2})
		w = len(c.wrappers) - 1
		c.wrappers[w].lines = string(appendRaw(nil, t.Source[k.Start:k.BodyStart], c.eol))
	}
	c.wrapperOf[i] = w
	at := &c.wrappers[w]
	own := []byte(nil)
	for j := t.linesFrom(max(k.BodyStart, c.prefix)); j < len(t.Lines) && t.Lines[j].Start < k.End; j++ {
		l := &t.Lines[j]
		if l.Component != i {
			continue
		}
		if l.Name == "VERSION" && !at.versioned {
			at.versioned = true
			if strings.HasPrefix(strings.TrimSpace(l.RawValue), "1.") {
				at.d = VCalendar1
			}
		}
		if !l.stray {
			at.more = at.more || saysMore(l.Name)
			own = appendRaw(own, t.Raw(l), c.eol)
		}
	}
	if len(own) > 0 || w != c.open {
		at.lines = c.once(at.lines + string(own))
	}
	at.closed = k.Closed
	if k.Closed {
		at.end = c.once(t.Source[k.BodyEnd:k.End])
	}
	if w != c.open || !k.Closed {
		c.open = w
	}
}

// once gives a text that most calendars of a file have alike, held once and apart
// from the piece.
func (x *calendarIndex) once(s string) string {
	if was, ok := x.texts[s]; ok {
		return was
	}
	s = strings.Clone(s)
	x.texts[s] = s
	return s
}

func (c *calendarPiece) component(i, in, room int) {
	t := c.t
	k := &t.Components[i]
	w := &c.wrappers[in]
	kind := kindOfComponent(k.Name)
	p := parsed{t: t, kind: kind, d: w.d}
	if isEntry(k.Name) {
		w.entries, w.alone = true, nil
	}
	if kind != nil && t.isHollow(i) {
		c.hollow.add(k.Name, c.problem(k, "", true))
		return
	}
	switch {
	case k.Name == "VCARD", k.Name == "VNOTE":
		w.singles = true
		c.item(i, itemAt{wrapper: int32(in), kind: kindNumber(kind), single: true, torn: !k.Closed}, room)
	case kind != nil && kind != Contacts:
		w.entered = true
		c.entry(&p, i, in, room)
	case k.Name == "VTIMEZONE":
		alone := c.problem(k, "a time zone alone is no item", true)
		if in == 0 {
			c.problems = append(c.problems, alone)
		} else if !w.entries {
			w.alone = append(w.alone, alone)
		}
		p.kind = Events
		w.zones = append(w.zones, zoneText{c.once(p.zoneID(i)), c.once(string(appendComponent(nil, t, i, c.eol)))})
	default:
		c.problems = append(c.problems, c.problem(k, clip(k.Name)+" is no item that Cradle syncs", true))
	}
}

func kindNumber(k *Kind) uint8 { return uint8(slices.Index(Kinds(), k)) }

// entry adds a VEVENT, VTODO or VJOURNAL to the item of its UID, by the rule of
// reader.entry.
func (c *calendarPiece) entry(p *parsed, i, in, room int) {
	uid := strings.TrimSpace(p.lineValue(i, "UID"))
	master := p.line(i, "RECURRENCE-ID") == nil
	torn := !c.t.Components[i].Closed
	sum := sha256.Sum256([]byte(p.kind.name + "\x00" + uid))
	key := [16]byte(sum[:])
	n, ok := c.byUID[key]
	if uid != "" && ok && !(master && c.items[n].master) {
		it := &c.items[n]
		c.entries[it.last].next = int32(len(c.entries))
		it.last = int32(len(c.entries))
		it.master = it.master || master
		it.torn = it.torn || torn
		it.tooLong = it.tooLong || c.tooLong(i)
		it.zones = c.zonesOf(i, it.zones)
		c.place(i)
		return
	}
	if c.item(i, itemAt{wrapper: int32(in), kind: kindNumber(p.kind), master: master, torn: torn}, room) && !ok {
		c.byUID[key] = int32(len(c.items) - 1)
	}
}

// item adds an item of one component; false if there are too many.
func (c *calendarPiece) item(i int, it itemAt, room int) bool {
	k := &c.t.Components[i]
	if len(c.items) >= room {
		if c.beyond++; c.beyond == 1 {
			c.firstOut = c.problem(k, "", true)
		}
		return false
	}
	it.first, it.last = int32(len(c.entries)), int32(len(c.entries))
	it.line = int32(c.problem(k, "", false).Line)
	it.tooLong = c.tooLong(i)
	if !it.single {
		it.zones = c.zonesOf(i, 0)
	}
	c.place(i)
	c.items = append(c.items, it)
	return true
}

func (c *calendarPiece) place(i int) {
	t := c.t
	k := &t.Components[i]
	e := entryAt{start: k.Start + c.at - c.prefix, end: k.End + c.at - c.prefix, closed: k.Closed}
	if n := t.linesFrom(k.End); !k.Closed && n > 0 {
		e.dangling = t.Lines[n-1].dangling && t.Lines[n-1].Start >= k.Start
	}
	c.entries = append(c.entries, e)
}

func (c *calendarPiece) tooLong(i int) bool {
	r := reader{t: c.t}
	return r.tooLongIn(i)
}

// zonesOf is the set of zones that a component names, with those of another set.
func (c *calendarPiece) zonesOf(i int, with int32) int32 {
	t := c.t
	var set []int32
	for j := t.linesFrom(t.Components[i].Start); j < len(t.Lines) && t.Lines[j].Start < t.Components[i].End; j++ {
		id := t.Lines[j].Param("TZID")
		if id == "" {
			continue
		}
		n, ok := c.zoneIDs[id]
		if !ok {
			n = int32(len(c.zoneIDs) + 1)
			c.zoneIDs[strings.Clone(id)] = n
		}
		if !slices.Contains(set, n) {
			set = append(set, n)
		}
	}
	for _, n := range c.sets[with] {
		if !slices.Contains(set, n) {
			set = append(set, n)
		}
	}
	slices.Sort(set)
	key := fmt.Sprint(set)
	if len(set) == 0 {
		return 0
	}
	n, ok := c.zoneSets[key]
	if !ok {
		n = int32(len(c.sets))
		c.sets = append(c.sets, set)
		c.zoneSets[key] = n
	}
	return n
}

// finish gives what can be told once the whole file was seen.
func (x *calendarIndex) finish(first bool, lost bool) []Problem {
	var out []Problem
	for i := range x.wrappers {
		w := &x.wrappers[i]
		if i > 0 && !w.children {
			out = append(out, Problem{Offset: w.start, Line: w.line, What: "calendar without an entry", Lost: true})
		}
		if i > 0 && w.singles && !w.entered && w.more {
			out = append(out, Problem{Offset: w.start, Line: w.line, What: linesLeft, Lost: true})
		}
		out = append(out, w.alone...)
	}
	if x.torn {
		out = append(out, x.tornAt)
	}
	out = x.guesses.appendTo(out)
	if x.beyond > 0 {
		x.firstOut.What = fmt.Sprintf("more than %d objects in one file; %d set aside", MaxObjects, x.beyond)
		out = append(out, x.firstOut)
	}
	for i := range x.items {
		it := &x.items[i]
		if !it.tooLong {
			continue
		}
		what := Kinds()[it.kind].component
		if it.single && what == "VJOURNAL" {
			what = "VNOTE"
		}
		out = append(out, Problem{Offset: x.entries[it.first].start, Line: int(it.line), Lost: true, What: what + beyondLimits + longLine + ", or for " + deepNest})
	}
	out = x.hollow.appendTo(out)
	if first && !lost && len(x.items) == 0 && !slices.ContainsFunc(out, func(p Problem) bool { return p.Lost }) {
		out = append(out, Problem{Line: 1, What: noEntry, Lost: true})
	}
	if !(first && (len(x.items) == 0 && x.hollow.n == 0 || x.onlyOne())) {
		out = append(out, x.outside...)
		if x.unlisted > 0 {
			out = append(out, Problem{Offset: x.begin, What: fmt.Sprintf("lines outside of any card or entry left out in %d more places", x.unlisted)})
		}
	}
	return out
}

// maxOutside is how many places with lines that stand in nothing are held.
const maxOutside = 1000

// onlyOne reports whether the file holds one item, whose text is then the file's.
func (x *calendarIndex) onlyOne() bool {
	return len(x.items) == 1 && x.beyond == 0 && !x.skipped && !x.items[0].single && !x.items[0].tooLong && x.hollow.n == 0
}
