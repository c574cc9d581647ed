package hwtest

import (
	"fmt"
	"io"
	"os"
	"time"

	"cradle/mtp"
	"cradle/mtp/responder"
)

// Reserve checks a new object and makes it at once if it is a folder. A
// handle that was reserved is a node that isn't in its folder yet.
func (s *store) Reserve(n responder.NewObject) (mtp.ObjectHandle, error) {
	v, err := s.volume(n.Storage)
	if err != nil {
		return 0, err
	}
	to, err := s.folder(n.Storage, n.Parent)
	if err != nil {
		return 0, err
	}
	if v.service != nil && !n.Folder {
		n.Name = v.service.nameOf(n.Name, n.Format, len(s.nodes))
	}
	switch {
	case s.readOnly:
		return 0, mtp.StoreReadOnly
	case v.limited && n.SizeKnown && int64(n.Size) > v.free && !s.lies.Has(responder.LieFullLate):
		return 0, fmt.Errorf("%d bytes, %d free: %w", n.Size, v.free, mtp.StoreFull)
	}
	if err := s.names.check(n.Name); err != nil {
		code := mtp.InvalidParameter
		if s.names == NamesHost {
			code = mtp.GeneralError
		}
		return 0, fmt.Errorf("%w: %w", code, err)
	}
	if other, ok := s.twin(to, n.Name, s.names == NamesFAT); ok {
		return 0, fmt.Errorf("there is a %q: %w", other, mtp.GeneralError)
	}
	k := &node{parent: to, vol: v, name: n.Name, folder: n.Folder}
	if n.Folder {
		if err := os.Mkdir(k.path(), 0o755); err != nil {
			return 0, fmt.Errorf("make folder %q: %w", n.Name, response(err))
		}
		if err := s.date(k, n.Modified); err != nil {
			return 0, err
		}
		s.add(k)
		to.attach(k)
		return k.handle, nil
	}
	s.add(k)
	s.reserved[k.handle] = n
	return k.handle, nil
}

// Forget drops a reserved handle.
func (s *store) Forget(h mtp.ObjectHandle) {
	if _, ok := s.reserved[h]; ok {
		delete(s.reserved, h)
		s.nodes[h-s.first] = nil
	}
}

// date stamps a file with the time wished for, if there is one, and reads it.
func (s *store) date(n *node, t time.Time) error {
	if !t.IsZero() && s.step > 0 {
		if err := os.Chtimes(n.path(), time.Time{}, s.stamp(t)); err != nil {
			return fmt.Errorf("set the time of %s: %w", n.name, response(err))
		}
	}
	fi, err := os.Lstat(n.path())
	if err != nil {
		return fmt.Errorf("read %s: %w", n.name, response(err))
	}
	n.setInfo(fi)
	return nil
}

// Receive makes the file, under its own name from the first byte on.
func (s *store) Receive(h mtp.ObjectHandle) (responder.Sink, error) {
	want, ok := s.reserved[h]
	n := s.node(h)
	if !ok || n == nil {
		return nil, mtp.InvalidObjectHandle
	}
	f, err := os.OpenFile(n.path(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		s.Forget(h)
		return nil, fmt.Errorf("make %q: %w", n.name, response(err))
	}
	return &sink{s: s, n: n, f: f, want: want}, nil
}

// sink writes a new object's file.
type sink struct {
	s    *store
	n    *node
	f    *os.File
	want responder.NewObject
	size int64
}

func (k *sink) Write(p []byte) (int, error) {
	v := k.n.vol
	if v.limited && int64(len(p)) > v.free {
		return 0, mtp.StoreFull
	}
	full := len(p)
	switch {
	case k.s.lies.Has(responder.LieNulWrite):
		p = make([]byte, full)
	case k.s.lies.Has(responder.LieShortWrite):
		p = p[:max(0, min(int64(full), int64(k.want.Size)/2-k.size))]
	}
	n, err := k.f.Write(p)
	k.size += int64(n)
	v.free -= int64(n)
	if err != nil {
		return n, fmt.Errorf("write %q: %w", k.n.name, response(err))
	}
	return full, nil
}

func (k *sink) Commit() error {
	if err := k.f.Close(); err != nil {
		k.Abort()
		return fmt.Errorf("write %q: %w", k.n.name, response(err))
	}
	if err := k.rewrite(); err != nil {
		k.Abort()
		return fmt.Errorf("write %q: %w", k.n.name, response(err))
	}
	if err := k.s.date(k.n, k.want.Modified); err != nil {
		return err
	}
	delete(k.s.reserved, k.n.handle)
	k.n.parent.attach(k.n)
	return nil
}

// rewrite lets the phone's own program store what it takes of the file.
func (k *sink) rewrite() error {
	if !k.s.keeps.takes(k.n.name) {
		return nil
	}
	text, err := os.ReadFile(k.n.path())
	if err != nil {
		return err
	}
	kept := k.s.keeps.Keep(text, time.Now().Add(k.s.skew))
	k.n.vol.free += k.size - int64(len(kept))
	k.size = int64(len(kept))
	return os.WriteFile(k.n.path(), kept, 0o644)
}

func (k *sink) Abort() {
	k.f.Close()
	_ = os.Remove(k.n.path()) // there is nobody left to tell
	k.n.vol.free += k.size
	k.s.Forget(k.n.handle)
}

func (k *sink) Pull() {
	k.f.Close()
	k.s.Forget(k.n.handle)
}

// content is an object's file, open for reading.
type content struct {
	*os.File
	size int64
}

func (c content) Size() int64 { return c.size }

// Open opens an object's file for reading.
func (s *store) Open(h mtp.ObjectHandle) (responder.Content, error) {
	n := s.node(h)
	if n == nil || n.folder || s.locked {
		return nil, mtp.InvalidObjectHandle
	}
	f, err := os.Open(n.path())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", n.name, response(err))
	}
	return content{f, n.size}, nil
}

