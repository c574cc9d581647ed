package devprovider

import (
	"slices"

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

// Collections lists the collections that the device has folders for, as the last
// Survey found them, by kind; sorted. Folders without a file are among them.
func (f *Folder) Collections() map[string][]string {
	out := map[string][]string{}
	add := func(scope, collection string) {
		if !slices.Contains(out[scope], collection) {
			out[scope] = append(out[scope], collection)
		}
	}
	for at := range f.folders {
		if t, _, ok := treeOfPath(at.path); ok {
			add(t.scope, f.collectionAt(at))
		}
	}
	for i := range f.state.vdirs {
		v := &f.state.vdirs[i]
		if v.Left {
			continue
		}
		at := []spot{v.spot()}
		if v.Below {
			at = at[:0]
			for _, child := range f.below[v.spot()] {
				at = append(at, spot{v.Storage, child})
			}
		}
		for _, s := range at {
			for _, t := range trees {
				if f.folders[s] != nil && f.takes(v, s, t.scope) {
					add(t.scope, f.collectionAt(s))
				}
			}
		}
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out
}
