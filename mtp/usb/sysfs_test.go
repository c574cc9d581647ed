package usb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cradle/mtp"
)

// fakeInterface describes an interface of a device in a made-up sysfs.
type fakeInterface struct {
	number    int
	class     string // "06/01/01"
	name      string
	endpoints string // "81 02 83i": address, i for interrupt
	driver    string
}

type fakeDevice struct {
	port, vendor, product string
	bus, address          int
	strings               [3]string // manufacturer, product, serial
	interfaces            []fakeInterface
	udev                  string
	noNode                bool
}

const three = "81 02 83i"

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fake builds the tree in the same layout as the kernel's.
func fake(t testing.TB, devices ...fakeDevice) System {
	t.Helper()
	root := t.TempDir()
	all := filepath.Join(root, "sys/bus/usb/devices")
	if err := os.MkdirAll(all, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, d := range devices {
		dir := filepath.Join(all, d.port)
		for name, v := range map[string]string{
			"busnum": fmt.Sprint(d.bus), "devnum": fmt.Sprint(d.address), "idVendor": d.vendor, "idProduct": d.product,
			"manufacturer": d.strings[0], "product": d.strings[1], "serial": d.strings[2],
		} {
			if v != "" {
				write(t, filepath.Join(dir, name), v)
			}
		}
		for _, i := range d.interfaces {
			dir := filepath.Join(all, fmt.Sprintf("%s:1.%d", d.port, i.number))
			class := strings.Split(i.class, "/")
			write(t, filepath.Join(dir, "bInterfaceNumber"), fmt.Sprintf("%02x", i.number))
			write(t, filepath.Join(dir, "bAlternateSetting"), " 0")
			write(t, filepath.Join(dir, "bInterfaceClass"), class[0])
			write(t, filepath.Join(dir, "bInterfaceSubClass"), class[1])
			write(t, filepath.Join(dir, "bInterfaceProtocol"), class[2])
			write(t, filepath.Join(dir, "bNumEndpoints"), fmt.Sprintf("%02x", len(strings.Fields(i.endpoints))))
			if i.name != "" {
				write(t, filepath.Join(dir, "interface"), i.name)
			}
			for _, ep := range strings.Fields(i.endpoints) {
				addr, interrupt := strings.CutSuffix(ep, "i")
				dir := filepath.Join(dir, "ep_"+addr)
				write(t, filepath.Join(dir, "bEndpointAddress"), addr)
				attributes, size := "02", "0200"
				if interrupt {
					attributes, size = "03", "001c"
				}
				write(t, filepath.Join(dir, "bmAttributes"), attributes)
				write(t, filepath.Join(dir, "wMaxPacketSize"), size)
			}
			if i.driver != "" {
				if err := os.Symlink("../../../bus/usb/drivers/"+i.driver, filepath.Join(dir, "driver")); err != nil {
					t.Fatal(err)
				}
			}
		}
		if d.udev != "" {
			write(t, filepath.Join(root, fmt.Sprintf("run/udev/data/c189:%d", (d.bus-1)*128+d.address-1)), d.udev)
		}
		if !d.noNode {
			write(t, filepath.Join(root, fmt.Sprintf("dev/bus/usb/%03d/%03d", d.bus, d.address)), "")
		}
	}
	return System{Root: root}
}

func TestList(t *testing.T) {
	pixel := [3]string{"Google", "Pixel 9", "ABC"}
	for _, tt := range []struct {
		name  string
		d     fakeDevice
		probe bool
		state State // "" is not listed
		iface int
	}{
		{name: "android", d: fakeDevice{vendor: "18d1", product: "4ee1", strings: pixel,
			interfaces: []fakeInterface{{0, "ff/ff/00", "MTP", three, ""}}}, state: Ready},
		{name: "android with adb, odd numbers", d: fakeDevice{vendor: "18d1", product: "4ee2", strings: pixel,
			interfaces: []fakeInterface{{1, "ff/42/01", "ADB Interface", "01 82", ""}, {4, "06/01/01", "MTP", three, ""}}}, state: Ready, iface: 4},
		{name: "old samsung", d: fakeDevice{vendor: "04e8", product: "6860", strings: [3]string{"SAMSUNG", "SAMSUNG_Android", "X"},
			interfaces: []fakeInterface{{0, "06/01/01", "Samsung MTP", three, ""}, {1, "02/02/01", "CDC", "84i", ""}}}, state: Ready},
		{name: "still image class, no name", d: fakeDevice{vendor: "1234", product: "0001",
			interfaces: []fakeInterface{{0, "06/01/01", "", three, ""}}}, state: Ready},
		{name: "camera, says udev", d: fakeDevice{vendor: "04a9", product: "3218",
			interfaces: []fakeInterface{{0, "06/01/01", "", three, ""}}, udev: "E:ID_GPHOTO2=1"}},
		{name: "player of the vendor class, says udev", d: fakeDevice{vendor: "041e", product: "4157",
			interfaces: []fakeInterface{{0, "ff/00/00", "", three, ""}}, udev: "I:1\nE:ID_MTP_DEVICE=1"}, state: Ready},
		{name: "vendor class, says Microsoft's descriptor", d: fakeDevice{vendor: "1234", product: "0002",
			interfaces: []fakeInterface{{0, "ff/00/00", "", three, ""}}}, probe: true, state: Ready},
		{name: "vendor class, says nobody", d: fakeDevice{vendor: "1234", product: "0002",
			interfaces: []fakeInterface{{0, "ff/00/00", "", three, ""}}}},
		{name: "MTP by name with two pipes", d: fakeDevice{vendor: "1234", product: "0003",
			interfaces: []fakeInterface{{0, "ff/00/00", "MTP", "81 02", ""}}}},
		{name: "photo mode", d: fakeDevice{vendor: "18d1", product: "4ee5", strings: pixel,
			interfaces: []fakeInterface{{0, "06/01/01", "PTP", three, ""}}}, state: ChargeOnly},
		{name: "tethering", d: fakeDevice{vendor: "22b8", product: "2e24",
			interfaces: []fakeInterface{{0, "e0/01/03", "RNDIS", "82i", ""}, {1, "0a/00/00", "", "81 01", ""}}}, state: ChargeOnly},
		{name: "debugging only", d: fakeDevice{vendor: "18d1", product: "4ee7", strings: pixel,
			interfaces: []fakeInterface{{0, "ff/42/01", "ADB Interface", "01 82", ""}}}, state: ChargeOnly},
		{name: "charging only", d: fakeDevice{vendor: "2a70", product: "f003",
			interfaces: []fakeInterface{{0, "ff/ff/00", "", "", ""}}}, state: ChargeOnly},
		{name: "samsung disk", d: fakeDevice{vendor: "04e8", product: "61f5",
			interfaces: []fakeInterface{{0, "08/06/50", "", "81 02", "usb-storage"}}}},
		{name: "keyboard of a phone maker", d: fakeDevice{vendor: "17ef", product: "6099",
			interfaces: []fakeInterface{{0, "03/01/01", "", "81i", "usbhid"}}}},
		{name: "modem of a phone maker", d: fakeDevice{vendor: "12d1", product: "1506",
			interfaces: []fakeInterface{{0, "ff/02/01", "", "81 01", "option"}}}},
		{name: "in use", d: fakeDevice{vendor: "18d1", product: "4ee1", strings: pixel,
			interfaces: []fakeInterface{{0, "06/01/01", "MTP", three, "usbfs"}}}, state: Busy},
		{name: "no node", d: fakeDevice{vendor: "18d1", product: "4ee1", strings: pixel, noNode: true,
			interfaces: []fakeInterface{{0, "06/01/01", "MTP", three, ""}}}, state: NoPermission},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.d.port, tt.d.bus, tt.d.address = "2-1.4", 2, 17
			s := fake(t, tt.d)
			asked := false
			s.ProbeOS = func(DeviceDesc) bool { asked = true; return tt.probe }
			got, err := s.List()
			if err != nil {
				t.Fatal(err)
			}
			if tt.state == "" {
				if len(got) != 0 {
					t.Errorf("listed %v, want nothing", got)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("listed %v, want one", got)
			}
			d := got[0]
			if d.State != tt.state || (d.State == Ready) != (d.Reason == "") {
				t.Errorf("state %s (%q), want %s", d.State, d.Reason, tt.state)
			}
			if d.Bus != 2 || d.Address != 17 || d.Port != "2-1.4" || d.Node != "/dev/bus/usb/002/017" || fmt.Sprintf("%04x", d.VendorID) != tt.d.vendor {
				t.Errorf("got %+v", d)
			}
			if d.Manufacturer != tt.d.strings[0] || d.Serial != tt.d.strings[2] {
				t.Errorf("strings of %+v, want %q", d, tt.d.strings)
			}
			if d.State != ChargeOnly {
				want := ifaceDesc{config: 1, number: tt.iface, in: 0x81, out: 0x02, event: 0x83, maxPacket: 512, maxEvent: 28}
				i := d.iface
				if i.config != want.config || i.number != want.number || i.in != want.in || i.out != want.out || i.event != want.event || i.maxPacket != want.maxPacket || i.maxEvent != want.maxEvent {
					t.Errorf("interface %+v, want %+v", i, want)
				}
			}
			if asked != (tt.d.interfaces[0].class == "ff/00/00" && tt.d.udev == "") {
				t.Errorf("asked for Microsoft's descriptor: %v", asked)
			}
			if !d.there() {
				t.Error("the device is there, and isn't")
			}
			if err := os.WriteFile(filepath.Join(d.syspath, "devnum"), []byte("18\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			if d.there() {
				t.Error("another device at the port is taken for the one that was listed")
			}
		})
	}
}

// TestListOfWhatComes: a phone that is listed while the kernel sets it up is waited for, and isn't taken for one in
// another mode; one that never gets whole is listed as what it is.
func TestListOfWhatComes(t *testing.T) {
	for _, part := range []string{"configuration", "interface", "endpoints"} {
		for _, comes := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s %v", part, comes), func(t *testing.T) {
				t.Parallel()
				s := fake(t, fakeDevice{port: "1-2", vendor: "18d1", product: "4ee1", bus: 1, address: 5, strings: [3]string{"Lab", "Phone", "S1"},
					interfaces: []fakeInterface{{class: "06/01/01", name: "MTP", endpoints: three}}})
				device := filepath.Join(s.Root, "sys/bus/usb/devices/1-2")
				write(t, filepath.Join(device, "authorized"), "1")
				write(t, filepath.Join(device, "bNumInterfaces"), " 1")
				write(t, filepath.Join(device, "bConfigurationValue"), "1")
				late := map[string]string{"configuration": device + "/bConfigurationValue", "interface": device + ":1.0", "endpoints": device + ":1.0/ep_83"}[part]
				aside := filepath.Join(t.TempDir(), "aside")
				if err := os.Rename(late, aside); err != nil {
					t.Fatal(err)
				}
				put := make(chan error, 1)
				if comes {
					time.AfterFunc(30*time.Millisecond, func() { put <- os.Rename(aside, late) })
				} else {
					put <- nil
				}
				all, err := s.List()
				if err := errors.Join(err, <-put); err != nil {
					t.Fatal(err)
				}
				ready := len(all) == 1 && all[0].State == Ready
				if ready != (comes || part == "configuration") {
					t.Errorf("listed: %v", all)
				}
			})
		}
	}
}

