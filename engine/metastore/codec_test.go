package metastore

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cradle/engine"
)

func golden() *Content {
	a := engine.ReplicaID{'A'}
	v := engine.Version{Replica: a, Tick: 2}
	return &Content{
		Replica: Replica{
			Replica: engine.Replica{ID: a, Tick: 2, Knowledge: engine.NewKnowledge(v), Marks: map[engine.ReplicaID]engine.Mark{{'C'}: {Tick: 4, ID: [16]byte{8}}, {'B'}: {Tick: 3, ID: [16]byte{7}}}},
			Given:   []engine.Mark{{Tick: 1, ID: [16]byte{5}}, {Tick: 2, ID: [16]byte{6}}}, Shared: map[engine.ReplicaID]uint64{{'B'}: 2}, ProviderVersion: 3, Custom: []byte("@7"),
		},
		Items: []*Item{
			{Meta: engine.ItemMeta{ID: engine.ItemID{1}, Creation: v, LifeVersion: v,
				Units: []engine.UnitMeta{{Unit: "name", Version: v, Digest: engine.Digest{9}}}},
				Fields: map[string]string{"path": "p", "etag": ""}},
			{Meta: engine.ItemMeta{ID: engine.ItemID{2}, Creation: v, LifeVersion: v, Deleted: true, MergedInto: engine.ItemID{1}}, Custom: []byte{5}},
		},
	}
}

