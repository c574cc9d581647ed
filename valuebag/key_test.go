package valuebag

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestGUID(t *testing.T) {
	const text = "{EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C}"
	want := GUID{0x0D, 0x49, 0x6B, 0xEF, 0xD8, 0x5C, 0x7A, 0x43, 0xAF, 0xFC, 0xDA, 0x8B, 0x60, 0xEE, 0x4A, 0x3C}
	for _, in := range []string{text, strings.ToLower(text), text[1:37]} {
		if got, err := ParseGUID(in); err != nil || got != want {
			t.Errorf("ParseGUID(%s) = %x, %v, want %x", in, got, err, want)
		}
	}
	if got := want.String(); got != text {
		t.Errorf("String: got %s, want %s", got, text)
	}
	uuid := [16]byte{0xEF, 0x6B, 0x49, 0x0D, 0x5C, 0xD8, 0x43, 0x7A, 0xAF, 0xFC, 0xDA, 0x8B, 0x60, 0xEE, 0x4A, 0x3C}
	if got := want.UUID(); got != uuid || GUIDFromUUID(uuid) != want {
		t.Errorf("UUID: got %x, want %x", got, uuid)
	}
	for _, in := range []string{"", "{}", text[1:], text[:37], text + "0", strings.Replace(text, "-", "_", 1), strings.Replace(text, "EF", "EG", 1), "(" + text[1:37] + ")"} {
		if g, err := ParseGUID(in); err == nil {
			t.Errorf("ParseGUID(%q) = %s, want an error", in, g)
		}
	}
	js, err := json.Marshal(want)
	var back GUID
	if err2 := json.Unmarshal(js, &back); err != nil || err2 != nil || back != want || string(js) != `"`+text+`"` {
		t.Errorf("JSON %s, %v, %v, back %s", js, err, err2, back)
	}
	if err := json.Unmarshal([]byte(`"x"`), &back); err == nil || back != want {
		t.Errorf("bad JSON: %v, left %s", err, back)
	}
	for _, g := range []GUID{{}, {1}, {15: 1}, want} {
		for _, o := range []GUID{{}, {1}, {15: 1}, want} {
			if got, want := g.Compare(o), bytes.Compare(g[:], o[:]); got != want {
				t.Errorf("%s.Compare(%s) = %d, want %d", g, o, got, want)
			}
		}
	}
}

func TestParseKey(t *testing.T) {
	k := PropertyKey{WPDObjectPropertiesV1, 4}
	for _, in := range []string{"{EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C}.4", "{ef6b490d-5cd8-437a-affc-da8b60ee4a3c} 4", "WPD_OBJECT_NAME"} {
		if got, err := ParseKey(in); err != nil || got != k {
			t.Errorf("ParseKey(%s) = %s, %v, want %s", in, got, err, k)
		}
	}
	if got, want := k.String(), "{EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C}.4"; got != want {
		t.Errorf("String: got %s, want %s", got, want)
	}
	if got := k.Name(); got != "WPD_OBJECT_NAME" {
		t.Errorf("Name: got %s", got)
	}
	if got := objectKey(99).Name(); got != "{EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C}.99" {
		t.Errorf("Name without a name: got %s", got)
	}
	if k, err := ParseKey("{EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C}.0"); err != nil || k.PID != 0 {
		t.Errorf("pid 0: got %s, %v", k, err)
	}
	guid := WPDObjectPropertiesV1.String()
	for _, in := range []string{"", "WPD_NOTHING", "wpd_object_name", guid, guid + ".", guid + ":4", guid + ".-1", guid + ".+1", guid + ".04", guid + ".4294967296", guid + ".4 ", "{}.4", strings.Replace(guid, "E", "X", 1) + ".4"} {
		if k, err := ParseKey(in); err == nil {
			t.Errorf("ParseKey(%q) = %s, want an error", in, k)
		}
	}
	js, err := json.Marshal(map[PropertyKey]int{k: 1})
	back := map[PropertyKey]int{}
	if err2 := json.Unmarshal(js, &back); err != nil || err2 != nil || back[k] != 1 || string(js) != `{"WPD_OBJECT_NAME":1}` {
		t.Errorf("JSON %s, %v, %v, back %v", js, err, err2, back)
	}
}

