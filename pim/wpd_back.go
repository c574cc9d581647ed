package pim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cradle/pim/recur"
	"cradle/valuebag"
)

// FromWPD brings back what changed in a device's view of an item. was is the view as the
// device held it when it was last exchanged (nil: all of WPD), now what it holds; a change
// is a difference between the two, and of a value that the device had cut off the rest
// stays. A slot stands for the line that filled it: another text is an edit of that line,
// whose label, group and parameters stay; an emptied slot deletes that line alone; lines
// that never had a slot are untouched. A primary slot is a copy: a change of it changes
// the line that it was copied from. at is the time of the edit, for a task that was
// finished; zone is the phone's, as of [Kind.WPD]. With a nil item it makes a new one, without
// a UID. Errors: ErrPattern, ErrNoObject for a series of changed occurrences alone, and those of
// [EditProperties].
func (k *Kind) FromWPD(item, was, now *valuebag.Values, at time.Time, zone *time.Location) (*valuebag.Values, error) {
	if item == nil {
		text := "BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n"
		if !k.card() {
			text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:" + ProductID + "\r\nBEGIN:" + k.component + "\r\nEND:" + k.component + "\r\nEND:VCALENDAR\r\n"
		}
		var err error
		if item, err = k.New([]byte(text), ""); err != nil {
			return nil, err
		}
		was = valuebag.New(0)
	}
	w, err := k.newBack(item, was, now, at, zone)
	if err != nil {
		return nil, err
	}
	if k.card() {
		w.contact()
	} else if err := w.calendar(); err != nil {
		return nil, err
	}
	out, err := w.write(item)
	if err != nil || k != Tasks {
		return out, err
	}
	// Which reminder it is depends on what the times are by now.
	if w, err = k.newBack(out, w.was, now, at, zone); err != nil {
		return nil, err
	}
	w.taskReminder()
	return w.write(out)
}

func (k *Kind) newBack(item, was, now *valuebag.Values, at time.Time, zone *time.Location) (*wpdBack, error) {
	p, err := k.parseFor(item, zone)
	if err != nil {
		return nil, fmt.Errorf("reading the item: %w", err)
	}
	if p.main == 0 {
		return nil, fmt.Errorf("a series of changed occurrences alone: %w", ErrNoObject)
	}
	w := wpdBack{parsed: p, bag: p.wpd(), was: was, now: now, at: at, rows: map[int]*Property{}, gone: map[int]bool{}}
	if was == nil {
		w.was = w.bag.Values
	}
	w.r = rowsOf(p.t)
	w.pos = map[int]int{}
	for n, i := range w.r.lines {
		w.pos[i] = n + 1
	}
	return &w, nil
}

// wpdBack collects the edits of one item's rows.
type wpdBack struct {
	*parsed
	bag      *wpdBag
	was, now *valuebag.Values
	at       time.Time
	r        *rows
	pos      map[int]int       // line → its row
	path     string            // of the component, as in Property: "" but for an occurrence
	rows     map[int]*Property // edited, by line
	gone     map[int]bool      // lines
	added    []Property
	groups   int
	from     recur.Stamp // the start before
	start    recur.Stamp // and by now; zero without one
	zone     *recur.Zone // that the device's user chose, nil for none
	moved    move        // of the start
	ruled    bool        // there is another rule
	follow   bool        // what the series says of its occurrences moves with it
}

