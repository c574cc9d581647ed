package mtp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestContainerVectors(t *testing.T) {
	for _, tt := range []struct {
		name string
		m    Message
		want string
	}{
		{"OpenSession 1", NewMessage(ContainerCommand, OpOpenSession, 0, 1), "10000000 0100 0210 00000000 01000000"},
		{"CloseSession", NewMessage(ContainerCommand, OpCloseSession, 7), "0c000000 0100 0310 07000000"},
		{"GetObjectPropList", NewMessage(ContainerCommand, OpGetObjectPropList, 0x01020304, 5, 0, AllProps, 0, 1),
			"20000000 0100 0598 04030201 05000000 00000000 ffffffff 00000000 01000000"},
		{"response OK", NewMessage(ContainerResponse, OK, 2), "0c000000 0300 0120 02000000"},
		{"event ObjectAdded", NewMessage(ContainerEvent, EventObjectAdded, 0xFFFFFFFF, 9), "10000000 0400 0240 ffffffff 09000000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.m.AppendBinary(nil)
			if want := unhex(t, tt.want); err != nil || !bytes.Equal(got, want) {
				t.Errorf("AppendBinary = %x, %v, want %x", got, err, want)
			}
			back, err := DecodeMessage(append(got, 0, 0)) // padding is no harm
			if err != nil || back != tt.m {
				t.Errorf("DecodeMessage = %+v, %v, want %+v", back, err, tt.m)
			}
		})
	}
}

func TestMessageMalformed(t *testing.T) {
	for _, tt := range []struct{ name, hex string }{
		{"empty", ""},
		{"short header", "0c000000 0300 0120 0200"},
		{"length below header", "0b000000 0300 0120 02000000"},
		{"length beyond the bytes", "10000000 0300 0120 02000000"},
		{"data container", "0c000000 0200 0910 02000000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if m, err := DecodeMessage(unhex(t, tt.hex)); !errors.Is(err, ErrMalformed) {
				t.Errorf("got %+v, %v, want ErrMalformed", m, err)
			}
		})
	}
}

func TestDataHeaderLength(t *testing.T) {
	for _, tt := range []struct {
		size int64
		want uint32
	}{
		{0, 12}, {1, 13}, {0xFFFFFFFF - 13, 0xFFFFFFFE}, {0xFFFFFFFF - 12, UnknownLength}, {1 << 40, UnknownLength}, {-1, UnknownLength},
	} {
		if got := DataHeader(OpSendObject, 1, tt.size).Length; got != tt.want {
			t.Errorf("DataHeader of %d bytes has length %#x, want %#x", tt.size, got, tt.want)
		}
	}
}

func TestStrings(t *testing.T) {
	long := strings.Repeat("x", MaxStringUnits)
	for _, tt := range []struct {
		name, s, hex string
	}{
		{"empty", "", "00"},
		{"ascii", "Ab", "03 4100 6200 0000"},
		{"umlaut and han", "ö中", "03 f600 2d4e 0000"},
		{"surrogates", "\U0001F4D2", "03 3dd8 d2dc 0000"},
		{"replacement character itself", "\uFFFD", "02 fdff 0000"},
		{"254 units", long, "ff" + strings.Repeat("7800", 254) + "0000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := AppendString([]byte{9}, tt.s)
			if want := append([]byte{9}, unhex(t, tt.hex)...); err != nil || !bytes.Equal(got, want) {
				t.Errorf("AppendString = %x, %v, want %x", got, err, want)
			}
			back, n, err := DecodeString(got[1:])
			if back != tt.s || n != len(got)-1 || err != nil {
				t.Errorf("DecodeString = %q, %d, %v, want %q, %d", back, n, err, tt.s, len(got)-1)
			}
		})
	}
	for _, tt := range []struct {
		name, s string
		want    error
	}{
		{"255 units", long + "x", ErrStringTooLong},
		{"127 pairs and one", strings.Repeat("\U0001F4D2", 127) + "x", ErrStringTooLong},
		{"NUL inside", "a\x00b", ErrStringInvalid},
		{"no UTF-8", "a\xff", ErrStringInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := []byte{1, 2}
			if got, err := AppendString(b, tt.s); !errors.Is(err, tt.want) || !bytes.Equal(got, b) {
				t.Errorf("AppendString = %x, %v, want %x, %v", got, err, b, tt.want)
			}
		})
	}
	for _, tt := range []struct {
		name, hex, want string
		n               int
	}{
		{"NUL missing", "02 4100 6200", "Ab", 5},
		{"only NUL", "01 0000", "", 3},
		{"text after NUL", "04 4100 0000 6200 0000", "A", 9},
		{"text after NUL, not ascii", "04 f600 0000 6200 0000", "ö", 9},
		{"half a pair", "03 3dd8 4100 0000", "\uFFFDA", 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, n, err := DecodeString(unhex(t, tt.hex)); got != tt.want || n != tt.n || err != nil {
				t.Errorf("DecodeString = %q, %d, %v, want %q, %d", got, n, err, tt.want, tt.n)
			}
		})
	}
	if _, _, err := DecodeString(unhex(t, "03 4100")); !errors.Is(err, ErrMalformed) {
		t.Errorf("cut string: %v, want ErrMalformed", err)
	}
}

