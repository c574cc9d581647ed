package mtp

import (
	"encoding/binary"
	"fmt"
)

// HeaderSize is the size of a container's header in bytes.
const HeaderSize = 12

// UnknownLength in a data container's length field says that the payload is
// longer than 4 GiB − 13 bytes, or of a length not known yet: only a short or
// zero-length packet ends it (MTP 1.1 appendix H.5).
const UnknownLength = 0xFFFFFFFF

// maxMessage is the size of a command or response with five parameters.
const maxMessage = HeaderSize + 5*4

// ContainerType is what a container holds.
type ContainerType uint16

// Container types (PIMA 15740 USB still image class §7.1).
const (
	ContainerCommand  ContainerType = 1
	ContainerData     ContainerType = 2
	ContainerResponse ContainerType = 3
	ContainerEvent    ContainerType = 4
)

func (t ContainerType) String() string {
	switch t {
	case ContainerCommand:
		return "command"
	case ContainerData:
		return "data"
	case ContainerResponse:
		return "response"
	case ContainerEvent:
		return "event"
	}
	return fmt.Sprintf("container type %d", uint16(t))
}

// Header is the 12 bytes before every container, little-endian: UINT32 length
// of the whole container, UINT16 type, UINT16 code, UINT32 transaction.
type Header struct {
	Length uint32 // of the container, header included; see [UnknownLength]
	Type   ContainerType
	// Code is an [OpCode], [RespCode] or [EventCode]; a data container repeats
	// the operation's.
	Code          uint16
	TransactionID TransactionID
}

// AppendBinary appends the 12 bytes. It never fails.
func (h Header) AppendBinary(b []byte) ([]byte, error) {
	b = binary.LittleEndian.AppendUint32(b, h.Length)
	b = binary.LittleEndian.AppendUint16(b, uint16(h.Type))
	b = binary.LittleEndian.AppendUint16(b, h.Code)
	return binary.LittleEndian.AppendUint32(b, uint32(h.TransactionID)), nil
}

// DecodeHeader decodes the first 12 bytes of p; it doesn't judge the fields.
func DecodeHeader(p []byte) (Header, error) {
	if len(p) < HeaderSize {
		return Header{}, fmt.Errorf("container header: %d bytes, want %d: %w", len(p), HeaderSize, ErrMalformed)
	}
	return Header{
		Length:        binary.LittleEndian.Uint32(p),
		Type:          ContainerType(binary.LittleEndian.Uint16(p[4:])),
		Code:          binary.LittleEndian.Uint16(p[6:]),
		TransactionID: TransactionID(binary.LittleEndian.Uint32(p[8:])),
	}, nil
}

// DataHeader is the header of a data container with a payload of size bytes;
// payloads that 32 bits can't count get [UnknownLength].
func DataHeader(op OpCode, tx TransactionID, size int64) Header {
	h := Header{Length: UnknownLength, Type: ContainerData, Code: uint16(op), TransactionID: tx}
	if size >= 0 && size < UnknownLength-HeaderSize {
		h.Length = uint32(HeaderSize + size)
	}
	return h
}

// Message is a command, response or event: a container with up to five
// parameters (an event: three) and nothing else. It always fits one packet.
type Message struct {
	Type          ContainerType
	Code          uint16
	TransactionID TransactionID
	N             int       // how many parameters were sent
	Params        [5]uint32 // those not sent are 0, which means the same
}

// NewMessage makes a message; more than five parameters are a mistake of the
// caller and panic.
func NewMessage[C ~uint16](t ContainerType, code C, tx TransactionID, params ...uint32) Message {
	m := Message{Type: t, Code: uint16(code), TransactionID: tx, N: len(params)}
	if len(params) > len(m.Params) {
		panic("mtp: more than five parameters")
	}
	copy(m.Params[:], params)
	return m
}

// AppendBinary appends the container. It never fails.
func (m Message) AppendBinary(b []byte) ([]byte, error) {
	b, _ = Header{uint32(HeaderSize + 4*m.N), m.Type, m.Code, m.TransactionID}.AppendBinary(b)
	for _, p := range m.Params[:m.N] {
		b = binary.LittleEndian.AppendUint32(b, p)
	}
	return b, nil
}

// DecodeMessage decodes a command, response or event of any of these types.
// p may be longer than the container says (some devices pad with zeros); what
// is beyond is ignored, as are parameters after the fifth.
func DecodeMessage(p []byte) (Message, error) {
	h, err := DecodeHeader(p)
	if err != nil {
		return Message{}, err
	}
	if h.Type != ContainerCommand && h.Type != ContainerResponse && h.Type != ContainerEvent {
		return Message{}, fmt.Errorf("container: %v %#04x where a message is expected: %w", h.Type, h.Code, ErrMalformed)
	}
	if h.Length < HeaderSize || uint64(h.Length) > uint64(len(p)) {
		return Message{}, fmt.Errorf("container: %v %#04x: length %d, %d bytes came: %w", h.Type, h.Code, h.Length, len(p), ErrMalformed)
	}
	m := Message{Type: h.Type, Code: h.Code, TransactionID: h.TransactionID}
	for body := p[HeaderSize:h.Length]; len(body) >= 4 && m.N < len(m.Params); body = body[4:] {
		m.Params[m.N] = binary.LittleEndian.Uint32(body)
		m.N++
	}
	return m, nil
}

func (m Message) String() string {
	var code string
	switch m.Type {
	case ContainerCommand:
		code = OpCode(m.Code).String()
	case ContainerResponse:
		code = RespCode(m.Code).String()
	case ContainerEvent:
		code = EventCode(m.Code).String()
	default:
		code = fmt.Sprintf("0x%04X", m.Code)
	}
	return fmt.Sprintf("%v %s tx=%d %x", m.Type, code, m.TransactionID, m.Params[:m.N])
}
