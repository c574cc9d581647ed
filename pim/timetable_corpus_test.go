package pim

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cradle/pim/recur"
)

// TestCorpusTimetables reads when every entry of the corpus happens, and renders every object:
// few parts may be left out, no zone that a file defines, occurrences come in order, and a window
// around the first holds it.
func TestCorpusTimetables(t *testing.T) {
	ctx := context.Background()
	entries, dated, repeated, problems := 0, 0, 0, 0
	for _, f := range corpusFiles(t) {
		r := Read(f.data)
		for _, o := range r.Objects {
			k := o.Kind
			k.Describe(o.Text, time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), time.UTC)
			if k == Contacts {
				continue
			}
			tab, err := k.Timetable(o.Text)
			if err != nil {
				t.Errorf("%s: %v", f.name, err)
				continue
			}
			entries++
			problems += len(tab.Problems)
			for _, p := range tab.Problems {
				t.Logf("%s: %s", f.name, p)
			}
			if !tab.Dated() {
				continue
			}
			dated++
			list, err := tab.Next(ctx, time.Time{}, 50, nil)
			if err != nil && !errors.Is(err, recur.ErrRule) {
				t.Errorf("%s: %v", f.name, err)
			}
			if len(list) > 1 {
				repeated++
			}
			for i := range list {
				if i > 0 && list[i].Start.Before(list[i-1].Start) || list[i].End.Before(list[i].Start) {
					t.Errorf("%s: %v to %v after %v", f.name, list[i].Start, list[i].End, list[max(i-1, 0)].Start)
				}
				in, err := tab.Series.Overlaps(ctx, list[i].Start, list[i].Start.Add(time.Second), nil)
				if !in || err != nil {
					t.Errorf("%s: a window on %v has nothing: %v", f.name, list[i].Start, err)
				}
			}
			if len(list) == 0 && !tab.Cancelled && !strings.Contains(string(o.Text), "CANCELLED") {
				t.Errorf("%s: dated, and never happens", f.name)
			}
		}
	}
	t.Logf("%d entries, %d with a time, %d repeated, %d parts left out", entries, dated, repeated, problems)
	if dated < 300 || repeated < 50 || problems > 25 {
		t.Errorf("%d entries, %d with a time, %d repeated, %d parts left out", entries, dated, repeated, problems)
	}
}
