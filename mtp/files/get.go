package files

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"cradle/mtp"
)

// Options of moving files.
type Options struct {
	// Replace has a file that is there replaced; else it is ErrExists.
	Replace bool
	// Restart fetches from the first byte, whatever a former try left.
	Restart bool
	// Progress is told how many bytes of a file are there, of how many (-1:
	// the device doesn't say).
	Progress func(n Node, done, total int64)
}

func (o *Options) progress(n Node, done, total int64) {
	if o.Progress != nil {
		o.Progress(n, done, total)
	}
}

// Got says how a fetch went.
type Got struct {
	Bytes   int64 // of the file
	Resumed int64 // of them, those that a former try had brought
}

// A file that is being fetched is called partPrefix, 16 digits that stand for
// the object as it is, partSuffix.
const (
	partPrefix = ".cradle-"
	partSuffix = ".part"
)

// window is how much of an object one transaction fetches when a fetch is gone
// on with: each costs the device an open, and this many make that cheap.
const window = 8 << 20

// overlap is how much of what a former try left is fetched again and compared, of
// its beginning and of its end.
const overlap = 64 << 10

// Get fetches a file into dir under name, in which dir may have folders. The
// file takes its place when it is whole, with the time that it has on the phone.
// If the fetch is interrupted, the next one of the same object (its phone,
// path, size and time) goes on where this one ended, where the device gives
// parts of objects and their times; one that is there with its size and time isn't
// fetched again.
// Errors: ErrFolder, ErrExists, ErrNotFile, ErrSize, those of the session
// and of the file system.
func (t *Tree) Get(ctx context.Context, n Node, dir *os.Root, name string, o Options) (Got, error) {
	if n.IsFolder() {
		return Got{}, fmt.Errorf("%s: %w", n.Path, ErrFolder)
	}
	st, err := dir.Lstat(name)
	switch {
	case err == nil && st.IsDir():
		return Got{}, fmt.Errorf("%s: %w", path.Join(dir.Name(), name), ErrFolder)
	case err == nil && st.Mode().Type()&^fs.ModeSymlink != 0:
		return Got{}, fmt.Errorf("%s: %w", path.Join(dir.Name(), name), ErrNotFile)
	case err == nil && !o.Replace:
		if n.is(st) {
			return Got{Bytes: st.Size(), Resumed: st.Size()}, nil
		}
		return Got{}, fmt.Errorf("%s: %w", path.Join(dir.Name(), name), ErrExists)
	}
	part := path.Join(path.Dir(name), t.partName(n))
	f, err := dir.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) && (errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)) {
			err = &fs.PathError{Op: "create a file in", Path: path.Join(dir.Name(), path.Dir(name)), Err: pe.Err}
		}
		return Got{}, err
	}
	got, err := t.fetch(ctx, n, f, o)
	if stale(err) {
		now, rerr := t.renew(ctx, n, err)
		switch {
		case rerr == nil && now.Entry.Size != n.Entry.Size:
			err = fmt.Errorf("%d bytes, listed with %d: %w", now.Entry.Size, n.Entry.Size, ErrSize)
		case rerr == nil:
			got, err = t.fetch(ctx, now, f, o)
		case errors.Is(rerr, ErrNotFound) || errors.Is(rerr, ErrNoStorage):
			err = cmp.Or(errors.Unwrap(rerr), rerr) // without the path
		default:
			err = rerr
		}
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		if got.Bytes == 0 {
			_ = dir.Remove(part)
		}
		return got, fmt.Errorf("%s: %w", n.Path, err)
	}
	if n.Entry.HasModified {
		if err := dir.Chtimes(part, n.Modified(), n.Modified()); err != nil {
			return got, err
		}
	}
	if !o.Replace {
		// Not over what has come there since.
		err := dir.Link(part, name)
		switch {
		case err == nil:
			return got, dir.Remove(part)
		case errors.Is(err, fs.ErrExist):
			return got, fmt.Errorf("%s: %w", path.Join(dir.Name(), name), ErrExists)
		}
		// A file system without links: the name was free a moment ago.
	}
	return got, dir.Rename(part, name)
}

// is reports whether a file here has the node's size and time.
func (n *Node) is(st fs.FileInfo) bool {
	const step = 2 * time.Second // of the coarsest file system
	return st.Mode().IsRegular() && n.Entry.Size != mtp.NoSize && uint64(st.Size()) == n.Entry.Size &&
		n.Entry.HasModified && st.ModTime().Sub(n.Modified()).Abs() < step
}

// total is how many bytes must come, -1 if that isn't sure: a device that counts
// in 32 bits may say 4 GiB − 1 of any larger object.
func (n *Node) total() int64 {
	if n.Entry.Size == mtp.NoSize || n.Entry.Size == mtp.UnknownSize {
		return -1
	}
	return int64(n.Entry.Size)
}

