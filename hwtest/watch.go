package hwtest

import (
	"encoding/binary"
	"os"
	"syscall"
)

// A watcher tells which folders were changed by anybody since they were added.
// The kernel queues inotify's events within the system call that makes the
// change, so a look just before the folder's listing is used is exact. No
// goroutine is needed, and a folder is watched for one change only.
type watcher struct {
	file   *os.File
	failed bool
	dirs   map[int32]*node
}

const changes = syscall.IN_CREATE | syscall.IN_DELETE | syscall.IN_MOVED_FROM | syscall.IN_MOVED_TO |
	syscall.IN_MODIFY | syscall.IN_ATTRIB | syscall.IN_DELETE_SELF | syscall.IN_MOVE_SELF

// add watches a folder until its first change; false when the system has no
// watch left, which costs time and nothing else.
func (w *watcher) add(path string, n *node) bool {
	if w.failed {
		return false
	}
	if w.file == nil {
		fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
		if err != nil {
			w.failed = true
			return false
		}
		w.file, w.dirs = os.NewFile(uintptr(fd), "inotify"), make(map[int32]*node)
	}
	ok := false
	w.control(func(fd uintptr) {
		wd, err := syscall.InotifyAddWatch(int(fd), path, changes|syscall.IN_ONESHOT|syscall.IN_ONLYDIR|syscall.IN_DONT_FOLLOW)
		if err == nil {
			w.dirs[int32(wd)], ok = n, true
		}
	})
	return ok
}

// poll takes note of what has changed.
func (w *watcher) poll() {
	if w.file == nil || len(w.dirs) == 0 {
		return
	}
	w.control(func(fd uintptr) {
		var buf [16 * 1024]byte
		for {
			n, err := syscall.Read(int(fd), buf[:])
			if err == syscall.EINTR {
				continue
			}
			if err != nil || n < syscall.SizeofInotifyEvent {
				return
			}
			for b := buf[:n]; len(b) >= syscall.SizeofInotifyEvent; {
				wd := int32(binary.NativeEndian.Uint32(b[0:]))
				mask := binary.NativeEndian.Uint32(b[4:])
				size := int(binary.NativeEndian.Uint32(b[12:]))
				b = b[min(len(b), syscall.SizeofInotifyEvent+size):]
				if mask&syscall.IN_Q_OVERFLOW != 0 {
					for _, n := range w.dirs {
						n.whole = false
					}
					clear(w.dirs)
				}
				if n := w.dirs[wd]; n != nil {
					n.whole = false
					delete(w.dirs, wd)
				}
			}
		}
	})
}

func (w *watcher) control(f func(fd uintptr)) {
	if c, err := w.file.SyscallConn(); err == nil {
		_ = c.Control(f) // fails only on a closed file, and then nothing is watched
	}
}

func (w *watcher) close() {
	w.failed = true
	if w.file != nil {
		w.file.Close()
		w.file, w.dirs = nil, nil
	}
}
