package mtp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Options tune a [Session]. The zero Options are for a phone on USB.
type Options struct {
	// VendorID and ProductID are the USB device's, to look quirks up; 0 if not
	// known.
	VendorID, ProductID uint16
	// Quirks are added to what the table has for the device.
	Quirks Quirks
	// Recall, if it isn't nil, gives what earlier sessions have noticed of the
	// device, see [Session.Learned]. It is called once, by Open.
	Recall func(*DeviceInfo) Quirks
	// Timeout is how long the device may keep silent within a transaction;
	// 20 s if 0, or 60 s for devices known to need it.
	Timeout time.Duration
	// OpenTimeout is the same for each attempt to open the session; 5 s if 0.
	OpenTimeout time.Duration
	// Grace is how long a transaction may go on after its context has ended
	// before it is called off; 3 s if 0. Phones are prone to wedge when a
	// transaction is called off, so short ones are let finish.
	Grace time.Duration
	// Observe is called after each transaction by the goroutine that made it,
	// before the transaction's method returns. It must not use the session.
	Observe func(Transaction)
}

// Transaction is what [Options.Observe] is told of one.
type Transaction struct {
	Op       OpCode
	ID       TransactionID
	Params   []uint32
	BytesIn  int64 // payload of the data phase
	BytesOut int64
	Elapsed  time.Duration
	// Err is nil, an [*OpError], or why the transaction broke off.
	Err error
}

// Stats count what a session has moved. Bytes are payloads of data phases.
type Stats struct {
	Transactions  int64
	BytesIn       int64
	BytesOut      int64
	Events        int64
	EventsDropped int64 // nobody took them from the channel in time
}

// usualTimeout is how long a device may keep silent, longTimeout one that is known
// to be slow.
const (
	usualTimeout = 20 * time.Second
	longTimeout  = time.Minute
)

// transferSize is the size of bulk transfers: on the steep part of the curve
// below, and at its top here (243 MB/s against 54 with 16 KiB on xhci).
const transferSize = 256 << 10

// Session is an open MTP session. Its methods may be called by any goroutine;
// they take turns, since a device does one transaction at a time. The
// transport stays the caller's: Close ends the session and leaves the
// transport open.
type Session struct {
	t      Transport
	pipe   Pipeliner // t, if it is one
	rooms  Roomer    // t, if it is one
	opt    Options
	mps    int
	info   DeviceInfo
	quirks atomic.Uint32
	// learned are those of quirks that this session has noticed.
	learned atomic.Uint32

	turn    chan struct{} // holds one token: its taker owns the bulk pipes
	tx      TransactionID // of the last transaction
	inTx    bool          // an OpenSession has succeeded
	buf     []byte        // for transfers in both directions
	spare   chan []byte   // for large data phases
	rest    []byte        // of buf: what came in one transfer after the data
	timeout time.Duration
	clock   *clock // of the last transaction
	lost    atomic.Pointer[lostError]
	changed atomic.Int64 // when the last change was made, in Unix nanoseconds

	listing   atomic.Uint32 // listingMode: the verdict on this device's property lists
	allAtOnce atomic.Bool   // its lists of single properties are no good: a large folder's come all at once

	listed map[ObjectHandle]bool // folders asked for, under QuirkListFirst; needs mu
	mu     sync.Mutex

	events    chan Event
	stopEvent context.CancelFunc
	eventWait sync.WaitGroup

	stats struct{ transactions, in, out, events, dropped atomic.Int64 }
}

type lostError struct{ err error }

// Open opens a session: OpenSession with transaction 0, then GetDeviceInfo. A
// session that another program left open is closed and opened again; a device
// that is silent or out of step after a crashed program is drained, asked for
// its status and tried again. Errors: a device that refuses gives [*OpError],
// one that stays silent [ErrSessionLost].
//
// From here to Close a goroutine reads events, always: some responders hold
// still until somebody takes an event.
func Open(ctx context.Context, t Transport, opt Options) (*Session, error) {
	if opt.OpenTimeout == 0 {
		opt.OpenTimeout = 5 * time.Second
	}
	if opt.Grace == 0 {
		opt.Grace = 3 * time.Second
	}
	s := &Session{
		t:       t,
		opt:     opt,
		mps:     t.MaxPacketSize(),
		turn:    make(chan struct{}, 1),
		buf:     make([]byte, transferSize),
		timeout: opt.OpenTimeout,
		events:  make(chan Event, eventBacklog),
	}
	s.pipe, _ = t.(Pipeliner)
	s.rooms, _ = t.(Roomer)
	if s.mps < HeaderSize || transferSize%s.mps != 0 {
		return nil, fmt.Errorf("mtp: packets of %d bytes", s.mps)
	}
	s.quirks.Store(uint32(opt.Quirks | usbQuirks(opt.VendorID, opt.ProductID)))
	s.turn <- struct{}{}
	eventCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stopEvent = stop
	poll := s.Quirks().Has(QuirkEventPoll)
	s.eventWait.Go(func() { s.readEvents(eventCtx, poll) })
	if err := s.open(ctx); err != nil {
		s.stopEvents()
		s.stopClock()
		return nil, fmt.Errorf("open mtp session: %w", err)
	}
	return s, nil
}

