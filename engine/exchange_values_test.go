package engine

import (
	"strings"
	"testing"

	"cradle/valuebag"
)

// exchangeSamples have every field set, and none.
func exchangeSamples() map[string][2]*valuebag.Values {
	a, b := ReplicaID{0xa}, ReplicaID{0xb}
	k := NewKnowledge(Version{a, 4}, Version{b, 2})
	marks := map[ReplicaID]Mark{a: {Tick: 4, ID: [16]byte{1}}, b: {Tick: 2, ID: [16]byte{2}}}
	bag := new(valuebag.Values)
	bag.SetString(KeyConflictUID, "an item's own key")
	live := Change{Meta: &ItemMeta{ID: ItemID{1}, Creation: Version{a, 1}, LifeVersion: Version{a, 1},
		Units: []UnitMeta{{Unit: "name", Version: Version{a, 3}, Edited: 5, Digest: Digest{7}}}}, Value: bag}
	dead := Change{Meta: &ItemMeta{ID: ItemID{2}, Creation: Version{b, 1}, LifeVersion: Version{b, 2}, Deleted: true, MergedInto: ItemID{1}}}
	batch := Batch{Source: a, Marks: marks, MadeWith: k, Forgotten: k, Low: ItemID{1}, High: ItemID{2}, Changes: []Change{live, dead},
		Full: true, Listed: []ItemID{{1}, {2}, {3}}, Filter: Filter{Rules: []Rule{{Name: "window", Params: []string{"9"}}}}, Outside: []Ghost{{ID: ItemID{2}}, {ID: ItemID{4}, Versions: []Version{{a, 3}, {b, 300}}}}, Kept: []ItemID{{5}}, Left: 9, Last: true, Single: true}
	outcome := Outcome{Moves: Moves{Created: 1, Updated: 2, Deleted: 3, Left: 4}, Known: 4, Adopted: 5, Conflicts: 6, Dropped: 7, Left: 8, Retry: []Change{live},
		Failed: []ItemError{{Item: ItemID{1}, Path: "p", Reason: ErrTorn},
			{Item: ItemID{2}, Reason: &ConstraintError{Reason: Collision, Item: ItemID{2}, With: ItemID{3}, Detail: "d"}}},
		Actions: []Action{{Scope: "s", Item: "i", UID: "u", Path: "p", To: ToStore, Verb: VerbUpdate, Units: []string{"name"}}}}
	plan := Plan{basis: []byte{1, 2}, Actions: []Action{
		{Scope: "s", Item: "i", UID: "u", Path: "p", To: ToPhone, Verb: VerbUpdate, Units: []string{"name", "tel"}, digest: Digest{3}},
		{Scope: "s", Item: "j", To: ToStore, Verb: VerbDelete, Units: []string{}}}}
	return map[string][2]*valuebag.Values{
		"replica":    {(&Replica{ID: a, Tick: 4, Knowledge: k, Forgotten: k, Marks: marks}).Values(), (&Replica{ID: a}).Values()},
		"request":    {(&Request{Known: k, Low: ItemID{1}, Size: 3, Full: true, Filter: Filter{Without: []string{"photo"}}, At: 77, KeepDeletes: true}).Values(), (&Request{}).Values()},
		"batch":      {batch.Values(), (&Batch{Source: a}).Values()},
		"processing": {(&Processing{Preset: Desktop, Constraint: MergeConstraint, Preview: true, Unseen: []string{"photo"}, StayDeleted: true}).Values(), (&Processing{}).Values()},
		"outcome":    {outcome.Values(), (&Outcome{}).Values()},
		"plan":       {plan.Values(), (&Plan{}).Values()},
	}
}

var exchangeReaders = map[string]func(*valuebag.Values) (*valuebag.Values, error){
	"replica": func(vs *valuebag.Values) (*valuebag.Values, error) {
		r, err := ReplicaFromValues(vs)
		return r.Values(), err
	},
	"request": func(vs *valuebag.Values) (*valuebag.Values, error) {
		q, err := RequestFromValues(vs)
		return q.Values(), err
	},
	"processing": func(vs *valuebag.Values) (*valuebag.Values, error) {
		p, err := ProcessingFromValues(vs)
		return p.Values(), err
	},
	"batch": func(vs *valuebag.Values) (*valuebag.Values, error) {
		b, err := BatchFromValues(vs)
		if err != nil {
			return nil, err
		}
		return b.Values(), nil
	},
	"outcome": func(vs *valuebag.Values) (*valuebag.Values, error) {
		o, err := OutcomeFromValues(vs)
		if err != nil {
			return nil, err
		}
		return o.Values(), nil
	},
	"plan": func(vs *valuebag.Values) (*valuebag.Values, error) {
		p, err := PlanFromValues(vs)
		if err != nil {
			return nil, err
		}
		return p.Values(), nil
	},
}

// What crosses between providers, and a saved plan, reads back as what it was; a key
// that nobody writes, or a value of another type, is refused by its name.
func TestExchangeValues(t *testing.T) {
	for name, forms := range exchangeSamples() {
		for _, vs := range forms {
			b, err := vs.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			got := new(valuebag.Values)
			if err := got.UnmarshalBinary(b); err != nil {
				t.Fatal(err)
			}
			again, err := exchangeReaders[name](got)
			if err != nil || !again.Equal(vs) {
				t.Errorf("%s: got %v, %v\nwant %v", name, again, err, vs)
			}
		}
		full := forms[0]
		for key := range full.All() {
			broken := full.Clone()
			broken.Set(key, valuebag.Float64(1.5))
			if _, err := exchangeReaders[name](broken); err == nil {
				t.Errorf("%s: %v of another type: no error", name, key)
			}
			unknown := full.Clone()
			unknown.SetBool(valuebag.PropertyKey{FmtID: key.FmtID, PID: 999}, true)
			if _, err := exchangeReaders[name](unknown); err == nil || !strings.Contains(err.Error(), "999") {
				t.Errorf("%s: an unknown key: %v, want an error that names it", name, err)
			}
		}
	}
}

// FuzzExchangeValues reads any bag as each of the types; what one takes is written
// again as it was.
func FuzzExchangeValues(f *testing.F) {
	for _, forms := range exchangeSamples() {
		for _, vs := range forms {
			b, err := vs.MarshalBinary()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		vs := new(valuebag.Values)
		if vs.UnmarshalBinary(b) != nil {
			return
		}
		for name, read := range exchangeReaders {
			again, err := read(vs)
			if err != nil {
				continue
			}
			if twice, err := read(again); err != nil || !twice.Equal(again) {
				t.Fatalf("%s: %v read again: %v, %v", name, again, twice, err)
			}
		}
	})
}
