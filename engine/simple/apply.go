package simple

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"cradle/engine"
	"cradle/engine/metastore"
	"cradle/valuebag"
)

// Apply implements engine.Keeper. The place knows no transactions: each write is
// announced in the metadata first and done at once; metadata and knowledge are
// committed at the end. Whatever ends it in between leaves announcements, by which
// the next Settle recognises what was done.
func (k *keeper) Apply(ctx context.Context, scope string, fn func(engine.KeeperTx) error) error {
	if err := k.scope(scope); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	t := &applyTx{k: k, ctx: ctx, records: map[engine.ItemID]*record{}, dirty: map[engine.ItemID]bool{}, objects: map[engine.ItemID]Object{},
		early: map[engine.ItemID][]engine.Conflict{}, next: map[engine.ItemID]engine.Announcement{}, undecided: map[engine.ItemID]bool{}}
	err := k.store.View(ctx, func(r metastore.Reader) (err error) {
		t.rep, err = r.Replica()
		return err
	})
	if err != nil {
		return err
	}
	t.was = t.rep.Clone()
	if err := fn(t); err != nil {
		return err
	}
	return t.commit()
}

// applyTx is one Apply: records as they will be, over what is stored.
type applyTx struct {
	k        *keeper
	ctx      context.Context
	was, rep metastore.Replica
	records  map[engine.ItemID]*record // nil: removed
	dirty    map[engine.ItemID]bool
	objects  map[engine.ItemID]Object              // as read in this transaction, with their values
	early    map[engine.ItemID][]engine.Conflict   // of items that aren't here yet
	next     map[engine.ItemID]engine.Announcement // what an item's next write does
	// undecided: it isn't known what became of the write.
	undecided map[engine.ItemID]bool
}

var _ interface {
	engine.KeeperTx
	engine.Announcer
} = (*applyTx)(nil)

func (t *applyTx) commit() error {
	if len(t.dirty) == 0 && len(t.k.ahead) == 0 && t.rep.Equal(t.was) {
		return nil
	}
	return t.k.store.Update(t.ctx, func(tx metastore.Tx) error {
		now, err := tx.Replica()
		if err != nil {
			return err
		}
		if !now.Equal(t.was) {
			return metastore.ErrOvertaken
		}
		if err := tx.SetReplica(t.rep); err != nil {
			return err
		}
		if err := t.withdrawAhead(tx); err != nil {
			return err
		}
		for _, id := range slices.SortedFunc(maps.Keys(t.dirty), engine.ItemID.Compare) {
			r := t.records[id]
			if r == nil {
				if err := tx.Remove(id); err != nil {
					return err
				}
				continue
			}
			it, err := r.item()
			if err != nil {
				return err
			}
			if err := tx.Put(it); err != nil {
				return err
			}
		}
		return nil
	})
}

// record is what is kept of an item, the changes of this transaction included; nil
// when nothing is.
func (t *applyTx) record(id engine.ItemID) (*record, error) {
	if r, ok := t.records[id]; ok {
		return r, nil
	}
	var r *record
	err := t.k.store.View(t.ctx, func(rd metastore.Reader) (err error) {
		r, err = t.k.record(rd, id)
		r = t.k.stripped(r)
		return err
	})
	if err == nil {
		t.records[id] = r
	}
	return r, err
}

func (t *applyTx) set(id engine.ItemID, r *record) {
	t.records[id], t.dirty[id] = r, true
}

func (t *applyTx) Mint() (engine.Version, error) { return t.rep.Mint() }

func (t *applyTx) Meta(id engine.ItemID) (*engine.ItemMeta, error) {
	r, err := t.record(id)
	return r.known().Clone(), err
}

func (t *applyTx) Value(id engine.ItemID) (*valuebag.Values, error) {
	r, err := t.record(id)
	if err != nil || !r.live() {
		return nil, err
	}
	o, err := t.object(r)
	return o.Value, err
}

