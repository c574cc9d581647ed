package metastore

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/mattn/go-sqlite3"

	"cradle/engine"
	meta "cradle/engine/metastore"
)

// ErrBusy: another program held the write lock for longer than Options.Wait.
var ErrBusy = errors.New("another program is writing to the file")

// The application_id of a file that holds metadata alone ("CrdM"), and of the PIM
// store's ("Crdl").
const (
	applicationID = 0x4372644d
	storeID       = 0x4372646c
)

// minPage is the smallest page of an SQLite database, bytes.
const minPage = 512

//go:embed schema.sql
var schema1 string

//go:embed schema2.sql
var schema2 string

// migration is a step from one version to the next: SQL, then what SQL can't say.
type migration struct {
	sql  string
	then func(ctx context.Context, t *sql.Tx) error // nil: nothing
}

// migrations bring the tables from the version of their index to the next.
var migrations = []migration{{sql: schema1}, {sql: schema2, then: keyedItems}}

// Options say how to open a file. The zero value opens one that is there.
type Options struct {
	Create bool          // make the file, and its folder, when it isn't there
	Wait   time.Duration // how long to wait for another program that writes; 0 means 10 s
}

// DB is an open file with the metadata of some replicas. Its methods and those of
// its stores may be called by several goroutines.
type DB struct {
	path string
	w, r *sql.DB
}

// Open opens the file at path and brings its tables up to date, after a backup
// beside it if there is something to upgrade. Errors: fs.ErrNotExist, ErrBusy,
// engine.ErrNewer, and ErrDamaged of engine/metastore for a file that is none of
// ours or can't be read.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	db, err := open(ctx, path, o)
	if err != nil {
		return nil, fmt.Errorf("metadata in %s: %w", path, err)
	}
	return db, nil
}

func open(ctx context.Context, path string, o Options) (*DB, error) {
	switch fi, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist) && !o.Create:
		return nil, fs.ErrNotExist
	case errors.Is(err, fs.ErrNotExist):
		if err := create(path); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case fi.Size() > 0 && fi.Size() < minPage, fi.Size() == 0 && !o.Create:
		// SQLite would take it for a new database and begin one.
		return nil, fmt.Errorf("the file was cut to %d bytes: %w", fi.Size(), meta.ErrDamaged)
	}
	if o.Wait == 0 {
		o.Wait = 10 * time.Second
	}
	db := &DB{path: path}
	var err error
	if db.w, err = sql.Open("sqlite3", uri(path, "rw", o.Wait)); err == nil {
		db.w.SetMaxOpenConns(1)
		err = db.prepare(ctx)
	}
	if err == nil {
		db.r, err = sql.Open("sqlite3", uri(path, "ro", o.Wait))
	}
	if err != nil {
		return nil, errors.Join(sqlError(err), db.Close())
	}
	db.r.SetMaxOpenConns(4)
	return db, nil
}

// create makes an empty file that only its owner may read: SQLite would make it
// 0644.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil // another program was quicker
	}
	if err != nil {
		return err
	}
	return f.Close()
}

func uri(path, mode string, wait time.Duration) string {
	q := url.Values{"mode": {mode}, "_busy_timeout": {strconv.FormatInt(wait.Milliseconds(), 10)},
		"_foreign_keys": {"on"}, "_synchronous": {"FULL"}}
	if mode == "rw" {
		q.Set("_txlock", "immediate")
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}).String()
}

// prepare checks whose file it is and brings the tables up to date.
func (db *DB) prepare(ctx context.Context) error {
	conn, err := db.w.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	app, err := number(ctx, conn, "PRAGMA application_id")
	if err != nil {
		return err
	}
	have, version, err := tables(ctx, conn)
	if err != nil {
		return err
	}
	switch {
	case app == 0 && have == 0:
	case app != applicationID && app != storeID:
		return fmt.Errorf("it is another program's file (application_id %#x): %w", app, meta.ErrDamaged)
	case app == applicationID && version == 0:
		return fmt.Errorf("its tables have no version: %w", meta.ErrDamaged)
	case version > int64(len(migrations)):
		return fmt.Errorf("its tables are of version %d, this program knows %d: %w", version, len(migrations), engine.ErrNewer)
	case version == int64(len(migrations)):
		return nil
	}
	if _, err := conn.ExecContext(ctx, "PRAGMA journal_mode=WAL"); err != nil {
		return err
	}
	if version > 0 {
		if err := db.backup(ctx, conn, version); err != nil {
			return fmt.Errorf("backup before the upgrade: %w", err)
		}
	}
	return migrate(ctx, conn, app == 0)
}

