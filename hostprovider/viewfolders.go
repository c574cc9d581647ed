package hostprovider

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"cradle/engine"
)

// ViewFolder is a folder of a phone that the store took items from or wrote items to.
type ViewFolder struct {
	Folder     string // below the root of the phone's storage
	Collection string // of most of the items there, as the store has it now
	Items      int
}

// ViewFolders lists the folders of a phone's items by the store's view of it, by
// path. It is what the store knows of the phone when the phone's own state is gone.
func (s *Store) ViewFolders(ctx context.Context, peer engine.PeerID) ([]ViewFolder, error) {
	type key struct{ folder, collection string }
	counts := map[key]int{}
	err := s.read(ctx, func(c *conn) error {
		n, err := peerNumber(c, peer, false)
		if err != nil || n == 0 {
			return err
		}
		seen := map[string]bool{} // by item: its newest row counts
		return c.query(func(r row) error {
			item := r.str(1) + string(r.bytes(2))
			if seen[item] || len(r.bytes(2)) != 16 {
				return nil
			}
			seen[item] = true
			folder := ""
			if i := strings.LastIndexByte(r.str(0), '/'); i >= 0 {
				folder = r.str(0)[:i]
			}
			id := engine.ItemID(r.bytes(2))
			_, err := c.one(func(r row) { counts[key{folder, r.str(0)}]++ },
				`SELECT collection FROM item WHERE id = ? AND gone = 0`, id.String())
			return err
		}, `SELECT path, kind, item FROM view WHERE peer = ? AND path <> '' AND announced = 0 ORDER BY seq DESC`, n)
	})
	if err != nil {
		return nil, err
	}
	var list []ViewFolder
	keys := make([]key, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(strings.Compare(a.folder, b.folder), cmp.Compare(counts[b], counts[a]), strings.Compare(a.collection, b.collection))
	})
	for _, k := range keys {
		if len(list) > 0 && list[len(list)-1].Folder == k.folder {
			list[len(list)-1].Items += counts[k]
			continue
		}
		list = append(list, ViewFolder{Folder: k.folder, Collection: k.collection, Items: counts[k]})
	}
	return list, nil
}
