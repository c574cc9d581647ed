package engine

import (
	"math/rand/v2"
	"testing"
)

// realisticItems makes n contacts as a store has them after a while with two
// computers and two phones, each of which minted `minted` ticks before: most as
// they were imported, some edited once or twice in one or two units, some deleted.
func realisticItems(n int, minted uint64) []ItemMeta {
	rnd := rand.New(rand.NewPCG(1, 2))
	replicas := []ReplicaID{randomReplica(rnd), randomReplica(rnd), randomReplica(rnd), randomReplica(rnd)}
	ticks := []uint64{minted, minted, minted, minted}
	mint := func() Version {
		i := rnd.IntN(len(replicas))
		ticks[i]++
		return Version{replicas[i], ticks[i]}
	}
	at := int64(1_700_000_000_000)
	units := []string{"name", "org", "tel", "email", "adr", "net", "dates", "photo", "note", "categories", "related", "rest"}
	lists := map[string]bool{"tel": true, "email": true, "adr": true, "net": true, "categories": true, "related": true}
	items := make([]ItemMeta, n)
	for i := range items {
		m := &items[i]
		fill(rnd, m.ID[:])
		v := mint()
		edited := at + rnd.Int64N(1<<31)
		m.Creation, m.LifeVersion, m.LifeEdited = v, v, edited
		for _, name := range units {
			u := UnitMeta{Unit: name, Version: v, Edited: edited}
			fill(rnd, u.Digest[:])
			if lists[name] {
				for range rnd.IntN(3) {
					e := Element{Added: v}
					fill(rnd, e.Digest[:])
					u.Elements = append(u.Elements, e)
				}
				u.Elements = inOrder(u.Elements, compareElements)
			}
			m.SetUnit(u)
		}
		edits := []int{0, 0, 0, 0, 0, 0, 0, 1, 1, 2}[i%10]
		for range edits {
			v, edited := mint(), edited+rnd.Int64N(1<<33)
			for range 1 + rnd.IntN(2) {
				u := &m.Units[rnd.IntN(len(m.Units))]
				u.Version, u.Edited = v, edited
				if len(u.Elements) > 0 {
					u.Elements[0].Added = v
				}
			}
		}
		if i%20 == 19 {
			*m = *m.Tombstone(mint(), edited)
		}
	}
	return items
}

func randomReplica(rnd *rand.Rand) (r ReplicaID) {
	fill(rnd, r[:])
	return r
}

func fill(rnd *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
}

// TestMetaSizeRealistic: what the engine keeps of an item besides digests takes at
// most 64 bytes on average: its ID, versions and edit times in a young store, its
// ID and versions in any.
func TestMetaSizeRealistic(t *testing.T) {
	const n = 2000
	for _, row := range []struct {
		name   string
		minted uint64
		times  bool
	}{
		{"young, with edit times", 0, true},
		{"after a million edits", 1_000_000, false},
		{"after a thousand million edits", 1_000_000_000, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			var keys KeyMap
			var stream []byte
			digests := 0
			for _, m := range realisticItems(n, row.minted) {
				if !row.times {
					m.LifeEdited = 0
				}
				for i := range m.Units {
					u := &m.Units[i]
					if !row.times {
						u.Edited = 0
					}
					if !u.Digest.IsZero() {
						digests += len(u.Digest)
					}
					digests += len(u.Elements) * len(ElementDigest{})
				}
				stream = AppendMeta(stream, &m, &keys)
			}
			total := len(stream) + len(keys.AppendBinary(nil))
			got := float64(total-digests) / n
			t.Logf("%.1f bytes an item besides %.1f of digests", got, float64(digests)/n)
			if got > 64 {
				t.Errorf("got %.1f bytes an item besides digests, want at most 64", got)
			}
		})
	}
}
