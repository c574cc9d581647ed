package udev

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestEmbedded: the table and the folder name the same files.
func TestEmbedded(t *testing.T) {
	entries, err := embedded.ReadDir("files")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	for _, f := range files {
		if !names[f.name] {
			t.Errorf("%s isn't embedded", f.name)
		}
		delete(names, f.name)
		b, err := f.render(Command{"/opt/a b/cradle"}, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "@EXEC@") || strings.Contains(string(b), "@EVERY@") {
			t.Errorf("%s has a gap that isn't filled", f.name)
		}
		if f.enable != "" && !strings.Contains(string(b), "\nWantedBy="+f.enable+"\n") {
			t.Errorf("%s doesn't say that %s wants it", f.name, f.enable)
		}
	}
	for n := range names {
		t.Errorf("%s is embedded and in no table", n)
	}
}

// TestUnitsVerify has systemd itself check the units, also with a path that needs
// quoting.
func TestUnitsVerify(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze isn't installed")
	}
	for _, folder := range []string{"plain", `with space, 100% and $HOME`} {
		t.Run(folder, func(t *testing.T) {
			dir := t.TempDir()
			program := filepath.Join(dir, folder, "cradle")
			put(t, program, []byte("#!/bin/sh\n"))
			if err := os.Chmod(program, 0o755); err != nil {
				t.Fatal(err)
			}
			args := []string{"--user", "--man=no", "verify"}
			for _, f := range files {
				if !f.isUnit() {
					continue
				}
				b, err := f.render(Command{program, "--store", `/home/ada/my "store" 5%.db`}, 90*time.Second)
				if err != nil {
					t.Fatal(err)
				}
				put(t, filepath.Join(dir, f.name), mark(f.name, b))
				args = append(args, filepath.Join(dir, f.name))
			}
			c := exec.Command(analyze, args...)
			c.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":", "XDG_RUNTIME_DIR="+dir)
			out, err := c.CombinedOutput()
			for line := range strings.Lines(string(out)) {
				if strings.Contains(line, "cradle") {
					t.Errorf("systemd-analyze: %s", line)
				}
			}
			if err != nil && !strings.Contains(string(out), "cradle") {
				t.Errorf("systemd-analyze: %v: %s", err, out)
			}
		})
	}
}

// TestVerifyCatches: the checker above does find a broken unit.
func TestVerifyCatches(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze isn't installed")
	}
	dir := t.TempDir()
	unit := filepath.Join(dir, "cradle-broken.service")
	put(t, unit, []byte("[Service]\nExecStart=cradle\"\nTypo=1\n"))
	c := exec.Command(analyze, "--user", "--man=no", "verify", unit)
	c.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":", "XDG_RUNTIME_DIR="+dir)
	if out, _ := c.CombinedOutput(); !strings.Contains(string(out), "cradle-broken") {
		t.Errorf("systemd-analyze says nothing of a broken unit: %s", out)
	}
}

// TestRuleVerify has udev itself check the rule; older ones have no such command.
func TestRuleVerify(t *testing.T) {
	udevadm, err := exec.LookPath("udevadm")
	if err != nil {
		t.Skip("udevadm isn't installed")
	}
	if out, err := exec.Command(udevadm, "verify", "--help").CombinedOutput(); err != nil {
		t.Skipf("this udevadm can't verify rules: %s", out)
	}
	b, err := embedded.ReadFile("files/" + Rule)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), Rule)
	put(t, path, mark(Rule, b))
	if out, err := exec.Command(udevadm, "verify", "--resolve-names=never", path).CombinedOutput(); err != nil {
		t.Errorf("udevadm verify: %v\n%s", err, out)
	}
}

func TestCommandQuoting(t *testing.T) {
	for _, c := range []struct {
		name          string
		command       Command
		unit, desktop string
	}{
		{"plain", Command{"/usr/bin/cradle"}, "/usr/bin/cradle", "/usr/bin/cradle"},
		{"space", Command{"/opt/my tools/cradle"}, `"/opt/my tools/cradle"`, `"/opt/my tools/cradle"`},
		{"percent", Command{"/opt/5%/cradle"}, "/opt/5%%/cradle", "/opt/5%%/cradle"},
		{"dollar", Command{"/opt/$x/cradle", "$y"}, "/opt/$x/cradle $$y", `"/opt/\\$x/cradle" "\\$y"`},
		{"quote", Command{"/c", `a"b`}, `/c "a\"b"`, `/c "a\\"b"`},
		{"backslash", Command{"/c", `a\b`}, `/c "a\\b"`, `/c "a\\\\b"`},
		{"arguments", Command{"/c", "--store", ""}, `/c --store ""`, `/c --store ""`},
	} {
		if got := c.command.unit(); got != c.unit {
			t.Errorf("%s: unit: got %s, want %s", c.name, got, c.unit)
		}
		if got := c.command.desktop(); got != c.desktop {
			t.Errorf("%s: desktop: got %s, want %s", c.name, got, c.desktop)
		}
	}
	for _, bad := range []Command{nil, {"cradle"}, {"./cradle"}, {"/a\nb"}, {"/a", "x\x00"}, {`/a"b`}, {`/a\b`}} {
		if bad.check() == nil {
			t.Errorf("%q is taken for a command that a unit can run", bad)
		}
	}
}
