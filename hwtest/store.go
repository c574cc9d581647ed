package hwtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"cradle/mtp"
	"cradle/mtp/responder"
)

// store is the phone's memory: folders of the host as a [responder.Backend].
// It keeps nothing but handles; each answer is read from the folders.
type store struct {
	tree
	reserved map[mtp.ObjectHandle]responder.NewObject

	zone     *time.Location
	skew     time.Duration // phone's clock minus the host's
	step     time.Duration // granularity of times; 0: the phone has none
	names    NameRule
	readOnly bool
	locked   bool
	lies     responder.Lies
	keeps    *Storage // what it stores of a card or calendar; nil all
	identify bool     // StorageInfo has a volume identifier
	sessions int
}

var _ responder.Backend = (*store)(nil)

// OpenSession starts a session; with [responder.LieHandles] every object gets a new
// handle.
func (s *store) OpenSession() {
	s.sessions++
	if s.lies.Has(responder.LieHandles) && s.sessions > 1 {
		s.rekey(s.first + mtp.ObjectHandle(len(s.nodes)) + 1000)
	}
	clear(s.reserved)
}

// Storages lists the volumes but those of services, none while the phone is locked.
func (s *store) Storages() []mtp.StorageID {
	if s.locked {
		return nil
	}
	return s.ids()
}

// ids are the storages that there are for everybody.
func (s *store) ids() []mtp.StorageID {
	ids := make([]mtp.StorageID, 0, len(s.volumes))
	for _, v := range s.volumes {
		if v.service == nil {
			ids = append(ids, v.id)
		}
	}
	return ids
}

func (s *store) volume(id mtp.StorageID) (*volume, error) {
	for _, v := range s.volumes {
		if v.id == id && !s.locked {
			return v, nil
		}
	}
	return nil, fmt.Errorf("storage %#x: %w", uint32(id), mtp.InvalidStorageID)
}

// StorageInfo describes a volume. A limited volume is as large as what it held
// when the phone was made plus what was free then.
func (s *store) StorageInfo(id mtp.StorageID) (mtp.StorageInfo, error) {
	v, err := s.volume(id)
	if err != nil {
		return mtp.StorageInfo{}, err
	}
	info := mtp.StorageInfo{
		Type:        mtp.StorageFixedRAM,
		Filesystem:  mtp.FilesystemHierarchical,
		Access:      mtp.AccessReadWrite,
		FreeObjects: 0xFFFFFFFF,
		Description: v.description,
	}
	if v != s.volumes[0] {
		info.Type = mtp.StorageRemovableRAM
	}
	if s.readOnly {
		info.Access = mtp.AccessReadOnly
	}
	if s.identify || v != s.volumes[0] {
		info.VolumeIdentifier = v.identifier
	}
	capacity, free := hostSpace(v.dir)
	if v.limited {
		capacity, free = v.capacity, v.free
	}
	info.Capacity, info.FreeBytes = uint64(capacity), uint64(max(free, 0))
	return info, nil
}

// live finds an object and reads its size and time again.
func (s *store) live(h mtp.ObjectHandle) (*node, error) {
	n := s.node(h)
	if n == nil || s.locked || !s.look(n) {
		return nil, fmt.Errorf("object %d: %w", h, mtp.InvalidObjectHandle)
	}
	return n, nil
}

// folder finds a folder, 0 being the top of the storage.
func (s *store) folder(storage mtp.StorageID, h mtp.ObjectHandle) (*node, error) {
	if h == mtp.Root {
		v, err := s.volume(storage)
		if err != nil {
			return nil, err
		}
		return v.root, nil
	}
	n, err := s.live(h)
	if err != nil {
		return nil, err
	}
	if !n.folder {
		return nil, fmt.Errorf("object %d is no folder: %w", h, mtp.InvalidParentObject)
	}
	return n, nil
}

// Object describes an object as it is now.
func (s *store) Object(h mtp.ObjectHandle) (responder.Object, error) {
	n, err := s.live(h)
	if err != nil {
		return responder.Object{}, err
	}
	var o responder.Object
	s.describe(n, &o)
	return o, nil
}

