package mtp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ObjectEntry is one child of a folder, as much as a listing gives.
type ObjectEntry struct {
	Handle   ObjectHandle
	Parent   ObjectHandle // the folder that was listed, [Root] at the top
	Storage  StorageID
	Format   FormatCode
	Name     string // the file name
	Size     uint64 // bytes; [UnknownSize] where the device won't say
	IsFolder bool
	// Modified is the object's time where HasModified; see [DateTime] for what
	// it means without Zoned.
	Modified    time.Time
	HasModified bool
	Zoned       bool
}

// PartialListError comes with the entries that could be listed when others
// couldn't: it is not the whole folder, and what isn't there need not be
// deleted.
type PartialListError struct {
	Storage StorageID
	Parent  ObjectHandle
	Skipped []SkippedObject
}

// SkippedObject is an object that the device would not describe.
type SkippedObject struct {
	Handle ObjectHandle
	Err    error
}

// ErrPartialList is what errors.Is finds in a [PartialListError].
var ErrPartialList = errors.New("folder could not be listed whole")

func (e *PartialListError) Error() string {
	return fmt.Sprintf("folder %#x of storage %#x: %v: %d objects, first %#x: %v",
		uint32(e.Parent), uint32(e.Storage), ErrPartialList, len(e.Skipped), uint32(e.Skipped[0].Handle), e.Skipped[0].Err)
}

// Unwrap gives [ErrPartialList] and the first object's error.
func (e *PartialListError) Unwrap() []error { return []error{ErrPartialList, e.Skipped[0].Err} }

// listingMode is how a device's folders are listed, learned in the session.
type listingMode = uint32

const (
	listUnknown = listingMode(iota)
	listAllProps
	listByProp
	listByInfo // one GetObjectInfo an object
)

// listProps are what an entry is made of. The file name comes first: a device
// that doesn't have it has no use for the others.
var listProps = [...]PropCode{PropObjectFileName, PropObjectFormat, PropObjectSize, PropDateModified}

// errListLies says that a property list doesn't fit the folder's handles.
var errListLies = errors.New("property list doesn't agree with the object handles")

// ListFolder lists the direct children of a folder, or of a storage's [Root],
// in the order of GetObjectHandles.
//
// GetObjectHandles says which objects there are. What they are comes from one
// GetObjectPropList of depth 1 for all properties, or, on devices that mix them
// up in a folder of several formats (Android), from one for each of name,
// format, size and date. Where the device doesn't have the operation, refuses
// it or leaves objects out, each object is asked for its ObjectInfo; the session
// remembers that.
//
// Entries with an [ErrPartialList] are part of the folder. Any other error
// means that nothing is known about it; in particular if every object in it
// fails.
func (s *Session) ListFolder(ctx context.Context, storage StorageID, parent ObjectHandle) ([]ObjectEntry, error) {
	const tries = 3
	for try := 1; ; try++ {
		handles, err := s.GetObjectHandles(ctx, storage, 0, parent)
		if err != nil {
			return nil, err
		}
		l := newFolderList(storage, parent, handles)
		if len(l.entries) == 0 {
			return nil, nil
		}
		mode := s.listing.Load()
		if mode == listUnknown {
			mode = s.startMode()
			s.listing.Store(mode)
		}
		if mode == listByInfo {
			return s.listByInfo(ctx, l, l.all())
		}
		err = s.listByList(ctx, l, mode)
		lies := errors.Is(err, errListLies)
		switch {
		case err == nil:
			return l.entries, nil
		case lies && try < tries && (l.nearlyWhole() || len(l.entries) <= 4):
			continue // something came or went between the requests
		case lies && l.nearlyWhole():
			// A few odd ones: ask for those by themselves.
			return s.listByInfo(ctx, l, l.missing())
		case lies, IsRefusal(err), errors.Is(err, ErrTimeout) && s.Err() == nil:
			// A device without the property, without depth, with a list of its
			// own making, or one that chews on it for ever.
			if mode == listAllProps {
				s.listing.Store(listByProp)
				try--
				continue
			}
			s.listing.Store(listByInfo)
			return s.listByInfo(ctx, l, l.all())
		default:
			return nil, err
		}
	}
}

