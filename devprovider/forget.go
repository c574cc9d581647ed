package devprovider

import (
	"context"
	"fmt"
	"path"
)

// StateFile is one file of the state as Open found it, for a person.
type StateFile struct {
	Storage string // the storage's lasting name
	Path    string // below the storage's root
	Err     error  // why it can't be used; nil when it is whole
}

// States lists the files of the state that Open found.
func (f *Folder) States() []StateFile {
	list := make([]StateFile, len(f.generations))
	for i := range f.generations {
		g := &f.generations[i]
		list[i] = StateFile{Storage: g.storage, Path: g.path(), Err: g.err}
	}
	return list
}

// Storages lists the device's storages as Open found them.
func (f *Folder) Storages() []Storage { return f.storages }

// Forget takes the state away, with whatever other devices' states lie beside it:
// the next session meets the device anew, and no deletion is known any more. Items
// stay as they are. Call it after a Survey, whose unfinished steps are settled
// first: without the state nobody could tell any more which file is the newer.
// removed is how many files of the state were there.
func (f *Folder) Forget(ctx context.Context) (removed int, err error) {
	if f.blocked != nil {
		return 0, f.blocked
	}
	if err := f.settle(ctx); err != nil {
		return 0, fmt.Errorf("settling what was left unfinished: %w", err)
	}
	for len(f.generations) > 0 {
		g := f.generations[0]
		if g.state == nil {
			err = f.setAside(ctx, &g)
		} else {
			err = f.remove(ctx, g.storage, g.path())
		}
		if err != nil {
			return removed, fmt.Errorf("taking away %s: %w", path.Base(g.path()), err)
		}
		f.generations = f.generations[1:]
		removed++
	}
	f.state, f.hasState, f.stateTime = newState(), false, 0
	return removed, f.identify()
}
