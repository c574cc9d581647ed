//go:build linux && cgo && !nousb

package usb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"cradle/mtp"

	"github.com/google/gousb"
)

// libusb is the one libusb context of the process: every further one costs an
// event thread and memory that doesn't come back.
var libusb = sync.OnceValues(func() (ctx *gousb.Context, err error) {
	defer func() {
		if r := recover(); r != nil { // gousb panics when libusb can't start
			ctx, err = nil, fmt.Errorf("libusb doesn't start: %v: %w", r, ErrNoUSB)
		}
	}()
	return gousb.NewContext(), nil
})

// gousbTransport is an MTP interface claimed through libusb.
type gousbTransport struct {
	gate
	desc  DeviceDesc
	dev   *gousb.Device
	cfg   *gousb.Config
	intf  *gousb.Interface
	in    gousbIn
	out   gousbOut
	event *gousb.InEndpoint
}

// openGousb opens d through libusb.
func openGousb(d DeviceDesc) (mtp.Transport, error) {
	dev, err := openDevice(d)
	if err != nil {
		return nil, err
	}
	t := &gousbTransport{desc: d, dev: dev}
	if err := t.claim(); err != nil {
		t.release()
		return nil, err
	}
	t.init()
	return t, nil
}

// checkGousb reports whether libusb starts.
func checkGousb() error {
	_, err := libusb()
	return err
}

