package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"cradle/engine"
	"cradle/hostprovider"

	"github.com/spf13/cobra"
)

// doctorDocument is doctor's JSON.
type doctorDocument struct {
	Version int     `json:"version"`
	Checks  []check `json:"checks"`
}

// check is one thing that doctor looked at.
type check struct {
	Name  string `json:"name"`
	Level string `json:"level"` // ok, warn or error
	What  string `json:"what"`
	Next  string `json:"next"` // empty when there is nothing to do
}

// The levels of a check.
const (
	levelOK    = "ok"
	levelWarn  = "warn"
	levelError = "error"
)

// Limits of free space on the computer.
const (
	spaceWarn = 200 << 20
	spaceFail = 20 << 20
)

type doctorOptions struct {
	phone   string
	asked   bool
	rebuild bool
	restore bool
	backup  string // for restore; empty: the newest that can be used
	yes     bool
}

// doctor goes through the checks.
type doctor struct {
	g      *globals
	checks []check
}

func (d *doctor) say(name, level, next, format string, args ...any) {
	d.checks = append(d.checks, check{Name: name, Level: level, What: fmt.Sprintf(format, args...), Next: next})
}

func doctorCommand(g *globals) *cobra.Command {
	o := doctorOptions{}
	c := &cobra.Command{
		Use:   "doctor [BACKUP]",
		Short: "Look for what stands in the way of a sync",
		Long: `Doctor goes from the cable to the store. Of each phone: the cable, its USB interface,
what udev knows of it, who may use its device file, who has it, whether it is paired;
of paired ones, or the one that --phone names, the storages, what there is synced, and
the sync state. Then the store, its backups and the space around it, the settings,
what cradle install put in place, the systemd units, the desktop, which programs here
sync with CardDAV and CalDAV servers, who holds locks. What isn't well comes with what to do about it: a command, where one does it. The exit code
is 1 when a check ends in error.

It changes nothing, unless --rebuild is given: that derives the store's search rows
anew from the items' texts; or --restore: that puts BACKUP, or the newest backup
that can be used, into the place of a broken store, which is moved aside.`,
		Example: "  cradle doctor\n  cradle doctor --phone usb\n  cradle doctor --restore",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				if o.backup = args[0]; !o.restore {
					return usageError("%q: a backup is for --restore", args[0])
				}
			}
			if o.restore && o.rebuild {
				return usageError("--restore and --rebuild: one at a time")
			}
			o.asked = c.Flags().Changed("phone")
			return g.runDoctor(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.phone, "phone", "usb", "also look into this phone: usb, usb:BUS-PORT, serial:XYZ, dir:PATH, virtual:KIND:DIR or usbip:HOST:PORT")
	c.Flags().BoolVar(&o.rebuild, "rebuild", false, "derive the store's rows and columns anew from the items' texts")
	c.Flags().BoolVar(&o.restore, "restore", false, "put BACKUP, or the newest one, into the place of a broken store")
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "with --restore: also where the store isn't broken")
	return c
}

func (g *globals) runDoctor(ctx context.Context, o doctorOptions) error {
	d := &doctor{g: g}
	if o.rebuild {
		if err := d.rebuild(ctx); err != nil {
			return err
		}
	}
	if o.restore {
		if err := g.restore(ctx, o); err != nil {
			return err
		}
	}
	d.lookAtStore(ctx)
	d.lookAtBackups()
	d.lookAtSpace()
	d.lookAtSettings()
	d.lookAtUSB(ctx, !o.asked)
	if o.asked {
		d.lookAtPhone(ctx, o.phone)
	}
	d.lookAtInstalled(ctx)
	d.lookAtDesktop(ctx)
	d.lookAtDAV()
	d.lookAtLocks()
	if err := ctx.Err(); err != nil {
		return err
	}
	failed := false
	for _, c := range d.checks {
		failed = failed || c.Level == levelError
		if g.json {
			continue
		}
		g.say("%-5s  %-9s  %s", c.Level, c.Name, plain(c.What))
		if c.Next != "" {
			g.say("%18s%s", "", plain("next: "+c.Next))
		}
	}
	if g.json {
		if err := g.print(doctorDocument{Version: 1, Checks: d.checks}); err != nil {
			return err
		}
	}
	if failed {
		return quiet(exitFailure)
	}
	return nil
}

