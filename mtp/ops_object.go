package mtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// rootOr gives what the wire wants in place of [Root].
func rootOr(h, wire ObjectHandle) uint32 {
	if h == Root {
		return uint32(wire)
	}
	return uint32(h)
}

// GetObjectHandles lists the objects directly below parent, which may be
// [Root]. format 0 is any format.
func (s *Session) GetObjectHandles(ctx context.Context, storage StorageID, format FormatCode, parent ObjectHandle) ([]ObjectHandle, error) {
	if storage == AllStorages && s.Quirks().Has(QuirkNoAllStorages) {
		var all []ObjectHandle
		err := s.eachStorage(ctx, parent, func(id StorageID) error {
			hs, err := s.GetObjectHandles(ctx, id, format, parent)
			all = append(all, hs...)
			return err
		})
		return all, err
	}
	p, err := s.get(ctx, OpGetObjectHandles, uint32(storage), uint32(format), rootOr(parent, AllHandles))
	if err == nil && s.Quirks().Has(QuirkListFirst) {
		s.mu.Lock()
		if s.listed == nil {
			s.listed = map[ObjectHandle]bool{}
		}
		s.listed[parent] = true
		s.mu.Unlock()
	}
	return decoded(OpGetObjectHandles, p, err, DecodeHandles)
}

// eachStorage is for devices that can't be asked for all storages at once. A
// folder is in one of them; the others may refuse it.
func (s *Session) eachStorage(ctx context.Context, parent ObjectHandle, do func(StorageID) error) error {
	ids, err := s.GetStorageIDs(ctx)
	if err != nil {
		return err
	}
	var refused error
	found := false
	for _, id := range ids {
		if !id.HasMedium() {
			continue
		}
		switch err := do(id); {
		case err == nil:
			found = true
		case parent == Root || !IsRefusal(err):
			return err
		default:
			refused = err
		}
	}
	if found {
		return nil
	}
	return refused
}

// GetNumObjects counts the objects directly below parent.
func (s *Session) GetNumObjects(ctx context.Context, storage StorageID, format FormatCode, parent ObjectHandle) (int, error) {
	if storage == AllStorages && s.Quirks().Has(QuirkNoAllStorages) {
		all := 0
		err := s.eachStorage(ctx, parent, func(id StorageID) error {
			n, err := s.GetNumObjects(ctx, id, format, parent)
			all += n
			return err
		})
		return all, err
	}
	m, err := s.do(ctx, OpGetNumObjects, []uint32{uint32(storage), uint32(format), rootOr(parent, AllHandles)}, dataOut{}, nil)
	return int(m.Params[0]), err
}

// GetObjectInfo describes an object. A Size of [UnknownSize] means 4 GiB or
// more; see [Session.ObjectSize].
func (s *Session) GetObjectInfo(ctx context.Context, h ObjectHandle) (ObjectInfo, error) {
	p, err := s.get(ctx, OpGetObjectInfo, uint32(h))
	return decoded(OpGetObjectInfo, p, err, DecodeObjectInfo)
}

// ObjectSize asks for the 64-bit size.
func (s *Session) ObjectSize(ctx context.Context, h ObjectHandle) (uint64, error) {
	v, err := s.GetObjectPropValue(ctx, h, PropObjectSize, TypeUint64)
	return v.Uint(), err
}

// GetObject copies an object's whole body to w and returns how many bytes
// came. If w fails, or ctx ends, the transaction is brought to its end or
// called off. A body of another length than the device has announced is held
// against the object's size; if it isn't whole the error wraps [ErrMalformed].
// The caller compares the count with the size that it knows, too.
//
// The device is patient while w takes its time, so w may be slow; GetObject
// returns once w has. Its Write may be called by another goroutine, one call
// at a time and none after GetObject has returned. One that never returns holds the
// call and the session, whatever becomes of ctx, as it holds [io.Copy].
func (s *Session) GetObject(ctx context.Context, h ObjectHandle, w io.Writer) (int64, error) {
	n := counter{w: w}
	_, err := s.do(ctx, OpGetObject, []uint32{uint32(h)}, dataOut{}, &n)
	if err == nil && n.told && n.n != n.said {
		err = s.whole(ctx, h, n.n, n.said)
	}
	return n.n, err
}

// whole decides about a body of n bytes where the device announced another
// number: either can be wrong, so the object's size does.
func (s *Session) whole(ctx context.Context, h ObjectHandle, n, said int64) error {
	size := uint64(UnknownSize)
	o, err := s.GetObjectInfo(ctx, h)
	switch {
	case err == nil:
		if size = o.Size; size == UnknownSize && s.Supports(OpGetObjectPropValue) {
			size, err = s.ObjectSize(ctx, h)
		}
	case !IsRefusal(err):
		return err
	}
	if err == nil && size == uint64(n) {
		return nil
	}
	return fmt.Errorf("%v(%#x): %d bytes came, the device announced %d: %w", OpGetObject, uint32(h), n, said, ErrMalformed)
}

