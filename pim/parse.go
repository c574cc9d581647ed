package pim

import (
	"fmt"
	"strings"
)

// Parse reads the content lines of a file by the rules that real phones need:
// every line end there is, folds undone on bytes, soft line breaks of
// quoted-printable, base64 that goes on without leading blanks, bare
// parameters, missing and nested ENDs. It never fails; what it can't use is
// kept as junk and listed in Problems.
func Parse(data []byte) *Text {
	s, _ := sourceText(data)
	return parse(s)
}

func parse(s string) *Text { return new(parser).parse(s) }

// parse reads a text into the memory of the text that p read before, whose lines
// and parameters end with that; the strings stay.
func (p *parser) parse(s string) *Text {
	// One line in about 35 bytes in small texts; photos make it less.
	n := min(len(s)/35, 4096) + 4
	if n > 4096 {
		// Of a large file as many as there are, unless most are folds.
		if lines := strings.Count(s, "\n") - strings.Count(s, "\n "); lines <= len(s)/20 && lines >= len(s)/60 {
			n = lines
		}
	}
	old := p.t
	if old == nil {
		old = &Text{}
	}
	*p = parser{
		t: &Text{Source: s, Lines: room(old.Lines, n), Components: append(room(old.Components, 4), Component{})},
		s: s, line: 1, segs: p.segs, params: room(p.params, n), values: room(p.values, n), space: p.space,
	}
	root := &p.t.Components[0]
	root.End, root.BodyEnd, root.Closed, root.Agent = len(s), len(s), true, -1
	p.run()
	return p.t
}

// room gives an empty slice for n elements at least, s's if that will do.
func room[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, 0, n)
	}
	return s[:0]
}

type span struct{ start, end int }

type parser struct {
	t         *Text
	s         string
	pos       int // start of the next physical line
	line      int // its number
	cur       int // index of the open component
	skip      int // BEGINs beyond MaxDepth that are open
	lf        int // cached: the first LF at or after lfFrom, if lfOK
	lfFrom    int
	lfOK      bool
	segs      []span
	params    []Param  // arena
	values    []string // arena
	match     map[int]bool
	noEnd     int  // components without END so far
	lastNoEnd int  // the problem that tells of the last of them
	inner     int  // cards within cards so far
	lastInner int  // the problem that tells of the last of them
	long      bool // a physical line of the logical line is beyond MaxLine
	space     workspace
}

// physical finds the end of the content of the physical line at pos, and the
// start of the next. Ends are CRLF, LF, a lone CR, and CR CR LF.
func (p *parser) physical(pos int) (end, next int) {
	if !p.lfOK || p.lf < pos || pos < p.lfFrom {
		if i := strings.IndexByte(p.s[pos:], '\n'); i >= 0 {
			p.lf = pos + i
		} else {
			p.lf = len(p.s)
		}
		p.lfOK, p.lfFrom = true, pos
	}
	lf := p.lf
	cr := strings.IndexByte(p.s[pos:lf], '\r')
	if cr < 0 {
		return lf, min(lf+1, len(p.s))
	}
	end = pos + cr
	next = end
	for next < lf && p.s[next] == '\r' {
		next++
	}
	if next == lf && lf < len(p.s) {
		return end, lf + 1
	}
	return end, end + 1
}

// take consumes the physical line at pos as a segment.
func (p *parser) take(from int) {
	end, next := p.physical(p.pos)
	if end-p.pos > MaxLine {
		p.long = true
	}
	p.segs = append(p.segs, span{from, end})
	p.pos = next
	p.line++
}

func (p *parser) atFold() bool {
	return p.pos < len(p.s) && (p.s[p.pos] == ' ' || p.s[p.pos] == '\t')
}

