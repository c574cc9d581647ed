package simple

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"cradle/engine"
	"cradle/engine/metastore"
	"cradle/valuebag"
)

// keyField is the field of the metadata store under which a live item's key is.
const keyField = "key"

// maxLogged bounds the conflicts that are kept of an item.
const maxLogged = 20

// record is what is kept of one item.
type record struct {
	meta    engine.ItemMeta
	key     string // of the object; of a deleted item only if its re-creation is announced and known to have been done
	version string // of the object when it was last seen with meta's content; empty: to be read again
	plan    *plan  // what is about to be written there
	// fresh: there is nothing but the plan to create it, and meta is empty but for
	// the ID.
	fresh     bool
	conflicts []engine.Conflict
}

// plan announces a write: the metadata that the item has afterwards.
type plan struct {
	// tick is the replica's own when it was announced. Later own versions in meta
	// were never committed and are pending.
	tick uint64
	meta engine.ItemMeta
	raw  []byte              // as stored, with those versions; nil: meta has none that are pending
	what engine.Announcement // what is logged and learned once the write is done
}

func (r *record) live() bool { return r != nil && !r.fresh && !r.meta.Deleted }

// known is the record's metadata; nil when there is no item yet.
func (r *record) known() *engine.ItemMeta {
	if r == nil || r.fresh {
		return nil
	}
	return &r.meta
}

// planned is what the item was about to become; nil when nothing was.
func (r *record) planned() *engine.ItemMeta {
	if r == nil || r.plan == nil {
		return nil
	}
	return &r.plan.meta
}

func (r *record) clone() *record {
	c := *r
	c.meta = *r.meta.Clone()
	c.conflicts = slices.Clone(r.conflicts)
	return &c
}

// recordCategory is the key category of an item's custom blob, a bag.
var recordCategory = valuebag.GUIDFromUUID([16]byte{0x2b, 0x5c, 0x0d, 0x7e, 0x91, 0x3f, 0x4d, 0x28, 0xa6, 0x54, 0x3e, 0xf0, 0x6c, 0x8b, 0x12, 0x77})

var (
	keyVersion   = valuebag.PropertyKey{FmtID: recordCategory, PID: 2}  // VT_VECTOR|VT_UI1: the object's version field
	keyFresh     = valuebag.PropertyKey{FmtID: recordCategory, PID: 3}  // VT_BOOL, only if true
	keyPlanTick  = valuebag.PropertyKey{FmtID: recordCategory, PID: 4}  // VT_UI8
	keyPlanMeta  = valuebag.PropertyKey{FmtID: recordCategory, PID: 5}  // bytes of engine.MarshalMeta
	keyConflicts = valuebag.PropertyKey{FmtID: recordCategory, PID: 6}  // bags of engine.Conflict
	keyAnchor    = valuebag.PropertyKey{FmtID: recordCategory, PID: 7}  // of the replica: bytes
	keySettles   = valuebag.PropertyKey{FmtID: recordCategory, PID: 9}  // of the plan: bags of engine.Conflict
	keyTeaches   = valuebag.PropertyKey{FmtID: recordCategory, PID: 10} // of the plan: engine.Knowledge
	keyMarks     = valuebag.PropertyKey{FmtID: recordCategory, PID: 11} // of the plan: bytes of appendMarks
	keyRetry     = valuebag.PropertyKey{FmtID: recordCategory, PID: 8}  // of the replica: keys to be looked at again
)

