package hostprovider

import (
	"cradle/engine"
	"cradle/valuebag"
)

// holders are the items of one UID or one content that an import may pair with, found once. What
// it has changed or made since is paired, and no candidate.
type holders struct {
	live []engine.ItemID // of the store, some of them paired since
	free int             // no number below is free
	path string          // where this import met the UID first
	line int
}

// next drops what is paired and gives the first item that is left, nil for none.
func (im *importer) next(s *scopeTx, h *holders) (*stored, error) {
	for len(h.live) > 0 && im.paired[h.live[0]] {
		h.live = h.live[1:]
	}
	if len(h.live) == 0 {
		return nil, nil
	}
	return s.item(h.live[0].String())
}

// byUID finds the live holder of a UID that says the same as a value, else the next one;
// without one the ID of a new holder, or, the first time, of a deleted one that comes back.
// several: none says the same, and more than one is left.
func (im *importer) byUID(s *scopeTx, uid string, v *valuebag.Values) (row *stored, id engine.ItemID, several bool, err error) {
	key := s.kind.Name() + "\x00" + uid
	h := im.byKey[key]
	if h == nil {
		h = &holders{}
		im.byKey[key] = h
		all, err := s.holders(uid)
		if err != nil {
			return nil, engine.ItemID{}, false, err
		}
		var gone *stored
		for _, it := range all {
			switch {
			case it.gone == 0:
				h.live = append(h.live, it.meta.ID)
			case it.gone == 1 && gone == nil:
				gone = it
			}
		}
		if len(h.live) == 0 && gone != nil {
			return gone, gone.meta.ID, false, nil
		}
	}
	it, several, err := im.like(s, h, v)
	if it != nil || err != nil {
		row, id, err = found(it, err)
		return row, id, several, err
	}
	row, id, err = s.free(&h.free, func(n int) engine.ItemID { return engine.ItemIDFromUID(s.kind.Name(), uid, n) })
	return row, id, false, err
}

// maxLike is how many holders of one UID are compared with a value.
const maxLike = 64

// like gives, of the holders that are left, the one that says the same as a value, else the
// first; several: it is none that says the same, and not the only one.
func (im *importer) like(s *scopeTx, h *holders, v *valuebag.Values) (it *stored, several bool, err error) {
	first, err := im.next(s, h)
	if first == nil || err != nil || len(h.live) == 1 {
		return first, false, err
	}
	n := 0
	for _, id := range h.live {
		if im.paired[id] {
			continue
		}
		if n++; n > maxLike {
			break
		}
		it, err := s.item(id.String())
		if err != nil {
			return nil, false, err
		}
		if it != nil && s.says(it, v) {
			return it, false, nil
		}
	}
	return first, n > 1, nil
}

// byContent finds a live item of equal content that nothing of this import is
// paired with yet.
func (im *importer) byContent(s *scopeTx, content engine.Digest) (*stored, engine.ItemID, error) {
	key := s.kind.Name() + "\x00\x00" + string(content[:])
	h := im.byKey[key]
	if h == nil {
		h = &holders{}
		im.byKey[key] = h
		err := s.c.query(func(r row) error {
			id, err := engine.ParseItemID(r.str(0))
			h.live = append(h.live, id)
			return err
		}, `SELECT id FROM item WHERE content = ? AND kind = ? AND gone = 0 AND meta IS NOT NULL ORDER BY id`, content[:], s.kind.Name())
		if err != nil {
			return nil, engine.ItemID{}, err
		}
	}
	if it, err := im.next(s, h); it != nil || err != nil {
		return found(it, err)
	}
	return s.free(&h.free, func(n int) engine.ItemID { return engine.ItemIDFromContent(s.kind.Name(), content, n) })
}

func found(it *stored, err error) (*stored, engine.ItemID, error) {
	if err != nil {
		return nil, engine.ItemID{}, err
	}
	return it, it.meta.ID, nil
}
