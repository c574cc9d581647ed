package simple

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"sync"
	"time"

	"cradle/engine"
	"cradle/engine/metastore"
)

// Options of a provider. The zero value is meant for everyday use.
type Options struct {
	// Accept is shown a Brake and lets the session go on if it says so; nil: never.
	Accept func(Brake) bool
	// Deep reads every object, whatever its version field says.
	Deep bool
	// Blind leaves out the look at an object before it is overwritten or deleted,
	// and the one at what was written. For places that are known to keep what they
	// get and to tell every change.
	Blind bool
	Now   func() time.Time // nil: time.Now
	Rand  io.Reader        // nil: crypto/rand
}

// Provider is a place as a full participant of engine.Exchange, in the one scope of
// its schema.
type Provider struct {
	*engine.Full
	k *keeper
}

var _ engine.Provider = (*Provider)(nil)

// metadataVersion is the version of what this package keeps in the custom blobs of
// a metadata store.
const metadataVersion = 1

// New makes a provider of a place and of a store for its metadata, which belongs to
// it alone. A place that is a Writer can be written to, one that is a Log is asked
// for changes. Metadata of a newer program is engine.ErrNewer.
func New(ctx context.Context, schema engine.Schema, place Place, store metastore.Store, o Options) (*Provider, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if err := metastore.Upgrade(ctx, store, metadataVersion, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", schema.Name(), err)
	}
	k := &keeper{schema: schema, place: place, store: store, opt: o}
	k.writer, _ = place.(Writer)
	k.log, _ = place.(Log)
	return &Provider{engine.NewFull(k, []engine.Schema{schema}), k}, nil
}

// Failed lists the objects that the last Maintain could not read; they are tried
// again in the next one.
func (p *Provider) Failed() []engine.ItemError {
	p.k.mu.Lock()
	defer p.k.mu.Unlock()
	return p.k.failed
}

// Conflicts lists the logged conflicts in item order, the waiting ones included; the
// newest maxLogged of an item are kept.
func (p *Provider) Conflicts(ctx context.Context) ([]engine.Conflict, error) {
	var out []engine.Conflict
	err := p.k.store.View(ctx, func(r metastore.Reader) error {
		return p.k.each(r, func(rec *record) error {
			out = append(out, rec.conflicts...)
			return nil
		})
	})
	return out, err
}

// keeper is the engine.Keeper of a Provider.
type keeper struct {
	schema engine.Schema
	place  Place
	writer Writer // nil: the place can't be written to
	log    Log    // nil: it is listed
	store  metastore.Store
	opt    Options

	process sync.Mutex // of Process, around mu
	mu      sync.Mutex
	failed  []engine.ItemError
	// ahead is what Process announced for its whole batch.
	ahead map[engine.ItemID]*engine.ItemMeta
}

func (k *keeper) now() int64 { return k.opt.Now().UnixMilli() }

func (k *keeper) scope(scope string) error {
	if scope != k.schema.Name() {
		return fmt.Errorf("scope %q: this place has %s alone", scope, k.schema.Name())
	}
	return nil
}
