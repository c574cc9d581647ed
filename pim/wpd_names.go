package pim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cradle/valuebag"
)

// Errors of edits by the name of a key.
var (
	ErrNoKey   = errors.New("no key of a view has that name")
	ErrNotKept = errors.New("an item can't say that")
	// ErrBackwards: the item would end before it begins.
	ErrBackwards = errors.New("the end would be before the start: give both, or another one")
)

// WPDName is the name of a key of a view: that of the headers of Windows
// (WPD_CONTACT_MOBILE_PHONE), of the device services (CalendarObj.TimeZone), else the key.
func WPDName(k valuebag.PropertyKey) string {
	for i := range ServiceKeys {
		if ServiceKeys[i].Key == k {
			return ServiceKeys[i].Name
		}
	}
	return k.Name()
}

// wpdKey finds a key by the name that WPDName gives it, in any case, and its type.
func wpdKey(name string) (valuebag.PropertyKey, valuebag.Type, error) {
	for i := range ServiceKeys {
		if k := &ServiceKeys[i]; strings.EqualFold(k.Name, name) {
			return k.Key, k.Type, nil
		}
	}
	if i, ok := valuebag.LookupName(strings.ToUpper(name)); ok && i.Use == valuebag.UseProperty {
		return i.Key, i.Type, nil
	}
	if k, err := valuebag.ParseKey(name); err == nil && strings.HasPrefix(name, "{") {
		return k, valuebag.TypeString, nil
	}
	return valuebag.PropertyKey{}, 0, fmt.Errorf("%q: %w", clip(name), ErrNoKey)
}

// WPDEdit gives a key of a view a value. Text is as the view shows it, without quotes: a time
// as 2026-06-01T08:00:00, the values of a list parted by ";". An empty one takes the key out.
type WPDEdit struct{ Name, Text string }

// EditWPD makes edits of an item's view, as a device's user would, and brings them back into
// the item ([Kind.FromWPD]). Errors: ErrNoKey; ErrNotKept where a key is shown only, or says
// something that the item has no line for; ErrBackwards; a text that is no value of the key's type; those of
// FromWPD.
func (k *Kind) EditWPD(item *valuebag.Values, edits []WPDEdit, at time.Time, zone *time.Location) (*valuebag.Values, error) {
	was := k.WPD(item, zone)
	now, keys, err := editedView(was, edits)
	if err != nil {
		return nil, err
	}
	out, err := k.FromWPD(item, was, now, at, zone)
	if err != nil {
		return nil, err
	}
	return out, kept(was, now, k.WPD(out, zone), keys, edits)
}

// EditWPDOccurrence is EditWPD of one occurrence of a series, by the instant at which it would
// begin if nothing had been changed ([Kind.FromWPDOccurrence]); without edits it is taken out
// of the series. Errors: ErrNoOccurrence, and those of EditWPD.
func (k *Kind) EditWPDOccurrence(item *valuebag.Values, original time.Time, edits []WPDEdit, at time.Time, zone *time.Location) (*valuebag.Values, error) {
	was, err := k.wpdOccurrenceAt(item, original, zone)
	if err != nil {
		return nil, err
	}
	if len(edits) == 0 {
		return k.FromWPDOccurrence(item, was, nil, at, zone)
	}
	now, keys, err := editedView(was, edits)
	if err != nil {
		return nil, err
	}
	out, err := k.FromWPDOccurrence(item, was, now, at, zone)
	if err != nil {
		return nil, err
	}
	is, err := k.wpdOccurrenceAt(out, original, zone)
	if err != nil {
		return nil, err
	}
	return out, kept(was, now, is, keys, edits)
}

// wpdOccurrenceAt is the view of one occurrence of any series.
func (k *Kind) wpdOccurrenceAt(item *valuebag.Values, original time.Time, zone *time.Location) (*valuebag.Values, error) {
	p, err := k.parseFor(item, zone)
	if err != nil {
		return nil, err
	}
	named := valuebag.New(1)
	named.SetString(MessageObjPatternOriginalDateTime, serviceTime(original))
	o, t, err := p.occurrenceOf(named)
	if err != nil {
		return nil, err
	}
	return p.wpdOccurrence(t, o), nil
}

// editedView is a view after edits, with the keys that they are of.
func editedView(was *valuebag.Values, edits []WPDEdit) (*valuebag.Values, []valuebag.PropertyKey, error) {
	now := was.Clone()
	keys := make([]valuebag.PropertyKey, len(edits))
	for i, e := range edits {
		key, as, err := wpdKey(e.Name)
		if err != nil {
			return nil, nil, err
		}
		keys[i] = key
		if v, err := was.Get(key); err == nil {
			as = v.Kind().Type()
		}
		var v valuebag.Value
		switch {
		case e.Text == "":
			now.Remove(key)
			continue
		case as == valuebag.TypeUnknown:
			v = valuebag.Strings(splitList(e.Text))
		default:
			if v, err = valuebag.String(e.Text).Convert(as); err != nil {
				return nil, nil, &badValue{e.Name, e.Text, as, err}
			}
		}
		now.Set(key, v)
	}
	return now, keys, nil
}

// badValue is a text that is no value of a key's type, in a person's words.
type badValue struct {
	name, text string
	as         valuebag.Type
	err        error
}

func (b *badValue) Unwrap() error { return b.err }

func (b *badValue) Error() string {
	return fmt.Sprintf("%s: %q: want %s", b.name, clip(b.text), wanted(b.as))
}

// wanted says how a value of a type is written.
func wanted(as valuebag.Type) string {
	switch as {
	case valuebag.TypeDate:
		return "a date (2026-06-11) or a time in UTC (2026-06-11T10:00:00)"
	case valuebag.TypeBool:
		return "true or false"
	case valuebag.TypeUint8:
		return "a whole number from 0 to 255"
	case valuebag.TypeUint16:
		return "a whole number from 0 to 65535"
	case valuebag.TypeUint32:
		return "a whole number from 0 to 4294967295"
	case valuebag.TypeUint64:
		return "a whole number from 0"
	case valuebag.TypeInt8, valuebag.TypeInt16, valuebag.TypeInt32, valuebag.TypeInt64:
		return "a whole number"
	case valuebag.TypeFloat32, valuebag.TypeFloat64:
		return "a number"
	}
	return "a value of the type " + as.String()
}

// kept looks that each edit changed what the view says then.
func kept(was, now, is *valuebag.Values, keys []valuebag.PropertyKey, edits []WPDEdit) error {
	for i, key := range keys {
		if !sameUnder(now, was, key) && sameUnder(is, was, key) {
			return fmt.Errorf("%s: %w", edits[i].Name, ErrNotKept)
		}
	}
	if backwards(is) && !backwards(was) {
		return ErrBackwards
	}
	return nil
}

// backwards reports a view that ends before it begins.
func backwards(vs *valuebag.Values) bool {
	start, err := vs.GetDate(valuebag.WPDCommonInformationStartDatetime)
	end, err2 := vs.GetDate(valuebag.WPDCommonInformationEndDatetime)
	return err == nil && err2 == nil && end.Before(start)
}

func splitList(s string) []string {
	parts := strings.Split(s, ";")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return slices.DeleteFunc(parts, func(s string) bool { return s == "" })
}

// sameUnder compares what two views say under a key.
func sameUnder(a, b *valuebag.Values, key valuebag.PropertyKey) bool {
	x, err1 := a.Get(key)
	y, err2 := b.Get(key)
	return (err1 == nil) == (err2 == nil) && (err1 != nil || x.Equal(y))
}
