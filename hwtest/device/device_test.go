package device

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/usb"
)

// The variables that choose what is tested.
const (
	deviceVariable = "CRADLE_DEVICE"
	writeVariable  = "CRADLE_DEVICE_WRITE"
	traceVariable  = "CRADLE_DEVICE_TRACE"
	largeVariable  = "CRADLE_DEVICE_LARGE"
)

// desk is where a phone lies: open connects to it anew.
type desk struct {
	name   string
	serial string
	open   func(t *testing.T) (mtp.Transport, mtp.Options)
}

// named is the phone that the variable names.
func named(t *testing.T) *desk {
	t.Helper()
	sel := os.Getenv(deviceVariable)
	if sel == "" {
		t.Skipf("%s=serial:XYZ names a phone for this: see docs/devices.md", deviceVariable)
	}
	if strings.HasPrefix(sel, "virtual:") {
		s, err := hwtest.ParseSelector(sel)
		if err != nil {
			t.Fatal(err)
		}
		return &desk{name: sel, open: func(t *testing.T) (mtp.Transport, mtp.Options) {
			p, err := s.Open()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { p.Close() })
			return p.Transport(), mtp.Options{}
		}}
	}
	d := onCable(t, sel)
	return &desk{name: fmt.Sprint(d), serial: d.Serial, open: func(t *testing.T) (mtp.Transport, mtp.Options) {
		t.Helper()
		d := onCable(t, sel)
		tr, err := usb.Open(t.Context(), d)
		if err != nil {
			var open *usb.OpenError
			if errors.As(err, &open) {
				t.Fatalf("%v; %s", err, open.Next)
			}
			t.Fatal(err)
		}
		t.Cleanup(func() { tr.Close() })
		return tr, d.SessionOptions()
	}}
}

// onCable finds the one phone that a selector means.
func onCable(t *testing.T, sel string) usb.DeviceDesc {
	t.Helper()
	all, err := usb.List()
	if err != nil {
		t.Fatal(err)
	}
	var found []usb.DeviceDesc
	for _, d := range all {
		switch port, isPort := strings.CutPrefix(sel, "usb:"); {
		case sel == "usb", isPort && d.Port == port, sel == "serial:"+d.Serial:
			found = append(found, d)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s=%s: %d phones are that, of %v; `cradle devices` lists them", deviceVariable, sel, len(found), all)
	}
	return found[0]
}

// session opens a session. The guard is there where nothing may be changed.
func (d *desk) session(t *testing.T, looking bool) *mtp.Session {
	t.Helper()
	tr, opt := d.open(t)
	if file := os.Getenv(traceVariable); file != "" {
		f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		tr = mtp.Trace(tr, slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: slog.LevelDebug})))
	}
	if looking {
		var g *guard
		tr, g = guarded(tr)
		t.Cleanup(func() {
			if len(g.refused) > 0 {
				t.Errorf("%v: %v", errWrites, g.refused)
			}
		})
	}
	s, err := mtp.Open(t.Context(), tr, opt)
	if err != nil {
		t.Fatalf("open a session: %v", err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

// storages are the storages, of which an unlocked phone has at least one.
func storages(t *testing.T, s *mtp.Session) []mtp.StorageID {
	t.Helper()
	ids, err := s.GetStorageIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) == 0 {
		t.Fatal("it has no storage: unlock it, choose file transfer, and say yes if it asks")
	}
	return ids
}

// TestReads looks at the phone that is named, and changes nothing there.
func TestReads(t *testing.T) {
	d := named(t)
	t.Logf("%s", d.name)
	reading(t, d)
}

// TestWrites works in a folder of its own on the phone that is named.
func TestWrites(t *testing.T) {
	d := named(t)
	if os.Getenv(writeVariable) != "yes" {
		t.Skipf("%s=yes lets this make a folder on %s, work there and delete it", writeVariable, d.name)
	}
	large := 64
	if text := os.Getenv(largeVariable); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 4000 {
			t.Fatalf("%s=%s: want the MiB of the largest object that is sent, 1 to 4000", largeVariable, text)
		}
		large = n
	}
	writing(t, d, int64(large)<<20)
}

// TestVirtual runs both parts on virtual phones, so that they are known to hold where there is no
// phone on the desk.
func TestVirtual(t *testing.T) {
	for _, kind := range []hwtest.Kind{hwtest.Android, hwtest.Basic} {
		t.Run(string(kind), func(t *testing.T) {
			dir := t.TempDir()
			seed(t, dir)
			d := &desk{name: string(kind), serial: "DESK", open: func(t *testing.T) (mtp.Transport, mtp.Options) {
				p, err := hwtest.Open(kind, dir, hwtest.Options{Serial: "DESK"})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { p.Close() })
				return p.Transport(), mtp.Options{}
			}}
			before := tree(t, dir)
			t.Run("reads", func(t *testing.T) { reading(t, d) })
			t.Run("writes", func(t *testing.T) { writing(t, d, 3<<20) })
			if after := tree(t, dir); after != before {
				t.Errorf("the suite left the phone otherwise than it was; before:\n%s\nafter:\n%s", before, after)
			}
		})
	}
}

// rate is a rate for the log.
func rate(bytes int64, since time.Time) string {
	return fmt.Sprintf("%.1f MB/s", float64(bytes)/1e6/time.Since(since).Seconds())
}
