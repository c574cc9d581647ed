package responder

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"cradle/mtp"
)

// A Fault is something that goes wrong at one point of a transaction, in some
// transactions of an operation.
type Fault struct {
	Op mtp.OpCode // 0: any
	// From is the first of the operation's transactions that it happens in,
	// counting from 1 since the fault was planned; 0 is 1. Count is how many
	// times it happens at most, 0 meaning always, and Every, if it is more than
	// 1, that it skips all but every so many'th after From.
	From, Count, Every int

	Phase Phase
	// Bytes of payload that get through before it, when Phase is InData. Where
	// the payload isn't that long the fault doesn't happen. A pipe can stop
	// between packets only, so but for Pull the number is rounded down to whole
	// packets, the container's header included.
	Bytes int64

	Do   Action
	For  time.Duration // of Wait
	Code mtp.RespCode  // of Answer, and of Stall where a response follows it
	Size int64         // of Length; negative: all ones, unknown
	Call func()        // of Call; the responder's lock is held
}

// Action is what a [Fault] does.
type Action uint8

// Actions. Where a phase is named, in that phase only.
const (
	// Wait goes on after a while, as a slow device does; at a cancellation, the
	// device says so long that it is busy.
	Wait Action = iota
	// Stall halts the pipe, once. The transaction is over, without a response
	// but for Code. At a cancellation it refuses that.
	Stall
	// Drop loses the command, or the response; at a cancellation, the device
	// takes no notice.
	Drop
	// Silent takes and sends nothing any more until the transaction is called
	// off, by the class request or a reset.
	Silent
	// Dead takes and sends nothing any more, class requests included, until the
	// cable is pulled.
	Dead
	// Pull pulls the cable. The device comes back after For.
	Pull
	// Answer gives another response code. AtCommand the operation isn't carried
	// out, AtResponse it is.
	Answer
	// End ends the data phase there; the response follows. InData, to the
	// initiator.
	End
	// Garble turns the rest of the data, or the response, into dirt.
	Garble
	// Length has the data container say another length of payload. InData, to
	// the initiator.
	Length
	// Forget closes the session.
	Forget
	// Call calls a function.
	Call
)

var actionNames = [...]string{"wait", "stall", "drop", "silent", "dead", "pull", "answer", "end", "garble", "length", "forget", "call"}

func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return fmt.Sprintf("action %d", uint8(a))
}

// allowed are the phases that an action makes sense in.
var allowed = [...][]Phase{
	Wait:   {AtCommand, InData, AtResponse, After, AtCancel},
	Stall:  {AtCommand, InData, AtResponse, AtCancel},
	Drop:   {AtCommand, AtResponse, AtCancel},
	Silent: {AtCommand, InData, AtResponse},
	Dead:   {AtCommand, InData, AtResponse, After, AtCancel},
	Pull:   {AtCommand, InData, AtResponse, After, AtCancel},
	Answer: {AtCommand, AtResponse},
	End:    {InData},
	Garble: {InData, AtResponse},
	Length: {InData},
	Forget: {AtCommand, AtResponse, After},
	Call:   {AtCommand, InData, AtResponse, After, AtCancel},
}

// Phases are those that the action makes sense in.
func (a Action) Phases() []Phase { return slices.Clone(allowed[a]) }

// Check says what is wrong with a fault that makes no sense.
func (f *Fault) Check() error {
	if int(f.Do) >= len(allowed) {
		return fmt.Errorf("no %v", f.Do)
	}
	switch {
	case !slices.Contains(allowed[f.Do], f.Phase):
		return fmt.Errorf("%v can't happen %v", f.Do, f.Phase)
	case f.From < 0, f.Count < 0, f.Every < 0:
		return fmt.Errorf("transactions are counted from 1")
	case f.Bytes < 0, f.For < 0:
		return fmt.Errorf("bytes and times aren't negative")
	case f.Do == Call && f.Call == nil:
		return fmt.Errorf("nothing to call")
	}
	return nil
}

// planned is a fault with what has come of it.
type planned struct {
	Fault
	seen, done int
}

// now counts a transaction of the fault's operation and says whether it happens
// in it.
func (p *planned) now() bool {
	p.seen++
	since := p.seen - max(p.From, 1)
	if since < 0 || p.Count > 0 && p.done >= p.Count || p.Every > 1 && since%p.Every != 0 {
		return false
	}
	p.done++
	return true
}

// Plan adds a fault; it panics for one that [Fault.Check] refuses. May be called
// before the first Connect or in between.
func (r *Responder) Plan(f Fault) {
	if err := f.Check(); err != nil {
		panic("responder: " + err.Error())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, &planned{Fault: f})
}

// Unstruck counts the planned faults that haven't happened once.
func (r *Responder) Unstruck() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, p := range r.faults {
		if p.done == 0 {
			n++
		}
	}
	return n
}

