package mtp

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// ObjectProp is one property of one object, an element of an ObjectPropList.
type ObjectProp struct {
	Handle ObjectHandle // 0 in SendObjectPropList
	Code   PropCode
	Value  Value
}

// minProp is the least an element takes: handle, code, type, a value of a byte.
const minProp = 9

// AppendObjectPropList appends an ObjectPropList: UINT32 count, then for each
// element UINT32 handle, UINT16 property, UINT16 data type, value (MTP 1.1
// appendix E.2.1.1). Errors: a value that can't be encoded.
func AppendObjectPropList(b []byte, props []ObjectProp) ([]byte, error) {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(props)))
	for i, p := range props {
		b = AppendObjectPropHead(b, p.Handle, p.Code, p.Value.Type())
		var err error
		if b, err = AppendValue(b, p.Value); err != nil {
			return b, fmt.Errorf("ObjectPropList element %d, %v: %w", i, p.Code, err)
		}
	}
	return b, nil
}

// AppendObjectPropHead appends an element without its value, for a responder
// that writes long lists without a slice of [ObjectProp]. The count before the
// first element is the caller's.
func AppendObjectPropHead(b []byte, h ObjectHandle, p PropCode, t DataType) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(h))
	b = binary.LittleEndian.AppendUint16(b, uint16(p))
	return binary.LittleEndian.AppendUint16(b, uint16(t))
}

// DecodeObjectPropList decodes the dataset of GetObjectPropList,
// SetObjectPropList and SendObjectPropList.
func DecodeObjectPropList(p []byte) ([]ObjectProp, error) {
	var props []ObjectProp
	for prop, err := range ObjectProps(p) {
		if err != nil {
			return props, err
		}
		if props == nil {
			props = make([]ObjectProp, 0, binary.LittleEndian.Uint32(p)) // checked by ObjectProps
		}
		props = append(props, prop)
	}
	return props, nil
}

// ObjectProps goes through an ObjectPropList without keeping it. An error, at
// most one, comes last.
func ObjectProps(p []byte) iter.Seq2[ObjectProp, error] { return objectProps(p, nil) }

// objectProps is ObjectProps for those that wanted, if it isn't nil, says yes to. What the others hold is
// passed over, which is most of the work where a device gives all properties.
func objectProps(p []byte, wanted func(PropCode) bool) iter.Seq2[ObjectProp, error] {
	return func(yield func(ObjectProp, error) bool) {
		c := newCursor("ObjectPropList", p)
		n := c.count(minProp)
		for i := 0; i < n && c.err == nil; i++ {
			prop := ObjectProp{Handle: ObjectHandle(c.uint32()), Code: PropCode(c.uint16())}
			typ, skip := DataType(c.uint16()), wanted != nil && !wanted(prop.Code)
			if skip {
				c.skip(typ)
			} else {
				prop.Value = c.value(typ)
			}
			if c.err != nil {
				yield(ObjectProp{}, fmt.Errorf("element %d of %d: %w", i, n, c.err))
				return
			}
			if !skip && !yield(prop, nil) {
				return
			}
		}
		if c.err != nil {
			yield(ObjectProp{}, c.err)
		}
	}
}
