package devprovider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"cradle/engine"
)

// Commit writes the next generation of the state, reads it back, and only then
// takes older ones away: a cut leaves the one or the other whole.
func (f *Folder) Commit(ctx context.Context, marks map[engine.ReplicaID][16]byte, states map[string]*engine.PartialState) error {
	if err := f.begin(ctx); err != nil {
		return err
	}
	if err := f.ensureFolder(ctx, f.home, stateFolder); err != nil {
		return fmt.Errorf("making the folder of the state: %w", err)
	}
	if err := f.keepRestored(ctx, states); err != nil {
		return err
	}
	if err := f.checkWholes(ctx); err != nil {
		return err
	}
	if err := f.healWholes(ctx); err != nil {
		return err
	}
	next := f.nextState(marks, states)
	next.forgetBroken()
	body := next.encodeFor(f.canTake)
	g, err := f.writeGeneration(ctx, next, body)
	if err != nil {
		return err
	}
	f.clock.measure(g.entry.Modified)
	// The new generation stands, whatever becomes of the old ones.
	f.dropGenerations(ctx, g)
	f.state, f.hasState, f.highest, f.stateTime = next, true, next.generation, g.entry.Modified
	f.unsaved = false
	f.dropWholes(ctx)
	return nil
}

// nextState is the state of the next generation: what the engine says, with each
// object's size and time as they were last seen.
func (f *Folder) nextState(marks map[engine.ReplicaID][16]byte, states map[string]*engine.PartialState) *state {
	was := f.state
	next := &state{
		generation: f.highest + 1, serial: f.opt.Serial, name: f.opt.Name, phone: f.id, home: f.home,
		written: f.opt.Now().UnixMilli(), offset: f.clock.current(), hasOffset: f.clock.known || f.clock.fresh,
		program: f.opt.Program,
		marks:   map[engine.ReplicaID][16]byte{}, scopes: map[string]*scopeState{},
		superseded: was.superseded, bundles: was.bundles, folders: was.folders, vdirs: was.vdirs, learned: was.learned, unknown: was.unknown,
		aside: was.aside,
	}
	if o, ok := f.seen[spot{f.home, readmePath}]; ok {
		next.readmeTime = o.modified
	}
	for id, mark := range was.marks {
		next.marks[id] = mark
	}
	for id, mark := range marks {
		next.marks[id] = mark
	}
	for name, sc := range was.scopes {
		if states[name] == nil {
			next.scopes[name] = sc
		}
	}
	bundled := len(next.bundles) > 0
	for name, st := range states {
		sc := f.placed(name, st)
		next.scopes[name] = sc
		for i := range sc.Items {
			bundled = bundled || sc.Items[i].Place.Bundle
		}
	}
	if !bundled {
		next.superseded = nil // no bundle is left that could hold a copy
	}
	next.shadows = f.nextShadows(next)
	return next
}

// placed brings the places of a scope's items up to date.
func (f *Folder) placed(scope string, st *engine.PartialState) *scopeState {
	sc := &scopeState{byPath: make([]bool, len(st.Items))}
	sc.Knowledge, sc.Forgotten, sc.Filter, sc.Ghosts = st.Knowledge, st.Forgotten, st.Filter, st.Ghosts
	sc.Items = append(make([]engine.PartialItem, 0, len(st.Items)), st.Items...)
	was := f.state.scopes[scope]
	at := 0 // in was.Items: both are in order of their IDs
	for i := range sc.Items {
		it := &sc.Items[i]
		if it.Meta.Deleted {
			it.Place = engine.Place{}
			continue
		}
		byPath, known := false, false
		if was != nil {
			for at < len(was.Items) && was.Items[at].Meta.ID.Compare(it.Meta.ID) < 0 {
				at++
			}
			if at < len(was.Items) && was.Items[at].Meta.ID == it.Meta.ID {
				byPath, known = was.byPath[at], !was.Items[at].Meta.Deleted
			}
		}
		if it.Place.Path != "" {
			spot := f.actual(spotOf(it.Place))
			it.Place.Path = spot.path
			if o, ok := f.seen[spot]; ok && o.body == it.Place.Body {
				it.Place.Size, it.Place.Modified = o.size, o.modified
				if o.read && o.single {
					byPath, known = holderOf(scope, o.uid, it.Meta.ID) == 0, true
				}
			}
			if b := f.bundles[spot]; b != nil && it.Place.Bundle {
				if h := b.items[itemKey{scope, it.Meta.ID}]; h != nil {
					byPath, known = holderOf(scope, h.uid, it.Meta.ID) == 0, true
				}
			}
		}
		// An ID that nobody made from what was read was given by the engine: its
		// object is known by where it lies.
		sc.byPath[i] = byPath || !known
	}
	return sc
}

