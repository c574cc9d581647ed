package mtp

import (
	"encoding/binary"
	"fmt"
)

// FormFlag says what a [Form] restricts.
type FormFlag uint8

// Form flags (MTP 1.1 §5.2; 0x81 and up: DeviceServices).
const (
	FormNone        FormFlag = 0x00
	FormRange       FormFlag = 0x01
	FormEnum        FormFlag = 0x02
	FormDateTime    FormFlag = 0x03
	FormFixedArray  FormFlag = 0x04
	FormRegExp      FormFlag = 0x05
	FormByteArray   FormFlag = 0x06
	FormServiceProp FormFlag = 0x81
	FormMethodParam FormFlag = 0x82
	FormObjectID    FormFlag = 0x83
	FormLongString  FormFlag = 0xFF
)

// Form says which values a property takes. Which fields count depends on Flag.
type Form struct {
	Flag           FormFlag
	Min, Max, Step Value   // FormRange
	Enum           []Value // FormEnum
	// Length in elements: of FormFixedArray, at most of FormByteArray and
	// FormLongString. Devices differ in its width: 16 bits, 32, or none.
	Length  uint32
	Pattern string // FormRegExp

	// FormServiceProp and FormMethodParam: the WPD key that the code stands
	// for. Namespace is in Windows memory order.
	Namespace [16]byte
	PID       uint32
	Name      string
	Usage     uint8 // FormMethodParam: 1 in, 2 out, 3 both, 0 result
	Number    uint8 // FormMethodParam: position
	Inner     *Form // never again one of these two
}

// ObjectPropDesc is the dataset of GetObjectPropDesc (MTP 1.1 §5.3.2): UINT16
// property, UINT16 data type, UINT8 get/set, default, UINT32 group, form.
type ObjectPropDesc struct {
	Code     PropCode
	Type     DataType
	Writable bool
	Default  Value
	Group    uint32 // properties of a group come together in GetObjectPropList
	Form     Form
}

