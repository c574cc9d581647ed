package enginetest_test

import (
	"testing"

	"cradle/engine"
)

// A conflict that is left open everywhere waits: those who meet meanwhile write nothing.
func TestOpenConflictAmongThree(t *testing.T) {
	c := actors(t, "ABC")
	c.edit("A", 1, "at A")
	c.edit("B", 1, "at B")
	ask := engine.ExchangeOptions{Preset: engine.Ask, Direction: engine.OnlyAB}
	plain := engine.ExchangeOptions{Direction: engine.OnlyAB}
	c.exchange("A", "B", ask)
	c.exchange("A", "C", plain)
	c.exchange("B", "A", ask)
	c.exchange("B", "C", ask)
	c.exchange("C", "B", ask)
	all := []string{"A", "B", "C"}
	for round := range 3 {
		for _, a := range all {
			for _, b := range all {
				if a == b {
					continue
				}
				commits := c.stores[b].Commits
				c.exchange(a, b, plain)
				if round > 0 && c.stores[b].Commits != commits {
					t.Errorf("round %d, %s to %s: written without news", round, a, b)
				}
			}
		}
	}
	c.names("1=at A", "A", "C")
	c.names("1=at B", "B")
	for _, who := range all {
		open := 0
		for _, e := range c.stores[who].Conflicts() {
			if e.State == engine.Waiting {
				open++
			}
		}
		if open == 0 {
			t.Errorf("%s: the conflict doesn't wait any more", who)
		}
	}
}
