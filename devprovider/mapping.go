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
		folder := join(t.folder, collection)
		if f.collectionAt(folder) == as {
			continue
		}
		f.state.folders = slices.DeleteFunc(slices.Clone(f.state.folders), func(n folderName) bool { return n.folder == folder })
		if f.collectionAt(folder) != as {
			f.state.folders = append(f.state.folders, folderName{folder, as})
		}
		f.lookAgain(t.scope, folder)
	}
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
