package responder

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cradle/mtp"
)

// guid reads one as it is printed: the first three fields turn round on the wire.
func guid(text string) (g mtp.GUID) {
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != 16 {
		panic(text)
	}
	slices.Reverse(b[:4])
	slices.Reverse(b[4:6])
	slices.Reverse(b[6:8])
	copy(g[:], b)
	return g
}

// Codes that the golden device gave out.
const (
	contactsID   mtp.ServiceID   = 0x11
	fullEnumID   mtp.ServiceID   = 0x10000001
	abstractCard mtp.FormatCode  = 0xB001
	versionProps mtp.ServiceCode = 0x0101
	filterType   mtp.ServiceCode = 0x0102
	replicaID    mtp.ServiceCode = 0x0103
	beginSync    mtp.ServiceCode = 0x0105
	lastAuthor   mtp.PropCode    = 0xD801
)

// goldenServices are contacts with full enumeration, as the headers of the
// Windows SDK name them.
func goldenServices() []Service {
	u8 := func(n uint64) mtp.Value { return mtp.UintValue(mtp.TypeUint8, n) }
	syncSvc, fullEnum := guid("703D392C-532C-4607-9158-9CEA742F3A16"), guid("63B10E6C-4F3A-456D-95CB-9894EDEC9FA5")
	card := []mtp.ObjectPropDesc{
		{Code: mtp.PropGivenName, Type: mtp.TypeString, Writable: true, Default: mtp.StringValue(""), Group: 1},
		{Code: mtp.PropObjectSize, Type: mtp.TypeUint64, Default: mtp.UintValue(mtp.TypeUint64, 0), Group: 2},
		{Code: mtp.PropNonConsumable, Type: mtp.TypeUint8, Writable: true, Default: u8(1), Group: 2, Form: mtp.Form{Flag: mtp.FormEnum, Enum: []mtp.Value{u8(0), u8(1)}}},
		{Code: lastAuthor, Type: mtp.TypeUint128, Writable: true, Default: mtp.Uint128Value(0, 0), Group: 2, Form: mtp.Form{
			Flag: mtp.FormServiceProp, Namespace: guid("37364F58-2F74-4981-99A5-7AE28AEEE319"), PID: 2, Name: "LastAuthorProxyID", Inner: &mtp.Form{},
		}},
	}
	return []Service{{
		Knowledge: 0xB002, KnowledgeID: 0x0107,
		Info: mtp.ServiceInfo{
			ID: contactsID, Storage: memStorage, PersistentID: guid("102827A1-0000-0001-0000-000000000011"), Version: 100,
			GUID: guid("DD04D5FC-9D6E-4F76-9DCF-ECA6339B7389"), Name: "Contacts", Base: fullEnumID,
			Uses: []mtp.GUID{guid("28D3AAC9-C075-44BE-8881-65F38D305909")},
			Props: []mtp.ServiceProp{
				{Code: versionProps, Key: mtp.ServiceKey{Namespace: fullEnum, PID: 3}, Name: "FullEnumVersionProps"},
				{Code: filterType, Key: mtp.ServiceKey{Namespace: syncSvc, PID: 4}, Name: "FilterType"},
				{Code: replicaID, Key: mtp.ServiceKey{Namespace: fullEnum, PID: 4}, Name: "FullEnumReplicaID"},
			},
			Formats: []mtp.ServiceFormat{{Code: abstractCard, GUID: guid("BB810000-AE6C-4804-98BA-C57B46965FE7"), Name: "AbstractContact", Base: mtp.FormatAbstractContact}},
			Methods: []mtp.ServiceMethod{{Code: beginSync, GUID: guid("63803E07-C713-45D3-8119-3479B31D3592"), Name: "BeginSync"}},
			Events:  []mtp.ServiceEvent{{Code: 0xC310, Name: "FilterChanged"}},
		},
		Descs: []mtp.ServicePropDesc{
			{Code: versionProps, Type: mtp.TypeArrayUint8, Form: mtp.Form{Flag: mtp.FormByteArray, Length: 0xFF}},
			{Code: filterType, Type: mtp.TypeUint8, Writable: true, Form: mtp.Form{Flag: mtp.FormEnum, Enum: []mtp.Value{u8(0), u8(1)}}},
			{Code: replicaID, Type: mtp.TypeUint128, Writable: true},
		},
		Values: []mtp.ServicePropValue{
			{Code: versionProps, Value: mtp.ArrayValue(mtp.TypeArrayUint8, bytes.Repeat([]byte{1, 0, 0, 0}, 2))},
			{Code: filterType, Value: u8(0)},
		},
		Capabilities: []mtp.Capability{{Code: uint16(abstractCard), Props: card}, {Code: uint16(beginSync)}},
	}, {
		Info: mtp.ServiceInfo{
			ID: fullEnumID, PersistentID: guid("102827A1-0000-0001-0000-000000000001"), Version: 100, Abstract: true,
			GUID: guid("28D3AAC9-C075-44BE-8881-65F38D305909"), Name: "FullEnumSync",
		},
	}}
}

