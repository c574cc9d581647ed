package engine

import (
	"slices"
	"strings"

	"cradle/valuebag"
)

// Schema tells the engine all that depends on the kind of item. One is given
// for each scope; package pim has those of contacts, events, tasks and notes.
//
// An item crosses as a bag. A unit's digest depends on its content alone, never
// on order, folding or dialect. Implementations are pure and never change their
// arguments.
type Schema interface {
	// Name is the scope's name, for example "contacts".
	Name() string
	// Units lists the change units in canonical order.
	Units() []string
	// IsList reports whether a unit is a set of elements that merge one by one.
	IsList(unit string) bool
	// Digest is the digest of a unit's content; zero when it is empty.
	Digest(item *valuebag.Values, unit string) [16]byte
	// Elements gives the digests of a list unit's elements, sorted; equal
	// elements have different digests (the k-th copy its own).
	Elements(item *valuebag.Values, unit string) [][8]byte
	// Replace returns dst with the given units made equal to src's and all else
	// byte for byte as it was.
	Replace(dst, src *valuebag.Values, units []string) (*valuebag.Values, error)
	// MergeList returns dst with a list unit that holds exactly the elements
	// keep, each taken from dst if it has it, else from src.
	MergeList(dst, src *valuebag.Values, unit string, keep [][8]byte) (*valuebag.Values, error)
	// Copy returns the item under another UID with a suffix to its name.
	Copy(item *valuebag.Values, nameSuffix, uid string) (*valuebag.Values, error)
	// UID is the item's own identifier; empty when it has none.
	UID(item *valuebag.Values) string
	// Summary is one line for a person.
	Summary(item *valuebag.Values) string
	// UnitText gives a unit's content lines for a person to read.
	UnitText(item *valuebag.Values, unit string) []string
	// ContentDigest is over all units but the collection.
	ContentDigest(item *valuebag.Values) [16]byte
}

// Exclusive is a Schema with list units of which not every pair of elements can
// stand together, such as two forms of one occurrence of a series.
type Exclusive interface {
	// Exclusive lists the elements of keep that give way to another of them: src's,
	// or dst's when preferSrc is set.
	Exclusive(dst, src *valuebag.Values, unit string, keep [][8]byte, preferSrc bool) [][8]byte
}

// Describe returns the units of an item as metadata without versions: digests
// and elements; empty units are left out.
func Describe(s Schema, item *valuebag.Values) []UnitMeta {
	names := s.Units()
	digests := make([]Digest, 0, 16)
	n := 0
	for _, name := range names {
		d := Digest(s.Digest(item, name))
		digests = append(digests, d)
		if !d.IsZero() {
			n++
		}
	}
	units := make([]UnitMeta, 0, n) // thousands are held at once: no room to spare
	for i, name := range names {
		if digests[i].IsZero() {
			continue
		}
		u := UnitMeta{Unit: name, Digest: digests[i]}
		if s.IsList(name) {
			if elements := s.Elements(item, name); len(elements) > 0 {
				u.Elements = make([]Element, len(elements))
				for j, e := range elements {
					u.Elements[j].Digest = e
				}
			}
		}
		units = append(units, u)
	}
	slices.SortFunc(units, func(a, b UnitMeta) int { return strings.Compare(a.Unit, b.Unit) })
	return units
}
