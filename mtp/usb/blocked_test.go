package usb

import (
	"errors"
	"testing"
)

func TestBlocked(t *testing.T) {
	for _, c := range []struct {
		state State
		want  error
	}{{Ready, nil}, {ChargeOnly, ErrChargeOnly}, {NoPermission, ErrNoPermission}, {Busy, ErrBusy}} {
		b := DeviceDesc{State: c.state, Port: "1-2", sys: System{Root: t.TempDir()}}.Blocked()
		switch {
		case c.want == nil && b != nil:
			t.Errorf("%s: got %v, want nothing in the way", c.state, b)
		case c.want != nil && (b == nil || !errors.Is(b, c.want) || b.Next == ""):
			t.Errorf("%s: got %v, want %v and a next step", c.state, b, c.want)
		}
	}
}
