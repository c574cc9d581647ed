package pim

import (
	"slices"
	"strings"
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

// piece is a cluster's normal form in a buffer of all.
type piece struct{ at, start, end int }

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
	var notes, lineNotes []int // lines that say what others were made from
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
			if p.d == VCalendar1 && l.Name[0] == 'X' && isNote(l.Name) {
				if l.Name == nameWasLine {
					lineNotes = append(lineNotes, i)
				} else {
					notes = append(notes, i)
				}
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
	p.pairAlarms(notes)
	p.pairLines(lineNotes)
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
		for _, l := range c.lines {
			if id := p.t.Lines[l].Param("TZID"); id != "" && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
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
	var made []normed
	var notes []int
	entry := !p.kind.card() && isEntry(t.Components[i].Name)
	end := t.Components[i].End
	for j := t.linesFrom(t.Components[i].BodyStart); j < len(t.Lines) && t.Lines[j].Start < end; j++ {
		l := &t.Lines[j]
		if l.Component != i || l.stray {
			continue
		}
		if l.Junk {
			v, _ := decodeCharset(l.RawValue, "")
			made = append(made, normed{line: j, norm: "?" + v})
			continue
		}
		if entry && p.d == VCalendar1 && isNote(l.Name) {
			notes = append(notes, j)
			continue
		}
		if lookup(p.kind.card(), l.Name).unit == unitNone || l.Name == skip {
			continue
		}
		m := modernise(l, p.d)
		made = append(made, normed{line: j, norm: string(appendNorm(nil, &m, p.kind.card()))})
	}
	var inner []string
	if len(notes) > 0 {
		var alarms []normed
		made, alarms = p.unmade(made, notes)
		for _, a := range alarms {
			inner = append(inner, a.norm)
		}
	}
	lines := make([]string, 0, len(made))
	for k := range made {
		lines = append(lines, made[k].norm)
	}
	for _, c := range t.Children(i) {
		if !entry || t.Components[c].Name != "VALARM" {
			inner = append(inner, p.normComponent(c))
		} else if was, ok := p.wasLine(c); ok {
			lines = append(lines, normLine(&was.Lines[0], VCalendar1))
		} else {
			inner = append(inner, p.normWithout(c, nameWasAlarm))
		}
	}
	slices.Sort(lines)
	slices.Sort(inner)
	lines = append(lines, inner...)
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
