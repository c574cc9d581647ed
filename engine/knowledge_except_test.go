package engine

import (
	"testing"

	"pgregory.net/rapid"
)

// exceptAll is Except one after another.
func TestExceptAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.Custom(func(t *rapid.T) ItemID {
			var id ItemID
			switch rapid.IntRange(0, 9).Draw(t, "where") {
			case 0:
			case 1:
				id = MaxItemID
			default:
				id[15] = byte(rapid.IntRange(0, 12).Draw(t, "id"))
			}
			return id
		})
		know := rapid.Custom(func(t *rapid.T) Knowledge {
			k := NewKnowledge()
			for range rapid.IntRange(0, 6).Draw(t, "steps") {
				v := Version{ReplicaID{byte(rapid.IntRange(1, 3).Draw(t, "r"))}, uint64(rapid.IntRange(1, 9).Draw(t, "t"))}
				low, high := id.Draw(t, "low"), id.Draw(t, "high")
				k = k.Learn(NewKnowledge(v), low, high)
			}
			return k
		})
		k, old := know.Draw(t, "k"), know.Draw(t, "old")
		items := unlearned{}
		want := k
		for range rapid.IntRange(0, 8).Draw(t, "n") {
			at := id.Draw(t, "item")
			if rapid.Bool().Draw(t, "whole") {
				items.item(at)
			} else {
				items.unit(at, rapid.SampledFrom([]string{"a", "b", Life}).Draw(t, "unit"))
			}
		}
		for at, units := range items {
			if units == nil {
				want = want.Except(at, nil, old)
			}
			for _, u := range units {
				want = want.Except(at, &u, old)
			}
		}
		if got := k.exceptAll(items, old); !got.Equal(want) {
			t.Fatalf("except %v:\n got %v\nwant %v", items, got, want)
		}
	})
}
