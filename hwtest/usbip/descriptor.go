package usbip

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"

	"cradle/hwtest"
)

// Endpoint addresses.
const (
	bulkIn    = 0x81
	bulkOut   = 0x02
	interrupt = 0x83
)

// packetSize of the bulk pipes at high speed.
const packetSize = 512

// osVendorCode is the request by which the OS descriptors are read; the string
// descriptor 0xEE tells it.
const osVendorCode = 0x17

// ID is a device's vendor and product.
type ID struct{ Vendor, Product uint16 }

// ParseID reads a vendor and a product as lsusb writes them, "18d1:4ee1".
func ParseID(text string) (ID, error) {
	vendor, product, ok := strings.Cut(text, ":")
	v, verr := strconv.ParseUint(vendor, 16, 16)
	p, perr := strconv.ParseUint(product, 16, 16)
	if !ok || verr != nil || perr != nil {
		return ID{}, fmt.Errorf("%q: want VENDOR:PRODUCT in hexadecimal, such as 18d1:4ee1", text)
	}
	return ID{uint16(v), uint16(p)}, nil
}

// DefaultID is what a kind of phone has: Google's MTP phone, which clients know
// as Android, or the Linux Foundation's PTP gadget, which they don't know.
func DefaultID(k hwtest.Kind) ID {
	if k != hwtest.Basic {
		return ID{0x18D1, 0x4EE1}
	}
	return ID{0x1D6B, 0x0100}
}

// Indexes of strings.
const (
	stringMaker = iota + 1
	stringProduct
	stringSerial
	stringInterface
)

func deviceDescriptor(id ID) []byte {
	le := binary.LittleEndian
	b := []byte{18, 1, 0x00, 0x02, 0, 0, 0, 64}
	b = le.AppendUint16(b, id.Vendor)
	b = le.AppendUint16(b, id.Product)
	b = le.AppendUint16(b, 0x0100)
	return append(b, stringMaker, stringProduct, stringSerial, 1)
}

// qualifier describes the device at the other speed, as the one above says it.
func qualifier() []byte { return []byte{10, 6, 0x00, 0x02, 0, 0, 0, 64, 1, 0} }

func configDescriptor() []byte {
	body := []byte{
		9, 4, 0, 0, 3, 6, 1, 1, stringInterface,
		7, 5, bulkIn, 2, packetSize & 0xFF, packetSize >> 8, 0,
		7, 5, bulkOut, 2, packetSize & 0xFF, packetSize >> 8, 0,
		7, 5, interrupt, 3, 28, 0, 6,
	}
	return append([]byte{9, 2, byte(9 + len(body)), 0, 1, 1, 0, 0x80, 250}, body...)
}

func stringDescriptor(text string) []byte {
	units := utf16.Encode([]rune(text))
	units = units[:min(len(units), 126)]
	b := []byte{byte(2 + 2*len(units)), 3}
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// osString is the string descriptor 0xEE of Microsoft's OS descriptors.
func osString() []byte {
	b := stringDescriptor("MSFT100")
	b[0] = 18
	return append(b, osVendorCode, 0)
}

// compatibleID is Microsoft's extended compat ID descriptor: interface 0 is MTP.
func compatibleID() []byte {
	b := make([]byte, 40)
	binary.LittleEndian.PutUint32(b[0:], 40)
	binary.LittleEndian.PutUint16(b[4:], 0x0100)
	binary.LittleEndian.PutUint16(b[6:], 4)
	b[8] = 1
	b[17] = 1
	copy(b[18:], "MTP")
	return b
}
