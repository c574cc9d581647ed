package responder

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"cradle/mtp"
)

// host is an initiator made by hand.
type host struct {
	t  testing.TB
	c  *Conn
	m  *memory
	tx mtp.TransactionID
}

func newHost(t testing.TB, d Device) *host {
	m := &memory{}
	return &host{t: t, c: New(d, m).Connect(), m: m}
}

func (h *host) write(p []byte) {
	h.t.Helper()
	if err := h.c.Write(context.Background(), p); err != nil {
		h.t.Fatalf("write of %d bytes: %v", len(p), err)
	}
}

// read is one transfer into room for size bytes.
func (h *host) read(size int) []byte {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	p := make([]byte, size)
	n, err := h.c.Read(ctx, p)
	if err != nil {
		h.t.Fatalf("read: %v after %d bytes", err, n)
	}
	return p[:n]
}

func (h *host) quiet() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	if n, err := h.c.Read(ctx, make([]byte, 512)); err == nil {
		h.t.Errorf("%d bytes where nothing was to come", n)
	}
}

func command(op mtp.OpCode, tx mtp.TransactionID, params ...uint32) []byte {
	b, _ := mtp.NewMessage(mtp.ContainerCommand, op, tx, params...).AppendBinary(nil)
	return b
}

func container(op mtp.OpCode, tx mtp.TransactionID, data []byte) []byte {
	b, _ := mtp.DataHeader(op, tx, int64(len(data))).AppendBinary(nil)
	return append(b, data...)
}

func (h *host) command(op mtp.OpCode, params ...uint32) {
	h.t.Helper()
	h.write(command(op, h.tx, params...))
}

// response reads one and checks its code.
func (h *host) response(want mtp.RespCode) mtp.Message {
	h.t.Helper()
	m, err := mtp.DecodeMessage(h.read(512))
	if err != nil || m.Type != mtp.ContainerResponse || mtp.RespCode(m.Code) != want || m.TransactionID != h.tx {
		h.t.Fatalf("response %v, %v, want %v for transaction %d", m, err, want, h.tx)
	}
	h.tx++
	return m
}

// do makes a transaction and returns its data.
func (h *host) do(want mtp.RespCode, op mtp.OpCode, data []byte, params ...uint32) []byte {
	h.t.Helper()
	h.command(op, params...)
	if data != nil {
		h.write(container(op, h.tx, data))
	}
	if o := operations[op]; want == mtp.OK && o != nil && o.data == toInitiator {
		p := h.read(1 << 20)
		h.response(want)
		return p[mtp.HeaderSize:]
	}
	h.response(want)
	return nil
}

func (h *host) open() *host {
	h.t.Helper()
	h.do(mtp.OK, mtp.OpOpenSession, nil, 1)
	return h
}

// announce announces an object of size bytes at the top.
func (h *host) announce(name string, size int) {
	h.t.Helper()
	info := mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: name, Size: uint64(size)}
	b, err := info.AppendBinary(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	h.do(mtp.OK, mtp.OpSendObjectInfo, b, uint32(memStorage), uint32(mtp.AllHandles))
}

func (h *host) body(name string) (string, bool) {
	for _, o := range h.m.objects {
		if o.o.Name == name && o.there && !o.gone {
			return string(o.body), true
		}
	}
	return "", false
}

func TestSessionRules(t *testing.T) {
	d := all()
	h := newHost(t, d)
	if info, err := mtp.DecodeDeviceInfo(h.do(mtp.OK, mtp.OpGetDeviceInfo, nil)); err != nil || len(info.Operations) != len(d.Info.Operations) {
		t.Errorf("DeviceInfo without a session: %v, %v", info, err)
	}
	h.do(mtp.SessionNotOpen, mtp.OpGetStorageIDs, nil)
	h.do(mtp.InvalidTransactionID, mtp.OpOpenSession, nil, 1) // its id is not 0
	h.tx = 0
	h.do(mtp.InvalidParameter, mtp.OpOpenSession, nil, 0)
	h.tx = 0
	h.do(mtp.OK, mtp.OpOpenSession, nil, 7)
	h.command(mtp.OpOpenSession, 8)
	if m := h.response(mtp.SessionAlreadyOpen); m.Params[0] != 7 {
		t.Errorf("SessionAlreadyOpen names session %d, want 7", m.Params[0])
	}
	h.tx = 0
	h.do(mtp.InvalidTransactionID, mtp.OpGetStorageIDs, nil)
	h.do(mtp.OK, mtp.OpCloseSession, nil)
	h.do(mtp.SessionNotOpen, mtp.OpCloseSession, nil)
}

