package hostprovider

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"cradle/engine"
)

// Why is all that the store knows of how an item came to be as it is.
type Why struct {
	Item Item // of a deleted one without collection and text
	Meta *engine.ItemMeta
	// Own is the store's replica of the item's kind; Proxies name, by the phone, the
	// replicas under which this store versions what phones' users do.
	Own     engine.ReplicaID
	Proxies map[engine.ReplicaID]Phone
	// Phones are those that this store met and that it took the item from, or wrote it to.
	Phones    []PhoneView
	Runs      []RunOf           // oldest first
	Conflicts []engine.Conflict // oldest first, those that are over too
	Failing   []FailingOn
}

// PhoneView is an item on a phone as the store last saw or wrote it.
type PhoneView struct {
	Phone Phone
	Path  string
	// Announced: it was about to be written when the cable was pulled.
	Announced bool
	Meta      engine.ItemMeta
}

// Left reports whether a filter took the item off the phone: it is gone there, and no
// change of anybody's says so.
func (v *PhoneView) Left() bool { return v.Meta.Deleted && v.Meta.LifeVersion.IsZero() }

// RunOf is what one run did with an item at one side.
type RunOf struct {
	Run    int64
	At     time.Time
	Phone  string
	Side   engine.Side
	Verb   engine.Verb // create, update or delete
	Undoes int64
}

// FailingOn is a phone with which the item fails to sync.
type FailingOn struct {
	Phone Phone
	Path  string
	Side  engine.Side
	Since int64 // the run in which it failed first
}

// Why looks an item up by its ID, the beginning of its ID, or its UID; deleted ones
// are found too. Several only for a UID.
func (s *Store) Why(ctx context.Context, name string) ([]Why, error) {
	var all []Why
	err := s.read(ctx, func(c *conn) error {
		refs, err := findAny(c, name)
		if err != nil {
			return err
		}
		for _, n := range refs {
			w, err := whyOf(c, n)
			if err != nil {
				return err
			}
			all = append(all, w)
		}
		return nil
	})
	return all, err
}

// findAny is find, or where no live item has that name a deleted one.
func findAny(c *conn, name string) ([]int64, error) {
	refs, err := find(c, name)
	if err == nil {
		return refs, nil
	}
	lower := strings.ToLower(name)
	queries := []struct{ sql, arg string }{
		{`SELECT n FROM item WHERE id = ? AND gone <> 0 AND meta IS NOT NULL`, lower},
		{`SELECT n FROM item WHERE uid = ? AND gone <> 0 AND meta IS NOT NULL ORDER BY kind, id`, name},
	}
	if len(lower) >= minPrefix && strings.Trim(lower, "0123456789abcdef-") == "" {
		queries = append(queries, struct{ sql, arg string }{`SELECT n FROM item WHERE id LIKE ? AND gone <> 0 AND meta IS NOT NULL ORDER BY id`, lower + "%"})
	}
	for i, q := range queries {
		var gone []int64
		if e := c.query(func(r row) error { gone = append(gone, r.int(0)); return nil }, q.sql, q.arg); e != nil {
			return nil, e
		}
		if len(gone) > 1 && i == 2 {
			return nil, fmt.Errorf("%q: %d IDs begin so: %w", name, len(gone), ErrAmbiguous)
		}
		if len(gone) > 0 {
			return gone, nil
		}
	}
	return nil, err
}

