package devprovider

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cradle/engine"
	"cradle/pim"
)

const personal = "Cradle/contacts/personal/"

// scene is a device and a computer that took everything over.
type scene struct {
	*pc
	m     *memStore
	clock *testClock
	opt   Options
}

func newScene(t *testing.T, files map[string]string) *scene {
	clock := newTestClock()
	s := &scene{pc: newPC(t, 'A'), m: newMemStore(clock.now), clock: clock, opt: Options{Serial: "S", Now: clock.now}}
	for _, path := range sortedKeys(files) {
		s.m.put(path, files[path])
	}
	clock.later()
	s.sync(s.m, s.opt)
	clock.later()
	return s
}

// survey opens the device anew, by this computer, and takes what it finds.
func (s *scene) survey() map[string]*engine.Survey {
	s.t.Helper()
	s.must(s.open(s.m, s.opt))
	s.m.did = map[string]int{}
	sv, err := s.take()
	s.must(err)
	return sv
}

func (s *scene) text(id engine.ItemID) string {
	s.t.Helper()
	v, err := s.f.Load(ctxb, "contacts", id, s.next["contacts"][id].Place)
	s.must(err)
	return string(pim.Contacts.Text(v))
}

func TestUserChanges(t *testing.T) {
	start := map[string]string{personal + "ada.vcf": card("u1", "Ada"), personal + "bob.vcf": card("", "Bob")}
	cases := []struct {
		name string
		user func(m *memStore)
		want []string
	}{
		{"nothing", func(*memStore) {}, []string{"contacts present 2"}},
		{"an edit", func(m *memStore) { m.put(personal+"ada.vcf", card("u1", "Ada L")) },
			[]string{"contacts object " + personal + "ada.vcf", "contacts present 2"}},
		{"an edit of a card without UID", func(m *memStore) { m.put(personal+"bob.vcf", card("", "Rob")) },
			[]string{"contacts object " + personal + "bob.vcf", "contacts present 2"}},
		{"a touch", func(m *memStore) { m.put(personal+"ada.vcf", card("u1", "Ada")) }, []string{"contacts present 2"}},
		{"a deletion", func(m *memStore) { m.drop(personal + "ada.vcf") }, []string{"contacts absent 1", "contacts present 1"}},
		{"a rename", func(m *memStore) { m.drop(personal + "ada.vcf"); m.put(personal+"lovelace.vcf", card("u1", "Ada")) },
			[]string{"contacts place " + personal + "lovelace.vcf", "contacts present 2"}},
		{"a rename without UID", func(m *memStore) { m.drop(personal + "bob.vcf"); m.put(personal+"b.vcf", card("", "Bob")) },
			[]string{"contacts place " + personal + "b.vcf", "contacts present 2"}},
		{"a rename with an edit", func(m *memStore) { m.drop(personal + "ada.vcf"); m.put(personal+"l.vcf", card("u1", "Ada L")) },
			[]string{"contacts object " + personal + "l.vcf", "contacts present 2"}},
		{"a move", func(m *memStore) {
			m.drop(personal + "ada.vcf")
			m.put("Cradle/contacts/work/ada.vcf", card("u1", "Ada"))
		},
			[]string{"contacts object Cradle/contacts/work/ada.vcf", "contacts present 2"}},
		{"another item in the same file", func(m *memStore) { m.put(personal+"ada.vcf", card("u9", "Eve")) },
			[]string{"contacts absent 1", "contacts object " + personal + "ada.vcf", "contacts present 2"}},
		{"a UID lost", func(m *memStore) { m.put(personal+"ada.vcf", card("", "Ada L")) },
			[]string{"contacts object " + personal + "ada.vcf", "contacts present 2"}},
		{"a UID given", func(m *memStore) { m.put(personal+"bob.vcf", card("u7", "Bob")) },
			[]string{"contacts object " + personal + "bob.vcf", "contacts present 2"}},
		{"torn", func(m *memStore) { m.put(personal+"ada.vcf", "BEGIN:VCARD\r\nUID:u1\r\nFN:A") },
			[]string{"contacts untouched 1", "contacts failed " + personal + "ada.vcf: written only in part", "contacts present 1"}},
		{"emptied file", func(m *memStore) { m.put(personal+"ada.vcf", "") },
			[]string{"contacts untouched 1", "contacts failed " + personal + "ada.vcf: written only in part", "contacts present 1"}},
		{"zeros", func(m *memStore) { m.put(personal+"ada.vcf", "\x00\x00\x00\x00") },
			[]string{"contacts untouched 1", "contacts failed " + personal + "ada.vcf: written only in part", "contacts present 1"}},
		{"emptied phone", func(m *memStore) { m.drop(personal + "ada.vcf"); m.drop(personal + "bob.vcf") }, []string{"contacts absent 2"}},
		{"no tree", func(m *memStore) {
			m.drop(personal + "ada.vcf")
			m.drop(personal + "bob.vcf")
			delete(m.storages[0].folders, "Cradle/contacts")
			delete(m.storages[0].folders, "Cradle/contacts/personal")
		}, []string{"contacts absent 2"}},
		{"a folder that isn't listed whole", func(m *memStore) { m.short = map[string]bool{"Cradle/contacts/personal": true} },
			[]string{"contacts failed " + personal + ": the device left out some of its objects", "contacts untouched 1", "contacts present 1"}},
		{"an event among the contacts", func(m *memStore) { m.put(personal+"e.ics", event("e", "Lunch")) },
			[]string{"events object " + personal + "e.ics", "events present 1", "contacts present 2"}},
		{"a file without a collection", func(m *memStore) { m.put("Cradle/contacts/x.vcf", card("x", "X")) },
			[]string{"contacts object Cradle/contacts/x.vcf", "contacts present 3"}},
		{"a further holder", func(m *memStore) { m.put(personal+"aaa.vcf", card("u1", "Ada copy")) },
			[]string{"contacts object " + personal + "aaa.vcf", "contacts present 3"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, start)
			c.user(s.m)
			s.clock.later()
			wantTold(t, "survey", s.survey(), c.want...)
			b := newPC(t, 'B')
			b.must(b.open(s.m, s.opt))
			sv, err := b.take()
			b.must(err)
			wantTold(t, "survey by another PC", sv, c.want...)
		})
	}
}

