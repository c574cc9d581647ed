package hwtest_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"cradle/hwtest/usbip"
	"cradle/mtp"
	"cradle/mtp/usb"
)

// onUSB are the scenarios that are played over a real kernel, too: one of each
// kind of thing that USB itself has to do with, none that waits for long.
var onUSB = []string{
	"stall-open", "stall-command", "stall-command-explained", "stall-data-in", "stall-data-in-explained", "stall-data-out", "stall-response",
	"short-body", "short-body-full-packet", "short-list", "length-unknown", "length-too-long", "garbled-info", "header-ids",
	"lie-no-zlp", "lie-dummy-byte", "lie-split-header", "lie-pad-response", "lie-stall-zlp",
	"pull-and-back", "pull-put", "leaves-mtp-mode", "session-open", "session-forgotten", "busy-open", "locked", "events", "basic-silent",
}

// onGousb are those of them that libusb's own handling of transfers has to do
// with.
var onGousb = []string{
	"stall-open", "stall-data-in-explained", "stall-data-out", "short-body-full-packet", "length-unknown",
	"lie-no-zlp", "lie-dummy-byte", "lie-stall-zlp", "pull-and-back", "basic-silent",
}

// TestScenariosOnUSB plays a sample over USB/IP and the kernel of this machine,
// which has to have vhci_hcd and usbip, and nothing else attached: it is meant for
// a virtual machine. CRADLE_USB chooses the backend.
func TestScenariosOnUSB(t *testing.T) {
	if os.Getenv("CRADLE_SCENARIOS_USB") == "" {
		t.Skip("CRADLE_SCENARIOS_USB=1 plays scenarios through this machine's kernel, as root")
	}
	files, sample := scenarioFiles(t), onUSB
	if b, err := usb.ChosenBackend(); err != nil {
		t.Fatal(err)
	} else if b == usb.Gousb {
		sample = onGousb
	}
	for _, name := range sample {
		i := slices.IndexFunc(files, func(f scenarioFile) bool { return f.name == name })
		if i < 0 {
			t.Errorf("no scenario %s", name)
			continue
		}
		t.Run(name, func(t *testing.T) { files[i].playOnUSB(t) })
	}
}

func (f *scenarioFile) playOnUSB(t *testing.T) {
	dir := t.TempDir()
	furnish(t, dir)
	p := f.open(t, dir)
	defer p.Close()
	l, err := net.Listen("tcp", "127.0.0.1:3240")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- usbip.Serve(ctx, l, p, usbip.DefaultID(p.Kind()), nil) }()
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		if _, there := enumerated(t, p.Serial(), false); there {
			t.Error("the kernel still has the phone")
		}
	}()
	d := &desk{t: t, dir: dir, phone: p}
	d.plug = func() (mtp.Transport, error) {
		// Pulled by the phone: the kernel may not have noticed yet.
		if _, there := enumerated(t, p.Serial(), false); there {
			return nil, fmt.Errorf("still attached: %w", mtp.ErrDeviceGone)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if out, err := exec.CommandContext(ctx, "usbip", "attach", "-r", "127.0.0.1", "-b", "1-1").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("usbip attach: %s: %w", out, mtp.ErrDeviceGone)
		}
		device, there := enumerated(t, p.Serial(), true)
		if !there {
			return nil, fmt.Errorf("not enumerated: %w", mtp.ErrDeviceGone)
		}
		return usb.Open(t.Context(), device)
	}
	f.walk(t, d, true, 4)
	d.tr.Close()
}

// enumerated waits until the kernel has a phone, or has it no more.
func enumerated(t *testing.T, serial string, want bool) (usb.DeviceDesc, bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		all, err := usb.List()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(all, func(d usb.DeviceDesc) bool { return d.Serial == serial })
		switch {
		case i >= 0 && (want || time.Now().After(deadline)):
			return all[i], true
		case i < 0 && (!want || time.Now().After(deadline)):
			return usb.DeviceDesc{}, false
		}
	}
}
