package pim

import (
	"bytes"
	"slices"
	"strings"
	"sync"
)

// ExportVCF puts the texts of several contacts into one file: the cards' own
// bytes one after the other, UTF-8 where they were UTF-16. A card without END
// gets one.
func ExportVCF(texts [][]byte) []byte {
	n := 0
	for _, text := range texts {
		n += len(text)
	}
	b := make([]byte, 0, n)
	for _, text := range texts {
		b = appendWhole(b, text, "VCARD")
	}
	return b
}

// appendWhole appends the top-level components of that name.
func appendWhole(b []byte, text []byte, name string) []byte {
	src, _ := sourceText(text)
	ps := parsers.Get().(*parser)
	defer parsers.Put(ps)
	t := ps.parse(src)
	eol := lineEnd(src)
	for i := 1; i < len(t.Components); i++ {
		c := &t.Components[i]
		if c.Parent != 0 || c.Name != name {
			continue
		}
		b = appendComponent(b, t, i, eol)
	}
	return b
}

// appendComponent appends a component's own bytes, and an END if its own is
// missing.
func appendComponent(b []byte, t *Text, i int, eol string) []byte {
	c := &t.Components[i]
	b = appendRaw(b, t.Source[c.Start:c.End], eol)
	if c.Closed {
		return b
	}
	if n := t.linesFrom(c.End); n > 0 && t.Lines[n-1].dangling && t.Lines[n-1].Start >= c.Start {
		b = append(b, eol...) // else END would be more of the value
	}
	return append(append(append(b, "END:"...), c.Name...), eol...)
}

// appendRaw appends lines and sees to their last line end.
func appendRaw(b []byte, raw, eol string) []byte {
	b = append(b, strings.TrimPrefix(raw, bom)...)
	if n := len(b); n > 0 && b[n-1] != '\n' && b[n-1] != '\r' {
		b = append(b, eol...)
	}
	return b
}

// zone is a definition that a calendar has. Most of an export's are one text over
// and over: its normal form is made when another text has to be compared with it.
type zone struct {
	raw  string
	norm func() string
}

// same reports whether two definitions say the same.
func (z zone) same(o zone) bool { return z.raw == o.raw || z.norm() == o.norm() }

// calendarFile is one VCALENDAR of an export.
type calendarFile struct {
	d      Dialect
	method string // METHOD and the like, which hold for all entries
	prodID string // the line as written; ProductID when they differ
	lines  []string
	zones  map[string]zone // by TZID
	ids    []string        // "", the definitions in order
	lacks  map[string]bool // TZIDs that entries name without a definition
	body   []byte
}

// ExportICS puts the texts of several calendar items into one file: one
// VCALENDAR with the entries' own lines, each time zone once, and the lines
// around the entries once each. What can't share a VCALENDAR (vCalendar 1.0,
// another METHOD, X-WR-CALNAME or other line around the entries but PRODID, another
// definition of a zone with the same name, or none) gets one of its own behind it;
// VNOTEs stand alone.
func ExportICS(texts [][]byte) []byte {
	var files []*calendarFile
	var notes []byte
	var last exportHead
	total := 0
	for _, text := range texts {
		total += len(text)
	}
	for _, text := range texts {
		ps := parsers.Get().(*parser)
		if entries, ok := last.entries(ps, text); ok {
			last.file.body = append(last.file.body, entries...)
			parsers.Put(ps)
			continue
		}
		src, _ := sourceText(text)
		t := ps.parse(src)
		notes = appendNotes(notes, t)
		if p := exportParts(t); p != nil {
			var f *calendarFile
			files, f = p.add(files)
			last = exportHead{p.head(), f, p.zoneIDs()}
			if room := total - len(texts)*len(last.lines); len(files) == 1 && last.lines != "" && cap(f.body) < room {
				f.body = append(make([]byte, 0, room), f.body...)
			}
		}
		parsers.Put(ps)
	}
	size := len(notes)
	for _, f := range files {
		size += len(f.body) + 4<<10
	}
	b := make([]byte, 0, size)
	for _, f := range files {
		b = f.write(b)
	}
	return append(b, notes...)
}

// exportHead is what stands before the entries of a text, and the file that it
// went to. One producer's texts have it in common, so it is looked at once.
type exportHead struct {
	lines string
	file  *calendarFile
	zones []string // that it defines
}

