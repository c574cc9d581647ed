package acceptance

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cradle/devprovider"
	"cradle/engine"
	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/responder"
	"cradle/pim"
)

// fault is what goes wrong in a session. The zero value is nothing.
type fault struct {
	// The cable is pulled in this transaction (of a folder: operation), from 1.
	cut   int
	phase responder.Phase
	bytes int64
	// The program is killed at this commit of its store, from 1.
	kill int
}

func (f fault) String() string {
	switch {
	case f.kill > 0:
		return fmt.Sprintf("killed at commit %d", f.kill)
	case f.cut > 0 && f.phase == responder.InData:
		return fmt.Sprintf("cut in transaction %d after %d bytes", f.cut, f.bytes)
	case f.cut > 0:
		return fmt.Sprintf("cut in transaction %d %v", f.cut, f.phase)
	}
	return "no fault"
}

// line is an open connection to a device.
type line struct {
	objects devprovider.ObjectStore
	serial  string
	name    string
	close   func()
	phone   *hwtest.Phone // nil: a folder
	folder  *cutStore     // nil: a phone
}

func (l *line) transactions() int {
	if l.phone != nil {
		return l.phone.Transactions()
	}
	return l.folder.n
}

// plug opens a connection that a fault may cut.
func (d *device) plug(f fault) (*line, error) {
	if d.kind == folderKind {
		s, err := devprovider.OpenDir(d.dir)
		if err != nil {
			return nil, err
		}
		c := &cutStore{in: s, fault: f, sizes: map[int]int64{}}
		return &line{objects: c, name: "folder", close: func() {}, folder: c}, nil
	}
	o := d.shape
	o.Serial = d.serial
	ph, err := hwtest.Open(d.kind, d.dir, o)
	if err != nil {
		return nil, err
	}
	if f.cut > 0 {
		ph.CutAt(f.cut, f.phase, f.bytes)
	}
	l := &line{serial: d.serial, name: string(d.kind), phone: ph, close: func() { ph.Close() }}
	s, err := mtp.Open(ctxb, ph.Transport(), mtp.Options{})
	if err != nil {
		return l, fmt.Errorf("%w: %w", engine.ErrGone, err)
	}
	l.close = func() { s.Close(ctxb); ph.Close() }
	l.objects = devprovider.NewMTPStore(s)
	return l, nil
}

// outcome is how a session went.
type outcome struct {
	res          *engine.Result
	commits      int // of the store
	transactions int // of the phone; of a folder its operations
	log          []responder.Transaction
	sizes        map[int]int64      // of a folder's writes, by operation
	notes        []engine.ItemError // what the device's survey says besides
}

// moved counts the items and versions that a session moved or adopted.
func (o *outcome) moved() int {
	n := 0
	if o.res == nil {
		return 0
	}
	for _, s := range o.res.Stats {
		n += s.ToStore.Created + s.ToStore.Updated + s.ToStore.Deleted + s.ToPhone.Created + s.ToPhone.Updated + s.ToPhone.Deleted + s.Adopted + s.Conflicts
	}
	return n
}

func (o *outcome) String() string {
	if o.res == nil {
		return "no session"
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(o.res.Stats)) {
		if s := *o.res.Stats[k]; s != (engine.Stats{}) {
			parts = append(parts, fmt.Sprintf("%s %+v", k, s))
		}
	}
	for _, f := range o.res.Failed {
		parts = append(parts, fmt.Sprintf("failed %s: %v", f.Path, f.Err))
	}
	return strings.Join(parts, ", ")
}

// sync runs one session, as the command does, with the brakes off.
func (w *world) sync(p *pc, d *device, f fault) (*outcome, error) {
	w.t.Helper()
	return w.session(p, d, f, engine.Options{Exempt: true})
}

func (w *world) session(p *pc, d *device, f fault, opt engine.Options) (*outcome, error) {
	w.t.Helper()
	store := p.open()
	before := p.commits
	p.killAt = f.kill
	o := &outcome{}
	err := func() error {
		l, err := d.plug(f)
		if l != nil {
			defer func() {
				o.transactions = l.transactions()
				if l.phone != nil {
					o.log = l.phone.Log()
				} else {
					o.sizes = l.folder.sizes
				}
				l.close()
			}()
		}
		if err != nil {
			return err
		}
		name := l.serial
		if name == "" {
			name = "dir:" + d.dir
		}
		cache := store.Cache(name)
		folder, err := devprovider.Open(ctxb, l.objects, devprovider.Options{
			Serial: l.serial, Name: l.name, Kinds: pim.Kinds(), Cache: cache, Program: "cradle test", Rand: w.rand,
		})
		if err != nil {
			return err
		}
		var schemas []engine.Schema
		for _, k := range pim.Kinds() {
			schemas = append(schemas, k)
		}
		if opt.Preset == "" {
			opt.Preset = w.preset
		}
		if opt.Pair == nil {
			opt.Pair = func(engine.Meet) bool { return true }
		}
		opt.Now, opt.Rand = w.now, w.rand
		o.res, err = engine.NewSession(store, folder, schemas, opt).Run(ctxb)
		o.notes = folder.Notes()
		if e := cache.Flush(ctxb); err == nil {
			err = e
		}
		return err
	}()
	killed := p.killAt < 0
	if f.kill > 0 {
		p.close() // what the program had in memory is gone
	}
	o.commits = p.commits - before
	w.logf("%s <-> %s (%v): %v err %v", p.name, d.serial, f, o, err)
	switch {
	case err == nil && killed, errors.Is(err, errKilled) && killed:
		err = errKilled
	case f.cut > 0 && errors.Is(err, engine.ErrGone):
		err = engine.ErrGone
	case errors.Is(err, engine.ErrBraked), errors.Is(err, engine.ErrNotPaired):
	case err != nil:
		w.fail("%s with %s (%v): %v", p.name, d.serial, f, err)
	}
	return o, err
}
