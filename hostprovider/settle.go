package hostprovider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cradle/engine"
	"cradle/pim"
	"cradle/valuebag"
)

// Settle writes the edits that were made through the views into the items'
// texts and gives the changed units the versions that the triggers stamped. It
// mints nothing; an edit that no longer applies is kept in the conflict log. The
// first act of every command; without pending edits it writes nothing.
func (s *Store) Settle(ctx context.Context) error {
	if s.ro {
		return nil
	}
	var open int64
	err := s.read(ctx, func(c *conn) (err error) {
		open, err = c.number(`SELECT EXISTS (SELECT 1 FROM pending)`)
		return err
	})
	if err != nil || open == 0 {
		return err
	}
	return s.write(ctx, "settle", func(t *tx) error { return t.settle() })
}

// edit is one row of pending.
type edit struct {
	seq   int64
	op    string
	tick  uint64
	at    int64
	pos   int
	old   line
	new   line
	given string
}

func (e *edit) isRow() bool { return e.op == "insert" || e.op == "update" || e.op == "removal" }

// edited is an item with its pending edits, in the order made.
type edited struct {
	*stored
	kind  string
	text  []byte // settled; nil of an inserted item
	draft []byte // of a text edit or an insertion
	edits []edit
}

// settle settles everything. Deletions come first, so that an item that was
// inserted in place of another one is its re-creation, in whatever order the two
// statements came; the others follow in the order made.
func (t *tx) settle() error {
	items, err := t.loadPending()
	if err != nil {
		return err
	}
	// A provisional ID that an INSERT named may be the lasting one of another item.
	if _, _, err := t.c.exec(`UPDATE item SET id = 'new.' || n WHERE meta IS NULL`); err != nil {
		return err
	}
	for _, deleted := range []bool{true, false} {
		for _, it := range items {
			if (it.gone == 2) != deleted {
				continue
			}
			if err := t.ctx.Err(); err != nil {
				return err
			}
			s, err := t.scope(it.kind)
			if err != nil {
				return err
			}
			if err := s.settle(it); err != nil {
				return fmt.Errorf("settling %s %s: %w", it.kind, it.id, err)
			}
		}
	}
	if _, _, err := t.c.exec(`DELETE FROM pending`); err != nil {
		return err
	}
	t.pending = map[string]bool{}
	t.firstPending = map[string]uint64{}
	for _, s := range t.scopes {
		s.firstPending = 0
	}
	return nil
}

func (t *tx) loadPending() ([]*edited, error) {
	var items []*edited
	byN := map[int64]*edited{}
	err := t.c.query(func(r row) (err error) {
		it := byN[r.int(0)]
		if it == nil {
			it = &edited{stored: &stored{n: r.int(0)}, kind: r.str(1)}
			byN[r.int(0)] = it
			items = append(items, it)
		}
		e := edit{seq: r.int(2), op: r.str(3), tick: uint64(r.int(4)), at: r.int(5), pos: int(r.int(6)), given: r.str(9)}
		if !r.null(7) {
			e.old, err = parseLine(r.str(7))
		}
		if err == nil && !r.null(8) {
			e.new, err = parseLine(r.str(8))
		}
		if err != nil { // no trigger writes this: somebody changed the private tables
			t.s.log.Warn("an edit of an item can't be read and is dropped", "item", it.n, "err", err)
			return nil
		}
		it.edits = append(it.edits, e)
		return nil
	}, `SELECT n, kind, seq, op, tick, at, pos, old, new, given FROM pending ORDER BY seq`)
	if err != nil {
		return nil, err
	}
	for _, it := range items {
		s, err := t.scope(it.kind)
		if err != nil {
			return nil, err
		}
		found := false
		err = t.c.query(func(r row) (err error) {
			found = true
			it.stored, err = s.stored(r)
			return err
		}, `SELECT `+storedColumns+` FROM item WHERE n = ?`, it.n)
		if err != nil {
			return nil, err
		}
		if !found {
			it.gone, it.edits = 2, nil // somebody wrote to the private tables
			continue
		}
	}
	return items, nil
}

