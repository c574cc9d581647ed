package engine

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"cradle/valuebag"
)

// Filter says which part of a scope a participant is to hold (sync-model §1.7). It
// belongs to that participant and is kept in its state, so that every computer knows
// under which one the state was written. The zero Filter lets everything pass.
//
// A filter limits what is sent there and what stays there; it never touches the
// store, and what the participant's user made passes whatever it is.
type Filter struct {
	// Without are change units that aren't sent (a change-unit filter).
	Without []string
	// Rules decide about whole items: one is in if every rule lets it pass. Items may
	// move in and out (a custom filter), by an edit or because time passes.
	Rules []Rule
}

// Rule is a condition by name; the schema knows what it means.
type Rule struct {
	Name   string
	Params []string
}

// Filterable is a Schema whose items can be filtered.
type Filterable interface {
	Schema
	// Optional lists the units that an item can do without.
	Optional() []string
	// Strip returns the item with optional units empty and all else as it was.
	Strip(item *valuebag.Values, units []string) (*valuebag.Values, error)
	// CheckRule refuses a rule that this schema doesn't know, and parameters that
	// make no sense.
	CheckRule(name string, params []string) error
	// Passes reports whether a rule that CheckRule takes lets an item pass at now.
	// What can't be told passes.
	Passes(item *valuebag.Values, name string, params []string, now time.Time) bool
}

// withoutKey is the word for Filter.Without in the text form; no rule has that name.
const withoutKey = "without"

// maxFilterText bounds the text form of a filter, bytes.
const maxFilterText = 64 << 10

// Canonical is f in the one form that stands for it: names ascending, each once.
// Parameters keep their order, which may mean something.
func (f Filter) Canonical() Filter {
	c := Filter{Without: sortedNames(f.Without), Rules: slices.Clone(f.Rules)}
	if len(c.Without) == 0 {
		c.Without = nil
	}
	slices.SortStableFunc(c.Rules, func(a, b Rule) int { return strings.Compare(a.Name, b.Name) })
	if len(c.Rules) == 0 {
		c.Rules = nil
	}
	return c
}

// String is the canonical text form: words and their parameters as in a URL's query,
// such as "leave-out=Work&window=90&window=365&without=photo"; empty for the filter
// that lets everything pass.
func (f Filter) String() string {
	f = f.Canonical()
	v := url.Values{}
	for _, u := range f.Without {
		v.Add(withoutKey, u)
	}
	for _, r := range f.Rules {
		if len(r.Params) == 0 {
			v.Add(r.Name, "")
		}
		for _, p := range r.Params {
			v.Add(r.Name, p)
		}
	}
	return v.Encode()
}

// ParseFilter reads the text form. What the words mean is for Check.
func ParseFilter(s string) (Filter, error) {
	if len(s) > maxFilterText {
		return Filter{}, fmt.Errorf("a filter of %d bytes: at most %d", len(s), maxFilterText)
	}
	v, err := url.ParseQuery(s)
	if err != nil {
		return Filter{}, fmt.Errorf("filter %q: %w", s, err)
	}
	var f Filter
	for name, params := range v {
		switch {
		case name == "":
			return Filter{}, fmt.Errorf("filter %q: a rule without a name", s)
		case name == withoutKey:
			f.Without = params
		case len(params) == 1 && params[0] == "":
			f.Rules = append(f.Rules, Rule{Name: name})
		default:
			f.Rules = append(f.Rules, Rule{Name: name, Params: params})
		}
	}
	return f.Canonical(), nil
}

// IsZero reports whether f lets everything pass.
func (f Filter) IsZero() bool { return len(f.Without) == 0 && len(f.Rules) == 0 }

// Equal reports whether both are the same filter.
func (f Filter) Equal(o Filter) bool { return f.String() == o.String() }

// Check refuses a filter that the schema can't evaluate. Without it a filter of a
// newer program would let too much pass, or too little.
func (f Filter) Check(schema Schema) error {
	if f.IsZero() {
		return nil
	}
	fs, ok := schema.(Filterable)
	if !ok {
		return fmt.Errorf("%s: a filter of %s isn't possible", schema.Name(), schema.Name())
	}
	for _, u := range f.Without {
		if u == CollectionUnit || !slices.Contains(fs.Optional(), u) {
			return fmt.Errorf("%s: no part %q that can be left out: want one of %s", schema.Name(), u, strings.Join(fs.Optional(), ", "))
		}
	}
	for i, r := range f.Rules {
		if i > 0 && f.Rules[i-1].Name == r.Name {
			return fmt.Errorf("%s: rule %q is there twice", schema.Name(), r.Name)
		}
		if err := fs.CheckRule(r.Name, r.Params); err != nil {
			return fmt.Errorf("%s: %w", schema.Name(), err)
		}
	}
	return nil
}

// passes reports whether an item is in at now. Check has taken f.
func (f Filter) passes(schema Schema, item *valuebag.Values, now time.Time) bool {
	fs, ok := schema.(Filterable)
	if !ok {
		return true
	}
	for _, r := range f.Rules {
		if !fs.Passes(item, r.Name, r.Params, now) {
			return false
		}
	}
	return true
}

// Sieve is a Store that evaluates a filter's rules quicker than by loading every
// item.
type Sieve interface {
	// Outside lists the live items of the scope that a filter's rules keep out at
	// now. The schema has checked the filter.
	Outside(ctx context.Context, scope string, f Filter, now time.Time) (map[ItemID]bool, error)
}

// outsideOf lists the live items of the store that the rules keep out.
func outsideOf(ctx context.Context, store Store, schema Schema, f Filter, now time.Time) (map[ItemID]bool, error) {
	if len(f.Rules) == 0 {
		return nil, nil
	}
	if s, ok := store.(Sieve); ok {
		return s.Outside(ctx, schema.Name(), f, now)
	}
	metas, err := store.Changes(ctx, schema.Name(), Knowledge{})
	if err != nil {
		return nil, err
	}
	out := map[ItemID]bool{}
	for batch := range slices.Chunk(metas, batchSize) {
		var ids []ItemID
		for _, m := range batch {
			if m.Live() {
				ids = append(ids, m.ID)
			}
		}
		values, err := store.Load(ctx, schema.Name(), ids)
		if err != nil {
			return nil, err
		}
		for id, v := range values {
			if !f.passes(schema, v, now) {
				out[id] = true
			}
		}
	}
	return out, nil
}
