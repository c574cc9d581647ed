package enginetest_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
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
	simTime  = flag.Duration("simtime", 0, "stop after this time; 0: run all seeds")
)

// sim is a world of two to five full replicas that anything may happen to. One seed
// gives one trace: nothing in it depends on the time or on the order of a map.
type sim struct {
	r      *rand.Rand
	trace  []string
	now    int64
	n      int
	nodes  []*node
	images []*node // backups
	model  *model.Model
	bad    map[engine.ItemID]bool // items that some replica can't save for now
	old    []recorded             // batches that were delivered before
	faults bool
	forgot bool
	twice  map[engine.ReplicaID]bool // IDs of replicas that were copied or restored
}

// node is a replica and what the simulation knows of it.
type node struct {
	name  string
	store *MemStore
	seen  engine.Knowledge // its knowledge when last looked at: it never shrinks
	id    engine.ReplicaID
	log   int // how much of its conflict log was looked at
	// base, of a copied or restored replica, is what it held then: what was changed
	// there since has no lasting version before it has met somebody.
	base map[engine.ItemID]*engine.ItemMeta
}

type recorded struct {
	to    string
	batch *engine.Batch
}

type simFailure struct{ string }

func newSim(seed uint64) *sim {
	s := &sim{r: rand.New(rand.NewPCG(seed, 11)), now: startDay, model: model.New(), bad: map[engine.ItemID]bool{}, twice: map[engine.ReplicaID]bool{}}
	for i := range 2 + s.r.IntN(4) {
		s.nodes = append(s.nodes, &node{name: string(rune('A' + i)), store: NewMemStore(s.replicaID, Toy{scope})})
	}
	s.faults = s.r.IntN(4) > 0
	return s
}

func (s *sim) replicaID() (id engine.ReplicaID) {
	for i := range id {
		id[i] = byte(s.r.UintN(256))
	}
	return id
}

func (s *sim) logf(format string, args ...any) {
	s.trace = append(s.trace, fmt.Sprintf(format, args...))
}

func (s *sim) fail(format string, args ...any) {
	panic(simFailure{fmt.Sprintf(format, args...)})
}

func (s *sim) text(prefix string) string {
	s.n++
	return fmt.Sprintf("%s%d", prefix, s.n)
}

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
	for range 3 + s.r.IntN(30) {
		s.step()
	}
	s.settle()
	return s.trace, ""
}

func (s *sim) step() {
	n := s.nodes[s.r.IntN(len(s.nodes))]
	switch x := s.r.IntN(24); {
	case x < 11:
		s.edit(n)
	case x < 19 || !s.faults:
		s.pass(n, s.other(n), s.trouble(n))
	case x == 19:
		s.forget(n)
	case x == 20:
		s.now += int64(s.r.IntN(5)-2) * 86_400_000
		s.logf("the clock jumps")
	case x == 21:
		s.backup(n)
	case x == 22:
		s.copy(n)
	default:
		s.replay()
	}
}

func (s *sim) other(n *node) *node {
	for {
		if o := s.nodes[s.r.IntN(len(s.nodes))]; o != n {
			return o
		}
	}
}

// edit is what a person does at a replica.
func (s *sim) edit(n *node) {
	s.now += int64(s.r.IntN(20_000))
	live := n.store.Live(scope)
	ids := slices.SortedFunc(maps.Keys(live), engine.ItemID.Compare)
	before := s.metas(n)
	switch x := s.r.IntN(10); {
	case len(ids) == 0 || x < 3:
		id := engine.ItemID{byte(1 + s.r.IntN(9))}
		if _, ok := live[id]; ok {
			return
		}
		s.logf("%s creates %s", n.name, id.String()[:2])
		n.store.Edit(scope, id, Item(id.String(), s.text("name"), "", s.text("tag")), s.now)
	default:
		id := ids[s.r.IntN(len(ids))]
		v := live[id]
		switch x {
		case 3:
			v = nil
		case 4, 5, 6:
			v = With(v, KeyName, s.text("name"))
		case 7:
			v = With(v, KeyNote, []string{"", "same", s.text("note")}[s.r.IntN(3)])
		default:
			tags := slices.Clone(Tags(v))
			if len(tags) > 0 && x == 8 {
				tags = slices.Delete(tags, 0, 1)
			} else {
				tags = append(tags, s.text("tag"))
			}
			v = WithTags(v, tags...)
		}
		s.logf("%s edits %s: %v", n.name, id.String()[:2], show(v))
		n.store.Edit(scope, id, v, s.now)
	}
	if n.base == nil {
		s.observe(n, before, nil)
	}
}

