package usbip

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"cradle/mtp"
)

// controlTimeout bounds a class request that doesn't say how long it may take.
const controlTimeout = time.Second

// Client is what the kernel's vhci-hcd is to a server, for tests without one: it
// imports the phone and is an [mtp.Transport] to it. One goroutine reads
// replies until Close.
type Client struct {
	c    net.Conn
	done chan struct{} // closed as the goroutine ends

	writing sync.Mutex

	mu      sync.Mutex
	seq     uint32
	waiting map[uint32]*URB
	broken  bool
}

// URB is a request that a [Client] has made.
type URB struct {
	seq    uint32
	in     bool
	answer chan Answer // closed when the connection ends
}

// Answer is how a URB ended: a status of the kernel's, 0 or a negative errno,
// and what the device sent.
type Answer struct {
	Status int32
	Data   []byte
	lost   bool // the connection ended
}

// Wait waits for the answer.
func (u *URB) Wait() Answer {
	a, ok := <-u.answer
	a.lost = !ok
	return a
}

// ErrBusy is a phone that another client has.
var ErrBusy = errors.New("usbip: another client has the phone")

// Attach imports the phone that the server at the other end of c exports. The
// connection is the client's then. While the phone is off the bus the error wraps
// [mtp.ErrDeviceGone], while another client has it it is [ErrBusy].
func Attach(c net.Conn) (*Client, error) {
	req := append(operation(opImport, 0), padded(busID, 32)...)
	if _, err := c.Write(req); err != nil {
		return nil, fmt.Errorf("usbip: import: %w", err)
	}
	var head [8]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, fmt.Errorf("usbip: import: %w", err)
	}
	be := binary.BigEndian
	switch status := be.Uint32(head[4:]); {
	case be.Uint16(head[2:]) != repImport:
		return nil, fmt.Errorf("usbip: import of %s: the answer is %#04x", busID, be.Uint16(head[2:]))
	case status == statusBusy:
		return nil, ErrBusy
	case status != statusAvailable:
		return nil, fmt.Errorf("usbip: import of %s: status %d: %w", busID, status, mtp.ErrDeviceGone)
	}
	var device [312]byte
	if _, err := io.ReadFull(c, device[:]); err != nil {
		return nil, fmt.Errorf("usbip: import: %w", err)
	}
	k := &Client{c: c, waiting: make(map[uint32]*URB), done: make(chan struct{})}
	go k.receive()
	return k, nil
}

func (k *Client) receive() {
	defer close(k.done)
	be := binary.BigEndian
	for {
		var h [48]byte
		_, err := io.ReadFull(k.c, h[:])
		k.mu.Lock()
		u := k.waiting[be.Uint32(h[4:])]
		if err != nil || u == nil {
			k.broken = true
			for _, u := range k.waiting {
				close(u.answer)
			}
			clear(k.waiting)
			k.mu.Unlock()
			return
		}
		delete(k.waiting, u.seq)
		k.mu.Unlock()
		a := Answer{Status: int32(be.Uint32(h[20:]))}
		if n := be.Uint32(h[24:]); u.in && be.Uint32(h[0:]) == retSubmit && n <= maxTransfer {
			a.Data = make([]byte, n)
			_, _ = io.ReadFull(k.c, a.Data) // a short read shows in the next header
		}
		u.answer <- a
	}
}

// send sends a header and data; fields are the words from the direction on.
func (k *Client) send(command uint32, in bool, fields []uint32, setup [8]byte, data []byte) (*URB, error) {
	u := &URB{in: in, answer: make(chan Answer, 1)}
	k.mu.Lock()
	if k.broken {
		k.mu.Unlock()
		return nil, mtp.ErrDeviceGone
	}
	k.seq++
	u.seq = k.seq
	k.waiting[u.seq] = u
	k.mu.Unlock()
	b := make([]byte, 48+len(data))
	be := binary.BigEndian
	be.PutUint32(b[0:], command)
	be.PutUint32(b[4:], u.seq)
	be.PutUint32(b[8:], busNum<<16|devNum)
	for i, f := range fields {
		be.PutUint32(b[12+4*i:], f)
	}
	copy(b[40:], setup[:])
	copy(b[48:], data)
	k.writing.Lock()
	defer k.writing.Unlock()
	if _, err := k.c.Write(b); err != nil {
		k.mu.Lock()
		delete(k.waiting, u.seq)
		k.mu.Unlock()
		return nil, mtp.ErrDeviceGone
	}
	return u, nil
}

