package hostprovider

import "cradle/pim"

// String is a row as a content line.
func (l line) String() string {
	b := make([]byte, 0, len(l.name)+len(l.params)+len(l.value)+8)
	if l.group != "" {
		b = append(append(b, l.group...), '.')
	}
	b = append(b, l.name...)
	if l.params != "" {
		b = append(append(b, ';'), l.params...)
	}
	return string(append(append(b, ':'), l.value...))
}

func (l line) property(pos int) pim.Property {
	return pim.Property{Pos: pos, Component: l.component, Group: l.group, Name: l.name, Params: l.params, Value: l.value}
}

// applyRows writes row edits into a text, one after the other, replacing just
// those lines. An edit that doesn't apply is in failed, unless it removes what
// isn't there any more.
func applyRows(text []byte, edits []edit) (done []byte, failed []edit) {
	var rows []pim.PropertyEdit
	var of []edit
	for _, e := range edits {
		r := pim.PropertyEdit{}
		switch e.op {
		case "insert":
			r.Op, r.New = pim.EditInsert, e.new.property(e.pos)
			if e.given == "" { // at the end of its component; both number it alike
				r.New.Pos = 0
			}
		case "update":
			r.Op, r.Old, r.New = pim.EditUpdate, e.old.property(e.pos), e.new.property(e.pos)
		case "removal":
			r.Op, r.Old = pim.EditDelete, e.old.property(e.pos)
		default:
			continue
		}
		rows, of = append(rows, r), append(of, e)
	}
	if len(rows) == 0 {
		return text, nil
	}
	done, errs := pim.EditProperties(text, rows)
	for i, err := range errs {
		if err != nil && of[i].op != "removal" {
			failed = append(failed, of[i])
		}
	}
	return done, failed
}

// rowEdits are the row edits among edits.
func rowEdits(edits []edit) []edit {
	var rows []edit
	for _, e := range edits {
		if e.isRow() && e.op != "removal" {
			rows = append(rows, e)
		}
	}
	return rows
}
