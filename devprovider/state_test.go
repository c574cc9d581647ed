package devprovider

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cradle/engine"
)

var update = flag.Bool("update", false, "write the golden files anew")

func version(r byte, tick uint64) engine.Version {
	return engine.Version{Replica: engine.ReplicaID{r}, Tick: tick}
}

// goldenState is a state with something in every section.
func goldenState() *state {
	s := newState()
	s.generation, s.serial, s.name = 12, "0123ABC", "Phone of Ada"
	s.phone, s.home = engine.PeerID{1, 2, 3}, "internal"
	s.written, s.offset, s.hasOffset, s.readmeTime = 1_790_000_000_000, 3_600_000, true, 1_780_000_000_000
	s.program = "cradle test"
	s.marks[engine.ReplicaID{9}] = [16]byte{1}
	s.marks[engine.ReplicaID{8}] = [16]byte{2}
	sc := &scopeState{byPath: []bool{false, true, false}}
	sc.Knowledge = engine.NewKnowledge(version(1, 7), version(2, 3))
	sc.Forgotten = engine.NewKnowledge(version(2, 1))
	sc.Items = []engine.PartialItem{
		{
			Meta: engine.ItemMeta{
				ID: engine.ItemID{1}, Creation: version(1, 1), LifeVersion: version(1, 1), LifeEdited: 1_700_000_000_000,
				Units: []engine.UnitMeta{
					{Unit: "name", Version: version(1, 2), Edited: 1_700_000_000_000, Digest: engine.Digest{5}},
					{Unit: "tel", Version: version(2, 3), Digest: engine.Digest{6}, Elements: []engine.Element{{Digest: engine.ElementDigest{1}, Added: version(1, 1)}}},
				},
			},
			Place: engine.Place{Storage: "internal", Path: "Cradle/contacts/personal/ada.vcf", Size: 200, Modified: 1_790_000_000_000, Body: engine.Digest{7}},
		},
		{
			Meta:  engine.ItemMeta{ID: engine.ItemID{2}, Creation: version(1, 3), LifeVersion: version(1, 3)},
			Place: engine.Place{Storage: "card", Path: "Cradle/contacts/work/all.vcf", Size: -1, Body: engine.Digest{8}, Bundle: true},
		},
		{Meta: engine.ItemMeta{ID: engine.ItemID{3}, Creation: version(1, 4), LifeVersion: version(1, 5), Deleted: true, MergedInto: engine.ItemID{1}}},
	}
	s.scopes["contacts"] = sc
	s.scopes["tasks"] = &scopeState{byPath: []bool{}}
	s.scopes["tasks"].Items = []engine.PartialItem{}
	s.superseded = []superseded{{"contacts", engine.ItemID{1}, engine.Digest{4}}}
	s.bundles = []engine.Place{{Storage: "card", Path: "Cradle/contacts/work/all.vcf", Size: 9, Modified: 5, Body: engine.Digest{8}, Bundle: true}}
	s.folders = []folderName{{"Cradle/contacts/a_b-1234", "a:b"}}
	s.learned["verified"] = "yes"
	s.aside[spot{"card", "Cradle/calendars/p/x.ics"}] = []string{"line 3: VFREEBUSY is no item"}
	s.unknown = []section{{sectionReserved, []byte("to come")}, {4711, []byte{}}}
	return s
}

// goldenVdirs is a state with vdirs outside the tree, which makes it version 2.
func goldenVdirs() *state {
	s := newState()
	s.home, s.program = "internal", "cradle test"
	s.vdirs = []Vdir{
		{Storage: "card", Folder: "Others/Contacts", Collection: "old", Left: true},
		{Storage: "internal", Folder: "Documents/Contacts", Collection: "family", Scopes: []string{"contacts"}},
		{Storage: "internal", Folder: "vdir", Below: true, Scopes: []string{"events", "notes", "tasks"}},
	}
	return s
}

