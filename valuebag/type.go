package valuebag

import "fmt"

// Type is a VARTYPE, the number by which Windows names the type of a
// PROPVARIANT.
type Type uint16

// The VARTYPEs that a bag can hold.
const (
	TypeEmpty   Type = 0      // VT_EMPTY: no value
	TypeNull    Type = 1      // VT_NULL
	TypeInt16   Type = 2      // VT_I2
	TypeInt32   Type = 3      // VT_I4
	TypeFloat32 Type = 4      // VT_R4
	TypeFloat64 Type = 5      // VT_R8
	TypeDate    Type = 7      // VT_DATE: days since 1899-12-30 as float64
	TypeError   Type = 10     // VT_ERROR: an HRESULT
	TypeBool    Type = 11     // VT_BOOL
	TypeUnknown Type = 13     // VT_UNKNOWN: a bag or a collection; Kind says which
	TypeInt8    Type = 16     // VT_I1
	TypeUint8   Type = 17     // VT_UI1
	TypeUint16  Type = 18     // VT_UI2
	TypeUint32  Type = 19     // VT_UI4
	TypeInt64   Type = 20     // VT_I8
	TypeUint64  Type = 21     // VT_UI8
	TypeString  Type = 31     // VT_LPWSTR
	TypeGUID    Type = 72     // VT_CLSID
	TypeBytes   Type = 0x1011 // VT_VECTOR|VT_UI1

	// TypeKey marks a PROPERTYKEY. Windows stores one privately and gives it
	// no VARTYPE; this number (VT_RESERVED|VT_CLSID) is Cradle's own.
	TypeKey Type = 0x8048
)

// String is the name in the Windows headers, VT_LPWSTR, or the number.
func (t Type) String() string {
	switch t {
	case TypeUnknown:
		return "VT_UNKNOWN"
	case TypeBytes:
		return "VT_VECTOR|VT_UI1"
	case TypeKey:
		return "PROPERTYKEY"
	}
	if k, ok := kindOf(t); ok {
		return kindNames[k].vt
	}
	return fmt.Sprintf("VT_0x%04X", uint16(t))
}

// Kind is what a value holds. It says more than [Type], which is
// [TypeUnknown] for a nested bag and all three collections. Its number is the
// tag of the binary form: the VARTYPE where one byte holds it, from 0x80 on
// Cradle's own.
type Kind uint8

// The closed set of kinds.
const (
	KindEmpty   Kind = Kind(TypeEmpty)
	KindNull    Kind = Kind(TypeNull)
	KindInt16   Kind = Kind(TypeInt16)
	KindInt32   Kind = Kind(TypeInt32)
	KindFloat32 Kind = Kind(TypeFloat32)
	KindFloat64 Kind = Kind(TypeFloat64)
	KindDate    Kind = Kind(TypeDate)
	KindError   Kind = Kind(TypeError)
	KindBool    Kind = Kind(TypeBool)
	KindInt8    Kind = Kind(TypeInt8)
	KindUint8   Kind = Kind(TypeUint8)
	KindUint16  Kind = Kind(TypeUint16)
	KindUint32  Kind = Kind(TypeUint32)
	KindInt64   Kind = Kind(TypeInt64)
	KindUint64  Kind = Kind(TypeUint64)
	KindString  Kind = Kind(TypeString)
	KindGUID    Kind = Kind(TypeGUID)

	KindBytes      Kind = 0x80 // a buffer
	KindKey        Kind = 0x81 // a PROPERTYKEY
	KindValues     Kind = 0x82 // IPortableDeviceValues: a nested bag
	KindKeys       Kind = 0x83 // IPortableDeviceKeyCollection
	KindVariants   Kind = 0x84 // IPortableDevicePropVariantCollection
	KindValuesList Kind = 0x85 // IPortableDeviceValuesCollection
)

// kindNames gives each kind its name in the readable forms, its VARTYPE's name
// and its VARTYPE; a kind without a row does not exist. Indexed by Kind.
var kindNames = [256]struct {
	name string
	vt   string
	t    Type
}{
	KindEmpty:      {"empty", "VT_EMPTY", TypeEmpty},
	KindNull:       {"null", "VT_NULL", TypeNull},
	KindInt16:      {"int16", "VT_I2", TypeInt16},
	KindInt32:      {"int32", "VT_I4", TypeInt32},
	KindFloat32:    {"float32", "VT_R4", TypeFloat32},
	KindFloat64:    {"float64", "VT_R8", TypeFloat64},
	KindDate:       {"date", "VT_DATE", TypeDate},
	KindError:      {"error", "VT_ERROR", TypeError},
	KindBool:       {"bool", "VT_BOOL", TypeBool},
	KindInt8:       {"int8", "VT_I1", TypeInt8},
	KindUint8:      {"uint8", "VT_UI1", TypeUint8},
	KindUint16:     {"uint16", "VT_UI2", TypeUint16},
	KindUint32:     {"uint32", "VT_UI4", TypeUint32},
	KindInt64:      {"int64", "VT_I8", TypeInt64},
	KindUint64:     {"uint64", "VT_UI8", TypeUint64},
	KindString:     {"string", "VT_LPWSTR", TypeString},
	KindGUID:       {"guid", "VT_CLSID", TypeGUID},
	KindBytes:      {"bytes", "VT_VECTOR|VT_UI1", TypeBytes},
	KindKey:        {"key", "PROPERTYKEY", TypeKey},
	KindValues:     {"values", "VT_UNKNOWN", TypeUnknown},
	KindKeys:       {"keys", "VT_UNKNOWN", TypeUnknown},
	KindVariants:   {"variants", "VT_UNKNOWN", TypeUnknown},
	KindValuesList: {"valuesList", "VT_UNKNOWN", TypeUnknown},
}

// kindByName finds the kind of a readable form; the set is too small for a map
// to pay.
func kindByName(name string) (Kind, bool) {
	for k := range kindNames {
		if n := kindNames[k].name; n != "" && n == name {
			return Kind(k), true
		}
	}
	return 0, false
}

// kindOf finds the kind of a type that stands for exactly one.
func kindOf(t Type) (Kind, bool) {
	switch t {
	case TypeBytes:
		return KindBytes, true
	case TypeKey:
		return KindKey, true
	}
	if t < 0x80 && kindNames[t].name != "" {
		return Kind(t), true
	}
	return 0, false
}

// Valid reports whether k is one of the constants.
func (k Kind) Valid() bool { return kindNames[k].name != "" }

// Type is the kind's VARTYPE.
func (k Kind) Type() Type { return kindNames[k].t }

// String is the kind's name in the readable forms, or its number.
func (k Kind) String() string {
	if k.Valid() {
		return kindNames[k].name
	}
	return fmt.Sprintf("kind 0x%02X", uint8(k))
}

// element reports whether a variant collection can hold values of the kind:
// everything that has a VARTYPE of its own and carries data.
func (k Kind) element() bool {
	return k.Valid() && k != KindEmpty && k != KindNull && k <= KindBytes
}
