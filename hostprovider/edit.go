package hostprovider

import (
	"context"
	"fmt"

	"cradle/engine"
	"cradle/valuebag"
)

// change runs fn in a transaction in which all pending edits are settled.
func (s *Store) change(ctx context.Context, point string, fn func(*tx) error) error {
	return s.write(ctx, point, func(t *tx) error {
		if err := t.settle(); err != nil {
			return err
		}
		return fn(t)
	})
}

// next is the stamp of an edit made now; it is minted only when the edit turns
// out to change something.
func (s *scopeTx) next() stamp {
	return stamp{engine.Version{Replica: s.replica, Tick: s.tick + 1}, s.t.now}
}

// put saves a person's value of an item under the next tick, unless nothing
// changes but bytes that are in no unit, which are saved without one. row and
// old are nil for a new item.
func (s *scopeTx) put(row *stored, id engine.ItemID, value *valuebag.Values) (meta *engine.ItemMeta, changed bool, err error) {
	var old *engine.ItemMeta
	if row != nil {
		old = row.meta
	}
	value = s.kind.Close(value)
	rev := revision{kind: s.kind, life: s.next(), forgot: !s.forgotten.IsZero()}
	meta, same := rev.live(id, old, value)
	if !same {
		if _, err := s.Mint(); err != nil {
			return nil, false, err
		}
	}
	_, err = s.save(row, meta, value, s.t.now)
	return meta, !same, err
}

// remove deletes an item under the next tick.
func (s *scopeTx) remove(row *stored) error {
	rev := revision{kind: s.kind, life: s.next(), forgot: !s.forgotten.IsZero()}
	if _, err := s.Mint(); err != nil {
		return err
	}
	_, err := s.save(row, rev.dead(row.meta), nil, s.t.now)
	return err
}

// found finds the one live item that a name means.
func (t *tx) found(name string) (*scopeTx, *stored, error) {
	ns, err := find(t.c, name)
	if err != nil {
		return nil, nil, err
	}
	if len(ns) > 1 {
		return nil, nil, fmt.Errorf("%q: %w", name, ErrAmbiguous)
	}
	var kind, id string
	if _, err := t.c.one(func(r row) { kind, id = r.str(0), r.str(1) }, `SELECT kind, id FROM item WHERE n = ?`, ns[0]); err != nil {
		return nil, nil, err
	}
	s, err := t.scope(kind)
	if err != nil {
		return nil, nil, err
	}
	it, err := s.item(id)
	return s, it, err
}

// value reads an item's settled value; nil when it is deleted.
func (s *scopeTx) value(it *stored) (*valuebag.Values, error) {
	if it == nil || it.gone != 0 {
		return nil, nil
	}
	var text []byte
	if _, err := s.c.one(func(r row) { text = r.bytes(0) }, `SELECT text FROM body WHERE n = ?`, it.n); err != nil {
		return nil, err
	}
	v, err := s.kind.New(text, it.collection)
	if err != nil {
		return nil, fmt.Errorf("item %s: %w", it.id, err)
	}
	return v, nil
}

// Edit makes the text of the item that a name means (an ID, UID or the beginning
// of an ID) the given one; without a UID that keeps the item's. changed is false when no
// unit changed. Errors: ErrNotFound, ErrAmbiguous, those of pim's Given.
func (s *Store) Edit(ctx context.Context, name string, text []byte) (id engine.ItemID, changed bool, err error) {
	err = s.change(ctx, "edit", func(t *tx) error {
		sc, it, err := t.found(name)
		if err != nil {
			return err
		}
		was, err := sc.value(it)
		if err != nil {
			return err
		}
		v, err := sc.kind.Given(was, text, it.collection)
		if err != nil {
			return fmt.Errorf("the new text of %s: %w", name, err)
		}
		id = it.meta.ID
		_, changed, err = sc.put(it, id, v)
		return err
	})
	return id, changed, err
}

// Move puts an item into another collection.
func (s *Store) Move(ctx context.Context, name, collection string) error {
	return s.change(ctx, "move", func(t *tx) error {
		sc, it, err := t.found(name)
		if err != nil {
			return err
		}
		v, err := sc.value(it)
		if err != nil {
			return err
		}
		_, _, err = sc.put(it, it.meta.ID, sc.kind.SetCollection(v, collection))
		return err
	})
}

// Create adds an item, under the same identity rules as an INSERT through the
// view items: a text with the UID of a live item of that collection edits it.
func (s *Store) Create(ctx context.Context, kind, collection string, text []byte) (engine.ItemID, error) {
	var id engine.ItemID
	if collection == "" {
		collection = DefaultCollection
	}
	err := s.change(ctx, "create", func(t *tx) error {
		sc, err := t.scope(kind)
		if err != nil {
			return err
		}
		v, err := sc.kind.New(text, collection)
		if err != nil {
			return err
		}
		row, at, err := sc.holder(v, "")
		if err != nil {
			return err
		}
		id = at
		_, _, err = sc.put(row, id, v)
		return err
	})
	return id, err
}

// Delete deletes the items that the names mean, all of them or none.
func (s *Store) Delete(ctx context.Context, names ...string) ([]Item, error) {
	var gone []Item
	err := s.change(ctx, "delete", func(t *tx) error {
		gone = gone[:0]
		for _, name := range names {
			sc, it, err := t.found(name)
			if err != nil {
				return err
			}
			gone = append(gone, Item{ID: it.meta.ID, UID: it.uid, Kind: sc.kind.Name(), Collection: it.collection, Summary: it.summary})
			if err := sc.remove(it); err != nil {
				return err
			}
		}
		return nil
	})
	return gone, err
}
