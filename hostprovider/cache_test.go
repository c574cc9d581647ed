package hostprovider

import (
	"context"
	"testing"

	"cradle/engine"
)

func TestCache(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	good := engine.Place{Storage: "v1", Path: "a.vcf", Size: 10, Modified: 20, Body: engine.Digest{1}}
	bad := engine.Place{Storage: "v1", Path: "b.vcf", Size: 11, Modified: 21}
	c := s.Cache("dev")
	if c.Known(good) {
		t.Error("an empty cache knows a place")
	}
	c.Remember(good)
	c.RememberFailure(bad, "no card")
	commits := 0
	s.hook = func(string) error { commits++; return nil }
	if err := c.Flush(ctx); err != nil || commits != 1 {
		t.Fatalf("flush: %v, %d commits, want 1", err, commits)
	}
	c = s.Cache("dev")
	if !c.Known(good) {
		t.Error("what was remembered isn't known")
	}
	if why, ok := c.Failure(bad); !ok || why != "no card" || c.Known(bad) {
		t.Errorf("failure: %q %v", why, ok)
	}
	for name, p := range map[string]engine.Place{
		"another size": {Storage: "v1", Path: "a.vcf", Size: 9, Modified: 20, Body: engine.Digest{1}},
		"another time": {Storage: "v1", Path: "a.vcf", Size: 10, Modified: 22, Body: engine.Digest{1}},
		"another body": {Storage: "v1", Path: "a.vcf", Size: 10, Modified: 20, Body: engine.Digest{2}},
		"elsewhere":    {Storage: "v2", Path: "a.vcf", Size: 10, Modified: 20, Body: engine.Digest{1}},
	} {
		if c.Known(p) {
			t.Errorf("%s is taken for the same", name)
		}
	}
	if s.Cache("other").Known(good) {
		t.Error("another device knows the place")
	}
	if n := c.Note("x"); n != "" {
		t.Errorf("a note that nobody kept: %q", n)
	}
	c.KeepNote("x", "a text")
	if n := c.Note("x"); n != "a text" {
		t.Errorf("a note before it is written: %q", n)
	}
	if err := c.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if n := s.Cache("dev").Note("x"); n != "a text" {
		t.Errorf("a note: %q", n)
	}
	if n := s.Cache("other").Note("x"); n != "" {
		t.Errorf("another device's note: %q", n)
	}
	c = s.Cache("dev")
	commits = 1
	c.KeepNote("x", "a text")
	if c.Known(engine.Place{}) {
		t.Error("an empty place is known")
	}
	c.Remember(good)
	if err := c.Flush(ctx); err != nil || commits != 1 {
		t.Errorf("flush of nothing new: %v, %d commits, want none", err, commits-1)
	}
}