// goldenFiltered is a state under a filter: a line that stays outside, one that was
// about to leave, and ghosts.
func goldenFiltered() *state {
	s := newState()
	s.home, s.program = "internal", "cradle test"
	place := func(name string) engine.Place {
		return engine.Place{Storage: "internal", Path: "Cradle/calendars/personal/" + name, Size: 9, Modified: 5, Body: engine.Digest{1}}
	}
	sc := &scopeState{byPath: []bool{false, true}}
	sc.Knowledge = engine.NewKnowledge(version(1, 7), version(2, 3))
	sc.Filter = engine.Filter{Without: []string{"alarms"}, Rules: []engine.Rule{{Name: "window", Params: []string{"90", "365"}}}}
	sc.Items = []engine.PartialItem{
		{Meta: engine.ItemMeta{ID: engine.ItemID{1}, Creation: version(1, 1), LifeVersion: version(1, 1)}, Place: place("a.ics"), Outside: true},
		{Meta: engine.ItemMeta{ID: engine.ItemID{2}, Creation: version(1, 2), LifeVersion: version(1, 2)}, Place: place("b.ics"), Leaving: true},
	}
	sc.Ghosts = []engine.Ghost{
		{ID: engine.ItemID{3}, Versions: []engine.Version{version(1, 3), version(2, 3)}},
		{ID: engine.ItemID{4}, Versions: []engine.Version{version(2, 2)}},
		{ID: engine.ItemID{5}},
	}
	s.scopes["events"] = sc
	s.scopes["tasks"] = &scopeState{byPath: []bool{}}
	s.scopes["tasks"].Filter = engine.Filter{Rules: []engine.Rule{{Name: "leave-out", Params: []string{"Old", "a & b"}}}}
	s.scopes["tasks"].Items = []engine.PartialItem{}
	return s
}

// goldenLossy is the state of a device that stores two items in part.
func goldenLossy() *state {
	s := newState()
	s.home, s.program = "internal", "cradle test"
	s.learned = map[string]string{"loses contacts": "yes", "rewrites contacts": "yes", "stores contacts": "NOTE=max:80 ROLE=no"}
	s.shadows[itemKey{"contacts", engine.ItemID{2}}] = &shadow{body: engine.Digest{3}, sent: engine.Digest{4, 5}, held: []byte("packed")}
	s.shadows[itemKey{"contacts", engine.ItemID{1}}] = &shadow{body: engine.Digest{6}, sent: engine.Digest{0, 0, 0, 0, 0, 0, 0, 7}, held: []byte{}}
	return s
}

// justLeaving is a state whose filter was taken away while an item was leaving.
func justLeaving() *state {
	s := goldenFiltered()
	for _, sc := range s.scopes {
		sc.Filter, sc.Ghosts = engine.Filter{}, nil
	}
	return s
}

// Sections that say of filters what none can be.
func TestStateRefusesFilters(t *testing.T) {
	str := func(b []byte, s string) []byte { return appendString(b, s) }
	for name, body := range map[string][]byte{
		"no canonical form":        appendGhosts(str(str([]byte{1}, "events"), "window=1&leave-out=a"), nil),
		"no filter at all":         appendGhosts(str(str([]byte{1}, "events"), "a=%zz"), nil),
		"nothing said":             appendGhosts(str(str([]byte{1}, "events"), ""), nil),
		"a scope that isn't there": appendGhosts(str(str([]byte{1}, "mail"), "window=1"), nil),
		"a scope twice":            appendGhosts(str(str(appendGhosts(str(str([]byte{2}, "events"), "window=1"), nil), "events"), "window=1"), nil),
		"ghosts in no order":       appendGhosts(str(str([]byte{1}, "events"), "window=1"), []engine.Ghost{{ID: engine.ItemID{2}}, {ID: engine.ItemID{1}}}),
		"a ghost twice":            appendGhosts(str(str([]byte{1}, "events"), "window=1"), []engine.Ghost{{ID: engine.ItemID{2}}, {ID: engine.ItemID{2}}}),
		"a replica twice":          appendGhosts(str(str([]byte{1}, "events"), "window=1"), []engine.Ghost{{ID: engine.ItemID{2}, Versions: []engine.Version{version(1, 1), version(1, 2)}}}),
		"tick 0":                   appendGhosts(str(str([]byte{1}, "events"), "window=1"), []engine.Ghost{{ID: engine.ItemID{2}, Versions: []engine.Version{version(1, 0)}}}),
		"a pending tick":           appendGhosts(str(str([]byte{1}, "events"), "window=1"), []engine.Ghost{{ID: engine.ItemID{2}, Versions: []engine.Version{engine.Pending(engine.ReplicaID{1})}}}),
		"more ghosts than bytes":   append(str(str([]byte{1}, "events"), "window=1"), 0, 255, 255, 255, 127),
	} {
		t.Run(name, func(t *testing.T) {
			s := newState()
			s.scopes["events"] = &scopeState{byPath: []bool{}}
			s.unknown = []section{{sectionFilters, body}}
			if _, err := decodeState(s.encode()); !errors.Is(err, errCorrupt) {
				t.Errorf("got %v, want %v", err, errCorrupt)
			}
		})
	}
}

