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
	// fault happens here, in the transaction of the message; no bytes either.
	fault *Fault
	of    mtp.Message

	// sent counts what gets through of the segment's transaction, nil for bytes
	// beside it; answer is the code if these are its response.
	sent   *sent
	answer mtp.RespCode
	// over says that the transaction ends here; no bytes.
	over bool

	counted int // of the queue's bytes
}

// sent is a transaction whose answer is queued: In and Response grow as the
// initiator takes it.
type sent struct {
	Transaction
	header int64 // bytes of the data container's header that got through
}

// took counts n bytes of a data container.
func (t *sent) took(n int) {
	h := min(int64(n), mtp.HeaderSize-t.header)
	t.header += h
	t.In += int64(n) - h
}

// stop reports whether s has no bytes and something else happens there.
func (s *segment) stop() bool { return s.pull || s.fault != nil || s.over }

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

// split cuts s behind its first keep bytes. The body is the second part's.
func (s segment) split(keep int64) (first, rest segment) {
	head := min(keep, int64(len(s.head)))
	first = segment{head: s.head[:head:head], off: s.off, size: keep - head, sent: s.sent}
	if first.size > 0 {
		first.body = shared{s.body}
	}
	rest = s
	rest.head, rest.off, rest.size = s.head[head:], s.off+first.size, s.size-first.size
	return first, rest
}

// truncate ends s behind its first keep bytes.
func (s *segment) truncate(keep int64) {
	s.size = max(0, keep-int64(len(s.head)))
	s.head = s.head[:min(int64(len(s.head)), keep)]
}

// garble turns all but the first keep bytes into dirt.
func (s *segment) garble(keep int64) {
	for i := keep; i < int64(len(s.head)); i++ {
		s.head[i] ^= 0xA5
	}
	if s.body != nil {
		s.body = dirt{s.body, s.off + keep - int64(len(s.head))}
	}
}

// shared is a Content that another one closes.
type shared struct{ Content }

func (shared) Close() error { return nil }

// dirt is a Content whose bytes are wrong from an offset on.
type dirt struct {
	Content
	from int64
}

func (d dirt) ReadAt(p []byte, off int64) (int, error) {
	n, err := d.Content.ReadAt(p, off)
	for i := max(0, d.from-off); i < int64(n); i++ {
		p[i] ^= 0xA5
	}
	return n, err
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
	bytes int // in the heads
}

// maxSegments bounds what an initiator can make the device queue by sending
// commands without reading responses.
const maxSegments = 4096

// maxQueued bounds the bytes in memory of it, likewise.
const maxQueued = 32 << 20

// full reports whether the device takes nothing more until some of it is read.
func (q *queue) full() bool { return len(q.segments) > maxSegments || q.bytes > maxQueued }

func (q *queue) push(s segment) {
	s.counted = len(s.head)
	q.bytes += s.counted
	q.segments = append(q.segments, s)
}

func (q *queue) pop() {
	q.bytes -= q.segments[0].counted
	q.segments[0].close()
	q.segments[0] = segment{}
	q.segments = q.segments[1:]
	if len(q.segments) == 0 {
		q.segments = nil
	}
}

// clear drops all; broken are the transactions whose end was queued.
func (q *queue) clear() (broken []Transaction) {
	for len(q.segments) > 0 {
		if s := &q.segments[0]; s.over {
			broken = append(broken, s.sent.Transaction)
		}
		q.pop()
	}
	q.ended = false
	return broken
}

// stop takes the first segment if something is to happen now.
func (q *queue) stop() (segment, bool) {
	if len(q.segments) == 0 || !q.segments[0].stop() {
		return segment{}, false
	}
	s := q.segments[0]
	q.pop()
	return s, true
}

// read fills p with packets until a short one ends the transfer, p is full, or
// nothing is left. ended is false if the transfer still waits for more.
func (q *queue) read(p []byte, packet int) (n int, ended bool) {
	if q.ended { // the zero-length packet after a transfer that filled its buffer
		q.ended = false
		return 0, true
	}
	for len(q.segments) > 0 {
		s := &q.segments[0]
		if s.stop() {
			return n, false
		}
		room := p[n:]
		m, short := s.read(room)
		n += m
		if s.sent != nil && s.answer == 0 {
			s.sent.took(m)
		}
		if short {
			q.fail()
		}
		if s.pos < s.length() {
			return n, true // p is full
		}
		full := s.length()%int64(packet) == 0
		open, broken := s.open, s.broken
		if s.answer != 0 {
			s.sent.Response = s.answer
		}
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
			q.segments[i].answer = mtp.GeneralError
			return
		}
	}
}
