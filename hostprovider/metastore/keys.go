package metastore

import (
	"context"
	"database/sql"
	"fmt"

	meta "cradle/engine/metastore"

	"cradle/engine"
)

// keyedItems gives the rows of all items the form that refers to keys (the step to
// version 2). A row that can't be read stays as it is, and is told of where it is met.
func keyedItems(ctx context.Context, t *sql.Tx) error {
	var numbers []int64
	err := each(ctx, t, func(r *sql.Rows) error {
		var n int64
		err := r.Scan(&n)
		numbers = append(numbers, n)
		return err
	}, "SELECT number FROM metastore_replica ORDER BY number")
	if err != nil {
		return err
	}
	for _, n := range numbers {
		keys := new(engine.KeyMap)
		if err := keyedReplica(ctx, t, n, keys); err != nil {
			return fmt.Errorf("replica %d: %w", n, err)
		}
		if _, err := t.ExecContext(ctx, "UPDATE metastore_replica SET keys = ? WHERE number = ?", meta.MarshalKeys(keys), n); err != nil {
			return err
		}
	}
	return nil
}

// keyedChunk is how many rows are rewritten at once.
const keyedChunk = 500

func keyedReplica(ctx context.Context, t *sql.Tx, number int64, keys *engine.KeyMap) error {
	last := []byte{}
	for {
		var ids, bodies [][]byte
		err := each(ctx, t, func(r *sql.Rows) error {
			var id, body []byte
			err := r.Scan(&id, &body)
			ids, bodies, last = append(ids, id), append(bodies, body), id
			return err
		}, "SELECT id, body FROM metastore_item WHERE replica = ? AND id > ? ORDER BY id LIMIT ?", number, last, keyedChunk)
		if err != nil {
			return err
		}
		for i, id := range ids {
			it, err := meta.UnmarshalItem(bodies[i], keys)
			if err != nil {
				continue
			}
			if _, err := t.ExecContext(ctx, "UPDATE metastore_item SET body = ? WHERE replica = ? AND id = ?", meta.MarshalItem(it, keys), number, id); err != nil {
				return err
			}
		}
		if len(ids) < keyedChunk {
			return nil
		}
	}
}

func each(ctx context.Context, t *sql.Tx, fn func(*sql.Rows) error, query string, args ...any) error {
	rows, err := t.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
