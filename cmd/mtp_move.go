package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"cradle/mtp"
	"cradle/mtp/files"

	"github.com/spf13/cobra"
)

type mtpMoveOptions struct {
	to                   string
	deep, force, restart bool
}

func mtpGetCommand(g *globals, sel *string) *cobra.Command {
	o := mtpMoveOptions{}
	c := &cobra.Command{
		Use:   "get PATH…",
		Short: "Fetch files from the phone",
		Long: `Get fetches files from the phone into a folder, with their times. A file takes its
place when it is whole. If get is interrupted, by Ctrl-C or the cable, the same
command goes on where it ended. Names of the phone never lead out of the folder.`,
		Example: "  cradle mtp get /DCIM/Camera/film.mp4\n  cradle mtp get -r /DCIM --to ~/Pictures\n  cradle mtp get /notes.txt --to - | less",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(c *cobra.Command, paths []string) error { return g.runMTPGet(c.Context(), *sel, paths, o) },
	}
	c.Flags().StringVar(&o.to, "to", ".", "an existing `FOLDER`, or for a single file its new name, or - for standard output")
	c.Flags().BoolVarP(&o.deep, "recursive", "r", false, "folders with all that is below")
	c.Flags().BoolVar(&o.force, "force", false, "replace files that are there")
	c.Flags().BoolVar(&o.restart, "restart", false, "from the first byte, whatever an interrupted get left")
	return c
}

func mtpPutCommand(g *globals, sel *string) *cobra.Command {
	o := mtpMoveOptions{}
	c := &cobra.Command{
		Use:   "put FILE… --to PATH",
		Short: "Send files to the phone",
		Long: `Put sends files into a folder of the phone, with their times. If a put of a folder, or
of several files, is interrupted, the same command goes on with what isn't there yet.
Only files can be sent, no pipes: a phone wants to know the size before the first byte.`,
		Example: "  cradle mtp put song.mp3 --to /Music\n  cradle mtp put -r Photos --to \"SD card:/\"",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(c *cobra.Command, paths []string) error { return g.runMTPPut(c.Context(), *sel, paths, o) },
	}
	c.Flags().StringVar(&o.to, "to", "", "a folder of the phone, or for a single file its new `PATH`")
	c.Flags().BoolVarP(&o.deep, "recursive", "r", false, "folders with all that is below")
	c.Flags().BoolVar(&o.force, "force", false, "replace files that are there, each once the new one is whole")
	if err := c.MarkFlagRequired("to"); err != nil {
		panic(err)
	}
	return c
}

