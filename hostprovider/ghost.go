package hostprovider

import (
	"fmt"
	"slices"

	"cradle/engine"
)

var _ engine.GhostTx = (*scopeTx)(nil)

// Ghost lets go of an item that a filter of an exchange keeps out: its row goes without
// a tombstone, and the table ghost has the versions that it left with.
func (s *scopeTx) Ghost(id engine.ItemID, left engine.Knowledge) error {
	if s.t.pending[id.String()] {
		return engine.ErrChanged
	}
	if err := s.Drop(id); err != nil {
		return err
	}
	if _, _, err := s.c.exec(`INSERT OR REPLACE INTO ghost (kind, item, "left") VALUES (?, ?, ?)`, s.kind.Name(), id[:], left.AppendBinary(nil)); err != nil {
		return err
	}
	if i, ok := slices.BinarySearchFunc(s.ghosts, id, engine.ItemID.Compare); !ok {
		s.ghosts = slices.Insert(slices.Clone(s.ghosts), i, id)
	}
	return nil
}

// GhostOf is what an item left with; false when it is no ghost.
func (s *scopeTx) GhostOf(id engine.ItemID) (left engine.Knowledge, ok bool, err error) {
	if _, ok := slices.BinarySearchFunc(s.ghosts, id, engine.ItemID.Compare); !ok {
		return engine.Knowledge{}, false, nil
	}
	err = s.c.query(func(r row) (err error) {
		if left, err = parseKnowledge(r.bytes(0)); err != nil {
			err = fmt.Errorf("item %s, which left: %w", id, err)
		}
		return err
	}, `SELECT "left" FROM ghost WHERE kind = ? AND item = ?`, s.kind.Name(), id[:])
	return left, true, err
}

// Ghosts lists what left, in ID order.
func (s *scopeTx) Ghosts(low, high engine.ItemID) ([]engine.ItemID, error) {
	from, _ := slices.BinarySearchFunc(s.ghosts, low, engine.ItemID.Compare)
	to, found := slices.BinarySearchFunc(s.ghosts, high, engine.ItemID.Compare)
	if found {
		to++
	}
	return slices.Clone(s.ghosts[from:to]), nil
}

// Lay forgets that an item left: it is no more anywhere.
func (s *scopeTx) Lay(id engine.ItemID) error { return s.back(id) }

// back ends that an item is a ghost: it is saved again.
func (s *scopeTx) back(id engine.ItemID) error {
	i, ok := slices.BinarySearchFunc(s.ghosts, id, engine.ItemID.Compare)
	if !ok {
		return nil
	}
	s.ghosts = slices.Delete(slices.Clone(s.ghosts), i, i+1)
	_, _, err := s.c.exec(`DELETE FROM ghost WHERE kind = ? AND item = ?`, s.kind.Name(), id[:])
	return err
}
