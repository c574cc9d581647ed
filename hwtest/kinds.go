package hwtest

import (
	"slices"
	"strings"

	"cradle/mtp"
	"cradle/mtp/responder"
)

// A Kind is a phone by what it can do.
type Kind string

const (
	// Android is a phone with Android's own MTP: property lists, names that can
	// be set, moves, copies, and the edit extension. Times can be given with a
	// new object and not set later.
	Android Kind = "android"
	// Basic is an old or bare device: objects can be listed one by one, read,
	// sent and deleted. No property lists, no new name for an object, no moves,
	// no Android extension.
	Basic Kind = "basic"
	// Lossy is an Android phone whose own programs read each card and calendar that
	// comes in, and write what they store of it in its place: [Options.Stores], by
	// default [DefaultStorage].
	Lossy Kind = "lossy"
)

// Kinds lists the kinds of phones that keep what they are given.
func Kinds() []Kind { return []Kind{Android, Basic} }

// AllKinds lists all kinds.
func AllKinds() []Kind { return append(Kinds(), Lossy) }

// android reports whether a phone speaks MTP as Android does.
func (k Kind) android() bool { return k == Android || k == Lossy }

var basicOperations = []mtp.OpCode{
	mtp.OpGetDeviceInfo, mtp.OpOpenSession, mtp.OpCloseSession,
	mtp.OpGetStorageIDs, mtp.OpGetStorageInfo,
	mtp.OpGetNumObjects, mtp.OpGetObjectHandles, mtp.OpGetObjectInfo,
	mtp.OpGetObject, mtp.OpDeleteObject, mtp.OpSendObjectInfo, mtp.OpSendObject,
	mtp.OpGetPartialObject,
	mtp.OpGetObjectPropsSupported, mtp.OpGetObjectPropDesc, mtp.OpGetObjectPropValue,
}

// androidOperations are what AOSP advertises (CopyObject and MoveObject since
// Android 8), with SetObjectPropList and SendObjectPropList, which some makers
// add.
var androidOperations = []mtp.OpCode{
	mtp.OpGetDeviceInfo, mtp.OpOpenSession, mtp.OpCloseSession,
	mtp.OpGetStorageIDs, mtp.OpGetStorageInfo,
	mtp.OpGetNumObjects, mtp.OpGetObjectHandles, mtp.OpGetObjectInfo,
	mtp.OpGetObject, mtp.OpDeleteObject, mtp.OpSendObjectInfo, mtp.OpSendObject,
	mtp.OpGetDevicePropDesc, mtp.OpGetDevicePropValue, mtp.OpSetDevicePropValue, mtp.OpResetDevicePropValue,
	mtp.OpMoveObject, mtp.OpCopyObject, mtp.OpGetPartialObject,
	mtp.OpGetObjectPropsSupported, mtp.OpGetObjectPropDesc, mtp.OpGetObjectPropValue, mtp.OpSetObjectPropValue,
	mtp.OpGetObjectPropList, mtp.OpSetObjectPropList, mtp.OpSendObjectPropList, mtp.OpGetObjectReferences,
	mtp.OpGetPartialObject64, mtp.OpSendPartialObject, mtp.OpTruncateObject, mtp.OpBeginEditObject, mtp.OpEndEditObject,
}

// prop describes an object property; those of group 1 are the cheap ones.
func prop(code mtp.PropCode, t mtp.DataType, writable bool) mtp.ObjectPropDesc {
	d := mtp.ObjectPropDesc{Code: code, Type: t, Writable: writable, Group: 1}
	switch {
	case t == mtp.TypeString:
		d.Default = mtp.StringValue("")
	default:
		d.Default = mtp.UintValue(t, 0)
	}
	switch code {
	case mtp.PropDateModified, mtp.PropDateCreated, mtp.PropDateAdded:
		d.Form.Flag = mtp.FormDateTime
	case mtp.PropProtectionStatus:
		d.Form = mtp.Form{Flag: mtp.FormEnum, Enum: []mtp.Value{
			mtp.UintValue(t, uint64(mtp.ProtectionNone)), mtp.UintValue(t, uint64(mtp.ProtectionReadOnly)),
		}}
	}
	return d
}