func TestNotAdvertised(t *testing.T) {
	d := all()
	d.Info.Operations = []mtp.OpCode{mtp.OpOpenSession, mtp.OpGetDeviceInfo}
	h := newHost(t, d).open()
	h.do(mtp.OperationNotSupported, mtp.OpGetStorageIDs, nil)
	h.do(mtp.OperationNotSupported, mtp.OpSendObjectInfo, make([]byte, 2000)) // the data is swallowed
	h.do(mtp.OperationNotSupported, 0x9999, nil)
	// Of an unknown operation the device can't know that data follows: it has
	// answered already, and throws the data away.
	h.command(0x9999)
	h.write(container(0x9999, h.tx, make([]byte, 5000)))
	h.response(mtp.OperationNotSupported)
	h.do(mtp.OK, mtp.OpGetDeviceInfo, nil)
}

// TestPacketsOut sends a container in pieces.
func TestPacketsOut(t *testing.T) {
	tests := []struct {
		name   string
		size   int
		pieces []int // sizes of the transfers of the container; the rest is one more
		zlp    bool
		want   mtp.RespCode
	}{
		{"whole", 700, nil, false, mtp.OK},
		{"full packets", 1024 - 12, nil, false, mtp.OK},
		{"full packets and a ZLP", 1024 - 12, nil, true, mtp.OK},
		{"a header of its own", 700, []int{12}, false, mtp.OK},
		{"a header of its own, short packet of 500", 500, []int{12}, false, mtp.OK},
		{"a header of its own, full packets", 1024, []int{12}, true, mtp.OK},
		{"packet by packet", 1500, []int{512, 512}, false, mtp.OK},
		{"header in a full packet", 2000, []int{512}, false, mtp.OK},
		{"nothing", 0, nil, false, mtp.OK},
		{"a short packet too early", 700, []int{600}, false, mtp.IncompleteTransfer},
		{"a ZLP too early", 700, []int{512, 0}, false, mtp.IncompleteTransfer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, all()).open()
			body := bytes.Repeat([]byte("abcdefg"), tt.size/7+1)[:tt.size]
			h.announce("x", tt.size)
			h.command(mtp.OpSendObject)
			c := container(mtp.OpSendObject, h.tx, body)
			for _, n := range tt.pieces {
				h.write(c[:n])
				c = c[n:]
				if tt.want != mtp.OK && n%512 != 0 || n == 0 {
					c = nil
				}
			}
			if c != nil {
				h.write(c)
			}
			if tt.zlp {
				h.write(nil)
			}
			h.response(tt.want)
			got, ok := h.body("x")
			if ok != (tt.want == mtp.OK) || ok && got != string(body) {
				t.Errorf("object there: %v with %d bytes, want %d", ok, len(got), tt.size)
			}
			h.do(mtp.OK, mtp.OpGetStorageIDs, nil)
		})
	}
}

// TestPacketsIn reads containers whose end falls on a packet's.
func TestPacketsIn(t *testing.T) {
	for _, size := range []int{0, 499, 500, 501, 1012, 300_000, 1<<19 - 12} {
		for _, room := range []int{512, 1024, 1 << 20} {
			t.Run(fmt.Sprint(size, " in ", room), func(t *testing.T) {
				h := newHost(t, all()).open()
				body := bytes.Repeat([]byte("abcdefg"), size/7+1)[:size]
				h.m.objects = []*memObject{{o: Object{Handle: 1, Storage: memStorage, Name: "x"}, body: body, there: true}}
				h.command(mtp.OpGetObject, 1)
				var got []byte
				for {
					p := h.read(room)
					got = append(got, p...)
					if len(p) < room { // a short packet, or a ZLP
						break
					}
				}
				if want := container(mtp.OpGetObject, h.tx, body); !bytes.Equal(got, want) {
					t.Errorf("%d bytes, want %d", len(got), len(want))
				}
				h.response(mtp.OK)
			})
		}
	}
}

