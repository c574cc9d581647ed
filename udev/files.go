package udev

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
)

//go:embed files
var embedded embed.FS

// Owner is who must write a file.
type Owner string

// The owners.
const (
	User Owner = "user" // below the user's own folders
	Root Owner = "root" // below /etc: needs root
)

// Trigger is a way in which a sync starts by itself.
type Trigger string

// The triggers. Plug needs the rule of root; the others are the user's own.
const (
	Plug    Trigger = "plug"     // the udev rule
	Watch   Trigger = "watch"    // a resident program instead of the rule
	AtLogin Trigger = "at-login" // when the user logs in
	Every   Trigger = "every"    // from time to time
	Idle    Trigger = "when-idle"
)

// file is one of the files that an installation consists of.
type file struct {
	name    string
	owner   Owner
	trigger Trigger // the file is there for it; empty: always
	enable  string  // unit that pulls this one in, by a link in its .wants folder
	why     string
}

// files are all of them, in the order of a plan.
var files = []file{
	{name: "cradle-sync@.service", owner: User, why: "syncs the phone that was plugged in"},
	{name: "cradle-sync.service", owner: User, why: "syncs the phones that are there"},
	{name: "cradle-watch.service", owner: User, trigger: Watch, enable: "default.target", why: "waits for phones, without a udev rule"},
	{name: "cradle-login.service", owner: User, trigger: AtLogin, enable: "default.target", why: "syncs at login"},
	{name: "cradle-sync.timer", owner: User, trigger: Every, enable: "timers.target", why: "syncs from time to time"},
	{name: "cradle-idle.service", owner: User, trigger: Idle, why: "syncs while nobody is at the computer"},
	{name: "cradle-idle.timer", owner: User, trigger: Idle, enable: "timers.target", why: "looks whether the computer is idle"},
	{name: "cradle.desktop", owner: User, why: "names the program in notifications"},
	{name: "cradle.svg", owner: User, why: "its picture"},
	{name: "70-cradle.rules", owner: Root, trigger: Plug, why: "tells your session that a phone was plugged in, and lets you use it"},
}

// Rule is the name of the udev rule's file.
const Rule = "70-cradle.rules"

// folder is where a file lies, by the folders given for its kind.
func (f file) folder(units, desktop, icons, rules string) string {
	switch path.Ext(f.name) {
	case ".rules":
		return rules
	case ".desktop":
		return desktop
	case ".svg":
		return icons
	}
	return units
}

// packaged are the places where a distribution's package may have put the file,
// those that count first in front.
func (f file) packaged() []string {
	var out []string
	for _, p := range [][4]string{
		{"/usr/local/lib/systemd/user", "/usr/local/share/applications", "/usr/local/share/icons/hicolor/scalable/apps", "/usr/local/lib/udev/rules.d"},
		{"/usr/lib/systemd/user", "/usr/share/applications", "/usr/share/icons/hicolor/scalable/apps", "/usr/lib/udev/rules.d"},
		{"/lib/systemd/user", "", "", "/lib/udev/rules.d"},
	} {
		if dir := f.folder(p[0], p[1], p[2], p[3]); dir != "" {
			out = append(out, path.Join(dir, f.name))
		}
	}
	return out
}

// Command is what the units run: the program and the arguments that come before
// the command's own, such as --store.
type Command []string

// unit writes the command for ExecStart= (systemd.service(5), "Command lines"):
// quoted where needed, with % doubled, and $ too but for the program's own path,
// in which systemd expands no variable.
func (c Command) unit() string {
	var words []string
	for i, w := range c {
		w = strings.ReplaceAll(w, "%", "%%")
		if i > 0 {
			w = strings.ReplaceAll(w, "$", "$$")
		}
		if w == "" || strings.ContainsAny(w, " \t\"'\\;") {
			w = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(w) + `"`
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

// desktop writes the command for Exec= of a desktop entry (Desktop Entry
// Specification 1.5, "The Exec key"): reserved characters quoted, % doubled, and
// the backslashes of the quoting doubled once more as in every string value.
func (c Command) desktop() string {
	var words []string
	for _, w := range c {
		w = strings.ReplaceAll(w, "%", "%%")
		if w == "" || strings.ContainsAny(w, " \t\n\"'\\><~|&;$*?#()`") {
			w = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", "$", `\$`).Replace(w) + `"`
		}
		words = append(words, strings.ReplaceAll(w, `\`, `\\`))
	}
	return strings.Join(words, " ")
}

// check refuses what no quoting can express.
func (c Command) check() error {
	if len(c) == 0 || !path.IsAbs(c[0]) {
		return fmt.Errorf("the program's path %q isn't absolute: a unit can't name it", c)
	}
	if strings.ContainsAny(c[0], `"'\`) {
		return fmt.Errorf("the program's path %q has a quote or backslash in it, which systemd refuses: move the program", c[0])
	}
	for _, w := range c {
		if strings.ContainsFunc(w, unicode.IsControl) {
			return fmt.Errorf("%q has a control character in it: a unit can't name it; move the file", w)
		}
	}
	return nil
}

// DefaultEvery is the interval of the timer where none is asked for.
const DefaultEvery = time.Hour

// render is a file's text with the command and the interval filled in.
func (f file) render(c Command, every time.Duration) ([]byte, error) {
	b, err := embedded.ReadFile("files/" + f.name)
	if err != nil {
		return nil, err
	}
	exec := c.unit()
	if path.Ext(f.name) == ".desktop" {
		exec = c.desktop()
	}
	text := strings.NewReplacer("@EXEC@", exec, "@EVERY@", fmt.Sprintf("%ds", int64(every/time.Second))).Replace(string(b))
	return []byte(text), nil
}

// Packaged gives the files for a distribution's package by their paths, for a
// program at exec; they carry no mark, since the package manager knows whose they
// are.
func Packaged(exec string) (map[string][]byte, error) {
	c := Command{exec}
	if err := c.check(); err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, f := range files {
		b, err := f.render(c, DefaultEvery)
		if err != nil {
			return nil, err
		}
		places := f.packaged()
		out[places[slices.IndexFunc(places, func(p string) bool { return strings.HasPrefix(p, "/usr/") && !strings.HasPrefix(p, "/usr/local/") })]] = b
	}
	return out, nil
}
