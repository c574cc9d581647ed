package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"
)

// Options of a session. The zero value syncs by preset Newest and refuses a
// first meeting.
type Options struct {
	Preset Preset // empty: Newest
	DryRun bool   // plan only: nothing is minted or written
	Accept string // digest of a plan that a brake stopped and a person approved
	// Apply is a plan that a dry run made and a person saw: the session carries out
	// that one, brakes and first meeting included, or nothing (ErrPlanChanged).
	Apply *Plan
	// Pair answers a first meeting; nil refuses it.
	Pair func(Meet) bool
	// CommitEvery is how often a long run commits the peer's state; 0 means 10 s.
	CommitEvery time.Duration
	// ForgetAfter is how long the store remembers a deletion; 0 for ever.
	ForgetAfter time.Duration
	// Filters gives the phone a filter, by scope; a zero one takes its filter away.
	// A scope that isn't named keeps the one that the phone's state has.
	Filters map[string]Filter
	// Exempt: no brake and no question, the session takes a run back. PutBackOnly:
	// it does nothing but give the phone what undos want it to have again.
	Exempt, PutBackOnly bool
	// Withhold: nothing is written to the phone but its state. Its changes come to the
	// store; those of the store wait for a session that doesn't withhold.
	Withhold bool
	// WithholdStore: the store's items stay as they are. Its changes go to the phone;
	// what changed on the phone waits there for a session that doesn't withhold.
	WithholdStore bool
	Now           func() time.Time
	Rand          io.Reader
	Log           *slog.Logger
	Progress      func(Progress)
}

// Meet is what a person is told at a first meeting, in items.
type Meet struct{ Pair, ToPhone, ToStore, Deleted int }

// Progress tells how far a session is.
type Progress struct {
	Stage       string // "detect", "plan", "store", "phone", "commit"
	Done, Total int
}

// Errors that end a session before it wrote anything.
var (
	// ErrBraked: a brake stopped it; the result holds the plan.
	ErrBraked = errors.New("stopped by a brake")
	// ErrPlanChanged: what is to be done is no longer what Options.Apply says; the
	// result holds the plan as it is now.
	ErrPlanChanged = errors.New("the plan is no longer the one that was saved")
	// ErrNotPaired: this store and this peer never met; the result holds the plan.
	ErrNotPaired = errors.New("not paired with this phone")
)

// Result is what a session did. It is filled in as far as the session came,
// also when Run returns an error.
type Result struct {
	First     bool
	Plan      *Plan
	Meet      Meet
	Stats     map[string]*Stats
	Failed    []Failure
	Run       int64       // the run's record; 0 when nothing moved
	Planned   bool        // the session came as far as a plan
	Agreed    bool        // Options.Accept names this plan
	Overtaken []Overtaken // that an undo wanted back on the phone and that changed there since
	Withheld  int         // items of the last pass that would have been written to the phone
	Left      int         // items that changed under way and are left for the next run
	Pairs     []Pair      // of a first sync or meeting, as far as objects were read, by scope and item
	// Mended: objects of the phone that were there only in part and that were written again;
	// they count as created too.
	Mended int
	// WithheldStore: items of the last pass that changed on the phone and wait there.
	WithheldStore int
	// Filters are those of the phone, by scope; scopes without one are absent.
	Filters map[string]Filtered
}

// Filtered is what a filter came to.
type Filtered struct {
	Filter  Filter
	KeptOut int // live items of the store that it keeps off the phone
}

// Failure is an item that could not be synced; it is tried again in every run.
type Failure struct {
	Scope string
	Item  ItemID
	Path  string
	Side  Side
	Err   error
}

// Session syncs a store with a partial participant, in all scopes that have a
// schema.
type Session struct {
	store   Store
	phone   Partial
	schemas []Schema
	opt     Options

	peer      PeerFacts
	meeting   Meeting
	first     firstness
	result    *Result
	run       int64
	written   map[writtenItem]bool // what the phone took in this run
	committed bool                 // the phone's state was written in this run
	lastMark  time.Time
}

// firstness tells the two ways in which a session may be the first.
type firstness struct {
	meeting bool // the store never committed a session with this peer
	noState bool // the peer has no state
}

