package responder

import (
	"io"
	"time"

	"cradle/mtp"
)

// Backend is what a device stores: storages with a tree of objects. The
// [Responder] calls it from one goroutine at a time and owns all of the
// protocol; the backend owns the handles.
//
// An error that wraps a [mtp.RespCode] becomes that response; any other error
// becomes GeneralError.
type Backend interface {
	// OpenSession is called as a session opens. Handles need to last until the
	// next call only.
	OpenSession()

	// Storages lists the storages that can be seen now; none while the device is
	// locked.
	Storages() []mtp.StorageID
	// StorageInfo describes one of them, or fails with InvalidStorageID.
	StorageInfo(id mtp.StorageID) (mtp.StorageInfo, error)

	// Object describes an object as it is now, or fails with
	// InvalidObjectHandle.
	Object(h mtp.ObjectHandle) (Object, error)
	// Walk calls visit for the objects in a folder (folder = 0: the top level of
	// the storage, whose ID is then needed), and for all below them when deep is
	// set, a folder before its contents. The Object is valid during the call
	// only.
	Walk(storage mtp.StorageID, folder mtp.ObjectHandle, deep bool, visit func(*Object)) error

	// Open opens an object's bytes for reading.
	Open(h mtp.ObjectHandle) (Content, error)

	// Reserve checks whether n can be made and gives it a handle. A folder is
	// made at once, anything else with Receive.
	Reserve(n NewObject) (mtp.ObjectHandle, error)
	// Receive starts to take in the bytes of a reserved object.
	Receive(h mtp.ObjectHandle) (Sink, error)
	// Forget drops a reserved handle that was not received.
	Forget(h mtp.ObjectHandle)

	// Delete removes an object and all below it. When some of it is left it
	// fails with PartialDeletion.
	Delete(h mtp.ObjectHandle) error
	// Move puts an object into a folder (0: the top level) of a storage. The
	// handle stays.
	Move(h mtp.ObjectHandle, storage mtp.StorageID, folder mtp.ObjectHandle) error
	// Copy copies an object, with all below it, and returns the copy's handle.
	Copy(h mtp.ObjectHandle, storage mtp.StorageID, folder mtp.ObjectHandle) (mtp.ObjectHandle, error)
	// Rename gives an object another name in the same folder.
	Rename(h mtp.ObjectHandle, name string) error
	// SetModified sets the time that DateModified reports.
	SetModified(h mtp.ObjectHandle, t time.Time) error

	// Edit opens an object for writing in place (Android's edit operations).
	Edit(h mtp.ObjectHandle) (Editor, error)
}

// Object is what the device tells of one object.
type Object struct {
	Handle  mtp.ObjectHandle
	Parent  mtp.ObjectHandle // 0 at the top level
	Storage mtp.StorageID
	Format  mtp.FormatCode
	Folder  bool
	// ReadOnly is told as ProtectionStatus.
	ReadOnly bool
	Name     string
	Size     uint64
	// Created and Modified are as the device's clock has them and in its zone;
	// zero for a device without times.
	Created, Modified time.Time
	// PersistentID is PersistentUniqueObjectIdentifier, in wire order.
	PersistentID [16]byte
}

// NewObject is what SendObjectInfo or SendObjectPropList announce.
type NewObject struct {
	Storage mtp.StorageID
	Parent  mtp.ObjectHandle // 0: the top level
	Format  mtp.FormatCode
	Folder  bool
	Name    string
	Size    uint64
	// SizeKnown is false when the initiator announced 4 GiB or more in a 32-bit
	// field.
	SizeKnown bool
	// Modified is the time wished for; zero: the device stamps its own.
	Modified time.Time
	// Props are the other properties announced, which the object's format has.
	Props []mtp.ObjectProp
}

// Content is an object's bytes.
type Content interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Sink takes in the bytes of a new object. Exactly one of its three ends is
// called.
type Sink interface {
	io.Writer
	// Commit is the normal end.
	Commit() error
	// Abort throws away what came.
	Abort()
	// Pull is the end by a pulled cable: what came stays as it is.
	Pull()
}

// Editor changes an object in place.
type Editor interface {
	io.WriterAt
	Truncate(size int64) error
	// Close ends the edit and stamps the object.
	Close() error
}
