package hwtest

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"cradle/mtp"
	"cradle/mtp/responder"
)

// A phone with MTP Device Services keeps the objects of each in a storage of its own, which
// GetStorageIDs doesn't name: initiators that know nothing of services don't see it. There is the
// abstract service FullEnumSync, and a concrete one for each of Options.Services, as the headers of
// the Windows SDK have them and with the forms of Nokia's responder.

// serviceKind is a concrete service.
type serviceKind struct {
	name   string // Options.Services has it in small letters
	guid   string
	format mtp.ServiceFormat
	ext    string // of the host's files
}

// serviceKinds are those whose items have a body, by the names of the SDK. Tasks and Notes have
// objects made of properties alone.
var serviceKinds = []serviceKind{
	{"Contacts", "DD04D5FC-9D6E-4F76-9DCF-ECA6339B7389", mtp.ServiceFormat{
		Code: mtp.FormatVCard3, GUID: guid("BB830000-AE6C-4804-98BA-C57B46965FE7"), Name: "VCard3Contact", MIME: "text/vcard",
	}, ".vcf"},
	{"Calendar", "E4DFDBD3-7F04-45E9-9FA1-5CA0EAEB0AE3", mtp.ServiceFormat{
		Code: mtp.FormatVCalendar2, GUID: guid("CC4538CB-7890-41B7-A3F1-B6E60BDD2A61"), Name: "ICalendar", MIME: "text/calendar",
	}, ".ics"},
}

// Codes that the phone gives out, and the name of the knowledge object on the host.
const (
	fullEnumID      mtp.ServiceID  = 0x10000001 // abstract
	formatKnowledge mtp.FormatCode = 0xB101     // and one more for each service after the first
	knowledgeName                  = "knowledge.bin"

	codeVersionProps     mtp.ServiceCode = 0x0101
	codeReplicaID        mtp.ServiceCode = 0x0102
	codeKnowledgeID      mtp.ServiceCode = 0x0103
	codeLastSyncProxyID  mtp.ServiceCode = 0x0104
	codeProviderVersion  mtp.ServiceCode = 0x0105
	codeSyncFormat       mtp.ServiceCode = 0x0106
	codeLocalOnlyDelete  mtp.ServiceCode = 0x0107
	codeFilterType       mtp.ServiceCode = 0x0108
	codeBeginSync        mtp.ServiceCode = 0xB201
	codeEndSync          mtp.ServiceCode = 0xB202
	serviceStorage       mtp.StorageID   = 0x00F00001 // of the first; the next is 0x10000 further
	serviceStorageSpaces mtp.StorageID   = 0x00010000
)

var (
	fullEnumGUID  = guid("28D3AAC9-C075-44BE-8881-65F38D305909")
	fullEnumSpace = guid("63B10E6C-4F3A-456D-95CB-9894EDEC9FA5")
	syncSpace     = guid("703D392C-532C-4607-9158-9CEA742F3A16")
	genericSpace  = guid("EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C")
)

// guid reads one as it is printed: its first three fields are turned round in memory.
func guid(text string) (g mtp.GUID) {
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != len(g) {
		panic("hwtest: GUID " + text)
	}
	slices.Reverse(b[:4])
	slices.Reverse(b[4:6])
	slices.Reverse(b[6:8])
	copy(g[:], b)
	return g
}

// guidValue is a GUID as a UINT128.
func guidValue(g mtp.GUID) mtp.Value {
	return mtp.Uint128Value(binary.LittleEndian.Uint64(g[:8]), binary.LittleEndian.Uint64(g[8:]))
}

// parseServices takes names of services: contacts, calendar.
func parseServices(to *[]string, v string) error {
	var known []string
	for _, k := range serviceKinds {
		known = append(known, strings.ToLower(k.name))
	}
	for name := range strings.SplitSeq(v, ",") {
		if !slices.Contains(known, name) || slices.Contains(*to, name) {
			return fmt.Errorf("%q: want one or more of %s, each once", name, strings.Join(known, ","))
		}
		*to = append(*to, name)
	}
	return nil
}