func mtpRemoveCommand(g *globals, sel *string) *cobra.Command {
	deep := false
	c := &cobra.Command{
		Use:   "rm PATH…",
		Short: "Delete files from the phone, for good",
		Long: `Rm deletes files from the phone, for good. If one of the paths isn't there, nothing
is deleted.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, paths []string) error { return g.runMTPRemove(c.Context(), *sel, paths, deep) },
	}
	c.Flags().BoolVarP(&deep, "recursive", "r", false, "folders with all that is below")
	return c
}

func (g *globals) runMTPGet(ctx context.Context, sel string, paths []string, o mtpMoveOptions) error {
	if o.to == "" {
		return usageError("--to names nothing: . is this folder")
	}
	_, t, done, err := g.openTree(ctx, sel)
	if err != nil {
		return err
	}
	defer done()
	m := g.newMover(t, o)
	var nodes []files.Node
	for _, path := range paths {
		n, err := t.Find(ctx, path)
		if err != nil && len(paths) == 1 {
			return err
		}
		if err != nil {
			if err := m.one(err, path, "", mtpMoved{}); err != nil {
				return m.finish(err)
			}
			continue
		}
		if n.IsFolder() && !o.deep {
			return usageError("%s is a folder: -r fetches it with all that is in it", n.Path)
		}
		nodes = append(nodes, n)
	}
	if o.to == "-" {
		if len(paths) != 1 || nodes[0].IsFolder() || g.json {
			return usageError("--to - is for one file, and without --json")
		}
		out := newInterruptible(ctx, g.stdout)
		defer out.close()
		_, err := t.Copy(ctx, nodes[0], out, m.opts)
		m.bar.done()
		return err
	}
	dir, name, err := localTarget(o.to, len(paths) == 1)
	if err != nil {
		return err
	}
	defer dir.Close()
	nodes, names, err := getTargets(nodes, name)
	if err != nil {
		return err
	}
	for i, n := range nodes {
		if err := m.get(ctx, n, dir, names[i]); err != nil {
			return m.finish(err)
		}
	}
	return m.finish(nil)
}

// localTarget opens the folder that files go into; name is the new name of a
// single one, if there is no folder of that name.
func localTarget(to string, single bool) (dir *os.Root, name string, err error) {
	st, err := os.Stat(to)
	switch {
	case err == nil && st.IsDir():
		dir, err = os.OpenRoot(to)
		return dir, "", err
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, "", err
	case !single || strings.HasSuffix(to, "/"):
		return nil, "", &failure{exit: exitFailure, Code: "not-found", What: "no such folder", Why: to, Next: "mkdir -p " + quoteArg(to), err: fs.ErrNotExist}
	}
	dir, err = os.OpenRoot(filepath.Dir(to))
	return dir, filepath.Base(to), err
}

// get fetches a file, or a folder with all that is below it.
func (m *mover) get(ctx context.Context, top files.Node, dir *os.Root, name string) error {
	return m.t.Walk(ctx, top, func(n files.Node, err error) error {
		if err != nil { // its list, or the rest of it
			return m.one(err, n.Path, "", mtpMoved{})
		}
		to := filepath.Join(name, strings.TrimPrefix(n.Path, top.Path))
		if n.IsFolder() {
			if err := dir.MkdirAll(to, 0o777); err != nil {
				if err := m.one(err, n.Path, "", mtpMoved{}); err != nil {
					return err
				}
				return fs.SkipDir
			}
			return nil
		}
		got, err := m.t.Get(ctx, n, dir, to, m.opts)
		var pe *fs.PathError
		if errors.As(err, &pe) && pe.Path == dir.Name() && errors.Is(err, fs.ErrPermission) {
			return err // no file can be made in the target folder
		}
		local := filepath.Join(dir.Name(), to)
		line := fmt.Sprintf("%s: %s", local, megabytes(got.Bytes))
		switch {
		case got.Resumed == got.Bytes && got.Bytes > 0:
			line += ", was there"
		case got.Resumed > 0:
			line += fmt.Sprintf(", of which %s were there", megabytes(got.Resumed))
		}
		return m.one(err, n.Path, line, mtpMoved{n.Path, local, got.Bytes, got.Resumed})
	})
}

func (g *globals) runMTPPut(ctx context.Context, sel string, from []string, o mtpMoveOptions) error {
	if o.to == "" {
		return usageError("--to names nothing: / is the top folder of the phone")
	}
	sources, err := putSources(from, o.deep)
	if err != nil {
		return err
	}
	_, t, done, err := g.openTree(ctx, sel)
	if err != nil {
		return err
	}
	defer done()
	m := g.newMover(t, o)
	m.again = (o.deep || len(sources) > 1) && !o.force
	folder, err := t.Find(ctx, o.to)
	name := ""
	if errors.Is(err, files.ErrNotFound) && len(sources) == 1 && !strings.HasSuffix(o.to, "/") || err == nil && !folder.IsFolder() && len(sources) == 1 {
		folder, name, err = t.FindNew(ctx, o.to)
	}
	switch {
	case errors.Is(err, files.ErrNotFound) && !errors.Is(err, mtp.ErrPartialList):
		none := cause(err, files.ErrNotFound)
		return &failure{exit: exitFailure, Code: "not-found", What: "no such folder on the phone", Why: none, Next: "give one of " + g.listCommand() + "; cradle mtp put -r FOLDER --to " + quoteArg(none) + " makes it, with what is in FOLDER", err: err}
	case err != nil:
		return err
	}
	for _, s := range sources {
		if err := m.put(ctx, s.path, folder, cmp.Or(name, s.name)); err != nil {
			return m.finish(err)
		}
	}
	return m.finish(nil)
}

// put sends a file, or a folder with all that is below it. Links are left out:
// what they mean elsewhere nobody knows.
func (m *mover) put(ctx context.Context, path string, folder files.Node, name string) error {
	st, err := os.Stat(path)
	if err != nil {
		return m.one(err, path, "", mtpMoved{})
	}
	if st.IsDir() {
		all, err := os.ReadDir(path)
		if err != nil {
			return m.one(err, path, "", mtpMoved{})
		}
		below, err := m.t.MakeFolder(ctx, folder, name)
		if err != nil {
			return m.one(err, path, "", mtpMoved{})
		}
		for _, e := range all {
			if !e.IsDir() && !e.Type().IsRegular() {
				m.g.warn("%s is left out: neither a file nor a folder", filepath.Join(path, e.Name()))
				continue
			}
			if err := m.put(ctx, filepath.Join(path, e.Name()), below, e.Name()); err != nil {
				return err
			}
		}
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return m.one(err, path, "", mtpMoved{})
	}
	defer f.Close()
	size := st.Size()
	if m.again {
		if n, there := m.t.Sent(ctx, folder, name, size, st.ModTime()); there {
			return m.one(nil, path, fmt.Sprintf("%s: %s, was there", n.Path, megabytes(size)), mtpMoved{n.Path, path, size, size})
		}
	}
	n, err := m.t.Put(ctx, folder, name, io.Reader(f), size, st.ModTime(), m.opts)
	return m.one(err, path, fmt.Sprintf("%s: %s", n.Path, megabytes(size)), mtpMoved{n.Path, path, size, 0})
}

func (g *globals) runMTPRemove(ctx context.Context, sel string, paths []string, deep bool) error {
	_, t, done, err := g.openTree(ctx, sel)
	if err != nil {
		return err
	}
	defer done()
	m := g.newMover(t, mtpMoveOptions{})
	var nodes []files.Node
	for _, path := range paths { // before anything is deleted
		n, err := t.Find(ctx, path)
		switch {
		case errors.Is(err, files.ErrNotFound) && len(paths) > 1:
			return fmt.Errorf("nothing was deleted: %w", err)
		case err != nil:
			return err
		case n.IsRoot():
			return usageError("%s is a storage, which can't be deleted", n.Path)
		case n.IsFolder() && !deep:
			return usageError("%s is a folder: -r deletes it with all that is in it", n.Path)
		}
		nodes = append(nodes, n)
	}
	for _, n := range outermost(nodes) {
		err := t.Remove(ctx, n, func(n files.Node) {
			_ = m.one(nil, n.Path, "deleted "+n.Path, mtpMoved{Path: n.Path})
		})
		if err != nil {
			if err := m.one(err, n.Path, "", mtpMoved{}); err != nil {
				return m.finish(err)
			}
		}
	}
	return m.finish(nil)
}
