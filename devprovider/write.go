package devprovider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"cradle/engine"
	"cradle/pim"
	"cradle/valuebag"
)

// errAltered: the device doesn't keep what it is given.
var errAltered = errors.New("the phone changes what is written to it")

// Prepare checks that what is going to be written has room, the next state
// included, and settles what the survey noted.
func (f *Folder) Prepare(ctx context.Context, writes int, size int64) error {
	if f.blocked != nil {
		return f.blocked
	}
	if s := f.storage(f.home); s != nil && s.Free >= 0 {
		// Each object takes a block of its own, and old and new lie side by side
		// for a moment.
		need := size + int64(writes)*blockSize + f.stateSize(writes)
		if need > s.Free {
			return fmt.Errorf("%w: %d bytes are needed on %s, %d are free", ErrFull, need, s.Label, s.Free)
		}
	}
	return f.begin(ctx)
}

// blockSize is what an object takes up beside its bytes, on average half of a
// block of 4 KiB and its entry in the folder.
const blockSize = 2560

// stateSize estimates the size of the next state.
func (f *Folder) stateSize(writes int) int64 {
	n := writes
	for _, sc := range f.state.scopes {
		n += len(sc.Items)
	}
	return 4096 + 512*int64(n)
}

// begin settles unfinished steps and makes the tree, before anything is written.
func (f *Folder) begin(ctx context.Context) error {
	if f.blocked != nil {
		return f.blocked
	}
	if err := f.settle(ctx); err != nil {
		return err
	}
	if f.ready {
		return nil
	}
	if err := f.ensureFolder(ctx, f.home, rootFolder); err != nil {
		return err
	}
	names, err := f.names(ctx, f.home, rootFolder)
	if err != nil {
		return err
	}
	if !names.has(base(readmePath)) {
		e, err := f.store.Create(ctx, f.home, readmePath, []byte(readme))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("making the folder %s on the phone: %w", rootFolder, err)
		}
		if err == nil {
			names.add(base(readmePath))
			f.clock.measure(e.Modified)
			f.seen[spot{f.home, readmePath}] = object{size: e.Size, modified: e.Modified}
		}
	}
	f.ready = true
	return nil
}

// ensureFolder makes a folder and those above it.
func (f *Folder) ensureFolder(ctx context.Context, storage, folder string) error {
	if folder == "" {
		return nil
	}
	if _, ok := f.folders[spot{storage, folder}]; ok {
		return nil
	}
	up := parent(folder)
	if err := f.ensureFolder(ctx, storage, up); err != nil {
		return err
	}
	names, err := f.names(ctx, storage, up)
	if err != nil {
		return err
	}
	if !names.exact(base(folder)) {
		if err := f.store.Mkdir(ctx, storage, folder); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if names != nil {
			names.add(base(folder))
		}
		f.folders[spot{storage, folder}] = &folderNames{torn: map[string]bool{}}
		return nil
	}
	_, err = f.list(ctx, storage, folder)
	return err
}

// itemError is an error of one item, unless it ends the session.
func (f *Folder) itemError(ctx context.Context, id engine.ItemID, path string, err error) error {
	var ie *engine.ItemError
	if err == nil || f.ends(ctx, err) || errors.Is(err, engine.ErrChanged) || errors.As(err, &ie) {
		return err
	}
	return &engine.ItemError{Item: id, Path: path, Reason: err}
}

// Target is the place that Write is going to use.
func (f *Folder) Target(scope string, w engine.Write) engine.Place {
	k := f.kinds[scope]
	if k == nil || w.Value == nil {
		return engine.Place{}
	}
	p := f.plan(scope, k, w)
	return engine.Place{Storage: p.storage, Path: p.final, Size: int64(len(p.body)), Body: p.digest}
}

// writePlan is what one Write is going to do.
type writePlan struct {
	storage string
	folder  string // of the new object
	stems   []string
	ext     string
	final   string // its lasting path, if the device takes the first name
	body    []byte
	digest  engine.Digest
	old     *spot // the object that it replaces; nil for none
}

