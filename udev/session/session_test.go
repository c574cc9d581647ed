package session

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/google/go-cmp/cmp"
)

// daemon starts a bus of its own for a test and returns its address.
func daemon(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("dbus-daemon isn't installed")
	}
	ctx, stop := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, program, "--session", "--nofork", "--print-address", "--address=unix:tmpdir="+t.TempDir())
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = c.Wait() // killed
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("dbus-daemon says no address: %v", err)
	}
	return strings.TrimSpace(address)
}

// peer is a connection of another program on the bus, under a name.
func peer(t *testing.T, address, name string) *dbus.Conn {
	t.Helper()
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	return conn
}

func open(t *testing.T, address string) *Bus {
	t.Helper()
	b, err := connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// bubble is a notification as the server got it.
type bubble struct {
	Replaces            uint32
	Icon, Title, Body   string
	Actions             []string
	Urgency             byte
	Desktop             string
	Transient, HasHints bool
}

// server is a notification server.
type server struct {
	mu     sync.Mutex
	caps   []string
	shown  []bubble
	closed []uint32
	last   uint32
}

func (s *server) GetCapabilities() ([]string, *dbus.Error) { return s.caps, nil }

func (s *server) Notify(app string, replaces uint32, icon, title, body string, actions []string, hints map[string]dbus.Variant, expire int32) (uint32, *dbus.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := bubble{Replaces: replaces, Icon: icon, Title: title, Body: body, Actions: actions}
	b.Urgency, _ = hints["urgency"].Value().(byte)
	b.Desktop, _ = hints["desktop-entry"].Value().(string)
	b.Transient, _ = hints["transient"].Value().(bool)
	s.shown = append(s.shown, b)
	if replaces != 0 {
		return replaces, nil
	}
	s.last++
	return s.last, nil
}

func (s *server) CloseNotification(id uint32) *dbus.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = append(s.closed, id)
	return nil
}

func (s *server) told() []bubble {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.shown)
}

func notifications(t *testing.T, address string, caps ...string) (*server, *dbus.Conn) {
	s := &server{caps: caps}
	conn := peer(t, address, notifyName)
	if err := conn.Export(s, notifyPath, notifyName); err != nil {
		t.Fatal(err)
	}
	return s, conn
}

