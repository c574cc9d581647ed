package pim

import (
	"errors"
	"fmt"
	"strings"
)

// EditOp is what an edit does to a row.
type EditOp uint8

const (
	EditInsert EditOp = iota + 1 // New is put in
	EditUpdate                   // Old becomes New
	EditDelete                   // Old goes
)

// PropertyEdit is an edit of one row of Properties.
type PropertyEdit struct {
	Op EditOp
	// Old is the row to change, as it was seen: found by Pos if it still stands
	// there, else by its content. With an empty Name the Pos alone counts.
	Old Property
	// New is the row afterwards. For an insertion Pos 0 is the end of its
	// component; a Pos that is taken is an error.
	New Property
}

// Errors of single edits.
var (
	ErrStale      = errors.New("the row is no longer there")
	ErrPosTaken   = errors.New("the position is taken")
	ErrBadRow     = errors.New("not a row that can be written")
	ErrNoPlace    = errors.New("no such component")
	ErrProtected  = errors.New("this row can't be edited")
	ErrNoCalendar = errors.New("not a vCard or calendar text")
)

// editRow is a row while edits are applied.
type editRow struct {
	line    int // index of Text.Lines, -1 for a new one
	was     Property
	now     Property
	deleted bool
}

// EditProperties applies edits of rows to a text, one after the other, and
// writes just the lines that are then different, in the text's dialect and line
// ends. errs has one entry for each edit, nil where it applied; an edit that
// doesn't apply changes nothing. Inserting into a component that isn't there
// makes it (an alarm, an override, a time zone, the calendar around the entry);
// one that loses its last row goes. A new UID of the master is that of its
// overrides too.
func EditProperties(text []byte, edits []PropertyEdit) ([]byte, []error) {
	src, wide := sourceText(text)
	errs := make([]error, len(edits))
	r := parseRows(src)
	e := editor{rows: r, eol: lineEnd(src)}
	for n, i := range r.lines {
		p := r.property(&r.Lines[i], n+1)
		e.list = append(e.list, editRow{line: i, was: p, now: p})
	}
	if len(r.Components) == 1 || r.main == 0 && !e.hasOverride() {
		for i := range errs {
			errs[i] = ErrNoCalendar
		}
		return text, errs
	}
	done := false
	for i := range edits {
		errs[i] = e.apply(&edits[i])
		done = done || errs[i] == nil
	}
	if !done {
		return text, errs
	}
	out := e.write()
	if p, err := e.kind.parseItem(out); err == nil && e.kind.card() && p.d != e.d {
		out = withVersion(p, e.d, e.eol)
	}
	if out == src && !wide {
		return text, errs
	}
	return []byte(out), errs
}

type editor struct {
	*rows
	list []editRow
	eol  string
}

func (e *editor) hasOverride() bool {
	for i := range e.paths {
		if strings.HasPrefix(e.paths[i], "override:") {
			return true
		}
	}
	return false
}

func (e *editor) apply(ed *PropertyEdit) error {
	switch ed.Op {
	case EditInsert:
		p, err := e.check(ed.New)
		if err != nil {
			return err
		}
		top := 0
		for i := range e.list {
			top = max(top, e.list[i].now.Pos)
			if !e.list[i].deleted && e.list[i].now.Pos == p.Pos && p.Pos > 0 {
				return fmt.Errorf("row %d: %w", p.Pos, ErrPosTaken)
			}
		}
		if p.Pos <= 0 {
			p.Pos = top + 1
		}
		e.list = append(e.list, editRow{line: -1, now: p})
	case EditUpdate:
		i, err := e.find(&ed.Old)
		if err != nil {
			if e.already(ed) {
				return nil
			}
			return err
		}
		p, err := e.check(ed.New)
		if err != nil {
			return err
		}
		if err := e.protected(i); err != nil {
			return err
		}
		old := e.list[i].now
		if p.Pos <= 0 || p.Pos == ed.Old.Pos {
			p.Pos = old.Pos
		}
		for j := range e.list {
			if j != i && !e.list[j].deleted && e.list[j].now.Pos == p.Pos {
				return fmt.Errorf("row %d: %w", p.Pos, ErrPosTaken)
			}
		}
		if p.Component != old.Component {
			e.list[i].deleted = true
			e.list = append(e.list, editRow{line: -1, now: p})
			return nil
		}
		e.list[i].now = p
		if p.Name == "UID" && p.Component == "" {
			e.renameOverrides(old.Value, p.Value)
		}
	case EditDelete:
		i, err := e.find(&ed.Old)
		if err != nil {
			return err
		}
		if err := e.protected(i); err != nil {
			return err
		}
		e.list[i].deleted = true
	default:
		return fmt.Errorf("edit %d: %w", ed.Op, ErrBadRow)
	}
	return nil
}

