package usb

import (
	"testing"

	"go.uber.org/goleak"
)

// Every goroutine of a transport has somebody who waits for it. libusb's lasts.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/google/gousb.libusbImpl.handleEvents"))
}
