package main

import "testing"

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		name string
		live uint64
		want uint64 // the heap at which it collects next
	}{
		{"nothing yet", 0, 32 << 20},
		{"a sync with nothing to do", 10 << 20, 32 << 20},
		{"more than half of enough", 24 << 20, 36 << 20},
		{"ten thousand contacts", 40 << 20, 60 << 20},
		{"a million", 4 << 30, 6 << 30},
	} {
		live := max(c.live, minHeap)
		got := live + live*uint64(percent(c.live))/100
		if got > c.want || got+live/100 < c.want { // whole per cents
			t.Errorf("%s: with %d bytes live it collects at %d, want %d", c.name, c.live, got, c.want)
		}
	}
}
