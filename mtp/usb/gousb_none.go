//go:build linux && !(cgo && !nousb)

package usb

import "cradle/mtp"

// openGousb in a build without libusb says so.
func openGousb(d DeviceDesc) (mtp.Transport, error) {
	return nil, &OpenError{
		Device: d, Err: ErrNoUSB,
		What: "this program was built without libusb",
		Why:  "build tag nousb, or no C compiler",
		Next: "run it with " + Environment + "=" + string(Usbfs),
	}
}

func checkGousb() error { return ErrNoUSB }
