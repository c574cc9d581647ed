package responder

import (
	"encoding/binary"
	"fmt"

	"cradle/mtp"
)

// descs gives the property descriptions for a format.
func (r *Responder) descs(format mtp.FormatCode) []mtp.ObjectPropDesc {
	return r.dev.propsOf(format, format == mtp.FormatAssociation)
}

func (r *Responder) getObjectPropsSupported(c *call) error {
	descs := r.descs(mtp.FormatCode(c.param(0)))
	codes := make([]mtp.PropCode, len(descs))
	for i, d := range descs {
		codes[i] = d.Code
	}
	c.data = mtp.AppendPropCodes(nil, codes)
	return nil
}

func (r *Responder) getObjectPropDesc(c *call) error {
	d := findProp(r.descs(mtp.FormatCode(c.param(1))), mtp.PropCode(c.param(0)))
	if d == nil {
		return mtp.ObjectPropNotSupported
	}
	var err error
	c.data, err = d.AppendBinary(nil)
	return err
}

// value is a property of an object; false if the object doesn't have it.
func (r *Responder) value(o *Object, d *mtp.ObjectPropDesc) (mtp.Value, bool) {
	switch d.Code {
	case mtp.PropStorageID:
		return mtp.UintValue(d.Type, uint64(o.Storage)), true
	case mtp.PropObjectFormat:
		return mtp.UintValue(d.Type, uint64(o.Format)), true
	case mtp.PropProtectionStatus:
		status := mtp.ProtectionNone
		if o.ReadOnly {
			status = mtp.ProtectionReadOnly
		}
		return mtp.UintValue(d.Type, uint64(status)), true
	case mtp.PropObjectSize:
		return mtp.UintValue(d.Type, o.Size), true
	case mtp.PropAssociationType:
		kind := mtp.AssociationUndefined
		if o.Folder {
			kind = mtp.AssociationGenericFolder
		}
		return mtp.UintValue(d.Type, uint64(kind)), true
	case mtp.PropObjectFileName, mtp.PropName, mtp.PropDisplayName:
		return mtp.StringValue(r.nameText(o)), true
	case mtp.PropDateModified:
		return mtp.StringValue(r.dateText(o.Modified)), true
	case mtp.PropDateCreated, mtp.PropDateAdded:
		return mtp.StringValue(r.dateText(o.Created)), true
	case mtp.PropParentObject:
		return mtp.UintValue(d.Type, uint64(r.parent(o))), true
	case mtp.PropPersistentUniqueObjectIdentifier:
		lo, hi := binary.LittleEndian.Uint64(o.PersistentID[:8]), binary.LittleEndian.Uint64(o.PersistentID[8:])
		return mtp.Uint128Value(lo, hi), true
	case mtp.PropHidden, mtp.PropSystemObject:
		return mtp.UintValue(d.Type, 0), true
	}
	if u, ok := r.backend.(Updater); ok {
		return u.Prop(o.Handle, d.Code)
	}
	return mtp.Value{}, false
}

func (r *Responder) getObjectPropValue(c *call) error {
	o, err := r.object(c)
	if err != nil {
		return err
	}
	d := findProp(r.dev.propsOf(o.Format, o.Folder), mtp.PropCode(c.param(1)))
	if d == nil {
		return mtp.InvalidObjectPropCode
	}
	v, ok := r.value(&o, d)
	if !ok {
		return mtp.ObjectPropNotSupported
	}
	c.data, err = mtp.AppendValue(nil, v)
	return err
}

func (r *Responder) setObjectPropValue(c *call) error {
	o, err := r.object(c)
	if err != nil {
		return err
	}
	d := findProp(r.dev.propsOf(o.Format, o.Folder), mtp.PropCode(c.param(1)))
	if d == nil {
		return mtp.InvalidObjectPropCode
	}
	v, err := mtp.DecodeValue(d.Type, c.payload)
	if err != nil {
		return fmt.Errorf("%w: %w", mtp.InvalidObjectPropFormat, err)
	}
	return r.set(&o, d, v)
}

// set changes a property: the name renames, DateModified sets the time.
func (r *Responder) set(o *Object, d *mtp.ObjectPropDesc, v mtp.Value) error {
	switch {
	case !d.Writable:
		return mtp.AccessDenied
	case !fits(&d.Form, v):
		return mtp.InvalidObjectPropValue
	}
	switch d.Code {
	case mtp.PropObjectFileName, mtp.PropName, mtp.PropDisplayName:
		return r.backend.Rename(o.Handle, v.Text())
	case mtp.PropDateModified:
		if r.dev.Lies.Has(LieSetDate) {
			return mtp.GeneralError
		}
		t, err := r.parseDate(v.Text())
		if err != nil || t.IsZero() {
			return mtp.InvalidObjectPropValue
		}
		return r.backend.SetModified(o.Handle, t)
	}
	if u, ok := r.backend.(Updater); ok {
		return commit(u.Update(o.Handle, []mtp.ObjectProp{{Handle: o.Handle, Code: d.Code, Value: v}}, false))
	}
	return mtp.AccessDenied
}

