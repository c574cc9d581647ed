package pim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"

	"cradle/valuebag"
)

// ErrNoElement: MergeList was asked to keep an element that neither side has.
var ErrNoElement = errors.New("element on neither side")

// change replaces the bytes [start,end) of a text.
type change struct {
	start, end int
	text       string
}

// applyChanges gives the text with the changes made. Text put in always begins
// on a line of its own. Changes of one place stay in the order given.
func applyChanges(t *Text, changes []change, eol string) string {
	src := t.Source
	// What is put behind a value that ends in a soft line break would become
	// part of it; a blank line ends it.
	dangling := map[int]bool{}
	for i := range t.Lines {
		if t.Lines[i].dangling {
			dangling[t.Lines[i].End] = true
		}
	}
	sort.SliceStable(changes, func(i, j int) bool {
		a, b := &changes[i], &changes[j]
		if a.start != b.start {
			return a.start < b.start
		}
		return a.end == a.start && b.end > b.start // put in before taking out
	})
	n := len(src)
	for _, c := range changes {
		n += len(c.text) + len(eol)
	}
	b := make([]byte, 0, n)
	pos := 0
	for _, c := range changes {
		if c.start > pos {
			b = append(b, src[pos:c.start]...)
			pos = c.start
			if dangling[pos] {
				if c := b[len(b)-1]; c != '\n' && c != '\r' {
					b = append(b, eol...)
				}
				b = append(b, eol...)
			}
		}
		if c.text != "" {
			if n := len(b); n > 0 && b[n-1] != '\n' && b[n-1] != '\r' {
				b = append(b, eol...)
			}
			b = append(b, c.text...)
		}
		pos = max(pos, c.end)
		if pos < len(src) && isBlank(src[pos]) && (pos == 0 || src[pos-1] == '\n' || src[pos-1] == '\r') {
			b = append(b, eol...) // what stood apart mustn't become a fold
		}
	}
	b = append(b, src[pos:]...)
	return string(b)
}

// Replace gives dst with just the given units made equal to src's. The lines
// that differ are taken out or put in, in dst's dialect and line ends; all other
// bytes stay. A unit that src hasn't is removed.
func (k *Kind) Replace(dst, src *valuebag.Values, units []string) (*valuebag.Values, error) {
	var todo []uint8
	collection, move := k.Collection(dst), false
	for _, u := range units {
		i := k.unitIndex(u)
		switch {
		case i < 0:
			return nil, fmt.Errorf("%s has no unit %q", k.name, u)
		case i == len(k.units)-1:
			move = k.Collection(src) != collection
			collection = k.Collection(src)
		case !slices.Equal(k.unitStrings(dst, u), k.unitStrings(src, u)):
			todo = append(todo, uint8(i))
		}
	}
	if len(todo) == 0 {
		if move {
			return k.SetCollection(dst, collection), nil
		}
		return dst, nil
	}
	r, err := k.rebuilder(dst, src)
	if err != nil {
		return nil, err
	}
	for _, u := range todo {
		want := map[string]int{}
		for _, s := range k.unitStrings(src, k.units[u]) {
			want[s]++
		}
		if err := r.unit(u, want); err != nil {
			return nil, err
		}
	}
	return r.finish(collection)
}

// MergeList gives dst with the list unit made to hold exactly the elements
// keep, each taken from dst if dst has it, else from src. ErrNoElement if
// neither has it.
func (k *Kind) MergeList(dst, src *valuebag.Values, unit string, keep [][8]byte) (*valuebag.Values, error) {
	if !k.IsList(unit) {
		return nil, fmt.Errorf("%s: unit %q is no list", k.name, unit)
	}
	norms := k.elementNorms(src, unit)
	maps.Copy(norms, k.elementNorms(dst, unit))
	want := map[string]int{}
	for _, e := range keep {
		s, ok := norms[e]
		if !ok {
			return nil, fmt.Errorf("%s %s %x: %w", k.name, unit, e[:], ErrNoElement)
		}
		want[s]++
	}
	same := len(keep) == len(k.unitStrings(dst, unit))
	have := map[string]int{}
	for _, s := range k.unitStrings(dst, unit) {
		have[s]++
		same = same && have[s] <= want[s]
	}
	if same {
		return dst, nil
	}
	r, err := k.rebuilder(dst, src)
	if err != nil {
		return nil, err
	}
	if err := r.unit(uint8(k.unitIndex(unit)), want); err != nil {
		return nil, err
	}
	return r.finish(k.Collection(dst))
}

