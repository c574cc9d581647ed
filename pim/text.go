package pim

import "fmt"

// Limits of what is read (bytes, levels, objects). What goes beyond is set
// aside and listed, never guessed at.
const (
	MaxLine    = 16 << 20 // one line of the file, unfolded lines of photos included
	MaxDepth   = 64       // components inside each other
	MaxObjects = 100_000  // objects in one file
)

// Text is a parsed vCard, vCalendar or iCalendar text: its content lines and
// components in the order of the file, each with the range of its own bytes.
// Lines that are no content lines are kept as Junk.
type Text struct {
	Source     string      // UTF-8, or the file's own 8-bit encoding
	Lines      []Line      // all content lines but BEGIN and END, in file order
	Components []Component // the first is the file itself; parents before children
	Problems   []Problem

	norms map[int]string // normal form of zones, where a frame made them
}

// Line is one content line. Group, names and parameters are as read, with
// parameter quoting and RFC 6868 escapes undone; RawValue is unfolded, and
// everything else about it (charset, transfer encoding, escapes) is as in the
// file.
type Line struct {
	Component     int    // index in Text.Components of the component it stands in
	Group         string // "item1" of item1.TEL
	Name          string // upper case
	NameAsWritten string
	Params        []Param
	RawValue      string
	Start, End    int  // the line's bytes in Text.Source, folds and line end included
	Number        int  // of its first physical line, from 1
	Junk          bool // no content line: RawValue holds it whole, Name is empty
	qp            bool
	dangling      bool // quoted-printable that ends in a soft line break
	stray         bool // junk that is a BEGIN or END without its other half
}

// Param is one parameter. A bare one (vCard 2.1) has the name it stands for:
// ENCODING, VALUE or TYPE.
type Param struct {
	Name   string // upper case
	Values []string
	Quoted bool // a value was in double quotes
	Bare   bool // written without a name
}

// Component is a BEGIN…END block.
type Component struct {
	Name               string // upper case; empty for the file itself
	Parent             int    // index in Text.Components
	Start, End         int    // its bytes, BEGIN and END lines included
	BodyStart, BodyEnd int    // its bytes between them
	Closed             bool   // its END is there
	Depth              int
	Number             int // of its BEGIN line
	Agent              int // for a card inside "AGENT:BEGIN:VCARD" the index of that line, else -1
	tooLong            bool
}

// Problem is something in a file that could not be used as it stands.
type Problem struct {
	Offset int    // byte offset in the text (of the UTF-8 form for UTF-16 files)
	Line   int    // physical line, from 1
	What   string // what was found
	Lost   bool   // an entry was set aside and is in no object
	Torn   bool   // an END is missing of what begins at Line; what is there is in an object
}

func (p Problem) String() string { return fmt.Sprintf("line %d: %s", p.Line, p.What) }

// Raw is the line's own bytes with folds and line end.
func (t *Text) Raw(l *Line) string { return t.Source[l.Start:l.End] }

// Children lists the components directly inside component i, in file order.
func (t *Text) Children(i int) []int {
	var c []int
	for j := i + 1; j < len(t.Components) && t.Components[j].Start < t.Components[i].End; j++ {
		if t.Components[j].Parent == i {
			c = append(c, j)
		}
	}
	return c
}

// Param gives the first value of the parameter, or "".
func (l *Line) Param(name string) string {
	for i := range l.Params {
		if l.Params[i].Name == name && len(l.Params[i].Values) > 0 {
			return l.Params[i].Values[0]
		}
	}
	return ""
}

// lastEnd is where the last component outside of others ends.
func (t *Text) lastEnd() int {
	c := len(t.Components) - 1
	for c > 0 && t.Components[c].Parent != 0 {
		c = t.Components[c].Parent
	}
	if c == 0 {
		return 0
	}
	return t.Components[c].End
}

func (t *Text) problem(offset, line int, lost bool, format string, args ...any) {
	t.Problems = append(t.Problems, Problem{Offset: offset, Line: line, Lost: lost, What: fmt.Sprintf(format, args...)})
}
