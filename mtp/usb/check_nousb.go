//go:build !linux || nousb

package usb

// Check in a build without USB says so.
func Check() error { return ErrNoUSB }
