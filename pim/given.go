package pim

import (
	"errors"
	"fmt"

	"cradle/valuebag"
)

// ErrNotWhole: a text that a person gave isn't one whole object.
var ErrNotWhole = errors.New("not one whole object")

// Given makes the item of a text that a person gives it in the place of was (nil: of none),
// in the same collection. A text that is cut off, or has something before or behind the
// object, is refused, unless that stood there before. Without a UID it keeps the one of was,
// and a card without a VERSION its version. Errors: ErrNotWhole and those of New.
func (k *Kind) Given(was *valuebag.Values, text []byte, collection string) (*valuebag.Values, error) {
	item, err := k.New(text, collection)
	if err != nil {
		return nil, err
	}
	t := Parse(k.Text(item))
	if err := t.closedAll(); err != nil {
		return nil, err
	}
	if err := k.alone(t); err != nil && (was == nil || k.alone(Parse(k.Text(was))) == nil) {
		return nil, err
	}
	if was == nil {
		return item, nil
	}
	edited := k.Text(item)
	if uid := k.UID(was); uid != "" && k.UID(item) == "" {
		if edited, err = k.withUID(edited, uid); err != nil {
			return nil, err
		}
	}
	if k.card() {
		if edited, err = k.sameVersion(was, edited); err != nil {
			return nil, err
		}
	}
	return k.New(edited, collection)
}

// withUID gives a text without a UID this one; an empty line of that name becomes it.
func (k *Kind) withUID(text []byte, uid string) ([]byte, error) {
	edit := PropertyEdit{Op: EditInsert, New: Property{Name: "UID", Value: uid}}
	for _, p := range Properties(text) {
		if p.Component == "" && p.Name == "UID" {
			edit = PropertyEdit{Op: EditUpdate, Old: p, New: p}
			edit.New.Value = uid
			break
		}
	}
	out, errs := EditProperties(text, []PropertyEdit{edit})
	if errs[0] == nil {
		if item, err := k.New(out, ""); err == nil && k.UID(item) == uid {
			return out, nil
		}
	}
	return nil, fmt.Errorf("the text has no UID, and %q can't be put in: write UID:%s into it: %w", clip(uid), clip(uid), ErrNotWhole)
}

// sameVersion gives a card without a VERSION that of another, unless its lines are of
// vCard 2.1.
func (k *Kind) sameVersion(was *valuebag.Values, text []byte) ([]byte, error) {
	p, err := k.parseItem(string(text))
	if err != nil || p.line(p.main, "VERSION") != nil {
		return text, err
	}
	w, err := k.parseItem(string(k.Text(was)))
	if err != nil || w.line(w.main, "VERSION") == nil {
		return text, err
	}
	d := p.d
	if d != VCard21 {
		d = w.d
	}
	return []byte(withVersion(p, d, lineEnd(p.t.Source))), nil
}

// closedAll reports a component without its END.
func (t *Text) closedAll() error {
	for i := 1; i < len(t.Components); i++ {
		if c := &t.Components[i]; !c.Closed {
			return fmt.Errorf("the %s that begins at line %d has no END: %w", clip(c.Name), c.Number, ErrNotWhole)
		}
	}
	return nil
}

// alone reports what a text holds beside the object of this kind.
func (k *Kind) alone(t *Text) error {
	for i := 1; i < len(t.Components); i++ {
		c := &t.Components[i]
		if c.Parent != 0 && !(t.Components[c.Parent].Name == "VCALENDAR" && t.Components[c.Parent].Parent == 0) {
			continue
		}
		if of := kindOfComponent(c.Name); of != nil && of != k || k.card() && of == nil {
			return fmt.Errorf("a %s at line %d: %w", clip(c.Name), c.Number, ErrSeveral)
		}
	}
	for i := range t.Lines {
		if l := &t.Lines[i]; l.Component == 0 {
			return fmt.Errorf("line %d is outside of the object: %w", l.Number, ErrNotWhole)
		}
	}
	return nil
}
