package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/usb"
	"cradle/udev"
	"cradle/udev/session"
)

// oneBus is a bus with one phone, in a state that a test changes.
type oneBus struct {
	mu    sync.Mutex
	d     usb.DeviceDesc
	gone  bool
	phone *hwtest.Phone
	has   []usb.Holder // who has it while it is busy
	looks int
	then  func(*oneBus) // after the tenth look, unlocked
}

// set is called from outside of list.
func (b *oneBus) set(s usb.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.d.State = s
}

func (b *oneBus) list() ([]usb.DeviceDesc, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.looks++; b.looks == 10 && b.then != nil {
		b.then(b)
	}
	if b.gone {
		return nil, nil
	}
	return []usb.DeviceDesc{b.d}, nil
}

func (b *oneBus) at(string) (usb.DeviceDesc, bool, error) { return b.d, !b.gone, nil }
func (b *oneBus) hold(usb.DeviceDesc) (*os.File, error)   { return nil, nil }

func (b *oneBus) open(ctx context.Context, g *globals, d usb.DeviceDesc, _ *os.File) (*phone, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o := b.d.Blocked(); o != nil {
		o.Holders = b.has
		return nil, o
	}
	return g.openSession(ctx, b.phone.Transport(), "usb:"+d.Port, mtp.Options{})
}

func (b *oneBus) await(ctx context.Context, d usb.DeviceDesc) (usb.DeviceDesc, error) {
	return d, mtp.ErrDeviceGone
}

func (b *oneBus) events() (udev.Source, error) { return nil, errors.New("no events") }

// deskLog is a desktop that writes down what it is asked for.
type deskLog struct {
	mu    sync.Mutex
	log   []string
	inUse int           // how often the file manager says that files are open
	holds func() func() // what happens when it is asked to let go; nil: it has nothing
}

func (d *deskLog) add(s string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log = append(d.log, s)
}

func (d *deskLog) tell(_ context.Context, n notice)     { d.add("tell " + n.Title) }
func (d *deskLog) withdraw(context.Context, string)     { d.add("withdraw") }
func (d *deskLog) await(context.Context, string) string { return "" }
func (d *deskLog) idle(context.Context) (bool, error)   { return true, nil }
func (d *deskLog) notifies(context.Context) error       { return session.ErrNoBus }
func (d *deskLog) close()                               {}
func (d *deskLog) release(context.Context, usb.DeviceDesc) (func(), error) {
	if d.inUse > 0 {
		d.inUse--
		return nil, session.ErrInUse
	}
	if d.holds == nil {
		return nil, nil
	}
	d.add("release")
	back := d.holds()
	return func() { d.add("again"); back() }, nil
}

// leavingBus has a phone that drops off it as soon as it is opened.
type leavingBus struct{ *oneBus }

func (b leavingBus) open(context.Context, *globals, usb.DeviceDesc, *os.File) (*phone, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gone = true
	return nil, mtp.ErrDeviceGone
}

// await says what the real one says.
func (b leavingBus) await(ctx context.Context, d usb.DeviceDesc) (usb.DeviceDesc, error) {
	<-ctx.Done()
	return d, fmt.Errorf("wait for %v: %w", d, context.Cause(ctx))
}

// TestPhoneStaysAway: a phone that leaves the bus while it is opened, and doesn't come back, is said
// to be gone; who doesn't wait for it has interrupted.
func TestPhoneStaysAway(t *testing.T) {
	for _, patient := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			b := leavingBus{&oneBus{d: usb.DeviceDesc{Port: "1-1", Serial: "S1", State: usb.Ready}}}
			g := &globals{stderr: io.Discard, now: time.Now, bus: b, desktop: &deskLog{}, running: "mtp ls"}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			want := "gone"
			if !patient {
				want = "interrupted"
				time.AfterFunc(time.Second, cancel)
			}
			_, err := g.openUSB(ctx, "usb")
			if f := g.explain(err); f.Code != want {
				t.Errorf("%v is told as %q, %q; want %q", err, f.Code, f.What, want)
			}
		})
	}
}