func (s *Session) open(ctx context.Context) error {
	if err := s.openLadder(ctx); err != nil {
		return err
	}
	var err error
	if s.info, err = s.GetDeviceInfo(ctx); err != nil {
		return err
	}
	s.quirks.Or(uint32(deviceQuirks(s.opt.VendorID, s.opt.ProductID, &s.info)))
	if s.opt.Recall != nil {
		s.quirks.Or(uint32(s.opt.Recall(&s.info)))
	}
	s.timeout = s.opt.Timeout
	if s.timeout == 0 {
		s.timeout = usualTimeout
		if s.Quirks().Has(QuirkLongTimeout) {
			s.timeout = longTimeout
		}
	}
	return nil
}

// Close closes the session and stops reading events. The channel of Events is
// closed. A session that is lost is only taken down on this side. Close may be
// called twice.
func (s *Session) Close(ctx context.Context) error {
	var err error
	if s.lost.Load() == nil && !s.Quirks().Has(QuirkNoCloseSession) {
		// Also for a caller that was interrupted. Five seconds: a device that
		// can't even close has nothing to lose.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		s.settle()
		_, err = s.do(ctx, OpCloseSession, nil, dataOut{}, nil)
		cancel()
		if errors.Is(err, SessionNotOpen) || errors.Is(err, ErrClosed) {
			err = nil
		}
	}
	s.lost.CompareAndSwap(nil, &lostError{ErrClosed})
	s.stopEvents()
	s.stopClock()
	return err
}

// settleTime is how long after a change a session stays open, under [QuirkSettleClose].
const settleTime = 100 * time.Millisecond

// settle waits until the device has taken note of the last change.
func (s *Session) settle() {
	if left := time.Until(time.Unix(0, s.changed.Load()).Add(settleTime)); left > 0 && s.Quirks().Has(QuirkSettleClose) {
		time.Sleep(left)
	}
}

// Info is what GetDeviceInfo gave when the session was opened.
func (s *Session) Info() *DeviceInfo { return &s.info }

// Quirks are the device's deviations, those that the table knows and those that
// the session has noticed itself.
func (s *Session) Quirks() Quirks { return Quirks(s.quirks.Load()) }

// Learned are the quirks that this session has noticed itself, beyond the table
// and what it was told. The same model with the same firmware will have them
// again; [Options.Recall] takes them.
func (s *Session) Learned() Quirks { return Quirks(s.learned.Load()) }

// learn takes note of a quirk.
func (s *Session) learn(q Quirks) {
	if old := Quirks(s.quirks.Or(uint32(q))); !old.Has(q) {
		s.learned.Or(uint32(q &^ old))
	}
}

// Supports reports whether the device advertises an operation.
func (s *Session) Supports(op OpCode) bool { return s.info.Supports(op) }

// Err is nil while the session can be used, else why not.
func (s *Session) Err() error {
	if l := s.lost.Load(); l != nil {
		return l.err
	}
	return nil
}

// Stats gives the counts so far. It may be called at any time.
func (s *Session) Stats() Stats {
	return Stats{
		Transactions:  s.stats.transactions.Load(),
		BytesIn:       s.stats.in.Load(),
		BytesOut:      s.stats.out.Load(),
		Events:        s.stats.events.Load(),
		EventsDropped: s.stats.dropped.Load(),
	}
}

// lose marks the session as lost and gives the error for it.
func (s *Session) lose(cause error) error {
	err := cause
	if !errors.Is(err, ErrSessionLost) {
		err = fmt.Errorf("%w: %w", ErrSessionLost, cause)
	}
	s.lost.CompareAndSwap(nil, &lostError{err})
	return err
}