// chosenServices are those of the options, in the order of the table.
func (o *Options) chosenServices() []serviceKind {
	var all []serviceKind
	for _, k := range serviceKinds {
		if slices.Contains(o.Services, strings.ToLower(k.name)) {
			all = append(all, k)
		}
	}
	return all
}

// serviceVolumes are the hidden storages, each in the subfolder of its service's name.
func (o *Options) serviceVolumes(dir string) []*volume {
	var all []*volume
	for i, k := range o.chosenServices() {
		all = append(all, &volume{
			id:  serviceStorage + mtp.StorageID(i)*serviceStorageSpaces,
			dir: filepath.Join(dir, k.name), description: k.name, identifier: digest(o.Serial, "service", k.name)[:16],
			service: &serviceVolume{ext: k.ext, format: k.format.Code, knowledge: formatKnowledge + mtp.FormatCode(i)},
		})
	}
	return all
}

// serviceVolume is what a volume knows of its service.
type serviceVolume struct {
	ext               string
	format, knowledge mtp.FormatCode
}

// formatOf is the format of a file there: its name decides.
func (v *serviceVolume) formatOf(name string) mtp.FormatCode {
	switch {
	case name == knowledgeName:
		return v.knowledge
	case strings.HasSuffix(name, v.ext):
		return v.format
	}
	return mtp.FormatUndefined
}

// nameOf is the host's name for a new object there, n-th of the phone's, which needn't have one.
func (v *serviceVolume) nameOf(name string, format mtp.FormatCode, n int) string {
	switch {
	case format == v.knowledge:
		return knowledgeName
	case format == v.format && name == "":
		return fmt.Sprintf("item-%08x%s", n, v.ext)
	case format == v.format && !strings.HasSuffix(name, v.ext):
		return name + v.ext
	}
	return name
}

// addServices gives a device its services.
func addServices(d *responder.Device, o *Options) {
	kinds := o.chosenServices()
	if len(kinds) == 0 {
		return
	}
	d.Info.VendorExtensions += " microsoft.com/DeviceServices: 1.0;"
	d.Info.Operations = append(slices.Clone(d.Info.Operations),
		mtp.OpGetServiceIDs, mtp.OpGetServiceInfo, mtp.OpGetServiceCapabilities, mtp.OpGetServicePropDesc,
		mtp.OpGetServicePropList, mtp.OpSetServicePropList, mtp.OpDeleteServicePropList, mtp.OpGetFormatCapabilities)
	for _, op := range []mtp.OpCode{mtp.OpGetObjectPropList, mtp.OpSendObjectPropList} { // what kind Basic lacks
		if !slices.Contains(d.Info.Operations, op) {
			d.Info.Operations = append(d.Info.Operations, op)
		}
	}
	for i, k := range kinds {
		knowledge := formatKnowledge + mtp.FormatCode(i)
		d.Info.PlaybackFormats = append(slices.Clone(d.Info.PlaybackFormats), k.format.Code, knowledge)
		d.Services = append(d.Services, k.service(i, knowledge, d.FileProps, o))
	}
	d.Services = append(d.Services, responder.Service{Info: mtp.ServiceInfo{
		ID: fullEnumID, PersistentID: persistentID(o, "FullEnumSync"), Version: 100, Abstract: true, GUID: fullEnumGUID, Name: "FullEnumSync",
	}})
}

// persistentID is the same for the same phone.
func persistentID(o *Options, service string) mtp.GUID {
	b, err := hex.DecodeString(digest(o.Serial, "service", service)[:32])
	if err != nil {
		panic(err)
	}
	return mtp.GUID(b)
}

