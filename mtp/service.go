package mtp

import (
	"encoding/binary"
	"fmt"
)

// ServiceID names a service of a device with MTP Device Services, within one
// session. Abstract services have 0x10000000 set on Nokia's.
type ServiceID uint32

// ServiceCode is a code that a service has given to one of its properties,
// formats, methods or events.
type ServiceCode uint16

// GUID is a UINT128 that stands for a name, in Windows memory order: the first
// three fields little-endian, then 8 bytes as they are.
type GUID [16]byte

// ServiceKey is what a code of a service stands for: a namespace and a number.
type ServiceKey struct {
	Namespace GUID
	PID       uint32
}

// ServiceProp is a property of the service itself, in [ServiceInfo].
type ServiceProp struct {
	Code ServiceCode
	Key  ServiceKey
	Name string
}

// ServiceFormat is a format of a service's objects.
type ServiceFormat struct {
	Code FormatCode
	GUID GUID
	Name string
	Base FormatCode // 0: none
	MIME string     // may be empty
}

// ServiceMethod is a method of a service.
type ServiceMethod struct {
	Code   ServiceCode
	GUID   GUID
	Name   string
	Format FormatCode // that it belongs to; 0: none
}

// ServiceEvent is an event of a service.
type ServiceEvent struct {
	Code ServiceCode
	GUID GUID
	Name string
}

// ServiceInfo is the dataset of GetServiceInfo (MTP Device Services; the layout is
// that of Nokia's responder). All codes in it hold for the session only;
// PersistentID is what lasts.
type ServiceInfo struct {
	ID      ServiceID
	Storage StorageID // to use with SendObjectPropList and the like; 0: none
	// PersistentID is this instance of the service for ever.
	PersistentID GUID
	Version      uint32 // 100 is 1.00
	GUID         GUID   // which service it is
	Name         string
	Abstract     bool
	Base         ServiceID // the abstract service that it derives from, or 0
	Uses         []GUID
	Props        []ServiceProp
	Formats      []ServiceFormat
	Methods      []ServiceMethod
	Events       []ServiceEvent
	// Data is the service's own block, without its leading count. Nokia counts
	// GUIDs there and Windows bytes, so what is in it is told by the bytes left.
	Data []byte
}

// Least sizes of elements, to check counts by.
const (
	minServiceProp   = 2 + 16 + 4 + 1
	minServiceFormat = 2 + 16 + 1 + 2 + 1
	minServiceMethod = 2 + 16 + 1 + 2
	minServiceEvent  = 2 + 16 + 1
)

func (c *cursor) guid() (g GUID) {
	copy(g[:], c.bytes(len(g)))
	return g
}

// list reads a UINT32 count of elements of at least min bytes, and each.
func list[T any](c *cursor, min int, read func(*cursor) T) []T {
	n := c.count(min)
	if n == 0 || c.err != nil {
		return nil
	}
	out := make([]T, 0, n)
	for range n {
		out = append(out, read(c))
		if c.err != nil {
			return out
		}
	}
	return out
}

// DecodeServiceInfo decodes the dataset; bytes behind its end are ignored, as
// Windows does.
func DecodeServiceInfo(p []byte) (ServiceInfo, error) {
	c := newCursor("ServiceInfo", p)
	s := ServiceInfo{
		ID: ServiceID(c.uint32()), Storage: StorageID(c.uint32()), PersistentID: c.guid(),
		Version: c.uint32(), GUID: c.guid(), Name: c.string(),
		Abstract: c.uint32() == 1, Base: ServiceID(c.uint32()),
	}
	s.Uses = list(c, 16, (*cursor).guid)
	s.Props = list(c, minServiceProp, func(c *cursor) ServiceProp {
		return ServiceProp{Code: ServiceCode(c.uint16()), Key: ServiceKey{c.guid(), c.uint32()}, Name: c.string()}
	})
	s.Formats = list(c, minServiceFormat, func(c *cursor) ServiceFormat {
		return ServiceFormat{FormatCode(c.uint16()), c.guid(), c.string(), FormatCode(c.uint16()), c.string()}
	})
	s.Methods = list(c, minServiceMethod, func(c *cursor) ServiceMethod {
		return ServiceMethod{ServiceCode(c.uint16()), c.guid(), c.string(), FormatCode(c.uint16())}
	})
	s.Events = list(c, minServiceEvent, func(c *cursor) ServiceEvent {
		return ServiceEvent{ServiceCode(c.uint16()), c.guid(), c.string()}
	})
	if n := c.uint32(); n > 0 && c.err == nil {
		size := uint64(n) * 16 // of GUIDs
		if size > uint64(c.left()) {
			size = uint64(n) // of bytes
		}
		if size > uint64(c.left()) {
			c.fail("data block of %d, %d bytes left", n, c.left())
		} else {
			s.Data = append([]byte(nil), c.bytes(int(size))...)
		}
	}
	return s, c.err
}