func (p *parser) run() {
	for p.pos < len(p.s) {
		start, number := p.pos, p.line
		end, next := p.physical(start)
		if end == start {
			p.pos = next
			p.line++
			continue
		}
		first := start
		for first < end && (p.s[first] == ' ' || p.s[first] == '\t') {
			first++
		}
		for strings.HasPrefix(p.s[first:end], bom) {
			first += len(bom)
		}
		p.segs, p.long = p.segs[:0], false
		p.take(first)
		// A whole BEGIN or END takes no fold: what is indented behind it is a line
		// of its own, and the component stays closed.
		for p.atFold() && !wholeDelimiter(p.s[first:end]) {
			p.take(p.pos + 1)
		}
		if first >= end && len(p.segs) == 1 {
			continue
		}
		p.logical(start, number)
	}
	for c := p.cur; c != 0; c = p.t.Components[c].Parent {
		p.closeAt(c, len(p.s), len(p.s), false)
	}
}

func (p *parser) join(segs []span) string {
	if len(segs) == 1 {
		return p.s[segs[0].start:segs[0].end]
	}
	n := 0
	for _, g := range segs {
		n += g.end - g.start
	}
	var b strings.Builder
	b.Grow(n)
	for _, g := range segs {
		b.WriteString(p.s[g.start:g.end])
	}
	return b.String()
}

// logical makes a line of the segments taken so far, and of those that its
// encoding adds.
func (p *parser) logical(start, number int) {
	text := p.join(p.segs)
	if p.long {
		p.t.Components[p.cur].tooLong = true
		p.t.problem(start, number, false, longLine)
	}
	l := Line{Component: p.cur, Start: start, Number: number}
	if !p.head(text, &l) {
		l.Junk, l.Name, l.NameAsWritten, l.Group, l.Params = true, "", "", "", nil
		l.RawValue, l.End = text, p.pos
		if p.cur != 0 { // outside of all it is the reader's to tell
			p.t.problem(start, number, false, "not a content line: kept as it stands, and not shown")
		}
		p.t.Lines = append(p.t.Lines, l)
		return
	}
	if l.Group == "" && (l.Name == "BEGIN" || l.Name == "END") {
		if l.Name == "BEGIN" && p.begin(&l, start, number, l.RawValue, -1) {
			return
		}
		if l.Name == "END" && p.end(start, number, l.RawValue) {
			return
		}
		// A stray one stays in the bytes and means nothing; one that says more than a
		// name is a line like others that are broken.
		whole := p.join(p.segs)
		name := strings.ToUpper(strings.TrimSpace(l.RawValue))
		l.stray = len(whole) < len(text) || validName(name) && (l.Name == "END" || !tornName(name))
		text = whole
		l.Junk, l.Name, l.NameAsWritten, l.Params = true, "", "", nil
		l.RawValue, l.End = text, p.pos
		p.t.Lines = append(p.t.Lines, l)
		return
	}
	switch lineEncoding(l.Params) {
	case encQP:
		l.qp = true
		p.softBreaks(&l, text)
	case encBase64:
		p.base64Lines(&l, text)
	}
	l.End = p.pos
	p.t.Lines = append(p.t.Lines, l)
	if l.Name == "AGENT" {
		if v := strings.TrimSpace(l.RawValue); len(v) >= 11 && strings.EqualFold(v, "BEGIN:VCARD") {
			p.begin(&l, start, number, "VCARD", len(p.t.Lines)-1)
		}
	}
}

// softBreaks joins the quoted-printable value again: a physical line that ends
// in "=" goes on in the next one, whose leading blank is then data and no fold.
func (p *parser) softBreaks(l *Line, text string) {
	more := false
	for _, g := range p.segs {
		more = more || soft(p.s, g)
	}
	if !more {
		return
	}
	blank := false
	for {
		last := p.segs[len(p.segs)-1]
		if last.end <= last.start || p.s[last.end-1] != '=' || p.pos >= len(p.s) {
			break
		}
		end, next := p.physical(p.pos)
		if end == p.pos {
			// A blank line after a soft break: some writers put one after each
			// line, some mean the end of the value.
			p.pos = next
			p.line++
			if next >= len(p.s) || p.startsProperty(next) {
				blank = true
				break
			}
			continue
		}
		if isDelimiter(p.s[p.pos:end]) {
			break
		}
		p.take(p.pos)
		for p.atFold() && p.s[p.segs[len(p.segs)-1].end-1] != '=' {
			p.take(p.pos + 1)
		}
	}
	var b strings.Builder
	skip := len(text) - len(l.RawValue) // the head's length in the joined text
	inValue := false
	for i, g := range p.segs {
		if n := g.end - g.start; skip > n || skip == n && i+1 < len(p.segs) {
			skip -= n
			continue
		}
		start, end := g.start+skip, g.end
		skip = 0
		if inValue && soft(p.s, p.segs[i-1]) && isBlank(p.s[start-1]) {
			start-- // the fold's blank was data
		}
		if i < len(p.segs)-1 && end > start && p.s[end-1] == '=' {
			end--
		}
		inValue = true
		b.WriteString(p.s[start:end])
	}
	v := b.String()
	if strings.HasSuffix(v, "=") {
		v = v[:len(v)-1]
		l.dangling = !blank
	}
	l.RawValue = v
}

