package usb

import (
	"fmt"
	"os"
)

// Backend is a way to the device.
type Backend string

// Backends. Both stand behind the same [mtp.Transport], and are [mtp.Pipeliner]s.
const (
	// Gousb is libusb. It isn't in binaries built with the tag nousb or
	// without cgo.
	Gousb Backend = "gousb"
	// Usbfs is the Linux kernel's own interface.
	Usbfs Backend = "usbfs"
)

// Environment is the variable that chooses the backend of [Open].
const Environment = "CRADLE_USB"

// ChosenBackend is what [Environment] says: one of the two; if it is empty
// [Usbfs]. Any other value is an error.
func ChosenBackend() (Backend, error) {
	switch b := Backend(os.Getenv(Environment)); b {
	case "":
		return Usbfs, nil
	case Gousb, Usbfs:
		return b, nil
	default:
		return "", &OpenError{
			Err: ErrNoUSB, What: fmt.Sprintf("%s=%s is no way to USB", Environment, b),
			Next: fmt.Sprintf("set it to %s or %s, or unset it", Gousb, Usbfs),
		}
	}
}
