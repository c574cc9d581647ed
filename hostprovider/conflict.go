package hostprovider

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"cradle/engine"
)

// Bounds of the conflict log: settled and obsolete entries go after logAge, and
// of one item no more than logPerItem are kept. Open ones always stay.
const (
	logAge     = 90 * 24 * time.Hour
	logPerItem = 20
)

// Over is the state of an entry that no longer counts: somebody resolved it, one
// side moved on, or the undo that held it was taken back. Only Conflicts with all
// set and Conflict give such entries.
const Over engine.ConflictState = "resolved"

const conflictColumns = `id, kind, peer, item, uid, unit, state, kept_side, store_replica, store_tick,
	phone_replica, phone_tick, lost_text, lost_collection, kept_lines, lost_lines, run, at, obsolete`

func conflictRow(r row) (engine.Conflict, error) {
	c := engine.Conflict{ID: r.int(0), Scope: r.str(1), UID: r.str(4), Unit: r.str(5), State: engine.ConflictState(r.str(6)),
		KeptSide: engine.Side(r.str(7)), Run: r.int(16), At: time.UnixMilli(r.int(17)).UTC()}
	if !r.null(18) {
		c.State = Over
	}
	copy(c.Peer[:], r.bytes(2))
	copy(c.Store.Replica[:], r.bytes(8))
	copy(c.Phone.Replica[:], r.bytes(10))
	c.Store.Tick, c.Phone.Tick = uint64(r.int(9)), uint64(r.int(11))
	var err error
	if c.Item, err = engine.ParseItemID(r.str(3)); err != nil {
		return c, err
	}
	if err := json.Unmarshal(r.bytes(14), &c.KeptText); err != nil {
		return c, fmt.Errorf("conflict %d: %w", c.ID, err)
	}
	if err := json.Unmarshal(r.bytes(15), &c.LostText); err != nil {
		return c, fmt.Errorf("conflict %d: %w", c.ID, err)
	}
	if !r.null(12) {
		k, err := kindOf(c.Scope)
		if err != nil {
			return c, err
		}
		if c.Lost, err = k.New(r.bytes(12), r.str(13)); err != nil {
			c.LostText = textLines(r.bytes(12)) // it could be read when it was kept
		}
	}
	return c, nil
}

// Deferred lists the open conflicts of a scope with a peer.
func (s *Store) Deferred(ctx context.Context, scope string, peer engine.PeerID) ([]engine.Conflict, error) {
	return s.conflicts(ctx, `WHERE kind = ? AND peer = ? AND state <> 'settled' AND obsolete IS NULL ORDER BY id`, scope, peer[:])
}

// Conflicts lists the log, the newest last: with all set obsolete entries too.
func (s *Store) Conflicts(ctx context.Context, all bool) ([]engine.Conflict, error) {
	if all {
		return s.conflicts(ctx, `ORDER BY id`)
	}
	return s.conflicts(ctx, `WHERE obsolete IS NULL ORDER BY id`)
}

// Open counts the conflicts that wait for a person, and the units that an undo
// holds apart: with one peer, or with all of them where peer is zero.
func (s *Store) Open(ctx context.Context, peer engine.PeerID) (waiting, held int, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(func(r row) error {
			switch engine.ConflictState(r.str(0)) {
			case engine.Waiting:
				waiting = int(r.int(1))
			case engine.Held:
				held = int(r.int(1))
			}
			return nil
		}, `SELECT state, count(*) FROM conflict WHERE state <> 'settled' AND obsolete IS NULL AND (peer = ?1 OR ?2) GROUP BY state`,
			peer[:], peer.IsZero())
	})
	return waiting, held, err
}

// Conflict is one entry of the log.
func (s *Store) Conflict(ctx context.Context, id int64) (engine.Conflict, error) {
	cs, err := s.conflicts(ctx, `WHERE id = ?`, id)
	if err == nil && len(cs) == 0 {
		err = fmt.Errorf("conflict %d: %w", id, ErrNotFound)
	}
	if err != nil {
		return engine.Conflict{}, err
	}
	return cs[0], nil
}

