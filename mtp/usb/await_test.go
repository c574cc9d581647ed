package usb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestAwait(t *testing.T) {
	phone := fakeDevice{port: "1-1", bus: 1, address: 5, vendor: "18d1", product: "4ee7", strings: [3]string{"Google", "Pixel", "S1"},
		interfaces: []fakeInterface{{0, "ff/42/01", "ADB Interface", "01 82", ""}}}
	s := fake(t, phone)
	devs, err := s.List()
	if err != nil || len(devs) != 1 || devs[0].State != ChargeOnly {
		t.Fatal(devs, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Await(ctx, devs[0]); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("in the wrong mode: %v, want DeadlineExceeded", err)
	}
	// The owner chooses file transfer: another address, product and interface.
	phone.address, phone.product = 6, "4ee1"
	phone.interfaces = []fakeInterface{{0, "06/01/01", "MTP", three, ""}}
	again := fake(t, phone)
	devices := filepath.Join(s.Root, "sys/bus/usb/devices")
	if err := os.RemoveAll(devices); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(devices, 0o755); err != nil { // off the bus
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		time.Sleep(20 * time.Millisecond)
		done <- errors.Join(
			os.CopyFS(filepath.Join(s.Root, "dev/bus/usb/001"), os.DirFS(filepath.Join(again.Root, "dev/bus/usb/001"))),
			os.RemoveAll(devices), os.Rename(filepath.Join(again.Root, "sys/bus/usb/devices"), devices))
	}()
	got, err := await(t.Context(), devs[0], func() ([]DeviceDesc, error) {
		all, err := s.List()
		if errors.Is(err, os.ErrNotExist) {
			err = nil // between the two steps of this test
		}
		return all, err
	})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err != nil || got.Address != 6 || got.ProductID != 0x4ee1 || got.State != Ready {
		t.Errorf("got %+v, %v", got, err)
	}
}
