//go:build linux && !nousb

package usb

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// gousb v1.1.3 has neither a detach of a single interface nor a clear-halt, so
// these two go to usbfs themselves (linux/usbdevice_fs.h).

const (
	usbdevfsClearHalt  = 0x80045515 // _IOR('U', 21, unsigned int)
	usbdevfsDisconnect = 0x5516     // _IO('U', 22), inside the next
)

type usbdevfsIoctl struct {
	iface int32
	code  int32
	data  uintptr
}

// usbdevfsIoctlCode is _IOWR('U', 18, struct usbdevfs_ioctl), whose size
// depends on the pointer's.
const usbdevfsIoctlCode = 3<<30 | unsafe.Sizeof(usbdevfsIoctl{})<<16 | 'U'<<8 | 18

// detach takes a kernel driver off one interface. Others of the phone, a
// network or a disk, keep theirs.
func detach(node string, iface int) error {
	f, err := os.OpenFile(node, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	req := usbdevfsIoctl{iface: int32(iface), code: usbdevfsDisconnect}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), usbdevfsIoctlCode, uintptr(unsafe.Pointer(&req)))
	runtime.KeepAlive(&req)
	if errno != 0 && errno != unix.ENODATA { // ENODATA: there was none
		return os.NewSyscallError("usbfs disconnect", errno)
	}
	return nil
}

// clearHalt clears a pipe's halt on both sides, data toggle included, through
// libusb's own descriptor: the interface is claimed there, so no other will do.
func clearHalt(node string, endpoint uint8) bool {
	ep := uint32(endpoint)
	for _, fd := range ownDescriptors(node) {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), usbdevfsClearHalt, uintptr(unsafe.Pointer(&ep)))
		if errno == 0 {
			return true
		}
	}
	return false
}
