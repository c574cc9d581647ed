package hostprovider

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cradle/engine"
	"cradle/valuebag"
)

// ErrNoImages: the values before a run are no longer kept, or it was taken back.
var ErrNoImages = errors.New("this run can't be taken back")

// Undone is what an undo did.
type Undone struct {
	Run   int64 // the record of the undo, which can be undone too
	Peer  engine.PeerID
	Stats map[string]engine.Stats
	// Phone lists what the phone has to get back, in item order.
	Phone []engine.PutBack
	// Left are items that were changed since the run: they stay as they are.
	Left []Item
	// Held counts the units in which the sides differ now: neither learns the
	// other's, and nothing is asked.
	Held int
	// Unsent counts the live and deleted items with a change made here (by import, edit,
	// delete or SQL) that the run's phone hasn't got: it isn't part of any run, and stays.
	Unsent int
}

// image is an item's values before a run.
type image struct {
	scope        string
	id           engine.ItemID
	store, phone *side
}

type side struct {
	path  string
	value *valuebag.Values // nil: absent
}

// Undo takes a run back (0: the last one that isn't taken back and is no undo):
// each item that is as the run left it gets, in the store, the value or absence
// that it had before, as a new edit; what the phone had is listed for the session
// to put back. Where the sides differ then, the units are held. Knowledge never
// turns back.
func (s *Store) Undo(ctx context.Context, run int64) (Undone, error) {
	var u Undone
	err := s.change(ctx, "undo", func(t *tx) error {
		head, err := t.runToUndo(run)
		if err != nil {
			return err
		}
		images, known, err := t.images(head.ID)
		if err != nil {
			return err
		}
		u = Undone{Peer: head.Peer, Stats: map[string]engine.Stats{}}
		if u.Unsent, err = t.unsent(head.Peer); err != nil {
			return err
		}
		u.Run, err = t.startRun(engine.RunInfo{Peer: head.Peer, Phone: head.Phone, Undoes: head.ID})
		if err != nil {
			return err
		}
		for _, img := range images {
			if err := t.ctx.Err(); err != nil {
				return err
			}
			t.touchRun(u.Run, img.scope)
			if err := t.undoItem(&u, head, img, known[img.scope]); err != nil {
				return fmt.Errorf("run %d, item %s: %w", head.ID, img.id, err)
			}
		}
		for _, k := range kinds() {
			st, ok := u.Stats[k.Name()]
			if !ok {
				continue
			}
			sc, err := t.scope(k.Name())
			if err != nil {
				return err
			}
			if err := sc.CountRun(u.Run, k.Name(), st); err != nil {
				return err
			}
		}
		return nil
	})
	return u, err
}

// unsent counts the items with a version of the store's own that a phone hasn't met.
func (t *tx) unsent(peer engine.PeerID) (int, error) {
	total := 0
	for _, k := range kinds() {
		s, err := t.scope(k.Name())
		if err != nil {
			return 0, err
		}
		own, err := s.keys.replica(s.replica)
		if err != nil {
			return 0, err
		}
		n, err := t.c.number(`SELECT count(DISTINCT v.n) FROM version v JOIN item i ON i.n = v.n WHERE v.replica = ? AND i.kind = ?
			AND v.tick > (SELECT coalesce(max(shared), 0) FROM met WHERE peer = ? AND kind = ?)`, own, k.Name(), peer[:], k.Name())
		if err != nil {
			return 0, err
		}
		total += int(n)
	}
	return total, nil
}

// runToUndo finds the run and refuses one that is taken back already.
func (t *tx) runToUndo(id int64) (Run, error) {
	if id == 0 {
		n, err := t.c.number(`SELECT coalesce(max(id), 0) FROM run r WHERE undoes = 0 AND NOT EXISTS (
			SELECT 1 FROM run u WHERE u.undoes = r.id AND NOT EXISTS (SELECT 1 FROM run w WHERE w.undoes = u.id))`)
		if err != nil {
			return Run{}, err
		}
		if n == 0 {
			return Run{}, fmt.Errorf("no run is left to take back: %w", ErrNotFound)
		}
		id = n
	}
	var r Run
	found, err := t.c.one(func(w row) {
		r = Run{ID: w.int(0), Phone: w.str(2), Undoes: w.int(3)}
		copy(r.Peer[:], w.bytes(1))
	}, `SELECT id, peer, phone, undoes FROM run WHERE id = ?`, id)
	if err != nil {
		return r, err
	}
	if !found {
		return r, fmt.Errorf("run %d: %w", id, ErrNotFound)
	}
	by, err := t.c.number(`SELECT coalesce(max(id), 0) FROM run u WHERE undoes = ? AND NOT EXISTS (SELECT 1 FROM run w WHERE w.undoes = u.id)`, id)
	if err != nil {
		return r, err
	}
	if by != 0 {
		return r, fmt.Errorf("run %d was taken back by run %d: %w", id, by, ErrNoImages)
	}
	return r, nil
}

