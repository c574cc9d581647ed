package responder

import (
	"time"

	"cradle/mtp"
)

// Device is what a responder says of itself and offers. An operation that
// Info.Operations doesn't list is answered with OperationNotSupported, so a
// device is made less capable by leaving codes out.
type Device struct {
	Info mtp.DeviceInfo
	// Props are the object properties for folders and for all other objects.
	FolderProps, FileProps []mtp.ObjectPropDesc
	// Interdependent are the sets of GetInterdependentPropDesc, of any format.
	Interdependent [][]mtp.ObjectPropDesc
	// DeviceProps are the device properties with their values; those that are
	// writable can be set, for as long as the responder lives.
	DeviceProps []mtp.DevicePropDesc
	// MaxPacketSize of the bulk pipes; 0 means 512.
	MaxPacketSize int
	// RootParent says how SendObjectInfo and SendObjectPropList name the top
	// folder.
	RootParent RootParent
	// Zone is that of the device's clock; nil means the host's. Times go over
	// the wire without a zone, as Android sends them.
	Zone *time.Location
	Lies Lies
	// Services of MTP Device Services. What is set of their properties lasts as
	// long as the responder.
	Services []Service
}

// RootParent is a device's reading of the parent in SendObjectInfo.
type RootParent uint8

const (
	// RootStrict takes 0xFFFFFFFF only, as the specification has it and Android
	// does it: 0 is no object's handle.
	RootStrict RootParent = iota
	// RootEither takes 0 for the top folder too.
	RootEither
)

// propsOf gives the property descriptions for an object: those of the service
// that its format belongs to, or else of folders or files.
func (d *Device) propsOf(format mtp.FormatCode, folder bool) []mtp.ObjectPropDesc {
	if c := d.serviceFormat(format); c != nil {
		return c.Props
	}
	if folder {
		return d.FolderProps
	}
	return d.FileProps
}

func findProp(descs []mtp.ObjectPropDesc, code mtp.PropCode) *mtp.ObjectPropDesc {
	for i := range descs {
		if descs[i].Code == code {
			return &descs[i]
		}
	}
	return nil
}
