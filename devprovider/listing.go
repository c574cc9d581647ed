package devprovider

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"cradle/engine"
)

// file is one file of the trees, as listed and perhaps read.
type file struct {
	spot
	entry Entry
	at    int64 // the device's time when it was listed or, later, read
	refs  []*ref
	step  *stepName
	body  engine.Digest
	sent  engine.Digest // of the text that the device made this of, as it was sent (8 bytes); zero where nobody knows
	parsed
}

// parsed is what reading a file gave.
type parsed struct {
	status status
	held   body
	err    error  // of statusFailed
	final  string // its path once the steps are done; "" the path itself
}

// status is what a survey knows of a file.
type status uint8

const (
	statusListed    status = iota // to be read
	statusUnchanged               // known to be as in the state, not read
	statusIgnored                 // holds nothing of the scopes asked for
	statusSame                    // read; the body is as in the state
	statusRead                    // read; new, or the body is another
	statusTorn                    // written only in part
	statusFailed                  // can't be read or understood
	statusVanished                // gone since it was listed
	statusDropped                 // an unfinished step takes it away, or leaves it out
)

// where is the file's path once the steps are done.
func (fl *file) where() string {
	if fl.final != "" {
		return fl.final
	}
	return fl.spot.path
}

// walk is what lies in the trees of all storages.
type walk struct {
	files   []*file
	bySpot  map[spot]*file
	partial map[spot]error // folders that could not be listed whole, with why
}

// blind tells why nothing is known about what may lie at a path: its storage isn't
// there, or a folder above it could not be listed whole. Nil: what isn't listed is
// gone.
func (f *Folder) blind(w *walk, at spot) error {
	if f.storage(at.storage) == nil {
		return errNoStorage
	}
	if !strings.HasPrefix(at.path, rootFolder+"/") {
		switch v := vdirAt(f.state.vdirs, spot{at.storage, parent(at.path)}); {
		case v == nil:
			return errOutside
		case v.Left:
			return errLeft
		}
	}
	if len(w.partial) == 0 {
		return nil
	}
	for p := parent(at.path); ; p = parent(p) {
		if err, ok := w.partial[spot{at.storage, p}]; ok {
			return err
		}
		if p == "" {
			return nil
		}
	}
}

var (
	errNoStorage = errors.New("its storage isn't there")
	errOutside   = errors.New("its folder isn't looked at")
	errTooDeep   = errors.New("folders are nested too deep")
)

// walkTrees lists the trees of every storage, one listing a folder.
func (f *Folder) walkTrees(ctx context.Context) (*walk, error) {
	var err error
	if f.storages, err = f.store.Storages(ctx); err != nil {
		return nil, err
	}
	if len(f.storages) == 0 {
		return nil, ErrNoStorage
	}
	w := &walk{partial: map[spot]error{}}
	f.strays = nil
	for _, s := range f.storages {
		delete(f.folders, spot{s.Name, ""})
		root, err := f.names(ctx, s.Name, "")
		if err != nil {
			if err := w.unlisted(ctx, s.Name, "", err); err != nil {
				return nil, err
			}
			continue
		}
		if root.partial != nil {
			w.partial[spot{s.Name, ""}] = root.partial
		}
		if !root.has(rootFolder) {
			continue
		}
		l, err := f.list(ctx, s.Name, rootFolder)
		if err != nil {
			if err := w.unlisted(ctx, s.Name, rootFolder, err); err != nil {
				return nil, err
			}
			continue
		}
		w.note(s.Name, rootFolder, l)
		for _, e := range l.Entries {
			if e.Name == base(readmePath) {
				f.seen[spot{s.Name, readmePath}] = object{size: e.Size, modified: e.Modified}
			}
			f.stray(e)
			if !e.Folder {
				continue
			}
			folder := join(rootFolder, e.Name)
			if !isTree(folder) {
				continue
			}
			if err := f.walkFolder(ctx, w, s.Name, folder, 1); err != nil {
				return nil, err
			}
		}
	}
	if err := f.walkVdirs(ctx, w); err != nil {
		return nil, err
	}
	if g, ok := f.store.(interface{ GuessOffset(time.Time) int64 }); ok {
		f.clock.guess = g.GuessOffset(f.opt.Now())
	}
	w.bySpot = make(map[spot]*file, len(w.files))
	files := w.files[:0]
	for _, fl := range w.files {
		// Some devices list an object twice.
		if w.bySpot[fl.spot] == nil {
			w.bySpot[fl.spot] = fl
			files = append(files, fl)
		}
	}
	w.files = files
	return w, nil
}

// unlisted notes a folder about which nothing is known; the device being gone ends
// the walk.
func (w *walk) unlisted(ctx context.Context, storage, folder string, err error) error {
	if errors.Is(err, engine.ErrGone) || ctx.Err() != nil {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted meanwhile
	}
	w.partial[spot{storage, folder}] = err
	return nil
}

func (w *walk) note(storage, folder string, l Listing) {
	if err := l.partial(); err != nil {
		w.partial[spot{storage, folder}] = err
	}
}

func (f *Folder) walkFolder(ctx context.Context, w *walk, storage, folder string, depth int) error {
	if depth > maxDepth {
		w.partial[spot{storage, folder}] = errTooDeep
		return nil
	}
	at := f.clock.device()
	l, err := f.list(ctx, storage, folder)
	if err != nil {
		return w.unlisted(ctx, storage, folder, err)
	}
	w.note(storage, folder, l)
	n := 0
	for i := range l.Entries {
		if e := &l.Entries[i]; !e.Folder && (isItemFile(e.Name) || isPlainNote(join(folder, e.Name))) {
			n++
		}
	}
	files := make([]file, 0, n)
	for _, e := range l.Entries {
		switch {
		case e.Folder && !isHidden(e.Name):
			if err := f.walkFolder(ctx, w, storage, join(folder, e.Name), depth+1); err != nil {
				return err
			}
		case !e.Folder && (isItemFile(e.Name) || isPlainNote(join(folder, e.Name))):
			fl := file{spot: spot{storage, join(folder, e.Name)}, entry: e, at: at}
			if strings.IndexByte(e.Name, '~') >= 0 {
				if s, ok := parseStep(e.Name); ok {
					fl.step = &s
				}
			}
			files = append(files, fl)
			w.files = append(w.files, &files[len(files)-1])
		case !isHidden(e.Name):
			f.strayAt(join(folder, e.Name))
		}
	}
	return nil
}
