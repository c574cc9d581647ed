package pim

import (
	"slices"
	"strings"

	"cradle/valuebag"
)

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

// Close gives an item the ENDs that its text lacks: without its own a text passes
// for torn wherever it is written. A text that can't be taken apart stays as it is.
func (k *Kind) Close(item *valuebag.Values) *valuebag.Values {
	p, err := k.parseItem(string(k.Text(item)))
	if err != nil {
		return item
	}
	text, open := closed(p.t)
	if !open {
		return item
	}
	v, err := k.New([]byte(text), k.Collection(item))
	if err != nil {
		return item
	}
	return v
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
		if d.d == VCalendar1 { // its TZ and DAYLIGHT say it
			named = slices.DeleteFunc(named, func(id string) bool { return strings.HasPrefix(id, madeZone) })
		}
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
			if c := &d.clusters[i]; c.comp != 0 && !r.gone[i] && d.roles[c.comp] == roleOverride {
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
		if c := &d.clusters[i]; c.comp != 0 && !r.gone[i] && d.roles[c.comp] == roleOverride {
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
