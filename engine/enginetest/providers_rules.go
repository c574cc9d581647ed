package enginetest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"cradle/engine"
	"cradle/valuebag"
)

// What every provider does: the golden scenarios of sync-model §6.2 as far as they
// hold for any pair.

func firstSync(r *trial) {
	a, b, x := r.item("a", "A", "note", "1", "2"), r.item("b", "B", ""), r.item("x", "X", "", "3")
	equal := r.item("equal", "Equal", "", "4")
	r.here("a", a)
	r.here("b", b)
	r.here("equal", equal)
	r.there("x", x)
	r.there("equal", equal)
	t, err := r.try(engine.ExchangeOptions{})
	if err != nil {
		r.Fatal(err)
	}
	toPeer, toHere := t.ToB[r.scope()], t.ToA[r.scope()]
	if toPeer.Sent != 3 || toHere.Moves.Created != 1 || toHere.Moves.Updated != 0 || toPeer.Conflicts+toHere.Conflicts != 0 {
		r.Errorf("to the peer %+v, from it %+v; want 3 sent, 1 created, no conflict", toPeer, toHere)
	}
	if n := toPeer.Adopted + toHere.Adopted; n == 0 {
		r.Error("equal items met, and nothing was adopted")
	}
	r.holds(a, b, x, equal)
	r.sync(0, 0, 0)
	r.sync(0, 0, 0)
}

func edits(r *trial) {
	r.here("a", r.item("a", "A", "", "1", "2"))
	r.there("b", r.item("b", "B", "note", "1"))
	r.sync(1, 1, 0)
	r.here("b", r.item("b", "B here", "note", "1"))
	r.there("a", r.item("a", "A there", "", "1", "2"))
	r.sync(1, 1, 0)
	r.holds(r.item("a", "A there", "", "1", "2"), r.item("b", "B here", "note", "1"))
	// Different units of one item; elements of a list on both sides.
	r.here("a", r.item("a", "A here", "", "2", "here"))
	r.there("a", r.item("a", "A there", "noted there", "1", "2", "there"))
	r.there("b", r.item("b", "B here", "", "1")) // a unit is emptied
	r.sync(1, 2, 0)
	r.holds(r.item("a", "A here", "noted there", "2", "here", "there"), r.item("b", "B here", "", "1"))
	r.sync(0, 0, 0)
}

func deletions(r *trial) {
	uids, items := r.named("i", 4)
	for i, u := range uids {
		r.here(u, items[i])
	}
	r.sync(4, 0, 0)
	r.here("i0", nil)
	r.there("i1", nil)
	r.here("i2", nil)
	r.there("i2", nil) // on both sides: no conflict
	r.settle()
	r.holds(items[3])
	// What was deleted comes back as the same item.
	again := r.item("i0", "Again", "")
	r.here("i0", again)
	r.there("i1", items[1])
	r.sync(1, 1, 0)
	r.holds(again, items[1], items[3])
	r.sync(0, 0, 0)
}

func editMeetsDeletion(r *trial) {
	uids, items := r.named("i", 2)
	for i, u := range uids {
		r.there(u, items[i])
	}
	r.sync(0, 2, 0)
	first, second := r.item("i0", "Edited here", "", "1"), r.item("i1", "Edited there", "", "1")
	r.here("i0", first)
	r.there("i0", nil)
	r.here("i1", nil)
	r.there("i1", second)
	x, err := r.try(engine.ExchangeOptions{})
	if err != nil {
		r.Fatal(err)
	}
	if n := x.ToA[r.scope()].Conflicts + x.ToB[r.scope()].Conflicts; n != 2 {
		r.Errorf("%d conflicts, want 2: an edit that meets a deletion is never silent", n)
	}
	r.settle()
	r.holds(first, second)
}

