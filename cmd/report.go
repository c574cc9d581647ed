package cmd

import (
	"context"
	"errors"

	"cradle/devprovider"
	"cradle/engine"
	"cradle/hostprovider"
	"cradle/pim"
)

// failingOf is how the store keeps a failure.
func failingOf(f engine.Failure) hostprovider.Failing {
	out := hostprovider.Failing{Kind: f.Scope, Path: f.Path, Side: f.Side}
	if !f.Item.IsZero() {
		out.Item = f.Item.String()
	}
	return out
}

// failing asks the store since when what failed does so, and tells it what fails
// now, unless nothing was to be written.
func (r *syncReport) failing(ctx context.Context, peer engine.PeerID) error {
	var names []string
	for _, k := range r.kinds {
		names = append(names, k.Name())
	}
	var now []hostprovider.Failing
	for _, f := range r.res.Failed {
		now = append(now, failingOf(f))
	}
	stopped := isStopped(r.err)
	var err error
	r.since, err = r.store.Failing(ctx, peer, names, r.res.Run, now, !r.opt.dryRun && !stopped)
	return err
}

// isStopped reports whether a session ended before it wrote anything, with a plan that
// a person has to look at.
func isStopped(err error) bool {
	return errors.Is(err, engine.ErrBraked) || errors.Is(err, engine.ErrNotPaired) || errors.Is(err, engine.ErrPlanChanged)
}

// syncReport is a run that came as far as a plan.
type syncReport struct {
	g       *globals
	found   []devprovider.Found // vdirs that nobody named
	phone   *phone
	folder  *devprovider.Folder
	kinds   []*pim.Kind
	store   *hostprovider.Store
	opt     syncOptions
	res     *engine.Result
	err     error
	waiting int                       // conflicts, with all phones
	kept    map[string][]keptDocument // what the phone doesn't store, by kind
	saved   bool                      // the plan is in opt.save

	waitingHere, held int                            // with this one
	since             map[hostprovider.Failing]int64 // the run since which a failure fails
}

// finish prints the report and gives the exit code as an error.
func (r *syncReport) finish(ctx context.Context) error {
	doc := r.document()
	if r.res.First && (r.opt.dryRun || isStopped(r.err)) {
		doc.Pairs, doc.Perhaps = r.res.Pairs, r.perhaps(ctx)
	}
	code := r.code(doc)
	if r.g.json {
		if err := r.g.print(doc); err != nil {
			return err
		}
	} else {
		r.text(ctx, doc)
	}
	if code == exitDone {
		return nil
	}
	return quiet(code)
}

// failed tells what failed from the items of which the phone's program stores nothing:
// with these nothing is wrong, they stay in the store.
func (r *syncReport) failed() (failed, notStored []engine.Failure) {
	for _, f := range r.res.Failed {
		if errors.Is(f.Err, devprovider.ErrNotStored) {
			notStored = append(notStored, f)
		} else {
			failed = append(failed, f)
		}
	}
	return failed, notStored
}

func (r *syncReport) code(doc *syncDocument) int {
	var codes []int
	switch {
	case isStopped(r.err):
		codes = append(codes, exitBraked)
	case r.err != nil:
		codes = append(codes, doc.Error.exit)
	}
	if failed, _ := r.failed(); len(failed) > 0 {
		codes = append(codes, exitItemsFailed)
	}
	if r.opt.conflict == string(engine.Ask) && (r.waiting > 0 || r.opt.dryRun && r.plans(engine.VerbConflict)) {
		codes = append(codes, exitConflicts)
	}
	return worst(codes...)
}
