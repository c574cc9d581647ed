package responder

import (
	"sync"
	"time"

	"cradle/mtp"
)

// Responder is the device's side of the protocol: it takes containers, asks its
// [Backend], and answers with containers. Connect gives the initiator's end.
// All methods may be called from any goroutine.
type Responder struct {
	mu      sync.Mutex
	dev     Device
	backend Backend
	packet  int
	offers  map[mtp.OpCode]bool
	conn    *Conn

	// The transaction in hand.
	state state
	call  call
	out   queue
	// swallow is how many bytes of a data container that nobody asked for are
	// still to come.
	swallow int64
	stalled bool
	busy    bool

	session mtp.SessionID // 0: none
	// For lies: how many sessions there were, and property lists that grew.
	sessions, grown int

	pending pendingObject
	edits   map[mtp.ObjectHandle]Editor
	// references of objects, in this session.
	references map[mtp.ObjectHandle][]mtp.ObjectHandle
	// serviceProps are the properties of services that are set.
	serviceProps map[serviceProp]mtp.Value

	faults          []*planned
	hold            hold
	paceIn, paceOut int64
	away            time.Time // the device is off the bus until then
	off             bool      // for good
	busyUntil       time.Time
	last            mtp.OpCode // of the last command

	count   int
	cuts    []Cut
	log     []Transaction
	trace   func(Transaction) // nil: nobody
	wasBusy bool
}

// state is what the device expects on the bulk OUT pipe.
type state uint8

const (
	expectCommand state = iota
	expectDataHeader
	expectPayload
)

// call is a transaction being carried out.
type call struct {
	mtp.Message
	op     *operation
	cut    *Cut
	faults []striking

	// Data from the initiator: either payload collects it, or sink takes it.
	payload []byte
	sink    writer
	refused error // found before the data came; it is then thrown away
	length  int64 // of the payload as announced, -1 if unknown
	got     int64

	// Data for the initiator: data, or size bytes of body from off on.
	data []byte
	body Content
	off  int64
	size int64

	results  [5]uint32
	nresults int

	sent *sent // what gets through of the answer
}

func (c *call) code() mtp.OpCode { return mtp.OpCode(c.Code) }

// param gives a parameter, the first being 0. Those left out are 0.
func (c *call) param(i int) uint32 { return c.Params[i] }

// result sets the response's parameters.
func (c *call) result(p ...uint32) { c.nresults = copy(c.results[:], p) }

// New makes a responder for a device with what the backend stores.
func New(dev Device, backend Backend) *Responder {
	r := &Responder{dev: dev, backend: backend, packet: dev.MaxPacketSize, edits: make(map[mtp.ObjectHandle]Editor)}
	if r.packet == 0 {
		r.packet = 512
	}
	r.offers = make(map[mtp.OpCode]bool, len(dev.Info.Operations))
	for _, op := range dev.Info.Operations {
		r.offers[op] = true
	}
	r.serviceProps = initialProps(dev.Services)
	return r
}

// CutAt plans to pull the cable. Several cuts may be planned.
func (r *Responder) CutAt(c Cut) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cuts = append(r.cuts, c)
}

// ClearCuts forgets the cuts planned.
func (r *Responder) ClearCuts() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cuts = nil
}

// Transactions counts the transactions since the responder was made, the one in
// hand included.
func (r *Responder) Transactions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// Log is what the responder remembers of its transactions, in order.
func (r *Responder) Log() []Transaction {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Transaction(nil), r.log...)
}

// Trace has f told of each transaction as it is recorded. f must not call the
// responder.
func (r *Responder) Trace(f func(Transaction)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trace = f
}

