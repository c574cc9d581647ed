package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cradle/hostprovider"
	"cradle/pim"

	"github.com/spf13/cobra"
)

// importDocument is import's JSON.
type importDocument struct {
	Version   int               `json:"version"`
	Created   int               `json:"created"`
	Updated   int               `json:"updated"`
	Unchanged int               `json:"unchanged"`
	Lessened  int               `json:"lessened"` // of the updated: those that lost a field or an element of a list
	Problems  []problemDocument `json:"problems"`
	Matches   []matchDocument   `json:"matches"`
}

// matchDocument is an item of a file that is, or may be, one of the store's.
type matchDocument struct {
	Path    string `json:"path"`
	Item    string `json:"item"`
	Summary string `json:"summary"`
	Reason  string `json:"reason"`
	Merged  bool   `json:"merged"` // false: only proposed, and taken in as an item of its own
}

// problemDocument is something of a file that was repaired or, with lost, did not
// become an item.
type problemDocument struct {
	Path   string `json:"path"`
	Line   int    `json:"line"` // 0: the whole file
	Reason string `json:"reason"`
	Lost   bool   `json:"lost"`
}

func importCommand(g *globals) *cobra.Command {
	collection, texts, match := "", false, false
	c := &cobra.Command{
		Use:   "import PATH...|-",
		Short: "Take vCard and iCalendar files into the store",
		Long: `Import takes in files and, of folders, every .vcf, .vcard, .ics, .ical, .ifb,
.vcs and .vnt file below: a folder is a collection of its name. An item with the
UID of one in the store edits that one to the file's text; one without a UID
pairs with an item of equal content. Items that the files don't hold stay as they
are; of one that they do hold, fields that its text there hasn't go, and how many
items lost some is told. cradle undo takes back runs of sync, not an import: make
an export before (cradle export --format vdir FOLDER) of what you may want again.
A .txt or .md file becomes a note with the file's name as its title; of folders
such files are taken only with --texts.

With --match a contact without a UID also pairs with the one of the same name and
number or e-mail address, and an event with the one of the same subject and start:
what that one lacks is added, and nothing of it changed. Each pair is told with its
reason; where two would fit, none is made.`,
		Example: "  cradle import contacts.vcf\n  cradle import --collection club ~/club.ics\n  cradle import ~/vdir",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return g.runImport(c.Context(), args, importFiles{collection: collection, texts: texts, match: match})
		},
	}
	c.Flags().StringVar(&collection, "collection", "", "put new items into this collection (default: the folder's name, else personal)")
	c.Flags().BoolVar(&texts, "texts", false, "of folders, take .txt and .md files too, a note each")
	c.Flags().BoolVar(&match, "match", false, "merge what has no UID into the item that it surely is, and tell why")
	return c
}

func (g *globals) runImport(ctx context.Context, args []string, r importFiles) error {
	for _, path := range args {
		if err := r.add(ctx, g, path); err != nil {
			return err
		}
	}
	if r.plain > 0 {
		g.note("%s left out; --texts takes them, a note each", count(r.plain, "plain text (.txt, .md) was", "plain texts (.txt, .md) were"))
	}
	unlock, err := g.lockStore(ctx, "cradle import")
	if err != nil {
		return err
	}
	defer unlock()
	s, err := g.openStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	res, err := s.Import(ctx, r.files)
	if err != nil {
		return err
	}
	doc := importDocument{Version: 1, Created: res.Created, Updated: res.Updated, Unchanged: res.Unchanged, Lessened: res.Lessened, Problems: r.problems}
	for _, p := range res.Problems {
		doc.Problems = append(doc.Problems, problemDocument{p.Path, p.Line, p.Reason, p.Lost})
	}
	for _, m := range res.Matches {
		doc.Matches = append(doc.Matches, matchDocument{m.Path, m.Item.String(), m.Summary, m.Reason, m.Merged})
	}
	return g.imported(&doc)
}

func (g *globals) imported(doc *importDocument) error {
	if doc.Problems == nil {
		doc.Problems = []problemDocument{}
	}
	if doc.Matches == nil {
		doc.Matches = []matchDocument{}
	}
	if g.json {
		if err := g.print(doc); err != nil {
			return err
		}
	} else {
		g.say("%d new, %d changed, %d unchanged", doc.Created, doc.Updated, doc.Unchanged)
		if doc.Lessened > 0 {
			g.say("%s something that the file's text hasn't, and that is gone here: cradle undo doesn't bring it back", count(doc.Lessened, "item had", "items had"))
		}
		for _, m := range doc.Matches {
			what := "merged into"
			if !m.Merged {
				what = "new, but perhaps"
			}
			g.say("%s %s: %s", what, plain(m.Summary), m.Reason)
		}
		g.sayProblems(doc.Problems)
	}
	if slices.ContainsFunc(doc.Problems, func(p problemDocument) bool { return p.Lost }) {
		return quiet(exitItemsFailed)
	}
	return nil
}

