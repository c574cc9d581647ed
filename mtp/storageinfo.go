package mtp

import "encoding/binary"

// StorageInfo is the dataset of GetStorageInfo (PTP §5.2.2).
type StorageInfo struct {
	Type        StorageType
	Filesystem  FilesystemType
	Access      AccessCapability
	Capacity    uint64 // bytes
	FreeBytes   uint64 // QEMU's device reports nonsense here
	FreeObjects uint32 // 0xFFFFFFFF unknown
	Description string // "Internal shared storage"
	// VolumeIdentifier should be unique and lasting; many phones leave it empty.
	VolumeIdentifier string
}

// Writable reports whether objects can be created.
func (s *StorageInfo) Writable() bool { return s.Access == AccessReadWrite }

// AppendBinary appends the dataset. It fails only for a text that is no String.
func (s *StorageInfo) AppendBinary(b []byte) ([]byte, error) {
	b = binary.LittleEndian.AppendUint16(b, uint16(s.Type))
	b = binary.LittleEndian.AppendUint16(b, uint16(s.Filesystem))
	b = binary.LittleEndian.AppendUint16(b, uint16(s.Access))
	b = binary.LittleEndian.AppendUint64(b, s.Capacity)
	b = binary.LittleEndian.AppendUint64(b, s.FreeBytes)
	b = binary.LittleEndian.AppendUint32(b, s.FreeObjects)
	return appendStrings(b, s.Description, s.VolumeIdentifier)
}

// DecodeStorageInfo decodes the dataset. Texts missing at its end are empty.
func DecodeStorageInfo(p []byte) (StorageInfo, error) {
	c := newCursor("StorageInfo", p)
	s := StorageInfo{
		Type:             StorageType(c.uint16()),
		Filesystem:       FilesystemType(c.uint16()),
		Access:           AccessCapability(c.uint16()),
		Capacity:         c.uint64(),
		FreeBytes:        c.uint64(),
		FreeObjects:      c.uint32(),
		Description:      c.optionalString(),
		VolumeIdentifier: c.optionalString(),
	}
	return s, c.err
}
