package usb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// System is where the kernel's view of the devices lies. The zero System is
// the machine's; tests have a tree of their own.
type System struct {
	// Root is put before /sys, /dev, /run and /proc.
	Root string
	// ProbeOS asks a device for Microsoft's OS descriptor, the last resort for
	// an interface of the vendor class without a name that udev knows nothing
	// of. nil doesn't ask; [List] has libusb ask.
	ProbeOS func(DeviceDesc) bool
}

// List lists the phones on USB: those with an MTP interface, and those that
// must be phones but are in another mode. In order of their ports. What was plugged
// in just now is waited for, a second at most, until the kernel has shown all of it.
func List() ([]DeviceDesc, error) { return System{ProbeOS: probeOS}.List() }

// settling is for how long a device is waited for that the kernel sets up just now.
const settling = time.Second

// List is [List] in this System.
func (s System) List() ([]DeviceDesc, error) {
	b, err := s.readBus()
	for end := time.Now().Add(settling); err == nil && !b.whole() && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
		b, err = s.readBus()
	}
	if err != nil {
		return nil, fmt.Errorf("list usb devices: %w", err)
	}
	var out []DeviceDesc
	for _, d := range b.devices {
		ifs := b.interfaces[d.Port]
		slices.SortFunc(ifs, func(a, b ifaceDesc) int { return a.number - b.number })
		if s.classify(&d, ifs) {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b DeviceDesc) int { return strings.Compare(a.Port, b.Port) })
	return out, nil
}

// bus is what sysfs shows.
type bus struct {
	devices    []DeviceDesc
	interfaces map[string][]ifaceDesc // by port
}

// whole reports whether every device has its configuration and all of its
// interfaces, and they their endpoints, in which order the kernel makes them.
func (b *bus) whole() bool {
	for _, d := range b.devices {
		ifs := b.interfaces[d.Port]
		if len(ifs) < attr(d.syspath, "bNumInterfaces", 10) {
			return false
		}
		if attr(d.syspath, "authorized", 10) == 1 && text(d.syspath, "bConfigurationValue") == "" {
			return false
		}
		for _, i := range ifs {
			if i.endpoints < attr(i.syspath, "bNumEndpoints", 16) {
				return false
			}
		}
	}
	return true
}

func (s System) readBus() (*bus, error) {
	dir := filepath.Join(s.Root, "/sys/bus/usb/devices")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	b := &bus{interfaces: map[string][]ifaceDesc{}}
	for _, e := range entries {
		port, _, isInterface := strings.Cut(e.Name(), ":")
		switch {
		case strings.HasSuffix(port, "-0"), strings.HasPrefix(port, "usb"):
			// a root hub's, a root hub
		case isInterface:
			b.interfaces[port] = append(b.interfaces[port], readInterface(filepath.Join(dir, e.Name())))
		default:
			if d, ok := s.readDevice(filepath.Join(dir, port), port); ok { // else unplugged while we look
				b.devices = append(b.devices, d)
			}
		}
	}
	return b, nil
}

func (s System) readDevice(path, port string) (DeviceDesc, bool) {
	d := DeviceDesc{
		Port:         port,
		Bus:          attr(path, "busnum", 10),
		Address:      attr(path, "devnum", 10),
		VendorID:     uint16(attr(path, "idVendor", 16)),
		ProductID:    uint16(attr(path, "idProduct", 16)),
		Manufacturer: text(path, "manufacturer"),
		Product:      text(path, "product"),
		Serial:       text(path, "serial"),
		syspath:      path,
		sys:          s,
	}
	d.Node = fmt.Sprintf("/dev/bus/usb/%03d/%03d", d.Bus, d.Address)
	return d, d.Bus > 0 && d.Address > 0
}

func readInterface(path string) ifaceDesc {
	i := ifaceDesc{
		number:    attr(path, "bInterfaceNumber", 16),
		alternate: attr(path, "bAlternateSetting", 10),
		class:     uint8(attr(path, "bInterfaceClass", 16)),
		sub:       uint8(attr(path, "bInterfaceSubClass", 16)),
		proto:     uint8(attr(path, "bInterfaceProtocol", 16)),
		name:      text(path, "interface"),
		syspath:   path,
	}
	// The name ends in ":CONFIG.INTERFACE".
	_, last, _ := strings.Cut(filepath.Base(path), ":")
	config, _, _ := strings.Cut(last, ".")
	i.config, _ = strconv.Atoi(config)
	i.driver = driverOf(path)
	all, _ := os.ReadDir(path)
	for _, e := range all {
		if !strings.HasPrefix(e.Name(), "ep_") {
			continue
		}
		ep := filepath.Join(path, e.Name())
		addr := uint8(attr(ep, "bEndpointAddress", 16))
		size := attr(ep, "wMaxPacketSize", 16) & 0x7FF
		i.endpoints++
		switch kind := attr(ep, "bmAttributes", 16) & 3; {
		case kind == 2 && addr&0x80 != 0:
			i.in, i.maxPacket = addr, size
		case kind == 2:
			i.out = addr
		case kind == 3 && addr&0x80 != 0:
			i.event, i.maxEvent = addr, size
		}
	}
	return i
}

