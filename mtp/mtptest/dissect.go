package mtptest

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"cradle/mtp"
)

// group is some bytes of a container that mean one thing.
type group struct {
	bytes []byte
	says  string
}

// dissector takes a container apart by the layouts of the specification, field by
// field. It shares no code with package mtp's codecs, which it is to check.
type dissector struct {
	rest   []byte
	groups []group
	broken bool
}

// take cuts off n bytes.
func (d *dissector) take(n int) []byte {
	if n > len(d.rest) {
		d.broken = true
		n = len(d.rest)
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *dissector) add(b []byte, format string, args ...any) {
	if len(b) > 0 {
		d.groups = append(d.groups, group{b, fmt.Sprintf(format, args...)})
	}
}

// number is a little-endian integer of n bytes, at most 8.
func number(b []byte) uint64 {
	var v uint64
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

func (d *dissector) uint(n int, name string) uint64 {
	b := d.take(n)
	v := number(b)
	d.add(b, "%s %d", name, v)
	return v
}

func (d *dissector) hex(n int, name string) uint64 {
	b := d.take(n)
	v := number(b)
	d.add(b, "%s 0x%0*X", name, 2*n, v)
	return v
}

// code is a UINT16 with a name.
func (d *dissector) code(name string, text func(uint16) string) uint16 {
	b := d.take(2)
	v := uint16(number(b))
	d.add(b, "%s %s", name, text(v))
	return v
}

// text is a String: UINT8 count of units with the NUL, then the units.
func (d *dissector) text(name string) {
	if len(d.rest) == 0 {
		d.broken = true
		return
	}
	b := d.take(1 + 2*int(d.rest[0]))
	var units []uint16
	for i := 1; i+1 < len(b); i += 2 {
		units = append(units, binary.LittleEndian.Uint16(b[i:]))
	}
	if n := len(units); n > 0 {
		if units[n-1] != 0 {
			d.broken = true
		}
		units = units[:n-1]
	}
	d.add(b, "%s %q", name, string(utf16.Decode(units)))
}

// codes is an AUINT16 of codes: UINT32 count, then each.
func (d *dissector) codes(name string, text func(uint16) string) {
	n := d.uint(4, name+": count")
	for range n {
		if d.broken {
			return
		}
		d.code(" ", text)
	}
}

func (d *dissector) handles(name string) {
	n := d.uint(4, name+": count")
	for range n {
		if d.broken {
			return
		}
		d.hex(4, " ")
	}
}

func op(c uint16) string       { return mtp.OpCode(c).String() }
func event(c uint16) string    { return mtp.EventCode(c).String() }
func format(c uint16) string   { return mtp.FormatCode(c).String() }
func prop(c uint16) string     { return mtp.PropCode(c).String() }
func devProp(c uint16) string  { return mtp.DevicePropCode(c).String() }
func dataType(c uint16) string { return mtp.DataType(c).String() }

func (d *dissector) deviceInfo() {
	d.uint(2, "StandardVersion")
	d.uint(4, "VendorExtensionID")
	d.uint(2, "VendorExtensionVersion")
	d.text("VendorExtensionDesc")
	d.uint(2, "FunctionalMode")
	d.codes("OperationsSupported", op)
	d.codes("EventsSupported", event)
	d.codes("DevicePropertiesSupported", devProp)
	d.codes("CaptureFormats", format)
	d.codes("PlaybackFormats", format)
	for _, name := range []string{"Manufacturer", "Model", "DeviceVersion", "SerialNumber"} {
		d.text(name)
	}
}

func (d *dissector) storageInfo() {
	d.uint(2, "StorageType")
	d.uint(2, "FilesystemType")
	d.uint(2, "AccessCapability")
	d.uint(8, "MaxCapacity")
	d.uint(8, "FreeSpaceInBytes")
	d.hex(4, "FreeSpaceInObjects")
	d.text("StorageDescription")
	d.text("VolumeIdentifier")
}

func (d *dissector) objectInfo() {
	d.hex(4, "StorageID")
	d.code("ObjectFormat", format)
	d.hex(2, "ProtectionStatus")
	d.uint(4, "ObjectCompressedSize")
	d.hex(2, "ThumbFormat")
	for _, name := range []string{"ThumbCompressedSize", "ThumbPixWidth", "ThumbPixHeight", "ImagePixWidth", "ImagePixHeight", "ImageBitDepth"} {
		d.uint(4, name)
	}
	d.hex(4, "ParentObject")
	d.hex(2, "AssociationType")
	d.hex(4, "AssociationDesc")
	d.uint(4, "SequenceNumber")
	for _, name := range []string{"Filename", "DateCreated", "DateModified", "Keywords"} {
		d.text(name)
	}
}

// sizes are the bytes of the integer types 1 to 10, signed ones being odd.
var sizes = [...]int{0, 1, 1, 2, 2, 4, 4, 8, 8, 16, 16}

// value is one of a data type.
func (d *dissector) value(t uint16, name string) {
	switch {
	case t == 0xFFFF:
		d.text(name)
	case t&0x4000 != 0 && t&0xFFF < uint16(len(sizes)):
		n := d.uint(4, name+": count")
		b := d.take(int(min(n, 1<<20)) * sizes[t&0xFFF])
		d.add(b, " %d elements", n)
	case t < uint16(len(sizes)) && sizes[t] == 16:
		b := d.take(16)
		d.add(b, "%s", name)
	case t < uint16(len(sizes)) && t > 0:
		d.uint(sizes[t], name)
	default:
		d.broken = true
	}
}

func (d *dissector) form(t uint16) {
	switch flag := d.hex(1, "FormFlag"); flag {
	case 0, 3: // none, DateTime
	case 1:
		d.value(t, "MinimumValue")
		d.value(t, "MaximumValue")
		d.value(t, "StepSize")
	case 2:
		n := d.uint(2, "NumberOfValues")
		for range n {
			if !d.broken {
				d.value(t, "SupportedValue")
			}
		}
	case 6:
		d.uint(4, "MaxLength")
	case 0x81:
		d.guid("Namespace")
		d.uint(4, "PID")
		d.text("Name")
		d.form(t)
	default:
		d.broken = true
	}
}

func (d *dissector) objectPropDesc() {
	d.code("PropertyCode", prop)
	t := d.code("DataType", dataType)
	d.uint(1, "GetSet")
	d.value(t, "DefaultValue")
	d.uint(4, "GroupCode")
	d.form(t)
}

func (d *dissector) devicePropDesc() {
	d.code("DevicePropCode", devProp)
	t := d.code("DataType", dataType)
	d.uint(1, "GetSet")
	d.value(t, "DefaultValue")
	d.value(t, "CurrentValue")
	d.form(t)
}

func (d *dissector) interdependent() {
	n := d.uint(4, "NumberOfInterdependencies")
	for range n {
		m := d.uint(4, "NumberOfPropDescs")
		for range m {
			if d.broken {
				return
			}
			d.objectPropDesc()
		}
	}
}

func (d *dissector) propList() {
	n := d.uint(4, "NumberOfElements")
	for range n {
		if d.broken {
			return
		}
		d.hex(4, "ObjectHandle")
		d.code("  PropertyCode", prop)
		d.value(d.code("  DataType", dataType), "  Value")
	}
}

func (d *dissector) guid(name string) {
	b := d.take(16)
	if d.broken {
		return
	}
	d.add(b, "%s {%08X-%04X-%04X-%X-%X}", name, number(b[:4]), number(b[4:6]), number(b[6:8]), b[8:10], b[10:])
}

// each goes through a list with a UINT32 count.
func (d *dissector) each(name string, element func()) {
	n := d.uint(4, name)
	for range n {
		if d.broken {
			return
		}
		element()
	}
}

func (d *dissector) serviceInfo() {
	d.hex(4, "ServiceID")
	d.hex(4, "ServiceStorageID")
	d.guid("ServicePUID")
	d.uint(4, "ServiceVersion")
	d.guid("ServiceGUID")
	d.text("ServiceName")
	d.uint(4, "ServiceType")
	d.hex(4, "BaseServiceID")
	d.each("UsedServices: count", func() { d.guid(" ") })
	d.each("ServiceProperties: count", func() {
		d.hex(2, "  PropertyCode")
		d.guid("  Namespace")
		d.uint(4, "  PID")
		d.text("  Name")
	})
	d.each("ServiceFormats: count", func() {
		d.hex(2, "  FormatCode")
		d.guid("  FormatGUID")
		d.text("  Name")
		d.hex(2, "  BaseFormatCode")
		d.text("  MIMEType")
	})
	d.each("ServiceMethods: count", func() {
		d.hex(2, "  MethodCode")
		d.guid("  MethodGUID")
		d.text("  Name")
		d.hex(2, "  AssociatedFormatCode")
	})
	d.each("ServiceEvents: count", func() {
		d.hex(2, "  EventCode")
		d.guid("  EventGUID")
		d.text("  Name")
	})
	n := d.uint(4, "DataBlock: count")
	d.add(d.take(int(min(n, 1<<16))*16), "DataBlock")
}

func (d *dissector) capabilities() {
	d.each("NumberOfCapabilities", func() {
		d.hex(2, "FormatOrMethodCode")
		d.each("NumberOfPropDescs", d.objectPropDesc)
		d.interdependent()
	})
}

func (d *dissector) servicePropDescs() {
	d.each("NumberOfPropDescs", func() {
		d.hex(2, "PropertyCode")
		t := d.code("  DataType", dataType)
		d.uint(1, "  GetSet")
		d.form(t)
	})
}

func (d *dissector) servicePropList() {
	d.each("NumberOfElements", func() {
		d.hex(4, "ServiceID")
		d.hex(2, "  PropertyCode")
		d.value(d.code("  DataType", dataType), "  Value")
	})
}

func (d *dissector) propIDs(owner string) {
	d.each("NumberOfElements", func() {
		d.hex(4, owner)
		d.hex(2, "  PropertyCode")
	})
}

// bare are the types of properties whose values go without one.
var bare = map[uint32]uint16{0x5001: 2, 0xD402: 0xFFFF, 0xDC04: 8, 0xDC07: 0xFFFF, 0xDC09: 0xFFFF}

// payload is a data container's, after the command that it belongs to.
func (d *dissector) payload(c mtp.Message) {
	switch mtp.OpCode(c.Code) {
	case mtp.OpGetDeviceInfo:
		d.deviceInfo()
	case mtp.OpGetStorageIDs:
		d.handles("StorageIDs")
	case mtp.OpGetStorageInfo:
		d.storageInfo()
	case mtp.OpGetObjectHandles:
		d.handles("ObjectHandles")
	case mtp.OpGetObjectReferences, mtp.OpSetObjectReferences:
		d.handles("ObjectReferences")
	case mtp.OpGetObjectInfo, mtp.OpSendObjectInfo:
		d.objectInfo()
	case mtp.OpGetObjectPropsSupported:
		d.codes("ObjectPropCodes", prop)
	case mtp.OpGetObjectPropDesc:
		d.objectPropDesc()
	case mtp.OpGetDevicePropDesc:
		d.devicePropDesc()
	case mtp.OpGetInterdependentPropDesc:
		d.interdependent()
	case mtp.OpGetObjectPropList, mtp.OpSetObjectPropList, mtp.OpSendObjectPropList, mtp.OpUpdateObjectPropList:
		d.propList()
	case mtp.OpGetServiceIDs:
		d.handles("ServiceIDs")
	case mtp.OpGetServiceInfo:
		d.serviceInfo()
	case mtp.OpGetServiceCapabilities, mtp.OpGetFormatCapabilities:
		d.capabilities()
	case mtp.OpGetServicePropDesc:
		d.servicePropDescs()
	case mtp.OpGetServicePropList, mtp.OpSetServicePropList:
		d.servicePropList()
	case mtp.OpDeleteServicePropList:
		d.propIDs("ServiceID")
	case mtp.OpDeleteObjectPropList:
		d.propIDs("ObjectHandle")
	case mtp.OpGetDevicePropValue, mtp.OpSetDevicePropValue:
		d.value(bare[c.Params[0]], "value of "+devProp(uint16(c.Params[0])))
	case mtp.OpGetObjectPropValue, mtp.OpSetObjectPropValue:
		d.value(bare[c.Params[1]], "value of "+prop(uint16(c.Params[1])))
	default:
		d.bytes()
	}
}

// bytes is a body.
func (d *dissector) bytes() {
	n := len(d.rest)
	for len(d.rest) > 0 {
		b := d.take(min(32, len(d.rest)))
		d.add(b, "%q", b)
		if n > 64 && len(d.groups) > 6 {
			d.add(d.rest, "and so on")
			d.rest = nil
		}
	}
}

// errLayout says that bytes don't fit the layout of their dataset.
var errLayout = errors.New("bytes don't fit the layout of the specification")

// dissect takes a transfer apart. c is the command before, or this one; open is
// how much of a data container with a header of its own is still to come.
func dissect(s Step, c *mtp.Message, open *bool) ([]group, error) {
	d := &dissector{rest: s.Data}
	switch {
	case *open:
		*open = false
		d.payload(*c)
	case s.Kind != Out && s.Kind != In && s.Kind != Event || len(s.Data) == 0:
		d.add(d.rest, "")
		return d.groups, nil
	default:
		length := d.uint(4, "length")
		kind := d.code("type", func(t uint16) string { return mtp.ContainerType(t).String() })
		switch kind {
		case 1, 2:
			d.code("operation", op)
		case 3:
			d.code("response", func(c uint16) string { return mtp.RespCode(c).String() })
		case 4:
			d.code("event", event)
		default:
			return nil, fmt.Errorf("container type %d: %w", kind, errLayout)
		}
		d.uint(4, "transaction")
		if kind == 1 {
			m, err := mtp.DecodeMessage(s.Data)
			if err != nil {
				return nil, err
			}
			*c = m
		}
		if kind == 2 {
			if *open = len(s.Data) == mtp.HeaderSize && length > mtp.HeaderSize; !*open {
				d.payload(*c)
			}
		} else {
			for i := 1; len(d.rest) >= 4; i++ {
				d.hex(4, fmt.Sprintf("parameter %d:", i))
			}
		}
		if length != uint64(len(s.Data)) && !*open {
			return nil, fmt.Errorf("length %d of %d bytes: %w", length, len(s.Data), errLayout)
		}
	}
	if d.broken || len(d.rest) > 0 {
		return nil, fmt.Errorf("%v, %d bytes left: %w", op(c.Code), len(d.rest), errLayout)
	}
	return d.groups, nil
}

// Annotate writes steps as a transcript with every field of every container on a
// line of its own, named as in the specification. It fails where bytes don't fit
// the layout there, by a reading of its own.
func Annotate(w io.Writer, steps []Step) error {
	b := bufio.NewWriter(w)
	var c mtp.Message
	open := false
	for i, s := range steps {
		groups, err := dissect(s, &c, &open)
		if err != nil {
			return fmt.Errorf("transfer %d: %w", i+1, err)
		}
		if e := explain(s); e != "" {
			fmt.Fprintf(b, "\n# %s\n", e)
		}
		start := string(s.Kind)
		switch s.Kind {
		case ControlOut:
			start = fmt.Sprintf("c %02x >", uint8(s.Request))
		case ControlIn:
			start = fmt.Sprintf("c %02x <", uint8(s.Request))
		case Out, In, Event:
		}
		if len(groups) == 0 {
			fmt.Fprintf(b, "%s -\n", start)
		}
		for _, g := range groups {
			line := fmt.Sprintf("%s %s", start, hex.EncodeToString(g.bytes))
			if g.says != "" {
				line = fmt.Sprintf("%-34s # %s", line, strings.TrimRight(g.says, " "))
			}
			fmt.Fprintln(b, line)
			start = "+"
		}
		for _, e := range errWords {
			if s.Err != nil && errors.Is(s.Err, e.err) {
				fmt.Fprintf(b, "! %s\n", e.word)
			}
		}
	}
	return b.Flush()
}