// object reads an item's object, which has to be as the metadata says: else it was
// changed since the last Settle, and is left for the next.
func (t *applyTx) object(r *record) (Object, error) {
	if o, ok := t.objects[r.meta.ID]; ok {
		return o, nil
	}
	o, err := t.k.place.Read(t.ctx, r.key)
	switch {
	case errors.Is(err, ErrNotFound):
		return Object{}, t.changed(r)
	case err != nil:
		return Object{}, t.wrap(r, err)
	case o.Value == nil:
		return Object{}, t.wrap(r, errors.New("the place gave no value"))
	case !same(r.meta.Units, engine.Describe(t.k.schema, o.Value)):
		return Object{}, t.changed(r)
	}
	o.Key = r.key
	t.objects[r.meta.ID] = o
	return o, nil
}

// changed has the next Settle look at an object.
func (t *applyTx) changed(r *record) error {
	c := r.clone()
	c.version = ""
	t.set(r.meta.ID, c)
	if t.k.log != nil {
		state, err := standingOf(t.rep.Custom)
		if err != nil {
			return err
		}
		if !slices.Contains(state.retry, r.key) {
			state.retry = append(state.retry, r.key)
			if t.rep.Custom, err = state.custom(); err != nil {
				return err
			}
		}
	}
	return engine.ErrChanged
}

// wrap makes an error of the place one of the item, unless it ends the session.
func (t *applyTx) wrap(r *record, err error) error {
	var ce *engine.ConstraintError
	if fatal(t.ctx, err) || errors.As(err, &ce) || errors.Is(err, engine.ErrChanged) {
		return err
	}
	return &engine.ItemError{Item: r.meta.ID, Path: r.key, Reason: err}
}

// Put implements engine.KeeperTx.
func (t *applyTx) Put(m *engine.ItemMeta, v *valuebag.Values) error {
	defer delete(t.next, m.ID)
	old, err := t.record(m.ID)
	if err != nil {
		return err
	}
	next := &record{meta: *m.Clone()}
	if old != nil {
		next.conflicts = slices.Clone(old.conflicts)
	}
	switch {
	case m.Deleted && old.live():
		err = t.remove(old, m)
	case m.Deleted:
	case v != nil:
		var o Object
		if o, err = t.write(old, m, v); err == nil {
			next.key, next.version = o.Key, o.Version
		}
	case old.live():
		next.key, next.version = old.key, old.version
	default:
		err = &engine.ItemError{Item: m.ID, Reason: errors.New("there is no value to be written")}
	}
	if err != nil {
		return err
	}
	next.log(t.early[m.ID]...)
	delete(t.early, m.ID)
	t.set(m.ID, next)
	return nil
}

// write creates or replaces an object.
func (t *applyTx) write(old *record, m *engine.ItemMeta, v *valuebag.Values) (Object, error) {
	at := &record{meta: engine.ItemMeta{ID: m.ID}}
	if old != nil {
		at = old
	}
	if t.k.writer == nil {
		return Object{}, t.wrap(at, ErrReadOnly)
	}
	if !old.live() && old.planned().Live() {
		// It may have been created before a crash, as an object that can't be read now.
		return Object{}, engine.ErrChanged
	}
	was, err := t.before(old)
	if err != nil {
		return Object{}, err
	}
	if err := t.announce(m); err != nil {
		return Object{}, err
	}
	var o Object
	if old.live() {
		o, err = t.k.writer.Update(t.ctx, was, v)
		if errors.Is(err, ErrNotFound) || errors.Is(err, engine.ErrChanged) {
			err = t.changed(old)
		}
		if err == nil && o.Key == "" {
			o.Key = was.Key
		}
	} else {
		o, err = t.k.writer.Create(t.ctx, v)
		if err == nil && o.Key == "" {
			err = errors.New("the place gave no key for what it created")
		}
	}
	if err != nil {
		return Object{}, t.wrap(at, t.withdraw(m.ID, err))
	}
	delete(t.objects, m.ID)
	if t.k.opt.Blind {
		return o, nil
	}
	back, err := t.k.place.Read(t.ctx, o.Key)
	if err == nil && (back.Value == nil || !same(engine.Describe(t.k.schema, v), engine.Describe(t.k.schema, back.Value))) {
		err = errors.New("the place did not keep it as it was written")
	}
	if err != nil {
		t.undecided[m.ID] = true
		key := ""
		if !old.live() {
			key = o.Key
		}
		if err := t.unsure(m.ID, key); err != nil {
			return Object{}, err
		}
		return Object{}, t.wrap(at, fmt.Errorf("reading it back: %w", err))
	}
	o.Version = back.Version
	return o, nil
}