// properties are those of a folder or of another object. A phone without times
// has no dates. Android lets the file name be changed and nothing else, one of
// kind Basic not even that.
func properties(kind Kind, folder bool, o *Options) []mtp.ObjectPropDesc {
	times := o.Times != TimesNone
	setTimes := o.SetTimes || o.Lies.Has(responder.LieSetDate)
	props := []mtp.ObjectPropDesc{
		prop(mtp.PropStorageID, mtp.TypeUint32, false),
		prop(mtp.PropObjectFormat, mtp.TypeUint16, false),
		prop(mtp.PropProtectionStatus, mtp.TypeUint16, false),
		prop(mtp.PropObjectSize, mtp.TypeUint64, false),
		prop(mtp.PropObjectFileName, mtp.TypeString, kind.android()),
	}
	if folder {
		props = append(props, prop(mtp.PropAssociationType, mtp.TypeUint16, false))
	}
	if times {
		props = append(props, prop(mtp.PropDateModified, mtp.TypeString, setTimes))
	}
	props = append(props,
		prop(mtp.PropParentObject, mtp.TypeUint32, false),
		prop(mtp.PropPersistentUniqueObjectIdentifier, mtp.TypeUint128, false),
		prop(mtp.PropName, mtp.TypeString, false),
	)
	if times && kind.android() {
		props = append(props, prop(mtp.PropDateAdded, mtp.TypeString, false))
	}
	return props
}

// device is what a phone of the kind says of itself.
func device(kind Kind, o *Options) responder.Device {
	d := responder.Device{
		Info: mtp.DeviceInfo{
			StandardVersion: 100, VendorExtensionID: 6, VendorExtensionVersion: 100,
			VendorExtensions: "microsoft.com: 1.0;",
			Operations:       basicOperations,
			Events:           []mtp.EventCode{mtp.EventObjectAdded, mtp.EventObjectRemoved, mtp.EventStoreAdded, mtp.EventStoreRemoved},
			PlaybackFormats:  []mtp.FormatCode{mtp.FormatUndefined, mtp.FormatAssociation, mtp.FormatText},
			Manufacturer:     "Cradle", Model: o.Name, SerialNumber: o.Serial,
		},
		FolderProps: properties(kind, true, o),
		FileProps:   properties(kind, false, o),
		RootParent:  responder.RootEither,
		Zone:        o.Zone,
		Lies:        o.Lies,
	}
	if kind.android() {
		d.RootParent = responder.RootStrict
		d.Info.VendorExtensions = "microsoft.com: 1.0; android.com: 1.0;"
		d.Info.Operations = androidOperations
		d.Info.Events = []mtp.EventCode{
			mtp.EventObjectAdded, mtp.EventObjectRemoved, mtp.EventStoreAdded, mtp.EventStoreRemoved,
			mtp.EventDevicePropChanged, mtp.EventObjectInfoChanged,
		}
		d.Info.DeviceProps = []mtp.DevicePropCode{
			mtp.DevicePropBatteryLevel, mtp.DevicePropSynchronizationPartner, mtp.DevicePropDeviceFriendlyName,
		}
		d.Info.PlaybackFormats = append(d.Info.PlaybackFormats,
			mtp.FormatHTML, mtp.FormatWAV, mtp.FormatMP3, mtp.FormatMPEG, mtp.FormatEXIFJPEG, mtp.FormatPNG, mtp.FormatXMLDocument)
		text := mtp.StringValue("")
		level := func(n uint64) mtp.Value { return mtp.UintValue(mtp.TypeUint8, n) }
		d.DeviceProps = []mtp.DevicePropDesc{
			{Code: mtp.DevicePropBatteryLevel, Type: mtp.TypeUint8, Default: level(0), Current: level(80),
				Form: mtp.Form{Flag: mtp.FormRange, Min: level(0), Max: level(100), Step: level(1)}},
			{Code: mtp.DevicePropSynchronizationPartner, Type: mtp.TypeString, Writable: true, Default: text, Current: text},
			{Code: mtp.DevicePropDeviceFriendlyName, Type: mtp.TypeString, Writable: true, Default: text, Current: mtp.StringValue(o.Name)},
		}
	}
	if o.Extensions != "" {
		d.Info.VendorExtensions = o.Extensions
	}
	if !strings.Contains(d.Info.VendorExtensions, "android.com") {
		d.RootParent = responder.RootEither // Android alone is so strict
	}
	d.Info.DeviceVersion = o.Firmware
	addServices(&d, o)
	for _, op := range o.With {
		if !slices.Contains(d.Info.Operations, op) {
			d.Info.Operations = append(slices.Clone(d.Info.Operations), op)
		}
	}
	if len(o.Without) > 0 {
		d.Info.Operations = slices.DeleteFunc(slices.Clone(d.Info.Operations), func(op mtp.OpCode) bool {
			return slices.Contains(o.Without, op)
		})
	}
	return d
}