func soft(s string, g span) bool { return g.end > g.start && s[g.end-1] == '=' }

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// base64Lines adds the lines of a base64 value that go on without a leading
// blank (vCard 2.1). The value ends at a blank line that a property or nothing
// follows, or at the next line that can't be base64.
func (p *parser) base64Lines(l *Line, text string) {
	n := len(p.segs)
	least := 1
	if n > 1 && len(l.RawValue) > p.segs[n-1].end-p.segs[n-1].start {
		least = 40 // folded as it should be: what follows may well be junk, or a name whose colon is lost
	}
	leastAt := func(pos int) int {
		if last := p.segs[len(p.segs)-1]; isBlank(p.s[pos]) && !soft(p.s, last) {
			return 1 // a fold behind a blank line, of a value that no "=" has ended
		}
		return least
	}
	for p.pos < len(p.s) {
		end, next := p.physical(p.pos)
		if end == p.pos {
			// Blank: the end of the value, unless more of it follows.
			q, lines := next, 1
			for q < len(p.s) {
				e, nx := p.physical(q)
				if e != q {
					break
				}
				q, lines = nx, lines+1
			}
			if q < len(p.s) && p.isBase64Line(q, leastAt(q)) {
				p.pos, p.line = q, p.line+lines
				continue
			}
			p.pos = next
			p.line++
			break
		}
		if !p.isBase64Line(p.pos, leastAt(p.pos)) {
			break
		}
		p.take(p.pos)
	}
	if len(p.segs) == n {
		return
	}
	var b strings.Builder
	total := len(l.RawValue)
	for _, g := range p.segs[n:] {
		total += g.end - g.start
	}
	b.Grow(total)
	b.WriteString(l.RawValue)
	for _, g := range p.segs[n:] {
		b.WriteString(p.s[g.start:g.end])
	}
	l.RawValue = b.String()
}

// isBase64Line reports whether the physical line at pos holds nothing but
// base64 characters, that many at least, and isn't a name whose colon comes
// folded.
func (p *parser) isBase64Line(pos, least int) bool {
	end, next := p.physical(pos)
	if end == pos {
		return false
	}
	if next+1 < len(p.s) && isBlank(p.s[next]) && (p.s[next+1] == ':' || p.s[next+1] == ';') {
		return false
	}
	data := 0
	for i := pos; i < end; i++ {
		c := p.s[i]
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/', c == '=':
			data++
		case c == ' ', c == '\t', c == '\r':
		default:
			return false
		}
	}
	return data >= least
}

// startsProperty reports whether the physical line at pos looks like the start
// of a content line.
func (p *parser) startsProperty(pos int) bool {
	end, _ := p.physical(pos)
	i := pos
	for i < end && isNameByte(p.s[i]) {
		i++
	}
	return i > pos && i < end && (p.s[i] == ':' || p.s[i] == ';')
}

// isDelimiter reports whether a physical line is a BEGIN or END line; no
// encoded value goes on over one.
func isDelimiter(s string) bool {
	return len(s) >= 4 && (strings.EqualFold(s[:4], "END:") || len(s) >= 6 && strings.EqualFold(s[:6], "BEGIN:"))
}

// wholeDelimiter reports whether a physical line is the BEGIN or END of a card, a
// calendar or an entry, with its whole name.
func wholeDelimiter(s string) bool {
	if !isDelimiter(s) || len(s) > 32 {
		return false
	}
	switch n := strings.ToUpper(strings.TrimRight(s[strings.IndexByte(s, ':')+1:], " \t")); n {
	case "VCARD", "VCALENDAR", "VTIMEZONE":
		return true
	default:
		return isEntry(n)
	}
}

