package cmd

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"cradle/hwtest/usbip"
	"cradle/mtp"
)

// usbipPrefix begins the selector of a phone that cradle phone serve serves.
const usbipPrefix = "usbip:"

// servedTime is how long a server may take to answer, and to hand the phone over.
const servedTime = 5 * time.Second

// openServed opens a phone that is served over USB/IP, without the kernel: it
// goes on between commands, as a real one does.
func (g *globals) openServed(ctx context.Context, sel string) (*phone, error) {
	addr := strings.TrimPrefix(sel, usbipPrefix)
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return nil, usageError("--phone %q: want usbip:HOST:PORT, such as usbip:127.0.0.1:3240", sel)
	}
	fail := func(why string, err error) error {
		return &failure{exit: exitNoPhone, Code: "no-phone", What: "no phone is served at " + addr, Why: why, Next: "cradle phone serve --dir DIR --usbip " + quoteArg(addr), err: err}
	}
	var t *usbip.Client
	var err error
	for since := time.Now(); ; {
		t, err = attach(ctx, addr)
		if !errors.Is(err, usbip.ErrBusy) || time.Since(since) >= lockWait {
			break
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, usbip.ErrBusy):
		return nil, &failure{exit: exitBusy, Code: "busy", What: "another program has the phone", Why: addr, Next: "wait until it has ended, or end it, and run the command again", err: err}
	case errors.Is(err, mtp.ErrDeviceGone):
		return nil, &failure{exit: exitNoPhone, Code: "gone", What: "the phone at " + addr + " is off the bus", Why: "it is served, and was pulled by its scenario or its server", Next: "wait until it is back, and run the command again", err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fail("it doesn't answer", err)
	case err != nil:
		return nil, fail(innermost(err), err)
	}
	p, err := g.openSession(ctx, t, sel, mtp.Options{})
	if err != nil {
		_ = t.Close()
		return nil, err
	}
	inner := p.close
	p.close = func() { inner(); _ = t.Close() }
	return p, nil
}

// attach takes the phone at an address. Errors besides those of [usbip.Attach]:
// context.DeadlineExceeded if nothing answers for servedTime.
func attach(ctx context.Context, addr string) (*usbip.Client, error) {
	dialing, stop := context.WithTimeout(ctx, servedTime)
	defer stop()
	c, err := (&net.Dialer{}).DialContext(dialing, "tcp", addr)
	if err != nil {
		return nil, err
	}
	late := context.AfterFunc(dialing, func() { _ = c.Close() })
	t, err := usbip.Attach(c)
	if !late() {
		err = context.DeadlineExceeded
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return t, nil
}
