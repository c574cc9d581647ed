package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
	autoTries = 3               // how often a phone may leave the bus and come back
	seatWait  = 2 * time.Second // udev gives the device file a little later
	seatPoll  = 100 * time.Millisecond
	otherWait = 10 * time.Minute // for another command that has the store or the phone
	otherPoll = 2 * time.Second
)

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
	var ports []string
	if o.event != "" {
		port, err := udev.Port(o.event)
		if err != nil {
			return usageError("--from-event: %v", err)
		}
		ports = []string{port}
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
			if known.has(d) {
				ports = append(ports, d.Port)
			}
		}
	}
	var codes []int
	for _, port := range ports {
		out := g.syncPort(ctx, port, o)
		g.log().Info("automatic sync", "phone", out.Select, "did", out.Did, "code", out.Code, "why", out.Why)
		doc.Phones = append(doc.Phones, out)
		codes = append(codes, out.Code)
	}
	nothing := ""
	if len(ports) == 0 {
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

// syncPort syncs the phone at a port, if it is this user's and paired. A phone that
// leaves the bus and comes back, as Android does when its mode changes, is gone on
// with.
func (g *globals) syncPort(ctx context.Context, port string, o syncOptions) autoPhone {
	out := autoPhone{Select: "usb:" + port}
	for try := 1; ; try++ {
		d, there, err := g.findPort(port)
		switch {
		case err != nil:
			return g.ended(ctx, out, err)
		case !there:
			out.Did = didGone
			return out
		}
		out.Name, out.Serial, out.Did = modelOf(d), d.Serial, ""
		err = g.syncOne(ctx, d, o, &out)
		if !isGone(err) || try == autoTries {
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
func (g *globals) syncOne(ctx context.Context, d usb.DeviceDesc, o syncOptions, out *autoPhone) error {
	if d.State == usb.ChargeOnly {
		out.Did, out.Why = didCharge, d.Reason // it comes again when its mode is changed
		return nil
	}
	d, err := g.seated(ctx, d)
	if err != nil {
		return err
	}
	if d.State == usb.NoPermission {
		out.Did, out.Why = didOthers, d.Reason
		return nil
	}
	known, err := g.pairings(ctx)
	if err != nil {
		return err
	}
	if !known.has(d) {
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
	o.phone, o.pair = "serial:"+d.Serial, false
	o.pairing = func(*phone, engine.Meet) bool { return false }
	o.open = func(ctx context.Context) (*phone, error) {
		return g.openWhenReady(ctx, d, g.automatically(ctx, d))
	}
	o.done = func(ctx context.Context, r *syncReport) error { return g.reportAutomatic(ctx, r, out) }
	err = g.patiently(ctx, func() error { return runSync(ctx, g, o) })
	if !out.told {
		g.desktop.withdraw(ctx, d.Port) // a question that is answered
	}
	if out.buttons && !isGone(err) {
		g.pressed(ctx, d.Port, o.phone, out.run)
	}
	return err
}

// seated waits until udev has given the device file to the user at the screen.
func (g *globals) seated(ctx context.Context, d usb.DeviceDesc) (usb.DeviceDesc, error) {
	for end := time.Now().Add(seatWait); d.State == usb.NoPermission && time.Now().Before(end); {
		if err := pause(ctx, seatPoll); err != nil {
			return d, err
		}
		now, there, err := g.findPort(d.Port)
		if err != nil {
			return d, err
		}
		if !there {
			return d, fmt.Errorf("%v: %w", d, mtp.ErrDeviceGone)
		}
		d = now
	}
	return d, nil
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
