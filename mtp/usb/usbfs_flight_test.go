//go:build linux

package usb

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"cradle/mtp"

	"golang.org/x/sys/unix"
)

// feedEvent has the device send one on the interrupt pipe, if somebody waits for it there.
func (k *fakeKernel) feedEvent(p []byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	const event = 0x83
	if len(k.queued[event]) == 0 {
		return false
	}
	u := k.queued[event][0]
	k.queued[event] = k.queued[event][1:]
	u.actual = int32(copy(data(u), p))
	k.complete(u, nil)
	return true
}

// events reads them until the transport closes.
func events(tr mtp.Transport) <-chan []byte {
	came := make(chan []byte, 16)
	go func() {
		defer close(came)
		for {
			p, err := tr.ReadEvent(context.Background())
			if err != nil {
				return
			}
			came <- p
		}
	}()
	return came
}

func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not in 10 s", what)
		}
	}
}

func arrives(t *testing.T, came <-chan []byte, want string) {
	t.Helper()
	select {
	case p := <-came:
		if string(p) != want {
			t.Fatalf("event %q, want %q", p, want)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("the event %q didn't come in 10 s", want)
	}
}

// TestEventWhateverIsWaitedFor: an event comes when nothing else is under way, right after a
// transaction, and while a read waits that gets nothing.
func TestEventWhateverIsWaitedFor(t *testing.T) {
	k := newFakeKernel()
	tr, _ := onFake(t, k)
	came := events(tr)
	soon(t, "the first", func() bool { return k.feedEvent([]byte("alone")) })
	arrives(t, came, "alone")

	k.feed([]byte("response"))
	if n, err := tr.Read(t.Context(), make([]byte, 512)); n != 8 || err != nil {
		t.Fatal(n, err)
	}
	soon(t, "after a transaction", func() bool { return k.feedEvent([]byte("after")) })
	arrives(t, came, "after")

	read := make(chan error, 1)
	go func() {
		_, err := tr.Read(t.Context(), make([]byte, 512))
		read <- err
	}()
	soon(t, "a read that waits", func() bool { k.mu.Lock(); defer k.mu.Unlock(); return len(k.queued[0x81]) == 1 })
	for _, e := range []string{"one", "two"} {
		soon(t, e, func() bool { return k.feedEvent([]byte(e)) })
		arrives(t, came, e)
	}
	k.feed([]byte("late"))
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	tr.Close()
	if _, more := <-came; more {
		t.Error("an event nobody sent")
	}
}

// TestReadsDontWaitForEvents: a read ends with its own transfer, context or deadline while
// the events' goroutine waits in the kernel.
func TestReadsDontWaitForEvents(t *testing.T) {
	k := newFakeKernel()
	tr, _ := onFake(t, k)
	defer tr.Close()
	came := events(tr)
	buf := make([]byte, 512)
	for i := range 30 {
		if i%10 == 9 {
			time.Sleep(2 * quiet) // the events' goroutine takes over
		}
		switch i % 3 {
		case 0:
			k.feed([]byte{byte(i)})
			if n, err := tr.Read(t.Context(), buf); n != 1 || err != nil || buf[0] != byte(i) {
				t.Fatal(i, n, err)
			}
		case 1:
			go func() { time.Sleep(time.Millisecond); k.feed([]byte("later")) }()
			if n, err := tr.Read(t.Context(), buf); string(buf[:n]) != "later" || err != nil {
				t.Fatal(i, n, err)
			}
		case 2:
			over, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, mtp.ErrTimeout)
			if n, err := tr.Read(over, buf); n != 0 || !errors.Is(err, mtp.ErrTimeout) {
				t.Fatal(i, n, err)
			}
			cancel()
		}
	}
	soon(t, "an event after all that", func() bool { return k.feedEvent([]byte("well")) })
	arrives(t, came, "well")
}

// TestCloseEndsAllWaits: whoever waits in the kernel, and whoever waits for that one.
func TestCloseEndsAllWaits(t *testing.T) {
	for _, pause := range []time.Duration{0, time.Millisecond, 2 * quiet} {
		k := newFakeKernel()
		tr, _ := onFake(t, k)
		came := events(tr)
		time.Sleep(pause)
		read := make(chan error, 1)
		go func() {
			_, err := tr.Read(context.Background(), make([]byte, 512))
			read <- err
		}()
		time.Sleep(pause)
		tr.Close()
		if err := <-read; !errors.Is(err, mtp.ErrTransportClosed) {
			t.Errorf("after %v: the read ended with %v", pause, err)
		}
		if _, more := <-came; more {
			t.Errorf("after %v: an event nobody sent", pause)
		}
	}
}

// TestEventsEndAtOnce: who stops listening for events doesn't wait until the others have been
// quiet, which they aren't here for half a minute.
func TestEventsEndAtOnce(t *testing.T) {
	k := newFakeKernel()
	tr, _ := onFake(t, k)
	defer tr.Close()
	tr.flight.since.Store(int64(30 * time.Second))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := tr.ReadEvent(ctx)
		ended <- err
	}()
	soon(t, "it listens", func() bool { k.mu.Lock(); defer k.mu.Unlock(); return len(k.queued[0x83]) == 1 })
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it still waits after 10 s")
	}
}

// TestEventsBesideTransactions: nothing is lost and nobody waits for ever, however both sides meet.
func TestEventsBesideTransactions(t *testing.T) {
	k := newFakeKernel()
	tr, _ := onFake(t, k)
	came := events(tr)
	const n = 400
	var all sync.WaitGroup
	all.Go(func() {
		for i := range n {
			soon(t, "an event", func() bool { return k.feedEvent([]byte{byte(i)}) })
		}
	})
	all.Go(func() {
		for i := range n {
			if p := <-came; !bytes.Equal(p, []byte{byte(i)}) {
				t.Errorf("event %d is %v", i, p)
				return
			}
		}
	})
	buf := make([]byte, 512)
	for i := range 10 * n {
		go k.feed([]byte{byte(i)})
		if m, err := tr.Read(t.Context(), buf); m != 1 || err != nil || buf[0] != byte(i) {
			t.Fatal(i, m, err)
		}
		if i%97 == 0 {
			time.Sleep(quiet + time.Millisecond)
		}
	}
	all.Wait()
	tr.Close()
}

// TestNodeWakes: with a real descriptor, a wake ends the await under way or the next one, once;
// and one that comes after close touches nobody's descriptor.
func TestNodeWakes(t *testing.T) {
	var ends [2]int
	if err := unix.Pipe(ends[:]); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ends[1])
	n, err := nodeOf(ends[0]) // of a pipe, the end that is never writable
	if err != nil {
		t.Fatal(err)
	}
	awaited := make(chan struct{})
	await := func() { n.await(); awaited <- struct{}{} }
	n.wake()
	go await()
	<-awaited
	go await()
	select {
	case <-awaited:
		t.Fatal("one wake ended two awaits")
	case <-time.After(20 * time.Millisecond):
	}
	n.wake()
	<-awaited
	n.close()
	n.wake()
	if n.woken != -1 {
		t.Errorf("wakes by descriptor %d after close", n.woken)
	}
}
