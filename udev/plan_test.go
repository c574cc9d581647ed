package udev

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func options(root string) Options {
	return Options{Root: root, Config: "/home/ada/.config", Data: "/home/ada/.local/share", Command: Command{"/usr/local/bin/cradle"}}
}

// tree reads all files and links below root, but for the folders of packages.
func tree(t interface{ Fatal(...any) }, root string) map[string]string {
	out := map[string]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimPrefix(p, root)
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(p)
			out[name] = "-> " + target
			return err
		}
		b, err := os.ReadFile(p)
		out[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func put(t interface{ Fatal(...any) }, path string, b []byte) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// install plans and carries out, for both owners.
func install(t interface{ Fatal(...any) }, o Options) *Plan {
	p, err := PlanInstall(o)
	if err != nil {
		t.Fatal(err)
	}
	carryOut(t, p)
	return p
}

func carryOut(t interface{ Fatal(...any) }, p *Plan) {
	for _, o := range []Owner{User, Root} {
		if _, err := p.Apply(o); err != nil {
			t.Fatal(err)
		}
	}
}

func actions(p *Plan) map[string]Action {
	out := map[string]Action{}
	for _, s := range p.Steps {
		out[filepath.Base(filepath.Dir(s.Path))+"/"+filepath.Base(s.Path)] = s.Action
	}
	return out
}

func TestFreshInstall(t *testing.T) {
	o := options(t.TempDir())
	got := actions(install(t, o))
	want := map[string]Action{
		"user/cradle-sync@.service": Write, "user/cradle-sync.service": Write,
		"applications/cradle.desktop": Write, "apps/cradle.svg": Write, "rules.d/70-cradle.rules": Write,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("steps (-want +got):\n%s", d)
	}
	files := tree(t, o.Root)
	if len(files) != len(want) {
		t.Errorf("got %d files, want %d", len(files), len(want))
	}
	unit := files["/home/ada/.config/systemd/user/cradle-sync@.service"]
	if !strings.Contains(unit, "ExecStart=/usr/local/bin/cradle sync --from-event %f\n") {
		t.Errorf("the unit doesn't run the program:\n%s", unit)
	}
	info, err := os.Stat(filepath.Join(o.Root, rulesFolder, Rule))
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the rule: got %v %v, want mode 0644", info.Mode(), err)
	}
}

// TestTriggers switches each trigger on, leaves it, and switches it off.
func TestTriggers(t *testing.T) {
	links := map[Trigger]string{
		Watch: "default.target.wants/cradle-watch.service", AtLogin: "default.target.wants/cradle-login.service",
		Every: "timers.target.wants/cradle-sync.timer", Idle: "timers.target.wants/cradle-idle.timer",
	}
	for trigger, link := range links {
		t.Run(string(trigger), func(t *testing.T) {
			o := options(t.TempDir())
			install(t, o)
			before := tree(t, o.Root)
			o.Triggers = map[Trigger]bool{trigger: true}
			install(t, o)
			target, err := os.Readlink(filepath.Join(o.Root, o.units(), link))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(o.Root, target)); err != nil {
				t.Errorf("the link leads nowhere: %v", err)
			}
			o.Triggers = nil
			if !o.On(trigger) {
				t.Error("it isn't on")
			}
			for _, other := range []Trigger{Watch, AtLogin, Every, Idle} {
				if other != trigger && o.On(other) {
					t.Errorf("%s is on too", other)
				}
			}
			if p := install(t, o); p.Changes(User) || p.Changes(Root) {
				t.Errorf("a plain install changes what is on: %v", actions(p))
			}
			o.Triggers = map[Trigger]bool{trigger: false}
			p := install(t, o)
			if b := p.Before(); len(b) != 1 || !slices.Contains(b[0], filepath.Base(link)) {
				t.Errorf("got %v, want %s stopped first", b, filepath.Base(link))
			}
			if d := cmp.Diff(before, tree(t, o.Root)); d != "" {
				t.Errorf("switched off again (-want +got):\n%s", d)
			}
		})
	}
}

func TestInterval(t *testing.T) {
	o := options(t.TempDir())
	o.Triggers, o.Interval = map[Trigger]bool{Every: true}, 20*time.Minute
	install(t, o)
	o.Triggers, o.Interval = nil, 0
	if got := o.interval(); got != 20*time.Minute {
		t.Errorf("the interval that is set: got %v, want 20m", got)
	}
	if p := install(t, o); p.Changes(User) {
		t.Errorf("a plain install changes the interval: %v", actions(p))
	}
}