// images reads a run's pre-images in item order and what the store knew after it.
func (t *tx) images(run int64) ([]*image, map[string]engine.Knowledge, error) {
	var list []*image
	err := t.c.query(func(r row) error {
		id, err := engine.ParseItemID(r.str(1))
		if err != nil {
			return err
		}
		if n := len(list); n == 0 || list[n-1].id != id || list[n-1].scope != r.str(0) {
			list = append(list, &image{scope: r.str(0), id: id})
		}
		img := list[len(list)-1]
		sd := &side{path: r.str(3)}
		if !r.bool(4) {
			if sd.value, err = newValue(r.str(0), r.bytes(6), r.str(5)); err != nil {
				return fmt.Errorf("value of %s before the run: %w", id, err)
			}
		}
		if engine.Side(r.str(2)) == engine.ToPhone {
			img.phone = sd
		} else {
			img.store = sd
		}
		return nil
	}, `SELECT kind, item, side, path, absent, collection, text FROM preimage WHERE run = ? ORDER BY kind, item, side`, run)
	if err != nil {
		return nil, nil, err
	}
	// What it wanted back and the phone never got has no image, but is taken back.
	err = t.c.query(func(r row) error {
		id, err := engine.ParseItemID(r.str(1))
		if err == nil && !slices.ContainsFunc(list, func(i *image) bool { return i.id == id && i.scope == r.str(0) }) {
			list = append(list, &image{scope: r.str(0), id: id})
		}
		return err
	}, `SELECT kind, item FROM putback WHERE run = ? ORDER BY kind, item`, run)
	if err != nil {
		return nil, nil, err
	}
	if len(list) == 0 {
		return nil, nil, fmt.Errorf("run %d: its values are no longer kept: %w", run, ErrNoImages)
	}
	known := map[string]engine.Knowledge{}
	err = t.c.query(func(r row) error {
		k, err := parseKnowledge(r.bytes(1))
		known[r.str(0)] = k
		return err
	}, `SELECT kind, knowledge FROM run_scope WHERE run = ?`, run)
	return list, known, err
}

func newValue(scope string, text []byte, collection string) (*valuebag.Values, error) {
	k, err := kindOf(scope)
	if err != nil {
		return nil, err
	}
	return k.New(text, collection)
}

func (t *tx) undoItem(u *Undone, head Run, img *image, known engine.Knowledge) error {
	s, err := t.scope(img.scope)
	if err != nil {
		return err
	}
	it, err := s.item(img.id.String())
	if err != nil || it == nil {
		return err
	}
	if !it.meta.KnownTo(known) {
		u.Left = append(u.Left, Item{ID: img.id, UID: it.uid, Kind: img.scope, Collection: it.collection, Summary: it.summary})
		return nil
	}
	now, err := s.value(it)
	if err != nil {
		return err
	}
	waiting, err := t.c.number(`SELECT count(*) FROM putback WHERE peer = ? AND kind = ? AND item = ? AND run = ? AND done = 0`,
		head.Peer[:], img.scope, it.id, head.ID)
	if err != nil {
		return err
	}
	var phone *valuebag.Values
	var phoneMeta *engine.ItemMeta
	if waiting == 0 {
		phone, phoneMeta, err = s.onPhone(head.Peer, it, now)
	} else if phone, phoneMeta = now, it.meta; img.store != nil {
		phone = img.store.value // the phone never came: it has what both had before
	}
	if err != nil {
		return err
	}
	store := now
	if img.store != nil {
		store = img.store.value
		if err := s.putBefore(u, img.id, it, now, store); err != nil {
			return err
		}
	}
	switch {
	case waiting > 0: // what it wanted back never came to the phone
		if _, _, err := t.c.exec(`DELETE FROM putback WHERE peer = ? AND kind = ? AND item = ? AND run = ?`,
			head.Peer[:], img.scope, it.id, head.ID); err != nil {
			return err
		}
	case img.phone != nil:
		phone, phoneMeta = img.phone.value, nil
		if err := t.putBack(u, head.Peer, img); err != nil {
			return err
		}
	}
	return s.hold(u, head, img.id, store, phone, phoneMeta)
}