// tables counts the file's tables and gives the version of ours; 0 when there are
// none.
func tables(ctx context.Context, conn *sql.Conn) (all, version int64, err error) {
	if all, err = number(ctx, conn, "SELECT count(*) FROM sqlite_schema"); err != nil || all == 0 {
		return all, 0, err
	}
	ours, err := number(ctx, conn, "SELECT count(*) FROM sqlite_schema WHERE name = 'metastore_schema'")
	if err != nil || ours == 0 {
		return all, 0, err
	}
	version, err = number(ctx, conn, "SELECT version FROM metastore_schema")
	return all, version, err
}

func migrate(ctx context.Context, conn *sql.Conn, own bool) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after the commit it does nothing
	// Another program may have been quicker: the version counts inside.
	_, version, err := tables(ctx, conn)
	if err != nil {
		return err
	}
	for v := version; v < int64(len(migrations)); v++ {
		m := migrations[v]
		_, err := tx.ExecContext(ctx, m.sql)
		if err == nil && m.then != nil {
			err = m.then(ctx, tx)
		}
		if err != nil {
			return fmt.Errorf("migration to version %d: %w", v+1, err)
		}
	}
	if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO metastore_schema (one, version) VALUES (1, ?)", len(migrations)); err != nil {
		return err
	}
	if own {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id=%d; PRAGMA user_version=%d", applicationID, len(migrations))); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// backup copies the file as it is before an upgrade, beside it.
func (db *DB) backup(ctx context.Context, conn *sql.Conn, version int64) error {
	for n := 1; ; n++ {
		path := fmt.Sprintf("%s.meta%d.bak", db.path, version)
		if n > 1 {
			path = fmt.Sprintf("%s.%d", path, n)
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
			return errors.Join(err, os.Remove(path))
		}
		return nil
	}
}

func number(ctx context.Context, conn *sql.Conn, query string) (int64, error) {
	var n int64
	err := conn.QueryRowContext(ctx, query).Scan(&n)
	return n, err
}

// Names lists the replicas whose metadata the file holds.
func (db *DB) Names(ctx context.Context) ([]string, error) {
	rows, err := db.r.QueryContext(ctx, "SELECT name FROM metastore_replica ORDER BY name")
	if err != nil {
		return nil, sqlError(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, sqlError(err)
		}
		names = append(names, name)
	}
	return names, sqlError(rows.Err())
}

// Drop forgets the metadata of a replica; one that isn't there is no error. What
// is written under its name again gets another replica ID.
func (db *DB) Drop(ctx context.Context, name string) error {
	_, err := db.w.ExecContext(ctx, "DELETE FROM metastore_replica WHERE name = ?", name)
	return sqlError(err)
}

// Close ends the connections; the stores of the file are closed with it.
func (db *DB) Close() error {
	var errs []error
	for _, d := range []*sql.DB{db.r, db.w} {
		if d != nil {
			errs = append(errs, d.Close())
		}
	}
	return errors.Join(errs...)
}

// sqlError classifies what SQLite said.
func sqlError(err error) error {
	var e sqlite3.Error
	if errors.As(err, &e) {
		switch e.Code {
		case sqlite3.ErrBusy, sqlite3.ErrLocked:
			return fmt.Errorf("%w: %w", ErrBusy, err)
		case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
			return fmt.Errorf("%w: %w", meta.ErrDamaged, err)
		case sqlite3.ErrReadonly, sqlite3.ErrPerm, sqlite3.ErrAuth, sqlite3.ErrCantOpen:
			return fmt.Errorf("%w: %w", fs.ErrPermission, err)
		}
	}
	return err
}
