package pim

import (
	"fmt"
	"slices"
)

// guesses counts the lines of a file that are neither UTF-8 nor labelled with what
// else they are: all of them are one problem.
type guesses struct {
	n     int
	first Problem
}

func (g *guesses) add(at Problem) { g.more(guesses{1, at}) }

// more takes in those of a later part of the file.
func (g *guesses) more(o guesses) {
	if g.n == 0 {
		g.first = o.first
	}
	g.n += o.n
}

// count looks through a text.
func (g *guesses) count(t *Text) {
	utf8 := isUTF8(t.Source)
	for i := range t.Lines {
		if l := &t.Lines[i]; l.guessed(utf8) {
			g.add(Problem{Offset: l.Start, Line: l.Number})
		}
	}
}

// appendTo tells of them.
func (g *guesses) appendTo(ps []Problem) []Problem {
	if g.n == 0 {
		return ps
	}
	p := g.first
	p.What = "neither UTF-8 nor a CHARSET: read as Windows-1252"
	if g.n > 1 {
		p.What = fmt.Sprintf("neither UTF-8 nor a CHARSET in %d lines: read as Windows-1252", g.n)
	}
	return append(ps, p)
}

// guessed reports whether nothing says what encoding the line's value is in; utf8:
// the whole text is in UTF-8, and just quoted-printable can hide another.
func (l *Line) guessed(utf8 bool) bool {
	if utf8 && !l.qp || l.Param("CHARSET") != "" {
		return false
	}
	v := l.RawValue // where a fold parts no character any more
	if l.qp {
		v = unquotePrintable(v)
	}
	if !isUTF8(v) {
		return true
	}
	for i := range l.Params {
		if !utf8 && slices.ContainsFunc(l.Params[i].Values, func(v string) bool { return !isUTF8(v) }) {
			return true
		}
	}
	return false
}
