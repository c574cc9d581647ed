package udev

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Action is what a step of a plan does.
type Action string

// The actions. Those of the second group change nothing.
const (
	Write  Action = "write"  // a new file
	Update Action = "update" // an unchanged file of an earlier installation
	Remove Action = "remove"
	Link   Action = "link" // enable a unit
	Unlink Action = "unlink"

	Same     Action = "same"     // it is there as it should be
	Keep     Action = "keep"     // edited by hand, or not ours: never touched
	Provided Action = "provided" // by the distribution's package
)

// Step is one file or link of a plan.
type Step struct {
	Path   string // as it is in the end, without Options.Root
	Owner  Owner
	Action Action
	Why    string // what the file is for
	Note   string // why it is kept, removed or provided; empty where the action says it all

	unit   string // name of the unit; empty for other files
	text   []byte // to write
	target string // of a link
}

// Changes reports whether the step does anything.
func (s Step) Changes() bool {
	switch s.Action {
	case Write, Update, Remove, Link, Unlink:
		return true
	}
	return false
}

// Options say what to install and where.
type Options struct {
	// Root is put before every path, for tests and for packagers; what was written
	// then isn't started.
	Root string
	// Config and Data are the user's folders, $XDG_CONFIG_HOME and $XDG_DATA_HOME.
	Config, Data string
	// Command is what the units run, an absolute path first.
	Command Command
	// Triggers switches triggers on or off; one that isn't named stays as it is.
	Triggers map[Trigger]bool
	// Interval of the trigger Every; 0 leaves it as it is.
	Interval time.Duration
}

// Plan is what an installation or its removal does, file by file.
type Plan struct {
	Steps []Step
	root  string
	stops []string // top folders that stay, though they were empty
}

// Of gives the steps of one owner.
func (p *Plan) Of(o Owner) []Step {
	return slices.DeleteFunc(slices.Clone(p.Steps), func(s Step) bool { return s.Owner != o })
}

// Changes reports whether anything of that owner is to be done.
func (p *Plan) Changes(o Owner) bool { return slices.ContainsFunc(p.Of(o), Step.Changes) }

const rulesFolder = "/etc/udev/rules.d"

func (o Options) units() string { return filepath.Join(o.Config, "systemd/user") }

// place is where an installation puts a file.
func (o Options) place(f file) string {
	return path.Join(f.folder(o.units(), filepath.Join(o.Data, "applications"), filepath.Join(o.Data, "icons/hicolor/scalable/apps"), rulesFolder), f.name)
}

func (o Options) link(f file) string {
	return filepath.Join(o.units(), f.enable+".wants", f.name)
}

// provided is the package's copy of a file, or "".
func (o Options) provided(f file) string {
	for _, p := range f.packaged() {
		if _, err := os.Stat(filepath.Join(o.Root, p)); err == nil {
			return p
		}
	}
	return ""
}

// read looks at the file that lies at a path. A link or a folder is somebody
// else's, whatever it shows.
func (o Options) read(p string) (text []byte, s standing, err error) {
	full := filepath.Join(o.Root, p)
	info, err := os.Lstat(full)
	if err != nil {
		return nil, foreign, err
	}
	if !info.Mode().IsRegular() {
		return nil, foreign, nil
	}
	if text, err = os.ReadFile(full); err != nil {
		return nil, foreign, err
	}
	return text, judge(text), nil
}

// On reports whether a trigger is switched on as things are.
func (o Options) On(t Trigger) bool {
	for _, f := range files {
		if f.trigger != t {
			continue
		}
		if f.enable != "" {
			if _, err := os.Lstat(filepath.Join(o.Root, o.link(f))); err == nil {
				return true
			}
		} else if f.owner == Root {
			_, err := os.Lstat(filepath.Join(o.Root, o.place(f)))
			if err == nil || o.provided(f) != "" {
				return true
			}
		}
	}
	return false
}

func (o Options) wanted(t Trigger) bool {
	if t == "" {
		return true
	}
	if on, said := o.Triggers[t]; said {
		return on
	}
	return t == Plug || o.On(t)
}

