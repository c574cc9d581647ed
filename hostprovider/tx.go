package hostprovider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"cradle/engine"
	"cradle/pim"
	"cradle/valuebag"
)

// tx is one immediate transaction. What concerns a scope is in its scopeTx,
// loaded when first asked for and written back by flush.
type tx struct {
	s      *Store
	c      *conn
	ctx    context.Context
	now    int64 // Unix milliseconds
	scopes map[string]*scopeTx
	// pending: items with unsettled edits, by their text ID; nobody else can add
	// one while this transaction holds the write lock.
	pending map[string]bool
	// firstPending is the lowest unsettled tick of each kind.
	firstPending map[string]uint64
	peers        map[engine.PeerID]int64
	runs         map[runScope]bool // runs that this transaction adds to
}

func (t *tx) begin() error {
	t.pending, t.firstPending = map[string]bool{}, map[string]uint64{}
	t.peers = map[engine.PeerID]int64{}
	return t.c.query(func(r row) error {
		t.pending[r.str(0)] = true
		if f := uint64(r.int(2)); t.firstPending[r.str(1)] == 0 || f < t.firstPending[r.str(1)] {
			t.firstPending[r.str(1)] = f
		}
		return nil
	}, `SELECT i.id, p.kind, min(p.tick) FROM pending p JOIN item i ON i.n = p.n GROUP BY p.n`)
}

