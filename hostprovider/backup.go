package hostprovider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Backup copies the store, as it is in this moment, into a new file, mode 0600. Its
// folder is made. A file that is there already is fs.ErrExist.
func (s *Store) Backup(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w == nil {
		return errClosed
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if _, _, err := s.w.exec("VACUUM INTO ?", path); err != nil {
		os.Remove(path)
		return fmt.Errorf("backup of %s: %w", s.path, err)
	}
	return nil
}

// Restore puts a backup into the place of a store that can't be used, or isn't there,
// and moves what lay there aside: its new name is returned, empty for none. The backup
// is looked over first, and stays. The store takes new replica IDs when it is next
// used, since phones know more of it than it does itself. No program may have the store
// open.
func Restore(ctx context.Context, backup, path, aside string, o Options) (moved string, err error) {
	o.ReadOnly, o.Create = true, false
	b, err := Open(ctx, backup, o)
	if errors.Is(err, ErrReadOnly) {
		err = nil // of an older version: the next command upgrades it
	}
	if err != nil {
		return "", fmt.Errorf("the backup can't be used: %w", err)
	}
	if b != nil {
		wrong, cerr := b.Check(ctx)
		if err := errors.Join(cerr, b.Close()); err != nil {
			return "", fmt.Errorf("the backup can't be used: %w", err)
		}
		if len(wrong) > 0 {
			return "", fmt.Errorf("the backup can't be used: %s: %w", wrong[0], ErrForeign)
		}
	}
	next := path + ".restoring"
	if err := copyWhole(next, backup); err != nil {
		return "", fmt.Errorf("copying the backup: %w", err)
	}
	defer os.Remove(next)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		err := os.Rename(path+suffix, aside+suffix)
		if err == nil && suffix == "" {
			moved = aside
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return moved, fmt.Errorf("moving the store aside: %w", err)
		}
	}
	if err := os.Rename(next, path); err != nil {
		return moved, fmt.Errorf("putting the backup in place: %w", err)
	}
	return moved, nil
}

// copyWhole copies a file that nobody writes to, mode 0600.
func copyWhole(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	return err
}
