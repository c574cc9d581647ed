package mtp

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ObjectEntry is one child of a folder, as much as a listing gives.
type ObjectEntry struct {
	Handle   ObjectHandle
	Parent   ObjectHandle // the folder that was listed, [Root] at the top
	Storage  StorageID
	Format   FormatCode
	Name     string // the file name
	Size     uint64 // bytes; [NoSize] where the device won't say
	IsFolder bool
	// Modified is the object's time where HasModified; see [DateTime] for what
	// it means without Zoned.
	Modified    time.Time
	HasModified bool
	Zoned       bool
}

// NoSize is the [ObjectEntry.Size] of an object whose size the device doesn't
// tell. [UnknownSize] is a size there, of 4 GiB − 1: the device's 64-bit property
// told it. A device could mean "or more" by it all the same.
const NoSize = 1<<64 - 1

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

// manyEntries is from how many objects on a folder is asked for by single properties first: what
// a device gives when it is asked for all is two to five times as much, and some of it
// costs it a look into a database for each object (Android's artists and descriptions).
// Below, one request is quicker than four.
const manyEntries = 512

// errListLies says that a property list doesn't fit the folder's handles.
var errListLies = errors.New("property list doesn't agree with the object handles")

// ListFolder lists the direct children of a folder, or of a storage's [Root],
// in the order of GetObjectHandles.
//
// GetObjectHandles says which objects there are. What they are comes from one
// GetObjectPropList of depth 1 for all properties, or, of a large folder and on devices that refuse
// that or leave objects or properties out, from one for each of name, format,
// size and date. (Android gives all objects of a folder the set of properties of
// its first one's format; those four are in all of its sets.) Objects of the one list that the other leaves out
// belong to the folder if their parent says so. Where the device doesn't have
// the operation, refuses it or leaves objects out, each object is asked for its
// ObjectInfo; the session remembers that. A handle that lists give to two objects, or that comes twice
// where GetNumObjects doesn't count it once, is skipped.
//
// Entries with an [ErrPartialList] are part of the folder. Any other error
// means that nothing is known about it; in particular if every object in it
// fails.
func (s *Session) ListFolder(ctx context.Context, storage StorageID, parent ObjectHandle) ([]ObjectEntry, error) {
	const tries = 3
	mixed := false // all properties at once were no good, and not just this time
	for try := 1; ; try++ {
		mode := s.listing.Load()
		if mode == listUnknown {
			mode = s.startMode()
			s.listing.Store(mode)
		}
		handles, err := s.GetObjectHandles(ctx, storage, 0, parent)
		// A device that can't give the handles may still give the properties.
		blind := mode != listByInfo && (errors.Is(err, GeneralError) || errors.Is(err, OperationNotSupported))
		if err != nil && !blind {
			return nil, err
		}
		l := newFolderList(storage, parent, handles)
		switch {
		case blind:
			if lerr := s.listByList(ctx, l, mode); lerr != nil {
				return nil, fmt.Errorf("%w; by properties: %w", err, lerr)
			}
			if len(l.entries) == 0 {
				return nil, err // no proof of an empty folder
			}
			return l.entries, nil
		case len(l.entries) == 0:
			return nil, nil
		case mode == listByInfo:
			return s.listAllByInfo(ctx, l)
		}
		how := mode
		if mode == listAllProps && l.known >= manyEntries && !s.allAtOnce.Load() {
			how = listByProp
		}
		err = s.listByList(ctx, l, how)
		if torn := l.torn(); len(torn) > 0 {
			return l.without(torn)
		}
		lies := errors.Is(err, errListLies)
		if how != mode && (lies && !l.nearlyWhole() || IsRefusal(err) || errors.Is(err, ErrTimeout) && s.Err() == nil) {
			s.allAtOnce.Store(true)
			try--
			continue
		}
		small := lies && l.known <= 4 && l.count[0] > 0 // too small to judge by
		switch {
		case err == nil:
			if mixed { // one by one they are
				s.learn(QuirkPropListByProp)
			}
			return l.entries, nil
		case lies && try < tries && (l.nearlyWhole() || small):
			continue // something came or went between the requests
		case lies && l.nearlyWhole(), small:
			// A few odd ones: ask for those by themselves.
			if err := s.adopt(ctx, l); err != nil {
				return nil, err
			}
			return s.listByInfo(ctx, l, l.missing())
		case lies, IsRefusal(err), errors.Is(err, ErrTimeout) && s.Err() == nil:
			// A device without the property, without depth, with a list of its
			// own making, or one that chews on it for ever.
			if mode == listAllProps {
				s.listing.Store(listByProp)
				mixed = lies || lasting(err)
				try--
				continue
			}
			s.listing.Store(listByInfo)
			if lies || lasting(err) {
				s.learn(QuirkNoPropList)
			} else {
				s.quirks.Or(uint32(QuirkNoPropList)) // today; it may be busy
			}
			l.entries = l.entries[:l.known]
			return s.listAllByInfo(ctx, l)
		default:
			return nil, err
		}
	}
}

