package mtp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"time"
)

// receive reads what the device sends after a command and its data: perhaps a
// data container, which goes to in, then the response.
//
// It puts up with what devices do: a header in a packet of its own; ZLPs before
// the response; no ZLP after a payload that fills its last packet, or a byte of
// dirt instead; a response in the same transfer as the data; a wrong length in
// the data header; containers that belong to a transaction called off before.
func (s *Session) receive(x *txn, in io.Writer) (Message, error) {
	const patience = 8 // odd things before we say it is out of step
	var full bool      // the data filled its last packet
	var data bool
	for odd := 0; odd < patience; odd++ {
		p, err := s.read(x)
		if err != nil {
			return Message{}, &phaseError{"response", err}
		}
		if len(p) == 0 || len(p) < HeaderSize && full {
			full = false
			continue
		}
		h, err := DecodeHeader(p)
		if err != nil {
			return Message{}, &phaseError{"response", fmt.Errorf("%w: %w", errProtocol, err)}
		}
		if h.Type == ContainerData && h.TransactionID != x.id && opNames[OpCode(h.Code)] == "" {
			// Neither ours nor of any operation that there is: a device that
			// writes garbage there. That isn't remembered: it costs nothing to
			// notice, and a device without it is better watched.
			s.quirks.Or(uint32(QuirkIgnoreHeader))
		}
		ours := h.TransactionID == x.id || s.Quirks().Has(QuirkIgnoreHeader)
		switch {
		case h.Type == ContainerResponse && ours:
			m, err := DecodeMessage(p)
			if err != nil {
				return Message{}, &phaseError{"response", fmt.Errorf("%w: %w", errProtocol, err)}
			}
			return m, nil
		case h.Type == ContainerResponse && x.op == OpOpenSession:
			return Message{}, &phaseError{"response", errEaten}
		case h.Type == ContainerResponse:
			continue // of a transaction called off before
		case h.Type == ContainerData && !data && ours:
			data = true
			if full, err = s.receiveData(x, h, p, in); err != nil {
				return Message{}, &phaseError{"data in", err}
			}
		case h.Type == ContainerData && !ours:
			stale := *x
			if _, err = s.receiveData(&stale, h, p, nil); err != nil {
				return Message{}, &phaseError{"data in", err}
			}
		case h.Type == ContainerEvent:
			continue // seen on the bulk pipe from old players
		default:
			return Message{}, &phaseError{"response", fmt.Errorf("%w: %v %#04x, transaction %d", errProtocol, h.Type, h.Code, h.TransactionID)}
		}
	}
	return Message{}, &phaseError{"response", fmt.Errorf("%w: no response among %d containers", errProtocol, patience)}
}

// read gives the next transfer, or what the one before had after the data.
func (s *Session) read(x *txn) ([]byte, error) {
	if p := s.rest; p != nil {
		s.rest = nil
		return p, nil
	}
	x.alive()
	n, err := s.t.Read(x.ctx, s.buf[:firstTransfer])
	return s.buf[:n], err
}

// firstTransfer is the room for the first transfer of a data or response
// phase. Most of them are a few hundred bytes, and libusb's copy is as large as
// the room.
const firstTransfer = 16 << 10