// partName is the name of a fetch under way. It stands for the phone and the
// object as it is, so that what is left of another, or of an older one, isn't
// gone on with.
func (t *Tree) partName(n Node) string {
	info, e := t.s.Info(), &n.Entry
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %#x %q %q %d", info.Model, info.SerialNumber, e.Storage, n.Path, e.Name, e.Size)
	if e.HasModified {
		fmt.Fprintf(h, " %d", e.Modified.Unix())
	}
	return partPrefix + hex.EncodeToString(h.Sum(nil)[:8]) + partSuffix
}

// fetch brings an object into f, which may hold the beginning of it. Bytes is
// how much of the object f holds, with an error too.
func (t *Tree) fetch(ctx context.Context, n Node, f *os.File, o Options) (Got, error) {
	total := n.total()
	at, err := t.resumable(ctx, n, f, total, o)
	if err != nil {
		return Got{}, err
	}
	g := Got{Bytes: at, Resumed: at}
	if at > 0 {
		err = t.goOn(ctx, n, f, &g, total, o)
	} else {
		if err := f.Truncate(0); err != nil {
			return g, err
		}
		w := &sink{f: f, report: func(done int64) { o.progress(n, done, total) }}
		_, err = t.s.GetObject(ctx, n.Entry.Handle, w)
		g.Bytes = w.n
	}
	if err == nil && total >= 0 && g.Bytes != total {
		err = fmt.Errorf("%d bytes came, the phone lists %d: %w", g.Bytes, total, ErrSize)
		// Not a beginning to go on with.
		_ = f.Truncate(0)
		g.Bytes = 0
	}
	return g, err
}

// sink writes a file and counts.
type sink struct {
	f      *os.File
	n      int64
	report func(int64)
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.f.WriteAt(p, s.n)
	s.n += int64(n)
	s.report(s.n)
	return n, err
}

// resumable tells how many bytes of the object f has already: 0 if it is to be
// fetched from the start. The first and the last of them are fetched again and
// compared. Without a time nothing tells that the object is still the same.
func (t *Tree) resumable(ctx context.Context, n Node, f *os.File, total int64, o Options) (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	have := st.Size()
	can := t.s.Supports(mtp.OpGetPartialObject) || t.s.Supports(mtp.OpGetPartialObject64)
	if o.Restart || !can || !n.Entry.HasModified || have == 0 || total < 0 || have > total {
		return 0, nil
	}
	back := min(have, overlap)
	old := make([]byte, back)
	for _, at := range []int64{have - back, 0} {
		if _, err := f.ReadAt(old, at); err != nil {
			return 0, err
		}
		again, err := t.s.GetPartialObject(ctx, n.Entry.Handle, uint64(at), uint32(back))
		switch {
		case mtp.IsRefusal(err): // beyond 4 GiB without the 64-bit form, for one
			return 0, nil
		case err != nil:
			return 0, err
		case !bytes.Equal(old, again):
			return 0, nil
		}
	}
	return have, nil
}

// goOn fetches the rest in parts.
func (t *Tree) goOn(ctx context.Context, n Node, f *os.File, g *Got, total int64, o Options) error {
	for g.Bytes < total {
		o.progress(n, g.Bytes, total)
		p, err := t.s.GetPartialObject(ctx, n.Entry.Handle, uint64(g.Bytes), uint32(min(window, total-g.Bytes)))
		if err != nil {
			return err
		}
		if len(p) == 0 {
			return fmt.Errorf("at byte %d of %d: %w", g.Bytes, total, io.ErrUnexpectedEOF)
		}
		if int64(len(p)) > total-g.Bytes {
			return fmt.Errorf("at byte %d of %d: %d more came: %w", g.Bytes, total, len(p), ErrSize)
		}
		m, err := f.WriteAt(p, g.Bytes)
		g.Bytes += int64(m)
		if err != nil {
			return err
		}
	}
	o.progress(n, g.Bytes, total)
	return nil
}

// Copy writes a file's bytes to w. Errors: ErrFolder, ErrSize, those of the
// session and of w.
func (t *Tree) Copy(ctx context.Context, n Node, w io.Writer, o Options) (int64, error) {
	if n.IsFolder() {
		return 0, fmt.Errorf("%s: %w", n.Path, ErrFolder)
	}
	total, done := n.total(), int64(0)
	_, err := t.s.GetObject(ctx, n.Entry.Handle, writerFunc(func(p []byte) (int, error) {
		m, err := w.Write(p)
		done += int64(m)
		o.progress(n, done, total)
		return m, err
	}))
	if err == nil && total >= 0 && done != total {
		err = fmt.Errorf("%d bytes came, the phone lists %d: %w", done, total, ErrSize)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", n.Path, err)
	}
	return done, err
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
