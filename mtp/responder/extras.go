package responder

import (
	"cradle/mtp"
)

// A Backend may have more than the interface asks for; without it the
// operations answer as a device that doesn't have them for any object.
type (
	// Thumbnailer has thumbnails.
	Thumbnailer interface {
		// Thumb gives an object's thumbnail, or fails with NoThumbnailPresent.
		Thumb(h mtp.ObjectHandle) ([]byte, error)
	}
	// Protector protects objects.
	Protector interface {
		Protect(h mtp.ObjectHandle, p mtp.ProtectionStatus) error
	}
	// Formatter erases storages.
	Formatter interface {
		Format(id mtp.StorageID) error
	}
)

// formatStore erases a storage; the file system, parameter 2, is the device's own
// business.
func (r *Responder) formatStore(c *call) error {
	id := mtp.StorageID(c.param(0))
	if _, err := r.backend.StorageInfo(id); err != nil {
		return err
	}
	f, ok := r.backend.(Formatter)
	if !ok {
		return mtp.ParameterNotSupported
	}
	return f.Format(id)
}

// resetDevice closes the session; the device properties get their defaults.
func (r *Responder) resetDevice(*call) error {
	r.closeSession()
	for i := range r.dev.DeviceProps {
		r.dev.DeviceProps[i].Current = r.dev.DeviceProps[i].Default
	}
	return nil
}

// selfTest is always passed, any vendor's (0x8000 and up) is unknown.
func (r *Responder) selfTest(c *call) error {
	if c.param(0) != 0 {
		return mtp.ParameterNotSupported
	}
	return nil
}

// powerDown leaves the bus once its response is read.
func (r *Responder) powerDown(c *call) error {
	c.faults = append(c.faults, striking{Fault: &Fault{Phase: After, Do: Pull}})
	return nil
}

func (r *Responder) getThumb(c *call) error {
	o, err := r.object(c)
	if err != nil {
		return err
	}
	t, ok := r.backend.(Thumbnailer)
	if !ok {
		return mtp.NoThumbnailPresent
	}
	c.data, err = t.Thumb(o.Handle)
	return err
}

func (r *Responder) setObjectProtection(c *call) error {
	o, err := r.object(c)
	if err != nil {
		return err
	}
	switch p := mtp.ProtectionStatus(c.param(1)); p {
	case mtp.ProtectionNone, mtp.ProtectionReadOnly:
		if b, ok := r.backend.(Protector); ok {
			return b.Protect(o.Handle, p)
		}
		return mtp.OperationNotSupported
	}
	return mtp.InvalidParameter
}

// getInterdependentPropDesc: the same for all formats.
func (r *Responder) getInterdependentPropDesc(c *call) (err error) {
	c.data, err = mtp.AppendInterdependentPropDesc(nil, r.dev.Interdependent)
	return err
}

// getObjectReferences gives those that are there still.
func (r *Responder) getObjectReferences(c *call) error {
	o, err := r.object(c)
	if err != nil {
		return err
	}
	var there []mtp.ObjectHandle
	for _, h := range r.references[o.Handle] {
		if _, err := r.backend.Object(h); err == nil {
			there = append(there, h)
		}
	}
	c.data = mtp.AppendHandles(nil, there)
	return nil
}

// setObjectReferences replaces an object's references. They last as long as the
// session, as handles do.
func (r *Responder) setObjectReferences(c *call) error {
	o, err := r.object(c)
	if err != nil {
		return err
	}
	refs, err := mtp.DecodeHandles(c.payload)
	if err != nil {
		return mtp.InvalidDataset
	}
	for _, h := range refs {
		if _, err := r.backend.Object(h); err != nil {
			return mtp.InvalidObjectReference
		}
	}
	if r.references == nil {
		r.references = map[mtp.ObjectHandle][]mtp.ObjectHandle{}
	}
	r.references[o.Handle] = refs
	return nil
}