// The two lists of the DeviceServices text have the same shape as an
// ObjectPropList; the bytes are theirs.
func TestObjectPropListVectors(t *testing.T) {
	version := unhex(t, `01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
		01 00 00 00 0D 49 6B EF D8 5C 7A 43 AF FC DA 8B 60 EE 4A 3C 28 00 00 00`)
	for _, tt := range []struct {
		name, hex string
		props     []ObjectProp
	}{
		{"empty", "00000000", nil},
		{"a byte", "01 00 00 00 11 00 00 00 03 01 02 00 01",
			[]ObjectProp{{0x11, 0x0103, UintValue(TypeUint8, 1)}}},
		{"an array", "01 00 00 00 11 00 00 00 01 01 02 40 30 00 00 00" + hex.EncodeToString(version),
			[]ObjectProp{{0x11, 0x0101, ArrayValue(TypeArrayUint8, version)}}},
		{"name and size", "02000000 05000000 07dc ffff 03 4100 6200 0000 05000000 04dc 0800 0000000001000000",
			[]ObjectProp{{5, PropObjectFileName, StringValue("Ab")}, {5, PropObjectSize, UintValue(TypeUint64, 1<<32)}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := unhex(t, tt.hex)
			got, err := AppendObjectPropList(nil, tt.props)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("Append = %x, %v, want %x", got, err, want)
			}
			back, err := DecodeObjectPropList(want)
			if err != nil || !cmp.Equal(back, tt.props, cmp.Comparer(func(a, b Value) bool { return a == b })) {
				t.Errorf("Decode = %v, %v, want %v", back, err, tt.props)
			}
		})
	}
	for _, tt := range []struct{ name, hex string }{
		{"count beyond the bytes", "ffffff7f 05000000 07dc 0200 01"},
		{"unknown type", "01000000 05000000 07dc 3412 01000000"},
		{"array count beyond the bytes", "01000000 05000000 07dc 0640 ffffffff"},
		{"cut", "02000000 05000000 07dc 0200 01 05000000 07dc 0600 0100"},
		{"no count", "0100"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := DecodeObjectPropList(unhex(t, tt.hex)); !errors.Is(err, ErrMalformed) {
				t.Errorf("got %v, %v, want ErrMalformed", got, err)
			}
		})
	}
}

func TestObjectInfoWideSize(t *testing.T) {
	o := ObjectInfo{
		Storage: 0x10001, Format: FormatText, Size: 0x1234, Parent: 7, FileName: "a.vcf",
		CaptureDate: "20200101T000000", ModificationDate: "20240229T010203",
	}
	b, err := o.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	// As some Galaxy phones send it: four more bytes of size.
	wide := bytes.Clone(b[:12])
	wide = append(append(wide, 2, 0, 0, 0), b[12:]...)
	got, err := DecodeObjectInfo(wide)
	want := o
	want.Size = 0x2_0000_1234
	if err != nil || got != want {
		t.Errorf("wide: got %+v, %v, want %+v", got, err, want)
	}
	if got, err := DecodeObjectInfo(b); err != nil || got != o {
		t.Errorf("narrow: got %+v, %v, want %+v", got, err, o)
	}
	// No name and no more texts: not a reason to look for 64 bits.
	none := ObjectInfo{Storage: 1, Format: FormatAssociation}
	b, _ = none.AppendBinary(nil)
	if got, err := DecodeObjectInfo(b); err != nil || got != none {
		t.Errorf("nameless: got %+v, %v, want %+v", got, err, none)
	}
	big := ObjectInfo{Size: 5 << 32, FileName: "x"}
	b, _ = big.AppendBinary(nil)
	if got, _ := DecodeObjectInfo(b); got.Size != UnknownSize {
		t.Errorf("5·2³² bytes come back as %d, want UnknownSize", got.Size)
	}
	if got, err := DecodeObjectInfo(b[:52+5]); err != nil || got.FileName != "x" {
		t.Errorf("dataset that ends after the name: %+v, %v", got, err)
	}
}

