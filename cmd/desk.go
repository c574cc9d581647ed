package cmd

import (
	"context"

	"cradle/devprovider"
	"cradle/engine"
	"cradle/hostprovider"
	"cradle/mtp/usb"
	"cradle/pim"
)

// desk is a phone, a store, or both, open and locked for a command that writes.
type desk struct {
	phone  *phone // nil: not there
	folder *devprovider.Folder
	store  *hostprovider.Store
	cache  *hostprovider.Cache
	undo   []func() // in the order taken
}

// close lets everything go, the last first.
func (d *desk) close() {
	for i := len(d.undo) - 1; i >= 0; i-- {
		d.undo[i]()
	}
	d.undo = nil
}

// desk opens the phone that sel names (nil: none) and the store, which must be
// there: a command that takes back or forgets makes none.
func (g *globals) desk(ctx context.Context, p *phone, command string) (_ *desk, err error) {
	d := &desk{phone: p}
	if p != nil {
		d.undo = append(d.undo, p.close)
	}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	name := ""
	if p != nil {
		if name = p.serial; name == "" {
			name = p.selector
		}
		unlock, err := lock(ctx, "phone", name, command)
		if err != nil {
			return nil, err
		}
		d.undo = append(d.undo, unlock)
	}
	s, done, err := g.changeStore(ctx, command)
	if err != nil {
		return nil, err
	}
	d.store, d.undo = s, append(d.undo, done)
	if p == nil {
		return d, nil
	}
	d.cache = s.Cache(name)
	d.folder, err = g.folder(ctx, p, d.cache)
	return d, err
}

// phoneIfThere opens the phone of a command that can do without: one that was
// asked for by --phone must be there, else the only one that is ready on the
// cable is taken, else none.
func (g *globals) phoneIfThere(ctx context.Context, sel string, asked bool) (*phone, error) {
	if asked {
		return g.openPhone(ctx, sel)
	}
	list, err := g.listUSB()
	if err != nil {
		g.log().Debug("looking for phones", "err", err)
		return nil, nil
	}
	if list = preferReady(list); len(list) != 1 || list[0].State != usb.Ready {
		return nil, nil
	}
	p, err := g.openPhone(ctx, "usb:"+list[0].Port)
	if err != nil {
		g.log().Warn("going on without the phone", "err", err)
		return nil, nil
	}
	return p, nil
}

// storeViews answers a survey out of the store.
type storeViews struct {
	store *hostprovider.Store
	peer  engine.PeerID
}

func (v storeViews) ByPath(ctx context.Context, paths []string) (map[string][]engine.ViewRow, error) {
	return v.store.ViewPaths(ctx, v.peer, paths)
}

// allSchemas are the schemas of all kinds, and their names.
func allSchemas() (schemas []engine.Schema, names []string) {
	for _, k := range pim.Kinds() {
		schemas = append(schemas, k)
		names = append(names, k.Name())
	}
	return schemas, names
}
