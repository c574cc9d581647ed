package devprovider

import (
	"cmp"
	"slices"
	"strings"

	"cradle/engine"
)

// Map makes a collection of the device's another one's for everybody: the folder
// keeps its name, and its items are in the collection as. Equal names take the
// mapping away. It lasts with the next Commit, and goes before the Survey: items
// that were known under another collection show as moved on the device.
func (f *Folder) Map(collection, as string) {
	for _, t := range trees {
		f.mapFolder(t.scope, spot{f.home, join(t.folder, collection)}, as)
	}
	for _, v := range f.Vdirs() {
		if !v.Below {
			if v.Collection == collection {
				v.Collection = as
				f.setVdir(v)
			}
			continue
		}
		for _, scope := range sortedKeys(f.state.scopes) {
			for _, folder := range f.foldersOf(scope, v) {
				if base(folder) == collection {
					f.mapFolder(scope, spot{v.Storage, folder}, as)
				}
			}
		}
	}
}

func (f *Folder) mapFolder(scope string, at spot, as string) {
	if f.collectionAt(at) == as {
		return
	}
	f.state.folders = slices.DeleteFunc(slices.Clone(f.state.folders), func(n folderName) bool { return n.folder == at.path })
	if f.collectionAt(at) != as {
		f.state.folders = append(f.state.folders, folderName{at.path, as})
	}
	f.lookAgain(scope, at.path)
}

// lookAgain makes the next survey read a folder's items, whatever size and time
// they have.
func (f *Folder) lookAgain(scope, folder string) {
	sc := f.state.scopes[scope]
	if sc == nil {
		return
	}
	sc.Items = slices.Clone(sc.Items)
	for i := range sc.Items {
		if p := &sc.Items[i].Place; p.Path != "" && parent(p.Path) == folder {
			p.Size, p.Modified, p.Body = -1, 0, engine.Digest{}
		}
	}
}

// Holding is a folder of the device that is a collection's, or one of several.
type Holding struct {
	Scope, Collection string
	Own               string // the collection that it would be without Map
	Storage, Folder   string
	Items             int // as the state has them
}

// Holdings lists the folders of the tree and of the vdirs, by scope, collection,
// storage and folder: those that the state has items in, and after Look or Survey the
// others too.
func (f *Folder) Holdings() []Holding {
	counts := map[Holding]int{}
	add := func(scope string, at spot, n int) {
		counts[Holding{Scope: scope, Collection: f.collectionAt(at), Own: collectionIn(f.state.vdirs, nil, at), Storage: at.storage, Folder: at.path}] += n
	}
	for scope, sc := range f.state.scopes {
		for i := range sc.Items {
			if p := &sc.Items[i].Place; p.Path != "" && !sc.Items[i].Meta.Deleted {
				add(scope, spot{p.Storage, parent(p.Path)}, 1)
			}
		}
	}
	for at := range f.folders {
		if t, _, ok := treeOfPath(at.path); ok {
			add(t.scope, at, 0)
		}
	}
	for i := range f.state.vdirs {
		v := &f.state.vdirs[i]
		at := []spot{v.spot()}
		if v.Below {
			at = at[:0]
			for _, child := range f.below[v.spot()] {
				at = append(at, spot{v.Storage, child})
			}
		}
		for _, s := range at {
			for _, t := range trees {
				if !v.Left && f.folders[s] != nil && f.takes(v, s, t.scope) {
					add(t.scope, s, 0)
				}
			}
		}
	}
	list := make([]Holding, 0, len(counts))
	for h, n := range counts {
		h.Items = n
		list = append(list, h)
	}
	slices.SortFunc(list, func(a, b Holding) int {
		return cmp.Or(strings.Compare(a.Scope, b.Scope), strings.Compare(a.Collection, b.Collection), strings.Compare(a.Storage, b.Storage), strings.Compare(a.Folder, b.Folder))
	})
	return list
}
