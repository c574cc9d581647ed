package pim

import (
	"slices"
	"strconv"
	"strings"
)

// Places that dst hasn't: lines for them are collected.
const (
	placeMaster  = -1
	placeWrapper = -2
)

func (p *parsed) inWrapper(c *cluster) bool {
	return !p.kind.card() && (c.parent == 0 || p.roles[c.parent] == roleWrapper)
}

// place says where in dst a cluster of src goes: where one with the same name
// goes away, else behind the last one of its unit, else at the end of its
// component.
func (r *rebuild) place(c *cluster, removed *[]int) int {
	d := r.dst
	wrapper := r.src.inWrapper(c)
	if c.comp == 0 && r.asComponent(c) {
		if d.main == 0 {
			return placeMaster
		}
		return d.t.Components[d.main].BodyEnd
	}
	override := c.comp != 0 && r.src.roles[c.comp] == roleOverride
	if override {
		at := 0
		for _, o := range d.overrides {
			at = max(at, d.t.Components[o].End)
		}
		if d.main != 0 {
			at = max(at, d.t.Components[d.main].End)
		}
		return at
	}
	if wrapper && len(d.wrappers) == 0 {
		return placeWrapper
	}
	if !wrapper && d.main == 0 {
		return placeMaster
	}
	if c.comp == 0 && r.src.t.Lines[c.lines[0]].Junk {
		// First of all: behind an encoded value it could be taken for more of it.
		if wrapper {
			return d.t.Components[d.wrappers[0]].BodyStart
		}
		return d.t.Components[d.main].BodyStart
	}
	if c.comp == 0 {
		name := r.src.t.Lines[c.lines[0]].Name
		for n, i := range *removed {
			o := &d.clusters[i]
			if o.comp == 0 && d.t.Lines[o.lines[0]].Name == name && d.inWrapper(o) == wrapper {
				*removed = slices.Delete(*removed, n, n+1)
				return d.t.Lines[o.lines[0]].Start
			}
		}
		at := -1
		for i := range d.clusters {
			o := &d.clusters[i]
			if o.unit == c.unit && o.comp == 0 && d.inWrapper(o) == wrapper {
				for _, l := range o.lines {
					at = max(at, d.t.Lines[l].End)
				}
			}
		}
		if at >= 0 {
			return at
		}
	}
	in := d.main
	if wrapper {
		in = d.wrappers[0]
	}
	if c.comp == 0 {
		if ch := d.t.Children(in); len(ch) > 0 {
			return d.t.Components[ch[0]].Start
		}
	}
	return d.t.Components[in].BodyEnd
}

// put writes a cluster of src into dst.
func (r *rebuild) put(c *cluster, at int) {
	b := r.encode(c)
	if c.comp != 0 && r.src.roles[c.comp] == roleOverride {
		r.series++
	}
	switch at {
	case placeMaster:
		r.master = append(r.master, b...)
	case placeWrapper:
		r.wrapper = append(r.wrapper, b...)
	default:
		r.changes = append(r.changes, change{start: at, end: at, text: string(b)})
	}
}

// asComponent reports whether a line of src becomes a component of dst: an alarm.
func (r *rebuild) asComponent(c *cluster) bool {
	if c.comp != 0 || c.unit != calAlarms || r.k.card() || r.dst.d != ICalendar2 || r.src.d != VCalendar1 {
		return false
	}
	_, ok := r.src.modernAlarm(c, r.eol)
	return ok
}

// encode writes a cluster of src in dst's dialect.
func (r *rebuild) encode(c *cluster) []byte {
	var b []byte
	if r.asComponent(c) {
		if b, ok := r.src.modernAlarm(c, r.eol); ok {
			return b
		}
	}
	if conv := r.converter(); conv != nil && c.unit == calWhen && c.comp == 0 {
		if b, ok := conv.swapped(c.lines[0]); ok {
			return b
		}
	} else if conv != nil && c.unit == calAlarms && c.comp != 0 {
		if b, ok := conv.lineOf(c.comp); ok {
			return b
		}
	}
	if c.comp != 0 {
		return r.component(nil, c.comp, r.src.roles[c.comp] == roleOverride)
	}
	group := ""
	if g := r.src.t.Lines[c.lines[0]].Group; g != "" {
		group = r.groupName(g)
	}
	lines := slices.Clone(c.lines)
	slices.Sort(lines)
	for _, l := range lines {
		b = r.line(b, &r.src.t.Lines[l], group)
	}
	return b
}

