package cmd

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"cradle/hostprovider"

	"github.com/adrg/xdg"
)

// storePath is the store's file: --store, else the user's own.
func (g *globals) storePath() string {
	if g.store != "" {
		return g.store
	}
	return filepath.Join(xdg.DataHome, "cradle", "store.db")
}

// openStore opens the store to be written, and makes it if it isn't there.
func (g *globals) openStore(ctx context.Context) (*hostprovider.Store, error) {
	return hostprovider.Open(ctx, g.storePath(), hostprovider.Options{Create: true, Wait: lockWait, Now: g.now, Log: g.log()})
}

// readStore opens the store for a command that only reads: an absent one is
// empty, and isn't made. Edits of other programs are taken in first.
func (g *globals) readStore(ctx context.Context) (*hostprovider.Store, error) {
	path := g.storePath()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return hostprovider.OpenEmpty(ctx, hostprovider.Options{Now: g.now, Log: g.log()})
	}
	s, err := hostprovider.Open(ctx, path, hostprovider.Options{Wait: lockWait, Now: g.now, Log: g.log()})
	if err != nil {
		return nil, err
	}
	g.log().Debug("store opened", "path", path)
	if err := s.Settle(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// changeStore locks and opens the store for a command that changes items which
// must be there: an absent store isn't made.
func (g *globals) changeStore(ctx context.Context, command string) (s *hostprovider.Store, done func(), err error) {
	unlock, err := g.lockStore(ctx, command)
	if err != nil {
		return nil, nil, err
	}
	if s, err = g.readStore(ctx); err != nil {
		unlock()
		return nil, nil, err
	}
	return s, func() { s.Close(); unlock() }, nil
}
