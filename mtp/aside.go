package mtp

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// In a large data phase whose Reader or Writer is slow (a disk, a pipe), that gets a goroutine, so
// that it and the wire needn't wait for each other. A quick one needs none: the goroutine costs
// more than it brings then.
const (
	asideSize = 2 * transferSize // that it reads or writes at a time
	// asideBuffers: one that is being filled, one that is being emptied. More are slower: they
	// leave the cache.
	asideBuffers = 2
)

// callerIsSlow reports whether the caller's Reader or Writer takes a good part of the time.
func (x *txn) callerIsSlow() bool {
	return x.bytesIn+x.bytesOut >= asideSize && x.callers > time.Since(x.start)/8
}

// errEnded says that the caller's Reader or Writer has ended the goroutine that it was given.
var errEnded = errors.New("its goroutine has ended")

// spareBuffers are those of the goroutine, of which there is one at a time. One that has not ended
// as it should has kept some.
func (s *Session) spareBuffers() chan []byte {
	if len(s.spare) < asideBuffers {
		s.spare = make(chan []byte, asideBuffers)
		for range asideBuffers {
			s.spare <- make([]byte, asideSize)
		}
	}
	return s.spare
}

// aside hands what comes to a Writer, in order.
type aside struct {
	full     chan []byte
	free     chan []byte
	failed   chan struct{} // closed when the Writer has failed
	done     chan struct{}
	err      error // of the Writer; after failed or done
	panicked any   // what the Writer panicked with; after done

	impatient <-chan struct{} // closed: the Writer isn't waited for any more
	left      atomic.Bool     // and gets nothing more

	buf  []byte // that is being filled
	fill int
}

func (s *Session) newAside(x *txn, w io.Writer) *aside {
	a := &aside{impatient: x.writerPatience(w), full: make(chan []byte, asideBuffers), free: s.spareBuffers(), failed: make(chan struct{}), done: make(chan struct{})}
	a.buf = <-a.free
	go func() {
		defer close(a.done)
		whole := false
		defer func() {
			if a.panicked = recover(); !whole {
				a.err = errEnded
				close(a.failed)
			}
		}()
		for p := range a.full {
			if a.err == nil && len(p) > 0 && !a.left.Load() {
				if _, err := w.Write(p); err != nil {
					a.err = err
					close(a.failed)
				}
			}
			a.free <- p[:cap(p)]
		}
		whole = true
	}()
	return a
}

// room is where the next transfer goes.
func (a *aside) room() []byte { return a.buf[a.fill:][:transferSize] }

// took says that n bytes came there. It waits for the Writer when that is behind; false: in vain, and
// there is no room any more.
func (a *aside) took(n int) bool {
	if a.fill += n; len(a.buf)-a.fill >= transferSize {
		return true
	}
	select {
	case a.full <- a.buf[:a.fill]:
		a.fill = 0
		select {
		case a.buf = <-a.free:
		case <-a.done: // nobody reads the old one
		case <-a.impatient:
			a.left.Store(true)
			return false
		}
	case <-a.done:
	}
	a.fill = 0
	return true
}

// close waits until all is written. The panic of a Writer goes on here. ErrWriterStuck: it has been
// left alone.
func (a *aside) close() error {
	if !a.left.Load() {
		select {
		case a.full <- a.buf[:a.fill]:
		case <-a.done:
		}
	}
	close(a.full)
	select {
	case <-a.done:
	default:
		select {
		case <-a.done:
		case <-a.impatient:
			a.left.Store(true)
			return ErrWriterStuck
		}
	}
	if a.panicked != nil {
		panic(a.panicked)
	}
	if a.left.Load() && a.err == nil {
		return ErrWriterStuck // it was, and has not got all
	}
	return a.err
}

// readAhead gives the parts of c, read while earlier ones go out. stop ends that, as soon as the
// Read under way has ended, or without waiting for one that is stuck.
func (s *Session) readAhead(c *cutter) (parts <-chan part, stop func(stuck bool)) {
	free, over := s.spareBuffers(), make(chan struct{})
	full := make(chan part, asideBuffers)
	go func() {
		defer close(full)
		whole := false
		defer func() {
			if v := recover(); !whole { // there is room: the buffer isn't in it
				full <- part{err: fmt.Errorf("%w: %w", errSource, errEnded), panicked: v}
			}
		}()
		for c.more() {
			select {
			case <-over: // whether or not there is a buffer
				whole = true
				return
			default:
			}
			var buf []byte
			select {
			case <-over:
				whole = true
				return
			case buf = <-free:
			}
			p := c.next(buf)
			p.done = free
			full <- p // there is room: there are no more parts than buffers
			if p.err != nil {
				break
			}
		}
		whole = true
	}()
	return full, func(stuck bool) {
		close(over)
		if stuck {
			s.spare = nil // it has some of them
			return
		}
		for p := range full {
			if p.done != nil {
				free <- p.p[:cap(p.p)]
			}
		}
	}
}
