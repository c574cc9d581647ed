package engine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
)

// plan puts what a preview found into one value, which can be printed, saved as a bag
// (Plan.Values) and applied (ExchangeOptions.Apply). A stands where a phone's plan has
// the store, B where it has the phone.
func (x *exchange) plan(scopes []string, basis []byte) *Plan {
	p := &Plan{basis: basis}
	for _, scope := range scopes {
		for to, t := range map[Side]*Transfer{ToStore: x.result.ToA[scope], ToPhone: x.result.ToB[scope]} {
			if t == nil {
				continue
			}
			for _, a := range t.Actions {
				a.To, a.digest = to, Digest{} // what they know says what they hold
				p.Actions = append(p.Actions, a)
			}
		}
	}
	p.sort()
	return p
}

// basis identifies what a plan is made from: what both sides are and know, and by which
// rules they meet.
func (x *exchange) basis(ctx context.Context, a, b Provider, scopes []string) ([]byte, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%t\x00%t\x00", x.opt.Direction, x.opt.Preset, x.opt.Constraint, x.opt.LocalDeletesA, x.opt.LocalDeletesB)
	for _, scope := range scopes {
		fmt.Fprintf(h, "%s\x00%s\x00%s\x00", scope, x.opt.FiltersA[scope], x.opt.FiltersB[scope])
		for _, p := range []Provider{a, b} {
			r, err := p.Replica(ctx, scope)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", scope, err)
			}
			h.Write(r.ID[:])
			h.Write(r.Knowledge.AppendBinary(nil))
			h.Write(r.Forgotten.AppendBinary(nil))
		}
	}
	return slices.Clone(h.Sum(nil)), nil
}

// same makes a preview and refuses if it isn't what the person saw.
func same(ctx context.Context, a, b Provider, scopes []string, opt ExchangeOptions) (*Exchanged, error) {
	want := opt.Apply
	opt.Apply, opt.Preview = nil, true
	x, err := Exchange(ctx, a, b, scopes, opt)
	if err == nil && x.Plan.Digest() != want.Digest() {
		err = ErrPlanChanged
	}
	return x, err
}
