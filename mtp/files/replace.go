package files

import (
	"context"
	"errors"
	"fmt"

	"cradle/mtp"
)

// replace puts a file in the place of another one, once it is whole.
func (p *outgoing) replace(ctx context.Context, old Node) (Node, error) {
	t := p.t
	aside, err := p.markAside()
	if err != nil {
		return old, err
	}
	if err := p.clearAside(ctx); err != nil {
		return old, err
	}
	c, err := p.send(ctx, aside)
	if err != nil {
		return old, err
	}
	if _, err := p.check(ctx, c); err != nil {
		return old, err
	}
	t.recent = nil
	if err := t.still(ctx, old); err != nil {
		return old, errors.Join(err, p.takeBack(ctx, c.Handle))
	}
	// From here to the new name there is no way back.
	ctx = context.WithoutCancel(ctx)
	if err := t.s.DeleteObject(ctx, old.Entry.Handle); err != nil {
		err = fmt.Errorf("%s: %w", old.Path, err)
		// It may be deleted all the same, and the new one is all there is.
		switch there := t.still(ctx, old); {
		case errors.Is(there, mtp.InvalidObjectHandle):
		case there == nil || mtp.IsRefusal(err):
			return old, errors.Join(err, p.takeBack(ctx, c.Handle))
		default:
			return old, fmt.Errorf("the new %s is whole and called %s: %w", old.Path, aside, err)
		}
	}
	h, err := p.rename(ctx, c.Handle, aside, old.Entry)
	if err != nil {
		return old, fmt.Errorf("the new %s is whole and called %s: %w", old.Path, aside, err)
	}
	t.renames = true
	old.Entry = p.entry(c, old.Entry.Name)
	old.Entry.Handle = h
	return old, nil
}

// rename gives the new file, which is whole, the name of the old one, which is
// deleted, and gives its handle. Both are looked for again where the phone no longer
// knows their handles. (umtprd takes note of a deletion by the file's name, and
// forgets the new file if that has the name by then.)
func (p *outgoing) rename(ctx context.Context, h mtp.ObjectHandle, aside string, old mtp.ObjectEntry) (mtp.ObjectHandle, error) {
	t := p.t
	err := t.s.Rename(ctx, h, old.Name)
	if err == nil && !t.renames {
		var info mtp.ObjectInfo
		if info, err = t.s.GetObjectInfo(ctx, h); err == nil && info.FileName == aside {
			err = errNoRename
		}
	}
	if !stale(err) {
		return h, err
	}
	folder, rerr := t.renew(ctx, p.folder, err)
	if rerr != nil && !stale(rerr) {
		return h, err
	}
	all, lerr := t.List(ctx, folder)
	if lerr != nil {
		return h, err
	}
	fresh, there := holder(all, aside), holder(all, old.Name)
	sized := func(i int, size uint64) bool { return all[i].Entry.Size == mtp.NoSize || all[i].Entry.Size == size }
	switch {
	case fresh < 0 && there >= 0 && sized(there, uint64(p.size)):
		return all[there].Entry.Handle, nil
	case fresh < 0:
		return h, err
	case there >= 0 && !sized(there, old.Size):
		return h, err
	case there >= 0: // the phone had refused a handle, and nothing was deleted
		if err := t.s.DeleteObject(ctx, all[there].Entry.Handle); err != nil {
			return h, err
		}
	}
	h = all[fresh].Entry.Handle
	return h, t.s.Rename(ctx, h, old.Name)
}
