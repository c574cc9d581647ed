package hostprovider

import (
	"context"
	"slices"

	"cradle/engine"
)

// Failing is something that could not be synced with a phone.
type Failing struct {
	Kind, Item, Path string // Item is empty where nobody knows which it is
	Side             engine.Side
}

// Failing keeps what could not be synced with a phone in these kinds and tells for
// each the run since which it fails: run, or the last one where this run has no
// record, unless it failed before; 0 before any run. It writes only when something
// begins or ceases to fail, and nothing at all unless keep is set.
func (s *Store) Failing(ctx context.Context, peer engine.PeerID, kinds []string, run int64, now []Failing, keep bool) (map[Failing]int64, error) {
	was := map[Failing]int64{}
	err := s.read(ctx, func(c *conn) error {
		if run == 0 {
			var err error
			if run, err = c.number(`SELECT coalesce(max(id), 0) FROM run`); err != nil {
				return err
			}
		}
		return c.query(func(r row) error {
			if f := (Failing{r.str(0), r.str(1), r.str(2), engine.Side(r.str(3))}); slices.Contains(kinds, f.Kind) {
				was[f] = r.int(4)
			}
			return nil
		}, `SELECT kind, item, path, side, since FROM failing WHERE peer = ?`, peer[:])
	})
	if err != nil {
		return nil, err
	}
	since := make(map[Failing]int64, len(now))
	same := true
	for _, f := range now {
		old, ok := was[f]
		if !ok {
			old, same = run, false
		}
		since[f] = old
	}
	if !keep || same && len(since) == len(was) || s.ro || s.memory {
		return since, nil
	}
	return since, s.write(ctx, "failing", func(t *tx) error {
		for f := range was {
			if _, still := since[f]; still {
				continue
			}
			if _, _, err := t.c.exec(`DELETE FROM failing WHERE peer = ? AND kind = ? AND item = ? AND path = ? AND side = ?`,
				peer[:], f.Kind, f.Item, f.Path, string(f.Side)); err != nil {
				return err
			}
		}
		for f, run := range since {
			if _, _, err := t.c.exec(`INSERT OR IGNORE INTO failing (peer, kind, item, path, side, since) VALUES (?, ?, ?, ?, ?, ?)`,
				peer[:], f.Kind, f.Item, f.Path, string(f.Side), run); err != nil {
				return err
			}
		}
		return nil
	})
}
