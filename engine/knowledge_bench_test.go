package engine

import (
	"fmt"
	"testing"
)

// manyExceptions is knowledge of 5 replicas with n items left out.
func manyExceptions(n int) Knowledge {
	old := NewKnowledge(Version{ReplicaID{'A'}, 1})
	k := old
	for i := range 5 {
		k = k.WithTick(Version{ReplicaID{byte('A' + i)}, uint64(7 + i<<20)})
	}
	out := unlearned{}
	for i := range n {
		out.item(idOf(uint32(i * 7919)))
	}
	return k.exceptAll(out, old)
}

// benchmarkSizes are the numbers of exceptions that the benchmarks run with.
var benchmarkSizes = []int{0, 10, 1000}

func eachSize(b *testing.B, run func(b *testing.B, k Knowledge)) {
	for _, n := range benchmarkSizes {
		k := manyExceptions(n)
		b.Run(fmt.Sprintf("replicas=5/exceptions=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			run(b, k)
		})
	}
}

func BenchmarkKnowledgeContains(b *testing.B) {
	eachSize(b, func(b *testing.B, k Knowledge) {
		for i := range b.N {
			if !k.Contains(idOf(uint32(i)*7919+1), "name", Version{ReplicaID{'C'}, 5}) {
				b.Fatal("not contained")
			}
		}
	})
}

func BenchmarkKnowledgeWithTick(b *testing.B) {
	eachSize(b, func(b *testing.B, k Knowledge) {
		for i := range b.N {
			k = k.WithTick(Version{ReplicaID{'B'}, 1<<40 + uint64(i)})
		}
	})
}

// BenchmarkKnowledgeUnion joins with knowledge that has a tick more and a
// tenth of the exceptions fewer.
func BenchmarkKnowledgeUnion(b *testing.B) {
	eachSize(b, func(b *testing.B, k Knowledge) {
		o := manyExceptions(k.Exceptions() * 9 / 10).WithTick(Version{ReplicaID{'A'}, 8})
		for range b.N {
			if k.Union(o).IsZero() {
				b.Fatal("empty")
			}
		}
	})
}

func BenchmarkKnowledgeCovers(b *testing.B) {
	eachSize(b, func(b *testing.B, k Knowledge) {
		o := manyExceptions(k.Exceptions()) // equal, but shares nothing
		for range b.N {
			if !k.Covers(o) {
				b.Fatal("not covered")
			}
		}
	})
}

func BenchmarkKnowledgeComplement(b *testing.B) {
	eachSize(b, func(b *testing.B, k Knowledge) {
		o := manyExceptions(0)
		for range b.N {
			if !k.Complement(o).IsZero() {
				b.Fatal("something left")
			}
		}
	})
}

func BenchmarkKnowledgeCookie(b *testing.B) {
	eachSize(b, func(b *testing.B, k Knowledge) {
		for range b.N {
			if k.Cookie() == (Cookie{}) {
				b.Fatal("no cookie")
			}
		}
	})
}

// TestKnowledgeAllocations: what is asked for every version of every item takes
// nothing from the heap.
func TestKnowledgeAllocations(t *testing.T) {
	old := NewKnowledge(Version{ReplicaID{'A'}, 1})
	for _, row := range []struct {
		name string
		k    Knowledge
	}{
		{"nothing known", Knowledge{}},
		{"clean", manyExceptions(0)},
		{"1,000 exceptions", manyExceptions(1000)},
		{"a unit of all items", manyExceptions(10).ReplaceUnits(ColumnsOf("photo", "tel"), old)},
	} {
		t.Run(row.name, func(t *testing.T) {
			item, v := idOf(7919*3), Version{ReplicaID{'C'}, 5}
			unit := "tel"
			for what, f := range map[string]func(){
				"Contains":   func() { row.k.Contains(item, unit, v) },
				"MinTick":    func() { row.k.MinTick(item, v.Replica) },
				"CoversUnit": func() { row.k.CoversUnit(item, unit, row.k) },
				"Floor":      func() { row.k.Floor(v.Replica) },
			} {
				if n := testing.AllocsPerRun(100, f); n != 0 {
					t.Errorf("%s: %v allocations, want none", what, n)
				}
			}
		})
	}
}