// Strike lets something happen at once, outside of any transaction: Wait,
// Silent, Dead, Pull, Forget or Call.
func (r *Responder) Strike(f Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.strike(&f)
}

// Pace limits the bulk pipes to so many bytes a second, 0 being no limit.
func (r *Responder) Pace(in, out int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.paceIn, r.paceOut = in, out
}

// striking is a fault of the transaction in hand.
type striking struct {
	*Fault
	struck bool
}

// due are the faults of a transaction that begins, or of its cancellation.
func (r *Responder) due(op mtp.OpCode, cancelled bool) []striking {
	var due []striking
	for _, p := range r.faults {
		if (p.Phase == AtCancel) == cancelled && (p.Op == 0 || p.Op == op) && p.now() {
			due = append(due, striking{Fault: &p.Fault})
		}
	}
	return due
}

// hold is how long the device keeps still.
type hold struct {
	kind  holdKind
	until time.Time
}

type holdKind uint8

const (
	holdNone holdKind = iota
	holdFor           // until a time
	holdOff           // until the transaction is called off
	holdDead          // until the cable is pulled
)

// held reports whether the device keeps still, and how much longer; 0 is for
// ever, until something ends it.
func (r *Responder) held() (time.Duration, bool) {
	switch r.hold.kind {
	case holdNone:
		return 0, false
	case holdFor:
		if left := time.Until(r.hold.until); left > 0 {
			return left, true
		}
		r.hold = hold{}
		return 0, false
	}
	return 0, true
}

// rest keeps still for some time, on top of what there is of it.
func (r *Responder) rest(d time.Duration) {
	if d <= 0 || r.hold.kind == holdOff || r.hold.kind == holdDead {
		return
	}
	from := time.Now()
	if r.hold.kind == holdFor && r.hold.until.After(from) {
		from = r.hold.until
	}
	r.hold = hold{holdFor, from.Add(d)}
}

// paced rests as long as n bytes take.
func (r *Responder) paced(n int, rate int64) {
	if rate > 0 {
		r.rest(time.Duration(float64(n) / float64(rate) * float64(time.Second)))
	}
}

// release ends what a cancellation ends.
func (r *Responder) release() {
	if r.hold.kind == holdFor || r.hold.kind == holdOff {
		r.hold = hold{}
	}
	if r.conn != nil {
		signal(r.conn.ready)
		signal(r.conn.room)
	}
}

// strike lets a fault happen whose effect is the same in any phase; what the
// transaction loses by it the caller sees to.
func (r *Responder) strike(f *Fault) {
	switch f.Do {
	case Wait:
		r.rest(f.For)
	case Silent:
		r.hold = hold{kind: holdOff}
	case Dead:
		r.hold = hold{kind: holdDead}
	case Pull:
		r.away = time.Now().Add(f.For)
		r.pull()
	case Forget:
		r.closeSession()
	case Call:
		f.Call()
	case Stall, Drop, Answer, End, Garble, Length:
	}
}

// atCommand lets the faults happen that come with the command. over says that
// the command is lost by them.
func (r *Responder) atCommand(c *call) (over bool, err error) {
	for _, f := range c.faults {
		if f.Phase != AtCommand {
			continue
		}
		m := c.Message
		r.strike(f.Fault)
		switch f.Do {
		case Stall:
			r.lose()
			r.explain(m, f.Code)
			return true, mtp.ErrStalled
		case Drop, Silent, Dead:
			r.lose()
			return true, nil
		case Pull:
			return true, mtp.ErrDeviceGone
		case Answer:
			c.refused = f.Code
		default:
		}
	}
	return false, nil
}

// lose ends the transaction in hand without a response.
func (r *Responder) lose() {
	if r.call.sink != nil {
		r.call.sink.abort()
	}
	r.logBroken()
	r.idle()
}

// explain sends the response that may follow a stall.
func (r *Responder) explain(m mtp.Message, code mtp.RespCode) {
	if code != 0 {
		b, _ := mtp.NewMessage(mtp.ContainerResponse, code, m.TransactionID).AppendBinary(nil)
		r.out.push(segment{head: b})
	}
}

// ahead is the first fault that is still to come in the data phase from the
// initiator, with n more bytes of payload at hand, and how many of those it lets
// through; nil if there is none within them.
func (c *call) ahead(n int64, packet int) (*striking, int64) {
	var first *striking
	for i := range c.faults {
		f := &c.faults[i]
		if f.Phase == InData && !f.struck && c.got+n > f.Bytes && (first == nil || f.Bytes < first.Bytes) {
			first = f
		}
	}
	if first == nil {
		return nil, 0
	}
	let := max(0, first.Bytes-c.got)
	if first.Do != Pull {
		let = min(n, (let+int64(packet)-1)/int64(packet)*int64(packet))
		if n < int64(packet) { // the packet with the header
			let = n
		}
	}
	return first, let
}

