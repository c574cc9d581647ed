package mtp

import (
	"runtime"
	"testing"
)

// bounded is fixpoint for a decoder that takes memory in proportion to what it is given, whatever counts
// that claims. The largest of elements has 300 bytes where the wire has 11.
func bounded[T any](t *testing.T, p []byte, decode func([]byte) (T, error), encode func(T) ([]byte, error)) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _ = decode(p)
	runtime.ReadMemStats(&after)
	if took, limit := after.TotalAlloc-before.TotalAlloc, uint64(256*len(p)+1<<20); took > limit {
		t.Errorf("%d bytes took %d", len(p), took)
	}
	fixpoint(t, p, decode, encode)
}

// seed adds what a value encodes to, whole and broken off, and some text of a dataset by hand.
func seed[T any](f *testing.F, encode func(T) ([]byte, error), values ...T) {
	f.Helper()
	for _, v := range values {
		p, err := encode(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p)
		f.Add(p[:len(p)*2/3])
	}
}

// everyForm is a property of each kind of form, with a type that it can have.
func everyForm() []ServicePropDesc {
	u16 := func(n uint64) Value { return UintValue(TypeUint16, n) }
	return []ServicePropDesc{
		{Code: 0x0101, Type: TypeString},
		{Code: 0x0102, Type: TypeUint16, Writable: true, Form: Form{Flag: FormRange, Min: u16(1), Max: u16(9), Step: u16(2)}},
		{Code: 0x0103, Type: TypeInt8, Form: Form{Flag: FormEnum, Enum: []Value{IntValue(TypeInt8, -1), IntValue(TypeInt8, 1)}}},
		{Code: 0x0104, Type: TypeString, Form: Form{Flag: FormDateTime}},
		{Code: 0x0105, Type: TypeArrayUint32, Form: Form{Flag: FormFixedArray, Length: 4}},
		{Code: 0x0106, Type: TypeString, Form: Form{Flag: FormRegExp, Pattern: "[a-z]+"}},
		{Code: 0x0107, Type: TypeArrayUint8, Writable: true, Form: Form{Flag: FormByteArray, Length: 255}},
		{Code: 0x0108, Type: TypeUint128, Form: Form{Flag: FormServiceProp, Namespace: [16]byte{1, 15: 2}, PID: 3, Name: "Key", Inner: &Form{}}},
		{Code: 0x0109, Type: TypeUint16, Form: Form{Flag: FormMethodParam, PID: 2, Name: "Param", Usage: 3, Number: 1, Inner: &Form{Flag: FormEnum, Enum: []Value{u16(7)}}}},
		{Code: 0x010A, Type: TypeUint32, Form: Form{Flag: FormObjectID}},
		{Code: 0x010B, Type: TypeArrayUint16, Writable: true, Form: Form{Flag: FormLongString, Length: 1 << 16}},
	}
}

func FuzzServiceInfo(f *testing.F) {
	f.Add(unhex(f, serviceInfoHex))
	g := GUID{1, 2, 3, 15: 4}
	full := ServiceInfo{
		ID: 0x11, Storage: 0x10001, PersistentID: g, Version: 100, GUID: g, Name: "Kontakte \U0001F4D2", Base: 0x10000001,
		Uses:  []GUID{g, {}},
		Props: []ServiceProp{{0x0101, ServiceKey{g, 3}, "Version"}, {0x0102, ServiceKey{}, ""}},
		Formats: []ServiceFormat{
			{0xB001, g, "AbstractContact", FormatAbstractContact, "text/vcard"}, {0xB002, g, "", 0, ""},
		},
		Methods: []ServiceMethod{{0x0105, g, "BeginSync", 0xB001}},
		Events:  []ServiceEvent{{0xC310, g, "FilterChanged"}},
	}
	seed(f, encodeServiceInfo, full, ServiceInfo{})
	for _, data := range [][]byte{make([]byte, 32), []byte("hints")} {
		full.Data = data
		seed(f, encodeServiceInfo, full)
	}
	f.Fuzz(func(t *testing.T, p []byte) { bounded(t, p, DecodeServiceInfo, encodeServiceInfo) })
}

func FuzzCapabilities(f *testing.F) {
	f.Add(unhex(f, capabilitiesHex))
	var props []ObjectPropDesc
	for i, d := range everyForm() {
		def := StringValue("x")
		switch {
		case d.Type.IsArray():
			def = ArrayValue(d.Type, nil)
		case d.Type != TypeString:
			def = IntValue(d.Type, -2)
		}
		props = append(props, ObjectPropDesc{Code: PropCode(0xD801 + i), Type: d.Type, Writable: d.Writable, Default: def, Group: uint32(i), Form: d.Form})
	}
	all := []Capability{{Code: 0xB001, Props: props, Interdependent: [][]ObjectPropDesc{props[:2], {}, props[2:3]}}, {Code: 0x0105}}
	seed(f, encodeCapabilities, all, all[1:], nil)
	for i := range props {
		seed(f, encodeCapabilities, []Capability{{Code: 0xB001, Props: props[i : i+1]}})
	}
	// Widths of 16 bits.
	p, err := encodeCapabilities([]Capability{{Code: 0xB001, Props: props[6:7]}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(p[:len(p)-6:len(p)-6], p[len(p)-4:]...))
	f.Fuzz(func(t *testing.T, p []byte) { bounded(t, p, DecodeCapabilities, encodeCapabilities) })
}

func FuzzServicePropDescs(f *testing.F) {
	f.Add(unhex(f, propDescsHex))
	all := everyForm()
	seed(f, encodePropDescs, all, nil)
	for i := range all {
		seed(f, encodePropDescs, all[i:i+1])
	}
	f.Fuzz(func(t *testing.T, p []byte) { bounded(t, p, DecodeServicePropDescs, encodePropDescs) })
}

func FuzzServicePropList(f *testing.F) {
	f.Add(unhex(f, propListOneHex))
	f.Add(unhex(f, propListHeadHex+versionPropsHex))
	seed(f, encodePropList, nil, []ServicePropValue{
		{0x11, 0x0101, StringValue("größe")}, {0x11, 0x0102, IntValue(TypeInt64, -5)}, {0x10000001, 0x0103, Uint128Value(1, 2)},
		{0x11, 0x0104, LongStringValue("long")}, {0, 0, UintValue(TypeUint8, 1)}, {0x11, 0x0105, ArrayValue(TypeArrayUint64, make([]byte, 16))},
		{0x11, 0x0106, StringValue("")}, {0x11, 0x0107, ArrayValue(TypeArrayUint8, nil)},
	})
	f.Fuzz(func(t *testing.T, p []byte) { bounded(t, p, DecodeServicePropList, encodePropList) })
}

// FuzzServiceIDs is for the datasets that are IDs alone.
func FuzzServiceIDs(f *testing.F) {
	f.Add(unhex(f, propIDsHex))
	seed(f, encodePropIDs, nil, []PropID{{0x11, 0x0104}, {0xFFFFFFFF, 0xFFFF}})
	seed(f, encodeServiceIDs, nil, []ServiceID{0x11, 0x10000001})
	f.Fuzz(func(t *testing.T, p []byte) {
		bounded(t, p, DecodePropIDs, encodePropIDs)
		bounded(t, p, DecodeServiceIDs, encodeServiceIDs)
	})
}
