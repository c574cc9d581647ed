package metastore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	"cradle/engine"
	meta "cradle/engine/metastore"
)

// Store is the metadata of one replica in the file.
type Store struct {
	db     *DB
	name   string
	aside  string
	closed atomic.Bool
}

var _ meta.Store = (*Store)(nil)

// Store opens the metadata that the file holds under name, and founds it when
// there is none. With Options.Recover every row is looked at first; metadata that
// is damaged stays in the file under another name (Aside).
func (db *DB) Store(ctx context.Context, name string, o meta.Options) (*Store, error) {
	s := &Store{db: db, name: name}
	if err := s.open(ctx, o); err != nil {
		return nil, fmt.Errorf("metadata of %q in %s: %w", name, db.path, err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o meta.Options) error {
	tx, err := s.db.w.BeginTx(ctx, nil)
	if err != nil {
		return sqlError(err)
	}
	defer tx.Rollback() //nolint:errcheck // after the commit it does nothing
	x, err := begin(ctx, tx, s.name)
	found := !errors.Is(err, sql.ErrNoRows)
	if err == nil {
		err = x.complete()
	}
	if err == nil && o.Recover {
		err = x.check()
	}
	recovered := false
	if found && errors.Is(err, meta.ErrDamaged) && o.Recover {
		if s.aside, err = setAside(ctx, tx, s.name); err == nil {
			found, recovered = false, true
		}
	}
	if found {
		return err // the replica is there, or an error
	}
	r, err := o.Found(recovered)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO metastore_replica (name, body) VALUES (?, ?)", s.name, meta.MarshalReplica(r)); err != nil {
		return sqlError(err)
	}
	return sqlError(tx.Commit())
}

// setAside gives the damaged metadata of name another name.
func setAside(ctx context.Context, tx *sql.Tx, name string) (string, error) {
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s (damaged %d)", name, n)
		var taken int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM metastore_replica WHERE name = ?", aside).Scan(&taken); err != nil {
			return "", sqlError(err)
		}
		if taken > 0 {
			continue
		}
		_, err := tx.ExecContext(ctx, "UPDATE metastore_replica SET name = ? WHERE name = ?", aside, name)
		return aside, sqlError(err)
	}
}

// Aside is the name under which damaged metadata was kept, if Options.Recover came
// to that.
func (s *Store) Aside() string { return s.aside }

// View implements engine/metastore.Store.
func (s *Store) View(ctx context.Context, fn func(meta.Reader) error) error {
	return s.in(ctx, s.db.r, func(x *tx) error { return fn(x) })
}

// Update implements engine/metastore.Store.
func (s *Store) Update(ctx context.Context, fn func(meta.Tx) error) error {
	return s.in(ctx, s.db.w, func(x *tx) error {
		if err := fn(x); err != nil {
			return err
		}
		if err := x.flush(); err != nil {
			return err
		}
		return sqlError(x.tx.Commit())
	})
}

func (s *Store) in(ctx context.Context, db *sql.DB, fn func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return meta.ErrClosed
	}
	t, err := db.BeginTx(ctx, nil)
	if err != nil {
		return sqlError(err)
	}
	defer t.Rollback() //nolint:errcheck // after the commit it does nothing
	x, err := begin(ctx, t, s.name)
	if errors.Is(err, sql.ErrNoRows) {
		err = errors.New("it was dropped; open it anew")
	}
	if err != nil {
		return fmt.Errorf("metadata of %q in %s: %w", s.name, s.db.path, err)
	}
	return fn(x)
}

// Check looks at every row; ErrDamaged names the first that is wrong.
func (s *Store) Check(ctx context.Context) error {
	return s.in(ctx, s.db.r, func(x *tx) error { return x.check() })
}

// Close implements engine/metastore.Store; the file stays open.
func (s *Store) Close() error {
	s.closed.Store(true)
	return nil
}

// complete reports whether all items are there.
func (x *tx) complete() error {
	var n int64
	if err := x.tx.QueryRowContext(x.ctx, "SELECT count(*) FROM metastore_item WHERE replica = ?", x.number).Scan(&n); err != nil {
		return sqlError(err)
	}
	if n != x.items {
		return fmt.Errorf("%d of %d items are there: %w", n, x.items, meta.ErrDamaged)
	}
	return nil
}

