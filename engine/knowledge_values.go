package engine

import (
	"fmt"
	"slices"

	"cradle/valuebag"
)

// KnowledgeCategory is the key category of a Knowledge as a bag. Item and
// replica IDs in it are VT_CLSID with the text form of the ID.
var KnowledgeCategory = valuebag.GUIDFromUUID([16]byte{0xa8, 0xa8, 0x80, 0x94, 0x29, 0x96, 0x44, 0x2a, 0x8a, 0x1b, 0x18, 0xf8, 0xc3, 0x6f, 0x85, 0x0a})

// The keys of a Knowledge as a bag.
var (
	// KeyKnowledgeVersion (VT_UI4) is 1.
	KeyKnowledgeVersion = valuebag.PropertyKey{FmtID: KnowledgeCategory, PID: 2}
	// KeyKnowledgeReplicas (collection of VT_CLSID): the replicas, ascending by ID.
	KeyKnowledgeReplicas = valuebag.PropertyKey{FmtID: KnowledgeCategory, PID: 3}
	// KeyKnowledgeRanges (collection of bags): the ranges in ID order, each with
	// its lowest item ID, its ticks and, where it has any, its units. A range ends
	// where the next begins.
	KeyKnowledgeRanges = valuebag.PropertyKey{FmtID: KnowledgeCategory, PID: 4}
	// KeyKnowledgeLow (VT_CLSID): a range's lowest item ID.
	KeyKnowledgeLow = valuebag.PropertyKey{FmtID: KnowledgeCategory, PID: 5}
	// KeyKnowledgeTicks (collection of VT_UI8): the tick of each replica, in the
	// order of KeyKnowledgeReplicas; 0 for one of which nothing is known.
	KeyKnowledgeTicks = valuebag.PropertyKey{FmtID: KnowledgeCategory, PID: 6}
	// KeyKnowledgeUnits (collection of bags, by name): the units of a range that
	// have other ticks, each with its name and ticks.
	KeyKnowledgeUnits = valuebag.PropertyKey{FmtID: KnowledgeCategory, PID: 7}
	// KeyKnowledgeUnit (VT_LPWSTR): a unit's name.
	KeyKnowledgeUnit = valuebag.PropertyKey{FmtID: KnowledgeCategory, PID: 8}
)

// Values gives k as a bag, for saved plans and providers behind a pipe. Equal
// knowledge gives equal bags.
func (k Knowledge) Values() *valuebag.Values {
	replicas := k.Replicas()
	ids := make([]valuebag.Value, len(replicas))
	for i, r := range replicas {
		ids[i] = valuebag.GUIDValue(valuebag.GUIDFromUUID(r))
	}
	vs := new(valuebag.Values)
	vs.SetUint32(KeyKnowledgeVersion, knowledgeVersion)
	vs.Set(KeyKnowledgeReplicas, collection(valuebag.TypeGUID, ids))
	ranges := make([]*valuebag.Values, 0, len(k.cuts)+1)
	for low, r := range k.ranges() {
		v := new(valuebag.Values)
		v.SetGUID(KeyKnowledgeLow, valuebag.GUIDFromUUID(low))
		v.Set(KeyKnowledgeTicks, r.all.values(replicas))
		if len(r.units) > 0 {
			units := make([]*valuebag.Values, len(r.units))
			for i, u := range r.units {
				units[i] = new(valuebag.Values)
				units[i].SetString(KeyKnowledgeUnit, u.unit)
				units[i].Set(KeyKnowledgeTicks, u.clock.values(replicas))
			}
			v.SetValuesList(KeyKnowledgeUnits, units)
		}
		ranges = append(ranges, v)
	}
	vs.SetValuesList(KeyKnowledgeRanges, ranges)
	return vs
}

func (c clock) values(replicas []ReplicaID) valuebag.Value {
	ticks := make([]valuebag.Value, len(replicas))
	for i, r := range replicas {
		ticks[i] = valuebag.Uint64(c.tick(r))
	}
	return collection(valuebag.TypeUint64, ticks)
}

// collection is a variant collection of elements that are known to have type t.
func collection(t valuebag.Type, vs []valuebag.Value) valuebag.Value {
	v, err := valuebag.Variants(t, vs)
	if err != nil {
		panic(fmt.Sprintf("engine: collection of %v: %v", t, err))
	}
	return v
}

// KnowledgeFromValues reads what Knowledge.Values gave. Keys of other categories
// are ignored beside it, not inside it. An error names the range and the key; that of a version this
// program doesn't know is ErrNewer, of anything that isn't in normal form
// ErrNormalForm.
func KnowledgeFromValues(vs *valuebag.Values) (Knowledge, error) {
	k, err := knowledgeFromValues(vs)
	r := bagReader{err: err}
	r.canonical(vs, k.Values, KnowledgeCategory)
	if err := r.wrap("knowledge"); err != nil {
		return Knowledge{}, err
	}
	return k, nil
}

