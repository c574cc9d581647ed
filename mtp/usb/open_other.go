//go:build !linux

package usb

import (
	"context"

	"cradle/mtp"
)

// Open on a system other than Linux says that there is no way.
func Open(_ context.Context, d DeviceDesc) (mtp.Transport, error) {
	return nil, &OpenError{
		Device: d, Err: ErrNoUSB,
		What: "phones on USB can be opened on Linux only",
		Next: "run cradle on Linux",
	}
}

// Check says that there is no USB.
func Check() error { return ErrNoUSB }

func probeOS(DeviceDesc) bool { return false }
