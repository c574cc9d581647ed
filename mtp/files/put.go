package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cradle/mtp"
)

// newMark is what the name of a file ends in that is to replace another, until
// that is gone.
const newMark = ".cradle-new"

// Put makes a file of size bytes of r in a folder. modified, if not zero, is its
// time. With Replace a file of that name is replaced once the new one is whole
// on the phone, for which the device must be able to rename. A torn file is
// taken away again, as far as the connection is left. Errors: ErrExists,
// ErrFolder, ErrCannotReplace, ErrSize, [mtp.ErrUnsendable], those of the
// session and of r.
func (t *Tree) Put(ctx context.Context, folder Node, name string, r io.Reader, size int64, modified time.Time, o Options) (Node, error) {
	if err := checkName(name); err != nil {
		return Node{}, err
	}
	all, err := t.List(ctx, folder)
	if err != nil { // a list that isn't whole doesn't tell which names are free
		return Node{}, err
	}
	i := slices.IndexFunc(all, func(n Node) bool { return n.Name == name })
	out := Node{Path: folder.child(name), Name: name}
	if i < 0 {
		out.Entry, err = t.send(ctx, folder, name, out, r, size, modified, o)
		return out, err
	}
	old := all[i]
	switch {
	case old.IsFolder():
		return out, fmt.Errorf("%s: %w", old.Path, ErrFolder)
	case !o.Replace:
		return out, fmt.Errorf("%s: %w", old.Path, ErrExists)
	case !t.s.Supports(mtp.OpSetObjectPropValue):
		return out, fmt.Errorf("%s: %w", old.Path, ErrCannotReplace)
	}
	// A left-over of an interrupted replacement has nothing that anybody waits
	// for: the old file is there.
	aside := shorten(name, mtp.MaxStringUnits-len(newMark)) + newMark
	if i := slices.IndexFunc(all, func(n Node) bool { return n.Name == aside }); i >= 0 {
		if err := t.Remove(ctx, all[i], nil); err != nil {
			return out, err
		}
	}
	if out.Entry, err = t.send(ctx, folder, aside, out, r, size, modified, o); err != nil {
		return out, err
	}
	if err := t.s.DeleteObject(ctx, old.Entry.Handle); err != nil {
		return out, errors.Join(fmt.Errorf("%s: %w", old.Path, err), t.takeBack(ctx, out.Entry.Handle))
	}
	if err := t.s.Rename(ctx, out.Entry.Handle, old.Entry.Name); err != nil {
		return out, fmt.Errorf("the new %s is whole and called %s: %w", old.Path, aside, err)
	}
	out.Entry.Name = old.Entry.Name
	return out, nil
}

// send creates an object and looks whether all of it arrived.
func (t *Tree) send(ctx context.Context, folder Node, name string, shown Node, r io.Reader, size int64, modified time.Time, o Options) (mtp.ObjectEntry, error) {
	format := mtp.FormatOf(strings.TrimSuffix(name, newMark))
	if !slices.Contains(t.s.Info().PlaybackFormats, format) {
		format = mtp.FormatUndefined
	}
	info := &mtp.ObjectInfo{Format: format, FileName: name, Storage: folder.Entry.Storage, Parent: folder.Entry.Handle}
	if !modified.IsZero() {
		// Without a zone, as phones want it: what their clock shows.
		info.ModificationDate = mtp.DateTime{Time: modified.Local()}.String()
	}
	done := int64(0)
	counted := readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		done += int64(n)
		o.progress(shown, done, size)
		return n, err
	})
	c, err := t.s.CreateObjectFrom(ctx, folder.Entry.Storage, folder.Entry.Handle, info, counted, size)
	if err == nil {
		var there mtp.ObjectInfo
		there, err = t.s.GetObjectInfo(ctx, c.Handle)
		if err == nil && there.Size != mtp.UnknownSize && there.Size != uint64(size) {
			err = fmt.Errorf("%d of %d bytes arrived: %w", there.Size, size, ErrSize)
		}
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", shown.Path, err)
		if c.Handle != 0 {
			err = errors.Join(err, t.takeBack(context.WithoutCancel(ctx), c.Handle))
		}
	}
	return mtp.ObjectEntry{Handle: c.Handle, Parent: folder.Entry.Handle, Storage: c.Storage, Name: name, Size: uint64(size)}, err
}

// takeBack deletes an object of ours that isn't whole, if it can be done still.
func (t *Tree) takeBack(ctx context.Context, h mtp.ObjectHandle) error {
	if t.s.Err() != nil { // which the caller says
		return nil //nolint:nilerr // the connection is gone, and nothing can be taken back
	}
	if err := t.s.DeleteObject(ctx, h); err != nil && !errors.Is(err, mtp.InvalidObjectHandle) {
		return fmt.Errorf("what arrived of it stays on the phone: %w", err)
	}
	return nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// MakeFolder gives the folder of a name in another one, and makes it if it isn't
// there. Error: ErrNotFolder if a file has the name.
func (t *Tree) MakeFolder(ctx context.Context, parent Node, name string) (Node, error) {
	if err := checkName(name); err != nil {
		return Node{}, err
	}
	all, err := t.List(ctx, parent)
	if err != nil {
		return Node{}, err
	}
	for _, n := range all {
		switch {
		case n.Name == name && n.IsFolder():
			return n, nil
		case n.Name == name:
			return Node{}, fmt.Errorf("%s: %w", n.Path, ErrNotFolder)
		}
	}
	c, err := t.s.CreateFolder(ctx, parent.Entry.Storage, parent.Entry.Handle, name)
	if err != nil {
		return Node{}, fmt.Errorf("%s: %w", parent.child(name), err)
	}
	return Node{Path: parent.child(name), Name: name, Entry: mtp.ObjectEntry{
		Handle: c.Handle, Parent: parent.Entry.Handle, Storage: parent.Entry.Storage, Name: name,
		Format: mtp.FormatAssociation, IsFolder: true,
	}}, nil
}
