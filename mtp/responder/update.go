package responder

import (
	"fmt"

	"cradle/mtp"
)

// Updater is a [Backend] that keeps properties beyond those of every file, as the
// objects of services have them, and changes an object's properties and body as
// one.
type Updater interface {
	// Prop is a property's value; false if it isn't set.
	Prop(h mtp.ObjectHandle, code mtp.PropCode) (mtp.Value, bool)
	// Update prepares a change of an object's properties, which its format has
	// and whose types were checked, and with body also of its bytes, which are
	// what the Sink is given then. The Sink's Commit makes the change whole;
	// Abort and Pull leave the object as it was.
	Update(h mtp.ObjectHandle, props []mtp.ObjectProp, body bool) (Sink, error)
	// Unset takes properties away.
	Unset(h mtp.ObjectHandle, props []mtp.PropCode) error
}

// commit ends an update without a body.
func commit(s Sink, err error) error {
	if err != nil {
		return err
	}
	return s.Commit()
}

// updateObjectPropList changes properties of an object as one. Where the object
// has a body then, SendObject has to follow, and nothing changes before.
func (r *Responder) updateObjectPropList(c *call) error {
	o, err := r.object(c)
	if err != nil {
		return err
	}
	u, ok := r.backend.(Updater)
	if !ok {
		return mtp.OperationNotSupported
	}
	props, err := mtp.DecodeObjectPropList(c.payload)
	if err != nil {
		return fmt.Errorf("%w: %w", mtp.InvalidDataset, err)
	}
	size := o.Size
	for i := range props {
		p := &props[i]
		if err := r.updatedProp(&o, p); err != nil {
			c.result(uint32(i))
			return fmt.Errorf("element %d: %w", i, err)
		}
		if p.Code == mtp.PropObjectSize {
			size = p.Value.Uint()
		}
	}
	if size == 0 {
		return commit(u.Update(o.Handle, props, o.Size > 0))
	}
	sink, err := u.Update(o.Handle, props, true)
	if err == nil {
		r.pending = pendingObject{handle: o.Handle, object: NewObject{Size: size, SizeKnown: true}, update: sink}
	}
	return err
}

// updatedProp checks one element of UpdateObjectPropList. The size is read-only
// elsewhere.
func (r *Responder) updatedProp(o *Object, p *mtp.ObjectProp) error {
	if p.Handle != 0 && p.Handle != o.Handle {
		return mtp.InvalidDataset
	}
	p.Handle = o.Handle
	d := findProp(r.dev.propsOf(o.Format, o.Folder), p.Code)
	switch {
	case d == nil:
		return mtp.InvalidObjectPropCode
	case d.Type != p.Value.Type():
		return mtp.InvalidObjectPropFormat
	case p.Code == mtp.PropObjectSize && !o.Folder:
		return nil
	case !d.Writable:
		return mtp.AccessDenied
	case !fits(&d.Form, p.Value):
		return mtp.InvalidObjectPropValue
	}
	return nil
}

// deleteObjectPropList unsets properties of an object, or of those that the
// elements name when the parameter is all ones.
func (r *Responder) deleteObjectPropList(c *call) error {
	u, ok := r.backend.(Updater)
	if !ok {
		return mtp.OperationNotSupported
	}
	ids, err := mtp.DecodePropIDs(c.payload)
	if err != nil {
		return fmt.Errorf("%w: %w", mtp.InvalidDataset, err)
	}
	h := mtp.ObjectHandle(c.param(0))
	if h != mtp.AllHandles {
		if _, err := r.backend.Object(h); err != nil {
			return err
		}
	}
	for i, p := range ids {
		if err := r.unset(u, h, p); err != nil {
			c.result(uint32(i))
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	return nil
}

func (r *Responder) unset(u Updater, h mtp.ObjectHandle, p mtp.PropID) error {
	switch owner := mtp.ObjectHandle(p.Owner); {
	case h == mtp.AllHandles:
		h = owner
	case owner != 0 && owner != h:
		return mtp.InvalidDataset
	}
	o, err := r.backend.Object(h)
	if err != nil {
		return err
	}
	d := findProp(r.dev.propsOf(o.Format, o.Folder), mtp.PropCode(p.Code))
	switch {
	case d == nil:
		return mtp.InvalidObjectPropCode
	case !d.Writable:
		return mtp.AccessDenied
	}
	return u.Unset(o.Handle, []mtp.PropCode{d.Code})
}
