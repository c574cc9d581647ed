package mtp

import (
	"errors"
	"fmt"
	"io"
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

	buf  []byte // that is being filled
	fill int
}

func (s *Session) newAside(w io.Writer) *aside {
	a := &aside{full: make(chan []byte, asideBuffers), free: s.spareBuffers(), failed: make(chan struct{}), done: make(chan struct{})}
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
			if a.err == nil && len(p) > 0 {
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

// took says that n bytes came there. It waits for the Writer when that is behind.
func (a *aside) took(n int) {
	if a.fill += n; len(a.buf)-a.fill >= transferSize {
		return
	}
	select {
	case a.full <- a.buf[:a.fill]:
		select {
		case a.buf = <-a.free:
		case <-a.done: // nobody reads the old one
		}
	case <-a.done:
	}
	a.fill = 0
}

// close waits until all is written. The panic of a Writer goes on here.
func (a *aside) close() error {
	select {
	case a.full <- a.buf[:a.fill]:
	case <-a.done:
	}
	close(a.full)
	<-a.done
	if a.panicked != nil {
		panic(a.panicked)
	}
	return a.err
}

// readAhead gives the parts of c, read while earlier ones go out. stop ends that, as soon as the
// Read under way has ended.
func (s *Session) readAhead(c *cutter) (parts <-chan part, stop func()) {
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
	return full, func() {
		close(over)
		for p := range full {
			if p.done != nil {
				free <- p.p[:cap(p.p)]
			}
		}
	}
}
