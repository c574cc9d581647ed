package enginetest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// cutAfter is a context that is cancelled once n batches were applied.
func cutAfter(n int, opt *engine.ExchangeOptions) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	opt.Progress = func(p engine.ExchangeProgress) {
		if p.Stage == "apply" {
			if n--; n == 0 {
				cancel()
			}
		}
	}
	return ctx
}

func TestG8CutInTheMiddle(t *testing.T) {
	c := actors(t, "AB")
	for n := range byte(6) {
		c.edit("A", n+1, "x")
	}
	opt := engine.ExchangeOptions{BatchSize: 2}
	ctx := cutAfter(2, &opt)
	_, err := engine.Exchange(ctx, c.stores["A"].Full(), c.stores["B"].Full(), []string{scope}, opt)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("the session ended with %v", err)
	}
	c.names("1=x 2=x 3=x 4=x", "B")
	c.know("{}+[i0,i4]:{A6}", "B")
	c.edit("B", 2, "y")
	c.know("{B1}+[i0,i4]:{A6,B1}", "B")
	c.sync("A", "B", plain, 2, 1, 0)
	c.know("{A6,B1}", "A", "B")
}

func TestG8bTwoOrderedBatches(t *testing.T) {
	c := actors(t, "AB")
	for n := range byte(6) {
		c.edit("A", n+1, "x")
	}
	opt := engine.ExchangeOptions{BatchSize: 3, Direction: engine.OnlyAB}
	batch := 0
	opt.Progress = func(p engine.ExchangeProgress) {
		if p.Stage == "apply" {
			if batch++; batch == 1 {
				c.edit("A", 2, "later")
			}
		}
	}
	c.sync("A", "B", opt, 6, 0, 0)
	c.know("{A7}+[i0,i3]:{A6}", "B")
	c.sync("A", "B", plain, 1, 0, 0)
	c.know("{A7}", "A", "B")
	c.names("1=x 2=later 3=x 4=x 5=x 6=x", "B")
}

func TestG9OneBadItem(t *testing.T) {
	c := actors(t, "AB")
	for n := range byte(4) {
		c.edit("A", n+1, "x")
	}
	c.stores["B"].Refuse = func(id engine.ItemID, v *bag) error {
		if id == item(3) {
			return &engine.ItemError{Item: id, Reason: errors.New("bad")}
		}
		return nil
	}
	c.sync("A", "B", plain, 4, 0, 0)
	c.know("{A4}+i3:{}", "B")
	c.edit("A", 3, "y")
	c.edit("A", 5, "x")
	c.sync("A", "B", plain, 2, 0, 0)
	c.know("{A6}+i3:{}", "B")
	c.stores["B"].Refuse = nil
	c.sync("A", "B", plain, 1, 0, 0)
	c.know("{A6}", "A", "B")
	c.names("1=x 2=x 3=y 4=x 5=x", "A", "B")
}

// outdated has A delete item 1 and forget that before C heard of it.
func outdated(t *testing.T) *cast {
	c := actors(t, "ABC")
	c.edit("A", 1, "x")
	c.edit("A", 2, "y")
	c.sync("A", "B", plain, 2, 0, 0)
	c.sync("A", "C", plain, 2, 0, 0)
	c.edit("A", 1, "")
	c.sync("A", "B", plain, 1, 0, 0)
	c.stores["A"].ForgetTombstones(scope)
	return c
}

func TestG10OutOfDateReplica(t *testing.T) {
	c := outdated(t)
	c.edit("C", 9, "new")
	x := c.exchange("A", "C", plain)
	to := x.ToB[scope]
	if to.Sent != 0 || to.Dropped != 1 || !to.Recovered || x.ToA[scope].Sent != 1 {
		t.Errorf("to C: %+v, to A sent %d; want a recovery that drops 1 and sends none, and 1 to A", to, x.ToA[scope].Sent)
	}
	c.know("{A3,C1}", "A", "C")
	c.names("2=y 9=new", "A", "C")
	if m, _ := c.stores["C"].Metas(context.Background(), scope, []engine.ItemID{item(1)}); m[item(1)] != nil {
		t.Error("C keeps a tombstone of what A forgot")
	}
	if r, _ := c.stores["C"].Replica(context.Background(), scope); r.Forgotten.Tick(engine.ReplicaID(bytes.Repeat([]byte{0xa0}, 16))) != 3 {
		t.Errorf("C's forgotten knowledge is %s, want A3", r.Forgotten)
	}
	c.sync("A", "C", plain, 0, 0, 0)
}

