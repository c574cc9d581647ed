package valuebag

import (
	"iter"
	"slices"
)

// Values is a bag of properties: at most one typed value under each key
// (IPortableDeviceValues). The zero Values is an empty bag ready for use, and a
// nil *Values reads as an empty one. Entries are always in the order of
// [PropertyKey.Compare], whatever order they were set in. A bag may be read from
// several goroutines as long as none changes it.
type Values struct {
	// Sorted by key. Bags hold tens of entries, for which a sorted slice is
	// smaller and faster than a map, and ordered for free.
	entries []entry
}

type entry struct {
	key   PropertyKey
	value Value
}

// New makes an empty bag with room for n entries.
func New(n int) *Values { return &Values{entries: make([]entry, 0, n)} }

// search gives the index where k is or belongs.
func (vs *Values) search(k PropertyKey) (int, bool) {
	if vs == nil {
		return 0, false
	}
	e := vs.entries
	lo, hi := 0, len(e)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		switch c := e[mid].key.Compare(k); {
		case c == 0:
			return mid, true
		case c < 0:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return lo, false
}

// Len is the number of entries.
func (vs *Values) Len() int {
	if vs == nil {
		return 0
	}
	return len(vs.entries)
}

// At gives the i-th entry in key order, or [ErrOutOfRange].
func (vs *Values) At(i int) (PropertyKey, Value, error) {
	if i < 0 || i >= vs.Len() {
		return PropertyKey{}, Value{}, indexError(i, vs.Len())
	}
	return vs.entries[i].key, vs.entries[i].value, nil
}

// Set puts v under k. A value that was there is replaced, whatever its type.
func (vs *Values) Set(k PropertyKey, v Value) {
	// Bags are mostly built in order: the end first.
	if n := len(vs.entries); n == 0 || vs.entries[n-1].key.Compare(k) < 0 {
		vs.entries = append(vs.entries, entry{k, v})
		return
	}
	i, ok := vs.search(k)
	if ok {
		vs.entries[i].value = v
		return
	}
	vs.entries = slices.Insert(vs.entries, i, entry{k, v})
}

// Get gives the value under k. An absent key is a [*KeyError], which is
// [ErrNotFound].
func (vs *Values) Get(k PropertyKey) (Value, error) {
	if i, ok := vs.search(k); ok {
		return vs.entries[i].value, nil
	}
	return Value{}, &KeyError{k, ErrNotFound}
}

// Lookup is Get for callers to whom an absent key is no error.
func (vs *Values) Lookup(k PropertyKey) (Value, bool) {
	if i, ok := vs.search(k); ok {
		return vs.entries[i].value, true
	}
	return Value{}, false
}

// Has reports whether something is under k, VT_EMPTY included.
func (vs *Values) Has(k PropertyKey) bool {
	_, ok := vs.search(k)
	return ok
}

// Remove takes k out. An absent key is no error.
func (vs *Values) Remove(k PropertyKey) {
	if i, ok := vs.search(k); ok {
		vs.entries = slices.Delete(vs.entries, i, i+1)
	}
}

// Clear takes everything out.
func (vs *Values) Clear() {
	clear(vs.entries) // let go of what they point to
	vs.entries = vs.entries[:0]
}

// Clone is a bag with the same entries, independent of vs. The values, which
// never change, are shared. Never nil.
func (vs *Values) Clone() *Values {
	if vs == nil {
		return &Values{}
	}
	return &Values{entries: slices.Clone(vs.entries)}
}

// CopyFrom sets every entry of src in vs, replacing what is there
// (CopyValuesFromPropertyStore).
func (vs *Values) CopyFrom(src *Values) {
	if vs.Len() == 0 {
		vs.entries = append(vs.entries[:0], src.all()...)
		return
	}
	for _, e := range src.all() {
		vs.Set(e.key, e.value)
	}
}

func (vs *Values) all() []entry {
	if vs == nil {
		return nil
	}
	return vs.entries
}

// All ranges over the entries in key order. The bag must not be changed
// meanwhile.
func (vs *Values) All() iter.Seq2[PropertyKey, Value] {
	return func(yield func(PropertyKey, Value) bool) {
		for _, e := range vs.all() {
			if !yield(e.key, e.value) {
				return
			}
		}
	}
}

// Failures ranges over the properties that carry a VT_ERROR instead of a value,
// as bulk reads and writes leave them.
func (vs *Values) Failures() iter.Seq2[PropertyKey, HRESULT] {
	return func(yield func(PropertyKey, HRESULT) bool) {
		for _, e := range vs.all() {
			if e.value.kind == KindError && !yield(e.key, HRESULT(e.value.num)) {
				return
			}
		}
	}
}

// Equal reports whether both bags have the same keys with equal values
// ([Value.Equal]).
func (vs *Values) Equal(o *Values) bool {
	return slices.EqualFunc(vs.all(), o.all(), func(a, b entry) bool {
		return a.key == b.key && a.value.Equal(b.value)
	})
}
