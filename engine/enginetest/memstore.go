package enginetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"cradle/engine"
	"cradle/valuebag"
)

// MemStore is a full participant in memory.
type MemStore struct {
	id     engine.ReplicaID
	scopes map[string]*memScope
	schema map[string]engine.Schema
	peers  map[engine.PeerID]bool
	marks  map[[16]byte]int // in the order made
	last   map[engine.PeerID][16]byte
	log    []engine.Conflict
	runs   int64
	images []memImage // what runs changed, in order
	fresh  func() engine.ReplicaID
	// Crash, when it returns true, kills the program before the nth commit.
	Crash   func() bool
	Commits int
	Refuse  Refuse // of an exchange
	// Moved: it isn't where it was made: a copy, which takes new replica IDs when it
	// next meets somebody.
	Moved bool
	// UniqueNames: no two items of an exchange may have the same name.
	UniqueNames bool
}

// ErrCrash is what a killed store returns.
var ErrCrash = errors.New("enginetest: killed")

type memScope struct {
	rep    engine.Replica
	shared map[engine.PeerID]uint64 // the own tick at the last session with each peer
	proxy  map[engine.ReplicaID]uint64
	items  map[engine.ItemID]memItem
	ghosts map[engine.ItemID]engine.Knowledge // that left by a filter
	parted bool                               // something left at some time
	views  map[engine.PeerID]map[engine.ItemID][]engine.ViewRow
	// The marks given with changes, and the tick that the last one is for.
	given     []engine.Mark
	givenTick uint64
}

type memItem struct {
	meta  *engine.ItemMeta
	value *valuebag.Values
}

// NewMemStore makes an empty store; fresh gives replica IDs.
func NewMemStore(fresh func() engine.ReplicaID, schemas ...engine.Schema) *MemStore {
	s := &MemStore{id: fresh(), scopes: map[string]*memScope{}, schema: map[string]engine.Schema{}, peers: map[engine.PeerID]bool{}, marks: map[[16]byte]int{}, last: map[engine.PeerID][16]byte{}, fresh: fresh}
	for _, sc := range schemas {
		s.schema[sc.Name()] = sc
		s.scopes[sc.Name()] = &memScope{
			rep: engine.Replica{ID: fresh()}, shared: map[engine.PeerID]uint64{}, proxy: map[engine.ReplicaID]uint64{},
			items: map[engine.ItemID]memItem{}, ghosts: map[engine.ItemID]engine.Knowledge{}, views: map[engine.PeerID]map[engine.ItemID][]engine.ViewRow{},
		}
	}
	return s
}

func (sc *memScope) clone() *memScope {
	c := *sc
	c.proxy, c.shared = maps.Clone(sc.proxy), maps.Clone(sc.shared)
	c.items, c.ghosts = maps.Clone(sc.items), maps.Clone(sc.ghosts)
	c.views = map[engine.PeerID]map[engine.ItemID][]engine.ViewRow{}
	for p, v := range sc.views {
		c.views[p] = maps.Clone(v)
	}
	return &c
}

// Copy is a copy of the whole store, as of a file: the same IDs.
func (s *MemStore) Copy() *MemStore {
	c := *s
	c.scopes = map[string]*memScope{}
	for n, sc := range s.scopes {
		c.scopes[n] = sc.clone()
	}
	c.peers, c.marks, c.last = maps.Clone(s.peers), maps.Clone(s.marks), maps.Clone(s.last)
	c.log, c.images = slices.Clone(s.log), slices.Clip(s.images)
	return &c
}

// Edit saves an item as its user did; a nil value deletes it.
func (s *MemStore) Edit(scope string, id engine.ItemID, value *valuebag.Values, at int64) {
	sc := s.scopes[scope]
	old := sc.items[id]
	delete(sc.ghosts, id)
	sc.rep.Tick++
	v := engine.Version{Replica: sc.rep.ID, Tick: sc.rep.Tick}
	sc.rep.Knowledge = sc.rep.Knowledge.WithTick(v)
	if value == nil {
		sc.items[id] = memItem{meta: old.meta.Tombstone(v, at)}
		return
	}
	m := &engine.ItemMeta{ID: id, Creation: v, LifeVersion: v, LifeEdited: at}
	if old.meta != nil {
		m.Creation = old.meta.Creation
	}
	if old.meta.Live() {
		m = old.meta.Clone()
	}
	for _, u := range engine.Describe(s.schema[scope], value) {
		was := m.Unit(u.Unit)
		if was != nil && was.Digest == u.Digest {
			continue
		}
		u.Version, u.Edited = v, at
		for i, e := range u.Elements {
			u.Elements[i].Added = v
			if was != nil {
				for _, w := range was.Elements {
					if w.Digest == e.Digest {
						u.Elements[i].Added = w.Added
					}
				}
			}
		}
		m.SetUnit(u)
	}
	if old.meta != nil && old.meta.Deleted || old.meta == nil && !sc.rep.Forgotten.IsZero() {
		m.Rewrite(s.schema[scope].Units(), v, false)
	}
	for i := range m.Units {
		u := &m.Units[i]
		if !u.Digest.IsZero() && engine.Digest(s.schema[scope].Digest(value, u.Unit)).IsZero() {
			*u = engine.UnitMeta{Unit: u.Unit, Version: v, Edited: at}
		}
	}
	sc.items[id] = memItem{m, value}
}