// entries gives the entries of a text with this head and nothing else around
// them, as they stand.
func (h *exportHead) entries(ps *parser, text []byte) ([]byte, bool) {
	if h.lines == "" || len(text) < len(h.lines) || string(text[:len(h.lines)]) != h.lines {
		return nil, false
	}
	after := text[len(h.lines):]
	if len(h.zones) < len(h.file.zones) || !onlyNames(after, h.zones) {
		return nil, false
	}
	if end, ok := scanEntries(after); ok {
		return after[:end], true
	}
	return parsedEntries(ps, after)
}

// onlyNames reports whether all TZIDs that entries name are among these. It may say no where
// they are.
func onlyNames(entries []byte, zones []string) bool {
	for {
		i := bytes.Index(entries, []byte("TZID"))
		if i < 0 {
			return true
		}
		entries = bytes.TrimPrefix(entries[i+len("TZID"):], []byte("="))
		id, _, _ := bytes.Cut(entries[:min(len(entries), 128)], []byte(":"))
		id, _, _ = bytes.Cut(id, []byte(";"))
		if !slices.Contains(zones, string(bytes.Trim(id, `"`))) {
			return false
		}
	}
}

// zoneIDs are the zones that the text defines.
func (p *exportItem) zoneIDs() []string {
	ids := make([]string, len(p.zones))
	for i, z := range p.zones {
		ids[i] = p.zoneID(z)
	}
	return ids
}