// The form that every later version must still read.
// It is built here a second time, byte by byte.
func TestEncodeGolden(t *testing.T) {
	got := Encode(golden())
	sum := func(b []byte) []byte { s := sha256.Sum256(b); return append(b, s[:16]...) }
	know := golden().Replica.Knowledge.AppendBinary(nil)
	nothing := engine.Knowledge{}.AppendBinary(nil)
	rep := append(append([]byte{'A'}, make([]byte, 15)...), 2, 3, byte(len(know)))
	rep = append(append(rep, know...), byte(len(nothing)))
	rep = append(append(rep, nothing...), unhex(t, `
		02 42000000000000000000000000000000 03 07000000000000000000000000000000 marks of B, C
		   43000000000000000000000000000000 04 08000000000000000000000000000000
		02 01 05000000000000000000000000000000 given
		   02 06000000000000000000000000000000
		01 42000000000000000000000000000000 02 shared with B
		02 4037`)...)
	want := binary.AppendUvarint([]byte("CRDLMETA\x01"), uint64(len(rep)))
	want = sum(append(want, rep...))
	keys := unhex(t, "01 41000000000000000000000000000000 01 04 6e616d65")
	want = sum(append(append(want, byte(len(keys))), keys...))
	items := unhex(t, `02
		01000000000000000000000000000000 00 02 02 00  ID, flags, stamp 0
		01 00 00 09000000000000000000000000000000     unit name
		02 04 65746167 00 04 70617468 01 70           fields etag, path
		00                                            no blob
		02000000000000000000000000000000 03 02 02 00  deleted, merged
		01000000000000000000000000000000 00           into item 1; no units
		00 01 05`)
	want = sum(append(append(want, byte(len(items))), items...))
	if !bytes.Equal(got, want) {
		t.Errorf("canonical form:\n got %x\nwant %x", got, want)
	}
	c, err := Decode(want)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Replica.Equal(golden().Replica) || len(c.Items) != 2 || !c.Items[0].Equal(golden().Items[0]) || !c.Items[1].Equal(golden().Items[1]) {
		t.Errorf("decoded: %+v", c)
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	var out []byte
	for line := range strings.Lines(s) {
		for _, word := range strings.Fields(line) {
			b, err := hex.DecodeString(word)
			if err != nil {
				break // a remark, up to the end of the line
			}
			out = append(out, b...)
		}
	}
	return out
}

// resum makes the checksums of a changed canonical form right again, as a forger
// would.
func resum(t testing.TB, b []byte) []byte {
	t.Helper()
	c := newCursor(b, len(blobMagic)+1)
	for range blobParts {
		c.Sized("a part")
		at := c.Off
		c.Bytes(blobSum, "a checksum")
		if c.Err != nil {
			t.Fatal(c.Err)
		}
		s := sha256.Sum256(b[:at])
		copy(b[at:], s[:blobSum])
	}
	return b
}

func TestDecodeErrors(t *testing.T) {
	whole := Encode(golden())
	const items = 130 // roughly where the items begin
	at := func(i int, v byte) func([]byte) []byte {
		return func(b []byte) []byte { b[i] = v; return b }
	}
	forged := func(change func(*Content)) func([]byte) []byte {
		return func([]byte) []byte { c := golden(); change(c); return Encode(c) }
	}
	own := engine.Version{Replica: engine.ReplicaID{'A'}, Tick: 3}
	for _, row := range []struct {
		name   string
		change func([]byte) []byte
		want   string
		is     error
	}{
		{"nothing", func([]byte) []byte { return nil }, "byte 0 of 0: expected the mark CRDLMETA", ErrDamaged},
		{"another file", at(0, 'X'), "byte 0 of", ErrDamaged},
		{"newer", at(8, 2), "version 2, this program knows 1", engine.ErrNewer},
		{"version 0", at(8, 0), "expected version 1", ErrDamaged},
		{"cut in the replica", func(b []byte) []byte { return b[:30] }, "expected a length of the part replica", ErrDamaged},
		{"cut at the end", func(b []byte) []byte { return b[:len(b)-1] }, "expected the checksum of the part items", ErrDamaged},
		{"more at the end", func(b []byte) []byte { return append(b, 0) }, "expected the end of the metadata", ErrDamaged},
		{"a bit of the replica", at(12, 0x10), "bytes 0 to", ErrDamaged},
		{"a bit of the items", func(b []byte) []byte { b[len(b)-20] ^= 4; return b }, "(items): the checksum differs", ErrDamaged},
		{"an own version never given", forged(func(c *Content) { c.Items[0].Meta.LifeVersion = own }), "was never minted", ErrDamaged},
		{"knowledge never given", forged(func(c *Content) { c.Replica.Knowledge = c.Replica.Knowledge.WithTick(own) }), "contains tick 3 of its own", ErrDamaged},
		{"no replica ID", forged(func(c *Content) { c.Replica.ID = engine.ReplicaID{} }), "it has no ID", ErrDamaged},
		{"items out of order", forged(func(c *Content) { c.Items[0], c.Items[1] = c.Items[1], c.Items[0] }), "expected a greater item ID", ErrDamaged},
		{"an item twice", forged(func(c *Content) { c.Items[1] = c.Items[0] }), "expected a greater item ID", ErrDamaged},
		{"more items than bytes", func(b []byte) []byte {
			i := bytes.LastIndex(b, []byte{2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2})
			if i < items-60 {
				t.Fatalf("no count of items at %d", i)
			}
			b[i] = 100
			return resum(t, b)
		}, "expected a count of items that the bytes left can hold", ErrDamaged},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := Decode(row.change(bytes.Clone(whole)))
			if err == nil {
				t.Fatalf("got %+v, want an error with %q", c, row.want)
			}
			if !strings.Contains(err.Error(), row.want) || !errors.Is(err, row.is) {
				t.Errorf("got error %q, want %q in it and that it is %v", err, row.want, row.is)
			}
		})
	}
}

