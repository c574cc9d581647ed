package mtp

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrMalformed is wrapped by every error about a dataset or container that
// can't be decoded. The session is fine: the transaction itself has ended.
var ErrMalformed = errors.New("malformed dataset")

// cursor reads little-endian fields from a bounded slice and keeps its first
// error; after that it returns zero values.
type cursor struct {
	b    []byte
	off  int
	what string // the dataset, for errors
	err  error
	// narrow has lengths in forms of 16 bits, as some devices write them.
	narrow bool
}

func newCursor(what string, p []byte) *cursor { return &cursor{b: p, what: what} }

func (c *cursor) left() int { return len(c.b) - c.off }

func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%s: offset %d: %s: %w", c.what, c.off, fmt.Sprintf(format, args...), ErrMalformed)
	}
}

// bytes returns the next n bytes without copying them, or nil.
func (c *cursor) bytes(n int) []byte {
	if c.err != nil {
		return nil
	}
	if n < 0 || n > c.left() {
		c.fail("%d bytes expected, %d left", n, c.left())
		return nil
	}
	p := c.b[c.off : c.off+n]
	c.off += n
	return p
}

func (c *cursor) uint8() uint8 {
	if p := c.bytes(1); p != nil {
		return p[0]
	}
	return 0
}

func (c *cursor) uint16() uint16 {
	if p := c.bytes(2); p != nil {
		return binary.LittleEndian.Uint16(p)
	}
	return 0
}

func (c *cursor) uint32() uint32 {
	if p := c.bytes(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

func (c *cursor) uint64() uint64 {
	if p := c.bytes(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

// count reads a UINT32 count of elements that take at least min bytes each,
// and fails if they can't fit in the bytes left.
func (c *cursor) count(min int) int {
	n := c.uint32()
	if c.err == nil && uint64(n)*uint64(min) > uint64(c.left()) {
		c.fail("count %d of elements of %d bytes or more, %d bytes left", n, min, c.left())
		return 0
	}
	return int(n)
}

// codes reads an AUINT16.
func codes[C ~uint16](c *cursor) []C {
	n := c.count(2)
	if n == 0 {
		return nil
	}
	out := make([]C, n)
	for i := range out {
		out[i] = C(c.uint16())
	}
	return out
}

// ids reads an AUINT32.
func ids[C ~uint32](c *cursor) []C {
	n := c.count(4)
	if n == 0 {
		return nil
	}
	out := make([]C, n)
	for i := range out {
		out[i] = C(c.uint32())
	}
	return out
}

func appendCodes[C ~uint16](b []byte, codes []C) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(codes)))
	for _, v := range codes {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func appendIDs[C ~uint32](b []byte, ids []C) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(ids)))
	for _, v := range ids {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return b
}

// AppendHandles appends an AUINT32 of handles, the dataset of GetObjectHandles
// and GetObjectReferences.
func AppendHandles(b []byte, handles []ObjectHandle) []byte { return appendIDs(b, handles) }

// DecodeHandles decodes an AUINT32 of handles.
func DecodeHandles(p []byte) ([]ObjectHandle, error) {
	c := newCursor("object handles", p)
	h := ids[ObjectHandle](c)
	return h, c.err
}

// AppendStorageIDs appends an AUINT32 of storages, the dataset of GetStorageIDs.
func AppendStorageIDs(b []byte, storages []StorageID) []byte { return appendIDs(b, storages) }

// DecodeStorageIDs decodes an AUINT32 of storages.
func DecodeStorageIDs(p []byte) ([]StorageID, error) {
	c := newCursor("storage ids", p)
	s := ids[StorageID](c)
	return s, c.err
}

// AppendPropCodes appends an AUINT16 of object properties, the dataset of
// GetObjectPropsSupported.
func AppendPropCodes(b []byte, props []PropCode) []byte { return appendCodes(b, props) }

// DecodePropCodes decodes an AUINT16 of object properties.
func DecodePropCodes(p []byte) ([]PropCode, error) {
	c := newCursor("object properties", p)
	s := codes[PropCode](c)
	return s, c.err
}
