package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"cradle/valuebag"

	"pgregory.net/rapid"
)

func goldenConflict() Conflict {
	lost := new(valuebag.Values)
	lost.SetString(valuebag.WPDObjectName, "Ada")
	return Conflict{
		ID: 4, Scope: "contacts", Peer: PeerID{'P'}, Item: idOf(7), UID: "ada@example", Unit: "tel",
		State: Waiting, KeptSide: ToStore, Store: Version{ReplicaID{'A'}, 3}, Phone: Pending(ReplicaID{'B'}),
		Lost: lost, KeptText: []string{"TEL:1", "TEL:2"}, LostText: []string{"TEL:3"}, Run: 12,
		At: time.UnixMilli(1700000000123).UTC(),
	}
}

// valuesGoldens are bags that every later version must still read, as JSON.
// "meta.2" is short for the key with the number 2 in MetadataCategory.
var valuesGoldens = []struct {
	name string
	vs   *valuebag.Values
	read func(*valuebag.Values) (again *valuebag.Values, err error)
	json string
}{
	{"knowledge: nothing", Knowledge{}.Values(), rereadKnowledge, `{
		"know.2":{"uint32":1},
		"know.3":{"variants":{"guid":[]}},
		"know.4":{"valuesList":[
			{"know.5":{"guid":"{00000000-0000-0000-0000-000000000000}"},"know.6":{"variants":{"uint64":[]}}}]}}`},
	{"knowledge: a range, an item and a unit", goldenKnowledge().Values(), rereadKnowledge, `{
		"know.2":{"uint32":1},
		"know.3":{"variants":{"guid":["{41000000-0000-0000-0000-000000000000}","{42000000-0000-0000-0000-000000000000}"]}},
		"know.4":{"valuesList":[
			{"know.5":{"guid":"{00000000-0000-0000-0000-000000000000}"},"know.6":{"variants":{"uint64":["6","1"]}}},
			{"know.5":{"guid":"{00000000-0000-0000-0000-000000000002}"},"know.6":{"variants":{"uint64":["0","1"]}}},
			{"know.5":{"guid":"{00000000-0000-0000-0000-000000000003}"},"know.6":{"variants":{"uint64":["6","1"]}}},
			{"know.5":{"guid":"{00000000-0000-0000-0000-000000000005}"},"know.6":{"variants":{"uint64":["6","1"]}},
			 "know.7":{"valuesList":[{"know.6":{"variants":{"uint64":["0","1"]}},"know.8":{"string":"name"}}]}},
			{"know.5":{"guid":"{00000000-0000-0000-0000-000000000006}"},"know.6":{"variants":{"uint64":["6","1"]}}},
			{"know.5":{"guid":"{FF000000-0000-0000-0000-000000000000}"},"know.6":{"variants":{"uint64":["0","0"]}}}]}}`},
	{"metadata: nothing", metaGoldens[0].m.Values(), rereadMeta, `{
		"meta.2":{"uint32":1},"meta.3":{"guid":"{00000000-0000-0000-0000-000000000000}"},
		"meta.4":{"values":{}},"meta.5":{"values":{}}}`},
	{"metadata: contact", metaGoldens[1].m.Values(), rereadMeta, `{
		"meta.2":{"uint32":1},"meta.3":{"guid":"{00000000-0000-0000-0000-000000000007}"},
		"meta.4":{"values":{"meta.10":{"guid":"{41000000-0000-0000-0000-000000000000}"},"meta.11":{"uint64":"3"}}},
		"meta.5":{"values":{"meta.10":{"guid":"{41000000-0000-0000-0000-000000000000}"},"meta.11":{"uint64":"3"},"meta.13":{"int64":"1000"}}},
		"meta.8":{"valuesList":[
			{"meta.9":{"string":"name"},"meta.10":{"guid":"{41000000-0000-0000-0000-000000000000}"},"meta.11":{"uint64":"3"},
			 "meta.13":{"int64":"1000"},"meta.15":{"bytes":"AQAAAAAAAAAAAAAAAAAAAA=="}},
			{"meta.9":{"string":"note"},"meta.10":{"guid":"{42000000-0000-0000-0000-000000000000}"},"meta.11":{"uint64":"300"},
			 "meta.13":{"int64":"-1"},"meta.14":{"bool":true}},
			{"meta.9":{"string":"tel"},"meta.10":{"guid":"{42000000-0000-0000-0000-000000000000}"},"meta.11":{"uint64":"300"},
			 "meta.15":{"bytes":"AgAAAAAAAAAAAAAAAAAAAA=="},
			 "meta.16":{"valuesList":[
				{"meta.10":{"guid":"{41000000-0000-0000-0000-000000000000}"},"meta.11":{"uint64":"3"},"meta.15":{"bytes":"AwAAAAAAAAA="}},
				{"meta.10":{"guid":"{43000000-0000-0000-0000-000000000000}"},"meta.11":{"uint64":"1"},"meta.15":{"bytes":"BAAAAAAAAAA="}}]}}]}}`},
	{"metadata: merge tombstone", metaGoldens[2].m.Values(), rereadMeta, `{
		"meta.2":{"uint32":1},"meta.3":{"guid":"{FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF}"},
		"meta.4":{"values":{"meta.10":{"guid":"{41000000-0000-0000-0000-000000000000}"},"meta.11":{"uint64":"1"}}},
		"meta.5":{"values":{"meta.10":{"guid":"{41000000-0000-0000-0000-000000000000}"},"meta.11":{"uint64":"2"},"meta.14":{"bool":true}}},
		"meta.6":{"bool":true},
		"meta.7":{"guid":"{00000000-0000-0000-0000-000000000009}"}}`},
	{"version: pending", Pending(ReplicaID{'A'}).Values(), rereadVersion, `{
		"meta.10":{"guid":"{41000000-0000-0000-0000-000000000000}"},"meta.12":{"bool":true}}`},
	{"conflict", new(goldenConflict()).Values(), rereadConflict, `{
		"conf.2":{"uint32":1},"conf.3":{"int64":"4"},"conf.4":{"string":"contacts"},
		"conf.5":{"guid":"{50000000-0000-0000-0000-000000000000}"},"conf.6":{"guid":"{00000000-0000-0000-0000-000000000007}"},
		"conf.7":{"string":"ada@example"},"conf.8":{"string":"tel"},"conf.9":{"string":"waiting"},"conf.10":{"string":"store"},
		"conf.11":{"values":{"meta.10":{"guid":"{41000000-0000-0000-0000-000000000000}"},"meta.11":{"uint64":"3"}}},
		"conf.12":{"values":{"meta.10":{"guid":"{42000000-0000-0000-0000-000000000000}"},"meta.12":{"bool":true}}},
		"conf.13":{"values":{"WPD_OBJECT_NAME":{"string":"Ada"}}},
		"conf.14":{"variants":{"string":["TEL:1","TEL:2"]}},"conf.15":{"variants":{"string":["TEL:3"]}},
		"conf.16":{"int64":"12"},"conf.17":{"int64":"1700000000123"}}`},
}

