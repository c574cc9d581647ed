package devprovider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"cradle/engine"
)

// dirStorage is the lasting name of a plain folder's one storage.
const dirStorage = "folder"

// DirStore is a plain folder as a device with one storage: a USB stick, a folder
// that another program syncs. An object is a regular file; anything else in the
// folder is left out. Every object is on the disk before Create returns only if
// Sync is set.
type DirStore struct {
	root string
	// Sync makes Create flush each object to the disk, not only those of the
	// state. It costs milliseconds an object on a stick.
	Sync bool
}

// OpenDir opens a folder that exists.
func OpenDir(path string) (*DirStore, error) {
	root, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("folder %s: %w", path, err)
	}
	info, err := os.Stat(root)
	if err != nil {
		return nil, fmt.Errorf("folder %s: %w", path, reason(err))
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("folder %s: not a folder", path)
	}
	return &DirStore{root: root}, nil
}

var errLinked = errors.New("a link to a folder elsewhere, which is not followed")

// Origin tells the folder from others, on this computer: its path and inode.
func (d *DirStore) Origin() string {
	info, err := os.Stat(d.root)
	if err != nil {
		return ""
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s\x00%d", d.root, st.Ino)
}

// reason takes the operation and path off an error of package os; callers name
// both themselves.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}

// fail says what an error of the file system means for the session.
func (d *DirStore) fail(what, path string, err error) error {
	if err == nil {
		return nil
	}
	why := reason(err)
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		why = ErrFull
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		why = fmt.Errorf("%w: %w", ErrReadOnly, why)
	case errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.EILSEQ):
		why = fmt.Errorf("%w: %w", ErrName, why)
	case errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ESTALE):
		why = fmt.Errorf("%w: %w", engine.ErrGone, why)
	default:
		// A stick that was pulled leaves an empty mount point or none at all.
		if _, gone := os.Stat(d.root); gone != nil {
			why = fmt.Errorf("%w: %w", engine.ErrGone, why)
		}
	}
	return fmt.Errorf("%s %s: %w", what, path, why)
}

// at is the file of a path. Names that would lead out of the folder are refused.
func (d *DirStore) at(ctx context.Context, storage, path string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if storage != dirStorage {
		return "", fmt.Errorf("storage %q: %w", storage, fs.ErrNotExist)
	}
	if path == "" {
		return d.root, nil
	}
	if !fs.ValidPath(path) || strings.ContainsRune(path, 0) {
		return "", fmt.Errorf("%q: %w", path, ErrName)
	}
	return d.root + string(filepath.Separator) + path, nil
}

// Storages gives the folder itself.
func (d *DirStore) Storages(ctx context.Context) ([]Storage, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(d.root); err != nil {
		return nil, fmt.Errorf("folder %s: %w: %w", d.root, engine.ErrGone, reason(err))
	}
	s := Storage{Name: dirStorage, Label: filepath.Base(d.root), Free: -1}
	s.Writable = syscall.Access(d.root, 2) == nil
	var st syscall.Statfs_t
	if err := syscall.Statfs(d.root, &st); err == nil {
		s.Free = int64(st.Bavail) * st.Bsize
	}
	return []Storage{s}, nil
}

// List reads a folder. A file that vanishes meanwhile is left out, as it is gone.
func (d *DirStore) List(ctx context.Context, storage, folder string) (Listing, error) {
	dir, err := d.at(ctx, storage, folder)
	if err != nil {
		return Listing{}, err
	}
	f, err := os.Open(dir)
	if err != nil {
		return Listing{}, d.fail("list", folder, err)
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return Listing{}, d.fail("list", folder, err)
	}
	l := Listing{Whole: true, Entries: make([]Entry, 0, len(names))}
	prefix := dir + string(filepath.Separator)
	var st syscall.Stat_t
	for _, name := range names {
		err := syscall.Lstat(prefix+name, &st)
		if err == nil && st.Mode&syscall.S_IFMT == syscall.S_IFLNK {
			if err = syscall.Stat(prefix+name, &st); err == nil && st.Mode&syscall.S_IFMT == syscall.S_IFDIR {
				// A link to a folder isn't followed, but what lies there isn't gone.
				if folder != "" || name == rootFolder {
					l.Whole, l.Reason = false, fmt.Errorf("%s: %w", join(folder, name), errLinked)
				}
				continue
			}
		}
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			l.Whole, l.Reason = false, d.fail("look at", join(folder, name), err)
			continue
		}
		if e, ok := entryOf(name, &st); ok {
			l.Entries = append(l.Entries, e)
		}
	}
	return l, nil
}

