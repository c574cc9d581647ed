package enginetest_test

import (
	"fmt"
	"testing"
)

// TestHistoriesNamed: histories that failed once, by what was wrong.
func TestHistoriesNamed(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind history
		seed uint64
	}{
		{"a deletion that saw all of a ghost", filteredHistory(true), 47134},
		{"a deletion on a phone that was restored to before a conflict", filteredHistory(true), 11707},
		{"the same, of a merged list", filteredHistory(true), 51858},
		{"an item that is back without a part", filteredHistory(true), 46482},
		{"a value that two computers versioned apart, on two phones", filteredHistory(true), 23221},
		{"the same, after a wipe, and a filter took it off", filteredHistory(true), 48139},
	} {
		t.Run(fmt.Sprintf("%s, %d", tt.name, tt.seed), func(t *testing.T) {
			if p := tt.kind.play(tt.seed, nil); p.failure != "" {
				t.Error(p.failure)
			}
		})
	}
}
