// Package model is the reference for what knowledge means: literal sets of
// versions, each with all that its maker had seen. It is slow and obviously right,
// and takes nothing from the engine but IDs.
package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cradle/engine"
)

// Change is one version of one unit of an item; unit engine.Life is its existence.
type Change struct {
	Item    engine.ItemID
	Unit    string
	Version engine.Version
}

// Content is what a change left: a digest, or that the item is gone. Of a list its
// elements' digests stand in Parts, one after the other.
type Content struct {
	Digest engine.Digest
	Gone   bool
	Parts  string
}

// same reports whether two contents are equal; of a list that is gone with its item the
// parts aren't known.
func (c Content) same(o Content) bool { return c.Digest == o.Digest && c.Gone == o.Gone }

// has reports whether a list has an element.
func (c Content) has(part string) bool {
	for rest := c.Parts; len(rest) >= len(part); rest = rest[len(part):] {
		if rest[:len(part)] == part {
			return true
		}
	}
	return false
}

const partSize = len(engine.ElementDigest{})

func (c Content) parts(yield func(string) bool) {
	for rest := c.Parts; len(rest) >= partSize && yield(rest[:partSize]); rest = rest[partSize:] {
	}
}

// Model knows every change that was ever made, by anybody.
type Model struct {
	facts map[Change]*fact
	byID  map[engine.ItemID][]*fact // in the order they were first heard of
}

// fact is a change; one that is only heard of so far has no maker.
type fact struct {
	Change
	by      string
	content Content
	at      int // its place among those of its item
	seen    set // all that led to it, transitively
}

// New is a world without changes.
func New() *Model {
	return &Model{facts: map[Change]*fact{}, byID: map[engine.ItemID][]*fact{}}
}

// Clone is a model of the same past, for another future. Unmake in neither of them
// once there are two: they share what changes saw.
func (m *Model) Clone() *Model {
	c := &Model{facts: maps.Clone(m.facts), byID: maps.Clone(m.byID)}
	for id, changes := range c.byID {
		c.byID[id] = slices.Clip(changes)
	}
	return c
}

// Known reports whether the change was made.
func (m *Model) Known(c Change) bool { return m.made(c) != nil }

func (m *Model) made(c Change) *fact {
	if f := m.facts[c]; f != nil && f.by != "" {
		return f
	}
	return nil
}

// heard is a change's fact, a new one without a maker if there is none yet.
func (m *Model) heard(c Change) *fact {
	f := m.facts[c]
	if f == nil {
		f = &fact{Change: c, at: len(m.byID[c.Item])}
		m.facts[c] = f
		m.byID[c.Item] = append(m.byID[c.Item], f)
	}
	return f
}

// Make notes a change and what its maker had before it. A version that was made
// before must mean the same: else a tick was used twice (invariants I12, I17). beside are
// changes that its maker hadn't seen, though it had what came of them.
func (m *Model) Make(by string, c Change, content Content, had []Change, beside ...Change) error {
	if f := m.made(c); f != nil {
		if f.content != content {
			return fmt.Errorf("%s of %s/%s was made by %s as %v, and now is %v at %s", c.Version, c.Item, c.Unit, f.by, f.content, content, by)
		}
		return nil
	}
	f := &fact{Change: c, by: by, content: content, at: m.heard(c).at}
	for _, h := range had {
		if h == c || h.Item != c.Item {
			continue
		}
		o := m.heard(h)
		f.seen.add(o.at)
		f.seen.addAll(o.seen)
	}
	for _, b := range beside {
		f.seen.remove(m.heard(b).at)
	}
	m.facts[c] = f
	m.byID[c.Item] = slices.Clone(m.byID[c.Item]) // a clone of this model may share it
	m.byID[c.Item][f.at] = f
	return nil
}

