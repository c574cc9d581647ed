package udev

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Event is one message of udev, or of the kernel, about a device.
type Event struct {
	Action     string // add, bind, change, remove, ...
	SysPath    string // /sys and the device's path
	Properties map[string]string
}

// Port is the port of the USB device that the event is about; "" for any other
// device, and for interfaces of one.
func (e Event) Port() string {
	if e.Properties["SUBSYSTEM"] != "usb" || e.Properties["DEVTYPE"] != "usb_device" {
		return ""
	}
	port, err := Port(e.SysPath)
	if err != nil {
		return ""
	}
	return port
}

// errNoEvent is a message that isn't one.
var errNoEvent = errors.New("no device event")

const (
	maxMessage    = 64 << 10 // a kernel's event is at most 2 KiB, udev's rarely more than 8
	maxProperties = 512
	udevPrefix    = "libudev\x00"
	udevMagic     = 0xfeedcafe
	udevHeader    = 40
)

// parseEvent takes a message apart. udev's begins with a header (struct
// monitor_netlink_header of libudev: prefix, magic in network order, then header size,
// offset and length of the properties in the machine's), the kernel's with
// ACTION@DEVPATH (lib/kobject_uevent.c). Both have KEY=VALUE strings that end in NUL.
func parseEvent(b []byte) (Event, error) {
	if len(b) > maxMessage {
		return Event{}, fmt.Errorf("%w: %d bytes, more than %d", errNoEvent, len(b), maxMessage)
	}
	if bytes.HasPrefix(b, []byte(udevPrefix)) {
		if len(b) < udevHeader || binary.BigEndian.Uint32(b[8:]) != udevMagic {
			return Event{}, fmt.Errorf("%w: libudev's prefix without its header", errNoEvent)
		}
		off, n := uint64(binary.NativeEndian.Uint32(b[16:])), uint64(binary.NativeEndian.Uint32(b[20:]))
		if off < udevHeader || off+n > uint64(len(b)) {
			return Event{}, fmt.Errorf("%w: properties at %d+%d of %d bytes", errNoEvent, off, n, len(b))
		}
		return properties(b[off : off+n])
	}
	head, rest, found := bytes.Cut(b, []byte{0})
	if !found || !bytes.Contains(head, []byte("@/")) {
		return Event{}, fmt.Errorf("%w: neither udev's nor the kernel's", errNoEvent)
	}
	return properties(rest)
}

func properties(b []byte) (Event, error) {
	e := Event{Properties: map[string]string{}}
	for s := range strings.SplitSeq(string(b), "\x00") {
		if s == "" {
			continue
		}
		k, v, ok := strings.Cut(s, "=")
		if !ok || k == "" {
			return Event{}, fmt.Errorf("%w: %.40q is no property", errNoEvent, s)
		}
		if e.Properties[k] = v; len(e.Properties) > maxProperties {
			return Event{}, fmt.Errorf("%w: more than %d properties", errNoEvent, maxProperties)
		}
	}
	e.Action = e.Properties["ACTION"]
	if e.Action == "" || !strings.HasPrefix(e.Properties["DEVPATH"], "/") {
		return Event{}, fmt.Errorf("%w: without ACTION or DEVPATH", errNoEvent)
	}
	e.SysPath = "/sys" + e.Properties["DEVPATH"]
	return e, nil
}
