package valuebag

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
)

// UnmarshalJSON replaces the bag's content by what the JSON form says. A member
// twice, an unknown kind and a number that its type cannot hold are errors; the
// bag is then as it was.
func (vs *Values) UnmarshalJSON(data []byte) error {
	r := newJSONReader(data)
	got := r.bag(MaxDepth)
	if err := r.end(); err != nil {
		return err
	}
	vs.entries = got.entries
	return nil
}

// UnmarshalJSON reads the form of [Value.MarshalJSON].
func (v *Value) UnmarshalJSON(data []byte) error {
	r := newJSONReader(data)
	got := r.value(MaxDepth)
	if err := r.end(); err != nil {
		return err
	}
	*v = got
	return nil
}

// jsonReader walks the tokens of a document and keeps its first error; after
// one, every read gives zero.
type jsonReader struct {
	dec *json.Decoder
	err error
}

func newJSONReader(data []byte) *jsonReader {
	r := &jsonReader{dec: json.NewDecoder(bytes.NewReader(data))}
	r.dec.UseNumber()
	return r
}

// end checks that the document is over and gives the first error.
func (r *jsonReader) end() error {
	if r.err == nil {
		if _, err := r.dec.Token(); err != io.EOF {
			r.fail("the end")
		}
	}
	return r.err
}

func (r *jsonReader) fail(want string) { r.wrap(fmt.Errorf("want %s", want)) }

func (r *jsonReader) wrap(err error) {
	if r.err == nil {
		r.err = fmt.Errorf("valuebag: JSON form: offset %d: %w", r.dec.InputOffset(), err)
	}
}

func (r *jsonReader) token() json.Token {
	if r.err != nil {
		return nil
	}
	t, err := r.dec.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		r.wrap(err)
		return nil
	}
	return t
}

// delim reads one bracket.
func (r *jsonReader) delim(d json.Delim) {
	if t := r.token(); t != d && r.err == nil {
		r.fail(d.String())
	}
}

// more reports whether the array or object goes on, and ends it with d if not.
func (r *jsonReader) more(d json.Delim) bool {
	if r.err != nil {
		return false
	}
	if r.dec.More() {
		return true
	}
	r.delim(d)
	return false
}

func (r *jsonReader) text(want string) string {
	s, ok := r.token().(string)
	if !ok {
		r.fail(want)
	}
	return s
}

func (r *jsonReader) key() PropertyKey {
	s := r.text("a key")
	if r.err != nil {
		return PropertyKey{}
	}
	k, err := ParseKey(s)
	if err != nil {
		r.wrap(err)
	}
	return k
}

func (r *jsonReader) kind() Kind {
	s := r.text("a kind")
	if r.err != nil {
		return KindEmpty
	}
	k, ok := kindByName(s)
	if !ok {
		r.fail(fmt.Sprintf("a kind, not %q", s))
	}
	return k
}

func (r *jsonReader) bag(depth int) *Values {
	vs := &Values{}
	for r.delim('{'); r.more('}'); {
		k := r.key()
		if r.err == nil && vs.Has(k) {
			r.fail("each key once, not " + k.Name() + " again")
		}
		v := r.value(depth)
		if r.err == nil {
			vs.Set(k, v)
		}
	}
	return vs
}

func (r *jsonReader) nested(depth int) *Values {
	if depth == 0 {
		if r.err == nil {
			r.err = ErrTooDeep
		}
		return nil
	}
	return r.bag(depth - 1)
}

func (r *jsonReader) value(depth int) Value {
	r.delim('{')
	k := r.kind()
	var v Value
	switch k {
	case KindValues:
		v = ValuesOf(r.nested(depth))
	case KindKeys:
		var keys []PropertyKey
		for r.delim('['); r.more(']'); {
			keys = append(keys, r.key())
		}
		v = Keys(keys)
	case KindValuesList:
		var list []*Values
		for r.delim('['); r.more(']'); {
			list = append(list, r.nested(depth))
		}
		v = valuesList(list)
	case KindVariants:
		v = r.variants()
	default:
		v = r.payload(k)
	}
	r.delim('}')
	return v
}

func (r *jsonReader) variants() Value {
	r.delim('{')
	k := r.kind()
	if r.err == nil && !k.element() && k != KindEmpty {
		r.fail("a kind that a collection can hold, not " + k.String())
	}
	var list []Value
	for r.delim('['); r.more(']'); {
		if k == KindEmpty {
			r.fail("no elements without a kind")
		}
		list = append(list, r.payload(k))
	}
	r.delim('}')
	if r.err != nil {
		return Value{}
	}
	return variants(k, list)
}

// payload reads the kinds that are neither nested nor collections. Numbers may
// also stand in strings.
func (r *jsonReader) payload(k Kind) Value {
	t := r.token()
	if r.err != nil {
		return Value{}
	}
	var v Value
	var err error
	switch t := t.(type) {
	case nil:
		if k != KindEmpty && k != KindNull {
			r.fail(k.String() + ", not null")
		}
		return Value{kind: k}
	case bool:
		if k != KindBool {
			r.fail(k.String() + ", not a bool")
		}
		return Bool(t)
	case json.Number:
		if k == KindString || k == KindBool {
			r.fail(k.String() + ", not a number")
		}
		v, err = parsePlain(k, t.String())
	case string:
		if k == KindBool {
			r.fail("true or false without quotes")
		} else if k == KindBytes {
			v = r.base64(t)
		} else {
			v, err = parsePlain(k, t)
		}
	case json.Delim:
		if t != '{' || k != KindString || r.text("base64") != "base64" {
			r.fail(k.String())
			return Value{}
		}
		s := r.base64(r.text("base64"))
		s.kind = KindString
		r.delim('}')
		v = s
	}
	if err != nil {
		r.wrap(err)
		return Value{}
	}
	return v
}

func (r *jsonReader) base64(s string) Value {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		r.wrap(err)
	}
	return Bytes(b)
}