// Live lists the live items of a scope.
func (s *MemStore) Live(scope string) map[engine.ItemID]*valuebag.Values {
	out := map[engine.ItemID]*valuebag.Values{}
	for id, it := range s.scopes[scope].items {
		if it.meta.Live() {
			out[id] = it.value
		}
	}
	return out
}

// Conflicts is the conflict log.
func (s *MemStore) Conflicts() []engine.Conflict { return s.log }

// Admit: a copy or a restored store takes new replica IDs.
func (s *MemStore) Admit(ctx context.Context, p engine.PeerFacts) (engine.Meeting, error) {
	renew := false
	if m, ok := p.Marks[s.id]; ok && s.marks[m] == 0 {
		renew = true
	}
	for n, sc := range s.scopes {
		if p.Claimed(n, sc.rep.ID) > sc.rep.Tick {
			renew = true
		}
		for pr, t := range sc.proxy {
			renew = renew || p.Claimed(n, pr) > t
		}
		if pr := engine.ProxyID(sc.rep.ID, p.ID); p.Claimed(n, pr) > sc.proxy[pr] {
			renew = true
		}
	}
	m, ok := p.Marks[s.id]
	last, met := s.last[p.ID]
	older := ok && s.marks[m] < s.marks[last]
	if renew {
		s.id = s.fresh()
		for n, sc := range s.scopes {
			sc.renew(s.fresh(), p.ID, p.Knowledge[n], s.Moved)
		}
	}
	return engine.Meeting{Known: s.peers[p.ID], StoreID: s.id, Renewed: renew, Older: older, Unmarked: p.HasState && met && !ok}, nil
}

// renew gives the scope a new replica ID. What this peer told of can go back to
// the last session with it that the store remembers: ticks since then may have
// been used twice, also with other peers. They are minted again.
func (sc *memScope) renew(id engine.ReplicaID, of engine.PeerID, peer engine.Knowledge, moved bool) {
	old := sc.rep.ID
	floor := map[engine.ReplicaID]uint64{old: sc.shared[of]}
	if moved { // a copy forked after the last session with anybody
		for _, t := range sc.shared {
			floor[old] = max(floor[old], t)
		}
	}
	for pr := range sc.proxy {
		floor[pr] = min(peer.Tick(pr), sc.proxy[pr])
	}
	k := sc.rep.Knowledge
	for r, t := range floor {
		k = k.CapTick(r, t)
	}
	sc.rep.ID, sc.rep.Tick = id, 0
	sc.given, sc.givenTick = nil, 0
	clear(sc.shared)
	sc.proxy = map[engine.ReplicaID]uint64{}
	for _, iid := range slices.SortedFunc(maps.Keys(sc.items), engine.ItemID.Compare) {
		it := sc.items[iid]
		m := it.meta.Clone()
		above := func(v engine.Version) bool { t, ok := floor[v.Replica]; return ok && v.Tick > t }
		var fresh engine.Version
		again := func(v *engine.Version) {
			if !above(*v) {
				return
			}
			if fresh.IsZero() {
				sc.rep.Tick++
				fresh = engine.Version{Replica: id, Tick: sc.rep.Tick}
			}
			*v = fresh
		}
		again(&m.Creation)
		again(&m.LifeVersion)
		for i := range m.Units {
			again(&m.Units[i].Version)
			for j := range m.Units[i].Elements {
				again(&m.Units[i].Elements[j].Added)
			}
		}
		sc.items[iid] = memItem{m, it.value}
	}
	// What was forgotten beyond goes on under a new tick, that others can come to know.
	f := sc.rep.Forgotten
	for r, t := range floor {
		f = f.CapTick(r, t)
	}
	if !f.Equal(sc.rep.Forgotten) {
		sc.rep.Tick++
		sc.rep.Forgotten = f.WithTick(engine.Version{Replica: id, Tick: sc.rep.Tick})
	}
	sc.rep.Knowledge = k.WithTick(engine.Version{Replica: id, Tick: sc.rep.Tick})
	sc.views = map[engine.PeerID]map[engine.ItemID][]engine.ViewRow{}
}

