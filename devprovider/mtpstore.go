package devprovider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"cradle/engine"
	"cradle/mtp"
)

// MTPStore is a phone's storages over an open MTP session, which stays the
// caller's. Handles end with the session, so a path is found again from listings,
// and once more if the phone has given an object another handle meanwhile.
type MTPStore struct {
	s        *mtp.Session
	storages map[string]mtp.StorageID
	folders  map[spot]*mtpFolder
	zoneless bool // a time without a zone was seen: the phone's clock face
}

// mtpFolder is a folder as last listed.
type mtpFolder struct {
	handle  mtp.ObjectHandle
	entries []mtp.ObjectEntry
	byName  map[string]int // made when first asked for
}

// NewMTPStore uses an open session.
func NewMTPStore(s *mtp.Session) *MTPStore {
	return &MTPStore{s: s, storages: map[string]mtp.StorageID{}, folders: map[spot]*mtpFolder{}}
}

// GuessOffset is what the phone's times are ahead of this computer's as long as
// nobody has measured it: times without a zone are clock faces, most likely of
// this computer's zone.
func (m *MTPStore) GuessOffset(now time.Time) int64 {
	if !m.zoneless {
		return 0
	}
	_, seconds := now.Local().Zone()
	return int64(seconds) * 1000
}

// refused are the response codes that mean more than that an operation was
// refused.
var refused = []struct {
	code mtp.RespCode
	is   error
}{
	{mtp.StoreFull, ErrFull},
	{mtp.ObjectTooLarge, ErrFull},
	{mtp.StoreReadOnly, ErrReadOnly},
	{mtp.ObjectWriteProtected, ErrReadOnly},
	{mtp.AccessDenied, ErrReadOnly},
	{mtp.InvalidObjectHandle, fs.ErrNotExist},
	{mtp.InvalidParentObject, fs.ErrNotExist},
	{mtp.InvalidStorageID, fs.ErrNotExist},
	{mtp.StoreNotAvailable, fs.ErrNotExist},
	{mtp.OperationNotSupported, errors.ErrUnsupported},
}

// fail says what an error of the session means for the caller.
func (m *MTPStore) fail(what, path string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, mtp.ErrDeviceGone) || errors.Is(err, mtp.ErrSessionLost) || errors.Is(err, mtp.ErrClosed) {
		return fmt.Errorf("%s %s: %w: %w", what, path, engine.ErrGone, err)
	}
	for _, r := range refused {
		if errors.Is(err, r.code) {
			return fmt.Errorf("%s %s: %w: %w", what, path, r.is, err)
		}
	}
	return fmt.Errorf("%s %s: %w", what, path, err)
}

// Storages lists the phone's storages. Its lasting name is the volume identifier,
// else the description.
func (m *MTPStore) Storages(ctx context.Context) ([]Storage, error) {
	ids, err := m.s.GetStorageIDs(ctx)
	if err != nil {
		return nil, m.fail("list", "the storages", err)
	}
	m.storages = make(map[string]mtp.StorageID, len(ids))
	var list []Storage
	for i, id := range ids {
		if id&0xFFFF == 0 {
			continue // a slot without a medium
		}
		info, err := m.s.GetStorageInfo(ctx, id)
		if errors.Is(err, mtp.StoreNotAvailable) || errors.Is(err, mtp.InvalidStorageID) {
			continue // taken out just now
		}
		if err != nil {
			return nil, m.fail("look at", fmt.Sprintf("storage %#x", uint32(id)), err)
		}
		st := Storage{Name: info.VolumeIdentifier, Label: info.Description, Writable: info.Writable(), Free: -1}
		if st.Name == "" {
			st.Name = info.Description
		}
		if st.Name == "" {
			st.Name = fmt.Sprintf("storage %d", i+1)
		}
		if st.Label == "" {
			st.Label = st.Name
		}
		name := st.Name
		for n := 2; m.storages[st.Name] != 0; n++ {
			st.Name = fmt.Sprintf("%s #%d", name, n)
		}
		if info.Capacity > 0 && info.FreeBytes <= info.Capacity {
			st.Free = int64(info.FreeBytes)
		}
		m.storages[st.Name] = id
		list = append(list, st)
	}
	return list, nil
}

