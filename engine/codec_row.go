package engine

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// keyedVersion is the first byte of what AppendRow writes.
const keyedVersion = 2

// AppendRow appends the metadata of an item as a row of a store that keeps one
// KeyMap for all its rows, which spares each row a key table of its own. What it
// adds to keys must be stored in the same transaction. A MetaDecoder of the same keys
// reads it (Unmarshal). Of a contact with 11 units it takes about 50 bytes besides
// the digests:
//
//	version   1 byte, 2
//	ID, flags, stamp 0, creation, merged into: as in AppendMeta
//	units     the set of their name keys
//	elements  the set of those with elements, by their place among the units, which
//	          are ascending by name
//	empty     the set of those without a digest, likewise
//	others    the set of those whose stamp isn't stamp 0, likewise
//	then each unit:
//	          of an other: stamp number; the first number not yet used is followed by its stamp
//	          digest, 16 bytes, unless empty
//	          elements: count × 2 + (1 not all were added by the unit's version), then
//	          each, ascending by digest: stamp number as in AppendMeta if they
//	          weren't, and the digest, 8 bytes
//
// A set is one bit a member, seven to a byte from the lowest on, the top bit of a
// byte says that another follows; the last byte is zero only in the empty set.
func AppendRow(b []byte, m *ItemMeta, keys *KeyMap) []byte {
	b = keys.appendHead(append(b, keyedVersion), m)
	units := unitsInOrder(m)
	var names, elements, empty, others bitSet
	name := -1
	for i := range units {
		u := &units[i]
		name = keys.name(u.Unit, name+1)
		names.add(name)
		if len(u.Elements) > 0 {
			elements.add(i)
		}
		if u.Digest.IsZero() {
			empty.add(i)
		}
		if (stamp{u.Version, u.Edited, u.Resolved}) != keys.stamps[0] {
			others.add(i)
		}
	}
	for _, s := range []*bitSet{&names, &elements, &empty, &others} {
		b = s.append(b)
	}
	for i := range units {
		u := &units[i]
		if others.has(i) {
			s := stamp{u.Version, u.Edited, u.Resolved}
			n, fresh := keys.stampNumber(s)
			b = binary.AppendUvarint(b, uint64(n))
			if fresh {
				b = keys.appendStamp(b, s)
			}
		}
		if !u.Digest.IsZero() {
			b = append(b, u.Digest[:]...)
		}
		b = keys.appendRowElements(b, u)
	}
	return b
}

func (k *KeyMap) appendRowElements(b []byte, u *UnitMeta) []byte {
	elements := elementsInOrder(u)
	if len(elements) == 0 {
		return b
	}
	several := slices.ContainsFunc(elements, func(e Element) bool { return e.Added != u.Version })
	head := uint64(len(elements)) << 1
	if several {
		head |= 1
	}
	b = binary.AppendUvarint(b, head)
	for i := range elements {
		if several {
			b = k.appendAdded(b, elements[i].Added)
		}
		b = append(b, elements[i].Digest[:]...)
	}
	return b
}

// unitSet is the set of unit names that the last row had: those of the next one are
// mostly the same.
type unitSet struct {
	form  string
	names []string
}

// row reads AppendRow's form after its version.
func (d *MetaDecoder) row(c *cursor, m *ItemMeta) {
	d.head(c, m)
	names := d.unitNames(c)
	elements := c.bitSet(len(names), "a set of units with elements")
	empty := c.bitSet(len(names), "a set of units without a digest")
	others := c.bitSet(len(names), "a set of units with other stamps")
	if len(names) == 0 || c.Err != nil {
		return
	}
	m.Units = take(&d.units, len(names), d.blockSize(128))
	for i := range m.Units {
		u := &m.Units[i]
		u.Unit = names[i]
		at, s := c.Off, d.stamps[0]
		if others.has(i) {
			n := c.Uvarint("a stamp number")
			if c.Err == nil && n == 0 {
				c.FailForm(at, "stamp 0 of a unit with another")
			}
			had := len(d.stamps)
			s = d.stampOf(c, at, n)
			if len(d.stamps) > had && slices.Contains(d.stamps[:had], s) {
				c.FailForm(at, "a new stamp that is as a former one")
			}
		}
		u.Version, u.Edited, u.Resolved = s.version, s.edited, s.resolved
		if !empty.has(i) {
			d.digest(c, at, u)
		}
		if elements.has(i) {
			d.rowElements(c, u)
		}
		if c.Err != nil {
			return
		}
	}
}

