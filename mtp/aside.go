package mtp

import (
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

// spareBuffers are those of the goroutine, of which there is one at a time.
func (s *Session) spareBuffers() chan []byte {
	if s.spare == nil {
		s.spare = make(chan []byte, asideBuffers)
		for range asideBuffers {
			s.spare <- make([]byte, asideSize)
		}
	}
	return s.spare
}

// aside hands what comes to a Writer, in order.
type aside struct {
	full   chan []byte
	free   chan []byte
	failed chan struct{} // closed when the Writer has failed
	done   chan struct{}
	err    error // of the Writer; after failed or done

	buf  []byte // that is being filled
	fill int
}

func (s *Session) newAside(w io.Writer) *aside {
	a := &aside{full: make(chan []byte, asideBuffers), free: s.spareBuffers(), failed: make(chan struct{}), done: make(chan struct{})}
	a.buf = <-a.free
	go func() {
		defer close(a.done)
		for p := range a.full {
			if a.err == nil && len(p) > 0 {
				if _, a.err = w.Write(p); a.err != nil {
					close(a.failed)
				}
			}
			a.free <- p[:cap(p)]
		}
	}()
	return a
}

// room is where the next transfer goes.
func (a *aside) room() []byte { return a.buf[a.fill:][:transferSize] }

// took says that n bytes came there. It waits for the Writer when that is behind.
func (a *aside) took(n int) {
	if a.fill += n; len(a.buf)-a.fill < transferSize {
		a.full <- a.buf[:a.fill]
		a.buf, a.fill = <-a.free, 0
	}
}

// close waits until all is written.
func (a *aside) close() error {
	a.full <- a.buf[:a.fill]
	close(a.full)
	<-a.done
	return a.err
}

// readAhead gives the parts of c, read while earlier ones go out. stop ends that, as soon as the
// Read under way has ended.
func (s *Session) readAhead(c *cutter) (parts <-chan part, stop func()) {
	free, over := s.spareBuffers(), make(chan struct{})
	full := make(chan part, asideBuffers)
	go func() {
		defer close(full)
		for c.more() {
			var buf []byte
			select {
			case <-over:
				return
			case buf = <-free:
			}
			p := c.next(buf)
			p.done = free
			full <- p // there is room: there are no more parts than buffers
			if p.err != nil {
				return
			}
		}
	}()
	return full, func() {
		close(over)
		for p := range full {
			free <- p.p[:cap(p.p)]
		}
	}
}
