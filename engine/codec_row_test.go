package engine

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The forms that every later version must still read.
func TestAppendRowGolden(t *testing.T) {
	v, w := Version{Replica: ReplicaID{'B'}, Tick: 5}, Version{Replica: ReplicaID{'A'}, Tick: 2}
	names := []string{"name", "note", "u2", "u3", "u4", "u5", "u6", "early"}
	for _, row := range []struct {
		name string
		m    ItemMeta
		want string
	}{
		{"one unit, without a digest", ItemMeta{Creation: v, LifeVersion: v, Units: []UnitMeta{{Unit: "note", Version: v}}},
			"00 040500 02 00 01 00"},
		{"elements of the unit's version", ItemMeta{Creation: v, LifeVersion: v, Units: []UnitMeta{
			{Unit: "note", Version: w, Elements: []Element{{ElementDigest{1}, w}, {ElementDigest{2}, w}}}}},
			"00 040500 02 01 01 01 01 020200 04 0100000000000000 0200000000000000"},
		{"nothing", ItemMeta{Creation: w, LifeVersion: v, Deleted: true}, "05 040500 01 02 00 00 00 00"},
		// "early", the last name that got a key, comes first.
		{"others", ItemMeta{Creation: v, LifeVersion: v, LifeEdited: 1, Units: []UnitMeta{
			{Unit: "early", Version: w, Edited: 2, Digest: Digest{8}},
			{Unit: "name", Version: v, Edited: 1, Elements: []Element{{ElementDigest{1}, w}, {ElementDigest{2}, v}}},
			{Unit: "note", Version: w, Edited: 2},
		}}, "00 040502 83 01 02 06 05 01 02 02 04 08000000000000000000000000000000 05 01 0100000000000000 00 0200000000000000 01"},
	} {
		t.Run(row.name, func(t *testing.T) {
			keys, err := NewKeyMap([]ReplicaID{{'A'}, {'B'}}, names)
			if err != nil {
				t.Fatal(err)
			}
			row.m.ID = ItemID{7}
			want := "0207000000000000000000000000000000" + strings.ReplaceAll(row.want, " ", "")
			form := AppendRow(nil, &row.m, keys)
			if got := hex.EncodeToString(form); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if r, n := keys.Len(); r != 2 || n != len(names) {
				t.Errorf("%d replicas and %d names after the row, want 2 and %d", r, n, len(names))
			}
			var got ItemMeta
			if err := NewMetaDecoder(keys).Unmarshal(form, &got); err != nil || !got.Equal(&row.m) {
				t.Errorf("read: %+v, %v", got, err)
			}
		})
	}
}

// Rows of one store share their keys, which may grow between any two of them; what
// was kept of the keys up to a row is enough to read it. Rows that bring their own
// keys are read by the same decoder.
func TestRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys, own := new(KeyMap), NewMetaDecoder(new(KeyMap))
		reader := NewMetaDecoder(keys)
		for i := range rapid.IntRange(1, 12).Draw(t, "items") {
			m := drawMeta(t)
			row := AppendRow(nil, &m, keys)
			kept, err := NewKeyMap(keys.Replicas(), keys.Names())
			if err != nil {
				t.Fatal(err)
			}
			for name, d := range map[string]*MetaDecoder{"the writer's keys": reader, "the keys as kept": NewMetaDecoder(kept)} {
				var got ItemMeta
				if err := d.Unmarshal(row, &got); err != nil || !got.Equal(&m) {
					t.Fatalf("row %d with %s: got %+v, %v, want %+v", i, name, got, err, m)
				}
			}
			if again := AppendRow(nil, &m, kept); string(again) != string(row) {
				t.Fatalf("row %d written again: got %x, want %x", i, again, row)
			}
			var got ItemMeta
			if err := own.Unmarshal(MarshalMeta(&m), &got); err != nil || !got.Equal(&m) {
				t.Fatalf("row %d with keys of its own: got %+v, %v, want %+v", i, got, err, m)
			}
			if err := reader.Unmarshal(MarshalMeta(&m), &got); err != nil || !got.Equal(&m) {
				t.Fatalf("row %d with keys of its own, by a decoder of rows: got %+v, %v", i, got, err)
			}
			if err := reader.Unmarshal(row, &got); err != nil || !got.Equal(&m) {
				t.Fatalf("row %d after one with keys of its own: got %+v, %v", i, got, err)
			}
		}
	})
}

