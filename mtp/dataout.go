package mtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// dataOut is what goes out in a data phase: p, or size bytes of r.
type dataOut struct {
	given bool
	p     []byte
	r     io.Reader
	size  int64
	split bool // send the header in a packet of its own
}

func outBytes(p []byte) dataOut { return dataOut{given: true, p: p, size: int64(len(p))} }

func outReader(r io.Reader, size int64) dataOut { return dataOut{given: true, r: r, size: size} }

// errSource marks an error of the caller's Reader.
var errSource = errors.New("reading what is to be sent")

// sendData sends a data container: header and payload together, or the header
// in a packet of its own for devices that want it so, then a ZLP if the last
// packet was full.
func (s *Session) sendData(x *txn, out dataOut) (err error) {
	whole := false
	if s.pipe != nil {
		defer func() {
			if !whole || err != nil { // nothing of this container may go out any more
				over, cancel := context.WithCancel(x.ctx)
				cancel()
				_ = s.pipe.Flush(over)
			}
		}()
	}
	header, _ := DataHeader(x.op, x.id, out.size).AppendBinary(nil)
	split := out.split || s.Quirks().Has(QuirkSplitHeader)
	if split {
		if err := s.write(x, header); err != nil {
			return err
		}
		header = nil
	}
	c := &cutter{out: out, header: header, left: out.size, packet: s.mps, first: true}
	var parts <-chan part // of a Reader that is slow
	lent := false         // the transport's memory is filled: it sends while the Reader reads
	next := func() part {
		if parts != nil {
			p := <-parts
			if p.panicked != nil {
				panic(p.panicked)
			}
			return p
		}
		buf := s.buf
		if s.rooms != nil && out.r != nil {
			if room := s.rooms.Room(); len(room) >= len(buf) {
				buf, lent = room[:len(buf):len(buf)], true
			}
		}
		from := time.Now()
		p := c.next(buf)
		x.callers += time.Since(from)
		return p
	}
	for first, left := true, out.size; first || left > 0; first = false {
		if parts == nil && s.pipe != nil && !lent && out.r != nil && left > asideSize && x.callerIsSlow() {
			var stop func()
			parts, stop = s.readAhead(c)
			defer stop()
		}
		x.pause()
		p := next()
		err := p.err
		if err == nil && len(p.p) > 0 {
			left -= int64(p.payload)
			err = s.writePart(x, p.p, left > 0)
		}
		if p.done != nil {
			p.done <- p.p[:cap(p.p)]
		}
		if err != nil {
			return err
		}
		x.bytesOut += int64(p.payload)
		if left > drainable && x.caller.Err() != nil {
			return context.Cause(x.caller)
		}
	}
	if s.pipe != nil {
		x.alive()
		if err := s.pipe.Flush(x.ctx); err != nil {
			return err
		}
	}
	total := out.size
	if !split {
		total += HeaderSize
	}
	if total > 0 && total%int64(s.mps) == 0 && !s.Quirks().Has(QuirkNoOutZLP) {
		s.writeZLP(x)
	}
	whole = true
	return nil
}

// cutter cuts a container into transfers.
type cutter struct {
	out    dataOut
	header []byte // for the first transfer
	left   int64  // of the payload
	packet int    // bytes of a full packet
	first  bool
}

// part is what goes out in one transfer.
type part struct {
	p       []byte
	payload int // bytes of p that are no header
	err     error
	done    chan<- []byte // takes the buffer back

	panicked any // what the Reader panicked with, instead of all that
}

func (c *cutter) more() bool { return c.first || c.left > 0 }

// next fills buf with the next part.
func (c *cutter) next(buf []byte) part {
	fill := copy(buf, c.header)
	n := len(buf) - fill
	if int64(n) >= c.left {
		n = int(c.left)
	} else if tail := c.left - int64(n); tail < HeaderSize {
		// QEMU's device stalls a transfer shorter than a header, so the
		// last one isn't left with that little.
		n -= c.packet
	}
	err := c.out.read(buf[fill : fill+n])
	c.left -= int64(n)
	c.header, c.first = nil, false
	return part{p: buf[:fill+n], payload: n, err: err}
}

// read fills p with the next bytes.
func (o *dataOut) read(p []byte) error {
	if o.r == nil {
		copy(p, o.p)
		o.p = o.p[len(p):]
		return nil
	}
	if _, err := io.ReadFull(o.r, p); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("%w: %w", errSource, err)
	}
	return nil
}

func (s *Session) write(x *txn, p []byte) error {
	x.alive()
	return s.t.Write(x.ctx, p)
}

// writePart writes a part of a container. Where several transfers can be in
// flight it comes back before the part has arrived: the caller flushes.
func (s *Session) writePart(x *txn, p []byte, more bool) error {
	if s.pipe == nil || !more && len(p) < transferSize {
		return s.write(x, p)
	}
	x.alive()
	return s.pipe.WriteAhead(x.ctx, p)
}

// writeZLP tells the device that the container has ended. Some don't take a
// ZLP, or let it wait; both do no harm, for the response shows whether the
// data came.
func (s *Session) writeZLP(x *txn) {
	x.alive()
	ctx, cancel := context.WithTimeout(x.ctx, time.Second)
	defer cancel()
	x.zlpRefused = s.t.Write(ctx, nil) != nil
}
