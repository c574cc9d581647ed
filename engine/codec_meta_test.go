package engine

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// metaGoldens are rows that every later version must still read.
var metaGoldens = []struct {
	name string
	m    ItemMeta
	hex  string
}{
	{"nothing", ItemMeta{}, `
		01                                  version
		00 00                               no replicas, no names
		00000000000000000000000000000000    ID
		00                                  flags
		00 00 00                            stamp 0: zero version, no time
		00                                  no units`},
	{"contact", ItemMeta{
		ID:          idOf(7),
		Creation:    Version{ReplicaID{'A'}, 3},
		LifeVersion: Version{ReplicaID{'A'}, 3},
		LifeEdited:  1000,
		Units: []UnitMeta{
			{Unit: "name", Version: Version{ReplicaID{'A'}, 3}, Edited: 1000, Digest: Digest{1}},
			{Unit: "note", Version: Version{ReplicaID{'B'}, 300}, Edited: -1, Resolved: true},
			{Unit: "tel", Version: Version{ReplicaID{'B'}, 300}, Digest: Digest{2}, Elements: []Element{
				{ElementDigest{3}, Version{ReplicaID{'A'}, 3}},
				{ElementDigest{4}, Version{ReplicaID{'C'}, 1}},
			}},
		},
	}, `
		01
		03 41000000000000000000000000000000 42000000000000000000000000000000
		   43000000000000000000000000000000
		03 04 6e616d65 04 6e6f7465 03 74656c
		00000000000000000000000000000007
		00
		02 03 d00f                             stamp 0: A3 at 1000
		03
		00 00 01000000000000000000000000000000 name: stamp 0
		01 06 05 ac02 01                       note: empty, stamp 1: B300, resolved, at -1
		02 09 04 ac02 00                       tel: elements, stamp 2: B300
		   02000000000000000000000000000000
		   02 00 0300000000000000
		      03 06 01 00 0400000000000000     stamp 3: C1`},
	{"merge tombstone", ItemMeta{
		ID:           MaxItemID,
		Creation:     Version{ReplicaID{'A'}, 1},
		LifeVersion:  Version{ReplicaID{'A'}, 2},
		LifeResolved: true,
		Deleted:      true,
		MergedInto:   idOf(9),
	}, `
		01
		01 41000000000000000000000000000000
		00
		ffffffffffffffffffffffffffffffff
		07
		03 02 00
		01 01                               creation A1
		00000000000000000000000000000009
		00`},
}

func TestMetaGolden(t *testing.T) {
	for _, g := range metaGoldens {
		t.Run(g.name, func(t *testing.T) {
			want := unhex(t, g.hex)
			if got := MarshalMeta(&g.m); hex.EncodeToString(got) != hex.EncodeToString(want) {
				t.Errorf("binary form:\n got %x\nwant %x", got, want)
			}
			got, err := UnmarshalMeta(want)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Equal(&g.m) {
				t.Errorf("parsed: got %+v, want %+v", *got, g.m)
			}
		})
	}
}

