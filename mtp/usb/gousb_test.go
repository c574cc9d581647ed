//go:build linux && cgo && !nousb

package usb

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"cradle/mtp"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gousb"
)

func TestSpread(t *testing.T) {
	for _, tt := range []struct {
		name    string
		numbers []int
		want    []int
	}{
		{"numbers are indexes", []int{0, 1}, []int{0, 1}},
		{"gaps", []int{1, 4}, []int{-1, 1, -1, -1, 4}},
		{"out of order", []int{2, 0}, []int{0, -1, 2}},
		{"none", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c gousb.ConfigDesc
			for _, n := range tt.numbers {
				c.Interfaces = append(c.Interfaces, gousb.InterfaceDesc{Number: n})
			}
			spread(&c)
			var got []int
			for _, i := range c.Interfaces {
				got = append(got, i.Number)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTransferErrors(t *testing.T) {
	s := fake(t, fakeDevice{port: "1-1", bus: 1, address: 5, vendor: "18d1", product: "4ee1",
		interfaces: []fakeInterface{{0, "06/01/01", "MTP", three, ""}}})
	devs, err := s.List()
	if err != nil || len(devs) != 1 {
		t.Fatal(devs, err)
	}
	here := &gousbTransport{desc: devs[0]}
	gone := &gousbTransport{desc: devs[0]}
	gone.desc.Address++
	cause := errors.New("the reason")
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	for _, tt := range []struct {
		name string
		t    *gousbTransport
		ctx  context.Context
		err  error
		want error
	}{
		{"cancelled by us", here, ended, gousb.TransferCancelled, cause},
		{"cancelled, and the phone is gone", gone, ended, gousb.TransferCancelled, mtp.ErrDeviceGone},
		{"no device", here, t.Context(), gousb.TransferNoDevice, mtp.ErrDeviceGone},
		{"no device at submission", here, t.Context(), gousb.ErrorNoDevice, mtp.ErrDeviceGone},
		{"noise of an unplugged phone", gone, t.Context(), gousb.TransferError, mtp.ErrDeviceGone},
		{"wrapped", here, t.Context(), fmt.Errorf("x: %w", gousb.ErrorNoDevice), mtp.ErrDeviceGone},
		{"noise", here, t.Context(), gousb.TransferError, gousb.TransferError},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.t.failed(tt.ctx, tt.err, 0); !errors.Is(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if err := here.failed(t.Context(), gousb.ErrorPipe, 0); !errors.Is(err, mtp.ErrStalled) {
		t.Errorf("stalled control pipe: %v, want ErrStalled", err)
	}
}
