//go:build linux

package usb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"cradle/mtp"

	"golang.org/x/sys/unix"
)

// Open opens the device's MTP interface through the backend that [Environment]
// chooses. The configuration is left as it is, and so are the phone's other
// interfaces: a network or a debug connection over the same cable goes on. A
// kernel driver on the MTP interface itself is taken off. Errors: an
// [*OpenError] with ErrBusy, ErrNoPermission or ErrChargeOnly;
// [mtp.ErrDeviceGone] if it was unplugged since it was listed.
func Open(ctx context.Context, d DeviceDesc) (mtp.Transport, error) {
	b, err := ChosenBackend()
	if err != nil {
		return nil, err
	}
	return OpenBackend(ctx, d, b)
}

// OpenBackend is [Open] through a given backend.
func OpenBackend(ctx context.Context, d DeviceDesc, b Backend) (mtp.Transport, error) {
	if d.State == ChargeOnly {
		return nil, chargeOnlyError(d)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if b == Gousb {
		return openGousb(d)
	}
	n, err := openNode(d.Node)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, permissionError(d, d.Node+": access denied")
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO), err != nil && !d.there():
		return nil, fmt.Errorf("%v: open: %w", d, mtp.ErrDeviceGone)
	case err != nil:
		return nil, fmt.Errorf("%v: open: %w", d, err)
	}
	if !d.there() { // another device has the number by now
		n.close()
		return nil, fmt.Errorf("%v: open: %w", d, mtp.ErrDeviceGone)
	}
	return openUsbfs(d, n)
}

// OpenPath is [Open] for the device behind a node, /dev/bus/usb/BBB/DDD, as an
// event of udev's names it; always through usbfs.
func OpenPath(ctx context.Context, path string) (mtp.Transport, DeviceDesc, error) {
	d, err := listed(func(d DeviceDesc) bool { return d.Node == path }, path)
	if err != nil {
		return nil, d, err
	}
	t, err := OpenBackend(ctx, d, Usbfs)
	return t, d, err
}

// OpenFile is [Open] for a device node that somebody else has opened for
// reading and writing, a service manager for instance: no permission on the
// node is needed. The file stays the caller's. Always through usbfs.
func OpenFile(ctx context.Context, f *os.File) (mtp.Transport, DeviceDesc, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, DeviceDesc{}, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || info.Mode()&fs.ModeCharDevice == 0 || unix.Major(uint64(st.Rdev)) != usbMajor {
		return nil, DeviceDesc{}, fmt.Errorf("%s is no usb device node", f.Name())
	}
	minor := int(unix.Minor(uint64(st.Rdev)))
	d, err := listed(func(d DeviceDesc) bool { return d.minor() == minor }, f.Name())
	if err != nil {
		return nil, d, err
	}
	if d.State == ChargeOnly {
		return nil, d, chargeOnlyError(d)
	}
	if err := ctx.Err(); err != nil {
		return nil, d, err
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, d, err
	}
	fd := -1
	if cerr := raw.Control(func(of uintptr) { fd, err = unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, 0) }); cerr != nil {
		err = cerr
	}
	if err != nil {
		return nil, d, fmt.Errorf("%v: open: %w", d, err)
	}
	n, err := nodeOf(fd)
	if err != nil {
		return nil, d, fmt.Errorf("%v: open: %w", d, err)
	}
	t, err := openUsbfs(d, n)
	if err != nil {
		return nil, d, err
	}
	return t, d, nil
}

// listed finds a phone in the list.
func listed(is func(DeviceDesc) bool, what string) (DeviceDesc, error) {
	all, err := List()
	if err != nil {
		return DeviceDesc{}, err
	}
	for _, d := range all {
		if is(d) {
			return d, nil
		}
	}
	return DeviceDesc{}, fmt.Errorf("%s is no phone on usb: %w", what, mtp.ErrDeviceGone)
}

// Check reports whether the chosen backend can start on this machine: nil, or
// an error that wraps ErrNoUSB. A machine without any USB passes: [List] tells
// that. Nothing is sent to any device.
func Check() error {
	b, err := ChosenBackend()
	switch {
	case err != nil:
		return err
	case b == Gousb:
		return checkGousb()
	}
	if _, err := os.Stat("/sys/bus/usb/devices"); err != nil {
		return nil //nolint:nilerr // no USB
	}
	if _, err := os.Stat("/dev/bus/usb"); err != nil {
		return fmt.Errorf("%w: %w", ErrNoUSB, err)
	}
	return nil
}

// probeOS asks for Microsoft's OS string descriptor and the compatible id
// behind it, as Windows does for interfaces of the vendor class.
func probeOS(d DeviceDesc) bool {
	n, err := openNode(d.Node)
	if err != nil {
		return false
	}
	defer n.close()
	return hasOSDescriptor(n, d.iface.number)
}

func hasOSDescriptor(k kernel, iface int) bool {
	const timeout = 500 // milliseconds
	var s [18]byte
	// GET_DESCRIPTOR of string 0xEE; then 16 bytes that are always the same and
	// the code of the vendor's request.
	n, err := k.control(0x80, 6, 0x03EE, 0, s[:], timeout)
	if err != nil || n < len(s) || string(s[2:16]) != "M\x00S\x00F\x00T\x001\x000\x000\x00" {
		return false
	}
	var id [256]byte
	n, err = k.control(0xC0, s[16], 0, 4, id[:], timeout)
	if err != nil {
		return false
	}
	// 16 bytes of header, then 24 a function: interface, 1, compatible id.
	for at := 16; at+24 <= min(n, len(id)); at += 24 {
		if int(id[at]) == iface && string(id[at+2:at+5]) == "MTP" {
			return true
		}
	}
	return false
}
