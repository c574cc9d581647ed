package devprovider

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cradle/engine"
)

func TestStorages(t *testing.T) {
	clock := newTestClock()
	m := newMemStore(clock.now, "internal", "card")
	opt := Options{Serial: "S", Now: clock.now}
	m.put(personal+"a.vcf", card("u1", "A"))
	card2 := m.storages[1]
	for _, f := range []string{"Cradle", "Cradle/contacts", "Cradle/contacts/x"} {
		card2.folders[f] = true
	}
	card2.files["Cradle/contacts/x/b.vcf"] = &memFile{[]byte(card("u2", "B")), m.stamp()}
	clock.later()
	a := newPC(t, 'A')
	wantTold(t, "both storages", a.sync(m, opt), "contacts object "+personal+"a.vcf", "contacts object Cradle/contacts/x/b.vcf", "contacts present 2")
	clock.later()
	if got := a.next["contacts"][uidOf("u2")].Place.Storage; got != "card" {
		t.Errorf("storage: got %q, want card", got)
	}
	m.storages = m.storages[:1]
	a.must(a.open(m, opt))
	sv, err := a.take()
	a.must(err)
	wantTold(t, "the card is out", sv, "contacts untouched 1", "contacts present 1")
	a.must(a.commit())
	m.storages = append(m.storages, card2)
	clock.later()
	a.must(a.open(m, opt))
	sv, err = a.take()
	a.must(err)
	wantTold(t, "the card is back", sv, "contacts present 2")

	m.storages = nil
	if _, err := Open(ctxb, m, opt); !errors.Is(err, ErrNoStorage) {
		t.Errorf("without storages: got %v, want %v", err, ErrNoStorage)
	}
}

func TestStateIsFoundOnAnyStorage(t *testing.T) {
	clock := newTestClock()
	m := newMemStore(clock.now, "internal", "card")
	m.storages[0].Writable = false
	opt := Options{Serial: "S", Now: clock.now}
	a := newPC(t, 'A')
	a.sync(m, opt)
	if st, _ := a.f.Home(); st != "card" {
		t.Fatalf("home: got %s, want the writable storage", st)
	}
	m.storages[0].Writable = true
	clock.later()
	a.sync(m, opt)
	if st, _ := a.f.Home(); st != "card" || a.f.state.generation != 2 {
		t.Errorf("home: got %s, generation %d, want the state's storage and 2", st, a.f.state.generation)
	}
}

func TestClonedStorage(t *testing.T) {
	s := newScene(t, map[string]string{personal + "a.vcf": card("u1", "A")})
	clone := s.m.clone()
	b := newPC(t, 'B')
	opt := Options{Serial: "OTHER", Now: s.clock.now}
	b.must(b.open(clone, opt))
	facts := b.f.Facts()
	if !facts.HasState || facts.ID == s.f.Facts().ID || facts.Serial != "OTHER" {
		t.Fatalf("facts of a clone: got %+v", facts)
	}
	sv, err := b.take()
	b.must(err)
	wantTold(t, "clone", sv, "contacts present 1")
	b.must(b.commit())
	// Its own state now counts, the other one's stays for the other one.
	b.must(b.open(clone, opt))
	if b.f.state.serial != "OTHER" {
		t.Errorf("serial: got %q", b.f.state.serial)
	}
	b.must(b.open(clone, s.opt))
	if b.f.state.serial != "S" || b.f.Facts().ID != s.f.Facts().ID {
		t.Errorf("back in the first phone: got serial %q", b.f.state.serial)
	}
}

func TestPhoneIDs(t *testing.T) {
	clock := newTestClock()
	m := newMemStore(clock.now)
	open := func(serial string, seed byte) engine.PeerID {
		f, err := Open(ctxb, m, Options{Serial: serial, Now: clock.now, Rand: strings.NewReader(strings.Repeat(string(rune(seed)), 64))})
		if err != nil {
			t.Fatal(err)
		}
		return f.Facts().ID
	}
	if open("S", 1) != open("S", 2) || open("S", 1) == open("T", 1) {
		t.Error("the ID of a phone with a serial isn't its serial's alone")
	}
	if open("", 1) == open("", 2) {
		t.Error("two phones without serial and state have one ID")
	}
	a := newPC(t, 'A')
	a.sync(m, Options{Now: clock.now})
	if open("", 1) != a.f.Facts().ID || open("", 2) != a.f.Facts().ID {
		t.Error("the ID of a phone without a serial isn't the state's")
	}
}

