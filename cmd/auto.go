package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"cradle/cmd/config"
	"cradle/engine"
	"cradle/mtp"
	"cradle/mtp/usb"
	"cradle/udev"
)

// autoDocument is the JSON of syncs that started by themselves.
type autoDocument struct {
	Version int         `json:"version"`
	Phones  []autoPhone `json:"phones"`
}

// autoPhone says what became of one phone.
type autoPhone struct {
	Select string `json:"select"`
	Name   string `json:"name"`
	Serial string `json:"serial"`
	Did    string `json:"did"`
	Code   int    `json:"code"` // as of a sync by hand
	Why    string `json:"why"`

	told    bool   // by a notice
	buttons bool   // of the notice, to wait for
	run     *int64 // that undo takes back
}

// What became of a phone.
const (
	didSync     = "synced"
	didNothing  = "nothing"  // in sync already
	didUnpaired = "unpaired" // not paired, so not touched
	didOff      = "off"      // the settings say so
	didOthers   = "not-yours"
	didGone     = "gone"
	didCharge   = "charge-only"
	didStopped  = "stopped" // by a brake
	didFail     = "failed"
)

// Bounds of a sync that starts by itself. Nobody waits for it, so it has patience.
const (
	autoTries = 3 // how often a phone may leave the bus and come back
	seatPoll  = 100 * time.Millisecond
	otherWait = 10 * time.Minute // for another command that has the store or the phone
	otherPoll = 2 * time.Second
)

// seatWait: udev, and at login logind, gives the device file a little later. Tests wait less.
var seatWait = 5 * time.Second

// runAutomatic is sync --from-event and sync --paired.
func (g *globals) runAutomatic(ctx context.Context, o syncOptions) error {
	doc := autoDocument{Version: 1, Phones: []autoPhone{}}
	if o.ifIdle {
		idle, err := g.desktop.idle(ctx)
		if err != nil {
			g.log().Info("whether the computer is idle can't be told", "err", err)
		}
		if err == nil && !idle {
			return g.automaticDone(doc, "somebody is at the computer: nothing to do")
		}
	}
	var places []place
	if o.event != "" {
		port, err := udev.Port(o.event)
		if err != nil {
			return usageError("--from-event: %v", err)
		}
		places = []place{{port, o.event}}
	} else {
		list, err := g.listUSB()
		if err != nil {
			return err
		}
		known, err := g.pairings(ctx)
		if err != nil {
			return err
		}
		for _, d := range list {
			if known.has(d) || known.mayHave(d) {
				places = append(places, place{port: d.Port})
			}
		}
	}
	var codes []int
	for _, at := range places {
		out := g.syncAt(ctx, at, o)
		g.log().Info("automatic sync", "phone", out.Select, "did", out.Did, "code", out.Code, "why", out.Why)
		doc.Phones = append(doc.Phones, out)
		codes = append(codes, out.Code)
	}
	nothing := ""
	if len(places) == 0 {
		nothing = "no paired phone is plugged in: nothing to do"
	}
	if err := g.automaticDone(doc, nothing); err != nil {
		return err
	}
	if code := worst(codes...); code != exitDone {
		return quiet(code)
	}
	return ctx.Err()
}

func (g *globals) automaticDone(doc autoDocument, nothing string) error {
	if g.json {
		return g.print(doc)
	}
	if nothing != "" {
		g.say("%s", nothing)
	}
	return nil
}

// findPort finds what is plugged in at a port.
func (g *globals) findPort(port string) (usb.DeviceDesc, bool, error) {
	list, err := g.listUSB()
	for _, d := range list {
		if d.Port == port {
			return d, true, err
		}
	}
	return usb.DeviceDesc{}, false, err
}

// place is where a phone is plugged in.
type place struct {
	port    string
	syspath string // of the event that told of it; empty: there was none
}

// device is what is plugged in there now. An event's is found by its own path.
func (g *globals) device(at place) (usb.DeviceDesc, bool, error) {
	if at.syspath == "" {
		return g.findPort(at.port)
	}
	d, there, err := g.bus.at(at.syspath)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // no USB any more
	}
	return d, there, err
}

