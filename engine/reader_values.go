package engine

import (
	"fmt"
	"strings"

	"cradle/valuebag"
)

// bagReader reads engine types from bags and keeps its first error; after one
// every read gives zero.
type bagReader struct {
	planned bool     // pending versions are welcome
	where   []string // the parts that lead to what is being read
	err     error
}

func (r *bagReader) fail(err error) {
	if r.err != nil {
		return
	}
	if len(r.where) > 0 {
		err = fmt.Errorf("%s: %w", strings.Join(r.where, ": "), err)
	}
	r.err = err
}

// in reads a part of the bag that errors name.
func (r *bagReader) in(part string, read func()) {
	r.where = append(r.where, part)
	read()
	r.where = r.where[:len(r.where)-1]
}

// wrap is the error, if any, with what was being read before it.
func (r *bagReader) wrap(what string) error {
	if r.err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, r.err)
}

// required reads a key that must be there.
func required[T any](r *bagReader, vs *valuebag.Values, key valuebag.PropertyKey, get func(*valuebag.Values, valuebag.PropertyKey) (T, error)) T {
	var none T
	if r.err != nil {
		return none
	}
	v, err := get(vs, key)
	if err != nil {
		r.fail(err)
		return none
	}
	return v
}

// optional reads a key that may be left out; then it is zero.
func optional[T any](r *bagReader, vs *valuebag.Values, key valuebag.PropertyKey, get func(*valuebag.Values, valuebag.PropertyKey) (T, error)) T {
	var none T
	if r.err != nil || !vs.Has(key) {
		return none
	}
	return required(r, vs, key, get)
}

// formVersion reads the version of a form, of which this program knows those up to
// known.
func (r *bagReader) formVersion(vs *valuebag.Values, key valuebag.PropertyKey, known uint32) {
	switch v := required(r, vs, key, (*valuebag.Values).GetUint32); {
	case r.err != nil:
	case v > known:
		r.fail(fmt.Errorf("version %d: %w", v, ErrNewer))
	case v == 0:
		r.fail(fmt.Errorf("version 0: expected 1 to %d", known))
	}
}

// canonical compares the keys of category in vs with what was read from it, once
// written again: a key or value that isn't the same was not understood whole.
func (r *bagReader) canonical(vs *valuebag.Values, write func() *valuebag.Values, category valuebag.GUID) {
	if r.err != nil {
		return
	}
	want := write()
	for key, v := range vs.All() {
		if key.FmtID != category {
			continue
		}
		switch w, ok := want.Lookup(key); {
		case !ok:
			r.fail(&valuebag.KeyError{Key: key, Err: fmt.Errorf("a key that isn't expected here: %w", ErrNormalForm)})
		case !v.Equal(w):
			r.fail(&valuebag.KeyError{Key: key, Err: ErrNormalForm})
		}
	}
}