func TestG11StaleEditOfAForgottenDelete(t *testing.T) {
	for _, tt := range []struct {
		name   string
		action engine.ConflictAction
		want   string
	}{
		{"the deletion wins", engine.AcceptDestination, "2=y"},
		{"the edit wins", engine.ByPreset, "1=stale 2=y"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := outdated(t)
			c.edit("C", 1, "stale")
			opt := engine.ExchangeOptions{Direction: engine.BThenA, Resolve: func(cl engine.Clash) (engine.ConflictAction, *bag) {
				if cl.Unit != engine.UnitDeleted {
					t.Errorf("asked about unit %s", cl.Unit)
				}
				return tt.action, nil
			}}
			x := c.exchange("A", "C", opt)
			if got := x.ToA[scope].Conflicts + x.ToB[scope].Conflicts; got != 1 {
				t.Errorf("%d conflicts, want 1", got)
			}
			c.sync("A", "B", plain, 1, 0, 0)
			c.names(tt.want, "A", "B", "C")
			c.sync("A", "C", plain, 0, 0, 0)
			c.sync("B", "C", plain, 0, 0, 0)
			if m, _ := c.stores["A"].Metas(context.Background(), scope, []engine.ItemID{item(1)}); m[item(1)].Creation.Tick != 1 {
				t.Errorf("the item's creation is %s, want A1", m[item(1)].Creation)
			}
		})
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

func TestG15SameItemCreatedTwice(t *testing.T) {
	c := actors(t, "AB")
	c.stores["A"].Edit(scope, item(1), Item("u1", "x", "1"), c.now)
	c.stores["B"].Edit(scope, item(1), Item("u1", "x", "2"), c.now)
	c.sync("A", "B", destB, 1, 1, 1)
	c.know("{A1,B2}", "A", "B")
	c.names("1=x/2", "A", "B")
}

func TestG16CollisionAndIdentity(t *testing.T) {
	start := func(t *testing.T, policy engine.ConstraintPolicy) (*cast, *engine.Exchanged) {
		c := actors(t, "ABC")
		c.edit("A", 1, "same")
		c.edit("B", 2, "same")
		c.note("B", 2, "of 2")
		c.stores["B"].UniqueNames = true
		return c, c.exchange("A", "B", engine.ExchangeOptions{Constraint: policy})
	}
	t.Run("no policy", func(t *testing.T) {
		c, x := start(t, "")
		var ce *engine.ConstraintError
		if f := x.ToB[scope].Failed; len(f) != 1 || !errors.As(f[0].Reason, &ce) || ce.Reason != engine.Collision || ce.With != item(2) {
			t.Errorf("failed: %v, want the collision", f)
		}
		c.names("2=same/of 2", "B")
	})
	t.Run("merge", func(t *testing.T) {
		c, _ := start(t, engine.MergeConstraint)
		c.names("1=same/of 2", "A", "B")
		m, _ := c.stores["A"].Metas(context.Background(), scope, []engine.ItemID{item(2)})
		if m[item(2)].MergedInto != item(1) {
			t.Errorf("item 2 at A is %+v, want a merge tombstone into 1", m[item(2)])
		}
		c.sync("A", "B", plain, 0, 0, 0)
	})
	t.Run("source wins", func(t *testing.T) {
		c, _ := start(t, engine.SourceWins)
		c.names("1=same", "A", "B")
		if log := c.stores["B"].Conflicts(); len(log) != 1 || Str(log[0].Lost, KeyNote) != "of 2" {
			t.Errorf("the log has %v, want item 2", log)
		}
	})
	t.Run("destination wins", func(t *testing.T) {
		c, _ := start(t, engine.DestinationWins)
		c.names("2=same/of 2", "A", "B")
	})
	t.Run("rename the source", func(t *testing.T) {
		c, _ := start(t, engine.RenameSource)
		c.names("1=same (2) 2=same/of 2", "A", "B")
		c.sync("A", "B", plain, 0, 0, 0)
	})
	t.Run("rename the destination", func(t *testing.T) {
		c, _ := start(t, engine.RenameDestination)
		c.names("1=same 2=same (2)/of 2", "A", "B")
	})
	// X merges 2 into 1 while Y changes 2: whether they are one item is for the
	// application to say.
	for _, tt := range []struct {
		name   string
		action engine.ConflictAction
		want   string
	}{
		{"identity: keep both", engine.ByPreset, "1=same/of 2 2=other/of 2"},
		{"identity: one item", engine.AcceptSource, "1=other/of 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := actors(t, "ABC")
			c.edit("A", 1, "same")
			c.edit("B", 2, "same")
			c.note("B", 2, "of 2")
			c.sync("B", "C", plain, 1, 0, 0)
			c.edit("C", 2, "other")
			c.note("C", 2, "of 2")
			c.stores["B"].UniqueNames = true
			c.exchange("A", "B", engine.ExchangeOptions{Constraint: engine.MergeConstraint})
			asked := 0
			x := c.exchange("B", "C", engine.ExchangeOptions{Resolve: func(cl engine.Clash) (engine.ConflictAction, *bag) {
				if cl.Unit != engine.UnitIdentity {
					return engine.AcceptDestination, nil
				}
				asked++
				return tt.action, nil
			}})
			if asked != 1 || x.ToB[scope].Conflicts == 0 {
				t.Errorf("asked %d times about the identity, %d conflicts", asked, x.ToB[scope].Conflicts)
			}
			c.names(tt.want, "B", "C")
		})
	}
}