func TestFurtherHolders(t *testing.T) {
	s := newScene(t, map[string]string{personal + "b.vcf": card("u1", "First")})
	s.m.put(personal+"a.vcf", card("u1", "Second"))
	s.m.put(personal+"c.vcf", card("u1", "Third"))
	s.clock.later()
	s.survey()
	for n, path := range []string{"b.vcf", "a.vcf", "c.vcf"} {
		id := engine.ItemIDFromUID("contacts", "u1", n+1)
		if got := s.next["contacts"][id].Place.Path; got != personal+path {
			t.Errorf("holder %d: got %s, want %s", n+1, got, path)
		}
	}
	if n := len(s.f.Notes()); n != 2 {
		t.Errorf("notes: got %v, want one a further holder", s.f.Notes())
	}
	s.must(s.commit())
	// The second holder is renamed while the first is deleted: nobody takes over.
	s.m.drop(personal + "b.vcf")
	s.m.drop(personal + "a.vcf")
	s.m.put(personal+"z.vcf", card("u1", "Second"))
	s.clock.later()
	wantTold(t, "renamed", s.survey(), "contacts absent 1", "contacts place "+personal+"z.vcf", "contacts present 2")
}

func TestEqualCardsWithoutUID(t *testing.T) {
	s := newScene(t, map[string]string{personal + "a.vcf": card("", "Twin"), personal + "b.vcf": card("", "Twin")})
	if n := s.live("contacts"); n != 2 {
		t.Fatalf("items: got %d, want 2", n)
	}
	s.m.put(personal+"0.vcf", card("", "Twin"))
	s.clock.later()
	wantTold(t, "a third", s.survey(), "contacts object anonymous "+personal+"0.vcf", "contacts present 3")

	// Another PC without a state comes to the same IDs, whatever order it finds
	// them in, as long as the paths are the same.
	delete(s.m.storages[0].folders, stateFolder)
	for p := range s.m.storages[0].files {
		if strings.HasPrefix(p, stateFolder) {
			s.m.drop(p)
		}
	}
	b, c := newPC(t, 'B'), newPC(t, 'C')
	b.must(b.open(s.m, s.opt))
	c.must(c.open(s.m, s.opt))
	x, err := b.take()
	b.must(err)
	y, err := c.take()
	c.must(err)
	for i := range x["contacts"].Objects {
		if x["contacts"].Objects[i].ID != y["contacts"].Objects[i].ID {
			t.Errorf("item %d: %s and %s", i, x["contacts"].Objects[i].ID, y["contacts"].Objects[i].ID)
		}
	}
}

