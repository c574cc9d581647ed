package hostprovider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"cradle/engine"
	"cradle/pim"
	"cradle/valuebag"
)

// ImportFile is one file to be imported.
type ImportFile struct {
	// Path is for the report. By its extension .txt, .md or .markdown the file is one
	// plain note, titled with its name.
	Path       string
	Collection string // where new items go; empty: DefaultCollection
	Data       []byte
	// Match merges an item that has no UID, and no item of equal content, into the live
	// one that it surely is: what that one lacks is added, and nothing changed.
	Match bool
	// Open, if set, is asked for the data in Data's stead, once in each try of the
	// transaction: a file of many cards is then never in memory as a whole.
	Open func() (io.ReadCloser, error)
}

// ImportResult says what an import did.
type ImportResult struct {
	Created, Updated, Unchanged int
	// Lessened counts those of the updated that said something before and don't any more.
	Lessened int
	Problems []ImportProblem
	Matches  []ImportMatch
}

// ImportMatch is an item of a file with Match that is, or may be, one of the store's.
type ImportMatch struct {
	Path    string
	Item    engine.ItemID
	Summary string // the store's
	Reason  string
	Merged  bool // else it is a proposal, and came in as an item of its own
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
		im := importer{t: t, res: &res, paired: map[engine.ItemID]bool{}, byKey: map[string]*holders{}}
		for _, f := range files {
			if err := im.file(f); err != nil {
				return err
			}
		}
		held := im.held
		im.held = nil
		for i := range held {
			if _, err := im.object(held[i].file, &held[i].object, held[i].part, true); err != nil {
				return err
			}
		}
		return im.match()
	})
	return res, err
}

type importer struct {
	t      *tx
	res    *ImportResult
	paired map[engine.ItemID]bool
	byKey  map[string]*holders // of a kind and UID, or kind and content
	later  map[*pim.Kind][]unmatched
	held   []heldObject
}

// heldObject is an item whose UID several items of the store have, none of which says the
// same: it waits until those that do have found theirs.
type heldObject struct {
	file   ImportFile
	object pim.Object
	part   bool
}

// unmatched is an item that waits to be matched.
type unmatched struct {
	path  string
	value *valuebag.Values
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
		return im.plain(f, data)
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
	told := len(im.res.Problems)
	for _, p := range read.Problems {
		im.res.Problems = append(im.res.Problems, ImportProblem{f.Path, p.Line, p.What, p.Lost})
	}
	left := map[int]bool{} // lines of what was left out since it is cut off
	var within []int       // those that go on to the next item, or to the end
	for i := range read.Objects {
		if err := im.t.ctx.Err(); err != nil {
			return err
		}
		o := &read.Objects[i]
		out, err := im.object(f, o, o.Torn || read.Torn && o.Kind != pim.Contacts, false)
		if err != nil {
			return err
		}
		left[o.Line] = left[o.Line] || out
		if out && o.Torn {
			within = append(within, o.Line)
		}
	}
	// That something of it was kept is no longer so.
	gone := func(line int) bool {
		i := len(read.Objects) - 1
		for ; i >= 0 && read.Objects[i].Line > line; i-- {
		}
		return i >= 0 && slices.Contains(within, read.Objects[i].Line)
	}
	for _, p := range read.Problems {
		if p.Torn && left[p.Line] || !p.Lost && len(within) > 0 && gone(p.Line) {
			im.res.Problems = slices.Delete(im.res.Problems, told, told+1)
			continue
		}
		told++
	}
	return nil
}

// object takes in an item. part says that more of it may have been in the file before that
// was cut off; out that it was left out for that. last: it has waited for the others of its UID.
func (im *importer) object(f ImportFile, o *pim.Object, part, last bool) (out bool, err error) {
	s, err := im.t.scope(o.Kind.Name())
	if err != nil {
		return false, err
	}
	v, err := o.Item(f.Collection)
	if err != nil {
		im.res.Problems = append(im.res.Problems, ImportProblem{f.Path, o.Line, err.Error(), true})
		return false, nil //nolint:nilerr // it is in the report, and the others go on
	}
	for _, p := range o.Doubts() {
		if last {
			break // told already
		}
		im.res.Problems = append(im.res.Problems, ImportProblem{f.Path, p.Line, p.What, false})
	}
	var row *stored
	var id engine.ItemID
	if uid := s.kind.UID(v); uid != "" {
		var several bool
		row, id, several, err = im.byUID(s, uid, v)
		if h := im.byKey[s.kind.Name()+"\x00"+uid]; h != nil && !last {
			if h.line > 0 {
				im.res.Problems = append(im.res.Problems, ImportProblem{f.Path, o.Line, fmt.Sprintf("the UID %q again, which %s:%d has: kept as an item of its own", uid, h.path, h.line), false})
			} else {
				h.path, h.line = f.Path, o.Line
			}
		}
		if several && !last && err == nil {
			im.held = append(im.held, heldObject{f, *o, part})
			return false, nil
		}
	} else {
		row, id, err = im.byContent(s, engine.Digest(s.kind.ContentDigest(v)))
	}
	if err != nil {
		return false, err
	}
	if f.Match && row == nil && s.kind.UID(v) == "" {
		if im.later == nil {
			im.later = map[*pim.Kind][]unmatched{}
		}
		im.later[s.kind] = append(im.later[s.kind], unmatched{f.Path, v})
		return false, nil
	}
	if part && row != nil && row.gone == 0 {
		why, err := im.lacks(s, row, o, v)
		if why != "" {
			im.paired[id] = true
			im.res.Problems = append(im.res.Problems, ImportProblem{f.Path, o.Line, why, true})
		}
		if why != "" || err != nil {
			return why != "", err
		}
	}
	return false, im.put(s, row, id, v)
}

