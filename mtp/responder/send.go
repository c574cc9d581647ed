package responder

import (
	"fmt"
	"time"

	"cradle/mtp"
)

// pendingObject is an object that was announced and whose bytes have not come.
// Its handle is void as soon as another operation comes between.
type pendingObject struct {
	handle mtp.ObjectHandle // 0: none
	object NewObject
	// made says that the object exists already: SendObjectPropList with size 0
	// makes it at once, and a SendObject of nothing may still follow.
	made bool
	// update takes the new body of an object that is there already
	// (UpdateObjectPropList).
	update Sink
}

func (r *Responder) forgetPending() {
	switch {
	case r.pending.update != nil:
		r.pending.update.Abort()
	case r.pending.handle != 0 && !r.pending.made:
		r.backend.Forget(r.pending.handle)
	}
	r.pending = pendingObject{}
}

// place reads the parameters ([StorageID], [Parent]) of an announcement. The
// top folder is 0xFFFFFFFF here, unlike in MoveObject.
func (r *Responder) place(c *call) (storage mtp.StorageID, folder mtp.ObjectHandle, err error) {
	storage, folder = mtp.StorageID(c.param(0)), mtp.ObjectHandle(c.param(1))
	storages := r.backend.Storages()
	if len(storages) == 0 {
		return 0, 0, mtp.StoreNotAvailable
	}
	switch folder {
	case mtp.AllHandles:
		folder = 0
	case 0:
		if storage != 0 && r.dev.RootParent == RootStrict {
			return 0, 0, fmt.Errorf("parent 0, want 0xFFFFFFFF for the top folder: %w", mtp.InvalidObjectHandle)
		}
	default:
		o, err := r.backend.Object(folder)
		switch {
		case err != nil:
			return 0, 0, fmt.Errorf("%w: %w", mtp.InvalidParentObject, err)
		case !o.Folder:
			return 0, 0, mtp.InvalidParentObject
		case storage != 0 && storage != o.Storage:
			return 0, 0, mtp.InvalidStorageID
		}
		return o.Storage, folder, nil
	}
	if storage == 0 { // the device's choice
		return storages[0], 0, nil
	}
	if r.storage(storage) {
		return storage, folder, nil
	}
	return 0, 0, mtp.InvalidStorageID
}

func (r *Responder) sendObjectInfo(c *call) error {
	info, err := mtp.DecodeObjectInfo(c.payload)
	if err != nil {
		return fmt.Errorf("%w: %w", mtp.InvalidDataset, err)
	}
	n := NewObject{
		Format: info.Format, Folder: info.IsFolder(), Name: info.FileName,
		Size: info.Size, SizeKnown: info.Size != mtp.UnknownSize,
	}
	if n.Modified, err = r.parseDate(info.ModificationDate); err != nil {
		n.Modified = time.Time{} // lenient, as Android is
	}
	return r.announce(c, n)
}

// announce reserves a new object and answers with where it is going to be.
func (r *Responder) announce(c *call, n NewObject) (err error) {
	if n.Storage, n.Parent, err = r.place(c); err != nil {
		return err
	}
	if r.dev.Lies.Has(LieSendInfoDate) {
		n.Modified = time.Time{}
	}
	if err := r.onlyKnowledge(&n); err != nil {
		return err
	}
	h, err := r.backend.Reserve(n)
	if err != nil {
		return err
	}
	parent := n.Parent
	if parent == 0 {
		parent = mtp.AllHandles
	}
	c.result(uint32(n.Storage), uint32(parent), uint32(h))
	if !n.Folder {
		r.pending = pendingObject{handle: h, object: n}
	}
	return nil
}

// sendObject opens the object announced for its bytes.
func (r *Responder) sendObject(*call) (writer, error) {
	p := r.pending
	if p.handle == 0 {
		return nil, mtp.NoValidObjectInfo
	}
	r.pending = pendingObject{}
	if p.update != nil {
		return &objectWriter{sink: p.update, object: p.object}, nil
	}
	if p.made {
		return &nothingMore{}, nil
	}
	sink, err := r.backend.Receive(p.handle)
	if err != nil {
		return nil, err
	}
	return &objectWriter{sink: sink, object: p.object}, nil
}