// before looks at an object that is going to be replaced or deleted.
func (t *applyTx) before(old *record) (Object, error) {
	if !old.live() {
		return Object{}, nil
	}
	if t.k.opt.Blind && old.version != "" {
		return Object{Key: old.key, Version: old.version}, nil
	}
	o, err := t.object(old)
	o.Value = nil
	return o, err
}

func (t *applyTx) remove(old *record, m *engine.ItemMeta) error {
	if t.k.writer == nil {
		return t.wrap(old, ErrReadOnly)
	}
	was, err := t.before(old)
	if err != nil {
		return err
	}
	if err := t.announce(m); err != nil {
		return err
	}
	err = t.k.writer.Delete(t.ctx, was)
	switch {
	case errors.Is(err, ErrNotFound):
	case errors.Is(err, engine.ErrChanged):
		return t.withdraw(m.ID, t.changed(old))
	case err != nil:
		return t.wrap(old, t.withdraw(m.ID, err))
	}
	delete(t.objects, m.ID)
	return nil
}

// Announce implements engine.Announcer.
func (t *applyTx) Announce(item engine.ItemID, what engine.Announcement) {
	t.next[item] = what
}

// announce commits what an item is about to become, before it is written.
func (t *applyTx) announce(m *engine.ItemMeta) error {
	next := t.next[m.ID]
	if ahead := t.k.ahead[m.ID]; ahead != nil && ahead.Equal(m) && len(next.Settles) == 0 {
		return nil
	}
	return t.k.store.Update(t.ctx, func(tx metastore.Tx) error {
		r, err := t.k.record(tx, m.ID) // as stored: without what this transaction did
		if err != nil {
			return err
		}
		if r == nil {
			r = &record{meta: engine.ItemMeta{ID: m.ID}, fresh: true}
		}
		r.plan = &plan{tick: t.was.Tick, meta: *m.Clone(), what: next}
		it, err := r.item()
		if err != nil {
			return err
		}
		return tx.Put(it)
	})
}

// unsure notes that an announced write didn't come to what was written, and the key
// under which an item was created: what is there now may have been edited already, and
// without a UID nothing else tells whose it is. Or the place keeps less than it gets;
// then the item has to come again.
func (t *applyTx) unsure(id engine.ItemID, key string) error {
	return t.k.store.Update(t.ctx, func(tx metastore.Tx) error {
		r, err := t.k.record(tx, id)
		if err != nil || r == nil || r.plan == nil {
			return err
		}
		if key != "" {
			r.key = key
		}
		r.plan.what.Lesson = engine.Lesson{}
		it, err := r.item()
		if err != nil {
			return err
		}
		return tx.Put(it)
	})
}

// withdraw takes an announcement back after the place refused the write; cause is
// returned. After an error that ends the session it stands: the write may have been
// done.
func (t *applyTx) withdraw(id engine.ItemID, cause error) error {
	if fatal(t.ctx, cause) {
		return cause
	}
	delete(t.k.ahead, id)
	err := t.k.store.Update(t.ctx, func(tx metastore.Tx) error { return t.k.withdraw(tx, id) })
	return errors.Join(cause, err)
}

// Drop implements engine.KeeperTx.
func (t *applyTx) Drop(id engine.ItemID) error {
	r, err := t.record(id)
	if err != nil || r == nil {
		return err
	}
	if r.live() {
		// It teaches nothing: should this end before the commit, it is a deletion of this
		// replica's own, of which those hear who still have the item.
		t.Announce(id, engine.Announcement{})
		if err := t.remove(r, r.meta.Tombstone(r.meta.LifeVersion, 0)); err != nil {
			return err
		}
	}
	t.set(id, nil)
	return nil
}

