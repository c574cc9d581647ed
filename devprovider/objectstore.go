package devprovider

import (
	"context"
	"errors"
	"time"
)

// Errors of an ObjectStore that the folder profile acts on. Besides these it
// tells fs.ErrNotExist (no such object), fs.ErrExist (the name is taken),
// errors.ErrUnsupported (the device has no such operation) and engine.ErrGone
// (the device is no longer there, the session ends) by errors.Is. Any other error
// is the device's refusal and concerns the one object.
var (
	// ErrFull: the storage has no room for the object.
	ErrFull = errors.New("the storage is full")
	// ErrReadOnly: the storage, or the object, cannot be written.
	ErrReadOnly = errors.New("the storage is read-only")
	// ErrName: the device may have refused the name; a plainer one is tried.
	ErrName = errors.New("the device refuses the name")
	// ErrTooLarge: the object is larger than what was asked for.
	ErrTooLarge = errors.New("too large")
)

// ObjectStore is what the folder profile needs of a device: folders of objects on
// one or several storages. A storage is named by its lasting name (Storage.Name).
// Paths are relative to the storage's root, with "/" between names and no slash
// at either end; "" is the root itself. One goroutine uses a store at a time.
type ObjectStore interface {
	// Storages lists the storages that are there now, in the device's order. A
	// locked phone has none.
	Storages(ctx context.Context) ([]Storage, error)
	// List tells what lies in a folder now.
	List(ctx context.Context, storage, folder string) (Listing, error)
	// Stat looks at one object again.
	Stat(ctx context.Context, storage, path string) (Entry, error)
	// Read gives an object's bytes; ErrTooLarge beyond limit bytes.
	Read(ctx context.Context, storage, path string, limit int64) ([]byte, error)
	// Create makes an object of these bytes in a folder that is there, never over
	// another one, and returns it as the device then shows it, which may be under
	// another name.
	Create(ctx context.Context, storage, path string, body []byte) (Entry, error)
	// Mkdir makes one folder; fs.ErrExist when it is there.
	Mkdir(ctx context.Context, storage, path string) error
	// Delete takes an object away.
	Delete(ctx context.Context, storage, path string) error
	// Rename gives an object another name in its folder and returns it as the
	// device then shows it; the entry's name tells whether the device did it.
	Rename(ctx context.Context, storage, path, name string) (Entry, error)
	// Move takes an object to another folder of its storage, under its name.
	Move(ctx context.Context, storage, path, folder string) (Entry, error)
}

// Replacer is an ObjectStore that can put one object in the place of another in
// one step that no cut divides.
type Replacer interface {
	// Replace renames the object at from to path, over the one that lies there.
	Replace(ctx context.Context, storage, from, path string) (Entry, error)
}

// Storage is one storage of a device.
type Storage struct {
	// Name is its lasting name, by which the state refers to it: the volume
	// identifier or label, never a StorageID; unique on the device.
	Name     string
	Label    string // for a person
	Writable bool
	Free     int64 // bytes; negative when not known
}

// Entry is one object of a folder.
type Entry struct {
	Name     string
	Folder   bool
	Size     int64 // bytes; negative when not known
	Modified int64 // the device's time of last change, Unix milliseconds; 0 unknown, a folder's often is
}

// Listing is what lies in a folder.
type Listing struct {
	Entries []Entry
	// Whole is false when the device left something out or could not describe it:
	// nothing that is missing here is known to be gone.
	Whole  bool
	Reason error // why it isn't whole
}

// partial says why a listing isn't whole; nil when it is.
func (l *Listing) partial() error {
	switch {
	case l.Whole:
		return nil
	case l.Reason == nil:
		return errors.New("the device left out some of its objects")
	}
	return l.Reason
}

// Clock tells this computer's time; tests have their own.
type Clock func() time.Time
