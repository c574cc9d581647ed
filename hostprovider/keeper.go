package hostprovider

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"cradle/engine"
	"cradle/valuebag"
)

// The store is a full participant of exchanges with other stores, too.
var _ engine.Keeper = (*Store)(nil)

// Full makes a provider of the store, for engine.Exchange.
func (s *Store) Full() *engine.Full {
	var schemas []engine.Schema
	for _, k := range kinds() {
		schemas = append(schemas, k)
	}
	return engine.NewFull(s, schemas)
}

// Renew compares what the other side knows with what this store knows of itself;
// a copy, or one restored from a backup, takes new replica IDs. It notes how far
// the other side may come to know this store in the exchange that begins.
func (s *Store) Renew(ctx context.Context, peer map[string]engine.Replica) error {
	facts := engine.PeerFacts{HasState: true, Knowledge: map[string]engine.Knowledge{}, Given: map[string]map[engine.ReplicaID]engine.Mark{}}
	for _, k := range kinds() { // one ID for all scopes: the first kind's replica
		if r, ok := peer[k.Name()]; ok {
			facts.Given[k.Name()] = r.Marks
			facts.Knowledge[k.Name()] = r.Knowledge
			if facts.ID.IsZero() {
				facts.ID = engine.PeerID(r.ID)
			}
		}
	}
	if _, err := s.Admit(ctx, facts); err != nil || s.ro {
		return err
	}
	var behind []string
	err := s.read(ctx, func(c *conn) error {
		for _, k := range kinds() {
			r, ok := peer[k.Name()]
			if !ok {
				continue
			}
			var own engine.ReplicaID
			var tick uint64
			if _, err := c.one(func(row row) { copy(own[:], row.bytes(0)); tick = uint64(row.int(1)) },
				`SELECT replica, tick FROM scope WHERE kind = ?`, k.Name()); err != nil {
				return err
			}
			if r.Knowledge.Floor(own) < tick { // there is something to send
				behind = append(behind, k.Name())
			}
		}
		return nil
	})
	if err != nil || len(behind) == 0 {
		return err
	}
	return s.write(ctx, "greet", func(t *tx) error {
		for _, kind := range behind {
			if _, _, err := t.c.exec(`INSERT INTO met (peer, kind, shared) SELECT ?1, ?2, tick FROM scope WHERE kind = ?2
				ON CONFLICT (peer, kind) DO UPDATE SET shared = excluded.shared`, facts.ID[:], kind); err != nil {
				return err
			}
			if _, _, err := t.c.exec(`UPDATE scope SET shared = tick WHERE kind = ?`, kind); err != nil {
				return err
			}
		}
		return nil
	})
}

