package metastore

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"cradle/engine"
)

// Errors that a caller acts on. Metadata of a version that this program doesn't
// know is engine.ErrNewer.
var (
	// ErrDamaged: the stored metadata is cut, changed or forged. It says nothing
	// that can be relied on: keep it aside (Options.Recover), begin under a new
	// replica ID and enumerate everything.
	ErrDamaged = errors.New("the metadata is damaged")
	// ErrRefused: what was to be stored can't be true, which is a bug of the caller
	// or forged metadata of a peer. Nothing of it was stored.
	ErrRefused = errors.New("impossible metadata")
	// ErrOvertaken: another program changed the stored metadata since it was read.
	// Nothing was stored; the transaction can be made again.
	ErrOvertaken = errors.New("another program changed the metadata")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("the metadata store is closed")
)

// Store is the metadata of one replica. Its methods may be called by several
// goroutines; writing transactions wait for each other.
type Store interface {
	// View runs fn on one consistent state.
	View(ctx context.Context, fn func(Reader) error) error
	// Update runs fn in a transaction: all of it is durable when Update returns
	// nil, and nothing of it is kept when fn or Update fails or the program ends.
	// A transaction inside fn on the same store blocks for ever.
	Update(ctx context.Context, fn func(Tx) error) error
	// Close ends the use of the store; a second Close does nothing.
	Close() error
}

// Reader reads metadata. It is good until the function that was given it
// returns; what it gave may be kept and changed by the caller.
type Reader interface {
	Replica() (Replica, error)
	// Item is the metadata of one item; nil when it is unknown.
	Item(id engine.ItemID) (*Item, error)
	// Items gives up to limit items whose ID is at least from, in ID order,
	// tombstones included: the next page begins at the last ID's Next.
	Items(from engine.ItemID, limit int) ([]*Item, error)
	// Find gives the items that have a field with this value, in ID order.
	Find(field, value string) ([]*Item, error)
	// Count is the number of live items and of tombstones.
	Count() (live, dead int, err error)
}

// Tx is a Reader that changes metadata; it reads what it wrote.
type Tx interface {
	Reader
	// NextTick mints a version of the replica: the tick is durable with the
	// transaction and is never given again, and the replica's knowledge contains it
	// in every tile.
	NextTick() (engine.Version, error)
	// SetReplica replaces what is said of the replica. ErrRefused: the ID is zero,
	// the tick of the same ID would go back, or the knowledge has ticks of the
	// replica's own that were never minted.
	SetReplica(Replica) error
	// Put replaces an item's metadata, fields and blob. ErrRefused: the ID is zero,
	// a version is pending or an own one that was never minted, a unit is named
	// twice, or a field has no name.
	Put(*Item) error
	// Remove forgets an item without a trace; one that is unknown is no error.
	// Deleted items are Put as tombstones: see engine.ItemMeta.Tombstone.
	Remove(id engine.ItemID) error
	// Clear forgets all items.
	Clear() error
}

// Replica is what a store knows of the replica as a whole.
type Replica struct {
	engine.Replica
	// Given: the marks that went out with the replica's own changes, by tick; a peer
	// that has another one knows a replica of which this is a restored backup.
	Given []engine.Mark
	// Shared is the own tick up to which each other replica was sent changes.
	Shared map[engine.ReplicaID]uint64
	// ProviderVersion is that of the provider which wrote the metadata (Upgrade).
	ProviderVersion uint32
	// Custom is the provider's own, opaque to everybody else; empty by default.
	Custom []byte
}

// Item is the metadata of one item with what its provider adds. The winner of a
// merge is Meta.MergedInto.
type Item struct {
	Meta engine.ItemMeta
	// Fields are looked up by Find: any text or bytes by name, such as the handle,
	// path or etag that the item has at the provider.
	Fields map[string]string
	// Custom is the provider's own, opaque to everybody else.
	Custom []byte
}

// Clone returns a deep copy.
func (it *Item) Clone() *Item {
	if it == nil {
		return nil
	}
	c := &Item{Meta: *it.Meta.Clone(), Custom: bytes.Clone(it.Custom)}
	if len(it.Fields) > 0 {
		c.Fields = maps.Clone(it.Fields)
	}
	return c
}

