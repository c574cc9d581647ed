package cmd

import (
	"context"
	"io"
)

// interruptible is a Writer that gives up when ctx ends, though a write to w may then still stand
// still: w is standard output, and the program that should read it may never do so.
type interruptible struct {
	ctx  context.Context
	w    io.Writer
	todo chan []byte
	done chan written
	buf  []byte // what is being written, for p is the caller's again when Write returns
}

type written struct {
	n   int
	err error
}

func newInterruptible(ctx context.Context, w io.Writer) *interruptible {
	return &interruptible{ctx: ctx, w: w, todo: make(chan []byte), done: make(chan written, 1)}
}

func (i *interruptible) Write(p []byte) (int, error) {
	if i.ctx.Err() != nil {
		return 0, context.Cause(i.ctx)
	}
	if i.buf == nil {
		go func() {
			for p := range i.todo {
				n, err := i.w.Write(p)
				i.done <- written{n, err}
			}
		}()
	}
	i.buf = append(i.buf[:0], p...)
	i.todo <- i.buf // it waits for this: what was given before is done
	select {
	case r := <-i.done:
		return r.n, r.err
	case <-i.ctx.Done():
		return 0, context.Cause(i.ctx)
	}
}

// close ends the goroutine as soon as it can.
func (i *interruptible) close() { close(i.todo) }