// trouble is what goes wrong in one pass; the zero value is nothing.
type trouble struct {
	cut     int  // the call that is lost
	reply   bool // it is carried out, and its answer is lost
	crash   int  // the commit before which the receiver dies
	refuse  bool // the receiver can't save the bad items
	preview bool
}

func (s *sim) trouble(n *node) (t trouble) {
	if !s.faults {
		return t
	}
	switch s.r.IntN(8) {
	case 0, 1:
		t.cut, t.reply = 1+s.r.IntN(8), s.r.IntN(2) == 0
	case 2:
		t.crash = 1 + s.r.IntN(3)
	case 3:
		t.refuse = true
		for id := range byte(3) {
			s.bad[engine.ItemID{id + 1}] = s.r.IntN(2) == 0
		}
	case 4:
		t.preview = true
	}
	return t
}

var errRefused = errors.New("can't be saved for now")

// pass is one direction of an exchange.
func (s *sim) pass(src, dst *node, t trouble) error {
	opt := engine.ExchangeOptions{
		Direction: engine.OnlyAB, BatchSize: 1 + s.r.IntN(4), Preview: t.preview,
		Preset: []engine.Preset{engine.Newest, engine.Desktop, engine.Phone}[s.r.IntN(3)],
		Now:    func() time.Time { return time.UnixMilli(s.now) },
	}
	if s.r.IntN(5) == 0 {
		opt.Resolve = s.resolve
	}
	before, theirs := s.known(dst), s.known(src)
	dst.store.Refuse, dst.store.Crash = nil, nil
	if t.refuse {
		dst.store.Refuse = func(id engine.ItemID, _ *bag) error {
			if s.bad[id] {
				return &engine.ItemError{Item: id, Reason: errRefused}
			}
			return nil
		}
	}
	if t.crash > 0 {
		dst.store.Crash = func() bool { t.crash--; return t.crash == 0 }
	}
	w := &wire{s: s, to: dst.name, cut: t.cut, reply: t.reply}
	// New IDs are taken before anything comes in.
	w.greeted = func() {
		if src.settled(true) {
			s.observe(src, theirs, nil)
		}
		if dst.settled(true) {
			s.observe(dst, before, nil)
		}
		before = s.metas(dst)
	}
	commits := dst.store.Commits
	x, err := engine.Exchange(context.Background(), &end{src.store.Full(), w}, &end{dst.store.Full(), w}, []string{scope}, opt)
	dst.store.Refuse, dst.store.Crash = nil, nil
	tr := x.ToB[scope]
	if tr == nil {
		tr = &engine.Transfer{}
	}
	s.logf("%s -> %s %s batch %d: sent %d %+v conflicts %d dropped %d failed %d err %v", src.name, dst.name, opt.Preset, opt.BatchSize, tr.Sent, tr.Moves, tr.Conflicts, tr.Dropped, len(tr.Failed), err)
	switch {
	case err != nil && !errors.Is(err, errCut) && !errors.Is(err, ErrCrash):
		s.fail("exchange: %v", err)
	case t.preview && dst.store.Commits != commits:
		s.fail("a preview wrote")
	}
	for _, f := range tr.Failed {
		if !errors.Is(f.Reason, errRefused) {
			s.fail("item %s failed: %v", f.Item, f.Reason)
		}
	}
	if src.settled(w.met) {
		s.observe(src, theirs, nil)
	}
	if dst.settled(w.met) {
		came := s.metas(src)
		if w.greeted != nil { // nothing came
			came = nil
		}
		s.observe(dst, before, came)
	}
	return err
}

// settled reports whether the replica has its lasting identity: a copy or restored
// one doesn't before it has met somebody.
func (n *node) settled(met bool) bool {
	if met && !n.store.Moved {
		n.base = nil
	}
	return n.base == nil
}

// known is what a replica holds, or held before it was copied or restored.
func (s *sim) known(n *node) map[engine.ItemID]*engine.ItemMeta {
	if n.base != nil {
		return n.base
	}
	return s.metas(n)
}

