package devprovider

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"cradle/engine"
)

// step is one operation that settles an unfinished replacement, noted by a survey
// and done before the next write.
type step struct {
	storage string
	drop    string // a path to delete; "" none
	looked  object // how it looked: it is deleted only if it still does
	from    string // a path to rename; "" none
	to      string
}

// settleSteps decides what becomes of objects whose name says that they were about
// to take another one's place. Any computer comes to the same from the two files:
// torn, or the old one edited meanwhile: the new one goes; else the old one goes.
// Where the user edited both, both stay.
func (s *survey) settleSteps() {
	var byID map[string][]*ref
	for _, fl := range s.walk.files {
		if fl.step == nil || len(fl.refs) > 0 {
			continue
		}
		switch fl.status {
		case statusRead, statusTorn:
		default:
			continue
		}
		if byID == nil {
			byID = map[string][]*ref{}
			for i := range s.refs {
				id := s.refs[i].id()
				key := hex.EncodeToString(id[:idLength/2])
				byID[key] = append(byID[key], &s.refs[i])
			}
		}
		if r := stepOwner(fl, byID[fl.step.id[:idLength]]); r != nil {
			s.settleKnown(fl, r)
		} else if fl.status == statusRead {
			s.settleUnknown(fl)
		}
	}
}

// stepOwner finds the state's item that a step's file belongs to.
func stepOwner(fl *file, refs []*ref) *ref {
	for _, r := range refs {
		if !fl.step.of(r.id()) || r.item.Place.Bundle {
			continue
		}
		if fl.status == statusTorn {
			return r
		}
		if len(fl.held.items) != 1 {
			return nil
		}
		it := &fl.held.items[0]
		if it.scope == r.scope && (r.byPath || it.uid == "" || holderOf(it.scope, it.uid, r.id()) > 0) {
			return r
		}
	}
	return nil
}

func (s *survey) settleKnown(fl *file, r *ref) {
	was := r.item.Place
	old := s.walk.bySpot[spotOf(was)]
	if old == nil && s.f.blind(s.walk, spotOf(was)) != nil {
		// Nobody knows whether the old one still lies there.
		fl.status = statusDropped
		return
	}
	if old == nil {
		old = s.moved(r)
	}
	if fl.status == statusTorn {
		if old == nil {
			// The old one may only go after the new one is whole; this device, or
			// somebody else, did otherwise. That is no deletion.
			s.vague[r] = engine.ErrTorn
			s.failed = append(s.failed, failure{r.scope, engine.ItemError{Item: r.id(), Path: fl.spot.path, Reason: engine.ErrTorn}})
			fl.status = statusDropped
			return
		}
		s.dropFile(fl)
		return
	}
	if r.file != nil {
		return // settled with another file already; this one is a further holder
	}
	if old != nil {
		switch {
		case old.status == statusUnchanged, old.status == statusSame, old.status == statusTorn:
		case old.body == was.Body: // renamed or moved, and else as in the state
		case !fl.holdsStep():
			return // the user edited both: both stay, this one as a further holder
		default:
			s.dropFile(fl)
			return
		}
		s.dropFile(old)
		was.Path = old.spot.path
	}
	s.rename(fl, was)
	it := &fl.held.items[0]
	it.ref, it.id, it.claimed = r, r.id(), true
	r.file, r.found = fl, it
	s.held[itemKey{r.scope, r.id()}] = fl
}

// moved finds the object of an item that its user renamed or moved before it was
// to be replaced; nil when there is none.
func (s *survey) moved(r *ref) *file {
	var same *file
	for _, o := range s.walk.files {
		if o.status != statusRead || len(o.refs) > 0 || o.step != nil || len(o.held.items) != 1 || o.held.bundle {
			continue
		}
		it := &o.held.items[0]
		switch {
		case it.scope != r.scope:
		case !r.byPath && holderOf(it.scope, it.uid, r.id()) == 1:
			return o
		case (it.uid == "" || r.byPath) && o.body == r.item.Place.Body && same == nil:
			same = o
		}
	}
	return same
}