// Unmake takes changes back that were lost with their maker before anybody else saw
// them, under whatever identity it made them.
func (m *Model) Unmake(by string, lost func(Change) bool) {
	for _, changes := range m.byID {
		for _, f := range changes {
			if f.by != by || !lost(f.Change) {
				continue
			}
			f.by, f.seen = "", nil
			for _, o := range changes {
				o.seen.remove(f.at)
			}
		}
	}
}

// Seen lists the changes of an item that a knowledge contains.
func (m *Model) Seen(id engine.ItemID, contains func(Change) bool) []Change {
	var out []Change
	for _, f := range m.byID[id] {
		if f.by != "" && contains(f.Change) {
			out = append(out, f.Change)
		}
	}
	return out
}

// Covers reports whether whoever made c had seen o, or c is o.
func (m *Model) Covers(c, o Change) bool {
	if c == o {
		return true
	}
	f, g := m.made(c), m.facts[o]
	return f != nil && g != nil && f.seen.has(g.at)
}

// covers is Covers of facts of one item.
func covers(f, o *fact) bool { return f == o || f.seen.has(o.at) }

// Concurrent reports whether neither change was made in the knowledge of the other.
func (m *Model) Concurrent(c, o Change) bool { return !m.Covers(c, o) && !m.Covers(o, c) }

// Replica is what a replica shows: a current change a unit (Life always), and
// what it says of itself.
type Replica struct {
	Name      string
	Items     map[engine.ItemID]Item
	Contains  func(Change) bool // its knowledge
	Forgotten func(Change) bool // its forgotten knowledge
	Excused   func(Change) bool // changes that nothing it holds need come from; nil: none
}

// Item is one item of a replica, tombstones included.
type Item struct {
	Gone  bool
	Units map[string]engine.Version // Life included
}

// Phantoms lists what breaks invariants I3 and I4: changes that the replica claims
// to have seen while what it holds doesn't come from them.
func (m *Model) Phantoms(r Replica) []string {
	var bad []string
	for id, changes := range m.byID {
		it, here := r.Items[id]
		known := make([]*fact, 0, len(changes)) // to the replica
		for _, f := range changes {
			if f.by != "" && r.Contains(f.Change) {
				known = append(known, f)
			}
		}
		for _, c := range known {
			if r.Excused != nil && r.Excused(c.Change) || m.isAccounted(r, it, here, c, known) {
				continue
			}
			bad = append(bad, fmt.Sprintf("%s knows %s/%s of %s and holds %s", r.Name, id.String()[:4], c.Unit, c.Version, m.describe(it, here, c.Unit)))
		}
	}
	slices.Sort(bad)
	return bad
}

func (m *Model) isAccounted(r Replica, it Item, here bool, c *fact, known []*fact) bool {
	unit := c.Unit
	if !here || it.Gone {
		unit = engine.Life
	}
	// A deletion made in its knowledge was forgotten, or one for which that one stood.
	forgot, dead := false, false
	for _, w := range m.byID[c.Item] {
		if w.by != "" && w.Unit == engine.Life && w.content.Gone {
			forgot = forgot || r.Forgotten(w.Change)
			dead = dead || slices.Contains(known, w) && m.leadsTo(r.Name, c, w, known)
		}
	}
	if forgot && dead {
		return true
	}
	if !here {
		return false
	}
	now := m.made(Change{c.Item, unit, it.Units[unit]})
	if now != nil && m.leadsTo(r.Name, c, now, known) {
		return true
	}
	// It was deleted, and the item came back without it.
	life := m.made(Change{c.Item, engine.Life, it.Units[engine.Life]})
	for _, w := range known {
		if life != nil && w.Unit == engine.Life && w.content.Gone && m.leadsTo(r.Name, c, w, known) && m.leadsTo(r.Name, w, life, known) {
			return true
		}
	}
	return now == nil && unit != engine.Life && life != nil && covers(life, c)
}

