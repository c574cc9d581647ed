package udev

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ErrLost: the kernel dropped events because nobody was quick enough to read them. The
// source goes on; what is plugged in has to be looked at anew.
var ErrLost = errors.New("device events were lost")

// Source gives events as they come.
type Source interface {
	// Next waits for the next one. Errors: ErrLost, the context's, or the end of the
	// source.
	Next(ctx context.Context) (Event, error)
	Close() error
}

// Multicast groups of the uevent socket.
const (
	kernelGroup = 1
	udevGroup   = 2
)

// Listen opens the machine's events: udev's, which come when its rules have run and
// the device file has its owner, or the kernel's where no udev runs.
func Listen() (Source, error) {
	if _, err := os.Stat("/run/udev/control"); err == nil {
		return listen(udevGroup)
	}
	return listen(kernelGroup)
}

// netlink is a socket of NETLINK_KOBJECT_UEVENT.
type netlink struct {
	file *os.File
	raw  syscall.RawConn
	buf  []byte
	oob  []byte
}

func listen(group uint32) (*netlink, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return nil, fmt.Errorf("the socket of device events: %w", os.NewSyscallError("socket", err))
	}
	err = os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: group}))
	if err == nil {
		err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1))
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("the socket of device events: %w", err)
	}
	n := &netlink{file: os.NewFile(uintptr(fd), "uevent"), buf: make([]byte, maxMessage), oob: make([]byte, unix.CmsgSpace(unix.SizeofUcred))}
	if n.raw, err = n.file.SyscallConn(); err != nil {
		n.file.Close()
		return nil, fmt.Errorf("the socket of device events: %w", err)
	}
	return n, nil
}

// Close ends a Next that waits.
func (n *netlink) Close() error { return n.file.Close() }

// Next skips what isn't an event of root's: any user may send to the socket.
func (n *netlink) Next(ctx context.Context) (Event, error) {
	if err := n.file.SetReadDeadline(time.Time{}); err != nil {
		return Event{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = n.file.SetReadDeadline(time.Unix(1, 0)) }) // closed: it ends anyhow
	defer stop()
	for {
		if err := ctx.Err(); err != nil {
			return Event{}, err
		}
		size, control, from, err := n.receive()
		switch {
		case ctx.Err() != nil:
			return Event{}, ctx.Err()
		case errors.Is(err, unix.ENOBUFS):
			return Event{}, ErrLost
		case err != nil:
			return Event{}, fmt.Errorf("reading device events: %w", err)
		}
		if !trusted(from, n.oob[:control]) {
			continue
		}
		if e, err := parseEvent(n.buf[:size]); err == nil {
			return e, nil
		}
	}
}

func (n *netlink) receive() (size, control int, from unix.Sockaddr, err error) {
	rerr := n.raw.Read(func(fd uintptr) bool {
		size, control, _, from, err = unix.Recvmsg(int(fd), n.buf, n.oob, 0)
		return !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR)
	})
	if rerr != nil {
		return 0, 0, nil, rerr
	}
	return size, control, from, err
}

// trusted reports whether a message is the kernel's or root's, as libudev checks it.
func trusted(from unix.Sockaddr, control []byte) bool {
	addr, ok := from.(*unix.SockaddrNetlink)
	if !ok || addr.Groups == 0 || addr.Groups == kernelGroup && addr.Pid != 0 {
		return false
	}
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return false
	}
	for i := range messages {
		if cred, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			return cred.Uid == 0
		}
	}
	return false
}
