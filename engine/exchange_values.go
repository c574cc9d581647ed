package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"cradle/valuebag"
)

// ExchangeCategory is the key category of what crosses between two providers: a
// Replica, a Request, a Batch, a Processing and an Outcome as bags. IDs are VT_CLSID
// with the text form of the ID.
var ExchangeCategory = valuebag.GUIDFromUUID([16]byte{0x0c, 0xd5, 0x5b, 0x59, 0x4b, 0x0d, 0x4e, 0x5d, 0x9f, 0x5e, 0x2f, 0x0a, 0x6f, 0x6c, 0x11, 0x83})

func exchangeKey(pid uint32) valuebag.PropertyKey {
	return valuebag.PropertyKey{FmtID: ExchangeCategory, PID: pid}
}

// The keys. One whose value would be zero, false or empty is left out.
var (
	// KeyExchangeReplica (VT_CLSID): a replica's ID; of a batch its source's.
	KeyExchangeReplica = exchangeKey(2)
	// KeyExchangeTick (VT_UI8): a replica's tick, or a mark's.
	KeyExchangeTick = exchangeKey(3)
	// KeyExchangeKnowledge (bag): what a replica or an asker knows; of a batch what it
	// was made with.
	KeyExchangeKnowledge = exchangeKey(4)
	// KeyExchangeForgotten (bag): forgotten knowledge.
	KeyExchangeForgotten = exchangeKey(5)
	// KeyExchangeMarks (collection of bags, by replica): each with its replica, tick
	// and KeyExchangeMark.
	KeyExchangeMarks = exchangeKey(6)
	// KeyExchangeMark (VT_VECTOR|VT_UI1): 16 bytes.
	KeyExchangeMark = exchangeKey(7)
	// KeyExchangeLow and KeyExchangeHigh (VT_CLSID): bounds of item IDs.
	KeyExchangeLow  = exchangeKey(8)
	KeyExchangeHigh = exchangeKey(9)
	// KeyExchangeSize (VT_I8): how many items are asked for.
	KeyExchangeSize = exchangeKey(10)
	// KeyExchangeFull, KeyExchangeLast, KeyExchangeSingle, KeyExchangePreview
	// (VT_BOOL): as the fields of that name.
	KeyExchangeFull    = exchangeKey(11)
	KeyExchangeLast    = exchangeKey(12)
	KeyExchangeSingle  = exchangeKey(13)
	KeyExchangePreview = exchangeKey(14)
	// KeyExchangeChanges (collection of bags): each metadata (ItemMeta.Values) with the
	// item's data in KeyExchangeValue.
	KeyExchangeChanges = exchangeKey(15)
	KeyExchangeValue   = exchangeKey(16)
	// KeyExchangeListed (VT_VECTOR|VT_UI1): item IDs, 16 bytes each.
	KeyExchangeListed = exchangeKey(17)
	// KeyExchangeLeft (VT_I8): items that are still to come, or that are left.
	KeyExchangeLeft = exchangeKey(18)
	// KeyExchangePreset and KeyExchangeConstraint (VT_LPWSTR): the policies.
	KeyExchangePreset     = exchangeKey(19)
	KeyExchangeConstraint = exchangeKey(20)
	// KeyExchangeCounts (collection of VT_I8): created, updated, deleted, known,
	// adopted, conflicts, dropped, left by a filter.
	KeyExchangeCounts = exchangeKey(21)
	// KeyExchangeFailed (collection of bags): each with KeyExchangeItem, KeyExchangePath
	// and the keys of the reason.
	KeyExchangeFailed = exchangeKey(22)
	KeyExchangeItem   = exchangeKey(23)
	KeyExchangePath   = exchangeKey(24)
	// KeyExchangeReason (VT_LPWSTR): an error's text. KeyExchangeConstraintReason
	// (VT_LPWSTR) and KeyExchangeWith (VT_CLSID): of a constraint conflict.
	KeyExchangeReason           = exchangeKey(25)
	KeyExchangeConstraintReason = exchangeKey(26)
	KeyExchangeWith             = exchangeKey(27)
	// KeyExchangeActions (collection of bags): a preview's lines, each with the item's
	// ID and its UID, path, side, verb and units.
	KeyExchangeActions = exchangeKey(28)
	KeyExchangeUID     = exchangeKey(29)
	KeyExchangeTo      = exchangeKey(30)
	KeyExchangeVerb    = exchangeKey(31)
	KeyExchangeUnits   = exchangeKey(32)
	KeyExchangeScope   = exchangeKey(33)
	// KeyExchangeRetry (collection of bags): changes, as in KeyExchangeChanges.
	KeyExchangeRetry = exchangeKey(34)
	// KeyExchangeFilter (VT_LPWSTR): a filter's text form. KeyExchangeAt (VT_I8): the time
	// that it is for, Unix milliseconds. KeyExchangeOutside (VT_VECTOR|VT_UI1): what it keeps
	// out, each item's ID, count of versions, and of each replica (16 bytes) and tick. KeyExchangeUnseen (collection of VT_LPWSTR): units.
	KeyExchangeFilter  = exchangeKey(35)
	KeyExchangeAt      = exchangeKey(36)
	KeyExchangeOutside = exchangeKey(37)
	KeyExchangeUnseen  = exchangeKey(38)
	// KeyExchangeKeepDeletes and KeyExchangeStayDeleted (VT_BOOL): as the fields of that
	// name. KeyExchangeKept (VT_VECTOR|VT_UI1): item IDs, 16 bytes each.
	KeyExchangeKeepDeletes = exchangeKey(39)
	KeyExchangeStayDeleted = exchangeKey(40)
	KeyExchangeKept        = exchangeKey(41)
)

