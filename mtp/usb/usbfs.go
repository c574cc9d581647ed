//go:build linux

package usb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"cradle/mtp"

	"golang.org/x/sys/unix"
)

// usbfsTransport is an MTP interface claimed through usbfs, the kernel's own
// interface to USB: no libusb, no C.
type usbfsTransport struct {
	gate
	desc     DeviceDesc
	k        kernel
	flight   *inFlight
	reattach bool // a driver of the kernel's had the interface before
	in       inPipe
	out      outPipe
	event    *transfer
	ctrl     *transfer
}

// Sizes of transfers, of which the largest is on the flat part of the curve,
// and how many bytes of them are in flight.
const (
	sizeScattered  = 256 << 10 // the controller takes pieces of memory
	sizeContiguous = 64 << 10  // the kernel has to find one piece
	sizeOld        = 16 << 10  // the limit of old kernels
	bytesInFlight  = 512 << 10
)

// controlRoom is what a control transfer of ours may move, after its setup.
const controlRoom = 1024

// openUsbfs claims d's interface on an open node, which it closes on failure.
func openUsbfs(d DeviceDesc, k kernel) (*usbfsTransport, error) {
	t := &usbfsTransport{desc: d, k: k}
	i := d.iface
	// Ask again who has it: the state of the listing may be old.
	driver := driverOf(i.syspath)
	if err := k.claim(i.number); err != nil {
		k.close()
		if errors.Is(err, unix.EBUSY) {
			return nil, busyError(d, d.sys.holders(d.Node))
		}
		return nil, t.openFailed("claim the interface", err)
	}
	t.reattach = driver != "" && driver != "usbfs"
	size := sizeOld
	switch caps := k.capabilities(); {
	case caps&capScatterGather != 0:
		size = sizeScattered
	case caps&capNoPacketSizeLimit != 0:
		size = sizeContiguous
	}
	t.init()
	t.flight = newInFlight(k, t.closing)
	t.in = inPipe{f: t.flight, endpoint: i.in, packet: i.maxPacket, size: size, depth: bytesInFlight / size}
	t.out = outPipe{f: t.flight, endpoint: i.out, size: size, depth: bytesInFlight / size}
	var err error
	if t.event, err = newTransfer(urbInterrupt, i.event, max(1, 64/max(1, i.maxEvent))*i.maxEvent); err == nil {
		t.ctrl, err = newTransfer(urbControl, 0, 8+controlRoom)
	}
	if err != nil {
		_ = t.Close()
		return nil, t.openFailed("memory", err)
	}
	return t, nil
}

func (t *usbfsTransport) openFailed(what string, err error) error {
	if errors.Is(err, unix.ENODEV) || !t.desc.there() {
		return fmt.Errorf("%v: %s: %w", t.desc, what, mtp.ErrDeviceGone)
	}
	return fmt.Errorf("%v: %s: %w", t.desc, what, err)
}

func (t *usbfsTransport) Read(ctx context.Context, p []byte) (int, error) {
	if err := t.enter(); err != nil {
		return 0, err
	}
	defer t.leave()
	n, err := t.in.read(ctx, p)
	return n, t.failed(ctx, err, t.in.endpoint)
}

// ReadAhead is of [mtp.Pipeliner].
func (t *usbfsTransport) ReadAhead(n int64) {
	if err := t.enter(); err != nil {
		return
	}
	defer t.leave()
	t.in.readAhead(n)
}

// Expect is of [mtp.Pipeliner].
func (t *usbfsTransport) Expect(transfers, size int) {
	if err := t.enter(); err != nil {
		return
	}
	defer t.leave()
	t.in.expected, t.in.answer = transfers, size
}

func (t *usbfsTransport) Write(ctx context.Context, p []byte) error {
	if err := t.enter(); err != nil {
		return err
	}
	defer t.leave()
	err := t.out.write(ctx, p)
	if err == nil {
		t.in.expect()
		err = t.out.flush(ctx)
	}
	return t.failed(ctx, err, t.out.endpoint)
}

// Room is of [mtp.Roomer].
func (t *usbfsTransport) Room() []byte {
	if err := t.enter(); err != nil {
		return nil
	}
	defer t.leave()
	return t.out.room()
}

// WriteAhead is of [mtp.Pipeliner].
func (t *usbfsTransport) WriteAhead(ctx context.Context, p []byte) error {
	if err := t.enter(); err != nil {
		return err
	}
	defer t.leave()
	return t.failed(ctx, t.out.write(ctx, p), t.out.endpoint)
}

// Flush is of [mtp.Pipeliner].
func (t *usbfsTransport) Flush(ctx context.Context) error {
	if err := t.enter(); err != nil {
		return err
	}
	defer t.leave()
	return t.failed(ctx, t.out.flush(ctx), t.out.endpoint)
}

