package pim

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cradle/valuebag"
)

// Capability is what is known of how a peer stores the lines of one name.
type Capability struct {
	Name    string // of the property, or of a component such as VALARM; upper case
	Dropped bool   // it was never given back
	Count   int    // how many lines of the name it gives back at most; 0 all
	Max     int    // how many characters of the value at most; 0 all
	As      Rewriting
}

// Capabilities tells what a peer stores of each kind of item. The zero value knows
// nothing.
type Capabilities struct {
	kinds map[*Kind]map[string]*Capability
}

// maxCapabilities bounds what is kept of one kind.
const maxCapabilities = 200

// ErrCapabilities is wrapped by errors about the text of capabilities.
var ErrCapabilities = errors.New("capabilities that can't be read")

// Recompressed is how a photo comes back that the peer made smaller.
const Recompressed Rewriting = "picture"

// Known reports whether anything is known that a peer doesn't store of a kind as it is.
func (c *Capabilities) Known(k *Kind) bool { return len(c.kinds[k]) > 0 }

// Of gives what is known of a kind's lines, by name.
func (c *Capabilities) Of(k *Kind) []Capability {
	out := make([]Capability, 0, len(c.kinds[k]))
	for _, f := range c.kinds[k] {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b Capability) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (c *Capabilities) set(k *Kind, f Capability) {
	if c.kinds == nil {
		c.kinds = map[*Kind]map[string]*Capability{}
	}
	if c.kinds[k] == nil {
		c.kinds[k] = map[string]*Capability{}
	}
	if c.kinds[k][f.Name] != nil || len(c.kinds[k]) < maxCapabilities {
		c.kinds[k][f.Name] = &f
	}
}

// Add takes over what another knows and this one doesn't.
func (c *Capabilities) Add(o *Capabilities) {
	for k, facts := range o.kinds {
		for name, f := range facts {
			if c.kinds[k][name] == nil {
				c.set(k, *f)
			}
		}
	}
}

// Learn compares an item as it was written with what the peer gave back of it.
// Whatever came back whole beyond a known bound lifts the bound.
func (c *Capabilities) Learn(k *Kind, full, held *valuebag.Values) {
	type tally struct {
		sent, back, longest, cut int
		as                       Rewriting
	}
	names := map[string]*tally{}
	of := func(s *slot) *tally {
		name := capabilityName(s)
		if names[name] == nil {
			names[name] = &tally{}
		}
		return names[name]
	}
	for u, unit := range k.units[:len(k.units)-1] {
		f, w := readSlots(k.unitStrings(full, unit)), readSlots(k.unitStrings(held, unit))
		if uint8(u) == k.unitCategories() {
			of2 := none(len(w))
			pairUp(w, f, of2, make([]bool, len(f)), sameNorm, sameName)
			for i := range f {
				of(&f[i]).sent++
			}
			for i, j := range of2 {
				if j >= 0 {
					of(&w[i]).back++
				}
			}
			continue
		}
		for i := range f {
			of(&f[i]).sent++
		}
		for i, j := range behind(k.card(), w, f) {
			if j < 0 {
				continue
			}
			t := of(&f[j])
			t.back++
			sent, got := &f[j], &w[i]
			switch {
			case sent.norm == got.norm, sent.comp:
				t.longest = max(t.longest, characters(sent.value))
			case sent.value == got.value:
				t.as = cmp.Or(t.as, Parts) // some of its parameters
				t.longest = max(t.longest, characters(sent.value))
			case k.card() && mediaName(sent.name):
				t.as = Recompressed
			default:
				switch as := rewriting(k.card(), sent.name, sent.value, got.value); as {
				case Cut:
					t.cut = max(t.cut, characters(got.value))
				case "":
					t.as = Otherwise
				default:
					t.as = as
				}
			}
		}
	}
	for _, name := range sortedNames(names) {
		t := names[name]
		was := c.kinds[k][name]
		f := Capability{Name: name}
		if was != nil {
			f = *was
		}
		switch {
		case t.sent == 0:
			continue
		case t.back == 0 && was == nil:
			f.Dropped = true
		case t.back == 0:
		default:
			f.Dropped = false
			if t.back < t.sent {
				f.Count = max(f.Count, t.back)
			} else if f.Count > 0 && t.back > f.Count {
				f.Count = 0
			}
		}
		if t.cut > 0 {
			f.Max = max(f.Max, t.cut)
		}
		if f.Max > 0 && t.longest > f.Max {
			f.Max = t.longest
		}
		f.As = cmp.Or(t.as, f.As)
		if f != (Capability{Name: name}) {
			c.set(k, f)
		} else if was != nil {
			delete(c.kinds[k], name)
		}
	}
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// capabilityName is the name under which a slot's capability is kept.
func capabilityName(s *slot) string {
	name := strings.TrimPrefix(strings.TrimPrefix(s.name, "calendar "), "BEGIN:")
	if s.comp && strings.Contains(s.norm, "\nRECURRENCE-ID") {
		return "RECURRENCE-ID"
	}
	if !capabilityWord(name) {
		return "OTHER"
	}
	return name
}

func capabilityWord(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for i := 0; i < len(name); i++ {
		if c := name[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func characters(value string) int { return utf8.RuneCountInString(unescapeText(value)) }

// Text is the readable form of what is known of a kind: for each name one word of
// capabilities, separated by blanks: "GENDER=no NOTE=max:100 TEL=count:2,as:phone".
func (c *Capabilities) Text(k *Kind) string {
	var out []string
	for _, f := range c.Of(k) {
		var words []string
		if f.Dropped {
			words = append(words, "no")
		}
		if f.Count > 0 {
			words = append(words, "count:"+strconv.Itoa(f.Count))
		}
		if f.Max > 0 {
			words = append(words, "max:"+strconv.Itoa(f.Max))
		}
		if f.As != "" {
			words = append(words, "as:"+string(f.As))
		}
		out = append(out, f.Name+"="+strings.Join(words, ","))
	}
	return strings.Join(out, " ")
}

// ParseCapabilities reads what Text wrote of one kind. Errors wrap ErrCapabilities and
// name the word at fault; words that a later program may have are passed over.
func ParseCapabilities(k *Kind, text string) (Capabilities, error) {
	var c Capabilities
	for i, field := range strings.Fields(text) {
		name, words, ok := strings.Cut(field, "=")
		if !ok || !capabilityWord(name) || i >= maxCapabilities {
			return Capabilities{}, fmt.Errorf("%w: %q is no NAME=capability", ErrCapabilities, clip(field))
		}
		f := Capability{Name: name}
		for word := range strings.SplitSeq(words, ",") {
			key, v, _ := strings.Cut(word, ":")
			n, err := strconv.Atoi(v)
			switch key {
			case "no":
				f.Dropped = true
				continue
			case "as":
				f.As = Rewriting(v)
				continue
			case "count":
				f.Count = n
			case "max":
				f.Max = n
			default:
				continue
			}
			if err != nil || n < 1 {
				return Capabilities{}, fmt.Errorf("%w: %q is no number from 1 in %q", ErrCapabilities, clip(v), clip(field))
			}
		}
		c.set(k, f)
	}
	return c, nil
}

// hasParts reports whether there is more to a line than one value, of which a peer may store
// a part: labels, parameters, or several parts of the value. All of a component may be.
func (s *slot) hasParts(card bool) bool {
	if s.comp || len(s.params)+len(s.more) > 0 || strings.HasPrefix(s.norm, "item.") {
		return true
	}
	n := 0
	switch lookup(card, s.name).value {
	case kindStructured:
		for _, part := range splitEscaped(s.value, ';') {
			if part != "" {
				n++
			}
		}
	case kindList:
		n = len(splitEscaped(s.value, ','))
	}
	return n > 1
}

// Loss is something of an item that a peer is known not to store.
type Loss struct {
	Name string // of the line
	Why  string // "not stored", "only 2 of them", "only 100 characters", "smaller"
}

// Losses tells what of an item a peer is known not to give back as it is, by name, each
// once. A value that says the same in other characters is no loss.
func (c *Capabilities) Losses(k *Kind, item *valuebag.Values) []Loss {
	if !c.Known(k) {
		return nil
	}
	count, longest, partly := map[string]int{}, map[string]int{}, map[string]bool{}
	for _, unit := range k.units[:len(k.units)-1] {
		for _, s := range readSlots(k.unitStrings(item, unit)) {
			name := capabilityName(&s)
			count[name]++
			if !s.comp {
				longest[name] = max(longest[name], characters(s.value))
			}
			partly[name] = partly[name] || s.hasParts(k.card())
		}
	}
	var out []Loss
	for _, name := range sortedNames(count) {
		f := c.kinds[k][name]
		switch {
		case f == nil:
		case f.Dropped:
			out = append(out, Loss{name, "not stored"})
		case f.Count > 0 && count[name] > f.Count:
			out = append(out, Loss{name, fmt.Sprintf("only %d of them", f.Count)})
		case f.Max > 0 && longest[name] > f.Max:
			out = append(out, Loss{name, fmt.Sprintf("only %d characters", f.Max)})
		case f.As == Recompressed:
			out = append(out, Loss{name, "smaller"})
		case f.As == Parts && partly[name], f.As == Otherwise:
			out = append(out, Loss{name, "in part"})
		}
	}
	return out
}
