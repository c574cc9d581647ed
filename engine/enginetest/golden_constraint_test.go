package enginetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

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
