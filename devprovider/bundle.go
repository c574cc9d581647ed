package devprovider

import (
	"slices"

	"cradle/engine"
)

// bundle is a file of several items that was read in this session, by the IDs of
// its items.
type bundle struct {
	body  engine.Digest
	items map[itemKey]*item
}

// supersede remembers, for the next state, that a bundle's copy of an item no
// longer counts.
func (f *Folder) supersede(e superseded) {
	if !slices.Contains(f.state.superseded, e) {
		f.state.superseded = append(f.state.superseded, e)
		f.unsaved = true
	}
}

// keepBundle remembers how a bundle looked, although the state may soon hold no
// item in it: so it isn't read in every run.
func (f *Folder) keepBundle(fl *file) {
	p := engine.Place{
		Storage: fl.storage, Path: fl.spot.path, Size: fl.entry.Size, Modified: fl.entry.Modified, Body: fl.body, Bundle: true,
	}
	for i := range f.state.bundles {
		if spotOf(f.state.bundles[i]) == fl.spot {
			f.unsaved = f.unsaved || f.state.bundles[i] != p
			f.state.bundles[i] = p
			return
		}
	}
	f.state.bundles = append(f.state.bundles, p)
	f.unsaved = true
}

// indexBundle takes a bundle apart and finds the state's items in it, as a survey
// does.
func (f *Folder) indexBundle(at spot, digest engine.Digest, data []byte) *bundle {
	all := func(string) bool { return true }
	fl := &file{spot: at, body: digest, parsed: parsed{status: statusRead, held: f.parse(data, at.path, f.collectionAt(spot{at.storage, parent(at.path)}), all)}}
	for i := range fl.held.items {
		fl.held.items[i].file = fl
	}
	s := &survey{f: f, want: map[string]bool{}, held: map[itemKey]*file{}}
	for name := range f.kinds {
		s.want[name] = true
	}
	for _, name := range sortedKeys(f.state.scopes) {
		sc := f.state.scopes[name]
		for i := range sc.Items {
			if it := &sc.Items[i]; !it.Meta.Deleted && spotOf(it.Place) == at {
				fl.refs = append(fl.refs, &ref{scope: name, item: it, byPath: sc.byPath[i]})
			}
		}
	}
	s.match(fl)
	b := newBundle(fl)
	f.bundles[at] = b
	return b
}

func newBundle(fl *file) *bundle {
	b := &bundle{body: fl.body, items: make(map[itemKey]*item, len(fl.held.items))}
	for i := range fl.held.items {
		if it := &fl.held.items[i]; !it.id.IsZero() {
			b.items[itemKey{it.scope, it.id}] = it
		}
	}
	return b
}
