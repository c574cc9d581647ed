package metastore

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"cradle/engine"
)

// rowVersion is the first byte of a row, keyedVersion that of an item's whose keys
// are kept beside the rows, sumSize the length of its checksum.
const (
	rowVersion   = 1
	keyedVersion = 2
	sumSize      = 8
)

// MarshalReplica gives the canonical binary form of a replica for a store that
// keeps rows: equal replicas have equal bytes. Numbers are unsigned LEB128:
//
//	version           1 byte, 1
//	ID                16 bytes
//	tick
//	provider version
//	knowledge, forgotten knowledge: each its length and bytes
//	marks             count, then replica ID and mark (16 bytes each), ascending by replica
//	given             count, then tick and mark, ascending by tick
//	shared            count, then replica ID and tick, ascending by replica
//	custom            its length and bytes
//	checksum          the first 8 bytes of the SHA-256 of all that
func MarshalReplica(r Replica) []byte {
	return sealRow(appendReplica([]byte{rowVersion}, r))
}

// UnmarshalReplica reads what MarshalReplica gave. Anything else is ErrDamaged and
// says at which byte what was expected, or engine.ErrNewer.
func UnmarshalReplica(b []byte) (Replica, error) {
	c, err := openRow(b, rowVersion)
	if err != nil {
		return Replica{}, fmt.Errorf("replica: %w", err)
	}
	r := c.replica()
	if c.Err == nil && len(c.Rest()) > 0 {
		c.Fail("the checksum")
	}
	if c.Err == nil && !bytes.Equal(MarshalReplica(r), b) {
		c.Fail("the canonical form")
	}
	if c.Err != nil {
		return Replica{}, fmt.Errorf("replica: %w", c.Err)
	}
	return r, nil
}

// MarshalKeys gives the binary form of the keys of a store's rows: a version byte
// (1), engine.KeyMap.AppendBinary, and a checksum as MarshalReplica's. They are kept
// in the same transaction as the rows that made them grow.
func MarshalKeys(keys *engine.KeyMap) []byte {
	return sealRow(keys.AppendBinary([]byte{rowVersion}))
}

// UnmarshalKeys reads what MarshalKeys gave; of nothing it makes an empty map.
// Anything else is ErrDamaged or engine.ErrNewer.
func UnmarshalKeys(b []byte) (*engine.KeyMap, error) {
	if len(b) == 0 {
		return new(engine.KeyMap), nil
	}
	c, err := openRow(b, rowVersion)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	at := c.Off
	keys, n, err := engine.ParseKeyMap(c.Rest())
	if err != nil {
		c.failErr(at, err)
	} else if n < len(c.Rest()) {
		c.Off += n
		c.Fail("the checksum")
	}
	if c.Err != nil {
		return nil, fmt.Errorf("keys: %w", c.Err)
	}
	return keys, nil
}

// MarshalItem gives the canonical binary form of an item for a store that keeps
// rows and one map of keys for all of them, which may grow by it: a version byte (2),
// the length and bytes of engine.AppendRow, then the count of fields and for each, by
// name, the length and bytes of name and value, the length and bytes of the custom
// blob, and a checksum as MarshalReplica's.
func MarshalItem(it *Item, keys *engine.KeyMap) []byte {
	return marshalItem(it, keyedVersion, engine.AppendRow(nil, &it.Meta, keys))
}

func marshalItem(it *Item, version byte, meta []byte) []byte {
	b := make([]byte, 0, len(meta)+len(it.Custom)+64)
	b = appendBytes(append(b, version), meta)
	return sealRow(appendExtra(b, it))
}

// UnmarshalItem reads what MarshalItem gave, with keys that have at least what they
// had then, and rows of version 1, which hold engine.MarshalMeta in its place.
// Anything else is ErrDamaged and says at which byte what was expected, or
// engine.ErrNewer.
func UnmarshalItem(b []byte, keys *engine.KeyMap) (*Item, error) {
	c, err := openRow(b, keyedVersion)
	if err != nil {
		return nil, fmt.Errorf("item: %w", err)
	}
	it := new(Item)
	at := c.Off
	raw := c.Sized("the item's metadata")
	if c.Err == nil {
		d := new(engine.MetaDecoder)
		if b[0] == keyedVersion {
			d = engine.NewMetaDecoder(keys)
		}
		if err := d.Unmarshal(raw, &it.Meta); err != nil {
			c.failErr(at, err)
		}
	}
	c.extra(it)
	if c.Err == nil && len(c.Rest()) > 0 {
		c.Fail("the checksum")
	}
	if c.Err == nil && !bytes.Equal(marshalItem(it, b[0], raw), b) {
		c.Fail("the canonical form")
	}
	if c.Err != nil {
		return nil, fmt.Errorf("item: %w", c.Err)
	}
	return it, nil
}

func sealRow(b []byte) []byte {
	sum := sha256.Sum256(b)
	return append(b, sum[:sumSize]...)
}

