package devprovider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Errors of a vdir outside the tree.
var (
	// ErrNoFolder: no storage of the device has the folder.
	ErrNoFolder = errors.New("no such folder on the phone")
	// ErrFolderPath: the path can't be a vdir's.
	ErrFolderPath = errors.New("no folder that could hold items")

	errVanished = errors.New("the folder isn't on the phone: what was in it is left as it is, not taken for deleted; put the folder back, or let it go (cradle sync --leave-folder)")
	errLeft     = errors.New("the folder was let go")
)

// Vdir is a folder of items, one a file, that lies outside the tree and is used where
// it lies: its objects are read, replaced and removed in place, and new items of its
// collection go there. The device's state lists the vdirs, so any computer goes on
// with them.
type Vdir struct {
	// Storage is the storage's lasting name. In Use it may be a label too, or empty
	// for each storage that has the folder.
	Storage string
	// Folder is its path below the storage's root.
	Folder string
	// Below: the folder holds no items itself; each folder directly below is a
	// collection of its own name.
	Below bool
	// Collection is the collection of what lies in it; empty with Below, and in Use
	// for the folder's name.
	Collection string
	// Scopes are the kinds whose new items go there; empty: those of its files. An
	// object's own kind is decided by what is in it.
	Scopes []string
	// Left: the folder was let go. Nothing in it is looked at, and what the store took
	// from it stays there.
	Left bool
}

func (v Vdir) spot() spot { return spot{v.Storage, v.Folder} }

func (v Vdir) compare(o Vdir) int {
	return cmp.Or(strings.Compare(v.Storage, o.Storage), strings.Compare(v.Folder, o.Folder))
}

func (v Vdir) equal(o Vdir) bool {
	return v.spot() == o.spot() && v.Below == o.Below && v.Collection == o.Collection && v.Left == o.Left && slices.Equal(v.Scopes, o.Scopes)
}

// Vdirs lists the vdirs that the device's state names, those that were let go too, by
// storage and folder.
func (f *Folder) Vdirs() []Vdir { return slices.Clone(f.state.vdirs) }

// Names reports whether the state says of a folder that it is used where it lies, or
// was let go; on any storage.
func (f *Folder) Names(folder string) bool {
	return slices.ContainsFunc(f.storages, func(s Storage) bool { return vdirAt(f.state.vdirs, spot{s.Name, folder}) != nil })
}

// Vanished reports whether the last Survey found a vdir's folder gone.
func (f *Folder) Vanished(v Vdir) bool { return f.gone[v.spot()] }

// Takes reports whether new items of a scope go to a vdir, by what was said of it and,
// after a Survey, by its files.
func (f *Folder) Takes(v Vdir, scope string) bool {
	if !v.Below {
		return f.takes(&v, v.spot(), scope)
	}
	return len(v.Scopes) == 0 && len(f.below[v.spot()]) == 0 || slices.ContainsFunc(f.below[v.spot()], func(child string) bool {
		return f.takes(&v, spot{v.Storage, child}, scope)
	}) || slices.Contains(v.Scopes, scope)
}

// Writable reports whether a storage can be written.
func (f *Folder) Writable(storage string) bool {
	s := f.storage(storage)
	return s != nil && s.Writable
}

// CleanFolder gives a folder's path as a state has it, or ErrFolderPath: the root, a
// path that leaves it, or the tree's own.
func CleanFolder(folder string) (string, error) {
	clean := strings.TrimPrefix(path.Clean("/"+folder), "/")
	switch {
	case clean == "" || !utf8.ValidString(clean) || !validPath(clean) || slices.Contains(strings.Split(folder, "/"), ".."):
		return "", fmt.Errorf("folder %q: %w: name one below the root of the phone's storage, such as Documents/Contacts", folder, ErrFolderPath)
	case fold(clean) == fold(rootFolder) || strings.HasPrefix(fold(clean), fold(rootFolder)+"/"):
		return "", fmt.Errorf("folder %q: %w: what lies in %s is synced anyway", folder, ErrFolderPath, rootFolder)
	}
	return clean, nil
}

