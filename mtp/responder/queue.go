package responder

import (
	"encoding/binary"

	"cradle/mtp"
)

// A segment is a stretch of bytes on the bulk IN pipe that ends a transfer: a
// container, or the header of one that is split.
type segment struct {
	head []byte
	// body follows the head: size bytes from off on.
	body Content
	off  int64
	size int64

	pos int64 // bytes that have been read

	// open says that nothing marks the end: no zero-length packet is sent after
	// a last packet that was full.
	open bool
	// broken says that the cable is pulled behind these bytes, in mid-packet.
	broken bool
	// pull says that the cable is pulled here; such a segment has no bytes.
	pull bool
}

func (s *segment) length() int64 { return int64(len(s.head)) + s.size }

// read copies what fits into p. A body that turns out to be shorter than it was
// ends the segment; short is then true.
func (s *segment) read(p []byte) (n int, short bool) {
	if s.pos < int64(len(s.head)) {
		n = copy(p, s.head[s.pos:])
		s.pos += int64(n)
	}
	want := min(int64(len(p)-n), s.length()-s.pos)
	if want <= 0 {
		return n, false
	}
	at := s.off + s.pos - int64(len(s.head))
	m, _ := s.body.ReadAt(p[n:n+int(want)], at)
	n += m
	s.pos += int64(m)
	if int64(m) < want {
		s.size = s.pos - int64(len(s.head))
		return n, true
	}
	return n, false
}

func (s *segment) close() {
	if s.body != nil {
		s.body.Close()
		s.body = nil
	}
}

// A queue is what the device has to send on the bulk IN pipe.
type queue struct {
	segments []segment
	// ended says that all bytes of the first segment were read and that its
	// zero-length packet is due.
	ended bool
}

// maxSegments bounds what an initiator can make the device queue by sending
// commands without reading responses.
const maxSegments = 4096

func (q *queue) push(s segment) { q.segments = append(q.segments, s) }

func (q *queue) pop() {
	q.segments[0].close()
	q.segments[0] = segment{}
	q.segments = q.segments[1:]
	if len(q.segments) == 0 {
		q.segments = nil
	}
}

func (q *queue) clear() {
	for len(q.segments) > 0 {
		q.pop()
	}
	q.ended = false
}

// pulled reports whether the cable is to be pulled now.
func (q *queue) pulled() bool { return len(q.segments) > 0 && q.segments[0].pull }

// read fills p with packets until a short one ends the transfer, p is full, or
// nothing is left. ended is false if the transfer still waits for more.
func (q *queue) read(p []byte, packet int) (n int, ended bool) {
	if q.ended { // the zero-length packet after a transfer that filled its buffer
		q.ended = false
		return 0, true
	}
	for len(q.segments) > 0 {
		s := &q.segments[0]
		if s.pull {
			return n, false
		}
		room := p[n:]
		m, short := s.read(room)
		n += m
		if short {
			q.fail()
		}
		if s.pos < s.length() {
			return n, true // p is full
		}
		full := s.length()%int64(packet) == 0
		open, broken := s.open, s.broken
		q.pop()
		switch {
		case broken:
			return n, false
		case !full:
			return n, true
		case open: // the next bytes join this transfer
		case n < len(p):
			return n, true
		default:
			q.ended = true
			return n, true
		}
		if n == len(p) {
			return n, true
		}
	}
	return n, false
}

// fail turns the response behind the first segment into GeneralError.
func (q *queue) fail() {
	for i := 1; i < len(q.segments); i++ {
		head := q.segments[i].head
		if len(head) >= mtp.HeaderSize && mtp.ContainerType(binary.LittleEndian.Uint16(head[4:])) == mtp.ContainerResponse {
			binary.LittleEndian.PutUint16(head[6:], uint16(mtp.GeneralError))
			return
		}
	}
}