func (s *MemStore) Replica(ctx context.Context, scope string) (engine.Replica, error) {
	sc := s.scopes[scope]
	if sc == nil {
		return engine.Replica{}, fmt.Errorf("enginetest: no scope %q", scope)
	}
	rep := sc.rep
	rep.Knowledge = sc.known()
	return rep, nil
}

// known is the scope's knowledge, without what left.
func (sc *memScope) known() engine.Knowledge {
	if len(sc.ghosts) == 0 && !sc.parted {
		return sc.rep.Knowledge
	}
	k := sc.rep.Knowledge
	if sc.rep.Tick > 0 { // also of what came back
		k = k.WithTick(engine.Version{Replica: sc.rep.ID, Tick: sc.rep.Tick})
	}
	return k.Lacking(slices.Collect(maps.Keys(sc.ghosts)))
}

func (s *MemStore) Changes(ctx context.Context, scope string, k engine.Knowledge) ([]*engine.ItemMeta, error) {
	var out []*engine.ItemMeta
	for _, it := range s.scopes[scope].items {
		if !it.meta.KnownTo(k) {
			out = append(out, it.meta.Clone())
		}
	}
	slices.SortFunc(out, func(a, b *engine.ItemMeta) int { return a.ID.Compare(b.ID) })
	return out, nil
}

func (s *MemStore) Metas(ctx context.Context, scope string, ids []engine.ItemID) (map[engine.ItemID]*engine.ItemMeta, error) {
	out := map[engine.ItemID]*engine.ItemMeta{}
	for _, id := range ids {
		if it, ok := s.scopes[scope].items[id]; ok {
			out[id] = it.meta.Clone()
		}
	}
	return out, nil
}

func (s *MemStore) Load(ctx context.Context, scope string, ids []engine.ItemID) (map[engine.ItemID]*valuebag.Values, error) {
	out := map[engine.ItemID]*valuebag.Values{}
	for _, id := range ids {
		if it := s.scopes[scope].items[id]; it.value != nil {
			out[id] = it.value
		}
	}
	return out, nil
}

func (s *MemStore) Heads(ctx context.Context, scope string, ids []engine.ItemID) (map[engine.ItemID]engine.Head, error) {
	out := map[engine.ItemID]engine.Head{}
	for _, id := range ids {
		if it := s.scopes[scope].items[id]; it.value != nil {
			out[id] = engine.Head{UID: s.schema[scope].UID(it.value), Size: 100}
		}
	}
	return out, nil
}

func (s *MemStore) Settle(ctx context.Context) error { return nil }

func (s *MemStore) Anonymous(ctx context.Context, scope string) ([]engine.ItemID, error) {
	var out []engine.ItemID
	for id, it := range s.scopes[scope].items {
		if it.value != nil && s.schema[scope].UID(it.value) == "" {
			out = append(out, id)
		}
	}
	return out, nil
}

func (s *MemStore) Count(ctx context.Context, scope string) (int, error) {
	return len(s.Live(scope)), nil
}

func (s *MemStore) ViewItems(ctx context.Context, scope string, peer engine.PeerID, ids []engine.ItemID) (map[engine.ItemID][]engine.ViewRow, error) {
	out := map[engine.ItemID][]engine.ViewRow{}
	for _, id := range ids {
		if rows := s.scopes[scope].views[peer][id]; len(rows) > 0 {
			out[id] = rows
		}
	}
	return out, nil
}

func (s *MemStore) ViewPaths(ctx context.Context, peer engine.PeerID, paths []string) (map[string][]engine.ViewRow, error) {
	out := map[string][]engine.ViewRow{}
	for _, sc := range s.scopes {
		for _, rows := range sc.views[peer] {
			for _, r := range rows {
				if slices.Contains(paths, r.Path) {
					out[r.Path] = append(out[r.Path], r)
				}
			}
		}
	}
	return out, nil
}

func (s *MemStore) Deferred(ctx context.Context, scope string, peer engine.PeerID) ([]engine.Conflict, error) {
	var out []engine.Conflict
	for _, c := range s.log {
		if c.Scope == scope && c.Peer == peer && c.State != engine.Settled {
			out = append(out, c)
		}
	}
	return out, nil
}

// PutBacks: this store has no undo.
func (s *MemStore) PutBacks(context.Context, string, engine.PeerID) ([]engine.PutBack, error) {
	return nil, nil
}

// Update runs fn on a copy and keeps it if fn succeeds.
func (s *MemStore) Update(ctx context.Context, scope string, fn func(engine.Tx) error) error {
	tx := &memTx{s: s.Copy(), scope: scope}
	tx.sc = tx.s.scopes[scope]
	if err := fn(tx); err != nil {
		return err
	}
	if s.Crash != nil && s.Crash() {
		return ErrCrash
	}
	s.Commits++
	tx.s.Commits, tx.s.Crash = s.Commits, s.Crash
	*s = *tx.s
	return nil
}