// AppendBinary appends the dataset. Data is counted in GUIDs where it is made of
// whole ones, else in bytes. Errors: a name that is too long.
func (s *ServiceInfo) AppendBinary(b []byte) ([]byte, error) {
	le := binary.LittleEndian
	w := serviceWriter{b: b}
	w.b = le.AppendUint32(w.b, uint32(s.ID))
	w.b = le.AppendUint32(w.b, uint32(s.Storage))
	w.b = append(w.b, s.PersistentID[:]...)
	w.b = le.AppendUint32(w.b, s.Version)
	w.b = append(w.b, s.GUID[:]...)
	w.text(s.Name)
	kind := uint32(0)
	if s.Abstract {
		kind = 1
	}
	w.b = le.AppendUint32(w.b, kind)
	w.b = le.AppendUint32(w.b, uint32(s.Base))
	w.count(len(s.Uses))
	for _, g := range s.Uses {
		w.b = append(w.b, g[:]...)
	}
	w.count(len(s.Props))
	for _, p := range s.Props {
		w.head(uint16(p.Code), p.Key.Namespace)
		w.b = le.AppendUint32(w.b, p.Key.PID)
		w.text(p.Name)
	}
	w.count(len(s.Formats))
	for _, f := range s.Formats {
		w.head(uint16(f.Code), f.GUID)
		w.text(f.Name)
		w.b = le.AppendUint16(w.b, uint16(f.Base))
		w.text(f.MIME)
	}
	w.count(len(s.Methods))
	for _, m := range s.Methods {
		w.head(uint16(m.Code), m.GUID)
		w.text(m.Name)
		w.b = le.AppendUint16(w.b, uint16(m.Format))
	}
	w.count(len(s.Events))
	for _, e := range s.Events {
		w.head(uint16(e.Code), e.GUID)
		w.text(e.Name)
	}
	n := len(s.Data)
	if n%16 == 0 {
		n /= 16
	}
	w.count(n)
	w.b = append(w.b, s.Data...)
	if w.err != nil {
		return b, fmt.Errorf("ServiceInfo %#x: %w", uint32(s.ID), w.err)
	}
	return w.b, nil
}

// serviceWriter appends fields and keeps the first error.
type serviceWriter struct {
	b   []byte
	err error
}

func (w *serviceWriter) count(n int) { w.b = binary.LittleEndian.AppendUint32(w.b, uint32(n)) }

func (w *serviceWriter) head(code uint16, g GUID) {
	w.b = append(binary.LittleEndian.AppendUint16(w.b, code), g[:]...)
}

func (w *serviceWriter) text(s string) {
	b, err := AppendString(w.b, s)
	if err != nil {
		w.err = firstError(w.err, err)
		return
	}
	w.b = b
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// AppendServiceIDs appends an AUINT32.
func AppendServiceIDs(b []byte, services []ServiceID) []byte { return appendIDs(b, services) }

// DecodeServiceIDs decodes the dataset of GetServiceIDs.
func DecodeServiceIDs(p []byte) ([]ServiceID, error) {
	c := newCursor("service IDs", p)
	return ids[ServiceID](c), c.err
}
