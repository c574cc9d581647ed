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
// time. On a phone that can rename the file has another name, the one that ends in
// ".cradle-new", until it is whole. With Replace a file of that name is replaced
// then, for which the device must be able to rename. A torn file is taken away
// again, as far as the connection is left. The node is what the file is called
// from now on, which may be another name than the one given. A folder's list of a
// few seconds ago may be what says which names are free. With ErrGrown the file is
// there, and r has more than size bytes. Errors: ErrName, ErrExists, ErrFolder,
// ErrCannotReplace, ErrSize, ErrShrunk, [mtp.ErrUnsendable],
// [mtp.ErrUnsendableName], those of the session and of r.
func (t *Tree) Put(ctx context.Context, folder Node, name string, r io.Reader, size int64, modified time.Time, o Options) (Node, error) {
	if err := checkName(name); err != nil {
		return Node{}, err
	}
	p := outgoing{t: t, folder: folder, name: name, r: r, size: size, modified: modified, o: o}
	p.shown = Node{Path: folder.child(SafeName(name)), Name: SafeName(name)}
	if s, ok := r.(io.Seeker); ok {
		if start, err := s.Seek(0, io.SeekCurrent); err == nil { // which a pipe refuses
			p.rewind = func() error { _, err := s.Seek(start, io.SeekStart); return err }
		}
	}
	n, err := p.put(ctx)
	if !stale(err) {
		return n, p.ended(n, err)
	}
	now, rerr := t.renew(ctx, folder, err)
	switch {
	case errors.Is(rerr, ErrNoStorage):
		return n, rerr
	case rerr != nil || p.rewind == nil:
		return n, err
	}
	if err := p.rewind(); err != nil {
		return n, err
	}
	t.recent = nil // by now nothing in it is sure
	p.folder = now
	n, err = p.put(ctx)
	return n, p.ended(n, err)
}

// ended looks whether r ends where it was said to.
func (p *outgoing) ended(n Node, err error) error {
	if err != nil {
		return err
	}
	if more, _ := io.ReadFull(p.r, make([]byte, 1)); more > 0 {
		return fmt.Errorf("%s: %w: the phone has the first %d bytes", n.Path, ErrGrown, p.size)
	}
	return nil
}

// Sent looks for a file in a folder that Put would make, and has made before: with
// its name and size, and its time as far as the phone keeps the times of files, see
// [mtp.Session.IsSent].
func (t *Tree) Sent(ctx context.Context, folder Node, name string, size int64, modified time.Time) (Node, bool) {
	all, err := t.listed(ctx, folder)
	if err != nil { // which Put tells
		return Node{}, false
	}
	i := holder(all, name)
	if i < 0 || !t.s.IsSent(&all[i].Entry, size, modified) {
		return Node{}, false
	}
	return all[i], true
}

// put is Put with handles that may no longer be the phone's.
func (p *outgoing) put(ctx context.Context) (Node, error) {
	var err error
	t, o := p.t, p.o
	if p.all, err = t.listed(ctx, p.folder); err != nil {
		return p.shown, err
	}
	i := holder(p.all, p.name)
	if i < 0 {
		return p.add(ctx)
	}
	old := p.all[i]
	switch {
	case old.IsFolder():
		return old, fmt.Errorf("%s: %w", old.Path, ErrFolder)
	case !o.Replace:
		return old, t.exists(old, p.size)
	case !t.canRename():
		return old, fmt.Errorf("%s: %w", old.Path, ErrCannotReplace)
	}
	return p.replace(ctx, old)
}

// canRename reports whether the phone may be able to rename files.
func (t *Tree) canRename() bool { return t.s.Supports(mtp.OpSetObjectPropValue) && !t.noRename }

// exists is the error about a file that is there. Of another size it may be what
// is left of a put that was cut off, on a phone that can't rename.
func (t *Tree) exists(old Node, size int64) error {
	if old.Entry.Size == mtp.NoSize || old.Entry.Size == uint64(size) {
		return fmt.Errorf("%s: %w", old.Path, ErrExists)
	}
	err := fmt.Errorf("%s: %w, with %d bytes and not %d", old.Path, ErrExists, old.Entry.Size, size)
	if !t.canRename() {
		err = fmt.Errorf("%w; %w", err, ErrCannotReplace)
	}
	return err
}