func (s *store) describe(n *node, o *responder.Object) {
	*o = responder.Object{
		Handle:   n.handle,
		Storage:  n.vol.id,
		Format:   formatOf(n),
		Folder:   n.folder,
		ReadOnly: s.readOnly,
		Name:     n.name,
		Size:     uint64(n.size),
	}
	if n.parent != nil {
		o.Parent = n.parent.handle
	}
	if s.step > 0 {
		o.Modified = s.told(n.mtime)
		o.Created = o.Modified
	}
	// Android makes the persistent identifier from path and time in this way, so
	// it does not last: an edit or a rename changes it.
	binary.LittleEndian.PutUint64(o.PersistentID[0:], n.pathHash())
	if n.vol.service == nil { // a service's lasts
		binary.LittleEndian.PutUint64(o.PersistentID[8:], uint64(n.mtime))
	}
}

// told is how the phone tells a time of the host: on its own clock, in its
// zone, and no finer than it keeps times.
func (s *store) told(host int64) time.Time {
	return time.Unix(0, host).Add(s.skew).Truncate(s.step).In(s.zone)
}

// stamp is the host's time for one that the phone was told, the inverse of told.
func (s *store) stamp(t time.Time) time.Time { return t.Truncate(s.step).Add(-s.skew) }

// Walk visits the objects of a folder in the order of their names.
func (s *store) Walk(storage mtp.StorageID, folder mtp.ObjectHandle, deep bool, visit func(*responder.Object)) error {
	n, err := s.folder(storage, folder)
	if err != nil {
		return err
	}
	var o responder.Object
	return s.walk(n, deep, visit, &o)
}