// objectWriter counts the bytes of an object on their way to the backend.
type objectWriter struct {
	sink   Sink
	object NewObject
	got    uint64
}

func (w *objectWriter) write(p []byte) error {
	w.got += uint64(len(p))
	if w.object.SizeKnown && w.got > w.object.Size {
		return fmt.Errorf("more than the %d bytes announced: %w", w.object.Size, mtp.GeneralError)
	}
	_, err := w.sink.Write(p)
	return err
}

func (w *objectWriter) commit() error {
	if w.object.SizeKnown && w.got < w.object.Size {
		w.sink.Abort()
		return fmt.Errorf("%d of %d bytes: %w", w.got, w.object.Size, mtp.IncompleteTransfer)
	}
	return w.sink.Commit()
}

func (w *objectWriter) abort() { w.sink.Abort() }
func (w *objectWriter) pull()  { w.sink.Pull() }

// nothingMore takes the empty SendObject for an object that exists already.
type nothingMore struct{}

func (*nothingMore) write(p []byte) error {
	if len(p) > 0 {
		return fmt.Errorf("%d bytes for an object announced as empty: %w", len(p), mtp.GeneralError)
	}
	return nil
}
func (*nothingMore) commit() error { return nil }
func (*nothingMore) abort()        {}
func (*nothingMore) pull()         {}

// sendObjectPropList has the parameters ([StorageID], [Parent], Format, size
// high, size low).
func (r *Responder) sendObjectPropList(c *call) error {
	format := mtp.FormatCode(c.param(2))
	n := NewObject{
		Format: format, Folder: format == mtp.FormatAssociation,
		Size: uint64Of(c.param(4), c.param(3)), SizeKnown: true,
	}
	if r.dev.isMethod(format) {
		return fmt.Errorf("method %#04x: %w", uint16(format), mtp.InvalidObjectFormatCode)
	}
	props, err := mtp.DecodeObjectPropList(c.payload)
	if err != nil {
		return fmt.Errorf("%w: %w", mtp.InvalidDataset, err)
	}
	for i, p := range props {
		err := r.announcedProp(&n, p)
		if err != nil {
			c.result(0, 0, 0, uint32(i))
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	if n.Name == "" && r.dev.serviceFormat(format) == nil {
		return fmt.Errorf("no name: %w", mtp.InvalidDataset)
	}
	err = r.announce(c, n)
	// The index of a failed element is there even without a failure:
	// android-file-transfer reads it always.
	c.nresults = max(c.nresults, 4)
	if err != nil || n.Folder || n.Size > 0 {
		return err
	}
	sink, err := r.backend.Receive(r.pending.handle)
	if err == nil {
		err = sink.Commit()
	}
	r.pending.made = err == nil
	return err
}

// announcedProp takes over one element of SendObjectPropList.
func (r *Responder) announcedProp(n *NewObject, p mtp.ObjectProp) error {
	d := findProp(r.dev.propsOf(n.Format, n.Folder), p.Code)
	switch {
	case p.Handle != 0:
		return mtp.InvalidDataset
	case d == nil:
		return mtp.ObjectPropNotSupported
	case p.Value.Type() != d.Type:
		return mtp.InvalidObjectPropFormat
	}
	switch p.Code {
	case mtp.PropObjectFileName:
		n.Name = p.Value.Text()
	case mtp.PropName, mtp.PropDisplayName:
		if n.Name == "" {
			n.Name = p.Value.Text()
		}
	case mtp.PropDateModified:
		t, err := r.parseDate(p.Value.Text())
		if err != nil {
			return fmt.Errorf("%w: %w", mtp.InvalidObjectPropValue, err)
		}
		n.Modified = t
	default:
		n.Props = append(n.Props, p)
	}
	return nil
}
