package pim

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"cradle/pim/recur"
	"cradle/valuebag"
)

// Errors of New, for callers that choose by them.
var (
	// ErrNoObject: the text holds no object of the kind.
	ErrNoObject = errors.New("no object of this kind in the text")
	// ErrSeveral: the text holds more than one object of the kind.
	ErrSeveral = errors.New("more than one object in the text")
	// ErrLimit: the object is beyond MaxLine or MaxDepth.
	ErrLimit = errors.New("object beyond the limits")
)

// role is what a component is in an item.
type role uint8

const (
	roleOther role = iota
	roleMain
	roleWrapper
	roleOverride
	roleZone
)

// parsed is an object's text taken apart.
type parsed struct {
	t         *Text
	kind      *Kind
	d         Dialect
	main      int   // the card, note or master component; 0 when a series has overrides alone
	wrappers  []int // VCALENDARs
	roles     []role
	agents    map[int]int // AGENT line → the component it opens, made when asked for
	overrides []int
	zones     []int // VTIMEZONEs
	uid       string
	clusters  []cluster
	phone     *recur.Zone // whose clock a view has for dates and times without a zone; nil: UTC
	space     *workspace  // to be used again by the next item; nil for one that is kept
}

// workspace is the memory that taking an item apart needs for a while.
type workspace struct {
	clusters []cluster
	pieces   []piece
	norms    []byte
	roles    []role
	parsed   parsed
}

// bag makes the bag of a text that the parser has read, in the parser's memory.
func (ps *parser) bag(k *Kind, t *Text, text []byte, collection string) (*valuebag.Values, error) {
	ps.space.parsed = parsed{t: t, kind: k, space: &ps.space}
	p := &ps.space.parsed
	if err := p.takeApart(); err != nil {
		return nil, err
	}
	return p.bag(text, collection), nil
}

// parseItem takes the text of one object apart.
func (k *Kind) parseItem(src string) (*parsed, error) { return k.itemOf(parse(src)) }

