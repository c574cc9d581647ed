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

// ErrNotStored is wrapped by the error of a write of which the device stored no part: its
// program has no place for such an item, as for a changed occurrence alone. It lies on
// the other side only, and nothing is wrong with it.
var ErrNotStored = errors.New("the phone's program stores nothing of it; it stays on this computer as it is, and is offered to the phone again at the next sync")

// Prepare checks that what is going to be written has room, the next state
// included, and settles what the survey noted.
func (f *Folder) Prepare(ctx context.Context, writes int, size int64) error {
	if f.blocked != nil {
		return f.blocked
	}
	if err := f.Room(writes, size); err != nil {
		return err
	}
	return f.begin(ctx)
}

// Room tells whether so many objects of so many bytes in all, and the next state,
// have room on the storage that is written to: nil, or ErrFull. It writes nothing.
func (f *Folder) Room(writes int, size int64) error {
	s := f.storage(f.home)
	if s == nil || s.Free < 0 {
		return nil
	}
	if f.anyLoses() { // the full texts lie beside the objects
		writes, size = 2*writes, 2*size
	}
	// Each object takes a block of its own, and old and new lie side by side for a
	// moment.
	if need := size + int64(writes)*blockSize + f.stateSize(writes); need > s.Free {
		return fmt.Errorf("%w: %d bytes are needed on %s, %d are free", ErrFull, need, s.Label, s.Free)
	}
	return nil
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
		e, err := f.store.Create(ctx, f.home, readmePath, f.fitted([]byte(readme)))
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
	digest  engine.Digest // of the body as it is sent
	kept    engine.Digest // of what the device made of it, once it was created
	old     *spot         // the object that it replaces; nil for none
	scope   string
	id      engine.ItemID
	value   *valuebag.Values
}

// where is the folder of the new object.
func (p *writePlan) where() spot { return spot{p.storage, p.folder} }

// inPlace reports whether the new object comes to lie in the old one's folder.
func (p *writePlan) inPlace() bool {
	return p.old != nil && p.old.storage == p.storage && parent(p.old.path) == p.folder
}

func (f *Folder) plan(scope string, k *pim.Kind, w engine.Write) writePlan {
	p := writePlan{scope: scope, storage: f.home, body: f.fitted(k.Text(w.Value))}
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
		if f.collectionAt(p.where()) != normalCollection(collection) {
			to := f.folderOf(scope, collection, p.storage)
			p.storage, p.folder = to.storage, to.path
		}
	} else {
		to := f.folderOf(scope, collection, p.storage)
		p.storage, p.folder = to.storage, to.path
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
	return join(p.folder, f.lastingName(s, p.where(), *p.old))
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
	if err := f.keepWhole(ctx, &p, w.ID, w.Value); err != nil {
		return engine.Place{}, f.itemError(ctx, w.ID, p.final, err)
	}
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
	if collection = normalCollection(collection); f.collectionAt(spot{place.Storage, folder}) == collection {
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
	if f.gone[p.where()] {
		// Made anew it would be empty, and what was in it taken for deleted.
		return engine.Place{}, fmt.Errorf("%s: %w", p.folder, errVanished)
	}
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
	p.kept = p.digest
	if f.readsBack(p, e) {
		if err := f.check(ctx, p, path); err != nil {
			if !f.ends(ctx, err) {
				f.remove(ctx, p.storage, path) //nolint:errcheck // the first error is the one to tell
			}
			return engine.Place{}, err
		}
	} else {
		f.fresh[itemKey{p.scope, p.id}] = nil
	}
	f.seen[spot{p.storage, path}] = object{size: e.Size, modified: e.Modified, at: at, body: p.kept}
	f.clock.measure(e.Modified)
	return engine.Place{Storage: p.storage, Path: path, Size: e.Size, Modified: e.Modified, Body: p.kept}, nil
}