// driverOf names the kernel driver that has an interface; "usbfs" stands for a
// program.
func driverOf(path string) string {
	link, err := os.Readlink(filepath.Join(path, "driver"))
	if err != nil {
		return ""
	}
	return filepath.Base(link)
}

// text reads an attribute, which is a page at most. There are a hundred of them on a small bus, and
// [os.ReadFile] makes ten system calls for each.
func text(dir, name string) string {
	fd, err := unix.Open(dir+"/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	var page [4096]byte
	n, err := unix.Read(fd, page[:])
	for errors.Is(err, unix.EINTR) {
		n, err = unix.Read(fd, page[:])
	}
	if err != nil {
		return ""
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(page[:n]), "\uFFFD"))
}

func attr(dir, name string, base int) int {
	n, err := strconv.ParseInt(text(dir, name), base, 32)
	if err != nil {
		return 0
	}
	return int(n)
}

// classify decides whether the device is a phone for us, and its state.
func (s System) classify(d *DeviceDesc, ifs []ifaceDesc) bool {
	i, ok := s.mtpInterface(d, ifs)
	if !ok {
		why, phone := phoneMode(d, ifs)
		d.State, d.Reason = ChargeOnly, why
		return phone
	}
	d.iface = i
	d.State, d.Reason = Ready, ""
	node := filepath.Join(s.Root, d.Node)
	switch err := unix.Access(node, unix.R_OK|unix.W_OK); {
	case err != nil:
		d.State, d.Reason = NoPermission, fmt.Sprintf("%s: %v", d.Node, err)
	case i.driver == "usbfs":
		d.State = Busy
		d.Reason = describeHolders(s.holders(d.Node))
	}
	return true
}

func (s System) mtpInterface(d *DeviceDesc, ifs []ifaceDesc) (ifaceDesc, bool) {
	for _, i := range ifs {
		if i.threePipes() && strings.Contains(strings.ToUpper(i.name), "MTP") {
			return i, true
		}
	}
	udev := s.udevProperties(d)
	for _, i := range ifs {
		if !i.threePipes() {
			continue
		}
		switch {
		case i.is(6, 1, 1) && strings.Contains(strings.ToUpper(i.name), "PTP"):
			// Android in camera mode shows DCIM only.
		case udev["ID_MTP_DEVICE"] == "1" && (i.class == 6 || i.class == 0xFF):
			return i, true
		case i.is(6, 1, 1) && udev["ID_GPHOTO2"] != "1":
			return i, true // a camera would have been recognised
		case i.class == 0xFF && i.name == "" && s.ProbeOS != nil && !i.is(0xFF, 0x42, 1):
			d.iface = i
			if s.ProbeOS(*d) {
				return i, true
			}
		}
	}
	return ifaceDesc{}, false
}

// udevProperties reads what udev's rules found out about the device. The
// database is keyed by the node's device number, which follows from bus and
// address: character device 189, minor (bus−1)·128 + address−1.
func (s System) udevProperties(d *DeviceDesc) map[string]string {
	name := fmt.Sprintf("/run/udev/data/c%d:%d", usbMajor, d.minor())
	b, err := os.ReadFile(filepath.Join(s.Root, name))
	if err != nil {
		return nil
	}
	out := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if kv, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "E:"); ok {
			k, v, _ := strings.Cut(kv, "=")
			out[k] = v
		}
	}
	return out
}

// there reports whether the very device that was listed is still plugged in.
func (d *DeviceDesc) there() bool {
	return attr(d.syspath, "devnum", 10) == d.Address && attr(d.syspath, "busnum", 10) == d.Bus
}

// usbMajor is the major number of USB's device nodes.
const usbMajor = 189

// minor is the minor number of the device's node.
func (d *DeviceDesc) minor() int { return (d.Bus-1)*128 + d.Address - 1 }
