package devprovider

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"cradle/engine"
	"cradle/pim"
)

func newWriteScene(t *testing.T) *scene {
	s := newScene(t, map[string]string{personal + "ada.vcf": card("u1", "Ada")})
	s.survey()
	return s
}

func (s *scene) place(id engine.ItemID) string { return s.next["contacts"][id].Place.Path }

func TestNamesOfNewObjects(t *testing.T) {
	id := uidOf("x")
	part := id.String()[:8]
	cases := []struct {
		name, collection, summary string
		want                      string
	}{
		{"plain", "personal", "Ada Lovelace", personal + "ada-lovelace." + part + ".vcf"},
		{"no collection", "", "Ada", personal + "ada." + part + ".vcf"},
		{"slashes and emoji", "personal", "a/b\\c 😀", ""},
		{"nothing readable", "personal", "😀", personal + part + ".vcf"},
		{"long", "personal", strings.Repeat("Name ", 60), ""},
		{"a device of DOS", "personal", "CON", ""},
		{"a nested collection", "work/team", "Ada", "Cradle/contacts/work/team/ada." + part + ".vcf"},
		{"a collection with a colon", "a:b", "Ada", "Cradle/contacts/a_b-" + shortHash("a:b") + "/ada." + part + ".vcf"},
		{"a collection of dots", "..", "Ada", "Cradle/contacts/collection-" + shortHash("..") + "/ada." + part + ".vcf"},
		{"a hidden collection", ".x", "Ada", "Cradle/contacts/x-" + shortHash(".x") + "/ada." + part + ".vcf"},
		{"an umlaut", "Büro", "Ada", "Cradle/contacts/Büro/ada." + part + ".vcf"},
		{"a collection of another case", "PERSONAL", "Ada", "Cradle/contacts/PERSONAL-" + shortHash("PERSONAL") + "/ada." + part + ".vcf"},
		{"a very long collection", strings.Repeat("ä", 300), "Ada", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newWriteScene(t)
			v, err := pim.Contacts.New([]byte(card("x", c.summary)), c.collection)
			s.must(err)
			target := s.f.Target("contacts", engine.Write{ID: id, Value: v}).Path
			s.must(s.write("contacts", id, c.collection, card("x", c.summary)))
			got := s.place(id)
			if c.want != "" && got != c.want {
				t.Errorf("path: got %s, want %s", got, c.want)
			}
			if got != target {
				t.Errorf("path: got %s, announced %s", got, target)
			}
			for _, part := range strings.Split(got, "/") {
				if !safeName(part) || len(part) > 255 {
					t.Errorf("%q isn't safe on every file system", part)
				}
			}
			if strings.IndexFunc(base(got), func(r rune) bool { return r > unicode.MaxASCII }) >= 0 {
				t.Errorf("%q isn't ASCII", base(got))
			}
			s.clock.later()
			s.must(s.commit())
			s.clock.later()
			wantTold(t, "afterwards", s.survey(), "contacts present 2")
			// Read again: the collection is the same, also to another PC.
			f := s.m.storages[0].files[got]
			f.body = []byte(card("x", c.summary, "NOTE:edited"))
			f.modified = s.m.stamp()
			s.clock.later()
			b := newPC(t, 'B')
			b.must(b.open(s.m, s.opt))
			sv, err := b.take()
			b.must(err)
			want := c.collection
			if want == "" {
				want = firstCollection
			}
			if o := sv["contacts"].Objects; len(o) != 1 || pim.Contacts.Collection(o[0].Value) != want {
				t.Errorf("collection read back: got %v, want %q", o, want)
			}
		})
	}
}