// goldenKeys puts the categories in place of their short names.
var goldenKeys = strings.NewReplacer(
	`"know.`, `"`+KnowledgeCategory.String()+`.`,
	`"meta.`, `"`+MetadataCategory.String()+`.`,
	`"conf.`, `"`+ConflictCategory.String()+`.`)

func rereadKnowledge(vs *valuebag.Values) (*valuebag.Values, error) {
	k, err := KnowledgeFromValues(vs)
	return k.Values(), err
}

func rereadMeta(vs *valuebag.Values) (*valuebag.Values, error) {
	m, err := PlannedMetaFromValues(vs)
	if err != nil {
		return nil, err
	}
	return m.Values(), nil
}

func rereadVersion(vs *valuebag.Values) (*valuebag.Values, error) {
	v, err := VersionFromValues(vs)
	return v.Values(), err
}

func rereadConflict(vs *valuebag.Values) (*valuebag.Values, error) {
	c, err := ConflictFromValues(vs)
	if err != nil {
		return nil, err
	}
	return c.Values(), nil
}

func TestValuesGolden(t *testing.T) {
	for _, g := range valuesGoldens {
		t.Run(g.name, func(t *testing.T) {
			var want bytes.Buffer
			if err := json.Compact(&want, []byte(goldenKeys.Replace(g.json))); err != nil {
				t.Fatal(err)
			}
			got, err := g.vs.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != want.String() {
				t.Errorf("got  %s\nwant %s", got, want.String())
			}
			var vs valuebag.Values
			if err := vs.UnmarshalJSON(want.Bytes()); err != nil {
				t.Fatal(err)
			}
			again, err := g.read(&vs)
			if err != nil {
				t.Fatal(err)
			}
			if !again.Equal(g.vs) {
				t.Errorf("read and written: got %v, want %v", again, g.vs)
			}
		})
	}
}

