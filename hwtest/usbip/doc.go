// Package usbip puts a virtual phone on a USB bus: it speaks USB/IP 1.1.1 to
// the kernel's vhci-hcd, which then enumerates the phone as it does a real one.
//
//	cradle phone serve --dir DIR --usbip 127.0.0.1:3240
//	modprobe vhci_hcd; usbip attach -r 127.0.0.1 -b 1-1
//
// The phone is a high-speed device with one interface 06/01/01 named "MTP", a
// bulk pair and an interrupt pipe, and answers Microsoft's OS descriptor, which
// together is what every client recognises. A pulled cable closes the
// connection, so the kernel sees the device go.
//
// One client has the phone at a time; another that wants it is told that it is
// busy, and the list of devices is answered always. A client has 5 seconds to
// say what it wants. One that breaks the protocol is dropped: another version
// than 1.1.1, a URB for another device or of more than 16 MiB, or more than 1024
// URBs or 64 MiB waiting on an endpoint.
package usbip
