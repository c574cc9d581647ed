package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	trackerName = "org.gtk.vfs.Daemon"
	trackerPath = dbus.ObjectPath("/org/gtk/vfs/mounttracker")
	trackerType = "org.gtk.vfs.MountTracker"
	mountType   = "org.gtk.vfs.Mount"
)

// mountTime bounds mounting and unmounting: gvfs ends its own session with the phone
// and waits for what runs.
const mountTime = 30 * time.Second

// noOperation stands for nobody to ask: no password, no "still in use" window.
const noOperation = dbus.ObjectPath("/")

// mountSource says who is asked while something is mounted: (so), where Unmount has the
// two as arguments of their own (gvfs, common/org.gtk.vfs.xml).
type mountSource struct {
	Sender string
	Path   dbus.ObjectPath
}

// mountInfo is an element of ListMounts2's answer, a(sossssssbay(aya{sv})ay).
type mountInfo struct {
	ID        string
	Path      dbus.ObjectPath
	Name      string
	Stable    string
	Content   string
	Icon      string
	Symbolic  string
	Encoding  string
	Visible   bool
	FUSE      []byte
	Spec      mountSpec
	DefaultAt []byte
}

type mountSpec struct {
	Prefix []byte
	Items  map[string]dbus.Variant
}

// item is a word of a specification: bytes that end in NUL.
func (s mountSpec) item(key string) string {
	b, _ := s.Items[key].Value().([]byte)
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

// Device says which phone is meant.
type Device struct {
	Serial       string // udev's ID_SERIAL, such as Google_Pixel_8_38291FDJH000AB
	Bus, Address int
}

// is reports whether a mount is of that phone. gvfs calls it by ID_SERIAL, percent
// encoded; before version 1.33 by bus and address.
func (d Device) is(s mountSpec) bool {
	if t := s.item("type"); t != "mtp" && t != "gphoto2" {
		return false
	}
	host := s.item("host")
	if host == fmt.Sprintf("[usb:%03d,%03d]", d.Bus, d.Address) {
		return true
	}
	return d.Serial != "" && unescape(host) == unescape(d.Serial)
}

// unescape takes percent encoding apart; a % that begins none stays.
func unescape(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := hex(s[i+1]), hex(s[i+2])
			if hi >= 0 && lo >= 0 {
				out.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// ErrInUse: gvfs doesn't let go of the phone while its files are open.
var ErrInUse = errors.New("files of the phone are open in the file manager")

// Errors of GIO (GIOErrorEnum) as they cross the bus.
const (
	gioAlreadyMounted = 17
	gioBusy           = 26
)

// isGIO reports whether a call was answered by that error.
func isGIO(err error, code int) bool {
	var e dbus.Error
	return errors.As(err, &e) && e.Name == fmt.Sprintf("org.gtk.GDBus.UnmappedGError.Quark._g_2dio_2derror_2dquark.Code%d", code)
}

// Mounted is a phone that gvfs had mounted and let go of.
type Mounted struct {
	bus  *Bus
	spec mountSpec
}

// Release has gvfs let go of a phone, as its eject button does. It returns nil where
// gvfs has no such mount or isn't there at all. While files are open gvfs refuses:
// [ErrInUse]; that is respected.
func (b *Bus) Release(ctx context.Context, d Device) (*Mounted, error) {
	var running bool
	if err := b.call(ctx, callTime, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", []any{trackerName}, &running); err != nil || !running {
		return nil, err // asking it would start it
	}
	var mounts []mountInfo
	if err := b.call(ctx, callTime, trackerName, trackerPath, trackerType+".ListMounts2", []any{false}, &mounts); err != nil {
		return nil, err
	}
	for _, m := range mounts {
		if !d.is(m.Spec) {
			continue
		}
		const noFlags = uint32(0) // never by force
		err := b.call(ctx, mountTime, m.ID, m.Path, mountType+".Unmount", []any{"", noOperation, noFlags})
		if isGIO(err, gioBusy) {
			return nil, fmt.Errorf("%w: %w", ErrInUse, err)
		}
		if err != nil {
			return nil, err
		}
		return &Mounted{bus: b, spec: m.Spec}, nil
	}
	return nil, nil
}

// Again mounts the phone as it was mounted before.
func (m *Mounted) Again(ctx context.Context) error {
	err := m.bus.call(ctx, mountTime, trackerName, trackerPath, trackerType+".MountLocation", []any{m.spec, mountSource{"", noOperation}})
	if isGIO(err, gioAlreadyMounted) {
		return nil // the file manager was quicker
	}
	return err
}
