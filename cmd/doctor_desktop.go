package cmd

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"cradle/mtp/usb"
	"cradle/udev"
)

// lookAtUSB goes from the cable to the device file: USB itself, the phones and their
// modes, who may use them and who has them, and whether they are paired.
func (d *doctor) lookAtUSB(ctx context.Context) {
	if err := usb.Check(); err != nil {
		d.say("usb", levelFail, "see that /dev/bus/usb is there (under CRADLE_USB=gousb also that libusb 1.0 is installed)", "%v", err)
	} else {
		d.say("usb", levelOK, "", "USB can be used")
	}
	list, err := d.g.bus.list()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.say("phones", levelWarn, "use a machine, or give the virtual one a controller, with USB", "this machine has no USB")
		return
	case err != nil:
		d.say("phones", levelFail, "see that /sys/bus/usb can be read", "%v", err)
		return
	case len(list) == 0:
		d.say("phones", levelOK, "plug a phone in and unlock it; if it is plugged in, try another cable: some only charge", "none is plugged in")
		return
	}
	known, err := d.g.pairings(ctx)
	if err != nil {
		d.g.log().Debug("which phones are paired can't be told", "err", err) // the store's check says it
	}
	for _, p := range list {
		b := p.Blocked()
		switch {
		case b == nil:
			d.say("phones", levelOK, "", "%s is ready", p)
		case p.State == usb.NoPermission:
			f := d.g.explainOpen(b)
			d.say("phones", levelFail, f.Next, "%v", f)
		default:
			d.say("phones", levelWarn, b.Next, "%v", b)
		}
		d.lookAtUdev(p)
		d.lookAtPairing(p, known)
	}
}

// lookAtUdev asks what udev's rules made of a phone. One that is tested has none.
func (d *doctor) lookAtUdev(p usb.DeviceDesc) {
	const name = "udev"
	if p.State == usb.ChargeOnly || p.Node == "" {
		return
	}
	props := udev.Properties("", p.Bus, p.Address)
	in, _, err := d.g.installed()
	switch {
	case props == nil:
		d.say(name, levelWarn, "see that udev runs (systemctl status systemd-udevd), and plug the phone in again", "udev knows nothing of %s", p)
	case err != nil || in.Rule == "":
	case !strings.Contains(props["SYSTEMD_USER_WANTS"], "cradle-sync@.service"):
		d.say(name, levelWarn, "sudo udevadm control --reload, and plug the phone in again", "the rule %s hasn't acted on %s", in.Rule, p)
	default:
		d.say(name, levelOK, "", "the rule has acted on %s", p)
	}
}

func (d *doctor) lookAtPairing(p usb.DeviceDesc, known pairings) {
	const name = "pairing"
	settings, err := d.g.deviceSettings(p)
	switch {
	case known.mayHave(p):
		d.say(name, levelOK, "", "%s tells no serial number; the store has paired one of its model, and its sync state will say whether it is this one", p)
	case !known.has(p):
		d.say(name, levelOK, "cradle pair --phone usb:"+p.Port, "%s isn't paired, so it isn't synced by itself", p)
	case err == nil && !settings.Automatic():
		d.say(name, levelOK, "cradle pair --auto --phone usb:"+p.Port, "%s is paired, and the settings say that it isn't synced by itself", p)
	default:
		d.say(name, levelOK, "", "%s is paired", p)
	}
}

func (d *doctor) lookAtSettings() {
	c, err := d.g.settings()
	switch {
	case err != nil:
		f := d.g.explain(err)
		d.say("settings", levelFail, f.Next, "%v", f)
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
	watch := false
	for _, t := range in.Triggers {
		watch = watch || t == udev.Watch
	}
	switch {
	case in.Rule == "" && in.Unit == "":
		d.say(name, levelOK, "cradle install", "phones aren't synced by themselves: nothing is installed")
		return
	case in.Unit == "":
		d.say(name, levelWarn, "cradle install", "the rule %s is there, and the unit that it starts isn't", in.Rule)
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
	if info, err := os.Stat(in.Program); err != nil || info.Mode().Perm()&0o111 == 0 {
		d.say(name, levelFail, "cradle install", "%s runs %s, which isn't there", in.Unit, in.Program)
	} else {
		d.say(name, levelOK, "", "%s runs %s", in.Unit, in.Program)
	}
	for _, t := range in.Triggers {
		d.say(name, levelOK, "", "also synced: %s", triggerWords[t])
	}
	d.lookAtFailed(ctx)
}

// lookAtFailed asks the user's systemd for units of ours that failed. Where it can't
// be asked, as in a container, nothing is said.
func (d *doctor) lookAtFailed(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	out, err := exec.CommandContext(ctx, "systemctl", "--user", "list-units", "--failed", "--plain", "--no-legend", "cradle-*").Output()
	if err != nil {
		d.g.log().Debug("systemd can't be asked", "err", err)
		return
	}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 0 {
			d.say("units", levelWarn, "journalctl --user -u "+quoteArg(f[0])+"; then: systemctl --user reset-failed "+quoteArg(f[0]), "%s failed", f[0])
		}
	}
}

func (d *doctor) lookAtDesktop(ctx context.Context) {
	if err := d.g.desktop.notifies(ctx); err != nil {
		d.g.log().Debug("no notifications", "err", err)
		d.say("desktop", levelOK, "", "there is no notification service here: what is synced by itself is told in the journal")
		return
	}
	d.say("desktop", levelOK, "", "the desktop shows notifications")
}