func (s *Store) conflicts(ctx context.Context, where string, args ...any) ([]engine.Conflict, error) {
	var list []engine.Conflict
	err := s.read(ctx, func(c *conn) error {
		return c.query(func(r row) error {
			e, err := conflictRow(r)
			list = append(list, e)
			return err
		}, `SELECT `+conflictColumns+` FROM conflict `+where, args...)
	})
	return list, err
}

// Log records a conflict. An open one about the same pair of versions is not
// recorded twice; one about older versions is obsolete.
func (s *scopeTx) Log(run int64, c engine.Conflict) error {
	c.Scope, c.Run = s.kind.Name(), run
	return s.t.log(s, c)
}

func (t *tx) log(s *scopeTx, c engine.Conflict) error {
	if c.State != engine.Settled {
		n, err := t.c.number(`SELECT count(*) FROM conflict WHERE item = ? AND unit = ? AND obsolete IS NULL AND state = ?
			AND store_replica = ? AND store_tick = ? AND phone_replica = ? AND phone_tick = ?`, c.Item.String(), c.Unit, string(c.State),
			c.Store.Replica[:], c.Store.Tick, c.Phone.Replica[:], c.Phone.Tick)
		if err != nil || n > 0 {
			return err
		}
		if err := t.obsolete(c.Item, c.Unit); err != nil {
			return err
		}
	}
	if c.Unit == engine.UnitDeleted {
		if err := s.nameLive(&c); err != nil {
			return err
		}
	}
	at := t.now
	if !c.At.IsZero() {
		at = c.At.UnixMilli()
	}
	var text, collection any
	if c.Lost != nil {
		text, collection = textColumn(s.kind.Text(c.Lost)), s.kind.Collection(c.Lost)
	}
	kept, err := json.Marshal(orEmpty(c.KeptText))
	if err != nil {
		return err
	}
	lost, err := json.Marshal(orEmpty(c.LostText))
	if err != nil {
		return err
	}
	_, _, err = t.c.exec(`INSERT INTO conflict (kind, peer, item, uid, unit, state, kept_side, store_replica, store_tick,
		phone_replica, phone_tick, lost_text, lost_collection, kept_lines, lost_lines, run, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.kind.Name(), c.Peer[:], c.Item.String(), c.UID, c.Unit, string(c.State), string(c.KeptSide), c.Store.Replica[:], c.Store.Tick,
		c.Phone.Replica[:], c.Phone.Tick, text, collection, string(kept), string(lost), c.Run, at)
	if err != nil {
		return err
	}
	return t.trimLog(c.Item.String())
}

// nameLive gives the side that has the item, where the other one deleted it, its
// summary to show; a deletion shows nothing.
func (s *scopeTx) nameLive(c *engine.Conflict) error {
	if len(c.KeptText) > 0 || len(c.LostText) > 0 {
		return nil
	}
	if c.Lost != nil {
		c.LostText = []string{s.kind.Summary(c.Lost)}
		return nil
	}
	it, err := s.item(c.Item.String())
	if err == nil && it != nil && it.gone == 0 {
		c.KeptText = []string{it.summary}
	}
	return err
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// trimLog keeps the log within its bounds.
func (t *tx) trimLog(item string) error {
	if _, _, err := t.c.exec(`DELETE FROM conflict WHERE item = ?1 AND (state = 'settled' OR obsolete IS NOT NULL) AND id NOT IN (
		SELECT id FROM conflict WHERE item = ?1 AND (state = 'settled' OR obsolete IS NOT NULL) ORDER BY id DESC LIMIT ?2)`, item, logPerItem); err != nil {
		return err
	}
	_, _, err := t.c.exec(`DELETE FROM conflict WHERE item = ?1 AND coalesce(obsolete, at) < ?2 AND (state = 'settled' OR obsolete IS NOT NULL)`,
		item, t.now-logAge.Milliseconds())
	return err
}

// Obsolete takes a unit's conflicts from the waiting list; they stay readable.
func (s *scopeTx) Obsolete(item engine.ItemID, unit string) error { return s.t.obsolete(item, unit) }

func (t *tx) obsolete(item engine.ItemID, unit string) error {
	_, _, err := t.c.exec(`UPDATE conflict SET obsolete = ? WHERE item = ? AND unit = ? AND obsolete IS NULL AND state <> 'settled'`,
		t.now, item.String(), unit)
	return err
}
