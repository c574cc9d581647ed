package engine

import (
	"context"
	"slices"
)

// pair finds out which of the store's items are the phone's under another ID.
//
// An object whose name was made for an item that the store holds without a UID is
// that item: a session ended before the phone's state listed it, or the state is
// gone. At a first sync or meeting, items without a UID pair by content: an object of
// the phone that has no ID of its own yet takes the store's; a store's item
// without a UID takes the ID that the phone's state or UID gives. Later, an
// object to which the store's view and the phone's state give two IDs keeps the
// state's: other computers know it by that. The store's item then moves to the
// new ID and leaves a merge tombstone.
func (s *Session) pair(ctx context.Context, w *scopeWork) error {
	if err := s.pairByName(ctx, w); err != nil {
		return err
	}
	if s.first.noState || s.first.meeting {
		if err := s.pairByContent(ctx, w); err != nil {
			return err
		}
	}
	if err := s.pairByView(ctx, w); err != nil {
		return err
	}
	for i := range w.survey.Objects {
		o := &w.survey.Objects[i]
		if !o.ViewID.IsZero() && o.ViewID != o.ID {
			if err := s.rename(ctx, w, o.ViewID, o.ID); err != nil {
				return err
			}
		}
	}
	if err := s.pairForeign(ctx, w); err != nil {
		return err
	}
	return s.pairTwice(ctx, w)
}

func (s *Session) pairByContent(ctx context.Context, w *scopeWork) error {
	taken := map[ItemID]bool{}
	for i := range w.survey.Objects {
		taken[w.survey.Objects[i].ID] = true
	}
	for i := range w.state.Items {
		taken[w.state.Items[i].Meta.ID] = true
	}
	byContent := map[Digest][]ItemID{}
	for id, m := range w.metas {
		if m.Live() && !taken[id] {
			c := contentOf(m.Units, false)
			byContent[c] = append(byContent[c], id)
		}
	}
	if len(byContent) == 0 {
		return nil
	}
	for _, ids := range byContent {
		slices.SortFunc(ids, ItemID.Compare)
	}
	next := func(c Digest) (ItemID, bool) {
		ids := byContent[c]
		if len(ids) == 0 {
			return ItemID{}, false
		}
		byContent[c] = ids[1:]
		return ids[0], true
	}
	for i := range w.survey.Objects {
		o := &w.survey.Objects[i]
		if !o.Anonymous || o.Value == nil {
			continue
		}
		if id, ok := next(contentOf(o.units, false)); ok {
			o.ID = id
			w.because(id, PairedByContent)
		}
	}
	slices.SortFunc(w.survey.Objects, func(a, b Surveyed) int { return a.ID.Compare(b.ID) })
	return s.pairStoreAnonymous(ctx, w, byContent)
}

// pairStoreAnonymous gives the store's items without a UID the IDs of the
// phone's items of equal content.
func (s *Session) pairStoreAnonymous(ctx context.Context, w *scopeWork, byContent map[Digest][]ItemID) error {
	anon, err := s.store.Anonymous(ctx, w.schema.Name())
	if err != nil || len(anon) == 0 {
		return err
	}
	isAnon := map[ItemID]bool{}
	for _, id := range anon {
		isAnon[id] = true
	}
	try := func(id ItemID, c Digest) {
		if w.metas[id] != nil {
			return
		}
		for i, cand := range byContent[c] {
			if isAnon[cand] {
				byContent[c] = slices.Delete(byContent[c], i, i+1)
				w.renames[cand] = id
				w.because(id, PairedByContent)
				w.metas[id] = relabel(w.metas[cand], id, w.store.ID)
				return
			}
		}
	}
	for i := range w.survey.Objects {
		if o := &w.survey.Objects[i]; o.Value != nil {
			try(o.ID, contentOf(o.units, false))
		}
	}
	for i := range w.state.Items {
		if m := &w.state.Items[i].Meta; !m.Deleted {
			try(m.ID, contentOf(m.Units, false))
		}
	}
	return nil
}

