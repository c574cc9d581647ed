package enginetest

import (
	"slices"

	"cradle/engine"
)

// The suite's rules of filters. Any provider can be the source of an exchange in which
// the other side holds a part of the scope; to hold one itself is a capability.

// Holding participants can be given a filter with rules: what it keeps out leaves them.
type Holding interface {
	// HoldsPart does nothing.
	HoldsPart()
}

// without is a filter by the subject's second unit.
func (r *trial) without() map[string]engine.Filter {
	return map[string]engine.Filter{r.scope(): {Without: []string{r.s.Units[1]}}}
}

func (r *trial) filterable() bool {
	fs, ok := r.s.Schema.(engine.Filterable)
	return ok && slices.Contains(fs.Optional(), r.s.Units[1])
}

// unitFilter: a unit that the peer isn't given doesn't go there, and is known to be
// missing there; the same the other way.
func unitFilter(r *trial) {
	if !r.filterable() {
		r.t.Skip("the schema's second unit can't be left out")
	}
	whole := r.item("a", "Ada", "secret", "1")
	r.here("a", whole)
	to := engine.ExchangeOptions{FiltersB: r.without()}
	r.exchange(to, 1, 0, 0)
	bare := r.item("a", "Ada", "", "1")
	if got := r.showAll(r.peerItems(r.peers[0])); !slices.Equal(got, []string{r.show(bare)}) {
		r.Errorf("the peer holds %q, want %q", got, r.show(bare))
	}
	r.exchange(to, 0, 0, 0)
	r.sync(1, 0, 0)
	r.holds(whole)

	other := r.item("b", "Bob", "secret", "2")
	r.there("b", other)
	from := engine.ExchangeOptions{FiltersA: r.without()}
	r.exchange(from, 0, 1, 0)
	r.holdsHere(whole, r.item("b", "Bob", "", "2"))
	r.exchange(from, 0, 0, 0)
	r.sync(0, 1, 0)
	r.holds(whole, other)
}

// ruleFilter: what the filter keeps out leaves the participant, is no deletion, and
// comes back.
func ruleFilter(r *trial) {
	out := r.s.Outside
	if out == nil {
		r.t.Fatal("the subject has no Outside")
	}
	held := engine.ExchangeOptions{FiltersA: map[string]engine.Filter{r.scope(): r.s.Filter}}
	a, b, c := r.item("a", "Ada", "", "1"), r.item("b", "Bob", "", "2"), r.item("c", "Cy", "")
	r.there("a", a)
	r.there("b", b)
	r.there("c", out(c))
	r.exchange(held, 0, 2, 0)
	r.holdsHere(a, b)
	r.exchange(held, 0, 0, 0)

	r.there("a", out(a))
	_, to := r.exchange(held, 0, 0, 0)
	if to.Moves.Left != 1 {
		r.Errorf("%d items left, want 1", to.Moves.Left)
	}
	r.holdsHere(b)
	if n := len(r.peerItems(r.peers[0])); n != 3 {
		r.Errorf("the peer holds %d items, want all 3", n)
	}
	r.provider = r.p.Start(r) // what left is remembered
	r.exchange(held, 0, 0, 0)
	a = r.item("a", "Ada Lovelace", "", "1")
	r.there("a", a)
	r.exchange(held, 0, 1, 0)
	r.holdsHere(a, b)

	r.here("b", nil) // a deletion is one
	r.exchange(held, 1, 0, 0)
	if n := len(r.peerItems(r.peers[0])); n != 2 {
		r.Errorf("the peer holds %d items after a deletion, want 2", n)
	}
	r.sync(0, 1, 0) // without the filter the rest comes
	r.holds(a, out(c))
	rep, err := r.provider.Replica(r.t.Context(), r.scope())
	if err != nil || rep.Knowledge.Exceptions() > 0 {
		r.Errorf("without a filter it knows %v, %v", rep.Knowledge, err)
	}
}