// syncAt syncs the phone at a place, if it is this user's and paired. A phone that
// leaves the bus and comes back, as Android does when its mode changes, is gone on
// with; so is one that is plugged in anew while its notice waits for a button, since
// the event of that starts nothing as long as this process is there.
func (g *globals) syncAt(ctx context.Context, at place, o syncOptions) autoPhone {
	out := autoPhone{Select: "usb:" + at.port}
	for try := 1; ; {
		d, there, err := g.device(at)
		switch {
		case err != nil:
			return g.ended(ctx, out, err)
		case !there:
			out.Did = didGone
			return out
		}
		out.Name, out.Serial, out.Did, out.buttons = modelOf(d), d.Serial, "", false
		err = g.syncOne(ctx, at, d, o, &out)
		if !isGone(err) {
			if now, there, lerr := g.device(at); out.buttons && lerr == nil && there && now.Address != d.Address && ctx.Err() == nil {
				g.log().Info("the phone was plugged in anew", "phone", out.Select)
				continue
			}
			return g.ended(ctx, out, err)
		}
		if try++; try > autoTries {
			return g.ended(ctx, out, err)
		}
		wait, stop := context.WithTimeout(ctx, awaitTime)
		_, aerr := g.bus.await(wait, d)
		stop()
		if aerr != nil {
			return g.ended(ctx, out, err)
		}
		g.log().Info("the phone is back", "phone", out.Select)
	}
}

func isGone(err error) bool {
	return errors.Is(err, engine.ErrGone) || errors.Is(err, mtp.ErrDeviceGone)
}

// ended fills in how it ended, and tells it where no report did.
func (g *globals) ended(ctx context.Context, out autoPhone, err error) autoPhone {
	var q quiet
	switch {
	case err == nil:
		return out
	case errors.As(err, &q): // the report has told it
		out.Code = int(q)
		return out
	}
	f := g.explain(err)
	out.Did, out.Code, out.Why = didFail, f.exit, f.Error()
	switch {
	case isGone(err):
		out.Did = didGone
	case ctx.Err() == nil:
		g.desktop.tell(ctx, notice{Key: strings.TrimPrefix(out.Select, "usb:"), Title: cmp.Or(out.Name, "The phone") + " isn't synced", Body: f.Error() + ".\nNext: " + f.Next})
	}
	fmt.Fprintf(g.stderr, "cradle: %s\n", plain(f.Error()))
	if f.Next != "" {
		fmt.Fprintf(g.stderr, "  next: %s\n", f.Next)
	}
	return out
}

// syncOne syncs one phone, if it is this user's and paired.
func (g *globals) syncOne(ctx context.Context, at place, d usb.DeviceDesc, o syncOptions, out *autoPhone) error {
	if d.State == usb.ChargeOnly {
		out.Did, out.Why = didCharge, d.Reason // it comes again when its mode is changed
		return nil
	}
	d, node, err := g.seated(ctx, at, d)
	if err != nil {
		return err
	}
	if node != nil {
		defer node.Close()
	}
	if d.State == usb.NoPermission {
		out.Did, out.Why = didOthers, d.Reason
		return nil
	}
	known, err := g.pairings(ctx)
	if err != nil {
		return err
	}
	if !known.has(d) && !known.mayHave(d) {
		out.Did = didUnpaired
		return g.hint(ctx, d)
	}
	settings, err := g.deviceSettings(d)
	if err != nil {
		return err
	}
	if !settings.Automatic() {
		out.Did = didOff
		return nil
	}
	o.phone, o.pair = "usb:"+d.Port, false
	o.open = func(ctx context.Context) (*phone, error) {
		return g.openWhenReady(ctx, d, node, g.automatically(ctx, d))
	}
	if d.Serial != "" {
		o.phone = "serial:" + d.Serial
	} else if on, err := g.lookInto(ctx, d, &o, out); err != nil || !on {
		return err
	}
	o.pairing = func(*phone, engine.Meet) bool { return false }
	o.done = func(ctx context.Context, r *syncReport) error { return g.reportAutomatic(ctx, r, out) }
	err = g.patiently(ctx, func() error { return runSync(ctx, g, o) })
	if !out.told {
		g.desktop.withdraw(ctx, d.Port) // a question that is answered
	}
	if out.buttons && !isGone(err) {
		if node != nil {
			node.Close() // others may use the phone meanwhile, and nobody is told that we do
		}
		g.pressed(ctx, d, o.phone, out.run)
	}
	return err
}

