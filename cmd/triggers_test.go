package cmd

import (
	"testing"
	"time"
)

func TestNextTimer(t *testing.T) {
	for _, c := range []struct {
		name, out string
		want      time.Time
	}{
		{"the earlier of two", `[{"next":1790000000000000,"left":1,"last":0,"unit":"cradle-sync.timer"},{"next":1780000000000000,"unit":"cradle-idle.timer"}]`, time.Unix(1780000000, 0)},
		{"one that never comes", `[{"next":0,"unit":"a"},{"next":null,"unit":"b"},{"unit":"c"}]`, time.Time{}},
		{"none", `[]`, time.Time{}},
		{"no document", `Failed to connect to bus`, time.Time{}},
	} {
		if got := nextTimer([]byte(c.out)); !got.Equal(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