// Changed lists in ID order the items that have a version which k doesn't contain.
// Only items with a tick beyond what k knows everywhere are looked at.
func (s *Store) Changed(ctx context.Context, scope string, k engine.Knowledge) ([]engine.ItemID, error) {
	var ids []engine.ItemID
	err := s.read(ctx, func(c *conn) error {
		replicas, err := versionReplicas(c, scope)
		if err != nil {
			return err
		}
		metas := keyTable{c: c, kind: scope}
		var m engine.ItemMeta
		for _, r := range replicas {
			err := c.query(func(r row) error {
				if err := metas.unmarshal(r.bytes(1), &m); err != nil {
					return fmt.Errorf("item %d: %w", r.int(0), err)
				}
				if !m.KnownTo(k) {
					ids = append(ids, m.ID)
				}
				return nil
			}, changedRows, r.key, k.Floor(r.id))
			if err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortFunc(ids, engine.ItemID.Compare)
	return slices.Compact(ids), err // those with versions of several replicas came several times
}

// Read gives items as they are, each with its data.
func (s *Store) Read(ctx context.Context, scope string, ids []engine.ItemID) ([]engine.Change, error) {
	k, err := kindOf(scope)
	if err != nil {
		return nil, err
	}
	out := make([]engine.Change, 0, len(ids))
	err = s.read(ctx, func(c *conn) error {
		metas := keyTable{c: c, kind: scope}
		for i, id := range ids {
			if i%64 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			err := c.query(func(r row) error {
				m := new(engine.ItemMeta)
				if err := metas.unmarshal(r.bytes(0), m); err != nil {
					return fmt.Errorf("item %s: %w", id, err)
				}
				var v *valuebag.Values
				if !m.Deleted {
					var err error
					if v, err = k.New(r.bytes(1), r.str(2)); err != nil {
						return fmt.Errorf("item %s: %w", id, err)
					}
				}
				out = append(out, engine.Change{Meta: m, Value: v})
				return nil
			}, `SELECT i.meta, b.text, `+settledCollection+`
				FROM item i LEFT JOIN body b ON b.n = i.n WHERE i.id = ? AND i.kind = ? AND i.meta IS NOT NULL`, id.String(), scope)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// settledCollection is an item's collection without edits that aren't settled.
const settledCollection = `coalesce((SELECT p.given FROM pending p WHERE p.n = i.n AND p.op = 'collection' ORDER BY p.seq LIMIT 1), i.collection)`

// Mark is the mark of the scope's changes so far; a new one if there were any since
// the last.
func (s *Store) Mark(ctx context.Context, scope string) (engine.Mark, error) {
	var m engine.Mark
	last := func(c *conn) (bool, error) {
		return c.one(func(r row) { copy(m.ID[:], r.bytes(0)); m.Tick = uint64(r.int(1)) },
			`SELECT g.mark, g.tick FROM given g JOIN scope s ON s.kind = g.kind AND s.tick = g.tick WHERE g.kind = ?`, scope)
	}
	found := false
	err := s.read(ctx, func(c *conn) (err error) {
		found, err = last(c)
		return err
	})
	if err != nil || found || s.ro {
		return m, err
	}
	err = s.write(ctx, "mark", func(t *tx) error {
		if found, err := last(t.c); err != nil || found {
			return err
		}
		if _, err := io.ReadFull(s.rand, m.ID[:]); err != nil {
			return fmt.Errorf("mark: %w", err)
		}
		if _, _, err := t.c.exec(`INSERT INTO given (kind, tick, mark) SELECT kind, tick, ? FROM scope WHERE kind = ?`, m.ID[:], scope); err != nil {
			return err
		}
		_, err := last(t.c)
		return err
	})
	return m, err
}

// SetMark keeps the latest mark of another store.
func (s *scopeTx) SetMark(of engine.ReplicaID, m engine.Mark) error {
	_, _, err := s.c.exec(`INSERT INTO taken (kind, replica, tick, mark) VALUES (?, ?, ?, ?)
		ON CONFLICT (kind, replica) DO UPDATE SET tick = excluded.tick, mark = excluded.mark
		WHERE excluded.tick >= tick AND excluded.mark <> mark`, s.kind.Name(), of[:], m.Tick, m.ID[:])
	return err
}

// Apply runs one transaction in a scope.
func (s *Store) Apply(ctx context.Context, scope string, fn func(engine.KeeperTx) error) error {
	return s.write(ctx, "apply "+scope, func(t *tx) error {
		st, err := t.scope(scope)
		if err != nil {
			return err
		}
		return fn(st)
	})
}

var _ engine.KeeperTx = (*scopeTx)(nil)

// Value is an item's data; nil when it is unknown or deleted.
func (s *scopeTx) Value(id engine.ItemID) (*valuebag.Values, error) {
	var v *valuebag.Values
	err := s.c.query(func(r row) (err error) {
		if v, err = s.kind.New(r.bytes(0), r.str(1)); err != nil {
			err = fmt.Errorf("item %s: %w", id, err)
		}
		return err
	}, `SELECT b.text, `+settledCollection+`
		FROM item i JOIN body b ON b.n = i.n WHERE i.id = ? AND i.kind = ? AND i.gone <> 1 AND i.meta IS NOT NULL`, id.String(), s.kind.Name())
	return v, err
}

// Drop removes an item without a tombstone.
func (s *scopeTx) Drop(id engine.ItemID) error {
	if s.t.pending[id.String()] {
		return nil // an edit that isn't settled: it is one that nobody has seen
	}
	old, err := s.item(id.String())
	if err != nil || old == nil {
		return err
	}
	s.met = lookedUp{}
	if err := s.dropVersions(old); err != nil {
		return err
	}
	if _, _, err := s.c.exec(`DELETE FROM view WHERE peer IN (SELECT n FROM peer) AND kind = ? AND item = ?`, s.kind.Name(), id[:]); err != nil {
		return err
	}
	_, _, err = s.c.exec(`DELETE FROM item WHERE n = ?`, old.n)
	return err
}

// Tombstones lists those that were saved before a time, without those that an open
// conflict or an undo still needs, or that nobody else has heard of.
func (s *scopeTx) Tombstones(before time.Time) ([]*engine.ItemMeta, error) {
	var out []*engine.ItemMeta
	err := s.c.query(func(r row) error {
		m := new(engine.ItemMeta)
		if err := s.keys.unmarshal(r.bytes(0), m); err != nil {
			return fmt.Errorf("item %s: %w", r.str(1), err)
		}
		unshared := m.LifeVersion.Replica == s.replica && m.LifeVersion.Tick > s.shared
		if !s.t.pending[r.str(1)] && !unshared {
			out = append(out, m)
		}
		return nil
	}, `SELECT i.meta, i.id FROM item i WHERE i.kind = ? AND i.gone = 1 AND i.modified < ? AND i.meta IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM conflict c WHERE c.item = i.id AND c.state <> 'settled' AND c.obsolete IS NULL)
		AND NOT EXISTS (SELECT 1 FROM putback p WHERE p.kind = i.kind AND p.item = i.id) ORDER BY i.id`, s.kind.Name(), before.UnixMilli())
	return out, err
}

// Range lists in ID order the items from low to high.
func (s *scopeTx) Range(low, high engine.ItemID) ([]engine.ItemID, error) {
	var ids []engine.ItemID
	err := s.c.query(func(r row) error {
		id, err := engine.ParseItemID(r.str(0))
		ids = append(ids, id)
		return err
	}, `SELECT id FROM item WHERE kind = ? AND id BETWEEN ? AND ? AND meta IS NOT NULL ORDER BY id`, s.kind.Name(), low.String(), high.String())
	return ids, err
}

// Forgotten is the scope's forgotten knowledge.
func (s *scopeTx) Forgotten() (engine.Knowledge, error) { return s.forgotten, nil }

// SetForgotten replaces it.
func (s *scopeTx) SetForgotten(k engine.Knowledge) error {
	s.forgotten, s.dirty = k, true
	return nil
}

// Open lists the conflicts of an item with a source that nobody learned.
func (s *scopeTx) Open(source engine.ReplicaID, item engine.ItemID) ([]engine.Conflict, error) {
	if s.open == nil { // rarely any: one look for the whole transaction
		s.open = map[engine.ItemID][]engine.Conflict{}
		err := s.c.query(func(r row) error {
			e, err := conflictRow(r)
			s.open[e.Item] = append(s.open[e.Item], e)
			return err
		}, `SELECT `+conflictColumns+` FROM conflict WHERE kind = ? AND state <> 'settled' AND obsolete IS NULL ORDER BY id`, s.kind.Name())
		if err != nil {
			return nil, err
		}
	}
	var list []engine.Conflict
	for _, e := range s.open[item] {
		if bytes.Equal(e.Peer[:], source[:]) {
			list = append(list, e)
		}
	}
	return list, nil
}
