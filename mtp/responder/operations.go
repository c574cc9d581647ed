package responder

import (
	"errors"
	"fmt"
	"slices"

	"cradle/mtp"
)

// direction is that of an operation's data phase.
type direction uint8

const (
	noData direction = iota
	toDevice
	toInitiator
)

// An operation is how the device answers an operation code.
type operation struct {
	data direction
	// begin, for some operations that take data, says where the data goes. run
	// isn't called then. Without it run finds the data in the call's payload.
	begin func(*Responder, *call) (writer, error)
	run   func(*Responder, *call) error
}

// A writer takes in the payload of an operation. One of its ends is called.
type writer interface {
	write(p []byte) error
	commit() error
	abort() // the transaction failed or was cancelled
	pull()  // the cable was pulled
}

var operations = map[mtp.OpCode]*operation{
	mtp.OpGetDeviceInfo: {toInitiator, nil, (*Responder).getDeviceInfo},
	mtp.OpOpenSession:   {noData, nil, (*Responder).openSession},
	mtp.OpCloseSession:  {noData, nil, (*Responder).doCloseSession},

	mtp.OpGetStorageIDs:  {toInitiator, nil, (*Responder).getStorageIDs},
	mtp.OpGetStorageInfo: {toInitiator, nil, (*Responder).getStorageInfo},

	mtp.OpGetNumObjects:    {noData, nil, (*Responder).getNumObjects},
	mtp.OpGetObjectHandles: {toInitiator, nil, (*Responder).getObjectHandles},
	mtp.OpGetObjectInfo:    {toInitiator, nil, (*Responder).getObjectInfo},
	mtp.OpGetObject:        {toInitiator, nil, (*Responder).getObject},
	mtp.OpGetPartialObject: {toInitiator, nil, (*Responder).getPartialObject},

	mtp.OpGetThumb:            {toInitiator, nil, (*Responder).getThumb},
	mtp.OpSetObjectProtection: {noData, nil, (*Responder).setObjectProtection},

	mtp.OpDeleteObject:       {noData, nil, (*Responder).deleteObject},
	mtp.OpMoveObject:         {noData, nil, (*Responder).moveObject},
	mtp.OpCopyObject:         {noData, nil, (*Responder).copyObject},
	mtp.OpSendObjectInfo:     {toDevice, nil, (*Responder).sendObjectInfo},
	mtp.OpSendObjectPropList: {toDevice, nil, (*Responder).sendObjectPropList},
	mtp.OpSendObject:         {toDevice, (*Responder).sendObject, nil},

	mtp.OpGetObjectPropsSupported:   {toInitiator, nil, (*Responder).getObjectPropsSupported},
	mtp.OpGetObjectPropDesc:         {toInitiator, nil, (*Responder).getObjectPropDesc},
	mtp.OpGetObjectPropValue:        {toInitiator, nil, (*Responder).getObjectPropValue},
	mtp.OpSetObjectPropValue:        {toDevice, nil, (*Responder).setObjectPropValue},
	mtp.OpGetObjectPropList:         {toInitiator, nil, (*Responder).getObjectPropList},
	mtp.OpSetObjectPropList:         {toDevice, nil, (*Responder).setObjectPropList},
	mtp.OpGetObjectReferences:       {toInitiator, nil, (*Responder).getObjectReferences},
	mtp.OpSetObjectReferences:       {toDevice, nil, (*Responder).setObjectReferences},
	mtp.OpGetInterdependentPropDesc: {toInitiator, nil, (*Responder).getInterdependentPropDesc},

	mtp.OpGetDevicePropDesc:    {toInitiator, nil, (*Responder).getDevicePropDesc},
	mtp.OpGetDevicePropValue:   {toInitiator, nil, (*Responder).getDevicePropValue},
	mtp.OpSetDevicePropValue:   {toDevice, nil, (*Responder).setDevicePropValue},
	mtp.OpResetDevicePropValue: {noData, nil, (*Responder).resetDevicePropValue},

	mtp.OpGetPartialObject64: {toInitiator, nil, (*Responder).getPartialObject64},
	mtp.OpSendPartialObject:  {toDevice, (*Responder).sendPartialObject, nil},
	mtp.OpTruncateObject:     {noData, nil, (*Responder).truncateObject},
	mtp.OpBeginEditObject:    {noData, nil, (*Responder).beginEditObject},
	mtp.OpEndEditObject:      {noData, nil, (*Responder).endEditObject},

	mtp.OpFormatStore: {noData, nil, (*Responder).formatStore},
	mtp.OpResetDevice: {noData, nil, (*Responder).resetDevice},
	mtp.OpSelfTest:    {noData, nil, (*Responder).selfTest},
	mtp.OpPowerDown:   {noData, nil, (*Responder).powerDown},

	mtp.OpGetServiceIDs:          {toInitiator, nil, (*Responder).getServiceIDs},
	mtp.OpGetServiceInfo:         {toInitiator, nil, (*Responder).getServiceInfo},
	mtp.OpGetServiceCapabilities: {toInitiator, nil, (*Responder).getServiceCapabilities},
	mtp.OpGetFormatCapabilities:  {toInitiator, nil, (*Responder).getFormatCapabilities},
	mtp.OpGetServicePropDesc:     {toInitiator, nil, (*Responder).getServicePropDesc},
	mtp.OpGetServicePropList:     {toInitiator, nil, (*Responder).getServicePropList},
	mtp.OpSetServicePropList:     {toDevice, nil, (*Responder).setServicePropList},
	mtp.OpDeleteServicePropList:  {toDevice, nil, (*Responder).deleteServicePropList},
	mtp.OpUpdateObjectPropList:   {toDevice, nil, (*Responder).updateObjectPropList},
	mtp.OpDeleteObjectPropList:   {toDevice, nil, (*Responder).deleteObjectPropList},
}

