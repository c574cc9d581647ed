package mtp

import (
	"encoding/binary"
	"fmt"
)

// UnknownSize in ObjectInfo's 32-bit size says that the object has 4 GiB or
// more, or a size not known: [PropObjectSize] has it.
const UnknownSize = 0xFFFFFFFF

// ObjectInfo is the dataset of GetObjectInfo and SendObjectInfo (PTP §5.3.1).
type ObjectInfo struct {
	Storage    StorageID
	Format     FormatCode
	Protection ProtectionStatus
	// Size in bytes; [UnknownSize] stands on the wire for 4 GiB − 1 and above.
	// Some Samsung phones send 64 bits, and then it is exact.
	Size            uint64
	ThumbFormat     FormatCode
	ThumbSize       uint32 // bytes
	ThumbWidth      uint32 // pixels
	ThumbHeight     uint32
	ImageWidth      uint32
	ImageHeight     uint32
	ImageBitDepth   uint32
	Parent          ObjectHandle // 0 at the top; some devices put the storage's id there
	AssociationType AssociationType
	AssociationDesc uint32
	SequenceNumber  uint32
	FileName        string
	// CaptureDate and ModificationDate are as they came; see [ParseDateTime].
	CaptureDate      string
	ModificationDate string
	Keywords         string
}

// IsFolder reports whether the object is a folder.
func (o *ObjectInfo) IsFolder() bool { return o.Format == FormatAssociation }

// AppendBinary appends the dataset in its 52-byte form. Errors: a text that is
// no String, see [AppendString].
func (o *ObjectInfo) AppendBinary(b []byte) ([]byte, error) {
	le := binary.LittleEndian
	b = le.AppendUint32(b, uint32(o.Storage))
	b = le.AppendUint16(b, uint16(o.Format))
	b = le.AppendUint16(b, uint16(o.Protection))
	b = le.AppendUint32(b, uint32(min(o.Size, UnknownSize)))
	b = le.AppendUint16(b, uint16(o.ThumbFormat))
	for _, v := range [...]uint32{o.ThumbSize, o.ThumbWidth, o.ThumbHeight, o.ImageWidth, o.ImageHeight, o.ImageBitDepth, uint32(o.Parent)} {
		b = le.AppendUint32(b, v)
	}
	b = le.AppendUint16(b, uint16(o.AssociationType))
	b = le.AppendUint32(b, o.AssociationDesc)
	b = le.AppendUint32(b, o.SequenceNumber)
	b, err := appendStrings(b, o.FileName, o.CaptureDate, o.ModificationDate, o.Keywords)
	if err != nil {
		return b, fmt.Errorf("ObjectInfo: %w", err)
	}
	return b, nil
}

// DecodeObjectInfo decodes the dataset, also in the form with a 64-bit size
// that some Samsung devices send: there the byte where the file name's length
// should be is a zero of the sequence number, and 4 bytes on stands a name.
// Texts missing at the end are empty.
func DecodeObjectInfo(p []byte) (ObjectInfo, error) {
	o, err := decodeObjectInfo(p, false)
	if (err != nil || o.FileName == "") && len(p) > 56 && p[52] == 0 {
		if wide, err := decodeObjectInfo(p, true); err == nil && wide.FileName != "" {
			return wide, nil
		}
	}
	return o, err
}

func decodeObjectInfo(p []byte, wide bool) (ObjectInfo, error) {
	c := newCursor("ObjectInfo", p)
	o := ObjectInfo{
		Storage:    StorageID(c.uint32()),
		Format:     FormatCode(c.uint16()),
		Protection: ProtectionStatus(c.uint16()),
	}
	if wide {
		o.Size = c.uint64()
	} else {
		o.Size = uint64(c.uint32())
	}
	o.ThumbFormat = FormatCode(c.uint16())
	for _, v := range [...]*uint32{&o.ThumbSize, &o.ThumbWidth, &o.ThumbHeight, &o.ImageWidth, &o.ImageHeight, &o.ImageBitDepth} {
		*v = c.uint32()
	}
	o.Parent = ObjectHandle(c.uint32())
	o.AssociationType = AssociationType(c.uint16())
	o.AssociationDesc = c.uint32()
	o.SequenceNumber = c.uint32()
	o.FileName = c.string()
	o.CaptureDate = c.optionalString()
	o.ModificationDate = c.optionalString()
	o.Keywords = c.optionalString()
	return o, c.err
}
