package simple_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// The program dies before and after each write, with and without UIDs, and starts
// again: everything arrives once.
func TestCrashAtEachWrite(t *testing.T) {
	both(t, func(t *testing.T, first *pair) {
		kind := places[t.Name()[strings.LastIndex(t.Name(), "/")+1:]]
		scenario := func(kill int) *pair {
			p := newPair(t, kind)
			p.fill(3)
			p.mem.put("", Item("", "anonymous", ""))
			p.sync(4, 0)
			p.edit("i0", Item("i0", "i0", "by peer"))
			p.edit("i1", nil)
			p.edit("x", Item("x", "x", "", "a"))
			for i := range 2 {
				id := engine.ItemID{0x77, byte(i)} // no UID, and an ID of the peer's own making
				p.n += 1000
				p.peer.Edit(scope, id, Item("", "nameless", ""), p.n)
			}
			p.mem.put("k003", Item("i2", "by place", ""))
			p.mem.writes, p.mem.kill = 0, kill
			return p
		}
		want := []string{"anonymous", "by place", "i0/by peer", "nameless", "nameless", "x #a"}
		whole := scenario(0)
		whole.sync(1, 5)
		whole.names(want...)
		if whole.mem.writes != 5 {
			t.Fatalf("%d writes, want 5", whole.mem.writes)
		}
		for kill := -5; kill <= 5; kill++ {
			if kill == 0 {
				continue
			}
			p := scenario(kill)
			if _, err := p.try(); !errors.Is(err, errKilled) {
				t.Fatalf("kill %d: got %v", kill, err)
			}
			p.restart()
			if x, err := p.try(); err != nil || x.ToA[scope].Conflicts+x.ToB[scope].Conflicts != 0 {
				t.Errorf("kill %d: %v, conflicts %+v %+v", kill, err, x.ToA[scope], x.ToB[scope])
			}
			p.names(want...)
			p.sync(0, 0)
			// And with an edit before the next start.
			p = scenario(kill)
			if _, err := p.try(); !errors.Is(err, errKilled) {
				t.Fatalf("kill %d: got %v", kill, err)
			}
			for _, key := range slices.Sorted(keys(p.mem.objects)) {
				v := p.mem.objects[key].Value
				if Str(v, KeyName) == "x" || Str(v, KeyName) == "i0" {
					p.mem.put(key, WithTags(v, append(Tags(v), "later")...))
				}
			}
			p.restart()
			for range 2 {
				if x, err := p.try(); err != nil || x.ToA[scope].Conflicts+x.ToB[scope].Conflicts != 0 {
					t.Errorf("kill %d, then an edit: %v, conflicts %+v %+v", kill, err, x.ToA[scope], x.ToB[scope])
				}
			}
			if n := len(p.mem.objects); n != 6 {
				t.Errorf("kill %d, then an edit: %d objects, want 6", kill, n)
			}
			p.sync(0, 0)
		}
	})
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// Deletions that were done but not committed are no mass deletion.
func TestCrashAfterDeletions(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(30)
		p.sync(30, 0)
		for i := range 30 {
			p.edit(fmt.Sprintf("i%d", i), nil)
		}
		p.mem.writes, p.mem.kill = 0, -30
		if _, err := p.try(); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		p.restart()
		if _, err := p.try(); err != nil {
			t.Fatal(err)
		}
		p.names()
		p.sync(0, 0)
	})
}