func (m *MTPStore) storage(ctx context.Context, name string) (mtp.StorageID, error) {
	if id, ok := m.storages[name]; ok {
		return id, nil
	}
	if len(m.storages) == 0 {
		if _, err := m.Storages(ctx); err != nil {
			return 0, err
		}
	}
	if id, ok := m.storages[name]; ok {
		return id, nil
	}
	return 0, fmt.Errorf("storage %q: %w", name, fs.ErrNotExist)
}

// entry is an object as the folder profile sees it. Times are cut to seconds:
// devices give fractions in one place and not in the other.
func (m *MTPStore) entry(e *mtp.ObjectEntry) Entry {
	out := Entry{Name: e.Name, Folder: e.IsFolder, Size: int64(e.Size)}
	if out.Size < 0 { // mtp.NoSize, too
		out.Size = -1
	}
	if e.HasModified {
		out.Modified = e.Modified.Unix() * 1000
		m.zoneless = m.zoneless || !e.Zoned
	}
	if e.IsFolder {
		out.Size = 0
	}
	return out
}

// List lists a folder in one request where the phone can.
func (m *MTPStore) List(ctx context.Context, storage, folder string) (Listing, error) {
	var entries []mtp.ObjectEntry
	partial := error(nil)
	err := m.retry(ctx, storage, folder, func(h mtp.ObjectHandle, id mtp.StorageID) error {
		var err error
		entries, err = m.s.ListFolder(ctx, id, h)
		if errors.Is(err, mtp.ErrPartialList) {
			partial, err = err, nil
		}
		if err == nil {
			m.folders[spot{storage, folder}] = &mtpFolder{handle: h, entries: entries}
		}
		return err
	})
	if err != nil {
		return Listing{}, m.fail("list", folder, err)
	}
	l := Listing{Whole: partial == nil, Reason: partial, Entries: make([]Entry, len(entries))}
	for i := range entries {
		l.Entries[i] = m.entry(&entries[i])
	}
	return l, nil
}

// look asks for an object's dataset.
func (m *MTPStore) look(ctx context.Context, h mtp.ObjectHandle) (mtp.ObjectEntry, error) {
	info, err := m.s.GetObjectInfo(ctx, h)
	if err != nil {
		return mtp.ObjectEntry{}, err
	}
	e := mtp.ObjectEntry{
		Handle: h, Parent: info.Parent, Storage: info.Storage, Format: info.Format,
		Name: info.FileName, Size: info.Size, IsFolder: info.IsFolder(),
	}
	if e.Size == mtp.UnknownSize {
		e.Size = mtp.NoSize
		if n, err := m.s.ObjectSize(ctx, h); err == nil {
			e.Size = n
		} else if !mtp.IsRefusal(err) {
			return e, err
		}
	}
	if d, err := mtp.ParseDateTime(info.ModificationDate); err == nil && !d.IsZero() {
		e.Modified, e.HasModified, e.Zoned = d.Time, true, d.Zoned
	}
	return e, nil
}

// Stat looks at one object again.
func (m *MTPStore) Stat(ctx context.Context, storage, path string) (Entry, error) {
	var e mtp.ObjectEntry
	err := m.retry(ctx, storage, path, func(h mtp.ObjectHandle, _ mtp.StorageID) error {
		var err error
		e, err = m.look(ctx, h)
		return err
	})
	if err != nil {
		return Entry{}, m.fail("look at", path, err)
	}
	if e.Name == "" {
		e.Name = base(path)
	}
	if e.Name != base(path) {
		return Entry{}, fmt.Errorf("look at %s: it has another name now: %w", path, fs.ErrNotExist)
	}
	return m.entry(&e), nil
}

