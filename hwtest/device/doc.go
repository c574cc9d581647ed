// Package device is the suite for a phone on a desk. It holds tests alone, which are skipped
// unless a phone is named:
//
//	CRADLE_DEVICE=serial:XYZ go test -v -count=1 ./hwtest/device
//	CRADLE_DEVICE=serial:XYZ CRADLE_DEVICE_WRITE=yes go test -v -count=1 ./hwtest/device
//
// The name is a selector as --phone takes it: usb (the only one there is), usb:BUS-PORT,
// serial:XYZ, or virtual:KIND:DIR.
//
// The reading part, TestReads, changes nothing on the phone: a transport between the session and
// the phone refuses every operation but those that look. The writing part, TestWrites, wants the
// second variable. It works in a folder of its own at the top of the first writable storage and
// deletes that in the end; of what else is on the phone it touches nothing. It ends with syncs of
// made-up people and appointments, for which that folder stands for the whole storage.
//
// CRADLE_DEVICE_LARGE is how many MiB the largest object has that the writing part sends (64).
// CRADLE_USB=gousb|usbfs chooses the way to USB; CRADLE_DEVICE_TRACE=FILE writes down every transfer,
// which holds what was read from the phone. docs/devices.md is for who owns a phone.
//
// TestVirtual runs both parts on virtual phones, without any variable.
package device