func TestViewKnowsCardsWithoutUID(t *testing.T) {
	s := newScene(t, map[string]string{personal + "a.vcf": card("", "Bob")})
	id := s.onlyID()
	// The state is wiped; this PC's view still knows the file, another PC's doesn't.
	s.wipeState()
	wantTold(t, "by the view", s.survey(), "contacts object "+personal+"a.vcf", "contacts present 1")
	if got := s.onlyID(); got != id {
		t.Errorf("ID: got %s, want %s", got, id)
	}
	b := newPC(t, 'B')
	b.must(b.open(s.m, s.opt))
	sv, err := b.take()
	b.must(err)
	wantTold(t, "without a view", sv, "contacts object anonymous "+personal+"a.vcf", "contacts present 1")
}

func (p *pc) onlyID() engine.ItemID {
	p.t.Helper()
	var ids []engine.ItemID
	for id, it := range p.next["contacts"] {
		if !it.Meta.Deleted {
			ids = append(ids, id)
		}
	}
	if len(ids) != 1 {
		p.t.Fatalf("items: got %d, want 1", len(ids))
	}
	return ids[0]
}

func (s *scene) wipeState() {
	for p := range s.m.storages[0].files {
		if strings.HasPrefix(p, stateFolder) {
			s.m.drop(p)
		}
	}
	delete(s.m.storages[0].folders, stateFolder)
}

// TestTwoIDs: one computer met a card without UID and was cut before the state;
// the user edited it and another computer gave it another ID.
func TestTwoIDs(t *testing.T) {
	clock := newTestClock()
	m := newMemStore(clock.now)
	opt := Options{Serial: "S", Now: clock.now}
	m.put(personal+"a.vcf", card("", "Bob"))
	clock.later()
	a, b := newPC(t, 'A'), newPC(t, 'B')
	a.must(a.open(m, opt))
	_, err := a.take()
	a.must(err)
	first := a.onlyID()
	m.put(personal+"a.vcf", card("", "Rob"))
	clock.later()
	b.sync(m, opt)
	second := b.onlyID()
	clock.later()
	a.must(a.open(m, opt))
	sv, err := a.take()
	a.must(err)
	wantTold(t, "survey", sv, "contacts place view "+personal+"a.vcf", "contacts present 1")
	if o := sv["contacts"].Objects[0]; o.ID != second || o.ViewID != first || first == second {
		t.Errorf("IDs: got %s and %s, want %s and %s", o.ID, o.ViewID, second, first)
	}
}