func putKnowledge(vs *valuebag.Values, key valuebag.PropertyKey, k Knowledge) {
	if !k.IsZero() {
		vs.SetValues(key, k.Values())
	}
}

func (r *bagReader) knowledge(vs *valuebag.Values, key valuebag.PropertyKey) Knowledge {
	bag := optional(r, vs, key, (*valuebag.Values).GetValues)
	if bag == nil {
		return Knowledge{}
	}
	k, err := KnowledgeFromValues(bag)
	if err != nil {
		r.fail(err)
	}
	return k
}

func putMarks(vs *valuebag.Values, marks map[ReplicaID]Mark) {
	var list []*valuebag.Values
	for _, id := range slices.SortedFunc(maps.Keys(marks), ReplicaID.Compare) {
		m := new(valuebag.Values)
		m.SetGUID(KeyExchangeReplica, valuebag.GUIDFromUUID(id))
		m.SetUint64(KeyExchangeTick, marks[id].Tick)
		mark := marks[id].ID
		m.SetBytes(KeyExchangeMark, mark[:])
		list = append(list, m)
	}
	if len(list) > 0 {
		vs.SetValuesList(KeyExchangeMarks, list)
	}
}

func (r *bagReader) marks(vs *valuebag.Values) map[ReplicaID]Mark {
	list := optional(r, vs, KeyExchangeMarks, (*valuebag.Values).GetValuesList)
	if len(list) == 0 {
		return nil
	}
	marks := make(map[ReplicaID]Mark, len(list))
	for _, m := range list {
		id := ReplicaID(required(r, m, KeyExchangeReplica, (*valuebag.Values).GetGUID).UUID())
		mark := Mark{Tick: required(r, m, KeyExchangeTick, (*valuebag.Values).GetUint64)}
		r.digest(mark.ID[:], required(r, m, KeyExchangeMark, (*valuebag.Values).GetBytes))
		marks[id] = mark
	}
	return marks
}

// Values gives r as a bag.
func (r *Replica) Values() *valuebag.Values {
	vs := new(valuebag.Values)
	vs.SetGUID(KeyExchangeReplica, valuebag.GUIDFromUUID(r.ID))
	vs.SetUint64(KeyExchangeTick, r.Tick)
	putKnowledge(vs, KeyExchangeKnowledge, r.Knowledge)
	putKnowledge(vs, KeyExchangeForgotten, r.Forgotten)
	putMarks(vs, r.Marks)
	return vs
}

