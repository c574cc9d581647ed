// Package mtp speaks the Media Transfer Protocol 1.1, the initiator's side:
// PTP (ISO 15740) with Microsoft's additions, over USB bulk pipes.
//
// A device holds objects. Each lies in a storage and has a handle; a folder is
// an object of format [FormatAssociation], and an object's parent is a folder's
// handle or the storage's root. Everything happens in a [Session], one
// transaction at a time: a command container, at most one data container in
// either direction, a response container.
//
// The package has three layers. The codecs turn datasets such as [ObjectInfo]
// into bytes and back, both ways, since package mtp/responder plays the device
// with the same ones. A [Transport] moves bytes: mtp/usb has one for USB, and
// wrappers here trace and record. A [Session] runs transactions over it, keeps
// it usable when a device or a cancelled context breaks one off, and knows the
// quirks of devices, which are data in quirks.go.
//
// All integers on the wire are little-endian and unaligned. Decoders work on
// bounded slices, check every count against the bytes left before they
// allocate, and take what real devices send; encoders send only what the
// specification allows. Codes that aren't in the tables survive and print as
// hex.
package mtp