// onPhone is what the phone has of an item now: as the store, unless they are
// held apart. The metadata is that which the phone has.
func (s *scopeTx) onPhone(peer engine.PeerID, it *stored, now *valuebag.Values) (*valuebag.Values, *engine.ItemMeta, error) {
	value, meta := now, it.meta.Clone()
	var held []engine.Conflict
	err := s.c.query(func(r row) error {
		c, err := conflictRow(r)
		held = append(held, c)
		return err
	}, `SELECT `+conflictColumns+` FROM conflict WHERE kind = ? AND peer = ? AND item = ? AND state = 'held' AND obsolete IS NULL ORDER BY id`,
		s.kind.Name(), peer[:], it.id)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range held {
		switch {
		case c.Unit == engine.UnitDeleted:
			value = c.Lost
			meta.LifeVersion, meta.Deleted = c.Phone, c.Lost == nil
		case value != nil && c.Lost != nil:
			if value, err = s.unitOfOther(value, c.Lost, c.Unit); err != nil {
				return nil, nil, err
			}
			if u := meta.Unit(c.Unit); u != nil {
				u.Version = c.Phone
			}
		}
	}
	return value, meta, nil
}

func (s *scopeTx) unitOfOther(dst, src *valuebag.Values, unit string) (*valuebag.Values, error) {
	if unit == "collection" {
		return s.kind.SetCollection(dst, s.kind.Collection(src)), nil
	}
	return s.kind.Replace(dst, src, []string{unit})
}

// putBefore gives the store's item the value of before, as a new edit that the
// undo's record can take back.
func (s *scopeTx) putBefore(u *Undone, id engine.ItemID, it *stored, now, value *valuebag.Values) error {
	if now == nil && value == nil {
		return nil
	}
	if err := s.Before(u.Run, engine.PreImage{Side: engine.ToStore, Item: id, Value: now}); err != nil {
		return err
	}
	st := u.Stats[s.kind.Name()]
	switch {
	case value == nil:
		st.ToStore.Deleted++
		if err := s.remove(it); err != nil {
			return err
		}
	default:
		if now == nil {
			st.ToStore.Created++
		} else {
			st.ToStore.Updated++
		}
		if _, _, err := s.put(it, id, value); err != nil {
			return err
		}
	}
	u.Stats[s.kind.Name()] = st
	return nil
}

func (t *tx) putBack(u *Undone, peer engine.PeerID, img *image) error {
	p := engine.PutBack{Scope: img.scope, Item: img.id, Run: u.Run, Path: img.phone.path, Value: img.phone.value}
	u.Phone = append(u.Phone, p)
	k, err := kindOf(img.scope)
	if err != nil {
		return err
	}
	var text any
	collection := ""
	if p.Value != nil {
		text, collection = textColumn(k.Text(p.Value)), k.Collection(p.Value)
	}
	_, _, err = t.c.exec(`INSERT INTO putback (peer, kind, item, run, path, absent, collection, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (peer, kind, item) DO UPDATE SET run = excluded.run, path = excluded.path, absent = excluded.absent,
		collection = excluded.collection, text = excluded.text, done = 0`,
		peer[:], img.scope, img.id.String(), u.Run, p.Path, p.Value == nil, collection, text)
	return err
}

// hold logs the units in which the sides differ. phoneMeta is what the phone has;
// nil while the phone's value isn't put back and has no version.
func (s *scopeTx) hold(u *Undone, head Run, id engine.ItemID, store, phone *valuebag.Values, phoneMeta *engine.ItemMeta) error {
	if _, _, err := s.c.exec(`UPDATE conflict SET obsolete = ? WHERE kind = ? AND peer = ? AND item = ? AND state = 'held' AND obsolete IS NULL`,
		s.t.now, s.kind.Name(), head.Peer[:], id.String()); err != nil {
		return err
	}
	meta, err := s.Meta(id)
	if err != nil {
		return err
	}
	for _, unit := range s.differing(store, phone) {
		c := engine.Conflict{Peer: head.Peer, Item: id, Unit: unit, State: engine.Held, KeptSide: engine.ToStore, Lost: phone, Run: u.Run}
		c.Store, c.Phone = versionOf(meta, unit), versionOf(phoneMeta, unit)
		for _, v := range []*valuebag.Values{phone, store} {
			if v != nil {
				c.UID = s.kind.UID(v)
			}
		}
		if store != nil {
			c.KeptText = s.kind.UnitText(store, unit)
		}
		if phone != nil {
			c.LostText = s.kind.UnitText(phone, unit)
		}
		if err := s.t.log(s, c); err != nil {
			return err
		}
		u.Held++
	}
	return nil
}

func versionOf(m *engine.ItemMeta, unit string) engine.Version {
	if m == nil {
		return engine.Version{}
	}
	if unit == engine.UnitDeleted {
		return m.LifeVersion
	}
	if u := m.Unit(unit); u != nil {
		return u.Version
	}
	return engine.Version{}
}

