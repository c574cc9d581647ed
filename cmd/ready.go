package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"cradle/devprovider"
	"cradle/mtp"
	"cradle/mtp/usb"
)

// Waiting for a phone looks again so often, and says nothing at first: most of what
// keeps one passes by itself. Tests wait less.
var (
	readyPoll  = time.Second
	readyGrace = 3 * time.Second
)

// patience is how a phone is waited for that is there and can't be synced yet.
type patience struct {
	limit    time.Duration // 0: not at all
	grace    time.Duration // before anything is said
	poll     time.Duration
	tell     func(*failure) // says why, once a reason
	answered func()         // what was told is over
}

// automatically waits for the person, who may be away, and asks by a bubble.
func (g *globals) automatically(ctx context.Context, d usb.DeviceDesc) patience {
	return patience{
		limit: 30 * time.Minute, grace: readyGrace, poll: readyPoll,
		tell: func(f *failure) {
			what, body := f.What, f.Next
			var open *usb.OpenError
			if errors.As(f.err, &open) {
				what = open.What // without the device, which stands before it
			}
			if f.Why != "" {
				body = f.Why + ".\n" + f.Next
			}
			fmt.Fprintf(g.stderr, "%s: %s. %s\n", plain(modelOf(d)), plain(what), plain(strings.ReplaceAll(body, "\n", " ")))
			g.desktop.tell(ctx, notice{Key: d.Port, Title: modelOf(d) + ": " + what, Body: body})
		},
		answered: func() { g.desktop.tell(ctx, notice{Key: d.Port, Title: modelOf(d) + ": syncing", Quiet: true}) },
	}
}

// byHand waits only for a person at the terminal, who sees why.
func (g *globals) byHand() patience {
	w := patience{poll: readyPoll, tell: func(f *failure) {
		fmt.Fprintf(g.stderr, "%s\n  %s\n  (waiting; Ctrl-C ends it)\n", plain(f.Error()), f.Next)
	}, answered: func() {}}
	if !g.json && isTerminal(g.stdin) && isTerminal(g.stderr) {
		w.limit = 10 * time.Minute
	}
	return w
}

// waiting is a patience in use.
type waiting struct {
	patience
	now   func() time.Time
	since time.Time
	told  string
}

// on waits a little longer, for that reason; its error ends the waiting.
func (w *waiting) on(ctx context.Context, why *failure) error {
	past := w.now().Sub(w.since)
	if past >= w.limit {
		return why
	}
	if past >= w.grace && w.told != why.What {
		w.told = why.What
		w.tell(why)
	}
	return pause(ctx, w.poll)
}

// letGo is how long the kernel may take to show that a program let a phone go.
const letGo = 300 * time.Millisecond

// openWhenReady opens a phone. While it is locked, asks for permission or is used by
// another program it is waited for as pat says, and the person need not start anything
// anew; another command of ours as long as any lock. The file manager is asked to let go of
// the phone, and gets it back when it is closed. Nothing is killed, and the phone isn't
// reset. node is its held node, or nil.
func (g *globals) openWhenReady(ctx context.Context, d usb.DeviceDesc, node *os.File, pat patience) (_ *phone, err error) {
	w := &waiting{patience: pat, now: g.now, since: g.now()}
	var again func()
	defer func() {
		if w.told != "" && err == nil {
			w.answered()
		}
		if err != nil && again != nil {
			again()
		}
	}()
	for {
		now, there, err := g.findPort(d.Port)
		switch {
		case err != nil:
			return nil, err
		case !there || now.Serial != d.Serial, now.Address != d.Address && (now.Serial == "" || node != nil):
			return nil, fmt.Errorf("%v: %w", d, mtp.ErrDeviceGone)
		}
		d = now
		var why *failure
		if d.State == usb.Busy && again == nil {
			if again, err = g.desktop.release(ctx, d); err != nil {
				why = &failure{exit: exitBusy, Code: "busy", What: "the file manager has files of the phone open", Why: modelOf(d), Next: "close them and run: " + g.command("sync"), err: err}
			}
			if again != nil {
				if err := pause(ctx, letGo); err != nil {
					return nil, err
				}
			}
		}
		if why == nil {
			var p *phone
			switch p, err = g.openDevice(ctx, d, node); {
			case err == nil:
				if err = g.unlocked(ctx, p, w); err != nil {
					p.close()
					return nil, err
				}
				if again != nil {
					inner, back := p.close, again
					p.close = func() { inner(); back() }
				}
				return p, nil
			case cradleHolding(err) != 0 && w.now().Sub(w.since) < lockWait:
				if err := pause(ctx, min(w.poll, letGo)); err != nil {
					return nil, err
				}
				continue
			case errors.Is(err, usb.ErrBusy), errors.Is(err, usb.ErrNoPermission), errors.Is(err, usb.ErrChargeOnly):
				why = g.explain(err)
			default:
				return nil, err
			}
		}
		if err := w.on(ctx, why); err != nil {
			return nil, err
		}
	}
}

// cradleHolding is the process id of the cradle that has a phone, 0 if none has it. Others
// keep what they have, a command ends.
func cradleHolding(err error) int {
	var o *usb.OpenError
	if errors.Is(err, usb.ErrBusy) && errors.As(err, &o) {
		for _, h := range o.Holders {
			if h.Name == "cradle" {
				return h.PID
			}
		}
	}
	return 0
}

// unlocked waits until an open phone shows its storages. A locked one, and one that
// still asks its person whether this computer may look, shows none. Without patience
// it isn't looked at here: opening the folder says the same.
func (g *globals) unlocked(ctx context.Context, p *phone, w *waiting) error {
	if p.session == nil || w.limit == 0 {
		return nil
	}
	for {
		ids, err := p.session.GetStorageIDs(ctx)
		if err != nil || len(ids) > 0 {
			return err
		}
		f := g.explain(fmt.Errorf("%s: %w", p.name, devprovider.ErrNoStorage))
		if err := w.on(ctx, f); err != nil {
			return err
		}
	}
}
