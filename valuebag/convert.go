package valuebag

import (
	"errors"
	"math"
	"strconv"
)

// Convert gives v as another type, where the accessors refuse. Integers, bools
// (0 and 1) and error codes convert among each other and to and from floats
// (rounded to the nearest, half to even); a date is its number of days; every
// scalar converts to its text and back; 16 bytes are a GUID in memory order
// (MTP's UINT128). A value that the type cannot hold is [ErrOverflow], a pair of
// types without a conversion or a text that says no such value
// [ErrTypeMismatch].
func (v Value) Convert(t Type) (Value, error) {
	k, ok := kindOf(t)
	mismatch := &MismatchError{Got: v.kind, Want: k}
	switch {
	case !ok || t == TypeUnknown:
		return Value{}, ErrTypeMismatch
	case k == v.kind:
		return v, nil
	case k == KindString && v.kind != KindBytes && (v.kind.element() || v.kind == KindKey):
		return String(v.plain()), nil
	case v.kind == KindString:
		w, err := parsePlain(k, v.text())
		switch {
		case err == nil:
			return w, nil
		case errors.Is(err, strconv.ErrRange), errors.Is(err, ErrOutOfRange):
			return Value{}, ErrOverflow
		}
		return Value{}, mismatch
	case k == KindGUID && v.kind == KindBytes && v.num == 16:
		return GUIDValue(GUID(v.bytes())), nil
	case k == KindBytes && v.kind == KindGUID:
		g := *v.guid()
		return Bytes(g[:]), nil
	case !v.kind.number() || !k.number():
		return Value{}, mismatch
	}
	if f, ok := v.float(); ok {
		return fromFloat(k, f)
	}
	return v.fromInteger(k)
}

// number reports whether the kind is one number.
func (k Kind) number() bool {
	switch k {
	case KindString, KindGUID, KindBytes:
		return false
	}
	return k.element()
}

// float is the value of a float or date.
func (v Value) float() (float64, bool) {
	switch v.kind {
	case KindFloat32:
		return float64(math.Float32frombits(uint32(v.num))), true
	case KindFloat64, KindDate:
		return math.Float64frombits(v.num), true
	}
	return 0, false
}

func fromFloat(k Kind, f float64) (Value, error) {
	switch k {
	case KindFloat64:
		return Float64(f), nil
	case KindDate:
		return DateFromDays(f), nil
	case KindFloat32:
		if g := float32(f); !math.IsInf(float64(g), 0) || math.IsInf(f, 0) {
			return Float32(g), nil
		}
		return Value{}, ErrOverflow
	case KindBool:
		if f != f {
			return Value{}, ErrOverflow
		}
		return Bool(f != 0), nil
	}
	f = math.RoundToEven(f)
	// The bounds are exact doubles; uint64's is one beyond its largest.
	if !(f >= math.MinInt64 && f < 1<<64) {
		return Value{}, ErrOverflow
	}
	if f < 0 {
		return Int64(int64(f)).fromInteger(k)
	}
	return Uint64(uint64(f)).fromInteger(k)
}

// fromInteger converts a bool, an integer or an error code.
func (v Value) fromInteger(k Kind) (Value, error) {
	negative := false
	switch v.kind {
	case KindInt8, KindInt16, KindInt32, KindInt64:
		negative = int64(v.num) < 0
	}
	switch k {
	case KindBool:
		return Bool(v.num != 0), nil
	case KindFloat32, KindFloat64, KindDate:
		f := float64(v.num)
		if negative {
			f = float64(int64(v.num))
		}
		return fromFloat(k, f)
	}
	// An HRESULT is 32 bits that Windows declares signed and prints unsigned.
	if k == KindError && v.kind == KindInt32 || v.kind == KindError && k == KindInt32 {
		if k == KindError {
			return ErrorCode(HRESULT(uint32(v.num))), nil
		}
		return Int32(int32(uint32(v.num))), nil
	}
	if k == KindError {
		w, err := v.fromInteger(KindUint32)
		if err != nil {
			return Value{}, err
		}
		return ErrorCode(HRESULT(w.num)), nil
	}
	lo, hi := intRange(k)
	if negative && int64(v.num) < lo || !negative && v.num > hi {
		return Value{}, ErrOverflow
	}
	return Value{kind: k, num: v.num}, nil
}
