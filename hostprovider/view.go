package hostprovider

import (
	"context"
	"fmt"

	"cradle/engine"
)

// peerNumber is a peer's key in the tables; it is made known when add is set.
// 0: the peer isn't known.
func peerNumber(c *conn, id engine.PeerID, add bool) (int64, error) {
	n, err := c.number(`SELECT n FROM peer WHERE id = ?`, id[:])
	if err != nil || n != 0 || !add {
		return n, err
	}
	_, n, err = c.exec(`INSERT INTO peer (id) VALUES (?)`, id[:])
	return n, err
}

func (t *tx) peer(id engine.PeerID) (int64, error) {
	if n, ok := t.peers[id]; ok {
		return n, nil
	}
	n, err := peerNumber(t.c, id, true)
	if err == nil {
		t.peers[id] = n
	}
	return n, err
}

const viewColumns = `kind, path, body, announced, meta`

func viewRow(metas *metaReader, r row) (engine.ViewRow, error) {
	v := engine.ViewRow{Scope: r.str(0), Path: r.str(1), Announced: r.bool(3)}
	copy(v.Body[:], r.bytes(2))
	if err := metas.unmarshal(v.Scope, r.bytes(4), &v.Meta); err != nil {
		return v, fmt.Errorf("view of %s: %w", v.Path, err)
	}
	return v, nil
}

// scanFrom is the number of IDs or paths from which on one pass over all of a
// peer's rows is quicker than looking them up one by one.
const scanFrom = 2000

// ViewItems gives the rows kept of items at a peer, the newest first.
func (s *Store) ViewItems(ctx context.Context, scope string, peer engine.PeerID, ids []engine.ItemID) (map[engine.ItemID][]engine.ViewRow, error) {
	rows := make(map[engine.ItemID][]engine.ViewRow, len(ids))
	err := s.read(ctx, func(c *conn) error {
		n, err := peerNumber(c, peer, false)
		if err != nil || n == 0 {
			return err
		}
		metas := &metaReader{c: c}
		add := func(r row) error {
			v, err := viewRow(metas, r)
			rows[v.Meta.ID] = append(rows[v.Meta.ID], v)
			return err
		}
		if len(ids) >= scanFrom {
			wanted := make(map[engine.ItemID]bool, len(ids))
			for _, id := range ids {
				wanted[id] = true
			}
			return c.query(func(r row) error {
				if b := r.bytes(5); len(b) == 16 && wanted[engine.ItemID(b)] {
					return add(r)
				}
				return nil
			}, `SELECT `+viewColumns+`, item FROM view WHERE peer = ? AND kind = ? ORDER BY seq DESC`, n, scope)
		}
		for _, id := range ids {
			if len(rows[id]) > 0 {
				continue // named twice
			}
			err := c.query(add, `SELECT `+viewColumns+` FROM view WHERE peer = ? AND kind = ? AND item = ? ORDER BY seq DESC`, n, scope, id[:])
			if err != nil {
				return err
			}
		}
		return nil
	})
	return rows, err
}

// ViewPaths finds rows by path, in any scope, the newest first.
func (s *Store) ViewPaths(ctx context.Context, peer engine.PeerID, paths []string) (map[string][]engine.ViewRow, error) {
	rows := make(map[string][]engine.ViewRow, len(paths))
	err := s.read(ctx, func(c *conn) error {
		n, err := peerNumber(c, peer, false)
		if err != nil || n == 0 {
			return err
		}
		metas := &metaReader{c: c}
		for _, path := range paths {
			if len(rows[path]) > 0 {
				continue
			}
			err := c.query(func(r row) error {
				v, err := viewRow(metas, r)
				rows[path] = append(rows[path], v)
				return err
			}, `SELECT `+viewColumns+` FROM view WHERE peer = ? AND path = ? ORDER BY seq DESC`, n, path)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return rows, err
}

// PutView adds a row to the view of a peer.
func (s *scopeTx) PutView(peer engine.PeerID, v engine.ViewRow) error {
	n, err := s.t.peer(peer)
	if err != nil {
		return err
	}
	var body []byte
	if !v.Body.IsZero() {
		body = v.Body[:]
	}
	meta, err := s.keys.marshal(&v.Meta)
	if err != nil {
		return err
	}
	_, _, err = s.c.exec(`INSERT INTO view (peer, kind, item, path, body, announced, meta) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		n, s.kind.Name(), v.Meta.ID[:], v.Path, body, v.Announced, meta)
	return err
}

// SettleView makes the newest row of each item the only one and no longer
// announced: the peer's state with this mark was written.
func (s *scopeTx) SettleView(peer engine.PeerID, mark [16]byte, ids []engine.ItemID) error {
	n, err := s.t.peer(peer)
	if err != nil {
		return err
	}
	if _, _, err := s.c.exec(`UPDATE peer SET mark = max(mark, coalesce((SELECT seq FROM mark WHERE mark = ?), 0)) WHERE n = ?`,
		mark[:], n); err != nil {
		return err
	}
	if len(ids) == 0 {
		return nil
	}
	if err := s.settlePutBacks(peer, ids); err != nil {
		return err
	}
	// Most items have one plain row: those with something to settle are found in
	// one pass over an index.
	type todo struct {
		newest    int64
		several   bool
		announced bool
	}
	open := map[engine.ItemID]todo{}
	err = s.c.query(func(r row) error {
		if b := r.bytes(0); len(b) == 16 {
			open[engine.ItemID(b)] = todo{r.int(1), r.int(2) > 1, r.bool(3)}
		}
		return nil
	}, `SELECT item, max(seq), count(*), max(announced) FROM view INDEXED BY view_item
		WHERE peer = ? AND kind = ? GROUP BY item HAVING count(*) > 1 OR max(announced) > 0`, n, s.kind.Name())
	if err != nil {
		return err
	}
	for _, id := range ids {
		o, ok := open[id]
		if !ok {
			continue
		}
		if o.several {
			if _, _, err := s.c.exec(`DELETE FROM view WHERE peer = ? AND kind = ? AND item = ? AND seq < ?`, n, s.kind.Name(), id[:], o.newest); err != nil {
				return err
			}
		}
		if o.announced {
			if _, _, err := s.c.exec(`UPDATE view SET announced = 0 WHERE seq = ? AND announced = 1`, o.newest); err != nil {
				return err
			}
		}
	}
	return nil
}
