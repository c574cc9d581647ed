//go:build linux

package usb

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// transfer is a URB with its buffer. Both lie in memory outside of Go's heap, for the kernel
// keeps their addresses from submit to reap.
type transfer struct {
	*usbfsURB
	mem    []byte // of the usbfsURB, and of a buffer that isn't shared
	buf    []byte
	shared bool          // buf is the controller's memory: nothing is copied by the kernel
	done   chan struct{} // has one when the URB was reaped

	finished bool // done was taken
	given    int  // bytes of the buffer that were read by Read
}

// urbRoom is what a usbfsURB has in a transfer's memory.
const urbRoom = 128

// newTransfer makes a transfer with a buffer of size bytes, which may be 0.
func newTransfer(kind, endpoint uint8, size int) (*transfer, error) {
	mem, err := unix.Mmap(-1, 0, urbRoom+size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("memory for a transfer of %d bytes: %w", size, err)
	}
	x := &transfer{
		usbfsURB: (*usbfsURB)(unsafe.Pointer(&mem[0])),
		mem:      mem, buf: mem[urbRoom:],
		done: make(chan struct{}, 1),
	}
	x.kind, x.endpoint = kind, endpoint
	return x, nil
}

// newBulk makes a bulk transfer whose buffer of size bytes is the controller's. Where there is no
// such memory the buffer has plain bytes of the program's.
func (f *inFlight) newBulk(endpoint uint8, size, plain int) (*transfer, error) {
	buf, err := f.k.memory(size)
	if err != nil {
		return newTransfer(urbBulk, endpoint, plain)
	}
	x, err := newTransfer(urbBulk, endpoint, 0)
	if err != nil {
		_ = unix.Munmap(buf)
		return nil, err
	}
	x.buf, x.shared = buf, true
	return x, nil
}

func (x *transfer) free() {
	if x.shared {
		_ = unix.Munmap(x.buf)
	}
	_ = unix.Munmap(x.mem)
}

// reset makes it ready for submission with the first n bytes of its buffer.
func (x *transfer) reset(n int) {
	*x.usbfsURB = usbfsURB{kind: x.kind, endpoint: x.endpoint, length: int32(n)}
	if n > 0 {
		x.buffer = uintptr(unsafe.Pointer(&x.buf[0]))
	}
	x.finished, x.given = false, 0
}

// received is what has come in.
func (x *transfer) received() []byte { return x.buf[:max(0, min(int(x.actual), len(x.buf)))] }

// short reports whether a transfer that is done ended before its length.
func (x *transfer) short() bool { return x.actual < x.length }

// err is how a transfer ended; cancelled ones are no error of the device's.
func (x *transfer) err() error {
	if x.status == 0 {
		return nil
	}
	return unix.Errno(-x.status)
}

// isCancelled reports whether the transfer was called back by us.
func isCancelled(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ECONNRESET)
}

// inFlight hands transfers to the kernel and takes them back.
type inFlight struct {
	k    kernel
	mu   sync.Mutex
	all  map[uintptr]*transfer
	dead error // why nothing is reaped any more

	reaper sync.WaitGroup
}

func newInFlight(k kernel) *inFlight {
	f := &inFlight{k: k, all: map[uintptr]*transfer{}}
	f.reaper.Go(f.reap)
	return f
}

// reap takes back what is done until the device is gone, or closed.
func (f *inFlight) reap() {
	for {
		at, err := f.k.reap()
		f.mu.Lock()
		if err != nil {
			f.dead = err
			for at, x := range f.all {
				x.status = -int32(unix.ENODEV)
				x.done <- struct{}{}
				delete(f.all, at)
			}
			f.mu.Unlock()
			return
		}
		x := f.all[at]
		delete(f.all, at)
		f.mu.Unlock()
		if x != nil {
			x.done <- struct{}{}
		}
	}
}

// submit starts a transfer of the first n bytes of its own buffer.
func (f *inFlight) submit(x *transfer, n int) error {
	x.reset(n)
	return f.start(x)
}

// submitFrom starts a transfer out of p, which is the caller's again at once.
func (f *inFlight) submitFrom(x *transfer, p []byte) error {
	if x.shared {
		return f.submit(x, copy(x.buf, p))
	}
	x.reset(0)
	x.length = int32(len(p))
	if len(p) > 0 {
		var pin runtime.Pinner
		pin.Pin(&p[0])
		defer pin.Unpin()
		x.buffer = uintptr(unsafe.Pointer(&p[0]))
	}
	err := f.start(x)
	x.buffer = 0
	return err
}

func (f *inFlight) start(x *transfer) error {
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

// wait waits until a transfer is done. When ctx ends before that it returns the
// cause, and the transfer flies on.
func (f *inFlight) wait(ctx context.Context, x *transfer) error {
	if x.finished {
		return nil
	}
	select {
	case <-x.done:
		x.finished = true
		return nil
	default:
	}
	select {
	case <-x.done:
		x.finished = true
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// recall calls transfers of one pipe back, the last one first, so that none
// gets what an earlier one was meant to. What they hold by then they keep.
func (f *inFlight) recall(xs ...*transfer) {
	for i := len(xs) - 1; i >= 0; i-- {
		if x := xs[i]; !x.finished {
			_ = f.k.discard(x.usbfsURB) // an error: it is done by itself
			<-x.done
			x.finished = true
		}
	}
}
