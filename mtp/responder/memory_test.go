package responder

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"time"

	"cradle/mtp"
)

// memory is a backend without files: one storage, objects in a slice whose
// index is the handle minus one.
type memory struct {
	objects []*memObject
}

type memObject struct {
	o     Object
	body  []byte
	props map[mtp.PropCode]mtp.Value
	there bool
	gone  bool
}

const memStorage mtp.StorageID = 0x10001

func (m *memory) OpenSession()              {}
func (m *memory) Storages() []mtp.StorageID { return []mtp.StorageID{memStorage} }

func (m *memory) StorageInfo(id mtp.StorageID) (mtp.StorageInfo, error) {
	if id != memStorage {
		return mtp.StorageInfo{}, mtp.InvalidStorageID
	}
	return mtp.StorageInfo{Type: mtp.StorageFixedRAM, Description: "memory"}, nil
}

func (m *memory) get(h mtp.ObjectHandle) (*memObject, error) {
	if h == 0 || int64(h) > int64(len(m.objects)) || m.objects[h-1].gone {
		return nil, fmt.Errorf("object %d: %w", h, mtp.InvalidObjectHandle)
	}
	return m.objects[h-1], nil
}

func (m *memory) live(h mtp.ObjectHandle) (*memObject, error) {
	o, err := m.get(h)
	if err == nil && !o.there {
		return nil, mtp.InvalidObjectHandle
	}
	return o, err
}

func (m *memory) Object(h mtp.ObjectHandle) (Object, error) {
	o, err := m.live(h)
	if err != nil {
		return Object{}, err
	}
	o.o.Size = uint64(len(o.body))
	return o.o, nil
}

