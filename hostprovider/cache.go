package hostprovider

import (
	"bytes"
	"context"

	"cradle/engine"
)

// Cache is what the store remembers of a device's objects that were read
// although they may not have changed. It is read whole when it is first asked,
// and written by Flush; losing it costs time and nothing else.
type Cache struct {
	s      *Store
	device string
	known  map[spot]sight
	fresh  map[spot]sight
}

// spot is where an object lies, sight how it looked.
type spot struct{ storage, path string }

type sight struct {
	size, modified int64
	body           engine.Digest
	reason         string
}

// Cache gives the cache of one device, named by anything that lasts.
func (s *Store) Cache(device string) *Cache {
	return &Cache{s: s, device: device, fresh: map[spot]sight{}}
}

func (c *Cache) look(p engine.Place) (sight, bool) {
	at := spot{p.Storage, p.Path}
	if s, ok := c.fresh[at]; ok {
		return s, s.size == p.Size && s.modified == p.Modified
	}
	if c.known == nil {
		c.known = map[spot]sight{}
		// An unreadable cache is an empty one.
		_ = c.s.read(context.Background(), func(db *conn) error {
			return db.query(func(r row) error {
				s := sight{size: r.int(2), modified: r.int(3), reason: r.str(5)}
				copy(s.body[:], r.bytes(4))
				c.known[spot{r.str(0), r.str(1)}] = s
				return nil
			}, `SELECT storage, path, size, modified, body, reason FROM seen WHERE device = ?`, c.device)
		})
	}
	s, ok := c.known[at]
	return s, ok && s.size == p.Size && s.modified == p.Modified
}

// Known reports whether Remember was called for a place equal in every field.
func (c *Cache) Known(p engine.Place) bool {
	s, ok := c.look(p)
	return ok && s.reason == "" && s.body == p.Body
}

// Remember notes how an object looked and what its body was.
func (c *Cache) Remember(p engine.Place) {
	c.fresh[spot{p.Storage, p.Path}] = sight{size: p.Size, modified: p.Modified, body: p.Body}
}

// Failure tells why an object could not be taken when it looked like this.
func (c *Cache) Failure(p engine.Place) (string, bool) {
	s, ok := c.look(p)
	return s.reason, ok && s.reason != ""
}

// RememberFailure notes that an object could not be taken.
func (c *Cache) RememberFailure(p engine.Place, reason string) {
	c.fresh[spot{p.Storage, p.Path}] = sight{size: p.Size, modified: p.Modified, reason: reason}
}

// noteStorage is the storage of notes, which no device's has as its name.
const noteStorage = "\x00note"

// Note gives the text that KeepNote kept under a name; empty when there is none.
func (c *Cache) Note(name string) string {
	if s, ok := c.fresh[spot{noteStorage, name}]; ok {
		return s.reason
	}
	text := ""
	// Without the rest of the cache, which a run may never ask for. An unreadable one is
	// an empty one.
	_ = c.s.read(context.Background(), func(db *conn) error {
		_, err := db.one(func(r row) { text = r.str(0) }, `SELECT reason FROM seen WHERE device = ? AND storage = ? AND path = ?`, c.device, noteStorage, name)
		return err
	})
	return text
}

// KeepNote keeps a text about the device under a name.
func (c *Cache) KeepNote(name, text string) {
	if c.Note(name) != text {
		c.fresh[spot{noteStorage, name}] = sight{reason: text}
	}
}

// Flush writes what was remembered since. Without anything new it writes
// nothing; a store that is open for reading keeps nothing.
func (c *Cache) Flush(ctx context.Context) error {
	for at, s := range c.fresh {
		if old, ok := c.known[at]; ok && old.size == s.size && old.modified == s.modified && old.reason == s.reason && bytes.Equal(old.body[:], s.body[:]) {
			delete(c.fresh, at)
		}
	}
	if len(c.fresh) == 0 || c.s.ro || c.s.memory {
		return nil
	}
	return c.s.write(ctx, "cache", func(t *tx) error {
		for at, s := range c.fresh {
			var body, reason any = s.body[:], nil
			if s.reason != "" {
				body, reason = nil, s.reason
			}
			if _, _, err := t.c.exec(`INSERT INTO seen (device, storage, path, size, modified, body, reason) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (device, storage, path) DO UPDATE SET size = excluded.size, modified = excluded.modified, body = excluded.body, reason = excluded.reason`,
				c.device, at.storage, at.path, s.size, s.modified, body, reason); err != nil {
				return err
			}
		}
		return nil
	})
}
