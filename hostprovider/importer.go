package hostprovider

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"cradle/engine"
	"cradle/pim"
)

// ImportFile is one file to be imported.
type ImportFile struct {
	// Path is for the report. By its extension .txt, .md or .markdown the file is one
	// plain note, titled with its name.
	Path       string
	Collection string // where new items go; empty: DefaultCollection
	Data       []byte
	// Open, if set, is asked for the data in Data's stead, once in each try of the
	// transaction: a file of many cards is then never in memory as a whole.
	Open func() (io.ReadCloser, error)
}

// ImportResult says what an import did.
type ImportResult struct {
	Created, Updated, Unchanged int
	Problems                    []ImportProblem
}

// ImportProblem is something of a file that was repaired or, with Lost, did not
// become an item.
type ImportProblem struct {
	Path   string
	Line   int // 0 when it concerns the whole file
	Reason string
	Lost   bool
}

// Import takes the items of files in, in one transaction. An item with the UID of
// a live one edits that to the file's text; the nth of one UID in these files
// belongs to its nth holder. One without a UID pairs with a live item of equal
// content. What the files don't hold stays as it is.
func (s *Store) Import(ctx context.Context, files []ImportFile) (ImportResult, error) {
	var res ImportResult
	err := s.change(ctx, "import", func(t *tx) error {
		res = ImportResult{}
		im := importer{t: t, res: &res, nth: map[string]int{}, paired: map[engine.ItemID]bool{}}
		for _, f := range files {
			if err := im.file(f); err != nil {
				return err
			}
		}
		return nil
	})
	return res, err
}

type importer struct {
	t      *tx
	res    *ImportResult
	nth    map[string]int // how often a kind and UID came
	paired map[engine.ItemID]bool
}

func (im *importer) file(f ImportFile) error {
	if f.Collection == "" {
		f.Collection = DefaultCollection
	}
	var data io.Reader = bytes.NewReader(f.Data)
	if f.Open != nil {
		r, err := f.Open()
		if err != nil {
			return im.unread(f, err)
		}
		defer r.Close()
		data = r
	}
	if ext := filepath.Ext(f.Path); slices.Contains(pim.PlainNoteExtensions, strings.ToLower(ext)) {
		text, err := io.ReadAll(io.LimitReader(data, pim.MaxLine+1))
		if err != nil {
			return im.unread(f, err)
		}
		return im.piece(f, pim.ReadPlain(strings.TrimSuffix(filepath.Base(f.Path), ext), text))
	}
	s := pim.NewScanner(data)
	for s.Scan() {
		if err := im.piece(f, s.File()); err != nil {
			return err
		}
	}
	if s.Err() != nil {
		return im.unread(f, s.Err())
	}
	return nil
}

// unread reports a file that could not be read, or not to its end; the others go on.
func (im *importer) unread(f ImportFile, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	im.res.Problems = append(im.res.Problems, ImportProblem{Path: f.Path, Reason: err.Error(), Lost: true})
	return nil
}

// piece takes in what a piece of a file holds.
func (im *importer) piece(f ImportFile, read pim.File) error {
	for _, p := range read.Problems {
		im.res.Problems = append(im.res.Problems, ImportProblem{f.Path, p.Line, p.What, p.Lost})
	}
	for i := range read.Objects {
		if err := im.t.ctx.Err(); err != nil {
			return err
		}
		if err := im.object(f, &read.Objects[i]); err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) object(f ImportFile, o *pim.Object) error {
	s, err := im.t.scope(o.Kind.Name())
	if err != nil {
		return err
	}
	v, err := o.Item(f.Collection)
	if err != nil {
		im.res.Problems = append(im.res.Problems, ImportProblem{f.Path, 0, err.Error(), true})
		return nil //nolint:nilerr // it is in the report, and the others go on
	}
	var row *stored
	var id engine.ItemID
	if uid := s.kind.UID(v); uid != "" {
		im.nth[s.kind.Name()+"\x00"+uid]++
		row, id, err = im.byUID(s, uid, im.nth[s.kind.Name()+"\x00"+uid])
	} else {
		row, id, err = im.byContent(s, engine.Digest(s.kind.ContentDigest(v)))
	}
	if err != nil {
		return err
	}
	im.paired[id] = true
	live := row != nil && row.gone == 0
	if live {
		v = s.kind.SetCollection(v, row.collection)
	}
	_, changed, err := s.put(row, id, v)
	switch {
	case err != nil:
		return err
	case !live:
		im.res.Created++
	case changed:
		im.res.Updated++
	default:
		im.res.Unchanged++
	}
	return nil
}

// byUID finds the nth live holder of a UID; without one the ID of a new holder,
// or of a deleted one that comes back.
func (im *importer) byUID(s *scopeTx, uid string, nth int) (*stored, engine.ItemID, error) {
	holders, err := s.holders(uid)
	if err != nil {
		return nil, engine.ItemID{}, err
	}
	for _, it := range holders {
		if it.gone == 0 && !im.paired[it.meta.ID] {
			return it, it.meta.ID, nil
		}
	}
	if nth == 1 {
		for _, it := range holders {
			if it.gone == 1 {
				return it, it.meta.ID, nil
			}
		}
	}
	return s.free(func(n int) engine.ItemID { return engine.ItemIDFromUID(s.kind.Name(), uid, n) })
}

// byContent finds a live item of equal content that nothing of this import is
// paired with yet.
func (im *importer) byContent(s *scopeTx, content engine.Digest) (*stored, engine.ItemID, error) {
	var ids []string
	err := s.c.query(func(r row) error { ids = append(ids, r.str(0)); return nil },
		`SELECT id FROM item WHERE content = ? AND kind = ? AND gone = 0 AND meta IS NOT NULL ORDER BY id`, content[:], s.kind.Name())
	if err != nil {
		return nil, engine.ItemID{}, err
	}
	for _, id := range ids {
		it, err := s.item(id)
		if err != nil {
			return nil, engine.ItemID{}, err
		}
		if !im.paired[it.meta.ID] {
			return it, it.meta.ID, nil
		}
	}
	return s.free(func(n int) engine.ItemID { return engine.ItemIDFromContent(s.kind.Name(), content, n) })
}