// ReplicaFromValues reads what Replica.Values gave. Here and below, what Values
// doesn't write is an error that names the key.
func ReplicaFromValues(vs *valuebag.Values) (Replica, error) {
	var r bagReader
	rep := Replica{
		ID:        ReplicaID(required(&r, vs, KeyExchangeReplica, (*valuebag.Values).GetGUID).UUID()),
		Tick:      required(&r, vs, KeyExchangeTick, (*valuebag.Values).GetUint64),
		Knowledge: r.knowledge(vs, KeyExchangeKnowledge),
		Forgotten: r.knowledge(vs, KeyExchangeForgotten),
		Marks:     r.marks(vs),
	}
	r.canonical(vs, rep.Values, ExchangeCategory)
	if err := r.wrap("replica"); err != nil {
		return Replica{}, err
	}
	return rep, nil
}

func putFlag(vs *valuebag.Values, key valuebag.PropertyKey, b bool) {
	if b {
		vs.SetBool(key, true)
	}
}

func putNumber(vs *valuebag.Values, key valuebag.PropertyKey, n int) {
	if n != 0 {
		vs.SetInt64(key, int64(n))
	}
}

func putText(vs *valuebag.Values, key valuebag.PropertyKey, s string) {
	if s != "" {
		vs.SetString(key, s)
	}
}

func (r *bagReader) flag(vs *valuebag.Values, key valuebag.PropertyKey) bool {
	return optional(r, vs, key, (*valuebag.Values).GetBool)
}

func (r *bagReader) number(vs *valuebag.Values, key valuebag.PropertyKey) int {
	return int(optional(r, vs, key, (*valuebag.Values).GetInt64))
}

func (r *bagReader) text(vs *valuebag.Values, key valuebag.PropertyKey) string {
	return optional(r, vs, key, (*valuebag.Values).GetString)
}

func (r *bagReader) itemID(vs *valuebag.Values, key valuebag.PropertyKey) ItemID {
	return ItemID(optional(r, vs, key, (*valuebag.Values).GetGUID).UUID())
}

func putItem(vs *valuebag.Values, key valuebag.PropertyKey, id ItemID) {
	if !id.IsZero() {
		vs.SetGUID(key, valuebag.GUIDFromUUID(id))
	}
}

// Values gives q as a bag.
func (q *Request) Values() *valuebag.Values {
	vs := new(valuebag.Values)
	putKnowledge(vs, KeyExchangeKnowledge, q.Known)
	putItem(vs, KeyExchangeLow, q.Low)
	putNumber(vs, KeyExchangeSize, q.Size)
	putFlag(vs, KeyExchangeFull, q.Full)
	putText(vs, KeyExchangeFilter, q.Filter.String())
	putNumber(vs, KeyExchangeAt, int(q.At))
	putFlag(vs, KeyExchangeKeepDeletes, q.KeepDeletes)
	return vs
}

// RequestFromValues reads what Request.Values gave.
func RequestFromValues(vs *valuebag.Values) (Request, error) {
	var r bagReader
	q := Request{
		Known: r.knowledge(vs, KeyExchangeKnowledge), Low: r.itemID(vs, KeyExchangeLow),
		Size: r.number(vs, KeyExchangeSize), Full: r.flag(vs, KeyExchangeFull),
		Filter: r.filter(vs), At: int64(r.number(vs, KeyExchangeAt)), KeepDeletes: r.flag(vs, KeyExchangeKeepDeletes),
	}
	r.canonical(vs, q.Values, ExchangeCategory)
	return q, r.wrap("request")
}

func putChanges(vs *valuebag.Values, key valuebag.PropertyKey, changes []Change) {
	if len(changes) == 0 {
		return
	}
	list := make([]*valuebag.Values, len(changes))
	for i, c := range changes {
		list[i] = c.Meta.Values()
		if c.Value != nil {
			list[i].SetValues(KeyExchangeValue, c.Value)
		}
	}
	vs.SetValuesList(key, list)
}

