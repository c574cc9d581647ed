package mtp

import (
	"context"
	"errors"
	"time"
)

// Transport moves bytes to and from one MTP interface and knows nothing of
// containers. It is the initiator's end of a USB device, of a virtual phone in
// the same process, or of a wrapper that traces, records or breaks another one.
//
// # Transfers, packets and zero-length packets
//
// Transfers are made of packets of MaxPacketSize bytes; a packet that is
// shorter (a short packet) ends a transfer, and one of 0 bytes (a ZLP) is the
// shortest.
//
// Write sends p as one OUT transfer: full packets, then a short one if len(p)
// isn't a multiple of MaxPacketSize. It never adds a ZLP; Write of an empty
// slice sends exactly one ZLP. So a container in several Writes is one
// container as long as all but the last are multiples of MaxPacketSize.
//
// Read receives one IN transfer into p, whose length is a multiple of
// MaxPacketSize: it returns as soon as a short packet has come or p is full,
// whichever is first. A packet never spans two Reads. n == 0 with a nil error
// is a ZLP. What comes after the end of p stays for the next Read, so a
// transfer that fills p exactly may or may not be followed by a ZLP.
//
// # Goroutines and contexts
//
// Read, Write and Control are called by one goroutine at a time. ReadEvent is
// called by one other goroutine at the same time, and Close by any: it makes
// pending calls return, and later ones, with an error that wraps
// [ErrDeviceGone] or [ErrTransportClosed].
//
// When ctx ends a call returns soon with an error that wraps context.Cause(ctx).
// Bytes may have been moved by then; Read returns how many with the error, and
// they are in p.
//
// # Errors
//
// [ErrDeviceGone]: the cable was pulled; every later call says so again.
// [ErrStalled]: the device stalled the pipe; the transport has cleared the
// halt on that pipe before it returns, so that the next call starts afresh.
// [io.ErrShortWrite]: the device took only part of a Write; emulated ones do so
// when they refuse an operation. Any other error is taken as a broken session, not as a lost device.
type Transport interface {
	Write(ctx context.Context, p []byte) error
	Read(ctx context.Context, p []byte) (n int, err error)
	// ReadEvent waits for one transfer from the interrupt pipe. It returns a
	// slice that is the caller's. A transport whose device has no interrupt
	// pipe waits until ctx ends.
	ReadEvent(ctx context.Context) ([]byte, error)
	// Control makes a class request to the interface and returns the bytes
	// moved in its data stage.
	Control(ctx context.Context, r ControlRequest) (n int, err error)
	// MaxPacketSize of the bulk pipes: 64, 512 or 1024.
	MaxPacketSize() int
	// Close ends pending calls, waits for them and releases the interface. It
	// is safe to call twice.
	Close() error
}

// Pipeliner is a Transport that keeps several bulk transfers in flight. A
// large data phase needs that: with one at a time the bus stands still while a file
// is read or written. So does a listing object by object: it takes as long as the device
// and we wait for each other. Its methods are called by the goroutine that reads and
// writes. A [Session] uses them where they are; a Transport needn't have them.
type Pipeliner interface {
	Transport
	// ReadAhead says that n more bytes of a container follow, in packets that
	// are full but for the last. The transport keeps transfers for them in
	// flight and no more than for them; Read hands out what they bring, in
	// order. What the device sends instead, because n was wrong, isn't lost:
	// Read hands it out too. ReadAhead(0) calls back what is in flight.
	ReadAhead(n int64)
	// Expect says that the device answers the next Write, a command, by up to so many
	// transfers of no more than size bytes each: reads for them are in flight right after
	// it, not before, for QEMU's phone never comes back to a read that it had nothing for.
	// Read hands out what they bring, as after ReadAhead, whose 0 calls back the others.
	Expect(transfers, size int)
	// WriteAhead is a Write that returns as soon as p isn't needed any more,
	// in general before the device has it. Its error may be that of an earlier
	// one; then all that was in flight has been called back.
	WriteAhead(ctx context.Context, p []byte) error
	// Flush waits until the device has all of what WriteAhead took. If ctx has
	// ended, or ends, the rest is called back.
	Flush(ctx context.Context) error
}

// Roomer is a Pipeliner that lends the memory of transfers, so that what is read from a file
// isn't copied once more.
type Roomer interface {
	Pipeliner
	// Room gives memory for the next Write or WriteAhead: what that gets of it, from its
	// beginning, is sent out of it. It is the caller's until then or until Flush, also if
	// the transport is closed meanwhile. nil: there is none.
	Room() []byte
}

var (
	// ErrDeviceGone says that the phone isn't on the cable any more. Nothing
	// more can be done with the transport.
	ErrDeviceGone = errors.New("phone is gone")
	// ErrStalled says that the device halted a pipe.
	ErrStalled = errors.New("pipe stalled")
	// ErrTransportClosed is what calls give after Close.
	ErrTransportClosed = errors.New("transport is closed")
)

// ClassRequest is a request of the still image class (PIMA 15740 USB §5.2).
type ClassRequest uint8

// Class requests.
const (
	// RequestCancel carries 6 bytes out: UINT16 0x4001, UINT32 transaction.
	RequestCancel ClassRequest = 0x64
	// RequestExtendedEvent reads an event's data that the interrupt pipe is too
	// narrow for.
	RequestExtendedEvent ClassRequest = 0x65
	// RequestReset aborts everything and closes the session. A Pixel needs to
	// be replugged after it.
	RequestReset ClassRequest = 0x66
	// RequestStatus reads UINT16 length, UINT16 response code and then the
	// addresses of stalled pipes as UINT32.
	RequestStatus ClassRequest = 0x67
)

// ControlRequest is a class request on the control pipe. wValue is 0 and
// wIndex the interface; bmRequestType is 0xA1 if In, else 0x21.
type ControlRequest struct {
	Request ClassRequest
	// Data is what to send, or for a request that reads, where to put it; its
	// length is wLength.
	Data []byte
	// Timeout bounds the request; 0 means a second.
	Timeout time.Duration
}

// In reports whether the data stage goes from the device to us.
func (r ControlRequest) In() bool {
	return r.Request == RequestExtendedEvent || r.Request == RequestStatus
}
