package engine

import (
	"context"
	"maps"
	"slices"
)

// pairTwice finds items of the store that the view has where the phone's state has
// another one: this store wrote or took the object, the session ended before the state
// said so, and whoever came next gave the object an ID of its own. (An item with a UID
// can have only the one.) pairForeign renames it where the store doesn't know the
// other. Here it does, from elsewhere: the store's item goes, if nobody changed it
// since, with a merge tombstone. And where the store has deleted its item, the
// deletion is one of the other.
func (s *Session) pairTwice(ctx context.Context, w *scopeWork) error {
	pairs, rows, err := s.twice(ctx, w)
	if err != nil || len(pairs) == 0 {
		return err
	}
	known, err := s.store.Metas(ctx, w.schema.Name(), slices.Collect(maps.Values(pairs)))
	if err != nil {
		return err
	}
	for _, id := range slices.SortedFunc(maps.Keys(pairs), ItemID.Compare) {
		h, row, to := w.metas[id], rows[id], pairs[id]
		switch {
		case h.Live() && known[to].Live() && contentOf(h.Units, true) == contentOf(row.Units, true):
			w.merges[id] = to
		case h.Deleted && known[to] == nil && w.metas[to] == nil:
			// What it took away is what the object held then.
			w.metas[to] = relabel(row.Tombstone(Version{}, h.LifeEdited), to, w.store.ID)
			w.gone[to] = true
		}
	}
	return nil
}

// twice gives such items with the others, and what the view has of them.
func (s *Session) twice(ctx context.Context, w *scopeWork) (map[ItemID]ItemID, map[ItemID]*ItemMeta, error) {
	at := map[string]*PartialItem{}
	for i := range w.state.Items {
		if it := &w.state.Items[i]; !it.Meta.Deleted && it.Place.Path != "" {
			at[it.Place.Path] = it
		}
	}
	seen := map[ItemID]bool{}
	for i := range w.survey.Objects {
		seen[w.survey.Objects[i].ID] = true
	}
	var ids []ItemID
	for id, h := range w.metas {
		if _, ok := w.renames[id]; !ok && h.MergedInto.IsZero() && w.stateMeta(id) == nil && !seen[id] {
			ids = append(ids, id)
		}
	}
	if len(at) == 0 || len(ids) == 0 {
		return nil, nil, nil
	}
	views, err := s.store.ViewItems(ctx, w.schema.Name(), s.peer.ID, ids)
	if err != nil {
		return nil, nil, err
	}
	pairs, rows := map[ItemID]ItemID{}, map[ItemID]*ItemMeta{}
	for id, list := range views {
		for i := range list {
			it := at[list[i].Path]
			row := &list[i].Meta
			if it == nil || it.Meta.ID == id || row.Deleted {
				continue
			}
			// One that was about to be made was: its name is its own.
			if !list[i].Announced || !w.state.Knowledge.Contains(id, Life, row.LifeVersion) {
				pairs[id], rows[id] = it.Meta.ID, row
				break
			}
		}
	}
	return pairs, rows, nil
}

// merge takes an item out of the store that is another one there.
func (w *scopeWork) merge(h *ItemMeta, to ItemID) *decision {
	t := h.Tombstone(Pending(w.store.ID), 0)
	t.LifeResolved, t.MergedInto = true, to
	return &decision{id: h.ID, hadStore: h, store: t, phone: t, toStore: opDelete, toPhone: opMeta}
}