func TestRefusedNames(t *testing.T) {
	cases := []struct {
		name   string
		refuse func(string) bool
		want   string // of the object; "" an error
	}{
		{"only 7 bit", func(n string) bool { return strings.IndexFunc(n, func(r rune) bool { return r > 127 }) >= 0 }, "Cradle/contacts/" + plainFolder("Büro 😀") + "/ada." + uidOf("x").String()[:8] + ".vcf"},
		{"short names", func(n string) bool { return strings.HasPrefix(n, "ada") }, "Cradle/contacts/Büro 😀/" + uidOf("x").String()[:8] + ".vcf"},
		{"no file", func(n string) bool { return strings.HasSuffix(n, ".vcf") }, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newWriteScene(t)
			s.m.refuse = c.refuse
			err := s.write("contacts", uidOf("x"), "Büro 😀", card("x", "Ada"))
			if c.want == "" {
				var ie *engine.ItemError
				if !errors.As(err, &ie) || !errors.Is(err, ErrName) || ie.Item != uidOf("x") || ie.Path == "" {
					t.Fatalf("got %v, want an item's error that wraps %v", err, ErrName)
				}
				return
			}
			s.must(err)
			if got := s.place(uidOf("x")); got != c.want {
				t.Errorf("path: got %s, want %s", got, c.want)
			}
			s.must(s.commit())
			s.clock.later()
			s.survey()
			if v, err := s.f.Load(ctxb, "contacts", uidOf("x"), s.next["contacts"][uidOf("x")].Place); err != nil || pim.Contacts.Collection(v) != "Büro 😀" {
				t.Errorf("collection: got %v, %v", v, err)
			}
		})
	}
}

func TestTakenNames(t *testing.T) {
	s := newWriteScene(t)
	id := uidOf("x")
	s.m.put(personal+"ADA."+strings.ToUpper(id.String()[:8])+".VCF", "not a card")
	s.clock.later()
	s.survey()
	s.must(s.write("contacts", id, "personal", card("x", "Ada")))
	if got, want := s.place(id), personal+id.String()[:8]+".vcf"; got != want {
		t.Errorf("beside a name of another case: got %s, want %s", got, want)
	}
}

func TestTornObjectIsWrittenAgain(t *testing.T) {
	for _, who := range []string{"same PC", "another PC"} {
		t.Run(who, func(t *testing.T) {
			s := newWriteScene(t)
			id := uidOf("x")
			path := personal + "ada." + id.String()[:8] + ".vcf"
			if who == "same PC" {
				s.views[path] = []engine.ViewRow{{Scope: "contacts", Path: path, Announced: true, Meta: engine.ItemMeta{ID: id}}}
			}
			s.m.put(path, card("x", "Ada")[:40])
			s.clock.later()
			if who == "same PC" {
				wantTold(t, "survey", s.survey(), "contacts present 1")
			} else {
				wantTold(t, "survey", s.survey(), "contacts failed "+path+": written only in part", "contacts present 1")
			}
			s.must(s.write("contacts", id, "personal", card("x", "Ada")))
			if s.place(id) != path {
				t.Errorf("path: got %s, want %s", s.place(id), path)
			}
			s.must(s.commit())
			s.clock.later()
			wantTold(t, "afterwards", s.survey(), "contacts present 2")
		})
	}
}

func TestChangedObjectsAreLeft(t *testing.T) {
	edited := card("u1", "By the user")
	cases := []struct {
		name string
		user func(s *scene)
		want map[string]string
	}{
		{"edited", func(s *scene) { s.clock.later(); s.m.put(personal+"ada.vcf", edited) }, map[string]string{personal + "ada.vcf": edited}},
		{"deleted", func(s *scene) { s.m.drop(personal + "ada.vcf") }, map[string]string{}},
		{"same size within the granularity", func(s *scene) {
			f := s.m.storages[0].files[personal+"ada.vcf"]
			f.body = []byte(card("u1", "Eva"))
		}, map[string]string{personal + "ada.vcf": card("u1", "Eva")}},
	}
	for _, c := range cases {
		for _, do := range []string{"edit", "move", "delete"} {
			t.Run(c.name+", "+do, func(t *testing.T) {
				s := newScene(t, map[string]string{personal + "ada.vcf": card("u1", "Bob")})
				if strings.HasPrefix(c.name, "same size") {
					s.m.put(personal+"ada.vcf", card("u1", "Ada")) // this very moment
				}
				s.survey()
				c.user(s)
				var err error
				switch do {
				case "edit":
					err = s.write("contacts", uidOf("u1"), "personal", card("u1", "By the PC"))
				case "move":
					err = s.write("contacts", uidOf("u1"), "work", card("u1", "Ada"))
				default:
					err = s.write("contacts", uidOf("u1"), "personal", "")
				}
				if do == "delete" && c.name == "deleted" {
					return // gone already, or left for the next run: both are right
				}
				if !errors.Is(err, engine.ErrChanged) {
					t.Fatalf("got %v, want %v", err, engine.ErrChanged)
				}
				if got := s.m.tree(); !maps.Equal(got, c.want) {
					t.Errorf("files: got %v, want %v", got, c.want)
				}
			})
		}
	}
}