// already reports whether the row reads as the edit wants it: the UID of an
// override follows its master's.
func (e *editor) already(ed *PropertyEdit) bool {
	for i := range e.list {
		if r := &e.list[i]; !r.deleted && r.now.Pos == ed.Old.Pos && sameRow(&r.now, &ed.New) {
			return true
		}
	}
	return false
}

// renameOverrides gives the overrides the new UID of their master.
func (e *editor) renameOverrides(from, to string) {
	for i := range e.list {
		p := &e.list[i].now
		if p.Name == "UID" && p.Value == from && strings.HasPrefix(p.Component, "override:") && !strings.Contains(p.Component, "/") {
			p.Value = to
		}
	}
}

// find gives the index of the row that an edit means.
func (e *editor) find(p *Property) (int, error) {
	for i := range e.list {
		r := &e.list[i]
		if !r.deleted && r.now.Pos == p.Pos && (p.Name == "" || sameRow(&r.now, p)) {
			return i, nil
		}
	}
	at, n := -1, 0
	if p.Name != "" {
		for i := range e.list {
			if r := &e.list[i]; !r.deleted && sameRow(&r.now, p) {
				at, n = i, n+1
			}
		}
	}
	if n != 1 {
		return 0, fmt.Errorf("row %d %s: %w", p.Pos, clip(p.Name), ErrStale)
	}
	return at, nil
}

func sameRow(a, b *Property) bool {
	return a.Component == b.Component && strings.EqualFold(a.Group, b.Group) && strings.EqualFold(a.Name, b.Name) &&
		a.Params == b.Params && a.Value == b.Value
}

// protected refuses edits of lines that decide how all others are read.
func (e *editor) protected(i int) error {
	r := &e.list[i]
	if r.line < 0 {
		return nil
	}
	agent := r.was.Name == "AGENT" && strings.EqualFold(strings.TrimSpace(e.Lines[r.line].RawValue), "BEGIN:VCARD")
	if agent || r.was.Name == "VERSION" && (r.was.Component == "" || r.was.Component == "calendar") {
		return fmt.Errorf("%s: %w", r.was.Name, ErrProtected)
	}
	return nil
}

// check brings a new row into the form of Properties, or says why it can't be
// written.
func (e *editor) check(p Property) (Property, error) {
	p.Name = upper(strings.TrimSpace(p.Name))
	if p.Name == "" || p.Name == "BEGIN" || p.Name == "END" || !validName(p.Name) {
		return p, fmt.Errorf("name %q: %w", clip(p.Name), ErrBadRow)
	}
	if p.Group != "" && !validName(p.Group) {
		return p, fmt.Errorf("group %q: %w", clip(p.Group), ErrBadRow)
	}
	if strings.ContainsAny(p.Params, "\r\n") || !isUTF8(p.Params) {
		return p, fmt.Errorf("parameters %q: %w", clip(p.Params), ErrBadRow)
	}
	if !isUTF8(p.Value) || strings.IndexByte(p.Value, 0) >= 0 {
		return p, fmt.Errorf("value of %s: %w", p.Name, ErrBadRow)
	}
	ps := parser{}
	for _, q := range ps.parseParams(p.Params) {
		if !validName(q.Name) {
			return p, fmt.Errorf("parameter %q: %w", clip(q.Name), ErrBadRow)
		}
	}
	if p.Component == "" && e.main == 0 {
		return p, fmt.Errorf("the series has no master: %w", ErrNoPlace)
	}
	if !e.place(p.Component) {
		return p, fmt.Errorf("component %q: %w", clip(p.Component), ErrNoPlace)
	}
	return p, nil
}

func validName(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isNameByte(s[i]) || s[i] == '.' {
			return false
		}
	}
	return s != ""
}

