package devprovider

import (
	"fmt"

	"cradle/engine"
	"cradle/engine/wire"
)

// cursor is a wire.Cursor over a section of the state, which begins at byte base of it.
type cursor struct{ wire.Cursor }

func newCursor(section []byte, base int) *cursor {
	return &cursor{wire.Cursor{Buf: section, Base: base, Part: true, AnyLength: true}}
}

func (c *cursor) string(expected string) string {
	return string(c.Bytes(c.Count(1, expected), expected))
}

func (c *cursor) strings(expected string) []string {
	n := c.Count(1, "a count of "+expected)
	list := make([]string, 0, n)
	for ; n > 0 && c.Err == nil; n-- {
		list = append(list, c.string(expected))
	}
	return list
}

// pick reads a number into list.
func (c *cursor) pick(list []string, expected string) string {
	i := c.Uvarint(expected)
	if c.Err != nil {
		return ""
	}
	if i >= uint64(len(list)) {
		c.Fail(expected + " that is in the table")
		return ""
	}
	return list[i]
}

func (c *cursor) knowledge() engine.Knowledge {
	at := c.Off
	blob := c.Bytes(c.Count(1, "the length of a knowledge"), "a knowledge")
	if c.Err != nil {
		return engine.Knowledge{}
	}
	k, err := engine.ParseKnowledge(blob)
	if err != nil {
		c.Err = fmt.Errorf("byte %d: %w", c.Base+at, err)
	}
	return k
}
