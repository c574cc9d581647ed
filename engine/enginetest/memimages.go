package enginetest

import (
	"slices"

	"cradle/engine"
)

// memImage is what a run found at one side.
type memImage struct {
	run int64
	engine.PreImage
}

// Images lists what runs have changed, as their records say, in the order in which it was
// announced or done. This store undoes nothing.
func (s *MemStore) Images() []engine.PreImage {
	var out []engine.PreImage
	for _, i := range s.images {
		out = append(out, i.PreImage)
	}
	return out
}

func (t *memTx) Before(run int64, img engine.PreImage) error {
	t.s.images = append(t.s.images, memImage{run, img})
	return nil
}

func (t *memTx) Withdraw(run int64, side engine.Side, items []engine.ItemID) (bool, error) {
	t.s.images = slices.DeleteFunc(slices.Clone(t.s.images), func(i memImage) bool {
		return i.run == run && i.Side == side && slices.Contains(items, i.Item)
	})
	kept := slices.ContainsFunc(t.s.images, func(i memImage) bool { return i.run == run }) ||
		slices.ContainsFunc(t.s.log, func(c engine.Conflict) bool { return c.Run == run })
	return kept, nil
}
