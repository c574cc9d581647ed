package engine

import (
	"fmt"
	"slices"

	"cradle/engine/wire"
)

// UnmarshalMeta reads what MarshalMeta wrote, which must fill b. An error says at
// which byte what was expected; that of a version this program doesn't know is
// ErrNewer, that of anything that MarshalMeta would write otherwise ErrNormalForm.
// The form has no checksum: the file or store that it lies in has. To read many
// rows use MetaDecoder.Unmarshal.
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
	d := MetaDecoder{shared: keys, single: true}
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
	shared   *KeyMap           // of the stream, or of all rows of a store
	keys     *KeyMap           // of what is being read: shared or own
	own      KeyMap            // of the row being read
	used     keysUsed          // of own; not kept of a stream, which may be read from anywhere
	names    map[string]string // the names of all rows so far
	units    []UnitMeta        // free rest of the current block
	elements []Element
	stamps   []stamp
	single   bool // one item only: blocks of just its size
	unitSet  unitSet
}

// keysUsed counts the keys of a row that were met so far: they come in order of
// first use, and each is used.
type keysUsed struct{ replicas, names uint64 }

// NewMetaDecoder reads a stream, or rows, that were written with keys. It sees what
// is added to them.
func NewMetaDecoder(keys *KeyMap) *MetaDecoder { return &MetaDecoder{shared: keys} }

// Decode reads what AppendMeta wrote at the beginning of b into m and returns
// how many bytes that were. An error says at which byte what was expected; m is
// then undefined. Nothing of b is kept, and the memory taken is proportional to
// the bytes read.
func (d *MetaDecoder) Decode(b []byte, m *ItemMeta) (int, error) {
	c := cursor{wire.Cursor{Buf: b}}
	d.keys = d.shared
	d.decode(&c, m)
	if c.Err != nil {
		return 0, fmt.Errorf("item metadata: %w", c.Err)
	}
	return c.Off, nil
}

// Unmarshal reads what MarshalMeta wrote, or AppendRow with the decoder's keys,
// which must fill b, into m. The errors are those of UnmarshalMeta.
func (d *MetaDecoder) Unmarshal(b []byte, m *ItemMeta) error {
	c := cursor{wire.Cursor{Buf: b}}
	switch v := c.Byte("a version"); {
	case c.Err != nil:
	case v == metaVersion:
		d.unmarshalOwn(&c, m)
	case v == keyedVersion && d.shared == nil:
		c.FailAt(0, "version 1: the keys of version 2 are kept elsewhere")
	case v == keyedVersion:
		d.keys = d.shared
		d.row(&c, m)
	case v > keyedVersion:
		c.Err = fmt.Errorf("version %d: %w", v, ErrNewer)
	default:
		c.FailAt(0, "version 1 or 2")
	}
	if c.Err == nil && c.Off < len(b) {
		c.Fail("the end of the metadata")
	}
	if c.Err != nil {
		return fmt.Errorf("item metadata: %w", c.Err)
	}
	return nil
}

// unmarshalOwn reads a row that brings its keys.
func (d *MetaDecoder) unmarshalOwn(c *cursor, m *ItemMeta) {
	d.own.reset()
	if d.names == nil && !d.single {
		d.names = make(map[string]string, linearKeys)
	}
	c.keyMap(&d.own, d.names)
	d.keys, d.used = &d.own, keysUsed{}
	if c.Err == nil {
		d.decode(c, m)
	}
	if int(d.used.replicas) < len(d.own.replicas) || int(d.used.names) < len(d.own.names) {
		c.FailForm(1, "a key that isn't used")
	}
}

// head reads what comes before the units.
func (d *MetaDecoder) head(c *cursor, m *ItemMeta) {
	*m = ItemMeta{}
	copy(m.ID[:], c.Bytes(16, "an item ID"))
	at := c.Off
	flags := c.Byte("flags")
	if flags&^metaFlags != 0 {
		c.FailAt(at, "flags below 8")
	}
	s := d.stamp(c)
	d.stamps = append(d.stamps[:0], s)
	m.LifeVersion, m.LifeEdited, m.LifeResolved = s.version, s.edited, s.resolved
	m.Creation = m.LifeVersion
	if flags&metaCreation != 0 {
		m.Creation.Replica = d.replica(c, c.Off, c.Uvarint("a replica key"))
		m.Creation.Tick = tick(c)
		if m.Creation == m.LifeVersion {
			c.FailForm(at, "a creation version that is the existence's")
		}
	}
	m.Deleted = flags&metaDeleted != 0
	if flags&metaMerged != 0 {
		copy(m.MergedInto[:], c.Bytes(16, "an item ID"))
		if m.MergedInto.IsZero() {
			c.FailForm(at, "merged into no item")
		}
	}
}