func (t *usbfsTransport) ReadEvent(ctx context.Context) ([]byte, error) {
	if err := t.enter(); err != nil {
		return nil, err
	}
	defer t.leave()
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	x := t.event
	err := t.flight.submit(x, len(x.buf))
	if err == nil {
		if werr := t.flight.waitForEvent(ctx, x); werr != nil {
			t.flight.recallEvent(x)
		}
		err = x.err()
		if got := x.received(); len(got) > 0 { // what came before a cancel is an event all the same
			return append([]byte(nil), got...), nil
		}
	}
	return nil, t.failed(ctx, err, x.endpoint)
}

func (t *usbfsTransport) Control(ctx context.Context, r mtp.ControlRequest) (int, error) {
	if err := t.enter(); err != nil {
		return 0, err
	}
	defer t.leave()
	if err := ctx.Err(); err != nil {
		return 0, context.Cause(ctx)
	}
	if len(r.Data) > controlRoom {
		return 0, fmt.Errorf("class request %#x: %d bytes, at most %d can be moved", uint8(r.Request), len(r.Data), controlRoom)
	}
	timeout := r.Timeout
	if timeout == 0 {
		timeout = time.Second
	}
	timed, cancel := context.WithTimeoutCause(ctx, timeout, mtp.ErrTimeout)
	defer cancel()
	x := t.ctrl
	setup := x.buf[:8:8]
	setup[0] = 0x21 // out, class, interface
	if r.In() {
		setup[0] = 0xA1
	} else {
		copy(x.buf[8:], r.Data)
	}
	setup[1], setup[2], setup[3] = uint8(r.Request), 0, 0
	setup[4], setup[5] = uint8(t.desc.iface.number), 0
	setup[6], setup[7] = uint8(len(r.Data)), uint8(len(r.Data)>>8)
	if err := t.flight.submit(x, 8+len(r.Data)); err != nil {
		return 0, t.failed(timed, err, 0)
	}
	if werr := t.flight.wait(timed, x); werr != nil {
		t.flight.recall(x)
	}
	n := max(0, min(int(x.actual), len(r.Data)))
	if r.In() {
		copy(r.Data, x.buf[8:8+n])
	}
	return n, t.failed(timed, x.err(), 0)
}

// failed turns the kernel's errors into those of the contract.
func (t *usbfsTransport) failed(ctx context.Context, err error, endpoint uint8) error {
	if err == nil || errors.Is(err, io.ErrShortWrite) {
		return err
	}
	ended := patience{ctx, t.closing}.ended()
	switch {
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ESHUTDOWN):
		return fmt.Errorf("%w: %w", err, mtp.ErrDeviceGone)
	case ended != nil && (isCancelled(err) || errors.Is(err, ended)):
		if !t.desc.there() {
			return fmt.Errorf("%w: %w", ended, mtp.ErrDeviceGone)
		}
		return fmt.Errorf("transfer called back: %w", ended)
	case errors.Is(err, unix.EPIPE):
		if endpoint != 0 {
			if cerr := t.k.clearHalt(endpoint); errors.Is(cerr, unix.ENODEV) {
				return fmt.Errorf("%w: %w", err, mtp.ErrDeviceGone)
			}
		}
		return mtp.ErrStalled
	case t.left():
		return fmt.Errorf("%w: %w", err, mtp.ErrDeviceGone)
	case errors.Is(err, unix.ENOMEM):
		return fmt.Errorf("usb transfer: %w: the programs that use USB have all that /sys/module/usbcore/parameters/usbfs_memory_mb allows; end one, or allow more", err)
	}
	return fmt.Errorf("usb transfer: %w", err)
}

// left reports whether the device leaves the bus: transfers fail some time
// before the kernel has noticed why.
func (t *usbfsTransport) left() bool {
	for range 10 {
		if !t.desc.there() {
			return true
		}
		time.Sleep(30 * time.Millisecond)
	}
	return false
}

func (t *usbfsTransport) MaxPacketSize() int { return t.desc.iface.maxPacket }

func (t *usbfsTransport) Close() error {
	t.close(func() {
		t.in.readAhead(0)
		t.flight.recall(t.out.queue...)
		// ENODEV and the like: there is nothing to give back.
		if err := t.k.release(t.desc.iface.number); err == nil && t.reattach {
			_ = t.k.connect(t.desc.iface.number)
		}
		t.flight.alarm.clear()
		t.k.close()
		t.in.free()
		t.out.free()
		for _, x := range []*transfer{t.event, t.ctrl} {
			if x != nil {
				x.free()
			}
		}
	})
	return nil
}
