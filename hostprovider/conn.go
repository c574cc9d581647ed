package hostprovider

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-sqlite3"
)

// conn is one SQLite connection with its prepared statements. The driver is
// used without database/sql: a first sync executes some fifty thousand small
// statements, and the pool, its locks and a goroutine a statement would cost as
// much as SQLite itself. A conn belongs to one goroutine at a time.
type conn struct {
	c     *sqlite3.SQLiteConn
	stmts map[string]*sqlite3.SQLiteStmt
	args  []driver.NamedValue // reused: statements don't nest their binding
}

// Settings of every connection. The views' triggers need nothing of these: they
// have to work in other programs. A first sync of ten thousand items writes some
// 30 MB of log: it is copied into the file once, at the end, rather than a dozen
// times with two waits for the disk each.
const settings = `PRAGMA foreign_keys=ON;
PRAGMA trusted_schema=OFF;
PRAGMA cell_size_check=ON;
PRAGMA secure_delete=FAST;
PRAGMA temp_store=MEMORY;
PRAGMA cache_size=-16384;
PRAGMA synchronous=NORMAL;
PRAGMA wal_autocheckpoint=8192;
`

// openConn opens a database by URI. Mode is ro, rw or memory; wait is how long a
// statement waits for another program's lock.
func openConn(path, mode string, wait time.Duration) (*conn, error) {
	busy := strconv.FormatInt(wait.Milliseconds(), 10)
	q := url.Values{"mode": {mode}, "_busy_timeout": {busy}}
	uri := (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}).String()
	if mode == "memory" {
		uri = "file:" + path + "?vfs=memdb&_busy_timeout=" + busy
	}
	dc, err := (&sqlite3.SQLiteDriver{}).Open(uri)
	if err != nil {
		return nil, sqlError(err, "")
	}
	c := &conn{c: dc.(*sqlite3.SQLiteConn), stmts: map[string]*sqlite3.SQLiteStmt{}}
	if err := c.script(settings); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		s.Close()
	}
	c.stmts = nil
	return c.c.Close()
}

// script executes statements without arguments or results, one after another.
func (c *conn) script(sql string) error {
	_, err := c.c.ExecContext(context.Background(), sql, nil)
	return sqlError(err, "")
}

func (c *conn) prepare(sql string) (*sqlite3.SQLiteStmt, error) {
	if s, ok := c.stmts[sql]; ok {
		return s, nil
	}
	ds, err := c.c.Prepare(sql)
	if err != nil {
		return nil, sqlError(err, sql)
	}
	s := ds.(*sqlite3.SQLiteStmt)
	c.stmts[sql] = s
	return s, nil
}

func firstLine(sql string) string {
	sql = strings.TrimSpace(sql)
	if i := strings.IndexByte(sql, '\n'); i >= 0 {
		return sql[:i] + " …"
	}
	return sql
}

// bindArgs turns Go values into the driver's few types.
func (c *conn) bindArgs(args []any) []driver.NamedValue {
	c.args = c.args[:0]
	for i, a := range args {
		var v driver.Value
		switch a := a.(type) {
		case nil, string, []byte, int64, bool:
			v = a
		case int:
			v = int64(a)
		case uint64:
			v = int64(a)
		default:
			panic(fmt.Sprintf("hostprovider: argument %d of type %T", i, a))
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.args
}

// exec runs one statement and returns the number of rows it changed and the
// last inserted row's ID.
func (c *conn) exec(sql string, args ...any) (changed, rowID int64, err error) {
	s, err := c.prepare(sql)
	if err != nil {
		return 0, 0, err
	}
	r, err := s.ExecContext(context.Background(), c.bindArgs(args))
	if err != nil {
		return 0, 0, sqlError(err, sql)
	}
	changed, _ = r.RowsAffected()
	rowID, _ = r.LastInsertId()
	return changed, rowID, nil
}

// row is one row of a result, valid until the callback returns.
type row []driver.Value

func (r row) int(i int) int64 { n, _ := r[i].(int64); return n }
func (r row) bool(i int) bool { return r.int(i) != 0 }
func (r row) null(i int) bool { return r[i] == nil }

func (r row) str(i int) string {
	switch v := r[i].(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

// bytes returns a value that may be TEXT or BLOB; the caller may keep it.
func (r row) bytes(i int) []byte {
	switch v := r[i].(type) {
	case []byte:
		return v
	case string:
		return []byte(v)
	}
	return nil
}

// errStop ends a query's callback without an error.
var errStop = errors.New("stop")

// query calls fn for each row. The statement may not be used inside fn again.
func (c *conn) query(fn func(row) error, sql string, args ...any) error {
	s, err := c.prepare(sql)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), c.bindArgs(args))
	if err != nil {
		return sqlError(err, sql)
	}
	defer rows.Close()
	dest := make(row, len(rows.Columns()))
	for {
		switch err := rows.Next(dest); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return sqlError(err, sql)
		}
		if err := fn(dest); errors.Is(err, errStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// one runs a query of at most one row; false when there is none.
func (c *conn) one(fn func(row), sql string, args ...any) (bool, error) {
	found := false
	err := c.query(func(r row) error { found = true; fn(r); return errStop }, sql, args...)
	return found, err
}

// number is the first column of a query's only row; 0 when there is none.
func (c *conn) number(sql string, args ...any) (int64, error) {
	var n int64
	_, err := c.one(func(r row) { n = r.int(0) }, sql, args...)
	return n, err
}