func TestBundles(t *testing.T) {
	all := personal + "all.vcf"
	three := card("u1", "One") + card("u2", "Two") + card("", "Three")
	objects := []string{"contacts object bundle " + all, "contacts object bundle " + all, "contacts object anonymous bundle " + all, "contacts present 3"}
	clock := newTestClock()
	m := newMemStore(clock.now)
	m.put(all, three)
	clock.later()
	s := &scene{pc: newPC(t, 'A'), m: m, clock: clock, opt: Options{Serial: "S", Now: clock.now}}
	wantTold(t, "first", s.sync(m, s.opt), objects...)
	clock.later()
	wantTold(t, "again", s.survey(), "contacts present 3")
	if s.m.did["read"] != 0 {
		t.Errorf("reads: got %d, want 0", s.m.did["read"])
	}

	// An edit goes to a file of its own; the bundle stays byte for byte.
	before := *m.storages[0].files[all]
	s.must(s.write("contacts", uidOf("u1"), "personal", card("u1", "One and a half")))
	s.must(s.write("contacts", uidOf("u2"), "", ""))
	clock.later()
	s.must(s.commit())
	if after := m.storages[0].files[all]; string(after.body) != string(before.body) || after.modified != before.modified {
		t.Error("the bundle was written to")
	}
	clock.later()
	wantTold(t, "after writes", s.survey(), "contacts present 2")
	if s.m.did["read"] != 0 {
		t.Errorf("reads: got %d, want 0", s.m.did["read"])
	}
	if got := s.text(uidOf("u1")); got != card("u1", "One and a half") {
		t.Errorf("the edited item: got %q", got)
	}

	// The user edits one card in the bundle, the superseded ones stay superseded.
	m.put(all, card("u1", "One")+card("u2", "Two")+card("", "Three", "NOTE:new"))
	clock.later()
	wantTold(t, "edited bundle", s.survey(), "contacts object bundle "+all, "contacts present 2")
	s.must(s.commit())

	// Deleting the file of its own deletes the item, not just its edit.
	clock.later()
	for p := range m.tree() {
		if p != all {
			m.drop(p)
		}
	}
	wantTold(t, "deleted", s.survey(), "contacts absent 1", "contacts present 1")
	s.must(s.commit())

	// Another text in the bundle than the superseded one is the user's.
	m.put(all, card("u1", "One again")+card("u2", "Two")+card("", "Three", "NOTE:new"))
	clock.later()
	wantTold(t, "again in the bundle", s.survey(), "contacts object bundle "+all, "contacts place bundle "+all, "contacts present 2")
}

func TestFileBeforeBundle(t *testing.T) {
	all := personal + "all.vcf"
	s := newScene(t, map[string]string{all: card("u1", "One") + card("u2", "Two")})
	s.m.put(personal+"one.vcf", card("u1", "One, edited"))
	s.clock.later()
	wantTold(t, "a file beside the bundle", s.survey(), "contacts object "+personal+"one.vcf", "contacts present 2")
	s.must(s.commit())
	s.clock.later()
	wantTold(t, "again", s.survey(), "contacts present 2")
	s.m.drop(personal + "one.vcf")
	wantTold(t, "the file is deleted", s.survey(), "contacts absent 1", "contacts present 1")

	// At first sight, too.
	clock := newTestClock()
	m := newMemStore(clock.now)
	m.put(all, card("u1", "One")+card("u2", "Two"))
	m.put(personal+"zzz.vcf", card("u1", "One, edited"))
	b := newPC(t, 'B')
	wantTold(t, "first", b.sync(m, Options{Serial: "S", Now: clock.now}),
		"contacts object bundle "+all, "contacts object "+personal+"zzz.vcf", "contacts present 2")
}

func TestRacyItemsAreReadAgain(t *testing.T) {
	clock := newTestClock()
	m := newMemStore(clock.now)
	m.grain = 2 * time.Second
	opt := Options{Serial: "S", Now: clock.now}
	a := newPC(t, 'A')
	m.put(personal+"a.vcf", card("u1", "Abc"))
	a.sync(m, opt) // the state is of the same moment as the file
	m.put(personal+"a.vcf", card("u1", "Xyz"))
	clock.later()
	a.must(a.open(m, opt))
	sv, err := a.take()
	a.must(err)
	wantTold(t, "same size, same time", sv, "contacts object "+personal+"a.vcf", "contacts present 1")
}

// testCache is a Cache in memory.
type testCache map[engine.Place]bool

func (c testCache) Known(p engine.Place) bool { return c[p] }
func (c testCache) Remember(p engine.Place)   { c[p] = true }

