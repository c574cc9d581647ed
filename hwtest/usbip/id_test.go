package usbip_test

import (
	"testing"

	"cradle/hwtest/usbip"
)

func TestParseID(t *testing.T) {
	for text, want := range map[string]usbip.ID{
		"18d1:4ee1": {Vendor: 0x18D1, Product: 0x4EE1},
		"0:FFFF":    {Product: 0xFFFF},
	} {
		if got, err := usbip.ParseID(text); got != want || err != nil {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "18d1", "18d1:", ":4ee1", "18d1:4ee11", "phone:1", "1:2:3"} {
		if got, err := usbip.ParseID(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}
