package enginetest_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	exhaustTime   = flag.Duration("exhaust", 0, "search each small world as deep as this time reaches; 0: the fast depth")
	exhaustMemory = flag.Int64("exhaustmem", 8<<10, "search with so many MiB of memory at most")
)

// TestExhaustive goes through all that can happen to three replicas, breadth first
// over distinct states. In each state what a replica claims to know is held against
// the model, and everybody who then meets everybody comes to one outcome and to rest.
func TestExhaustive(t *testing.T) {
	for _, w := range []smallWorld{
		{name: "one unit", items: 1, units: []string{"name"}, fast: 3, depth: 8},
		{name: "one unit, deletions and deferred conflicts", items: 1, units: []string{"name"}, deletes: true, asks: true, fast: 3},
		{name: "two units", items: 1, units: []string{"name", "note"}, fast: 3},
		{name: "two items, deletions, cuts and failing items", items: 2, units: []string{"name"}, deletes: true, cuts: true, fast: 2},
	} {
		t.Run(w.name, func(t *testing.T) {
			depth, until := w.fast, time.Time{}
			if *exhaustTime > 0 {
				defer debug.SetGCPercent(debug.SetGCPercent(400))
				defer debug.SetMemoryLimit(debug.SetMemoryLimit(*exhaustMemory << 20))
				runtime.GC() // of the world before, which would count as memory in use
				until = time.Now().Add(*exhaustTime)
				if depth = w.depth; depth == 0 {
					depth = 1 << 10
				}
			}
			newSearch(&w, until).run(t, depth)
		})
	}
}

// search is one breadth-first search. Equal states have equal futures, so each is
// looked at once, with the history by which it was first reached.
type search struct {
	world   *smallWorld
	actions []action
	until   time.Time
	seen    [64]struct {
		sync.Mutex
		keys map[stateKey]struct{}
	}
	states  atomic.Int64
	stopped atomic.Bool
	failure atomic.Pointer[string]
}

func newSearch(w *smallWorld, until time.Time) *search {
	s := &search{world: w, actions: w.actions(), until: until}
	for i := range s.seen {
		s.seen[i].keys = map[stateKey]struct{}{}
	}
	return s
}

type stateKey [sha256.Size / 2]byte

// isNew notes a state and reports whether nobody came to it before.
func (s *search) isNew(k stateKey) bool {
	shard := &s.seen[k[0]%64]
	shard.Lock()
	defer shard.Unlock()
	if _, ok := shard.keys[k]; ok {
		return false
	}
	shard.keys[k] = struct{}{}
	s.states.Add(1)
	return true
}

func (s *search) run(t *testing.T, depth int) {
	begin := time.Now()
	var level []*smallState
	for _, st := range s.world.beginnings() {
		if s.isNew(st.key()) {
			level = append(level, st)
		}
	}
	for d := 1; d <= depth && len(level) > 0; d++ {
		before := s.states.Load()
		level = s.expand(level, d == depth)
		if f := s.failure.Load(); f != nil {
			t.Fatal(*f)
		}
		if s.stopped.Load() {
			t.Logf("depth %d in part: %d states more, %d in all, %.0f s", d, s.states.Load()-before, s.states.Load(), time.Since(begin).Seconds())
			return
		}
		t.Logf("depth %d: %d new states, %d in all, %.1f s", d, s.states.Load()-before, s.states.Load(), time.Since(begin).Seconds())
		if s.states.Load() == before {
			t.Fatal("nothing happens any more")
		}
	}
}

// expand takes every action in every state of a level and gives the states that
// are new; of the last level none are kept.
func (s *search) expand(level []*smallState, last bool) []*smallState {
	var next []*smallState
	var mu sync.Mutex
	var at atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for !s.stopped.Load() && s.failure.Load() == nil {
				i := int(at.Add(1) - 1)
				if i >= len(level) {
					return
				}
				if i%256 == 0 && s.isOver() {
					s.stopped.Store(true)
				}
				found, failure := s.successors(level[i])
				if failure != "" {
					s.failure.Store(&failure)
				}
				level[i] = nil
				if !last {
					mu.Lock()
					next = append(next, found...)
					mu.Unlock()
				}
			}
		})
	}
	workers.Wait()
	return next
}

func (s *search) isOver() bool {
	if s.until.IsZero() {
		return false
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	// What is more than that the collector needs to be able to work.
	return time.Now().After(s.until) || live[0].Value.Uint64()>>20 > uint64(*exhaustMemory)*2/3
}

func (s *search) successors(st *smallState) (found []*smallState, failure string) {
	next := st
	defer func() {
		switch e := recover().(type) {
		case nil:
		case simFailure:
			failure = e.string + "\n" + s.world.story(s.actions, next.path)
		default:
			panic(e)
		}
	}()
	for i := range s.actions {
		a := &s.actions[i]
		if a.next && !next.asked { // no conflict: every policy comes to the same
			continue
		}
		child := st.clone(byte(i))
		asked, ok := child.take(a)
		if !ok {
			continue
		}
		next = child
		next.asked = asked || a.next
		if !s.isNew(next.key()) {
			continue
		}
		next.observe(st, a)
		next.close()
		found = append(found, next)
	}
	return found, ""
}

// story is how a state came about.
func (w *smallWorld) story(actions []action, path []byte) string {
	lines := []string{w.name + ", from beginning " + fmt.Sprint(path[0])}
	for _, i := range path[1:] {
		lines = append(lines, "  "+actions[i].String())
	}
	return strings.Join(lines, "\n")
}
