package files

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cradle/mtp"
)

var (
	// ErrNoStorage says that the phone shows no storage: it is locked, or not
	// in file transfer mode.
	ErrNoStorage = errors.New("the phone shows no storage")
	// ErrNotFound says that a path names nothing.
	ErrNotFound = errors.New("no such file on the phone")
	// ErrNotFolder says that a path goes on below a file.
	ErrNotFolder = errors.New("not a folder")
	// ErrFolder says that a folder is where a file is wanted.
	ErrFolder = errors.New("is a folder")
	// ErrExists says that the name is taken.
	ErrExists = errors.New("is there already")
	// ErrNotFile says that the name is that of a device, a pipe or the like.
	ErrNotFile = errors.New("not a file")
	// ErrCannotReplace says that the device can't replace a file safely: it
	// can't rename one.
	ErrCannotReplace = errors.New("the phone can't rename files, so one can't be replaced safely")
	// ErrName says that no phone takes a file of this name.
	ErrName = errors.New("no name for a file on a phone")
	// ErrShrunk says that a file ended before the size with which it was begun.
	ErrShrunk = errors.New("got shorter while it was sent")
	// ErrGrown says that a file is on the phone with the size with which it was
	// begun, and went on.
	ErrGrown = errors.New("grew while it was sent")
	// ErrSize says that other than the announced bytes came, or arrived.
	ErrSize = errors.New("other than the announced size")
)

// Storage is one of the phone's.
type Storage struct {
	ID   mtp.StorageID
	Info mtp.StorageInfo
	// Name is what paths call it: its description if it has one of its own,
	// else its number.
	Name string
}

// Tree is what a session's phone holds.
type Tree struct {
	s        *mtp.Session
	storages []Storage
	prefixed bool // there are several storages

	recent   map[folderKey]*recentList
	renames  bool // the phone was seen to rename a file
	noRename bool // it was seen to refuse that, or to say that it did and not to do it
}

// Open looks at the phone's storages. Error: ErrNoStorage.
func Open(ctx context.Context, s *mtp.Session) (*Tree, error) {
	ids, err := s.GetStorageIDs(ctx)
	if err != nil {
		return nil, err
	}
	t := &Tree{s: s}
	seen := map[string]bool{}
	for _, id := range ids {
		if !id.HasMedium() {
			continue
		}
		info, err := s.GetStorageInfo(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("storage %#x: %w", uint32(id), err)
		}
		name := strings.ReplaceAll(SafeName(info.Description), ":", "_")
		if info.Description == "" || seen[name] {
			name = fmt.Sprintf("0x%08x", uint32(id))
		}
		seen[name] = true
		t.storages = append(t.storages, Storage{id, info, name})
	}
	if len(t.storages) == 0 {
		return nil, ErrNoStorage
	}
	t.prefixed = len(t.storages) > 1
	return t, nil
}

// Err is nil while the phone's session can be used, else why not.
func (t *Tree) Err() error { return t.s.Err() }

// Storages lists them, the one of paths without a storage first.
func (t *Tree) Storages() []Storage { return t.storages }

// Node is a file or a folder.
type Node struct {
	Path string // as Find takes it
	Name string // the last element of Path; "" for a storage's root
	// Entry is what the listing told of it. Of a storage's root only Handle,
	// [mtp.Root], Storage and IsFolder are set.
	Entry mtp.ObjectEntry
}

// IsFolder reports whether it can have children.
func (n *Node) IsFolder() bool { return n.Entry.IsFolder }

// IsRoot reports whether it is a storage's root.
func (n *Node) IsRoot() bool { return n.Entry.Handle == mtp.Root }

// Modified is its time, zero if the phone doesn't say. Without a zone it is taken
// for a time of this machine's zone: a phone is mostly where its owner is.
func (n *Node) Modified() time.Time {
	if !n.Entry.HasModified {
		return time.Time{}
	}
	return mtp.DateTime{Time: n.Entry.Modified, Zoned: n.Entry.Zoned}.Instant()
}

// child is the path of something in it.
func (n *Node) child(name string) string {
	if strings.HasSuffix(n.Path, "/") {
		return n.Path + name
	}
	return n.Path + "/" + name
}

