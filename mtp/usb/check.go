//go:build linux && !nousb

package usb

// Check reports whether libusb starts on this machine: nil, or an error that
// wraps ErrNoUSB. Nothing is sent to any device.
func Check() error {
	_, err := libusb()
	return err
}
