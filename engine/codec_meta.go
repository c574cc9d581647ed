package engine

import (
	"encoding/binary"
	"slices"
	"strings"
)

// metaVersion is the first byte of what MarshalMeta writes.
const metaVersion = 1

// The bits of the first number of an item.
const (
	metaDeleted  = 1 << iota
	metaMerged   // 16 bytes MergedInto follow the stamps' first
	metaCreation // the creation version isn't LifeVersion and follows
	metaFlags    = metaDeleted | metaMerged | metaCreation
)

// The low bits of a unit's stamp number.
const (
	unitElements = 1 << iota // a list unit with elements
	unitEmpty                // the digest is zero and left out
	unitShift    = iota
)

// stamp is what most units of an item share: they were made at one time.
type stamp struct {
	version  Version
	edited   int64
	resolved bool
}

// AppendMeta appends the metadata of an item in short form; replica IDs and unit
// names get their keys in keys, which must be kept beside the bytes (KeyMap). A
// contact of 8 units and 4 list elements takes about 210 bytes. Numbers are
// unsigned LEB128 unless said otherwise:
//
//	ID          16 bytes
//	flags       1 byte: 1 deleted, 2 merged, 4 creation
//	stamp 0     of the item's existence: LifeVersion, LifeEdited, LifeResolved
//	creation    if flagged, else equal to LifeVersion: replica key, tick
//	merged into if flagged: 16 bytes
//	units       count, then each, ascending by name:
//	              name key
//	              stamp number × 4 + (1 has elements) + (2 has no digest);
//	                the first number not yet used is followed by its stamp
//	              digest, 16 bytes, unless zero
//	              if flagged, elements: count, then each, ascending by digest:
//	                stamp number of the version that added it, a new one as above
//	                digest, 8 bytes
//
// A stamp is replica key × 2 + (1 resolved), tick, and the edit time as zigzag
// (signed) LEB128. Key 0 is the zero replica. An element's stamp is the first
// with that version, a new one has no time and isn't resolved.
//
// What isn't in the order that ItemMeta asks for is put in order. A pending
// version cannot be written, that is a bug of the caller and panics.
func AppendMeta(b []byte, m *ItemMeta, keys *KeyMap) []byte {
	b = keys.appendHead(b, m)
	units := unitsInOrder(m)
	b = binary.AppendUvarint(b, uint64(len(units)))
	name := -1
	for i := range units {
		name = keys.name(units[i].Unit, name+1)
		b = binary.AppendUvarint(b, uint64(name))
		b = keys.appendUnit(b, &units[i])
	}
	return b
}

// appendHead writes what comes before the units.
func (k *KeyMap) appendHead(b []byte, m *ItemMeta) []byte {
	var flags byte
	if m.Deleted {
		flags |= metaDeleted
	}
	if !m.MergedInto.IsZero() {
		flags |= metaMerged
	}
	if m.Creation != m.LifeVersion {
		flags |= metaCreation
	}
	b = append(append(b, m.ID[:]...), flags)
	k.stamps = append(k.stamps[:0], stamp{m.LifeVersion, m.LifeEdited, m.LifeResolved})
	b = k.appendStamp(b, k.stamps[0])
	if flags&metaCreation != 0 {
		b = binary.AppendUvarint(b, k.replica(m.Creation.Replica))
		b = appendTick(b, m.Creation)
	}
	if flags&metaMerged != 0 {
		b = append(b, m.MergedInto[:]...)
	}
	return b
}

func unitsInOrder(m *ItemMeta) []UnitMeta {
	if ascending(m.Units, compareUnits) {
		return m.Units
	}
	return inOrder(m.Units, compareUnits)
}

func elementsInOrder(u *UnitMeta) []Element {
	if ascending(u.Elements, compareElements) {
		return u.Elements
	}
	return inOrder(u.Elements, compareElements)
}

func (k *KeyMap) appendUnit(b []byte, u *UnitMeta) []byte {
	elements := elementsInOrder(u)
	s := stamp{u.Version, u.Edited, u.Resolved}
	n, fresh := k.stampNumber(s)
	head := uint64(n) << unitShift
	if len(elements) > 0 {
		head |= unitElements
	}
	if u.Digest.IsZero() {
		head |= unitEmpty
	}
	b = binary.AppendUvarint(b, head)
	if fresh {
		b = k.appendStamp(b, s)
	}
	if head&unitEmpty == 0 {
		b = append(b, u.Digest[:]...)
	}
	if len(elements) == 0 {
		return b
	}
	b = binary.AppendUvarint(b, uint64(len(elements)))
	for i := range elements {
		b = k.appendAdded(b, elements[i].Added)
		b = append(b, elements[i].Digest[:]...)
	}
	return b
}

// stampNumber is the number of a stamp in the item; fresh: it is new, and follows.
func (k *KeyMap) stampNumber(s stamp) (n int, fresh bool) {
	if n = slices.Index(k.stamps, s); n >= 0 {
		return n, false
	}
	k.stamps = append(k.stamps, s)
	return len(k.stamps) - 1, true
}

// appendAdded writes the number of the first stamp with version v.
func (k *KeyMap) appendAdded(b []byte, v Version) []byte {
	for i := range k.stamps {
		if k.stamps[i].version == v {
			return binary.AppendUvarint(b, uint64(i))
		}
	}
	s := stamp{version: v}
	b = binary.AppendUvarint(b, uint64(len(k.stamps)))
	k.stamps = append(k.stamps, s)
	return k.appendStamp(b, s)
}

func (k *KeyMap) appendStamp(b []byte, s stamp) []byte {
	key := k.replica(s.version.Replica) << 1
	if s.resolved {
		key |= 1
	}
	b = binary.AppendUvarint(b, key)
	b = appendTick(b, s.version)
	return binary.AppendVarint(b, s.edited)
}

func appendTick(b []byte, v Version) []byte {
	if v.IsPending() {
		panic("engine: a pending version in metadata to be kept: " + v.String())
	}
	return binary.AppendUvarint(b, v.Tick)
}

func compareUnits(a, b UnitMeta) int   { return strings.Compare(a.Unit, b.Unit) }
func compareElements(a, b Element) int { return a.Digest.compare(b.Digest) }

// compare orders digests bytewise.
func (d ElementDigest) compare(o ElementDigest) int {
	a, b := binary.BigEndian.Uint64(d[:]), binary.BigEndian.Uint64(o[:])
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// ascending reports whether s is in strictly ascending order.
func ascending[E any](s []E, compare func(a, b E) int) bool {
	for i := 1; i < len(s); i++ {
		if compare(s[i-1], s[i]) >= 0 {
			return false
		}
	}
	return true
}

// inOrder sorts a copy of s; of equal ones the first stays.
func inOrder[E any](s []E, compare func(a, b E) int) []E {
	s = slices.Clone(s)
	slices.SortStableFunc(s, compare)
	return slices.CompactFunc(s, func(a, b E) bool { return compare(a, b) == 0 })
}

// MarshalMeta gives the metadata of an item in a form that stands for itself, as
// a row of a store: 1 byte version (1), the KeyMap's form, AppendMeta's form.
// Equal metadata has equal bytes.
func MarshalMeta(m *ItemMeta) []byte {
	var keys KeyMap
	var space [512]byte
	body := AppendMeta(space[:0], m, &keys)
	size := 1 + 2*binary.MaxVarintLen32 + 16*len(keys.replicas) + len(body)
	for _, n := range keys.names {
		size += len(n) + 2
	}
	b := append(make([]byte, 0, size), metaVersion)
	return append(keys.AppendBinary(b), body...)
}
