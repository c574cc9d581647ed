package mtp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

var (
	// ErrWriterStuck says that a call has given up on the caller's Writer, whose Write hadn't returned some
	// time after the call's context had ended. That Write is still under way, and it is the last one: until it
	// returns, what it uses isn't the caller's.
	ErrWriterStuck = errors.New("the writer doesn't return")
	// ErrReaderStuck is the same for a Reader.
	ErrReaderStuck = errors.New("the reader doesn't return")
)

// gaveUp is the error for one of them.
func (x *txn) gaveUp(stuck error) error { return fmt.Errorf("%w: %w", context.Cause(x.caller), stuck) }

// writerPatience is closed when a Writer isn't waited for any more; nil: it always is.
func (x *txn) writerPatience(in io.Writer) <-chan struct{} {
	c, callers := in.(*counter)
	if !callers || c.w == io.Discard {
		return nil
	}
	if _, memory := c.w.(*bytes.Buffer); memory {
		return nil
	}
	return x.patience()
}

// readerPatience is the same for what a body comes from.
func (x *txn) readerPatience(out io.Reader) <-chan struct{} {
	switch out.(type) {
	case nil, *bytes.Reader, *bytes.Buffer, *strings.Reader:
		return nil
	}
	return x.patience()
}

func (x *txn) patience() <-chan struct{} {
	if x.clock == nil || x.caller.Done() == nil {
		return nil
	}
	return x.clock.impatient
}

// helper is a goroutine that calls the caller's Reader or Writer: one that doesn't return then holds up
// nobody for ever.
type helper struct {
	todo     chan []byte
	done     chan error
	ended    chan struct{}
	panicked any // what the call panicked with; after ended
}

func newHelper(call func(p []byte) error) *helper {
	h := &helper{todo: make(chan []byte), done: make(chan error, 1), ended: make(chan struct{})}
	go func() {
		defer close(h.ended)
		whole := false
		defer func() {
			if v := recover(); !whole {
				h.panicked = v
			}
		}()
		for p := range h.todo {
			h.done <- call(p)
		}
		whole = true
	}()
	return h
}

// errStuck says that a call was left alone.
var errStuck = errors.New("left alone")

// help makes call with p, which is s.buf or a part of it, in the transaction's helper, and waits for that as long as
// the caller is there, and a bit longer; then the buffer is the call's.
func (s *Session) help(x *txn, impatient <-chan struct{}, call func(p []byte) error, p []byte) error {
	if x.helper == nil {
		x.helper = newHelper(call)
	}
	h := x.helper
	h.todo <- p // it waits for this: what was given before is done
	select {
	case err := <-h.done:
		return err
	case <-h.ended:
		x.helper = nil
		if h.panicked != nil {
			panic(h.panicked)
		}
		return errEnded
	case <-impatient:
	}
	select {
	case err := <-h.done:
		return err
	default:
	}
	close(h.todo)
	x.helper = nil
	s.buf = make([]byte, transferSize)
	return errStuck
}

// endHelp ends the goroutine.
func (x *txn) endHelp() {
	if h := x.helper; h != nil {
		x.helper = nil
		close(h.todo)
		<-h.ended
	}
}

// writeTo has p, a part of s.buf, written.
func (s *Session) writeTo(x *txn, in io.Writer, p []byte) error {
	call := func(p []byte) error { _, err := in.Write(p); return err }
	impatient := x.writerPatience(in)
	if impatient == nil {
		return call(p)
	}
	err := s.help(x, impatient, call, p)
	if err == errStuck { //nolint:errorlint // that very value
		err = x.gaveUp(ErrWriterStuck)
	}
	return err
}

// readNext has c's next part read into s.buf.
func (s *Session) readNext(x *txn, c *cutter) part {
	impatient := x.readerPatience(c.out.r)
	if impatient == nil {
		return c.next(s.buf)
	}
	if x.part == nil {
		x.part = new(part)
	}
	into := x.part // it may come to be written when x is gone
	switch err := s.help(x, impatient, func(p []byte) error { *into = c.next(p); return nil }, s.buf); {
	case err == errStuck: //nolint:errorlint // that very value
		return part{err: x.gaveUp(ErrReaderStuck)}
	case err != nil:
		return part{err: fmt.Errorf("%w: %w", errSource, err)}
	}
	return *into
}
