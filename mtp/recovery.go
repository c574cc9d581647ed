package mtp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// quiet is how long the IN pipe must be silent to count as drained. A phone
// that has heard of the cancellation sends its response well within.
const quiet = 300 * time.Millisecond

// openLadder opens the session, with what has been seen to help against what
// other programs leave behind: reopen a session that is still open, drain the
// IN pipe and ask for the status when the device is out of step or silent, and
// wait a little in between. A USB reset is no rung: it drops ADB and makes some
// phones leave MTP mode.
func (s *Session) openLadder(ctx context.Context) error {
	const tries = 4
	pause := 250 * time.Millisecond
	var err error
	for try := range tries {
		if try > 0 {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			pause *= 2
		}
		_, err = s.do(ctx, OpOpenSession, []uint32{1}, dataOut{}, nil)
		switch {
		case err == nil:
			s.inTx, s.tx = true, 0
			return nil
		case errors.Is(err, SessionAlreadyOpen):
			// The device knows which transaction was last, we don't; ids that
			// skip are accepted by all devices tried.
			s.inTx = true
			info, ierr := s.GetDeviceInfo(ctx)
			if ierr == nil && (s.Quirks() | deviceQuirks(s.opt.VendorID, s.opt.ProductID, &info)).Has(QuirkNoCloseSession) {
				return nil // left open by the last Close, for good reason
			}
			// Else, ours or not, it ends here: its handles are of no use to us.
			_, cerr := s.do(ctx, OpCloseSession, nil, dataOut{}, nil)
			s.inTx = false
			if cerr != nil && !errors.Is(cerr, SessionNotOpen) {
				err = cerr
			} else {
				pause = 0
			}
		case errors.Is(err, DeviceBusy):
		case s.Err() != nil, ctx.Err() != nil, IsRefusal(err):
			return err
		case errors.Is(err, errEaten):
			// In step again; calling off what has ended makes umtprd drop off
			// the bus.
			drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			derr := s.drain(drain)
			cancel()
			if derr != nil {
				return s.lose(derr)
			}
			pause = 0
		default:
			if cerr := s.callOff(0); errors.Is(cerr, ErrDeviceGone) || errors.Is(cerr, ErrTransportClosed) {
				return s.lose(cerr)
			}
		}
		if s.Err() != nil {
			return err
		}
		pause = max(pause, time.Millisecond)
	}
	if IsRefusal(err) {
		return err
	}
	return s.lose(fmt.Errorf("no answer after %d tries: %w", tries, err))
}

// callOff cancels a transaction (PIMA 15740 USB §5.2.1): class request, drain
// the IN pipe, poll the status until the device isn't busy, drain again. It has
// its own time, whatever became of the caller's context. nil says that the
// device is ready for the next transaction.
func (s *Session) callOff(id TransactionID) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var data [6]byte
	binary.LittleEndian.PutUint16(data[:], uint16(EventCancelTransaction))
	binary.LittleEndian.PutUint32(data[2:], uint32(id))
	// A device without the request stalls it; draining alone may do then.
	_, err := s.t.Control(ctx, ControlRequest{Request: RequestCancel, Data: data[:]})
	if gone(err) {
		return err
	}
	for try := 1; ; try++ {
		if err := s.drain(ctx); err != nil {
			return err
		}
		if err := s.awaitReady(ctx); err != nil {
			return err
		}
		if !s.inTx {
			return nil
		}
		// The proof is a transaction that works. The id is a fresh one, so a late
		// response to the old one is told apart. A device that took no notice of
		// the request goes on with its body just now.
		err := s.probe(ctx)
		if try == 3 || !errors.Is(err, errProtocol) {
			return err
		}
	}
}

func gone(err error) bool {
	return errors.Is(err, ErrDeviceGone) || errors.Is(err, ErrTransportClosed)
}

// drain reads the IN pipe until it is quiet.
func (s *Session) drain(ctx context.Context) error {
	s.rest = nil
	for {
		one, cancel := context.WithTimeout(ctx, quiet)
		n, err := s.t.Read(one, s.buf)
		silent := one.Err() != nil
		cancel()
		switch {
		case gone(err):
			return err
		case ctx.Err() != nil:
			return fmt.Errorf("drain: %w", ErrTimeout)
		case errors.Is(err, ErrStalled):
			continue // the transport cleared the halt
		case err != nil && silent && n == 0:
			return nil
		case err != nil && !silent:
			return fmt.Errorf("drain: %w", err)
		}
	}
}

// awaitReady polls GetDeviceStatus while the device says that it is busy.
func (s *Session) awaitReady(ctx context.Context) error {
	for {
		var data [64]byte
		n, err := s.t.Control(ctx, ControlRequest{Request: RequestStatus, Data: data[:]})
		if gone(err) {
			return err
		}
		// No such request, or nonsense, isn't busy: the probe will tell.
		busy := err == nil && n >= 4 && RespCode(binary.LittleEndian.Uint16(data[2:])) == DeviceBusy
		if !busy {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("device stays busy: %w", ErrTimeout)
		}
	}
}

// probe makes a harmless transaction by hand, without the recovery that run
// has.
func (s *Session) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 5*time.Second, ErrTimeout)
	defer cancel()
	x := &txn{caller: ctx, ctx: ctx, wait: 5 * time.Second, op: OpGetDeviceInfo, id: s.nextID(OpGetDeviceInfo)}
	_, err := s.phases(x, nil, dataOut{}, nil)
	s.stats.transactions.Add(1)
	return err
}
