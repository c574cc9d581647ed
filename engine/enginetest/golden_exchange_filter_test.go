package enginetest_test

import (
	"context"
	"testing"
	"time"

	"cradle/engine"
)

// filtered exchanges between two stores, the second of which holds what the filter
// says, and wants the numbers of changes sent and of items that left it.
func (c *cast) filtered(from, to string, f engine.Filter, there, back, left int, opt ...engine.ExchangeOptions) {
	c.t.Helper()
	o := plain
	if len(opt) > 0 {
		o = opt[0]
	}
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }
	}
	o.FiltersB = map[string]engine.Filter{scope: f}
	x, err := engine.Exchange(context.Background(), c.stores[from].Full(), c.stores[to].Full(), []string{scope}, o)
	if err != nil {
		c.t.Fatal(err)
	}
	got := [3]int{x.ToB[scope].Sent, 0, x.ToB[scope].Moves.Left}
	if t := x.ToA[scope]; t != nil {
		got[1] = t.Sent
	}
	if want := [3]int{there, back, left}; got != want {
		c.t.Errorf("%s -> %s: sent %d, back %d, left %d; want %d, %d, %d", from, to, got[0], got[1], got[2], there, back, left)
	}
}

func hourOf(h int) engine.ExchangeOptions {
	o := plain
	o.Now = func() time.Time { return time.Date(2026, 1, 1, h, 0, 0, 0, time.UTC) }
	return o
}

// lacks wants a store to know nothing of items, but that it changed them itself never:
// of what it never held that is true.
func (c *cast) lacks(who string, items ...byte) {
	c.t.Helper()
	rep, err := c.stores[who].Replica(context.Background(), scope)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, i := range items {
		for _, r := range rep.Knowledge.Replicas() {
			if r != rep.ID && rep.Knowledge.Contains(item(i), engine.Life, engine.Version{Replica: r, Tick: 1}) {
				c.t.Errorf("%s knows something of item %d: %v", who, i, rep.Knowledge)
			}
		}
	}
}

// G23 between full participants: what leaves the window leaves the replica, without a
// tombstone and without being known any more; it comes back by an edit and with time,
// changes of the replica's own included; a deletion there is real.
func TestG23FilteredReplica(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "a1")
	c.edit("A", 2, "b2")
	c.edit("A", 3, "c3") // out at hour 0
	c.filtered("A", "B", inWindow, 2, 0, 0)
	c.names("1=a1 2=b2", "B")
	c.lacks("B", 3)
	commits := c.stores["A"].Commits + c.stores["B"].Commits
	c.filtered("A", "B", inWindow, 0, 0, 0)
	if n := c.stores["A"].Commits + c.stores["B"].Commits; n != commits {
		t.Errorf("with nothing new it committed %d times, want never", n-commits)
	}

	c.edit("A", 1, "a3")
	c.filtered("A", "B", inWindow, 0, 0, 1)
	c.names("2=b2", "B")
	c.names("1=a3 2=b2 3=c3", "A")
	c.lacks("B", 1, 3)
	c.filtered("A", "B", inWindow, 0, 0, 0)
	c.edit("A", 1, "a4")
	c.filtered("A", "B", inWindow, 1, 0, 0)
	c.names("1=a4 2=b2", "B")

	c.edit("B", 2, "b6") // outside, by B's own edit: A hears of it before it leaves
	c.filtered("A", "B", inWindow, 0, 1, 0)
	c.names("1=a4 2=b6", "B")
	c.filtered("A", "B", inWindow, 0, 0, 1)
	c.names("1=a4", "B")
	c.edit("B", 9, "z1") // raises B's tick: it must not claim its own b6 with that
	c.names("1=a4 2=b6 3=c3", "A")
	c.lacks("B", 2, 3)
	if rep, _ := c.stores["B"].Replica(context.Background(), scope); !rep.Knowledge.Project(item(2), item(2)).IsZero() {
		t.Errorf("B claims its own change of what left: %v", rep.Knowledge)
	}

	c.filtered("A", "B", inWindow, 2, 1, 1, hourOf(1)) // a4 is out, b6 and c3 are in
	c.names("2=b6 3=c3 9=z1", "B")
	c.filtered("A", "B", inWindow, 0, 0, 1, hourOf(1)) // z1 is known to A now
	c.names("2=b6 3=c3", "B")
	c.edit("B", 3, "")
	c.filtered("A", "B", inWindow, 0, 1, 0, hourOf(1))
	c.names("1=a4 2=b6 9=z1", "A")

	c.filtered("A", "B", engine.Filter{}, 2, 0, 0)
	c.names("1=a4 2=b6 9=z1", "A", "B")
	rep, _ := c.stores["A"].Replica(context.Background(), scope)
	if own, _ := c.stores["B"].Replica(context.Background(), scope); !own.Knowledge.Equal(rep.Knowledge) || own.Knowledge.Exceptions() > 0 {
		t.Errorf("without a filter B knows %v, A %v", own.Knowledge, rep.Knowledge)
	}
}

