package cmd

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"cradle/mtp"
	"cradle/mtp/usb"
	"cradle/udev"
)

// fileBus is a bus that a file describes, line by line: port (with @ADDRESS where it
// matters that the phone was plugged in anew), serial (- for none),
// state, the virtual phone behind it, and its name. It is read anew each time, so
// that a script can pull a cable or change a state.
type fileBus struct{ path string }

func (b fileBus) list() ([]usb.DeviceDesc, error) {
	text, err := os.ReadFile(b.path)
	if err != nil {
		return nil, err
	}
	var out []usb.DeviceDesc
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 4 {
			return nil, fmt.Errorf("%s: %q: want PORT SERIAL STATE SELECTOR NAME", b.path, line)
		}
		port, at, _ := strings.Cut(f[0], "@")
		address, err := strconv.Atoi(at)
		if err != nil {
			address = len(out) + 1
		}
		d := usb.DeviceDesc{Bus: 1, Address: address, Port: port, Serial: strings.TrimPrefix(f[1], "-"), State: usb.State(f[2]), VendorID: 0x18d1, ProductID: 0x4ee1, Product: strings.Join(f[4:], " ")}
		if d.State != usb.Ready {
			d.Reason = "as the bus has it"
		}
		out = append(out, d)
	}
	return out, nil
}

func (b fileBus) at(syspath string) (usb.DeviceDesc, bool, error) {
	port, err := udev.Port(syspath)
	if err != nil {
		return usb.DeviceDesc{}, false, err
	}
	list, err := b.list()
	for _, d := range list {
		if d.Port == port {
			return d, true, err
		}
	}
	return usb.DeviceDesc{}, false, err
}

func (b fileBus) hold(usb.DeviceDesc) (*os.File, error) { return nil, nil }

func (b fileBus) open(ctx context.Context, g *globals, d usb.DeviceDesc, _ *os.File) (*phone, error) {
	for state, err := range map[usb.State]error{usb.Busy: usb.ErrBusy, usb.ChargeOnly: usb.ErrChargeOnly, usb.NoPermission: usb.ErrNoPermission} {
		if d.State == state {
			return nil, &usb.OpenError{Device: d, What: err.Error(), Next: "do something about it", Err: err}
		}
	}
	text, err := os.ReadFile(b.path)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); f[0] == d.Port || strings.HasPrefix(f[0], d.Port+"@") {
			sel := f[3]
			if d.Serial != "" {
				join := "?"
				if strings.Contains(sel, "?") {
					join = "&"
				}
				sel += join + "serial=" + d.Serial
			}
			p, err := g.openVirtual(ctx, sel)
			if err == nil {
				p.selector = "usb:" + d.Port
			}
			return p, err
		}
	}
	return nil, mtp.ErrDeviceGone
}

func (b fileBus) await(ctx context.Context, d usb.DeviceDesc) (usb.DeviceDesc, error) {
	for {
		list, err := b.list()
		if err != nil {
			return d, err
		}
		for _, n := range list {
			if n.Port == d.Port && n.Serial == d.Serial && n.State != usb.ChargeOnly {
				return n, nil
			}
		}
		if pause(ctx, 20*time.Millisecond) != nil {
			return d, context.Cause(ctx) // as the real one
		}
	}
}

// events are what the file's changes come to: one of every port that is, or was, there.
func (b fileBus) events() (udev.Source, error) {
	if _, err := os.Stat(b.path); err != nil {
		return nil, err
	}
	return &fileEvents{bus: b, was: map[string]string{}}, nil
}

type fileEvents struct {
	bus   fileBus
	was   map[string]string
	ready []string
}

func (f *fileEvents) Close() error { return nil }

func (f *fileEvents) Next(ctx context.Context) (udev.Event, error) {
	for {
		if len(f.ready) > 0 {
			port := f.ready[0]
			f.ready = f.ready[1:]
			return udev.Event{Action: "change", SysPath: "/sys/bus/usb/devices/" + port, Properties: map[string]string{"SUBSYSTEM": "usb", "DEVTYPE": "usb_device"}}, nil
		}
		list, err := f.bus.list()
		if err != nil {
			return udev.Event{}, err
		}
		now := map[string]string{}
		for _, d := range list {
			now[d.Port] = fmt.Sprint(d.Serial, d.State, d.Product, d.Address)
		}
		for _, m := range []map[string]string{now, f.was} {
			for p := range m {
				if now[p] != f.was[p] && !slices.Contains(f.ready, p) {
					f.ready = append(f.ready, p)
				}
			}
		}
		f.was = now
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return udev.Event{}, err
		}
	}
}

// runOnBus is Main with the phones that a file describes on the cable.
func runOnBus(ctx context.Context, list string) int {
	watchQuiet, watchLimit, watchReopen = 100*time.Millisecond, time.Second, 50*time.Millisecond
	readyPoll, readyGrace = 50*time.Millisecond, 200*time.Millisecond
	seatWait = 300 * time.Millisecond
	d := &userDesktop{}
	g := &globals{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: time.Now, bus: fileBus{list}, desktop: d}
	d.log = g.log
	defer d.close()
	return run(ctx, os.Args[1:], g)
}
