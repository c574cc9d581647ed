package devprovider

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cradle/engine"
)

const elsewhere = "Documents/Contacts/"

// newVdirScene is a device with a vdir outside the tree that was named once and taken
// over.
func newVdirScene(t *testing.T, v Vdir, files map[string]string) *scene {
	clock := newTestClock()
	s := &scene{pc: newPC(t, 'A'), m: newMemStore(clock.now), clock: clock, opt: Options{Serial: "S", Now: clock.now}}
	for _, path := range sortedKeys(files) {
		s.m.put(path, files[path])
	}
	clock.later()
	s.must(s.open(s.m, s.opt))
	s.must(s.f.Use(ctxb, v))
	_, err := s.take()
	s.must(err)
	s.must(s.commit())
	clock.later()
	return s
}

// dropFolder takes a folder with all that is in it away.
func (m *memStore) dropFolder(folder string) {
	for p := range m.storages[0].files {
		if strings.HasPrefix(p, folder+"/") {
			delete(m.storages[0].files, p)
		}
	}
	for p := range m.storages[0].folders {
		if p == folder || strings.HasPrefix(p, folder+"/") {
			delete(m.storages[0].folders, p)
		}
	}
}

// What the user does in a vdir is seen by the computer that named it and by another
// one that has only the device's state.
func TestUserChangesInVdir(t *testing.T) {
	start := map[string]string{
		personal + "bob.vcf":          card("u2", "Bob"),
		elsewhere + "ada.vcf":         card("u1", "Ada"),
		elsewhere + "eve.vcf":         card("u3", "Eve"),
		elsewhere + "sub/no.vcf":      card("u8", "Not looked at"),
		"Documents/other.vcf":         card("u9", "Not looked at"),
		"Documents/Contacts/note.txt": "no item",
	}
	vanished := "contacts failed Documents/Contacts/: " + errVanished.Error()
	for _, c := range []struct {
		name string
		user func(m *memStore)
		want []string
	}{
		{"nothing", func(*memStore) {}, []string{"contacts present 3"}},
		{"an edit", func(m *memStore) { m.put(elsewhere+"ada.vcf", card("u1", "Ada L")) },
			[]string{"contacts object " + elsewhere + "ada.vcf", "contacts present 3"}},
		{"a new item", func(m *memStore) { m.put(elsewhere+"new.vcf", card("u4", "New")) },
			[]string{"contacts object " + elsewhere + "new.vcf", "contacts present 4"}},
		{"a deletion", func(m *memStore) { m.drop(elsewhere + "ada.vcf") }, []string{"contacts absent 1", "contacts present 2"}},
		{"an emptied folder", func(m *memStore) { m.drop(elsewhere + "ada.vcf"); m.drop(elsewhere + "eve.vcf") },
			[]string{"contacts absent 2", "contacts present 1"}},
		{"the folder gone", func(m *memStore) { m.dropFolder("Documents/Contacts") },
			[]string{vanished, "contacts untouched 2", "contacts present 1"}},
		{"the folder above gone", func(m *memStore) { m.dropFolder("Documents") },
			[]string{vanished, "contacts untouched 2", "contacts present 1"}},
		{"the folder not listed whole", func(m *memStore) { m.short = map[string]bool{"Documents/Contacts": true} },
			[]string{"contacts failed Documents/Contacts/: the device left out some of its objects", "contacts present 3"}},
		{"moved into the tree", func(m *memStore) { m.drop(elsewhere + "ada.vcf"); m.put(personal+"ada.vcf", card("u1", "Ada")) },
			[]string{"contacts object " + personal + "ada.vcf", "contacts present 3"}},
		{"moved out of the tree", func(m *memStore) { m.drop(personal + "bob.vcf"); m.put(elsewhere+"bob.vcf", card("u2", "Bob")) },
			[]string{"contacts object " + elsewhere + "bob.vcf", "contacts present 3"}},
		{"an event among the contacts", func(m *memStore) { m.put(elsewhere+"e.ics", event("e", "Lunch")) },
			[]string{"events object " + elsewhere + "e.ics", "events present 1", "contacts present 3"}},
		{"torn", func(m *memStore) { m.put(elsewhere+"ada.vcf", "BEGIN:VCARD\r\nUID:u1\r\nFN:A") },
			[]string{"contacts untouched 1", "contacts failed " + elsewhere + "ada.vcf: written only in part", "contacts present 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newVdirScene(t, Vdir{Folder: "Documents/Contacts", Collection: "family"}, start)
			c.user(s.m)
			s.clock.later()
			before := s.m.tree()
			wantTold(t, "survey", s.survey(), c.want...)
			b := newPC(t, 'B')
			b.must(b.open(s.m, s.opt))
			sv, err := b.take()
			b.must(err)
			wantTold(t, "survey by another PC", sv, c.want...)
			for path, text := range s.m.tree() {
				if before[path] != text {
					t.Errorf("a survey changed %s", path)
				}
			}
		})
	}
}