// lookInto opens a phone that has no serial on USB, and finds out by its sync state
// whether it is paired. The sync goes on with the session that is open then.
func (g *globals) lookInto(ctx context.Context, d usb.DeviceDesc, o *syncOptions, out *autoPhone) (paired bool, err error) {
	again := o.open
	p, err := again(ctx)
	if err != nil {
		return false, err
	}
	defer func() {
		if !paired {
			p.close()
		}
	}()
	if paired, err = g.recognise(ctx, p); err != nil {
		return false, err
	}
	if !paired {
		out.Did, out.Why = didUnpaired, "its sync state tells of no sync with this store"
		return false, g.hint(ctx, d)
	}
	settings, err := g.phoneSettings(p)
	if err != nil || !settings.Automatic() {
		out.Did, paired = didOff, false
		return false, err
	}
	out.Serial = p.serial
	o.open = func(ctx context.Context) (*phone, error) {
		if open := p; open != nil {
			p = nil
			return open, nil
		}
		return again(ctx)
	}
	return true, nil
}

// seated waits until udev has given the device file to the user at the screen, and
// holds it. The node is nil where it isn't held: it isn't given, or phones are opened
// otherwise.
func (g *globals) seated(ctx context.Context, at place, d usb.DeviceDesc) (usb.DeviceDesc, *os.File, error) {
	for end := time.Now().Add(seatWait); ; {
		if d.State != usb.NoPermission {
			node, err := g.bus.hold(d)
			if !errors.Is(err, usb.ErrNoPermission) {
				return d, node, err
			}
			d.State, d.Reason = usb.NoPermission, g.explain(err).Why
		}
		if time.Now().After(end) {
			return d, nil, nil
		}
		if err := pause(ctx, seatPoll); err != nil {
			return d, nil, err
		}
		now, there, err := g.device(at)
		if err != nil {
			return d, nil, err
		}
		if !there {
			return d, nil, fmt.Errorf("%v: %w", d, mtp.ErrDeviceGone)
		}
		d = now
	}
}

// patiently tries again while another command has the store or the phone.
func (g *globals) patiently(ctx context.Context, do func() error) error {
	for end := time.Now().Add(otherWait); ; {
		err := do()
		var f *failure
		if !errors.As(err, &f) || f.Code != "busy" || f.exit != exitBusy || time.Now().After(end) {
			return err
		}
		g.log().Info("waiting for another command", "why", f.Why)
		if err := pause(ctx, otherPoll); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// deviceSettings are those of a phone that isn't open.
func (g *globals) deviceSettings(d usb.DeviceDesc) (config.Phone, error) {
	c, err := g.settings()
	if err != nil {
		return config.Phone{}, err
	}
	names := []string{modelOf(d), "usb:" + d.Port}
	if d.Serial != "" {
		names = append(names, d.Serial)
	}
	return c.Phone(names...), nil
}

// hint tells once that a phone that isn't paired could be.
func (g *globals) hint(ctx context.Context, d usb.DeviceDesc) error {
	first, err := hintOnce(d)
	if err != nil {
		g.log().Warn("what was hinted at isn't remembered", "err", err)
	}
	if first {
		n := notice{
			Key: d.Port, Quiet: true, Title: modelOf(d) + " isn't paired with this computer",
			Body: "Nothing on it was touched. To sync it: " + g.command("pair") + " --phone usb:" + d.Port,
		}
		fmt.Fprintf(g.stderr, "%s. %s\n", plain(n.Title), plain(n.Body))
		g.desktop.tell(ctx, n)
	}
	return nil
}

// reportAutomatic prints the report of a sync, and tells it.
func (g *globals) reportAutomatic(ctx context.Context, r *syncReport, out *autoPhone) error {
	doc := r.document()
	out.Code, out.Did = r.code(doc), didSync
	moved := 0
	for _, k := range doc.Kinds {
		moved += k.ToStore.Total() + k.ToPhone.Total() + k.Adopted
	}
	switch {
	case errors.Is(r.err, engine.ErrBraked), errors.Is(r.err, engine.ErrNotPaired):
		out.Did = didStopped
	case r.err != nil:
		out.Did = didFail
	case moved == 0:
		out.Did = didNothing
	}
	if doc.Error != nil {
		out.Why = doc.Error.Error()
	}
	if n, ok := g.noticeOf(r, doc); ok {
		g.desktop.tell(ctx, n)
		out.told, out.buttons, out.run = true, len(n.Buttons) > 0, doc.Run
	}
	if !g.json {
		r.text(ctx, doc)
	}
	if isGone(r.err) {
		return r.err
	}
	if out.Code == exitDone {
		return nil
	}
	return quiet(out.Code)
}
