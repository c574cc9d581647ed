package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"cradle/hostprovider"
	"cradle/pim"

	"github.com/spf13/cobra"
)

// exportDocument is export's JSON.
type exportDocument struct {
	Version int               `json:"version"`
	Format  string            `json:"format"`
	Path    string            `json:"path"`
	Items   int               `json:"items"`   // that are in the file or folder now
	Written int               `json:"written"` // files
	Failed  []problemDocument `json:"failed"`
	// Untranslated: what stands in the version asked for in words of another one.
	Untranslated []untranslatedDocument `json:"untranslated,omitempty"`

	bareNotes int // VNOTEs in an .ics file
}

type untranslatedDocument struct {
	Item    string   `json:"item"`
	Summary string   `json:"summary"`
	Names   []string `json:"names"` // of the lines
}

// The formats of an export.
const (
	formatVCF  = "vcf"
	formatICS  = "ics"
	formatVdir = "vdir"
	formatTXT  = "txt"
)

type exportOptions struct {
	query     hostprovider.Query
	format    string
	vcard     string // the version of cards; "": each as it is
	vcalendar string // the version of events and tasks
}

func exportCommand(g *globals) *cobra.Command {
	o := exportOptions{}
	c := &cobra.Command{
		Use:   "export PATH|-",
		Short: "Write the store's items to a file or folder",
		Long: `Export writes contacts into one .vcf file, or events, tasks and notes into one
.ics file, or all kinds into a folder with one file an item (vdir):
contacts/COLLECTION/*.vcf, calendars/, tasks/ and notes/COLLECTION/*.ics. With
--format txt notes go as plain texts into notes/COLLECTION/*.txt below a folder,
or one after the other into a .txt file or to -: for reading, since a text can't hold all of a note. The
format is PATH's extension, a folder is vdir. A file is replaced in one step once
the new one is whole. In a folder only files of an earlier export of the same
item are replaced; nothing is deleted.

Each item goes out as it came in, byte for byte. For a program or a phone that
reads one version only, --vcard and --vcalendar write all in that version: what
it can't say is carried in X- properties.`,
		Example: "  cradle export contacts.vcf\n  cradle export --kind events - | less\n  cradle export --format vdir ~/backup\n  cradle export --vcard 2.1 nokia.vcf",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return g.runExport(c.Context(), args[0], o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.query.Kind, "kind", "", "only this `KIND`: contacts, events, tasks or notes")
	f.StringVar(&o.query.Collection, "collection", "", "only this collection")
	f.StringVar(&o.format, "format", "", "vcf, ics, vdir or txt (default: by PATH or KIND)")
	f.StringVar(&o.vcard, "vcard", "", "write contacts in this `VERSION`: 2.1, 3.0 or 4.0")
	f.StringVar(&o.vcalendar, "vcalendar", "", "write events and tasks in this `VERSION`: 1.0 or 2.0; with 2.0 notes too")
	completeKinds(c)
	completeWords(c, "format", formatVCF, formatICS, formatVdir, formatTXT)
	completeWords(c, "vcard", "2.1", "3.0", "4.0")
	completeWords(c, "vcalendar", "1.0", "2.0")
	return c
}

// convert brings an item's text into the version asked for.
func (o *exportOptions) convert(it *hostprovider.Item, doc *exportDocument) error {
	k, _ := pim.KindByName(it.Kind)
	version := o.vcard
	switch k {
	case pim.Contacts:
	case pim.Events, pim.Tasks:
		version = o.vcalendar
	case pim.Notes:
		if o.vcalendar == "2.0" { // 1.0 has no notes
			version = o.vcalendar
		}
	}
	if version == "" {
		return nil
	}
	d, _ := k.DialectByVersion(version) // looked at by complete
	item, err := k.New(it.Text, "")
	if err != nil {
		return err
	}
	if item, err = k.Convert(item, d); err != nil {
		return err
	}
	it.Text = k.Text(item)
	if names := k.Untranslated(item); len(names) > 0 {
		doc.Untranslated = append(doc.Untranslated, untranslatedDocument{it.ID.String(), it.Summary, names})
	}
	return nil
}

// bareNote counts a note that goes into a calendar file in a form that no calendar has.
func (doc *exportDocument) bareNote(text []byte) {
	if isVNote(text) {
		doc.bareNotes++
	}
}

// tellTranslated tells what an iCalendar or vCalendar reader won't know.
func (g *globals) tellTranslated(doc *exportDocument, o exportOptions) {
	if n := doc.bareNotes; n > 0 {
		g.note("%s in it as a VNOTE, which isn't iCalendar and which few programs read: --vcalendar 2.0 writes it as VJOURNAL", count(n, "note stands", "notes stand"))
	}
	shown := doc.Untranslated[:min(len(doc.Untranslated), maxShown)]
	for _, u := range shown {
		g.note("%s: %s has no words in version %s and stands as it is: another program may not read it", plain(cmp.Or(u.Summary, u.Item)), strings.Join(u.Names, ", "), o.vcalendar)
	}
	if n := len(doc.Untranslated) - len(shown); n > 0 {
		g.note("… and %d more such (--json lists all)", n)
	}
}

// left lists an item that could not be written.
func (doc *exportDocument) left(path string, err error) {
	doc.Failed = append(doc.Failed, problemDocument{Path: path, Reason: err.Error(), Lost: true})
}

func (g *globals) runExport(ctx context.Context, path string, o exportOptions) error {
	if err := o.complete(path); err != nil {
		return err
	}
	if g.json && path == "-" {
		return usageError("--json with -: standard output can't be both")
	}
	if _, err := os.Stat(g.storePath()); errors.Is(err, fs.ErrNotExist) {
		return &failure{exit: exitFailure, Code: "not-found", What: fmt.Sprintf("there is no store at %s", g.storePath()), Why: "nothing was written", Next: g.command("sync"), err: err}
	}
	if sameFile(path, g.storePath()) {
		return usageError("%s is the store itself: export to another file", path)
	}
	s, err := g.readStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := g.hasCollection(ctx, s, o.query); err != nil {
		return err
	}
	doc := exportDocument{Version: 1, Format: o.format, Path: path, Failed: []problemDocument{}}
	if o.format == formatVdir || o.format == formatTXT && path != "-" && !strings.EqualFold(filepath.Ext(path), ".txt") {
		err = g.exportFolder(ctx, s, path, o, &doc)
	} else {
		err = g.exportFile(ctx, s, path, o, &doc)
	}
	if err != nil {
		return err
	}
	if g.json {
		if err := g.print(doc); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(g.stderr, "%s in %s\n", count(doc.Items, "item", "items"), path)
		for _, p := range doc.Failed {
			fmt.Fprintf(g.stderr, "left out: %s: %s\n", plain(p.Path), plain(p.Reason))
		}
		g.tellTranslated(&doc, o)
	}
	if len(doc.Failed) > 0 {
		return quiet(exitItemsFailed)
	}
	return nil
}

// hasCollection refuses a collection that isn't there: a slip of the pen would replace a
// good file by an empty one.
func (g *globals) hasCollection(ctx context.Context, s *hostprovider.Store, q hostprovider.Query) error {
	if q.Collection == "" {
		return nil
	}
	list, err := s.Collections(ctx)
	if err != nil || slices.ContainsFunc(list, func(c hostprovider.Collection) bool {
		return c.Name == q.Collection && (q.Kind == "" || c.Kind == q.Kind)
	}) {
		return err
	}
	return &failure{exit: exitFailure, Code: "not-found", What: "no such collection", Why: strings.TrimPrefix(q.Kind+" ", " ") + fmt.Sprintf("%q: nothing was written", q.Collection), Next: g.command("collections")}
}

// complete finds the format, and refuses what doesn't go together.
func (o *exportOptions) complete(path string) error {
	if o.query.Kind != "" {
		if _, ok := pim.KindByName(o.query.Kind); !ok {
			return usageError("--kind %q: want contacts, events, tasks or notes", o.query.Kind)
		}
	}
	if _, ok := pim.Contacts.DialectByVersion(o.vcard); !ok && o.vcard != "" {
		return usageError("--vcard %q: want 2.1, 3.0 or 4.0", o.vcard)
	}
	if _, ok := pim.Events.DialectByVersion(o.vcalendar); !ok && o.vcalendar != "" {
		return usageError("--vcalendar %q: want 1.0 or 2.0", o.vcalendar)
	}
	if o.format == "" {
		o.format = o.guess(path)
	}
	if o.vcalendar == "" && o.format == formatICS && strings.EqualFold(filepath.Ext(path), ".vcs") {
		o.vcalendar = "1.0"
	}
	switch o.format {
	case "":
		const unclear = "the format isn't clear: say --format vcf, ics, vdir or txt"
		if path != "-" && filepath.Ext(path) == "" { // it may be meant to become a folder
			return &failure{exit: exitUsage, Code: "usage", What: unclear, Why: path + " isn't there, and its name doesn't say",
				Next: "cradle export --format vdir " + quoteArg(path)}
		}
		return usageError(unclear)
	case formatVdir:
		if path == "-" {
			return usageError("--format vdir writes a folder, not standard output")
		}
	case formatVCF:
		if o.query.Kind == "" {
			o.query.Kind = pim.Contacts.Name()
		}
		if o.query.Kind != pim.Contacts.Name() {
			return usageError("--format vcf holds contacts, not %s: use ics", o.query.Kind)
		}
	case formatICS:
		if o.query.Kind == pim.Contacts.Name() {
			return usageError("--format ics holds events, tasks and notes, not contacts: use vcf")
		}
	case formatTXT:
		if o.query.Kind == "" {
			o.query.Kind = pim.Notes.Name()
		}
		if o.query.Kind != pim.Notes.Name() {
			return usageError("--format txt holds notes, not %s: use vcf or ics", o.query.Kind)
		}
	default:
		return usageError("--format %q: want vcf, ics, vdir or txt", o.format)
	}
	return nil
}

func (o *exportOptions) guess(path string) string {
	if path != "-" {
		if info, err := os.Stat(path); err == nil && info.IsDir() || strings.HasSuffix(path, "/") {
			return formatVdir
		}
		switch strings.ToLower(filepath.Ext(path)) {
		case ".vcf", ".vcard":
			return formatVCF
		case ".ics", ".ical", ".vcs":
			return formatICS
		case ".txt":
			return formatTXT
		}
	}
	switch o.query.Kind {
	case "":
		switch {
		case o.vcard != "" && o.vcalendar == "":
			return formatVCF
		case o.vcalendar != "" && o.vcard == "":
			return formatICS
		}
		return ""
	case pim.Contacts.Name():
		return formatVCF
	}
	return formatICS
}

// exportFile writes all items into one file.
func (g *globals) exportFile(ctx context.Context, s *hostprovider.Store, path string, o exportOptions, doc *exportDocument) error {
	var texts [][]byte
	err := s.Export(ctx, o.query, func(it hostprovider.Item) error {
		if o.format != formatVCF && it.Kind == pim.Contacts.Name() {
			return nil
		}
		if err := o.convert(&it, doc); err != nil {
			doc.left(it.ID.String(), err)
			return nil
		}
		if o.format == formatICS {
			doc.bareNote(it.Text)
		}
		texts = append(texts, it.Text)
		return nil
	})
	if err != nil {
		return err
	}
	body := pim.ExportICS
	switch o.format {
	case formatVCF:
		body = pim.ExportVCF
	case formatTXT:
		body = plainTexts
	}
	doc.Items, doc.Written = len(texts), 1
	if path == "-" {
		if _, err := g.stdout.Write(body(texts)); err != nil {
			return fmt.Errorf("writing standard output: %w", err)
		}
		return nil
	}
	return replaceFile(path, body(texts), true)
}

// plainTexts are notes one after the other, for reading.
func plainTexts(texts [][]byte) []byte {
	var b []byte
	for i, t := range texts {
		if i > 0 {
			b = append(b, "\n----\n\n"...)
		}
		b = append(b, pim.PlainText(t)...)
	}
	return b
}

// replaceFile puts a whole new file in the place of another in one step; with flush
// set it is on the disk before. A link stays one: what it names is replaced. The
// mode stays; a new file is its owner's alone. What is no regular file (a pipe) is
// written as it stands.
func replaceFile(path string, body []byte, flush bool) (err error) {
	path, err = linked(path)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		if info.IsDir() {
			return &failure{exit: exitUsage, Code: "usage", What: path + " is a folder", Next: "name a file in it, or use --format vdir"}
		}
		if !info.Mode().IsRegular() {
			return os.WriteFile(path, body, 0o600)
		}
		mode = info.Mode().Perm()
	}
	defer func() {
		var pe *fs.PathError
		if errors.As(err, &pe) { // a person knows nothing of the file beside it
			err = &fs.PathError{Op: pe.Op, Path: path, Err: pe.Err}
		}
	}()
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(body); err != nil {
		return err
	}
	if mode != 0o600 {
		if err := f.Chmod(mode); err != nil {
			return err
		}
	}
	if flush {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// linked follows symbolic links, also one to a file that isn't there yet.
func linked(path string) (string, error) {
	for range 40 {
		to, err := os.Readlink(path)
		if err != nil {
			return path, nil //nolint:nilerr // no link, or nothing there: the way ends here
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
}

// errForeignFile: the name belongs to a file that no export made.
var errForeignFile = errors.New("a file that isn't from an export of this item has that name")

// sameFile reports whether two paths lead to one file that is there.
func sameFile(a, b string) bool {
	ai, err := os.Stat(a)
	if err != nil {
		return false
	}
	bi, err := os.Stat(b)
	return err == nil && os.SameFile(ai, bi)
}
