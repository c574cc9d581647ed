package simple

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cradle/engine"
	"cradle/engine/metastore"
)

// survey is one look at the place, compared with what is kept of it.
type survey struct {
	k     *keeper
	rep   metastore.Replica
	state standing // as it will be

	byID  map[engine.ItemID]*record
	byKey map[string]*record // live ones
	had   int                // live items before
	seen  map[engine.ItemID]bool
	dirty map[engine.ItemID]bool // changed records; those that aren't in byID any more are removed
	now   int64

	taught   []engine.Lesson // by announced writes that were done
	unknown  []Object        // with their values
	unread   int             // unknown ones that could not be read
	deletion int             // items that are gone unannounced
	failed   []engine.ItemError
}

// Settle compares the place with what is kept of it and gives each difference a
// version (the maintenance pass of sync-model §1.8). It commits nothing when it
// returns an error, and writes nothing when there is nothing new.
func (k *keeper) Settle(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := k.survey(ctx)
	if err != nil {
		return err
	}
	if err := s.look(ctx); err != nil {
		return fmt.Errorf("%s: %w", k.schema.Name(), err)
	}
	slices.SortFunc(s.unknown, func(a, b Object) int { return strings.Compare(a.Key, b.Key) })
	s.identify()
	s.missing()
	if braked(s.deletion, s.had) {
		b := Brake{Scope: k.schema.Name(), Deleted: s.deletion, Of: s.had}
		if k.opt.Accept == nil || !k.opt.Accept(b) {
			return &b
		}
	}
	if err := s.commit(ctx); err != nil {
		return fmt.Errorf("%s: %w", k.schema.Name(), err)
	}
	slices.SortFunc(s.failed, func(a, b engine.ItemError) int { return strings.Compare(a.Path, b.Path) })
	k.failed = s.failed
	return nil
}

// survey reads what is kept.
func (k *keeper) survey(ctx context.Context) (*survey, error) {
	s := &survey{k: k, byID: map[engine.ItemID]*record{}, byKey: map[string]*record{}, seen: map[engine.ItemID]bool{},
		dirty: map[engine.ItemID]bool{}, now: k.now()}
	err := k.store.View(ctx, func(r metastore.Reader) error {
		var err error
		if s.rep, err = r.Replica(); err != nil {
			return err
		}
		if s.state, err = standingOf(s.rep.Custom); err != nil {
			return err
		}
		return k.each(r, func(rec *record) error {
			s.byID[rec.meta.ID] = rec
			if rec.live() {
				s.had++
			}
			if rec.key != "" { // an item that is only announced has one if it is known to have been created
				s.byKey[rec.key] = rec
			}
			return nil
		})
	})
	return s, err
}

// look asks the place for its objects, or for those that changed.
func (s *survey) look(ctx context.Context) error {
	if s.k.log == nil {
		return s.lookAll(ctx)
	}
	if s.state.anchor != nil && !s.k.opt.Deep {
		err := s.lookChanges(ctx)
		if !errors.Is(err, ErrAnchor) {
			return err
		}
	}
	// What changes while it is listed comes once more.
	anchor, err := s.k.log.Anchor(ctx)
	if err != nil {
		return fmt.Errorf("asking for the anchor: %w", err)
	}
	if anchor == nil {
		anchor = []byte{}
	}
	if err := s.lookAll(ctx); err != nil {
		return err
	}
	s.state.anchor = anchor
	return nil
}

func (s *survey) lookAll(ctx context.Context) error {
	var objects []Object
	keys := map[string]bool{}
	err := s.k.place.List(ctx, func(o Object) error {
		if o.Key == "" || keys[o.Key] {
			return fmt.Errorf("the place lists the key %q twice or without a name: its listing can't be relied on", o.Key)
		}
		keys[o.Key] = true
		objects = append(objects, o)
		return ctx.Err()
	})
	if err != nil {
		return fmt.Errorf("listing the place, of which nothing is taken as deleted: %w", err)
	}
	s.state.retry = nil
	return s.objects(ctx, objects)
}

