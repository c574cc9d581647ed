package metastore

import (
	"encoding/binary"
	"errors"
	"fmt"

	"cradle/engine"
)

// cursor reads a bounded slice and keeps its first error, which is ErrDamaged or
// engine.ErrNewer; after one every read gives zero.
type cursor struct {
	buf []byte
	off int
	err error
}

func (c *cursor) rest() []byte { return c.buf[c.off:] }

func (c *cursor) fail(expected string) { c.failAt(c.off, expected) }

func (c *cursor) failAt(off int, expected string) {
	if c.err == nil {
		c.err = fmt.Errorf("byte %d of %d: expected %s: %w", off, len(c.buf), expected, ErrDamaged)
	}
}

// failErr keeps what a decoder said of the part that begins at off.
func (c *cursor) failErr(off int, err error) {
	if c.err != nil {
		return
	}
	if errors.Is(err, engine.ErrNewer) {
		c.err = fmt.Errorf("from byte %d of %d: %w", off, len(c.buf), err)
		return
	}
	c.err = fmt.Errorf("from byte %d of %d: %w: %w", off, len(c.buf), err, ErrDamaged)
}

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

func (c *cursor) uvarint(expected string) uint64 {
	if c.err != nil {
		return 0
	}
	v, n := binary.Uvarint(c.buf[c.off:])
	if n <= 0 {
		c.fail(expected)
		return 0
	}
	c.off += n
	return v
}

// count reads the number of things to come, each of at least size bytes.
func (c *cursor) count(size int, expected string) int {
	at := c.off
	n := c.uvarint("a count")
	if c.err == nil && n > uint64((len(c.buf)-c.off)/size) {
		c.failAt(at, expected+" that the bytes left can hold")
		return 0
	}
	return int(n)
}

// sized reads a length and that many bytes, as a view.
func (c *cursor) sized(what string) []byte {
	return c.bytes(c.count(1, "a length of "+what), what)
}