// lacks says why an item that may be only a part of what it was isn't taken for an edit of
// the one that is here; "" where it takes nothing away.
func (im *importer) lacks(s *scopeTx, row *stored, o *pim.Object, v *valuebag.Values) (string, error) {
	if s.says(row, v) {
		return "", nil
	}
	what := "it has no END, perhaps it was cut off"
	if !o.Torn {
		have, err := s.value(row)
		if err != nil {
			return "", err
		}
		given := s.kind.Elements(v, "overrides")
		if !slices.ContainsFunc(s.kind.Elements(have, "overrides"), func(e [8]byte) bool { return !slices.Contains(given, e) }) {
			return "", nil
		}
		what = "the file is cut off, and changed times of this series may have stood behind"
	}
	name := row.summary
	if name == "" {
		name = "the " + strings.TrimSuffix(s.kind.Name(), "s")
	}
	if uid := s.kind.UID(v); uid != "" {
		name += fmt.Sprintf(" (UID %s)", uid)
	}
	return what + ": " + name + " stays as it is here", nil
}

// put stores a value as the item of a row, or as a new one. Of a live one only the fields
// that say something else are written anew; with none its text stays byte for byte.
func (im *importer) put(s *scopeTx, row *stored, id engine.ItemID, v *valuebag.Values) error {
	im.paired[id] = true
	live := row != nil && row.gone == 0
	if live {
		if s.says(row, v) {
			im.res.Unchanged++
			return nil
		}
		have, err := s.value(row)
		if err != nil {
			return err
		}
		if s.kind.Less(have, v) {
			im.res.Lessened++
		}
		v = s.kind.Revise(have, v)
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

// says reports whether a live item says the same as a value, in whichever collection.
func (s *scopeTx) says(row *stored, v *valuebag.Values) bool {
	rev := revision{kind: s.kind, life: s.next(), forgot: !s.forgotten.IsZero()}
	_, same := rev.live(row.meta.ID, row.meta, s.kind.SetCollection(v, row.collection))
	return same
}

// match takes in what waits, once all that is certain has found its item: merged
// into the one that it surely is, else as a new one.
func (im *importer) match() error {
	for _, k := range pim.Kinds() {
		waiting := im.later[k]
		if len(waiting) == 0 {
			continue
		}
		s, err := im.t.scope(k.Name())
		if err != nil {
			return err
		}
		rows, values, err := im.candidates(s)
		if err != nil {
			return err
		}
		ours := make([]*valuebag.Values, len(waiting))
		for i := range waiting {
			ours[i] = waiting[i].value
		}
		found := map[int]pim.Match{}
		for _, m := range k.Matches(ours, values) {
			found[m.A] = m
		}
		for i, w := range waiting {
			m, ok := found[i]
			if ok {
				it := rows[m.B]
				im.res.Matches = append(im.res.Matches, ImportMatch{w.path, it.meta.ID, it.summary, m.Reason, m.Sure})
			}
			if ok && m.Sure {
				v, err := k.Fill(values[m.B], w.value)
				if err != nil {
					im.res.Problems = append(im.res.Problems, ImportProblem{w.path, 0, err.Error(), true})
					continue
				}
				if err := im.put(s, rows[m.B], rows[m.B].meta.ID, v); err != nil {
					return err
				}
				continue
			}
			row, id, err := im.byContent(s, engine.Digest(k.ContentDigest(w.value)))
			if err != nil {
				return err
			}
			if err := im.put(s, row, id, w.value); err != nil {
				return err
			}
		}
	}
	return nil
}

// candidates are the live items of a kind that nothing of this import is paired
// with, by ID.
func (im *importer) candidates(s *scopeTx) ([]*stored, []*valuebag.Values, error) {
	var ids []string
	err := s.c.query(func(r row) error { ids = append(ids, r.str(0)); return nil },
		`SELECT id FROM item WHERE kind = ? AND gone = 0 AND meta IS NOT NULL ORDER BY id`, s.kind.Name())
	if err != nil {
		return nil, nil, err
	}
	var rows []*stored
	var values []*valuebag.Values
	for _, id := range ids {
		it, err := s.item(id)
		if err != nil {
			return nil, nil, err
		}
		if im.paired[it.meta.ID] {
			continue
		}
		v, err := s.value(it)
		if err != nil {
			return nil, nil, err
		}
		rows, values = append(rows, it), append(values, v)
	}
	return rows, values, nil
}