// lasting reports whether an error says what a device can't do, rather than that
// it went wrong this time.
func lasting(err error) bool {
	for _, code := range [...]error{
		ErrTimeout, OperationNotSupported, ParameterNotSupported, InvalidObjectPropCode, ObjectPropNotSupported,
		SpecificationByGroupUnsupported, SpecificationByDepthUnsupported, SpecificationByFormatUnsupported, ErrMalformed,
	} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// startMode is what the device's description promises.
func (s *Session) startMode() listingMode {
	switch {
	case !s.Supports(OpGetObjectPropList), s.Quirks().Has(QuirkNoPropList):
		return listByInfo
	case s.Quirks().Has(QuirkPropListByProp):
		return listByProp
	}
	return listAllProps
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
			if prop != PropDateModified && l.count[i]*4 < l.known*3 {
				return errListLies // don't ask for the rest
			}
		}
	}
	if len(l.missing()) > 0 {
		return errListLies
	}
	return s.adopt(ctx, l)
}

// adopt looks at the strangers. Those that do lie in the folder belong to it: a
// device that leaves handles out must not make them look deleted. The others
// lie in another storage, or deeper than was asked for, and go.
func (s *Session) adopt(ctx context.Context, l *folderList) error {
	strangers := l.entries[l.known:]
	if len(strangers) == 0 {
		return nil
	}
	const few = 4
	kept := l.entries[:l.known]
	if len(strangers) <= few && l.known > 0 {
		for _, e := range strangers {
			o, err := s.GetObjectInfo(ctx, e.Handle)
			if IsRefusal(err) {
				continue
			}
			if err == nil && l.holds(o.Parent, o.Storage) && o.FileName != "" {
				err = s.fill(ctx, &e, &o)
				kept = append(kept, e)
			}
			if err != nil {
				return err
			}
		}
		l.entries = kept
		return nil
	}
	for _, ask := range [...]struct {
		have uint8
		prop PropCode
		need bool
	}{{haveParent, PropParentObject, true}, {haveStorage, PropStorageID, l.parent == Root}} {
		if !ask.need || l.facts[l.known].have&ask.have != 0 {
			continue
		}
		if err := s.listProp(ctx, l, uint32(ask.prop)); err != nil && (l.known == 0 || !IsRefusal(err)) {
			return err
		}
	}
	for i, e := range l.entries[l.known:] {
		f := l.facts[l.known+i]
		if f.have&haveStorage == 0 && l.parent != Root {
			f.storage = l.storage
		}
		if f.have&haveParent != 0 && l.holds(f.parent, f.storage) && f.have&haveAll == haveAll {
			kept = append(kept, e)
		}
	}
	l.entries = kept
	return nil
}

func (s *Session) listProp(ctx context.Context, l *folderList, prop uint32) error {
	list, err := s.propList(ctx, l.parent, 0, prop, 0, DepthChildren)
	if err != nil {
		return err
	}
	l.last = -1
	for p, err := range objectProps(list, inEntry) {
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
		var o ObjectInfo
		err := errSharedHandle
		if !l.facts[i].torn {
			o, err = s.GetObjectInfo(ctx, e.Handle)
		}
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
	if o.Size != UnknownSize {
		return nil
	}
	e.Size = NoSize
	if !s.Supports(OpGetObjectPropValue) {
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
