package devprovider

import (
	"slices"
	"strings"
)

// noteStrays is the name of the note that remembers which strays were told of.
const noteStrays = "strays"

// isStray reports whether an entry of the Cradle folder looks like items that lie where
// nobody looks: a folder of no kind's name, or a file of items beside the folders. A
// hidden one is another program's.
func isStray(e Entry) bool {
	if !e.Folder {
		return isItemFile(e.Name)
	}
	folder := join(rootFolder, e.Name)
	return !isHidden(e.Name) && folder != stateFolder && !isTree(folder)
}

// Strays are the folders and files in Cradle, and the files in its collections, on any storage, that the last survey
// came across and passed over, sorted; nil when RememberStrays was called for the same
// ones before.
func (f *Folder) Strays() []string {
	if notes, ok := f.opt.Cache.(NoteCache); ok && notes.Note(noteStrays) == f.strayNote() {
		return nil
	}
	return slices.Clone(f.strays)
}

// RememberStrays keeps in the cache which strays there are, so that they aren't told of
// again as long as they stay the same.
func (f *Folder) RememberStrays() {
	if notes, ok := f.opt.Cache.(NoteCache); ok {
		notes.KeepNote(noteStrays, f.strayNote())
	}
}

func (f *Folder) strayNote() string { return strings.Join(f.strays, "\n") }

// stray notes an entry of the Cradle folder that is passed over.
func (f *Folder) stray(e Entry) {
	if isStray(e) {
		f.strayAt(join(rootFolder, e.Name))
	}
}

// strayAt notes a path that is passed over: one of stray, or a file among items that can't
// hold one.
func (f *Folder) strayAt(p string) {
	if at, known := slices.BinarySearch(f.strays, p); !known {
		f.strays = slices.Insert(f.strays, at, p)
	}
}