// settleUnknown settles a step of an item that the state doesn't know, because the
// state was wiped or not yet written. The store's view may know the old one: as it
// was, it goes; edited since, it stays and the new one goes, if the store has that.
// Without a view the old one goes if the new one is as it was written and not older.
func (s *survey) settleUnknown(fl *file) {
	if len(fl.held.items) != 1 || !fl.holdsStep() {
		return
	}
	it := &fl.held.items[0]
	if it.uid != "" && !fl.step.of(engine.ItemIDFromUID(it.scope, it.uid, 1)) {
		return
	}
	for _, row := range s.rows[fl.spot.path] {
		if row.Scope == it.scope && !row.Announced && !row.Meta.Deleted {
			return // this name was the item's lasting one, or that of an item of its own
		}
	}
	var old *file
	for _, o := range s.walk.files {
		if o == fl || o.status != statusRead || len(o.held.items) != 1 || len(o.refs) > 0 || o.storage != fl.storage {
			continue
		}
		h := &o.held.items[0]
		if h.scope != it.scope || h.uid != it.uid || it.uid == "" && !s.viewed(o, fl.step) {
			continue
		}
		if old != nil {
			return // several: nobody knows which one it was to replace
		}
		old = o
	}
	if old == nil {
		return
	}
	switch known, edited := s.viewOf(old, fl); {
	case known:
	case edited, old.body == fl.body:
		s.dropFile(fl)
		return
	case it.uid == "" || old.entry.Modified > fl.entry.Modified:
		return
	}
	s.dropFile(old)
	s.rename(fl, engine.Place{Storage: old.storage, Path: old.spot.path})
}

// viewed reports whether the view has, at a file's path, the item that a step's
// name tells of.
func (s *survey) viewed(fl *file, step *stepName) bool {
	return slices.ContainsFunc(s.rowsAt(fl, fl.held.items[0].scope), func(r *engine.ViewRow) bool { return step.of(r.Meta.ID) })
}

// viewOf says what the view knows of the object that a step was to replace: known,
// it is as this computer took or wrote it; edited, it isn't, and the step's own
// object is what this computer was writing. Neither: the view doesn't tell.
func (s *survey) viewOf(old, step *file) (known, edited bool) {
	rows := append(s.rowsAt(old, old.held.items[0].scope), s.rowsAt(step, old.held.items[0].scope)...)
	writing, before := false, false
	for _, r := range rows {
		switch {
		case !step.step.of(r.Meta.ID):
		case s.isAs(step, r):
			writing = writing || r.Announced
		case s.isAs(old, r):
			known = true
		case !r.Announced && r.Path == old.spot.path:
			before = true
		}
	}
	return known, !known && writing && before
}

// isAs reports whether a file of one item is as a row of the view says.
func (s *survey) isAs(fl *file, r *engine.ViewRow) bool {
	if !r.Body.IsZero() {
		return r.Body == fl.body
	}
	return contentOf(s.f.describe(&fl.held.items[0])) == contentOf(r.Meta.Units)
}

// dropFile notes that a file is to be deleted. From now on it counts for nothing.
func (s *survey) dropFile(fl *file) {
	fl.status = statusDropped
	s.f.steps = append(s.f.steps, step{
		storage: fl.storage, drop: fl.spot.path,
		looked: object{size: fl.entry.Size, modified: fl.entry.Modified},
	})
}

// rename notes that a new object gets its lasting name.
func (s *survey) rename(fl *file, old engine.Place) {
	fl.final = join(parent(fl.spot.path), s.f.lastingName(*fl.step, spot{fl.storage, parent(fl.spot.path)}, spotOf(old)))
	if fl.final == fl.spot.path {
		return
	}
	if o := s.walk.bySpot[spot{fl.storage, fl.final}]; o != nil && o.status != statusDropped {
		fl.final = "" // taken by something else; the name stays
		return
	}
	s.f.steps = append(s.f.steps, step{storage: fl.storage, from: fl.spot.path, to: fl.final})
	s.f.alias[spot{fl.storage, fl.final}] = fl.spot.path
}

