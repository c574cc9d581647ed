package usb

import "strings"

// phoneVendor is a USB vendor that makes phones.
type phoneVendor struct {
	id   uint16
	name string
	// others: it makes enough other things that a device counts as a phone only
	// if it shows an interface that phones have.
	others bool
}

// phoneVendors are for one purpose: to say "set the phone to file transfer"
// instead of "no phone". From the USB id list.
var phoneVendors = []phoneVendor{
	{0x0421, "Nokia", false},
	{0x0489, "Foxconn", true},
	{0x04dd, "Sharp", true},
	{0x04e8, "Samsung", true},
	{0x0502, "Acer", true},
	{0x05c6, "Qualcomm", true},
	{0x0b05, "Asus", true},
	{0x0bb4, "HTC", false},
	{0x0e8d, "MediaTek", true},
	{0x0fca, "BlackBerry", false},
	{0x0fce, "Sony", false},
	{0x1004, "LG", true},
	{0x12d1, "Huawei", true},
	{0x1782, "Spreadtrum", true},
	{0x17ef, "Lenovo", true},
	{0x18d1, "Google", true},
	{0x1949, "Amazon", false},
	{0x19d2, "ZTE", true},
	{0x1bbb, "TCL", false},
	{0x22b8, "Motorola", false},
	{0x22d9, "Oppo", false},
	{0x2717, "Xiaomi", true},
	{0x2931, "Jolla", false},
	{0x2a45, "Meizu", false},
	{0x2a47, "BQ", false},
	{0x2a70, "OnePlus", false},
	{0x2ae5, "Fairphone", false},
	{0x2d95, "vivo", false},
	{0x2e04, "HMD Global", false},
	{0x2e17, "Essential", false},
	{0x316d, "Purism", false},
	{0x339b, "Honor", false},
}

// phoneMode decides whether a device without an MTP interface is a phone, and
// says which mode it is in. Anything with a disk, a keyboard, a sound card or
// the like isn't one.
func phoneMode(d *DeviceDesc, ifs []ifaceDesc) (why string, phone bool) {
	var vendor *phoneVendor
	for i := range phoneVendors {
		if phoneVendors[i].id == d.VendorID {
			vendor = &phoneVendors[i]
		}
	}
	if vendor == nil || len(ifs) == 0 {
		return "", false
	}
	var adb, camera, tether, storage bool
	for i := range ifs {
		switch in := &ifs[i]; {
		case in.is(0xFF, 0x42, 1):
			adb = true
		case in.is(6, 1, 1):
			camera = true
		case in.is(0xE0, 1, 3), in.is(2, 2, 0xFF), in.is(2, 0x0D, 0), in.class == 0x0A:
			tether = true
		case in.class == 8 && strings.Contains(strings.ToLower(in.name), "mass storage"):
			storage = true // Android names this function so
		case in.class == 0xFF:
		default:
			return "", false
		}
	}
	switch {
	case camera:
		return "the phone shares photos only (PTP)", true
	case tether && (adb || !vendor.others):
		return "the phone shares its network (USB tethering)", true
	case storage && adb:
		return "the phone plays a USB disk", true
	case adb:
		return "USB debugging is on, but no file transfer", true
	case vendor.others:
		return "", false
	}
	return "the phone only charges", true
}