func TestUnmarshalMetaErrors(t *testing.T) {
	const a, id = "41000000000000000000000000000000", "00000000000000000000000000000007"
	const digest = "01000000000000000000000000000000"
	for _, row := range []struct {
		name, hex, want string
		is              error
	}{
		{"newer version", "03 00 00" + id + "00 00 00 00 00", "version 3", ErrNewer},
		{"a row without its keys", "02" + id + "00 00 00 00 00", "byte 0 of 22: expected version 1: the keys of version 2 are kept elsewhere", nil},
		{"version 0", "00 00 00" + id + "00 00 00 00 00", "byte 0 of 24: expected version 1", nil},
		{"cut in the ID", "01 00 00 000000", "byte 3 of 6: expected an item ID", nil},
		{"more bytes", "01 00 00" + id + "00 00 00 00 00 00", "byte 24 of 25: expected the end", nil},
		{"impossible count of replicas", "01 ff7f", "byte 1 of 3: expected a count of replicas", nil},
		{"impossible count of units", "01 00 00" + id + "00 00 00 00 ff7f", "byte 23 of 25: expected a count of units", nil},
		{"a replica twice", "01 02" + a + a + "00" + id + "00 00 00 00 00", "byte 18 of 56: expected a replica ID that is new", nil},
		{"the zero replica", "01 01 00000000000000000000000000000000 00" + id + "00 00 00 00 00", "byte 2 of 40: expected a replica ID that is new", nil},
		{"a name twice", "01 00 02 0161 0161" + id + "00 00 00 00 00", "byte 5 of 28: expected a unit name that is new", nil},
		{"unknown flag", "01 00 00" + id + "08 00 00 00 00", "byte 19 of 24: expected flags below 8", nil},
		{"unknown replica", "01 00 00" + id + "00 02 01 00 00", "byte 20 of 24: expected a replica key up to 0", nil},
		{"the pending tick", "01 00 00" + id + "00 00 ffffffffffffffffff01 00 00", "byte 21 of 33: expected a tick", nil},
		{"unknown name", "01 00 00" + id + "00 00 00 00 01 00 02", "byte 24 of 26: expected a unit name's key below 0", nil},
		{"names out of order", "01 00 02 0162 0161" + id + "00 00 00 00 02 00 02 01 02", "byte 30 of 32: expected the key of a greater unit name", nil},
		{"a stamp number too high", "01 00 01 0161" + id + "00 00 00 00 01 00 0a 00 00 00", "byte 27 of 31: expected a stamp number up to 1", nil},
		{"elements out of order", "01 00 01 0161" + id + "00 00 00 00 01 00 01" + digest + "02 00 0200000000000000 00 0100000000000000", "byte 55 of 63: expected a greater digest", nil},
		{"a long number", "01 8000 00" + id + "00 00 00 00 00", "byte 1 of 25: a number longer", ErrNormalForm},
		{"a replica that isn't used", "01 01" + a + "00" + id + "00 00 00 00 00", "a key that isn't used", ErrNormalForm},
		{"a name that isn't used", "01 00 01 0161" + id + "00 00 00 00 00", "a key that isn't used", ErrNormalForm},
		{"replicas not in order of use", "01 02" + a + "42000000000000000000000000000000 00" + id + "04 04 01 00 01 01 00", "byte 52 of 58: a key before its turn", ErrNormalForm},
		{"names not in order of use", "01 00 02 0162 0161" + id + "00 00 00 00 01 01 02", "byte 28 of 30: a key before its turn", ErrNormalForm},
		{"creation as existence", "01 00 00" + id + "04 00 00 00 00 00 00", "byte 19 of 26: a creation version", ErrNormalForm},
		{"merged into nothing", "01 00 00" + id + "02 00 00 00 00000000000000000000000000000000 00", "byte 19 of 40: merged into no item", ErrNormalForm},
		{"a stamp twice", "01 00 01 0161" + id + "00 00 00 00 01 00 06 00 00 00", "byte 27 of 31: a new stamp", ErrNormalForm},
		{"a zero digest", "01 00 01 0161" + id + "00 00 00 00 01 00 00 00000000000000000000000000000000", "byte 27 of 44: a digest that is zero", ErrNormalForm},
		{"no elements", "01 00 01 0161" + id + "00 00 00 00 01 00 03 00", "byte 28 of 29: no elements", ErrNormalForm},
		{"an element's version twice", "01 00 01 0161" + id + "00 00 00 00 01 00 03 01 01 00 00 00 0200000000000000", "byte 29 of 41: a version that a former stamp has", ErrNormalForm},
		{"an element's stamp with a time", "01 00 01 0161" + id + "00 00 00 00 01 00 03 01 01 00 05 02 0200000000000000", "byte 29 of 41: a new stamp of an element", ErrNormalForm},
		{"impossible count of elements", "01 00 01 0161" + id + "00 00 00 00 01 00 01" + digest + "02 00 0200000000000000", "byte 44 of 54: expected a count of elements", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			m, err := UnmarshalMeta(unhex(t, row.hex))
			if err == nil {
				t.Fatalf("got %+v, want an error with %q", m, row.want)
			}
			if !strings.Contains(err.Error(), row.want) || row.is != nil && !errors.Is(err, row.is) {
				t.Errorf("got error %q, want %q in it and that it is %v", err, row.want, row.is)
			}
		})
	}
}