// Every single changed bit and every cut is noticed.
func TestDecodeNoticesEverything(t *testing.T) {
	keys := new(engine.KeyMap)
	item := MarshalItem(golden().Items[0], keys)
	for name, form := range map[string]struct {
		b      []byte
		decode func([]byte) error
	}{
		"whole":   {Encode(golden()), func(b []byte) error { _, err := Decode(b); return err }},
		"replica": {MarshalReplica(golden().Replica), func(b []byte) error { _, err := UnmarshalReplica(b); return err }},
		"item":    {item, func(b []byte) error { _, err := UnmarshalItem(b, keys); return err }},
		"item 1":  {itemV1(golden().Items[0]), func(b []byte) error { _, err := UnmarshalItem(b, keys); return err }},
		"keys": {MarshalKeys(keys), func(b []byte) error {
			if len(b) == 0 {
				return ErrDamaged // no keys: it is the rows that miss them
			}
			_, err := UnmarshalKeys(b)
			return err
		}},
	} {
		if err := form.decode(form.b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range 8 * len(form.b) {
			b := bytes.Clone(form.b)
			b[i/8] ^= 1 << (i % 8)
			if err := form.decode(b); !errors.Is(err, ErrDamaged) && !errors.Is(err, engine.ErrNewer) {
				t.Errorf("%s: bit %d of byte %d: %v", name, i%8, i/8, err)
			}
		}
		for n := range form.b {
			if err := form.decode(form.b[:n]); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s: cut after %d bytes: %v", name, n, err)
			}
		}
	}
}

// itemV1 is a row as it was before keys were kept beside the rows.
func itemV1(it *Item) []byte { return marshalItem(it, rowVersion, engine.MarshalMeta(&it.Meta)) }

// A row needs the keys that it was written with, and no others.
func TestItemWithoutItsKeys(t *testing.T) {
	keys := new(engine.KeyMap)
	b := MarshalItem(golden().Items[0], keys)
	if _, err := UnmarshalItem(b, new(engine.KeyMap)); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "replica key up to 0") {
		t.Errorf("without keys: %v, want ErrDamaged", err)
	}
	kept, err := UnmarshalKeys(MarshalKeys(keys))
	if err != nil {
		t.Fatal(err)
	}
	kept.ReplicaKey(engine.ReplicaID{'Z'}) // a later row's
	if it, err := UnmarshalItem(b, kept); err != nil || !it.Equal(golden().Items[0]) {
		t.Errorf("with keys that have grown: %+v, %v", it, err)
	}
}

