package metastore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// File is a Place in a folder: a file of mode 0600 that is replaced by renaming a
// new one, synced to the disk, over it. Its folder must be there.
type File string

var _ Place = File("")

// maxBlob bounds what Load reads, 1 GiB: a file that is greater is none of ours.
const maxBlob = 1 << 30

func (f File) String() string { return string(f) }

// Load implements Place.
func (f File) Load(ctx context.Context) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return f.read()
}

func (f File) read() ([]byte, error) {
	fi, err := os.Stat(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if fi.Size() > maxBlob {
		return nil, fmt.Errorf("%d bytes, more than %d: %w", fi.Size(), maxBlob, ErrDamaged)
	}
	b, err := os.ReadFile(string(f))
	if err != nil {
		return nil, err
	}
	if len(b) == 0 {
		// We never leave an empty file: it lost its bytes in a crash of the system.
		return nil, fmt.Errorf("the file is empty: %w", ErrDamaged)
	}
	return b, nil
}

// Save implements Place. A lock on the folder keeps two programs from replacing
// the file at one time.
func (f File) Save(ctx context.Context, old, b []byte) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(string(f)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock of the folder: %w", err)
	}
	now, err := f.read()
	if err != nil {
		return err
	}
	if !bytes.Equal(now, old) {
		return ErrOvertaken
	}
	// One name, reused: what a killed program left is overwritten.
	fresh := string(f) + ".new"
	if err := writeFile(fresh, b); err != nil {
		return err
	}
	if err := os.Rename(fresh, string(f)); err != nil {
		return err
	}
	return dir.Sync()
}

func writeFile(name string, b []byte) error {
	w, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	if err == nil {
		err = w.Sync()
	}
	return errors.Join(err, w.Close())
}

// SetAside implements Place: the file gets the ending .damaged, and a number when
// there is one already.
func (f File) SetAside(ctx context.Context) (string, error) {
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		name := string(f) + ".damaged"
		if n > 1 {
			name = fmt.Sprintf("%s.%d", name, n)
		}
		err := os.Link(string(f), name)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EOPNOTSUPP) { // FAT has no links
			if _, e := os.Lstat(name); e == nil {
				continue
			}
			return name, os.Rename(string(f), name)
		}
		if err != nil {
			return "", err
		}
		return name, os.Remove(string(f))
	}
}
