package devprovider

import (
	"context"
	"errors"
	"io/fs"

	"cradle/engine"
)

// walkVdirs lists the vdirs that the state names, one listing a folder. A folder that
// is gone says nothing about what was in it: it may have been renamed, or lie on a
// card that was taken out.
func (f *Folder) walkVdirs(ctx context.Context, w *walk) error {
	f.gone, f.listed, f.holds, f.below = map[spot]bool{}, map[spot]bool{}, map[spot]fileKinds{}, map[spot][]string{}
	for i := range f.state.vdirs {
		v := &f.state.vdirs[i]
		at := v.spot()
		if v.Left || f.storage(v.Storage) == nil {
			continue
		}
		var err error
		if v.Below {
			err = f.walkBelow(ctx, w, v)
		} else {
			err = f.walkVdir(ctx, w, at)
		}
		if err != nil {
			return err
		}
	}
	f.missFolders(w)
	return nil
}

// walkVdir lists one folder of items, without those below it.
func (f *Folder) walkVdir(ctx context.Context, w *walk, at spot) error {
	l, err := f.listVdir(ctx, w, at)
	if err != nil || l == nil {
		return err
	}
	now := f.clock.device()
	for _, e := range l.Entries {
		if !e.Folder && isItemFile(e.Name) {
			fl := &file{spot: spot{at.storage, join(at.path, e.Name)}, entry: e, at: now}
			if s, ok := parseStep(e.Name); ok {
				fl.step = &s
			}
			w.files = append(w.files, fl)
		}
	}
	return nil
}

// walkBelow lists the folders directly below a folder, but those with a vdir of their
// own.
func (f *Folder) walkBelow(ctx context.Context, w *walk, v *Vdir) error {
	l, err := f.listVdir(ctx, w, v.spot())
	if err != nil || l == nil {
		return err
	}
	for _, e := range l.Entries {
		at := spot{v.Storage, join(v.Folder, e.Name)}
		if !e.Folder || isHidden(e.Name) || vdirAt(f.state.vdirs, at) != v {
			continue
		}
		f.below[v.spot()] = append(f.below[v.spot()], at.path)
		if err := f.walkVdir(ctx, w, at); err != nil {
			return err
		}
	}
	return nil
}

// listVdir lists a folder; nil when nothing is known of what lies there, which it
// notes.
func (f *Folder) listVdir(ctx context.Context, w *walk, at spot) (*Listing, error) {
	l, err := f.list(ctx, at.storage, at.path)
	if errors.Is(err, fs.ErrNotExist) && ctx.Err() == nil && !errors.Is(err, engine.ErrGone) {
		w.partial[at], f.gone[at] = errVanished, true
		return nil, nil
	}
	if err != nil {
		f.listed[at] = true // as far as it goes
		return nil, w.unlisted(ctx, at.storage, at.path, err)
	}
	f.listed[at], f.holds[at] = true, kindsOf(l.Entries)
	w.note(at.storage, at.path, l)
	return &l, nil
}

// missFolders notes the folders below a vdir's that the state has items in and that
// are gone.
func (f *Folder) missFolders(w *walk) {
	if len(f.below) == 0 {
		return
	}
	var last spot
	for _, name := range sortedKeys(f.state.scopes) {
		sc := f.state.scopes[name]
		for i := range sc.Items {
			p := &sc.Items[i].Place
			at := spot{p.Storage, parent(p.Path)}
			if p.Path == "" || at == last {
				continue
			}
			last = at
			if _, _, ok := treeOfPath(p.Path); ok {
				continue
			}
			if v := vdirAt(f.state.vdirs, at); v != nil && v.Below && !v.Left && f.listed[v.spot()] && !f.listed[at] {
				w.partial[at], f.gone[at] = errVanished, true
			}
		}
	}
}
