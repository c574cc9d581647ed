package cmd

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"cradle/hostprovider"
	"cradle/pim"

	"golang.org/x/sys/unix"
)

// vdirFolders are the folders of an export, as on a phone.
var vdirFolders = map[string]string{"contacts": "contacts", "events": "calendars", "tasks": "tasks", "notes": "notes"}

// folderName is the name of a collection's folder; what a file system would take
// for something else is escaped as in a URL.
func folderName(collection string) string {
	s := strings.NewReplacer("%", "%25", "/", "%2F", "\x00", "%00", "\\", "%5C").Replace(collection)
	if strings.HasPrefix(s, ".") {
		s = "%2E" + s[1:]
	}
	if s == "" {
		return hostprovider.DefaultCollection
	}
	return s
}

// collectionOf is the collection that folderName gave a name.
func collectionOf(folder string) string {
	if s, err := url.PathUnescape(folder); err == nil && folderName(s) == folder {
		return s
	}
	return folder
}

// vdir is an export into a folder.
type vdir struct {
	root    string
	folders map[string]map[string]string // by folder: the names that carry an ID, by that ID and their extension
	texts   bool                         // notes as plain texts
}

// exportedName is a name that an export gives: readable part, 8 characters of the
// item's ID, extension.
var exportedName = regexp.MustCompile(`^(?:[a-z0-9-]+\.)?([0-9a-f]{8})\.(?:vcf|ics|vnt|txt)$`)

func (g *globals) exportFolder(ctx context.Context, s *hostprovider.Store, root string, o exportOptions, doc *exportDocument) error {
	v := vdir{root: root, folders: map[string]map[string]string{}, texts: o.format == formatTXT}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return err
	}
	err := s.Export(ctx, o.query, func(it hostprovider.Item) error {
		if err := o.convert(&it, doc); err != nil {
			doc.left(it.ID.String(), err)
			return nil
		}
		path, written, err := v.put(it)
		switch {
		case errors.Is(err, errForeignFile):
			doc.left(path, err)
			return nil
		case err != nil:
			return err
		}
		doc.Items++
		if written {
			doc.Written++
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flushFolder(root)
}

// flushFolder brings all files of a folder's file system to the disk at once:
// a flush a file would take seconds for thousands.
func flushFolder(root string) error {
	f, err := os.Open(root)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}

// isVNote reports whether a note's text is a VNOTE.
func isVNote(text []byte) bool {
	text = bytes.TrimLeft(text, "\xef\xbb\xbf\r\n ")
	return len(text) >= 11 && bytes.EqualFold(text[:11], []byte("BEGIN:VNOTE"))
}

// put writes one item unless its file is as it should be already.
func (v *vdir) put(it hostprovider.Item) (path string, written bool, err error) {
	folder := filepath.Join(v.root, vdirFolders[it.Kind], folderName(it.Collection))
	names, err := v.names(folder)
	if err != nil {
		return folder, false, err
	}
	id, ext := it.ID.String()[:8], extension(it.Kind)
	if v.texts {
		ext, it.Text = ".txt", pim.PlainText(it.Text)
	}
	if isVNote(it.Text) {
		ext = ".vnt" // as a sync names it
	}
	name, exported := names[id+ext]
	for _, other := range []string{".ics", ".vnt"} {
		if !exported && it.Kind == pim.Notes.Name() && !v.texts { // of an export that wrote it in the other form
			name, exported = names[id+other]
		}
	}
	if !exported {
		if name = id + ext; pim.Slug(it.Summary) != "" {
			name = pim.Slug(it.Summary) + "." + name
		}
	}
	path = filepath.Join(folder, name)
	switch old, err := os.ReadFile(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return path, false, err
	case bytes.Equal(old, it.Text):
		return path, false, nil
	case !exported || !v.texts && !sameItem(old, it):
		return path, false, errForeignFile
	}
	return path, true, replaceFile(path, it.Text, false)
}

// names lists what exports left in a folder, and makes the folder if it isn't
// there.
func (v *vdir) names(folder string) (map[string]string, error) {
	if names, ok := v.folders[folder]; ok {
		return names, nil
	}
	names := map[string]string{}
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		err = os.MkdirAll(folder, 0o700)
	}
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if m := exportedName.FindStringSubmatch(e.Name()); m != nil {
			names[m[1]+filepath.Ext(e.Name())] = e.Name()
		}
	}
	v.folders[folder] = names
	return names, nil
}

// sameItem reports whether a file holds an earlier text of an item and nothing
// else.
func sameItem(file []byte, it hostprovider.Item) bool {
	read := pim.Read(file)
	return len(read.Objects) == 1 && read.Objects[0].Kind.Name() == it.Kind && read.Objects[0].UID == it.UID
}