// TestOpenWhenReady: each state of a phone is told once and ends the waiting by itself.
func TestOpenWhenReady(t *testing.T) {
	for _, c := range []struct {
		name   string
		serial string // default: S1; - for none
		state  usb.State
		locked bool
		unlock bool // once it was told
		inUse  int
		holds  bool // the file manager has it
		then   func(*oneBus)
		limit  time.Duration
		has    string // the program that has it
		err    error
		next   string
		log    []string
	}{
		{name: "ready", state: usb.Ready},
		{name: "locked", state: usb.Ready, locked: true, unlock: true, log: []string{"tell Pixel: the phone shows no storage", "tell Pixel: syncing"}},
		{name: "only charging", state: usb.ChargeOnly, then: func(b *oneBus) { b.d.State = usb.Ready }, log: []string{"tell Pixel: the phone isn't in file transfer mode", "tell Pixel: syncing"}},
		{name: "another program", state: usb.Busy, then: func(b *oneBus) { b.d.State = usb.Ready }, log: []string{"tell Pixel: another program uses the phone", "tell Pixel: syncing"}},
		{name: "the file manager", state: usb.Busy, holds: true, log: []string{"release", "again"}},
		{name: "files are open", state: usb.Busy, inUse: 12, holds: true, log: []string{"tell Pixel: the file manager has files of the phone open", "release", "tell Pixel: syncing", "again"}},
		{name: "busy too long", state: usb.Busy, limit: 300 * time.Millisecond, err: usb.ErrBusy, log: []string{"tell Pixel: another program uses the phone"}},
		{name: "busy, and nobody waits", state: usb.Busy, limit: -1, err: usb.ErrBusy},
		{name: "another cradle, which ends", state: usb.Busy, limit: -1, has: "cradle", then: func(b *oneBus) { b.d.State = usb.Ready }},
		{name: "another cradle, too long", state: usb.Busy, limit: -1, has: "cradle", err: usb.ErrBusy, next: "wait until it has ended, or end it (kill 4711), and run the command again"},
		{name: "another program, which ends", state: usb.Busy, limit: -1, has: "mtpfs", then: func(b *oneBus) { b.d.State = usb.Ready }, err: usb.ErrBusy},
		{name: "unplugged", state: usb.Busy, then: func(b *oneBus) { b.gone = true }, err: mtp.ErrDeviceGone, log: []string{"tell Pixel: another program uses the phone"}},
		{name: "one without a serial, plugged in anew", serial: "-", state: usb.Busy, then: func(b *oneBus) { b.d.Address++ }, err: mtp.ErrDeviceGone, log: []string{"tell Pixel: another program uses the phone"}},
		{name: "plugged in anew", state: usb.Busy, then: func(b *oneBus) { b.d.Address++; b.d.State = usb.Ready }, log: []string{"tell Pixel: another program uses the phone", "tell Pixel: syncing"}},
		{name: "another phone in its place", state: usb.Busy, then: func(b *oneBus) { b.d.Serial = "S2" }, err: mtp.ErrDeviceGone, log: []string{"tell Pixel: another program uses the phone"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := hwtest.Open(hwtest.Android, t.TempDir(), hwtest.Options{Locked: c.locked})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { p.Close() })
			d := usb.DeviceDesc{Port: "1-2", Address: 5, Serial: cmp.Or(c.serial, "S1"), Product: "Pixel", State: c.state}
			d.Serial = strings.TrimPrefix(d.Serial, "-")
			b := &oneBus{d: d, phone: p, then: c.then}
			if c.has != "" {
				b.has = []usb.Holder{{PID: 4711, Name: c.has}}
			}
			desk := &deskLog{inUse: c.inUse}
			if c.holds {
				desk.holds = func() func() { b.set(usb.Ready); return func() { b.set(usb.Busy) } }
			}
			// Each look at the clock is 20 ms later, or much where that is waited for in vain.
			step := int64(20)
			if c.next != "" {
				step = 1000
			}
			var clock atomic.Int64
			now := func() time.Time { return time.UnixMilli(step * clock.Add(1)) }
			g := &globals{stderr: io.Discard, now: now, bus: b, desktop: desk, running: "mtp ls"}
			pat := g.automatically(t.Context(), d)
			pat.grace, pat.poll = 50*time.Millisecond, time.Millisecond
			if c.limit != 0 {
				pat.limit = max(c.limit, 0)
			}
			if tell := pat.tell; c.unlock {
				pat.tell = func(f *failure) { tell(f); p.Unlock() }
			}
			opened, err := g.openWhenReady(t.Context(), d, nil, pat)
			if !errors.Is(err, c.err) || c.err == nil && err != nil {
				t.Fatalf("got %v, want %v", err, c.err)
			}
			if err == nil {
				opened.close()
			}
			var f *failure
			if errors.As(err, &f) && c.next != "" && f.Next != c.next {
				t.Errorf("next: %s, want %s", f.Next, c.next)
			}
			if !slices.Equal(desk.log, c.log) {
				t.Errorf("the desktop: got %q, want %q", desk.log, c.log)
			}
		})
	}
}