func (r *bagReader) changes(vs *valuebag.Values, key valuebag.PropertyKey) []Change {
	var changes []Change
	for i, v := range optional(r, vs, key, (*valuebag.Values).GetValuesList) {
		r.in(fmt.Sprintf("change %d", i), func() {
			m, err := ItemMetaFromValues(v)
			if err != nil {
				r.fail(err)
				return
			}
			changes = append(changes, Change{Meta: m, Value: optional(r, v, KeyExchangeValue, (*valuebag.Values).GetValues)})
		})
	}
	return changes
}

func putItems(vs *valuebag.Values, key valuebag.PropertyKey, items []ItemID) {
	if len(items) == 0 {
		return
	}
	ids := make([]byte, 0, 16*len(items))
	for _, id := range items {
		ids = append(ids, id[:]...)
	}
	vs.SetBytes(key, ids)
}

func (r *bagReader) items(vs *valuebag.Values, key valuebag.PropertyKey) []ItemID {
	ids := optional(r, vs, key, (*valuebag.Values).GetBytes)
	if len(ids)%16 != 0 {
		r.fail(&valuebag.KeyError{Key: key, Err: fmt.Errorf("%d bytes: expected 16 an item", len(ids))})
	}
	var items []ItemID
	for ; len(ids) >= 16; ids = ids[16:] {
		items = append(items, ItemID(ids[:16]))
	}
	return items
}

func putGhosts(vs *valuebag.Values, ghosts []Ghost) {
	if len(ghosts) == 0 {
		return
	}
	var b []byte
	for _, g := range ghosts {
		b = binary.AppendUvarint(append(b, g.ID[:]...), uint64(len(g.Versions)))
		for _, v := range g.Versions {
			b = binary.AppendUvarint(append(b, v.Replica[:]...), v.Tick)
		}
	}
	vs.SetBytes(KeyExchangeOutside, b)
}

func (r *bagReader) ghosts(vs *valuebag.Values) []Ghost {
	c := newCursor(optional(r, vs, KeyExchangeOutside, (*valuebag.Values).GetBytes))
	var ghosts []Ghost
	for c.Err == nil && len(c.Rest()) > 0 {
		var g Ghost
		copy(g.ID[:], c.Bytes(16, "an item ID"))
		for range c.Count(17, "a count of versions") {
			var v Version
			copy(v.Replica[:], c.Bytes(16, "a replica ID"))
			v.Tick = tick(c)
			g.Versions = append(g.Versions, v)
		}
		ghosts = append(ghosts, g)
	}
	if c.Err != nil {
		r.fail(&valuebag.KeyError{Key: KeyExchangeOutside, Err: c.Err})
	}
	return ghosts
}

func (r *bagReader) filter(vs *valuebag.Values) Filter {
	f, err := ParseFilter(r.text(vs, KeyExchangeFilter))
	if err != nil {
		r.fail(&valuebag.KeyError{Key: KeyExchangeFilter, Err: err})
	}
	return f
}

// Values gives b as a bag.
func (b *Batch) Values() *valuebag.Values {
	vs := new(valuebag.Values)
	vs.SetGUID(KeyExchangeReplica, valuebag.GUIDFromUUID(b.Source))
	putMarks(vs, b.Marks)
	putKnowledge(vs, KeyExchangeKnowledge, b.MadeWith)
	putKnowledge(vs, KeyExchangeForgotten, b.Forgotten)
	putItem(vs, KeyExchangeLow, b.Low)
	putItem(vs, KeyExchangeHigh, b.High)
	putChanges(vs, KeyExchangeChanges, b.Changes)
	putFlag(vs, KeyExchangeFull, b.Full)
	putItems(vs, KeyExchangeListed, b.Listed)
	putText(vs, KeyExchangeFilter, b.Filter.String())
	putGhosts(vs, b.Outside)
	putItems(vs, KeyExchangeKept, b.Kept)
	putNumber(vs, KeyExchangeLeft, b.Left)
	putFlag(vs, KeyExchangeLast, b.Last)
	putFlag(vs, KeyExchangeSingle, b.Single)
	return vs
}

