package mtp

import (
	"encoding/binary"
	"fmt"
)

// Capability is an element of the capability list of GetServiceCapabilities and
// GetFormatCapabilities: the properties of a format's objects, or a method's
// parameters.
type Capability struct {
	Code           uint16 // a [FormatCode], or a method's [ServiceCode]
	Props          []ObjectPropDesc
	Interdependent [][]ObjectPropDesc
}

// minCapability is the least an element takes: code, and two counts.
const minCapability = 2 + 4 + 4

// AppendCapabilities appends a capability list: UINT32 count, then for each
// element UINT16 code, UINT32 count and as many ObjectPropDesc, and an
// InterdependentPropDesc. Errors: those of a description.
func AppendCapabilities(b []byte, list []Capability) ([]byte, error) {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(list)))
	for i := range list {
		e := &list[i]
		b = binary.LittleEndian.AppendUint16(b, e.Code)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(e.Props)))
		var err error
		for j := range e.Props {
			if b, err = e.Props[j].AppendBinary(b); err != nil {
				return b, fmt.Errorf("capability %#04x: %w", e.Code, err)
			}
		}
		if b, err = AppendInterdependentPropDesc(b, e.Interdependent); err != nil {
			return b, fmt.Errorf("capability %#04x: %w", e.Code, err)
		}
	}
	return b, nil
}

// DecodeCapabilities decodes a capability list. The length in a form for arrays
// and long strings has 32 bits in some devices and 16 in others: the list is read
// the one way, and if that leads to nonsense the other.
func DecodeCapabilities(p []byte) ([]Capability, error) {
	wide, err := decodeCapabilities(p, false)
	if err == nil {
		return wide, nil
	}
	if narrow, nerr := decodeCapabilities(p, true); nerr == nil {
		return narrow, nil
	}
	return wide, err
}

func decodeCapabilities(p []byte, narrow bool) ([]Capability, error) {
	c := newCursor("capability list", p)
	c.narrow = narrow
	desc := func(c *cursor) ObjectPropDesc {
		d := c.objectPropDesc()
		if c.err == nil && !plausible(&d) {
			c.fail("property %#04x of type %v", uint16(d.Code), d.Type)
		}
		return d
	}
	out := list(c, minCapability, func(c *cursor) Capability {
		e := Capability{Code: c.uint16(), Props: list(c, minPropDesc, desc)}
		e.Interdependent = list(c, 4, func(c *cursor) []ObjectPropDesc { return list(c, minPropDesc, desc) })
		return e
	})
	return out, c.err
}

// plausible reports whether a description can be one: with a form of another
// width than was thought what follows is read from the wrong place.
func plausible(d *ObjectPropDesc) bool {
	return (d.Code >= 0xD000 && d.Code <= 0xDFFF || d.Code < 0x1000) && d.Type.Known()
}
