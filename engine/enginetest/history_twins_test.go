package enginetest_test

import (
	"context"

	"cradle/engine"
	"cradle/valuebag"
)

// twins is what a history knows of items of which one value has two versions that were
// made apart: a session that wrote or took it ended before the phone's state said so, or
// that state was wiped, and another computer came next.
type twins struct {
	deleted map[string]bool // by first value: who deleted it had heard of only one of the two
	left    map[string]bool // a filter took it off a phone
}

// deletedTwin notes that PC i deletes an item that another store holds with a value
// under a version of which PC i has never heard, nor that one of PC i's.
func (w *world) deletedTwin(i int, id engine.ItemID, before, after *valuebag.Values) {
	if after != nil {
		return
	}
	mine, k := w.metaAt(i, id)
	for j := range w.stores {
		other, theirs := w.metaAt(j, id)
		if j == i || !other.Live() || mine == nil {
			continue
		}
		for _, u := range other.Units {
			m := mine.Unit(u.Unit)
			if m != nil && m.Digest == u.Digest && !u.Resolved && !m.Resolved && !k.Contains(id, u.Unit, u.Version) && !theirs.Contains(id, u.Unit, m.Version) {
				w.twins.note(&w.twins.deleted, w.item[values(before)[0]])
			}
		}
	}
}

func (w *world) metaAt(i int, id engine.ItemID) (*engine.ItemMeta, engine.Knowledge) {
	rep, err := w.stores[i].Replica(context.Background(), scope)
	if err != nil {
		w.fail("%v", err)
	}
	m, err := w.stores[i].Metas(context.Background(), scope, []engine.ItemID{id})
	if err != nil {
		w.fail("%v", err)
	}
	return m[id], rep.Knowledge
}

func (t *twins) note(set *map[string]bool, first string) {
	if *set == nil {
		*set = map[string]bool{}
	}
	(*set)[first] = true
}

// leftWithFilter notes which items a filter took off a phone.
func (w *world) leftWithFilter(ghosts []engine.Ghost) {
	for _, s := range w.stores {
		live := s.Live(scope)
		for _, g := range ghosts {
			if vals := values(live[g.ID]); len(vals) > 0 {
				w.twins.note(&w.twins.left, w.item[vals[0]])
			}
		}
	}
}

// madeTwice reports whether a deletion couldn't know that it was one of the other form of
// an item too. On the phone where both were made the view tells, as long as the item lies
// there; from another phone, or where a filter took it off, nothing does, and an edit beats
// a deletion.
func (w *world) madeTwice(first string) bool {
	return w.twins.deleted[first] && (len(w.phones) > 1 || w.twins.left[first])
}
