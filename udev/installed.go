package udev

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Installed is what stands on a machine, for who looks after it.
type Installed struct {
	Rule     string // path of the rule that counts; empty: none
	Edited   bool   // that one was edited, or written by hand
	Old      bool   // it is of another version of the program
	Unit     string // path of the unit that the rule starts; empty: none
	Program  string // what the unit runs
	Triggers []Trigger
}

// Look finds what is installed, by install or by a package. A file of the user's, or
// in /etc, hides the package's.
func (o Options) Look() (Installed, error) {
	var in Installed
	for _, f := range files {
		if f.name != Rule && f.name != "cradle-sync@.service" {
			continue
		}
		at := o.place(f)
		text, is, err := o.read(at)
		if errors.Is(err, fs.ErrNotExist) {
			if at = o.provided(f); at == "" {
				continue
			}
			text, err = os.ReadFile(filepath.Join(o.Root, at))
			is = pristine
		}
		if err != nil {
			return in, err
		}
		if f.name == Rule {
			in.Rule, in.Edited = at, is != pristine
			body, err := f.render(o.Command, DefaultEvery)
			if err != nil {
				return in, err
			}
			in.Old = is == pristine && !strings.HasSuffix(string(text), string(body))
			continue
		}
		in.Unit, in.Program = at, programOf(string(text))
	}
	for _, t := range []Trigger{Watch, AtLogin, Every, Idle} {
		if o.On(t) {
			in.Triggers = append(in.Triggers, t)
		}
	}
	return in, nil
}

// programOf is the program of a unit's ExecStart, as Command.unit wrote it.
func programOf(unit string) string {
	for line := range strings.Lines(unit) {
		s, ok := strings.CutPrefix(strings.TrimSpace(line), "ExecStart=")
		if !ok {
			continue
		}
		if rest, quoted := strings.CutPrefix(s, `"`); quoted {
			s, _, _ = strings.Cut(rest, `"`)
		} else {
			s, _, _ = strings.Cut(s, " ")
		}
		return strings.ReplaceAll(s, "%%", "%")
	}
	return ""
}
