package udev

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// portName is how the kernel names a USB device: its bus, and the ports on the way
// through the hubs.
var portName = regexp.MustCompile(`^[0-9]{1,3}-[0-9]{1,3}(\.[0-9]{1,3}){0,6}$`)

// Port is the port of the USB device at a path of sysfs, such as "1-2.3" for
// /sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2.3. The device at a port may
// change; its port doesn't while it is plugged in.
func Port(syspath string) (string, error) {
	if p := path.Clean(syspath); strings.HasPrefix(p, "/sys/") {
		if name := path.Base(p); portName.MatchString(name) {
			return name, nil
		}
	}
	return "", fmt.Errorf("%q is no USB device: want a path below /sys that ends in a port, such as 1-2.3", syspath)
}
