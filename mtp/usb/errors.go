package usb

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// What stands between us and a device. [Open] wraps one of these in an
// [*OpenError].
var (
	ErrBusy         = errors.New("another program uses the phone")
	ErrNoPermission = errors.New("no permission to use the phone")
	ErrChargeOnly   = errors.New("the phone isn't in file transfer mode")
	// ErrNoUSB says that the program was built without USB, or that libusb
	// could not start.
	ErrNoUSB = errors.New("no USB access")
)

// OpenError says why a device couldn't be opened, for people: what, why, and
// the one thing to do next.
type OpenError struct {
	Device          DeviceDesc
	What, Why, Next string
	// Holders are the programs that have the device open, for ErrBusy. Only
	// those that we may look at are found: usually one's own.
	Holders []Holder
	Err     error
}

func (e *OpenError) Error() string {
	s := e.Summary()
	if e.Why != "" {
		s += ": " + e.Why
	}
	return s
}

// Summary is What, and of which device if it is about one.
func (e *OpenError) Summary() string {
	if e.Device.Port == "" {
		return e.What
	}
	return fmt.Sprintf("%v: %s", e.Device, e.What)
}

// Unwrap gives one of the sentinel errors, or what libusb said.
func (e *OpenError) Unwrap() error { return e.Err }

func chargeOnlyError(d DeviceDesc) error {
	return &OpenError{
		Device: d, Err: ErrChargeOnly,
		What: ErrChargeOnly.Error(),
		Why:  d.Reason,
		Next: "unlock the phone, open its USB notification and choose “File transfer”",
	}
}

func permissionError(d DeviceDesc, why string) error {
	return &OpenError{
		Device: d, Err: ErrNoPermission,
		What: ErrNoPermission.Error(),
		Why:  why,
		Next: "install the udev rule, then plug the phone in again. A line that does: " +
			`SUBSYSTEM=="usb", ATTR{idVendor}=="` + fmt.Sprintf("%04x", d.VendorID) + `", TAG+="uaccess"` +
			" in /etc/udev/rules.d/70-cradle.rules",
	}
}

func busyError(d DeviceDesc, holders []Holder) error {
	return &OpenError{
		Device: d, Err: ErrBusy, Holders: holders,
		What: ErrBusy.Error(),
		Why:  describeHolders(holders),
		Next: nextForHolders(holders, d.sys.udevProperties(&d)["ID_SERIAL"]),
	}
}

func describeHolders(holders []Holder) string {
	if len(holders) == 0 {
		return "a program of another user has it"
	}
	var names []string
	for _, h := range holders {
		names = append(names, fmt.Sprintf("%s (pid %d)", h.Name, h.PID))
	}
	return strings.Join(names, ", ") + " has it"
}

// nextForHolders gives the one command that frees the phone, by who has it. serial is
// udev's ID_SERIAL, by which gvfs calls it.
func nextForHolders(holders []Holder, serial string) string {
	for _, h := range holders {
		switch {
		case strings.HasPrefix(h.Name, "gvfsd-mtp"), strings.HasPrefix(h.Name, "gvfsd-gphoto2"):
			scheme := strings.TrimPrefix(h.Name, "gvfsd-")
			if serial == "" {
				return "gio mount --unmount-scheme=" + scheme
			}
			return "gio mount -u " + scheme + "://" + url.PathEscape(serial) + "/"
		case strings.HasPrefix(h.Name, "kiod"):
			return "kquitapp" + strings.TrimPrefix(h.Name, "kiod") + " " + h.Name
		case strings.HasPrefix(h.Name, "mtp-probe"):
			return "wait a second and try again: the system is looking at the phone"
		case h.Name == "jmtpfs", h.Name == "simple-mtpfs", h.Name == "go-mtpfs", h.Name == "aft-mtp-mount":
			if at := mountedBy("", h.Name); at != "" {
				return "fusermount -u " + at
			}
			return "unmount it: fusermount -u MOUNTPOINT"
		}
	}
	return "close the program that shows the phone's files and try again"
}
