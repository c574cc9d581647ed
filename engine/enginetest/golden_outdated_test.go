package enginetest_test

import (
	"bytes"
	"context"
	"testing"

	"cradle/engine"
)

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
