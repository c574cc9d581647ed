package simple

import (
	"context"
	"fmt"
	"io"
	"slices"

	"cradle/engine"
	"cradle/engine/metastore"
)

var _ engine.Keeper = (*keeper)(nil)

// Replica implements engine.Keeper.
func (k *keeper) Replica(ctx context.Context, scope string) (engine.Replica, error) {
	if err := k.scope(scope); err != nil {
		return engine.Replica{}, err
	}
	var rep metastore.Replica
	err := k.store.View(ctx, func(r metastore.Reader) (err error) {
		rep, err = r.Replica()
		return err
	})
	return rep.Replica, err
}

// Changed implements engine.Keeper.
func (k *keeper) Changed(ctx context.Context, scope string, known engine.Knowledge) ([]engine.ItemID, error) {
	if err := k.scope(scope); err != nil {
		return nil, err
	}
	var ids []engine.ItemID
	err := k.store.View(ctx, func(r metastore.Reader) error {
		return k.each(r, func(rec *record) error {
			if m := rec.known(); m != nil && !m.KnownTo(known) {
				ids = append(ids, m.ID)
			}
			return nil
		})
	})
	return ids, err
}

// Read implements engine.Keeper. An item that can't be read, or isn't as its
// metadata says, comes without its value: it is not learned, and looked at by the
// next Settle.
func (k *keeper) Read(ctx context.Context, scope string, ids []engine.ItemID) ([]engine.Change, error) {
	if err := k.scope(scope); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var records []*record
	err := k.store.View(ctx, func(r metastore.Reader) error {
		for _, id := range ids {
			rec, err := k.record(r, id)
			if err != nil {
				return err
			}
			if rec.known() != nil {
				records = append(records, rec)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make([]engine.Change, 0, len(records))
	var stale []*record
	for _, rec := range records {
		c := engine.Change{Meta: &rec.meta}
		if rec.live() {
			o, err := k.place.Read(ctx, rec.key)
			if err != nil && fatal(ctx, err) {
				return nil, err
			}
			if err == nil && o.Value != nil && same(rec.meta.Units, engine.Describe(k.schema, o.Value)) {
				c.Value = o.Value
			} else if rec.version != "" {
				stale = append(stale, rec)
			}
		}
		out = append(out, c)
	}
	return out, k.lookAgain(ctx, stale)
}

// lookAgain has the objects of records read by the next Settle, whatever their
// version fields say.
func (k *keeper) lookAgain(ctx context.Context, records []*record) error {
	if len(records) == 0 {
		return nil
	}
	return k.store.Update(ctx, func(tx metastore.Tx) error {
		rep, err := tx.Replica()
		if err != nil {
			return err
		}
		state, err := standingOf(rep.Custom)
		if err != nil {
			return err
		}
		for _, rec := range records {
			rec = rec.clone()
			rec.version = ""
			state.retry = append(state.retry, rec.key)
			it, err := rec.item()
			if err != nil {
				return err
			}
			if err := tx.Put(it); err != nil {
				return err
			}
		}
		if k.log == nil {
			return nil // everything is listed anyway
		}
		if rep.Custom, err = state.custom(); err != nil {
			return err
		}
		return tx.SetReplica(rep)
	})
}

// record is what is kept of an item; nil when nothing is.
func (k *keeper) record(r metastore.Reader, id engine.ItemID) (*record, error) {
	it, err := r.Item(id)
	if err != nil || it == nil {
		return nil, err
	}
	rep, err := r.Replica()
	if err != nil {
		return nil, err
	}
	return recordOf(it, rep.ID)
}

// Mark implements engine.Keeper.
func (k *keeper) Mark(ctx context.Context, scope string) (engine.Mark, error) {
	var m engine.Mark
	if err := k.scope(scope); err != nil {
		return m, err
	}
	last := func(rep metastore.Replica) bool {
		n := len(rep.Given)
		if n == 0 || rep.Given[n-1].Tick < rep.Tick {
			return false
		}
		m = rep.Given[n-1]
		return true
	}
	found := false
	err := k.store.View(ctx, func(r metastore.Reader) error {
		rep, err := r.Replica()
		found = err == nil && last(rep)
		return err
	})
	if err != nil || found {
		return m, err
	}
	err = k.store.Update(ctx, func(tx metastore.Tx) error {
		rep, err := tx.Replica()
		if err != nil || last(rep) {
			return err
		}
		if _, err := io.ReadFull(k.opt.Rand, m.ID[:]); err != nil {
			return fmt.Errorf("mark: %w", err)
		}
		m.Tick = rep.Tick
		rep.Given = append(rep.Given, m)
		return tx.SetReplica(rep)
	})
	return m, err
}

// Renew implements engine.Keeper: metadata that was copied or restored from a
// backup gets a new replica ID (sync-model G17).
func (k *keeper) Renew(ctx context.Context, peers map[string]engine.Replica) error {
	peer, ok := peers[k.schema.Name()]
	if !ok {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var rep metastore.Replica
	err := k.store.View(ctx, func(r metastore.Reader) (err error) {
		rep, err = r.Replica()
		return err
	})
	if err != nil {
		return err
	}
	renew := isCopy(rep, peer)
	if !renew && (peer.Knowledge.Floor(rep.ID) >= rep.Tick || rep.Shared[peer.ID] == rep.Tick) {
		return nil
	}
	return k.store.Update(ctx, func(tx metastore.Tx) error {
		rep, err := tx.Replica()
		if err != nil {
			return err
		}
		if renew {
			if err := k.renew(tx, rep, peer); err != nil {
				return err
			}
			if rep, err = tx.Replica(); err != nil {
				return err
			}
		}
		if rep.Shared == nil {
			rep.Shared = map[engine.ReplicaID]uint64{}
		}
		rep.Shared[peer.ID] = rep.Tick
		return tx.SetReplica(rep)
	})
}

// isCopy reports whether the peer knows a later state of this replica.
func isCopy(rep metastore.Replica, peer engine.Replica) bool {
	if peer.ID == rep.ID || peer.Knowledge.Tick(rep.ID) > rep.Tick {
		return true
	}
	mark, ok := peer.Marks[rep.ID]
	if !ok {
		return false
	}
	return !slices.Contains(rep.Given, mark)
}

// renew takes a new replica ID: own versions that the peer was never sent as far as
// this replica knows are given again under it, and the knowledge of the rest of the
// old ID's is taken back.
func (k *keeper) renew(tx metastore.Tx, rep metastore.Replica, peer engine.Replica) error {
	old, floor := rep.ID, rep.Shared[peer.ID]
	fresh, err := metastore.Options{Rand: k.opt.Rand}.Found(true)
	if err != nil {
		return err
	}
	forgotten := rep.Forgotten
	rep.Knowledge, rep.Forgotten = rep.Knowledge.CapTick(old, floor), rep.Forgotten.CapTick(old, floor)
	lost := !rep.Forgotten.Equal(forgotten)
	rep.ID, rep.Tick, rep.Given, rep.Shared = fresh.ID, 0, nil, nil
	if err := tx.SetReplica(rep); err != nil {
		return err
	}
	if lost { // what was forgotten beyond goes on under a new tick
		v, err := tx.NextTick()
		if err != nil {
			return err
		}
		if rep, err = tx.Replica(); err != nil {
			return err
		}
		rep.Forgotten = rep.Forgotten.WithTick(v)
		if err := tx.SetReplica(rep); err != nil {
			return err
		}
	}
	return metastore.All(tx, func(it *metastore.Item) error {
		rec, err := recordOf(it, old)
		if err != nil {
			return err
		}
		above := rec.plan != nil
		if above { // of an object that could not be read since: its own versions are still to be minted
			eachVersion(&rec.plan.meta, func(v *engine.Version) {
				if v.IsPending() || v.Replica == old && v.Tick > floor {
					*v = engine.Version{Replica: fresh.ID, Tick: 1}
				}
			})
			rec.plan.tick, rec.plan.raw = 0, nil
		}
		eachVersion(&rec.meta, func(v *engine.Version) {
			if v.Replica == old && v.Tick > floor {
				*v, above = engine.Pending(fresh.ID), true
			}
		})
		if !above {
			return nil
		}
		if err := mint(&rec.meta, tx.NextTick); err != nil {
			return err
		}
		if it, err = rec.item(); err != nil {
			return err
		}
		return tx.Put(it)
	})
}
