package usb

import (
	"fmt"

	"cradle/mtp"
)

// State says whether a device can be opened.
type State string

// States.
const (
	Ready        State = "ready"
	ChargeOnly   State = "charge-only"   // a phone without an MTP interface
	NoPermission State = "no-permission" // the device node isn't ours to write
	Busy         State = "busy"          // another program has the interface
)

// DeviceDesc is a device as it was when it was listed.
type DeviceDesc struct {
	Bus, Address int    // 1-based, as lsusb has them; Address changes at every plug
	Port         string // the way through the hubs, for example "1-2.3"; lasts
	VendorID     uint16
	ProductID    uint16
	Manufacturer string // USB strings, as the device has them
	Product      string
	Serial       string // "" if the device has none
	State        State
	// Reason says more about a State other than Ready.
	Reason string
	// Node is the device file, /dev/bus/usb/BBB/DDD.
	Node string

	syspath string // of the device in sysfs
	iface   ifaceDesc
	sys     System
}

// String is for people: the name, then where it is.
func (d DeviceDesc) String() string {
	name := d.Product
	if name == "" {
		name = fmt.Sprintf("%04x:%04x", d.VendorID, d.ProductID)
	}
	if d.Manufacturer != "" {
		name = d.Manufacturer + " " + name
	}
	return fmt.Sprintf("%s (usb %s)", name, d.Port)
}

// SessionOptions are the options for [mtp.Open] on this device: with its ids
// the session knows quirks that matter before it has asked what the device is.
func (d DeviceDesc) SessionOptions() mtp.Options {
	return mtp.Options{VendorID: d.VendorID, ProductID: d.ProductID}
}

// ifaceDesc is an interface in its current setting.
type ifaceDesc struct {
	config, number, alternate int
	class, sub, proto         uint8
	name                      string // iInterface
	driver                    string // kernel driver bound to it, "" for none
	in, out, event            uint8  // endpoint addresses; 0 where there is none
	endpoints                 int
	maxPacket, maxEvent       int
	syspath                   string
}

// threePipes reports whether the interface has just what MTP needs.
func (i *ifaceDesc) threePipes() bool {
	return i.endpoints == 3 && i.in != 0 && i.out != 0 && i.event != 0
}

func (i *ifaceDesc) is(class, sub, proto uint8) bool {
	return i.class == class && i.sub == sub && i.proto == proto
}