// Knows reports whether a responder can carry out an operation, if its device
// advertises it.
func Knows(op mtp.OpCode) bool { return operations[op] != nil }

var unknownOperation = operation{noData, nil, (*Responder).unsupported}

func (*Responder) unsupported(*call) error { return mtp.OperationNotSupported }

func (r *Responder) getDeviceInfo(c *call) (err error) {
	info := r.dev.Info
	if r.dev.Lies.Has(LieInfoChanges) && r.sessions%2 == 0 {
		info.Operations = slices.DeleteFunc(slices.Clone(info.Operations), func(op mtp.OpCode) bool {
			switch op {
			case mtp.OpGetObjectPropList, mtp.OpSendObjectPropList, mtp.OpMoveObject, mtp.OpGetPartialObject, mtp.OpGetPartialObject64:
				return true
			}
			return false
		})
	}
	c.data, err = info.AppendBinary(nil)
	return err
}

func (r *Responder) openSession(c *call) error {
	switch {
	case r.session != 0:
		c.result(uint32(r.session))
		return mtp.SessionAlreadyOpen
	case c.TransactionID != 0:
		return mtp.InvalidTransactionID
	case c.param(0) == 0:
		return mtp.InvalidParameter
	}
	r.session = mtp.SessionID(c.param(0))
	r.references = nil
	r.sessions++
	r.backend.OpenSession()
	return nil
}

func (r *Responder) doCloseSession(*call) error {
	r.closeSession()
	return nil
}

func (r *Responder) getStorageIDs(c *call) error {
	c.data = mtp.AppendStorageIDs(nil, r.backend.Storages())
	return nil
}

func (r *Responder) getStorageInfo(c *call) error {
	info, err := r.backend.StorageInfo(mtp.StorageID(c.param(0)))
	if err != nil {
		return err
	}
	c.data, err = info.AppendBinary(nil)
	return err
}

func (r *Responder) deviceProp(c *call) (*mtp.DevicePropDesc, error) {
	for i := range r.dev.DeviceProps {
		if d := &r.dev.DeviceProps[i]; uint32(d.Code) == c.param(0) {
			return d, nil
		}
	}
	return nil, mtp.DevicePropNotSupported
}

func (r *Responder) getDevicePropDesc(c *call) error {
	d, err := r.deviceProp(c)
	if err != nil {
		return err
	}
	c.data, err = d.AppendBinary(nil)
	return err
}

func (r *Responder) getDevicePropValue(c *call) error {
	d, err := r.deviceProp(c)
	if err != nil {
		return err
	}
	c.data, err = mtp.AppendValue(nil, d.Current)
	return err
}

func (r *Responder) setDevicePropValue(c *call) error {
	d, err := r.deviceProp(c)
	switch {
	case err != nil:
		return err
	case !d.Writable:
		return mtp.AccessDenied
	}
	v, err := mtp.DecodeValue(d.Type, c.payload)
	if err != nil {
		return fmt.Errorf("%w: %w", mtp.InvalidDevicePropFormat, err)
	}
	if !fits(&d.Form, v) {
		return mtp.InvalidDevicePropValue
	}
	d.Current = v
	return nil
}

func (r *Responder) resetDevicePropValue(c *call) error {
	if c.param(0) == 0xFFFFFFFF {
		for i := range r.dev.DeviceProps {
			r.dev.DeviceProps[i].Current = r.dev.DeviceProps[i].Default
		}
		return nil
	}
	d, err := r.deviceProp(c)
	if err != nil {
		return err
	}
	d.Current = d.Default
	return nil
}

// codeOf is the response code that err stands for.
func codeOf(err error) mtp.RespCode {
	code := mtp.GeneralError
	if err == nil {
		return mtp.OK
	}
	if !errors.As(err, &code) || code == mtp.OK {
		return mtp.GeneralError
	}
	return code
}
