package pim

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"cradle/valuebag"
)

// Errors of New, for callers that choose by them.
var (
	// ErrNoObject: the text holds no object of the kind.
	ErrNoObject = errors.New("no object of this kind in the text")
	// ErrSeveral: the text holds more than one object of the kind.
	ErrSeveral = errors.New("more than one object in the text")
	// ErrLimit: the object is beyond MaxLine or MaxDepth.
	ErrLimit = errors.New("object beyond the limits")
)

// cluster is the smallest thing that merges: a line with the other lines of its
// group, or a component. A CATEGORIES line holds several elements.
type cluster struct {
	unit   uint8
	norm   string   // "" for a zone that counts in no unit
	elems  []string // the elements of a CATEGORIES line, in normal form; norm is then unused
	lines  []int    // indexes of Text.Lines, the main line first
	comp   int      // index of a component, 0 for lines
	was    string   // the VALARM that an alarm line was made from
	parent int      // the component it stands in
	one    [1]int   // room for lines
}

// role is what a component is in an item.
type role uint8

const (
	roleOther role = iota
	roleMain
	roleWrapper
	roleOverride
	roleZone
)

// parsed is an object's text taken apart.
type parsed struct {
	t         *Text
	kind      *Kind
	d         Dialect
	main      int   // the card, note or master component; 0 when a series has overrides alone
	wrappers  []int // VCALENDARs
	roles     []role
	agents    map[int]int // AGENT line → the component it opens, made when asked for
	overrides []int
	zones     []int // VTIMEZONEs
	uid       string
	clusters  []cluster
	space     *workspace // to be used again by the next item; nil for one that is kept
}

// workspace is the memory that taking an item apart needs for a while.
type workspace struct {
	clusters []cluster
	pieces   []piece
	norms    []byte
	roles    []role
	parsed   parsed
}

// piece is a cluster's normal form in a buffer of all.
type piece struct{ at, start, end int }

// bag makes the bag of a text that the parser has read, in the parser's memory.
func (ps *parser) bag(k *Kind, t *Text, text []byte, collection string) (*valuebag.Values, error) {
	ps.space.parsed = parsed{t: t, kind: k, space: &ps.space}
	p := &ps.space.parsed
	if err := p.takeApart(); err != nil {
		return nil, err
	}
	return p.bag(text, collection), nil
}

// parseItem takes the text of one object apart.
func (k *Kind) parseItem(src string) (*parsed, error) { return k.itemOf(parse(src)) }

