package devprovider

import (
	"context"

	"cradle/engine"
	"cradle/valuebag"
)

// maxHealed bounds how many full texts a session writes again.
const maxHealed = 256

// missWholes finds full texts that the state names and that are gone, of which the store
// has the very text: they are written again with the next state, so that another computer
// can read the items. Listing them is left to who needs it, as long as their folder is there.
func (s *survey) missWholes(ctx context.Context) error {
	f := s.f
	f.healing = nil
	if len(f.state.shadows) == 0 || f.items == nil || f.wholes == nil && f.hasWholes() {
		return nil
	}
	if err := f.listWholes(ctx); err != nil {
		return err
	}
	gone := map[string][]engine.ItemID{}
	n := 0
	for _, key := range sortedItems(f.state.shadows) {
		_, there := f.wholes[wholeKey{key.id, f.state.shadows[key].sent}]
		if there || !s.want[key.scope] || n == maxHealed {
			continue
		}
		gone[key.scope] = append(gone[key.scope], key.id)
		n++
	}
	for _, scope := range sortedKeys(gone) {
		values, err := f.items.Items(ctx, scope, gone[scope])
		if err != nil {
			return err
		}
		for _, id := range gone[scope] {
			key := itemKey{scope, id}
			if v := values[id]; v != nil && short(bodyDigest(f.kinds[scope].Text(v))) == f.state.shadows[key].sent {
				if f.healing == nil {
					f.healing = map[itemKey]*valuebag.Values{}
				}
				f.healing[key], f.unsaved = v, true
			}
		}
	}
	return nil
}

// healWholes writes what missWholes found.
func (f *Folder) healWholes(ctx context.Context) error {
	for _, key := range sortedItems(f.healing) {
		if _, err := f.writeWhole(ctx, key.scope, key.id, f.healing[key]); err != nil {
			return err
		}
	}
	f.healing = nil
	return nil
}