// service is the i-th.
func (k *serviceKind) service(i int, knowledge mtp.FormatCode, props []mtp.ObjectPropDesc, o *Options) responder.Service {
	u8 := func(n uint64) mtp.Value { return mtp.UintValue(mtp.TypeUint8, n) }
	s := responder.Service{Knowledge: knowledge, KnowledgeID: codeKnowledgeID}
	s.Info = mtp.ServiceInfo{
		ID: mtp.ServiceID(1 + i), Storage: serviceStorage + mtp.StorageID(i)*serviceStorageSpaces, PersistentID: persistentID(o, k.name),
		Version: 100, GUID: guid(k.guid), Name: k.name, Base: fullEnumID, Uses: []mtp.GUID{fullEnumGUID},
		Formats: []mtp.ServiceFormat{k.format, {Code: knowledge, GUID: guid("221BCE32-221B-4F45-B48B-80DE9A93A44A"), Name: "FullEnumSyncKnowledge"}},
		Methods: []mtp.ServiceMethod{
			{Code: codeBeginSync, GUID: guid("63803E07-C713-45D3-8119-3479B31D3592"), Name: "BeginSync"},
			{Code: codeEndSync, GUID: guid("40F3F0F7-A539-422E-98DD-FD8D385C8849"), Name: "EndSync"},
		},
	}
	for _, p := range []struct {
		desc  mtp.ServicePropDesc
		space mtp.GUID
		pid   uint32
		name  string
		value mtp.Value // unset: absent at first
	}{
		{mtp.ServicePropDesc{Code: codeVersionProps, Type: mtp.TypeArrayUint8, Form: mtp.Form{Flag: mtp.FormByteArray, Length: 0xFF}}, fullEnumSpace, 3, "FullEnumVersionProps", mtp.ArrayValue(mtp.TypeArrayUint8, versionByDate())},
		{mtp.ServicePropDesc{Code: codeReplicaID, Type: mtp.TypeUint128, Writable: true}, fullEnumSpace, 4, "FullEnumReplicaID", mtp.Value{}},
		{mtp.ServicePropDesc{Code: codeKnowledgeID, Type: mtp.TypeUint32, Form: mtp.Form{Flag: mtp.FormObjectID}}, fullEnumSpace, 7, "FullEnumKnowledgeObjectID", mtp.Value{}},
		{mtp.ServicePropDesc{Code: codeLastSyncProxyID, Type: mtp.TypeUint128, Writable: true}, fullEnumSpace, 8, "FullEnumLastSyncProxyID", mtp.Value{}},
		{mtp.ServicePropDesc{Code: codeProviderVersion, Type: mtp.TypeUint16}, fullEnumSpace, 9, "FullEnumProviderVersion", mtp.UintValue(mtp.TypeUint16, 1)},
		{mtp.ServicePropDesc{Code: codeSyncFormat, Type: mtp.TypeUint128}, syncSpace, 2, "SyncFormat", guidValue(k.format.GUID)},
		{mtp.ServicePropDesc{Code: codeLocalOnlyDelete, Type: mtp.TypeUint8, Writable: true, Form: mtp.Form{Flag: mtp.FormEnum, Enum: []mtp.Value{u8(0), u8(1)}}}, syncSpace, 3, "LocalOnlyDelete", u8(0)},
		{mtp.ServicePropDesc{Code: codeFilterType, Type: mtp.TypeUint8, Writable: true, Form: mtp.Form{Flag: mtp.FormEnum, Enum: []mtp.Value{u8(0)}}}, syncSpace, 4, "FilterType", u8(0)},
	} {
		s.Descs = append(s.Descs, p.desc)
		s.Info.Props = append(s.Info.Props, mtp.ServiceProp{Code: p.desc.Code, Key: mtp.ServiceKey{Namespace: p.space, PID: p.pid}, Name: p.name})
		if p.value.Type() != 0 {
			s.Values = append(s.Values, mtp.ServicePropValue{Service: s.Info.ID, Code: p.desc.Code, Value: p.value})
		}
	}
	s.Capabilities = []mtp.Capability{
		{Code: uint16(k.format.Code), Props: props}, {Code: uint16(knowledge), Props: props},
		{Code: uint16(codeBeginSync)}, {Code: uint16(codeEndSync)},
	}
	return s
}

// versionByDate says that an object has changed when its DateModified has: one unit for all
// properties, and the one property that is its version.
func versionByDate() []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 1)
	b = le.AppendUint32(append(b, make([]byte, 16)...), 0)
	b = le.AppendUint32(b, 1)
	return le.AppendUint32(append(b, genericSpace[:]...), 40)
}
