package mtp

import (
	"encoding/binary"
	"fmt"
)

// ServicePropDesc is an element of the dataset of GetServicePropDesc: UINT16
// code, UINT16 type, UINT8 get/set, form. It has no default, value or group.
type ServicePropDesc struct {
	Code     ServiceCode
	Type     DataType
	Writable bool
	Form     Form
}

// minServicePropDesc is the least an element takes.
const minServicePropDesc = 2 + 2 + 1 + 1

// AppendServicePropDescs appends the list: UINT32 count, then the elements.
func AppendServicePropDescs(b []byte, descs []ServicePropDesc) ([]byte, error) {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(descs)))
	for i := range descs {
		d := &descs[i]
		b = binary.LittleEndian.AppendUint16(b, uint16(d.Code))
		b = binary.LittleEndian.AppendUint16(b, uint16(d.Type))
		b = appendBool(b, d.Writable)
		var err error
		if b, err = appendForm(b, d.Type, &d.Form, false); err != nil {
			return b, fmt.Errorf("ServicePropDesc %#04x: %w", uint16(d.Code), err)
		}
	}
	return b, nil
}

// DecodeServicePropDescs decodes the list.
func DecodeServicePropDescs(p []byte) ([]ServicePropDesc, error) {
	c := newCursor("ServicePropDesc list", p)
	out := list(c, minServicePropDesc, func(c *cursor) ServicePropDesc {
		d := ServicePropDesc{Code: ServiceCode(c.uint16()), Type: DataType(c.uint16()), Writable: c.uint8() == 1}
		d.Form = c.form(d.Type, false)
		return d
	})
	return out, c.err
}

// ServicePropValue is an element of a ServicePropList.
type ServicePropValue struct {
	Service ServiceID
	Code    ServiceCode
	Value   Value
}

// AppendServicePropList appends a ServicePropList: UINT32 count, then for each
// element UINT32 service, UINT16 property, UINT16 data type, value.
func AppendServicePropList(b []byte, props []ServicePropValue) ([]byte, error) {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(props)))
	for i, p := range props {
		b = AppendObjectPropHead(b, ObjectHandle(p.Service), PropCode(p.Code), p.Value.Type())
		var err error
		if b, err = AppendValue(b, p.Value); err != nil {
			return b, fmt.Errorf("ServicePropList element %d, %#04x: %w", i, uint16(p.Code), err)
		}
	}
	return b, nil
}

// DecodeServicePropList decodes the dataset of GetServicePropList and
// SetServicePropList.
func DecodeServicePropList(p []byte) ([]ServicePropValue, error) {
	c := newCursor("ServicePropList", p)
	out := list(c, minProp, func(c *cursor) ServicePropValue {
		v := ServicePropValue{Service: ServiceID(c.uint32()), Code: ServiceCode(c.uint16())}
		v.Value = c.value(DataType(c.uint16()))
		return v
	})
	return out, c.err
}

// PropID names a property of an object or of a service, for the operations that
// unset it.
type PropID struct {
	Owner uint32 // an [ObjectHandle] or a [ServiceID]
	Code  uint16
}

// AppendPropIDs appends the dataset of DeleteObjectPropList and
// DeleteServicePropList: UINT32 count, then UINT32 owner and UINT16 property.
func AppendPropIDs(b []byte, props []PropID) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(props)))
	for _, p := range props {
		b = binary.LittleEndian.AppendUint32(b, p.Owner)
		b = binary.LittleEndian.AppendUint16(b, p.Code)
	}
	return b
}

// DecodePropIDs decodes the dataset.
func DecodePropIDs(p []byte) ([]PropID, error) {
	c := newCursor("property ids", p)
	out := list(c, 6, func(c *cursor) PropID { return PropID{c.uint32(), c.uint16()} })
	return out, c.err
}
