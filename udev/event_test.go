package udev

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const phonePath = "/devices/pci0000:00/0000:00:14.0/usb1/1-2"

func kernelMessage(props ...string) []byte {
	return []byte("add@" + phonePath + "\x00" + strings.Join(props, "\x00") + "\x00")
}

func udevMessage(props ...string) []byte {
	body := strings.Join(props, "\x00") + "\x00"
	b := make([]byte, udevHeader, udevHeader+len(body))
	copy(b, udevPrefix)
	binary.BigEndian.PutUint32(b[8:], udevMagic)
	binary.NativeEndian.PutUint32(b[12:], udevHeader)
	binary.NativeEndian.PutUint32(b[16:], udevHeader)
	binary.NativeEndian.PutUint32(b[20:], uint32(len(body)))
	return append(b, body...)
}

func TestParseEvent(t *testing.T) {
	phone := []string{"ACTION=bind", "DEVPATH=" + phonePath, "SUBSYSTEM=usb", "DEVTYPE=usb_device", "ID_MODEL=Pixel=8"}
	long := udevMessage(phone...)
	binary.NativeEndian.PutUint32(long[20:], 0xfffffff0)
	early := udevMessage(phone...)
	binary.NativeEndian.PutUint32(early[16:], 4)
	var many []string
	for i := range maxProperties + 1 {
		many = append(many, "K"+string(rune('A'+i%26))+strings.Repeat("x", i/26)+"=1")
	}
	for _, c := range []struct {
		name string
		b    []byte
		port string
		ok   bool
	}{
		{"udev's", udevMessage(phone...), "1-2", true},
		{"the kernel's", kernelMessage(phone...), "1-2", true},
		{"an interface", udevMessage("ACTION=add", "DEVPATH="+phonePath+"/1-2:1.0", "SUBSYSTEM=usb", "DEVTYPE=usb_interface"), "", true},
		{"a disk", udevMessage("ACTION=add", "DEVPATH=/devices/x/block/sda", "SUBSYSTEM=block", "DEVTYPE=disk"), "", true},
		{"without an action", udevMessage(phone[1:]...), "", false},
		{"without a path", udevMessage(phone[0]), "", false},
		{"no property", kernelMessage("ACTION=add", "nonsense"), "", false},
		{"a length beyond the end", long, "", false},
		{"properties inside the header", early, "", false},
		{"another magic", append([]byte(udevPrefix), make([]byte, 40)...), "", false},
		{"a short header", []byte(udevPrefix), "", false},
		{"too many properties", kernelMessage(many...), "", false},
		{"empty", nil, "", false},
		{"too long", make([]byte, maxMessage+1), "", false},
	} {
		e, err := parseEvent(c.b)
		if (err == nil) != c.ok || e.Port() != c.port {
			t.Errorf("%s: got port %q, %v; want %q, taken %v", c.name, e.Port(), err, c.port, c.ok)
		}
		if err != nil && !errors.Is(err, errNoEvent) {
			t.Errorf("%s: got %v, want errNoEvent", c.name, err)
		}
	}
}

func FuzzParseEvent(f *testing.F) {
	f.Add(udevMessage("ACTION=add", "DEVPATH=/x"))
	f.Add(kernelMessage("ACTION=add", "DEVPATH=/x"))
	f.Add([]byte(udevPrefix))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseEvent(b)
		if err == nil && (e.Action == "" || !strings.HasPrefix(e.SysPath, "/sys/") || len(e.Properties) > maxProperties) {
			t.Errorf("%q was taken for %+v", b, e)
		}
	})
}

// TestNetlink sends a message as udev does, from this process, and reads it. It needs
// root, as sending does.
func TestNetlink(t *testing.T) {
	n, err := listen(udevGroup)
	if err != nil {
		t.Skipf("no netlink here: %v", err)
	}
	defer n.Close()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	send := func(b []byte) {
		t.Helper()
		if err := unix.Sendto(fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: udevGroup}); err != nil {
			t.Skipf("only root can send: %v", err)
		}
	}
	send([]byte("nonsense"))
	send(udevMessage("ACTION=bind", "DEVPATH="+phonePath, "SUBSYSTEM=usb", "DEVTYPE=usb_device"))
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	e, err := n.Next(ctx)
	for err == nil && e.Port() != "1-2" { // a device of this very machine
		e, err = n.Next(ctx)
	}
	if err != nil || e.Action != "bind" {
		t.Errorf("got %+v, %v; want the bind of 1-2", e, err)
	}
}

func TestNetlinkEnds(t *testing.T) {
	n, err := listen(udevGroup)
	if err != nil {
		t.Skipf("no netlink here: %v", err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, err := n.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with its time over: got %v", err)
	}
	time.AfterFunc(50*time.Millisecond, func() { n.Close() })
	if _, err := n.Next(t.Context()); err == nil {
		t.Error("a closed source goes on")
	}
}