// undefined are the zones that the text names and doesn't define.
func (p *exportItem) undefined() (ids []string) {
	own := p.zoneIDs()
	for i := range p.t.Lines {
		if id := p.t.Lines[i].Param("TZID"); id != "" && !slices.Contains(own, id) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// parsedEntries finds them with the parser.
func parsedEntries(ps *parser, after []byte) ([]byte, bool) {
	rest := string(after)
	t := ps.parse(rest)
	if len(t.Components) < 2 {
		return nil, false
	}
	end := 0
	for i := 1; i < len(t.Components); i++ {
		c := &t.Components[i]
		switch {
		case c.Parent != 0:
		case c.Start != end || !c.Closed || !isEntry(c.Name) || c.Name == "VNOTE":
			return nil, false
		default:
			end = c.End
		}
	}
	n := len(t.Lines) - 1
	if n < 0 || !t.Lines[n].stray || t.Lines[n].Start != end || t.Lines[n].End != len(rest) || !strings.EqualFold(strings.TrimSpace(t.Raw(&t.Lines[n])), "END:VCALENDAR") {
		return nil, false
	}
	for i := range n {
		if t.Lines[i].stray {
			return nil, false
		}
	}
	return after[:end], true
}

// head is what stands before the entries of a text, "" if they have something
// behind or between them too.
func (p *exportItem) head() string {
	if len(p.wrappers) != 1 || len(p.others) == 0 {
		return ""
	}
	t := p.t
	w, first := &t.Components[p.wrappers[0]], t.Components[p.others[0]].Start
	for _, z := range p.zones {
		if t.Components[z].Start > first {
			return ""
		}
	}
	for i := range t.Lines {
		if l := &t.Lines[i]; l.Component == 0 || l.Component == p.wrappers[0] && (l.Start > first || l.stray) {
			return ""
		}
	}
	if !w.Closed || w.End != len(t.Source) || !isEntry(t.Components[p.others[0]].Name) {
		return ""
	}
	return t.Source[:first]
}

func appendNotes(b []byte, t *Text) []byte {
	for i := 1; i < len(t.Components); i++ {
		if c := &t.Components[i]; c.Name == "VNOTE" && c.Parent == 0 {
			b = appendComponent(b, t, i, lineEnd(t.Source))
		}
	}
	return b
}

// exportItem is a text taken apart for an export.
type exportItem struct {
	parsed
	method, prodID string
	eol            string
	others         []int // components that are neither zone nor wrapper
}

func exportParts(t *Text) *exportItem {
	p := &exportItem{parsed: parsed{t: t, kind: Events}, eol: lineEnd(t.Source)}
	for i := 1; i < len(t.Components); i++ {
		c := &t.Components[i]
		switch {
		case c.Parent == 0 && c.Name == "VCALENDAR":
			p.wrappers = append(p.wrappers, i)
		case c.Parent != 0 && !slices.Contains(p.wrappers, c.Parent):
		case c.Name == "VTIMEZONE":
			p.zones = append(p.zones, i)
		case c.Name != "VNOTE" && c.Name != "VCARD":
			p.others = append(p.others, i)
		}
	}
	if len(p.others) == 0 && len(p.wrappers) == 0 {
		return nil
	}
	p.d = calendarDialect(t, p.wrappers)
	if len(p.wrappers) > 0 {
		p.method = p.apart()
		if l := p.line(p.wrappers[0], "PRODID"); l != nil {
			p.prodID = l.RawValue
		}
	}
	return p
}

// apart is what the lines around the entries say about all of them, in whichever order:
// items that differ in it can't share a VCALENDAR, or each would come back with the other's.
func (p *exportItem) apart() string {
	var norms []string
	for i := range p.t.Lines {
		l := &p.t.Lines[i]
		switch {
		case !slices.Contains(p.wrappers, l.Component) || l.stray || lookup(false, l.Name).unit == unitNone:
		case l.Junk:
			norms = append(norms, "?"+l.RawValue)
		default:
			m := modernise(l, p.d)
			norms = append(norms, string(appendNorm(nil, &m, false)))
		}
	}
	slices.Sort(norms)
	return strings.Join(norms, "\n")
}

// around are the lines around the entries.
func (p *exportItem) around() (lines []string) {
	for i := range p.t.Lines {
		if l := &p.t.Lines[i]; slices.Contains(p.wrappers, l.Component) && !l.stray && l.Name != "VERSION" && l.Name != "PRODID" {
			lines = append(lines, string(appendRaw(nil, p.t.Raw(l), p.eol)))
		}
	}
	return lines
}

// add puts the item into the first VCALENDAR that can take it.
func (p *exportItem) add(files []*calendarFile) ([]*calendarFile, *calendarFile) {
	zones := make([]zone, len(p.zones))
	for i, z := range p.zones {
		c := &p.t.Components[z]
		raw, d := p.t.Source[c.Start:c.End], p.d
		zones[i] = zone{raw, sync.OnceValue(func() string { return normZone(raw, d) })}
	}
	var f *calendarFile
	lacks := p.undefined()
	for _, g := range files {
		ok := g.d == p.d && g.method == p.method && !slices.ContainsFunc(lacks, func(id string) bool { _, there := g.zones[id]; return there })
		for i, z := range p.zones {
			if have, there := g.zones[p.zoneID(z)]; there && !have.same(zones[i]) || g.lacks[p.zoneID(z)] {
				ok = false
			}
		}
		if ok {
			f = g
			break
		}
	}
	if f == nil {
		f = &calendarFile{d: p.d, method: p.method, prodID: p.prodID, lines: p.around(), zones: map[string]zone{}, lacks: map[string]bool{}}
		files = append(files, f)
	}
	for _, id := range lacks {
		f.lacks[id] = true
	}
	if f.prodID != p.prodID {
		f.prodID = ProductID
	}
	for i, z := range p.zones {
		id := p.zoneID(z)
		if _, there := f.zones[id]; there {
			continue
		}
		f.zones[id] = zones[i]
		f.ids = append(f.ids, p.whole(z))
	}
	for _, c := range p.others {
		f.body = append(f.body, p.whole(c)...)
	}
	return files, f
}

// normZone is the normal form of a definition by itself: the text it came from
// may be another one by now.
func normZone(raw string, d Dialect) string {
	p := parsed{t: parse(raw), kind: Events, d: d}
	if len(p.t.Components) < 2 {
		return raw
	}
	return p.normComponent(1)
}

// whole is a component's own bytes, with an END.
func (p *exportItem) whole(i int) string {
	return string(appendComponent(nil, p.t, i, p.eol))
}

func (f *calendarFile) write(b []byte) []byte {
	version := "2.0"
	if f.d == VCalendar1 {
		version = "1.0"
	}
	id := f.prodID
	if id == "" {
		id = ProductID
	}
	b = append(b, "BEGIN:VCALENDAR\r\nVERSION:"+version+"\r\n"...)
	b = appendFolded(b, "PRODID:"+id, "\r\n")
	for _, l := range f.lines {
		b = append(b, l...)
	}
	for _, z := range f.ids {
		b = append(b, z...)
	}
	b = append(b, f.body...)
	return append(b, "END:VCALENDAR\r\n"...)
}