// Use makes a folder a vdir from the next Survey on; it lasts with the next Commit.
// One that is used so already changes nothing and asks the device nothing. A folder
// that isn't there is ErrNoFolder, unless it was used before.
func (f *Folder) Use(ctx context.Context, v Vdir) error {
	clean, err := CleanFolder(v.Folder)
	if err != nil {
		return err
	}
	v.Folder, v.Left = clean, false
	if v.Collection = strings.Trim(v.Collection, "/"); v.Below {
		v.Collection = ""
	}
	v.Scopes = slices.Compact(slices.Sorted(slices.Values(v.Scopes)))
	known := false
	for _, o := range f.Vdirs() {
		if fold(o.Folder) != fold(v.Folder) || !f.isStorage(o.Storage, v.Storage) {
			continue
		}
		known = true
		n := v
		n.Storage, n.Folder = o.Storage, o.Folder
		// What this computer doesn't say, another one may have said.
		if n.Below == o.Below && n.Collection == "" {
			n.Collection = o.Collection
		}
		if len(n.Scopes) == 0 {
			n.Scopes = o.Scopes
		}
		f.setVdir(n)
	}
	if known {
		return nil
	}
	found := false
	for _, s := range f.storages {
		if !f.isStorage(s.Name, v.Storage) {
			continue
		}
		at, err := f.resolve(ctx, s.Name, v.Folder)
		if err != nil {
			return fmt.Errorf("looking for the folder %s: %w", v.Folder, err)
		}
		if at == "" {
			continue
		}
		n := v
		n.Storage, n.Folder = s.Name, at
		f.setVdir(n)
		found = true
	}
	if !found {
		return fmt.Errorf("%s: %w", v.Folder, ErrNoFolder)
	}
	return nil
}

// setVdir puts a vdir into the state, in order, in the place of one of the same folder.
func (f *Folder) setVdir(v Vdir) {
	if v.Collection == "" && !v.Below {
		v.Collection = base(v.Folder)
	}
	i, found := slices.BinarySearchFunc(f.state.vdirs, v, Vdir.compare)
	if found && f.state.vdirs[i].equal(v) {
		return
	}
	list := slices.Clone(f.state.vdirs)
	if found {
		list[i] = v
	} else {
		list = slices.Insert(list, i, v)
	}
	was := f.state.vdirs
	f.state.vdirs, f.unsaved = list, true
	for _, scope := range sortedKeys(f.state.scopes) {
		for _, folder := range f.foldersOf(scope, v) {
			if collectionIn(was, f.state.folders, spot{v.Storage, folder}) != f.collectionAt(spot{v.Storage, folder}) {
				f.lookAgain(scope, folder)
			}
		}
	}
}