// startMode is what the device's description promises.
func (s *Session) startMode() listingMode {
	switch {
	case !s.Supports(OpGetObjectPropList), s.quirks.Has(QuirkNoPropList):
		return listByInfo
	case s.quirks.Has(QuirkPropListByProp):
		return listByProp
	}
	return listAllProps
}

// fewExtra is how many objects a folder's lists may disagree about to be asked
// for one by one.
const fewExtra = 64

// folderList is a folder being listed.
type folderList struct {
	storage StorageID
	parent  ObjectHandle
	entries []ObjectEntry
	index   map[ObjectHandle]int32
	have    []uint8 // bits after listProps, for each entry
	count   [len(listProps)]int
	extra   []ObjectHandle // listed, and not among the handles; a few
	last    int32          // index of the entry before, for lists in order
}

func newFolderList(storage StorageID, parent ObjectHandle, handles []ObjectHandle) *folderList {
	l := &folderList{
		storage: storage, parent: parent,
		entries: make([]ObjectEntry, 0, len(handles)),
		index:   make(map[ObjectHandle]int32, len(handles)),
	}
	for _, h := range handles {
		if _, twice := l.index[h]; twice || h == 0 || h == AllHandles || h == parent {
			continue
		}
		l.index[h] = int32(len(l.entries))
		l.entries = append(l.entries, ObjectEntry{Handle: h, Parent: parent, Storage: storage})
	}
	l.have = make([]uint8, len(l.entries))
	return l
}

// find gives the index of a handle, or -1. Lists mostly keep the order of the
// handles, so the next one is tried first.
func (l *folderList) find(h ObjectHandle) int32 {
	for _, i := range [...]int32{l.last, l.last + 1, 0} {
		if int(i) < len(l.entries) && l.entries[i].Handle == h {
			l.last = i
			return i
		}
	}
	if i, ok := l.index[h]; ok {
		l.last = i
		return i
	}
	return -1
}