func TestOneBubble(t *testing.T) {
	address := daemon(t)
	s, _ := notifications(t, address, "body", "body-markup", "actions")
	b := open(t, address)
	for _, n := range []Notice{
		{Key: "1-2", Title: "Syncing", Body: "a <b> & c", Urgency: Low, Passing: true},
		{Key: "1-3", Title: "another phone"},
		{Key: "1-2", Title: "Done\x1b[31m", Actions: []Action{{"undo", "Undo"}}, Urgency: Normal},
	} {
		if err := b.Tell(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	want := []bubble{
		{Icon: entry, Desktop: entry, Title: "Syncing", Body: "a &lt;b&gt; &amp; c", Actions: []string{}, Transient: true},
		{Icon: entry, Desktop: entry, Title: "another phone", Actions: []string{}},
		{Icon: entry, Desktop: entry, Title: "Done [31m", Actions: []string{"undo", "Undo"}, Urgency: 1, Replaces: 1},
	}
	if d := cmp.Diff(want, s.told()); d != "" {
		t.Errorf("bubbles (-want +got):\n%s", d)
	}
	if !b.Shown("1-2") || b.Shown("9-9") {
		t.Errorf("shown: got %v and %v, want true and false", b.Shown("1-2"), b.Shown("9-9"))
	}
	if err := b.Withdraw(t.Context(), "1-2"); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := cmp.Diff([]uint32{1}, s.closed); d != "" {
		t.Errorf("closed (-want +got):\n%s", d)
	}
}

// TestPoorServer: what a server can't show isn't sent to it.
func TestPoorServer(t *testing.T) {
	address := daemon(t)
	s, _ := notifications(t, address)
	b := open(t, address)
	if err := b.Tell(t.Context(), Notice{Key: "k", Title: "T", Body: "a < b", Actions: []Action{{"undo", "Undo"}}}); err != nil {
		t.Fatal(err)
	}
	want := []bubble{{Icon: entry, Desktop: entry, Title: "T: a < b", Actions: []string{}}}
	if d := cmp.Diff(want, s.told()); d != "" {
		t.Errorf("bubbles (-want +got):\n%s", d)
	}
	if got, err := b.Await(t.Context(), "k"); got != "" || err != nil {
		t.Errorf("waiting for a button that there isn't: got %q, %v", got, err)
	}
}

func TestNoServer(t *testing.T) {
	b := open(t, daemon(t))
	if err := b.Tell(t.Context(), Notice{Key: "k", Title: "T"}); err == nil {
		t.Error("telling nobody is no error")
	}
}

func TestButtons(t *testing.T) {
	for _, c := range []struct {
		name, signal, key string
		other             bool // of another bubble
		want              string
	}{
		{name: "pressed", signal: "ActionInvoked", key: "undo", want: "undo"},
		{name: "closed", signal: "NotificationClosed"},
		{name: "another bubble's", signal: "ActionInvoked", key: "undo", other: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := daemon(t)
			_, conn := notifications(t, address, "actions")
			b := open(t, address)
			if err := b.Tell(t.Context(), Notice{Key: "k", Title: "T", Actions: []Action{{"undo", "Undo"}}}); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
			defer stop()
			go func() {
				for ctx.Err() == nil {
					id, args := uint32(1), any(c.key)
					if c.other {
						id = 7
						time.AfterFunc(200*time.Millisecond, stop)
					}
					if c.signal == "NotificationClosed" {
						args = uint32(2)
					}
					if conn.Emit(notifyPath, notifyName+"."+c.signal, id, args) != nil {
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
			}()
			got, err := b.Await(ctx, "k")
			if got != c.want || err != nil {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
			if closed := c.signal == "NotificationClosed"; b.Shown("k") == closed {
				t.Errorf("shown afterwards: got %v, want %v", b.Shown("k"), !closed)
			}
		})
	}
}

// TestNoBus: nothing is started where there is no bus.
func TestNoBus(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	if _, err := Open(t.Context()); !errors.Is(err, ErrNoBus) {
		t.Errorf("got %v, want %v", err, ErrNoBus)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
	if _, err := Open(t.Context()); !errors.Is(err, ErrNoBus) {
		t.Errorf("got %v, want %v", err, ErrNoBus)
	}
}

// tracker is gvfs: its list of mounts, and the mounts themselves.
type tracker struct {
	mounts []mountInfo
	fails  string // the error of unmounting

	mu    sync.Mutex
	calls []string
}

func (f *tracker) called(s string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, s)
}

func (f *tracker) ListMounts2(bool) ([]mountInfo, *dbus.Error) { return f.mounts, nil }

func (f *tracker) MountLocation(spec mountSpec, from mountSource) *dbus.Error {
	f.called("mount " + spec.item("host") + " " + from.Sender + string(from.Path))
	return nil
}

func (f *tracker) Unmount(id string, path dbus.ObjectPath, flags uint32) *dbus.Error {
	f.called("unmount")
	if f.fails != "" {
		return dbus.NewError(f.fails, []any{"no"})
	}
	return nil
}

func spec(kind, host string) mountSpec {
	return mountSpec{Prefix: []byte("/\x00"), Items: map[string]dbus.Variant{
		"type": dbus.MakeVariant([]byte(kind + "\x00")), "host": dbus.MakeVariant([]byte(host + "\x00")),
	}}
}

func TestGVFS(t *testing.T) {
	phone := Device{Serial: "Google_Pixel 8_S1", Bus: 1, Address: 5}
	for _, c := range []struct {
		name  string
		specs []mountSpec
		fails string
		calls []string
		err   error
	}{
		{"by serial", []mountSpec{spec("smb-share", "Google_Pixel%208_S1"), spec("mtp", "Google_Pixel%208_S1")}, "", []string{"unmount", "mount Google_Pixel%208_S1 /"}, nil},
		{"by address", []mountSpec{spec("mtp", "[usb:001,005]")}, "", []string{"unmount", "mount [usb:001,005] /"}, nil},
		{"as a camera", []mountSpec{spec("gphoto2", "[usb:001,005]")}, "", []string{"unmount", "mount [usb:001,005] /"}, nil},
		{"another phone", []mountSpec{spec("mtp", "Google_Pixel%208_S2"), spec("mtp", "[usb:001,006]")}, "", nil, nil},
		{"nothing mounted", nil, "", nil, nil},
		{"files are open", []mountSpec{spec("mtp", "[usb:001,005]")}, "org.gtk.GDBus.UnmappedGError.Quark._g_2dio_2derror_2dquark.Code26", []string{"unmount"}, ErrInUse},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := daemon(t)
			conn := peer(t, address, trackerName)
			f := &tracker{fails: c.fails}
			for _, s := range c.specs {
				f.mounts = append(f.mounts, mountInfo{ID: conn.Names()[0], Path: "/org/gtk/vfs/mount/1", Spec: s, FUSE: []byte{0}, DefaultAt: []byte("/\x00")})
			}
			for path, face := range map[dbus.ObjectPath]string{trackerPath: trackerType, "/org/gtk/vfs/mount/1": mountType} {
				if err := conn.Export(f, path, face); err != nil {
					t.Fatal(err)
				}
			}
			m, err := open(t, address).Release(t.Context(), phone)
			if !errors.Is(err, c.err) || c.err == nil && err != nil {
				t.Fatalf("got %v, want %v", err, c.err)
			}
			if m != nil {
				if err := m.Again(t.Context()); err != nil {
					t.Error(err)
				}
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			if d := cmp.Diff(c.calls, f.calls); d != "" {
				t.Errorf("calls (-want +got):\n%s", d)
			}
		})
	}
}

// TestNoGVFS: a desktop without gvfs isn't made to start it.
func TestNoGVFS(t *testing.T) {
	m, err := open(t, daemon(t)).Release(t.Context(), Device{Bus: 1, Address: 1})
	if m != nil || err != nil {
		t.Errorf("got %v, %v; want nothing", m, err)
	}
}

func TestUnescape(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Pixel%208", "Pixel 8"}, {"a%2fb%2F", "a/b/"}, {"100%", "100%"}, {"%zz%4", "%zz%4"}, {"", ""}, {"%25%32", "%2"},
	} {
		if got := unescape(c.in); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

type login struct{ idle any }

func (l login) Get(string, string) (dbus.Variant, *dbus.Error) { return dbus.MakeVariant(l.idle), nil }

func TestIdle(t *testing.T) {
	for _, c := range []struct {
		name  string
		says  any
		want  bool
		fails bool
	}{{"idle", true, true, false}, {"somebody there", false, false, false}, {"nonsense", "yes", false, true}} {
		t.Run(c.name, func(t *testing.T) {
			address := daemon(t)
			conn := peer(t, address, "org.freedesktop.login1")
			if err := conn.Export(login{c.says}, "/org/freedesktop/login1/user/self", "org.freedesktop.DBus.Properties"); err != nil {
				t.Fatal(err)
			}
			got, err := idle(t.Context(), open(t, address))
			if got != c.want || (err != nil) != c.fails {
				t.Errorf("got %v, %v; want %v, failure %v", got, err, c.want, c.fails)
			}
		})
	}
}