func presets(r *trial) {
	for _, row := range []struct {
		name   string
		opt    engine.ExchangeOptions
		winner string
	}{
		{"here, settled there", engine.ExchangeOptions{Preset: engine.Desktop, Direction: engine.AThenB}, "here"},
		{"here, settled here", engine.ExchangeOptions{Preset: engine.Desktop, Direction: engine.BThenA}, "here"},
		{"there, settled there", engine.ExchangeOptions{Preset: engine.Phone, Direction: engine.AThenB}, "there"},
		{"there, settled here", engine.ExchangeOptions{Preset: engine.Phone, Direction: engine.BThenA}, "there"},
	} {
		r.t.Run(row.name, func(t *testing.T) {
			r := newTrial(t, r.s)
			r.here("a", r.item("a", "A", "", "1"))
			r.sync(1, 0, 0)
			r.here("a", r.item("a", "here", "", "1"))
			r.there("a", r.item("a", "there", "", "1"))
			r.exchange(row.opt, 1, 1, 1)
			r.holds(r.item("a", row.winner, "", "1"))
			r.exchange(row.opt, 0, 0, 0)
		})
	}
}

// A conflict that waits is learned by neither side and not asked about twice; an
// edit ends it.
func waitingConflict(r *trial) {
	ask := engine.ExchangeOptions{Preset: engine.Ask, Direction: engine.BThenA}
	r.here("a", r.item("a", "A", "", "1"))
	r.sync(1, 0, 0)
	r.here("a", r.item("a", "here", "", "1"))
	r.there("a", r.item("a", "there", "", "1", "2"))
	r.exchange(ask, 1, 1, 2) // each side finds it once
	r.exchange(ask, 1, 1, 0)
	r.provider = r.p.Start(r)
	r.exchange(ask, 1, 1, 0)
	r.holdsHere(r.item("a", "here", "", "1", "2")) // the other units came all the same
	r.here("a", r.item("a", "settled", "", "1", "2"))
	if _, err := r.try(engine.ExchangeOptions{Preset: engine.Desktop, Direction: engine.BThenA}); err != nil {
		r.Fatal(err)
	}
	r.settle()
	r.holds(r.item("a", "settled", "", "1", "2"))
	r.exchange(ask, 0, 0, 0)
}

func conflictLog(r *trial) {
	r.here("a", r.item("a", "A", "", "1"))
	r.sync(1, 0, 0)
	r.here("a", r.item("a", "here", "", "1"))
	lost := r.item("a", "there", "", "1")
	r.there("a", lost)
	r.exchange(engine.ExchangeOptions{Preset: engine.Desktop, Direction: engine.BThenA}, 1, 1, 1)
	r.provider = r.p.Start(r)
	var log []engine.Conflict
	for _, c := range r.p.(Logging).Conflicts(r) {
		if c.Item == r.id("a") {
			log = append(log, c)
		}
	}
	if len(log) != 1 || log[0].Unit != r.s.Units[0] || log[0].State != engine.Settled || log[0].Scope != r.scope() {
		r.Fatalf("the log has %+v, want one settled conflict of unit %s", log, r.s.Units[0])
	}
	if got, want := strings.Join(log[0].LostText, "\n"), strings.Join(r.s.Schema.UnitText(lost, r.s.Units[0]), "\n"); got != want {
		r.Errorf("the lost value is %q, want %q", got, want)
	}
	if log[0].Lost == nil || r.show(log[0].Lost) != r.show(lost) {
		r.Errorf("the lost item isn't kept")
	}
}

func oneWay(r *trial) {
	a, b := r.item("a", "A", ""), r.item("b", "B", "")
	r.here("a", a)
	r.there("b", b)
	r.exchange(engine.ExchangeOptions{Direction: engine.OnlyAB}, 1, 0, 0)
	r.holdsHere(a)
	r.exchange(engine.ExchangeOptions{Direction: engine.OnlyBA}, 0, 1, 0)
	r.holds(a, b)
	r.sync(0, 0, 0)
}

func preview(r *trial) {
	a := r.item("a", "A", "")
	r.here("a", a)
	r.sync(1, 0, 0)
	edited := r.item("a", "there", "")
	r.there("a", edited)
	r.there("b", r.item("b", "B", ""))
	_, toHere := r.exchange(engine.ExchangeOptions{Preview: true}, 0, 2, 0)
	if len(toHere.Actions) != 2 || toHere.Moves != (engine.Moves{Created: 1, Updated: 1}) {
		r.Errorf("the preview tells of %+v, %+v; want one creation and one update", toHere.Moves, toHere.Actions)
	}
	r.holdsHere(a)
	r.sync(0, 2, 0)
	r.holds(edited, r.item("b", "B", ""))
}