type counter struct {
	w    io.Writer
	n    int64
	said int64 // announced, if told
	told bool
}

func (c *counter) announced(n int64) { c.said, c.told = n, true }

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// GetObjectBytes reads an object's whole body of at most max bytes. A longer
// one is an error that wraps [ErrMalformed], and so is one that isn't whole, see
// [Session.GetObject].
func (s *Session) GetObjectBytes(ctx context.Context, h ObjectHandle, max int) ([]byte, error) {
	d := dataset{max: max}
	_, err := s.do(ctx, OpGetObject, []uint32{uint32(h)}, dataOut{}, &d)
	if err == nil && d.told && int64(len(d.p)) != d.said {
		err = s.whole(ctx, h, int64(len(d.p)), d.said)
	}
	if err != nil {
		return nil, err
	}
	return d.p, nil
}

// GetPartialObject reads up to n bytes of an object from offset on. It takes
// Android's 64-bit form where the device has it; else an offset beyond 4 GiB
// gives [InvalidParameter]. Fewer bytes than asked for mean the end of the
// object.
func (s *Session) GetPartialObject(ctx context.Context, h ObjectHandle, offset uint64, n uint32) ([]byte, error) {
	op, params := OpGetPartialObject, []uint32{uint32(h), uint32(offset), n}
	switch {
	case s.Supports(OpGetPartialObject64) && s.info.HasExtension("android.com"):
		op, params = OpGetPartialObject64, []uint32{uint32(h), uint32(offset), uint32(offset >> 32), n}
	case offset > math.MaxUint32:
		return nil, &OpError{Op: op, Params: params, Code: InvalidParameter}
	}
	if s.Quirks().Has(QuirkPartialEnd) && n > 1 && (int64(n)+HeaderSize)%int64(s.mps) == 0 {
		// One byte less: a full last packet at the end of the object hangs.
		params[len(params)-1] = n - 1
		first, err := s.getPart(ctx, op, params)
		if err != nil || len(first) < int(n-1) {
			return first, err
		}
		last, err := s.GetPartialObject(ctx, h, offset+uint64(n-1), 1)
		return append(first, last...), err
	}
	return s.getPart(ctx, op, params)
}

// getPart is get for a part of a body, which can't be told from a whole one by
// its contents.
func (s *Session) getPart(ctx context.Context, op OpCode, params []uint32) ([]byte, error) {
	d := dataset{max: maxDataset}
	_, err := s.do(ctx, op, params, dataOut{}, &d)
	if errors.Is(err, ErrTimeout) && s.Err() == nil && (int64(params[len(params)-1])+HeaderSize)%int64(s.mps) == 0 {
		s.learn(QuirkPartialEnd)
	}
	if err == nil && d.told && int64(len(d.p)) < d.said {
		err = fmt.Errorf("%v(%#x): %d bytes came, the device announced %d: %w", op, params[0], len(d.p), d.said, ErrMalformed)
	}
	return d.p, err
}

// Created says where a new object came to lie.
type Created struct {
	Storage StorageID
	Parent  ObjectHandle // [Root] at the top, whatever the device calls it
	Handle  ObjectHandle
}

func created(m Message) Created {
	c := Created{StorageID(m.Params[0]), ObjectHandle(m.Params[1]), ObjectHandle(m.Params[2])}
	if c.Parent == AllHandles {
		c.Parent = Root
	}
	return c
}

// ErrUnsendable says that the device can't take a body of this size, one byte
// more or less will do. Nothing was sent.
var ErrUnsendable = errors.New("device can't take a body of this size")

// ErrUnsendableName says that the device crashes at a name. Nothing was sent.
var ErrUnsendableName = errors.New("device can't take a name with a character beyond U+FFFF, such as an emoji")

// checkName tells names that the device can't take.
func (s *Session) checkName(op OpCode, name string) error {
	if s.Quirks().Has(QuirkBMPNames) && strings.ContainsFunc(name, func(r rune) bool { return r > 0xFFFF }) {
		return fmt.Errorf("%v, %q: %w", op, name, ErrUnsendableName)
	}
	return nil
}

// checkNameProp is checkName of a property.
func (s *Session) checkNameProp(op OpCode, prop PropCode, v Value) error {
	if prop != PropObjectFileName && prop != PropName {
		return nil
	}
	return s.checkName(op, v.Text())
}

// CanSend reports whether the device can take a body of size bytes. QEMU's
// can't if the container is a multiple of 64 bytes, or ends within a header's
// length after its buffer of 512 KiB: it aborts there or waits for ever.
func (s *Session) CanSend(size int64) bool {
	if !s.Quirks().Has(QuirkShortEnd) || size == 0 {
		return true
	}
	const buffer = 512 << 10
	total := size + HeaderSize
	return total%64 != 0 && (total < buffer || total%buffer >= HeaderSize)
}