// failures is a testCache that is a FailureCache too.
type failures struct {
	testCache
	reasons map[engine.Place]string
}

func (f failures) Failure(p engine.Place) (string, bool) { r, ok := f.reasons[p]; return r, ok }
func (f failures) RememberFailure(p engine.Place, reason string) {
	f.reasons[p] = reason
}

func TestFailuresAreReadOnce(t *testing.T) {
	s := newScene(t, map[string]string{personal + "a.vcf": card("u1", "A"), personal + "bad.vcf": "no card at all"})
	s.opt.Cache = failures{testCache{}, map[engine.Place]string{}}
	for run, reads := range []int{1, 0, 0} {
		sv := s.survey()
		if f := sv["contacts"].Failed; len(f) != 1 || f[0].Path != personal+"bad.vcf" || s.m.did["read"] != reads {
			t.Fatalf("run %d: got\n%s\nand %d reads, want %d", run, told(sv), s.m.did["read"], reads)
		}
	}
	s.m.put(personal+"bad.vcf", card("u2", "B"))
	s.clock.later()
	wantTold(t, "repaired", s.survey(), "contacts object "+personal+"bad.vcf", "contacts present 2")
}

func TestCacheSavesReading(t *testing.T) {
	clock := newTestClock()
	m := newMemStore(clock.now)
	cache := testCache{}
	opt := Options{Serial: "S", Now: clock.now, Cache: cache}
	a := newPC(t, 'A')
	m.put(personal+"a.vcf", card("u1", "Abc"))
	a.sync(m, opt)
	if len(cache) != 0 {
		t.Fatalf("remembered what was read within 2 s of its time: %v", cache)
	}
	reads := func() int {
		clock.later()
		a.must(a.open(m, opt))
		m.did = map[string]int{}
		_, err := a.take()
		a.must(err)
		return m.did["read"]
	}
	if got := reads(); got != 1 {
		t.Errorf("racy and not remembered: got %d reads, want 1", got)
	}
	if got := reads(); got != 0 {
		t.Errorf("racy and remembered: got %d reads, want 0", got)
	}
	m.put(personal+"a.vcf", card("u1", "Abc")) // touched
	if got := reads(); got != 1 {
		t.Errorf("touched: got %d reads, want 1", got)
	}
	if got := reads(); got != 0 {
		t.Errorf("touched and remembered: got %d reads, want 0", got)
	}
	m.grain = -1
	m.put(personal+"a.vcf", card("u1", "Abc"))
	for range 2 {
		if got := reads(); got != 1 {
			t.Errorf("without times: got %d reads, want 1 in every run", got)
		}
	}
}

func TestCommonShiftIsNoChange(t *testing.T) {
	cases := []struct {
		name  string
		shift time.Duration
		edit  bool
		reads int
	}{
		{"an hour", time.Hour, false, 0},
		{"minus five and three quarters", -(5*time.Hour + 45*time.Minute), false, 0},
		{"an hour and an edit", time.Hour, true, 1},
		{"a minute", time.Minute, false, 4},
		{"two days", 48 * time.Hour, false, 4},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, map[string]string{
				personal + "a.vcf": card("u1", "A"), personal + "b.vcf": card("u2", "B"),
				personal + "c.vcf": card("u3", "C"), personal + "d.vcf": card("u4", "D"),
			})
			if c.edit {
				s.clock.later()
				s.m.put(personal+"a.vcf", card("u1", "Z"))
				s.clock.later()
			}
			s.m.skew += c.shift
			for _, f := range s.m.storages[0].files {
				f.modified += c.shift.Milliseconds()
			}
			s.survey()
			if got := s.m.did["read"]; got != c.reads {
				t.Fatalf("reads: got %d, want %d", got, c.reads)
			}
			s.must(s.commit())
			s.clock.later()
			s.survey()
			if got := s.m.did["read"]; got != 0 {
				t.Errorf("reads after a commit: got %d, want 0", got)
			}
		})
	}
}

