package valuebag

import (
	"math"
	"strconv"
)

// plain is the text of a number, bool, GUID, date, error code, key or text
// without quotes; empty for every other kind.
func (v Value) plain() string {
	switch v.kind {
	case KindBool:
		return strconv.FormatBool(v.num != 0)
	case KindInt8, KindInt16, KindInt32, KindInt64:
		return strconv.FormatInt(int64(v.num), 10)
	case KindUint8, KindUint16, KindUint32, KindUint64:
		return strconv.FormatUint(v.num, 10)
	case KindFloat32:
		return strconv.FormatFloat(float64(math.Float32frombits(uint32(v.num))), 'g', -1, 32)
	case KindFloat64:
		return strconv.FormatFloat(math.Float64frombits(v.num), 'g', -1, 64)
	case KindError:
		return HRESULT(v.num).String()
	case KindDate:
		return v.dateText()
	case KindGUID:
		return v.guid().String()
	case KindKey:
		return v.key().Name()
	case KindString:
		return v.text()
	}
	return ""
}

// parsePlain is the inverse of plain for the kinds that have one form there.
func parsePlain(k Kind, s string) (Value, error) {
	switch k {
	case KindString:
		return String(s), nil
	case KindBool:
		b, err := strconv.ParseBool(s)
		return Bool(b), err
	case KindInt8, KindInt16, KindInt32, KindInt64:
		n, err := strconv.ParseInt(s, 10, intBits(k))
		return Value{kind: k, num: uint64(n)}, err
	case KindUint8, KindUint16, KindUint32, KindUint64:
		n, err := strconv.ParseUint(s, 10, intBits(k))
		return Value{kind: k, num: n}, err
	case KindError:
		n, err := strconv.ParseUint(s, 0, 32)
		return ErrorCode(HRESULT(n)), err
	case KindFloat32:
		f, err := strconv.ParseFloat(s, 32)
		return Float32(float32(f)), err
	case KindFloat64:
		f, err := strconv.ParseFloat(s, 64)
		return Float64(f), err
	case KindDate:
		return parseDate(s)
	case KindGUID:
		g, err := ParseGUID(s)
		return GUIDValue(g), err
	case KindKey:
		key, err := ParseKey(s)
		return Key(key), err
	}
	return Value{}, &MismatchError{Got: KindString, Want: k}
}

// intBits is the width of an integer kind.
func intBits(k Kind) int {
	switch k {
	case KindInt8, KindUint8:
		return 8
	case KindInt16, KindUint16:
		return 16
	case KindInt32, KindUint32:
		return 32
	}
	return 64
}

// intRange is what an integer kind can hold, as the smallest int64 and the
// largest uint64.
func intRange(k Kind) (lo int64, hi uint64) {
	bits := intBits(k)
	switch k {
	case KindInt8, KindInt16, KindInt32, KindInt64:
		return math.MinInt64 >> (64 - bits), math.MaxInt64 >> (64 - bits)
	}
	return 0, math.MaxUint64 >> (64 - bits)
}
