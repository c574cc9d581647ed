package pim

import "fmt"

// hollow counts the cards and entries of a file that have nothing in them: no item
// is made of one, and all of them are one problem.
type hollow struct {
	n     int
	first Problem
	name  string // of the first
}

func (h *hollow) add(name string, at Problem) { h.more(hollow{1, at, name}) }

// more takes in those of a later part of the file.
func (h *hollow) more(o hollow) {
	if h.n == 0 {
		h.first, h.name = o.first, o.name
	}
	h.n += o.n
}

// appendTo tells of them.
func (h *hollow) appendTo(ps []Problem) []Problem {
	if h.n == 0 {
		return ps
	}
	p := Problem{Offset: h.first.Offset, Line: h.first.Line, Lost: true, What: h.name + " with nothing in it: no item was made of it"}
	if h.n > 1 {
		p.What = fmt.Sprintf("%s with nothing in it, the first of %d like this: no items were made of them", h.name, h.n)
	}
	return append(ps, p)
}

// isHollow reports whether a component has neither a line nor a component.
func (t *Text) isHollow(i int) bool {
	if i+1 < len(t.Components) && t.Components[i+1].Parent == i {
		return false
	}
	c := &t.Components[i]
	j := t.linesFrom(c.BodyStart)
	return j == len(t.Lines) || t.Lines[j].Start >= c.End
}
