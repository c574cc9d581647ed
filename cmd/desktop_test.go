package cmd

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

// notifier is a notification server that writes down what it was told.
type notifier struct {
	conn  *dbus.Conn
	path  string
	press string // the button that it presses when a notice has it

	mu   sync.Mutex
	last uint32
}

func (n *notifier) GetCapabilities() ([]string, *dbus.Error) {
	return []string{"body", "actions"}, nil
}

func (n *notifier) Notify(app string, replaces uint32, icon, title, body string, actions []string, hints map[string]dbus.Variant, expire int32) (uint32, *dbus.Error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	id := replaces
	if id == 0 {
		n.last++
		id = n.last
	}
	n.write("bubble %d: %s | %s | %s", id, title, strings.ReplaceAll(body, "\n", " / "), strings.Join(actions, ","))
	for i := 0; i+1 < len(actions); i += 2 {
		if actions[i] != n.press {
			continue
		}
		time.AfterFunc(300*time.Millisecond, func() {
			if err := n.conn.Emit("/org/freedesktop/Notifications", "org.freedesktop.Notifications.ActionInvoked", id, n.press); err != nil {
				n.write("%v", err)
			}
		})
		return id, nil
	}
	if len(actions) > 0 {
		time.AfterFunc(300*time.Millisecond, func() {
			_ = n.conn.Emit("/org/freedesktop/Notifications", "org.freedesktop.Notifications.NotificationClosed", id, uint32(2)) // the script may be over
		})
	}
	return id, nil
}

func (n *notifier) CloseNotification(id uint32) *dbus.Error {
	n.write("closed %d", id)
	return nil
}

func (n *notifier) write(format string, args ...any) {
	f, err := os.OpenFile(n.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	fmt.Fprintf(f, format+"\n", args...)
}

// desktop FILE [BUTTON] starts a session bus with a notification server that writes
// what it is told to FILE, and presses BUTTON where a notice has it, else closes it.
func cmdDesktop(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: desktop FILE [BUTTON]")
	}
	c := exec.Command("dbus-daemon", "--session", "--nofork", "--print-address", "--address=unix:tmpdir="+ts.Getenv("XDG_RUNTIME_DIR"))
	out, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	ts.Defer(func() {
		_ = c.Process.Kill() // it may have ended
		_ = c.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	ts.Check(err)
	address = strings.TrimSpace(address)
	conn, err := dbus.Connect(address)
	ts.Check(err)
	ts.Defer(func() { conn.Close() })
	n := &notifier{conn: conn, path: ts.MkAbs(args[0])}
	if len(args) > 1 {
		n.press = args[1]
	}
	ts.Check(conn.Export(n, "/org/freedesktop/Notifications", "org.freedesktop.Notifications"))
	_, err = conn.RequestName("org.freedesktop.Notifications", dbus.NameFlagDoNotQueue)
	ts.Check(err)
	ts.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
}
