package cmd

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"cradle/mtp/usb"
	"cradle/udev"
	"cradle/udev/session"
)

// desktop is the user's desktop, as far as a sync has to do with it. There may be
// none; nothing of it ever ends a sync.
type desktop interface {
	// tell shows a notice, in the place of the former one about that phone.
	tell(ctx context.Context, n notice)
	// withdraw takes the notice about a phone away.
	withdraw(ctx context.Context, key string)
	// await waits for a button of the notice about a phone; "" where there is none.
	await(ctx context.Context, key string) string
	// release has the file manager let go of a phone; again gives it back. again is
	// nil where the file manager doesn't have it.
	release(ctx context.Context, d usb.DeviceDesc) (again func(), err error)
	idle(ctx context.Context) (bool, error)
	// notifies says whether notices are shown: nil when they are.
	notifies(ctx context.Context) error
	close()
}

// notice is what a desktop tells.
type notice struct {
	Key         string // the phone's port
	Title, Body string
	Quiet       bool // it may pass unseen
	Urgent      bool
	Buttons     []session.Action
}

// userDesktop is the real one; the bus is opened when it is first needed. Several
// phones may be synced at once.
type userDesktop struct {
	log  func() *slog.Logger
	mu   sync.Mutex // guards bus and none
	bus  *session.Bus
	none bool // there is no bus
}

// reach opens the bus.
func (d *userDesktop) reach() *session.Bus {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bus == nil && !d.none {
		// The connection outlives one command's context: what is told when a sync was
		// interrupted has to arrive.
		b, err := session.Open(context.Background())
		if err != nil {
			d.none = true
			d.log().Debug("no desktop to notify", "err", err)
		}
		d.bus = b
	}
	return d.bus
}

func (d *userDesktop) tell(ctx context.Context, n notice) {
	b := d.reach()
	if b == nil {
		return
	}
	urgency := session.Normal
	switch {
	case n.Quiet:
		urgency = session.Low
	case n.Urgent:
		urgency = session.Critical
	}
	err := b.Tell(context.WithoutCancel(ctx), session.Notice{Key: n.Key, Title: n.Title, Body: n.Body, Urgency: urgency, Passing: n.Quiet, Actions: n.Buttons})
	if err != nil {
		d.log().Debug("the notification isn't shown", "err", err)
	}
}

func (d *userDesktop) withdraw(ctx context.Context, key string) {
	b := d.reach()
	if b == nil {
		return
	}
	if err := b.Withdraw(context.WithoutCancel(ctx), key); err != nil {
		d.log().Debug("the notification stays", "err", err)
	}
}

func (d *userDesktop) await(ctx context.Context, key string) string {
	b := d.reach()
	if b == nil {
		return ""
	}
	pressed, err := b.Await(ctx, key)
	if err != nil {
		d.log().Debug("buttons can't be waited for", "err", err)
	}
	return pressed
}

func (d *userDesktop) release(ctx context.Context, p usb.DeviceDesc) (func(), error) {
	b := d.reach()
	if b == nil {
		return nil, nil
	}
	props := udev.Properties("", p.Bus, p.Address)
	m, err := b.Release(ctx, session.Device{Serial: props["ID_SERIAL"], Bus: p.Bus, Address: p.Address})
	if m == nil || err != nil {
		if err != nil && !errors.Is(err, session.ErrInUse) {
			d.log().Debug("gvfs can't be asked", "err", err)
			err = nil
		}
		return nil, err
	}
	return func() {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer stop()
		if err := m.Again(ctx); err != nil {
			d.log().Warn("the file manager doesn't show the phone again", "err", err)
		}
	}, nil
}

func (d *userDesktop) idle(ctx context.Context) (bool, error) { return session.Idle(ctx) }

func (d *userDesktop) notifies(ctx context.Context) error {
	b := d.reach()
	if b == nil {
		return session.ErrNoBus
	}
	return b.Notifies(ctx)
}

func (d *userDesktop) close() {
	if d.bus != nil {
		d.bus.Close()
	}
}
