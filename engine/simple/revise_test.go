package simple

import (
	"slices"
	"testing"

	"cradle/engine"
	"cradle/engine/enginetest"
	"cradle/engine/metastore"
	"cradle/valuebag"
)

// What becomes of the versions when an object is looked at.
func TestRevise(t *testing.T) {
	schema := enginetest.Toy{Scope: "contacts"}
	home, other := engine.ReplicaID{1}, engine.ReplicaID{2}
	s := &survey{k: &keeper{schema: schema}, rep: metastore.Replica{Replica: engine.Replica{ID: home, Tick: 9}}}
	v := func(tick uint64) engine.Version { return engine.Version{Replica: other, Tick: tick} }
	fresh := engine.Pending(home)
	meta := func(tick uint64, value *valuebag.Values) *engine.ItemMeta {
		m := &engine.ItemMeta{ID: engine.ItemID{1}, Creation: v(1), LifeVersion: v(tick), Units: engine.Describe(schema, value)}
		for i := range m.Units {
			u := &m.Units[i]
			u.Version = v(tick)
			for j := range u.Elements {
				u.Elements[j].Added = v(tick)
			}
		}
		return m
	}
	old := meta(2, enginetest.Item("u", "A", "note", "x", "y"))
	plan := meta(3, enginetest.Item("u", "B", "note", "x", "z"))
	plan.LifeVersion = v(2)
	dead := old.Tombstone(v(4), 0)
	for _, row := range []struct {
		name         string
		old, planned *engine.ItemMeta
		now          *valuebag.Values
		creation     engine.Version
		life         engine.Version
		units        map[string]engine.Version
		added        []engine.Version // of the tags, in order of their digests
	}{
		{"new", nil, nil, enginetest.Item("u", "A", ""), fresh, fresh, map[string]engine.Version{"name": fresh, "collection": fresh}, nil},
		{"one unit", old, nil, enginetest.Item("u", "A2", "note", "x", "y"), v(1), v(2),
			map[string]engine.Version{"name": fresh, "note": v(2), "tags": v(2), "collection": v(2)}, []engine.Version{v(2), v(2)}},
		{"emptied", old, nil, enginetest.Item("u", "A", "", "x", "y"), v(1), v(2),
			map[string]engine.Version{"name": v(2), "note": fresh, "tags": v(2), "collection": v(2)}, []engine.Version{v(2), v(2)}},
		{"an element more", old, nil, enginetest.Item("u", "A", "note", "x", "y", "w"), v(1), v(2),
			map[string]engine.Version{"name": v(2), "note": v(2), "tags": fresh, "collection": v(2)}, []engine.Version{v(2), v(2), fresh}},
		{"as announced", old, plan, enginetest.Item("u", "B", "note", "x", "z"), v(1), v(2),
			map[string]engine.Version{"name": v(3), "note": v(3), "tags": v(3), "collection": v(3)}, []engine.Version{v(3), v(3)}},
		{"announced, then edited", old, plan, enginetest.Item("u", "B", "mine", "x", "z"), v(1), v(2),
			map[string]engine.Version{"name": v(3), "note": fresh, "tags": v(3), "collection": v(3)}, []engine.Version{v(3), v(3)}},
		{"announced creation that lost a unit", nil, plan, enginetest.Item("u", "B", "", "x", "z"), v(1), v(2),
			map[string]engine.Version{"name": v(3), "tags": v(3), "collection": v(3)}, []engine.Version{v(3), v(3)}},
		{"back from the dead", dead, nil, enginetest.Item("u", "A", ""), v(1), fresh,
			map[string]engine.Version{"name": fresh, "note": fresh, "tags": fresh, "collection": fresh}, nil},
		{"announced re-creation", dead, plan, enginetest.Item("u", "B", "note", "x", "z"), v(1), v(2),
			map[string]engine.Version{"name": v(3), "note": v(3), "tags": v(3), "collection": v(3)}, []engine.Version{v(3), v(3)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := s.revise(engine.ItemID{1}, row.old, row.planned, engine.Describe(schema, row.now), 77)
			if m.Creation != row.creation || m.LifeVersion != row.life || m.Deleted {
				t.Errorf("creation %v, life %v, deleted %v; want %v, %v, live", m.Creation, m.LifeVersion, m.Deleted, row.creation, row.life)
			}
			if len(m.Units) != len(row.units) {
				t.Errorf("%d units, want %d", len(m.Units), len(row.units))
			}
			for _, u := range m.Units {
				if u.Version != row.units[u.Unit] {
					t.Errorf("unit %s has version %v, want %v", u.Unit, u.Version, row.units[u.Unit])
				}
				if u.Version == fresh && u.Edited != 77 && !m.LifeVersion.IsPending() {
					t.Errorf("unit %s was edited at %d, want 77", u.Unit, u.Edited)
				}
			}
			var added []engine.Version
			if u := m.Unit("tags"); u != nil {
				for _, e := range u.Elements {
					added = append(added, e.Added)
				}
			}
			// Which element is the new one is a matter of digests.
			order := func(a, b engine.Version) int { return a.Compare(b) }
			slices.SortFunc(added, order)
			slices.SortFunc(row.added, order)
			if !slices.Equal(added, row.added) {
				t.Errorf("the tags were added by %v, want %v", added, row.added)
			}
		})
	}
}

