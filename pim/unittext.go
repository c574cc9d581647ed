package pim

import (
	"fmt"
	"slices"
	"strings"

	"cradle/valuebag"
)

// UnitText gives the unit's content lines for a person to read and for
// WithUnit to take back: unfolded, decoded, with modern escapes, one string a
// line, in the order of the text. A component is its lines from BEGIN to END;
// what stands in the calendar around the entry is between BEGIN:VCALENDAR and
// END:VCALENDAR. The unit "collection" is its name alone.
func (k *Kind) UnitText(item *valuebag.Values, unit string) []string {
	u := k.unitIndex(unit)
	if u < 0 {
		return nil
	}
	if u == len(k.units)-1 {
		return k.unitStrings(item, unit)
	}
	p, err := k.parseItem(string(k.Text(item)))
	if err != nil {
		return nil
	}
	var out, outer []string
	order := make([]int, 0, len(p.clusters))
	for _, junk := range []bool{true, false} { // junk first: nothing before it can take it in
		for i := range p.clusters {
			if c := &p.clusters[i]; int(c.unit) == u && junk == (c.comp == 0 && p.t.Lines[c.lines[0]].Junk) {
				order = append(order, i)
			}
		}
	}
	for _, i := range order {
		c := &p.clusters[i]
		to := &out
		if p.inWrapper(c) && !(c.comp != 0 && (p.roles[c.comp] == roleOverride || p.roles[c.comp] == roleZone)) {
			to = &outer
		}
		if c.comp != 0 {
			*to = p.readableComponent(*to, c.comp)
			continue
		}
		if q, ok := k.alarmComponent(c.was); ok {
			*to = q.readableComponent(*to, 1)
			continue
		}
		if t, ok := oneLine1(c.was); ok {
			q := parsed{t: t, kind: k, d: ICalendar2}
			*to = append(*to, q.readable(&t.Lines[0]))
			continue
		}
		lines := slices.Clone(c.lines)
		slices.Sort(lines)
		for _, l := range lines {
			*to = append(*to, p.readable(&p.t.Lines[l]))
		}
	}
	if len(outer) > 0 {
		out = append(out, "BEGIN:VCALENDAR")
		out = append(out, outer...)
		out = append(out, "END:VCALENDAR")
	}
	return out
}

// readable is a line in the common form, unfolded.
func (p *parsed) readable(l *Line) string {
	if l.Junk {
		v, _ := decodeCharset(l.RawValue, "")
		return v
	}
	m := modernise(l, p.d)
	b := make([]byte, 0, len(m.value)+32)
	if m.group != "" {
		b = append(append(b, m.group...), '.')
	}
	b = append(b, m.name...)
	params := m.params
	if p.kind.card() {
		params = cardParams(params, VCard30)
	}
	if m.binary {
		b = append(b, ";ENCODING=b"...)
	}
	for _, q := range params {
		b = append(b, ';')
		b = append(b, q.Name...)
		b = append(b, '=')
		b = append(b, joinParamValues(q.Values)...)
	}
	b = append(b, ':')
	return string(append(b, m.value...))
}

func (p *parsed) readableComponent(out []string, i int) []string {
	t := p.t
	c := &t.Components[i]
	if p.d == VCalendar1 && i < len(p.roles) && p.roles[i] == roleOverride {
		if _, _, notes := p.entryLines(i); len(notes) > 0 {
			conv := converter{parsed: p, to: ICalendar2, eol: "\r\n"}
			conv.prepare()
			conv.component(i, c.Name)
			q := parsed{t: parse(string(conv.b)), kind: p.kind, d: ICalendar2}
			return q.readableComponent(out, 1)
		}
	}
	if c.Agent >= 0 {
		out = append(out, p.readable(&t.Lines[c.Agent]))
	} else {
		out = append(out, "BEGIN:"+c.Name)
	}
	children := t.Children(i)
	for j := t.linesFrom(c.BodyStart); j < len(t.Lines) && t.Lines[j].Start < c.End; j++ {
		l := &t.Lines[j]
		for len(children) > 0 && t.Components[children[0]].Start < l.Start {
			out = p.readableComponent(out, children[0])
			children = children[1:]
		}
		if l.Component != i || l.stray || l.Name == "AGENT" && p.agentComponent(j) != 0 {
			continue
		}
		out = append(out, p.readable(l))
	}
	for _, ch := range children {
		out = p.readableComponent(out, ch)
	}
	return append(out, "END:"+c.Name)
}

