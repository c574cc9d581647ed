package hostprovider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cradle/engine"
	"cradle/pim"
)

// ErrAmbiguous: several items answer to a name; their IDs tell them apart.
var ErrAmbiguous = errors.New("several items have that name")

// Item is a live item as the command line shows it.
type Item struct {
	ID         engine.ItemID
	UID        string // empty when its text has none
	Kind       string
	Collection string
	Summary    string
	Modified   time.Time
	Text       []byte // the original bytes; List leaves them out
}

// Query chooses items. Empty fields choose all.
type Query struct {
	// Text is looked for in summary, UID and the values of properties as [pim.Search]
	// does: every word, without regard to case and accents, numbers by their digits;
	// pictures and other binary properties are not searched. An ID may begin with it.
	Text       string
	Kind       string
	Collection string
}

// List gives the items of a query without their texts, sorted by kind,
// collection, summary and ID.
func (s *Store) List(ctx context.Context, q Query) ([]Item, error) {
	var items []Item
	err := s.each(ctx, q, false, func(it Item) error { items = append(items, it); return nil })
	return items, err
}

// Export calls fn for each item of a query, with its text, in List's order.
func (s *Store) Export(ctx context.Context, q Query, fn func(Item) error) error {
	return s.each(ctx, q, true, fn)
}

func (s *Store) each(ctx context.Context, q Query, text bool, fn func(Item) error) error {
	if q.Kind != "" {
		if _, err := kindOf(q.Kind); err != nil {
			return err
		}
	}
	sql := `SELECT i.id, i.uid, i.kind, i.collection, i.summary, i.modified, i.n, ` + when(text, `b.text`, `NULL`) + `
		FROM item i ` + when(text, `JOIN body b ON b.n = i.n `, ``) + `WHERE i.gone = 0 AND i.meta IS NOT NULL
		AND (?1 = '' OR i.kind = ?1) AND (?2 = '' OR i.collection = ?2) ORDER BY i.kind, i.collection, i.summary, i.id`
	match := newMatcher(q.Text)
	return s.read(ctx, func(c *conn) error {
		count := 0
		return c.query(func(r row) error {
			if count++; count%256 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			it, err := itemRow(r)
			if err != nil {
				return err
			}
			ok, err := match.item(c, &it, r.int(6))
			if err != nil || !ok {
				return err
			}
			it.Text = r.bytes(7)
			return fn(it)
		}, sql, q.Kind, q.Collection)
	})
}

func when(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

// itemRow reads id, uid, kind, collection, summary, modified.
func itemRow(r row) (Item, error) {
	it := Item{UID: r.str(1), Kind: r.str(2), Collection: r.str(3), Summary: r.str(4), Modified: time.UnixMilli(r.int(5)).UTC()}
	var err error
	it.ID, err = engine.ParseItemID(r.str(0))
	return it, err
}

// matcher looks for a text in items.
type matcher struct {
	search *pim.Search
	id     string // what an ID may begin with
}

func newMatcher(text string) *matcher {
	return &matcher{search: pim.NewSearch(text), id: strings.ToLower(strings.TrimSpace(text))}
}

func (m *matcher) item(c *conn, it *Item, n int64) (bool, error) {
	if m.search.Empty() || strings.HasPrefix(it.ID.String(), m.id) {
		return true, nil
	}
	head := func(yield func(string, string) bool) bool {
		return yield("SUMMARY", it.Summary) && yield("UID", it.UID)
	}
	if m.search.Match(func(yield func(string, string) bool) { head(yield) }) {
		return true, nil
	}
	var rows string
	if _, err := c.one(func(r row) { rows = r.str(0) }, `SELECT lines FROM body WHERE n = ?`, n); err != nil {
		return false, err
	}
	if !m.search.May(rows + " " + it.Summary + " " + it.UID) {
		return false, nil
	}
	var err error
	found := m.search.Match(func(yield func(string, string) bool) {
		if head(yield) {
			err = eachValue(rows, yield)
		}
	})
	if err != nil {
		return false, fmt.Errorf("item %s: %w", it.ID, err)
	}
	return found, nil
}

// minPrefix is the least number of characters of an ID that name an item.
const minPrefix = 4

// Show finds the items that a name means: an ID, a UID, or the beginning of an
// ID. ErrNotFound when there is none, ErrAmbiguous when several IDs begin so;
// several items may share a UID.
func (s *Store) Show(ctx context.Context, name string) ([]Item, error) {
	var items []Item
	err := s.read(ctx, func(c *conn) error {
		refs, err := find(c, name)
		if err != nil {
			return err
		}
		for _, n := range refs {
			err := c.query(func(r row) error {
				it, err := itemRow(r)
				it.Text = r.bytes(6)
				items = append(items, it)
				return err
			}, `SELECT i.id, i.uid, i.kind, i.collection, i.summary, i.modified, b.text
				FROM item i JOIN body b ON b.n = i.n WHERE i.n = ?`, n)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return items, err
}

// find gives the row numbers of the live items that a name means; several only
// for a UID.
func find(c *conn, name string) ([]int64, error) {
	lower := strings.ToLower(name)
	prefix := lower + "%"
	if len(lower) < minPrefix || strings.Trim(lower, "0123456789abcdef-") != "" {
		prefix = ""
	}
	for _, q := range []struct{ sql, arg string }{
		{`SELECT n FROM item WHERE id = ? AND gone = 0 AND meta IS NOT NULL`, lower},
		{`SELECT n FROM item WHERE uid = ? AND gone = 0 AND meta IS NOT NULL ORDER BY kind, id`, name},
		{`SELECT n FROM item WHERE id LIKE ? AND gone = 0 AND meta IS NOT NULL ORDER BY kind, id`, prefix},
	} {
		if q.arg == "" {
			continue
		}
		var ns []int64
		if err := c.query(func(r row) error { ns = append(ns, r.int(0)); return nil }, q.sql, q.arg); err != nil {
			return nil, err
		}
		if len(ns) > 1 && q.arg == prefix {
			return nil, fmt.Errorf("%q: %d IDs begin so: %w", name, len(ns), ErrAmbiguous)
		}
		if len(ns) > 0 {
			return ns, nil
		}
	}
	return nil, &NoItemError{name}
}

// Meta is the metadata of an item, a deleted one too: what `why` tells.
func (s *Store) Meta(ctx context.Context, scope string, id engine.ItemID) (*engine.ItemMeta, error) {
	m, err := s.Metas(ctx, scope, []engine.ItemID{id})
	if err == nil && m[id] == nil {
		err = fmt.Errorf("item %s: %w", id, ErrNotFound)
	}
	return m[id], err
}
