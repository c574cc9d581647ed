package devprovider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"cradle/mtp"
)

// retry does something with the handle of a path, once more with a new one if the
// phone no longer knows it.
func (m *MTPStore) retry(ctx context.Context, storage, path string, do func(mtp.ObjectHandle, mtp.StorageID) error) error {
	id, err := m.storage(ctx, storage)
	if err != nil {
		return err
	}
	h, err := m.handle(ctx, storage, path)
	if err != nil {
		return err
	}
	err = do(h, id)
	if path == "" || !errors.Is(err, mtp.InvalidObjectHandle) && !errors.Is(err, mtp.InvalidParentObject) {
		return err
	}
	// Every handle on the way may be another one by now.
	for p := parent(path); ; p = parent(p) {
		delete(m.folders, spot{storage, p})
		if p == "" {
			break
		}
	}
	again, ferr := m.handle(ctx, storage, path)
	if ferr != nil {
		return ferr
	}
	if again == h {
		return err
	}
	return do(again, id)
}

// handle finds a path's handle from the listings, making those that are missing.
func (m *MTPStore) handle(ctx context.Context, storage, path string) (mtp.ObjectHandle, error) {
	if path == "" {
		return mtp.Root, nil
	}
	e, err := m.find(ctx, storage, path)
	if err != nil {
		return 0, err
	}
	return e.Handle, nil
}

func (m *MTPStore) find(ctx context.Context, storage, path string) (*mtp.ObjectEntry, error) {
	folder := parent(path)
	f := m.folders[spot{storage, folder}]
	if f == nil {
		if _, err := m.List(ctx, storage, folder); err != nil {
			return nil, err
		}
		f = m.folders[spot{storage, folder}]
	}
	if e := f.find(base(path)); e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
}

func (f *mtpFolder) find(name string) *mtp.ObjectEntry {
	if f.byName == nil {
		f.byName = make(map[string]int, len(f.entries))
		for i := range f.entries {
			f.byName[f.entries[i].Name] = i
		}
	}
	i, ok := f.byName[name]
	if !ok {
		return nil
	}
	return &f.entries[i]
}

// put notes an object that came to lie in a folder.
func (m *MTPStore) put(storage, folder string, e mtp.ObjectEntry) {
	f := m.folders[spot{storage, folder}]
	if f == nil {
		return
	}
	if old := f.find(e.Name); old != nil {
		*old = e
		return
	}
	f.byName[e.Name] = len(f.entries)
	f.entries = append(f.entries, e)
}

// forget notes that an object is gone from its folder.
func (m *MTPStore) forget(storage, path string) {
	if f := m.folders[spot{storage, parent(path)}]; f != nil && f.find(base(path)) != nil {
		delete(f.byName, base(path))
	}
}
