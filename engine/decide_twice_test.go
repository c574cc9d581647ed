package engine

import "testing"

// Two tombstones of one item that took away other versions of a unit, both known at both
// sides, come to one whichever side holds which: else they go round two phones for ever.
func TestDeletedTwiceIsTheSameFromBothSides(t *testing.T) {
	a, b := ReplicaID{1}, ReplicaID{2}
	id := ItemID{7}
	tomb := func(life, tags Version) *ItemMeta {
		return &ItemMeta{ID: id, Creation: Version{a, 1}, LifeVersion: life, Deleted: true, Units: []UnitMeta{{Unit: "tags", Version: tags}}}
	}
	x, y := tomb(Version{a, 9}, Version{a, 4}), tomb(Version{b, 9}, Version{b, 3})
	know := Knowledge{}.WithTick(Version{a, 5}).WithTick(Version{b, 5})
	d := &decider{home: a, store: know, phone: know, onPhone: true}
	one, other := d.deletedTwice(x, y).Unit("tags").Version, d.deletedTwice(y, x).Unit("tags").Version
	if one != other {
		t.Errorf("got %s with the one in the store and %s with the other", one, other)
	}
	if want := (Version{a, 4}); one != want {
		t.Errorf("got %s, want the greater, %s", one, want)
	}
}
