package devprovider

import (
	"encoding/binary"
	"fmt"

	"cradle/engine"
)

// cursor reads a bounded slice and keeps its first error; after it every read
// gives zero.
type cursor struct {
	buf []byte
	off int
	at  int // where buf begins, for errors
	err error
}

func (c *cursor) fail(expected string) {
	if c.err == nil {
		c.err = fmt.Errorf("byte %d: expected %s", c.at+c.off, expected)
	}
}

func (c *cursor) bytes(n int, expected string) []byte {
	if c.err != nil {
		return nil
	}
	if n > len(c.buf)-c.off {
		c.fail(expected)
		return nil
	}
	b := c.buf[c.off : c.off+n : c.off+n]
	c.off += n
	return b
}

func (c *cursor) byte(expected string) byte {
	if b := c.bytes(1, expected); b != nil {
		return b[0]
	}
	return 0
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

func (c *cursor) varint(expected string) int64 {
	if c.err != nil {
		return 0
	}
	v, n := binary.Varint(c.buf[c.off:])
	if n <= 0 {
		c.fail(expected)
		return 0
	}
	c.off += n
	return v
}

// count reads a count of things that take at least size bytes each.
func (c *cursor) count(size int, expected string) int {
	n := c.uvarint(expected)
	if c.err == nil && n > uint64((len(c.buf)-c.off)/size) {
		c.fail(expected + " that the bytes left can hold")
		return 0
	}
	return int(n)
}

func (c *cursor) string(expected string) string {
	return string(c.bytes(c.count(1, expected), expected))
}

func (c *cursor) strings(expected string) []string {
	n := c.count(1, "a count of "+expected)
	list := make([]string, 0, n)
	for ; n > 0 && c.err == nil; n-- {
		list = append(list, c.string(expected))
	}
	return list
}

// pick reads a number into list.
func (c *cursor) pick(list []string, expected string) string {
	i := c.uvarint(expected)
	if c.err != nil {
		return ""
	}
	if i >= uint64(len(list)) {
		c.fail(expected + " that is in the table")
		return ""
	}
	return list[i]
}

func (c *cursor) knowledge() engine.Knowledge {
	at := c.off
	blob := c.bytes(c.count(1, "the length of a knowledge"), "a knowledge")
	if c.err != nil {
		return engine.Knowledge{}
	}
	k, err := engine.ParseKnowledge(blob)
	if err != nil {
		c.err = fmt.Errorf("byte %d: %w", c.at+at, err)
	}
	return k
}