func (s *sim) resolve(c engine.Clash) (engine.ConflictAction, *bag) {
	actions := []engine.ConflictAction{engine.ByPreset, engine.AcceptSource, engine.AcceptDestination, engine.Merge}
	a := actions[s.r.IntN(len(actions))]
	if a == engine.Merge {
		if c.Source == nil || c.Destination == nil {
			return engine.ByPreset, nil
		}
		return a, With(c.Destination, KeyName, s.text("merged"))
	}
	return a, nil
}

// forget throws a replica's tombstones away.
func (s *sim) forget(n *node) {
	// A copy makes its unshared items anew: no tombstone of theirs tells of those, and
	// once it is forgotten there is no telling them from new ones.
	if len(s.twice) > 0 {
		return
	}
	s.forgot = true
	s.logf("%s forgets its tombstones", n.name)
	n.store.ForgetTombstones(scope)
}

// backup takes an image of a replica, or goes back to one.
func (s *sim) backup(n *node) {
	if n.base != nil {
		return
	}
	if s.forgot {
		return
	}
	i := slices.IndexFunc(s.images, func(im *node) bool { return im.name == n.name })
	if i < 0 {
		s.logf("backup of %s", n.name)
		im := *n
		im.store = n.store.Copy()
		s.images = append(s.images, &im)
		return
	}
	if slices.ContainsFunc(s.nodes, func(o *node) bool { return o.base != nil }) {
		return // a copy of what is lost may be about: nobody could tell them apart
	}
	im := s.images[i]
	s.images = slices.Delete(s.images, i, i+1)
	// A restored replica finds that out from the first that knows what it lost. One
	// that meets others before would use its ticks twice, and nobody could tell.
	lost, _ := im.store.Replica(context.Background(), scope)
	var witness *node
	most := lost.Tick
	for _, o := range s.nodes {
		r, _ := o.store.Replica(context.Background(), scope)
		if t := r.Knowledge.Tick(lost.ID); o != n && o.base == nil && t > most {
			witness, most = o, t
		}
	}
	s.logf("%s is restored from its backup", n.name)
	s.twice[lost.ID] = true
	*n = *im
	n.base = s.metas(n)
	if witness == nil {
		s.model.Unmake(lost.ID, lost.Tick)
	}
	for range s.r.IntN(4) {
		s.edit(n)
	}
	if witness != nil {
		s.pass(witness, n, trouble{})
	}
}

// copy makes a second replica of a copy of the first's file.
func (s *sim) copy(n *node) {
	if len(s.nodes) > 5 || n.base != nil || s.forgot {
		return
	}
	c := &node{name: string(rune('A' + len(s.nodes))), store: n.store.Copy(), base: s.metas(n), log: n.log}
	c.store.Moved = true
	r, _ := n.store.Replica(context.Background(), scope)
	s.twice[r.ID] = true
	s.logf("%s is copied to %s", n.name, c.name)
	s.nodes = append(s.nodes, c)
}

// replay delivers a batch once more, as late as it may be.
func (s *sim) replay() {
	if len(s.old) == 0 {
		return
	}
	o := s.old[s.r.IntN(len(s.old))]
	for _, n := range s.nodes {
		if n.name != o.to || n.base != nil {
			continue
		}
		rep, _ := n.store.Replica(context.Background(), scope)
		if !rep.Knowledge.Covers(o.batch.MadeWith.Project(o.batch.Low, o.batch.High)) {
			continue // it isn't old: it was lost, or the replica was restored
		}
		live := image(slices.Collect(maps.Values(n.store.Live(scope))))
		s.logf("%s gets an old batch again", n.name)
		_, err := n.store.Full().Process(context.Background(), scope, o.batch, engine.Processing{})
		if err != nil && !errors.Is(err, engine.ErrOutdated) && !errors.Is(err, engine.ErrSameReplica) {
			s.fail("an old batch: %v", err)
		}
		if got := image(slices.Collect(maps.Values(n.store.Live(scope)))); !slices.Equal(got, live) {
			s.fail("an old batch changed %v to %v", live, got)
		}
	}
}

