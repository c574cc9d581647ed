package mtp

import (
	"encoding/binary"
	"slices"
	"strings"
)

// DeviceInfo is the dataset of GetDeviceInfo (PTP §5.1.1): what the device is
// and which codes it knows. It may be asked for without a session.
type DeviceInfo struct {
	StandardVersion        uint16 // 100 is 1.00
	VendorExtensionID      uint32 // 6 is Microsoft; 0xFFFFFFFF says "see the text"
	VendorExtensionVersion uint16
	// VendorExtensions is a list such as "microsoft.com: 1.0; android.com: 1.0;";
	// see HasExtension.
	VendorExtensions string
	FunctionalMode   uint16
	Operations       []OpCode
	Events           []EventCode
	DeviceProps      []DevicePropCode
	CaptureFormats   []FormatCode
	PlaybackFormats  []FormatCode
	Manufacturer     string
	Model            string
	DeviceVersion    string
	SerialNumber     string
}

// Supports reports whether the device advertises an operation.
func (d *DeviceInfo) Supports(op OpCode) bool { return slices.Contains(d.Operations, op) }

// HasExtension reports whether the vendor extension text names an extension,
// for example "android.com" or "microsoft.com/DeviceServices". Case, spaces and
// the version don't count.
func (d *DeviceInfo) HasExtension(name string) bool {
	for _, part := range strings.Split(d.VendorExtensions, ";") {
		if i := strings.LastIndexByte(part, ':'); i >= 0 {
			part = part[:i]
		}
		if strings.EqualFold(strings.TrimSpace(part), name) {
			return true
		}
	}
	return false
}

// AppendBinary appends the dataset. It fails only for a text that is no
// String, see [AppendString].
func (d *DeviceInfo) AppendBinary(b []byte) ([]byte, error) {
	b = binary.LittleEndian.AppendUint16(b, d.StandardVersion)
	b = binary.LittleEndian.AppendUint32(b, d.VendorExtensionID)
	b = binary.LittleEndian.AppendUint16(b, d.VendorExtensionVersion)
	b, err := AppendString(b, d.VendorExtensions)
	if err != nil {
		return b, err
	}
	b = binary.LittleEndian.AppendUint16(b, d.FunctionalMode)
	b = appendCodes(b, d.Operations)
	b = appendCodes(b, d.Events)
	b = appendCodes(b, d.DeviceProps)
	b = appendCodes(b, d.CaptureFormats)
	b = appendCodes(b, d.PlaybackFormats)
	return appendStrings(b, d.Manufacturer, d.Model, d.DeviceVersion, d.SerialNumber)
}

// DecodeDeviceInfo decodes the dataset. Texts missing at its end are empty.
func DecodeDeviceInfo(p []byte) (DeviceInfo, error) {
	c := newCursor("DeviceInfo", p)
	d := DeviceInfo{
		StandardVersion:        c.uint16(),
		VendorExtensionID:      c.uint32(),
		VendorExtensionVersion: c.uint16(),
		VendorExtensions:       c.string(),
		FunctionalMode:         c.uint16(),
		Operations:             codes[OpCode](c),
		Events:                 codes[EventCode](c),
		DeviceProps:            codes[DevicePropCode](c),
		CaptureFormats:         codes[FormatCode](c),
		PlaybackFormats:        codes[FormatCode](c),
		Manufacturer:           c.optionalString(),
		Model:                  c.optionalString(),
		DeviceVersion:          c.optionalString(),
		SerialNumber:           c.optionalString(),
	}
	return d, c.err
}

// optionalString reads a String, or nothing at the end of the dataset.
func (c *cursor) optionalString() string {
	if c.left() == 0 {
		return ""
	}
	return c.string()
}

func appendStrings(b []byte, texts ...string) ([]byte, error) {
	var err error
	for _, s := range texts {
		if b, err = AppendString(b, s); err != nil {
			return b, err
		}
	}
	return b, nil
}
