package pim

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

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
	norms := map[[8]byte]string{}
	for _, item := range []*valuebag.Values{src, dst} {
		copies, last := 0, ""
		for i, s := range k.unitStrings(item, unit) {
			if i > 0 && s == last {
				copies++
			} else {
				copies = 0
			}
			last = s
			norms[elementDigest(s, copies)] = s
		}
	}
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

// closed gives a text the ENDs that it lacks, so that lines have a place to go
// to. It reports false if all are there.
func closed(t *Text) (string, bool) {
	eol := lineEnd(t.Source)
	var changes []change
	for i := len(t.Components) - 1; i > 0; i-- { // inner ones first
		if c := &t.Components[i]; !c.Closed {
			changes = append(changes, change{start: c.End, end: c.End, text: "END:" + c.Name + eol})
		}
	}
	if len(changes) == 0 {
		return "", false
	}
	return applyChanges(t, changes, eol), true
}

// parseClosed takes an item apart, with all its ENDs.
func (k *Kind) parseClosed(item *valuebag.Values) (*parsed, error) {
	p, err := k.parseItem(string(k.Text(item)))
	if err != nil {
		return nil, err
	}
	if text, open := closed(p.t); open {
		return k.parseItem(text)
	}
	return p, nil
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

// withVersion puts the VERSION of a card's dialect behind its BEGIN.
func withVersion(p *parsed, d Dialect, eol string) string {
	version := map[Dialect]string{VCard21: "2.1", VCard30: "3.0", VCard40: "4.0"}[d]
	if !p.kind.card() || version == "" {
		return p.t.Source
	}
	at := p.t.Components[p.main].BodyStart
	return applyChanges(p.t, []change{{start: at, end: at, text: "VERSION:" + version + eol}}, eol)
}

// unit makes one unit hold exactly the normal forms want.
func (r *rebuild) unit(u uint8, want map[string]int) error {
	if u == r.k.unitCategories() {
		r.categories(want)
	}
	var removed []int // clusters of dst that go, not yet used as a place
	for i := range r.dst.clusters {
		c := &r.dst.clusters[i]
		if c.unit != u || c.elems != nil || c.norm == "" {
			continue
		}
		if want[c.norm] > 0 {
			want[c.norm]--
			continue
		}
		r.gone[i] = true
		removed = append(removed, i)
	}
	r.groups = nil
	zones := u == calWhen && !r.k.card()
	for i := range r.src.clusters {
		c := &r.src.clusters[i]
		if c.unit != u || c.elems != nil || c.norm == "" || want[c.norm] == 0 {
			continue
		}
		want[c.norm]--
		if c.comp != 0 && slices.Contains(r.src.zones, c.comp) {
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

// Places that dst hasn't: lines for them are collected.
const (
	placeMaster  = -1
	placeWrapper = -2
)

func (p *parsed) inWrapper(c *cluster) bool {
	return !p.kind.card() && (c.parent == 0 || slices.Contains(p.wrappers, c.parent))
}

// place says where in dst a cluster of src goes: where one with the same name
// goes away, else behind the last one of its unit, else at the end of its
// component.
func (r *rebuild) place(c *cluster, removed *[]int) int {
	d := r.dst
	wrapper := r.src.inWrapper(c)
	override := c.comp != 0 && slices.Contains(r.src.overrides, c.comp)
	if override {
		at := 0
		for _, o := range append([]int{d.main}, d.overrides...) {
			at = max(at, d.t.Components[o].End)
		}
		if d.main == 0 && len(d.overrides) == 0 {
			return placeWrapper
		}
		if d.main != 0 && len(d.overrides) == 0 {
			at = d.t.Components[d.main].End
		} else if d.main == 0 {
			at = d.t.Components[d.overrides[len(d.overrides)-1]].End
		}
		return at
	}
	if wrapper && len(d.wrappers) == 0 {
		return placeWrapper
	}
	if !wrapper && d.main == 0 {
		return placeMaster
	}
	if c.comp == 0 && r.src.t.Lines[c.lines[0]].Junk {
		// First of all: behind an encoded value it could be taken for more of it.
		if wrapper {
			return d.t.Components[d.wrappers[0]].BodyStart
		}
		return d.t.Components[d.main].BodyStart
	}
	if c.comp == 0 {
		name := r.src.t.Lines[c.lines[0]].Name
		for n, i := range *removed {
			o := &d.clusters[i]
			if o.comp == 0 && d.t.Lines[o.lines[0]].Name == name && d.inWrapper(o) == wrapper {
				*removed = slices.Delete(*removed, n, n+1)
				return d.t.Lines[o.lines[0]].Start
			}
		}
		at := -1
		for i := range d.clusters {
			o := &d.clusters[i]
			if o.unit == c.unit && o.comp == 0 && d.inWrapper(o) == wrapper {
				for _, l := range o.lines {
					at = max(at, d.t.Lines[l].End)
				}
			}
		}
		if at >= 0 {
			return at
		}
	}
	in := d.main
	if wrapper {
		in = d.wrappers[0]
	}
	if c.comp == 0 {
		if ch := d.t.Children(in); len(ch) > 0 {
			return d.t.Components[ch[0]].Start
		}
	}
	return d.t.Components[in].BodyEnd
}

// put writes a cluster of src into dst.
func (r *rebuild) put(c *cluster, at int) {
	b := r.encode(c)
	if c.comp != 0 && slices.Contains(r.src.overrides, c.comp) {
		r.series++
	}
	switch at {
	case placeMaster:
		r.master = append(r.master, b...)
	case placeWrapper:
		r.wrapper = append(r.wrapper, b...)
	default:
		r.changes = append(r.changes, change{start: at, end: at, text: string(b)})
	}
}

// encode writes a cluster of src in dst's dialect.
func (r *rebuild) encode(c *cluster) []byte {
	var b []byte
	if c.comp != 0 {
		return r.component(nil, c.comp, slices.Contains(r.src.overrides, c.comp))
	}
	group := ""
	if g := r.src.t.Lines[c.lines[0]].Group; g != "" {
		group = r.groupName(g)
	}
	lines := slices.Clone(c.lines)
	slices.Sort(lines)
	for _, l := range lines {
		b = r.line(b, &r.src.t.Lines[l], group)
	}
	return b
}

// line writes one line of src; its own bytes if dialect, group and line ends
// allow.
func (r *rebuild) line(b []byte, l *Line, group string) []byte {
	return appendConverted(b, r.src.t, l, r.src.d, r.dst.d, group, r.eol)
}

func appendConverted(b []byte, t *Text, l *Line, from, to Dialect, group, eol string) []byte {
	raw := t.Raw(l)
	if l.Junk {
		return append(append(b, l.RawValue...), eol...)
	}
	if from == to && !l.dangling && l.Group == group && endsAll(raw, eol) && !strings.HasPrefix(raw, bom) && !isBlank(raw[0]) {
		return append(b, raw...)
	}
	m := modernise(l, from)
	m.group = group
	return appendLine(b, &m, to, eol)
}

// component writes a component of src. An override takes dst's UID.
func (r *rebuild) component(b []byte, i int, override bool) []byte {
	t := r.src.t
	c := &t.Components[i]
	raw := t.Source[c.Start:c.End]
	if r.src.d == r.dst.d && c.Closed && endsAll(raw, r.eol) && !(override && r.src.uid != r.dst.uid) && !isBlank(raw[0]) && !t.strayIn(i) {
		return append(b, raw...)
	}
	if c.Agent >= 0 {
		m := modernise(&t.Lines[c.Agent], r.src.d)
		m.value = ""
		line := appendLine(nil, &m, r.dst.d, "")
		b = append(b, line...)
	}
	b = append(b, "BEGIN:"+c.Name+r.eol...)
	if override && r.dst.uid != "" && r.src.line(i, "UID") == nil {
		b = appendFolded(b, "UID:"+r.dst.uid, r.eol)
	}
	children := t.Children(i)
	for j := t.linesFrom(c.BodyStart); j < len(t.Lines) && t.Lines[j].Start < c.End; j++ {
		l := &t.Lines[j]
		for len(children) > 0 && t.Components[children[0]].Start < l.Start {
			b = r.component(b, children[0], false)
			children = children[1:]
		}
		if l.Component != i || l.stray || l.Name == "AGENT" && r.src.agentComponent(j) != 0 {
			continue
		}
		if override && l.Name == "UID" {
			if r.dst.uid != "" {
				b = appendFolded(b, "UID:"+r.dst.uid, r.eol)
			}
			continue
		}
		b = r.line(b, l, l.Group)
	}
	for _, ch := range children {
		b = r.component(b, ch, false)
	}
	return append(b, "END:"+c.Name+r.eol...)
}

// strayIn reports whether a component holds a BEGIN or END without its other
// half, which would pair with something else in another text.
func (t *Text) strayIn(i int) bool {
	for j := t.linesFrom(t.Components[i].Start); j < len(t.Lines) && t.Lines[j].Start < t.Components[i].End; j++ {
		if t.Lines[j].stray {
			return true
		}
	}
	return false
}

// groupName gives a group from src a name that is free in dst, and takes it.
func (r *rebuild) groupName(g string) string {
	if r.groups == nil {
		r.groups = map[string]int{}
		for i := range r.dst.clusters {
			if r.gone[i] {
				continue
			}
			for _, l := range r.dst.clusters[i].lines {
				if g := r.dst.t.Lines[l].Group; g != "" {
					r.groups[strings.ToLower(g)]++
				}
			}
		}
		for g := range r.taken() {
			r.groups[g]++
		}
	}
	name := g
	for n := 1; r.groups[strings.ToLower(name)] > 0; n++ {
		name = "item" + strconv.Itoa(n)
	}
	r.groups[strings.ToLower(name)]++
	return name
}

// taken lists the groups that changes made so far have put in.
func (r *rebuild) taken() map[string]bool {
	m := map[string]bool{}
	for _, c := range r.changes {
		if c.text == "" {
			continue
		}
		t := parse(c.text)
		for i := range t.Lines {
			if g := t.Lines[i].Group; g != "" {
				m[strings.ToLower(g)] = true
			}
		}
	}
	return m
}

// categories makes the CATEGORIES lines without a group hold the wanted
// elements: lines lose what is not wanted, and what is missing goes to the end
// of a line with the same parameters, else to a new line.
func (r *rebuild) categories(want map[string]int) {
	t := r.dst.t
	type lineState struct {
		l       *Line
		m       modern
		head    string
		keep    []string // values, escaped
		changed bool
	}
	var lines []*lineState
	for i := range r.dst.clusters {
		c := &r.dst.clusters[i]
		if c.elems == nil {
			continue
		}
		l := &t.Lines[c.lines[0]]
		s := &lineState{l: l, m: modernise(l, r.dst.d)}
		s.head = string(appendNormHead(nil, &s.m))
		for n, v := range splitEscaped(s.m.value, ',') {
			if want[c.elems[n]] > 0 {
				want[c.elems[n]]--
				s.keep = append(s.keep, v)
			} else {
				s.changed = true
			}
		}
		lines = append(lines, s)
	}
	type added struct {
		head string
		m    modern
		vals []string
	}
	var more []*added
	for i := range r.src.clusters {
		c := &r.src.clusters[i]
		if c.elems == nil {
			continue
		}
		m := modernise(&r.src.t.Lines[c.lines[0]], r.src.d)
		head := string(appendNormHead(nil, &m))
	elems:
		for n, v := range splitEscaped(m.value, ',') {
			if want[c.elems[n]] == 0 {
				continue
			}
			want[c.elems[n]]--
			for j := len(lines) - 1; j >= 0; j-- {
				if s := lines[j]; s.head == head && len(s.keep) > 0 {
					s.keep, s.changed = append(s.keep, v), true
					continue elems
				}
			}
			for _, a := range more {
				if a.head == head {
					a.vals = append(a.vals, v)
					continue elems
				}
			}
			more = append(more, &added{head, m, []string{v}})
		}
	}
	at := -1
	for _, s := range lines {
		at = s.l.End
		if !s.changed {
			continue
		}
		ch := change{start: s.l.Start, end: s.l.End}
		if len(s.keep) > 0 {
			m := s.m
			m.value = strings.Join(s.keep, ",")
			ch.text = string(appendLine(nil, &m, r.dst.d, r.eol))
		}
		r.changes = append(r.changes, ch)
	}
	for _, a := range more {
		m := a.m
		m.value = strings.Join(a.vals, ",")
		b := appendLine(nil, &m, r.dst.d, r.eol)
		where := at
		switch {
		case where >= 0:
		case r.dst.main == 0:
			r.master = append(r.master, b...)
			continue
		default:
			where = t.Components[r.dst.main].BodyEnd
			if ch := t.Children(r.dst.main); len(ch) > 0 {
				where = t.Components[ch[0]].Start
			}
		}
		r.changes = append(r.changes, change{start: where, end: where, text: string(b)})
	}
}

// zones sees to the VTIMEZONEs once all units are done. Those that the dates
// name become src's if the unit when was replaced; one that only the old dates
// named goes; one that new overrides name and dst lacks comes along, and counts
// in no unit.
func (r *rebuild) zones() {
	d, s := r.dst, r.src
	if d.kind.card() || !r.when && r.series == 0 {
		return
	}
	old := d.whenZones()
	named := old
	want := map[string]int{}
	if r.when {
		named = s.whenZones()
		for _, z := range s.zones {
			if slices.Contains(named, s.zoneID(z)) {
				want[s.normComponent(z)]++
			}
		}
	}
	have := map[string]bool{}
	for _, z := range d.zones {
		id := d.zoneID(z)
		keep := true
		switch {
		case !r.when:
		case slices.Contains(named, id):
			n := d.normComponent(z)
			if keep = want[n] > 0; keep {
				want[n]--
			}
		case slices.Contains(old, id):
			keep = d.namedElsewhere(id)
		}
		if keep {
			have[id] = true
			continue
		}
		r.changes = append(r.changes, change{start: d.t.Components[z].Start, end: d.t.Components[z].End})
	}
	for _, z := range s.zones {
		id := s.zoneID(z)
		switch {
		case slices.Contains(named, id):
			n := s.normComponent(z)
			if !r.when || want[n] == 0 {
				continue
			}
			want[n]--
		case r.series == 0 || have[id] || !s.namedElsewhere(id):
			continue
		}
		have[id] = true
		r.putZone(z)
	}
}

func (r *rebuild) putZone(z int) {
	b := r.component(nil, z, false)
	d := r.dst
	if len(d.wrappers) == 0 {
		r.wrapper = append(r.wrapper, b...)
		return
	}
	at := -1
	if d.main != 0 {
		at = d.t.Components[d.main].Start
	}
	for _, o := range d.overrides {
		if s := d.t.Components[o].Start; at < 0 || s < at {
			at = s
		}
	}
	r.changes = append(r.changes, change{start: at, end: at, text: string(b)})
}

func (p *parsed) zone(id string) int {
	for _, z := range p.zones {
		if p.zoneID(z) == id {
			return z
		}
	}
	return 0
}

// namedElsewhere reports whether an override, or a line of the master that is
// not in the unit when, names the zone.
func (p *parsed) namedElsewhere(id string) bool {
	for i := range p.t.Lines {
		l := &p.t.Lines[i]
		if l.Junk || l.Component == 0 || l.Param("TZID") != id {
			continue
		}
		if l.Component != p.main || lookup(false, l.Name).unit != calWhen {
			return true
		}
	}
	return false
}

// addMaster writes a master component for lines that dst had no place for.
func (r *rebuild) addMaster() {
	d := r.dst
	if len(r.master) == 0 {
		// Without its last override a series without master would be nothing.
		left := r.series
		for i := range d.clusters {
			if c := &d.clusters[i]; c.comp != 0 && !r.gone[i] && slices.Contains(d.overrides, c.comp) {
				left++
			}
		}
		if d.kind.card() || d.main != 0 || left > 0 {
			return
		}
	}
	name := r.k.component
	b := []byte("BEGIN:" + name + r.eol)
	if d.uid != "" {
		b = appendFolded(b, "UID:"+d.uid, r.eol)
	}
	if r.src.main != 0 {
		if l := r.src.line(r.src.main, "DTSTAMP"); l != nil {
			b = r.line(b, l, "")
		}
	}
	b = append(b, r.master...)
	b = append(b, "END:"+name+r.eol...)
	at := d.t.Components[d.overrides[0]].Start
	r.changes = append(r.changes, change{start: at, end: at, text: string(b)})
}

// dropMaster removes a master that has lost all its lines while overrides
// stand: it would show as an empty event.
func (r *rebuild) dropMaster() {
	d := r.dst
	if d.kind.card() || d.main == 0 || r.src.main != 0 || len(d.overrides) == 0 && len(r.src.overrides) == 0 {
		return
	}
	for i := range d.clusters {
		c := &d.clusters[i]
		if c.elems != nil {
			return
		}
		if c.parent == d.main && !r.gone[i] {
			return
		}
	}
	left := r.series
	for i := range d.clusters {
		if c := &d.clusters[i]; c.comp != 0 && !r.gone[i] && slices.Contains(d.overrides, c.comp) {
			left++
		}
	}
	if left == 0 {
		return
	}
	k := &d.t.Components[d.main]
	kept := make([]change, 0, len(r.changes)+1)
	for _, c := range r.changes {
		if c.start >= k.Start && c.end <= k.End && c.start < k.End {
			if c.text == "" || c.start > k.Start {
				continue
			}
		}
		kept = append(kept, c)
	}
	r.changes = append(kept, change{start: k.Start, end: k.End})
}

// wrap puts a bare component into a VCALENDAR with these lines.
func wrap(text, lines, eol string) string {
	var b strings.Builder
	text = strings.TrimPrefix(text, bom)
	b.WriteString("BEGIN:VCALENDAR" + eol + "VERSION:2.0" + eol + "PRODID:" + ProductID + eol)
	b.WriteString(lines)
	b.WriteString(text)
	if !strings.HasSuffix(text, "\n") && !strings.HasSuffix(text, "\r") {
		b.WriteString(eol)
	}
	b.WriteString("END:VCALENDAR" + eol)
	return b.String()
}

// ProductID is the PRODID of wrappers that Cradle has to make.
const ProductID = "-//Cradle//Cradle//EN"
