package valuebag

import (
	"math"
	"time"
	"unsafe"
)

// Value is one immutable variant: a number, a text, a nested bag and so on. The
// zero Value is empty (VT_EMPTY). Values are small (three words) and passed by
// value; compare them with [Value.Equal].
//
// A Value made from a slice shares it: whoever calls [Bytes], [Strings],
// [Keys] hands the slice over and must not change it afterwards, and whoever
// reads it back must not either. Nothing is copied on the way, which is what
// makes a bag cheap. Nested bags are different: [ValuesOf], [ValuesList] and
// their accessors copy, so a bag inside a bag never changes and never contains
// itself.
type Value struct {
	_ [0]func() // not comparable: == would compare addresses

	// ptr is nil for scalars; else the first element of what kind says:
	// string bytes, []byte, GUID, PropertyKey, []PropertyKey, Values, []*Values,
	// and for variants []string or []Value according to elem.
	ptr  unsafe.Pointer
	num  uint64 // the scalar's bits, or the number of elements at ptr
	kind Kind
	elem Kind // of KindVariants: the kind of its elements, KindEmpty if none was ever set
}

// Kind is what v holds.
func (v Value) Kind() Kind { return v.kind }

// Type is v's VARTYPE; [TypeUnknown] for a nested bag and for collections.
func (v Value) Type() Type { return v.kind.Type() }

// IsEmpty reports whether v is VT_EMPTY, the zero Value.
func (v Value) IsEmpty() bool { return v.kind == KindEmpty }

// Null is VT_NULL. (VT_EMPTY is Value{}.)
func Null() Value { return Value{kind: KindNull} }

// String is VT_LPWSTR. The text should be UTF-8; other bytes survive in every
// form of this package but cannot be put on a wire that speaks UTF-16.
func String(s string) Value {
	return Value{kind: KindString, ptr: unsafe.Pointer(unsafe.StringData(s)), num: uint64(len(s))}
}

// Int8 is VT_I1, which WPD itself does not use; device services have INT8.
func Int8(n int8) Value { return Value{kind: KindInt8, num: uint64(n)} }

// Int16 is VT_I2, which WPD itself does not use; device services have INT16.
func Int16(n int16) Value { return Value{kind: KindInt16, num: uint64(n)} }

// Int32 is VT_I4.
func Int32(n int32) Value { return Value{kind: KindInt32, num: uint64(n)} }

// Int64 is VT_I8.
func Int64(n int64) Value { return Value{kind: KindInt64, num: uint64(n)} }

// Uint8 is VT_UI1.
func Uint8(n uint8) Value { return Value{kind: KindUint8, num: uint64(n)} }

// Uint16 is VT_UI2.
func Uint16(n uint16) Value { return Value{kind: KindUint16, num: uint64(n)} }

// Uint32 is VT_UI4.
func Uint32(n uint32) Value { return Value{kind: KindUint32, num: uint64(n)} }

// Uint64 is VT_UI8.
func Uint64(n uint64) Value { return Value{kind: KindUint64, num: n} }

// The one NaN of each width that a bag holds: with a single form, equality,
// digest and the encodings agree about NaN too.
const (
	nan32 = 0x7FC00000
	nan64 = 0x7FF8000000000001
)

// Float32 is VT_R4. All NaNs become one.
func Float32(f float32) Value {
	bits := uint64(math.Float32bits(f))
	if f != f {
		bits = nan32
	}
	return Value{kind: KindFloat32, num: bits}
}

// Float64 is VT_R8. All NaNs become one.
func Float64(f float64) Value { return Value{kind: KindFloat64, num: float64Bits(f)} }

func float64Bits(f float64) uint64 {
	if f != f {
		return nan64
	}
	return math.Float64bits(f)
}

// Bool is VT_BOOL. (Windows writes true as -1; the forms of this package don't.)
func Bool(b bool) Value {
	v := Value{kind: KindBool}
	if b {
		v.num = 1
	}
	return v
}

// ErrorCode is VT_ERROR: why the property under this key has no value.
func ErrorCode(h HRESULT) Value { return Value{kind: KindError, num: uint64(h)} }

// GUIDValue is VT_CLSID.
func GUIDValue(g GUID) Value { return Value{kind: KindGUID, ptr: unsafe.Pointer(&g)} }