// rebuild collects the changes that bring units of src into dst.
type rebuild struct {
	k        *Kind
	dst, src *parsed
	eol      string
	changes  []change
	gone     map[int]bool   // clusters of dst that go
	groups   map[string]int // group names in use in dst, lower case
	master   []byte         // lines for a master component that dst hasn't
	wrapper  []byte         // lines for a wrapper that dst hasn't
	series   int            // overrides put in
	when     bool           // the unit when was done
	conv     *converter     // of src, made when asked for
}

func (k *Kind) rebuilder(dst, src *valuebag.Values) (*rebuild, error) {
	d, err := k.parseClosed(dst)
	if err != nil {
		return nil, fmt.Errorf("reading the item: %w", err)
	}
	s, err := k.parseClosed(src)
	if err != nil {
		return nil, fmt.Errorf("reading the other item: %w", err)
	}
	r := &rebuild{k: k, dst: d, src: s, eol: lineEnd(d.t.Source), gone: map[int]bool{}}
	return r, nil
}

func (r *rebuild) finish(collection string) (*valuebag.Values, error) {
	r.zones()
	r.addMaster()
	r.dropMaster()
	text := applyChanges(r.dst.t, r.changes, r.eol)
	if len(r.wrapper) > 0 {
		text = wrap(text, string(r.wrapper), r.eol)
	}
	p, err := r.k.parseItem(text)
	if err == nil && p.d != r.dst.d {
		// A card without VERSION shows its dialect by its lines, and those that
		// did are gone.
		text = withVersion(p, r.dst.d, r.eol)
		p, err = r.k.parseItem(text)
	}
	if err != nil {
		return nil, fmt.Errorf("the merged text: %w", err)
	}
	return p.bag([]byte(text), collection), nil
}

// unit makes one unit hold exactly the normal forms want.
func (r *rebuild) unit(u uint8, want map[string]int) error {
	if u == r.k.unitCategories() {
		r.categories(want)
	}
	var removed []int // clusters of dst that go, not yet used as a place
	zones := u == calWhen && !r.k.card()
	moved := zones && r.dst.d == VCalendar1 && r.src.startNorm(r.src.main) != r.dst.startNorm(r.dst.main)
	for i := range r.dst.clusters {
		c := &r.dst.clusters[i]
		if c.unit != u || c.elems != nil || c.norm == "" {
			continue
		}
		if want[c.norm] > 0 && !(moved && c.was != "") { // what was made goes by the start
			want[c.norm]--
			continue
		}
		r.gone[i] = true
		removed = append(removed, i)
	}
	r.groups = nil
	for i := range r.src.clusters {
		c := &r.src.clusters[i]
		if c.unit != u || c.elems != nil || c.norm == "" || want[c.norm] == 0 {
			continue
		}
		want[c.norm]--
		if c.comp != 0 && r.src.roles[c.comp] == roleZone {
			continue // below
		}
		at := r.place(c, &removed)
		r.put(c, at)
	}
	for i := range r.dst.clusters {
		c := &r.dst.clusters[i]
		if c.unit == u && r.gone[i] && !(zones && c.comp != 0) {
			r.takeOut(c)
		}
	}
	if zones && !r.when && r.dst.d == VCalendar1 {
		r.dropMadeTZ()
	}
	r.when = r.when || zones
	for s, n := range want {
		if n > 0 {
			return fmt.Errorf("%s %s %q: %w", r.k.name, r.k.units[u], clip(s), ErrNoElement)
		}
	}
	return nil
}

// takeOut removes the bytes of a cluster of dst.
func (r *rebuild) takeOut(c *cluster) {
	if c.comp != 0 {
		k := &r.dst.t.Components[c.comp]
		r.changes = append(r.changes, change{start: k.Start, end: k.End})
		return
	}
	for _, l := range c.lines {
		r.changes = append(r.changes, change{start: r.dst.t.Lines[l].Start, end: r.dst.t.Lines[l].End})
	}
}
