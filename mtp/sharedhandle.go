package mtp

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// torn are the handles under which lists tell of two objects.
func (l *folderList) torn() []ObjectHandle {
	var out []ObjectHandle
	for i := range l.facts {
		if l.facts[i].torn {
			out = append(out, l.entries[i].Handle)
		}
	}
	return out
}

// errSharedHandle says that nobody knows which object a handle means.
var errSharedHandle = fmt.Errorf("two objects have this handle: %w", ErrMalformed)

// without gives the entries that the lists tell all of but those: what is done
// to such a handle may be done to another object, and which are missing isn't
// known either.
func (l *folderList) without(torn []ObjectHandle) ([]ObjectEntry, error) {
	partial := &PartialListError{Storage: l.storage, Parent: l.parent}
	for _, h := range torn {
		partial.Skipped = append(partial.Skipped, SkippedObject{h, errSharedHandle})
	}
	kept := make([]ObjectEntry, 0, l.known)
	for i, e := range l.entries[:l.known] {
		if !l.facts[i].torn && l.facts[i].have&haveAll == haveAll {
			kept = append(kept, e)
		}
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("folder %#x of storage %#x: none of its objects can be told from another: %w", uint32(l.parent), uint32(l.storage), errSharedHandle)
	}
	return kept, partial
}

// listAllByInfo asks for each object. Handles that came more than once, and may be those of more than
// one object, are left out.
func (s *Session) listAllByInfo(ctx context.Context, l *folderList) ([]ObjectEntry, error) {
	if len(l.handles) == l.known {
		return s.listByInfo(ctx, l, l.all())
	}
	if repeated, distinct := l.repeated(); len(repeated) > 0 {
		harmless, err := s.merelyRepeats(ctx, l, distinct)
		if err != nil {
			return nil, err
		}
		for _, h := range repeated {
			if i := l.find(h); i >= 0 {
				l.facts[i].torn = !harmless
			}
		}
	}
	return s.listByInfo(ctx, l, l.all())
}

// repeated are the handles that came more than once, and how many different ones came.
func (l *folderList) repeated() (repeated []ObjectHandle, distinct int) {
	times := make(map[ObjectHandle]int, len(l.handles))
	for _, h := range l.handles {
		if times[h]++; times[h] == 2 {
			repeated = append(repeated, h)
		}
	}
	return repeated, len(times)
}

// merelyRepeats reports whether a device that gave a folder's handles, some of them more than once, has
// no more objects there than different handles. Its count says so, and only if nothing came or went
// meanwhile.
func (s *Session) merelyRepeats(ctx context.Context, l *folderList, distinct int) (bool, error) {
	n, err := s.GetNumObjects(ctx, l.storage, 0, l.parent)
	if err != nil || n != distinct {
		return false, s.unlessAlive(err)
	}
	again, err := s.GetObjectHandles(ctx, l.storage, 0, l.parent)
	return err == nil && slices.Equal(again, l.handles), s.unlessAlive(err)
}

// unlessAlive gives an error after which a device has nothing more to say; not one of a device that
// doesn't do what it was asked for.
func (s *Session) unlessAlive(err error) error {
	if IsRefusal(err) || errors.Is(err, ErrTimeout) && s.Err() == nil {
		return nil
	}
	return err
}