// check reads every item, and whether its fields are looked up as they are.
func (x *tx) check() error {
	if err := x.complete(); err != nil {
		return err
	}
	items, fields := 0, 0
	err := meta.All(x, func(it *meta.Item) error {
		if _, err := x.replica.CheckItem(it); err != nil {
			return fmt.Errorf("%w: %w", err, meta.ErrDamaged)
		}
		items++
		for name, value := range it.Fields {
			fields++
			var n int
			err := x.tx.QueryRowContext(x.ctx, "SELECT count(*) FROM metastore_field WHERE replica = ? AND item = ? AND name = ? AND value = ?",
				x.number, it.Meta.ID[:], name, []byte(value)).Scan(&n)
			if err != nil {
				return sqlError(err)
			}
			if n != 1 {
				return fmt.Errorf("item %s isn't found by its field %q: %w", it.Meta.ID, name, meta.ErrDamaged)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var n int
	if err := x.tx.QueryRowContext(x.ctx, "SELECT count(*) FROM metastore_field WHERE replica = ?", x.number).Scan(&n); err != nil {
		return sqlError(err)
	}
	if n != fields {
		return fmt.Errorf("%d fields are looked up, the %d items have %d: %w", n, items, fields, meta.ErrDamaged)
	}
	return nil
}

// tx is a transaction of either sort.
type tx struct {
	ctx     context.Context
	tx      *sql.Tx
	number  int64
	items   int64
	replica meta.Replica
	keys    *engine.KeyMap
	kept    [2]int // how many replicas and units have a key in the row
	dirty   bool   // replica or items aren't as in the row
	stmts   map[string]*sql.Stmt
}

func begin(ctx context.Context, t *sql.Tx, name string) (*tx, error) {
	x := &tx{ctx: ctx, tx: t, stmts: map[string]*sql.Stmt{}}
	var body, keys []byte
	if err := t.QueryRowContext(ctx, "SELECT number, items, body, keys FROM metastore_replica WHERE name = ?", name).Scan(&x.number, &x.items, &body, &keys); err != nil {
		return nil, sqlError(err)
	}
	var err error
	if x.replica, err = meta.UnmarshalReplica(body); err != nil {
		return x, err
	}
	if x.keys, err = meta.UnmarshalKeys(keys); err != nil {
		return x, err
	}
	x.kept[0], x.kept[1] = x.keys.Len()
	return x, nil
}

// grown reports whether keys were given since the row was read.
func (x *tx) grown() bool {
	replicas, units := x.keys.Len()
	return x.kept != [2]int{replicas, units}
}

// flush writes the replica's row, once a transaction.
func (x *tx) flush() error {
	if x.dirty {
		if _, err := x.exec("UPDATE metastore_replica SET items = ?, body = ? WHERE number = ?", x.items, meta.MarshalReplica(x.replica), x.number); err != nil {
			return err
		}
	}
	if !x.grown() {
		return nil
	}
	_, err := x.exec("UPDATE metastore_replica SET keys = ? WHERE number = ?", meta.MarshalKeys(x.keys), x.number)
	return err
}

func (x *tx) stmt(query string) (*sql.Stmt, error) {
	if s := x.stmts[query]; s != nil {
		return s, nil
	}
	s, err := x.tx.PrepareContext(x.ctx, query)
	if err != nil {
		return nil, sqlError(err)
	}
	x.stmts[query] = s
	return s, nil
}

// exec gives the number of rows that were changed.
func (x *tx) exec(query string, args ...any) (int64, error) {
	s, err := x.stmt(query) //nolint:sqlclosecheck // closed with the transaction
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(x.ctx, args...)
	if err != nil {
		return 0, sqlError(err)
	}
	return r.RowsAffected()
}

// read runs a query of IDs and bodies.
func (x *tx) read(query string, args ...any) ([]*meta.Item, error) {
	s, err := x.stmt(query) //nolint:sqlclosecheck // closed with the transaction
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(x.ctx, args...)
	if err != nil {
		return nil, sqlError(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var items []*meta.Item
	for rows.Next() {
		var id, body []byte
		if err := rows.Scan(&id, &body); err != nil {
			return nil, sqlError(err)
		}
		it, err := meta.UnmarshalItem(body, x.keys)
		if err == nil && string(id) != string(it.Meta.ID[:]) {
			err = fmt.Errorf("the row is of item %s: %w", it.Meta.ID, meta.ErrDamaged)
		}
		if err != nil {
			return nil, fmt.Errorf("row %x: %w", id, err)
		}
		items = append(items, it)
	}
	return items, sqlError(rows.Err())
}

func (x *tx) Replica() (meta.Replica, error) {
	return x.replica.Clone(), nil
}

func (x *tx) Item(id engine.ItemID) (*meta.Item, error) {
	items, err := x.read("SELECT id, body FROM metastore_item WHERE replica = ? AND id = ?", x.number, id[:])
	if err != nil || len(items) == 0 {
		return nil, err
	}
	return items[0], nil
}

func (x *tx) Items(from engine.ItemID, limit int) ([]*meta.Item, error) {
	return x.read("SELECT id, body FROM metastore_item WHERE replica = ? AND id >= ? ORDER BY id LIMIT ?", x.number, from[:], max(limit, 0))
}

func (x *tx) Find(field, value string) ([]*meta.Item, error) {
	return x.read(`SELECT i.id, i.body FROM metastore_field f JOIN metastore_item i ON i.replica = f.replica AND i.id = f.item
		WHERE f.replica = ? AND f.name = ? AND f.value = ? ORDER BY i.id`, x.number, field, []byte(value))
}

func (x *tx) Count() (live, dead int, err error) {
	err = x.tx.QueryRowContext(x.ctx, "SELECT count(*) - coalesce(sum(deleted), 0), coalesce(sum(deleted), 0) FROM metastore_item WHERE replica = ?",
		x.number).Scan(&live, &dead)
	return live, dead, sqlError(err)
}

func (x *tx) NextTick() (engine.Version, error) {
	v, err := x.replica.Mint()
	x.dirty = x.dirty || err == nil
	return v, err
}

func (x *tx) SetReplica(next meta.Replica) error {
	next, err := x.replica.Check(next)
	if err != nil {
		return err
	}
	x.replica, x.dirty = next, true
	return nil
}

func (x *tx) Put(it *meta.Item) error {
	it, err := x.replica.CheckItem(it)
	if err != nil {
		return err
	}
	id := it.Meta.ID[:]
	deleted := 0
	if it.Meta.Deleted {
		deleted = 1
	}
	if _, err := x.exec("DELETE FROM metastore_field WHERE replica = ? AND item = ?", x.number, id); err != nil {
		return err
	}
	body := meta.MarshalItem(it, x.keys)
	n, err := x.exec("UPDATE metastore_item SET deleted = ?, body = ? WHERE replica = ? AND id = ?", deleted, body, x.number, id)
	if err == nil && n == 0 {
		_, err = x.exec("INSERT INTO metastore_item (replica, id, deleted, body) VALUES (?, ?, ?, ?)", x.number, id, deleted, body)
		x.items, x.dirty = x.items+1, true
	}
	if err != nil {
		return err
	}
	for name, value := range it.Fields {
		if _, err := x.exec("INSERT INTO metastore_field (replica, item, name, value) VALUES (?, ?, ?, ?)", x.number, id, name, []byte(value)); err != nil {
			return err
		}
	}
	return nil
}

func (x *tx) Remove(id engine.ItemID) error {
	return x.remove("DELETE FROM metastore_item WHERE replica = ? AND id = ?", x.number, id[:])
}

func (x *tx) Clear() error { return x.remove("DELETE FROM metastore_item WHERE replica = ?", x.number) }

func (x *tx) remove(query string, args ...any) error {
	n, err := x.exec(query, args...)
	if n > 0 {
		x.items, x.dirty = x.items-n, true
	}
	return err
}
