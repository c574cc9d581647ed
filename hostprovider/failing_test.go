package hostprovider

import (
	"context"
	"path/filepath"
	"testing"

	"cradle/engine"
)

func TestFailing(t *testing.T) {
	ctx := context.Background()
	s := openAt(t, filepath.Join(t.TempDir(), "s.db"), Options{Create: true})
	peer := engine.PeerID{1}
	a := Failing{"contacts", "", "a.vcf", engine.ToPhone}
	b := Failing{"events", "x", "b.ics", engine.ToStore}
	kinds := []string{"contacts", "events"}
	for _, c := range []struct {
		name  string
		kinds []string
		run   int64
		now   []Failing
		want  map[Failing]int64
	}{
		{"before any run", kinds, 0, []Failing{a}, map[Failing]int64{a: 0}},
		{"another begins to fail", kinds, 3, []Failing{a, b}, map[Failing]int64{a: 0, b: 3}},
		{"both go on", kinds, 4, []Failing{a, b}, map[Failing]int64{a: 0, b: 3}},
		{"a run of one kind leaves the other", []string{"contacts"}, 5, nil, map[Failing]int64{}},
		{"one began again", kinds, 6, []Failing{a, b}, map[Failing]int64{a: 6, b: 3}},
	} {
		got, err := s.Failing(ctx, peer, c.kinds, c.run, c.now, true)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		for f, run := range c.want {
			if got[f] != run {
				t.Errorf("%s: %v since %d, want %d", c.name, f, got[f], run)
			}
		}
	}
}
