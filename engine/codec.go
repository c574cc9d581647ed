package engine

import "cradle/engine/wire"

// cursor is a wire.Cursor that reads the engine's own forms.
type cursor struct{ wire.Cursor }

func newCursor(b []byte) *cursor { return &cursor{wire.Cursor{Buf: b}} }
