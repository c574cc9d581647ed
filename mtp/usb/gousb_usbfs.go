//go:build linux && cgo && !nousb

package usb

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// gousb v1.1.3 has neither a detach of a single interface nor a clear-halt, so
// its transport goes to usbfs for these two.

// detach takes a kernel driver off one interface. Others of the phone, a
// network or a disk, keep theirs.
func detach(path string, iface int) error {
	n, err := openNode(path)
	if err != nil {
		return err
	}
	defer n.close()
	if err := n.driver(iface, usbfsDisconnect); !errors.Is(err, unix.ENODATA) { // ENODATA: there was none
		return err
	}
	return nil
}

// clearHalt clears a pipe's halt on both sides, data toggle included, through
// libusb's own descriptor: the interface is claimed there, so no other will do.
func clearHalt(node string, endpoint uint8) bool {
	ep := uint32(endpoint)
	for _, fd := range ownDescriptors(node) {
		if _, err := ioctl(uintptr(fd), usbfsClearHalt, unsafe.Pointer(&ep)); err == nil {
			return true
		}
	}
	return false
}
