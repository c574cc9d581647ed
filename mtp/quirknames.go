package mtp

import (
	"math/bits"
	"strings"
)

// quirkKind is what one flag means: what such a device does, and what a
// [Session] does about it.
type quirkKind struct {
	quirk           Quirks
	name            string
	symptom, remedy string
	learned         bool // noticed at run time too
}

var quirkKinds = []quirkKind{
	{QuirkPropListByProp, "prop-list-by-prop", "mixes up the properties of a folder's objects when asked for all at once", "a folder is listed by one request a property", true},
	{QuirkNoPropList, "no-prop-list", "its property lists are wrong, or it chews on them for ever", "each object is asked for its ObjectInfo", true},
	{QuirkNoOutZLP, "no-out-zlp", "stalls on a zero-length packet", "none is sent after a container that fills its last packet", true},
	{QuirkSplitHeader, "split-header", "wants the header of a data container in a packet of its own", "it gets it so", false},
	{QuirkIgnoreHeader, "ignore-header", "codes and transaction ids in its headers are garbage", "only the container's type is looked at", true},
	{QuirkLongTimeout, "long-timeout", "listing or deleting takes it tens of seconds", "it may keep silent for a minute", true},
	{QuirkNoCloseSession, "no-close-session", "leaves file transfer mode when a session is closed", "the session is left open", false},
	{QuirkNoSendPropList, "no-send-prop-list", "SendObjectPropList is advertised and no good", "objects are announced by SendObjectInfo", false},
	{QuirkNoSetPropList, "no-set-prop-list", "SetObjectPropList is advertised and no good", "properties are set one by one", true},
	{QuirkPartialEnd, "partial-end", "a part of an object that ends with a full packet at the object's end never comes", "one byte less is asked for, then that byte", true},
	{QuirkShortEnd, "short-end", "a body is over for it when a transfer comes whose length is no multiple of 64", "bodies of other lengths are refused before anything is sent", false},
	{QuirkListFirst, "list-first", "new objects get their handles only in folders that were listed", "a folder is listed before it changes", false},
	{QuirkEventPoll, "event-poll", "an event is given to the read after the one that waited for it", "events are read for a second at a time", false},
	{QuirkNoBattery, "no-battery", "hangs when it is asked for its battery", "it isn't asked", true},
	{QuirkBMPNames, "bmp-names", "crashes, QEMU with its whole machine, at a name with a character beyond U+FFFF", "such names are refused before anything is sent", false},
	{QuirkOwnTimes, "own-times", "new files have the time of their arrival", "one of the same size that came after a file's last change counts as that file", true},
	{QuirkNoAllStorages, "no-all-storages", "a request for all storages at once wedges it", "storages are asked one by one", false},
	{QuirkSettleClose, "settle-close", "crashes when a session is closed right after a change", "the session is closed a tenth of a second after its last change", false},
}

// kind gives what the flag means; unknown ones have the zero quirkKind.
func (k Quirks) kind() quirkKind {
	for _, q := range quirkKinds {
		if q.quirk == k {
			return q
		}
	}
	return quirkKind{quirk: k}
}

// Split gives the flags that are set, one by one.
func (k Quirks) Split() []Quirks {
	var out []Quirks
	for k != 0 {
		one := Quirks(1) << bits.TrailingZeros32(uint32(k))
		out = append(out, one)
		k &^= one
	}
	return out
}

// String gives the names of the flags, separated by commas.
func (k Quirks) String() string {
	var names []string
	for _, one := range k.Split() {
		names = append(names, one.kind().name)
	}
	return strings.Join(names, ",")
}

// Symptom says what a device with this flag, a single one, does.
func (k Quirks) Symptom() string { return k.kind().symptom }

// Remedy says what a [Session] does about it.
func (k Quirks) Remedy() string { return k.kind().remedy }

// QuirkNamed finds a flag by its name.
func QuirkNamed(name string) (Quirks, bool) {
	for _, q := range quirkKinds {
		if q.name == name {
			return q.quirk, true
		}
	}
	return 0, false
}

// Learned reports whether a session also notices this at run time.
func (k Quirks) Learned() bool { return k.kind().learned }