func TestFullPhone(t *testing.T) {
	s := newWriteScene(t)
	s.m.storages[0].Free = 3000
	s.must(s.open(s.m, s.opt))
	if err := s.f.Prepare(ctxb, 1, 100_000); !errors.Is(err, ErrFull) {
		t.Errorf("prepare: got %v, want %v", err, ErrFull)
	}
	before := s.m.tree()
	err := s.write("contacts", uidOf("u1"), "personal", card("u1", strings.Repeat("Ada ", 2000)))
	var ie *engine.ItemError
	if !errors.Is(err, ErrFull) || !errors.As(err, &ie) {
		t.Errorf("write: got %v, want an item's %v", err, ErrFull)
	}
	if got := s.m.tree(); !maps.Equal(got, before) {
		t.Errorf("files: got %v, want those before", got)
	}
}

func TestReadOnlyPhone(t *testing.T) {
	s := newWriteScene(t)
	s.m.storages[0].Writable = false
	check := func(opt Options) {
		t.Helper()
		s.must(s.open(s.m, opt))
		if err := s.f.ReadOnly(); !errors.Is(err, ErrReadOnly) {
			t.Errorf("got %v, want %v", err, ErrReadOnly)
		}
		if _, err := s.f.Survey(ctxb, allScopes, nil); err != nil {
			t.Errorf("survey: %v", err)
		}
		for what, err := range map[string]error{
			"prepare": s.f.Prepare(ctxb, 1, 1), "commit": s.commit(),
			"write": s.write("contacts", uidOf("x"), "personal", card("x", "X")),
		} {
			if !errors.Is(err, ErrReadOnly) {
				t.Errorf("%s: got %v, want %v", what, err, ErrReadOnly)
			}
		}
	}
	check(s.opt)
	s.m.storages[0].Writable = true
	s.opt.ReadOnly = true
	check(s.opt)
}

func TestPhoneThatAltersWhatIsWritten(t *testing.T) {
	s := newWriteScene(t)
	s.m.alter = true
	before := s.m.tree()
	err := s.write("contacts", uidOf("u1"), "personal", card("u1", "New"))
	var ie *engine.ItemError
	if !errors.Is(err, errAltered) || !errors.As(err, &ie) {
		t.Errorf("write: got %v, want an item's %v", err, errAltered)
	}
	if got := s.m.tree(); !maps.Equal(got, before) {
		t.Errorf("files: got %v, want those before", got)
	}
	if err := s.commit(); !errors.Is(err, errAltered) {
		t.Errorf("commit: got %v, want %v", err, errAltered)
	}
	s.m.alter = false
	s.must(s.open(s.m, s.opt))
	if s.f.state.generation != 1 {
		t.Errorf("generation: got %d, want the one before", s.f.state.generation)
	}
}

func TestFirstObjectIsVerifiedOnce(t *testing.T) {
	s := newWriteScene(t)
	s.m.did = map[string]int{}
	s.must(s.write("contacts", uidOf("x"), "personal", card("x", "X")))
	s.must(s.write("contacts", uidOf("y"), "personal", card("y", "Y")))
	if got := s.m.did["read"]; got != 1 {
		t.Errorf("reads: got %d, want 1", got)
	}
	s.must(s.commit())
	s.must(s.open(s.m, s.opt))
	s.m.did = map[string]int{}
	s.must(s.write("contacts", uidOf("z"), "personal", card("z", "Z")))
	if got := s.m.did["read"]; got != 0 {
		t.Errorf("reads in the next session: got %d, want 0", got)
	}
}

func TestReplacedObjectKeepsItsName(t *testing.T) {
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			s := newWriteScene(t)
			shape(s.m)
			s.must(s.open(replaceable(s.m), s.opt))
			_, err := s.take()
			s.must(err)
			for _, n := range []string{"Two", "Three", "Two"} {
				s.must(s.write("contacts", uidOf("u1"), "personal", card("u1", n)))
				s.clock.later()
				s.must(s.commit())
				s.clock.later()
			}
			got := slices.Collect(maps.Keys(s.m.tree()))
			if len(got) != 1 {
				t.Fatalf("files: got %v, want one", got)
			}
			canRename := !s.m.noRename && !s.m.lieName
			if canRename && got[0] != personal+"ada.vcf" {
				t.Errorf("name: got %s, want it kept", got[0])
			}
			if _, isStep := parseStep(base(got[0])); !canRename && !isStep {
				t.Errorf("name: got %s, want one with a digest", got[0])
			}
			s.must(s.open(replaceable(s.m), s.opt))
			sv, err := s.take()
			s.must(err)
			wantTold(t, "afterwards", sv, "contacts present 1")
		})
	}
}

