//go:build linux

package usb

import "unsafe"

// usbfs as the kernel has it: include/uapi/linux/usbdevice_fs.h.

// usbfsURB is struct usbdevfs_urb without its isochronous packets: a transfer,
// and after it was reaped what came of it.
type usbfsURB struct {
	kind        uint8
	endpoint    uint8
	status      int32 // a negative errno; 0 for done, short or not
	flags       uint32
	buffer      uintptr
	length      int32
	actual      int32 // bytes moved; of a control transfer without its setup
	startFrame  int32
	packets     int32
	errorCount  int32
	signal      uint32
	usercontext uintptr
}

// Kinds of transfers.
const (
	urbInterrupt = 1
	urbControl   = 2
	urbBulk      = 3
)

type usbfsControl struct {
	requestType, request uint8
	value, index, length uint16
	timeout              uint32 // milliseconds
	data                 uintptr
}

type usbfsIoctl struct {
	iface int32
	code  int32
	data  uintptr
}

type usbfsDisconnectClaim struct {
	iface  uint32
	flags  uint32
	driver [256]byte
}

// disconnectExcept has DISCONNECT_CLAIM leave an interface alone that the named
// driver has.
const disconnectExcept = 2

// Capabilities.
const (
	capNoPacketSizeLimit = 0x04 // transfers longer than 16 KiB
	capScatterGather     = 0x08 // and without one piece of memory as long
	capMmap              = 0x20 // memory of the controller's can be mapped
)

func ioc(dir, nr, size uintptr) uintptr { return dir<<iocDirShift | size<<16 | 'U'<<8 | nr }

var (
	usbfsControlTransfer  = ioc(iocRead|iocWrite, 0, unsafe.Sizeof(usbfsControl{}))
	usbfsSubmitURB        = ioc(iocRead, 10, unsafe.Sizeof(usbfsURB{}))
	usbfsDiscardURB       = ioc(iocNone, 11, 0)
	usbfsReapURBNoDelay   = ioc(iocWrite, 13, unsafe.Sizeof(uintptr(0)))
	usbfsClaimInterface   = ioc(iocRead, 15, 4)
	usbfsReleaseInterface = ioc(iocRead, 16, 4)
	usbfsDriverIoctl      = ioc(iocRead|iocWrite, 18, unsafe.Sizeof(usbfsIoctl{}))
	usbfsClearHalt        = ioc(iocRead, 21, 4)
	usbfsDisconnect       = ioc(iocNone, 22, 0)
	usbfsConnect          = ioc(iocNone, 23, 0)
	usbfsGetCapabilities  = ioc(iocRead, 26, 4)
	usbfsClaimFromDriver  = ioc(iocRead, 27, unsafe.Sizeof(usbfsDisconnectClaim{}))
)
