package devprovider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"cradle/engine"
)

// replace puts a new body in the place of an object (design: "Replacing an
// object").
func (f *Folder) replace(ctx context.Context, w engine.Write, p *writePlan) (engine.Place, error) {
	if !p.inPlace() && p.old.storage == p.storage && p.digest == w.Old.Body && !f.gone[p.where()] {
		place, err := f.move(ctx, w, p)
		if err == nil || !errors.Is(err, errors.ErrUnsupported) {
			return place, err
		}
	}
	place, err := f.put(ctx, w.ID, p, func(stem string, window int) string {
		return stepName{stem: stem, digest: digestPart(p.digest, window), ext: p.ext}.String()
	})
	if err != nil {
		return engine.Place{}, err
	}
	step, _ := parseStep(base(place.Path))
	if err := f.unchanged(ctx, *w.Old); err != nil {
		if !f.ends(ctx, err) {
			f.remove(ctx, place.Storage, place.Path) //nolint:errcheck // a survey finds it again
		}
		return engine.Place{}, err
	}
	name := f.lastingName(step, p.where(), *p.old)
	if r, ok := f.store.(Replacer); ok && (spot{p.storage, join(p.folder, name)}) == *p.old {
		e, err := r.Replace(ctx, p.storage, place.Path, p.old.path)
		if err != nil {
			return engine.Place{}, err
		}
		f.renamed(spotOf(place), *p.old, e)
		place.Path, place.Size, place.Modified = p.old.path, e.Size, e.Modified
		return place, nil
	}
	if err := f.remove(ctx, p.old.storage, p.old.path); err != nil {
		if !f.ends(ctx, err) {
			f.remove(ctx, place.Storage, place.Path) //nolint:errcheck // as above
		}
		return engine.Place{}, err
	}
	return f.rename(ctx, place, name)
}

// rename gives a new object its lasting name, where the device can.
func (f *Folder) rename(ctx context.Context, place engine.Place, name string) (engine.Place, error) {
	at := spotOf(place)
	if names := f.folders[spot{at.storage, parent(at.path)}]; names.has(name) {
		return place, nil
	}
	done, err := f.renameTo(ctx, at, name)
	if err != nil || !done {
		return place, err
	}
	o := f.seen[spot{at.storage, join(parent(at.path), name)}]
	place.Path, place.Size, place.Modified = join(parent(at.path), name), o.size, o.modified
	return place, nil
}

// move takes an object whose text stays to another folder, where the device can.
func (f *Folder) move(ctx context.Context, w engine.Write, p *writePlan) (engine.Place, error) {
	if err := f.ensureCollection(ctx, p); err != nil {
		return engine.Place{}, err
	}
	names, err := f.names(ctx, p.storage, p.folder)
	if err != nil {
		return engine.Place{}, err
	}
	if names.has(base(p.old.path)) {
		return engine.Place{}, fmt.Errorf("move to %s: the name is taken: %w", p.folder, errors.ErrUnsupported)
	}
	if err := f.unchanged(ctx, *w.Old); err != nil {
		return engine.Place{}, err
	}
	to := spot{p.storage, join(p.folder, base(p.old.path))}
	e, err := f.store.Move(ctx, p.storage, p.old.path, p.folder)
	if err != nil {
		return engine.Place{}, err
	}
	f.renamed(*p.old, to, e)
	o := f.seen[to]
	o.body = p.digest
	f.seen[to] = o
	return engine.Place{Storage: to.storage, Path: to.path, Size: e.Size, Modified: e.Modified, Body: p.digest}, nil
}

// unchanged looks at an object again: engine.ErrChanged unless it is as it was
// last seen. Where its size and time could not show a change its body is read.
func (f *Folder) unchanged(ctx context.Context, old engine.Place) error {
	at := spotOf(old)
	e, err := f.store.Stat(ctx, at.storage, at.path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", at.path, engine.ErrChanged)
	}
	if err != nil {
		return err
	}
	o, ok := f.seen[at]
	if !ok {
		o = object{size: old.Size, modified: old.Modified, body: old.Body}
	}
	if f.isTorn(at) {
		return nil
	}
	if !sameSize(e.Size, o.size) || e.Modified != o.modified {
		return fmt.Errorf("%s: %w", at.path, engine.ErrChanged)
	}
	if settled(o.modified, o.at) && e.Size >= 0 && o.size >= 0 || o.body.IsZero() {
		return nil
	}
	got, err := f.store.Read(ctx, at.storage, at.path, maxObject)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %w", at.path, engine.ErrChanged)
		}
		return err
	}
	if bodyDigest(got) != o.body {
		return fmt.Errorf("%s: %w", at.path, engine.ErrChanged)
	}
	return nil
}

func (f *Folder) isTorn(at spot) bool {
	n := f.folders[spot{at.storage, parent(at.path)}]
	return n != nil && n.torn[base(at.path)]
}
