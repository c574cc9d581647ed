package engine

import "slices"

// ClockVector is what k contains of one unit of one item (Life for its
// existence): the highest tick of each replica, ascending by replica, ticks above
// 0. The caller may keep and change it.
func (k Knowledge) ClockVector(item ItemID, unit string) []Version {
	return slices.Clone(k.rowAt(item).clock(unit))
}

// MinTick is the tick of r up to which all units of the item are contained, its
// existence and units that no schema has yet included. Floor is the same over all
// items (ISyncKnowledge::FindMinTickCountForReplica).
func (k Knowledge) MinTick(item ItemID, r ReplicaID) uint64 {
	at := k.rowAt(item)
	t := at.all.tick(r)
	for i := range at.units {
		t = min(t, at.units[i].clock.tick(r))
	}
	return t
}

// CoversItem reports whether k contains all that o contains of the item
// (ISyncKnowledge2::ContainsKnowledgeForItem).
func (k Knowledge) CoversItem(item ItemID, o Knowledge) bool {
	return k.rowAt(item).covers(o.rowAt(item))
}

// CoversUnit reports whether k contains all that o contains of one unit of the
// item (ISyncKnowledge2::ContainsKnowledgeForChangeUnit).
func (k Knowledge) CoversUnit(item ItemID, unit string, o Knowledge) bool {
	return k.rowAt(item).clock(unit).covers(o.rowAt(item).clock(unit))
}

// LowestUncontained is the lowest item ID of which o contains something that k
// doesn't: where a source that knows o begins to enumerate for a destination that
// knows k (ISyncKnowledge2::GetLowestUncontainedId). Of the items below it k
// misses nothing. It is false if k covers o. There needn't be an item of that ID.
func (k Knowledge) LowestUncontained(o Knowledge) (ItemID, bool) {
	for s := newSweep(k, o); s.next(); {
		if !s.a.covers(s.b) {
			return s.low, true
		}
	}
	return ItemID{}, false
}

// ProjectItem is what k says of one item and nothing of the others.
func (k Knowledge) ProjectItem(item ItemID) Knowledge { return k.Project(item, item) }

// ProjectUnit is what k says of one unit of one item and nothing of the rest.
// ProjectUnits does it for all items.
func (k Knowledge) ProjectUnit(item ItemID, unit string) Knowledge {
	return Knowledge{}.Except(item, &unit, k)
}

// ExcludeItem is k without anything of the item (ISyncKnowledge::ExcludeItem).
// After a failed item use Except, which goes back to what was known of it before.
func (k Knowledge) ExcludeItem(item ItemID) Knowledge { return k.Except(item, nil, Knowledge{}) }

// ExcludeUnit is k without anything of one unit of the item
// (ISyncKnowledge::ExcludeChangeUnit).
func (k Knowledge) ExcludeUnit(item ItemID, unit string) Knowledge {
	return k.Except(item, &unit, Knowledge{})
}