// pairByView gives objects without an ID of their own the ID under which the
// store's view knows their path: the phone's state is gone, or never said so. As
// in a state, an object without a UID is the one at its path, whatever it says.
func (s *Session) pairByView(ctx context.Context, w *scopeWork) error {
	var paths []string
	taken := map[ItemID]bool{}
	for i := range w.survey.Objects {
		o := &w.survey.Objects[i]
		taken[o.ID] = true
		if o.Anonymous && o.Value != nil && w.metas[o.ID] == nil {
			paths = append(paths, o.Place.Path)
		}
	}
	if len(paths) == 0 {
		return nil
	}
	rows, err := s.store.ViewPaths(ctx, s.peer.ID, paths)
	if err != nil {
		return err
	}
	for i := range w.survey.Objects {
		o := &w.survey.Objects[i]
		if !o.Anonymous || o.Value == nil {
			continue
		}
		for _, row := range rows[o.Place.Path] {
			if row.Scope == w.schema.Name() && !taken[row.Meta.ID] && !w.stateMeta(row.Meta.ID).Live() && !row.Meta.Deleted {
				o.ID = row.Meta.ID
				w.because(o.ID, PairedByPath)
				taken[o.ID] = true
				break
			}
		}
	}
	slices.SortFunc(w.survey.Objects, func(a, b Surveyed) int { return a.ID.Compare(b.ID) })
	return nil
}

// pairForeign looks at items that another computer put into the phone's state
// and that the store doesn't know: the store's view may know the same object
// under another ID (this store wrote it, and the cable was pulled).
func (s *Session) pairForeign(ctx context.Context, w *scopeWork) error {
	if w.store.Knowledge.Covers(w.state.Knowledge) {
		return nil
	}
	var ids []ItemID
	for i := range w.state.Items {
		m := &w.state.Items[i].Meta
		if m.Deleted || m.KnownTo(w.store.Knowledge) || w.metas[m.ID] != nil {
			continue
		}
		ids = append(ids, m.ID)
	}
	if len(ids) == 0 {
		return nil
	}
	known, err := s.store.Metas(ctx, w.schema.Name(), ids)
	if err != nil {
		return err
	}
	var paths []string
	for _, id := range ids {
		if known[id] == nil {
			paths = append(paths, w.stateOf(id).Place.Path)
		}
	}
	rows, err := s.store.ViewPaths(ctx, s.peer.ID, paths)
	if err != nil {
		return err
	}
	for _, id := range ids {
		it := w.stateOf(id)
		if known[id] != nil {
			continue
		}
		for _, row := range rows[it.Place.Path] {
			if row.Scope == w.schema.Name() && row.Meta.ID != id && !row.Meta.Deleted {
				if err := s.rename(ctx, w, row.Meta.ID, id); err != nil {
					return err
				}
				break
			}
		}
	}
	return s.pairForeignByName(ctx, w, ids)
}

// rename moves the store's item from one ID to another, unless the other is
// there already.
func (s *Session) rename(ctx context.Context, w *scopeWork, from, to ItemID) error {
	if w.renames[from] != (ItemID{}) {
		return nil
	}
	got, err := s.store.Metas(ctx, w.schema.Name(), []ItemID{from, to})
	if err != nil {
		return err
	}
	if !got[from].Live() || got[to] != nil || w.stateMeta(from).Live() {
		return nil
	}
	w.metas[from] = got[from]
	w.metas[to] = relabel(got[from], to, w.store.ID)
	w.renames[from] = to
	w.because(to, PairedByPath)
	return nil
}

// because remembers why an object was taken for the store's item of that ID.
func (w *scopeWork) because(id ItemID, why string) {
	if w.why == nil {
		w.why = map[ItemID]string{}
	}
	w.why[id] = why
}

// whyPaired says why the two sides' items of one ID are one. An ID that pair
// changed nothing about was made from the UID, else from the content at first
// sight, unless the phone's state gave it.
func (w *scopeWork) whyPaired(id ItemID, uid string) string {
	switch why, ok := w.why[id]; {
	case ok:
		return why
	case uid != "":
		return PairedByUID
	case w.stateMeta(id).Live():
		return PairedByState
	}
	return PairedByContent
}