// A program that knows version 1 alone must not read a state with vdirs: it would take
// what is in them for deleted. Without them it can.
func TestStateVersion(t *testing.T) {
	for name, tt := range map[string]struct {
		s    *state
		want byte
	}{
		"without vdirs": {goldenState(), 1}, "with vdirs": {goldenVdirs(), 2},
		"with a filter": {goldenFiltered(), 2}, "what a filter left": {justLeaving(), 2},
		"items stored in part": {goldenLossy(), 3},
	} {
		if b := tt.s.encode(); b[8] != tt.want || b[9] != 0 {
			t.Errorf("%s: version %d, want %d", name, b[8], tt.want)
		}
	}
}

func TestStateRefusesVdirs(t *testing.T) {
	for name, list := range map[string][]Vdir{
		"out of the storage":           {{Storage: "s", Folder: "a/../../b", Collection: "c"}},
		"the tree":                     {{Storage: "s", Folder: "Cradle/contacts", Collection: "c"}},
		"the root":                     {{Storage: "s", Folder: "", Collection: "c"}},
		"no collection":                {{Storage: "s", Folder: "a"}},
		"a collection for many":        {{Storage: "s", Folder: "a", Below: true, Collection: "c"}},
		"one folder twice":             {{Storage: "s", Folder: "a", Collection: "c"}, {Storage: "s", Folder: "a", Collection: "d"}},
		"scopes that are in no order":  {{Storage: "s", Folder: "a", Collection: "c", Scopes: []string{"tasks", "events"}}},
		"folders that are in no order": {{Storage: "s", Folder: "b", Collection: "c"}, {Storage: "s", Folder: "a", Collection: "d"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newState()
			s.vdirs = list
			if _, err := decodeState(s.encode()); !errors.Is(err, errCorrupt) {
				t.Errorf("got %v, want %v", err, errCorrupt)
			}
		})
	}
}

func TestStateGolden(t *testing.T) {
	size := len(goldenState().encode())
	filled := func(n int) bool { return n >= size+sectionHead+7 }
	cases := map[string]struct {
		*state
		fits func(int) bool
	}{
		"whole.state":  {goldenState(), nil},
		"empty.state":  {newState(), nil},
		"filled.state": {goldenState(), filled},
		"vdirs.state":  {goldenVdirs(), nil},

		"filtered.state": {goldenFiltered(), nil},
		"lossy.state":    {goldenLossy(), nil},
	}
	for name, s := range cases {
		t.Run(name, func(t *testing.T) {
			got := s.encodeFor(s.fits)
			file := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("%s: %d bytes differ from the golden %d: an older program can't read it", name, len(got), len(want))
			}
			back, err := decodeState(want)
			if err != nil {
				t.Fatal(err)
			}
			if again := back.encodeFor(s.fits); !bytes.Equal(again, want) {
				t.Errorf("decoded and encoded again: %d bytes, want the same %d", len(again), len(want))
			}
			if !reflect.DeepEqual(back.vdirs, s.vdirs) {
				t.Errorf("vdirs: got %+v, want %+v", back.vdirs, s.vdirs)
			}
			if !reflect.DeepEqual(back.learned, s.learned) || !reflect.DeepEqual(back.marks, s.marks) || len(back.unknown) != len(s.unknown) {
				t.Errorf("decoded: got %+v", back)
			}
			for name, sc := range s.scopes {
				b := back.scopes[name]
				if !b.Filter.Equal(sc.Filter) || !reflect.DeepEqual(b.Ghosts, sc.Ghosts) {
					t.Errorf("scope %s: filter %q, ghosts %v, want %q, %v", name, b.Filter, b.Ghosts, sc.Filter, sc.Ghosts)
				}
				if b == nil || !b.Knowledge.Equal(sc.Knowledge) || !b.Forgotten.Equal(sc.Forgotten) || !reflect.DeepEqual(b.byPath, sc.byPath) {
					t.Fatalf("scope %s: got %+v, want %+v", name, b, sc)
				}
				for i := range sc.Items {
					if !b.Items[i].Meta.Equal(&sc.Items[i].Meta) || b.Items[i].Place != sc.Items[i].Place ||
						b.Items[i].Outside != sc.Items[i].Outside || b.Items[i].Leaving != sc.Items[i].Leaving {
						t.Errorf("%s item %d: got %+v, want %+v", name, i, b.Items[i], sc.Items[i])
					}
				}
			}
		})
	}
}

