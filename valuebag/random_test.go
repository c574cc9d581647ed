package valuebag

import (
	"math"

	"pgregory.net/rapid"
)

// Generators of random keys, values and bags for the laws.

var genGUID = rapid.Custom(func(t *rapid.T) GUID {
	if rapid.Bool().Draw(t, "known") {
		return rapid.SampledFrom([]GUID{WPDObjectPropertiesV1, WPDContactObjectPropertiesV1, {}}).Draw(t, "category")
	}
	return GUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "guid"))
})

var genKey = rapid.Custom(func(t *rapid.T) PropertyKey {
	pid := rapid.OneOf(rapid.Uint32Range(0, 70), rapid.SampledFrom([]uint32{math.MaxUint32 - 1, math.MaxUint32}), rapid.Uint32())
	return PropertyKey{genGUID.Draw(t, "fmtid"), pid.Draw(t, "pid")}
})

// genText has invalid UTF-8 now and then.
var genText = rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 20), func(b []byte) string { return string(b) }))

func genScalar(k Kind) *rapid.Generator[Value] {
	switch k {
	case KindNull:
		return rapid.Just(Null())
	case KindInt8:
		return rapid.Map(rapid.Int8(), Int8)
	case KindInt16:
		return rapid.Map(rapid.Int16(), Int16)
	case KindInt32:
		return rapid.Map(rapid.Int32(), Int32)
	case KindInt64:
		return rapid.Map(rapid.Int64(), Int64)
	case KindUint8:
		return rapid.Map(rapid.Uint8(), Uint8)
	case KindUint16:
		return rapid.Map(rapid.Uint16(), Uint16)
	case KindUint32:
		return rapid.Map(rapid.Uint32(), Uint32)
	case KindUint64:
		return rapid.Map(rapid.Uint64(), Uint64)
	case KindError:
		return rapid.Map(rapid.Uint32(), func(n uint32) Value { return ErrorCode(HRESULT(n)) })
	case KindBool:
		return rapid.Map(rapid.Bool(), Bool)
	case KindFloat32: // by bits: all NaNs, infinities and -0 too
		return rapid.Map(rapid.Uint32(), func(n uint32) Value { return Float32(math.Float32frombits(n)) })
	case KindFloat64:
		return rapid.OneOf(rapid.Map(rapid.Uint64(), func(n uint64) Value { return Float64(math.Float64frombits(n)) }), rapid.Map(rapid.Float64(), Float64))
	case KindDate:
		return rapid.OneOf(rapid.Map(rapid.Uint64(), func(n uint64) Value { return DateFromDays(math.Float64frombits(n)) }),
			rapid.Map(rapid.Float64Range(-700000, 3000000), DateFromDays),
			rapid.Map(rapid.Int64Range(firstMilli, lastMilli), func(n int64) Value { return Date(unixMilli(n)) }))
	case KindString:
		return rapid.Map(genText, String)
	case KindGUID:
		return rapid.Map(genGUID, GUIDValue)
	case KindBytes:
		return rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 40), Bytes)
	case KindKey:
		return rapid.Map(genKey, Key)
	}
	return rapid.Just(Value{})
}

// allKinds is every kind that exists.
func allKinds() (ks []Kind) {
	for k := range 256 {
		if Kind(k).Valid() {
			ks = append(ks, Kind(k))
		}
	}
	return ks
}

func elementKinds() (ks []Kind) {
	for _, k := range allKinds() {
		if k.element() {
			ks = append(ks, k)
		}
	}
	return ks
}

func genValue(depth int) *rapid.Generator[Value] {
	return rapid.Custom(func(t *rapid.T) Value {
		switch k := rapid.SampledFrom(allKinds()).Draw(t, "kind"); k {
		case KindValues:
			if depth == 0 {
				return Value{}
			}
			return ValuesOf(genBag(depth-1).Draw(t, "bag"))
		case KindValuesList:
			if depth == 0 {
				return ValuesList(nil)
			}
			return ValuesList(rapid.SliceOfN(genBag(depth-1), 0, 3).Draw(t, "bags"))
		case KindKeys:
			return Keys(rapid.SliceOfN(genKey, 0, 5).Draw(t, "keys"))
		case KindVariants:
			elem := rapid.SampledFrom(append(elementKinds(), KindEmpty)).Draw(t, "elem")
			if elem == KindEmpty {
				v, _ := Variants(TypeEmpty, nil)
				return v
			}
			v, err := Variants(elem.Type(), rapid.SliceOfN(genScalar(elem), 0, 5).Draw(t, "elems"))
			if err != nil {
				t.Fatalf("Variants(%s): %v", elem, err)
			}
			return v
		default:
			return genScalar(k).Draw(t, "scalar")
		}
	})
}

func genBag(depth int) *rapid.Generator[*Values] {
	return rapid.Custom(func(t *rapid.T) *Values {
		vs := &Values{}
		for range rapid.IntRange(0, 8).Draw(t, "entries") {
			vs.Set(genKey.Draw(t, "key"), genValue(depth).Draw(t, "value"))
		}
		return vs
	})
}