// begin opens a component. It reports false when the line is to be kept as it
// is, because the nesting limit is reached.
func (p *parser) begin(l *Line, start, number int, value string, agent int) bool {
	name := strings.ToUpper(strings.TrimSpace(value))
	if !validName(name) || tornName(name) {
		if p.cur != 0 { // outside of all it is the reader's to tell
			p.t.problem(start, number, false, "BEGIN without a whole name: kept, and it means nothing")
		}
		return false
	}
	p.repair(name, start, number, agent)
	depth := p.t.Components[p.cur].Depth + 1
	if depth > MaxDepth || p.skip > 0 {
		if p.skip == 0 {
			p.t.problem(start, number, false, deepNest)
			p.t.Components[p.cur].tooLong = true
		}
		p.skip++
		return false
	}
	body := p.pos
	p.t.Components = append(p.t.Components, Component{
		Name: name, Parent: p.cur, Start: start, BodyStart: body, BodyEnd: body,
		Depth: depth, Number: number, Agent: agent,
	})
	p.cur = len(p.t.Components) - 1
	return true
}

// tornName reports what a cut leaves of a name that is known: no component, or it
// would hold the rest of the file.
func tornName(name string) bool {
	for _, n := range [...]string{"VCARD", "VCALENDAR", "VEVENT", "VTODO", "VJOURNAL", "VNOTE", "VTIMEZONE", "VALARM"} {
		if len(name) < len(n) && strings.HasPrefix(n, name) {
			return true
		}
	}
	return false
}

// repair closes components whose END is missing before a BEGIN that can't
// stand inside them.
func (p *parser) repair(name string, start, number, agent int) {
	if agent >= 0 || p.cur == 0 {
		return
	}
	switch name {
	case "VCARD":
		cur := &p.t.Components[p.cur]
		if cur.Name != "VCARD" {
			return
		}
		if n := len(p.t.Lines); n > 0 && p.t.Lines[n-1].Name == "AGENT" && p.t.Lines[n-1].RawValue == "" {
			return
		}
		// A card in a card is nested if every END is there, else the outer
		// one has lost its END.
		if p.match == nil {
			p.match = matchCards(p.s)
		}
		for p.t.Components[p.cur].Name == "VCARD" && !p.match[p.t.Components[p.cur].Start] {
			p.missingEnd(p.cur, start)
		}
		if p.t.Components[p.cur].Name == "VCARD" {
			p.tellInner(start, number)
		}
	case "VCALENDAR", "VEVENT", "VTODO", "VJOURNAL", "VNOTE", "VTIMEZONE":
		// None of these stands inside an entry, an alarm or a zone, and a
		// calendar stands in nothing.
		outer := 0
		for c := p.cur; c != 0; c = p.t.Components[c].Parent {
			n := p.t.Components[c].Name
			if isEntry(n) || n == "VTIMEZONE" || n == "VALARM" || name == "VCALENDAR" && n != "VCARD" {
				outer = c
			}
		}
		if outer == 0 {
			return
		}
		for p.cur != outer {
			p.missingEnd(p.cur, start)
		}
		p.missingEnd(outer, start)
	}
}

func isEntry(n string) bool {
	return n == "VEVENT" || n == "VTODO" || n == "VJOURNAL" || n == "VNOTE"
}

func (p *parser) missingEnd(c, at int) {
	k := &p.t.Components[c]
	p.closeAt(c, at, at, false)
	p.cur = k.Parent
	if p.t.isHollow(c) {
		return // the reader tells of it
	}
	if p.noEnd++; p.noEnd <= maxNoEnd {
		p.t.problem(k.Start, k.Number, false, "%s without END: taken to end here, all its lines kept", k.Name)
		p.lastNoEnd = len(p.t.Problems) - 1
		p.t.Problems[p.lastNoEnd].Torn = true
		return
	}
	p.t.Problems[p.lastNoEnd].What = fmt.Sprintf("%s without END, and %d more behind it: each taken to end where the next begins, all lines kept", k.Name, p.noEnd-maxNoEnd)
}

