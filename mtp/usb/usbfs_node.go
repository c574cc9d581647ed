//go:build linux

package usb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernel is usbfs, for one open device. Errors are errnos, perhaps wrapped.
type kernel interface {
	// claim takes an interface, from a driver of the kernel's too, but not
	// from a program: that is EBUSY.
	claim(iface int) error
	// release gives it back.
	release(iface int) error
	// connect has the kernel look for a driver for a released interface.
	connect(iface int) error
	// capabilities are the cap bits.
	capabilities() uint32
	// memory gives size bytes that the controller reads and writes by itself, for
	// buffers of transfers; munmap frees them. An error: there is none of it.
	memory(size int) ([]byte, error)
	// submit starts a transfer. u and its buffer have to stay where they are
	// until it is reaped; what goes out is copied at once.
	submit(u *usbfsURB) error
	// discard calls a transfer back; it is reaped all the same. EINVAL: it is
	// done already.
	discard(u *usbfsURB) error
	// reap gives the address of the usbfsURB of the next transfer that is done.
	// EAGAIN: none is. Other errors: none ever will be.
	reap() (uintptr, error)
	// await waits until reap gives something, or wake is called: if it was
	// before, since the last await, at once. One goroutine at a time awaits.
	await()
	// wake may be called at any time.
	wake()
	clearHalt(endpoint uint8) error
	// control makes a transfer on the control pipe and waits for it.
	control(requestType, request uint8, value, index uint16, data []byte, milliseconds uint32) (int, error)
	close()
}

// node is a device node.
type node struct {
	fd int

	mu    sync.Mutex // guards against a wake of a number that is somebody else's by now
	woken int        // an eventfd; -1 after close
}

func openNode(path string) (*node, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return nodeOf(fd)
}

// nodeOf takes over a descriptor.
func nodeOf(fd int) (*node, error) {
	woken, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("eventfd", err)
	}
	return &node{fd: fd, woken: woken}, nil
}

func ioctl(fd, request uintptr, arg unsafe.Pointer) (int, error) {
	for {
		n, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, request, uintptr(arg))
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
			continue
		}
		return 0, errno
	}
}

func (n *node) ioctl(request uintptr, arg unsafe.Pointer) (int, error) {
	return ioctl(uintptr(n.fd), request, arg)
}

func (n *node) claim(iface int) error {
	c := usbfsDisconnectClaim{iface: uint32(iface), flags: disconnectExcept}
	copy(c.driver[:], "usbfs")
	_, err := n.ioctl(usbfsClaimFromDriver, unsafe.Pointer(&c))
	if !errors.Is(err, unix.ENOTTY) {
		return err
	}
	// Linux before 3.7.
	i := uint32(iface)
	if _, err = n.ioctl(usbfsClaimInterface, unsafe.Pointer(&i)); !errors.Is(err, unix.EBUSY) {
		return err
	}
	if err := n.driver(iface, usbfsDisconnect); err != nil {
		return unix.EBUSY
	}
	_, err = n.ioctl(usbfsClaimInterface, unsafe.Pointer(&i))
	return err
}

func (n *node) release(iface int) error {
	i := uint32(iface)
	_, err := n.ioctl(usbfsReleaseInterface, unsafe.Pointer(&i))
	return err
}

func (n *node) connect(iface int) error { return n.driver(iface, usbfsConnect) }

// driver makes a request that is inside of another.
func (n *node) driver(iface int, code uintptr) error {
	r := usbfsIoctl{iface: int32(iface), code: int32(code)}
	_, err := n.ioctl(usbfsDriverIoctl, unsafe.Pointer(&r))
	return err
}

func (n *node) capabilities() uint32 {
	var caps uint32
	if _, err := n.ioctl(usbfsGetCapabilities, unsafe.Pointer(&caps)); err != nil {
		return 0
	}
	return caps
}

func (n *node) memory(size int) ([]byte, error) {
	if !sharesMemory() || n.capabilities()&capMmap == 0 {
		return nil, unix.ENOTSUP
	}
	return unix.Mmap(n.fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

// sharesMemory reports whether the controller's memory is as fast as any, and the kernel maps it
// right: on processors that keep caches and controllers in step, since Linux 5.10 (before
// that, "usbfs: fix mmap dma mismatch" and others are missing).
var sharesMemory = sync.OnceValue(func() bool {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "386" {
		return false
	}
	var u unix.Utsname
	var major, minor int
	if err := unix.Uname(&u); err != nil {
		return false
	}
	n, _ := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor)
	return n == 2 && (major > 5 || major == 5 && minor >= 10)
})

func (n *node) submit(u *usbfsURB) error {
	_, err := n.ioctl(usbfsSubmitURB, unsafe.Pointer(u))
	return err
}

func (n *node) discard(u *usbfsURB) error {
	_, err := n.ioctl(usbfsDiscardURB, unsafe.Pointer(u))
	return err
}

func (n *node) reap() (uintptr, error) {
	var at uintptr
	_, err := n.ioctl(usbfsReapURBNoDelay, unsafe.Pointer(&at))
	return at, err
}

func (n *node) await() {
	// The node is writable when there is something to reap.
	both := [2]unix.PollFd{{Fd: int32(n.fd), Events: unix.POLLOUT}, {Fd: int32(n.woken), Events: unix.POLLIN}}
	if _, err := unix.Poll(both[:], -1); err == nil && both[1].Revents != 0 {
		var count [8]byte
		_, _ = unix.Read(n.woken, count[:])
	}
}

func (n *node) wake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, _ = unix.Write(n.woken, binary.NativeEndian.AppendUint64(nil, 1))
}

func (n *node) clearHalt(endpoint uint8) error {
	ep := uint32(endpoint)
	_, err := n.ioctl(usbfsClearHalt, unsafe.Pointer(&ep))
	return err
}

func (n *node) control(requestType, request uint8, value, index uint16, data []byte, milliseconds uint32) (int, error) {
	if len(data) > 4096 {
		return 0, fmt.Errorf("%d bytes on the control pipe: %w", len(data), unix.EINVAL)
	}
	c := usbfsControl{
		requestType: requestType, request: request, value: value, index: index,
		length: uint16(len(data)), timeout: milliseconds,
	}
	if len(data) == 0 {
		return n.ioctl(usbfsControlTransfer, unsafe.Pointer(&c))
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&data[0])
	c.data = uintptr(unsafe.Pointer(&data[0]))
	return n.ioctl(usbfsControlTransfer, unsafe.Pointer(&c))
}

func (n *node) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	_ = unix.Close(n.fd)
	_ = unix.Close(n.woken)
	n.woken = -1
}