// leadsTo reports whether what is known leads from a change to the current one:
// each step is a change that was made in the knowledge of the last, or one of the
// same content, for which it was taken. What by made itself counts, though a copy or a
// restoration may have taken the knowledge of it away.
func (m *Model) leadsTo(by string, c, current *fact, known []*fact) bool {
	steps := known
	for _, w := range m.byID[c.Item] {
		if w.by != "" && (covers(current, w) || w.by == by) && !slices.Contains(known, w) {
			steps = append(slices.Clip(steps), w)
		}
	}
	reached := []*fact{c}
	var is set
	is.add(c.at)
	for more := true; more && !is.has(current.at); {
		more = false
		for _, w := range steps {
			if is.has(w.at) || w.Unit != c.Unit && w.Unit != current.Unit && w.Unit != engine.Life {
				continue
			}
			for _, x := range reached {
				if x.Unit == w.Unit && (x.content.same(w.content) || m.holds(w, x)) || covers(w, x) || m.without(w, x) {
					is.add(w.at)
					reached, more = append(reached, w), true
					break
				}
			}
		}
	}
	return is.has(current.at)
}

// without reports whether a deletion took away all that another change left: a unit
// that is empty, of which it never saw anything else, or a list of elements that it saw.
func (m *Model) without(deletion, x *fact) bool {
	if !deletion.content.Gone || x.Unit == engine.Life {
		return false
	}
	saw := func(yes func(Content) bool) bool {
		return slices.ContainsFunc(m.byID[x.Item], func(y *fact) bool { return y.Unit == x.Unit && covers(deletion, y) && yes(y.content) })
	}
	if x.content == (Content{}) {
		return !saw(func(Content) bool { return true })
	}
	all := x.content.Parts != ""
	for part := range x.content.parts {
		all = all && saw(func(c Content) bool { return c.has(part) })
	}
	return all
}

// holds reports whether a list holds all of another one, and nothing besides that the
// other's maker took away: merged with that one it stays as it is.
func (m *Model) holds(w, x *fact) bool {
	if x.content.Parts == "" {
		return false
	}
	for part := range x.content.parts {
		if !w.content.has(part) {
			return false
		}
	}
	for part := range w.content.parts {
		if x.content.has(part) {
			continue
		}
		for _, y := range m.byID[x.Item] {
			if y.Unit == x.Unit && y.content.has(part) && covers(x, y) {
				return false
			}
		}
	}
	return true
}

func (m *Model) describe(it Item, here bool, unit string) string {
	if !here {
		return "nothing of it"
	}
	if it.Gone {
		return "the tombstone " + it.Units[engine.Life].String()
	}
	return it.Units[unit].String()
}

// Story tells how an item came to be what it is, for a failing test.
func (m *Model) Story(id engine.ItemID) string {
	var b strings.Builder
	for _, f := range m.byID[id] {
		if f.by == "" {
			continue
		}
		var seen []string
		for _, s := range m.byID[id] {
			if f.seen.has(s.at) {
				seen = append(seen, s.Unit+"@"+s.Version.String())
			}
		}
		slices.Sort(seen)
		fmt.Fprintf(&b, "  %s %s@%s %v after %v\n", f.by, f.Unit, f.Version, f.content, seen)
	}
	return b.String()
}

// revived reports whether somebody who knew of a deletion let the item live on. Of
// equal contents any version may stand for that.
func (m *Model) revived(d *fact) bool {
	return slices.ContainsFunc(m.byID[d.Item], func(f *fact) bool {
		return f.by != "" && f.Unit == engine.Life && !f.content.Gone && covers(f, d)
	})
}

// Dead says which deletion an item's living changes don't survive: one that was
// made with all of them in view, and that nobody who made any of them knew of. It
// is empty when there is none.
func (m *Model) Dead(id engine.ItemID, living []Change) string {
	for _, d := range m.byID[id] {
		if d.by == "" || !d.content.Gone || m.revived(d) {
			continue
		}
		all := true
		for _, c := range living {
			all = all && m.Covers(d.Change, c)
		}
		if all {
			return fmt.Sprintf("%s deleted it in %s, having seen all of it", d.by, d.Version)
		}
	}
	return ""
}