func knowledgeFromValues(vs *valuebag.Values) (Knowledge, error) {
	version, err := vs.GetUint32(KeyKnowledgeVersion)
	if err != nil {
		return Knowledge{}, err
	}
	if version > knowledgeVersion {
		return Knowledge{}, fmt.Errorf("version %d: %w", version, ErrNewer)
	}
	if version != knowledgeVersion {
		return Knowledge{}, fmt.Errorf("version %d: expected 1", version)
	}
	ids, err := elements(vs, KeyKnowledgeReplicas)
	if err != nil {
		return Knowledge{}, err
	}
	replicas := make([]ReplicaID, len(ids))
	for i, v := range ids {
		id, err := v.AsGUID()
		if err != nil {
			return Knowledge{}, fmt.Errorf("replica %d: %w", i, err)
		}
		replicas[i] = id.UUID()
		if i > 0 && replicas[i].Compare(replicas[i-1]) <= 0 {
			return Knowledge{}, fmt.Errorf("replica %d isn't above the former: %w", i, ErrNormalForm)
		}
	}
	ranges, err := vs.GetValuesList(KeyKnowledgeRanges)
	if err != nil {
		return Knowledge{}, err
	}
	var b builder
	var last ItemID
	for i, v := range ranges {
		low, err := v.GetGUID(KeyKnowledgeLow)
		if err != nil {
			return Knowledge{}, fmt.Errorf("range %d: %w", i, err)
		}
		at := ItemID(low.UUID())
		if i == 0 && at != MinItemID || i > 0 && at.Compare(last) <= 0 {
			return Knowledge{}, fmt.Errorf("range %d doesn't begin after the former: %w", i, ErrNormalForm)
		}
		r, err := rowFromValues(v, replicas)
		if err != nil {
			return Knowledge{}, fmt.Errorf("range %d: %w", i, err)
		}
		b.add(at, r)
		last = at
	}
	k := b.knowledge()
	if len(k.cuts) != len(ranges)-1 {
		return Knowledge{}, fmt.Errorf("%d ranges that are not all different from their neighbours: %w", len(ranges), ErrNormalForm)
	}
	if !slices.Equal(k.Replicas(), replicas) {
		return Knowledge{}, fmt.Errorf("a replica without a tick: %w", ErrNormalForm)
	}
	return k, nil
}

func rowFromValues(v *valuebag.Values, replicas []ReplicaID) (*row, error) {
	all, err := clockFromValues(v, replicas)
	if err != nil {
		return nil, err
	}
	r := &row{all: all}
	if !v.Has(KeyKnowledgeUnits) {
		return r, nil
	}
	units, err := v.GetValuesList(KeyKnowledgeUnits)
	if err != nil {
		return nil, err
	}
	if len(units) == 0 {
		return nil, fmt.Errorf("an empty list of units: %w", ErrNormalForm)
	}
	for i, u := range units {
		name, err := u.GetString(KeyKnowledgeUnit)
		if err != nil {
			return nil, fmt.Errorf("unit %d: %w", i, err)
		}
		c, err := clockFromValues(u, replicas)
		if err != nil {
			return nil, fmt.Errorf("unit %q: %w", name, err)
		}
		if c.equal(all) || i > 0 && name <= r.units[i-1].unit {
			return nil, fmt.Errorf("unit %q is as its range or not in order: %w", name, ErrNormalForm)
		}
		r.units = append(r.units, unitClock{name, c})
	}
	return r, nil
}

func clockFromValues(v *valuebag.Values, replicas []ReplicaID) (clock, error) {
	ticks, err := elements(v, KeyKnowledgeTicks)
	if err != nil {
		return nil, err
	}
	if len(ticks) != len(replicas) {
		return nil, fmt.Errorf("%d ticks for %d replicas", len(ticks), len(replicas))
	}
	var c clock
	for i, t := range ticks {
		n, err := t.AsUint64()
		if err != nil {
			return nil, fmt.Errorf("tick %d: %w", i, err)
		}
		if n == pendingTick {
			return nil, fmt.Errorf("tick %d: expected one below 2^64-1", i)
		}
		if n > 0 {
			c = append(c, Version{replicas[i], n})
		}
	}
	return c, nil
}

// elements are those of a variant collection.
func elements(vs *valuebag.Values, key valuebag.PropertyKey) ([]valuebag.Value, error) {
	v, err := vs.Get(key)
	if err != nil {
		return nil, err
	}
	_, list, err := v.AsVariants()
	if err != nil {
		return nil, &valuebag.KeyError{Key: key, Err: err}
	}
	return list, nil
}
