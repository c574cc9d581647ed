package mtp

import (
	"bytes"
	"iter"
	"reflect"
	"slices"
	"testing"
)

// fixpoint checks that what decodes encodes, and decodes to the same again. A
// decoder is more lenient than its encoder, so an encoder may refuse; what it
// wrote must be stable.
func fixpoint[T any](t *testing.T, p []byte, decode func([]byte) (T, error), encode func(T) ([]byte, error)) {
	t.Helper()
	v, err := decode(p)
	if err != nil {
		return
	}
	b, err := encode(v)
	if err != nil {
		return
	}
	w, err := decode(b)
	if err != nil {
		t.Fatalf("decoded %+v, encoded %x, which doesn't decode: %v", v, b, err)
	}
	again, err := encode(w)
	if err != nil || !bytes.Equal(b, again) {
		t.Fatalf("encoded %x, then %x, %v", b, again, err)
	}
	x, err := decode(again)
	if err != nil || !reflect.DeepEqual(w, x) {
		t.Fatalf("decoded %+v, then %+v, %v", w, x, err)
	}
}

func FuzzMessage(f *testing.F) {
	for _, m := range []Message{
		NewMessage(ContainerCommand, OpOpenSession, 0, 1),
		NewMessage(ContainerResponse, OK, 3, 1, 2, 3, 4, 5),
		NewMessage(ContainerEvent, EventObjectAdded, 0, 9),
	} {
		b, _ := m.AppendBinary(nil)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		fixpoint(t, p, DecodeMessage, func(m Message) ([]byte, error) { return m.AppendBinary(nil) })
		fixpoint(t, p, DecodeEvent, func(e Event) ([]byte, error) { return e.AppendBinary(nil) })
	})
}

func FuzzString(f *testing.F) {
	f.Add([]byte{3, 0x41, 0, 0x62, 0, 0, 0})
	f.Add([]byte{3, 0x3d, 0xd8, 0xd2, 0xdc, 0, 0})
	f.Add([]byte{2, 0x3d, 0xd8, 0, 0})
	f.Fuzz(func(t *testing.T, p []byte) {
		fixpoint(t, p, func(p []byte) (string, error) { s, _, err := DecodeString(p); return s, err },
			func(s string) ([]byte, error) { return AppendString(nil, s) })
		s, _, err := DecodeString(p)
		if d, err2 := ParseDateTime(s); err == nil && err2 == nil {
			if again, err := ParseDateTime(d.String()); err != nil || again.String() != d.String() {
				t.Fatalf("date %q is %v, then %v, %v", s, d, again, err)
			}
		}
	})
}

func FuzzDateTime(f *testing.F) {
	for _, s := range []string{"20240229T123456", "20240229T123456.5Z", "20240229T123456-0330", "20480000T000000", "00010101T000000+2359"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDateTime(s)
		if err != nil {
			return
		}
		if again, err := ParseDateTime(d.String()); err != nil || again.String() != d.String() {
			t.Fatalf("date %q is %v, then %v, %v", s, d, again, err)
		}
	})
}

func FuzzDeviceInfo(f *testing.F) {
	d := DeviceInfo{VendorExtensions: "android.com: 1.0;", Operations: []OpCode{OpGetObject}, Model: "Pixel"}
	b, _ := d.AppendBinary(nil)
	f.Add(b)
	f.Fuzz(func(t *testing.T, p []byte) {
		fixpoint(t, p, DecodeDeviceInfo, func(d DeviceInfo) ([]byte, error) { return d.AppendBinary(nil) })
	})
}

func FuzzStorageInfo(f *testing.F) {
	s := StorageInfo{Type: StorageFixedRAM, Description: "Internal"}
	b, _ := s.AppendBinary(nil)
	f.Add(b)
	f.Fuzz(func(t *testing.T, p []byte) {
		fixpoint(t, p, DecodeStorageInfo, func(s StorageInfo) ([]byte, error) { return s.AppendBinary(nil) })
	})
}

func FuzzObjectInfo(f *testing.F) {
	o := ObjectInfo{Size: 5, FileName: "a.vcf", ModificationDate: "20240229T123456"}
	b, _ := o.AppendBinary(nil)
	f.Add(b)
	f.Add(append(append(bytes.Clone(b[:12]), 1, 0, 0, 0), b[12:]...))
	f.Fuzz(func(t *testing.T, p []byte) {
		fixpoint(t, p, DecodeObjectInfo, func(o ObjectInfo) ([]byte, error) { return o.AppendBinary(nil) })
	})
}

