package cmd

import (
	"context"
	"errors"
	"io/fs"

	"cradle/mtp/usb"
	"cradle/udev"
)

// bus is where phones on the cable are found and opened; tests have one of their own.
type bus interface {
	list() ([]usb.DeviceDesc, error)
	open(ctx context.Context, g *globals, d usb.DeviceDesc) (*phone, error)
	// await waits for a phone that left the bus, until ctx ends.
	await(ctx context.Context, d usb.DeviceDesc) (usb.DeviceDesc, error)
	// events tells when devices come and go.
	events() (udev.Source, error)
}

// cable is this machine's own bus.
type cable struct{}

func (cable) list() ([]usb.DeviceDesc, error) { return usb.List() }

func (cable) open(ctx context.Context, g *globals, d usb.DeviceDesc) (*phone, error) {
	t, err := usb.Open(ctx, d)
	if err != nil {
		return nil, err
	}
	p, err := g.openSession(ctx, t, "usb:"+d.Port, d.SessionOptions())
	if err != nil {
		t.Close()
	}
	return p, err
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
func (g *globals) openDevice(ctx context.Context, d usb.DeviceDesc) (*phone, error) {
	p, err := g.bus.open(ctx, g, d)
	if err == nil && d.Serial != "" {
		p.serial = d.Serial
	}
	return p, err
}

// modelOf is a device's name for people.
func modelOf(d usb.DeviceDesc) string {
	if d.Manufacturer != "" {
		return d.Manufacturer + " " + d.Product
	}
	return d.Product
}
