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

// Content is what a change left: a digest, or that the item is gone.
type Content struct {
	Digest engine.Digest
	Gone   bool
}

// Model knows every change that was ever made, by anybody.
type Model struct {
	facts map[Change]*fact
	byID  map[engine.ItemID][]Change // in the order made
}

type fact struct {
	by      string
	content Content
	seen    map[Change]bool // all that led to it, transitively
}

// New is a world without changes.
func New() *Model {
	return &Model{facts: map[Change]*fact{}, byID: map[engine.ItemID][]Change{}}
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
func (m *Model) Known(c Change) bool { return m.facts[c] != nil }

// Make notes a change and what its maker had before it. A version that was made
// before must mean the same: else a tick was used twice (invariants I12, I17).
func (m *Model) Make(by string, c Change, content Content, had []Change) error {
	if f := m.facts[c]; f != nil {
		if f.content != content {
			return fmt.Errorf("%s of %s/%s was made by %s as %v, and now is %v at %s", c.Version, c.Item, c.Unit, f.by, f.content, content, by)
		}
		return nil
	}
	f := &fact{by: by, content: content, seen: map[Change]bool{}}
	for _, h := range had {
		if h == c || h.Item != c.Item {
			continue
		}
		f.seen[h] = true
		if o := m.facts[h]; o != nil {
			for s := range o.seen {
				f.seen[s] = true
			}
		}
	}
	m.facts[c] = f
	m.byID[c.Item] = append(m.byID[c.Item], c)
	return nil
}

// Unmake takes back what a replica made after a tick: it was lost with the replica
// before anybody else saw it.
func (m *Model) Unmake(r engine.ReplicaID, after uint64) {
	lost := func(c Change) bool { return c.Version.Replica == r && c.Version.Tick > after }
	maps.DeleteFunc(m.facts, func(c Change, _ *fact) bool { return lost(c) })
	for id := range m.byID {
		m.byID[id] = slices.DeleteFunc(m.byID[id], lost)
	}
	for _, f := range m.facts {
		maps.DeleteFunc(f.seen, func(c Change, _ bool) bool { return lost(c) })
	}
}

// Seen lists the changes of an item that a knowledge contains.
func (m *Model) Seen(id engine.ItemID, contains func(Change) bool) []Change {
	return slices.DeleteFunc(slices.Clone(m.byID[id]), func(c Change) bool { return !contains(c) })
}

// Covers reports whether whoever made c had seen o, or c is o.
func (m *Model) Covers(c, o Change) bool {
	return c == o || m.facts[c] != nil && m.facts[c].seen[o]
}

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
		for _, c := range changes {
			if !r.Contains(c) || r.Excused != nil && r.Excused(c) || m.isAccounted(r, it, here, c, changes) {
				continue
			}
			bad = append(bad, fmt.Sprintf("%s knows %s/%s of %s and holds %s", r.Name, id.String()[:4], c.Unit, c.Version, m.describe(it, here, c.Unit)))
		}
	}
	slices.Sort(bad)
	return bad
}

func (m *Model) isAccounted(r Replica, it Item, here bool, c Change, all []Change) bool {
	unit := c.Unit
	if !here || it.Gone {
		unit = engine.Life
	}
	// A deletion made in its knowledge was forgotten, or one for which that one stood.
	forgot, dead := false, false
	for _, w := range all {
		if w.Unit == engine.Life && m.facts[w].content.Gone {
			forgot = forgot || r.Forgotten(w)
			dead = dead || r.Contains(w) && m.leadsTo(c, w, r, all)
		}
	}
	if forgot && dead {
		return true
	}
	if !here {
		return false
	}
	current := Change{c.Item, unit, it.Units[unit]}
	if m.leadsTo(c, current, r, all) {
		return true
	}
	now := m.facts[current]
	// It was deleted, and the item came back without it.
	life := Change{c.Item, engine.Life, it.Units[engine.Life]}
	for _, w := range all {
		if w.Unit == engine.Life && m.facts[w].content.Gone && r.Contains(w) && m.leadsTo(c, w, r, all) && m.leadsTo(w, life, r, all) {
			return true
		}
	}
	return now == nil && unit != engine.Life && m.Covers(life, c)
}

// leadsTo reports whether what is known leads from a change to the current one:
// each step is a change that was made in the knowledge of the last, or one of the
// same content, for which it was taken.
func (m *Model) leadsTo(c, current Change, r Replica, all []Change) bool {
	reached := map[Change]bool{c: true}
	for more := true; more; {
		more = false
		for _, w := range all {
			if reached[w] || w.Unit != c.Unit && w.Unit != current.Unit && w.Unit != engine.Life || w != current && !r.Contains(w) && !m.Covers(current, w) {
				continue
			}
			for x := range reached {
				same := x.Unit == w.Unit && m.facts[x] != nil && m.facts[x].content == m.facts[w].content
				if same || m.Covers(w, x) {
					reached[w], more = true, true
					break
				}
			}
		}
	}
	return reached[current]
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
	for _, c := range m.byID[id] {
		f := m.facts[c]
		seen := make([]string, 0, len(f.seen))
		for s := range f.seen {
			seen = append(seen, s.Unit+"@"+s.Version.String())
		}
		slices.Sort(seen)
		fmt.Fprintf(&b, "  %s %s@%s %v after %v\n", f.by, c.Unit, c.Version, f.content, seen)
	}
	return b.String()
}

// Dead says which deletion an item's living changes don't survive: one that was
// made with all of them in view, and that nobody who made any of them knew of. It
// is empty when there is none.
func (m *Model) Dead(id engine.ItemID, living []Change) string {
	for _, d := range m.byID[id] {
		if !m.facts[d].content.Gone {
			continue
		}
		all := true
		for _, c := range living {
			all = all && m.Covers(d, c)
		}
		if all {
			return fmt.Sprintf("%s deleted it in %s, having seen all of it", m.facts[d].by, d.Version)
		}
	}
	return ""
}
