package metastore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"cradle/engine"
)

// Content is all that a store holds: the replica, and the items in ID order.
type Content struct {
	Replica Replica
	Items   []*Item
}

// The beginning of the canonical form.
const (
	blobMagic   = "CRDLMETA"
	blobVersion = 1
	blobSum     = 16
)

// The parts of the canonical form, in order.
var blobParts = [...]string{"replica", "keys", "items"}

// Encode gives the canonical form, which Blob keeps and Export writes: equal
// contents have equal bytes. Numbers are unsigned LEB128:
//
//	magic     8 bytes "CRDLMETA"
//	version   1 byte, 1
//	three parts, each: its length, its bytes, and 16 bytes checksum, the first of
//	the SHA-256 of everything before it, from the magic on
//
//	replica   as in MarshalReplica, without version and checksum
//	keys      engine.KeyMap of the items
//	items     count, then each in ID order: engine.AppendMeta, then fields and
//	          custom blob as in MarshalItem
func Encode(c *Content) []byte {
	var keys engine.KeyMap
	items := binary.AppendUvarint(nil, uint64(len(c.Items)))
	for _, it := range c.Items {
		items = engine.AppendMeta(items, &it.Meta, &keys)
		items = appendExtra(items, it)
	}
	parts := [len(blobParts)][]byte{appendReplica(nil, c.Replica), keys.AppendBinary(nil), items}
	size := len(blobMagic) + 1
	for _, p := range parts {
		size += len(p) + binary.MaxVarintLen64 + blobSum
	}
	b := make([]byte, 0, size)
	b = append(append(b, blobMagic...), blobVersion)
	sum, done := sha256.New(), 0
	for _, p := range parts {
		b = appendBytes(b, p)
		sum.Write(b[done:])
		b = sum.Sum(b)[:len(b)+blobSum]
		sum.Write(b[len(b)-blobSum:])
		done = len(b)
	}
	return b
}

// Decode reads what Encode gave, which must fill b. Anything else is ErrDamaged
// and says which part and at which byte what was expected, or engine.ErrNewer.
// Nothing of b is kept; the memory taken is proportional to its length.
func Decode(b []byte) (*Content, error) {
	out, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("metadata of %d bytes: %w", len(b), err)
	}
	return out, nil
}

func decode(b []byte) (*Content, error) {
	c := newCursor(b, 0)
	if m := c.Bytes(len(blobMagic), "the mark "+blobMagic); c.Err == nil && string(m) != blobMagic {
		c.FailAt(0, "the mark "+blobMagic)
	}
	if v := c.Bytes(1, "a version"); c.Err == nil && v[0] != blobVersion {
		if v[0] > blobVersion {
			return nil, fmt.Errorf("version %d, this program knows %d: %w", v[0], blobVersion, engine.ErrNewer)
		}
		c.FailAt(len(blobMagic), "version 1")
	}
	var parts [len(blobParts)]*cursor
	sum, done := sha256.New(), 0
	for i, name := range blobParts {
		part := c.Sized("the part " + name)
		sum.Write(b[done:c.Off])
		have := c.Bytes(blobSum, "the checksum of the part "+name)
		if c.Err != nil {
			return nil, c.Err
		}
		if want := sum.Sum(nil); !bytes.Equal(have, want[:blobSum]) {
			return nil, fmt.Errorf("bytes %d to %d (%s): the checksum differs: %w", done, c.Off, name, ErrDamaged)
		}
		sum.Write(have)
		done = c.Off
		// Offsets in errors count from the beginning of the whole.
		end := c.Off - blobSum
		parts[i] = newCursor(b[:end:end], end-len(part))
	}
	if len(c.Rest()) > 0 {
		c.Fail("the end of the metadata")
		return nil, c.Err
	}
	out := &Content{Replica: parts[0].replica()}
	if parts[0].Err == nil && len(parts[0].Rest()) > 0 {
		parts[0].Fail("the end of the part replica")
	}
	if parts[0].Err != nil {
		return nil, parts[0].Err
	}
	keys, n, err := engine.ParseKeyMap(parts[1].Rest())
	if err != nil {
		parts[1].failErr(parts[1].Off, err)
	} else if n != len(parts[1].Rest()) {
		parts[1].Fail("the end of the part keys")
	}
	if parts[1].Err != nil {
		return nil, parts[1].Err
	}
	if err := parts[2].items(out, keys); err != nil {
		return nil, err
	}
	if !bytes.Equal(Encode(out), b) {
		return nil, fmt.Errorf("it isn't in the canonical form: %w", ErrDamaged)
	}
	return out, nil
}

// items reads the part items into out.
func (c *cursor) items(out *Content, keys *engine.KeyMap) error {
	d := engine.NewMetaDecoder(keys)
	n := c.Count(minItem, "a count of items")
	out.Items = make([]*Item, 0, n)
	for i := range n {
		at := c.Off
		it := new(Item)
		used, err := d.Decode(c.Rest(), &it.Meta)
		if err != nil {
			c.failErr(at, err)
			return c.Err
		}
		c.Off += used
		c.extra(it)
		if c.Err != nil {
			return c.Err
		}
		if i > 0 && it.Meta.ID.Compare(out.Items[i-1].Meta.ID) <= 0 {
			c.FailAt(at, "a greater item ID")
			return c.Err
		}
		checked, err := out.Replica.CheckItem(it)
		if err != nil {
			c.failErr(at, err)
			return c.Err
		}
		out.Items = append(out.Items, checked)
	}
	if len(c.Rest()) > 0 {
		c.Fail("the end of the part items")
	}
	return c.Err
}

// minItem is the least that an item takes: ID, flags, a stamp of three bytes, and
// the counts of units, of fields and of the blob's bytes.
const minItem = 16 + 1 + 3 + 3

// Export gives the canonical form of a store's content (Encode), for another
// store or another version of the program.
func Export(ctx context.Context, s Store) ([]byte, error) {
	var c Content
	err := s.View(ctx, func(r Reader) error {
		var err error
		if c.Replica, err = r.Replica(); err != nil {
			return err
		}
		return All(r, func(it *Item) error {
			c.Items = append(c.Items, it)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return Encode(&c), nil
}

// Import makes what Export gave the content of the store, in one transaction; what
// it held before is gone. The replica ID comes along: the store that was exported
// may not go on writing under it. ErrRefused when this store is the same replica
// and has given later ticks.
func Import(ctx context.Context, s Store, b []byte) error {
	c, err := Decode(b)
	if err != nil {
		return err
	}
	return s.Update(ctx, func(tx Tx) error { return c.store(tx) })
}

func (c *Content) store(tx Tx) error {
	if err := tx.Clear(); err != nil {
		return err
	}
	if err := tx.SetReplica(c.Replica); err != nil {
		return err
	}
	for _, it := range c.Items {
		if err := tx.Put(it); err != nil {
			return err
		}
	}
	return nil
}
