package usb

import "errors"

// Blocked says what stands in the way of opening the device, as far as its State
// tells: the error that Open would give. nil for a device that is Ready. Nothing is
// opened or sent.
func (d DeviceDesc) Blocked() *OpenError {
	var err error
	switch d.State {
	case ChargeOnly:
		err = chargeOnlyError(d)
	case NoPermission:
		err = permissionError(d, d.Reason)
	case Busy:
		err = busyError(d, d.sys.holders(d.Node))
	}
	var open *OpenError
	errors.As(err, &open) // not for Ready
	return open
}
