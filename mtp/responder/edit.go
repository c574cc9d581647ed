package responder

import (
	"fmt"

	"cradle/mtp"
)

// Android's edit operations change an object in place, between BeginEditObject
// and EndEditObject.

func (r *Responder) editor(c *call) (Editor, error) {
	e := r.edits[mtp.ObjectHandle(c.param(0))]
	if e == nil {
		return nil, fmt.Errorf("object %d isn't being edited: %w", c.param(0), mtp.GeneralError)
	}
	return e, nil
}

func (r *Responder) beginEditObject(c *call) error {
	h := mtp.ObjectHandle(c.param(0))
	if r.edits[h] != nil {
		return fmt.Errorf("object %d is being edited: %w", h, mtp.GeneralError)
	}
	e, err := r.backend.Edit(h)
	if err != nil {
		return err
	}
	r.edits[h] = e
	return nil
}

func (r *Responder) endEditObject(c *call) error {
	e, err := r.editor(c)
	if err != nil {
		return err
	}
	delete(r.edits, mtp.ObjectHandle(c.param(0)))
	return e.Close()
}

func (r *Responder) truncateObject(c *call) error {
	e, err := r.editor(c)
	if err != nil {
		return err
	}
	size := uint64Of(c.param(1), c.param(2))
	if size > 1<<62 {
		return mtp.InvalidParameter
	}
	return e.Truncate(int64(size))
}

// sendPartialObject has the parameters (Handle, Offset low, Offset high,
// Length).
func (r *Responder) sendPartialObject(c *call) (writer, error) {
	e, err := r.editor(c)
	if err != nil {
		return nil, err
	}
	offset := uint64Of(c.param(1), c.param(2))
	if offset > 1<<62 {
		return nil, mtp.InvalidParameter
	}
	return &partWriter{call: c, editor: e, at: int64(offset), left: int64(c.param(3))}, nil
}

// partWriter writes in place; what was written stays whatever comes.
type partWriter struct {
	call     *call
	editor   Editor
	at, left int64
	written  uint32
}

func (w *partWriter) write(p []byte) error {
	if int64(len(p)) > w.left {
		return fmt.Errorf("more bytes than announced: %w", mtp.GeneralError)
	}
	n, err := w.editor.WriteAt(p, w.at)
	w.at += int64(n)
	w.left -= int64(n)
	w.written += uint32(n)
	return err
}

func (w *partWriter) commit() error {
	w.call.result(w.written)
	return nil
}
func (*partWriter) abort() {}
func (*partWriter) pull()  {}