// interval is the one asked for, else the one that is set.
func (o Options) interval() time.Duration {
	if o.Interval > 0 {
		return o.Interval
	}
	for _, f := range files {
		if f.name != "cradle-sync.timer" {
			continue
		}
		text, _, err := o.read(o.place(f))
		if err != nil {
			break
		}
		for line := range strings.Lines(string(text)) {
			if v, ok := strings.CutPrefix(strings.TrimSpace(line), "OnUnitActiveSec="); ok {
				if d, err := time.ParseDuration(v); err == nil && d > 0 {
					return d
				}
			}
		}
	}
	return DefaultEvery
}

// PlanInstall works out what is to be done; nothing is written.
func PlanInstall(o Options) (*Plan, error) {
	if err := o.Command.check(); err != nil {
		return nil, err
	}
	return o.plan(o.wanted)
}

// PlanUninstall works out what is to be taken away: unedited files of an
// installation, and the links that enable them. Nothing is removed.
func PlanUninstall(o Options) (*Plan, error) {
	return o.plan(nil)
}

// plan goes over all files; wanted is nil when none is.
func (o Options) plan(wanted func(Trigger) bool) (*Plan, error) {
	p := &Plan{root: o.Root, stops: []string{o.Config, o.Data, filepath.Join(o.Config, "systemd"), rulesFolder, "/"}}
	for _, f := range files {
		step := Step{Path: o.place(f), Owner: f.owner, Why: f.why}
		if f.isUnit() {
			step.unit = f.name
		}
		text, is, err := o.read(step.Path)
		absent := errors.Is(err, fs.ErrNotExist)
		if err != nil && !absent {
			return nil, fmt.Errorf("looking at %s: %w", step.Path, err)
		}
		want := wanted != nil && wanted(f.trigger)
		switch {
		case want:
			if err := o.planFile(f, &step, text, is, absent); err != nil {
				return nil, err
			}
		case absent:
			step.Action = ""
		case is == pristine:
			step.Action = Remove
			if wanted != nil {
				step.Note = "switched off"
			}
		default:
			step.Action, step.Note = Keep, keepNote(is)
		}
		if step.Action != "" {
			p.Steps = append(p.Steps, step)
		}
		if f.enable != "" {
			if l, ok := o.planLink(f, want, step); ok {
				p.Steps = append(p.Steps, l)
			}
		}
	}
	return p, nil
}

func (f file) isUnit() bool {
	return slices.Contains([]string{".service", ".timer"}, path.Ext(f.name))
}

func keepNote(is standing) string {
	if is == edited {
		return "edited by hand"
	}
	return "not written by cradle install"
}

func (o Options) planFile(f file, step *Step, text []byte, is standing, absent bool) error {
	body, err := f.render(o.Command, o.interval())
	if err != nil {
		return err
	}
	step.text = mark(f.name, body)
	// The package's timer has an interval of its own, so another one needs a copy.
	own := f.trigger == Every && o.interval() != DefaultEvery
	at := o.provided(f)
	switch {
	case !absent && is != pristine:
		step.Action, step.Note = Keep, keepNote(is)
	case at != "" && !own && absent:
		step.Action, step.Note = Provided, "by "+at
	case at != "" && !own:
		step.Action, step.Note = Remove, "it would hide the package's "+at
	case absent:
		step.Action = Write
	case bytes.Equal(text, step.text):
		step.Action = Same
	default:
		step.Action = Update
	}
	return nil
}

// planLink enables or disables a unit as systemctl would, by a link.
func (o Options) planLink(f file, want bool, unit Step) (Step, bool) {
	l := Step{Path: o.link(f), Owner: f.owner, Why: "starts " + f.name, unit: f.name, target: unit.Path}
	if at := o.provided(f); at != "" && (unit.Action == Provided || unit.Action == Remove) {
		l.target = at
	}
	info, err := os.Lstat(filepath.Join(o.Root, l.Path))
	switch there := err == nil; {
	case there && info.Mode()&fs.ModeSymlink == 0:
		l.Action, l.Note = Keep, "no link, so not made by cradle install"
	case want && there:
		l.Action = Same
	case want:
		l.Action = Link
	case there:
		l.Action = Unlink
	default:
		return l, false
	}
	return l, true
}