// DevicePropDesc is the dataset of GetDevicePropDesc (PTP §13.3.3).
type DevicePropDesc struct {
	Code     DevicePropCode
	Type     DataType
	Writable bool
	Default  Value
	Current  Value
	Form     Form
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// appendTyped appends a value that a description says has type t.
func appendTyped(b []byte, t DataType, v Value) ([]byte, error) {
	if v.Type() != t {
		return b, fmt.Errorf("value of type %v where the description says %v", v.Type(), t)
	}
	return AppendValue(b, v)
}

// AppendBinary appends the dataset. Errors: a value whose type isn't d.Type,
// or that can't be encoded.
func (d *ObjectPropDesc) AppendBinary(b []byte) ([]byte, error) {
	b = binary.LittleEndian.AppendUint16(b, uint16(d.Code))
	b = binary.LittleEndian.AppendUint16(b, uint16(d.Type))
	b = appendBool(b, d.Writable)
	b, err := appendTyped(b, d.Type, d.Default)
	if err != nil {
		return b, fmt.Errorf("ObjectPropDesc %v: default: %w", d.Code, err)
	}
	b = binary.LittleEndian.AppendUint32(b, d.Group)
	if b, err = appendForm(b, d.Type, &d.Form, false); err != nil {
		return b, fmt.Errorf("ObjectPropDesc %v: %w", d.Code, err)
	}
	return b, nil
}

// DecodeObjectPropDesc decodes one description, which must be all of p: its
// length tells how wide a form's length is.
func DecodeObjectPropDesc(p []byte) (ObjectPropDesc, error) {
	c := newCursor("ObjectPropDesc", p)
	d := c.objectPropDesc()
	return d, c.err
}

// objectPropDesc reads a description, of which others may follow.
func (c *cursor) objectPropDesc() ObjectPropDesc {
	d := ObjectPropDesc{Code: PropCode(c.uint16()), Type: DataType(c.uint16()), Writable: c.uint8() == 1}
	d.Default = c.value(d.Type)
	d.Group = c.uint32()
	d.Form = c.form(d.Type, false)
	return d
}

// AppendBinary appends the dataset. Errors: a value whose type isn't d.Type,
// or that can't be encoded.
func (d *DevicePropDesc) AppendBinary(b []byte) ([]byte, error) {
	b = binary.LittleEndian.AppendUint16(b, uint16(d.Code))
	b = binary.LittleEndian.AppendUint16(b, uint16(d.Type))
	b = appendBool(b, d.Writable)
	b, err := appendTyped(b, d.Type, d.Default)
	if err == nil {
		b, err = appendTyped(b, d.Type, d.Current)
	}
	if err == nil {
		b, err = appendForm(b, d.Type, &d.Form, false)
	}
	if err != nil {
		return b, fmt.Errorf("DevicePropDesc %v: %w", d.Code, err)
	}
	return b, nil
}

// DecodeDevicePropDesc decodes one description, which must be all of p.
func DecodeDevicePropDesc(p []byte) (DevicePropDesc, error) {
	c := newCursor("DevicePropDesc", p)
	d := DevicePropDesc{Code: DevicePropCode(c.uint16()), Type: DataType(c.uint16()), Writable: c.uint8() == 1}
	d.Default = c.value(d.Type)
	d.Current = c.value(d.Type)
	d.Form = c.form(d.Type, false)
	return d, c.err
}

func appendForm(b []byte, t DataType, f *Form, inner bool) ([]byte, error) {
	b = append(b, byte(f.Flag))
	var err error
	switch f.Flag {
	case FormRange:
		for _, v := range [...]Value{f.Min, f.Max, f.Step} {
			if b, err = appendTyped(b, t, v); err != nil {
				return b, fmt.Errorf("range: %w", err)
			}
		}
	case FormEnum:
		if len(f.Enum) > 0xFFFF {
			return b, fmt.Errorf("enumeration of %d values, at most 65535", len(f.Enum))
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(len(f.Enum)))
		for _, v := range f.Enum {
			if b, err = appendTyped(b, t, v); err != nil {
				return b, fmt.Errorf("enumeration: %w", err)
			}
		}
	case FormFixedArray, FormByteArray, FormLongString:
		b = binary.LittleEndian.AppendUint32(b, f.Length)
	case FormRegExp:
		return AppendString(b, f.Pattern)
	case FormServiceProp, FormMethodParam:
		if inner || f.Inner == nil {
			return b, fmt.Errorf("form %#02x: wants one inner form", byte(f.Flag))
		}
		b = append(b, f.Namespace[:]...)
		b = binary.LittleEndian.AppendUint32(b, f.PID)
		if b, err = AppendString(b, f.Name); err != nil {
			return b, err
		}
		if f.Flag == FormMethodParam {
			b = append(b, f.Usage, f.Number)
		}
		return appendForm(b, t, f.Inner, true)
	}
	return b, nil
}

func (c *cursor) form(t DataType, inner bool) Form {
	if c.err == nil && c.left() == 0 {
		return Form{} // seen: descriptions that end before the flag
	}
	f := Form{Flag: FormFlag(c.uint8())}
	switch f.Flag {
	case FormRange:
		f.Min, f.Max, f.Step = c.value(t), c.value(t), c.value(t)
	case FormEnum:
		n := int(c.uint16())
		if least := max(1, t.Size()); c.err == nil && n*least > c.left() {
			c.fail("enumeration of %d values, %d bytes left", n, c.left())
			return f
		}
		f.Enum = make([]Value, 0, n)
		for range n {
			f.Enum = append(f.Enum, c.value(t))
		}
	case FormFixedArray, FormByteArray, FormLongString:
		switch left := c.left(); {
		case left >= 4 && !c.narrow:
			f.Length = c.uint32()
		case left >= 2:
			f.Length = uint32(c.uint16())
		}
	case FormRegExp:
		f.Pattern = c.string()
	case FormServiceProp, FormMethodParam:
		if inner {
			c.fail("form %#02x inside another", byte(f.Flag))
			return f
		}
		copy(f.Namespace[:], c.bytes(16))
		f.PID = c.uint32()
		f.Name = c.string()
		if f.Flag == FormMethodParam {
			f.Usage, f.Number = c.uint8(), c.uint8()
		}
		in := c.form(t, true)
		f.Inner = &in
	}
	return f
}