// The collection of what is read, and where what is written goes.
func TestVdirCollections(t *testing.T) {
	s := newVdirScene(t, Vdir{Folder: "documents/CONTACTS", Collection: "family"}, map[string]string{
		elsewhere + "ada.vcf": card("u1", "Ada"), personal + "bob.vcf": card("u2", "Bob"),
	})
	id := func(uid string) engine.ItemID { return engine.ItemIDFromUID("contacts", uid, 1) }
	if v := s.items[itemKey{"contacts", id("u1")}]; v == nil || s.f.kinds["contacts"].Collection(v) != "family" {
		t.Errorf("what lies in the vdir isn't in its collection")
	}
	s.survey()
	for _, step := range []struct {
		name, uid, collection, text string
		want                        string // the folder where it comes to lie
	}{
		{"an edit in place", "u1", "family", card("u1", "Ada L"), "Documents/Contacts"},
		{"a new item of the collection", "u5", "family", card("u5", "New"), "Documents/Contacts"},
		{"a new item of another", "u6", "work", card("u6", "Work"), "Cradle/contacts/work"},
		{"out of the vdir", "u1", "personal", card("u1", "Ada L"), "Cradle/contacts/personal"},
		{"into the vdir", "u2", "family", card("u2", "Bob"), "Documents/Contacts"},
		{"into the vdir with an edit", "u6", "family", card("u6", "Worker"), "Documents/Contacts"},
	} {
		s.must(s.write("contacts", id(step.uid), step.collection, step.text))
		place := s.next["contacts"][id(step.uid)].Place
		if parent(place.Path) != step.want || s.m.tree()[place.Path] != step.text {
			t.Errorf("%s: it lies at %s with\n%s\nwant it whole in %s", step.name, place.Path, s.m.tree()[place.Path], step.want)
		}
	}
	if p := s.next["contacts"][id("u1")].Place.Path; base(p) != "ada.vcf" {
		t.Errorf("the item that was edited in place and moved has the name %s, want its own", p)
	}
	// Cards go there, events don't: the folder holds cards.
	s.must(s.write("events", engine.ItemIDFromUID("events", "e", 1), "family", event("e", "Lunch")))
	if p := s.next["events"][engine.ItemIDFromUID("events", "e", 1)].Place.Path; !strings.HasPrefix(p, "Cradle/calendars/family/") {
		t.Errorf("a new event lies at %s, want it in the tree", p)
	}
	s.must(s.write("contacts", id("u5"), "", ""))
	s.must(s.commit())
	s.clock.later()
	n := len(s.m.tree())
	wantTold(t, "afterwards", s.survey(), "contacts present 3", "events present 1")
	if len(s.m.tree()) != n || n < 4 {
		t.Errorf("%d files, want the %d", len(s.m.tree()), n)
	}
}

