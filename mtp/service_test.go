package mtp

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"testing"
)

func guid(text string) (g GUID) {
	b, err := hex.DecodeString(text)
	if err != nil || copy(g[:], b) != 16 {
		panic(text)
	}
	return g
}

// vector holds a dataset against what it says, both ways.
func vector[T any](t *testing.T, text string, want T, decode func([]byte) (T, error), encode func(T) ([]byte, error)) {
	t.Helper()
	p := unhex(t, text)
	got, err := decode(p)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("decoded %+v, %v\nwant    %+v", got, err, want)
	}
	b, err := encode(want)
	if err != nil || !bytes.Equal(b, p) {
		t.Errorf("encoded %x, %v\nwant    %x", b, err, p)
	}
}

func encodePropList(l []ServicePropValue) ([]byte, error) { return AppendServicePropList(nil, l) }
func encodePropDescs(l []ServicePropDesc) ([]byte, error) { return AppendServicePropDescs(nil, l) }
func encodeCapabilities(l []Capability) ([]byte, error)   { return AppendCapabilities(nil, l) }
func encodePropIDs(l []PropID) ([]byte, error)            { return AppendPropIDs(nil, l), nil }
func encodeServiceInfo(s ServiceInfo) ([]byte, error)     { return s.AppendBinary(nil) }
func encodeServiceIDs(l []ServiceID) ([]byte, error)      { return AppendServiceIDs(nil, l), nil }

// TestServiceVectors: the layouts of MTP Device Services.
func TestServiceVectors(t *testing.T) {
	t.Run("service IDs", func(t *testing.T) {
		vector(t, "02000000 11000000 01000010", []ServiceID{0x11, 0x10000001}, DecodeServiceIDs, encodeServiceIDs)
	})
	t.Run("property list", func(t *testing.T) {
		vector(t, propListOneHex, []ServicePropValue{{0x11, 0x0103, UintValue(TypeUint8, 1)}}, DecodeServicePropList, encodePropList)
	})
	t.Run("property list with a byte array", func(t *testing.T) {
		value := ArrayValue(TypeArrayUint8, unhex(t, versionPropsHex))
		vector(t, propListHeadHex+versionPropsHex, []ServicePropValue{{0x11, 0x0101, value}}, DecodeServicePropList, encodePropList)
	})
	t.Run("ids to delete", func(t *testing.T) {
		vector(t, propIDsHex, []PropID{{0x11, 0x0104}}, DecodePropIDs, encodePropIDs)
	})
	t.Run("property descriptions", func(t *testing.T) {
		enum := Form{Flag: FormEnum, Enum: []Value{UintValue(TypeUint8, 0), UintValue(TypeUint8, 1)}}
		vector(t, propDescsHex, []ServicePropDesc{{0x0104, TypeUint8, true, enum}}, DecodeServicePropDescs, encodePropDescs)
	})
	t.Run("capabilities", func(t *testing.T) {
		author := Form{Flag: FormServiceProp, Namespace: guid("584f3637742f814999a57ae28aeee319"), PID: 2, Name: "LastAuthorProxyID", Inner: &Form{}}
		vector(t, capabilitiesHex, []Capability{{Code: 0xB001, Props: []ObjectPropDesc{
			{Code: 0xD801, Type: TypeUint128, Writable: true, Default: Uint128Value(0, 0), Group: 2, Form: author},
		}}}, DecodeCapabilities, encodeCapabilities)
	})
	t.Run("service", func(t *testing.T) {
		vector(t, serviceInfoHex, ServiceInfo{
			ID: 0x10000001, PersistentID: guid("a1272810000001000000000000000000"), Version: 100,
			GUID: guid("c9aad32875c0be44888165f38d305909"), Name: "FullEnumSync", Abstract: true,
			Props:   []ServiceProp{{0x0102, ServiceKey{guid("2c393d702c53074691589cea742f3a16"), 4}, "FilterType"}},
			Formats: []ServiceFormat{{0xB001, guid("32ce1b221b22454fb48b80de9a93a44a"), "FullEnumSyncKnowledge", 0, ""}},
			Methods: []ServiceMethod{{0x0105, guid("073e806313c7d34581193479b31d3592"), "BeginSync", 0}},
		}, DecodeServiceInfo, encodeServiceInfo)
	})
}

// TestCapabilityWidths: the length of a byte array has 16 bits in some devices.
func TestCapabilityWidths(t *testing.T) {
	array := func(length uint32) ObjectPropDesc {
		return ObjectPropDesc{Code: 0xD801, Type: TypeArrayUint8, Default: ArrayValue(TypeArrayUint8, nil), Form: Form{Flag: FormByteArray, Length: length}}
	}
	name := ObjectPropDesc{Code: PropName, Type: TypeString, Default: StringValue("")}
	want := []Capability{{Code: 0xB001, Props: []ObjectPropDesc{array(0xFF), name}}}
	wide, err := AppendCapabilities(nil, want)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(wide, []byte{byte(FormByteArray), 0xFF, 0, 0, 0}) + 3
	narrow := append(bytes.Clone(wide[:at]), wide[at+2:]...)
	for name, p := range map[string][]byte{"32 bits": wide, "16 bits": narrow} {
		if got, err := DecodeCapabilities(p); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v\nwant %+v", name, got, err, want)
		}
	}
}

// TestServiceData: a service's own block is counted in GUIDs or in bytes.
func TestServiceData(t *testing.T) {
	for name, data := range map[string][]byte{"none": nil, "GUIDs": make([]byte, 32), "bytes": []byte("hints")} {
		want := ServiceInfo{ID: 7, Name: "Hints", Data: data}
		p, err := want.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodeServiceInfo(p); err != nil || !bytes.Equal(got.Data, data) {
			t.Errorf("%s: %x, %v, want %x", name, got.Data, err, data)
		}
	}
	p, _ := (&ServiceInfo{}).AppendBinary(nil)
	p[len(p)-4] = 9
	if _, err := DecodeServiceInfo(p); err == nil {
		t.Error("nine bytes that aren't there")
	}
}