func entryOf(name string, st *syscall.Stat_t) (Entry, bool) {
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		return Entry{Name: name, Folder: true, Modified: st.Mtim.Nano() / 1e6}, true
	case syscall.S_IFREG:
		return Entry{Name: name, Size: st.Size, Modified: st.Mtim.Nano() / 1e6}, true
	}
	return Entry{}, false
}

// Stat looks at one object.
func (d *DirStore) Stat(ctx context.Context, storage, path string) (Entry, error) {
	file, err := d.at(ctx, storage, path)
	if err != nil {
		return Entry{}, err
	}
	return d.stat(file, path)
}

func (d *DirStore) stat(file, path string) (Entry, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(file, &st); err != nil {
		return Entry{}, d.fail("look at", path, err)
	}
	e, ok := entryOf(filepath.Base(file), &st)
	if !ok {
		return Entry{}, fmt.Errorf("look at %s: neither file nor folder: %w", path, fs.ErrNotExist)
	}
	return e, nil
}

// Read gives an object's bytes.
func (d *DirStore) Read(ctx context.Context, storage, path string, limit int64) ([]byte, error) {
	file, err := d.at(ctx, storage, path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, d.fail("read", path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, d.fail("read", path, err)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("read %s: %w: %d bytes, at most %d", path, ErrTooLarge, info.Size(), limit)
	}
	// One byte more than the file has, so that its end is seen without growing.
	body := make([]byte, 0, info.Size()+1)
	for {
		n, err := f.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case err == io.EOF:
			return body, nil
		case err != nil:
			return nil, d.fail("read", path, err)
		case int64(len(body)) > limit:
			return nil, fmt.Errorf("read %s: %w: more than %d bytes", path, ErrTooLarge, limit)
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
}

// Create makes a new file. Files of the state are flushed to the disk together
// with the folder that names them.
func (d *DirStore) Create(ctx context.Context, storage, path string, body []byte) (Entry, error) {
	file, err := d.at(ctx, storage, path)
	if err != nil {
		return Entry{}, err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return Entry{}, d.fail("create", path, err)
	}
	_, err = f.Write(body)
	flush := d.Sync || strings.HasPrefix(path, stateFolder+"/")
	if err == nil && flush {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		os.Remove(file)
		return Entry{}, d.fail("write", path, err)
	}
	if flush {
		d.flushFolder(filepath.Dir(file))
	}
	return d.stat(file, path)
}

// flushFolder makes names lasting. Some file systems cannot, so nothing depends
// on it.
func (d *DirStore) flushFolder(dir string) {
	if f, err := os.Open(dir); err == nil {
		f.Sync() //nolint:errcheck // best effort, see above
		f.Close()
	}
}

// Mkdir makes a folder.
func (d *DirStore) Mkdir(ctx context.Context, storage, path string) error {
	dir, err := d.at(ctx, storage, path)
	if err != nil {
		return err
	}
	return d.fail("make folder", path, os.Mkdir(dir, 0o777))
}

// Delete removes a file.
func (d *DirStore) Delete(ctx context.Context, storage, path string) error {
	file, err := d.at(ctx, storage, path)
	if err != nil {
		return err
	}
	return d.fail("delete", path, os.Remove(file))
}

// Rename renames a file within its folder, never over another one.
func (d *DirStore) Rename(ctx context.Context, storage, path, name string) (Entry, error) {
	return d.rename(ctx, storage, path, join(parent(path), name), false)
}

// Move moves a file, never over another one.
func (d *DirStore) Move(ctx context.Context, storage, path, folder string) (Entry, error) {
	return d.rename(ctx, storage, path, join(folder, base(path)), false)
}

// Replace renames a file over another one, which POSIX does in one step.
func (d *DirStore) Replace(ctx context.Context, storage, from, path string) (Entry, error) {
	return d.rename(ctx, storage, from, path, true)
}

func (d *DirStore) rename(ctx context.Context, storage, from, to string, over bool) (Entry, error) {
	src, err := d.at(ctx, storage, from)
	if err != nil {
		return Entry{}, err
	}
	dst, err := d.at(ctx, storage, to)
	if err != nil {
		return Entry{}, err
	}
	if !over {
		if _, err := os.Lstat(dst); err == nil {
			return Entry{}, fmt.Errorf("rename %s to %s: %w", from, to, fs.ErrExist)
		}
	}
	if err := os.Rename(src, dst); err != nil {
		return Entry{}, d.fail("rename", from, err)
	}
	return d.stat(dst, to)
}
