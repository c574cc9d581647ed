package accounts

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Account is what one program's settings say of CardDAV and CalDAV.
type Account struct {
	Program string
	Path    string   // of its settings
	Servers int      // storages, address books and calendars, or accounts, that are a server's
	Folders []string // vdirs on this computer that it keeps in step with them, as they are named there
}

// Places are where settings lie.
type Places struct {
	Home   string // the user's folder
	Config string // $XDG_CONFIG_HOME
	// Vdirsyncer is $VDIRSYNCER_CONFIG: a file that goes before the usual ones; "" for none.
	Vdirsyncer string
}

// Find looks through the settings of vdirsyncer, pimsync, Evolution's data server and GNOME
// Online Accounts, in this order. Programs without a server are left out. The error joins those of
// files that are there and can't be read; what the others say stands beside it.
func (p Places) Find() ([]Account, error) {
	var out []Account
	var errs []error
	for _, find := range []func() (Account, error){p.vdirsyncer, p.pimsync, p.evolution, p.gnome} {
		a, err := find()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		if a.Servers > 0 {
			out = append(out, a)
		}
	}
	return out, errors.Join(errs...)
}

// folder is a path of the settings with ~ taken for the user's folder.
func (p Places) folder(s string) string {
	if s == "~" || strings.HasPrefix(s, "~/") {
		return filepath.Join(p.Home, s[1:])
	}
	return filepath.Clean(s)
}

// vdirsyncer reads the settings that vdirsyncer(1) would: sections [storage NAME], whose values
// are JSON.
func (p Places) vdirsyncer() (Account, error) {
	a := Account{Program: "vdirsyncer", Path: p.Vdirsyncer}
	if a.Path == "" {
		a.Path = filepath.Join(p.Home, ".vdirsyncer/config")
		if _, err := os.Stat(a.Path); err != nil {
			a.Path = filepath.Join(p.Config, "vdirsyncer/config")
		}
	}
	b, err := read(p.folder(a.Path))
	for _, g := range groups(b) {
		if kind, _, _ := strings.Cut(g.name, " "); kind != "storage" {
			continue
		}
		p.note(&a, unquote(g.keys["type"]), unquote(g.keys["path"]))
	}
	return a, err
}

// unquote is the text of a JSON string, or what stands there.
func unquote(s string) string {
	if t, err := strconv.Unquote(s); err == nil {
		return t
	}
	return s
}

// note counts a storage of vdirsyncer or pimsync. The Google storages are CalDAV and CardDAV too.
func (p Places) note(a *Account, kind, path string) {
	switch kind {
	case "caldav", "carddav", "google_calendar", "google_contacts":
		a.Servers++
	case "filesystem", "vdir/icalendar", "vdir/vcard":
		if path != "" {
			a.Folders = append(a.Folders, p.folder(path))
		}
	}
}

// pimsync reads pimsync.conf(5): blocks `storage NAME { … }` of one directive a line.
func (p Places) pimsync() (Account, error) {
	a := Account{Program: "pimsync", Path: filepath.Join(p.Config, "pimsync/pimsync.conf")}
	b, err := read(a.Path)
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, maxFile+1)
	var kind, path string
	depth, storage := 0, false
	for lines.Scan() {
		word, rest, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		rest = strings.TrimSpace(rest)
		opens := strings.HasSuffix(rest, "{")
		switch {
		case word == "}":
			if depth--; depth == 0 && storage {
				p.note(&a, kind, path)
			}
		case depth == 0 && opens:
			storage, kind, path = word == "storage", "", ""
			depth = 1
		case opens:
			depth++
		case depth == 1 && word == "type":
			kind = unquote(rest)
		case depth == 1 && word == "path":
			path = unquote(rest)
		}
	}
	return a, err
}

// evolution reads the sources of Evolution's data server, which GNOME's Contacts and Calendar use
// too: a key file each.
func (p Places) evolution() (Account, error) {
	a := Account{Program: "Evolution", Path: filepath.Join(p.Config, "evolution/sources")}
	files, err := os.ReadDir(a.Path)
	if err != nil {
		return a, err
	}
	var errs []error
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".source") {
			continue
		}
		b, err := read(filepath.Join(a.Path, f.Name()))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		server, off := false, false
		for _, g := range groups(b) {
			switch g.keys["BackendName"] {
			case "caldav", "carddav":
				server = true
			}
			off = off || g.name == "Data Source" && g.keys["Enabled"] == "false"
		}
		if server && !off {
			a.Servers++
		}
	}
	return a, errors.Join(errs...)
}

// gnome reads the accounts of GNOME Online Accounts whose contacts and calendars go by CardDAV and
// CalDAV.
func (p Places) gnome() (Account, error) {
	a := Account{Program: "GNOME Online Accounts", Path: filepath.Join(p.Config, "goa-1.0/accounts.conf")}
	b, err := read(a.Path)
	for _, g := range groups(b) {
		switch g.keys["Provider"] {
		case "owncloud", "webdav", "google":
			if g.keys["ContactsEnabled"] == "true" || g.keys["CalendarEnabled"] == "true" {
				a.Servers++
			}
		}
	}
	return a, err
}
