package engine

import (
	"encoding/hex"
	"errors"
	"runtime"
	"strings"
	"testing"

	"cradle/valuebag"

	"pgregory.net/rapid"
)

// knowledgeGoldens are bytes that every later version must still read. Ends of
// lines and blanks are only for the eye.
var knowledgeGoldens = []struct {
	name string
	k    Knowledge
	hex  string
}{
	{"nothing", Knowledge{}, `
		01          version
		00          no replicas
		01 00 00    one row: an empty clock, no units
		00          the first range has row 0
		00          no further ranges`},
	{"clean", NewKnowledge(Version{ReplicaID{'B'}, 300}, Version{ReplicaID{'A'}, 6}), `
		01
		02 41000000000000000000000000000000 42000000000000000000000000000000
		01 02 00 06 01 ac02 00
		00
		00`},
	{"a range, an item and a unit", goldenKnowledge(), `
		01
		02 41000000000000000000000000000000 42000000000000000000000000000000
		04 02 00 06 01 01 00             {A6,B1}
		   01 01 01 00                   {B1}
		   02 00 06 01 01 01             {A6,B1}, of the name
		      04 6e616d65 01 01 01       {B1}
		   00 00                         {}
		00
		05 00 00000000000000000000000000000002 01
		   01                                  00
		   00 00000000000000000000000000000005 02
		   01                                  00
		   00 ff000000000000000000000000000000 03`},
}

func goldenKnowledge() Knowledge {
	name := "name"
	b := NewKnowledge(Version{ReplicaID{'B'}, 1})
	return b.WithTick(Version{ReplicaID{'A'}, 6}).
		Except(idOf(2), nil, b).
		Except(idOf(5), &name, b).
		Project(MinItemID, ItemID{0xff}.prev())
}

// unhex reads hexadecimal digits up to the first word that isn't any, line by
// line.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	var b []byte
	for line := range strings.Lines(s) {
		for _, word := range strings.Fields(line) {
			d, err := hex.DecodeString(word)
			if err != nil {
				break
			}
			b = append(b, d...)
		}
	}
	if len(b) == 0 {
		t.Fatalf("no golden bytes in %q", s)
	}
	return b
}

func TestKnowledgeGolden(t *testing.T) {
	for _, g := range knowledgeGoldens {
		t.Run(g.name, func(t *testing.T) {
			want := unhex(t, g.hex)
			if got := g.k.AppendBinary(nil); hex.EncodeToString(got) != hex.EncodeToString(want) {
				t.Errorf("binary form of %v:\n got %x\nwant %x", g.k, got, want)
			}
			got, err := ParseKnowledge(want)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Equal(g.k) {
				t.Errorf("parsed: got %v, want %v", got, g.k)
			}
		})
	}
}

