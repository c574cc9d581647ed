package enginetest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"cradle/engine"
	"cradle/valuebag"
)

var toyCategory = valuebag.GUID{0xc7, 0x0d, 0x1e, 0x11}

// Keys of a toy item's bag.
var (
	KeyUID        = valuebag.PropertyKey{FmtID: toyCategory, PID: 2}
	KeyName       = valuebag.PropertyKey{FmtID: toyCategory, PID: 3}
	KeyNote       = valuebag.PropertyKey{FmtID: toyCategory, PID: 4}
	KeyTags       = valuebag.PropertyKey{FmtID: toyCategory, PID: 5}
	KeyCollection = valuebag.PropertyKey{FmtID: toyCategory, PID: 6}
)

// Toy is a schema of two plain units, a list unit and the collection.
type Toy struct{ Scope string }

var toyKeys = map[string]valuebag.PropertyKey{"name": KeyName, "note": KeyNote, "tags": KeyTags, "collection": KeyCollection}

// Item makes a toy item; empty strings are empty units.
func Item(uid, name, note string, tags ...string) *valuebag.Values {
	v := &valuebag.Values{}
	v.SetString(KeyUID, uid)
	v.SetString(KeyCollection, "personal")
	if name != "" {
		v.SetString(KeyName, name)
	}
	if note != "" {
		v.SetString(KeyNote, note)
	}
	return WithTags(v, tags...)
}

// With returns the item with one string unit changed; "" empties it.
func With(v *valuebag.Values, k valuebag.PropertyKey, s string) *valuebag.Values {
	c := v.Clone()
	if s == "" {
		c.Remove(k)
	} else {
		c.SetString(k, s)
	}
	return c
}

// WithTags returns the item with other tags.
func WithTags(v *valuebag.Values, tags ...string) *valuebag.Values {
	c := v.Clone()
	c.Remove(KeyTags)
	if len(tags) > 0 {
		t := slices.Clone(tags)
		slices.Sort(t)
		c.Set(KeyTags, valuebag.Strings(t))
	}
	return c
}

// Str reads a string unit; "" when it is empty.
func Str(v *valuebag.Values, k valuebag.PropertyKey) string {
	s, err := v.GetString(k)
	if err != nil {
		return ""
	}
	return s
}

// Tags reads the list unit.
func Tags(v *valuebag.Values) []string {
	t, err := v.GetStrings(KeyTags)
	if err != nil {
		return nil
	}
	return t
}

func (t Toy) Name() string                    { return t.Scope }
func (Toy) Units() []string                   { return []string{"name", "note", "tags", "collection"} }
func (Toy) IsList(unit string) bool           { return unit == "tags" }
func (Toy) UID(v *valuebag.Values) string     { return Str(v, KeyUID) }
func (Toy) Summary(v *valuebag.Values) string { return Str(v, KeyName) }

func (Toy) Digest(v *valuebag.Values, unit string) [16]byte {
	if unit == "tags" {
		if t := Tags(v); len(t) > 0 {
			return short(strings.Join(t, "\n"))
		}
		return [16]byte{}
	}
	if s := Str(v, toyKeys[unit]); s != "" {
		return short(unit + "=" + s)
	}
	return [16]byte{}
}

func short(s string) [16]byte {
	h := sha256.Sum256([]byte(s))
	return [16]byte(h[:16])
}

func elementOf(tag string) [8]byte {
	h := sha256.Sum256([]byte("tag " + tag))
	return [8]byte(h[:8])
}

func (Toy) Elements(v *valuebag.Values, unit string) [][8]byte {
	var out [][8]byte
	for _, t := range Tags(v) {
		out = append(out, elementOf(t))
	}
	slices.SortFunc(out, func(a, b [8]byte) int { return bytes.Compare(a[:], b[:]) })
	return out
}

func (Toy) Replace(dst, src *valuebag.Values, units []string) (*valuebag.Values, error) {
	c := dst.Clone()
	for _, u := range units {
		k := toyKeys[u]
		if val, err := src.Get(k); err == nil {
			c.Set(k, val)
		} else {
			c.Remove(k)
		}
	}
	return c, nil
}

func (Toy) MergeList(dst, src *valuebag.Values, unit string, keep [][8]byte) (*valuebag.Values, error) {
	var tags []string
	for _, t := range append(slices.Clone(Tags(dst)), Tags(src)...) {
		if slices.Contains(keep, elementOf(t)) && !slices.Contains(tags, t) {
			tags = append(tags, t)
		}
	}
	return WithTags(dst, tags...), nil
}

func (Toy) Copy(v *valuebag.Values, suffix, uid string) (*valuebag.Values, error) {
	c := With(v, KeyName, Str(v, KeyName)+suffix)
	c.SetString(KeyUID, uid)
	return c, nil
}

// Rename makes Toy an engine.Renamer.
func (Toy) Rename(v *valuebag.Values, suffix string) (*valuebag.Values, error) {
	return With(v, KeyName, Str(v, KeyName)+suffix), nil
}

func (t Toy) UnitText(v *valuebag.Values, unit string) []string {
	if unit == "tags" {
		return Tags(v)
	}
	if s := Str(v, toyKeys[unit]); s != "" {
		return []string{s}
	}
	return nil
}

func (t Toy) ContentDigest(v *valuebag.Values) [16]byte {
	return short(Str(v, KeyName) + "\x00" + Str(v, KeyNote) + "\x00" + strings.Join(Tags(v), "\n"))
}

// Rules of toy items: RuleLeaveOut keeps out the collections that it names,
// RuleWindow lets an item pass whose name ends in a digit that isn't the hour's.
const (
	RuleLeaveOut = "leave-out"
	RuleWindow   = "window"
)

// CheckRule knows the two rules.
func (Toy) CheckRule(name string, _ []string) error {
	if name != RuleLeaveOut && name != RuleWindow {
		return fmt.Errorf("no rule %q", name)
	}
	return nil
}

// Passes evaluates a rule.
func (Toy) Passes(v *valuebag.Values, rule string, params []string, now time.Time) bool {
	if rule == RuleLeaveOut {
		return !slices.Contains(params, Str(v, KeyCollection))
	}
	name := strings.TrimSuffix(Str(v, KeyName), " (phone)")
	return name == "" || (int(name[len(name)-1])-now.UTC().Hour())%3 != 0
}

// Optional: an item can do without all but its name.
func (Toy) Optional() []string { return []string{"note", "tags"} }

// Strip empties units.
func (t Toy) Strip(v *valuebag.Values, units []string) (*valuebag.Values, error) {
	return t.Replace(v, &valuebag.Values{}, units)
}

var _ engine.Filterable = Toy{}