func TestVdirBelow(t *testing.T) {
	start := map[string]string{
		"vdir/work/a.ics": event("a", "A"), "vdir/work/b.ics": event("b", "B"), "vdir/home/c.ics": event("c", "C"),
		"vdir/loose.ics": event("d", "Not looked at"), "vdir/home/deep/e.ics": event("e", "Not looked at"), "vdir/.trash/f.ics": event("f", "Hidden"),
	}
	for _, c := range []struct {
		name string
		user func(m *memStore)
		want []string
	}{
		{"nothing", func(*memStore) {}, []string{"events present 3"}},
		{"a new folder", func(m *memStore) { m.put("vdir/new/n.ics", event("n", "N")) },
			[]string{"events object vdir/new/n.ics", "events present 4"}},
		{"a folder gone", func(m *memStore) { m.dropFolder("vdir/work") },
			[]string{"contacts failed vdir/work/: " + errVanished.Error(), "events untouched 2", "events present 1"}},
		{"all gone", func(m *memStore) { m.dropFolder("vdir") },
			[]string{"contacts failed vdir/: " + errVanished.Error(), "events untouched 3"}},
		{"a folder emptied", func(m *memStore) { m.drop("vdir/home/c.ics") }, []string{"events absent 1", "events present 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newVdirScene(t, Vdir{Folder: "vdir", Below: true}, start)
			c.user(s.m)
			s.clock.later()
			wantTold(t, "survey", s.survey(), c.want...)
		})
	}
	s := newVdirScene(t, Vdir{Folder: "vdir", Below: true}, start)
	s.survey()
	id := engine.ItemIDFromUID("events", "x", 1)
	s.must(s.write("events", id, "work", event("x", "X")))
	if p := s.next["events"][id].Place.Path; parent(p) != "vdir/work" {
		t.Errorf("a new event of a collection below lies at %s", p)
	}
	id = engine.ItemIDFromUID("events", "y", 1)
	s.must(s.write("events", id, "unheard", event("y", "Y")))
	if p := s.next["events"][id].Place.Path; parent(p) != "Cradle/calendars/unheard" {
		t.Errorf("a new event of a collection that isn't below lies at %s", p)
	}
	var got []string
	for _, h := range s.f.Holdings() {
		if h.Scope == "events" {
			got = append(got, fmt.Sprintf("%s %s %d", h.Collection, h.Folder, h.Items))
		}
	}
	// As the state has them: what was written meanwhile isn't in it yet.
	if want := "home vdir/home 1, unheard Cradle/calendars/unheard 0, work vdir/work 2"; strings.Join(got, ", ") != want {
		t.Errorf("holdings: %s, want %s", strings.Join(got, ", "), want)
	}
}

// A folder that is gone isn't made anew: it would be empty, and all that was in it
// taken for deleted.
func TestVanishedVdirIsNotMade(t *testing.T) {
	s := newVdirScene(t, Vdir{Folder: "Documents/Contacts", Collection: "family"}, map[string]string{elsewhere + "ada.vcf": card("u1", "Ada")})
	files := map[string]string{elsewhere + "ada.vcf": card("u1", "Ada")}
	s.m.dropFolder("Documents")
	s.clock.later()
	s.survey()
	id := engine.ItemIDFromUID("contacts", "u5", 1)
	var ie *engine.ItemError
	if err := s.write("contacts", id, "family", card("u5", "New")); !errors.As(err, &ie) || !errors.Is(err, errVanished) {
		t.Errorf("a write into the folder that is gone: got %v, want an item's error", err)
	}
	delete(s.next["contacts"], id)
	if s.m.storages[0].folders["Documents"] {
		t.Error("the folder was made")
	}
	s.must(s.commit())
	// Put back, it goes on as before.
	for path, text := range files {
		s.m.put(path, text)
	}
	s.clock.later()
	wantTold(t, "put back", s.survey(), "contacts present 1")
}

