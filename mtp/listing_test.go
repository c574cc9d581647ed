package mtp_test

import (
	"errors"
	"fmt"
	"testing"

	"cradle/mtp"
)

// player is a device that has property lists and isn't Android's.
var player = mtp.DeviceInfo{Operations: []mtp.OpCode{mtp.OpGetObjectPropList, mtp.OpGetObjectPropValue}}

func (d *device) handles(parent uint32, handles ...mtp.ObjectHandle) {
	d.command(mtp.OpGetObjectHandles, 1, 0, parent)
	d.in(d.data(mtp.AppendHandles(nil, handles)))
	d.respond(mtp.OK)
}

func (d *device) propList(t *testing.T, prop uint32, parent uint32, props ...mtp.ObjectProp) {
	t.Helper()
	p, err := mtp.AppendObjectPropList(nil, props)
	if err != nil {
		t.Fatal(err)
	}
	d.command(mtp.OpGetObjectPropList, parent, 0, prop, 0, 1)
	d.in(d.data(p))
	d.respond(mtp.OK)
}

// described are the properties of an object as such a device gives them.
func described(h mtp.ObjectHandle, parent uint64, name string, size uint64) []mtp.ObjectProp {
	return []mtp.ObjectProp{
		{Handle: h, Code: mtp.PropStorageID, Value: mtp.UintValue(mtp.TypeUint32, 1)},
		{Handle: h, Code: mtp.PropObjectFormat, Value: mtp.UintValue(mtp.TypeUint16, uint64(mtp.FormatText))},
		{Handle: h, Code: mtp.PropObjectSize, Value: mtp.UintValue(mtp.TypeUint64, size)},
		{Handle: h, Code: mtp.PropObjectFileName, Value: mtp.StringValue(name)},
		{Handle: h, Code: mtp.PropDateModified, Value: mtp.StringValue("20240229T123456Z")},
		{Handle: h, Code: mtp.PropParentObject, Value: mtp.UintValue(mtp.TypeUint32, parent)},
	}
}

func TestListFolderAllProps(t *testing.T) {
	d := opened(player)
	// One list for the folder; 9 lies deeper, 5 is the folder itself.
	d.handles(5, 3, 4)
	list := append(described(5, 0, "folder", 0), described(4, 5, "four", 1<<33)...)
	list = append(append(list, described(3, 5, "three", 3)...), described(9, 4, "deeper", 9)...)
	list = append(append(list, described(10, 4, "deeper", 9)...), described(11, 4, "deeper", 9)...)
	list = append(append(list, described(12, 5, "no handle", 12)...), described(13, 4, "deeper", 9)...)
	d.propList(t, mtp.AllProps, 5, list...)
	// An empty folder needs no list.
	d.handles(6)
	play(t, d, mtp.Options{}, func(s *mtp.Session) {
		es, err := s.ListFolder(t.Context(), 1, 5)
		if err != nil || len(es) != 3 {
			t.Fatalf("got %+v, %v", es, err)
		}
		want := []mtp.ObjectEntry{
			{Handle: 3, Name: "three", Size: 3}, {Handle: 4, Name: "four", Size: 1 << 33}, {Handle: 12, Name: "no handle", Size: 12},
		}
		for i, w := range want {
			w.Parent, w.Storage, w.Format = 5, 1, mtp.FormatText
			w.Modified, w.HasModified, w.Zoned = stamp, true, true
			if es[i] != w {
				t.Errorf("entry %d: got %+v, want %+v", i, es[i], w)
			}
		}
		if es, err := s.ListFolder(t.Context(), 1, 6); err != nil || len(es) != 0 {
			t.Errorf("empty folder: %v, %v", es, err)
		}
	})
}

// many are the handles of a large folder, and a property of each of its objects.
func many(code mtp.PropCode, value func(i int) mtp.Value) (handles []mtp.ObjectHandle, props []mtp.ObjectProp) {
	for i := range 600 {
		handles = append(handles, mtp.ObjectHandle(100+i))
		props = append(props, mtp.ObjectProp{Handle: handles[i], Code: code, Value: value(i)})
	}
	return handles, props
}

func (d *device) largeFolder(t *testing.T) {
	t.Helper()
	for _, p := range []struct {
		code  mtp.PropCode
		value func(int) mtp.Value
	}{
		{mtp.PropObjectFileName, func(i int) mtp.Value { return mtp.StringValue(fmt.Sprint("name ", i)) }},
		{mtp.PropObjectFormat, func(int) mtp.Value { return mtp.UintValue(mtp.TypeUint16, uint64(mtp.FormatText)) }},
		{mtp.PropObjectSize, func(i int) mtp.Value { return mtp.UintValue(mtp.TypeUint64, uint64(i)) }},
		{mtp.PropDateModified, func(int) mtp.Value { return mtp.StringValue("20240229T123456") }},
	} {
		_, props := many(p.code, p.value)
		d.propList(t, uint32(p.code), 5, props...)
	}
}

