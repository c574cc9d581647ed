package devprovider

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"cradle/engine"
	"cradle/pim"
)

// Found is something on the device that discovery came across: a vdir that nobody
// named, or a whole exported file, which is no vdir.
type Found struct {
	Storage string `json:"storage"`
	// Path is the vdir's folder, or the exported file, below the storage's root.
	Path   string   `json:"path"`
	Export bool     `json:"export,omitempty"`
	Scopes []string `json:"scopes"` // of what was looked at
	Items  int      `json:"items"`  // a vdir's files; at least so many of an export
	// News: this computer didn't come across it before.
	News bool `json:"-"`
}

// NoteCache is a Cache that keeps a text of this computer's for the device. Losing it
// costs time, nothing else.
type NoteCache interface {
	Note(name string) string
	KeepNote(name, text string)
}

// The folders at a storage's root in which vdirs and exports are looked for, and in
// the folders directly in them. Phones and their apps put them there; a folder of
// another name is named by its owner.
var lookedInto = map[string]bool{
	"addressbook": true, "addressbooks": true, "backup": true, "backups": true, "calendar": true, "calendars": true,
	"contacts": true, "documents": true, "download": true, "downloads": true, "notes": true, "others": true, "pim": true,
	"tasks": true, "vdir": true, "vdirs": true, "vdirsyncer": true,
}

// Bounds of a discovery.
const (
	maxLooked    = 48      // folders that are listed on one storage
	maxSampled   = 4       // files that are read in one folder
	maxSample    = 1 << 20 // bytes of one of them
	maxExports   = 16      // exported files that are told of
	noteFound    = "found" // the name of the note that remembers it
	minAnonymous = 3       // files of items without a UID that make a vdir
	discoveryOf  = "1"     // of the rules; a change of them looks anew
)

// Discover looks for vdirs that the state doesn't name and for exported files, in the
// places where phones have them. fresh is false when nothing there changed, by the
// names and times of the folders at the root, since RememberFound was last called: so
// the device isn't asked. With always it is. Nothing is written, and what is found is
// used only when Use says so.
func (f *Folder) Discover(ctx context.Context, always bool) (found []Found, fresh bool, err error) {
	key := f.rootKey()
	notes, _ := f.opt.Cache.(NoteCache)
	var before []Found
	if notes != nil {
		list, at := readNote(notes.Note(noteFound))
		if at == key && !always {
			return f.unnamed(list), false, nil
		}
		before = list
	}
	for _, s := range f.storages {
		list, err := f.discoverOn(ctx, s.Name)
		if err != nil {
			return nil, false, err
		}
		found = append(found, list...)
	}
	slices.SortFunc(found, func(a, b Found) int {
		return cmp.Or(compareBool(a.Export, b.Export), strings.Compare(a.Storage, b.Storage), strings.Compare(a.Path, b.Path))
	})
	if notes != nil {
		if !f.rootSettled() {
			key = "" // to be looked at again
		}
		text, err := json.Marshal(foundNote{key, found})
		if err != nil {
			return nil, false, fmt.Errorf("what was found on the phone: %w", err)
		}
		f.foundNote = string(text)
	}
	for i := range found {
		e := &found[i]
		e.News = !slices.ContainsFunc(before, func(o Found) bool { return o.Storage == e.Storage && o.Path == e.Path && o.Export == e.Export })
	}
	return f.unnamed(found), true, nil
}

// RememberFound keeps what Discover found in the cache, so that nothing is looked for
// and told again as long as nothing changes.
func (f *Folder) RememberFound() {
	if notes, ok := f.opt.Cache.(NoteCache); ok && f.foundNote != "" {
		notes.KeepNote(noteFound, f.foundNote)
	}
}

// foundNote is what a computer remembers of a discovery. Key says of which folders at
// the roots; empty: it can't be read.
type foundNote struct {
	Key   string  `json:"key"`
	Found []Found `json:"found"`
}

func readNote(text string) (found []Found, key string) {
	var n foundNote
	if json.Unmarshal([]byte(text), &n) != nil {
		return nil, ""
	}
	return n.Found, n.Key
}

// unnamed leaves out what the state names by now, and what was let go.
func (f *Folder) unnamed(list []Found) []Found {
	return slices.DeleteFunc(slices.Clone(list), func(e Found) bool {
		at := spot{e.Storage, e.Path}
		if e.Export {
			at.path = parent(e.Path)
		}
		return vdirAt(f.state.vdirs, at) != nil
	})
}

// rootKey tells the folders at the storages' roots apart from how they are later, as
// far as their listing shows it.
func (f *Folder) rootKey() string {
	var b strings.Builder
	b.WriteString(discoveryOf)
	for _, s := range f.storages {
		fmt.Fprintf(&b, "\n%s", s.Name)
		for _, e := range f.roots[s.Name] {
			if lookedInto[strings.ToLower(e.Name)] || !e.Folder {
				fmt.Fprintf(&b, "\n\t%s %d %d", e.Name, e.Size, e.Modified)
			}
		}
	}
	digest := bodyDigest([]byte(b.String()))
	return fmt.Sprintf("%x", digest[:])
}