func (d *doctor) rebuild(ctx context.Context) error {
	s, done, err := d.g.changeStore(ctx, "cradle doctor --rebuild")
	if err != nil {
		return err
	}
	defer done()
	return s.Rebuild(ctx)
}

func (d *doctor) lookAtStore(ctx context.Context) {
	const name = "store"
	path := d.g.storePath()
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.say(name, levelOK, "", "%s isn't there yet: the first sync or import makes it", path)
		return
	case err != nil:
		d.say(name, levelError, "ls -ld "+quoteArg(filepath.Dir(path)), "%v", err)
		return
	}
	if m := info.Mode().Perm(); m&0o077 != 0 {
		d.say(name, levelWarn, "chmod 600 "+quoteArg(path), "others may read %s (mode %04o)", path, m)
	}
	s, err := hostprovider.Open(ctx, path, hostprovider.Options{ReadOnly: true, Now: d.g.now, Log: d.g.log()})
	switch {
	case errors.Is(err, engine.ErrNewer):
		d.say(name, levelError, "install the newer version of cradle", "%v", err)
		return
	case errors.Is(err, hostprovider.ErrReadOnly):
		d.say(name, levelOK, "", "%s is of an older version: the next command upgrades it and keeps a backup", path)
		return
	case err != nil:
		d.storeFails(path, err)
		return
	}
	defer s.Close()
	wrong, err := s.Check(ctx)
	if err != nil {
		d.storeFails(path, err)
		return
	}
	for _, w := range wrong {
		d.say(name, levelError, d.g.command("doctor --rebuild"), "%s", w)
	}
	if len(wrong) > 0 {
		return
	}
	items, err := s.List(ctx, hostprovider.Query{})
	if err != nil {
		d.say(name, levelError, "", "%v", err)
		return
	}
	d.say(name, levelOK, "", "%s is whole: %s", path, count(len(items), "item", "items"))
	if n, _, err := s.Open(ctx, engine.PeerID{}); err == nil && n > 0 {
		d.say(name, levelWarn, d.g.command("conflicts list"), "%s", count(n, "conflict waits for you", "conflicts wait for you"))
	}
}

// storeFails says why the store can't be read. Only a damaged one wants a backup.
func (d *doctor) storeFails(path string, err error) {
	f := d.g.explain(err)
	next := f.Next
	if errors.Is(err, hostprovider.ErrForeign) {
		next = "choose another store with --store FILE"
		if len(d.g.backups()) > 0 {
			next = d.g.command("doctor --restore")
		}
	}
	d.say("store", levelError, next, "%v", f)
}

// lookAtSpace checks the file system of the store, or of what will be its folder.
func (d *doctor) lookAtSpace() {
	const name = "space"
	dir, err := filepath.Abs(filepath.Dir(d.g.storePath()))
	if err != nil {
		d.say(name, levelWarn, "", "%v", err)
		return
	}
	var st syscall.Statfs_t
	for {
		if err = syscall.Statfs(dir, &st); err == nil || !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	if err != nil {
		d.say(name, levelWarn, "", "%s: %v", dir, err)
		return
	}
	free := int64(st.Bavail) * int64(st.Bsize)
	level, next := levelOK, ""
	switch {
	case free < spaceFail:
		level, next = levelError, "make room on "+dir
	case free < spaceWarn:
		level, next = levelWarn, "make room on "+dir
	}
	d.say(name, level, next, "%d MB free in %s", free>>20, dir)
}
