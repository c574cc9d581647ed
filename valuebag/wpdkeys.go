package valuebag

import (
	"sort"
	"strings"
)

//go:generate go run ./gen -in wpd-properties.csv -out wpdkeys_gen.go

// KeyInfo says what the Windows headers say of one key: wpd-properties.csv,
// one row each, from PortableDevice.h and the device service headers.
type KeyInfo struct {
	Key      PropertyKey
	Name     string // WPD_CONTACT_MOBILE_PHONE
	Category string // WPD_CONTACT_OBJECT_PROPERTIES_V1; empty for resources
	Use      KeyUse
	// Type is the VARTYPE that WPD documents for the key, TypeEmpty when it
	// has none (commands, resources) or follows the described property
	// (attributes such as a default value).
	Type Type

	// Service is the device service property that carries the same fact, and
	// ServiceName its name in the headers (PKEY_ContactObj_MobilePhone). Most
	// have the WPD key itself; 34 have a pid of their own, mostly because the
	// type changes (VT_DATE becomes a DateTime string). Both are zero when no
	// service property is named.
	Service     PropertyKey
	ServiceName string
	// ServiceType is the service's datatype: UInt8, UInt16, UInt32, UInt64,
	// UInt128, String, AUInt16, or String/AUInt16 where both occur.
	ServiceType string
	// MTP is the MTP object property code (0xDC44), 0 if there is none.
	MTP uint16
}

// KeyUse is what a key of the headers stands for.
type KeyUse uint8

// The uses.
const (
	UseProperty KeyUse = iota
	UseAttribute
	UseResource
	UseCommand
	UseCommandParam
	UseCommandOption
	UseClassExtension
)

var keyUses = [...]string{"property", "attribute", "resource", "command", "commandparam", "commandoption", "classextension"}

// String is the word in wpd-properties.csv.
func (u KeyUse) String() string {
	if int(u) < len(keyUses) {
		return keyUses[u]
	}
	return "unknown use"
}

// LookupKey finds the row of a WPD key. Service keys with a pid of their own
// have no row; [LookupName] and the Service field lead from one to the other.
func LookupKey(k PropertyKey) (KeyInfo, bool) {
	i := sort.Search(len(wpdKeys), func(i int) bool { return wpdKeys[i].Key.Compare(k) >= 0 })
	if i < len(wpdKeys) && wpdKeys[i].Key == k {
		return wpdKeys[i], true
	}
	return KeyInfo{}, false
}

// LookupName finds a row by the key's name in the headers, in its exact
// spelling.
func LookupName(name string) (KeyInfo, bool) {
	i, ok := sort.Find(len(wpdByName), func(i int) int { return strings.Compare(name, wpdKeys[wpdByName[i]].Name) })
	if !ok {
		return KeyInfo{}, false
	}
	return wpdKeys[wpdByName[i]], true
}

// LookupMTP finds the row whose property has the MTP object property code.
func LookupMTP(code uint16) (KeyInfo, bool) {
	i := sort.Search(len(wpdByMTP), func(i int) bool { return wpdKeys[wpdByMTP[i]].MTP >= code })
	if code != 0 && i < len(wpdByMTP) && wpdKeys[wpdByMTP[i]].MTP == code {
		return wpdKeys[wpdByMTP[i]], true
	}
	return KeyInfo{}, false
}

// AllKeys is every key of the headers in the order of [PropertyKey.Compare].
func AllKeys() []KeyInfo { return append([]KeyInfo(nil), wpdKeys[:]...) }