func (f *Folder) plan(scope string, k *pim.Kind, w engine.Write) writePlan {
	p := writePlan{storage: f.home, body: k.Text(w.Value)}
	p.digest = bodyDigest(p.body)
	p.ext = extFor(scope, p.body)
	collection := k.Collection(w.Value)
	slug := slugOf(k, w.Value)
	p.stems = []string{stem(slug, w.ID, idLength)}
	if slug != "" {
		p.stems = append(p.stems, stem("", w.ID, idLength))
	}
	p.stems = append(p.stems, stem("", w.ID, 2*idLength), stem("", w.ID, 4*idLength))
	if w.Old != nil && !w.Old.Bundle {
		at := spotOf(*w.Old)
		p.old, p.storage, p.ext = &at, w.Old.Storage, extOf(w.Old.Path)
		p.folder = parent(w.Old.Path)
		if f.collectionAt(p.folder) != normalCollection(collection) {
			p.folder = f.folderOf(scope, collection)
		}
	} else {
		p.folder = f.folderOf(scope, collection)
	}
	p.final = f.finalPath(&p, p.stems[0])
	return p
}

func normalCollection(c string) string {
	if c == "" {
		return firstCollection
	}
	return c
}

// finalPath is where the object comes to lie under the given stem.
func (f *Folder) finalPath(p *writePlan, stem string) string {
	s := stepName{stem: stem, digest: digestPart(p.digest, 0), ext: p.ext}
	if p.old == nil {
		return join(p.folder, s.plain())
	}
	if f.state.learned[learnedRename] == "no" && !f.canReplace() {
		return join(p.folder, s.String())
	}
	return join(p.folder, f.lastingName(s, p.folder, engine.Place{Path: p.old.path}))
}

func (f *Folder) canReplace() bool {
	_, ok := f.store.(Replacer)
	return ok
}

// extFor is the extension of a new object.
func extFor(scope string, body []byte) string {
	if bytes.HasPrefix(bytes.TrimLeft(body, "\xef\xbb\xbf\r\n "), []byte("BEGIN:VNOTE")) {
		return ".vnt"
	}
	return treeOf(scope).ext
}

// Write creates or replaces an object. The new body is whole on the device before
// the old one goes.
func (f *Folder) Write(ctx context.Context, scope string, w engine.Write) (engine.Place, error) {
	k := f.kinds[scope]
	if k == nil {
		return engine.Place{}, fmt.Errorf("a write of %q: no such kind", scope)
	}
	if err := f.begin(ctx); err != nil {
		return engine.Place{}, f.itemError(ctx, w.ID, "", err)
	}
	if w.Old != nil {
		at := f.actual(spotOf(*w.Old))
		old := *w.Old
		old.Path = at.path
		w.Old = &old
	}
	p := f.plan(scope, k, w)
	var place engine.Place
	var err error
	switch {
	case w.Old != nil && w.Old.Bundle:
		place, err = f.writeOverBundle(ctx, scope, w, &p)
	case p.old != nil:
		place, err = f.replace(ctx, w, &p)
	default:
		place, err = f.create(ctx, w.ID, &p)
	}
	if err != nil {
		return engine.Place{}, f.itemError(ctx, w.ID, p.final, err)
	}
	f.noteFolder(scope, place, k.Collection(w.Value))
	o := f.seen[spotOf(place)]
	o.single, o.read, o.uid = true, true, k.UID(w.Value)
	f.seen[spotOf(place)] = o
	return place, nil
}

// noteFolder remembers a collection whose folder has another name.
func (f *Folder) noteFolder(scope string, place engine.Place, collection string) {
	folder := parent(place.Path)
	if collection = normalCollection(collection); f.collectionAt(folder) == collection {
		return
	}
	f.state.folders = append(f.state.folders, folderName{folder, collection})
}

// create makes a new object under the first name that is free and that the device
// takes.
func (f *Folder) create(ctx context.Context, id engine.ItemID, p *writePlan) (engine.Place, error) {
	return f.put(ctx, id, p, func(stem string, _ int) string { return stem + p.ext })
}

