package hostprovider

import (
	"context"
	"fmt"
	"slices"

	"cradle/engine"
	"cradle/pim"
)

// Check looks the store over for `doctor`: SQLite's own integrity check, foreign
// keys, and whether what is derived from the items' texts and metadata is as it
// should be. It returns what is wrong in words; nothing means that all is well.
func (s *Store) Check(ctx context.Context) ([]string, error) {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	err := s.read(ctx, func(c *conn) error {
		err := c.query(func(r row) error {
			if r.str(0) != "ok" {
				say("the file is damaged: %s", r.str(0))
			}
			return nil
		}, `PRAGMA integrity_check(20)`)
		if err != nil {
			return err
		}
		err = c.query(func(r row) error {
			say("table %s refers to a missing row of %s", r.str(0), r.str(2))
			return nil
		}, `PRAGMA foreign_key_check`)
		if err != nil || len(wrong) > 0 {
			return err // the rest would only repeat it
		}
		for _, k := range kinds() {
			if err := checkScope(ctx, c, k, say); err != nil {
				return err
			}
		}
		return nil
	})
	return wrong, err
}

func checkScope(ctx context.Context, c *conn, k *pim.Kind, say func(string, ...any)) error {
	var st scopeState
	if err := st.load(c, k.Name()); err != nil {
		say("%v", err)
		return nil
	}
	versions := map[int64]map[engine.Version]bool{}
	err := c.query(func(r row) error {
		var v engine.Version
		copy(v.Replica[:], r.bytes(1))
		v.Tick = uint64(r.int(2))
		if versions[r.int(0)] == nil {
			versions[r.int(0)] = map[engine.Version]bool{}
		}
		versions[r.int(0)][v] = true
		return nil
	}, `SELECT v.n, r.replica, v.tick FROM replica_key r JOIN version v ON v.replica = r.n WHERE r.kind = ?`, k.Name())
	if err != nil {
		return err
	}
	known := st.known()
	sc := &scopeTx{c: c, scopeState: st, keys: keyTable{c: c, kind: k.Name()}}
	count := 0
	return c.query(func(r row) error {
		if count++; count%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		it, err := sc.stored(r)
		if err != nil {
			say("%s: %v", k.Name(), err)
			return nil
		}
		name := k.Name() + " " + it.id
		if it.meta == nil {
			return nil // inserted, not settled
		}
		if it.meta.ID.String() != it.id {
			say("%s: its metadata is of %s", name, it.meta.ID)
		}
		if it.meta.Deleted != (it.gone == 1) {
			say("%s: its row and its metadata disagree whether it is deleted", name)
		}
		if !it.meta.KnownTo(known) {
			say("%s: it has a version that the store doesn't know of", name)
		}
		want := sc.greatest(it.meta)
		if len(versions[it.n]) != len(want) || slices.ContainsFunc(want, func(v engine.Version) bool { return !versions[it.n][v] }) {
			say("%s: its versions are not indexed", name)
		}
		if it.gone != 0 || !r.null(9) {
			return nil
		}
		return checkText(k, name, it, r.bytes(7), r.str(8), say)
	}, `SELECT i.n, i.id, i.gone, i.collection, i.uid, i.summary, i.meta, b.text, b.lines, coalesce(b.draft, (SELECT min(seq) FROM pending p WHERE p.n = i.n))
		FROM item i LEFT JOIN body b ON b.n = i.n WHERE i.kind = ? ORDER BY i.n`, k.Name())
}

// checkText compares a live item's text with what is derived from it.
func checkText(k *pim.Kind, name string, it *stored, text []byte, lines string, say func(string, ...any)) error {
	v, err := k.New(text, it.collection)
	if err != nil {
		say("%s: its text can't be read: %v", name, err)
		return nil
	}
	if k.UID(v) != it.uid {
		say("%s: its UID isn't that of its text", name)
	}
	if string(appendLines(nil, pim.Properties(text))) != lines {
		say("%s: its property rows aren't those of its text", name)
	}
	for _, u := range engine.Describe(k, v) {
		if m := it.meta.Unit(u.Unit); m == nil || m.Digest != u.Digest {
			say("%s: unit %s isn't as its metadata says", name, u.Unit)
		}
	}
	for _, m := range it.meta.Units {
		if !m.Digest.IsZero() && engine.Digest(k.Digest(v, m.Unit)).IsZero() {
			say("%s: unit %s is empty, its metadata says it isn't", name, m.Unit)
		}
	}
	return nil
}

// Rebuild derives the property rows and columns of all live items anew from
// their texts, which are the truth. `doctor` uses it when Check finds them wrong.
func (s *Store) Rebuild(ctx context.Context) error {
	return s.change(ctx, "rebuild", func(t *tx) error {
		for _, k := range kinds() {
			sc, err := t.scope(k.Name())
			if err != nil {
				return err
			}
			var ids []string
			if err := t.c.query(func(r row) error { ids = append(ids, r.str(0)); return nil },
				`SELECT id FROM item WHERE kind = ? AND gone = 0 AND meta IS NOT NULL ORDER BY n`, k.Name()); err != nil {
				return err
			}
			for _, id := range ids {
				it, err := sc.item(id)
				if err != nil {
					return err
				}
				v, err := sc.value(it)
				if err != nil {
					return err
				}
				d := sc.describe(v)
				if _, _, err := t.c.exec(`UPDATE item SET uid = ?, summary = ?, size = ?, content = ? WHERE n = ?`,
					d.uid, d.summary, d.size, d.content, it.n); err != nil {
					return err
				}
				if _, _, err := t.c.exec(`UPDATE body SET lines = ? WHERE n = ?`, d.lines, it.n); err != nil {
					return err
				}
				if err := sc.dropVersions(it); err != nil {
					return err
				}
				if err := sc.addVersions(it.n, it.meta); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
