package pim

import (
	"maps"
	"slices"
	"strings"

	"cradle/valuebag"
)

// Shadow is what a peer held of an item when it was last exchanged, as the normal
// forms of its units: a bag without the text. Photos are in it by their digest.
func (k *Kind) Shadow(item *valuebag.Values) *valuebag.Values {
	vs := valuebag.New(len(k.units))
	for _, u := range k.units[:len(k.units)-1] {
		if ss := k.unitStrings(item, u); len(ss) > 0 {
			vs.Set(k.KeyUnit(u), valuebag.Strings(ss))
		}
	}
	return vs
}

// Whole reports whether a peer holds all of an item: every unit but the collection,
// and the UID.
func (k *Kind) Whole(full, held *valuebag.Values) bool {
	for _, u := range k.units[:len(k.units)-1] {
		if !slices.Equal(k.unitStrings(full, u), k.unitStrings(held, u)) {
			return false
		}
	}
	return k.UID(full) == k.UID(held)
}

// Incoming is the full item with what changed at a peer that stores only part of it.
// was is what the peer held when full was last exchanged (a Shadow), now what it holds;
// a change is a difference between the two, never one from full. What the peer never
// held stays byte for byte; so do the label, the group and the parameters of a value
// that changed, what the peer had cut off, and each line whose value the peer only wrote
// in another way. The collection is now's.
//
// Without was (nil) nobody knows what the peer had stored: then nothing is deleted, and
// what is new in a list stands beside what was sent.
func (k *Kind) Incoming(full, was, now *valuebag.Values) (*valuebag.Values, error) {
	collection := k.Collection(now)
	var todo []string
	for _, u := range k.units[:len(k.units)-1] {
		base := full
		if was != nil {
			base = was
		}
		if !slices.Equal(k.unitStrings(base, u), k.unitStrings(now, u)) {
			todo = append(todo, u)
		}
	}
	if len(todo) == 0 {
		if k.Collection(full) == collection {
			return full, nil
		}
		return k.SetCollection(full, collection), nil
	}
	r, err := k.rebuilder(full, now)
	if err != nil {
		return nil, err
	}
	p := patcher{rebuild: r}
	for _, u := range todo {
		if err := p.unitOf(u, was, full, now); err != nil {
			return nil, err
		}
	}
	if k.card() {
		p.derive()
	}
	p.followMove(was, now)
	if len(p.changes) == 0 {
		if k.Collection(full) == collection {
			return full, nil
		}
		return k.SetCollection(full, collection), nil
	}
	return p.finish(collection)
}

// patcher brings what changed at a peer into a full item: dst is the full one, src what
// the peer holds.
type patcher struct {
	*rebuild
	n     string // the new value of N, if it changed
	fn    bool   // the peer keeps an FN, or changed it
	moved move   // of the start of a series
}

// clustersOf are the clusters of a unit that count, by their index.
func (p *parsed) clustersOf(u uint8) (at []int) {
	for i := range p.clusters {
		if c := &p.clusters[i]; c.unit == u && c.elems == nil && c.norm != "" {
			at = append(at, i)
		}
	}
	return at
}

func (p *parsed) slotsOf(at []int) []slot {
	out := make([]slot, len(at))
	for i, c := range at {
		out[i] = readSlot(p.clusters[c].norm)
	}
	return out
}

func (p *patcher) unitOf(unit string, was, full, now *valuebag.Values) error {
	u := uint8(p.k.unitIndex(unit))
	if u == p.k.unitCategories() {
		p.categoriesOf(unit, was, full, now)
	}
	d := slotDiff{card: p.k.card(), list: p.k.list[u]}
	fullAt, nowAt := p.dst.clustersOf(u), p.src.clustersOf(u)
	d.full, d.now = p.dst.slotsOf(fullAt), p.src.slotsOf(nowAt)
	d.picture = func(f, n int) bool {
		return samePicture(p.dst.binaryOf(fullAt[f]), p.src.binaryOf(nowAt[n]))
	}
	var ops slotOps
	if was == nil {
		ops = d.cautious()
	} else {
		d.was = readSlots(p.linesOnly(u, p.k.unitStrings(was, unit)))
		ops = d.ops()
		p.fn = p.fn || u == cardName && p.k.card() && slices.ContainsFunc(d.was, func(s slot) bool { return s.name == "FN" })
	}
	if len(ops.gone)+len(ops.edits)+len(ops.added) == 0 {
		return nil
	}
	if u == calWhen && !p.k.card() {
		p.startMoved(&d, &ops, fullAt, nowAt)
	}
	// Where the peer held the unit as it was sent, it is taken as it is.
	if was != nil && u == calWhen && !p.k.card() && slices.Equal(p.k.unitStrings(was, unit), p.k.unitStrings(full, unit)) {
		want := map[string]int{}
		for _, s := range p.k.unitStrings(now, unit) {
			want[s]++
		}
		return p.unit(u, want)
	}
	for _, f := range ops.gone {
		p.gone[fullAt[f]] = true
		p.takeOut(&p.dst.clusters[fullAt[f]])
	}
	for _, e := range ops.edits {
		p.edit(fullAt[e.full], nowAt[e.now], &d.full[e.full], &e.was, &d.now[e.now])
	}
	p.groups = nil
	removed := make([]int, 0, len(ops.gone))
	for _, f := range ops.gone {
		removed = append(removed, fullAt[f])
	}
	for _, n := range ops.added {
		c := &p.src.clusters[nowAt[n]]
		if c.comp != 0 && p.src.roles[c.comp] == roleZone {
			continue
		}
		p.note(&d.now[n], d.now[n].value)
		p.put(c, p.place(c, &removed))
		p.zoneOf(c)
	}
	return nil
}