// item is the record in the form of the metadata store.
func (r *record) item() (*metastore.Item, error) {
	it := &metastore.Item{Meta: r.meta}
	if r.key != "" {
		it.Fields = map[string]string{keyField: r.key}
	}
	var vs valuebag.Values
	if r.version != "" {
		vs.SetBytes(keyVersion, []byte(r.version))
	}
	if r.fresh {
		vs.SetBool(keyFresh, true)
	}
	if r.plan != nil {
		vs.SetUint64(keyPlanTick, r.plan.tick)
		raw := r.plan.raw
		if raw == nil {
			raw = engine.MarshalMeta(&r.plan.meta)
		}
		vs.SetBytes(keyPlanMeta, raw)
		setConflicts(&vs, keySettles, r.plan.what.Settles)
		if !r.plan.what.Teaches.IsZero() {
			vs.SetBytes(keyTeaches, r.plan.what.Teaches.AppendBinary(nil))
		}
		if len(r.plan.what.Marks) > 0 {
			vs.SetBytes(keyMarks, appendMarks(nil, r.plan.what.Marks))
		}
	}
	setConflicts(&vs, keyConflicts, r.conflicts)
	var err error
	it.Custom, err = bagBytes(&vs)
	return it, err
}

func bagBytes(vs *valuebag.Values) ([]byte, error) {
	if vs.Len() == 0 {
		return nil, nil
	}
	return vs.MarshalBinary()
}

// recordOf reads what item made. home is the replica's ID: its versions in a plan
// that were never committed become pending.
func recordOf(it *metastore.Item, home engine.ReplicaID) (*record, error) {
	r := &record{meta: it.Meta, key: it.Fields[keyField]}
	if len(it.Custom) == 0 {
		return r, nil
	}
	if err := r.read(it.Custom, home); err != nil {
		return nil, fmt.Errorf("what is kept of item %s: %w: %w", it.Meta.ID, err, metastore.ErrDamaged)
	}
	return r, nil
}

func (r *record) read(custom []byte, home engine.ReplicaID) error {
	var vs valuebag.Values
	if err := vs.UnmarshalBinary(custom); err != nil {
		return err
	}
	if vs.Has(keyVersion) {
		b, err := vs.GetBytes(keyVersion)
		if err != nil {
			return err
		}
		r.version = string(b)
	}
	if vs.Has(keyFresh) {
		var err error
		if r.fresh, err = vs.GetBool(keyFresh); err != nil {
			return err
		}
	}
	if vs.Has(keyPlanMeta) {
		b, err := vs.GetBytes(keyPlanMeta)
		if err != nil {
			return err
		}
		m, err := engine.UnmarshalMeta(b)
		if err != nil {
			return err
		}
		tick, err := vs.GetUint64(keyPlanTick)
		if err != nil {
			return err
		}
		if m.ID != r.meta.ID {
			return fmt.Errorf("the plan is of item %s", m.ID)
		}
		eachVersion(m, func(v *engine.Version) {
			if v.Replica == home && v.Tick > tick {
				*v = engine.Pending(home)
			}
		})
		r.plan = &plan{tick: tick, meta: *m, raw: bytes.Clone(b)}
		if err := r.plan.readWhat(&vs); err != nil {
			return err
		}
	} else if r.fresh {
		return fmt.Errorf("a creation without a plan")
	}
	var err error
	r.conflicts, err = conflictsOf(&vs, keyConflicts)
	return err
}

func (p *plan) readWhat(vs *valuebag.Values) (err error) {
	if p.what.Settles, err = conflictsOf(vs, keySettles); err != nil {
		return err
	}
	if vs.Has(keyTeaches) {
		b, err := vs.GetBytes(keyTeaches)
		if err != nil {
			return err
		}
		if p.what.Teaches, err = engine.ParseKnowledge(b); err != nil {
			return err
		}
	}
	if vs.Has(keyMarks) {
		b, err := vs.GetBytes(keyMarks)
		if err != nil {
			return err
		}
		if p.what.Marks, err = parseMarks(b); err != nil {
			return err
		}
	}
	return nil
}

// A mark takes its replica (16 bytes), its tick (8, big endian) and its ID (16).
const markSize = 16 + 8 + 16