// WithUnit gives the item with a unit set from lines as UnitText gives them.
// No lines empty the unit. It is an error if a line belongs to another unit.
func (k *Kind) WithUnit(item *valuebag.Values, unit string, lines []string) (*valuebag.Values, error) {
	u := k.unitIndex(unit)
	switch {
	case u < 0:
		return nil, fmt.Errorf("%s has no unit %q", k.name, unit)
	case u == len(k.units)-1:
		if len(lines) > 1 {
			return nil, fmt.Errorf("%s: a collection is one line", k.name)
		}
		return k.SetCollection(item, strings.Join(lines, "")), nil
	}
	var b strings.Builder
	var inside, outside []string
	depth, wrapper, outer, override := 0, false, false, false
	for _, l := range lines {
		if strings.ContainsAny(l, "\r\n") {
			return nil, fmt.Errorf("%s: line end inside the line %q", k.name, clip(l))
		}
		switch {
		case depth == 0 && strings.EqualFold(l, "BEGIN:VCALENDAR"):
			wrapper = true
			continue
		case depth == 0 && strings.EqualFold(l, "END:VCALENDAR"):
			wrapper = false
			continue
		}
		out := wrapper
		if hasFold(l, "BEGIN:") {
			depth++
		}
		if !k.card() && !wrapper {
			if depth == 1 && hasFold(l, "BEGIN:") {
				n := strings.ToUpper(strings.TrimSpace(l[6:]))
				override = k.holds(n)
				outer = n == "VTIMEZONE" || override
			}
			out = depth > 0 && outer
		}
		if hasFold(l, "END:") {
			depth--
		}
		if out && override && depth == 1 && (hasFold(l, "UID:") || hasFold(l, "UID;")) {
			continue // it is the item's
		}
		if out {
			outside = append(outside, l)
			if override && depth == 1 && hasFold(l, "BEGIN:") && k.UID(item) != "" {
				outside = append(outside, "UID:"+k.UID(item))
			}
		} else {
			inside = append(inside, l)
		}
	}
	uid := k.UID(item)
	if k.card() {
		b.WriteString("BEGIN:VCARD\r\nVERSION:3.0\r\n")
	} else {
		b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
		for _, l := range outside {
			b.WriteString(foldedLine(l))
		}
		b.WriteString("BEGIN:" + k.component + "\r\n")
	}
	if uid != "" {
		b.WriteString("UID:" + uid + "\r\n")
	}
	for _, l := range inside {
		b.WriteString(foldedLine(l))
	}
	if k.card() {
		b.WriteString("END:VCARD\r\n")
	} else {
		b.WriteString("END:" + k.component + "\r\nEND:VCALENDAR\r\n")
	}
	src, err := k.New([]byte(b.String()), "")
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", k.name, unit, err)
	}
	for i, other := range k.units[:len(k.units)-1] {
		if i == u {
			continue
		}
		if ss := k.unitStrings(src, other); len(ss) > 0 {
			return nil, fmt.Errorf("%s: %q belongs to unit %s, not to %s", k.name, clip(ss[0]), other, unit)
		}
	}
	return k.Replace(item, src, []string{unit})
}

// foldedLine folds a content line; what is none stays on one line.
func foldedLine(l string) string {
	var p parser
	if !p.head(l, new(Line)) {
		return l + "\r\n"
	}
	return string(appendFolded(nil, l, "\r\n"))
}
