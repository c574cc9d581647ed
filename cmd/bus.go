package cmd

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"cradle/mtp"
	"cradle/mtp/usb"
	"cradle/udev"
)

// bus is where phones on the cable are found and opened; tests have one of their own.
type bus interface {
	list() ([]usb.DeviceDesc, error)
	// at finds the device of an event by its path in sysfs.
	at(syspath string) (usb.DeviceDesc, bool, error)
	// hold opens a device's node, so that open gets that device or none; nil where
	// the node isn't what phones are opened by.
	hold(d usb.DeviceDesc) (*os.File, error)
	// open opens a phone, by its held node if there is one.
	open(ctx context.Context, g *globals, d usb.DeviceDesc, node *os.File) (*phone, error)
	// await waits for a phone that left the bus, until ctx ends.
	await(ctx context.Context, d usb.DeviceDesc) (usb.DeviceDesc, error)
	// events tells when devices come and go.
	events() (udev.Source, error)
}

// cable is this machine's own bus.
type cable struct{}

func (cable) list() ([]usb.DeviceDesc, error) { return usb.List() }

func (cable) at(syspath string) (usb.DeviceDesc, bool, error) { return usb.At(syspath) }

func (cable) hold(d usb.DeviceDesc) (*os.File, error) {
	if b, err := usb.ChosenBackend(); err != nil || b != usb.Usbfs {
		return nil, err // libusb opens its devices itself
	}
	return d.Hold()
}

func (cable) open(ctx context.Context, g *globals, d usb.DeviceDesc, node *os.File) (*phone, error) {
	var t mtp.Transport
	var err error
	if node != nil {
		t, d, err = usb.OpenFile(ctx, node)
	} else {
		t, err = usb.Open(ctx, d)
	}
	if err != nil {
		return nil, err
	}
	p, err := g.openSession(ctx, t, "usb:"+d.Port, d.SessionOptions())
	if err != nil {
		t.Close()
		return nil, err
	}
	// The session doesn't own the transport: the interface would stay ours until the
	// process ends, for whoever wants it next, the file manager or ourselves.
	inner := p.close
	p.close = func() { inner(); t.Close() }
	return p, nil
}

func (cable) await(ctx context.Context, d usb.DeviceDesc) (usb.DeviceDesc, error) {
	return usb.Await(ctx, d)
}

func (cable) events() (udev.Source, error) { return udev.Listen() }

// listUSB lists the phones on the cable. A machine without USB has none.
func (g *globals) listUSB() ([]usb.DeviceDesc, error) {
	list, err := g.bus.list()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return list, err
}

// openDevice opens one; its serial on the bus is the one that it is known by.
func (g *globals) openDevice(ctx context.Context, d usb.DeviceDesc, node *os.File) (*phone, error) {
	p, err := g.bus.open(ctx, g, d, node)
	if err != nil {
		return nil, err
	}
	if p.nameless = d.Serial == ""; !p.nameless {
		p.serial = d.Serial
	}
	p.model = modelLine(d)
	return p, nil
}

// modelOf is a device's name for people.
func modelOf(d usb.DeviceDesc) string {
	if d.Manufacturer != "" {
		return d.Manufacturer + " " + d.Product
	}
	return d.Product
}