// Read gets an object's bytes.
func (m *MTPStore) Read(ctx context.Context, storage, path string, limit int64) ([]byte, error) {
	e, err := m.find(ctx, storage, path)
	if err != nil {
		return nil, m.fail("read", path, err)
	}
	if e.Size != mtp.NoSize && int64(e.Size) > limit {
		return nil, fmt.Errorf("read %s: %w: %d bytes, at most %d", path, ErrTooLarge, e.Size, limit)
	}
	var body []byte
	err = m.retry(ctx, storage, path, func(h mtp.ObjectHandle, _ mtp.StorageID) error {
		body, err = m.s.GetObjectBytes(ctx, h, int(limit))
		return err
	})
	if err != nil {
		return nil, m.fail("read", path, err)
	}
	if body == nil {
		body = []byte{}
	}
	return body, nil
}

// CanTake reports whether the phone can take an object of size bytes.
func (m *MTPStore) CanTake(size int64) bool { return m.s.CanSend(size) }

// Create makes an object. The phone stamps its own time: so its clock is measured.
func (m *MTPStore) Create(ctx context.Context, storage, path string, body []byte) (Entry, error) {
	folder := parent(path)
	if m.folders[spot{storage, folder}] == nil {
		if _, err := m.List(ctx, storage, folder); err != nil {
			return Entry{}, err
		}
	}
	if m.folders[spot{storage, folder}].find(base(path)) != nil {
		return Entry{}, fmt.Errorf("create %s: %w", path, fs.ErrExist)
	}
	var made mtp.Created
	err := m.retry(ctx, storage, folder, func(h mtp.ObjectHandle, id mtp.StorageID) error {
		var err error
		info := mtp.ObjectInfo{Storage: id, Format: mtp.FormatUndefined, Parent: h, FileName: base(path)}
		made, err = m.s.CreateObject(ctx, id, h, &info, body)
		return err
	})
	if err != nil {
		if made.Handle != mtp.Root && mtp.IsRefusal(err) {
			// Announced, and then refused: some phones keep what they have got.
			if derr := m.s.DeleteObject(ctx, made.Handle); derr != nil && !mtp.IsRefusal(derr) {
				err = errors.Join(err, derr)
			}
		}
		return Entry{}, m.nameError("create", path, err)
	}
	e, err := m.look(ctx, made.Handle)
	if err != nil {
		return Entry{}, m.fail("look at", path, err)
	}
	if e.Name == "" {
		e.Name = base(path)
	}
	m.put(storage, folder, e)
	return m.entry(&e), nil
}

// nameError adds ErrName to refusals that may be about the name: phones have no
// code for that.
func (m *MTPStore) nameError(what, path string, err error) error {
	for _, code := range []error{mtp.ErrUnsendableName, mtp.GeneralError, mtp.InvalidParameter, mtp.InvalidDataset, mtp.InvalidObjectPropValue, mtp.ParameterNotSupported} {
		if errors.Is(err, code) {
			return fmt.Errorf("%s %s: %w: %w", what, path, ErrName, err)
		}
	}
	return m.fail(what, path, err)
}

