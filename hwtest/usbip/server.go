package usbip

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/responder"
)

// Bus numbers of the only device.
const (
	busID  = "1-1"
	busNum = 1
	devNum = 2
)

// USB/IP's operation codes and commands (Linux Documentation/usb/usbip_protocol).
const (
	version = 0x0111

	opImport  = 0x8003
	opDevlist = 0x8005
	repImport = 0x0003
	repList   = 0x0005

	cmdSubmit = 1
	cmdUnlink = 2
	retSubmit = 3
	retUnlink = 4

	speedHigh = 3
)

// Statuses of an import, as usbipd tells them.
const (
	statusAvailable = 0
	statusAway      = 1
	statusBusy      = 2
	statusNone      = 4
)

// URB transfer flags.
const (
	flagShortNotOK = 0x0001
	flagZeroPacket = 0x0040
)

// maxTransfer bounds the size of one URB, and maxPending and maxWaiting how many of
// them, with how many bytes, wait on an endpoint, which a phone that keeps still
// would otherwise let grow.
const (
	maxTransfer = 16 << 20
	maxPending  = 1024
	maxWaiting  = 64 << 20
)

// patience is how long a client may take to say what it wants, and handover how
// long one that wants the phone waits for the client that has it, which may just
// be leaving. maxClients bounds how many are heard at once.
const (
	patience   = 5 * time.Second
	handover   = time.Second
	maxClients = 64
)

// Serve exports the phone until ctx ends or the listener fails. One client at a
// time has it, and while it has, the cable is plugged in; others are told that
// it is busy, and what there is. log has the reason where a connection is
// dropped; nil: nobody is told. The listener is closed at the end.
func Serve(ctx context.Context, l net.Listener, phone *hwtest.Phone, id ID, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	var clients sync.WaitGroup
	defer func() {
		stop()
		_ = l.Close()
		cancel()
		clients.Wait()
	}()
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	plug, heard := make(chan struct{}, 1), make(chan struct{}, maxClients)
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("usbip: %w", err)
		}
		heard <- struct{}{}
		clients.Go(func() {
			defer func() { <-heard }()
			s := &server{phone: phone, id: id, c: c, plug: plug}
			end := context.AfterFunc(ctx, func() { _ = c.Close() })
			// A client that breaks off or talks nonsense is done with; the others
			// are served on.
			if err := s.serve(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				log.Info("USB/IP: a connection is dropped", "client", c.RemoteAddr(), "err", err)
			}
			end()
			_ = c.Close()
		})
	}
}

type server struct {
	phone *hwtest.Phone
	id    ID
	c     net.Conn
	plug  chan struct{} // holds a token while a client has the phone
}

func (s *server) serve(ctx context.Context) error {
	if err := s.c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	var head [8]byte
	if _, err := io.ReadFull(s.c, head[:]); err != nil {
		return fmt.Errorf("no request: %w", err)
	}
	if v := binary.BigEndian.Uint16(head[0:]); v != version {
		return fmt.Errorf("USB/IP version %#04x, only %#04x is spoken", v, version)
	}
	switch code := binary.BigEndian.Uint16(head[2:]); code {
	case opDevlist:
		b := operation(repList, statusAvailable)
		b = binary.BigEndian.AppendUint32(b, 1)
		b = append(s.describe(b), 6, 1, 1, 0)
		_, err := s.c.Write(b)
		return err
	case opImport:
		var want [32]byte
		if _, err := io.ReadFull(s.c, want[:]); err != nil {
			return fmt.Errorf("import: %w", err)
		}
		name, _, _ := bytes.Cut(want[:], []byte{0})
		return s.imported(ctx, string(name))
	default:
		return fmt.Errorf("operation %#04x is none", code)
	}
}

// imported answers a client that wants the device of that name, and carries its
// URBs if it gets it.
func (s *server) imported(ctx context.Context, name string) error {
	status := s.claim(ctx, name)
	if status == statusAvailable {
		defer func() { <-s.plug }()
	}
	if err := s.c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	b := operation(repImport, status)
	if status == statusAvailable {
		b = s.describe(b)
	}
	if _, err := s.c.Write(b); err != nil || status != statusAvailable {
		return err
	}
	if err := s.c.SetDeadline(time.Time{}); err != nil {
		return err
	}
	return s.attach(ctx)
}

// claim takes the phone for a client, if the status says so.
func (s *server) claim(ctx context.Context, name string) uint32 {
	if name != busID {
		return statusNone
	}
	wait := time.NewTimer(handover)
	defer wait.Stop()
	select {
	case s.plug <- struct{}{}:
	case <-wait.C:
		return statusBusy
	case <-ctx.Done():
		return statusAway
	}
	if s.phone.Away() {
		<-s.plug
		return statusAway
	}
	return statusAvailable
}

func operation(code uint16, status uint32) []byte {
	b := binary.BigEndian.AppendUint16(nil, version)
	b = binary.BigEndian.AppendUint16(b, code)
	return binary.BigEndian.AppendUint32(b, status)
}

// describe appends a struct usbip_usb_device.
func (s *server) describe(b []byte) []byte {
	be := binary.BigEndian
	b = append(b, padded("/sys/devices/cradle/"+busID, 256)...)
	b = append(b, padded(busID, 32)...)
	b = be.AppendUint32(b, busNum)
	b = be.AppendUint32(b, devNum)
	b = be.AppendUint32(b, speedHigh)
	b = be.AppendUint16(b, s.id.Vendor)
	b = be.AppendUint16(b, s.id.Product)
	b = be.AppendUint16(b, 0x0100)
	return append(b, 0, 0, 0, 1, 1, 1) // class, subclass, protocol, configuration, configurations, interfaces
}

