package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

// ErrNoBus: there is no desktop session to speak to.
var ErrNoBus = errors.New("no session bus")

// callTime bounds one call: a program on the bus that hangs isn't waited for.
const callTime = 5 * time.Second

// Bus is a connection to the session bus. Several goroutines may use it, each with
// keys of its own.
type Bus struct {
	conn *dbus.Conn
	mu   sync.Mutex        // guards what follows
	sent map[string]uint32 // the bubble of each key
	caps map[string]bool   // nil: not asked yet
}

// Open connects to the session bus that the environment names, or to the user's own.
// No bus is started.
func Open(ctx context.Context) (*Bus, error) {
	address := os.Getenv("DBUS_SESSION_BUS_ADDRESS")
	if address == "" {
		socket := filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "bus")
		if _, err := os.Stat(socket); os.Getenv("XDG_RUNTIME_DIR") == "" || err != nil {
			return nil, ErrNoBus
		}
		address = "unix:path=" + dbus.EscapeBusAddressValue(socket)
	}
	return connect(ctx, address)
}

func connect(ctx context.Context, address string) (*Bus, error) {
	conn, err := dbus.Connect(address, dbus.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoBus, address, err)
	}
	return &Bus{conn: conn, sent: map[string]uint32{}}, nil
}

// Close ends the connection; bubbles stay.
func (b *Bus) Close() error { return b.conn.Close() }

// call calls a method and takes its answer apart.
func (b *Bus) call(ctx context.Context, wait time.Duration, dest string, path dbus.ObjectPath, method string, args []any, out ...any) error {
	ctx, stop := context.WithTimeout(ctx, wait)
	defer stop()
	c := b.conn.Object(dest, path).CallWithContext(ctx, method, 0, args...)
	if c.Err != nil {
		return fmt.Errorf("%s: %w", method, c.Err)
	}
	if len(out) == 0 {
		return nil
	}
	if err := c.Store(out...); err != nil {
		return fmt.Errorf("the answer of %s: %w", method, err)
	}
	return nil
}