func appendMarks(b []byte, marks map[engine.ReplicaID]engine.Mark) []byte {
	for _, r := range slices.SortedFunc(maps.Keys(marks), engine.ReplicaID.Compare) {
		b = append(b, r[:]...)
		b = binary.BigEndian.AppendUint64(b, marks[r].Tick)
		id := marks[r].ID
		b = append(b, id[:]...)
	}
	return b
}

func parseMarks(b []byte) (map[engine.ReplicaID]engine.Mark, error) {
	if len(b)%markSize != 0 {
		return nil, fmt.Errorf("%d bytes of marks of %d each", len(b), markSize)
	}
	marks := make(map[engine.ReplicaID]engine.Mark, len(b)/markSize)
	for ; len(b) > 0; b = b[markSize:] {
		m := engine.Mark{Tick: binary.BigEndian.Uint64(b[16:])}
		copy(m.ID[:], b[24:])
		marks[engine.ReplicaID(b[:16])] = m
	}
	return marks, nil
}

func setConflicts(vs *valuebag.Values, key valuebag.PropertyKey, cs []engine.Conflict) {
	if len(cs) == 0 {
		return
	}
	list := make([]*valuebag.Values, len(cs))
	for i := range cs {
		list[i] = cs[i].Values()
	}
	vs.SetValuesList(key, list)
}

func conflictsOf(vs *valuebag.Values, key valuebag.PropertyKey) ([]engine.Conflict, error) {
	if !vs.Has(key) {
		return nil, nil
	}
	list, err := vs.GetValuesList(key)
	if err != nil {
		return nil, err
	}
	out := make([]engine.Conflict, 0, len(list))
	for _, v := range list {
		c, err := engine.ConflictFromValues(v)
		if err != nil {
			return nil, err
		}
		out = append(out, *c)
	}
	return out, nil
}

// eachVersion calls fn for every version in m.
func eachVersion(m *engine.ItemMeta, fn func(*engine.Version)) {
	fn(&m.Creation)
	fn(&m.LifeVersion)
	for i := range m.Units {
		fn(&m.Units[i].Version)
		for j := range m.Units[i].Elements {
			fn(&m.Units[i].Elements[j].Added)
		}
	}
}

// mint gives all pending versions of m one version.
func mint(m *engine.ItemMeta, next func() (engine.Version, error)) error {
	var fresh engine.Version
	var err error
	eachVersion(m, func(v *engine.Version) {
		if !v.IsPending() || err != nil {
			return
		}
		if fresh.IsZero() {
			fresh, err = next()
		}
		*v = fresh
	})
	return err
}

// standing is what is kept of the place as a whole.
type standing struct {
	anchor []byte   // up to which changes were taken in; nil: everything is listed
	retry  []string // keys of objects that could not be read, sorted
}

func (s standing) custom() ([]byte, error) {
	var vs valuebag.Values
	if s.anchor != nil {
		vs.SetBytes(keyAnchor, s.anchor)
	}
	if len(s.retry) > 0 {
		vs.SetStrings(keyRetry, s.retry)
	}
	return bagBytes(&vs)
}

func standingOf(custom []byte) (s standing, err error) {
	if len(custom) == 0 {
		return s, nil
	}
	var vs valuebag.Values
	if err = vs.UnmarshalBinary(custom); err == nil && vs.Has(keyAnchor) {
		s.anchor, err = vs.GetBytes(keyAnchor)
	}
	if err == nil && vs.Has(keyRetry) {
		s.retry, err = vs.GetStrings(keyRetry)
	}
	if err != nil {
		return standing{}, fmt.Errorf("what is kept of the place: %w: %w", err, metastore.ErrDamaged)
	}
	return s, nil
}

// each calls fn for every record in ID order.
func (k *keeper) each(r metastore.Reader, fn func(*record) error) error {
	rep, err := r.Replica()
	if err != nil {
		return err
	}
	return metastore.All(r, func(it *metastore.Item) error {
		rec, err := recordOf(it, rep.ID)
		if err != nil {
			return err
		}
		return fn(rec)
	})
}