// objects looks at objects in order of their keys.
func (s *survey) objects(ctx context.Context, objects []Object) error {
	slices.SortFunc(objects, func(a, b Object) int { return strings.Compare(a.Key, b.Key) })
	for _, o := range objects {
		if err := s.object(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// object looks at one object; an error ends the session.
func (s *survey) object(ctx context.Context, o Object) error {
	r := s.byKey[o.Key]
	if r != nil {
		s.seen[r.meta.ID] = true
		if r.plan == nil && o.Version != "" && o.Version == r.version && !s.k.opt.Deep {
			return nil
		}
	}
	if o.Value == nil {
		read, err := s.k.place.Read(ctx, o.Key)
		switch {
		case err != nil && fatal(ctx, err):
			return err
		case errors.Is(err, ErrNotFound):
			return nil // it went meanwhile; the next look takes it as gone
		case err != nil || read.Value == nil:
			s.unreadable(r, o.Key, err)
			return nil
		}
		if read.Modified == 0 {
			read.Modified = o.Modified
		}
		read.Key = o.Key
		o = read
	}
	if r == nil {
		s.unknown = append(s.unknown, o)
		return nil
	}
	s.take(r, o, engine.Describe(s.k.schema, o.Value))
	return nil
}

// unreadable notes an object that is left as it was and looked at again next time.
func (s *survey) unreadable(r *record, key string, err error) {
	if err == nil {
		err = errors.New("the place gave no value")
	}
	fail := engine.ItemError{Path: key, Reason: err}
	if r != nil {
		fail.Item = r.meta.ID
	} else {
		s.unread++
	}
	s.failed = append(s.failed, fail)
	if s.k.log != nil {
		s.state.retry = append(s.state.retry, key)
	}
}

// take makes an object the one of a record.
func (s *survey) take(r *record, o Object, units []engine.UnitMeta) {
	s.seen[r.meta.ID] = true
	if r.live() && r.plan == nil && r.key == o.Key && same(r.meta.Units, units) {
		if r.version != o.Version { // no edit
			r.version = o.Version
			s.dirty[r.meta.ID] = true
		}
		return
	}
	edited := o.Modified
	if edited == 0 {
		edited = s.now
	}
	switch {
	case r.live() && same(r.meta.Units, units): // moved, or what was announced didn't happen
	default:
		r.settled()
		var planned *engine.ItemMeta
		if r.done(units) {
			planned = s.learn(r)
		}
		r.meta = s.revise(r.meta.ID, r.known(), planned, units, edited)
	}
	r.key, r.version, r.plan, r.fresh = o.Key, o.Version, nil, false
	s.dirty[r.meta.ID] = true
}

// settled logs what an announced write overwrote that was, or may have been, done.
func (r *record) settled() {
	if r.plan != nil {
		r.log(r.plan.what.Settles...)
	}
}

// learn takes in what an announced write taught that was done, and gives what the
// item became by it. It is nil where the write left a part undecided, or what came of
// it can't be told from an edit: versions that the replica doesn't know are never in
// its items, or nobody would notice that their maker was restored and makes them anew.
func (s *survey) learn(r *record) *engine.ItemMeta {
	if r.plan.what.Teaches.IsZero() {
		return nil
	}
	s.taught = append(s.taught, r.plan.what.Lesson)
	return &r.plan.meta
}

// done reports whether the announced write was done, of an object that is as units
// say now: nothing that it was to change is as it was before. The object may have been
// edited since.
func (r *record) done(units []engine.UnitMeta) bool {
	p := r.planned()
	switch {
	case !p.Live():
		return false
	case same(p.Units, units):
		return true
	case !r.live(): // its UID may have been given by another, too
		return r.key != ""
	}
	found := false
	check := func(planned, had engine.Digest, now *engine.UnitMeta) bool {
		var d engine.Digest
		if now != nil {
			d = now.Digest
		}
		found = found || d == planned && planned != had
		return planned == had || d != had
	}
	for i := range p.Units {
		u := &p.Units[i]
		var had engine.Digest
		if h := r.meta.Unit(u.Unit); h != nil {
			had = h.Digest
		}
		if !check(u.Digest, had, unitOf(units, u.Unit)) {
			return false
		}
	}
	return found
}

// missing deletes what wasn't seen, and forgets announcements that came to nothing.
func (s *survey) missing() {
	for _, id := range slices.SortedFunc(maps.Keys(s.byID), engine.ItemID.Compare) {
		r := s.byID[id]
		if s.seen[id] {
			continue
		}
		switch {
		case r.fresh && s.unread == 0:
			delete(s.byID, id)
			s.dirty[id] = true
		case r.fresh: // it may be one of those that could not be read
		case r.live():
			r.settled()
			if p := r.planned(); p != nil && p.Deleted {
				if p = s.learn(r); p == nil {
					p = r.meta.Tombstone(engine.Pending(s.rep.ID), s.now)
				}
				r.meta = *p
			} else {
				s.deletion++
				r.meta = *r.meta.Tombstone(engine.Pending(s.rep.ID), s.now)
			}
			r.key, r.version, r.plan = "", "", nil
			s.dirty[id] = true
		case r.plan != nil && s.unread == 0: // a re-creation that didn't happen
			r.key, r.plan = "", nil
			s.dirty[id] = true
		}
	}
}

// commit stores what changed, with a new version for each item, in ID order.
func (s *survey) commit(ctx context.Context) error {
	slices.Sort(s.state.retry)
	s.state.retry = slices.Compact(s.state.retry)
	custom, err := s.state.custom()
	if err != nil {
		return err
	}
	if len(s.dirty) == 0 && bytes.Equal(custom, s.rep.Custom) {
		return nil
	}
	return s.k.store.Update(ctx, func(tx metastore.Tx) error {
		rep, err := tx.Replica()
		if err != nil {
			return err
		}
		if !rep.Equal(s.rep) {
			return metastore.ErrOvertaken
		}
		for _, id := range slices.SortedFunc(maps.Keys(s.dirty), engine.ItemID.Compare) {
			r := s.byID[id]
			if r == nil {
				if err := tx.Remove(id); err != nil {
					return err
				}
				continue
			}
			if err := mint(&r.meta, tx.NextTick); err != nil {
				return err
			}
			it, err := r.item()
			if err != nil {
				return err
			}
			if err := tx.Put(it); err != nil {
				return err
			}
		}
		if rep, err = tx.Replica(); err != nil {
			return err
		}
		rep.Custom = custom
		for _, l := range s.taught {
			rep.Knowledge = rep.Knowledge.Union(l.Teaches)
			for r, m := range l.Marks {
				setMark(&rep, r, m)
			}
		}
		return tx.SetReplica(rep)
	})
}
