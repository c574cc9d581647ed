//go:build linux

package usb

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
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
	// reap waits for the next transfer that is done and gives the address of
	// its usbfsURB. os.ErrClosed ends it.
	reap() (uintptr, error)
	clearHalt(endpoint uint8) error
	// control makes a transfer on the control pipe and waits for it.
	control(requestType, request uint8, value, index uint16, data []byte, milliseconds uint32) (int, error)
	close()
}

// node is a device node.
type node struct {
	file *os.File
	raw  syscall.RawConn
}

func openNode(path string) (*node, error) {
	// Not blocking, which is nothing to usbfs and everything to Go's poller.
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return nodeOf(fd, path)
}

// nodeOf takes over a descriptor.
func nodeOf(fd int, path string) (*node, error) {
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	f := os.NewFile(uintptr(fd), path)
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &node{f, raw}, nil
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
	var r int
	var err error
	if cerr := n.raw.Control(func(fd uintptr) { r, err = ioctl(fd, request, arg) }); cerr != nil {
		return 0, cerr
	}
	return r, err
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
	var p []byte
	var err error
	if cerr := n.raw.Control(func(fd uintptr) {
		p, err = unix.Mmap(int(fd), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	}); cerr != nil {
		return nil, cerr
	}
	return p, err
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
	var err error
	// The node is writable when there is something to reap.
	werr := n.raw.Write(func(fd uintptr) bool {
		_, err = ioctl(fd, usbfsReapURBNoDelay, unsafe.Pointer(&at))
		return !errors.Is(err, unix.EAGAIN)
	})
	if werr != nil {
		return 0, werr
	}
	return at, err
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

func (n *node) close() { _ = n.file.Close() }