// drawMeta makes metadata of any kind in the order that ItemMeta asks for.
func drawMeta(t *rapid.T) ItemMeta {
	version := rapid.Custom(func(t *rapid.T) Version {
		return Version{
			ReplicaID{byte(rapid.IntRange(0, 40).Draw(t, "replica"))},
			rapid.OneOf(rapid.Uint64Range(0, 3), rapid.Uint64Range(0, pendingTick-1)).Draw(t, "tick"),
		}
	})
	edited := rapid.OneOf(rapid.Just(int64(0)), rapid.Just(int64(1700000000000)), rapid.Just(int64(math.MinInt64)), rapid.Int64())
	digest := rapid.Custom(func(t *rapid.T) Digest { return Digest{byte(rapid.IntRange(0, 2).Draw(t, "digest"))} })
	m := ItemMeta{
		ID:           ItemID{15: rapid.Byte().Draw(t, "id")},
		Creation:     version.Draw(t, "creation"),
		LifeVersion:  version.Draw(t, "life"),
		LifeEdited:   edited.Draw(t, "edited"),
		LifeResolved: rapid.Bool().Draw(t, "resolved"),
		Deleted:      rapid.Bool().Draw(t, "deleted"),
		MergedInto:   ItemID{byte(rapid.IntRange(0, 1).Draw(t, "merged"))},
	}
	if rapid.Bool().Draw(t, "as created") {
		m.Creation = m.LifeVersion
	}
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{0,2}`), 0, 24, rapid.ID[string]).Draw(t, "names")
	for _, name := range names {
		u := UnitMeta{
			Unit:     name,
			Version:  version.Draw(t, "version"),
			Edited:   edited.Draw(t, "edited"),
			Resolved: rapid.Bool().Draw(t, "resolved"),
			Digest:   digest.Draw(t, "digest"),
		}
		for _, e := range rapid.SliceOfNDistinct(rapid.Byte(), 0, 5, rapid.ID[byte]).Draw(t, "elements") {
			u.Elements = append(u.Elements, Element{ElementDigest{7: e}, version.Draw(t, "added")})
		}
		u.Elements = inOrder(u.Elements, compareElements)
		m.SetUnit(u)
	}
	return m
}

// TestMetaForms: both forms of any metadata read back as what they were, by each
// way of reading, and what is read doesn't share its slices.
func TestMetaForms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		metas := make([]ItemMeta, rapid.IntRange(1, 12).Draw(t, "items"))
		var keys KeyMap
		var stream []byte
		var rows [][]byte
		for i := range metas {
			metas[i] = drawMeta(t)
			stream = AppendMeta(stream, &metas[i], &keys)
			rows = append(rows, MarshalMeta(&metas[i]))
		}
		table := keys.AppendBinary(nil)
		read, n, err := ParseKeyMap(append(table, "after"...))
		if err != nil || n != len(table) {
			t.Fatalf("key map %x: read %d bytes, %v", table, n, err)
		}
		if got := read.AppendBinary(nil); string(got) != string(table) {
			t.Fatalf("key map written again: got %x, want %x", got, table)
		}
		fromStream, fromRows := make([]ItemMeta, len(metas)), make([]ItemMeta, len(metas))
		streamReader, rowReader := NewMetaDecoder(read), new(MetaDecoder)
		rest := stream
		for i := range metas {
			one, n, err := ParseMeta(rest, read)
			if err != nil || !one.Equal(&metas[i]) {
				t.Fatalf("parsed item %d: got %+v, %v, want %+v", i, one, err, metas[i])
			}
			m, err := streamReader.Decode(rest, &fromStream[i])
			if err != nil || m != n {
				t.Fatalf("decode item %d: read %d bytes, %v, want %d", i, m, err, n)
			}
			rest = rest[n:]
			if err := rowReader.Unmarshal(rows[i], &fromRows[i]); err != nil {
				t.Fatal(err)
			}
		}
		if len(rest) > 0 {
			t.Fatalf("%d bytes left of the stream", len(rest))
		}
		for i := range metas { // once all are read, so that shared blocks would show
			if !fromStream[i].Equal(&metas[i]) {
				t.Fatalf("item %d of the stream: got %+v, want %+v", i, fromStream[i], metas[i])
			}
			if !fromRows[i].Equal(&metas[i]) {
				t.Fatalf("row %d: got %+v, want %+v", i, fromRows[i], metas[i])
			}
			fromStream[i].SetUnit(UnitMeta{Unit: "zzz"})
			for j := range fromStream[i].Units {
				u := &fromStream[i].Units[j]
				u.Elements = append(u.Elements, Element{})
			}
		}
		for i := range metas {
			if got, want := len(fromStream[i].Units), len(metas[i].Units)+1; got != want {
				t.Fatalf("item %d has %d units after its own got one more, want %d", i, got, want)
			}
			for j, u := range metas[i].Units {
				if got := fromStream[i].Units[j]; got.Unit != u.Unit || len(got.Elements) != len(u.Elements)+1 || len(u.Elements) > 0 && got.Elements[0] != u.Elements[0] {
					t.Fatalf("unit %d of item %d changed with its neighbour: got %+v, want %+v", j, i, got, u)
				}
			}
		}
	})
}

// TestUnmarshalMetaDamaged: a row that was cut is refused with an offset in it, and
// one with a changed bit is refused or is another row, never a part of one.
func TestUnmarshalMetaDamaged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMeta(t)
		row := MarshalMeta(&m)
		cut := rapid.IntRange(0, len(row)-1).Draw(t, "cut")
		if got, err := UnmarshalMeta(row[:cut]); err == nil || !strings.Contains(err.Error(), "byte ") {
			t.Fatalf("%x cut to %d bytes: got %+v, %v", row, cut, got, err)
		}
		bit := rapid.IntRange(0, 8*len(row)-1).Draw(t, "bit")
		row[bit/8] ^= 1 << (bit % 8)
		if got, err := UnmarshalMeta(row); err == nil && (got.Equal(&m) || string(MarshalMeta(got)) != string(row)) {
			t.Fatalf("bit %d of %x changed: got %+v", bit, row, got)
		}
	})
}

// TestAppendMetaOrder: what is out of order is written in order.
func TestAppendMetaOrder(t *testing.T) {
	a, b := Element{Digest: ElementDigest{1}}, Element{Digest: ElementDigest{2}}
	given := &ItemMeta{Units: []UnitMeta{{Unit: "tel", Elements: []Element{b, a, b}}, {Unit: "name"}, {Unit: "tel", Edited: 5}}}
	want := &ItemMeta{Units: []UnitMeta{{Unit: "name"}, {Unit: "tel", Elements: []Element{a, b}}}}
	got, err := UnmarshalMeta(MarshalMeta(given))
	if err != nil {
		t.Fatal(err)
	}
	if !got.Equal(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if given.Units[0].Unit != "tel" || given.Units[0].Elements[0] != b {
		t.Errorf("writing changed its argument: %+v", given)
	}
}

func TestAppendMetaPending(t *testing.T) {
	for _, row := range []struct {
		name string
		m    ItemMeta
	}{
		{"life", ItemMeta{LifeVersion: Pending(ReplicaID{'A'})}},
		{"creation", ItemMeta{Creation: Pending(ReplicaID{'A'})}},
		{"unit", ItemMeta{Units: []UnitMeta{{Unit: "name", Version: Pending(ReplicaID{'A'})}}}},
		{"element", ItemMeta{Units: []UnitMeta{{Unit: "tel", Elements: []Element{{Added: Pending(ReplicaID{'A'})}}}}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("a pending version was written")
				}
			}()
			MarshalMeta(&row.m)
		})
	}
}

// typicalContact is a contact of 8 units, of which one was edited later.
func typicalContact(n int) *ItemMeta {
	v := Version{ReplicaID{'P', 1}, uint64(n + 1)}
	id := func(b byte) (d Digest) {
		for i := range d {
			d[i] = b + byte(n>>(8*(i&1)))*byte(i+7)
		}
		d[15] |= 1
		return d
	}
	const edited = 1700000000000
	m := &ItemMeta{ID: ItemID(id(1)), Creation: v, LifeVersion: v, LifeEdited: edited}
	for i, name := range []string{"adr", "categories", "collection", "email", "name", "note", "org", "tel"} {
		u := UnitMeta{Unit: name, Version: v, Edited: edited, Digest: id(byte(i + 2))}
		switch name {
		case "tel", "email":
			u.Elements = []Element{{ElementDigest{byte(n), 1}, v}, {ElementDigest{byte(n), 2}, v}}
		case "adr":
			u.Elements = []Element{{ElementDigest{byte(n)}, v}}
		case "note":
			u.Version, u.Edited = Version{ReplicaID{'H'}, uint64(n + 9)}, edited+int64(n)
		}
		m.SetUnit(u)
	}
	return m
}

func TestMetaSize(t *testing.T) {
	m := typicalContact(9000)
	keys := KeyMap{}
	AppendMeta(nil, typicalContact(1), &keys)
	if got, most := len(AppendMeta(nil, m, &keys)), 250; got > most {
		t.Errorf("in a stream: got %d bytes, want at most %d", got, most)
	}
	if got, most := len(MarshalMeta(m)), 350; got > most {
		t.Errorf("as a row: got %d bytes, want at most %d", got, most)
	}
}

func FuzzUnmarshalMeta(f *testing.F) {
	for _, g := range metaGoldens {
		f.Add(unhex(f, g.hex))
	}
	f.Add(MarshalMeta(typicalContact(5)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m *ItemMeta
		var err error
		if got, most := allocated(func() { m, err = UnmarshalMeta(b) }), uint64(1<<20+400*len(b)); got > most {
			t.Fatalf("%d bytes took %d bytes of memory, want at most %d", len(b), got, most)
		}
		if err != nil {
			return
		}
		if got := MarshalMeta(m); string(got) != string(b) {
			t.Fatalf("written again: got %x, want %x", got, b)
		}
		checkFixpoint(t, m)
		if got, err := ItemMetaFromValues(m.Values()); err != nil || !got.Equal(m) {
			t.Fatalf("through values: got %+v, %v, want %+v", got, err, m)
		}
	})
}

// checkFixpoint writes and reads m and looks whether that is what it was.
func checkFixpoint(t *testing.T, m *ItemMeta) {
	form := MarshalMeta(m)
	again, err := UnmarshalMeta(form)
	if err != nil {
		t.Fatalf("written as %x: %v", form, err)
	}
	if !again.Equal(m) {
		t.Fatalf("written and read: got %+v, want %+v", again, m)
	}
	if got := MarshalMeta(again); string(got) != string(form) {
		t.Fatalf("written twice: got %x, want %x", got, form)
	}
}

func FuzzMetaStream(f *testing.F) {
	var keys KeyMap
	var items []byte
	for i := range metaGoldens {
		items = AppendMeta(items, &metaGoldens[i].m, &keys)
	}
	items = AppendMeta(items, typicalContact(5), &keys)
	f.Add(append(keys.AppendBinary(nil), items...))
	f.Fuzz(func(t *testing.T, b []byte) {
		var read []ItemMeta
		var parts [][]byte
		var table *KeyMap
		if got, most := allocated(func() {
			keys, n, err := ParseKeyMap(b)
			if err != nil {
				return
			}
			d := NewMetaDecoder(keys)
			for rest := b[n:]; len(rest) > 0; rest = rest[n:] {
				var m ItemMeta
				if n, err = d.Decode(rest, &m); err != nil {
					return
				}
				read, parts = append(read, m), append(parts, rest[:n])
				table = keys
			}
		}), uint64(1<<20+800*len(b)); got > most {
			t.Fatalf("%d bytes took %d bytes of memory, want at most %d", len(b), got, most)
		}
		for i := range read {
			if got := AppendMeta(nil, &read[i], table); string(got) != string(parts[i]) {
				t.Fatalf("item %d written again: got %x, want %x", i, got, parts[i])
			}
			checkFixpoint(t, &read[i])
		}
	})
}

func BenchmarkMeta(b *testing.B) {
	const n = 10000
	metas := make([]*ItemMeta, n)
	rows := make([][]byte, n)
	var keys KeyMap
	var stream []byte
	for i := range metas {
		metas[i] = typicalContact(i)
		rows[i] = MarshalMeta(metas[i])
		stream = AppendMeta(stream, metas[i], &keys)
	}
	name := func(what string) string { return fmt.Sprintf("%s/items=%d", what, n) }
	b.Run(name("append"), func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			var keys KeyMap
			out := stream[:0]
			for _, m := range metas {
				out = AppendMeta(out, m, &keys)
			}
		}
	})
	b.Run(name("decode"), func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			d, rest := NewMetaDecoder(&keys), stream
			out := make([]ItemMeta, n)
			for i := range out {
				read, err := d.Decode(rest, &out[i])
				if err != nil {
					b.Fatal(err)
				}
				rest = rest[read:]
			}
		}
	})
	b.Run(name("marshal"), func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			for _, m := range metas {
				MarshalMeta(m)
			}
		}
	})
	b.Run(name("unmarshal"), func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			var d MetaDecoder
			out := make([]ItemMeta, n)
			for i := range out {
				if err := d.Unmarshal(rows[i], &out[i]); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