func (r *Responder) setObjectPropList(c *call) error {
	props, err := mtp.DecodeObjectPropList(c.payload)
	if err != nil {
		return fmt.Errorf("%w: %w", mtp.InvalidDataset, err)
	}
	for i, p := range props {
		if err := r.setElement(p); err != nil {
			c.result(uint32(i))
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	return nil
}

func (r *Responder) setElement(p mtp.ObjectProp) error {
	o, err := r.backend.Object(p.Handle)
	if err != nil {
		return err
	}
	d := findProp(r.dev.propsOf(o.Format, o.Folder), p.Code)
	switch {
	case d == nil:
		return mtp.InvalidObjectPropCode
	case d.Type != p.Value.Type():
		return mtp.InvalidObjectPropFormat
	}
	return r.set(&o, d, p.Value)
}

// list is an ObjectPropList being written.
type list struct {
	r     *Responder
	prop  uint32 // a property, or mtp.AllProps, or 0: those of group
	group uint32
	b     []byte
	n     uint32
	err   error
	// first are the first object's properties, for LiePropListMixed.
	first []mtp.ObjectPropDesc

	objects int              // for LieSameHandles
	last    mtp.ObjectHandle // added
}

func (l *list) add(o *Object) {
	descs := l.r.dev.propsOf(o.Format, o.Folder)
	handle := o.Handle
	if l.objects++; l.r.dev.Lies.Has(LieSameHandles) && l.objects%3 == 0 {
		handle = l.last
	}
	l.last = handle
	if l.r.dev.Lies.Has(LiePropListMixed) && l.prop == mtp.AllProps {
		if l.first == nil {
			l.first = descs
		}
		descs = l.first
	}
	for i := range descs {
		d := &descs[i]
		switch {
		case l.prop == mtp.AllProps, l.prop == 0 && d.Group == l.group, l.prop == uint32(d.Code):
		default:
			continue
		}
		v, ok := l.r.value(o, d)
		if !ok {
			continue
		}
		l.b = mtp.AppendObjectPropHead(l.b, handle, d.Code, d.Type)
		var err error
		if l.b, err = mtp.AppendValue(l.b, v); err != nil && l.err == nil {
			l.err = err
		}
		l.n++
	}
}

// getObjectPropList has the parameters (Handle, [Format], PropCode,
// [GroupCode], [Depth]). Handle 0 with a depth stands for the top folders,
// 0xFFFFFFFF for all objects.
func (r *Responder) getObjectPropList(c *call) error {
	handle, format := mtp.ObjectHandle(c.param(0)), mtp.FormatCode(c.param(1))
	l := &list{r: r, prop: c.param(2), group: c.param(3)}
	depth, lies := c.param(4), r.dev.Lies
	switch {
	case lies.Has(LiePropListFail):
		return mtp.GeneralError
	case l.prop == 0 && l.group == 0:
		return mtp.ParameterNotSupported
	case depth != 0 && depth != 1 && depth != 0xFFFFFFFF:
		return mtp.SpecificationByDepthUnsupported
	case l.prop != 0 && l.prop != mtp.AllProps && !r.knowsProp(mtp.PropCode(l.prop)):
		return mtp.ObjectPropNotSupported
	case lies.Has(LiePropListEmpty):
		c.data = make([]byte, 4)
		return nil
	}
	l.b = make([]byte, 4, 64<<10)
	objects, twice := 0, lies.Has(LieDuplicateList)
	visit := func(o *Object) {
		if format != 0 && format != o.Format {
			return
		}
		objects++
		if lies.Has(LiePropListShort) && objects%7 == 0 || r.isBad(o) {
			return
		}
		l.add(o)
		if twice {
			twice = false
			l.add(o)
		}
	}
	if err := r.listed(handle, format, depth, lies.Has(LiePropListDepth), visit); err != nil {
		return err
	}
	if lies.Has(LieGrowingList) && objects > 0 {
		r.grown++
		for i := range r.grown {
			l.add(&Object{Handle: mtp.ObjectHandle(0x70000000 + i), Name: fmt.Sprintf("grown%d.vcf", i), Format: mtp.FormatUndefined, Size: uint64(i)})
		}
	}
	if l.err != nil {
		return l.err
	}
	binary.LittleEndian.PutUint32(l.b, l.n)
	c.data = r.unsaid(l.b)
	return nil
}

// listed visits what handle, depth and format choose; other formats may be among it.
func (r *Responder) listed(handle mtp.ObjectHandle, format mtp.FormatCode, depth uint32, ignoreDepth bool, visit func(*Object)) error {
	if handle == 0 || handle == mtp.AllHandles {
		deep := handle == mtp.AllHandles || depth == 0xFFFFFFFF
		if depth == 0 && handle == 0 || ignoreDepth {
			return nil // the root itself is no object
		}
		for _, id := range r.storagesOf(format) {
			if err := r.backend.Walk(id, 0, deep, visit); err != nil {
				return err
			}
		}
		return nil
	}
	o, err := r.backend.Object(handle)
	if err != nil {
		return err
	}
	if depth != 1 || ignoreDepth {
		visit(&o)
	}
	if depth == 0 || !o.Folder || ignoreDepth {
		return nil
	}
	return r.backend.Walk(o.Storage, o.Handle, depth == 0xFFFFFFFF, visit)
}

func (r *Responder) knowsProp(p mtp.PropCode) bool {
	if findProp(r.dev.FileProps, p) != nil || findProp(r.dev.FolderProps, p) != nil {
		return true
	}
	for i := range r.dev.Services {
		for _, c := range r.dev.Services[i].Capabilities {
			if findProp(c.Props, p) != nil {
				return true
			}
		}
	}
	return false
}