func TestParseKnowledgeErrors(t *testing.T) {
	clean := "01 02 41000000000000000000000000000000 42000000000000000000000000000000 01 02 00 06 01 ac02 00 00 00"
	for _, row := range []struct {
		name, hex, want string
		is              error
	}{
		{"newer version", "02 00 01 00 00 00 00", "version 2", ErrNewer},
		{"version 0", "00 00 01 00 00 00 00", "byte 0 of 7: expected version 1", nil},
		{"cut", "01 00 01 00 00 00", "byte 6 of 6: expected a count of ranges", nil},
		{"more bytes", clean + "00", "byte 44 of 45: expected the end", nil},
		{"impossible count", "01 ffffff7f 00", "byte 1 of 6: expected a count of replicas that the bytes left can hold", nil},
		{"replicas out of order", "01 02 42000000000000000000000000000000 41000000000000000000000000000000 01 02 00 06 01 06 00 00 00", "byte 18 of 43: expected a greater replica ID", nil},
		{"unknown replica", "01 01 41000000000000000000000000000000 01 01 01 06 00 00 00", "byte 20 of 25: expected a replica number from 0 to 0", nil},
		{"tick 0", "01 01 41000000000000000000000000000000 01 01 00 00 00 00 00", "byte 21 of 25: expected a tick", nil},
		{"the pending tick", "01 01 41000000000000000000000000000000 01 01 00 ffffffffffffffffff01 00 00 00", "byte 21 of 34: expected a tick", nil},
		{"unused replica", "01 01 41000000000000000000000000000000 01 00 00 00 00", "", ErrNormalForm},
		{"unknown row", "01 00 01 00 00 07 00", "byte 5 of 7: expected a row number below 1", nil},
		{"unknown step", "01 00 01 00 00 00 01 02 00", "byte 7 of 9: expected step 0 or 1", nil},
		{"ranges out of order", "01 01 41000000000000000000000000000000 02 00 00 01 00 01 00 00 02" +
			"00 00000000000000000000000000000002 01 00 00000000000000000000000000000002 00", "byte 45 of 63: expected a greater item ID", nil},
		{"equal neighbours", "01 00 01 00 00 00 01 01 00", "", ErrNormalForm},
		{"a long step", "01 01 41000000000000000000000000000000 02 00 00 01 00 01 00 00 01 00 00000000000000000000000000000001 01", "", ErrNormalForm},
		{"a unit as its row", "01 01 41000000000000000000000000000000 01 01 00 01 01 01 61 01 00 01 00 00", "byte 23 of 30", ErrNormalForm},
		{"units out of order", "01 01 41000000000000000000000000000000 01 00 02 01 62 01 00 01 01 61 01 00 01 00 00", "byte 26 of 33: expected a greater name", nil},
		{"a long number", "01 8000 01 00 00 00 00", "byte 1 of 8: a number longer than it need be", ErrNormalForm},
		{"an unused row", "01 00 02 00 00 00 00 00 00", "", ErrNormalForm},
		{"nothing", "", "byte 0 of 0: expected a version", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			var b []byte
			if row.hex != "" {
				b = unhex(t, row.hex)
			}
			k, err := ParseKnowledge(b)
			if err == nil {
				t.Fatalf("got %v, want an error with %q", k, row.want)
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("got error %q, want %q in it", err, row.want)
			}
			if row.is != nil && !errors.Is(err, row.is) {
				t.Errorf("got error %q, want one that is %q", err, row.is)
			}
			if !k.IsZero() {
				t.Errorf("got %v beside an error, want nothing", k)
			}
		})
	}
}

// TestKnowledgeForms: both forms of any knowledge read back as what they were.
func TestKnowledgeForms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, b := range drawKnown(t, 8) {
			form := b.k.AppendBinary([]byte("before"))
			got, err := ParseKnowledge(form[len("before"):])
			if err != nil || string(form[:len("before")]) != "before" {
				t.Fatalf("%v in binary form %x: %v", b.k, form, err)
			}
			if !got.Equal(b.k) {
				t.Fatalf("binary form: got %v, want %v", got, b.k)
			}
			bytes, err := b.k.Values().MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			var vs valuebag.Values
			if err := vs.UnmarshalBinary(bytes); err != nil {
				t.Fatal(err)
			}
			got, err = KnowledgeFromValues(&vs)
			if err != nil {
				t.Fatalf("%v from its values: %v", b.k, err)
			}
			if !got.Equal(b.k) {
				t.Fatalf("from values: got %v, want %v", got, b.k)
			}
		}
	})
}

// TestParseKnowledgeDamaged: a form that was cut is refused, and one with a changed
// bit is refused or is another knowledge.
func TestParseKnowledgeDamaged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		known := drawKnown(t, 8)
		k := known[len(known)-1].k
		form := k.AppendBinary(nil)
		cut := rapid.IntRange(0, len(form)-1).Draw(t, "cut")
		if got, err := ParseKnowledge(form[:cut]); err == nil || !got.IsZero() {
			t.Fatalf("%x cut to %d bytes: got %v, %v", form, cut, got, err)
		}
		bit := rapid.IntRange(0, 8*len(form)-1).Draw(t, "bit")
		form[bit/8] ^= 1 << (bit % 8)
		if got, err := ParseKnowledge(form); err == nil && got.Equal(k) || err != nil && !got.IsZero() {
			t.Fatalf("bit %d of %x changed: got %v, %v", bit, form, got, err)
		}
	})
}