func (s *scopeTx) settle(it *edited) error {
	switch {
	case len(it.edits) == 0:
		return nil
	case it.gone == 2 && it.meta == nil: // inserted and deleted again
		return s.discard(it.n)
	case it.gone == 2:
		last := s.stampOf(it.edits[len(it.edits)-1])
		_, err := s.save(it.stored, revision{kind: s.kind, life: last}.dead(it.meta), nil, last.at)
		return err
	}
	// Texts are read one by one: all of them could be large.
	if _, err := s.c.one(func(r row) { it.text, it.draft = r.bytes(0), r.bytes(1) }, `SELECT text, draft FROM body WHERE n = ?`, it.n); err != nil {
		return err
	}
	defer func() { it.text, it.draft = nil, nil }()
	if it.meta == nil {
		return s.settleCreation(it)
	}
	return s.settleEdits(it)
}

func (s *scopeTx) stampOf(e edit) stamp {
	return stamp{engine.Version{Replica: s.replica, Tick: e.tick}, e.at}
}

// discard removes the row of an inserted item whose id was provisional.
func (s *scopeTx) discard(n int64) error {
	if _, _, err := s.c.exec(`DELETE FROM body WHERE n = ?`, n); err != nil {
		return err
	}
	_, _, err := s.c.exec(`DELETE FROM item WHERE n = ?`, n)
	return err
}

// settleEdits settles the edits of an item that was there before.
func (s *scopeTx) settleEdits(it *edited) error {
	value, failed, textFailed := s.edited(it, it.text)
	if value == nil {
		return s.setAside(it, textFailed)
	}
	value = s.kind.Close(value)
	rev := revision{kind: s.kind, life: s.stampOf(it.edits[len(it.edits)-1]), of: s.stamps(it.edits, textFailed == nil)}
	meta, _ := rev.live(it.meta.ID, it.meta, value)
	if _, err := s.save(it.stored, meta, value, rev.life.at); err != nil {
		return err
	}
	return s.keep(meta, value, it, failed, textFailed)
}

// setAside keeps the edits of an item whose own text can't be read (any more) and
// leaves it as it is: one bad item must not stop every command.
func (s *scopeTx) setAside(it *edited, why error) error {
	s.t.s.log.Warn("an item's text can't be read; its edits are kept as conflicts", "item", it.id, "err", why)
	c := engine.Conflict{Item: it.meta.ID, UID: it.uid, Unit: "text", State: engine.Settled, KeptSide: engine.ToStore}
	if it.draft != nil {
		c.LostText = textLines(it.draft)
		if err := s.t.log(s, c); err != nil {
			return err
		}
	}
	for _, e := range rowEdits(it.edits) {
		c.LostText = []string{e.new.String()}
		if err := s.t.log(s, c); err != nil {
			return err
		}
	}
	_, _, err := s.c.exec(`UPDATE body SET draft = NULL WHERE n = ?`, it.n)
	return err
}

// edited gives the item's value after its edits. base is the settled text, nil
// of an inserted item. failed are the row edits that don't apply; textFailed says
// why a text edit doesn't, which is then left out.
func (s *scopeTx) edited(it *edited, base []byte) (value *valuebag.Values, failed []edit, textFailed error) {
	edits, text := it.edits, base
	last := -1
	for i := range edits {
		if edits[i].op == "text" || edits[i].op == "create" {
			last = i
		}
	}
	if last >= 0 {
		if _, err := s.kind.New(it.draft, it.collection); err != nil {
			textFailed = err
			if base == nil {
				return nil, nil, err
			}
		} else {
			// A text edit supersedes the row edits before it; those after it were
			// made on rows of the text before, and look for their lines.
			edits, text = edits[last+1:], it.draft
		}
	}
	done, failed := applyRows(text, edits)
	value, err := s.kind.New(done, it.collection)
	if err != nil { // the rows made it unreadable, say by taking its UID apart
		failed = rowEdits(edits)
		if value, err = s.kind.New(text, it.collection); err != nil {
			return nil, failed, err
		}
	}
	return value, failed, textFailed
}

