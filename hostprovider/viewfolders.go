package hostprovider

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"cradle/engine"
)

// ViewFolder is a folder of a phone that the store took items of one collection from,
// or wrote them to.
type ViewFolder struct {
	Kind       string
	Folder     string // below the root of the phone's storage
	Collection string // of the items, as the store has them now
	Items      int
}

// ViewOutside lists the folders of a phone, outside one of them, in which the view has
// objects, sorted. It is quick where ViewFolders isn't.
func (s *Store) ViewOutside(ctx context.Context, peer engine.PeerID, folder string) ([]string, error) {
	var list []string
	err := s.read(ctx, func(c *conn) error {
		n, err := peerNumber(c, peer, false)
		if err != nil || n == 0 {
			return err
		}
		// "0" comes after "/": the two ranges are read off the index, in order.
		return c.query(func(r row) error {
			i := strings.LastIndexByte(r.str(0), '/')
			if i < 0 {
				return nil
			}
			if f := r.str(0)[:i]; len(list) == 0 || list[len(list)-1] != f {
				list = append(list, f)
			}
			return nil
		}, `SELECT path FROM view WHERE peer = ?1 AND path > '' AND path < ?2 || '/'
			UNION ALL SELECT path FROM view WHERE peer = ?1 AND path >= ?2 || '0' ORDER BY path`, n, folder)
	})
	slices.Sort(list)
	return slices.Compact(list), err
}

// ViewFolders lists the folders of a phone's items by the store's view of it, by
// folder, kind and collection. It is what the store knows of the phone when it isn't
// there, or its own state is gone.
func (s *Store) ViewFolders(ctx context.Context, peer engine.PeerID) ([]ViewFolder, error) {
	counts := map[ViewFolder]int{}
	err := s.read(ctx, func(c *conn) error {
		n, err := peerNumber(c, peer, false)
		if err != nil || n == 0 {
			return err
		}
		type key struct {
			kind string
			item engine.ItemID
		}
		seen := map[key]bool{} // its newest row counts
		return c.query(func(r row) error {
			if len(r.bytes(2)) != 16 {
				return nil
			}
			k := key{r.str(1), engine.ItemID(r.bytes(2))}
			if seen[k] {
				return nil
			}
			seen[k] = true
			f := ViewFolder{Kind: k.kind}
			if i := strings.LastIndexByte(r.str(0), '/'); i >= 0 {
				f.Folder = r.str(0)[:i]
			}
			_, err := c.one(func(r row) { f.Collection = r.str(0); counts[f]++ },
				`SELECT collection FROM item WHERE id = ? AND gone = 0`, k.item.String())
			return err
		}, `SELECT path, kind, item FROM view WHERE peer = ? AND path <> '' AND announced = 0 ORDER BY seq DESC`, n)
	})
	if err != nil {
		return nil, err
	}
	list := make([]ViewFolder, 0, len(counts))
	for f, n := range counts {
		f.Items = n
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b ViewFolder) int {
		return cmp.Or(strings.Compare(a.Folder, b.Folder), cmp.Compare(kindOrder(a.Kind), kindOrder(b.Kind)), strings.Compare(a.Collection, b.Collection))
	})
	return list, nil
}
