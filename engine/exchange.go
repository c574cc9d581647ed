package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Direction says which way an Exchange moves changes, and which way first. The
// second pass sees what the first one brought.
type Direction string

// The directions. The empty one is AThenB.
const (
	AThenB Direction = "a-then-b" // from A to B, then from B to A
	BThenA Direction = "b-then-a"
	OnlyAB Direction = "a-to-b" // from A to B alone
	OnlyBA Direction = "b-to-a"
)

// ExchangeOptions of an Exchange. The zero value syncs both ways by preset Newest.
type ExchangeOptions struct {
	Direction Direction
	// Preset settles conflicts: Desktop is A's value, Phone is B's; empty: Newest.
	Preset     Preset
	Resolve    Resolve
	Constraint ConstraintPolicy
	BatchSize  int // items a batch; 0: 512
	// FiltersA and FiltersB say, by scope, what A and B are to hold; without one: all.
	// A filter isn't kept: each exchange names it, and one that names another, or none,
	// gives and takes what differs. See filter_exchange.go.
	FiltersA, FiltersB map[string]Filter
	// LocalDeletesA and LocalDeletesB: what is deleted at A, or at B, is deleted there
	// alone (LocalOnlyDelete): the other keeps it, and it doesn't come back. Without it
	// again, such deletions go over, and meet what was edited since as any others.
	LocalDeletesA, LocalDeletesB bool
	// Preview: nothing is written; the transfers list what would be done. Each
	// direction is looked at alone, so a conflict shows in both.
	Preview bool
	// Apply is the plan of a preview that a person saw: the exchange carries out that one
	// or nothing (ErrPlanChanged, with the plan as it is now). A plan is good once.
	Apply    *Plan
	Now      func() time.Time
	Progress func(ExchangeProgress)
}

// ExchangeProgress tells how far an exchange is.
type ExchangeProgress struct {
	Scope       string
	ToB         bool
	Stage       string // "detect", "enumerate", "apply"
	Done, Total int    // items of this direction
}

// Transfer is what one direction of an exchange did in one scope.
type Transfer struct {
	Sent      int // changes sent, those included that the other side had already
	Known     int // sent though the other side had them
	Moves     Moves
	Adopted   int
	Conflicts int
	Dropped   int // removed because the source had deleted them and forgotten that
	Recovered bool
	Failed    []ItemError
	Left      int // items that were being edited and are left for the next time
	Actions   []Action
}

// Exchanged is what an exchange did, by scope.
type Exchanged struct {
	ToB, ToA map[string]*Transfer
	// Plan is what a preview found: its actions go to the store where they go to A, to
	// the phone where they go to B. Otherwise nil.
	Plan *Plan
}

// Exchange joins two providers: each gets what it doesn't know of the other's
// (sync-model §1.3). Everything that a batch brought stands when it ends early,
// and the next one goes on from there.
func Exchange(ctx context.Context, a, b Provider, scopes []string, opt ExchangeOptions) (*Exchanged, error) {
	if opt.Direction == "" {
		opt.Direction = AThenB
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Progress == nil {
		opt.Progress = func(ExchangeProgress) {}
	}
	x := &exchange{opt: opt, result: &Exchanged{ToB: map[string]*Transfer{}, ToA: map[string]*Transfer{}}}
	toB := pass{src: a, dst: b, into: x.result.ToB, toB: true, gives: opt.FiltersA, filters: opt.FiltersB, keeps: opt.LocalDeletesA, stays: opt.LocalDeletesB}
	toA := pass{src: b, dst: a, into: x.result.ToA, gives: opt.FiltersB, filters: opt.FiltersA, keeps: opt.LocalDeletesB, stays: opt.LocalDeletesA}
	var passes []pass
	switch opt.Direction {
	case AThenB:
		passes = []pass{toB, toA}
	case BThenA:
		passes = []pass{toA, toB}
	case OnlyAB:
		passes = []pass{toB}
	case OnlyBA:
		passes = []pass{toA}
	default:
		return x.result, fmt.Errorf("direction %q: want %s, %s, %s or %s", opt.Direction, AThenB, BThenA, OnlyAB, OnlyBA)
	}
	if opt.Apply != nil {
		if now, err := same(ctx, a, b, scopes, opt); err != nil {
			return now, err
		}
	}
	if err := x.meet(ctx, a, b, scopes); err != nil {
		return x.result, err
	}
	var basis []byte
	if opt.Preview {
		var err error
		if basis, err = x.basis(ctx, a, b, scopes); err != nil {
			return x.result, err
		}
	}
	for _, p := range passes {
		for _, scope := range scopes {
			t := &Transfer{}
			p.into[scope] = t
			if err := x.run(ctx, p, scope, t); err != nil {
				return x.result, fmt.Errorf("%s: %w", scope, err)
			}
		}
	}
	if opt.Preview {
		x.result.Plan = x.plan(scopes, basis)
	}
	return x.result, nil
}

type exchange struct {
	opt    ExchangeOptions
	result *Exchanged
}

// pass is one direction.
type pass struct {
	src, dst Provider
	into     map[string]*Transfer
	toB      bool
	gives    map[string]Filter // the source's filters
	filters  map[string]Filter // the destination's
	keeps    bool              // the source's deletions are its own
	stays    bool              // the destination's are
}

// meet lets both sides take in their own changes and see each other.
func (x *exchange) meet(ctx context.Context, a, b Provider, scopes []string) error {
	x.opt.Progress(ExchangeProgress{Stage: "detect"})
	for _, p := range []Provider{a, b} {
		if err := p.Maintain(ctx); err != nil {
			return fmt.Errorf("taking in local changes: %w", err)
		}
	}
	replicas := func(p Provider) (map[string]Replica, error) {
		m := map[string]Replica{}
		for _, s := range scopes {
			r, err := p.Replica(ctx, s)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s, err)
			}
			m[s] = r
		}
		return m, nil
	}
	// A first: what it takes for its new identity, B sees.
	for _, o := range [][2]Provider{{a, b}, {b, a}} {
		peer, err := replicas(o[1])
		if err != nil {
			return err
		}
		if err := o[0].Greet(ctx, peer); err != nil {
			return fmt.Errorf("meeting the other side: %w", err)
		}
	}
	ra, err := replicas(a)
	if err != nil {
		return err
	}
	rb, err := replicas(b)
	if err != nil {
		return err
	}
	for _, s := range scopes {
		if ra[s].ID == rb[s].ID {
			return fmt.Errorf("%s: %w", s, ErrSameReplica)
		}
	}
	return nil
}

