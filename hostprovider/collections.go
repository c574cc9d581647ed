package hostprovider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cradle/pim"
)

// Errors of collections.
var (
	// ErrExists: a collection of that kind has the name already.
	ErrExists = errors.New("there is a collection of that name")
	// ErrNotEmpty: the collection has items.
	ErrNotEmpty = errors.New("the collection isn't empty")
	// ErrCollectionName: no collection can have the name.
	ErrCollectionName = errors.New("no name of a collection")
)

// Collection is a collection of one kind.
type Collection struct {
	Kind  string
	Name  string
	Items int
	Made  bool // by MakeCollection: it stays when it is empty
}

// maxCollection bounds a collection's name, in bytes: it becomes a folder's.
const maxCollection = 200

// checkCollection refuses what can't be a collection's name.
func checkCollection(name string) error {
	switch {
	case strings.TrimSpace(name) != name || name == "" || len(name) > maxCollection || !utf8.ValidString(name):
	case strings.ContainsFunc(name, unicode.IsControl):
	case slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return part == "" || part == "." || part == ".." }):
	default:
		return nil
	}
	return fmt.Errorf("%q: %w: want 1 to %d bytes of text without control characters, and no empty part between slashes", name, ErrCollectionName, maxCollection)
}

// Collections lists the collections of all kinds, by kind in pim's order and name.
func (s *Store) Collections(ctx context.Context) ([]Collection, error) {
	var list []Collection
	err := s.read(ctx, func(c *conn) error {
		return c.query(func(r row) error {
			list = append(list, Collection{r.str(0), r.str(1), int(r.int(2)), r.bool(3)})
			return nil
		}, `SELECT kind, name, sum(items), max(made) FROM (
				SELECT kind, collection AS name, count(*) AS items, 0 AS made FROM item WHERE gone = 0 AND meta IS NOT NULL GROUP BY kind, collection
				UNION ALL SELECT kind, name, 0, 1 FROM collection)
			GROUP BY kind, name`)
	})
	slices.SortFunc(list, func(a, b Collection) int {
		return cmp.Or(cmp.Compare(kindOrder(a.Kind), kindOrder(b.Kind)), strings.Compare(a.Name, b.Name))
	})
	return list, err
}

// kindOrder is a kind's place in pim's list.
func kindOrder(name string) int {
	return slices.IndexFunc(pim.Kinds(), func(k *pim.Kind) bool { return k.Name() == name })
}

// MakeCollection makes an empty collection. Errors: ErrExists, ErrCollectionName.
func (s *Store) MakeCollection(ctx context.Context, kind, name string) error {
	if _, err := kindOf(kind); err != nil {
		return err
	}
	if err := checkCollection(name); err != nil {
		return err
	}
	return s.change(ctx, "collection", func(t *tx) error {
		n, err := t.c.number(`SELECT (SELECT count(*) FROM collection WHERE kind = ?1 AND name = ?2) + (SELECT count(*) FROM item WHERE kind = ?1 AND collection = ?2 AND gone = 0)`, kind, name)
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%s %q: %w", kind, name, ErrExists)
		}
		_, _, err = t.c.exec(`INSERT INTO collection (kind, name, made) VALUES (?, ?, ?)`, kind, name, t.now)
		return err
	})
}