func TestSendObjectRules(t *testing.T) {
	h := newHost(t, all()).open()
	h.do(mtp.NoValidObjectInfo, mtp.OpSendObject, []byte("x"))
	h.announce("a", 3)
	h.do(mtp.OK, mtp.OpGetStorageIDs, nil)
	h.do(mtp.NoValidObjectInfo, mtp.OpSendObject, []byte("abc")) // another operation came between
	h.announce("a", 3)
	h.do(mtp.IncompleteTransfer, mtp.OpSendObject, []byte("ab"))
	h.announce("a", 3)
	h.do(mtp.GeneralError, mtp.OpSendObject, []byte("abcd"))
	h.announce("a", 3)
	h.do(mtp.OK, mtp.OpSendObject, []byte("abc"))
	h.do(mtp.NoValidObjectInfo, mtp.OpSendObject, []byte("abc")) // once only
	if got, _ := h.body("a"); got != "abc" {
		t.Errorf("the object has %q, want abc", got)
	}
	h.do(mtp.InvalidDataset, mtp.OpSendObjectInfo, []byte("abc"), 0, 0)
	info := mtp.ObjectInfo{FileName: "a"}
	b, _ := info.AppendBinary(nil)
	h.do(mtp.InvalidStorageID, mtp.OpSendObjectInfo, b, 9, uint32(mtp.AllHandles))
	h.do(mtp.InvalidParentObject, mtp.OpSendObjectInfo, b, uint32(memStorage), 77)
}

