package pim

import (
	"slices"
	"strings"
)

// frame is what the entries of a calendar file are put into: a VCALENDAR's own
// lines and the zones that an entry names. Hundreds of entries have one frame, so
// it is taken apart once, and the normal form of its zones made once.
type frame struct {
	t     *Text          // the frame alone, closed by an END of its own
	head  int            // bytes before the entries
	lines int            // physical lines before the entries
	norms map[int]string // normal form of zones, by component
}

// newFrame makes the frame of the bytes before the entries; nil for one that
// isn't a whole VCALENDAR's beginning, as a damaged file may have it.
func newFrame(head []byte) *frame {
	s := string(head)
	t := parse(s + "END:VCALENDAR\r\n")
	if len(t.Components) < 2 || t.Components[1].Name != "VCALENDAR" || !t.Components[1].Closed || t.Components[1].Parent != 0 || len(t.Problems) > 0 {
		return nil
	}
	for i := 2; i < len(t.Components); i++ {
		if c := &t.Components[i]; c.Parent == 0 || !c.Closed || c.tooLong || c.Parent == 1 && c.Name != "VTIMEZONE" {
			return nil
		}
	}
	for i := range t.Lines {
		if l := &t.Lines[i]; l.Component == 0 || l.stray || l.dangling {
			return nil
		}
	}
	f := &frame{t: t, head: len(s), lines: physicalLines(s), norms: map[int]string{}}
	p := parsed{t: t, kind: Events, d: calendarDialect(t, []int{1})}
	for _, z := range t.Children(1) {
		f.norms[z] = p.normComponent(z)
	}
	return f
}

// text takes the text of an entry in this frame apart, without reading the frame
// once more: the entry's own bytes end at end. nil if they aren't whole entries.
func (f *frame) text(ps *parser, s string, end int) *Text {
	if f.head > end || end > len(s) {
		return nil
	}
	t := ps.parse(s[f.head:end])
	for i := 1; i < len(t.Components); i++ {
		if c := &t.Components[i]; !c.Closed || c.tooLong || c.Parent == 0 && !isEntry(c.Name) {
			return nil
		}
	}
	for i := range t.Lines {
		if l := &t.Lines[i]; l.Component == 0 || l.stray {
			return nil
		}
	}
	tail := s[end:]
	if len(t.Components) < 2 || len(t.Problems) > 0 || !strings.EqualFold(strings.TrimSpace(tail), "END:VCALENDAR") {
		return nil
	}
	lines, comps := len(f.t.Lines), len(f.t.Components)-1
	t.Lines = slices.Insert(t.Lines, 0, f.t.Lines...)
	for i := lines; i < len(t.Lines); i++ {
		l := &t.Lines[i]
		l.Component += comps
		l.Start += f.head
		l.End += f.head
		l.Number += f.lines
	}
	own := t.Components[1:]
	for i := range own {
		c := &own[i]
		if c.Parent == 0 {
			c.Parent = 1
		} else {
			c.Parent += comps
		}
		c.Start, c.End, c.BodyStart, c.BodyEnd = c.Start+f.head, c.End+f.head, c.BodyStart+f.head, c.BodyEnd+f.head
		c.Depth++
		c.Number += f.lines
		if c.Agent >= 0 {
			c.Agent += lines
		}
	}
	t.Components = slices.Insert(t.Components, 1, f.t.Components[1:]...)
	t.Source, t.norms = s, f.norms
	root, w := &t.Components[0], &t.Components[1]
	root.End, root.BodyEnd = len(s), len(s)
	w.End, w.BodyEnd = len(s), end
	return t
}