// stamps gives each changed unit the stamp of the last edit that touched it: of a
// row edit the row's unit, of a text edit any.
func (s *scopeTx) stamps(edits []edit, textApplies bool) func(unit string) stamp {
	return func(unit string) stamp {
		for _, e := range slices.Backward(edits) {
			switch e.op {
			case "collection":
				if unit == "collection" {
					return s.stampOf(e)
				}
			case "text", "create":
				if textApplies && unit != "collection" {
					return s.stampOf(e)
				}
			default:
				if s.unitOf(e.old) == unit || s.unitOf(e.new) == unit {
					return s.stampOf(e)
				}
			}
		}
		return stamp{}
	}
}

func (s *scopeTx) unitOf(l line) string {
	if l.name == "" {
		return ""
	}
	return s.kind.UnitOf(l.component, l.group, l.name)
}

// keep logs the edits that didn't apply.
func (s *scopeTx) keep(meta *engine.ItemMeta, value *valuebag.Values, it *edited, failed []edit, textFailed error) error {
	if textFailed != nil {
		err := s.t.log(s, engine.Conflict{Item: meta.ID, UID: s.kind.UID(value), Unit: "text", State: engine.Settled,
			KeptSide: engine.ToStore, LostText: textLines(it.draft)})
		if err != nil {
			return err
		}
	}
	for _, e := range failed {
		unit := s.unitOf(e.new)
		if unit == "" {
			if unit = s.unitOf(e.old); unit == "" {
				unit = "rest"
			}
		}
		kept := s.kind.UnitText(value, unit)
		c := engine.Conflict{Item: meta.ID, UID: s.kind.UID(value), Unit: unit, State: engine.Settled, KeptSide: engine.ToStore,
			KeptText: kept, LostText: append(slices.Clone(kept), e.new.String())}
		if u := meta.Unit(unit); u != nil {
			c.Store = u.Version
		}
		if err := s.t.log(s, c); err != nil {
			return err
		}
	}
	return nil
}

func textLines(text []byte) []string {
	lines := strings.Split(strings.ReplaceAll(strings.ToValidUTF8(string(text), "\ufffd"), "\r\n", "\n"), "\n")
	if n := len(lines); n > 0 && lines[n-1] == "" {
		lines = lines[:n-1]
	}
	return lines
}

// settleCreation gives an inserted item its lasting ID. A text with several
// objects makes several items.
func (s *scopeTx) settleCreation(it *edited) error {
	texts := s.objects(it.draft)
	if len(texts) == 0 {
		if err := s.t.log(s, engine.Conflict{Item: engine.ItemIDFromContent(s.kind.Name(), engine.Digest{}, int(it.n)), Unit: "text",
			State: engine.Settled, KeptSide: engine.ToStore, LostText: textLines(it.draft)}); err != nil {
			return err
		}
		return s.discard(it.n)
	}
	given := it.edits[0].given
	for i, text := range texts {
		one := *it
		one.draft = text
		if i > 0 { // further objects have no rows yet
			one.edits, given = one.edits[:1], ""
		}
		value, failed, err := s.edited(&one, nil)
		if value == nil {
			return err
		}
		value = s.kind.Close(value)
		meta, err := s.place(one.stored, i == 0, value, given, revision{kind: s.kind, life: s.stampOf(it.edits[len(it.edits)-1]), forgot: !s.forgotten.IsZero()})
		if err != nil {
			return err
		}
		if err := s.keep(meta, value, &one, failed, nil); err != nil {
			return err
		}
	}
	return nil
}