// Who has an older form of what left doesn't put it there again, and who meets the
// filtered replica learns nothing of what it doesn't hold.
func TestG23OlderFormsAndThirdParties(t *testing.T) {
	c := actors(t, "ABC")
	c.edit("A", 1, "a1")
	c.edit("A", 3, "c3")
	c.sync("A", "C", plain, 2, 0, 0)
	c.filtered("A", "B", inWindow, 1, 0, 0)
	c.edit("A", 1, "a6")
	c.edit("A", 2, "b2")
	c.filtered("A", "B", inWindow, 1, 0, 1)
	c.filtered("C", "B", inWindow, 1, 1, 0) // a1 is offered and not taken
	c.names("2=b2", "B")
	c.names("1=a1 2=b2 3=c3", "C")
	c.filtered("C", "B", inWindow, 1, 0, 0)
	c.names("2=b2", "B")
	c.sync("A", "C", plain, 1, 0, 0) // B taught C of b2 alone
	c.names("1=a6 2=b2 3=c3", "A", "C")
	c.filtered("C", "B", inWindow, 0, 0, 0)
	c.edit("C", 1, "a7")
	c.filtered("C", "B", inWindow, 1, 0, 0)
	c.names("1=a7 2=b2", "B")
}

// An item that the replica changed, unknown to the source, doesn't leave by the
// source's older form of it.
func TestG23ChangedOnesStay(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "a1")
	c.filtered("A", "B", inWindow, 1, 0, 0)
	c.edit("A", 1, "a3")
	c.edit("B", 1, "b5") // later: it wins
	o := hourOf(0)
	o.Direction = engine.OnlyAB
	c.filtered("A", "B", inWindow, 0, 0, 0, o)
	c.names("1=b5", "B")
	c.filtered("A", "B", inWindow, 0, 1, 0)
	c.names("1=b5", "A", "B")
}

// Batches of one item, each cut off after it, come to the same.
func TestG23Batches(t *testing.T) {
	c := actors(t, "AB")
	for i, name := range []string{"a1", "b3", "c2", "d6", "e4", "f9"} {
		c.edit("A", byte(i+1), name)
	}
	o := hourOf(0)
	o.BatchSize = 1
	c.filtered("A", "B", inWindow, 3, 0, 0, o)
	c.names("1=a1 3=c2 5=e4", "B")
	c.lacks("B", 2, 4, 6)
	c.edit("A", 3, "c3")
	c.edit("A", 4, "d5")
	c.filtered("A", "B", inWindow, 1, 0, 1, o)
	c.names("1=a1 4=d5 5=e4", "B")
	c.filtered("A", "B", engine.Filter{}, 3, 0, 0, o)
	c.names("1=a1 2=b3 3=c3 4=d5 5=e4 6=f9", "A", "B")
}

// Forgotten deletions are caught up with once, also by a replica that doesn't hold all.
func TestG23Forgotten(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "a1")
	c.edit("A", 2, "b2")
	c.edit("A", 3, "c3")
	c.filtered("A", "B", inWindow, 2, 0, 0)
	c.edit("A", 2, "")
	c.stores["A"].ForgetTombstones(scope)
	c.filtered("A", "B", inWindow, 0, 0, 0)
	c.names("1=a1", "B")
	o := hourOf(0)
	o.FiltersB = map[string]engine.Filter{scope: inWindow}
	x, err := engine.Exchange(context.Background(), c.stores["A"].Full(), c.stores["B"].Full(), []string{scope}, o)
	if err != nil || x.ToB[scope].Recovered {
		t.Errorf("the second time: recovered %v, %v, want not", x.ToB[scope].Recovered, err)
	}
	c.lacks("B", 3)
}

// G22 between full participants: without a unit the others go over; the replica's
// knowledge of that unit stays behind, and lifting the filter sends exactly that.
func TestG22FilteredReplica(t *testing.T) {
	c := actors(t, "ABC")
	without := engine.Filter{Without: []string{"note"}}
	c.edit("A", 1, "a1")
	c.note("A", 1, "n1")
	c.filtered("A", "B", without, 1, 0, 0)
	c.names("1=a1", "B")
	c.note("A", 1, "n2")
	c.filtered("A", "B", without, 0, 0, 0)
	commits := c.stores["B"].Commits
	c.filtered("A", "B", without, 0, 0, 0)
	if n := c.stores["B"].Commits - commits; n > 0 {
		t.Errorf("with nothing new B committed %d times, want never", n)
	}
	c.edit("B", 1, "b2")
	c.filtered("A", "B", without, 0, 1, 0)
	c.names("1=b2/n2", "A")
	c.sync("B", "C", plain, 1, 0, 0)
	c.names("1=b2", "C")
	c.sync("A", "C", plain, 1, 0, 0) // the note, which B couldn't teach
	c.names("1=b2/n2", "C")
	c.filtered("A", "B", engine.Filter{}, 1, 0, 0)
	c.names("1=b2/n2", "A", "B")
	rep, _ := c.stores["B"].Replica(context.Background(), scope)
	if rep.Knowledge.Exceptions() > 0 {
		t.Errorf("B knows %v", rep.Knowledge)
	}

	c.filtered("A", "B", without, 0, 0, 0)
	c.note("A", 1, "n3")
	c.edit("B", 1, "") // what B wasn't given doesn't keep the item
	c.filtered("A", "B", without, 0, 1, 0)
	c.names("", "A", "B")
}

// A preview says what would leave, and nothing does.
func TestFilterPreview(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "a1")
	c.sync("A", "B", plain, 1, 0, 0)
	o := hourOf(1) // a1 is out
	o.Preview = true
	c.filtered("A", "B", inWindow, 0, 0, 1, o)
	c.names("1=a1", "A", "B")
	c.filtered("A", "B", inWindow, 0, 0, 1, hourOf(1))
	c.names("", "B")
}