// settle lets everybody meet everybody until nothing moves, and looks at what
// they came to.
func (s *sim) settle() {
	s.logf("-- settle")
	clear(s.bad)
	rounds := 2*len(s.nodes) + 6
	for round := range rounds {
		quiet := true
		for _, a := range s.nodes {
			for _, b := range s.nodes {
				if a == b {
					continue
				}
				commits := a.store.Commits + b.store.Commits
				if err := s.pass(a, b, trouble{}); err != nil {
					s.fail("settling: %v", err)
				}
				quiet = quiet && commits == a.store.Commits+b.store.Commits
			}
		}
		if quiet {
			break
		}
		if round == rounds-1 {
			s.fail("never quiet")
		}
	}
	first := s.nodes[0]
	want := image(slices.Collect(maps.Values(first.store.Live(scope))))
	k, _ := first.store.Replica(context.Background(), scope)
	for _, n := range s.nodes {
		if got := image(slices.Collect(maps.Values(n.store.Live(scope)))); !slices.Equal(got, want) {
			s.fail("%s holds\n%q\n%s holds\n%q", n.name, got, first.name, want)
		}
		if len(s.twice) > 0 { // what was lost with a replica nobody will ever send
			continue
		}
		r, _ := n.store.Replica(context.Background(), scope)
		if !r.Knowledge.Equal(k.Knowledge) {
			s.fail("%s knows %s, %s knows %s", n.name, r.Knowledge, first.name, k.Knowledge)
		}
		if e := r.Knowledge.Exceptions(); e > 0 {
			s.fail("%s's knowledge has %d exceptions: %s", n.name, e, r.Knowledge)
		}
	}
	s.lives(first)
}

// lives looks for items that came back: an item lives if and only if somebody
// changed it without knowing of the last deletion, or nobody deleted it.
func (s *sim) lives(n *node) {
	for id, m := range s.metas(n) {
		if m.Deleted {
			continue
		}
		var changes []model.Change
		for unit, v := range m.EachVersion {
			changes = append(changes, model.Change{Item: id, Unit: unit, Version: v})
		}
		if dead := s.model.Dead(id, changes); dead != "" {
			s.fail("item %s came back: %s\n%s", id.String()[:2], dead, s.model.Story(id))
		}
	}
}

func (s *sim) metas(n *node) map[engine.ItemID]*engine.ItemMeta {
	ids, _ := n.store.Changed(context.Background(), scope, engine.Knowledge{})
	m, _ := n.store.Metas(context.Background(), scope, ids)
	return m
}

func changesOf(m *engine.ItemMeta) []model.Change {
	var out []model.Change
	if m == nil {
		return nil
	}
	out = append(out, model.Change{Item: m.ID, Unit: engine.Life, Version: m.LifeVersion})
	for i := range m.Units {
		out = append(out, model.Change{Item: m.ID, Unit: m.Units[i].Unit, Version: m.Units[i].Version})
	}
	return out
}

// observe tells the model what is new at a replica and checks it: had is what it
// held before, theirs what came in.
func (s *sim) observe(n *node, had, theirs map[engine.ItemID]*engine.ItemMeta) {
	now := s.metas(n)
	rep, _ := n.store.Replica(context.Background(), scope)
	view := model.Replica{
		Name: n.name, Items: map[engine.ItemID]model.Item{},
		Contains:  func(c model.Change) bool { return rep.Knowledge.Contains(c.Item, c.Unit, c.Version) },
		Forgotten: func(c model.Change) bool { return rep.Forgotten.Contains(c.Item, c.Unit, c.Version) },
	}
	for _, id := range slices.SortedFunc(maps.Keys(now), engine.ItemID.Compare) {
		m := now[id]
		seen := append(changesOf(had[id]), changesOf(theirs[id])...)
		if had[id] == nil { // made again, it may be, after its tombstone was forgotten
			seen = append(seen, s.model.Seen(id, func(c model.Change) bool { return n.seen.Contains(c.Item, c.Unit, c.Version) })...)
		}
		it := model.Item{Gone: m.Deleted, Units: map[string]engine.Version{}}
		for unit, v := range m.EachVersion {
			it.Units[unit] = v
			if v.IsZero() || v.IsPending() {
				s.fail("%s: item %s has version %s", n.name, id, v)
			}
			content := model.Content{Gone: unit == engine.Life && m.Deleted}
			if u := m.Unit(unit); u != nil && unit != engine.Life {
				content.Digest = u.Digest
			}
			c := model.Change{Item: id, Unit: unit, Version: v}
			if err := s.model.Make(n.name, c, content, seen); err != nil {
				s.fail("%s: %v\n%s", n.name, err, s.model.Story(id))
			}
			if v.Replica == rep.ID && v.Tick > rep.Tick {
				s.fail("%s: %s is beyond its tick %d", n.name, v, rep.Tick)
			}
		}
		view.Items[id] = it
	}
	if bad := s.model.Phantoms(view); len(bad) > 0 {
		stories := ""
		for n := range byte(20) {
			if id := item(n); strings.Contains(bad[0], " "+id.String()[:4]+"/") {
				stories = s.model.Story(id)
			}
		}
		s.fail("%s\n%s", strings.Join(bad, "\n"), stories)
	}
	if rep.ID == n.id && !rep.Knowledge.Covers(n.seen) {
		s.fail("%s's knowledge shrank from %s to %s", n.name, n.seen, rep.Knowledge)
	}
	n.id, n.seen = rep.ID, rep.Knowledge
	log := n.store.Conflicts()
	for _, c := range log[min(n.log, len(log)):] {
		a, b := model.Change{Item: c.Item, Unit: c.Unit, Version: c.Store}, model.Change{Item: c.Item, Unit: c.Unit, Version: c.Phone}
		// A copy can't tell which changes under its old ID were its own: it may report a
		// conflict that strictly is none.
		unsure := s.twice[c.Store.Replica] || s.twice[c.Phone.Replica]
		if !unsure && s.model.Known(a) && s.model.Known(b) && !s.model.Concurrent(a, b) {
			s.fail("%s reported a conflict of %s/%s between %s and %s, of which one knew the other\n%s", n.name, c.Item.String()[:2], c.Unit, c.Store, c.Phone, s.model.Story(c.Item))
		}
	}
	n.log = len(log)
}