type memTx struct {
	s     *MemStore
	sc    *memScope
	scope string
}

func (t *memTx) Mint() (engine.Version, error) {
	t.sc.rep.Tick++
	v := engine.Version{Replica: t.sc.rep.ID, Tick: t.sc.rep.Tick}
	t.sc.rep.Knowledge = t.sc.rep.Knowledge.WithTick(v)
	return v, nil
}

func (t *memTx) MintFor(p engine.ReplicaID) (engine.Version, error) {
	t.sc.proxy[p]++
	v := engine.Version{Replica: p, Tick: t.sc.proxy[p]}
	t.sc.rep.Knowledge = t.sc.rep.Knowledge.WithTick(v)
	return v, nil
}

func (t *memTx) Meta(id engine.ItemID) (*engine.ItemMeta, error) { return t.sc.items[id].meta, nil }

func (t *memTx) Put(m *engine.ItemMeta, v *valuebag.Values) error {
	delete(t.sc.ghosts, m.ID)
	it := memItem{m.Clone(), t.sc.items[m.ID].value}
	if v != nil {
		it.value = v
	}
	if m.Deleted {
		it.value = nil
	}
	t.sc.items[m.ID] = it
	return nil
}

func (t *memTx) Knowledge() (engine.Knowledge, error)       { return t.sc.known(), nil }
func (t *memTx) SetKnowledge(k engine.Knowledge) error      { t.sc.rep.Knowledge = k; return nil }
func (t *memTx) StartRun(engine.RunInfo) (int64, error)     { t.s.runs++; return t.s.runs, nil }
func (t *memTx) CountRun(int64, string, engine.Stats) error { return nil }

func (t *memTx) Drop(id engine.ItemID) error {
	delete(t.sc.items, id)
	for _, views := range t.sc.views {
		delete(views, id)
	}
	return nil
}

// Tombstones takes the time of the deletion for that of saving it.
func (t *memTx) Tombstones(before time.Time) ([]*engine.ItemMeta, error) {
	var out []*engine.ItemMeta
	shared := uint64(0)
	for _, tick := range t.sc.shared {
		shared = max(shared, tick)
	}
	for _, it := range t.sc.items {
		own := it.meta.LifeVersion.Replica == t.sc.rep.ID
		if it.meta.Deleted && it.meta.LifeEdited < before.UnixMilli() && (!own || it.meta.LifeVersion.Tick <= shared) {
			out = append(out, it.meta.Clone())
		}
	}
	slices.SortFunc(out, func(a, b *engine.ItemMeta) int { return a.ID.Compare(b.ID) })
	return out, nil
}

func (t *memTx) Forgotten() (engine.Knowledge, error) { return t.sc.rep.Forgotten, nil }

func (t *memTx) SetForgotten(k engine.Knowledge) error {
	t.sc.rep.Forgotten = k
	return nil
}

func (t *memTx) PutBackDone(engine.PeerID, engine.ItemID, *engine.ItemMeta) error { return nil }

func (t *memTx) PutView(p engine.PeerID, row engine.ViewRow) error {
	if t.sc.views[p] == nil {
		t.sc.views[p] = map[engine.ItemID][]engine.ViewRow{}
	}
	row.Meta = *row.Meta.Clone()
	t.sc.views[p][row.Meta.ID] = append([]engine.ViewRow{row}, t.sc.views[p][row.Meta.ID]...)
	return nil
}

func (t *memTx) SettleView(p engine.PeerID, mark [16]byte, ids []engine.ItemID) error {
	t.s.last[p] = mark
	for _, id := range ids {
		if rows := t.sc.views[p][id]; len(rows) > 0 {
			row := rows[0]
			row.Announced = false
			t.sc.views[p][id] = []engine.ViewRow{row}
		}
	}
	return nil
}

func (t *memTx) Log(run int64, c engine.Conflict) error {
	c.ID = int64(len(t.s.log) + 1)
	t.s.log = append(t.s.log, c)
	return nil
}

func (t *memTx) Obsolete(id engine.ItemID, unit string) error {
	for i, c := range t.s.log {
		if c.Item == id && c.Unit == unit {
			t.s.log[i].State = engine.Settled
		}
	}
	return nil
}

func (t *memTx) Commit(p engine.PeerFacts, mark [16]byte, shared uint64) error {
	t.s.peers[p.ID] = true
	if t.s.marks[mark] == 0 {
		t.s.marks[mark] = len(t.s.marks) + 1
	}
	t.sc.shared[p.ID] = shared
	return nil
}