// BatchFromValues reads what Batch.Values gave.
func BatchFromValues(vs *valuebag.Values) (*Batch, error) {
	var r bagReader
	b := &Batch{
		Source: ReplicaID(required(&r, vs, KeyExchangeReplica, (*valuebag.Values).GetGUID).UUID()),
		Marks:  r.marks(vs), MadeWith: r.knowledge(vs, KeyExchangeKnowledge), Forgotten: r.knowledge(vs, KeyExchangeForgotten),
		Low: r.itemID(vs, KeyExchangeLow), High: r.itemID(vs, KeyExchangeHigh), Changes: r.changes(vs, KeyExchangeChanges),
		Full: r.flag(vs, KeyExchangeFull), Left: r.number(vs, KeyExchangeLeft), Last: r.flag(vs, KeyExchangeLast), Single: r.flag(vs, KeyExchangeSingle),
	}
	b.Listed, b.Filter, b.Outside = r.items(vs, KeyExchangeListed), r.filter(vs), r.ghosts(vs)
	b.Kept = r.items(vs, KeyExchangeKept)
	r.canonical(vs, b.Values, ExchangeCategory)
	if err := r.wrap("batch"); err != nil {
		return nil, err
	}
	return b, nil
}

// Values gives p as a bag: without Resolve and Now, which stay with their process.
func (p *Processing) Values() *valuebag.Values {
	vs := new(valuebag.Values)
	putText(vs, KeyExchangePreset, string(p.Preset))
	putText(vs, KeyExchangeConstraint, string(p.Constraint))
	putFlag(vs, KeyExchangePreview, p.Preview)
	putFlag(vs, KeyExchangeStayDeleted, p.StayDeleted)
	if len(p.Unseen) > 0 {
		vs.SetStrings(KeyExchangeUnseen, slices.Clone(p.Unseen))
	}
	return vs
}

// ProcessingFromValues reads what Processing.Values gave.
func ProcessingFromValues(vs *valuebag.Values) (Processing, error) {
	var r bagReader
	p := Processing{
		Preset: Preset(r.text(vs, KeyExchangePreset)), Constraint: ConstraintPolicy(r.text(vs, KeyExchangeConstraint)),
		Preview: r.flag(vs, KeyExchangePreview), Unseen: slices.Clone(optional(&r, vs, KeyExchangeUnseen, (*valuebag.Values).GetStrings)),
		StayDeleted: r.flag(vs, KeyExchangeStayDeleted),
	}
	r.canonical(vs, p.Values, ExchangeCategory)
	return p, r.wrap("processing")
}

// Values gives o as a bag. Of a failure's reason the text stays, and what a
// ConstraintError says.
func (o *Outcome) Values() *valuebag.Values {
	vs := new(valuebag.Values)
	counts := []int{o.Moves.Created, o.Moves.Updated, o.Moves.Deleted, o.Known, o.Adopted, o.Conflicts, o.Dropped, o.Moves.Left}
	if slices.ContainsFunc(counts, func(n int) bool { return n != 0 }) {
		list := make([]valuebag.Value, len(counts))
		for i, n := range counts {
			list[i] = valuebag.Int64(int64(n))
		}
		vs.Set(KeyExchangeCounts, collection(valuebag.TypeInt64, list))
	}
	var failed []*valuebag.Values
	for _, f := range o.Failed {
		failed = append(failed, f.values())
	}
	if len(failed) > 0 {
		vs.SetValuesList(KeyExchangeFailed, failed)
	}
	putChanges(vs, KeyExchangeRetry, o.Retry)
	putNumber(vs, KeyExchangeLeft, o.Left)
	var actions []*valuebag.Values
	for _, a := range o.Actions {
		v := new(valuebag.Values)
		v.SetString(KeyExchangeScope, a.Scope)
		v.SetString(KeyExchangeItem, a.Item)
		v.SetString(KeyExchangeTo, string(a.To))
		v.SetString(KeyExchangeVerb, string(a.Verb))
		putText(v, KeyExchangeUID, a.UID)
		putText(v, KeyExchangePath, a.Path)
		v.SetStrings(KeyExchangeUnits, slices.Clone(a.Units))
		actions = append(actions, v)
	}
	if len(actions) > 0 {
		vs.SetValuesList(KeyExchangeActions, actions)
	}
	return vs
}

