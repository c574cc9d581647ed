package devprovider

import (
	"slices"

	"cradle/engine"
)

// isListed reports whether the state's list says that an item of a bundle is a copy
// that no longer counts.
func (s *survey) isListed(it *item) bool {
	if !it.file.held.bundle || len(s.f.state.superseded) == 0 {
		return false
	}
	content := contentOf(s.f.describe(it))
	for _, e := range s.f.state.superseded {
		if e.scope == it.scope && e.content == content && (it.uid == "" || holderOf(it.scope, it.uid, e.item) > 0) {
			s.f.keepBundle(it.file)
			return true
		}
	}
	return false
}

// isSuperseded reports whether an item of a bundle is a copy that no longer counts:
// the state's list says so, a file of its own holds the same, or one holds the UID
// first and the bundle has no other item of it. A bundle with several items of one
// UID says that they are different ones; those stay, as further holders.
func (s *survey) isSuperseded(it *item) bool {
	if !it.file.held.bundle {
		return false
	}
	if s.isListed(it) {
		return true
	}
	if it.uid == "" {
		return false
	}
	content := contentOf(s.f.describe(it))
	for n := 1; n <= maxHolders; n++ {
		id := engine.ItemIDFromUID(it.scope, it.uid, n)
		fl, taken := s.held[itemKey{it.scope, id}]
		if !taken {
			return false
		}
		if fl == nil || !s.isSingle(fl) {
			continue
		}
		same := s.heldContent(fl, it.scope, id) == content
		if !same && (n > 1 || s.countOf(it.file, it.scope, it.uid) > 1 || s.wasEdited(it, id)) {
			continue
		}
		s.f.supersede(superseded{it.scope, id, content})
		s.f.keepBundle(it.file)
		s.note(it.file, id, supersededBy(same))
		return true
	}
	return false
}

// wasEdited reports whether a copy that no longer counts has changed since: that is
// somebody's edit, and stays as a further holder.
func (s *survey) wasEdited(it *item, id engine.ItemID) bool {
	return slices.ContainsFunc(s.f.state.superseded, func(e superseded) bool { return e.scope == it.scope && e.item == id })
}

// isSingle reports whether a file holds one item.
func (s *survey) isSingle(fl *file) bool {
	if s.isOpen(fl) {
		return !fl.held.bundle
	}
	return len(fl.refs) > 0 && !fl.refs[0].item.Place.Bundle
}

// isOpen reports whether a file was taken apart in this survey.
func (s *survey) isOpen(fl *file) bool {
	return fl.status == statusRead || fl.status == statusSame && s.mustParse(fl)
}

// countOf counts the items of a UID that a file holds. Of one that wasn't taken
// apart the state tells.
func (s *survey) countOf(fl *file, scope, uid string) int {
	n := 0
	if s.isOpen(fl) {
		for i := range fl.held.items {
			if it := &fl.held.items[i]; it.scope == scope && it.uid == uid {
				n++
			}
		}
		return n
	}
	for k := 1; k <= maxHolders; k++ {
		if s.held[itemKey{scope, engine.ItemIDFromUID(scope, uid, k)}] == fl {
			n++
		}
	}
	return n
}

// heldContent is the content of an item in the file that holds it.
func (s *survey) heldContent(fl *file, scope string, id engine.ItemID) engine.Digest {
	if s.isOpen(fl) {
		for i := range fl.held.items {
			if it := &fl.held.items[i]; it.scope == scope && it.id == id {
				return contentOf(s.f.describe(it))
			}
		}
	}
	if r := s.lookUp(scope, id); r != nil {
		return contentOf(r.item.Meta.Units)
	}
	return engine.Digest{}
}

// outranks reports whether a file of its own takes the nth holder of its UID over
// from a bundle: it holds the same, or the bundle has no other item of the UID.
func (s *survey) outranks(it *item, id engine.ItemID, n int) bool {
	from := s.held[itemKey{it.scope, id}]
	if s.isSingle(from) {
		return false
	}
	return n == 1 && s.countOf(from, it.scope, it.uid) == 1 || s.heldContent(from, it.scope, id) == contentOf(s.f.describe(it))
}

// steal makes a file of its own the holder of an item that a bundle held.
func (s *survey) steal(it *item, id engine.ItemID) {
	key := itemKey{it.scope, id}
	from := s.held[key]
	content := s.heldContent(from, it.scope, id)
	s.f.supersede(superseded{it.scope, id, content})
	s.f.keepBundle(from)
	for i := range from.held.items {
		if old := &from.held.items[i]; old.scope == it.scope && old.id == id {
			old.id, old.ref = engine.ItemID{}, nil
		}
	}
	if r := s.lookUp(it.scope, id); r != nil && r.file == from {
		r.file, r.found = nil, nil
	}
	delete(s.held, key)
	s.take(it, id)
	s.note(from, id, supersededBy(content == contentOf(s.f.describe(it))))
}

// supersededBy says why a copy no longer counts.
func supersededBy(same bool) error {
	if same {
		return errCopy
	}
	return errSuperseded
}