// reseal gives a state its length and checksum again after a test changed it.
func reseal(b []byte) []byte {
	b = b[:len(b)-checksumSize]
	binary.LittleEndian.PutUint64(b[24:], uint64(len(b)+checksumSize))
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// sealed makes anything a state as far as its head and checksum go, so that a
// fuzzer gets at the sections.
func sealed(data []byte) []byte {
	b := make([]byte, headSize, headSize+len(data)+checksumSize)
	copy(b, stateMagic)
	b[8], b[10] = stateVersion, digestScheme
	if len(data) > headSize {
		data = data[headSize:]
	}
	if len(data) > checksumSize {
		data = data[:len(data)-checksumSize]
	}
	return reseal(append(append(b, data...), make([]byte, checksumSize)...))
}

func TestStateRefusals(t *testing.T) {
	good := goldenState().encode()
	change := func(f func(b []byte) []byte) []byte { return f(bytes.Clone(good)) }
	cases := []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, errUnfinished},
		{"zeros", make([]byte, 500), errUnfinished},
		{"part of the magic", good[:5], errUnfinished},
		{"part of the head", good[:20], errUnfinished},
		{"half", good[:len(good)/2], errUnfinished},
		{"all but a byte", good[:len(good)-1], errUnfinished},
		{"a byte more", append(bytes.Clone(good), 0), errCorrupt},
		{"one bit", change(func(b []byte) []byte { b[100] ^= 1; return b }), errCorrupt},
		{"another file", []byte("BEGIN:VCARD and so on, long enough to be anything"), errForeign},
		{"newer version", change(func(b []byte) []byte { b[8] = 99; return reseal(b) }), engine.ErrNewer},
		{"newer digest scheme", change(func(b []byte) []byte { b[10]++; return reseal(b) }), engine.ErrNewer},
		{"version 0", change(func(b []byte) []byte { b[8] = 0; return reseal(b) }), errCorrupt},
		{"filled with something", change(func(b []byte) []byte {
			return reseal(append(appendSection(b[:len(b)-checksumSize], sectionFilling, func(b []byte) []byte { return append(b, 0, 1) }), b[:checksumSize]...))
		}), errCorrupt},
		{"a section too long", change(func(b []byte) []byte { b[headSize+4]++; b[headSize+10] = 1; return reseal(b) }), errCorrupt},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := decodeState(c.data); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestStateRefusesPathsOutside(t *testing.T) {
	for _, path := range []string{"../x", "/x/y", "a//b", "a/../../b"} {
		s := newState()
		s.scopes["contacts"] = &scopeState{byPath: []bool{false}}
		s.scopes["contacts"].Items = []engine.PartialItem{{Meta: engine.ItemMeta{ID: engine.ItemID{1}}, Place: engine.Place{Storage: "s", Path: path}}}
		if _, err := decodeState(s.encode()); !errors.Is(err, errCorrupt) {
			t.Errorf("path %q: got %v, want %v", path, err, errCorrupt)
		}
	}
}

func TestStateRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newState()
		s.generation = rapid.Uint64().Draw(t, "generation")
		s.serial, s.name = rapid.String().Draw(t, "serial"), rapid.String().Draw(t, "name")
		s.written, s.offset = rapid.Int64().Draw(t, "written"), rapid.Int64().Draw(t, "offset")
		for i, n := 0, rapid.IntRange(0, 3).Draw(t, "scopes"); i < n; i++ {
			sc := &scopeState{}
			sc.Knowledge = engine.NewKnowledge(version(1, rapid.Uint64Range(1, 9).Draw(t, "tick")))
			for j, m := 0, rapid.IntRange(0, 5).Draw(t, "items"); j < m; j++ {
				it := engine.PartialItem{Meta: engine.ItemMeta{ID: engine.ItemID{byte(j)}, LifeVersion: version(2, 1), Creation: version(2, 1)}}
				if rapid.Bool().Draw(t, "deleted") {
					it.Meta.Deleted = true
				} else {
					it.Place = engine.Place{
						Storage: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "storage"),
						Path:    rapid.SampledFrom([]string{"x", "Cradle/contacts/p/x.vcf", "é/ü"}).Draw(t, "path"),
						Size:    rapid.Int64().Draw(t, "size"), Modified: rapid.Int64().Draw(t, "modified"),
						Bundle: rapid.Bool().Draw(t, "bundle"),
					}
				}
				sc.Items, sc.byPath = append(sc.Items, it), append(sc.byPath, rapid.Bool().Draw(t, "byPath"))
			}
			s.scopes[fmt.Sprint("scope", i)] = sc
		}
		data := s.encode()
		back, err := decodeState(data)
		if err != nil {
			t.Fatalf("decode: %v", err)
		}
		if again := back.encode(); !bytes.Equal(again, data) {
			t.Fatalf("encoded again: got\n%x\nwant\n%x", again, data)
		}
	})
}

