package enginetest_test

import (
	"context"
	"errors"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// The golden scenarios of the sync model between full participants (sync-model
// §6.2). A3 is the version of replica A with tick 3; K is a replica's knowledge.
// An exchange goes from the first to the second, then back.

func TestG1FirstSyncThenNothing(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "x")
	c.edit("A", 2, "y")
	c.edit("B", 3, "z")
	c.sync("A", "B", plain, 2, 1, 0)
	c.know("{A2,B1}", "A", "B")
	c.names("1=x 2=y 3=z", "A", "B")
	commits := c.stores["A"].Commits + c.stores["B"].Commits
	c.sync("A", "B", plain, 0, 0, 0)
	if n := c.stores["A"].Commits + c.stores["B"].Commits; n != commits {
		t.Errorf("the second sync committed %d times, want never", n-commits)
	}
}

func TestG2SameUnitOnBothSides(t *testing.T) {
	start := func(t *testing.T) *cast {
		c := actors(t, "AB")
		c.edit("A", 1, "x")
		c.sync("A", "B", plain, 1, 0, 0)
		c.edit("A", 1, "xa")
		c.edit("B", 1, "xb")
		return c
	}
	t.Run("destination wins", func(t *testing.T) {
		c := start(t)
		c.sync("A", "B", destB, 1, 1, 1)
		c.know("{A2,B2}", "A", "B")
		c.names("1=xb", "A", "B")
	})
	t.Run("source wins", func(t *testing.T) {
		c := start(t)
		c.sync("A", "B", sourceA, 1, 1, 1)
		c.know("{A2,B2}", "A", "B")
		c.names("1=xa", "A", "B")
	})
	t.Run("merge", func(t *testing.T) {
		c := start(t)
		opt := plain
		opt.Resolve = func(cl engine.Clash) (engine.ConflictAction, *bag) {
			return engine.Merge, Item("u1", Str(cl.Destination, KeyName)+"+"+Str(cl.Source, KeyName), "")
		}
		c.sync("A", "B", opt, 1, 1, 1)
		c.know("{A2,B2}", "A", "B")
		c.names("1=xb+xa", "A", "B")
	})
	t.Run("transfer and defer", func(t *testing.T) {
		c := start(t)
		opt := engine.ExchangeOptions{Preset: engine.Ask, Direction: engine.OnlyAB}
		c.sync("A", "B", opt, 1, 0, 1)
		c.know("{A2,B1}+i1/name:{A1,B1}", "B")
		c.names("1=xb", "B")
		c.sync("A", "B", opt, 1, 0, 0)
		if n := len(c.stores["B"].Conflicts()); n != 1 {
			t.Errorf("the log has %d entries, want 1", n)
		}
		if got := Str(c.stores["B"].Conflicts()[0].Lost, KeyName); got != "xa" {
			t.Errorf("the log keeps %q, want the value that wasn't applied", got)
		}
		// Another policy leaves it to the person who was asked, until a side moves on:
		// then the logged conflict is over.
		c.sync("A", "B", engine.ExchangeOptions{Preset: engine.Desktop, Direction: engine.OnlyAB}, 1, 0, 0)
		c.edit("A", 1, "xc")
		c.sync("A", "B", sourceA, 1, 1, 1)
		c.names("1=xc", "A", "B")
		for _, e := range c.stores["B"].Conflicts() {
			if e.State != engine.Settled {
				t.Errorf("conflict %d is still %s", e.ID, e.State)
			}
		}
	})
	t.Run("defer", func(t *testing.T) {
		c := start(t)
		opt := engine.ExchangeOptions{Direction: engine.OnlyAB, Resolve: func(engine.Clash) (engine.ConflictAction, *bag) { return engine.Defer, nil }}
		c.sync("A", "B", opt, 1, 0, 0)
		c.know("{A2,B1}+i1/name:{A1,B1}", "B")
		if n := len(c.stores["B"].Conflicts()); n != 0 {
			t.Errorf("the log has %d entries, want none", n)
		}
	})
}

func TestG3DifferentUnits(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "x")
	c.sync("A", "B", plain, 1, 0, 0)
	c.edit("A", 1, "xa")
	c.note("B", 1, "note")
	c.sync("A", "B", plain, 1, 1, 0)
	c.know("{A2,B1}", "A", "B")
	c.names("1=xa/note", "A", "B")
}

func TestG4Loop(t *testing.T) {
	c := actors(t, "ABC")
	for n := range byte(3) {
		c.edit("A", n+1, "x")
	}
	c.sync("A", "B", plain, 3, 0, 0)
	c.sync("B", "C", plain, 3, 0, 0)
	c.sync("A", "C", plain, 0, 0, 0)
	c.know("{A3}", "A", "B", "C")
}

func TestG5ThreeWayConflict(t *testing.T) {
	c := actors(t, "ABC")
	for n := range byte(3) {
		c.edit("A", n+1, "x")
	}
	c.sync("A", "B", plain, 3, 0, 0)
	c.sync("B", "C", plain, 3, 0, 0)
	c.edit("A", 1, "fromA")
	c.edit("B", 1, "fromB")
	c.edit("C", 1, "fromC")
	c.sync("A", "B", sourceA, 1, 1, 1)
	c.sync("B", "C", sourceA, 1, 1, 1)
	c.sync("A", "C", sourceA, 0, 1, 0)
	c.sync("A", "B", sourceA, 0, 0, 0)
	c.know("{A4,B2,C2}", "A", "B", "C")
	c.names("1=fromA 2=x 3=x", "A", "B", "C")
}