// put creates the body under the first of the names that is free and that the
// device takes.
func (f *Folder) put(ctx context.Context, id engine.ItemID, p *writePlan, name func(stem string, window int) string) (engine.Place, error) {
	if err := f.ensureCollection(ctx, p); err != nil {
		return engine.Place{}, err
	}
	names, err := f.names(ctx, p.storage, p.folder)
	if err != nil {
		return engine.Place{}, err
	}
	var refused error
	for _, stem := range p.stems {
		for window := range stepWindows {
			n := name(stem, window)
			path := join(p.folder, n)
			if names.has(n) {
				if !names.torn[n] || !ownName(n, id) {
					continue
				}
				// What a cut left of this very object.
				if err := f.remove(ctx, p.storage, path); err != nil {
					return engine.Place{}, err
				}
			}
			place, err := f.createAt(ctx, p, path)
			switch {
			case err == nil:
				return place, nil
			case f.ends(ctx, err):
				return engine.Place{}, err
			case errors.Is(err, fs.ErrExist):
				names.add(n)
				continue
			case errors.Is(err, ErrName):
				if refused == nil {
					refused = err
				}
			default:
				return engine.Place{}, err
			}
			break // the next, plainer stem
		}
	}
	if refused == nil {
		refused = fmt.Errorf("%s: no name is free: %w", p.folder, fs.ErrExist)
	}
	return engine.Place{}, refused
}

// ensureCollection makes the folder of a collection, under a plainer name if the
// device refuses the first.
func (f *Folder) ensureCollection(ctx context.Context, p *writePlan) error {
	err := f.ensureFolder(ctx, p.storage, p.folder)
	if err == nil || !errors.Is(err, ErrName) {
		return err
	}
	t, rest, ok := treeOfPath(p.folder)
	if !ok {
		return err
	}
	plain := join(t.folder, plainFolder(rest))
	if err := f.ensureFolder(ctx, p.storage, plain); err != nil {
		return err
	}
	p.folder = plain
	return nil
}

// createAt creates one object and checks that it is what was written.
func (f *Folder) createAt(ctx context.Context, p *writePlan, path string) (engine.Place, error) {
	e, err := f.store.Create(ctx, p.storage, path, p.body)
	if err != nil {
		return engine.Place{}, err
	}
	if e.Name != "" && e.Name != base(path) {
		path = join(p.folder, e.Name) // the phone chose another name
	}
	names, at := f.folders[spot{p.storage, p.folder}], f.clock.device()
	if names != nil {
		names.add(base(path))
	}
	if e.Size != int64(len(p.body)) || f.state.learned[learnedVerified] == "" {
		if err := f.verify(ctx, p, path); err != nil {
			if !f.ends(ctx, err) {
				f.remove(ctx, p.storage, path) //nolint:errcheck // the first error is the one to tell
			}
			return engine.Place{}, err
		}
		f.state.learned[learnedVerified] = "yes"
	}
	f.seen[spot{p.storage, path}] = object{size: e.Size, modified: e.Modified, at: at, body: p.digest}
	f.clock.measure(e.Modified)
	return engine.Place{Storage: p.storage, Path: path, Size: e.Size, Modified: e.Modified, Body: p.digest}, nil
}

// verify reads an object back.
func (f *Folder) verify(ctx context.Context, p *writePlan, path string) error {
	got, err := f.store.Read(ctx, p.storage, path, int64(len(p.body))+1)
	if err != nil {
		if f.ends(ctx, err) {
			return err
		}
		return fmt.Errorf("reading it back: %w", err)
	}
	if !bytes.Equal(got, p.body) {
		return fmt.Errorf("%w: %d bytes written, %d read back", errAltered, len(p.body), len(got))
	}
	return nil
}

