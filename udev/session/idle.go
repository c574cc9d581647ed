package session

import (
	"context"
	"fmt"

	"github.com/godbus/dbus/v5"
)

// Idle asks logind whether nobody is at the computer: the desktop says so when the
// screen goes blank (org.freedesktop.login1, property IdleHint of the user).
func Idle(ctx context.Context) (bool, error) {
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return false, fmt.Errorf("the system's bus: %w", err)
	}
	defer conn.Close()
	return idle(ctx, &Bus{conn: conn})
}

func idle(ctx context.Context, b *Bus) (bool, error) {
	var v dbus.Variant
	err := b.call(ctx, callTime, "org.freedesktop.login1", "/org/freedesktop/login1/user/self", "org.freedesktop.DBus.Properties.Get",
		[]any{"org.freedesktop.login1.User", "IdleHint"}, &v)
	if err != nil {
		return false, err
	}
	is, ok := v.Value().(bool)
	if !ok {
		return false, fmt.Errorf("logind's IdleHint is %s, no boolean", v)
	}
	return is, nil
}
