package enginetest

import (
	"context"
	"maps"
	"slices"

	"cradle/engine"
	"cradle/valuebag"
)

// MemStore is a Keeper too: the store of a full participant of an exchange.
var _ engine.Keeper = (*MemStore)(nil)

// Refuse, of a MemStore, is asked before each item is saved through a KeeperTx; an
// error refuses it.
type Refuse func(id engine.ItemID, v *valuebag.Values) error

// Full makes a provider of the store.
func (s *MemStore) Full() *engine.Full {
	var schemas []engine.Schema
	for _, sc := range s.schema {
		schemas = append(schemas, sc)
	}
	return engine.NewFull(s, schemas)
}

// Renew takes a new replica ID where the peer knows later ticks of this one than
// it ever made.
func (s *MemStore) Renew(ctx context.Context, peer map[string]engine.Replica) error {
	for n, sc := range s.scopes {
		p, ok := peer[n]
		if !ok {
			continue
		}
		id := engine.PeerID(p.ID)
		mark, marked := p.Marks[sc.rep.ID]
		renew := s.Moved || p.ID == sc.rep.ID || marked && !slices.Contains(sc.given, mark) || p.Knowledge.Tick(sc.rep.ID) > sc.rep.Tick
		for r, t := range sc.proxy {
			renew = renew || p.Knowledge.Tick(r) > t
		}
		if renew {
			sc.renew(s.fresh(), id, p.Knowledge, s.Moved)
		}
		sc.shared[id] = sc.rep.Tick
	}
	s.Moved = false
	return nil
}

// Changed lists the items with a version that k doesn't contain.
func (s *MemStore) Changed(ctx context.Context, scope string, k engine.Knowledge) ([]engine.ItemID, error) {
	var ids []engine.ItemID
	for id, it := range s.scopes[scope].items {
		if !it.meta.KnownTo(k) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, engine.ItemID.Compare)
	return ids, nil
}

// Read gives items as they are.
func (s *MemStore) Read(ctx context.Context, scope string, ids []engine.ItemID) ([]engine.Change, error) {
	var out []engine.Change
	for _, id := range ids {
		if it, ok := s.scopes[scope].items[id]; ok {
			out = append(out, engine.Change{Meta: it.meta.Clone(), Value: it.value})
		}
	}
	return out, nil
}

// Mark marks the changes made so far.
func (s *MemStore) Mark(ctx context.Context, scope string) (engine.Mark, error) {
	sc := s.scopes[scope]
	if len(sc.given) == 0 || sc.givenTick < sc.rep.Tick {
		sc.given = append(slices.Clip(sc.given), engine.Mark{Tick: sc.rep.Tick, ID: s.fresh()})
		sc.givenTick = sc.rep.Tick
	}
	return sc.given[len(sc.given)-1], nil
}

// Apply is Update for a KeeperTx.
func (s *MemStore) Apply(ctx context.Context, scope string, fn func(engine.KeeperTx) error) error {
	return s.Update(ctx, scope, func(t engine.Tx) error { return fn(memKeeperTx{t.(*memTx)}) })
}

type memKeeperTx struct{ *memTx }

func (t memKeeperTx) Put(m *engine.ItemMeta, v *valuebag.Values) error {
	if t.s.Refuse != nil {
		if err := t.s.Refuse(m.ID, v); err != nil {
			return err
		}
	}
	if t.s.UniqueNames && v != nil {
		name := Str(v, KeyName)
		for id, it := range t.sc.items {
			if id != m.ID && it.value != nil && name != "" && Str(it.value, KeyName) == name {
				return &engine.ConstraintError{Reason: engine.Collision, Item: m.ID, With: id, Detail: name}
			}
		}
	}
	return t.memTx.Put(m, v)
}

func (t memKeeperTx) Value(id engine.ItemID) (*valuebag.Values, error) {
	return t.sc.items[id].value, nil
}

// Ghost lets go of an item that a filter keeps out.
func (t memKeeperTx) Ghost(id engine.ItemID, left engine.Knowledge) error {
	t.sc.ghosts[id], t.sc.parted = left, true
	delete(t.sc.items, id)
	return nil
}

// GhostOf says in which form it left.
func (t memKeeperTx) GhostOf(id engine.ItemID) (engine.Knowledge, bool, error) {
	left, ok := t.sc.ghosts[id]
	return left, ok, nil
}

// Ghosts lists what left.
func (t memKeeperTx) Ghosts(low, high engine.ItemID) ([]engine.ItemID, error) {
	var ids []engine.ItemID
	for id := range t.sc.ghosts {
		if id.Compare(low) >= 0 && id.Compare(high) <= 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, engine.ItemID.Compare)
	return ids, nil
}

// Lay ends that an item is a ghost.
func (t memKeeperTx) Lay(id engine.ItemID) error {
	delete(t.sc.ghosts, id)
	return nil
}

var _ engine.GhostTx = memKeeperTx{}

func (t memKeeperTx) Range(low, high engine.ItemID) ([]engine.ItemID, error) {
	var ids []engine.ItemID
	for id := range t.sc.items {
		if id.Compare(low) >= 0 && id.Compare(high) <= 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, engine.ItemID.Compare)
	return ids, nil
}

func (t memKeeperTx) SetMark(source engine.ReplicaID, m engine.Mark) error {
	t.sc.rep.Marks = maps.Clone(t.sc.rep.Marks)
	if t.sc.rep.Marks == nil {
		t.sc.rep.Marks = map[engine.ReplicaID]engine.Mark{}
	}
	if t.sc.rep.Marks[source].Tick <= m.Tick {
		t.sc.rep.Marks[source] = m
	}
	return nil
}

func (t memKeeperTx) Open(source engine.ReplicaID, item engine.ItemID) ([]engine.Conflict, error) {
	var out []engine.Conflict
	for _, c := range t.s.log {
		if c.Item == item && c.Peer == engine.PeerID(source) && c.State != engine.Settled {
			out = append(out, c)
		}
	}
	return out, nil
}

// ForgetTombstones drops every tombstone of a scope and notes that in the
// forgotten knowledge.
func (s *MemStore) ForgetTombstones(scope string) {
	sc := s.scopes[scope]
	for id, it := range sc.items {
		if it.meta.Deleted {
			sc.rep.Forgotten = sc.rep.Forgotten.WithTick(it.meta.LifeVersion)
			delete(sc.items, id)
		}
	}
}
