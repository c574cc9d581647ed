package cmd

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"cradle/udev"
)

func (d *doctor) lookAtSettings() {
	c, err := d.g.settings()
	switch {
	case err != nil:
		f := d.g.explain(err)
		d.say("settings", levelError, f.Next, "%v", f)
	case c.Path == "":
		d.say("settings", levelOK, "", "there is no settings file: the defaults hold")
	default:
		d.say("settings", levelOK, "", "%s can be read", c.Path)
	}
}

func (d *doctor) lookAtBackups() {
	if list := d.g.backups(); len(list) > 0 {
		d.say("backups", levelOK, "", "%s of the store; the newest: %s", count(len(list), "backup", "backups"), list[0])
	}
}

// lookAtInstalled checks what install, or a package, put in place.
func (d *doctor) lookAtInstalled(ctx context.Context) {
	const name = "install"
	in, _, err := d.g.installed()
	if err != nil {
		d.say(name, levelWarn, "", "%v", err)
		return
	}
	watch := slices.Contains(in.Triggers, udev.Watch)
	switch {
	case in.Rule == "" && in.Unit == "":
		d.say(name, levelOK, "cradle install", "phones aren't synced by themselves: nothing is installed")
		return
	case in.Unit == "":
		d.say(name, levelWarn, d.g.installCommand(), "the rule %s is there, and the unit that it starts isn't", in.Rule)
		return
	case in.Rule == "" && !watch:
		d.say(name, levelWarn, d.g.rootCommand(false), "the units are there, and no udev rule starts them when a phone is plugged in")
	case in.Old:
		d.say(name, levelWarn, d.g.rootCommand(false), "the rule %s is of another version", in.Rule)
	case in.Edited:
		d.say(name, levelOK, "", "the rule %s was edited by hand, and is kept", in.Rule)
	case in.Rule != "":
		d.say(name, levelOK, "", "the rule %s is in place", in.Rule)
	}
	if in.Program != "" {
		if info, err := os.Stat(in.Program); err != nil || info.Mode().Perm()&0o111 == 0 {
			d.say(name, levelError, d.g.installCommand(), "%s runs %s, which isn't there", in.Unit, in.Program)
		} else {
			d.say(name, levelOK, "", "%s runs %s", in.Unit, in.Program)
		}
	}
	for _, t := range in.Triggers {
		d.say(name, levelOK, "", "also synced: %s", triggerWords[t])
	}
	d.lookAtUnits(ctx, in.Unit)
}

// askTime bounds a question to systemd.
const askTime = 5 * time.Second

// lookAtUnits asks the user's systemd what it makes of our units. Where it can't be
// asked, as in a container, nothing is said.
func (d *doctor) lookAtUnits(ctx context.Context, unit string) {
	const name = "units"
	ctx, stop := context.WithTimeout(ctx, askTime)
	defer stop()
	out, err := exec.CommandContext(ctx, "systemctl", "--user", "show", "--property=LoadState,LoadError,NeedDaemonReload", "cradle-sync@doctor.service").Output()
	if err != nil {
		d.g.log().Debug("systemd can't be asked", "err", err)
		return
	}
	well := true
	if what, next := unitState(string(out)); what != "" {
		well = false
		d.say(name, levelError, next, "%s %s", unit, what)
	}
	out, err = exec.CommandContext(ctx, "systemctl", "--user", "list-units", "--failed", "--plain", "--no-legend", "cradle-*").Output()
	if err != nil {
		d.g.log().Debug("systemd can't be asked", "err", err)
		return
	}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 0 {
			well = false
			u := quoteArg(f[0])
			d.say(name, levelWarn, "journalctl --user --no-pager -n 20 -u "+u+"; systemctl --user reset-failed "+u, "%s failed; its journal says why", f[0])
		}
	}
	if well {
		d.say(name, levelOK, "", "systemd knows the units, and none has failed")
	}
}

// unitState reads systemctl show of the unit that the rule starts: what is wrong with
// it, and the command that mends it; "" when nothing is.
func unitState(show string) (what, next string) {
	const reload = "systemctl --user daemon-reload"
	props := map[string]string{}
	for line := range strings.Lines(show) {
		k, v, _ := strings.Cut(strings.TrimRight(line, "\n"), "=")
		props[k] = v
	}
	switch props["LoadState"] {
	case "masked":
		return "is masked: systemd won't start it", "systemctl --user unmask cradle-sync@.service"
	case "not-found":
		return "isn't known to systemd yet", reload
	case "loaded":
		if props["NeedDaemonReload"] == "yes" {
			return "changed since systemd read it", reload
		}
		return "", ""
	}
	return "can't be read by systemd (" + strings.TrimSpace(props["LoadState"]+" "+props["LoadError"]) + ")", "systemctl --user cat cradle-sync@.service"
}

func (d *doctor) lookAtDesktop(ctx context.Context) {
	if err := d.g.desktop.notifies(ctx); err != nil {
		d.g.log().Debug("no notifications", "err", err)
		d.say("desktop", levelOK, "", "there is no notification service here: what is synced by itself is told in the journal")
	} else {
		d.say("desktop", levelOK, "", "the desktop shows notifications")
	}
}

// lookAtLocks tells which commands run. Only one that has this store stands in the
// way; those of other stores and phones are told.
func (d *doctor) lookAtLocks() {
	const name = "locks"
	dir, err := lockFolder()
	if err != nil {
		d.say(name, levelError, "see that $XDG_RUNTIME_DIR or the folder for temporary files can be written", "%v", err)
		return
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.lock"))
	if err != nil {
		d.say(name, levelWarn, "", "%v", err)
		return
	}
	held, own := 0, lockName("store", d.g.lockedPath())
	for _, path := range files {
		who, busy := lockHolder(path)
		if !busy {
			continue
		}
		held++
		if filepath.Base(path) == own {
			d.say(name, levelWarn, "wait until it has ended", "this store is in use %s", who)
			continue
		}
		kind, _, _ := strings.Cut(filepath.Base(path), "-")
		d.say(name, levelOK, "", "%s is in use %s", otherLock[kind], who)
	}
	if held == 0 {
		d.say(name, levelOK, "", "no other command runs")
	}
}

// otherLock names what a lock is on that isn't this store's.
var otherLock = map[string]string{"phone": "a phone", "store": "another store"}

// lockHolder reports whether somebody has a lock, and who.
func lockHolder(path string) (who string, busy bool) {
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return "", false
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		return holderOf(path), errors.Is(err, syscall.EWOULDBLOCK)
	}
	return "", false
}