// converter writes what src says otherwise than dst does; nil if they are of one
// dialect, or cards.
func (r *rebuild) converter() *converter {
	if r.k.card() || r.src.d == r.dst.d {
		return nil
	}
	if r.conv == nil {
		r.conv = &converter{parsed: r.src, to: r.dst.d, eol: r.eol}
		r.conv.prepare()
	}
	return r.conv
}

// line writes one line of src; its own bytes if dialect, group and line ends
// allow.
func (r *rebuild) line(b []byte, l *Line, group string) []byte {
	return appendConverted(b, r.src.t, l, r.src.d, r.dst.d, group, r.eol)
}

func appendConverted(b []byte, t *Text, l *Line, from, to Dialect, group, eol string) []byte {
	raw := t.Raw(l)
	if l.Junk {
		return append(append(b, l.RawValue...), eol...)
	}
	if from == to && !l.dangling && l.Group == group && endsAll(raw, eol) && !strings.HasPrefix(raw, bom) && !isBlank(raw[0]) {
		return append(b, raw...)
	}
	m := modernise(l, from)
	m.group = group
	return appendLine(b, &m, to, eol)
}

// component writes a component of src. An override takes dst's UID.
func (r *rebuild) component(b []byte, i int, override bool) []byte {
	t := r.src.t
	c := &t.Components[i]
	raw := t.Source[c.Start:c.End]
	if r.src.d == r.dst.d && c.Closed && endsAll(raw, r.eol) && !(override && r.src.uid != r.dst.uid) && !isBlank(raw[0]) && !t.strayIn(i) {
		return append(b, raw...)
	}
	if c.Agent >= 0 {
		m := modernise(&t.Lines[c.Agent], r.src.d)
		m.value = ""
		line := appendLine(nil, &m, r.dst.d, "")
		b = append(b, line...)
	}
	b = append(b, "BEGIN:"+c.Name+r.eol...)
	if override && r.dst.uid != "" && r.src.line(i, "UID") == nil {
		b = appendFolded(b, "UID:"+r.dst.uid, r.eol)
	}
	children := t.Children(i)
	conv := r.converter()
	child := func(ch int) {
		if conv != nil {
			if text, ok := conv.lineOf(ch); ok {
				b = append(b, text...)
				return
			}
		}
		b = r.component(b, ch, false)
	}
	for j := t.linesFrom(c.BodyStart); j < len(t.Lines) && t.Lines[j].Start < c.End; j++ {
		l := &t.Lines[j]
		for len(children) > 0 && t.Components[children[0]].Start < l.Start {
			child(children[0])
			children = children[1:]
		}
		if l.Component != i || l.stray || l.Name == "AGENT" && r.src.agentComponent(j) != 0 {
			continue
		}
		if override && l.Name == "UID" {
			if r.dst.uid != "" {
				b = appendFolded(b, "UID:"+r.dst.uid, r.eol)
			}
			continue
		}
		if conv != nil {
			if text, ok := conv.swapped(j); ok {
				b = append(b, text...)
				continue
			}
		}
		b = r.line(b, l, l.Group)
	}
	for _, ch := range children {
		child(ch)
	}
	if conv != nil {
		b = conv.alarmsOf(b, i)
	}
	return append(b, "END:"+c.Name+r.eol...)
}

// strayIn reports whether a component holds a BEGIN or END without its other
// half, which would pair with something else in another text.
func (t *Text) strayIn(i int) bool {
	for j := t.linesFrom(t.Components[i].Start); j < len(t.Lines) && t.Lines[j].Start < t.Components[i].End; j++ {
		if t.Lines[j].stray {
			return true
		}
	}
	return false
}