// openDevice opens the device that was listed. libusb keeps a list of its own
// from the kernel's messages, which can lag behind sysfs, so a device that is
// there and not in that list is looked for again.
func openDevice(d DeviceDesc) (*gousb.Device, error) {
	for try := 1; ; try++ {
		dev, err := openListed(d)
		if try == 30 || !errors.Is(err, errNotListed) || !d.there() {
			return dev, err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// errNotListed says that libusb doesn't know the device. Once it is final it
// means the same as gone.
var errNotListed = fmt.Errorf("not in libusb's list: %w", mtp.ErrDeviceGone)

func openListed(d DeviceDesc) (*gousb.Device, error) {
	ctx, err := libusb()
	if err != nil {
		return nil, &OpenError{Device: d, What: "USB doesn't work", Why: err.Error(), Next: "check that /dev/bus/usb exists", Err: err}
	}
	devs, err := ctx.OpenDevices(func(desc *gousb.DeviceDesc) bool {
		return desc.Bus == d.Bus && desc.Address == d.Address
	})
	switch {
	case len(devs) > 0:
		return devs[0], nil // an error is some other device's
	case errors.Is(err, gousb.ErrorAccess):
		return nil, permissionError(d, d.Node+": access denied")
	case !d.there():
		return nil, fmt.Errorf("%v: open: %w", d, mtp.ErrDeviceGone)
	case err == nil:
		return nil, fmt.Errorf("%v: open: %w", d, errNotListed)
	}
	return nil, fmt.Errorf("%v: open: %w", d, err)
}

// claim takes the interface and its three pipes.
func (t *gousbTransport) claim() error {
	d, i := t.desc, t.desc.iface
	var err error
	if t.cfg, err = t.dev.Config(i.config); err != nil {
		return t.openFailed("configuration", err)
	}
	spread(&t.cfg.Desc)
	// Ask again who has it: the state of the listing may be old.
	if driver := driverOf(i.syspath); driver != "" && driver != "usbfs" {
		if err := detach(d.Node, i.number); err != nil {
			return t.openFailed("take the "+driver+" driver off the interface", err)
		}
	}
	if t.intf, err = t.cfg.Interface(i.number, i.alternate); err != nil {
		// gousb formats libusb's error with %v, so it can't be asked which one
		// it is; the kernel can.
		if driverOf(i.syspath) == "usbfs" {
			return busyError(d, d.sys.holders(d.Node))
		}
		return t.openFailed("claim the interface", err)
	}
	in, err := t.intf.InEndpoint(int(i.in & 0x0F))
	if err != nil {
		return t.openFailed("in", err)
	}
	out, err := t.intf.OutEndpoint(int(i.out & 0x0F))
	if err != nil {
		return t.openFailed("out", err)
	}
	t.in = gousbIn{size: streamSize, depth: streamDepth, plain: in.ReadContext,
		open: func(size, count int) (readStream, error) { return in.NewStream(size, count) }}
	t.out = gousbOut{size: streamSize, depth: streamDepth,
		plain: func(ctx context.Context, p []byte) error {
			n, err := out.WriteContext(ctx, p)
			if err == nil && n < len(p) {
				err = fmt.Errorf("%d of %d bytes: %w", n, len(p), io.ErrShortWrite)
			}
			return err
		},
		open: func(size, count int) (writeStream, error) { return out.NewStream(size, count) }}
	if t.event, err = t.intf.InEndpoint(int(i.event & 0x0F)); err != nil {
		return t.openFailed("events", err)
	}
	return nil
}

func (t *gousbTransport) openFailed(what string, err error) error {
	if !t.desc.there() {
		return fmt.Errorf("%v: %s: %w", t.desc, what, mtp.ErrDeviceGone)
	}
	return fmt.Errorf("%v: %s: %w", t.desc, what, err)
}

// spread puts each interface at the index of its number, with gaps filled by
// interfaces of no number: gousb v1.1.3 finds an interface by its number and
// then indexes with it, which panics on phones whose numbers have gaps.
func spread(c *gousb.ConfigDesc) {
	size := 0
	for _, i := range c.Interfaces {
		size = max(size, i.Number+1)
	}
	all := make([]gousb.InterfaceDesc, size)
	for n := range all {
		all[n].Number = -1
	}
	for _, i := range c.Interfaces {
		all[i.Number] = i
	}
	c.Interfaces = all
}

func (t *gousbTransport) Write(ctx context.Context, p []byte) error {
	ctx, end, err := t.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	return t.failed(ctx, t.out.write(ctx, p), t.desc.iface.out)
}

// Expect is of [mtp.Pipeliner]: libusb has one transfer here that can be read without losing
// what it holds, and that isn't submitted before it is read.
func (t *gousbTransport) Expect(int, int) {}

// WriteAhead is of [mtp.Pipeliner].
func (t *gousbTransport) WriteAhead(ctx context.Context, p []byte) error {
	ctx, end, err := t.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	return t.failed(ctx, t.out.writeAhead(ctx, p), t.desc.iface.out)
}

// Flush is of [mtp.Pipeliner].
func (t *gousbTransport) Flush(ctx context.Context) error {
	ctx, end, err := t.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	return t.failed(ctx, t.out.flush(ctx), t.desc.iface.out)
}

func (t *gousbTransport) Read(ctx context.Context, p []byte) (int, error) {
	ctx, end, err := t.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	n, err := t.in.read(ctx, p)
	return n, t.failed(ctx, err, t.desc.iface.in)
}

// ReadAhead is of [mtp.Pipeliner].
func (t *gousbTransport) ReadAhead(n int64) {
	if err := t.enter(); err != nil { // after each small transaction, too
		return
	}
	defer t.leave()
	t.in.readAhead(n)
}

func (t *gousbTransport) ReadEvent(ctx context.Context) ([]byte, error) {
	ctx, end, err := t.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	size := t.desc.iface.maxEvent
	p := make([]byte, max(1, 64/size)*size)
	n, err := t.event.ReadContext(ctx, p)
	if err != nil && n == 0 { // what came before a cancel is an event all the same
		return nil, t.failed(ctx, err, uint8(t.event.Desc.Address))
	}
	return p[:n], nil
}

func (t *gousbTransport) Control(ctx context.Context, r mtp.ControlRequest) (int, error) {
	ctx, end, err := t.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	if err := ctx.Err(); err != nil {
		return 0, context.Cause(ctx)
	}
	kind := uint8(gousb.ControlOut | gousb.ControlClass | gousb.ControlInterface)
	if r.In() {
		kind = gousb.ControlIn | gousb.ControlClass | gousb.ControlInterface
	}
	// Control transfers know no context, only a timeout.
	t.dev.ControlTimeout = r.Timeout
	if r.Timeout == 0 {
		t.dev.ControlTimeout = time.Second
	}
	n, err := t.dev.Control(kind, uint8(r.Request), 0, uint16(t.desc.iface.number), r.Data)
	if err != nil {
		return max(n, 0), t.failed(ctx, err, 0) // libusb's n is the error's code
	}
	return n, nil
}

// failed turns gousb's errors into those of the contract. A cancelled transfer
// says nothing of why; an unplugged phone shows as any of several errors, some
// of which other causes have too, so sysfs is asked.
func (t *gousbTransport) failed(ctx context.Context, err error, endpoint uint8) error {
	switch {
	case err == nil, errors.Is(err, io.ErrShortWrite):
		return err
	case errors.Is(err, gousb.TransferCancelled) && ctx.Err() != nil:
		if !t.desc.there() {
			return fmt.Errorf("%w: %w", err, mtp.ErrDeviceGone)
		}
		return fmt.Errorf("%w: %w", err, context.Cause(ctx))
	case errors.Is(err, gousb.TransferNoDevice), errors.Is(err, gousb.ErrorNoDevice), !t.desc.there():
		return fmt.Errorf("%w: %w", err, mtp.ErrDeviceGone)
	case errors.Is(err, gousb.TransferStall), errors.Is(err, gousb.ErrorPipe):
		if endpoint != 0 && !clearHalt(t.desc.Node, endpoint) {
			// The device's side at least: CLEAR_FEATURE(ENDPOINT_HALT).
			_, _ = t.dev.Control(0x02, 1, 0, uint16(endpoint), nil)
		}
		return mtp.ErrStalled
	}
	return err
}

func (t *gousbTransport) MaxPacketSize() int { return t.desc.iface.maxPacket }

func (t *gousbTransport) Close() error {
	t.close(t.release)
	return nil
}

func (t *gousbTransport) release() {
	t.in.close()
	t.out.close()
	if t.intf != nil {
		t.intf.Close()
	}
	if t.cfg != nil {
		_ = t.cfg.Close()
	}
	_ = t.dev.Close()
}