// Copy copies a file, or a folder with all below it.
func (s *store) Copy(h mtp.ObjectHandle, storage mtp.StorageID, folder mtp.ObjectHandle) (mtp.ObjectHandle, error) {
	n, to, err := s.pair(h, storage, folder)
	if err != nil {
		return 0, err
	}
	if s.lies.Has(responder.LieMove) {
		return 0, mtp.GeneralError
	}
	size := n.size
	if n.folder {
		size = sizeBelow(n.path())
	}
	if to.vol.limited && size > to.vol.free {
		return 0, fmt.Errorf("copy %s: %w", n.name, mtp.StoreFull)
	}
	k := &node{parent: to, vol: to.vol, name: n.name, folder: n.folder}
	if n.folder {
		err = os.CopyFS(k.path(), os.DirFS(n.path()))
	} else {
		err = copyFile(n.path(), k.path())
	}
	if err != nil {
		_ = os.RemoveAll(k.path())
		return 0, fmt.Errorf("copy %s: %w", n.name, response(err))
	}
	to.vol.free -= size
	if err := s.date(k, time.Unix(0, n.mtime).Add(s.skew)); err != nil {
		return 0, err
	}
	s.add(k)
	to.attach(k)
	return k.handle, nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if e := out.Close(); err == nil {
		err = e
	}
	return err
}

// Edit opens an object's file for writing in place.
func (s *store) Edit(h mtp.ObjectHandle) (responder.Editor, error) {
	n, err := s.live(h)
	switch {
	case err != nil:
		return nil, err
	case n.folder:
		return nil, mtp.InvalidObjectHandle
	case s.readOnly:
		return nil, mtp.StoreReadOnly
	}
	f, err := os.OpenFile(n.path(), os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", n.name, response(err))
	}
	return &editor{s: s, n: n, f: f}, nil
}

// editor writes to an object's file in place.
type editor struct {
	s *store
	n *node
	f *os.File
}

// grow accounts for the file's new size.
func (e *editor) grow(size int64) error {
	v := e.n.vol
	if more := size - e.n.size; v.limited && more > v.free {
		return mtp.StoreFull
	}
	v.free -= size - e.n.size
	e.n.size = size
	return nil
}

func (e *editor) WriteAt(p []byte, off int64) (int, error) {
	if end := off + int64(len(p)); end > e.n.size {
		if err := e.grow(end); err != nil {
			return 0, err
		}
	}
	n, err := e.f.WriteAt(p, off)
	if err != nil {
		return n, fmt.Errorf("write %s: %w", e.n.name, response(err))
	}
	return n, nil
}

func (e *editor) Truncate(size int64) error {
	if err := e.grow(size); err != nil {
		return err
	}
	if err := e.f.Truncate(size); err != nil {
		return fmt.Errorf("truncate %s: %w", e.n.name, response(err))
	}
	return nil
}

func (e *editor) Close() error {
	err := e.f.Close()
	e.s.look(e.n)
	if err != nil {
		return fmt.Errorf("write %s: %w", e.n.name, response(err))
	}
	return nil
}
