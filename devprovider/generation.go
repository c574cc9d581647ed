package devprovider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"cradle/engine"
)

const (
	stateExt  = ".state"
	brokenExt = ".broken"
	// maxState bounds a state's size: far above that of a million items.
	maxState = 1 << 30
)

// generation is one file of the state as it was found.
type generation struct {
	storage, name string
	entry         Entry
	state         *state // nil unless whole
	err           error  // why it isn't
}

func (g *generation) path() string { return join(stateFolder, g.name) }

// loadState reads the states of all storages and takes the newest whole one that
// names this device; only if there is none, one that names another: a cloned
// storage, from which a device of its own starts.
func (f *Folder) loadState(ctx context.Context) error {
	for _, s := range f.storages {
		names, err := f.names(ctx, s.Name, stateFolder)
		if err != nil {
			return fmt.Errorf("looking for a state on %s: %w", s.Label, err)
		}
		if names == nil {
			continue
		}
		l, err := f.list(ctx, s.Name, stateFolder)
		if err != nil {
			return fmt.Errorf("looking for a state on %s: %w", s.Label, err)
		}
		if err := l.partial(); err != nil {
			// The newest generation may be what is missing.
			return fmt.Errorf("looking for a state on %s: %w", s.Label, err)
		}
		for _, e := range l.Entries {
			if e.Folder || isHidden(e.Name) || !strings.HasSuffix(e.Name, stateExt) {
				continue
			}
			g := generation{storage: s.Name, name: e.Name, entry: e}
			body, err := f.store.Read(ctx, s.Name, g.path(), maxState)
			switch {
			case err == nil:
				g.state, g.err = decodeState(body)
			case errors.Is(err, fs.ErrNotExist):
				continue
			case errors.Is(err, engine.ErrGone) || ctx.Err() != nil:
				return err
			default:
				// Unreadable is not absent: taking it for a first sync could double
				// everything, so the session ends here.
				return fmt.Errorf("reading the phone's state: %w", err)
			}
			f.generations = append(f.generations, g)
		}
	}
	f.choose()
	return nil
}

// choose picks the generation to go on from.
func (f *Folder) choose() {
	var own, other *generation
	for i := range f.generations {
		g := &f.generations[i]
		if g.state == nil {
			if errors.Is(g.err, engine.ErrNewer) {
				f.newer = fmt.Errorf("%s: %w", g.path(), g.err)
			} else {
				f.log.Warn("a state that can't be used", "path", g.path(), "err", g.err)
			}
			continue
		}
		f.highest = max(f.highest, g.state.generation)
		switch {
		case g.state.serial == f.opt.Serial:
			if own == nil || newer(g.state, own.state) {
				own = g
			}
		case other == nil || g.state.written > other.state.written ||
			g.state.written == other.state.written && newer(g.state, other.state):
			other = g
		}
	}
	chosen := own
	if chosen == nil {
		chosen = other
	}
	f.state = newState()
	if chosen == nil {
		return
	}
	f.state, f.hasState, f.stateTime = chosen.state, true, chosen.entry.Modified
	if was := f.state.home; was != "" && was != chosen.storage && f.storage(was) == nil {
		// The storage that the state lies on has got another name: it was cloned,
		// restored or formatted anew.
		f.state.renameStorage(was, chosen.storage)
	}
	if own != nil {
		f.clock.offset, f.clock.known = f.state.offset, f.state.hasOffset
	} else {
		// Another device's clock and abilities say nothing of this one's.
		f.state.learned = map[string]string{}
	}
}

// renameStorage gives a storage another name wherever the state names it.
func (s *state) renameStorage(from, to string) {
	rename := func(p *engine.Place) {
		if p.Storage == from {
			p.Storage = to
		}
	}
	for _, sc := range s.scopes {
		for i := range sc.Items {
			rename(&sc.Items[i].Place)
		}
	}
	for i := range s.bundles {
		rename(&s.bundles[i])
	}
	for at, reasons := range s.aside {
		if at.storage == from {
			delete(s.aside, at)
			s.aside[spot{to, at.path}] = reasons
		}
	}
	for i := range s.vdirs {
		if s.vdirs[i].Storage == from {
			s.vdirs[i].Storage = to
		}
	}
	slices.SortStableFunc(s.vdirs, Vdir.compare)
	s.vdirs = slices.CompactFunc(s.vdirs, func(a, b Vdir) bool { return a.spot() == b.spot() })
	s.home = to
}

// newer reports whether a is a later state of the same device than b.
func newer(a, b *state) bool {
	if a.generation != b.generation {
		return a.generation > b.generation
	}
	return a.written > b.written
}

// holdsState reports whether the state in use lies on a storage.
func (f *Folder) holdsState(storage string) bool {
	for i := range f.generations {
		if g := &f.generations[i]; g.state != nil && g.state == f.state && g.storage == storage {
			return true
		}
	}
	return false
}
