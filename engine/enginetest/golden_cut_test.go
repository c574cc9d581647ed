package enginetest_test

import (
	"context"
	"errors"
	"testing"

	"cradle/engine"
)

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