var errCut = errors.New("cut")

// wire is the way between two replicas; it is cut at a call.
type wire struct {
	s     *sim
	to    string
	calls int
	cut   int
	reply bool
	met   bool
	// greeted is called when the two know each other, before the first batch.
	greeted func()
}

func (w *wire) call(do func() error) error {
	w.calls++
	if w.calls != w.cut {
		return do()
	}
	if w.reply {
		if err := do(); err != nil {
			return err
		}
	}
	return errCut
}

// end is a provider behind the wire.
type end struct {
	engine.Provider
	w *wire
}

func (e *end) Maintain(ctx context.Context) error {
	return e.w.call(func() error { return e.Provider.Maintain(ctx) })
}

func (e *end) Greet(ctx context.Context, peer map[string]engine.Replica) error {
	e.w.met = true
	return e.w.call(func() error { return e.Provider.Greet(ctx, peer) })
}

func (e *end) Replica(ctx context.Context, scope string) (r engine.Replica, err error) {
	err = e.w.call(func() error { r, err = e.Provider.Replica(ctx, scope); return err })
	return r, err
}

func (e *end) Batch(ctx context.Context, scope string, req engine.Request) (b *engine.Batch, err error) {
	err = e.w.call(func() error { b, err = e.Provider.Batch(ctx, scope, req); return err })
	return b, err
}

func (e *end) Process(ctx context.Context, scope string, b *engine.Batch, opt engine.Processing) (o *engine.Outcome, err error) {
	if e.w.greeted != nil {
		e.w.greeted()
		e.w.greeted = nil
	}
	if len(b.Changes) > 0 && !opt.Preview {
		e.w.s.old = append(e.w.s.old, recorded{e.w.to, b})
	}
	err = e.w.call(func() error { o, err = e.Provider.Process(ctx, scope, b, opt); return err })
	if o == nil {
		o = &engine.Outcome{}
	}
	return o, err
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
	var done uint64
	for seed := *simFrom + 1; seed <= *simFrom+*simSeeds; seed++ {
		if *simTime > 0 && time.Since(begin) > *simTime {
			break
		}
		done++
		trace, failure := simulate(seed)
		again, failed := simulate(seed)
		if !slices.Equal(trace, again) || failure != failed {
			for i := range trace {
				if i >= len(again) || trace[i] != again[i] {
					t.Fatalf("seed %d is not deterministic: step %d is %q and then %q", seed, i, trace[i], append(again, "nothing")[min(i, len(again))])
				}
			}
			t.Fatalf("seed %d is not deterministic: %q and %q", seed, failure, failed)
		}
		if failure != "" {
			t.Fatalf("seed %d: %s\n%s", seed, failure, strings.Join(trace, "\n"))
		}
	}
	t.Logf("%d simulations, the seeds from %d on", done, *simFrom+1)
}