// groupName gives a group from src a name that is free in dst, and takes it.
func (r *rebuild) groupName(g string) string {
	if r.groups == nil {
		r.groups = map[string]int{}
		for i := range r.dst.clusters {
			if r.gone[i] {
				continue
			}
			for _, l := range r.dst.clusters[i].lines {
				if g := r.dst.t.Lines[l].Group; g != "" {
					r.groups[strings.ToLower(g)]++
				}
			}
		}
		for g := range r.taken() {
			r.groups[g]++
		}
	}
	name := g
	for n := 1; r.groups[strings.ToLower(name)] > 0; n++ {
		name = "item" + strconv.Itoa(n)
	}
	r.groups[strings.ToLower(name)]++
	return name
}

// taken lists the groups that changes made so far have put in.
func (r *rebuild) taken() map[string]bool {
	m := map[string]bool{}
	for _, c := range r.changes {
		if c.text == "" {
			continue
		}
		t := parse(c.text)
		for i := range t.Lines {
			if g := t.Lines[i].Group; g != "" {
				m[strings.ToLower(g)] = true
			}
		}
	}
	return m
}

// categories makes the CATEGORIES lines without a group hold the wanted
// elements: lines lose what is not wanted, and what is missing goes to the end
// of a line with the same parameters, else to a new line.
func (r *rebuild) categories(want map[string]int) {
	t := r.dst.t
	type lineState struct {
		l       *Line
		m       modern
		head    string
		keep    []string // values, escaped
		changed bool
	}
	var lines []*lineState
	for i := range r.dst.clusters {
		c := &r.dst.clusters[i]
		if c.elems == nil {
			continue
		}
		l := &t.Lines[c.lines[0]]
		s := &lineState{l: l, m: modernise(l, r.dst.d)}
		s.head = string(appendNormHead(nil, &s.m))
		for n, v := range splitEscaped(s.m.value, ',') {
			if want[c.elems[n]] > 0 {
				want[c.elems[n]]--
				s.keep = append(s.keep, v)
			} else {
				s.changed = true
			}
		}
		lines = append(lines, s)
	}
	type added struct {
		head string
		m    modern
		vals []string
	}
	var more []*added
	for i := range r.src.clusters {
		c := &r.src.clusters[i]
		if c.elems == nil {
			continue
		}
		m := modernise(&r.src.t.Lines[c.lines[0]], r.src.d)
		head := string(appendNormHead(nil, &m))
	elems:
		for n, v := range splitEscaped(m.value, ',') {
			if want[c.elems[n]] == 0 {
				continue
			}
			want[c.elems[n]]--
			for j := len(lines) - 1; j >= 0; j-- {
				if s := lines[j]; s.head == head && len(s.keep) > 0 {
					s.keep, s.changed = append(s.keep, v), true
					continue elems
				}
			}
			for _, a := range more {
				if a.head == head {
					a.vals = append(a.vals, v)
					continue elems
				}
			}
			more = append(more, &added{head, m, []string{v}})
		}
	}
	at := -1
	for _, s := range lines {
		at = s.l.End
		if !s.changed {
			continue
		}
		ch := change{start: s.l.Start, end: s.l.End}
		if len(s.keep) > 0 {
			m := s.m
			m.value = strings.Join(s.keep, ",")
			ch.text = string(appendLine(nil, &m, r.dst.d, r.eol))
		}
		r.changes = append(r.changes, ch)
	}
	for _, a := range more {
		m := a.m
		m.value = strings.Join(a.vals, ",")
		b := appendLine(nil, &m, r.dst.d, r.eol)
		where := at
		switch {
		case where >= 0:
		case r.dst.main == 0:
			r.master = append(r.master, b...)
			continue
		default:
			where = t.Components[r.dst.main].BodyEnd
			if ch := t.Children(r.dst.main); len(ch) > 0 {
				where = t.Components[ch[0]].Start
			}
		}
		r.changes = append(r.changes, change{start: where, end: where, text: string(b)})
	}
}
