package udev

import "testing"

func TestPort(t *testing.T) {
	for _, c := range []struct{ name, path, want string }{
		{"on a root hub", "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-2", "1-2"},
		{"behind hubs", "/sys/devices/pci0000:00/0000:00:14.0/usb3/3-1/3-1.4/3-1.4.2", "3-1.4.2"},
		{"by bus", "/sys/bus/usb/devices/1-2", "1-2"},
		{"a trailing slash", "/sys/bus/usb/devices/1-2/", "1-2"},
		{"an interface", "/sys/devices/usb1/1-2/1-2:1.0", ""},
		{"a root hub", "/sys/devices/usb1", ""},
		{"out of sysfs", "/sys/../etc/1-2", ""},
		{"not in sysfs", "/dev/bus/usb/001/1-2", ""},
		{"relative", "sys/devices/1-2", ""},
		{"empty", "", ""},
		{"a disk", "/sys/block/sda", ""},
	} {
		got, err := Port(c.path)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}