// SendObjectInfo announces an object to be created below parent. Unless its
// size is 0 and it is a folder, [Session.SendObject] must be the very next
// operation. For the time of the new file put it into info.ModificationDate:
// Android stamps it, and refuses to set it later. Errors besides refusals:
// [ErrUnsendable], [ErrUnsendableName].
func (s *Session) SendObjectInfo(ctx context.Context, storage StorageID, parent ObjectHandle, info *ObjectInfo) (Created, error) {
	if !info.IsFolder() && !s.CanSend(int64(info.Size)) {
		return Created{}, fmt.Errorf("%v, %d bytes: %w", OpSendObjectInfo, info.Size, ErrUnsendable)
	}
	if err := s.checkName(OpSendObjectInfo, info.FileName); err != nil {
		return Created{}, err
	}
	p, err := info.AppendBinary(make([]byte, 0, 256))
	if err != nil {
		return Created{}, fmt.Errorf("%v: %w", OpSendObjectInfo, err)
	}
	m, err := s.do(ctx, OpSendObjectInfo, []uint32{uint32(storage), rootOr(parent, AllHandles)}, outBytes(p), nil)
	return created(m), err
}

// SendObject sends the body that the operation right before has announced:
// size bytes of r. If r has fewer the transaction is called off and the error
// wraps [io.ErrUnexpectedEOF].
func (s *Session) SendObject(ctx context.Context, r io.Reader, size int64) error {
	_, err := s.do(ctx, OpSendObject, nil, outReader(r, size), nil)
	return err
}

// SendObjectBytes is SendObject of a body in memory.
func (s *Session) SendObjectBytes(ctx context.Context, body []byte) error {
	_, err := s.do(ctx, OpSendObject, nil, outBytes(body), nil)
	return err
}

// SendObjectPropList announces an object like SendObjectInfo, by its
// properties (their handles are 0; name, at least) and with a 64-bit size. If
// size is 0 the object exists at once and no SendObject follows.
func (s *Session) SendObjectPropList(ctx context.Context, storage StorageID, parent ObjectHandle, format FormatCode, size uint64, props []ObjectProp) (Created, error) {
	for i := range props {
		if err := s.checkNameProp(OpSendObjectPropList, props[i].Code, props[i].Value); err != nil {
			return Created{}, err
		}
	}
	p, err := AppendObjectPropList(nil, props)
	if err != nil {
		return Created{}, fmt.Errorf("%v: %w", OpSendObjectPropList, err)
	}
	m, err := s.do(ctx, OpSendObjectPropList, []uint32{
		uint32(storage), rootOr(parent, AllHandles), uint32(format), uint32(size >> 32), uint32(size),
	}, outBytes(p), nil)
	return created(m), err
}

// CreateObject makes a file with this body: SendObjectInfo and SendObject, with
// nothing in between. If the body fails to arrive the device may hold a torn
// object under the handle that comes with the error; the caller decides.
func (s *Session) CreateObject(ctx context.Context, storage StorageID, parent ObjectHandle, info *ObjectInfo, body []byte) (Created, error) {
	return s.create(ctx, storage, parent, info, outBytes(body))
}

// CreateObjectFrom is CreateObject with size bytes of r as the body. If r has
// fewer the error wraps [io.ErrUnexpectedEOF].
func (s *Session) CreateObjectFrom(ctx context.Context, storage StorageID, parent ObjectHandle, info *ObjectInfo, r io.Reader, size int64) (Created, error) {
	return s.create(ctx, storage, parent, info, outReader(r, size))
}

func (s *Session) create(ctx context.Context, storage StorageID, parent ObjectHandle, info *ObjectInfo, body dataOut) (Created, error) {
	o := *info
	o.Size = uint64(body.size)
	if err := s.listFirst(ctx, storage, parent); err != nil {
		return Created{}, err
	}
	var c Created
	for try := 1; ; try++ {
		var err error
		if c, err = s.SendObjectInfo(ctx, storage, parent, &o); err != nil {
			return Created{}, err
		}
		_, err = s.do(ctx, OpSendObject, nil, body, nil)
		if err == nil {
			break
		}
		if try == 3 || body.r != nil || !errors.Is(err, DeviceBusy) {
			return c, err
		}
	}
	if s.Quirks().Has(QuirkListFirst) {
		return s.confirm(ctx, c, storage, parent, o.FileName)
	}
	return c, nil
}

