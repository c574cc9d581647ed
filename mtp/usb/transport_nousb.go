//go:build !linux || nousb

package usb

import (
	"context"

	"cradle/mtp"
)

// Open in a build without USB says so.
func Open(_ context.Context, d DeviceDesc) (mtp.Transport, error) {
	return nil, &OpenError{
		Device: d, Err: ErrNoUSB,
		What: "this program was built without USB",
		Why:  "build tag nousb",
		Next: "build it with libusb's headers and without the tag",
	}
}

func probeOS(DeviceDesc) bool { return false }
