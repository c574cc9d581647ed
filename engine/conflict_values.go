package engine

import (
	"fmt"
	"slices"
	"time"

	"cradle/valuebag"
)

// ConflictCategory is the key category of a Conflict as a bag, for saved plans and
// providers behind a pipe. IDs are VT_CLSID with the text form of the ID.
var ConflictCategory = valuebag.GUIDFromUUID([16]byte{0xaf, 0x99, 0x8a, 0x05, 0xf0, 0xb6, 0x47, 0x13, 0x96, 0x57, 0xb6, 0xe4, 0x42, 0x1b, 0x77, 0x4d})

// The keys of a Conflict as a bag. One whose value would be zero or empty is left
// out.
var (
	// KeyConflictVersion (VT_UI4) is 1, never left out.
	KeyConflictVersion = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 2}
	// KeyConflictID (VT_I8): its number in the log.
	KeyConflictID = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 3}
	// KeyConflictScope (VT_LPWSTR): the scope's name.
	KeyConflictScope = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 4}
	// KeyConflictPeer (VT_CLSID): the partial participant that it is with.
	KeyConflictPeer = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 5}
	// KeyConflictItem (VT_CLSID): the item, never left out.
	KeyConflictItem = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 6}
	// KeyConflictUID (VT_LPWSTR): the item's own identifier.
	KeyConflictUID = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 7}
	// KeyConflictUnit (VT_LPWSTR): the unit, or UnitDeleted.
	KeyConflictUnit = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 8}
	// KeyConflictState (VT_LPWSTR): a ConflictState.
	KeyConflictState = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 9}
	// KeyConflictKept (VT_LPWSTR): "store" or "phone", the side whose value was kept.
	KeyConflictKept = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 10}
	// KeyConflictStore and KeyConflictPhone (bags): the version of either side (see
	// Version.Values), never left out. It may be pending.
	KeyConflictStore = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 11}
	KeyConflictPhone = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 12}
	// KeyConflictLost (bag): the item that held the value that lost; left out where
	// there is none.
	KeyConflictLost = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 13}
	// KeyConflictKeptText and KeyConflictLostText (collections of VT_LPWSTR): the
	// unit's lines on either side.
	KeyConflictKeptText = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 14}
	KeyConflictLostText = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 15}
	// KeyConflictRun (VT_I8): the run that found it.
	KeyConflictRun = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 16}
	// KeyConflictAt (VT_I8): when, Unix milliseconds; left out where not known.
	KeyConflictAt = valuebag.PropertyKey{FmtID: ConflictCategory, PID: 17}
)

// conflictVersion is that of the bag.
const conflictVersion = 1

// Values gives c as a bag. Of the time it keeps whole milliseconds, without the
// zone.
func (c *Conflict) Values() *valuebag.Values {
	vs := valuebag.New(16)
	vs.SetUint32(KeyConflictVersion, conflictVersion)
	vs.SetGUID(KeyConflictItem, valuebag.GUIDFromUUID(c.Item))
	vs.SetValues(KeyConflictStore, c.Store.Values())
	vs.SetValues(KeyConflictPhone, c.Phone.Values())
	if c.Peer != (PeerID{}) {
		vs.SetGUID(KeyConflictPeer, valuebag.GUIDFromUUID(c.Peer))
	}
	for _, text := range []struct {
		key valuebag.PropertyKey
		s   string
	}{
		{KeyConflictScope, c.Scope}, {KeyConflictUID, c.UID}, {KeyConflictUnit, c.Unit},
		{KeyConflictState, string(c.State)}, {KeyConflictKept, string(c.KeptSide)},
	} {
		if text.s != "" {
			vs.SetString(text.key, text.s)
		}
	}
	if c.ID != 0 {
		vs.SetInt64(KeyConflictID, c.ID)
	}
	if c.Run != 0 {
		vs.SetInt64(KeyConflictRun, c.Run)
	}
	if !c.At.IsZero() {
		vs.SetInt64(KeyConflictAt, c.At.UnixMilli())
	}
	if c.Lost != nil {
		vs.SetValues(KeyConflictLost, c.Lost)
	}
	if len(c.KeptText) > 0 {
		vs.SetStrings(KeyConflictKeptText, slices.Clone(c.KeptText))
	}
	if len(c.LostText) > 0 {
		vs.SetStrings(KeyConflictLostText, slices.Clone(c.LostText))
	}
	return vs
}

// ConflictFromValues reads what Conflict.Values gave; At is in UTC. Keys of other
// categories are ignored beside it, not inside it. An error names the key; that of
// a version this program doesn't know is ErrNewer, of what is right but not as
// Values writes it ErrNormalForm. A state that this program doesn't know is kept.
func ConflictFromValues(vs *valuebag.Values) (*Conflict, error) {
	r := bagReader{planned: true}
	c := r.conflict(vs)
	r.canonical(vs, c.Values, ConflictCategory)
	if err := r.wrap("conflict"); err != nil {
		return nil, err
	}
	return c, nil
}

func (r *bagReader) conflict(vs *valuebag.Values) *Conflict {
	c := new(Conflict)
	r.formVersion(vs, KeyConflictVersion, conflictVersion)
	text := func(key valuebag.PropertyKey) string { return optional(r, vs, key, (*valuebag.Values).GetString) }
	number := func(key valuebag.PropertyKey) int64 { return optional(r, vs, key, (*valuebag.Values).GetInt64) }
	lines := func(key valuebag.PropertyKey) []string {
		return slices.Clone(optional(r, vs, key, (*valuebag.Values).GetStrings))
	}
	c.ID, c.Run = number(KeyConflictID), number(KeyConflictRun)
	c.Item = ItemID(required(r, vs, KeyConflictItem, (*valuebag.Values).GetGUID).UUID())
	c.Peer = PeerID(optional(r, vs, KeyConflictPeer, (*valuebag.Values).GetGUID).UUID())
	c.Scope, c.UID, c.Unit = text(KeyConflictScope), text(KeyConflictUID), text(KeyConflictUnit)
	c.State, c.KeptSide = ConflictState(text(KeyConflictState)), Side(text(KeyConflictKept))
	if c.KeptSide != "" && c.KeptSide != ToStore && c.KeptSide != ToPhone {
		r.fail(&valuebag.KeyError{Key: KeyConflictKept, Err: fmt.Errorf("%q: expected %q or %q", c.KeptSide, ToStore, ToPhone)})
	}
	r.in("the store's version", func() {
		c.Store = r.version(required(r, vs, KeyConflictStore, (*valuebag.Values).GetValues))
	})
	r.in("the phone's version", func() {
		c.Phone = r.version(required(r, vs, KeyConflictPhone, (*valuebag.Values).GetValues))
	})
	c.Lost = optional(r, vs, KeyConflictLost, (*valuebag.Values).GetValues)
	c.KeptText, c.LostText = lines(KeyConflictKeptText), lines(KeyConflictLostText)
	if vs.Has(KeyConflictAt) {
		c.At = time.UnixMilli(number(KeyConflictAt)).UTC()
	}
	return c
}
