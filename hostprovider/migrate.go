package hostprovider

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"cradle/engine"
)

// applicationID marks the file as a Cradle store ("Crdl").
const applicationID = 0x4372646c

//go:embed migrations/0001.sql
var migration1 string

//go:embed migrations/0002.sql
var migration2 string

//go:embed migrations/0003.sql
var migration3 string

//go:embed migrations/0004.sql
var migration4 string

//go:embed migrations/views.sql
var publicViews string

// migration is a step from one version to the next: SQL, then what SQL can't say.
type migration struct {
	sql  string
	then func(c *conn) error // nil: nothing
}

// migrations bring a store from the version of their index to the next. One that
// changes the views ends with publicViews after dropping the old ones.
var migrations = []migration{
	{sql: migration1 + publicViews},
	{sql: migration2},
	{sql: migration3, then: keyedMetadata},
	{sql: migration4},
}

// storeVersion is the version that this program writes.
var storeVersion = int64(len(migrations))

// prepare checks whose file it is and brings it up to date.
func (s *Store) prepare() error {
	version, err := s.w.number("PRAGMA user_version")
	if err != nil {
		return err
	}
	app, err := s.w.number("PRAGMA application_id")
	if err != nil {
		return err
	}
	tables, err := s.w.number("SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return err
	}
	empty := tables == 0 && app == 0 && version == 0
	switch {
	case !empty && app != applicationID:
		return fmt.Errorf("%w: application_id is %#x", ErrForeign, app)
	case version > storeVersion:
		return fmt.Errorf("its version is %d, this program knows %d: %w", version, storeVersion, engine.ErrNewer)
	case version == storeVersion:
		return nil
	case s.ro:
		return fmt.Errorf("version %d has to be upgraded to %d first: %w", version, storeVersion, ErrReadOnly)
	}
	if !s.memory {
		// WAL is a lasting property of the file; other programs follow it.
		if err := s.w.script("PRAGMA journal_mode=WAL"); err != nil {
			return err
		}
	}
	if !empty {
		if err := s.backup(version); err != nil {
			return fmt.Errorf("backup before the upgrade: %w", err)
		}
	}
	return s.migrate()
}

// backup copies the store as it is before an upgrade, beside it.
func (s *Store) backup(version int64) error {
	path := fmt.Sprintf("%s.v%d.bak", s.path, version)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		path = fmt.Sprintf("%s.v%d.%d.bak", s.path, version, s.now().Unix())
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if _, _, err := s.w.exec("VACUUM INTO ?", path); err != nil {
		os.Remove(path)
		return err
	}
	s.log.Info("store backed up before its upgrade", "backup", path)
	return nil
}

// migrate runs the missing migrations in one transaction. Another program may
// have been quicker: the version counts inside.
func (s *Store) migrate() (err error) {
	if err := s.w.script("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.w.script("ROLLBACK") //nolint:errcheck // the first error is the one to tell
		}
	}()
	version, err := s.w.number("PRAGMA user_version")
	if err != nil {
		return err
	}
	for v := version; v < storeVersion; v++ {
		m := migrations[v]
		err := s.w.script(m.sql)
		if err == nil && m.then != nil {
			err = m.then(s.w)
		}
		if err != nil {
			return fmt.Errorf("migration to version %d: %w", v+1, err)
		}
	}
	if version == 0 {
		if err := s.found(); err != nil {
			return err
		}
	}
	if err := s.w.script(fmt.Sprintf("PRAGMA user_version=%d; PRAGMA application_id=%d; COMMIT", storeVersion, applicationID)); err != nil {
		return err
	}
	return nil
}

// found gives a new store its identity.
func (s *Store) found() error {
	id, err := s.newReplica()
	if err != nil {
		return err
	}
	dev, ino := s.home()
	if _, _, err := s.w.exec("INSERT INTO store (one, id, machine, device, inode, created) VALUES (1, ?, ?, ?, ?, ?)",
		id[:], s.host, dev, ino, s.now().UnixMilli()); err != nil {
		return err
	}
	for _, k := range kinds() {
		r, err := s.newReplica()
		if err != nil {
			return err
		}
		if _, _, err := s.w.exec("INSERT INTO scope (kind, replica) VALUES (?, ?)", k.Name(), r[:]); err != nil {
			return err
		}
	}
	return nil
}

// newReplica draws a random replica ID, as a version 4 UUID.
func (s *Store) newReplica() (engine.ReplicaID, error) {
	var id engine.ReplicaID
	if _, err := io.ReadFull(s.rand, id[:]); err != nil {
		return id, fmt.Errorf("replica ID: %w", err)
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id, nil
}

// home is where the store's file is: with the machine's ID it tells a copy from
// the original. Zero for a store in memory.
func (s *Store) home() (device, inode int64) {
	if s.memory {
		return 0, 0
	}
	fi, err := os.Stat(s.path)
	if err != nil {
		return 0, 0
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return int64(st.Dev), int64(st.Ino)
}
