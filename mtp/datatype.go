package mtp

import "fmt"

// DataType is the type of a property's value (PTP §5.3, MTP appendix).
type DataType uint16

// Data types. The array form of an integer type is the type plus 0x4000: a
// UINT32 count, then the elements.
const (
	TypeUndefined DataType = 0x0000
	TypeInt8      DataType = 0x0001
	TypeUint8     DataType = 0x0002
	TypeInt16     DataType = 0x0003
	TypeUint16    DataType = 0x0004
	TypeInt32     DataType = 0x0005
	TypeUint32    DataType = 0x0006
	TypeInt64     DataType = 0x0007
	TypeUint64    DataType = 0x0008
	TypeInt128    DataType = 0x0009
	TypeUint128   DataType = 0x000A

	TypeArrayInt8    DataType = 0x4001
	TypeArrayUint8   DataType = 0x4002
	TypeArrayInt16   DataType = 0x4003
	TypeArrayUint16  DataType = 0x4004
	TypeArrayInt32   DataType = 0x4005
	TypeArrayUint32  DataType = 0x4006
	TypeArrayInt64   DataType = 0x4007
	TypeArrayUint64  DataType = 0x4008
	TypeArrayInt128  DataType = 0x4009
	TypeArrayUint128 DataType = 0x400A

	TypeString DataType = 0xFFFF
)

const arrayFlag DataType = 0x4000

var typeNames = [...]string{"undefined", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64", "INT128", "UINT128"}

func (t DataType) String() string {
	switch {
	case t == TypeString:
		return "String"
	case int(t) < len(typeNames):
		return typeNames[t]
	case t.IsArray():
		return "A" + typeNames[t.Element()]
	}
	return fmt.Sprintf("0x%04X", uint16(t))
}

// IsArray reports whether t is one of the ten array types.
func (t DataType) IsArray() bool { return t >= TypeArrayInt8 && t <= TypeArrayUint128 }

// IsInteger reports whether t is an integer of at most 64 bits.
func (t DataType) IsInteger() bool { return t >= TypeInt8 && t <= TypeUint64 }

// Signed reports whether t, or an element of t, is a signed integer.
func (t DataType) Signed() bool {
	e := t.Element()
	return e >= TypeInt8 && e <= TypeInt128 && e&1 == 1
}

// Element is the type of an array's elements, and t itself for other types.
func (t DataType) Element() DataType {
	if t.IsArray() {
		return t &^ arrayFlag
	}
	return t
}

// Size is the size in bytes of an integer, or of an array's element; 0 for
// strings and unknown types.
func (t DataType) Size() int {
	switch e := t.Element(); {
	case e >= TypeInt8 && e <= TypeUint128:
		return 1 << ((e - 1) / 2)
	}
	return 0
}

// Known reports whether values of t can be decoded.
func (t DataType) Known() bool { return t == TypeString || t.Size() > 0 }