func (m *memory) Walk(storage mtp.StorageID, folder mtp.ObjectHandle, deep bool, visit func(*Object)) error {
	if storage != memStorage {
		return mtp.InvalidStorageID
	}
	for i := 0; i < len(m.objects); i++ {
		o := m.objects[i]
		if !o.there || o.gone || o.o.Parent != folder {
			continue
		}
		o.o.Size = uint64(len(o.body))
		visit(&o.o)
		if deep && o.o.Folder {
			if err := m.Walk(storage, o.o.Handle, true, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

type memContent struct{ *bytes.Reader }

func (memContent) Close() error { return nil }

func (m *memory) Open(h mtp.ObjectHandle) (Content, error) {
	o, err := m.live(h)
	if err != nil {
		return nil, err
	}
	return memContent{bytes.NewReader(o.body)}, nil
}

func (m *memory) Reserve(n NewObject) (mtp.ObjectHandle, error) {
	if n.Name == "" && len(n.Props) == 0 {
		return 0, mtp.InvalidParameter
	}
	o := &memObject{there: n.Folder, o: Object{
		Handle: mtp.ObjectHandle(len(m.objects) + 1), Parent: n.Parent, Storage: n.Storage,
		Format: n.Format, Folder: n.Folder, Name: n.Name, Modified: n.Modified, Created: n.Modified,
	}}
	for _, p := range n.Props {
		o.set(p)
	}
	m.objects = append(m.objects, o)
	return o.o.Handle, nil
}

func (m *memory) Forget(h mtp.ObjectHandle) { m.objects[h-1].gone = true }

func (m *memory) Receive(h mtp.ObjectHandle) (Sink, error) {
	o, err := m.get(h)
	if err != nil {
		return nil, err
	}
	return &memSink{o: o}, nil
}

type memSink struct {
	o *memObject
	b []byte
}

func (s *memSink) Write(p []byte) (int, error) {
	if len(s.b)+len(p) > 1<<20 {
		return 0, mtp.StoreFull
	}
	s.b = append(s.b, p...)
	return len(p), nil
}
func (s *memSink) Commit() error { s.o.body, s.o.there = s.b, true; return nil }
func (s *memSink) Abort()        { s.o.gone = true }
func (s *memSink) Pull()         { s.o.body, s.o.there = s.b, true }

func (m *memory) Delete(h mtp.ObjectHandle) error {
	o, err := m.live(h)
	if err == nil {
		o.gone = true
		for _, k := range m.objects {
			if k.o.Parent == h && !k.gone && k.there {
				_ = m.Delete(k.o.Handle)
			}
		}
	}
	return err
}

func (m *memory) Move(h mtp.ObjectHandle, _ mtp.StorageID, folder mtp.ObjectHandle) error {
	o, err := m.live(h)
	if err != nil {
		return err
	}
	for at := folder; at != 0; {
		if at == h {
			return mtp.InvalidParentObject
		}
		p, err := m.live(at)
		if err != nil {
			return mtp.InvalidParentObject
		}
		at = p.o.Parent
	}
	o.o.Parent = folder
	return nil
}

func (m *memory) Copy(h mtp.ObjectHandle, storage mtp.StorageID, folder mtp.ObjectHandle) (mtp.ObjectHandle, error) {
	o, err := m.live(h)
	if err != nil {
		return 0, err
	}
	if len(m.objects) > 1000 {
		return 0, mtp.StoreFull
	}
	c := *o
	c.o.Handle = mtp.ObjectHandle(len(m.objects) + 1)
	c.body = slices.Clone(o.body)
	m.objects = append(m.objects, &c)
	return c.o.Handle, m.Move(c.o.Handle, storage, folder)
}

func (m *memory) Rename(h mtp.ObjectHandle, name string) error {
	o, err := m.live(h)
	if err == nil {
		o.o.Name = name
	}
	return err
}

func (m *memory) SetModified(h mtp.ObjectHandle, t time.Time) error {
	o, err := m.live(h)
	if err == nil {
		o.o.Modified = t
	}
	return err
}

func (m *memory) Format(mtp.StorageID) error {
	for _, o := range m.objects {
		o.gone = true
	}
	return nil
}

// Thumb gives pictures one.
func (m *memory) Thumb(h mtp.ObjectHandle) ([]byte, error) {
	o, err := m.live(h)
	switch {
	case err != nil:
		return nil, err
	case o.o.Format != mtp.FormatEXIFJPEG:
		return nil, mtp.NoThumbnailPresent
	}
	return []byte("thumbnail of " + o.o.Name), nil
}

func (m *memory) Protect(h mtp.ObjectHandle, p mtp.ProtectionStatus) error {
	o, err := m.live(h)
	if err == nil {
		o.o.ReadOnly = p == mtp.ProtectionReadOnly
	}
	return err
}

func (o *memObject) set(p mtp.ObjectProp) {
	switch p.Code {
	case mtp.PropObjectFileName:
		o.o.Name = p.Value.Text()
	case mtp.PropObjectSize, mtp.PropDateModified:
	default:
		if o.props == nil {
			o.props = map[mtp.PropCode]mtp.Value{}
		}
		o.props[p.Code] = p.Value
	}
}

func (m *memory) Prop(h mtp.ObjectHandle, code mtp.PropCode) (mtp.Value, bool) {
	o, err := m.live(h)
	if err != nil {
		return mtp.Value{}, false
	}
	v, set := o.props[code]
	return v, set
}

func (m *memory) Update(h mtp.ObjectHandle, props []mtp.ObjectProp, body bool) (Sink, error) {
	o, err := m.live(h)
	if err != nil {
		return nil, err
	}
	return &memUpdate{memSink: memSink{o: o}, props: props, body: body}, nil
}

type memUpdate struct {
	memSink
	props []mtp.ObjectProp
	body  bool
}

func (u *memUpdate) Commit() error {
	for _, p := range u.props {
		u.o.set(p)
	}
	if u.body {
		u.o.body = u.b
	}
	return nil
}
func (*memUpdate) Abort() {}
func (*memUpdate) Pull()  {}

func (m *memory) Unset(h mtp.ObjectHandle, props []mtp.PropCode) error {
	o, err := m.live(h)
	if err == nil {
		for _, p := range props {
			delete(o.props, p)
		}
	}
	return err
}

func (m *memory) Edit(h mtp.ObjectHandle) (Editor, error) {
	o, err := m.live(h)
	if err != nil {
		return nil, err
	}
	return &memEditor{o}, nil
}

type memEditor struct{ o *memObject }

func (e *memEditor) Truncate(size int64) error {
	if size > 1<<20 {
		return mtp.StoreFull
	}
	e.o.body = append(e.o.body, make([]byte, max(0, size-int64(len(e.o.body))))...)[:size]
	return nil
}

func (e *memEditor) WriteAt(p []byte, off int64) (int, error) {
	if err := e.Truncate(max(int64(len(e.o.body)), off+int64(len(p)))); err != nil {
		return 0, err
	}
	return copy(e.o.body[off:], p), nil
}
func (e *memEditor) Close() error { return nil }

var _ io.WriterAt = (*memEditor)(nil)

// all is a device that offers every operation there is a handler for.
func all() Device {
	var d Device
	d.Info.VendorExtensionID = 6
	for op := range operations {
		d.Info.Operations = append(d.Info.Operations, op)
	}
	slices.Sort(d.Info.Operations)
	d.Info.Events = []mtp.EventCode{mtp.EventObjectAdded}
	text := mtp.StringValue("")
	d.FileProps = []mtp.ObjectPropDesc{
		{Code: mtp.PropObjectFileName, Type: mtp.TypeString, Writable: true, Default: text, Group: 1},
		{Code: mtp.PropObjectSize, Type: mtp.TypeUint64, Default: mtp.UintValue(mtp.TypeUint64, 0), Group: 2},
		{Code: mtp.PropDateModified, Type: mtp.TypeString, Writable: true, Default: text, Group: 1},
		{Code: mtp.PropPersistentUniqueObjectIdentifier, Type: mtp.TypeUint128, Default: mtp.Uint128Value(0, 0), Group: 2},
	}
	d.FolderProps = d.FileProps[:1]
	d.DeviceProps = []mtp.DevicePropDesc{
		{Code: mtp.DevicePropDeviceFriendlyName, Type: mtp.TypeString, Writable: true, Default: text, Current: mtp.StringValue("me")},
		{Code: mtp.DevicePropBatteryLevel, Type: mtp.TypeUint8, Default: mtp.UintValue(mtp.TypeUint8, 0), Current: mtp.UintValue(mtp.TypeUint8, 9)},
	}
	return d
}
