package pim

import (
	"strings"

	"cradle/valuebag"
)

// part changes a part of a structured line.
func (w *wpdBack) part(l *wpdLine, part int, was, now string) {
	row := w.row(l.at)
	parts := splitEscaped(row.Value, ';')
	for len(parts) <= part {
		parts = append(parts, "")
	}
	value := spliced(w.unescape(parts[part]), was, now)
	if len(splitEscaped(parts[part], ',')) > 1 && !(w.d.old() && w.d.card()) { // a list stays one
		list := strings.Split(value, ",")
		for i := range list {
			list[i] = w.escape(list[i])
		}
		parts[part] = strings.Join(list, ",")
	} else {
		parts[part] = w.escape(value)
	}
	row.Value = strings.Join(parts, ";")
}

// structure brings the parts of a name or an address back. An address of which the whole
// alone changed goes into its street.
func (w *wpdBack) structure(i int) {
	s := &structures[i]
	var line *wpdLine
	for _, k := range append(partKeys(i), s.full) {
		if slot, ok := w.bag.slots[k]; ok && line == nil {
			line = slot.lines[0]
		}
	}
	changed, emptied := false, true
	value := make([]string, 7)
	if s.name == "N" {
		value = make([]string, 5)
	}
	for _, part := range []int{0, 1, 2, 3, 4, 5, 6} {
		k, ok := s.parts[part]
		if !ok {
			continue
		}
		was, now, differs := w.changed(k)
		value[part] = w.escape(now)
		emptied = emptied && now == ""
		if !differs {
			continue
		}
		changed = true
		if line != nil {
			w.part(line, part, was, now)
		}
	}
	_, full, whole := w.changed(s.full)
	switch {
	case changed && emptied && line != nil && (s.name == "N" || wpdText(w.now, s.full) == ""):
		w.drop(line.at)
	case changed && line == nil && !emptied:
		w.added = append(w.added, Property{Name: s.name, Params: s.params, Value: strings.Join(value, ";")})
	case changed || !whole || s.name == "N":
	case full == "" && line != nil:
		w.drop(line.at)
	case line != nil:
		w.row(line.at).Value = ";;" + w.escape(full) + ";;;;"
	case full != "":
		w.added = append(w.added, Property{Name: s.name, Params: s.params, Value: ";;" + w.escape(full) + ";;;;"})
	}
}

func partKeys(i int) (keys []valuebag.PropertyKey) {
	for part := range 7 {
		if k, ok := structures[i].parts[part]; ok {
			keys = append(keys, k)
		}
	}
	return keys
}
