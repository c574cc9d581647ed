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

	"cradle/engine"
	"cradle/hostprovider"
	"cradle/mtp/usb"

	"github.com/adrg/xdg"
	"github.com/google/uuid"
)

// pairings tells which phones the store has agreed with.
type pairings struct {
	serials map[string]bool
	names   map[string]bool // of maker and model
	models  map[string]bool // of phones without a serial on USB, as modelLine writes them
}

// pairings reads them. The store isn't made, nor changed.
func (g *globals) pairings(ctx context.Context) (pairings, error) {
	p := pairings{serials: map[string]bool{}, names: map[string]bool{}, models: map[string]bool{}}
	path := g.storePath()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	s, err := g.glance(ctx)
	if err != nil {
		return p, err
	}
	defer s.Close()
	known, err := s.Phones(ctx)
	for _, k := range known {
		if k.Serial != "" {
			p.serials[k.Serial] = true
		}
		p.names[k.Name] = true
	}
	if len(known) > 0 {
		for _, m := range remembered(namelessFile) {
			p.models[m] = true
		}
	}
	return p, err
}

// glance opens the store, which is there, to read what it knows of phones.
func (g *globals) glance(ctx context.Context) (*hostprovider.Store, error) {
	s, err := hostprovider.Open(ctx, g.storePath(), hostprovider.Options{ReadOnly: true, Wait: lockWait, Now: g.now, Log: g.log()})
	if errors.Is(err, hostprovider.ErrReadOnly) { // it has to be upgraded first
		s, err = g.readStore(ctx)
	}
	return s, err
}

// has reports whether the store has met the phone of that serial.
func (p pairings) has(d usb.DeviceDesc) bool { return d.Serial != "" && p.serials[d.Serial] }

// mayHave reports whether a phone that tells no serial on USB is of a model that the
// store has met. Whether it is the very one, its sync state has to say.
func (p pairings) mayHave(d usb.DeviceDesc) bool {
	return d.Serial == "" && (p.models[modelLine(d)] || p.names[modelOf(d)])
}

// recognise asks an open phone's sync state whether this store has synced with it.
// A serial in the phone's own description doesn't count: many makers write the same
// into each of a model. Nothing is written.
func (g *globals) recognise(ctx context.Context, p *phone) (bool, error) {
	f, err := g.folder(ctx, p, nil)
	if err != nil {
		return false, err
	}
	s, err := g.glance(ctx)
	if err != nil {
		return false, err
	}
	defer s.Close()
	return s.Synced(ctx, f.Facts())
}

// Files below $XDG_STATE_HOME/cradle in which one line stands for a phone.
const (
	hintedFile   = "hinted"   // unknown phones that were hinted at, by digest
	namelessFile = "nameless" // models of paired phones without a serial on USB
	foldersFile  = "folders"  // folders that are synced as phones: ID, space, path
)

// modelLine is how a model is remembered.
func modelLine(d usb.DeviceDesc) string { return fmt.Sprintf("%04x:%04x", d.VendorID, d.ProductID) }

// hintOnce reports whether this is the first time that an unknown phone is here, and
// remembers it. Nothing but a digest of what it is called is kept.
func hintOnce(d usb.DeviceDesc) (bool, error) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s", modelLine(d), d.Serial))
	return remember(hintedFile, hex.EncodeToString(sum[:16]))
}

// met remembers how to find a phone that has no serial number: the model of one on
// USB, so that phones of other models needn't be looked into, and where a folder lies.
func (g *globals) met(p *phone, id engine.PeerID) {
	file, line := namelessFile, p.model
	if path, isFolder := strings.CutPrefix(p.selector, "dir:"); isFolder {
		if strings.ContainsAny(path, "\r\n") {
			return
		}
		file, line = foldersFile, uuid.UUID(id).String()+" "+path
	} else if !p.nameless {
		return
	}
	if _, err := remember(file, line); err != nil {
		g.log().Warn("where the phone is found isn't remembered", "err", err)
	}
}

// folderOf is the folder that was last synced as the phone of that ID; "" for none.
func folderOf(id engine.PeerID) string {
	path := ""
	for _, line := range remembered(foldersFile) {
		if own, at, _ := strings.Cut(line, " "); own == uuid.UUID(id).String() {
			path = at
		}
	}
	return path
}

func stateFile(name string) string { return filepath.Join(xdg.StateHome, "cradle", name) }

// remembered are a file's lines; none where it can't be read.
func remembered(name string) []string {
	b, err := os.ReadFile(stateFile(name))
	if err != nil {
		return nil
	}
	var lines []string
	for line := range strings.Lines(string(b)) {
		lines = append(lines, strings.TrimRight(line, "\n"))
	}
	return lines
}

// remember adds a line to a file of them, and reports whether it wasn't there.
func remember(name, line string) (bool, error) {
	path := stateFile(name)
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for have := range strings.Lines(string(b)) {
		if strings.TrimRight(have, "\n") == line {
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