// through sends a bag through its binary form, as a pipe or a file does.
func through(t *rapid.T, vs *valuebag.Values) *valuebag.Values {
	b, err := vs.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var got valuebag.Values
	if err := got.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	return &got
}

// drawPending makes some of the item's versions pending.
func drawPending(t *rapid.T, m *ItemMeta) (any bool) {
	eachVersion := func(yield func(*Version)) {
		yield(&m.Creation)
		yield(&m.LifeVersion)
		for i := range m.Units {
			yield(&m.Units[i].Version)
			for j := range m.Units[i].Elements {
				yield(&m.Units[i].Elements[j].Added)
			}
		}
	}
	eachVersion(func(v *Version) {
		if rapid.IntRange(0, 9).Draw(t, "pending") == 0 {
			*v, any = Pending(v.Replica), true
		}
	})
	return any
}

// TestMetaValues: metadata in a bag reads back as what it was, also beside an
// item's own keys, and pending versions only as part of a plan.
func TestMetaValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMeta(t)
		pending := rapid.Bool().Draw(t, "a plan's") && drawPending(t, &m)
		vs := through(t, m.Values())
		vs.SetString(valuebag.WPDObjectName, "beside it")
		got, err := PlannedMetaFromValues(vs)
		if err != nil || !got.Equal(&m) {
			t.Fatalf("got %+v, %v, want %+v", got, err, m)
		}
		strict, err := ItemMetaFromValues(vs)
		if pending {
			if !errors.Is(err, errUnminted) || strict != nil {
				t.Fatalf("with a pending version: got %+v, %v, want an error", strict, err)
			}
			return
		}
		if err != nil || !strict.Equal(&m) {
			t.Fatalf("got %+v, %v, want %+v", strict, err, m)
		}
		for i := range m.Units {
			u, err := UnitMetaFromValues(through(t, m.Units[i].Values()))
			if err != nil || !u.equal(&m.Units[i]) {
				t.Fatalf("unit: got %+v, %v, want %+v", u, err, m.Units[i])
			}
		}
		for _, v := range []Version{m.Creation, m.LifeVersion, Pending(m.Creation.Replica)} {
			if got, err := VersionFromValues(through(t, v.Values())); err != nil || got != v {
				t.Fatalf("version: got %v, %v, want %v", got, err, v)
			}
		}
		// The two forms say the same.
		if a, b := MarshalMeta(&m), MarshalMeta(got); !bytes.Equal(a, b) {
			t.Fatalf("binary form after a bag: got %x, want %x", b, a)
		}
	})
}

// TestMetaValuesOrder: what is out of order is put in order, as in the binary form.
func TestMetaValuesOrder(t *testing.T) {
	a, b := Element{Digest: ElementDigest{1}}, Element{Digest: ElementDigest{2}}
	given := &ItemMeta{Units: []UnitMeta{{Unit: "tel", Elements: []Element{b, a, b}}, {Unit: "name"}, {Unit: "tel", Edited: 5}}}
	want := &ItemMeta{Units: []UnitMeta{{Unit: "name"}, {Unit: "tel", Elements: []Element{a, b}}}}
	got, err := ItemMetaFromValues(given.Values())
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

// TestConflictValues: a conflict in a bag reads back as what it was.
func TestConflictValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", "contacts", "a\x00b", "\xff", "ü"})
		lines := rapid.SliceOfN(text, 0, 3)
		c := Conflict{
			ID: rapid.Int64().Draw(t, "id"), Scope: text.Draw(t, "scope"), UID: text.Draw(t, "uid"), Unit: text.Draw(t, "unit"),
			Peer: PeerID{rapid.Byte().Draw(t, "peer")}, Item: ItemID{rapid.Byte().Draw(t, "item")},
			State:    rapid.SampledFrom([]ConflictState{Settled, Waiting, Held, "", "resolved"}).Draw(t, "state"),
			KeptSide: rapid.SampledFrom([]Side{ToStore, ToPhone, ""}).Draw(t, "kept"),
			Store:    drawVersion(t), Phone: Pending(drawVersion(t).Replica), Run: rapid.Int64Range(0, 5).Draw(t, "run"),
		}
		if c.KeptText = lines.Draw(t, "kept text"); len(c.KeptText) == 0 {
			c.KeptText = nil
		}
		if c.LostText = lines.Draw(t, "lost text"); len(c.LostText) == 0 {
			c.LostText = nil
		}
		if ms := rapid.Int64Range(-1<<50, 1<<50).Draw(t, "at"); rapid.Bool().Draw(t, "known when") && !time.UnixMilli(ms).IsZero() {
			c.At = time.UnixMilli(ms).UTC()
		}
		if rapid.Bool().Draw(t, "lost") {
			c.Lost = goldenConflict().Lost
		}
		got, err := ConflictFromValues(through(t, c.Values()))
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		if !got.Lost.Equal(c.Lost) || (got.Lost == nil) != (c.Lost == nil) {
			t.Fatalf("lost: got %v, want %v", got.Lost, c.Lost)
		}
		got.Lost = c.Lost
		if !reflect.DeepEqual(*got, c) {
			t.Fatalf("got %+v, want %+v", *got, c)
		}
	})
	finer := Conflict{At: time.Unix(5, 999_999).In(time.FixedZone("", 3600))}
	got, err := ConflictFromValues(finer.Values())
	if want := time.Unix(5, 0).UTC(); err != nil || got.At != want {
		t.Errorf("time: got %v, %v, want %v", got, err, want)
	}
}