func padded(s string, n int) []byte {
	b := make([]byte, n)
	copy(b, s)
	return b
}

// attach plugs the phone in and carries URBs until either side is gone.
func (s *server) attach(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	d := &device{phone: s.phone, id: s.id, conn: s.phone.Transport(), c: s.c}
	d.in = reading(func(ctx context.Context, p []byte) (int, error) { return d.conn.Read(ctx, p) })
	d.event = reading(func(ctx context.Context, p []byte) (int, error) {
		e, err := d.conn.ReadEvent(ctx)
		return copy(p, e), err
	})
	d.out = newPipe(d.write)
	d.ep0 = newPipe(d.request)
	var wait sync.WaitGroup
	for _, p := range d.pipes() {
		wait.Go(func() { d.run(ctx, p) })
	}
	wait.Go(func() { // a phone is pulled while nobody waits for it, too
		select {
		case <-d.conn.Gone():
			_ = s.c.Close()
		case <-ctx.Done():
		}
	})
	err := d.receive(ctx)
	s.phone.Pull()
	cancel()
	_ = d.conn.Close()
	_ = s.c.Close()
	wait.Wait()
	return err
}

// device is the phone on the bus of one client.
type device struct {
	phone *hwtest.Phone
	id    ID
	conn  *responder.Conn
	ep0   *pipe // control
	in    *pipe // bulk IN
	out   *pipe // bulk OUT
	event *pipe // interrupt IN

	replying sync.Mutex // from the end of a URB to its answer
	c        net.Conn
}

func (d *device) pipes() []*pipe { return []*pipe{d.ep0, d.in, d.out, d.event} }

// receive takes the client's commands.
func (d *device) receive(ctx context.Context) error {
	be := binary.BigEndian
	in := bufio.NewReaderSize(d.c, 16<<10) // a command's URBs come together
	for {
		var h [48]byte
		if _, err := io.ReadFull(in, h[:]); err != nil {
			return err
		}
		command, seq := be.Uint32(h[0:]), be.Uint32(h[4:])
		if id := be.Uint32(h[8:]); id != busNum<<16|devNum {
			return fmt.Errorf("a URB for device %#x, of bus 1 and device 2 (%#x) there is one alone", id, busNum<<16|devNum)
		}
		toHost, endpoint := be.Uint32(h[12:]) != 0, be.Uint32(h[16:])
		switch command {
		case cmdUnlink:
			if err := d.unlink(seq, be.Uint32(h[20:])); err != nil {
				return err
			}
			continue
		case cmdSubmit:
		default:
			return fmt.Errorf("command %d is none", command)
		}
		u := &urb{seq: seq, in: toHost, flags: be.Uint32(h[20:]), size: int(be.Uint32(h[24:])), setup: decodeSetup([8]byte(h[40:48]))}
		if u.size < 0 || u.size > maxTransfer {
			return fmt.Errorf("a URB of %d bytes on endpoint %d, the most is %d", be.Uint32(h[24:]), endpoint, maxTransfer)
		}
		if !toHost {
			u.data = make([]byte, u.size)
			if _, err := io.ReadFull(in, u.data); err != nil {
				return err
			}
		}
		var p *pipe
		switch {
		case endpoint == 0:
			p = d.ep0
		case endpoint == bulkOut && !toHost:
			p = d.out
		case endpoint == bulkIn&0xF && toHost:
			p = d.in
		case endpoint == interrupt&0xF && toHost:
			p = d.event
		default:
			d.replying.Lock()
			err := d.reply(retSubmit, seq, statusStall, 0, nil)
			d.replying.Unlock()
			if err != nil {
				return err
			}
			continue
		}
		if !p.submit(u) {
			return fmt.Errorf("too much waits on endpoint %d: up to %d URBs and %d bytes may", endpoint, maxPending, maxWaiting)
		}
	}
}

// request carries out a control request.
func (d *device) request(ctx context.Context, u *urb) (int, []byte, int32, error) {
	status, answer := d.control(ctx, u.setup, u.data)
	if ctx.Err() != nil {
		return 0, nil, 0, ctx.Err()
	}
	if !u.in {
		return len(u.data), nil, status, nil
	}
	return len(answer), answer, status, nil
}

// write hands a transfer to the phone.
func (d *device) write(ctx context.Context, u *urb) (int, []byte, int32, error) {
	err := d.conn.Write(ctx, u.data)
	if err == nil && u.flags&flagZeroPacket != 0 && len(u.data) > 0 && len(u.data)%packetSize == 0 {
		err = d.conn.Write(ctx, nil)
	}
	switch {
	case errors.Is(err, mtp.ErrStalled):
		return 0, nil, statusStall, nil
	case err != nil:
		return 0, nil, 0, err
	}
	return len(u.data), nil, statusOK, nil
}

// reply sends a struct usbip_header, and the data of an IN transfer. It needs replying.
func (d *device) reply(command, seq uint32, status int32, n int, data []byte) error {
	b := make([]byte, 0, 48)
	be := binary.BigEndian
	b = be.AppendUint32(b, command)
	b = be.AppendUint32(b, seq)
	b = append(b, make([]byte, 12)...) // device, direction and endpoint are 0 in replies
	b = be.AppendUint32(b, uint32(status))
	b = be.AppendUint32(b, uint32(n))
	b = append(b, make([]byte, 48-28)...)
	both := net.Buffers{b, data}
	_, err := both.WriteTo(d.c)
	return err
}
