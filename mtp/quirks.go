package mtp

import (
	"slices"
	"strings"
)

// Quirks are known deviations of devices from the specification, as flags.
type Quirks uint32

// Quirks. The table in this file has each with the devices, what happens and
// where that is known from.
const (
	// QuirkPropListByProp: never ask for "all properties" of a folder's
	// children, one property at a time is fine.
	QuirkPropListByProp Quirks = 1 << iota
	// QuirkNoPropList: GetObjectPropList is advertised and no good.
	QuirkNoPropList
	// QuirkNoOutZLP: a ZLP on the OUT pipe stalls it.
	QuirkNoOutZLP
	// QuirkSplitHeader: the 12-byte header of a data container must be sent as
	// a packet of its own.
	QuirkSplitHeader
	// QuirkIgnoreHeader: codes and transaction ids in headers are garbage.
	QuirkIgnoreHeader
	// QuirkLongTimeout: listing or deleting takes tens of seconds.
	QuirkLongTimeout
	// QuirkNoCloseSession: leaves MTP mode on CloseSession.
	QuirkNoCloseSession
	// QuirkNoSendPropList: SendObjectPropList is advertised and no good.
	QuirkNoSendPropList
	// QuirkNoSetPropList: SetObjectPropList is advertised and no good.
	QuirkNoSetPropList
	// QuirkPartialEnd: GetPartialObject hangs when the reply ends with a full
	// packet at the end of the object.
	QuirkPartialEnd
	// QuirkShortEnd: a body is over when a transfer comes whose length is no
	// multiple of 64, and only then; see [Session.CanSend].
	QuirkShortEnd
	// QuirkListFirst: a folder's new objects get the announced handles only if
	// its children were asked for before, and a folder whose children were
	// never asked for can't be deleted.
	QuirkListFirst
	// QuirkEventPoll: an event that comes while the interrupt pipe is being
	// read is only given to the next read.
	QuirkEventPoll
	// QuirkNoAllStorages: a request for all storages at once wedges the device.
	QuirkNoAllStorages
	// QuirkNoBattery: the device hangs when it is asked for its battery.
	QuirkNoBattery
	// QuirkBMPNames: a name with a character beyond U+FFFF, two UTF-16 units, makes
	// the device crash.
	QuirkBMPNames
	// QuirkOwnTimes: a new object has the time of its arrival, whatever it was
	// announced with; see [Session.IsSent].
	QuirkOwnTimes
	// QuirkSettleClose: the device crashes when a session is closed before it has
	// taken note of the session's last change.
	QuirkSettleClose
)

// Has reports whether all of q are set.
func (k Quirks) Has(q Quirks) bool { return k&q == q }

// quirkRow is one row: which devices, what they do, and who says so. A zero
// field matches everything.
type quirkRow struct {
	vendor, product uint16
	extension       string // in the vendor extension text
	notExtension    string
	manufacturer    string       // compared without case
	model           string       // a prefix
	formats         []FormatCode // all that it advertises, in this order
	quirks          Quirks
	symptom         string
	source          string
}

