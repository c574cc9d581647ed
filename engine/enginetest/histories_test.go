package enginetest_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var (
	seeds   = flag.Uint64("seeds", 1500, "histories to run of a kind, a third of that of some")
	after   = flag.Uint64("after", 0, "begin behind this seed")
	oneSeed = flag.Uint64("seed", 0, "run this history alone, with its steps")
)

// history is a kind of histories: a world is begun, steps are made in it, and at its
// end all is settled and looked at.
type history struct {
	name        string
	begin       func(w *world, seed uint64)
	least, more int // steps: least, and less than more beside
	step        func(w *world)
	end         func(w *world)
}

// stepping makes steps of all kinds, with faults: disasters and broken sessions too.
func stepping(faults bool) func(*world) { return func(w *world) { w.step(faults) } }

// plainHistory: two computers, and a phone that may be cloned.
func plainHistory(faults bool) history {
	return history{
		name: "plain", least: 3, more: 28, step: stepping(faults),
		end: func(w *world) {
			w.settle()
			w.check()
		},
	}
}

// filteredHistory is a history with filters: they hold at the end, and once they are
// lifted it is a history as any other.
func filteredHistory(faults bool) history {
	return history{
		name: "with filters", least: 3, more: 36, step: stepping(faults),
		begin: func(w *world, _ uint64) { w.sieves = newSieves(w) },
		end: func(w *world) {
			w.settle()
			w.checkFiltered()
			w.lift()
			w.check()
		},
	}
}

func TestHistoriesWithoutFaults(t *testing.T)         { plainHistory(false).run(t, *seeds) }
func TestHistories(t *testing.T)                      { plainHistory(true).run(t, *seeds) }
func TestFilteredHistoriesWithoutFaults(t *testing.T) { filteredHistory(false).run(t, *seeds/3) }
func TestFilteredHistories(t *testing.T)              { filteredHistory(true).run(t, *seeds/3) }
func TestWithheldHistoriesWithoutFaults(t *testing.T) { withheldHistory(false).run(t, *seeds/3) }
func TestWithheldHistories(t *testing.T)              { withheldHistory(true).run(t, *seeds/3) }
func TestForgetfulHistoriesWithoutFaults(t *testing.T) {
	forgetfulHistory(false).run(t, *seeds/3)
}
func TestForgetfulHistories(t *testing.T) { forgetfulHistory(true).run(t, *seeds/3) }

func (h history) run(t *testing.T, n uint64) {
	t.Helper()
	h.each(t, n, func(*world) {})
}

// each runs n histories, or the one that -seed names. One that fails is told with the
// fewest of its steps that fail alike, and then whole.
func (h history) each(t *testing.T, n uint64, done func(*world)) {
	t.Helper()
	first := *after + 1
	if *oneSeed != 0 {
		first, n = *oneSeed, 1
	}
	for seed := first; seed < first+n; seed++ {
		p := h.play(seed, nil)
		if p.failure != "" {
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				short := h.shrink(p)
				t.Errorf("%s\n%s\nshrunk from: %s\n%s", short.failure, strings.Join(short.trace, "\n"), p.failure, strings.Join(p.trace, "\n"))
			})
			continue
		}
		if *oneSeed != 0 {
			t.Log(strings.Join(p.trace, "\n"))
		}
		done(p.world)
	}
}

// played is a history that was run to its end or failure.
type played struct {
	*world
	seed    uint64
	failure string
	steps   []int            // that were made
	drawn   map[int][]uint64 // the numbers drawn by each step, and by begin and end
}

const (
	beginning = -1
	ending    = 1 << 30
)

// play runs a history; of another one: those of its steps, each with the numbers that
// it drew there.
func (h history) play(seed uint64, of *played, steps ...int) (p *played) {
	w := newWorld(nil, seed)
	p = &played{world: w, seed: seed, steps: steps, drawn: map[int][]uint64{}}
	part := beginning
	next := func(n int) {
		p.drawn[part], part = w.tape.out, n
		w.tape.out = nil
		if of != nil {
			w.tape.in = of.drawn[n]
		}
	}
	if of != nil {
		w.tape.in = of.drawn[beginning]
	}
	defer func() {
		next(ending + 1)
		switch e := recover().(type) {
		case nil:
		case simFailure:
			p.failure = e.string
		default:
			panic(e)
		}
	}()
	w.logf("seed %d, %s", seed, h.name)
	if h.begin != nil {
		h.begin(w, seed)
	}
	n := h.least + w.r.IntN(h.more)
	if of == nil {
		for i := range n {
			p.steps = append(p.steps, i)
		}
	}
	for _, i := range p.steps {
		next(i)
		h.step(w)
	}
	next(ending)
	w.logf("-- settle")
	h.end(w)
	return p
}

// shrink leaves out what steps it can, as long as the history fails in the same way.
func (h history) shrink(p *played) *played {
	for size := len(p.steps) / 2; size > 0; {
		shorter := false
		for at := 0; at+size <= len(p.steps); {
			q := h.play(p.seed, p, slices.Delete(slices.Clone(p.steps), at, at+size)...)
			if q.failure != "" && q.failed == p.failed {
				p, shorter = q, true
			} else {
				at += size
			}
		}
		if !shorter || size > len(p.steps) {
			size /= 2
		}
	}
	return p
}

// tape gives the numbers of a generator, or those of before, and notes them.
type tape struct {
	src     rand.Source
	in, out []uint64
}

func newTape(seed uint64) *tape { return &tape{src: rand.NewPCG(seed, 7)} }

func (t *tape) Uint64() uint64 {
	var n uint64
	if len(t.in) > 0 {
		n, t.in = t.in[0], t.in[1:]
	} else {
		n = t.src.Uint64()
	}
	t.out = append(t.out, n)
	return n
}

func TestStoreWithheldHistoriesWithoutFaults(t *testing.T) {
	storeWithheldHistory(false).run(t, *seeds/3)
}
func TestStoreWithheldHistories(t *testing.T) { storeWithheldHistory(true).run(t, *seeds/3) }
