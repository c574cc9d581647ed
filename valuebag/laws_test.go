package valuebag

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestLaws checks over random bags what every part of the package relies on.
func TestLaws(t *testing.T) {
	t.Run("binary form reads back and is one", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			vs := genBag(3).Draw(t, "bag")
			b, err := vs.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			var got Values
			if err := got.UnmarshalBinary(b); err != nil {
				t.Fatalf("decode %x: %v", b, err)
			}
			if !got.Equal(vs) {
				t.Fatalf("decoded bag:\n%s\nwant:\n%s", &got, vs)
			}
			again, _ := got.MarshalBinary()
			if !bytes.Equal(again, b) {
				t.Fatalf("encoded again %x, want %x", again, b)
			}
		})
	})
	t.Run("JSON form reads back", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			vs := genBag(3).Draw(t, "bag")
			b, err := json.Marshal(vs)
			if err != nil {
				t.Fatal(err)
			}
			got := new(Values)
			if err := json.Unmarshal(b, got); err != nil {
				t.Fatalf("read %s: %v", b, err)
			}
			if !got.Equal(vs) {
				t.Fatalf("read back:\n%s\nwant:\n%s\nJSON %s", got, vs, b)
			}
		})
	})
	t.Run("order of setting is forgotten", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			vs := genBag(2).Draw(t, "bag")
			var entries []entry
			for k, v := range vs.All() {
				entries = append(entries, entry{k, v})
			}
			var got Values
			for _, e := range rapid.Permutation(entries).Draw(t, "order") {
				got.Set(e.key, Null())
				got.Set(e.key, e.value)
			}
			if !got.Equal(vs) || got.Digest() != vs.Digest() || got.String() != vs.String() {
				t.Fatalf("got:\n%s\nwant:\n%s", &got, vs)
			}
			if !slices.IsSortedFunc(got.entries, func(a, b entry) int { return a.key.Compare(b.key) }) {
				t.Fatalf("not in key order:\n%s", &got)
			}
		})
	})
	t.Run("equality is equality of digests", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			a, b := genBag(1).Draw(t, "a"), genBag(1).Draw(t, "b")
			if rapid.Bool().Draw(t, "near") { // random bags are hardly ever equal
				b = a.Clone()
				if a.Len() > 0 {
					k, _, _ := a.At(rapid.IntRange(0, a.Len()-1).Draw(t, "entry"))
					b.Set(k, genValue(1).Draw(t, "other"))
				}
			}
			if got, want := a.Equal(b), a.Digest() == b.Digest(); got != want {
				t.Fatalf("Equal %v, digests equal %v:\n%s\nand:\n%s", got, want, a, b)
			}
		})
	})
	t.Run("bag behaves like a map", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			model := map[PropertyKey]Value{}
			var vs Values
			keys := rapid.SliceOfNDistinct(genKey, 1, 6, func(k PropertyKey) PropertyKey { return k }).Draw(t, "keys")
			t.Repeat(map[string]func(*rapid.T){
				"set": func(t *rapid.T) {
					k, v := rapid.SampledFrom(keys).Draw(t, "key"), genValue(0).Draw(t, "value")
					vs.Set(k, v)
					model[k] = v
				},
				"remove": func(t *rapid.T) {
					k := rapid.SampledFrom(keys).Draw(t, "key")
					vs.Remove(k)
					delete(model, k)
				},
				"": func(t *rapid.T) {
					if vs.Len() != len(model) {
						t.Fatalf("Len %d, want %d", vs.Len(), len(model))
					}
					for _, k := range keys {
						got, ok := vs.Lookup(k)
						want, wantOK := model[k]
						if ok != wantOK || !got.Equal(want) {
							t.Fatalf("%s: got %s, %v, want %s, %v", k, got, ok, want, wantOK)
						}
					}
				},
			})
		})
	})
	t.Run("what converts without loss converts back", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			k := rapid.SampledFrom(elementKinds()).Draw(t, "kind")
			if k == KindBytes {
				t.Skip("bytes have no text")
			}
			v := genScalar(k).Draw(t, "value")
			s, err := v.Convert(TypeString)
			if err != nil {
				t.Fatalf("%s to text: %v", v, err)
			}
			back, err := s.Convert(v.Type())
			if err != nil || !back.Equal(v) {
				t.Fatalf("%s as text %s and back: %s, %v", v, s, back, err)
			}
		})
	})
}