// Mkdir makes a folder.
func (m *MTPStore) Mkdir(ctx context.Context, storage, path string) error {
	up := parent(path)
	if _, err := m.find(ctx, storage, path); err == nil {
		return fmt.Errorf("make folder %s: %w", path, fs.ErrExist)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var made mtp.Created
	err := m.retry(ctx, storage, up, func(h mtp.ObjectHandle, id mtp.StorageID) error {
		var err error
		made, err = m.s.CreateFolder(ctx, id, h, base(path))
		return err
	})
	if err != nil {
		return m.nameError("make folder", path, err)
	}
	m.put(storage, up, mtp.ObjectEntry{Handle: made.Handle, Name: base(path), IsFolder: true, Format: mtp.FormatAssociation})
	m.folders[spot{storage, path}] = &mtpFolder{handle: made.Handle}
	return nil
}

// errStays: the device says that it deleted an object, which is still there.
var errStays = fmt.Errorf("the phone says that it deleted it and didn't: %w", ErrReadOnly)

// Delete deletes an object and looks whether it is gone.
func (m *MTPStore) Delete(ctx context.Context, storage, path string) error {
	err := m.retry(ctx, storage, path, func(h mtp.ObjectHandle, _ mtp.StorageID) error {
		if err := m.s.DeleteObject(ctx, h); err != nil {
			return err
		}
		switch info, err := m.s.GetObjectInfo(ctx, h); {
		case err == nil && info.FileName == base(path):
			return errStays
		case err != nil && !mtp.IsRefusal(err):
			return err
		}
		return nil
	})
	if err != nil {
		return m.fail("delete", path, err)
	}
	m.forget(storage, path)
	return nil
}

// Rename sets an object's name.
func (m *MTPStore) Rename(ctx context.Context, storage, path, name string) (Entry, error) {
	if !m.s.Supports(mtp.OpSetObjectPropValue) {
		return Entry{}, fmt.Errorf("rename %s: %w", path, errors.ErrUnsupported)
	}
	if f := m.folders[spot{storage, parent(path)}]; f != nil && f.find(name) != nil {
		return Entry{}, fmt.Errorf("rename %s to %s: %w", path, name, fs.ErrExist)
	}
	var e mtp.ObjectEntry
	renamed := false
	err := m.retry(ctx, storage, path, func(h mtp.ObjectHandle, _ mtp.StorageID) error {
		if err := m.s.Rename(ctx, h, name); err != nil {
			return err
		}
		renamed = true
		// Some phones say that they did it and did not.
		var err error
		e, err = m.look(ctx, h)
		return err
	})
	if renamed && errors.Is(err, fs.ErrNotExist) { // it has another handle since
		var there *mtp.ObjectEntry
		if there, err = m.find(ctx, storage, join(parent(path), name)); err == nil {
			e = *there
		}
	}
	for _, code := range []mtp.RespCode{mtp.AccessDenied, mtp.ObjectPropNotSupported, mtp.InvalidObjectPropCode, mtp.OperationNotSupported} {
		if errors.Is(err, code) {
			return Entry{}, fmt.Errorf("rename %s: %w: %w", path, errors.ErrUnsupported, err)
		}
	}
	if err != nil {
		return Entry{}, m.nameError("rename", path, err)
	}
	if e.Name == name {
		m.forget(storage, path)
		m.put(storage, parent(path), e)
	}
	return m.entry(&e), nil
}

// Move takes an object to another folder; its handle stays.
func (m *MTPStore) Move(ctx context.Context, storage, path, folder string) (Entry, error) {
	unsupported := func(err error) (Entry, error) {
		return Entry{}, fmt.Errorf("move %s: %w: %w", path, errors.ErrUnsupported, err)
	}
	if !m.s.Supports(mtp.OpMoveObject) {
		return unsupported(errors.New("no MoveObject"))
	}
	to, err := m.handle(ctx, storage, folder)
	if err != nil {
		return Entry{}, m.fail("move", path, err)
	}
	var e mtp.ObjectEntry
	err = m.retry(ctx, storage, path, func(h mtp.ObjectHandle, id mtp.StorageID) error {
		merr := m.s.MoveObject(ctx, h, id, to)
		if merr != nil && !mtp.IsRefusal(merr) {
			return merr
		}
		var err error
		if e, err = m.look(ctx, h); err != nil {
			return err
		}
		if e.Parent != to {
			if merr == nil {
				merr = errors.New("it says that it did, and didn't")
			}
			return merr
		}
		return nil
	})
	if err != nil {
		if mtp.IsRefusal(err) || errors.Is(err, fs.ErrNotExist) {
			return unsupported(err)
		}
		if werr := m.fail("move", path, err); errors.Is(werr, engine.ErrGone) || ctx.Err() != nil {
			return Entry{}, werr
		}
		return unsupported(err)
	}
	m.forget(storage, path)
	e.Name = base(path)
	m.put(storage, folder, e)
	return m.entry(&e), nil
}
