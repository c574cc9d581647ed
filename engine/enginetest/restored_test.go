package enginetest_test

import (
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// TestRestoredToBefore: a phone goes back to a backup from before its first session
// with a computer, which took an edit from it since. What is deleted there then is
// the old value: the edit meets the deletion and lives.
func TestRestoredToBefore(t *testing.T) {
	for _, uid := range []string{"u-ada", ""} {
		w := newWorld(t, 1)
		const path = "personal/ada"
		w.phones[0].Edit(path, Item(uid, "Ada", ""), w.tick())
		w.sync(0, 0, -1, false)
		backup := w.phones[0].Copy("P1")
		w.phones[0].Edit(path, Item(uid, "Ada", "moved to Rome"), w.tick())
		w.sync(1, 0, -1, false)
		w.phones[0] = backup
		w.phones[0].Edit(path, nil, w.tick())
		w.sync(0, 0, -1, false)
		w.settle()
		for i, s := range w.stores {
			if all := s.Live(scope); len(all) != 1 {
				t.Errorf("uid %q: PC%d holds %d items, want the one that was edited", uid, i+1, len(all))
			}
		}
		if log := w.stores[1].Conflicts(); len(log) != 1 {
			t.Errorf("uid %q: the log of PC2 has %d conflicts, want 1", uid, len(log))
		}
	}
}

// TestRestoredUnmarked: the phone goes back to a state that a computer's session, which
// had nothing to tell it, left unmarked. What is deleted there then is the old value: the
// edit that the computer had taken since lives.
func TestRestoredUnmarked(t *testing.T) {
	w := newWorld(t, 1)
	const path = "personal/ada"
	w.sync(1, 0, -1, false)
	w.phones[0].Edit(path, Item("u-ada", "Ada", ""), w.tick())
	w.sync(0, 0, -1, false)
	backup := w.phones[0].Copy("P1")
	id := engine.ItemIDFromUID(scope, "u-ada", 1)
	w.stores[0].Edit(scope, id, Item("u-ada", "Ada", "moved to Rome"), w.tick())
	w.sync(0, 0, -1, false)
	w.sync(1, 0, -1, false)
	w.phones[0] = backup
	w.phones[0].Edit(path, nil, w.tick())
	w.sync(1, 0, 2, false)
	w.settle()
	w.holds(Item("u-ada", "Ada", "moved to Rome"))
}

// TestDeletedOnARestoredPhone: what a conflict left on the phone was seen by its user,
// unless the phone was restored to before: a deletion there is of the older form.
func TestDeletedOnARestoredPhone(t *testing.T) {
	w := newWorld(t, 1)
	w.phones[0].Edit("personal/a", Item("a", "a1", ""), w.tick())
	w.session(0, 0)
	old := w.phones[0].Copy("P1")
	w.phones[0].Edit("personal/a", Item("a", "a2", ""), w.tick())
	w.put(0, "a", "a3", "")
	w.wantMoves("in conflict", w.session(0, 0), "store +0~0-0<0 phone +0~1-0<0 conflicts 1 [name name]")
	w.phones[0] = old
	w.phones[0].Edit("personal/a", nil, w.tick())
	w.wantMoves("deleted after it was restored", w.session(0, 0), "store +0~0-0<0 phone +1~0-0<0 conflicts 1 [deleted]")
	w.wantNames(0, "a3/")
}