// maxNoEnd is how many components without END are told one by one, and how many cards
// within cards.
const maxNoEnd = 100

// tellInner tells of a card that begins within another and isn't its AGENT.
func (p *parser) tellInner(start, number int) {
	if p.inner++; p.inner <= maxNoEnd {
		p.t.problem(start, number, false, "VCARD within another VCARD, and not its AGENT: kept as a part of that card's text, no item of its own (end that card before it to make it one)")
		p.lastInner = len(p.t.Problems) - 1
		return
	}
	last := &p.t.Problems[p.lastInner]
	last.What = fmt.Sprintf("VCARD within another VCARD, and not its AGENT, and %d more behind it: kept as parts of that card's text, no items of their own", p.inner-maxNoEnd)
}

func (p *parser) closeAt(c, bodyEnd, end int, closed bool) {
	k := &p.t.Components[c]
	k.BodyEnd, k.End, k.Closed = bodyEnd, end, closed
}

// end closes the component that the END line names. What a file that was put
// behind this one begins with in the same line is read next.
func (p *parser) end(start, number int, value string) bool {
	first := p.segs[0]
	if n := glued(p.s[first.start:first.end]); n > 0 {
		first.end = first.start + n
		p.segs, p.pos, p.line = append(p.segs[:0], first), first.end, number
		value = p.s[first.start+len("END:") : first.end]
	}
	if p.skip > 0 {
		p.skip--
		return false
	}
	name := strings.ToUpper(strings.TrimSpace(value))
	if c := p.isOpen(name); c != 0 {
		for p.cur != c {
			p.missingEnd(p.cur, start)
		}
		p.closeAt(c, start, p.pos, true)
		p.cur = p.t.Components[c].Parent
		return true
	}
	switch n := len(p.t.Lines); {
	case p.cur == 0 && !validName(name): // the reader's to tell
	case p.cur == 0 && n > 0 && p.t.Lines[n-1].Component == 0 && !p.t.Lines[n-1].stray && p.t.Lines[n-1].Start >= p.t.lastEnd():
		p.t.problem(start, number, true, "END:%s without BEGIN: the lines before it are in no item", clip(name))
	default:
		p.t.problem(start, number, false, "END:%s without BEGIN: it means nothing", clip(name))
	}
	return false
}

// isOpen finds the innermost open component of that name, 0 if there is none.
func (p *parser) isOpen(name string) int {
	name = strings.TrimSpace(name)
	for c := p.cur; c != 0; c = p.t.Components[c].Parent {
		if strings.EqualFold(p.t.Components[c].Name, name) {
			return c
		}
	}
	return 0
}

// glued finds where in an END line another file goes on that was put behind one
// without a line end at its own end: at a mark or a BEGIN. 0 is nowhere, and in a
// long line, which would be read over and over.
func glued(line string) int {
	if len(line) > 64 || !hasFold(line, "END:V") {
		return 0
	}
	for _, name := range []string{"VCARD", "VCALENDAR", "VNOTE"} {
		n := len("END:") + len(name)
		if hasFold(line[len("END:"):], name) && (strings.HasPrefix(line[n:], bom) || hasFold(line[n:], "BEGIN:")) {
			return n
		}
	}
	return 0
}

// matchCards pairs BEGIN:VCARD and END:VCARD lines like brackets and gives the
// offsets of the BEGINs that have their END.
func matchCards(s string) map[int]bool {
	m := map[int]bool{}
	var open []int
	p := parser{s: s}
	for pos := 0; pos < len(s); {
		end, next := p.physical(pos)
		q := pos
		for strings.HasPrefix(s[q:end], bom) {
			q += len(bom)
		}
		if n := glued(s[q:end]); n > 0 {
			end, next = q+n, q+n
		}
		line := strings.TrimRight(s[q:end], " \t")
		switch {
		case strings.EqualFold(line, "BEGIN:VCARD"), strings.EqualFold(line, "AGENT:BEGIN:VCARD"):
			open = append(open, pos)
		case strings.EqualFold(line, "END:VCARD") && len(open) > 0:
			m[open[len(open)-1]] = true
			open = open[:len(open)-1]
		}
		pos = next
	}
	return m
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