// receiveData moves the payload of a data container into in. first is the
// transfer that began with its header h. full reports whether the last packet
// was full, so that a ZLP may still come.
func (s *Session) receiveData(x *txn, h Header, first []byte, in io.Writer) (full bool, err error) {
	known := h.Length != UnknownLength && h.Length >= HeaderSize
	total := int64(h.Length) - HeaderSize
	if a, ok := in.(interface{ announced(int64) }); ok && known {
		a.announced(total)
	}
	if g, ok := in.(interface{ Grow(int) }); ok && known {
		g.Grow(int(min(total, drainable)))
	}
	body := first[HeaderSize:]
	if known && int64(len(body)) > total {
		switch {
		case s.isResponse(x, body[total:]):
			s.rest = body[total:]
			body = body[:total]
		case int64(len(body)) == total+1 && (HeaderSize+total)%int64(s.mps) == 0:
			body = body[:total] // a byte in place of the ZLP
		default:
			known = false // the header's length is wrong: the short packet counts
		}
	}
	x.sink(in, body)
	got := int64(len(body))
	// A header alone is a short packet too, but not the end.
	alone := len(first) == HeaderSize && (!known || total > 0)
	ended, early := s.ends(len(first), firstTransfer, known)
	if s.pipe != nil && (!ended || alone) && (!known || total-got > transferSize) {
		// Of an unknown length more transfers than needed: they are called back
		// at the end, and what they hold is kept.
		ahead := total - got
		if !known {
			ahead = math.MaxInt64 / 2
		}
		s.pipe.ReadAhead(ahead)
		defer s.pipe.ReadAhead(0)
	}
	defer x.endAside()
	for (!ended || alone) && (!known || got < total) {
		if !known || total-got > drainable {
			if x.caller.Err() != nil {
				return false, context.Cause(x.caller)
			}
			if x.sinkFailed() {
				x.endAside()
				return false, x.sinkErr
			}
		}
		if x.aside == nil && in != nil && s.pipe != nil && x.sinkErr == nil && (!known || total-got > asideSize) && x.callerIsSlow() {
			x.aside = s.newAside(in)
		}
		buf := s.buf
		if x.aside != nil {
			buf = x.aside.room()
		}
		if s.pipe != nil && got == int64(len(body)) {
			// The other transfer that was expected: later reads are as large as transfers then.
			buf = buf[:firstTransfer]
		}
		if known {
			// No more than what is left in whole packets: the response of a
			// device that sends no ZLP stays out of it.
			buf = buf[:min(int64(len(buf)), s.packets(total-got))]
		}
		x.alive()
		n, err := s.t.Read(x.ctx, buf)
		if err != nil {
			x.took(in, buf, n)
			return false, err
		}
		if early && s.isResponse(x, buf[:n]) {
			s.rest = bytes.Clone(buf[:n])
			return false, nil
		}
		x.took(in, buf, n)
		got += int64(n)
		alone = false
		ended, early = s.ends(n, len(buf), known)
	}
	return known && got == total && (HeaderSize+total)%int64(s.mps) == 0, nil
}

// ends says what a transfer of n bytes into room for size tells: it ended the
// container, with a short packet or a ZLP; or it came back early with full
// packets, after a ZLP or because of the host controller, and whether more
// follows is open as long as the container's length says so.
func (s *Session) ends(n, size int, known bool) (ended, early bool) {
	switch {
	case n == 0 || n%s.mps != 0:
		return true, false
	case n < size:
		return !known, true
	}
	return false, false
}

// packets rounds n up to whole packets.
func (s *Session) packets(n int64) int64 {
	mps := int64(s.mps)
	return (n + mps - 1) / mps * mps
}

// isResponse reports whether p is just the response to x.
func (s *Session) isResponse(x *txn, p []byte) bool {
	h, err := DecodeHeader(p)
	return err == nil && h.Type == ContainerResponse && h.TransactionID == x.id &&
		len(p) <= maxMessage && int(h.Length) <= len(p)
}

// sink hands payload to the caller's Writer, until that fails.
func (x *txn) sink(in io.Writer, p []byte) {
	x.bytesIn += int64(len(p))
	if in == nil || x.sinkErr != nil || len(p) == 0 {
		return
	}
	x.pause()
	from := time.Now()
	_, x.sinkErr = in.Write(p)
	x.callers += time.Since(from)
}

// took hands on the n bytes that came into buf, which is s.buf or the room of x.aside.
func (x *txn) took(in io.Writer, buf []byte, n int) {
	if x.aside == nil {
		x.sink(in, buf[:n])
		return
	}
	x.pause()
	x.bytesIn += int64(n)
	x.aside.took(n)
}

// endAside waits for the Writer.
func (x *txn) endAside() {
	if x.aside == nil {
		return
	}
	x.pause()
	a := x.aside
	x.aside = nil
	x.sinkErr = a.close()
}

// sinkFailed reports whether the Writer has given up.
func (x *txn) sinkFailed() bool {
	if x.aside == nil {
		return x.sinkErr != nil
	}
	select {
	case <-x.aside.failed:
		return true
	default:
		return false
	}
}