// playServices plays what the services are.
func playServices(t *testing.T, ctx context.Context, s *mtp.Session) {
	same(t, s.HasServices(), "true")
	ids, err := s.GetServiceIDs(ctx)
	want(t, err, nil)
	same(t, ids, "[17 268435457]")
	info, err := s.GetServiceInfo(ctx, contactsID)
	want(t, err, nil)
	same(t, []any{info.Name, info.Abstract, len(info.Uses), info.Props[1].Name, info.Formats[0].Name, info.Methods[0].Name}, "[Contacts false 1 FilterType AbstractContact BeginSync]")
	info, err = s.GetServiceInfo(ctx, fullEnumID)
	want(t, err, nil)
	same(t, info.Abstract, "true")
	_, err = s.GetServiceInfo(ctx, 0x99)
	want(t, err, mtp.InvalidServiceID)
	all, err := s.GetServiceCapabilities(ctx, contactsID, 0)
	want(t, err, nil)
	same(t, []any{len(all), len(all[0].Props), all[0].Props[3].Form.Name, len(all[1].Props)}, "[2 4 LastAuthorProxyID 0]")
	one, err := s.GetServiceCapabilities(ctx, contactsID, uint16(beginSync))
	want(t, err, nil)
	same(t, len(one), "1")
	_, err = s.GetServiceCapabilities(ctx, contactsID, 0xB077)
	want(t, err, mtp.InvalidObjectFormatCode)
	files, err := s.GetFormatCapabilities(ctx, mtp.FormatMP3)
	want(t, err, nil)
	same(t, []any{len(files), len(files[0].Props)}, "[1 4]")
}

// playServiceProps plays a service's own properties.
func playServiceProps(t *testing.T, ctx context.Context, s *mtp.Session) {
	descs, err := s.GetServicePropDesc(ctx, contactsID, 0)
	want(t, err, nil)
	same(t, []any{len(descs), descs[0].Writable, descs[1].Writable}, "[3 false true]")
	_, err = s.GetServicePropDesc(ctx, contactsID, 0x0999)
	want(t, err, mtp.InvalidServicePropCode)
	list := func(prop mtp.ServiceCode) string {
		l, err := s.GetServicePropList(ctx, contactsID, prop)
		want(t, err, nil)
		return fmt.Sprint(len(l))
	}
	same(t, list(0), "2") // the replica has no ID yet
	same(t, list(replicaID), "0")
	value := func(c mtp.ServiceCode, v mtp.Value) []mtp.ServicePropValue {
		return []mtp.ServicePropValue{{Service: contactsID, Code: c, Value: v}}
	}
	id := value(replicaID, mtp.Uint128Value(1, 2))
	want(t, s.SetServicePropList(ctx, contactsID, id), nil)
	same(t, list(replicaID), "1")
	bad := value(filterType, mtp.UintValue(mtp.TypeUint8, 9))
	err = s.SetServicePropList(ctx, contactsID, append(value(filterType, mtp.UintValue(mtp.TypeUint8, 1)), bad...))
	want(t, err, mtp.InvalidDataset)
	index(t, err, 1)
	got, err := s.GetServicePropList(ctx, contactsID, filterType)
	want(t, err, nil)
	same(t, got[0].Value, "1") // the element before the bad one is set
	want(t, s.SetServicePropList(ctx, contactsID, value(filterType, mtp.UintValue(mtp.TypeUint16, 1))), mtp.InvalidDataset)
	want(t, s.SetServicePropList(ctx, contactsID, value(versionProps, mtp.ArrayValue(mtp.TypeArrayUint8, nil))), mtp.AccessDenied)
	want(t, s.SetServicePropList(ctx, contactsID, value(0x0999, mtp.UintValue(mtp.TypeUint8, 1))), mtp.InvalidServicePropCode)
	want(t, s.SetServicePropList(ctx, fullEnumID, id), mtp.InvalidServiceID) // the element's
	want(t, s.DeleteServicePropList(ctx, contactsID, []mtp.ServiceCode{replicaID}), nil)
	same(t, list(replicaID), "0")
	want(t, s.DeleteServicePropList(ctx, contactsID, []mtp.ServiceCode{versionProps}), mtp.AccessDenied)
}