func whyOf(c *conn, n int64) (Why, error) {
	w := Why{Meta: new(engine.ItemMeta), Proxies: map[engine.ReplicaID]Phone{}}
	metas := metaReader{c: c}
	err := c.query(func(r row) (err error) {
		if w.Item, err = itemRow(r); err != nil {
			return err
		}
		return metas.unmarshal(w.Item.Kind, r.bytes(6), w.Meta)
	}, `SELECT id, uid, kind, collection, coalesce(summary, ''), modified, meta FROM item WHERE n = ?`, n)
	if err != nil {
		return w, err
	}
	kind, id := w.Item.Kind, w.Item.ID
	if _, err := c.one(func(r row) { copy(w.Own[:], r.bytes(0)) }, `SELECT replica FROM scope WHERE kind = ?`, kind); err != nil {
		return w, err
	}
	phones := map[int64]Phone{}
	err = c.query(func(r row) error {
		p := Phone{Serial: r.str(2), Name: r.str(3)}
		copy(p.ID[:], r.bytes(1))
		if r.int(4) > 0 {
			p.Last = time.UnixMilli(r.int(4)).UTC()
		}
		phones[r.int(0)] = p
		w.Proxies[engine.ProxyID(w.Own, p.ID)] = p
		return nil
	}, `SELECT n, id, serial, name, last FROM peer`)
	if err != nil {
		return w, err
	}
	seen := map[int64]bool{}
	err = c.query(func(r row) error {
		if seen[r.int(0)] { // the newest row of each phone
			return nil
		}
		seen[r.int(0)] = true
		v := PhoneView{Phone: phones[r.int(0)], Path: r.str(1), Announced: r.bool(2)}
		if err := metas.unmarshal(kind, r.bytes(3), &v.Meta); err != nil {
			return fmt.Errorf("view of item %s: %w", id, err)
		}
		w.Phones = append(w.Phones, v)
		return nil
	}, `SELECT peer, path, announced, meta FROM view WHERE kind = ? AND item = ? ORDER BY peer, seq DESC`, kind, id[:])
	if err != nil {
		return w, err
	}
	if err := w.runs(c); err != nil {
		return w, err
	}
	err = c.query(func(r row) error {
		e, err := conflictRow(r)
		w.Conflicts = append(w.Conflicts, e)
		return err
	}, `SELECT `+conflictColumns+` FROM conflict WHERE kind = ? AND item = ? ORDER BY id`, kind, id.String())
	if err != nil {
		return w, err
	}
	byID := map[engine.PeerID]Phone{}
	for _, p := range phones {
		byID[p.ID] = p
	}
	return w, c.query(func(r row) error {
		w.Failing = append(w.Failing, FailingOn{Phone: byID[engine.PeerID(r.bytes(0))], Path: r.str(1), Side: engine.Side(r.str(2)), Since: r.int(3)})
		return nil
	}, `SELECT peer, path, side, since FROM failing WHERE kind = ? AND item = ? AND length(peer) = 16 ORDER BY since, path`, kind, id.String())
}

// runs tells from the pre-images what each run did: an item that wasn't there
// before was created, one that isn't there before the next run (or now) was deleted,
// unless the run's counts say that it deleted none: then somebody else did since, or
// the phone's filter took it off.
func (w *Why) runs(c *conn) error {
	type image struct {
		RunOf
		peer   engine.PeerID
		absent bool
		moves  engine.Moves
	}
	var images []image
	err := c.query(func(r row) error {
		im := image{RunOf: RunOf{
			Run: r.int(0), At: time.UnixMilli(r.int(1)).UTC(), Phone: r.str(2), Undoes: r.int(3), Side: engine.Side(r.str(4)),
		}, peer: peerID(r.bytes(6)), absent: r.bool(5)}
		var st runStats
		if err := json.Unmarshal(r.bytes(7), &st); err != nil {
			return fmt.Errorf("run %d: %w", im.Run, err)
		}
		im.moves = st.ToStore
		if im.Side == engine.ToPhone {
			im.moves = st.ToPhone
		}
		images = append(images, im)
		return nil
	}, `SELECT r.id, r.at, r.phone, r.undoes, p.side, p.absent, r.peer, coalesce(s.stats, '{}') FROM preimage p JOIN run r ON r.id = p.run
		LEFT JOIN run_scope s ON s.run = p.run AND s.kind = p.kind
		WHERE p.kind = ? AND p.item = ? ORDER BY r.id, p.side DESC`, w.Item.Kind, w.Item.ID.String())
	if err != nil {
		return err
	}
	for i, im := range images {
		// After the last run: a deletion that was made here is no run's.
		gone := w.Meta.Deleted && (w.Meta.LifeVersion.Replica != w.Own || w.Meta.LifeResolved)
		if im.Side == engine.ToPhone {
			gone = !slices.ContainsFunc(w.Phones, func(v PhoneView) bool { return v.Phone.ID == im.peer && !v.Meta.Deleted })
		}
		if next := slices.IndexFunc(images[i+1:], func(o image) bool {
			return o.Side == im.Side && (im.Side == engine.ToStore || o.peer == im.peer)
		}); next >= 0 {
			gone = images[i+1+next].absent
		}
		switch {
		case im.moves.Deleted == 0 && im.moves.Updated > 0:
			gone = false
		case im.moves.Updated == 0 && im.moves.Deleted > 0:
			gone = true
		}
		switch {
		case im.absent:
			im.Verb = engine.VerbCreate
		case gone:
			im.Verb = engine.VerbDelete
		default:
			im.Verb = engine.VerbUpdate
		}
		w.Runs = append(w.Runs, im.RunOf)
	}
	return nil
}

func peerID(b []byte) (id engine.PeerID) {
	copy(id[:], b)
	return id
}