// linesOnly leaves out the elements of CATEGORIES lines, which are merged one by one.
func (p *patcher) linesOnly(u uint8, norms []string) []string {
	if u != p.k.unitCategories() {
		return norms
	}
	out := make([]string, 0, len(norms))
	for _, n := range norms {
		if strings.HasPrefix(n, "item.") {
			out = append(out, n)
		}
	}
	return out
}

// categoriesOf adds and takes away single categories.
func (p *patcher) categoriesOf(unit string, was, full, now *valuebag.Values) {
	count := func(item *valuebag.Values) map[string]int {
		m := map[string]int{}
		if item != nil {
			for _, s := range p.k.unitStrings(item, unit) {
				if !strings.HasPrefix(s, "item.") {
					m[s]++
				}
			}
		}
		return m
	}
	want, before, after := count(full), count(was), count(now)
	sent := maps.Clone(want)
	changed := false
	for _, s := range slices.Sorted(maps.Keys(before)) {
		if n := before[s] - after[s]; n > 0 && want[s] > 0 {
			want[s], changed = max(0, want[s]-n), true
		}
	}
	for _, s := range slices.Sorted(maps.Keys(after)) {
		if n := after[s] - before[s]; n > 0 && sent[s] == 0 {
			want[s], changed = n, true
		}
	}
	if changed {
		p.categories(want)
	}
}

// note keeps what derived lines depend on.
func (p *patcher) note(s *slot, value string) {
	if !p.k.card() {
		return
	}
	switch s.name {
	case "N":
		p.n = value
	case "FN":
		p.fn = true
	}
}

// zoneOf brings along the zone that a new line names.
func (p *patcher) zoneOf(c *cluster) {
	if p.k.card() || c.comp != 0 {
		return
	}
	id := p.src.t.Lines[c.lines[0]].Param("TZID")
	if id == "" || p.dst.zone(id) != 0 {
		return
	}
	if z := p.src.zone(id); z != 0 {
		p.putZone(z)
	}
}

// derive writes FN anew where it was made from N, N changed, and the peer has no FN.
func (p *patcher) derive() {
	if p.n == "" || p.fn {
		return
	}
	d := p.dst
	n, fn := d.line(d.main, "N"), d.line(d.main, "FN")
	if n == nil || fn == nil {
		return
	}
	was, shown := modernise(n, d.d), modernise(fn, d.d)
	text := oneLine(unescapeText(shown.value))
	for _, made := range []func(v string) string{
		func(v string) string { return joinParts(v, " ", 3, 1, 2, 0, 4) },
		func(v string) string { return joinParts(v, " ", 1, 2, 0) },
		func(v string) string { return joinParts(v, " ", 1, 0) },
		func(v string) string { return joinParts(v, " ", 0, 1) },
		func(v string) string { return joinParts(v, ", ", 0, 1) },
	} {
		if made(was.value) != text {
			continue
		}
		if now := made(p.n); now != "" && now != text {
			shown.value, shown.was = escapeText(now), nil
			p.changes = append(p.changes, change{start: fn.Start, end: fn.End, text: string(appendLine(nil, &shown, d.d, p.eol))})
		}
		return
	}
}

// binaryOf is the picture, sound or key of a cluster's main line, still in base64; ""
// when it isn't there.
func (p *parsed) binaryOf(cluster int) string {
	c := &p.clusters[cluster]
	if c.comp != 0 {
		return ""
	}
	m := modernise(&p.t.Lines[c.lines[0]], p.d)
	if !m.binary {
		return ""
	}
	return m.value
}