// listFirst asks for a folder's children if the device wants that before they
// change, once a session.
func (s *Session) listFirst(ctx context.Context, storage StorageID, folder ObjectHandle) error {
	if !s.Quirks().Has(QuirkListFirst) {
		return nil
	}
	s.mu.Lock()
	done := s.listed[folder]
	s.mu.Unlock()
	if done {
		return nil
	}
	_, err := s.GetObjectHandles(ctx, storage, 0, folder)
	return err
}

// confirm finds out the handle of a new object, if the one announced isn't
// (yet) that of an object of this name. A device that learns of its own files
// by the way may need a moment; newer objects have higher handles, so those are
// asked first, and all of the folder last.
func (s *Session) confirm(ctx context.Context, c Created, storage StorageID, parent ObjectHandle, name string) (Created, error) {
	named := func(h ObjectHandle) (bool, error) {
		o, err := s.GetObjectInfo(ctx, h)
		if IsRefusal(err) {
			return false, nil
		}
		return err == nil && o.FileName == name, err
	}
	const newest = 4
	for pause := 10 * time.Millisecond; pause < 200*time.Millisecond; pause *= 2 {
		if ok, err := named(c.Handle); ok || err != nil {
			return c, err
		}
		handles, err := s.GetObjectHandles(ctx, storage, 0, parent)
		if err != nil {
			return c, err
		}
		slices.Sort(handles)
		for _, h := range handles[max(0, len(handles)-newest):] {
			if ok, err := named(h); ok || err != nil {
				return Created{Storage: storage, Parent: parent, Handle: h}, err
			}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return c, context.Cause(ctx)
		}
	}
	entries, err := s.ListFolder(ctx, storage, parent)
	for _, e := range entries {
		if e.Name == name {
			return Created{Storage: storage, Parent: parent, Handle: e.Handle}, nil
		}
	}
	if err != nil && !errors.Is(err, ErrPartialList) {
		return c, err
	}
	return c, fmt.Errorf("%q was created and isn't there: %w", name, InvalidObjectHandle)
}

// CreateFolder makes a folder and makes sure of its handle.
func (s *Session) CreateFolder(ctx context.Context, storage StorageID, parent ObjectHandle, name string) (Created, error) {
	if err := s.listFirst(ctx, storage, parent); err != nil {
		return Created{}, err
	}
	c, err := s.SendObjectInfo(ctx, storage, parent, &ObjectInfo{
		Storage: storage, Format: FormatAssociation, Parent: parent,
		AssociationType: AssociationGenericFolder, FileName: name,
	})
	if err != nil {
		return Created{}, err
	}
	return s.confirm(ctx, c, storage, parent, name)
}

// DeleteObject deletes an object, a folder with all that is in it. If the
// device could delete only part of it, the error is [PartialDeletion].
func (s *Session) DeleteObject(ctx context.Context, h ObjectHandle) error {
	if h == Root || h == AllHandles {
		// The wire would take it for "everything".
		return fmt.Errorf("%v: %#x is no object: %w", OpDeleteObject, uint32(h), InvalidObjectHandle)
	}
	_, err := s.do(ctx, OpDeleteObject, []uint32{uint32(h), 0}, dataOut{}, nil)
	return err
}

// MoveObject moves an object below parent; its handle stays.
func (s *Session) MoveObject(ctx context.Context, h ObjectHandle, storage StorageID, parent ObjectHandle) error {
	_, err := s.do(ctx, OpMoveObject, []uint32{uint32(h), uint32(storage), uint32(parent)}, dataOut{}, nil)
	return err
}

// CopyObject copies an object below parent and gives the copy's handle.
func (s *Session) CopyObject(ctx context.Context, h ObjectHandle, storage StorageID, parent ObjectHandle) (ObjectHandle, error) {
	m, err := s.do(ctx, OpCopyObject, []uint32{uint32(h), uint32(storage), uint32(parent)}, dataOut{}, nil)
	return ObjectHandle(m.Params[0]), err
}

// Rename sets an object's file name.
func (s *Session) Rename(ctx context.Context, h ObjectHandle, name string) error {
	return s.SetObjectPropValue(ctx, h, PropObjectFileName, StringValue(name))
}

// GetThumb reads an object's thumbnail of at most max bytes, mostly a JPEG.
// Without one the error is [NoThumbnailPresent].
func (s *Session) GetThumb(ctx context.Context, h ObjectHandle, max int) ([]byte, error) {
	d := dataset{max: max}
	if _, err := s.do(ctx, OpGetThumb, []uint32{uint32(h)}, dataOut{}, &d); err != nil {
		return nil, err
	}
	return d.p, nil
}

// SetObjectProtection protects an object from being changed or deleted, or lifts
// that.
func (s *Session) SetObjectProtection(ctx context.Context, h ObjectHandle, p ProtectionStatus) error {
	_, err := s.do(ctx, OpSetObjectProtection, []uint32{uint32(h), uint32(p)}, dataOut{}, nil)
	return err
}