// changeIn changes one bag of a list in vs.
func changeIn(key valuebag.PropertyKey, i int, change func(*valuebag.Values)) func(*valuebag.Values) {
	return func(vs *valuebag.Values) {
		list, err := vs.GetValuesList(key)
		if err != nil {
			panic(err)
		}
		change(list[i])
		vs.SetValuesList(key, list)
	}
}

// changeBag changes the bag under a key of vs.
func changeBag(key valuebag.PropertyKey, change func(*valuebag.Values)) func(*valuebag.Values) {
	return func(vs *valuebag.Values) {
		bag, err := vs.GetValues(key)
		if err != nil {
			panic(err)
		}
		change(bag)
		vs.SetValues(key, bag)
	}
}

func TestItemMetaFromValuesErrors(t *testing.T) {
	unit := func(i int, change func(*valuebag.Values)) func(*valuebag.Values) {
		return changeIn(KeyMetadataUnits, i, change)
	}
	element := func(i int, change func(*valuebag.Values)) func(*valuebag.Values) {
		return unit(2, changeIn(KeyMetadataElements, i, change))
	}
	unknown := valuebag.PropertyKey{FmtID: MetadataCategory, PID: 99}
	for _, row := range []struct {
		name   string
		change func(vs *valuebag.Values)
		want   string
		is     error
	}{
		{"nothing at all", (*valuebag.Values).Clear, "}.2", valuebag.ErrNotFound},
		{"newer version", func(vs *valuebag.Values) { vs.SetUint32(KeyMetadataVersion, 2) }, "version 2", ErrNewer},
		{"version 0", func(vs *valuebag.Values) { vs.SetUint32(KeyMetadataVersion, 0) }, "version 0: expected 1", nil},
		{"a version of another type", func(vs *valuebag.Values) { vs.SetUint64(KeyMetadataVersion, 1) }, "}.2", valuebag.ErrTypeMismatch},
		{"no ID", func(vs *valuebag.Values) { vs.Remove(KeyMetadataItem) }, "}.3", valuebag.ErrNotFound},
		{"an ID of another type", func(vs *valuebag.Values) { vs.SetString(KeyMetadataItem, "7") }, "}.3", valuebag.ErrTypeMismatch},
		{"no creation", func(vs *valuebag.Values) { vs.Remove(KeyMetadataCreation) }, "creation: ", valuebag.ErrNotFound},
		{"no life", func(vs *valuebag.Values) { vs.Remove(KeyMetadataLife) }, "existence: ", valuebag.ErrNotFound},
		{"the pending tick", changeBag(KeyMetadataLife, func(v *valuebag.Values) { v.SetUint64(KeyMetadataTick, math.MaxUint64) }), "existence: ", nil},
		{"a pending version", changeBag(KeyMetadataLife, func(v *valuebag.Values) { v.SetBool(KeyMetadataPending, true) }), "existence: ", errUnminted},
		{"tick 0 spelled out", changeBag(KeyMetadataCreation, func(v *valuebag.Values) { v.SetUint64(KeyMetadataTick, 0) }), "}.4", ErrNormalForm},
		{"a negative tick", changeBag(KeyMetadataCreation, func(v *valuebag.Values) { v.SetInt64(KeyMetadataTick, -1) }), "creation: ", valuebag.ErrTypeMismatch},
		{"not deleted, spelled out", func(vs *valuebag.Values) { vs.SetBool(KeyMetadataDeleted, false) }, "}.6", ErrNormalForm},
		{"merged into nothing, spelled out", func(vs *valuebag.Values) { vs.SetGUID(KeyMetadataMergedInto, valuebag.GUID{}) }, "}.7", ErrNormalForm},
		{"no units, spelled out", func(vs *valuebag.Values) { vs.SetValuesList(KeyMetadataUnits, nil) }, "}.8", ErrNormalForm},
		{"units of another type", func(vs *valuebag.Values) { vs.SetString(KeyMetadataUnits, "name") }, "}.8", valuebag.ErrTypeMismatch},
		{"a key that isn't known", func(vs *valuebag.Values) { vs.SetString(unknown, "?") }, "}.99", ErrNormalForm},
		{"a key that isn't known in a unit", unit(0, func(v *valuebag.Values) { v.SetString(unknown, "?") }), "}.8", ErrNormalForm},
		{"a foreign key in a unit", unit(0, func(v *valuebag.Values) { v.SetString(valuebag.WPDObjectName, "?") }), "}.8", ErrNormalForm},
		{"a unit without a name", unit(1, func(v *valuebag.Values) { v.Remove(KeyMetadataUnit) }), "unit 1: ", valuebag.ErrNotFound},
		{"units out of order", unit(1, func(v *valuebag.Values) { v.SetString(KeyMetadataUnit, "adr") }), `unit 1: "adr" comes after "name"`, ErrNormalForm},
		{"a unit twice", unit(1, func(v *valuebag.Values) { v.SetString(KeyMetadataUnit, "name") }), `unit 1: "name" comes after "name"`, ErrNormalForm},
		{"a short digest", unit(0, func(v *valuebag.Values) { v.SetBytes(KeyMetadataDigest, make([]byte, 15)) }), "unit 0: ", nil},
		{"a long digest", unit(0, func(v *valuebag.Values) { v.SetBytes(KeyMetadataDigest, make([]byte, 17)) }), "17 bytes: expected 16", nil},
		{"a zero digest", unit(0, func(v *valuebag.Values) { v.SetBytes(KeyMetadataDigest, make([]byte, 16)) }), "}.8", ErrNormalForm},
		{"an empty digest", unit(0, func(v *valuebag.Values) { v.SetBytes(KeyMetadataDigest, []byte{}) }), "unit 0: ", nil},
		{"an edit time of another type", unit(0, func(v *valuebag.Values) { v.SetDate(KeyMetadataEdited, time.Unix(0, 0)) }), "unit 0: ", valuebag.ErrTypeMismatch},
		{"an element without a digest", element(1, func(v *valuebag.Values) { v.Remove(KeyMetadataDigest) }), "unit 2: element 1: ", valuebag.ErrNotFound},
		{"a long digest of an element", element(0, func(v *valuebag.Values) { v.SetBytes(KeyMetadataDigest, make([]byte, 16)) }), "16 bytes: expected 8", nil},
		{"elements out of order", element(1, func(v *valuebag.Values) { v.SetBytes(KeyMetadataDigest, make([]byte, 8)) }), "unit 2: element 1: ", ErrNormalForm},
	} {
		t.Run(row.name, func(t *testing.T) {
			vs := metaGoldens[1].m.Values()
			row.change(vs)
			m, err := ItemMetaFromValues(vs)
			if err == nil || m != nil {
				t.Fatalf("got %+v, %v, want an error alone", m, err)
			}
			if !strings.Contains(err.Error(), row.want) || row.is != nil && !errors.Is(err, row.is) {
				t.Errorf("got error %q, want %q in it and that it is %v", err, row.want, row.is)
			}
		})
	}
	if m, err := ItemMetaFromValues(nil); m != nil || !errors.Is(err, valuebag.ErrNotFound) {
		t.Errorf("no bag: got %+v, %v, want an error", m, err)
	}
}

