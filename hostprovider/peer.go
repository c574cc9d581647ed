package hostprovider

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"cradle/engine"
)

// Admit compares what a peer's state says with what this store knows of itself.
// A store that is a copy of another, or was restored from a backup, would be a
// second writer under the same replica IDs: it takes new ones here (sync-model
// G17). Pending edits are settled first.
func (s *Store) Admit(ctx context.Context, peer engine.PeerFacts) (engine.Meeting, error) {
	if err := s.Settle(ctx); err != nil {
		return engine.Meeting{}, err
	}
	m := engine.Meeting{}
	var why string
	var moved bool
	err := s.read(ctx, func(c *conn) error {
		if _, err := c.one(func(r row) { copy(m.StoreID[:], r.bytes(0)) }, `SELECT id FROM store`); err != nil {
			return err
		}
		known, err := c.number(`SELECT count(*) FROM peer WHERE known = 1 AND CASE WHEN ?2 = '' THEN id = ?1 ELSE serial = ?2 END`, peer.ID[:], peer.Serial)
		if err != nil {
			return err
		}
		m.Known = known > 0
		forgot, err := c.number(`SELECT count(*) FROM peer WHERE known = 2 AND CASE WHEN ?2 = '' THEN id = ?1 ELSE serial = ?2 END`, peer.ID[:], peer.Serial)
		if err != nil {
			return err
		}
		m.Forgot = forgot > 0 && !m.Known
		if mark, ok := peer.Marks[m.StoreID]; ok {
			older, err := c.number(`SELECT count(*) FROM mark m, peer p WHERE m.mark = ? AND p.id = ? AND m.seq < p.mark`, mark[:], peer.ID[:])
			if err != nil {
				return err
			}
			m.Older = older > 0
		} else if peer.HasState {
			marked, err := c.number(`SELECT count(*) FROM peer WHERE id = ? AND mark > 0`, peer.ID[:])
			if err != nil {
				return err
			}
			m.Unmarked = marked > 0
		}
		why, moved, err = s.isCopy(c, m.StoreID, peer)
		return err
	})
	if err != nil || why == "" || s.ro {
		return m, err
	}
	s.log.Info("the store is a copy or was restored: it takes a new identity", "why", why)
	err = s.write(ctx, "renew", func(t *tx) error {
		m.StoreID, err = t.renew(peer, moved)
		return err
	})
	m.Renewed = err == nil
	return m, err
}

// isCopy says what shows that this file isn't the one that took its identity, or
// is an older one of it; "" when nothing does. moved: the file isn't where it was
// made, as against what the phone tells.
func (s *Store) isCopy(c *conn, id engine.ReplicaID, peer engine.PeerFacts) (why string, moved bool, err error) {
	var machine string
	var inode int64
	if _, err := c.one(func(r row) { machine, inode = r.str(0), r.int(1) }, `SELECT machine, inode FROM store`); err != nil {
		return "", false, err
	}
	// Device numbers change from one start of a computer to the next; the inode of
	// a copy differs on its own file system and as good as surely on another.
	if _, ino := s.home(); machine != s.host || inode != ino {
		return "it is not where it was made", true, nil
	}
	if mark, ok := peer.Marks[id]; ok {
		n, err := c.number(`SELECT count(*) FROM mark WHERE mark = ?`, mark[:])
		if err != nil {
			return "", false, err
		}
		if n == 0 {
			return "the phone names a session that it doesn't know", false, nil
		}
	}
	for _, k := range kinds() {
		var st scopeState
		if err := st.load(c, k.Name()); err != nil {
			return "", false, err
		}
		if mark, ok := peer.Given[k.Name()][st.replica]; ok {
			n, err := c.number(`SELECT count(*) FROM given WHERE kind = ? AND mark = ?`, k.Name(), mark.ID[:])
			if err != nil {
				return "", false, err
			}
			if n == 0 {
				return "the other store names changes that it doesn't know", false, nil
			}
		}
		theirs := func(r engine.ReplicaID) uint64 { return peer.Claimed(k.Name(), r) }
		if theirs(st.replica) > st.tick {
			return "the phone knows later edits of it", false, nil
		}
		proxy := engine.ProxyID(st.replica, peer.ID)
		if theirs(proxy) > st.proxies[proxy] {
			return "the phone knows later edits made on the phone", false, nil
		}
		for r, tick := range st.proxies {
			if theirs(r) > tick {
				return "the phone knows later edits made on phones", false, nil
			}
		}
	}
	return "", false, nil
}

