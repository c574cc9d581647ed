package cmd

import (
	"cmp"
	"fmt"
	"os"
	"os/user"

	"cradle/mtp/usb"
	"cradle/udev"

	"github.com/adrg/xdg"
)

// installed is what stands on this machine.
func (g *globals) installed() (udev.Installed, udev.Options, error) {
	self, err := os.Executable()
	if err != nil {
		return udev.Installed{}, udev.Options{}, fmt.Errorf("where this program lies: %w", err)
	}
	o := udev.Options{Config: xdg.ConfigHome, Data: xdg.DataHome, Command: udev.Command{self}}
	in, err := o.Look()
	return in, o, err
}

// permission says why a phone's device file isn't this user's, and what to do: the
// user at the screen gets it, by udev's rules, when the phone is plugged in.
func (g *globals) permission(d usb.DeviceDesc) (why, next string) {
	on, known := udev.OnSeat("", os.Getuid())
	in, _, err := g.installed()
	switch {
	case os.Getenv("SSH_CONNECTION") != "", known && !on:
		name := "$USER"
		if u, err := user.Current(); err == nil {
			name = u.Username
		}
		return "the device file goes to the user at this computer's screen, and you are logged in from elsewhere",
			fmt.Sprintf("sudo setfacl -m u:%s:rw %s", name, cmp.Or(d.Node, "NODE"))
	case err == nil && in.Rule == "":
		return "no udev rule gives it to you", g.rootCommand(false)
	}
	return "udev hasn't given it to you", retrigger(d)
}