func (w *wpdBack) write(item *valuebag.Values) (*valuebag.Values, error) {
	var edits []PropertyEdit
	lines := make([]int, 0, len(w.rows)+len(w.gone))
	for l := range w.rows {
		if !w.gone[l] {
			lines = append(lines, l)
		}
	}
	for l := range w.gone {
		lines = append(lines, l)
	}
	slices.Sort(lines)
	for _, l := range lines {
		old := w.r.property(&w.t.Lines[l], w.pos[l])
		if w.gone[l] {
			edits = append(edits, PropertyEdit{Op: EditDelete, Old: old})
		} else {
			w.rows[l].Value = sayable(w.rows[l].Value)
			edits = append(edits, PropertyEdit{Op: EditUpdate, Old: old, New: *w.rows[l]})
		}
	}
	for _, a := range w.added {
		a.Value = sayable(a.Value)
		if a.Component == "" {
			a.Component = w.path
		} else {
			a.Component = prefixed(w.path) + a.Component
		}
		edits = append(edits, PropertyEdit{Op: EditInsert, New: a})
	}
	if len(edits) == 0 {
		return item, nil
	}
	text, errs := EditProperties(w.kind.Text(item), edits)
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("what the device changed: %w", err)
	}
	text, err := w.withZones(text)
	if err != nil {
		return nil, fmt.Errorf("what the device changed: %w", err)
	}
	return w.kind.New(text, w.kind.Collection(item))
}

// sayable is a device's value without the one character that no line can hold.
func sayable(value string) string { return strings.ReplaceAll(value, "\x00", "") }

// row is a line's row as it is by now.
func (w *wpdBack) row(line int) *Property {
	if w.rows[line] == nil {
		p := w.r.property(&w.t.Lines[line], w.pos[line])
		w.rows[line] = &p
	}
	return w.rows[line]
}

// peek is a line's row as it is by now, for reading.
func (w *wpdBack) peek(line int) *Property {
	if p := w.rows[line]; p != nil {
		return p
	}
	p := w.r.property(&w.t.Lines[line], w.pos[line])
	return &p
}

// drop takes a line out, with the labels of a group that has nothing else then.
func (w *wpdBack) drop(line int) {
	w.gone[line] = true
	group := w.t.Lines[line].Group
	if group == "" {
		return
	}
	var labels []int
	for i := range w.t.Lines {
		if l := &w.t.Lines[i]; l.Component == w.main && strings.EqualFold(l.Group, group) && !w.gone[i] {
			if !isLabel(l.Name) {
				return
			}
			labels = append(labels, i)
		}
	}
	for _, l := range labels {
		w.gone[l] = true
	}
}

// wpdText is a key's value in a view, "" without.
func wpdText(vs *valuebag.Values, k valuebag.PropertyKey) string {
	s, _ := vs.GetString(k)
	return oneLine(s)
}

// changed gives the values of a key that the device's user changed.
func (w *wpdBack) changed(k valuebag.PropertyKey) (was, now string, ok bool) {
	a, _ := w.was.GetString(k)
	b, _ := w.now.GetString(k)
	return a, b, oneLine(a) != oneLine(b) || multiline(k) && a != b
}

func multiline(k valuebag.PropertyKey) bool {
	return k == valuebag.WPDCommonInformationNotes || k == valuebag.WPDCommonInformationBodyText
}

// set gives a line a new text, of which the device held was.
func (w *wpdBack) set(l *wpdLine, was, now string) {
	row := w.row(l.at)
	switch kind := lookup(w.kind.card(), l.name).value; {
	case hasFold(row.Value, "tel:"):
		row.Value = "tel:" + now
	case kind == kindText:
		row.Value = spliced(row.Value, was, now)
	case kind == kindStructured, kind == kindList:
		row.Value = w.escape(now)
	default:
		row.Value = now
	}
}

// escape writes a part of a structured value: vCard 2.1 knows the semicolon alone.
func (w *wpdBack) escape(s string) string {
	if w.d.old() && w.d.card() {
		return strings.ReplaceAll(s, ";", `\;`)
	}
	return escapeText(s)
}

func (w *wpdBack) unescape(s string) string {
	if w.d.old() && w.d.card() {
		return strings.ReplaceAll(s, `\;`, ";")
	}
	return unescapeText(s)
}

func (w *wpdBack) contact() {
	for _, n := range newLines {
		switch n.key {
		case valuebag.WPDContactBirthdate, valuebag.WPDContactAnniversaryDate:
			w.day(n.key, n.name)
		case valuebag.WPDContactOtherEmails, valuebag.WPDContactOtherPhones, valuebag.WPDContactChildren:
			w.list(n.key, n.name, n.params)
		default:
			if siblings := primaries[n.key]; siblings == nil {
				w.slot(n.key, n.name, n.params)
			}
		}
	}
	for _, n := range newLines { // once their own slots are done
		if siblings := primaries[n.key]; siblings != nil {
			w.primary(n.key, siblings, n.name, n.params)
		}
	}
	before := w.namedBy("N")
	for i := range structures {
		w.structure(i)
	}
	w.displayName(before)
}

