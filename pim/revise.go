package pim

import (
	"slices"

	"cradle/valuebag"
)

// bookkeeping are the lines in no unit that say which edition of an item a text is.
var bookkeeping = []string{"REV", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE"}

// Revise gives have as given has it: the units in which given says something else are made
// equal to given's, and what both say stays as have writes it, which may be in a form that
// says more (several values in one part of a name that given, a vCard 2.1, has as one). The
// edition (REV, SEQUENCE and their like) is given's, if it says one. Of equal content have
// itself is given back; what can't be brought into have's text is given's text. The
// collection is have's.
func (k *Kind) Revise(have, given *valuebag.Values) *valuebag.Values {
	var units []string
	for _, u := range k.units[:len(k.units)-1] {
		if !slices.Equal(k.unitStrings(have, u), k.unitStrings(given, u)) {
			units = append(units, u)
		}
	}
	if len(units) == 0 {
		return have
	}
	if out, err := k.Replace(have, given, units); err == nil && k.Equal(out, k.SetCollection(given, k.Collection(have))) {
		text, changed := edition(k.Text(out), k.Text(given))
		if !changed {
			return out
		}
		if out, err = k.New(text, k.Collection(have)); err == nil {
			return out
		}
	}
	return k.SetCollection(given, k.Collection(have))
}

// edition gives a text the bookkeeping lines of another.
func edition(text, from []byte) (out []byte, changed bool) {
	find := func(rows []Property, name string) *Property {
		for i := range rows {
			if p := &rows[i]; p.Component == "" && p.Group == "" && p.Name == name {
				return p
			}
		}
		return nil
	}
	have, given := Properties(text), Properties(from)
	var edits []PropertyEdit
	for _, name := range bookkeeping {
		was, now := find(have, name), find(given, name)
		switch {
		case now == nil || was != nil && was.Value == now.Value && was.Params == now.Params:
		case was == nil:
			row := *now
			row.Pos = 0
			edits = append(edits, PropertyEdit{Op: EditInsert, New: row})
		default:
			row := *was
			row.Params, row.Value = now.Params, now.Value
			edits = append(edits, PropertyEdit{Op: EditUpdate, Old: *was, New: row})
		}
	}
	if len(edits) == 0 {
		return text, false
	}
	out, errs := EditProperties(text, edits)
	return out, slices.Contains(errs, nil)
}

// Less reports whether given lacks something that have says: it has nothing in a unit, or
// fewer lines or elements.
func (k *Kind) Less(have, given *valuebag.Values) bool {
	for _, u := range k.units[:len(k.units)-1] {
		if len(k.unitStrings(given, u)) < len(k.unitStrings(have, u)) {
			return true
		}
	}
	return false
}
