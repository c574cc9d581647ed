package engine

import (
	"encoding/binary"
	"fmt"
)

// cursor reads a bounded slice and keeps its first error; after one every read
// gives zero, so loops end.
type cursor struct {
	buf []byte
	off int
	err error
}

func (c *cursor) rest() []byte { return c.buf[c.off:] }

func (c *cursor) fail(expected string) { c.failAt(c.off, expected) }

func (c *cursor) failAt(off int, expected string) {
	if c.err == nil {
		c.err = fmt.Errorf("byte %d of %d: expected %s", off, len(c.buf), expected)
	}
}

// failForm: what was read at off says something, but not as it is written.
func (c *cursor) failForm(off int, found string) {
	if c.err == nil {
		c.err = fmt.Errorf("byte %d of %d: %s: %w", off, len(c.buf), found, ErrNormalForm)
	}
}

// bytes gives a view of the next n bytes.
func (c *cursor) bytes(n int, expected string) []byte {
	if c.err != nil {
		return nil
	}
	if n < 0 || n > len(c.buf)-c.off {
		c.fail(expected)
		return nil
	}
	b := c.buf[c.off : c.off+n : c.off+n]
	c.off += n
	return b
}

func (c *cursor) byte(expected string) byte {
	if c.err != nil || c.off == len(c.buf) {
		c.fail(expected)
		return 0
	}
	c.off++
	return c.buf[c.off-1]
}

func (c *cursor) uvarint(expected string) uint64 {
	if c.err != nil {
		return 0
	}
	if c.off < len(c.buf) && c.buf[c.off] < 0x80 {
		c.off++
		return uint64(c.buf[c.off-1])
	}
	v, n := binary.Uvarint(c.buf[c.off:])
	if n <= 0 {
		c.fail(expected)
		return 0
	}
	if c.buf[c.off+n-1] == 0 {
		c.failForm(c.off, "a number longer than it need be")
		return 0
	}
	c.off += n
	return v
}

// varint reads a zigzag (signed) number.
func (c *cursor) varint(expected string) int64 {
	u := c.uvarint(expected)
	return int64(u>>1) ^ -int64(u&1)
}

// count reads the number of things to come, each of which takes at least size
// bytes: a greater number than the bytes left can hold is an error, so that it
// can be allocated.
func (c *cursor) count(size int, expected string) int {
	at := c.off
	n := c.uvarint(expected)
	if n > uint64((len(c.buf)-c.off)/size) {
		c.failAt(at, expected+" that the bytes left can hold")
		return 0
	}
	return int(n)
}
