package hostprovider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"cradle/engine"
	"cradle/pim"
)

// DefaultCollection takes items that name no collection.
const DefaultCollection = "personal"

// Options say how to open a store. The zero value opens an existing one.
type Options struct {
	Create   bool // make the file, and its folder, when it isn't there
	ReadOnly bool // no settling, no writing; the file must be there
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Rand gives the random bytes of replica IDs; nil means crypto/rand.
	Rand io.Reader
	// Machine names this computer in the home mark; empty means /etc/machine-id.
	Machine string
	// Wait is how long a statement waits for another program that writes; 0 means
	// 10 s, as long as commands wait for each other.
	Wait time.Duration
	Log  *slog.Logger
	// Hook, when set, is asked before each commit; its error stands for a program
	// that was killed there: nothing of the transaction is kept. For tests.
	Hook func(point string) error
}

// Store is an open store. Its methods may be called by several goroutines; writes
// wait for each other.
type Store struct {
	path   string
	memory bool
	ro     bool
	now    func() time.Time
	rand   io.Reader
	host   string
	wait   time.Duration
	log    *slog.Logger
	hook   func(string) error

	mu      sync.Mutex // guards w
	w       *conn
	readers chan *conn
	open    atomic.Int32 // readers made so far
}

var _ engine.Store = (*Store)(nil)

const maxReaders = 3

var memoryNames atomic.Int64

// Open opens the store at path, creates it if asked to, and brings an older one
// up to date after making a backup beside it. Errors: fs.ErrNotExist,
// engine.ErrNewer, ErrForeign, ErrBusy, ErrFull, fs.ErrPermission.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := newStore(path, o)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if !o.Create || o.ReadOnly {
			return nil, fmt.Errorf("store %s: %w", path, fs.ErrNotExist)
		}
		if err := create(path); err != nil {
			return nil, fmt.Errorf("store %s: %w", path, err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	mode := "rw"
	if o.ReadOnly {
		mode = "ro"
	}
	var err error
	if s.w, err = openConn(path, mode, s.wait); err == nil {
		// What a session wrote to a phone rests on what was committed here before.
		err = s.w.script("PRAGMA synchronous=FULL")
	}
	if err == nil {
		err = s.prepare()
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("store %s: %w", path, err)
	}
	return s, nil
}

// OpenEmpty opens an empty store in memory: what a dry run and a reading command
// use where no store file exists, so that none is made.
func OpenEmpty(ctx context.Context, o Options) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := newStore(fmt.Sprintf("/cradle-%d", memoryNames.Add(1)), o)
	s.memory, s.ro = true, false
	var err error
	if s.w, err = openConn(s.path, "memory", s.wait); err == nil {
		err = s.prepare()
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("empty store: %w", err)
	}
	return s, nil
}

func newStore(path string, o Options) *Store {
	s := &Store{path: path, ro: o.ReadOnly, now: o.Now, rand: o.Rand, host: o.Machine, wait: o.Wait, log: o.Log, hook: o.Hook,
		readers: make(chan *conn, maxReaders)}
	if s.now == nil {
		s.now = time.Now
	}
	if s.wait == 0 {
		s.wait = 10 * time.Second
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	if s.host == "" {
		s.host = machineID()
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// create makes an empty file that only its owner may read: SQLite would make it
// 0644, and its journal files take the mode of the database.
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

// Path is the store's file.
func (s *Store) Path() string { return s.path }

// Close ends the store's connections.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for {
		select {
		case c := <-s.readers:
			errs = append(errs, c.close())
			continue
		default:
		}
		break
	}
	if s.w != nil {
		errs = append(errs, s.w.close())
		s.w = nil
	}
	return errors.Join(errs...)
}

var errClosed = errors.New("the store is closed")

// read runs fn on a connection for reading, in one snapshot.
func (s *Store) read(ctx context.Context, fn func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := s.reader()
	if err != nil {
		return err
	}
	defer func() { s.readers <- c }()
	if err := c.script("BEGIN"); err != nil {
		return err
	}
	err = fn(c)
	if e := c.script("COMMIT"); err == nil {
		err = e
	}
	return err
}

// reader takes an idle connection, or makes one, or waits for one.
func (s *Store) reader() (*conn, error) {
	select {
	case c := <-s.readers:
		return c, nil
	default:
	}
	if s.open.Add(1) > maxReaders {
		s.open.Add(-1)
		return <-s.readers, nil
	}
	mode := "ro"
	if s.memory {
		mode = "memory"
	}
	c, err := openConn(s.path, mode, s.wait)
	if err != nil {
		s.open.Add(-1)
		return nil, fmt.Errorf("store %s: %w", s.path, err)
	}
	return c, nil
}

// write runs fn in one immediate transaction: all of it is committed or nothing.
// point names it for Options.Hook.
func (s *Store) write(ctx context.Context, point string, fn func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.ro {
		return ErrReadOnly
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w == nil {
		return errClosed
	}
	if err := s.w.script("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("store %s: %w", s.path, err)
	}
	t := &tx{s: s, c: s.w, ctx: ctx, now: s.now().UnixMilli(), scopes: map[string]*scopeTx{}}
	err := t.begin()
	if err == nil {
		err = fn(t)
	}
	if err == nil {
		err = t.flush()
	}
	if err == nil && s.hook != nil {
		err = s.hook(point)
	}
	if err == nil {
		err = s.w.script("COMMIT")
	}
	if err != nil {
		if e := s.w.script("ROLLBACK"); e != nil && !s.w.c.AutoCommit() {
			err = errors.Join(err, e)
		}
		return err
	}
	return nil
}

// kinds are the scopes in the order of the command line.
func kinds() []*pim.Kind { return pim.Kinds() }

// kindOf finds the schema of a scope.
func kindOf(scope string) (*pim.Kind, error) {
	if k, ok := pim.KindByName(scope); ok {
		return k, nil
	}
	return nil, fmt.Errorf("kind %q: %w", scope, ErrNotFound)
}

func machineID() string {
	for _, p := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if b, err := os.ReadFile(p); err == nil && len(b) > 0 {
			return string(trimSpace(b))
		}
	}
	return ""
}

func trimSpace(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] <= ' ' {
		b = b[:len(b)-1]
	}
	return b
}
