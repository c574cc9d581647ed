package mtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// drainable is how much more of a data phase is moved for a caller that has
// gone away, rather than calling the transaction off: that is the riskier way.
const drainable = 1 << 20

// txn is the transaction under way.
type txn struct {
	caller context.Context // ends: finish soon, or call it off
	ctx    context.Context // for transfers: ends on silence, and some time after caller
	clock  *clock          // of ctx; nil: ctx has an end of its own
	wait   time.Duration
	op     OpCode
	id     TransactionID

	since   time.Time     // of the transfer under way
	silence time.Duration // the longest before one that ended

	bytesIn, bytesOut int64
	start             time.Time
	callers           time.Duration // of it, in the caller's Reader or Writer
	aside             *aside        // writes to the caller's Writer meanwhile, in a large data phase
	sinkErr           error         // the caller's Writer; the data phase goes on
	zlpRefused        bool          // the device would not take the ZLP after the data
}

// alive starts the clock for the next transfer.
func (x *txn) alive() {
	x.heard()
	if x.clock != nil {
		x.clock.allow(x.since, x.wait)
	}
}

// pause stops the clock: it is the caller's Reader or Writer that takes its time.
func (x *txn) pause() {
	if x.clock != nil {
		x.clock.pause()
	}
	x.heard()
	x.since = time.Time{}
}

// heard takes note of how long the device was silent.
func (x *txn) heard() {
	now := time.Now()
	if !x.since.IsZero() {
		x.silence = max(x.silence, now.Sub(x.since))
	}
	x.since = now
}

// phaseError says in which phase a transfer broke off.
type phaseError struct {
	phase string
	err   error
}

func (e *phaseError) Error() string { return e.phase + " phase: " + e.err.Error() }
func (e *phaseError) Unwrap() error { return e.err }

// errProtocol says that what came is no container, or not one that belongs
// here.
var errProtocol = errors.New("device is out of step")

// errEaten says that the device answered an older transaction: it took our
// command for the rest of the data of a program that was killed.
var errEaten = errors.New("device was in the middle of another program's transaction")

// do runs one transaction: the command, out if it has a source, what the device
// sends into in, and the response. in may be nil; data is then dropped. A
// response other than OK comes as *OpError. A device that says it is busy is
// asked again, a few times and with growing pauses.
func (s *Session) do(ctx context.Context, op OpCode, params []uint32, out dataOut, in io.Writer) (Message, error) {
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		m, err := s.once(ctx, op, params, out, in)
		// A Reader can't be read again; SendObject belongs to the operation
		// before it, which is void now; OpenSession has a ladder of its own.
		again := out.r == nil && op != OpSendObject && op != OpOpenSession
		if !again || pause > time.Second || !errors.Is(err, DeviceBusy) {
			return m, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return m, err
		}
	}
}

// once is do without patience.
func (s *Session) once(ctx context.Context, op OpCode, params []uint32, out dataOut, in io.Writer) (Message, error) {
	if err := ctx.Err(); err != nil {
		return Message{}, fmt.Errorf("%v: %w", op, context.Cause(ctx))
	}
	select {
	case <-s.turn:
	case <-ctx.Done():
		return Message{}, fmt.Errorf("%v: %w", op, context.Cause(ctx))
	}
	defer func() {
		s.turn <- struct{}{}
		if s.Err() != nil {
			s.stopClock()
		}
	}()
	if err := s.Err(); err != nil {
		return Message{}, fmt.Errorf("%v: %w", op, err)
	}
	return s.run(ctx, op, s.nextID(op), params, out, in)
}

// changesObjects reports whether an operation may change what the device stores.
func (op OpCode) changesObjects() bool {
	switch op {
	case OpDeleteObject, OpSendObjectInfo, OpSendObject, OpSendObjectPropList, OpFormatStore, OpMoveObject, OpCopyObject,
		OpSendPartialObject, OpTruncateObject, OpEndEditObject, OpSetObjectPropValue, OpSetObjectPropList, OpUpdateObjectPropList:
		return true
	}
	return false
}

// stopClock has nobody look after the last caller any more. Who has the turn does so
// when it is over.
func (s *Session) stopClock() {
	select {
	case <-s.turn:
		s.clock.stop()
		s.turn <- struct{}{}
	default:
	}
}

// nextID counts from 1 to 0xFFFFFFFE; OpenSession, and what comes before it,
// has 0.
func (s *Session) nextID(op OpCode) TransactionID {
	if op == OpOpenSession || !s.inTx {
		return 0
	}
	if s.tx++; s.tx == 0xFFFFFFFF {
		s.tx = 1
	}
	return s.tx
}

