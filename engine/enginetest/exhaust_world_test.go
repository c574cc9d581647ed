package enginetest_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/enginetest/model"
)

// smallWorld is three replicas with a few items and what may happen to them.
type smallWorld struct {
	name    string
	items   int
	units   []string
	deletes bool
	asks    bool // conflicts may be left open
	cuts    bool // a pass may end after one item, and an item may fail in it
	fast    int  // the depth of the fast suite
	depth   int  // at most, in the long run; 0: as deep as time and memory reach
}

// action is one thing that happens.
type action struct {
	at   int // who edits, or receives
	from int // whom from; at for an edit
	item engine.ItemID
	unit string // that is edited; empty: deleted
	// A pass's policy; next: another policy of the pass before it in the list.
	preset engine.Preset
	next   bool
	cut    bool
	refuse bool // item fails
}

func (a *action) String() string {
	name := func(i int) string { return string(rune('A' + i)) }
	switch {
	case a.from == a.at && a.unit == "":
		return fmt.Sprintf("%s deletes item %d", name(a.at), a.item[0])
	case a.from == a.at:
		return fmt.Sprintf("%s edits %s of item %d", name(a.at), a.unit, a.item[0])
	}
	s := fmt.Sprintf("%s -> %s, %s", name(a.from), name(a.at), a.preset)
	if a.cut {
		s += ", cut after one item"
	}
	if a.refuse {
		s += fmt.Sprintf(", item %d fails", a.item[0])
	}
	return s
}

var smallUnits = map[string]func(v *bag, s string) *bag{
	"name": func(v *bag, s string) *bag { return With(v, KeyName, s) },
	"note": func(v *bag, s string) *bag { return With(v, KeyNote, s) },
}

const replicas = 3

func (w *smallWorld) actions() []action {
	var all []action
	for at := range replicas {
		for n := range w.items {
			for _, u := range w.units {
				all = append(all, action{at: at, from: at, item: item(byte(n + 1)), unit: u})
			}
			if w.deletes {
				all = append(all, action{at: at, from: at, item: item(byte(n + 1))})
			}
		}
	}
	presets := []engine.Preset{engine.Desktop, engine.Phone}
	if w.asks {
		presets = append(presets, engine.Ask)
	}
	pass := func(a action) {
		for i, p := range presets {
			a.preset, a.next = p, i > 0
			all = append(all, a)
		}
	}
	for from := range replicas {
		for at := range replicas {
			if at == from {
				continue
			}
			pass(action{at: at, from: from})
			if w.cuts {
				pass(action{at: at, from: from, cut: true})
				for n := range w.items {
					pass(action{at: at, from: from, item: item(byte(n + 1)), refuse: true})
				}
			}
		}
	}
	return all
}

// narrow is Toy with some of its units.
type narrow struct {
	Toy
	units []string
}

func (n narrow) Units() []string { return n.units }

// smallState is what three replicas hold, and how that came about.
type smallState struct {
	nodes [replicas]*node
	model *model.Model
	edits int // the number of the last; its time and text too
	path  []byte
	asked bool // the last action was a pass with a conflict
}

var smallIDs atomic.Uint64

// beginnings are nothing anywhere, and the items everywhere.
func (w *smallWorld) beginnings() []*smallState {
	var all []*smallState
	for b := range byte(2) {
		st := &smallState{model: model.New(), path: []byte{b}}
		for i := range st.nodes {
			var ids atomic.Int32 // copies of the store share it
			store := NewMemStore(func() (id engine.ReplicaID) {
				if ids.Add(1) == 2 { // the scope's own; others are the store's, and marks
					return engine.ReplicaID{byte(0xa0 + i)}
				}
				binary.BigEndian.PutUint64(id[8:], smallIDs.Add(1))
				return id
			}, narrow{Toy{scope}, w.units})
			st.nodes[i] = &node{name: string(rune('A' + i)), store: store}
		}
		if b == 1 {
			st = w.filled(st)
		}
		all = append(all, st)
	}
	return all
}

func (w *smallWorld) filled(st *smallState) *smallState {
	steps := []action{{at: 1, from: 0, preset: engine.Desktop}, {at: 2, from: 0, preset: engine.Desktop}}
	for n := range w.items {
		for _, u := range w.units {
			steps = slices.Insert(steps, 0, action{item: item(byte(n + 1)), unit: u})
		}
	}
	for i := range steps {
		next := st.clone(0)
		next.path = st.path
		next.take(&steps[i])
		next.observe(st, &steps[i])
		st = next
	}
	return st
}

// clone shares what doesn't change; take copies the replicas that do.
func (st *smallState) clone(a byte) *smallState {
	c := *st
	c.path = append(slices.Clip(st.path), a)
	return &c
}

func (st *smallState) copyNode(i int) *node {
	n := *st.nodes[i]
	n.store = n.store.Copy()
	n.store.Refuse = nil
	st.nodes[i] = &n
	return &n
}

func (st *smallState) now() int64 { return startDay + int64(st.edits)*10_000 }

// take carries an action out; false if it is none here. asked: the preset was needed.
func (st *smallState) take(a *action) (asked, ok bool) {
	if a.from != a.at {
		return st.pass(st.copyNode(a.from), st.copyNode(a.at), a), true
	}
	v := st.nodes[a.at].store.Live(scope)[a.item]
	if v == nil && a.unit == "" {
		return false, false
	}
	n := st.copyNode(a.at)
	st.edits++
	switch {
	case a.unit == "":
		v = nil
	case v == nil:
		v = smallUnits[a.unit](Item("u", "", ""), fmt.Sprint("v", st.edits))
	default:
		v = smallUnits[a.unit](v, fmt.Sprint("v", st.edits))
	}
	n.store.Edit(scope, a.item, v, st.now())
	return false, true
}

