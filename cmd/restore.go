package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"cradle/hostprovider"
)

// restore puts a backup into the place of a broken store; that is moved aside.
func (g *globals) restore(ctx context.Context, o doctorOptions) error {
	unlock, err := g.lockStore(ctx, "cradle doctor --restore")
	if err != nil {
		return err
	}
	defer unlock()
	path := g.storePath()
	if !o.yes {
		if broken, err := g.broken(ctx); err != nil {
			return err
		} else if !broken {
			return &failure{exit: exitFailure, Code: "not-broken", What: "the store isn't broken", Why: path + " can be used; a backup would take its place",
				Next: g.command("doctor --restore --yes") + ", if it is wanted all the same"}
		}
	}
	list := []string{o.backup}
	if o.backup == "" {
		list = g.backups()
	}
	last := error(&failure{exit: exitFailure, Code: "no-backup", What: "there is no backup of the store", Why: "none in " + g.backupFolder() + ", and none of an upgrade beside the store",
		Next: "name one: cradle doctor --restore FILE; or sync a phone into a new store: cradle sync --store FILE"})
	for _, b := range list {
		moved, err := hostprovider.Restore(ctx, b, path, path+".broken-"+g.stamp(), hostprovider.Options{Wait: lockWait, Now: g.now, Log: g.log()})
		if err == nil {
			fmt.Fprintf(g.stderr, "The backup %s is the store now.\n", b)
			if moved != "" {
				fmt.Fprintf(g.stderr, "What was there lies in %s\n", moved)
			}
			fmt.Fprintf(g.stderr, "The next sync brings back what the phones have and the backup hasn't.\n")
			return nil
		}
		fmt.Fprintf(g.stderr, "%s: %s\n", b, plain(err.Error()))
		last = err
		if ctx.Err() != nil {
			break
		}
	}
	return last
}

// broken reports whether the store can't be used, or isn't there.
func (g *globals) broken(ctx context.Context) (bool, error) {
	s, err := hostprovider.Open(ctx, g.storePath(), hostprovider.Options{ReadOnly: true, Wait: lockWait, Now: g.now, Log: g.log()})
	switch {
	case errors.Is(err, hostprovider.ErrForeign), errors.Is(err, fs.ErrNotExist):
		return true, nil
	case errors.Is(err, hostprovider.ErrReadOnly): // of an older version
		return false, nil
	case err != nil:
		return false, err
	}
	defer s.Close()
	wrong, err := s.Check(ctx)
	if errors.Is(err, hostprovider.ErrForeign) {
		return true, nil
	}
	return len(wrong) > 0, err
}
