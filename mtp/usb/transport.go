//go:build linux && !nousb

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

// transport is an MTP interface, claimed.
type transport struct {
	desc  DeviceDesc
	dev   *gousb.Device
	cfg   *gousb.Config
	intf  *gousb.Interface
	in    *gousb.InEndpoint
	out   *gousb.OutEndpoint
	event *gousb.InEndpoint

	closing context.Context // ends pending calls
	stop    context.CancelFunc
	mu      sync.Mutex // guards closed against new calls
	closed  bool
	calls   sync.WaitGroup
	once    sync.Once
}

// Open opens the device's MTP interface. The configuration is left as it is,
// and so are the phone's other interfaces: a network or a debug connection over
// the same cable goes on. A kernel driver on the MTP interface itself is taken
// off. Errors: an [*OpenError] with ErrBusy, ErrNoPermission or ErrChargeOnly;
// [mtp.ErrDeviceGone] if it was unplugged since it was listed.
func Open(ctx context.Context, d DeviceDesc) (mtp.Transport, error) {
	if d.State == ChargeOnly {
		return nil, chargeOnlyError(d)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dev, err := openDevice(d)
	if err != nil {
		return nil, err
	}
	t := &transport{desc: d, dev: dev}
	if err := t.claim(); err != nil {
		t.release()
		return nil, err
	}
	t.closing, t.stop = context.WithCancel(context.Background())
	return t, nil
}

// openDevice opens the device that was listed. libusb keeps a list of its own
// from the kernel's messages, which can lag behind sysfs, so a device that is
// there and not in that list is looked for again.
func openDevice(d DeviceDesc) (*gousb.Device, error) {
	for try := 1; ; try++ {
		dev, err := openListed(d)
		if try == 5 || !errors.Is(err, errNotListed) {
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
func (t *transport) claim() error {
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
	if t.in, err = t.intf.InEndpoint(int(i.in & 0x0F)); err != nil {
		return t.openFailed("in", err)
	}
	if t.out, err = t.intf.OutEndpoint(int(i.out & 0x0F)); err != nil {
		return t.openFailed("out", err)
	}
	if t.event, err = t.intf.InEndpoint(int(i.event & 0x0F)); err != nil {
		return t.openFailed("events", err)
	}
	return nil
}

func (t *transport) openFailed(what string, err error) error {
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

// begin registers a call, and gives a context that also ends with Close.
func (t *transport) begin(ctx context.Context) (context.Context, func(), error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, nil, mtp.ErrTransportClosed
	}
	t.calls.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(t.closing, func() { cancel(mtp.ErrTransportClosed) })
	return ctx, func() { stop(); cancel(nil); t.calls.Done() }, nil
}

func (t *transport) Write(ctx context.Context, p []byte) error {
	ctx, end, err := t.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	n, err := t.out.WriteContext(ctx, p)
	if err != nil {
		return t.failed(ctx, err, uint8(t.out.Desc.Address))
	}
	if n < len(p) {
		return fmt.Errorf("%d of %d bytes: %w", n, len(p), io.ErrShortWrite)
	}
	return nil
}

func (t *transport) Read(ctx context.Context, p []byte) (int, error) {
	ctx, end, err := t.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	n, err := t.in.ReadContext(ctx, p)
	if err != nil {
		return n, t.failed(ctx, err, uint8(t.in.Desc.Address))
	}
	return n, nil
}

func (t *transport) ReadEvent(ctx context.Context) ([]byte, error) {
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

func (t *transport) Control(ctx context.Context, r mtp.ControlRequest) (int, error) {
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
func (t *transport) failed(ctx context.Context, err error, endpoint uint8) error {
	switch {
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

func (t *transport) MaxPacketSize() int { return t.desc.iface.maxPacket }

func (t *transport) Close() error {
	t.once.Do(func() {
		t.mu.Lock()
		t.closed = true
		t.mu.Unlock()
		t.stop()
		t.calls.Wait()
		t.release()
	})
	return nil
}

func (t *transport) release() {
	if t.intf != nil {
		t.intf.Close()
	}
	if t.cfg != nil {
		_ = t.cfg.Close()
	}
	_ = t.dev.Close()
}

// probeOS asks for Microsoft's OS string descriptor and the compatible id
// behind it, as Windows does for interfaces of the vendor class.
func probeOS(d DeviceDesc) bool {
	dev, err := openDevice(d)
	if err != nil {
		return false
	}
	defer dev.Close()
	dev.ControlTimeout = 500 * time.Millisecond
	var s [18]byte
	n, err := dev.Control(gousb.ControlIn|gousb.ControlDevice, 6, 0x03EE, 0, s[:])
	if err != nil || n < len(s) || string(s[2:16]) != "M\x00S\x00F\x00T\x001\x000\x000\x00" {
		return false
	}
	var id [256]byte
	n, err = dev.Control(gousb.ControlIn|gousb.ControlVendor|gousb.ControlDevice, s[16], 0, 4, id[:])
	if err != nil {
		return false
	}
	// 16 bytes of header, then 24 a function: interface, 1, compatible id.
	for at := 16; at+24 <= n; at += 24 {
		if int(id[at]) == d.iface.number && string(id[at+2:at+5]) == "MTP" {
			return true
		}
	}
	return false
}
