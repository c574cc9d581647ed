package devprovider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/engine"
	"cradle/pim"
	"cradle/valuebag"
)

// testClock is a clock that a test moves.
type testClock struct{ t time.Time }

func newTestClock() *testClock {
	return &testClock{time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)}
}

func (c *testClock) now() time.Time       { return c.t }
func (c *testClock) pass(d time.Duration) { c.t = c.t.Add(d) }
func (c *testClock) later() (t time.Time) { c.pass(10 * time.Second); return c.t }
func fixedRand() *bytes.Reader            { return bytes.NewReader(bytes.Repeat([]byte{7}, 1<<12)) }
func card(uid, name string, l ...string) string {
	s := "BEGIN:VCARD\r\nVERSION:3.0\r\n"
	if uid != "" {
		s += "UID:" + uid + "\r\n"
	}
	s += "FN:" + name + "\r\nN:" + name + ";;;;\r\n"
	for _, e := range l {
		s += e + "\r\n"
	}
	return s + "END:VCARD\r\n"
}

func event(uid, summary string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y\r\nBEGIN:VEVENT\r\nUID:" + uid +
		"\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260401T100000Z\r\nSUMMARY:" + summary + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
}

// pc is a computer that takes over whatever it finds and writes what a test says.
// It stands in for the engine and the store: one tick, no conflicts.
type pc struct {
	t     *testing.T
	f     *Folder
	store ObjectStore
	views map[string][]engine.ViewRow // by path
	items map[itemKey]*valuebag.Values
	id    engine.ReplicaID
	tick  uint64
	next  map[string]map[engine.ItemID]engine.PartialItem
	vdirs []Vdir // that its settings name
}

var ctxb = context.Background()

var allScopes = []string{"contacts", "events", "tasks", "notes"}

func newPC(t *testing.T, name byte) *pc {
	return &pc{t: t, id: engine.ReplicaID{name}, views: map[string][]engine.ViewRow{}, items: map[itemKey]*valuebag.Values{}}
}

func (p *pc) ByPath(_ context.Context, paths []string) (map[string][]engine.ViewRow, error) {
	found := map[string][]engine.ViewRow{}
	for _, path := range paths {
		if rows := p.views[path]; rows != nil {
			found[path] = rows
		}
	}
	return found, nil
}

// open starts a session.
func (p *pc) open(store ObjectStore, opt Options) error {
	if opt.Rand == nil {
		opt.Rand = fixedRand()
	}
	f, err := Open(context.Background(), store, opt)
	if err != nil {
		return err
	}
	for _, v := range p.vdirs {
		if err := f.Use(ctxb, v); err != nil && !errors.Is(err, ErrNoFolder) {
			return err
		}
	}
	p.f, p.store = f, store
	p.next = map[string]map[engine.ItemID]engine.PartialItem{}
	for _, sc := range allScopes {
		p.next[sc] = map[engine.ItemID]engine.PartialItem{}
		for _, it := range f.State(sc).Items {
			p.next[sc][it.Meta.ID] = it
		}
	}
	return nil
}

func (p *pc) version() engine.Version {
	p.tick++
	return engine.Version{Replica: p.id, Tick: p.tick}
}

func (p *pc) meta(scope string, id engine.ItemID, v *valuebag.Values) engine.ItemMeta {
	k, _ := pim.KindByName(scope)
	ver := p.version()
	m := engine.ItemMeta{ID: id, Creation: ver, LifeVersion: ver, Units: engine.Describe(k, v)}
	for i := range m.Units {
		m.Units[i].Version = ver
		for j := range m.Units[i].Elements {
			m.Units[i].Elements[j].Added = ver
		}
	}
	return m
}

// take surveys and takes everything over.
func (p *pc) take() (map[string]*engine.Survey, error) {
	surveys, err := p.f.Survey(context.Background(), allScopes, p)
	if err != nil {
		return nil, err
	}
	for sc, sv := range surveys {
		for _, o := range sv.Objects {
			it := p.next[sc][o.ID]
			it.Place = o.Place
			if o.Value != nil {
				it.Meta = p.meta(sc, o.ID, o.Value)
				p.items[itemKey{sc, o.ID}] = o.Value
			}
			p.next[sc][o.ID] = it
			p.views[o.Place.Path] = append([]engine.ViewRow{{Scope: sc, Path: o.Place.Path, Body: o.Place.Body, Meta: it.Meta}}, p.views[o.Place.Path]...)
		}
		for _, id := range sv.Absent {
			v := p.version()
			p.next[sc][id] = engine.PartialItem{Meta: engine.ItemMeta{ID: id, Creation: v, LifeVersion: v, Deleted: true}}
			delete(p.items, itemKey{sc, id})
		}
	}
	return surveys, nil
}