// renew gives the store new replica IDs. What it knows of its old ID falls back
// to what it ever put into a committed session, what it knows of its old proxies
// to what the phones' states hold; every version beyond is minted again under
// the new ID, in the old order. The views of phones may tell of another's
// sessions: they go. It is the one place where knowledge shrinks.
func (t *tx) renew(peer engine.PeerFacts, moved bool) (engine.ReplicaID, error) {
	id, err := t.s.newReplica()
	if err != nil {
		return id, err
	}
	for _, k := range kinds() {
		s, err := t.scope(k.Name())
		if err != nil {
			return id, err
		}
		if err := s.renew(peer, moved); err != nil {
			return id, fmt.Errorf("renewing %s: %w", k.Name(), err)
		}
	}
	dev, ino := t.s.home()
	_, _, err = t.c.exec(`UPDATE store SET id = ?, machine = ?, device = ?, inode = ?`, id[:], t.s.host, dev, ino)
	return id, err
}

func (s *scopeTx) renew(peer engine.PeerFacts, moved bool) error {
	limits, err := s.limits(peer, moved)
	if err != nil {
		return err
	}
	fresh, err := s.t.s.newReplica()
	if err != nil {
		return err
	}
	k := s.known()
	for _, r := range sortedReplicas(limits) {
		k = k.CapTick(r, limits[r])
	}
	beyond, err := s.beyond(limits)
	if err != nil {
		return err
	}
	s.replica, s.tick, s.shared, s.knowledge, s.dirty = fresh, 0, 0, k, true
	s.proxies, s.dirtyProxy = map[engine.ReplicaID]uint64{}, nil
	for _, table := range []string{"proxy", "view", "given", "met"} {
		if _, _, err := s.c.exec(`DELETE FROM `+table+` WHERE kind = ?`, s.kind.Name()); err != nil {
			return err
		}
	}
	again := make(map[engine.Version]engine.Version, len(beyond))
	for _, v := range beyond {
		if again[v], err = s.Mint(); err != nil {
			return err
		}
	}
	// What was forgotten beyond goes on under a new tick, that others can come to know.
	forgotten := s.forgotten
	for _, r := range sortedReplicas(limits) {
		forgotten = forgotten.CapTick(r, limits[r])
	}
	if !forgotten.Equal(s.forgotten) {
		v, err := s.Mint()
		if err != nil {
			return err
		}
		s.forgotten = forgotten.WithTick(v)
	}
	return s.relabel(again)
}

// limits says up to which tick the versions of the old replica and its proxies
// stay as they are. A copy forked after the last session; a restored store may go
// back to the last session with the phone that told, and have used ticks twice
// since with phones that could not tell.
func (s *scopeTx) limits(peer engine.PeerFacts, moved bool) (map[engine.ReplicaID]uint64, error) {
	limits := map[engine.ReplicaID]uint64{s.replica: s.shared}
	if !moved {
		n, err := s.c.number(`SELECT coalesce(max(shared), 0) FROM met WHERE peer = ? AND kind = ?`, peer.ID[:], s.kind.Name())
		if err != nil {
			return nil, err
		}
		limits[s.replica] = uint64(n)
	}
	theirs := peer.Knowledge[s.kind.Name()]
	here := engine.ProxyID(s.replica, peer.ID)
	err := s.c.query(func(r row) error {
		id := engine.ReplicaID(r.bytes(0))
		limits[id] = uint64(r.int(2)) // of a phone that isn't here: what went into its state
		if id == here {
			limits[id] = min(uint64(r.int(1)), theirs.Tick(id))
		}
		return nil
	}, `SELECT replica, tick, shared FROM proxy WHERE kind = ? AND length(replica) = 16`, s.kind.Name())
	return limits, err
}