// TestPackage: what the distribution's package has isn't written, an own copy that
// would hide it goes, and a trigger enables the package's unit.
func TestPackage(t *testing.T) {
	o := options(t.TempDir())
	install(t, o)
	packaged, err := Packaged("/usr/bin/cradle")
	if err != nil {
		t.Fatal(err)
	}
	if len(packaged) != len(files) {
		t.Errorf("the package has %d files, want %d", len(packaged), len(files))
	}
	for p, b := range packaged {
		put(t, filepath.Join(o.Root, p), b)
	}
	o.Triggers = map[Trigger]bool{Watch: true}
	install(t, o)
	var own []string
	for p, text := range tree(t, o.Root) {
		if !strings.HasPrefix(p, "/usr/") {
			own = append(own, p+" "+text)
		}
	}
	want := []string{"/home/ada/.config/systemd/user/default.target.wants/cradle-watch.service -> /usr/lib/systemd/user/cradle-watch.service"}
	if d := cmp.Diff(want, own); d != "" {
		t.Errorf("beside the package (-want +got):\n%s", d)
	}
	// Another interval than the package's needs a copy.
	o.Triggers, o.Interval = map[Trigger]bool{Every: true}, time.Minute
	install(t, o)
	if o.Interval = 0; o.interval() != time.Minute {
		t.Errorf("the interval beside a package: got %v, want 1m", o.interval())
	}
}

// TestPlans holds the laws over what may lie there already: a second install does
// nothing, nobody else's byte is touched, and uninstall leaves just those.
func TestPlans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		root, err := os.MkdirTemp("", "udev")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(root)
		o := options(root)
		kept := map[string]string{}
		keep := func(f file, b []byte) {
			put(t, filepath.Join(root, o.place(f)), b)
			kept[o.place(f)] = string(b)
		}
		for _, f := range files {
			if rapid.Bool().Draw(t, "packaged "+f.name) {
				p := rapid.SampledFrom(f.packaged()).Draw(t, "at")
				put(t, filepath.Join(root, p), []byte("package's"))
				kept[p] = "package's"
			}
			text := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "text")
			switch rapid.SampledFrom([]string{"absent", "ours", "edited", "foreign", "link"}).Draw(t, f.name) {
			case "ours":
				put(t, filepath.Join(root, o.place(f)), mark(f.name, text))
			case "edited":
				keep(f, append(mark(f.name, text), '#'))
			case "foreign":
				keep(f, text)
			case "link":
				full := filepath.Join(root, o.place(f))
				if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink("/dev/null", full); err != nil {
					t.Fatal(err)
				}
				kept[o.place(f)] = "-> /dev/null"
			}
		}
		o.Triggers = map[Trigger]bool{}
		for _, tr := range []Trigger{Watch, AtLogin, Every, Idle} {
			if rapid.Bool().Draw(t, "say "+string(tr)) {
				o.Triggers[tr] = rapid.Bool().Draw(t, string(tr))
			}
		}
		if rapid.Bool().Draw(t, "interval") {
			o.Interval = 90 * time.Second
		}
		install(t, o)
		now := tree(t, root)
		for p, b := range kept {
			if now[p] != b {
				t.Fatalf("%s was touched: got %q, want %q", p, now[p], b)
			}
		}
		for p, text := range now {
			if target, ok := strings.CutPrefix(text, "-> "); ok && target != "/dev/null" {
				if _, err := os.Lstat(filepath.Join(root, target)); err != nil {
					t.Fatalf("%s leads nowhere: %v", p, err)
				}
			}
		}
		o.Interval = 0
		if p := install(t, o); p.Changes(User) || p.Changes(Root) {
			t.Fatalf("a second install does something: %v", actions(p))
		}
		p, err := PlanUninstall(o)
		if err != nil {
			t.Fatal(err)
		}
		carryOut(t, p)
		if d := cmp.Diff(kept, tree(t, root)); d != "" {
			t.Fatalf("after uninstall (-want +got):\n%s", d)
		}
	})
}

func TestJudge(t *testing.T) {
	ours := mark("x.service", []byte("[Unit]\n"))
	for _, c := range []struct {
		name string
		text []byte
		want standing
	}{
		{"ours", ours, pristine},
		{"a picture", mark("x.svg", []byte("<svg/>\n")), pristine},
		{"a line added", append(bytes.Clone(ours), '\n'), edited},
		{"the body gone", ours[:bytes.IndexByte(ours, '\n')+1], edited},
		{"no sum", []byte("# " + markStart + "\n[Unit]\n"), foreign},
		{"a comment before", append([]byte("# mine\n"), ours...), foreign},
		{"empty", nil, foreign},
	} {
		if got := judge(c.text); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

// FuzzJudge: no file that we didn't write is taken for ours.
func FuzzJudge(f *testing.F) {
	f.Add(mark("x.service", []byte("[Unit]\n")))
	f.Add([]byte("# " + markStart + markSum))
	f.Fuzz(func(t *testing.T, b []byte) {
		if judge(b) != pristine {
			return
		}
		_, rest, _ := bytes.Cut(b, []byte("\n"))
		again := mark("x.service", rest)
		if judge(again) != pristine {
			t.Errorf("%q is ours, and its body marked anew isn't", b)
		}
	})
}
