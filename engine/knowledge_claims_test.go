package engine

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCheckClaims(t *testing.T) {
	us, them := ReplicaID{'U'}, ReplicaID{'T'}
	name := "name"
	clean := NewKnowledge(Version{us, 5}, Version{them, 1 << 60})
	more := clean.WithTick(Version{us, 9})
	for _, row := range []struct {
		name string
		k    Knowledge
		tick uint64
		want string // "" when it is possible
	}{
		{"nothing", Knowledge{}, 0, ""},
		{"all we made", clean, 5, ""},
		{"less than we made", clean, 6, ""},
		{"more than we made", clean, 4, "tick 5 of replica " + us.String() + " is claimed for all items, but it has made no tick above 4"},
		{"we made nothing", clean, 0, "but it has made no tick above 0"},
		{"the greatest tick", clean.WithTick(Version{us, math.MaxUint64 - 1}), 5, "tick 18446744073709551614 of replica"},
		{"one item", clean.Except(idOf(7), nil, more), 5, "tick 9 of replica " + us.String() + " is claimed for item " + idOf(7).String()},
		{"one unit of one item", clean.Except(idOf(7), &name, more), 5, "for unit \"name\" of item " + idOf(7).String()},
		{"existence of all items", clean.ReplaceUnits(ColumnsOf(Life), more), 5, "for the existence of all items"},
		{"a range", clean.Learn(more, idOf(2), idOf(5)), 5, "for the items " + idOf(2).String() + " to " + idOf(5).String()},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := row.k.CheckClaims(us, row.tick)
			if row.want == "" {
				if err != nil {
					t.Fatalf("%v with tick %d: got %v, want no error", row.k, row.tick, err)
				}
				return
			}
			var claim *ClaimError
			if !errors.Is(err, ErrClaim) || !errors.As(err, &claim) {
				t.Fatalf("%v with tick %d: got %v, want a ClaimError", row.k, row.tick, err)
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %q, want %q in it", err, row.want)
			}
			if !row.k.Contains(claim.Low, claim.Unit, Version{us, claim.Claimed}) || !row.k.Contains(claim.High, claim.Unit, Version{us, claim.Claimed}) {
				t.Errorf("%v doesn't claim what %+v says", row.k, claim)
			}
		})
	}
}

// TestCheckClaimsModel: a claim is impossible exactly if some change of the
// replica above its tick is contained.
func TestCheckClaimsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		known := drawKnown(t, 8)
		k := known[len(known)-1].k
		v := drawVersion(t)
		err := k.CheckClaims(v.Replica, v.Tick)
		if got, want := err != nil, k.Tick(v.Replica) > v.Tick; got != want {
			t.Fatalf("%v with %v: got %v, want an error: %v", k, v, err, want)
		}
		if err := k.CapTick(v.Replica, v.Tick).CheckClaims(v.Replica, v.Tick); err != nil {
			t.Fatalf("%v capped at %v: %v", k, v, err)
		}
	})
}

func TestCheckClaimsOfItem(t *testing.T) {
	us, them := ReplicaID{'U'}, ReplicaID{'T'}
	right := func() *ItemMeta {
		return &ItemMeta{
			ID: idOf(7), Creation: Version{us, 2}, LifeVersion: Version{us, 5},
			Units: []UnitMeta{
				{Unit: "name", Version: Pending(us)},
				{Unit: "tel", Version: Version{them, 900}, Elements: []Element{{Added: Version{us, 5}}, {Added: Version{them, 901}}}},
			},
		}
	}
	for _, row := range []struct {
		name   string
		change func(*ItemMeta)
		want   string
	}{
		{"creation", func(m *ItemMeta) { m.Creation.Tick = 6 }, "tick 6 of replica " + us.String() + " is claimed for the existence of item " + idOf(7).String()},
		{"existence", func(m *ItemMeta) { m.LifeVersion.Tick = 7 }, "tick 7 of replica " + us.String() + " is claimed for the existence of item"},
		{"unit", func(m *ItemMeta) { m.Units[0].Version.Tick = 8 }, "is claimed for unit \"name\" of item"},
		{"element", func(m *ItemMeta) { m.Units[1].Elements[1].Added = Version{us, 9} }, "is claimed for unit \"tel\" of item"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := right()
			if err := m.CheckClaims(us, 5); err != nil {
				t.Fatalf("before: %v", err)
			}
			row.change(m)
			if err := m.CheckClaims(us, 5); !errors.Is(err, ErrClaim) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q in it", err, row.want)
			}
		})
	}
}