// Do runs f while no transaction is being carried out, for changes to the
// backend from outside. f may call [Responder.Emit].
func (r *Responder) Do(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// Emit sends an event. It is called by the backend, or within [Responder.Do].
// Nothing is sent without a session, or when the device doesn't advertise the
// event.
func (r *Responder) Emit(code mtp.EventCode, params ...uint32) {
	if r.session == 0 || r.conn == nil || r.dev.Lies.Has(LieNoEvents) {
		return
	}
	listed := false
	for _, e := range r.dev.Info.Events {
		listed = listed || e == code
	}
	if !listed {
		return
	}
	m := mtp.NewMessage(mtp.ContainerEvent, code, mtp.TransactionID(0xFFFFFFFF), params...)
	b, _ := m.AppendBinary(nil)
	c := r.conn
	if len(c.events) >= maxEvents {
		c.events = c.events[1:]
	}
	c.events = append(c.events, b)
	signal(c.event)
}

// pull is the cable being pulled. r.mu is held.
func (r *Responder) pull() {
	if r.call.sink != nil {
		r.call.sink.pull()
	}
	r.dropQueue()
	r.logBroken()
	r.idle()
	r.stalled, r.busy, r.swallow = false, false, 0
	r.hold, r.busyUntil = hold{}, time.Time{}
	r.closeSession()
	if c := r.conn; c != nil && !c.pulled {
		c.pulled = true
		c.events = nil
		close(c.gone)
	}
	r.conn = nil
}

// settle lets happen what is to happen before more is sent: a fault, or the
// cable being pulled.
func (r *Responder) settle() {
	for {
		if _, held := r.held(); held {
			return
		}
		s, ok := r.out.stop()
		switch {
		case !ok:
			return
		case s.pull:
			r.pull()
		case s.over:
			r.record(s.sent.Transaction)
		default:
			r.reached(s)
		}
	}
}

// idle forgets the transaction in hand.
func (r *Responder) idle() {
	r.state = expectCommand
	r.call = call{}
}

// logBroken records a transaction that gets no response.
func (r *Responder) logBroken() {
	if r.call.op == nil {
		return
	}
	r.record(Transaction{Number: r.count, Command: r.call.Message, Out: r.call.got})
}

// dropQueue forgets what was still to be sent, and records the transactions
// that this breaks off.
func (r *Responder) dropQueue() {
	for _, t := range r.out.clear() {
		r.record(t)
	}
}

// maxLog is how many transactions are remembered; a device that is served for
// days must not grow.
const maxLog = 1 << 18

func (r *Responder) record(t Transaction) {
	if len(r.log) >= maxLog {
		r.log = append(r.log[:0], r.log[maxLog/2:]...)
	}
	r.log = append(r.log, t)
	if r.trace != nil {
		r.trace(t)
	}
}

// cancel breaks off the transaction in hand; what was received is thrown away,
// and no response is sent.
func (r *Responder) cancel() {
	if r.call.sink != nil {
		r.call.sink.abort()
	}
	r.dropQueue()
	r.logBroken()
	r.idle()
	r.forgetPending()
	r.busy = true
	r.release()
}

// reset aborts everything and closes the session.
func (r *Responder) reset() {
	r.cancel()
	r.closeSession()
	r.stalled, r.busy, r.swallow = false, false, 0
}

func (r *Responder) closeSession() {
	r.session = 0
	r.forgetPending()
	for h, e := range r.edits {
		_ = e.Close() // there is nobody left to tell
		delete(r.edits, h)
	}
}

// receive takes one bulk OUT transfer, or the rest of one. What is left when the
// device keeps still is for later. r.mu is held.
func (r *Responder) receive(p []byte) (rest []byte, err error) {
	if len(p) < mtp.HeaderSize && r.state != expectPayload && r.dev.Lies.Has(LieStallZLP) {
		return nil, mtp.ErrStalled
	}
	if len(p) == 0 {
		// A zero-length packet ends a payload of unknown or wrong length, and is
		// ignored elsewhere.
		if r.state == expectPayload {
			return nil, r.finish()
		}
		return nil, nil
	}
	if r.out.full() {
		r.stalled = true
		return nil, mtp.ErrStalled
	}
	for len(p) > 0 {
		if _, held := r.held(); held {
			return p, nil
		}
		switch {
		case r.swallow > 0:
			n := min(r.swallow, int64(len(p)))
			r.swallow -= n
			if len(p)%r.packet != 0 {
				r.swallow = 0
				return nil, nil
			}
			p = p[n:]
		case r.state == expectPayload:
			p, err = r.take(p, len(p)%r.packet != 0)
		default:
			n := min(len(p), r.packet)
			p, err = r.header(p[:n], p[n:])
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// header takes the first packet of a container; rest is what follows it in the
// same transfer.
func (r *Responder) header(packet, rest []byte) ([]byte, error) {
	h, err := mtp.DecodeHeader(packet)
	if err != nil {
		return nil, nil //nolint:nilerr // a stray tail: real devices ignore it
	}
	switch h.Type {
	case mtp.ContainerCommand:
		if r.state == expectDataHeader { // the initiator gave up on its data
			r.abandon()
		}
		m, err := mtp.DecodeMessage(packet)
		if err != nil {
			r.stalled = true
			return nil, nil //nolint:nilerr // the stall tells the initiator; the transfer itself went well
		}
		return rest, r.command(m)
	case mtp.ContainerData:
		if r.state != expectDataHeader {
			// Data for an operation that has been answered already.
			if h.Length > mtp.HeaderSize && h.Length != mtp.UnknownLength {
				r.swallow = int64(h.Length) - int64(len(packet))
				if len(packet) < r.packet && len(packet) > mtp.HeaderSize {
					r.swallow = 0
				}
			}
			return rest, nil
		}
		r.call.length = int64(h.Length) - mtp.HeaderSize
		if h.Length == mtp.UnknownLength {
			r.call.length = -1
		} else if h.Length < mtp.HeaderSize {
			r.call.length = 0
		}
		r.state = expectPayload
		if r.call.length == 0 {
			return nil, r.finish()
		}
		if len(packet) == mtp.HeaderSize { // a header of its own; the payload comes next
			return rest, nil
		}
		if _, err := r.take(packet[mtp.HeaderSize:], len(packet) < r.packet); err != nil {
			return nil, err
		}
		if _, held := r.held(); !held && r.state != expectPayload {
			return nil, nil // more came than was announced; it is dropped
		}
		return rest, nil
	}
	r.stalled = true
	return nil, nil
}

// abandon ends a transaction whose data never came.
func (r *Responder) abandon() {
	if r.call.sink != nil {
		r.call.sink.abort()
	}
	r.logBroken()
	r.idle()
}

// take takes payload, up to the announced length; what is beyond is dropped.
// last says that a short packet ended it. rest is what a fault leaves for later.
func (r *Responder) take(p []byte, last bool) (rest []byte, err error) {
	c := &r.call
	if taken, over, err := r.strikeData(p); over {
		return nil, err
	} else if taken > 0 {
		rest = p[taken:]
		last = last && len(rest) == 0
		if last || c.length >= 0 && c.got >= c.length {
			return rest, r.finish()
		}
		return rest, nil
	}
	n := int64(len(p))
	if c.length >= 0 {
		n = min(n, c.length-c.got)
	}
	if c.cut != nil && c.cut.Phase == InData && c.got+n > c.cut.Bytes {
		c.accept(p[:max(0, c.cut.Bytes-c.got)])
		r.pull()
		return nil, mtp.ErrDeviceGone
	}
	c.accept(p[:n])
	if last || c.length >= 0 && c.got >= c.length {
		return nil, r.finish()
	}
	return nil, nil
}

// accept hands payload to the operation.
func (c *call) accept(p []byte) {
	c.got += int64(len(p))
	switch {
	case c.refused != nil:
	case c.sink != nil:
		if err := c.sink.write(p); err != nil {
			c.refused = err
		}
	case c.got > maxDataset:
		c.refused = mtp.InvalidDataset
		c.payload = nil
	default:
		c.payload = append(c.payload, p...)
	}
}

// maxDataset bounds a dataset that the device collects in memory.
const maxDataset = 16 << 20

// command starts a transaction.
func (r *Responder) command(m mtp.Message) error {
	r.count++
	r.call = call{Message: m}
	c := &r.call
	for i := range r.cuts {
		if r.cuts[i].Transaction == r.count {
			cut := r.cuts[i]
			c.cut = &cut
		}
	}
	op, known := operations[c.code()]
	if !known {
		op = &unknownOperation
	}
	c.op = op
	if c.cut != nil && c.cut.Phase == AtCommand {
		r.pull()
		return mtp.ErrDeviceGone
	}
	c.faults, r.last = r.due(c.code(), false), c.code()
	if over, err := r.atCommand(c); over {
		return err
	}
	if err := r.admit(c); err != nil {
		c.refused = err
	}
	if op.data != toDevice {
		return r.finish()
	}
	r.state = expectDataHeader
	if c.refused == nil && op.begin != nil {
		c.sink, c.refused = op.begin(r, c)
	}
	return nil
}

// admit checks what doesn't depend on the operation.
func (r *Responder) admit(c *call) error {
	op := c.code()
	if op != mtp.OpSendObject {
		r.forgetPending()
	}
	switch {
	case !r.offers[op]:
		return mtp.OperationNotSupported
	case op == mtp.OpGetDeviceInfo, op == mtp.OpOpenSession:
		return nil
	case r.session == 0:
		return mtp.SessionNotOpen
	case op == mtp.OpCloseSession:
		// android-file-transfer closes with transaction 0; no device minds.
		return nil
	case c.TransactionID == 0 || c.TransactionID == 0xFFFFFFFF:
		return mtp.InvalidTransactionID
	case r.dev.Lies.Has(LieBusy) && op >= mtp.OpGetObjectInfo && r.count%10 == 0 && !r.wasBusy:
		r.wasBusy = true
		return mtp.DeviceBusy
	}
	r.wasBusy = false
	return nil
}

// finish carries out the operation, now that its data is here, and queues the
// answer.
func (r *Responder) finish() error {
	c := &r.call
	err := c.refused
	short := c.op.data == toDevice && c.length >= 0 && c.got < c.length
	if err == nil && short {
		err = mtp.IncompleteTransfer
	}
	if c.sink != nil {
		if err != nil {
			c.sink.abort()
		} else {
			err = c.sink.commit()
		}
		c.sink = nil
	} else if err == nil {
		err = c.op.run(r, c)
	}
	code := c.answered(codeOf(err))
	over := false
	c.sent = &sent{Transaction: Transaction{Number: r.count, Command: c.Message, Out: c.got}}
	// A list that breaks off half-way sends its data all the same.
	if err == nil && c.op.data == toInitiator || c.body != nil || c.data != nil {
		over = r.queueData(c)
	}
	lost := c.cut != nil && c.cut.Phase != After
	answered := !lost && !over && r.queueResponse(c, code)
	r.out.push(segment{over: true, sent: c.sent})
	if answered {
		r.afterwards(c)
	}
	if c.cut != nil {
		r.out.push(segment{pull: true})
	}
	r.idle()
	return nil
}

// queueData queues the data container; over says that no response follows.
func (r *Responder) queueData(c *call) (over bool) {
	size := int64(len(c.data)) + c.size
	h := mtp.DataHeader(c.code(), c.TransactionID, size)
	if r.dev.Lies.Has(LieHeaderIDs) {
		h.Code, h.TransactionID = 0xDEAD, 0xDEADBEEF
	}
	if length, told := c.told(size); told {
		h = mtp.DataHeader(c.code(), c.TransactionID, length)
	}
	head, _ := h.AppendBinary(make([]byte, 0, mtp.HeaderSize+len(c.data)))
	if r.dev.Lies.Has(LieSplitHeader) {
		r.out.push(segment{head: head, sent: c.sent})
		head = nil
		if size == 0 {
			return false
		}
	}
	s := segment{head: append(head, c.data...), body: c.body, off: c.off, size: c.size, sent: c.sent}
	if r.dev.Lies.Has(LieNoZLP) {
		s.open = true
	}
	if c.cut != nil && c.cut.Phase == InData && c.cut.Bytes < size {
		keep := int64(len(head)) + c.cut.Bytes
		s.size = max(0, keep-int64(len(s.head)))
		s.head = s.head[:min(int64(len(s.head)), keep)]
		s.broken = true
		r.out.push(s)
		return false
	}
	if r.dev.Lies.Has(LieDummyByte) && s.length()%int64(r.packet) == 0 {
		s.open = true
		r.out.push(s)
		r.out.push(segment{head: []byte{0}})
		return false
	}
	return r.cutData(c, s, s.length()-size)
}

// queueResponse queues the response; false if it is lost.
func (r *Responder) queueResponse(c *call, code mtp.RespCode) bool {
	m := mtp.NewMessage(mtp.ContainerResponse, code, c.TransactionID, c.results[:c.nresults]...)
	b, _ := m.AppendBinary(make([]byte, 0, 32))
	if r.dev.Lies.Has(LiePadResponse) {
		b = append(b, make([]byte, 32)...)
	}
	return r.cutResponse(c, b, code)
}

// uint64Of joins two parameters.
func uint64Of(low, high uint32) uint64 { return uint64(high)<<32 | uint64(low) }