var quirkTable = []quirkRow{
	{
		extension: "android.com",
		quirks:    QuirkLongTimeout | QuirkNoSendPropList | QuirkNoSetPropList,
		symptom:   "bulk writes are broken in vendors' builds; listing a large camera folder takes half a minute",
		source:    "AOSP media/java/android/mtp/MtpDatabase.java; libmtp src/libmtp.c, the android.com group",
	},
	{
		extension: "sony.net/WMFU",
		quirks:    QuirkNoSetPropList,
		symptom:   "SetObjectPropList fails on Walkmans",
		source:    "libmtp src/libmtp.c",
	},
	{
		extension: "sonyericsson.com/SE", notExtension: "android.com",
		quirks:  QuirkIgnoreHeader | QuirkNoPropList | QuirkNoSendPropList,
		symptom: "Aricent stack: code and transaction in data headers are garbage",
		source:  "libmtp src/libmtp.c",
	},
	{
		vendor: 0x041E, product: 0x4157,
		quirks:  QuirkIgnoreHeader | QuirkNoPropList,
		symptom: "Creative ZEN: garbage in the code and transaction of data headers",
		source:  "libmtp src/music-players.h",
	},
	{
		vendor: 0x46F4, product: 0x0004,
		quirks:  QuirkNoOutZLP | QuirkShortEnd | QuirkListFirst | QuirkEventPoll | QuirkBMPNames | QuirkOwnTimes,
		symptom: "stalls OUT transfers shorter than a header, so also a ZLP; waits for ever for the end of a body that fills its last 64 bytes; knows new objects from inotify alone, in folders that were listed; doesn't wake the interrupt pipe; ends by a segmentation fault, with the whole machine, when a new file's name has a character beyond U+FFFF; stamps new files itself",
		source:  "QEMU hw/usb/dev-mtp.c; measured with 7.2",
	},
	{
		manufacturer: "QEMU",
		quirks:       QuirkNoOutZLP | QuirkShortEnd | QuirkListFirst | QuirkBMPNames | QuirkOwnTimes,
		symptom:      "the same device behind another id",
		source:       "QEMU hw/usb/dev-mtp.c",
	},
	{
		vendor: 0x04E8, product: 0x6860,
		quirks:  QuirkPartialEnd | QuirkLongTimeout,
		symptom: "Galaxy: GetPartialObject hangs when the reply ends in a full packet at the end of the object",
		source:  "libmtp issue 8 and src/music-players.h (SAMSUNG_OFFSET_BUG)",
	},
	{
		// umtprd, whatever maker and model it was given: it is a phone's name that stands there.
		extension: "android.com", formats: []FormatCode{FormatUndefined, FormatAssociation},
		quirks:  QuirkNoAllStorages | QuirkSettleClose,
		symptom: "umtprd before 1.5.1: GetObjectHandles for all storages answers 0x2008 and keeps a lock for ever; what inotify tells once the session is closed is looked up in no list (a segmentation fault in get_entry_by_wd)",
		source:  "measured with umtp-responder 1.3.10; its src/inotify.c, src/fs_handles_db.c",
	},
	{
		manufacturer: "teenage engineering", model: "TP-7",
		quirks:  QuirkNoCloseSession,
		symptom: "leaves MTP mode on CloseSession",
		source:  "mtp-rs notes; not tried here",
	},
}

func (r *quirkRow) matches(vendor, product uint16, d *DeviceInfo) bool {
	if r.vendor != 0 && (r.vendor != vendor || r.product != product) {
		return false
	}
	if r.extension == "" && r.manufacturer == "" && r.model == "" && r.formats == nil {
		return r.vendor != 0
	}
	return d != nil &&
		(r.extension == "" || d.HasExtension(r.extension)) &&
		(r.notExtension == "" || !d.HasExtension(r.notExtension)) &&
		(r.formats == nil || slices.Equal(r.formats, d.PlaybackFormats)) &&
		(r.manufacturer == "" || strings.EqualFold(r.manufacturer, d.Manufacturer)) &&
		strings.HasPrefix(d.Model, r.model)
}

// usbQuirks are those that the USB ids alone decide, so that they hold for the
// first transaction already.
func usbQuirks(vendor, product uint16) Quirks { return deviceQuirks(vendor, product, nil) }

func deviceQuirks(vendor, product uint16, d *DeviceInfo) Quirks {
	var q Quirks
	for i := range quirkTable {
		if quirkTable[i].matches(vendor, product, d) {
			q |= quirkTable[i].quirks
		}
	}
	for i := range quirksByID {
		if r := &quirksByID[i]; r.vendor == vendor && slices.Contains(r.products, product) {
			q |= r.quirks
		}
	}
	return q
}