// rootSettled reports whether a change of the folders at the roots would show in their
// times.
func (f *Folder) rootSettled() bool {
	for _, list := range f.roots {
		for i := range list {
			if list[i].Modified != 0 && !settled(list[i].Modified, f.clock.device()) {
				return false
			}
		}
	}
	return true
}

// keepRoot remembers the listing of a storage's root, as far as it matters to
// discovery.
func (f *Folder) keepRoot(storage string, l *Listing) {
	var list []Entry
	for _, e := range l.Entries {
		if e.Folder && lookedInto[strings.ToLower(e.Name)] || !e.Folder && isItemFile(e.Name) {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	if f.roots == nil {
		f.roots = map[string][]Entry{}
	}
	f.roots[storage] = list
}

// discoverOn looks through one storage.
func (f *Folder) discoverOn(ctx context.Context, storage string) ([]Found, error) {
	d := discovery{f: f, storage: storage, left: maxLooked}
	var loose []Entry
	for _, e := range f.roots[storage] {
		if !e.Folder {
			loose = append(loose, e)
		}
	}
	// The root is no vdir: one card there was sent, many are an export's parts.
	if err := d.files(ctx, "", loose); err != nil {
		return nil, err
	}
	for _, e := range f.roots[storage] {
		if !e.Folder {
			continue
		}
		below, err := d.look(ctx, e.Name)
		if err != nil {
			return nil, err
		}
		for _, name := range below {
			if _, err := d.look(ctx, join(e.Name, name)); err != nil {
				return nil, err
			}
		}
	}
	return d.found, nil
}

// discovery is a look through one storage under way.
type discovery struct {
	f       *Folder
	storage string
	left    int // folders that may still be listed
	exports int
	found   []Found
}

// look lists a folder, judges what lies in it, and returns the folders there.
func (d *discovery) look(ctx context.Context, folder string) (below []string, err error) {
	if vdirAt(d.f.state.vdirs, spot{d.storage, folder}) != nil {
		return nil, nil
	}
	if d.left--; d.left < 0 {
		return nil, nil
	}
	l, err := d.f.store.List(ctx, d.storage, folder)
	if err != nil {
		return nil, d.f.passOver(ctx, folder, err)
	}
	var files []Entry
	for _, e := range l.Entries {
		switch {
		case e.Folder && !isHidden(e.Name):
			below = append(below, e.Name)
		case !e.Folder && isItemFile(e.Name):
			files = append(files, e)
		}
	}
	slices.Sort(below)
	return below, d.files(ctx, folder, files)
}

// passOver is the error that ends a discovery: a folder or file that can't be looked
// at is no vdir.
func (f *Folder) passOver(ctx context.Context, path string, err error) error {
	if f.ends(ctx, err) {
		return err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		f.log.Info("passed over while looking for folders of cards and calendars", "path", path, "err", err)
	}
	return nil
}

// files judges the item files of one folder by a few of them: the smallest, and the
// largest, which is the export if there is one.
func (d *discovery) files(ctx context.Context, folder string, files []Entry) error {
	if len(files) == 0 {
		return nil
	}
	slices.SortFunc(files, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Size, b.Size), strings.Compare(a.Name, b.Name)) })
	sample := files
	if len(files) > maxSampled {
		sample = append(slices.Clone(files[:maxSampled-1]), files[len(files)-1])
	}
	scopes := map[string]bool{}
	singles, uids, exports := 0, 0, 0
	for _, e := range sample {
		path := join(folder, e.Name)
		if e.Size > maxSample {
			continue
		}
		data, err := d.f.store.Read(ctx, d.storage, path, maxSample)
		if err != nil {
			if err := d.f.passOver(ctx, path, err); err != nil {
				return err
			}
			continue
		}
		b := d.f.parse(data, path, firstCollection, func(string) bool { return true })
		own := map[string]bool{}
		for i := range b.items {
			own[b.items[i].scope] = true
		}
		switch {
		case b.torn || len(b.items) == 0:
		case len(b.items) > 1:
			exports++
			if d.exports++; d.exports <= maxExports {
				d.found = append(d.found, Found{Storage: d.storage, Path: path, Export: true, Scopes: inOrder(own), Items: len(b.items)})
			}
		default:
			singles++
			scopes[b.items[0].scope] = true
			if b.items[0].uid != "" {
				uids++
			}
		}
	}
	if folder == "" || exports > 0 || singles == 0 || uids == 0 && len(files) < minAnonymous {
		return nil
	}
	d.found = append(d.found, Found{Storage: d.storage, Path: folder, Scopes: inOrder(scopes), Items: len(files)})
	return nil
}

// inOrder lists scopes in pim's order.
func inOrder(set map[string]bool) []string {
	var list []string
	for _, k := range pim.Kinds() {
		if set[k.Name()] {
			list = append(list, k.Name())
		}
	}
	return list
}

// Look lists the tree and the vdirs without reading what lies in them, so that
// Holdings, Takes and Vanished tell of the device as it is now.
func (f *Folder) Look(ctx context.Context) error {
	if f.newer != nil {
		return f.newer
	}
	_, err := f.walkTrees(ctx)
	if errors.Is(err, engine.ErrGone) || err == nil {
		return err
	}
	return fmt.Errorf("looking through the phone: %w", err)
}