// split takes a path apart: the storage and the names below it.
func (t *Tree) split(path string) (Storage, []string, error) {
	st, rest := t.storages[0], path
	if before, after, ok := strings.Cut(path, ":"); ok && !strings.Contains(before, "/") {
		i := slices.IndexFunc(t.storages, func(s Storage) bool {
			n, err := strconv.ParseUint(before, 0, 32)
			return s.Name == before || err == nil && mtp.StorageID(n) == s.ID
		})
		switch {
		case i >= 0:
			st, rest = t.storages[i], after
		case strings.HasPrefix(after, "/") || after == "":
			return st, nil, fmt.Errorf("storage %q: %w", before, ErrNotFound)
		}
	}
	var names []string
	for name := range strings.SplitSeq(rest, "/") {
		switch name {
		case "", ".":
		case "..":
			return st, nil, fmt.Errorf("%q: %q can't be part of a path on the phone: %w", path, name, ErrNotFound)
		default:
			names = append(names, name)
		}
	}
	return st, names, nil
}

// root is a storage's.
func (t *Tree) root(st Storage) Node {
	n := Node{Path: "/", Entry: mtp.ObjectEntry{Handle: mtp.Root, Storage: st.ID, IsFolder: true, Format: mtp.FormatAssociation}}
	if t.prefixed {
		n.Path = st.Name + ":/"
	}
	return n
}

// Find gives the node of a path. Errors: ErrNotFound, beside an
// [mtp.ErrPartialList] where the folder couldn't be listed whole; ErrNotFolder.
func (t *Tree) Find(ctx context.Context, path string) (Node, error) {
	return t.find(ctx, path, t.List)
}

func (t *Tree) find(ctx context.Context, path string, list func(context.Context, Node) ([]Node, error)) (Node, error) {
	st, names, err := t.split(path)
	if err != nil {
		return Node{}, err
	}
	at := t.root(st)
	for _, name := range names {
		if !at.IsFolder() {
			return Node{}, fmt.Errorf("%s: %w", at.Path, ErrNotFolder)
		}
		all, err := list(ctx, at)
		if err != nil && !errors.Is(err, mtp.ErrPartialList) {
			return Node{}, err
		}
		i := slices.IndexFunc(all, func(n Node) bool { return n.Name == name })
		switch {
		case i < 0 && err != nil: // it may be there all the same
			return Node{}, fmt.Errorf("%s: %w: %w", at.child(name), ErrNotFound, err)
		case i < 0:
			return Node{}, fmt.Errorf("%s: %w", at.child(name), ErrNotFound)
		}
		at = all[i]
	}
	return at, nil
}

// FindNew gives the folder in which a path's last element is, or would be, the
// name. Errors as those of Find, and ErrName.
func (t *Tree) FindNew(ctx context.Context, path string) (folder Node, name string, err error) {
	st, names, err := t.split(path)
	if err != nil {
		return Node{}, "", err
	}
	if len(names) == 0 {
		return Node{}, "", fmt.Errorf("%s: %w", path, ErrExists)
	}
	name = names[len(names)-1]
	if err := checkName(name); err != nil {
		return Node{}, "", err
	}
	up := t.root(st).Path + strings.Join(names[:len(names)-1], "/")
	if folder, err = t.Find(ctx, up); err == nil && !folder.IsFolder() {
		err = fmt.Errorf("%s: %w", folder.Path, ErrNotFolder)
	}
	return folder, name, err
}

// List gives what is in a folder, by name. Nodes with an error that wraps
// [mtp.ErrPartialList] are not all there are.
func (t *Tree) List(ctx context.Context, folder Node) ([]Node, error) {
	if !folder.IsFolder() {
		return nil, fmt.Errorf("%s: %w", folder.Path, ErrNotFolder)
	}
	entries, err := t.s.ListFolder(ctx, folder.Entry.Storage, folder.Entry.Handle)
	if err != nil && !errors.Is(err, mtp.ErrPartialList) {
		return nil, fmt.Errorf("%s: %w", folder.Path, err)
	}
	out := make([]Node, 0, len(entries))
	for i, name := range names(entries) {
		out = append(out, Node{Path: folder.child(name), Name: name, Entry: entries[i]})
	}
	slices.SortFunc(out, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}