// flush writes the scopes' ticks and knowledge.
func (t *tx) flush() error {
	for _, k := range kinds() {
		if s := t.scopes[k.Name()]; s != nil {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return t.closeRuns()
}

func (t *tx) scope(name string) (*scopeTx, error) {
	if s := t.scopes[name]; s != nil {
		return s, nil
	}
	s := &scopeTx{t: t, c: t.c, keys: keyTable{c: t.c, kind: name}}
	if err := s.load(t.c, name); err != nil {
		return nil, err
	}
	s.firstPending = t.firstPending[name]
	s.proxiesBefore = maps.Clone(s.proxies)
	t.scopes[name] = s
	return s, nil
}

// scopeTx is a transaction in one scope, an engine.Tx.
type scopeTx struct {
	t *tx
	c *conn
	scopeState
	dirty      bool
	dirtyProxy map[engine.ReplicaID]bool
	// proxiesBefore are the proxies' ticks as they were before this transaction.
	proxiesBefore map[engine.ReplicaID]uint64
	keys          keyTable
	scratch       []byte
	ticks         []engine.Version
	sinceCancel   int
	met           lookedUp
	open          map[engine.ItemID][]engine.Conflict // that nobody learned; nil: not read yet
}

// lookedUp is the row that Meta gave last, which Put mostly follows upon. It holds
// until an item is saved.
type lookedUp struct {
	ok bool
	id engine.ItemID
	it *stored // nil: unknown
}

var _ engine.Tx = (*scopeTx)(nil)

// scopeState is a scope's own metadata as stored.
type scopeState struct {
	kind      *pim.Kind
	replica   engine.ReplicaID
	tick      uint64
	shared    uint64
	knowledge engine.Knowledge // without the store's own ticks: those are the counters
	forgotten engine.Knowledge
	proxies   map[engine.ReplicaID]uint64
	ghosts    []engine.ItemID // items that left by a filter, ascending
	// firstPending is the lowest tick that the views' triggers have stamped and
	// that isn't settled; 0 none.
	firstPending uint64
}

func (s *scopeState) load(c *conn, name string) error {
	k, err := kindOf(name)
	if err != nil {
		return err
	}
	s.kind = k
	var known, forgotten []byte
	found, err := c.one(func(r row) {
		copy(s.replica[:], r.bytes(0))
		s.tick, s.shared = uint64(r.int(1)), uint64(r.int(2))
		known, forgotten = r.bytes(3), r.bytes(4)
	}, `SELECT replica, tick, shared, knowledge, forgotten FROM scope WHERE kind = ?`, name)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("scope %s: %w", name, ErrNotFound)
	}
	if s.knowledge, err = parseKnowledge(known); err != nil {
		return fmt.Errorf("scope %s: knowledge: %w", name, err)
	}
	if s.forgotten, err = parseKnowledge(forgotten); err != nil {
		return fmt.Errorf("scope %s: forgotten knowledge: %w", name, err)
	}
	err = c.query(func(r row) error {
		if b := r.bytes(0); len(b) == 16 {
			s.ghosts = append(s.ghosts, engine.ItemID(b))
		}
		return nil
	}, `SELECT item FROM ghost WHERE kind = ? ORDER BY item`, name)
	if err != nil {
		return err
	}
	s.proxies = map[engine.ReplicaID]uint64{}
	return c.query(func(r row) error {
		s.proxies[engine.ReplicaID(r.bytes(0))] = uint64(r.int(1))
		return nil
	}, `SELECT replica, tick FROM proxy WHERE kind = ? AND length(replica) = 16`, name)
}

func parseKnowledge(b []byte) (engine.Knowledge, error) {
	if len(b) == 0 {
		return engine.Knowledge{}, nil
	}
	return engine.ParseKnowledge(b)
}

// known is what the store knows: what it learned, and every tick that it minted
// itself. Edits stamped by the views' triggers but not settled don't count, nor
// does any later own tick: a session may hand this knowledge to a phone, which
// would otherwise claim an edit that it was never offered. The price is that some
// item may be offered once more, with the version that the phone already has.
func (s *scopeState) known() engine.Knowledge {
	k := s.knowledge
	if s.tick > 0 {
		k = k.WithTick(engine.Version{Replica: s.replica, Tick: s.tick})
	}
	for _, r := range sortedReplicas(s.proxies) {
		if s.proxies[r] > 0 {
			k = k.WithTick(engine.Version{Replica: r, Tick: s.proxies[r]})
		}
	}
	if s.firstPending > 0 {
		k = k.CapTick(s.replica, s.firstPending-1)
	}
	return k.Lacking(s.ghosts)
}

func sortedReplicas(m map[engine.ReplicaID]uint64) []engine.ReplicaID {
	rs := make([]engine.ReplicaID, 0, len(m))
	for r := range m {
		rs = append(rs, r)
	}
	slices.SortFunc(rs, engine.ReplicaID.Compare)
	return rs
}

func (s *scopeTx) flush() error {
	if s.dirty {
		if _, _, err := s.c.exec(`UPDATE scope SET replica = ?, tick = ?, shared = ?, knowledge = ?, forgotten = ? WHERE kind = ?`,
			s.replica[:], s.tick, s.shared, s.knowledge.AppendBinary(nil), s.forgotten.AppendBinary(nil), s.kind.Name()); err != nil {
			return err
		}
		s.dirty = false
	}
	for _, r := range sortedReplicas(s.proxies) {
		if !s.dirtyProxy[r] {
			continue
		}
		if _, _, err := s.c.exec(`INSERT INTO proxy (kind, replica, tick) VALUES (?, ?, ?)
			ON CONFLICT (kind, replica) DO UPDATE SET tick = excluded.tick`, s.kind.Name(), r[:], s.proxies[r]); err != nil {
			return err
		}
	}
	s.dirtyProxy = nil
	return nil
}

// Mint gives the next tick of the store's own replica.
func (s *scopeTx) Mint() (engine.Version, error) {
	s.tick++
	s.dirty = true
	return engine.Version{Replica: s.replica, Tick: s.tick}, nil
}

// MintFor gives the next tick of a proxy.
func (s *scopeTx) MintFor(proxy engine.ReplicaID) (engine.Version, error) {
	if proxy == s.replica {
		return s.Mint()
	}
	s.proxies[proxy]++
	if s.dirtyProxy == nil {
		s.dirtyProxy = map[engine.ReplicaID]bool{}
	}
	s.dirtyProxy[proxy] = true
	return engine.Version{Replica: proxy, Tick: s.proxies[proxy]}, nil
}

// Knowledge is what the store knows in this transaction.
func (s *scopeTx) Knowledge() (engine.Knowledge, error) { return s.known(), nil }

// SetKnowledge replaces what the store has learned; its own ticks and those of
// its proxies stay known.
func (s *scopeTx) SetKnowledge(k engine.Knowledge) error {
	s.knowledge = k
	s.dirty = true
	return nil
}

// Meta is an item's metadata; nil when it is unknown.
func (s *scopeTx) Meta(id engine.ItemID) (*engine.ItemMeta, error) {
	it, err := s.item(id.String())
	if err != nil {
		return nil, err
	}
	s.met = lookedUp{true, id, it}
	if it == nil {
		return nil, nil
	}
	return it.meta, nil
}

// stored is the row of an item.
type stored struct {
	n          int64
	id         string
	gone       int64
	collection string
	uid        string
	summary    string
	meta       *engine.ItemMeta // nil: an inserted item that isn't settled
}

const storedColumns = `n, id, gone, collection, uid, summary, meta`

func (s *scopeTx) stored(r row) (*stored, error) {
	it := &stored{n: r.int(0), id: r.str(1), gone: r.int(2), collection: r.str(3), uid: r.str(4), summary: r.str(5)}
	if !r.null(6) {
		it.meta = new(engine.ItemMeta)
		if err := s.keys.unmarshal(r.bytes(6), it.meta); err != nil {
			return nil, fmt.Errorf("item %s: %w", it.id, err)
		}
	}
	return it, nil
}

func (s *scopeTx) item(id string) (*stored, error) {
	var it *stored
	err := s.c.query(func(r row) (err error) {
		it, err = s.stored(r)
		return err
	}, `SELECT `+storedColumns+` FROM item WHERE id = ? AND kind = ?`, id, s.kind.Name())
	return it, err
}

// Put saves metadata and data as engine.Tx says.
func (s *scopeTx) Put(meta *engine.ItemMeta, value *valuebag.Values) error {
	if s.sinceCancel++; s.sinceCancel%64 == 0 {
		if err := s.t.ctx.Err(); err != nil {
			return err
		}
	}
	id := meta.ID.String()
	if s.t.pending[id] {
		return &engine.ItemError{Item: meta.ID, Reason: engine.ErrChanged}
	}
	old, met := s.met.it, s.met.ok && s.met.id == meta.ID
	if !met {
		var err error
		if old, err = s.item(id); err != nil {
			return err
		}
	}
	_, err := s.save(old, meta, value, s.t.now)
	return err
}

// save writes an item's row, its body and its version rows; old is the row it
// replaces (nil: none). It returns the row's number.
func (s *scopeTx) save(old *stored, meta *engine.ItemMeta, value *valuebag.Values, at int64) (int64, error) {
	s.met = lookedUp{}
	if err := s.back(meta.ID); err != nil {
		return 0, err
	}
	blob, err := s.keys.marshal(meta)
	if err != nil {
		return 0, err
	}
	id := meta.ID.String()
	if old == nil {
		return s.insert(id, meta, blob, value, at)
	}
	if err := s.dropVersions(old); err != nil {
		return 0, err
	}
	if err := s.addVersions(old.n, meta); err != nil {
		return 0, err
	}
	switch {
	case meta.Deleted:
		if _, _, err := s.c.exec(`UPDATE item SET id = ?, meta = ?, gone = 1, summary = NULL, content = NULL, modified = ? WHERE n = ?`,
			id, blob, at, old.n); err != nil {
			return 0, err
		}
		_, _, err = s.c.exec(`DELETE FROM body WHERE n = ?`, old.n)
		return old.n, err
	case value == nil:
		_, _, err = s.c.exec(`UPDATE item SET id = ?, meta = ? WHERE n = ?`, id, blob, old.n)
		return old.n, err
	}
	d := s.describe(value)
	if _, _, err := s.c.exec(`UPDATE item SET id = ?, collection = ?, uid = ?, summary = ?, modified = ?, gone = 0, size = ?, content = ?, meta = ?
		WHERE n = ?`, id, d.collection, d.uid, d.summary, at, d.size, d.content, blob, old.n); err != nil {
		return 0, err
	}
	_, _, err = s.c.exec(`INSERT INTO body (n, text, lines) VALUES (?, ?, ?)
		ON CONFLICT (n) DO UPDATE SET text = excluded.text, draft = NULL, lines = excluded.lines`, old.n, d.text, d.lines)
	return old.n, err
}

func (s *scopeTx) insert(id string, meta *engine.ItemMeta, blob []byte, value *valuebag.Values, at int64) (int64, error) {
	if meta.Deleted {
		_, n, err := s.c.exec(`INSERT INTO item (id, kind, modified, gone, meta) VALUES (?, ?, ?, 1, ?)`, id, s.kind.Name(), at, blob)
		if err != nil {
			return 0, err
		}
		return n, s.addVersions(n, meta)
	}
	if value == nil {
		return 0, &engine.ItemError{Item: meta.ID, Reason: fmt.Errorf("metadata without data of an item that isn't here: %w", ErrNotFound)}
	}
	d := s.describe(value)
	_, n, err := s.c.exec(`INSERT INTO item (id, kind, collection, uid, summary, modified, size, content, meta)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, id, s.kind.Name(), d.collection, d.uid, d.summary, at, d.size, d.content, blob)
	if err != nil {
		return 0, err
	}
	if _, _, err := s.c.exec(`INSERT INTO body (n, text, lines) VALUES (?, ?, ?)`, n, d.text, d.lines); err != nil {
		return 0, err
	}
	return n, s.addVersions(n, meta)
}

// columns are an item's columns as they follow from its value.
type columns struct {
	collection string
	uid        any // NULL when it has none
	summary    string
	size       int
	content    []byte
	text       any // TEXT, or BLOB where it is no valid UTF-8
	lines      string
}

func (s *scopeTx) describe(value *valuebag.Values) columns {
	text := s.kind.Text(value)
	d := columns{collection: s.kind.Collection(value), summary: s.kind.Summary(value), size: len(text), text: textColumn(text)}
	if uid := s.kind.UID(value); uid != "" {
		d.uid = uid
	}
	c := s.kind.ContentDigest(value)
	d.content = c[:]
	s.scratch = appendLines(s.scratch[:0], pim.Properties(text))
	d.lines = string(s.scratch)
	return d
}

// addVersions notes the greatest tick of each replica among the item's versions.
func (s *scopeTx) addVersions(n int64, meta *engine.ItemMeta) error {
	for _, v := range s.greatest(meta) {
		r, err := s.keys.replica(v.Replica)
		if err != nil {
			return err
		}
		if _, _, err := s.c.exec(`INSERT OR IGNORE INTO version (replica, tick, n) VALUES (?, ?, ?)`, r, v.Tick, n); err != nil {
			return err
		}
	}
	return nil
}

func (s *scopeTx) dropVersions(old *stored) error {
	if old.meta == nil {
		return nil
	}
	for _, v := range s.greatest(old.meta) {
		r, err := s.keys.replica(v.Replica)
		if err != nil {
			return err
		}
		if _, _, err := s.c.exec(`DELETE FROM version WHERE replica = ? AND tick = ? AND n = ?`, r, v.Tick, old.n); err != nil {
			return err
		}
	}
	return nil
}

// greatest gives the greatest version of each replica in an item, valid until it
// is called again.
func (s *scopeTx) greatest(meta *engine.ItemMeta) []engine.Version {
	s.ticks = s.ticks[:0]
versions:
	for _, v := range meta.EachVersion {
		if v.IsZero() {
			continue
		}
		for i := range s.ticks {
			if s.ticks[i].Replica == v.Replica {
				s.ticks[i].Tick = max(s.ticks[i].Tick, v.Tick)
				continue versions
			}
		}
		s.ticks = append(s.ticks, v)
	}
	return s.ticks
}

// Update runs one transaction in a scope.
func (s *Store) Update(ctx context.Context, scope string, fn func(engine.Tx) error) error {
	return s.write(ctx, "update "+scope, func(t *tx) error {
		st, err := t.scope(scope)
		if err != nil {
			return err
		}
		return fn(st)
	})
}
