package enginetest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// The filters that a replica of these histories may have.
var partFilters = []engine.Filter{
	{},
	{Rules: []engine.Rule{{Name: RuleWindow}}},
	{Without: []string{"note"}},
	{Without: []string{"note"}, Rules: []engine.Rule{{Name: RuleWindow}}},
}

// TestFilteredExchangeHistories: replicas that hold different parts of a scope edit,
// delete, forget deletions and meet in any order, with filters that change, windows that
// move and sessions that are killed. Once all meet at rest, each holds exactly what
// its filter lets pass of what the unfiltered ones hold, which are equal; without
// filters all are equal and know the same, in one clock vector.
func TestFilteredExchangeHistories(t *testing.T) {
	n := *seeds / 2
	for seed := range n {
		if !t.Run(fmt.Sprint("seed ", seed+1), func(t *testing.T) { filteredExchange(t, uint64(seed+1)) }) {
			return
		}
	}
}

type parts struct {
	*cast
	r       *rand.Rand
	trace   []string
	names   []string
	filters map[string]engine.Filter
	hour    int
	forget  bool
}

func (p *parts) fail(format string, args ...any) {
	p.t.Helper()
	for _, line := range p.trace {
		p.t.Log(line)
	}
	p.t.Fatalf(format, args...)
}

func (p *parts) log(format string, args ...any) {
	p.trace = append(p.trace, fmt.Sprintf(format, args...))
}

func (p *parts) meet(a, b string, cut int) bool {
	o := engine.ExchangeOptions{
		BatchSize: 1 + p.r.IntN(4), Now: func() time.Time { return time.Date(2026, 1, 1, p.hour, 0, 0, 0, time.UTC) },
		FiltersA: map[string]engine.Filter{scope: p.filters[a]}, FiltersB: map[string]engine.Filter{scope: p.filters[b]},
	}
	count := 0
	for _, who := range []string{a, b} {
		p.stores[who].Crash = func() bool { count++; return count == cut }
	}
	x, err := engine.Exchange(context.Background(), p.stores[a].Full(), p.stores[b].Full(), []string{scope}, o)
	for _, who := range []string{a, b} {
		p.stores[who].Crash = nil
	}
	if err != nil && cut == 0 {
		p.fail("%s and %s: %v", a, b, err)
	}
	moved := false
	for _, tr := range []*engine.Transfer{x.ToA[scope], x.ToB[scope]} {
		if tr != nil {
			moved = moved || tr.Moves.Total() > 0 || tr.Conflicts > 0
		}
	}
	p.log("%s and %s at %d, cut %d: %v %v", a, b, p.hour, cut, x.ToA[scope], x.ToB[scope])
	return moved
}

func (p *parts) rest() {
	for range 12 {
		moved := false
		for i, a := range p.names {
			for _, b := range p.names[i+1:] {
				moved = p.meet(a, b, 0) || moved
			}
		}
		if !moved {
			return
		}
	}
	p.fail("it never comes to rest")
}

// shown are a store's items, those that f keeps out and the units that it leaves out
// aside.
func (p *parts) shown(who string, f engine.Filter) []string {
	var out []string
	for _, v := range p.stores[who].Live(scope) {
		if len(f.Rules) > 0 && !(Toy{}).Passes(v, RuleWindow, nil, time.Date(2026, 1, 1, p.hour, 0, 0, 0, time.UTC)) {
			continue
		}
		note := Str(v, KeyNote)
		if len(f.Without) > 0 {
			note = "" // what it has of it may be old
		}
		out = append(out, Str(v, KeyUID)+"="+Str(v, KeyName)+"/"+note)
	}
	slices.Sort(out)
	return out
}

func (p *parts) step() {
	who := p.names[p.r.IntN(len(p.names))]
	live := p.stores[who].Live(scope)
	n := byte(1 + p.r.IntN(5))
	switch x := p.r.IntN(20); {
	case x < 6:
		name := fmt.Sprint("n", p.r.IntN(10))
		if live[item(n)] != nil {
			p.log("%s edits %d: %s", who, n, name)
			p.now += 10_000
			p.stores[who].Edit(scope, item(n), With(live[item(n)], KeyName, name), p.now)
		} else if who == p.names[0] { // one replica makes items, so that none is made where it left
			p.log("%s makes %d: %s", who, n, name)
			p.edit(who, n, name)
		}
	case x < 8 && live[item(n)] != nil:
		p.log("%s edits the note of %d", who, n)
		p.note(who, n, fmt.Sprint("note", p.now))
	case x < 9 && live[item(n)] != nil:
		p.log("%s deletes %d", who, n)
		p.edit(who, n, "")
	case x < 10 && p.forget:
		p.log("%s forgets deletions", who)
		p.stores[who].ForgetTombstones(scope)
	case x < 11:
		p.hour = p.r.IntN(3)
	case x < 12 && who != p.names[0]:
		p.filters[who] = partFilters[p.r.IntN(len(partFilters))]
		p.log("%s has filter %q from now on", who, p.filters[who])
	default:
		other := p.names[p.r.IntN(len(p.names))]
		if other != who {
			cut := 0
			if p.r.IntN(4) == 0 {
				cut = 1 + p.r.IntN(6)
			}
			p.meet(who, other, cut)
		}
	}
}

func filteredExchange(t *testing.T, seed uint64) {
	p := &parts{cast: actors(t, "ABCD"), r: rand.New(rand.NewPCG(seed, 11)), names: []string{"A", "B", "C", "D"}, filters: map[string]engine.Filter{}, forget: seed%3 == 0}
	for _, who := range []string{"B", "C"} {
		p.filters[who] = partFilters[p.r.IntN(len(partFilters))]
		p.log("%s has filter %q", who, p.filters[who])
	}
	for range 10 + p.r.IntN(40) {
		p.step()
	}
	p.filters["D"] = engine.Filter{}
	p.rest()
	for _, who := range p.names {
		f := p.filters[who]
		if got, want := p.shown(who, engine.Filter{Without: f.Without}), p.shown("A", f); !slices.Equal(got, want) {
			p.fail("%s, filter %q, holds %q, want %q", who, f, got, want)
		}
	}
	p.log("no filters any more")
	clear(p.filters)
	p.rest()
	for _, who := range p.names {
		if got, want := p.shown(who, engine.Filter{}), p.shown("A", engine.Filter{}); !slices.Equal(got, want) {
			p.fail("without filters %s holds %q, A %q", who, got, want)
		}
		rep, _ := p.stores[who].Replica(context.Background(), scope)
		if rep.Knowledge.Exceptions() > 0 {
			p.fail("without filters %s knows %v", who, rep.Knowledge)
		}
	}
}