func TestListOrderAndUnicode(t *testing.T) {
	phone := func(port string, address int) fakeDevice {
		return fakeDevice{port: port, bus: 1, address: address, vendor: "18d1", product: "4ee1",
			strings:    [3]string{"Fairphone", "Adas Gerät 手机", "ß" + port},
			interfaces: []fakeInterface{{0, "06/01/01", "MTP", three, ""}}}
	}
	hub := fakeDevice{port: "1-2", bus: 1, address: 2, vendor: "1d6b", product: "0002",
		interfaces: []fakeInterface{{0, "09/00/00", "", "81i", "hub"}}}
	got, err := fake(t, phone("1-2.2", 9), hub, phone("1-2.1", 10)).List()
	if err != nil || len(got) != 2 || got[0].Serial != "ß1-2.1" || got[1].Serial != "ß1-2.2" {
		t.Fatalf("got %v, %v", got, err)
	}
	if want := "Fairphone Adas Gerät 手机 (usb 1-2.1)"; got[0].String() != want {
		t.Errorf("got %q, want %q", got[0], want)
	}
	if _, err := (System{Root: t.TempDir()}).List(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no sysfs: %v, want ErrNotExist", err)
	}
}

func TestHolders(t *testing.T) {
	d := fakeDevice{port: "1-1", bus: 1, address: 5, vendor: "18d1", product: "4ee1",
		interfaces: []fakeInterface{{0, "06/01/01", "MTP", three, "usbfs"}}}
	s := fake(t, d)
	hold := func(pid int, name, node string) {
		dir := filepath.Join(s.Root, fmt.Sprintf("proc/%d", pid))
		write(t, filepath.Join(dir, "comm"), name)
		if err := os.MkdirAll(filepath.Join(dir, "fd"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(node, filepath.Join(dir, "fd", "7")); err != nil {
			t.Fatal(err)
		}
	}
	const node = "/dev/bus/usb/001/005"
	describe := func() (string, *OpenError) {
		got, err := s.List()
		if err != nil || len(got) != 1 || got[0].State != Busy {
			t.Fatalf("got %v, %v", got, err)
		}
		var open *OpenError
		if !errors.As(busyError(got[0], s.holders(node)), &open) || !errors.Is(open, ErrBusy) {
			t.Fatalf("got %v, want ErrBusy", open)
		}
		return got[0].Reason, open
	}
	if why, _ := describe(); why != "a program of another user has it" {
		t.Errorf("nobody seen: %q", why)
	}
	hold(40, "adb", node)
	if why, _ := describe(); why != "adb (pid 40) has it" {
		t.Errorf("adb alone: %q", why)
	}
	hold(900, "gvfsd-mtp", node)
	hold(901, "other", "/dev/bus/usb/001/006")
	why, open := describe()
	if why != "gvfsd-mtp (pid 900) has it" || !strings.Contains(open.Next, "gio mount") || len(open.Holders) != 1 {
		t.Errorf("gvfs: %q, next %q, %v", why, open.Next, open.Holders)
	}
	for name, want := range map[string]string{
		"kiod6": "kquitapp6 kiod6", "mtp-probe": "wait", "jmtpfs": "fusermount", "strange": "close the program",
		"gvfsd-mtp": "gio mount -u mtp://Google_Pixel_8_S1/",
	} {
		if got := nextForHolders([]Holder{{1, name}}, "Google_Pixel_8_S1"); !strings.Contains(got, want) {
			t.Errorf("next for %s: %q, want %q in it", name, got, want)
		}
	}
}

func TestOpenChargeOnly(t *testing.T) {
	d := DeviceDesc{Product: "Pixel", Port: "1-1", State: ChargeOnly, Reason: "the phone only charges"}
	_, err := Open(t.Context(), d)
	var open *OpenError
	if !errors.As(err, &open) || open.What == "" || open.Next == "" {
		t.Fatalf("got %v, want an OpenError with what and next", err)
	}
	if !errors.Is(err, ErrChargeOnly) && !errors.Is(err, ErrNoUSB) {
		t.Errorf("got %v, want ErrChargeOnly", err)
	}
}

// TestAt: an event's device is found by its own path, and held by its node.
func TestAt(t *testing.T) {
	mtpIface := []fakeInterface{{class: "06/01/01", name: "MTP", endpoints: three}}
	s := fake(t,
		fakeDevice{port: "1-2", vendor: "18d1", product: "4ee1", bus: 1, address: 7, strings: [3]string{"Google", "Pixel", "S1"}, interfaces: mtpIface},
		fakeDevice{port: "2-2", vendor: "18d1", product: "4ee1", bus: 2, address: 3, strings: [3]string{"Google", "Pixel", "S2"}, interfaces: mtpIface},
		fakeDevice{port: "1-4", vendor: "046d", product: "c077", bus: 1, address: 4, strings: [3]string{"Logitech", "Mouse", ""}, interfaces: []fakeInterface{{class: "03/01/02", endpoints: "81i"}}},
	)
	// The kernel's list is of links into the tree.
	devices := filepath.Join(s.Root, "sys/bus/usb/devices")
	for _, port := range []string{"1-2", "2-2", "1-4"} {
		at := filepath.Join(s.Root, "sys/devices/pci/usb"+port[:1], port)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(devices, port), at); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(at, filepath.Join(devices, port)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ name, path, serial string }{
		{"an event's path", "/sys/devices/pci/usb1/1-2", "S1"},
		{"the list's path", "/sys/bus/usb/devices/2-2", "S2"},
		{"the port on another controller", "/sys/devices/other/usb1/1-2", ""},
		{"unplugged", "/sys/devices/pci/usb1/1-3", ""},
		{"no phone", "/sys/devices/pci/usb1/1-4", ""},
		{"a controller", "/sys/devices/pci/usb1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, there, err := s.At(tt.path)
			if err != nil || there != (tt.serial != "") || d.Serial != tt.serial {
				t.Fatalf("got %q, %v, %v; want %q", d.Serial, there, err, tt.serial)
			}
		})
	}
	d, _, err := s.At("/sys/devices/pci/usb1/1-2")
	if err != nil {
		t.Fatal(err)
	}
	f, err := d.Hold()
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(s.Root, "dev/bus/usb/001/007"); f.Name() != want {
		t.Errorf("held %s, want %s", f.Name(), want)
	}
	f.Close()
	write(t, filepath.Join(devices, "1-2/devnum"), "8")
	if f, err := d.Hold(); !errors.Is(err, mtp.ErrDeviceGone) {
		t.Errorf("another device at the port: got %v, %v", f, err)
	}
	if os.Getuid() != 0 { // whom no mode stops
		e, _, err := s.At("/sys/devices/pci/usb2/2-2")
		if err == nil {
			err = os.Chmod(filepath.Join(s.Root, e.Node), 0)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Hold(); !errors.Is(err, ErrNoPermission) {
			t.Errorf("a node that isn't ours: got %v", err)
		}
	}
}

func TestMountedBy(t *testing.T) {
	for _, tt := range []struct{ name, mounts, want string }{
		{"its own", "proc /proc proc rw 0 0\njmtpfs /home/a/phone fuse.jmtpfs rw,user_id=1000 0 0\n", "/home/a/phone"},
		{"named as the source", "jmtpfs /mnt/p fuse rw 0 0\n", "/mnt/p"},
		{"a place with a space and a quote", `jmtpfs /mnt/my\040ph'one fuse.jmtpfs rw 0 0`, `'/mnt/my ph'\''one'`},
		{"several", "jmtpfs /a fuse.jmtpfs rw 0 0\njmtpfs /b fuse.jmtpfs rw 0 0\n", ""},
		{"another program's", "gvfsd-fuse /run/user/1000/gvfs fuse.gvfsd-fuse rw 0 0\n", ""},
		{"a disk of that name", "/dev/jmtpfs /a ext4 rw 0 0\nshort\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			write(t, filepath.Join(root, "proc/self/mounts"), tt.mounts)
			if got := mountedBy(root, "jmtpfs"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
