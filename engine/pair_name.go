package engine

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"strings"
)

// minNamed is how many hexadecimal digits of an ID a name must carry to count.
const minNamed = 8

// byName finds the store's items without a UID by the beginnings of their IDs that
// names carry.
type byName map[string][]ItemID

func (s *Session) anonymousByName(ctx context.Context, w *scopeWork) (byName, error) {
	ids, err := s.store.Anonymous(ctx, w.schema.Name())
	if err != nil {
		return nil, err
	}
	list := make(byName, len(ids))
	for _, id := range ids {
		key := hex.EncodeToString(id[:minNamed/2])
		list[key] = append(list[key], id)
	}
	return list, nil
}

// find gives the one item whose ID begins so; false where there is none or several.
func (b byName) find(part string) (ItemID, bool) {
	if len(part) < minNamed {
		return ItemID{}, false
	}
	var found []ItemID
	for _, id := range b[part[:minNamed]] {
		if strings.HasPrefix(hex.EncodeToString(id[:]), part) {
			found = append(found, id)
		}
	}
	if len(found) != 1 {
		return ItemID{}, false
	}
	return found[0], true
}

// pairByName gives objects without an ID of their own the ID that their names tell,
// unless the state has that item elsewhere or the view knows another one at the path.
func (s *Session) pairByName(ctx context.Context, w *scopeWork) error {
	var named []*Surveyed
	var paths []string
	for i := range w.survey.Objects {
		if o := &w.survey.Objects[i]; o.Anonymous && o.Value != nil && o.NamedAfter != "" {
			named = append(named, o)
			paths = append(paths, o.Place.Path)
		}
	}
	if len(named) == 0 {
		return nil
	}
	list, err := s.anonymousByName(ctx, w)
	if err != nil || len(list) == 0 {
		return err
	}
	rows, err := s.store.ViewPaths(ctx, s.peer.ID, paths)
	if err != nil {
		return err
	}
	taken := map[ItemID]bool{}
	for i := range w.survey.Objects {
		taken[w.survey.Objects[i].ID] = true
	}
	other := func(o *Surveyed, id ItemID) bool {
		return slices.ContainsFunc(rows[o.Place.Path], func(row ViewRow) bool {
			return row.Scope == w.schema.Name() && row.Meta.ID != id && !row.Meta.Deleted &&
				!taken[row.Meta.ID] && !w.stateMeta(row.Meta.ID).Live()
		})
	}
	// Of several objects with one name's part the smallest path goes first.
	slices.SortFunc(named, func(a, b *Surveyed) int {
		return cmp.Or(cmp.Compare(a.Place.Path, b.Place.Path), cmp.Compare(a.Place.Storage, b.Place.Storage))
	})
	for _, o := range named {
		id, ok := list.find(o.NamedAfter)
		if !ok || taken[id] && id != o.ID || w.stateMeta(id).Live() || other(o, id) {
			continue
		}
		o.ID, o.Anonymous = id, false
		w.because(id, PairedByName)
		taken[id] = true
	}
	slices.SortFunc(w.survey.Objects, func(a, b Surveyed) int { return a.ID.Compare(b.ID) })
	return nil
}

// pairForeignByName looks at items of the state that the store doesn't know, at
// objects whose names were made for an item that the store holds without a UID and
// that the state doesn't know: another computer found the object unlisted.
func (s *Session) pairForeignByName(ctx context.Context, w *scopeWork, ids []ItemID) error {
	if len(w.survey.Named) == 0 {
		return nil
	}
	list, err := s.anonymousByName(ctx, w)
	if err != nil {
		return err
	}
	for _, to := range ids {
		from, ok := list.find(w.survey.Named[to])
		if !ok || w.metas[to] != nil || w.stateMeta(from) != nil || slices.ContainsFunc(w.survey.Objects, func(o Surveyed) bool { return o.ID == from }) {
			continue
		}
		// Nothing happens if the store knows the state's item under its own ID.
		if err := s.rename(ctx, w, from, to); err != nil {
			return err
		}
		if w.renames[from] == to {
			w.because(to, PairedByName)
		}
	}
	return nil
}