// replace puts a new body in the place of an object (design: "Replacing an
// object").
func (f *Folder) replace(ctx context.Context, w engine.Write, p *writePlan) (engine.Place, error) {
	if parent(p.old.path) != p.folder && p.digest == w.Old.Body {
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
	name := f.lastingName(step, p.folder, engine.Place{Path: p.old.path})
	if r, ok := f.store.(Replacer); ok && join(p.folder, name) == p.old.path {
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

// writeOverBundle writes an item that lay in a bundle to a file of its own. The
// bundle stays as it is; its copy no longer counts.
func (f *Folder) writeOverBundle(ctx context.Context, scope string, w engine.Write, p *writePlan) (engine.Place, error) {
	if err := f.leaveBundle(ctx, scope, w.ID, *w.Old); err != nil {
		return engine.Place{}, err
	}
	return f.create(ctx, w.ID, p)
}

// leaveBundle remembers that a bundle's copy of an item no longer counts.
func (f *Folder) leaveBundle(ctx context.Context, scope string, id engine.ItemID, old engine.Place) error {
	v, err := f.loadBundle(ctx, scope, id, old)
	if err != nil {
		return err
	}
	f.supersede(superseded{scope, id, contentOf(engine.Describe(f.kinds[scope], v))})
	o := f.seen[spotOf(old)]
	f.keepBundle(&file{
		spot: spotOf(old), entry: Entry{Size: o.size, Modified: o.modified}, body: o.body,
	})
	return nil
}

// Remove takes an object away. An item of a bundle is only remembered as removed.
func (f *Folder) Remove(ctx context.Context, scope string, id engine.ItemID, old engine.Place) error {
	if f.kinds[scope] == nil {
		return fmt.Errorf("a removal of %q: no such kind", scope)
	}
	if err := f.begin(ctx); err != nil {
		return f.itemError(ctx, id, old.Path, err)
	}
	at := f.actual(spotOf(old))
	old.Path = at.path
	if old.Bundle {
		return f.itemError(ctx, id, old.Path, f.leaveBundle(ctx, scope, id, old))
	}
	if err := f.unchanged(ctx, old); err != nil {
		return f.itemError(ctx, id, old.Path, err)
	}
	return f.itemError(ctx, id, old.Path, f.remove(ctx, at.storage, at.path))
}

// Load reads an item as it is now.
func (f *Folder) Load(ctx context.Context, scope string, id engine.ItemID, place engine.Place) (*valuebag.Values, error) {
	k := f.kinds[scope]
	if k == nil {
		return nil, fmt.Errorf("reading %q: no such kind", scope)
	}
	final := place.Path
	at := f.actual(spotOf(place))
	place.Path = at.path
	if place.Bundle {
		v, err := f.loadBundle(ctx, scope, id, place)
		return v, f.itemError(ctx, id, final, err)
	}
	data, err := f.store.Read(ctx, at.storage, at.path, maxObject)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", at.path, engine.ErrChanged)
	}
	if err != nil {
		return nil, f.itemError(ctx, id, final, err)
	}
	if !place.Body.IsZero() && bodyDigest(data) != place.Body {
		return nil, fmt.Errorf("%s: %w", at.path, engine.ErrChanged)
	}
	b := f.parse(data, f.collectionAt(parent(final)), func(sc string) bool { return sc == scope })
	if b.torn || b.bundle || len(b.items) != 1 {
		return nil, fmt.Errorf("%s: %w", at.path, engine.ErrChanged)
	}
	return b.items[0].value, nil
}

// loadBundle reads one item of a bundle.
func (f *Folder) loadBundle(ctx context.Context, scope string, id engine.ItemID, place engine.Place) (*valuebag.Values, error) {
	at := spotOf(place)
	b := f.bundles[at]
	if b == nil || b.body != place.Body {
		data, err := f.store.Read(ctx, at.storage, at.path, maxObject)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w", at.path, engine.ErrChanged)
		}
		if err != nil {
			return nil, err
		}
		if bodyDigest(data) != place.Body {
			return nil, fmt.Errorf("%s: %w", at.path, engine.ErrChanged)
		}
		b = f.indexBundle(at, place.Body, data)
	}
	it := b.items[itemKey{scope, id}]
	if it == nil {
		return nil, fmt.Errorf("%s: %w", at.path, engine.ErrChanged)
	}
	return it.value, nil
}
