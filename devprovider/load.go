package devprovider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"cradle/engine"
	"cradle/valuebag"
)

// writeOverBundle writes an item that lay in a bundle to a file of its own. The
// bundle stays as it is; its copy no longer counts.
func (f *Folder) writeOverBundle(ctx context.Context, scope string, w engine.Write, p *writePlan) (engine.Place, error) {
	if err := f.leaveBundle(ctx, scope, w.ID, *w.Old); err != nil {
		return engine.Place{}, err
	}
	return f.create(ctx, w.ID, p)
}

// leaveBundle remembers that a bundle's copy of an item no longer counts.
func (f *Folder) leaveBundle(ctx context.Context, scope string, id engine.ItemID, old engine.Place) error {
	v, err := f.loadBundle(ctx, scope, id, old)
	if err != nil {
		return err
	}
	f.supersede(superseded{scope, id, contentOf(engine.Describe(f.kinds[scope], v))})
	o := f.seen[spotOf(old)]
	f.keepBundle(&file{
		spot: spotOf(old), entry: Entry{Size: o.size, Modified: o.modified}, body: o.body,
	})
	return nil
}

// Remove takes an object away. An item of a bundle is only remembered as removed.
func (f *Folder) Remove(ctx context.Context, scope string, id engine.ItemID, old engine.Place) error {
	if f.kinds[scope] == nil {
		return fmt.Errorf("a removal of %q: no such kind", scope)
	}
	if err := f.begin(ctx); err != nil {
		return f.itemError(ctx, id, old.Path, err)
	}
	at := f.actual(spotOf(old))
	old.Path = at.path
	if old.Bundle {
		return f.itemError(ctx, id, old.Path, f.leaveBundle(ctx, scope, id, old))
	}
	if err := f.unchanged(ctx, old); err != nil {
		return f.itemError(ctx, id, old.Path, err)
	}
	return f.itemError(ctx, id, old.Path, f.remove(ctx, at.storage, at.path))
}

// Load reads an item as it is now.
func (f *Folder) Load(ctx context.Context, scope string, id engine.ItemID, place engine.Place) (*valuebag.Values, error) {
	k := f.kinds[scope]
	if k == nil {
		return nil, fmt.Errorf("reading %q: no such kind", scope)
	}
	final := place.Path
	at := f.actual(spotOf(place))
	place.Path = at.path
	if place.Bundle {
		v, err := f.loadBundle(ctx, scope, id, place)
		return v, f.itemError(ctx, id, final, err)
	}
	f.bodies++
	data, err := f.store.Read(ctx, at.storage, at.path, maxObject)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", at.path, engine.ErrChanged)
	}
	if err != nil {
		return nil, f.itemError(ctx, id, final, err)
	}
	if !place.Body.IsZero() && bodyDigest(data) != place.Body {
		return nil, fmt.Errorf("%s: %w", at.path, engine.ErrChanged)
	}
	b := f.parse(data, final, f.collectionAt(spot{at.storage, parent(final)}), func(sc string) bool { return sc == scope })
	if f.state.shadows[itemKey{scope, id}] != nil || f.fresh[itemKey{scope, id}] != nil {
		b = f.asOne(b, data, f.collectionAt(spot{at.storage, parent(final)}))
	}
	switch {
	case b.torn: // and it was so when the state was written
		return nil, &engine.ItemError{Item: id, Path: final, Reason: engine.ErrTorn}
	case b.bundle || len(b.items) != 1:
		return nil, &engine.ItemError{Item: id, Path: final, Reason: fmt.Errorf("%d items in a file of one", len(b.items))}
	}
	return f.loadWhole(ctx, itemKey{scope, id}, bodyDigest(data), b.items[0].value)
}

// loadWhole makes an item whole that the device stores in part.
func (f *Folder) loadWhole(ctx context.Context, key itemKey, body engine.Digest, raw *valuebag.Values) (*valuebag.Values, error) {
	if r, ok := f.restored[key]; ok && r.body == body {
		return r.full, nil
	}
	sh := f.state.shadows[key]
	if now, ok := f.fresh[key]; ok && (now != nil || sh == nil || sh.body != body) {
		sh = now
	}
	if sh == nil {
		return raw, nil
	}
	k := f.kinds[key.scope]
	full, err := f.readWhole(ctx, key.scope, wholeKey{key.id, sh.sent})
	if err != nil && !f.ends(ctx, err) && f.items != nil {
		values, err := f.items.Items(ctx, key.scope, []engine.ItemID{key.id})
		if err != nil {
			return nil, err
		}
		if v := values[key.id]; v != nil {
			return k.Incoming(v, f.heldOf(key, v), raw)
		}
	}
	if err != nil {
		return nil, f.itemError(ctx, key.id, "", err)
	}
	if sh.body == body {
		return k.SetCollection(full, k.Collection(raw)), nil
	}
	held, err := sh.units()
	if err != nil {
		return nil, f.itemError(ctx, key.id, "", err)
	}
	return k.Incoming(full, held, raw)
}

// loadBundle reads one item of a bundle.
func (f *Folder) loadBundle(ctx context.Context, scope string, id engine.ItemID, place engine.Place) (*valuebag.Values, error) {
	at := spotOf(place)
	b := f.bundles[at]
	if b == nil || b.body != place.Body {
		f.bodies++
		data, err := f.store.Read(ctx, at.storage, at.path, maxObject)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w", at.path, engine.ErrChanged)
		}
		if err != nil {
			return nil, err
		}
		if bodyDigest(data) != place.Body {
			return nil, fmt.Errorf("%s: %w", at.path, engine.ErrChanged)
		}
		b = f.indexBundle(at, place.Body, data)
	}
	it := b.items[itemKey{scope, id}]
	if it == nil {
		return nil, fmt.Errorf("%s: %w", at.path, engine.ErrChanged)
	}
	return it.value, nil
}