func TestKeys(t *testing.T) {
	all := AllKeys()
	if len(all) != 546 {
		t.Fatalf("%d keys, want the header's 546", len(all))
	}
	for i, info := range all {
		if i > 0 && all[i-1].Key.Compare(info.Key) >= 0 {
			t.Errorf("%s is not after %s", info.Name, all[i-1].Name)
		}
		if got, ok := LookupKey(info.Key); !ok || got != info {
			t.Errorf("LookupKey(%s) = %v, %v", info.Key, got, ok)
		}
		if got, ok := LookupName(info.Name); !ok || got != info {
			t.Errorf("LookupName(%s) = %v, %v", info.Name, got, ok)
		}
		if info.MTP != 0 {
			if got, ok := LookupMTP(info.MTP); !ok || got != info {
				t.Errorf("LookupMTP(%#04x) = %v, %v, want %v", info.MTP, got, ok, info)
			}
		}
	}
	all[0].Name = "changed"
	if wpdKeys[0].Name == "changed" {
		t.Error("AllKeys gives the table itself")
	}

	// Rows as the reference tables have them.
	contact := GUID{0xAB, 0xFD, 0xD4, 0xFB, 0x7D, 0x98, 0x77, 0x47, 0xB3, 0xF9, 0x72, 0x61, 0x85, 0xA9, 0x31, 0x2B}
	for _, want := range []KeyInfo{
		{PropertyKey{contact, 42}, "WPD_CONTACT_MOBILE_PHONE", "WPD_CONTACT_OBJECT_PROPERTIES_V1", UseProperty, TypeString, PropertyKey{contact, 42}, "PKEY_ContactObj_MobilePhone", "String/AUInt16", 0xDD12},
		{PropertyKey{contact, 57}, "WPD_CONTACT_BIRTHDATE", "WPD_CONTACT_OBJECT_PROPERTIES_V1", UseProperty, TypeDate, PropertyKey{contact, 65}, "PKEY_ContactObj_Birthdate", "String", 0xDD37},
		{PropertyKey{contact, 2}, "WPD_CONTACT_DISPLAY_NAME", "WPD_CONTACT_OBJECT_PROPERTIES_V1", UseProperty, TypeString, PropertyKey{}, "", "", 0},
		{WPDResourceContactPhoto, "WPD_RESOURCE_CONTACT_PHOTO", "", UseResource, TypeEmpty, PropertyKey{}, "", "", 0},
		{WPDPropertyNull, "WPD_PROPERTY_NULL", "WPD_CATEGORY_NULL", UseCommandParam, TypeEmpty, PropertyKey{}, "", "", 0},
	} {
		if got, ok := LookupName(want.Name); !ok || got != want {
			t.Errorf("%s: got %+v, want %+v", want.Name, got, want)
		}
	}
	if WPDContactMobilePhone != (PropertyKey{contact, 42}) || WPDContactObjectPropertiesV1 != contact {
		t.Errorf("WPDContactMobilePhone is %s", WPDContactMobilePhone.String())
	}
	moved := 0
	for _, info := range AllKeys() {
		if info.ServiceName != "" && info.Service != info.Key {
			moved++
		}
	}
	if moved != 34 {
		t.Errorf("%d keys have a service key of another pid, want 34", moved)
	}
	if _, ok := LookupKey(PropertyKey{contact, 65}); ok {
		t.Error("a service key without a WPD key was found")
	}
	for _, code := range []uint16{0, 1, 0xFFFF} {
		if i, ok := LookupMTP(code); ok {
			t.Errorf("LookupMTP(%#x) = %v", code, i)
		}
	}
	if got := KeyUse(99).String(); got != "unknown use" || UseCommandParam.String() != "commandparam" {
		t.Errorf("KeyUse names: %s, %s", got, UseCommandParam)
	}
}

func TestTypeNames(t *testing.T) {
	for typ, want := range map[Type]string{TypeString: "VT_LPWSTR", TypeUint32: "VT_UI4", TypeUnknown: "VT_UNKNOWN", TypeBytes: "VT_VECTOR|VT_UI1", TypeKey: "PROPERTYKEY", 0x2011: "VT_0x2011", 6: "VT_0x0006"} {
		if got := typ.String(); got != want {
			t.Errorf("Type %d: got %s, want %s", uint16(typ), got, want)
		}
	}
	if got := Kind(6).String(); got != "kind 0x06" {
		t.Errorf("unknown kind: got %s", got)
	}
	for _, k := range allKinds() {
		if back, ok := kindByName(k.String()); !ok || back != k {
			t.Errorf("kind %s by name: %s, %v", k, back, ok)
		}
	}
}