// objects takes a text apart into the texts of its objects of this kind.
func (s *scopeTx) objects(text []byte) [][]byte {
	if _, err := s.kind.New(text, DefaultCollection); err == nil {
		return [][]byte{text}
	}
	var texts [][]byte
	for _, o := range pim.Read(text).Objects {
		if o.Kind == s.kind {
			texts = append(texts, o.Text)
		}
	}
	return texts
}

// place saves a new value under the identity that it has: the live item of its
// UID in its collection, a deleted one that comes back, or a new item. own says
// that it may take over the provisional row, which else goes.
func (s *scopeTx) place(row *stored, own bool, value *valuebag.Values, given string, rev revision) (*engine.ItemMeta, error) {
	holder, id, err := s.holder(value, given)
	if err != nil {
		return nil, err
	}
	if own {
		if holder != nil {
			if err := s.discard(row.n); err != nil {
				return nil, err
			}
		} else {
			holder = &stored{n: row.n}
		}
	}
	var old *engine.ItemMeta
	if holder != nil {
		old = holder.meta
	}
	if old != nil && old.Deleted && old.LifeVersion.Replica == rev.life.version.Replica && old.LifeVersion.Compare(rev.life.version) > 0 {
		rev.life.version = old.LifeVersion // deleted after, and inserted before
	}
	meta, _ := rev.live(id, old, value)
	_, err = s.save(holder, meta, value, rev.life.at)
	return meta, err
}

// holder finds whose value this is: the row (nil: nobody's yet) and the ID.
func (s *scopeTx) holder(value *valuebag.Values, given string) (*stored, engine.ItemID, error) {
	kind, uid := s.kind.Name(), s.kind.UID(value)
	var tombstone *stored
	see := func(it *stored) { // the first choice stays
		if tombstone == nil && it != nil && it.meta != nil && it.gone == 1 {
			tombstone = it
		}
	}
	if given != "" {
		it, err := s.item(given)
		if err != nil {
			return nil, engine.ItemID{}, err
		}
		if it != nil && (it.uid == uid || it.uid == "") {
			see(it)
		}
	}
	if uid == "" {
		if tombstone != nil {
			return tombstone, tombstone.meta.ID, nil
		}
		return s.free(nil, func(n int) engine.ItemID {
			return engine.ItemIDFromContent(kind, engine.Digest(s.kind.ContentDigest(value)), n)
		})
	}
	holders, err := s.holders(uid)
	if err != nil {
		return nil, engine.ItemID{}, err
	}
	live := 0
	for _, it := range holders {
		if it.gone == 0 {
			live++
			if it.collection == s.kind.Collection(value) {
				return it, it.meta.ID, nil
			}
		} else if it.collection == s.kind.Collection(value) {
			see(it)
		}
	}
	if live == 0 {
		for _, it := range holders {
			see(it)
		}
	}
	if tombstone != nil {
		return tombstone, tombstone.meta.ID, nil
	}
	return s.free(nil, func(n int) engine.ItemID { return engine.ItemIDFromUID(kind, uid, n) })
}

// holders lists the settled items that have a UID, tombstones too, by the order
// of the IDs that the UID gives.
func (s *scopeTx) holders(uid string) ([]*stored, error) {
	var its []*stored
	err := s.c.query(func(r row) error {
		it, err := s.stored(r)
		its = append(its, it)
		return err
	}, `SELECT `+storedColumns+` FROM item WHERE uid = ? AND kind = ? AND meta IS NOT NULL AND gone < 2 ORDER BY n`, uid, s.kind.Name())
	return its, err
}

// free finds the first ID of a sequence that no live item has; a tombstone of
// that ID comes with it. If from isn't nil it has the number to begin with, and
// gets the one that was found.
func (s *scopeTx) free(from *int, id func(n int) engine.ItemID) (*stored, engine.ItemID, error) {
	if from == nil {
		from = new(int)
	}
	for n := max(*from, 1); ; n++ {
		it, err := s.item(id(n).String())
		if err != nil {
			return nil, engine.ItemID{}, err
		}
		if it == nil || it.gone == 1 {
			*from = n
			return it, id(n), nil
		}
	}
}