func (e *ItemError) values() *valuebag.Values {
	v := new(valuebag.Values)
	putItem(v, KeyExchangeItem, e.Item)
	putText(v, KeyExchangePath, e.Path)
	var ce *ConstraintError
	if errors.As(e.Reason, &ce) {
		v.SetString(KeyExchangeConstraintReason, string(ce.Reason))
		putItem(v, KeyExchangeWith, ce.With)
		putText(v, KeyExchangeReason, ce.Detail)
		return v
	}
	v.SetString(KeyExchangeReason, e.Reason.Error())
	return v
}

// OutcomeFromValues reads what Outcome.Values gave.
func OutcomeFromValues(vs *valuebag.Values) (*Outcome, error) {
	var r bagReader
	o := &Outcome{Retry: r.changes(vs, KeyExchangeRetry), Left: r.number(vs, KeyExchangeLeft)}
	if vs.Has(KeyExchangeCounts) {
		list, err := elements(vs, KeyExchangeCounts)
		counts := []*int{&o.Moves.Created, &o.Moves.Updated, &o.Moves.Deleted, &o.Known, &o.Adopted, &o.Conflicts, &o.Dropped, &o.Moves.Left}
		switch {
		case err != nil:
			r.fail(err)
		case len(list) != len(counts):
			r.fail(&valuebag.KeyError{Key: KeyExchangeCounts, Err: fmt.Errorf("%d counts: expected %d", len(list), len(counts))})
		default:
			for i, v := range list {
				n, err := v.AsInt64()
				if err != nil {
					r.fail(&valuebag.KeyError{Key: KeyExchangeCounts, Err: err})
				}
				*counts[i] = int(n)
			}
		}
	}
	for _, v := range optional(&r, vs, KeyExchangeFailed, (*valuebag.Values).GetValuesList) {
		f := ItemError{Item: r.itemID(v, KeyExchangeItem), Path: r.text(v, KeyExchangePath)}
		if reason := r.text(v, KeyExchangeConstraintReason); reason != "" {
			f.Reason = &ConstraintError{Reason: ConstraintReason(reason), Item: f.Item, With: r.itemID(v, KeyExchangeWith), Detail: r.text(v, KeyExchangeReason)}
		} else {
			f.Reason = errors.New(required(&r, v, KeyExchangeReason, (*valuebag.Values).GetString))
		}
		o.Failed = append(o.Failed, f)
	}
	for _, v := range optional(&r, vs, KeyExchangeActions, (*valuebag.Values).GetValuesList) {
		o.Actions = append(o.Actions, Action{
			Scope: required(&r, v, KeyExchangeScope, (*valuebag.Values).GetString), Item: required(&r, v, KeyExchangeItem, (*valuebag.Values).GetString),
			To: Side(required(&r, v, KeyExchangeTo, (*valuebag.Values).GetString)), Verb: Verb(required(&r, v, KeyExchangeVerb, (*valuebag.Values).GetString)),
			UID: r.text(v, KeyExchangeUID), Path: r.text(v, KeyExchangePath), Units: slices.Clone(required(&r, v, KeyExchangeUnits, (*valuebag.Values).GetStrings)),
		})
	}
	r.canonical(vs, o.Values, ExchangeCategory)
	if err := r.wrap("outcome"); err != nil {
		return nil, err
	}
	return o, nil
}