// SubmitIn asks for size bytes of an IN endpoint, without waiting.
func (k *Client) SubmitIn(endpoint uint32, size int, flags uint32) (*URB, error) {
	return k.submit(endpoint, true, size, flags, [8]byte{}, nil)
}

func (k *Client) submit(endpoint uint32, in bool, size int, flags uint32, setup [8]byte, data []byte) (*URB, error) {
	direction := uint32(0)
	if in {
		direction = 1
	}
	return k.send(cmdSubmit, in, []uint32{direction, endpoint, flags, uint32(size)}, setup, data)
}

// Unlink takes a URB back and gives the status of the reply: ECONNRESET if it
// was taken back, 0 if it had been answered.
func (k *Client) Unlink(u *URB) int32 {
	r, err := k.send(cmdUnlink, false, []uint32{0, 0, u.seq}, [8]byte{}, nil)
	if err != nil {
		return 0
	}
	a := r.Wait()
	if a.Status == statusUnlinked {
		k.mu.Lock()
		delete(k.waiting, u.seq)
		k.mu.Unlock()
	}
	return a.Status
}

// Pending counts the URBs without an answer.
func (k *Client) Pending() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.waiting)
}

func (k *Client) do(ctx context.Context, endpoint uint32, in bool, size int, setup [8]byte, data []byte) ([]byte, error) {
	u, err := k.submit(endpoint, in, size, 0, setup, data)
	if err != nil {
		return nil, err
	}
	var a Answer
	var over error
	select {
	case got, ok := <-u.answer:
		a, a.lost = got, !ok
	case <-ctx.Done():
		over = context.Cause(ctx)
		if k.Unlink(u) == statusUnlinked {
			return nil, over
		}
		a = u.Wait() // it was answered just then
	}
	switch {
	case a.lost:
		return nil, mtp.ErrDeviceGone
	case a.Status == statusStall:
		return a.Data, mtp.ErrStalled
	case a.Status != statusOK:
		return a.Data, fmt.Errorf("usbip: status %d", a.Status)
	}
	return a.Data, over
}

// Write is one bulk OUT transfer.
func (k *Client) Write(ctx context.Context, p []byte) error {
	_, err := k.do(ctx, bulkOut, false, len(p), [8]byte{}, p)
	return err
}

// Read is one bulk IN transfer.
func (k *Client) Read(ctx context.Context, p []byte) (int, error) {
	b, err := k.do(ctx, bulkIn&0xF, true, len(p), [8]byte{}, nil)
	return copy(p, b), err
}

// ReadEvent waits for an event.
func (k *Client) ReadEvent(ctx context.Context) ([]byte, error) {
	return k.do(ctx, interrupt&0xF, true, 28, [8]byte{}, nil)
}

// Control makes a class request.
func (k *Client) Control(ctx context.Context, q mtp.ControlRequest) (int, error) {
	timeout := q.Timeout
	if timeout <= 0 {
		timeout = controlTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, mtp.ErrTimeout)
	defer cancel()
	kind := byte(0x21)
	if q.In() {
		kind = 0xA1
	}
	b, err := k.Request(ctx, kind, byte(q.Request), 0, 0, q.In(), q.Data)
	if q.In() {
		return copy(q.Data, b), err
	}
	return len(q.Data), err
}

// Request makes a control request; data is sent, or says how much to read.
func (k *Client) Request(ctx context.Context, kind, request byte, value, index uint16, in bool, data []byte) ([]byte, error) {
	setup := [8]byte{kind, request}
	binary.LittleEndian.PutUint16(setup[2:], value)
	binary.LittleEndian.PutUint16(setup[4:], index)
	binary.LittleEndian.PutUint16(setup[6:], uint16(len(data)))
	size := len(data)
	if in {
		data = nil
	}
	return k.do(ctx, 0, in, size, setup, data)
}

// MaxPacketSize of the bulk pipes.
func (k *Client) MaxPacketSize() int { return packetSize }

// Close ends the connection, which pulls the cable.
func (k *Client) Close() error {
	err := k.c.Close()
	<-k.done
	return err
}
