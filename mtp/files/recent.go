package files

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cradle/mtp"
)

// recentTime is for how long a folder's list tells the next put into it which names
// are free. Somebody may use the phone meanwhile; and to list a folder costs more
// than to send a small file.
const recentTime = 5 * time.Second

// recentList is a folder's list, kept up with what was put there since.
type recentList struct {
	at  time.Time
	all []Node
}

type folderKey struct {
	storage mtp.StorageID
	handle  mtp.ObjectHandle
}

func keyOf(n Node) folderKey { return folderKey{n.Entry.Storage, n.Entry.Handle} }

// listed is List that may be a few seconds old.
func (t *Tree) listed(ctx context.Context, folder Node) ([]Node, error) {
	if l := t.recent[keyOf(folder)]; l != nil && time.Since(l.at) < recentTime {
		return l.all, nil
	}
	at := time.Now()
	all, err := t.List(ctx, folder)
	if err != nil { // a list that isn't whole doesn't tell which names are free
		return all, err
	}
	for k, l := range t.recent {
		if time.Since(l.at) >= recentTime {
			delete(t.recent, k)
		}
	}
	if t.recent == nil {
		t.recent = map[folderKey]*recentList{}
	}
	t.recent[keyOf(folder)] = &recentList{at, all}
	return all, nil
}

// added takes note of a new object in a folder, and gives its node.
func (t *Tree) added(folder Node, e mtp.ObjectEntry) Node {
	l := t.recent[keyOf(folder)]
	if l == nil {
		l = &recentList{}
	}
	n := Node{Path: folder.child(e.Name), Name: e.Name, Entry: e}
	if SafeName(e.Name) == e.Name && !slices.ContainsFunc(l.all, func(n Node) bool { return n.Name == e.Name }) {
		l.all = append(l.all, n)
		return n
	}
	// It may take the name by which another one was shown.
	entries := make([]mtp.ObjectEntry, 0, len(l.all)+1)
	for i := range l.all {
		entries = append(entries, l.all[i].Entry)
	}
	entries = append(entries, e)
	l.all = make([]Node, 0, len(entries))
	for i, name := range names(entries) {
		l.all = append(l.all, Node{Path: folder.child(name), Name: name, Entry: entries[i]})
	}
	return l.all[len(l.all)-1]
}

// holder is the index of the node that the phone calls by a name, -1 if there is
// none. What another one is shown as doesn't count: a file sent under that name
// is none of it.
func holder(all []Node, name string) int {
	return slices.IndexFunc(all, func(n Node) bool { return n.Entry.Name == name })
}

// stale reports whether an error may come from handles that are no longer those of
// the phone: it was locked, or counts its objects anew.
func stale(err error) bool {
	return mtp.IsRefusal(err) && slices.ContainsFunc([]error{
		mtp.InvalidObjectHandle, mtp.InvalidParentObject, mtp.InvalidStorageID, mtp.StoreNotAvailable,
	}, func(e error) bool { return errors.Is(err, e) })
}

// renew finds a node again of which the phone no longer knows the handle. Errors:
// ErrNoStorage if the phone was locked, [mtp.StoreNotAvailable] then and if it shows
// only other storages, ErrNotFound, and old, which the phone said, if nothing is new.
func (t *Tree) renew(ctx context.Context, n Node, old error) (Node, error) {
	ids, err := t.s.GetStorageIDs(ctx)
	switch {
	case err != nil:
		return n, err
	case !slices.ContainsFunc(ids, mtp.StorageID.HasMedium):
		return n, fmt.Errorf("%w: %w", ErrNoStorage, mtp.StoreNotAvailable)
	case !slices.Contains(ids, n.Entry.Storage):
		return n, fmt.Errorf("%s: %w", n.Path, mtp.StoreNotAvailable)
	case n.IsRoot():
		t.recent = nil
		return n, nil
	}
	for range 2 {
		m, err := t.find(ctx, n.Path, t.listed)
		switch {
		case err == nil && m.Entry.Handle != n.Entry.Handle:
			return m, nil
		case err != nil && !stale(err):
			old = err
		}
		t.recent = nil // it may be of the time before
	}
	return n, old
}

// still looks whether a handle is that of the node, before what it stands for is
// deleted: the list may be of minutes ago. Of phones that tell names in two ways the
// size decides.
func (t *Tree) still(ctx context.Context, n Node) error {
	info, err := t.s.GetObjectInfo(ctx, n.Entry.Handle)
	if err == nil && info.FileName != n.Entry.Name && info.Size != n.Entry.Size {
		err = &mtp.OpError{Op: mtp.OpGetObjectInfo, Params: []uint32{uint32(n.Entry.Handle)}, Code: mtp.InvalidObjectHandle}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", n.Path, err)
	}
	return nil
}