// strikeData lets faults happen within payload p from the initiator. It gives
// how much of p was taken; over says that the transaction is lost.
func (r *Responder) strikeData(p []byte) (taken int64, over bool, err error) {
	c := &r.call
	f, let := c.ahead(int64(len(p)), r.packet)
	if f == nil {
		return 0, false, nil
	}
	f.struck = true
	c.accept(p[:let])
	m := c.Message
	r.strike(f.Fault)
	switch f.Do {
	case Stall:
		r.lose()
		r.explain(m, f.Code)
		return let, true, mtp.ErrStalled
	case Silent, Dead:
		r.lose()
		return let, true, nil
	case Pull:
		return let, true, mtp.ErrDeviceGone
	default:
		return let, false, nil
	}
}

// told is the length of payload that a fault has the data container say instead
// of size; false if there is none.
func (c *call) told(size int64) (length int64, told bool) {
	for _, f := range c.faults {
		if f.Phase == InData && f.Do == Length && (f.Bytes == 0 || f.Bytes < size) {
			length, told = f.Size, true
		}
	}
	return length, told
}

// cutData splits the data container s, which begins with header bytes that are
// no payload, at the faults of its phase and queues it. over says that no
// response follows.
func (r *Responder) cutData(c *call, s segment, header int64) (over bool) {
	faults := slices.DeleteFunc(slices.Clone(c.faults), func(f striking) bool { return f.Phase != InData || f.Do == Length })
	slices.SortStableFunc(faults, func(a, b striking) int { return cmp.Compare(a.Bytes, b.Bytes) })
	done := int64(0) // bytes of the container that are queued
	for _, f := range faults {
		keep := header + f.Bytes - done
		if f.Bytes > 0 && keep >= s.length() {
			continue
		}
		switch f.Do {
		case Garble:
			s.garble(keep)
			continue
		case End:
			s.truncate(keep)
			r.out.push(s)
			return false
		case Pull:
		default:
			keep = (done+keep)/int64(r.packet)*int64(r.packet) - done
		}
		first, rest := s.split(keep)
		if first.length() > 0 {
			first.broken = true
			r.out.push(first)
		}
		stop := segment{fault: f.Fault, of: c.Message}
		if f.Do == Stall || f.Do == Silent || f.Do == Dead || f.Do == Pull {
			// The first part is still to be read from the body, which is closed
			// as what stands behind it is dropped.
			stop.body = rest.body
			r.out.push(stop)
			return true
		}
		r.out.push(stop)
		s, done = rest, done+first.length()
	}
	r.out.push(s)
	return false
}

// cutResponse queues the response b with the faults of its phase; false if it
// doesn't get through.
func (r *Responder) cutResponse(c *call, b []byte, code mtp.RespCode) bool {
	for _, f := range c.faults {
		if f.Phase != AtResponse {
			continue
		}
		switch f.Do {
		case Drop:
			return false
		case Answer, Garble:
			continue
		}
		r.out.push(segment{fault: f.Fault, of: c.Message})
		if f.Do == Stall || f.Do == Silent || f.Do == Dead || f.Do == Pull {
			return false
		}
	}
	for _, f := range c.faults {
		if f.Phase == AtResponse && f.Do == Garble {
			for i := range b {
				b[i] = 0xAA
			}
		}
	}
	r.out.push(segment{head: b, sent: c.sent, answer: code})
	return true
}

// afterwards queues the faults that come after the response.
func (r *Responder) afterwards(c *call) {
	for _, f := range c.faults {
		if f.Phase == After {
			r.out.push(segment{fault: f.Fault, of: c.Message})
		}
	}
}

// answered is the response code after faults.
func (c *call) answered(code mtp.RespCode) mtp.RespCode {
	for _, f := range c.faults {
		if f.Phase == AtResponse && f.Do == Answer {
			code = f.Code
		}
	}
	return code
}

// reached lets a fault happen that stood in the queue of what is to be sent.
func (r *Responder) reached(s segment) {
	r.strike(s.fault)
	if s.fault.Do == Stall {
		r.stalled = true
		r.explain(s.of, s.fault.Code)
	}
}

// atCancel lets the faults of a cancellation happen. ignored says that the
// device takes no notice of it.
func (r *Responder) atCancel() (ignored bool, err error) {
	for _, f := range r.due(r.last, true) {
		if f.Do == Wait {
			r.busyUntil = time.Now().Add(f.For)
			continue
		}
		r.strike(f.Fault)
		switch f.Do {
		case Stall:
			return true, fmt.Errorf("cancellation: %w", mtp.ErrStalled)
		case Drop:
			ignored = true
		case Pull:
			return true, mtp.ErrDeviceGone
		default: // Dead shows by the request itself
		}
	}
	return ignored, nil
}