// decode reads AppendMeta's form.
func (d *MetaDecoder) decode(c *cursor, m *ItemMeta) {
	d.head(c, m)
	n := c.Count(2, "a count of units")
	if n == 0 {
		return
	}
	m.Units = take(&d.units, n, d.blockSize(128))
	for i := range m.Units {
		u := &m.Units[i]
		at := c.Off
		key := c.Uvarint("a unit name's key")
		if c.Err == nil && key >= uint64(len(d.keys.names)) {
			c.FailAt(at, fmt.Sprintf("a unit name's key below %d", len(d.keys.names)))
		}
		if c.Err != nil {
			return
		}
		d.use(c, at, &d.used.names, key)
		u.Unit = d.keys.names[key]
		if i > 0 && u.Unit <= m.Units[i-1].Unit {
			c.FailAt(at, "the key of a greater unit name")
		}
		d.unit(c, u)
	}
}

func (d *MetaDecoder) unit(c *cursor, u *UnitMeta) {
	at := c.Off
	head := c.Uvarint("a stamp number")
	had := len(d.stamps)
	s := d.stampOf(c, at, head>>unitShift)
	if len(d.stamps) > had && slices.Contains(d.stamps[:had], s) {
		c.FailForm(at, "a new stamp that is as a former one")
	}
	u.Version, u.Edited, u.Resolved = s.version, s.edited, s.resolved
	if head&unitEmpty == 0 {
		d.digest(c, at, u)
	}
	if head&unitElements == 0 {
		return
	}
	at = c.Off
	n := c.Count(9, "a count of elements")
	if n == 0 {
		c.FailForm(at, "no elements")
		return
	}
	u.Elements = take(&d.elements, n, d.blockSize(128))
	for i := range u.Elements {
		e := &u.Elements[i]
		at := c.Off
		e.Added = d.added(c, at, c.Uvarint("a stamp number"))
		copy(e.Digest[:], c.Bytes(8, "an element's digest"))
		if i > 0 && compareElements(u.Elements[i-1], *e) >= 0 {
			c.FailAt(c.Off-8, "a greater digest of an element")
		}
		if c.Err != nil {
			return
		}
	}
}

// digest reads the digest of the unit that began at offset at.
func (d *MetaDecoder) digest(c *cursor, at int, u *UnitMeta) {
	copy(u.Digest[:], c.Bytes(16, "a digest"))
	if u.Digest.IsZero() {
		c.FailForm(at, "a digest that is zero and not left out")
	}
}

// added is the version of the stamp of number n, read at offset at: the first with
// that version, a new one without a time.
func (d *MetaDecoder) added(c *cursor, at int, n uint64) Version {
	had := len(d.stamps)
	s := d.stampOf(c, at, n)
	if c.Err != nil {
		return Version{}
	}
	for i := range d.stamps[:n] {
		if d.stamps[i].version == s.version {
			c.FailForm(at, "a version that a former stamp has")
		}
	}
	if len(d.stamps) > had && (s.edited != 0 || s.resolved) {
		c.FailForm(at, "a new stamp of an element with a time or a resolution")
	}
	return s.version
}

// use notes the use of a key of a row.
func (d *MetaDecoder) use(c *cursor, at int, used *uint64, key uint64) {
	if d.keys != &d.own {
		return
	}
	switch {
	case key > *used:
		c.FailForm(at, "a key before its turn")
	case key == *used:
		*used++
	}
}

// stampOf is the stamp of number n, read at offset at; the next new one follows.
func (d *MetaDecoder) stampOf(c *cursor, at int, n uint64) stamp {
	switch {
	case c.Err != nil:
		return stamp{}
	case n < uint64(len(d.stamps)):
		return d.stamps[n]
	case n > uint64(len(d.stamps)):
		c.FailAt(at, fmt.Sprintf("a stamp number up to %d", len(d.stamps)))
		return stamp{}
	}
	s := d.stamp(c)
	d.stamps = append(d.stamps, s)
	return s
}

func (d *MetaDecoder) stamp(c *cursor) stamp {
	at := c.Off
	key := c.Uvarint("a replica key")
	var s stamp
	s.resolved = key&1 != 0
	s.version.Replica = d.replica(c, at, key>>1)
	s.version.Tick = tick(c)
	s.edited = c.Varint("a time")
	return s
}

func (d *MetaDecoder) replica(c *cursor, at int, key uint64) ReplicaID {
	if key == 0 || c.Err != nil {
		return ReplicaID{}
	}
	if key > uint64(len(d.keys.replicas)) {
		c.FailAt(at, fmt.Sprintf("a replica key up to %d", len(d.keys.replicas)))
		return ReplicaID{}
	}
	d.use(c, at, &d.used.replicas, key-1)
	return d.keys.replicas[key-1]
}

func tick(c *cursor) uint64 {
	at := c.Off
	t := c.Uvarint("a tick")
	if t == pendingTick {
		c.FailAt(at, "a tick below 2^64-1")
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
