//go:build linux

package usb

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"cradle/mtp"

	"golang.org/x/sys/unix"
)

// inFlight hands transfers to the kernel and takes them back.
//
// Who waits for a transfer reaps for all, one goroutine at a time: a transaction of a few hundred
// bytes takes the device less time than it takes one thread to wake another. That is the bulk and
// control pipes' goroutine when it waits; that of events steps aside for it, and waits in the kernel
// only when the others have been quiet for a while.
type inFlight struct {
	k       kernel
	closing context.Context // its end ends all waits
	mu      sync.Mutex
	all     map[uintptr]*transfer
	dead    error // why nothing is reaped any more

	leading sync.Mutex   // of who reaps
	alarm   alarm        // of the last urgent wait; needs leading
	urgent  atomic.Int32 // bulk and control transfers that are waited for
	since   atomic.Int64 // none is any more, in nanoseconds after start
	start   time.Time
}

// quiet is how long nobody has waited for a bulk or control transfer before events are waited for
// in the kernel: the most that one comes late.
const quiet = 10 * time.Millisecond

func newInFlight(k kernel, closing context.Context) *inFlight {
	f := &inFlight{k: k, closing: closing, all: map[uintptr]*transfer{}, start: time.Now()}
	f.since.Store(-int64(quiet))
	context.AfterFunc(closing, k.wake)
	return f
}

// submit starts a transfer of the first n bytes of its own buffer.
func (f *inFlight) submit(x *transfer, n int) error {
	x.reset(n)
	return f.launch(x)
}

// submitFrom starts a transfer out of p, which is the caller's again at once.
func (f *inFlight) submitFrom(x *transfer, p []byte) error {
	if x.shared {
		if len(p) > 0 && &p[0] != &x.buf[0] { // else it was read there
			copy(x.buf, p)
		}
		return f.submit(x, len(p))
	}
	x.reset(0)
	x.length = int32(len(p))
	if len(p) > 0 {
		var pin runtime.Pinner
		pin.Pin(&p[0])
		defer pin.Unpin()
		x.buffer = uintptr(unsafe.Pointer(&p[0]))
	}
	err := f.launch(x)
	x.buffer = 0
	return err
}

func (f *inFlight) launch(x *transfer) error {
	at := uintptr(unsafe.Pointer(x.usbfsURB))
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead != nil {
		return unix.ENODEV
	}
	f.all[at] = x
	if err := f.k.submit(x.usbfsURB); err != nil {
		delete(f.all, at)
		return err
	}
	return nil
}

// wait waits until a bulk or control transfer is done. When ctx or the transport ends before that
// it returns why, and the transfer flies on.
func (f *inFlight) wait(ctx context.Context, x *transfer) error {
	return f.first(patience{ctx, f.closing}, x)
}

// waitForEvent is wait for a transfer that may take for ever.
func (f *inFlight) waitForEvent(ctx context.Context, x *transfer) error {
	return f.last(patience{ctx, f.closing}, x, quiet)
}

// recall calls transfers of one bulk or control pipe back, the last one first, so
// that none gets what an earlier one was meant to. What they hold by then they keep.
func (f *inFlight) recall(xs ...*transfer) {
	for i := len(xs) - 1; i >= 0; i-- {
		if x := xs[i]; !x.take() {
			_ = f.k.discard(x.usbfsURB) // an error: it is done by itself
			_ = f.first(endless, x)
		}
	}
}

// recallEvent is recall for the transfer of waitForEvent.
func (f *inFlight) recallEvent(x *transfer) {
	if !x.take() {
		_ = f.k.discard(x.usbfsURB)
		_ = f.last(endless, x, 0) // it is done at once
	}
}

// patience ends when one of the contexts does.
type patience struct{ ctx, closing context.Context }

var endless = patience{context.Background(), context.Background()}

func (p patience) ended() error {
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	if p.closing.Err() != nil {
		return mtp.ErrTransportClosed
	}
	return nil
}

// first waits for x and has the others wait for it.
func (f *inFlight) first(p patience, x *transfer) error {
	if x.take() {
		return nil
	}
	f.urgent.Add(1)
	if !f.leading.TryLock() {
		f.k.wake()
		f.leading.Lock()
	}
	f.alarm.set(p.ctx, f.k.wake)
	err := f.lead(p, x, false)
	f.leading.Unlock()
	f.since.Store(int64(time.Since(f.start)))
	f.urgent.Add(-1)
	return err
}

// last waits for x without being in the way of who waits for others, or has until a
// moment ago.
func (f *inFlight) last(p patience, x *transfer, moment time.Duration) error {
	for !x.take() {
		if err := p.ended(); err != nil {
			return err
		}
		pause := moment
		if moment > 0 && f.urgent.Load() == 0 {
			pause -= time.Since(f.start) - time.Duration(f.since.Load())
		}
		if pause <= 0 {
			pause = time.Millisecond
			if f.leading.TryLock() {
				var a alarm
				a.set(p.ctx, f.k.wake)
				err := f.lead(p, x, true)
				a.clear()
				f.leading.Unlock()
				if err != nil && !errors.Is(err, errStepAside) {
					return err
				}
				continue
			}
		}
		timer := time.NewTimer(pause)
		select {
		case <-x.done:
			x.finished = true
		case <-p.ctx.Done():
		case <-p.closing.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

var errStepAside = errors.New("somebody else's transfer is more urgent")

// alarm wakes who waits in the kernel when a context ends. It stays set from one wait
// to the next with the same context, since setting it costs as much as the wait.
type alarm struct {
	ends <-chan struct{}
	stop func() bool
}

func (a *alarm) set(ctx context.Context, wake func()) {
	if ctx.Done() == nil || a.ends == ctx.Done() {
		return
	}
	a.clear()
	a.ends, a.stop = ctx.Done(), context.AfterFunc(ctx, wake)
}

func (a *alarm) clear() {
	if a.stop != nil {
		a.stop()
	}
	*a = alarm{}
}

// lead reaps what is done until x is, or p ends, of which an alarm has to be set. If aside is
// set, errStepAside ends it when somebody else's transfer is urgent.
func (f *inFlight) lead(p patience, x *transfer, aside bool) error {
	for !x.take() {
		if err := p.ended(); err != nil {
			return err
		}
		if aside && f.urgent.Load() > 0 {
			return errStepAside
		}
		f.k.await()
		at, err := f.k.reap()
		switch {
		case err == nil:
			f.mu.Lock()
			done := f.all[at]
			delete(f.all, at)
			f.mu.Unlock()
			if done != nil {
				done.done <- struct{}{}
			}
		case !errors.Is(err, unix.EAGAIN):
			f.die(err)
		}
	}
	return nil
}

// die ends all transfers: the kernel gives none of them back any more.
func (f *inFlight) die(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = err
	for at, x := range f.all {
		x.status = -int32(unix.ENODEV)
		x.done <- struct{}{}
		delete(f.all, at)
	}
}