func TestSendObjectPropList(t *testing.T) {
	h := newHost(t, all()).open()
	list := func(props ...mtp.ObjectProp) []byte {
		b, err := mtp.AppendObjectPropList(nil, props)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	name := mtp.ObjectProp{Code: mtp.PropObjectFileName, Value: mtp.StringValue("n")}
	date := mtp.ObjectProp{Code: mtp.PropDateModified, Value: mtp.StringValue("20260301T120001Z")}
	place := []uint32{uint32(memStorage), uint32(mtp.AllHandles), uint32(mtp.FormatUndefined), 0}
	tests := []struct {
		name  string
		size  uint32
		data  []byte
		want  mtp.RespCode
		index uint32
	}{
		{"with bytes to come", 3, list(name, date), mtp.OK, 0},
		{"empty", 0, list(name), mtp.OK, 0},
		{"a handle in an element", 0, list(name, mtp.ObjectProp{Handle: 1, Code: date.Code, Value: date.Value}), mtp.InvalidDataset, 1},
		{"a property it lacks", 0, list(name, date, mtp.ObjectProp{Code: mtp.PropArtist, Value: mtp.StringValue("x")}), mtp.ObjectPropNotSupported, 2},
		{"a wrong type", 0, list(mtp.ObjectProp{Code: mtp.PropObjectFileName, Value: mtp.UintValue(mtp.TypeUint8, 1)}), mtp.InvalidObjectPropFormat, 0},
		{"a wrong date", 0, list(mtp.ObjectProp{Code: mtp.PropDateModified, Value: mtp.StringValue("soon")}), mtp.InvalidObjectPropValue, 0},
		{"no name", 0, list(date), mtp.InvalidDataset, 0},
		{"no list", 0, []byte{9, 0, 0, 0}, mtp.InvalidDataset, 0},
	}
	for _, tt := range tests {
		h.m.objects = nil
		h.command(mtp.OpSendObjectPropList, append(place, tt.size)...)
		h.write(container(mtp.OpSendObjectPropList, h.tx, tt.data))
		m := h.response(tt.want)
		if tt.want != mtp.OK {
			if m.Params[3] != tt.index {
				t.Errorf("%s: element %d at fault, want %d", tt.name, m.Params[3], tt.index)
			}
			continue
		}
		if m.Params[0] != uint32(memStorage) || m.Params[1] != uint32(mtp.AllHandles) || m.Params[2] != 1 {
			t.Errorf("%s: response %v", tt.name, m)
		}
		if _, there := h.body("n"); there != (tt.size == 0) {
			t.Errorf("%s: object there before SendObject: %v", tt.name, there)
		}
		h.do(mtp.OK, mtp.OpSendObject, bytes.Repeat([]byte("x"), int(tt.size)))
		if _, there := h.body("n"); !there {
			t.Errorf("%s: no object after SendObject", tt.name)
		}
	}
	h.m.objects = nil
	h.do(mtp.OK, mtp.OpSendObjectPropList, list(name), append(place, 0)...)
	h.do(mtp.GeneralError, mtp.OpSendObject, []byte("x")) // it was announced as empty
	h.m.objects = nil
	h.do(mtp.OK, mtp.OpSendObjectPropList, list(name, date), append(place, 0)...)
	if want := time.Date(2026, 3, 1, 12, 0, 1, 0, time.UTC); !h.m.objects[0].o.Modified.Equal(want) {
		t.Errorf("date %v, want %v", h.m.objects[0].o.Modified, want)
	}
}

func TestDeleteMany(t *testing.T) {
	h := newHost(t, all()).open()
	for _, name := range []string{"a", "b"} {
		h.announce(name, 0)
		h.do(mtp.OK, mtp.OpSendObject, []byte{})
	}
	h.m.objects[1].o.Format = mtp.FormatText
	h.do(mtp.OK, mtp.OpDeleteObject, nil, uint32(mtp.AllHandles), uint32(mtp.FormatText))
	_, a := h.body("a")
	_, b := h.body("b")
	if !a || b {
		t.Errorf("after deleting texts: a %v, b %v, want a alone", a, b)
	}
	h.do(mtp.OK, mtp.OpDeleteObject, nil, uint32(mtp.AllHandles))
	if _, a := h.body("a"); a {
		t.Error("a is there after deleting all")
	}
	h.do(mtp.InvalidObjectHandle, mtp.OpDeleteObject, nil, 1)
}

// TestAbandoned: an initiator that sends a command where its data should come
// has given up on the former.
func TestAbandoned(t *testing.T) {
	h := newHost(t, all()).open()
	h.announce("a", 3)
	h.command(mtp.OpSendObject)
	h.tx++
	h.do(mtp.OK, mtp.OpGetStorageIDs, nil)
	if _, there := h.body("a"); there {
		t.Error("the object is there")
	}
	log := h.c.r.Log()
	if got := log[len(log)-2]; got.Op() != mtp.OpSendObject || got.Response != 0 {
		t.Errorf("in the log: %v, want SendObject without a response", got)
	}
}

func TestPropLists(t *testing.T) {
	h := newHost(t, all()).open()
	add := func(parent mtp.ObjectHandle, folder bool, name string) {
		o := Object{Handle: mtp.ObjectHandle(len(h.m.objects) + 1), Parent: parent, Storage: memStorage, Folder: folder, Format: mtp.FormatUndefined, Name: name}
		if folder {
			o.Format = mtp.FormatAssociation
		}
		h.m.objects = append(h.m.objects, &memObject{o: o, there: true})
	}
	add(0, true, "sub")
	add(1, false, "a")
	add(1, false, "b")
	add(0, false, "c")
	const name, max = uint32(mtp.PropObjectFileName), uint32(0xFFFFFFFF)
	tests := []struct {
		what   string
		params []uint32 // handle, format, property, group, depth
		want   mtp.RespCode
		count  int
	}{
		{"one object", []uint32{2, 0, name, 0, 0}, mtp.OK, 1},
		{"all of one object", []uint32{2, 0, max, 0, 0}, mtp.OK, 4},
		{"a group of one object", []uint32{2, 0, 0, 2, 0}, mtp.OK, 2},
		{"a folder's children", []uint32{1, 0, name, 0, 1}, mtp.OK, 2},
		{"a folder and all below", []uint32{1, 0, name, 0, max}, mtp.OK, 3},
		{"the top", []uint32{0, 0, name, 0, 1}, mtp.OK, 2},
		{"everything", []uint32{max, 0, name, 0, 0}, mtp.OK, 4},
		{"everything of a format", []uint32{max, uint32(mtp.FormatUndefined), name, 0, 0}, mtp.OK, 3},
		{"no such object", []uint32{9, 0, name, 0, 0}, mtp.InvalidObjectHandle, 0},
		{"no such property", []uint32{2, 0, uint32(mtp.PropArtist), 0, 0}, mtp.ObjectPropNotSupported, 0},
		{"a strange depth", []uint32{1, 0, name, 0, 2}, mtp.SpecificationByDepthUnsupported, 0},
		{"neither property nor group", []uint32{1, 0, 0, 0, 1}, mtp.ParameterNotSupported, 0},
	}
	for _, tt := range tests {
		data := h.do(tt.want, mtp.OpGetObjectPropList, nil, tt.params...)
		if tt.want != mtp.OK {
			continue
		}
		props, err := mtp.DecodeObjectPropList(data)
		if err != nil || len(props) != tt.count {
			t.Errorf("%s: %d elements, %v, want %d", tt.what, len(props), err, tt.count)
		}
	}
	set := func(want mtp.RespCode, props ...mtp.ObjectProp) mtp.Message {
		t.Helper()
		b, err := mtp.AppendObjectPropList(nil, props)
		if err != nil {
			t.Fatal(err)
		}
		h.command(mtp.OpSetObjectPropList)
		h.write(container(mtp.OpSetObjectPropList, h.tx, b))
		return h.response(want)
	}
	good := mtp.ObjectProp{Handle: 2, Code: mtp.PropObjectFileName, Value: mtp.StringValue("new")}
	set(mtp.OK, good)
	if got := h.m.objects[1].o.Name; got != "new" {
		t.Errorf("name %q, want new", got)
	}
	readOnly := mtp.ObjectProp{Handle: 2, Code: mtp.PropObjectSize, Value: mtp.UintValue(mtp.TypeUint64, 1)}
	if m := set(mtp.AccessDenied, good, readOnly); m.Params[0] != 1 {
		t.Errorf("element %d at fault, want 1", m.Params[0])
	}
	if got := string(h.do(mtp.OK, mtp.OpGetObjectPropValue, nil, 2, name)); len(got) != 9 {
		t.Errorf("bare value of %d bytes, want 9", len(got))
	}
	h.do(mtp.InvalidObjectPropCode, mtp.OpGetObjectPropValue, nil, 2, uint32(mtp.PropArtist))
	h.do(mtp.ObjectPropNotSupported, mtp.OpGetObjectPropDesc, nil, uint32(mtp.PropArtist), 0)
}

func TestDeviceProps(t *testing.T) {
	h := newHost(t, all()).open()
	friendly, battery := uint32(mtp.DevicePropDeviceFriendlyName), uint32(mtp.DevicePropBatteryLevel)
	value := func() string {
		v, err := mtp.DecodeValue(mtp.TypeString, h.do(mtp.OK, mtp.OpGetDevicePropValue, nil, friendly))
		if err != nil {
			t.Fatal(err)
		}
		return v.Text()
	}
	b, _ := mtp.AppendString(nil, "you")
	h.do(mtp.OK, mtp.OpSetDevicePropValue, b, friendly)
	if got := value(); got != "you" {
		t.Errorf("after setting: %q", got)
	}
	h.do(mtp.AccessDenied, mtp.OpSetDevicePropValue, []byte{1}, battery)
	h.do(mtp.DevicePropNotSupported, mtp.OpGetDevicePropDesc, nil, 0x5002)
	d, err := mtp.DecodeDevicePropDesc(h.do(mtp.OK, mtp.OpGetDevicePropDesc, nil, battery))
	if err != nil || d.Current.Uint() != 9 {
		t.Errorf("battery: %+v, %v", d, err)
	}
	h.do(mtp.OK, mtp.OpResetDevicePropValue, nil, friendly)
	if got := value(); got != "" {
		t.Errorf("after the reset: %q", got)
	}
}

func status(t *testing.T, c *Conn) mtp.RespCode {
	t.Helper()
	var p [64]byte
	n, err := c.Control(context.Background(), mtp.ControlRequest{Request: mtp.RequestStatus, Data: p[:]})
	if err != nil || n != 4 || binary.LittleEndian.Uint16(p[:]) != 4 {
		t.Fatalf("status: %d bytes %x, %v", n, p[:n], err)
	}
	return mtp.RespCode(binary.LittleEndian.Uint16(p[2:]))
}

func TestClassRequests(t *testing.T) {
	ctx := context.Background()
	h := newHost(t, all()).open()
	cancel := func(tx mtp.TransactionID) {
		p := binary.LittleEndian.AppendUint16(nil, 0x4001)
		p = binary.LittleEndian.AppendUint32(p, uint32(tx))
		if _, err := h.c.Control(ctx, mtp.ControlRequest{Request: mtp.RequestCancel, Data: p}); err != nil {
			t.Fatal(err)
		}
		if got := status(t, h.c); got != mtp.DeviceBusy {
			t.Errorf("status right after a cancel: %v, want DeviceBusy", got)
		}
		if got := status(t, h.c); got != mtp.OK {
			t.Errorf("status then: %v, want OK", got)
		}
		h.tx++
		h.quiet()
		h.do(mtp.OK, mtp.OpGetStorageIDs, nil)
	}
	// While the device receives: what came is thrown away.
	h.announce("x", 5000)
	h.command(mtp.OpSendObject)
	h.write(container(mtp.OpSendObject, h.tx, make([]byte, 5000))[:1024])
	cancel(h.tx)
	if _, there := h.body("x"); there {
		t.Error("the cancelled object is there")
	}
	// While it sends.
	h.announce("y", 5000)
	h.do(mtp.OK, mtp.OpSendObject, make([]byte, 5000))
	h.command(mtp.OpGetObject, uint32(len(h.m.objects)))
	h.read(512)
	cancel(h.tx)
	// A reset closes the session.
	if _, err := h.c.Control(ctx, mtp.ControlRequest{Request: mtp.RequestReset}); err != nil {
		t.Fatal(err)
	}
	h.do(mtp.SessionNotOpen, mtp.OpGetStorageIDs, nil)
	for _, q := range []mtp.ControlRequest{{Request: mtp.RequestExtendedEvent, Data: make([]byte, 8)}, {Request: mtp.RequestCancel, Data: make([]byte, 6)}} {
		if _, err := h.c.Control(ctx, q); !errors.Is(err, mtp.ErrStalled) {
			t.Errorf("request %#x: %v, want ErrStalled", q.Request, err)
		}
	}
}

func TestReadContract(t *testing.T) {
	h := newHost(t, all()).open()
	if _, err := h.c.Read(context.Background(), make([]byte, 100)); err == nil {
		t.Error("a read of 100 bytes isn't refused")
	}
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(5*time.Millisecond, func() { cancel(cause) })
	if _, err := h.c.Read(ctx, make([]byte, 512)); !errors.Is(err, cause) {
		t.Errorf("read with nothing to come: %v, want the context's cause", err)
	}
	if err := h.c.Write(ctx, command(mtp.OpGetStorageIDs, h.tx)); !errors.Is(err, cause) {
		t.Errorf("write with an ended context: %v, want its cause", err)
	}
	if _, err := h.c.ReadEvent(ctx); !errors.Is(err, cause) {
		t.Errorf("event with an ended context: %v, want its cause", err)
	}
	h.write([]byte("twelve bytes that are no container"))
	if _, err := h.c.Read(context.Background(), make([]byte, 512)); !errors.Is(err, mtp.ErrStalled) {
		t.Errorf("after garbage: %v, want ErrStalled", err)
	}
	h.do(mtp.OK, mtp.OpGetStorageIDs, nil)
	for range 2 {
		if err := h.c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if err := h.c.Write(context.Background(), nil); !errors.Is(err, mtp.ErrTransportClosed) {
		t.Errorf("after Close: %v, want ErrTransportClosed", err)
	}
}

// TestShrinkingObject: an object that gets shorter while it is sent ends with a
// short packet and GeneralError.
func TestShrinkingObject(t *testing.T) {
	h := newHost(t, all()).open()
	o := &memObject{o: Object{Handle: 1, Storage: memStorage, Name: "x"}, body: make([]byte, 600_000), there: true}
	h.m.objects = []*memObject{o}
	h.command(mtp.OpGetObject, 1)
	h.read(512)
	seg := &h.c.r.out.segments[0]
	seg.body = memContent{bytes.NewReader(o.body[:1000])}
	total := 512
	for {
		p := h.read(1 << 18)
		total += len(p)
		if len(p) < 1<<18 {
			break
		}
	}
	if total != mtp.HeaderSize+1000 {
		t.Errorf("%d bytes came, want the header and 1000", total)
	}
	h.response(mtp.GeneralError)
}

func TestLieNames(t *testing.T) {
	l, err := ParseLies("size, busy,,no-zlp")
	if err != nil || l != LieSize|LieBusy|LieNoZLP {
		t.Errorf("parsed as %v, %v", l, err)
	}
	if got := l.String(); got != "size,busy,no-zlp" {
		t.Errorf("printed as %q", got)
	}
	if again, err := ParseLies((^Lies(0)).String()); err != nil || int(again+1) != 1<<len(LieTable) {
		t.Errorf("all lies: %b, %v", again, err)
	}
}

// FuzzResponder feeds transfers to a device that tells some lies, after the
// first byte: each begins with a byte for its kind and two for its length. Nothing panics, and the device answers afterwards.
func FuzzResponder(f *testing.F) {
	seed := func(transfers ...[]byte) {
		b := []byte{0} // no lies
		for _, p := range transfers {
			b = append(b, 0)
			b = binary.LittleEndian.AppendUint16(b, uint16(len(p)))
			b = append(b, p...)
		}
		f.Add(b)
	}
	opened := command(mtp.OpOpenSession, 0, 1)
	info := mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "a", Size: 3}
	dataset, _ := info.AppendBinary(nil)
	sent := [][]byte{
		opened,
		command(mtp.OpSendObjectInfo, 1, 0, uint32(mtp.AllHandles)), container(mtp.OpSendObjectInfo, 1, dataset),
		command(mtp.OpSendObject, 2), container(mtp.OpSendObject, 2, []byte("abc")),
	}
	seed(opened)
	seed(sent...)
	for op := range operations {
		seed(append(sent[:len(sent):len(sent)], command(op, 3, 1, 1, 0xFFFFFFFF, 1, 1), container(op, 3, dataset))...)
	}
	list, _ := mtp.AppendObjectPropList(nil, []mtp.ObjectProp{{Code: mtp.PropObjectFileName, Value: mtp.StringValue("n")}})
	seed(opened, command(mtp.OpSendObjectPropList, 1, 0, 0, 0x3000, 0, 0), container(mtp.OpSendObjectPropList, 1, list))
	f.Add([]byte{1, 0, 0, 2, 0, 0, 3, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		d := all()
		if len(b) > 0 {
			d.Lies = Lies(b[0]) << (b[0] % 24)
			b = b[1:]
		}
		r := New(d, &memory{})
		c := r.Connect()
		ctx := context.Background()
		buf := make([]byte, 1024)
		for len(b) >= 3 {
			kind, n := b[0], min(int(binary.LittleEndian.Uint16(b[1:])), len(b)-3)
			p := b[3 : 3+n]
			b = b[3+n:]
			switch kind % 8 {
			case 1:
				_, _ = c.Control(ctx, mtp.ControlRequest{Request: mtp.RequestCancel, Data: []byte{1, 0x40, 0, 0, 0, 0}})
			case 2:
				_, _ = c.Control(ctx, mtp.ControlRequest{Request: mtp.RequestReset})
			case 3:
				r.CutAt(Cut{Transaction: r.count + 1, Phase: Phase(n % 4), Bytes: int64(n)})
			case 4:
				c = r.Connect()
			default:
				if err := c.Write(ctx, p); err != nil && !errors.Is(err, mtp.ErrDeviceGone) && !errors.Is(err, mtp.ErrStalled) {
					t.Fatalf("write: %v", err)
				}
			}
			if kind < 128 { // leave some unread
				for len(r.out.segments) > 0 || r.out.ended {
					if _, err := c.Read(ctx, buf); err != nil {
						break
					}
				}
			}
			if c.pulled {
				c = r.Connect()
			}
		}
		r.ClearCuts()
		r.Pull()
		r.dev.Lies = 0
		h := &host{t: t, c: r.Connect()}
		h.open()
		h.do(mtp.OK, mtp.OpGetStorageIDs, nil)
	})
}