// foldersOf lists the folders of a vdir in which the state has items of a scope.
func (f *Folder) foldersOf(scope string, v Vdir) []string {
	var list []string
	for i := range f.state.scopes[scope].Items {
		p := &f.state.scopes[scope].Items[i].Place
		if dir := parent(p.Path); p.Storage == v.Storage && (dir == v.Folder || v.Below && parent(dir) == v.Folder) {
			list = append(list, dir)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Leave lets a vdir go, on every storage or the one named: from the next Survey on
// nothing in it is looked at, and the items that were taken from it stay in the store.
// A folder directly below one with Below may be named too. It lasts with the next
// Commit. ErrNoFolder: none of that path is used.
func (f *Folder) Leave(folder, storage string) error {
	clean, err := CleanFolder(folder)
	if err != nil {
		return err
	}
	found := false
	for _, v := range f.Vdirs() {
		if !f.isStorage(v.Storage, storage) {
			continue
		}
		switch {
		case fold(v.Folder) == fold(clean):
			v.Left = true
		case v.Below && fold(parent(clean)) == fold(v.Folder):
			v = Vdir{Storage: v.Storage, Folder: join(v.Folder, base(clean)), Collection: base(clean), Left: true}
		default:
			continue
		}
		found = true
		f.setVdir(v)
	}
	if !found {
		return fmt.Errorf("%s: %w that is synced where it lies", clean, ErrNoFolder)
	}
	return nil
}

// isStorage reports whether a storage goes by a name or a label; by "" each does.
func (f *Folder) isStorage(name, said string) bool {
	if said == "" || name == said {
		return true
	}
	s := f.storage(name)
	return s != nil && s.Label == said
}

// resolve finds a folder in the case in which the device has it; "" when it isn't
// there.
func (f *Folder) resolve(ctx context.Context, storage, folder string) (string, error) {
	at := ""
	for _, part := range strings.Split(folder, "/") {
		n, err := f.names(ctx, storage, at)
		if err != nil || !n.has(part) {
			return "", err
		}
		if !n.exact(part) {
			for name := range n.names {
				if fold(name) == fold(part) {
					part = name
				}
			}
		}
		at = join(at, part)
	}
	n, err := f.names(ctx, storage, at)
	if err != nil || n == nil {
		return "", err
	}
	return at, nil
}

// vdirAt finds the vdir of a folder: its own, else the one above that stands for the
// folders below it.
func vdirAt(list []Vdir, at spot) *Vdir {
	var above *Vdir
	for i := range list {
		switch v := &list[i]; {
		case v.Storage != at.storage:
		case v.Folder == at.path && !v.Below:
			return v
		case v.Below && at.path != "" && parent(at.path) == v.Folder:
			above = v
		}
	}
	return above
}

// collectionIn is the collection of what lies in a folder, as vdirs and mapped names
// have it.
func collectionIn(vdirs []Vdir, folders []folderName, at spot) string {
	for _, n := range folders {
		if n.folder == at.path {
			return n.collection
		}
	}
	if _, rest, ok := treeOfPath(at.path); ok {
		return rest
	}
	if v := vdirAt(vdirs, at); v != nil && !v.Below {
		return v.Collection
	} else if v != nil {
		return base(at.path)
	}
	return firstCollection
}

// vdirOf finds the home of a collection outside the tree: the first vdir, by storage and folder, that
// has it and takes new items of the scope.
func (f *Folder) vdirOf(scope, collection string) (spot, bool) {
	for i := range f.state.vdirs {
		v := &f.state.vdirs[i]
		if v.Left || f.storage(v.Storage) == nil {
			continue
		}
		if !v.Below {
			if f.collectionAt(v.spot()) == collection && f.takes(v, v.spot(), scope) {
				return v.spot(), true
			}
			continue
		}
		for _, child := range f.below[v.spot()] {
			at := spot{v.Storage, child}
			if f.collectionAt(at) == collection && f.takes(v, at, scope) {
				return at, true
			}
		}
	}
	return spot{}, false
}

// takes reports whether new items of a scope go to a vdir's folder. Where nobody said
// so its files do; an empty one takes everything, one that isn't there cards.
func (f *Folder) takes(v *Vdir, at spot, scope string) bool {
	if len(v.Scopes) > 0 {
		return slices.Contains(v.Scopes, scope)
	}
	k, known := f.holds[at]
	switch {
	case !known:
		return scope == "contacts"
	case !k.cards && !k.calendars:
		return true
	case scope == "contacts":
		return k.cards
	}
	return k.calendars
}

// fileKinds is what the item files of a folder are, by their names.
type fileKinds struct{ cards, calendars bool }

func kindsOf(entries []Entry) (k fileKinds) {
	for i := range entries {
		switch e := &entries[i]; {
		case e.Folder || !isItemFile(e.Name):
		case isCard(e.Name):
			k.cards = true
		default:
			k.calendars = true
		}
	}
	return k
}

// isCard reports whether an item file's name is that of a card.
func isCard(name string) bool {
	ext := strings.ToLower(extOf(name))
	return ext == ".vcf" || ext == ".vcard"
}
