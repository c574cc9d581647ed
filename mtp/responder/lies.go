package responder

import (
	"fmt"
	"strings"
)

// Lies is a set of ways in which a device departs from the specification or
// from what it advertises. All of them were seen in real devices or follow from
// a bug report; [LieTable] says where.
type Lies uint64

// The lies; [LieTable] describes them. Those marked (backend) are told by the
// backend, the rest by the [Responder].
const (
	LiePropListDepth Lies = 1 << iota
	LiePropListShort
	LiePropListFail
	LiePropListEmpty
	LiePropListMixed
	LieDuplicateList
	LiePartialList
	LieHandlesShort
	LieHandlesFail
	LieHandles // (backend)
	LieSize
	LieWideInfo
	LieBadObject
	LieBadDates
	LieSendInfoDate
	LieSetDate
	LieMove       // (backend)
	LieRename     // (backend)
	LieDelete     // (backend)
	LieFullLate   // (backend)
	LieShortWrite // (backend)
	LieNulWrite   // (backend)
	LieRootParent
	LieRootZero
	LieNoEvents
	LieBusy
	LieNoZLP
	LieDummyByte
	LieSplitHeader
	LieHeaderIDs
	LiePadResponse
	LiePartialEnd
	LieNames
	LieStallZLP
	LieAllStorages
	LieStrangeNames
	LieSameHandles
	LieStrangeDates
	LieInfoChanges
	LieGrowingList
)

// A LieRow names one lie.
type LieRow struct {
	Lie     Lies
	Name    string // in a list, as ParseLies takes it
	Symptom string
	Seen    string // where
}

// LieTable describes every lie, in the order of the constants.
var LieTable = []LieRow{
	{LiePropListDepth, "proplist-depth", "GetObjectPropList ignores the depth and answers for the one object", "uMTP-Responder 1.3"},
	{LiePropListShort, "proplist-short", "GetObjectPropList leaves out every seventh object", "libmtp BROKEN_MTPGETOBJPROPLIST_ALL"},
	{LiePropListFail, "proplist-fail", "GetObjectPropList always answers GeneralError", "libmtp BROKEN_MTPGETOBJPROPLIST"},
	{LiePropListEmpty, "proplist-empty", "GetObjectPropList answers with no element at all", "libmtp BROKEN_MTPGETOBJPROPLIST"},
	{LiePropListMixed, "proplist-mixed", "asked for all properties of a folder's objects, those of the first one's kind come for all", "AOSP MtpDatabase"},
	{LieDuplicateList, "duplicate-list", "the first object of a listing comes twice", "media databases after a rescan"},
	{LiePartialList, "partial-list", "GetObjectHandles sends some of the handles, then answers GeneralError", "a media scan in progress"},
	{LieHandlesShort, "handles-short", "GetObjectHandles leaves out every seventh object and says OK", "a media scan in progress"},
	{LieHandlesFail, "handles-fail", "GetObjectHandles answers GeneralError for every folder but the top one", "uMTP-Responder"},
	{LieHandles, "handles", "handles change from session to session", "every phone after a media scan"},
	{LieSize, "size", "ObjectInfo's size is all ones", "sources of unknown size"},
	{LieWideInfo, "wide-info", "ObjectInfo has a 64-bit size", "libmtp PROPLIST_OVERRIDES_OI, Samsung"},
	{LieBadObject, "bad-object", "the last object of every listing can't be described: GeneralError, and it is in no property list", "Nintendo Switch responders"},
	{LieBadDates, "bad-dates", "dates are impossible, 20480000T000000", "Panasonic Lumix"},
	{LieSendInfoDate, "sendinfo-date", "the time announced with a new object is ignored, the device stamps its own", "many"},
	{LieSetDate, "set-date", "DateModified says that it can be written, and is refused", "libmtp CANNOT_HANDLE_DATEMODIFIED"},
	{LieMove, "move", "MoveObject and CopyObject are advertised and fail", "storages across file systems"},
	{LieRename, "rename", "a new name is answered with OK and not taken", "caching file systems"},
	{LieDelete, "delete", "DeleteObject is answered with OK and the object stays", "caching file systems"},
	{LieFullLate, "full-late", "a full storage is noticed only after all bytes were sent", "AOSP"},
	{LieShortWrite, "short-write", "the last half of a new object is lost although the answer is OK", "caching file systems"},
	{LieNulWrite, "nul-write", "a new object holds NUL bytes although the answer is OK", "delayed allocation, power lost"},
	{LieRootParent, "root-parent", "objects at the top report the storage's ID as their parent", "Nintendo Switch responders, iOS"},
	{LieRootZero, "root-zero", "parent 0 in GetObjectHandles means the top folder, not all objects", "QEMU usb-mtp"},
	{LieNoEvents, "no-events", "events are advertised and none ever comes", "many"},
	{LieBusy, "busy", "every tenth transaction on objects answers DeviceBusy the first time", "a media scan in progress"},
	{LieNoZLP, "no-zlp", "no zero-length packet after an exact multiple of the packet size", "QEMU usb-mtp"},
	{LieDummyByte, "dummy-byte", "one byte in place of that zero-length packet", "libmtp NO_ZERO_READS"},
	{LieSplitHeader, "split-header", "the 12-byte header of a data container is a packet of its own", "old players"},
	{LieHeaderIDs, "header-ids", "code and transaction of data headers are garbage", "libmtp IGNORE_HEADER_ERRORS"},
	{LiePadResponse, "pad-response", "responses are padded with zero bytes", "old players"},
	{LiePartialEnd, "partial-end", "a part of an object that ends with a full packet at the object's end never comes", "libmtp SAMSUNG_OFFSET_BUG"},
	{LieNames, "names", "every name leads out of its folder, ../NAME", "nobody yet"},
	{LieStallZLP, "stall-zlp", "a zero-length packet, or another transfer shorter than a header, halts the OUT pipe", "QEMU usb-mtp"},
	{LieAllStorages, "all-storages", "a request for the objects of all storages at once is refused, and nothing answered ever after", "uMTP-Responder 1.3"},
	{LieStrangeNames, "strange-names", "names have slashes, dots alone, NUL, half surrogates, control characters, 254 units, or nothing", "nobody yet"},
	{LieSameHandles, "same-handles", "in lists every third object has the handle of the one before", "nobody yet"},
	{LieStrangeDates, "strange-dates", "dates are of the years 0 and 9999, or of no calendar", "nobody yet"},
	{LieInfoChanges, "info-changes", "in every second session DeviceInfo has no property lists, moves or parts of objects", "composite devices that change their mode"},
	{LieGrowingList, "growing-list", "each property list has one more object than the one before, which nobody else knows", "a media scan in progress"},
}

// Has reports whether any of the lies in l2 is told.
func (l Lies) Has(l2 Lies) bool { return l&l2 != 0 }

// String lists the names, separated by commas.
func (l Lies) String() string {
	var names []string
	for _, row := range LieTable {
		if l.Has(row.Lie) {
			names = append(names, row.Name)
		}
	}
	return strings.Join(names, ",")
}

// ParseLies parses names separated by commas, "" being none.
func ParseLies(list string) (Lies, error) {
	var l Lies
next:
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		for _, row := range LieTable {
			if row.Name == name {
				l |= row.Lie
				continue next
			}
		}
		return 0, fmt.Errorf("unknown lie %q; known: %v", name, ^Lies(0))
	}
	return l, nil
}
