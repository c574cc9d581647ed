package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"cradle/valuebag"
)

// Verb is what a plan does with an item at one side.
type Verb string

// The verbs of a plan. Adopt: both sides hold the same content and come to one
// version; nothing is written to the data. Leave: the filter takes the item off the
// phone.
const (
	VerbCreate   Verb = "create"
	VerbUpdate   Verb = "update"
	VerbDelete   Verb = "delete"
	VerbAdopt    Verb = "adopt"
	VerbConflict Verb = "conflict"
	VerbMove     Verb = "move"
	VerbLeave    Verb = "leave"
)

// Action is one line of a plan.
type Action struct {
	Scope string   `json:"kind"`
	Item  string   `json:"item"`
	UID   string   `json:"uid"`
	Path  string   `json:"path"`
	To    Side     `json:"to"`
	Verb  Verb     `json:"action"`
	Units []string `json:"units"`

	digest Digest // of the content that goes there
	schema Schema
	object *Surveyed // what the phone has of it; nil: nothing that was read
	name   string    // of the second item of preset Both
}

// Pair is an object of the phone and an item of the store that a first sync or
// meeting takes for one.
type Pair struct {
	Scope  string `json:"kind"`
	Item   string `json:"item"`
	UID    string `json:"uid"`
	Path   string `json:"path"`
	Reason string `json:"reason"` // for a person: one of the Paired reasons
}

// The reasons of a Pair.
const (
	PairedByUID     = "same UID"
	PairedByContent = "same content"
	PairedByName    = "the file is named after it"
	PairedByPath    = "it was synced at this path before"
	PairedByState   = "the phone's state names it"
)

// Value is what the phone has of the item, if its body was read; else nil. Don't
// change it.
func (a *Action) Value() *valuebag.Values {
	if a.object == nil {
		return nil
	}
	return a.object.Value
}

// Summary is what a person knows the item by, as far as it was read from the phone;
// else empty. It lasts as long as the session's data.
func (a *Action) Summary() string {
	if a.object == nil || a.object.Value == nil {
		return a.name
	}
	return a.schema.Summary(a.object.Value)
}

// Plan is what a session is going to do, made before anything is written. It is
// a value: printing it or throwing it away changes nothing.
type Plan struct {
	Actions []Action
	Brake   *Brake

	basis []byte // what it was made from
}

// CollectionUnit is the change unit that holds an item's collection. An update
// of it alone is a move.
const CollectionUnit = "collection"

// Digest identifies the plan, its contents and what it was made from included: two
// plans with the same digest do the same to the same store and phone.
func (p *Plan) Digest() string {
	h := sha256.New()
	h.Write(p.basis)
	for _, a := range p.Actions {
		fmt.Fprintf(h, "%s\x00%s\x00%s\x00%s\x00%s\x00%x\n", a.Scope, a.Item, a.To, a.Verb, strings.Join(a.Units, ","), a.digest)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

func (p *Plan) sort() {
	slices.SortStableFunc(p.Actions, func(a, b Action) int {
		return cmp.Or(strings.Compare(string(a.To), string(b.To)), strings.Compare(a.Scope, b.Scope),
			strings.Compare(a.Item, b.Item), strings.Compare(a.Path, b.Path), strings.Compare(string(a.Verb), string(b.Verb)))
	})
}

// actions describes one decision for people.
func (d *decision) actions(scope, uid, path string) []Action {
	var out []Action
	add := func(to Side, verb Verb, units []string, m *ItemMeta) {
		a := Action{Scope: scope, Item: d.id.String(), UID: uid, Path: path, To: to, Verb: verb, Units: units}
		if a.Units == nil {
			a.Units = []string{}
		}
		if m != nil {
			a.digest = contentOf(m.Units, true)
		}
		out = append(out, a)
	}
	one := func(to Side, op dataOp, edits []unitEdit, m *ItemMeta) {
		switch op {
		case opCreate:
			add(to, VerbCreate, nil, m)
		case opDelete:
			add(to, VerbDelete, nil, nil)
		case opLeave:
			add(to, VerbLeave, nil, nil)
		case opUpdate:
			var units []string
			for _, e := range edits {
				units = append(units, e.unit)
			}
			if len(units) == 1 && units[0] == CollectionUnit {
				add(to, VerbMove, units, m)
			} else {
				add(to, VerbUpdate, units, m)
			}
		}
	}
	one(ToStore, d.toStore, d.storeEdits, d.store)
	one(ToPhone, d.toPhone, d.phoneEdits, d.phone)
	if d.adopted() {
		to := ToPhone
		if d.toStore == opMeta {
			to = ToStore
		}
		add(to, VerbAdopt, nil, d.store)
	}
	if len(d.clashes) > 0 {
		var units []string
		for _, c := range d.clashes {
			units = append(units, c.unit)
		}
		to := ToPhone
		if d.clashes[0].kept == ToPhone {
			to = ToStore
		}
		add(to, VerbConflict, units, nil)
	}
	return out
}

// adopted reports whether both sides held the same item and only come to agree
// on its versions.
func (d *decision) adopted() bool {
	return d.hadStore.Live() && d.hadPhone.Live() && d.toStore <= opMeta && d.toPhone <= opMeta &&
		len(d.clashes) == 0 && len(d.deferred) == 0 && d.hadStore.LifeVersion != d.hadPhone.LifeVersion
}

// contentOf is the digest of an item's content over its units' digests; the
// collection counts only where where is set.
func contentOf(units []UnitMeta, where bool) Digest {
	h := sha256.New()
	for i := range units {
		u := &units[i]
		if u.Digest.IsZero() && len(u.Elements) == 0 || !where && u.Unit == CollectionUnit {
			continue
		}
		fmt.Fprintf(h, "%s\x00", u.Unit)
		if len(u.Elements) > 0 { // a merged set's own digest isn't known yet
			for _, e := range u.Elements {
				h.Write(e.Digest[:])
			}
			continue
		}
		h.Write(u.Digest[:])
	}
	return Digest(h.Sum(nil)[:16])
}