// Bytes is VT_VECTOR|VT_UI1. It takes b over without a copy: b must not be
// changed afterwards. (WPD refuses an empty buffer; a bag keeps one.)
func Bytes(b []byte) Value {
	return Value{kind: KindBytes, ptr: unsafe.Pointer(unsafe.SliceData(b)), num: uint64(len(b))}
}

// Date is VT_DATE: the wall clock of t in its own location, to the millisecond.
// A VT_DATE has no zone; [Value.AsDate] gives the same wall clock in UTC. The
// years 100 to 9999 are representable; beyond them AsDate answers
// [ErrOutOfRange].
func Date(t time.Time) Value { return DateFromDays(daysOf(t)) }

// DateFromDays is VT_DATE from its raw number, days since 1899-12-30.
func DateFromDays(days float64) Value { return Value{kind: KindDate, num: float64Bits(days)} }

// Key is a PROPERTYKEY as a value.
func Key(k PropertyKey) Value { return Value{kind: KindKey, ptr: unsafe.Pointer(&k)} }

// ValuesOf is a nested bag (IPortableDeviceValues). It holds a copy of vs as it
// is now; nil counts as an empty bag.
func ValuesOf(vs *Values) Value {
	return Value{kind: KindValues, ptr: unsafe.Pointer(vs.Clone())}
}

// Keys is a key collection. It takes the slice over without a copy.
func Keys(keys []PropertyKey) Value {
	return Value{kind: KindKeys, ptr: unsafe.Pointer(unsafe.SliceData(keys)), num: uint64(len(keys))}
}

// Strings is a variant collection of VT_LPWSTR, kept as the slice it is given,
// without a copy.
func Strings(s []string) Value {
	return Value{kind: KindVariants, elem: KindString, ptr: unsafe.Pointer(unsafe.SliceData(s)), num: uint64(len(s))}
}

// Variants is a variant collection: values that all have type t. An element of
// another type is [ErrTypeMismatch], and so is a t that a collection cannot
// hold: nested bags, collections and keys, VT_NULL, and VT_EMPTY unless there
// are no elements. It takes the slice over without a copy, unless t is
// [TypeString].
func Variants(t Type, vs []Value) (Value, error) {
	elem, ok := kindOf(t)
	if !ok || !elem.element() && (elem != KindEmpty || len(vs) > 0) {
		return Value{}, &MismatchError{Got: elem, Want: KindVariants}
	}
	for _, v := range vs {
		if v.kind != elem {
			return Value{}, &MismatchError{Got: v.kind, Want: elem}
		}
	}
	return variants(elem, vs), nil
}

// variants builds a collection whose elements are known to be of kind elem.
func variants(elem Kind, vs []Value) Value {
	if elem != KindString {
		return Value{kind: KindVariants, elem: elem, ptr: unsafe.Pointer(unsafe.SliceData(vs)), num: uint64(len(vs))}
	}
	s := make([]string, len(vs))
	for i, v := range vs {
		s[i] = v.text()
	}
	return Strings(s)
}

// ValuesList is a collection of bags, each copied as it is now; a nil entry
// counts as an empty bag.
func ValuesList(list []*Values) Value {
	c := make([]*Values, len(list))
	for i, vs := range list {
		c[i] = vs.Clone()
	}
	return valuesList(c)
}

// valuesList builds the collection around bags that nobody else holds.
func valuesList(list []*Values) Value {
	return Value{kind: KindValuesList, ptr: unsafe.Pointer(unsafe.SliceData(list)), num: uint64(len(list))}
}

// The readers of ptr. Each must only be called for its kind; the constructors
// above are the only places that set ptr, num and kind together.

func (v Value) text() string        { return unsafe.String((*byte)(v.ptr), int(v.num)) }
func (v Value) bytes() []byte       { return unsafe.Slice((*byte)(v.ptr), int(v.num)) }
func (v Value) guid() *GUID         { return (*GUID)(v.ptr) }
func (v Value) key() *PropertyKey   { return (*PropertyKey)(v.ptr) }
func (v Value) keys() []PropertyKey { return unsafe.Slice((*PropertyKey)(v.ptr), int(v.num)) }
func (v Value) bag() *Values        { return (*Values)(v.ptr) }
func (v Value) bags() []*Values     { return unsafe.Slice((**Values)(v.ptr), int(v.num)) }
func (v Value) strings() []string   { return unsafe.Slice((*string)(v.ptr), int(v.num)) }
func (v Value) elems() []Value      { return unsafe.Slice((*Value)(v.ptr), int(v.num)) }