// Whether an announced write was done shows in what the object is now.
func TestDone(t *testing.T) {
	schema := enginetest.Toy{Scope: "contacts"}
	meta := func(value *valuebag.Values) engine.ItemMeta {
		return engine.ItemMeta{ID: engine.ItemID{1}, Units: engine.Describe(schema, value)}
	}
	old, next := enginetest.Item("u", "A", "note", "x"), enginetest.Item("u", "B", "other", "x")
	update := &record{meta: meta(old), key: "k", plan: &plan{meta: meta(next)}}
	for _, row := range []struct {
		name string
		r    *record
		now  *valuebag.Values
		want bool
	}{
		{"nothing announced", &record{meta: meta(old), key: "k"}, next, false},
		{"as it was", update, old, false},
		{"as announced", update, next, true},
		{"edited instead", update, enginetest.Item("u", "C", "note", "x"), false},
		{"edited alike in one unit", update, enginetest.Item("u", "B", "note", "x"), false},
		{"announced, then one unit edited", update, enginetest.Item("u", "B", "mine", "x"), true},
		{"announced, then another unit edited", update, enginetest.Item("u", "B", "other", "y"), true},
		{"all of it edited", update, enginetest.Item("u", "C", "mine", "y"), false},
		{"a creation", &record{fresh: true, plan: &plan{meta: meta(next)}}, next, true},
		{"the same UID", &record{fresh: true, plan: &plan{meta: meta(next)}}, enginetest.Item("u", "B", "", "y"), false},
		{"another object at the key of a creation", &record{fresh: true, key: "k", plan: &plan{meta: meta(next)}}, enginetest.Item("u", "C", "", "y"), true},
	} {
		if got := row.r.done(engine.Describe(schema, row.now)); got != row.want {
			t.Errorf("%s: %t, want %t", row.name, got, row.want)
		}
	}
}

func TestIsCopy(t *testing.T) {
	home, peer := engine.ReplicaID{1}, engine.ReplicaID{2}
	mark := func(tick uint64) engine.Mark { return engine.Mark{Tick: tick, ID: [16]byte{byte(tick)}} }
	rep := metastore.Replica{Replica: engine.Replica{ID: home, Tick: 5}, Given: []engine.Mark{mark(3), mark(5)}}
	knows := func(tick uint64) engine.Knowledge {
		return engine.NewKnowledge(engine.Version{Replica: home, Tick: tick})
	}
	for _, row := range []struct {
		name string
		peer engine.Replica
		want bool
	}{
		{"a stranger", engine.Replica{ID: peer}, false},
		{"up to date", engine.Replica{ID: peer, Knowledge: knows(5), Marks: map[engine.ReplicaID]engine.Mark{home: mark(5)}}, false},
		{"an older mark", engine.Replica{ID: peer, Knowledge: knows(3), Marks: map[engine.ReplicaID]engine.Mark{home: mark(3)}}, false},
		{"itself", engine.Replica{ID: home, Knowledge: knows(5)}, true},
		{"later ticks", engine.Replica{ID: peer, Knowledge: knows(6)}, true},
		{"later ticks, a known mark", engine.Replica{ID: peer, Knowledge: knows(6), Marks: map[engine.ReplicaID]engine.Mark{home: mark(5)}}, true},
		{"an unknown mark", engine.Replica{ID: peer, Knowledge: knows(4), Marks: map[engine.ReplicaID]engine.Mark{home: mark(4)}}, true},
		{"another's mark", engine.Replica{ID: peer, Marks: map[engine.ReplicaID]engine.Mark{peer: mark(4)}}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := isCopy(rep, row.peer); got != row.want {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}