func TestNewKeyMap(t *testing.T) {
	a, b := ReplicaID{'A'}, ReplicaID{'B'}
	k, err := NewKeyMap([]ReplicaID{a, b}, []string{"x"})
	if err != nil {
		t.Fatal(err)
	}
	if got := []uint64{k.ReplicaKey(b), k.ReplicaKey(ReplicaID{}), k.ReplicaKey(ReplicaID{'C'})}; !slices.Equal(got, []uint64{2, 0, 3}) {
		t.Errorf("keys of B, zero and C: %v, want 2, 0 and 3", got)
	}
	if got := k.Replicas(); !slices.Equal(got, []ReplicaID{a, b, {'C'}}) {
		t.Errorf("replicas: %v", got)
	}
	for _, row := range []struct {
		name     string
		replicas []ReplicaID
		names    []string
		want     string
	}{
		{"a replica twice", []ReplicaID{a, b, a}, nil, "has a key already"},
		{"the zero replica", []ReplicaID{{}}, nil, "has a key already"},
		{"a unit twice", nil, []string{"x", "y", "x"}, `unit "x" has a key already`},
	} {
		if _, err := NewKeyMap(row.replicas, row.names); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
}

func TestRowErrors(t *testing.T) {
	keys, err := NewKeyMap([]ReplicaID{{'A'}}, []string{"name"})
	if err != nil {
		t.Fatal(err)
	}
	const id = "00000000000000000000000000000007"
	for _, row := range []struct {
		name, hex, want string
		is              error
	}{
		{"version 0", "00" + id + "00 00 00 00", "byte 0 of 21: expected version 1 or 2", nil},
		{"newer", "03" + id + "00 00 00 00", "version 3", ErrNewer},
		{"a replica without a key", "02" + id + "00 040100 00 00 00 00", "byte 18 of 25: expected a replica key up to 1", nil},
		{"a unit without a key", "02" + id + "00 000000 02 00 00 00", "byte 21 of 25: expected a set of units that have a key, below 1", nil},
		{"elements of a unit that isn't there", "02" + id + "00 000000 01 02 00 00", "byte 22 of 25: expected a set of units with elements, below 1", nil},
		{"a set that doesn't end", "02" + id + "00 000000 80", "byte 22 of 22: expected a set", nil},
		{"a long set", "02" + id + "00 000000 81 00 00 00 00", "byte 21 of 26: a set longer than it need be", ErrNormalForm},
		{"an other with stamp 0", "02" + id + "00 000000 01 00 01 01 00", "byte 25 of 26: stamp 0 of a unit with another", ErrNormalForm},
		{"a stamp twice", "02" + id + "00 000000 01 00 01 01 01 000000", "byte 25 of 29: a new stamp that is as a former one", ErrNormalForm},
		{"a zero digest", "02" + id + "00 000000 01 00 00 00 00000000000000000000000000000000", "byte 25 of 41: a digest that is zero", ErrNormalForm},
		{"no elements", "02" + id + "00 000000 01 01 01 00 00", "byte 25 of 26: no elements", ErrNormalForm},
		{"more elements than bytes", "02" + id + "00 000000 01 01 01 00 04 0100000000000000", "byte 25 of 34: expected a count of elements that the bytes left can hold", nil},
		{"stamps for nothing", "02" + id + "00 000000 01 01 01 00 03 00 0100000000000000", "byte 25 of 35: elements that the unit's version added", ErrNormalForm},
		{"elements out of order", "02" + id + "00 000000 01 01 01 00 04 0200000000000000 0100000000000000", "byte 34 of 42: expected a greater digest", nil},
		{"more bytes", "02" + id + "00 000000 00 00 00 00 00", "byte 25 of 26: expected the end", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			var m ItemMeta
			err := NewMetaDecoder(keys).Unmarshal(unhex(t, row.hex), &m)
			if err == nil || !strings.Contains(err.Error(), row.want) || row.is != nil && !errors.Is(err, row.is) {
				t.Errorf("got %v, want %q and that it is %v", err, row.want, row.is)
			}
		})
	}
}

func FuzzUnmarshalRow(f *testing.F) {
	var keys KeyMap
	for i := range 3 {
		f.Add(AppendRow(nil, typicalContact(i), &keys))
	}
	f.Add(MarshalMeta(typicalContact(1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		kept, err := NewKeyMap(keys.Replicas(), keys.Names())
		if err != nil {
			t.Fatal(err)
		}
		var m ItemMeta
		if got, most := allocated(func() { err = NewMetaDecoder(kept).Unmarshal(b, &m) }), uint64(1<<20+400*len(b)); got > most {
			t.Fatalf("%d bytes took %d bytes of memory, want at most %d", len(b), got, most)
		}
		if err != nil {
			return
		}
		if b[0] == keyedVersion {
			if again := AppendRow(nil, &m, kept); string(again) != string(b) {
				t.Fatalf("written again: got %x, want %x", again, b)
			}
		}
		checkFixpoint(t, &m)
	})
}
