package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"cradle/mtp"
)

// maxDepth bounds how deep folders are followed: a device may say that one
// contains itself.
const maxDepth = 100

// Walk calls f for a node and, folders first, for all that is below it, with a
// nil error. For a folder that couldn't be listed, or not whole
// ([mtp.ErrPartialList]), f is called once more with the error, after what could
// be listed. Errors of f end it, but [fs.SkipDir] for a folder leaves out what is
// below it.
func (t *Tree) Walk(ctx context.Context, n Node, f func(Node, error) error) error {
	return t.walk(ctx, n, 0, f)
}

func (t *Tree) walk(ctx context.Context, n Node, depth int, f func(Node, error) error) error {
	switch err := f(n, nil); {
	case errors.Is(err, fs.SkipDir) && n.IsFolder():
		return nil
	case err != nil || !n.IsFolder():
		return err
	case depth >= maxDepth:
		// Not f's to go on from: a folder may hold itself several times.
		return fmt.Errorf("%s: more than %d folders deep: %w", n.Path, maxDepth, mtp.ErrMalformed)
	}
	all, listed := t.List(ctx, n)
	if stale(listed) {
		if n, listed = t.renew(ctx, n, listed); listed == nil {
			all, listed = t.List(ctx, n)
		}
	}
	for _, c := range all {
		if err := t.walk(ctx, c, depth+1, f); err != nil {
			return err
		}
	}
	if listed != nil {
		return f(n, listed)
	}
	return nil
}

// Remove deletes a file, or a folder with all that is in it, from below: some
// devices delete only empty folders. A folder whose contents can't be listed
// whole stays, with what couldn't be seen. each, if not nil, is called after
// each deletion.
func (t *Tree) Remove(ctx context.Context, n Node, each func(Node)) error {
	return t.remove(ctx, n, 0, each)
}

func (t *Tree) remove(ctx context.Context, n Node, depth int, each func(Node)) error {
	if n.IsRoot() {
		return fmt.Errorf("%s: a storage can't be deleted", n.Path)
	}
	if depth > maxDepth {
		return fmt.Errorf("%s: more than %d folders deep: %w", n.Path, maxDepth, mtp.ErrMalformed)
	}
	if n.IsFolder() {
		all, err := t.List(ctx, n)
		if err != nil {
			return err
		}
		for _, c := range all {
			if err := t.remove(ctx, c, depth+1, each); err != nil {
				return err
			}
		}
	}
	t.recent = nil
	if err := t.s.DeleteObject(ctx, n.Entry.Handle); err != nil {
		return fmt.Errorf("%s: %w", n.Path, err)
	}
	if each != nil {
		each(n)
	}
	return nil
}
