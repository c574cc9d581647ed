package simple

import (
	"cradle/engine"
)

// maxHolders bounds how many items may have one UID, or one content.
const maxHolders = 1 << 16

// identify finds the item that an object with an unknown key is, or makes a new
// one: an announced creation with its content, the item of its UID or of its
// content that has no object any more, else the next free ID.
func (s *survey) identify(o Object) {
	units := engine.Describe(s.k.schema, o.Value)
	r := s.announced(units)
	if r == nil {
		if uid := s.k.schema.UID(o.Value); uid != "" {
			r = s.holder(func(n int) engine.ItemID { return engine.ItemIDFromUID(s.k.schema.Name(), uid, n) })
		} else if r = s.moved(units); r == nil {
			content := engine.Digest(s.k.schema.ContentDigest(o.Value))
			r = s.holder(func(n int) engine.ItemID { return engine.ItemIDFromContent(s.k.schema.Name(), content, n) })
		}
	}
	s.byID[r.meta.ID] = r
	s.take(r, o, units)
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
