package engine

import (
	"encoding/binary"
	"fmt"
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
	units := m.Units
	if !ascending(units, compareUnits) {
		units = inOrder(units, compareUnits)
	}
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
	keys.stamps = append(keys.stamps[:0], stamp{m.LifeVersion, m.LifeEdited, m.LifeResolved})
	b = keys.appendStamp(b, keys.stamps[0])
	if flags&metaCreation != 0 {
		b = binary.AppendUvarint(b, keys.replica(m.Creation.Replica))
		b = appendTick(b, m.Creation)
	}
	if flags&metaMerged != 0 {
		b = append(b, m.MergedInto[:]...)
	}
	b = binary.AppendUvarint(b, uint64(len(units)))
	name := -1
	for i := range units {
		name = keys.name(units[i].Unit, name+1)
		b = binary.AppendUvarint(b, uint64(name))
		b = keys.appendUnit(b, &units[i])
	}
	return b
}

func (k *KeyMap) appendUnit(b []byte, u *UnitMeta) []byte {
	elements := u.Elements
	if !ascending(elements, compareElements) {
		elements = inOrder(elements, compareElements)
	}
	s := stamp{u.Version, u.Edited, u.Resolved}
	n := slices.Index(k.stamps, s)
	fresh := n < 0
	if fresh {
		n = len(k.stamps)
		k.stamps = append(k.stamps, s)
	}
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

// UnmarshalMeta reads what MarshalMeta wrote, which must fill b. An error says at
// which byte what was expected; that of a version this program doesn't know is
// ErrNewer. To read many rows use MetaDecoder.Unmarshal.
func UnmarshalMeta(b []byte) (*ItemMeta, error) {
	m := new(ItemMeta)
	var d MetaDecoder
	d.single = true
	if err := d.Unmarshal(b, m); err != nil {
		return nil, err
	}
	return m, nil
}

// ParseMeta reads what AppendMeta wrote at the beginning of b and returns how
// many bytes that were. To read many use MetaDecoder.Decode.
func ParseMeta(b []byte, keys *KeyMap) (*ItemMeta, int, error) {
	m := new(ItemMeta)
	d := MetaDecoder{keys: keys, single: true}
	n, err := d.Decode(b, m)
	if err != nil {
		return nil, 0, err
	}
	return m, n, nil
}

// MetaDecoder reads the metadata of many items with few allocations: their units
// and elements share larger blocks of memory, which live as long as any of the
// items. Each item's slices are its own all the same. The zero MetaDecoder can
// Unmarshal rows. It must not be used by two goroutines at once.
type MetaDecoder struct {
	keys     *KeyMap
	own      KeyMap            // of the row being read
	names    map[string]string // the names of all rows so far
	units    []UnitMeta        // free rest of the current block
	elements []Element
	stamps   []stamp
	single   bool // one item only: blocks of just its size
}

// NewMetaDecoder reads a stream that was written with keys.
func NewMetaDecoder(keys *KeyMap) *MetaDecoder { return &MetaDecoder{keys: keys} }

// Decode reads what AppendMeta wrote at the beginning of b into m and returns
// how many bytes that were. An error says at which byte what was expected; m is
// then undefined. Nothing of b is kept, and the memory taken is proportional to
// the bytes read.
func (d *MetaDecoder) Decode(b []byte, m *ItemMeta) (int, error) {
	c := cursor{buf: b}
	d.decode(&c, m)
	if c.err != nil {
		return 0, fmt.Errorf("item metadata: %w", c.err)
	}
	return c.off, nil
}

// Unmarshal reads what MarshalMeta wrote, which must fill b, into m. The errors
// are those of UnmarshalMeta.
func (d *MetaDecoder) Unmarshal(b []byte, m *ItemMeta) error {
	c := cursor{buf: b}
	if v := c.byte("a version"); c.err == nil && v != metaVersion {
		if v > metaVersion {
			c.err = fmt.Errorf("version %d: %w", v, ErrNewer)
		} else {
			c.failAt(0, "version 1")
		}
	}
	d.own.reset()
	if d.names == nil && !d.single {
		d.names = make(map[string]string, linearKeys)
	}
	c.keyMap(&d.own, d.names)
	d.keys = &d.own
	if c.err == nil {
		d.decode(&c, m)
	}
	if c.err == nil && c.off < len(b) {
		c.fail("the end of the metadata")
	}
	if c.err != nil {
		return fmt.Errorf("item metadata: %w", c.err)
	}
	return nil
}

func (d *MetaDecoder) decode(c *cursor, m *ItemMeta) {
	*m = ItemMeta{}
	copy(m.ID[:], c.bytes(16, "an item ID"))
	at := c.off
	flags := c.byte("flags")
	if flags&^metaFlags != 0 {
		c.failAt(at, "flags below 8")
	}
	s := d.stamp(c)
	d.stamps = append(d.stamps[:0], s)
	m.LifeVersion, m.LifeEdited, m.LifeResolved = s.version, s.edited, s.resolved
	m.Creation = m.LifeVersion
	if flags&metaCreation != 0 {
		m.Creation.Replica = d.replica(c, c.off, c.uvarint("a replica key"))
		m.Creation.Tick = tick(c)
	}
	m.Deleted = flags&metaDeleted != 0
	if flags&metaMerged != 0 {
		copy(m.MergedInto[:], c.bytes(16, "an item ID"))
	}
	n := c.count(2, "a count of units")
	if n == 0 {
		return
	}
	m.Units = take(&d.units, n, d.blockSize(128))
	for i := range m.Units {
		u := &m.Units[i]
		at := c.off
		key := c.uvarint("a unit name's key")
		if c.err == nil && key >= uint64(len(d.keys.names)) {
			c.failAt(at, fmt.Sprintf("a unit name's key below %d", len(d.keys.names)))
		}
		if c.err != nil {
			return
		}
		u.Unit = d.keys.names[key]
		if i > 0 && u.Unit <= m.Units[i-1].Unit {
			c.failAt(at, "the key of a greater unit name")
		}
		d.unit(c, u)
	}
}

func (d *MetaDecoder) unit(c *cursor, u *UnitMeta) {
	at := c.off
	head := c.uvarint("a stamp number")
	s := d.stampOf(c, at, head>>unitShift)
	u.Version, u.Edited, u.Resolved = s.version, s.edited, s.resolved
	if head&unitEmpty == 0 {
		copy(u.Digest[:], c.bytes(16, "a digest"))
	}
	if head&unitElements == 0 {
		return
	}
	n := c.count(9, "a count of elements")
	if n == 0 {
		return
	}
	u.Elements = take(&d.elements, n, d.blockSize(128))
	for i := range u.Elements {
		e := &u.Elements[i]
		at := c.off
		e.Added = d.stampOf(c, at, c.uvarint("a stamp number")).version
		copy(e.Digest[:], c.bytes(8, "an element's digest"))
		if i > 0 && compareElements(u.Elements[i-1], *e) >= 0 {
			c.failAt(c.off-8, "a greater digest of an element")
		}
		if c.err != nil {
			return
		}
	}
}

// stampOf is the stamp of number n, read at offset at; the next new one follows.
func (d *MetaDecoder) stampOf(c *cursor, at int, n uint64) stamp {
	switch {
	case c.err != nil:
		return stamp{}
	case n < uint64(len(d.stamps)):
		return d.stamps[n]
	case n > uint64(len(d.stamps)):
		c.failAt(at, fmt.Sprintf("a stamp number up to %d", len(d.stamps)))
		return stamp{}
	}
	s := d.stamp(c)
	d.stamps = append(d.stamps, s)
	return s
}

func (d *MetaDecoder) stamp(c *cursor) stamp {
	at := c.off
	key := c.uvarint("a replica key")
	var s stamp
	s.resolved = key&1 != 0
	s.version.Replica = d.replica(c, at, key>>1)
	s.version.Tick = tick(c)
	s.edited = c.varint("a time")
	return s
}

func (d *MetaDecoder) replica(c *cursor, at int, key uint64) ReplicaID {
	if key == 0 || c.err != nil {
		return ReplicaID{}
	}
	if key > uint64(len(d.keys.replicas)) {
		c.failAt(at, fmt.Sprintf("a replica key up to %d", len(d.keys.replicas)))
		return ReplicaID{}
	}
	return d.keys.replicas[key-1]
}

func tick(c *cursor) uint64 {
	at := c.off
	t := c.uvarint("a tick")
	if t == pendingTick {
		c.failAt(at, "a tick below 2^64-1")
		return 0
	}
	return t
}

// blockSize is how many entries to allocate at once.
func (d *MetaDecoder) blockSize(n int) int {
	if d.single {
		return 0
	}
	return n
}

// take cuts n zero entries off a block, whose capacity ends with them, so that
// appending to them doesn't touch the neighbours'.
func take[E any](free *[]E, n, block int) []E {
	if n > len(*free) {
		if n > block/4 {
			return make([]E, n)
		}
		*free = make([]E, block)
	}
	s := (*free)[:n:n]
	*free = (*free)[n:]
	return s
}