func TestEditTimeIsOnThisClock(t *testing.T) {
	s := newScene(t, map[string]string{personal + "a.vcf": card("u1", "A")})
	s.m.skew = 3 * time.Hour
	s.must(s.open(s.m, s.opt))
	s.must(s.write("contacts", uidOf("u2"), "personal", card("u2", "B"))) // measures the clock
	s.must(s.commit())
	s.clock.later()
	at := s.clock.t
	s.m.put(personal+"a.vcf", card("u1", "Z"))
	s.clock.later()
	sv := s.survey()
	if got := time.UnixMilli(sv["contacts"].Objects[0].Edited); got.Sub(at).Abs() > 2*time.Second {
		t.Errorf("edited: got %s, want %s", got.UTC(), at)
	}
}

// TestOnlySomeKinds: what isn't asked for is neither read as a failure nor lost.
func TestOnlySomeKinds(t *testing.T) {
	clock := newTestClock()
	m := newMemStore(clock.now)
	text := strings.Replace(event("e1", "Lunch"), "END:VCALENDAR", "BEGIN:VFREEBUSY\r\nUID:f\r\nEND:VFREEBUSY\r\nEND:VCALENDAR", 1)
	m.put("Cradle/calendars/personal/x.ics", text)
	m.put(personal+"a.vcf", card("u1", "A"))
	clock.later()
	a := newPC(t, 'A')
	a.must(a.open(m, Options{Serial: "S", Now: clock.now, Cache: testCache{}}))
	sv, err := a.f.Survey(ctxb, []string{"contacts"}, a)
	a.must(err)
	wantTold(t, "contacts only", sv, "contacts object "+personal+"a.vcf", "contacts present 1")
	sv, err = a.take()
	a.must(err)
	a.must(a.commit())
	wantTold(t, "all", sv, "contacts object "+personal+"a.vcf", "contacts present 1", "events object Cradle/calendars/personal/x.ics",
		"events failed Cradle/calendars/personal/x.ics: line 10: VFREEBUSY is no item that Cradle syncs", "events present 1")
	clock.later()
	m.drop("Cradle/calendars/personal/x.ics")
	a.must(a.open(m, Options{Serial: "S", Now: clock.now}))
	sv, err = a.f.Survey(ctxb, []string{"contacts"}, a)
	a.must(err)
	wantTold(t, "contacts only, an event deleted", sv, "contacts present 1")
	if _, err := a.f.Survey(ctxb, []string{"photos"}, a); err == nil {
		t.Error("a survey of an unknown kind: no error")
	}
}

// TestSetAsideIsToldInEveryRun: a file holds an item and something that is none.
func TestSetAsideIsToldInEveryRun(t *testing.T) {
	path := "Cradle/calendars/personal/x.ics"
	text := strings.Replace(event("e1", "Lunch"), "END:VCALENDAR", "BEGIN:VFREEBUSY\r\nUID:f\r\nEND:VFREEBUSY\r\nEND:VCALENDAR", 1)
	s := newScene(t, map[string]string{path: text})
	for run := range 2 {
		sv := s.survey()
		if f := sv["events"].Failed; len(f) != 1 || f[0].Path != path || sv["events"].Present != 1 || s.m.did["read"] != 0 {
			t.Fatalf("run %d: got\n%s\nand %d reads", run, told(sv), s.m.did["read"])
		}
	}
	s.m.put(path, event("e1", "Lunch"))
	s.clock.later()
	if sv := s.survey(); len(sv["events"].Failed) != 0 {
		t.Errorf("repaired: got\n%s", told(sv))
	}
}

func TestNothingIsWrittenByASurvey(t *testing.T) {
	s := newScene(t, map[string]string{personal + "a.vcf": card("u1", "A")})
	s.m.put(personal+"a.vcf", card("u1", "B"))
	s.m.put(personal+"x."+fmt.Sprintf("%08x", 1)+"~00000000.vcf", "BEGIN:VCARD")
	s.survey()
	for op := range s.m.did {
		switch op {
		case "list", "read", "stat", "storages":
		default:
			t.Errorf("a survey did %q", op)
		}
	}
}