func TestVersionFromValuesErrors(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(vs *valuebag.Values)
		is     error
	}{
		{"a tick and pending", func(vs *valuebag.Values) { vs.SetUint64(KeyMetadataTick, 3) }, nil},
		{"not pending, spelled out", func(vs *valuebag.Values) { vs.SetBool(KeyMetadataPending, false) }, ErrNormalForm},
		{"another key", func(vs *valuebag.Values) { vs.SetString(KeyMetadataUnit, "name") }, ErrNormalForm},
	} {
		t.Run(row.name, func(t *testing.T) {
			vs := Pending(ReplicaID{'A'}).Values()
			row.change(vs)
			if v, err := VersionFromValues(vs); err == nil || row.is != nil && !errors.Is(err, row.is) {
				t.Errorf("got %v, %v, want an error that is %v", v, err, row.is)
			}
		})
	}
}

func TestConflictFromValuesErrors(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(vs *valuebag.Values)
		want   string
		is     error
	}{
		{"newer version", func(vs *valuebag.Values) { vs.SetUint32(KeyConflictVersion, 2) }, "version 2", ErrNewer},
		{"no item", func(vs *valuebag.Values) { vs.Remove(KeyConflictItem) }, "}.6", valuebag.ErrNotFound},
		{"a third side", func(vs *valuebag.Values) { vs.SetString(KeyConflictKept, "laptop") }, `"laptop": expected "store" or "phone"`, nil},
		{"no version", func(vs *valuebag.Values) { vs.Remove(KeyConflictPhone) }, "the phone's version: ", valuebag.ErrNotFound},
		{"a bad version", changeBag(KeyConflictStore, func(v *valuebag.Values) { v.SetString(KeyMetadataTick, "3") }), "the store's version: ", valuebag.ErrTypeMismatch},
		{"an empty text, spelled out", func(vs *valuebag.Values) { vs.SetString(KeyConflictUID, "") }, "}.7", ErrNormalForm},
		{"no lines, spelled out", func(vs *valuebag.Values) { vs.SetStrings(KeyConflictLostText, nil) }, "}.15", ErrNormalForm},
		{"a time of another type", func(vs *valuebag.Values) { vs.SetString(KeyConflictAt, "now") }, "}.17", valuebag.ErrTypeMismatch},
		{"the zero time", func(vs *valuebag.Values) { vs.SetInt64(KeyConflictAt, time.Time{}.UnixMilli()) }, "}.17", ErrNormalForm},
	} {
		t.Run(row.name, func(t *testing.T) {
			vs := new(goldenConflict()).Values()
			row.change(vs)
			c, err := ConflictFromValues(vs)
			if err == nil || c != nil {
				t.Fatalf("got %+v, %v, want an error alone", c, err)
			}
			if !strings.Contains(err.Error(), row.want) || row.is != nil && !errors.Is(err, row.is) {
				t.Errorf("got error %q, want %q in it and that it is %v", err, row.want, row.is)
			}
		})
	}
}