// writeGeneration writes a state under a free name and reads it back.
func (f *Folder) writeGeneration(ctx context.Context, s *state, body []byte) (*generation, error) {
	names, err := f.names(ctx, f.home, stateFolder)
	if err != nil {
		return nil, err
	}
	if st := f.storage(f.home); st != nil && st.Free >= 0 && int64(len(body)) > st.Free {
		return nil, fmt.Errorf("the phone's state, %d bytes: %w", len(body), ErrFull)
	}
	for n := s.generation; ; n++ {
		name := fmt.Sprintf("%08x%s", n, stateExt)
		if names.has(name) {
			continue
		}
		path := join(stateFolder, name)
		e, err := f.store.Create(ctx, f.home, path, body)
		if errors.Is(err, fs.ErrExist) {
			names.add(name)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("writing the phone's state: %w", err)
		}
		if e.Name != "" {
			name = e.Name
		}
		names.add(name)
		path = join(stateFolder, name)
		got, err := f.store.Read(ctx, f.home, path, int64(len(body))+1)
		if err == nil && !bytes.Equal(got, body) {
			err = fmt.Errorf("%w: %d bytes written, %d read back", errAltered, len(body), len(got))
		}
		if err != nil {
			if !f.ends(ctx, err) {
				f.remove(ctx, f.home, path) //nolint:errcheck // the first error is the one to tell
			}
			return nil, fmt.Errorf("checking the phone's state: %w", err)
		}
		return &generation{storage: f.home, name: name, entry: e, state: s}, nil
	}
}

// dropGenerations takes away what the new generation replaces: older ones of this
// device and unfinished ones. Those of other devices stay, corrupt and foreign ones
// are kept aside.
func (f *Folder) dropGenerations(ctx context.Context, kept *generation) {
	left := []generation{*kept}
	for _, g := range f.generations {
		var err error
		switch {
		case g.state != nil && g.state.serial != f.opt.Serial:
			left = append(left, g)
			continue
		case g.state != nil, errors.Is(g.err, errUnfinished):
			err = f.remove(ctx, g.storage, g.path())
		default:
			err = f.setAside(ctx, &g)
		}
		if err != nil {
			f.log.Info("an old state can't be taken away now", "err", err)
			left = append(left, g)
		}
	}
	f.generations = left
}

// setAside renames a state that can't be used, so that it is never read again and
// a person can look at it.
func (f *Folder) setAside(ctx context.Context, g *generation) error {
	names, err := f.names(ctx, g.storage, stateFolder)
	if err != nil {
		return err
	}
	name := g.name + brokenExt
	for n := 2; names.has(name); n++ {
		name = fmt.Sprintf("%s-%d%s", g.name, n, brokenExt)
	}
	done, err := f.renameTo(ctx, spot{g.storage, g.path()}, name)
	if err != nil || done {
		return err
	}
	body, err := f.store.Read(ctx, g.storage, g.path(), maxState)
	if err != nil {
		return err
	}
	if _, err := f.store.Create(ctx, g.storage, join(stateFolder, name), f.fitted(body)); err != nil {
		return err
	}
	return f.remove(ctx, g.storage, g.path())
}
