package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
	"unicode/utf8"

	"cradle/hostprovider"
	"cradle/pim"

	"github.com/spf13/cobra"
)

func editCommand(g *globals) *cobra.Command {
	from, occurrence, set := "", "", []string(nil)
	c := &cobra.Command{
		Use:   "edit ID|UID",
		Short: "Edit an item's text",
		Long: `Edit opens an item's text in $VISUAL, else $EDITOR, and stores what is saved
there; --from takes the new text from a file or, with -, from standard input.
Only the fields that differ count as edited. --set gives one property of cradle
show --wpd another value, an empty one takes it out: just the line that it stands
for changes, and keeps its label and parameters. With --occurrence it is of one
time of a series alone. cradle undo takes back runs of sync, not an edit: save what
you may want again (cradle show --raw ID > FILE).`,
		Example: "  cradle edit 3f9a1c2e\n  cradle edit 3f9a --set WPD_CONTACT_MOBILE_PHONE='+44 20 1234'\n  cradle show --raw 3f9a | sed s/Ada/Augusta/ | cradle edit 3f9a --from -",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(set) > 0 && from != "" {
				return usageError("--from and --set are two ways to edit an item: choose one")
			}
			if occurrence != "" && len(set) == 0 {
				return usageError("--occurrence goes with --set (cradle delete --occurrence takes one out)")
			}
			if len(set) > 0 {
				return g.editProperties(c.Context(), args[0], occurrence, set)
			}
			if from == "" {
				return g.editByHand(c.Context(), args[0])
			}
			text, err := g.readArg(from)
			if err != nil {
				return err
			}
			return g.editTo(c.Context(), args[0], text, nil)
		},
	}
	c.Flags().StringVar(&from, "from", "", "take the new text from `FILE` (-: standard input)")
	c.Flags().StringArrayVar(&set, "set", nil, "give the property `NAME=VALUE` of show --wpd (again for a further one)")
	c.Flags().StringVar(&occurrence, "occurrence", "", "with --set: of the one that would begin at `TIME` alone (2026-06-11T10:00, 2026-06-11)")
	return c
}

// readArg reads a file that was named on the command line; - is standard input.
func (g *globals) readArg(path string) ([]byte, error) {
	if path == "-" {
		b, err := io.ReadAll(g.stdin)
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return b, nil
	}
	return os.ReadFile(path)
}

// editTo makes the text of the item that a name means the given one. With was
// set the item must still have that text.
func (g *globals) editTo(ctx context.Context, name string, text, was []byte) error {
	s, done, err := g.changeStore(ctx, "cradle edit")
	if err != nil {
		return err
	}
	defer done()
	it, err := one(ctx, s, name)
	if err != nil {
		return err
	}
	if was != nil && !bytes.Equal(it.Text, was) {
		return &failure{exit: exitFailure, Code: "changed", What: "the item was changed in the meantime",
			Why: "another command or program edited it", Next: g.command("edit " + it.ID.String()[:8])}
	}
	changed := !bytes.Equal(it.Text, text)
	if changed {
		if _, _, err := s.Edit(ctx, it.ID.String(), text); err != nil {
			return err
		}
		if it, err = one(ctx, s, it.ID.String()); err != nil {
			return err
		}
	}
	if g.json {
		return g.print(changeDocument{Version: 1, Changed: changed, Items: []itemDocument{document(it)}})
	}
	if !changed {
		g.say("nothing changed: %s  %s", it.ID.String()[:8], titled(it.Summary))
		return nil
	}
	g.say("edited %s  %s", it.ID.String()[:8], titled(it.Summary))
	return nil
}

// editProperties gives properties of an item's view other values; of one occurrence of a
// series if occurrence names it.
func (g *globals) editProperties(ctx context.Context, name, occurrence string, set []string) error {
	var edits []pim.WPDEdit
	for _, s := range set {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return usageError("--set %q: want NAME=VALUE", s)
		}
		edits = append(edits, pim.WPDEdit{Name: strings.TrimSpace(key), Text: value})
	}
	return g.editView(ctx, name, occurrence, edits)
}

// editView makes edits of an item's view, or of an occurrence's; without edits the occurrence
// is taken out of its series.
func (g *globals) editView(ctx context.Context, name, occurrence string, edits []pim.WPDEdit) error {
	var original time.Time
	if occurrence != "" {
		var err error
		if original, err = occurrenceTime(occurrence); err != nil {
			return err
		}
	}
	it, err := g.readOne(ctx, name)
	if err != nil {
		return err
	}
	k, bag, err := bagOf(it)
	switch {
	case err != nil:
	case occurrence == "":
		bag, err = k.EditWPD(bag, edits, g.now(), time.Local)
	default:
		bag, err = k.EditWPDOccurrence(bag, original, edits, g.now(), time.Local)
	}
	if err != nil {
		f := &failure{exit: exitFailure, Code: "property", What: "nothing was changed: the property can't be set", Why: err.Error(),
			Next: g.command("show --wpd " + it.ID.String()[:8]), err: err}
		if errors.Is(err, pim.ErrNoOccurrence) {
			f.Code, f.What, f.Next = "no-occurrence", "nothing was changed: there is no such occurrence", g.command("show "+it.ID.String()[:8])
		}
		return f
	}
	return g.editTo(ctx, it.ID.String(), k.Text(bag), it.Text)
}

