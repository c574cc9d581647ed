package enginetest_test

import (
	"testing"

	"cradle/engine"
)

// G19 between full participants: what B deletes for itself alone stays at A and doesn't
// come back to B, also when it is edited there; without that the deletion goes over.
func TestG19LocalOnlyDelete(t *testing.T) {
	start := func(t *testing.T) (*cast, engine.ExchangeOptions) {
		c := actors(t, "ABC")
		c.edit("A", 1, "x")
		c.edit("A", 2, "y")
		c.sync("A", "B", plain, 2, 0, 0)
		c.edit("B", 1, "")
		local := plain
		local.LocalDeletesB = true
		c.sync("A", "B", local, 0, 0, 0)
		c.names("1=x 2=y", "A")
		c.names("2=y", "B")
		return c, local
	}
	t.Run("stays", func(t *testing.T) {
		c, local := start(t)
		commits := c.stores["A"].Commits + c.stores["B"].Commits
		c.sync("A", "B", local, 0, 0, 0)
		if n := c.stores["A"].Commits + c.stores["B"].Commits; n != commits {
			t.Errorf("with nothing new they committed %d times, want never", n-commits)
		}
		c.edit("B", 2, "z") // other changes of B's go over, and teach nothing of the deletion
		c.edit("A", 1, "x2")
		c.sync("A", "B", local, 1, 1, 0)
		c.names("1=x2 2=z", "A")
		c.names("2=z", "B")
		c.sync("A", "C", plain, 2, 0, 0)
		c.names("1=x2 2=z", "C")
	})
	t.Run("goes over when that ends", func(t *testing.T) {
		c, _ := start(t)
		c.sync("A", "B", plain, 0, 1, 0)
		c.names("2=y", "A", "B")
		c.know("{A2,B1}", "A", "B")
	})
	t.Run("and meets an edit", func(t *testing.T) {
		c, local := start(t)
		c.edit("A", 1, "x2")
		c.sync("A", "B", local, 1, 0, 0)
		c.names("2=y", "B")
		c.sync("A", "B", plain, 1, 1, 1) // an edit beats a deletion, and is logged
		c.names("1=x2 2=y", "A", "B")
	})
	t.Run("deletions of others", func(t *testing.T) {
		c, local := start(t)
		c.edit("A", 2, "")
		c.sync("A", "B", local, 1, 0, 0)
		c.names("", "B")
	})
}
