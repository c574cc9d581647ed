package mtp

import "testing"

// TestQuirksChosen: which devices get which quirks, by USB id, by extension and by
// who made them.
func TestQuirksChosen(t *testing.T) {
	for _, tt := range []struct {
		name            string
		vendor, product uint16
		info            *DeviceInfo
		want            Quirks
	}{
		{"unknown", 1, 2, &DeviceInfo{}, 0},
		{"before it has said anything", 0x46F4, 0x0004, nil, QuirkNoOutZLP | QuirkShortEnd | QuirkListFirst | QuirkEventPoll | QuirkBMPNames | QuirkOwnTimes},
		{"Android", 0x18D1, 0x4EE1, &DeviceInfo{VendorExtensions: "microsoft.com: 1.0; Android.com: 1.0;"},
			QuirkLongTimeout | QuirkNoSendPropList | QuirkNoSetPropList},
		{"Galaxy", 0x04E8, 0x6860, &DeviceInfo{VendorExtensions: "android.com: 1.0;"},
			QuirkLongTimeout | QuirkNoSendPropList | QuirkNoSetPropList | QuirkPartialEnd},
		{"Walkman", 0x054C, 1, &DeviceInfo{VendorExtensions: "microsoft.com/WMPPD: 11.0; sony.net/WMFU: 1.0;"}, QuirkNoSetPropList},
		{"Aricent stack", 0x0FCE, 1, &DeviceInfo{VendorExtensions: "microsoft.com/WPDNA: 1.0; sonyericsson.com/SE: 1.0;"},
			QuirkIgnoreHeader | QuirkNoPropList | QuirkNoSendPropList},
		{"its maker's Android phones", 0x0FCE, 1, &DeviceInfo{VendorExtensions: "sonyericsson.com/SE: 1.0; android.com: 1.0;"},
			QuirkLongTimeout | QuirkNoSendPropList | QuirkNoSetPropList},
		{"ZEN", 0x041E, 0x4157, nil, QuirkIgnoreHeader | QuirkNoPropList},
		{"QEMU behind another id", 0, 0, &DeviceInfo{Manufacturer: "qemu"}, QuirkNoOutZLP | QuirkShortEnd | QuirkListFirst | QuirkBMPNames | QuirkOwnTimes},
		{"umtprd", 0, 0, &DeviceInfo{Manufacturer: "Fairphone", VendorExtensions: "microsoft.com: 1.0; android.com: 1.0;", PlaybackFormats: []FormatCode{FormatUndefined, FormatAssociation}},
			QuirkNoAllStorages | QuirkSettleClose | QuirkLongTimeout | QuirkNoSendPropList | QuirkNoSetPropList},
		{"one of its formats without Android", 0, 0, &DeviceInfo{PlaybackFormats: []FormatCode{FormatUndefined, FormatAssociation}}, 0},
		{"TP-7", 0, 0, &DeviceInfo{Manufacturer: "Teenage Engineering", Model: "TP-7 rev 2"}, QuirkNoCloseSession},
		{"another of its maker's", 0, 0, &DeviceInfo{Manufacturer: "Teenage Engineering", Model: "OP-1"}, 0},
		{"Nokia with a battery that hangs", 0x0421, 0x04BE, nil, QuirkNoBattery},
		{"Sansa", 0x0781, 0x7432, nil, QuirkNoPropList},
	} {
		if got := deviceQuirks(tt.vendor, tt.product, tt.info); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestEveryQuirkIsUsed: a flag that no device has and no session notices is dead.
func TestEveryQuirkIsUsed(t *testing.T) {
	used := QuirkSplitHeader // Garmin and Zune: by hand, none has been identified
	for i := range quirkTable {
		used |= quirkTable[i].quirks
	}
	for i := range quirksByID {
		used |= quirksByID[i].quirks
	}
	for _, q := range quirkKinds {
		if !used.Has(q.quirk) && !q.learned {
			t.Errorf("%s: no device has it", q.name)
		}
		if got, ok := QuirkNamed(q.name); !ok || got != q.quirk {
			t.Errorf("%s is %v by its name", q.name, got)
		}
	}
	if _, ok := QuirkNamed("levitates"); ok {
		t.Error("any name is a quirk's")
	}
}