// lastingName is the name that a new object gets once the old one is gone: the old
// one's in the same folder, so that other programs find the item where it was, if
// that isn't a step's name itself.
func (f *Folder) lastingName(s stepName, folder, old spot) string {
	name := base(old.path)
	if _, isStep := parseStep(name); isStep || old.storage != folder.storage || parent(old.path) != folder.path {
		return s.plain()
	}
	return name
}

// settle does what the survey noted. As long as an object that counts for nothing
// can't be deleted nothing is written, or it would be taken for an item of its own
// next time.
func (f *Folder) settle(ctx context.Context) error {
	for len(f.steps) > 0 {
		if err := f.doStep(ctx, f.steps[0]); err != nil {
			return fmt.Errorf("settling an unfinished replacement: %w", err)
		}
		f.steps = f.steps[1:]
	}
	return nil
}

func (f *Folder) doStep(ctx context.Context, st step) error {
	if st.drop != "" {
		e, err := f.store.Stat(ctx, st.storage, st.drop)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if !sameSize(e.Size, st.looked.size) || e.Modified != st.looked.modified {
			return fmt.Errorf("%s: %w", st.drop, engine.ErrChanged)
		}
		return f.remove(ctx, st.storage, st.drop)
	}
	if n := f.folders[spot{st.storage, parent(st.to)}]; n.has(base(st.to)) {
		return nil // the name stays
	}
	moved, err := f.renameTo(ctx, spot{st.storage, st.from}, base(st.to))
	if err != nil {
		return err
	}
	if moved {
		delete(f.alias, spot{st.storage, st.to})
	}
	return nil
}

// ends reports whether an error ends the session: the device is gone, or the
// caller gave up.
func (f *Folder) ends(ctx context.Context, err error) bool {
	return errors.Is(err, engine.ErrGone) || ctx.Err() != nil
}

// actual is where an object lies now that the survey gave another path, because a
// step is still to be done.
func (f *Folder) actual(at spot) spot {
	if p, ok := f.alias[at]; ok {
		at.path = p
	}
	return at
}

// remove deletes an object and forgets it.
func (f *Folder) remove(ctx context.Context, storage, path string) error {
	if err := f.store.Delete(ctx, storage, path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f.folders[spot{storage, parent(path)}].remove(base(path))
	delete(f.seen, spot{storage, path})
	return nil
}

// renameTo renames an object in its folder. Not done is no error where the device
// can't: the object keeps its name.
func (f *Folder) renameTo(ctx context.Context, at spot, name string) (bool, error) {
	if f.state.learned[learnedRename] == "no" {
		return false, nil
	}
	e, err := f.store.Rename(ctx, at.storage, at.path, name)
	switch {
	case err == nil && e.Name == name:
		f.renamed(at, spot{at.storage, join(parent(at.path), name)}, e)
		return true, nil
	case err == nil, errors.Is(err, errors.ErrUnsupported):
		// It has no such operation, or says that it did and didn't.
		f.state.learned[learnedRename] = "no"
		return false, nil
	case f.ends(ctx, err):
		return false, err
	}
	f.log.Info("the phone refuses to rename an object", "err", err)
	return false, nil
}

// renamed keeps what is known of an object under its new path.
func (f *Folder) renamed(from, to spot, e Entry) {
	o := f.seen[from]
	o.size, o.modified = e.Size, e.Modified
	delete(f.seen, from)
	f.seen[to] = o
	f.folders[spot{from.storage, parent(from.path)}].remove(base(from.path))
	if n := f.folders[spot{to.storage, parent(to.path)}]; n != nil {
		n.add(base(to.path))
	}
}

// What is learned of a device and kept in its state.
const (
	// learnedVerified: an object written by Cradle was read back and was equal.
	learnedVerified = "verified"
	// learnedRename is "no" for a device that cannot rename.
	learnedRename = "rename"
)
