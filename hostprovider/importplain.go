package hostprovider

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"cradle/engine"
	"cradle/pim"
)

// exportedText is the name that an export gives a note's plain text: a readable part and the
// first 8 characters of the note's ID.
var exportedText = regexp.MustCompile(`^(?:[a-z0-9-]+\.)?([0-9a-f]{8})\.txt$`)

// plain takes in a file of plain text. One that an export made of a note that is here, and
// that still says the same, is that note.
func (im *importer) plain(f ImportFile, data io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(data, pim.MaxLine+1))
	if err != nil {
		return im.unread(f, err)
	}
	name := filepath.Base(f.Path)
	if m := exportedText.FindStringSubmatch(name); m != nil && !bytes.HasPrefix(text, []byte("BEGIN:V")) {
		id, same, err := im.exported(m[1], text)
		switch {
		case err != nil:
			return err
		case same:
			im.paired[id] = true
			im.res.Unchanged++
			return nil
		case !id.IsZero():
			im.res.Problems = append(im.res.Problems, ImportProblem{f.Path, 1, fmt.Sprintf("its name says that it is the text of the note %s here, exported and edited since: taken in as a note of its own, the other stays (cradle edit changes that)", m[1]), false})
		case strings.ContainsAny(m[1], "abcdef"): // not a date
			im.res.Problems = append(im.res.Problems, ImportProblem{f.Path, 1, "its name is one that an export as plain text gives, which holds the title and the text of a note alone: taken in as a new note (an export to .ics or a folder holds all)", false})
		}
	}
	return im.piece(f, pim.ReadPlain(strings.TrimSuffix(name, filepath.Ext(name)), text))
}

// exported finds the note whose ID begins so, and whether that is its text.
func (im *importer) exported(short string, text []byte) (id engine.ItemID, same bool, err error) {
	s, err := im.t.scope(pim.Notes.Name())
	if err != nil {
		return id, false, err
	}
	var ids []string
	err = s.c.query(func(r row) error { ids = append(ids, r.str(0)); return nil },
		`SELECT id FROM item WHERE kind = ? AND gone = 0 AND meta IS NOT NULL AND substr(id, 1, 8) = ? ORDER BY id`, s.kind.Name(), short)
	if err != nil {
		return id, false, err
	}
	for _, name := range ids {
		it, err := s.item(name)
		if err != nil {
			return id, false, err
		}
		v, err := s.value(it)
		if err != nil {
			return id, false, err
		}
		if id = it.meta.ID; bytes.Equal(pim.PlainText(s.kind.Text(v)), text) {
			return id, true, nil
		}
	}
	return id, false, nil
}