func FuzzObjectPropDesc(f *testing.F) {
	for _, d := range []ObjectPropDesc{
		{Code: PropHidden, Type: TypeUint16, Default: UintValue(TypeUint16, 0), Form: Form{Flag: FormEnum, Enum: []Value{UintValue(TypeUint16, 1)}}},
		{Code: 0xD801, Type: TypeUint128, Default: Uint128Value(0, 0), Form: Form{Flag: FormMethodParam, Name: "x", Inner: &Form{}}},
		{Code: PropDescription, Type: TypeArrayUint16, Default: LongStringValue("x"), Form: Form{Flag: FormLongString, Length: 9}},
	} {
		b, _ := d.AppendBinary(nil)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		fixpoint(t, p, DecodeObjectPropDesc, func(d ObjectPropDesc) ([]byte, error) { return d.AppendBinary(nil) })
	})
}

func FuzzDevicePropDesc(f *testing.F) {
	d := DevicePropDesc{Code: DevicePropDeviceFriendlyName, Type: TypeString, Default: StringValue(""), Current: StringValue("x")}
	b, _ := d.AppendBinary(nil)
	f.Add(b)
	f.Fuzz(func(t *testing.T, p []byte) {
		fixpoint(t, p, DecodeDevicePropDesc, func(d DevicePropDesc) ([]byte, error) { return d.AppendBinary(nil) })
	})
}

func FuzzObjectPropList(f *testing.F) {
	b, _ := AppendObjectPropList(nil, []ObjectProp{
		{1, PropObjectFileName, StringValue("a")}, {1, PropObjectSize, UintValue(TypeUint64, 3)},
		{2, PropDescription, LongStringValue("d")}, {2, PropPersistentUniqueObjectIdentifier, Uint128Value(1, 2)},
	})
	f.Add(b)
	f.Fuzz(func(t *testing.T, p []byte) {
		fixpoint(t, p, DecodeObjectPropList, func(l []ObjectProp) ([]byte, error) { return AppendObjectPropList(nil, l) })
		passOver(t, p)
		fixpoint(t, p, DecodeHandles, func(h []ObjectHandle) ([]byte, error) { return AppendHandles(nil, h), nil })
		fixpoint(t, p, DecodeStorageIDs, func(h []StorageID) ([]byte, error) { return AppendStorageIDs(nil, h), nil })
		fixpoint(t, p, DecodePropCodes, func(h []PropCode) ([]byte, error) { return AppendPropCodes(nil, h), nil })
	})
}

func FuzzInterdependentPropDesc(f *testing.F) {
	u8 := UintValue(TypeUint8, 1)
	p, err := AppendInterdependentPropDesc(nil, [][]ObjectPropDesc{
		{{Code: PropObjectFormat, Type: TypeUint8, Default: u8, Form: Form{Flag: FormEnum, Enum: []Value{u8}}}, {Code: PropName, Type: TypeString, Default: StringValue("x")}}, {},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p)
	f.Add([]byte{0xFF, 0xFF, 0xFF, 0x3F, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, p []byte) {
		fixpoint(t, p, DecodeInterdependentPropDesc, func(sets [][]ObjectPropDesc) ([]byte, error) {
			return AppendInterdependentPropDesc(nil, sets)
		})
	})
}

// passOver holds objectProps to what ObjectProps does: the same elements but those it has no use for, and
// the same end.
func passOver(t *testing.T, p []byte) {
	t.Helper()
	type step struct {
		prop ObjectProp
		err  string
	}
	walk := func(all iter.Seq2[ObjectProp, error], wanted func(PropCode) bool) (steps []step) {
		for prop, err := range all {
			switch {
			case err != nil:
				steps = append(steps, step{err: err.Error()})
			case wanted(prop.Code):
				steps = append(steps, step{prop: prop})
			}
		}
		return steps
	}
	for name, wanted := range map[string]func(PropCode) bool{
		"listing": inEntry,
		"even":    func(c PropCode) bool { return c%2 == 0 },
		"none":    func(PropCode) bool { return false },
	} {
		got, want := walk(objectProps(p, wanted), func(PropCode) bool { return true }), walk(ObjectProps(p), wanted)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, decoding all gives %v", name, got, want)
		}
	}
}