// NewSession joins the two participants. Nothing happens before Run.
func NewSession(store Store, phone Partial, schemas []Schema, opt Options) *Session {
	if opt.Preset == "" {
		opt.Preset = Newest
	}
	if opt.CommitEvery == 0 {
		opt.CommitEvery = 10 * time.Second
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Rand == nil {
		opt.Rand = rand.Reader
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Progress == nil {
		opt.Progress = func(Progress) {}
	}
	return &Session{store: store, phone: phone, schemas: schemas, opt: opt}
}

// maxPasses bounds how often one run goes over items that are edited while it
// runs; what still moves then is left for the next run.
const maxPasses = 3

// Run surveys, plans and executes. The result is never nil.
func (s *Session) Run(ctx context.Context) (*Result, error) {
	s.result = &Result{Stats: map[string]*Stats{}, Plan: &Plan{}, Filters: map[string]Filtered{}}
	for _, sc := range s.schemas {
		s.result.Stats[sc.Name()] = &Stats{}
	}
	s.peer = s.phone.Facts()
	s.peer.Claims = map[string][]Version{}
	for _, sc := range s.schemas {
		s.peer.Claims[sc.Name()] = s.phone.State(sc.Name()).claims()
	}
	var err error
	if s.meeting, err = s.store.Admit(ctx, s.peer); err != nil {
		return s.result, fmt.Errorf("looking the phone up in the store: %w", err)
	}
	s.first = firstness{meeting: !s.meeting.Known, noState: !s.peer.HasState}
	s.result.First = s.first.meeting || s.first.noState
	s.lastMark = s.opt.Now()
	for pass := range maxPasses {
		work, err := s.prepare(ctx)
		if err != nil {
			return s.result, err
		}
		if pass == 0 {
			if err := s.gate(work); err != nil || s.opt.DryRun {
				return s.result, err
			}
		}
		left, err := s.execute(ctx, work)
		s.result.Left = left
		if err != nil {
			// What was done is in the store: its record says so too.
			if cerr := s.countRun(context.WithoutCancel(ctx), work); cerr != nil {
				s.opt.Log.Warn("the run's record lacks its counts", "err", cerr)
			}
			return s.result, err
		}
		if left == 0 {
			return s.result, s.forget(ctx)
		}
		s.first, s.meeting.Forgot = firstness{}, false
		s.peer = s.phone.Facts()
	}
	return s.result, nil
}

// gate shows the plan to the brakes and, at a first meeting, to a person.
func (s *Session) gate(work []*scopeWork) error {
	plan := s.result.Plan
	for _, w := range work {
		plan.Actions = append(plan.Actions, w.actions...)
		s.result.Meet.Pair += w.paired()
		s.result.Pairs = append(s.result.Pairs, w.pairList...)
		for _, d := range w.decisions {
			if d.toPhone == opCreate {
				s.result.Meet.ToPhone++
			}
			if d.toStore == opCreate {
				s.result.Meet.ToStore++
			}
			if d.toPhone == opDelete || d.toStore == opDelete {
				s.result.Meet.Deleted++
			}
		}
	}
	plan.sort()
	s.result.Planned = true
	s.result.Plan.basis = s.basis(work) // a plan that is saved says what it was made from
	if s.opt.Exempt {
		return nil
	}
	if s.opt.Apply != nil {
		if s.opt.Apply.Digest() != s.result.Plan.Digest() {
			return ErrPlanChanged
		}
		s.result.Agreed = true
		return nil
	}
	s.result.Agreed = s.opt.Accept != "" && s.opt.Accept == s.result.Plan.Digest()
	if !s.result.Agreed {
		for _, w := range work {
			if b := w.brake(s.first); b != nil {
				b.Accept = s.result.Plan.Digest()
				plan.Brake = b
				return ErrBraked
			}
		}
	}
	if s.first.meeting && !s.result.Agreed && (s.opt.Pair == nil || !s.opt.Pair(s.result.Meet)) {
		return ErrNotPaired
	}
	return nil
}

// basis identifies what a plan was made from: this store and this phone with all
// that they knew. An approved plan is good for that, and so only once. A store that
// never held anything is as good as any other such: a dry run plans for one that isn't
// made yet, and its plan is for the one that is made then.
func (s *Session) basis(work []*scopeWork) []byte {
	h := sha256.New()
	if slices.ContainsFunc(work, func(w *scopeWork) bool { return w.store.Tick > 0 || !w.store.Knowledge.IsZero() }) {
		h.Write(s.meeting.StoreID[:])
	} else {
		h.Write(make([]byte, len(s.meeting.StoreID)))
	}
	h.Write(s.peer.ID[:])
	for _, w := range work {
		h.Write(w.store.Knowledge.AppendBinary(nil))
		h.Write(w.state.Knowledge.AppendBinary(nil))
	}
	return h.Sum(nil)
}

func (s *Session) fail(f Failure) {
	for _, o := range s.result.Failed {
		if o.Scope == f.Scope && o.Item == f.Item && o.Path == f.Path && o.Side == f.Side {
			return
		}
	}
	s.result.Failed = append(s.result.Failed, f)
}

// repaired takes back what was said of an object that the phone then took anew: a
// torn one, or one that it refused before. Of a bundle nothing is taken back, it
// stays as it is.
func (s *Session) repaired(scope string, id ItemID, places ...*Place) {
	s.result.Failed = slices.DeleteFunc(s.result.Failed, func(f Failure) bool {
		switch {
		case f.Scope != scope || f.Side != ToPhone:
			return false
		case f.Item == id && (f.Path == "" || errors.Is(f.Err, ErrTorn)):
			return true
		}
		return slices.ContainsFunc(places, func(p *Place) bool {
			return p != nil && !p.Bundle && p.Path != "" && p.Path == f.Path
		})
	})
}
