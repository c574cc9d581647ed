package mtp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// ErrWriterStuck says that a call has given up on the caller's Writer, whose Write hadn't returned some
// time after the call's context had ended. That Write is still under way, and it is the last one: until it
// returns, what it uses isn't the caller's.
var ErrWriterStuck = errors.New("the writer doesn't return")

// gaveUp is the error for it.
func (x *txn) gaveUp() error { return fmt.Errorf("%w: %w", context.Cause(x.caller), ErrWriterStuck) }

// impatient is closed when a Writer isn't waited for any more; nil: it always is.
func (x *txn) impatient(in io.Writer) <-chan struct{} {
	c, callers := in.(*counter)
	if !callers || x.clock == nil || x.caller.Done() == nil {
		return nil
	}
	if _, memory := c.w.(*bytes.Buffer); memory || c.w == io.Discard {
		return nil
	}
	return x.clock.impatient
}

// writing is a goroutine that calls the caller's Writer: one that doesn't return then holds up
// nobody for ever.
type writing struct {
	todo     chan []byte
	done     chan error
	ended    chan struct{}
	panicked any // what the Writer panicked with; after ended
}

func newWriting(in io.Writer) *writing {
	w := &writing{todo: make(chan []byte), done: make(chan error, 1), ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		whole := false
		defer func() {
			if v := recover(); !whole {
				w.panicked = v
			}
		}()
		for p := range w.todo {
			_, err := in.Write(p)
			w.done <- err
		}
		whole = true
	}()
	return w
}

// writeTo has p, a part of s.buf, written, and waits for that as long as the caller is there, and a bit longer.
func (s *Session) writeTo(x *txn, in io.Writer, p []byte) error {
	impatient := x.impatient(in)
	if impatient == nil {
		_, err := in.Write(p)
		return err
	}
	if x.writing == nil {
		x.writing = newWriting(in)
	}
	w := x.writing
	w.todo <- p // it waits for this: what was given before is done
	select {
	case err := <-w.done:
		return err
	case <-w.ended:
		x.writing = nil
		if w.panicked != nil {
			panic(w.panicked)
		}
		return errEnded
	case <-impatient:
	}
	select {
	case err := <-w.done:
		return err
	default:
	}
	close(w.todo)
	x.writing = nil
	s.buf = make([]byte, transferSize) // the old one is the Write's
	return x.gaveUp()
}

// endWriting ends the goroutine.
func (s *Session) endWriting(x *txn) {
	if w := x.writing; w != nil {
		x.writing = nil
		close(w.todo)
		<-w.ended
	}
}
