package cmd

import (
	"os"
	"path/filepath"
	"strings"

	"cradle/cmd/accounts"

	"github.com/adrg/xdg"
)

// lookAtDAV tells which programs of this user sync with CardDAV and CalDAV servers. Cradle is
// neither such a program nor such a server: their items and the store's meet in files.
func (d *doctor) lookAtDAV() {
	const name = "dav"
	found, err := accounts.Places{Home: xdg.Home, Config: xdg.ConfigHome, Vdirsyncer: os.Getenv("VDIRSYNCER_CONFIG")}.Find()
	if err != nil {
		d.say(name, levelWarn, "ls -ld "+quoteArg(filepath.Dir(xdg.ConfigHome)), "which CardDAV and CalDAV accounts there are can't be told whole: %v", err)
	}
	for _, a := range found {
		what := count(a.Servers, "CardDAV or CalDAV account", "CardDAV and CalDAV accounts")
		if len(a.Folders) == 0 {
			d.say(name, levelOK, "export its items as .vcf or .ics files and run: "+d.g.command("import")+" FILE", "%s has %s (%s): they aren't synced with the store", a.Program, what, a.Path)
			continue
		}
		var folders []string
		next := d.g.command("import")
		for _, f := range a.Folders {
			folders = append(folders, f)
			next += " " + quoteArg(f)
		}
		d.say(name, levelOK, next, "%s keeps %s in step with %s (%s): the store takes in what is there by an import", a.Program, strings.Join(folders, ", "), what, a.Path)
	}
	if len(found) == 0 && err == nil {
		d.say(name, levelOK, d.g.command("export --format vdir")+" FOLDER", "no program here syncs with a CardDAV or CalDAV server, and cradle is none: others get the items as files")
	}
}