// RenameCollection gives a collection another name, in one kind or, where kind is
// empty, in each that has it: an edit of the collection of each of its items, which
// syncs like any other. Where the other name is taken it is ErrExists, unless merge
// puts the items together. moved counts items. ErrNotFound: no kind has it.
func (s *Store) RenameCollection(ctx context.Context, kind, from, to string, merge bool) (moved int, err error) {
	if err := checkCollection(to); err != nil {
		return 0, err
	}
	err = s.change(ctx, "collection", func(t *tx) error {
		moved = 0
		kinds, err := t.kindsWith(kind, from)
		if err != nil {
			return err
		}
		for _, name := range kinds {
			taken, err := t.kindsWith(name, to)
			if err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
			if len(taken) > 0 && from != to && !merge {
				return fmt.Errorf("%s %q: %w", name, to, ErrExists)
			}
			if from == to {
				continue
			}
			n, err := t.eachOf(name, from, func(sc *scopeTx, it *stored) error {
				v, err := sc.value(it)
				if err != nil {
					return err
				}
				_, _, err = sc.put(it, it.meta.ID, sc.kind.SetCollection(v, to))
				return err
			})
			if err != nil {
				return err
			}
			moved += n
			if _, _, err := t.c.exec(`INSERT OR IGNORE INTO collection (kind, name, made) SELECT kind, ?3, made FROM collection WHERE kind = ?1 AND name = ?2`, name, from, to); err != nil {
				return err
			}
			if _, _, err := t.c.exec(`DELETE FROM collection WHERE kind = ? AND name = ?`, name, from); err != nil {
				return err
			}
		}
		return nil
	})
	return moved, err
}

// RemoveCollection takes a collection away, in one kind or, where kind is empty, in
// each that has it. One with items is ErrNotEmpty, unless items says that they are to
// be deleted with it. deleted are those items. ErrNotFound: no kind has it.
func (s *Store) RemoveCollection(ctx context.Context, kind, name string, items bool) (deleted []Item, err error) {
	err = s.change(ctx, "collection", func(t *tx) error {
		deleted = nil
		kinds, err := t.kindsWith(kind, name)
		if err != nil {
			return err
		}
		for _, k := range kinds {
			n, err := t.eachOf(k, name, func(sc *scopeTx, it *stored) error {
				if !items {
					return nil
				}
				deleted = append(deleted, Item{ID: it.meta.ID, UID: it.uid, Kind: k, Collection: it.collection, Summary: it.summary})
				return sc.remove(it)
			})
			if err != nil {
				return err
			}
			if n > 0 && !items {
				return fmt.Errorf("%s %q: %d of its items are still there: %w", k, name, n, ErrNotEmpty)
			}
			if _, _, err := t.c.exec(`DELETE FROM collection WHERE kind = ? AND name = ?`, k, name); err != nil {
				return err
			}
		}
		return nil
	})
	return deleted, err
}

// kindsWith lists the kinds that have a collection of that name: the one asked for, or
// all. ErrNotFound: none.
func (t *tx) kindsWith(kind, name string) ([]string, error) {
	if kind != "" {
		if _, err := kindOf(kind); err != nil {
			return nil, err
		}
	}
	var kinds []string
	err := t.c.query(func(r row) error { kinds = append(kinds, r.str(0)); return nil },
		`SELECT kind FROM item WHERE collection = ?1 AND gone = 0 AND (?2 = '' OR kind = ?2)
		UNION SELECT kind FROM collection WHERE name = ?1 AND (?2 = '' OR kind = ?2) ORDER BY 1`, name, kind)
	if err == nil && len(kinds) == 0 {
		err = fmt.Errorf("collection %q: %w", name, ErrNotFound)
	}
	return kinds, err
}

// eachOf calls fn for each item of a collection, in order of their IDs, and counts
// them.
func (t *tx) eachOf(kind, collection string, fn func(*scopeTx, *stored) error) (int, error) {
	sc, err := t.scope(kind)
	if err != nil {
		return 0, err
	}
	var ids []string
	err = t.c.query(func(r row) error { ids = append(ids, r.str(0)); return nil },
		`SELECT id FROM item WHERE kind = ? AND collection = ? AND gone = 0 AND meta IS NOT NULL ORDER BY id`, kind, collection)
	if err != nil {
		return 0, err
	}
	for i, id := range ids {
		if i%64 == 0 && t.ctx.Err() != nil {
			return 0, t.ctx.Err()
		}
		it, err := sc.item(id)
		if err != nil {
			return 0, err
		}
		if err := fn(sc, it); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}
