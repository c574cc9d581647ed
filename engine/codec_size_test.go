package engine

import (
	"math/rand/v2"
	"testing"
)

// realisticItems makes n contacts as a store has them after a year with two
// computers and a phone: most as they were imported, some edited once or twice in
// one or two units, few touched in many, some deleted.
func realisticItems(n int) []ItemMeta {
	rnd := rand.New(rand.NewPCG(1, 2))
	replicas := []ReplicaID{randomReplica(rnd), randomReplica(rnd), randomReplica(rnd), randomReplica(rnd)}
	ticks := make([]uint64, len(replicas))
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

// TestMetaSizeRealistic: what the engine keeps of an item besides digests (its ID,
// versions and edit times) takes at most 64 bytes on average.
func TestMetaSizeRealistic(t *testing.T) {
	items := realisticItems(2000)
	var keys KeyMap
	var stream []byte
	digests, rows := 0, 0
	for i := range items {
		stream = AppendMeta(stream, &items[i], &keys)
		rows += len(MarshalMeta(&items[i]))
		for _, u := range items[i].Units {
			if !u.Digest.IsZero() {
				digests += len(u.Digest)
			}
			digests += len(u.Elements) * len(ElementDigest{})
		}
	}
	total := len(stream) + len(keys.AppendBinary(nil))
	t.Logf("%.1f bytes an item, of which %.1f are digests; as a row of its own %.1f", float64(total)/2000, float64(digests)/2000, float64(rows)/2000)
	if got := float64(total-digests) / 2000; got > 64 {
		t.Errorf("got %.1f bytes an item besides digests, want at most 64", got)
	}
}