func TestMoveUsesTheDevicesOwn(t *testing.T) {
	s := newWriteScene(t)
	s.must(s.f.Prepare(ctxb, 1, 10))
	s.m.did = map[string]int{}
	s.must(s.write("contacts", uidOf("u1"), "work", card("u1", "Ada")))
	if s.m.did["move"] != 1 || s.m.did["create"] != 0 {
		t.Errorf("operations: got %v, want one move", s.m.did)
	}
	if got := s.place(uidOf("u1")); got != "Cradle/contacts/work/ada.vcf" {
		t.Errorf("path: got %s", got)
	}
}

// TestStepsWithoutState settles an unfinished replacement after the state was
// wiped.
func TestStepsWithoutState(t *testing.T) {
	oldCard, newCard := card("u1", "Old"), card("u1", "New")
	step := personal + stepName{stem: "new." + uidOf("u1").String()[:8], digest: digestPart(bodyDigest([]byte(newCard)), 0), ext: ".vcf"}.String()
	cases := []struct {
		name          string
		old, new      string
		oldIsNewer    bool
		want          []string
		texts         []string
		filesSettled  int
		settledByName string
	}{
		{"both whole", oldCard, newCard, false, []string{"contacts object " + personal + "ada.vcf", "contacts present 1"}, []string{newCard}, 1, personal + "ada.vcf"},
		{"the old one edited", oldCard, newCard, true, []string{"contacts object " + personal + "ada.vcf", "contacts object " + step, "contacts present 2"}, []string{oldCard, newCard}, 2, ""},
		{"the old one gone", "", newCard, false, []string{"contacts object " + step, "contacts present 1"}, []string{newCard}, 1, ""},
		{"the new one torn", oldCard, newCard[:30], false, []string{"contacts failed " + step + ": written only in part", "contacts object " + personal + "ada.vcf", "contacts present 1"}, []string{oldCard}, 2, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			clock := newTestClock()
			m := newMemStore(clock.now)
			put := func(path, text string) {
				if text != "" {
					m.put(path, text)
				}
				clock.later()
			}
			if c.oldIsNewer {
				put(step, c.new)
				put(personal+"ada.vcf", c.old)
			} else {
				put(personal+"ada.vcf", c.old)
				put(step, c.new)
			}
			b := newPC(t, 'B')
			b.must(b.open(m, Options{Serial: "S", Now: clock.now}))
			sv, err := b.take()
			b.must(err)
			wantTold(t, "survey", sv, c.want...)
			var texts []string
			for id, it := range b.next["contacts"] {
				v, err := b.f.Load(ctxb, "contacts", id, it.Place)
				b.must(err)
				texts = append(texts, string(pim.Contacts.Text(v)))
			}
			slices.Sort(texts)
			slices.Sort(c.texts)
			if !slices.Equal(texts, c.texts) {
				t.Errorf("texts: got %q, want %q", texts, c.texts)
			}
			b.must(b.commit())
			tree := m.tree()
			if len(tree) != c.filesSettled || c.settledByName != "" && tree[c.settledByName] == "" {
				t.Errorf("files: got %v, want %d", tree, c.filesSettled)
			}
		})
	}
}

func TestStepNames(t *testing.T) {
	cases := []struct {
		name string
		want bool
	}{
		{"ada-lovelace.3f9a1c2e~8b1d40aa.vcf", true},
		{"3f9a1c2e~8b1d40aa.ics", true},
		{"ada.3f9a1c2e3f9a1c2e~8b1d40aa.vcf", true},
		{"ada.3f9a1c2e.vcf", false},
		{"ada~8b1d40aa.vcf", false},
		{"ada.3f9a1c2e~8b1d40a.vcf", false},
		{"ada.3f9a1c2e~8B1D40AA.vcf", false},
		{"ada.3f9a1c2e~8b1d40aa.txt", false},
		{"~8b1d40aa.vcf", false},
		{"ada.3f9a1c2e~8b1d40aa", false},
	}
	for _, c := range cases {
		s, got := parseStep(c.name)
		if got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, got, c.want)
		}
		if got && s.String() != c.name {
			t.Errorf("%s: written again as %s", c.name, s)
		}
	}
}