// TestKnowledgeSize: clean knowledge takes at most 64 bytes and 28 for each
// replica, whatever the ticks, and no more for any number of items.
func TestKnowledgeSize(t *testing.T) {
	for _, n := range []int{0, 1, 2, 5, 127, 128, 300} {
		var k Knowledge
		for i := range n {
			k = k.WithTick(Version{ReplicaID{byte(i), byte(i >> 8), 1}, pendingTick - 1 - uint64(i)})
		}
		for i := range 1000 { // learned item by item, as a run of single changes does
			k = k.Learn(k, idOf(uint32(i)), idOf(uint32(i)))
		}
		if got, most := len(k.AppendBinary(nil)), 64+28*n; got > most {
			t.Errorf("%d replicas: got %d bytes, want at most %d", n, got, most)
		}
	}
}

// changeRange changes the first range of a knowledge as a bag.
func changeRange(change func(r *valuebag.Values)) func(*valuebag.Values) {
	return func(vs *valuebag.Values) {
		ranges, err := vs.GetValuesList(KeyKnowledgeRanges)
		if err != nil {
			panic(err)
		}
		first := ranges[0].Clone()
		change(first)
		vs.SetValuesList(KeyKnowledgeRanges, append([]*valuebag.Values{first}, ranges[1:]...))
	}
}

func mustGet(vs *valuebag.Values, key valuebag.PropertyKey) valuebag.Value {
	v, err := vs.Get(key)
	if err != nil {
		panic(err)
	}
	return v
}

