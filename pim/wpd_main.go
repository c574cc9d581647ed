package pim

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"cradle/valuebag"
)

// unpreferred is the rank of a line that says nothing of a preference.
const unpreferred = math.MaxInt

// rank is how much a line of several is preferred: the smaller the more. PREF of vCard 4.0
// counts from 1 to 100 (RFC 6350 §5.3); the TYPE pref of the others is its 1.
func rank(params []Param) int {
	n := unpreferred
	for _, q := range params {
		for _, v := range q.Values {
			switch q.Name {
			case "PREF":
				if at, err := strconv.Atoi(strings.TrimSpace(v)); err == nil && at >= 1 && at <= 100 {
					n = min(n, at)
				}
			case "TYPE":
				for _, t := range strings.Split(v, ",") {
					if strings.EqualFold(strings.TrimSpace(t), "pref") {
						n = 1
					}
				}
			}
		}
	}
	return n
}

// primary brings a changed copy back. A value that stands in another slot, too, is the new
// main one, so that the preference goes to its line; one that the old line's own slot says
// came with that. Any other is an edit of the line that the copy was made from. A copy that
// was emptied takes the preference away, and the line where no other slot holds it.
func (w *wpdBack) primary(k valuebag.PropertyKey, siblings []valuebag.PropertyKey, name, params string) {
	was, now, ok := w.changed(k)
	if !ok {
		return
	}
	mine := -1
	own := w.behind(k, name, was)
	if own != nil {
		mine = own.at
	}
	if now == "" {
		w.noPrimary(mine, siblings)
		return
	}
	line, made, found := w.lineOf(siblings, name, now)
	switch {
	case found && made == nil && line == mine:
	case found:
		w.prefer(name, line, made)
	case mine < 0:
		w.add(name, params, now)
	case mine >= 0 && !w.gone[mine] && w.rows[mine] == nil:
		w.set(own, was, now)
	}
}

// lineOf finds the line that a value stands in by another slot: one of the text, or one that
// the same change adds. Not found: no slot says it, or only of a line that isn't there.
func (w *wpdBack) lineOf(siblings []valuebag.PropertyKey, name, value string) (line int, made *Property, found bool) {
	for _, s := range siblings {
		slot := w.bag.slots[s]
		if list, err := w.now.GetStrings(s); err == nil {
			if !slices.Contains(list, value) {
				continue
			}
			for _, l := range slot.lines {
				said := l.text() == value || wpdNumber(l) == value
				if row := w.rows[l.at]; row != nil {
					said = row.Value == value || strings.TrimPrefix(row.Value, "tel:") == value
				}
				if said && !w.gone[l.at] {
					return l.at, nil, true
				}
			}
		} else if wpdText(w.now, s) != oneLine(value) {
			continue
		} else if len(slot.lines) > 0 && !w.gone[slot.lines[0].at] {
			return slot.lines[0].at, nil, true
		}
		for i := range w.added {
			if a := &w.added[i]; a.Name == name && a.Value == value {
				return -1, a, true
			}
		}
	}
	return -1, nil, false
}

// noPrimary is what an emptied copy does to the line that it was made from.
func (w *wpdBack) noPrimary(mine int, siblings []valuebag.PropertyKey) {
	if mine < 0 || w.gone[mine] {
		return
	}
	for _, s := range siblings {
		for _, l := range w.bag.slots[s].lines {
			if l.at == mine && w.was.Has(s) {
				w.unprefer(mine)
				return
			}
		}
	}
	w.drop(mine)
}

// prefer makes a line the first of its name: line is one of the text, or made one that is
// added. Lines that stand behind it anyway keep their preference.
func (w *wpdBack) prefer(name string, line int, made *Property) {
	var others []int
	best, before := unpreferred, false // of the others, and whether it stands before the line
	for _, l := range w.wpdLines(name) {
		if l.at == line || w.gone[l.at] || name == "TEL" && (l.is("fax") || l.is("pager")) {
			continue
		}
		others = append(others, l.at)
		r := rank(rowParams(w.peek(l.at)))
		if r < best {
			best, before = r, false
		}
		before = before || r == best && (made != nil || l.at < line)
	}
	row := made
	if row == nil {
		row = w.peek(line)
	}
	mine := rank(rowParams(row))
	if len(others) == 0 || mine < best || mine == best && !before {
		return
	}
	for _, o := range others {
		if rank(rowParams(w.peek(o))) > 1 {
			continue
		}
		if w.d != VCard40 || mine == 1 || mine == unpreferred {
			w.unprefer(o)
		} else { // they change places
			dropRowType(w.row(o), "pref")
			setRowParam(w.row(o), "PREF", strconv.Itoa(mine))
		}
	}
	if made == nil {
		row = w.row(line)
	}
	dropRowType(row, "pref")
	setRowParam(row, "PREF", "1") // written as the dialect says it
}

// unprefer takes the preference out of a line.
func (w *wpdBack) unprefer(line int) {
	if rank(rowParams(w.peek(line))) == unpreferred {
		return
	}
	setRowParam(w.row(line), "PREF", "")
	dropRowType(w.row(line), "pref")
}