// playServiceObjects plays objects of a service's format.
func playServiceObjects(t *testing.T, ctx context.Context, s *mtp.Session) {
	given := func(name string) mtp.ObjectProp {
		return mtp.ObjectProp{Code: mtp.PropGivenName, Value: mtp.StringValue(name)}
	}
	read := func(h mtp.ObjectHandle, prop mtp.PropCode) string {
		l, err := s.GetObjectPropList(ctx, h, 0, uint32(prop), 0, mtp.DepthObject)
		want(t, err, nil)
		if len(l) == 0 {
			return "unset"
		}
		return l[0].Value.String()
	}
	c, err := s.SendObjectPropList(ctx, memStorage, mtp.Root, abstractCard, 0, []mtp.ObjectProp{given("Ada")})
	want(t, err, nil)
	same(t, read(c.Handle, mtp.PropGivenName), `"Ada"`)
	same(t, read(c.Handle, lastAuthor), "unset")
	// Of properties alone, at once.
	author := mtp.ObjectProp{Code: lastAuthor, Value: mtp.Uint128Value(7, 0)}
	want(t, s.UpdateObjectPropList(ctx, c.Handle, []mtp.ObjectProp{given("Augusta"), author}), nil)
	same(t, read(c.Handle, mtp.PropGivenName), `"Augusta"`)
	same(t, read(c.Handle, lastAuthor), "0x00000000000000000000000000000007")
	err = s.UpdateObjectPropList(ctx, c.Handle, []mtp.ObjectProp{given("No"), {Code: mtp.PropNonConsumable, Value: mtp.UintValue(mtp.TypeUint8, 9)}})
	want(t, err, mtp.InvalidObjectPropValue)
	index(t, err, 1)
	same(t, read(c.Handle, mtp.PropGivenName), `"Augusta"`) // all or nothing
	// With a body, once that has come.
	size := mtp.ObjectProp{Code: mtp.PropObjectSize, Value: mtp.UintValue(mtp.TypeUint64, 5)}
	want(t, s.UpdateObjectPropList(ctx, c.Handle, []mtp.ObjectProp{given("Never"), size}), nil)
	same(t, read(c.Handle, mtp.PropGivenName), `"Augusta"`) // which makes the update void
	want(t, s.SendObjectBytes(ctx, []byte("12345")), mtp.NoValidObjectInfo)
	want(t, s.UpdateObjectPropList(ctx, c.Handle, []mtp.ObjectProp{given("Lovelace"), size}), nil)
	want(t, s.SendObjectBytes(ctx, []byte("12345")), nil)
	same(t, read(c.Handle, mtp.PropGivenName), `"Lovelace"`)
	p, err := s.GetObjectBytes(ctx, c.Handle, 10)
	want(t, err, nil)
	same(t, string(p), "12345")
	want(t, s.DeleteObjectPropList(ctx, c.Handle, []mtp.PropCode{lastAuthor}), nil)
	same(t, read(c.Handle, lastAuthor), "unset")
	want(t, s.DeleteObjectPropList(ctx, c.Handle, []mtp.PropCode{mtp.PropObjectSize}), mtp.AccessDenied)
	want(t, s.DeleteObjectPropList(ctx, 99, nil), mtp.InvalidObjectHandle)
}

// index checks which element a refusal names.
func index(t *testing.T, err error, want uint32) {
	t.Helper()
	refused, _ := err.(*mtp.OpError) //nolint:errorlint // the error of one transaction is one
	if refused == nil || len(refused.RespParams) != 1 || refused.RespParams[0] != want {
		t.Errorf("%v doesn't name element %d", err, want)
	}
}