// A large folder is asked for the properties that an entry needs and no others; a small one
// of the same device for all at once.
func TestListFolderLarge(t *testing.T) {
	handles, _ := many(0, func(int) mtp.Value { return mtp.Value{} })
	d := opened(player)
	d.handles(5, handles...)
	d.largeFolder(t)
	d.handles(6, 3)
	d.propList(t, mtp.AllProps, 6, described(3, 6, "three", 3)...)
	play(t, d, mtp.Options{}, func(s *mtp.Session) {
		es, err := s.ListFolder(t.Context(), 1, 5)
		if err != nil || len(es) != len(handles) || es[7].Name != "name 7" || es[7].Size != 7 || !es[7].HasModified {
			t.Fatalf("got %d entries, %v", len(es), err)
		}
		if es, err := s.ListFolder(t.Context(), 1, 6); err != nil || len(es) != 1 || es[0].Name != "three" {
			t.Fatalf("got %+v, %v", es, err)
		}
		if s.Learned() != 0 {
			t.Errorf("learned %v of a device without a fault", s.Learned())
		}
	})
}

// Where single properties are refused, or leave objects out, all come at once; the session
// remembers.
func TestListFolderLargeAllAtOnce(t *testing.T) {
	handles, names := many(mtp.PropObjectFileName, func(i int) mtp.Value { return mtp.StringValue(fmt.Sprint("name ", i)) })
	var all []mtp.ObjectProp
	for i, h := range handles {
		all = append(all, described(h, 5, fmt.Sprint("name ", i), uint64(i))...)
	}
	for name, first := range map[string]func(*device){
		"refused": func(d *device) {
			d.command(mtp.OpGetObjectPropList, 5, 0, uint32(mtp.PropObjectFileName), 0, 1)
			d.respond(mtp.InvalidObjectPropCode)
		},
		"half of the names": func(d *device) { d.propList(t, uint32(mtp.PropObjectFileName), 5, names[:300]...) },
	} {
		t.Run(name, func(t *testing.T) {
			d := opened(player)
			d.handles(5, handles...)
			first(d)
			d.handles(5, handles...)
			d.propList(t, mtp.AllProps, 5, all...)
			d.handles(5, handles...)
			d.propList(t, mtp.AllProps, 5, all...)
			play(t, d, mtp.Options{}, func(s *mtp.Session) {
				for range 2 {
					es, err := s.ListFolder(t.Context(), 1, 5)
					if err != nil || len(es) != len(handles) || es[599].Name != "name 599" || es[599].Size != 599 {
						t.Fatalf("got %d entries, %v", len(es), err)
					}
				}
			})
		})
	}
}

// A device that refuses all properties is asked by property, and one that
// refuses that too by object; the session remembers.
func TestListFolderFallsBack(t *testing.T) {
	d := opened(player)
	d.handles(5, 3)
	d.command(mtp.OpGetObjectPropList, 5, 0, mtp.AllProps, 0, 1)
	d.respond(mtp.SpecificationByDepthUnsupported)
	d.handles(5, 3)
	d.command(mtp.OpGetObjectPropList, 5, 0, uint32(mtp.PropObjectFileName), 0, 1)
	d.respond(mtp.InvalidParameter)
	info := mtp.ObjectInfo{Storage: 1, Parent: 5, FileName: "three", Size: mtp.UnknownSize, ModificationDate: "20240229T123456"}
	p, _ := info.AppendBinary(nil)
	for range 2 {
		d.command(mtp.OpGetObjectInfo, 3)
		d.in(d.data(p))
		d.respond(mtp.OK)
		d.command(mtp.OpGetObjectPropValue, 3, uint32(mtp.PropObjectSize))
		size, _ := mtp.AppendValue(nil, mtp.UintValue(mtp.TypeUint64, 5<<32))
		d.in(d.data(size))
		d.respond(mtp.OK)
		if d.tx < 8 {
			d.handles(5, 3)
		}
	}
	play(t, d, mtp.Options{}, func(s *mtp.Session) {
		for range 2 {
			es, err := s.ListFolder(t.Context(), 1, 5)
			if err != nil || len(es) != 1 || es[0].Name != "three" || es[0].Size != 5<<32 || !es[0].Modified.Equal(stamp) || es[0].Zoned {
				t.Errorf("got %+v, %v", es, err)
			}
		}
	})
}

// Neither handles nor properties: that is no empty folder.
func TestListFolderBlind(t *testing.T) {
	d := opened(player)
	d.command(mtp.OpGetObjectHandles, 1, 0, 5)
	d.respond(mtp.GeneralError)
	d.propList(t, mtp.AllProps, 5)
	play(t, d, mtp.Options{}, func(s *mtp.Session) {
		if es, err := s.ListFolder(t.Context(), 1, 5); !errors.Is(err, mtp.GeneralError) {
			t.Errorf("got %v, %v, want GeneralError", es, err)
		}
	})
}

// The phone has closed the session by itself, for example when it was locked.
func TestSessionClosedByDevice(t *testing.T) {
	d := opened(mtp.DeviceInfo{})
	d.command(mtp.OpGetStorageIDs)
	d.respond(mtp.SessionNotOpen)
	play(t, d, mtp.Options{}, func(s *mtp.Session) {
		_, err := s.GetStorageIDs(t.Context())
		if !errors.Is(err, mtp.ErrSessionLost) || !errors.Is(err, mtp.SessionNotOpen) || mtp.IsRefusal(err) {
			t.Errorf("got %v, want ErrSessionLost and SessionNotOpen", err)
		}
		if s.Err() == nil {
			t.Error("the session says it is fine")
		}
	})
}
