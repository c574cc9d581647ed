package enginetest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/enginetest/model"
)

// fault is what goes wrong at one point of a sync.
type fault string

const (
	neverSent fault = "a message that never arrives"
	replyLost fault = "a reply that is lost"
	twice     fault = "a message that arrives twice"
	killed    fault = "a receiver that is killed before it commits"
)

// meeting is a sync of two stores where everything happens that can in an exchange.
type meeting struct {
	*cast
	sim    *sim // its model
	nodes  map[string]*node
	preset engine.Preset
	at     int // the point at which the fault is; 0: none
	fault  fault
	calls  int // messages so far
	kills  int // commits so far
}

// rich is fifteen items: created, edited and deleted on either side, in conflict, equal,
// merged, one that can't be saved and one that comes before what it belongs to.
func rich(t *testing.T, preset engine.Preset) *meeting {
	m := &meeting{cast: actors(t, "AB"), preset: preset, sim: &sim{model: model.New()}, nodes: map[string]*node{}}
	for _, who := range []string{"A", "B"} {
		m.nodes[who] = &node{name: who, store: m.stores[who]}
	}
	for n := range byte(11) {
		m.do("A", func() {
			m.stores["A"].Edit(scope, item(n+1), Item(fmt.Sprint("u", n+1), fmt.Sprint("name", n+1), "", "s", "t"), m.now)
		})
	}
	if err := m.sync(); err != nil {
		t.Fatal(err)
	}
	rename := func(who string, n byte, name string) {
		m.do(who, func() {
			m.now += 10_000
			v := m.stores[who].Live(scope)[item(n)]
			if v == nil {
				v = Item(fmt.Sprint("u", n), "", "")
			}
			m.stores[who].Edit(scope, item(n), With(v, KeyName, name), m.now)
		})
	}
	remove := func(who string, n byte) { m.do(who, func() { m.edit(who, n, "") }) }
	rename("A", 1, "edited at A")
	m.do("B", func() { m.note("B", 1, "noted at B") })
	rename("B", 2, "edited at B")
	remove("A", 3)
	rename("A", 4, "conflict, at A")
	rename("B", 4, "conflict, at B")
	rename("A", 5, "edited at A, deleted at B")
	remove("B", 5)
	remove("A", 6)
	remove("B", 6)
	rename("A", 7, "same")
	rename("B", 7, "same")
	m.do("A", func() { m.tags("A", 8, "s", "u") })
	m.do("B", func() { m.tags("B", 8, "t", "v") })
	rename("A", 9, "bad")
	rename("A", 10, "child of 13")
	remove("B", 11)
	rename("A", 12, "new at A")
	rename("A", 13, "parent")
	rename("B", 14, "new at B")
	rename("A", 15, "created twice, A")
	rename("B", 15, "created twice, B")
	b := m.stores["B"]
	b.Refuse = func(id engine.ItemID, v *bag) error {
		switch name := Str(orEmpty(v), KeyName); {
		case name == "bad":
			return &engine.ItemError{Item: id, Reason: errRefused}
		case strings.HasPrefix(name, "child") && m.stores["B"].Live(scope)[item(13)] == nil:
			return &engine.ConstraintError{Reason: engine.NoParent, Item: id, With: item(13)}
		}
		return nil
	}
	for _, s := range m.stores {
		s.Crash = func() bool {
			m.kills++
			return m.fault == killed && m.kills == m.at
		}
	}
	m.calls, m.kills = 0, 0
	return m
}

// do is something that a person does at a replica.
func (m *meeting) do(who string, f func()) {
	before := m.sim.metas(m.nodes[who])
	f()
	m.sim.observe(m.nodes[who], before, nil)
}

// sync is two passes, from A to B and back; the second isn't reached where the first
// fails.
func (m *meeting) sync() error {
	for _, p := range [][2]string{{"A", "B"}, {"B", "A"}} {
		src, dst := m.nodes[p[0]], m.nodes[p[1]]
		before, theirs := m.sim.metas(dst), m.sim.metas(src)
		opt := engine.ExchangeOptions{Direction: engine.OnlyAB, Preset: m.preset, BatchSize: 2, Now: func() time.Time { return time.UnixMilli(m.now) }}
		_, err := engine.Exchange(context.Background(), &faulty{src.store.Full(), m}, &faulty{dst.store.Full(), m}, []string{scope}, opt)
		m.sim.observe(dst, before, theirs)
		if err != nil {
			return err
		}
	}
	return nil
}