func batches(r *trial) {
	var all []*valuebag.Values
	for _, side := range []string{"h", "t"} {
		uids, items := r.named(side, 10)
		for i, u := range uids {
			if side == "h" {
				r.here(u, items[i])
			} else {
				r.there(u, items[i])
			}
		}
		all = append(all, items...)
	}
	r.exchange(engine.ExchangeOptions{BatchSize: 3}, 10, 10, 0)
	r.holds(all...)
	r.exchange(engine.ExchangeOptions{BatchSize: 1}, 0, 0, 0)
}

// cutting is a provider behind a cable that is pulled after some batches.
type cutting struct {
	engine.Provider
	left int
}

var errCut = errors.New("enginetest: the cable was pulled")

func (c *cutting) Process(ctx context.Context, scope string, b *engine.Batch, o engine.Processing) (*engine.Outcome, error) {
	if c.left == 0 {
		return nil, errCut
	}
	c.left--
	return c.Provider.Process(ctx, scope, b, o)
}

// G8: a session that was cut goes on where it was; nothing is sent twice.
func cutInTheMiddle(r *trial) {
	for _, toHere := range []bool{false, true} {
		name := "to the peer"
		if toHere {
			name = "from the peer"
		}
		r.t.Run(name, func(t *testing.T) {
			r := newTrial(t, r.s)
			uids, items := r.named("i", 6)
			for i, u := range uids {
				if toHere {
					r.there(u, items[i])
				} else {
					r.here(u, items[i])
				}
			}
			opt := r.options(engine.ExchangeOptions{BatchSize: 1})
			a, b := r.provider, engine.Provider(r.peers[0].Full())
			if toHere {
				opt.Direction = engine.OnlyBA
				a = &cutting{a, 4}
			} else {
				opt.Direction = engine.OnlyAB
				b = &cutting{b, 4}
			}
			if _, err := engine.Exchange(context.Background(), a, b, []string{r.scope()}, opt); !errors.Is(err, errCut) {
				t.Fatalf("got %v, want the cut", err)
			}
			r.provider = r.p.Start(r)
			if toHere {
				r.sync(0, 2, 0)
			} else {
				r.sync(2, 0, 0)
			}
			r.holds(items...)
			r.sync(0, 0, 0)
		})
	}
}

// G4: what came on another way isn't sent again.
func loop(r *trial) {
	second := r.addPeer()
	uids, items := r.named("i", 3)
	for i, u := range uids {
		r.here(u, items[i])
	}
	between := func(want int) {
		r.Helper()
		x, err := engine.Exchange(context.Background(), r.peers[0].Full(), second.Full(), []string{r.scope()}, r.options(engine.ExchangeOptions{}))
		if err != nil {
			r.Fatal(err)
		}
		if n := x.ToA[r.scope()].Sent + x.ToB[r.scope()].Sent; n != want {
			r.Errorf("the peers sent each other %d, want %d", n, want)
		}
	}
	r.sync(3, 0, 0)
	between(3)
	swap := func() { r.peers[0], r.peers[1] = r.peers[1], r.peers[0] }
	swap()
	r.sync(0, 0, 0) // with the second: they came through the first
	edited := r.item("i1", "by the second", "", "1")
	r.at(second, "i1", edited)
	r.sync(0, 1, 0)
	swap()
	r.sync(1, 0, 0)
	between(0)
	r.holds(items[0], edited, items[2])
}

// G10: who missed a deletion that is forgotten learns of it by a full enumeration.
func forgotten(r *trial) {
	uids, items := r.named("i", 3)
	for i, u := range uids {
		r.here(u, items[i])
	}
	r.sync(3, 0, 0)
	r.there("i0", nil)
	r.there("j", r.item("j", "J", ""))
	r.peers[0].ForgetTombstones(r.scope())
	own := r.item("own", "Own", "")
	r.here("own", own)
	x, err := r.try(engine.ExchangeOptions{})
	if err != nil {
		r.Fatal(err)
	}
	if t := x.ToA[r.scope()]; !t.Recovered || t.Dropped != 1 {
		r.Errorf("recovered %v with %d items dropped, want a recovery with 1", t.Recovered, t.Dropped)
	}
	r.holds(items[1], items[2], own, r.item("j", "J", ""))
	r.settle()
	r.holds(items[1], items[2], own, r.item("j", "J", ""))
}