func (k *Kind) itemOf(t *Text) (*parsed, error) {
	p := &parsed{t: t, kind: k}
	if err := p.takeApart(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *parsed) takeApart() error {
	if err := p.locate(); err != nil {
		return err
	}
	if p.space != nil {
		p.space.roles = room(p.space.roles, len(p.t.Components))[:len(p.t.Components)]
		clear(p.space.roles)
		p.roles = p.space.roles
	} else {
		p.roles = make([]role, len(p.t.Components))
	}
	for _, c := range p.wrappers {
		p.roles[c] = roleWrapper
	}
	for _, c := range p.overrides {
		p.roles[c] = roleOverride
	}
	for _, c := range p.zones {
		p.roles[c] = roleZone
	}
	p.roles[p.main] = roleMain
	p.roles[0] = roleOther
	for i := range p.t.Components {
		if c := &p.t.Components[i]; c.tooLong && i > 0 {
			return fmt.Errorf("%s at line %d: %w", c.Name, c.Number, ErrLimit)
		}
	}
	p.cluster()
	return nil
}

// locate finds the main component, its overrides, wrappers and zones.
func (p *parsed) locate() error {
	t := p.t
	if p.kind.card() {
		for i := 1; i < len(t.Components); i++ {
			if c := &t.Components[i]; c.Parent == 0 && c.Name == "VCARD" {
				if p.main != 0 {
					return fmt.Errorf("vCard at line %d: %w", c.Number, ErrSeveral)
				}
				p.main = i
			}
		}
		if p.main == 0 {
			return fmt.Errorf("%s: %w", p.kind.name, ErrNoObject)
		}
		p.d = cardDialect(t, p.main)
		p.uid = strings.TrimSpace(p.lineValue(p.main, "UID"))
		return nil
	}
	first, masters := true, 0
	for i := 1; i < len(t.Components); i++ {
		c := &t.Components[i]
		if c.Parent != 0 && !(t.Components[c.Parent].Name == "VCALENDAR" && t.Components[c.Parent].Parent == 0) {
			continue
		}
		switch {
		case c.Name == "VCALENDAR" && c.Parent == 0:
			p.wrappers = append(p.wrappers, i)
		case c.Name == "VTIMEZONE":
			p.zones = append(p.zones, i)
		case p.kind.holds(c.Name):
			uid := strings.TrimSpace(p.lineValue(i, "UID"))
			if !first && uid != p.uid {
				return fmt.Errorf("%s at line %d with UID %q beside %q: %w", c.Name, c.Number, clip(uid), clip(p.uid), ErrSeveral)
			}
			if p.line(i, "RECURRENCE-ID") == nil {
				masters++
				if masters > 1 && uid == "" {
					return fmt.Errorf("%s at line %d: %w", c.Name, c.Number, ErrSeveral)
				}
			}
			p.uid, first = uid, false
			if p.main == 0 && p.line(i, "RECURRENCE-ID") == nil {
				p.main = i
			} else {
				p.overrides = append(p.overrides, i)
			}
		}
	}
	if first {
		return fmt.Errorf("%s: %w", p.kind.name, ErrNoObject)
	}
	p.d = calendarDialect(t, p.wrappers)
	if p.main != 0 && t.Components[p.main].Name == "VNOTE" {
		p.d = VNote11
	}
	return nil
}

// linesFrom is the index of the first line at or after offset.
func (t *Text) linesFrom(offset int) int {
	return sort.Search(len(t.Lines), func(i int) bool { return t.Lines[i].Start >= offset })
}

// line finds the first line of that name directly in component c.
func (p *parsed) line(c int, name string) *Line {
	t := p.t
	end := t.Components[c].End
	for i := t.linesFrom(t.Components[c].BodyStart); i < len(t.Lines) && t.Lines[i].Start < end; i++ {
		if t.Lines[i].Component == c && t.Lines[i].Name == name {
			return &t.Lines[i]
		}
	}
	return nil
}

// lineValue is the decoded value of that line as plain text, "" without one.
func (p *parsed) lineValue(c int, name string) string {
	l := p.line(c, name)
	if l == nil {
		return ""
	}
	d := p.d
	if d == 0 {
		d = ICalendar2
	}
	m := modernise(l, d)
	if lookup(d.card(), name).value == kindRaw {
		return m.value
	}
	return unescapeText(m.value)
}

// cluster sorts every line and component of the item into its unit.
func (p *parsed) cluster() {
	t := p.t
	space := p.space
	if space == nil {
		space = &workspace{}
	}
	p.clusters = room(space.clusters, len(t.Lines)+len(t.Components))
	b := room(space.norms, min(len(t.Source)+64, 4096))
	pieces := room(space.pieces, len(t.Lines))
	card := p.kind.card()
	grouped := false
	var wasVALARM []int // lines
	madeTZ := p.d == VCalendar1 && p.madeTZ()
	for i := range t.Lines {
		l := &t.Lines[i]
		wrapper := false
		switch {
		case l.Component == p.main && p.main != 0:
		case !card && (p.roles[l.Component] == roleWrapper || l.Component == 0 && len(p.wrappers) == 0):
			wrapper = true
		default:
			continue
		}
		if l.stray {
			continue
		}
		if l.Name == "AGENT" && p.agentComponent(i) != 0 {
			continue // its component takes the line with it
		}
		prop := property{unit: p.kind.unitRest()}
		var m modern
		if !l.Junk {
			if p.d == VCalendar1 && l.Name[0] == 'X' && l.Name == nameWasVALARM {
				wasVALARM = append(wasVALARM, i)
				continue
			}
			if madeTZ && isMadeTZ(l.Name) && p.roles[l.Component] == roleWrapper {
				continue
			}
			m = modernise(l, p.d)
			prop = lookup(card, m.name)
			if prop.unit == unitNone {
				continue
			}
			if wrapper && prop.unit != calWhen {
				prop.unit = calRest
			}
			if l.Group != "" {
				grouped = true
			}
		}
		c := cluster{unit: prop.unit, parent: l.Component}
		at := len(p.clusters)
		p.clusters = append(p.clusters, c)
		p.clusters[at].one[0] = i
		p.clusters[at].lines = p.clusters[at].one[:]
		if prop.unit == p.kind.unitCategories() && !l.Junk && !wrapper && l.Group == "" {
			p.clusters[at].elems = categoryElems(&m)
			continue
		}
		start := len(b)
		if wrapper {
			b = append(b, "calendar "...)
		}
		if l.Junk {
			b = append(b, '?')
			v, _ := decodeCharset(l.RawValue, "")
			b = append(b, v...)
		} else {
			b = appendNorm(b, &m, card)
		}
		pieces = append(pieces, piece{at, start, len(b)})
	}
	all := string(b)
	for _, x := range pieces {
		p.clusters[x.at].norm = all[x.start:x.end]
	}
	space.pieces, space.norms = pieces, b
	if grouped {
		p.groupLines()
	}
	p.pairAlarms(wasVALARM)
	p.clusterComponents()
	space.clusters = p.clusters
}

// agentComponent is the component that an AGENT line opens, 0 for none.
func (p *parsed) agentComponent(line int) int {
	if p.agents == nil {
		p.agents = map[int]int{}
		for i := 1; i < len(p.t.Components); i++ {
			if a := p.t.Components[i].Agent; a >= 0 {
				p.agents[a] = i
			}
		}
	}
	return p.agents[line]
}

// categoryElems gives one element for each category of a line.
func categoryElems(m *modern) []string {
	head := string(appendNormHead(nil, m))
	parts := splitEscaped(m.value, ',')
	elems := make([]string, 0, len(parts))
	for _, c := range parts {
		elems = append(elems, string(appendCanonical([]byte(head), c, kindText)))
	}
	return elems
}

// before reports whether cluster i is rather a group's main line than j: one
// of a unit before one of the rest, a line before a label, and else by content,
// so that the order of the lines makes no difference.
func (p *parsed) before(i, j int) bool {
	a, b := &p.clusters[i], &p.clusters[j]
	if a.unit != b.unit {
		return a.unit < b.unit // rest is the last
	}
	if x, y := isLabel(p.t.Lines[a.lines[0]].Name), isLabel(p.t.Lines[b.lines[0]].Name); x != y {
		return y
	}
	return a.norm < b.norm
}

// groupLines puts the lines of a group that are in no unit of their own to the
// group's main line.
func (p *parsed) groupLines() {
	t := p.t
	rest := p.kind.unitRest()
	type group struct {
		main int
		unit uint8
	}
	var groups []group
	byName := map[string]int{}
	find := func(name string) int {
		if g, ok := byName[lower(name)]; ok {
			return g
		}
		return -1
	}
	for i := range p.clusters {
		l := &t.Lines[p.clusters[i].lines[0]]
		if l.Group == "" || l.Junk {
			continue
		}
		g := find(l.Group)
		if g < 0 {
			byName[lower(l.Group)] = len(groups)
			groups = append(groups, group{i, p.clusters[i].unit})
			continue
		}
		if p.before(i, groups[g].main) {
			groups[g] = group{i, p.clusters[i].unit}
		}
	}
	moved := make([][]string, len(p.clusters))
	drop := make([]bool, len(p.clusters))
	any := false
	for i := range p.clusters {
		l := &t.Lines[p.clusters[i].lines[0]]
		if l.Group == "" || l.Junk || p.clusters[i].unit != rest {
			continue
		}
		g := groups[find(l.Group)]
		if g.main == i {
			continue
		}
		moved[g.main] = append(moved[g.main], p.clusters[i].norm)
		m := &p.clusters[g.main]
		m.lines = append(m.lines[:len(m.lines):len(m.lines)], p.clusters[i].lines[0])
		drop[i], any = true, true
	}
	if !any {
		return
	}
	kept := p.clusters[:0]
	for i := range p.clusters {
		if drop[i] {
			continue
		}
		c := p.clusters[i]
		if len(moved[i]) > 0 {
			slices.Sort(moved[i])
			c.norm += "\n" + strings.Join(moved[i], "\n")
		}
		if len(c.lines) == 1 {
			c.one[0] = c.lines[0]
		}
		kept = append(kept, c)
	}
	p.clusters = kept
	for i := range p.clusters {
		if c := &p.clusters[i]; len(c.lines) == 1 {
			c.lines = c.one[:]
		}
	}
}

func isLabel(name string) bool { return name == "X-ABLABEL" || name == "X-ABADR" }

// clusterComponents adds alarms, overrides, zones and all other components.
func (p *parsed) clusterComponents() {
	t := p.t
	if len(t.Components) == 1+len(p.wrappers)+1 && p.main != 0 {
		return // nothing but the object itself
	}
	named := p.whenZones()
	for i := 1; i < len(t.Components); i++ {
		c := &t.Components[i]
		if p.roles[i] == roleMain || p.roles[i] == roleWrapper {
			continue
		}
		cl := cluster{unit: p.kind.unitRest(), comp: i, parent: c.Parent}
		switch {
		case c.Parent == p.main && p.main != 0:
			if c.Name == "VALARM" && !p.kind.card() {
				cl.unit = calAlarms
				cl.norm = p.normAlarm(i)
			} else {
				cl.norm = p.normComponent(i)
			}
		case p.kind.card():
			continue
		case p.roles[i] == roleOverride:
			cl.unit = calOverrides
			cl.norm = p.normComponent(i)
		case p.roles[i] == roleZone:
			cl.unit = calWhen
			if id := p.zoneID(i); slices.Contains(named, id) && !strings.HasPrefix(id, madeZone) {
				if cl.norm = p.t.norms[i]; cl.norm == "" {
					cl.norm = p.normComponent(i)
				}
			}
		case p.roles[c.Parent] == roleWrapper || c.Parent == 0:
			cl.norm = "calendar " + p.normComponent(i)
		default:
			continue
		}
		p.clusters = append(p.clusters, cl)
	}
}

func (p *parsed) zoneID(comp int) string { return p.lineValue(comp, "TZID") }

// whenZones lists the zones that the master's dates name.
func (p *parsed) whenZones() []string {
	var ids []string
	for i := range p.clusters {
		c := &p.clusters[i]
		if p.kind.card() || c.unit != calWhen || c.comp != 0 {
			continue
		}
		if id := p.t.Lines[c.lines[0]].Param("TZID"); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// normComponent is the normal form of a component: its lines sorted, then its
// components sorted, without the seven names.
func (p *parsed) normComponent(i int) string { return p.normWithout(i, "") }

// normWithout is the normal form of a component without its lines of that name.
func (p *parsed) normWithout(i int, skip string) string {
	t := p.t
	var lines []string
	end := t.Components[i].End
	for j := t.linesFrom(t.Components[i].BodyStart); j < len(t.Lines) && t.Lines[j].Start < end; j++ {
		l := &t.Lines[j]
		if l.Component != i || l.stray {
			continue
		}
		if l.Junk {
			v, _ := decodeCharset(l.RawValue, "")
			lines = append(lines, "?"+v)
			continue
		}
		if lookup(p.kind.card(), l.Name).unit == unitNone || l.Name == skip {
			continue
		}
		m := modernise(l, p.d)
		lines = append(lines, string(appendNorm(nil, &m, p.kind.card())))
	}
	slices.Sort(lines)
	n := len(lines)
	for _, c := range t.Children(i) {
		lines = append(lines, p.normComponent(c))
	}
	slices.Sort(lines[n:])
	var b strings.Builder
	if a := t.Components[i].Agent; a >= 0 {
		m := modernise(&t.Lines[a], p.d)
		m.value = ""
		b.Write(appendNormHead(nil, &m))
	}
	b.WriteString("BEGIN:" + t.Components[i].Name + "\n")
	for _, l := range lines {
		b.WriteString(l)
		b.WriteByte('\n')
	}
	b.WriteString("END:" + t.Components[i].Name)
	return b.String()
}

// New makes the bag of one object. text is kept as it is (UTF-16 becomes
// UTF-8); it may lack its END. Errors: ErrNoObject, ErrSeveral, ErrLimit.
func (k *Kind) New(text []byte, collection string) (*valuebag.Values, error) {
	src, wide := sourceText(text)
	ps := parsers.Get().(*parser)
	defer parsers.Put(ps)
	if wide {
		text = []byte(src)
	} else {
		text = slices.Clone(text)
	}
	return ps.bag(k, ps.parse(src), text, collection)
}

// bag makes the bag of the parsed item. The bag owns text.
func (p *parsed) bag(text []byte, collection string) *valuebag.Values {
	k := p.kind
	var counts [16]int
	total := 0
	for i := range p.clusters {
		c := &p.clusters[i]
		n := len(c.elems)
		if n == 0 && c.norm != "" {
			n = 1
		}
		counts[c.unit] += n
		total += n
	}
	// Thousands of bags are held at once: no room to spare, and no string of the
	// source that would keep it in memory beside the text.
	entries := 5
	for _, n := range counts[:len(k.units)-1] {
		if n > 0 {
			entries++
		}
	}
	vs := valuebag.New(entries)
	vs.SetBytes(KeyText, text)
	vs.SetString(KeyKind, k.name)
	if p.uid != "" {
		vs.SetString(KeyUID, strings.Clone(p.uid))
	}
	if collection != "" {
		vs.SetString(KeyCollection, collection)
	}
	if s := p.summary(); s != "" {
		vs.SetString(KeySummary, strings.Clone(s))
	}
	all := make([]string, 0, total)
	for u := range len(k.units) - 1 {
		if counts[u] == 0 {
			continue
		}
		from := len(all)
		for i := range p.clusters {
			c := &p.clusters[i]
			if int(c.unit) != u {
				continue
			}
			if c.elems != nil {
				all = append(all, c.elems...)
			} else if c.norm != "" {
				all = append(all, c.norm)
			}
		}
		ss := all[from:len(all):len(all)]
		slices.Sort(ss)
		vs.Set(valuebag.PropertyKey{FmtID: CradleItem, PID: k.base + uint32(u)}, valuebag.Strings(ss))
	}
	return vs
}

// unitStrings are the normal forms of a unit, sorted.
func (k *Kind) unitStrings(item *valuebag.Values, unit string) []string {
	i := k.unitIndex(unit)
	if i < 0 {
		return nil
	}
	if i == len(k.units)-1 {
		if c := k.Collection(item); c != "" {
			return []string{c}
		}
		return nil
	}
	ss, _ := item.GetStrings(valuebag.PropertyKey{FmtID: CradleItem, PID: k.base + uint32(i)})
	return ss
}

// Text is the object's text. Don't change it.
func (k *Kind) Text(item *valuebag.Values) []byte {
	b, _ := item.GetBytes(KeyText)
	return b
}

// UID is the object's own identifier, "" without one.
func (k *Kind) UID(item *valuebag.Values) string {
	s, _ := item.GetString(KeyUID)
	return s
}

// Collection is the name of the collection that the item is in.
func (k *Kind) Collection(item *valuebag.Values) string {
	s, _ := item.GetString(KeyCollection)
	return s
}

// SetCollection gives the item in another collection.
func (k *Kind) SetCollection(item *valuebag.Values, collection string) *valuebag.Values {
	c := item.Clone()
	if collection == "" {
		c.Remove(KeyCollection)
	} else {
		c.SetString(KeyCollection, collection)
	}
	return c
}