// place reports whether a component is there or can be made.
func (e *editor) place(path string) bool {
	for i := range e.paths {
		if e.known[i] && e.paths[i] == path {
			return true
		}
	}
	if path == "" || e.kind.card() || e.d == VNote11 {
		return false
	}
	first, rest, nested := strings.Cut(path, "/")
	if strings.ContainsAny(path, "\r\n;\"") {
		return false
	}
	switch {
	case path == "calendar":
		return true
	case hasFold(path, "alarm:"):
		return !nested && e.main != 0
	case hasFold(path, "override:") && len(first) > len("override:"):
		return !nested || strings.HasPrefix(rest, "alarm:") && !strings.Contains(rest, "/")
	case hasFold(path, "timezone:"):
		// Zone names have slashes: the part of the zone is the last one.
		return true
	}
	return false
}

// write gives the text after the edits.
func (e *editor) write() string {
	var changes []change
	fresh := map[string][]byte{} // new lines by component
	has := map[string][]string{} // names of new lines by component
	var order []string
	left := make([]int, len(e.Components))
	lost := make([]bool, len(e.Components))
	for i := range e.Lines {
		if l := &e.Lines[i]; l.Junk {
			left[l.Component]++
		}
	}
	for i := range e.list {
		r := &e.list[i]
		if r.line >= 0 {
			c := e.Lines[r.line].Component
			if r.deleted {
				lost[c] = true
			} else {
				left[c]++
			}
		} else if !r.deleted {
			p := r.now.Component
			if _, ok := has[p]; !ok {
				order = append(order, p)
			}
			has[p] = append(has[p], r.now.Name)
			fresh[p] = append(fresh[p], e.encode(&r.now)...)
		}
	}
	gone := make([]bool, len(e.Components))
	for i := len(e.Components) - 1; i > 0; i-- {
		_, grows := has[e.paths[i]]
		if !e.known[i] || !lost[i] || left[i] > 0 || grows || i == e.main || e.paths[i] == "calendar" {
			continue
		}
		all := true
		for _, c := range e.Children(i) {
			all = all && gone[c]
		}
		gone[i] = all
	}
	for i := range e.Components {
		if gone[i] && !gone[e.Components[i].Parent] {
			changes = append(changes, change{start: e.Components[i].Start, end: e.Components[i].End})
		}
	}
	for i := range e.list {
		r := &e.list[i]
		if r.line < 0 || e.under(gone, e.Lines[r.line].Component) {
			continue
		}
		l := &e.Lines[r.line]
		switch {
		case r.deleted:
			changes = append(changes, change{start: l.Start, end: l.End})
		case !sameRow(&r.was, &r.now):
			changes = append(changes, change{start: l.Start, end: l.End, text: string(e.encode(&r.now))})
		}
	}
	more, wrapper := e.grow(order, fresh, has)
	text := applyChanges(e.Text, append(changes, more...), e.eol)
	if wrapper != "" {
		text = wrap(text, wrapper, e.eol)
	}
	return text
}

func (e *editor) under(gone []bool, c int) bool {
	for ; c != 0; c = e.Components[c].Parent {
		if gone[c] {
			return true
		}
	}
	return false
}

