package pim

import (
	"slices"
	"strings"

	"cradle/valuebag"
)

// several are the lines of which a card has as many as it likes, so that a value which no
// slot was filled from is one more.
var several = map[string]bool{"TEL": true, "EMAIL": true, "URL": true, "IMPP": true}

// behind is the line that the device held under a key as was: the item may have more lines
// by now, or fewer, and then other lines stand in the slots. nil: no line is it.
func (w *wpdBack) behind(k valuebag.PropertyKey, name, was string) *wpdLine {
	var own *wpdLine
	if s, ok := w.bag.slots[k]; ok && s.part < 0 {
		own = s.lines[0]
	}
	if !several[name] {
		return own
	}
	if was == "" {
		return nil
	}
	if own != nil && (slotText(own) == oneLine(was) || wpdText(w.bag.Values, k) == oneLine(was)) {
		return own
	}
	if l := w.holding(w.wpdLines(name), was); l != nil {
		return l
	}
	if own == nil || w.heldElsewhere(k, slotText(own)) {
		return nil // another line moved up into the slot
	}
	return own // as the device writes it
}

// slotText is what a line of a card says in a slot.
func slotText(l *wpdLine) string {
	if l.name == "TEL" {
		return wpdNumber(l)
	}
	return l.text()
}

// holding finds a line with a text that nobody edited yet: as it is, else in the form that
// numbers and addresses compare in.
func (w *wpdBack) holding(lines []*wpdLine, text string) *wpdLine {
	free := func(l *wpdLine) bool { return !w.gone[l.at] && w.rows[l.at] == nil }
	for _, same := range []func(l *wpdLine) bool{
		func(l *wpdLine) bool { return slotText(l) == oneLine(text) },
		func(l *wpdLine) bool {
			return l.name == "TEL" && matchPhone(slotText(l)) == matchPhone(text) && matchPhone(text) != ""
		},
		func(l *wpdLine) bool {
			return l.name == "EMAIL" && matchEmail(slotText(l)) == matchEmail(text) && matchEmail(text) != ""
		},
	} {
		if i := slices.IndexFunc(lines, func(l *wpdLine) bool { return free(l) && same(l) }); i >= 0 {
			return lines[i]
		}
	}
	return nil
}

// heldElsewhere reports whether the device held a text under another key, copies aside.
func (w *wpdBack) heldElsewhere(k valuebag.PropertyKey, text string) bool {
	for _, n := range newLines {
		if n.key == k || primaries[n.key] != nil {
			continue
		}
		list, _ := w.was.GetStrings(n.key)
		if wpdText(w.was, n.key) == text || slices.Contains(list, text) {
			return true
		}
	}
	return false
}

// namedBy are the names that the parts of N make, as writers put them together.
func (w *wpdBack) namedBy(name string) (out []string) {
	i := w.lineAt(w.main, name)
	if i < 0 || w.gone[i] {
		return nil
	}
	for _, order := range [][]int{{3, 1, 2, 0, 4}, {1, 2, 0}, {1, 0}, {0, 1}, {0, 1, 2}, {3, 1, 0}, {1, 2, 0, 4}, {1, 0, 4}} {
		out = append(out, joinParts(w.modernName(i), " ", order...))
	}
	out = append(out, strings.ReplaceAll(joinParts(w.modernName(i), "\n", 0, 1), "\n", ", "))
	return out
}

// modernName is the value of a line of names as it is by now, escaped as in vCard 3.0.
func (w *wpdBack) modernName(line int) string {
	v := w.peek(line).Value
	if w.d.old() {
		v = modernValue(v, kindStructured, w.d)
	}
	return v
}

// displayName makes FN anew where it was made of N as it was before, and the device changed
// N alone: the name that it shows would be the old one.
func (w *wpdBack) displayName(before []string) {
	fn := w.lineAt(w.main, "FN")
	if _, _, changed := w.changed(valuebag.WPDContactDisplayName); changed || fn < 0 || w.gone[fn] {
		return
	}
	said := oneLine(w.peek(fn).Value)
	for i, now := range w.namedBy("N") {
		if i < len(before) && before[i] == said && now != "" {
			if now != said {
				w.row(fn).Value = now
			}
			return
		}
	}
}