func TestG17RestoredBackup(t *testing.T) {
	for _, tt := range []struct {
		name  string
		edits int // after the restore; 4 were lost
	}{{"fewer edits than were lost", 1}, {"more edits than were lost", 6}} {
		t.Run(tt.name, func(t *testing.T) {
			c := actors(t, "AB")
			for n := range byte(5) {
				c.edit("B", n+1, "x")
			}
			c.sync("A", "B", plain, 0, 5, 0)
			backup := c.stores["B"].Copy()
			for n := range byte(4) {
				c.edit("B", n+1, "later")
			}
			c.sync("A", "B", plain, 0, 4, 0)
			c.stores["B"] = backup
			for i := range tt.edits {
				c.edit("B", 5, fmt.Sprint("after ", i))
			}
			c.sync("A", "B", plain, 4, 1, 0)
			c.names(fmt.Sprint("1=later 2=later 3=later 4=later 5=after ", tt.edits-1), "A", "B")
			c.sync("A", "B", plain, 0, 0, 0)
		})
	}
}

func TestCopiedReplicaUsedTwice(t *testing.T) {
	c := actors(t, "AB")
	c.edit("B", 1, "x")
	c.sync("A", "B", plain, 0, 1, 0)
	c.stores["C"] = c.stores["B"].Copy()
	c.edit("B", 1, "at B")
	c.edit("C", 2, "at C")
	c.sync("A", "B", plain, 0, 1, 0)
	c.sync("A", "C", plain, 1, 1, 0)
	c.sync("B", "A", plain, 0, 1, 0)
	c.names("1=at B 2=at C", "A", "B", "C")
	c.sync("B", "C", plain, 0, 0, 0)
}

func TestTemporaryConflictIsRetried(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "child of 4")
	c.edit("A", 2, "orphan of 9")
	c.edit("A", 4, "parent")
	live := c.stores["B"]
	live.Refuse = func(id engine.ItemID, v *bag) error {
		var parent byte
		for _, form := range []string{"child of %d", "orphan of %d"} {
			if n, _ := fmt.Sscanf(Str(v, KeyName)+" ", form, &parent); n == 1 {
				break
			}
		}
		if parent != 0 && live.Live(scope)[item(parent)] == nil {
			return &engine.ConstraintError{Reason: engine.NoParent, Item: id, With: item(parent)}
		}
		return nil
	}
	x := c.exchange("A", "B", engine.ExchangeOptions{BatchSize: 2})
	c.names("1=child of 4 4=parent", "B")
	if f := x.ToB[scope].Failed; len(f) != 1 || f[0].Item != item(2) {
		t.Errorf("failed: %v, want the orphan", f)
	}
	c.know("{A3}+i2:{}", "B")
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