func (k *Kind) itemOf(t *Text) (*parsed, error) {
	p := &parsed{t: t, kind: k}
	if err := p.takeApart(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *parsed) takeApart() error {
	if err := p.locate(); err != nil {
		return err
	}
	if p.space != nil {
		p.space.roles = room(p.space.roles, len(p.t.Components))[:len(p.t.Components)]
		clear(p.space.roles)
		p.roles = p.space.roles
	} else {
		p.roles = make([]role, len(p.t.Components))
	}
	for _, c := range p.wrappers {
		p.roles[c] = roleWrapper
	}
	for _, c := range p.overrides {
		p.roles[c] = roleOverride
	}
	for _, c := range p.zones {
		p.roles[c] = roleZone
	}
	p.roles[p.main] = roleMain
	p.roles[0] = roleOther
	for i := range p.t.Components {
		if c := &p.t.Components[i]; c.tooLong && i > 0 {
			return fmt.Errorf("%s at line %d: %w", c.Name, c.Number, ErrLimit)
		}
	}
	p.cluster()
	return nil
}

// locate finds the main component, its overrides, wrappers and zones.
func (p *parsed) locate() error {
	t := p.t
	if p.kind.card() {
		for i := 1; i < len(t.Components); i++ {
			if c := &t.Components[i]; c.Parent == 0 && c.Name == "VCARD" {
				if p.main != 0 {
					return fmt.Errorf("vCard at line %d: %w", c.Number, ErrSeveral)
				}
				p.main = i
			}
		}
		if p.main == 0 {
			return fmt.Errorf("%s: %w", p.kind.name, ErrNoObject)
		}
		p.d = cardDialect(t, p.main)
		p.uid = strings.TrimSpace(p.lineValue(p.main, "UID"))
		return nil
	}
	first, masters := true, 0
	for i := 1; i < len(t.Components); i++ {
		c := &t.Components[i]
		if c.Parent != 0 && !(t.Components[c.Parent].Name == "VCALENDAR" && t.Components[c.Parent].Parent == 0) {
			continue
		}
		switch {
		case c.Name == "VCALENDAR" && c.Parent == 0:
			p.wrappers = append(p.wrappers, i)
		case c.Name == "VTIMEZONE":
			p.zones = append(p.zones, i)
		case p.kind.holds(c.Name):
			uid := strings.TrimSpace(p.lineValue(i, "UID"))
			if !first && uid != p.uid {
				return fmt.Errorf("%s at line %d with UID %q beside %q: %w", c.Name, c.Number, clip(uid), clip(p.uid), ErrSeveral)
			}
			if p.line(i, "RECURRENCE-ID") == nil {
				masters++
				if masters > 1 && uid == "" {
					return fmt.Errorf("%s at line %d: %w", c.Name, c.Number, ErrSeveral)
				}
			}
			p.uid, first = uid, false
			if p.main == 0 && p.line(i, "RECURRENCE-ID") == nil {
				p.main = i
			} else {
				p.overrides = append(p.overrides, i)
			}
		}
	}
	if first {
		return fmt.Errorf("%s: %w", p.kind.name, ErrNoObject)
	}
	p.d = calendarDialect(t, p.wrappers)
	if p.main != 0 && t.Components[p.main].Name == "VNOTE" {
		p.d = VNote11
	}
	return nil
}

// linesFrom is the index of the first line at or after offset.
func (t *Text) linesFrom(offset int) int {
	return sort.Search(len(t.Lines), func(i int) bool { return t.Lines[i].Start >= offset })
}

// line finds the first line of that name directly in component c.
func (p *parsed) line(c int, name string) *Line {
	t := p.t
	end := t.Components[c].End
	for i := t.linesFrom(t.Components[c].BodyStart); i < len(t.Lines) && t.Lines[i].Start < end; i++ {
		if t.Lines[i].Component == c && t.Lines[i].Name == name {
			return &t.Lines[i]
		}
	}
	return nil
}

// lineValue is the decoded value of that line as plain text, "" without one.
func (p *parsed) lineValue(c int, name string) string {
	l := p.line(c, name)
	if l == nil {
		return ""
	}
	d := p.d
	if d == 0 {
		d = ICalendar2
	}
	m := modernise(l, d)
	if lookup(d.card(), name).value == kindRaw {
		return m.value
	}
	return unescapeText(m.value)
}

// New makes the bag of one object. text is kept as it is (UTF-16 becomes
// UTF-8); it may lack its END. Errors: ErrNoObject, ErrSeveral, ErrLimit.
func (k *Kind) New(text []byte, collection string) (*valuebag.Values, error) {
	src, wide := sourceText(text)
	ps := parsers.Get().(*parser)
	defer parsers.Put(ps)
	if wide {
		text = []byte(src)
	} else {
		text = slices.Clone(text)
	}
	return ps.bag(k, ps.parse(src), text, collection)
}

// bag makes the bag of the parsed item. The bag owns text.
func (p *parsed) bag(text []byte, collection string) *valuebag.Values {
	k := p.kind
	var counts [16]int
	total := 0
	for i := range p.clusters {
		c := &p.clusters[i]
		n := len(c.elems)
		if n == 0 && c.norm != "" {
			n = 1
		}
		counts[c.unit] += n
		total += n
	}
	// Thousands of bags are held at once: no room to spare, and no string of the
	// source that would keep it in memory beside the text.
	entries := 5
	for _, n := range counts[:len(k.units)-1] {
		if n > 0 {
			entries++
		}
	}
	vs := valuebag.New(entries)
	vs.SetBytes(KeyText, text)
	vs.SetString(KeyKind, k.name)
	if p.uid != "" {
		vs.SetString(KeyUID, strings.Clone(p.uid))
	}
	if collection != "" {
		vs.SetString(KeyCollection, collection)
	}
	if s := p.summary(); s != "" {
		vs.SetString(KeySummary, strings.Clone(s))
	}
	all := make([]string, 0, total)
	for u := range len(k.units) - 1 {
		if counts[u] == 0 {
			continue
		}
		from := len(all)
		for i := range p.clusters {
			c := &p.clusters[i]
			if int(c.unit) != u {
				continue
			}
			if c.elems != nil {
				all = append(all, c.elems...)
			} else if c.norm != "" {
				all = append(all, c.norm)
			}
		}
		ss := all[from:len(all):len(all)]
		slices.Sort(ss)
		vs.Set(valuebag.PropertyKey{FmtID: CradleItem, PID: k.base + uint32(u)}, valuebag.Strings(ss))
	}
	return vs
}

// unitStrings are the normal forms of a unit, sorted.
func (k *Kind) unitStrings(item *valuebag.Values, unit string) []string {
	i := k.unitIndex(unit)
	if i < 0 {
		return nil
	}
	if i == len(k.units)-1 {
		if c := k.Collection(item); c != "" {
			return []string{c}
		}
		return nil
	}
	ss, _ := item.GetStrings(valuebag.PropertyKey{FmtID: CradleItem, PID: k.base + uint32(i)})
	return ss
}

// Text is the object's text. Don't change it.
func (k *Kind) Text(item *valuebag.Values) []byte {
	b, _ := item.GetBytes(KeyText)
	return b
}

// UID is the object's own identifier, "" without one.
func (k *Kind) UID(item *valuebag.Values) string {
	s, _ := item.GetString(KeyUID)
	return s
}

// Collection is the name of the collection that the item is in.
func (k *Kind) Collection(item *valuebag.Values) string {
	s, _ := item.GetString(KeyCollection)
	return s
}

// SetCollection gives the item in another collection.
func (k *Kind) SetCollection(item *valuebag.Values, collection string) *valuebag.Values {
	c := item.Clone()
	if collection == "" {
		c.Remove(KeyCollection)
	} else {
		c.SetString(KeyCollection, collection)
	}
	return c
}
