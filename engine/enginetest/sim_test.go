package enginetest_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/enginetest/model"
)

var (
	simSeeds = flag.Uint64("sim", 500, "simulations to run")
	simSeed  = flag.Uint64("simseed", 0, "run this simulation alone and print its trace")
	simFrom  = flag.Uint64("simfrom", 0, "the seed to begin after")
	simTwice = flag.Uint64("simtwice", 1, "of so many seeds one is run twice")
	simTime  = flag.Duration("simtime", 0, "stop after this time; 0: run all seeds")
)

// sim is a world of two to five participants of all kinds that anything may happen
// to: full ones, some of them behind a pipe, simple ones and phones, each meeting
// only some of the others. One seed gives one trace: nothing in it depends on the
// time or on the order of a map.
type sim struct {
	*world // the phones, and what became of what people typed
	nodes  []*node
	images []*node // backups
	model  *model.Model
	bad    map[engine.ItemID]bool // items that some replica can't save for now
	old    []recorded             // batches that were delivered before
	faults bool
	forgot bool
	// forgotten is all deletions that anybody ever forgot.
	forgotten engine.Knowledge
	twice     map[engine.ReplicaID]bool // IDs of replicas that were copied or restored
	// interrupted: a write of a simple participant had no known end.
	interrupted bool
	twins       map[string]bool       // values of objects that were hidden: they may be there twice
	buried      map[model.Change]bool // deleted on a phone where a deletion stood already
	logged      map[string]bool       // values that were in the log of a simple participant
	agreed      map[model.Change]bool // a phone's user went from it, or from what came of it, to what the computer had
	leftOut     map[string]bool       // units that a filter left out of a phone
	calm        bool                  // it settles: nothing more happens
}

type recorded struct {
	to    string
	batch *engine.Batch
}

type simFailure struct{ string }

func (s *sim) fail(format string, args ...any) {
	panic(simFailure{fmt.Sprintf(format, args...)})
}

func newSim(seed uint64) *sim {
	w := &world{r: rand.New(rand.NewPCG(seed, 11)), now: startDay, held: map[string]fate{}, item: map[string]string{}, backup: map[string]any{}}
	s := &sim{world: w, model: model.New(), bad: map[engine.ItemID]bool{}, twice: map[engine.ReplicaID]bool{}, twins: map[string]bool{}, logged: map[string]bool{}, leftOut: map[string]bool{}, agreed: map[model.Change]bool{}, buried: map[model.Change]bool{}}
	phones := max(0, s.r.IntN(5)-2)
	for range 2 + s.r.IntN(4-phones) {
		s.nodes = append(s.nodes, s.newNode())
	}
	// Each one meets one before it, so that there is a way from anyone to anyone.
	for i := 1; i < len(s.nodes); i++ {
		s.meet(s.nodes[i], s.nodes[s.r.IntN(i)])
	}
	for range s.r.IntN(len(s.nodes)) {
		a, b := s.nodes[s.r.IntN(len(s.nodes))], s.nodes[s.r.IntN(len(s.nodes))]
		s.meet(a, b)
	}
	for j := range phones {
		w.phones = append(w.phones, NewMemPhone([]string{"P1", "P2"}[j], Toy{scope}, &w.clock))
	}
	if phones > 0 && s.r.IntN(3) == 0 {
		w.sieves = newSieves(w)
	}
	s.faults = s.r.IntN(4) > 0
	return s
}

func (s *sim) meet(a, b *node) {
	if a != b && !slices.Contains(a.peers, b) {
		a.peers, b.peers = append(a.peers, b), append(b.peers, a)
	}
}

func (s *sim) clockTime() time.Time { return time.UnixMilli(s.now) }

// simulate runs one seed; what it returns besides the trace is what went wrong.
func simulate(seed uint64) (trace []string, failure string) {
	s := newSim(seed)
	defer func() {
		switch e := recover().(type) {
		case nil:
		case simFailure:
			trace, failure = s.trace, e.string
		default:
			panic(e)
		}
	}()
	s.describe()
	for range 3 + s.r.IntN(30) {
		s.step()
	}
	s.finish()
	return s.trace, ""
}

func (s *sim) describe() {
	for _, n := range s.nodes {
		names := ""
		for _, p := range n.peers {
			names += p.name
		}
		kind := "full"
		switch {
		case n.piped:
			kind = "full behind a pipe"
		case n.anchored:
			kind = "simple by anchor"
		case n.isSimple():
			kind = "simple by enumeration"
		}
		s.logf("%s is %s and meets %s", n.name, kind, names)
	}
	s.logf("%d phones, filters %t", len(s.phones), s.sieves != nil)
}

// TestSimulation runs seeds twice each: the same seed has to give the same trace.
func TestSimulation(t *testing.T) {
	if *simSeed != 0 {
		trace, failure := simulate(*simSeed)
		t.Log(strings.Join(trace, "\n"))
		if failure != "" {
			t.Fatal(failure)
		}
		return
	}
	begin := time.Now()
	seeds := make(chan uint64)
	var done, failures atomic.Uint64
	go func() {
		defer close(seeds)
		for seed := *simFrom + 1; seed <= *simFrom+*simSeeds && failures.Load() < 100 && (*simTime == 0 || time.Since(begin) < *simTime); seed++ {
			seeds <- seed
		}
	}()
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for seed := range seeds {
				trace, failure := simulate(seed)
				again, failed := trace, failure
				if seed%*simTwice == 0 {
					again, failed = simulate(seed)
				}
				if at := differ(trace, again); at >= 0 || failure != failed {
					t.Errorf("seed %d is not deterministic: step %d; %q and %q", seed, at, failure, failed)
				}
				if failure != "" {
					if failures.Add(1) == 1 {
						t.Log(strings.Join(trace, "\n"))
					}
					t.Errorf("seed %d: %s", seed, failure)
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	t.Logf("%d simulations, the seeds from %d on, %d of them failed", done.Load(), *simFrom+1, failures.Load())
}

// differ is the first step in which two traces differ, or -1.
func differ(a, b []string) int {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return i
		}
	}
	return -1
}
