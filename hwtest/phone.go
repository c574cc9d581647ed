package hwtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"cradle/mtp"
	"cradle/mtp/responder"
)

// Phone is a virtual phone whose storage is a folder of the host. Its methods
// may be called from any goroutine.
type Phone struct {
	kind Kind
	dir  string
	name string
	// serial is what DeviceInfo says.
	serial string
	r      *responder.Responder
	s      *store

	// What the scenario has for later, from the first time it is plugged in.
	later    []LaterFault
	starting sync.Once
	timers   []*time.Timer
}

// Open makes a phone of a kind out of an existing folder. Close lets it go; the
// folder stays as it is.
func Open(kind Kind, dir string, o Options) (*Phone, error) {
	if !slices.Contains(AllKinds(), kind) {
		return nil, fmt.Errorf("virtual phone: no kind %q, only %v", kind, AllKinds())
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("virtual phone: %w", err)
	}
	if fi, err := os.Stat(abs); err != nil {
		return nil, fmt.Errorf("virtual phone: %w", err)
	} else if !fi.IsDir() {
		return nil, fmt.Errorf("virtual phone: %s is no folder", abs)
	}
	if o.Scenario != nil {
		if err := o.Scenario.apply(&o); err != nil {
			return nil, fmt.Errorf("virtual phone: %w", err)
		}
	}
	if err := o.complete(kind, abs); err != nil {
		return nil, fmt.Errorf("virtual phone: %w", err)
	}
	s := &store{
		reserved: make(map[mtp.ObjectHandle]responder.NewObject),
		zone:     o.Zone, skew: o.Clock, step: o.Times.step(), names: o.Names,
		readOnly: o.ReadOnly, locked: o.Locked, lies: o.Lies, identify: !kind.android(), keeps: o.Stores,
	}
	s.first = 1
	p := &Phone{kind: kind, dir: abs, name: o.Name, serial: o.Serial, s: s}
	p.r = responder.New(device(kind, &o), s)
	if o.Trace != nil {
		p.r.Trace(o.Trace)
	}
	s.notify = func(code mtp.EventCode, n *node) { p.r.Emit(code, uint32(n.handle)) }
	if err := s.mount(abs, &o); err != nil {
		return nil, fmt.Errorf("virtual phone: %w", err)
	}
	for _, c := range o.Cuts {
		p.r.CutAt(c)
	}
	if o.Scenario != nil {
		if err := p.plan(o.Scenario); err != nil {
			return nil, fmt.Errorf("virtual phone: %w", err)
		}
	}
	return p, nil
}

// mount makes the volumes: the folder itself, or those of its subfolders that
// Options.Storages names.
func (s *store) mount(dir string, o *Options) error {
	names := o.Storages
	if len(names) == 0 {
		names = []string{""}
	}
	for i, name := range names {
		v := &volume{
			id:  mtp.StorageID(uint32(i+1)<<16 | 1),
			dir: filepath.Join(dir, name), description: "Internal shared storage",
			identifier: digest(o.Serial, name)[:16],
		}
		if i > 0 {
			v.description = "SD card"
		}
		if i > 1 {
			v.description = fmt.Sprintf("SD card %d", i)
		}
		if fi, err := os.Stat(v.dir); err != nil {
			return fmt.Errorf("storages: %w", err)
		} else if !fi.IsDir() {
			return &fs.PathError{Op: "storages", Path: v.dir, Err: syscall.ENOTDIR}
		}
		if o.Free != nil {
			v.limited, v.free = true, *o.Free
			v.capacity = sizeBelow(v.dir) + *o.Free
		}
		v.root = &node{vol: v, folder: true}
		s.volumes = append(s.volumes, v)
	}
	for _, v := range o.serviceVolumes(dir) {
		if err := os.MkdirAll(v.dir, 0o755); err != nil {
			return err
		}
		v.root = &node{vol: v, folder: true}
		s.volumes = append(s.volumes, v)
	}
	return nil
}

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// Transport plugs the phone in and gives the initiator's end. After a pulled
// cable the phone has forgotten its session; a transport that is still open is
// pulled; one that was only closed leaves the phone as it is, session and unread
// bytes included, as when a program ends without a word.
func (p *Phone) Transport() *responder.Conn {
	t := p.r.Connect()
	p.start()
	return t
}

// Kind, Dir, Name and Serial are what the phone was made with. Dir is absolute.
func (p *Phone) Kind() Kind     { return p.kind }
func (p *Phone) Dir() string    { return p.dir }
func (p *Phone) Name() string   { return p.name }
func (p *Phone) Serial() string { return p.serial }

// Pull pulls the cable now.
func (p *Phone) Pull() { p.r.Pull() }

// CutAt plans to pull the cable; see [responder.Cut].
func (p *Phone) CutAt(transaction int, phase responder.Phase, bytes int64) {
	p.r.CutAt(responder.Cut{Transaction: transaction, Phase: phase, Bytes: bytes})
}

// Away reports whether the phone has dropped off the bus and isn't back yet.
func (p *Phone) Away() bool { return p.r.Away() }

// Unstruck counts the faults of the scenario for transactions that haven't
// happened once.
func (p *Phone) Unstruck() int { return p.r.Unstruck() }

// ClearCuts forgets all cuts that were planned.
func (p *Phone) ClearCuts() { p.r.ClearCuts() }

// Transactions counts the transactions since the phone was opened.
func (p *Phone) Transactions() int { return p.r.Transactions() }

// Log lists them.
func (p *Phone) Log() []responder.Transaction { return p.r.Log() }

// Unlock shows the storages of a locked phone and says so with StoreAdded.
func (p *Phone) Unlock() { p.lock(false) }

// Lock hides the storages, as the screen lock does.
func (p *Phone) Lock() { p.lock(true) }

func (p *Phone) lock(locked bool) {
	p.r.Do(func() { p.setLocked(locked) })
}

// setLocked is lock for a caller within the responder.
func (p *Phone) setLocked(locked bool) {
	if p.s.locked == locked {
		return
	}
	p.s.locked = locked
	code := mtp.EventStoreAdded
	if locked {
		code = mtp.EventStoreRemoved
	}
	for _, id := range p.s.ids() {
		p.r.Emit(code, uint32(id))
	}
}

// Scan looks through the folders that the initiator has listed and sends events
// for what other programs have changed there, as the media scan of a phone
// does. Without it the phone notices changes when a folder is listed again.
func (p *Phone) Scan() error {
	var err error
	p.r.Do(func() {
		for _, v := range p.s.volumes {
			if e := p.s.scan(v.root); e != nil && err == nil {
				err = e
			}
		}
	})
	return err
}

func (s *store) scan(n *node) error {
	if !n.scanned {
		return nil
	}
	if err := s.list(n); err != nil {
		return fmt.Errorf("scan %s: %w", n.path(), err)
	}
	for _, k := range slices.Clone(n.kids) {
		if k.folder {
			if err := s.scan(k); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close unplugs the phone and lets go of what it holds on the host. It can't be
// plugged in again: a session over a later Transport fails with
// [mtp.ErrDeviceGone].
func (p *Phone) Close() error {
	p.starting.Do(func() {})
	for _, t := range p.timers {
		t.Stop()
	}
	p.r.Off()
	p.r.Do(p.s.watch.close)
	return nil
}

// granularity of the phone's times.
func (t Times) step() time.Duration {
	switch t {
	case TimesNone:
		return 0
	case Times2s:
		return 2 * time.Second
	}
	return time.Second
}