// slot brings a changed key back into the line that the device held in it.
func (w *wpdBack) slot(k valuebag.PropertyKey, name, params string) {
	was, now, ok := w.changed(k)
	if !ok {
		return
	}
	if s, there := w.bag.slots[k]; there && s.part >= 0 {
		w.part(s.lines[0], s.part, was, now)
		return
	}
	switch line := w.behind(k, name, was); {
	case line == nil && now != "":
		w.add(name, params, now)
	case line == nil:
	case now == "":
		w.drop(line.at)
	default:
		w.set(line, was, now)
	}
}

// add puts a line in.
func (w *wpdBack) add(name, params, value string) {
	p := Property{Name: name, Params: params, Value: value}
	if v := lookup(w.kind.card(), name).value; v == kindStructured || v == kindList {
		p.Value = w.escape(value)
	}
	if strings.HasPrefix(params, "_$!<") { // a label of Apple's
		w.groups++
		p.Group, p.Params = w.freeGroup(), ""
		w.added = append(w.added, p, Property{Group: p.Group, Name: "X-ABLABEL", Value: params})
		return
	}
	if w.d == VCard40 && params == "TYPE=PREF" {
		p.Params = "PREF=1"
	}
	w.added = append(w.added, p)
}

func (w *wpdBack) freeGroup() string {
	for n := w.groups; ; n++ {
		g := fmt.Sprintf("item%d", n)
		if !slices.ContainsFunc(w.t.Lines, func(l Line) bool { return strings.EqualFold(l.Group, g) }) {
			w.groups = n
			return g
		}
	}
}

// list brings the changes of a list of further values back.
func (w *wpdBack) list(k valuebag.PropertyKey, name, params string) {
	was, _ := w.was.GetStrings(k)
	now, _ := w.now.GetStrings(k)
	less := func(a, b []string) (out []string) {
		rest := slices.Clone(b)
		for _, s := range a {
			if i := slices.Index(rest, s); i >= 0 {
				rest = slices.Delete(rest, i, i+1)
			} else {
				out = append(out, s)
			}
		}
		return out
	}
	gone, more := less(was, now), less(now, was)
	edited := len(gone) == len(more)
	for i, old := range gone {
		line := w.holding(w.bag.slots[k].lines, old)
		if line == nil && several[name] {
			line = w.holding(w.wpdLines(name), old)
		}
		switch {
		case line == nil && edited:
			w.add(name, params, more[i])
		case line == nil:
		case edited:
			w.set(line, old, more[i])
		default:
			w.drop(line.at)
		}
	}
	if !edited {
		for _, s := range more {
			w.add(name, params, s)
		}
	}
}

// day brings a changed date back.
func (w *wpdBack) day(k valuebag.PropertyKey, name string) {
	was, err1 := w.was.GetDate(k)
	now, err2 := w.now.GetDate(k)
	s, there := w.bag.slots[k]
	switch {
	case err1 == nil && err2 == nil && was.Format(time.DateOnly) == now.Format(time.DateOnly), err1 != nil && err2 != nil:
	case err2 != nil && there:
		w.drop(s.lines[0].at)
	case err2 != nil:
	case there:
		w.row(s.lines[0].at).Value = now.Format(time.DateOnly)
		if w.d == VCard40 {
			w.row(s.lines[0].at).Value = now.Format("20060102")
		}
	case err1 == nil: // it had one that stands in no line
	case w.d == VCard40:
		w.added = append(w.added, Property{Name: strings.TrimPrefix(name, "X-"), Value: now.Format("20060102")})
	default:
		w.added = append(w.added, Property{Name: name, Value: now.Format(time.DateOnly)})
	}
}