// outgoing is a file on its way to the phone.
type outgoing struct {
	t        *Tree
	folder   Node
	name     string
	r        io.Reader
	size     int64
	modified time.Time
	o        Options
	all      []Node // what is in the folder
	shown    Node   // for the progress
	left     []Node // what interrupted puts of the file left beside it

	rewind func() error // to r's beginning; nil: it can be read once
}

// errNoRename says that the phone didn't rename a file.
var errNoRename = errors.New("the phone doesn't rename it")

// add makes a file that replaces none: aside and then renamed, where the phone
// does that, else at once under its name.
func (p *outgoing) add(ctx context.Context) (Node, error) {
	refused := false
	if p.size > 0 && p.t.canRename() {
		e, err := p.addAside(ctx)
		if errors.Is(err, mtp.StoreFull) && len(p.left) > 0 && p.rewind != nil {
			// Its room is wanted.
			if err := errors.Join(p.clearAside(ctx), p.rewind()); err != nil {
				return p.shown, err
			}
			e, err = p.addAside(ctx)
		}
		switch refused = errors.Is(err, errNoRename); {
		case err == nil:
			n := p.t.added(p.folder, e)
			// Not before: one of them may be whole, and all there was of this file.
			if err := p.clearAside(ctx); err != nil && !stale(err) {
				return n, fmt.Errorf("%s is there, what an interrupted put left isn't taken away: %w", n.Path, err)
			}
			return n, nil
		case !refused || p.rewind == nil:
			return p.shown, err
		}
		if err := p.takeBack(ctx, e.Handle); err != nil {
			return p.shown, err
		}
		if err := p.rewind(); err != nil {
			return p.shown, err
		}
	}
	c, err := p.send(ctx, p.name)
	if err != nil {
		return p.shown, err
	}
	info, err := p.check(ctx, c)
	if err != nil {
		return p.shown, err
	}
	// Not the name was wrong but the renaming.
	p.t.noRename = p.t.noRename || refused
	return p.t.added(p.folder, p.entry(c, info.FileName)), nil
}

// addAside sends a file under its name aside and renames it. With errNoRename it
// is on the phone, under that name.
func (p *outgoing) addAside(ctx context.Context) (mtp.ObjectEntry, error) {
	aside, err := p.markAside()
	if err != nil {
		return mtp.ObjectEntry{}, err
	}
	c, err := p.send(ctx, aside)
	if err != nil {
		return mtp.ObjectEntry{}, err
	}
	err = p.t.s.Rename(ctx, c.Handle, p.name)
	if err != nil && !mtp.IsRefusal(err) {
		return p.entry(c, aside), p.torn(ctx, c, err)
	}
	// It says both at once, whether all arrived and whether it has its name.
	info, cerr := p.check(ctx, c)
	switch {
	case cerr != nil:
		return p.entry(c, aside), cerr
	case err != nil:
		return p.entry(c, aside), fmt.Errorf("%s is still called %s: %w: %w", p.shown.Path, aside, errNoRename, err)
	case info.FileName == aside:
		return p.entry(c, aside), fmt.Errorf("%s is still called %s: %w", p.shown.Path, aside, errNoRename)
	}
	p.t.renames = true
	return p.entry(c, info.FileName), nil
}

// markAside gives the name of a file until it is whole, and notes what interrupted puts
// of it left under such names. These aren't used again at once: umtprd takes note of a
// deletion by the name, and when it does so late it forgets the new file and answers no
// more.
func (p *outgoing) markAside() (string, error) {
	aside := ""
	p.left = nil
	for try := 1; try <= 9; try++ {
		mark := newMark
		if try > 1 {
			mark = fmt.Sprintf("-%d%s", try, newMark)
		}
		name := shorten(p.name, mtp.MaxStringUnits-len(mark)) + mark
		switch i := holder(p.all, name); {
		case i >= 0 && p.all[i].IsFolder():
		case i >= 0:
			p.left = append(p.left, p.all[i])
		case aside == "":
			aside = name
		}
	}
	if aside == "" {
		return "", fmt.Errorf("%s: what nine interrupted puts left is beside it, delete that (rm): %w", p.shown.Path, ErrExists)
	}
	return aside, nil
}

// clearAside deletes what interrupted puts left.
func (p *outgoing) clearAside(ctx context.Context) error {
	for _, n := range p.left {
		if err := p.t.still(ctx, n); err != nil {
			return err
		}
		if err := p.t.Remove(ctx, n, nil); err != nil {
			return err
		}
	}
	p.left = nil
	return nil
}

