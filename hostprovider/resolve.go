package hostprovider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cradle/engine"
	"cradle/pim"
	"cradle/valuebag"
)

// Choice says how a conflict is resolved.
type Choice string

// The choices of `conflicts resolve`.
const (
	Kept Choice = "kept" // the value that was kept stays
	Lost Choice = "lost" // the other one comes back
	From Choice = "from" // the item gets a text of its own
)

var errNoLost = errors.New("the value that lost isn't kept any more")

// ErrOver: the conflict was resolved or overtaken already.
var ErrOver = errors.New("it was resolved or overtaken already")

// Resolve settles conflicts by a person's word, all or none: as new edits, which both sides
// then take. text is the item's text for From. The values that go are logged in their turn,
// so that they can be brought back. What an earlier one of ids overtakes is left as that makes
// it. Errors: ErrNotFound, ErrOver, those of pim's Given for a text that can't be taken.
func (s *Store) Resolve(ctx context.Context, ids []int64, choice Choice, text []byte) error {
	return s.change(ctx, "resolve", func(t *tx) error {
		for i := range ids { // a wrong one changes nothing, and is told first
			switch c, err := t.conflict(ids[i]); {
			case err != nil:
				return err
			case c.State == Over:
				return fmt.Errorf("conflict %d: %w", c.ID, ErrOver)
			}
		}
		for _, id := range ids {
			c, err := t.conflict(id)
			if err != nil {
				return err
			}
			if c.State == Over {
				continue
			}
			sc, err := t.scope(c.Scope)
			if err != nil {
				return err
			}
			if err := sc.resolve(&c, choice, text); err != nil {
				return fmt.Errorf("conflict %d: %w", id, err)
			}
			if _, _, err := t.c.exec(`UPDATE conflict SET obsolete = ? WHERE id = ? AND obsolete IS NULL`, t.now, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// conflict reads one of the log. Error: ErrNotFound.
func (t *tx) conflict(id int64) (c engine.Conflict, err error) {
	found := false
	err = t.c.query(func(r row) (err error) {
		found = true
		c, err = conflictRow(r)
		return err
	}, `SELECT `+conflictColumns+` FROM conflict WHERE id = ?`, id)
	if err == nil && !found {
		err = fmt.Errorf("conflict %d: %w", id, ErrNotFound)
	}
	return c, err
}

func (s *scopeTx) resolve(c *engine.Conflict, choice Choice, text []byte) error {
	it, err := s.item(c.Item.String())
	if err != nil {
		return err
	}
	before, err := s.value(it)
	if err != nil {
		return err
	}
	open := c.State != engine.Settled
	if choice == Kept && !open {
		return nil // it stands already
	}
	if open {
		if err := s.seen(c); err != nil {
			return err
		}
	}
	var after *valuebag.Values
	switch choice {
	case Kept:
		after = before
	case From:
		collection := DefaultCollection
		if it != nil && it.collection != "" {
			collection = it.collection
		}
		if after, err = s.kind.Given(before, text, collection); err != nil {
			return fmt.Errorf("the new text: %w", err)
		}
	case Lost:
		if after, err = withLost(s.kind, c, before); err != nil {
			return err
		}
	default:
		return fmt.Errorf("choice %q: expected kept, lost or from", choice)
	}
	if err := s.settleUnit(c, it, after, open); err != nil {
		return err
	}
	if choice == Kept {
		return nil
	}
	return s.keepReplaced(c, before, after)
}

// seen makes the store know the phone's version of an open conflict, so that the
// resolution is its successor.
func (s *scopeTx) seen(c *engine.Conflict) error {
	if c.Phone.IsZero() {
		return nil // it isn't on the phone yet
	}
	with := s.knowledge.WithTick(c.Phone)
	unit := &c.Unit
	if c.Unit == engine.UnitDeleted {
		unit = nil
	}
	return s.SetKnowledge(s.knowledge.Except(c.Item, unit, with))
}

// CanBringBack says why the value that lost in a conflict can't come back: it was
// an edit that no item can take. nil when it can.
func (s *Store) CanBringBack(ctx context.Context, c engine.Conflict) error {
	if c.State == Over {
		return ErrOver
	}
	k, err := kindOf(c.Scope)
	if err != nil {
		return err
	}
	now, err := s.Load(ctx, c.Scope, []engine.ItemID{c.Item})
	if err != nil {
		return err
	}
	_, err = withLost(k, &c, now[c.Item])
	return err
}

// FromSQL reports whether a conflict is an edit by SQL that didn't apply.
func FromSQL(c engine.Conflict) bool { return c.Peer.IsZero() && c.Lost == nil }

// Replaced reports whether a conflict keeps what a resolution replaced.
func Replaced(c engine.Conflict) bool {
	return !FromSQL(c) && c.State != engine.Held && c.Store.IsZero() && c.Phone.IsZero()
}

// withLost gives the item with the value that lost; nil when that was an absence.
func withLost(kind *pim.Kind, c *engine.Conflict, before *valuebag.Values) (*valuebag.Values, error) {
	switch {
	case c.Unit == engine.UnitDeleted:
		return c.Lost, nil // nil: the deletion
	case c.Unit == "text":
		collection := DefaultCollection
		if before != nil {
			collection = kind.Collection(before)
		}
		return kind.New([]byte(strings.Join(c.LostText, "\r\n")+"\r\n"), collection)
	case before == nil && c.Lost == nil:
		return nil, errNoLost
	case before == nil:
		return c.Lost, nil
	case c.Lost != nil && c.Unit == "collection":
		return kind.SetCollection(before, kind.Collection(c.Lost)), nil
	case c.Lost != nil:
		return kind.Replace(before, c.Lost, []string{c.Unit})
	}
	return kind.WithUnit(before, c.Unit, c.LostText)
}

// settleUnit saves the outcome as a new edit. Of an open conflict the unit gets a
// new version even where the store's value stays: both sides' are superseded.
func (s *scopeTx) settleUnit(c *engine.Conflict, it *stored, after *valuebag.Values, open bool) error {
	if after == nil {
		if it == nil || it.meta == nil {
			return nil
		}
		if it.gone == 1 && !open {
			return nil
		}
		return s.remove(it)
	}
	id := c.Item
	if !open {
		_, _, err := s.put(it, id, after)
		return err
	}
	var old *engine.ItemMeta
	if it != nil {
		old = it.meta
	}
	life := s.next()
	meta, _ := revision{kind: s.kind, life: life, forgot: !s.forgotten.IsZero()}.live(id, old, after)
	if _, err := s.Mint(); err != nil {
		return err
	}
	if c.Unit == engine.UnitDeleted {
		meta.LifeVersion, meta.LifeEdited, meta.LifeResolved = life.version, life.at, false
	} else if u := meta.Unit(c.Unit); u != nil {
		u.Version, u.Edited, u.Resolved = life.version, life.at, false
	} else {
		meta.SetUnit(engine.UnitMeta{Unit: c.Unit, Version: life.version, Edited: life.at})
	}
	_, err := s.save(it, meta, after, s.t.now)
	return err
}

// keepReplaced logs the value that a resolution replaced.
func (s *scopeTx) keepReplaced(c *engine.Conflict, before, after *valuebag.Values) error {
	n := engine.Conflict{Peer: c.Peer, Item: c.Item, UID: c.UID, Unit: c.Unit, State: engine.Settled, KeptSide: engine.ToStore,
		Lost: before, KeptText: c.LostText, LostText: c.KeptText, Run: c.Run}
	if c.Unit != engine.UnitDeleted && c.Unit != "text" {
		n.KeptText, n.LostText = nil, nil
		if after != nil {
			n.KeptText = s.kind.UnitText(after, c.Unit)
		}
		if before != nil {
			n.LostText = s.kind.UnitText(before, c.Unit)
		}
	}
	return s.t.log(s, n)
}