func (p *pc) commit() error {
	states := map[string]*engine.PartialState{}
	for sc, items := range p.next {
		st := &engine.PartialState{Knowledge: engine.NewKnowledge(engine.Version{Replica: p.id, Tick: p.tick})}
		for _, id := range slices.SortedFunc(maps.Keys(items), engine.ItemID.Compare) {
			st.Items = append(st.Items, items[id])
		}
		states[sc] = st
	}
	return p.f.Commit(context.Background(), map[engine.ReplicaID][16]byte{p.id: {1, 2}}, states)
}

// write announces and writes one item; text "" removes it.
func (p *pc) write(scope string, id engine.ItemID, collection, text string) error {
	it, known := p.next[scope][id]
	var old *engine.Place
	if known && !it.Meta.Deleted {
		place := it.Place
		old = &place
	}
	if text == "" {
		if err := p.f.Remove(context.Background(), scope, id, *old); err != nil {
			return err
		}
		v := p.version()
		p.next[scope][id] = engine.PartialItem{Meta: engine.ItemMeta{ID: id, Creation: v, LifeVersion: v, Deleted: true}}
		delete(p.items, itemKey{scope, id})
		return nil
	}
	k, _ := pim.KindByName(scope)
	v, err := k.New([]byte(text), collection)
	if err != nil {
		return err
	}
	w := engine.Write{ID: id, Old: old, Value: v}
	meta := p.meta(scope, id, v)
	target := p.f.Target(scope, w)
	p.views[target.Path] = append([]engine.ViewRow{{Scope: scope, Path: target.Path, Body: target.Body, Announced: true, Meta: meta}}, p.views[target.Path]...)
	p.items[itemKey{scope, id}] = v
	place, err := p.f.Write(context.Background(), scope, w)
	if err != nil {
		return err
	}
	p.next[scope][id] = engine.PartialItem{Meta: meta, Place: place}
	return nil
}

// live counts the items that are there.
func (p *pc) live(scope string) int {
	n := 0
	for _, it := range p.next[scope] {
		if !it.Meta.Deleted {
			n++
		}
	}
	return n
}

// sync is a whole session that only takes over.
func (p *pc) sync(store ObjectStore, opt Options) map[string]*engine.Survey {
	p.t.Helper()
	p.must(p.open(store, opt))
	sv, err := p.take()
	p.must(err)
	p.must(p.commit())
	return sv
}

func (p *pc) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// told is a short form of surveys: what moved, by place or ID.
func told(surveys map[string]*engine.Survey) string {
	var lines []string
	for _, sc := range allScopes {
		sv := surveys[sc]
		if sv == nil {
			continue
		}
		for _, o := range sv.Objects {
			what := "object"
			if o.Value == nil {
				what = "place"
			}
			if o.Anonymous {
				what += " anonymous"
			}
			if o.Place.Bundle {
				what += " bundle"
			}
			if !o.ViewID.IsZero() {
				what += " view"
			}
			lines = append(lines, fmt.Sprintf("%s %s %s", sc, what, o.Place.Path))
		}
		if len(sv.Absent) > 0 {
			lines = append(lines, fmt.Sprintf("%s absent %d", sc, len(sv.Absent)))
		}
		if len(sv.Untouched) > 0 {
			lines = append(lines, fmt.Sprintf("%s untouched %d", sc, len(sv.Untouched)))
		}
		for _, e := range sv.Failed {
			lines = append(lines, fmt.Sprintf("%s failed %s: %v", sc, e.Path, e.Reason))
		}
		if sv.Present > 0 {
			lines = append(lines, fmt.Sprintf("%s present %d", sc, sv.Present))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func wantTold(t *testing.T, what string, got map[string]*engine.Survey, want ...string) {
	t.Helper()
	slices.Sort(want)
	if g, w := told(got), strings.Join(want, "\n"); g != w {
		t.Fatalf("%s: got\n%s\nwant\n%s", what, g, w)
	}
}