func restarted(r *trial) {
	a := r.item("a", "A", "note", "1")
	r.here("a", a)
	r.there("b", r.item("b", "B", ""))
	r.sync(1, 1, 0)
	before, err := r.provider.Replica(context.Background(), r.scope())
	if err != nil {
		r.Fatal(err)
	}
	r.provider = r.p.Start(r)
	after, err := r.provider.Replica(context.Background(), r.scope())
	if err != nil || after.ID != before.ID || after.Tick != before.Tick || !after.Knowledge.Equal(before.Knowledge) {
		r.Errorf("after a new start the replica is %+v, %v; was %+v", after, err, before)
	}
	r.sync(0, 0, 0)
	r.here("a", nil)
	r.provider = r.p.Start(r)
	r.sync(1, 0, 0)
	r.holds(r.item("b", "B", ""))
}

// Batches that nobody honest sends are refused and change nothing.
func badBatch(r *trial) {
	ctx := context.Background()
	r.here("a", r.item("a", "A", ""))
	r.there("b", r.item("b", "B", ""))
	r.there("c", r.item("c", "C", ""))
	r.sync(1, 2, 0)
	rep, err := r.provider.Replica(ctx, r.scope())
	if err != nil {
		r.Fatal(err)
	}
	held := r.p.Items(r)
	stranger := engine.Version{Replica: engine.ReplicaID{0xee}, Tick: 1}
	meta := func(uid string, v engine.Version) *engine.ItemMeta {
		return &engine.ItemMeta{ID: r.id(uid), Creation: v, LifeVersion: v, Units: []engine.UnitMeta{{Unit: r.s.Units[0], Version: v, Digest: engine.Digest{1}}}}
	}
	one, two := meta("one", stranger), meta("two", stranger)
	if one.ID.Compare(two.ID) < 0 {
		one, two = two, one
	}
	value := r.item("one", "One", "")
	batch := func(source engine.ReplicaID, changes ...engine.Change) *engine.Batch {
		return &engine.Batch{Source: source, MadeWith: engine.NewKnowledge(stranger), High: engine.MaxItemID, Last: true, Changes: changes}
	}
	for name, b := range map[string]*engine.Batch{
		"from itself":       batch(rep.ID, engine.Change{Meta: one, Value: value}),
		"out of order":      batch(stranger.Replica, engine.Change{Meta: one, Value: value}, engine.Change{Meta: two, Value: value}),
		"no metadata":       batch(stranger.Replica, engine.Change{Value: value}),
		"a pending version": batch(stranger.Replica, engine.Change{Meta: meta("p", engine.Pending(stranger.Replica)), Value: value}),
	} {
		if _, err := r.provider.Process(ctx, r.scope(), b, engine.Processing{}); err == nil {
			r.Errorf("%s: it was taken in", name)
		}
	}
	if _, err := r.provider.Replica(ctx, "nonsense"); err == nil {
		r.Error("a scope that isn't there has a replica")
	}
	r.holdsHere(held...)
	if now, err := r.provider.Replica(ctx, r.scope()); err != nil || !now.Knowledge.Equal(rep.Knowledge) {
		r.Errorf("a refused batch taught something: %v, %v", now.Knowledge, err)
	}
	r.sync(0, 0, 0)
}

func cancelled(r *trial) {
	a := r.item("a", "A", "")
	r.here("a", a)
	r.sync(1, 0, 0)
	r.there("b", r.item("b", "B", ""))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := engine.Exchange(ctx, r.provider, r.peers[0].Full(), []string{r.scope()}, r.options(engine.ExchangeOptions{})); !errors.Is(err, context.Canceled) {
		r.Errorf("got %v, want context.Canceled", err)
	}
	r.holdsHere(a)
	r.sync(0, 1, 0)
	r.holds(a, r.item("b", "B", ""))
}
