package enginetest_test

import (
	"context"
	"errors"
	"testing"

	"cradle/engine"
)

// A word of a Resolve that isn't known, and a merge of nothing, decide nothing: the
// conflict comes again and no side learns.
func TestResolveThatSaysNothing(t *testing.T) {
	for _, action := range []engine.ConflictAction{"whatever", engine.Merge} {
		c := actors(t, "AB")
		c.edit("A", 1, "x")
		c.sync("A", "B", plain, 1, 0, 0)
		c.edit("A", 1, "xa")
		c.edit("B", 1, "xb")
		opt := engine.ExchangeOptions{Direction: engine.OnlyAB, Resolve: func(engine.Clash) (engine.ConflictAction, *bag) { return action, nil }}
		c.sync("A", "B", opt, 1, 0, 0)
		c.names("1=xb", "B")
		c.know("{A2,B1}+i1/name:{A1,B1}", "B")
	}
}

// A local item that gives way to an incoming one comes back if that one isn't taken
// after all.
func TestItemThatGaveWayComesBack(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "same")
	c.edit("B", 2, "same")
	c.stores["B"].UniqueNames = true
	tries := 0
	c.stores["B"].Refuse = func(id engine.ItemID, v *bag) error {
		if id == item(1) {
			if tries++; tries == 2 { // once the way is free
				return &engine.ItemError{Item: id, Reason: errors.New("full")}
			}
		}
		return nil
	}
	x := c.exchange("A", "B", engine.ExchangeOptions{Direction: engine.OnlyAB, Constraint: engine.SourceWins})
	if f := x.ToB[scope].Failed; len(f) != 1 || f[0].Item != item(1) {
		t.Errorf("failed: %v, want item 1", f)
	}
	c.names("2=same", "B")
}

// Of preset both, the second item is made first: where it can't be, the item stays as
// it was and comes again.
func TestSecondItemThatIsRefused(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "x")
	c.sync("A", "B", plain, 1, 0, 0)
	c.edit("A", 1, "xa")
	c.edit("B", 1, "xb")
	c.stores["B"].Refuse = func(id engine.ItemID, v *bag) error {
		if id != item(1) {
			return &engine.ItemError{Item: id, Reason: errors.New("full")}
		}
		return nil
	}
	both := engine.ExchangeOptions{Direction: engine.OnlyAB, Preset: engine.Both}
	c.exchange("A", "B", both)
	c.know("{A2,B2}+i1:{A1,B2}", "B") // the tick that the second item was to have is spent
	m, _ := c.stores["B"].Metas(context.Background(), scope, []engine.ItemID{item(1)})
	if v := m[item(1)].Unit("name").Version; v.Tick != 1 {
		t.Errorf("the item's name is %s, want B1 as before", v)
	}
	c.stores["B"].Refuse = nil
	c.exchange("A", "B", both)
	if n := len(c.stores["B"].Live(scope)); n != 2 {
		t.Errorf("%d items, want both", n)
	}
}
