package hostprovider

import (
	"context"
	"fmt"
	"slices"

	"cradle/engine"
	"cradle/valuebag"
)

// Replica is a scope's own metadata.
func (s *Store) Replica(ctx context.Context, scope string) (engine.Replica, error) {
	var r engine.Replica
	err := s.read(ctx, func(c *conn) error {
		var st scopeState
		if err := st.load(c, scope); err != nil {
			return err
		}
		first, err := c.number(`SELECT coalesce(min(tick), 0) FROM pending WHERE kind = ?`, scope)
		st.firstPending = uint64(first)
		r = engine.Replica{ID: st.replica, Tick: st.tick, Knowledge: st.known(), Forgotten: st.forgotten, Marks: map[engine.ReplicaID]engine.Mark{}}
		if err != nil {
			return err
		}
		return c.query(func(row row) error {
			if b := row.bytes(0); len(b) == 16 && len(row.bytes(1)) == 16 {
				r.Marks[engine.ReplicaID(b)] = engine.Mark{Tick: uint64(row.int(2)), ID: [16]byte(row.bytes(1))}
			}
			return nil
		}, `SELECT replica, mark, tick FROM taken WHERE kind = ?`, scope)
	})
	return r, err
}

// Changes lists in item-ID order the metadata of every item that has a version
// which k doesn't contain. Only items with a tick beyond what k knows everywhere
// are looked at, so that it costs nothing when there is nothing.
func (s *Store) Changes(ctx context.Context, scope string, k engine.Knowledge) ([]*engine.ItemMeta, error) {
	var changed []*engine.ItemMeta
	err := s.read(ctx, func(c *conn) error {
		replicas, err := versionReplicas(c, scope)
		if err != nil {
			return err
		}
		// Items with versions of several replicas come several times.
		var seen map[int64]bool
		if len(replicas) > 1 {
			seen = map[int64]bool{}
		}
		metas := keyTable{c: c, kind: scope}
		var block []engine.ItemMeta // metadata is kept in blocks, 64 items each
		for _, r := range replicas {
			err := c.query(func(r row) error {
				if seen != nil {
					if seen[r.int(0)] {
						return nil
					}
					seen[r.int(0)] = true
				}
				if len(block) == 0 {
					block = make([]engine.ItemMeta, 64)
				}
				m := &block[0]
				if err := metas.unmarshal(r.bytes(1), m); err != nil {
					return fmt.Errorf("item %d: %w", r.int(0), err)
				}
				if !m.KnownTo(k) {
					changed = append(changed, m)
					block = block[1:]
				}
				return nil
			}, changedRows, r.key, k.Floor(r.id))
			if err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortFunc(changed, func(a, b *engine.ItemMeta) int { return a.ID.Compare(b.ID) })
	return changed, err
}

// changedRows are the items that have a version of one replica beyond a tick.
const changedRows = `SELECT i.n, i.meta FROM version v JOIN item i ON i.n = v.n
	WHERE v.replica = ? AND v.tick > ? AND i.meta IS NOT NULL`

// keyedReplica is a replica with the number that stands for it in version.
type keyedReplica struct {
	key int64
	id  engine.ReplicaID
}

// versionReplicas lists the replicas that versioned any item of a scope: one index
// seek each.
func versionReplicas(c *conn, scope string) ([]keyedReplica, error) {
	var all []keyedReplica
	err := c.query(func(r row) error {
		if b := r.bytes(1); len(b) == 16 {
			all = append(all, keyedReplica{r.int(0), engine.ReplicaID(b)})
		}
		return nil
	}, `SELECT n, replica FROM replica_key r WHERE kind = ? AND EXISTS (SELECT 1 FROM version WHERE replica = r.n) ORDER BY replica`, scope)
	return all, err
}

// Metas looks items up.
func (s *Store) Metas(ctx context.Context, scope string, ids []engine.ItemID) (map[engine.ItemID]*engine.ItemMeta, error) {
	metas := make(map[engine.ItemID]*engine.ItemMeta, len(ids))
	err := s.read(ctx, func(c *conn) error {
		rows := keyTable{c: c, kind: scope}
		for _, id := range ids {
			err := c.query(func(r row) error {
				m := new(engine.ItemMeta)
				if err := rows.unmarshal(r.bytes(0), m); err != nil {
					return fmt.Errorf("item %s: %w", id, err)
				}
				metas[id] = m
				return nil
			}, `SELECT meta FROM item WHERE id = ? AND kind = ? AND meta IS NOT NULL`, id.String(), scope)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return metas, err
}

// Load reads the settled values of items; one that is deleted through the views
// counts until that is settled.
func (s *Store) Load(ctx context.Context, scope string, ids []engine.ItemID) (map[engine.ItemID]*valuebag.Values, error) {
	k, err := kindOf(scope)
	if err != nil {
		return nil, err
	}
	values := make(map[engine.ItemID]*valuebag.Values, len(ids))
	err = s.read(ctx, func(c *conn) error {
		for i, id := range ids {
			if i%64 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			err := c.query(func(r row) error {
				v, err := k.New(r.bytes(0), r.str(1))
				if err != nil {
					return fmt.Errorf("item %s: %w", id, err)
				}
				values[id] = v
				return nil
			}, `SELECT b.text, coalesce((SELECT p.given FROM pending p WHERE p.n = i.n AND p.op = 'collection' ORDER BY p.seq LIMIT 1), i.collection)
				FROM item i JOIN body b ON b.n = i.n
				WHERE i.id = ? AND i.kind = ? AND i.gone <> 1 AND i.meta IS NOT NULL`, id.String(), scope)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return values, err
}

// Heads reads what a plan says of items.
func (s *Store) Heads(ctx context.Context, scope string, ids []engine.ItemID) (map[engine.ItemID]engine.Head, error) {
	heads := make(map[engine.ItemID]engine.Head, len(ids))
	err := s.read(ctx, func(c *conn) error {
		for _, id := range ids {
			_, err := c.one(func(r row) {
				heads[id] = engine.Head{UID: r.str(0), Summary: r.str(1), Size: r.int(2)}
			}, `SELECT uid, summary, size * (gone <> 1) FROM item WHERE id = ? AND kind = ? AND meta IS NOT NULL`, id.String(), scope)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return heads, err
}

// Anonymous lists live items whose text has no UID, sorted.
func (s *Store) Anonymous(ctx context.Context, scope string) ([]engine.ItemID, error) {
	var items []engine.ItemID
	err := s.read(ctx, func(c *conn) error {
		return c.query(func(r row) error {
			id, err := engine.ParseItemID(r.str(0))
			items = append(items, id)
			return err
		}, `SELECT id FROM item WHERE kind = ? AND uid IS NULL AND gone = 0 AND meta IS NOT NULL ORDER BY id`, scope)
	})
	return items, err
}

// Count is the number of live items of a scope.
func (s *Store) Count(ctx context.Context, scope string) (int, error) {
	var n int64
	err := s.read(ctx, func(c *conn) (err error) {
		n, err = c.number(`SELECT count(*) FROM item WHERE kind = ? AND gone <> 1 AND meta IS NOT NULL`, scope)
		return err
	})
	return int(n), err
}