// bigState is the state of n contacts as a phone has them.
func bigState(n int) *state {
	s := newState()
	sc := &scopeState{byPath: make([]bool, n)}
	sc.Knowledge = engine.NewKnowledge(version(1, uint64(n)))
	for i := range n {
		v := version(1, uint64(i+1))
		m := engine.ItemMeta{ID: engine.ItemID{byte(i >> 16), byte(i >> 8), byte(i)}, Creation: v, LifeVersion: v, LifeEdited: 1_700_000_000_000}
		for _, u := range []string{"adr", "collection", "email", "name", "note", "org", "rest", "tel"} {
			um := engine.UnitMeta{Unit: u, Version: v, Edited: 1_700_000_000_000, Digest: engine.Digest{1, byte(i), byte(i >> 8)}}
			if u == "tel" || u == "email" || u == "adr" {
				for e := range 2 {
					um.Elements = append(um.Elements, engine.Element{Digest: engine.ElementDigest{byte(e), byte(i)}, Added: v})
				}
			}
			m.Units = append(m.Units, um)
		}
		sc.Items = append(sc.Items, engine.PartialItem{Meta: m, Place: engine.Place{
			Storage: "internal", Path: fmt.Sprintf("Cradle/contacts/personal/some-name-%d.%08x.vcf", i, i), Size: 512, Modified: 1_790_000_000_000 + int64(i), Body: engine.Digest{3, byte(i)},
		}})
	}
	s.scopes["contacts"] = sc
	return s
}

func TestStateSize(t *testing.T) {
	const n = 1000
	if size := len(bigState(n).encode()) / n; size > 500 {
		t.Errorf("bytes an item: got %d, want at most 500", size)
	}
}

func BenchmarkStateEncode(b *testing.B) {
	s := bigState(10_000)
	b.ReportAllocs()
	for b.Loop() {
		b.SetBytes(int64(len(s.encode())))
	}
}

func BenchmarkStateDecode(b *testing.B) {
	data := bigState(10_000).encode()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeState(data); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzDecodeState(f *testing.F) {
	f.Add(goldenState().encode())
	f.Add(newState().encode())
	f.Add(goldenFiltered().encode())
	f.Add(goldenLossy().encode())
	f.Add(bigState(3).encode())
	f.Add(newState().encodeFor(func(size int) bool { return size > 200 }))
	f.Add([]byte(stateMagic))
	f.Add([]byte(strings.Repeat("\x00", 40)))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, d := range [][]byte{data, sealed(data)} {
			s, err := decodeState(d)
			if err != nil {
				continue
			}
			again := s.encode()
			back, err := decodeState(again)
			if err != nil {
				t.Fatalf("what was decoded and encoded can't be decoded: %v", err)
			}
			if third := back.encode(); !bytes.Equal(third, again) {
				t.Fatalf("no fixpoint: %x, then %x", again, third)
			}
		}
	})
}
