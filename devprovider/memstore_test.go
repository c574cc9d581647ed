package devprovider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"cradle/engine"
)

// memStore is a device in memory whose abilities, lies and cuts a test chooses.
type memStore struct {
	storages []*memStorage
	now      func() time.Time
	skew     time.Duration // the device's clock ahead of now
	grain    time.Duration // of an object's time; negative: no times at all
	noRename bool
	lieName  bool // says it renamed and didn't
	noMove   bool
	replace  bool // has Replace; see replacing
	refuse   func(name string) bool
	short    map[string]bool  // folders that are not listed whole
	alter    bool             // changes what is written
	unfit    func(int64) bool // sizes that it can't take; nil none

	ops   int            // operations so far
	cut   int            // the cable is pulled after so many operations; 0 never
	bytes int            // inside the data of the operation cut+1: so many bytes arrive; -1 none of it
	gone  bool           // the cable is pulled
	did   map[string]int // operations by name
	log   []string
}

type memStorage struct {
	Storage
	files   map[string]*memFile
	folders map[string]bool
}

type memFile struct {
	body     []byte
	modified int64
}

func newMemStore(now func() time.Time, names ...string) *memStore {
	m := &memStore{now: now, grain: time.Second, did: map[string]int{}, bytes: -1}
	if len(names) == 0 {
		names = []string{"internal"}
	}
	for _, n := range names {
		m.storages = append(m.storages, &memStorage{
			Storage: Storage{Name: n, Label: n, Writable: true, Free: 1 << 30},
			files:   map[string]*memFile{}, folders: map[string]bool{"": true},
		})
	}
	return m
}

// clone copies the device as it is now, without its cuts.
func (m *memStore) clone() *memStore {
	c := *m
	c.storages, c.did, c.log = nil, map[string]int{}, nil
	c.ops, c.cut, c.bytes, c.gone = 0, 0, -1, false
	for _, s := range m.storages {
		n := &memStorage{Storage: s.Storage, files: map[string]*memFile{}, folders: maps.Clone(s.folders)}
		for p, f := range s.files {
			n.files[p] = &memFile{slices.Clone(f.body), f.modified}
		}
		c.storages = append(c.storages, n)
	}
	return &c
}

func (m *memStore) stamp() int64 {
	if m.grain < 0 {
		return 0
	}
	t := m.now().Add(m.skew).UnixMilli()
	if g := m.grain.Milliseconds(); g > 0 {
		t -= t % g
	}
	return t
}

var errPulled = fmt.Errorf("the cable was pulled: %w", engine.ErrGone)

// op counts an operation; the one after the cut never happens, or in part.
func (m *memStore) op(ctx context.Context, name, path string) (partly bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if m.gone {
		return false, errPulled
	}
	if m.cut > 0 && m.ops >= m.cut {
		m.gone = true
		return m.bytes >= 0, errPulled
	}
	m.ops++
	m.did[name]++
	m.log = append(m.log, name+" "+path)
	return false, nil
}

func (m *memStore) on(storage string) (*memStorage, error) {
	for _, s := range m.storages {
		if s.Name == storage {
			return s, nil
		}
	}
	return nil, fmt.Errorf("storage %s: %w", storage, fs.ErrNotExist)
}

func (m *memStore) Storages(ctx context.Context) ([]Storage, error) {
	if _, err := m.op(ctx, "storages", ""); err != nil {
		return nil, err
	}
	var list []Storage
	for _, s := range m.storages {
		list = append(list, s.Storage)
	}
	return list, nil
}

func (m *memStore) List(ctx context.Context, storage, folder string) (Listing, error) {
	if _, err := m.op(ctx, "list", folder); err != nil {
		return Listing{}, err
	}
	s, err := m.on(storage)
	if err != nil {
		return Listing{}, err
	}
	if !s.folders[folder] {
		return Listing{}, fs.ErrNotExist
	}
	l := Listing{Whole: !m.short[folder]}
	for _, p := range slices.Sorted(maps.Keys(s.folders)) {
		if p != "" && parent(p) == folder {
			l.Entries = append(l.Entries, Entry{Name: base(p), Folder: true})
		}
	}
	for _, p := range slices.Sorted(maps.Keys(s.files)) {
		if parent(p) == folder {
			l.Entries = append(l.Entries, s.entry(p))
		}
	}
	if m.short[folder] && len(l.Entries) > 0 {
		l.Entries = l.Entries[1:]
	}
	return l, nil
}

func (s *memStorage) entry(p string) Entry {
	f := s.files[p]
	return Entry{Name: base(p), Size: int64(len(f.body)), Modified: f.modified}
}

func (m *memStore) Stat(ctx context.Context, storage, path string) (Entry, error) {
	if _, err := m.op(ctx, "stat", path); err != nil {
		return Entry{}, err
	}
	s, err := m.on(storage)
	if err != nil || s.files[path] == nil {
		return Entry{}, fs.ErrNotExist
	}
	return s.entry(path), nil
}

