package usb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cradle/mtp"
)

// At finds the phone at a path of sysfs, as an event of udev's names it
// (/sys/devices/…/usb1/1-2): the device itself, which another one that later has
// the same port on another controller isn't. false: no phone is there now.
func At(syspath string) (DeviceDesc, bool, error) { return System{ProbeOS: probeOS}.At(syspath) }

// At is [At] in this System.
func (s System) At(syspath string) (DeviceDesc, bool, error) {
	want, err := filepath.EvalSymlinks(filepath.Join(s.Root, syspath))
	if errors.Is(err, fs.ErrNotExist) {
		return DeviceDesc{}, false, nil
	}
	if err != nil {
		return DeviceDesc{}, false, fmt.Errorf("look for %s: %w", syspath, err)
	}
	all, err := s.List()
	if err != nil {
		return DeviceDesc{}, false, err
	}
	for _, d := range all {
		if at, err := filepath.EvalSymlinks(d.syspath); err == nil && at == want {
			return d, true, nil
		}
	}
	return DeviceDesc{}, false, nil
}

// Hold opens the device's node for [OpenFile]. The descriptor stays this device's,
// whatever gets its port and number later: it is this one that is used, or none.
// Nothing is sent and no interface taken: other programs use the phone as before.
// Errors: an [*OpenError] with ErrNoPermission, [mtp.ErrDeviceGone].
func (d DeviceDesc) Hold() (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(d.sys.Root, d.Node), os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, permissionError(d, d.Node+": access denied")
	case err != nil && (errors.Is(err, fs.ErrNotExist) || !d.there()):
		return nil, fmt.Errorf("%v: open: %w", d, mtp.ErrDeviceGone)
	case err != nil:
		return nil, fmt.Errorf("%v: open: %w", d, err)
	}
	if !d.there() { // another device has the number by now
		f.Close()
		return nil, fmt.Errorf("%v: open: %w", d, mtp.ErrDeviceGone)
	}
	return f, nil
}