// entry is what a list would tell of it.
func (p *outgoing) entry(c mtp.Created, name string) mtp.ObjectEntry {
	return mtp.ObjectEntry{Handle: c.Handle, Parent: p.folder.Entry.Handle, Storage: c.Storage, Name: name, Size: uint64(p.size)}
}

// send creates the object under a name.
func (p *outgoing) send(ctx context.Context, name string) (mtp.Created, error) {
	s := p.t.s
	format := mtp.FormatOf(p.name)
	if !slices.Contains(s.Info().PlaybackFormats, format) {
		format = mtp.FormatUndefined
	}
	info := &mtp.ObjectInfo{Format: format, FileName: name, Storage: p.folder.Entry.Storage, Parent: p.folder.Entry.Handle}
	if !p.modified.IsZero() {
		// Without a zone, as phones want it: what their clock shows.
		info.ModificationDate = mtp.DateTime{Time: p.modified.Local()}.String()
	}
	done, ended := int64(0), false
	counted := readerFunc(func(b []byte) (int, error) {
		n, err := p.r.Read(b)
		done += int64(n)
		ended = errors.Is(err, io.EOF) && done < p.size
		p.o.progress(p.shown, done, p.size)
		return n, err
	})
	c, err := s.CreateObjectFrom(ctx, p.folder.Entry.Storage, p.folder.Entry.Handle, info, counted, p.size)
	if errors.Is(err, io.ErrUnexpectedEOF) && ended && s.Err() == nil {
		err = fmt.Errorf("%w: %d of %d bytes are left", ErrShrunk, done, p.size)
	}
	return c, p.torn(ctx, c, err)
}

// check looks whether all of it arrived.
func (p *outgoing) check(ctx context.Context, c mtp.Created) (mtp.ObjectInfo, error) {
	there, err := p.t.s.GetObjectInfo(ctx, c.Handle)
	if err == nil && there.Size != mtp.UnknownSize && there.Size != uint64(p.size) {
		err = fmt.Errorf("%d of %d bytes arrived: %w", there.Size, p.size, ErrSize)
	}
	if err == nil {
		p.t.s.NoteTime(p.modified, &there)
	}
	return there, p.torn(ctx, c, err)
}

// torn takes an object back that isn't whole.
func (p *outgoing) torn(ctx context.Context, c mtp.Created, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", p.shown.Path, err)
	if c.Handle != 0 {
		err = errors.Join(err, p.takeBack(context.WithoutCancel(ctx), c.Handle))
	}
	return err
}

// takeBack deletes an object of ours that isn't whole, if it can be done still, and
// nothing else that has its handle by now.
func (p *outgoing) takeBack(ctx context.Context, h mtp.ObjectHandle) error {
	s := p.t.s
	if s.Err() != nil { // which the caller says
		return nil //nolint:nilerr // the connection is gone, and nothing can be taken back
	}
	info, err := s.GetObjectInfo(ctx, h)
	switch {
	case errors.Is(err, mtp.InvalidObjectHandle):
		return nil
	case err == nil && !strings.EqualFold(info.FileName, p.name) && !strings.HasSuffix(info.FileName, newMark):
		err = fmt.Errorf("%v(%#x) is %q", mtp.OpGetObjectInfo, uint32(h), info.FileName)
	default: // what can't be described may be deleted all the same
		err = s.DeleteObject(ctx, h)
	}
	if err != nil && !errors.Is(err, mtp.InvalidObjectHandle) {
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
	all, err := t.listed(ctx, parent)
	if err != nil {
		return Node{}, err
	}
	if i := holder(all, name); i >= 0 {
		if n := all[i]; !n.IsFolder() {
			return Node{}, fmt.Errorf("%s: %w", n.Path, ErrNotFolder)
		}
		return all[i], nil
	}
	c, err := t.s.CreateFolder(ctx, parent.Entry.Storage, parent.Entry.Handle, name)
	if err != nil {
		return Node{}, fmt.Errorf("%s: %w", parent.child(SafeName(name)), err)
	}
	return t.added(parent, mtp.ObjectEntry{
		Handle: c.Handle, Parent: parent.Entry.Handle, Storage: parent.Entry.Storage, Name: name,
		Format: mtp.FormatAssociation, IsFolder: true,
	}), nil
}
