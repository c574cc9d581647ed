package engine

import (
	"errors"
	"fmt"
)

// ErrClaim: a knowledge or an item's metadata contains versions that cannot exist,
// because the replica that alone mints them has not.
var ErrClaim = errors.New("a version is claimed that was never made")

// ClaimError says what an impossible knowledge or metadata claims. It is ErrClaim.
type ClaimError struct {
	Replica   ReplicaID
	Claimed   uint64 // the tick claimed
	Tick      uint64 // the highest tick that the replica ever minted
	Low, High ItemID // the range of items of which it is claimed first, both included
	Unit      string // of this unit; empty and Whole set: of every unit without other knowledge
	Whole     bool
}

func (e *ClaimError) Error() string {
	what := "all items"
	switch {
	case e.Low == e.High:
		what = "item " + e.Low.String()
	case e.Low != MinItemID || e.High != MaxItemID:
		what = fmt.Sprintf("the items %s to %s", e.Low, e.High)
	}
	switch {
	case e.Whole:
	case e.Unit == Life:
		what = "the existence of " + what
	default:
		what = fmt.Sprintf("unit %q of %s", e.Unit, what)
	}
	return fmt.Sprintf("tick %d of replica %s is claimed for %s, but it has made no tick above %d: the claim is forged or damaged, or the replica was copied or restored",
		e.Claimed, e.Replica, what, e.Tick)
}

// Is makes a ClaimError an ErrClaim.
func (e *ClaimError) Is(target error) bool { return target == ErrClaim }

// CheckClaims looks whether k claims a version of r above tick, the highest that
// r ever minted; then the answer is a *ClaimError. Only the one who mints for r
// can ask that: a store asks it for its own replica and for each of its proxies,
// of every knowledge that comes from outside, before it believes any of it. Of
// other replicas any tick may be right. What to do about it is the caller's: a
// store that was copied or restored finds itself out that way and takes a new
// identity (Store.Admit), otherwise the knowledge is put aside and the side that
// sent it enumerated in full.
func (k Knowledge) CheckClaims(r ReplicaID, tick uint64) error {
	low, at := MinItemID, k.start()
	for i := 0; ; i++ {
		e := &ClaimError{Replica: r, Tick: tick, Low: low, High: MaxItemID}
		if i < len(k.cuts) {
			e.High = k.cuts[i].low.prev()
		}
		if e.Claimed = at.all.tick(r); e.Claimed > tick {
			e.Whole = true
			return e
		}
		for _, u := range at.units {
			if e.Claimed = u.clock.tick(r); e.Claimed > tick {
				e.Unit = u.unit
				return e
			}
		}
		if i == len(k.cuts) {
			return nil
		}
		low, at = k.cuts[i].low, k.cuts[i].row
	}
}

// CheckClaims looks whether m names a version of r above tick, the highest that r
// ever minted; then the answer is a *ClaimError with the item and the unit. It is
// to metadata what Knowledge.CheckClaims is to knowledge. A pending version claims
// nothing.
func (m *ItemMeta) CheckClaims(r ReplicaID, tick uint64) error {
	check := func(unit string, v Version) error {
		if v.Replica != r || v.Tick <= tick || v.IsPending() {
			return nil
		}
		return &ClaimError{Replica: r, Claimed: v.Tick, Tick: tick, Low: m.ID, High: m.ID, Unit: unit}
	}
	err := check(Life, m.Creation)
	if err == nil {
		err = check(Life, m.LifeVersion)
	}
	for i := 0; i < len(m.Units) && err == nil; i++ {
		u := &m.Units[i]
		err = check(u.Unit, u.Version)
		for j := 0; j < len(u.Elements) && err == nil; j++ {
			err = check(u.Unit, u.Elements[j].Added)
		}
	}
	return err
}
