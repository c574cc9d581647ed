//go:build linux

package usb

import (
	"errors"
	"fmt"
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

// take reports whether it was reaped.
func (x *transfer) take() bool {
	if !x.finished {
		select {
		case <-x.done:
			x.finished = true
		default:
		}
	}
	return x.finished
}

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