// maxRepairs is how many repairs of one file a person is shown.
const maxRepairs = 3

// sayProblems tells what was left out, and of each file that came in the first few
// repairs.
func (g *globals) sayProblems(list []problemDocument) {
	repairs, all := map[string]int{}, map[string]int{}
	for _, p := range list {
		if !p.Lost {
			all[p.Path]++
		}
	}
	for _, p := range list {
		where, what := p.Path, "left out"
		if p.Line > 0 {
			where = fmt.Sprintf("%s:%d", p.Path, p.Line)
		}
		if !p.Lost {
			repairs[p.Path]++
			if what = "note"; repairs[p.Path] > maxRepairs {
				continue
			}
		}
		fmt.Fprintf(g.stderr, "%s: %s: %s\n", what, plain(where), plain(p.Reason))
		if rest := all[p.Path] - maxRepairs; rest > 0 && !p.Lost && repairs[p.Path] == maxRepairs {
			fmt.Fprintf(g.stderr, "… and %s of %s (--json lists all)\n", count(rest, "more note", "more notes"), plain(p.Path))
		}
	}
}

// importFiles gathers the files of an import before anything is written.
type importFiles struct {
	collection string // of all; empty: by folder
	texts      bool   // plain texts of folders too
	match      bool
	files      []hostprovider.ImportFile
	problems   []problemDocument
	plain      int // plain texts of folders that weren't taken
}

// importable are the extensions that are taken from folders.
var importable = []string{".vcf", ".vcard", ".ics", ".ical", ".ifb", ".vcs", ".vnt"}

func (r *importFiles) add(ctx context.Context, g *globals, path string) error {
	pipe := path == "-" // can't be read a second time
	if !pipe {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.IsDir() {
			return r.addFolder(ctx, path)
		}
		if info.Mode()&fs.ModeDevice != 0 {
			return usageError("%s is a device, not a file: use - for standard input", path)
		}
		pipe = !info.Mode().IsRegular()
	}
	f := hostprovider.ImportFile{Path: path, Collection: r.collection, Match: r.match, Open: opened(path)}
	if pipe {
		kept, err := g.keepPipe(path)
		if err != nil {
			return err
		}
		f.Open = kept.open
	}
	r.files = append(r.files, f)
	return nil
}

// keepPipe reads standard input ("-") or another pipe to its end.
func (g *globals) keepPipe(path string) (*spool, error) {
	if path == "-" {
		s, err := spooled(g.stdin)
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return s, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return spooled(f)
}

// opened opens the file at path when its turn has come.
func opened(path string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return os.Open(path) }
}

// takes reports whether a file of a folder is taken, by its extension.
func (r *importFiles) takes(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return slices.Contains(importable, ext) || r.texts && slices.Contains(pim.PlainNoteExtensions, ext)
}

// addFolder takes the files of a folder and those below. One that can't be read
// is listed, and doesn't stop the others.
func (r *importFiles) addFolder(ctx context.Context, root string) error {
	abs, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	problem := func(path string, err error) {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		r.problems = append(r.problems, problemDocument{Path: path, Reason: err.Error(), Lost: true})
	}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		hidden := path != root && strings.HasPrefix(d.Name(), ".")
		switch {
		case err != nil:
			problem(path, err)
			return nil
		case hidden && d.IsDir():
			return fs.SkipDir
		case d.IsDir(), hidden:
			return nil
		case !r.takes(path):
			if slices.Contains(pim.PlainNoteExtensions, strings.ToLower(filepath.Ext(path))) {
				r.plain++
			}
			return nil
		}
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			if err != nil {
				problem(path, err)
			}
			return nil
		}
		collection := r.collection
		if collection == "" {
			folder := filepath.Base(filepath.Dir(path))
			if filepath.Dir(path) == filepath.Clean(root) {
				folder = filepath.Base(abs)
			}
			collection = collectionOf(folder)
		}
		r.files = append(r.files, hostprovider.ImportFile{Path: path, Collection: collection, Match: r.match, Open: opened(path)})
		return nil
	})
}