func (d *MetaDecoder) rowElements(c *cursor, u *UnitMeta) {
	at := c.Off
	head := c.Uvarint("a count of elements")
	several := head&1 != 0
	n, size := head>>1, uint64(8)
	if several {
		size = 9
	}
	switch {
	case c.Err != nil:
		return
	case n > uint64(len(c.Rest()))/size:
		c.FailAt(at, "a count of elements that the bytes left can hold")
		return
	case n == 0:
		c.FailForm(at, "no elements")
		return
	}
	u.Elements = take(&d.elements, int(n), d.blockSize(128))
	others := false
	for i := range u.Elements {
		e := &u.Elements[i]
		e.Added = u.Version
		if several {
			at := c.Off
			e.Added = d.added(c, at, c.Uvarint("a stamp number"))
			others = others || e.Added != u.Version
		}
		copy(e.Digest[:], c.Bytes(8, "an element's digest"))
		if i > 0 && compareElements(u.Elements[i-1], *e) >= 0 {
			c.FailAt(c.Off-8, "a greater digest of an element")
		}
		if c.Err != nil {
			return
		}
	}
	if several && !others {
		c.FailForm(at, "elements that the unit's version added, each with its stamp")
	}
}

// unitNames reads the set of an item's units and gives their names ascending.
func (d *MetaDecoder) unitNames(c *cursor) []string {
	at := c.Off
	keys := c.bitSet(len(d.keys.names), "a set of units that have a key")
	if c.Err != nil {
		return nil
	}
	if form := c.Buf[at:c.Off]; string(form) != d.unitSet.form || d.unitSet.names == nil {
		d.unitSet = unitSet{form: string(form), names: []string{}}
		for i := range 7 * len(form) {
			if keys.has(i) {
				d.unitSet.names = append(d.unitSet.names, d.keys.names[i])
			}
		}
		slices.Sort(d.unitSet.names)
	}
	return d.unitSet.names
}

// bitSet is a set of small numbers, seven to a byte.
type bitSet struct {
	bits []byte
	room [4]byte
}

func (s *bitSet) add(i int) {
	if s.bits == nil {
		s.bits = s.room[:0]
	}
	for len(s.bits) <= i/7 {
		s.bits = append(s.bits, 0)
	}
	s.bits[i/7] |= 1 << (i % 7)
}

func (s *bitSet) has(i int) bool { return i/7 < len(s.bits) && s.bits[i/7]&(1<<(i%7)) != 0 }

func (s *bitSet) append(b []byte) []byte {
	if len(s.bits) == 0 {
		return append(b, 0)
	}
	for i, x := range s.bits {
		if i < len(s.bits)-1 {
			x |= 0x80
		}
		b = append(b, x)
	}
	return b
}

// bitSet reads a set of numbers below n, as a view.
func (c *cursor) bitSet(n int, expected string) bitSet {
	at := c.Off
	for c.Byte(expected)&0x80 != 0 && c.Err == nil {
	}
	if c.Err != nil {
		return bitSet{}
	}
	s := bitSet{bits: c.Buf[at:c.Off:c.Off]}
	last := s.bits[len(s.bits)-1]
	switch {
	case len(s.bits) > 1 && last == 0:
		c.FailForm(at, "a set longer than it need be")
	case last != 0 && 7*(len(s.bits)-1)+bits.Len8(last) > n:
		c.FailAt(at, fmt.Sprintf("%s, below %d", expected, n))
	}
	return s
}

// NewKeyMap makes the map again of what Replicas and Names gave. An error names
// what is there twice, or the zero replica, which has no key of its own.
func NewKeyMap(replicas []ReplicaID, names []string) (*KeyMap, error) {
	k := &KeyMap{replicas: make([]ReplicaID, 0, len(replicas)+1), names: make([]string, 0, len(names)+1)}
	for i, r := range replicas {
		if k.replica(r) != uint64(i+1) {
			return nil, fmt.Errorf("key map: replica %s has a key already", r)
		}
	}
	for i, n := range names {
		if k.name(n, i) != i {
			return nil, fmt.Errorf("key map: unit %q has a key already", n)
		}
	}
	return k, nil
}

// Replicas lists the replica IDs in the order of their keys, which begin at 1. A
// map only grows: what was read before stays its beginning.
func (k *KeyMap) Replicas() []ReplicaID { return slices.Clone(k.replicas) }

// Names lists the unit names in the order of their keys, which begin at 0.
func (k *KeyMap) Names() []string { return slices.Clone(k.names) }

// Len is how many replicas and names have a key.
func (k *KeyMap) Len() (replicas, names int) { return len(k.replicas), len(k.names) }

// ReplicaKey is the key of r, a new one if it has none yet; that of the zero
// replica is 0.
func (k *KeyMap) ReplicaKey(r ReplicaID) uint64 { return k.replica(r) }
