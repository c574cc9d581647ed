// Package usb finds MTP devices on USB and opens an [mtp.Transport] to one. It
// knows interfaces, pipes and who may use them, and nothing of the protocol.
//
// Finding is done in sysfs alone: the kernel has read all descriptors and
// strings (in Unicode) already, nothing is sent to any device, and no
// permission is needed, so phones that can't be opened are listed too, with the
// reason.
//
// Opening is done by one of two backends behind the same Transport: usbfs, the
// Linux kernel's own interface, without C; and libusb through gousb v1.1.3, which
// binaries built with the tag nousb or without cgo don't have. Both keep several
// transfers in flight. The variable CRADLE_USB chooses; usbfs is the default.
//
// What is an MTP interface, as other initiators decide it: one with exactly a
// bulk IN, a bulk OUT and an interrupt IN endpoint that either is called "MTP",
// or is of the still image class 6/1/1 and not a camera or a phone in camera
// mode, or of the vendor class with udev or the Microsoft OS descriptor saying
// so.
package usb
