package enginetest_test

import (
	"fmt"
	"testing"
)

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