func TestKnowledgeFromValuesErrors(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(vs *valuebag.Values)
		want   string
		is     error
	}{
		{"no version", func(vs *valuebag.Values) { vs.Remove(KeyKnowledgeVersion) }, "", valuebag.ErrNotFound},
		{"newer version", func(vs *valuebag.Values) { vs.SetUint32(KeyKnowledgeVersion, 2) }, "version 2", ErrNewer},
		{"ranges of another type", func(vs *valuebag.Values) { vs.SetString(KeyKnowledgeRanges, "all") }, "", valuebag.ErrTypeMismatch},
		{"no ranges", func(vs *valuebag.Values) { vs.SetValuesList(KeyKnowledgeRanges, nil) }, "0 ranges", ErrNormalForm},
		{"one range twice", func(vs *valuebag.Values) {
			r, _ := vs.GetValuesList(KeyKnowledgeRanges)
			vs.SetValuesList(KeyKnowledgeRanges, []*valuebag.Values{r[0], r[0]})
		}, "range 1", ErrNormalForm},
		{"the first range missing", func(vs *valuebag.Values) {
			r, _ := vs.GetValuesList(KeyKnowledgeRanges)
			vs.SetValuesList(KeyKnowledgeRanges, r[1:])
		}, "range 0", ErrNormalForm},
		{"a replica too many", func(vs *valuebag.Values) {
			vs.Set(KeyKnowledgeReplicas, collection(valuebag.TypeGUID, []valuebag.Value{valuebag.GUIDValue(valuebag.GUID{})}))
		}, "2 ticks for 1 replicas", nil},
		{"a replica of another type", func(vs *valuebag.Values) {
			vs.SetStrings(KeyKnowledgeReplicas, []string{"A", "B"})
		}, "replica 0", valuebag.ErrTypeMismatch},
		{"replicas out of order", func(vs *valuebag.Values) {
			_, ids, _ := mustGet(vs, KeyKnowledgeReplicas).AsVariants()
			vs.Set(KeyKnowledgeReplicas, collection(valuebag.TypeGUID, []valuebag.Value{ids[1], ids[0]}))
		}, "replica 1", ErrNormalForm},
		{"a replica without a tick", func(vs *valuebag.Values) {
			r, _ := vs.GetValuesList(KeyKnowledgeRanges)
			vs.SetValuesList(KeyKnowledgeRanges, r[1:2])
			first, _ := vs.GetValuesList(KeyKnowledgeRanges)
			first[0].SetGUID(KeyKnowledgeLow, valuebag.GUID{})
			vs.SetValuesList(KeyKnowledgeRanges, first)
		}, "without a tick", ErrNormalForm},
		{"the pending tick", changeRange(func(r *valuebag.Values) {
			r.Set(KeyKnowledgeTicks, collection(valuebag.TypeUint64, []valuebag.Value{valuebag.Uint64(pendingTick), valuebag.Uint64(1)}))
		}), "range 0: tick 0", nil},
		{"ticks of another type", changeRange(func(r *valuebag.Values) {
			r.SetStrings(KeyKnowledgeTicks, []string{"6", "1"})
		}), "range 0: tick 0", valuebag.ErrTypeMismatch},
		{"no ticks", changeRange(func(r *valuebag.Values) { r.Remove(KeyKnowledgeTicks) }), "range 0", valuebag.ErrNotFound},
		{"no lowest ID", changeRange(func(r *valuebag.Values) { r.Remove(KeyKnowledgeLow) }), "range 0", valuebag.ErrNotFound},
		{"a unit without a name", changeRange(func(r *valuebag.Values) {
			r.SetValuesList(KeyKnowledgeUnits, []*valuebag.Values{new(valuebag.Values)})
		}), "range 0: unit 0", valuebag.ErrNotFound},
		{"a unit as its range", changeRange(func(r *valuebag.Values) {
			u := new(valuebag.Values)
			u.SetString(KeyKnowledgeUnit, "name")
			u.Set(KeyKnowledgeTicks, mustGet(r, KeyKnowledgeTicks))
			r.SetValuesList(KeyKnowledgeUnits, []*valuebag.Values{u})
		}), `unit "name"`, ErrNormalForm},
		{"a key that isn't known", func(vs *valuebag.Values) {
			vs.SetBool(valuebag.PropertyKey{FmtID: KnowledgeCategory, PID: 99}, true)
		}, "}.99", ErrNormalForm},
		{"a key that isn't known in a range", changeRange(func(r *valuebag.Values) {
			r.SetBool(valuebag.PropertyKey{FmtID: KnowledgeCategory, PID: 99}, true)
		}), "}.4", ErrNormalForm},
		{"units of another type", changeRange(func(r *valuebag.Values) { r.SetString(KeyKnowledgeUnits, "name") }), "range 0", valuebag.ErrTypeMismatch},
		{"no units in a list of them", changeRange(func(r *valuebag.Values) {
			r.SetValuesList(KeyKnowledgeUnits, nil)
		}), "range 0", ErrNormalForm},
	} {
		t.Run(row.name, func(t *testing.T) {
			vs := goldenKnowledge().Values()
			row.change(vs)
			k, err := KnowledgeFromValues(vs)
			if err == nil {
				t.Fatalf("got %v, want an error", k)
			}
			if !strings.Contains(err.Error(), row.want) || row.is != nil && !errors.Is(err, row.is) {
				t.Errorf("got error %q, want %q in it and that it is %v", err, row.want, row.is)
			}
		})
	}
}

// allocated is how many bytes f takes from the heap.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func FuzzParseKnowledge(f *testing.F) {
	for _, g := range knowledgeGoldens {
		f.Add(unhex(f, g.hex))
	}
	f.Add(manyExceptions(20).AppendBinary(nil))
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var k Knowledge
		var err error
		if got, most := allocated(func() { k, err = ParseKnowledge(b) }), uint64(1<<20+400*len(b)); got > most {
			t.Fatalf("%d bytes took %d bytes of memory, want at most %d", len(b), got, most)
		}
		if err != nil {
			return
		}
		if got := k.AppendBinary(nil); string(got) != string(b) {
			t.Fatalf("written again: got %x, want %x", got, b)
		}
		vs, err := KnowledgeFromValues(k.Values())
		if err != nil || !vs.Equal(k) {
			t.Fatalf("through values: got %v, %v, want %v", vs, err, k)
		}
	})
}