// run is do for a caller that has the turn.
func (s *Session) run(caller context.Context, op OpCode, id TransactionID, params []uint32, out dataOut, in io.Writer) (Message, error) {
	start := time.Now()
	if !s.clock.serves(caller) {
		s.clock.stop()
		s.clock = newClock(caller, s.opt.Grace)
	}
	c := s.clock
	x := &txn{caller: caller, ctx: c.ctx, clock: c, wait: s.timeout, op: op, id: id, start: start}
	whole := false
	defer func() {
		if !whole { // the caller's Reader or Writer has panicked, and that goes on
			c.stop()
			_ = s.broken(x, errEnded, nil)
		}
	}()
	resp, err := s.phases(x, params, out, in)
	whole = true
	if op.changesObjects() {
		s.changed.Store(time.Now().UnixNano())
	}
	c.pause()
	x.heard()
	if err == nil && x.silence > usualTimeout && s.opt.Timeout == 0 {
		s.learn(QuirkLongTimeout) // it was worth waiting
	}
	cause := context.Cause(c.ctx)
	if err != nil {
		c.stop()
	}

	switch {
	case err != nil:
		err = fmt.Errorf("%v: %w", op, s.broken(x, err, cause))
		if s.inTx && errors.Is(err, ErrTimeout) && s.Err() == nil {
			s.moreTime()
		}
	case RespCode(resp.Code) != OK:
		e := &OpError{Op: op, Params: params, Code: RespCode(resp.Code)}
		e.RespParams = append(e.RespParams, resp.Params[:resp.N]...)
		err = e
		if e.Code == SessionNotOpen && s.inTx && op != OpCloseSession {
			err = s.lose(e) // the device has closed it by itself
		}
	case x.zlpRefused:
		// It has all of the data all the same: from now on without.
		s.learn(QuirkNoOutZLP)
	case x.sinkErr != nil:
		err = fmt.Errorf("%v: %w", op, x.sinkErr)
	}
	s.stats.transactions.Add(1)
	s.stats.in.Add(x.bytesIn)
	s.stats.out.Add(x.bytesOut)
	if s.opt.Observe != nil {
		s.opt.Observe(Transaction{
			Op: op, ID: id, Params: params, BytesIn: x.bytesIn, BytesOut: x.bytesOut,
			Elapsed: time.Since(start), Err: err,
		})
	}
	return resp, err
}

// moreTime gives a device that was too slow, and lives, as much time as any gets;
// whether it needs that shows then.
func (s *Session) moreTime() {
	if s.opt.Timeout == 0 && s.timeout < longTimeout {
		s.timeout = longTimeout
	}
}

// phases moves the containers of one transaction.
func (s *Session) phases(x *txn, params []uint32, out dataOut, in io.Writer) (Message, error) {
	s.rest = nil
	cmd := NewMessage(ContainerCommand, x.op, x.id, params...)
	p, _ := cmd.AppendBinary(s.buf[:0])
	x.alive()
	if x.op == OpOpenSession {
		// A device with a body in its IN pipe that nobody reads doesn't take a
		// command. One that is well takes 16 bytes at once.
		x.clock.allow(x.since, min(x.wait, time.Second))
	}
	// Before a session is open a device may have other things to say.
	if s.pipe != nil && s.inTx && !out.given {
		answers := 1
		if in != nil {
			answers = 2
		}
		s.pipe.Expect(answers, firstTransfer)
		defer s.pipe.ReadAhead(0)
	}
	if err := s.t.Write(x.ctx, p); err != nil {
		return Message{}, &phaseError{"command", err}
	}
	if out.given {
		switch err := s.sendData(x, out); {
		case errors.Is(err, ErrStalled), errors.Is(err, io.ErrShortWrite):
			// The device has no use for the rest; its response says why, at once
			// if at all.
			x.wait = min(x.wait, 5*time.Second)
			resp, rerr := s.receive(x, in)
			if rerr == nil && RespCode(resp.Code) != OK {
				return resp, nil //nolint:nilerr // the refusal explains the data phase that was cut short
			}
			return Message{}, &phaseError{"data out", err}
		case err != nil:
			return Message{}, &phaseError{"data out", err}
		}
	}
	return s.receive(x, in)
}

// broken decides what becomes of the session after a transaction that did not
// get to its response, and gives the error.
//
// cause is why the transfers were ended from this side, nil if they weren't.
func (s *Session) broken(x *txn, err, cause error) error {
	if cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w (%w)", err, cause)
	}
	if errors.Is(err, ErrDeviceGone) || errors.Is(err, ErrTransportClosed) {
		return s.lose(err)
	}
	if !s.inTx {
		return err // the ladder of Open has its own way
	}
	if rerr := s.callOff(x.id); rerr != nil {
		return s.lose(fmt.Errorf("%w; calling it off: %w", err, rerr))
	}
	return err
}
