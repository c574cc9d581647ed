package mtp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The names of codes are in one table file a kind: codes_operations.go,
// codes_responses.go and so on. A code without a name prints as hex.
type (
	// OpCode is an operation code.
	OpCode uint16
	// RespCode is a response code. All but [OK] are errors; see [OpError].
	RespCode uint16
	// EventCode is the code of an event.
	EventCode uint16
	// FormatCode is an object format. In a parameter 0 means "any".
	FormatCode uint16
	// PropCode is an object property.
	PropCode uint16
	// DevicePropCode is a device property.
	DevicePropCode uint16
)

func name[C ~uint16](c C, names map[C]string) string {
	if n, ok := names[c]; ok {
		return n
	}
	return fmt.Sprintf("0x%04X", uint16(c))
}

// named finds a code by its name, or by hex as an unknown one prints.
func named[C ~uint16](text string, names map[C]string) (C, bool) {
	if hex, ok := strings.CutPrefix(text, "0x"); ok {
		n, err := strconv.ParseUint(hex, 16, 16)
		return C(n), err == nil
	}
	for c, n := range names {
		if n == text {
			return c, true
		}
	}
	return 0, false
}

// OpCodeNamed, RespCodeNamed and EventCodeNamed find a code by what its String
// prints.
func OpCodeNamed(text string) (OpCode, bool)       { return named(text, opNames) }
func RespCodeNamed(text string) (RespCode, bool)   { return named(text, respNames) }
func EventCodeNamed(text string) (EventCode, bool) { return named(text, eventNames) }

func (c OpCode) String() string         { return name(c, opNames) }
func (c RespCode) String() string       { return name(c, respNames) }
func (c EventCode) String() string      { return name(c, eventNames) }
func (c FormatCode) String() string     { return name(c, formatNames) }
func (c PropCode) String() string       { return name(c, propNames) }
func (c DevicePropCode) String() string { return name(c, devicePropNames) }

// Error makes every response code an error to compare with; see [OpError].
func (c RespCode) Error() string { return "device says " + c.String() }

// KnownProps lists the object properties of the table in ascending order.
func KnownProps() []PropCode {
	codes := make([]PropCode, 0, len(propNames))
	for c := range propNames {
		codes = append(codes, c)
	}
	slices.Sort(codes)
	return codes
}

// ObjectHandle names an object within one session only: handles are given out
// anew in every session, and some phones do so after a media scan. 0 and
// [AllHandles] are never handles of an object.
type ObjectHandle uint32

// StorageID names a storage within one session. The high half is the physical
// store and the low half the logical one; a low half of 0 is a slot without
// medium.
type StorageID uint32

// SessionID names a session; never 0.
type SessionID uint32

// TransactionID numbers the transactions of a session: 0 for OpenSession and
// for operations outside a session, then 1 to 0xFFFFFFFE, then 1 again.
type TransactionID uint32

const (
	// Root stands for the top level of a storage in all methods of [Session].
	// On the wire the same thing is 0 or 0xFFFFFFFF, depending on the
	// operation; the methods see to that.
	Root ObjectHandle = 0
	// AllHandles is the wire's "all objects", or "the root" in GetObjectHandles
	// and SendObjectInfo.
	AllHandles ObjectHandle = 0xFFFFFFFF
	// AllStorages in place of a storage. umtprd 1.3 wedges on it, so a list is
	// better asked for one storage at a time.
	AllStorages StorageID = 0xFFFFFFFF
	// AllProps asks GetObjectPropList for every property.
	AllProps uint32 = 0xFFFFFFFF
)

// HasMedium reports whether the storage is more than an empty slot.
func (s StorageID) HasMedium() bool { return s&0xFFFF != 0 }

// AssociationType says what kind of folder an association is.
type AssociationType uint16

// Association types (PTP §6.4).
const (
	AssociationUndefined     AssociationType = 0
	AssociationGenericFolder AssociationType = 1
	AssociationAlbum         AssociationType = 2
	AssociationTimeSequence  AssociationType = 3
	AssociationHorizontalPan AssociationType = 4
	AssociationVerticalPan   AssociationType = 5
	Association2DPanorama    AssociationType = 6
	AssociationAncillaryData AssociationType = 7
)

// ProtectionStatus is an object's protection.
type ProtectionStatus uint16

// Protection states (PTP §5.3.1, MTP).
const (
	ProtectionNone            ProtectionStatus = 0
	ProtectionReadOnly        ProtectionStatus = 1
	ProtectionReadOnlyData    ProtectionStatus = 0x8002
	ProtectionNonTransferable ProtectionStatus = 0x8003
)

// StorageType is the kind of memory behind a storage.
type StorageType uint16

// Storage types (PTP §5.2.2).
const (
	StorageUndefined    StorageType = 0
	StorageFixedROM     StorageType = 1
	StorageRemovableROM StorageType = 2
	StorageFixedRAM     StorageType = 3
	StorageRemovableRAM StorageType = 4
)

// FilesystemType says whether a storage has folders.
type FilesystemType uint16

// File system types (PTP §5.2.2).
const (
	FilesystemUndefined    FilesystemType = 0
	FilesystemFlat         FilesystemType = 1
	FilesystemHierarchical FilesystemType = 2
	FilesystemDCF          FilesystemType = 3
)

// AccessCapability says what may be done with a storage.
type AccessCapability uint16

// Access capabilities (PTP §5.2.2).
const (
	AccessReadWrite          AccessCapability = 0
	AccessReadOnly           AccessCapability = 1
	AccessReadOnlyWithDelete AccessCapability = 2
)
