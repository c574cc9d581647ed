package valuebag

import (
	"fmt"
	"testing"
)

// benchBag is an item as the PIM layer makes one: its text, some names, and the
// lines of twelve change units.
func benchBag() *Values {
	vs := New(16)
	key := func(pid uint32) PropertyKey { return PropertyKey{GUID{1: 0xCA}, pid} }
	vs.SetBytes(key(2), make([]byte, 700))
	vs.SetString(key(3), "3f9a1c2e-8b1d-40aa-9c1e-2d7f5b6a7c8d")
	vs.SetString(key(4), "personal")
	for unit := range uint32(12) {
		lines := make([]string, 1+unit%3)
		for i := range lines {
			lines[i] = fmt.Sprintf("TEL;TYPE=CELL:+44 20 7946 %04d", unit)
		}
		vs.SetStrings(key(10+unit), lines)
	}
	return vs
}

func BenchmarkBuild(b *testing.B) {
	src := benchBag()
	b.ReportAllocs()
	for b.Loop() {
		vs := New(src.Len())
		for k, v := range src.All() {
			vs.Set(k, v)
		}
	}
}

func BenchmarkGetStrings(b *testing.B) {
	vs := benchBag()
	k, _, _ := vs.At(vs.Len() - 2)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := vs.GetStrings(k); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	vs := benchBag()
	buf, err := vs.MarshalBinary()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		if buf, err = vs.AppendBinary(buf[:0]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	buf, err := benchBag().MarshalBinary()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		var vs Values
		if err := vs.UnmarshalBinary(buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDigest(b *testing.B) {
	vs := benchBag()
	b.ReportAllocs()
	for b.Loop() {
		vs.Digest()
	}
}

func BenchmarkEqual(b *testing.B) {
	x, y := benchBag(), benchBag()
	b.ReportAllocs()
	for b.Loop() {
		if !x.Equal(y) {
			b.Fatal("bags differ")
		}
	}
}

func BenchmarkJSON(b *testing.B) {
	vs := benchBag()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := vs.MarshalJSON(); err != nil {
			b.Fatal(err)
		}
	}
}
