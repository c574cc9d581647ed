package mtp

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"unicode/utf16"
)

// Value is a property's value (a DTV: its type is given beside it). Values
// compare with ==. The zero Value has no type and can't be encoded.
type Value struct {
	typ    DataType
	lo, hi uint64 // integers, sign-extended to 128 bits
	data   string // text, or an array's elements as they are on the wire
}

// IntValue is an integer of type t, which is one of the types up to 128 bits;
// v is cut to the size of t.
func IntValue(t DataType, v int64) Value {
	var hi uint64
	if v < 0 {
		hi = ^hi
	}
	return intValue(t, uint64(v), hi)
}

// UintValue is an integer of type t; v is cut to the size of t.
func UintValue(t DataType, v uint64) Value { return intValue(t, v, 0) }

// Uint128Value is an integer of 128 bits, from its two halves.
func Uint128Value(lo, hi uint64) Value { return Value{typ: TypeUint128, lo: lo, hi: hi} }

func intValue(t DataType, lo, hi uint64) Value {
	v := Value{typ: t}
	switch size := t.Size(); {
	case t.IsArray() || size == 0:
		panic("mtp: " + t.String() + " is not an integer type")
	case size == 16:
		v.lo, v.hi = lo, hi
	default:
		shift := 64 - 8*size
		if t.Signed() {
			v.lo = uint64(int64(lo<<shift) >> shift)
			v.hi = uint64(int64(v.lo) >> 63)
		} else {
			v.lo = lo << shift >> shift
		}
	}
	return v
}

// StringValue is a String. Texts that the wire can't hold are refused when the
// value is encoded.
func StringValue(s string) Value { return Value{typ: TypeString, data: s} }

// ArrayValue is an array of type t, one of the array types, from elements as
// they are on the wire (little-endian, packed). The length of elements must be
// a multiple of the element's size.
func ArrayValue(t DataType, elements []byte) Value {
	if !t.IsArray() || len(elements)%t.Size() != 0 {
		panic(fmt.Sprintf("mtp: %d bytes are no %v", len(elements), t))
	}
	return Value{typ: t, data: string(elements)}
}

// LongStringValue is an AUINT16 that holds text with a closing NUL, as the
// properties of form [FormLongString] do.
func LongStringValue(s string) Value {
	units := utf16.Encode([]rune(s))
	b := make([]byte, 0, 2*len(units)+2)
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return Value{typ: TypeArrayUint16, data: string(append(b, 0, 0))}
}

// Type is the value's type.
func (v Value) Type() DataType { return v.typ }

// Uint gives an integer's low 64 bits, 0 for other types.
func (v Value) Uint() uint64 { return v.lo }

// Int gives an integer's low 64 bits as a signed number, 0 for other types.
func (v Value) Int() int64 { return int64(v.lo) }

// Uint128 gives the two halves of an integer.
func (v Value) Uint128() (lo, hi uint64) { return v.lo, v.hi }

// Text gives a String, or the text in an AUINT16 up to a NUL; "" for other
// types.
func (v Value) Text() string {
	switch v.typ {
	case TypeString:
		return v.data
	case TypeArrayUint16:
		return decodeUTF16([]byte(v.data))
	}
	return ""
}

// Len is the number of elements of an array, 0 for other types.
func (v Value) Len() int {
	if !v.typ.IsArray() {
		return 0
	}
	return len(v.data) / v.typ.Size()
}

// Elements gives a copy of an array's elements as they are on the wire.
func (v Value) Elements() []byte {
	if !v.typ.IsArray() {
		return nil
	}
	return []byte(v.data)
}

func (v Value) String() string {
	switch {
	case v.typ == TypeString:
		return strconv.Quote(v.data)
	case v.typ.IsArray():
		return fmt.Sprintf("%v[%d]{%s}", v.typ, v.Len(), hex.EncodeToString([]byte(v.data)))
	case v.typ.Size() == 16:
		return fmt.Sprintf("0x%016x%016x", v.hi, v.lo)
	case v.typ.Signed():
		return strconv.FormatInt(v.Int(), 10)
	case v.typ.IsInteger():
		return strconv.FormatUint(v.lo, 10)
	}
	return "none"
}

// AppendValue appends the value without its type.
func AppendValue(b []byte, v Value) ([]byte, error) {
	switch {
	case v.typ == TypeString:
		return AppendString(b, v.data)
	case v.typ.IsArray():
		b = binary.LittleEndian.AppendUint32(b, uint32(v.Len()))
		return append(b, v.data...), nil
	}
	switch v.typ.Size() {
	case 1:
		return append(b, byte(v.lo)), nil
	case 2:
		return binary.LittleEndian.AppendUint16(b, uint16(v.lo)), nil
	case 4:
		return binary.LittleEndian.AppendUint32(b, uint32(v.lo)), nil
	case 8:
		return binary.LittleEndian.AppendUint64(b, v.lo), nil
	case 16:
		b = binary.LittleEndian.AppendUint64(b, v.lo)
		return binary.LittleEndian.AppendUint64(b, v.hi), nil
	}
	return b, fmt.Errorf("value of type %v can't be encoded", v.typ)
}

// DecodeValue decodes a bare value of type t, the dataset of
// GetObjectPropValue and GetDevicePropValue. Bytes after it are ignored.
func DecodeValue(t DataType, p []byte) (Value, error) {
	c := newCursor("value", p)
	v := c.value(t)
	return v, c.err
}

// skip passes over a value, with the errors of value.
func (c *cursor) skip(t DataType) {
	switch size := t.Size(); {
	case t == TypeString:
		c.bytes(2 * int(c.uint8()))
	case t.IsArray():
		c.bytes(c.count(size) * size)
	case size > 0:
		c.bytes(size)
	default:
		c.fail("data type %v", t)
	}
}

func (c *cursor) value(t DataType) Value {
	switch {
	case t == TypeString:
		return Value{typ: t, data: c.string()}
	case t.IsArray():
		n := c.count(t.Size())
		return Value{typ: t, data: string(c.bytes(n * t.Size()))}
	}
	switch t.Size() {
	case 1:
		return intValue(t, uint64(c.uint8()), 0)
	case 2:
		return intValue(t, uint64(c.uint16()), 0)
	case 4:
		return intValue(t, uint64(c.uint32()), 0)
	case 8:
		return intValue(t, c.uint64(), 0)
	case 16:
		lo := c.uint64()
		return intValue(t, lo, c.uint64())
	}
	c.fail("data type %v", t)
	return Value{}
}
