package metastore

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	meta "cradle/engine/metastore"
	"cradle/engine/metastore/metastoretest"
)

// subject is a store in a file of its own.
var subject = metastoretest.Subject{
	Open: func(ctx context.Context, dir string, o meta.Options) (meta.Store, error) {
		db, err := Open(ctx, filepath.Join(dir, "meta.db"), Options{Create: true})
		if err != nil {
			return nil, err
		}
		s, err := db.Store(ctx, "contacts", o)
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
		return closing{s, db}, nil
	},
	Files:  []string{"meta.db"},
	Slack:  true,
	Checks: 30,
}

// closing closes the file with the store.
type closing struct {
	*Store
	db *DB
}

func (c closing) Close() error { return errors.Join(c.Store.Close(), c.db.Close()) }

func TestMain(m *testing.M) { metastoretest.Main(m, subject) }

func TestSQLite(t *testing.T) { metastoretest.Run(t, subject) }
