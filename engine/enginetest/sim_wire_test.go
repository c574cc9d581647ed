package enginetest_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/simple"
)

func (s *sim) ctx() context.Context { return context.Background() }

// trouble is what goes wrong in one pass; the zero value is nothing.
type trouble struct {
	cut     int    // the call that is lost
	reply   bool   // it is carried out, and its answer is lost
	crash   int    // the commit or write before or after which the receiver dies
	refuse  bool   // the receiver can't save the bad items
	pipes   [4]int // bytes after which pipes break; 0: never
	race    bool   // users of places edit while they are read
	preview bool
}

func (s *sim) trouble(n *node) (t trouble) {
	if !s.faults {
		return t
	}
	switch s.r.IntN(10) {
	case 0, 1:
		t.cut, t.reply = 1+s.r.IntN(8), s.r.IntN(2) == 0
	case 2:
		t.crash = 1 + s.r.IntN(6)
	case 3:
		t.refuse = true
		for u := range 4 {
			s.bad[simItem(u+1)] = s.r.IntN(2) == 0
		}
	case 4:
		t.preview = true
	case 5:
		t.pipes[s.r.IntN(4)] = 1 + s.r.IntN(8000)
	case 6:
		t.race = true
	}
	return t
}

var errRefused = errors.New("can't be saved for now")

// prepare sets the troubles of a receiver, or takes them away.
func (s *sim) prepare(n *node, t trouble) {
	var dead func() bool
	if t.crash > 0 {
		left := t.crash
		dead = func() bool { left--; return left == 0 }
	}
	refuse := func(id engine.ItemID, _ *bag) error {
		if s.bad[id] {
			return &engine.ItemError{Item: id, Reason: errRefused}
		}
		return nil
	}
	if !n.isSimple() {
		n.store.Crash, n.store.Refuse = dead, nil
		if t.refuse {
			n.store.Refuse = refuse
		}
		return
	}
	n.place.dead, n.meta.dead, n.place.refuse = dead, dead, nil
	if t.refuse {
		n.place.refuse = func(v *bag) error {
			if s.bad[engine.ItemIDFromUID(scope, Str(v, KeyUID), 1)] {
				return errRefused
			}
			return nil
		}
	}
}

// races lets the user of a place edit an object just before or after it is read.
func (s *sim) races(n *node, on bool) {
	if !n.isSimple() {
		return
	}
	n.place.race = nil
	if !on {
		return
	}
	n.place.race = func(key string, read func()) bool {
		if _, ok := n.place.objects[key]; !ok || s.r.IntN(3) > 0 {
			return false
		}
		// Without a version field nobody can notice what happens between a look at an
		// object and its replacement.
		if after := s.r.IntN(2) == 0; after && !n.place.noVersions {
			read()
			s.editObject(n, key, false)
			return true
		}
		s.editObject(n, key, false)
		return false
	}
}

// pass is one direction of an exchange.
func (s *sim) pass(src, dst *node, t trouble) error {
	opt := engine.ExchangeOptions{
		Direction: engine.OnlyAB, BatchSize: 1 + s.r.IntN(4), Preview: t.preview,
		Preset: []engine.Preset{engine.Newest, engine.Desktop, engine.Phone}[s.r.IntN(3)],
		Now:    func() time.Time { return s.clockTime() },
	}
	if s.r.IntN(5) == 0 {
		opt.Resolve = s.resolve
	}
	before, theirs := s.known(dst), s.known(src)
	w := &wire{s: s, to: dst.name, cut: t.cut, reply: t.reply}
	// New IDs are taken before anything comes in.
	w.greeted = func() {
		if src.settled(true) {
			s.observe(src, theirs, nil)
		}
		if dst.settled(true) {
			s.observe(dst, before, nil)
		}
		before, w.writes = s.metas(dst), dst.writes()
	}
	s.prepare(dst, t)
	s.races(src, t.race)
	s.races(dst, t.race)
	x, err := s.exchange(src, dst, w, t, opt)
	s.races(src, false)
	s.races(dst, false)
	s.prepare(dst, trouble{})
	s.interrupted = s.interrupted || dst.isSimple() && (err != nil || t.race)
	if dst.isSimple() && err != nil {
		// An object without a UID that was created just then and edited before anybody
		// looked is a new one.
		s.mayDouble(dst, func(_ string, o simple.Object) bool { return Toy{scope}.UID(o.Value) == "" })
		for _, m := range s.metas(src) {
			dst.unfinished = append(dst.unfinished, changesOf(m)...)
		}
	}
	if dst.isSimple() && errors.Is(err, ErrCrash) {
		s.start(dst)
	}
	var tr *engine.Transfer
	if x != nil {
		tr = x.ToB[scope]
	}
	if tr == nil {
		tr = &engine.Transfer{}
	}
	s.logf("%s -> %s %s batch %d: sent %d %+v conflicts %d dropped %d failed %d left %d err %v", src.name, dst.name, opt.Preset, opt.BatchSize, tr.Sent, tr.Moves, tr.Conflicts, tr.Dropped, len(tr.Failed), tr.Left, err)
	switch {
	case err != nil && !s.expected(src, dst, err):
		s.fail("exchange: %v", err)
	case t.preview && w.greeted == nil && dst.writes() != w.writes:
		s.fail("a preview wrote")
	}
	for _, f := range tr.Failed {
		// A place may be unreadable, or change while it is read.
		if !strings.Contains(f.Reason.Error(), errRefused.Error()) && !(!s.calm && (src.isSimple() || dst.isSimple())) {
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

// expected reports whether an error is of the trouble that was made.
func (s *sim) expected(src, dst *node, err error) bool {
	switch {
	case s.calm:
		return false
	case errors.Is(err, errCut), errors.Is(err, ErrCrash):
		return true
	case errors.Is(err, engine.ErrGone), errors.Is(err, errBroken):
		return src.piped || dst.piped
	case errors.Is(err, errUnread), errors.Is(err, engine.ErrBraked):
		return src.isSimple() || dst.isSimple()
	}
	// Of an error that crossed a pipe there is the text.
	return dst.piped && strings.Contains(err.Error(), ErrCrash.Error())
}

func (s *sim) exchange(src, dst *node, w *wire, t trouble, opt engine.ExchangeOptions) (*engine.Exchanged, error) {
	limit := func(n int) int {
		if n == 0 {
			return -1
		}
		return n
	}
	a, endA, err := s.open(src, limit(t.pipes[0]), limit(t.pipes[1]))
	if err != nil {
		return nil, err
	}
	defer endA()
	b, endB, err := s.open(dst, limit(t.pipes[2]), limit(t.pipes[3]))
	if err != nil {
		return nil, err
	}
	defer endB()
	return engine.Exchange(s.ctx(), &end{a, w}, &end{b, w}, []string{scope}, opt)
}

// settled reports whether the replica has its lasting identity: a copy or restored
// one doesn't before it has met somebody.
func (n *node) settled(met bool) bool {
	if met && (n.isSimple() || !n.store.Moved) {
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
		// The person saw both.
		for _, v := range append(values(c.Source), values(c.Destination)...) {
			s.held[v] = free
		}
		return a, With(c.Destination, KeyName, s.text("merged"))
	}
	return a, nil
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
	writes  int // of the receiver, then
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