// outcome is all that the two stores hold and know.
func (m *meeting) outcome() string {
	var b strings.Builder
	for _, who := range []string{"A", "B"} {
		n := m.nodes[who]
		r, _ := n.store.Replica(context.Background(), scope)
		fmt.Fprintf(&b, "%s knows %s\n", who, r.Knowledge)
		metas := m.sim.metas(n)
		live := n.store.Live(scope)
		for _, id := range slices.SortedFunc(maps.Keys(metas), engine.ItemID.Compare) {
			fmt.Fprintf(&b, "%s %d %+v %v\n", who, id[0], *metas[id], show(live[id]))
		}
		for _, c := range n.store.Conflicts() {
			fmt.Fprintf(&b, "%s logged %d/%s %s, kept %s of %s and %s\n", who, c.Item[0], c.Unit, c.State, c.KeptSide, c.Store, c.Phone)
		}
	}
	return b.String()
}

// faulty is a provider whose messages are counted, and go wrong.
type faulty struct {
	engine.Provider
	m *meeting
}

func (f *faulty) message(deliver func() error) error {
	f.m.calls++
	if f.m.calls != f.m.at {
		return deliver()
	}
	switch f.m.fault {
	case neverSent:
		return errCut
	case replyLost:
		return errors.Join(deliver(), errCut)
	case twice:
		if err := deliver(); err != nil {
			return err
		}
	}
	return deliver()
}

func (f *faulty) Maintain(ctx context.Context) error {
	return f.message(func() error { return f.Provider.Maintain(ctx) })
}

func (f *faulty) Greet(ctx context.Context, peer map[string]engine.Replica) error {
	return f.message(func() error { return f.Provider.Greet(ctx, peer) })
}

func (f *faulty) Replica(ctx context.Context, scope string) (r engine.Replica, err error) {
	err = f.message(func() error { r, err = f.Provider.Replica(ctx, scope); return err })
	return r, err
}

func (f *faulty) Batch(ctx context.Context, scope string, req engine.Request) (b *engine.Batch, err error) {
	err = f.message(func() error { b, err = f.Provider.Batch(ctx, scope, req); return err })
	return b, err
}

func (f *faulty) Process(ctx context.Context, scope string, b *engine.Batch, opt engine.Processing) (o *engine.Outcome, err error) {
	err = f.message(func() error { o, err = f.Provider.Process(ctx, scope, b, opt); return err })
	return o, err
}

// TestFaults lets each message and each write of a rich sync go wrong once, in every
// way. The sync after that comes to what one without faults came to: the same items,
// versions, knowledge and log of conflicts.
func TestFaults(t *testing.T) {
	defer caught(t, "without a fault ")
	for _, preset := range []engine.Preset{engine.Newest, engine.Ask} {
		clean := rich(t, preset)
		if err := clean.sync(); err != nil {
			t.Fatal(err)
		}
		messages, writes := clean.calls, clean.kills
		if messages < 40 || writes < 10 {
			t.Fatalf("%d messages and %d writes: the scenario isn't rich any more", messages, writes)
		}
		if err := clean.sync(); err != nil {
			t.Fatal(err)
		}
		if preset == engine.Newest {
			clean.names("1=edited at A/noted at B 2=edited at B 4=conflict, at B 5=edited at A, deleted at B 7=same 8=name8 9=name9 10=child of 13 12=new at A 13=parent 14=new at B 15=created twice, B", "B")
		}
		want := clean.outcome()
		for _, f := range []fault{neverSent, replyLost, twice, killed} {
			points := messages
			if f == killed {
				points = writes
			}
			t.Run(string(preset)+", "+string(f), func(t *testing.T) {
				for at := 1; at <= points; at++ {
					failAt(t, preset, f, at, want)
				}
				t.Logf("%d points", points)
			})
		}
	}
}

// failAt has one fault at one point, and syncs again.
func failAt(t *testing.T, preset engine.Preset, f fault, at int, want string) {
	defer caught(t, fmt.Sprintf("at %d ", at))
	m := rich(t, preset)
	m.at, m.fault = at, f
	err := m.sync()
	if failed := f != twice; (err != nil) != failed || failed && !errors.Is(err, errCut) && !errors.Is(err, ErrCrash) {
		t.Fatalf("at %d the sync ended with %v", at, err)
	}
	m.at = 0
	for range 2 {
		if err := m.sync(); err != nil {
			t.Fatalf("at %d, the sync after that: %v", at, err)
		}
	}
	if got := m.outcome(); got != want {
		t.Fatalf("at %d it came to\n%s\nwithout to\n%s", at, got, want)
	}
}

// caught turns what the model found into a failure.
func caught(t *testing.T, where string) {
	switch e := recover().(type) {
	case nil:
	case simFailure:
		t.Fatal(where + e.string)
	default:
		panic(e)
	}
}
