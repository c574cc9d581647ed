package valuebag

import (
	"math"
	"slices"
	"time"
)

// is returns the error of an accessor, nil when v is of kind k.
func (v Value) is(k Kind) error {
	if v.kind == k {
		return nil
	}
	return &MismatchError{Got: v.kind, Want: k}
}

// The accessors never convert: a value of another kind is a [*MismatchError], which
// is [ErrTypeMismatch]. [Value.Convert] converts.

// AsString reads VT_LPWSTR.
func (v Value) AsString() (string, error) {
	if v.kind != KindString {
		return "", v.is(KindString)
	}
	return v.text(), nil
}

// AsInt8 reads VT_I1.
func (v Value) AsInt8() (int8, error) { return scalar[int8](v, KindInt8) }

// AsInt16 reads VT_I2.
func (v Value) AsInt16() (int16, error) { return scalar[int16](v, KindInt16) }

// AsInt32 reads VT_I4.
func (v Value) AsInt32() (int32, error) { return scalar[int32](v, KindInt32) }

// AsInt64 reads VT_I8.
func (v Value) AsInt64() (int64, error) { return scalar[int64](v, KindInt64) }

// AsUint8 reads VT_UI1.
func (v Value) AsUint8() (uint8, error) { return scalar[uint8](v, KindUint8) }

// AsUint16 reads VT_UI2.
func (v Value) AsUint16() (uint16, error) { return scalar[uint16](v, KindUint16) }

// AsUint32 reads VT_UI4.
func (v Value) AsUint32() (uint32, error) { return scalar[uint32](v, KindUint32) }

// AsUint64 reads VT_UI8.
func (v Value) AsUint64() (uint64, error) { return scalar[uint64](v, KindUint64) }

// AsErrorCode reads VT_ERROR.
func (v Value) AsErrorCode() (HRESULT, error) { return scalar[HRESULT](v, KindError) }

func scalar[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | HRESULT](v Value, k Kind) (T, error) {
	if v.kind != k {
		return 0, v.is(k)
	}
	return T(v.num), nil
}

// AsFloat32 reads VT_R4.
func (v Value) AsFloat32() (float32, error) {
	if v.kind != KindFloat32 {
		return 0, v.is(KindFloat32)
	}
	return math.Float32frombits(uint32(v.num)), nil
}

// AsFloat64 reads VT_R8.
func (v Value) AsFloat64() (float64, error) {
	if v.kind != KindFloat64 {
		return 0, v.is(KindFloat64)
	}
	return math.Float64frombits(v.num), nil
}

// AsBool reads VT_BOOL.
func (v Value) AsBool() (bool, error) {
	if v.kind != KindBool {
		return false, v.is(KindBool)
	}
	return v.num != 0, nil
}

// AsGUID reads VT_CLSID.
func (v Value) AsGUID() (GUID, error) {
	if v.kind != KindGUID {
		return GUID{}, v.is(KindGUID)
	}
	return *v.guid(), nil
}

// AsBytes reads VT_VECTOR|VT_UI1. The slice is shared and must not be changed.
func (v Value) AsBytes() ([]byte, error) {
	if v.kind != KindBytes {
		return nil, v.is(KindBytes)
	}
	return v.bytes(), nil
}

// AsDate reads VT_DATE: a wall clock without a zone, given as UTC, to the
// millisecond. A number outside the years 100 to 9999 is [ErrOutOfRange].
func (v Value) AsDate() (time.Time, error) {
	if v.kind != KindDate {
		return time.Time{}, v.is(KindDate)
	}
	return timeOf(math.Float64frombits(v.num))
}

// AsDateDays reads VT_DATE as its raw number, days since 1899-12-30.
func (v Value) AsDateDays() (float64, error) {
	if v.kind != KindDate {
		return 0, v.is(KindDate)
	}
	return math.Float64frombits(v.num), nil
}

// AsKey reads a PROPERTYKEY.
func (v Value) AsKey() (PropertyKey, error) {
	if v.kind != KindKey {
		return PropertyKey{}, v.is(KindKey)
	}
	return *v.key(), nil
}

// AsValues reads a nested bag: a copy, which the caller may change.
func (v Value) AsValues() (*Values, error) {
	if v.kind != KindValues {
		return nil, v.is(KindValues)
	}
	return v.bag().Clone(), nil
}

// AsKeys reads a key collection. The slice is shared and must not be changed.
func (v Value) AsKeys() ([]PropertyKey, error) {
	if v.kind != KindKeys {
		return nil, v.is(KindKeys)
	}
	return v.keys(), nil
}

// AsStrings reads a variant collection of VT_LPWSTR, or one without elements
// that never had a type. The slice is shared and must not be changed.
func (v Value) AsStrings() ([]string, error) {
	switch {
	case v.kind != KindVariants:
		return nil, v.is(KindVariants)
	case v.elem == KindString:
		return v.strings(), nil
	case v.elem == KindEmpty:
		return nil, nil
	}
	return nil, &MismatchError{Got: v.elem, Want: KindString}
}

// AsVariants reads a variant collection and the type of its elements,
// [TypeEmpty] for one that never had any. The slice must not be changed. A
// collection of strings is boxed here; [Value.AsStrings] reads it as it is.
func (v Value) AsVariants() (Type, []Value, error) {
	if v.kind != KindVariants {
		return TypeEmpty, nil, v.is(KindVariants)
	}
	return v.elem.Type(), v.boxed(), nil
}

// boxed is the elements of a variant collection as values.
func (v Value) boxed() []Value {
	if v.elem != KindString {
		return v.elems()
	}
	vs := make([]Value, v.num)
	for i, s := range v.strings() {
		vs[i] = String(s)
	}
	return vs
}

// AsValuesList reads a collection of bags: copies, which the caller may change.
func (v Value) AsValuesList() ([]*Values, error) {
	if v.kind != KindValuesList {
		return nil, v.is(KindValuesList)
	}
	list := slices.Clone(v.bags())
	for i, vs := range list {
		list[i] = vs.Clone()
	}
	return list, nil
}

// Len is the number of elements of a collection, of entries of a nested bag, of
// bytes of a text or buffer; 0 for everything else.
func (v Value) Len() int {
	switch v.kind {
	case KindString, KindBytes, KindKeys, KindVariants, KindValuesList:
		return int(v.num)
	case KindValues:
		return v.bag().Len()
	}
	return 0
}

// Equal reports whether v and o are the same kind with the same content.
// Numbers compare by their bits: a NaN equals itself, +0 and -0 differ.
func (v Value) Equal(o Value) bool {
	if v.kind != o.kind || v.elem != o.elem || v.num != o.num {
		return false
	}
	switch v.kind {
	case KindString, KindBytes:
		return v.text() == o.text()
	case KindGUID:
		return *v.guid() == *o.guid()
	case KindKey:
		return *v.key() == *o.key()
	case KindValues:
		return v.bag().Equal(o.bag())
	case KindKeys:
		return slices.Equal(v.keys(), o.keys())
	case KindValuesList:
		return slices.EqualFunc(v.bags(), o.bags(), (*Values).Equal)
	case KindVariants:
		if v.elem == KindString {
			return slices.Equal(v.strings(), o.strings())
		}
		return slices.EqualFunc(v.elems(), o.elems(), Value.Equal)
	}
	return true
}
