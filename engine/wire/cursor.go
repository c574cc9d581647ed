// Package wire reads the binary forms of sync metadata: those of the engine, of its
// metadata stores, and of the state on a phone. What was read before may have been
// truncated, bit-flipped or forged, so every read is bounded by the bytes that are there,
// and every count by what they can hold.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrNormalForm: what was read says something, but not in the one way in which it is
// written.
var ErrNormalForm = errors.New("not in normal form")

// Cursor reads a bounded slice and keeps its first error; after one every read gives
// zero, so that loops end. The zero value reads nothing.
type Cursor struct {
	Buf []byte
	Off int   // of the next byte, 0 to len(Buf)
	Err error // the first
	// Base is where Buf begins in what errors speak of; with Part, which is longer than
	// Buf, they don't say how long that is.
	Base int
	Part bool
	// Kind, if there is one, is wrapped by every error about what was expected.
	Kind error
	// AnyLength accepts numbers that are longer than they need be.
	AnyLength bool
}

// Rest is a view of the bytes that are left.
func (c *Cursor) Rest() []byte { return c.Buf[c.Off:] }

// Fail says what was expected at the next byte.
func (c *Cursor) Fail(expected string) { c.FailAt(c.Off, expected) }

// FailAt says what was expected at an offset.
func (c *Cursor) FailAt(off int, expected string) {
	switch {
	case c.Err != nil:
	case c.Kind != nil:
		c.Err = fmt.Errorf("%s: expected %s: %w", c.place(off), expected, c.Kind)
	default:
		c.Err = fmt.Errorf("%s: expected %s", c.place(off), expected)
	}
}

// FailForm says that what was found at an offset isn't in normal form.
func (c *Cursor) FailForm(off int, found string) {
	if c.Err == nil {
		c.Err = fmt.Errorf("%s: %s: %w", c.place(off), found, ErrNormalForm)
	}
}

func (c *Cursor) place(off int) string {
	if c.Part {
		return fmt.Sprintf("byte %d", c.Base+off)
	}
	return fmt.Sprintf("byte %d of %d", c.Base+off, c.Base+len(c.Buf))
}

// Bytes gives a view of the next n bytes.
func (c *Cursor) Bytes(n int, expected string) []byte {
	if c.Err != nil {
		return nil
	}
	if n < 0 || n > len(c.Buf)-c.Off {
		c.Fail(expected)
		return nil
	}
	b := c.Buf[c.Off : c.Off+n : c.Off+n]
	c.Off += n
	return b
}

// Byte reads one byte.
func (c *Cursor) Byte(expected string) byte {
	if c.Err != nil || c.Off == len(c.Buf) {
		c.Fail(expected)
		return 0
	}
	c.Off++
	return c.Buf[c.Off-1]
}

// Uvarint reads an unsigned LEB128 number of at most 64 bits.
func (c *Cursor) Uvarint(expected string) uint64 {
	if c.Err != nil {
		return 0
	}
	if c.Off < len(c.Buf) && c.Buf[c.Off] < 0x80 {
		c.Off++
		return uint64(c.Buf[c.Off-1])
	}
	v, n := binary.Uvarint(c.Buf[c.Off:])
	if n <= 0 {
		c.Fail(expected)
		return 0
	}
	if c.Buf[c.Off+n-1] == 0 && !c.AnyLength {
		c.FailForm(c.Off, "a number longer than it need be")
		return 0
	}
	c.Off += n
	return v
}

// Varint reads a zigzag (signed) number.
func (c *Cursor) Varint(expected string) int64 {
	u := c.Uvarint(expected)
	return int64(u>>1) ^ -int64(u&1)
}

// Count reads the number of things to come, each of which takes at least size bytes, 1
// or more: a greater number than the bytes left can hold is an error, so that what it
// says can be allocated.
func (c *Cursor) Count(size int, expected string) int {
	at := c.Off
	n := c.Uvarint(expected)
	if n > uint64((len(c.Buf)-c.Off)/size) {
		c.FailAt(at, expected+" that the bytes left can hold")
		return 0
	}
	return int(n)
}

// Sized reads a length and that many bytes, as a view.
func (c *Cursor) Sized(what string) []byte { return c.Bytes(c.Count(1, "a length of "+what), what) }