// TestUpdateInterrupted: an object keeps its properties and its body until the
// whole of an update has come.
func TestUpdateInterrupted(t *testing.T) {
	props := func(size uint64) []byte {
		b, err := mtp.AppendObjectPropList(nil, []mtp.ObjectProp{
			{Code: mtp.PropGivenName, Value: mtp.StringValue("new")},
			{Code: mtp.PropObjectSize, Value: mtp.UintValue(mtp.TypeUint64, size)},
		})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, tt := range []struct {
		name string
		end  func(h *host)
	}{
		{"another operation", func(h *host) { h.do(mtp.OK, mtp.OpGetStorageIDs, nil) }},
		{"half of the body", func(h *host) { h.do(mtp.IncompleteTransfer, mtp.OpSendObject, make([]byte, 400)) }},
		{"too much of it", func(h *host) { h.do(mtp.GeneralError, mtp.OpSendObject, make([]byte, 900)) }},
		{"the session closed", func(h *host) { h.do(mtp.OK, mtp.OpCloseSession, nil); h.tx = 0; h.open() }},
		{"the cable pulled", func(h *host) {
			h.command(mtp.OpSendObject)
			h.write(container(mtp.OpSendObject, h.tx, make([]byte, 800))[:512])
			h.c.r.Pull()
			h.c = h.c.r.Connect()
			h.tx = 0
			h.open()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, m := golden()
			h := &host{t: t, c: New(d, m).Connect(), m: m}
			h.open()
			m.objects = append(m.objects, &memObject{there: true, body: []byte("old body"), o: Object{Handle: 5, Storage: memStorage, Format: abstractCard},
				props: map[mtp.PropCode]mtp.Value{mtp.PropGivenName: mtp.StringValue("old")}})
			h.do(mtp.OK, mtp.OpUpdateObjectPropList, props(800), 5)
			tt.end(h)
			if v, _ := m.Prop(5, mtp.PropGivenName); v.Text() != "old" || string(m.objects[4].body) != "old body" {
				t.Errorf("the object has name %v and %d bytes", v, len(m.objects[4].body))
			}
			h.do(mtp.OK, mtp.OpUpdateObjectPropList, props(0), 5) // and no body any more
			if v, _ := m.Prop(5, mtp.PropGivenName); v.Text() != "new" || len(m.objects[4].body) != 0 {
				t.Errorf("then the object has name %v and %d bytes", v, len(m.objects[4].body))
			}
		})
	}
}

// TestUpdateOfOthers: a backend that can't change objects so says that.
func TestUpdateOfOthers(t *testing.T) {
	d, m := golden()
	h := &host{t: t, c: New(d, struct{ Backend }{m}).Connect(), m: m}
	h.open()
	h.do(mtp.OperationNotSupported, mtp.OpUpdateObjectPropList, []byte{0, 0, 0, 0}, 2)
	h.do(mtp.OperationNotSupported, mtp.OpDeleteObjectPropList, []byte{0, 0, 0, 0}, 2)
}

// TestDeleteOfMany: with all ones for the object the elements name theirs.
func TestDeleteOfMany(t *testing.T) {
	d, m := golden()
	h := &host{t: t, c: New(d, m).Connect(), m: m}
	h.open()
	for i := range 2 {
		m.objects = append(m.objects, &memObject{there: true, o: Object{Handle: mtp.ObjectHandle(5 + i), Storage: memStorage, Format: abstractCard},
			props: map[mtp.PropCode]mtp.Value{mtp.PropGivenName: mtp.StringValue("x")}})
	}
	ids := mtp.AppendPropIDs(nil, []mtp.PropID{{Owner: 5, Code: uint16(mtp.PropGivenName)}, {Owner: 6, Code: uint16(mtp.PropGivenName)}})
	h.do(mtp.InvalidDataset, mtp.OpDeleteObjectPropList, ids, 6)
	h.do(mtp.OK, mtp.OpDeleteObjectPropList, ids, uint32(mtp.AllHandles))
	for _, h := range []mtp.ObjectHandle{5, 6} {
		if v, set := m.Prop(h, mtp.PropGivenName); set {
			t.Errorf("object %d still has %v", h, v)
		}
	}
}

func TestFits(t *testing.T) {
	u := func(n uint64) mtp.Value { return mtp.UintValue(mtp.TypeUint16, n) }
	i := func(n int64) mtp.Value { return mtp.IntValue(mtp.TypeInt16, n) }
	bytes4 := mtp.ArrayValue(mtp.TypeArrayUint8, make([]byte, 4))
	for _, tt := range []struct {
		name string
		form mtp.Form
		v    mtp.Value
		want bool
	}{
		{"none", mtp.Form{}, u(9), true},
		{"within", mtp.Form{Flag: mtp.FormRange, Min: u(1), Max: u(9), Step: u(1)}, u(9), true},
		{"above", mtp.Form{Flag: mtp.FormRange, Min: u(1), Max: u(9), Step: u(1)}, u(10), false},
		{"below, signed", mtp.Form{Flag: mtp.FormRange, Min: i(-1), Max: i(9), Step: i(1)}, i(-2), false},
		{"within, signed", mtp.Form{Flag: mtp.FormRange, Min: i(-1), Max: i(9), Step: i(1)}, i(-1), true},
		{"one of them", mtp.Form{Flag: mtp.FormEnum, Enum: []mtp.Value{u(1), u(3)}}, u(3), true},
		{"none of them", mtp.Form{Flag: mtp.FormEnum, Enum: []mtp.Value{u(1), u(3)}}, u(2), false},
		{"short array", mtp.Form{Flag: mtp.FormByteArray, Length: 4}, bytes4, true},
		{"long array", mtp.Form{Flag: mtp.FormByteArray, Length: 3}, bytes4, false},
		{"fixed array", mtp.Form{Flag: mtp.FormFixedArray, Length: 5}, bytes4, false},
		{"within another", mtp.Form{Flag: mtp.FormServiceProp, Inner: &mtp.Form{Flag: mtp.FormEnum}}, u(2), false},
	} {
		if got := fits(&tt.form, tt.v); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
