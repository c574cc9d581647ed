package mtp

import (
	"encoding/binary"
	"fmt"
)

// minPropDesc is the least an ObjectPropDesc takes: code, type, Get/Set, a
// default of a byte, group, form flag.
const minPropDesc = 2 + 2 + 1 + 1 + 4 + 1

// AppendInterdependentPropDesc appends an InterdependentPropDesc: UINT32 count of
// sets, then for each UINT32 count and as many ObjectPropDesc (MTP 1.1 §5.3.2.4).
// The values of a format's objects satisfy one set as a whole. Errors: those of
// a description.
func AppendInterdependentPropDesc(b []byte, sets [][]ObjectPropDesc) ([]byte, error) {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(sets)))
	for i, set := range sets {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(set)))
		for j := range set {
			var err error
			if b, err = set[j].AppendBinary(b); err != nil {
				return b, fmt.Errorf("InterdependentPropDesc set %d: %w", i, err)
			}
		}
	}
	return b, nil
}

// DecodeInterdependentPropDesc decodes the dataset.
func DecodeInterdependentPropDesc(p []byte) ([][]ObjectPropDesc, error) {
	c := newCursor("InterdependentPropDesc", p)
	n := c.count(4)
	if n == 0 || c.err != nil {
		return nil, c.err
	}
	sets := make([][]ObjectPropDesc, 0, n)
	for range n {
		m := c.count(minPropDesc)
		set := make([]ObjectPropDesc, 0, m)
		for range m {
			set = append(set, c.objectPropDesc())
			if c.err != nil {
				return sets, c.err
			}
		}
		if c.err != nil {
			return sets, c.err
		}
		sets = append(sets, set)
	}
	return sets, nil
}
