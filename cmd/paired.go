package cmd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"cradle/hostprovider"
	"cradle/mtp/usb"

	"github.com/adrg/xdg"
)

// pairings tells which phones the store has agreed with.
type pairings struct{ serials map[string]bool }

// pairings reads them. The store isn't made, nor changed.
func (g *globals) pairings(ctx context.Context) (pairings, error) {
	p := pairings{serials: map[string]bool{}}
	path := g.storePath()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	s, err := hostprovider.Open(ctx, path, hostprovider.Options{ReadOnly: true, Wait: lockWait, Now: g.now, Log: g.log()})
	if errors.Is(err, hostprovider.ErrReadOnly) { // it has to be upgraded first
		s, err = g.readStore(ctx)
	}
	if err != nil {
		return p, err
	}
	defer s.Close()
	known, err := s.Phones(ctx)
	for _, k := range known {
		if k.Serial != "" {
			p.serials[k.Serial] = true
		}
	}
	return p, err
}

// has reports whether the store has met that phone. One without a serial can't be
// told from another, so it is never synced by itself.
func (p pairings) has(d usb.DeviceDesc) bool { return d.Serial != "" && p.serials[d.Serial] }

// hintOnce reports whether this is the first time that an unknown phone is here, and
// remembers it. Nothing but a digest of what it is called is kept.
func hintOnce(d usb.DeviceDesc) (bool, error) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%04x:%04x %s", d.VendorID, d.ProductID, d.Serial))
	line := hex.EncodeToString(sum[:16])
	path := filepath.Join(xdg.StateHome, "cradle", "hinted")
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for have := range strings.Lines(string(b)) {
		if strings.TrimSpace(have) == line {
			return false, nil
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return false, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return false, err
	}
	_, err = f.WriteString(line + "\n")
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err == nil, err
}