// beyond lists every version of an item, element or open conflict that is beyond
// the limits, ordered by tick.
func (s *scopeTx) beyond(limits map[engine.ReplicaID]uint64) ([]engine.Version, error) {
	found := map[engine.Version]bool{}
	see := func(v engine.Version) {
		if limit, ours := limits[v.Replica]; ours && v.Tick > limit {
			found[v] = true
		}
	}
	err := s.eachMeta(func(_ int64, m *engine.ItemMeta) error {
		eachVersion(m, func(v *engine.Version) { see(*v) })
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = s.c.query(func(r row) error {
		for _, i := range []int{0, 2} {
			var v engine.Version
			copy(v.Replica[:], r.bytes(i))
			v.Tick = uint64(r.int(i + 1))
			see(v)
		}
		return nil
	}, `SELECT store_replica, store_tick, phone_replica, phone_tick FROM conflict WHERE kind = ? AND obsolete IS NULL`, s.kind.Name())
	vs := make([]engine.Version, 0, len(found))
	for v := range found {
		vs = append(vs, v)
	}
	slices.SortFunc(vs, engine.Version.Compare)
	return vs, err
}

// eachMeta visits the metadata of all items of the scope.
func (s *scopeTx) eachMeta(fn func(n int64, m *engine.ItemMeta) error) error {
	return s.c.query(func(r row) error {
		var m engine.ItemMeta
		if err := s.keys.unmarshal(r.bytes(1), &m); err != nil {
			return fmt.Errorf("item %d: %w", r.int(0), err)
		}
		return fn(r.int(0), &m)
	}, `SELECT n, meta FROM item WHERE kind = ? AND meta IS NOT NULL ORDER BY n`, s.kind.Name())
}

func eachVersion(m *engine.ItemMeta, fn func(*engine.Version)) {
	fn(&m.Creation)
	fn(&m.LifeVersion)
	for i := range m.Units {
		fn(&m.Units[i].Version)
		for j := range m.Units[i].Elements {
			fn(&m.Units[i].Elements[j].Added)
		}
	}
}

// relabel replaces versions in items and open conflicts.
func (s *scopeTx) relabel(again map[engine.Version]engine.Version) error {
	if len(again) == 0 {
		return nil
	}
	type change struct {
		n    int64
		old  *engine.ItemMeta
		meta *engine.ItemMeta
	}
	var changes []change
	err := s.eachMeta(func(n int64, m *engine.ItemMeta) error {
		old := m.Clone()
		hit := false
		eachVersion(m, func(v *engine.Version) {
			if w, ok := again[*v]; ok {
				*v, hit = w, true
			}
		})
		if hit {
			changes = append(changes, change{n, old, m})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range changes {
		blob, err := s.keys.marshal(c.meta)
		if err != nil {
			return err
		}
		if err := s.dropVersions(&stored{n: c.n, meta: c.old}); err != nil {
			return err
		}
		if err := s.addVersions(c.n, c.meta); err != nil {
			return err
		}
		if _, _, err := s.c.exec(`UPDATE item SET meta = ? WHERE n = ?`, blob, c.n); err != nil {
			return err
		}
	}
	olds := make([]engine.Version, 0, len(again))
	for v := range again {
		olds = append(olds, v)
	}
	slices.SortFunc(olds, engine.Version.Compare)
	for _, v := range olds {
		w := again[v]
		for _, side := range []string{"store", "phone"} {
			if _, _, err := s.c.exec(`UPDATE conflict SET `+side+`_replica = ?, `+side+`_tick = ?
				WHERE obsolete IS NULL AND kind = ? AND `+side+`_replica = ? AND `+side+`_tick = ?`,
				w.Replica[:], w.Tick, s.kind.Name(), v.Replica[:], v.Tick); err != nil {
				return err
			}
		}
	}
	return nil
}

// Commit marks that a session with the peer was committed. It comes before the
// peer's state is written with that mark.
func (s *scopeTx) Commit(peer engine.PeerFacts, mark [16]byte, shared uint64) error {
	n, err := s.t.peer(peer.ID)
	if err != nil {
		return err
	}
	if _, _, err := s.c.exec(`UPDATE peer SET known = 1, serial = ?, name = ?, last = ? WHERE n = ?`, peer.Serial, peer.Name, s.t.now, n); err != nil {
		return err
	}
	if _, _, err := s.c.exec(`INSERT OR IGNORE INTO mark (mark, peer, at) VALUES (?, ?, ?)`, mark[:], peer.ID[:], s.t.now); err != nil {
		return err
	}
	if shared = min(shared, s.tick); shared > s.shared {
		s.shared, s.dirty = shared, true
	}
	if _, _, err := s.c.exec(`INSERT INTO met (peer, kind, shared) VALUES (?, ?, ?) ON CONFLICT (peer, kind) DO UPDATE SET shared = excluded.shared`,
		peer.ID[:], s.kind.Name(), shared); err != nil {
		return err
	}
	proxy := engine.ProxyID(s.replica, peer.ID)
	if s.proxies[proxy] == 0 {
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	_, _, err = s.c.exec(`UPDATE proxy SET shared = tick WHERE kind = ? AND replica = ?`, s.kind.Name(), proxy[:])
	return err
}

// Phone is what the store knows of a phone.
type Phone struct {
	ID     engine.PeerID
	Serial string
	Name   string
	Last   time.Time // of the last committed session; zero: never
}

// Phones lists the phones that this store met and did not forget, the latest
// first.
func (s *Store) Phones(ctx context.Context) ([]Phone, error) {
	var phones []Phone
	err := s.read(ctx, func(c *conn) error {
		return c.query(func(r row) error {
			p := Phone{Serial: r.str(1), Name: r.str(2)}
			copy(p.ID[:], r.bytes(0))
			if r.int(3) > 0 {
				p.Last = time.UnixMilli(r.int(3)).UTC()
			}
			phones = append(phones, p)
			return nil
		}, `SELECT id, serial, name, last FROM peer WHERE known = 1 ORDER BY last DESC, n`)
	})
	return phones, err
}

// PhoneNames are the names of all phones that the store ever met, by their IDs: of several
// of one name with the serial number, of one without a name that alone.
func (s *Store) PhoneNames(ctx context.Context) (map[engine.PeerID]string, error) {
	names, times := map[engine.PeerID]string{}, map[string]int{}
	serials := map[engine.PeerID]string{}
	err := s.read(ctx, func(c *conn) error {
		return c.query(func(r row) error {
			id := peerID(r.bytes(0))
			names[id], serials[id] = cmp.Or(r.str(2), r.str(1)), r.str(1)
			times[names[id]]++
			return nil
		}, `SELECT id, serial, name FROM peer`)
	})
	for id, name := range names {
		if times[name] > 1 && serials[id] != "" {
			names[id] = name + ", " + serials[id]
		}
	}
	return names, err
}

// Synced reports whether a phone's state carries the mark of a session with this
// store that both committed. Marks are random: no other phone has it but one whose
// storage is a copy. It tells a phone that has no serial number, and writes nothing.
func (s *Store) Synced(ctx context.Context, peer engine.PeerFacts) (bool, error) {
	var ok bool
	err := s.read(ctx, func(c *conn) error {
		var id engine.ReplicaID
		if _, err := c.one(func(r row) { copy(id[:], r.bytes(0)) }, `SELECT id FROM store`); err != nil {
			return err
		}
		mark, has := peer.Marks[id]
		if !has {
			return nil
		}
		n, err := c.number(`SELECT count(*) FROM mark m, peer p WHERE m.mark = ? AND m.peer = p.id AND p.id = ? AND p.known = 1`, mark[:], peer.ID[:])
		ok = n > 0
		return err
	})
	return ok, err
}

// Forget drops what was agreed with a phone (its view, open conflicts,
// that it was met) and keeps all data: the next sync with it is a first meeting.
func (s *Store) Forget(ctx context.Context, peer engine.PeerID) error {
	return s.write(ctx, "forget", func(t *tx) error {
		n, err := peerNumber(t.c, peer, false)
		if err != nil || n == 0 {
			return err
		}
		for _, sql := range []string{
			`DELETE FROM view WHERE peer = ?`,
			`UPDATE peer SET known = 2 WHERE n = ?`,
		} {
			if _, _, err := t.c.exec(sql, n); err != nil {
				return err
			}
		}
		if _, _, err := t.c.exec(`DELETE FROM putback WHERE peer = ?`, peer[:]); err != nil {
			return err
		}
		_, _, err = t.c.exec(`UPDATE conflict SET obsolete = ? WHERE peer = ? AND obsolete IS NULL AND state <> 'settled'`, t.now, peer[:])
		return err
	})
}