func TestLeaveVdir(t *testing.T) {
	files := map[string]string{elsewhere + "ada.vcf": card("u1", "Ada"), elsewhere + "eve.vcf": card("u3", "Eve"), personal + "bob.vcf": card("u2", "Bob")}
	s := newVdirScene(t, Vdir{Folder: "Documents/Contacts", Collection: "family"}, files)
	s.must(s.open(s.m, s.opt))
	s.must(s.f.Leave("documents/contacts", ""))
	if _, err := s.take(); err != nil {
		t.Fatal(err)
	}
	s.must(s.commit())
	s.m.put(elsewhere+"ada.vcf", card("u1", "Ada, edited"))
	s.m.drop(elsewhere + "eve.vcf")
	s.clock.later()
	wantTold(t, "let go", s.survey(), "contacts untouched 2", "contacts present 1")
	// One that is moved into the tree is the item that it was.
	s.m.put(personal+"ada.vcf", card("u1", "Ada, edited"))
	s.clock.later()
	wantTold(t, "moved into the tree", s.survey(), "contacts object "+personal+"ada.vcf", "contacts untouched 1", "contacts present 2")
	if got := s.next["contacts"][engine.ItemIDFromUID("contacts", "u1", 1)].Place.Path; got != personal+"ada.vcf" {
		t.Errorf("the item lies at %s", got)
	}
	// Named again it is looked at again.
	s.m.drop(personal + "ada.vcf")
	s.must(s.open(s.m, s.opt))
	s.must(s.f.Use(ctxb, Vdir{Folder: "Documents/Contacts"}))
	sv, err := s.take()
	s.must(err)
	wantTold(t, "named again", sv, "contacts object "+elsewhere+"ada.vcf", "contacts absent 1", "contacts present 2")
	if v := s.f.Vdirs(); len(v) != 1 || v[0].Collection != "family" || v[0].Left {
		t.Errorf("named again without a collection: got %+v, want the one it had", v)
	}
	if err := s.f.Leave("Music", ""); !errors.Is(err, ErrNoFolder) {
		t.Errorf("letting go what isn't used: got %v", err)
	}
}

func TestUseVdir(t *testing.T) {
	clock := newTestClock()
	m := newMemStore(clock.now, "internal", "card")
	m.put("Documents/Contacts/a.vcf", card("a", "A"))
	for _, s := range m.storages {
		s.folders["Both"] = true
	}
	open := func() *Folder {
		f, err := Open(ctxb, m, Options{Serial: "S", Now: clock.now})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	for _, tt := range []struct {
		name string
		v    Vdir
		err  error
		want []Vdir
	}{
		{"its own name", Vdir{Folder: "Documents/Contacts"}, nil, []Vdir{{Storage: "internal", Folder: "Documents/Contacts", Collection: "Contacts"}}},
		{"in another case", Vdir{Folder: "/documents/contacts/", Collection: "x"}, nil, []Vdir{{Storage: "internal", Folder: "Documents/Contacts", Collection: "x"}}},
		{"on each storage", Vdir{Folder: "Both"}, nil, []Vdir{{Storage: "card", Folder: "Both", Collection: "Both"}, {Storage: "internal", Folder: "Both", Collection: "Both"}}},
		{"on the storage named", Vdir{Folder: "Both", Storage: "card"}, nil, []Vdir{{Storage: "card", Folder: "Both", Collection: "Both"}}},
		{"scopes in order", Vdir{Folder: "Both", Storage: "card", Scopes: []string{"tasks", "events", "tasks"}}, nil, []Vdir{{Storage: "card", Folder: "Both", Collection: "Both", Scopes: []string{"events", "tasks"}}}},
		{"not there", Vdir{Folder: "Documents/Calendar"}, ErrNoFolder, nil},
		{"not on that storage", Vdir{Folder: "Documents/Contacts", Storage: "card"}, ErrNoFolder, nil},
		{"no such storage", Vdir{Folder: "Both", Storage: "sd"}, ErrNoFolder, nil},
		{"the root", Vdir{Folder: "/"}, ErrFolderPath, nil},
		{"outside", Vdir{Folder: "a/../../b"}, ErrFolderPath, nil},
		{"the tree", Vdir{Folder: "cradle/contacts/work"}, ErrFolderPath, nil},
		{"a file", Vdir{Folder: "Documents/Contacts/a.vcf"}, ErrNoFolder, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := open()
			if err := f.Use(ctxb, tt.v); !errors.Is(err, tt.err) {
				t.Fatalf("got %v, want %v", err, tt.err)
			}
			if got := f.Vdirs(); len(got) != len(tt.want) {
				t.Fatalf("got %+v, want %+v", got, tt.want)
			}
			for i, v := range f.Vdirs() {
				if !v.equal(tt.want[i]) {
					t.Errorf("got %+v, want %+v", v, tt.want[i])
				}
			}
			m.did = map[string]int{}
			if err := f.Use(ctxb, tt.v); !errors.Is(err, tt.err) || tt.err == nil && m.did["list"] != 0 {
				t.Errorf("again: got %v after %d listings, want no question to the device", err, m.did["list"])
			}
		})
	}
	f := open()
	m.cut = m.ops
	if err := f.Use(ctxb, Vdir{Folder: "Documents/Contacts"}); !errors.Is(err, engine.ErrGone) {
		t.Errorf("a cable pulled while the folder is looked for: got %v, want %v", err, engine.ErrGone)
	}
}