func TestG5bFailingRow(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "x")
	c.sync("A", "B", plain, 1, 0, 0)
	c.edit("B", 1, "bad")
	c.edit("B", 2, "good")
	refuse := errors.New("no such name")
	c.stores["A"].Refuse = func(id engine.ItemID, v *bag) error {
		if Str(v, KeyName) == "bad" {
			return &engine.ItemError{Item: id, Reason: refuse}
		}
		return nil
	}
	for range 2 {
		x := c.exchange("A", "B", plain)
		if f := x.ToA[scope].Failed; len(f) != 1 || f[0].Item != item(1) || !errors.Is(f[0].Reason, refuse) {
			t.Fatalf("failed: %v, want item 1 once", f)
		}
		c.know("{A1,B2}+i1:{A1}", "A")
		c.names("1=x 2=good", "A")
	}
	c.stores["A"].Refuse = nil
	c.sync("A", "B", plain, 0, 1, 0)
	c.know("{A1,B2}", "A", "B")
}

func TestG6UpdateAgainstDelete(t *testing.T) {
	start := func(t *testing.T) *cast {
		c := actors(t, "AB")
		c.edit("A", 1, "x")
		c.sync("A", "B", plain, 1, 0, 0)
		c.edit("A", 1, "")
		c.edit("B", 1, "edited")
		return c
	}
	t.Run("the edit lives", func(t *testing.T) {
		c := start(t)
		c.sync("A", "B", plain, 1, 1, 1)
		c.know("{A2,B2}", "A", "B")
		c.names("1=edited", "A", "B")
	})
	t.Run("the deletion wins", func(t *testing.T) {
		c := start(t)
		opt := plain
		opt.Resolve = func(cl engine.Clash) (engine.ConflictAction, *bag) {
			if cl.Unit != engine.UnitDeleted || cl.Source != nil || Str(cl.Destination, KeyName) != "edited" {
				t.Errorf("asked about %+v", cl)
			}
			return engine.AcceptSource, nil
		}
		c.sync("A", "B", opt, 1, 1, 1)
		c.know("{A2,B2}", "A", "B")
		c.names("", "A", "B")
		if got := c.stores["B"].Conflicts(); len(got) != 1 || Str(got[0].Lost, KeyName) != "edited" {
			t.Errorf("the log has %v, want the edit", got)
		}
	})
}

func TestG7DeleteAgainstDelete(t *testing.T) {
	c := actors(t, "ABC")
	c.edit("A", 1, "x")
	c.sync("A", "B", plain, 1, 0, 0)
	c.sync("B", "C", plain, 1, 0, 0)
	c.edit("A", 1, "")
	c.edit("B", 1, "")
	c.sync("A", "B", plain, 1, 0, 0)
	c.sync("B", "C", plain, 1, 0, 0)
	c.sync("A", "C", plain, 0, 0, 0)
	c.know("{A2,B1}", "A", "B", "C")
	for _, who := range []string{"A", "B", "C"} {
		m, _ := c.stores[who].Metas(context.Background(), scope, []engine.ItemID{item(1)})
		if m[item(1)].LifeVersion.Tick != 2 {
			t.Errorf("%s keeps tombstone %s, want A2", who, m[item(1)].LifeVersion)
		}
	}
}

func TestG12Relay(t *testing.T) {
	c := actors(t, "ABC")
	c.edit("A", 1, "x")
	c.sync("A", "B", plain, 1, 0, 0)
	c.sync("B", "C", plain, 1, 0, 0)
	c.edit("C", 1, "y")
	c.sync("C", "B", plain, 1, 0, 0)
	c.sync("B", "A", plain, 1, 0, 0)
	c.sync("A", "C", plain, 0, 0, 0)
	c.know("{A1,C1}", "A", "B", "C")
}

func TestG13OppositeResolutions(t *testing.T) {
	c := actors(t, "ABC")
	c.edit("A", 1, "x")
	c.sync("A", "B", plain, 1, 0, 0)
	c.sync("A", "C", plain, 1, 0, 0)
	c.edit("A", 1, "a")
	c.sync("A", "C", plain, 1, 0, 0)
	c.edit("B", 1, "b")
	oneWay := engine.ExchangeOptions{Preset: engine.Desktop, Direction: engine.OnlyAB}
	c.sync("B", "A", oneWay, 1, 0, 1) // A takes b, as A3
	c.sync("C", "B", oneWay, 1, 0, 1) // B takes a, as B2
	c.names("1=b", "A")
	c.names("1=a", "B")
	c.sync("A", "B", sourceA, 1, 1, 1) // and again, settled by the order of resolutions
	c.sync("B", "C", plain, 1, 0, 0)
	c.sync("A", "C", plain, 0, 0, 0)
	c.names("1=b", "A", "B", "C")
	c.know("{A3,B3}", "A", "B", "C")
}

func TestG14EqualContents(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "x")
	c.sync("A", "B", plain, 1, 0, 0)
	c.edit("A", 1, "same")
	c.edit("B", 1, "same")
	c.sync("A", "B", plain, 1, 0, 0)
	c.know("{A2,B1}", "A", "B")
	c.sync("A", "B", plain, 0, 0, 0)
}

func TestG25CausalityBeforeClocks(t *testing.T) {
	c := actors(t, "AB")
	c.now += 86_400_000
	c.edit("A", 1, "from a clock of tomorrow")
	c.sync("A", "B", plain, 1, 0, 0)
	c.now -= 2 * 86_400_000
	c.edit("B", 1, "the successor")
	c.sync("A", "B", plain, 0, 1, 0)
	c.names("1=the successor", "A", "B")
	// Concurrent edits go by the recorded times.
	c.edit("A", 1, "earlier")
	c.edit("B", 1, "later")
	c.sync("A", "B", plain, 1, 1, 1)
	c.names("1=later", "A", "B")
}
