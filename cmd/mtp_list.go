package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"time"

	"cradle/mtp"
	"cradle/mtp/files"

	"github.com/spf13/cobra"
)

// mtpListDocument is mtp ls's JSON.
type mtpListDocument struct {
	Version int        `json:"version"`
	Entries []mtpEntry `json:"entries"`
	// Partial: the phone would not tell of some of the objects.
	Partial bool `json:"partial"`
	// Failed are paths that aren't there, and folders that couldn't be listed.
	Failed []mtpFailure `json:"failed"`
}

type mtpEntry struct {
	Path     string     `json:"path"`
	Folder   bool       `json:"folder"`
	Size     *uint64    `json:"size"` // null: a folder's, or the phone doesn't say
	Modified *time.Time `json:"modified"`
	Format   string     `json:"format"`
	Name     string     `json:"name"` // as the phone has it, which the path may not
}

func mtpListCommand(g *globals, sel *string) *cobra.Command {
	deep := false
	c := &cobra.Command{
		Use:     "ls [PATH…]",
		Short:   "List files and folders of the phone",
		Example: "  cradle mtp ls /DCIM\n  cradle mtp ls -r \"SD card:/\"",
		RunE: func(c *cobra.Command, paths []string) error {
			if len(paths) == 0 {
				paths = []string{"/"}
			}
			return g.runMTPList(c.Context(), *sel, paths, deep)
		},
	}
	c.Flags().BoolVarP(&deep, "recursive", "r", false, "with all that is below")
	return c
}

func (g *globals) runMTPList(ctx context.Context, sel string, paths []string, deep bool) error {
	_, t, done, err := g.openTree(ctx, sel)
	if err != nil {
		return err
	}
	defer done()
	doc := mtpListDocument{Version: 1, Entries: []mtpEntry{}, Failed: []mtpFailure{}}
	// A listing without --json comes as it goes, some hundred lines at a time.
	lines := bufio.NewWriterSize(g.stdout, 32<<10)
	defer lines.Flush()
	flushed := time.Now()
	shown := 0
	show := func(n files.Node) {
		shown++
		e := mtpEntry{Path: n.Path, Folder: n.IsFolder(), Format: n.Entry.Format.String(), Name: n.Entry.Name}
		if !e.Folder && n.Entry.Size != mtp.NoSize {
			e.Size = &n.Entry.Size
		}
		if m := n.Modified(); !m.IsZero() {
			m = m.UTC()
			e.Modified = &m
		}
		if g.json {
			doc.Entries = append(doc.Entries, e)
			return
		}
		size, when := "?", "–"
		switch {
		case e.Folder:
			size = "–"
		case e.Size != nil:
			size = megabytes(*e.Size)
		}
		if e.Modified != nil {
			when = n.Modified().Format("2006-01-02 15:04")
		}
		name := plain(e.Path)
		if e.Folder {
			name += "/"
		}
		fmt.Fprintf(lines, "%10s  %-16s  %s\n", size, when, name)
		if time.Since(flushed) > 100*time.Millisecond {
			_ = lines.Flush() // as with every line to stdout
			flushed = time.Now()
		}
	}
	alone := failures{t: t}
	fail := func(path string, err error) error {
		only := len(paths) == 1 && shown == 0 && !errors.Is(err, mtp.ErrPartialList)
		if alone.end(err) || only {
			return err
		}
		_ = lines.Flush()
		if errors.Is(err, mtp.ErrPartialList) {
			doc.Partial = true
		} else {
			doc.Failed = append(doc.Failed, mtpFailure{path, err.Error()})
		}
		g.warn("%v", err)
		return nil
	}
	for _, path := range paths {
		n, err := t.Find(ctx, path)
		switch {
		case err != nil:
			err = fail(path, err)
		default:
			err = listNode(ctx, t, n, deep, show, fail)
		}
		if err != nil {
			return err
		}
	}
	if g.json {
		if err := g.print(doc); err != nil {
			return err
		}
	}
	if doc.Partial || len(doc.Failed) > 0 {
		return quiet(exitItemsFailed)
	}
	return nil
}

// listNode shows a file, or what is in a folder. fail takes what couldn't be listed.
func listNode(ctx context.Context, t *files.Tree, n files.Node, deep bool, show func(files.Node), fail func(string, error) error) error {
	if !n.IsFolder() {
		show(n)
		return nil
	}
	if deep {
		return t.Walk(ctx, n, func(c files.Node, err error) error {
			switch {
			case err != nil:
				return fail(c.Path, err)
			case c.Path != n.Path:
				show(c)
			}
			return nil
		})
	}
	all, err := t.List(ctx, n)
	for _, c := range all {
		show(c)
	}
	if err != nil {
		return fail(n.Path, err)
	}
	return nil
}