func (s *store) walk(n *node, deep bool, visit func(*responder.Object), o *responder.Object) error {
	if err := s.list(n); err != nil {
		return fmt.Errorf("list %s: %w", n.name, response(err))
	}
	for _, k := range n.kids {
		s.describe(k, o)
		visit(o)
		if deep && k.folder {
			if err := s.walk(k, deep, visit, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// Delete removes an object and all below it.
func (s *store) Delete(h mtp.ObjectHandle) error {
	n, err := s.live(h)
	if err != nil {
		return err
	}
	switch {
	case s.readOnly:
		return mtp.StoreReadOnly
	case s.lies.Has(responder.LieDelete):
		return nil
	}
	var freed int64
	if n.folder {
		if n.vol.limited {
			freed = sizeBelow(n.path())
		}
		err = os.RemoveAll(n.path())
	} else {
		freed = n.size
		err = os.Remove(n.path())
	}
	if err != nil {
		if _, gone := os.Lstat(n.path()); gone == nil && n.folder {
			return fmt.Errorf("delete %s: %w", n.name, mtp.PartialDeletion)
		}
		return fmt.Errorf("delete %s: %w", n.name, response(err))
	}
	n.vol.free += freed
	s.remove(n)
	return nil
}

// SetModified sets a file's time.
func (s *store) SetModified(h mtp.ObjectHandle, t time.Time) error {
	n, err := s.live(h)
	switch {
	case err != nil:
		return err
	case s.readOnly:
		return mtp.StoreReadOnly
	case s.step == 0:
		return mtp.ObjectPropNotSupported
	}
	if err := os.Chtimes(n.path(), time.Time{}, s.stamp(t)); err != nil {
		return fmt.Errorf("set the time of %s: %w", n.name, response(err))
	}
	s.look(n)
	return nil
}

// Rename gives an object another name in its folder.
func (s *store) Rename(h mtp.ObjectHandle, name string) error {
	n, err := s.live(h)
	switch {
	case err != nil:
		return err
	case s.readOnly:
		return mtp.StoreReadOnly
	case s.lies.Has(responder.LieRename):
		return nil
	case name == n.name:
		return nil
	}
	if err := s.names.check(name); err != nil {
		return fmt.Errorf("rename to %q: %w: %w", name, mtp.InvalidObjectPropValue, err)
	}
	if other, ok := s.twin(n.parent, name, s.names == NamesFAT); ok && other != n.name {
		return fmt.Errorf("rename to %q: %w: there is such an object", name, mtp.InvalidObjectPropValue)
	}
	return s.relocate(n, n.parent, name)
}

// Move puts an object into another folder.
func (s *store) Move(h mtp.ObjectHandle, storage mtp.StorageID, folder mtp.ObjectHandle) error {
	n, to, err := s.pair(h, storage, folder)
	if err != nil {
		return err
	}
	if s.lies.Has(responder.LieMove) {
		return mtp.GeneralError
	}
	return s.relocate(n, to, n.name)
}

// pair checks the operands of a move or a copy.
func (s *store) pair(h mtp.ObjectHandle, storage mtp.StorageID, folder mtp.ObjectHandle) (n, to *node, err error) {
	if n, err = s.live(h); err != nil {
		return nil, nil, err
	}
	if _, err = s.volume(storage); err != nil {
		return nil, nil, err
	}
	if to, err = s.folder(storage, folder); err != nil {
		return nil, nil, err
	}
	switch {
	case to.vol.id != storage, to.within(n):
		return nil, nil, fmt.Errorf("object %d into folder %d: %w", h, folder, mtp.InvalidParentObject)
	case s.readOnly:
		return nil, nil, mtp.StoreReadOnly
	}
	if _, ok := s.twin(to, n.name, s.names == NamesFAT); ok {
		return nil, nil, fmt.Errorf("%s into folder %d: %w: there is such an object", n.name, folder, mtp.GeneralError)
	}
	return n, to, nil
}

// relocate renames the file; its time stays.
func (s *store) relocate(n, to *node, name string) error {
	from := n.path()
	target := to.path() + string(os.PathSeparator) + name
	if to.vol != n.vol {
		size := n.size
		if n.folder {
			size = sizeBelow(from)
		}
		if to.vol.limited && to.vol.free < size {
			return fmt.Errorf("move %s: %w", n.name, mtp.StoreFull)
		}
		n.vol.free += size
		to.vol.free -= size
	}
	if err := os.Rename(from, target); err != nil {
		return fmt.Errorf("move %s: %w", n.name, response(err))
	}
	n.parent.detach(n)
	n.name = name
	to.attach(n)
	n.settle(to.vol)
	return nil
}

// settle tells the objects below a moved folder which volume they are on.
func (n *node) settle(v *volume) {
	n.vol = v
	for _, k := range n.kids {
		k.settle(v)
	}
}

// response turns an error of the host into what a phone would say.
func response(err error) error {
	var code mtp.RespCode
	switch {
	case errors.As(err, &code):
		return err
	case isNoSpace(err):
		code = mtp.StoreFull
	case errors.Is(err, fs.ErrNotExist):
		code = mtp.InvalidObjectHandle
	case errors.Is(err, fs.ErrPermission):
		code = mtp.AccessDenied
	default:
		code = mtp.GeneralError
	}
	return fmt.Errorf("%w: %w", code, err)
}

// sizeBelow adds up the files below a folder.
func sizeBelow(dir string) (size int64) {
	_ = fs.WalkDir(os.DirFS(dir), ".", func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if fi, err := e.Info(); err == nil {
				size += fi.Size()
			}
		}
		return nil // an unreadable part counts as empty
	})
	return size
}

// formats are the format codes that Android gives to file names; a card or
// calendar is Undefined there.
var formats = map[string]mtp.FormatCode{
	".txt": mtp.FormatText, ".html": mtp.FormatHTML, ".htm": mtp.FormatHTML, ".xml": mtp.FormatXMLDocument,
	".jpg": mtp.FormatEXIFJPEG, ".jpeg": mtp.FormatEXIFJPEG, ".png": mtp.FormatPNG, ".gif": mtp.FormatGIF, ".bmp": mtp.FormatBMP,
	".mp3": mtp.FormatMP3, ".wav": mtp.FormatWAV, ".mpg": mtp.FormatMPEG, ".mpeg": mtp.FormatMPEG,
}

func formatOf(n *node) mtp.FormatCode {
	if n.folder {
		return mtp.FormatAssociation
	}
	if n.vol.service != nil {
		return n.vol.service.formatOf(n.name)
	}
	// Nearly every object is a card or a calendar: no search for those.
	ext := path.Ext(n.name)
	if ext == ".vcf" || ext == ".ics" {
		return mtp.FormatUndefined
	}
	if f, ok := formats[strings.ToLower(ext)]; ok {
		return f
	}
	return mtp.FormatUndefined
}
