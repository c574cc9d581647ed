package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestCurrent fails when wpdkeys_gen.go is not what the table gives: run
// go generate in the valuebag directory.
func TestCurrent(t *testing.T) {
	f, err := os.Open("../wpd-properties.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want, err := generate(f)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../wpdkeys_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("wpdkeys_gen.go is out of date: run go generate ./valuebag")
	}
}

func TestGoName(t *testing.T) {
	for name, want := range map[string]string{
		"WPD_CONTACT_MOBILE_PHONE":                  "WPDContactMobilePhone",
		"WPD_CONTACT_PERSONAL_EMAIL2":               "WPDContactPersonalEmail2",
		"WPD_OBJECT_ID":                             "WPDObjectID",
		"WPD_OBJECT_ISHIDDEN":                       "WPDObjectIsHidden",
		"WPD_MEDIA_SOURCE_URL":                      "WPDMediaSourceURL",
		"WPD_OBJECT_IS_DRM_PROTECTED":               "WPDObjectIsDRMProtected",
		"WPD_CONTACT_OBJECT_PROPERTIES_V1":          "WPDContactObjectPropertiesV1",
		"WPD_PROPERTY_OBJECT_MANAGEMENT_OBJECT_IDS": "WPDPropertyObjectManagementObjectIDs",
	} {
		if got := goName(name); got != want {
			t.Errorf("goName(%s) = %s, want %s", name, got, want)
		}
	}
}

func TestGenerateRefuses(t *testing.T) {
	head := strings.Join(columns, ",") + "\n"
	row := "WPD_C,property,WPD_A,{EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C},2,VT_LPWSTR,PKEY_A,same,String,0xDC44,\n"
	if _, err := generate(strings.NewReader(head + row)); err != nil {
		t.Fatalf("a good row: %v", err)
	}
	replace := func(old, new string) string { return strings.Replace(row, old, new, 1) }
	tests := []struct{ name, in, want string }{
		{"no rows", head, "at least one row"},
		{"other columns", strings.Replace(head, "note", "notes", 1) + row, "columns"},
		{"key twice", head + row + replace("WPD_A", "WPD_B"), "same key"},
		{"name twice", head + row + replace(",2,", ",3,"), "both become"},
		{"two categories in one fmtid", head + row + strings.NewReplacer("WPD_C", "WPD_D", "WPD_A", "WPD_B", ",2,", ",3,").Replace(row), "in category"},
		{"use", head + replace("property", "thing"), "unknown use"},
		{"type", head + replace("VT_LPWSTR", "VT_X"), "unknown VARTYPE"},
		{"relation", head + replace("same", "similar"), "unknown relation"},
		{"service without relation", head + replace("same", ""), "without a relation"},
		{"GUID", head + replace("EF6B", "XF6B"), "bad GUID"},
		{"pid", head + replace(",2,", ",x,"), "pid"},
		{"MTP code", head + replace("0xDC44", "0x1DC44"), "MTP code"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := generate(strings.NewReader(tt.in)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
