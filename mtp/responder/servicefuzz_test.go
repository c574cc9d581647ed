package responder

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"

	"cradle/mtp"
)

// serviceOps are those of MTP Device Services, in a fixed order.
var serviceOps = []mtp.OpCode{
	mtp.OpGetServiceIDs, mtp.OpGetServiceInfo, mtp.OpGetServiceCapabilities, mtp.OpGetServicePropDesc, mtp.OpGetServicePropList,
	mtp.OpSetServicePropList, mtp.OpDeleteServicePropList, mtp.OpGetFormatCapabilities, mtp.OpUpdateObjectPropList, mtp.OpDeleteObjectPropList,
}

// FuzzServices: whatever an initiator asks a device's services, and sends as a dataset, what is set is what the
// descriptions allow, and what the device answers decodes. A step is an operation, a service or object, a 16-bit
// code, and a 16-bit length of the dataset that follows.
func FuzzServices(f *testing.F) {
	step := func(op mtp.OpCode, who byte, code uint16, data []byte) []byte {
		p := binary.LittleEndian.AppendUint16([]byte{byte(slices.Index(serviceOps, op)), who}, code)
		return append(binary.LittleEndian.AppendUint16(p, uint16(len(data))), data...)
	}
	const contacts = 0 // of whom
	list := func(props ...mtp.ServicePropValue) []byte {
		p, err := mtp.AppendServicePropList(nil, props)
		if err != nil {
			f.Fatal(err)
		}
		return p
	}
	u8 := func(n uint64) mtp.Value { return mtp.UintValue(mtp.TypeUint8, n) }
	filter := mtp.ServicePropValue{Service: contactsID, Code: filterType, Value: u8(1)}
	replica := mtp.ServicePropValue{Service: contactsID, Code: replicaID, Value: mtp.Uint128Value(1, 2)}
	var all []byte
	for _, op := range serviceOps {
		f.Add(step(op, contacts, 0, nil))
		all = append(all, step(op, contacts, uint16(filterType), list(filter))...)
	}
	f.Add(all)
	for _, props := range [][]mtp.ServicePropValue{
		{filter, replica}, {replica, replica},
		{filter, {Service: contactsID, Code: filterType, Value: u8(9)}},
		{{Service: contactsID, Code: filterType, Value: mtp.UintValue(mtp.TypeUint16, 1)}},
		{{Service: contactsID, Code: versionProps, Value: mtp.ArrayValue(mtp.TypeArrayUint8, []byte{1})}},
		{{Service: fullEnumID, Code: filterType, Value: u8(0)}},
	} {
		set := step(mtp.OpSetServicePropList, contacts, 0, list(props...))
		unset := step(mtp.OpDeleteServicePropList, contacts, 0, mtp.AppendPropIDs(nil, []mtp.PropID{{Owner: uint32(contactsID), Code: uint16(props[0].Code)}}))
		f.Add(set)
		f.Add(append(set, unset...))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) > 4096 {
			return
		}
		d, m := golden()
		r := New(d, m)
		h := hostile{r: r, c: r.Connect()}
		write := func(p []byte) {
			t.Helper()
			if err := h.c.Write(t.Context(), p); err != nil && !errors.Is(err, io.ErrShortWrite) {
				t.Fatal(err)
			}
		}
		write(command(mtp.OpOpenSession, 0, 1))
		h.rest(t)
		for tx := mtp.TransactionID(1); len(p) >= 6; tx++ {
			op := serviceOps[int(p[0])%len(serviceOps)]
			who := []uint32{uint32(contactsID), uint32(fullEnumID), 1, 2, uint32(p[1])}[int(p[1])%5]
			code, n := binary.LittleEndian.Uint16(p[2:]), min(int(binary.LittleEndian.Uint16(p[4:])), len(p)-6)
			write(command(op, tx, who, uint32(code)))
			if !fromDevice[op] {
				write(container(op, tx, p[6:6+n]))
			}
			p = p[6+n:]
			if data := h.rest(t); data != nil {
				decodes(t, op, data)
			}
		}
		for at, v := range r.serviceProps {
			i := slices.IndexFunc(d.Services, func(s Service) bool { return s.Info.ID == at.service })
			if i < 0 {
				t.Fatalf("service %#x, which there isn't, has a property", at.service)
			}
			if desc := d.Services[i].desc(at.code); desc == nil || desc.Type != v.Type() || !fits(&desc.Form, v) {
				t.Errorf("property %#x of service %#x is %v, described as %+v", at.code, at.service, v, desc)
			}
		}
	})
}

// fromDevice are the operations whose data phase, if any, is the device's.
var fromDevice = map[mtp.OpCode]bool{
	mtp.OpGetServiceIDs: true, mtp.OpGetServiceInfo: true, mtp.OpGetServiceCapabilities: true, mtp.OpGetServicePropDesc: true,
	mtp.OpGetServicePropList: true, mtp.OpGetFormatCapabilities: true,
}

// rest reads a data container, if there is one, and the response.
func (h *hostile) rest(t *testing.T) (data []byte) {
	t.Helper()
	for range 100 {
		if len(h.r.out.segments) == 0 && !h.r.stalled {
			t.Fatal("no response")
		}
		p := make([]byte, 64<<10)
		n, err := h.c.Read(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		head, err := mtp.DecodeHeader(p[:n])
		switch {
		case n == 0:
		case err != nil:
			t.Fatalf("%x: %v", p[:n], err)
		case head.Type == mtp.ContainerResponse:
			return data
		default:
			data = p[mtp.HeaderSize:n:n]
		}
	}
	t.Fatal("no response after 100 transfers")
	return nil
}

func decodes(t *testing.T, op mtp.OpCode, p []byte) {
	t.Helper()
	var err error
	switch op {
	case mtp.OpGetServiceIDs:
		_, err = mtp.DecodeServiceIDs(p)
	case mtp.OpGetServiceInfo:
		_, err = mtp.DecodeServiceInfo(p)
	case mtp.OpGetServiceCapabilities, mtp.OpGetFormatCapabilities:
		_, err = mtp.DecodeCapabilities(p)
	case mtp.OpGetServicePropDesc:
		_, err = mtp.DecodeServicePropDescs(p)
	case mtp.OpGetServicePropList:
		_, err = mtp.DecodeServicePropList(p)
	default:
		t.Errorf("%v has data", op)
	}
	if err != nil {
		t.Errorf("%v: %v", op, err)
	}
}
