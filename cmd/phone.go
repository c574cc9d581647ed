package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cradle/devprovider"
	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/learned"
	"cradle/mtp/usb"
	"cradle/pim"
)

// phone is an open phone, whatever it is behind.
type phone struct {
	selector string
	name     string
	serial   string
	objects  devprovider.ObjectStore
	session  *mtp.Session // nil: a folder
	close    func()

	firmware string                // the version that it tells of itself
	models   devprovider.NoteCache // what the store knows of its model; nil: nothing

	nameless bool   // it is on the cable and tells no serial number there
	model    string // vendor and product on the cable, as modelLine writes them
}

// openPhone opens the phone that a selector names.
func (g *globals) openPhone(ctx context.Context, sel string) (*phone, error) {
	g.phone = sel
	switch {
	case strings.HasPrefix(sel, "dir:"):
		return openDir(strings.TrimPrefix(sel, "dir:"))
	case strings.HasPrefix(sel, "virtual:"):
		return g.openVirtual(ctx, sel)
	case strings.HasPrefix(sel, usbipPrefix):
		return g.openServed(ctx, sel)
	}
	return g.openUSB(ctx, sel)
}

func openDir(path string) (*phone, error) {
	if path == "" {
		return nil, usageError("dir: needs a folder, for example dir:/media/stick")
	}
	d, err := devprovider.OpenDir(path)
	if err != nil {
		return nil, &failure{exit: exitNoPhone, Code: "no-phone", What: fmt.Sprintf("the folder %s can't be used", path), Why: innermost(err), Next: "ls -ld " + quoteArg(path), err: err}
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	p := &phone{selector: "dir:" + abs, name: filepath.Base(abs), close: func() {}}
	p.objects = d
	return p, nil
}

func (g *globals) openVirtual(ctx context.Context, text string) (*phone, error) {
	sel, err := hwtest.ParseSelector(text)
	if err != nil {
		return nil, usageError("--phone: %v", err)
	}
	v, err := sel.Open()
	if errors.Is(err, hwtest.ErrScenario) {
		return nil, usageError("--phone: %v", err)
	}
	if err != nil {
		return nil, noVirtual(sel.Dir, err)
	}
	p, err := g.openSession(ctx, v.Transport(), text, mtp.Options{})
	if err != nil {
		v.Close()
		return nil, err
	}
	inner := p.close
	p.close = func() { inner(); v.Close() }
	return p, nil
}

// noVirtual is a virtual phone whose folder, or one in it, can't be used.
func noVirtual(dir string, err error) *failure {
	f := &failure{exit: exitNoPhone, Code: "no-phone", What: "the virtual phone can't be opened", Why: dir + ": " + innermost(err), Next: "ls -ld " + quoteArg(dir), err: err}
	if _, gone := os.Stat(dir); gone != nil {
		return f
	}
	f.Why = strings.TrimPrefix(err.Error(), "virtual phone: ")
	var at *fs.PathError
	if errors.As(err, &at) {
		f.Why, f.Next = at.Path+": "+innermost(err), "ls -ld "+quoteArg(at.Path)
		if errors.Is(err, fs.ErrNotExist) {
			f.Next = "mkdir " + quoteArg(at.Path)
		}
	}
	return f
}

// awaitTime is how long a phone that left the bus while it was opened may stay
// away.
const awaitTime = 5 * time.Second

func (g *globals) openUSB(ctx context.Context, sel string) (*phone, error) {
	d, err := g.chooseUSB(sel)
	if err != nil {
		return nil, err
	}
	p, err := g.openWhenReady(ctx, d, nil, g.byHand())
	if errors.Is(err, mtp.ErrDeviceGone) {
		// A phone that is unlocked, or changes its mode, goes and comes back.
		wait, stop := context.WithTimeoutCause(ctx, awaitTime, err)
		defer stop()
		if d, err = g.bus.await(wait, d); err == nil {
			p, err = g.openWhenReady(ctx, d, nil, g.byHand())
		}
	}
	return p, err
}

// chooseUSB finds the phone on the cable: the only one, or the one named.
func (g *globals) chooseUSB(sel string) (usb.DeviceDesc, error) {
	if sel != "" && sel != "usb" && !strings.HasPrefix(sel, "usb:") && !strings.HasPrefix(sel, "serial:") {
		if st, err := os.Stat(sel); err == nil && st.IsDir() {
			return usb.DeviceDesc{}, usageError("--phone %q is a folder: write --phone %s", sel, quoteArg("dir:"+sel))
		}
		return usb.DeviceDesc{}, usageError("--phone %q: want usb, usb:BUS-PORT, serial:XYZ, dir:PATH, virtual:KIND:DIR or usbip:HOST:PORT", sel)
	}
	list, err := g.listUSB()
	if err != nil {
		return usb.DeviceDesc{}, err
	}
	var found []usb.DeviceDesc
	for _, d := range list {
		switch {
		case sel == "" || sel == "usb":
			found = append(found, d)
		case strings.HasPrefix(sel, "usb:"):
			if d.Port == strings.TrimPrefix(sel, "usb:") {
				found = append(found, d)
			}
		case strings.HasPrefix(sel, "serial:"):
			if d.Serial == strings.TrimPrefix(sel, "serial:") {
				found = append(found, d)
			}
		}
	}
	if len(found) > 1 {
		found = preferReady(found)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		f := &failure{exit: exitNoPhone, Code: "no-phone", What: "no phone is plugged in", Next: "plug it in, unlock it, choose file transfer on it, and " + g.onceMore()}
		if len(list) > 0 {
			f.What, f.Next = "this phone isn't plugged in: "+sel, g.command("devices")
		}
		return usb.DeviceDesc{}, f
	}
	var names []string
	for _, d := range found {
		names = append(names, "usb:"+d.Port)
	}
	return usb.DeviceDesc{}, &failure{exit: exitUsage, Code: "several-phones", What: "several phones are plugged in", Why: strings.Join(names, ", "), Next: g.command(cmp.Or(g.running, "sync")) + " --phone usb:" + found[0].Port}
}

func preferReady(list []usb.DeviceDesc) []usb.DeviceDesc {
	var ready []usb.DeviceDesc
	for _, d := range list {
		if d.State == usb.Ready {
			ready = append(ready, d)
		}
	}
	if len(ready) == 1 {
		return ready
	}
	return list
}

// learnedFile has what was noticed of phones; see package learned.
const learnedFile = "phones-learned.json"

func (g *globals) openSession(ctx context.Context, t mtp.Transport, sel string, opt mtp.Options) (*phone, error) {
	book := learned.Book{Path: stateFile(learnedFile), Now: g.now}
	opt.Recall = func(d *mtp.DeviceInfo) mtp.Quirks {
		q, err := book.Recall(d)
		if err != nil {
			g.log().Debug("the quirks of phones", "err", err)
		}
		return q
	}
	s, err := mtp.Open(ctx, t, opt)
	if err != nil {
		return nil, fmt.Errorf("opening a session with the phone: %w", err)
	}
	info := s.Info()
	p := &phone{selector: sel, name: strings.TrimSpace(info.Manufacturer + " " + info.Model), serial: info.SerialNumber, firmware: strings.TrimSpace(info.DeviceVersion), session: s}
	if p.name == "" {
		p.name = "phone"
	}
	p.close = func() {
		s.Close(context.WithoutCancel(ctx))
		// What can't be written is noticed again the next time.
		if err := book.Learn(info, s.Learned()); err != nil {
			g.log().Debug("the quirks of phones", "err", err)
		}
	}
	p.objects = devprovider.NewMTPStore(s)
	return p, nil
}

// folder opens the folder profile on the phone.
func (g *globals) folder(ctx context.Context, p *phone, cache devprovider.Cache) (*devprovider.Folder, error) {
	f, err := devprovider.Open(ctx, p.objects, devprovider.Options{
		Serial: p.serial, Name: p.name, Kinds: pim.Kinds(), Cache: cache, Models: p.models,
		Program: "cradle " + version, Log: g.log(),
	})
	if err != nil && errors.Is(err, devprovider.ErrNoStorage) {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	return f, err
}
