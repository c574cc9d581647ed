package valuebag

import (
	"bytes"
	"encoding/hex"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const testGUID = "c0010203040506070809" + "0a0b0c0d0e0f"

// TestDecodeRefuses has inputs that are not the one form of any bag.
func TestDecodeRefuses(t *testing.T) {
	one := "43564201" + "01" + testGUID + "01" // a group of one entry: pid and value follow
	tests := []struct {
		name   string
		in     string
		offset int
		want   string
	}{
		{"nothing", "", 0, "signature"},
		{"half a signature", "4356", 0, "signature"},
		{"another signature", "43564301" + "00", 0, "signature"},
		{"no version", "435642", 3, "a version"},
		{"no bag", "43564201", 4, "groups"},
		{"bytes after the end", "43564201" + "00" + "00", 5, "the end"},
		{"more groups than can be", "43564201" + "ff01" + testGUID + "01" + "0200", 4, "groups"},
		{"a count beyond 64 bits", "43564201" + "ffffffffffffffffff7f", 4, "groups"},
		{"a count in two bytes that fits one", "43564201" + "8100" + testGUID + "01" + "0200", 4, "shortest"},
		{"empty group", "43564201" + "01" + testGUID + "00" + "0000", 5, "ascending"},
		{"same group twice", "43564201" + "02" + testGUID + "01" + "0200" + testGUID + "01" + "0300", 24, "ascending"},
		{"groups in the wrong order", "43564201" + "02" + testGUID + "01" + "0200" + strings.Repeat("00", 16) + "01" + "0300", 24, "ascending"},
		{"more entries than can be", "43564201" + "01" + testGUID + "05" + "0200", 21, "entries"},
		{"pid beyond 32 bits", one + "ffffffff1f" + "00", 22, "32 bits"},
		{"pid beyond 32 bits by its difference", "43564201" + "01" + testGUID + "02" + "ffffffff0f" + "00" + "00" + "00", 28, "32 bits"},
		{"no value", one + "ff01", 24, "a kind"},
		{"unknown kind", one + "02" + "06", 23, "known kind"},
		{"bool of 2", one + "02" + "0b02", 24, "0 or 1"},
		{"half an int32", one + "02" + "130000", 24, "4 bytes"},
		{"other NaN of 32 bits", one + "02" + "040100c07f", 24, "canonical NaN"},
		{"other NaN of 64 bits", one + "02" + "05000000000000f87f", 24, "canonical NaN"},
		{"other NaN as date", one + "02" + "07000000000000f8ff", 24, "canonical NaN"},
		{"text beyond the end", one + "02" + "1f0561", 24, "length"},
		{"half a GUID", one + "02" + "480102", 24, "a GUID"},
		{"more keys than can be", one + "02" + "830200", 24, "keys"},
		{"more bags than can be", one + "02" + "850500", 24, "bags"},
		{"more elements than can be", one + "02" + "84ff0100", 24, "elements"},
		{"more elements of 8 bytes than can be", one + "02" + "840215" + "0000000000000000", 26, "elements"},
		{"elements without a kind", one + "02" + "840100" + "00", 25, "collection can hold"},
		{"elements that are null", one + "02" + "840101" + "00", 25, "collection can hold"},
		{"elements that are bags", one + "02" + "840182" + "00", 25, "collection can hold"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data, err := hex.DecodeString(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			before := &Values{}
			before.SetUint8(WPDObjectSize, 7)
			vs := before.Clone()
			var de *DecodeError
			err = vs.UnmarshalBinary(data)
			if !errors.As(err, &de) {
				t.Fatalf("got %v (%s), want a DecodeError", err, vs)
			}
			if de.Offset != tt.offset || !strings.Contains(de.Want, tt.want) {
				t.Errorf("got %v, want offset %d and %q", de, tt.offset, tt.want)
			}
			if !vs.Equal(before) {
				t.Errorf("the bag changed to %s", vs)
			}
		})
	}
	t.Run("newer version", func(t *testing.T) {
		var vs Values
		if err := vs.UnmarshalBinary([]byte("CVB\x02anything")); !errors.Is(err, ErrVersion) {
			t.Errorf("got %v, want ErrVersion", err)
		}
	})
	t.Run("every prefix", func(t *testing.T) {
		n := 0
		for _, g := range readGolden(t) {
			data, _ := hex.DecodeString(g["binary"])
			for i := range data {
				n++
				if err := new(Values).UnmarshalBinary(data[:i]); err == nil {
					t.Errorf("%s: the first %d of %d bytes decode", g["name"], i, len(data))
				}
			}
		}
		if n == 0 {
			t.Error("nothing tried")
		}
	})
}

// nest gives a bag with n bags inside one another.
func nest(n int, wrap func(*Values) Value) *Values {
	vs := &Values{}
	for range n {
		outer := &Values{}
		outer.Set(WPDObjectName, wrap(vs))
		vs = outer
	}
	return vs
}

func TestDepth(t *testing.T) {
	for name, wrap := range map[string]func(*Values) Value{
		"values":     ValuesOf,
		"valuesList": func(vs *Values) Value { return ValuesList([]*Values{vs}) },
	} {
		t.Run(name, func(t *testing.T) {
			fits, deep := nest(MaxDepth, wrap), nest(MaxDepth+1, wrap)
			b, err := fits.MarshalBinary()
			if err != nil {
				t.Fatalf("encode %d bags deep: %v", MaxDepth, err)
			}
			var got Values
			if err := got.UnmarshalBinary(b); err != nil || !got.Equal(fits) {
				t.Errorf("decode %d bags deep: %v", MaxDepth, err)
			}
			js, err := fits.MarshalJSON()
			if err != nil {
				t.Fatalf("JSON %d bags deep: %v", MaxDepth, err)
			}
			if err := got.UnmarshalJSON(js); err != nil || !got.Equal(fits) {
				t.Errorf("read JSON %d bags deep: %v", MaxDepth, err)
			}

			prefix := []byte("before")
			if out, err := deep.AppendBinary(prefix); !errors.Is(err, ErrTooDeep) || !bytes.Equal(out, prefix) {
				t.Errorf("encode %d bags deep: got %x, %v, want ErrTooDeep", MaxDepth+1, out, err)
			}
			if _, err := deep.MarshalJSON(); !errors.Is(err, ErrTooDeep) {
				t.Errorf("JSON %d bags deep: got %v, want ErrTooDeep", MaxDepth+1, err)
			}
			if err := got.UnmarshalBinary(deep.appendForm(nil)); !errors.Is(err, ErrTooDeep) {
				t.Errorf("decode %d bags deep: got %v, want ErrTooDeep", MaxDepth+1, err)
			}
			if err := got.UnmarshalJSON(appendJSONBag(nil, deep)); !errors.Is(err, ErrTooDeep) {
				t.Errorf("read JSON %d bags deep: got %v, want ErrTooDeep", MaxDepth+1, err)
			}
			if deep.Digest() == fits.Digest() {
				t.Error("deep bags have equal digests")
			}
		})
	}
}

// TestDecodeMemory feeds the worst inputs: many small things, and counts that
// each level of nesting could claim anew.
func TestDecodeMemory(t *testing.T) {
	group, _ := hex.DecodeString(testGUID)
	const size = 1 << 20
	head := func(b []byte) []byte { return append(b, "CVB\x01"...) }
	entries := func(b []byte, n int) []byte { // a bag of one group announcing n entries
		return appendUvarint(append(append(b, 1), group...), uint64(n))
	}
	worst := map[string][]byte{}

	b := entries(head(nil), 1)
	b = appendUvarint(append(b, 2, byte(KindVariants)), size)
	worst["empty texts"] = append(append(b, byte(KindString)), make([]byte, size)...)

	b = entries(head(nil), 1)
	b = appendUvarint(append(b, 2, byte(KindVariants)), size)
	worst["small numbers"] = append(append(b, byte(KindUint8)), make([]byte, size)...)

	b = entries(head(nil), 1)
	b = appendUvarint(append(b, 2, byte(KindValuesList)), size)
	worst["empty bags"] = append(b, make([]byte, size)...)

	b = entries(head(nil), size/2)
	worst["empty entries"] = append(b, make([]byte, size)...)

	b = head(nil)
	for range MaxDepth {
		b = append(entries(b, size/4), 2, byte(KindValues))
	}
	worst["bags inside one another"] = append(b, bytes.Repeat([]byte{0xFF}, size)...)

	b = entries(head(nil), 1)
	b = append(b, 2)
	for range MaxDepth {
		b = entries(appendUvarint(append(b, byte(KindValuesList)), size/4), size/4)
		b = append(b, 2)
	}
	worst["lists inside one another"] = append(b, bytes.Repeat([]byte{0xFF}, size)...)

	names := make([]string, 0, len(worst))
	for name := range worst {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		in := worst[name]
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := new(Values).UnmarshalBinary(in)
		runtime.ReadMemStats(&after)
		// Growing a slice step by step allocates it about five times over.
		if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(200*len(in)); got > limit {
			t.Errorf("%s: %d bytes allocated for %d (%v), want at most %d", name, got, len(in), err, limit)
		}
	}
}

func appendUvarint(b []byte, n uint64) []byte {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

// FuzzDecode: no panic, and what decodes is exactly what encodes, in JSON too.
func FuzzDecode(f *testing.F) {
	for _, g := range readGolden(f) {
		data, err := hex.DecodeString(g["binary"])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := bytes.Clone(data)
		var vs Values
		if err := vs.UnmarshalBinary(data); err != nil {
			if vs.Len() != 0 {
				t.Fatalf("error %v and %d entries", err, vs.Len())
			}
			return
		}
		clear(data) // the bag must not look at it any more
		out, err := vs.MarshalBinary()
		if err != nil || !bytes.Equal(out, in) {
			t.Fatalf("%x decoded and encoded: %x, %v", in, out, err)
		}
		js, err := vs.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var back Values
		if err := back.UnmarshalJSON(js); err != nil || !back.Equal(&vs) {
			t.Fatalf("JSON %s read back: %v\n%s\nwant:\n%s", js, err, &back, &vs)
		}
		if vs.String() != back.String() {
			t.Fatalf("texts differ:\n%s\nand:\n%s", &vs, &back)
		}
	})
}

// FuzzJSON: no panic, and reading and writing reaches a fixed point.
func FuzzJSON(f *testing.F) {
	for _, g := range readGolden(f) {
		f.Add([]byte(g["json"]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var vs, back Values
		if vs.UnmarshalJSON(data) != nil {
			return
		}
		js, err := vs.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := back.UnmarshalJSON(js); err != nil || !back.Equal(&vs) {
			t.Fatalf("JSON %s read back: %v\n%s\nwant:\n%s", js, err, &back, &vs)
		}
	})
}