// waiting are changes of a batch that wait for other items.
type waiting struct {
	batch   *Batch
	changes []Change
}

func (x *exchange) run(ctx context.Context, p pass, scope string, t *Transfer) error {
	src, err := p.src.Replica(ctx, scope)
	if err != nil {
		return err
	}
	dst, err := p.dst.Replica(ctx, scope)
	if err != nil {
		return err
	}
	req := Request{Known: dst.Knowledge, Size: x.opt.BatchSize, Filter: p.filters[scope].Canonical(), At: x.opt.Now().UnixMilli(), KeepDeletes: p.keeps}
	req.Full = !current(dst, src.Forgotten, req.Filter)
	if low, ok := dst.Knowledge.LowestUncontained(src.Knowledge); ok && !req.Full && len(req.Filter.Rules) == 0 {
		req.Low = low
	}
	if req.Filter.IsZero() {
		req.At = 0
	}
	t.Recovered = req.Full
	opt := x.processing(p)
	opt.Unseen, opt.StayDeleted = p.gives[scope].Canonical().Without, p.stays
	var retry []waiting
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := p.src.Batch(ctx, scope, req)
		if err != nil {
			return err
		}
		x.opt.Progress(ExchangeProgress{Scope: scope, ToB: p.toB, Stage: "enumerate", Done: t.Sent, Total: t.Sent + len(b.Changes) + b.Left})
		out, err := p.dst.Process(ctx, scope, b, opt)
		if err != nil {
			return err
		}
		t.Sent += len(b.Changes)
		t.add(out)
		if len(out.Retry) > 0 {
			retry = append(retry, waiting{b, out.Retry})
		}
		x.opt.Progress(ExchangeProgress{Scope: scope, ToB: p.toB, Stage: "apply", Done: t.Sent, Total: t.Sent + b.Left})
		if b.Last {
			break
		}
		next, ok := b.High.next()
		if !ok || b.High.Compare(req.Low) < 0 {
			return errors.New("the source's batches don't end")
		}
		req.Low = next
	}
	return x.again(ctx, p, scope, retry, opt, t)
}

// again offers what waited for other items until nothing more comes of it.
func (x *exchange) again(ctx context.Context, p pass, scope string, retry []waiting, opt Processing, t *Transfer) error {
	for progress := true; progress && len(retry) > 0; {
		progress = false
		var still []waiting
		for _, w := range retry {
			b := *w.batch
			b.Changes, b.Single, b.Full, b.Listed, b.Outside = w.changes, true, false, nil, nil
			out, err := p.dst.Process(ctx, scope, &b, opt)
			if err != nil {
				return err
			}
			t.add(out)
			progress = progress || len(out.Retry) < len(w.changes)
			if len(out.Retry) > 0 {
				still = append(still, waiting{w.batch, out.Retry})
			}
		}
		retry = still
	}
	for _, w := range retry {
		for _, c := range w.changes {
			t.Failed = append(t.Failed, ItemError{Item: c.Meta.ID, Reason: &ConstraintError{Reason: NoParent, Item: c.Meta.ID, Detail: "what it belongs to never came"}})
		}
	}
	slices.SortFunc(t.Failed, func(a, b ItemError) int { return a.Item.Compare(b.Item) })
	return nil
}

// processing turns the session's policy into that of one direction.
func (x *exchange) processing(p pass) Processing {
	o := Processing{
		Preset: x.opt.Preset, Resolve: x.opt.Resolve, Constraint: x.opt.Constraint, Preview: x.opt.Preview,
		Now: func() int64 { return x.opt.Now().UnixMilli() },
	}
	if p.toB { // Desktop and Phone are A and B; for Process they are destination and source
		switch o.Preset {
		case Desktop:
			o.Preset = Phone
		case Phone:
			o.Preset = Desktop
		}
	}
	return o
}

func (t *Transfer) add(o *Outcome) {
	t.Moves.Created += o.Moves.Created
	t.Moves.Updated += o.Moves.Updated
	t.Moves.Deleted += o.Moves.Deleted
	t.Moves.Left += o.Moves.Left
	t.Known += o.Known
	t.Adopted += o.Adopted
	t.Conflicts += o.Conflicts
	t.Dropped += o.Dropped
	t.Failed = append(t.Failed, o.Failed...)
	t.Left += o.Left
	t.Actions = append(t.Actions, o.Actions...)
}