// grow places the new lines: in their component before its first child, or in
// new components.
func (e *editor) grow(order []string, fresh map[string][]byte, has map[string][]string) (changes []change, wrapper string) {
	index := map[string]int{}
	for i := len(e.paths) - 1; i >= 0; i-- {
		if e.known[i] {
			index[e.paths[i]] = i
		}
	}
	alarms := map[string][]byte{} // new alarms of overrides that are new too
	for _, path := range order {
		if parent, _, ok := strings.Cut(path, "/alarm:"); ok && index[path] == 0 && index[parent] == 0 {
			alarms[parent] = append(alarms[parent], e.block("VALARM", fresh[path])...)
			if _, ok := has[parent]; !ok {
				has[parent] = nil
				order = append(order, parent)
			}
		}
	}
	calendar := index["calendar"]
	for _, path := range order {
		lines := fresh[path]
		if i := index[path]; i != 0 {
			at := e.Components[i].BodyEnd
			if ch := e.Children(i); len(ch) > 0 {
				at = e.Components[ch[0]].Start
			}
			changes = append(changes, change{start: at, end: at, text: string(lines)})
			continue
		}
		var at int
		var text []byte
		switch {
		case path == "calendar":
			wrapper += string(lines) // there is no calendar yet, or just bare lines
			continue
		case strings.HasPrefix(path, "alarm:"):
			at, text = e.Components[e.main].BodyEnd, e.block("VALARM", lines)
		case strings.HasPrefix(path, "override:"):
			parent, _, nested := strings.Cut(path, "/alarm:")
			if nested {
				if index[parent] == 0 {
					continue // in its override
				}
				at, text = e.Components[index[parent]].BodyEnd, e.block("VALARM", lines)
				break
			}
			at, text = e.override(path, lines, alarms[path], has[path])
		default:
			id, part, kind := strings.TrimPrefix(path, "timezone:"), "", ""
			for _, k := range []string{"standard", "daylight"} {
				if j := strings.LastIndex(id, "/"+k+":"); j >= 0 {
					id, part, kind = id[:j], id[j:], strings.ToUpper(k)
				}
			}
			if part != "" {
				if z := index["timezone:"+id]; z != 0 {
					at, text = e.Components[z].BodyEnd, e.block(kind, lines)
					break
				}
				text = e.zone(id, e.block(kind, lines), nil)
			} else {
				text = e.zone(id, lines, has[path])
			}
			if calendar == 0 {
				wrapper += string(text)
				continue
			}
			at = e.firstEntry()
		}
		changes = append(changes, change{start: at, end: at, text: string(text)})
	}
	return changes, wrapper
}

func (e *editor) block(name string, lines []byte) []byte {
	b := []byte("BEGIN:" + name + e.eol)
	b = append(b, lines...)
	return append(b, "END:"+name+e.eol...)
}

// zone is a new VTIMEZONE.
func (e *editor) zone(id string, lines []byte, names []string) []byte {
	var b []byte
	if !contains(names, "TZID") {
		b = appendFolded(b, "TZID:"+id, e.eol)
	}
	return e.block("VTIMEZONE", append(b, lines...))
}

// override is a new override component behind the last entry, with what its
// rows don't say.
func (e *editor) override(path string, lines, alarms []byte, names []string) (int, []byte) {
	id := strings.TrimPrefix(path, "override:")
	at, uid := 0, ""
	name := e.kind.component
	for i := range e.Components {
		c := &e.Components[i]
		if e.known[i] && e.kind.holds(c.Name) {
			at, name = max(at, c.End), c.Name
		}
	}
	for i := range e.list {
		if p := &e.list[i].now; !e.list[i].deleted && p.Name == "UID" && uid == "" && (p.Component == "" || strings.HasPrefix(p.Component, "override:")) {
			uid = p.Value
		}
	}
	var b []byte
	if uid != "" && !contains(names, "UID") {
		b = appendFolded(b, "UID:"+uid, e.eol)
	}
	if !contains(names, "RECURRENCE-ID") {
		b = appendFolded(b, "RECURRENCE-ID:"+id, e.eol)
	}
	b = append(b, lines...)
	return at, e.block(name, append(b, alarms...))
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func (e *editor) firstEntry() int {
	at := -1
	for i := range e.Components {
		c := &e.Components[i]
		if e.known[i] && i > 0 && e.kind.holds(c.Name) && (at < 0 || c.Start < at) {
			at = c.Start
		}
	}
	return at
}

// encode writes a row as a line of the text's dialect.
func (e *editor) encode(p *Property) []byte {
	ps := parser{}
	m := modern{group: p.Group, name: commonName(p.Name, e.d), from: e.d}
	for _, q := range ps.parseParams(p.Params) {
		if q.Name == "CHARSET" {
			continue
		}
		if q.Name == "ENCODING" && knownEncoding(q) {
			m.binary = m.binary || lineEncoding([]Param{q}) == encBase64
			continue
		}
		m.params = append(m.params, q)
	}
	switch k := kindOf(e.kind.card(), m.name, m.params); {
	case m.binary:
		m.value = squeeze(p.Value)
	case e.d.old():
		m.value = modernValue(p.Value, k, e.d)
	case k == kindText:
		m.value = escapeText(p.Value)
	default:
		m.value = escapeNewlines(p.Value)
	}
	if m.name != p.Name {
		was := m
		was.name = p.Name
		m.was = &was
	}
	return appendLine(nil, &m, e.d, e.eol)
}
