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
	if s.pipe != nil {
		defer func() {
			if err != nil { // nothing of this container may go out any more
				over, cancel := context.WithCancel(x.ctx)
				cancel()
				_ = s.pipe.Flush(over)
			}
		}()
	}
	header, _ := DataHeader(x.op, x.id, out.size).AppendBinary(s.buf[:0])
	fill := len(header) // bytes of s.buf to go in the next transfer
	split := out.split || s.Quirks().Has(QuirkSplitHeader)
	if split {
		if err := s.write(x, header); err != nil {
			return err
		}
		fill = 0
	}
	left := out.size
	for first := true; first || left > 0; first = false {
		n := len(s.buf) - fill
		if int64(n) >= left {
			n = int(left)
		} else if tail := left - int64(n); tail < HeaderSize {
			// QEMU's device stalls a transfer shorter than a header, so the
			// last one isn't left with that little.
			n -= s.mps
		}
		if err := out.read(s.buf[fill : fill+n]); err != nil {
			return err
		}
		if fill+n > 0 {
			if err := s.writePart(x, s.buf[:fill+n], left > int64(n)); err != nil {
				return err
			}
		}
		x.bytesOut += int64(n)
		left -= int64(n)
		fill = 0
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
	return nil
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