// Equal reports whether both say the same.
func (it *Item) Equal(o *Item) bool {
	if it == nil || o == nil {
		return it == o
	}
	return it.Meta.Equal(&o.Meta) && maps.Equal(it.Fields, o.Fields) && bytes.Equal(it.Custom, o.Custom)
}

// Equal reports whether both say the same.
func (r Replica) Equal(o Replica) bool {
	return r.ID == o.ID && r.Tick == o.Tick && r.Knowledge.Equal(o.Knowledge) && r.Forgotten.Equal(o.Forgotten) &&
		maps.Equal(r.Marks, o.Marks) && slices.Equal(r.Given, o.Given) && maps.Equal(r.Shared, o.Shared) &&
		r.ProviderVersion == o.ProviderVersion && bytes.Equal(r.Custom, o.Custom)
}

// Clone returns a deep copy.
func (r Replica) Clone() Replica {
	r.Custom, r.Given, r.Marks, r.Shared = bytes.Clone(r.Custom), slices.Clone(r.Given), maps.Clone(r.Marks), maps.Clone(r.Shared)
	return r
}

// Options say how to open a store.
type Options struct {
	// ID names the replica when the store is new; zero draws one. An existing store
	// keeps the ID that it has.
	ID engine.ReplicaID
	// Rand gives the random bytes of a new ID; nil means crypto/rand.
	Rand io.Reader
	// Recover: damaged metadata is kept aside and a new store begun. Its replica ID
	// is drawn anew even if ID is set: nobody knows which ticks the old one gave.
	Recover bool
}

// Found gives a new store its replica; recovered says that it takes the place
// of a damaged one.
func (o Options) Found(recovered bool) (Replica, error) {
	if !o.ID.IsZero() && !recovered {
		return Replica{Replica: engine.Replica{ID: o.ID}}, nil
	}
	r := o.Rand
	if r == nil {
		r = rand.Reader
	}
	var id engine.ReplicaID
	if _, err := io.ReadFull(r, id[:]); err != nil {
		return Replica{}, fmt.Errorf("replica ID: %w", err)
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return Replica{Replica: engine.Replica{ID: id}}, nil
}

// pageSize is how many items All reads at once.
const pageSize = 256

// All calls yield for each item in ID order, a page at a time, until it gives an
// error. It sees what yield writes behind the page that it is at.
func All(r Reader, yield func(*Item) error) error {
	from := engine.MinItemID
	for {
		page, err := r.Items(from, pageSize)
		if err != nil {
			return err
		}
		for _, it := range page {
			if err := yield(it); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
		next, ok := Next(page[len(page)-1].Meta.ID)
		if !ok {
			return nil
		}
		from = next
	}
}

// Next is the item ID after id; false when id is the greatest.
func Next(id engine.ItemID) (engine.ItemID, bool) {
	for i := len(id) - 1; i >= 0; i-- {
		id[i]++
		if id[i] != 0 {
			return id, true
		}
	}
	return engine.MaxItemID, false
}

// Upgrade brings the metadata up to the provider's version in one transaction:
// fn, which may be nil, changes what an older version wrote. A new store takes the
// version without fn. Metadata of a newer version is engine.ErrNewer and stays as
// it is.
func Upgrade(ctx context.Context, s Store, version uint32, fn func(tx Tx, from uint32) error) error {
	have, fresh := uint32(0), false
	err := s.View(ctx, func(r Reader) error {
		rep, err := r.Replica()
		have = rep.ProviderVersion
		fresh = have == 0 && rep.Tick == 0 && rep.Knowledge.IsZero() && len(rep.Custom) == 0
		return err
	})
	if err != nil || have == version {
		return err
	}
	if have > version {
		return fmt.Errorf("the metadata is of version %d of its provider, this program has %d: %w", have, version, engine.ErrNewer)
	}
	return s.Update(ctx, func(tx Tx) error {
		if fn != nil && !fresh {
			if err := fn(tx, have); err != nil {
				return fmt.Errorf("upgrade of the metadata from version %d to %d of its provider: %w", have, version, err)
			}
		}
		rep, err := tx.Replica()
		if err != nil {
			return err
		}
		rep.ProviderVersion = version
		return tx.SetReplica(rep)
	})
}
