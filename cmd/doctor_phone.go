package cmd

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"strings"

	"cradle/devprovider"
	"cradle/engine"
	"cradle/pim"
)

// lookAtPhone opens a phone and looks at its storages, what on it is synced, and its
// sync state.
func (d *doctor) lookAtPhone(ctx context.Context, sel string) {
	p, err := d.g.openPhone(ctx, sel)
	if err != nil {
		f := d.g.explain(err)
		d.say("storage", levelError, f.Next, "%v", f)
		return
	}
	defer p.close()
	if dir, err := lockFolder(); err == nil {
		if who, busy := lockHolder(filepath.Join(dir, lockName("phone", cmp.Or(p.serial, p.selector)))); busy {
			d.say("storage", levelOK, "", "%s is in use %s: it isn't looked into", p.name, who)
			return
		}
	}
	f, err := d.g.folder(ctx, p, nil)
	if err != nil {
		e := d.g.explain(err)
		d.say("storage", levelError, e.Next, "%v", e)
		return
	}
	d.lookAtStorages(p, f)
	d.lookAtSources(f)
	d.lookAtState(f)
}

func (d *doctor) lookAtStorages(p *phone, f *devprovider.Folder) {
	const name = "storage"
	for _, s := range f.Storages() {
		switch {
		case !s.Writable:
			d.say(name, levelWarn, "choose file transfer on the phone, or free the storage from write protection", "%s can't be written", s.Label)
		case s.Free >= 0 && s.Free < spaceFail:
			d.say(name, levelWarn, "make room on the phone", "%s has %d MB free", s.Label, s.Free>>20)
		default:
			d.say(name, levelOK, "", "%s of %s can be written", s.Label, p.name)
		}
	}
	if err := f.ReadOnly(); err != nil {
		d.say(name, levelWarn, d.g.explain(err).Next, "nothing can be written to it: %v", err)
	}
}

// lookAtSources tells what on the phone is synced, where it is.
func (d *doctor) lookAtSources(f *devprovider.Folder) {
	const name = "sources"
	for _, s := range sources(f, pim.Kinds()) {
		d.say(name, levelOK, "", "%s (%s): %s", s.Path, strings.Join(s.Kinds, ", "), s.Mode)
	}
	for _, v := range f.Vdirs() {
		if v.Left {
			d.say(name, levelOK, "", "%s was let go: it isn't synced any more", vdirPath(v))
		}
	}
}

func (d *doctor) lookAtState(f *devprovider.Folder) {
	const name = "state"
	whole := 0
	for _, st := range f.States() {
		switch {
		case st.Err == nil:
			whole++
		case errors.Is(st.Err, engine.ErrNewer):
			d.say(name, levelError, "install the newer version of cradle", "%s: %v", st.Path, st.Err)
		default:
			d.say(name, levelWarn, d.g.command("sync"), "%s can't be used, and the next sync puts it aside: %v", st.Path, st.Err)
		}
	}
	switch {
	case whole > 0:
		d.say(name, levelOK, "", "its sync state is whole")
	case len(f.States()) == 0:
		d.say(name, levelOK, "", "it has no sync state yet: the next sync is a first one")
	}
}