// occurrenceTime reads the time of an occurrence, on this computer's clock or in UTC.
func occurrenceTime(s string) (time.Time, error) {
	for _, form := range []string{"20060102T150405Z", "2006-01-02T15:04:05Z"} {
		if t, err := time.Parse(form, s); err == nil {
			return t, nil
		}
	}
	for _, form := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(form, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usageError("--occurrence %q: want a time such as 2026-06-11T10:00, or a day of one without times: 2026-06-11", s)
}

// one finds the one item that a name means.
func one(ctx context.Context, s *hostprovider.Store, name string) (hostprovider.Item, error) {
	its, err := s.Show(ctx, name)
	if err != nil {
		return hostprovider.Item{}, err
	}
	if len(its) > 1 {
		return hostprovider.Item{}, fmt.Errorf("%q: %w", name, hostprovider.ErrAmbiguous)
	}
	return its[0], nil
}

// editByHand lets a person edit the text in an editor. The store isn't locked
// meanwhile. A text that isn't taken stays in its file.
func (g *globals) editByHand(ctx context.Context, name string) error {
	it, err := g.readOne(ctx, name)
	if err != nil {
		return err
	}
	if !utf8.Valid(it.Text) || bytes.IndexByte(it.Text, 0) >= 0 {
		return &failure{exit: exitFailure, Code: "not-text", What: "an editor would spoil this item",
			Why: "its text isn't UTF-8", Next: g.command("edit " + it.ID.String()[:8] + " --from FILE")}
	}
	path, err := editorFile(it)
	if err != nil {
		return err
	}
	given, crlf := editorForm(it.Text)
	err = os.WriteFile(path, given, 0o600)
	if err == nil {
		err = g.runEditor(path)
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	if err != nil || bytes.Equal(text, given) {
		os.Remove(path)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		text = it.Text
		return g.editTo(ctx, it.ID.String(), text, nil)
	}
	if crlf && !bytes.Contains(text, []byte("\r")) {
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	}
	if err := ctx.Err(); err == nil {
		if err = g.editTo(ctx, it.ID.String(), text, it.Text); err == nil {
			os.Remove(path)
			return nil
		}
		f := *g.explain(err)
		f.Next = "your text is kept: " + g.command(fmt.Sprintf("edit %s --from %s", it.ID.String()[:8], quoteArg(path)))
		return &f
	}
	fmt.Fprintf(g.stderr, "your text is kept in %s\n", path)
	return ctx.Err()
}

func (g *globals) readOne(ctx context.Context, name string) (hostprovider.Item, error) {
	s, err := g.readStore(ctx)
	if err != nil {
		return hostprovider.Item{}, err
	}
	defer s.Close()
	return one(ctx, s, name)
}

// editorForm is a text as an editor gets it: without the carriage returns that
// most would show, if every line has one.
func editorForm(text []byte) (given []byte, crlf bool) {
	n := bytes.Count(text, []byte("\r\n"))
	if n == 0 || n != bytes.Count(text, []byte("\n")) || n != bytes.Count(text, []byte("\r")) {
		return text, false
	}
	return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), true
}

// editorFile makes an empty file that only its owner can read.
func editorFile(it hostprovider.Item) (string, error) {
	f, err := os.CreateTemp("", "cradle-"+it.ID.String()[:8]+"-*"+extension(it.Kind)) // 0600
	if err != nil {
		return "", fmt.Errorf("making a file for the editor: %w", err)
	}
	return f.Name(), f.Close()
}

// extension is the file name extension of a kind.
func extension(kind string) string {
	if kind == "contacts" {
		return ".vcf"
	}
	return ".ics"
}

// runEditor runs the editor of the environment, a shell command as git takes it.
func (g *globals) runEditor(path string) error {
	editor := os.Getenv("VISUAL")
	if editor == "" {
		editor = os.Getenv("EDITOR")
	}
	for _, name := range []string{"editor", "nano", "vi"} {
		if editor != "" {
			break
		}
		if _, err := exec.LookPath(name); err == nil {
			editor = name
		}
	}
	if editor == "" {
		return &failure{exit: exitFailure, Code: "no-editor", What: "there is no editor", Why: "VISUAL and EDITOR aren't set", Next: "cradle edit ID --from FILE"}
	}
	// No context: a Ctrl-C is the editor's own while it has the terminal.
	e := exec.Command("sh", "-c", editor+` "$@"`, editor, path)
	e.Stdin, e.Stdout, e.Stderr = g.stdin, g.stdout, g.stderr
	if g.json {
		e.Stdout = g.stderr // standard output is the document's
	}
	if err := e.Run(); err != nil {
		return &failure{exit: exitFailure, Code: "editor", What: "nothing was changed: the editor ended with an error", Why: err.Error(), Next: "set EDITOR to an editor that runs", err: err}
	}
	return nil
}