func (l *folderList) all() []int32 {
	out := make([]int32, len(l.entries))
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// complete reports whether entry i has its name, format and size. A date is
// not for every object: folders often have none.
func (l *folderList) complete(i int) bool { return l.have[i]&0b0111 == 0b0111 }

func (l *folderList) missing() []int32 {
	var out []int32
	for i := range l.entries {
		if !l.complete(i) {
			out = append(out, int32(i))
		}
	}
	return out
}

// nearlyWhole reports whether so few are missing that they can be asked for
// one by one without a verdict on the device.
func (l *folderList) nearlyWhole() bool {
	n := len(l.missing())
	return n <= 8 && n*4 <= len(l.entries)
}

// take puts a property into its entry.
func (l *folderList) take(p ObjectProp) {
	i := l.find(p.Handle)
	if i < 0 {
		if p.Code == PropObjectFileName && p.Handle != l.parent && p.Handle != 0 && len(l.extra) <= fewExtra && !slices.Contains(l.extra, p.Handle) {
			l.extra = append(l.extra, p.Handle)
		}
		return
	}
	e := &l.entries[i]
	bit := 0
	switch v := p.Value; p.Code {
	case PropObjectFileName:
		if e.Name = v.Text(); e.Name == "" {
			return
		}
	case PropObjectFormat:
		e.Format = FormatCode(v.Uint())
		e.IsFolder = e.Format == FormatAssociation
		bit = 1
	case PropObjectSize:
		e.Size = v.Uint()
		bit = 2
	case PropDateModified:
		e.setModified(v.Text())
		bit = 3
	default:
		return
	}
	if l.have[i]&(1<<bit) == 0 {
		l.have[i] |= 1 << bit
		l.count[bit]++
	}
}

// setModified takes a date; one that can't be read is none.
func (e *ObjectEntry) setModified(text string) {
	d, err := ParseDateTime(text)
	if err == nil && !d.IsZero() {
		e.Modified, e.Zoned, e.HasModified = d.Time, d.Zoned, true
	}
}

func (s *Session) listByList(ctx context.Context, l *folderList, mode listingMode) error {
	if mode == listAllProps {
		if err := s.listProp(ctx, l, AllProps); err != nil {
			return err
		}
	} else {
		for i, prop := range listProps {
			err := s.listProp(ctx, l, uint32(prop))
			if prop == PropDateModified && IsRefusal(err) && !errors.Is(err, ErrMalformed) {
				err = nil // a device without times
			}
			if err != nil {
				return err
			}
			if i < 3 && l.count[i]*4 < len(l.entries)*3 {
				return errListLies // don't ask for the rest
			}
		}
	}
	for i := range l.entries {
		if !l.complete(i) {
			return errListLies
		}
	}
	return s.adopt(ctx, l)
}

// adopt looks at objects that were in a property list and not among the
// handles. Those that do lie in the folder belong to it: a device that leaves
// handles out must not make them look deleted. Many of them are another
// storage's, or a list that ignores depth, and then the handles decide.
func (s *Session) adopt(ctx context.Context, l *folderList) error {
	if len(l.extra) > fewExtra {
		return nil
	}
	for _, h := range l.extra {
		o, err := s.GetObjectInfo(ctx, h)
		switch {
		case IsRefusal(err):
			continue
		case err != nil:
			return err
		}
		at := o.Parent
		if l.parent == Root && (at == AllHandles || at == ObjectHandle(l.storage)) {
			at = Root
		}
		if at != l.parent || o.Storage != l.storage || o.FileName == "" {
			continue
		}
		e := ObjectEntry{Handle: h, Parent: l.parent, Storage: l.storage}
		if err := s.fill(ctx, &e, &o); err != nil {
			return err
		}
		l.entries = append(l.entries, e)
	}
	return nil
}

func (s *Session) listProp(ctx context.Context, l *folderList, prop uint32) error {
	list, err := s.propList(ctx, l.parent, 0, prop, 0, DepthChildren)
	if err != nil {
		return err
	}
	l.last = 0
	for p, err := range ObjectProps(list) {
		if err != nil {
			return fmt.Errorf("%v: %w", OpGetObjectPropList, err)
		}
		l.take(p)
	}
	return nil
}

// listByInfo asks for each object of which.
func (s *Session) listByInfo(ctx context.Context, l *folderList, which []int32) ([]ObjectEntry, error) {
	partial := &PartialListError{Storage: l.storage, Parent: l.parent}
	drop := make(map[int32]bool)
	gone := 0
	for _, i := range which {
		e := &l.entries[i]
		o, err := s.GetObjectInfo(ctx, e.Handle)
		switch {
		case err == nil && o.FileName == "":
			err = fmt.Errorf("object %#x has no name: %w", uint32(e.Handle), ErrMalformed)
			fallthrough
		case IsRefusal(err):
			drop[i] = true
			gone++
			partial.Skipped = append(partial.Skipped, SkippedObject{e.Handle, err})
			continue
		case err != nil:
			return nil, err
		}
		if err := s.fill(ctx, e, &o); err != nil {
			return nil, err
		}
	}
	if gone == 0 {
		return l.entries, nil
	}
	if gone == len(l.entries) {
		return nil, fmt.Errorf("folder %#x of storage %#x: none of its %d objects can be read: %w",
			uint32(l.parent), uint32(l.storage), gone, partial.Skipped[0].Err)
	}
	kept := make([]ObjectEntry, 0, len(l.entries)-gone)
	for i := range l.entries {
		if !drop[int32(i)] {
			kept = append(kept, l.entries[i])
		}
	}
	return kept, partial
}

// fill takes an entry's fields from its ObjectInfo, and the size of a large one
// from its property.
func (s *Session) fill(ctx context.Context, e *ObjectEntry, o *ObjectInfo) error {
	e.Name, e.Format, e.IsFolder, e.Size = o.FileName, o.Format, o.IsFolder(), o.Size
	e.HasModified = false
	e.setModified(o.ModificationDate)
	if o.Size != UnknownSize || !s.Supports(OpGetObjectPropValue) {
		return nil
	}
	size, err := s.ObjectSize(ctx, e.Handle)
	switch {
	case err == nil:
		e.Size = size
	case !IsRefusal(err):
		return err
	}
	return nil
}
