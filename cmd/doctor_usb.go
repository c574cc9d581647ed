package cmd

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"cradle/mtp/usb"
	"cradle/udev"
)

// lookAtUSB goes from the cable to the device file: USB itself, the phones and their
// modes, what udev knows of them, who may use them and who has them, and whether they
// are paired. into: those that are paired are looked into too.
func (d *doctor) lookAtUSB(ctx context.Context, into bool) {
	list, err := d.g.bus.list()
	if uerr := usb.Check(); uerr != nil {
		d.say("usb", levelError, "see that /dev/bus/usb is there (under CRADLE_USB=gousb also that libusb 1.0 is installed)", "%v", uerr)
	} else if !errors.Is(err, fs.ErrNotExist) { // else there is none to use, as cable says
		d.say("usb", levelOK, "", "USB can be used")
	}
	const name = "cable"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.say(name, levelWarn, "use a machine, or give the virtual one a controller, with USB", "this machine has no USB")
		return
	case err != nil:
		d.say(name, levelError, "see that /sys/bus/usb can be read", "%v", err)
		return
	case len(list) == 0:
		d.say(name, levelOK, "plug a phone in and unlock it; if it is plugged in, try another cable: some only charge", "no phone is plugged in")
		return
	}
	known, err := d.g.pairings(ctx)
	if err != nil {
		d.g.log().Debug("which phones are paired can't be told", "err", err) // the store's check says it
	}
	for _, p := range list {
		d.say(name, levelOK, "", "%s is plugged in", p)
		if !d.lookAtInterface(p) {
			continue
		}
		d.lookAtUdev(p)
		free := d.lookAtACL(p)
		if free {
			free = d.lookAtHolder(p)
		}
		d.lookAtPairing(p, known)
		if into && free && (known.has(p) || known.mayHave(p)) {
			d.lookAtPhone(ctx, "usb:"+p.Port)
		}
	}
}

// lookAtInterface says whether a phone offers its files.
func (d *doctor) lookAtInterface(p usb.DeviceDesc) bool {
	const name = "interface"
	if p.State == usb.ChargeOnly {
		b := p.Blocked()
		d.say(name, levelWarn, b.Next, "%v", b)
		return false
	}
	d.say(name, levelOK, "", "%s offers file transfer", p)
	return true
}

// retrigger has udev go over a phone again, without unplugging it.
func retrigger(p usb.DeviceDesc) string {
	return "sudo udevadm trigger --action=change " + cmp.Or(p.Node, "/sys/bus/usb/devices/"+p.Port)
}

// lookAtUdev asks what udev's rules made of a phone. One that is tested has none.
func (d *doctor) lookAtUdev(p usb.DeviceDesc) {
	const name = "udev"
	if p.Node == "" {
		return
	}
	_, err := os.Stat("/run/udev/control")
	running := err == nil
	props := udev.Properties("", p.Bus, p.Address)
	in, _, err := d.g.installed()
	switch {
	case !running:
		d.say(name, levelError, "sudo systemctl start systemd-udevd && "+retrigger(p), "udev doesn't run, so nobody gets a phone's device file, and nothing is started when one is plugged in")
	case props == nil:
		d.say(name, levelWarn, retrigger(p), "udev knows nothing of %s", p)
	case err != nil || in.Rule == "":
		d.say(name, levelOK, "", "udev knows %s", p)
	case !strings.Contains(props["SYSTEMD_USER_WANTS"], "cradle-sync@.service"):
		d.say(name, levelWarn, "sudo udevadm control --reload && "+retrigger(p), "the rule %s hasn't acted on %s", in.Rule, p)
	default:
		d.say(name, levelOK, "", "the rule has acted on %s", p)
	}
}

// lookAtACL says whether this user may use the phone's device file.
func (d *doctor) lookAtACL(p usb.DeviceDesc) bool {
	const name = "acl"
	if p.State == usb.NoPermission {
		f := d.g.explainOpen(p.Blocked())
		d.say(name, levelError, f.Next, "%v", f)
		return false
	}
	d.say(name, levelOK, "", "you may use %s", p)
	return true
}

// lookAtHolder says which program has the phone.
func (d *doctor) lookAtHolder(p usb.DeviceDesc) bool {
	const name = "holder"
	if b := p.Blocked(); b != nil {
		d.say(name, levelWarn, b.Next, "%v", b)
		return false
	}
	d.say(name, levelOK, "", "no other program has %s", p)
	return true
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