// differing lists the units in which two values differ.
func (s *scopeTx) differing(a, b *valuebag.Values) []string {
	switch {
	case a == nil && b == nil:
		return nil
	case a == nil || b == nil:
		return []string{engine.UnitDeleted}
	}
	return slices.DeleteFunc(slices.Clone(s.kind.Units()), func(unit string) bool { return s.kind.Digest(a, unit) == s.kind.Digest(b, unit) })
}

// PutBacks lists what a phone has still to get back, in item order.
func (s *Store) PutBacks(ctx context.Context, scope string, peer engine.PeerID) ([]engine.PutBack, error) {
	var list []engine.PutBack
	err := s.read(ctx, func(c *conn) error {
		return c.query(func(r row) error {
			p := engine.PutBack{Scope: scope, Run: r.int(1), Path: r.str(2)}
			var err error
			if p.Item, err = engine.ParseItemID(r.str(0)); err != nil {
				return err
			}
			if !r.bool(3) {
				if p.Value, err = newValue(scope, r.bytes(5), r.str(4)); err != nil {
					return fmt.Errorf("value of %s to put back: %w", p.Item, err)
				}
			}
			list = append(list, p)
			return nil
		}, `SELECT item, run, path, absent, collection, text FROM putback WHERE peer = ? AND kind = ? ORDER BY item`, peer[:], scope)
	})
	return list, err
}

// PutBackDone notes that the phone has a value back, gets it now, or never will:
// its version there goes into the held conflicts of the item. With a version that
// this transaction minted the phone is still to be written: the value stays listed
// until SettleView says that the phone's state has it, so that a cable pulled in
// between loses nothing.
func (s *scopeTx) PutBackDone(peer engine.PeerID, item engine.ItemID, phone *engine.ItemMeta) error {
	sql := `DELETE FROM putback WHERE peer = ? AND kind = ? AND item = ?`
	if s.mintedHere(phone) {
		sql = `UPDATE putback SET done = 1 WHERE peer = ? AND kind = ? AND item = ?`
	}
	if _, _, err := s.c.exec(sql, peer[:], s.kind.Name(), item.String()); err != nil {
		return err
	}
	var open []engine.Conflict
	err := s.c.query(func(r row) error {
		c, err := conflictRow(r)
		open = append(open, c)
		return err
	}, `SELECT `+conflictColumns+` FROM conflict WHERE kind = ? AND peer = ? AND item = ? AND state = 'held' AND obsolete IS NULL`,
		s.kind.Name(), peer[:], item.String())
	if err != nil {
		return err
	}
	for _, c := range open {
		v := versionOf(phone, c.Unit)
		if _, _, err := s.c.exec(`UPDATE conflict SET phone_replica = ?, phone_tick = ? WHERE id = ?`, v.Replica[:], v.Tick, c.ID); err != nil {
			return err
		}
	}
	return nil
}

// mintedHere reports whether an item has a proxy's version that this transaction
// minted.
func (s *scopeTx) mintedHere(m *engine.ItemMeta) bool {
	if m == nil {
		return false
	}
	for _, v := range m.EachVersion {
		if s.dirtyProxy[v.Replica] && v.Tick > s.proxiesBefore[v.Replica] {
			return true
		}
	}
	return false
}

// settlePutBacks takes what the phone's state now has from the list, and counts
// it in the undo's record.
func (s *scopeTx) settlePutBacks(peer engine.PeerID, ids []engine.ItemID) error {
	type written struct {
		run    int64
		absent bool
	}
	done := map[string]written{}
	err := s.c.query(func(r row) error {
		done[r.str(0)] = written{r.int(1), r.bool(2)}
		return nil
	}, `SELECT item, run, absent FROM putback WHERE peer = ? AND kind = ? AND done = 1`, peer[:], s.kind.Name())
	if err != nil || len(done) == 0 {
		return err
	}
	counts := map[int64]engine.Moves{}
	for _, id := range ids {
		w, ok := done[id.String()]
		if !ok {
			continue
		}
		delete(done, id.String())
		if _, _, err := s.c.exec(`DELETE FROM putback WHERE peer = ? AND kind = ? AND item = ?`, peer[:], s.kind.Name(), id.String()); err != nil {
			return err
		}
		had := false
		if _, err := s.c.one(func(r row) { had = !r.bool(0) },
			`SELECT absent FROM preimage WHERE run = ? AND side = 'phone' AND kind = ? AND item = ?`, w.run, s.kind.Name(), id.String()); err != nil {
			return err
		}
		m := counts[w.run]
		switch {
		case w.absent:
			m.Deleted++
		case had:
			m.Updated++
		default:
			m.Created++
		}
		counts[w.run] = m
	}
	for run, m := range counts {
		if err := s.addToPhone(run, m); err != nil {
			return err
		}
	}
	return nil
}
