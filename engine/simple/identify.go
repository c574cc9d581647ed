package simple

import (
	"cradle/engine"
)

// maxHolders bounds how many items may have one UID, or one content.
const maxHolders = 1 << 16

// identify finds the items that the objects with unknown keys are, or makes new ones:
// an announced creation with its content, the item of its UID or of its content that has
// no object any more, else the next free ID. What was announced comes first: another
// object may have the same UID, and take the item from the one that was made for it.
func (s *survey) identify() {
	units := make([][]engine.UnitMeta, len(s.unknown))
	done := make([]bool, len(s.unknown))
	for i, o := range s.unknown {
		units[i] = engine.Describe(s.k.schema, o.Value)
		if r := s.announced(units[i]); r != nil {
			s.take(r, o, units[i])
			done[i] = true
		}
	}
	for i, o := range s.unknown {
		if done[i] {
			continue
		}
		r := s.holds(o, units[i])
		s.byID[r.meta.ID] = r
		s.take(r, o, units[i])
	}
}

// holds gives an object that nothing announced its item.
func (s *survey) holds(o Object, units []engine.UnitMeta) *record {
	if uid := s.k.schema.UID(o.Value); uid != "" {
		return s.holder(func(n int) engine.ItemID { return engine.ItemIDFromUID(s.k.schema.Name(), uid, n) })
	}
	if r := s.moved(units); r != nil {
		return r
	}
	content := engine.Digest(s.k.schema.ContentDigest(o.Value))
	return s.holder(func(n int) engine.ItemID { return engine.ItemIDFromContent(s.k.schema.Name(), content, n) })
}

// announced finds an item that was about to be created with this content; of
// several the one with the smallest ID, so that the outcome is always the same.
func (s *survey) announced(units []engine.UnitMeta) *record {
	return s.least(func(r *record) bool {
		return !r.live() && r.planned().Live() && same(r.plan.meta.Units, units)
	})
}

// moved finds an item without an object that has just this content.
func (s *survey) moved(units []engine.UnitMeta) *record {
	return s.least(func(r *record) bool { return r.live() && same(r.meta.Units, units) })
}

func (s *survey) least(fits func(*record) bool) *record {
	var least *record
	for id, r := range s.byID {
		if !s.seen[id] && (least == nil || id.Compare(least.meta.ID) < 0) && fits(r) {
			least = r
		}
	}
	return least
}

// holder is the first of the items that ids names which no object has yet. One that
// is new gets a record without versions, which take gives it.
func (s *survey) holder(ids func(n int) engine.ItemID) *record {
	for n := 1; ; n++ {
		id := ids(n)
		r := s.byID[id]
		if r == nil || n == maxHolders {
			return &record{meta: engine.ItemMeta{ID: id}, fresh: true}
		}
		if !s.seen[id] {
			return r
		}
	}
}