// openRow checks a row's version, which is at most known, and its checksum.
func openRow(b []byte, known byte) (*cursor, error) {
	if len(b) > 0 && b[0] > known {
		return nil, fmt.Errorf("version %d: %w", b[0], engine.ErrNewer)
	}
	if len(b) < 1+sumSize || b[0] < rowVersion {
		return nil, fmt.Errorf("byte 0 of %d: expected version %d and a checksum: %w", len(b), known, ErrDamaged)
	}
	body := b[:len(b)-sumSize]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:sumSize], b[len(body):]) {
		return nil, fmt.Errorf("the checksum of its %d bytes differs: %w", len(body), ErrDamaged)
	}
	return newCursor(body, 1), nil
}

func appendReplica(b []byte, r Replica) []byte {
	b = append(b, r.ID[:]...)
	b = binary.AppendUvarint(b, r.Tick)
	b = binary.AppendUvarint(b, uint64(r.ProviderVersion))
	b = appendBytes(b, r.Knowledge.AppendBinary(nil))
	b = appendBytes(b, r.Forgotten.AppendBinary(nil))
	b = binary.AppendUvarint(b, uint64(len(r.Marks)))
	for _, id := range sorted(r.Marks) {
		b = appendMark(append(b, id[:]...), r.Marks[id])
	}
	b = binary.AppendUvarint(b, uint64(len(r.Given)))
	for _, g := range r.Given {
		b = appendMark(b, g)
	}
	b = binary.AppendUvarint(b, uint64(len(r.Shared)))
	for _, id := range sorted(r.Shared) {
		b = append(b, id[:]...)
		b = binary.AppendUvarint(b, r.Shared[id])
	}
	return appendBytes(b, r.Custom)
}

func appendMark(b []byte, m engine.Mark) []byte {
	return append(binary.AppendUvarint(b, m.Tick), m.ID[:]...)
}

func (c *cursor) mark() engine.Mark { return engine.Mark{Tick: c.Uvarint("a tick"), ID: c.fixed()} }

func sorted[V any](m map[engine.ReplicaID]V) []engine.ReplicaID {
	return slices.SortedFunc(maps.Keys(m), engine.ReplicaID.Compare)
}

func (c *cursor) replica() Replica {
	var r Replica
	at := c.Off
	copy(r.ID[:], c.Bytes(16, "a replica ID"))
	r.Tick = c.Uvarint("a tick")
	if v := c.Uvarint("a provider version"); v>>32 == 0 {
		r.ProviderVersion = uint32(v)
	} else {
		c.FailAt(at, "a provider version below 2^32")
	}
	r.Knowledge = c.knowledge()
	r.Forgotten = c.knowledge()
	if n := c.Count(33, "a count of marks"); n > 0 {
		r.Marks = make(map[engine.ReplicaID]engine.Mark, n)
		for range n {
			id := c.replicaID()
			r.Marks[id] = c.mark()
		}
	}
	if n := c.Count(17, "a count of marks given"); n > 0 {
		r.Given = make([]engine.Mark, n)
		for i := range r.Given {
			r.Given[i] = c.mark()
		}
	}
	if n := c.Count(17, "a count of replicas"); n > 0 {
		r.Shared = make(map[engine.ReplicaID]uint64, n)
		for range n {
			id := c.replicaID()
			r.Shared[id] = c.Uvarint("a tick")
		}
	}
	r.Custom = bytes.Clone(c.Sized("the custom blob"))
	if c.Err != nil {
		return Replica{}
	}
	checked, err := Replica{}.Check(r)
	if err != nil {
		c.failErr(at, err)
	}
	return checked
}

// fixed reads 16 bytes.
func (c *cursor) fixed() (b [16]byte) {
	copy(b[:], c.Bytes(16, "16 bytes"))
	return b
}

func (c *cursor) replicaID() engine.ReplicaID { return c.fixed() }

func (c *cursor) knowledge() engine.Knowledge {
	at := c.Off
	raw := c.Sized("a knowledge")
	if c.Err != nil {
		return engine.Knowledge{}
	}
	k, err := engine.ParseKnowledge(raw)
	if err != nil {
		c.failErr(at, err)
	}
	return k
}

// appendExtra appends an item's fields and custom blob.
func appendExtra(b []byte, it *Item) []byte {
	b = binary.AppendUvarint(b, uint64(len(it.Fields)))
	for _, name := range slices.Sorted(maps.Keys(it.Fields)) {
		b = appendBytes(b, []byte(name))
		b = appendBytes(b, []byte(it.Fields[name]))
	}
	return appendBytes(b, it.Custom)
}

func (c *cursor) extra(it *Item) {
	n := c.Count(2, "a count of fields")
	last := ""
	for i := range n {
		at := c.Off
		name := string(c.Sized("a field's name"))
		value := string(c.Sized("a field's value"))
		if c.Err == nil && name <= last {
			c.FailAt(at, "a greater name of a field")
		}
		if c.Err != nil {
			return
		}
		if i == 0 {
			it.Fields = make(map[string]string, n)
		}
		it.Fields[name] = value
		last = name
	}
	if b := c.Sized("the custom blob"); len(b) > 0 {
		it.Custom = bytes.Clone(b)
	}
}

func appendBytes(b, data []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(data))), data...)
}
