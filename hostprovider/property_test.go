package hostprovider

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"cradle/pim"

	"pgregory.net/rapid"
)

// modelItem is an item as the laws of the views say it should be: its text, and
// what the rows show before they are settled.
type modelItem struct {
	text       string
	collection string
	uid        string
	edits      []pim.PropertyEdit
	rows       map[int]line
	top        int // the highest pos that was ever used since the last settling
	deleted    bool
}

func (m *modelItem) reset() {
	m.edits, m.rows, m.top = nil, map[int]line{}, 0
	for _, p := range pim.Properties([]byte(m.text)) {
		m.rows[p.Pos] = lineOf(&p)
		m.top = max(m.top, p.Pos)
	}
}

// TestEditsThroughViewsEqualEditsOfTexts: random SQL through both views, settled,
// comes to what pim makes of the same edits on the texts; and the view properties
// shows each row edit at once.
func TestEditsThroughViewsEqualEditsOfTexts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ctx := context.Background()
		s, err := OpenEmpty(ctx, Options{}) // in memory: quicker
		if err != nil {
			rt.Fatal(err)
		}
		defer s.Close()
		items := map[string]*modelItem{}
		for i := range rapid.IntRange(1, 3).Draw(rt, "items") {
			uid := fmt.Sprintf("u%d", i)
			m := &modelItem{uid: uid, collection: "personal", text: card(uid, "N"+uid, "TEL;TYPE=HOME:1", "item1.TEL:2", "item1.X-ABLABEL:L", "NOTE:a\\nb\\, c", "CATEGORIES:x,y", "ADR:;;S;C;;1;D")}
			if _, err := s.Create(ctx, "contacts", "", []byte(m.text)); err != nil {
				rt.Fatal(err)
			}
			m.reset()
			items[uid] = m
		}
		value := rapid.StringMatching(`[a-zA-Zäß€'",;:\\\n 0-9]{0,12}`)
		sql := func(q string, args ...any) error { _, _, err := s.w.exec(q, args...); return err }
		must := func(err error) {
			if err != nil {
				rt.Fatal(err)
			}
		}
		id := func(m *modelItem) string {
			var id string
			if _, err := s.w.one(func(r row) { id = r.str(0) }, "SELECT id FROM items WHERE uid = ?", m.uid); err != nil || id == "" {
				rt.Fatalf("no item %s: %v", m.uid, err)
			}
			return id
		}
		pick := func() *modelItem {
			m := items[rapid.SampledFrom(sortedKeys(items)).Draw(rt, "item")]
			if m.deleted {
				return nil
			}
			return m
		}
		anyPos := func(m *modelItem) int {
			var ps []int
			for p := range m.top + 1 {
				if l, ok := m.rows[p]; ok && l.name != "VERSION" && l.name != "UID" {
					ps = append(ps, p)
				}
			}
			return rapid.SampledFrom(ps).Draw(rt, "pos")
		}
		check := func() {
			for _, m := range items {
				if m.deleted {
					continue
				}
				got := map[int]line{}
				must(s.w.query(func(r row) error {
					got[int(r.int(0))] = line{r.str(1), r.str(2), r.str(3), r.str(4), r.str(5)}
					return nil
				}, "SELECT pos, component, grp, name, params, value FROM properties WHERE item = ?", id(m)))
				if fmt.Sprint(got) != fmt.Sprint(m.rows) {
					rt.Fatalf("rows of %s:\n got %v\nwant %v", m.uid, got, m.rows)
				}
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"update": func(rt *rapid.T) {
				m := pick()
				if m == nil {
					return
				}
				p, v := anyPos(m), value.Draw(rt, "value")
				old := m.rows[p]
				l := old
				l.value = v
				must(sql("UPDATE properties SET value = ? WHERE item = ? AND pos = ?", v, id(m), p))
				if l != old {
					m.edits = append(m.edits, pim.PropertyEdit{Op: pim.EditUpdate, Old: old.property(p), New: l.property(p)})
					m.rows[p] = l
				}
			},
			"insert": func(rt *rapid.T) {
				m := pick()
				if m == nil {
					return
				}
				l := line{name: rapid.SampledFrom([]string{"TEL", "EMAIL", "NOTE", "X-NEW"}).Draw(rt, "name"), value: value.Draw(rt, "value")}
				must(sql("INSERT INTO properties (item, name, value) VALUES (?, ?, ?)", id(m), l.name, l.value))
				m.top++
				m.rows[m.top] = l
				m.edits = append(m.edits, pim.PropertyEdit{Op: pim.EditInsert, New: l.property(0)})
			},
			"delete": func(rt *rapid.T) {
				m := pick()
				if m == nil || len(m.rows) < 6 {
					return
				}
				p := anyPos(m)
				must(sql("DELETE FROM properties WHERE item = ? AND pos = ?", id(m), p))
				m.edits = append(m.edits, pim.PropertyEdit{Op: pim.EditDelete, Old: m.rows[p].property(p)})
				delete(m.rows, p)
			},
			"move": func(rt *rapid.T) {
				if m := pick(); m != nil {
					m.collection = rapid.SampledFrom([]string{"personal", "work", "été"}).Draw(rt, "collection")
					must(sql("UPDATE items SET collection = ? WHERE uid = ?", m.collection, m.uid))
				}
			},
			"text": func(rt *rapid.T) {
				m := pick()
				if m == nil || len(m.edits) > 0 {
					return // what rows show after a text edit isn't part of this law
				}
				m.text = card(m.uid, "T"+m.uid, "NOTE:"+strings.Trim(rapid.StringMatching(`[a-z ]{0,20}`).Draw(rt, "note"), " "), "TEL:9")
				must(sql("UPDATE items SET text = ? WHERE uid = ?", m.text, m.uid))
				must(s.Settle(ctx))
				for _, o := range items {
					o.apply()
				}
			},
			"remove": func(rt *rapid.T) {
				if m := pick(); m != nil && len(items) > 1 {
					must(sql("DELETE FROM items WHERE uid = ?", m.uid))
					m.deleted = true
				}
			},
			"again": func(rt *rapid.T) {
				for _, uid := range sortedKeys(items) {
					if m := items[uid]; m.deleted {
						must(s.Settle(ctx))
						for _, o := range items {
							o.apply()
						}
						m.text, m.deleted = card(uid, "again", "TEL:5"), false
						must(sql("INSERT INTO items (kind, collection, text) VALUES ('contacts', ?, ?)", m.collection, m.text))
						must(s.Settle(ctx))
						m.reset()
						return
					}
				}
			},
			"settle": func(rt *rapid.T) {
				tick := replicaTick(rt, s)
				must(s.Settle(ctx))
				if got := replicaTick(rt, s); got != tick {
					rt.Fatalf("settling minted: tick %d, before %d", got, tick)
				}
				for _, m := range items {
					m.apply()
				}
			},
			"": func(rt *rapid.T) { check() },
		})
		must(s.Settle(ctx))
		live := 0
		for _, m := range items {
			m.apply()
			if m.deleted {
				continue
			}
			live++
			its, err := s.Show(ctx, m.uid)
			if err != nil || len(its) != 1 || string(its[0].Text) != m.text || its[0].Collection != m.collection {
				rt.Fatalf("%s: got %+v %v\ntext %q\nwant %q in %s", m.uid, its, err, its[0].Text, m.text, m.collection)
			}
		}
		if n, err := s.Count(ctx, "contacts"); err != nil || n != live {
			rt.Fatalf("%d live %v, want %d", n, err, live)
		}
		if wrong, err := s.Check(ctx); err != nil || len(wrong) > 0 {
			rt.Fatalf("check: %v %v", wrong, err)
		}
	})
}

func (m *modelItem) apply() {
	if m.deleted {
		return
	}
	done, _ := pim.EditProperties([]byte(m.text), m.edits)
	m.text = string(done)
	m.reset()
}

func replicaTick(rt *rapid.T, s *Store) uint64 {
	r, err := s.Replica(context.Background(), "contacts")
	if err != nil {
		rt.Fatal(err)
	}
	return r.Tick
}