func TestHasExtension(t *testing.T) {
	for _, tt := range []struct {
		text, name string
		want       bool
	}{
		{"microsoft.com: 1.0; android.com: 1.0;", "android.com", true},
		{"microsoft.com:1.0;ANDROID.com:1.0", "android.com", true},
		{"microsoft.com: 1.0; microsoft.com/DeviceServices: 1.0;", "microsoft.com/deviceservices", true},
		{"microsoft.com/DeviceServices: 1.0", "microsoft.com", false},
		{"android.com", "android.com", true},
		{"", "android.com", false},
	} {
		d := DeviceInfo{VendorExtensions: tt.text}
		if got := d.HasExtension(tt.name); got != tt.want {
			t.Errorf("%q has %q: %v, want %v", tt.text, tt.name, got, tt.want)
		}
	}
}

func TestPropDescForms(t *testing.T) {
	u16 := func(n uint64) Value { return UintValue(TypeUint16, n) }
	for _, tt := range []struct {
		name string
		d    ObjectPropDesc
	}{
		{"none", ObjectPropDesc{Code: PropObjectFileName, Type: TypeString, Writable: true, Default: StringValue("")}},
		{"range", ObjectPropDesc{Code: PropRating, Type: TypeUint16, Default: u16(0), Group: 2, Form: Form{Flag: FormRange, Min: u16(0), Max: u16(100), Step: u16(1)}}},
		{"enumeration", ObjectPropDesc{Code: PropHidden, Type: TypeUint16, Default: u16(0), Form: Form{Flag: FormEnum, Enum: []Value{u16(0), u16(1)}}}},
		{"date", ObjectPropDesc{Code: PropDateModified, Type: TypeString, Default: StringValue(""), Form: Form{Flag: FormDateTime}}},
		{"long string", ObjectPropDesc{Code: PropDescription, Type: TypeArrayUint16, Default: LongStringValue("x"), Form: Form{Flag: FormLongString, Length: 400}}},
		{"pattern", ObjectPropDesc{Code: PropURLReference, Type: TypeString, Default: StringValue(""), Form: Form{Flag: FormRegExp, Pattern: "https?://.*"}}},
		{"service property", ObjectPropDesc{Code: 0xD801, Type: TypeUint128, Writable: true, Default: Uint128Value(0, 0), Group: 2, Form: Form{
			Flag: FormServiceProp, Namespace: [16]byte(unhex(t, "584F3637742F814999A57AE28AEEE319")), PID: 2, Name: "LastAuthorProxyID", Inner: &Form{}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, err := tt.d.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := DecodeObjectPropDesc(b)
			if diff := cmp.Diff(tt.d, got, cmp.Comparer(func(a, b Value) bool { return a == b })); err != nil || diff != "" {
				t.Errorf("decoded, %v (-want +got):\n%s", err, diff)
			}
		})
	}
	// The bytes of the last one, as a capability list has them.
	want := unhex(t, `01 D8 0A 00 01 00 00 00 00 00 00 00 00 00
		00 00 00 00 00 00 00 02 00 00 00 81 58 4F 36 37 74 2F 81 49 99 A5 7A E2
		8A EE E3 19 02 00 00 00 12 4C 00 61 00 73 00 74 00 41 00 75 00 74 00 68
		00 6F 00 72 00 50 00 72 00 6F 00 78 00 79 00 49 00 44 00 00 00 00`)
	d, err := DecodeObjectPropDesc(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.AppendBinary(nil); err != nil || !bytes.Equal(got, want) {
		t.Errorf("again: %x, %v, want %x", got, err, want)
	}
	// A length of 16 bits, or none, as other responders write it.
	long := ObjectPropDesc{Code: PropDescription, Type: TypeArrayUint16, Default: LongStringValue(""), Form: Form{Flag: FormLongString, Length: 255}}
	b, _ := long.AppendBinary(nil)
	for _, cut := range []int{2, 4} {
		got, err := DecodeObjectPropDesc(b[:len(b)-cut])
		if err != nil || got.Form.Flag != FormLongString || cut == 2 && got.Form.Length != 255 {
			t.Errorf("form cut by %d bytes: %+v, %v", cut, got.Form, err)
		}
	}
	bad := ObjectPropDesc{Code: PropHidden, Type: TypeUint16, Default: StringValue("")}
	if _, err := bad.AppendBinary(nil); err == nil {
		t.Error("a String as default of a UINT16 was encoded")
	}
}

func TestDevicePropDesc(t *testing.T) {
	d := DevicePropDesc{
		Code: DevicePropDeviceFriendlyName, Type: TypeString, Writable: true,
		Default: StringValue(""), Current: StringValue("Ada’s phone"),
	}
	b, err := d.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeDevicePropDesc(b)
	if diff := cmp.Diff(d, got, cmp.Comparer(func(a, b Value) bool { return a == b })); err != nil || diff != "" {
		t.Errorf("decoded, %v (-want +got):\n%s", err, diff)
	}
}

func TestValues(t *testing.T) {
	for _, tt := range []struct {
		name string
		v    Value
		hex  string
		text string
	}{
		{"int8", IntValue(TypeInt8, -2), "fe", "-2"},
		{"uint8 is cut", UintValue(TypeUint8, 0x1FF), "ff", "255"},
		{"int16", IntValue(TypeInt16, -2), "feff", "-2"},
		{"int32", IntValue(TypeInt32, -1), "ffffffff", "-1"},
		{"int64", IntValue(TypeInt64, -1), "ffffffffffffffff", "-1"},
		{"int128", IntValue(TypeInt128, -1), "ffffffffffffffffffffffffffffffff", "0xffffffffffffffffffffffffffffffff"},
		{"uint128", Uint128Value(1, 2), "01000000000000000200000000000000", "0x00000000000000020000000000000001"},
		{"array", ArrayValue(TypeArrayUint16, []byte{1, 0, 2, 0}), "02000000 0100 0200", "AUINT16[2]{01000200}"},
		{"string", StringValue("é"), "02 e900 0000", `"é"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, err := AppendValue(nil, tt.v)
			if want := unhex(t, tt.hex); err != nil || !bytes.Equal(b, want) {
				t.Errorf("AppendValue = %x, %v, want %x", b, err, want)
			}
			back, err := DecodeValue(tt.v.Type(), b)
			if err != nil || back != tt.v {
				t.Errorf("DecodeValue = %v, %v, want %v", back, err, tt.v)
			}
			if got := tt.v.String(); got != tt.text {
				t.Errorf("String = %s, want %s", got, tt.text)
			}
		})
	}
	if got := LongStringValue("Grüße \U0001F4D2").Text(); got != "Grüße \U0001F4D2" {
		t.Errorf("long string reads %q", got)
	}
	if _, err := AppendValue(nil, Value{}); err == nil {
		t.Error("a value without a type was encoded")
	}
}

func TestDateTimes(t *testing.T) {
	for _, tt := range []struct {
		in, out string
		zoned   bool
	}{
		{"20240229T123456", "20240229T123456", false},
		{"20240229T123456.5", "20240229T123456.5", false},
		{"20240229T123456.0", "20240229T123456", false},
		{"20240229T123456.53Z", "20240229T123456.5Z", true},
		{"20240229T123456+0530", "20240229T123456+0530", true},
		{"20240229T123456-0000", "20240229T123456Z", true},
		{" 20240229T123456 ", "20240229T123456", false},
		{"", "", false},
	} {
		d, err := ParseDateTime(tt.in)
		if err != nil || d.String() != tt.out || d.Zoned != tt.zoned {
			t.Errorf("%q: %q, zoned %v, %v; want %q, %v", tt.in, d, d.Zoned, err, tt.out, tt.zoned)
		}
	}
	for _, bad := range []string{
		"20480000T000000", "20230229T000000", "2024-02-29", "20240229 123456", "20240229T240000", "20240229T12345x",
		"20240229T123456+05", "20240229T123456 CET", "00010101T000000", "+0240229T123456", "20240229T-23456",
	} {
		if d, err := ParseDateTime(bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v, %v, want ErrMalformed", bad, d, err)
		}
	}
}

func TestCodeNames(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{OpGetObjectPropList.String(), "GetObjectPropList"},
		{OpCode(0x9FFF).String(), "0x9FFF"},
		{StoreFull.Error(), "device says StoreFull"},
		{EventStoreAdded.String(), "StoreAdded"},
		{FormatVCard3.String(), "vCard3"},
		{PropObjectFileName.String(), "ObjectFileName"},
		{DevicePropDeviceFriendlyName.String(), "DeviceFriendlyName"},
		{TypeArrayUint16.String(), "AUINT16"},
		{DataType(0x1234).String(), "0x1234"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
	if len(KnownProps()) != len(propNames) || KnownProps()[0] != PropStorageID {
		t.Errorf("KnownProps begins with %v", KnownProps()[:2])
	}
}

func TestErrorsUnwrap(t *testing.T) {
	var err error = &OpError{Op: OpSendObjectInfo, Params: []uint32{1, 0xFFFFFFFF}, Code: StoreFull}
	if !errors.Is(err, StoreFull) || errors.Is(err, StoreReadOnly) || !IsRefusal(err) {
		t.Errorf("%v isn't StoreFull", err)
	}
	if got, want := err.Error(), "SendObjectInfo(0x1, 0xffffffff): device says StoreFull"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// genText makes texts that a String holds.
func genText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.ReplaceAll(rapid.StringN(0, 100, 400).Draw(t, "text"), "\x00", "")
	}).Filter(func(s string) bool { return StringUnits(s) <= MaxStringUnits })
}

func genValue() *rapid.Generator[Value] {
	return rapid.Custom(func(t *rapid.T) Value {
		types := []DataType{TypeString}
		for d := TypeInt8; d <= TypeUint128; d++ {
			types = append(types, d, d|arrayFlag)
		}
		switch d := rapid.SampledFrom(types).Draw(t, "type"); {
		case d == TypeString:
			return StringValue(genText().Draw(t, "string"))
		case d.IsArray():
			n := rapid.IntRange(0, 5).Draw(t, "n") * d.Size()
			return ArrayValue(d, rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "elements"))
		default:
			return intValue(d, rapid.Uint64().Draw(t, "lo"), rapid.Uint64().Draw(t, "hi"))
		}
	})
}

// What is encoded comes back.
func TestRoundTripLaws(t *testing.T) {
	t.Run("ObjectPropList", rapid.MakeCheck(func(t *rapid.T) {
		props := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ObjectProp {
			return ObjectProp{ObjectHandle(rapid.Uint32().Draw(t, "h")), PropCode(rapid.Uint16().Draw(t, "p")), genValue().Draw(t, "v")}
		}), 0, 8).Draw(t, "props")
		b, err := AppendObjectPropList(nil, props)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeObjectPropList(b)
		if err != nil || len(got) != len(props) {
			t.Fatalf("%d of %d came back: %v", len(got), len(props), err)
		}
		for i := range got {
			if got[i] != props[i] {
				t.Fatalf("element %d: got %v, want %v", i, got[i], props[i])
			}
		}
	}))
	t.Run("ObjectInfo", rapid.MakeCheck(func(t *rapid.T) {
		o := ObjectInfo{
			Storage: StorageID(rapid.Uint32().Draw(t, "storage")), Format: FormatCode(rapid.Uint16().Draw(t, "format")),
			Size: uint64(rapid.Uint32().Draw(t, "size")), Parent: ObjectHandle(rapid.Uint32().Draw(t, "parent")),
			SequenceNumber: rapid.Uint32().Draw(t, "seq"), FileName: "n" + genText().Filter(func(s string) bool { return StringUnits(s) < 254 }).Draw(t, "name"),
			ModificationDate: genText().Draw(t, "date"), Keywords: genText().Draw(t, "keywords"),
		}
		b, err := o.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodeObjectInfo(b); err != nil || got != o {
			t.Fatalf("got %+v, %v, want %+v", got, err, o)
		}
	}))
	t.Run("DeviceInfo and StorageInfo", rapid.MakeCheck(func(t *rapid.T) {
		d := DeviceInfo{
			StandardVersion: 100, VendorExtensionID: 6, VendorExtensions: genText().Draw(t, "ext"),
			Operations: codesOf[OpCode](t, "ops"), Events: codesOf[EventCode](t, "events"), DeviceProps: codesOf[DevicePropCode](t, "props"),
			CaptureFormats: codesOf[FormatCode](t, "capture"), PlaybackFormats: codesOf[FormatCode](t, "playback"),
			Manufacturer: genText().Draw(t, "maker"), SerialNumber: genText().Draw(t, "serial"),
		}
		b, err := d.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeDeviceInfo(b)
		if diff := cmp.Diff(d, got); err != nil || diff != "" {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
		s := StorageInfo{StorageFixedRAM, FilesystemHierarchical, AccessReadOnly, rapid.Uint64().Draw(t, "cap"), 5, 6, genText().Draw(t, "desc"), genText().Draw(t, "volume")}
		b, err = s.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodeStorageInfo(b); err != nil || got != s {
			t.Fatalf("got %+v, %v, want %+v", got, err, s)
		}
	}))
}

func codesOf[C ~uint16](t *rapid.T, label string) []C {
	var out []C
	for _, c := range rapid.SliceOfN(rapid.Uint16(), 0, 5).Draw(t, label) {
		out = append(out, C(c))
	}
	return out
}