func (st *smallState) pass(src, dst *node, a *action) (asked bool) {
	ctx := context.Background()
	opt := engine.ExchangeOptions{
		Direction: engine.OnlyAB, Preset: a.preset, Now: func() time.Time { return time.UnixMilli(st.now()) },
		Resolve: func(engine.Clash) (engine.ConflictAction, *bag) { asked = true; return engine.ByPreset, nil },
	}
	if a.cut {
		opt.BatchSize = 1
		ctx = cutAfter(1, &opt)
	}
	if a.refuse {
		dst.store.Refuse = func(id engine.ItemID, _ *bag) error {
			if id == a.item {
				return &engine.ItemError{Item: id, Reason: errRefused}
			}
			return nil
		}
	}
	_, err := engine.Exchange(ctx, src.store.Full(), dst.store.Full(), []string{scope}, opt)
	dst.store.Refuse = nil
	if err != nil && !errors.Is(err, context.Canceled) {
		panic(simFailure{"exchange: " + err.Error()})
	}
	return asked
}

// key identifies a state but for what nothing depends on: marks, the log of what is
// settled, and how late it is. Times count by their order alone, and a text was made
// at its time.
func (st *smallState) key() stateKey {
	ctx := context.Background()
	var metas [replicas][]*engine.ItemMeta
	times := map[int64]uint64{0: 0}
	for i, n := range st.nodes {
		metas[i], _ = n.store.Changes(ctx, scope, engine.Knowledge{})
		for _, m := range metas[i] {
			times[m.LifeEdited] = 0
			for j := range m.Units {
				times[m.Units[j].Edited] = 0
			}
		}
	}
	for i, t := range slices.Sorted(maps.Keys(times)) {
		times[t] = uint64(i)
	}
	var b []byte
	version := func(v engine.Version) { b = binary.AppendUvarint(append(b, v.Replica[0]), v.Tick) }
	flag := func(f bool) {
		if f {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	for i, n := range st.nodes {
		rep, _ := n.store.Replica(ctx, scope)
		b = binary.AppendUvarint(b, rep.Tick)
		b = rep.Knowledge.AppendBinary(b)
		b = binary.AppendUvarint(b, uint64(len(metas[i])))
		for _, m := range metas[i] {
			b = append(b, m.ID[0])
			version(m.Creation)
			version(m.LifeVersion)
			b = binary.AppendUvarint(b, times[m.LifeEdited])
			flag(m.LifeResolved)
			flag(m.Deleted)
			b = append(b, byte(len(m.Units)))
			for j := range m.Units {
				u := &m.Units[j]
				b = append(append(b, u.Unit...), 0)
				version(u.Version)
				b = binary.AppendUvarint(b, times[u.Edited])
				flag(u.Resolved)
				flag(u.Digest.IsZero())
			}
		}
		for _, c := range n.store.Conflicts() {
			if c.State == engine.Settled {
				continue
			}
			b = append(append(append(b, 0xff, c.Item[0], c.Peer[0]), c.Unit...), 0)
			version(c.Store)
			version(c.Phone)
		}
		b = append(b, 0xfe)
	}
	h := sha256.Sum256(b)
	return stateKey(h[:])
}

// observe tells the model what the action made, and holds against it what the
// replicas claim to know.
func (st *smallState) observe(before *smallState, a *action) {
	s := &sim{model: st.model.Clone()}
	st.model = s.model
	var came map[engine.ItemID]*engine.ItemMeta
	if a.from != a.at {
		came = s.metas(before.nodes[a.from])
	}
	s.observe(st.nodes[a.at], s.metas(before.nodes[a.at]), came)
}

// close lets everybody meet everybody, from here on, until nothing moves: they
// hold and know the same.
func (st *smallState) close() {
	c := *st
	for i := range c.nodes {
		c.copyNode(i)
	}
	const rounds = 2*replicas + 4
	for round := range rounds {
		quiet := true
		for i := range c.nodes {
			for j := range c.nodes {
				if i == j {
					continue
				}
				commits := c.nodes[j].store.Commits
				c.pass(c.nodes[i], c.nodes[j], &action{at: j, from: i, preset: engine.Newest})
				quiet = quiet && commits == c.nodes[j].store.Commits
			}
		}
		if quiet {
			break
		}
		if round == rounds-1 {
			panic(simFailure{"never quiet"})
		}
	}
	st.agree(&c)
}

// agree compares what the replicas came to.
func (st *smallState) agree(c *smallState) {
	ctx := context.Background()
	open := 0
	for _, n := range c.nodes {
		for _, o := range n.store.Conflicts() {
			if o.State != engine.Settled {
				open++
			}
		}
	}
	if open > 0 { // a person has been asked, and the presets wait
		return
	}
	want := image(slices.Collect(maps.Values(c.nodes[0].store.Live(scope))))
	k, _ := c.nodes[0].store.Replica(ctx, scope)
	if e := k.Knowledge.Exceptions(); e > 0 {
		panic(simFailure{fmt.Sprintf("A's knowledge keeps %d exceptions: %s", e, k.Knowledge)})
	}
	for _, n := range c.nodes[1:] {
		if got := image(slices.Collect(maps.Values(n.store.Live(scope)))); !slices.Equal(got, want) {
			panic(simFailure{fmt.Sprintf("%s holds %q, A %q", n.name, got, want)})
		}
		if r, _ := n.store.Replica(ctx, scope); !r.Knowledge.Equal(k.Knowledge) {
			panic(simFailure{fmt.Sprintf("%s knows %s, A %s", n.name, r.Knowledge, k.Knowledge)})
		}
	}
	s := &sim{model: st.model}
	s.lives(c.nodes[0])
}
