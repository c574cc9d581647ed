package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"cradle/hostprovider"
)

// backupFolder is where backups of the store lie: beside it.
func (g *globals) backupFolder() string {
	return filepath.Join(filepath.Dir(g.storePath()), "backups")
}

// stamp is the part of a file name that says when; names sort by it.
func (g *globals) stamp() string { return g.now().UTC().Format("20060102T150405Z") }

// backup copies a store that has anything in it, and returns the copy's path.
func (g *globals) backup(ctx context.Context, s *hostprovider.Store) (string, error) {
	if isEmpty(s) {
		return "", nil
	}
	base := strings.TrimSuffix(filepath.Base(g.storePath()), ".db")
	for n := 1; ; n++ {
		name := base + "-" + g.stamp()
		if n > 1 {
			name += fmt.Sprintf("-%d", n)
		}
		path := filepath.Join(g.backupFolder(), name+".db")
		err := s.Backup(ctx, path)
		if errors.Is(err, fs.ErrExist) && n < 100 {
			continue
		}
		if err != nil {
			return "", err
		}
		return path, nil
	}
}

// backups lists the backups of the store, the newest first: those of pair, and those
// of upgrades, which lie beside the store.
func (g *globals) backups() []string {
	base := strings.TrimSuffix(filepath.Base(g.storePath()), ".db")
	own, _ := filepath.Glob(filepath.Join(g.backupFolder(), quoteGlob(base)+"-????????T??????Z*.db")) // the pattern is right
	slices.Sort(own)
	slices.Reverse(own)
	upgrade, _ := filepath.Glob(quoteGlob(g.storePath()) + ".v*.bak")
	slices.Sort(upgrade)
	slices.Reverse(upgrade)
	return append(own, upgrade...)
}

// quoteGlob makes a text stand for itself in a pattern.
func quoteGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(s)
}
