package usb

import (
	"context"
	"fmt"
	"time"
)

// awaitPoll is how often [Await] looks.
const awaitPoll = 200 * time.Millisecond

// Await waits until a phone that has left the bus, or has no MTP interface, is
// there again: phones drop off and come back when they are unlocked, when their
// USB mode is changed, and some after a transaction was called off. It is the
// same phone if port, vendor and serial are the same; address and product may
// differ. When ctx ends the error wraps its cause.
func Await(ctx context.Context, d DeviceDesc) (DeviceDesc, error) {
	return await(ctx, d, d.sys.List)
}

func await(ctx context.Context, d DeviceDesc, list func() ([]DeviceDesc, error)) (DeviceDesc, error) {
	tick := time.NewTicker(awaitPoll)
	defer tick.Stop()
	for {
		all, err := list()
		if err != nil {
			return DeviceDesc{}, err
		}
		for _, n := range all {
			if n.State != ChargeOnly && n.Port == d.Port && n.VendorID == d.VendorID && n.Serial == d.Serial {
				return n, nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return DeviceDesc{}, fmt.Errorf("wait for %v: %w", d, context.Cause(ctx))
		}
	}
}
