package usbip

import (
	"context"
	"encoding/binary"
	"errors"

	"cradle/mtp"
)

// errno values that the kernel's USB stack understands, negated as in a URB's
// status.
const (
	statusOK       = 0
	statusStall    = -32  // EPIPE
	statusUnlinked = -104 // ECONNRESET
	statusShort    = -121 // EREMOTEIO: shorter than the host would have it
	statusOverflow = -75  // EOVERFLOW
)

// setup is a control request.
type setup struct {
	kind, request        uint8
	value, index, length uint16
}

func decodeSetup(b [8]byte) setup {
	le := binary.LittleEndian
	return setup{b[0], b[1], le.Uint16(b[2:]), le.Uint16(b[4:]), le.Uint16(b[6:])}
}

// control answers a request on endpoint 0. data is what came with it.
func (d *device) control(ctx context.Context, s setup, data []byte) (int32, []byte) {
	reply := func(b []byte) (int32, []byte) { return statusOK, b[:min(len(b), int(s.length))] }
	switch s.kind & 0x60 {
	case 0x00:
		return d.standard(ctx, s, reply)
	case 0x20:
		q := mtp.ControlRequest{Request: mtp.ClassRequest(s.request), Data: data}
		if q.In() {
			q.Data = make([]byte, s.length)
		}
		n, err := d.conn.Control(ctx, q)
		switch {
		case errors.Is(err, mtp.ErrTimeout): // the host waits in vain
			<-ctx.Done()
			return statusStall, nil
		case err != nil:
			return statusStall, nil
		case q.In():
			return statusOK, q.Data[:n]
		}
		return statusOK, nil
	case 0x40:
		if s.kind&0x80 != 0 && s.request == osVendorCode && s.index == 4 {
			return reply(compatibleID())
		}
	}
	return statusStall, nil
}

func (d *device) standard(ctx context.Context, s setup, reply func([]byte) (int32, []byte)) (int32, []byte) {
	switch s.request {
	case 0: // GET_STATUS
		return reply([]byte{0, 0})
	case 1, 3: // CLEAR_FEATURE, SET_FEATURE
		return statusOK, nil
	case 11: // SET_INTERFACE: there is one, in one setting
		if s.value != 0 || s.index != 0 {
			return statusStall, nil
		}
		return statusOK, nil
	case 9: // SET_CONFIGURATION
		if s.value > 1 {
			return statusStall, nil
		}
		// It follows a reset of the bus, which USB/IP doesn't tell of: the phone
		// starts afresh, without a session.
		_, _ = d.conn.Control(ctx, mtp.ControlRequest{Request: mtp.RequestReset})
		_, _ = d.conn.Control(ctx, mtp.ControlRequest{Request: mtp.RequestStatus, Data: make([]byte, 4)})
		return statusOK, nil
	case 6: // GET_DESCRIPTOR
		switch s.value >> 8 {
		case 1:
			return reply(deviceDescriptor(d.id))
		case 2:
			return reply(configDescriptor())
		case 3:
			return d.text(s.value&0xFF, reply)
		case 6:
			return reply(qualifier())
		}
	case 8: // GET_CONFIGURATION
		return reply([]byte{1})
	case 10: // GET_INTERFACE
		return reply([]byte{0})
	}
	return statusStall, nil
}

func (d *device) text(index uint16, reply func([]byte) (int32, []byte)) (int32, []byte) {
	switch index {
	case 0:
		return reply([]byte{4, 3, 0x09, 0x04}) // English
	case stringMaker:
		return reply(stringDescriptor("Cradle"))
	case stringProduct:
		return reply(stringDescriptor(d.phone.Name()))
	case stringSerial:
		return reply(stringDescriptor(d.phone.Serial()))
	case stringInterface:
		return reply(stringDescriptor("MTP"))
	case 0xEE:
		return reply(osString())
	}
	return statusStall, nil
}
