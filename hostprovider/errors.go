package hostprovider

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/mattn/go-sqlite3"
)

// Errors that a caller acts on. A store of a newer program is engine.ErrNewer, a
// missing file fs.ErrNotExist, one that may not be read or written
// fs.ErrPermission.
var (
	// ErrForeign: the file is no store of this program, or it is damaged.
	ErrForeign = errors.New("not a Cradle store, or a damaged one")
	// ErrNotFound: no item, conflict or run has that name.
	ErrNotFound = errors.New("not found")
	// ErrBusy: another program held the write lock for longer than Options.Wait.
	ErrBusy = errors.New("another program is writing to the store")
	// ErrReadOnly: the store was opened for reading only.
	ErrReadOnly = errors.New("the store is open for reading only")
	// ErrFull: the file system has no room left for the store.
	ErrFull = errors.New("the disk is full")
)

// NoItemError: no item has that ID, beginning of an ID or UID. It is an ErrNotFound.
type NoItemError struct{ Name string }

func (e *NoItemError) Error() string { return fmt.Sprintf("item %q: %v", e.Name, ErrNotFound) }
func (e *NoItemError) Unwrap() error { return ErrNotFound }

// databaseError is what SQLite said, as one of the errors that a caller acts on.
// The statement and SQLite's own words are of no use to anybody then.
type databaseError struct {
	kind  error
	cause sqlite3.Error
}

func (e *databaseError) Error() string   { return e.kind.Error() }
func (e *databaseError) Unwrap() []error { return []error{e.kind, e.cause} }

// sqlError classifies an error of the database; any other error comes back in the
// words of the statement, if one is given.
func sqlError(err error, sql string) error {
	var e sqlite3.Error
	var known *databaseError
	if err == nil || errors.As(err, &known) {
		return err
	}
	if errors.As(err, &e) {
		switch e.Code {
		case sqlite3.ErrBusy, sqlite3.ErrLocked:
			return &databaseError{ErrBusy, e}
		case sqlite3.ErrFull:
			return &databaseError{ErrFull, e}
		case sqlite3.ErrReadonly, sqlite3.ErrPerm, sqlite3.ErrAuth, sqlite3.ErrCantOpen:
			return &databaseError{fs.ErrPermission, e}
		case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
			return &databaseError{ErrForeign, e}
		}
	}
	if sql == "" {
		return err
	}
	return fmt.Errorf("%s: %w", firstLine(sql), err)
}
