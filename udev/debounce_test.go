package udev

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDebounceModeSwitch(t *testing.T) {
	d := Debounce{Quiet: time.Second, Limit: 10 * time.Second}
	at := time.Unix(1000, 0)
	after := func(ms int) time.Time { return at.Add(time.Duration(ms) * time.Millisecond) }
	for _, ms := range []int{0, 5, 300, 900} { // remove, add, bind, change
		d.Note("1-2", after(ms))
	}
	d.Note("1-3", after(100))
	if got := d.Due(after(1000)); got != nil {
		t.Errorf("at 1.0 s: got %v, want none", got)
	}
	if next, ok := d.Next(); !ok || !next.Equal(after(1100)) {
		t.Errorf("next: got %v, want at 1.1 s", next)
	}
	if got := d.Due(after(2000)); !slices.Equal(got, []string{"1-3", "1-2"}) {
		t.Errorf("at 2.0 s: got %v, want 1-3 and 1-2", got)
	}
	if _, ok := d.Next(); ok {
		t.Error("something still waits")
	}
}

// TestDebounceLaws drives one with a fake clock and compares with what is wanted of
// each event: a look at its port within Limit, not before it was quiet unless Limit
// is over, and one look a burst.
func TestDebounceLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Debounce{Quiet: time.Second, Limit: 5 * time.Second}
		now := time.Unix(1000, 0)
		first, last := map[string]time.Time{}, map[string]time.Time{} // of bursts that wait
		look := func() {
			for _, p := range d.Due(now) {
				if _, waits := last[p]; !waits {
					t.Fatalf("%s is due and had no event", p)
				}
				quiet, limit := now.Sub(last[p]) >= d.Quiet, now.Sub(first[p]) >= d.Limit
				if !quiet && !limit {
					t.Fatalf("%s is due %v after its last event, %v after its first", p, now.Sub(last[p]), now.Sub(first[p]))
				}
				delete(first, p)
				delete(last, p)
			}
			for p := range last {
				if now.Sub(last[p]) >= d.Quiet || now.Sub(first[p]) >= d.Limit {
					t.Fatalf("%s isn't due %v after its last event, %v after its first", p, now.Sub(last[p]), now.Sub(first[p]))
				}
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 1500).Draw(t, "ms")) * time.Millisecond)
			look()
			p := rapid.SampledFrom([]string{"1-1", "1-2", "2-1.4"}).Draw(t, "port")
			d.Note(p, now)
			if _, ok := first[p]; !ok {
				first[p] = now
			}
			last[p] = now
		}
		for next, ok := d.Next(); ok; next, ok = d.Next() {
			if next.Before(now) {
				t.Fatalf("the next look is in the past: %v before %v", next, now)
			}
			now = next
			waited := len(last)
			look()
			if len(last) == waited {
				t.Fatal("nothing is due when Next said")
			}
		}
		if len(last) > 0 {
			t.Fatalf("never looked at: %v", last)
		}
	})
}