func drawContent(t *rapid.T) *Content {
	replicas := []engine.ReplicaID{{'A'}, {'B'}, {0, 1}}
	version := rapid.Custom(func(t *rapid.T) engine.Version {
		return engine.Version{Replica: rapid.SampledFrom(replicas).Draw(t, "replica"), Tick: rapid.Uint64Range(1, 50).Draw(t, "tick")}
	})
	c := &Content{Replica: Replica{Replica: engine.Replica{ID: replicas[0], Tick: 50,
		Knowledge: engine.NewKnowledge(version.Draw(t, "known"), version.Draw(t, "known")),
		Forgotten: engine.NewKnowledge(version.Draw(t, "forgotten"))},
		Given: []engine.Mark{{Tick: rapid.Uint64Range(1, 50).Draw(t, "given"), ID: [16]byte{1}}}, Shared: map[engine.ReplicaID]uint64{{'B'}: rapid.Uint64Range(0, 50).Draw(t, "shared")},
		ProviderVersion: rapid.Uint32().Draw(t, "provider version"), Custom: rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "custom")}}
	for n := range rapid.IntRange(0, 6).Draw(t, "items") {
		it := &Item{Meta: engine.ItemMeta{ID: engine.ItemID{byte(n), 1}, Creation: version.Draw(t, "creation"), LifeVersion: version.Draw(t, "life"),
			Deleted: rapid.Bool().Draw(t, "deleted"), LifeEdited: rapid.Int64().Draw(t, "edited")}}
		for _, unit := range []string{"name", "tel"} {
			if rapid.Bool().Draw(t, unit) {
				it.Meta.Units = append(it.Meta.Units, engine.UnitMeta{Unit: unit, Version: version.Draw(t, "version"), Digest: engine.Digest{1},
					Elements: []engine.Element{{Digest: engine.ElementDigest{byte(n)}, Added: version.Draw(t, "added")}}})
			}
		}
		it.Fields = rapid.MapOfN(rapid.StringN(1, 4, -1), rapid.String(), 0, 3).Draw(t, "fields")
		it.Custom = rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "blob")
		it, err := c.Replica.CheckItem(it)
		if err != nil {
			t.Fatal(err)
		}
		c.Items = append(c.Items, it)
	}
	return c
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawContent(t)
		got, err := Decode(Encode(c))
		if err != nil {
			t.Fatal(err)
		}
		if !got.Replica.Equal(c.Replica) || len(got.Items) != len(c.Items) {
			t.Fatalf("got %+v, want %+v", got, c)
		}
		rep, err := UnmarshalReplica(MarshalReplica(c.Replica))
		if err != nil || !rep.Equal(c.Replica) {
			t.Fatalf("replica: got %+v, %v, want %+v", rep, err, c.Replica)
		}
		keys := new(engine.KeyMap)
		for i, it := range c.Items {
			if !got.Items[i].Equal(it) {
				t.Fatalf("item %d: got %+v, want %+v", i, got.Items[i], it)
			}
			form := MarshalItem(it, keys)
			kept, err := UnmarshalKeys(MarshalKeys(keys))
			if err != nil {
				t.Fatal(err)
			}
			for _, form := range [][]byte{form, itemV1(it)} {
				row, err := UnmarshalItem(form, kept)
				if err != nil || !row.Equal(it) {
					t.Fatalf("row of version %d: got %+v, %v, want %+v", form[0], row, err, it)
				}
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(Encode(golden()))
	f.Add(Encode(&Content{Replica: Replica{Replica: engine.Replica{ID: engine.ReplicaID{1}}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		// A forger gets the checksums right.
		c := newCursor(b, len(blobMagic)+1)
		if len(b) > c.Off {
			for range blobParts {
				c.Sized("")
				at := c.Off
				if c.Bytes(blobSum, ""); c.Err == nil {
					s := sha256.Sum256(b[:at])
					copy(b[at:], s[:blobSum])
				}
			}
		}
		got, err := Decode(b)
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, engine.ErrNewer) {
				t.Errorf("%v is neither ErrDamaged nor ErrNewer", err)
			}
			return
		}
		if !bytes.Equal(Encode(got), b) {
			t.Error("it doesn't encode to what was decoded")
		}
	})
}

func FuzzRows(f *testing.F) {
	var shared engine.KeyMap
	for _, it := range golden().Items {
		f.Add(MarshalReplica(golden().Replica), MarshalItem(it, &shared), MarshalKeys(&shared))
		f.Add(MarshalReplica(Replica{Replica: engine.Replica{ID: engine.ReplicaID{1}}}), itemV1(it), []byte{})
	}
	f.Fuzz(func(t *testing.T, rep, item, keys []byte) {
		for _, b := range [][]byte{rep, item, keys} {
			if len(b) > sumSize {
				s := sha256.Sum256(b[:len(b)-sumSize])
				copy(b[len(b)-sumSize:], s[:])
			}
		}
		if r, err := UnmarshalReplica(rep); err == nil && !bytes.Equal(MarshalReplica(r), rep) {
			t.Error("the replica doesn't marshal to what was read")
		}
		k, err := UnmarshalKeys(keys)
		if err != nil {
			return
		}
		if len(keys) > 0 && !bytes.Equal(MarshalKeys(k), keys) {
			t.Error("the keys don't marshal to what was read")
		}
		it, err := UnmarshalItem(item, k)
		if err != nil {
			return
		}
		again := itemV1(it)
		if item[0] == keyedVersion {
			again = MarshalItem(it, k)
		}
		if !bytes.Equal(again, item) {
			t.Error("the item doesn't marshal to what was read")
		}
	})
}