// FuzzValues reads any bag as each of the types; what one of them takes is
// written again as it was.
func FuzzValues(f *testing.F) {
	for _, g := range valuesGoldens {
		b, err := g.vs.MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	readers := map[string]func(*valuebag.Values) (*valuebag.Values, error){
		"knowledge": rereadKnowledge, "metadata": rereadMeta, "version": rereadVersion, "conflict": rereadConflict,
		"unit": func(vs *valuebag.Values) (*valuebag.Values, error) {
			u, err := UnitMetaFromValues(vs)
			return u.Values(), err
		},
	}
	categories := map[valuebag.GUID]bool{KnowledgeCategory: true, MetadataCategory: true, ConflictCategory: true}
	f.Fuzz(func(t *testing.T, b []byte) {
		vs := new(valuebag.Values)
		if vs.UnmarshalBinary(b) != nil {
			return
		}
		for name, read := range readers {
			var again *valuebag.Values
			var err error
			if got, most := allocated(func() { again, err = read(vs) }), uint64(1<<20+2000*len(b)); got > most {
				t.Fatalf("%s: %d bytes took %d bytes of memory, want at most %d", name, len(b), got, most)
			}
			if err != nil {
				continue
			}
			for key, v := range again.All() {
				if w, ok := vs.Lookup(key); !ok || !w.Equal(v) {
					t.Fatalf("%s: %v was read as %v", name, vs, again)
				}
			}
			for key := range vs.All() {
				if categories[key.FmtID] && !again.Has(key) && again.Len() > 0 {
					if k, _, _ := again.At(0); k.FmtID == key.FmtID {
						t.Fatalf("%s: %v lost %v", name, vs, key)
					}
				}
			}
			twice, err := read(again)
			if err != nil || !twice.Equal(again) {
				t.Fatalf("%s: %v read again: %v, %v", name, again, twice, err)
			}
		}
	})
}