// Range implements engine.KeeperTx.
func (t *applyTx) Range(low, high engine.ItemID) ([]engine.ItemID, error) {
	var ids []engine.ItemID
	err := t.k.store.View(t.ctx, func(r metastore.Reader) error {
		return t.k.each(r, func(rec *record) error {
			id := rec.meta.ID
			if _, here := t.records[id]; !here && rec.known() != nil && id.Compare(low) >= 0 && id.Compare(high) <= 0 {
				ids = append(ids, id)
			}
			return nil
		})
	})
	for id, r := range t.records {
		if r.known() != nil && id.Compare(low) >= 0 && id.Compare(high) <= 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, engine.ItemID.Compare)
	return ids, err
}

func (t *applyTx) Knowledge() (engine.Knowledge, error) { return t.rep.Knowledge, nil }

func (t *applyTx) SetKnowledge(k engine.Knowledge) error {
	t.rep.Knowledge = k
	return nil
}

func (t *applyTx) Forgotten() (engine.Knowledge, error) { return t.rep.Forgotten, nil }

func (t *applyTx) SetForgotten(k engine.Knowledge) error {
	t.rep.Forgotten = k
	return nil
}

func (t *applyTx) SetMark(source engine.ReplicaID, m engine.Mark) error {
	setMark(&t.rep, source, m)
	return nil
}

func setMark(rep *metastore.Replica, source engine.ReplicaID, m engine.Mark) {
	if was := rep.Marks[source]; was == m || was.Tick > m.Tick || source == rep.ID {
		return
	}
	rep.Marks = maps.Clone(rep.Marks)
	if rep.Marks == nil {
		rep.Marks = map[engine.ReplicaID]engine.Mark{}
	}
	rep.Marks[source] = m
}

// Open implements engine.KeeperTx.
func (t *applyTx) Open(source engine.ReplicaID, item engine.ItemID) ([]engine.Conflict, error) {
	r, err := t.record(item)
	if err != nil || r == nil {
		return nil, err
	}
	var open []engine.Conflict
	for _, c := range r.conflicts {
		if c.Peer == engine.PeerID(source) && c.State != engine.Settled {
			open = append(open, c)
		}
	}
	return open, nil
}

// Log implements engine.KeeperTx.
func (t *applyTx) Log(_ int64, c engine.Conflict) error {
	r, err := t.record(c.Item)
	if err != nil {
		return err
	}
	if r.known() == nil { // its tombstone comes next
		t.early[c.Item] = append(t.early[c.Item], c)
		return nil
	}
	r = r.clone()
	r.log(c)
	t.set(c.Item, r)
	return nil
}

// log keeps the newest maxLogged conflicts, each once: one that is found settled
// after a crash may be met again.
func (r *record) log(cs ...engine.Conflict) {
	for _, c := range cs {
		if !slices.ContainsFunc(r.conflicts, func(had engine.Conflict) bool { return sameClash(had, c) }) {
			r.conflicts = append(r.conflicts, c)
		}
	}
	if n := len(r.conflicts) - maxLogged; n > 0 {
		r.conflicts = r.conflicts[n:]
	}
}

func sameClash(a, b engine.Conflict) bool {
	return a.Unit == b.Unit && a.Peer == b.Peer && a.State == b.State && a.KeptSide == b.KeptSide && a.Store == b.Store && a.Phone == b.Phone
}

// Obsolete implements engine.KeeperTx: what waited is settled.
func (t *applyTx) Obsolete(item engine.ItemID, unit string) error {
	r, err := t.record(item)
	if err != nil || r == nil {
		return err
	}
	r = r.clone()
	for i := range r.conflicts {
		if c := &r.conflicts[i]; c.Unit == unit && c.State != engine.Settled {
			c.State = engine.Settled
			t.set(item, r)
		}
	}
	return nil
}