func TestUnusableStates(t *testing.T) {
	cases := []struct {
		name   string
		spoil  func(b []byte) []byte
		has    bool
		newer  bool
		aside  bool
		remain int // .state files after a commit
	}{
		{"whole", func(b []byte) []byte { return b }, true, false, false, 1},
		{"torn", func(b []byte) []byte { return b[:100] }, false, false, false, 1},
		{"zeros", func(b []byte) []byte { return make([]byte, 100) }, false, false, false, 1},
		{"corrupt", func(b []byte) []byte { b[60] ^= 1; return b }, false, false, true, 1},
		{"foreign", func([]byte) []byte { return []byte("this is somebody's own file") }, false, false, true, 1},
		{"newer", func(b []byte) []byte { b[8] = 99; return reseal(b) }, false, true, false, 1},
	}
	for _, noRename := range []bool{false, true} {
		for _, c := range cases {
			t.Run(fmt.Sprintf("%s, rename %t", c.name, !noRename), func(t *testing.T) {
				s := newScene(t, map[string]string{personal + "a.vcf": card("u1", "A")})
				s.m.noRename = noRename
				files := s.m.storages[0].files
				var path string
				for p := range files {
					if strings.HasSuffix(p, stateExt) {
						path = p
					}
				}
				files[path].body = c.spoil(files[path].body)
				spoilt := string(files[path].body)
				s.must(s.open(s.m, s.opt))
				if got := s.f.Facts().HasState; got != c.has {
					t.Errorf("has a state: got %t, want %t", got, c.has)
				}
				_, err := s.take()
				if c.newer {
					if !errors.Is(err, engine.ErrNewer) || !errors.Is(s.f.ReadOnly(), engine.ErrNewer) || !errors.Is(s.commit(), engine.ErrNewer) {
						t.Errorf("got %v, want %v everywhere", err, engine.ErrNewer)
					}
					return
				}
				s.must(err)
				s.must(s.commit())
				states, aside := 0, ""
				for p, f := range files {
					if strings.HasSuffix(p, stateExt) {
						states++
					}
					if strings.HasSuffix(p, brokenExt) {
						aside = string(f.body)
					}
				}
				if states != c.remain || (aside == spoilt) != c.aside {
					t.Errorf("states: got %d, want %d; kept aside: %t, want %t", states, c.remain, aside == spoilt, c.aside)
				}
				s.must(s.open(s.m, s.opt))
				if !s.f.Facts().HasState {
					t.Error("no state after a commit")
				}
			})
		}
	}
}

func TestOlderWholeGenerationCounts(t *testing.T) {
	s := newScene(t, map[string]string{personal + "a.vcf": card("u1", "A")})
	s.m.put(stateFolder+"/00000009.state", "CRADLEST torn")
	wantTold(t, "survey", s.survey(), "contacts present 1")
	if !s.f.hasState || s.f.state.generation != 1 {
		t.Errorf("generation: got %d, want 1", s.f.state.generation)
	}
	s.must(s.commit())
	if n := len(slices.Collect(func(yield func(string) bool) {
		for p := range s.m.storages[0].files {
			if strings.HasPrefix(p, stateFolder) && !yield(p) {
				return
			}
		}
	})); n != 1 {
		t.Errorf("files of the state: got %d, want 1", n)
	}
}

func TestUnknownSectionsSurvive(t *testing.T) {
	s := newScene(t, map[string]string{personal + "a.vcf": card("u1", "A")})
	for p, f := range s.m.storages[0].files {
		if strings.HasSuffix(p, stateExt) {
			st, err := decodeState(f.body)
			s.must(err)
			st.unknown = []section{{sectionReserved, []byte("to come")}, {99, []byte{1, 2, 3}}}
			f.body = st.encode()
		}
	}
	s.survey()
	s.must(s.commit())
	s.must(s.open(s.m, s.opt))
	if u := s.f.state.unknown; len(u) != 2 || string(u[0].data) != "to come" || u[1].kind != 99 || len(u[1].data) != 3 {
		t.Errorf("unknown sections: got %v", u)
	}
}

// TestHalfListedState: a state that may be there is never taken for none.
func TestHalfListedState(t *testing.T) {
	for _, folder := range []string{"", rootFolder, stateFolder} {
		s := newScene(t, map[string]string{personal + "a.vcf": card("u1", "A")})
		if folder == rootFolder {
			delete(s.m.storages[0].folders, "Cradle/contacts") // so that the state is left out
		}
		s.m.short = map[string]bool{folder: true}
		err := s.open(s.m, s.opt)
		if err == nil && !s.f.hasState {
			t.Errorf("%q not listed whole: taken for a phone without a state", folder)
		}
	}
}
