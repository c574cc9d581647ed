package metastore

import (
	"errors"
	"fmt"

	"cradle/engine"
	"cradle/engine/wire"
)

// cursor is a wire.Cursor whose errors are ErrDamaged or engine.ErrNewer. That numbers
// have their shortest form is known once all is written again.
type cursor struct{ wire.Cursor }

// newCursor reads b from an offset on.
func newCursor(b []byte, off int) *cursor {
	return &cursor{wire.Cursor{Buf: b, Off: off, Kind: ErrDamaged, AnyLength: true}}
}

// failErr keeps what a decoder said of the part that begins at off.
func (c *cursor) failErr(off int, err error) {
	switch {
	case c.Err != nil:
	case errors.Is(err, engine.ErrNewer):
		c.Err = fmt.Errorf("from byte %d of %d: %w", off, len(c.Buf), err)
	default:
		c.Err = fmt.Errorf("from byte %d of %d: %w: %w", off, len(c.Buf), err, ErrDamaged)
	}
}