// On several storages: an item moves between a vdir on the card and the tree, and a
// card that is taken out is nobody's deletion.
func TestVdirOnCard(t *testing.T) {
	clock := newTestClock()
	s := &scene{pc: newPC(t, 'A'), m: newMemStore(clock.now, "internal", "card"), clock: clock, opt: Options{Serial: "S", Now: clock.now}}
	for _, st := range s.m.storages {
		st.folders["Contacts"] = true
	}
	s.m.storages[1].files["Contacts/ada.vcf"] = &memFile{[]byte(card("u1", "Ada")), s.m.stamp()}
	s.m.storages[0].files["Contacts/bob.vcf"] = &memFile{[]byte(card("u2", "Bob")), s.m.stamp()}
	clock.later()
	s.must(s.open(s.m, s.opt))
	s.must(s.f.Use(ctxb, Vdir{Folder: "Contacts", Storage: "card", Collection: "old"}))
	s.must(s.f.Use(ctxb, Vdir{Folder: "Contacts", Storage: "internal", Collection: "new"}))
	_, err := s.take()
	s.must(err)
	s.must(s.commit())
	clock.later()
	s.survey()
	ada, bob := engine.ItemIDFromUID("contacts", "u1", 1), engine.ItemIDFromUID("contacts", "u2", 1)
	s.must(s.write("contacts", bob, "old", card("u2", "Bob")))
	s.must(s.write("contacts", ada, "new", card("u1", "Ada")))
	if p := s.next["contacts"][bob].Place; p.Storage != "card" || parent(p.Path) != "Contacts" {
		t.Errorf("moved to the card: it lies at %+v", p)
	}
	if p := s.next["contacts"][ada].Place; p.Storage != "internal" || parent(p.Path) != "Contacts" {
		t.Errorf("moved from the card: it lies at %+v", p)
	}
	if n := len(s.m.storages[0].files) + len(s.m.storages[1].files); n != 4 { // with README.txt and the state
		t.Errorf("%d files, want one each, the readme and the state", n)
	}
	s.must(s.commit())
	clock.later()
	wantTold(t, "afterwards", s.survey(), "contacts present 2")
	s.m.storages = s.m.storages[:1]
	wantTold(t, "the card taken out", s.survey(), "contacts present 1", "contacts untouched 1")
}

// A vdir costs its own listing and those of the folders above it, and a run without
// changes reads nothing.
func TestVdirCost(t *testing.T) {
	s := newVdirScene(t, Vdir{Folder: "Documents/Contacts"}, map[string]string{elsewhere + "ada.vcf": card("u1", "Ada")})
	s.survey()
	if got := s.m.did["list"]; got > 4 { // of the root, the tree, contacts and the vdir
		t.Errorf("%d listings: %v", got, s.m.log)
	}
	if s.f.BodiesRead() != 0 {
		t.Errorf("%d bodies were read", s.f.BodiesRead())
	}
}