func (m *memStore) Read(ctx context.Context, storage, path string, limit int64) ([]byte, error) {
	if _, err := m.op(ctx, "read", path); err != nil {
		return nil, err
	}
	s, err := m.on(storage)
	if err != nil || s.files[path] == nil {
		return nil, fs.ErrNotExist
	}
	if int64(len(s.files[path].body)) > limit {
		return nil, ErrTooLarge
	}
	return slices.Clone(s.files[path].body), nil
}

var errUnfit = errors.New("the device hangs on this size")

func (m *memStore) CanTake(size int64) bool { return m.unfit == nil || !m.unfit(size) }

func (m *memStore) Create(ctx context.Context, storage, path string, body []byte) (Entry, error) {
	s, serr := m.on(storage)
	partly, err := m.op(ctx, "create", path)
	if err != nil {
		if partly && serr == nil {
			s.files[path] = &memFile{slices.Clone(body[:min(m.bytes, len(body))]), m.stamp()}
		}
		return Entry{}, err
	}
	switch {
	case serr != nil:
		return Entry{}, serr
	case !s.Writable:
		return Entry{}, ErrReadOnly
	case !s.folders[parent(path)]:
		return Entry{}, fs.ErrNotExist
	case m.refuse != nil && m.refuse(base(path)):
		return Entry{}, ErrName
	case s.files[path] != nil:
		return Entry{}, fs.ErrExist
	case !m.CanTake(int64(len(body))):
		return Entry{}, fmt.Errorf("%d bytes: %w", len(body), errUnfit)
	case s.Free >= 0 && s.Free < int64(len(body)):
		return Entry{}, ErrFull
	}
	s.Free -= int64(len(body))
	b := slices.Clone(body)
	if m.alter && len(b) > 0 {
		b[len(b)/2] ^= 1
	}
	s.files[path] = &memFile{b, m.stamp()}
	return s.entry(path), nil
}

func (m *memStore) Mkdir(ctx context.Context, storage, path string) error {
	if _, err := m.op(ctx, "mkdir", path); err != nil {
		return err
	}
	s, err := m.on(storage)
	if err != nil {
		return err
	}
	if m.refuse != nil && m.refuse(base(path)) {
		return ErrName
	}
	if s.folders[path] {
		return fs.ErrExist
	}
	s.folders[path] = true
	return nil
}

func (m *memStore) Delete(ctx context.Context, storage, path string) error {
	partly, cut := m.op(ctx, "delete", path)
	if cut != nil && !partly {
		return cut
	}
	s, err := m.on(storage)
	if err != nil || s.files[path] == nil {
		return errors.Join(cut, fs.ErrNotExist)
	}
	delete(s.files, path)
	return cut
}

func (m *memStore) Rename(ctx context.Context, storage, path, name string) (Entry, error) {
	if m.noRename {
		return Entry{}, errors.ErrUnsupported
	}
	if m.lieName {
		return m.Stat(ctx, storage, path)
	}
	return m.relocate(ctx, "rename", storage, path, join(parent(path), name))
}

func (m *memStore) Move(ctx context.Context, storage, path, folder string) (Entry, error) {
	if m.noMove {
		return Entry{}, errors.ErrUnsupported
	}
	return m.relocate(ctx, "move", storage, path, join(folder, base(path)))
}

func (m *memStore) relocate(ctx context.Context, op, storage, from, to string) (Entry, error) {
	partly, cut := m.op(ctx, op, from)
	if cut != nil && !partly {
		return Entry{}, cut
	}
	s, err := m.on(storage)
	if err != nil || s.files[from] == nil {
		return Entry{}, errors.Join(cut, fs.ErrNotExist)
	}
	if s.files[to] != nil && op != "replace" {
		return Entry{}, errors.Join(cut, fs.ErrExist)
	}
	s.files[to] = s.files[from]
	delete(s.files, from)
	return s.entry(to), cut
}

// replacing is a memStore that can put one object over another.
type replacing struct{ *memStore }

func (r replacing) Replace(ctx context.Context, storage, from, path string) (Entry, error) {
	return r.relocate(ctx, "replace", storage, from, path)
}

// put is what the phone's user does: a file with its folders.
func (m *memStore) put(path, body string) {
	s := m.storages[0]
	for p := parent(path); p != ""; p = parent(p) {
		s.folders[p] = true
	}
	s.files[path] = &memFile{[]byte(body), m.stamp()}
}

func (m *memStore) drop(path string) { delete(m.storages[0].files, path) }

// tree lists the item files with their bodies, the state left out.
func (m *memStore) tree() map[string]string {
	t := map[string]string{}
	for _, s := range m.storages {
		for p, f := range s.files {
			if !strings.HasPrefix(p, stateFolder+"/") && p != readmePath {
				t[p] = string(f.body)
			}
		}
	}
	return t
}
