package udev

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Apply carries out the steps of one owner, in order, and returns those that it
// did. An error ends it; what was done stays, and a further plan begins there.
func (p *Plan) Apply(o Owner) (done []Step, err error) {
	for _, s := range p.Of(o) {
		if !s.Changes() {
			continue
		}
		if err := p.apply(s); err != nil {
			return done, fmt.Errorf("%s %s: %w", s.Action, s.Path, err)
		}
		done = append(done, s)
	}
	return done, nil
}

func (p *Plan) apply(s Step) error {
	full := filepath.Join(p.root, s.Path)
	folder := os.FileMode(0o700)
	if s.Owner == Root {
		folder = 0o755
	}
	switch s.Action {
	case Write, Update:
		if err := os.MkdirAll(filepath.Dir(full), folder); err != nil {
			return err
		}
		return replace(full, s.text)
	case Link:
		if err := os.MkdirAll(filepath.Dir(full), folder); err != nil {
			return err
		}
		return os.Symlink(s.target, full)
	case Remove, Unlink:
		if err := os.Remove(full); err != nil {
			return err
		}
		p.prune(filepath.Dir(s.Path))
	}
	return nil
}

// replace writes a file in one step: a reader sees the old one or the new one.
func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".cradle-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// prune takes away folders that are left empty, up to the user's own.
func (p *Plan) prune(dir string) {
	for !slices.Contains(p.stops, dir) && len(dir) > 1 {
		if os.Remove(filepath.Join(p.root, dir)) != nil {
			return
		}
		dir = filepath.Dir(dir)
	}
}

// Before lists the commands to run before the user's steps are carried out: units
// that are going away are stopped.
func (p *Plan) Before() [][]string {
	var stop []string
	for _, s := range p.Of(User) {
		if s.Action == Unlink {
			stop = append(stop, s.unit)
		}
	}
	if len(stop) == 0 {
		return nil
	}
	return [][]string{append([]string{"systemctl", "--user", "stop"}, stop...)}
}

// After lists the commands that make what was done count.
func (p *Plan) After(o Owner, done []Step) [][]string {
	if len(done) == 0 {
		return nil
	}
	if o == Root {
		out := [][]string{{"udevadm", "control", "--reload"}}
		if slices.ContainsFunc(done, func(s Step) bool { return s.Action == Write || s.Action == Update }) {
			// Phones that are plugged in already; nothing else is bothered.
			out = append(out, []string{"udevadm", "trigger", "--action=change", "--subsystem-match=usb",
				"--property-match=ID_MTP_DEVICE=1", "--property-match=ID_USB_INTERFACES=*:060101:*"})
		}
		return out
	}
	var out [][]string
	if slices.ContainsFunc(done, func(s Step) bool { return s.unit != "" }) {
		out = append(out, []string{"systemctl", "--user", "daemon-reload"})
	}
	var start, again []string
	for _, s := range p.Of(User) {
		switch {
		case s.Action == Link && slices.ContainsFunc(done, func(d Step) bool { return d.Path == s.Path }):
			start = append(start, s.unit)
		case s.Action == Update && s.unit == "cradle-watch.service", s.Action == Update && filepath.Ext(s.unit) == ".timer":
			again = append(again, s.unit)
		}
	}
	// The login unit waits for the next login.
	start = slices.DeleteFunc(start, func(u string) bool { return u == "cradle-login.service" })
	if len(start) > 0 {
		out = append(out, append([]string{"systemctl", "--user", "start"}, start...))
	}
	if len(again) > 0 {
		out = append(out, append([]string{"systemctl", "--user", "try-restart"}, again...))
	}
	return out
}
